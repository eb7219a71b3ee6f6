"""Subscriptions, customers and rows to decide about, around one fixed day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from flows.renewals.decide import Case
from schemas.customers import Customer
from schemas.renewals import BookRow, Ceiling, Wish
from schemas.subscriptions import AutoRenewal, Subscription, SubscriptionStatus

TODAY = date(2026, 11, 25)
CUSTOMER, SUBSCRIPTION = "P1005053401", "1f0c2d3e4a5b6c7d8e9f0a1b2c3d4eNA"
OFFER = "65310542CA01A12"


def subscription(
    days: int | None = 20,
    *,
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE,
    quantity: int = 10,
    auto: int | bool = False,
    renewed: int | None = None,
    late: bool = False,
    subscription_id: str = SUBSCRIPTION,
) -> Subscription:
    """`days` from TODAY until its renewal date; `auto` True follows, a number is fixed."""
    fixed = auto if not isinstance(auto, bool) else None
    return Subscription(
        subscriptionId=subscription_id,
        offerId=OFFER,
        currentQuantity=quantity,
        autoRenewal=AutoRenewal(enabled=auto is not False, renewalQuantity=fixed),
        renewedQuantity=renewed,
        renewalDate=None if days is None else TODAY + timedelta(days=days),
        status=status,
        currencyCode="USD",
        allowedActions=("MANUAL_RENEWAL",) if late else (),
    )


def customer(anniversary: date | None, customer_id: str = CUSTOMER) -> Customer:
    return Customer(customerId=customer_id, cotermDate=anniversary)


def row(wish: Wish = Wish.AS_IS, quantity: int | None = None, ceiling: str = "") -> BookRow:
    limit = Ceiling(Decimal(ceiling), "USD") if ceiling else None
    return BookRow(5, CUSTOMER, SUBSCRIPTION, wish, quantity, limit)


def case(owned: Subscription, wanted: BookRow, **more: object) -> Case:
    facts: dict[str, object] = {"customer": customer(owned.renewal_date), **more}
    return Case(row=wanted, subscription=owned, today=TODAY, **facts)  # type: ignore[arg-type]
