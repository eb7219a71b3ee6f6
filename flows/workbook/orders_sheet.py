"""The Orders sheet: one row for each order, with a link to its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from flows.workbook import look
from flows.workbook.areas import LAST_ROW, address, quoted
from flows.workbook.cell_values import amount, day_number
from flows.workbook.list_sheet import ListColumn, ListRow
from flows.workbook.row_words import row_words
from schemas.outcomes import OrderOutcome
from schemas.sheet_layout import SheetLayout

COLUMNS: Final = (
    ListColumn("Reference", 22, "id"),
    ListColumn("Customer", 16, "id"),
    ListColumn("Type", 12, "prose"),
    ListColumn("Result", 28, "state"),
    ListColumn("Order ID", 15, "id"),
    ListColumn("Order status", 14, "id"),
    ListColumn("Rows", 13, "link"),
    ListColumn("Lines", 9, "count"),
    ListColumn("Order total", 14, "money"),
    ListColumn("Price currency", 16, "id"),
    ListColumn("What happened", 52, "prose"),
    ListColumn("Answered at", 19, "time"),
)
"""Fewer of these titles than make a header (`header.ENOUGH`) name order columns: whatever
becomes of our defined names, nobody takes this sheet for an order sheet.
"""

NONE: Final = "There are no orders."

MOST_ORDERS: Final = LAST_ROW - 1
"""Rows that a sheet has below the header: as many orders as an order sheet can hold."""


def order_rows(
    orders: Sequence[OrderOutcome], layout: SheetLayout, zone: ZoneInfo, *, since_1904: bool
) -> Iterator[ListRow]:
    """The rows of the sheet, in the order in which the orders come."""
    sheet = quoted(layout.sheet)
    first_column = min(layout.columns.values(), default=1)
    for order in orders:
        yield ListRow(
            (
                order.reference,
                order.customer_id,
                order.order_type,
                order.result,
                order.order_id,
                order.order_status,
                row_words(order.rows),
                str(len(order.rows)),
                amount(order.order_total),
                order.price_currency,
                order.what_happened,
                day_number(order.answered_at, zone, since_1904=since_1904),
            ),
            look.READY if order.state is None else look.TONES[order.state],
            f"{sheet}!{address(order.rows[0], first_column)}",
        )
