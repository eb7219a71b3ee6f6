"""What RETURN alone is checked for (reference, section 10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from flows.sandbox.clock import pacific_day
from flows.sandbox.deals import Deal, SoldLine, Term
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.order_checks import LineFailure, OrderCase, deployments, refuse_lines
from flows.sandbox.part_returns import RETURNABLE_TYPES, check_parts, remaining_quantity
from flows.sandbox.records import DONE, RETURNED, LineItem, Order
from flows.sandbox.wire_requests import LineRequest

RETURN_WINDOW = timedelta(days=14)
"""Counted from creationDate, in UTC, the last second included (C11)."""


def give_back(case: OrderCase) -> Deal:
    """What a RETURN comes to that passes every check that is left, else a refusal."""
    original = _returnable(case)
    deployments(case)
    _check_return_rules(case, original)
    refuse_lines("2129", _lines_consumed(case, original))
    refuse_lines("5133", _lines_below_high_growth(case, original))
    start = original.term_start or pacific_day(original.created_at)
    return Deal(
        lines=tuple(SoldLine(_returned_line(case, line)) for line in case.order.lines),
        term=Term(start, original.term_end),
    )


def _returnable(case: OrderCase) -> Order:
    """2115 unknown to this customer; 2116 not finished, failed, or of a type never returned.

    Where parts may be returned, a switch has a code of its own (section 20).
    """
    original = case.original
    if original is None:
        raise ServiceRefusal("2115")
    if case.partial_returns and original.order_type == "SWITCH":
        raise ServiceRefusal("RETURN_NOT_SUPPORTED_SWITCH_ORDER")
    finished = original.status in (DONE, RETURNED)
    if not finished or original.order_type not in RETURNABLE_TYPES:
        raise ServiceRefusal("2116")
    return original


def _check_return_rules(case: OrderCase, original: Order) -> None:
    """2134 too late, 2131 no such line, 2133 returned before, 2130 offer, 2132 quantity;
    instead of the last the rules of parts, where they may be returned.
    """
    if case.now > original.created_at + RETURN_WINDOW:
        raise ServiceRefusal("2134")
    refuse_lines("2131", _lines_not_found(case, original))
    refuse_lines("2133", _lines_returned(case, original))
    refuse_lines("2130", _lines_with_another_offer(case, original))
    if case.partial_returns:
        check_parts(case, original)
    else:
        refuse_lines("2132", _lines_with_another_quantity(case, original))


def _lines_not_found(case: OrderCase, original: Order) -> Iterator[LineFailure]:
    for line in case.order.lines:
        if original.line(line.ext_line_item_number) is None:
            yield line, "NOT_FOUND"


def _lines_returned(case: OrderCase, original: Order) -> Iterator[LineFailure]:
    """Lines of which nothing is left or, where only whole lines come back, not all is."""
    for line in case.order.lines:
        bought = original.line(line.ext_line_item_number)
        if bought is None:
            continue
        left = remaining_quantity(case.book, original, bought)
        if left < (1 if case.partial_returns else bought.quantity):
            yield line, "ALREADY_RETURNED"


def _lines_with_another_offer(case: OrderCase, original: Order) -> Iterator[LineFailure]:
    for line in case.order.lines:
        bought = original.line(line.ext_line_item_number)
        if bought and bought.offer_id != line.offer_id:
            yield line, "OFFER_MISMATCH"


def _lines_with_another_quantity(case: OrderCase, original: Order) -> Iterator[LineFailure]:
    for line in case.order.lines:
        bought = original.line(line.ext_line_item_number)
        if bought and bought.quantity != line.quantity:
            yield line, "QUANTITY_MISMATCH"


def _lines_consumed(case: OrderCase, original: Order) -> Iterator[LineFailure]:
    """Credits that have been used cannot be given back (2129/INELIGIBLE_CONSUMED)."""
    for line in case.order.lines:
        bought = original.line(line.ext_line_item_number)
        product = case.catalog.products.get(line.offer_id[:10])
        if bought is None or product is None or not product.is_consumable:
            continue
        owned = case.book.subscription(case.customer.customer_id, bought.subscription_id)
        if owned and owned.used_quantity > 0:
            yield line, "INELIGIBLE_CONSUMED"


def _lines_below_high_growth(case: OrderCase, original: Order) -> Iterator[LineFailure]:
    """5133: a part would be left that is smaller than the offer's minimum."""
    for line in case.order.lines:
        bought = original.line(line.ext_line_item_number)
        owned = case.subscription(bought.subscription_id) if bought else None
        minimum = case.catalog.high_growth_minimum(owned.offer_id) if owned else None
        if owned and minimum and 0 < owned.current_quantity - line.quantity < minimum:
            yield line, "BELOW_HIGH_GROWTH_MINIMUM"


def _returned_line(case: OrderCase, line: LineRequest) -> LineItem:
    return LineItem(
        ext_line_item_number=line.ext_line_item_number,
        offer_id=line.offer_id,
        quantity=line.quantity,
        currency_code=case.order.currency_of(line),
        deployment_id=line.deployment_id or None,
    )
