"""One row per way to an error code, and what the rows prepare themselves with."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import httpx

    from tests.sandbox.conftest import Sandbox

Json = dict[str, Any]
Attempt = Callable[["Sandbox"], "httpx.Response"]

DESIGN = "65310542CA"
PHOTO = "65318877CA"
DESK = "65316613CA"
PRO = "65327114CA"
ADD_ON = "65330218CA"
ENTERPRISE = "65304990EA"
CLASSROOM = "65340077CA"
CREDITS = "65322651CA"
LEGACY = "65308888CA"
INK = "65301177CA"
FOREIGN = "65399120CA"
ONCE = "65345561CA"
COMPACT = "65347702CA"
"""Not with DESK, and not for government agencies."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A code as `error-codes.csv` lists it, the call that gets it, and what the call gets.

    `server` is the fixture to ask. `inside` leads to an error that stands in a success.
    """

    code: str
    status: int
    details: list[str] | None
    attempt: Attempt
    server: Literal["sandbox", "partial_returns"] = "sandbox"
    inside: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.code


def line(
    number: int = 1, offer_id: str = f"{DESIGN}01A12", quantity: int = 1, **more: object
) -> Json:
    """A line item; `...` leaves a field out."""
    return _given(
        {
            "extLineItemNumber": number,
            "offerId": offer_id,
            "quantity": quantity,
            "currencyCode": "USD",
        }
        | more
    )


def order(*lines: Json, order_type: str = "NEW", **more: object) -> Json:
    """An order body; `...` leaves a field out."""
    fields = {
        "externalReferenceId": "PO-1",
        "orderType": order_type,
        "lineItems": list(lines) or [line()],
    }
    return _given(fields | more)


def _given(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not ...}


def reason(word: str, number: int = 1) -> list[str]:
    """The additionalDetails of one failing line."""
    return [f"Line Item: {number}, Reason: {word}"]


def licences(product: str = DESIGN, quantity: int = 10) -> list[Json]:
    """Licences to seed a customer with."""
    return [{"product": product, "quantity": quantity, "currencyCode": "USD"}]


def day(sandbox: Sandbox, days: int) -> str:
    """The day that many days from now, by the server's clock."""
    return (sandbox.now().date() + timedelta(days=days)).isoformat()


def fresh(body: Json, query: str = "", **customer: object) -> Attempt:
    """Sends an order of a new customer."""
    return lambda sandbox: sandbox.order(sandbox.customer(**customer), body, query)


def owned(sandbox: Sandbox, customer: str) -> Json:
    """The customer's first subscription."""
    found: Json = sandbox.get(f"/v3/customers/{customer}/subscriptions").json()["items"][0]
    return found


def seed_subscription(sandbox: Sandbox, customer: str, **fields: object) -> str:
    """A subscription of 10 licences that renews in 20 days; returns its id."""
    facts: Json = {
        "subscriptionId": f"subscription-{uuid.uuid4().hex[:8]}",
        "customerId": customer,
        "offerId": f"{DESIGN}01A12",
        "currentQuantity": 10,
        "currencyCode": "USD",
        "renewalDate": day(sandbox, 20),
    }
    facts |= fields
    sandbox.control("POST", "seed-subscription", facts)
    return str(facts["subscriptionId"])
