"""The order history: filters, defaults, paging and links (reference, section 13.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TypeVar
from urllib.parse import urlencode

from flows.sandbox.answers import answer_of
from flows.sandbox.book import Book
from flows.sandbox.calls import Call
from flows.sandbox.catalog import Catalog
from flows.sandbox.clock import Clock, one_year_before
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.order_answers import order_answer
from flows.sandbox.records import Answer, Customer, Order
from flows.sandbox.wire import Link, Links, OrderHistoryAnswer
from schemas.code_tables import status_codes

DEFAULT_LIMIT = 25
LARGEST_LIMIT = 100
PLACED_TYPES = frozenset({"NEW", "RETURN", "RENEWAL", "SWITCH", "REVERT_SWITCH", "TRANSFER"})

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z")

Parameters = list[tuple[str, str]]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; an empty set of values filters nothing."""

    order_types: frozenset[str]
    statuses: frozenset[str]
    offer_ids: frozenset[str]
    reference_order_ids: frozenset[str]
    reseller_ids: frozenset[str]
    subscription_ids: frozenset[str]
    start: datetime
    end: datetime
    limit: int
    offset: int
    priced: bool


@dataclass(frozen=True, slots=True)
class HistoryDesk:
    """Where order histories are asked for."""

    book: Book
    catalog: Catalog
    clock: Clock

    def page(self, call: Call, customer_id: str) -> Answer:
        """One page, newest first; 1116, 1132 and 1133 as refusals."""
        customer = self.book.customers.get(customer_id)
        if customer is None:
            raise ServiceRefusal("1116")
        search = _read_search(call.parameters, customer, self.clock.now())
        found = self._found(search, customer)
        if search.offset > len(found):
            raise ServiceRefusal("1133", ["offset"])
        page = found[search.offset : search.offset + search.limit]
        return answer_of(
            200,
            OrderHistoryAnswer(
                total_count=len(found),
                count=len(page),
                offset=search.offset,
                limit=search.limit,
                items=[
                    order_answer(self.book, self.catalog, order, priced=search.priced)
                    for order in page
                ],
                links=_links(call, search, len(found)),
            ),
        )

    def _found(self, search: Search, customer: Customer) -> list[Order]:
        if search.reseller_ids and customer.reseller_id not in search.reseller_ids:
            return []
        orders: Iterable[Order] = self.book.orders_between(
            customer.customer_id, search.start, search.end
        )
        if search.order_types:
            orders = (o for o in orders if o.order_type in search.order_types)
        if search.statuses:
            orders = (o for o in orders if o.status in search.statuses)
        if search.reference_order_ids:
            orders = (o for o in orders if o.reference_order_id in search.reference_order_ids)
        if search.offer_ids:
            orders = (o for o in orders if _any_line(o, "offer_id", search.offer_ids))
        if search.subscription_ids:
            orders = (o for o in orders if _any_line(o, "subscription_id", search.subscription_ids))
        return list(orders)


def _any_line(order: Order, field: str, wanted: frozenset[str]) -> bool:
    return any(getattr(item, field) in wanted for item in order.line_items)


class _Query:
    """Reads values out of a query and remembers the names of those that are not valid."""

    def __init__(self, parameters: Parameters) -> None:
        self.refused: list[str] = []
        self._parameters = parameters

    def values(self, name: str, allowed: frozenset[str] | None = None) -> frozenset[str]:
        """All values of a repeatable parameter."""
        given = frozenset(value for key, value in self._parameters if key == name)
        if "" in given or (allowed is not None and not given <= allowed):
            self.refused.append(name)
        return given

    def value(self, name: str, read: Callable[[str], Value], default: Value) -> Value:
        """The last value of a parameter, read; `default` when it is not given."""
        given = [value for key, value in self._parameters if key == name]
        try:
            return read(given[-1]) if given else default
        except ValueError:
            self.refused.append(name)
            return default


def _read_search(parameters: Parameters, customer: Customer, now: datetime) -> Search:
    """The search of a query; every value that is not valid is named with 1132."""
    query = _Query(parameters)
    search = Search(
        order_types=query.values("order-type", PLACED_TYPES),
        statuses=query.values("status", _order_statuses()),
        offer_ids=query.values("offer-id"),
        reference_order_ids=query.values("reference-order-id"),
        reseller_ids=query.values("reseller-id"),
        subscription_ids=query.values("subscription-id"),
        start=query.value("start-date", _moment, _start_of_term(customer)),
        end=query.value("end-date", _moment, now),
        limit=min(query.value("limit", _positive, DEFAULT_LIMIT), LARGEST_LIMIT),
        offset=query.value("offset", _natural, 0),
        priced=query.value("fetch-price", _true_or_false, default=False),
    )
    if query.refused:
        raise ServiceRefusal("1132", query.refused)
    return search


def _order_statuses() -> frozenset[str]:
    return frozenset(code for resource, code in status_codes() if resource == "Order")


def _start_of_term(customer: Customer) -> datetime:
    """The last anniversary; before the first order, the customer's own beginning."""
    if customer.coterm_date is None:
        return customer.created_at
    return _midnight(one_year_before(customer.coterm_date))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _moment(text: str) -> datetime:
    """A date (its midnight, UTC) or a date and time in Z."""
    if _DATE.fullmatch(text):
        return _midnight(date.fromisoformat(text))
    if _MOMENT.fullmatch(text):
        return datetime.fromisoformat(text)
    raise ValueError(text)


def _natural(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text)


def _positive(text: str) -> int:
    number = _natural(text)
    if number < 1:
        raise ValueError(text)
    return number


def _true_or_false(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(text)
    return text == "true"


def _links(call: Call, search: Search, total: int) -> Links:
    """Self, next and prev: path and query, encoded once (C40)."""
    after = search.offset + search.limit
    before = max(search.offset - search.limit, 0)
    return Links(
        self_=_link(call.path, call.parameters),
        next=_page_link(call, search, after) if after < total else None,
        prev=_page_link(call, search, before) if search.offset else None,
    )


def _page_link(call: Call, search: Search, offset: int) -> Link:
    others = [(k, v) for k, v in call.parameters if k not in {"limit", "offset"}]
    return _link(call.path, [*others, ("limit", str(search.limit)), ("offset", str(offset))])


def _link(path: str, parameters: Parameters) -> Link:
    query = urlencode(parameters, safe=":")
    return Link(uri=f"{path}?{query}" if query else path)
