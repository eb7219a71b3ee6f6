"""An empty order sheet with notes, drop-downs and worked examples, to fill in and drop."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

from openpyxl.cell.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from flows.workbook.cell_values import TEXT_FORMAT
from flows.workbook.look import HEADER
from flows.workbook.new_book import dress_header, hairlines, saved, solid
from flows.workbook.template_columns import COLUMNS, EVERY, Kind, TemplateColumn
from flows.workbook.template_examples import EXAMPLES, Example
from schemas.fault_catalogue import CATALOGUE
from schemas.order_sheet import CURRENCIES, ENTERPRISE_MAXIMUM, HIGHEST_LINE_NUMBER
from schemas.order_types import OrderType

ORDERS: Final = "Orders"
EXAMPLES_TAB: Final = "Examples"

_LAST_ROW: Final = 1_048_576
_MADE: Final = datetime(2026, 11, 25, tzinfo=UTC)
"""The day in the workbook's properties: the same template has the same bytes."""

_AUTHOR: Final = "Orderdrop"
_FONT: Final = "Calibri"
_NUMBERS: Final[frozenset[Kind]] = frozenset({"quantity", "line number"})
_LISTS: Final[dict[Kind, tuple[str, ...]]] = {
    "order type": tuple(OrderType),
    "currency": CURRENCIES,
    "yes or no": ("yes", "no"),
}
_SOMETIMES: Final = "5B7083"
"""The fill of headers that only some rows need; the others have the fill of our answers."""

_TITLE: Final = (
    "How the sheet Orders is filled in: one example or more for each kind of order. Nothing on "
    "this tab is ordered."
)
_INTRODUCTION: Final = (
    "The columns stand as on the sheet Orders, so a row can be copied there and changed. Every "
    "row needs what has a dark header; the note on each header of Orders says when the others "
    "are needed."
)


def template() -> bytes:
    """The workbook as bytes, the same ones each time: the sheet Orders and the tab Examples.

    Dropped as it is, it is an empty order sheet: the headers of Examples name the column of
    Orders first ("A: externalReferenceId"), so that reading takes them for no header.
    """
    book = Workbook()
    book.properties.creator = _AUTHOR
    book.properties.created = _MADE.replace(tzinfo=None)
    orders = book.active
    assert isinstance(orders, Worksheet)  # noqa: S101 - a new workbook has one
    orders.title = ORDERS
    orders.sheet_view.tabSelected = True
    _write_orders(orders)
    _write_examples(book.create_sheet(EXAMPLES_TAB))
    return saved(book, _MADE)


def _write_orders(sheet: Worksheet) -> None:
    for place, column in enumerate(COLUMNS, start=1):
        header = sheet.cell(1, place, column.name)
        assert isinstance(header, Cell)  # noqa: S101 - nothing is merged here
        _dress_header(header, column)
        header.comment = _note(column.note)
        letter = get_column_letter(place)
        # A format of the whole column: ids keep their zeros in whichever row they are typed.
        sheet.column_dimensions[letter].number_format = _number_format(column)
        sheet.column_dimensions[letter].alignment = _alignment(column)
        _add_rule(sheet, column, f"{letter}2:{letter}{_LAST_ROW}")
    _set_widths(sheet, 1)
    sheet.row_dimensions[1].height = 24
    sheet.freeze_panes = "B2"
    _set_printing(sheet, header_row=1)


def _write_examples(sheet: Worksheet) -> None:
    sheet.cell(1, 1, _TITLE).font = Font(name=_FONT, bold=True, sz=12)
    sheet.cell(2, 1, _INTRODUCTION)
    header_row = 4
    for place, column in enumerate(COLUMNS, start=1):
        header = sheet.cell(header_row, place, f"{get_column_letter(place)}: {column.name}")
        assert isinstance(header, Cell)  # noqa: S101 - nothing is merged here
        _dress_header(header, column)
    row = header_row + 1
    for example in EXAMPLES:
        row = _write_example(sheet, example, row)
    _set_widths(sheet, header_row)
    sheet.row_dimensions[header_row].height = 24
    sheet.freeze_panes = f"B{header_row + 1}"
    _set_printing(sheet, header_row)


