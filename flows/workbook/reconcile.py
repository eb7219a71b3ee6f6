"""The reconciled workbook: the user's own workbook with an answer beside every order row.

The workbook is never loaded and saved. Its parts are copied as they stand, still compressed;
only those that must know of the answers are changed, by pieces put in between their bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from zoneinfo import ZoneInfo

from flows.workbook.answer_columns import APPROVE_COLUMN, COLUMNS, header_note
from flows.workbook.answers import AnswerWriter, header_texts, with_standing_ids
from flows.workbook.archive import Archive, Content, deflated
from flows.workbook.areas import Area
from flows.workbook.book_parts import Book, only_selected
from flows.workbook.markup import tags
from flows.workbook.note_parts import Notes
from flows.workbook.our_marks import APPROVE, SUBMISSION
from flows.workbook.own_sheets import OwnSheets
from flows.workbook.relations import TYPES, ContentTypes, Relations
from flows.workbook.row_surgery import RowPlan, RowSurgeon
from flows.workbook.sheet_frame import SheetHead, SheetTail
from flows.workbook.sheet_rows import Pieces
from flows.workbook.style_book import StyleBook
from flows.workbook.survey import Survey, survey
from flows.workbook.table_parts import tables_of
from schemas.columns import RESULT_COLUMNS
from schemas.faults import Fault
from schemas.outcomes import OrderOutcome, RowAnswer, State, WorkbookSummary
from schemas.sheet_layout import SheetLayout


def reconcile(
    source: bytes,
    layout: SheetLayout,
    answers: Sequence[RowAnswer],
    faults: Sequence[Fault],
    summary: WorkbookSummary,
    orders: Sequence[OrderOutcome] = (),
) -> bytes:
    """The workbook `source` with our answers in it, as bytes; the same input, the same bytes.

    - one row of our thirteen columns for each of `answers`, right of all that the sheet holds
      or where `layout.result_columns` found them; our old answers elsewhere are taken out;
    - a column approve with a drop-down, where an answer is approvable and the sheet has none;
    - of an answer that asks anew, an empty cell approve instead of the yes in it;
    - a mark and a note on each cell that `faults` name; our earlier marks are taken off first;
    - the sheets Summary, Orders and To do behind the user's sheets, or where ours stand already.

    `layout` describes `source` itself. `answers` name its rows, at most one answer to a row;
    `orders` are the same answers put together by order.
    Raises NotAWorkbook, or BadZipFile and KeyError, for bytes that are no workbook; reading
    comes first and has turned such a file away.

    It opens on the order sheet, at the rows and columns where the user left it, and not on the
    Summary: whoever drops a workbook wants the rows, the red ones are mended there, and
    a colleague who opens the file next week finds what the file always showed. The Summary is
    one click away. Only the order sheet is selected, since typing into a group of selected
    sheets would change all of them.
    """
    return _Reconciling(source, layout, faults, summary).done(answers, orders)


class _Reconciling:
    """One workbook on its way to being reconciled."""

    def __init__(
        self,
        source: bytes,
        layout: SheetLayout,
        faults: Sequence[Fault],
        summary: WorkbookSummary,
    ) -> None:
        self._archive = Archive(source)
        self._layout = layout
        self._faults = faults
        self._summary = summary
        self._book = Book(self._archive)
        self._types = ContentTypes(self._archive)
        self._sheet = self._book.sheet(layout.sheet)
        dialect = self._book.dialect
        self._relations = Relations(self._archive, self._sheet.part, dialect)
        self._tables = tables_of(self._archive, self._relations)
        self._styles_part = self._part_of("styles")
        known = self._styles_part in self._archive
        content = self._archive.read(self._styles_part) if known else None
        self._styles = StyleBook(content, dialect)
        self._approvable: list[int] = []
        self._dropped: list[str] = []
        self._changed: dict[str, Content] = {}

    def done(self, answers: Sequence[RowAnswer], orders: Sequence[OrderOutcome]) -> bytes:
        """The workbook with the answers."""
        seen = self._surveyed(answers)
        self._approvable = sorted(answer.row for answer in answers if answer.approvable)
        places = self._places(seen)
        answers = with_standing_ids(seen, self._layout, answers)
        headers = header_texts(seen, self._layout, places)
        rows = self._write_sheet(seen, places, headers, answers)
        self._grow_tables({places[name]: text for name, text in headers.items()})
        self._name(places)
        self._write_own_sheets(answers, orders)
        self._open_on_sheet()
        self._write_styles()
        if rows.took_formula:
            self._drop_calculation_order()
        self._changed |= dict(chain(self._book.changes(), self._types.changes()))
        return self._archive.rewritten(self._changed, self._dropped)

    def _surveyed(self, answers: Sequence[RowAnswer]) -> Survey:
        layout = self._layout
        wanted: dict[int, list[int] | None] = {}

        def want(row: int, column: int | None) -> None:
            if column is not None:
                columns = wanted.setdefault(row, [])
                if columns is not None:
                    columns.append(column)

        standing = layout.result_columns.get("Order ID")
        for answer in answers:
            if answer.state is State.HELD:
                want(answer.row, standing)
        wanted[layout.header_row] = None
        strings = self._part_of("sharedStrings")
        return survey(self._archive, self._sheet.part, strings, layout.last_column, wanted)

    def _places(self, seen: Survey) -> dict[str, int]:
        """Where each of our columns stands: its present place, else right of all that is there.

        Merged cells and tables count even where their last cells are empty.
        """
        layout = self._layout
        areas = [*seen.merged, *(table.area for table in self._tables if table.area)]
        beside = [
            area.last_column
            for area in areas
            if area.first_row <= layout.last_row and area.last_row >= layout.header_row
        ]
        free = max(seen.last_column, *beside, 0) + 1
        places = dict(layout.result_columns)
        wanted = list(RESULT_COLUMNS)
        if self._approvable and APPROVE not in layout.columns:
            wanted.append(APPROVE)
        for name in wanted:
            if name not in places:
                places[name] = free
                free += 1
        return places

    def _write_sheet(
        self,
        seen: Survey,
        places: Mapping[str, int],
        headers: Mapping[str, str],
        answers: Sequence[RowAnswer],
    ) -> RowSurgeon:
        layout = self._layout
        rows = Pieces(self._archive.chunks(self._sheet.part), "sheetData", "row")
        zone, since_1904 = ZoneInfo(self._summary.timezone), self._book.since_1904
        writer = AnswerWriter(self._styles, places, zone, rows.prefix, since_1904=since_1904)
        kept = frozenset(
            name
            for name, place in layout.result_columns.items()
            if seen.text(layout.header_row, place)
        )
        by_cell = self._faults_by_cell(seen)
        marks: dict[int, dict[int, bool]] = {}
        for (row, column), faults in by_cell.items():
            warning = all(fault.severity == "warning" for fault in faults)
            marks.setdefault(row, {})[column] = warning
        plan = RowPlan(
            header_row=layout.header_row,
            headers=writer.headers(headers, kept, layout.header_row),
            places=frozenset(places.values()),
            answers={answer.row: answer for answer in answers},
            marks=marks,
            standing=frozenset(layout.result_columns.values()),
            all_beyond=seen.widest is not None and seen.widest < min(places.values()),
            result=places["Result"],
            left_alone=frozenset(layout.left_alone),
            beside=min(layout.columns.values(), default=1),
            approve=layout.columns.get(APPROVE, 0),
        )
        surgeon = RowSurgeon(rows, plan, writer, self._styles)
        head = SheetHead(rows.head)
        last_column = max(places.values())
        head.set_extent(max(seen.last_row, *plan.answers, *marks, 0), last_column)
        head.set_widths(
            {
                places[column.name]: column.width
                for column in (*COLUMNS, APPROVE_COLUMN)
                if column.name in places and column.name not in layout.result_columns
            }
        )
        if self._sheet.visible:
            head.select()
        root = next(tags(rows.head))

        def chunks() -> Iterator[bytes]:
            yield head.done()
            yield from surgeon.written()
            tail = SheetTail(rows.tail, root, self._book.dialect)
            tail.grow_filter(layout, last_column)
            if APPROVE in places:
                tail.offer(places[APPROVE], self._approvable[0], self._approvable[-1])
            self._write_notes(tail, places, by_cell)
            yield tail.done()

        self._changed[self._sheet.part] = deflated(chunks())
        return surgeon

    def _faults_by_cell(self, seen: Survey) -> dict[tuple[int, int], list[Fault]]:
        """The faults of this sheet by the cell that shows them, from top to bottom.

        Faults without a cell (the sheet has no such column) leave no mark.
        """
        by_cell: dict[tuple[int, int], list[Fault]] = {}
        for fault in self._faults:
            area = Area.parse(fault.cell) if fault.sheet == self._layout.sheet else None
            if area is not None:
                place = seen.first_of(area.first_row, area.first_column)
                by_cell.setdefault(place, []).append(fault)
        return dict(sorted(by_cell.items()))

    def _write_notes(
        self,
        tail: SheetTail,
        places: Mapping[str, int],
        faults: Mapping[tuple[int, int], Sequence[Fault]],
    ) -> None:
        notes = Notes(self._archive, self._relations, tail, self._book.dialect)
        for ours in (*COLUMNS, APPROVE_COLUMN):
            if ours.name not in places:
                continue
            meaning = header_note(ours, self._summary.timezone)
            notes.add(self._layout.header_row, places[ours.name], meaning)
        for (row, column), of_cell in faults.items():
            notes.add(row, column, "\n\n".join(_words(fault) for fault in of_cell))
        self._changed |= dict(notes.changes(self._types))
        self._changed |= dict(self._relations.changes())

    def _grow_tables(self, headers: Mapping[int, str]) -> None:
        for table in self._tables:
            self._changed |= dict(table.grow(self._layout, headers))

    def _name(self, places: Mapping[str, int]) -> None:
        for name, place in places.items():
            self._book.name_column(name, self._sheet.name, place)
        self._book.name_text(SUBMISSION, self._summary.submission_id)
        self._book.grow_names(self._sheet, self._layout.header_row, max(places.values()))

    def _write_own_sheets(
        self, answers: Sequence[RowAnswer], orders: Sequence[OrderOutcome]
    ) -> None:
        sheets = OwnSheets(self._archive, self._book, self._types, self._styles)
        sheets.write(self._layout, answers, self._faults, orders, self._summary)
        self._changed |= sheets.changed
        self._dropped += sheets.dropped

    def _open_on_sheet(self) -> None:
        if not self._sheet.visible:
            return
        self._book.open_on(self._sheet)
        for other in self._book.sheets:
            if other.part in self._archive and other.part not in self._changed:
                chunks = only_selected(self._archive.chunks(other.part), selected=False)
                if chunks is not None:
                    self._changed[other.part] = deflated(chunks)

    def _write_styles(self) -> None:
        if self._styles_part not in self._archive:
            self._book.relations.add("styles", self._styles_part)
            self._types.add(self._styles_part, TYPES["styles"])
        self._changed[self._styles_part] = self._styles.done()

    def _drop_calculation_order(self) -> None:
        """Excel makes a new one, and calls a workbook damaged whose list names lost formulas."""
        for _, part in self._book.relations.of_type("calcChain"):
            self._book.relations.remove(part)
            self._types.remove(part)
            self._dropped.append(part)

    def _part_of(self, kind: str) -> str:
        known = [part for _, part in self._book.relations.of_type(kind)]
        return known[0] if known else f"xl/{kind}.xml"


def _words(fault: Fault) -> str:
    return f"{fault.message}\n{fault.hint}" if fault.hint else fault.message
