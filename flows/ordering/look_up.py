"""Looking an intent up: is its order at the marketplace? (docs/protocol.md, Looking up)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from flows.ordering.hands import Hands, utc_now
from flows.ordering.interfaces import OrderBook
from flows.ordering.life import TOO_OLD, Found, Look, Step, after_look, is_faulted
from schemas.orders import CallFailed, Intent, IntentState, OrderAnswer

CLOCKS_MAY_DIFFER: Final = timedelta(minutes=10)
"""What sign-in tolerates between the vendor's clock and ours."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What a look-up led to; `intent` is the one that goes on: the same, or its replacement."""

    step: Step
    intent: Intent


async def look_up(hands: Hands, intent: Intent) -> LookedUp:
    """Ask the marketplace and take the step that the table says.

    A question that fails leaves the intent as it is, to be looked at again.
    """
    read_at = utc_now()
    try:
        orders = await hands.api.history(
            intent.customer_id, looked_at_from(intent), [intent.order_type]
        )
    except CallFailed:
        return LookedUp(Step.LOOK_AGAIN, intent)
    return await settle(hands, intent, orders, read_at)


def looked_at_from(intent: Intent) -> datetime:
    """From when on its order can have been created."""
    return intent.written_at - timedelta(days=1)


async def settle(
    hands: Hands, intent: Intent, orders: Sequence[OrderAnswer], read_at: datetime
) -> LookedUp:
    """Take the step for an intent whose customer's orders were read.

    `orders` are all of the intent's type since its first moment, asked for at `read_at`: what was
    not found is judged by that moment, since an order may have appeared after it.
    """
    book, now = hands.book, utc_now()
    intent, taken = await asyncio.to_thread(_as_it_stands, book, intent)
    if intent.state is not IntentState.LOOKING:
        return LookedUp(Step.LOOK_AGAIN, intent)  # somebody else has settled it meanwhile
    ours = [order for order in orders if order.order_id not in taken and matches(order, intent)]
    look = _look(hands, intent, len(ours), read_at)
    step = after_look(look)
    match step:
        case Step.BIND:
            reached = await book.bind(intent.intent_id, ours[0], now)
            if reached is not IntentState.ACCEPTED:
                return LookedUp(Step.STICK, replace(intent, state=reached))
        case Step.STICK:
            await book.stick(intent.intent_id, _why_stuck(ours, look), now)
        case Step.LOOK_AGAIN:
            await book.looked(intent.intent_id, now)
        case Step.SEND_AGAIN:
            await book.send_again(intent.intent_id, now)
        case Step.REPLACE:
            new = replacement(hands, intent)
            if await book.replace(new, now, hands.lease):
                return LookedUp(step, new)
            return LookedUp(Step.LOOK_AGAIN, intent)
    return LookedUp(step, intent)


def _why_stuck(ours: Sequence[OrderAnswer], look: Look) -> str:
    if ours:
        return f"could be any of {', '.join(order.order_id for order in ours)}"
    if look.old:
        return "not found, and too old to be sent again"
    return "not found, and a person is to decide (ORDERDROP_RESEND=ask)"


def _as_it_stands(book: OrderBook, intent: Intent) -> tuple[Intent, frozenset[str]]:
    """The intent now, and the order ids of its customer that are bound already."""
    taken = book.order_ids(intent.environment, intent.customer_id)
    return book.intents([intent.intent_id])[intent.intent_id], taken


def _look(hands: Hands, intent: Intent, found: int, read_at: datetime) -> Look:
    since_sent = read_at - (intent.last_sent_at or intent.written_at)
    return Look(
        found=(Found.NONE, Found.ONE)[found] if found < 2 else Found.MORE,
        old=read_at - intent.written_at > TOO_OLD,
        clock_back=hands.clock_back,
        settled=intent.looks > 0 and since_sent > hands.scaled(hands.settle),
        faulted=is_faulted(intent),
        same_key=intent.key_fingerprint == hands.key_fingerprint,
        asks=hands.resend == "ask",
    )


def replacement(hands: Hands, intent: Intent) -> Intent:
    """A new intent for the same rows: the same body, a new correlation id, the key in use."""
    return Intent(
        intent_id=str(uuid4()),
        account=intent.account,
        environment=intent.environment,
        key_fingerprint=hands.key_fingerprint,
        customer_id=intent.customer_id,
        order_type=intent.order_type,
        reference=intent.reference,
        body=intent.body,
        body_key=intent.body_key,
        correlation_id=str(uuid4()),
        written_at=utc_now(),
        workbook_hash=intent.workbook_hash,
        reassign_users=intent.reassign_users,
        state=IntentState.WRITTEN,
        replaces=intent.intent_id,
        under_repeat=intent.under_repeat,
    )


def matches(order: OrderAnswer, intent: Intent) -> bool:
    """Whether an order's whole body agrees with the intent's and it is not older than it."""
    return not differences(order, intent)


def differences(order: OrderAnswer, intent: Intent) -> list[str]:
    """In which respects an order cannot be the intent's, in words; none when it can be."""
    body = json.loads(intent.body)
    oldest = intent.written_at - CLOCKS_MAY_DIFFER
    agreements = (
        (order.created_at is not None and order.created_at >= oldest, "it is older"),
        (order.order_type == intent.order_type, f"its type is {order.order_type}"),
        (order.reference == intent.reference, f"its reference is {order.reference or 'empty'}"),
        (
            order.reference_order_id == body.get("referenceOrderId", ""),
            f"it refers to order {order.reference_order_id or 'none'}",
        ),
        (_lines_agree(order, body), "its lines differ"),
        (_given_up(order) == _to_be_given_up(body), "what it gives up differs"),
        (_subscriptions_agree(order, body), "its subscriptions differ"),
    )
    return [words for agrees, words in agreements if not agrees]


def _lines_agree(order: OrderAnswer, body: dict[str, Any]) -> bool:
    numbered = _is_numbered(order)
    told = sorted(
        (
            line.number if numbered else 0,
            line.offer_id[:10],
            line.quantity,
            line.deployment_id,
            line.currency or order.currency,
        )
        for line in order.lines
    )
    sent = sorted(
        (
            line["extLineItemNumber"] if numbered else 0,
            line["offerId"][:10],
            line["quantity"],
            line.get("deploymentId", ""),
            line.get("currencyCode", body.get("currencyCode", "")),
        )
        for line in body.get("lineItems", [])
    )
    return told == sent


def _is_numbered(order: OrderAnswer) -> bool:
    """An order told without line numbers may still be ours: it goes by what its lines hold."""
    return all(line.number for line in order.lines)


def _given_up(order: OrderAnswer) -> list[tuple[str, int]]:
    return sorted((item.subscription_id, item.quantity) for item in order.cancelled)


def _to_be_given_up(body: dict[str, Any]) -> list[tuple[str, int]]:
    items = body.get("cancellingItems", [])
    return sorted((item["subscriptionId"], item["quantity"]) for item in items)


def _subscriptions_agree(order: OrderAnswer, body: dict[str, Any]) -> bool:
    """A subscription that we named must be the one on the line; others are the vendor's to add."""
    sent = {
        line["extLineItemNumber"]: line["subscriptionId"]
        for line in body.get("lineItems", [])
        if "subscriptionId" in line
    }
    if not _is_numbered(order):
        return set(sent.values()) <= {line.subscription_id for line in order.lines}
    return all(
        sent.get(line.number, line.subscription_id) == line.subscription_id for line in order.lines
    )
