"""The marketplace's book: customers, subscriptions, orders, sign-ins, stored answers.

What is in memory is authoritative while the server runs; every change is noted for the file
as it is made, and what `commit()` returns is done when all of it is on disk. A change and the
answer that tells of it go to disk together.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from operator import attrgetter
from typing import Literal

from pydantic import TypeAdapter

from flows.sandbox.clock import Clock
from flows.sandbox.records import (
    LAPSED_SUBSCRIPTION,
    OPEN,
    Answer,
    CallKey,
    Customer,
    JournalEntry,
    Order,
    Subscription,
    Token,
)
from flows.sandbox.storage import Statement, Storage

ANSWERS_LIVE = timedelta(days=10)
"""How long stored answers and used request ids are remembered (reference, section 4.5)."""

CALLS_LOOKED_THROUGH = 20_000
"""For those that name an order, which are not sorted by it."""

_CUSTOMER = TypeAdapter(Customer)
_SUBSCRIPTION = TypeAdapter(Subscription)
_ORDER = TypeAdapter(Order)
_TOKEN = TypeAdapter(Token)
_CALL = TypeAdapter(JournalEntry)

_JOURNAL_FIELDS = attrgetter(*JournalEntry.__slots__)

HistoryPlace = tuple[datetime, int, str]
"""Where an order stands in its customer's history: creation date, sequence, order id."""

RenewalDue = tuple[date, str]
"""A renewal date and the customer it is for."""

CallKind = Literal["all", "placing", "refused", "faults"]

_CALL_KINDS: dict[CallKind, str] = {
    "all": "1",
    "placing": "order_id IS NOT NULL",
    "refused": "status >= 400",
    "faults": "fault IS NOT NULL",
}


@dataclass(frozen=True, slots=True)
class CallSearch:
    """Which calls are looked for: those before a number, of a kind."""

    before: int | None = None
    kind: CallKind = "all"

    def conditions(self) -> tuple[str, tuple[object, ...]]:
        """An SQL condition of fixed parts, and its values."""
        parts: list[str] = [_CALL_KINDS[self.kind]]
        values: list[object] = []
        if self.before is not None:
            parts.append("number < ?")
            values.append(self.before)
        return " AND ".join(parts), tuple(values)


