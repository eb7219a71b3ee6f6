"""Cells, areas and columns as a workbook writes them: "D7", "A2:E9", "$F:$F"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from schemas.sheet_layout import column_letters

LAST_ROW: Final = 1_048_576
LAST_COLUMN: Final = 16_384

_AREA: Final = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]+)(?::\$?([A-Z]{1,3})\$?([0-9]+))?")


@lru_cache(maxsize=LAST_COLUMN)
def column_number(letters: str) -> int:
    """The number of a column, counted from 1: "A" is 1, "AA" is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


letters_of = lru_cache(maxsize=LAST_COLUMN)(column_letters)
"""Excel's letters for a column, counted from 1; remembered, since every cell asks."""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of cells; rows and columns from 1, both ends included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int

    @classmethod
    def parse(cls, reference: str) -> Area | None:
        """The area that "A2:E9", "$A$2:$E$9" or "D7" names; None for anything else."""
        corners = _AREA.fullmatch(reference)
        if corners is None:
            return None
        left, top, right, bottom = corners.groups()
        first_row, first_column = int(top), column_number(left)
        if right is None:
            return cls(first_row, first_column, first_row, first_column)
        return cls(first_row, first_column, int(bottom), column_number(right))

    def __str__(self) -> str:
        first = address(self.first_row, self.first_column)
        last = address(self.last_row, self.last_column)
        return first if first == last else f"{first}:{last}"

    @property
    def fixed(self) -> str:
        """The area as a defined name writes it: $A$2:$E$9."""
        corners = ((self.first_row, self.first_column), (self.last_row, self.last_column))
        return ":".join(f"${letters_of(column)}${row}" for row, column in corners)

    def holds(self, row: int, column: int) -> bool:
        """Whether a cell lies in the area."""
        return (
            self.first_row <= row <= self.last_row
            and self.first_column <= column <= self.last_column
        )

    def up_to(self, last_column: int) -> Area:
        """The area, reaching at least to a column."""
        return replace(self, last_column=max(self.last_column, last_column))


def address(row: int, column: int) -> str:
    """The address of a cell: (7, 4) is "D7"."""
    return f"{letters_of(column)}{row}"


def quoted(sheet: str) -> str:
    """A sheet's name as references write it: in quotes, its own quotes doubled."""
    return "'" + sheet.replace("'", "''") + "'"
