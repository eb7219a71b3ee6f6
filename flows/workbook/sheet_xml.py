"""One scan of a sheet's XML: values, errors, formulas without a result, hidden rows, merged cells.

Written for speed: rows are cut out of the stream with `bytes` methods, cells with one expression.
That is exact for the plain shape Excel and the common libraries write. Whatever departs from it
is noticed (`NotPlain`) and scanned again in the shape that `plain_xml` gives it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from flows.workbook.cells import EXACT_DIGITS, cell_text, date_of, id_trouble
from flows.workbook.number_formats import PLAIN, Look
from flows.workbook.plain_xml import column_number
from flows.workbook.shared_strings import plain_text
from flows.workbook.table import (
    HEADER_WITHIN,
    MergedRange,
    Table,
    Trouble,
    Wanted,
    by_column,
    check_merged,
)
from flows.workbook.xml_parts import PIECE, damaged

LONGEST_ROW: Final = 16 << 20
"""Bytes of one row; longer ones are no work of a person."""

_HEAD: Final = 16 << 20
_REMEMBERED: Final = 100_000
_PLAIN_NUMBER: Final = b"plain"
"""Stands for the type of numbers whose look neither makes dates of them nor adds zeros."""
_ROW: Final = re.compile(rb'(?: r="([0-9]+)")?([^>]*)>')
_CELL: Final = re.compile(
    rb'<c(?: r="([A-Z]{1,3})[0-9]+")?([^>/]*)'
    # The two usual shapes are named, since sign by sign is the slow way to the end of a cell.
    rb"(?:/>|>(?:<v>([^<]*)</v>)?(|<is><t>[^<]*</t></is>|.*?)</c>)",
    re.DOTALL,
)
_NUMBER: Final = re.compile(rb"\sr\s*=")
_ATTRIBUTES: Final = re.compile(rb'(?: (?!r=)[A-Za-z0-9:]+="[^"]*")* ?')
_PREFIXED_MAIN: Final = re.compile(
    rb"xmlns:[^=]+=.http://[^\"']*/spreadsheetml/(?:2006/)?main[\"']"
)
_STYLE: Final = re.compile(rb' s="([0-9]+)"')
_KIND: Final = re.compile(rb' t="([A-Za-z]+)"')
_VALUE: Final = re.compile(rb"<v(?: [^>]*)?>([^<]*)</v>")
_INLINE: Final = re.compile(rb"<t(?: [^>]*)?>([^<]*)</t>")
_PHONETIC: Final = re.compile(rb"<rPh.*?</rPh>", re.DOTALL)
_MERGED: Final = re.compile(r'<mergeCell [^>]*?ref="([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)"')


class NotPlain(Exception):
    """The XML is not in the shape that can be scanned fast."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the numbers in the XML stand for: shared texts, looks of the styles, the calendar."""

    strings: Sequence[str]
    looks: Sequence[Look]
    since_1904: bool = False

    def look(self, style: int) -> Look:
        """The look of a style number; the plain one when there is no such style."""
        return self.looks[style] if style < len(self.looks) else PLAIN


