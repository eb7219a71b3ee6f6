"""Marks on the cells that are wrong, and how they are taken off again.

A marked cell wears a hidden cell style of ours ("Orderdrop fault 3, was Normal") with our fill
and border on top. The style itself holds the look the cell had before. So the workbook remembers,
cell by cell, what we marked and what was there: the memory moves along when rows are sorted,
inserted, copied or deleted, and no colour is ever guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from openpyxl.cell.cell import Cell
from openpyxl.styles import Border, Fill, PatternFill
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from flows.workbook import look
from flows.workbook.cell_look import CellLook, look_of_style
from flows.workbook.cell_values import cell_at
from flows.workbook.notes import add_note, take_note
from schemas.faults import Fault

_STYLE_NAME: Final = re.compile(r"Orderdrop fault \d+, was (?P<before>.*)", re.DOTALL)


def mark_faults(book: Workbook, sheet: Worksheet, faults: Sequence[Fault]) -> None:
    """Mark the cells named by the faults of this sheet, one note to a cell.

    Faults without a cell (the sheet has no such column) leave no mark.
    """
    memory = _Memory(book)
    placed = sorted(
        (fault for fault in faults if fault.cell and fault.sheet == sheet.title),
        key=lambda fault: coordinate_to_tuple(fault.cell),
    )
    for address, of_cell in groupby(placed, key=lambda fault: fault.cell):
        cell = cell_at(sheet, *coordinate_to_tuple(address))
        together = list(of_cell)
        memory.remember(cell)
        _paint(cell, warning=all(fault.severity == "warning" for fault in together))
        add_note(cell, "\n\n".join(_words(fault) for fault in together))


def take_marks(book: Workbook, sheet: Worksheet) -> None:
    """Take all our marks and notes off a sheet and give the cells back their earlier look.

    A fill or border that somebody gave the cell after we had marked it stays.
    """
    marked = any(_STYLE_NAME.fullmatch(name) for name in book.named_styles)
    for cell in _cells(sheet):
        take_note(cell)
        if marked:
            _restore(book, cell)


class _Memory:
    """The hidden styles of one workbook, one for every look that a marked cell had before."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._names: dict[tuple[str, CellLook], str] = {}

    def remember(self, cell: Cell) -> None:
        """Give the cell a style of ours that holds its present look."""
        if _STYLE_NAME.fullmatch(str(cell.style)):
            return
        present = CellLook.of(cell)
        key = (str(cell.style), present)
        if key not in self._names:
            self._names[key] = self._style_for(*key)
        cell.style = self._names[key]
        present.put_on(cell)

    def _style_for(self, before: str, present: CellLook) -> str:
        ours = [name for name in self._book.named_styles if _STYLE_NAME.fullmatch(name)]
        for name in ours:
            if name.endswith(f", was {before}") and look_of_style(self._book, name) == present:
                return name
        name = f"Orderdrop fault {len(ours) + 1}, was {before}"
        self._book.add_named_style(present.as_style(name))
        return name


def _paint(cell: Cell, *, warning: bool) -> None:
    cell.fill = look.solid(look.WARNING_FILL if warning else look.FAULT_FILL)
    cell.border = look.frame(
        look.WARNING_LINE if warning else look.FAULT_LINE,
        "mediumDashed" if warning else "medium",
    )


def _restore(book: Workbook, cell: Cell) -> None:
    name = str(cell.style)
    match = _STYLE_NAME.fullmatch(name)
    if match is None:
        return
    present, before = CellLook.of(cell), look_of_style(book, name)
    earlier = match["before"]
    cell.style = earlier if earlier in book.named_styles else "Normal"
    replace(
        present,
        fill=before.fill if _our_fill(present.fill) else present.fill,
        border=before.border if _our_border(present.border) else present.border,
    ).put_on(cell)


def _our_fill(fill: Fill) -> bool:
    colour = str(fill.start_color.rgb) if isinstance(fill, PatternFill) else ""
    return colour[-6:] in {look.FAULT_FILL, look.WARNING_FILL}


def _our_border(border: Border) -> bool:
    colour = border.left.color if border.left else None
    return colour is not None and str(colour.rgb)[-6:] in {look.FAULT_LINE, look.WARNING_LINE}


def _cells(sheet: Worksheet) -> Iterator[Cell]:
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell, Cell):
                yield cell


def _words(fault: Fault) -> str:
    return f"{fault.message}\n{fault.hint}" if fault.hint else fault.message
