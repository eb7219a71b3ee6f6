"""A short soak with every test run."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import pytest

from tests.soak.soaking import Soak, Task


def test_workbooks_dropped_in_every_way_are_worked_through_once_whatever_is_killed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seed = secrets.randbelow(10**9)
    with capfd.disabled():
        print(f"\nsoak with seed {seed}", file=sys.stderr, flush=True)
    outcome = Soak(Task(seed, minutes=0.6, workbooks=12, kills=2), tmp_path).run()
    assert not outcome.wrong, f"seed {seed}"
    assert outcome.lives == 3
    assert outcome.orders > 12
