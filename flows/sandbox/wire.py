"""The API's bodies: requests as they may come, answers as they go out.

Field names and their order are those of the reference's examples; money is a Decimal here
and a JSON number on the wire.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel

Text40 = Annotated[str, StringConstraints(max_length=40)]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")]
Reference = Annotated[str, StringConstraints(max_length=35, pattern=r'^[^<>"]*$')]
ReadOnly = Annotated[Any, Field(default=None, json_schema_extra={"readOnly": True})]
"""A field the resource knows but a request does not need; accepted and ignored (C43)."""

OrderType = Literal[
    "NEW",
    "RETURN",
    "PREVIEW",
    "RENEWAL",
    "PREVIEW_RENEWAL",
    "SWITCH",
    "PREVIEW_SWITCH",
    "REVERT_SWITCH",
    "PREVIEW_REVERT_SWITCH",
]

_Money = Annotated[Decimal, WithJsonSchema({"type": "number"})]


class _Request(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, strict=True, frozen=True, regex_engine="rust-regex"
    )


class LineRequest(_Request):
    """One entry of lineItems in a request (reference, section 8.1)."""

    ext_line_item_number: int
    offer_id: str
    quantity: int
    subscription_id: Text40 | None = None
    currency_code: CurrencyCode | None = None
    deployment_id: Text40 | None = None
    discount_code: Text40 | None = None
    flex_discount_codes: list[str] | None = None
    status: ReadOnly
    flex_discounts: ReadOnly
    promotions: ReadOnly
    prorated_days: ReadOnly
    pricing: ReadOnly


class CancellingRequest(_Request):
    """One entry of cancellingItems (reference, section 8.1)."""

    ext_line_item_number: int
    reference_line_item_number: int
    subscription_id: Text40
    quantity: int
    discount_code: Text40 | None = None
    offer_id: ReadOnly
    status: ReadOnly
    currency_code: ReadOnly
    prorated_days: ReadOnly
    pricing: ReadOnly


class OrderRequest(_Request):
    """The body of an order create call (reference, section 8.1)."""

    order_type: OrderType
    external_reference_id: Reference | None = None
    reference_order_id: Text40 | None = None
    currency_code: CurrencyCode | None = None
    line_items: list[LineRequest] | None = None
    cancelling_items: list[CancellingRequest] | None = None
    order_id: ReadOnly
    customer_id: ReadOnly
    status: ReadOnly
    source: ReadOnly
    creation_date: ReadOnly
    links: ReadOnly
    pricing: ReadOnly
    pricing_summary: ReadOnly
    flex_discounts: ReadOnly
    eligible_offers: ReadOnly
    recommendations: ReadOnly
    referenced_order_id: ReadOnly

    @property
    def lines(self) -> list[LineRequest]:
        """The line items; none counts as an empty list."""
        return self.line_items or []

    @property
    def cancelled(self) -> list[CancellingRequest]:
        """The cancelling items; none counts as an empty list."""
        return self.cancelling_items or []

    @property
    def is_preview(self) -> bool:
        """Whether nothing is to be placed."""
        return self.order_type.startswith("PREVIEW")

    @property
    def is_switch(self) -> bool:
        """Whether it belongs to the switch family."""
        return self.order_type.endswith("SWITCH")

    @property
    def is_renewal(self) -> bool:
        """Whether it renews, or shows what would."""
        return self.order_type.endswith("RENEWAL")

    def currency_of(self, line: LineRequest) -> str:
        """The currency of a line: its own, else the order's (reference, section 8.2)."""
        return line.currency_code or self.currency_code or ""


class OrderPatchRequest(_Request):
    """The body of an order patch (reference, section 13.3)."""

    external_reference_id: Reference


class AutoRenewalRequest(_Request):
    """What the automatic renewal shall do (reference, section 16.3); null follows the licences."""

    enabled: bool | None = None
    renewal_quantity: int | None = None
    renewal_code: Text40 | None = None
    flex_discount_codes: list[str] | None = None


class SubscriptionPatchRequest(_Request):
    """The body of a subscription patch; all but autoRenewal may not be changed."""

    auto_renewal: AutoRenewalRequest | None = None


class SubscriptionRequest(_Request):
    """The body of a subscription create call (reference, section 16.4)."""

    offer_id: str
    auto_renewal: AutoRenewalRequest
    currency_code: CurrencyCode | None = None
    deployment_id: Text40 | None = None
    subscription_id: ReadOnly
    current_quantity: ReadOnly
    used_quantity: ReadOnly
    renewed_quantity: ReadOnly
    creation_date: ReadOnly
    renewal_date: ReadOnly
    status: ReadOnly
    allowed_actions: ReadOnly
    links: ReadOnly


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Link(_Answer):
    """A link: path and query without host."""

    uri: str
    method: str = "GET"
    headers: list[str] = []


class Links(_Answer):
    """Links of a resource or a page; next and prev only where there is such a page."""

    self_: Annotated[Link, Field(alias="self")]
    next: Link | None = None
    prev: Link | None = None


class FlexDiscountAnswer(_Answer):
    """A flexible discount on a line."""

    id: str
    code: str
    result: Literal["SUCCESS", "FAILURE"]


class Pricing(_Answer):
    """The four figures of a line (reference, section 15.1)."""

    partner_price: _Money
    discounted_partner_price: _Money
    net_partner_price: _Money
    line_item_partner_price: _Money


