""".xlsb: Excel's binary workbook ([MS-XLSB]), its records read one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct
from typing import Final
from zipfile import ZipFile

from flows.workbook.areas import LAST_COLUMN, LAST_ROW
from flows.workbook.biff import error_cell, rk_number
from flows.workbook.cell_stream import PlacedCell, SheetRow, Stream, Unknown, number_value
from flows.workbook.cells import Cell
from flows.workbook.errors import NotAWorkbook
from flows.workbook.number_formats import BUILT_IN_DATES, PLAIN, Look, look_of
from flows.workbook.parts import relations_of, whole_column, workbook_part
from flows.workbook.table import HEADER_WITHIN, MergedRange
from flows.workbook.xlsb_records import records, too_much, wide_text
from flows.workbook.xml_parts import damaged

_ROW = 0
_BLANK, _RK, _ERROR, _BOOL, _REAL, _TEXT, _SHARED = range(1, 8)
_FORMULA_TEXT, _FORMULA_REAL, _FORMULA_BOOL, _FORMULA_ERROR = range(8, 12)
_SHORT_CELLS: Final = range(12, 19)
_RICH = 62
_CELLS: Final = frozenset({*range(1, 19), _RICH})
_TEXT_ITEM = 19
_NAME = 39
_FORMAT, _STYLE = 44, 47
_END_SHEET, _END_ROWS = 130, 146
_WORKBOOK = 153
_SHEET = 156
_MERGED = 176
_THIS_BOOK = 357
_OTHER_BOOKS: Final = frozenset({355, 358, 667})
_SHEETS_MEANT = 362
_STYLES, _STYLES_END = 617, 618

_OF_SHEET: Final = _CELLS | {_ROW, _END_ROWS, _MERGED, _END_SHEET}
_OF_WORKBOOK: Final = _OTHER_BOOKS | {_WORKBOOK, _SHEET, _THIS_BOOK, _SHEETS_MEANT, _NAME}
_OF_STYLES: Final = frozenset({_FORMAT, _STYLE, _STYLES, _STYLES_END})
_OF_TEXTS: Final = frozenset({_TEXT_ITEM})

MOST_EMPTY: Final = 2_500_000
"""Empty cells of a workbook, side by side counted once: a hole in every row of Excel is fewer."""

MOST_TEXTS: Final = 2_000_000
LARGEST_TEXTS: Final = 96 << 20
"""Bytes of shared texts: 100,000 orders with fourteen texts of their own each need less."""

_HIDDEN: Final = 0x10
_COLUMN: Final = 0x3FFF
_AREA_ON_SHEET: Final = frozenset({0x3B, 0x5B, 0x7B})

_CELL_ON_SHEET: Final = frozenset({0x3A, 0x5A, 0x7A})

_four = Struct("<IIII").unpack_from
_three = Struct("<Iii").unpack_from
_whole = Struct("<I").unpack_from
_short = Struct("<H").unpack_from
_real = Struct("<d").unpack_from
_area = Struct("<HIIHH").unpack_from
_cell = Struct("<HIH").unpack_from


class XlsbBook:
    """A binary workbook of Excel (`cell_stream.CellSource`)."""

    def __init__(self, package: ZipFile, name: str) -> None:
        self._package = package
        self._name = name
        self._empty = 0
        part = workbook_part(package, "xl/workbook.bin")
        folder, _, file = part.rpartition("/")
        relations = relations_of(package, f"{folder}/_rels/{file}.rels".lstrip("/"), folder)
        self._parts: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._since_1904 = False
        self._read_workbook(
            part, {key: r.target for key, r in relations.items() if r.kind == "worksheet"}
        )
        by_kind = {relation.kind: relation.target for relation in relations.values()}
        self._strings = self._read_strings(by_kind.get("sharedStrings", ""), name)
        self._looks = self._read_looks(by_kind.get("styles", ""))

    @property
    def sheets(self) -> Sequence[str]:
        """See `CellSource`."""
        return list(self._parts)

    @property
    def names(self) -> Mapping[str, str]:
        """See `CellSource`; only names of one column or a cell of it, as its column."""
        return self._names

    def stream(self, sheet: int) -> Stream:
        """See `CellSource`."""
        number, hidden = 0, False
        cells: list[PlacedCell] = []
        place = 0
        ended = False
        part = list(self._parts.values())[sheet]
        for kind, content in records(self._package, part, _OF_SHEET, self._name):
            if kind == _BLANK:
                place = _whole(content, 0)[0] + 1
                self._count_empty()
            elif kind in _CELLS:
                cell = self._cell(kind, content, place)
                place = cell.place
                if cell.value != "":
                    cells.append(cell)
                else:
                    self._count_empty()
            elif kind in {_ROW, _END_ROWS}:
                if cells:
                    yield SheetRow(number, cells, hidden)
                    cells = []
                place = 0
                if kind == _ROW:
                    before, number = number, _whole(content, 0)[0] + 1
                    hidden = bool(content[11] & _HIDDEN)
                    if not before < number <= LAST_ROW:
                        raise damaged()
                    if before <= HEADER_WITHIN < number:
                        # Who looks for the header only is to know that its rows are over.
                        yield SheetRow(number, [], hidden)
            elif kind == _MERGED:
                top, bottom, left, right = _four(content, 0)
                yield MergedRange(top + 1, left + 1, bottom + 1, right + 1)
            ended = ended or kind == _END_SHEET
        if not ended:
            raise damaged()

    def _count_empty(self) -> None:
        self._empty += 1
        if self._empty > MOST_EMPTY:
            raise too_much(self._name)

    def _cell(self, kind: int, content: bytes, before: int) -> PlacedCell:
        # A short cell stands right of the one before it and says no place of its own.
        is_short = kind in _SHORT_CELLS
        place = before + 1 if is_short else _whole(content, 0)[0] + 1
        if not before < place <= LAST_COLUMN:
            raise damaged()
        at = 0 if is_short else 4
        look = self._look(_whole(content, at)[0] & 0xFFFFFF)
        long_kind = kind - _SHORT_CELLS.start + _BLANK if is_short else kind
        return PlacedCell(place, self._value(long_kind, content, at + 4, look), look)

    def _value(self, kind: int, content: bytes, at: int, look: Look) -> Cell | Unknown:
        if kind == _BLANK:
            return ""
        if kind == _RK:
            return number_value(rk_number(content, at), look, since_1904=self._since_1904)
        if kind in {_REAL, _FORMULA_REAL}:
            return number_value(_real(content, at)[0], look, since_1904=self._since_1904)
        if kind in {_ERROR, _FORMULA_ERROR}:
            return error_cell(content[at])
        if kind in {_BOOL, _FORMULA_BOOL}:
            return bool(content[at])
        return self._text(kind, content, at)

    def _text(self, kind: int, content: bytes, at: int) -> str:
        if kind == _SHARED:
            shared: int = _whole(content, at)[0]
            return self._strings[shared]
        return wide_text(content, at + 1 if kind == _RICH else at)[0]

    def _look(self, style: int) -> Look:
        return self._looks[style] if style < len(self._looks) else PLAIN

    def _read_workbook(self, part: str, parts: Mapping[str, str]) -> None:
        """Sheets, names and calendar."""
        sheets: list[str] = []
        books: list[bool] = []
        meant: list[tuple[int, int, int]] = []
        named: list[tuple[str, bytes]] = []
        for kind, content in records(self._package, part, _OF_WORKBOOK, self._name):
            if kind == _WORKBOOK:
                self._since_1904 = bool(content[0] & 1)
            elif kind == _SHEET:
                relation, at = wide_text(content, 8)
                title, _ = wide_text(content, at)
                sheets.append(title)
                if relation in parts:
                    self._parts[title] = parts[relation]
            elif kind == _THIS_BOOK or kind in _OTHER_BOOKS:
                books.append(kind == _THIS_BOOK)
            elif kind == _SHEETS_MEANT:
                count = _whole(content, 0)[0]
                meant = [_three(content, at) for at in range(4, len(content) - 11, 12)][:count]
            elif kind == _NAME:
                name, at = wide_text(content, 9)
                named.append((name, content[at + 4 : at + 4 + _whole(content, at)[0]]))
        for name, formula in named:
            column = _column_meant(formula)
            if column is None:
                continue
            place, left = column
            book, first, last = meant[place] if place < len(meant) else (0, -1, -1)
            here = book < len(books) and books[book] and 0 <= first < len(sheets)
            if here and first == last:
                self._names[name] = whole_column(sheets[first], left + 1)

    def _read_strings(self, part: str, name: str) -> list[str]:
        if part not in self._package.namelist():
            return []
        found: list[str] = []
        if self._package.getinfo(part).file_size <= LARGEST_TEXTS:
            for _, content in records(self._package, part, _OF_TEXTS, name):
                found.append(wide_text(content, 1)[0])
                if len(found) > MOST_TEXTS:
                    break
            else:
                return found
        raise NotAWorkbook(
            f"{name} holds more than {MOST_TEXTS:,} different texts, or more than "
            f"{LARGEST_TEXTS >> 20} MB of them; keep only the orders in it, or open it in Excel "
            "and save it as .xlsx."
        )

    def _read_looks(self, part: str) -> list[Look]:
        """The looks of the cell styles, by their numbers."""
        codes: dict[int, str] = {}
        looks: list[Look] = []
        inside = False
        if part not in self._package.namelist():
            return looks
        for kind, content in records(self._package, part, _OF_STYLES, self._name):
            if kind == _FORMAT:
                codes[_short(content, 0)[0]] = wide_text(content, 2)[0]
            elif kind in {_STYLES, _STYLES_END}:
                inside = kind == _STYLES
            elif kind == _STYLE and inside:
                number = _short(content, 2)[0]
                code = codes.get(number)
                looks.append(look_of(code) if code else Look(is_date=number in BUILT_IN_DATES))
        return looks


def _column_meant(formula: bytes) -> tuple[int, int] | None:
    """Which of the meant sheets a name refers to, and which one column of it, from 0."""
    if len(formula) == 15 and formula[0] in _AREA_ON_SHEET:
        place, _, _, left, right = _area(formula, 1)
        same = left & _COLUMN == right & _COLUMN
        return (place, left & _COLUMN) if same else None
    if len(formula) == 9 and formula[0] in _CELL_ON_SHEET:
        place, _, left = _cell(formula, 1)
        return place, left & _COLUMN
    return None
