"""Calls that ask for recommendations (reference, section 8.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from tests.sandbox.conftest import Sandbox

Make = Callable[..., Any]
Call = Callable[["Sandbox", Make, Make, str], "httpx.Response"]

ASKED = "?fetch-recommendations=true"


def _preview(sandbox: Sandbox, new: Make, line: Make, query: str) -> httpx.Response:
    return sandbox.order(sandbox.customer(), new(order_type="PREVIEW"), query)


def _order(sandbox: Sandbox, new: Make, line: Make, query: str) -> httpx.Response:
    customer = sandbox.customer()
    order_id = sandbox.past_order(customer, [line()])
    return sandbox.get(f"/v3/customers/{customer}/orders/{order_id}{query}")


def _history(sandbox: Sandbox, new: Make, line: Make, query: str) -> httpx.Response:
    return sandbox.history(sandbox.customer(), query)


def _subscriptions(sandbox: Sandbox, new: Make, line: Make, query: str) -> httpx.Response:
    return sandbox.get(f"/v3/customers/{sandbox.customer()}/subscriptions{query}")


EVERYWHERE = pytest.mark.parametrize("call", [_preview, _order, _history, _subscriptions])


@EVERYWHERE
@pytest.mark.parametrize(
    ("query", "code", "name"),
    [
        ("&recommendation-country=FR", "5136", "recommendation-country"),
        ("&recommendation-country=", "5136", "recommendation-country"),
        ("&recommendation-language=DE", "5137", "recommendation-language"),
        (
            "&recommendation-country=FR&recommendation-language=DE",
            "5136",
            "recommendation-country",
        ),
    ],
)
def test_a_failure_stands_inside_the_success(
    sandbox: Sandbox, new: Make, line: Make, *, call: Call, query: str, code: str, name: str
) -> None:
    """The rest of the answer is what it would have been."""
    answer = call(sandbox, new, line, f"{ASKED}{query}")
    assert answer.status_code == 200
    failure = answer.json()["recommendations"]["errorDetails"]
    assert (failure["code"], failure["additionalDetails"]) == (code, [name])
    assert failure["message"]
    plain = call(sandbox, new, line, "")
    assert set(answer.json()) == {*plain.json(), "recommendations"}


@EVERYWHERE
@pytest.mark.parametrize(
    "query",
    [
        "",
        ASKED,
        f"{ASKED}&recommendation-country=US&recommendation-language=MULT",
        f"{ASKED}&recommendation-country=DE&recommendation-language=EN",
        "?recommendation-country=FR",
        "?fetch-recommendations=false&recommendation-country=FR",
    ],
)
def test_without_a_failure_there_is_nothing(
    sandbox: Sandbox, new: Make, line: Make, call: Call, query: str
) -> None:
    answer = call(sandbox, new, line, query)
    assert answer.status_code == 200
    assert "recommendations" not in answer.json()


def test_placed_orders_are_asked_for_none(sandbox: Sandbox, new: Make) -> None:
    query = f"{ASKED}&recommendation-country=FR"
    placed = sandbox.order(sandbox.customer(), new(), query)
    assert placed.status_code == 201
    assert "recommendations" not in placed.json()
