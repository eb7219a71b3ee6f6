"""No second scheduled run while one is going, whatever becomes of the first."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flows import one_at_a_time
from flows.one_at_a_time import Work, alone, is_going_on
from flows.settings import Settings

HOLDS = """
import sys
from flows import one_at_a_time
from flows.settings import Settings
one_at_a_time.deployment.id = "a deployment"
settings = Settings(environment="practice", state_dir=sys.argv[1])
with one_at_a_time.alone(settings, one_at_a_time.Work.RENEWALS) as is_alone:
    print(is_alone, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    return lambda **given: Settings(**{"environment": "practice", "state_dir": tmp_path, **given})


@pytest.fixture
def scheduled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_at_a_time.deployment, "id", "a deployment", raising=False)


def test_another_process_is_found_at_work_until_it_is_killed(
    settings: Callable[..., Settings], scheduled: None, tmp_path: Path
) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "True\n"
    try:
        assert is_going_on(settings(), Work.RENEWALS)
        with alone(settings(), Work.RENEWALS) as is_alone:
            assert not is_alone
        for others in (settings(account="north"), settings(account="b/c")):
            with alone(others, Work.RENEWALS) as is_alone:
                assert is_alone
        with alone(settings(), Work.FOLLOWING) as is_alone:
            assert is_alone
    finally:
        other.kill()
        other.communicate()
    assert not is_going_on(settings(), Work.RENEWALS)
    with alone(settings(), Work.RENEWALS) as is_alone:
        assert is_alone
        assert is_going_on(settings(), Work.RENEWALS)
    assert not is_going_on(settings(), Work.RENEWALS)


def test_a_run_that_a_person_started_asks_nobody(settings: Callable[..., Settings]) -> None:
    with alone(settings(), Work.RENEWALS) as is_alone:
        assert is_alone
        assert not is_going_on(settings(), Work.RENEWALS)
