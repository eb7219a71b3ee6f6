"""What the marketplace and the ledger say of the customers of a renewal book, as cases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar

from flows.desk import Desk
from flows.ledger.renewals import Announcement, RenewalMemory
from flows.marketplace.errors import TryLater
from flows.ordering.side_by_side import some_at_once
from flows.ordering.states import is_finished, placed_state
from flows.renewals.decide import Announced, Case, OwnOrder, Part
from flows.renewals.queue import renewal_key
from flows.renewals.tables import Own
from flows.renewals.windows import EARLY_DAYS, Phase, phase_of, term_of
from schemas.customers import Customer
from schemas.orders import CallFailed, Intent, IntentState, OrderAnswer
from schemas.outcomes import State
from schemas.renewals import BookRow
from schemas.subscriptions import Subscription

IN_A_WINDOW: Final = frozenset({Phase.EARLY, Phase.LATE, Phase.LATE_WITH_WARNING})
"""Phases in which it matters what was ordered: the others need no look at the history."""

BY_THE_SYSTEM: Final = "System"
_NO_CUSTOMER: Final = "1116"
_WAITS: Final = (1.0, 4.0)

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """One customer: its subscriptions, and its renewal orders as far back as they matter."""

    customer: Customer
    subscriptions: tuple[Subscription, ...]
    orders: tuple[OrderAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """A customer that could not be read, in words."""

    what_happened: str
    what_to_do: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A row of the book to which nothing was found at Adobe."""

    row: BookRow
    why: Unread


async def read_customers(
    desk: Desk, customer_ids: Iterable[str], today: date
) -> dict[str, CustomerFacts | Unread]:
    """All customers, side by side. Raises MarketplaceStop."""
    found: dict[str, CustomerFacts | Unread] = {}

    async def one(customer_id: str) -> None:
        found[customer_id] = await _read_customer(desk, customer_id, today)

    ids = sorted(set(customer_ids))
    await some_at_once(desk.hands.in_flight, (one(customer_id) for customer_id in ids))
    return found


async def _read_customer(desk: Desk, customer_id: str, today: date) -> CustomerFacts | Unread:
    api = desk.marketplace
    try:
        customer = await _patiently(desk, lambda: api.customer(customer_id))
        owned = await _patiently(desk, lambda: api.subscriptions(customer_id))
        since = _matters_since(customer, owned, today)
        if since is None:
            return CustomerFacts(customer, owned)
        orders = await _patiently(desk, lambda: api.history(customer_id, since, ["RENEWAL"]))
    except CallFailed as failed:
        if failed.reply.code == _NO_CUSTOMER:
            return Unread(
                f"Adobe knows no customer {customer_id}. Nothing was ordered.",
                "Check the customer id in the row.",
            )
        return Unread(
            "This customer could not be read tonight "
            f"({failed.reply.code or 'no answer'}). Nothing was ordered; the next night tries it "
            "again.",
            "If it stays so, show this row to whoever looks after Orderdrop.",
        )
    return CustomerFacts(customer, owned, tuple(orders))


async def _patiently(desk: Desk, ask: Callable[[], Awaitable[Found]]) -> Found:
    """Reading may be repeated freely (reference, section 4.3)."""
    for wait in _WAITS:
        try:
            return await ask()
        except TryLater as failed:
            await asyncio.sleep((failed.reply.retry_after or wait) * desk.hands.patience)
    return await ask()


def _matters_since(
    customer: Customer, owned: Iterable[Subscription], today: date
) -> datetime | None:
    """From when on orders can belong to a term that is in a window; None: to none."""
    terms = [
        term
        for subscription in owned
        if (term := term_of(subscription, customer)) is not None
        and phase_of(subscription, term, today) in IN_A_WINDOW
    ]
    if not terms:
        return None
    return datetime.combine(min(terms) - timedelta(days=EARLY_DAYS + 1), time(), UTC)


def rows_for(
    rows: Sequence[BookRow], facts: Mapping[str, CustomerFacts | Unread]
) -> tuple[list[tuple[BookRow, CustomerFacts, Subscription]], list[Unknown]]:
    """Which row speaks of which subscription: its own before that of its customer."""
    spoken: list[tuple[BookRow, CustomerFacts, Subscription]] = []
    unknown: list[Unknown] = []
    named = {(row.customer_id, row.subscription_id) for row in rows if row.subscription_id}
    seen: set[tuple[str, str]] = set()
    for row in rows:
        found = facts[row.customer_id]
        if isinstance(found, Unread):
            unknown.append(Unknown(row, found))
            continue
        theirs = [
            s
            for s in found.subscriptions
            if s.subscription_id == row.subscription_id
            or (not row.subscription_id and (row.customer_id, s.subscription_id) not in named)
        ]
        if not theirs:
            unknown.append(Unknown(row, _nothing_of(row)))
        for subscription in theirs:
            place = (row.customer_id, subscription.subscription_id)
            if place not in seen:
                seen.add(place)
                spoken.append((row, found, subscription))
    return spoken, unknown


