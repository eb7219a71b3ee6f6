"""The cells of a sheet as one stream, whatever kind of file they come from.

.xls, .xlsb, .ods and .csv are read into it, each by its own reader; .xlsx has a faster way of its
own (`sheet_xml`). What a cell means is decided here, once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import NamedTuple, Protocol

from flows.workbook.cells import Cell, cell_text, date_of, id_trouble
from flows.workbook.number_formats import Look
from flows.workbook.table import HEADER_WITHIN, MergedRange, Table, Trouble, Wanted, by_column


@dataclass(frozen=True, slots=True)
class Unknown:
    """In the place of a value that nobody can know: why, and what the cell shows instead."""

    trouble: Trouble
    shown: str = ""


class PlacedCell(NamedTuple):
    """One cell: its column from 1, its value ("" when empty) and the look of its number format."""

    place: int
    value: Cell | Unknown
    look: Look


class SheetRow(NamedTuple):
    """One row: its number as in Excel, its cells by ascending place, whether it is hidden."""

    number: int
    cells: Sequence[PlacedCell]
    hidden: bool = False


Stream = Iterator[SheetRow | MergedRange]
"""Rows in ascending order; merged cells anywhere between or behind them."""


class CellSource(Protocol):
    """A file of any kind whose sheets come as streams of cells."""

    @property
    def sheets(self) -> Sequence[str]:
        """Names of the sheets with cells, in the order of the tabs."""

    @property
    def names(self) -> Mapping[str, str]:
        """Defined names and what they refer to, as Excel writes it: 'My orders'!$P:$P."""

    def stream(self, sheet: int) -> Stream:
        """The cells of a sheet, by its place in `sheets`."""


def number_value(number: float, look: Look, *, since_1904: bool) -> Cell:
    """What a stored number stands for: the date that its format makes of it, or itself."""
    return date_of(number, since_1904=since_1904) if look.is_date else number


def top_of(stream: Stream) -> dict[int, dict[int, str]]:
    """`Book.top` of a stream of cells."""
    found: dict[int, dict[int, str]] = {}
    for item in stream:
        if isinstance(item, MergedRange):
            continue
        if item.number > HEADER_WITHIN:
            break
        texts = {
            cell.place: text
            for cell in item.cells
            if isinstance(cell.value, str) and (text := cell_text(cell.value))
        }
        if texts:
            found[item.number] = texts
    return found


def table_of(stream: Iterable[SheetRow | MergedRange], wanted: Wanted) -> Table:
    """`Book.table` of a stream of cells."""
    slots = {place: slot for slot, place in enumerate(wanted.columns)}
    empty = [""] * len(slots)
    numbers: list[int] = []
    flat: list[str] = []
    troubles: dict[tuple[int, int], tuple[Trouble, str]] = {}
    hidden: set[int] = set()
    merged: list[MergedRange] = []
    last_column = 0
    for item in stream:
        if isinstance(item, MergedRange):
            merged.append(item)
            continue
        texts = empty.copy()
        row_last = 0
        for cell in item.cells:
            text, trouble = _shown(cell, is_id=cell.place in wanted.ids)
            if not text and not trouble:
                continue
            row_last = cell.place
            slot = slots.get(cell.place)
            if slot is None:
                continue
            if trouble:
                troubles[item.number, cell.place] = trouble, text
            if trouble is not Trouble.SHOWS_ERROR:
                texts[slot] = text
        if row_last:
            numbers.append(item.number)
            flat += texts
            last_column = max(last_column, row_last)
            if item.hidden:
                hidden.add(item.number)
    return Table(
        numbers,
        by_column(flat, wanted.columns),
        last_column,
        troubles,
        frozenset(hidden),
        tuple(merged),
    )


def _shown(cell: PlacedCell, *, is_id: bool) -> tuple[str, Trouble | None]:
    """What one cell shows, and why it cannot be taken if it cannot."""
    value = cell.value
    if isinstance(value, Unknown):
        return value.shown, value.trouble
    text = cell_text(value)
    if not is_id or isinstance(value, str | bool):
        return text, None
    if isinstance(value, date | time | timedelta) or cell.look.is_date:
        return text, Trouble.IS_DATE
    reason = id_trouble(value)
    if reason:
        return text, Trouble(reason)
    if cell.look.zeros and value >= 0:
        text = cell.look.zeros.shown(text)
    return text, None
