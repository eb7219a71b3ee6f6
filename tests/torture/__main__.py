"""`python -m tests.torture`: kill, restart, compare. It prints its seed, to be replayed with.

Without an option for another mode, runs are killed and started again. Exit code 1 when anything
is not zero that must be.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.torture import naive, report, together
from tests.torture.driver import Task, Torture
from tests.torture.terms import Terms

_say = partial(print, flush=True)


def main() -> int:
    """Run the mode that was asked for."""
    options = _options()
    seed = secrets.randbelow(10**9) if options.seed is None else options.seed
    folder = Path(tempfile.mkdtemp(prefix="orderdrop-torture-"))
    _say(f"seed {seed}; everything is kept in {folder}")
    began = time.monotonic()
    if options.naive:
        return _naive(seed, options.kills, folder)
    if options.storm or options.processes:
        crowd = (
            together.storm(seed, options.storm)
            if options.storm
            else together.side_by_side(seed, options.orders, options.processes, options.ledger)
        )
        verdict = together.run(crowd, Terms(), folder, _say)
        told = "\n".join(report.figures(verdict))
    else:
        torture = Torture(Task(seed, options.kills, options.commands), Terms(), folder, _say)
        verdict = torture.run()
        told = report.told(verdict, torture.tally)
    _say(f"{told}\n\nseed {seed}, {time.monotonic() - began:.0f} s")
    return 0 if verdict.is_clean else 1


def _naive(seed: int, kills: int, folder: Path) -> int:
    harm = naive.measure(seed, kills, Terms(), folder, _say)
    _say(
        f"The naive script, {harm.kills} kills: of {harm.wanted} orders wanted, "
        f"{harm.too_many} placed too many, {harm.lost} never placed."
    )
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    add = parser.add_argument
    add("--kills", type=int, default=1000)
    add("--commands", type=int, default=50, help="kills of the whole command, among them")
    add("--seed", type=int, help="the same draws as before")
    add("--storm", type=int, metavar="ORDERS", help="no kills; 3 %% of every kind of fault")
    add("--processes", type=int, metavar="K", help="K processes with the same workbooks")
    add("--orders", type=int, default=600, help="with --processes")
    add("--ledger", default="", metavar="URL", help="with --processes; an empty database")
    add("--naive", action="store_true", help="the script that users write today")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
