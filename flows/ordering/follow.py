"""Following orders to their end and settling doubts, one look a customer.

Reference, section 14: after 30 s, then every 30 s; a run follows for a limited time and leaves
the rest open. Where orders are finished sooner, that is found out by a few early looks at one
customer, and the others need not wait so long.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from flows.ordering.hands import Hands, utc_now
from flows.ordering.life import FOLLOW_SENDS_AGAIN
from flows.ordering.looks import Pending, due_after, look_at, pending
from flows.ordering.side_by_side import some_at_once
from flows.ordering.submit import Sending
from schemas.orders import Intent, IntentState

RHYTHM: Final = 30.0
"""Seconds from an order's acceptance to the first look at it, and between two looks."""

_EARLY: Final = (2.0, 4.0, 8.0, 16.0)
"""Seconds after its last acceptance at which one customer is looked at, to learn from it."""

_WITH_MARGIN: Final = 1.5
"""Orders take so many times as long as the quickest look that found them finished."""


async def follow(hands: Hands, intent_ids: Sequence[str], seconds: float) -> int:
    """Ask until every order is finished or `seconds` are over; returns how many are not.

    Intents in doubt are looked up in the same pages. A look that fails is left to the next
    one: following never fails a run. Raises the Stop that must stop it.
    """
    ends = monotonic() + seconds
    found = await asyncio.to_thread(pending, hands.book, intent_ids)
    return await _Following(hands, found, ends).run()


async def follow_once(hands: Hands, intents: Sequence[Intent]) -> None:
    """One look at everything that is not finished; unanswered intents are sent once more.

    An intent that stayed unanswered is sent again half-hourly at the most, one that took
    another's place and was never sent at once.
    """
    now = utc_now()
    quiet = hands.scaled(FOLLOW_SENDS_AGAIN)
    silent = [i for i in intents if i.state in {IntentState.WRITTEN, IntentState.SENT}]
    due = [i for i in silent if i.last_sent_at is None or now - i.last_sent_at >= quiet]
    await some_at_once(hands.in_flight, (_send_once(hands, intent) for intent in due))
    await look_once(hands, [intent.intent_id for intent in intents])


async def look_once(hands: Hands, intent_ids: Sequence[str]) -> None:
    """One look at those that are not finished; what is in doubt only if its look is due."""
    found = await asyncio.to_thread(pending, hands.book, intent_ids)
    is_due = [one for one in found if not _is_in_doubt(one) or _wait(hands, one) <= 0]
    await some_at_once(hands.in_flight, (_look(hands, theirs) for theirs in _by_customer(is_due)))


async def _send_once(hands: Hands, intent: Intent) -> None:
    await Sending(hands, intent, once=True).run()


async def _look(hands: Hands, theirs: Sequence[Pending]) -> None:
    await look_at(hands, theirs)


def _by_customer(found: Iterable[Pending]) -> list[list[Pending]]:
    by_customer: dict[str, list[Pending]] = defaultdict(list)
    for one in found:
        by_customer[one.intent.customer_id].append(one)
    return list(by_customer.values())


def _is_in_doubt(one: Pending) -> bool:
    return one.intent.state is IntentState.LOOKING


def _wait(hands: Hands, one: Pending) -> float:
    return due_after(hands, one.intent).total_seconds()


@dataclass(slots=True, eq=False)
class _Customer:
    """What is pending for one customer. `since` is when its last order was accepted, `looked_at`
    when it was looked at last, both by this process's clock.
    """

    theirs: list[Pending]
    since: float
    looks: int = 0
    looked_at: float = 0.0
    early: list[float] = field(default_factory=list)


