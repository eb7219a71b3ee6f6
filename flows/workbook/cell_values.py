"""Cells as XML, so that Excel shows what is in them and never runs or bends it."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

TEXT_FORMAT: Final = "@"
MONEY_FORMAT: Final = "#,##0.00"
TIME_FORMAT: Final = "yyyy-mm-dd hh:mm"

MOST_CHARACTERS: Final = 32_767
"""What one Excel cell can hold."""

_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CONTROLS: Final = bytes(sign for sign in range(32) if sign not in b"\t\n\r")
_NO_CHARACTERS: Final = ("\ufffe".encode(), "\uffff".encode())
_LIKE_AN_ESCAPE: Final = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")
_FORMULA_SIGNS: Final = ("=", "+", "-", "@")
_DAY_NOUGHT: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - wall-clock time, as Excel counts
_DAY_NOUGHT_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001
_SECONDS: Final = 86_400


def legible(text: str) -> str:
    """The text with every sign that a workbook cannot hold shown as a replacement mark."""
    clean = _NOT_IN_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(clean) > MOST_CHARACTERS:
        clean = clean[: MOST_CHARACTERS - 1] + "…"
    return clean


def is_legible(text: str) -> bool:
    """Whether a workbook can hold every sign of the text; quick for a long one."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        return False
    return len(raw.translate(None, _CONTROLS)) == len(raw) and not any(
        sign in raw for sign in _NO_CHARACTERS
    )


def like_formula(text: str) -> bool:
    """Whether Excel would make a formula of the text when somebody edits it and presses Enter."""
    return text.startswith(_FORMULA_SIGNS)


@lru_cache(maxsize=4096)
def text_content(text: str, prefix: str = "") -> str:
    """What stands inside a cell of the type inlineStr.

    Excel reads _x0041_ as the letter A; a text that only looks so is written so that it stays.
    """
    if text.isalnum() and len(text) <= MOST_CHARACTERS:
        return f"<{prefix}is><{prefix}t>{text}</{prefix}t></{prefix}is>"
    clean = _LIKE_AN_ESCAPE.sub("_x005F_", legible(text))
    written = clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    kept = ' xml:space="preserve"' if clean != clean.strip() or "\n" in clean else ""
    return f"<{prefix}is><{prefix}t{kept}>{written}</{prefix}t></{prefix}is>"


def empty_cell(place: str, style: int, prefix: str = "") -> str:
    """A cell that has only a look."""
    return f'<{prefix}c  r="{place}" s="{style}"/>'


def text_cell(place: str, style: int, text: str, prefix: str = "") -> str:
    """A cell whose text stays text, whatever it begins with; without text it is empty."""
    if not text:
        return empty_cell(place, style, prefix)
    content = text_content(text, prefix)
    return f'<{prefix}c  r="{place}" s="{style}" t="inlineStr">{content}</{prefix}c>'


def number_cell(place: str, style: int, number: str, prefix: str = "") -> str:
    """A cell with a number, written in digits; without one it is empty."""
    if not number:
        return empty_cell(place, style, prefix)
    return f'<{prefix}c  r="{place}" s="{style}"><{prefix}v>{number}</{prefix}v></{prefix}c>'


def amount(number: Decimal | int | None) -> str:
    """An amount in digits, never in powers of ten; "" for None."""
    return "" if number is None else f"{number:f}" if isinstance(number, Decimal) else str(number)


@lru_cache(maxsize=4096)
def day_number(moment: datetime | None, zone: ZoneInfo, *, since_1904: bool = False) -> str:
    """A moment as Excel's count of days, in the wall-clock time of a zone and to the second.

    Excel knows no time zones. "" for None.
    """
    if moment is None:
        return ""
    wall = moment.astimezone(zone).replace(tzinfo=None, microsecond=0)
    passed = wall - (_DAY_NOUGHT_1904 if since_1904 else _DAY_NOUGHT)
    return repr(passed.days + passed.seconds / _SECONDS).removesuffix(".0")


def shown(value: str) -> str:
    """A number as it stands in a file, as a reader sees it: ids without ".0" or powers of ten."""
    try:
        number = float(value)
    except ValueError:
        return value
    return str(int(number)) if number.is_integer() else value
