"""Mid-term upgrades and their reverts over HTTP (reference, section 12)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

DESIGN = "65310542CA"
PHOTO = "65318877CA"
DESK = "65316613CA"
PRO = "65327114CA"
CREDITS = "65322651CA"
LEGACY = "65308888CA"

Json = dict[str, Any]


def _customer(sandbox: Sandbox, quantity: int = 12, product: str = DESIGN, **more: object) -> str:
    return sandbox.customer(
        licences=[{"product": product, "quantity": quantity, "currencyCode": "USD"}], **more
    )


def _owned(sandbox: Sandbox, customer: str, product: str = DESIGN) -> Json:
    items = sandbox.get(f"/v3/customers/{customer}/subscriptions").json()["items"]
    found: Json = next(s for s in items if s["offerId"].startswith(product))
    return found


def _body(
    subscription_id: str, quantity: int = 5, offer: str = f"{PRO}02A12", **fields: object
) -> Json:
    body: Json = {
        "externalReferenceId": "SW-1",
        "orderType": "SWITCH",
        "currencyCode": "USD",
        "lineItems": [{"extLineItemNumber": 1, "offerId": offer, "quantity": quantity}],
        "cancellingItems": [
            {
                "extLineItemNumber": 1,
                "referenceLineItemNumber": 1,
                "subscriptionId": subscription_id,
                "quantity": quantity,
            }
        ],
    }
    return body | fields


def _switched(sandbox: Sandbox, customer: str, quantity: int = 5) -> Json:
    body = _body(_owned(sandbox, customer)["subscriptionId"], quantity)
    answer = sandbox.order(customer, body)
    assert answer.status_code == 202, answer.text
    sandbox.finish()
    order: Json = sandbox.get(answer.json()["links"]["self"]["uri"]).json()
    return order


def _revert(switched: Json, quantity: int = 5, **fields: object) -> Json:
    body = _body(switched["lineItems"][0]["subscriptionId"], quantity, f"{DESIGN}02A12")
    return body | {"orderType": "REVERT_SWITCH", "referenceOrderId": switched["orderId"]} | fields


def _refused(sandbox: Sandbox, customer: str, body: Json) -> tuple[str, list[str]]:
    answer = sandbox.order(customer, body)
    assert answer.status_code == 400, answer.text
    return answer.json()["code"], answer.json().get("additionalDetails", [])


def test_a_partial_switch_moves_licences_to_a_new_subscription(sandbox: Sandbox) -> None:
    customer = _customer(sandbox)
    source = _owned(sandbox, customer)
    answer = sandbox.order(customer, _body(source["subscriptionId"]))
    order = answer.json()
    assert (answer.status_code, order["status"]) == (202, "1002")
    assert order["lineItems"][0]["subscriptionId"] == ""
    assert order["cancellingItems"] == [
        {
            "extLineItemNumber": 1,
            "referenceLineItemNumber": 1,
            "offerId": f"{DESIGN}02A12",
            "quantity": 5,
            "subscriptionId": source["subscriptionId"],
        }
    ]
    sandbox.finish()
    done = sandbox.get(order["links"]["self"]["uri"]).json()
    created = _owned(sandbox, customer, PRO)
    assert done["lineItems"][0]["subscriptionId"] == created["subscriptionId"]
    assert (created["currentQuantity"], created["renewalDate"]) == (5, source["renewalDate"])
    assert _owned(sandbox, customer)["currentQuantity"] == 7


def test_a_full_switch_ends_the_source(sandbox: Sandbox) -> None:
    customer = _customer(sandbox)
    _switched(sandbox, customer, 12)
    source = _owned(sandbox, customer)
    assert (source["status"], source["currentQuantity"]) == ("1004", 0)
    assert "allowedActions" not in source


def test_a_preview_of_a_switch_is_priced(sandbox: Sandbox) -> None:
    customer = _customer(sandbox)
    source = _owned(sandbox, customer)
    body = _body(source["subscriptionId"], offer=f"{PRO}01A12", orderType="PREVIEW_SWITCH")
    answer = sandbox.order(customer, body, "?fetch-price=true")
    preview = answer.json()
    assert (answer.status_code, preview["orderId"], preview["status"]) == (200, "", "")
    (item,), (given_up,) = preview["lineItems"], preview["cancellingItems"]
    assert item["offerId"] == f"{PRO}02A12"  # corrected to the customer's level
    assert given_up["offerId"] == f"{DESIGN}02A12"
    total = preview["pricingSummary"][0]["totalLineItemPartnerPrice"]
    new, old = (part["pricing"]["lineItemPartnerPrice"] for part in (item, given_up))
    assert total == pytest.approx(new - old)
    assert total > 0
    assert "proratedDays" not in given_up


def test_the_worked_price_of_an_upgrade(start: Callable[..., Sandbox]) -> None:
    """300 against 180 a year with 100 of 365 days left: 32.88 (section 12.3)."""
    sandbox = start()
    sandbox.set_clock("2026-03-01T12:00:00Z")
    for product, price in ((DESK, 180), (DESIGN, 300)):
        body = {"product": product, "start": "2026-01-01", "priceUsd": price}
        sandbox.control("POST", "seed-price", body)
    customer = _customer(sandbox, 1, DESK, cotermDate="2026-06-09")
    body = _body(
        _owned(sandbox, customer, DESK)["subscriptionId"],
        1,
        f"{DESIGN}01A12",
        orderType="PREVIEW_SWITCH",
    )
    preview = sandbox.order(customer, body, "?fetch-price=true").json()
    assert preview["lineItems"][0]["proratedDays"] == 100
    total = preview["pricingSummary"][0]["totalLineItemPartnerPrice"]
    assert total == pytest.approx(32.88, abs=0.011)


@pytest.mark.parametrize("order_type", ["SWITCH", "PREVIEW_SWITCH"])
@pytest.mark.parametrize(
    ("change", "code", "details"),
    [
        ({"lineItems": []}, "2152", []),
        ({"cancellingItems": []}, "2152", []),
        ({"quantities": (5, 4)}, "2149", ["Line Item: 1, Reason: QUANTITY_MISMATCH"]),
        ({"pointer": 2}, "2153", ["Line Item: 1, Reason: REFERENCE_MISMATCH"]),
        ({"source": "gone"}, "3115", ["Line Item: 1, Reason: NOT_FOUND"]),
        ({"quantities": (13, 13)}, "2151", ["Line Item: 1, Reason: QUANTITY_ABOVE_CURRENT"]),
        ({"offer": f"{PHOTO}02A12"}, "2150", ["Line Item: 1, Reason: NO_UPGRADE_PATH"]),
        ({"offer": f"{DESK}02A12"}, "2154", ["Line Item: 1, Reason: WOULD_BE_A_REFUND"]),
        ({"offer": f"{LEGACY}02A12"}, "3132", ["Line Item: 1, Reason: PRODUCT_NOT_ALLOWED"]),
        ({"offer": f"{CREDITS}T1A12"}, "3132", ["Line Item: 1, Reason: PRODUCT_NOT_ALLOWED"]),
        ({"offer": "no-offer"}, "2122", ["Line Item: 1, Reason: INVALID_OFFER_ID"]),
        ({"discount": ["AUTUMN_TEAM_15"]}, "1121", ["lineItems[0].flexDiscountCodes"]),
        ({"currencyCode": None}, "1122", ["currencyCode"]),
        ({"referenceOrderId": "P1"}, "1121", ["referenceOrderId"]),
        ({"currencyCode": "EUR"}, "2125", ["Line Item: 1, Reason: CURRENCY_NOT_ALLOWED"]),
    ],
)
def test_a_switch_is_checked(
    sandbox: Sandbox, order_type: str, change: Json, code: str, details: list[str]
) -> None:
    customer = _customer(sandbox)
    body = _body(_owned(sandbox, customer)["subscriptionId"], orderType=order_type)
    line, cancelled = body["lineItems"][0], body["cancellingItems"][0]
    if "quantities" in change:
        line["quantity"], cancelled["quantity"] = change["quantities"]
    line["offerId"] = change.get("offer", line["offerId"])
    if "discount" in change:
        line["flexDiscountCodes"] = change["discount"]
    cancelled["subscriptionId"] = change.get("source", cancelled["subscriptionId"])
    cancelled["referenceLineItemNumber"] = change.get("pointer", 1)
    body |= {name: value for name, value in change.items() if name in body or "Id" in name}
    assert _refused(sandbox, customer, body) == (code, details)


def test_a_path_for_all_licences_only(sandbox: Sandbox) -> None:
    customer = _customer(sandbox, 12, DESK)
    source = _owned(sandbox, customer, DESK)["subscriptionId"]
    assert _refused(sandbox, customer, _body(source, 5, f"{DESIGN}02A12")) == (
        "2150",
        ["Line Item: 1, Reason: FULL_ONLY"],
    )
    assert sandbox.order(customer, _body(source, 12, f"{DESIGN}02A12")).status_code == 202


def test_the_level_is_corrected_in_previews_only(sandbox: Sandbox) -> None:
    customer = _customer(sandbox)
    source = _owned(sandbox, customer)["subscriptionId"]
    assert _refused(sandbox, customer, _body(source, offer=f"{PRO}01A12"))[0] == "2129"


def test_products_that_are_excluded(sandbox: Sandbox) -> None:
    customer = _customer(sandbox, 12, CREDITS)
    source = _owned(sandbox, customer, CREDITS)["subscriptionId"]
    assert _refused(sandbox, customer, _body(source, offer=f"{PRO}01A12"))[0] == "2154"


def test_of_two_switches_at_a_time_the_second_fails(sandbox: Sandbox) -> None:
    customer = _customer(sandbox)
    source = _owned(sandbox, customer)["subscriptionId"]
    first = sandbox.order(customer, _body(source)).json()
    second = sandbox.order(customer, _body(source)).json()
    sandbox.finish()
    statuses = [
        sandbox.get(order["links"]["self"]["uri"]).json()["status"] for order in (first, second)
    ]
    assert statuses == ["1000", "1004"]
    assert _owned(sandbox, customer)["currentQuantity"] == 7


def test_no_switch_while_an_early_renewal_is_in_progress(start: Callable[..., Sandbox]) -> None:
    sandbox = start()
    sandbox.set_clock("2026-03-01T12:00:00Z")
    customer = _customer(sandbox, cotermDate="2026-03-20")
    owned = _owned(sandbox, customer)
    renewal = {
        "orderType": "RENEWAL",
        "lineItems": [
            {
                "extLineItemNumber": 1,
                "offerId": f"{DESIGN}02A12",
                "quantity": 12,
                "currencyCode": "USD",
                "subscriptionId": owned["subscriptionId"],
            }
        ],
    }
    switched = _switched(sandbox, customer, 2)
    renewal["lineItems"][0]["quantity"] = 10
    assert sandbox.order(customer, renewal).status_code == 201
    body = _body(owned["subscriptionId"])
    assert _refused(sandbox, customer, body)[0] == "3131"
    assert _refused(sandbox, customer, body | {"orderType": "PREVIEW_SWITCH"})[0] == "3131"
    back = _revert(switched, 2)
    assert _refused(sandbox, customer, back)[0] == "3131"
    assert _refused(sandbox, customer, back | {"orderType": "PREVIEW_REVERT_SWITCH"})[0] == "3131"


def test_a_switch_can_be_taken_back_once(sandbox: Sandbox) -> None:
    customer = _customer(sandbox)
    switched = _switched(sandbox, customer)
    preview = sandbox.order(
        customer, _revert(switched, orderType="PREVIEW_REVERT_SWITCH"), "?fetch-price=true"
    ).json()
    assert preview["pricingSummary"][0]["totalLineItemPartnerPrice"] < 0
    assert preview["referenceOrderId"] == switched["orderId"]
    answer = sandbox.order(customer, _revert(switched))
    source = _owned(sandbox, customer)["subscriptionId"]
    assert answer.status_code == 202
    assert answer.json()["lineItems"][0]["subscriptionId"] == source
    assert _refused(sandbox, customer, _revert(switched))[0] == "3115"
    sandbox.finish()
    assert _owned(sandbox, customer)["currentQuantity"] == 12
    created = _owned(sandbox, customer, PRO)
    assert (created["status"], created["currentQuantity"]) == ("1004", 0)
    assert _refused(sandbox, customer, _revert(switched))[0] == "3115"


def test_a_full_switch_taken_back_brings_the_source_to_life(sandbox: Sandbox) -> None:
    customer = _customer(sandbox)
    switched = _switched(sandbox, customer, 12)
    assert sandbox.order(customer, _revert(switched, 12)).status_code == 202
    sandbox.finish()
    source = _owned(sandbox, customer)
    assert (source["status"], source["currentQuantity"]) == ("1000", 12)


def test_either_subscription_may_be_named_when_reverting(sandbox: Sandbox) -> None:
    customer = _customer(sandbox)
    switched = _switched(sandbox, customer)
    body = _revert(switched)
    body["cancellingItems"][0]["subscriptionId"] = _owned(sandbox, customer)["subscriptionId"]
    assert sandbox.order(customer, body).status_code == 202


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"referenceOrderId": "P0"}, 404, "2115"),
        ({"referenceOrderId": ""}, 400, "1122"),
        ({"quantity": 4}, 400, "2149"),
        ({"offer": f"{PHOTO}02A12"}, 400, "2150"),
        ({"source": "gone"}, 400, "3115"),
    ],
)
def test_a_revert_is_checked(sandbox: Sandbox, change: Json, status: int, code: str) -> None:
    customer = _customer(sandbox)
    switched = _switched(sandbox, customer)
    body = _revert(switched, change.get("quantity", 5))
    body["referenceOrderId"] = change.get("referenceOrderId", body["referenceOrderId"])
    body["lineItems"][0]["offerId"] = change.get("offer", f"{DESIGN}02A12")
    cancelled = body["cancellingItems"][0]
    cancelled["subscriptionId"] = change.get("source", cancelled["subscriptionId"])
    answer = sandbox.order(customer, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_only_a_finished_switch_is_reverted_within_two_weeks(sandbox: Sandbox) -> None:
    customer = _customer(sandbox)
    source = _owned(sandbox, customer)["subscriptionId"]
    open_switch = sandbox.order(customer, _body(source)).json()
    open_switch["lineItems"][0]["subscriptionId"] = source
    assert _refused(sandbox, customer, _revert(open_switch))[0] == "2116"
    sandbox.finish()
    switched = sandbox.get(open_switch["links"]["self"]["uri"]).json()
    sandbox.control(
        "POST",
        f"orders/{switched['orderId']}",
        {"creationDate": (sandbox.now() - timedelta(days=14, seconds=5)).isoformat()},
    )
    assert _refused(sandbox, customer, _revert(switched))[0] == "2134"


def test_licences_that_were_switched_away_cannot_be_returned_and_reverted_too(
    sandbox: Sandbox,
) -> None:
    """The return is accepted and fails later: what it gives back is not there any more."""
    customer = sandbox.customer()
    bought = {"extLineItemNumber": 1, "offerId": f"{DESIGN}01A12", "quantity": 3}
    lines = [bought | {"currencyCode": "USD"}]
    new = sandbox.order(customer, {"orderType": "NEW", "lineItems": lines}).json()["orderId"]
    sandbox.finish()
    owned = _owned(sandbox, customer)["subscriptionId"]
    switch = sandbox.order(customer, _body(owned, 3, f"{PRO}01A12")).json()["orderId"]
    sandbox.finish()
    body = {"orderType": "RETURN", "referenceOrderId": new, "lineItems": lines}
    returned = sandbox.order(customer, body)
    assert returned.status_code == 201
    sandbox.finish()
    path = f"/v3/customers/{customer}/orders"
    assert sandbox.get(f"{path}/{returned.json()['orderId']}").json()["status"] == "1004"
    switched = sandbox.get(f"{path}/{switch}").json()
    back = _revert(switched, 3)
    back["lineItems"][0]["offerId"] = f"{DESIGN}01A12"
    assert sandbox.order(customer, back).status_code == 202
    sandbox.finish()
    assert _owned(sandbox, customer)["currentQuantity"] == 3
    assert sandbox.order(customer, body).status_code == 201
    sandbox.finish()
    assert _owned(sandbox, customer)["currentQuantity"] == 0
