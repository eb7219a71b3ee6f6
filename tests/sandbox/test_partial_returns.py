"""Part of a line may be given back where the server is told so (reference, section 20)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Sandbox

Make = Callable[..., Any]
Body = dict[str, Any]

DESIGN, DOCUMENT = "65310542CA02A12", "65316613CA02A12"
CREDITS, HIGH_GROWTH = "65322651CAT1A12", "65327114CA14X12"
ABOVE = "RETURN_QTY_EXCEEDS_REMAINING"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A server that takes parts; orders finish when told to."""
    started = Sandbox("--partial-returns", "--finish-after", "1000000000", "--no-throttle")
    yield started
    started.stop()


@pytest.fixture
def bought(sandbox: Sandbox, line: Make) -> tuple[str, str]:
    """A customer and its finished order of two lines."""
    customer_id = sandbox.customer()
    order_id = sandbox.past_order(customer_id, [line(1, DESIGN, 9), line(2, DOCUMENT, 6)])
    return customer_id, order_id


def _give_back(
    sandbox: Sandbox, new: Make, bought: tuple[str, str], *lines: Body
) -> httpx.Response:
    customer_id, order_id = bought
    body = new(*lines, order_type="RETURN", referenceOrderId=order_id)
    return sandbox.order(customer_id, body)


def _order(sandbox: Sandbox, bought: tuple[str, str], query: str = "") -> Body:
    return sandbox.get(f"/v3/customers/{bought[0]}/orders/{bought[1]}{query}").json()


def _remaining(order: Body) -> list[int | None]:
    return [item.get("remainingQuantity") for item in order["lineItems"]]


def _quantities(sandbox: Sandbox, customer_id: str) -> dict[str, tuple[int, str]]:
    owned = sandbox.get(f"/v3/customers/{customer_id}/subscriptions").json()["items"]
    return {s["offerId"][:10]: (s["currentQuantity"], s["status"]) for s in owned}


def test_a_line_goes_back_in_part_twice_and_then_the_rest(
    sandbox: Sandbox, bought: tuple[str, str], line: Make, new: Make
) -> None:
    """The licences go each time; the line is 1008 when nothing is left of it."""
    course = [(4, 5, "1000", "1000"), (2, 3, "1000", "1000"), (3, 0, "1008", "1004")]
    for quantity, left, line_status, subscription_status in course:
        answer = _give_back(sandbox, new, bought, line(1, DESIGN, quantity))
        assert answer.status_code == 201
        sandbox.finish()
        original = _order(sandbox, bought)
        assert _remaining(original) == [left, 6]
        assert original["lineItems"][0]["quantity"] == 9
        assert [i["status"] for i in original["lineItems"]] == [line_status, "1000"]
        assert original["status"] == "1000"
        assert _quantities(sandbox, bought[0])["65310542CA"] == (left, subscription_status)
    _give_back(sandbox, new, bought, line(2, DOCUMENT, 6))
    sandbox.finish()
    assert _order(sandbox, bought)["status"] == "1008"


def test_parts_of_several_lines_go_back_in_one_return(
    sandbox: Sandbox, bought: tuple[str, str], line: Make, new: Make
) -> None:
    answer = _give_back(sandbox, new, bought, line(1, DESIGN, 1), line(2, DOCUMENT, 6))
    assert answer.status_code == 201
    sandbox.finish()
    assert _remaining(_order(sandbox, bought)) == [8, 0]
    done = sandbox.get(f"/v3/customers/{bought[0]}/orders/{answer.json()['orderId']}").json()
    assert [(i["quantity"], i["status"]) for i in done["lineItems"]] == [(1, "1000"), (6, "1000")]
    page = sandbox.http.get(f"/orders/{bought[1]}").text
    assert "8 can be returned" in page
    assert "0 can be returned" in page


@pytest.mark.parametrize("first_is_finished", [True, False])
def test_no_more_goes_back_than_is_left(
    sandbox: Sandbox, bought: tuple[str, str], line: Make, new: Make, *, first_is_finished: bool
) -> None:
    """Returns under way count at once; what failed counts no more."""
    too_much = _give_back(sandbox, new, bought, line(1, DESIGN, 10))
    assert (too_much.status_code, too_much.json()["code"]) == (422, ABOVE)
    first = _give_back(sandbox, new, bought, line(1, DESIGN, 4)).json()
    if first_is_finished:
        sandbox.finish()
    assert _remaining(_order(sandbox, bought)) == [5, 6]
    answer = _give_back(sandbox, new, bought, line(1, DESIGN, 6), line(2, DOCUMENT, 1))
    assert (answer.status_code, answer.json()["code"]) == (422, ABOVE)
    assert answer.json()["additionalDetails"] == ["Line Item: 1, Reason: ABOVE_REMAINING_QUANTITY"]
    if not first_is_finished:
        sandbox.control("POST", f"orders/{first['orderId']}", {"status": "1004"})
        assert _remaining(_order(sandbox, bought)) == [9, 6]
        assert _give_back(sandbox, new, bought, line(1, DESIGN, 6)).status_code == 201


