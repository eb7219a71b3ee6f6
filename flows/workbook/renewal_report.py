"""The renewal workbook of one night: what became of every subscription, and what is coming."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from flows.workbook.cell_values import MONEY_FORMAT, legible
from flows.workbook.look import AMBER, BLUE, GREEN, PRACTICE, RED, Tone
from flows.workbook.new_book import dress_header, hairlines, saved, solid
from flows.workbook.row_height import height_for
from schemas.faults import Fault
from schemas.renewal_answers import (
    RESULT,
    ComingAnswer,
    NightSummary,
    RenewalAnswer,
    RenewalState,
)

SUMMARY, ANSWERS, COMING, MISTAKES = "Summary", "Renewals", "Next 30 days", "Rows to mend"

TONES: Final[Mapping[RenewalState, Tone]] = {
    RenewalState.RENEWED: GREEN,
    RenewalState.OPEN: BLUE,
    RenewalState.WOULD_RENEW: BLUE,
    RenewalState.NOTHING: replace(GREEN, strong="FFFFFF"),
    RenewalState.HELD: AMBER,
    RenewalState.TOO_LATE: RED,
    RenewalState.REFUSED: RED,
    RenewalState.FAILED: RED,
    RenewalState.IN_DOUBT: AMBER,
}

Value = str | int | Decimal | date | None

FACE: Final = "Calibri"
ANSWER_COLUMNS: Final = (
    ("Row in the book", 9),
    ("Customer", 14),
    ("Company", 28),
    ("Subscription", 36),
    ("Product", 18),
    ("Licences", 10),
    ("Renewed early", 10),
    ("Automatic renewal", 16),
    ("Renewal date", 13),
    ("Wanted", 14),
    ("Ceiling price", 16),
    ("Result", 24),
    ("Order", 9),
    ("Licences ordered", 10),
    ("Price", 14),
    ("Price currency", 10),
    ("Order ID", 14),
    ("What happened", 62),
    ("What to do", 52),
)
COMING_COLUMNS: Final = (
    ("Date", 13),
    ("What date it is", 22),
    ("Row in the book", 9),
    ("Customer", 14),
    ("Company", 28),
    ("Subscription", 36),
    ("Product", 18),
    ("Licences", 10),
    ("What happens", 72),
)
MISTAKE_COLUMNS: Final = (
    ("Row in the book", 9),
    ("Cell", 9),
    ("What stands there", 28),
    ("What is wrong", 62),
    ("What to do", 62),
)
_RESULT_COLUMN: Final = [name for name, _ in ANSWER_COLUMNS].index("Result") + 1


def renewal_report(
    answers: Sequence[RenewalAnswer],
    coming: Sequence[ComingAnswer],
    faults: Sequence[Fault],
    summary: NightSummary,
) -> bytes:
    """The workbook as bytes: the same facts, the same bytes."""
    book = Workbook()
    book.properties.creator = "Orderdrop"
    book.properties.created = summary.started_at.replace(tzinfo=None, microsecond=0)
    first = book.active
    assert isinstance(first, Worksheet)  # noqa: S101 - a new workbook has one
    first.title = SUMMARY
    _write_summary(first, summary, len(coming), len(faults))
    sheet = _table(book, ANSWERS, ANSWER_COLUMNS)
    for number, answer in enumerate(answers, start=2):
        _write_row(sheet, number, _cells_of(answer), ANSWER_COLUMNS)
        tone = TONES[answer.state]
        result = sheet.cell(number, _RESULT_COLUMN)
        result.fill = solid(tone.strong)
        result.font = Font(name=FACE, bold=True, color=tone.ink)
    sheet = _table(book, COMING, COMING_COLUMNS)
    for number, due in enumerate(coming, start=2):
        cells = (due.on, due.by, due.row, due.customer_id, due.company, due.subscription_id)
        _write_row(
            sheet, number, (*cells, due.offer_id, due.licences, due.what_happens), COMING_COLUMNS
        )
    if faults:
        sheet = _table(book, MISTAKES, MISTAKE_COLUMNS)
        for number, fault in enumerate(faults, start=2):
            wrong = (fault.row, fault.cell, fault.value, fault.message, fault.hint)
            _write_row(sheet, number, wrong, MISTAKE_COLUMNS)
    return saved(book, summary.finished_at)


def _cells_of(answer: RenewalAnswer) -> tuple[Value, ...]:
    return (
        answer.row,
        answer.customer_id,
        answer.company,
        answer.subscription_id,
        answer.offer_id,
        answer.licences,
        answer.renewed,
        answer.automatic,
        answer.renewal_date,
        answer.wanted,
        answer.ceiling,
        answer.result,
        answer.place,
        answer.quantity,
        answer.price,
        answer.currency,
        answer.order_id,
        answer.what_happened,
        answer.what_to_do,
    )


def _table(book: Workbook, title: str, columns: Sequence[tuple[str, int]]) -> Worksheet:
    sheet: Worksheet = book.create_sheet(title)
    for place, (name, width) in enumerate(columns, start=1):
        header = sheet.cell(1, place, name)
        assert isinstance(header, Cell)  # noqa: S101 - nothing is merged here
        dress_header(header)
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.row_dimensions[1].height = 32
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}1"
    _print_on_one_page_across(sheet)
    return sheet


def _print_on_one_page_across(sheet: Worksheet) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0


def _write_row(
    sheet: Worksheet, number: int, values: Sequence[Value], columns: Sequence[tuple[str, int]]
) -> None:
    for place, value in enumerate(values, start=1):
        _put(sheet, number, place, value)
    told = ((str(v or ""), float(width)) for v, (_, width) in zip(values, columns, strict=True))
    height = height_for(told)
    if height:
        sheet.row_dimensions[number].height = height


def _put(sheet: Worksheet, row: int, column: int, value: Value) -> Cell:
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)  # noqa: S101 - nothing is merged here
    cell.alignment = Alignment(vertical="top", wrap_text=True, horizontal="left")
    cell.border = hairlines()
    if value in (None, ""):
        return cell
    if isinstance(value, str):
        cell.value = legible(value)
        cell.data_type = "s"  # whatever it begins with
    else:
        cell.value = value
        if isinstance(value, Decimal):
            cell.number_format = MONEY_FORMAT
        elif isinstance(value, date):
            cell.number_format = "yyyy-mm-dd"
    return cell


def _write_summary(sheet: Worksheet, summary: NightSummary, coming: int, faults: int) -> None:
    sheet.sheet_view.showGridLines = False
    for column, width in (("A", 26), ("B", 46), ("C", 30)):
        sheet.column_dimensions[column].width = width
    _print_on_one_page_across(sheet)
    sheet["A1"] = headline(summary)
    sheet["A1"].font = Font(name=FACE, bold=True, sz=18)
    sheet.row_dimensions[1].height = 28
    row = 2
    for banner in banners(summary):
        for place in (1, 2, 3):
            sheet.cell(row, place).fill = solid(PRACTICE.strong)
        sheet.cell(row, 1, banner).font = Font(name=FACE, bold=True, sz=13)
        row += 1
    row += 1
    zone = ZoneInfo(summary.timezone)
    facts = (
        ("Renewal book", legible(summary.book)),
        ("Night of", summary.night.isoformat()),
        ("Account", legible(summary.account)),
        ("Environment", summary.environment),
        ("Started", f"{_clock(summary.started_at, zone)} ({summary.timezone})"),
        ("Finished", f"{_clock(summary.finished_at, zone)} ({summary.timezone})"),
    )
    for label, value in facts:
        sheet.cell(row, 1, label)
        told = sheet.cell(row, 2, value)
        assert isinstance(told, Cell)  # noqa: S101 - nothing is merged here
        told.data_type = "s"
        row += 1
    row = _counts(sheet, row + 1, summary)
    row = _totals(sheet, row + 1, summary)
    sentences = [*summary.notes, f"Subscriptions with a date in the next 30 days: {coming}."]
    if faults:
        sentences.append(f"Mistakes in the rows of the book: {faults}; see {MISTAKES}.")
    for sentence in sentences:
        told = sheet.cell(row + 1, 1, f"• {sentence}")
        row += 1


def _counts(sheet: Worksheet, row: int, summary: NightSummary) -> int:
    sheet.cell(row, 1, "How it went").font = Font(name=FACE, bold=True, sz=13)
    for state in RenewalState:
        count = summary.counts.get(state, 0)
        if count:
            row += 1
            words = sheet.cell(row, 1, RESULT[state])
            tone = TONES[state]
            words.fill, words.font = solid(tone.strong), Font(name=FACE, bold=True, color=tone.ink)
            number = sheet.cell(row, 2, count)
            number.alignment = Alignment(horizontal="left")
    return row + 1


def _totals(sheet: Worksheet, row: int, summary: NightSummary) -> int:
    if not summary.totals:
        return row
    title = (
        "What it would cost, before tax" if summary.is_dry_run else "What was ordered, before tax"
    )
    sheet.cell(row, 1, title).font = Font(name=FACE, bold=True, sz=13)
    for currency, total in sorted(summary.totals.items()):
        row += 1
        sheet.cell(row, 1, currency)
        amount = sheet.cell(row, 2, total)
        amount.number_format = MONEY_FORMAT
        amount.alignment = Alignment(horizontal="left")
    return row + 1


def headline(summary: NightSummary) -> str:
    """The night in one line."""
    counts = summary.counts
    renewed = counts.get(RenewalState.RENEWED, 0) + counts.get(RenewalState.OPEN, 0)
    if summary.is_dry_run:
        would = counts.get(RenewalState.WOULD_RENEW, 0)
        return f"{would} {_subscriptions(would)} would be renewed"
    return f"{renewed} {_subscriptions(renewed)} renewed"


def _subscriptions(number: int) -> str:
    return "subscription" if number == 1 else "subscriptions"


def banners(summary: NightSummary) -> list[str]:
    """What must not be overlooked."""
    told = []
    if summary.environment == "practice":
        told.append("Practice: nothing is ordered for real.")
    if summary.is_first:
        told.append(
            "Dry run: this is the first night of this renewal book. Nothing was ordered; the next "
            "night does what stands here."
        )
    elif summary.is_dry_run:
        told.append("Dry run: nothing was ordered.")
    return told


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
