"""The XML of a sheet made plain: the one shape that `sheet_xml` reads fast.

Programs other than Excel write prefixes, leave out row and column numbers, put comments between
cells, order attributes as they like, or use another encoding. All of that means the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape
from zipfile import ZipFile

from flows.workbook.xml_parts import PIECE, local, new_parser
from schemas.sheet_layout import column_letters

_ADDRESS: Final = re.compile(r"([A-Z]{1,3})([0-9]+)")


def column_number(letters: str) -> int:
    """1 for A, 27 for AA."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index


def plain_chunks(package: ZipFile, part: str) -> Iterator[bytes]:
    """The rows and merged cells of a sheet as plain XML, in pieces."""
    writer = _Writer()
    parser = new_parser()
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    yield b"<worksheet><sheetData>"
    with package.open(part) as stream:
        while chunk := stream.read(PIECE):
            parser.Parse(chunk)
            yield writer.taken()
        parser.Parse(b"", True)  # expat takes it by place only
    yield writer.taken() + b"</sheetData>" + "".join(writer.merged).encode() + b"</worksheet>"


class _Writer:
    def __init__(self) -> None:
        self.merged: list[str] = []
        self._out: list[str] = []
        self._row = 0
        self._column = 0
        self._inside = False
        self._cell = False
        self._value = ""
        self._aside = 0

    def taken(self) -> bytes:
        """What was written since the last time."""
        text = "".join(self._out)
        self._out.clear()
        return text.encode()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local(tag)
        if name == "sheetData":
            self._inside = True
        elif name == "mergeCell":
            self.merged.append(f'<mergeCell ref="{escape(attributes.get("ref", ""))}"/>')
        elif not self._inside:
            return
        elif name == "row":
            self._row = int(attributes.get("r") or self._row + 1)
            self._column = 0
            hidden = ' hidden="1"' if attributes.get("hidden") in {"1", "true"} else ""
            self._out.append(f'<row r="{self._row}"{hidden}>')
        elif name == "c":
            self._begin_cell(attributes)
        elif name == "rPh":
            self._aside += 1
        elif self._cell and name in {"v", "t", "f"} and not self._aside:
            self._value = name
            self._out.append(f"<{name}>")

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        address = _ADDRESS.fullmatch(attributes.get("r", ""))
        self._column = column_number(address[1]) if address else self._column + 1
        look = "".join(
            f' {key}="{escape(attributes[key])}"' for key in ("s", "t") if key in attributes
        )
        self._out.append(f'<c r="{column_letters(self._column)}{self._row}"{look}>')
        self._cell = True

    def text(self, value: str) -> None:
        if self._value:
            self._out.append(escape(value))

    def end(self, tag: str) -> None:
        name = local(tag)
        if name == "sheetData":
            self._inside = False
        elif name == "rPh":
            self._aside -= 1
        elif self._inside and name == "row":
            self._out.append("</row>")
        elif self._inside and name == "c":
            self._out.append("</c>")
            self._cell = False
        elif self._value and name == self._value:
            self._out.append(f"</{name}>")
            self._value = ""
