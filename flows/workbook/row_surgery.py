"""Answers and marks put into the rows of the order sheet; every other byte of them stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from flows.workbook.answers import AnswerWriter
from flows.workbook.areas import address, letters_of
from flows.workbook.cell_values import empty_cell
from flows.workbook.markup import (
    MARK,
    as_ours,
    attributes_of,
    opened,
    set_aside,
    with_attributes,
    with_values,
)
from flows.workbook.sheet_rows import Cell, Grid, Piece, Pieces
from flows.workbook.style_book import StyleBook
from schemas.outcomes import RowAnswer

_NO_MARKS: Final[Mapping[int, bool]] = {}
_FORMULA: Final = re.compile(rb"<(?:[^\s/>:]+:)?f[\s/>]")
_OUR_FORMAT: Final = re.compile(rb'\ts="[0-9]+"(?=/?>$)')


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What is to be written on the order sheet.

    headers: header cells as XML, by column. places: all columns of ours. answers: by row.
    marks: by row and column, whether it is only a warning. standing: columns of ours that stood
    there before; their cells are replaced and, beside rows without an answer, taken out.
    all_beyond: whether no row has any cell as far right as our first column.
    result: the column of Result. left_alone: rows below the table. beside: the column whose look
    answers take over. approve: the column approve of the sheet, 0 where it has none.
    """

    header_row: int
    headers: Mapping[int, str]
    places: frozenset[int]
    answers: Mapping[int, RowAnswer]
    marks: Mapping[int, Mapping[int, bool]]
    standing: frozenset[int]
    all_beyond: bool
    result: int
    left_alone: frozenset[int]
    beside: int
    approve: int


@dataclass(frozen=True, slots=True)
class _Before:
    """A cell before it was marked: its tag, b"" where we put the cell in, and its format."""

    tag: bytes
    style: int | None


@dataclass(slots=True)
class _Edits:
    """Edits to the content of one row, in any order."""

    inner: bytes
    made: list[tuple[int, int, int, bytes]] = field(default_factory=list)

    def replace(self, start: int, end: int, column: int, piece: bytes) -> None:
        self.made.append((start, end, column, piece))

    def done(self) -> bytes:
        pieces: list[bytes] = []
        at = 0
        for start, end, _, piece in sorted(self.made, key=lambda edit: edit[:3]):
            pieces += (self.inner[at:start], piece)
            at = end
        return b"".join((*pieces, self.inner[at:]))


