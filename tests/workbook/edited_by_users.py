"""What people do to a reconciled workbook before they drop it in again.

Done with openpyxl, which like Excel keeps our defined names and nothing of our marks; where a
column goes, its defined name goes along, as in Excel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from copy import copy
from io import BytesIO

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

SHEET = "My orders"
_COLUMN = re.compile(r"\$([A-Z]+):\$[A-Z]+$")

Edit = Callable[[Workbook, Worksheet], None]


def edited(content: bytes, *edits: Edit) -> bytes:
    """The workbook after somebody worked on it and saved it."""
    book = load_workbook(BytesIO(content))
    for edit in edits:
        sheet = book[SHEET]
        assert isinstance(sheet, Worksheet)
        edit(book, sheet)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def column_of(sheet: Worksheet, title: str, header_row: int = 2) -> int:
    """Where the column of a title stands."""
    return next(cell.column for cell in sheet[header_row] if cell.value == title)


def with_rows(order: Callable[[list[int]], Sequence[int | None]], first: int = 3) -> Edit:
    """Rows in another order, fewer, or new ones (None); `order` is given their numbers.

    Rows above `first`, where the order rows begin, stay where they are.
    """

    def edit(_: Workbook, sheet: Worksheet) -> None:
        numbers = list(range(first, sheet.max_row + 1))
        _arrange(sheet, [*range(1, first), *order(numbers)], list(range(1, sheet.max_column + 1)))

    return edit


def with_columns(order: Callable[[list[int]], Sequence[int | None]]) -> Edit:
    """Columns in another order, fewer, or new ones (None); defined names follow."""

    def edit(book: Workbook, sheet: Worksheet) -> None:
        columns = order(list(range(1, sheet.max_column + 1)))
        _arrange(sheet, list(range(1, sheet.max_row + 1)), columns)
        for name in book.defined_names.values():
            found = _COLUMN.search(name.attr_text)
            if not found:
                continue
            before = column_index_from_string(found[1])
            if before in columns:
                letter = get_column_letter(columns.index(before) + 1)
                name.attr_text = _COLUMN.sub(f"${letter}:${letter}", name.attr_text)
            else:
                name.attr_text = "#REF!"

    return edit


def _arrange(sheet: Worksheet, rows: Sequence[int | None], columns: Sequence[int | None]) -> None:
    before = {(cell.row, cell.column): cell for row in sheet.iter_rows() for cell in row}
    held = {
        place: (cell.value, copy(cell._style), cell.comment)
        for place, cell in before.items()
        if isinstance(cell, Cell)
    }
    sheet.delete_rows(1, sheet.max_row)
    for row, old_row in enumerate(rows, start=1):
        for column, old_column in enumerate(columns, start=1):
            if old_row is None or old_column is None or (old_row, old_column) not in held:
                continue
            cell = sheet.cell(row, column)
            cell.value, cell._style, comment = held[old_row, old_column]
            if comment is not None:
                cell.comment = copy(comment)


def with_cell(address: str, value: object) -> Edit:
    """One cell typed over."""

    def edit(_: Workbook, sheet: Worksheet) -> None:
        sheet[address] = value

    return edit


def with_filter(hidden: int) -> Edit:
    """A filter over the sheet that hides a row."""

    def edit(_: Workbook, sheet: Worksheet) -> None:
        sheet.auto_filter.ref = f"A2:{get_column_letter(sheet.max_column)}{sheet.max_row}"
        sheet.row_dimensions[hidden].hidden = True

    return edit


def with_title(title: str, other: str) -> Edit:
    """A header renamed."""

    def edit(_: Workbook, sheet: Worksheet) -> None:
        sheet.cell(2, column_of(sheet, title)).value = other

    return edit


def with_own_column(title: str, values: Sequence[object]) -> Edit:
    """A column of the user's own right of everything."""

    def edit(_: Workbook, sheet: Worksheet) -> None:
        column = sheet.max_column + 1
        for row, value in enumerate((title, *values), start=2):
            sheet.cell(row, column).value = value  # type: ignore[assignment]

    return edit


def without_sheet(title: str) -> Edit:
    """A sheet deleted; names that led to it lead nowhere."""

    def edit(book: Workbook, _: Worksheet) -> None:
        del book[title]
        for name in book.defined_names.values():
            if name.attr_text.startswith((f"{title}!", f"'{title}'!")):
                name.attr_text = "#REF!"

    return edit


def as_a_copy(book: Workbook, sheet: Worksheet) -> None:
    """The sheet is a copy, and the one it was made from is gone.

    Excel gives a copied sheet names of its own; those of the workbook lead nowhere afterwards.
    """
    for name in book.defined_names.values():
        if name.attr_text.startswith(f"'{SHEET}'!"):
            sheet.defined_names[name.name] = copy(name)
            name.attr_text = "#REF!"
