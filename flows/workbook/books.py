"""Workbooks of every kind, read the same way (`table.Book`)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final, TypeVar
from zipfile import ZipFile

from flows.workbook.areas import LAST_COLUMN, LAST_ROW
from flows.workbook.biff import BROKEN_RECORDS
from flows.workbook.cell_stream import (
    CellSource,
    PlacedCell,
    SheetRow,
    Stream,
    table_of,
    top_of,
)
from flows.workbook.cell_values import legible
from flows.workbook.csv_text import csv_rows
from flows.workbook.errors import NotAWorkbook
from flows.workbook.kinds import Kind, kind_of, not_whole
from flows.workbook.number_formats import PLAIN, StyleReader
from flows.workbook.ods_book import OdsBook
from flows.workbook.parts import BookNames, book_names, last_author
from flows.workbook.plain_xml import plain_chunks
from flows.workbook.shared_strings import shared_strings
from flows.workbook.sheet_xml import Meaning, NotPlain, SheetScan
from flows.workbook.table import Book, MergedRange, Table, Wanted, check_merged
from flows.workbook.xls_book import XlsBook
from flows.workbook.xlsb_book import XlsbBook
from flows.workbook.xml_parts import BROKEN, PIECE, damaged, parse

CSV_SHEET: Final = "Orders"
"""What the one sheet of a file without sheets is called."""

_NOT_IN_TITLES: Final = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))

Found = TypeVar("Found")


@contextmanager
def opened(content: bytes, name: str) -> Iterator[Book]:
    """The workbook that the bytes are. Raises NotAWorkbook."""
    kind = kind_of(content, name)
    if kind in {Kind.CSV, Kind.XLS}:
        with _told(name):
            source: CellSource = CsvText(content) if kind is Kind.CSV else XlsBook(content, name)
        yield StreamBook(source, name)
        return
    # `kind_of` has seen every part of it.
    with ZipFile(BytesIO(content)) as package:
        if kind is Kind.XLSX:
            yield XlsxBook(package, name)
            return
        with _told(name):
            source = XlsbBook(package, name) if kind is Kind.XLSB else OdsBook(package, name)
        yield StreamBook(source, name)


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


class StreamBook:
    """A workbook of any other kind, read as streams of cells."""

    def __init__(self, source: CellSource, name: str) -> None:
        self._source = source
        self._name = name
        self._places = {title: n for n, title in enumerate(sheet_titles(source.sheets))}

    @property
    def sheets(self) -> tuple[str, ...]:
        """The sheets, by names that Excel takes."""
        return tuple(self._places)

    @property
    def names(self) -> Mapping[str, str]:
        """Defined names and what they refer to."""
        return self._source.names

    @property
    def last_author(self) -> str:
        """Not looked for: only Excel's own files are known to name it."""
        return ""

    def top(self, sheet: str) -> dict[int, dict[int, str]]:
        """See `Book`."""
        return top_of(self.stream(sheet))

    def table(self, sheet: str, wanted: Wanted) -> Table:
        """See `Book`."""
        return table_of(self.stream(sheet), wanted)

    def stream(self, sheet: str) -> Stream:
        """The cells of a sheet."""
        with _told(self._name):
            merged = 0
            for item in self._source.stream(self._places[sheet]):
                if isinstance(item, MergedRange):
                    merged += 1
                    check_merged(merged)
                if not _fits_excel(item):
                    raise NotAWorkbook(
                        f"{self._name} has cells outside the 1,048,576 rows and 16,384 columns of "
                        "an Excel sheet; keep only the orders in it and drop it again."
                    )
                yield item


def _fits_excel(item: SheetRow | MergedRange) -> bool:
    if isinstance(item, MergedRange):
        return item.last_row <= LAST_ROW and item.last_column <= LAST_COLUMN
    last = item.cells[-1].place if item.cells else 0
    return item.number <= LAST_ROW and last <= LAST_COLUMN


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except (*BROKEN, *BROKEN_RECORDS):
        raise not_whole(name) from None


@dataclass(frozen=True, slots=True)
class CsvText:
    """Text with separators: one sheet, everything text exactly as it stands."""

    content: bytes
    names: Mapping[str, str] = field(default_factory=dict)
    sheets: Sequence[str] = (CSV_SHEET,)

    def stream(self, _sheet: int) -> Stream:
        """All rows with their numbers."""
        try:
            for number, texts in csv_rows(self.content):
                cells = [PlacedCell(n, text, PLAIN) for n, text in enumerate(texts, 1) if text]
                yield SheetRow(number, cells)
        except csv.Error:
            raise NotAWorkbook(
                "The text cannot be taken apart into cells (perhaps a quotation mark is missing); "
                "open it in Excel and save it as .xlsx."
            ) from None


def sheet_titles(names: Sequence[str]) -> dict[str, str]:
    """Names that Excel takes (31 signs, none of []:*?/\\, no two alike), each to the real one."""
    titles: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        title = base = legible(name).translate(_NOT_IN_TITLES).strip("'")[:31] or "Sheet"
        number = 1
        while title.lower() in taken:
            number += 1
            title = f"{base[: 30 - len(str(number))]} {number}"
        taken.add(title.lower())
        titles[title] = name
    return titles
