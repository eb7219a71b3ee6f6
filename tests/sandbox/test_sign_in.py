"""Signing in and the door of the gateway (reference, sections 2 and 4.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

FORM = {
    "grant_type": "client_credentials",
    "client_id": "practice",
    "client_secret": "practice-secret",
    "scope": "openid,AdobeID,read_organizations",
}


def test_a_token_is_given_for_key_and_secret(sandbox: Sandbox) -> None:
    answer = sandbox.http.post("/ims/token/v3", data=FORM)
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["access_token", "token_type", "expires_in"]
    assert (body["token_type"], body["expires_in"]) == ("bearer", 86399)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "openid,AdobeID,read_organizations,more"}, "invalid_scope"),
        ({"scope": ""}, "invalid_request"),
        ({"client_secret": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_sign_in_errors_have_a_form_of_their_own(
    sandbox: Sandbox, change: dict[str, str], error: str
) -> None:
    answer = sandbox.http.post("/ims/token/v3", data=FORM | change)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error", "error_description"]
    assert answer.json()["error"] == error


def test_sign_in_takes_a_form_and_no_json(sandbox: Sandbox) -> None:
    answer = sandbox.http.post("/ims/token/v3", json=FORM)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_the_journal_knows_no_secret_and_no_token(sandbox: Sandbox) -> None:
    token = sandbox.sign_in()
    sandbox.get("/v3/customers/1007315862")
    written = str(sandbox.journal())
    assert "practice-secret" not in written
    assert token not in written


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"x_api_key": None}, 403, "4115"),
        ({"x_api_key": "unknown"}, 403, "4115"),
        ({"x_api_key": "unknown", "authorization": None}, 403, "4115"),
        ({"authorization": None}, 403, "4117"),
        ({"authorization": "Bearer"}, 403, "4117"),
        ({"authorization": "Basic abc"}, 403, "4117"),
        ({"authorization": "Bearer wrong"}, 401, "4116"),
        ({"authorization": "Bearer wrong", "x_correlation_id": None}, 401, "4116"),
    ],
)
def test_the_door_checks_the_key_then_the_token(
    sandbox: Sandbox, headers: dict[str, Any], status: int, code: str
) -> None:
    answer = sandbox.get("/v3/customers/1007315862", **headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_answer_to_an_unknown_key_is_the_published_one(sandbox: Sandbox) -> None:
    answer = sandbox.get("/v3/customers/1007315862", x_api_key="0" * 32)
    assert answer.json() == {"code": "4115", "message": "API key not accepted"}


def test_a_token_of_another_key_is_not_valid(sandbox: Sandbox) -> None:
    sandbox.control("POST", "seed-client", {"clientId": "other", "clientSecret": "other-secret"})
    token = sandbox.sign_in("other", "other-secret")
    answer = sandbox.get("/v3/customers/1007315862", authorization=f"Bearer {token}")
    assert (answer.status_code, answer.json()["code"]) == (401, "4116")


def test_a_token_ends_by_the_servers_clock(start: Callable[..., Sandbox]) -> None:
    sandbox = start()
    token = f"Bearer {sandbox.sign_in()}"
    sandbox.advance(seconds=86_300)
    assert sandbox.get("/v3/customers/1007315862", Authorization=token).status_code == 200
    sandbox.advance(seconds=100)
    answer = sandbox.get("/v3/customers/1007315862", Authorization=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "4116")
    sandbox.sign_in()
    assert sandbox.get("/v3/customers/1007315862").status_code == 200


def test_ping_needs_the_key_only(sandbox: Sandbox) -> None:
    answer = sandbox.http.get("/ping", headers={"X-Api-Key": "practice"})
    assert (answer.status_code, answer.text) == (200, "pong")
    assert sandbox.http.get("/ping").json()["code"] == "4115"


def test_signed_ping_needs_the_token_too(sandbox: Sandbox) -> None:
    assert sandbox.get("/partnerservice/ping").text == "pong"
    answer = sandbox.get("/partnerservice/ping", authorization=None)
    assert (answer.status_code, answer.json()["code"]) == (403, "4117")
    answer = sandbox.get("/partnerservice/ping", authorization="Bearer wrong")
    assert (answer.status_code, answer.json()["code"]) == (401, "4116")


def test_every_answer_carries_the_real_date(sandbox: Sandbox) -> None:
    assert sandbox.http.get("/ping").headers["date"].endswith("GMT")
    assert sandbox.get("/v3/customers/1007315862").headers["date"].endswith("GMT")


def test_an_unknown_path_is_answered_in_the_gateways_form(sandbox: Sandbox) -> None:
    for path in ("/v3/orders", "/v3/customers/1007315862/orders/", "/v3/customers/"):
        answer = sandbox.get(path)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "404000")
