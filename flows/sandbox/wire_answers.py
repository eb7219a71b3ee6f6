"""Answers about orders and errors as they go out, and what all answers have in common.

Field names and their order are those of the reference's examples; money is a Decimal here and a
JSON number on the wire.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

Money = Annotated[Decimal, WithJsonSchema({"type": "number"})]


class AnswerBody(BaseModel):
    """A body, or a part of one, as the marketplace sends it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Link(AnswerBody):
    """A link: path and query without host."""

    uri: str
    method: str = "GET"
    headers: list[str] = []


class Links(AnswerBody):
    """Links of a resource or a page; next and prev only where there is such a page."""

    self_: Annotated[Link, Field(alias="self")]
    next: Link | None = None
    prev: Link | None = None


class FlexDiscountAnswer(AnswerBody):
    """A flexible discount on a line."""

    id: str
    code: str
    result: Literal["SUCCESS", "FAILURE"]


class Pricing(AnswerBody):
    """The four figures of a line (reference, section 15.1)."""

    partner_price: Money
    discounted_partner_price: Money
    net_partner_price: Money
    line_item_partner_price: Money


class LineAnswer(AnswerBody):
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


class CancellingAnswer(AnswerBody):
    """One cancelling item of an order answer (reference, section 8.5)."""

    ext_line_item_number: int
    reference_line_item_number: int
    offer_id: str
    quantity: int
    subscription_id: str
    discount_code: str | None = None
    pricing: Pricing | None = None


class PriceTotal(AnswerBody):
    """The total of an order in one currency."""

    total_line_item_partner_price: Money
    currency_code: str


class EligibilityCriteria(AnswerBody):
    """What a high-growth offer asks for (reference, section 8.5)."""

    min_quantity: int
    additional_criteria: list[str]
    deployment_id: str | None = None


class EligibleOfferAnswer(AnswerBody):
    """A high-growth offer that the customer may come to at the renewal."""

    offer_id: str
    renewal_code: str
    eligibility_criteria: EligibilityCriteria


class ServiceErrorAnswer(AnswerBody):
    """An error of the service or of the gateway's checks (reference, section 5)."""

    code: str
    message: str
    additional_details: list[str] | None = None


class Recommendations(AnswerBody):
    """What became of a wish for recommendations (reference, section 8.3)."""

    error_details: ServiceErrorAnswer


class PreviewAnswer(AnswerBody):
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


class OrderAnswer(AnswerBody):
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


class OrderHistoryAnswer(AnswerBody):
    """A page of the order history (reference, section 13.2)."""

    total_count: int
    count: int
    offset: int
    limit: int
    items: list[OrderAnswer]
    links: Links
    recommendations: Recommendations | None = None


class TokenAnswer(AnswerBody):
    """The answer of the token exchange (reference, section 2); not in camel case."""

    model_config = ConfigDict(alias_generator=None)

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # the name of a kind of token
    expires_in: int


class GatewayErrorAnswer(AnswerBody):
    """An error of the gateway (reference, section 5): six digits, status plus three."""

    model_config = ConfigDict(alias_generator=None)

    error_code: str
    message: str


class SignInErrorAnswer(AnswerBody):
    """An error of the token exchange (reference, section 5)."""

    model_config = ConfigDict(alias_generator=None)

    error: str
    error_description: str


def self_link(uri: str) -> Links:
    """Links with nothing but the resource's own."""
    return Links(self_=Link(uri=uri))
