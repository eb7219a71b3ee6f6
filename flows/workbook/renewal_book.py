"""Reading a renewal book: the sheet whose header names customerId and renew, as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from flows.workbook.books import opened
from flows.workbook.cell_faults import cell_faults, merged_faults
from flows.workbook.errors import AmbiguousOrderSheet, EmptyOrderSheet, NoOrderSheet
from flows.workbook.parts import check_kind
from flows.workbook.table import Book, Table, Wanted
from schemas.faults import Fault
from schemas.renewal_book import RENEWAL_COLUMNS, column_of
from schemas.sheet_layout import SheetLayout, column_letters

_NEEDED = frozenset({"customerId", "renew"})
_IDS = ("customerId", "subscriptionId")


@dataclass(frozen=True, slots=True)
class ReadRenewals:
    """The rows of a renewal book.

    frame: `row` (int, Excel's number) and one text column for each of RENEWAL_COLUMNS. faults:
    cells whose value cannot be known.
    """

    frame: pd.DataFrame
    layout: SheetLayout
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    row: int
    columns: Mapping[str, int]
    titles: Mapping[str, str]


def read_renewal_book(content: bytes, name: str) -> ReadRenewals:
    """Read a renewal book from its bytes; `name` is for what is said. Raises WorkbookError."""
    check_kind(content, name)
    with opened(content, name) as book:
        sheet = _renewal_sheet(book, name)
        ids = frozenset(sheet.columns[column] for column in _IDS if column in sheet.columns)
        table = book.table(sheet.name, Wanted(tuple(sorted(sheet.columns.values())), ids))
    places = [
        place
        for place, row in enumerate(table.rows)
        if row > sheet.row and any(table.texts[c][place] for c in sheet.columns.values())
    ]
    if not places:
        raise EmptyOrderSheet(
            f"The sheet {sheet.name} of {name} has a header (row {sheet.row}) but no rows below "
            "it; there is nothing to renew."
        )
    frame = _frame(table, sheet, places)
    rows = [table.rows[place] for place in places]
    layout = SheetLayout(
        sheet=sheet.name,
        header_row=sheet.row,
        last_row=rows[-1],
        last_column=table.last_column,
        columns=dict(sheet.columns),
        titles=dict(sheet.titles),
    )
    faults = [
        *cell_faults(table, layout, frozenset(rows)),
        *merged_faults(table.merged, layout, frozenset(rows)),
    ]
    return ReadRenewals(frame, layout, tuple(sorted(faults, key=lambda f: (f.row, f.column))))


def _renewal_sheet(book: Book, name: str) -> _Sheet:
    found = [sheet for title in book.sheets if (sheet := _header_of(book, title)) is not None]
    if not found:
        raise NoOrderSheet(
            f"No sheet of {name} looks like a renewal book: no row names the columns customerId "
            "and renew. Put these names above the rows."
        )
    if len(found) > 1:
        raise AmbiguousOrderSheet(
            f"{name} has more than one renewal sheet: "
            f"{' and '.join(sheet.name for sheet in found)}. Keep one of them in the workbook."
        )
    return found[0]


def _header_of(book: Book, title: str) -> _Sheet | None:
    for row, texts in sorted(book.top(title).items()):
        claims: dict[str, list[tuple[int, str]]] = {}
        for place, text in texts.items():
            header = " ".join(text.split())
            column = column_of(header)
            if column:
                claims.setdefault(column, []).append((place, header))
        if not claims.keys() >= _NEEDED:
            continue
        for column, places in claims.items():
            if len(places) > 1:
                cells = " and ".join(f"{column_letters(p)}{row} ({t})" for p, t in places)
                raise AmbiguousOrderSheet(
                    f"On the sheet {title}, two headers both mean {column}: {cells}. Rename the "
                    "one that does not."
                )
        return _Sheet(
            title,
            row,
            {column: places[0][0] for column, places in claims.items()},
            {column: places[0][1] for column, places in claims.items()},
        )
    return None


def _frame(table: Table, sheet: _Sheet, places: list[int]) -> pd.DataFrame:
    empty = [""] * len(places)
    columns = {
        column: (
            [table.texts[sheet.columns[column]][place] for place in places]
            if column in sheet.columns
            else empty
        )
        for column in RENEWAL_COLUMNS
    }
    frame = pd.DataFrame(columns, dtype="str")
    frame.insert(0, "row", pd.Series([table.rows[place] for place in places], dtype="int64"))
    return frame
