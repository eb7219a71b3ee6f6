"""Answers about subscriptions, customers, discounts, upgrades and prices as they go out."""

from __future__ import annotations

from typing import Literal

from flows.sandbox.wire_answers import AnswerBody, Links, Money, Recommendations


class AutoRenewal(AnswerBody):
    """What the automatic renewal will do with a subscription."""

    enabled: bool
    renewal_quantity: int
    renewal_code: str | None = None
    flex_discount_codes: list[str] | None = None


class SubscriptionAnswer(AnswerBody):
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


class SubscriptionListAnswer(AnswerBody):
    """All subscriptions of a customer (reference, section 16.2)."""

    total_count: int
    items: list[SubscriptionAnswer]
    links: Links
    recommendations: Recommendations | None = None


class AddressAnswer(AnswerBody):
    """Where a company is."""

    country: str
    region: str
    city: str
    address_line1: str
    address_line2: str | None = None
    postal_code: str


class ContactAnswer(AnswerBody):
    """A person at a company."""

    first_name: str
    last_name: str
    email: str


class CompanyProfile(AnswerBody):
    """Who a customer is (reference, section 7.1)."""

    company_name: str
    preferred_language: str
    market_segment: str
    market_sub_segments: list[str] | None = None
    address: AddressAnswer
    contacts: list[ContactAnswer]


class LevelAnswer(AnswerBody):
    """The price level a customer has reached for one type of offer."""

    offer_type: Literal["LICENSE", "CONSUMABLES"]
    level: str
    discount_code: str | None = None


class MinimumQuantity(AnswerBody):
    """What a committed customer must keep."""

    offer_type: Literal["LICENSE"]
    quantity: int


class CommitmentAnswer(AnswerBody):
    """A three-year commitment."""

    start_date: str
    end_date: str
    status: str
    minimum_quantities: list[MinimumQuantity]


class Benefit(AnswerBody):
    """A benefit of a customer."""

    type: Literal["THREE_YEAR_COMMIT", "LARGE_GOVERNMENT_AGENCY"]
    status: str | None = None
    commitment: CommitmentAnswer | None = None
    recommitment_request: CommitmentAnswer | None = None


class CustomerAnswer(AnswerBody):
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


class CustomerName(AnswerBody):
    """What the list tells of a company."""

    company_name: str


class CustomerEntry(AnswerBody):
    """A customer as the list shows it (reference, section 7.2)."""

    external_reference_id: str
    customer_id: str
    reseller_id: str
    status: str
    company_profile: CustomerName
    creation_date: str
    links: Links


class CustomerListAnswer(AnswerBody):
    """A page of customers (reference, section 7.2)."""

    total_count: int
    count: int
    offset: int
    limit: int
    accounts: list[CustomerEntry]
    links: Links


class DiscountValue(AnswerBody):
    """What a flexible discount takes off, or the price that it sets."""

    country: str | None = None
    currency: str | None = None
    value: Money


class DiscountOutcome(AnswerBody):
    """How a flexible discount works."""

    type: Literal["PERCENTAGE_DISCOUNT", "FIXED_DISCOUNT", "FIXED_PRICE"]
    discount_values: list[DiscountValue]


class DiscountQualification(AnswerBody):
    """What a flexible discount is for; an empty list means every product."""

    base_offer_ids: list[str]


class FlexDiscountEntry(AnswerBody):
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


class FlexDiscountListAnswer(AnswerBody):
    """A page of flexible discounts (reference, section 17.1)."""

    limit: int
    offset: int
    count: int
    total_count: int
    flex_discounts: list[FlexDiscountEntry]
    links: Links


class UpgradeTarget(AnswerBody):
    """A product that another can be upgraded to."""

    target_base_offer_id: str
    sequence: int
    switch_type: Literal["FULL_ONLY", "PARTIAL_ALLOWED"]


class ProductUpgrade(AnswerBody):
    """What one product can be upgraded to."""

    source_base_offer_id: str
    target_list: list[UpgradeTarget]


class UpgradePathsAnswer(AnswerBody):
    """A page of upgrade paths (reference, section 12.1)."""

    total_count: int
    count: int
    offset: int
    limit: int
    product_upgrades: list[ProductUpgrade]
    links: Links


class PriceListEntry(AnswerBody):
    """An offer's price from a day to a day, both included; the price is text (section 17.2)."""

    offer_id: str
    product_family: str
    first_order_date: str
    last_order_date: str
    partner_price: str
    discount_code: str | None = None


class PriceListAnswer(AnswerBody):
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
