"""Workbooks of every kind, read the same way (`table.Book`)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final, TypeVar
from zipfile import ZipFile

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
)

from flows.workbook.cells import Cell
from flows.workbook.csv_text import csv_rows
from flows.workbook.errors import NotAWorkbook
from flows.workbook.kinds import Kind, kind_of, password
from flows.workbook.number_formats import StyleReader
from flows.workbook.parts import BookNames, book_names, last_author
from flows.workbook.plain_xml import plain_chunks
from flows.workbook.shared_strings import shared_strings
from flows.workbook.sheet_xml import Meaning, NotPlain, SheetScan
from flows.workbook.table import Book, Table, Wanted, table_of, top_of
from flows.workbook.xml_parts import BROKEN, PIECE, damaged, parse
from flows.workbook.zeros_elsewhere import may_show_zeros

CSV_SHEET: Final = "Orders"
"""What the one sheet of a file without sheets is called."""

_NOT_IN_TITLES: Final = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))

Found = TypeVar("Found")


@contextmanager
def opened(content: bytes, name: str) -> Iterator[Book]:
    """The workbook that the bytes are. Raises NotAWorkbook."""
    kind = kind_of(content, name)
    if kind is Kind.CSV:
        yield CsvBook(content)
    elif kind is Kind.XLSX:
        # `kind_of` has seen every part of it.
        with ZipFile(BytesIO(content)) as package:
            yield XlsxBook(package, name)
    else:
        yield OtherBook(content, name, may_show_zeros(content, kind))


class XlsxBook:
    """.xlsx and .xlsm, read part by part; macros and links are never looked at."""

    def __init__(self, package: ZipFile, name: str) -> None:
        self._package = package
        self._names: BookNames = book_names(package)
        if self._names.strict:
            raise NotAWorkbook(
                f"{name} was saved as a Strict Open XML workbook; save it as an ordinary Excel "
                "workbook (.xlsx) and drop it again."
            )
        styles = StyleReader()
        if self._names.styles in package.namelist():
            parse(package, self._names.styles, styles.listen)
        self._meaning = Meaning(
            shared_strings(package, self._names.strings, name),
            styles.looks,
            self._names.since_1904,
        )

    @property
    def sheets(self) -> tuple[str, ...]:
        """Sheets with cells; chart sheets have none."""
        return tuple(self._names.sheets)

    @property
    def names(self) -> Mapping[str, str]:
        """Defined names and what they refer to."""
        return self._names.names

    @property
    def last_author(self) -> str:
        """See `Book`."""
        return last_author(self._package)

    def top(self, sheet: str) -> dict[int, dict[int, str]]:
        """See `Book`."""
        return self._scanned(sheet, SheetScan.top)

    def table(self, sheet: str, wanted: Wanted) -> Table:
        """See `Book`."""
        return self._scanned(sheet, lambda scan: scan.table(wanted))

    def _scanned(self, sheet: str, read: Callable[[SheetScan], Found]) -> Found:
        part = self._names.sheets[sheet]
        try:
            try:
                return read(SheetScan(self._chunks(part), self._meaning))
            except NotPlain:
                return read(SheetScan(plain_chunks(self._package, part), self._meaning))
        except (NotPlain, *BROKEN, KeyError, IndexError):
            raise damaged() from None

    def _chunks(self, part: str) -> Iterator[bytes]:
        with self._package.open(part) as stream:
            while chunk := stream.read(PIECE):
                yield chunk


@dataclass(frozen=True, slots=True)
class CsvBook:
    """Text with separators: one sheet, everything text exactly as it stands."""

    content: bytes
    names: Mapping[str, str] = field(default_factory=dict)
    sheets: tuple[str, ...] = (CSV_SHEET,)
    last_author: str = ""

    def top(self, sheet: str) -> dict[int, dict[int, str]]:
        """See `Book`."""
        return top_of(self.rows(sheet))

    def table(self, sheet: str, wanted: Wanted) -> Table:
        """See `Book`."""
        return table_of(self.rows(sheet), wanted)

    def rows(self, _sheet: str) -> Iterator[tuple[int, Sequence[Cell]]]:
        """All rows with their numbers."""
        try:
            yield from csv_rows(self.content)
        except csv.Error:
            raise NotAWorkbook(
                "The text cannot be taken apart into cells (perhaps a quotation mark is missing); "
                "open it in Excel and save it as .xlsx."
            ) from None


class OtherBook:
    """.xls, .xlsb and .ods, read by calamine."""

    def __init__(self, content: bytes, name: str, zeros: bool) -> None:
        self._name = name
        self._zeros = zeros
        with self._told():
            self._book = CalamineWorkbook.from_filelike(BytesIO(content))
            with_cells = [
                sheet.name
                for sheet in self._book.sheets_metadata
                if sheet.typ is SheetTypeEnum.WorkSheet
            ]
        self._titles = sheet_titles(with_cells)

    @property
    def sheets(self) -> tuple[str, ...]:
        """The sheets, by names that Excel takes."""
        return tuple(self._titles)

    @property
    def names(self) -> Mapping[str, str]:
        """None of ours can be in a file that we never wrote."""
        return {}

    @property
    def last_author(self) -> str:
        """Nobody who could have approved a price: such a file never showed one."""
        return ""

    def top(self, sheet: str) -> dict[int, dict[int, str]]:
        """See `Book`."""
        return top_of(self.rows(sheet))

    def table(self, sheet: str, wanted: Wanted) -> Table:
        """See `Book`."""
        return table_of(self.rows(sheet), wanted, zeros_possible=self._zeros)

    def rows(self, sheet: str) -> Iterator[tuple[int, Sequence[Cell]]]:
        """All rows with their numbers, each from column A."""
        with self._told():
            cells: CalamineSheet = self._book.get_sheet_by_name(self._titles[sheet])
            if cells.start is None:
                return
            # calamine gives empty rows above the first cell, but no empty columns before it.
            before: list[Cell] = [""] * cells.start[1]
            for number, values in enumerate(cells.iter_rows(), start=1):
                yield number, before + values

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except PasswordError:
            raise password(self._name) from None
        except (CalamineError, ValueError, OSError):
            raise NotAWorkbook(
                f"{self._name} cannot be read as a workbook; open it in Excel, save it as .xlsx "
                "and drop it again."
            ) from None


def sheet_titles(names: Sequence[str]) -> dict[str, str]:
    """Names that Excel takes (31 signs, none of []:*?/\\, no two alike), each to the real one."""
    titles: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        title = base = name.translate(_NOT_IN_TITLES).strip("'")[:31] or "Sheet"
        number = 1
        while title.lower() in taken:
            number += 1
            title = f"{base[: 30 - len(str(number))]} {number}"
        taken.add(title.lower())
        titles[title] = name
    return titles
