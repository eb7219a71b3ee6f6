"""Signing in: keys, secrets and tokens (reference, section 2)."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qsl

from starlette.requests import Request

from flows.sandbox.book import Book
from flows.sandbox.clock import Clock
from flows.sandbox.errors import ServiceRefusal, SignInRefusal
from flows.sandbox.records import Token
from flows.sandbox.wire_answers import TokenAnswer

TOKEN_SECONDS = 86399
_FORM = "application/x-www-form-urlencoded"
_FIELDS = ("grant_type", "client_id", "client_secret", "scope")
_SCOPES = frozenset({"openid", "AdobeID", "read_organizations"})


class SignIn:
    """Gives out tokens and tells whether one is good, by the server's clock."""

    def __init__(self, book: Book, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    def exchange(self, content_type: str, body: bytes) -> TokenAnswer:
        """A new token for a client's key and secret, or a refusal in the sign-in form."""
        if content_type.partition(";")[0].strip().lower() != _FORM:
            raise SignInRefusal("invalid_request", f"The body must be {_FORM}")
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        missing = [name for name in _FIELDS if not form.get(name)]
        if missing:
            raise SignInRefusal("invalid_request", f"Missing: {', '.join(missing)}")
        if form["grant_type"] != "client_credentials":
            raise SignInRefusal("unsupported_grant_type", "Only client_credentials is supported")
        self._check_client(form["client_id"], form["client_secret"])
        if set(form["scope"].split(",")) != _SCOPES:
            raise SignInRefusal("invalid_scope", "The scopes are not those of this client")
        return self._issue(form["client_id"])

    def check_key(self, api_key: str | None) -> str:
        """The key, or 403 with 4115."""
        if api_key is None or api_key not in self._book.clients:
            raise ServiceRefusal("4115")
        return api_key

    def check_token(self, request: Request, api_key: str) -> None:
        """403 with 4117 when there is no token, 401 with 4116 when it is not valid any more."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        value = value.strip()
        if not value or scheme.lower() != "bearer":
            raise ServiceRefusal("4117")
        token = self._book.tokens.get(_digest(value))
        if token is None or token.client_id != api_key or token.expires_at <= self._clock.now():
            raise ServiceRefusal("4116")

    def _check_client(self, client_id: str, client_secret: str) -> None:
        secret = self._book.clients.get(client_id, "")
        if not secret or not hmac.compare_digest(secret.encode(), client_secret.encode()):
            raise SignInRefusal("invalid_client", "Unknown client id or wrong client secret")

    def _issue(self, client_id: str) -> TokenAnswer:
        value = secrets.token_urlsafe(48)
        expires_at = self._clock.now() + timedelta(seconds=TOKEN_SECONDS)
        self._book.put_token(Token(_digest(value), client_id, expires_at))
        return TokenAnswer(access_token=value, expires_in=TOKEN_SECONDS)


def _digest(value: str) -> str:
    return sha256(value.encode()).hexdigest()
