"""One look at a customer's orders, which tells of all of its intents: history pages, one call
for up to a hundred orders (reference, section 13.2).

What an order has come to is noted, and the same pages settle what is in doubt
(docs/protocol.md, Looking up).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flows.ordering.hands import Hands, utc_now
from flows.ordering.interfaces import OrderBook
from flows.ordering.life import LOOK_WAITS, Step
from flows.ordering.look_up import looked_at_from, settle
from flows.ordering.states import is_final
from flows.ordering.submit import Sending
from schemas.orders import CallFailed, Intent, IntentState, OrderAnswer


@dataclass(frozen=True, slots=True)
class Pending:
    """An intent that is accepted and not finished, or must be looked up.

    `status` is the newest one of its order that the ledger has, "" when it has none.
    """

    intent: Intent
    status: str = ""


def pending(book: OrderBook, intent_ids: Sequence[str]) -> list[Pending]:
    """Those of the intents that a look may bring on."""
    statuses = book.latest_statuses(intent_ids)
    return [
        Pending(intent, statuses.get(intent.intent_id, ""))
        for intent in book.intents(intent_ids).values()
        if intent.state is IntentState.LOOKING
        or (
            intent.state is IntentState.ACCEPTED
            and not is_final(statuses.get(intent.intent_id, ""))
        )
    ]


async def look_at(hands: Hands, theirs: Sequence[Pending]) -> list[Pending]:
    """One look at the orders of one customer; what is still pending after it.

    A look that fails is left to the next one. A replaced intent's place is taken by its
    replacement, which is sent, as is one that may be sent again.
    """
    intents = [one.intent for one in theirs]
    read_at = utc_now()
    try:
        orders = await hands.api.history(
            intents[0].customer_id,
            min(looked_at_from(intent) for intent in intents),
            sorted({intent.order_type for intent in intents}),
        )
    except CallFailed:
        return list(theirs)
    left = await _note(hands, [one for one in theirs if _is_accepted(one)], orders)
    in_doubt = [one.intent.intent_id for one in theirs if not _is_accepted(one)]
    if not in_doubt:
        return left
    goes_on: list[str] = []
    for one in theirs:
        if not _is_accepted(one):
            looked = await settle(hands, one.intent, orders, read_at)
            goes_on.append(looked.intent.intent_id)
            if looked.step in {Step.SEND_AGAIN, Step.REPLACE}:
                await _send_on(hands, looked.intent.intent_id)
    return left + await asyncio.to_thread(pending, hands.book, goes_on)


def due_after(hands: Hands, intent: Intent) -> timedelta:
    """How long from now an intent in doubt waits for its next look: they grow apart, from 30 s."""
    if intent.looked_at is None or not intent.looks:
        return timedelta(0)
    wait = timedelta(seconds=LOOK_WAITS[min(intent.looks, len(LOOK_WAITS)) - 1])
    return hands.scaled(wait) - (utc_now() - intent.looked_at)


def _is_accepted(one: Pending) -> bool:
    return one.intent.state is IntentState.ACCEPTED


async def _send_on(hands: Hands, intent_id: str) -> None:
    known = await asyncio.to_thread(hands.book.intents, [intent_id])
    await Sending(hands, known[intent_id]).run()


async def _note(
    hands: Hands, theirs: Sequence[Pending], orders: Sequence[OrderAnswer]
) -> list[Pending]:
    """Note what is new of accepted orders; those that are not finished."""
    by_id = {order.order_id: order for order in orders}
    news: dict[str, OrderAnswer] = {}
    left: list[Pending] = []
    for one in theirs:
        order = by_id.get(one.intent.order_id)
        if order is None:
            left.append(one)
            continue
        # What an open order tells comes with its end (section 14): till then its status is all.
        if order.status != one.status:
            news[one.intent.intent_id] = order
        if not is_final(order.status):
            left.append(Pending(one.intent, order.status))
    if news:
        await hands.book.note_outcomes(news, utc_now())
    return left