class LineAnswer(_Answer):
    """One line of an order answer (reference, section 8.5)."""

    ext_line_item_number: int
    offer_id: str
    quantity: int
    subscription_id: str
    status: str
    currency_code: str
    deployment_id: str | None = None
    discount_code: str | None = None
    flex_discounts: list[FlexDiscountAnswer] | None = None
    prorated_days: int | None = None
    pricing: Pricing | None = None


class CancellingAnswer(_Answer):
    """One cancelling item of an order answer (reference, section 8.5)."""

    ext_line_item_number: int
    reference_line_item_number: int
    offer_id: str
    quantity: int
    subscription_id: str
    discount_code: str | None = None
    pricing: Pricing | None = None


class PriceTotal(_Answer):
    """The total of an order in one currency."""

    total_line_item_partner_price: _Money
    currency_code: str


class EligibilityCriteria(_Answer):
    """What a high-growth offer asks for (reference, section 8.5)."""

    min_quantity: int
    additional_criteria: list[str]
    deployment_id: str | None = None


class EligibleOfferAnswer(_Answer):
    """A high-growth offer that the customer may come to at the renewal."""

    offer_id: str
    renewal_code: str
    eligibility_criteria: EligibilityCriteria


class PreviewAnswer(_Answer):
    """The answer to a preview: no order id, no status, no links."""

    reference_order_id: str = ""
    external_reference_id: str | None
    order_id: str = ""
    customer_id: str
    currency_code: str | None
    order_type: str
    status: str = ""
    line_items: list[LineAnswer]
    cancelling_items: list[CancellingAnswer] | None = None
    pricing_summary: list[PriceTotal] | None = None
    eligible_offers: list[EligibleOfferAnswer] | None = None
    creation_date: str


class OrderAnswer(_Answer):
    """A placed order (reference, section 8.5)."""

    reference_order_id: str
    external_reference_id: str | None
    order_id: str
    customer_id: str
    currency_code: str | None
    order_type: str
    status: str
    source: str
    line_items: list[LineAnswer]
    cancelling_items: list[CancellingAnswer] | None = None
    creation_date: str
    links: Links
    pricing_summary: list[PriceTotal] | None = None


class OrderHistoryAnswer(_Answer):
    """A page of the order history (reference, section 13.2)."""

    total_count: int
    count: int
    offset: int
    limit: int
    items: list[OrderAnswer]
    links: Links


class AutoRenewal(_Answer):
    """What the automatic renewal will do with a subscription."""

    enabled: bool
    renewal_quantity: int
    renewal_code: str | None = None
    flex_discount_codes: list[str] | None = None


class SubscriptionAnswer(_Answer):
    """A subscription (reference, section 16.1); a patch's answer lacks some of it."""

    subscription_id: str
    offer_id: str | None
    current_quantity: int
    used_quantity: int | None
    auto_renewal: AutoRenewal
    renewed_quantity: int | None = None
    creation_date: str
    renewal_date: str
    status: str
    deployment_id: str | None = None
    currency_code: str | None
    allowed_actions: list[str] | None = None
    links: Links


class SubscriptionListAnswer(_Answer):
    """All subscriptions of a customer (reference, section 16.2)."""

    total_count: int
    items: list[SubscriptionAnswer]
    links: Links


class AddressAnswer(_Answer):
    """Where a company is."""

    country: str
    region: str
    city: str
    address_line1: str
    postal_code: str


class Contact(_Answer):
    """A person at a company."""

    first_name: str
    last_name: str
    email: str


class CompanyProfile(_Answer):
    """Who a customer is (reference, section 7.1)."""

    company_name: str
    preferred_language: str
    market_segment: str
    address: AddressAnswer
    contacts: list[Contact]


class LevelAnswer(_Answer):
    """The price level a customer has reached for one type of offer."""

    offer_type: Literal["LICENSE", "CONSUMABLES"]
    level: str
    discount_code: str | None = None


class MinimumQuantity(_Answer):
    """What a committed customer must keep."""

    offer_type: Literal["LICENSE"]
    quantity: int


class CommitmentAnswer(_Answer):
    """A three-year commitment."""

    start_date: str
    end_date: str
    status: str
    minimum_quantities: list[MinimumQuantity]


class Benefit(_Answer):
    """A benefit of a customer."""

    type: Literal["THREE_YEAR_COMMIT", "LARGE_GOVERNMENT_AGENCY"]
    status: str | None = None
    commitment: CommitmentAnswer | None = None


class CustomerAnswer(_Answer):
    """A customer (reference, section 7.1); cotermDate is `""` before the first order."""

    external_reference_id: str
    customer_id: str
    reseller_id: str
    global_sales_enabled: bool
    tags: list[str]
    company_profile: CompanyProfile
    discounts: list[LevelAnswer]
    benefits: list[Benefit]
    coterm_date: str
    creation_date: str
    status: str
    links: Links


class TokenAnswer(_Answer):
    """The answer of the token exchange (reference, section 2); not in camel case."""

    model_config = ConfigDict(alias_generator=None)

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # the name of a kind of token
    expires_in: int


class ServiceErrorAnswer(_Answer):
    """An error of the service or of the gateway's checks (reference, section 5)."""

    code: str
    message: str
    additional_details: list[str] | None = None


class SignInErrorAnswer(_Answer):
    """An error of the token exchange (reference, section 5)."""

    model_config = ConfigDict(alias_generator=None)

    error: str
    error_description: str


def self_link(uri: str) -> Links:
    """Links with nothing but the resource's own."""
    return Links(self_=Link(uri=uri))
