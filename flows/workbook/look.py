"""Colours and cell looks of what we write into a workbook.

The quieter the news, the lighter the tone: the four strong tones differ in lightness, so they
can be told apart in grey print and by the colour-blind, and the word always stands in the cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Final

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from schemas.outcomes import State


@dataclass(frozen=True, slots=True)
class Tone:
    """One colour of answer: `strong` with `ink` on it for the word, `tint` for the rest of the row.

    Each is six hexadecimal digits, RGB.
    """

    strong: str
    ink: str
    tint: str


RED: Final = Tone("B3261E", "FFFFFF", "FBE6E4")
BLUE: Final = Tone("6FA3D8", "000000", "E6F0FA")
AMBER: Final = Tone("FFC845", "000000", "FFF5DB")
GREEN: Final = Tone("D3EED6", "000000", "F2FAF3")

TONES: Final[Mapping[State, Tone]] = {
    State.HELD: RED,
    State.NEEDS_APPROVAL: AMBER,
    State.PREVIEWED: BLUE,
    State.IN_DOUBT: AMBER,
    State.OPEN: BLUE,
    State.DONE: GREEN,
    State.FAILED: RED,
    State.REFUSED: RED,
    State.PLACED_BEFORE: AMBER,
}
"""The colour of each state (docs/design.md, States of an order)."""

HEADER: Final = Tone("2F3E4E", "FFFFFF", "E9EDF1")
PRACTICE: Final = Tone("FFC845", "000000", "FFF5DB")

FAULT_FILL: Final = "FFC9C4"
FAULT_LINE: Final = "B3261E"
WARNING_FILL: Final = "FFEFB8"
WARNING_LINE: Final = "9A6700"

HAIRLINE: Final = Side(style="thin", color="D5DADF")
_EDGE: Final = Side(style="medium", color=HEADER.strong)


def solid(colour: str) -> PatternFill:
    """A plain fill of one colour (six hexadecimal digits)."""
    return PatternFill("solid", start_color=colour, end_color=colour)


def frame(colour: str, style: str = "medium") -> Border:
    """A border of one colour on all four sides."""
    side = Side(style=style, color=colour)  # type: ignore[arg-type]  # the stub wants a literal
    return Border(left=side, right=side, top=side, bottom=side)


def answer_border(*, first: bool) -> Border:
    """Hairlines round an answer cell; our first column is set off from the user's by a bar."""
    return Border(left=_EDGE if first else HAIRLINE, right=HAIRLINE, top=HAIRLINE, bottom=HAIRLINE)


def dress_header(cell: Cell, *, first: bool = False) -> None:
    """Make a cell look like one of our column headers."""
    cell.font = Font(name=cell.font.name, sz=cell.font.sz, bold=True, color=HEADER.ink)
    cell.fill = solid(HEADER.strong)
    cell.border = answer_border(first=first)
    cell.alignment = Alignment(horizontal="left", vertical="center", wrap_text=True)


def undress(cell: Cell) -> None:
    """Take every format off a cell that is ours."""
    cell.style = "Normal"


def dress_like(cell: Cell, model: Cell) -> None:
    """Give a cell the whole look of another one of the same workbook.

    openpyxl looks up every part of a format again when it is assigned by itself; copying the
    finished index keeps a sheet of many thousand rows quick.
    """
    cell._style = copy(model._style)  # type: ignore[attr-defined]  # noqa: SLF001
