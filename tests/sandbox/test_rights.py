"""Clients that may only read (4121 in the error table)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

Make = Callable[..., Any]

CUSTOMER = "/v3/customers/P1005053402"
READER = {"clientId": "reader", "clientSecret": "reader-secret", "readsOnly": True}
NEW_CUSTOMER = {
    "resellerId": "1000518243",
    "companyProfile": {
        "companyName": "Never Entered",
        "preferredLanguage": "en-US",
        "marketSegment": "COM",
        "address": {"country": "US", "city": "Austin", "addressLine1": "1 Elm Street"},
        "contacts": [{"firstName": "Ada", "lastName": "Reed", "email": "ada@never.example"}],
    },
}


@pytest.fixture(scope="module", autouse=True)
def reader(sandbox: Sandbox) -> None:
    sandbox.control("POST", "seed-client", READER)


def _refused(answer: Any) -> bool:
    return (answer.status_code, answer.json().get("code")) == (403, "4121")


def test_a_reader_reads_and_previews(sandbox: Sandbox, new: Make) -> None:
    for path in (CUSTOMER, f"{CUSTOMER}/orders", f"{CUSTOMER}/subscriptions"):
        assert sandbox.get(path, key="reader").status_code == 200
    preview = new(order_type="PREVIEW")
    assert sandbox.order("P1005053402", preview, key="reader").status_code == 200


def test_a_reader_changes_nothing(sandbox: Sandbox, line: Make, new: Make) -> None:
    customer = sandbox.customer()
    order_id = sandbox.past_order(customer, [line()])
    (owned,) = sandbox.get(f"/v3/customers/{customer}/subscriptions").json()["items"]
    path = f"/v3/customers/{customer}"
    scheduled = {
        "offerId": "65318877CA01A12",
        "autoRenewal": {"enabled": True, "renewalQuantity": 2},
    }
    changing = [
        ("POST", f"{path}/orders", new()),
        ("PATCH", f"{path}/orders/{order_id}", {"externalReferenceId": "PO-2"}),
        ("POST", f"{path}/subscriptions", scheduled),
        (
            "PATCH",
            f"{path}/subscriptions/{owned['subscriptionId']}",
            {"autoRenewal": {"enabled": False}},
        ),
        ("PATCH", path, {"externalReferenceId": "C-2"}),
        ("POST", "/v3/customers", NEW_CUSTOMER),
    ]
    before = sandbox.control("GET", "book")
    for method, where, body in changing:
        assert _refused(sandbox.call(method, where, body, key="reader")), where
    assert sandbox.control("GET", "book") == before


def test_the_service_says_no_after_the_gateway_and_the_body(sandbox: Sandbox, new: Make) -> None:
    customer = sandbox.customer()
    asked = {"body": new(), "key": "reader"}
    assert sandbox.order(customer, **asked, x_correlation_id=None).json()["code"] == "4119"
    assert sandbox.order("nobody", **asked).json()["code"] == "1116"
    assert sandbox.order(customer, new(poNumber="7"), key="reader").json()["code"] == "1121"
    body = new(lineItems=[])
    assert _refused(sandbox.order(customer, body, key="reader"))


def test_the_refusal_is_stored_and_outlasts_the_right_that_was_missing(
    sandbox: Sandbox, new: Make
) -> None:
    """A new intent is needed once the client may change things."""
    sandbox.control(
        "POST", "seed-client", READER | {"clientId": "later", "clientSecret": "later-secret"}
    )
    customer, correlation_id = sandbox.customer(), str(uuid.uuid4())
    first = sandbox.order(customer, new(), key="later", x_correlation_id=correlation_id)
    assert _refused(first)
    sandbox.control("POST", "seed-client", {"clientId": "later", "clientSecret": "later-secret"})
    again = sandbox.order(customer, new(), key="later", x_correlation_id=correlation_id)
    assert again.content == first.content
    assert sandbox.order(customer, new(), key="later").status_code == 201


def test_a_reader_is_one_after_a_restart_as_well(
    start: Callable[..., Sandbox], new: Make, tmp_path: Path
) -> None:
    state = ("--state", str(tmp_path / "book.db"))
    first = start(*state)
    first.control("POST", "seed-client", READER)
    first.stop()
    assert _refused(start(*state).order("P1005053402", new(), key="reader"))
