"""What the automatic renewal will do with a customer's subscriptions (sections 11.2, 11.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flows.sandbox.book import Book
from flows.sandbox.catalog import Catalog
from flows.sandbox.clock import one_year_after
from flows.sandbox.deals import Deal, EligibleOffer, SoldLine, Term
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.flex_discounts import ALL_FORGIVEN, Buyer, Granted, Wish, grant, reusable_codes
from flows.sandbox.levels import entitled_discount_code, entitled_levels
from flows.sandbox.records import (
    DONE,
    FAILED,
    LAPSED_SUBSCRIPTION,
    Customer,
    LineItem,
    Subscription,
)
from flows.sandbox.renewable import is_renewable

RENEWAL_CODES = {"MOQ_100": "14X", "MOQ_250": "14Y", "MOQ_500": "14Z"}
"""High-growth offers by the code that asks for them (reference, sections 7.4 and 8.5)."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """What is left to renew of one subscription, and at which offer."""

    subscription: Subscription
    offer_id: str
    quantity: int
    granted: Granted
    will_renew: bool


def automatic_renewal(
    book: Book, catalog: Catalog, customer: Customer, now: datetime, currency_code: str | None
) -> Deal:
    """PREVIEW_RENEWAL without lines. 2136 nothing is to renew by itself, 2164 nothing is left.

    A product that has expired stands there with 1004, prices and all (section 11.3).
    """
    running = [
        s
        for s in book.subscriptions_of(customer.customer_id)
        if s.status != LAPSED_SUBSCRIPTION
        and s.auto_renewal
        and currency_code in (None, "", s.currency_code)
    ]
    if not running:
        raise ServiceRefusal("2136")
    renewals = [r for r in outlook(book, catalog, customer, running, now) if r.quantity > 0]
    if not renewals:
        raise ServiceRefusal("2164")
    start = min(renewal.subscription.renewal_date for renewal in renewals)
    return Deal(
        lines=tuple(
            SoldLine(
                renewal_line(customer, number, renewal, DONE if renewal.will_renew else FAILED),
                renewal.granted.discount,
            )
            for number, renewal in enumerate(renewals, 1)
        ),
        term=Term(start, one_year_after(start)),
        eligible_offers=_eligible_offers(catalog, customer, renewals),
    )


def outlook(
    book: Book,
    catalog: Catalog,
    customer: Customer,
    subscriptions: Sequence[Subscription],
    now: datetime,
) -> list[Renewal]:
    """One renewal for each of these subscriptions, at the level worked out anew."""
    licences = sum(max(s.to_renew, s.renewed_quantity or 0) for s in subscriptions)
    levels = entitled_levels(catalog, customer, licences=max(licences, 1), consumables=1)
    buyer = Buyer(book, catalog, customer, now)
    wishes = [
        Wish(
            number,
            catalog.products[s.product],
            s.currency_code,
            s.flex_discount_codes or reusable_codes(buyer, s.product),
            has_other_discount=entitled_discount_code(customer) is not None,
        )
        for number, s in enumerate(subscriptions, 1)
    ]
    granted = grant(buyer, wishes, ALL_FORGIVEN)
    return [
        Renewal(
            subscription=s,
            offer_id=_offer_at_renewal(catalog, s, levels.licences),
            quantity=max(s.to_renew - (s.renewed_quantity or 0), 0),
            granted=given,
            will_renew=is_renewable(catalog.products[s.product], customer),
        )
        for s, given in zip(subscriptions, granted, strict=True)
    ]


def renewal_line(customer: Customer, number: int, renewal: Renewal, status: str) -> LineItem:
    """The line of a renewal order."""
    subscription = renewal.subscription
    return LineItem(
        ext_line_item_number=number,
        offer_id=renewal.offer_id,
        quantity=renewal.quantity,
        currency_code=subscription.currency_code,
        status=status,
        subscription_id=subscription.subscription_id,
        deployment_id=subscription.deployment_id,
        discount_code=entitled_discount_code(customer),
        flex_discounts=renewal.granted.uses,
    )


def _offer_at_renewal(catalog: Catalog, subscription: Subscription, level: str | None) -> str:
    product = catalog.products[subscription.product]
    if subscription.renewal_code:
        return product.high_growth_offer_id(RENEWAL_CODES[subscription.renewal_code])
    if catalog.high_growth_minimum(subscription.offer_id):
        return subscription.offer_id
    return product.offer_id(level) if level else subscription.offer_id


def _eligible_offers(
    catalog: Catalog, customer: Customer, renewals: Sequence[Renewal]
) -> tuple[EligibleOffer, ...]:
    """High-growth offers for committed customers of products that have them (section 8.5)."""
    if customer.commitment is None:
        return ()
    products = [catalog.products[renewal.subscription.product] for renewal in renewals]
    offers = []
    for product in products:
        if not product.has_high_growth_offers:
            continue
        for code, level in RENEWAL_CODES.items():
            offer_id = product.high_growth_offer_id(level)
            minimum = catalog.high_growth_minimum(offer_id)
            if minimum:
                offers.append(EligibleOffer(offer_id, code, minimum, ("THREE_YEAR_COMMIT",)))
    return tuple(offers)
