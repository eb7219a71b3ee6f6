"""Notes (Excel's yellow ones) of ours, kept apart from what a user wrote in the same note.

Our part stands between two lines of its own, below the user's text. By these lines it is found
again and taken out, whoever Excel names as the author by then and wherever the cell was moved.
"""

from __future__ import annotations

import math
import re
from typing import Final

from flows.workbook.cell_values import legible
from flows.workbook.markup import unescaped

AUTHOR: Final = "Orderdrop"
OPENING: Final = "――― Orderdrop ―――"
CLOSING: Final = "―――――――――――――"

WIDTH: Final = 340
_SIGNS_TO_A_LINE: Final = 52
_LINE_HEIGHT: Final = 17
_MARGIN: Final = 14

_OURS: Final = re.compile(
    rf"(?:\r?\n)*{OPENING}\r?\n.*?(?:\r?\n{CLOSING}(?=\r?\n|$)|$(?![\s\S]))", re.DOTALL
)
_SIGN: Final = re.compile(rb"&[^;]*;|[\x00-\x7f]|[\x80-\xff][\x80-\xbf]*")


def framed(text: str) -> str:
    """Our text between its two lines."""
    return f"{OPENING}\n{legible(text)}\n{CLOSING}"


def height_of(text: str) -> int:
    """The height (pixels) at which a note of our width shows all of a text."""
    lines = sum(max(1, math.ceil(len(line) / _SIGNS_TO_A_LINE)) for line in text.splitlines())
    return lines * _LINE_HEIGHT + _MARGIN


def without_ours(runs: list[bytes]) -> list[bytes] | None:
    """The texts of a note's runs, as they stand in the file, without ours; None: none is ours.

    A program that saved the note may have spread our text over several runs.
    """
    signs = [_SIGN.findall(run) for run in runs]
    text = "".join(unescaped(sign.decode()) for run in signs for sign in run)
    if OPENING not in text:
        return None
    gone = {at for found in _OURS.finditer(text) for at in range(*found.span())}
    left: list[bytes] = []
    at = 0
    for run in signs:
        left.append(b"".join(sign for i, sign in enumerate(run, start=at) if i not in gone))
        at += len(run)
    return left
