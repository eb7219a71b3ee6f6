"""Filling a fresh book from `seed/*`: customers, what they own, past orders (days from now)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from flows.sandbox.book import Book
from flows.sandbox.catalog import Catalog, seed_rows, seed_text
from flows.sandbox.clock import Clock, one_year_after, one_year_before
from flows.sandbox.partner import Partner
from flows.sandbox.records import (
    ACTIVE_SUBSCRIPTION,
    DONE,
    Address,
    CancellingItem,
    Customer,
    LineItem,
    Order,
    Subscription,
)

_NEW_CUSTOMER_AGE = timedelta(days=30)


def fill(book: Book, catalog: Catalog, partner: Partner, clock: Clock) -> None:
    """Enter all seed facts into a fresh book."""
    for client_id, client_secret in partner.clients:
        book.put_client(client_id, client_secret)
    for row in seed_rows("customers.csv"):
        book.put_customer(_customer(row, partner, clock))
    for row in seed_rows("subscriptions.csv"):
        customer = book.customers[row["customer_id"]]
        own(
            book,
            catalog,
            customer,
            product=row["product"],
            quantity=int(row["quantity"]),
            currency=row["currency"],
            status=row["status"] or ACTIVE_SUBSCRIPTION,
            can_be_renewed_late=row["late"] == "yes",
        )
    for facts in json.loads(seed_text("orders.json")):
        created_at = clock.now() - timedelta(days=facts["daysAgo"])
        enter_order(book, catalog, book.customers[facts["customerId"]], facts, created_at)


def own(
    book: Book,
    catalog: Catalog,
    customer: Customer,
    *,
    product: str,
    quantity: int,
    currency: str,
    status: str = ACTIVE_SUBSCRIPTION,
    can_be_renewed_late: bool = False,
) -> Subscription:
    """Licences that a customer has had since the beginning of the term."""
    subscription_id = _subscription_id(customer.customer_id, product, currency)
    before = book.subscription(customer.customer_id, subscription_id)
    if before:
        subscription = replace(before, current_quantity=before.current_quantity + quantity)
    else:
        subscription = Subscription(
            subscription_id=subscription_id,
            customer_id=customer.customer_id,
            offer_id=catalog.products[product].base_offer_id,
            current_quantity=quantity,
            currency_code=currency,
            created_at=customer.created_at,
            renewal_date=customer.coterm_date or one_year_after(customer.created_at.date()),
            status=status,
            auto_renewal=not can_be_renewed_late,
            can_be_renewed_late=can_be_renewed_late,
        )
    book.put_subscription(subscription)
    return subscription


def enter_order(
    book: Book,
    catalog: Catalog,
    customer: Customer,
    facts: dict[str, Any],
    created_at: datetime,
) -> Order:
    """An order of the past; licences of its finished lines belong to the customer."""
    status = facts.get("status", DONE)
    items = [_line(book, catalog, customer, line, status) for line in facts["lineItems"]]
    created_at = created_at.replace(microsecond=0)
    order = Order(
        order_id=facts["orderId"],
        sequence=book.next_sequence(),
        customer_id=customer.customer_id,
        order_type=facts.get("orderType", "NEW"),
        created_at=created_at,
        finishes_at=created_at,
        term_end=customer.coterm_date or one_year_after(created_at.date()),
        status=status,
        line_items=tuple(items),
        external_reference_id=facts.get("externalReferenceId"),
        reference_order_id=facts.get("referenceOrderId", ""),
        cancelling_items=tuple(
            _cancelling_item(customer, item, items[0].currency_code)
            for item in facts.get("cancellingItems", ())
        ),
    )
    book.put_order(order)
    return order


def _customer(row: dict[str, str], partner: Partner, clock: Clock) -> Customer:
    anniversary = _anniversary(row["ad_in_days"], clock.now().date())
    return Customer(
        customer_id=row["customer_id"],
        reseller_id=partner.reseller_id,
        company_name=row["company_name"],
        address=Address(
            row["country"], row["region"], row["city"], row["address_line_1"], row["postal_code"]
        ),
        market_segment=row["market_segment"],
        status=row["status"],
        created_at=_customer_since(anniversary, clock.now()),
        coterm_date=anniversary,
        preferred_language=row["preferred_language"],
    )


def _anniversary(days: str, today: date) -> date | None:
    return today + timedelta(days=int(days)) if days else None


def _customer_since(anniversary: date | None, now: datetime) -> datetime:
    """The beginning of the term, or a month ago for customers who have not ordered yet."""
    now = now.replace(microsecond=0)
    if anniversary is None:
        return now - _NEW_CUSTOMER_AGE
    return now - (now.date() - one_year_before(anniversary))


def _line(
    book: Book, catalog: Catalog, customer: Customer, line: dict[str, Any], status: str
) -> LineItem:
    item = LineItem(
        ext_line_item_number=line["extLineItemNumber"],
        offer_id=line["offerId"],
        quantity=line["quantity"],
        currency_code=line["currencyCode"],
        status=line.get("status", status),
    )
    if item.status != DONE:
        subscription_id = _subscription_id(customer.customer_id, item.product, item.currency_code)
    else:
        owned = own(
            book,
            catalog,
            customer,
            product=item.product,
            quantity=item.quantity,
            currency=item.currency_code,
        )
        subscription_id = owned.subscription_id
    return replace(item, subscription_id=line.get("subscriptionId", subscription_id))


def _cancelling_item(customer: Customer, item: dict[str, Any], currency: str) -> CancellingItem:
    """What an upgrade of the past took away; the licences left are in `subscriptions.csv`."""
    return CancellingItem(
        ext_line_item_number=1,
        reference_line_item_number=1,
        offer_id=item["offerId"],
        quantity=item["quantity"],
        subscription_id=_subscription_id(customer.customer_id, item["offerId"][:10], currency),
    )


def _subscription_id(customer_id: str, product: str, currency: str) -> str:
    """The same for the same seeds, so that seeded books can be compared."""
    digest = sha256(f"{customer_id} {product} {currency}".encode()).hexdigest()
    return f"{digest[:30]}NA"
