"""Sign-in by client credentials (reference, section 2): one token per key, renewed early."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic, time
from typing import Final

import aiohttp
import httpx
from pydantic import SecretStr

from flows.marketplace.errors import (
    RUN_STOPPED,
    ClockApart,
    NotReachable,
    SignInRefused,
    error_parts,
)
from schemas.orders import MarketplaceStop

TOKEN_PATH: Final = "/ims/token/v3"  # noqa: S105
SCOPE: Final = "openid,AdobeID,read_organizations"
RENEW_BEFORE_END: Final = 300.0
RENEW_AFTER_REFUSAL: Final = 60.0
CLOCKS_MAY_DIFFER: Final = 600.0
_TRIES: Final = 4


class SignIn:
    """Keeps one token; several tasks share it and only one exchange goes on at a time.

    The secret and the token never leave this object but in requests to the vendor.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        client_id: str,
        secret: SecretStr,
        patience: float,
        call_seconds: float,
    ) -> None:
        """`call_seconds`: how long one exchange may take in all."""
        self._client = client
        self._url = url + TOKEN_PATH
        self._client_id = client_id
        self._secret = secret
        self._patience = patience
        self._call_seconds = call_seconds
        self._token: SecretStr | None = None
        self._ends = 0.0
        self._renewed_at = -RENEW_AFTER_REFUSAL
        self._lock = asyncio.Lock()

    async def token(self, when_refused: str = RUN_STOPPED) -> str:
        """A token good for the next minutes. Raises MarketplaceStop.

        `when_refused` ends its sentence: what that means for the orders.
        """
        # While one renews it the old one will do: if all waited, they would go in a bunch then, and
        # not at their moments.
        is_renewed = self._lock.locked() and self._lasts(RENEW_BEFORE_END / 2)
        if not (is_renewed or self._lasts(RENEW_BEFORE_END)):
            async with self._lock:
                if not self._lasts(RENEW_BEFORE_END):  # else another has renewed it meanwhile
                    await self._renew(when_refused)
        assert self._token is not None  # noqa: S101  # renewed, or an error was raised
        return self._token.get_secret_value()

    def _lasts(self, seconds: float) -> bool:
        return self._token is not None and monotonic() <= self._ends - seconds

    async def refused(self, token: str) -> bool:
        """The vendor refused `token`: drop it. False when one was dropped within the minute."""
        async with self._lock:
            if self._token is None or self._token.get_secret_value() != token:
                return True  # somebody renewed it meanwhile
            if monotonic() - self._renewed_at < RENEW_AFTER_REFUSAL:
                return False
            self._renewed_at = monotonic()
            self._token = None
            return True

    async def _renew(self, when_refused: str) -> None:
        try:
            await self._exchange()
        except MarketplaceStop as stop:
            raise type(stop)(f"{stop} {when_refused}") from None

    async def _exchange(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret.get_secret_value(),
            "scope": SCOPE,
        }
        answer = await self._post(form)
        if answer.status_code != 200:
            code, _, _, _ = error_parts(answer.status_code, answer.content)
            raise SignInRefused(
                f"The marketplace's sign-in refused our credentials ({code}); check "
                "ORDERDROP_CLIENT_ID and ORDERDROP_CLIENT_SECRET."
            )
        _check_clock(answer.headers.get("date"))
        try:
            body = answer.json()
            self._token = SecretStr(str(body["access_token"]))
            self._ends = monotonic() + float(body["expires_in"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise NotReachable(
                "What answers at the sign-in address is not the marketplace's sign-in; check "
                "ORDERDROP_SIGN_IN_URL."
            ) from None

    async def _post(self, form: dict[str, str]) -> httpx.Response:
        """The exchange changes nothing and is repeated freely on silence and 5xx."""
        wait = 0.5
        for last in range(_TRIES):
            try:
                # A body in chunks that goes wrong would be waited for without end.
                async with asyncio.timeout(self._call_seconds):
                    answer = await self._client.post(
                        self._url, data=form, headers={"Accept": "application/json"}
                    )
            except (httpx.HTTPError, aiohttp.ClientError, TimeoutError):
                answer = None
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                return answer
            if last < _TRIES - 1:
                await asyncio.sleep(wait * self._patience)
                wait *= 2
        host = httpx.URL(self._url).host
        raise NotReachable(
            f"The marketplace's sign-in at {host} cannot be reached; check the internet "
            "connection and the address in the settings."
        )


def _check_clock(date: str | None) -> None:
    """More than ten minutes apart stops the run: every rule on time would be wrong."""
    if not date:
        return
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return
    apart = time() - theirs
    if abs(apart) > CLOCKS_MAY_DIFFER:
        shown = datetime.fromtimestamp(theirs, UTC).strftime("%Y-%m-%d %H:%M UTC")
        raise ClockApart(
            f"This computer's clock and the marketplace's ({shown}) are {abs(apart) / 60:.0f} "
            "minutes apart; set the clock right and start again."
        )
