"""Orders as they go out (reference, sections 8.5, 13.1 and 15)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from flows.sandbox.book import Book
from flows.sandbox.buying import SoldLine
from flows.sandbox.catalog import Catalog
from flows.sandbox.clock import one_year_after, pacific_day, wire_moment
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.order_checks import OrderCase
from flows.sandbox.prices import LinePrice, line_price
from flows.sandbox.records import DONE, FlexDiscountUse, LineItem, Order
from flows.sandbox.wire import (
    FlexDiscountAnswer,
    LineAnswer,
    OrderAnswer,
    PreviewAnswer,
    PriceTotal,
    Pricing,
    self_link,
)


def preview_answer(case: OrderCase, lines: list[SoldLine], *, priced: bool) -> PreviewAnswer:
    """What the order would be. Prices of mixed currencies are refused with 2148."""
    currency = _only_currency(lines)
    if priced and currency is None:
        raise ServiceRefusal("2148")
    prices = [_preview_price(case, line) for line in lines] if priced else None
    return PreviewAnswer(
        external_reference_id=case.order.external_reference_id,
        customer_id=case.customer.customer_id,
        currency_code=currency,
        order_type=case.order.order_type,
        line_items=[
            _line_answer(line_item(line, status=""), prices[place] if prices else None)
            for place, line in enumerate(lines)
        ],
        pricing_summary=_summary(prices, currency),
        creation_date=wire_moment(case.now),
    )


def order_answer(book: Book, catalog: Catalog, order: Order, *, priced: bool) -> OrderAnswer:
    """A placed order; prices where they are asked for and to be had."""
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
        line_items=[
            _line_answer(item, prices[place] if prices else None)
            for place, item in enumerate(order.line_items)
        ],
        creation_date=wire_moment(order.created_at),
        links=self_link(f"/v3/customers/{order.customer_id}/orders/{order.order_id}"),
        pricing_summary=_summary(prices, order.currency_code),
    )


def line_item(line: SoldLine, *, status: str) -> LineItem:
    """The line of the order that a checked request line becomes."""
    discount = line.flex_discount
    return LineItem(
        ext_line_item_number=line.request.ext_line_item_number,
        offer_id=line.offer_id,
        quantity=line.request.quantity,
        currency_code=line.currency_code,
        status=status,
        deployment_id=line.request.deployment_id or None,
        discount_code=line.discount_code,
        flex_discounts=(FlexDiscountUse(discount.id, discount.code),) if discount else (),
    )


def _only_currency(lines: list[SoldLine]) -> str | None:
    currencies = {line.currency_code for line in lines}
    return currencies.pop() if len(currencies) == 1 else None


def _preview_price(case: OrderCase, line: SoldLine) -> LinePrice:
    return line_price(
        case.catalog,
        offer_id=line.offer_id,
        currency_code=line.currency_code,
        quantity=line.request.quantity,
        flex_discount=line.flex_discount,
        order_day=case.today,
        term_end=case.customer.coterm_date or one_year_after(case.today),
    )


def _order_prices(book: Book, catalog: Catalog, order: Order) -> list[LinePrice] | None:
    """Prices of the order day: finished orders in one currency only (reference, 13.1)."""
    if order.status != DONE or order.currency_code is None:
        return None
    return [_item_price(book, catalog, order, item) for item in order.line_items]


def _item_price(book: Book, catalog: Catalog, order: Order, item: LineItem) -> LinePrice:
    """What the line cost; a RETURN gives back what was paid for the original line."""
    if order.order_type == "RETURN":
        order = book.orders[order.reference_order_id]
        item = order.line(item.ext_line_item_number) or item
    use = item.flex_discounts[0] if item.flex_discounts else None
    return line_price(
        catalog,
        offer_id=item.offer_id,
        currency_code=item.currency_code,
        quantity=item.quantity,
        flex_discount=catalog.flex_discount_by_id(use.id) if use else None,
        order_day=pacific_day(order.created_at),
        term_end=order.term_end,
    )


def _line_answer(item: LineItem, price: LinePrice | None) -> LineAnswer:
    return LineAnswer(
        ext_line_item_number=item.ext_line_item_number,
        offer_id=item.offer_id,
        quantity=item.quantity,
        subscription_id=item.subscription_id,
        status=item.status,
        currency_code=item.currency_code,
        deployment_id=item.deployment_id,
        discount_code=item.discount_code,
        flex_discounts=[
            FlexDiscountAnswer(id=use.id, code=use.code, result="SUCCESS")
            for use in item.flex_discounts
        ]
        or None,
        prorated_days=price.prorated_days if price else None,
        pricing=_pricing(price) if price else None,
    )


def _pricing(price: LinePrice) -> Pricing:
    return Pricing(
        partner_price=price.partner_price,
        discounted_partner_price=price.discounted_partner_price,
        net_partner_price=price.net_partner_price,
        line_item_partner_price=price.line_item_partner_price,
    )


def _summary(prices: Sequence[LinePrice] | None, currency: str | None) -> list[PriceTotal] | None:
    if prices is None or currency is None:
        return None
    total = sum((price.line_item_partner_price for price in prices), Decimal("0.00"))
    return [PriceTotal(total_line_item_partner_price=total, currency_code=currency)]
