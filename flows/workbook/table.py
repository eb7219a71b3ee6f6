"""What a sheet holds in the columns that matter, row by row, whatever file it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Protocol

from flows.workbook.cell_values import is_legible, legible
from flows.workbook.errors import NotAWorkbook

HEADER_WITHIN: Final = 200
"""Rows from the top in which a header is looked for."""


MOST_MERGED: Final = 100_000
"""Merged cells of a sheet; one for each order of a large sheet is fewer."""


class Trouble(StrEnum):
    """Why nobody can say what a cell is meant to hold (the code of the fault it becomes)."""

    SHOWS_ERROR = "CELL_SHOWS_ERROR"
    NOT_CALCULATED = "FORMULA_NOT_CALCULATED"
    DIGITS_LOST = "DIGITS_LOST"
    NOT_WHOLE = "ID_NOT_WHOLE"
    IS_DATE = "ID_IS_DATE"
    NOT_STORABLE = "TEXT_NOT_STORABLE"


@dataclass(frozen=True, slots=True)
class MergedRange:
    """Cells that were merged into one; rows and columns from 1, both ends included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


def check_merged(count: int) -> None:
    """Raises NotAWorkbook where a sheet has more merged cells than can be looked through."""
    if count > MOST_MERGED:
        raise NotAWorkbook(
            f"A sheet has more than {MOST_MERGED:,} merged cells; unmerge them (Home, Merge & "
            "Center) and drop it again."
        )


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


def storable(table: Table) -> Table:
    """The same with no text in it that neither XML nor a ledger can keep: NUL, other control
    characters, halves of characters.

    Where a cell holds one it is in trouble, and shows a replacement mark in its place: taken out,
    one id could become another.
    """
    cleaned: dict[int, list[str]] = {}
    troubles = dict(table.troubles)
    for place, texts in table.texts.items():
        if is_legible("\n".join(texts)):
            continue
        cleaned[place] = list(texts)
        for number, (row, text) in enumerate(zip(table.rows, texts, strict=True)):
            if not is_legible(text):
                cleaned[place][number] = shown = legible(text)
                troubles[row, place] = Trouble.NOT_STORABLE, shown
    for cell, (trouble, shown) in table.troubles.items():
        troubles[cell] = trouble, legible(shown)
    return replace(table, texts={**table.texts, **cleaned}, troubles=troubles)


def by_column(flat: Sequence[str], columns: Sequence[int]) -> dict[int, Sequence[str]]:
    """Texts row after row, taken apart into columns."""
    return {place: flat[slot :: len(columns)] for slot, place in enumerate(columns)}
