"""The Summary sheet: what happened to a workbook, in one look and on one page.

Four columns carry every block, and a fifth the chart: Result | Orders | Rows | What it means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from flows.workbook import look
from flows.workbook.areas import quoted
from flows.workbook.cell_values import MONEY_FORMAT, TIME_FORMAT, day_number
from flows.workbook.chart_parts import Bar, Bars
from flows.workbook.look import Look, Tone
from flows.workbook.new_sheet import NewSheet
from flows.workbook.row_height import height_for
from flows.workbook.summary_words import (
    BANNERS,
    MEANING,
    READY_MEANING,
    headline,
    next_steps,
    state_words,
    tasks_words,
)
from schemas.outcomes import READY, OrderOutcome, RowAnswer, WorkbookSummary

_WIDTHS: Final = (32.0, 19.0, 16.0, 52.0, 58.0)
_CHART: Final = 5
_TEXT_COLUMNS: Final = 4
_TEXT_WIDTH: Final = sum(_WIDTHS[:_TEXT_COLUMNS])

_LINE: Final = Look(horizontal="left", vertical="center", indent=1)
_LABEL: Final = replace(_LINE, ink=look.QUIET)
_PROSE: Final = replace(_LINE, wrapped=True)
_COUNT: Final = replace(_LINE, number_format="#,##0", horizontal="right")
_MONEY: Final = replace(_COUNT, number_format=MONEY_FORMAT)
_TIME: Final = replace(_LINE, number_format=TIME_FORMAT)
_POINTER: Final = replace(_LINE, ink=look.LINK, underlined=True)
_HEIGHT: Final = 20
_LINE_HEIGHT: Final = 17
_HEADER_HEIGHT: Final = 24


def fill_summary(
    sheet: NewSheet,
    answers: Sequence[RowAnswer],
    orders: Sequence[OrderOutcome],
    summary: WorkbookSummary,
    *,
    titles: Mapping[str, str],
    tasks: int,
    since_1904: bool,
) -> Bars | None:
    """Write the Summary; the chart that belongs beside it, None when there is nothing to show.

    `titles` are those of our sheets by name, `tasks` is how many things there are to mend.
    """
    page = _Page(sheet, since_1904=since_1904)
    page.heading(headline(summary, answers), summary)
    page.facts(summary)
    page.sentences("What to do next", next_steps(summary))
    page.pointers(titles, tasks, len(orders))
    bars = page.counts(summary, answers, orders)
    page.money(summary)
    page.sentences("Notes", summary.notes)
    return bars


class _Page:
    """The sheet as it is written, block under block."""

    def __init__(self, sheet: NewSheet, *, since_1904: bool) -> None:
        self._sheet = sheet
        self._since_1904 = since_1904
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
        for label, value in (
            ("Workbook", summary.workbook),
            ("Sheet", summary.sheet),
            ("Account", summary.account),
            ("Environment", summary.environment),
        ):
            self._text(1, label, _LABEL)
            self._text(2, value)
            self._end_line()
        for label, moment in (("Started", summary.started_at), ("Finished", summary.finished_at)):
            self._text(1, label, _LABEL)
            self._time(2, moment, ZoneInfo(summary.timezone))
            self._text(3, summary.timezone, _LABEL)
            self._end_line()
        self._row += 1

    def sentences(self, title: str, sentences: Sequence[str]) -> None:
        """A titled list of sentences, each as wide as the blocks; nothing when there are none."""
        if not sentences:
            return
        self._title(title)
        for sentence in sentences:
            told = f"• {sentence}"
            self._text(1, told, _PROSE)
            self._sheet.merge(self._row, 1, _TEXT_COLUMNS)
            self._sheet.set_height(self._row, height_for([(told, _TEXT_WIDTH)]) or _HEIGHT)
            self._row += 1
        self._row += 1

    def pointers(self, titles: Mapping[str, str], tasks: int, orders: int) -> None:
        """Links to our other sheets."""
        self._row -= 1
        told = {"To do": tasks_words(tasks), "Orders": f"all {orders:,} one by one"}
        for word, words in told.items():
            self._text(1, f"{titles[word]}: {words}", _POINTER)
            self._sheet.link(self._row, 1, f"{quoted(titles[word])}!A1")
            self._sheet.set_height(self._row, _HEIGHT)
            self._row += 1
        self._row += 1

    def counts(
        self,
        summary: WorkbookSummary,
        answers: Sequence[RowAnswer],
        orders: Sequence[OrderOutcome],
    ) -> Bars | None:
        """How many orders and rows are in each state, in its colour, and the chart of it."""
        self._title("How it went")
        header = self._row
        self._header("Result", "Orders", "Rows", "What it means", right=(2, 3))
        bars: list[Bar] = []
        totals = [0, 0]
        for words, tone, meaning, (of_orders, of_rows) in _counted(summary, answers, orders):
            self._text(1, words, replace(_PROSE, fill=tone.strong, bold=True, ink=tone.ink))
            self._sheet.put_number(self._row, 2, of_orders, _COUNT)
            self._sheet.put_number(self._row, 3, of_rows, _COUNT)
            self._text(4, meaning, _PROSE)
            self._end_row()
            bars.append(Bar(words, of_orders, tone.strong))
            totals = [totals[0] + of_orders, totals[1] + of_rows]
        self._text(1, "In all", replace(_LINE, bold=True))
        for place, total in enumerate(totals, start=2):
            self._sheet.put_number(self._row, place, total, replace(_COUNT, bold=True))
        self._sheet.set_height(self._row, _HEIGHT)
        self._row += 2
        return (
            Bars("Orders by result", bars, header, 1, 2, header - 1, _CHART) if totals[0] else None
        )

    def money(self, summary: WorkbookSummary) -> None:
        """What was spent and what was only priced, by currency, where prices are known."""
        currencies = sorted({*summary.placed_totals, *summary.priced_totals})
        if not currencies:
            return
        self._title("Money, where Adobe named a price")
        self._header("Currency", "Ordered", "Only priced", right=(2, 3))
        for currency in currencies:
            self._text(1, currency, _PROSE)
            for place, totals in ((2, summary.placed_totals), (3, summary.priced_totals)):
                self._sheet.put_number(self._row, place, totals.get(currency), _MONEY)
            self._end_row()
        self._row += 1

    def _text(self, place: int, text: str, wanted: Look = _LINE) -> None:
        self._sheet.put_text(self._row, place, text, wanted)

    def _time(self, place: int, moment: datetime, zone: ZoneInfo) -> None:
        days = day_number(moment, zone, since_1904=self._since_1904)
        self._sheet.put_time(self._row, place, days, _TIME)

    def _title(self, words: str) -> None:
        self._text(1, words, replace(_LINE, size=13, bold=True, ink=look.HEADER.strong))
        self._sheet.set_height(self._row, _HEADER_HEIGHT)
        self._row += 1

    def _header(self, *words: str, right: Sequence[int] = ()) -> None:
        self._columns = len(words)
        for place, word in enumerate(words, start=1):
            side = "right" if place in right else "left"
            self._text(place, word, replace(look.header_look(), horizontal=side, indent=1))
        self._sheet.set_height(self._row, _HEADER_HEIGHT)
        self._row += 1

    def _end_line(self) -> None:
        self._sheet.set_height(self._row, _LINE_HEIGHT)
        self._row += 1

    def _end_row(self) -> None:
        """Close a row of a block with a thin line below it, high enough for what it says."""
        widths = self._sheet.widths()
        texts = self._sheet.texts(self._row)
        height = height_for((text, widths[place] - 2) for place, text in texts.items())
        self._sheet.set_height(self._row, height or _HEIGHT)
        self._sheet.underline(self._row, self._columns)
        self._row += 1


def _counted(
    summary: WorkbookSummary, answers: Sequence[RowAnswer], orders: Sequence[OrderOutcome]
) -> list[tuple[str, Tone, str, tuple[int, int]]]:
    """Words, colour, meaning, and the counts of orders and rows, of each state that occurs."""
    ready = [len(order.rows) for order in orders if order.state is None]
    counted = [(READY, look.READY, READY_MEANING, (len(ready), sum(ready)))]
    counted += [
        (
            state_words(state, answers),
            look.TONES[state],
            meaning,
            (summary.orders.get(state, 0), summary.rows.get(state, 0)),
        )
        for state, meaning in MEANING.items()
    ]
    return [entry for entry in counted if any(entry[3])]
