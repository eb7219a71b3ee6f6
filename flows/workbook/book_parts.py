"""The workbook's own part and what hangs on it: sheets, defined names, the sheet it opens on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from flows.workbook.archive import Archive, Content
from flows.workbook.areas import Area, address, column_number, letters_of, quoted
from flows.workbook.markup import Element, Part, as_ours, escaped, prefix_of
from flows.workbook.our_marks import defined_name
from flows.workbook.relations import STRICT, TRANSITIONAL, Relations, dialect_of

_USUAL: Final = "xl/workbook.xml"

_BEFORE_NAMES: Final = ("sheets", "functionGroups", "externalReferences")
_COLUMNS: Final = re.compile(r"\$?([A-Z]{1,3}):\$?([A-Z]{1,3})")
_YES: Final = frozenset({"1", "true", "on"})


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """A sheet as the workbook lists it; `place` counts from 0, `part` may be a chart sheet's."""

    name: str
    part: str
    place: int
    visible: bool


class Book:
    """The workbook's own part and its relations."""

    def __init__(self, archive: Archive) -> None:
        self._path = _workbook_part(archive)
        content = archive.read(self._path)
        self._part = Part(content)
        self.dialect = dialect_of(content)
        self.relations = Relations(archive, self._path, self.dialect)
        root = self._part.root
        self._prefix = root.tag.prefix
        self._id = prefix_of(root.tag, (TRANSITIONAL.relations, STRICT.relations))
        self._sheets = root.child("sheets")
        self.sheets = [
            self._entry(place, element)
            for place, element in enumerate(self._sheets.all("sheet") if self._sheets else [])
        ]
        self._names = root.child("definedNames")
        self._name_elements = self._names.all("definedName") if self._names else []
        self._new_names: list[str] = []

    @property
    def since_1904(self) -> bool:
        """Whether the days of this workbook count from 1904."""
        properties = self._part.root.child("workbookPr")
        return properties is not None and (
            properties.tag.attributes().get("date1904", "").lower() in _YES
        )

    def sheet(self, name: str) -> SheetEntry:
        """The sheet of a name. Raises KeyError."""
        for entry in self.sheets:
            if entry.name == name:
                return entry
        raise KeyError(name)

    def named(self, word: str) -> str | None:
        """What a defined name of ours refers to."""
        for element in self._name_elements:
            attributes = element.tag.attributes()
            if attributes.get("name") == defined_name(word) and "localSheetId" not in attributes:
                return self._part.text(element)
        return None

    def sheet_named(self, word: str) -> SheetEntry | None:
        """The sheet of ours that a defined name of ours leads to."""
        reference = self.named(word)
        names = {f"{quoted(entry.name)}!": entry for entry in self.sheets}
        names |= {f"{entry.name}!": entry for entry in self.sheets}
        return names.get(f"{(reference or '').rpartition('!')[0]}!")

    def unused_title(self, wanted: str) -> str:
        """A name for a new sheet: "Summary", or "Summary (2)" where the user has one."""
        taken = {entry.name.casefold() for entry in self.sheets}
        title, count = wanted, 1
        while title.casefold() in taken:
            count += 1
            title = f"{wanted} ({count})"
        return title

    def add_sheet(self, name: str, part: str) -> SheetEntry:
        """A new sheet behind all others."""
        identifier = self.relations.add("worksheet", part)
        assert self._sheets is not None  # noqa: S101 - the order sheet is among them
        numbers = [
            int(element.tag.attributes().get("sheetId", "0"))
            for element in self._sheets.all("sheet")
        ]
        number = max(numbers, default=0) + 1 + len(self.sheets) - len(numbers)
        link = (
            f'{self._id}id="{identifier}"'
            if self._id
            else f'xmlns:r="{self.dialect.relations}" r:id="{identifier}"'
        )
        entry = f'<{self._prefix}sheet  name="{escaped(name)}" sheetId="{number}" {link}/>'
        self._part.append(self._sheets, entry.encode())
        self.sheets.append(SheetEntry(name, part, len(self.sheets), visible=True))
        return self.sheets[-1]

    def name(self, word: str, reference: str) -> None:
        """Write a defined name of ours (hidden), in place of an earlier one."""
        self._unname(word)
        self._new_names.append(
            f'<{self._prefix}definedName  name="{defined_name(word)}" hidden="1">'
            f"{escaped(reference)}</{self._prefix}definedName>"
        )

    def _unname(self, word: str) -> None:
        for element in self._name_elements:
            attributes = element.tag.attributes()
            if attributes.get("name") == defined_name(word) and "localSheetId" not in attributes:
                self._part.remove(element)

    def name_column(self, word: str, sheet: str, column: int) -> None:
        """The defined name of one of our columns."""
        letters = letters_of(column)
        self.name(word, f"{quoted(sheet)}!${letters}:${letters}")

    def name_text(self, word: str, text: str) -> None:
        """A defined name of ours that holds a text; an earlier one goes where there is none."""
        if text:
            self.name(word, f'"{text}"')
        else:
            self._unname(word)

    def name_on(self, sheet: SheetEntry, references: Mapping[str, str]) -> None:
        """Write Excel's own names of a sheet of ours ("Print_Titles") in place of earlier ones."""
        for element in self._name_elements:
            attributes = element.tag.attributes()
            is_excels = attributes.get("name", "").startswith("_xlnm.")
            if is_excels and attributes.get("localSheetId") == str(sheet.place):
                self._part.remove(element)
        for name, reference in references.items():
            hidden = ' hidden="1"' if name.startswith("_") else ""
            self._new_names.append(
                f'<{self._prefix}definedName  name="_xlnm.{name}" localSheetId="{sheet.place}"'
                f"{hidden}>{escaped(reference)}</{self._prefix}definedName>"
            )

    def grow_names(self, sheet: SheetEntry, header_row: int, last_column: int) -> None:
        """Let the sheet's print area and the twin of its filter reach to a column.

        Only areas that hold the header row grow; none is made.
        """
        for element in self._name_elements:
            attributes = element.tag.attributes()
            kind = attributes.get("name", "")
            if attributes.get("localSheetId") != str(sheet.place) or kind not in {
                "_xlnm.Print_Area",
                "_xlnm._FilterDatabase",
            }:
                continue
            before = self._part.text(element)
            grown = ",".join(
                _grown(piece, header_row, last_column, exact=kind != "_xlnm.Print_Area")
                for piece in re.split(r",(?=(?:[^']*'[^']*')*[^']*$)", before)
            )
            if grown != before:
                end = f"</{element.tag.name}>"
                new = as_ours(element.tag.raw) if not element.tag.ours else element.tag.raw
                self._part.supersede(element, new + escaped(grown).encode() + end.encode())

    def open_on(self, sheet: SheetEntry) -> None:
        """Let the workbook open on a sheet."""
        views = self._part.root.child("bookViews")
        view = views.child("workbookView") if views else None
        if view is None:
            return
        present = view.tag.attributes().get("activeTab", "0")
        if present != str(sheet.place):
            self._part.supersede_tag(view.tag, {"activeTab": str(sheet.place)})

    def changes(self) -> Iterator[tuple[str, Content]]:
        """The parts to be written."""
        names = "".join(self._new_names).encode()
        if self._names is not None:
            self._part.append(self._names, names)
        else:
            before = [e for word in _BEFORE_NAMES if (e := self._part.root.child(word))]
            opening = f"<{self._prefix}definedNames  >".encode()
            closing = f"</{self._prefix}definedNames>".encode()
            self._part.insert(max(e.end for e in before), opening + names + closing)
        yield self._path, self._part.done()
        yield from self.relations.changes()

    def _entry(self, place: int, element: Element) -> SheetEntry:
        attributes = element.tag.attributes()
        identifier = next(
            (value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), ""
        )
        return SheetEntry(
            name=attributes.get("name", ""),
            part=self.relations.target(identifier) or "",
            place=place,
            visible=attributes.get("state", "visible") == "visible",
        )


