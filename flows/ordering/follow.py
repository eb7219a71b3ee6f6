"""Following orders to their end and settling doubts, by history pages: one look a customer.

Reference, section 14: first after 30 s, then every 30 s; a run follows for a limited time and
leaves the rest open. The same pages settle what is in doubt (docs/protocol.md, Looking up).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from time import monotonic
from typing import Final

from flows.ordering.hands import Hands, utc_now
from flows.ordering.interfaces import OrderBook
from flows.ordering.life import FOLLOW_SENDS_AGAIN, LOOK_WAITS, Step
from flows.ordering.look_up import looked_at_from, settle
from flows.ordering.side_by_side import some_at_once
from flows.ordering.states import is_finished
from flows.ordering.submit import Sending
from schemas.orders import CallFailed, Intent, IntentState, OrderAnswer

RHYTHM: Final = 30.0
"""Seconds between two looks at the orders that are still open."""


async def follow(hands: Hands, intent_ids: Sequence[str], seconds: float) -> int:
    """Ask until every order is finished or `seconds` are over; returns how many are not.

    Intents in doubt are looked up in the same pages. A look that fails is left to the next
    one: following never fails a run.
    """
    ends = monotonic() + seconds
    wait = RHYTHM * hands.patience
    while True:
        pending = await asyncio.to_thread(_pending, hands.book, intent_ids)
        if not pending or monotonic() + wait > ends:
            return len(pending)
        await asyncio.sleep(wait)
        intent_ids = await look_at(hands, pending)


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
    ids = [intent.intent_id for intent in intents]
    await look_at(hands, await asyncio.to_thread(_pending, hands.book, ids))


async def _send_once(hands: Hands, intent: Intent) -> None:
    await Sending(hands, intent, once=True).run()


def _pending(book: OrderBook, intent_ids: Sequence[str]) -> list[Intent]:
    """Accepted orders that are not finished, and intents that must be looked up."""
    intents = book.intents(intent_ids)
    outcomes = book.latest_outcomes(intent_ids)

    def is_pending(intent: Intent) -> bool:
        if intent.state is IntentState.ACCEPTED:
            seen = outcomes.get(intent.intent_id)
            return seen is None or not is_finished(seen[0])
        return intent.state is IntentState.LOOKING

    return [intent for intent in intents.values() if is_pending(intent)]


async def look_at(hands: Hands, intents: Sequence[Intent]) -> list[str]:
    """Read each customer's history once for all of its intents, and note what changed.

    Returns the ids to go on with: a replaced intent's place is taken by its replacement.
    """
    by_customer: dict[str, list[Intent]] = defaultdict(list)
    for intent in intents:
        if intent.state is not IntentState.LOOKING or _is_due(hands, intent):
            by_customer[intent.customer_id].append(intent)
    replaced: dict[str, str] = {}

    async def one(customer_id: str, theirs: Sequence[Intent]) -> None:
        since = min(looked_at_from(intent) for intent in theirs)
        types = sorted({intent.order_type for intent in theirs})
        read_at = utc_now()
        try:
            orders = await hands.api.history(customer_id, since, types)
        except CallFailed:
            return
        await _note(hands, theirs, orders)
        for intent in theirs:
            if intent.state is IntentState.LOOKING:
                looked = await settle(hands, intent, orders, read_at)
                if looked.step in {Step.SEND_AGAIN, Step.REPLACE}:
                    replaced[intent.intent_id] = looked.intent.intent_id
                    await _send_on(hands, looked.intent.intent_id)

    await some_at_once(
        hands.in_flight, (one(customer_id, theirs) for customer_id, theirs in by_customer.items())
    )
    return [replaced.get(intent.intent_id, intent.intent_id) for intent in intents]


async def _send_on(hands: Hands, intent_id: str) -> None:
    known = await asyncio.to_thread(hands.book.intents, [intent_id])
    await Sending(hands, known[intent_id]).run()


def _is_due(hands: Hands, intent: Intent) -> bool:
    """Looks at what was not found grow apart, from 30 s on."""
    if intent.looked_at is None:
        return True
    wait = LOOK_WAITS[min(intent.looks, len(LOOK_WAITS)) - 1] if intent.looks else 0.0
    return utc_now() - intent.looked_at >= hands.scaled(timedelta(seconds=wait))


async def _note(hands: Hands, intents: Sequence[Intent], orders: Sequence[OrderAnswer]) -> None:
    by_id = {order.order_id: order for order in orders}
    accepted = [i for i in intents if i.state is IntentState.ACCEPTED]
    seen = await asyncio.to_thread(
        hands.book.latest_outcomes, [intent.intent_id for intent in accepted]
    )
    news: dict[str, OrderAnswer] = {}
    for intent in accepted:
        order = by_id.get(intent.order_id)
        before = seen.get(intent.intent_id)
        if order is not None and (before is None or before[0] != order):
            news[intent.intent_id] = order
    if news:
        await hands.book.note_outcomes(news, utc_now())
