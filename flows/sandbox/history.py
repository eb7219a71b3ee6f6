"""The order history: filters, defaults, paging and links (reference, section 13.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flows.sandbox.answers import answer_of
from flows.sandbox.book import Book
from flows.sandbox.calls import Call
from flows.sandbox.catalog import Catalog
from flows.sandbox.clock import Clock, one_year_before
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.order_answers import order_answer
from flows.sandbox.queries import (
    Query,
    midnight,
    moment,
    natural,
    page_links,
    positive,
    true_or_false,
)
from flows.sandbox.recommending import recommendations
from flows.sandbox.records import Answer, Customer, Order
from flows.sandbox.wire_answers import OrderHistoryAnswer
from schemas.code_tables import status_codes

DEFAULT_LIMIT = 25
LARGEST_LIMIT = 100
PLACED_TYPES = frozenset({"NEW", "RETURN", "RENEWAL", "SWITCH", "REVERT_SWITCH", "TRANSFER"})


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
    partial_returns: bool

    def page(self, call: Call, customer_id: str) -> Answer:
        """One page, newest first; 1116, 1132 and 1133 as refusals."""
        customer = self.book.customers.get(customer_id)
        if customer is None:
            raise ServiceRefusal("1116")
        search = _read_search(call, customer, self.clock.now())
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
                    order_answer(
                        self.book,
                        self.catalog,
                        order,
                        priced=search.priced,
                        with_remaining=self.partial_returns,
                    )
                    for order in page
                ],
                links=page_links(call, limit=search.limit, offset=search.offset, total=len(found)),
                recommendations=recommendations(self.catalog, call),
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


def _read_search(call: Call, customer: Customer, now: datetime) -> Search:
    """The search of a query; every value that is not valid is named with 1132."""
    query = Query(call)
    search = Search(
        order_types=query.values("order-type", PLACED_TYPES),
        statuses=query.values("status", order_statuses()),
        offer_ids=query.values("offer-id"),
        reference_order_ids=query.values("reference-order-id"),
        reseller_ids=query.values("reseller-id"),
        subscription_ids=query.values("subscription-id"),
        start=query.value("start-date", moment, _start_of_term(customer)),
        end=query.value("end-date", moment, now),
        limit=min(query.value("limit", positive, DEFAULT_LIMIT), LARGEST_LIMIT),
        offset=query.value("offset", natural, 0),
        priced=query.value("fetch-price", true_or_false, default=False),
    )
    query.check()
    return search


def order_statuses() -> frozenset[str]:
    """Every status an order can have."""
    return frozenset(code for resource, code in status_codes() if resource == "Order")


def _start_of_term(customer: Customer) -> datetime:
    """The last anniversary; before the first order, the customer's own beginning."""
    if customer.coterm_date is None:
        return customer.created_at
    return midnight(one_year_before(customer.coterm_date))
