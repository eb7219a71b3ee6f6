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


class _ClosedRequest(_Request):
    """A request whose unknown fields are found by the model itself."""

    model_config = ConfigDict(extra="forbid")


class AddressRequest(_ClosedRequest):
    """Where a company is (reference, section 7.3)."""

    country: Annotated[str, StringConstraints(min_length=2, max_length=3)]
    region: Annotated[str, StringConstraints(max_length=255)] | None = None
    city: Annotated[str, StringConstraints(max_length=40)]
    address_line1: Annotated[str, StringConstraints(max_length=60)]
    address_line2: Annotated[str, StringConstraints(max_length=60)] | None = None
    postal_code: Text40 | None = None


class ContactRequest(_ClosedRequest):
    """A person at a company (reference, section 7.3)."""

    first_name: Annotated[str, StringConstraints(max_length=35)]
    last_name: Annotated[str, StringConstraints(max_length=35)]
    email: Annotated[str, StringConstraints(max_length=240)]


CompanyName = Annotated[str, StringConstraints(min_length=3, max_length=250)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}-[A-Z]{2}$")]
Segment = Literal["COM", "EDU", "GOV"]
SubSegment = Literal["K_12", "HIGHER_ED", "NON_PROFIT", "FEDERAL", "STATE"]
Contacts = Annotated[list[ContactRequest], Field(min_length=1)]


class ProfileRequest(_ClosedRequest):
    """Who a new customer is (reference, section 7.3; the length of the name: C39)."""

    company_name: CompanyName
    preferred_language: Language
    market_segment: Segment
    market_sub_segments: list[SubSegment] | None = None
    address: AddressRequest
    contacts: Contacts


class ProfileChangeRequest(_ClosedRequest):
    """What of a customer's profile is to change; what is left out stays."""

    company_name: CompanyName | None = None
    preferred_language: Language | None = None
    market_segment: Segment | None = None
    market_sub_segments: list[SubSegment] | None = None
    address: AddressRequest | None = None
    contacts: Contacts | None = None


class _CustomerFields(_ClosedRequest):
    external_reference_id: Reference | None = None
    global_sales_enabled: bool | None = None
    customer_id: ReadOnly
    status: ReadOnly
    creation_date: ReadOnly
    coterm_date: ReadOnly
    discounts: ReadOnly
    benefits: ReadOnly
    tags: ReadOnly
    linked_membership: ReadOnly
    links: ReadOnly


class CustomerRequest(_CustomerFields):
    """The body of a customer create call (reference, section 7.3)."""

    reseller_id: Text40
    company_profile: ProfileRequest


class CustomerChangeRequest(_CustomerFields):
    """The body of a customer update (reference, section 7.3)."""

    reseller_id: ReadOnly
    company_profile: ProfileChangeRequest | None = None


class PriceListFilters(_ClosedRequest):
    """What of a price list is wanted (reference, section 17.2)."""

    offer_id: str | None = None
    product_family: str | None = None
    first_order_date: str | None = None
    last_order_date: str | None = None
    discount_code: str | None = None


class PriceListRequest(_ClosedRequest):
    """The body of a price list call (reference, section 17.2)."""

    region: Literal["NA", "PA", "EE", "MX", "LA", "WE", "JP", "AP"]
    market_segment: Segment
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    price_list_month: Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}(0[1-9]|1[0-2])$")]
    price_list_type: Literal["STANDARD", "3YC", "STD-LGA"] | None = None
    filters: PriceListFilters | None = None
    include_offer_attributes: list[str] | None = None


class TokenRequest(BaseModel):
    """The form of the token exchange (reference, section 2)."""

    grant_type: Literal["client_credentials"]
    client_id: str
    client_secret: str
    scope: str


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
    """One line of an order answer (reference, section 8.5); what remains of it to be returned
    only where parts may be (section 20).
    """

    ext_line_item_number: int
    offer_id: str
    quantity: int
    remaining_quantity: int | None = None
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


class ServiceErrorAnswer(_Answer):
    """An error of the service or of the gateway's checks (reference, section 5)."""

    code: str
    message: str
    additional_details: list[str] | None = None


class Recommendations(_Answer):
    """What became of a wish for recommendations (reference, section 8.3)."""

    error_details: ServiceErrorAnswer


class PreviewAnswer(_Answer):
    """The answer to a preview: no order id, no status, no links."""

    reference_order_id: str = ""
    external_reference_id: str | None = None
    order_id: str = ""
    customer_id: str
    currency_code: str | None = None
    order_type: str
    status: str = ""
    line_items: list[LineAnswer]
    cancelling_items: list[CancellingAnswer] | None = None
    pricing_summary: list[PriceTotal] | None = None
    eligible_offers: list[EligibleOfferAnswer] | None = None
    recommendations: Recommendations | None = None
    creation_date: str


class OrderAnswer(_Answer):
    """A placed order (reference, section 8.5)."""

    reference_order_id: str
    external_reference_id: str | None = None
    order_id: str
    customer_id: str
    currency_code: str | None = None
    order_type: str
    status: str
    source: str
    line_items: list[LineAnswer]
    cancelling_items: list[CancellingAnswer] | None = None
    creation_date: str
    links: Links
    pricing_summary: list[PriceTotal] | None = None
    recommendations: Recommendations | None = None


