"""`python -m tests.bench`: the benchmark, in one go.

Runs of Orderdrop on the embedded marketplace, of a user's own script and of a bare load tool;
prints what it finds and what must hold, and writes docs/performance.md with its chart. The exit
code is 1 if something does not hold. With SIZE=small everything runs once and briefly: what needs
size is shown but not judged, and nothing is written unless --docs names a folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from tests.bench.books import customers_of, make_book
from tests.bench.commands import run_own_script
from tests.bench.fair_share import Shared, customers_for, run_fair_share
from tests.bench.figures import Bare, Check, Figures, OwnScript, Stages, checks, in_time
from tests.bench.market import market
from tests.bench.marketplace import CONNECTIONS, bare_load
from tests.bench.page import PAGE, here, shown_share, write_page
from tests.bench.runs import Bed, Measured, Plan, Raised, bed, run
from tests.torture.processes import ROOT, clean_environment

IS_SMALL: Final = os.environ.get("SIZE") == "small"
LATENCY: Final = 0.25
THREADS: Final = 32
STAGES_SECONDS: Final = 420.0
"""What a million rows outside the marketplace may take of the twenty minutes."""

_say = partial(print, flush=True)


@dataclass(frozen=True, slots=True)
class Size:
    """How many orders each run has, and which latencies and numbers of processes are tried."""

    many: int
    some: int
    few: int
    latencies: tuple[float, ...]
    processes: tuple[int, ...]
    own: int
    priced: int
    raised: int
    raised_after: float
    beside: int
    drops: int


DEFAULT: Final = Size(
    many=25_000,
    some=1_000,
    few=10,
    latencies=(0, 0.05, 0.25, 1),
    processes=(2, 4),
    own=500,
    priced=2_000,
    raised=7_000,
    raised_after=10,
    beside=25_000,
    drops=3,
)
SMALL: Final = Size(
    many=400,
    some=100,
    few=10,
    latencies=(),
    processes=(2,),
    own=10,
    priced=100,
    raised=600,
    raised_after=1.5,
    beside=2_000,
    drops=1,
)


def main() -> int:
    """Measure, judge, print and write; 1 if something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--docs", type=Path, default=None if IS_SMALL else ROOT / "docs")
    options = parser.parse_args()
    size = SMALL if IS_SMALL else DEFAULT
    began, when = time.monotonic(), datetime.now(UTC)
    customers = max(
        customers_for(size.beside, size.drops), customers_of(size.many) + max(size.processes)
    )
    with tempfile.TemporaryDirectory(prefix="orderdrop-bench-") as name:
        with bed(Path(name), customers) as there:
            found = _measured(there, size, began)
        at = here(when, time.monotonic() - began)
        judged = [*checks(found), in_time(at.seconds, small=IS_SMALL)]
        folder = options.docs or Path(name)
        write_page(folder, found, judged, at, small=IS_SMALL)
        _say(f"\n{at.machine}; {at.versions}\n")
        _show(judged)
        if options.docs:
            _say(f"\n{folder / PAGE}")
    return 1 if any(check.fails(small=IS_SMALL) for check in judged) else 0


