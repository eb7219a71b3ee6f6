"""The rolling-window budget of calls (reference, section 22), shared by all who use one API key.

Each call has a moment, and a key's moments are given out from one memory, in blocks. So no window
of five seconds ever holds more than allowed, whoever makes the calls, and none of it is lost
between them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count as numbers
from math import ceil
from time import monotonic
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from flows.marketplace.margin import Margin
from schemas.faults import Stop
from schemas.pace import Change, PaceMemory, PaceStanding

Result = TypeVar("Result")

WINDOW: Final = 5.0
"""Seconds over which the vendor counts calls."""

_PART: Final = 1 / 16
"""The least that a 429 leaves of the budget, and what each window gives back of it."""

_SET_BACK: Final = WINDOW
"""Seconds by which the last change can be ahead; more means that a clock was set anew."""

_BLOCK: Final = 40
"""Moments taken from the memory at once: a fifth of a second at the ceiling."""

_MAY_BE_LATE: Final = 0.04
"""Seconds by which a call may miss its moment; a later one waits for another."""

_STRETCHED: Final = WINDOW + 0.1
"""Seconds over which we keep to the calls of a window. The tenth is for calls that leave late, for
those that go together but arrive one after the other, and for the clocks of several machines.
"""

_GRID: Final = _STRETCHED / 25
"""Seconds: calls go together at these moments, forty at the ceiling. To wake for each would cost
more of the processor than anything else that is done for it. The moments are the same for all who
use the key, and no window holds more than 25 of them.
"""

_IN_ORDER: Final = 0.01
"""Of the time between two that go together, so that they go in the order in which they asked: an
order can change the price level of those after it.
"""

_FIRST_LEAD: Final = 0.1
_LONGEST_LEAD: Final = 1.0
_LEAD_FOLLOWS: Final = 0.1

_SLOWER: Final = 0.95
"""What is left of the pace when answers have got slower."""


def next_calls(count: int, allowed: int) -> Change:
    """Take so many calls, of `allowed` in a window; they begin at `next_at`, or now.

    The share that was taken away comes back part by part, one with each window.
    """

    def change(standing: PaceStanding, now: float) -> PaceStanding:
        standing = _recovered(standing, now)
        is_of_another_clock = standing.changed_at > now + _SET_BACK
        begins = now if is_of_another_clock else max(standing.next_at, now)
        next_at = begins + count * apart(standing, allowed)
        return replace(standing, next_at=next_at, changed_at=now)

    return change


def apart(standing: PaceStanding, allowed: int) -> float:
    """Seconds from one call to the next: no more than `allowed` fit in a stretched window."""
    return _STRETCHED / (max(1.0, allowed - 1) * standing.share)


def lowered(factor: float) -> Change:
    """Go on more slowly; once a window, however many have noticed."""

    def change(standing: PaceStanding, now: float) -> PaceStanding:
        if abs(now - standing.lowered_at) < WINDOW:
            return standing
        share = max(_PART, standing.share * factor)
        return replace(standing, share=share, lowered_at=now, grown_at=now)

    return change


def _recovered(standing: PaceStanding, now: float) -> PaceStanding:
    if standing.share >= 1:
        return standing
    if standing.grown_at > now:
        return replace(standing, grown_at=now)  # a clock was set anew
    windows = int((now - standing.grown_at) / WINDOW)
    if not windows:
        return standing
    return replace(standing, share=min(1.0, standing.share + windows * _PART), grown_at=now)


class OwnMemory:
    """A memory of this process alone, for whoever makes a few calls and has no ledger open."""

    def __init__(self) -> None:
        self._standings: dict[str, PaceStanding] = {}
        self._one_at_a_time = threading.Lock()

    def change(self, key: str, change: Change) -> tuple[PaceStanding, PaceStanding, float]:
        """Change the standing of a key; gives it before and after, and the moment."""
        with self._one_at_a_time:
            now = monotonic()
            before = self._standings.get(key, PaceStanding(now))
            after = self._standings[key] = change(before, now)
            return before, after, now


@dataclass(frozen=True, slots=True)
class _Block:
    """Moments by the memory's clock, evenly spread; `ahead` is by how much ours is ahead of it."""

    begins: float
    apart: float
    count: int
    ahead: float

    def moments(self) -> Iterator[float]:
        """By this process's clock, those that go together side by side."""
        for number in range(self.count):
            yield _on_grid(self.begins + number * self.apart) + self.ahead