class RowSurgeon:
    """Goes through the rows of the order sheet once and writes into them what is planned."""

    def __init__(
        self, rows: Pieces, plan: RowPlan, writer: AnswerWriter, styles: StyleBook
    ) -> None:
        self._rows = rows
        self._plan = plan
        self._writer = writer
        self._styles = styles
        self._grid = Grid(rows.prefix)
        self._prefix = rows.prefix
        self._first = min(plan.places)
        self._opening = f"<{rows.prefix}c".encode()
        self._marked = _format_pattern(styles.marked)
        self._usual_beside = f'<{rows.prefix}c r="{letters_of(plan.beside)}'
        self.took_formula = False
        """Whether a cell of ours that was replaced held a formula."""

    def written(self) -> Iterator[bytes]:
        """The rows as they are to stand, missing ones put in where they belong."""
        plan = self._plan
        missing = sorted({plan.header_row, *plan.answers, *plan.marks}, reverse=True)
        number = 0
        for row in self._rows:
            number = self._grid.number(row.tag, number)
            while missing and missing[-1] <= number:
                absent = missing.pop()
                if absent < number:
                    yield self._new_row(absent)
            yield self._row(row, number)
        while missing:
            yield self._new_row(missing.pop())

    def _row(self, row: Piece, number: int) -> bytes:
        plan = self._plan
        answer = plan.answers.get(number)
        marks = plan.marks.get(number, _NO_MARKS)
        old_marks = self._marked is not None and self._marked.search(row.inner) is not None
        header = number == plan.header_row
        clears = bool(plan.standing) and number > plan.header_row
        if not (answer or marks or old_marks or header or clears):
            return row.raw
        asks_anew = answer is not None and answer.asks_anew and plan.approve
        simple = not (marks or old_marks or header or clears or asks_anew)
        if answer and simple and (plan.all_beyond or self._ends_before_ours(row)):
            beside = self._format_beside(row.inner, number)
            cells = self._writer.cells(answer, beside)
            inner = row.inner + "".join([xml for _, xml in cells]).encode()
        else:
            inner, beside = self._operated(row.inner, number, answer, marks)
        height = self._writer.height(answer, beside) if answer else None
        return row.before + _joined(row, inner, height)

    def _ends_before_ours(self, row: Piece) -> bool:
        last = self._grid.last_column(row)
        return last is not None and last < self._first

    def _format_beside(self, inner: bytes, number: int) -> int:
        usual = f'{self._usual_beside}{number}"'.encode()
        at = inner.find(usual)
        if at >= 0:
            # Without its address the tag is one of few, whose formats are remembered.
            return _format_of(inner[at + len(usual) : inner.index(b">", at) + 1]) or 0
        for cell in self._grid.cells(inner):
            if cell.column == self._plan.beside:
                return _format_of(cell.tag) or 0
        return 0

    def _operated(
        self, inner: bytes, number: int, answer: RowAnswer | None, marks: Mapping[int, bool]
    ) -> tuple[bytes, int]:
        """The content of a row with all that is planned for it, and the format beside ours."""
        plan = self._plan
        cells = {cell.column: cell for cell in self._grid.cells(inner)}
        theirs = {
            column: self._unmarked(cell)
            for column, cell in cells.items()
            if column not in plan.places
        }
        beside = theirs[plan.beside].style or 0 if plan.beside in theirs else 0
        new = self._new_cells(number, answer, beside)
        edits = _Edits(inner)
        left_over = plan.approve if answer and answer.asks_anew else 0
        for column, before in theirs.items():
            if column == left_over and _holds(inner, cells[column]):
                self._take_out(edits, cells[column], before, number)
            else:
                self._look_anew(edits, cells[column], before, marks.get(column))
        if number > plan.header_row and self._clears(inner, number, cells):
            for column in plan.standing - set(new):
                if column in cells:
                    self._replace(edits, cells[column], b"")
        for column, warning in marks.items():
            if column not in cells and column not in plan.places:
                style = self._styles.mark(0, warning=warning)
                new[column] = empty_cell(address(number, column), style, self._prefix)
        starts = sorted((cell.column, cell.start) for cell in cells.values())
        for column, xml in new.items():
            if column in cells:
                self._replace(edits, cells[column], xml.encode())
            else:
                at = next((start for place, start in starts if place > column), len(inner))
                edits.replace(at, at, column, xml.encode())
        return edits.done(), beside

    def _new_cells(self, number: int, answer: RowAnswer | None, beside: int) -> dict[int, str]:
        if number == self._plan.header_row:
            return dict(self._plan.headers)
        return dict(self._writer.cells(answer, beside)) if answer else {}

    def _clears(self, inner: bytes, number: int, cells: Mapping[int, Cell]) -> bool:
        """Whether our cells on this row are to be emptied.

        A row below the table (a total) may hold the user's own sum of our prices; it is cleared
        only when it carries an answer from a time when it was an order row. Cells that are only
        formatted, on a row that never had an answer, are the user's.
        """
        if number in self._plan.left_alone:
            result = cells.get(self._plan.result)
            return result is not None and _holds(inner, result)
        standing = (cells[column] for column in self._plan.standing if column in cells)
        ours = self._opening + MARK
        return any(cell.tag.startswith(ours) or _holds(inner, cell) for cell in standing)

    def _replace(self, edits: _Edits, cell: Cell, new: bytes) -> None:
        old = edits.inner[cell.start : cell.end]
        ours = cell.column in self._plan.standing
        self.took_formula |= _FORMULA.search(old) is not None
        aside = b"" if ours else set_aside(old)
        edits.replace(cell.start, cell.end, cell.column, aside + new)

    def _take_out(self, edits: _Edits, cell: Cell, before: _Before, number: int) -> None:
        """A yes that approved something else: an order is not to be placed by what is left over."""
        place = address(number, cell.column)
        empty = empty_cell(place, before.style or 0, self._prefix).encode()
        aside = set_aside(edits.inner[cell.start : cell.end])
        edits.replace(cell.start, cell.end, cell.column, aside + empty)

    def _unmarked(self, cell: Cell) -> _Before:
        """What a cell of the user's was before we marked it."""
        present = _format_of(cell.tag)
        if present is None or present not in self._styles.marked:
            return _Before(cell.tag, present)
        if cell.tag.startswith(self._opening + MARK) and cell.tag.endswith(b"/>"):
            return _Before(b"", None)
        if _OUR_FORMAT.search(cell.tag):
            return _Before(_OUR_FORMAT.sub(b"", cell.tag), None)
        style = self._styles.unmarked(present)
        return _Before(with_values(cell.tag, {"s": str(style)}), style)

    def _look_anew(self, edits: _Edits, cell: Cell, before: _Before, warning: bool | None) -> None:
        """Give a cell of the user's its mark, or its look from before; None is no mark."""
        if warning is None:
            new, end = before.tag, cell.inner_start if before.tag else cell.end
        else:
            style = self._styles.mark(before.style or 0, warning=warning)
            end = cell.inner_start
            if before.tag and before.style is None:
                new = with_attributes(before.tag, f's="{style}"')
            else:
                new = with_values(before.tag or cell.tag, {"s": str(style)})
        if new != cell.tag:
            edits.replace(cell.start, end, cell.column, new)

    def _new_row(self, number: int) -> bytes:
        answer = self._plan.answers.get(number)
        inner, _ = self._operated(b"", number, answer, self._plan.marks.get(number, {}))
        height = self._writer.height(answer, 0) if answer else None
        high = f' ht="{height:g}" customHeight="1"' if height else ""
        name = f"{self._prefix}row"
        return f'<{name}  r="{number}"{high}>'.encode() + inner + f"</{name}>".encode()


