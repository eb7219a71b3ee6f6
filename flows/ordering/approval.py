"""Which orders are priced before they are placed, and what their price decides.

docs/protocol.md, "Priced before it is placed". Money is Decimal; nothing is rounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from flows.ordering.prices import read_answer, totals_of
from schemas.entries import Shown, ShownPrices
from schemas.order_types import PREVIEW_OF
from schemas.orders import Order, OrderAnswer

NOT_SENT: Final = "Nothing was sent."


@dataclass(frozen=True, slots=True)
class Limits:
    """Amounts by currency above which an order is not placed without approval.

    `price_all`: every order is priced first, whatever its currency.
    """

    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    price_all: bool = False


def is_priced_first(order: Order, limits: Limits, *, was_shown: bool = False) -> bool:
    """Whether an order's price is asked before it is decided.

    `was_shown`: the workbook came back with its price, and asks for a yes. Returns bring money
    back and have no preview. An order that names no currency may be in any.
    """
    if order.order_type not in PREVIEW_OF:
        return False
    if order.approve or was_shown or limits.price_all:
        return True
    currencies = {line.currency for line in order.lines}
    return any(not currency or currency in limits.amounts for currency in currencies) and bool(
        limits.amounts
    )


class Approval(StrEnum):
    """What the workbook that was dropped says about the price of an order."""

    NONE = "none"
    """Nobody has approved it."""
    MISSING = "missing"
    """Nobody has approved it in a workbook that came back with prices and asks for a yes."""
    UNSEEN = "unseen"
    """Approved in a workbook that never showed its price."""
    VOID = "void"
    """Approved beside the price of other rows, or a price that this ledger did not show."""
    SEEN = "seen"
    """Approved beside the price of just this order."""


def approval_of(order: Order, key: str, shown: ShownPrices, *, shows_prices: bool) -> Approval:
    """Which of them it is.

    `shows_prices`: the workbook came back from an earlier run; `shown` are the prices it shows.
    """
    if not order.approve:
        return Approval.MISSING if shown.asks(order.reference) else Approval.NONE
    if not shows_prices:
        return Approval.UNSEEN
    if not shown.is_known:
        return Approval.VOID
    price = shown.by_reference.get(order.reference)
    if price is None:
        return Approval.UNSEEN
    return Approval.SEEN if price.body_key == key else Approval.VOID


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the price of an order decides: place it, or ask a person (`code` and the words)."""

    places: bool
    code: str = ""
    what_happened: str = ""
    what_to_do: str = ""


def ruling(approval: Approval, now: OrderAnswer, shown: Shown | None, limits: Limits) -> Ruling:
    """Decide an order by what it costs now; `shown` is the price that was approved, if seen."""
    totals = totals_of(now)
    needs_price = approval not in {Approval.NONE, Approval.UNSEEN} or bool(limits.amounts)
    if needs_price and not _is_known(totals):
        return _asked(
            "PRICE_UNKNOWN",
            f"Adobe named no price for this order, and without one it is not placed. {NOT_SENT}",
            "Drop this workbook again later, or ask whoever looks after Orderdrop.",
        )
    if approval is Approval.SEEN and shown is not None:
        return _beside_the_approved(read_answer(shown.answer), now)
    if approval is Approval.VOID:
        return _asked(
            "APPROVAL_VOID",
            "The column approve says yes, but these rows were changed since their price was "
            f"shown, or it was shown elsewhere. The price is {_told(totals)} now. {NOT_SENT}",
            _ANEW,
        )
    above = _above(totals, limits.amounts)
    if above:
        return _beyond(above, approval, totals)
    if approval is Approval.MISSING:
        return _asked(
            "NOT_YET_APPROVED",
            f"The workbook came back with prices, and nobody has approved this order. It costs "
            f"{_told(totals)} now. {NOT_SENT}",
            HOW_TO_APPROVE,
        )
    return Ruling(places=True)


def _beyond(above: str, approval: Approval, totals: Mapping[str, Decimal | None]) -> Ruling:
    if approval is Approval.UNSEEN:
        return _asked(
            "ABOVE_AMOUNT",
            f"The order costs {_told(totals)}. Above {above} the column approve counts only "
            f"in a workbook that shows the price, like this one. {NOT_SENT}",
            _ANEW,
        )
    return _asked(
        "ABOVE_AMOUNT",
        f"The order costs {_told(totals)}; above {above} it must be approved. {NOT_SENT}",
        HOW_TO_APPROVE,
    )


HOW_TO_APPROVE: Final = (
    "To order it, write yes in the column approve on all its rows and drop this workbook again; "
    "to leave it, do nothing."
)
_ANEW: Final = (
    "The yes in the column approve was for something else and was taken out. To order at the "
    "price shown here, write it again and drop this workbook; to leave it, do nothing."
)
ASKS_ANEW: Final = frozenset({"ABOVE_AMOUNT", "APPROVAL_VOID", "PRICE_CHANGED", "OFFER_CHANGED"})
"""Codes under which a yes that stands beside the order has approved another price, or none."""


def _beside_the_approved(then: OrderAnswer, now: OrderAnswer) -> Ruling:
    approved, asked = totals_of(then), totals_of(now)
    dearer = approved.keys() != asked.keys() or any(
        amount is None or before is None or amount > before
        for amount, before in ((asked[currency], approved[currency]) for currency in asked)
    )
    if dearer:
        return _asked(
            "PRICE_CHANGED",
            f"Approved were {_told(approved)}; the order costs {_told(asked)} now. {NOT_SENT}",
            _ANEW,
        )
    gone, come = _offers(then) - _offers(now), _offers(now) - _offers(then)
    if gone or come:
        return _asked(
            "OFFER_CHANGED",
            f"Approved was {_listed(gone)}; Adobe would sell {_listed(come)} now. {NOT_SENT}",
            _ANEW,
        )
    return Ruling(places=True)


def _offers(order: OrderAnswer) -> Counter[tuple[str, int]]:
    """Offers with their quantities; lines may be numbered anew when a sheet was sorted."""
    return Counter((line.offer_id, line.quantity) for line in order.lines)


def _listed(offers: Counter[tuple[str, int]]) -> str:
    return ", ".join(f"{quantity} of {offer}" for offer, quantity in sorted(offers)) or "nothing"


def _is_known(totals: Mapping[str, Decimal | None]) -> bool:
    return bool(totals) and "" not in totals and None not in totals.values()


def _above(totals: Mapping[str, Decimal | None], amounts: Mapping[str, Decimal]) -> str:
    """The amount that an order goes beyond, "" when it stays within all of them."""
    for currency, total in totals.items():
        limit = amounts.get(currency)
        if limit is not None and total is not None and total > limit:
            return _money(limit, currency)
    return ""


def _told(totals: Mapping[str, Decimal | None]) -> str:
    known = [_money(total, c) for c, total in sorted(totals.items()) if total is not None]
    return " and ".join(known) or "an amount that Adobe did not name"


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.2f} {currency}"


def _asked(code: str, happened: str, advice: str) -> Ruling:
    return Ruling(places=False, code=code, what_happened=happened, what_to_do=advice)
