"""A client that is not ours gets its work done, with nothing but the vendor's reference.

Against the server as it starts by itself: seeded customers, throttling on, orders that finish
on their own after half a second.
"""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.sandbox.conftest import ROOT, Sandbox
from tests.sandbox.independent_client import (
    IndependentClient,
    Json,
    RefusedError,
    new_order,
    order_from_preview,
    return_of,
    switch_order,
    total,
)

BUYER, FIRST_BUYER, UPGRADER = "P1005053402", "P1005053406", "P1005053423"
RENEWS_SOON, LAPSED = "P1005053415", "P1005053418"
PHOTO, DOCUMENT = "65318877CA01A12", "65316613CA01A12"
SINCE = "2020-01-01"


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    started = Sandbox()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def client(server: Sandbox) -> Iterator[IndependentClient]:
    signed_in = _signed_in(server)
    yield signed_in
    signed_in.close()


def _signed_in(server: Sandbox) -> IndependentClient:
    client = IndependentClient(server.url, "practice", "practice-secret")
    client.sign_in()
    return client


def test_it_knows_nothing_of_ours() -> None:
    """What it agrees on with the server, both have from the reference."""
    asked = "import sys, tests.sandbox.independent_client; print(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT
    )
    ours = [name for name in answer.stdout.split() if name.split(".")[0] in ("flows", "schemas")]
    assert "tests.sandbox.independent_client" in answer.stdout.split()
    assert ours == []


def test_it_signs_in_for_a_day(server: Sandbox) -> None:
    client = IndependentClient(server.url, "practice", "practice-secret")
    token = client.sign_in()
    assert (token["token_type"], token["expires_in"]) == ("bearer", 86399)
    answer = client.call("GET", "/partnerservice/ping")
    assert (answer.status_code, answer.text, client.sign_ins) == (200, "pong", 1)
    client.close()


def test_it_orders_what_the_preview_answered_and_waits_until_it_is_done(
    client: IndependentClient,
) -> None:
    """The preview corrects the level and tells the price that the finished order has."""
    asked = new_order("PREVIEW", "IND-1", _line(PHOTO, 3), _line(DOCUMENT, 2))
    preview = client.preview(BUYER, asked)
    assert [line["offerId"][10:12] for line in preview["lineItems"]] == ["02", "02"]
    assert total(preview) > 0
    before = _licences(client, BUYER)

    placed = client.place(BUYER, order_from_preview(preview))
    assert (placed["status"], placed["lineItems"][0]["subscriptionId"]) == ("1002", "")
    done = client.until_finished(BUYER, placed["orderId"], fetch_price="true")
    assert done["status"] == "1000"
    assert [line["status"] for line in done["lineItems"]] == ["1000", "1000"]
    assert done["externalReferenceId"] == "IND-1"
    assert total(done) == total(preview)

    after = _licences(client, BUYER)
    assert after[PHOTO] == before[PHOTO] + 3
    assert after[DOCUMENT] == 2
    photo = client.subscription(BUYER, done["lineItems"][0]["subscriptionId"])
    assert (photo["offerId"], photo["currentQuantity"]) == (PHOTO, after[PHOTO])


def test_a_first_order_sets_the_anniversary_a_year_later(
    client: IndependentClient, server: Sandbox
) -> None:
    assert client.customer(FIRST_BUYER)["cotermDate"] == ""
    placed = _bought(client, FIRST_BUYER, "IND-2")
    done = client.until_finished(FIRST_BUYER, placed["orderId"])
    anniversary = date.fromisoformat(client.customer(FIRST_BUYER)["cotermDate"])
    # The vendor's day is Pacific: it may still be the day before.
    assert 364 <= (anniversary - server.now().date()).days <= 366
    owned = client.subscription(FIRST_BUYER, done["lineItems"][0]["subscriptionId"])
    assert date.fromisoformat(owned["renewalDate"]) == anniversary


def test_it_returns_an_order_and_sees_the_licences_gone(client: IndependentClient) -> None:
    customer_id = "P1005053421"
    bought = _bought(client, customer_id, "IND-3", quantity=2)
    done = client.until_finished(customer_id, bought["orderId"])
    assert _licences(client, customer_id)[PHOTO] == 2

    returned = client.place(customer_id, return_of(done, "IND-3-R1"))
    assert (returned["status"], returned["referenceOrderId"]) == ("1002", bought["orderId"])
    assert client.until_finished(customer_id, returned["orderId"])["status"] == "1000"

    original = client.until_finished(customer_id, bought["orderId"])
    assert (original["status"], original["lineItems"][0]["status"]) == ("1008", "1008")
    gone = client.subscription(customer_id, done["lineItems"][0]["subscriptionId"])
    assert (gone["currentQuantity"], gone["status"]) == (0, "1004")
    found = client.history(customer_id, SINCE, page=1, reference_order_id=bought["orderId"])
    assert [order["orderId"] for order in found] == [returned["orderId"]]


