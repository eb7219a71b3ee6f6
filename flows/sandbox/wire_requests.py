"""Requests as they may come; field names are those of the reference."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
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
