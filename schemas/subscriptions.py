"""Subscriptions as the marketplace tells them (reference, section 16)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from schemas.wire import OptionalDay, OptionalMoment, Text, Wire


class SubscriptionStatus(StrEnum):
    """reference, section 16.1."""

    ACTIVE = "1000"
    PENDING = "1002"
    INACTIVE = "1004"
    SCHEDULED = "1009"


class AutoRenewal(Wire):
    """What the automatic renewal will do; the quantity is shown also where it only follows."""

    enabled: bool = False
    renewal_quantity: int | None = Field(None, alias="renewalQuantity")
    renewal_code: Text = Field("", alias="renewalCode")
    flex_discount_codes: tuple[str, ...] = Field((), alias="flexDiscountCodes")


class Subscription(Wire):
    """Licences of one product that a customer has, had, or will have.

    `offer_id` is the base offer, never the level bought; the answer to a patch may lack it and
    `used_quantity`. `renewed_quantity` is None when nothing was renewed early.
    """

    subscription_id: Text = Field("", alias="subscriptionId")
    offer_id: Text = Field("", alias="offerId")
    current_quantity: int = Field(0, alias="currentQuantity")
    used_quantity: int | None = Field(None, alias="usedQuantity")
    auto_renewal: AutoRenewal = Field(AutoRenewal(), alias="autoRenewal")
    renewed_quantity: int | None = Field(None, alias="renewedQuantity")
    created_at: OptionalMoment = Field(None, alias="creationDate")
    renewal_date: OptionalDay = Field(None, alias="renewalDate")
    status: Text = ""
    deployment_id: Text = Field("", alias="deploymentId")
    currency: Text = Field("", alias="currencyCode")
    allowed_actions: tuple[str, ...] = Field((), alias="allowedActions")

    @property
    def can_be_renewed_late(self) -> bool:
        """Whether a RENEWAL may bring it back (reference, section 11.5)."""
        return "MANUAL_RENEWAL" in self.allowed_actions


class SubscriptionList(Wire):
    """All subscriptions of a customer; there is no paging (reference, section 16.2)."""

    total_count: int = Field(0, alias="totalCount")
    items: tuple[Subscription, ...] = ()


class AutoRenewalChange(Wire):
    """What a patch asks for (reference, section 16.3); None is left out of the body.

    `follows` sends a null quantity: all licences, however many there will be.
    """

    enabled: bool | None = None
    renewal_quantity: int | None = Field(None, alias="renewalQuantity")
    renewal_code: str | None = Field(None, alias="renewalCode")
    flex_discount_codes: tuple[str, ...] | None = Field(None, alias="flexDiscountCodes")
    follows: bool = Field(default=False, exclude=True)

    def body(self) -> dict[str, object]:
        """The body of the patch."""
        settings = self.model_dump(by_alias=True, exclude_none=True)
        if self.follows:
            settings["renewalQuantity"] = None
        return {"autoRenewal": settings}
