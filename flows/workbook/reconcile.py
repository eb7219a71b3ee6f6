"""The reconciled workbook: the user's own workbook with an answer beside every order row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from io import BytesIO
from zoneinfo import ZoneInfo

from openpyxl import load_workbook
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from flows.workbook.answers import AnswerWriter, clear_answers, with_standing_ids, write_headers
from flows.workbook.fault_marks import mark_faults, take_marks
from flows.workbook.package import CORE_PROPERTIES, MACROS, parts_of, saved
from flows.workbook.sheet_room import (
    grow_print_area,
    grow_tables,
    name_columns,
    places_of_answers,
    set_widths,
)
from flows.workbook.stored_values import with_stored_values
from flows.workbook.summary_sheet import write_summary
from schemas.faults import Fault
from schemas.outcomes import RowAnswer, WorkbookSummary
from schemas.sheet_layout import SheetLayout


def reconcile(
    source: bytes,
    layout: SheetLayout,
    answers: Sequence[RowAnswer],
    faults: Sequence[Fault],
    summary: WorkbookSummary,
) -> bytes:
    """The workbook `source` with our answers in it, as bytes; the same input, the same bytes.

    - one row of our thirteen columns for each of `answers`, right of all that the sheet holds
      or where `layout.result_columns` found them; our old answers elsewhere are emptied;
    - a mark and a note on each cell that `faults` name; our earlier marks are taken off first;
    - a Summary sheet behind the user's sheets, in place of our earlier one.

    `layout` describes `source` itself. `answers` name its rows, at most one answer to a row.
    Raises what openpyxl raises for bytes that are no workbook; reading comes first and has
    turned such a file away.

    It opens on the order sheet, at the rows and columns where the user left it, and not on the
    Summary: whoever drops a workbook wants the rows, the red ones are mended there, and
    a colleague who opens the file next week finds what the file always showed. The Summary is
    one click away. Only the order sheet is selected, since typing into a group of selected
    sheets would change all of them.
    """
    book = _opened(source, summary)
    sheet = book[layout.sheet]
    assert isinstance(sheet, Worksheet)  # noqa: S101 - a chart sheet holds no order rows
    places = places_of_answers(sheet, layout)
    answers = with_standing_ids(sheet, layout, answers)
    take_marks(book, sheet)
    clear_answers(sheet, layout, places)
    write_headers(sheet, layout, places, summary.timezone)
    AnswerWriter(sheet, layout, places, ZoneInfo(summary.timezone)).write(answers)
    mark_faults(book, sheet, faults)
    set_widths(sheet, layout, places)
    grow_tables(sheet, layout, places)
    grow_print_area(sheet, layout, places)
    name_columns(book, sheet, places)
    write_summary(book, sheet, layout, answers, summary)
    _open_on(book, sheet)
    return with_stored_values(source, saved(book, summary.finished_at))


def _opened(source: bytes, summary: WorkbookSummary) -> Workbook:
    parts = parts_of(source)
    book = load_workbook(BytesIO(source), keep_vba=MACROS in parts, rich_text=True)
    if CORE_PROPERTIES not in parts:
        book.properties.creator = None
        finished = summary.finished_at.astimezone(UTC)
        book.properties.created = finished.replace(tzinfo=None, microsecond=0)
    return book


def _open_on(book: Workbook, sheet: Worksheet) -> None:
    if sheet.sheet_state != "visible":
        return
    book.active = sheet
    for other in book.worksheets:
        for view in other.views.sheetView:
            view.tabSelected = other is sheet
    for chart in book.chartsheets:
        for chart_view in chart.sheetViews.sheetView:
            chart_view.tabSelected = False
