"""The page's paths: what is read from the book for each, and the few buttons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import islice
from operator import attrgetter
from typing import TypeVar, cast, get_args
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from flows.sandbox.book import Book, CallKind, CallSearch
from flows.sandbox.callers import is_asked_from_elsewhere, is_on_this_computer
from flows.sandbox.clock import ClockRangeError
from flows.sandbox.lifecycle import RenewedJustNowError
from flows.sandbox.marketplace import Marketplace
from flows.sandbox.page.call_views import call_page, call_row
from flows.sandbox.page.views import (
    Status,
    clock_words,
    customer_page,
    customer_row,
    order_page,
    order_row,
    shown_moment,
    status_of,
    subscription_row,
)
from flows.sandbox.records import Customer, Order, Subscription

ON_A_PAGE = 50
ON_THE_FIRST_PAGE = 8
"""Orders and calls shown on the overview."""

_SEE_OTHER, _BAD_REQUEST, _FORBIDDEN, _NOT_FOUND, _CONFLICT = 303, 400, 403, 404, 409
_LONGEST_STEP_DAYS = 3660
_LONGEST_NUMBER = 18

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

_STATUS, _ORDER_TYPE = attrgetter("status"), attrgetter("order_type")

Row = TypeVar("Row")
Thing = TypeVar("Thing")


class PageError(Exception):
    """The page cannot show or do what is asked; `status` is the HTTP status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list, and where the pages beside it are; None where there is none."""

    rows: Sequence[object]
    total: int
    first: int
    newer: str | None
    older: str | None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many orders have a status."""

    status: Status
    count: int


