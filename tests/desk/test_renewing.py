"""Renewal books on a desk: the first night, the second, once more, and what comes in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from flows.renewals.nights import Tonight
from schemas.renewal_answers import RenewalState
from tests.connections import embedded
from tests.databases import KINDS, database
from tests.desk.renewal_office import Market, RenewalOffice, day, told_in


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    with embedded("--finish-after", "0.05", "--no-throttle") as url:
        yield Market(url)


@pytest.fixture(params=KINDS)
def office(
    request: pytest.FixtureRequest, market: Market, tmp_path: Path
) -> Iterator[RenewalOffice]:
    with database(request.param, tmp_path) as url:
        yield RenewalOffice(market, tmp_path, url, kind=request.param)


@pytest.fixture
def small(market: Market, tmp_path: Path) -> RenewalOffice:
    return RenewalOffice(market, tmp_path)


async def test_the_first_night_says_what_the_second_does(office: RenewalOffice) -> None:
    market = office.market
    owner, mine = f"R0001{office.kind}", f"first-night-{office.kind}"
    market.customer(owner, companyName="Fern Bakery", cotermDate=day(20).isoformat())
    market.subscription(mine, owner, 20)
    book = office.write_book((owner, mine, "yes"))

    first = await office.renew(book)
    assert (first.tonight, first.dry_run, first.exit_code) == (Tonight.DRY_RUN, True, 0)
    told = told_in(first.output)[mine]
    assert told["Result"] == "Would be renewed"
    assert told["What happened"] == (
        f"10 licences would be renewed for the term from {day(20)} for 4,128.00 USD before tax."
    )
    assert market.orders_of(mine) == []

    again = await office.renew(book)
    assert (again.tonight, again.dry_run) == (Tonight.DONE_AS_DRY_RUN, True)
    assert market.orders_of(mine) == []

    second = await office.renew(book, nights=1)
    assert (second.tonight, second.dry_run, second.exit_code) == (Tonight.RENEWS, False, 0)
    (order,) = market.orders_of(mine)
    told = told_in(second.output)[mine]
    assert (told["Result"], told["Order ID"]) == ("Renewed", order["orderId"])
    assert told["What happened"] == (
        f"10 licences were renewed for the term from {day(20)} for 4,128.00 USD before tax."
    )

    once_more = await office.renew(book, nights=1)
    third = await office.renew(book, nights=2)
    assert (once_more.tonight, third.tonight) == (Tonight.DONE, Tonight.RENEWS)
    assert market.orders_of(mine) == [order]
    told = told_in(third.output)[mine]
    assert told["Result"] == "Nothing to do"
    assert told["What happened"] == (
        f"10 licences are renewed already (order {order['orderId']}). Nothing was ordered."
    )


async def test_a_scheduled_run_leaves_a_night_alone_that_is_done(small: RenewalOffice) -> None:
    small.market.customer("R0002", cotermDate=day(20).isoformat())
    small.market.subscription("scheduled", "R0002", 20)
    book = small.write_book(("R0002", "scheduled", "yes"))
    assert (await small.renew(book, again=False)).tonight == Tonight.DRY_RUN
    assert (await small.renew(book, again=False)).output == ""
    ran = await small.renew(book, nights=4, again=False)
    assert (ran.tonight, ran.missed) == (Tonight.RENEWS, 3)
    assert (await small.renew(book, nights=4, again=False)).output == ""
    assert len(small.market.orders_of("scheduled")) == 1


async def test_a_dry_run_that_a_person_wants_counts_as_no_night(small: RenewalOffice) -> None:
    small.market.customer("R0003", cotermDate=day(20).isoformat())
    small.market.subscription("wanted-dry", "R0003", 20)
    book = small.write_book(("R0003", "wanted-dry", "yes"))
    assert (await small.renew(book, dry_run=True)).tonight == Tonight.DRY_RUN
    assert (await small.renew(book, nights=1)).tonight == Tonight.DRY_RUN
    dry = await small.renew(book, nights=2, dry_run=True)
    assert (dry.tonight, dry.dry_run) == (Tonight.RENEWS, True)
    assert small.market.orders_of("wanted-dry") == []


async def test_what_the_vendor_renewed_itself_is_not_renewed_again(small: RenewalOffice) -> None:
    """Its automatic renewal was switched on between the dry run and the second night."""
    market = small.market
    market.customer("R0004", cotermDate=day(20).isoformat())
    market.subscription("by-itself", "R0004", 20)
    market.subscription("late-by-hand", "R0004", -5, status="1004", canBeRenewedLate=True)
    book = small.write_book(("R0004", "", "yes"))
    await small.renew(book)
    market.subscription("by-itself", "R0004", 0, autoRenewal=True)
    market.renew_by_itself()
    market.finish()
    (system,) = market.orders_of("by-itself")
    assert system["source"] == "System"

    second = await small.renew(book, nights=1)
    assert market.orders_of("by-itself") == [system]
    assert len(market.orders_of("late-by-hand")) == 1
    told = told_in(second.output)["by-itself"]
    assert told["Result"] == "Nothing to do"
    assert told["What happened"].startswith("It is not due yet: it can be renewed from ")


async def test_an_order_counts_that_the_list_of_subscriptions_does_not_show_yet(
    small: RenewalOffice,
) -> None:
    market = small.market
    market.customer("R0011", cotermDate=day(20).isoformat())
    market.subscription("lags", "R0011", 20)
    market.subscription("lags-late", "R0011", -5, status="1004", canBeRenewedLate=True)
    book = small.write_book(("R0011", "lags", "yes"), ("R0011", "lags-late", "yes"))
    await small.renew(book)
    market.renewal_order("P777000001", "R0011", "lags")
    market.renewal_order("P777000002", "R0011", "lags-late")
    told = told_in((await small.renew(book, nights=1)).output)
    assert told["lags"]["What happened"] == (
        "10 licences are renewed already (order P777000001). Nothing was ordered."
    )
    assert told["lags-late"]["What happened"] == (
        "10 licences were renewed already (order P777000002); Adobe's list does not show it yet. "
        "Nothing was ordered."
    )
    assert len(market.orders_of("lags")) == len(market.orders_of("lags-late")) == 1


async def test_licences_beyond_the_present_ones_come_last(small: RenewalOffice) -> None:
    market = small.market
    market.customer("R0005", cotermDate=day(20).isoformat())
    market.subscription("more", "R0005", 20)
    market.subscription("part", "R0005", 20, currentQuantity=8, offerId="65318877CA01A12")
    book = small.write_book(("R0005", "more", "yes", 14), ("R0005", "part", "quantity", 3))
    second = await small.second_night(book)
    told = told_in(second.output)
    assert [line["quantity"] for o in market.orders_of("more") for line in o["lineItems"]] == [
        10,
        4,
    ]
    assert (told["more"]["Order"], told["part"]["Order"]) == ("1 of 3, 3 of 3", "2 of 3")
    assert (told["more"]["Result"], told["more"]["Licences ordered"]) == ("Renewed", 14)
    assert (told["part"]["Result"], told["part"]["Licences ordered"]) == ("Renewed", 3)


@pytest.mark.parametrize(
    ("ceiling", "currency", "result", "sentence"),
    [
        ("4128", "USD", "Renewed", "10 licences were renewed"),
        (
            "4127.99",
            "USD",
            "Held",
            "It would cost 4,128.00 USD, above the ceiling of 4,127.99 USD. Nothing was ordered.",
        ),
        (
            "9000",
            "EUR",
            "Held",
            "Adobe prices it in USD, and the ceiling is 9,000.00 EUR. Nothing was ordered.",
        ),
    ],
)
async def test_nothing_above_the_ceiling_is_ordered(
    small: RenewalOffice, ceiling: str, currency: str, result: str, sentence: str
) -> None:
    name = f"ceiling-{ceiling}-{currency}"
    small.market.customer(
        f"R6-{ceiling[:4]}-{currency}-{len(ceiling)}", cotermDate=day(20).isoformat()
    )
    customer = f"R6-{ceiling[:4]}-{currency}-{len(ceiling)}"
    small.market.subscription(name, customer, 20)
    book = small.write_book((customer, name, "yes", None, ceiling, currency))
    second = await small.second_night(book)
    told = told_in(second.output)[name]
    assert told["Result"] == result
    assert told["What happened"].startswith(sentence)
    assert len(small.market.orders_of(name)) == (result == "Renewed")


async def test_what_has_changed_since_it_was_announced_is_held(small: RenewalOffice) -> None:
    small.market.customer("R0007", cotermDate=day(20).isoformat())
    small.market.subscription("changed", "R0007", 20)
    book = small.write_book(("R0007", "", "as is"))
    await small.renew(book)
    small.market.change("changed", currentQuantity=12)
    second = await small.renew(book, nights=1)
    told = told_in(second.output)["changed"]
    assert told["Result"] == "Held"
    assert told["What happened"] == (
        f"It has changed since it was announced on {day(0)}: there were 10 licences and are 12 "
        "now. Nothing was ordered."
    )
    mended = small.write_book(("R0007", "changed", "yes", 12))
    assert (await small.second_night(mended)).subscriptions[RenewalState.RENEWED] == 1


async def test_two_books_that_speak_of_one_subscription(small: RenewalOffice) -> None:
    small.market.customer("R0008", cotermDate=day(20).isoformat())
    small.market.subscription("in-two", "R0008", 20)
    one = small.write_book(("R0008", "in-two", "yes"), name="one.xlsx")
    two = small.write_book(("R0008", "", "no"), name="two.xlsx")
    second = await small.renew(one, others=(two,))
    told = told_in(second.output)["in-two"]
    assert told["What happened"] == (
        "Two renewal books speak of it: two.xlsx as well. Nothing was ordered."
    )


async def test_rows_with_mistakes_hold_only_themselves(small: RenewalOffice) -> None:
    small.market.customer("R0009", cotermDate=day(20).isoformat())
    small.market.subscription("faulty", "R0009", 20)
    small.market.subscription("sound", "R0009", 20, offerId="65318877CA01A12")
    book = small.write_book(
        ("R0009", "faulty", "perhaps"),
        ("R0009", "sound", "yes"),
        ("R0009", "not-there", "yes"),
        ("R9999", "", "yes"),
    )
    second = await small.second_night(book)
    told = told_in(second.output)
    assert (told["faulty"]["Result"], told["sound"]["Result"]) == ("Held", "Renewed")
    assert told["not-there"]["What happened"] == (
        "Customer R0009 has no subscription not-there. Nothing was ordered."
    )
    assert told["None"]["What happened"] == "Adobe knows no customer R9999. Nothing was ordered."
    wrong = openpyxl.load_workbook(second.output)["Rows to mend"]
    assert [cell.value for cell in wrong[2]] == [
        2,
        "C2",
        "perhaps",
        'renew says "perhaps", which is none of the words known here.',
        "Write yes, no or ask; with yes, the column quantity may say how many.",
    ]
    assert (second.exit_code, second.mistakes) == (4, 1)


async def test_what_comes_due_in_the_next_thirty_days(small: RenewalOffice) -> None:
    market = small.market
    market.customer("R0010", cotermDate=day(60).isoformat())
    market.subscription("opens-soon", "R0010", 60)
    market.subscription("far", "R0010", 61, offerId="65318877CA01A12")
    market.subscription("asked", "R0010", 20, offerId="65316613CA01A12")
    book = small.write_book(("R0010", "", "yes"), ("R0010", "asked", "ask"))
    coming = told_in((await small.renew(book)).output, "Next 30 days")
    assert set(coming) == {"opens-soon", "asked"}
    assert coming["opens-soon"]["What date it is"] == "can be renewed from"
    assert coming["opens-soon"]["Date"].date() == day(30)
    assert coming["opens-soon"]["What happens"] == "It will be renewed: 10 licences."
    assert coming["asked"]["Date"].date() == day(20)
