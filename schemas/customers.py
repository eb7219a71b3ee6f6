"""Customers as the marketplace tells them (reference, section 7.1)."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from schemas.wire import OptionalDay, OptionalMoment, Text, Wire

COMMITTED: Final = frozenset({"COMMITTED", "ACTIVE"})
"""Statuses in which a three-year commitment is in force."""


class MinimumQuantity(Wire):
    """What a committed customer must keep of one type of offer."""

    offer_type: Text = Field("", alias="offerType")
    quantity: int = 0


class Commitment(Wire):
    """A three-year commitment, or the request for one."""

    start_date: OptionalDay = Field(None, alias="startDate")
    end_date: OptionalDay = Field(None, alias="endDate")
    status: Text = ""
    minimum_quantities: tuple[MinimumQuantity, ...] = Field((), alias="minimumQuantities")


class Benefit(Wire):
    """A benefit of a customer: THREE_YEAR_COMMIT or LARGE_GOVERNMENT_AGENCY."""

    kind: Text = Field("", alias="type")
    status: Text = ""
    commitment: Commitment | None = None
    commitment_request: Commitment | None = Field(None, alias="commitmentRequest")
    recommitment_request: Commitment | None = Field(None, alias="recommitmentRequest")


class Level(Wire):
    """The price level that a customer has reached for one type of offer."""

    offer_type: Text = Field("", alias="offerType")
    level: Text = ""
    discount_code: Text = Field("", alias="discountCode")


class CompanyAddress(Wire):
    """Where a company is: the country, which discounts are asked for by (section 17.1)."""

    country: Text = ""


class CompanyProfile(Wire):
    """Who a customer is; streets and contacts are nobody's business here."""

    company_name: Text = Field("", alias="companyName")
    market_segment: Text = Field("", alias="marketSegment")
    market_sub_segments: tuple[str, ...] = Field((), alias="marketSubSegments")
    preferred_language: Text = Field("", alias="preferredLanguage")
    address: CompanyAddress = CompanyAddress()


class Customer(Wire):
    """One customer; `anniversary` is None before its first order was provisioned."""

    customer_id: Text = Field("", alias="customerId")
    reseller_id: Text = Field("", alias="resellerId")
    reference: Text = Field("", alias="externalReferenceId")
    status: Text = ""
    anniversary: OptionalDay = Field(None, alias="cotermDate")
    created_at: OptionalMoment = Field(None, alias="creationDate")
    profile: CompanyProfile = Field(CompanyProfile(), alias="companyProfile")
    levels: tuple[Level, ...] = Field((), alias="discounts")
    benefits: tuple[Benefit, ...] = ()
    tags: tuple[str, ...] = ()
    global_sales_enabled: bool = Field(default=False, alias="globalSalesEnabled")

    @property
    def commitment(self) -> Commitment | None:
        """The three-year commitment in force, if any."""
        found = (b.commitment for b in self.benefits if b.kind == "THREE_YEAR_COMMIT")
        return next((c for c in found if c is not None and c.status in COMMITTED), None)
