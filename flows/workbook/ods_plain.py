"""The rows of an .ods cut out of the stream of its content.xml, which saves most of its reading.

That is exact for the shape in which LibreOffice and Excel write. A file of another shape is
noticed on the first look (`NotPlain`), and then every element of it is read one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from flows.workbook.areas import LAST_COLUMN
from flows.workbook.markup import unescaped
from flows.workbook.ods_bounds import MOST_OUTSIDE, elements
from flows.workbook.xml_parts import damaged

LONGEST_ROW: Final = 16 << 20
"""Bytes of one row; longer ones are no work of a person."""

MOST_IN_A_ROW: Final = 2 * LAST_COLUMN
"""Cells that a row may say one by one."""

_HEAD: Final = 64 << 10
_URN: Final = b"urn:oasis:names:tc:opendocument:xmlns:"
_SPACES: Final = tuple(
    b'xmlns:%s="%s%s:1.0"' % (prefix, _URN, prefix) for prefix in (b"table", b"office", b"text")
)
_ROW: Final = re.compile(rb"<table:table-row[ >/]")
_END: Final = b"</table:table-row>"
_SLASH: Final = ord("/")
_ATTRIBUTES: Final = rb'((?: [A-Za-z-]+:[A-Za-z-]+="[^"<>]*")*)'
_ROW_TAG: Final = re.compile(rb"<table:table-row" + _ATTRIBUTES + rb"(?:/()|)>")
_CELL: Final = re.compile(
    rb"(<table:(covered-)?table-cell"
    + _ATTRIBUTES
    + rb"(?:/>|>(?:<text:p/>|<text:p>([^<]*)</text:p>)?</table:(?:covered-)?table-cell>))"
)
_ATTRIBUTE: Final = re.compile(r'([A-Za-z-]+:[A-Za-z-]+)="([^"]*)"')


class NotPlain(Exception):
    """The XML is not in the shape that can be cut into rows."""


PlainCell = tuple[bytes, bytes, bytes, bytes]
"""One cell of a plain row as it stands; "covered-" or nothing; its attributes; its text."""


def pieces(chunks: Iterator[bytes]) -> Iterator[tuple[bool, bytes]]:
    """The document in pieces: (True, a whole row) or (False, whole tags between rows)."""
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        at = 0
        while found := _ROW.search(buffer, at):
            if found.start() > at:
                yield False, buffer[at : found.start()]
            at = found.start()
            end = _end_of_row(buffer, at)
            if end < 0:
                break
            yield True, buffer[at:end]
            at = end
        else:
            # What is no row is passed on up to its last whole tag.
            cut = buffer.rfind(b">") + 1
            if cut > at:
                yield False, buffer[at:cut]
                at = cut
        buffer = buffer[at:]
        if len(buffer) > LONGEST_ROW:
            raise damaged()
    if buffer:
        yield False, buffer


def _end_of_row(buffer: bytes, at: int) -> int:
    """Where the row ends that begins there; -1 where that is not in the buffer yet."""
    tag = buffer.find(b">", at)
    if tag < 0:
        return -1
    if buffer[tag - 1] == _SLASH:
        return tag + 1
    end = buffer.find(_END, tag)
    return end if end < 0 else end + len(_END)


def checked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The document without its rows. Raises NotPlain where its rows cannot be cut out."""
    first = next(chunks, b"")
    declared = re.match(rb"<\?xml[^>]*encoding=[\"']([A-Za-z0-9-]+)", first)
    head = first[:_HEAD]
    if declared is None or declared[1].lower() != b"utf-8":
        raise NotPlain
    if not all(space in head for space in _SPACES):
        raise NotPlain

    def all_chunks() -> Iterator[bytes]:
        yield first
        yield from chunks

    begun = False
    outside = 0
    for is_row, piece in pieces(all_chunks()):
        # Only the declaration and the spaces of the first element belong to the shape.
        if b"<!" in piece or piece.count(b"<?") > (not begun) or (b"xmlns:" in piece and begun):
            raise NotPlain
        begun = True
        if not is_row:
            outside += elements(piece)
            if outside > MOST_OUTSIDE:
                raise damaged()
            yield piece
        elif b"<table:table " in piece or len(_ROW.findall(piece)) > 1:
            raise NotPlain


def plain_row(row: bytes) -> tuple[bytes, list[PlainCell]] | None:
    """Attributes and cells of a row; None where its cells hold more than a plain text each."""
    tag = _ROW_TAG.match(row)
    if tag is None:
        return None
    if tag[2] is not None:
        return (tag[1], []) if tag.end() == len(row) else None
    if row.count(b"<table:") > MOST_IN_A_ROW:
        raise damaged()
    cells: list[PlainCell] = _CELL.findall(row, tag.end())
    length = sum(len(cell[0]) for cell in cells)
    return (tag[1], cells) if tag.end() + length + len(_END) == len(row) else None


def attributes_of(written: bytes) -> dict[str, str]:
    """Attributes as expat gives them."""
    return {name: unescaped(value) for name, value in _ATTRIBUTE.findall(written.decode())}