class Budget:
    """The calls of one key in this process: at most `allowed` in any rolling five seconds.

    Runs that wait get their moments in turn, one each, however many calls each of them has. Of a
    run, whoever came first goes first; a call that has missed its moment keeps its place.
    """

    def __init__(self, allowed: int, key: str = "", memory: PaceMemory | None = None) -> None:
        self._allowed = allowed
        self._key = key
        self._memory = memory or OwnMemory()
        self._waiting: dict[Pace, list[tuple[int, asyncio.Future[float]]]] = {}
        self._places = numbers()
        self._dealing: asyncio.Task[None] | None = None
        self._lowering: set[asyncio.Task[None]] = set()
        self._lead = _FIRST_LEAD
        self._margin = Margin(WINDOW)

    def remembered_in(self, memory: PaceMemory) -> None:
        """Go on with this memory: the ledger of the run that has begun last."""
        self._memory = memory

    def place(self) -> int:
        """A call's place among those that wait: behind all that have one."""
        return next(self._places)

    async def moment(self, run: Pace, place: int) -> float:
        """The moment of one call, by this process's clock; given out a little before it comes.

        Raises what the memory raises.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[float] = loop.create_future()
        heappush(self._waiting.setdefault(run, []), (place, waiter))
        if self._dealing is None or self._dealing.done():
            self._dealing = loop.create_task(self._deal())
        return await waiter

    def prepared(self, seconds: float) -> None:
        """So long it took to write a call down before it could go; moments are given out as early
        as that needs.
        """
        wanted = min(max(1.5 * seconds, _FIRST_LEAD), _LONGEST_LEAD)
        self._lead += _LEAD_FOLLOWS * (wanted - self._lead)

    def answered(self, seconds: float) -> None:
        """An answer came after so long; when answers get slower, the pace goes down a little."""
        if self._margin.is_too_fast(monotonic(), seconds):
            self.slow_down(_SLOWER)

    def slow_down(self, factor: float = 0.5) -> None:
        """The marketplace answered 429, or more slowly: all who use the key slow down."""
        change = lowered(factor)
        lowering = asyncio.create_task(self._change(change))
        self._lowering.add(lowering)
        lowering.add_done_callback(self._lowering.discard)

    async def _change(self, change: Change) -> None:
        """That it cannot be changed is told by the next call, which needs the same memory."""
        with suppress(Stop):
            await _in_thread(partial(self._memory.change, self._key, change))

    async def _deal(self) -> None:
        """Give out moments as long as anybody waits."""
        try:
            ahead: asyncio.Task[_Block] | None = None
            while waiting := self._count():
                block = await (ahead or self._block(min(waiting, _BLOCK)))
                ahead = None
                for number, at in enumerate(block.moments()):
                    left = block.count - number
                    if ahead is None and left <= _BLOCK // 2 and (more := self._count() - left) > 0:
                        ahead = asyncio.create_task(self._block(min(more, _BLOCK)))
                    if (wait := at - self._lead - monotonic()) > _MAY_BE_LATE:
                        await asyncio.sleep(wait)
                    self._give(at)
                if ahead is not None and not self._count():
                    await ahead  # nobody waits any more: its moments are let pass
                    ahead = None
        except Exception as error:  # noqa: BLE001  # whoever waits must hear of it, whatever it is
            self._fail(error)

    async def _block(self, count: int) -> _Block:
        change = next_calls(count, self._allowed)
        memory = self._memory

        def taken() -> _Block:
            _, after, now = memory.change(self._key, change)
            ahead = monotonic() - now
            step = apart(after, self._allowed)
            return _Block(after.next_at - count * step, step, count, ahead)

        return await _in_thread(taken)

    def _count(self) -> int:
        for run, waiters in list(self._waiting.items()):
            while waiters and waiters[0][1].done():
                heappop(waiters)  # whoever it was waits no more
            if not waiters:
                del self._waiting[run]
        return sum(map(len, self._waiting.values()))

    def _give(self, at: float) -> None:
        """The moment goes to the run whose turn it is; that run then stands at the end."""
        while self._waiting:
            run = next(iter(self._waiting))
            waiters = self._waiting.pop(run)
            while waiters:
                _, waiter = heappop(waiters)
                if not waiter.done():
                    if waiters:
                        self._waiting[run] = waiters
                    waiter.set_result(at)
                    return

    def _fail(self, error: Exception) -> None:
        waiting, self._waiting = self._waiting, {}
        for waiters in waiting.values():
            for _, waiter in waiters:
                if not waiter.done():
                    waiter.set_exception(error)


_asking: Final = ThreadPoolExecutor(4, "pace")
"""Threads of its own: the pace must not wait for a thread until a large workbook has been read."""


async def _in_thread(work: Callable[[], Result]) -> Result:
    return await asyncio.get_running_loop().run_in_executor(_asking, work)


async def _until(at: float) -> None:
    """Sleep to a moment of the loop's clock; who sleep to moments go on in the order of these."""
    if monotonic() >= at:
        return
    loop = asyncio.get_running_loop()
    woken = loop.create_future()
    timer = loop.call_at(at, _wake, woken)
    try:
        await woken
    finally:
        timer.cancel()


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


