"""A cell's value as the text a person sees: ids never become floats, dates stay dates."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

EXACT_DIGITS: Final = 15
"""Excel keeps fifteen digits of a number; the rest of a longer id is lost before we see it."""

Cell = int | float | str | bool | time | date | datetime | timedelta


def cell_text(value: Cell) -> str:
    """The text of one cell as calamine gives it: "" when empty, blanks around it taken off."""
    if isinstance(value, str):
        return value.replace("\u00a0", " ").replace("\u2007", " ").replace("\u202f", " ").strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        midnight = value.time() == time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    return str(value)


def has_lost_digits(value: Cell) -> bool:
    """Whether a number is too long for Excel to have kept all of its digits."""
    return isinstance(value, float) and value.is_integer() and abs(value) >= 10**EXACT_DIGITS
