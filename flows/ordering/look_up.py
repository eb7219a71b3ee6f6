"""Looking an intent up: is its order at the marketplace? (docs/protocol.md, Looking up)."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flows.ordering.interfaces import OrderBook, OrdersApi
from schemas.orders import CallFailed, Intent, OrderAnswer

CLOCKS_MAY_DIFFER: Final = timedelta(minutes=10)
"""What sign-in tolerates between the vendor's clock and ours."""


async def look_up(book: OrderBook, api: OrdersApi, intent: Intent) -> None:
    """Bind the intent to its order when exactly one can be it; several make it stuck.

    None found leaves it in doubt: the next run, or following, looks again. A look-up that
    fails changes nothing.
    """
    try:
        orders = await api.history(
            intent.customer_id, intent.written_at - timedelta(days=1), [intent.order_type]
        )
    except CallFailed:
        return
    taken = await asyncio.to_thread(book.order_ids, intent.environment, intent.customer_id)
    ours = [order for order in orders if order.order_id not in taken and matches(order, intent)]
    now = datetime.now(UTC)
    if len(ours) == 1:
        await asyncio.to_thread(book.bind, intent.intent_id, ours[0], now)
    elif ours:
        await asyncio.to_thread(book.mark_stuck, intent.intent_id, now)


def matches(order: OrderAnswer, intent: Intent) -> bool:
    """Whether an order's whole body agrees with the intent's and it is not older than it."""
    body = json.loads(intent.body)
    if order.created_at is None or order.created_at < intent.written_at - CLOCKS_MAY_DIFFER:
        return False
    return (
        order.order_type == intent.order_type
        and order.reference == intent.reference
        and order.reference_order_id == body.get("referenceOrderId", "")
        and _lines_of(order) == _lines_sent(body)
        and _given_up(order) == _to_be_given_up(body)
        and _subscriptions_agree(order, body)
    )


def _lines_of(order: OrderAnswer) -> list[tuple[Any, ...]]:
    return sorted(
        (line.number, line.offer_id[:10], line.quantity, line.deployment_id, line.currency)
        for line in order.lines
    )


def _lines_sent(body: dict[str, Any]) -> list[tuple[Any, ...]]:
    return sorted(
        (
            line["extLineItemNumber"],
            line["offerId"][:10],
            line["quantity"],
            line.get("deploymentId", ""),
            line.get("currencyCode", body.get("currencyCode", "")),
        )
        for line in body.get("lineItems", [])
    )


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
    return all(
        sent.get(line.number, line.subscription_id) == line.subscription_id for line in order.lines
    )