def _on_grid(at: float) -> float:
    moment = ceil(at / _GRID) * _GRID
    return moment + (at - moment + _GRID) * _IN_ORDER


@dataclass(slots=True)
class Turn:
    """One call's moment; `come` when the call is ready to go."""

    _pace: Pace
    _place: int
    _at: float
    _given: float

    async def come(self) -> None:
        """Wait for the moment. One that has passed meanwhile is made up for by another."""
        self._pace.budget.prepared(monotonic() - self._given)
        await self._pace.go_at(self._at, self._place)


class Pace:
    """One run's part in the budget of its key: waits with all others, counts its own calls."""

    def __init__(self, budget: Budget | int) -> None:
        """A number of calls stands for a budget that nobody else draws on."""
        self.budget = Budget(budget) if isinstance(budget, int) else budget
        self.calls = 0

    async def turn(self) -> Turn:
        """A moment for one more call, a little before it comes: time to write the call down."""
        place = self.budget.place()
        at = await self.budget.moment(self, place)
        return Turn(self, place, at, monotonic())

    async def take(self) -> None:
        """Wait until one more call may go, and count it."""
        place = self.budget.place()
        await self.go_at(await self.budget.moment(self, place), place)

    async def go_at(self, at: float, place: int) -> None:
        """Wait for a moment, or for another when that has passed, and count the call."""
        await _until(at)
        while monotonic() - at > _MAY_BE_LATE:  # it has passed, or this process stood still in it
            at = await self.budget.moment(self, place)
            await _until(at)
        self.calls += 1

    def answered(self, seconds: float) -> None:
        """An answer came after so many seconds."""
        self.budget.answered(seconds)

    def slow_down(self) -> None:
        """The marketplace answered 429: every run of this key slows down."""
        self.budget.slow_down()


_budgets: MutableMapping[asyncio.AbstractEventLoop, dict[tuple[str, int], Budget]] = (
    WeakKeyDictionary()
)


def shared_budget(key_fingerprint: str, calls: int, memory: PaceMemory | None = None) -> Budget:
    """The budget of one key that all runs of this process share (those of one event loop)."""
    budgets = _budgets.setdefault(asyncio.get_running_loop(), {})
    if (budget := budgets.get((key_fingerprint, calls))) is None:
        budget = budgets[key_fingerprint, calls] = Budget(calls, key_fingerprint, memory)
    elif memory is not None:
        budget.remembered_in(memory)
    return budget
