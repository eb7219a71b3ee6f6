"""What the switch family is checked for, and what it comes to (reference, section 12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from flows.sandbox.buying import check_eligibility, entitled_offer, licences_owned
from flows.sandbox.catalog import Product
from flows.sandbox.deals import Deal, SoldLine, Term
from flows.sandbox.errors import ServiceRefusal, line_reason
from flows.sandbox.levels import Levels, entitled_levels
from flows.sandbox.order_checks import (
    OrderCase,
    check_not_renewing_early,
    check_offers,
    deployments,
    refuse_lines,
)
from flows.sandbox.records import (
    DONE,
    FAILED_STATUSES,
    CancellingItem,
    LineItem,
    Order,
    Subscription,
)
from flows.sandbox.renewable import is_renewable
from flows.sandbox.upgrade_paths import UpgradePath, upgrade_paths
from flows.sandbox.wire_requests import CancellingRequest

REVERT_WINDOW = timedelta(days=14)
"""Counted like the window of returns: from creationDate, the last second included."""


def switch(case: OrderCase) -> Deal:
    """What a mid-term upgrade comes to that passes every check that is left, else a refusal."""
    check_offers(case)
    deployments(case)
    _check_pointers(case)
    check_not_renewing_early(case)
    source = _source(case, case.order.cancelled[0].subscription_id)
    target = case.product(case.order.lines[0])
    _check_products(case, target)
    _check_path(case, source, target)
    levels = _levels(case)
    check_eligibility(case, levels)
    offer_id = entitled_offer(case, levels, case.order.lines[0])
    given_up = _at_present_level(case, levels, source)
    _check_charge(case, offer_id, given_up)
    deal = _deal(case, offer_id, given_up, subscription_id="")
    return replace(deal, will_fail=_is_being_switched(case, source))


def _is_being_switched(case: OrderCase, source: Subscription) -> bool:
    """One switch of a subscription at a time: the second is accepted and fails (12.2)."""
    under_way = case.book.open_orders_of(case.customer.customer_id, "SWITCH")
    return any(
        order.cancelling_items[0].subscription_id == source.subscription_id for order in under_way
    )


def revert(case: OrderCase) -> Deal:
    """What taking an upgrade back comes to, else a refusal."""
    switched = _switch_to_revert(case)
    check_offers(case)
    deployments(case)
    _check_pointers(case)
    check_not_renewing_early(case)
    created, old = _subscriptions_of(case, switched)
    line = case.order.lines[0]
    if line.offer_id[:10] != old.product:
        refuse_lines("2150", [(line, "NOT_THE_ORIGINAL_PRODUCT")])
    if line.quantity != switched.line_items[0].quantity:
        refuse_lines("2149", [(line, "NOT_THE_SWITCHED_QUANTITY")])
    _check_products(case, case.product(line))
    levels = _levels(case)
    check_eligibility(case, levels)
    offer_id = entitled_offer(case, levels, line)
    given_up = _at_present_level(case, levels, created)
    return _deal(case, offer_id, given_up, subscription_id=old.subscription_id)


def _check_pointers(case: OrderCase) -> None:
    """2153 line and cancelling item do not point at each other, 2149 quantities differ."""
    line, cancelled = case.order.lines[0], case.order.cancelled[0]
    numbers = {
        line.ext_line_item_number,
        cancelled.ext_line_item_number,
        cancelled.reference_line_item_number,
    }
    if len(numbers) > 1:
        refuse_lines("2153", [(line, "REFERENCE_MISMATCH")])
    if line.quantity != cancelled.quantity:
        refuse_lines("2149", [(line, "QUANTITY_MISMATCH")])


def _source(case: OrderCase, subscription_id: str) -> Subscription:
    """3115: the subscription that gives licences up must be active."""
    source = case.subscription(subscription_id)
    if source is None or not source.is_active:
        raise _not_active(case.order.cancelled[0])
    return source


def _check_products(case: OrderCase, target: Product) -> None:
    """3132: the product cannot be ordered in this way."""
    if not is_renewable(target, case.customer):
        refuse_lines("3132", [(case.order.lines[0], "PRODUCT_NOT_ALLOWED")])


def _check_path(case: OrderCase, source: Subscription, target: Product) -> None:
    """2151 more than there is, 2154 products that are excluded, 2150 no path."""
    line, cancelled = case.order.lines[0], case.order.cancelled[0]
    if cancelled.quantity > source.current_quantity:
        raise ServiceRefusal("2151", [_of_cancelled(cancelled, "QUANTITY_ABOVE_CURRENT")])
    excluded = case.catalog.products[source.product].is_consumable or bool(
        case.catalog.high_growth_minimum(source.offer_id)
    )
    if excluded or (line.deployment_id or None) != source.deployment_id:
        refuse_lines("2154", [(line, "SWITCH_NOT_SUPPORTED")])
    path = _path(source.product, target.product)
    is_partial = cancelled.quantity < source.current_quantity
    if path is None or (path.switch_type == "FULL_ONLY" and is_partial):
        refuse_lines("2150", [(line, "NO_UPGRADE_PATH" if path is None else "FULL_ONLY")])


def _path(source: str, target: str) -> UpgradePath | None:
    return next(
        (path for path in upgrade_paths() if (path.source, path.target) == (source, target)), None
    )


def _check_charge(case: OrderCase, offer_id: str, given_up: CancellingItem) -> None:
    """2154: an upgrade that would end in a refund (section 12.2)."""
    currency = case.order.currency_of(case.order.lines[0])
    price = case.catalog.list_price(offer_id, currency, case.today)
    if price < case.catalog.list_price(given_up.offer_id, currency, case.today):
        refuse_lines("2154", [(case.order.lines[0], "WOULD_BE_A_REFUND")])


def _switch_to_revert(case: OrderCase) -> Order:
    """2115 unknown, 2116 no finished switch, 3115 reverted already, 2134 too late."""
    switched = case.original
    if switched is None:
        raise ServiceRefusal("2115")
    if switched.order_type != "SWITCH" or switched.status != DONE:
        raise ServiceRefusal("2116")
    reverts = case.book.returns_of(switched.order_id)
    if any(order.status not in FAILED_STATUSES for order in reverts):
        raise _not_active(case.order.cancelled[0])
    if case.now > switched.created_at + REVERT_WINDOW:
        raise ServiceRefusal("2134")
    return switched


def _subscriptions_of(case: OrderCase, switched: Order) -> tuple[Subscription, Subscription]:
    """The one that the switch created and the one it took from; either may be named (C44)."""
    named = case.order.cancelled[0]
    created = case.subscription(switched.line_items[0].subscription_id)
    old = case.subscription(switched.cancelling_items[0].subscription_id)
    if created is None or old is None or not created.is_active:
        raise _not_active(named)
    if named.subscription_id not in (created.subscription_id, old.subscription_id):
        raise _not_active(named, "NOT_OF_THIS_SWITCH")
    return created, old


def _levels(case: OrderCase) -> Levels:
    """The present ones: an exchange adds no licences."""
    owned = licences_owned(case.book, case.catalog, case.customer.customer_id, consumables=False)
    return entitled_levels(case.catalog, case.customer, licences=owned, consumables=1)


def _at_present_level(case: OrderCase, levels: Levels, source: Subscription) -> CancellingItem:
    """The cancelling item as it will stand in the order."""
    asked = case.order.cancelled[0]
    product = case.catalog.products[source.product]
    return CancellingItem(
        ext_line_item_number=asked.ext_line_item_number,
        reference_line_item_number=asked.reference_line_item_number,
        offer_id=product.offer_id(levels.licences) if levels.licences else source.offer_id,
        quantity=asked.quantity,
        subscription_id=source.subscription_id,
        discount_code=asked.discount_code or None,
    )


def _deal(
    case: OrderCase, offer_id: str, given_up: CancellingItem, *, subscription_id: str
) -> Deal:
    line = case.order.lines[0]
    item = LineItem(
        ext_line_item_number=line.ext_line_item_number,
        offer_id=offer_id,
        quantity=line.quantity,
        currency_code=case.order.currency_of(line),
        status="",
        subscription_id=subscription_id,
        deployment_id=line.deployment_id or None,
        discount_code=line.discount_code or None,
    )
    anniversary = case.customer.coterm_date or case.today
    return Deal((SoldLine(item),), Term(case.today, anniversary), (given_up,))


def _not_active(cancelled: CancellingRequest, reason: str = "NOT_FOUND") -> ServiceRefusal:
    """3115, with the status it has on orders (C8)."""
    return ServiceRefusal("3115", [_of_cancelled(cancelled, reason)], status=400)


def _of_cancelled(cancelled: CancellingRequest, reason: str) -> str:
    return line_reason(cancelled.ext_line_item_number, reason)