def _measured(there: Bed, size: Size, began: float) -> Figures:
    """One thing after the other; only the script's loop, which mostly waits, has company."""

    def one(plan: Plan) -> Measured:
        measured = run(there, plan)
        _tell(began, measured)
        return measured

    with ThreadPoolExecutor() as beside:
        # A short run tells no speed, so it need not be still while the bare tool has its turn.
        waiting_bare = beside.submit(_bare)
        if not IS_SMALL:
            waiting_bare.result()
        # The loop makes four calls a second: beside it the other processor stays free.
        waiting_loop = beside.submit(_own_script, there, size.own, 1)
        stages = _stages()
        loop, bare = waiting_loop.result(), waiting_bare.result()
    _head()
    few = one(Plan(size.few, LATENCY))
    some = [one(Plan(size.some, latency)) for latency in size.latencies]
    own_size = few if size.own == size.few else one(Plan(size.own, LATENCY))
    pool = _own_script(there, size.own, THREADS)
    priced = one(Plan(size.priced, LATENCY, price_first=True))
    raised = one(Plan(size.raised, 0.05, raised=Raised(2.0, size.raised_after)))
    ceiling = one(Plan(size.many, LATENCY))
    together = [one(Plan(size.many, LATENCY, processes)) for processes in size.processes]
    return Figures(
        ceiling=ceiling,
        together=tuple(together),
        own_size=own_size,
        others=tuple(some) if own_size is few else (few, *some),
        price_first=priced,
        raised=raised,
        loop=loop,
        pool=pool,
        shared=_shared(there, size),
        bare=bare,
        stages=stages,
    )


def _own_script(on: Bed, orders: int, threads: int) -> OwnScript:
    place = on.place()
    workbook = make_book(place / "orders.xlsx", orders)
    with market(on.seeded, place / "market", LATENCY) as there:
        ran = run_own_script(workbook, there.url, threads)
        found = OwnScript(ran, there.sent())
    if found.sent.orders != orders:
        raise RuntimeError(f"The user's own script sent {found.sent.orders} orders of {orders}.")
    _say(
        f"a user's own script, {threads} thread{'s' * (threads > 1)}, {orders} orders: sending "
        f"{found.sent.seconds:.1f} s, whole {ran.seconds:.1f} s"
    )
    return found


def _shared(on: Bed, size: Size) -> Shared:
    found = run_fair_share(on, size.beside, size.drops)
    waits = ", ".join(f"{seconds:.1f}" for seconds in found.seconds)
    _say(f"ten rows beside {size.beside:,} orders: answered after {waits} s")
    return found


def _bare() -> Bare:
    tool = "wrk" if shutil.which("wrk") else "a load tool of our own"
    static, loaded = bare_load()
    found = Bare(tool, CONNECTIONS, static.per_second, loaded.per_second)
    _say(
        f"{tool}: {found.static:,.0f} a second on a static endpoint, "
        f"{found.marketplace:,.0f} on the marketplace without throttling"
    )
    return found


def _stages() -> Stages:
    command = [sys.executable, "-u", "-m", "tests.bench.stages"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        printed, _ = process.communicate(timeout=STAGES_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        printed, _ = process.communicate()
        printed += f"not finished within {STAGES_SECONDS:.0f} s\n"
    _say(printed)
    return Stages(printed.strip(), process.returncode == 0)


def _head() -> None:
    _say(
        f"{'':7}{'orders':>8}{'latency':>9}{'proc.':>6}{'sending s':>10}{'budget':>8}"
        f"{'calls/o.':>9}{'whole s':>8}{'CPU ms':>8}{'MB':>5}{'delayed':>8}{'429':>5}{'in 5 s':>7}"
    )


def _tell(began: float, measured: Measured) -> None:
    plan, sent, pace = measured.plan, measured.sent, measured.pace
    _say(
        f"{time.monotonic() - began:5.0f} s{plan.orders:8,}{plan.latency * 1000:6.0f} ms"
        f"{plan.processes:6}{sent.seconds:10.1f}{shown_share(sent):>8}{measured.calls_per_order:9.3f}"
        f"{measured.seconds:8.1f}{measured.processor_ms:8.2f}{measured.megabytes:5}"
        f"{pace.delayed:8}{pace.refused:5}{pace.most_in_window:7,}",
        "priced first" if plan.price_first else "",
        f"then {plan.raised.to:g} s" if plan.raised else "",
        "; ".join(measured.wrong),
    )


def _show(judged: list[Check]) -> None:
    for check in judged:
        _say(f"{check.verdict(small=IS_SMALL):9}{check.subject}: {check.figure} ({check.wanted})")


if __name__ == "__main__":
    sys.exit(main())
