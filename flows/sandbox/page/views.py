"""What the page shows of orders, customers and subscriptions: a frozen view for a row or a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from flows.sandbox.catalog import Catalog
from flows.sandbox.marketplace import Marketplace
from flows.sandbox.order_answers import order_answer
from flows.sandbox.records import Customer, Order, Subscription
from flows.sandbox.wire_answers import LineAnswer, Pricing
from schemas.code_tables import Resource, status_codes


@dataclass(frozen=True, slots=True)
class Status:
    """A status with its meaning; `tone` is good, bad, going or quiet."""

    code: str
    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in a list."""

    order_id: str
    order_type: str
    reference: str
    customer_id: str
    company: str
    status: Status
    lines: int
    created: str
    source: str


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of an order; a price is empty until the order is finished. What can still be
    returned is known where part of a line may be returned, and None elsewhere.
    """

    number: int
    offer_id: str
    product: str
    quantity: int
    returnable: int | None
    subscription_id: str
    status: Status
    discounts: str
    unit_price: str
    line_price: str


@dataclass(frozen=True, slots=True)
class CancelledRow:
    """What an upgrade takes away."""

    offer_id: str
    product: str
    quantity: int
    subscription_id: str
    line_price: str


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One order in full."""

    row: OrderRow
    reference_order_id: str
    finishes: str
    reassigns_users: bool
    lines: Sequence[LineRow]
    cancelled: Sequence[CancelledRow]
    total: str
    returned_by: Sequence[OrderRow]


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer in a list."""

    customer_id: str
    company: str
    country: str
    segment: str
    anniversary: str
    status: Status
    subscriptions: int
    orders: int


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """A subscription in a list."""

    subscription_id: str
    customer_id: str
    company: str
    offer_id: str
    product: str
    quantity: int
    used: int
    renewal: str
    renewal_date: str
    renewed_early: str
    status: Status


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """One customer in full."""

    row: CustomerRow
    facts: Sequence[tuple[str, str]]
    subscriptions: Sequence[SubscriptionRow]
    orders: Sequence[OrderRow]
    all_orders: int


def status_of(resource: Resource, code: str) -> Status:
    """The status with the first sentence of its meaning in the code table."""
    known = status_codes().get((resource, code))
    if known is None:
        return Status(code, "", "quiet")
    if code == "1008":
        tone = "quiet"
    elif known.success:
        tone = "good"
    else:
        tone = "bad" if known.terminal or code == "1004" else "going"
    return Status(code, known.meaning.partition(". ")[0].rstrip("."), tone)


def shown_moment(moment: datetime) -> str:
    """`2026-10-03 15:20:41`; the page says once that all times are UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def shown_money(amount: Decimal, currency: str | None) -> str:
    """`1,818.58 USD`."""
    return f"{amount:,} {currency or ''}".strip()


