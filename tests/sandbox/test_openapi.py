"""The served OpenAPI says what the server does: generated calls, and a look at the whole."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.sandbox.conftest import Sandbox

if TYPE_CHECKING:
    from schemathesis import BaseSchema, Case

CUSTOMER = "P1005053402"
PLAIN_QUERY = {"limit", "fetch-price", "order-by", "sort-by", "start-date", "end-date"}
NEEDED_QUERY = {
    "/v3/flex-discounts": {"market-segment": "COM", "country": "US"},
    "/v3/offer-switch-paths": {"market-segment": "COM", "country": "US"},
}
KEPT = {
    "autoRenewal",
    "companyProfile",
    "contacts",
    "address",
    "city",
    "addressLine1",
    "firstName",
    "lastName",
    "externalReferenceId",
}
PLAUSIBLE: dict[str, Any] = {
    "orderType": "PREVIEW",
    "lineItems": [
        {"extLineItemNumber": 1, "offerId": "65310542CA01A12", "quantity": 2, "currencyCode": "USD"}
    ],
    "offerId": "65316613CA01A12",
    "enabled": True,
    "renewalQuantity": 3,
    "resellerId": "1000518243",
    "companyName": "Generated Company",
    "preferredLanguage": "en-US",
    "marketSegment": "COM",
    "country": "US",
    "email": "one@generated.example",
    "region": "NA",
    "currency": "USD",
    "priceListMonth": "202612",
    "grant_type": "client_credentials",
    "client_id": "practice",
    "client_secret": "practice-secret",
    "scope": "openid,AdobeID,read_organizations",
}
NEVER_DONE_BY_CHANCE = {("POST", "/v3/customers/{customer_id}/subscriptions")}
"""Only from 30 days before the anniversary on; walked in test_subscriptions."""
CALLS = {
    ("POST", "/ims/token/v3"),
    ("GET", "/ping"),
    ("GET", "/partnerservice/ping"),
    ("GET", "/v3/customers/{customer_id}"),
    ("PATCH", "/v3/customers/{customer_id}"),
    ("POST", "/v3/customers"),
    ("GET", "/v3/resellers/{reseller_id}/customers"),
    ("POST", "/v3/customers/{customer_id}/orders"),
    ("GET", "/v3/customers/{customer_id}/orders"),
    ("GET", "/v3/customers/{customer_id}/orders/{order_id}"),
    ("PATCH", "/v3/customers/{customer_id}/orders/{order_id}"),
    ("GET", "/v3/customers/{customer_id}/subscriptions"),
    ("POST", "/v3/customers/{customer_id}/subscriptions"),
    ("GET", "/v3/customers/{customer_id}/subscriptions/{subscription_id}"),
    ("PATCH", "/v3/customers/{customer_id}/subscriptions/{subscription_id}"),
    ("GET", "/v3/flex-discounts"),
    ("GET", "/v3/customers/{customer_id}/flex-discounts"),
    ("GET", "/v3/offer-switch-paths"),
    ("POST", "/v3/pricelist"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    """Throttling off; orders finish at once, so that later calls meet finished ones."""
    started = Sandbox("--finish-after", "0", "--no-throttle", "--seed", "7")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def known(server: Sandbox) -> dict[str, str]:
    """Ids that are there, so that calls get past the first check."""
    order = {"orderType": "NEW", "lineItems": PLAUSIBLE["lineItems"]}
    order["lineItems"] = [order["lineItems"][0] | {"offerId": "65310542CA02A12"}]
    placed = server.order(CUSTOMER, order)
    owned = server.get(f"/v3/customers/{CUSTOMER}/subscriptions").json()["items"]
    return {
        "customer_id": CUSTOMER,
        "reseller_id": "1000518243",
        "order_id": placed.json()["orderId"],
        "subscription_id": owned[0]["subscriptionId"],
    }


@pytest.fixture(scope="module")
def described(server: Sandbox) -> BaseSchema:
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


@pytest.mark.parametrize(("method", "path"), sorted(CALLS))
def test_generated_calls_get_documented_answers(
    server: Sandbox, known: dict[str, str], described: BaseSchema, method: str, path: str
) -> None:
    """No fault inside, no answer that OpenAPI does not know, no body of another shape."""
    statuses: Counter[int] = Counter()

    @seed(20261124)
    @settings(
        max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=described[path][method].as_strategy())
    def check(case: Case) -> None:
        statuses[_send(case, server, known)] += 1

    check()
    done = any(status < 300 for status in statuses)
    assert done or (method, path) in NEVER_DONE_BY_CHANCE, statuses


def _send(case: Case, server: Sandbox, known: dict[str, str]) -> int:
    """Half of the calls are made plausible, so that they get past the first checks."""
    headers = server.headers(X_Correlation_Id=str(uuid.uuid4()))
    generated = str(case.headers.get("X-Correlation-Id", ""))
    if sum(f"{generated}{case.body}".encode()) % 2:
        for name in case.path_parameters or ():
            case.path_parameters[name] = known[name]
        case.body = _plausible(case.body)
        case.query = {k: v for k, v in (case.query or {}).items() if k in PLAIN_QUERY}
        case.query |= NEEDED_QUERY.get(case.operation.path, {})
    for name in ("X-Api-Key", "Authorization", "X-Request-Id"):
        case.headers[name] = headers[name]
    if generated:
        case.headers["X-Correlation-Id"] = headers["X-Correlation-Id"]
    response = case.call()
    case.validate_response(
        response,
        checks=(
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ),
    )
    return response.status_code


def _plausible(body: Any) -> Any:
    """The same body with values that are there, and without what only few may send."""
    if isinstance(body, dict):
        return {
            name: PLAUSIBLE.get(name, _plausible(value))
            for name, value in body.items()
            if name in PLAUSIBLE or name in KEPT
        }
    if isinstance(body, list):
        return [_plausible(entry) for entry in body[:1]]
    return body


def test_the_calls_that_are_walked_are_those_described(server: Sandbox) -> None:
    described = server.http.get("/openapi.json").json()
    found = {
        (method.upper(), path) for path, calls in described["paths"].items() for method in calls
    }
    assert found == CALLS


def test_every_call_names_its_answers_and_errors(server: Sandbox) -> None:
    described = server.http.get("/openapi.json").json()
    for path, calls in described["paths"].items():
        for method, call in calls.items():
            successes = [status for status in call["responses"] if status.startswith("2")]
            assert successes, (method, path)
            if not path.startswith("/v3"):
                continue
            assert {"400", "401", "403", "404", "429", "500", "502", "503", "504"} <= set(
                call["responses"]
            ), (method, path)
            assert "422" not in call["responses"]  # FastAPI's own, which nothing here answers
            for status in successes:
                content = call["responses"][status]["content"]["application/json"]
                assert "$ref" in content["schema"], (method, path, status)
            names = {parameter["name"] for parameter in call["parameters"]}
            assert {"X-Correlation-Id", "X-Request-Id"} <= names
            assert call["security"] == [{"key": [], "token": []}]
            if method in {"post", "patch"}:
                assert "$ref" in call["requestBody"]["content"]["application/json"]["schema"]
