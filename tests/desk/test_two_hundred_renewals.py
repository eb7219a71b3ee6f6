"""A renewal book of 200 subscriptions in every state of section 11, held against the book.

What is to become of each stands here by hand, from the reference; the marketplace's own book says
what was ordered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flows.renewing import NightRun
from tests.connections import embedded
from tests.desk.renewal_office import TODAY, Market, RenewalOffice, day, told_in

HELD, NOTHING, RENEWED, TOO_LATE = "Held", "Nothing to do", "Renewed", "Too late"
DISCONTINUED, UNSUPPORTED = "65308888CA01A12", "65301177CA01A12"
CONSUMABLE = "65322651CAT1A12"


@dataclass(frozen=True)
class State:
    """A subscription of ten licences in one state, its row, and what is to become of it."""

    name: str
    days: int
    wish: str
    result: str
    orders: tuple[int, ...] = ()
    quantity: int | None = None
    ceiling: str | None = None
    said: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    anniversary: int | None = None
    customer: Mapping[str, object] = field(default_factory=dict)


LATE: Mapping[str, object] = {"status": "1004", "canBeRenewedLate": True}
FOLLOWS: Mapping[str, object] = {"autoRenewal": True}


def fixed(quantity: int) -> dict[str, object]:
    return {"autoRenewal": True, "renewalQuantity": quantity}


def committed(years: int) -> dict[str, object]:
    end = day(20).replace(day=1, year=TODAY.year + years)
    commitment = {
        "startDate": end.replace(year=end.year - 3).isoformat(),
        "endDate": end.isoformat(),
        "minimumLicences": 10,
    }
    return {"commitment": commitment}


STATES = (
    # 11.4: from AD-30 to AD-1, by subscription, what is left of the present licences
    State("early, first day", 30, "yes", RENEWED, (10,)),
    State("early, in the middle", 20, "as is", RENEWED, (10,)),
    State("early, last day", 1, "yes", RENEWED, (10,)),
    State("early, in part", 20, "quantity", RENEWED, (4,), quantity=4),
    State("early, more", 20, "yes", RENEWED, (10, 4), quantity=14),
    State("early, some renewed before", 20, "yes", RENEWED, (6,), facts={"renewedQuantity": 4}),
    State("early, all renewed before", 20, "yes", NOTHING, facts={"renewedQuantity": 10}),
    State(
        "early, more than wanted renewed before",
        20,
        "yes",
        HELD,
        quantity=8,
        facts={"renewedQuantity": 10},
    ),
    State(
        "early, all present ones renewed before",
        20,
        "yes",
        RENEWED,
        (4,),
        quantity=14,
        facts={"renewedQuantity": 10},
    ),
    State("anniversary a year ahead", 20, "yes", RENEWED, (10,), anniversary=20 + 365),
    State("dates apart", 20, "yes", HELD, anniversary=120, said="do not fit together"),
    # 11.2: the automatic renewal
    State("Adobe renews all", 20, "yes", NOTHING, facts=FOLLOWS, said="by itself"),
    State("Adobe renews, too dear", 20, "yes", HELD, ceiling="1000", facts=FOLLOWS),
    State(
        "Adobe would renew, but the product is gone",
        20,
        "yes",
        HELD,
        facts={**FOLLOWS, "offerId": UNSUPPORTED},
        said="but Adobe no longer renews",
    ),
    State("Adobe renews as many", 20, "yes", NOTHING, quantity=6, facts=fixed(6)),
    State("Adobe renews fewer", 20, "yes", RENEWED, (8,), quantity=8, facts=fixed(6)),
    State("Adobe renews fewer than there are", 20, "as is", HELD, facts=fixed(6)),
    State("Adobe renews more", 20, "yes", HELD, quantity=4, facts=FOLLOWS),
    State("not wanted", 20, "no", NOTHING),
    State("not wanted, yet Adobe renews", 20, "no", HELD, facts=FOLLOWS, said="Adobe renews 10"),
    State("asks", 20, "ask me", HELD),
    State("asks, and Adobe renews", 20, "ask", HELD, facts=FOLLOWS),
    # not yet
    State("a day too early", 31, "yes", NOTHING, said="not due yet"),
    State("scheduled", 20, "yes", NOTHING, facts={"status": "1009", "currentQuantity": 0}),
    # 11.5: lapsed
    State("late, same day", 0, "yes", RENEWED, (10,), facts=LATE),
    State("late, fourteen days", -14, "yes", RENEWED, (10,), facts=LATE),
    State("late, in part", -5, "yes", RENEWED, (4,), quantity=4, facts=LATE),
    State("late, more than last term", -5, "yes", HELD, quantity=12, facts=LATE),
    State("late, thirty days", -30, "yes", RENEWED, (10,), facts=LATE),
    State("late, thirty-one days", -31, "yes", TOO_LATE, facts=LATE),
    State("late, asks", -5, "ask", HELD, facts=LATE),
    State("late, not wanted", -5, "no", NOTHING, facts=LATE),
    State("late, bought once", -5, "yes", HELD, facts={**LATE, "offerId": CONSUMABLE}),
    State("ended for good", -5, "yes", TOO_LATE, facts={"status": "1004"}),
    # products and commitments, as the preview says
    State("discontinued", 20, "yes", HELD, facts={"offerId": DISCONTINUED}, said="Adobe no longer"),
    State("unsupported", 20, "yes", HELD, facts={"offerId": UNSUPPORTED}, said="Adobe no longer"),
    State(
        "discontinued, committed",
        20,
        "yes",
        RENEWED,
        (10,),
        facts={"offerId": DISCONTINUED},
        customer=committed(3),
    ),
    State("last year of a commitment", 20, "yes", HELD, customer=committed(1)),
    # the ceiling
    State("within the ceiling", 20, "yes", RENEWED, (10,), ceiling="4500"),
    State("above the ceiling", 20, "yes", HELD, ceiling="1000", said="above the ceiling"),
)

TIMES = 5
"""Forty states five times: the fifth time all of them belong to one customer, where they can."""


@dataclass(frozen=True)
class Place:
    """One subscription of the book."""

    state: State
    customer_id: str
    subscription_id: str

    @property
    def row(self) -> tuple[object, ...]:
        state = self.state
        currency = "USD" if state.ceiling else None
        return (
            self.customer_id,
            self.subscription_id,
            state.wish,
            state.quantity,
            state.ceiling,
            currency,
        )


def places() -> list[Place]:
    found = []
    for time in range(TIMES):
        for number, state in enumerate(STATES):
            shares = time == TIMES - 1 and state.anniversary is None and not state.customer
            shares = shares and state.days in (20, 0, -5, -14, -15, -30, -31)
            customer_id = "SHARED-1" if shares else f"T{time}-{number:03}"
            found.append(Place(state, customer_id, f"{time}-{number:03}-{'x' * 20}"))
    return found


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    with embedded("--finish-after", "0.02", "--no-throttle") as url:
        yield Market(url)


def enter(market: Market, all_places: list[Place]) -> None:
    for place in all_places:
        state = place.state
        ahead = state.anniversary if state.anniversary is not None else max(state.days, 20)
        if place.customer_id != "SHARED-1" and state.anniversary is None and state.days > 0:
            ahead = state.days
        market.customer(place.customer_id, cotermDate=day(ahead).isoformat(), **state.customer)
    for place in all_places:
        market.subscription(
            place.subscription_id, place.customer_id, place.state.days, **place.state.facts
        )


def ours(book: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The renewal orders that bear a reference of the nightly flow."""
    orders = (order for order in book["orders"] if order["orderType"] == "RENEWAL")
    return [o for o in orders if (o.get("externalReferenceId") or "").startswith("R-")]


