"""Rows and cells told in few words: "5, 6, 9 to 12", with a dash for the "to"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

_TO: Final = "\N{EN DASH}"
_MOST: Final = 8
"""Pieces that are told one by one."""


def in_runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending numbers as (first, last) of each run without a gap."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def row_words(rows: Sequence[int], column: str = "") -> str:
    """Ascending rows as people write them, 9 to 12 as a run; with a column "C5, C6" and so on.

    Of very many the first pieces, and how many rows more there are.
    """
    if len(rows) == 1:
        return f"{column}{rows[0]}"
    pieces: list[str] = []
    told = 0
    for first, last in in_runs(rows):
        if len(pieces) >= _MOST:
            return f"{', '.join(pieces)} and {len(rows) - told:,} more"
        if last - first < 2:
            pieces += [f"{column}{row}" for row in range(first, last + 1)]
        else:
            pieces.append(f"{column}{first}{_TO}{column}{last}")
        told += last - first + 1
    return ", ".join(pieces)
