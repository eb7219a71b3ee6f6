"""Products that are bought once, not together, or not by agencies (the error table's rules)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

Make = Callable[..., Any]

DESK, COMPACT, ONCE = "65316613CA", "65347702CA", "65345561CA"
DETAILS = "additionalDetails"


def _owner(sandbox: Sandbox, product: str, quantity: int = 5, **fields: object) -> str:
    licences = [{"product": product, "quantity": quantity, "currencyCode": "USD"}]
    return sandbox.customer(licences=licences, **fields)


def _renewal(sandbox: Sandbox, customer: str, line: Make, new: Make, offer_id: str) -> Any:
    (owned,) = sandbox.get(f"/v3/customers/{customer}/subscriptions").json()["items"]
    renewed = line(1, offer_id, 5, subscriptionId=owned["subscriptionId"])
    return sandbox.order(customer, new(renewed, order_type="PREVIEW_RENEWAL"))


@pytest.mark.parametrize("order_type", ["NEW", "PREVIEW"])
def test_what_is_bought_once_per_term_is_refused_the_second_time(
    sandbox: Sandbox, line: Make, new: Make, order_type: str
) -> None:
    """Also while the first purchase is under way."""
    customer = sandbox.customer()
    bought = line(1, f"{ONCE}01A12")
    assert sandbox.order(customer, new(bought)).status_code == 201
    for _ in range(2):
        again = sandbox.order(customer, new(bought, order_type=order_type)).json()
        reason = "Line Item: 1, Reason: CUSTOMER_NOT_ELIGIBLE_FOR_PURCHASE"
        assert (again["code"], again[DETAILS]) == ("2129", [reason])
        sandbox.finish()


@pytest.mark.parametrize("status", ["1004", "1008"])
def test_a_purchase_that_failed_or_came_back_is_none(
    sandbox: Sandbox, line: Make, new: Make, status: str
) -> None:
    customer = sandbox.customer()
    sandbox.past_order(customer, [line(1, f"{ONCE}01A12")], status=status)
    assert sandbox.order(customer, new(line(1, f"{ONCE}01A12"))).status_code == 201


@pytest.mark.parametrize(("after_the_anniversary", "code"), [(3, "2129"), (-3, None)])
def test_a_purchase_of_the_last_term_does_not_count(
    sandbox: Sandbox, line: Make, new: Make, after_the_anniversary: int, code: str | None
) -> None:
    """The present term of this customer began 165 days ago."""
    customer = sandbox.customer()
    anniversary = sandbox.get(f"/v3/customers/{customer}").json()["cotermDate"]
    began = datetime.fromisoformat(f"{anniversary}T12:00:00Z") - timedelta(days=365)
    moment = began + timedelta(days=after_the_anniversary)
    sandbox.past_order(customer, [line(1, f"{ONCE}01A12")], creationDate=moment.isoformat())
    answer = sandbox.order(customer, new(line(1, f"{ONCE}01A12")))
    assert answer.json().get("code") == code


def test_what_is_bought_once_is_renewed_all_the_same(
    sandbox: Sandbox, line: Make, new: Make
) -> None:
    near = (sandbox.now().date() + timedelta(days=20)).isoformat()
    customer = sandbox.customer(cotermDate=near)
    sandbox.past_order(customer, [line(1, f"{ONCE}01A12", 5)])
    assert _renewal(sandbox, customer, line, new, f"{ONCE}01A12").status_code == 200


def test_products_that_exclude_each_other_do_so_in_either_direction(
    sandbox: Sandbox, line: Make, new: Make
) -> None:
    for owned, wanted in ((DESK, COMPACT), (COMPACT, DESK)):
        refused = sandbox.order(_owner(sandbox, owned), new(line(3, f"{wanted}01A12"))).json()
        assert (refused["code"], refused[DETAILS]) == (
            "2129",
            ["Line Item: 3, Reason: INELIGIBLE_SWITCH"],
        )
    more = new(line(1, f"{COMPACT}01A12", 2))
    assert sandbox.order(_owner(sandbox, COMPACT), more).status_code == 201


def test_an_offer_not_for_agencies_is_for_everybody_else(
    sandbox: Sandbox, line: Make, new: Make
) -> None:
    bought = new(line(1, f"{COMPACT}04A12", 100))
    assert sandbox.order(sandbox.customer(marketSegment="GOV"), bought).status_code == 201
    agency = sandbox.customer(marketSegment="GOV", largeGovernmentAgency=True)
    for order_type in ("NEW", "PREVIEW"):
        refused = sandbox.order(agency, bought | {"orderType": order_type}).json()
        assert (refused["code"], refused[DETAILS]) == (
            "1169",
            ["Line Item: 1, Reason: NOT_SOLD_TO_AGENCIES"],
        )


def test_such_products_can_be_entered_by_hand(sandbox: Sandbox, line: Make, new: Make) -> None:
    product = {
        "product": "65350001CA",
        "priceUsd": 10,
        "excludes": ["65318877CA"],
        "oncePerTerm": True,
        "soldToAgencies": False,
    }
    sandbox.control("POST", "seed-product", product)
    customer = _owner(sandbox, "65318877CA")
    answer = sandbox.order(customer, new(line(1, "65350001CA01A12")))
    assert answer.json()[DETAILS] == ["Line Item: 1, Reason: INELIGIBLE_SWITCH"]
