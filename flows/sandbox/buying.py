"""What NEW and PREVIEW are checked for, and the lines as they will be sold (section 9)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from flows.sandbox.book import Book
from flows.sandbox.catalog import Catalog, Product
from flows.sandbox.clock import one_year_after, one_year_before
from flows.sandbox.deals import Deal, SoldLine, Term
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.flex_discounts import discounts
from flows.sandbox.levels import AGENCY_LEVELS, Levels, entitled_discount_code, entitled_levels
from flows.sandbox.order_checks import (
    LineFailure,
    OrderCase,
    check_not_renewing_early,
    check_offers,
    check_programmes,
    deployments,
    refuse_lines,
)
from flows.sandbox.records import DONE, OPEN, LineItem
from flows.sandbox.wire_requests import LineRequest

CLOSED_BEFORE_ANNIVERSARY = timedelta(days=1)
"""From then until the renewal has run, nothing new is sold (C42); UTC days, as it runs by."""


def sell(case: OrderCase) -> Deal:
    """What an order comes to that passes every check that is left, else a refusal."""
    _check_on_sale(case)
    deployments(case)
    check_not_renewing_early(case)
    _check_ordering_window(case)
    levels = _levels(case)
    check_eligibility(case, levels)
    granted = discounts(case)
    hvd_code = entitled_discount_code(case.customer)
    check_discount_codes(case, hvd_code)
    return Deal(
        lines=tuple(
            SoldLine(
                LineItem(
                    ext_line_item_number=line.ext_line_item_number,
                    offer_id=entitled_offer(case, levels, line),
                    quantity=line.quantity,
                    currency_code=case.order.currency_of(line),
                    status="",
                    deployment_id=line.deployment_id or None,
                    discount_code=None if case.product(line).is_consumable else hvd_code,
                    flex_discounts=given.uses,
                ),
                given.discount,
            )
            for line, given in zip(case.order.lines, granted, strict=True)
        ),
        term=Term(case.today, _term_end(case)),
    )


def licences_owned(book: Book, catalog: Catalog, customer_id: str, *, consumables: bool) -> int:
    """Licences (or consumables) in the customer's active subscriptions."""
    return sum(
        subscription.current_quantity
        for subscription in book.subscriptions_of(customer_id)
        if subscription.is_active
        and catalog.products[subscription.product].is_consumable == consumables
    )


def _check_on_sale(case: OrderCase) -> None:
    """2122 not on the price list any more or never, then 2128 not sold in this currency."""
    refuse_lines(
        "2122",
        (
            (line, "INVALID_OFFER_ID")
            for line in case.order.lines
            if not case.catalog.is_on_sale(line.offer_id)
        ),
    )
    check_offers(case)


def _check_ordering_window(case: OrderCase) -> None:
    """5122: the anniversary is too near, or has come and the renewal has not run yet."""
    anniversary = case.customer.coterm_date
    if anniversary is None or case.utc_day < anniversary - CLOSED_BEFORE_ANNIVERSARY:
        return
    if case.utc_day < anniversary or _waits_for_renewal(case, anniversary):
        raise ServiceRefusal("5122")


def _waits_for_renewal(case: OrderCase, anniversary: date) -> bool:
    return any(
        owned.is_active and owned.renewal_date <= anniversary
        for owned in case.book.subscriptions_of(case.customer.customer_id)
    )


def _term_end(case: OrderCase) -> date:
    """The anniversary; a year from now for a first order, or when all has lapsed."""
    anniversary = case.customer.coterm_date
    if anniversary is None or anniversary <= case.utc_day:
        return one_year_after(case.today)
    return anniversary


def check_eligibility(case: OrderCase, levels: Levels) -> None:
    """2124 the partner's contract, 1169 and 1170 agencies, 2129 the customer's rights."""
    check_programmes(case)
    refuse_lines(
        "1169",
        (
            (line, "NOT_SOLD_TO_AGENCIES")
            for line in case.order.lines
            if case.customer.large_government_agency and not case.product(line).sold_to_agencies
        ),
    )
    refuse_lines(
        "1170",
        (
            (line, "BELOW_AGENCY_MINIMUM")
            for line in case.order.lines
            if levels.of(case.product(line)) is None
        ),
    )
    refuse_lines("2129", _ineligible_lines(case, levels))


def _levels(case: OrderCase) -> Levels:
    """By licences owned, on order and in this order (reference, section 7.4)."""
    products = case.catalog.products
    licences = consumables = 0
    for product, quantity in _in_all(case):
        if products[product].is_consumable:
            consumables += quantity
        else:
            licences += quantity
    return entitled_levels(case.catalog, case.customer, licences=licences, consumables=consumables)


