"""Notes (Excel's yellow ones) of ours, kept apart from what a user wrote in the same note.

Our part stands between two lines of its own, below the user's text. By these lines it is found
again and taken out, whoever Excel names as the author by then and wherever the cell was moved.
"""

from __future__ import annotations

import math
import re
from typing import Final

from openpyxl.cell.cell import Cell
from openpyxl.comments import Comment

from flows.workbook.cell_values import legible

AUTHOR: Final = "Orderdrop"
OPENING: Final = "――― Orderdrop ―――"
CLOSING: Final = "―――――――――――――"

WIDTH: Final = 340
_SIGNS_TO_A_LINE: Final = 52
_LINE_HEIGHT: Final = 17
_MARGIN: Final = 14

_OURS: Final = re.compile(
    rf"(?:\r?\n)*{OPENING}\r?\n.*?(?:\r?\n{CLOSING}(?=\r?\n|$)|$(?![\s\S]))", re.DOTALL
)


def add_note(cell: Cell, text: str) -> None:
    """Put our text in a cell's note; a user's own note stays above it."""
    ours = f"{OPENING}\n{legible(text)}\n{CLOSING}"
    present = cell.comment
    if present is None:
        cell.comment = _sized(ours, AUTHOR)
    else:
        cell.comment = _sized(f"{present.text}\n\n{ours}", present.author or "")


def take_note(cell: Cell) -> None:
    """Take our text out of a cell's note; the note goes when nothing of the user's is left."""
    present = cell.comment
    if present is None or OPENING not in present.text:
        return
    rest = _OURS.sub("", present.text)
    cell.comment = _sized(rest, present.author or "") if rest.strip() else None


def _sized(text: str, author: str) -> Comment:
    lines = sum(max(1, math.ceil(len(line) / _SIGNS_TO_A_LINE)) for line in text.splitlines())
    return Comment(text, author, height=lines * _LINE_HEIGHT + _MARGIN, width=WIDTH)