def test_nothing_more_goes_back_when_nothing_is_left(
    sandbox: Sandbox, bought: tuple[str, str], line: Make, new: Make
) -> None:
    """Neither after the returns nor while the last of them is under way."""
    for quantity in (5, 4):
        assert _give_back(sandbox, new, bought, line(1, DESIGN, quantity)).status_code == 201
    for _ in range(2):
        answer = _give_back(sandbox, new, bought, line(1, DESIGN, 1))
        assert (answer.status_code, answer.json()["code"]) == (400, "2133")
        sandbox.finish()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity": 0}, "2120"),
        ({"number": 3}, "2131"),
        ({"offer_id": "65310542CA01A12"}, "2130"),
        ({"currencyCode": "EUR"}, "2125"),
    ],
)
def test_the_other_rules_of_a_return_hold_for_a_part(
    sandbox: Sandbox,
    bought: tuple[str, str],
    line: Make,
    new: Make,
    *,
    changes: dict[str, Any],
    code: str,
) -> None:
    asked = {"number": 1, "offer_id": DESIGN, "quantity": 4} | changes
    answer = _give_back(sandbox, new, bought, line(**asked))
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_part_cannot_go_back_after_fourteen_days(sandbox: Sandbox, line: Make, new: Make) -> None:
    customer_id = sandbox.customer()
    created = (sandbox.now() - timedelta(days=14, minutes=1)).isoformat()
    order_id = sandbox.past_order(customer_id, [line(1, DESIGN, 9)], creationDate=created)
    answer = _give_back(sandbox, new, (customer_id, order_id), line(1, DESIGN, 4))
    assert (answer.status_code, answer.json()["code"]) == (400, "2134")


@pytest.mark.parametrize(
    ("offer_id", "quantity", "reason"),
    [
        (HIGH_GROWTH, 300, "HIGH_GROWTH_OFFER"),
        (CREDITS, 5, "PARTIAL_CANCELLATION_NOT_ALLOWED_FOR_SCP_OR_CONSUMABLE"),
    ],
)
def test_some_kinds_go_back_whole_only(
    sandbox: Sandbox, line: Make, new: Make, *, offer_id: str, quantity: int, reason: str
) -> None:
    customer_id = sandbox.customer()
    bought = (customer_id, sandbox.past_order(customer_id, [line(1, offer_id, quantity)]))
    answer = _give_back(sandbox, new, bought, line(1, offer_id, quantity - 1))
    assert (answer.status_code, answer.json()["code"]) == (422, "RETURN_NOT_SUPPORTED_MOQ_SKU")
    assert answer.json()["additionalDetails"] == [f"Line Item: 1, Reason: {reason}"]
    assert _give_back(sandbox, new, bought, line(1, offer_id, quantity)).status_code == 201


@pytest.mark.parametrize("quantity", [1, 4])
def test_an_upgrade_cannot_be_returned(
    sandbox: Sandbox, line: Make, new: Make, quantity: int
) -> None:
    customer_id = sandbox.customer()
    switched = sandbox.past_order(customer_id, [line(1, DESIGN, 4)], orderType="SWITCH")
    answer = _give_back(sandbox, new, (customer_id, switched), line(1, DESIGN, quantity))
    assert (answer.status_code, answer.json()["code"]) == (422, "RETURN_NOT_SUPPORTED_SWITCH_ORDER")
    assert _remaining(_order(sandbox, (customer_id, switched))) == [None]


@pytest.fixture
def committed(sandbox: Sandbox, line: Make) -> tuple[str, str]:
    """A three-year customer with 40 licences of which it is to keep 30, and its order of 12."""
    today = sandbox.now().date()
    customer_id = sandbox.customer(
        licences=[{"product": "65310542CA", "quantity": 28, "currencyCode": "USD"}],
        commitment={
            "startDate": (today - timedelta(days=165)).isoformat(),
            "endDate": (today + timedelta(days=930)).isoformat(),
            "minimumLicences": 30,
        },
    )
    return customer_id, sandbox.past_order(customer_id, [line(1, "65310542CA12A12", 12)])


def test_a_part_may_not_break_the_committed_minimum(
    sandbox: Sandbox, committed: tuple[str, str], line: Make, new: Make
) -> None:
    """Parts under way count at once; down to the minimum is allowed."""
    offer_id = "65310542CA12A12"
    refused = _give_back(sandbox, new, committed, line(1, offer_id, 11))
    assert (refused.status_code, refused.json()["code"]) == (422, "RETURN_VIOLATES_3YC_MCQ")
    assert refused.json()["additionalDetails"] == ["Line Item: 1, Reason: THREE_YEAR_COMMIT"]
    assert _give_back(sandbox, new, committed, line(1, offer_id, 6)).status_code == 201
    refused = _give_back(sandbox, new, committed, line(1, offer_id, 5))
    assert refused.json()["code"] == "RETURN_VIOLATES_3YC_MCQ"
    assert _give_back(sandbox, new, committed, line(1, offer_id, 4)).status_code == 201
    sandbox.finish()
    assert _quantities(sandbox, committed[0])["65310542CA"] == (30, "1000")


