"""Tables (Excel's ListObjects) of the order sheet, grown by our columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from flows.workbook.archive import Archive, Content
from flows.workbook.areas import Area
from flows.workbook.markup import Part, escaped
from flows.workbook.relations import Relations
from flows.workbook.sheet_frame import covers
from schemas.sheet_layout import SheetLayout


class Table:
    """One table of a sheet."""

    def __init__(self, path: str, content: bytes) -> None:
        self._path = path
        self._part = Part(content)
        self._attributes = self._part.root.tag.attributes()
        self.area = Area.parse(self._attributes.get("ref", ""))

    def grow(
        self, layout: SheetLayout, headers: Mapping[int, str]
    ) -> Iterator[tuple[str, Content]]:
        """The part with our columns in it, when the table is to take them in.

        `headers` are ours, by column. A table grows only when ours stand right behind it: it
        would swallow the user's columns in between otherwise, and a table cannot have a column
        without a header. One that a query fills is left alone, the next refresh would stumble.
        """
        area, columns = self.area, self._part.root.child("tableColumns")
        if area is None or columns is None or not covers(area, layout):
            return
        last = max(headers)
        behind = range(area.last_column + 1, last + 1)
        if (
            not behind
            or not _all_in(behind, headers)
            or self._attributes.get("headerRowCount") == "0"
            or self._attributes.get("tableType", "worksheet") != "worksheet"
        ):
            return
        known = columns.all("tableColumn")
        number = max(int(column.tag.attributes().get("id", "0")) for column in known)
        piece = "".join(
            f'<{columns.tag.prefix}tableColumn  id="{number + offset}" '
            f'name="{_column_name(headers[place])}"/>'
            for offset, place in enumerate(behind, start=1)
        )
        self._part.append(columns, piece.encode())
        self._part.set_value(columns.tag, "count", str(len(known) + len(behind)))
        self._part.set_value(self._part.root.tag, "ref", str(area.up_to(last)))
        for child in self._part.root.all("autoFilter"):
            filtered = Area.parse(child.tag.attributes().get("ref", ""))
            if filtered is not None:
                self._part.set_value(child.tag, "ref", str(filtered.up_to(last)))
        yield self._path, self._part.done()


def tables_of(archive: Archive, relations: Relations) -> list[Table]:
    """The tables of a sheet."""
    return [
        Table(part, archive.read(part)) for _, part in relations.of_type("table") if part in archive
    ]


def _column_name(header: str) -> str:
    """A header as a table names its column; line breaks stand as Excel writes them there."""
    return escaped(header).replace("\r", "").replace("\n", "_x000a_")


def _all_in(columns: range, ours: Collection[int]) -> bool:
    return all(column in ours for column in columns)
