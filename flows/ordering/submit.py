"""Sending intents: the ledger before and after every call, and the tables of `life` between.

Nothing else in the project sends an order.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Final
from uuid import uuid4

from flows.ordering.hands import Hands, awake_clock, utc_now
from flows.ordering.interfaces import Repeated
from flows.ordering.life import (
    ANSWERS,
    CLOCK_MAY_LAG,
    SAME_FAULT_FOR,
    SAME_FAULT_TIMES,
    TOO_OLD,
    Doubt,
    Kind,
    Rule,
    Step,
    kind_of,
)
from flows.ordering.look_up import look_up, replacement
from flows.ordering.side_by_side import side_by_side, some_at_once
from schemas.entries import Entry
from schemas.faults import Stop
from schemas.orders import Intent, IntentState, MarketplaceStop, Reply

_LOOK_AGAIN: Final = 1.0
"""Seconds between two looks at an intent that another process holds."""

_LEAST_WAIT: Final = 0.02

_FEW_WAITING: Final = 100
"""Intents that may wait to be begun while more are handed in: half a second at the ceiling."""

_PREVIEW_WAITS: Final = (1.0, 2.0, 4.0)

Progress = Callable[[int], None]


class Submitter:
    """Brings the intents of one run as far as the run can; batches may overlap.

    New orders go side by side. Orders that depend on a customer's other orders (renewals,
    returns, switches) go one after the other for each customer, in the order given, across all
    batches. When the run must stop (credentials, the ledger's disk), what is under way is still
    answered and committed, and nothing more begins: what was not sent stays written.
    """

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._places = asyncio.Semaphore(hands.in_flight)
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._halted: Stop | None = None
        self._waiting = 0
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def submit(self, intents: Sequence[Intent], progress: Progress) -> None:
        """Bring every intent as far as this run can; `progress` is told how many have ended.

        Raises the Stop that stopped the run.
        """
        await side_by_side(self._in_order(queue, progress) for queue in _queues(intents))
        if self._halted is not None:
            raise self._halted

    async def room_for(self, more: int) -> None:
        """Wait until hardly any intent of earlier batches still waits to be begun; so many more
        are going to be handed in.
        """
        await self._has_room.wait()
        self._count_waiting(more)

    async def _in_order(self, queue: Sequence[Intent], progress: Progress) -> None:
        """A customer's batches come in order, and so do those that wait for its lock."""
        dependent = queue[0].order_type != "NEW"
        async with self._turns[queue[0].customer_id] if dependent else nullcontext():
            for intent in queue:
                async with self._places:
                    self._count_waiting(-1)
                    if self._halted is not None:
                        continue
                    try:
                        await Sending(self._hands, intent).run()
                    except Stop as stop:
                        self._halted = self._halted or stop
                        continue
                    progress(1)

    def _count_waiting(self, more: int) -> None:
        self._waiting += more
        if self._waiting > _FEW_WAITING:
            self._has_room.clear()
        else:
            self._has_room.set()


async def submit(hands: Hands, intents: Sequence[Intent], progress: Progress) -> None:
    """Bring every intent as far as this run can: a run of one batch (see Submitter)."""
    await Submitter(hands).submit(intents, progress)


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


class Sending:
    """One intent in one run; `run` brings it as far as it gets without waiting for long."""

    def __init__(self, hands: Hands, intent: Intent, *, once: bool = False) -> None:
        """`once`: one send is all; what stays unanswered is left to a later run."""
        self._hands = hands
        self._intent = intent
        self._once_only = once
        self._repeats: dict[Kind, int] = defaultdict(int)
        self._first_waited_at: float | None = None

    async def run(self) -> Intent:
        """Send, look up, send again or replace, as the tables say; returns what it ended as."""
        while True:
            if self._is_unsent_and_of_another_time():
                new = replacement(self._hands, self._intent)
                if await self._hands.book.replace(new, utc_now(), self._hands.lease):
                    self._intent = new
                else:
                    await self._read_again()
            if self._intent.state in {IntentState.WRITTEN, IntentState.SENT}:
                await self._send_until_answered()
            if self._intent.state is not IntentState.LOOKING:
                return self._intent
            looked = await look_up(self._hands, self._intent)
            self._intent = looked.intent
            if looked.step not in {Step.SEND_AGAIN, Step.REPLACE}:
                await self._read_again()
                return self._intent
            self._repeats.clear()
            await self._read_again()

    async def _read_again(self) -> None:
        intent_id = self._intent.intent_id
        known = await asyncio.to_thread(self._hands.book.intents, [intent_id])
        self._intent = known[intent_id]

    def _is_unsent_and_of_another_time(self) -> bool:
        """Nothing of it ever left, and it is old or was planned under another key: an intent of
        today and of the key in use takes its place.
        """
        intent = self._intent
        return (
            intent.state is IntentState.WRITTEN
            and not intent.sends
            and (
                utc_now() - intent.written_at > TOO_OLD
                or intent.key_fingerprint != self._hands.key_fingerprint
            )
        )

    def _why_not_to_send(self) -> Doubt | None:
        """docs/protocol.md, "Before every send", 3 and 4, before repeats as well: a computer may
        have slept for days between two. A first send has no memory behind it.
        """
        intent = self._intent
        now = utc_now()
        if not intent.sends:
            return None
        newest = max(intent.written_at, intent.last_sent_at or intent.written_at)
        if self._hands.clock_back or newest - now > CLOCK_MAY_LAG:
            return Doubt.CLOCK_BACK
        if now - intent.written_at > TOO_OLD:
            return Doubt.TOO_OLD
        if intent.key_fingerprint != self._hands.key_fingerprint:
            return Doubt.OTHER_KEY
        return None

    async def _send_until_answered(self) -> None:
        while True:
            doubt = self._why_not_to_send()
            if doubt is not None:
                await self._hands.book.doubt(self._intent.intent_id, doubt, utc_now())
                await self._read_again()
                return
            if not await self._send_once() or self._once_only:
                return

    async def _send_once(self) -> bool:
        """One send. True when the same intent is to be sent again."""
        hands, intent = self._hands, self._intent
        turn = await hands.api.ready()
        taken_at = awake_clock()
        request_id, now = str(uuid4()), utc_now()
        if not await hands.book.begin_send(intent.intent_id, request_id, now, hands.lease):
            return await self._after_the_other()
        await turn.come()
        must_go_by = taken_at + hands.may_go_for
        reply = await hands.api.place(intent, request_id, lambda: awake_clock() <= must_go_by)
        reached = await self._follow(reply)
        self._intent = replace(
            intent, state=reached or IntentState.SENT, sends=intent.sends + 1, last_sent_at=now
        )
        return reached is None

    async def _after_the_other(self) -> bool:
        """Another process holds the intent: wait for what it learns, or for its lease to end.

        True when the intent is free again and still to be sent.
        """
        hands = self._hands
        now = awake_clock()
        self._first_waited_at = self._first_waited_at or now
        if now - self._first_waited_at > hands.lease.total_seconds():
            return False
        wait = max(_LOOK_AGAIN * hands.patience, _LEAST_WAIT)
        await asyncio.sleep(wait)
        await self._read_again()
        return self._intent.state in {IntentState.WRITTEN, IntentState.SENT}

    async def _follow(self, reply: Reply) -> IntentState | None:
        """Commit what came back; the state that it leads to, None for a repeat, once it is due."""
        hands, intent = self._hands, self._intent
        kind = kind_of(reply)
        rule = ANSWERS[kind]
        done = self._repeats[kind]
        if done < len(rule.waits):
            repeated = await hands.book.note_attempt(intent.intent_id, reply, utc_now())
            if not self._is_a_stored_fault(repeated):
                self._repeats[kind] += 1
                await asyncio.sleep(self._wait(reply, rule, done))
                return None
            kind = Kind.REPEATED_FAULT
            rule = ANSWERS[kind]
        doubt = kind if rule.then in {IntentState.LOOKING, IntentState.SENT} else ""
        reached = await hands.book.answer(intent.intent_id, reply, rule.then, doubt, utc_now())
        if rule.stops_run:
            raise MarketplaceStop(
                f"The marketplace refuses our key or our rights ({reply.code}); the run has "
                "stopped. Check the settings with whoever looks after the marketplace account."
            )
        return reached

    def _is_a_stored_fault(self, repeated: Repeated) -> bool:
        return (
            repeated.times >= SAME_FAULT_TIMES
            and utc_now() - repeated.since > self._hands.scaled(SAME_FAULT_FOR)
        )

    def _wait(self, reply: Reply, rule: Rule, done: int) -> float:
        wait = reply.retry_after if reply.retry_after is not None else rule.waits[done]
        spread = 1 + rule.jitter * random.random()  # noqa: S311  # no secret
        return wait * spread * self._hands.patience


async def price(
    hands: Hands, submission_id: str, previews: Sequence[Entry], progress: Progress
) -> None:
    """Ask for the prices of preview orders; each answer goes into the ledger."""

    async def one(entry: Entry) -> None:
        reply = await ask_price(hands, entry.customer_id, entry.request.encode())
        body = reply.order.as_text() if reply.order else ""
        await hands.book.answer_preview(submission_id, entry.position, reply, body, utc_now())
        progress(1)

    await some_at_once(hands.in_flight, (one(entry) for entry in previews))


async def ask_price(hands: Hands, customer_id: str, body: bytes) -> Reply:
    """The answer to a preview; it may be repeated freely, each time with a fresh id."""
    for wait in _PREVIEW_WAITS:
        reply = await hands.api.preview(customer_id, body)
        if kind_of(reply) is Kind.REFUSED or reply.order is not None:
            return reply
        await asyncio.sleep((reply.retry_after or wait) * hands.patience)
    return await hands.api.preview(customer_id, body)
