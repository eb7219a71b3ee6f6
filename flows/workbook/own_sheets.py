"""Our sheets in the user's workbook: behind the user's own, or in place of our earlier ones.

All of them are written each time, also when there is nothing to do: a sheet that comes and goes
would take the user's own references to it along, and what the Summary points to is always there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from flows.workbook.archive import Archive, Content, deflated
from flows.workbook.areas import quoted
from flows.workbook.book_parts import Book, SheetEntry
from flows.workbook.chart_parts import Bars, chart_part, drawing_part
from flows.workbook.earlier_parts import belongings
from flows.workbook.list_sheet import ListColumn, ListRow, ListSheet
from flows.workbook.new_sheet import NewSheet
from flows.workbook.orders_sheet import COLUMNS as ORDER_LIST
from flows.workbook.orders_sheet import MOST_ORDERS, order_rows
from flows.workbook.orders_sheet import NONE as NO_ORDERS
from flows.workbook.our_marks import OUR_SHEETS
from flows.workbook.relations import TYPES, ContentTypes, Relations
from flows.workbook.style_book import StyleBook
from flows.workbook.summary_sheet import fill_summary
from flows.workbook.to_do import tasks
from flows.workbook.to_do_sheet import COLUMNS as TASK_LIST
from flows.workbook.to_do_sheet import NONE as NO_TASKS
from flows.workbook.to_do_sheet import count_of_rows, task_rows
from schemas.faults import Fault
from schemas.outcomes import OrderOutcome, RowAnswer, WorkbookSummary
from schemas.sheet_layout import SheetLayout


class OwnSheets:
    """The sheets of ours in one workbook; each is known by its defined name, not by its title.

    A sheet of the user's that is called Orders stays; ours is Orders (2) then. `changed` are the
    parts to be written, `dropped` those of our earlier sheets that are gone.
    """

    def __init__(
        self, archive: Archive, book: Book, types: ContentTypes, styles: StyleBook
    ) -> None:
        self._archive = archive
        self._book = book
        self._types = types
        self._styles = styles
        self.changed: dict[str, Content] = {}
        self.dropped: list[str] = []
        self._at = {word: self._placed(word) for word in OUR_SHEETS}

    def write(
        self,
        layout: SheetLayout,
        answers: Sequence[RowAnswer],
        faults: Sequence[Fault],
        orders: Sequence[OrderOutcome],
        summary: WorkbookSummary,
    ) -> None:
        """Write the Summary, the Orders and what there is to do."""
        to_mend = tasks(answers, faults)
        sheet = NewSheet(self._styles)
        titles = {word: at.name for word, at in self._at.items()}
        bars = fill_summary(
            sheet,
            answers,
            orders,
            summary,
            titles=titles,
            tasks=len(to_mend),
            since_1904=self._book.since_1904,
        )
        self._put_summary(sheet, bars)
        zone = ZoneInfo(summary.timezone)
        told = orders[:MOST_ORDERS]
        rows = order_rows(told, layout, zone, since_1904=self._book.since_1904)
        self._put_list("Orders", ORDER_LIST, len(told), rows, NO_ORDERS)
        lines = task_rows(to_mend, orders, layout)
        self._put_list("To do", TASK_LIST, count_of_rows(to_mend), lines, NO_TASKS)

    def _placed(self, word: str) -> SheetEntry:
        at = self._book.sheet_named(word)
        if at is None or at.part not in self._archive:
            part = self._archive.unused("xl/worksheets/sheet{}.xml")
            at = self._book.add_sheet(self._book.unused_title(word), part)
            self._types.add(part, TYPES["worksheet"])
        else:
            for gone in belongings(self._archive, at.part, self._book.dialect):
                self.dropped.append(gone)
                self._types.remove(gone)
        self._book.name(word, f"{quoted(at.name)}!$A$1")
        return at

    def _put_summary(self, sheet: NewSheet, bars: Bars | None) -> None:
        at = self._at["Summary"]
        if bars is not None:
            drawing = self._new_part("drawing", "xl/drawings/drawing{}.xml")
            chart = self._new_part("chart", "xl/charts/chart{}.xml")
            relations = self._relations(at.part)
            sheet.draw(relations.add("drawing", drawing))
            inside = self._relations(drawing)
            self.changed[drawing] = drawing_part(bars, inside.add("chart", chart))
            self.changed[chart] = chart_part(bars, at.name)
            self.changed |= dict(relations.changes()) | dict(inside.changes())
        self._book.name_on(at, {})
        self.changed[at.part] = sheet.written(self._book.dialect)

    def _put_list(
        self,
        word: str,
        columns: Sequence[ListColumn],
        count: int,
        rows: Iterable[ListRow],
        if_none: str,
    ) -> None:
        at = self._at[word]
        sheet = ListSheet(self._styles, columns)
        self.changed[at.part] = deflated(sheet.written(self._book.dialect, count, rows, if_none))
        names = {"Print_Titles": f"{quoted(at.name)}!$1:$1"}
        if count:
            names["_FilterDatabase"] = f"{quoted(at.name)}!{sheet.area(count).fixed}"
        self._book.name_on(at, names)

    def _new_part(self, kind: str, pattern: str) -> str:
        part = self._archive.unused(pattern)
        self._types.add(part, TYPES[kind])
        return part

    def _relations(self, part: str) -> Relations:
        return Relations(self._archive, part, self._book.dialect, anew=True)