def test_a_whole_line_goes_back_as_ever_under_a_commitment(
    sandbox: Sandbox, committed: tuple[str, str], line: Make, new: Make
) -> None:
    answer = _give_back(sandbox, new, committed, line(1, "65310542CA12A12", 12))
    assert answer.status_code == 201


def test_part_of_an_early_renewal_goes_back_and_takes_no_licences(
    sandbox: Sandbox, line: Make, new: Make
) -> None:
    """The run then renews what was given back (reference, section 11.4)."""
    customer_id = sandbox.customer(
        cotermDate=(sandbox.now().date() + timedelta(days=20)).isoformat(),
        licences=[{"product": "65310542CA", "quantity": 20, "currencyCode": "USD"}],
    )
    path = f"/v3/customers/{customer_id}/subscriptions"
    (owned,) = sandbox.get(path).json()["items"]
    renewed = line(1, DESIGN, 20, subscriptionId=owned["subscriptionId"])
    placed = sandbox.order(customer_id, new(renewed, order_type="RENEWAL")).json()
    sandbox.finish()
    bought = (customer_id, placed["orderId"])
    assert _give_back(sandbox, new, bought, line(1, DESIGN, 8)).status_code == 201
    sandbox.finish()
    (owned,) = sandbox.get(path).json()["items"]
    assert (owned["renewedQuantity"], owned["currentQuantity"]) == (12, 20)
    assert _remaining(_order(sandbox, bought)) == [12]


def test_the_history_shows_what_remains_but_not_on_returns(
    sandbox: Sandbox, bought: tuple[str, str], line: Make, new: Make
) -> None:
    placed = _give_back(sandbox, new, bought, line(1, DESIGN, 4))
    assert _remaining(placed.json()) == [None]
    sandbox.finish()
    orders = sandbox.history(bought[0], "?start-date=2020-01-01").json()["items"]
    assert {order["orderType"]: _remaining(order) for order in orders} == {
        "RETURN": [None],
        "NEW": [5, 6],
    }
    assert _remaining(_order(sandbox, (bought[0], placed.json()["orderId"]))) == [None]


def test_a_part_is_worth_its_share(
    sandbox: Sandbox, bought: tuple[str, str], line: Make, new: Make
) -> None:
    placed = _give_back(sandbox, new, bought, line(1, DESIGN, 3)).json()
    sandbox.finish()
    whole = _order(sandbox, bought, "?fetch-price=true")["lineItems"][0]["pricing"]
    returned = _order(sandbox, (bought[0], placed["orderId"]), "?fetch-price=true")
    part = returned["lineItems"][0]["pricing"]
    assert part["netPartnerPrice"] == whole["netPartnerPrice"]
    third = Decimal(str(whole["lineItemPartnerPrice"])) / 3
    assert abs(Decimal(str(part["lineItemPartnerPrice"])) - third) <= Decimal("0.01")


def test_what_remains_survives_a_restart(
    start: Callable[..., Sandbox], line: Make, new: Make, tmp_path: Path
) -> None:
    arguments = ("--partial-returns", "--finish-after", "1000000000", "--state")
    first = start(*arguments, str(tmp_path / "book.db"))
    customer_id = first.customer()
    bought = (customer_id, first.past_order(customer_id, [line(1, DESIGN, 9)]))
    _give_back(first, new, bought, line(1, DESIGN, 4))
    first.finish()
    _give_back(first, new, bought, line(1, DESIGN, 2))
    first.stop()
    second = start(*arguments, str(tmp_path / "book.db"))
    assert _remaining(_order(second, bought)) == [3]
    second.finish()
    assert _remaining(_order(second, bought)) == [3]


def test_it_is_off_by_default(start: Callable[..., Sandbox], line: Make, new: Make) -> None:
    """Part of a line is refused with 2132, and no answer shows what remains."""
    sandbox = start("--finish-after", "1000000000")
    customer_id = sandbox.customer()
    bought = (customer_id, sandbox.past_order(customer_id, [line(1, DESIGN, 9)]))
    answer = _give_back(sandbox, new, bought, line(1, DESIGN, 4))
    assert (answer.status_code, answer.json()["code"]) == (400, "2132")
    assert _remaining(_order(sandbox, bought)) == [None]
    switched = sandbox.past_order(customer_id, [line(1, DESIGN, 4)], orderType="SWITCH")
    answer = _give_back(sandbox, new, (customer_id, switched), line(1, DESIGN, 4))
    assert (answer.status_code, answer.json()["code"]) == (400, "2116")


def test_its_answers_are_documented_where_it_is_on(sandbox: Sandbox) -> None:
    described = sandbox.http.get("/openapi.json").json()
    answers = described["paths"]["/v3/customers/{customer_id}/orders"]["post"]["responses"]
    schema = answers["422"]["content"]["application/json"]["schema"]
    assert schema["$ref"].endswith("/ServiceErrorAnswer")
    line_of_an_answer = described["components"]["schemas"]["LineAnswer"]
    assert "remainingQuantity" in line_of_an_answer["properties"]
    assert "remainingQuantity" not in line_of_an_answer["required"]
