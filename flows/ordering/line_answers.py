"""What an answer of the marketplace says line by line, beside the rows that asked for it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from flows.ordering.prices import line_price, total_of
from schemas.entries import Entry
from schemas.orders import OrderAnswer
from schemas.outcomes import RowAnswer


def same_on_all(entry: Entry, answer: RowAnswer) -> list[RowAnswer]:
    return [replace(answer, row=row) for row, _ in entry.lines]


def missed_discounts(order: OrderAnswer) -> list[str]:
    """Discount codes that the marketplace did not honour (also inside a 2xx)."""
    return [
        discount.code
        for line in order.lines
        for discount in line.flex_discounts
        if discount.result == "FAILURE"
    ]


def with_lines(entry: Entry, base: RowAnswer, order: OrderAnswer) -> list[RowAnswer]:
    lines = {line.number: line for line in order.lines}
    total, currency = total_of(order)
    answers = []
    for row, number in entry.lines:
        line = lines.get(number)
        # `replace` would take longer than all else that is done for a row.
        answers.append(
            RowAnswer(
                row=row,
                state=base.state,
                result=base.result,
                order_id=base.order_id,
                order_status=base.order_status,
                line_status=line.status if line else "",
                line_subscription_id=line.subscription_id if line else "",
                offer_sold=line.offer_id if line else "",
                line_price=line_price(line),
                order_total=total,
                price_currency=currency,
                error_code=base.error_code,
                what_happened=base.what_happened,
                what_to_do=base.what_to_do,
                answered_at=base.answered_at,
                approvable=base.approvable,
                asks_anew=base.asks_anew,
                points_at_others=base.points_at_others,
            )
        )
    return answers


def moved(order: OrderAnswer) -> str:
    """Which licences went where."""
    if not order.cancelled or not order.lines or not order.lines[0].subscription_id:
        return ""
    old, new = order.cancelled[0], order.lines[0]
    return (
        f" {new.quantity} licences moved from subscription {old.subscription_id} to "
        f"{new.subscription_id}."
    )


def exchange(order: OrderAnswer) -> str:
    """What an upgrade costs and gives back; the vendor's signs differ, so sizes are told (C26)."""
    new = [line_price(line) for line in order.lines]
    old = [item.pricing.line_price if item.pricing else None for item in order.cancelled]
    if not old or None in new or None in old:
        return ""
    costs = sum((abs(price) for price in new if price is not None), Decimal(0))
    gives = sum((abs(price) for price in old if price is not None), Decimal(0))
    return f" The new licences cost {costs:,.2f}, those given up bring back {gives:,.2f}."
