"""Flexible discounts as the marketplace tells them (reference, section 17.1)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from pydantic import AliasChoices, Field

from schemas.wire import OptionalMoment, Text, Wire


class DiscountValue(Wire):
    """What comes off (or what is to be paid), for a country and currency where it has them."""

    country: Text = ""
    currency: Text = ""
    value: Decimal = Decimal(0)


class DiscountOutcome(Wire):
    """PERCENTAGE_DISCOUNT, FIXED_DISCOUNT or FIXED_PRICE, and its figures."""

    kind: Text = Field("", alias="type")
    values: tuple[DiscountValue, ...] = Field((), alias="discountValues")


class DiscountQualification(Wire):
    """Which products; no offers means all of them."""

    base_offer_ids: tuple[str, ...] = Field((), alias="baseOfferIds")


class FlexDiscount(Wire):
    """One discount. ACTIVE does not mean usable today: those of the future are ACTIVE too."""

    discount_id: Text = Field("", alias="id")
    category: Text = ""
    code: Text = ""
    name: Text = ""
    description: Text = ""
    starts_at: OptionalMoment = Field(None, alias="startDate")
    ends_at: OptionalMoment = Field(None, alias="endDate")
    lock_ends_at: OptionalMoment = Field(None, alias="discountLockEndDate")
    status: Text = ""
    qualification: DiscountQualification = DiscountQualification()
    outcomes: tuple[DiscountOutcome, ...] = ()

    def is_usable_at(self, moment: datetime) -> bool:
        """Whether the code may be used at that moment (not yet: whether it was used up)."""
        begun = self.starts_at is None or self.starts_at <= moment
        return begun and (self.ends_at is None or moment < self.ends_at)

    def is_for(self, offer_id: str) -> bool:
        """Whether the product qualifies: base offers are compared by their first ten signs."""
        offers = self.qualification.base_offer_ids
        return not offers or any(base[:10] == offer_id[:10] for base in offers)


class FlexDiscountPage(Wire):
    """One page of discounts."""

    total_count: int = Field(0, alias="totalCount")
    count: int = 0
    offset: int = 0
    limit: int = 0
    items: tuple[FlexDiscount, ...] = Field(
        (),
        validation_alias=AliasChoices("flexDiscounts", "items"),
        serialization_alias="flexDiscounts",
    )
