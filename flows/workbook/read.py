"""Reading the order sheet of a workbook, cell by cell, into text with Excel's row numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Final

import pandas as pd
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from flows.workbook.cells import Cell, cell_text, has_lost_digits
from flows.workbook.errors import (
    AmbiguousOrderSheet,
    EmptyOrderSheet,
    NoOrderSheet,
    NoRoomForAnswers,
    NotAWorkbook,
)
from flows.workbook.our_marks import defined_name
from flows.workbook.parts import (
    BookNames,
    MergedRange,
    book_names,
    column_index,
    merged_ranges,
    open_package,
    read_bytes,
    sheet_of,
    unreadable_cells,
)
from schemas.columns import ORDER_COLUMNS, RESULT_COLUMNS, claim_of
from schemas.faults import Fault
from schemas.sheet_layout import SheetLayout, column_letters

ENOUGH: Final = 3
"""Order columns that make a row the header."""

_NAMING: Final = ("externalReferenceId", "customerId", "offerId")
"""At least one of these is among them."""

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

_HEADER_WITHIN: Final = 200
"""Rows from the top in which a header is looked for."""


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """The order sheet of one workbook.

    frame: one row per order row; `row` (int, Excel's number), one text column for each of
    ORDER_COLUMNS ("" when empty or when the sheet has no such column), `earlierOrderId`
    (what stands in our own Order ID column of a workbook that was reconciled before).
    faults: cells whose value cannot be known. notes: sentences for the Summary.
    """

    frame: pd.DataFrame
    layout: SheetLayout
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Header:
    row: int
    columns: dict[str, int]
    titles: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Found:
    """A sheet with a header row: its cells from A1, and where our own columns stand."""

    name: str
    cells: Sequence[Sequence[Cell]]
    header: _Header
    ours: dict[str, int]
    order_rows: tuple[int, ...]


def read_order_sheet(path: Path, own_headers: Mapping[str, str] | None = None) -> ReadSheet:
    """Read the workbook at `path`; `own_headers` maps a company's headers to order columns.

    Raises a WorkbookError when there is nothing to read orders from.
    """
    return read_content(read_bytes(path), path.name, own_headers)


def read_content(
    content: bytes, name: str, own_headers: Mapping[str, str] | None = None
) -> ReadSheet:
    """Read a workbook from its bytes; `name` is for what is said. Raises WorkbookError."""
    with open_package(content, name) as package:
        names = book_names(package)
        found = _order_sheet(content, name, names, own_headers or {})
        part = names.sheets.get(found.name, "")
        has_part = part in package.namelist()
        unreadable = unreadable_cells(package, part) if has_part else {}
        merged = merged_ranges(package, part) if has_part else ()
    found = _with_merged_values(found, merged)
    layout = _layout(found)
    _check_room(layout, name)
    frame = _frame(found)
    faults = (*_faults(found, layout, unreadable), *_merged_faults(found, layout, merged))
    in_order = tuple(sorted(faults, key=lambda fault: fault.row))
    return ReadSheet(frame, layout, in_order, _notes(layout, name))


def _check_room(layout: SheetLayout, name: str) -> None:
    missing = len(RESULT_COLUMNS) - len(layout.result_columns)
    if layout.last_column + missing > LAST_COLUMN:
        raise NoRoomForAnswers(
            f"The sheet {layout.sheet} of {name} holds something in column "
            f"{column_letters(layout.last_column)}, so there is no room for the answers to the "
            "right of it. Empty or delete the columns far to the right and drop it again."
        )


def _order_sheet(
    content: bytes, name: str, names: BookNames, own_headers: Mapping[str, str]
) -> _Found:
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(content))
        sheets = [
            found
            for sheet_name in book.sheet_names
            if (
                found := _with_header(
                    book.get_sheet_by_name(sheet_name), sheet_name, names, own_headers
                )
            )
        ]
    except (CalamineError, ValueError, OSError):
        raise NotAWorkbook(
            f"{name} cannot be read as an Excel workbook; open it in Excel, save it again and "
            "drop it again."
        ) from None
    if not sheets:
        raise NoOrderSheet(
            f"No sheet of {name} looks like an order sheet: no row names columns such as "
            "externalReferenceId, customerId and offerId. Put these names above the orders."
        )
    with_orders = [sheet for sheet in sheets if sheet.order_rows]
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


def _with_header(
    sheet: CalamineSheet, name: str, names: BookNames, own_headers: Mapping[str, str]
) -> _Found | None:
    cells = sheet.to_python(skip_empty_area=False)
    ours = {
        column: place
        for column in RESULT_COLUMNS
        if (reference := names.names.get(defined_name(column), ""))
        and sheet_of(reference) == name
        and (place := column_index(reference))
    }
    for number, row in enumerate(cells[:_HEADER_WITHIN], start=1):
        header = _header(row, number, name, set(ours.values()), own_headers)
        if header:
            return _Found(name, cells, header, ours, _order_rows(cells, header))
    return None


def _header(
    row: Sequence[Cell],
    number: int,
    sheet: str,
    not_theirs: set[int],
    own_headers: Mapping[str, str],
) -> _Header | None:
    """The header if this row is one. The API's own name outranks another spelling."""
    claims: dict[str, list[tuple[int, int, str]]] = {}
    for place, value in enumerate(row, start=1):
        if isinstance(value, str) and place not in not_theirs:
            title = " ".join(cell_text(value).split())
            claim = claim_of(title, own_headers)
            if claim:
                claims.setdefault(claim.column, []).append((claim.rank, place, title))
    if len(claims) < ENOUGH or not any(column in claims for column in _NAMING):
        return None
    columns: dict[str, int] = {}
    titles: dict[str, str] = {}
    for column, claimants in claims.items():
        claimants.sort()
        best = [claimant for claimant in claimants if claimant[0] == claimants[0][0]]
        if len(best) > 1:
            cells = " and ".join(f"{column_letters(p)}{number} ({t})" for _, p, t in best)
            raise AmbiguousOrderSheet(
                f"On the sheet {sheet}, two headers both mean {column}: {cells}. Rename the one "
                "that does not."
            )
        columns[column], titles[column] = best[0][1], best[0][2]
    return _Header(number, columns, titles)


def _order_rows(cells: Sequence[Sequence[Cell]], header: _Header) -> tuple[int, ...]:
    """Numbers of the rows that are orders, blank ones and what follows the table left out."""
    filled: list[tuple[int, bool]] = []
    places = tuple(header.columns.values())
    keys = tuple(header.columns[key] for key in _KEYS if key in header.columns)
    offer = header.columns.get("offerId", 0)
    for number in range(header.row + 1, len(cells) + 1):
        row = cells[number - 1]
        if any(_at(row, place) for place in places):
            named = sum(bool(_at(row, place)) for place in keys) > 1
            sells = bool(offer and _OFFER.match(_at(row, offer)))
            filled.append((number, named or sells))
    last = max((number for number, is_order in filled if is_order), default=0)
    return tuple(number for number, _ in filled if number <= last)


def _at(row: Sequence[Cell], place: int) -> str:
    return cell_text(row[place - 1]) if place <= len(row) else ""


def _layout(found: _Found) -> SheetLayout:
    cells, header = found.cells, found.header
    last_row = found.order_rows[-1]
    last_column = max(
        (place for row in cells for place, value in enumerate(row, start=1) if cell_text(value)),
        default=0,
    )
    left_alone = tuple(
        number
        for number in range(last_row + 1, len(cells) + 1)
        if any(cell_text(value) for value in cells[number - 1])
    )
    return SheetLayout(
        sheet=found.name,
        header_row=header.row,
        last_row=last_row,
        last_column=last_column,
        columns=header.columns,
        titles=header.titles,
        result_columns=found.ours,
        left_alone=left_alone,
    )


def _frame(found: _Found) -> pd.DataFrame:
    rows = found.order_rows
    columns: dict[str, list[str]] = {}
    evidence = found.ours.get("Order ID")
    for column in ORDER_COLUMNS:
        place = found.header.columns.get(column)
        columns[column] = [_at(found.cells[n - 1], place) if place else "" for n in rows]
    columns["earlierOrderId"] = [
        _at(found.cells[n - 1], evidence) if evidence else "" for n in rows
    ]
    frame = pd.DataFrame(columns, dtype="str")
    frame.insert(0, "row", pd.Series(rows, dtype="int64"))
    return frame


def _faults(
    found: _Found, layout: SheetLayout, unreadable: Mapping[tuple[int, int], str]
) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    for column, place in found.header.columns.items():
        title = layout.title(column)
        for number in found.order_rows:
            error = unreadable.get((number, place))
            row = found.cells[number - 1]
            value = row[place - 1] if place <= len(row) else ""
            if error is not None:
                code = "CELL_SHOWS_ERROR" if error else "FORMULA_NOT_CALCULATED"
                message = (
                    f"{title} shows the error {error}."
                    if error
                    else f"{title} holds a formula whose result is not stored in the file."
                )
                hint = (
                    f"Mend the formula in {layout.cell(column, number)} or type the value itself."
                    if error
                    else "Open the workbook in Excel, save it and drop it again."
                )
            elif column in _IDS and has_lost_digits(value):
                code = "DIGITS_LOST"
                message = (
                    f"{title} was typed as a number of more than 15 digits; Excel keeps only the "
                    "first 15 and has replaced the rest by zeros."
                )
                hint = "Format the cell as Text, then type the whole number again."
            else:
                continue
            faults.append(
                Fault(
                    sheet=layout.sheet,
                    row=number,
                    column=column,
                    title=title,
                    cell=layout.cell(column, number),
                    value=error or cell_text(value),
                    code=code,
                    message=message,
                    hint=hint,
                )
            )
    return tuple(sorted(faults, key=lambda fault: fault.row))


_ONE_FOR_ALL: Final = (
    "externalReferenceId",
    "customerId",
    "orderType",
    "referenceOrderId",
    "currencyCode",
)
"""Columns in which a merged cell can only mean: the same on every row it spans."""


def _with_merged_values(found: _Found, merged: Sequence[MergedRange]) -> _Found:
    """The value of a merged cell on every row it spans, where it can mean nothing else."""
    places = {found.header.columns.get(column, 0) for column in _ONE_FOR_ALL}
    spans = [m for m in merged if m.first_column == m.last_column and m.first_column in places]
    if not spans:
        return found
    cells = [list(row) for row in found.cells]
    for span in spans:
        place = span.first_column - 1
        for number in range(span.first_row + 1, min(span.last_row, len(cells)) + 1):
            if place < len(cells[number - 1]):
                cells[number - 1][place] = cells[span.first_row - 1][place]
    return replace(found, cells=cells, order_rows=_order_rows(cells, found.header))


def _merged_faults(
    found: _Found, layout: SheetLayout, merged: Sequence[MergedRange]
) -> list[Fault]:
    """Merged cells of which nobody can say what they mean for each row."""
    faults: list[Fault] = []
    rows = frozenset(found.order_rows)
    for column, place in found.header.columns.items():
        for span in merged:
            if not span.first_column <= place <= span.last_column:
                continue
            if span.first_column == span.last_column and column in _ONE_FOR_ALL:
                continue
            title = layout.title(column)
            first = f"{column_letters(span.first_column)}{span.first_row}"
            area = f"{first}:{column_letters(span.last_column)}{span.last_row}"
            faults += [
                Fault(
                    sheet=layout.sheet,
                    row=number,
                    column=column,
                    title=title,
                    cell=layout.cell(column, number),
                    value="",
                    code="MERGED_CELL",
                    message=f"{title} lies in the merged cells {area}; it cannot be told what "
                    "each row is to have.",
                    hint=f"Unmerge {area} and fill in {title} on every row.",
                )
                for number in range(span.first_row, span.last_row + 1)
                if number in rows
            ]
    return faults


def _notes(layout: SheetLayout, name: str) -> tuple[str, ...]:
    if not layout.left_alone:
        return ()
    rows = ", ".join(str(number) for number in layout.left_alone[:10])
    more = " and more" if len(layout.left_alone) > 10 else ""
    plural = "Rows" if len(layout.left_alone) > 1 else "Row"
    verb = "hold no order and were" if plural == "Rows" else "holds no order and was"
    return (f"{plural} {rows}{more} below the orders of {name} {verb} left alone.",)
