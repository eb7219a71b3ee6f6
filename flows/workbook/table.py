"""What a sheet holds in the columns that matter, row by row, whatever file it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Protocol

from flows.workbook.cells import Cell, cell_text, id_trouble

HEADER_WITHIN: Final = 200
"""Rows from the top in which a header is looked for."""


class Trouble(StrEnum):
    """Why nobody can say what a cell is meant to hold (the code of the fault it becomes)."""

    SHOWS_ERROR = "CELL_SHOWS_ERROR"
    NOT_CALCULATED = "FORMULA_NOT_CALCULATED"
    DIGITS_LOST = "DIGITS_LOST"
    NOT_WHOLE = "ID_NOT_WHOLE"
    IS_DATE = "ID_IS_DATE"
    ZEROS_UNKNOWN = "ID_ZEROS_UNKNOWN"


@dataclass(frozen=True, slots=True)
class MergedRange:
    """Cells that were merged into one; rows and columns from 1, both ends included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """The columns to read, from 1, and those of them that hold ids."""

    columns: tuple[int, ...]
    ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a sheet that hold anything, in their order, with Excel's numbers.

    texts: for each wanted column one text per row ("" when empty). troubles: (row, column) to
    the reason and what the cell shows. `last_column` is the last one that holds anything.
    hidden: rows of these that the sheet does not show.
    """

    rows: Sequence[int]
    texts: Mapping[int, Sequence[str]]
    last_column: int = 0
    troubles: Mapping[tuple[int, int], tuple[Trouble, str]] = field(default_factory=dict)
    hidden: frozenset[int] = frozenset()
    merged: tuple[MergedRange, ...] = ()

    def with_texts(self, texts: Mapping[int, Sequence[str]]) -> Table:
        """The same with other texts in some columns."""
        return replace(self, texts={**self.texts, **texts})


class Book(Protocol):
    """A workbook of any kind. Everything raises NotAWorkbook where the file is damaged."""

    @property
    def sheets(self) -> tuple[str, ...]:
        """Names of the sheets with cells, in the order of the tabs."""

    @property
    def names(self) -> Mapping[str, str]:
        """Defined names and what they refer to."""

    @property
    def last_author(self) -> str:
        """Who saved the workbook last, "" where the file does not say."""

    def top(self, sheet: str) -> dict[int, dict[int, str]]:
        """Text cells (not numbers) of the first HEADER_WITHIN rows: row, then column, from 1."""

    def table(self, sheet: str, wanted: Wanted) -> Table:
        """What the whole sheet holds in the wanted columns."""


def top_of(rows: Iterable[tuple[int, Sequence[Cell]]]) -> dict[int, dict[int, str]]:
    """`Book.top` for rows of values."""
    found: dict[int, dict[int, str]] = {}
    for number, values in rows:
        if number > HEADER_WITHIN:
            break
        texts = {
            place: cell_text(value)
            for place, value in enumerate(values, start=1)
            if isinstance(value, str) and cell_text(value)
        }
        if texts:
            found[number] = texts
    return found


def table_of(
    rows: Iterable[tuple[int, Sequence[Cell]]], wanted: Wanted, *, zeros_possible: bool = False
) -> Table:
    """`Book.table` for rows of values (numbers, dates, text) in ascending order.

    zeros_possible: numbers may be shown with leading zeros that we were not told of.
    """
    numbers: list[int] = []
    flat: list[str] = []
    troubles: dict[tuple[int, int], tuple[Trouble, str]] = {}
    last_column = 0
    for number, values in rows:
        width = len(values)
        while width and not (values[width - 1] != "" and cell_text(values[width - 1])):
            width -= 1
        if not width:
            continue
        last_column = max(last_column, width)
        numbers.append(number)
        for place in wanted.columns:
            value: Cell = values[place - 1] if place <= width else ""
            text = cell_text(value)
            flat.append(text)
            if place in wanted.ids and not isinstance(value, str):
                reason = id_trouble(value)
                if not reason and zeros_possible and not isinstance(value, bool):
                    reason = Trouble.ZEROS_UNKNOWN
                if reason:
                    troubles[number, place] = Trouble(reason), text
    return Table(numbers, by_column(flat, wanted.columns), last_column, troubles)


def by_column(flat: Sequence[str], columns: Sequence[int]) -> dict[int, Sequence[str]]:
    """Texts row after row, taken apart into columns."""
    return {place: flat[slot :: len(columns)] for slot, place in enumerate(columns)}
