"""A sheet of our own, built cell by cell and written as XML.

    sheet = NewSheet(styles)
    sheet.set_width(1, 30)
    sheet.put_text(1, 1, "Orders", Look(size=18, bold=True))
    sheet.put_number(2, 1, 3, Look(number_format="#,##0"))
    sheet.link(2, 1, "'My orders'!A3")
    content = sheet.written(dialect)

Rows and columns count from 1. Looks are put into the workbook's styles when the sheet is
written. The elements that `written` puts side by side stand in the order on which Excel insists
(ECMA-376, CT_Worksheet).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from flows.workbook.areas import Area, address
from flows.workbook.cell_values import amount, empty_cell, like_formula, number_cell, text_cell
from flows.workbook.look import HAIRLINE, HEADER, Look
from flows.workbook.markup import escaped
from flows.workbook.relations import Dialect
from flows.workbook.style_book import StyleBook

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def properties() -> str:
    """What every sheet of ours says of itself: the colour of its tab, and that it fits the page."""
    return f'<sheetPr><tabColor rgb="FF{HEADER.strong}"/><pageSetUpPr fitToPage="1"/></sheetPr>'


def page_setup(*, pages: int) -> str:
    """How a sheet of ours is printed: across, as wide as the page, pages with numbers.

    On at most so many pages; 0 is as many as it takes.
    """
    return (
        '<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.7" header="0.3" footer="0.3"/>'
        f'<pageSetup orientation="landscape" fitToWidth="1" fitToHeight="{pages}"/>'
        "<headerFooter><oddFooter>&amp;L&amp;F, &amp;A&amp;RPage &amp;P of &amp;N</oddFooter>"
        "</headerFooter>"
    )


@dataclass(frozen=True, slots=True)
class _Cell:
    look: Look
    text: str = ""
    number: str = ""


class NewSheet:
    """One sheet as it is built."""

    def __init__(self, styles: StyleBook) -> None:
        self._styles = styles
        self._rows: dict[int, dict[int, _Cell]] = {}
        self._heights: dict[int, float] = {}
        self._widths: dict[int, float] = {}
        self._links: list[tuple[str, str]] = []
        self._areas: list[Area] = []
        self._drawing = ""

    def put_text(self, row: int, column: int, text: str, look: Look) -> None:
        """A cell with a text, which stays one whatever it begins with."""
        quoted = replace(look, quoted=True) if like_formula(text) else look
        self._put(row, column, _Cell(quoted, text=text))

    def put_number(self, row: int, column: int, number: Decimal | int | None, look: Look) -> None:
        """A cell with a number; None leaves it empty."""
        self._put(row, column, _Cell(look, number=amount(number)))

    def put_time(self, row: int, column: int, days: str, look: Look) -> None:
        """A cell with a moment, given as Excel's count of days."""
        self._put(row, column, _Cell(look, number=days))

    def put_look(self, row: int, column: int, look: Look) -> None:
        """A cell that has a look and nothing in it."""
        self._put(row, column, _Cell(look))

    def link(self, row: int, column: int, place: str) -> None:
        """Make a cell lead to a place in the workbook, such as 'My orders'!A3."""
        self._links.append((address(row, column), place))

    def merge(self, row: int, first_column: int, last_column: int) -> None:
        """Make one cell of neighbours in a row; what it shows stands in the first of them."""
        self._areas.append(Area(row, first_column, row, last_column))

    def draw(self, relation: str) -> None:
        """Show the drawing to which a relation of the sheet leads."""
        self._drawing = relation

    def set_width(self, column: int, width: float) -> None:
        """The width of a column, in signs."""
        self._widths[column] = width

    def set_height(self, row: int, height: float) -> None:
        """The height of a row, in points."""
        self._heights[row] = height

    def widths(self) -> Mapping[int, float]:
        """The widths set so far, by column."""
        return self._widths

    def texts(self, row: int) -> Mapping[int, str]:
        """What stands in a row, by column, numbers as their digits."""
        return {
            column: cell.text or cell.number for column, cell in self._rows.get(row, {}).items()
        }

    def underline(self, row: int, last_column: int) -> None:
        """A thin line below the cells of a row, from the first column on."""
        for column in range(1, last_column + 1):
            cell = self._rows.get(row, {}).get(column, _Cell(Look()))
            border = replace(cell.look.border, bottom=HAIRLINE)
            self._put(row, column, replace(cell, look=replace(cell.look, border=border)))

    def written(self, dialect: Dialect) -> bytes:
        """The sheet as the part of a workbook."""
        pieces = (
            DECLARATION,
            f'<worksheet xmlns="{dialect.main}" xmlns:r="{dialect.relations}">',
            properties(),
            f'<dimension ref="{self._extent()}"/>',
            '<sheetViews><sheetView showGridLines="0" workbookViewId="0"/></sheetViews>',
            '<sheetFormatPr defaultRowHeight="15"/>',
            self._columns(),
            "<sheetData>",
            *(self._row(row) for row in sorted({*self._rows, *self._heights})),
            "</sheetData>",
            self._merged(),
            self._hyperlinks(),
            page_setup(pages=1),
            f'<drawing r:id="{self._drawing}"/>' if self._drawing else "",
            "</worksheet>",
        )
        return "".join(pieces).encode()

    def _put(self, row: int, column: int, cell: _Cell) -> None:
        self._rows.setdefault(row, {})[column] = cell

    def _extent(self) -> str:
        columns = [column for row in self._rows.values() for column in row]
        return str(Area(1, 1, max(self._rows, default=1), max(columns, default=1)))

    def _columns(self) -> str:
        columns = "".join(
            f'<col min="{column}" max="{column}" width="{width:g}" customWidth="1"/>'
            for column, width in sorted(self._widths.items())
        )
        return f"<cols>{columns}</cols>" if columns else ""

    def _row(self, row: int) -> str:
        height = self._heights.get(row)
        high = f' ht="{height:g}" customHeight="1"' if height else ""
        cells = "".join(
            self._cell(address(row, column), cell)
            for column, cell in sorted(self._rows.get(row, {}).items())
        )
        return f'<row r="{row}"{high}>{cells}</row>'

    def _cell(self, place: str, cell: _Cell) -> str:
        style = self._styles.index_of(cell.look)
        if cell.text:
            return text_cell(place, style, cell.text)
        return number_cell(place, style, cell.number) if cell.number else empty_cell(place, style)

    def _merged(self) -> str:
        areas = "".join(f'<mergeCell ref="{area}"/>' for area in self._areas)
        return f'<mergeCells count="{len(self._areas)}">{areas}</mergeCells>' if areas else ""

    def _hyperlinks(self) -> str:
        links = "".join(
            f'<hyperlink ref="{place}" location="{escaped(target)}"/>'
            for place, target in self._links
        )
        return f"<hyperlinks>{links}</hyperlinks>" if links else ""
