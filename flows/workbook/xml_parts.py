"""XML parts of a package, streamed: never more than a piece of one in memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from flows.workbook.errors import NotAWorkbook

PIECE: Final = 1 << 20
"""Bytes of a part that are looked at together."""


def local(tag: str) -> str:
    """A tag without its prefix."""
    return tag.rpartition(":")[2]


class _DoctypeRefused(Exception):
    pass


def parse(package: ZipFile, part: str, listen: Callable[[expat.XMLParserType], None]) -> None:
    """Stream one part through expat; `listen` sets the handlers. Raises NotAWorkbook."""
    parser = new_parser()
    listen(parser)
    try:
        with package.open(part) as stream:
            parser.ParseFile(stream)
    except (*BROKEN, KeyError):
        raise damaged() from None


def new_parser() -> expat.XMLParserType:
    """An expat parser that gives text in one piece and refuses a DOCTYPE."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise _DoctypeRefused

    parser.StartDoctypeDeclHandler = refuse
    return parser


def scan(
    package: ZipFile,
    part: str,
    element: Callable[[str, dict[str, str]], None],
    text: Callable[[str], None] | None = None,
    end: Callable[[str], None] | None = None,
) -> None:
    """Stream one part; tags come without their prefix. Raises NotAWorkbook."""

    def listen(parser: expat.XMLParserType) -> None:
        parser.StartElementHandler = lambda tag, attributes: element(local(tag), attributes)
        if text:
            parser.CharacterDataHandler = text
        if end:
            parser.EndElementHandler = lambda tag: end(local(tag))

    parse(package, part, listen)


BROKEN: Final = (
    expat.ExpatError,
    BadZipFile,
    _DoctypeRefused,
    OSError,
    EOFError,
    zlib.error,
    NotImplementedError,
    ValueError,
)
"""What reading a part of a damaged or hostile package raises."""


def damaged() -> NotAWorkbook:
    """Said when a part cannot be what a part of a workbook must be."""
    return NotAWorkbook(
        "The workbook is damaged or holds something no Excel workbook holds; open it in "
        "Excel, save it again and drop it again."
    )