class OrderHistoryAnswer(_Answer):
    """A page of the order history (reference, section 13.2)."""

    total_count: int
    count: int
    offset: int
    limit: int
    items: list[OrderAnswer]
    links: Links
    recommendations: Recommendations | None = None


class AutoRenewal(_Answer):
    """What the automatic renewal will do with a subscription."""

    enabled: bool
    renewal_quantity: int
    renewal_code: str | None = None
    flex_discount_codes: list[str] | None = None


class SubscriptionAnswer(_Answer):
    """A subscription (reference, section 16.1); a patch's answer lacks some of it."""

    subscription_id: str
    offer_id: str | None = None
    current_quantity: int
    used_quantity: int | None = None
    auto_renewal: AutoRenewal
    renewed_quantity: int | None = None
    creation_date: str
    renewal_date: str
    status: str
    deployment_id: str | None = None
    currency_code: str | None = None
    allowed_actions: list[str] | None = None
    links: Links


class SubscriptionListAnswer(_Answer):
    """All subscriptions of a customer (reference, section 16.2)."""

    total_count: int
    items: list[SubscriptionAnswer]
    links: Links
    recommendations: Recommendations | None = None


class AddressAnswer(_Answer):
    """Where a company is."""

    country: str
    region: str
    city: str
    address_line1: str
    address_line2: str | None = None
    postal_code: str


class ContactAnswer(_Answer):
    """A person at a company."""

    first_name: str
    last_name: str
    email: str


class CompanyProfile(_Answer):
    """Who a customer is (reference, section 7.1)."""

    company_name: str
    preferred_language: str
    market_segment: str
    market_sub_segments: list[str] | None = None
    address: AddressAnswer
    contacts: list[ContactAnswer]


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
    recommitment_request: CommitmentAnswer | None = None


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


class CustomerName(_Answer):
    """What the list tells of a company."""

    company_name: str


class CustomerEntry(_Answer):
    """A customer as the list shows it (reference, section 7.2)."""

    external_reference_id: str
    customer_id: str
    reseller_id: str
    status: str
    company_profile: CustomerName
    creation_date: str
    links: Links


class CustomerListAnswer(_Answer):
    """A page of customers (reference, section 7.2)."""

    total_count: int
    count: int
    offset: int
    limit: int
    accounts: list[CustomerEntry]
    links: Links


class DiscountValue(_Answer):
    """What a flexible discount takes off, or the price that it sets."""

    country: str | None = None
    currency: str | None = None
    value: _Money


class DiscountOutcome(_Answer):
    """How a flexible discount works."""

    type: Literal["PERCENTAGE_DISCOUNT", "FIXED_DISCOUNT", "FIXED_PRICE"]
    discount_values: list[DiscountValue]


class DiscountQualification(_Answer):
    """What a flexible discount is for; an empty list means every product."""

    base_offer_ids: list[str]


class FlexDiscountEntry(_Answer):
    """A flexible discount as the lists show it (reference, section 17.1)."""

    id: str
    category: Literal["STANDARD", "INTRO"]
    code: str
    name: str
    description: str
    start_date: str
    end_date: str | None = None
    discount_lock_end_date: str | None = None
    status: Literal["ACTIVE", "EXPIRED", "REUSABLE"]
    qualification: DiscountQualification
    outcomes: list[DiscountOutcome]


class FlexDiscountListAnswer(_Answer):
    """A page of flexible discounts (reference, section 17.1)."""

    limit: int
    offset: int
    count: int
    total_count: int
    flex_discounts: list[FlexDiscountEntry]
    links: Links


class UpgradeTarget(_Answer):
    """A product that another can be upgraded to."""

    target_base_offer_id: str
    sequence: int
    switch_type: Literal["FULL_ONLY", "PARTIAL_ALLOWED"]


class ProductUpgrade(_Answer):
    """What one product can be upgraded to."""

    source_base_offer_id: str
    target_list: list[UpgradeTarget]


class UpgradePathsAnswer(_Answer):
    """A page of upgrade paths (reference, section 12.1)."""

    total_count: int
    count: int
    offset: int
    limit: int
    product_upgrades: list[ProductUpgrade]
    links: Links


class PriceListEntry(_Answer):
    """An offer's price from a day to a day, both included; the price is text (section 17.2)."""

    offer_id: str
    product_family: str
    first_order_date: str
    last_order_date: str
    partner_price: str
    discount_code: str | None = None


class PriceListAnswer(_Answer):
    """A page of a price list (reference, section 17.2)."""

    price_list_month: str
    market_segment: str
    region: str
    currency: str
    price_list_type: str
    total_count: int
    count: int
    limit: int
    offset: int
    offers: list[PriceListEntry]


class TokenAnswer(_Answer):
    """The answer of the token exchange (reference, section 2); not in camel case."""

    model_config = ConfigDict(alias_generator=None)

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # the name of a kind of token
    expires_in: int


class GatewayErrorAnswer(_Answer):
    """An error of the gateway (reference, section 5): six digits, status plus three."""

    model_config = ConfigDict(alias_generator=None)

    error_code: str
    message: str


class SignInErrorAnswer(_Answer):
    """An error of the token exchange (reference, section 5)."""

    model_config = ConfigDict(alias_generator=None)

    error: str
    error_description: str


def self_link(uri: str) -> Links:
    """Links with nothing but the resource's own."""
    return Links(self_=Link(uri=uri))
