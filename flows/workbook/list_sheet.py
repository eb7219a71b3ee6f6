"""A sheet of ours that is a list: a header row, and rows that are written one after the other.

The header stays in sight and is repeated on every page, every column can be filtered, and a
column of links leads to the order sheet. The rows come as an iterator and leave as bytes: a
list may be as long as an order sheet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from flows.workbook import look
from flows.workbook.areas import Area, address, letters_of
from flows.workbook.cell_values import (
    MONEY_FORMAT,
    TEXT_FORMAT,
    TIME_FORMAT,
    like_formula,
    text_cell,
    text_content,
)
from flows.workbook.look import Border, Line, Look, Tone
from flows.workbook.markup import escaped
from flows.workbook.new_sheet import DECLARATION, page_setup, properties
from flows.workbook.relations import Dialect
from flows.workbook.row_height import HIGHEST, height_for
from flows.workbook.style_book import StyleBook

Kind = Literal["state", "quiet state", "id", "prose", "link", "place", "count", "money", "time"]
"""A quiet state has its colour as a bar beside the word: where most rows are red, no wall of it."""

_NUMBERS: Final[frozenset[Kind]] = frozenset({"place", "count", "money", "time"})
_SIDES: Final[dict[Kind, str]] = {"place": "center", "count": "right", "money": "right"}
_FORMATS: Final[dict[Kind, str]] = {
    "state": "General",
    "quiet state": "General",
    "place": "0",
    "id": TEXT_FORMAT,
    "prose": "General",
    "link": TEXT_FORMAT,
    "count": "#,##0",
    "money": MONEY_FORMAT,
    "time": TIME_FORMAT,
}
_HEADER_HEIGHT: Final = 26
_ROW_HEIGHT: Final = 20
_ROOM: Final = 6
"""Points kept free above and below the lines of a row, together."""

_INDENT: Final = 2
"""Signs that a cell's text does not have of its column's width: its indent."""

MOST_LINKS: Final = 65_530
"""Excel takes no more on one sheet."""


@dataclass(frozen=True, slots=True)
class ListColumn:
    """One column: `width` in Excel's units, `kind` says what its cells hold and look like."""

    title: str
    width: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row: a value for each column as the file holds it, and the colour of its state.

    Numbers are digits, times Excel's count of days; "" is an empty cell. `target` is where its
    link leads, 'My orders'!A3 for example.
    """

    values: Sequence[str]
    tone: Tone
    target: str = ""


@dataclass(frozen=True, slots=True)
class _Slot:
    """The pieces round a value in a column, for rows of one tone."""

    letters: str
    look: Look
    is_text: bool
    opening: str
    if_empty: str
    if_filled: str
    closing: str


class ListSheet:
    """A list on its way to being written."""

    def __init__(self, styles: StyleBook, columns: Sequence[ListColumn]) -> None:
        self._styles = styles
        self._columns = columns
        self._size = styles.face.size
        self._slots: dict[Tone, list[_Slot]] = {}
        self._wrapped = [
            (place, column.width - _INDENT)
            for place, column in enumerate(columns)
            if column.kind not in _NUMBERS
        ]
        self._link = next(place for place, c in enumerate(columns, start=1) if c.kind == "link")

    def area(self, rows: int) -> Area:
        """The header and so many rows."""
        return Area(1, 1, 1 + rows, len(self._columns))

    def written(
        self, dialect: Dialect, count: int, rows: Iterable[ListRow], if_none: str
    ) -> Iterator[bytes]:
        """The sheet as a part, piece by piece: `count` rows, or one sentence for none."""
        extent = self.area(max(count, 1))
        yield self._head(dialect, extent).encode()
        yield self._header().encode()
        links: list[str] = []
        for number, row in enumerate(rows, start=2):
            yield self._row(number, row).encode()
            if row.target and len(links) < MOST_LINKS:
                place = address(number, self._link)
                links.append(f'<hyperlink ref="{place}" location="{escaped(row.target)}"/>')
        if not count:
            style = self._styles.index_of(Look(vertical="center", indent=1))
            cell = text_cell("A2", style, if_none)
            yield f'<row r="2" ht="{_HEADER_HEIGHT}" customHeight="1">{cell}</row>'.encode()
        yield self._tail(extent, links, filtered=bool(count)).encode()

    def _head(self, dialect: Dialect, extent: Area) -> str:
        columns = "".join(
            f'<col min="{place}" max="{place}" width="{column.width:g}" customWidth="1"/>'
            for place, column in enumerate(self._columns, start=1)
        )
        return (
            f'{DECLARATION}<worksheet xmlns="{dialect.main}">{properties()}'
            f'<dimension ref="{extent}"/><sheetViews>'
            '<sheetView showGridLines="0" workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
            '<selection pane="bottomLeft" activeCell="A2" sqref="A2"/></sheetView></sheetViews>'
            f'<sheetFormatPr defaultRowHeight="15"/><cols>{columns}</cols><sheetData>'
        )

    def _header(self) -> str:
        cells = "".join(
            text_cell(
                address(1, place),
                self._styles.index_of(
                    replace(look.header_look(), horizontal=_side(column), indent=_indent(column))
                ),
                column.title,
            )
            for place, column in enumerate(self._columns, start=1)
        )
        return f'<row r="1" ht="{_HEADER_HEIGHT}" customHeight="1">{cells}</row>'

    def _row(self, number: int, row: ListRow) -> str:
        slots = self._slots.get(row.tone)
        if slots is None:
            slots = self._slots[row.tone] = self._made_slots(row.tone)
        cells: list[str] = []
        for slot, value in zip(slots, row.values, strict=True):
            if not value:
                cells.append(f"{slot.opening}{number}{slot.if_empty}")
            elif slot.is_text and like_formula(value):
                style = self._styles.index_of(replace(slot.look, quoted=True))
                cells.append(text_cell(f"{slot.letters}{number}", style, value))
            else:
                content = text_content(value) if slot.is_text else value
                cells.append(f"{slot.opening}{number}{slot.if_filled}{content}{slot.closing}")
        height = self._height(row.values)
        return f'<row r="{number}" ht="{height:g}" customHeight="1">{"".join(cells)}</row>'

    def _height(self, values: Sequence[str]) -> float:
        long = [(values[p], w) for p, w in self._wrapped if len(values[p]) > w or "\n" in values[p]]
        height = height_for(long, self._size) if long else None
        return min(HIGHEST, height + _ROOM) if height else _ROW_HEIGHT

    def _made_slots(self, tone: Tone) -> list[_Slot]:
        return [
            self._slot(letters_of(place), column, self._look(column, tone))
            for place, column in enumerate(self._columns, start=1)
        ]

    def _slot(self, letters: str, column: ListColumn, wanted: Look) -> _Slot:
        style = self._styles.index_of(wanted)
        is_text = column.kind not in _NUMBERS
        return _Slot(
            letters=letters,
            look=wanted,
            is_text=is_text,
            opening=f'<c r="{letters}',
            if_empty=f'" s="{style}"/>',
            if_filled=f'" s="{style}" t="inlineStr">' if is_text else f'" s="{style}"><v>',
            closing="</c>" if is_text else "</v></c>",
        )

    def _look(self, column: ListColumn, tone: Tone) -> Look:
        kind = column.kind
        is_loud, is_quiet, is_link = kind == "state", kind == "quiet state", kind == "link"
        bar = Line("thick", tone.strong) if is_quiet else None
        return Look(
            bold=is_loud or is_quiet,
            underlined=is_link,
            ink=tone.ink if is_loud else look.LINK if is_link else look.INK,
            fill=tone.strong if is_loud else tone.tint if is_quiet else "",
            border=Border(left=bar, bottom=look.HAIRLINE),
            horizontal=_side(column),
            vertical="center",
            indent=_indent(column),
            wrapped=kind not in _NUMBERS,
            number_format=_FORMATS[kind],
        )

    def _tail(self, extent: Area, links: Sequence[str], *, filtered: bool) -> str:
        """What stands behind the cells, in the order on which Excel insists."""
        return "".join(
            (
                "</sheetData>",
                f'<autoFilter ref="{extent}"/>' if filtered else "",
                f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else "",
                page_setup(pages=0),
                # Ids are text on purpose; Excel need not warn of it in every cell.
                f'<ignoredErrors><ignoredError sqref="{extent}" numberStoredAsText="1"/>',
                "</ignoredErrors></worksheet>",
            )
        )


def _side(column: ListColumn) -> str:
    return _SIDES.get(column.kind, "left")


def _indent(column: ListColumn) -> int:
    return 0 if _side(column) == "center" else 1
