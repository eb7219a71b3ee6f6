"""What a cell's number format makes of its number: a date, or an id with leading zeros."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

from flows.workbook.xml_parts import local

BUILT_IN_DATES: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""ECMA-376, 18.8.30; 27 to 36 and 50 to 58 are dates in East Asian Excel."""

_QUOTED: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_DATE_SIGN: Final = re.compile(r"[ymdhs]", re.IGNORECASE)
_TOKEN: Final = re.compile(r'"([^"]*)"|\\(.)|(0)|([-+/():!^&\'~{}<> ])')


@dataclass(frozen=True, slots=True)
class Zeros:
    """A format of zeros and literals ("000-000"), as pieces: None stands for one digit."""

    pieces: tuple[str | None, ...]

    def shown(self, digits: str) -> str:
        """How a whole number looks in it; digits beyond the zeros stand before the first."""
        slots = self.pieces.count(None)
        digits = digits.zfill(slots)
        extra = len(digits) - slots
        text, place = "", 0
        for piece in self.pieces:
            if piece is not None:
                text += piece
                continue
            width = extra + 1 if place == 0 else 1
            text += digits[place : place + width]
            place += width
        return text


@dataclass(frozen=True, slots=True)
class Look:
    """What a style means for reading: whether its numbers are dates, and its zeros if any.

    `code` is the format as Excel writes it, "" where it is not known or does not matter.
    """

    is_date: bool = False
    zeros: Zeros | None = None
    code: str = ""


PLAIN: Final = Look()


def look_of(code: str) -> Look:
    """The look of a format code such as `yyyy-mm-dd` or `00000`."""
    return Look(is_date(code), zeros_of(code), code)


def is_date(code: str) -> bool:
    """Whether a format shows a number as a date or a time."""
    first = _QUOTED.sub("", code.split(";", maxsplit=1)[0])
    return "general" not in first.lower() and _DATE_SIGN.search(first) is not None


def zeros_of(code: str) -> Zeros | None:
    """The zeros of a format of zeros and literals alone, None for every other format."""
    pieces: list[str | None] = []
    place = 0
    while place < len(code) and code[place] != ";":
        token = _TOKEN.match(code, place)
        if token is None:
            return None
        quoted, escaped, zero, sign = token.groups()
        pieces.append(None if zero else quoted or escaped or sign or "")
        place = token.end()
    if not pieces or None not in pieces or pieces == [None]:
        return None
    return Zeros(tuple(pieces))


class StyleReader:
    """Collects the looks of the cell formats from a styles part, in the order of its `cellXfs`."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self._codes: dict[int, str] = {}
        self._in_cell_formats = False

    def listen(self, parser: expat.XMLParserType) -> None:
        """Be told of the elements."""
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local(tag)
        if name == "numFmt":
            self._codes[int(attributes.get("numFmtId", 0))] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._in_cell_formats = True
        elif name == "xf" and self._in_cell_formats:
            number = int(attributes.get("numFmtId", 0))
            if number in self._codes:
                self.looks.append(look_of(self._codes[number]))
            else:
                self.looks.append(Look(is_date=number in BUILT_IN_DATES))

    def _end(self, tag: str) -> None:
        if local(tag) == "cellXfs":
            self._in_cell_formats = False
