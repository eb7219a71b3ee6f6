"""What stands round the cells of the order sheet: its extent, widths, filter, view, drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from flows.workbook.areas import Area
from flows.workbook.book_parts import select
from flows.workbook.markup import Element, Part, Tag, as_ours, prefix_of, tags, with_values
from flows.workbook.relations import STRICT, TRANSITIONAL, Dialect
from schemas.sheet_layout import SheetLayout

_BEHIND_NOTES: Final = frozenset(
    {
        "legacyDrawingHF",
        "drawingHF",
        "picture",
        "oleObjects",
        "controls",
        "webPublishItems",
        "tableParts",
        "extLst",
    }
)
"""Elements that follow `legacyDrawing` in a worksheet (ECMA-376, CT_Worksheet)."""

_BEHIND_RULES: Final = _BEHIND_NOTES | {
    "hyperlinks",
    "printOptions",
    "pageMargins",
    "pageSetup",
    "headerFooter",
    "rowBreaks",
    "colBreaks",
    "customProperties",
    "cellWatches",
    "ignoredErrors",
    "smartTags",
    "drawing",
    "legacyDrawing",
}
"""Elements that follow `dataValidations`."""


class SheetHead:
    """What stands before the cells."""

    def __init__(self, content: bytes) -> None:
        self._part = Part(content)
        self._root = self._part.root
        self._prefix = self._root.tag.prefix

    def select(self) -> None:
        """Let the sheet's tab be selected."""
        views = self._root.child("sheetViews")
        for view in views.all("sheetView") if views else []:
            select(self._part, view, selected=True)

    def set_extent(self, last_row: int, last_column: int) -> None:
        """Let the dimension take in a row and a column; a sheet without one gets none."""
        dimension = self._root.child("dimension")
        if dimension is None:
            return
        present = Area.parse(dimension.tag.attributes().get("ref", "")) or Area(1, 1, 1, 1)
        grown = replace(present.up_to(last_column), last_row=max(present.last_row, last_row))
        self._part.supersede_tag(dimension.tag, {"ref": str(grown)})

    def set_widths(self, widths: Mapping[int, float]) -> None:
        """Give columns their own width and let them be seen.

        Excel keeps neighbours of one width (or "all columns to the right, hidden") as one entry;
        it is split, for two entries on one column make Excel call the workbook damaged.
        """
        if not widths:
            return
        lists = self._root.all("cols")
        ours = {column: self._col(column, width) for column, width in widths.items()}
        if not lists:
            opening, closing = f"<{self._prefix}cols  >", f"</{self._prefix}cols>"
            written = opening + "".join(ours[column] for column in sorted(ours)) + closing
            self._part.insert(self._cells().start, written.encode())
            return
        known = [col for each in lists for col in each.all("col")]
        for col in known:
            low, high = _span(col)
            inside = [column for column in ours if low <= column <= high]
            if inside:
                self._part.supersede(col, self._split(col, ours, inside))
                for column in inside:
                    ours.pop(column)
        for column in sorted(ours):
            piece = ours[column].encode()
            behind = next((col for col in known if _span(col)[0] > column), None)
            if behind is None:
                self._part.append(lists[-1], piece)
            else:
                self._part.insert(behind.tag.start, piece)

    def done(self) -> bytes:
        """The piece with all edits made."""
        return self._part.done()

    def _cells(self) -> Tag:
        found = self._root.child("sheetData")
        assert found is not None  # noqa: S101 - the piece ends with it
        return found.tag

    def _col(self, column: int, width: float) -> str:
        return (
            f'<{self._prefix}col  min="{column}" max="{column}" width="{width:g}" customWidth="1"/>'
        )

    def _split(self, col: Element, ours: Mapping[int, str], inside: Sequence[int]) -> bytes:
        low, high = _span(col)
        tag = col.tag.raw if col.tag.ours else as_ours(col.tag.raw)
        pieces: list[bytes] = []
        at = low
        for column in sorted(inside):
            if at < column:
                pieces.append(with_values(tag, {"min": str(at), "max": str(column - 1)}))
            pieces.append(ours[column].encode())
            at = column + 1
        if at <= high:
            pieces.append(with_values(tag, {"min": str(at), "max": str(high)}))
        return b"".join(pieces)


def _span(col: Element) -> tuple[int, int]:
    attributes = col.tag.attributes()
    return int(attributes.get("min", "0")), int(attributes.get("max", "0"))


class SheetTail:
    """What stands behind the cells."""

    def __init__(self, content: bytes, root: Tag, dialect: Dialect) -> None:
        self._part = Part(content)
        self._root = root
        self._dialect = dialect

    def grow_filter(self, layout: SheetLayout, last_column: int) -> None:
        """Let the sheet's filter on the order rows reach to a column."""
        for element in self._part.top:
            if element.tag.local != "autoFilter":
                continue
            area = Area.parse(element.tag.attributes().get("ref", ""))
            if area is not None and covers(area, layout) and area.last_column < last_column:
                grown = {"ref": str(area.up_to(last_column))}
                self._part.supersede_tag(element.tag, grown)

    def offer(self, column: int, first_row: int, last_row: int) -> None:
        """Let the cells of a column offer yes and no; other words are questioned."""
        p = self._root.prefix
        span = Area(first_row, column, last_row, column)
        rule = (
            f'<{p}dataValidation  type="list" errorStyle="warning" allowBlank="1" '
            f'showErrorMessage="1" sqref="{span}"><{p}formula1>"yes,no"</{p}formula1>'
            f"</{p}dataValidation>"
        )
        rules = next((e for e in self._part.top if e.tag.local == "dataValidations"), None)
        if rules is None:
            opening = f'<{p}dataValidations  count="1">'
            piece = f"{opening}{rule}</{p}dataValidations>"
            self._part.insert(self._before(_BEHIND_RULES), piece.encode())
            return
        count = rules.tag.attributes().get("count")
        if count is not None:
            self._part.set_value(rules.tag, "count", str(int(count) + 1))
        self._part.append(rules, rule.encode())

    def drawing(self) -> str | None:
        """The relation that leads to the drawing of the notes."""
        for element in self._part.top:
            if element.tag.local == "legacyDrawing":
                attributes = element.tag.attributes()
                return next(v for k, v in attributes.items() if k.rpartition(":")[2] == "id")
        return None

    def draw(self, relation: str) -> None:
        """Let the sheet have a drawing for notes."""
        prefix = prefix_of(self._root, (TRANSITIONAL.relations, STRICT.relations))
        link = (
            f'{prefix}id="{relation}"'
            if prefix
            else f'xmlns:r="{self._dialect.relations}" r:id="{relation}"'
        )
        piece = f"<{self._root.prefix}legacyDrawing  {link}/>"
        self._part.insert(self._before(_BEHIND_NOTES), piece.encode())

    def done(self) -> bytes:
        """The piece with all edits made."""
        return self._part.done()

    def _before(self, others: frozenset[str]) -> int:
        """Where something stands that these elements follow."""
        for element in self._part.top:
            names = {below.tag.local for below in element.walk()}
            if element.tag.local in others or (
                element.tag.local == "AlternateContent" and names & others
            ):
                return element.tag.start
        return next(
            tag.start
            for tag in tags(self._part.content)
            if tag.closing and tag.name == self._root.name
        )


def covers(area: Area, layout: SheetLayout) -> bool:
    """Whether an area begins with the header row and has order columns in it."""
    return area.first_row == layout.header_row and any(
        area.first_column <= place <= area.last_column for place in layout.columns.values()
    )
