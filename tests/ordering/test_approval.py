"""What the price of an order decides: docs/protocol.md, "Priced before it is placed"."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from flows.ordering.approval import (
    Approval,
    Limits,
    Ruling,
    approval_of,
    is_priced_first,
    ruling,
)
from flows.ordering.prices import read_answer, totals_of
from schemas.entries import Shown, ShownPrices
from schemas.orders import Order, OrderAnswer, OrderLine

OFFER, DEARER = "65310542CA02A12", "65310542CA03A12"
LINE = OrderLine(5, 1, OFFER, 3, "USD")
ORDER = Order("PO-1", "P1005053401", "NEW", "", (LINE,))
LIMITS = Limits({"USD": Decimal(1000)})
ANEW = (
    "The yes in the column approve was for something else and was taken out. To order at the "
    "price shown here, write it again and drop this workbook; to leave it, do nothing."
)
NO_PRICE = (
    "Adobe named no price for this order, and without one it is not placed. Nothing was sent."
)
LATER = "Drop this workbook again later, or ask whoever looks after Orderdrop."
ASK = (
    "To order it, write yes in the column approve on all its rows and drop this workbook again; "
    "to leave it, do nothing."
)


def body(
    total: object = "900.00", *, currency: str = "USD", offer: str = OFFER, **more: Any
) -> str:
    """The answer to a preview, as the ledger keeps it."""
    lines = [{"extLineItemNumber": 1, "offerId": offer, "quantity": 3}]
    sums = [{"totalLineItemPartnerPrice": total, "currencyCode": currency}]
    return json.dumps({"orderType": "PREVIEW", "lineItems": lines, "pricingSummary": sums, **more})


def price(*args: Any, **more: Any) -> OrderAnswer:
    return read_answer(body(*args, **more))


PLACE = Ruling(places=True)


@pytest.mark.parametrize(
    ("order", "limits", "first"),
    [
        (ORDER, Limits(), False),
        (ORDER, LIMITS, True),
        (replace(ORDER, lines=(replace(LINE, currency="GBP"),)), LIMITS, False),
        (replace(ORDER, lines=(replace(LINE, currency=""),)), LIMITS, True),
        (replace(ORDER, lines=(replace(LINE, currency=""),)), Limits(), False),
        (replace(ORDER, lines=(replace(LINE, currency="GBP"), LINE)), LIMITS, True),
        (replace(ORDER, approve=True), Limits(), True),
        (ORDER, Limits(price_all=True), True),
        (replace(ORDER, order_type="RETURN", approve=True), Limits(price_all=True), False),
        (replace(ORDER, order_type="RETURN"), LIMITS, False),
        (replace(ORDER, order_type="RENEWAL"), LIMITS, True),
    ],
)
def test_which_orders_are_priced_first(order: Order, limits: Limits, first: bool) -> None:
    assert is_priced_first(order, limits) is first


SHOWN = ShownPrices({"PO-1": Shown("key", body())})


@pytest.mark.parametrize(
    ("approve", "shows_prices", "shown", "approval"),
    [
        (None, True, ShownPrices(), Approval.NONE),
        (None, False, ShownPrices(), Approval.NONE),
        (None, True, SHOWN, Approval.MISSING),
        (None, True, ShownPrices({"PO-1": Shown("other", body())}), Approval.MISSING),
        (None, True, ShownPrices(asks_all=True), Approval.MISSING),
        (True, False, ShownPrices(), Approval.UNSEEN),
        (True, True, ShownPrices(asks_all=True, is_known=False), Approval.VOID),
        (True, True, ShownPrices(), Approval.UNSEEN),
        (True, True, ShownPrices({"PO-1": Shown("other", body())}), Approval.VOID),
        (True, True, SHOWN, Approval.SEEN),
    ],
)
def test_what_the_workbook_says_of_the_price(
    approve: bool | None, shows_prices: bool, shown: ShownPrices, approval: Approval
) -> None:
    order = replace(ORDER, approve=approve)
    assert approval_of(order, "key", shown, shows_prices=shows_prices) is approval


@pytest.mark.parametrize(
    ("approval", "now", "shown", "limits", "decided"),
    [
        (Approval.NONE, price("1000.00"), None, LIMITS, PLACE),
        (
            Approval.NONE,
            price("1000.01"),
            None,
            LIMITS,
            Ruling(
                places=False,
                code="ABOVE_AMOUNT",
                what_happened="The order costs 1,000.01 USD; above 1,000.00 USD it must be "
                "approved. Nothing was sent.",
                what_to_do=ASK,
            ),
        ),
        (Approval.NONE, price("1000.01", currency="GBP"), None, LIMITS, PLACE),
        (Approval.NONE, price("1000.01"), None, Limits(price_all=True), PLACE),
        (Approval.NONE, price(None), None, Limits(price_all=True), PLACE),
        (
            Approval.NONE,
            price(None),
            None,
            LIMITS,
            Ruling(
                places=False,
                code="PRICE_UNKNOWN",
                what_happened=NO_PRICE,
                what_to_do="Drop this workbook again later, or ask whoever looks after Orderdrop.",
            ),
        ),
        (
            Approval.MISSING,
            price("1000.00"),
            Shown("key", body("1000.00")),
            LIMITS,
            Ruling(
                places=False,
                code="NOT_YET_APPROVED",
                what_happened="The workbook came back with prices, and nobody has approved this "
                "order. It costs 1,000.00 USD now. Nothing was sent.",
                what_to_do=ASK,
            ),
        ),
        (
            Approval.MISSING,
            price(None),
            Shown("key", body("1000.00")),
            Limits(),
            Ruling(places=False, code="PRICE_UNKNOWN", what_happened=NO_PRICE, what_to_do=LATER),
        ),
        (Approval.UNSEEN, price("1000.00"), None, LIMITS, PLACE),
        (
            Approval.UNSEEN,
            price("1000.01"),
            None,
            LIMITS,
            Ruling(
                places=False,
                code="ABOVE_AMOUNT",
                what_happened="The order costs 1,000.01 USD. Above 1,000.00 USD the column approve "
                "counts only in a workbook that shows the price, like this one. Nothing was sent.",
                what_to_do=ANEW,
            ),
        ),
        (
            Approval.VOID,
            price("1.00"),
            Shown("other", body()),
            Limits(),
            Ruling(
                places=False,
                code="APPROVAL_VOID",
                what_happened="The column approve says yes, but these rows were changed since "
                "their price was shown, or it was shown elsewhere. The price is 1.00 USD now. "
                "Nothing was sent.",
                what_to_do=ANEW,
            ),
        ),
        (Approval.SEEN, price("5000.00"), Shown("key", body("5000.00")), LIMITS, PLACE),
        (Approval.SEEN, price("4999.99"), Shown("key", body("5000.00")), LIMITS, PLACE),
        (
            Approval.SEEN,
            price("900.01"),
            Shown("key", body("900.00")),
            LIMITS,
            Ruling(
                places=False,
                code="PRICE_CHANGED",
                what_happened="Approved were 900.00 USD; the order costs 900.01 USD now. Nothing "
                "was sent.",
                what_to_do=ANEW,
            ),
        ),
        (
            Approval.SEEN,
            price("900.00", currency="EUR"),
            Shown("key", body("900.00")),
            LIMITS,
            Ruling(
                places=False,
                code="PRICE_CHANGED",
                what_happened="Approved were 900.00 USD; the order costs 900.00 EUR now. Nothing "
                "was sent.",
                what_to_do=ANEW,
            ),
        ),
        (
            Approval.SEEN,
            price(None),
            Shown("key", body("900.00")),
            Limits(),
            Ruling(places=False, code="PRICE_UNKNOWN", what_happened=NO_PRICE, what_to_do=LATER),
        ),
        (
            Approval.SEEN,
            price("900.00", currency=""),
            Shown("key", body("900.00", currency="")),
            Limits(),
            Ruling(places=False, code="PRICE_UNKNOWN", what_happened=NO_PRICE, what_to_do=LATER),
        ),
        (
            Approval.VOID,
            price(None),
            None,
            Limits(),
            Ruling(places=False, code="PRICE_UNKNOWN", what_happened=NO_PRICE, what_to_do=LATER),
        ),
        (
            Approval.SEEN,
            price("800.00", offer=DEARER),
            Shown("key", body("900.00")),
            LIMITS,
            Ruling(
                places=False,
                code="OFFER_CHANGED",
                what_happened=f"Approved was 3 of {OFFER}; Adobe would sell 3 of {DEARER} now. "
                "Nothing was sent.",
                what_to_do=ANEW,
            ),
        ),
    ],
)
def test_what_the_price_decides(
    approval: Approval, now: OrderAnswer, shown: Shown | None, limits: Limits, decided: Ruling
) -> None:
    assert ruling(approval, now, shown, limits) == decided


def test_lines_that_are_numbered_anew_are_the_same_offers() -> None:
    lines = [
        {"extLineItemNumber": number, "offerId": offer, "quantity": 1}
        for number, offer in ((1, OFFER), (2, DEARER))
    ]
    turned = [{**lines[0], "extLineItemNumber": 2}, {**lines[1], "extLineItemNumber": 1}]
    then, now = body(lineItems=lines), body(lineItems=turned)
    assert ruling(Approval.SEEN, read_answer(now), Shown("key", then), LIMITS) == PLACE


def test_what_would_not_renew_is_no_part_of_a_total() -> None:
    lines = [
        {"status": "1000", "pricing": {"lineItemPartnerPrice": 10.5}},
        {"status": "1004", "pricing": {"lineItemPartnerPrice": 4.25}},
    ]
    order = read_answer(body(14.75, lineItems=lines, orderType="PREVIEW_RENEWAL"))
    assert totals_of(order) == {"USD": Decimal("10.50")}


def test_two_sums_of_one_currency_are_one_total() -> None:
    sums = [{"totalLineItemPartnerPrice": 1.5, "currencyCode": "USD"}] * 2
    assert totals_of(read_answer(body(pricingSummary=sums))) == {"USD": Decimal(3)}
