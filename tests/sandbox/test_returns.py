"""RETURN: what may be given back, and what becomes of it (reference, section 10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

Make = Callable[..., Any]
Body = dict[str, Any]

DESIGN, DOCUMENT, CREDITS = "65310542CA02A12", "65316613CA02A12", "65322651CAT1A12"
DETAILS = "additionalDetails"


@pytest.fixture
def bought(sandbox: Sandbox, line: Make) -> tuple[str, str]:
    """A customer and its finished order of two lines, three days old."""
    customer_id = sandbox.customer()
    created = (sandbox.now() - timedelta(days=3)).isoformat()
    order_id = sandbox.past_order(
        customer_id, [line(1, DESIGN, 4), line(2, DOCUMENT, 6)], creationDate=created
    )
    return customer_id, order_id


def _back(new: Make, order_id: object, *lines: Body, **more: object) -> Body:
    return new(*lines, order_type="RETURN", referenceOrderId=order_id, **more)


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"number": 3}, "2131", "NOT_FOUND"),
        ({"offer_id": "65310542CA01A12"}, "2130", "OFFER_MISMATCH"),
        ({"quantity": 3}, "2132", "QUANTITY_MISMATCH"),
        ({"quantity": 5}, "2132", "QUANTITY_MISMATCH"),
        ({"offer_id": "65310542CA01A12", "quantity": 3}, "2130", "OFFER_MISMATCH"),
        ({"currencyCode": "EUR"}, "2125", "CURRENCY_NOT_ALLOWED"),
        ({"quantity": 0}, "2120", "QUANTITY_OUT_OF_RANGE"),
        ({"number": -1}, "2123", "LINE_NUMBER_OUT_OF_RANGE"),
    ],
)
def test_a_return_repeats_the_original_line(
    sandbox: Sandbox,
    bought: tuple[str, str],
    line: Make,
    new: Make,
    *,
    changes: dict[str, Any],
    code: str,
    reason: str,
) -> None:
    customer_id, order_id = bought
    asked = {"number": 1, "offer_id": DESIGN, "quantity": 4} | changes
    answer = sandbox.order(customer_id, _back(new, order_id, line(**asked)))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()[DETAILS] == [f"Line Item: {asked['number']}, Reason: {reason}"]


@pytest.mark.parametrize("order_id", [..., "", None])
def test_a_return_names_its_original(sandbox: Sandbox, new: Make, order_id: object) -> None:
    answer = sandbox.order(sandbox.customer(), _back(new, order_id))
    assert (answer.json()["code"], answer.json()[DETAILS]) == ("1122", ["referenceOrderId"])


def test_the_original_must_be_the_customers_own(
    sandbox: Sandbox, bought: tuple[str, str], line: Make, new: Make
) -> None:
    body = _back(new, bought[1], line(1, DESIGN, 4))
    answer = sandbox.order(sandbox.customer(), body)
    assert (answer.status_code, answer.json()["code"]) == (404, "2115")
    answer = sandbox.order(bought[0], body | {"referenceOrderId": "P0"})
    assert (answer.status_code, answer.json()["code"]) == (404, "2115")


def test_the_currency_is_that_of_the_original(sandbox: Sandbox, line: Make, new: Make) -> None:
    customer_id = sandbox.customer(country="AU")
    order_id = sandbox.past_order(customer_id, [line(1, DESIGN, 4, currencyCode="AUD")])
    answer = sandbox.order(customer_id, _back(new, order_id, line(1, DESIGN, 4)))
    assert answer.json()["code"] == "2137"


@pytest.mark.parametrize("status", ["1002", "1004", "1024"])
def test_an_order_that_is_not_finished_or_failed_cannot_be_returned(
    sandbox: Sandbox, line: Make, new: Make, status: str
) -> None:
    customer_id = sandbox.customer()
    placed = sandbox.order(customer_id, new(line(1, quantity=2))).json()
    if status != "1002":
        sandbox.control("POST", f"orders/{placed['orderId']}", {"status": status})
    answer = sandbox.order(customer_id, _back(new, placed["orderId"], line(1, quantity=2)))
    assert (answer.status_code, answer.json()["code"]) == (400, "2116")


@pytest.mark.parametrize("order_type", ["RETURN", "SWITCH", "TRANSFER"])
def test_only_bought_and_renewed_lines_can_be_returned(
    sandbox: Sandbox, line: Make, new: Make, order_type: str
) -> None:
    customer_id = sandbox.customer()
    order_id = sandbox.past_order(customer_id, [line(1, DESIGN, 2)], orderType=order_type)
    answer = sandbox.order(customer_id, _back(new, order_id, line(1, DESIGN, 2)))
    assert answer.json()["code"] == "2116"


def test_the_window_is_fourteen_days_to_the_second(
    start: Callable[..., Sandbox], line: Make, new: Make
) -> None:
    sandbox = start("--finish-after", "1000000000")
    customer_id = sandbox.customer()
    order_id = sandbox.past_order(customer_id, [line(1, DESIGN, 2)])
    path = f"/v3/customers/{customer_id}/orders/{order_id}"
    created = datetime.fromisoformat(sandbox.get(path).json()["creationDate"])
    body = _back(new, order_id, line(1, DESIGN, 2))
    sandbox.set_clock((created + timedelta(days=14, seconds=30)).isoformat())
    sandbox.sign_in()
    late = sandbox.order(customer_id, body)
    assert (late.status_code, late.json()["code"]) == (400, "2134")
    sandbox.set_clock((created + timedelta(days=14, seconds=-30)).isoformat())
    assert sandbox.order(customer_id, body).status_code == 201


def test_a_line_is_given_back_once(
    sandbox: Sandbox, bought: tuple[str, str], line: Make, new: Make
) -> None:
    """Also while the first return is still under way."""
    customer_id, order_id = bought
    body = _back(new, order_id, line(1, DESIGN, 4))
    assert sandbox.order(customer_id, body).status_code == 201
    for _ in range(2):
        answer = sandbox.order(customer_id, body)
        assert answer.json()["code"] == "2133"
        assert answer.json()[DETAILS] == ["Line Item: 1, Reason: ALREADY_RETURNED"]
        sandbox.finish()


def test_a_failed_return_may_be_tried_again(
    sandbox: Sandbox, bought: tuple[str, str], line: Make, new: Make
) -> None:
    customer_id, order_id = bought
    body = _back(new, order_id, line(1, DESIGN, 4))
    first = sandbox.order(customer_id, body).json()
    sandbox.control("POST", f"orders/{first['orderId']}", {"status": "1004"})
    assert sandbox.order(customer_id, body).status_code == 201


def test_a_return_lowers_the_subscription_and_marks_the_line(
    sandbox: Sandbox, bought: tuple[str, str], line: Make, new: Make
) -> None:
    customer_id, order_id = bought
    answer = sandbox.order(customer_id, _back(new, order_id, line(2, DOCUMENT, 6))).json()
    assert (answer["status"], answer["referenceOrderId"]) == ("1002", order_id)
    assert [i["status"] for i in _original(sandbox, bought)["lineItems"]] == ["1000", "1000"]
    sandbox.finish()
    original = _original(sandbox, bought)
    assert original["status"] == "1000"
    assert [item["status"] for item in original["lineItems"]] == ["1000", "1008"]
    done = sandbox.get(f"/v3/customers/{customer_id}/orders/{answer['orderId']}").json()
    assert (done["status"], done["lineItems"][0]["status"]) == ("1000", "1000")
    subscription_id = original["lineItems"][1]["subscriptionId"]
    assert done["lineItems"][0]["subscriptionId"] == subscription_id
    gone = sandbox.get(f"/v3/customers/{customer_id}/subscriptions/{subscription_id}").json()
    assert (gone["currentQuantity"], gone["status"]) == (0, "1004")


def test_an_order_is_returned_when_all_its_lines_are(
    sandbox: Sandbox, bought: tuple[str, str], line: Make, new: Make
) -> None:
    customer_id, order_id = bought
    for returned in (line(2, DOCUMENT, 6), line(1, DESIGN, 4)):
        sandbox.order(customer_id, _back(new, order_id, returned))
    sandbox.finish()
    original = _original(sandbox, bought)
    assert original["status"] == "1008"
    assert {item["status"] for item in original["lineItems"]} == {"1008"}


def test_part_of_what_is_owned_stays_when_a_return_takes_less(
    sandbox: Sandbox, line: Make, new: Make
) -> None:
    licences = [{"product": "65310542CA", "quantity": 20, "currencyCode": "USD"}]
    customer_id = sandbox.customer(licences=licences)
    order_id = sandbox.past_order(customer_id, [line(1, DESIGN, 4)])
    sandbox.order(customer_id, _back(new, order_id, line(1, DESIGN, 4)))
    sandbox.finish()
    (owned,) = sandbox.get(f"/v3/customers/{customer_id}/subscriptions").json()["items"]
    assert (owned["currentQuantity"], owned["status"]) == (20, "1000")


def test_credits_in_use_stay(sandbox: Sandbox, line: Make, new: Make) -> None:
    customer_id = sandbox.customer()
    placed = sandbox.order(customer_id, new(line(1, CREDITS, 2))).json()
    sandbox.finish()
    (owned,) = sandbox.get(f"/v3/customers/{customer_id}/subscriptions").json()["items"]
    path = f"subscriptions/{owned['subscriptionId']}"
    body = _back(new, placed["orderId"], line(1, CREDITS, 2))
    sandbox.control("POST", path, {"usedQuantity": 1})
    answer = sandbox.order(customer_id, body)
    assert answer.json()["code"] == "2129"
    assert answer.json()[DETAILS] == ["Line Item: 1, Reason: INELIGIBLE_CONSUMED"]
    sandbox.control("POST", path, {"usedQuantity": 0})
    assert sandbox.order(customer_id, body).status_code == 201


def test_the_seeded_past_orders_answer_as_agreed(sandbox: Sandbox, line: Make, new: Make) -> None:
    """P1005053413: one to return, one too old, one returned already."""
    asked = {
        "P9206417701": (line(1, DESIGN, 4), None),
        "P9206417702": (line(1, "65318877CA02A12", 5), "2134"),
        "P9206417703": (line(1, DOCUMENT, 2), "2133"),
    }
    for order_id, (returned, code) in asked.items():
        answer = sandbox.order("P1005053413", _back(new, order_id, returned))
        assert answer.json().get("code") == code


def _original(sandbox: Sandbox, bought: tuple[str, str]) -> Body:
    return sandbox.get(f"/v3/customers/{bought[0]}/orders/{bought[1]}").json()
