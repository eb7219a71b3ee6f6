"""Values put into cells so that Excel shows them and never runs or bends them."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.worksheet.worksheet import Worksheet

TEXT_FORMAT: Final = "@"
MONEY_FORMAT: Final = "#,##0.00"
TIME_FORMAT: Final = "yyyy-mm-dd hh:mm"

MOST_CHARACTERS: Final = 32_767
"""What one Excel cell can hold."""

_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FORMULA_SIGNS: Final = ("=", "+", "-", "@")


def legible(text: str) -> str:
    """The text with every sign that a workbook cannot hold shown as a replacement mark."""
    clean = _NOT_IN_XML.sub("\ufffd", text)
    if len(clean) > MOST_CHARACTERS:
        clean = clean[: MOST_CHARACTERS - 1] + "…"
    return clean


def put_text(cell: Cell, text: str) -> None:
    """Write text that stays text, whatever it begins with; empty text empties the cell.

    The quote prefix keeps it text when somebody edits the cell in Excel and presses Enter.
    """
    if not text:
        cell.value = None
        return
    cell.value = legible(text)
    cell.data_type = "s"
    if text.startswith(_FORMULA_SIGNS):
        cell.quotePrefix = True


def put_money(cell: Cell, amount: Decimal | None) -> None:
    """Write an amount as a number; None empties the cell."""
    cell.value = amount


def put_time(cell: Cell, moment: datetime | None, zone: ZoneInfo) -> None:
    """Write a moment as the wall-clock time of `zone`, to the second; Excel knows no time zones."""
    if moment is None:
        cell.value = None
        return
    cell.value = moment.astimezone(zone).replace(tzinfo=None, microsecond=0)


def shown(value: object) -> str:
    """A cell's value as a reader sees it: ids that Excel holds as numbers without ".0"."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def cell_at(sheet: Worksheet, row: int, column: int) -> Cell:
    """The cell at a place; inside merged cells the first one of them, which holds the value."""
    cell = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        for merged in sheet.merged_cells.ranges:
            if cell.coordinate in merged:
                return cell_at(sheet, merged.min_row, merged.min_col)
    assert isinstance(cell, Cell)  # noqa: S101 - a merged cell always belongs to a range
    return cell
