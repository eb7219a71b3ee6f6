"""A short torture with every test run, and what a torture refuses to start with."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import pytest

from tests.torture import together
from tests.torture.driver import Task, Torture
from tests.torture.report import figures, told
from tests.torture.terms import Terms, UnsoundTerms


def fresh_seed(capfd: pytest.CaptureFixture[str]) -> int:
    """A seed of its own for every run, told whatever comes of it."""
    seed = secrets.randbelow(10**9)
    with capfd.disabled():
        print(f"\ntorture with seed {seed}", file=sys.stderr, flush=True)
    return seed


def test_forty_kills_order_nothing_twice_and_lose_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    task = Task(fresh_seed(capfd), kills=40, commands=2, orders=(8, 14))
    torture = Torture(task, Terms(), tmp_path)
    verdict = torture.run()
    assert torture.tally.all_kills >= task.kills
    assert torture.tally.command_kills.total() >= task.commands
    assert verdict.is_clean, f"seed {task.seed}{told(verdict, torture.tally)}"


def test_two_processes_with_the_same_workbooks_order_nothing_twice(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    crowd = together.side_by_side(fresh_seed(capfd), orders=60, processes=2, ledger="")
    verdict = together.run(crowd, Terms(), tmp_path)
    assert verdict.is_clean, f"seed {crowd.seed}\n" + "\n".join(figures(verdict))


@pytest.mark.parametrize(
    "terms",
    [
        pytest.param({"settle": 300}, id="given up while a call may go on"),
        pytest.param({"slow_seconds": 20}, id="a slow answer longer than the settle time"),
        pytest.param({"slow_seconds": 0.3}, id="slow, but not slower than we wait"),
        pytest.param({"latency": 0.4}, id="hardly an answer in time"),
    ],
)
def test_terms_under_which_the_law_itself_would_fail_are_refused(terms: dict[str, float]) -> None:
    with pytest.raises(UnsoundTerms):
        Terms(**terms)
