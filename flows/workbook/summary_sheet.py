"""The Summary sheet: what happened to a workbook, in one look.

Five columns carry every block: Row | Reference | Result | What happened | What to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from flows.workbook import look
from flows.workbook.cell_values import MONEY_FORMAT, cell_at, put_text, shown
from flows.workbook.our_marks import defined_name
from flows.workbook.row_height import make_room
from flows.workbook.summary_words import (
    ATTENTION,
    BANNERS,
    MEANING,
    headline,
    next_steps,
    state_words,
)
from schemas.outcomes import RowAnswer, State, WorkbookSummary
from schemas.sheet_layout import SheetLayout

TITLE: Final = "Summary"
MOST_LISTED: Final = 200

_WIDTHS: Final = (13.0, 30.0, 32.0, 62.0, 58.0)
_LINK: Final = "0B57A4"


def write_summary(
    book: Workbook,
    order_sheet: Worksheet,
    layout: SheetLayout,
    answers: Sequence[RowAnswer],
    summary: WorkbookSummary,
) -> None:
    """Write our Summary behind the user's sheets, or in place of our earlier one.

    Ours is known by its defined name; a sheet of the user's that is called Summary stays.
    """
    sheet = _fresh_sheet(book)
    page = _Page(sheet)
    page.heading(headline(summary, answers), summary)
    page.facts(summary)
    page.steps(summary)
    page.counts(summary, answers)
    page.money(summary)
    page.attention(answers, order_sheet, layout)
    page.sentences("Notes", summary.notes)
    _print_setup(sheet)


def _fresh_sheet(book: Workbook) -> Worksheet:
    name = defined_name(TITLE)
    title, index = _unused_title(book), len(book.sheetnames)
    earlier = _earlier(book, name)
    if earlier is not None:
        title, index = earlier.title, book.index(earlier)
        book.remove(earlier)
    sheet: Worksheet = book.create_sheet(title, index)
    place = f"{quote_sheetname(title)}!$A$1"
    book.defined_names[name] = DefinedName(name, attr_text=place, hidden=True)
    return sheet


def _earlier(book: Workbook, name: str) -> Worksheet | None:
    known = book.defined_names.get(name)
    if known is None:
        return None
    for title, _ in known.destinations:
        if title in book.sheetnames and isinstance(book[title], Worksheet):
            return book[title]
    return None


def _unused_title(book: Workbook) -> str:
    taken = {title.casefold() for title in book.sheetnames}
    title, count = TITLE, 1
    while title.casefold() in taken:
        count += 1
        title = f"{TITLE} ({count})"
    return title


class _Page:
    """The sheet as it is written, block under block."""

    def __init__(self, sheet: Worksheet) -> None:
        self._sheet = sheet
        self._row = 1
        self._columns = len(_WIDTHS)
        self._body = copy(sheet.cell(1, 1).font)
        sheet.sheet_view.showGridLines = False
        for place, width in enumerate(_WIDTHS, start=1):
            sheet.column_dimensions[get_column_letter(place)].width = width

    def heading(self, sentence: str, summary: WorkbookSummary) -> None:
        """The headline, and in practice the banner that says so."""
        cell = self._text(1, sentence)
        cell.font = self._font(sz=18, bold=True)
        self._sheet.row_dimensions[self._row].height = 30
        self._row += 1
        banner = BANNERS.get(summary.environment)
        if banner:
            for place in range(1, len(_WIDTHS) + 1):
                self._cell(place).fill = look.solid(look.PRACTICE.strong)
            self._text(1, banner).font = self._font(sz=13, bold=True)
            self._sheet.row_dimensions[self._row].height = 22
            self._row += 1
        self._row += 1

    def facts(self, summary: WorkbookSummary) -> None:
        """Which workbook, where it was sent, and when."""
        zone = ZoneInfo(summary.timezone)
        lines = (
            ("Workbook", summary.workbook),
            ("Sheet", summary.sheet),
            ("Account", summary.account),
            ("Environment", summary.environment),
            ("Started", f"{_clock(summary.started_at, zone)} ({summary.timezone})"),
            ("Finished", f"{_clock(summary.finished_at, zone)} ({summary.timezone})"),
        )
        for label, value in lines:
            self._text(1, label).font = self._font(color="5A6672")
            self._text(2, value)
            self._row += 1
        self._row += 1

    def steps(self, summary: WorkbookSummary) -> None:
        """What to do next."""
        self.sentences("What to do next", next_steps(summary))

    def sentences(self, title: str, sentences: Sequence[str]) -> None:
        """A titled list of sentences; nothing when there are none."""
        if not sentences:
            return
        self._title(title)
        for sentence in sentences:
            self._text(1, f"• {sentence}")
            self._row += 1
        self._row += 1

    def counts(self, summary: WorkbookSummary, answers: Sequence[RowAnswer]) -> None:
        """How many orders and rows are in each state, in its colour."""
        self._title("How it went")
        self._header("Orders", "Rows", "Result", "What it means")
        for state, meaning in MEANING.items():
            orders, rows = summary.orders.get(state, 0), summary.rows.get(state, 0)
            if orders or rows:
                self._number(1, orders)
                self._number(2, rows)
                self._state(3, state_words(state, answers), state)
                self._wrapped(4, meaning)
                self._end_row()
        for place, total in ((1, summary.orders), (2, summary.rows)):
            self._number(place, sum(total.values())).font = self._font(bold=True)
        self._text(3, "in all").font = self._font(bold=True)
        self._row += 2

    def money(self, summary: WorkbookSummary) -> None:
        """What was spent and what was only priced, by currency, where prices are known."""
        currencies = sorted({*summary.placed_totals, *summary.priced_totals})
        if not currencies:
            return
        self._title("Money, where Adobe named a price")
        self._header("Currency", "Ordered", "Only priced, not ordered")
        for currency in currencies:
            self._text(1, currency)
            for place, totals in ((2, summary.placed_totals), (3, summary.priced_totals)):
                cell = self._cell(place)
                cell.value = totals.get(currency)
                cell.number_format = MONEY_FORMAT
                cell.alignment = Alignment(horizontal="left")
            self._end_row()
        self._row += 1

    def attention(
        self, answers: Sequence[RowAnswer], order_sheet: Worksheet, layout: SheetLayout
    ) -> None:
        """The rows that need a person, each with a link to its row."""
        rows = sorted(
            (answer for answer in answers if answer.state in ATTENTION),
            key=lambda answer: answer.row,
        )
        if not rows:
            return
        self._title("Rows that need attention")
        self._header("Row", "Reference", "Result", "What happened", "What to do")
        first = min(layout.columns.values(), default=1)
        for answer in rows[:MOST_LISTED]:
            self._link(answer.row, order_sheet.title, first)
            self._wrapped(2, _reference(order_sheet, layout, answer.row))
            self._state(3, answer.result, answer.state)
            self._wrapped(4, answer.what_happened)
            self._wrapped(5, answer.what_to_do)
            self._end_row()
        if len(rows) > MOST_LISTED:
            self._text(1, f"and {len(rows) - MOST_LISTED:,} more, in the sheet itself.")
            self._row += 1
        self._row += 1

    def _cell(self, place: int) -> Cell:
        return cell_at(self._sheet, self._row, place)

    def _font(
        self,
        *,
        sz: float | None = None,
        bold: bool = False,
        color: str | None = None,
        underline: Literal["single"] | None = None,
    ) -> Font:
        """A font of the family that the workbook uses; readers take another one without a name."""
        return Font(
            name=self._body.name,
            sz=sz or self._body.sz,
            bold=bold,
            color=color,
            underline=underline,
        )

    def _text(self, place: int, text: str) -> Cell:
        cell = self._cell(place)
        put_text(cell, text)
        cell.alignment = Alignment(vertical="center")
        return cell

    def _wrapped(self, place: int, text: str) -> Cell:
        cell = self._text(place, text)
        cell.alignment = Alignment(vertical="top", wrap_text=True)
        return cell

    def _number(self, place: int, number: int) -> Cell:
        cell = self._cell(place)
        cell.value = number
        cell.number_format = "#,##0"
        cell.alignment = Alignment(horizontal="left", vertical="top")
        return cell

    def _state(self, place: int, words: str, state: State) -> None:
        tone = look.TONES[state]
        cell = self._wrapped(place, words)
        cell.fill = look.solid(tone.strong)
        cell.font = self._font(bold=True, color=tone.ink)

    def _link(self, row: int, sheet_title: str, column: int) -> None:
        cell = self._number(1, row)
        cell.number_format = "0"
        target = f"{quote_sheetname(sheet_title)}!{get_column_letter(column)}{row}"
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=target)
        cell.font = self._font(color=_LINK, underline="single")

    def _title(self, words: str) -> None:
        self._text(1, words).font = self._font(sz=13, bold=True)
        self._row += 1

    def _header(self, *words: str) -> None:
        self._columns = len(words)
        for place, word in enumerate(words, start=1):
            look.dress_header(self._text(place, word))
        self._row += 1

    def _end_row(self) -> None:
        """Close a row of a block with a thin line below it, high enough for what it says."""
        cells = [self._cell(place) for place in range(1, self._columns + 1)]
        widths = [self._sheet.column_dimensions[cell.column_letter].width for cell in cells]
        wrapped = zip((shown(cell.value) for cell in cells), widths, strict=True)
        make_room(self._sheet, self._row, wrapped)
        for place in range(1, self._columns + 1):
            self._cell(place).border = Border(bottom=look.HAIRLINE)
        self._row += 1


def _reference(sheet: Worksheet, layout: SheetLayout, row: int) -> str:
    place = layout.columns.get("externalReferenceId")
    return shown(cell_at(sheet, row, place).value) if place else ""


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _print_setup(sheet: Worksheet) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
