"""Where things stand on an order sheet: what reading found, and what answering needs again."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


def column_letters(index: int) -> str:
    """Excel's letters for a column, counted from 1: 1 is A, 27 is AA."""
    letters = ""
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


class SheetLayout(BaseModel):
    """The order sheet of one workbook.

    Rows and columns count from 1, as Excel does. `columns` maps an order column to its place
    and `titles` to the header as written; `result_columns` maps those of our result columns
    that stand there already (found by our defined names, never by their words).
    `last_column` is the last one that holds anything, `last_row` the last order row.
    `left_alone` are rows below the table that are not order rows (totals, signatures).
    """

    model_config = ConfigDict(frozen=True)

    sheet: str
    header_row: int
    last_row: int
    last_column: int
    columns: dict[str, int]
    titles: dict[str, str]
    result_columns: dict[str, int] = {}
    left_alone: tuple[int, ...] = ()

    def cell(self, column: str, row: int) -> str:
        """The address of an order column's cell, "" when the sheet has no such column."""
        place = self.columns.get(column)
        return f"{column_letters(place)}{row}" if place else ""

    def title(self, column: str) -> str:
        """The header as the user wrote it, else the API name."""
        return self.titles.get(column, column)
