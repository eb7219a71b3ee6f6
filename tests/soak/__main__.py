"""`python -m tests.soak`: drop, kill, compare. It prints its seed, to be replayed with.

Exit code 1 when anything is wrong: a workbook not worked through or archived twice, an order
placed twice or lost, a row answered wrongly.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from functools import partial
from itertools import groupby
from pathlib import Path

from tests.soak.soaking import Outcome, Soak, Task

_say = partial(print, flush=True)
_SHOWN = 30


def main() -> int:
    """Run the soak that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--workbooks", type=int, default=500)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, help="the same draws as before")
    options = parser.parse_args()
    seed = secrets.randbelow(10**9) if options.seed is None else options.seed
    folder = Path(tempfile.mkdtemp(prefix="orderdrop-soak-"))
    _say(f"seed {seed}; everything is kept in {folder}")
    task = Task(seed, options.minutes, options.workbooks, options.kills)
    outcome = Soak(task, folder, _say).run()
    _tell(outcome, task)
    return 1 if outcome.wrong else 0


def _tell(outcome: Outcome, task: Task) -> None:
    _say(
        f"{len(outcome.names)} workbooks dropped ({len(outcome.copies)} of them copies), "
        f"{len(outcome.rubbish)} files that are none; {outcome.lives} watchers, {task.kills} "
        f"kills; {outcome.orders} orders at the marketplace; {outcome.seconds:.0f} s"
    )
    for life, samples in groupby((one for one in outcome.memory if one[2]), lambda one: one[0]):
        told = [f"{megabytes:.0f} MB ({ended})" for _, ended, megabytes in samples]
        shown = told[:: max(1, len(told) // 8)] + told[-1:]
        _say(f"memory of watcher {life} (workbooks ended by then): {', '.join(shown)}")
    _say(f"wrong: {len(outcome.wrong)}")
    for line in outcome.wrong[:_SHOWN]:
        _say(f"  ! {line}")
    _say(f"seed {task.seed}")


if __name__ == "__main__":
    sys.exit(main())
