"""What a process keeps of what it has done."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

_IN_CIRCLES = """
import json, weakref
from collections import deque
from flows.running import calm_the_collector, tidy_for_days

class Run:
    def __init__(self):
        self.itself, self.rows = self, [[] for _ in range(1000)]

calm_the_collector()
{then}
under_way, made = deque(maxlen=200), []
for _ in range(8000):
    run = Run()
    under_way.append(run)
    made.append(weakref.ref(run))
print(json.dumps(sum(run() is not None for run in made)))
"""


def left_in_memory(then: str) -> int:
    """How many runs, long ended and each in a circle with itself, are still in memory."""
    command = [sys.executable, "-c", _IN_CIRCLES.format(then=then)]
    ran = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=120
    )
    return int(json.loads(ran.stdout))


def test_what_runs_for_days_does_not_keep_what_it_has_done() -> None:
    kept = left_in_memory("")
    assert kept > 1000, "else there is nothing to be tidied up"
    assert left_in_memory("tidy_for_days()") < kept / 2
