"""What can go wrong with the marketplace, sorted by what the caller should do.

    MarketplaceStop (schemas.orders)     stop: a person must act before any call can succeed
      SignInRefused                      credentials are wrong
      AccessRefused                      the API key or the account's rights
      NotReachable                       no connection, or no answer that is the vendor's
      ClockApart                         this machine's clock is wrong
    CallFailed (schemas.orders)          one reading call failed; carries its Reply
      CallRefused                        do not repeat: the service said no
      TryLater                           repeat: throttled, a 5xx, silence

Orders do not raise: `Marketplace.place` gives a Reply and the intent's life decides.
"""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from math import isnan
from typing import Any, Final

from schemas.orders import CallFailed, MarketplaceStop, Reply
from schemas.wire import storable

UNREACHABLE: Final = "NET/NOT_SENT"
SILENT: Final = "NET/NO_ANSWER"
UNREADABLE: Final = "NET/BAD_ANSWER"
TOO_LATE: Final = "NET/TOO_LATE"

NOTHING_ORDERED: Final = "Nothing was ordered."
RUN_STOPPED: Final = "The run has stopped; what was ordered until then stands in the answers."
"""How a stop's sentence ends before the first order, and in the middle of a run."""


class SignInRefused(MarketplaceStop):
    """The sign-in service does not accept client id and secret."""


class AccessRefused(MarketplaceStop):
    """The API key or the token is not accepted."""


class NotReachable(MarketplaceStop):
    """The marketplace cannot be reached at all."""


class ClockApart(MarketplaceStop):
    """This machine's clock and the vendor's are more than ten minutes apart."""


class CallRefused(CallFailed):
    """The service refused a reading call for good."""


class TryLater(CallFailed):
    """A reading call may succeed later."""


def error_parts(status: int, body: bytes) -> tuple[str, str, tuple[str, ...], bool]:
    """Code, message, details and "spoken by the service" of an error body.

    Four forms reach a client (reference, section 5): the service's, the gateway's, the
    sign-in's, and anything a proxy may say, which becomes `HTTP/<status>`.
    """
    try:
        parsed: Any = json.loads(body)
        if isinstance(parsed, dict):
            return _said(status, parsed)
    except (ValueError, RecursionError):
        pass  # no JSON, or nested deeper than anything that the vendor says
    return f"HTTP/{status}", "", (), False


def _said(status: int, parsed: dict[str, Any]) -> tuple[str, str, tuple[str, ...], bool]:
    details = parsed.get("additionalDetails") or parsed.get("invalidFields") or ()
    if not isinstance(details, list | tuple):
        details = (details,)
    code = parsed.get("code") or parsed.get("error_code") or parsed.get("error")
    message = parsed.get("message") or parsed.get("error_description") or ""
    return (
        storable(str(code)) if code else f"HTTP/{status}",
        storable(str(message)),
        tuple(storable(str(detail)) for detail in details),
        bool(parsed.get("code")),
    )


LONGEST_WAIT: Final = 60.0
"""Seconds that a Retry-After is heeded at most, as long as the longest wait of our own."""


def seconds_to_wait(retry_after: str | None, now: float) -> float | None:
    """A Retry-After header in seconds from `now` (a UTC timestamp), in either of its forms.

    Between 0 and LONGEST_WAIT; None when there is none or it says nothing.
    """
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - now
        except (TypeError, ValueError, OverflowError):
            return None
    return None if isnan(seconds) else min(max(0.0, seconds), LONGEST_WAIT)


_STOPS: Final = frozenset({"4115", "403000", "403003"})


def raise_for(reply: Reply) -> None:
    """Raise what a failed reading call means; nothing when the reply is a success."""
    if not reply.code:
        return
    if reply.code in _STOPS:
        raise AccessRefused(
            "The marketplace does not accept the API key "
            f"({reply.code}); check ORDERDROP_CLIENT_ID."
        )
    if reply.http_status is None or reply.http_status == 429 or reply.http_status >= 500:
        raise TryLater(f"The marketplace did not answer usably ({reply.code}).", reply)
    if reply.http_status == 200:
        raise TryLater("The marketplace's answer cannot be read.", reply)
    raise CallRefused(f"The marketplace refused a question ({reply.code}): {reply.message}", reply)
