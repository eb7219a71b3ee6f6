"""`python -m tests.soak.away`: Prefect's server dies in mid-run and stays away for a while.

It is killed with -9 while a workbook of many orders is under way. More workbooks are dropped while
it is away; then it is started again at the same address. At the end the marketplace's book is
compared with the workbooks, and Prefect's runs are told.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import openpyxl

from flows.companion import answers, free_port
from tests.connections import embedded
from tests.desk.large_customer import seed_large_customer
from tests.desk.test_follow_up import CUSTOMER, OFFER
from tests.soak.watcher import Watcher
from tests.torture.processes import clean_environment

ORDERS: Final = 80
BESIDE: Final = 3
_HEADER: Final = (
    "externalReferenceId",
    "customerId",
    "orderType",
    "offerId",
    "quantity",
    "currencyCode",
)
_WITHIN: Final = 300.0
_say = partial(print, flush=True)


@dataclass(slots=True)
class Outcome:
    """What came of it. `runs` are Prefect's, by name: the states that runs of it ended in."""

    placed: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    runs: dict[str, list[str]] = field(default_factory=dict)
    done_after: float = 0.0
    """Seconds from the server's return until every workbook was answered."""


class Prefect:
    """A server at one address, as often as it is started."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.settings: Mapping[str, str] = {
            "PREFECT_HOME": str(home),
            "PREFECT_SERVER_UI_ENABLED": "false",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_API_URL": f"http://127.0.0.1:{self._port}/api",
        }

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
        with (self._home / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(self._port)],
                env=clean_environment() | dict(self.settings),
                stdout=log,
                stderr=log,
            )
        _until(lambda: answers(f"{self.settings['PREFECT_API_URL']}/health"), "Prefect")

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def runs(self) -> dict[str, list[str]]:
        """The states in which runs of each name are."""
        found: dict[str, list[str]] = {}
        address = f"{self.settings['PREFECT_API_URL']}/flow_runs/filter"
        for run in httpx.post(address, json={"sort": "START_TIME_ASC"}).json():
            found.setdefault(run["name"], []).append(run["state"]["name"])
        return found


def away(folder: Path, seconds: float, say: Callable[[str], None] = _say) -> Outcome:
    """Kill it in mid-run, leave it away so long, start it again, compare."""
    outcome = Outcome()
    server = Prefect(folder / "prefect")
    server.start()
    with embedded("--latency", "0.4", "--state", str(folder / "book.sqlite")) as url:
        seed_large_customer(url)
        settings = {
            **server.settings,
            "ORDERDROP_ENVIRONMENT": "sandbox",
            "ORDERDROP_MARKETPLACE_URL": url,
            "ORDERDROP_CLIENT_ID": "practice",
            "ORDERDROP_CLIENT_SECRET": "practice-secret",
            "ORDERDROP_STATE_DIR": str(folder / "state"),
            "ORDERDROP_OUTPUT": str(folder / "output"),
            "ORDERDROP_APPROVE_ABOVE": "none",
            "ORDERDROP_PATIENCE": "0.02",
            "ORDERDROP_IN_FLIGHT": "4",
        }
        inbox = folder / "inbox"
        watcher = Watcher(folder, inbox, settings)
        watcher.start()
        try:
            watcher.wait_until_ready(folder / "state")
            names = [_drop(inbox, "large", ORDERS)]
            _until(lambda: len(_placed(url)) > ORDERS // 4, "the first orders")
            server.kill()
            say(f"Prefect killed with {len(_placed(url))} of {ORDERS} orders placed")
            gone = time.monotonic()
            for number in range(BESIDE):
                names.append(_drop(inbox, f"beside-{number}", 2))
                time.sleep(seconds / BESIDE)
            say(f"away for {time.monotonic() - gone:.0f} s; {len(_placed(url))} orders placed")
            server.start()
            back = time.monotonic()
            _until(lambda: _done(watcher) >= set(names), "the workbooks", watcher)
            outcome.done_after = time.monotonic() - back
            outcome.runs = server.runs()
        finally:
            if watcher.stop() != 0:
                outcome.wrong.append("the watcher did not end well")
        outcome.placed = Counter(_placed(url))
        server.kill()
    wanted = {f"large-{n}" for n in range(ORDERS)}
    wanted |= {f"beside-{b}-{n}" for b in range(BESIDE) for n in range(2)}
    outcome.wrong += [f"{one} was not placed" for one in sorted(wanted - outcome.placed.keys())]
    outcome.wrong += [f"{one} was placed {n} times" for one, n in outcome.placed.items() if n > 1]
    outcome.wrong += [
        f"no run completed {name}"
        for name in names
        if "Completed" not in outcome.runs.get(f"{name} (sandbox)", ())
    ]
    outcome.wrong += [
        f"a run of {name} is still {state}"
        for name, states in outcome.runs.items()
        for state in states
        if state not in ("Completed", "Crashed", "Failed")
    ]
    for name in names:
        outcome.wrong += _unanswered(folder / "output" / f"{Path(name).stem}.reconciled.xlsx")
    return outcome


def _drop(inbox: Path, name: str, orders: int) -> str:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(_HEADER)
    for number in range(orders):
        sheet.append([f"{name}-{number}", CUSTOMER, "NEW", OFFER, 1, "USD"])
    place = inbox.parent / f"{name}.xlsx"
    book.save(place)
    place.rename(inbox / place.name)
    return place.name


def _unanswered(path: Path) -> list[str]:
    sheet = openpyxl.load_workbook(path).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    result, order_id = rows[0].index("Result"), rows[0].index("Order ID")
    return [
        f"{path.name}: {row[0]} says {row[result]}"
        for row in rows[1:]
        if not (row[result] == "Ordered" and row[order_id])
    ]


def _placed(url: str) -> list[str]:
    orders = httpx.get(f"{url}/control/book", timeout=60).json()["orders"]
    found = [str(order.get("externalReferenceId") or "") for order in orders]
    return [one for one in found if one.startswith(("large-", "beside-"))]


def _done(watcher: Watcher) -> set[str]:
    return {told["workbook"] for told in watcher.told() if told["what"] == "done"}


def _until(holds: Callable[[], bool], what: str, watcher: Watcher | None = None) -> None:
    ends = time.monotonic() + _WITHIN
    while not holds():
        if time.monotonic() > ends:
            raise TimeoutError(f"{what} did not come")
        assert watcher is None or watcher.is_alive
        time.sleep(0.2)


def main() -> int:
    """Do it, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.away", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="orderdrop-away-"))
    outcome = away(folder, options.minutes * 60)
    _say(f"{sum(outcome.placed.values())} orders placed, {len(outcome.placed)} of them different")
    _say(f"all answered {outcome.done_after:.0f} s after its return")
    for name, states in sorted(outcome.runs.items()):
        _say(f"  {name}: {', '.join(states)}")
    _say(f"wrong: {len(outcome.wrong)}")
    for line in outcome.wrong:
        _say(f"  ! {line}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