def _holds(inner: bytes, cell: Cell) -> bool:
    """Whether a cell holds more than a format."""
    return b"<" in inner[cell.inner_start : cell.end - 4]


@lru_cache(4096)
def _format_of(tag: bytes) -> int | None:
    """The number of the format that a cell's tag names."""
    written = attributes_of(tag).get("s", "")
    return int(written) if written.isdigit() else None


def _format_pattern(styles: frozenset[int]) -> re.Pattern[bytes] | None:
    """Finds a cell with one of the formats."""
    numbers = "|".join(str(style) for style in sorted(styles))
    return re.compile(rf"""\ss\s*=\s*["'](?:{numbers})["']""".encode()) if styles else None


def _joined(row: Piece, inner: bytes, height: float | None) -> bytes:
    if row.closing and not height:
        return row.tag + inner + row.closing
    name = row.tag[1:].split(None, 1)[0].rstrip(b"/>")
    ours = row.tag.startswith(b"<" + name + MARK)
    tag = _raised(row.tag, height, ours=ours) if height else row.tag
    if row.closing or not inner:
        return tag + inner + row.closing
    wholly_ours = ours or tag.startswith(b"<!--")
    return opened(tag) + inner + b"</" + name + (b">" if wholly_ours else b" >")


def _raised(tag: bytes, height: float, *, ours: bool) -> bytes:
    """A row's tag with a height that is at least the one given."""
    if b"ht" not in tag and b"Height" not in tag:
        return with_attributes(tag, f'ht="{height:g}" customHeight="1"')
    attributes = attributes_of(tag)
    if float(attributes.get("ht", "0")) >= height:
        return tag
    values = {"ht": f"{height:g}", "customHeight": "1"}
    if not values.keys() & attributes.keys():
        return with_attributes(tag, f'ht="{height:g}" customHeight="1"')
    if ours or b'\tht="' in tag:
        return with_values(tag, values)
    return set_aside(tag) + as_ours(with_values(tag, values))
