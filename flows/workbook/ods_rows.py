"""The rows of one sheet out of an .ods file's content.xml, as its elements come."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from flows.workbook.areas import LAST_COLUMN, LAST_ROW
from flows.workbook.cell_stream import PlacedCell, SheetRow, Stream, Unknown
from flows.workbook.cell_values import MOST_CHARACTERS
from flows.workbook.cells import Cell
from flows.workbook.errors import NotAWorkbook
from flows.workbook.markup import unescaped
from flows.workbook.number_formats import Look
from flows.workbook.ods_bounds import LONGEST_TEXT, too_long
from flows.workbook.ods_plain import attributes_of, plain_row
from flows.workbook.table import HEADER_WITHIN, MergedRange, Trouble
from flows.workbook.xml_parts import damaged, local

MOST_REPEATED: Final = 1_500_000
"""Cells that a sheet may hold by saying "the same again": a column filled to its end has fewer."""

_REMEMBERED: Final = 10_000
_REPEATED: Final = "number-columns-repeated"
_OF_TEXTS: Final = frozenset({"value-type", "style-name", "content-validation-name"})
_HIDDEN: Final = frozenset({"collapse", "filter"})
_BLANKS: Final = re.compile(r"[ \t\r\n]+")
_ERROR: Final = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)")
_OWN_ERROR: Final = re.compile(r"Err:[0-9]+|#[A-Z/0!?]+")
"""What LibreOffice shows where Excel has no word for it."""

_DURATION: Final = re.compile(r"(-?)P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d+))?S)?")
_NUMBERS: Final = frozenset({"float", "percentage", "currency"})


class _Known(NamedTuple):
    """Attributes of a cell; whether it is one cell of text and nothing more."""

    found: dict[str, str]
    is_text: bool


class OdsRows:
    """Told of all elements of content.xml; keeps what the wanted sheet (from 0) holds.

    Attributes come without their prefixes.
    """

    def __init__(self, sheet: int, look: Callable[[str], Look]) -> None:
        self._ready: list[tuple[SheetRow | MergedRange, int]] = []
        self.done = False
        self._wanted = sheet
        self._look = look
        self._sheet = -1
        self._tables = 0
        self._columns: list[tuple[int, str]] = []
        self._row = 0
        self._row_found: dict[str, str] = {}
        self._cells: list[PlacedCell] = []
        self._place = 0
        self._cell: dict[str, str] | None = None
        self._covered = False
        self._aside = 0
        self._paragraphs: list[str] = []
        self._length = 0
        self._pieces: list[str] | None = None
        self._repeated = 0
        self._remembered: dict[bytes, _Known] = {}
        self._column_looks: dict[int, Look] = {}

    def taken(self) -> Stream:
        """What was found since the last time."""
        for item, count in self._ready:
            yield item
            if isinstance(item, SheetRow):
                for more in range(1, count):
                    yield SheetRow(item.number + more, item.cells, item.hidden)
        self._ready.clear()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        name = local(tag)
        if name == "table":
            self._tables += 1
            self._sheet += self._tables == 1
            self._row = 0
            return
        if self._sheet != self._wanted or self._tables != 1:
            return
        if self._cell is not None:
            self._inside_cell(name, attributes)
        elif name == "table-column":
            found = _plain(attributes)
            count = _times(found, _REPEATED, LAST_COLUMN)
            self._columns.append((count, found.get("default-cell-style-name", "")))
        elif name == "table-row":
            self._row_found = _plain(attributes)
            self._cells = []
            self._place = 0
        elif name in {"table-cell", "covered-table-cell"}:
            self._cell = _plain(attributes)
            self._covered = name != "table-cell"
            self._paragraphs = []
            self._length = 0

    def _inside_cell(self, name: str, attributes: dict[str, str]) -> None:
        if self._aside or (self._pieces is None and name != "p"):
            # Notes and drawings have paragraphs of their own.
            self._aside += 1
        elif name == "p":
            self._pieces = []
        elif self._pieces is not None:
            if name == "s":
                (count,) = attributes.values() or ("1",)
                self._add("\0" * min(int(count), MOST_CHARACTERS))
            elif name == "tab":
                self._add("\1")
            elif name == "line-break":
                self._add("\2")
            elif name in {"annotation", "ruby-text", "frame"}:
                self._aside += 1

    def text(self, value: str) -> None:
        """Text stands there."""
        if self._pieces is not None and not self._aside:
            self._add(value)

    def _add(self, text: str) -> None:
        if self._pieces is not None:
            self._pieces.append(text)
            self._length += len(text)
            if self._length > LONGEST_TEXT:
                raise too_long()

    def end(self, tag: str) -> None:
        """An element ends."""
        name = local(tag)
        if name == "table":
            self._tables -= 1
            self.done = self.done or (not self._tables and self._sheet == self._wanted)
        elif self._sheet != self._wanted or self._tables != 1:
            return
        elif self._aside:
            self._aside -= 1
        elif name == "p" and self._pieces is not None:
            text = _BLANKS.sub(" ", "".join(self._pieces)).strip(" ")
            text = text.replace("\0", " ").replace("\1", "\t").replace("\2", "\n")
            self._paragraphs.append(text)
            self._pieces = None
        elif self._cell is not None and name in {"table-cell", "covered-table-cell"}:
            shown = "\n".join(self._paragraphs) if self._paragraphs else None
            self._take_cell(self._cell, shown, covered=self._covered)
            self._cell = None
        elif name == "table-row":
            self._end_row()

    def take_row(self, row: bytes) -> bool:
        """Take a whole row at once where that can be done; False where it cannot."""
        if self._sheet != self._wanted or self._tables != 1:
            return True
        plain = plain_row(row)
        if plain is None:
            return False
        written, cells = plain
        self._row_found = self._known(written).found
        self._cells = []
        self._place = 0
        for whole, covered, attributes, raw in cells:
            known = self._remembered.get(attributes) or self._known(attributes)
            text = _plain_text(raw) if raw else "" if b"<text:p" in whole else None
            if known.is_text and text and not covered and text[0] != "#":
                self._place += 1
                look = self._look_at(known.found, self._place)
                self._cells.append(PlacedCell(self._place, text, look))
            else:
                self._take_cell(known.found, text, covered=bool(covered))
        self._end_row()
        return True

    def _known(self, written: bytes) -> _Known:
        """Attributes; the same few come again and again."""
        known = self._remembered.get(written)
        if known is None:
            if len(self._remembered) > _REMEMBERED:
                self._remembered.clear()
            found = _plain(attributes_of(written))
            is_text = found.get("value-type") == "string" and found.keys() <= _OF_TEXTS
            known = self._remembered[written] = _Known(found, is_text)
        return known

    def _take_cell(self, found: dict[str, str], text: str | None, *, covered: bool) -> None:
        count = 1
        if _REPEATED in found:
            count = _times(found, _REPEATED, LAST_COLUMN)
        first = self._place + 1
        self._place += count
        if covered:
            return
        if "number-columns-spanned" in found or "number-rows-spanned" in found:
            self._take_merged(found, first)
        value = value_of(found, text) if found else text
        if not value and value in {"", None}:
            return
        if self._place > LAST_COLUMN:
            raise damaged()
        look = self._look_at(found, first)
        if count == 1:
            self._cells.append(PlacedCell(first, value, look))
            return
        self._count(count - 1)
        self._cells += [PlacedCell(first + i, value, look) for i in range(count)]

    def _take_merged(self, found: dict[str, str], first: int) -> None:
        wide, high = _times(found, "number-columns-spanned"), _times(found, "number-rows-spanned")
        if wide > 1 or high > 1:
            top = self._row + 1
            self._ready.append((MergedRange(top, first, top + high - 1, first + wide - 1), 1))

    def _end_row(self) -> None:
        count = _times(self._row_found, "number-rows-repeated", LAST_ROW)
        if self._cells:
            if self._row + count > LAST_ROW:
                raise damaged()
            self._count((count - 1) * len(self._cells))
            hidden = self._row_found.get("visibility") in _HIDDEN
            self._ready.append((SheetRow(self._row + 1, self._cells, hidden), count))
        elif self._row <= HEADER_WITHIN < self._row + count:
            # Who looks for the header only is to know that its rows are over.
            self._ready.append((SheetRow(HEADER_WITHIN + 1, []), 1))
        self._row += count

    def _look_at(self, found: dict[str, str], place: int) -> Look:
        """The look of a cell: by its own style, by that of its row or of its column."""
        style = found.get("style-name") or self._row_found.get("default-cell-style-name")
        if style:
            return self._look(style)
        look = self._column_looks.get(place)
        if look is None:
            look = self._column_looks[place] = self._look(self._style_of_column(place))
        return look

    def _style_of_column(self, place: int) -> str:
        last = 0
        for count, style in self._columns:
            last += count
            if place <= last:
                return style
        return ""

    def _count(self, repeated: int) -> None:
        self._repeated += repeated
        if self._repeated > MOST_REPEATED:
            raise NotAWorkbook(
                f"A sheet repeats the same cells more than {MOST_REPEATED:,} times; keep only the "
                "orders in it and drop it again."
            )


def value_of(found: dict[str, str], paragraphs: str | None) -> Cell | Unknown:
    """What a cell holds, by its attributes (without prefixes) and its text, None for no paragraph.

    LibreOffice writes a formula whose result is the empty text with an empty paragraph and without
    a type; where there is no paragraph either, nothing was calculated.
    """
    kind = found.get("value-type", "")
    text = paragraphs or ""
    formula = "formula" in found
    if kind == "error" or _ERROR.fullmatch(text) or (formula and _OWN_ERROR.fullmatch(text)):
        return Unknown(Trouble.SHOWS_ERROR, text)
    stored = found.get(_STORED.get(kind, "value")) if kind else None
    if stored is None:
        is_text = kind in {"", "string"}
        is_known = is_text and paragraphs is not None and (bool(kind) or not text)
        return Unknown(Trouble.NOT_CALCULATED) if formula and not is_known else text
    if kind == "string":
        return stored
    try:
        return _typed(kind, stored)
    except ValueError:
        raise damaged() from None


_STORED: Final = {
    "string": "string-value",
    "date": "date-value",
    "time": "time-value",
    "boolean": "boolean-value",
}
"""Which attribute holds a value of a type; numbers stand in `value`."""


def _typed(kind: str, stored: str) -> Cell:
    if kind in _NUMBERS:
        return float(stored)
    if kind == "boolean":
        return stored == "true"
    if kind == "date":
        return datetime.fromisoformat(stored) if "T" in stored else _day(stored)
    if kind == "time":
        return _duration(stored)
    return stored


def _day(stored: str) -> date | str:
    try:
        return date.fromisoformat(stored)
    except ValueError:
        # A day of the year 1899 or -1: shown as it stands.
        return stored


def _duration(stored: str) -> timedelta | str:
    match = _DURATION.fullmatch(stored)
    if match is None:
        return stored
    sign, days, hours, minutes, seconds, fraction = match.groups(default="0")
    span = timedelta(
        days=int(days),
        hours=int(hours),
        minutes=int(minutes),
        seconds=float(f"{seconds}.{fraction}"),
    )
    return -span if sign == "-" else span


def _plain_text(raw: bytes) -> str:
    if len(raw) > LONGEST_TEXT:
        raise too_long()
    text = raw.decode()
    if "&" in text:
        text = unescaped(text)
    if text.isalnum():
        return text
    return _BLANKS.sub(" ", text).strip(" ")


def _plain(attributes: dict[str, str]) -> dict[str, str]:
    """Attributes without their prefixes; an error outranks the other type that a cell has."""
    found = {local(name): value for name, value in attributes.items()}
    if "error" in attributes.values():
        kinds = [value for name, value in attributes.items() if local(name) == "value-type"]
        if "error" in kinds:
            found["value-type"] = "error"
    return found


def _times(found: dict[str, str], attribute: str, most: int = LAST_ROW) -> int:
    written = found.get(attribute)
    if written is None:
        return 1
    return min(max(int(written), 1), most)