def _workbook_part(archive: Archive) -> str:
    """Where the package says that its workbook is; some programs have places of their own."""
    leading = Relations(archive, "", TRANSITIONAL).of_type("officeDocument")
    return next((part for _, part in leading if part in archive), _USUAL)


def _grown(reference: str, header_row: int, last_column: int, *, exact: bool) -> str:
    """A reference with its sheet, reaching to a column; as it was when it names other rows."""
    sheet, mark, place = reference.rpartition("!")
    columns = _COLUMNS.fullmatch(place)
    if columns is not None:
        last = letters_of(max(column_number(columns[2]), last_column))
        return f"{sheet}{mark}${columns[1]}:${last}"
    area = Area.parse(place)
    if area is None or area.last_column >= last_column:
        return reference
    if (exact and area.first_row != header_row) or not (
        area.first_row <= header_row <= area.last_row
    ):
        return reference
    first = _fixed(area.first_row, area.first_column)
    return f"{sheet}{mark}{first}:{_fixed(area.last_row, last_column)}"


def _fixed(row: int, column: int) -> str:
    return re.sub(r"([A-Z]+)([0-9]+)", r"$\1$\2", address(row, column))


def only_selected(chunks: Iterator[bytes], *, selected: bool) -> Iterator[bytes] | None:
    """A sheet whose tab is selected or not, as asked; None when it is so already.

    Only what stands before the cells is looked at.
    """
    head = b""
    for chunk in chunks:
        head += chunk
        if b"sheetData" in head or len(head) > 1 << 22:
            break
    part = Part(head)
    if not part.top:
        return None
    views = part.root.child("sheetViews")
    changed = False
    for view in views.all("sheetView") if views else []:
        changed |= select(part, view, selected=selected)
    return _continued(part.done(), chunks) if changed else None


def select(part: Part, view: Element, *, selected: bool) -> bool:
    """Let a view show its tab as selected or not; whether that was to be changed."""
    now = view.tag.attributes().get("tabSelected", "0").lower() in _YES
    if now is selected:
        return False
    part.supersede_tag(view.tag, {"tabSelected": "1" if selected else "0"})
    return True


def _continued(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest
