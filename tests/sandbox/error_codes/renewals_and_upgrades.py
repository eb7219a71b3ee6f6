"""The codes of RENEWAL and the switch family, and of subscriptions (sections 11, 12 and 16)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sandbox.error_codes.reaching import (
    DESIGN,
    DESK,
    INK,
    LEGACY,
    PHOTO,
    PRO,
    Attempt,
    Json,
    Reached,
    day,
    fresh,
    licences,
    line,
    order,
    owned,
    reason,
    seed_subscription,
)

if TYPE_CHECKING:
    import httpx

    from tests.sandbox.conftest import Sandbox

CODE = ["autoRenewal.renewalCode"]
QUANTITY = ["autoRenewal.renewalQuantity"]


def _commitment(sandbox: Sandbox, *, ends_in: int = 600, minimum: int = 10) -> Json:
    return {
        "startDate": day(sandbox, ends_in - 1000),
        "endDate": day(sandbox, ends_in),
        "minimumLicences": minimum,
    }


# Renewals


def _renewed(
    product: str = DESIGN,
    quantity: int = 10,
    order_type: str = "RENEWAL",
    anniversary_in: int = 20,
    times: int = 1,
) -> Attempt:
    """Renews licences of a customer who has ten of them."""

    def attempt(sandbox: Sandbox) -> httpx.Response:
        customer = sandbox.customer(
            cotermDate=day(sandbox, anniversary_in), licences=licences(product)
        )
        named = owned(sandbox, customer)["subscriptionId"]
        asked = line(1, f"{product}02A12", quantity, subscriptionId=named)
        body = order(asked, order_type=order_type)
        for _ in range(times - 1):
            assert sandbox.order(customer, body).status_code == 201
        return sandbox.order(customer, body)

    return attempt


def _renewed_in_the_last_year_of_a_commitment(sandbox: Sandbox) -> httpx.Response:
    customer = sandbox.customer(
        cotermDate=day(sandbox, 20),
        licences=licences(),
        commitment=_commitment(sandbox, ends_in=100),
    )
    named = owned(sandbox, customer)["subscriptionId"]
    asked = line(1, f"{DESIGN}12A12", 10, subscriptionId=named)
    return sandbox.order(customer, order(asked, order_type="RENEWAL"))


def _outlook_when_all_is_renewed(sandbox: Sandbox) -> httpx.Response:
    customer = sandbox.customer()
    seed_subscription(sandbox, customer, renewedQuantity=10)
    return sandbox.order(customer, {"orderType": "PREVIEW_RENEWAL"})


# Upgrades


def _upgraded(
    source: str = DESIGN,
    target: str = PRO,
    quantities: tuple[int, int] = (5, 5),
    pointer: int = 1,
    lines: int = 1,
) -> Attempt:
    """Upgrades licences of a customer who has ten of them."""

    def attempt(sandbox: Sandbox) -> httpx.Response:
        customer = sandbox.customer(licences=licences(source))
        wanted, given_up = quantities
        body = order(
            *(line(n, f"{target}02A12", wanted, currencyCode=...) for n in range(1, lines + 1)),
            order_type="SWITCH",
            currencyCode="USD",
            cancellingItems=[
                {
                    "extLineItemNumber": 1,
                    "referenceLineItemNumber": pointer,
                    "subscriptionId": owned(sandbox, customer)["subscriptionId"],
                    "quantity": given_up,
                }
            ],
        )
        return sandbox.order(customer, body)

    return attempt


# Subscriptions


def _set(customer: Json | None = None, **settings: object) -> Attempt:
    """Sets the automatic renewal of a customer's first subscription: ten Design licences."""

    def attempt(sandbox: Sandbox) -> httpx.Response:
        return _patch(
            sandbox, sandbox.customer(**{"licences": licences()} | (customer or {})), settings
        )

    return attempt


def _set_of_seeded(product: Json, **settings: object) -> Attempt:
    def attempt(sandbox: Sandbox) -> httpx.Response:
        customer = sandbox.customer(commitment=_commitment(sandbox))
        seed_subscription(sandbox, customer, **product)
        return _patch(sandbox, customer, settings)

    return attempt


