"""What the marketplace's book holds: customers, subscriptions, orders, tokens, answers, calls.

Frozen: a change is a new value put into the book under the same id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

OPEN = "1002"
DONE = "1000"
FAILED = "1004"
RETURNED = "1008"
FAILED_STATUSES = frozenset({"1004", "1020", "1022", "1024", "1026"})

ACTIVE_SUBSCRIPTION = "1000"
LAPSED_SUBSCRIPTION = "1004"
SCHEDULED_SUBSCRIPTION = "1009"

ACTIVE_CUSTOMER = "1000"
NEW_CUSTOMER = "1002"
"""Its account is being checked; it may order already (reference, section 7.1)."""

INACTIVE_CUSTOMER_STATUSES = frozenset({"1004", "1010", "1012", "1014"})
"""Orders of such a customer are accepted and fail with 1024 (reference, section 7.1)."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A place outside the home country where a customer uses licences (worldwide sales)."""

    deployment_id: str
    country: str
    currency_code: str


@dataclass(frozen=True, slots=True)
class Commitment:
    """A three-year commitment (reference, section 7.1)."""

    start_date: date
    end_date: date
    status: str
    minimum_licences: int


@dataclass(frozen=True, slots=True)
class Address:
    """Where a company is."""

    country: str
    region: str = ""
    city: str = ""
    address_line_1: str = ""
    postal_code: str = ""
    address_line_2: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at a company."""

    first_name: str
    last_name: str
    email: str


LICENCE_DESK = Contact("Licence", "Desk", "licences@customer.example")
"""Whom the seeded customers name."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer; `coterm_date` is the anniversary date, None before the first order.

    `early_renewal_until` is the renewal date while an early renewal is in progress (C33);
    `checked_at` is when the check of a new account ends.
    """

    customer_id: str
    reseller_id: str
    company_name: str
    address: Address
    market_segment: str
    status: str
    created_at: datetime
    coterm_date: date | None = None
    external_reference_id: str = ""
    preferred_language: str = "en-US"
    global_sales_enabled: bool = False
    deployments_in_contract: bool = True
    deployments: tuple[Deployment, ...] = ()
    tags: tuple[str, ...] = ()
    discount_code: str | None = None
    commitment: Commitment | None = None
    recommitment: Commitment | None = None
    large_government_agency: bool = False
    early_renewal_until: date | None = None
    market_sub_segments: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = (LICENCE_DESK,)
    checked_at: datetime | None = None

    @property
    def is_inactive(self) -> bool:
        """Whether its orders fail once they are looked at."""
        return self.status in INACTIVE_CUSTOMER_STATUSES

    def deployment(self, deployment_id: str) -> Deployment | None:
        """The customer's deployment of that id."""
        return next((d for d in self.deployments if d.deployment_id == deployment_id), None)


@dataclass(frozen=True, slots=True)
class FlexDiscountUse:
    """A flexible discount as it stands on a line."""

    id: str
    code: str
    result: Literal["SUCCESS", "FAILURE"] = "SUCCESS"


@dataclass(frozen=True, slots=True)
class LineItem:
    """One line of a placed order."""

    ext_line_item_number: int
    offer_id: str
    quantity: int
    currency_code: str
    status: str = OPEN
    subscription_id: str = ""
    deployment_id: str | None = None
    discount_code: str | None = None
    flex_discounts: tuple[FlexDiscountUse, ...] = ()

    @property
    def product(self) -> str:
        """The first ten signs of the offer id (reference, section 1)."""
        return self.offer_id[:10]


@dataclass(frozen=True, slots=True)
class CancellingItem:
    """What a switch (or its revert) takes away (reference, section 8.1)."""

    ext_line_item_number: int
    reference_line_item_number: int
    offer_id: str
    quantity: int
    subscription_id: str
    discount_code: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A placed order. It is billed from `term_start` (None: from its own day) to the day
    before `term_end`.

    `sequence` orders what was created within one second; `finishes_at` is when an open
    order is looked at; `will_fail` says what comes of it then.
    """

    order_id: str
    sequence: int
    customer_id: str
    order_type: str
    created_at: datetime
    finishes_at: datetime
    term_end: date
    status: str
    line_items: tuple[LineItem, ...]
    external_reference_id: str | None = None
    reference_order_id: str = ""
    source: str = "API"
    cancelling_items: tuple[CancellingItem, ...] = ()
    term_start: date | None = None
    reassigns_users: bool = False
    will_fail: bool = False

    def line(self, number: int) -> LineItem | None:
        """The line with that extLineItemNumber."""
        return next((i for i in self.line_items if i.ext_line_item_number == number), None)

    @property
    def currency_code(self) -> str | None:
        """The currency, when all lines have the same."""
        currencies = {item.currency_code for item in self.line_items}
        return currencies.pop() if len(currencies) == 1 else None


@dataclass(frozen=True, slots=True)
class Subscription:
    """Licences of one product; `renewal_quantity` None follows the current quantity.

    `renewed_quantity` is what was renewed early for the coming term, None when nothing was;
    `renewed_on` the renewal date that was last renewed, early, late or by itself.
    `can_be_renewed_late` is the allowed action MANUAL_RENEWAL.
    """

    subscription_id: str
    customer_id: str
    offer_id: str
    current_quantity: int
    currency_code: str
    created_at: datetime
    renewal_date: date
    status: str = ACTIVE_SUBSCRIPTION
    used_quantity: int = 0
    auto_renewal: bool = True
    renewal_quantity: int | None = None
    deployment_id: str | None = None
    renewed_quantity: int | None = None
    renewed_on: date | None = None
    can_be_renewed_late: bool = False
    flex_discount_codes: tuple[str, ...] = ()
    renewal_code: str | None = None

    @property
    def product(self) -> str:
        """The first ten signs of the offer id."""
        return self.offer_id[:10]

    @property
    def is_active(self) -> bool:
        """Whether licences are in use."""
        return self.status == ACTIVE_SUBSCRIPTION

    @property
    def to_renew(self) -> int:
        """Licences that the automatic renewal is to go on with, early ones included."""
        return self.current_quantity if self.renewal_quantity is None else self.renewal_quantity

    @property
    def left_to_renew(self) -> int:
        """Present licences that have not been renewed early."""
        return max(self.current_quantity - (self.renewed_quantity or 0), 0)


@dataclass(frozen=True, slots=True)
class Token:
    """A sign-in; only a digest of the token is kept."""

    digest: str
    client_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CallKey:
    """What makes two calls the same intent (reference, section 4.5, rule 3)."""

    api_key: str
    method: str
    path: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as the service gave it; `order_id` is the order it made, if it made one."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One API call as it came and as it was answered; the Authorization value is never kept."""

    number: int
    server_time: datetime
    api_key: str | None
    method: str
    path: str
    query: str
    correlation_id: str | None
    request_id: str | None
    request_body: str
    status: int | None
    answer_body: bytes | None
    executed: bool
    replayed: bool
    fault: str | None
    order_id: str | None