def _nothing_of(row: BookRow) -> Unread:
    if row.subscription_id:
        return Unread(
            f"Customer {row.customer_id} has no subscription {row.subscription_id}. Nothing was "
            "ordered.",
            "Check both ids in the row.",
        )
    return Unread(
        f"Customer {row.customer_id} has no subscriptions that no other row speaks of.",
        "Take the row out, or check the customer id.",
    )


def ordered_of(
    orders: Iterable[OrderAnswer], subscription_id: str, term: date, *, late: bool
) -> tuple[int, str]:
    """Licences renewed for a term by orders of any hand, and these orders in words.

    Returned and failed lines do not count. An early order is at most 30 days older than the
    renewal date, a late one is not older than it.
    """
    since = term if late else term - timedelta(days=EARLY_DAYS + 1)
    licences, told = 0, []
    for order in orders:
        if order.created_at is None or order.created_at.date() < since:
            continue
        theirs = [
            line.quantity
            for line in order.lines
            if line.subscription_id == subscription_id
            and order.status in ("1000", "1002")
            and line.status in ("1000", "1002", "")
        ]
        if theirs:
            licences += sum(theirs)
            by = ", placed by Adobe itself" if order.source == BY_THE_SYSTEM else ""
            told.append(f"order {order.order_id}{by}")
    return licences, "; ".join(told)


def own_order(intent: Intent, order: OrderAnswer | None) -> OwnOrder:
    """What the ledger knows of our intent for one part of a term."""
    if intent.state in (IntentState.REFUSED, IntentState.RETIRED):
        return OwnOrder()
    return OwnOrder(_standing(intent, order), intent.order_id, intent.reference)


def _standing(intent: Intent, order: OrderAnswer | None) -> Own:
    if intent.state is IntentState.WRITTEN and not intent.sends:
        return Own.UNSENT
    if intent.state is not IntentState.ACCEPTED:
        return Own.IN_DOUBT
    if order is None or not is_finished(order):
        return Own.OPEN
    if order.status == "1008":
        return Own.RETURNED
    return Own.DONE if placed_state(order) is State.DONE else Own.FAILED


def keys_of_terms(
    spoken: Iterable[tuple[BookRow, CustomerFacts, Subscription]],
) -> dict[tuple[str, Part], str]:
    """The intents' keys of every subscription that has a term, by subscription and part."""
    keys = {}
    for row, found, subscription in spoken:
        term = term_of(subscription, found.customer)
        if term is not None:
            for part in Part:
                keys[subscription.subscription_id, part] = renewal_key(
                    row.customer_id, subscription.subscription_id, term, part
                )
    return keys


def cases_of(
    spoken: Sequence[tuple[BookRow, CustomerFacts, Subscription]],
    memory: RenewalMemory,
    desk: Desk,
    announced: Mapping[tuple[str, str, date], Announcement],
    today: date,
    faulty: frozenset[int],
    other_books: Mapping[tuple[str, str], str],
) -> tuple[Case, ...]:
    """All that is known of each subscription, from both sides."""
    keys = keys_of_terms(spoken)
    intents = memory.intents_of(keys.values())
    outcomes = desk.ledger.latest_outcomes([intent.intent_id for intent in intents.values()])

    newest = {order.order_id: order for _, facts, _ in spoken for order in facts.orders}

    def own(subscription_id: str, part: Part) -> OwnOrder:
        intent = intents.get(keys.get((subscription_id, part), ""))
        if intent is None:
            return OwnOrder()
        seen = outcomes.get(intent.intent_id)
        # The ledger follows an order to its end; what is returned after that stands in the history.
        return own_order(intent, newest.get(intent.order_id) or (seen[0] if seen else None))

    found = []
    for row, facts, subscription in spoken:
        term = term_of(subscription, facts.customer)
        phase = phase_of(subscription, term, today)
        late = phase in (Phase.LATE, Phase.LATE_WITH_WARNING)
        ordered, by = 0, ""
        if term is not None and phase in IN_A_WINDOW:
            ordered, by = ordered_of(facts.orders, subscription.subscription_id, term, late=late)
        told = announced.get((row.customer_id, subscription.subscription_id, term or today))
        found.append(
            Case(
                row=row,
                customer=facts.customer,
                subscription=subscription,
                today=today,
                ordered=ordered,
                by=by,
                runs=any(order.status == "1002" for order in facts.orders),
                present=own(subscription.subscription_id, Part.PRESENT),
                extra=own(subscription.subscription_id, Part.EXTRA),
                announced=_as_announced(told),
                faulty=row.row in faulty,
                other_book=_other_book(row, subscription.subscription_id, other_books),
            )
        )
    return tuple(found)


def _as_announced(told: Announcement | None) -> Announced | None:
    if told is None:
        return None
    return Announced(told.night, told.quantity, told.product, told.currency, told.price)


def _other_book(
    row: BookRow, subscription_id: str, other_books: Mapping[tuple[str, str], str]
) -> str:
    """The name of another book that speaks of the subscription or of its customer."""
    places = ((row.customer_id, subscription_id), (row.customer_id, ""))
    return next((other_books[place] for place in places if place in other_books), "")
