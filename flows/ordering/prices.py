"""What an answer of the marketplace says of money (reference, sections 11.3 and 15.1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from schemas.orders import LineAnswer, OrderAnswer

EXPIRED: Final = "1004"
"""Status of a previewed line whose product would not renew (reference, section 11.3)."""


def read_answer(body: str) -> OrderAnswer:
    """The answer to a preview, from its body as the ledger keeps it."""
    return OrderAnswer.read(body.encode())


def line_price(line: LineAnswer | None) -> Decimal | None:
    """What the partner pays for a line, where the answer says so."""
    return line.pricing.line_price if line and line.pricing else None


def total_of(order: OrderAnswer) -> tuple[Decimal | None, str]:
    """The vendor's own total and its currency; orders that mix currencies have none (15.1)."""
    totals = totals_of(order)
    if len(totals) != 1:
        return None, ""
    ((currency, amount),) = totals.items()
    return amount, currency


def totals_of(order: OrderAnswer) -> dict[str, Decimal | None]:
    """The vendor's own totals by currency; None where an amount is missing.

    A total contains lines that would not renew (section 11.3); they are taken out again.
    """
    totals: dict[str, Decimal | None] = {}
    for part in order.price_sums:
        before = totals.get(part.currency, Decimal(0))
        if before is None or part.amount is None:
            totals[part.currency] = None
        else:
            totals[part.currency] = before + part.amount
    if order.order_type != "PREVIEW_RENEWAL":
        return totals
    for line in order.lines:
        price = line_price(line)
        if line.status != EXPIRED or price is None:
            continue
        currency = line.currency if line.currency in totals else next(iter(totals), "")
        amount = totals.get(currency)
        if amount is not None:
            totals[currency] = amount - price
    return totals
