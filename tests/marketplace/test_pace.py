"""The rolling window: never more calls in five seconds than allowed."""

from __future__ import annotations

import asyncio

import pytest

from flows.marketplace import pace as pacing
from flows.marketplace.pace import WINDOW, Pace, shared_budget


class Clock:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.001)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pacing, "monotonic", clock)
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    return clock


async def test_no_window_ever_holds_more_calls_than_allowed(clock: Clock) -> None:
    pace = Pace(10)
    starts = []
    for _ in range(95):
        await pace.take()
        starts.append(clock.now)
    for start in starts:
        assert len([other for other in starts if start <= other < start + WINDOW]) <= 10
    assert pace.calls == 95
    assert starts[-1] - starts[0] >= 9 * WINDOW - 0.001


async def test_a_429_halves_the_pace_once_a_window_and_it_comes_back(clock: Clock) -> None:
    pace = Pace(100)
    pace.slow_down()
    pace.slow_down()
    started = clock.now
    for _ in range(51):
        await pace.take()
    assert clock.now - started >= WINDOW - 0.001
    clock.now += 60
    started = clock.now
    for _ in range(100):
        await pace.take()
    assert clock.now == started


async def test_429s_without_end_leave_enough_to_go_on_with(clock: Clock) -> None:
    """A process that lives for days must not be slowed down to nothing."""
    pace = Pace(160)
    for _ in range(200):
        pace.slow_down()
        clock.now += 6
        await pace.take()
    started = clock.now
    for _ in range(100):
        await pace.take()
    assert clock.now - started < 10 * WINDOW
    clock.now += 16 * WINDOW
    started = clock.now
    for _ in range(160):
        await pace.take()
    assert clock.now == started


async def test_runs_of_one_key_share_a_budget_and_count_their_own_calls(clock: Clock) -> None:
    first, second = (Pace(shared_budget("a key", 10)) for _ in range(2))
    other = Pace(shared_budget("another key", 10))
    started = clock.now
    for _ in range(5):
        await first.take()
        await second.take()
    for _ in range(10):
        await other.take()
    assert clock.now == started
    await second.take()
    assert clock.now - started >= WINDOW - 0.001
    assert (first.calls, second.calls, other.calls) == (5, 6, 10)


async def test_a_429_of_one_run_slows_the_others_of_its_key(clock: Clock) -> None:
    first, second = (Pace(shared_budget("a key", 10)) for _ in range(2))
    first.slow_down()
    started = clock.now
    for _ in range(6):
        await second.take()
    assert clock.now - started >= WINDOW - 0.001
