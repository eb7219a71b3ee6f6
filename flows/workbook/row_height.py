"""Rows high enough for wrapped text: readers of a file do not all work that out on opening."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_LINE: Final = 1.36
"""Height of a line for each point of the font's size."""

_SIGNS: Final = 1.05
"""Signs of prose that fit into one unit of a column's width."""

HIGHEST: Final = 409.0
"""Excel's own limit."""


@lru_cache(maxsize=4096)
def lines_of(text: str, width: float) -> int:
    """Lines that a wrapped text takes in a column of a width."""
    room = max(8, int(width * _SIGNS))
    return sum(_lines(part, room) for part in text.split("\n"))


def _lines(text: str, room: int) -> int:
    lines, at = 1, 0
    while len(text) - at > room:
        blank = text.rfind(" ", at, at + room + 1)
        at = blank + 1 if blank > at else at + room
        lines += 1
    return lines


def height_for(texts: Iterable[tuple[str, float]], size: float = 11) -> float | None:
    """The height (points) at which each (text, column width) is seen whole; None: one line."""
    lines = max((lines_of(text, width) for text, width in texts if text), default=1)
    return min(HIGHEST, round(lines * size * _LINE + 2, 1)) if lines > 1 else None
