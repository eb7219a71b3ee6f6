"""The rolling window: never more calls in five seconds than allowed, and hardly fewer."""

from __future__ import annotations

import asyncio
import random
import time
from bisect import bisect_left
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.marketplace import pace as pacing
from flows.marketplace.margin import Margin
from flows.marketplace.pace import (
    WINDOW,
    Budget,
    OwnMemory,
    Pace,
    apart,
    lowered,
    next_calls,
    shared_budget,
)
from schemas.faults import Stop
from schemas.pace import Change, PaceStanding
from tests.virtual_time import VirtualLoop, in_virtual_time


@pytest.fixture(autouse=True)
def _virtual(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(work: Callable[[], Any]) -> Any:
        return work()

    monkeypatch.setattr(pacing, "monotonic", lambda: asyncio.get_running_loop().time())
    monkeypatch.setattr(pacing, "_in_thread", at_once)


class Together(OwnMemory):
    """One memory for several budgets, as processes have that use one key."""


def most_in_window(moments: list[float]) -> int:
    """The most calls that any five seconds hold."""
    moments = sorted(moments)
    return max(
        place - bisect_left(moments, at - WINDOW + 1e-9) + 1 for place, at in enumerate(moments)
    )


async def calls(run: Pace, count: int, left: list[float], prepares: float = 0.0) -> None:
    """Make so many calls at once, each after some time of preparing."""

    async def one() -> None:
        turn = await run.turn()
        await asyncio.sleep(prepares * random.random())  # noqa: S311
        await turn.come()
        left.append(asyncio.get_running_loop().time())

    await asyncio.gather(*(one() for _ in range(count)))


@pytest.mark.parametrize("processes", [1, 2, 4])
@pytest.mark.parametrize("prepares", [0.0, 0.06])
def test_no_window_holds_more_than_allowed_and_hardly_less(processes: int, prepares: float) -> None:
    memory, left = Together(), []

    async def work() -> None:
        runs = [Pace(Budget(985, "key", memory)) for _ in range(processes)]
        await asyncio.gather(*(calls(run, 6000 // processes, left, prepares) for run in runs))
        assert [run.calls for run in runs] == [6000 // processes] * processes

    in_virtual_time(work())
    assert most_in_window(left) <= 985
    assert len(left) / (max(left) - min(left)) >= 0.975 * 985 / WINDOW


@pytest.mark.parametrize("allowed", [1, 2, 10, 60, 500])
def test_small_budgets_are_kept_to_as_well(allowed: int) -> None:
    memory, left = Together(), []

    async def work() -> None:
        runs = [Pace(Budget(allowed, "key", memory)) for _ in range(2)]
        await asyncio.gather(*(calls(run, 3 * allowed, left) for run in runs))

    in_virtual_time(work())
    assert most_in_window(left) <= allowed
    # One more than allowed may stand at the two ends of a window.
    assert max(left) - min(left) <= 1.05 * WINDOW * 6 * allowed / max(1, allowed - 1)


def test_calls_that_a_busy_process_could_not_make_in_time_do_not_come_in_a_bunch() -> None:
    """It stands still for seconds, again and again: their moments are gone."""
    loop, left = VirtualLoop(), []

    async def stand_still() -> None:
        for _ in range(8):
            await asyncio.sleep(1.7)
            loop.pass_by(2.5)

    async def work() -> None:
        run = Pace(Budget(985))
        await asyncio.gather(calls(run, 4000, left, 0.03), stand_still())

    in_virtual_time(work(), loop)
    assert most_in_window(left) <= 985


def test_calls_whose_moment_passes_while_they_wait_for_it_take_another() -> None:
    """The process stands still when all of a moment's calls are about to go."""
    loop, left = VirtualLoop(), []

    async def stand_still() -> None:
        for number in range(20):
            await asyncio.sleep(0.7 + 0.01 * number)
            loop.pass_by(0.19)

    async def work() -> None:
        await asyncio.gather(calls(Pace(Budget(985)), 3000, left), stand_still())

    in_virtual_time(work(), loop)
    assert most_in_window(left) <= 985


def test_a_run_with_few_calls_need_not_wait_for_one_with_many() -> None:
    async def work() -> tuple[float, float]:
        budget = Budget(985)
        large, small = Pace(budget), Pace(budget)
        began = asyncio.get_running_loop().time()
        first: list[float] = []
        second: list[float] = []
        many = asyncio.create_task(calls(large, 3000, first))
        await asyncio.sleep(2)
        await calls(small, 10, second)
        await many
        return max(second) - began - 2, max(first) - began

    few, many = in_virtual_time(work())
    assert few < 0.5
    assert many > 14


def test_a_429_halves_the_pace_of_all_who_share_it_once_a_window_and_it_comes_back() -> None:
    memory = Together()

    async def work() -> list[float]:
        budgets = [Budget(985, "key", memory) for _ in range(2)]
        budgets[0].slow_down()
        budgets[1].slow_down()
        await asyncio.sleep(0.01)
        left: list[float] = []
        await calls(Pace(budgets[1]), 400, left)
        slow = max(left) - min(left)
        await asyncio.sleep(60)
        left.clear()
        await calls(Pace(budgets[1]), 400, left)
        return [slow, max(left) - min(left)]

    slow, fast = in_virtual_time(work())
    assert slow == pytest.approx(2 * fast, rel=0.1)


def test_429s_without_end_leave_enough_to_go_on_with() -> None:
    """A process that lives for days must not be slowed down to nothing."""
    standing = PaceStanding(0.0)
    now = 0.0
    for _ in range(200):
        now += WINDOW
        standing = lowered(0.5)(standing, now)
    assert apart(standing, 985) <= 16.5 * WINDOW / 985
    standing = next_calls(1, 985)(standing, now + 16 * WINDOW)
    assert standing.share == 1


@given(
    allowed=st.sampled_from([1, 4, 100, 985]),
    share=st.floats(1 / 16, 1),
    steps=st.lists(st.tuples(st.floats(0, 7), st.integers(1, 40), st.booleans()), max_size=60),
)
def test_moments_are_given_out_once_and_in_order(
    allowed: int, share: float, steps: list[tuple[float, int, bool]]
) -> None:
    standing, now, given_until = PaceStanding(0.0, share), 100.0, 0.0
    for passes, count, is_429 in steps:
        now += passes
        if is_429:
            standing = lowered(0.5)(standing, now)
        after = next_calls(count, allowed)(standing, now)
        begins = after.next_at - count * apart(after, allowed)
        assert begins >= max(given_until, now) - 1e-6
        assert 1 / 16 <= after.share <= 1
        standing, given_until = after, after.next_at


def test_a_slow_key_of_many_processes_is_kept_to_however_far_ahead_its_moments_are() -> None:
    """At a sixteenth of a small budget each block of moments lasts for minutes."""
    memory, left = Together(), []

    async def work() -> None:
        memory.change("key", lambda _, now: PaceStanding(now, 1 / 16, now, now, now))
        runs = [Pace(Budget(20, "key", memory)) for _ in range(5)]
        await asyncio.gather(*(calls(run, 60, left) for run in runs))

    in_virtual_time(work())
    assert most_in_window(left) <= 20
    early = [at for at in left if at - min(left) < 16 * WINDOW]
    # The share comes back by a sixteenth with each window: half of the full pace in that time.
    assert len(early) <= 0.6 * 16 * 20


def test_many_threads_change_one_standing_one_after_the_other() -> None:
    """Blocks are taken in threads, and a 429 is noted in others meanwhile."""
    memory = OwnMemory()

    def take(_: int) -> float:
        _, after, _ = memory.change("key", slowly)
        return after.next_at

    def slowly(standing: PaceStanding, _: float) -> PaceStanding:
        time.sleep(0.0005)
        return replace(standing, next_at=standing.next_at + 1)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(8) as threads:
        patch.setattr(pacing, "monotonic", time.monotonic)
        taken = list(threads.map(take, range(200)))
    assert len(set(taken)) == 200


def test_a_call_that_has_missed_its_moment_keeps_its_place() -> None:
    """The first of many is not ready in time: its next moment comes before those of the others."""
    gone: list[int] = []

    async def one(run: Pace, number: int) -> None:
        turn = await run.turn()
        await asyncio.sleep(2 if number == 0 else 0)
        await turn.come()
        gone.append(number)

    async def work() -> None:
        run = Pace(Budget(100))
        await asyncio.gather(*(one(run, number) for number in range(300)))

    in_virtual_time(work())
    # A hundred have gone in five seconds; forty moments are given out already when it asks anew.
    assert gone.index(0) <= 40 + 2.5 * 20


def test_a_clock_that_was_set_back_holds_nobody_up() -> None:
    """After a restart the machine's clock begins anew; what was kept speaks of another time."""
    kept = PaceStanding(90_000.0, 0.5, lowered_at=89_000.0, grown_at=89_000.0, changed_at=89_990.0)
    after = next_calls(10, 985)(kept, 30.0)
    assert after.next_at < 31
    assert next_calls(10, 985)(after, 30.0 + 16 * WINDOW).share == 1


def test_runs_of_one_key_share_a_budget_and_count_their_own_calls() -> None:
    async def work() -> None:
        first, second = (Pace(shared_budget("a key", 10)) for _ in range(2))
        other = Pace(shared_budget("another key", 10))
        began = asyncio.get_running_loop().time()
        left: list[float] = []
        both = asyncio.gather(calls(first, 15, left), calls(second, 15, left))
        await other.take()
        assert asyncio.get_running_loop().time() - began < 0.5
        await both
        assert max(left) - began > 2 * WINDOW
        assert most_in_window(left) <= 10
        assert (first.calls, second.calls, other.calls) == (15, 15, 1)

    in_virtual_time(work())


def test_calls_that_go_together_go_in_the_order_in_which_they_asked() -> None:
    """An order can change the price level of those after it."""

    async def work() -> list[int]:
        run = Pace(Budget(985))
        gone: list[int] = []

        async def one(number: int) -> None:
            turn = await run.turn()
            await asyncio.sleep(0.02 * (number % 3))
            await turn.come()
            gone.append(number)

        await asyncio.gather(*(one(number) for number in range(300)))
        return gone

    assert in_virtual_time(work()) == list(range(300))


class Broken:
    """A memory that cannot be reached, then can."""

    def __init__(self) -> None:
        self.is_broken = True
        self._own = OwnMemory()

    def change(self, key: str, change: Change) -> tuple[PaceStanding, PaceStanding, float]:
        if self.is_broken:
            raise Stop("The ledger cannot be reached.")
        return self._own.change(key, change)


def test_whoever_waits_hears_that_the_pace_cannot_be_agreed_on() -> None:
    async def work() -> None:
        memory = Broken()
        run = Pace(Budget(985, "key", memory))
        heard = await asyncio.gather(run.take(), run.take(), return_exceptions=True)
        assert [str(error) for error in heard] == ["The ledger cannot be reached."] * 2
        assert run.calls == 0
        memory.is_broken = False
        await run.take()
        assert run.calls == 1

    in_virtual_time(work())


def test_those_who_wait_no_more_use_up_no_moment_of_others() -> None:
    async def work() -> float:
        run = Pace(Budget(985))
        given_up = [asyncio.create_task(run.take()) for _ in range(500)]
        await asyncio.sleep(0.5)
        for task in given_up:
            task.cancel()
        began = asyncio.get_running_loop().time()
        await run.take()
        return asyncio.get_running_loop().time() - began

    assert in_virtual_time(work()) < 0.3


def told(margin: Margin, at: float, seconds: float, answers: int = 100) -> list[bool]:
    """A window of answers; what the margin said to each."""
    step = WINDOW / answers
    return [margin.is_too_fast(at + n * step, seconds) for n in range(answers)]


def test_answers_that_get_slower_and_quicker_with_the_pace_keep_it_lower() -> None:
    margin = Margin(WINDOW)
    windows = [0.2, 0.2, 0.2, 0.5, 0.2, 0.2, 0.2]
    said = [any(told(margin, 5.0 * n, seconds)) for n, seconds in enumerate(windows)]
    assert said == [False, False, False, False, True, True, False]


def test_a_marketplace_that_is_slower_by_itself_costs_one_window() -> None:
    margin = Margin(WINDOW)
    windows = [0.05] * 4 + [2.0] * 12
    said = [any(told(margin, 5.0 * n, seconds)) for n, seconds in enumerate(windows)]
    assert sum(said) == 1


def test_a_few_slow_answers_say_nothing() -> None:
    margin = Margin(WINDOW)
    told(margin, 0.0, 0.05)
    told(margin, 5.0, 0.05)
    said = [any(told(margin, 10.0 + 5 * n, 3.0, answers=10)) for n in range(10)]
    assert not any(said)
