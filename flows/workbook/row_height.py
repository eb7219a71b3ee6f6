"""Rows high enough for wrapped text: readers of a file do not all work that out on opening."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap
from typing import Final

from openpyxl.worksheet.worksheet import Worksheet

_LINE: Final = 1.36
"""Height of a line for each point of the font's size."""

_SIGNS: Final = 1.05
"""Signs of prose that fit into one unit of a column's width."""

_HIGHEST: Final = 409.0
"""Excel's own limit."""


def lines_of(text: str, width: float) -> int:
    """Lines that a wrapped text takes in a column of a width."""
    room = max(8, int(width * _SIGNS))
    return sum(max(1, len(wrap(part, room))) for part in text.split("\n"))


def make_room(
    sheet: Worksheet, row: int, texts: Iterable[tuple[str, float]], size: float = 11
) -> None:
    """Raise a row so that each (text, column width) is seen whole; never lower it."""
    lines = max((lines_of(text, width) for text, width in texts if text), default=1)
    if lines < 2:
        return
    height = min(_HIGHEST, round(lines * size * _LINE + 2, 1))
    dimension = sheet.row_dimensions[row]
    if dimension.height is None or dimension.height < height:
        dimension.height = height
