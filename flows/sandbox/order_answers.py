"""Orders as they go out (reference, sections 8.5, 13.1 and 15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from flows.sandbox.book import Book
from flows.sandbox.catalog import Catalog, FlexDiscount
from flows.sandbox.clock import pacific_day, wire_moment
from flows.sandbox.deals import Deal, EligibleOffer, Term
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.order_checks import OrderCase
from flows.sandbox.part_returns import RETURNABLE_TYPES, remaining_quantity
from flows.sandbox.prices import LinePrice, line_price
from flows.sandbox.records import DONE, CancellingItem, LineItem, Order
from flows.sandbox.wire_answers import (
    CancellingAnswer,
    EligibilityCriteria,
    EligibleOfferAnswer,
    FlexDiscountAnswer,
    LineAnswer,
    OrderAnswer,
    PreviewAnswer,
    PriceTotal,
    Pricing,
    self_link,
)

_PRICES_SINCE = datetime(2026, 3, 23, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Prices:
    """The prices of an order in one currency, line by line."""

    currency: str
    lines: Sequence[LinePrice]
    cancelled: Sequence[LinePrice]

    def summary(self) -> list[PriceTotal]:
        """New minus cancelled (C26)."""
        total = sum((price.line_item_partner_price for price in self.lines), Decimal("0.00"))
        total -= sum((price.line_item_partner_price for price in self.cancelled), Decimal("0.00"))
        return [PriceTotal(total_line_item_partner_price=total, currency_code=self.currency)]


def preview_answer(case: OrderCase, deal: Deal, *, priced: bool) -> PreviewAnswer:
    """What the order would be. Prices of mixed currencies are refused with 2148."""
    currency = _only_currency([line.item for line in deal.lines])
    prices = _preview_prices(case, deal, currency) if priced else None
    return PreviewAnswer(
        reference_order_id=case.order.reference_order_id or "",
        external_reference_id=case.order.external_reference_id or "",
        customer_id=case.customer.customer_id,
        currency_code=currency,
        order_type=case.order.order_type,
        line_items=_line_answers([line.item for line in deal.lines], prices),
        cancelling_items=_cancelling_answers(deal.cancelled, prices),
        pricing_summary=prices.summary() if prices else None,
        eligible_offers=[_eligible_offer(offer) for offer in deal.eligible_offers] or None,
        creation_date=wire_moment(case.now),
    )


def order_answer(
    book: Book, catalog: Catalog, order: Order, *, priced: bool, with_remaining: bool = False
) -> OrderAnswer:
    """A placed order; prices where they are asked for and to be had, and what remains to be
    returned where parts of a line may be (section 20).
    """
    prices = _order_prices(book, catalog, order) if priced else None
    return OrderAnswer(
        reference_order_id=order.reference_order_id,
        external_reference_id=order.external_reference_id,
        order_id=order.order_id,
        customer_id=order.customer_id,
        currency_code=order.currency_code,
        order_type=order.order_type,
        status=order.status,
        source=order.source,
        line_items=_line_answers(
            order.line_items, prices, _remaining(book, order) if with_remaining else None
        ),
        cancelling_items=_cancelling_answers(order.cancelling_items, prices),
        creation_date=wire_moment(order.created_at),
        links=self_link(f"/v3/customers/{order.customer_id}/orders/{order.order_id}"),
        pricing_summary=prices.summary() if prices else None,
    )


def _remaining(book: Book, order: Order) -> list[int] | None:
    """Line by line; None for an order that is not returned in parts, a RETURN above all."""
    if order.order_type not in RETURNABLE_TYPES:
        return None
    return [remaining_quantity(book, order, item) for item in order.line_items]


def _only_currency(items: Sequence[LineItem]) -> str | None:
    currencies = {item.currency_code for item in items}
    return currencies.pop() if len(currencies) == 1 else None


def _preview_prices(case: OrderCase, deal: Deal, currency: str | None) -> _Prices:
    if currency is None:
        raise ServiceRefusal("2148")
    terms = _Terms(case.catalog, currency, case.today, deal.term)
    return _Prices(
        currency,
        [terms.price_of(line.item, line.flex_discount) for line in deal.lines],
        [terms.price_of(item) for item in deal.cancelled],
    )


def _order_prices(book: Book, catalog: Catalog, order: Order) -> _Prices | None:
    """Prices of the order day: finished orders in one currency only, placed since there are
    prices (reference, 13.1).
    """
    currency = order.currency_code
    if order.status != DONE or currency is None or order.created_at < _PRICES_SINCE:
        return None
    # A RETURN gives back what was paid for the original lines, or for parts of them.
    paid = book.orders[order.reference_order_id] if order.order_type == "RETURN" else order
    day = pacific_day(paid.created_at)
    terms = _Terms(catalog, currency, day, Term(paid.term_start or day, paid.term_end))
    return _Prices(
        currency,
        [
            terms.price_of(replace(bought, quantity=item.quantity), _honoured(catalog, bought))
            for item in order.line_items
            if (bought := paid.line(item.ext_line_item_number))
        ],
        [terms.price_of(item) for item in order.cancelling_items],
    )


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the lines of one order are priced by."""

    catalog: Catalog
    currency: str
    price_day: date
    term: Term

    def price_of(
        self, item: LineItem | CancellingItem, flex_discount: FlexDiscount | None = None
    ) -> LinePrice:
        """The price of a line, or what a cancelled one is still worth."""
        return line_price(
            self.catalog,
            offer_id=item.offer_id,
            currency_code=self.currency,
            quantity=item.quantity,
            flex_discount=flex_discount,
            price_day=self.price_day,
            term_start=self.term.start,
            term_end=self.term.end,
        )


