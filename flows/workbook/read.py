"""Reading the order sheet of a workbook, cell by cell, into text with Excel's row numbers."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from flows.workbook.books import opened
from flows.workbook.cell_faults import ONE_FOR_ALL, cell_faults, merged_faults
from flows.workbook.errors import (
    AmbiguousOrderSheet,
    EmptyOrderSheet,
    NoOrderSheet,
    NoRoomForAnswers,
)
from flows.workbook.header import Header, find_header
from flows.workbook.our_marks import APPROVE, OUR_SHEETS, SUBMISSION, defined_name
from flows.workbook.parts import column_index, read_bytes, sheet_of
from flows.workbook.table import Book, Table, Wanted, storable
from schemas.columns import ORDER_COLUMNS, RESULT_COLUMNS
from schemas.faults import Fault
from schemas.sheet_layout import SheetLayout, column_letters

_KEYS: Final = (
    "externalReferenceId",
    "customerId",
    "orderType",
    "referenceOrderId",
    "offerId",
    "subscriptionId",
)
"""A row with two of these is an order row, and so is one with a product code; the table ends
at the last such row.
"""

_OFFER: Final = re.compile(r"\s*[0-9]{8}[A-Za-z]{2}")

_IDS: Final = (
    "externalReferenceId",
    "customerId",
    "referenceOrderId",
    "subscriptionId",
    "deploymentId",
    "cancellingSubscriptionId",
)

LAST_COLUMN: Final = 16_384
"""XFD: Excel has no further one."""

_NAMED: Final = 10
"""Rows that a note names one by one."""


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """The order sheet of one workbook.

    frame: one row per order row; `row` (int, Excel's number), one text column for each of
    ORDER_COLUMNS ("" when empty or when the sheet has no such column), `earlierOrderId`
    (what stands in our own Order ID column of a workbook that was reconciled before).
    faults: cells whose value cannot be known. notes: sentences for the Summary. came_from: the
    submission whose prices the workbook shows, "" for none; last_author: who saved it last, as
    far as the file says.
    """

    frame: pd.DataFrame
    layout: SheetLayout
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]
    came_from: str = ""
    last_author: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """A sheet with a header row: what it holds, where our own columns stand, its order rows.

    `orders` are the places of the order rows in `table.rows`.
    """

    name: str
    table: Table
    header: Header
    ours: dict[str, int]
    orders: Sequence[int]


def read_order_sheet(path: Path, own_headers: Mapping[str, str] | None = None) -> ReadSheet:
    """Read the workbook at `path`; `own_headers` maps a company's headers to order columns.

    Raises a WorkbookError when there is nothing to read orders from.
    """
    return read_content(read_bytes(path), path.name, own_headers)


def read_content(
    content: bytes, name: str, own_headers: Mapping[str, str] | None = None
) -> ReadSheet:
    """Read a workbook from its bytes; `name` is for what is said. Raises WorkbookError."""
    with opened(content, name) as book:
        found = _order_sheet(book, name, own_headers or {})
        came_from = book.names.get(defined_name(SUBMISSION), "").strip('"')
        last_author = book.last_author
    layout = _layout(found)
    _check_room(layout, name)
    frame = _frame(found)
    rows = frozenset(found.table.rows[place] for place in found.orders)
    faults = [
        *cell_faults(found.table, layout, rows),
        *merged_faults(found.table.merged, layout, rows),
    ]
    place = {column: number for number, column in enumerate(ORDER_COLUMNS)}
    faults.sort(key=lambda fault: (fault.row, place[fault.column]))
    notes = _notes(found, layout, name)
    return ReadSheet(frame, layout, tuple(faults), notes, came_from, last_author)


def _order_sheet(book: Book, name: str, own_headers: Mapping[str, str]) -> _Found:
    ours = {sheet_of(book.names.get(defined_name(word), "")) for word in OUR_SHEETS}
    theirs = [sheet for sheet in book.sheets if sheet not in ours]
    sheets = [found for sheet in theirs if (found := _with_header(book, sheet, own_headers))]
    if not sheets:
        raise NoOrderSheet(
            f"No sheet of {name} looks like an order sheet: no row names columns such as "
            "externalReferenceId, customerId and offerId. Put these names above the orders."
        )
    with_orders = [sheet for sheet in sheets if sheet.orders]
    if len(with_orders) > 1:
        raise AmbiguousOrderSheet(
            f"{name} has more than one order sheet: "
            f"{' and '.join(sheet.name for sheet in with_orders)}. Keep one of them in the "
            "workbook and drop the other as a workbook of its own."
        )
    if not with_orders:
        raise EmptyOrderSheet(
            f"The sheet {sheets[0].name} of {name} has a header (row {sheets[0].header.row}) but "
            "no orders below it; nothing to do."
        )
    return with_orders[0]


def _with_header(book: Book, sheet: str, own_headers: Mapping[str, str]) -> _Found | None:
    named = {
        column: place
        for column in (*RESULT_COLUMNS, APPROVE)
        if (reference := book.names.get(defined_name(column), ""))
        and sheet_of(reference) == sheet
        and (place := column_index(reference))
    }
    approve = named.pop(APPROVE, None)
    ours = named
    header = find_header(book.top(sheet), sheet, set(ours.values()), own_headers)
    if header is None:
        return None
    if approve and APPROVE not in header.columns and approve not in header.columns.values():
        # It was renamed, and is filled in all the same.
        title = book.top(sheet).get(header.row, {}).get(approve, APPROVE)
        header = header.with_column(APPROVE, approve, title)
    places = set(header.columns.values())
    ids = frozenset(header.columns[column] for column in _IDS if column in header.columns)
    evidence = {ours["Order ID"]} if "Order ID" in ours else set()
    table = storable(book.table(sheet, Wanted(tuple(sorted(places | evidence)), ids)))
    table = _with_merged_values(table, header)
    return _Found(sheet, table, header, ours, _order_rows(table, header))


def _with_merged_values(table: Table, header: Header) -> Table:
    """The value of a merged cell on every row it spans, where it can mean nothing else."""
    places = {header.columns.get(column, 0) for column in ONE_FOR_ALL}
    changed: dict[int, list[str]] = {}
    reached = dict.fromkeys(places, 0)
    for span in sorted(table.merged, key=lambda span: span.first_row):
        place = span.first_column
        if span.last_column != place or place not in places:
            continue
        first = bisect_left(table.rows, span.first_row)
        last = bisect_left(table.rows, span.last_row + 1)
        # Only in a harmful file do merged cells overlap.
        if reached[place] <= first < last and table.rows[first] == span.first_row:
            reached[place] = last
            texts = changed.setdefault(place, list(table.texts[place]))
            texts[first:last] = [texts[first]] * (last - first)
    return table.with_texts(changed) if changed else table


def _order_rows(table: Table, header: Header) -> Sequence[int]:
    """Places (in `table.rows`) of the orders, blank rows and what follows the table left out."""
    first = bisect_left(table.rows, header.row + 1)
    keys = [table.texts[header.columns[key]] for key in _KEYS if key in header.columns]
    offers = table.texts.get(header.columns.get("offerId", 0))

    def is_order(place: int) -> bool:
        if offers and _OFFER.match(offers[place]):
            return True
        return sum(bool(texts[place]) for texts in keys) > 1

    after = len(table.rows)
    while after > first and not is_order(after - 1):
        after -= 1
    columns = [table.texts[place] for place in header.columns.values()]
    return [place for place in range(first, after) if any(texts[place] for texts in columns)]


def _layout(found: _Found) -> SheetLayout:
    rows, header = found.table.rows, found.header
    return SheetLayout(
        sheet=found.name,
        header_row=header.row,
        last_row=rows[found.orders[-1]],
        last_column=found.table.last_column,
        columns=header.columns,
        titles=header.titles,
        result_columns=found.ours,
        left_alone=tuple(rows[found.orders[-1] + 1 :]),
    )


def _check_room(layout: SheetLayout, name: str) -> None:
    # One more, where there may be something to approve.
    missing = len(RESULT_COLUMNS) - len(layout.result_columns) + (APPROVE not in layout.columns)
    if layout.last_column + missing > LAST_COLUMN:
        raise NoRoomForAnswers(
            f"The sheet {layout.sheet} of {name} holds something in column "
            f"{column_letters(layout.last_column)}, so there is no room for the answers to the "
            "right of it. Empty or delete the columns far to the right and drop it again."
        )


def _frame(found: _Found) -> pd.DataFrame:
    table, orders = found.table, found.orders
    empty = [""] * len(orders)
    whole = len(orders) == orders[-1] - orders[0] + 1

    def texts(place: int | None) -> Sequence[str]:
        if not place:
            return empty
        column = table.texts[place]
        if whole:
            return column[orders[0] : orders[-1] + 1]
        return [column[order] for order in orders]

    columns = {column: texts(found.header.columns.get(column)) for column in ORDER_COLUMNS}
    columns["earlierOrderId"] = texts(found.ours.get("Order ID"))
    frame = pd.DataFrame(columns, dtype="str")
    rows = pd.Series([table.rows[order] for order in orders], dtype="int64")
    frame.insert(0, "row", rows)
    return frame


def _notes(found: _Found, layout: SheetLayout, name: str) -> tuple[str, ...]:
    notes: list[str] = []
    if layout.left_alone:
        rows = ", ".join(str(number) for number in layout.left_alone[:_NAMED])
        more = " and more" if len(layout.left_alone) > _NAMED else ""
        plural = "Rows" if len(layout.left_alone) > 1 else "Row"
        verb = "hold no order and were" if plural == "Rows" else "holds no order and was"
        notes.append(f"{plural} {rows}{more} below the orders of {name} {verb} left alone.")
    table = found.table
    hidden = [table.rows[p] for p in found.orders if table.rows[p] in table.hidden]
    if len(hidden) == 1:
        notes.append(f"Row {hidden[0]} is hidden and was read like any other.")
    elif hidden:
        notes.append(f"Rows {_listed(hidden)} are hidden and were read like any other.")
    return tuple(notes)


def _listed(rows: Sequence[int]) -> str:
    """7, 9 and 12; of many the first ten and how many more there are."""
    told = [str(row) for row in rows[:_NAMED]]
    if len(rows) > _NAMED:
        return f"{', '.join(told)} and {len(rows) - _NAMED} more"
    return f"{', '.join(told[:-1])} and {told[-1]}"