def test_an_early_renewal_moves_the_anniversary_once_and_the_renewal_date_not(
    client: IndependentClient,
) -> None:
    """Section 11.4: AD a year ahead with the first order; NEW has to wait; RETURN has not."""
    anniversary = date.fromisoformat(client.customer(RENEWS_SOON)["cotermDate"])
    first, second = client.subscriptions(RENEWS_SOON)
    done = _renewed(client, RENEWS_SOON, first)
    assert done["status"] == "1000"
    assert _anniversary(client, RENEWS_SOON) == _a_year_after(anniversary)
    owned = client.subscription(RENEWS_SOON, first["subscriptionId"])
    assert owned["renewedQuantity"] == owned["currentQuantity"] == first["currentQuantity"]
    assert date.fromisoformat(owned["renewalDate"]) == anniversary
    assert "renewedQuantity" not in client.subscription(RENEWS_SOON, second["subscriptionId"])

    _renewed(client, RENEWS_SOON, second)
    assert _anniversary(client, RENEWS_SOON) == _a_year_after(anniversary)
    asked = new_order("PREVIEW", "IND-4", _line(PHOTO))
    with pytest.raises(RefusedError) as refused:
        client.preview(RENEWS_SOON, asked)
    assert (refused.value.status, refused.value.code) == (400, "3131")

    returned = client.place(RENEWS_SOON, return_of(done, "IND-4-R1"))
    client.until_finished(RENEWS_SOON, returned["orderId"])
    owned = client.subscription(RENEWS_SOON, first["subscriptionId"])
    assert owned["renewedQuantity"] == 0
    assert owned["currentQuantity"] == first["currentQuantity"]
    assert _anniversary(client, RENEWS_SOON) == _a_year_after(anniversary)


def test_the_automatic_renewal_leaves_out_what_was_renewed_early(
    start: Callable[..., Sandbox],
) -> None:
    """The worked dates of section 11.4: 40 of 100 renewed by hand, the run renews 60."""
    server = start()
    anniversary = server.now().date() + timedelta(days=20)
    customer_id = server.customer(
        cotermDate=anniversary.isoformat(),
        licences=[{"product": "65310542CA", "quantity": 100, "currencyCode": "USD"}],
    )
    client = _signed_in(server)
    (owned,) = client.subscriptions(customer_id)
    _renewed(client, customer_id, owned, quantity=40)
    server.advance(days=21)
    owned = client.subscription(customer_id, owned["subscriptionId"])
    (run,) = [
        order
        for order in client.history(customer_id, SINCE, order_type="RENEWAL")
        if order["source"] == "System"
    ]
    client.until_finished(customer_id, run["orderId"])
    owned = client.subscription(customer_id, owned["subscriptionId"])
    assert [line["quantity"] for line in run["lineItems"]] == [60]
    assert owned["currentQuantity"] == 100
    assert date.fromisoformat(owned["renewalDate"]) == _a_year_after(anniversary)
    assert _anniversary(client, customer_id) == _a_year_after(anniversary)
    client.close()


def test_a_late_renewal_brings_a_lapsed_subscription_back(client: IndependentClient) -> None:
    """Section 11.5: MANUAL_RENEWAL allows it, and both dates move when it is done."""
    anniversary = _anniversary(client, LAPSED)
    (lapsed,) = client.subscriptions(LAPSED)
    assert (lapsed["status"], lapsed["allowedActions"]) == ("1004", ["MANUAL_RENEWAL"])
    done = _renewed(client, LAPSED, lapsed, quantity=6)
    assert done["status"] == "1000"
    owned = client.subscription(LAPSED, lapsed["subscriptionId"])
    assert (owned["status"], owned["currentQuantity"]) == ("1000", 6)
    assert not owned.get("allowedActions")
    assert date.fromisoformat(owned["renewalDate"]) == _a_year_after(anniversary)
    assert _anniversary(client, LAPSED) == _a_year_after(anniversary)


def test_it_upgrades_part_of_a_subscription_and_takes_the_upgrade_back(
    client: IndependentClient,
) -> None:
    """Preview, switch with the users, wait, revert, wait (sections 12.2 and 12.3)."""
    (source,) = client.subscriptions(UPGRADER)
    target = _first_upgrade(client, UPGRADER, source)
    asked = switch_order(
        "PREVIEW_SWITCH", "IND-5", source=source, target_offer_id=target, quantity=4
    )
    preview = client.preview(UPGRADER, asked)
    (line,), (given_up,) = preview["lineItems"], preview["cancellingItems"]
    assert total(preview) == _paid(line) - _paid(given_up)

    order = order_from_preview(preview)
    switched = client.place(UPGRADER, order, reassign_users="true")
    done = client.until_finished(UPGRADER, switched["orderId"])
    assert done["status"] == "1000"
    created = client.subscription(UPGRADER, done["lineItems"][0]["subscriptionId"])
    assert created["offerId"][:10] == target[:10]
    assert (created["currentQuantity"], created["renewalDate"]) == (4, source["renewalDate"])
    assert _quantity(client, UPGRADER, source) == source["currentQuantity"] - 4

    asked = switch_order(
        "PREVIEW_REVERT_SWITCH",
        "IND-5-R1",
        source=created,
        target_offer_id=source["offerId"],
        quantity=4,
    ) | {"referenceOrderId": switched["orderId"]}
    revert = client.place(UPGRADER, order_from_preview(client.preview(UPGRADER, asked)))
    assert client.until_finished(UPGRADER, revert["orderId"])["status"] == "1000"
    assert _quantity(client, UPGRADER, source) == source["currentQuantity"]
    gone = client.subscription(UPGRADER, created["subscriptionId"])
    assert (gone["currentQuantity"], gone["status"]) == (0, "1004")


