"""Order history, order get and order patch (reference, section 13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

Make = Callable[..., Any]

DESIGN, PHOTO = "65310542CA01A12", "65318877CA01A12"


@pytest.fixture(scope="module")
def past(sandbox: Sandbox, line: Make) -> tuple[str, list[str]]:
    """A customer with thirty past orders, one a day, oldest first; every third a RETURN."""
    customer_id = sandbox.customer()
    now = sandbox.now()
    order_ids: list[str] = []
    for day in range(30):
        returned = {"orderType": "RETURN", "referenceOrderId": order_ids[0]} if day % 3 == 2 else {}
        order_ids.append(
            sandbox.past_order(
                customer_id,
                [line(1, PHOTO if day % 2 else DESIGN)],
                creationDate=(now - timedelta(days=30 - day)).isoformat(),
                status="1004" if day == 7 else "1000",
                **returned,
            )
        )
    return customer_id, order_ids


def _ids(answer: Any) -> list[str]:  # a JSON body
    return [item["orderId"] for item in answer.json()["items"]]


def test_the_newest_twenty_five_come_first(sandbox: Sandbox, past: tuple[str, list[str]]) -> None:
    customer_id, order_ids = past
    answer = sandbox.history(customer_id)
    body = answer.json()
    assert list(body) == ["totalCount", "count", "offset", "limit", "items", "links"]
    assert (body["totalCount"], body["count"], body["offset"], body["limit"]) == (30, 25, 0, 25)
    assert _ids(answer) == order_ids[::-1][:25]
    assert set(body["links"]) == {"self", "next"}


def test_paging_by_links_finds_every_order_once(
    sandbox: Sandbox, past: tuple[str, list[str]]
) -> None:
    customer_id, order_ids = past
    found: list[str] = []
    uri: str | None = f"/v3/customers/{customer_id}/orders?limit=7&order-type=NEW&order-type=RETURN"
    while uri:
        answer = sandbox.get(uri)
        found += _ids(answer)
        uri = answer.json()["links"].get("next", {}).get("uri")
    assert found == order_ids[::-1]
    back = answer.json()["links"]["prev"]["uri"]
    assert parse_qs(urlsplit(back).query)["offset"] == ["21"]


@pytest.mark.parametrize(
    ("query", "limit", "count"),
    [
        ("?limit=1", 1, 1),
        ("?limit=100", 100, 30),
        ("?limit=101", 100, 30),
        ("?limit=99999", 100, 30),
    ],
)
def test_a_limit_above_a_hundred_becomes_a_hundred(
    sandbox: Sandbox, past: tuple[str, list[str]], query: str, limit: int, count: int
) -> None:
    body = sandbox.history(past[0], query).json()
    assert (body["limit"], body["count"]) == (limit, count)


@pytest.mark.parametrize(
    ("query", "code", "details"),
    [
        ("?limit=0", "1132", ["limit"]),
        ("?limit=-1", "1132", ["limit"]),
        ("?limit=ten", "1132", ["limit"]),
        ("?limit=", "1132", ["limit"]),
        ("?offset=-1", "1132", ["offset"]),
        ("?offset=31", "1133", ["offset"]),
        ("?order-type=PREVIEW", "1132", ["order-type"]),
        ("?order-type=NEW&order-type=new", "1132", ["order-type"]),
        ("?status=9999", "1132", ["status"]),
        ("?status=", "1132", ["status"]),
        ("?start-date=yesterday", "1132", ["start-date"]),
        ("?start-date=2026-13-01", "1132", ["start-date"]),
        ("?end-date=2026-10-03T15:20:41", "1132", ["end-date"]),
        ("?end-date=2026-10-03T15:20:41%2B02:00", "1132", ["end-date"]),
        ("?fetch-price=yes", "1132", ["fetch-price"]),
        ("?status=x&limit=x", "1132", ["status", "limit"]),
    ],
)
def test_a_wrong_value_is_named(
    sandbox: Sandbox, past: tuple[str, list[str]], query: str, code: str, details: list[str]
) -> None:
    answer = sandbox.history(past[0], query)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["additionalDetails"] == details


def test_an_offset_at_the_end_is_an_empty_page(
    sandbox: Sandbox, past: tuple[str, list[str]]
) -> None:
    body = sandbox.history(past[0], "?offset=30").json()
    assert (body["count"], body["totalCount"], body["items"]) == (0, 30, [])
    assert set(body["links"]) == {"self", "prev"}


def test_parameters_are_joined_and_values_are_alternatives(
    sandbox: Sandbox, past: tuple[str, list[str]]
) -> None:
    customer_id, order_ids = past
    returns = [o for n, o in enumerate(order_ids) if n % 3 == 2][::-1]
    new_photo = [o for n, o in enumerate(order_ids) if n % 3 != 2 and n % 2][::-1]
    expected = {
        "order-type=RETURN": returns,
        f"reference-order-id={order_ids[0]}": returns,
        f"order-type=NEW&offer-id={PHOTO}": new_photo,
        f"offer-id={PHOTO}&offer-id={DESIGN}": order_ids[::-1],
        "status=1004": [order_ids[7]],
        "status=1004&status=1000": order_ids[::-1],
        "status=1026": [],
        "order-type=RENEWAL&order-type=SWITCH": [],
        "reseller-id=1000518243": order_ids[::-1],
        "reseller-id=other": [],
    }
    for query, wanted in expected.items():
        assert _ids(sandbox.history(customer_id, f"?limit=100&{query}")) == wanted, query


def test_orders_are_found_by_subscription(sandbox: Sandbox, past: tuple[str, list[str]]) -> None:
    customer_id, order_ids = past
    first = sandbox.get(f"/v3/customers/{customer_id}/orders/{order_ids[0]}").json()
    subscription_id = first["lineItems"][0]["subscriptionId"]
    found = _ids(sandbox.history(customer_id, f"?limit=100&subscription-id={subscription_id}"))
    assert found == order_ids[::2][::-1]


def test_dates_are_inclusive_and_a_plain_date_is_its_midnight(
    sandbox: Sandbox, past: tuple[str, list[str]]
) -> None:
    customer_id, order_ids = past
    moment = sandbox.get(f"/v3/customers/{customer_id}/orders/{order_ids[10]}").json()[
        "creationDate"
    ]
    both = f"?start-date={moment}&end-date={moment}"
    assert _ids(sandbox.history(customer_id, both)) == [order_ids[10]]
    day = datetime.fromisoformat(moment).date()
    of_the_day = f"?start-date={day}&end-date={day + timedelta(days=1)}"
    assert _ids(sandbox.history(customer_id, of_the_day)) == [order_ids[10]]
    assert order_ids[10] not in _ids(sandbox.history(customer_id, f"?end-date={day}"))


def test_todays_orders_are_left_out_by_todays_date(sandbox: Sandbox, new: Make) -> None:
    customer_id = sandbox.customer()
    sandbox.order(customer_id, new())
    today = sandbox.now().date()
    assert sandbox.history(customer_id).json()["totalCount"] == 1
    assert sandbox.history(customer_id, f"?end-date={today}").json()["totalCount"] == 0


def test_without_a_start_date_only_the_current_term_is_shown(sandbox: Sandbox, line: Make) -> None:
    now = sandbox.now()
    anniversary = (now + timedelta(days=100)).date()
    customer_id = sandbox.customer(cotermDate=anniversary.isoformat())
    for days in (264, 266):
        sandbox.past_order(
            customer_id, [line()], creationDate=(now - timedelta(days=days)).isoformat()
        )
    assert sandbox.history(customer_id).json()["totalCount"] == 1
    assert sandbox.history(customer_id, "?start-date=2020-01-01").json()["totalCount"] == 2


def test_links_are_encoded_once(sandbox: Sandbox, past: tuple[str, list[str]]) -> None:
    query = "start-date=2020-02-14T00%3A00%3A00Z&limit=2"
    links = sandbox.history(past[0], f"?{query}").json()["links"]
    path = f"/v3/customers/{past[0]}/orders"
    assert links["self"]["uri"] == f"{path}?start-date=2020-02-14T00:00:00Z&limit=2"
    assert links["next"]["uri"] == f"{path}?start-date=2020-02-14T00:00:00Z&limit=2&offset=2"
    assert sandbox.history(past[0]).json()["links"]["self"]["uri"] == path


def test_unknown_customers_and_orders(sandbox: Sandbox, past: tuple[str, list[str]]) -> None:
    """History 1116, get and patch 2115, also for another customer's order."""
    answer = sandbox.history("nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "1116")
    for customer_id, order_id in (("nobody", "P1"), (past[0], "P1"), ("1007315862", past[1][0])):
        path = f"/v3/customers/{customer_id}/orders/{order_id}"
        for method in ("GET", "PATCH"):
            answer = sandbox.call(method, path, {"externalReferenceId": "x"})
            assert (answer.status_code, answer.json()["code"]) == (404, "2115")


@pytest.mark.parametrize(
    ("body", "code", "details"),
    [
        ({}, "1122", ["externalReferenceId"]),
        ({"externalReferenceId": ""}, "1122", ["externalReferenceId"]),
        ({"externalReferenceId": "a<b"}, "1117", ["externalReferenceId"]),
        ({"externalReferenceId": 7}, "1117", ["externalReferenceId"]),
        ({"externalReferenceId": "r" * 36}, "2126", ["externalReferenceId"]),
        ({"externalReferenceId": "x", "status": "1000"}, "1119", ["status"]),
        ({"externalReferenceId": "x", "lineItems": []}, "1119", ["lineItems"]),
        ({"externalReferenceId": "x", "note": "y", "status": "1000"}, "1121", ["note"]),
    ],
)
def test_an_order_patch_takes_a_reference_and_nothing_else(
    sandbox: Sandbox, past: tuple[str, list[str]], body: object, code: str, details: list[str]
) -> None:
    answer = sandbox.call("PATCH", f"/v3/customers/{past[0]}/orders/{past[1][0]}", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["additionalDetails"] == details


def test_a_patched_reference_stays(sandbox: Sandbox, new: Make) -> None:
    customer_id = sandbox.customer()
    order_id = sandbox.order(customer_id, new()).json()["orderId"]
    path = f"/v3/customers/{customer_id}/orders/{order_id}"
    for _ in range(2):
        answer = sandbox.call("PATCH", path, {"externalReferenceId": "PO-1 corrected"})
        assert answer.status_code == 200
        assert answer.json() == sandbox.get(path).json()
    assert answer.json()["externalReferenceId"] == "PO-1 corrected"


def test_the_last_moment_there_is_may_be_the_end(
    sandbox: Sandbox, past: tuple[str, list[str]]
) -> None:
    answer = sandbox.history(past[0], "?end-date=9999-12-31T23:59:59.999999Z")
    assert answer.status_code == 200
    assert answer.json()["totalCount"] == len(past[1])