def _in_all(case: OrderCase) -> Iterator[tuple[str, int]]:
    """Products and quantities owned, then those of orders under way, then those of this one.

    Orders under way count at once, so that the level does not depend on how quickly they
    finish; those of an inactive customer will fail and do not count.
    """
    customer_id = case.customer.customer_id
    for owned in case.book.subscriptions_of(customer_id):
        if owned.is_active:
            yield owned.product, owned.current_quantity
    if not case.customer.is_inactive:
        yield from case.book.on_order(customer_id).items()
    for line in case.order.lines:
        yield line.offer_id[:10], line.quantity


def _ineligible_lines(case: OrderCase, levels: Levels) -> Iterator[LineFailure]:
    in_hand = _products_in_hand(case)
    for line in case.order.lines:
        reason = _ineligible(case, levels, in_hand, line)
        if reason:
            yield line, reason


def _ineligible(
    case: OrderCase, levels: Levels, in_hand: set[str], line: LineRequest
) -> str | None:
    """Why the customer may not buy this line, if so (reference, 2129 in the error table)."""
    return _unfit_product(case, case.product(line), in_hand) or _unfit_level(case, levels, line)


def _unfit_product(case: OrderCase, product: Product, in_hand: set[str]) -> str | None:
    if case.customer.market_segment not in product.segments:
        return "INELIGIBLE_MARKET_SEGMENT"
    if product.needs and not product.needs & in_hand:
        return "INELIGIBLE_ADD_ON"
    if case.is_purchase and _clashes(case, product, in_hand):
        return "INELIGIBLE_SWITCH"
    if case.is_purchase and product.once_per_term and _was_bought(case, product):
        return "CUSTOMER_NOT_ELIGIBLE_FOR_PURCHASE"
    return None


def _unfit_level(case: OrderCase, levels: Levels, line: LineRequest) -> str | None:
    """High-growth offers are for those who came to them at a renewal; a PREVIEW corrects the
    level of all others.
    """
    if case.catalog.high_growth_minimum(line.offer_id) and not _owns(case, line.offer_id):
        return "INELIGIBLE_HIGH_GROWTH_OFFER"
    if case.is_preview or line.offer_id == entitled_offer(case, levels, line):
        return None
    if line.offer_id[10:12] in AGENCY_LEVELS and not case.customer.large_government_agency:
        return "Not an LGA Customer"
    return "INELIGIBLE_PRICE_LEVEL"


def _clashes(case: OrderCase, product: Product, in_hand: set[str]) -> bool:
    """Whether it does not go with another product; either of the two may say so."""
    products = case.catalog.products
    return bool(product.excludes & in_hand) or any(
        product.product in products[other].excludes for other in in_hand
    )


def _was_bought(case: OrderCase, product: Product) -> bool:
    """In the present term, and neither failed nor given back."""
    return any(
        item.product == product.product and item.status in (OPEN, DONE)
        for order in case.book.orders_of(case.customer.customer_id)
        if order.order_type == "NEW" and order.created_at.date() >= _term_start(case)
        for item in order.line_items
    )


def _term_start(case: OrderCase) -> date:
    """The last anniversary; the customer's own beginning before there was any."""
    anniversary = case.customer.coterm_date
    if anniversary is None:
        return case.customer.created_at.date()
    return anniversary if anniversary <= case.utc_day else one_year_before(anniversary)


def _products_in_hand(case: OrderCase) -> set[str]:
    """Products that are in this order or owned already."""
    ordered = {line.offer_id[:10] for line in case.order.lines}
    return ordered | {
        subscription.product
        for subscription in case.book.subscriptions_of(case.customer.customer_id)
        if subscription.is_active
    }


def _owns(case: OrderCase, offer_id: str) -> bool:
    owned = case.book.subscriptions_of(case.customer.customer_id)
    return any(s.offer_id == offer_id and s.is_active for s in owned)


def entitled_offer(case: OrderCase, levels: Levels, line: LineRequest) -> str:
    """The line's product at the level the customer is entitled to; high-growth offers stay."""
    if case.catalog.high_growth_minimum(line.offer_id):
        return line.offer_id
    product = case.product(line)
    level = levels.of(product)
    return product.offer_id(level) if level else line.offer_id


def check_discount_codes(case: OrderCase, entitled: str | None) -> None:
    """5135 in NEW for a missing or wrong code; a PREVIEW corrects it. Both spellings (C25)."""
    if case.is_preview:
        return
    refuse_lines(
        "5135",
        (
            (line, "INVALID_DISCOUNT_CODE")
            for line in case.order.lines
            if _spelling(line.discount_code)
            != _spelling(None if case.product(line).is_consumable else entitled)
        ),
    )


def _spelling(discount_code: str | None) -> str:
    return (discount_code or "").replace("_", "")
