"""A first look through the order sheet: how far it reaches, and the few values that we need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flows.workbook.archive import Archive
from flows.workbook.areas import Area
from flows.workbook.cell_values import shown
from flows.workbook.markup import Element, Part
from flows.workbook.sheet_rows import Cell, Grid, Pieces

_BOOLEANS: Final = {"1": "TRUE", "0": "FALSE"}


@dataclass(frozen=True, slots=True)
class Survey:
    """What a sheet holds.

    `last_column` is the last one in which any cell has content (errors and formulas without a
    result count), at least the one that was asked about; `values` are texts as a reader sees
    them, by (row, column), empty cells left out. `widest` is the last column with any cell, be it
    empty; None where cells do not all say their addresses the usual way.
    """

    last_row: int
    last_column: int
    widest: int | None
    values: Mapping[tuple[int, int], str]
    merged: tuple[Area, ...]

    def first_of(self, row: int, column: int) -> tuple[int, int]:
        """The cell that holds the value: inside merged cells the first one of them."""
        for area in self.merged:
            if area.holds(row, column):
                return area.first_row, area.first_column
        return row, column

    def text(self, row: int, column: int) -> str:
        """What a cell shows; "" when it is empty or was not asked for."""
        return self.values.get(self.first_of(row, column), "")


def survey(
    archive: Archive,
    part: str,
    strings: str | None,
    known_column: int,
    wanted: Mapping[int, Sequence[int] | None],
) -> Survey:
    """Look through a sheet.

    `known_column` is the last column known to hold something; `wanted` names the cells whose
    values are needed, columns by row, None for all of the row.
    """
    look = _Look(archive, part, known_column, wanted)
    first = {
        (area.first_row, area.first_column)
        for row, columns in wanted.items()
        for column in columns or ()
        for area in look.merged
        if area.holds(row, column)
    } - set(look.found)
    if first:
        elsewhere = {row: [column for r, column in first if r == row] for row, _ in first}
        look.found |= _Look(archive, part, look.reach, elsewhere).found
    values = _values(archive, strings, look.found)
    return Survey(look.last_row, look.reach, look.widest, values, look.merged)


class _Look:
    """One look through a sheet."""

    def __init__(
        self,
        archive: Archive,
        part: str,
        known_column: int,
        wanted: Mapping[int, Sequence[int] | None],
    ) -> None:
        self.reach = known_column
        self.last_row = 0
        self.widest: int | None = 0
        self.found: dict[tuple[int, int], bytes] = {}
        rows = Pieces(archive.chunks(part), "sheetData", "row")
        grid = Grid(rows.prefix)
        number = 0
        for row in rows:
            number = grid.number(row.tag, number)
            self.last_row = max(self.last_row, number)
            last = grid.last_column(row)
            if last is None or self.widest is None:
                self.widest = None
            elif last > self.widest:
                self.widest = last
            if last is not None and last <= self.reach and number not in wanted:
                continue
            columns = wanted.get(number, ())
            for cell in grid.cells(row.inner):
                if cell.column > self.reach and _has_content(row.inner, cell):
                    self.reach = cell.column
                if columns is None or cell.column in columns:
                    self.found[number, cell.column] = row.inner[cell.start : cell.end]
        self.merged = tuple(_merged(Part(rows.tail).top))


def _has_content(inner: bytes, cell: Cell) -> bool:
    return cell.tag[-2:] != b"/>" and b"<" in inner[cell.inner_start : cell.end].partition(b"</")[0]


def _merged(elements: Iterable[Element]) -> Iterable[Area]:
    for element in elements:
        if element.tag.local == "mergeCells":
            for child in element.all("mergeCell"):
                area = Area.parse(child.tag.attributes().get("ref", ""))
                if area is not None:
                    yield area


def _values(
    archive: Archive, strings: str | None, cells: Mapping[tuple[int, int], bytes]
) -> dict[tuple[int, int], str]:
    values: dict[tuple[int, int], str] = {}
    shared: dict[tuple[int, int], int] = {}
    for place, raw in cells.items():
        part = Part(raw)
        kind = part.root.tag.attributes().get("t", "n")
        value = part.root.child("v")
        written = part.text(value) if value else ""
        if kind == "s" and written.strip().isdigit():
            shared[place] = int(written)
        elif kind == "inlineStr":
            values[place] = _string(part, part.root)
        elif kind == "b":
            values[place] = _BOOLEANS.get(written, written)
        elif kind in {"str", "e", "d"}:
            values[place] = written
        else:
            values[place] = shown(written)
    if shared and strings and strings in archive:
        texts = _shared_strings(archive, strings, frozenset(shared.values()))
        values |= {place: texts.get(index, "") for place, index in shared.items()}
    return {place: text for place, text in values.items() if text}


def _shared_strings(archive: Archive, part: str, wanted: frozenset[int]) -> dict[int, str]:
    texts: dict[int, str] = {}
    for index, piece in enumerate(Pieces(archive.chunks(part), "sst", "si")):
        if index in wanted:
            string = Part(piece.tag + piece.inner + piece.closing)
            texts[index] = _string(string, string.root)
            if len(texts) == len(wanted):
                break
    return texts


def _string(part: Part, element: Element) -> str:
    """The text of a string, its runs put together, without the readings above its signs."""
    if element.tag.local == "t":
        return part.text(element)
    return "".join(_string(part, child) for child in element.children if child.tag.local != "rPh")