def quantities(book: Mapping[str, Any]) -> dict[str, list[int]]:
    """What we ordered for each subscription, in the order in which it was ordered."""
    found: dict[str, list[int]] = {}
    for order in ours(book):
        (line,) = order["lineItems"]
        found.setdefault(line["subscriptionId"], []).append(line["quantity"])
    return found


def check(ran: NightRun, all_places: list[Place]) -> None:
    told = told_in(ran.output)
    wrong = []
    for place in all_places:
        row = told[place.subscription_id]
        if row["Result"] != place.state.result or place.state.said not in row["What happened"]:
            wrong.append((place.state.name, place.customer_id, row["Result"], row["What happened"]))
    assert wrong == []
    assert len(told) == len(all_places)


async def test_two_hundred_subscriptions(market: Market, tmp_path: Path) -> None:
    all_places = places()
    assert len(all_places) == 200
    enter(market, all_places)
    office = RenewalOffice(market, tmp_path)
    book = office.write_book(*(place.row for place in all_places))

    first = await office.renew(book)
    assert ours(market.book()) == []
    would = sum(place.state.result == RENEWED for place in all_places)
    assert first.subscriptions["would_renew"] == would

    second = await office.renew(book, nights=1)
    check(second, all_places)
    after_the_second = market.book()
    wanted = {p.subscription_id: list(p.state.orders) for p in all_places if p.state.orders}
    assert quantities(after_the_second) == wanted
    assert all(order["status"] == "1000" for order in ours(after_the_second))

    again = await office.renew(book, nights=1)
    assert again.subscriptions["renewed"] == 0
    assert quantities(market.book()) == wanted

    # The vendor's own renewal: the day of everything that was early has come.
    for place in all_places:
        if 0 < place.state.days <= 30 and place.state.facts.get("status") is None:
            market.change(place.subscription_id, renewalDate=TODAY.isoformat())
    market.renew_by_itself()
    market.finish()
    by_the_vendor = {
        line["subscriptionId"]
        for order in market.book()["orders"]
        if order.get("source") == "System"
        for line in order["lineItems"]
    }
    adobe_renews = {p.subscription_id for p in all_places if p.state.name == "Adobe renews all"}
    assert adobe_renews <= by_the_vendor
    third = await office.renew(book, nights=2)
    assert third.subscriptions["in_doubt"] == third.subscriptions["failed"] == 0
    placed = quantities(market.book())
    assert {s: q for s, q in placed.items() if s in by_the_vendor} == {
        s: q for s, q in wanted.items() if s in by_the_vendor
    }
    renewed_by_us = {s for s, q in wanted.items() if q}
    assert {s: q for s, q in placed.items() if s in renewed_by_us} == wanted