def _honoured(catalog: Catalog, item: LineItem) -> FlexDiscount | None:
    honoured = (use for use in item.flex_discounts if use.result == "SUCCESS")
    return next((catalog.flex_discount_by_id(use.id) for use in honoured), None)


def _line_answers(
    items: Sequence[LineItem], prices: _Prices | None, remaining: Sequence[int] | None = None
) -> list[LineAnswer]:
    return [
        _line_answer(
            item,
            prices.lines[place] if prices else None,
            remaining[place] if remaining else None,
        )
        for place, item in enumerate(items)
    ]


def _line_answer(item: LineItem, price: LinePrice | None, remaining: int | None) -> LineAnswer:
    return LineAnswer(
        ext_line_item_number=item.ext_line_item_number,
        offer_id=item.offer_id,
        quantity=item.quantity,
        remaining_quantity=remaining,
        subscription_id=item.subscription_id,
        status=item.status,
        currency_code=item.currency_code,
        deployment_id=item.deployment_id,
        discount_code=item.discount_code,
        flex_discounts=[
            FlexDiscountAnswer(id=use.id, code=use.code, result=use.result)
            for use in item.flex_discounts
        ]
        or None,
        prorated_days=price.prorated_days if price else None,
        pricing=_pricing(price) if price else None,
    )


def _cancelling_answers(
    items: Sequence[CancellingItem], prices: _Prices | None
) -> list[CancellingAnswer] | None:
    return [
        CancellingAnswer(
            ext_line_item_number=item.ext_line_item_number,
            reference_line_item_number=item.reference_line_item_number,
            offer_id=item.offer_id,
            quantity=item.quantity,
            subscription_id=item.subscription_id,
            discount_code=item.discount_code,
            pricing=_pricing(prices.cancelled[place]) if prices else None,
        )
        for place, item in enumerate(items)
    ] or None


def _pricing(price: LinePrice) -> Pricing:
    return Pricing(
        partner_price=price.partner_price,
        discounted_partner_price=price.discounted_partner_price,
        net_partner_price=price.net_partner_price,
        line_item_partner_price=price.line_item_partner_price,
    )


def _eligible_offer(offer: EligibleOffer) -> EligibleOfferAnswer:
    return EligibleOfferAnswer(
        offer_id=offer.offer_id,
        renewal_code=offer.renewal_code,
        eligibility_criteria=EligibilityCriteria(
            min_quantity=offer.min_quantity, additional_criteria=list(offer.additional_criteria)
        ),
    )
