"""Everything the server says no with (reference, section 5).

Refusal          an answer that is no success; raised anywhere, turned into HTTP in one place
├── ServiceRefusal   `{"code", "message", "additionalDetails"}`
├── GatewayRefusal   `{"error_code", "message"}`
└── SignInRefusal    `{"error", "error_description"}`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flows.sandbox.json_text import JsonValue
from schemas.code_tables import error_codes

_PUBLISHED_MESSAGES = {
    "1117": "Some fields are not valid",
    "1124": "Internal error, try again later",
    "2129": "Customer may not buy this offer",
    "4115": "API key not accepted",
    "4118": "Too many requests",
}


class Refusal(Exception):  # a refusal is an answer of the vendor's, not a fault of ours
    """An answer that is no success: HTTP status, JSON body and extra headers."""

    def __init__(
        self, status: int, body: dict[str, JsonValue], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


class ServiceRefusal(Refusal):
    """A refusal with one of the codes of `error-codes.csv`, which also gives the HTTP status."""

    def __init__(
        self,
        code: str,
        details: Iterable[str] = (),
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code
        row = error_codes()[code]
        body: dict[str, JsonValue] = {
            "code": code,
            "message": _PUBLISHED_MESSAGES.get(code, row.meaning),
        }
        listed: list[JsonValue] = list(details)
        if listed:
            body["additionalDetails"] = listed
        super().__init__(status or row.http_statuses[0], body, headers)


class GatewayRefusal(Refusal):
    """A refusal by the gateway in front of the service: six digits, status plus three."""

    def __init__(self, error_code: str, message: str) -> None:
        super().__init__(int(error_code[:3]), {"error_code": error_code, "message": message})


class SignInRefusal(Refusal):
    """A refusal of the token exchange."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(400, {"error": error, "error_description": description})


def line_reason(line_number: int, reason: str) -> str:
    """One entry of additionalDetails for a line (reference, section 5)."""
    return f"Line Item: {line_number}, Reason: {reason}"
