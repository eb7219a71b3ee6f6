"""Giving back part of a line: what is left of it, and which parts are refused.

Published on 13 August 2026 (reference, section 20); the server has a switch for it, off by
default. Of the two published forms of the errors this is the one with words: a part of a
stock credit pack is refused like one of a high-growth offer, with a reason that tells.
"""

from __future__ import annotations

from collections.abc import Iterator

from flows.sandbox.book import Book
from flows.sandbox.buying import licences_owned
from flows.sandbox.levels import is_committed
from flows.sandbox.order_checks import (
    LineFailure,
    OrderCase,
    refuse_lines,
    takes_back_an_early_renewal,
)
from flows.sandbox.records import DONE, FAILED_STATUSES, OPEN, LineItem, Order
from flows.sandbox.wire_requests import LineRequest

RETURNABLE_TYPES = frozenset({"NEW", "RENEWAL"})


def remaining_quantity(book: Book, order: Order, item: LineItem) -> int:
    """What of a line may still be given back; returns under way count at once, so that
    nothing is given back twice.
    """
    if item.status not in (OPEN, DONE):
        return 0
    returns = (r for r in book.returns_of(order.order_id) if r.status not in FAILED_STATUSES)
    return max(item.quantity - sum(_quantity(r, item) for r in returns), 0)


def quantity_kept(book: Book, order: Order, item: LineItem) -> int:
    """What of a line has not come back yet; returns under way do not count."""
    returns = (r for r in book.returns_of(order.order_id) if r.status == DONE)
    return item.quantity - sum(_quantity(r, item) for r in returns)


def _quantity(returned: Order, item: LineItem) -> int:
    line = returned.line(item.ext_line_item_number)
    return line.quantity if line else 0


def check_parts(case: OrderCase, original: Order) -> None:
    """More than is left, kinds that are given back whole only, then the committed minimum.

    A line given back whole is none of a part: it is judged as ever.
    """
    refuse_lines("RETURN_QTY_EXCEEDS_REMAINING", _lines_above_remaining(case, original))
    parts = [line for line in case.order.lines if _is_part(original, line)]
    refuse_lines("RETURN_NOT_SUPPORTED_MOQ_SKU", _lines_returned_whole_only(case, parts))
    refuse_lines("RETURN_VIOLATES_3YC_MCQ", _lines_below_commitment(case, original, parts))


def _is_part(original: Order, line: LineRequest) -> bool:
    bought = original.line(line.ext_line_item_number)
    return bought is not None and line.quantity != bought.quantity


def _lines_above_remaining(case: OrderCase, original: Order) -> Iterator[LineFailure]:
    for line in case.order.lines:
        bought = original.line(line.ext_line_item_number)
        if bought and line.quantity > remaining_quantity(case.book, original, bought):
            yield line, "ABOVE_REMAINING_QUANTITY"


def _lines_returned_whole_only(case: OrderCase, parts: list[LineRequest]) -> Iterator[LineFailure]:
    for line in parts:
        if case.catalog.high_growth_minimum(line.offer_id):
            yield line, "HIGH_GROWTH_OFFER"
        elif case.product(line).is_consumable:
            yield line, "PARTIAL_CANCELLATION_NOT_ALLOWED_FOR_SCP_OR_CONSUMABLE"


def _lines_below_commitment(
    case: OrderCase, original: Order, parts: list[LineRequest]
) -> Iterator[LineFailure]:
    """All parts of an order that would leave fewer licences than a three-year customer is to
    keep; parts of an early renewal take no present licence away.
    """
    commitment = case.customer.commitment
    if commitment is None or not is_committed(case.customer):
        return
    customer_id = case.customer.customer_id
    owned = licences_owned(case.book, case.catalog, customer_id, consumables=False)
    under_way = case.book.open_orders_of(customer_id, "RETURN")
    leaving = sum(
        item.quantity
        for returned in under_way
        for item in returned.line_items
        if _takes_licences(case, case.book.orders[returned.reference_order_id], item)
    )
    given_up = [line for line in case.order.lines if _takes_licences(case, original, line)]
    leaving += sum(line.quantity for line in given_up)
    if owned - leaving < commitment.minimum_licences:
        for line in parts:
            if line in given_up:
                yield line, "THREE_YEAR_COMMIT"


def _takes_licences(case: OrderCase, original: Order, line: LineRequest | LineItem) -> bool:
    """Whether a returned line lowers the number of licences, which consumables are not."""
    bought = original.line(line.ext_line_item_number)
    owned = case.subscription(bought.subscription_id) if bought else None
    if owned is None or takes_back_an_early_renewal(original, owned):
        return False
    return not case.catalog.products[owned.product].is_consumable
