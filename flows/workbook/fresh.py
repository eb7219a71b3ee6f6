"""A workbook that can be extended, for a source that cannot (.xls, .xlsb, .ods, .csv)."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Final, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES, Cell
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.worksheet import Worksheet

from flows.workbook import cells
from flows.workbook.books import StreamBook, opened
from flows.workbook.cell_stream import PlacedCell, Stream, Unknown
from flows.workbook.cell_values import legible
from flows.workbook.kinds import Kind, kind_of
from flows.workbook.our_marks import is_ours
from flows.workbook.table import MergedRange
from schemas.sheet_layout import column_letters

_DAY: Final = datetime(2000, 1, 1)  # noqa: DTZ001  # Excel knows no time zones
_MODIFIED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def as_xlsx(content: bytes, name: str) -> bytes:
    """The same sheets with the same values at the same places, as .xlsx; the same input, the
    same bytes. What can be extended comes back as it is. Raises NotAWorkbook.

    The bytes are such as orders were read from. Text stays text whatever it begins with;
    numbers, dates and booleans keep their type.
    """
    if kind_of(content, name, seen_before=True) is Kind.XLSX:
        return content
    with opened(content, name) as book:
        assert isinstance(book, StreamBook)  # noqa: S101 - all kinds but .xlsx are
        fresh = Workbook(write_only=True)
        for title in book.sheets:
            sheet = fresh.create_sheet(title)
            assert isinstance(sheet, WriteOnlyWorksheet)  # noqa: S101 - the workbook is write-only
            _copy(book.stream(title), sheet)
        for word, reference in book.names.items():
            if is_ours(word):
                fresh.defined_names[word] = DefinedName(word, attr_text=reference, hidden=True)
    return _saved(fresh)


def _copy(stream: Stream, sheet: WriteOnlyWorksheet) -> None:
    # Its type does not say that it has all that a worksheet has.
    whole = cast("Worksheet", sheet)
    after = 1
    for item in stream:
        if isinstance(item, MergedRange):
            # `add` would look through all that are there already.
            whole.merged_cells.ranges.add(
                CellRange(
                    f"{column_letters(item.first_column)}{item.first_row}:"
                    f"{column_letters(item.last_column)}{item.last_row}"
                )
            )
            continue
        filled = [cell for cell in item.cells if cell.value != ""]
        if not filled:
            continue
        for _ in range(item.number - after):
            sheet.append([])
        if item.hidden:
            whole.row_dimensions[item.number].hidden = True
        row: list[Cell | None] = [None] * filled[-1].place
        for cell in filled:
            row[cell.place - 1] = _cell(sheet, cell)
        sheet.append(row)
        after = item.number + 1


def _cell(sheet: WriteOnlyWorksheet, found: PlacedCell) -> Cell:
    cell: Cell = WriteOnlyCell(sheet)
    value = found.value
    if isinstance(value, Unknown):
        _put_unknown(cell, value)
    elif isinstance(value, str):
        cell.value = legible(value)
        cell.data_type = "s"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        cell.value = int(value) if float(value).is_integer() else value
        cell.number_format = _number_format(value, found.look.code)
    else:
        cell.value = value
        cell.number_format = _format_of(value)
    return cell


def _put_unknown(cell: Cell, unknown: Unknown) -> None:
    """What cannot be known stays so: a workbook that is dropped again is held again."""
    if unknown.shown in ERROR_CODES:
        cell.value = unknown.shown
        cell.data_type = "e"
    else:
        cell.value = "=NA()"


def _number_format(value: float, code: str) -> str:
    if code in {"", "General"}:
        # An id of twelve digits or more would show as 1.2E+11.
        return "0" if abs(value) >= 10**11 and float(value).is_integer() else "General"
    return code


def _format_of(value: cells.Cell) -> str:
    match value:
        case datetime() if value.time() != time():
            return "yyyy-mm-dd hh:mm:ss"
        case date():
            return "yyyy-mm-dd"
        case time():
            return "hh:mm:ss"
        case timedelta():
            return "[h]:mm:ss"
        case _:
            return "General"


def _saved(book: Workbook) -> bytes:
    """The bytes without the moment of writing, which openpyxl stamps on all it saves."""
    book.properties.creator = None
    book.properties.created = book.properties.modified = _DAY
    raw, settled = BytesIO(), BytesIO()
    book.save(raw)
    with ZipFile(raw) as package, ZipFile(settled, "w", ZIP_DEFLATED) as out:
        for part in package.namelist():
            entry = ZipInfo(part, date_time=_EPOCH)
            entry.compress_type = ZIP_DEFLATED
            content = package.read(part)
            if part == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>2000-01-01T00:00:00Z\g<2>", content)
            out.writestr(entry, content)
    return settled.getvalue()