def _write_example(sheet: Worksheet, example: Example, row: int) -> int:
    """The words of an example and its rows below them; returns the next free row."""
    for place in range(1, len(COLUMNS) + 1):
        sheet.cell(row, place).fill = solid(HEADER.tint)
    sheet.cell(row, 1, example.words).font = Font(name=_FONT, bold=True, sz=11)
    for number, cells in enumerate(example.rows, start=row + 1):
        for place, column in enumerate(COLUMNS, start=1):
            cell = sheet.cell(number, place, cells.get(column.name))
            cell.number_format = _number_format(column)
            cell.alignment = _alignment(column)
            cell.border = hairlines()
    return row + 1 + len(example.rows)


def _number_format(column: TemplateColumn) -> str:
    return "0" if column.kind in _NUMBERS else TEXT_FORMAT


def _alignment(column: TemplateColumn) -> Alignment:
    return Alignment(horizontal="center" if column.kind in _NUMBERS else "left")


def _dress_header(cell: Cell, column: TemplateColumn) -> None:
    dress_header(cell)
    cell.alignment = Alignment(horizontal="left", vertical="center")
    if column.needed_for != EVERY:
        cell.fill = solid(_SOMETIMES)


def _note(text: str) -> Comment:
    """A note that shows all of its text; sizes in points."""
    lines = sum(max(1, math.ceil(len(line) / 48)) for line in text.splitlines())
    return Comment(text, _AUTHOR, width=340, height=lines * 17 + 14)


def _add_rule(sheet: Worksheet, column: TemplateColumn, cells: str) -> None:
    """A drop-down, or what numbers may be typed; ids and codes are checked when dropped."""
    if column.kind == "text":
        return
    if column.kind in _LISTS:
        rule = DataValidation(type="list", formula1=f'"{",".join(_LISTS[column.kind])}"')
    else:
        lowest, highest = _limits(column.kind)
        rule = DataValidation(
            type="whole", operator="between", formula1=str(lowest), formula2=str(highest)
        )
    rule.sqref = cells
    rule.allow_blank = True
    rule.showErrorMessage = True
    rule.errorStyle = "stop"
    rule.errorTitle = column.name
    rule.error = _what_to_type(column.kind)
    sheet.add_data_validation(rule)


def _limits(kind: Kind) -> tuple[int, int]:
    return (0, HIGHEST_LINE_NUMBER) if kind == "line number" else (1, ENTERPRISE_MAXIMUM)


def _what_to_type(kind: Kind) -> str:
    if kind in _NUMBERS:
        lowest, highest = _limits(kind)
        return f"Type a whole number from {lowest} to {highest:,}."
    codes: dict[Kind, str] = {
        "order type": "ORDER_TYPE_UNKNOWN",
        "currency": "CURRENCY_UNKNOWN",
        "yes or no": "YES_OR_NO",
    }
    return CATALOGUE[codes[kind]].hint


def _set_widths(sheet: Worksheet, header_row: int) -> None:
    for place, column in enumerate(COLUMNS, start=1):
        title = len(str(sheet.cell(header_row, place).value))
        width = max(column.width, 1.2 * title)
        sheet.column_dimensions[get_column_letter(place)].width = width


def _set_printing(sheet: Worksheet, header_row: int) -> None:
    """Landscape, two pages wide, with the header and the reference on each of them."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth = 2
    sheet.page_setup.fitToHeight = 0
    sheet.print_title_rows = f"{header_row}:{header_row}"
    sheet.print_title_cols = "A:A"
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.oddFooter.center.text = "&A, page &P of &N"  # type: ignore[union-attr]  # always there
