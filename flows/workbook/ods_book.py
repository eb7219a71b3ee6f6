""".ods: the streams of content.xml, read with the project's own safe scanning of XML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from xml.parsers.expat import XMLParserType
from zipfile import ZipFile

from flows.workbook.areas import column_number
from flows.workbook.cell_stream import Stream
from flows.workbook.errors import NotAWorkbook
from flows.workbook.ods_bounds import (
    AN_ODD_ROW,
    LARGEST,
    MOST_AGAIN,
    MOST_BY_ELEMENTS,
    MOST_IN_ODD_ROWS,
    bounded,
    elements,
    too_many_by_elements,
    too_many_sheets,
    without_comments,
)
from flows.workbook.ods_plain import NotPlain, checked, pieces
from flows.workbook.ods_rows import OdsRows
from flows.workbook.ods_styles import OdsStyles
from flows.workbook.parts import whole_column
from flows.workbook.xml_parts import PIECE, local, new_parser, parse

_CONTENT: Final = "content.xml"
_STYLES: Final = "styles.xml"
_OF_CELLS: Final = frozenset({"table-cell", "covered-table-cell", "p", "table-row", "s"})
"""Most elements are these; they say nothing of styles and names."""

_COLUMN: Final = re.compile(
    r"\$?(.+?)\.\$?([A-Z]{1,3})(?:\$?[0-9]+)?(?::(?:\$?.+)?\.\$?([A-Z]{1,3})(?:\$?[0-9]+)?)?"
)


class OdsBook:
    """An OpenDocument spreadsheet (`cell_stream.CellSource`)."""

    def __init__(self, package: ZipFile, name: str) -> None:
        self._package = package
        self._name = name
        self._walked = self._most = 0
        if _CONTENT in package.namelist() and package.getinfo(_CONTENT).file_size > LARGEST:
            raise NotAWorkbook(
                f"{name} unpacks to more than {LARGEST >> 20} MB; keep only the orders in it, or "
                "open it in Excel and save it as .xlsx."
            )
        self._styles = OdsStyles()
        self._tables: list[str] = []
        self._names: dict[str, str] = {}
        if _STYLES in package.namelist():
            parse(package, _STYLES, self._styles.listen)
        self._is_plain = self._look_through_plain()
        if not self._is_plain:
            self._look_through(self._few_elements())
        # Looking through it once more is what reading a sheet takes.
        self._most = 2 * self._walked + MOST_AGAIN

    @property
    def sheets(self) -> Sequence[str]:
        """See `CellSource`."""
        return [name for name in self._tables if not _is_elsewhere(name)]

    @property
    def names(self) -> Mapping[str, str]:
        """See `CellSource`; only names of one column or a cell of it, as its column."""
        return self._names

    def stream(self, sheet: int) -> Stream:
        """See `CellSource`."""
        here = [n for n, name in enumerate(self._tables) if not _is_elsewhere(name)]
        rows = OdsRows(here[sheet], self._styles.look)
        parser = _told_of_all(rows)
        odd = 0
        for is_row, piece in pieces(self._chunks()) if self._is_plain else self._unparted():
            if not is_row:
                parser.Parse(piece)
            elif not rows.take_row(piece):
                odd += elements(piece) + AN_ODD_ROW
                if odd > MOST_IN_ODD_ROWS:
                    raise too_many_by_elements(self._name)
                _told_of_all(rows).Parse(b"<row>" + piece + b"</row>", True)  # by place only
            yield from rows.taken()
            if rows.done:
                return

    def _chunks(self) -> Iterator[bytes]:
        return without_comments(self._walk())

    def _walk(self) -> Iterator[bytes]:
        with self._package.open(_CONTENT) as stream:
            while chunk := stream.read(PIECE):
                self._walked += elements(chunk)
                if self._most and self._walked > self._most:
                    raise too_many_sheets(self._name)
                yield chunk

    def _few_elements(self) -> Iterator[bytes]:
        count = 0
        for chunk in bounded(self._walk(), self._name):
            count += elements(chunk)
            if count > MOST_BY_ELEMENTS:
                raise too_many_by_elements(self._name)
            yield chunk

    def _unparted(self) -> Iterator[tuple[bool, bytes]]:
        for chunk in self._chunks():
            yield False, chunk

    def _look_through_plain(self) -> bool:
        try:
            self._look_through(checked(without_comments(bounded(self._walk(), self._name))))
        except NotPlain:
            self._tables.clear()
            self._names.clear()
            return False
        return True

    def _look_through(self, chunks: Iterator[bytes]) -> None:
        """The styles, the sheets and the names."""
        styles = self._styles
        depth = 0

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            name = local(tag)
            if name in _OF_CELLS:
                return
            found = {local(key): value for key, value in attributes.items()}
            if name == "table":
                depth += 1
                if depth == 1:
                    self._tables.append(found.get("name", ""))
            elif name == "named-range":
                self._take_name(found)
            else:
                styles.start(name, found)

        def end(tag: str) -> None:
            nonlocal depth
            name = local(tag)
            if name == "table":
                depth -= 1
            elif name not in _OF_CELLS:
                styles.end(name)

        parser = new_parser()
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = styles.text
        for chunk in chunks:
            parser.Parse(chunk)
        parser.Parse(b"", True)  # expat takes it by place only

    def _take_name(self, found: dict[str, str]) -> None:
        column = _COLUMN.fullmatch(found.get("cell-range-address", ""))
        if column and column[3] in {None, column[2]}:
            sheet = column[1]
            if sheet.startswith("'") and sheet.endswith("'"):
                sheet = sheet[1:-1].replace("''", "'")
            self._names[found.get("name", "")] = whole_column(sheet, column_number(column[2]))


def _told_of_all(rows: OdsRows) -> XMLParserType:
    parser = new_parser()
    parser.StartElementHandler = rows.start
    parser.CharacterDataHandler = rows.text
    parser.EndElementHandler = rows.end
    return parser


def _is_elsewhere(table: str) -> bool:
    """Whether a table only keeps what a sheet of another file held when it was last read."""
    return table.startswith("'file:") and "#" in table
