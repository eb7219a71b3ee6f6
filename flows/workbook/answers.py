"""The answers written beside the order rows: one cell for each of our columns and each row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Final
from zoneinfo import ZoneInfo

from flows.workbook import look
from flows.workbook.answer_columns import (
    AMOUNTS,
    APPROVE_COLUMN,
    COLUMNS,
    FORMATS,
    TEXTS,
    WRAPPED,
    AnswerColumn,
)
from flows.workbook.areas import letters_of
from flows.workbook.cell_values import amount, day_number, like_formula, text_cell, text_content
from flows.workbook.look import Look
from flows.workbook.row_height import height_for
from flows.workbook.style_book import StyleBook
from flows.workbook.survey import Survey
from schemas.outcomes import RowAnswer, State
from schemas.sheet_layout import SheetLayout

_REMEMBERED: Final = 4096
"""Values of one kind that are kept."""

_WRAPPED: Final = tuple(column for column in COLUMNS if column.kind in WRAPPED)
_PROSE: Final = tuple(TEXTS[column.name] for column in _WRAPPED)


@lru_cache(_REMEMBERED)
def _height_of(prose: tuple[str, ...], size: float) -> float | None:
    """The height that the texts of the wrapped columns need."""
    widths = (column.width for column in _WRAPPED)
    return height_for(zip(prose, widths, strict=True), size)


def header_texts(survey: Survey, layout: SheetLayout, places: Mapping[str, int]) -> dict[str, str]:
    """The header of each of our columns; one that the user renamed keeps the user's name.

    A new header that the sheet has already, as a column of the user's, is told apart by
    "(Orderdrop)" behind it: two equal headers would be a riddle, and a table forbids them.
    """
    ours = set(places.values())
    taken = {
        text.casefold()
        for (row, column), text in survey.values.items()
        if row == layout.header_row and column not in ours
    }
    return {name: _standing(survey, layout, name) or _unused(name, taken) for name in places}


def _standing(survey: Survey, layout: SheetLayout, name: str) -> str:
    place = layout.result_columns.get(name)
    return survey.text(layout.header_row, place) if place else ""


def _unused(name: str, taken: set[str]) -> str:
    candidate, count = name, 1
    while candidate.casefold() in taken:
        candidate = f"{name} (Orderdrop)" if count == 1 else f"{name} (Orderdrop {count})"
        count += 1
    return candidate


def with_standing_ids(
    survey: Survey, layout: SheetLayout, answers: Sequence[RowAnswer]
) -> list[RowAnswer]:
    """The answers, with the Order ID that a held row carries already: it is never taken away."""
    place = layout.result_columns.get("Order ID")
    if place is None:
        return list(answers)
    return [
        replace(answer, order_id=survey.text(answer.row, place))
        if answer.state is State.HELD and not answer.order_id
        else answer
        for answer in answers
    ]


@dataclass(frozen=True, slots=True)
class _Slot:
    """A column of ours beside rows of one state.

    A cell is `opening`, the row's number, and the rest that goes with its value. Most of the time
    of a large sheet goes into cells, and the same few values come again and again.
    """

    place: int
    opening: str
    written: Callable[[RowAnswer], str]
    rest: Callable[[str], str]


class AnswerWriter:
    """Writes the cells of answers; every look is made once and its number kept."""

    def __init__(
        self,
        styles: StyleBook,
        places: Mapping[str, int],
        zone: ZoneInfo,
        prefix: str,
        *,
        since_1904: bool,
    ) -> None:
        self._styles = styles
        self._places = places
        self._columns = tuple(c for c in (*COLUMNS, APPROVE_COLUMN) if c.name in places)
        self._zone = zone
        self._prefix = prefix
        self._since_1904 = since_1904
        self._slots: dict[tuple[State, int], list[_Slot]] = {}

    def headers(
        self, texts: Mapping[str, str], standing: frozenset[str], row: int
    ) -> dict[int, str]:
        """The header cells to be written, by column; `standing` headers are the user's already."""
        cells: dict[int, str] = {}
        for column in self._columns:
            if column.name not in standing:
                place = self._places[column.name]
                style = self._styles.index_of(look.header_look(first=column is COLUMNS[0]))
                address = f"{letters_of(place)}{row}"
                cells[place] = text_cell(address, style, texts[column.name], self._prefix)
        return cells

    def cells(self, answer: RowAnswer, beside: int) -> list[tuple[int, str]]:
        """The cells of one answer with their columns, from left to right.

        `beside` is the format of the row's own first cell: ours take its font and stand as
        upright as it does.
        """
        slots = self._slots.get((answer.state, beside))
        if slots is None:
            slots = self._made_slots(look.TONES[answer.state], beside)
            self._slots[answer.state, beside] = slots
        row = str(answer.row)
        return [
            (slot.place, f"{slot.opening}{row}{slot.rest(slot.written(answer))}") for slot in slots
        ]

    def height(self, answer: RowAnswer, beside: int) -> float | None:
        """The height (points) that the answer's prose needs; None: no more than one line."""
        prose = tuple([written(answer) for written in _PROSE])
        return _height_of(prose, self._styles.beside(beside)[0].size)

    def _made_slots(self, tone: look.Tone, beside: int) -> list[_Slot]:
        slots: list[_Slot] = []
        for column in self._columns:
            place = self._places[column.name]
            wanted = self._look(column, tone, beside)
            style = self._styles.index_of(wanted)
            rest = (
                partial(self._rest_of_text, style, wanted)
                if column.name in TEXTS
                else partial(self._rest_of_number, style)
            )
            slots.append(
                _Slot(
                    place=place,
                    opening=f'<{self._prefix}c  r="{letters_of(place)}',
                    written=self._reader(column.name),
                    rest=lru_cache(_REMEMBERED)(rest),
                )
            )
        return sorted(slots, key=lambda slot: slot.place)

    def _rest_of_number(self, style: int, value: str) -> str:
        p = self._prefix
        return f'" s="{style}"><{p}v>{value}</{p}v></{p}c>' if value else f'" s="{style}"/>'

    def _rest_of_text(self, style: int, wanted: Look, value: str) -> str:
        if not value:
            return f'" s="{style}"/>'
        if like_formula(value):
            style = self._styles.index_of(replace(wanted, quoted=True))
        content = text_content(value, self._prefix)
        return f'" s="{style}" t="inlineStr">{content}</{self._prefix}c>'

    def _reader(self, name: str) -> Callable[[RowAnswer], str]:
        """What a column shows of an answer: a text, or a number as the file holds it."""
        if name in TEXTS:
            return TEXTS[name]
        if name in AMOUNTS:
            its_amount = AMOUNTS[name]
            return lambda answer: amount(its_amount(answer))
        return lambda answer: day_number(
            answer.answered_at, self._zone, since_1904=self._since_1904
        )

    def _look(self, column: AnswerColumn, tone: look.Tone, beside: int) -> Look:
        face, vertical = self._styles.beside(beside)
        first = column is COLUMNS[0]
        if column.kind == "input" and tone in look.APPROVABLE:
            return look.input_look(face.name, face.size, vertical)
        return Look(
            font=face.name,
            size=face.size,
            bold=first,
            ink=tone.ink if first else "000000",
            fill=tone.strong if first else tone.tint,
            border=look.answer_border(first=first),
            horizontal="right" if column.kind == "money" else "left",
            vertical=vertical,
            wrapped=column.kind in WRAPPED,
            number_format=FORMATS[column.kind],
        )