class SheetScan:
    """Reads one sheet from chunks of its XML. Chunks may end anywhere."""

    def __init__(self, chunks: Iterator[bytes], meaning: Meaning) -> None:
        self._chunks = chunks
        self._meaning = meaning
        self._rest = b""
        self._kinds: dict[bytes, tuple[bytes, Look]] = {}
        self._places: dict[bytes, int] = {}
        self._texts: dict[bytes, str] = {}
        self._row = 0

    def top(self) -> dict[int, dict[int, str]]:
        """Text cells of the first rows (`Book.top`)."""
        found: dict[int, dict[int, str]] = {}
        for number, _, body in self._rows():
            if number > HEADER_WITHIN:
                break
            texts: dict[int, str] = {}
            place = 0
            for letters, attributes, value, other in self._cells(body):
                place = self._place(letters, place)
                kind, look = self._kind(attributes)
                if (value or other) and kind in {b"s", b"str", b"inlineStr"}:
                    text, _ = self._text(kind, look, value, other, is_id=False)
                    if text:
                        texts[place] = text
            if texts:
                found[number] = texts
        return found

    def table(self, wanted: Wanted) -> Table:  # noqa: PLR0912  # one branch to a kind of cell
        """What the sheet holds in the wanted columns (`Book.table`)."""
        # The loop over the cells is the hot place of all reading; hence the local names.
        slots = {place: slot for slot, place in enumerate(wanted.columns)}
        empty = [""] * len(slots)
        strings, ids = self._meaning.strings, wanted.ids
        kind_of, place_of, texts_of = self._kinds, self._places, self._texts
        numbers: list[int] = []
        flat: list[str] = []
        troubles: dict[tuple[int, int], tuple[Trouble, str]] = {}
        hidden: set[int] = set()
        last_column = 0
        for number, attributes, body in self._rows():
            texts = empty.copy()
            place = row_last = 0
            cells = self._cells(body)
            for letters, look_of, value, other in cells:
                place = place_of.get(letters) or self._place(letters, place)
                if not value and not other:
                    continue
                known = kind_of.get(look_of) or self._kind(look_of)
                slot = slots.get(place)
                if slot is None:
                    if place > last_column and self._shows(known, value, other):
                        last_column = row_last = place
                    continue
                kind, look = known
                if kind == b"s" and value:
                    text = strings[int(value)]
                elif kind == _PLAIN_NUMBER and _is_digits(value) and not other:
                    text = value.decode()
                elif kind == b"inlineStr":
                    text = texts_of.get(other) or self._inline(other)
                else:
                    text, trouble = self._text(kind, look, value, other, is_id=place in ids)
                    if trouble:
                        troubles[number, place] = trouble, text
                        row_last = max(row_last, place)
                        text = "" if trouble is Trouble.SHOWS_ERROR else text
                if text:
                    texts[slot] = text
                    row_last = max(row_last, place)
            if row_last or self._any_shows(cells):
                numbers.append(number)
                flat += texts
                last_column = max(last_column, row_last)
                if b"hidden" in attributes and _is_hidden(attributes):
                    hidden.add(number)
        return Table(
            numbers,
            by_column(flat, wanted.columns),
            last_column,
            troubles,
            frozenset(hidden),
            self._merged(),
        )

    # --- rows out of the stream ---

    def _rows(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Number, attributes and cells of each row that has cells with anything in them."""
        buffer = self._after_head()
        while True:
            end = buffer.find(b"</sheetData>")
            cut = end if end >= 0 else buffer.rfind(b"<row")
            if cut > 0:
                whole, buffer = buffer[:cut], buffer[cut:]
                if b"<!" in whole or b"<?" in whole or b"xmlns" in whole:
                    raise NotPlain
                yield from self._rows_of(whole)
            if end >= 0:
                self._rest = buffer
                return
            if len(buffer) > LONGEST_ROW:
                raise damaged() if b"<row" in buffer else NotPlain
            chunk = next(self._chunks, b"")
            if not chunk:
                raise NotPlain
            buffer += chunk

    def _after_head(self) -> bytes:
        head = b""
        for chunk in self._chunks:
            head += chunk
            if b"<sheetData/>" in head:
                self._rest = head.partition(b"<sheetData/>")[2]
                return b"</sheetData>" + self._rest
            if b"<sheetData>" in head:
                before, _, after = head.partition(b"<sheetData>")
                if b"<worksheet" not in before or b"<!" in before or not _is_utf8(before):
                    raise NotPlain
                if _PREFIXED_MAIN.search(before):
                    raise NotPlain
                return after
            if len(head) > _HEAD:
                raise NotPlain
        raise NotPlain

    def _rows_of(self, whole: bytes) -> Iterator[tuple[int, bytes, bytes]]:
        pieces = whole.split(b"<row")
        if pieces[0].strip():
            raise NotPlain
        for piece in pieces[1:]:
            match = _ROW.match(piece)
            if match is None:
                raise NotPlain
            digits, attributes = match.groups()
            if b"'" in attributes or (not digits and _NUMBER.search(attributes)):
                raise NotPlain
            number = int(digits) if digits else self._row + 1
            if number <= self._row:
                raise damaged()
            self._row = number
            # Cells without an ending tag are empty; so a row of such is nothing to look at.
            if b"</c>" in piece:
                yield number, attributes, piece[match.end() :]
            elif piece.count(b"</") > 1:
                raise NotPlain

    def _cells(self, body: bytes) -> list[tuple[bytes, bytes, bytes, bytes]]:
        cells: list[tuple[bytes, bytes, bytes, bytes]] = _CELL.findall(body)
        if len(cells) != body.count(b"<c ") + body.count(b"<c>"):
            raise NotPlain
        return cells

    def _place(self, letters: bytes, before: int) -> int:
        if not letters:
            return before + 1
        place = self._places[letters] = column_number(letters.decode())
        return place

    # --- what a cell shows ---

    def _kind(self, attributes: bytes) -> tuple[bytes, Look]:
        """Type and look that the attributes of a cell give; the same few come again and again."""
        known = self._kinds.get(attributes)
        if known:
            return known
        if not _ATTRIBUTES.fullmatch(attributes):
            raise NotPlain
        style, kind = _STYLE.search(attributes), _KIND.search(attributes)
        look = self._meaning.look(int(style[1])) if style else self._meaning.look(0)
        name = kind[1] if kind else b"n"
        if name == b"n" and not look.is_date and not look.zeros:
            name = _PLAIN_NUMBER
        self._kinds[attributes] = found = (name, look)
        return found

    def _any_shows(self, cells: Sequence[tuple[bytes, bytes, bytes, bytes]]) -> bool:
        return any(
            self._shows(self._kind(attributes), value, other)
            for _, attributes, value, other in cells
            if value or other
        )

    def _shows(self, known: tuple[bytes, Look], value: bytes, other: bytes) -> bool:
        text, trouble = self._text(*known, value, other, is_id=False)
        return bool(text or trouble)

    def _text(
        self, kind: bytes, look: Look, value: bytes, other: bytes, *, is_id: bool
    ) -> tuple[str, Trouble | None]:
        """What one cell shows, and why it cannot be taken if it cannot."""
        if other:
            if kind == b"inlineStr":
                return self._inline(other), None
            stored = _VALUE.search(other)
            value = stored[1] if stored else value
            if not value and kind != b"str":
                return "", Trouble.NOT_CALCULATED if b"<f" in other else None
        try:
            return self._reader(kind)(value, look, is_id)
        except (ValueError, IndexError):
            raise damaged() from None

    def _inline(self, content: bytes) -> str:
        """Text that stands in the cell itself; the same few words come again and again."""
        text = self._texts.get(content)
        if text is None:
            if len(self._texts) > _REMEMBERED:
                self._texts.clear()
            pieces = _INLINE.findall(_PHONETIC.sub(b"", content))
            text = self._texts[content] = plain_text(b"".join(pieces))
        return text

    def _reader(self, kind: bytes) -> Callable[[bytes, Look, bool], tuple[str, Trouble | None]]:
        match kind:
            case b"s":
                return lambda value, _look, _is_id: (self._meaning.strings[int(value)], None)
            case b"n" | b"plain":
                return self._number
            case b"b":
                return lambda value, _look, _is_id: (
                    "TRUE" if value.strip() == b"1" else "FALSE",
                    None,
                )
            case b"e":
                return lambda value, _look, _is_id: (plain_text(value), Trouble.SHOWS_ERROR)
            case b"d":
                return _iso_date
            case _:
                return lambda value, _look, _is_id: (plain_text(value), None)

    def _number(self, value: bytes, look: Look, is_id: bool) -> tuple[str, Trouble | None]:
        if not look.is_date and _is_digits(value):
            text = value.decode()
            return (look.zeros.shown(text) if is_id and look.zeros else text), None
        number = float(value)
        if look.is_date:
            shown = date_of(number, since_1904=self._meaning.since_1904)
            return cell_text(shown), Trouble.IS_DATE if is_id else None
        text = cell_text(number)
        trouble = id_trouble(number) if is_id else ""
        if is_id and look.zeros and not trouble and number >= 0:
            text = look.zeros.shown(text)
        return text, Trouble(trouble) if trouble else None

    # --- below the rows ---

    def _merged(self) -> tuple[MergedRange, ...]:
        found: list[MergedRange] = []
        buffer = self._rest
        while True:
            cut = buffer.rfind(b"<")
            found += [
                MergedRange(int(top), column_number(left), int(bottom), column_number(right))
                for left, top, right, bottom in _MERGED.findall(
                    buffer[:cut].decode("utf-8", "replace")
                )
            ]
            check_merged(len(found))
            chunk = next(self._chunks, b"")
            if not chunk:
                return tuple(found)
            buffer = buffer[max(cut, len(buffer) - PIECE) :] + chunk


def _iso_date(value: bytes, _look: Look, is_id: bool) -> tuple[str, Trouble | None]:
    text = plain_text(value)
    day, _, moment = text.partition("T")
    text = day if not moment.strip("0:.Z") else f"{day} {moment}"
    return text, Trouble.IS_DATE if is_id else None


def _is_digits(value: bytes) -> bool:
    """Whether a number stands in the file just as a person sees it."""
    return len(value) <= EXACT_DIGITS and value.isdigit() and value[0] != 48


def _is_hidden(attributes: bytes) -> bool:
    return b' hidden="1"' in attributes or b' hidden="true"' in attributes


def _is_utf8(head: bytes) -> bool:
    declared = re.search(rb"encoding=[\"']([^\"']+)", head[:200])
    return declared is None or declared[1].lower() in {b"utf-8", b"utf8", b"us-ascii"}