_TEMPLATES = Environment(
    loader=PackageLoader("flows.sandbox.page"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _ours_only(request: Request) -> None:
    from_elsewhere = is_asked_from_elsewhere(request, may_be_linked=True)
    if from_elsewhere or not is_on_this_computer(request):
        raise PageError(_FORBIDDEN, "This page is for this computer only.")


async def page_failed(_request: Request, error: Exception) -> Response:
    """A `PageError` as a page that says so."""
    status = error.status if isinstance(error, PageError) else 500
    text = _TEMPLATES.get_template("sorry.html").render(sentence=str(error), active="")
    return HTMLResponse(text, status, headers=_HEADERS)


def page_routes(marketplace: Marketplace) -> APIRouter:
    """Everything at the root that is no call of the API."""
    router = APIRouter(dependencies=[Depends(_ours_only)], include_in_schema=False)
    router.include_router(_overview(marketplace))
    router.include_router(_lists(marketplace))
    router.include_router(_details(marketplace))
    router.include_router(_journal(marketplace))
    router.include_router(_clock(marketplace))
    return router


def _overview(marketplace: Marketplace) -> APIRouter:
    router = APIRouter()
    book = marketplace.book

    @router.get("/page.css")
    async def style() -> Response:
        text = files("flows.sandbox.page").joinpath("page.css").read_text(encoding="utf-8")
        return Response(text, media_type="text/css", headers=_HEADERS)

    @router.get("/")
    async def overview(request: Request) -> Response:
        statuses = Counter(map(_STATUS, book.orders.values()))
        calls = await book.latest_calls(CallSearch(), ON_THE_FIRST_PAGE)
        return _page(
            "overview",
            address=str(request.base_url).rstrip("/"),
            clients=sorted(book.clients),
            customers=len(book.customers),
            subscriptions=sum(1 for _ in book.all_subscriptions()),
            counted=[Counted(status_of("Order", s), n) for s, n in sorted(statuses.items())],
            orders=[order_row(marketplace, order) for order in _newest(book, ON_THE_FIRST_PAGE)],
            calls=[call_row(entry) for entry in calls],
            now=shown_moment(marketplace.clock.now()),
            clock=clock_words(marketplace.clock.offset),
            faults=marketplace.gateway.faults.plan.spec,
            live="live" in request.query_params,
        )

    return router


def _lists(marketplace: Marketplace) -> APIRouter:
    router = APIRouter()
    book = marketplace.book

    @router.get("/orders")
    async def orders(
        request: Request, customer: str = "", status: str = "", kind: str = "", q: str = ""
    ) -> Response:
        def fits(order: Order) -> bool:
            reference = (order.external_reference_id or "").casefold()
            return (
                (not customer or order.customer_id == customer)
                and (not status or order.status == status)
                and (not kind or order.order_type == kind)
                and (not q or q.casefold() in reference or q in order.order_id)
            )

        newest_first = reversed(book.orders.values())
        is_filtered = any((customer, status, kind, q))
        found = filter(fits, newest_first) if is_filtered else newest_first
        return _page(
            "orders",
            listing=_listing(request, found, lambda order: order_row(marketplace, order)),
            customer=customer,
            status=status,
            kind=kind,
            q=q,
            statuses=_known(map(_STATUS, book.orders.values())),
            kinds=_known(map(_ORDER_TYPE, book.orders.values())),
        )

    @router.get("/customers")
    async def customers(request: Request, q: str = "") -> Response:
        def fits(customer: Customer) -> bool:
            return q.casefold() in customer.company_name.casefold() or q in customer.customer_id

        found = filter(fits, book.customers.values())
        return _page(
            "customers",
            listing=_listing(request, found, lambda one: customer_row(marketplace, one)),
            q=q,
        )

    @router.get("/subscriptions")
    async def subscriptions(request: Request, status: str = "", q: str = "") -> Response:
        def fits(subscription: Subscription) -> bool:
            named = f"{subscription.subscription_id} {subscription.customer_id}"
            company = book.customers[subscription.customer_id].company_name
            return (not status or subscription.status == status) and (
                not q or q in named or q.casefold() in company.casefold()
            )

        found = filter(fits, book.all_subscriptions())
        return _page(
            "subscriptions",
            listing=_listing(request, found, lambda one: subscription_row(marketplace, one)),
            status=status,
            q=q,
            statuses=_known(one.status for one in book.all_subscriptions()),
        )

    return router


def _details(marketplace: Marketplace) -> APIRouter:
    router = APIRouter()
    book = marketplace.book

    @router.get("/orders/{order_id}")
    async def order(order_id: str) -> Response:
        found = book.orders.get(order_id)
        if found is None:
            raise PageError(_NOT_FOUND, f"There is no order {order_id} in this marketplace.")
        calls = await book.calls_about(found, ON_A_PAGE)
        return _page(
            "order",
            order=order_page(marketplace, found),
            calls=[call_row(entry) for entry in calls],
        )

    @router.get("/customers/{customer_id}")
    async def customer(customer_id: str) -> Response:
        found = book.customers.get(customer_id)
        if found is None:
            raise PageError(_NOT_FOUND, f"There is no customer {customer_id} in this marketplace.")
        return _page("customer", customer=customer_page(marketplace, found, ON_A_PAGE))

    return router


def _journal(marketplace: Marketplace) -> APIRouter:
    router = APIRouter()
    book = marketplace.book

    @router.get("/journal")
    async def journal(request: Request, before: str = "", kind: str = "all") -> Response:
        asked = cast("CallKind", kind if kind in get_args(CallKind) else "all")
        search = CallSearch(_number(before), asked)
        calls = await book.latest_calls(search, ON_A_PAGE + 1)
        has_older = len(calls) > ON_A_PAGE
        shown = calls[:ON_A_PAGE]
        return _page(
            "journal",
            calls=[call_row(entry) for entry in shown],
            kind=asked,
            before=search.before,
            older=shown[-1].number if has_older else None,
            live="live" in request.query_params and search.before is None,
        )

    @router.get("/journal/{number}")
    async def one_call(number: str) -> Response:
        asked = _number(number)
        found = await book.call(asked) if asked is not None else None
        if found is None:
            raise PageError(_NOT_FOUND, f"There is no call {number} in the journal.")
        return _page("call", call=call_page(found))

    return router


def _clock(marketplace: Marketplace) -> APIRouter:
    router = APIRouter()
    clock, lifecycle = marketplace.clock, marketplace.lifecycle

    @router.get("/clock")
    async def show_clock(done: str = "") -> Response:
        due = marketplace.book.next_renewal()
        return _page(
            "clock",
            now=shown_moment(clock.now()),
            clock=clock_words(clock.offset),
            open_orders=len(marketplace.book.open_orders),
            next_renewal=due[0].isoformat() if due else "",
            done=_DONE.get(done, ""),
        )

    @router.post("/clock/move")
    async def move(request: Request) -> Response:
        form = await _form(request)
        try:
            if form.get("back"):
                clock.offset = timedelta(0)
            elif form.get("to"):
                clock.set_to(_moment(form["to"]))
            else:
                clock.advance(timedelta(days=_days(form.get("days", ""))).total_seconds())
        except ClockRangeError as error:
            raise PageError(_BAD_REQUEST, str(error)) from None
        await marketplace.clock_was_moved()
        return _done("moved")

    @router.post("/clock/finish")
    async def finish() -> Response:
        lifecycle.finish_all()
        await marketplace.book.commit()
        return _done("finished")

    @router.post("/clock/renew")
    async def renew() -> Response:
        try:
            lifecycle.renew_by_hand()
        except RenewedJustNowError:
            raise PageError(
                _CONFLICT, "The renewal job ran less than two minutes ago. Wait a little."
            ) from None
        await marketplace.book.commit()
        return _done("renewed")

    return router


_DONE = {
    "moved": "The clock was moved.",
    "finished": "Every open order was carried out.",
    "renewed": "The renewal job has run.",
}


def _newest(book: Book, most: int) -> Iterable[Order]:
    """The orders that were entered last, the newest first."""
    return islice(reversed(book.orders.values()), most)


def _page(name: str, **shown: object) -> Response:
    text = _TEMPLATES.get_template(f"{name}.html").render(active=name, **shown)
    return HTMLResponse(text, headers=_HEADERS)


def _done(what: str) -> Response:
    """To the clock again, so that reloading does not do it twice."""
    return RedirectResponse(f"/clock?done={what}", _SEE_OTHER, headers=_HEADERS)


def _listing(request: Request, found: Iterable[Thing], row: Callable[[Thing], Row]) -> Listing:
    """The asked page of what was found."""
    things = list(found)
    asked = request.query_params.get("page", "")
    last = max((len(things) - 1) // ON_A_PAGE, 0)
    page = min(_number(asked) or 0, last)
    first = page * ON_A_PAGE
    return Listing(
        rows=[row(thing) for thing in things[first : first + ON_A_PAGE]],
        total=len(things),
        first=first,
        newer=_beside(request, page - 1) if page else None,
        older=_beside(request, page + 1) if page < last else None,
    )


def _beside(request: Request, page: int) -> str:
    kept = [(name, value) for name, value in request.query_params.items() if name != "page"]
    return "?" + urlencode([*kept, ("page", str(page))])


def _number(text: str) -> int | None:
    """A whole number out of an address; None for what is none, or longer than any here."""
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else None


def _known(values: Iterable[str]) -> list[str]:
    return sorted(set(values))


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise PageError(_BAD_REQUEST, f"{text!r} is no date and time.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = float("nan")
    if not abs(days) <= _LONGEST_STEP_DAYS:
        sentence = f"The clock moves by up to {_LONGEST_STEP_DAYS} days at a time."
        raise PageError(_BAD_REQUEST, sentence)
    return days
