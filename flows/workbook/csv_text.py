"""Text with separators (.csv) as rows: its encoding and separator found out, every cell text."""

from __future__ import annotations

import csv
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from io import StringIO
from typing import Final

SEPARATORS: Final = (",", ";", "\t")
LONGEST_CELL: Final = 1 << 20

_CONTROLS: Final = frozenset(map(chr, range(32))) - frozenset("\t\n\r\f\v")
_LOOK_AT: Final = 64 * 1024


def decoded(content: bytes) -> str:
    """The text: UTF-8 or UTF-16 by its mark, UTF-8 if it can be, else Windows-1252."""
    if content.startswith(BOM_UTF8):
        return content[3:].decode("utf-8", "replace")
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # Five bytes mean nothing in Windows-1252; Python's codec refuses them, Windows does not.
        return content.decode("cp1252", "replace")


def looks_like_table(content: bytes) -> bool:
    """Whether the bytes are text with a separator in its first lines."""
    start = decoded(content[:_LOOK_AT])
    controls = sum(sign in _CONTROLS for sign in start)
    if "\0" in start or controls * 100 > len(start):
        return False
    return any(separator in start for separator in SEPARATORS)


def separator_of(text: str) -> str:
    """The separator that parts the first lines most evenly: the one most rows agree on."""

    def parted(separator: str) -> tuple[int, int]:
        lines = csv.reader(StringIO(text[:_LOOK_AT], newline=""), delimiter=separator)
        widths = [len(line) for line, _ in zip(lines, range(50), strict=False) if len(line) > 1]
        most = max(widths, key=widths.count, default=1)
        return widths.count(most) * (most - 1), most

    csv.field_size_limit(LONGEST_CELL)
    return max(SEPARATORS, key=parted)


def csv_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Rows with their numbers as Excel would give them, from 1. Raises csv.Error."""
    text = decoded(content)
    csv.field_size_limit(LONGEST_CELL)
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        separator, text = first.strip()[4], rest
    else:
        separator = separator_of(text)
    yield from enumerate(csv.reader(StringIO(text, newline=""), delimiter=separator), start=1)
