"""The codes of sign-in, gateway and looking things up (sections 2, 4, 5, 7, 8.3 and 17)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from tests.sandbox.error_codes.reaching import Attempt, Reached, order

if TYPE_CHECKING:
    import httpx

    from tests.sandbox.conftest import Sandbox

CUSTOMER = "/v3/customers/1007315862"
ERROR_DETAILS = ("recommendations", "errorDetails")


def _signed_in_with(**changed: str) -> Attempt:
    form = {
        "grant_type": "client_credentials",
        "client_id": "practice",
        "client_secret": "practice-secret",
        "scope": "openid,AdobeID,read_organizations",
    }
    return lambda sandbox: sandbox.http.post("/ims/token/v3", data=form | changed)


def _asked(**headers: Any) -> Attempt:
    return lambda sandbox: sandbox.get(CUSTOMER, **headers)


def _hit_by(fault: str) -> Attempt:
    """An order that meets a fault on demand."""

    def attempt(sandbox: Sandbox) -> httpx.Response:
        sandbox.control("PUT", "faults", {"spec": f"{fault}@1"})
        return sandbox.order(sandbox.customer(), order())

    return attempt


def _request_id_used_twice(sandbox: Sandbox) -> httpx.Response:
    request_id = str(uuid.uuid4())
    assert sandbox.get(CUSTOMER, x_request_id=request_id).status_code == 200
    return sandbox.get(CUSTOMER, x_request_id=request_id)


def _ordered_by_a_reader(sandbox: Sandbox) -> httpx.Response:
    reader = {"clientId": "reader", "clientSecret": "reader-secret", "readsOnly": True}
    sandbox.control("POST", "seed-client", reader)
    return sandbox.order(sandbox.customer(), order(), key="reader")


def _previewed(query: str) -> Attempt:
    return lambda sandbox: sandbox.order(
        sandbox.customer(), order(order_type="PREVIEW"), f"?fetch-recommendations=true&{query}"
    )


OTHER_CALLS = [
    Reached("1116", 404, None, lambda s: s.get("/v3/customers/nobody")),
    Reached("1124", 500, None, _hit_by("unexecuted-500-1124")),
    Reached("1124", 500, None, _hit_by("executed-500-1124")),
    Reached(
        "1178",
        400,
        ["country"],
        lambda s: s.get("/v3/flex-discounts?market-segment=COM&country=FR"),
    ),
    Reached("4115", 403, None, _asked(x_api_key="unknown")),
    Reached("4116", 401, None, _asked(authorization="Bearer wrong")),
    Reached("4117", 403, None, _asked(authorization=None)),
    Reached("4118", 429, None, _hit_by("429")),
    Reached("4119", 400, None, _asked(x_correlation_id=None)),
    Reached("4120", 400, None, _request_id_used_twice),
    Reached("4121", 403, None, _ordered_by_a_reader),
    Reached(
        "5136",
        200,
        ["recommendation-country"],
        _previewed("recommendation-country=FR&recommendation-language=MULT"),
        inside=ERROR_DETAILS,
    ),
    Reached(
        "5137",
        200,
        ["recommendation-language"],
        _previewed("recommendation-country=US&recommendation-language=DE"),
        inside=ERROR_DETAILS,
    ),
    Reached("401013", 401, None, _hit_by("401")),
    Reached("403000", 403, None, _hit_by("403-key-missing")),
    Reached("403003", 403, None, _hit_by("403-key-unknown")),
    Reached("429050", 429, None, _hit_by("429-gateway")),
    Reached("504001", 504, None, _hit_by("unexecuted-504")),
    Reached("HTTP/500", 500, None, _hit_by("unexecuted-500")),
    Reached("HTTP/502", 502, None, _hit_by("502")),
    Reached("HTTP/503", 503, None, _hit_by("503")),
    Reached("HTTP/504", 504, None, _hit_by("504")),
    Reached("invalid_client", 400, None, _signed_in_with(client_secret="wrong")),
    Reached("invalid_scope", 400, None, _signed_in_with(scope="openid")),
    Reached("invalid_request", 400, None, _signed_in_with(client_secret="")),
    Reached("unsupported_grant_type", 400, None, _signed_in_with(grant_type="password")),
]
