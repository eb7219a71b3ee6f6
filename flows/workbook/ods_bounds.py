"""How much an .ods may ask us to walk: counted on its bytes, before any element is looked at.

What pads a file is cheap to write and dear to read; what a person fills in has a value in most of
its cells, and its empty rows are one element that repeats.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flows.workbook.cell_values import MOST_CHARACTERS
from flows.workbook.errors import NotAWorkbook
from flows.workbook.xml_parts import PIECE, damaged

LARGEST: Final = 256 << 20
"""Bytes of content.xml: 100,000 orders in twenty columns need half of it."""

MOST_EMPTY: Final = 500_000
"""Elements beyond those that values need."""

MOST_OUTSIDE: Final = 500_000
"""Elements outside of the rows of all sheets: styles, names, columns."""

MOST_BY_ELEMENTS: Final = 1_000_000
"""Elements of a file that cannot be cut into rows, which takes five times as long to read."""

MOST_IN_ODD_ROWS: Final = 4_500_000
"""Elements of the rows that hold more than a plain text in each cell, each row with
AN_ODD_ROW more: 100,000 orders in fourteen columns with a note of two paragraphs are fewer.
"""

AN_ODD_ROW: Final = 10

MOST_AGAIN: Final = 2_000_000
"""Elements walked once more, on the way to sheets behind others, all sheets together."""

LONGEST_TEXT: Final = 8 * MOST_CHARACTERS
"""Characters of a cell as they are written, many of them perhaps as `&quot;`."""

_OF_A_VALUE: Final = 4
"""Elements that one value may need: a row, a cell, its paragraph, a piece of that."""

_DEEPEST: Final = 10_000
_NO_TEXT: Final = (b"><", b"> ", b">\n", b">\r", b">\t")


def elements(content: bytes) -> int:
    """How many elements (and comments) begin there."""
    return content.count(b"<") - content.count(b"</")


def bounded(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The same chunks, as long as they hold no more than can be walked. Raises NotAWorkbook."""
    empty = depth = 0
    for chunk in chunks:
        begun, ended = elements(chunk), chunk.count(b"</")
        texts = chunk.count(b">") - sum(map(chunk.count, _NO_TEXT))
        empty += begun - _OF_A_VALUE * (texts + chunk.count(b'value="'))
        if empty > MOST_EMPTY:
            raise NotAWorkbook(
                f"{name} holds more than {MOST_EMPTY:,} empty rows and cells one by one; keep only "
                "the orders in it, or open it in Excel and save it as .xlsx."
            )
        depth += begun - ended - sum(map(chunk.count, (b"/>", b"<!", b"<?")))
        # One tag or text that fills a whole piece is no work of a person either.
        if depth > _DEEPEST or (len(chunk) == PIECE and not begun + ended):
            raise damaged()
        yield chunk


def without_comments(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The document without its comments, wherever chunks end."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        at = 0
        while (start := rest.find(b"<!--", at)) >= 0 and (end := rest.find(b"-->", start + 4)) >= 0:
            if start > at:
                yield rest[at:start]
            at = end + 3
        if start < 0:
            # The last characters may be the first ones of a comment.
            start = len(rest) - next((n for n in (3, 2, 1) if rest.endswith(b"<!--"[:n])), 0)
        if start > at:
            yield rest[at:start]
        rest = rest[start:]
    if rest:
        yield rest


def too_long() -> NotAWorkbook:
    """Said of a cell whose text is no work of a person."""
    return NotAWorkbook(
        f"A cell holds a text of more than {LONGEST_TEXT:,} characters, and one of Excel holds "
        f"{MOST_CHARACTERS:,} at most; shorten it and drop the file again."
    )


def too_many_by_elements(name: str) -> NotAWorkbook:
    """Said of a file whose shape is too slow to read at its length."""
    return NotAWorkbook(
        f"{name} is too large to be read in the unusual way in which it is written; open it in "
        "Excel and save it as .xlsx."
    )


def too_many_sheets(name: str) -> NotAWorkbook:
    """Said where looking for the orders on all sheets would take too long."""
    return NotAWorkbook(
        f"{name} holds too many sheets to look for the orders on all of them; keep only the order "
        "sheet in it and drop it again."
    )
