"""The parts of an Excel file as a zip of XML: which sheets and names there are, and where."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import normpath
from typing import Final
from zipfile import ZipFile

from flows.workbook.errors import WorkbookMissing
from flows.workbook.kinds import kind_of
from flows.workbook.plain_xml import column_number
from flows.workbook.xml_parts import local, scan
from schemas.sheet_layout import column_letters

LONGEST_AUTHOR: Final = 200
"""Signs of a name that are kept."""

_COLUMN: Final = re.compile(r"([A-Z]+)(\d+)")
_STRICT: Final = "http://purl.oclc.org/ooxml/spreadsheetml/main"


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


def check_kind(content: bytes, name: str) -> None:
    """What can be told at once of a file that no orders are taken from. Raises NotAWorkbook."""
    kind_of(content, name)


@dataclass(frozen=True, slots=True)
class BookNames:
    """Sheets with cells (name to part), defined names (name to reference), and where the rest is.

    `strings` and `styles` are the parts of that kind, "" when there is none.
    """

    sheets: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    strings: str = ""
    styles: str = ""
    since_1904: bool = False
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a relation leads, and the last word of its type."""

    kind: str
    target: str


def book_names(package: ZipFile) -> BookNames:
    """Read sheets and defined names from the workbook part and its relations."""
    part = workbook_part(package)
    folder, _, file = part.rpartition("/")
    relations = relations_of(package, f"{folder}/_rels/{file}.rels".lstrip("/"), folder)
    sheets: dict[str, str] = {}
    names: dict[str, str] = {}
    # A sheet that was copied brings names of its own along, which hold for it alone.
    of_sheets: dict[str, str] = {}
    current: list[tuple[dict[str, str], str]] = []
    marks: set[str] = set()

    def element(tag: str, attributes: dict[str, str]) -> None:
        current.clear()
        if tag == "workbook" and _STRICT in attributes.values():
            marks.add("strict")
        elif tag == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
            marks.add("1904")
        elif tag == "sheet":
            found = relations.get(next((v for k, v in attributes.items() if local(k) == "id"), ""))
            if found and found.kind == "worksheet":
                sheets[attributes.get("name", "")] = found.target
        elif tag == "definedName":
            scope = of_sheets if "localSheetId" in attributes else names
            current.append((scope, attributes.get("name", "")))

    def text(found: str) -> None:
        for scope, name in current:
            scope[name] = scope.get(name, "") + found

    scan(package, part, element, text)
    by_kind = {relation.kind: relation.target for relation in relations.values()}
    leading = {name: place for name, place in names.items() if "#REF!" not in place}
    return BookNames(
        sheets,
        {**of_sheets, **leading},
        strings=by_kind.get("sharedStrings", ""),
        styles=by_kind.get("styles", ""),
        since_1904="1904" in marks,
        strict="strict" in marks,
    )


def workbook_part(package: ZipFile, usual: str = "xl/workbook.xml") -> str:
    """Where the workbook part stands; Excel's usual place unless the package says otherwise."""
    return next(
        (
            relation.target
            for relation in relations_of(package, "_rels/.rels", "").values()
            if relation.kind == "officeDocument" and relation.target in package.namelist()
        ),
        usual,
    )


def last_author(package: ZipFile) -> str:
    """Who saved the workbook last, as its properties say; "" when they do not."""
    said: list[str] = []
    inside: list[str] = []

    def element(tag: str, _attributes: dict[str, str]) -> None:
        inside.append(tag)

    def text(found: str) -> None:
        if inside[-1:] == ["lastModifiedBy"]:
            said.append(found)

    def end(_tag: str) -> None:
        inside.pop()

    for relation in relations_of(package, "_rels/.rels", "").values():
        if relation.kind == "core-properties" and relation.target in package.namelist():
            scan(package, relation.target, element, text, end)
    return " ".join("".join(said).split())[:LONGEST_AUTHOR]


def relations_of(package: ZipFile, part: str, folder: str) -> dict[str, Relation]:
    """The relations of a part that stay inside the package, by id; others are never followed."""
    found: dict[str, Relation] = {}

    def relation(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            path = target if target.startswith("/") else f"/{folder}/{target}"
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = Relation(kind, normpath(path).lstrip("/"))

    if part in package.namelist():
        scan(package, part, relation)
    return found


def column_index(reference: str) -> int | None:
    """The column of a whole-column reference such as `'My orders'!$P:$P`, counted from 1."""
    match = re.search(r"!\$?([A-Z]{1,3}):\$?[A-Z]{1,3}$", reference)
    return column_number(match[1]) if match else None


def whole_column(sheet: str, place: int) -> str:
    """A reference to a whole column, counted from 1: `'My orders'!$P:$P`."""
    letters = column_letters(place)
    return "'" + sheet.replace("'", "''") + f"'!${letters}:${letters}"


def sheet_of(reference: str) -> str:
    """The sheet that a reference names, its quotes taken off."""
    return reference.rpartition("!")[0].strip("'").replace("''", "'")