class _Following:
    """The customers of one run, each with the moment of its next look."""

    def __init__(self, hands: Hands, found: Sequence[Pending], ends: float) -> None:
        self._hands = hands
        self._ends = ends
        self._rhythm = RHYTHM * hands.patience
        self._ripe = self._rhythm
        """How old orders are when they are looked at first: learned from what looks find."""
        customers = sorted(
            (_Customer(theirs, _accepted(theirs)) for theirs in _by_customer(found)),
            key=lambda customer: customer.since,
        )
        self._left = {id(customer): customer for customer in customers}
        self._later: list[tuple[float, int, _Customer]] = []
        self._running: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._halted: BaseException | None = None
        self._fresh: list[_Customer] = []
        """Not looked at yet, the youngest first: what is due first stands at the end."""
        for customer in reversed(customers):
            if any(_is_in_doubt(one) for one in customer.theirs):
                self._put(customer)
            else:
                self._fresh.append(customer)
        if self._fresh:
            learnt_from = self._fresh.pop(0)
            learnt_from.early = [seconds * hands.patience for seconds in reversed(_EARLY)]
            self._put(learnt_from)

    async def run(self) -> int:
        """Look at each customer when it is due; how many orders are not finished at the end.

        What a look raises is raised once those under way have ended. Whoever stops this stops them.
        """
        try:
            await self._begin_all()
            if self._running:
                await asyncio.wait(self._running)
        finally:
            under_way = tuple(self._running)
            for look in under_way:
                look.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
        if self._halted is not None:
            raise self._halted
        return sum(len(customer.theirs) for customer in self._left.values())

    async def _begin_all(self) -> None:
        """Begin what is due, until nothing is left or time is over."""
        while self._left and self._halted is None and (now := monotonic()) < self._ends:
            self._woken.clear()
            while len(self._running) < self._hands.in_flight and (due := self._due(now)):
                self._begin(due)
            next_at = self._next_at()
            if not self._running and (next_at is None or next_at > self._ends):
                break
            is_full = len(self._running) >= self._hands.in_flight
            await self._sleep(self._ends if is_full or next_at is None else next_at)

    async def _sleep(self, until: float) -> None:
        """Until a look ends, but not beyond a moment."""
        try:
            async with asyncio.timeout(max(0.0, min(until, self._ends) - monotonic())):
                await self._woken.wait()
        except TimeoutError:
            return

    def _due(self, now: float) -> _Customer | None:
        if self._later and self._later[0][0] <= now:
            return heapq.heappop(self._later)[2]
        if self._fresh and self._fresh[-1].since + self._ripe <= now:
            return self._fresh.pop()
        return None

    def _next_at(self) -> float | None:
        moments = [self._later[0][0]] if self._later else []
        if self._fresh:
            moments.append(self._fresh[-1].since + self._ripe)
        return min(moments, default=None)

    def _begin(self, customer: _Customer) -> None:
        task = asyncio.create_task(self._look(customer))
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            self._halted = self._halted or task.exception()
        self._woken.set()

    async def _look(self, customer: _Customer) -> None:
        began = monotonic()
        was_in_doubt = any(map(_is_in_doubt, customer.theirs))
        left = await look_at(self._hands, customer.theirs)
        # In doubt, it was looked at for its own sake, and does not tell how long orders take.
        if not was_in_doubt:
            self._learn(began - customer.since, customer, is_finished=not left)
        customer.theirs, customer.looked_at = left, monotonic()
        customer.looks += 1
        if left:
            self._put(customer)
        else:
            del self._left[id(customer)]

    def _learn(self, age: float, customer: _Customer, *, is_finished: bool) -> None:
        if is_finished:
            self._ripe = min(self._ripe, _WITH_MARGIN * max(age, 0.0))
        elif age >= self._ripe and not customer.looks:
            self._ripe = min(self._rhythm, 2 * self._ripe)

    def _put(self, customer: _Customer) -> None:
        """The next look at a customer that is in doubt, that is learnt from, or that a look has
        not finished: for the last, looks grow apart up to the rhythm.
        """
        doubts = [_wait(self._hands, one) for one in customer.theirs if _is_in_doubt(one)]
        moments = [monotonic() + max(0.0, wait) for wait in doubts]
        if len(doubts) < len(customer.theirs):
            if customer.early:
                moments.append(customer.since + customer.early.pop())
            elif customer.looks:
                grown = self._ripe * 2.0 ** min(customer.looks, 10)
                moments.append(customer.looked_at + min(self._rhythm, grown))
            else:
                moments.append(customer.since + self._ripe)
        # A look that fails is not to be made again at once.
        soonest = customer.looked_at + self._rhythm * 0.05 if customer.looks else 0.0
        heapq.heappush(self._later, (max(soonest, min(moments)), id(customer), customer))


def _accepted(theirs: Sequence[Pending]) -> float:
    """When the youngest order of a customer was accepted, by this process's clock."""
    now = utc_now()
    moments = [one.intent.answered_at for one in theirs if one.intent.answered_at is not None]
    return monotonic() - max(0.0, (now - max(moments)).total_seconds()) if moments else monotonic()
