"""What NEW and PREVIEW are checked for, and the lines as they will be sold (section 9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flows.sandbox.book import Book
from flows.sandbox.catalog import Catalog, FlexDiscount, Product
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.flex_discounts import discounts
from flows.sandbox.levels import AGENCY_LEVELS, Levels, entitled_levels
from flows.sandbox.order_checks import LineFailure, OrderCase, deployments, refuse_lines
from flows.sandbox.records import ACTIVE_SUBSCRIPTION
from flows.sandbox.wire import LineRequest

CLOSED_BEFORE_ANNIVERSARY = timedelta(days=1)
"""From then until the renewal has run, nothing new is sold (C42); Pacific days."""

_HVD_CUSTOMER = "HVD_MIGRATED_CUSTOMER"


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line as it will be sold: a PREVIEW may have corrected its level and discount code."""

    request: LineRequest
    offer_id: str
    currency_code: str
    flex_discount: FlexDiscount | None
    discount_code: str | None


def sell(case: OrderCase) -> list[SoldLine]:
    """The lines of an order that passes every check that is left, else a refusal."""
    _check_offers(case)
    deployments(case)
    _check_ordering_window(case)
    levels = _levels(case)
    _check_eligibility(case, levels)
    flex_discounts = discounts(case)
    hvd_code = _entitled_discount_code(case)
    _check_discount_codes(case, hvd_code)
    return [
        SoldLine(
            request=line,
            offer_id=_entitled_offer(case, levels, line),
            currency_code=case.order.currency_of(line),
            flex_discount=flex_discount,
            discount_code=None if _product(case, line).is_consumable else hvd_code,
        )
        for line, flex_discount in zip(case.order.lines, flex_discounts, strict=True)
    ]


def licences_owned(book: Book, catalog: Catalog, customer_id: str, *, consumables: bool) -> int:
    """Licences (or consumables) in the customer's active subscriptions."""
    return sum(
        subscription.current_quantity
        for subscription in book.subscriptions_of(customer_id)
        if subscription.status == ACTIVE_SUBSCRIPTION
        and catalog.products[subscription.product].is_consumable == consumables
    )


def _check_offers(case: OrderCase) -> None:
    """2122 not on the price list, then 2128 not sold in this currency."""
    on_sale = case.catalog.offers
    refuse_lines(
        "2122",
        ((line, "INVALID_OFFER_ID") for line in case.order.lines if line.offer_id not in on_sale),
    )
    refuse_lines("2128", _lines_in_wrong_currency(case))


def _check_ordering_window(case: OrderCase) -> None:
    """5122: the anniversary is too near, or has passed without a renewal."""
    anniversary = case.customer.coterm_date
    if anniversary and case.today >= anniversary - CLOSED_BEFORE_ANNIVERSARY:
        raise ServiceRefusal("5122")


def _check_eligibility(case: OrderCase, levels: Levels) -> None:
    """2124 the partner's contract, 1170 small agency orders, 2129 the customer's rights."""
    lines = case.order.lines
    refuse_lines(
        "2124",
        (
            (line, "PROGRAMME_NOT_ALLOWED")
            for line in lines
            if _product(case, line).programme not in case.programmes
        ),
    )
    refuse_lines(
        "1170",
        (
            (line, "BELOW_AGENCY_MINIMUM")
            for line in lines
            if levels.of(_product(case, line)) is None
        ),
    )
    refuse_lines("2129", _ineligible_lines(case, levels))


def _levels(case: OrderCase) -> Levels:
    """By licences owned, on order and in this order (reference, section 7.4)."""
    return entitled_levels(
        case.catalog,
        case.customer,
        licences=_in_all(case, consumables=False),
        consumables=_in_all(case, consumables=True),
    )


def _in_all(case: OrderCase, *, consumables: bool) -> int:
    """Owned, plus orders under way, plus this one.

    Orders under way count at once, so that the level does not depend on how quickly they
    finish; those of an inactive customer will fail and do not count.
    """
    products = case.catalog.products
    customer_id = case.customer.customer_id
    total = licences_owned(case.book, case.catalog, customer_id, consumables=consumables)
    if not case.customer.is_inactive:
        total += sum(
            quantity
            for product, quantity in case.book.on_order(customer_id).items()
            if products[product].is_consumable == consumables
        )
    return total + sum(
        line.quantity
        for line in case.order.lines
        if _product(case, line).is_consumable == consumables
    )


def _product(case: OrderCase, line: LineRequest) -> Product:
    return case.catalog.products[line.offer_id[:10]]


def _lines_in_wrong_currency(case: OrderCase) -> Iterator[LineFailure]:
    for line in case.order.lines:
        sold_in = _product(case, line).currencies
        if sold_in and case.order.currency_of(line) not in sold_in:
            yield line, "CURRENCY_NOT_FOR_OFFER"


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
    product = _product(case, line)
    if case.customer.market_segment not in product.segments:
        return "INELIGIBLE_MARKET_SEGMENT"
    if product.needs and not product.needs & in_hand:
        return "INELIGIBLE_ADD_ON"
    if case.is_preview or line.offer_id == _entitled_offer(case, levels, line):
        return None
    if line.offer_id[10:12] in AGENCY_LEVELS and not case.customer.large_government_agency:
        return "Not an LGA Customer"
    return "INELIGIBLE_PRICE_LEVEL"


def _products_in_hand(case: OrderCase) -> set[str]:
    """Products that are in this order or owned already."""
    ordered = {line.offer_id[:10] for line in case.order.lines}
    return ordered | {
        subscription.product
        for subscription in case.book.subscriptions_of(case.customer.customer_id)
        if subscription.status == ACTIVE_SUBSCRIPTION
    }


def _entitled_offer(case: OrderCase, levels: Levels, line: LineRequest) -> str:
    product = _product(case, line)
    level = levels.of(product)
    return product.offer_id(level) if level else line.offer_id


def _entitled_discount_code(case: OrderCase) -> str | None:
    """The high-volume code of a migrated customer; nobody else has one (section 8.1)."""
    return case.customer.discount_code if _HVD_CUSTOMER in case.customer.tags else None


def _check_discount_codes(case: OrderCase, entitled: str | None) -> None:
    """5135 in NEW for a missing or wrong code; a PREVIEW corrects it. Both spellings (C25)."""
    if case.is_preview:
        return
    refuse_lines(
        "5135",
        (
            (line, "INVALID_DISCOUNT_CODE")
            for line in case.order.lines
            if _spelling(line.discount_code)
            != _spelling(None if _product(case, line).is_consumable else entitled)
        ),
    )


def _spelling(discount_code: str | None) -> str:
    return (discount_code or "").replace("_", "")
