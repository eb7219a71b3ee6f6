"""Colours and cell looks of what we write into a workbook.

The quieter the news, the lighter the tone: the four strong tones differ in lightness, so they
can be told apart in grey print and by the colour-blind, and the word always stands in the cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

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

APPROVABLE: Final = frozenset({TONES[State.NEEDS_APPROVAL], TONES[State.PREVIEWED]})
"""Tones of rows beside which somebody may have something to fill in."""

READY: Final = Tone("E9EDF1", "000000", "F6F8FA")
"""Of orders that were only checked and can be sent."""

WATCH: Final = Tone("FFEFB8", "000000", "FFF5DB")
"""Of what holds no order and is worth a look."""

INK: Final = "000000"
QUIET: Final = "5A6672"
LINK: Final = "0B57A4"

HEADER: Final = Tone("2F3E4E", "FFFFFF", "E9EDF1")
PRACTICE: Final = Tone("FFC845", "000000", "FFF5DB")

FAULT_FILL: Final = "FFC9C4"
FAULT_LINE: Final = "B3261E"
WARNING_FILL: Final = "FFEFB8"
WARNING_LINE: Final = "9A6700"


@dataclass(frozen=True, slots=True)
class Line:
    """One side of a border: Excel's word for the style ("thin") and a colour."""

    style: str
    colour: str


@dataclass(frozen=True, slots=True)
class Border:
    """The border of a cell; None is no line."""

    left: Line | None = None
    right: Line | None = None
    top: Line | None = None
    bottom: Line | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """The whole look of a cell. No `font` is the workbook's own, no `fill` none.

    `size` in points (0: the workbook's own); colours are six hexadecimal digits; `indent` is the
    room (signs) kept free at the side where the text begins or a number ends; `quoted` cells stay
    text when somebody edits them.
    """

    font: str = ""
    size: float = 0
    bold: bool = False
    underlined: bool = False
    ink: str = ""
    fill: str = ""
    border: Border = Border()
    horizontal: str = ""
    vertical: str = ""
    indent: int = 0
    wrapped: bool = False
    number_format: str = "General"
    quoted: bool = False


HAIRLINE: Final = Line("thin", "D5DADF")
_EDGE: Final = Line("medium", HEADER.strong)


def frame(colour: str, style: str = "medium") -> Border:
    """A border of one colour on all four sides."""
    line = Line(style, colour)
    return Border(line, line, line, line)


def answer_border(*, first: bool) -> Border:
    """Hairlines round an answer cell; our first column is set off from the user's by a bar."""
    return Border(left=_EDGE if first else HAIRLINE, right=HAIRLINE, top=HAIRLINE, bottom=HAIRLINE)


def input_look(font: str, size: float, vertical: str) -> Look:
    """A cell of ours that is there to be filled in: white, in a frame."""
    return Look(
        font=font,
        size=size,
        fill="FFFFFF",
        border=frame(HEADER.strong, "thin"),
        horizontal="center",
        vertical=vertical,
    )


def header_look(*, first: bool = False) -> Look:
    """The look of one of our column headers."""
    return Look(
        bold=True,
        ink=HEADER.ink,
        fill=HEADER.strong,
        border=answer_border(first=first),
        horizontal="left",
        vertical="center",
        wrapped=True,
    )
