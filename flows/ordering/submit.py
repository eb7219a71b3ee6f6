"""Sending intents: the ledger before and after every call, and the table of `life` between.

Nothing else in the project sends an order.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import uuid4

from flows.ordering.interfaces import OrderBook, OrdersApi
from flows.ordering.life import RULES, Kind, kind_of
from flows.ordering.look_up import look_up
from flows.ordering.side_by_side import side_by_side
from schemas.entries import Entry
from schemas.faults import Stop
from schemas.orders import Intent, IntentState, MarketplaceStop, Reply

LEASE: Final = timedelta(seconds=100)
"""Longer than connect and read time-outs together (70 s), with a margin."""

LEASE_MARGIN: Final = 25.0
"""Seconds of a lease that may pass before the request is written; the rest is the call's."""

TOO_OLD: Final = timedelta(days=9)
"""Stored answers live ten days; past nine an intent is never sent again (reference, 4.2)."""

_LOOK_AGAIN: Final = 1.0
"""Seconds between two looks at an intent that another process holds."""

_PREVIEW_WAITS: Final = (1.0, 2.0, 4.0)

Progress = Callable[[int], None]


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


def _awake_clock() -> float:
    """Seconds that go on while the machine sleeps, where the system has such a clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(clock) if clock is not None else time.monotonic()


@dataclass(frozen=True, slots=True)
class Hands:
    """What sending needs: the ledger, the marketplace, and how patient to be.

    `patience` multiplies every wait; `key_fingerprint` is that of the key in use.
    """

    book: OrderBook
    api: OrdersApi
    key_fingerprint: str
    in_flight: int
    patience: float = 1.0


async def submit(hands: Hands, intents: Sequence[Intent], progress: Progress) -> None:
    """Bring every intent as far as this run can; `progress` is told how many have ended.

    New orders go side by side. Orders that depend on a customer's other orders (renewals,
    returns, switches) go one after the other for each customer, in the order given.
    Raises a Stop when the run must stop (credentials, the ledger's disk); what was not sent
    then stays written.
    """
    owner = str(uuid4())
    places = asyncio.Semaphore(hands.in_flight)
    halted: list[Stop] = []

    async def one_after_the_other(queue: Sequence[Intent]) -> None:
        for intent in queue:
            async with places:
                if halted:
                    return
                try:
                    await _Sending(hands, intent, owner).run()
                except Stop as stop:
                    # Calls that are under way are still answered and committed.
                    halted.append(stop)
                    return
                progress(1)

    await side_by_side(one_after_the_other(queue) for queue in _queues(intents))
    if halted:
        raise halted[0]


def _queues(intents: Sequence[Intent]) -> list[list[Intent]]:
    """What may go side by side: each queue is sent in its own order."""
    queues: list[list[Intent]] = []
    by_customer: dict[str, list[Intent]] = defaultdict(list)
    for intent in intents:
        if intent.order_type == "NEW":
            queues.append([intent])
        else:
            by_customer[intent.customer_id].append(intent)
    return queues + list(by_customer.values())


class _Sending:
    """One intent in one run."""

    def __init__(self, hands: Hands, intent: Intent, owner: str) -> None:
        self._hands = hands
        self._intent = intent
        self._owner = owner
        self._repeats: dict[Kind, int] = defaultdict(int)
        self._waited = 0.0

    async def run(self) -> None:
        intent = self._intent
        if intent.state is IntentState.STUCK:
            return
        if intent.state is IntentState.LOOKING or self._may_not_repeat():
            await look_up(self._hands.book, self._hands.api, intent)
            return
        while await self._once():
            pass

    def _may_not_repeat(self) -> bool:
        """Another key has other memories, and an old intent may be forgotten: look up only."""
        intent = self._intent
        if not intent.sends:
            return False
        other_key = intent.key_fingerprint != self._hands.key_fingerprint
        return other_key or utc_now() - intent.written_at > TOO_OLD

    async def _once(self) -> bool:
        """One send. True when the same intent is to be sent again."""
        book, intent = self._hands.book, self._intent
        await self._hands.api.ready()
        sent_at = utc_now()
        taken_at = _awake_clock()
        if not await asyncio.to_thread(
            book.count_send, intent.intent_id, self._owner, sent_at, LEASE
        ):
            return await self._after_the_other()
        if _awake_clock() - taken_at > LEASE_MARGIN:
            return True  # the lease would end before the call does (a sleep, a stall): anew
        reply = await self._hands.api.place(intent)
        return await self._follow(reply, sent_at)

    async def _after_the_other(self) -> bool:
        """Another process holds the intent: wait for what it learns, or for its lease to end.

        True when the intent is free again and still to be sent.
        """
        self._waited += _LOOK_AGAIN
        if self._waited > LEASE.total_seconds() + _LOOK_AGAIN:
            return False
        await asyncio.sleep(_LOOK_AGAIN * self._hands.patience)
        known = await asyncio.to_thread(self._hands.book.intents, [self._intent.intent_id])
        return known[self._intent.intent_id].state in {IntentState.WRITTEN, IntentState.SENT}

    async def _follow(self, reply: Reply, sent_at: datetime) -> bool:
        book, intent = self._hands.book, self._intent
        kind = kind_of(reply)
        rule = RULES[kind]
        done = self._repeats[kind]
        if done < len(rule.waits):
            self._repeats[kind] += 1
            await asyncio.to_thread(
                book.record_attempt, intent.intent_id, reply, sent_at, utc_now()
            )
            await asyncio.sleep((reply.retry_after or rule.waits[done]) * self._hands.patience)
            return True
        reached = await asyncio.to_thread(
            book.settle, intent.intent_id, rule.then, reply, sent_at, utc_now()
        )
        if rule.stops_run:
            raise MarketplaceStop(
                f"The marketplace refuses our key or our rights ({reply.code}); the run has "
                "stopped. Check the settings with whoever looks after the marketplace account."
            )
        if reached is IntentState.LOOKING:
            await look_up(book, self._hands.api, intent)
        return False


async def price(
    hands: Hands, submission_id: str, previews: Sequence[Entry], progress: Progress
) -> None:
    """Ask for the prices of preview orders; each answer goes into the ledger."""
    places = asyncio.Semaphore(hands.in_flight)

    async def one(entry: Entry) -> None:
        async with places:
            reply = await _priced(hands, entry)
            body = json.dumps(reply.raw, default=_number) if reply.raw else ""
            await asyncio.to_thread(
                hands.book.answer_preview, submission_id, entry.position, reply, body, utc_now()
            )
            progress(1)

    await side_by_side(one(entry) for entry in previews)


async def _priced(hands: Hands, entry: Entry) -> Reply:
    """Previews may be repeated freely, each time with a fresh correlation id."""
    for wait in _PREVIEW_WAITS:
        reply = await hands.api.preview(entry.customer_id, entry.request.encode())
        if kind_of(reply) is Kind.REFUSED or reply.order is not None:
            return reply
        await asyncio.sleep((reply.retry_after or wait) * hands.patience)
    return await hands.api.preview(entry.customer_id, entry.request.encode())


def _number(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)  # text keeps every decimal; the answer's model reads it back
    raise TypeError(type(value).__name__)
