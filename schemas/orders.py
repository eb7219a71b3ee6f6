"""An order as the sheet says it, an intent to place it, and what the marketplace answered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from pydantic import AliasChoices, Field

from schemas.faults import Stop
from schemas.outcomes import Environment
from schemas.wire import OptionalMoment, Text, Wire


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One row of an order. Ids are text; "" and None mean that the cell was empty."""

    row: int
    number: int
    offer_id: str
    quantity: int | None
    currency: str
    subscription_id: str = ""
    deployment_id: str = ""
    discount_code: str = ""
    flex_discount_codes: tuple[str, ...] = ()
    cancelling_subscription_id: str = ""
    cancelling_quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """The rows that share one externalReferenceId.

    `earlier_order_id` is the order id that stood beside the rows when they were dropped in
    (evidence of an earlier run), `repeat` the user's wish to place the same order once more.
    `approve` is no when one row says so, or when some say yes and others nothing; yes when all
    do; None when nobody says anything. `numbered` says that the sheet numbers the lines; without
    that they are numbered as they stand, and sorting the sheet makes no other order of it.
    """

    reference: str
    customer_id: str
    order_type: str
    reference_order_id: str
    lines: tuple[OrderLine, ...]
    reassign_users: bool = False
    repeat: bool = False
    earlier_order_id: str = ""
    numbered: bool = True
    approve: bool | None = None

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows of the sheet it stands on, as Excel counts."""
        return tuple(line.row for line in self.lines)


class IntentState(StrEnum):
    """Where an intent stands (docs/protocol.md, States)."""

    WRITTEN = "written"
    SENT = "sent"
    LOOKING = "looking"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    STUCK = "stuck"
    RETIRED = "retired"


ALSO: Final = "answered also with order "
"""How the doubt of an accepted intent begins whose send has brought a second order."""

UNSETTLED: Final = frozenset({IntentState.SENT, IntentState.LOOKING, IntentState.STUCK})
"""What people see as "In doubt"."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One decision to place one order; body and correlation id never change.

    `doubt` says why it is looked up (a `Kind` or `Doubt` of ordering.life), "" when it is not;
    `looks` counts the look-ups since its last send that found nothing. `replaces` is the
    retired intent whose place it took. `under_repeat` says that it was written because the rows
    asked to place the same order once more.
    """

    intent_id: str
    account: str
    environment: Environment
    key_fingerprint: str
    customer_id: str
    order_type: str
    reference: str
    body: bytes
    body_key: str
    correlation_id: str
    written_at: datetime
    workbook_hash: str
    reassign_users: bool
    state: IntentState
    sends: int = 0
    first_sent_at: datetime | None = None
    last_sent_at: datetime | None = None
    order_id: str = ""
    error_code: str = ""
    error_message: str = ""
    error_details: tuple[str, ...] = ()
    answered_at: datetime | None = None
    doubt: str = ""
    looks: int = 0
    looked_at: datetime | None = None
    replaces: str = ""
    under_repeat: bool = False


# --- what comes back over the wire; unknown fields are ignored (reference, section 1) ---


class FlexDiscountAnswer(Wire):
    """A flexible discount on a line and whether it was honoured (reference, section 8.5)."""

    discount_id: Text = Field("", alias="id")
    code: Text = ""
    result: Text = ""


class PricingAnswer(Wire):
    """Prices of one line, Decimal in the line's currency (reference, section 15.1).

    Either name is read where the vendor uses two (C5). `line_price` is what the partner pays
    for the line; nothing is computed from `net_price`: it is shown cut.
    """

    partner_price: Decimal | None = Field(None, alias="partnerPrice")
    discounted_price: Decimal | None = Field(None, alias="discountedPartnerPrice")
    net_price: Decimal | None = Field(
        None,
        validation_alias=AliasChoices("netPartnerPrice", "proratedPartnerPrice"),
        serialization_alias="netPartnerPrice",
    )
    line_price: Decimal | None = Field(
        None,
        validation_alias=AliasChoices("lineItemPartnerPrice", "lineItemPrice"),
        serialization_alias="lineItemPartnerPrice",
    )


class LineAnswer(Wire):
    """One line of an order in an answer; `number` is 0 where the marketplace names none."""

    number: int = Field(0, alias="extLineItemNumber")
    offer_id: Text = Field("", alias="offerId")
    quantity: int = 0
    subscription_id: Text = Field("", alias="subscriptionId")
    status: Text = ""
    currency: Text = Field("", alias="currencyCode")
    deployment_id: Text = Field("", alias="deploymentId")
    discount_code: Text = Field("", alias="discountCode")
    flex_discounts: tuple[FlexDiscountAnswer, ...] = Field(
        (),
        validation_alias=AliasChoices("flexDiscounts", "promotions"),
        serialization_alias="flexDiscounts",
    )
    prorated_days: int | None = Field(None, alias="proratedDays")
    pricing: PricingAnswer | None = None


class CancellingAnswer(Wire):
    """What a switch takes away (reference, section 12.2)."""

    number: int = Field(0, alias="extLineItemNumber")
    reference_number: int = Field(0, alias="referenceLineItemNumber")
    offer_id: Text = Field("", alias="offerId")
    quantity: int = 0
    subscription_id: Text = Field("", alias="subscriptionId")
    discount_code: Text = Field("", alias="discountCode")
    pricing: PricingAnswer | None = None


class EligibilityAnswer(Wire):
    """What a high-growth offer asks for."""

    min_quantity: int = Field(0, alias="minQuantity")
    additional_criteria: tuple[str, ...] = Field((), alias="additionalCriteria")
    deployment_id: Text = Field("", alias="deploymentId")


class EligibleOfferAnswer(Wire):
    """A high-growth offer that a customer may come to at the renewal (section 8.5)."""

    offer_id: Text = Field("", alias="offerId")
    renewal_code: Text = Field("", alias="renewalCode")
    criteria: EligibilityAnswer | None = Field(None, alias="eligibilityCriteria")


class PriceSum(Wire):
    """The total of one currency, under either name the vendor uses (section 15.1, C5)."""

    amount: Decimal | None = Field(
        None,
        validation_alias=AliasChoices("totalLineItemPartnerPrice", "totalLineItemPrice"),
        serialization_alias="totalLineItemPartnerPrice",
    )
    currency: Text = Field("", alias="currencyCode")


class OrderAnswer(Wire):
    """An order as the marketplace tells it (reference, section 8.5)."""

    order_id: Text = Field("", alias="orderId")
    customer_id: Text = Field("", alias="customerId")
    reference: Text = Field("", alias="externalReferenceId")
    reference_order_id: Text = Field("", alias="referenceOrderId")
    order_type: Text = Field("", alias="orderType")
    currency: Text = Field("", alias="currencyCode")
    status: Text = ""
    source: Text = ""
    created_at: OptionalMoment = Field(None, alias="creationDate")
    lines: tuple[LineAnswer, ...] = Field((), alias="lineItems")
    cancelled: tuple[CancellingAnswer, ...] = Field((), alias="cancellingItems")
    price_sums: tuple[PriceSum, ...] = Field((), alias="pricingSummary")
    eligible_offers: tuple[EligibleOfferAnswer, ...] = Field((), alias="eligibleOffers")


class HistoryPage(Wire):
    """One page of a customer's order history (reference, section 13.2).

    Count and items must be there: any other answer would pass for a customer without orders, and
    what is not found may be sent again.
    """

    total_count: int = Field(alias="totalCount")
    count: int = 0
    offset: int = 0
    limit: int = 0
    items: tuple[OrderAnswer, ...]


_LINE_NUMBER = re.compile(r"line item:? ?(\d+)(?:.*?reason:? ?([\w ]+))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """What one call brought back, as a value; nothing here is an exception.

    `http_status` is None when no answer came; `code` is "" on success, else the vendor's
    code, `HTTP/<status>` or `NET/…` (error-codes.csv). `order` is the readable order of a
    success. `retry_after` is in seconds. `spoken_by_service` tells a body of the order
    service from one of the gateway or a proxy (reference, section 5). `digest` is the same for
    two failures whose bodies are the same byte for byte.
    """

    request_id: str
    http_status: int | None
    code: str = ""
    message: str = ""
    details: tuple[str, ...] = ()
    order: OrderAnswer | None = None
    retry_after: float | None = None
    spoken_by_service: bool = False
    digest: str = ""


def faulty_lines(details: Iterable[str]) -> dict[int, str]:
    """Line number to the vendor's reason ("" if none), read from additionalDetails.

    The number is the extLineItemNumber (reference, section 5).
    """
    found: dict[int, str] = {}
    for detail in details:
        if match := _LINE_NUMBER.search(detail):
            found[int(match[1])] = (match[2] or "").strip()
    return found


class CallFailed(Exception):
    """A reading call brought no usable answer; the marketplace's own errors derive from it."""

    def __init__(self, message: str, reply: Reply) -> None:
        super().__init__(message)
        self.reply = reply


class MarketplaceStop(Stop):
    """The run must stop: settings, credentials, clock or an unreachable marketplace (exit 3)."""
