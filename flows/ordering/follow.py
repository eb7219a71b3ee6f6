"""Following accepted orders to their end by history pages, not by one call for each order.

Reference, section 14: first after 30 s, then every 30 s; a run follows for a limited time and
leaves the rest open.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final

from flows.ordering.interfaces import OrderBook
from flows.ordering.side_by_side import side_by_side
from flows.ordering.states import is_finished
from flows.ordering.submit import Hands
from schemas.orders import CallFailed, Intent, IntentState, OrderAnswer

RHYTHM: Final = 30.0
"""Seconds between two looks at the orders that are still open."""


async def follow(hands: Hands, intent_ids: Sequence[str], seconds: float) -> int:
    """Ask until every order is finished or `seconds` are over; returns how many are open.

    A look that fails is left to the next one: following never fails a run.
    """
    ends = monotonic() + seconds
    while True:
        unfinished = await asyncio.to_thread(_open_intents, hands.book, intent_ids)
        wait = RHYTHM * hands.patience
        if not unfinished or monotonic() + wait > ends:
            return len(unfinished)
        await asyncio.sleep(wait)
        await look_at(hands, unfinished)


def _open_intents(book: OrderBook, intent_ids: Sequence[str]) -> list[Intent]:
    intents = book.intents(intent_ids)
    outcomes = book.latest_outcomes(intent_ids)
    return [
        intent
        for intent in intents.values()
        if intent.state is IntentState.ACCEPTED
        and (intent.intent_id not in outcomes or not is_finished(outcomes[intent.intent_id][0]))
    ]


async def look_at(hands: Hands, intents: Sequence[Intent]) -> None:
    """Ask each customer's history once for all of its intents, and record what changed."""
    by_customer: dict[str, list[Intent]] = defaultdict(list)
    for intent in intents:
        by_customer[intent.customer_id].append(intent)
    places = asyncio.Semaphore(hands.in_flight)

    async def one(customer_id: str, theirs: Sequence[Intent]) -> None:
        async with places:
            since = min(intent.written_at for intent in theirs) - timedelta(days=1)
            types = sorted({intent.order_type for intent in theirs})
            try:
                orders = await hands.api.history(customer_id, since, types)
            except CallFailed:
                return
        by_id = {order.order_id: order for order in orders}
        await asyncio.to_thread(_record, hands.book, theirs, by_id)

    await side_by_side(one(customer_id, theirs) for customer_id, theirs in by_customer.items())


def _record(book: OrderBook, intents: Sequence[Intent], by_id: dict[str, OrderAnswer]) -> None:
    seen = book.latest_outcomes([intent.intent_id for intent in intents])
    now = datetime.now(UTC)
    for intent in intents:
        order = by_id.get(intent.order_id)
        before = seen.get(intent.intent_id)
        if order is not None and (before is None or before[0] != order):
            book.record_outcome(intent.intent_id, order, now)
