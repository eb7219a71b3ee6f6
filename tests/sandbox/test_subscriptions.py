"""Subscriptions over HTTP: list, get, patch, create (reference, section 16)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

DESIGN = "65310542CA"
PHOTO = "65318877CA"
PRO = "65327114CA"
ADD_ON = "65330218CA"
CREDITS = "65322651CA"
LEGACY = "65308888CA"
INK = "65301177CA"
CLASSROOM = "65340077CA"

Json = dict[str, Any]


def _licences(*products: str, quantity: int = 10) -> list[Json]:
    return [{"product": p, "quantity": quantity, "currencyCode": "USD"} for p in products]


def _path(sandbox: Sandbox, customer: str, product: str = DESIGN) -> str:
    items = sandbox.get(f"/v3/customers/{customer}/subscriptions").json()["items"]
    found = next(s for s in items if s["offerId"].startswith(product))
    return f"/v3/customers/{customer}/subscriptions/{found['subscriptionId']}"


def _patch(sandbox: Sandbox, path: str, query: str = "", **settings: object) -> Json:
    answer = sandbox.call("PATCH", path + query, {"autoRenewal": settings} if settings else {})
    assert answer.status_code == 200, answer.text
    found: Json = sandbox.get(path).json()["autoRenewal"]
    return found


@pytest.fixture
def owner(sandbox: Sandbox) -> str:
    return sandbox.customer(licences=_licences(DESIGN))


def test_a_subscription_as_it_is_after_an_order(sandbox: Sandbox, owner: str) -> None:
    found = sandbox.get(_path(sandbox, owner)).json()
    assert found["autoRenewal"] == {"enabled": True, "renewalQuantity": 10}
    assert (found["status"], found["currentQuantity"], found["usedQuantity"]) == ("1000", 10, 0)
    assert found["renewalDate"] == (sandbox.now().date() + timedelta(days=200)).isoformat()
    for absent in ("renewedQuantity", "allowedActions", "deploymentId"):
        assert absent not in found


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_subscription_that_is_not_there(sandbox: Sandbox, owner: str, method: str) -> None:
    answer = sandbox.call(method, f"/v3/customers/{owner}/subscriptions/none", {"autoRenewal": {}})
    assert (answer.status_code, answer.json()["code"]) == (404, "3115")


def test_the_three_states_of_automatic_renewal(sandbox: Sandbox, owner: str) -> None:
    path = _path(sandbox, owner)
    fixed = {"enabled": True, "renewalQuantity": 7}
    assert _patch(sandbox, path, enabled=True, renewalQuantity=7) == fixed
    assert _patch(sandbox, path, enabled=False)["enabled"] is False
    assert _patch(sandbox, path, enabled=True, renewalQuantity=None)["renewalQuantity"] == 10
    assert _patch(sandbox, path, enabled=True, renewalQuantity=7) == fixed
    assert _patch(sandbox, path, enabled=True)["renewalQuantity"] == 10


def test_a_fixed_quantity_stays_when_licences_are_bought(
    sandbox: Sandbox, owner: str, line: Callable[..., Json], new: Callable[..., Json]
) -> None:
    path = _path(sandbox, owner)
    _patch(sandbox, path, enabled=True, renewalQuantity=10)
    assert sandbox.order(owner, new(line(1, f"{DESIGN}02A12", 5))).status_code == 201
    sandbox.finish()
    found = sandbox.get(path).json()
    assert (found["currentQuantity"], found["autoRenewal"]["renewalQuantity"]) == (15, 10)


def test_the_answer_to_a_patch_lacks_some_fields(sandbox: Sandbox, owner: str) -> None:
    answer = sandbox.call("PATCH", _path(sandbox, owner), {"autoRenewal": {"enabled": True}})
    assert {"offerId", "usedQuantity"}.isdisjoint(answer.json())


def test_discount_codes_are_set_and_removed(sandbox: Sandbox, owner: str) -> None:
    path = _path(sandbox, owner)
    set_ = _patch(sandbox, path, enabled=True, flexDiscountCodes=["ANY_CODE"])
    assert set_["flexDiscountCodes"] == ["ANY_CODE"]
    removed = _patch(sandbox, path, "?reset-flex-discount-codes=true")
    assert "flexDiscountCodes" not in removed
    empty = sandbox.call("PATCH", f"{path}?reset-flex-discount-codes=true")
    assert empty.status_code == 200


@pytest.mark.parametrize(
    ("body", "code", "details"),
    [
        ({}, "1122", ["autoRenewal"]),
        ({"autoRenewal": None}, "1122", ["autoRenewal"]),
        ({"autoRenewal": {"enabled": "yes"}}, "1117", ["autoRenewal.enabled"]),
        ({"autoRenewal": {"often": True}}, "1121", ["autoRenewal.often"]),
        ({"autoRenewal": {}, "colour": 1}, "1121", ["colour"]),
        ({"autoRenewal": {}, "currentQuantity": 9}, "1119", ["currentQuantity"]),
        ({"autoRenewal": {"renewalQuantity": 0}}, "3116", ["autoRenewal.renewalQuantity"]),
        ({"autoRenewal": {"renewalQuantity": 10_001}}, "3116", ["autoRenewal.renewalQuantity"]),
        (
            {"autoRenewal": {"flexDiscountCodes": ["A", "B"]}},
            "2147",
            ["autoRenewal.flexDiscountCodes"],
        ),
        (
            {"autoRenewal": {"enabled": False, "flexDiscountCodes": ["A"]}},
            "3120",
            ["autoRenewal.flexDiscountCodes"],
        ),
        ({"autoRenewal": {"renewalCode": "MOQ_7"}}, "5123", ["autoRenewal.renewalCode"]),
        ({"autoRenewal": {"renewalCode": "MOQ_100"}}, "5125", ["autoRenewal.renewalCode"]),
    ],
)
def test_a_patch_is_checked(
    sandbox: Sandbox, owner: str, body: Json, code: str, details: list[str]
) -> None:
    answer = sandbox.call("PATCH", _path(sandbox, owner), body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["additionalDetails"] == details


def test_what_has_lapsed_cannot_be_changed(sandbox: Sandbox) -> None:
    customer = sandbox.customer()
    sandbox.control(
        "POST",
        "seed-subscription",
        {
            "subscriptionId": f"lapsed-of-{customer}",
            "customerId": customer,
            "offerId": f"{DESIGN}01A12",
            "currentQuantity": 3,
            "currencyCode": "USD",
            "renewalDate": "2026-02-14",
            "status": "1004",
            "canBeRenewedLate": True,
        },
    )
    answer = sandbox.call("PATCH", _path(sandbox, customer), {"autoRenewal": {"enabled": True}})
    assert (answer.status_code, answer.json()["code"]) == (400, "3119")


@pytest.mark.parametrize(
    ("product", "settings", "code"),
    [
        (INK, {"enabled": True}, "3123"),
        (INK, {"renewalQuantity": 4}, "3123"),
        (INK, {"enabled": False}, None),
        (LEGACY, {"enabled": True}, "3123"),
    ],
)
def test_what_is_no_longer_sold_can_only_be_switched_off(
    sandbox: Sandbox, product: str, settings: Json, code: str | None
) -> None:
    customer = sandbox.customer(licences=_licences(product))
    path = _path(sandbox, customer, product)
    answer = sandbox.call("PATCH", path, {"autoRenewal": settings})
    assert answer.json().get("code") == code
    expected = settings["enabled"] if code is None else True
    assert sandbox.get(path).json()["autoRenewal"]["enabled"] is expected


def test_a_discontinued_product_goes_on_for_committed_customers(sandbox: Sandbox) -> None:
    commitment = {"startDate": "2025-01-01", "endDate": "2099-01-01", "minimumLicences": 10}
    customer = sandbox.customer(licences=_licences(LEGACY), commitment=commitment)
    path = _path(sandbox, customer, LEGACY)
    assert _patch(sandbox, path, enabled=True, renewalQuantity=12)["renewalQuantity"] == 12


def test_an_add_on_needs_its_product_at_the_renewal(sandbox: Sandbox) -> None:
    customer = sandbox.customer(licences=_licences(DESIGN, ADD_ON))
    answer = sandbox.call("PATCH", _path(sandbox, customer), {"autoRenewal": {"enabled": False}})
    assert (answer.json()["code"], answer.json()["additionalDetails"]) == (
        "3120",
        ["ADD_ON_WITHOUT_PRODUCT"],
    )


def test_the_committed_minimum_is_kept(sandbox: Sandbox) -> None:
    commitment = {"startDate": "2025-01-01", "endDate": "2028-01-01", "minimumLicences": 10}
    customer = sandbox.customer(licences=_licences(DESIGN), commitment=commitment)
    path = _path(sandbox, customer)
    answer = sandbox.call("PATCH", path, {"autoRenewal": {"enabled": True, "renewalQuantity": 9}})
    assert (answer.json()["code"], answer.json()["additionalDetails"]) == (
        "3120",
        ["BELOW_COMMITTED_MINIMUM"],
    )


# High growth


def _committed(sandbox: Sandbox, days: int = 5, minimum: int = 250, **more: object) -> str:
    commitment = {"startDate": "2025-01-01", "endDate": "2028-01-01", "minimumLicences": minimum}
    return sandbox.customer(
        cotermDate=(sandbox.now().date() + timedelta(days=days)).isoformat(),
        licences=_licences(PRO, quantity=120),
        **({"commitment": commitment} | more),
    )


@pytest.mark.parametrize(
    ("fields", "settings", "code"),
    [
        ({"days": 8}, {"renewalCode": "MOQ_100"}, "5127"),
        ({"days": 2}, {"renewalCode": "MOQ_100"}, "5127"),
        ({"commitment": None}, {"renewalCode": "MOQ_100"}, "5128"),
        ({"minimum": 120}, {"renewalCode": "MOQ_250"}, "5129"),
        ({}, {"renewalCode": "MOQ_250"}, "5124"),
        ({}, {"renewalCode": "MOQ_100", "enabled": False}, "5125"),
    ],
)
def test_a_renewal_code_is_checked(
    sandbox: Sandbox, fields: Json, settings: Json, code: str
) -> None:
    customer = _committed(sandbox, **fields)
    answer = sandbox.call("PATCH", _path(sandbox, customer, PRO), {"autoRenewal": settings})
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_high_growth_offer_comes_at_the_renewal(start: Callable[..., Sandbox]) -> None:
    sandbox = start("--finish-after", "0")
    customer = _committed(sandbox)
    path = _path(sandbox, customer, PRO)
    settings = {"enabled": True, "renewalCode": "MOQ_250", "renewalQuantity": 250}
    assert _patch(sandbox, path, **settings)["renewalCode"] == "MOQ_250"
    assert "renewalCode" not in _patch(sandbox, path, "?reset-renewal-code=true")
    _patch(sandbox, path, **settings)
    sandbox.advance(days=6)
    sandbox.control("POST", "renew")
    sandbox.finish()
    found = sandbox.get(path).json()
    assert (found["offerId"], found["currentQuantity"]) == (f"{PRO}14Y12", 250)
    off = sandbox.call("PATCH", path, {"autoRenewal": {"enabled": False}})
    assert (off.json()["code"], off.json()["additionalDetails"]) == (
        "5134",
        ["autoRenewal.enabled"],
    )
    sandbox.advance(days=360)
    again = sandbox.call("PATCH", path, {"autoRenewal": settings})
    assert again.json()["code"] == "5132"
    order = sandbox.history(customer, "?start-date=2020-01-01&order-type=RENEWAL").json()["items"][
        0
    ]
    sandbox.control(
        "POST", f"orders/{order['orderId']}", {"creationDate": sandbox.now().isoformat()}
    )
    sandbox.control("POST", f"subscriptions/{found['subscriptionId']}", {"currentQuantity": 300})
    item = order["lineItems"][0]
    back = {
        "orderType": "RETURN",
        "referenceOrderId": order["orderId"],
        "lineItems": [
            {k: item[k] for k in ("extLineItemNumber", "offerId", "quantity", "currencyCode")}
        ],
    }
    refused = sandbox.order(customer, back)
    assert (refused.json()["code"], refused.json()["additionalDetails"]) == (
        "5133",
        ["Line Item: 1, Reason: BELOW_HIGH_GROWTH_MINIMUM"],
    )


# Create


def _scheduled(**settings: object) -> Json:
    return {
        "offerId": f"{PHOTO}01A12",
        "autoRenewal": {"enabled": True, "renewalQuantity": 20} | settings,
    }


def _near(sandbox: Sandbox, days: int = 20, **more: object) -> str:
    day = sandbox.now().date() + timedelta(days=days)
    return sandbox.customer(
        **({"cotermDate": day.isoformat(), "licences": _licences(DESIGN)} | more)
    )


def _create(sandbox: Sandbox, customer: str, body: Json) -> Any:
    return sandbox.call("POST", f"/v3/customers/{customer}/subscriptions", body)


def test_a_product_is_scheduled_for_the_next_term(start: Callable[..., Sandbox]) -> None:
    sandbox = start("--finish-after", "0")
    customer = _near(sandbox)
    answer = _create(sandbox, customer, _scheduled())
    found = answer.json()
    assert (answer.status_code, found["status"], found["currentQuantity"]) == (200, "1009", 0)
    assert found["autoRenewal"] == {"enabled": True, "renewalQuantity": 20}
    assert "usedQuantity" not in found
    sandbox.advance(days=21)
    sandbox.control("POST", "renew")
    sandbox.finish()
    found = sandbox.get(_path(sandbox, customer, PHOTO)).json()
    assert (found["status"], found["currentQuantity"]) == ("1000", 20)
    assert date.fromisoformat(found["renewalDate"]) > sandbox.now().date()


@pytest.mark.parametrize(("days", "code"), [(31, "3122"), (30, None), (3, None), (2, "3122")])
def test_the_window_of_scheduling(sandbox: Sandbox, days: int, code: str | None) -> None:
    answer = _create(sandbox, _near(sandbox, days), _scheduled())
    assert answer.json().get("code") == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"offerId": f"{PHOTO}01A12"}, "1122"),
        (_scheduled(enabled=None), "1122"),
        (_scheduled(renewalQuantity=None), "1122"),
        (_scheduled(enabled=False), "1117"),
        (_scheduled(renewalQuantity=0), "3116"),
        (_scheduled(flexDiscountCodes=["A", "B"]), "2147"),
        (_scheduled() | {"offerId": "no-offer"}, "2122"),
        (_scheduled() | {"offerId": f"{CREDITS}T1A12"}, "3132"),
        (_scheduled() | {"offerId": f"{LEGACY}01A12"}, "3132"),
        (_scheduled() | {"offerId": f"{DESIGN}01A12"}, "2129"),
        (_scheduled() | {"offerId": f"{CLASSROOM}01A12"}, "2129"),
        (_scheduled() | {"offerId": f"{ADD_ON}01A12"}, None),
        (_scheduled() | {"colour": 1}, "1121"),
        (_scheduled(renewalCode="MOQ_9"), "5123"),
    ],
)
def test_scheduling_is_checked(sandbox: Sandbox, body: Json, code: str | None) -> None:
    answer = _create(sandbox, _near(sandbox), body)
    assert answer.json().get("code") == code, answer.text


def test_scheduling_needs_a_customer_with_licences(sandbox: Sandbox) -> None:
    assert _create(sandbox, "nobody", _scheduled()).json()["code"] == "1116"
    answer = _create(sandbox, _near(sandbox, licences=[]), _scheduled())
    assert (answer.json()["code"], answer.json()["additionalDetails"]) == (
        "2129",
        ["NO_ACTIVE_SUBSCRIPTION"],
    )


PLACE = "PR1450043516"


@pytest.mark.parametrize(
    ("customer", "asked", "status", "code", "field"),
    [
        ({}, {"currencyCode": "XYZ"}, 400, "2125", "currencyCode"),
        ({}, {"currencyCode": "JPY"}, 400, "2125", "currencyCode"),
        ({}, {"currencyCode": "JPY", "deploymentId": "NOSUCH"}, 404, "2138", "deploymentId"),
        (
            {"country": "DE"},
            {"offerId": "65304990EA01A12", "currencyCode": "EUR"},
            400,
            "2128",
            "currencyCode",
        ),
        ({}, {"deploymentId": PLACE}, 400, "1122", "currencyCode"),
        ({}, {"currencyCode": "USD", "deploymentId": PLACE}, 400, "2137", "currencyCode"),
        ({}, {"currencyCode": "EUR", "deploymentId": PLACE}, 400, "1140", "deploymentId"),
        (
            {"deploymentsInContract": False},
            {"currencyCode": "EUR", "deploymentId": PLACE},
            400,
            "2139",
            "deploymentId",
        ),
        (
            {"globalSalesEnabled": True, "marketSegment": "GOV"},
            {"currencyCode": "EUR", "deploymentId": PLACE},
            400,
            "1142",
            "deploymentId",
        ),
    ],
)
def test_currency_and_deployment_are_checked_as_in_orders(
    sandbox: Sandbox, *, customer: Json, asked: Json, status: int, code: str, field: str
) -> None:
    places = [{"deploymentId": PLACE, "country": "DE", "currencyCode": "EUR"}]
    answer = _create(sandbox, _near(sandbox, deployments=places, **customer), _scheduled() | asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["additionalDetails"] == [field]


def test_scheduling_for_a_deployment_needs_a_partner_that_sells_worldwide(
    start: Callable[..., Sandbox],
) -> None:
    sandbox = start()
    places = [{"deploymentId": PLACE, "country": "DE", "currencyCode": "EUR"}]
    customer = _near(sandbox, deployments=places, globalSalesEnabled=True)
    body = _scheduled() | {"currencyCode": "EUR", "deploymentId": PLACE}
    sandbox.control("POST", "partner", {"worldwideSales": False})
    assert _create(sandbox, customer, body).json()["code"] == "1139"
    sandbox.control("POST", "partner", {"worldwideSales": True})
    found = _create(sandbox, customer, body).json()
    assert (found["currencyCode"], found["deploymentId"]) == ("EUR", PLACE)
    assert _create(sandbox, customer, _scheduled()).json()["currencyCode"] == "USD"
