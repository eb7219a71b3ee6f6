"""What a line costs: discount, proration, rounding (reference, section 15)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from flows.sandbox.catalog import Catalog, FlexDiscount
from flows.sandbox.clock import one_year_before

_CENT = Decimal("0.01")
_MILL = Decimal("0.001")
_DAILY_DECIMALS = Decimal("0.000000001")


@dataclass(frozen=True, slots=True)
class LinePrice:
    """The four figures of a line (reference, section 15.1); no days where nothing is prorated."""

    partner_price: Decimal
    discounted_partner_price: Decimal
    net_partner_price: Decimal
    line_item_partner_price: Decimal
    prorated_days: int | None


def line_price(
    catalog: Catalog,
    *,
    offer_id: str,
    currency_code: str,
    quantity: int,
    flex_discount: FlexDiscount | None,
    price_day: date,
    term_start: date,
    term_end: date,
) -> LinePrice:
    """Level, then discount on the yearly price, proration, quantity, and one rounding.

    The price list of `price_day` counts; billed is from `term_start` on (an order's own day,
    or the beginning of the term that it renews).
    """
    partner = catalog.list_price(offer_id, currency_code, price_day)
    discounted = discounted_price(partner, flex_discount)
    days: int | None = None
    if catalog.products[offer_id[:10]].is_consumable:
        unit = discounted
    else:
        days = prorated_days(term_start, term_end)
        unit = daily_price(discounted, term_end) * days
    return LinePrice(
        partner_price=partner,
        discounted_partner_price=discounted,
        net_partner_price=unit.quantize(_MILL, ROUND_HALF_UP),
        line_item_partner_price=(unit * quantity).quantize(_CENT, ROUND_HALF_UP),
        prorated_days=days,
    )


def discounted_price(partner_price: Decimal, discount: FlexDiscount | None) -> Decimal:
    """The yearly price after a flexible discount, rounded to two decimals, never below zero."""
    if discount is None:
        return partner_price
    if discount.type == "FIXED_PRICE":
        return discount.value
    if discount.type == "FIXED_DISCOUNT":
        return max(partner_price - discount.value, Decimal("0.00"))
    return (partner_price * (100 - discount.value) / 100).quantize(_CENT, ROUND_HALF_UP)


def prorated_days(term_start: date, term_end: date) -> int:
    """Days from the first one billed to the day before the anniversary, both counted."""
    return (term_end - term_start).days


def daily_price(yearly_price: Decimal, term_end: date) -> Decimal:
    """The yearly price by the term's days, cut to nine decimals (reference, C34)."""
    year = 366 if _term_has_leap_day(term_end) else 365
    return (yearly_price / year).quantize(_DAILY_DECIMALS, ROUND_DOWN)


def _term_has_leap_day(term_end: date) -> bool:
    """Whether the twelve months before the anniversary contain a 29 February."""
    start = one_year_before(term_end)
    return any(
        start <= date(year, 2, 29) < term_end
        for year in (start.year, term_end.year)
        if _is_leap(year)
    )


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
