"""A cell's value as the text a person sees: ids never become floats, dates stay dates."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Final

EXACT_DIGITS: Final = 15
"""Excel keeps fifteen digits of a number; the rest of a longer id is lost before we see it."""

Cell = int | float | str | bool | time | date | datetime | timedelta

_HARD_BLANKS: Final = str.maketrans(dict.fromkeys("\u00a0\u2007\u202f", " "))
_OUTER: Final = re.compile(r"\s")
_DAYS: Final = 2_958_466
"""Serial numbers from here on are past the year 9999."""


def cell_text(value: Cell) -> str:
    """The text of one cell: "" when empty, blanks around it taken off."""
    if isinstance(value, str):
        return value.strip() if value.isascii() else value.translate(_HARD_BLANKS).strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        midnight = value.time() == time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    return str(value)


def id_trouble(value: Cell) -> str:
    """Why a value that is no text cannot be taken for an id, as a fault's code; "" if it can."""
    if isinstance(value, date | time | timedelta):
        return "ID_IS_DATE"
    if isinstance(value, bool):
        return ""
    if isinstance(value, float) and not value.is_integer():
        return "ID_NOT_WHOLE"
    if isinstance(value, int | float) and abs(value) >= 10**EXACT_DIGITS:
        return "DIGITS_LOST"
    return ""


def date_of(serial: float, *, since_1904: bool) -> date | datetime | time | float:
    """The day or moment that a serial number of Excel stands for; itself when it is none.

    Excel counts a 29 February 1900 that never was: numbers below 60 lie a day later.
    """
    if not 0 <= serial < _DAYS:
        return serial
    milliseconds = round(serial * 86_400_000)
    if serial < 1 and not since_1904:
        return (datetime(1, 1, 1) + timedelta(milliseconds=milliseconds)).time()  # noqa: DTZ001
    first = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)  # noqa: DTZ001
    if not since_1904 and serial < 60:
        first += timedelta(days=1)
    try:
        return first + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return serial
