"""What is said of cells whose value cannot be known, or is not what was typed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from flows.workbook.table import MergedRange, Table, Trouble
from schemas.faults import Fault
from schemas.sheet_layout import SheetLayout, column_letters

ONE_FOR_ALL: Final = (
    "externalReferenceId",
    "customerId",
    "orderType",
    "referenceOrderId",
    "currencyCode",
)
"""Columns in which a merged cell can only mean: the same on every row it spans."""


@dataclass(frozen=True, slots=True)
class _Words:
    message: str
    hint: str


_AS_TEXT: Final = "Format the cell as Text, then type it again."

_WORDS: Final[Mapping[Trouble, _Words]] = {
    Trouble.SHOWS_ERROR: _Words(
        "{title} shows the error {shown}.",
        "Mend the formula in {cell} or type the value itself.",
    ),
    Trouble.NOT_CALCULATED: _Words(
        "{title} holds a formula whose result is not stored in the file.",
        "Open the workbook in Excel, save it and drop it again.",
    ),
    Trouble.DIGITS_LOST: _Words(
        "{title} was typed as a number of more than 15 digits; Excel keeps only the first 15 and "
        "has replaced the rest by zeros.",
        "Format the cell as Text, then type the whole number again.",
    ),
    Trouble.NOT_WHOLE: _Words(
        "{title} is the number {shown}, which is not whole; an id has no decimals.",
        _AS_TEXT,
    ),
    Trouble.IS_DATE: _Words(
        "{title} is the date {shown}: Excel has made a date of what was typed.",
        _AS_TEXT,
    ),
    Trouble.NOT_STORABLE: _Words(
        "{title} holds an invisible control character (shown as \ufffd), which no id or code has.",
        "Empty {cell}, then type the value again.",
    ),
}


def cell_faults(table: Table, layout: SheetLayout, rows: Collection[int]) -> Iterator[Fault]:
    """A fault for each cell of the order rows that was in trouble."""
    column_at = {place: column for column, place in layout.columns.items()}
    for (row, place), (trouble, shown) in table.troubles.items():
        column = column_at.get(place)
        if column and row in rows:
            words = _WORDS[trouble]
            cell, title = layout.cell(column, row), layout.title(column)
            known = {"title": title, "shown": shown, "cell": cell}
            yield Fault(
                sheet=layout.sheet,
                row=row,
                column=column,
                title=title,
                cell=cell,
                value=shown,
                code=str(trouble),
                message=words.message.format_map(known),
                hint=words.hint.format_map(known),
            )


def merged_faults(
    merged: Collection[MergedRange], layout: SheetLayout, rows: Collection[int]
) -> Iterator[Fault]:
    """A fault for each order row in merged cells of which nobody can say what they mean."""
    ordered = sorted(rows)
    from_above = sorted(merged, key=lambda span: (span.first_row, -span.last_row))
    for column, place in layout.columns.items():
        # Merged cells never overlap but in a harmful file; so each row is looked at once.
        reached = 0
        for span in from_above:
            if not span.first_column <= place <= span.last_column:
                continue
            if span.first_column == span.last_column and column in ONE_FOR_ALL:
                continue
            title = layout.title(column)
            corner = f"{column_letters(span.first_column)}{span.first_row}"
            area = f"{corner}:{column_letters(span.last_column)}{span.last_row}"
            first_order = max(reached, bisect_left(ordered, span.first_row))
            reached = max(reached, bisect_right(ordered, span.last_row))
            for row in ordered[first_order:reached]:
                yield Fault(
                    sheet=layout.sheet,
                    row=row,
                    column=column,
                    title=title,
                    cell=layout.cell(column, row),
                    value="",
                    code="MERGED_CELL",
                    message=f"{title} lies in the merged cells {area}; it cannot be told what "
                    "each row is to have.",
                    hint=f"Unmerge {area} and fill in {title} on every row.",
                )
