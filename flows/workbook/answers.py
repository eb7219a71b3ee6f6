"""The answers written beside the order rows: one cell for each of our columns and each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from flows.workbook import look
from flows.workbook.answer_columns import (
    AMOUNTS,
    COLUMNS,
    FORMATS,
    TEXTS,
    WRAPPED,
    AnswerColumn,
    header_note,
)
from flows.workbook.cell_values import cell_at, put_money, put_text, put_time, shown
from flows.workbook.notes import add_note, take_note
from flows.workbook.row_height import make_room
from schemas.outcomes import RowAnswer, State
from schemas.sheet_layout import SheetLayout


def write_headers(
    sheet: Worksheet, layout: SheetLayout, places: Mapping[str, int], timezone: str
) -> None:
    """Write the headers of our columns; one that the user renamed keeps the user's name.

    A new header that the sheet has already, as a column of the user's, is told apart by
    "(Orderdrop)" behind it: two equal headers would be a riddle, and a table forbids them.
    """
    ours = set(places.values())
    taken = {
        shown(cell.value).casefold() for cell in sheet[layout.header_row] if cell.column not in ours
    }
    for column in COLUMNS:
        place = places[column.name]
        cell = cell_at(sheet, layout.header_row, place)
        if cell.value is None:
            put_text(cell, _unused(column.name, taken))
        if column.name not in layout.result_columns:
            look.dress_header(cell, first=column is COLUMNS[0])
        take_note(cell)
        add_note(cell, header_note(column, timezone))


def _unused(name: str, taken: set[str]) -> str:
    candidate, count = name, 1
    while candidate.casefold() in taken:
        candidate = f"{name} (Orderdrop)" if count == 1 else f"{name} (Orderdrop {count})"
        count += 1
    return candidate


def with_standing_ids(
    sheet: Worksheet, layout: SheetLayout, answers: Sequence[RowAnswer]
) -> list[RowAnswer]:
    """The answers, with the Order ID that a held row carries already: it is never taken away."""
    place = layout.result_columns.get("Order ID")
    if place is None:
        return list(answers)
    return [
        replace(answer, order_id=shown(sheet.cell(answer.row, place).value))
        if answer.state is State.HELD and not answer.order_id
        else answer
        for answer in answers
    ]


def clear_answers(sheet: Worksheet, layout: SheetLayout, places: Mapping[str, int]) -> None:
    """Empty our cells below the header, except beside rows that are not order rows.

    Such a row (a total) may hold the user's own sum of our prices; it is cleared only when it
    carries an answer from a time when it was an order row.
    """
    standing = {name: place for name, place in places.items() if name in layout.result_columns}
    if not standing:
        return
    for row in range(layout.header_row + 1, sheet.max_row + 1):
        answered = sheet.cell(row, places["Result"]).value is not None
        if row in layout.left_alone and not answered:
            continue
        for place in standing.values():
            cell = cell_at(sheet, row, place)
            cell.value = None
            look.undress(cell)


class AnswerWriter:
    """Writes answers of one sheet; every look is made once and then copied."""

    def __init__(
        self, sheet: Worksheet, layout: SheetLayout, places: Mapping[str, int], zone: ZoneInfo
    ) -> None:
        self._sheet = sheet
        self._places = places
        self._zone = zone
        self._beside = min(layout.columns.values(), default=1)
        self._models: dict[tuple[object, ...], Cell] = {}

    def write(self, answers: Sequence[RowAnswer]) -> None:
        """Write one row of ours for each answer."""
        for answer in answers:
            neighbour = cell_at(self._sheet, answer.row, self._beside)
            for column in COLUMNS:
                cell = cell_at(self._sheet, answer.row, self._places[column.name])
                self._dress(cell, column, answer.state, neighbour)
                self._fill(cell, column, answer)
            wrapped = [
                (TEXTS[column.name](answer), column.width)
                for column in COLUMNS
                if column.kind in WRAPPED
            ]
            make_room(self._sheet, answer.row, wrapped, neighbour.font.sz or 11)

    def _fill(self, cell: Cell, column: AnswerColumn, answer: RowAnswer) -> None:
        if column.name in AMOUNTS:
            put_money(cell, AMOUNTS[column.name](answer))
        elif column.name in TEXTS:
            put_text(cell, TEXTS[column.name](answer))
        else:
            put_time(cell, answer.answered_at, self._zone)

    def _dress(self, cell: Cell, column: AnswerColumn, state: State, neighbour: Cell) -> None:
        font = neighbour.font
        upright = neighbour.alignment.vertical
        key = (column.name, look.TONES[state], font.name, font.sz, upright)
        model = self._models.get(key)
        if model is not None:
            look.dress_like(cell, model)
            cell.quotePrefix = False
            return
        look.undress(cell)
        tone = look.TONES[state]
        first = column is COLUMNS[0]
        cell.font = Font(
            name=font.name, sz=font.sz, bold=first, color=tone.ink if first else "000000"
        )
        cell.fill = look.solid(tone.strong if first else tone.tint)
        cell.border = look.answer_border(first=first)
        cell.alignment = Alignment(
            horizontal="right" if column.kind == "money" else "left",
            vertical=upright,
            wrap_text=column.kind in WRAPPED,
        )
        cell.number_format = FORMATS[column.kind]
        self._models[key] = cell
