"""A renewal is placed once, whatever goes wrong: faults, two runs at once, a run that died."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from flows.desk import Desk
from flows.renewal_books import read_book
from flows.renewals.decide import Part
from flows.renewals.queue import Step, renewal_key, steps_of
from flows.renewals.reasons import Reason
from flows.renewing import NightDesk
from schemas.orders import IntentState
from schemas.renewal_answers import RenewalState
from tests.connections import embedded
from tests.databases import KINDS, database
from tests.desk.renewal_office import TODAY, Market, RenewalOffice, day, told_in


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    with embedded("--finish-after", "0.02", "--no-throttle") as url:
        yield Market(url)


@pytest.fixture
def office(market: Market, tmp_path: Path) -> RenewalOffice:
    return RenewalOffice(market, tmp_path)


def fill(office: RenewalOffice, prefix: str, number: int, days: int = 20) -> tuple[Path, list[str]]:
    """A book of so many subscriptions, two to a customer; their ids."""
    names, rows = [], []
    for count in range(number):
        customer, name = f"{prefix}-{count // 2:03}", f"{prefix}-{count:03}"
        office.market.customer(customer, cotermDate=day(20).isoformat())
        office.market.subscription(name, customer, days)
        names.append(name)
        rows.append((customer, name, "yes"))
    return office.write_book(*rows), names


@pytest.mark.parametrize(
    "spec",
    [
        "executed-504=0.4",
        "closed-after=0.3,closed-before=0.2",
        "cut-body=0.3,executed-500-1124=0.2",
    ],
)
async def test_with_faults_each_is_placed_once(office: RenewalOffice, spec: str) -> None:
    market = office.market
    book, names = fill(office, "F" + spec[:6].replace("-", ""), 20)
    await office.renew(book)
    market.break_calls(spec)
    try:
        await office.renew(book, nights=1, finish_seconds=0.5)
    finally:
        market.break_calls("")
    await office.renew(book, nights=2, finish_seconds=2)
    await office.renew(book, nights=3, finish_seconds=2)
    counted = {name: len(market.orders_of(name)) for name in names}
    assert max(counted.values()) == 1
    assert sum(counted.values()) >= 18  # what stays in doubt waits for its settle time


@pytest.mark.parametrize("kind", KINDS)
async def test_two_runs_at_once_place_each_once(market: Market, tmp_path: Path, kind: str) -> None:
    with database(kind, tmp_path) as url:
        office = RenewalOffice(market, tmp_path, url)
        book, names = fill(office, f"two{kind[:4]}", 12)
        await office.renew(book)
        await asyncio.gather(*(office.renew(book, nights=1) for _ in range(3)))
        assert {name: len(market.orders_of(name)) for name in names} == dict.fromkeys(names, 1)


async def test_a_run_that_died_before_it_sent_goes_on(office: RenewalOffice) -> None:
    book, (name,) = fill(office, "died", 1)
    await office.renew(book)
    settings = office.settings()
    async with Desk(settings) as desk:
        night = NightDesk(desk, read_book(book, settings), now=office.night + timedelta(days=1))
        await night.read_and_decide()
        (step,) = _steps(night)
        priced = await night.orders.price(step)
        left = night.memory.claim(night.orders.intent_of(step, priced))
    assert office.market.orders_of(name) == []

    second = await office.renew(book, nights=1)
    (order,) = office.market.orders_of(name)
    assert order["externalReferenceId"] == left.reference
    assert second.subscriptions[RenewalState.RENEWED] == 1


def _steps(night: NightDesk) -> list[Step]:
    return [step for steps in steps_of(night.decisions).values() for step in steps]


async def test_our_own_word_counts_when_the_marketplace_shows_nothing_of_it(
    office: RenewalOffice,
) -> None:
    """Its order was returned: one intent for a subscription and term, whatever the figures say."""
    market = office.market
    book, (name,) = fill(office, "returned", 1)
    await office.second_night(book)
    (order,) = market.orders_of(name)
    market.returned(order["orderId"])
    market.subscription(name, "returned-000", 20)

    settings = office.settings()
    async with Desk(settings) as desk:
        key = renewal_key("returned-000", name, day(20), Part.PRESENT)
        memory = desk.ledger.renewals(settings.account, desk.environment)
        assert memory.intents_of([key])[key].state is IntentState.ACCEPTED
        night = NightDesk(desk, read_book(book, settings), now=office.night + timedelta(days=2))
        night.today = TODAY
        await night.read_and_decide()
        assert [d.reason for d in night.decisions] == [Reason.OURS_RETURNED]
    third = await office.renew(book, nights=2)
    assert len(market.orders_of(name)) == 1
    assert told_in(third.output)[name]["What happened"] == (
        f"It was renewed with order {order['orderId']}, which was returned later. It is not "
        "renewed again."
    )


async def test_a_run_that_is_stopped_leaves_the_night_to_the_next(office: RenewalOffice) -> None:
    book, names = fill(office, "stopped", 3)
    await office.renew(book)
    office.market.break_calls("403-key-unknown=1")
    try:
        stopped = await office.renew(book, nights=1, again=False)
    finally:
        office.market.break_calls("")
    assert stopped.stopped == (
        "The marketplace does not accept the API key (403003); check ORDERDROP_CLIENT_ID."
    )
    assert (stopped.exit_code, stopped.subscriptions[RenewalState.NOTHING]) == (3, 3)
    assert told_in(stopped.output)[names[0]]["What happened"] == (
        "The run was stopped before it was its turn. Nothing was ordered for it."
    )
    ran = await office.renew(book, nights=1, again=False)
    assert (ran.exit_code, ran.subscriptions[RenewalState.RENEWED]) == (0, 3)


async def test_an_order_that_is_not_finished_lets_the_next_wait(tmp_path: Path) -> None:
    with embedded("--finish-after", "3600", "--no-throttle") as url:
        office = RenewalOffice(Market(url), tmp_path)
        book, (first, second) = fill(office, "slow", 2)
        ran = await office.second_night(book, finish_seconds=0.1)
        told = told_in(ran.output)
        assert told[first]["Result"] == "Accepted, not finished yet"
        assert told[second]["What happened"] == (
            "Another renewal of this customer is not finished yet, and Adobe takes one after the "
            "other. It is next when that is done."
        )
        office.market.finish()
        await office.renew(book, nights=2, finish_seconds=0.1)
        counted = [len(office.market.orders_of(name)) for name in (first, second)]
        assert counted == [1, 1]
