"""The control interface: clock, ids, test data, book and journal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.conftest import Sandbox

Make = Callable[..., Any]


def test_the_clock_is_set_and_goes_on(start: Callable[..., Sandbox]) -> None:
    sandbox = start()
    sandbox.set_clock("2030-01-01T00:00:00Z")
    first = sandbox.now()
    sandbox.advance(days=-1)
    assert first - timedelta(days=1) <= sandbox.now() < first
    assert first.year == 2030
    body = sandbox.control("PUT", "clock", {"now": "2030-06-01T02:00:00+02:00"})
    assert body["now"].startswith("2030-06-01T00:00")


@pytest.mark.parametrize(
    "body", [{}, {"now": "2030-01-01T00:00:00Z", "advanceSeconds": 1}, {"now": "x"}, {"then": 1}]
)
def test_the_clock_takes_one_of_two_settings(sandbox: Sandbox, body: dict[str, Any]) -> None:
    assert sandbox.http.put("/control/clock", json=body).status_code == 422


def test_the_journal_tells_of_every_call_in_order(sandbox: Sandbox, new: Make) -> None:
    customer_id = sandbox.customer()
    sandbox.sign_in()
    last = max((call["number"] for call in sandbox.journal()), default=0)
    answer = sandbox.order(customer_id, new(), "?fetch-price=true", x_correlation_id="journal-1")
    sandbox.get(f"/v3/customers/{customer_id}", authorization="Bearer wrong")
    placed, refused = sandbox.journal(after=last)
    assert list(placed) == [
        "number",
        "serverTime",
        "apiKey",
        "method",
        "path",
        "query",
        "correlationId",
        "requestId",
        "requestBody",
        "status",
        "answerBody",
        "executed",
        "replayed",
        "fault",
        "orderId",
    ]
    assert placed["number"] == last + 1
    assert (placed["method"], placed["query"]) == ("POST", "fetch-price=true")
    assert placed["path"] == f"/v3/customers/{customer_id}/orders"
    assert (placed["apiKey"], placed["correlationId"]) == ("practice", "journal-1")
    assert placed["requestId"] == answer.request.headers["x-request-id"]
    assert placed["requestBody"].encode() == answer.request.content
    assert (placed["status"], placed["answerBody"]) == (201, answer.text)
    assert (placed["executed"], placed["replayed"], placed["fault"]) == (True, False, None)
    assert placed["orderId"] == answer.json()["orderId"]
    assert (refused["status"], refused["executed"], refused["orderId"]) == (401, False, None)


def test_control_calls_are_not_in_the_journal_and_not_throttled(
    start: Callable[..., Sandbox],
) -> None:
    sandbox = start("--soft", "1", "--hard", "1")
    for _ in range(5):
        sandbox.control("GET", "clock")
    assert sandbox.journal() == []


def test_the_book_lists_customers_subscriptions_and_orders(sandbox: Sandbox, new: Make) -> None:
    licences = [{"product": "65310542CA", "quantity": 3, "currencyCode": "USD"}]
    customer_id = sandbox.customer(licences=licences, companyName="Book Test")
    placed = sandbox.order(customer_id, new()).json()
    book = sandbox.control("GET", "book")
    assert placed in book["orders"]
    (customer,) = [c for c in book["customers"] if c["customerId"] == customer_id]
    assert customer["companyProfile"]["companyName"] == "Book Test"
    (owned,) = [s for s in book["subscriptions"] if s["customerId"] == customer_id]
    assert owned["currentQuantity"] == 3


def test_ids_can_be_given_out_and_are_never_used_twice(sandbox: Sandbox, new: Make) -> None:
    sandbox.control("PUT", "next-ids", {"orderIds": ["007", "007", "008"]})
    customer_id = sandbox.customer()
    ids = [sandbox.order(customer_id, new()).json()["orderId"] for _ in range(3)]
    assert ids[:2] == ["007", "008"]
    assert ids[2].startswith("P")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("orders/none", {"status": "1000"}, 404),
        ("orders/P9206417701", {"status": "9999"}, 422),
        ("subscriptions/none", {"usedQuantity": 1}, 404),
        ("seed-customer", {"customerId": "x"}, 422),
        ("seed-customer", {"customerId": "T-1", "unknown": 1}, 422),
        (
            "seed-customer",
            {
                "customerId": "T-bad",
                "licences": [{"product": "0000000000", "quantity": 1, "currencyCode": "USD"}],
            },
            400,
        ),
    ],
)
def test_the_control_interface_refuses(
    sandbox: Sandbox, path: str, body: dict[str, Any], status: int
) -> None:
    assert sandbox.http.post(f"/control/{path}", json=body).status_code == status


def test_an_order_is_seeded_once(sandbox: Sandbox, line: Make) -> None:
    customer_id = sandbox.customer()
    order_id = sandbox.past_order(customer_id, [line()], status="1008")
    body = {"orderId": order_id, "customerId": customer_id, "lineItems": [line()]}
    assert sandbox.http.post("/control/seed-order", json=body).status_code == 409
    body |= {"orderId": "S0", "lineItems": [line(1, "65310542CA99A12")]}
    assert sandbox.http.post("/control/seed-order", json=body).status_code == 400
    body |= {"customerId": "nobody"}
    assert sandbox.http.post("/control/seed-order", json=body).status_code == 404


def test_the_api_describes_itself(sandbox: Sandbox) -> None:
    described = sandbox.http.get("/openapi.json").json()
    orders = described["paths"]["/v3/customers/{customer_id}/orders"]
    assert set(orders) == {"get", "post"}
    schemas = described["components"]["schemas"]
    assert {"OrderRequest", "LineRequest", "OrderAnswer", "PreviewAnswer"} <= set(schemas)
    body = orders["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/OrderRequest"}


def test_seeded_dates_count_from_the_start_of_a_fresh_book(sandbox: Sandbox) -> None:
    order = sandbox.get("/v3/customers/P1005053413/orders/P9206417701").json()
    age = sandbox.now() - datetime.fromisoformat(order["creationDate"])
    assert age.days == 3


@pytest.mark.parametrize(
    "query",
    ["after=99999999999999999999", "limit=99999999999999999999", "after=-1", "after=x"],
)
def test_the_journal_is_asked_for_by_numbers_that_there_can_be(
    sandbox: Sandbox, query: str
) -> None:
    assert sandbox.http.get(f"/control/journal?{query}").status_code == 422
    assert sandbox.http.get("/control/journal").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"now": "9999-12-31T00:00:00Z"},
        {"now": "2200-01-01T00:00:01Z"},
        {"now": "1999-12-31T23:59:59Z"},
        {"now": "0001-01-01T00:00:00Z"},
        {"advanceSeconds": 1e10},
        {"advanceSeconds": 1e300},
        {"advanceSeconds": -1e10},
    ],
)
def test_the_clock_stays_where_everything_can_be_reckoned(
    sandbox: Sandbox, body: dict[str, Any]
) -> None:
    before = sandbox.now()
    refused = sandbox.http.put("/control/clock", json=body)
    assert refused.status_code == 422
    assert refused.json() == {"error": "The clock goes from the year 2000 to 2200 only."}
    if "now" in body:
        by_hand = sandbox.http.post("/clock/move", data={"to": body["now"]})
        assert by_hand.status_code == 400
        assert "The clock goes from the year 2000 to 2200 only." in by_hand.text
    assert sandbox.now() - before < timedelta(minutes=1)


@pytest.mark.parametrize("moment", ["2000-01-01T00:00:01Z", "2199-12-31T00:00:00Z"])
def test_a_state_file_starts_again_at_both_ends_of_the_clock(
    start: Callable[..., Sandbox], new: Make, tmp_path: Path, moment: str
) -> None:
    state = str(tmp_path / "book.db")
    first = start("--state", state)
    first.set_clock(moment)
    customer_id = first.customer()
    assert first.order(customer_id, new()).status_code == 201
    first.stop()
    second = start("--state", state)
    assert second.now().year == int(moment[:4])
    assert second.history(customer_id).status_code == 200


def test_what_does_not_fit_is_said_in_a_sentence(sandbox: Sandbox) -> None:
    for method, path, body, place in (
        ("PUT", "clock", {"then": 1}, "then: "),
        ("PUT", "clock", {"now": "0001-01-01T00:00:00+05:00"}, "now: "),
        ("POST", "seed-customer", {"customerId": "T-2", "licences": [{}]}, "licences.0.product: "),
        ("GET", "journal?after=x", None, "after: "),
    ):
        answer = sandbox.http.request(method, f"/control/{path}", json=body)
        assert (answer.status_code, list(answer.json())) == (422, ["error"])
        assert place in answer.json()["error"]
