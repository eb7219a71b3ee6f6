"""Who may use what is not the API: programs and pages of this computer (section 4.5).

A browser sends along whatever any page asks it to, so being on this computer is not enough:
the page that asks must be one of ours.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

_OWN_SITES = ("none", "same-origin")
"""What browsers say of an address typed in, and of what our own pages send."""

_OWN_SCHEMES = ("http", "https")


def is_on_this_computer(request: Request) -> bool:
    """Whether the caller's address, and the name it called us by, are loopback."""
    caller = request.client.host if request.client else ""
    return _is_loopback(caller) and _is_loopback(_host_name(request))


def is_asked_from_elsewhere(request: Request, *, may_be_linked: bool = False) -> bool:
    """Whether a browser says that another page than ours sent this.

    `may_be_linked`: other pages may have links to it, which lead a person here and show the
    other page nothing.
    """
    site = request.headers.get("sec-fetch-site", _OWN_SITES[0])
    if site not in _OWN_SITES and not (may_be_linked and _is_followed_link(request)):
        return True
    origin = request.headers.get("origin")
    if origin is None:
        return False
    asked_from = urlsplit(origin)
    return (
        asked_from.scheme not in _OWN_SCHEMES
        or asked_from.netloc.lower() != request.headers.get("host", "").lower()
    )


def _is_followed_link(request: Request) -> bool:
    """Whether this fills a whole tab of the browser, and is no form that was sent."""
    headers = request.headers
    return (
        request.method == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest", "document") == "document"
    )


def _host_name(request: Request) -> str:
    return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
