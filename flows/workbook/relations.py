"""Which part belongs to which: relations between parts, and the types of parts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from flows.workbook.archive import Archive, Content
from flows.workbook.markup import Element, Part, escaped

CONTENT_TYPES: Final = "[Content_Types].xml"

_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_XML: Final = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

TYPES: Final = {
    "worksheet": "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml",
    "styles": "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml",
    "comments": "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml",
    "drawing": "application/vnd.openxmlformats-officedocument.drawing+xml",
    "chart": "application/vnd.openxmlformats-officedocument.drawingml.chart+xml",
}
"""The content type of a part, by the last word of the relation that leads to it."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The namespaces of a workbook: Excel writes "Strict Open XML" with others."""

    main: str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations: str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


TRANSITIONAL: Final = Dialect()
STRICT: Final = Dialect(
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)


def dialect_of(content: bytes) -> Dialect:
    """The dialect a part is written in."""
    return STRICT if STRICT.main.encode() in content[:4096] else TRANSITIONAL


class Relations:
    """The relations of one part.

    A part that is written anew is asked for with `anew`: what the archive has is passed over.
    """

    def __init__(
        self, archive: Archive, part: str, dialect: Dialect, *, anew: bool = False
    ) -> None:
        folder, name = posixpath.split(part)
        self.path = posixpath.join(folder, "_rels", f"{name}.rels")
        self._folder = folder
        self._dialect = dialect
        known = self.path in archive and not anew
        self._part = Part(archive.read(self.path)) if known else None
        self._rows = [
            (element, element.tag.attributes())
            for element in (self._part.root.all("Relationship") if self._part else [])
        ]
        self._ids = {attributes.get("Id", "") for _, attributes in self._rows}
        self._added: list[str] = []
        self._changed = False

    def of_type(self, kind: str) -> list[tuple[str, str]]:
        """(id, part) of the relations whose type ends with a word, "worksheet" for example."""
        return [
            (attributes.get("Id", ""), self._resolved(attributes.get("Target", "")))
            for _, attributes in self._rows
            if attributes.get("Type", "").rpartition("/")[2] == kind
            and attributes.get("TargetMode") != "External"
        ]

    def parts(self) -> list[str]:
        """All parts that the relations lead to."""
        return [
            self._resolved(attributes.get("Target", ""))
            for _, attributes in self._rows
            if attributes.get("TargetMode") != "External"
        ]

    def target(self, identifier: str) -> str | None:
        """The part that a relation leads to."""
        for _, attributes in self._rows:
            if attributes.get("Id") == identifier:
                return self._resolved(attributes.get("Target", ""))
        return None

    def add(self, kind: str, part: str) -> str:
        """A new relation to a part of this workbook; its id."""
        numbers = [int(found[0]) for i in self._ids if (found := re.findall(r"(\d{1,9})$", i))]
        identifier = f"rId{max(numbers, default=0) + 1}"
        self._ids.add(identifier)
        target = posixpath.relpath(part, self._folder)
        prefix = self._part.root.tag.prefix if self._part else ""
        self._added.append(
            f'<{prefix}Relationship  Id="{identifier}" Type="{self._dialect.relations}/{kind}" '
            f'Target="{escaped(target)}"/>'
        )
        return identifier

    def remove(self, part: str) -> None:
        """Take out the relations to a part."""
        for element, attributes in self._rows:
            if self._part and self._resolved(attributes.get("Target", "")) == part:
                self._part.remove(element)
                self._changed = True

    def changes(self) -> Iterator[tuple[str, Content]]:
        """The part that holds the relations, when it is to be written."""
        added = "".join(self._added).encode()
        if self._part is None:
            if added:
                opening = f'<Relationships  xmlns="{_PACKAGE}">'.encode()
                yield self.path, _XML + opening + added + b"</Relationships>"
        elif added or self._changed:
            if added:
                self._part.append(self._part.root, added)
            yield self.path, self._part.done()

    def _resolved(self, target: str) -> str:
        if target.startswith("/"):
            return posixpath.normpath(target.lstrip("/"))
        return posixpath.normpath(posixpath.join(self._folder, target))


class ContentTypes:
    """The types of the parts of a workbook."""

    def __init__(self, archive: Archive) -> None:
        self._part = Part(archive.read(CONTENT_TYPES))
        self._added: list[str] = []
        self._changed = False

    def add(self, part: str, content_type: str) -> None:
        """Say of which type a new part is."""
        if self._of(part) is None:
            self._append("Override", f'PartName="/{escaped(part)}" ContentType="{content_type}"')

    def add_ending(self, ending: str, content_type: str) -> None:
        """Say of which type the parts with an ending are, unless that is said already."""
        for element in self._part.root.all("Default"):
            if element.tag.attributes().get("Extension", "").lower() == ending:
                return
        self._append("Default", f'Extension="{ending}" ContentType="{content_type}"')

    def remove(self, part: str) -> None:
        """Take out what is said of a part."""
        known = self._of(part)
        if known is not None:
            self._part.remove(known)
            self._changed = True

    def changes(self) -> Iterator[tuple[str, Content]]:
        """The part with the types, when it is to be written."""
        if self._added:
            self._part.append(self._part.root, "".join(self._added).encode())
        if self._added or self._changed:
            yield CONTENT_TYPES, self._part.done()

    def _of(self, part: str) -> Element | None:
        for element in self._part.root.all("Override"):
            if element.tag.attributes().get("PartName", "").lower() == f"/{part}".lower():
                return element
        return None

    def _append(self, name: str, attributes: str) -> None:
        self._added.append(f"<{self._part.root.tag.prefix}{name}  {attributes}/>")
