"""The renewal book: each fault where it stands, and good rows as values."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from schemas.order_sheet import SheetLimits
from schemas.renewal_book import RENEWAL_COLUMNS, book_rows, check_renewal_rows, column_of
from schemas.renewals import BookRow, Ceiling, Wish, wishes_key
from schemas.sheet_layout import SheetLayout

LAYOUT = SheetLayout(
    sheet="Renewals",
    header_row=1,
    last_row=9,
    last_column=6,
    columns={column: place for place, column in enumerate(RENEWAL_COLUMNS, start=1)},
    titles={column: column for column in RENEWAL_COLUMNS},
)
GOOD = ("P1005053401", "s-1", "yes", "", "", "")


def frame(*rows: tuple[str, ...]) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=list(RENEWAL_COLUMNS), dtype="str")
    found.insert(0, "row", pd.Series(range(2, 2 + len(rows)), dtype="int64"))
    return found


def codes(*rows: tuple[str, ...]) -> list[tuple[int, str, str]]:
    faults = check_renewal_rows(frame(*rows), LAYOUT, SheetLimits())
    return [(fault.row, fault.cell, fault.code) for fault in faults]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (GOOD, []),
        (("P1005053401", "", "yes", "", "1200.50", "USD"), []),
        (("P1005053401", "s-1", "as is", "", "", ""), []),
        (("P1005053401", "s-1", "Not at all", "", "", ""), []),
        (("P1005053401", "s-1", "ASK ME", "", "", ""), []),
        (("P1005053401", "s-1", "with a quantity", "5", "", ""), []),
        (("", "s-1", "yes", "", "", ""), [("A2", "RENEWAL_MISSING")]),
        (("P1005053401", "s-1", "", "", "", ""), [("C2", "RENEWAL_MISSING")]),
        (("P1005053401", "s-1", "maybe", "", "", ""), [("C2", "RENEW_UNKNOWN")]),
        (("P1 5", "s-1", "yes", "", "", ""), [("A2", "ID_HAS_BLANKS")]),
        (("1.0E+9", "s-1", "yes", "", "", ""), [("A2", "ID_IN_E_NOTATION")]),
        (("P1_5", "s-1", "yes", "", "", ""), [("A2", "ID_FORM")]),
        (("P1005053401", "s-1", "quantity", "", "", ""), [("D2", "QUANTITY_MISSING")]),
        (("P1005053401", "s-1", "as is", "5", "", ""), [("D2", "QUANTITY_NOT_WANTED")]),
        (("P1005053401", "s-1", "no", "5", "", ""), [("D2", "QUANTITY_NOT_WANTED")]),
        (("P1005053401", "", "yes", "5", "", ""), [("D2", "QUANTITY_OF_A_CUSTOMER")]),
        (("P1005053401", "s-1", "yes", "five", "", ""), [("D2", "QUANTITY_NOT_A_NUMBER")]),
        (("P1005053401", "s-1", "yes", "1.000", "", ""), [("D2", "QUANTITY_AMBIGUOUS")]),
        (("P1005053401", "s-1", "yes", "2.5", "", ""), [("D2", "QUANTITY_NOT_WHOLE")]),
        (("P1005053401", "s-1", "yes", "0", "", ""), [("D2", "QUANTITY_BELOW_ONE")]),
        (("P1005053401", "s-1", "yes", "200001", "", ""), [("D2", "QUANTITY_TOO_LARGE")]),
        (("P1005053401", "s-1", "yes", "", "1,200", "USD"), [("E2", "CEILING_FORM")]),
        (("P1005053401", "s-1", "yes", "", "1.200", "USD"), [("E2", "CEILING_FORM")]),
        (("P1005053401", "s-1", "yes", "", "-5", "USD"), [("E2", "CEILING_FORM")]),
        (("P1005053401", "s-1", "yes", "", "5", ""), [("F2", "CEILING_WITHOUT_CURRENCY")]),
        (("P1005053401", "s-1", "yes", "", "5", "CHF"), [("F2", "CURRENCY_UNKNOWN")]),
    ],
)
def test_each_fault_is_found_where_it_stands(
    row: tuple[str, ...], found: list[tuple[str, str]]
) -> None:
    assert codes(row) == [(2, cell, code) for cell, code in found]


def test_a_subscription_is_spoken_of_once() -> None:
    customer = ("P1005053401", "", "no", "", "", "")
    assert codes(GOOD, customer) == []
    assert codes(GOOD, customer, GOOD) == [(2, "A2", "ROW_TWICE"), (4, "A4", "ROW_TWICE")]


def test_good_rows_are_values() -> None:
    rows = frame(
        ("P1005053401", "s-1", "yes", "5", "1200.50", "USD"),
        ("P1005053401", "", "yes", "", "", ""),
        ("P1005053402", "", "ask me", "", "", ""),
        ("P1005053403", "", "perhaps", "", "", ""),
    )
    assert book_rows(rows, frozenset({5})) == (
        BookRow(2, "P1005053401", "s-1", Wish.QUANTITY, 5, Ceiling(Decimal("1200.50"), "USD")),
        BookRow(3, "P1005053401", "", Wish.AS_IS),
        BookRow(4, "P1005053402", "", Wish.ASK),
    )


def test_a_book_is_known_by_what_it_wants() -> None:
    one, two = BookRow(2, "P1", "s-1", Wish.AS_IS), BookRow(3, "P1", "s-2", Wish.NOT)
    sorted_and_moved = (BookRow(7, "P1", "s-2", Wish.NOT), BookRow(9, "P1", "s-1", Wish.AS_IS))
    assert wishes_key((one, two)) == wishes_key(sorted_and_moved)
    assert wishes_key((one, two)) != wishes_key((one,))
    ceiling = BookRow(2, "P1", "s-1", Wish.AS_IS, ceiling=Ceiling(Decimal(5), "USD"))
    assert wishes_key((one,)) != wishes_key((ceiling,))


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("customerId", "customerId"),
        ("Customer ID", "customerId"),
        ("Ceiling price", "ceilingPrice"),
        ("RENEW", "renew"),
        ("Qty", "quantity"),
        ("Company", None),
        ("Customer", None),
    ],
)
def test_headers_are_known_in_their_usual_writings(header: str, column: str | None) -> None:
    assert column_of(header) == column
