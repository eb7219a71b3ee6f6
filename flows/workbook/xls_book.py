""".xls: xlrd opens the compound file and reads what holds for the whole workbook; the records of
a sheet we read ourselves, so that empty formatted cells cost nothing and no sheet fills the memory.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import TextIOBase
from struct import Struct
from typing import Final

import xlrd
from xlrd.biffh import XLRDError, unpack_string, unpack_unicode
from xlrd.formula import oREF

from flows.workbook.biff import error_cell, rk_number
from flows.workbook.cell_stream import PlacedCell, SheetRow, Stream, Unknown, number_value
from flows.workbook.cells import Cell
from flows.workbook.errors import NotAWorkbook
from flows.workbook.kinds import not_whole, password
from flows.workbook.number_formats import BUILT_IN_DATES, PLAIN, Look, look_of
from flows.workbook.parts import whole_column
from flows.workbook.table import MergedRange, Trouble

LARGEST: Final = 48 << 20
"""Bytes of a file: a full sheet of 65,536 orders in twenty columns needs half of it."""

_BOUNDSHEET: Final = 0x85
_EOF: Final = 0x0A
_CALCULATED_BY: Final = 0x1C1
"""Which Excel calculated the workbook last; libraries that never calculate leave it out."""

_ROW: Final = 0x208
_MERGED: Final = 0xE5
_NUMBER, _RK, _MULRK = 0x203, 0x27E, 0xBD
_LABEL, _RSTRING, _LABELSST = 0x204, 0xD6, 0xFD
_BOOLERR, _STRING = 0x205, 0x207
_FORMULAS: Final = frozenset({0x06, 0x206, 0x406})
_AFTER_FORMULA: Final = frozenset({0x4BC, 0x221, 0x236, 0x37})
"""Shared formulas, arrays and tables stand between a formula and its text."""

_WITH_VALUE: Final = (
    frozenset({_NUMBER, _RK, _MULRK, _LABEL, _RSTRING, _LABELSST, _BOOLERR}) | _FORMULAS
)

_HIDDEN: Final = 0x20
_FIRST_WITH_SHEETS: Final = 50
_FIRST_UNICODE: Final = 80

_record = Struct("<HH").unpack_from
_cell = Struct("<HHH").unpack_from
_real = Struct("<d").unpack_from
_short = Struct("<H").unpack_from
_whole = Struct("<i").unpack_from
_four = Struct("<HHHH").unpack_from


class _Silent(TextIOBase):
    """Where xlrd may write what it finds odd."""

    def write(self, text: str, /) -> int:
        return len(text)


@dataclass(slots=True)
class _Sheet:
    """Where the cells of a sheet stand in the file, by row, whatever order they stand in."""

    cells: dict[int, array[int]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    merged: list[MergedRange] = field(default_factory=list)


class XlsBook:
    """A workbook of Excel 5 to 2003 (`cell_stream.CellSource`)."""

    def __init__(self, content: bytes, name: str) -> None:
        if len(content) > LARGEST:
            raise NotAWorkbook(
                f"{name} has more than {LARGEST >> 20} MB, more than an .xls file of orders needs; "
                "open it in Excel and save it as .xlsx."
            )
        try:
            self._book = xlrd.open_workbook(
                file_contents=content, logfile=_Silent(), formatting_info=True, on_demand=True
            )
        except XLRDError as error:
            if "encrypted" in str(error):
                raise password(name) from None
            raise
        if self._book.biff_version < _FIRST_WITH_SHEETS:
            raise NotAWorkbook(
                f"{name} was saved by Excel 4 or an earlier one; open it in Excel and save it as "
                ".xlsx."
            )
        self._name = name
        self._memory = bytes(self._book.mem or b"")
        self._unicode = self._book.biff_version >= _FIRST_UNICODE
        self._since_1904 = self._book.datemode == 1
        self._looks = [self._look_of(style.format_key) for style in self._book.xf_list]
        self._starts = self._starts_of_sheets()
        self._is_calculated = any(
            kind == _CALCULATED_BY for kind, _, _ in self._records(self._book.base)
        )

    @property
    def sheets(self) -> Sequence[str]:
        """See `CellSource`."""
        return self._book.sheet_names()

    @property
    def names(self) -> Mapping[str, str]:
        """See `CellSource`; only names of one column or a cell of it, as its column."""
        found: dict[str, str] = {}
        for name in self._book.name_obj_list:
            result = name.result
            if result is None or result.kind != oREF or not isinstance(result.value, list):
                continue
            (sheet, after, _top, _bottom, left, right), *others = (r.coords for r in result.value)
            if (
                not others
                and after == sheet + 1
                and right == left + 1
                and 0 <= sheet < len(self.sheets)
            ):
                found[name.name] = whole_column(self.sheets[sheet], left + 1)
        return found

    def stream(self, sheet: int) -> Stream:
        """See `CellSource`."""
        found = self._looked_through(self._starts[sheet])
        for row in sorted(found.cells):
            placed: dict[int, PlacedCell] = {}
            for at in found.cells[row]:
                for cell in self._cells(at):
                    placed[cell.place] = cell
            cells = [placed[place] for place in sorted(placed)]
            yield SheetRow(row + 1, cells, row in found.hidden)
        yield from found.merged

    def _look_of(self, format_key: int) -> Look:
        known = self._book.format_map.get(format_key)
        if format_key in BUILT_IN_DATES:
            return Look(is_date=True)
        return look_of(known.format_str) if known else PLAIN

    def _records(self, at: int) -> Iterator[tuple[int, int, int]]:
        """Kind, place of the content and length of each record up to the end of its part."""
        memory, end = self._memory, len(self._memory)
        while at + 4 <= end:
            kind, length = _record(memory, at)
            if kind == _EOF:
                return
            if at + 4 + length > end:
                break
            yield kind, at + 4, length
            at += 4 + length
        raise not_whole(self._name)

    def _starts_of_sheets(self) -> list[int]:
        """Where the sheets with cells begin, in the order of xlrd's names."""
        memory, base = self._memory, self._book.base
        return [
            base + _whole(memory, at)[0]
            for kind, at, _ in self._records(base)
            if kind == _BOUNDSHEET and memory[at + 5] == 0
        ]

    def _looked_through(self, start: int) -> _Sheet:
        found = _Sheet()
        memory = self._memory
        if start < 0:
            raise not_whole(self._name)
        for kind, at, length in self._records(start):
            if kind in _WITH_VALUE:
                row = _short(memory, at)[0]
                places = found.cells.get(row)
                if places is None:
                    places = found.cells[row] = array("L")
                places.append(at - 4)
            elif kind == _ROW and _short(memory, at + 12)[0] & _HIDDEN:
                found.hidden.add(_short(memory, at)[0])
            elif kind == _MERGED:
                for span in range(at + 2, at + length - 7, 8):
                    top, bottom, left, right = _four(memory, span)
                    found.merged.append(MergedRange(top + 1, left + 1, bottom + 1, right + 1))
        return found

    def _cells(self, at: int) -> Iterator[PlacedCell]:
        """The cells of one record."""
        memory = self._memory
        kind, length = _record(memory, at)
        at += 4
        _, column, style = _cell(memory, at)
        if kind == _MULRK:
            for place, packed in enumerate(range(at + 4, at + length - 7, 6), start=column + 1):
                look = self._look(_short(memory, packed)[0])
                yield self._number(place, rk_number(memory, packed + 2), look)
            return
        look = self._look(style)
        if kind == _LABELSST:
            value: Cell | Unknown = self._shared(_whole(memory, at + 6)[0])
        elif kind == _NUMBER:
            value = number_value(_real(memory, at + 6)[0], look, since_1904=self._since_1904)
        elif kind == _RK:
            value = number_value(rk_number(memory, at + 6), look, since_1904=self._since_1904)
        elif kind == _BOOLERR:
            value = error_cell(memory[at + 6]) if memory[at + 7] else memory[at + 6] != 0
        elif kind in _FORMULAS:
            value = self._result(at, length, look)
        else:
            value = self._text(at + 6, length - 6)
        yield PlacedCell(column + 1, value, look)

    def _number(self, place: int, number: float, look: Look) -> PlacedCell:
        return PlacedCell(place, number_value(number, look, since_1904=self._since_1904), look)

    def _look(self, style: int) -> Look:
        return self._looks[style] if style < len(self._looks) else PLAIN

    def _shared(self, number: int) -> str:
        # xlrd gives them to its own reading of sheets only.
        texts: list[str] = self._book._sharedstrings  # type: ignore[attr-defined]  # noqa: SLF001
        return texts[number]

    def _result(self, at: int, length: int, look: Look) -> Cell | Unknown:
        """The stored result of a formula."""
        memory = self._memory
        if memory[at + 12 : at + 14] != b"\xff\xff":
            return number_value(_real(memory, at + 6)[0], look, since_1904=self._since_1904)
        match memory[at + 6]:
            case 0:
                return self._text_behind(at + length)
            case 1:
                return memory[at + 8] != 0
            case 2:
                return error_cell(memory[at + 8])
            case 3 if self._is_calculated:
                return ""
            case _:
                # Libraries write the empty text for every formula whose result they do not know.
                return Unknown(Trouble.NOT_CALCULATED)

    def _text_behind(self, at: int) -> str | Unknown:
        """The text that a formula gives stands in a record of its own behind it."""
        kind, length = _record(self._memory, at)
        if kind in _AFTER_FORMULA:
            at += 4 + length
            kind, length = _record(self._memory, at)
        if kind != _STRING:
            return Unknown(Trouble.NOT_CALCULATED)
        return self._text(at + 4, length)

    def _text(self, at: int, length: int) -> str:
        content = self._memory[at : at + length]
        if self._unicode:
            text: str = unpack_unicode(content, 0, lenlen=2)
        else:
            text = unpack_string(content, 0, self._book.encoding or "latin-1", lenlen=2)
        return text