def _set_for_high_growth(
    *,
    days: int = 5,
    minimum: int | None = 250,
    offer_id: str = f"{PRO}01A12",
    code: str = "MOQ_100",
) -> Attempt:
    """Asks for a high-growth offer; the window is from seven to three days before."""

    def attempt(sandbox: Sandbox) -> httpx.Response:
        kept = {"commitment": _commitment(sandbox, minimum=minimum)} if minimum else {}
        customer = sandbox.customer(**kept)
        seed_subscription(
            sandbox, customer, offerId=offer_id, currentQuantity=120, renewalDate=day(sandbox, days)
        )
        return _patch(sandbox, customer, {"enabled": True, "renewalCode": code})

    return attempt


def _patch(sandbox: Sandbox, customer: str, settings: Json) -> httpx.Response:
    path = f"/v3/customers/{customer}/subscriptions/{owned(sandbox, customer)['subscriptionId']}"
    return sandbox.call("PATCH", path, {"autoRenewal": settings})


def _set_below_the_commitment(sandbox: Sandbox) -> httpx.Response:
    customer = sandbox.customer(licences=licences(), commitment=_commitment(sandbox))
    return _patch(sandbox, customer, {"enabled": True, "renewalQuantity": 9})


RENEWALS_AND_UPGRADES = [
    Reached("2136", 400, None, fresh({"orderType": "PREVIEW_RENEWAL"})),
    Reached("2149", 400, reason("QUANTITY_MISMATCH"), _upgraded(quantities=(5, 4))),
    Reached("2150", 400, reason("NO_UPGRADE_PATH"), _upgraded(target=PHOTO)),
    Reached("2151", 400, reason("QUANTITY_ABOVE_CURRENT"), _upgraded(quantities=(11, 11))),
    Reached("2152", 400, None, _upgraded(lines=2)),
    Reached("2153", 400, reason("REFERENCE_MISMATCH"), _upgraded(pointer=2)),
    Reached("2154", 400, reason("WOULD_BE_A_REFUND"), _upgraded(target=DESK)),
    Reached("2164", 400, None, _outlook_when_all_is_renewed),
    Reached(
        "3115",
        400,
        reason("NOT_FOUND"),
        fresh(order(line(subscriptionId="none"), order_type="RENEWAL")),
    ),
    Reached("3121", 400, reason("MORE_THAN_LEFT_TO_RENEW"), _renewed(quantity=11)),
    Reached("3122", 400, reason("OUTSIDE_RENEWAL_WINDOW"), _renewed(anniversary_in=200)),
    Reached("3132", 400, reason("PRODUCT_NOT_RENEWABLE"), _renewed(INK)),
    Reached("3133", 400, reason("COMMITMENT_ENDS"), _renewed_in_the_last_year_of_a_commitment),
    Reached("4122", 400, None, _renewed(quantity=4, times=2)),
    Reached(
        "3115",
        404,
        None,
        lambda s: s.get(f"/v3/customers/{s.customer()}/subscriptions/none"),
    ),
    Reached("3116", 400, QUANTITY, _set(renewalQuantity=10_001)),
    Reached("3119", 400, None, _set_of_seeded({"status": "1004"}, enabled=True)),
    Reached("3120", 400, ["BELOW_COMMITTED_MINIMUM"], _set_below_the_commitment),
    Reached("3123", 400, None, _set({"licences": licences(INK)}, enabled=True)),
    Reached("3123", 400, None, _set({"licences": licences(LEGACY)}, renewalQuantity=4)),
    Reached("5123", 400, CODE, _set(renewalCode="MOQ_7")),
    Reached("5124", 400, CODE, _set_for_high_growth(code="MOQ_250")),
    Reached("5125", 400, CODE, _set(renewalCode="MOQ_100")),
    Reached("5127", 400, CODE, _set_for_high_growth(days=8)),
    Reached("5128", 400, CODE, _set_for_high_growth(minimum=None)),
    Reached("5129", 400, CODE, _set_for_high_growth(minimum=99)),
    Reached("5132", 400, CODE, _set_for_high_growth(offer_id=f"{PRO}14X12")),
    Reached(
        "5134",
        400,
        ["autoRenewal.enabled"],
        _set_of_seeded({"offerId": f"{PRO}14X12", "currentQuantity": 120}, enabled=False),
    ),
]
