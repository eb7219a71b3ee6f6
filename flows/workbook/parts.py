"""The parts of an Excel file as a zip of XML: checked before anything inflates, and scanned.

Only what calamine does not tell: which cells show an error or a formula without a stored
value (it gives both as blank), and our own defined names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Final
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from flows.workbook.errors import NotAWorkbook, WorkbookMissing

LARGEST: Final = 2 * 1024**3
"""Bytes that all parts together may say they inflate to."""

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_COLUMN: Final = re.compile(r"([A-Z]+)(\d+)")
_AREA: Final = re.compile(r"([A-Z]+)(\d+):([A-Z]+)(\d+)")


class _DoctypeRefused(Exception):
    pass


def read_bytes(path: Path) -> bytes:
    """The bytes of the file. Raises WorkbookMissing."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise WorkbookMissing(f"There is no file {path}; check its name and folder.") from None
    except IsADirectoryError:
        raise WorkbookMissing(f"{path} is a folder; name one workbook in it.") from None
    except OSError as error:
        raise WorkbookMissing(f"{path} cannot be read: {error.strerror}.") from None


def open_package(content: bytes, name: str) -> ZipFile:
    """The file as a zip of parts. Raises NotAWorkbook with a sentence for everything else."""
    if not content:
        raise NotAWorkbook(f"{name} is empty (0 bytes); save it in Excel again.")
    if content.startswith(_OLE):
        raise NotAWorkbook(
            f"{name} is protected by a password or was saved in the old .xls format; save it as "
            ".xlsx without a password."
        )
    if not content.startswith(b"PK"):
        raise NotAWorkbook(
            f"{name} is not an Excel workbook, whatever its name says; open it in Excel and save "
            "it as .xlsx."
        )
    try:
        package = ZipFile(BytesIO(content))
        total = sum(part.file_size for part in package.infolist())
        names = set(package.namelist())
    except (BadZipFile, ValueError, OSError, NotImplementedError):
        raise NotAWorkbook(
            f"{name} is damaged (perhaps copied only in part); open it in Excel, save it again "
            "and drop it again."
        ) from None
    if total > LARGEST:
        raise NotAWorkbook(f"{name} would unpack to more than 2 GB; nothing of it was read.")
    if "xl/workbook.bin" in names:
        raise NotAWorkbook(f"{name} is a binary workbook (.xlsb); save it as .xlsx.")
    if "xl/workbook.xml" not in names:
        raise NotAWorkbook(
            f"{name} is not an Excel workbook; open it in Excel and save it as .xlsx."
        )
    return package


@dataclass(frozen=True, slots=True)
class BookNames:
    """Sheets (name to part) and defined names (name to reference) of a workbook."""

    sheets: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


def book_names(package: ZipFile) -> BookNames:
    """Read sheets and defined names from xl/workbook.xml and its relations."""
    targets: dict[str, str] = {}

    def relation(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    if "xl/_rels/workbook.xml.rels" in package.namelist():
        _scan(package, "xl/_rels/workbook.xml.rels", relation)

    sheets: dict[str, str] = {}
    names: dict[str, str] = {}
    current: list[str] = []

    def element(tag: str, attributes: dict[str, str]) -> None:
        current.clear()
        if tag == "sheet":
            relation_id = next((v for k, v in attributes.items() if _local(k) == "id"), "")
            target = targets.get(relation_id, "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            sheets[attributes.get("name", "")] = str(PurePosixPath(part))
        elif tag == "definedName":
            current.append(attributes.get("name", ""))

    def text(found: str) -> None:
        if current:
            names[current[0]] = names.get(current[0], "") + found

    _scan(package, "xl/workbook.xml", element, text)
    return BookNames(sheets, names)


def unreadable_cells(package: ZipFile, part: str) -> dict[tuple[int, int], str]:
    """Cells whose value cannot be known: (row, column) to what stands there, both from 1.

    Error cells give their error ("#N/A"); formulas without a stored value give "" .
    """
    found: dict[tuple[int, int], str] = {}
    place = _Place()

    def element(tag: str, attributes: dict[str, str]) -> None:
        place.enter(tag, attributes)

    def text(value: str) -> None:
        place.value += value if place.in_value else ""

    def end(tag: str) -> None:
        if tag in {"v", "t"}:
            place.in_value = False
        elif tag == "c" and (
            place.kind == "e" or (place.formula and not place.value and place.kind != "str")
        ):
            found[place.row, place.column] = place.value

    _scan(package, part, element, text, end)
    return found


@dataclass(frozen=True, slots=True)
class MergedRange:
    """Cells that were merged into one; rows and columns from 1, both ends included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


def merged_ranges(package: ZipFile, part: str) -> tuple[MergedRange, ...]:
    """The merged cells of a sheet."""
    found: list[MergedRange] = []

    def element(tag: str, attributes: dict[str, str]) -> None:
        corners = _AREA.fullmatch(attributes.get("ref", "")) if tag == "mergeCell" else None
        if corners:
            found.append(
                MergedRange(
                    int(corners[2]), _index(corners[1]), int(corners[4]), _index(corners[3])
                )
            )

    _scan(package, part, element)
    return tuple(found)


class _Place:
    """Where a scan of a sheet is, also when rows and cells do not say their numbers."""

    def __init__(self) -> None:
        self.row = 0
        self.column = 0
        self.kind = ""
        self.formula = False
        self.in_value = False
        self.value = ""

    def enter(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "row":
            self.row = int(attributes.get("r") or self.row + 1)
            self.column = 0
        elif tag == "c":
            address = _COLUMN.match(attributes.get("r", ""))
            self.column = _index(address[1]) if address else self.column + 1
            self.kind = attributes.get("t", "")
            self.formula, self.value = False, ""
        elif tag == "f":
            self.formula = True
        elif tag in {"v", "t"}:
            self.in_value = True


def column_index(reference: str) -> int | None:
    """The column of a whole-column reference such as `'My orders'!$P:$P`, counted from 1."""
    match = re.search(r"!\$?([A-Z]{1,3}):\$?[A-Z]{1,3}$", reference)
    return _index(match[1]) if match else None


def sheet_of(reference: str) -> str:
    """The sheet that a reference names, its quotes taken off."""
    return reference.rpartition("!")[0].strip("'").replace("''", "'")


def _index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _scan(
    package: ZipFile,
    part: str,
    element: Callable[[str, dict[str, str]], None],
    text: Callable[[str], None] | None = None,
    end: Callable[[str], None] | None = None,
) -> None:
    """Stream one XML part; tags come without their prefix. A DOCTYPE is refused."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, attributes: element(_local(tag), attributes)
    if text:
        parser.CharacterDataHandler = text
    if end:
        parser.EndElementHandler = lambda tag: end(_local(tag))

    def refuse(*_: object) -> None:
        raise _DoctypeRefused

    parser.StartDoctypeDeclHandler = refuse
    try:
        with package.open(part) as stream:
            parser.ParseFile(stream)
    except (expat.ExpatError, KeyError, BadZipFile, _DoctypeRefused, OSError, EOFError):
        raise NotAWorkbook(
            "The workbook is damaged or holds something no Excel workbook holds; open it in "
            "Excel, save it again and drop it again."
        ) from None