def test_an_expired_token_is_renewed_and_the_intent_keeps_its_id(
    start: Callable[..., Sandbox],
) -> None:
    server = start()
    client = _signed_in(server)
    order = new_order("NEW", "IND-6", _line(PHOTO))
    path = f"/v3/customers/{FIRST_BUYER}/orders"
    intent = str(uuid.uuid4())
    server.advance(days=1)
    refused = client.send("POST", path, order, correlation_id=intent)
    assert (refused.status_code, refused.json()["code"]) == (401, "4116")

    placed = client.place(FIRST_BUYER, order, correlation_id=intent)
    assert client.sign_ins == 2
    calls = [call for call in server.journal() if call["path"] == path]
    assert [call["status"] for call in calls] == [401, 401, 201]
    assert {call["correlationId"] for call in calls} == {intent}
    assert [o["orderId"] for o in client.history(FIRST_BUYER, SINCE)] == [placed["orderId"]]
    client.close()


def test_a_repeat_gets_the_same_bytes_and_makes_no_second_order(
    client: IndependentClient,
) -> None:
    customer_id = "P1005053407"
    order = new_order("NEW", "IND-7", _line(PHOTO))
    path = f"/v3/customers/{customer_id}/orders"
    intent = str(uuid.uuid4())
    first = client.call("POST", path, order, correlation_id=intent)
    client.until_finished(customer_id, first.json()["orderId"])
    repeat = client.call("POST", path, order, correlation_id=intent)
    assert (first.status_code, repeat.status_code) == (201, 201)
    assert repeat.content == first.content
    orders = client.history(customer_id, SINCE)
    assert [order["orderId"] for order in orders] == [first.json()["orderId"]]


def test_the_history_is_read_page_by_page(client: IndependentClient) -> None:
    customer_id = "P1005053424"
    placed = [_bought(client, customer_id, f"IND-8-{number}") for number in range(5)]
    newest_first = [order["orderId"] for order in reversed(placed)]
    orders = client.history(customer_id, SINCE, page=2)
    assert [order["orderId"] for order in orders] == newest_first


def _line(offer_id: str, quantity: int = 1) -> Json:
    return {"offerId": offer_id, "quantity": quantity, "currencyCode": "USD"}


def _bought(client: IndependentClient, customer_id: str, reference: str, quantity: int = 1) -> Json:
    """Preview an order, and order what the preview answered."""
    preview = client.preview(customer_id, new_order("PREVIEW", reference, _line(PHOTO, quantity)))
    return client.place(customer_id, order_from_preview(preview))


def _renewed(
    client: IndependentClient, customer_id: str, owned: Json, quantity: int | None = None
) -> Json:
    """Preview a renewal, order what the preview answered, wait until it is done."""
    line = {
        "offerId": owned["offerId"],
        "quantity": quantity or owned["currentQuantity"],
        "subscriptionId": owned["subscriptionId"],
        "currencyCode": owned["currencyCode"],
    }
    preview = client.preview(customer_id, new_order("PREVIEW_RENEWAL", "IND-R", line))
    assert total(preview) > 0
    placed = client.place(customer_id, order_from_preview(preview))
    return client.until_finished(customer_id, placed["orderId"])


def _first_upgrade(client: IndependentClient, customer_id: str, owned: Json) -> str:
    """The first product that a subscription can be upgraded to (section 12.1)."""
    paths = client.read(
        "/v3/offer-switch-paths",
        customer_id=customer_id,
        subscription_id=owned["subscriptionId"],
    )
    (upgrade,) = paths["productUpgrades"]
    first = min(upgrade["targetList"], key=lambda target: target["sequence"])
    target: str = first["targetBaseOfferId"]
    return target


def _licences(client: IndependentClient, customer_id: str) -> dict[str, int]:
    return {
        owned["offerId"]: owned["currentQuantity"] for owned in client.subscriptions(customer_id)
    }


def _quantity(client: IndependentClient, customer_id: str, owned: Json) -> int:
    quantity: int = client.subscription(customer_id, owned["subscriptionId"])["currentQuantity"]
    return quantity


def _anniversary(client: IndependentClient, customer_id: str) -> date:
    return date.fromisoformat(client.customer(customer_id)["cotermDate"])


def _a_year_after(day: date) -> date:
    """The same day next year (C35); there is no 29 February in it."""
    return day.replace(year=day.year + 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _paid(item: Json) -> Decimal:
    return Decimal(item["pricing"]["lineItemPartnerPrice"])
