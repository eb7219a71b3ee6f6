"""Proration, discounts, and the figures on answers (reference, section 15)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.sandbox.catalog import seeded_catalog
from flows.sandbox.clock import one_year_after, one_year_before
from flows.sandbox.prices import daily_price, line_price, prorated_days

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

Make = Callable[..., Any]

CATALOG = seeded_catalog()
YEARLY = Decimal("173.28")
CENT = Decimal("0.01")


@pytest.mark.parametrize(
    ("start", "anniversary", "days", "daily", "unrounded", "total"),
    [
        ("2022-03-10", "2023-03-10", 365, "0.474739726", "173.279999990", "173.28"),
        ("2022-07-25", "2023-03-10", 228, "0.474739726", "108.240657528", "108.24"),
        ("2019-03-10", "2020-03-10", 366, "0.473442622", "173.279999652", "173.28"),
        ("2019-05-20", "2020-03-10", 295, "0.473442622", "139.665573490", "139.67"),
        ("2020-02-16", "2020-03-10", 23, "0.473442622", "10.889180306", "10.89"),
    ],
)
def test_the_five_cases_of_the_vendors_sheet(
    *, start: str, anniversary: str, days: int, daily: str, unrounded: str, total: str
) -> None:
    term_end = date.fromisoformat(anniversary)
    assert prorated_days(date.fromisoformat(start), term_end) == days
    assert daily_price(YEARLY, term_end) == Decimal(daily)
    assert daily_price(YEARLY, term_end) * days == Decimal(unrounded)
    assert (daily_price(YEARLY, term_end) * days).quantize(CENT, "ROUND_HALF_UP") == Decimal(total)


@pytest.mark.parametrize(
    ("anniversary", "days"),
    [
        ("2024-02-29", 365),
        ("2024-03-01", 366),
        ("2025-02-28", 366),
        ("2025-03-01", 365),
        ("2100-03-10", 365),
        ("2000-03-10", 366),
    ],
)
def test_the_year_is_that_of_the_term(anniversary: str, days: int) -> None:
    expected = (Decimal(days) * 1000 / days / days).quantize(Decimal("0.000000001"), "ROUND_DOWN")
    assert daily_price(Decimal(1000), date.fromisoformat(anniversary)) == expected


def test_the_published_checks() -> None:
    assert (daily_price(Decimal("345.00"), date(2023, 3, 10)) * 90 * 10).quantize(CENT) == Decimal(
        "850.68"
    )
    assert (daily_price(Decimal("849.16"), date(2023, 3, 10)) * 364).quantize(CENT) == Decimal(
        "846.83"
    )


def test_an_anniversary_on_a_leap_day_moves_to_the_28th() -> None:
    assert one_year_after(date(2024, 2, 29)) == date(2025, 2, 28)
    assert one_year_before(date(2024, 2, 29)) == date(2023, 2, 28)
    assert one_year_after(date(2026, 1, 31)) == date(2027, 1, 31)


@given(
    order_day=st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    days=st.integers(2, 365),
    quantity=st.integers(1, 10_000),
    offer=st.sampled_from(["65310542CA01A12", "65318877CA04A12", "65304990EA12A12"]),
    currency=st.sampled_from(sorted(CATALOG.currencies)),
)
def test_a_line_never_costs_more_than_a_full_term(
    *, order_day: date, days: int, quantity: int, offer: str, currency: str
) -> None:
    price = line_price(
        CATALOG,
        offer_id=offer,
        currency_code=currency,
        quantity=quantity,
        flex_discount=None,
        price_day=order_day,
        term_start=order_day,
        term_end=order_day + timedelta(days=days),
    )
    assert Decimal(0) <= price.line_item_partner_price <= price.partner_price * quantity
    assert -price.line_item_partner_price.as_tuple().exponent == 2
    assert -price.net_partner_price.as_tuple().exponent == 3


@pytest.mark.parametrize(
    ("offer_id", "currency", "price"),
    [
        ("65310542CA01A12", "USD", "430.00"),
        ("65310542CA02A12", "USD", "412.80"),
        ("65318877CA02A12", "USD", "268.20"),
        ("65327114CA02A12", "USD", "523.20"),
        ("65310542CA02A12", "EUR", "392.16"),
        ("65316613CA01A12", "JPY", "27342.00"),
        ("65318877CA01A12", "AUD", "433.04"),
        ("65322651CAT1A12", "USD", "1200.00"),
    ],
)
def test_list_prices(offer_id: str, currency: str, price: str) -> None:
    assert CATALOG.list_price(offer_id, currency, date(2026, 6, 1)) == Decimal(price)


@pytest.mark.parametrize(
    ("moment", "days"),
    [
        ("2026-10-04T06:55:00Z", 134),
        ("2026-10-04T07:00:00Z", 133),
        ("2026-12-01T07:55:00Z", 76),
        ("2026-12-01T08:00:00Z", 75),
    ],
)
def test_the_day_is_a_pacific_day(
    start: Callable[..., Sandbox], line: Make, new: Make, moment: str, days: int
) -> None:
    sandbox = start()
    sandbox.set_clock(moment)
    customer_id = sandbox.customer(cotermDate="2027-02-14")
    sandbox.set_clock(moment)
    body = new(line(1), order_type="PREVIEW")
    preview = sandbox.order(customer_id, body, "?fetch-price=true").json()
    assert preview["lineItems"][0]["proratedDays"] == days


@pytest.mark.parametrize(
    ("offer_id", "code", "discounted"),
    [
        ("65318877CA01A12", "AUTUMN_TEAM_15", 237.47),
        ("65310542CA01A12", "TEAM_TEN_OFF", 420.0),
        ("65319006CA01A12", "SKETCH_99", 99.0),
    ],
)
def test_a_discount_lowers_the_yearly_price(
    sandbox: Sandbox, line: Make, new: Make, *, offer_id: str, code: str, discounted: float
) -> None:
    body = new(line(1, offer_id, flexDiscountCodes=[code]), order_type="PREVIEW")
    preview = sandbox.order(sandbox.customer(), body, "?fetch-price=true").json()
    item = preview["lineItems"][0]
    assert item["pricing"]["discountedPartnerPrice"] == discounted
    assert item["flexDiscounts"][0]["code"] == code
    assert item["flexDiscounts"][0]["result"] == "SUCCESS"


def test_credits_are_not_prorated(sandbox: Sandbox, line: Make, new: Make) -> None:
    body = new(line(1, "65322651CAT1A12", 3), order_type="PREVIEW")
    preview = sandbox.order(sandbox.customer(), body, "?fetch-price=true").json()
    item = preview["lineItems"][0]
    assert "proratedDays" not in item
    assert item["pricing"]["lineItemPartnerPrice"] == 3600


def test_a_customer_without_an_anniversary_pays_a_full_year(
    sandbox: Sandbox, line: Make, new: Make
) -> None:
    body = new(line(1), order_type="PREVIEW")
    preview = sandbox.order(sandbox.customer(cotermDate=None), body, "?fetch-price=true").json()
    item = preview["lineItems"][0]
    assert item["proratedDays"] in (365, 366)
    assert item["pricing"]["lineItemPartnerPrice"] == 430.0


def test_money_keeps_its_decimals_on_the_wire(sandbox: Sandbox, line: Make, new: Make) -> None:
    body = new(line(1, quantity=12), order_type="PREVIEW")
    text = sandbox.order(sandbox.customer(), body, "?fetch-price=true").text
    assert '"partnerPrice":412.80' in text


def test_prices_come_only_when_asked_for(sandbox: Sandbox, new: Make) -> None:
    customer_id = sandbox.customer()
    for query in ("", "?fetch-price=false", "?fetch-price=TRUE"):
        preview = sandbox.order(customer_id, new(order_type="PREVIEW"), query).json()
        assert "pricingSummary" not in preview
        assert "pricing" not in preview["lineItems"][0]


def test_a_placed_order_has_prices_once_it_is_finished(sandbox: Sandbox, new: Make) -> None:
    """Not in the answer to NEW, not while open, not after it was returned (section 13.1)."""
    customer_id = sandbox.customer()
    placed = sandbox.order(customer_id, new(), "?fetch-price=true").json()
    path = f"/v3/customers/{customer_id}/orders/{placed['orderId']}"
    assert "pricingSummary" not in placed
    assert "pricingSummary" not in sandbox.get(f"{path}?fetch-price=true").json()
    sandbox.finish()
    priced = sandbox.get(f"{path}?fetch-price=true").json()
    assert priced["pricingSummary"][0]["totalLineItemPartnerPrice"] > 0
    assert "pricingSummary" not in sandbox.get(path).json()
    listed = sandbox.history(customer_id, "?fetch-price=true").json()["items"][0]
    assert listed["pricingSummary"] == priced["pricingSummary"]
    sandbox.control("POST", f"orders/{placed['orderId']}", {"status": "1008"})
    assert "pricingSummary" not in sandbox.get(f"{path}?fetch-price=true").json()


def test_a_return_gives_back_what_was_paid(sandbox: Sandbox, line: Make, new: Make) -> None:
    """The days of the original order, whatever day the return is placed."""
    customer_id = sandbox.customer()
    created = (sandbox.now() - timedelta(days=9)).isoformat()
    order_id = sandbox.past_order(customer_id, [line(1, quantity=2)], creationDate=created)
    path = f"/v3/customers/{customer_id}/orders"
    paid = sandbox.get(f"{path}/{order_id}?fetch-price=true").json()
    body = new(line(1, quantity=2), order_type="RETURN", referenceOrderId=order_id)
    returned = sandbox.order(customer_id, body).json()
    sandbox.finish()
    back = sandbox.get(f"{path}/{returned['orderId']}?fetch-price=true").json()
    assert back["pricingSummary"] == paid["pricingSummary"]
    assert back["lineItems"][0]["proratedDays"] == paid["lineItems"][0]["proratedDays"]


@pytest.mark.parametrize(
    ("created", "priced"), [("2026-03-22T23:59:59Z", False), ("2026-03-23T00:00:00Z", True)]
)
def test_orders_from_before_there_were_prices_have_none(
    sandbox: Sandbox, line: Make, *, created: str, priced: bool
) -> None:
    """The feature came on 23 March 2026 (section 13.1)."""
    customer_id = sandbox.customer()
    order_id = sandbox.past_order(customer_id, [line()], creationDate=created)
    path = f"/v3/customers/{customer_id}/orders/{order_id}?fetch-price=true"
    found = sandbox.get(path).json()
    assert ("pricingSummary" in found) is priced
    assert ("pricing" in found["lineItems"][0]) is priced
