"""Order sheets for tests: rows as dictionaries, frames and layouts as reading gives them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from schemas.columns import ORDER_COLUMNS
from schemas.sheet_layout import SheetLayout

FIRST_ROW = 5

GOOD_NEW: Mapping[str, str] = {
    "externalReferenceId": "PO-1",
    "customerId": "P1005053401",
    "orderType": "NEW",
    "offerId": "65310542CA02A12",
    "quantity": "3",
    "currencyCode": "USD",
}


def row(**cells: str) -> dict[str, str]:
    """A good NEW row with some cells changed."""
    return {**GOOD_NEW, **cells}


def layout(columns: tuple[str, ...] = ORDER_COLUMNS) -> SheetLayout:
    """A sheet whose columns stand side by side from A, header in row 4."""
    return SheetLayout(
        sheet="Orders",
        header_row=FIRST_ROW - 1,
        last_row=FIRST_ROW + 99,
        last_column=len(columns),
        columns={column: place for place, column in enumerate(columns, start=1)},
        titles={column: column for column in columns},
    )


def frame(*rows: Mapping[str, str], first_row: int = FIRST_ROW) -> pd.DataFrame:
    """Rows as `workbook.read` gives them."""
    empty = dict.fromkeys((*ORDER_COLUMNS, "earlierOrderId"), "")
    table = pd.DataFrame([{**empty, **cells} for cells in rows], dtype="str")
    table.insert(0, "row", range(first_row, first_row + len(rows)))
    return table