class Book:
    """Everything the marketplace knows, by id."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self.customers: dict[str, Customer] = {}
        self.orders: dict[str, Order] = {}
        self.clients: dict[str, str] = {}
        self.reading_clients: set[str] = set()
        self.tokens: dict[str, Token] = {}
        self.open_orders: dict[str, Order] = {}
        self.catalog_changes: dict[tuple[str, str], str] = {}
        self.is_fresh = True
        self._subscriptions: defaultdict[str, dict[str, Subscription]] = defaultdict(dict)
        self._history: defaultdict[str, list[HistoryPlace]] = defaultdict(list)
        self._returns: defaultdict[str, set[str]] = defaultdict(set)
        self._open: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._on_order: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._renewals: list[RenewalDue] = []
        self._renewals_known: set[RenewalDue] = set()
        self._answered: dict[CallKey, datetime] = {}
        self._request_ids: dict[tuple[str, str], datetime] = {}
        self._calls = 0
        self._sequence = 0
        self._clock = clock
        self._storage = storage
        self._changes: list[Statement] = []
        self._load()

    # Customers and subscriptions

    def put_customer(self, customer: Customer) -> None:
        """Enter or replace a customer."""
        self.customers[customer.customer_id] = customer
        self._change(
            "INSERT INTO customers VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET body = excluded.body",  # keeps the row's place
            customer.customer_id,
            _CUSTOMER.dump_json(customer).decode(),
        )

    def put_subscription(self, subscription: Subscription) -> None:
        """Enter or replace a subscription."""
        self._index_subscription(subscription)
        self._change(
            "INSERT INTO subscriptions VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET body = excluded.body",  # keeps the row's place
            subscription.subscription_id,
            _SUBSCRIPTION.dump_json(subscription).decode(),
        )

    def subscriptions_of(self, customer_id: str) -> Iterable[Subscription]:
        """The customer's subscriptions, oldest first."""
        return self._subscriptions.get(customer_id, {}).values()

    def subscription(self, customer_id: str, subscription_id: str) -> Subscription | None:
        """One subscription of a customer."""
        return self._subscriptions.get(customer_id, {}).get(subscription_id)

    def all_subscriptions(self) -> Iterator[Subscription]:
        """Every customer's subscriptions."""
        return (s for owned in self._subscriptions.values() for s in owned.values())

    def next_renewal(self) -> RenewalDue | None:
        """The earliest renewal date of a running subscription, and its customer.

        The subscription may have been renewed or ended since: whoever acts looks again.
        """
        return self._renewals[0] if self._renewals else None

    def take_renewal(self) -> RenewalDue:
        """Take the earliest renewal date off the list."""
        due = heappop(self._renewals)
        self._renewals_known.discard(due)
        return due

    # Orders

    def next_sequence(self) -> int:
        """A number that no order had before."""
        self._sequence += 1
        return self._sequence

    def put_order(self, order: Order) -> None:
        """Enter or replace an order."""
        self._index_order(order)
        self._change(
            "INSERT INTO orders VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET body = excluded.body",  # keeps the row's place
            order.order_id,
            _ORDER.dump_json(order).decode(),
        )

    def orders_between(self, customer_id: str, start: datetime, end: datetime) -> list[Order]:
        """The customer's orders created from `start` to `end`, both included, newest first."""
        places = self._history.get(customer_id, [])
        first = bisect_left(places, start, key=_created_at)
        last = bisect_right(places, end, key=_created_at)
        return [self.orders[order_id] for _, _, order_id in reversed(places[first:last])]

    def orders_of(self, customer_id: str) -> list[Order]:
        """All orders of a customer, oldest first."""
        return [self.orders[order_id] for _, _, order_id in self._history.get(customer_id, [])]

    def number_of_orders(self, customer_id: str) -> int:
        """How many orders a customer has."""
        return len(self._history.get(customer_id, []))

    def open_orders_of(self, customer_id: str, order_type: str) -> list[Order]:
        """The customer's open orders of one type, oldest first."""
        open_ids = self._open.get((customer_id, order_type), ())
        return sorted((self.orders[i] for i in open_ids), key=attrgetter("sequence"))

    def returns_of(self, order_id: str) -> list[Order]:
        """The RETURN and REVERT_SWITCH orders that name this order."""
        return [self.orders[return_id] for return_id in self._returns.get(order_id, ())]

    def on_order(self, customer_id: str) -> Counter[str]:
        """Licences in open NEW orders, by product."""
        return self._on_order[customer_id]

    # Sign-in

    def put_client(self, client_id: str, client_secret: str, *, reads_only: bool = False) -> None:
        """Enter a partner's key and secret; `reads_only` gives it no right to change anything."""
        self.clients[client_id] = client_secret
        self._change("INSERT OR REPLACE INTO clients VALUES (?, ?)", client_id, client_secret)
        self._change("DELETE FROM reading_clients WHERE client_id = ?", client_id)
        self.reading_clients.discard(client_id)
        if reads_only:
            self.reading_clients.add(client_id)
            self._change("INSERT INTO reading_clients VALUES (?)", client_id)

    def put_token(self, token: Token) -> None:
        """Enter a sign-in."""
        self.tokens[token.digest] = token
        self._change(
            "INSERT OR REPLACE INTO tokens VALUES (?, ?)",
            token.digest,
            _TOKEN.dump_json(token).decode(),
        )

    # Stored answers and the journal (reference, section 4.5)

    def next_call_number(self) -> int:
        """The number of the next call in the journal."""
        self._calls += 1
        return self._calls

    def was_answered(self, key: CallKey) -> bool:
        """Whether an answer to this intent is stored and not yet forgotten."""
        return self._is_remembered(self._answered.get(key))

    def was_request_id_used(self, api_key: str, request_id: str) -> bool:
        """Whether this key used the request id for an earlier call."""
        return self._is_remembered(self._request_ids.get((api_key, request_id)))

    def use_request_id(self, api_key: str, request_id: str) -> None:
        """Note the id in memory; it goes to the file with the answer."""
        self._request_ids[api_key, request_id] = self._clock.now()

    def store_answer(self, key: CallKey, request_id: str | None, answer: Answer) -> None:
        """Keep the answer for repeats."""
        now = self._clock.now()
        self._answered[key] = now
        self._change(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            key.api_key,
            key.method,
            key.path,
            key.correlation_id,
            request_id,
            answer.status,
            answer.content_type,
            answer.body,
            now.isoformat(),
        )

    async def stored_answer(self, key: CallKey) -> Answer:
        """The stored answer, byte for byte."""
        rows = await self._storage.read(
            "SELECT status, body, content_type FROM answers"
            " WHERE api_key = ? AND method = ? AND path = ? AND correlation_id = ?",
            (key.api_key, key.method, key.path, key.correlation_id),
        )
        status, body, content_type = rows[0]
        return Answer(status, body, content_type)

    def note_call(self, entry: JournalEntry) -> None:
        """Write one call into the journal."""
        number, moment, *rest = _JOURNAL_FIELDS(entry)
        self._change(
            "INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            number,
            moment.isoformat(),
            *rest,
        )

    async def journal(self, after: int, limit: int) -> list[JournalEntry]:
        """Calls with a number above `after`, in order."""
        rows = await self._storage.read(
            "SELECT * FROM calls WHERE number > ? ORDER BY number LIMIT ?", (after, limit)
        )
        return [_journal_entry(row) for row in rows]

    async def latest_calls(self, search: CallSearch, limit: int) -> list[JournalEntry]:
        """Calls that fit the search, the newest first."""
        conditions, values = search.conditions()
        rows = await self._storage.read(
            f"SELECT * FROM calls WHERE {conditions} ORDER BY number DESC LIMIT ?",  # noqa: S608
            (*values, limit),
        )
        return [_journal_entry(row) for row in rows]

    async def calls_about(self, order: Order, limit: int) -> list[JournalEntry]:
        """The call that placed an order and those that named it in their path, the newest
        first; the latter among the newest calls only, so that a long journal is not read whole.
        """
        path = f"/v3/customers/{order.customer_id}/orders/{order.order_id}"
        rows = await self._storage.read(
            "SELECT * FROM calls WHERE number IN ("
            " SELECT number FROM calls WHERE order_id = ?"
            " UNION SELECT number FROM calls WHERE number > ? AND path = ?"
            ") ORDER BY number DESC LIMIT ?",
            (order.order_id, self._calls - CALLS_LOOKED_THROUGH, path, limit),
        )
        return [_journal_entry(row) for row in rows]

    async def call(self, number: int) -> JournalEntry | None:
        """One call of the journal."""
        found = await self.journal(after=number - 1, limit=1)
        return found[0] if found and found[0].number == number else None

    # What was changed in the catalog by hand

    def put_catalog_change(self, kind: str, key: str, body: str) -> None:
        """Keep a change of the catalog."""
        self.catalog_changes[kind, key] = body
        self._change("INSERT OR REPLACE INTO catalog_changes VALUES (?, ?, ?)", kind, key, body)

    # The clock, and the way to disk

    def keep_clock(self) -> None:
        """Note how far the server's clock is off the real one."""
        self._change(
            "INSERT OR REPLACE INTO facts VALUES ('clock_offset', ?)",
            repr(self._clock.offset.total_seconds()),
        )

    @property
    def has_changes(self) -> bool:
        """Whether anything was noted since the last commit."""
        return bool(self._changes)

    def commit(self) -> asyncio.Future[None]:
        """Send all changes noted so far on their way, as one."""
        changes, self._changes = self._changes, []
        return self._storage.write(changes)

    def _change(self, sql: str, *values: object) -> None:
        self._changes.append((sql, values))

    def _is_remembered(self, stored_at: datetime | None) -> bool:
        return stored_at is not None and self._clock.now() - stored_at < ANSWERS_LIVE

    def _index_order(self, order: Order) -> None:
        before = self.orders.get(order.order_id)
        if before:
            places = self._history[before.customer_id]
            del places[bisect_left(places, _place(before))]
            self._count_on_order(before, -1)
        insort(self._history[order.customer_id], _place(order))
        self._count_on_order(order, 1)
        self.orders[order.order_id] = order
        kind = (order.customer_id, order.order_type)
        if order.status == OPEN:
            self.open_orders[order.order_id] = order
            self._open[kind].add(order.order_id)
        else:
            self.open_orders.pop(order.order_id, None)
            self._open[kind].discard(order.order_id)
        if order.order_type in ("RETURN", "REVERT_SWITCH"):
            self._returns[order.reference_order_id].add(order.order_id)

    def _index_subscription(self, subscription: Subscription) -> None:
        self._subscriptions[subscription.customer_id][subscription.subscription_id] = subscription
        due = (subscription.renewal_date, subscription.customer_id)
        if subscription.status != LAPSED_SUBSCRIPTION and due not in self._renewals_known:
            self._renewals_known.add(due)
            heappush(self._renewals, due)

    def _count_on_order(self, order: Order, sign: int) -> None:
        if order.order_type == "NEW" and order.status == OPEN:
            counter = self._on_order[order.customer_id]
            for item in order.line_items:
                counter[item.product] += sign * item.quantity

    def _load(self) -> None:
        rows = self._storage.rows
        self.clients = dict(rows("SELECT client_id, client_secret FROM clients"))
        self.reading_clients = {key for (key,) in rows("SELECT client_id FROM reading_clients")}
        self.is_fresh = not self.clients
        for (offset,) in rows("SELECT value FROM facts WHERE name = 'clock_offset'"):
            self._clock.offset = timedelta(seconds=float(offset))
        for kind, key, body in rows("SELECT kind, key, body FROM catalog_changes"):
            self.catalog_changes[kind, key] = body
        for (body,) in rows("SELECT body FROM customers ORDER BY rowid"):
            customer = _CUSTOMER.validate_json(body)
            self.customers[customer.customer_id] = customer
        for (body,) in rows("SELECT body FROM subscriptions ORDER BY rowid"):
            self._index_subscription(_SUBSCRIPTION.validate_json(body))
        for (body,) in rows("SELECT body FROM orders"):
            order = _ORDER.validate_json(body)
            self._index_order(order)
            self._sequence = max(self._sequence, order.sequence)
        for (body,) in rows("SELECT body FROM tokens"):
            token = _TOKEN.validate_json(body)
            self.tokens[token.digest] = token
        self._load_answers()

    def _load_answers(self) -> None:
        oldest = self._clock.now() - ANSWERS_LIVE
        self._change("DELETE FROM answers WHERE stored_at < ?", oldest.isoformat())
        for *key, request_id, stored_at in self._storage.rows(
            "SELECT api_key, method, path, correlation_id, request_id, stored_at FROM answers"
        ):
            moment = datetime.fromisoformat(stored_at)
            self._answered[CallKey(*key)] = moment
            if request_id:
                self._request_ids[key[0], request_id] = moment
        ((last,),) = self._storage.rows("SELECT max(number) FROM calls")
        self._calls = last or 0


def _place(order: Order) -> HistoryPlace:
    return (order.created_at, order.sequence, order.order_id)


def _created_at(place: HistoryPlace) -> datetime:
    return place[0]


def _journal_entry(row: tuple[object, ...]) -> JournalEntry:
    return _CALL.validate_python(dict(zip(JournalEntry.__slots__, row, strict=True)))
