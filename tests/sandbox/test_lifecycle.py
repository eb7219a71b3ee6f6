"""From 1002 to the end, and what subscriptions and customers show (sections 7, 14 and 16)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

Make = Callable[..., Any]

DESIGN, PHOTO, CREDITS = "65310542CA01A12", "65318877CA01A12", "65322651CAT1A12"


def _order(sandbox: Sandbox, customer_id: str, order_id: str) -> dict[str, Any]:
    return sandbox.get(f"/v3/customers/{customer_id}/orders/{order_id}").json()


def _owned(sandbox: Sandbox, customer_id: str) -> list[dict[str, Any]]:
    return sandbox.get(f"/v3/customers/{customer_id}/subscriptions").json()["items"]


def test_an_order_is_accepted_first_and_finished_later(
    sandbox: Sandbox, line: Make, new: Make
) -> None:
    customer_id = sandbox.customer()
    answer = sandbox.order(customer_id, new(line(1, DESIGN, 3), line(2, PHOTO, 2)))
    placed = answer.json()
    assert (answer.status_code, placed["status"]) == (201, "1002")
    assert [(i["status"], i["subscriptionId"]) for i in placed["lineItems"]] == [("1002", "")] * 2
    assert _owned(sandbox, customer_id) == []
    assert placed["orderId"] in sandbox.finish()
    done = _order(sandbox, customer_id, placed["orderId"])
    assert done["status"] == "1000"
    for item in done["lineItems"]:
        assert item["status"] == "1000"
        assert re.fullmatch(r"[0-9a-f]{30}NA", item["subscriptionId"])
    quantities = {s["offerId"]: s["currentQuantity"] for s in _owned(sandbox, customer_id)}
    assert quantities == {"65310542CA01A12": 3, "65318877CA01A12": 2}


def test_orders_finish_by_themselves_when_their_time_has_come(
    start: Callable[..., Sandbox], new: Make
) -> None:
    sandbox = start("--finish-after", "3600")
    customer_id = sandbox.customer()
    order_id = sandbox.order(customer_id, new()).json()["orderId"]
    assert _order(sandbox, customer_id, order_id)["status"] == "1002"
    sandbox.advance(hours=2)
    deadline = time.monotonic() + 30
    while _order(sandbox, customer_id, order_id)["status"] != "1000":
        assert time.monotonic() < deadline


def test_all_placed_orders_can_be_answered_202(start: Callable[..., Sandbox], new: Make) -> None:
    sandbox = start("--placed-is-202")
    assert sandbox.order(sandbox.customer(), new()).status_code == 202
    assert sandbox.order(sandbox.customer(), new(order_type="PREVIEW")).status_code == 200


def test_more_of_a_product_goes_into_the_same_subscription(
    sandbox: Sandbox, line: Make, new: Make
) -> None:
    customer_id = sandbox.customer()
    first = sandbox.order(customer_id, new(line(1, DESIGN, 2), line(2, DESIGN, 1))).json()
    sandbox.finish()
    second = sandbox.order(customer_id, new(line(1, DESIGN, 4))).json()
    sandbox.finish()
    (owned,) = _owned(sandbox, customer_id)
    assert owned["currentQuantity"] == 7
    ids = {
        item["subscriptionId"]
        for order in (first, second)
        for item in _order(sandbox, customer_id, order["orderId"])["lineItems"]
    }
    assert ids == {owned["subscriptionId"]}


def test_a_lapsed_subscription_is_not_filled_again(sandbox: Sandbox, line: Make, new: Make) -> None:
    customer_id = sandbox.customer()
    order_id = sandbox.past_order(customer_id, [line(1, DESIGN, 2)])
    body = new(line(1, DESIGN, 2), order_type="RETURN", referenceOrderId=order_id)
    sandbox.order(customer_id, body)
    sandbox.finish()
    sandbox.order(customer_id, new(line(1, DESIGN, 3)))
    sandbox.finish()
    statuses = {s["status"]: s["currentQuantity"] for s in _owned(sandbox, customer_id)}
    assert statuses == {"1004": 0, "1000": 3}


def test_credit_packs_run_a_year_each(sandbox: Sandbox, line: Make, new: Make) -> None:
    customer_id = sandbox.customer()
    for _ in range(2):
        sandbox.order(customer_id, new(line(1, CREDITS, 1)))
    sandbox.finish()
    owned = _owned(sandbox, customer_id)
    assert [s["currentQuantity"] for s in owned] == [1, 1]
    in_a_year = (sandbox.now() + timedelta(days=363)).date().isoformat()
    assert {s["renewalDate"] > in_a_year for s in owned} == {True}


def test_the_first_order_sets_the_anniversary_a_year_later(sandbox: Sandbox, new: Make) -> None:
    customer_id = sandbox.customer(cotermDate=None)
    path = f"/v3/customers/{customer_id}"
    sandbox.order(customer_id, new())
    assert sandbox.get(path).json()["cotermDate"] == ""
    sandbox.finish()
    anniversary = sandbox.get(path).json()["cotermDate"]
    assert anniversary > (sandbox.now() + timedelta(days=363)).date().isoformat()
    assert _owned(sandbox, customer_id)[0]["renewalDate"] == anniversary
    sandbox.order(customer_id, new())
    sandbox.finish()
    assert sandbox.get(path).json()["cotermDate"] == anniversary


@pytest.mark.parametrize("status", ["1004", "1010", "1012", "1014"])
def test_orders_of_an_inactive_customer_are_accepted_and_fail_later(
    sandbox: Sandbox, line: Make, new: Make, status: str
) -> None:
    licences = [{"product": "65310542CA", "quantity": 5, "currencyCode": "USD"}]
    customer_id = sandbox.customer(status=status, licences=licences)
    answer = sandbox.order(customer_id, new(line(1), line(2, PHOTO)))
    assert (answer.status_code, answer.json()["status"]) == (201, "1002")
    sandbox.finish()
    failed = _order(sandbox, customer_id, answer.json()["orderId"])
    assert failed["status"] == "1024"
    assert {(i["status"], i["subscriptionId"]) for i in failed["lineItems"]} == {("1004", "")}
    assert [s["currentQuantity"] for s in _owned(sandbox, customer_id)] == [5]


def test_orders_of_a_customer_being_checked_finish(sandbox: Sandbox, new: Make) -> None:
    customer_id = sandbox.customer(status="1002")
    order_id = sandbox.order(customer_id, new()).json()["orderId"]
    sandbox.finish()
    assert _order(sandbox, customer_id, order_id)["status"] == "1000"


@pytest.mark.parametrize("status", ["1004", "1020", "1022", "1024", "1026"])
def test_an_order_can_be_failed_by_hand(sandbox: Sandbox, new: Make, status: str) -> None:
    customer_id = sandbox.customer()
    order_id = sandbox.order(customer_id, new()).json()["orderId"]
    sandbox.control("POST", f"orders/{order_id}", {"status": status})
    assert sandbox.finish() == []
    failed = _order(sandbox, customer_id, order_id)
    assert (failed["status"], failed["lineItems"][0]["status"]) == (status, "1004")
    assert _owned(sandbox, customer_id) == []


def test_an_order_can_be_finished_and_dated_by_hand(sandbox: Sandbox, new: Make) -> None:
    customer_id = sandbox.customer()
    order_id = sandbox.order(customer_id, new()).json()["orderId"]
    change = {"status": "1000", "creationDate": "2026-01-02T03:04:05Z"}
    changed = sandbox.control("POST", f"orders/{order_id}", change)
    assert (changed["status"], changed["creationDate"]) == ("1000", "2026-01-02T03:04:05Z")
    assert _order(sandbox, customer_id, order_id) == changed
    assert len(_owned(sandbox, customer_id)) == 1


def test_a_subscription_shows_the_base_offer_and_follows_its_licences(
    sandbox: Sandbox, line: Make, new: Make
) -> None:
    customer_id = sandbox.customer()
    sandbox.order(customer_id, new(line(1, "65310542CA02A12", 12)))
    sandbox.finish()
    (owned,) = _owned(sandbox, customer_id)
    assert owned["offerId"] == "65310542CA01A12"
    assert owned["autoRenewal"] == {"enabled": True, "renewalQuantity": 12}
    path = f"/v3/customers/{customer_id}/subscriptions/{owned['subscriptionId']}"
    assert sandbox.get(path).json() == owned
    assert owned["links"]["self"]["uri"] == path


def test_unknown_subscriptions_and_customers(sandbox: Sandbox) -> None:
    for path, code in {
        "/v3/customers/nobody": "1116",
        "/v3/customers/nobody/subscriptions": "1116",
        "/v3/customers/nobody/subscriptions/s": "3115",
        "/v3/customers/1007315862/subscriptions/s": "3115",
    }.items():
        answer = sandbox.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, code)


def test_a_customer_shows_its_level_and_benefits(sandbox: Sandbox) -> None:
    licences = [{"product": "65310542CA", "quantity": 60, "currencyCode": "USD"}]
    commitment = {"startDate": "2026-01-01", "endDate": "2028-12-31", "minimumLicences": 50}
    plain = sandbox.get(f"/v3/customers/{sandbox.customer(licences=licences)}").json()
    assert plain["discounts"] == [
        {"offerType": "LICENSE", "level": "03"},
        {"offerType": "CONSUMABLES", "level": "T1"},
    ]
    committed = sandbox.get(f"/v3/customers/{sandbox.customer(commitment=commitment)}").json()
    assert committed["discounts"][0]["level"] == "13"
    assert committed["benefits"][0]["type"] == "THREE_YEAR_COMMIT"


def test_the_seeded_customers_are_there(sandbox: Sandbox) -> None:
    customer = sandbox.get("/v3/customers/P1005053403").json()
    assert customer["companyProfile"]["companyName"] == "Cobalt Robotics GmbH"
    assert customer["companyProfile"]["address"]["country"] == "DE"
    assert customer["resellerId"] == "1000518243"
    held = {s["offerId"][:10]: s["currentQuantity"] for s in _owned(sandbox, "P1005053413")}
    assert held == {"65310542CA": 24, "65316613CA": 6, "65318877CA": 5}