def clock_words(offset: timedelta) -> str:
    """How far the server's clock is off the computer's."""
    seconds = round(offset.total_seconds())
    if seconds == 0:
        return "as this computer's clock"
    days, rest = divmod(abs(seconds), 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    parts = ((days, "day"), (hours, "hour"), (minutes, "minute"), (left, "second"))
    words = [f"{count} {unit}{'s' if count != 1 else ''}" for count, unit in parts if count]
    return f"{' '.join(words)} {'ahead of' if seconds > 0 else 'behind'} this computer's clock"


def order_row(marketplace: Marketplace, order: Order) -> OrderRow:
    """An order as a list shows it."""
    return OrderRow(
        order_id=order.order_id,
        order_type=order.order_type,
        reference=order.external_reference_id or "",
        customer_id=order.customer_id,
        company=_company(marketplace, order.customer_id),
        status=status_of("Order", order.status),
        lines=len(order.line_items),
        created=shown_moment(order.created_at),
        source=order.source,
    )


def order_page(marketplace: Marketplace, order: Order) -> OrderPage:
    """An order in full, with the prices that order get would give."""
    catalog = marketplace.catalog
    with_remaining = marketplace.orders.partial_returns
    answer = order_answer(
        marketplace.book, catalog, order, priced=True, with_remaining=with_remaining
    )
    totals = answer.pricing_summary or []
    return OrderPage(
        row=order_row(marketplace, order),
        reference_order_id=order.reference_order_id,
        finishes=shown_moment(order.finishes_at),
        reassigns_users=order.reassigns_users,
        lines=[_line_row(catalog, line) for line in answer.line_items],
        cancelled=[
            CancelledRow(
                offer_id=item.offer_id,
                product=_product_name(catalog, item.offer_id),
                quantity=item.quantity,
                subscription_id=item.subscription_id,
                line_price=_line_price(item.pricing, answer.currency_code),
            )
            for item in answer.cancelling_items or ()
        ],
        total=", ".join(
            shown_money(total.total_line_item_partner_price, total.currency_code)
            for total in totals
        ),
        returned_by=[
            order_row(marketplace, one) for one in marketplace.book.returns_of(order.order_id)
        ],
    )


def customer_row(marketplace: Marketplace, customer: Customer) -> CustomerRow:
    """A customer as a list shows it."""
    book = marketplace.book
    return CustomerRow(
        customer_id=customer.customer_id,
        company=customer.company_name,
        country=customer.address.country,
        segment=customer.market_segment,
        anniversary=_day(customer.coterm_date),
        status=status_of("Customer", customer.status),
        subscriptions=len(list(book.subscriptions_of(customer.customer_id))),
        orders=book.number_of_orders(customer.customer_id),
    )


def customer_page(marketplace: Marketplace, customer: Customer, most_orders: int) -> CustomerPage:
    """A customer with its subscriptions and newest orders."""
    book = marketplace.book
    owned = book.subscriptions_of(customer.customer_id)
    orders = book.orders_of(customer.customer_id)
    return CustomerPage(
        row=customer_row(marketplace, customer),
        facts=[(name, words) for name, words in _facts(marketplace, customer) if words],
        subscriptions=[subscription_row(marketplace, one) for one in owned],
        orders=[order_row(marketplace, order) for order in reversed(orders[-most_orders:])],
        all_orders=len(orders),
    )


def subscription_row(marketplace: Marketplace, subscription: Subscription) -> SubscriptionRow:
    """A subscription as a list shows it."""
    renewal = "off"
    if subscription.auto_renewal:
        fixed = subscription.renewal_quantity is not None
        renewal = f"{subscription.to_renew}{' (fixed)' if fixed else ''}"
    if subscription.can_be_renewed_late:
        renewal = "by hand (MANUAL_RENEWAL)"
    renewed = subscription.renewed_quantity
    return SubscriptionRow(
        subscription_id=subscription.subscription_id,
        customer_id=subscription.customer_id,
        company=_company(marketplace, subscription.customer_id),
        offer_id=subscription.offer_id,
        product=_product_name(marketplace.catalog, subscription.offer_id),
        quantity=subscription.current_quantity,
        used=subscription.used_quantity,
        renewal=renewal,
        renewal_date=_day(subscription.renewal_date),
        renewed_early="" if renewed is None else str(renewed),
        status=status_of("Subscription", subscription.status),
    )


def _line_row(catalog: Catalog, line: LineAnswer) -> LineRow:
    pricing = line.pricing
    return LineRow(
        number=line.ext_line_item_number,
        offer_id=line.offer_id,
        product=_product_name(catalog, line.offer_id),
        quantity=line.quantity,
        returnable=line.remaining_quantity,
        subscription_id=line.subscription_id,
        status=status_of("OrderLine", line.status),
        discounts=", ".join(_discounts(line)),
        unit_price="" if pricing is None else shown_money(pricing.partner_price, None),
        line_price=_line_price(pricing, line.currency_code),
    )


def _discounts(line: LineAnswer) -> Iterable[str]:
    if line.discount_code:
        yield line.discount_code
    for use in line.flex_discounts or ():
        yield use.code if use.result == "SUCCESS" else f"{use.code} (not applied)"


def _line_price(pricing: Pricing | None, currency: str | None) -> str:
    return "" if pricing is None else shown_money(pricing.line_item_partner_price, currency)


def _facts(marketplace: Marketplace, customer: Customer) -> Iterable[tuple[str, str]]:
    """What is known of a customer beside its row, name and words; empty words are left out."""
    address = customer.address
    lines = (address.address_line_1, address.address_line_2, address.city)
    place = (*lines, f"{address.region} {address.postal_code}".strip(), address.country)
    answer = marketplace.accounts.customer_answer(customer)
    yield "Reseller", customer.reseller_id
    yield "External reference", customer.external_reference_id
    yield "Address", ", ".join(part for part in place if part)
    yield "Language", customer.preferred_language
    yield "Created", shown_moment(customer.created_at)
    yield (
        "Price levels",
        ", ".join(f"{d.offer_type.lower()} {d.level}" for d in answer.discounts),
    )
    yield "Early renewal until", _day(customer.early_renewal_until)
    commitment = customer.commitment
    if commitment:
        term = f"{commitment.start_date} to {commitment.end_date}"
        words = f"{commitment.minimum_licences} licences, {commitment.status}, {term}"
        yield "Three-year commitment", words
    yield "Government agency", "large" if customer.large_government_agency else ""
    yield "Tags", ", ".join(customer.tags)
    yield (
        "Deployments",
        ", ".join(
            f"{d.deployment_id} ({d.country}, {d.currency_code})" for d in customer.deployments
        ),
    )


def _company(marketplace: Marketplace, customer_id: str) -> str:
    customer = marketplace.book.customers.get(customer_id)
    return customer.company_name if customer else ""


def _product_name(catalog: Catalog, offer_id: str) -> str:
    product = catalog.products.get(offer_id[:10])
    return product.name if product else ""


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
