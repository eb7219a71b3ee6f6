"""The Summary sheet: what happened to a workbook, in one look.

Five columns carry every block: Row | Reference | Result | What happened | What to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from flows.workbook import look
from flows.workbook.areas import address, quoted
from flows.workbook.cell_values import MONEY_FORMAT
from flows.workbook.look import Look
from flows.workbook.new_sheet import NewSheet
from flows.workbook.row_height import height_for
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
_LINE: Final = Look(vertical="center")
_PROSE: Final = Look(vertical="top", wrapped=True)
_COUNT: Final = Look(number_format="#,##0", horizontal="left", vertical="top")


def fill_summary(
    sheet: NewSheet,
    layout: SheetLayout,
    references: Mapping[int, str],
    answers: Sequence[RowAnswer],
    summary: WorkbookSummary,
) -> None:
    """Write the Summary; `references` are the orders' own, by row, of the rows listed."""
    page = _Page(sheet)
    page.heading(headline(summary, answers), summary)
    page.facts(summary)
    page.sentences("What to do next", next_steps(summary))
    page.counts(summary, answers)
    page.money(summary)
    page.attention(answers, references, layout)
    page.sentences("Notes", summary.notes)


def listed(answers: Sequence[RowAnswer]) -> list[RowAnswer]:
    """The answers that need a person, in the order of their rows."""
    needing = (answer for answer in answers if answer.state in ATTENTION)
    return sorted(needing, key=lambda answer: answer.row)


class _Page:
    """The sheet as it is written, block under block."""

    def __init__(self, sheet: NewSheet) -> None:
        self._sheet = sheet
        self._row = 1
        self._columns = len(_WIDTHS)
        for place, width in enumerate(_WIDTHS, start=1):
            sheet.set_width(place, width)

    def heading(self, sentence: str, summary: WorkbookSummary) -> None:
        """The headline, and in practice the banner that says so."""
        self._text(1, sentence, replace(_LINE, size=18, bold=True))
        self._sheet.set_height(self._row, 30)
        self._row += 1
        banner = BANNERS.get(summary.environment)
        if banner:
            painted = Look(fill=look.PRACTICE.strong)
            for place in range(2, len(_WIDTHS) + 1):
                self._sheet.put_look(self._row, place, painted)
            self._text(1, banner, replace(_LINE, fill=painted.fill, size=13, bold=True))
            self._sheet.set_height(self._row, 22)
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
            self._text(1, label, replace(_LINE, ink="5A6672"))
            self._text(2, value)
            self._row += 1
        self._row += 1

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
                self._sheet.put_number(self._row, 1, orders, _COUNT)
                self._sheet.put_number(self._row, 2, rows, _COUNT)
                self._state(3, state_words(state, answers), state)
                self._text(4, meaning, _PROSE)
                self._end_row()
        for place, total in ((1, summary.orders), (2, summary.rows)):
            bold = replace(_COUNT, bold=True)
            self._sheet.put_number(self._row, place, sum(total.values()), bold)
        self._text(3, "in all", replace(_LINE, bold=True))
        self._row += 2

    def money(self, summary: WorkbookSummary) -> None:
        """What was spent and what was only priced, by currency, where prices are known."""
        currencies = sorted({*summary.placed_totals, *summary.priced_totals})
        if not currencies:
            return
        self._title("Money, where Adobe named a price")
        self._header("Currency", "Ordered", "Only priced, not ordered")
        amount = Look(number_format=MONEY_FORMAT, horizontal="left")
        for currency in currencies:
            self._text(1, currency)
            for place, totals in ((2, summary.placed_totals), (3, summary.priced_totals)):
                self._sheet.put_number(self._row, place, totals.get(currency), amount)
            self._end_row()
        self._row += 1

    def attention(
        self, answers: Sequence[RowAnswer], references: Mapping[int, str], layout: SheetLayout
    ) -> None:
        """The rows that need a person, each with a link to its row."""
        rows = listed(answers)
        if not rows:
            return
        self._title("Rows that need attention")
        self._header("Row", "Reference", "Result", "What happened", "What to do")
        first = min(layout.columns.values(), default=1)
        for answer in rows[:MOST_LISTED]:
            self._link(answer.row, layout.sheet, first)
            self._text(2, references.get(answer.row, ""), _PROSE)
            self._state(3, answer.result, answer.state)
            self._text(4, answer.what_happened, _PROSE)
            self._text(5, answer.what_to_do, _PROSE)
            self._end_row()
        if len(rows) > MOST_LISTED:
            self._text(1, f"and {len(rows) - MOST_LISTED:,} more, in the sheet itself.")
            self._row += 1
        self._row += 1

    def _text(self, place: int, text: str, wanted: Look = _LINE) -> None:
        self._sheet.put_text(self._row, place, text, wanted)

    def _state(self, place: int, words: str, state: State) -> None:
        tone = look.TONES[state]
        self._text(place, words, replace(_PROSE, fill=tone.strong, bold=True, ink=tone.ink))

    def _link(self, row: int, sheet_title: str, column: int) -> None:
        linked = replace(_COUNT, number_format="0", ink=_LINK, underlined=True)
        self._sheet.put_number(self._row, 1, row, linked)
        self._sheet.link(self._row, 1, f"{quoted(sheet_title)}!{address(row, column)}")

    def _title(self, words: str) -> None:
        self._text(1, words, replace(_LINE, size=13, bold=True))
        self._row += 1

    def _header(self, *words: str) -> None:
        self._columns = len(words)
        for place, word in enumerate(words, start=1):
            self._text(place, word, look.header_look())
        self._row += 1

    def _end_row(self) -> None:
        """Close a row of a block with a thin line below it, high enough for what it says."""
        widths = self._sheet.widths()
        texts = self._sheet.texts(self._row)
        height = height_for((text, widths[place]) for place, text in texts.items())
        if height:
            self._sheet.set_height(self._row, height)
        self._sheet.underline(self._row, self._columns)
        self._row += 1


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")
