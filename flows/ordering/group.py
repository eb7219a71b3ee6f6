"""Rows into orders: all rows of one externalReferenceId, wherever they stand, are one order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from flows.ordering.order_rows import MUST_AGREE, OrderRows, Row
from schemas.columns import ORDER_COLUMNS
from schemas.faults import Fault
from schemas.order_types import plain_type
from schemas.orders import Order
from schemas.sheet_layout import SheetLayout


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """An order with at least one faulty row: none of it is sent.

    `because` are the faults of its rows (warnings left out), in the order of the sheet;
    `earlier_order_id` what stands in our own Order ID column beside them.
    """

    reference: str
    customer_id: str
    order_type: str
    rows: tuple[int, ...]
    because: tuple[Fault, ...]
    earlier_order_id: str = ""


@dataclass(frozen=True, slots=True)
class Grouping:
    """What the rows of a sheet amount to.

    `orders` are good; `held` are not to be sent; both in the order of their first rows.
    `disagreements` are faults that only comparing rows can find.
    """

    orders: tuple[Order, ...]
    held: tuple[HeldOrder, ...]
    disagreements: tuple[Fault, ...]


def group(frame: pd.DataFrame, faults: Sequence[Fault], layout: SheetLayout) -> Grouping:
    """Group a checked order sheet into orders.

    `frame` has one row per order row: `row` (Excel's number), one text column for each order
    column, `earlierOrderId`. `faults` are those found row by row.
    """
    by_row: dict[int, list[Fault]] = defaultdict(list)
    for fault in faults:
        if fault.severity == "fault":
            by_row[fault.row].append(fault)
    sheet = OrderRows(frame)
    headless = _headless(frame)
    orders: list[Order] = []
    held: list[HeldOrder] = []
    disagreements: list[Fault] = []
    for places in sheet.by_order:
        numbers = sheet.numbers(places)
        differing = []
        is_named = bool(sheet["externalReferenceId"][places[0]])
        if is_named and (
            sheet.may_differ(places) or (headless and any(row in headless for row in numbers))
        ):
            rows = sheet.rows(places)
            differing = [
                *_disagreements(rows, layout),
                *_twins(rows, layout),
                *_headless_below(rows, headless, layout),
            ]
        disagreements += differing
        because = differing
        if by_row:
            because = [fault for row in numbers for fault in by_row.get(row, ())] + differing
        if because:
            held.append(_held(sheet.rows(places), sorted(because, key=lambda fault: fault.row)))
        else:
            orders.append(sheet.order(places))
    return Grouping(tuple(orders), tuple(held), tuple(disagreements))


def _disagreements(rows: Sequence[Row], layout: SheetLayout) -> list[Fault]:
    columns = list(MUST_AGREE)
    if not any(row["deploymentId"] for row in rows):
        columns.append("currencyCode")
    faults: list[Fault] = []
    for column in columns:
        if column == "orderType":
            values = {plain_type(row[column]) for row in rows}
        else:
            values = {row[column] for row in rows}
        if len(values - {""}) > 1 or (len(values) > 1 and column == "referenceOrderId"):
            faults += [_disagreement(row, column, rows, layout) for row in rows]
    return faults


def _disagreement(row: Row, column: str, rows: Sequence[Row], layout: SheetLayout) -> Fault:
    others: dict[str, list[int]] = defaultdict(list)
    for other in rows:
        others[other[column] or "empty"].append(other["row"])
    told = "; ".join(
        f"{value} in row{'s' if len(where) > 1 else ''} {_few(where)}"
        for value, where in others.items()
    )
    title = layout.title(column)
    return _row_fault(
        row,
        column,
        layout,
        code="ROWS_DISAGREE",
        message=f"The rows of order {row['externalReferenceId']} do not agree on {title}: {told}.",
        hint=f"Enter the same {title} on all rows of this order, or give the rows that belong "
        "to another order a reference of their own.",
    )


def _twins(rows: Sequence[Row], layout: SheetLayout) -> list[Fault]:
    """Rows that are the same in every column and have no line numbers: one too many, perhaps."""
    alike: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if not row["extLineItemNumber"]:
            alike[tuple(str(row[column]) for column in ORDER_COLUMNS)].append(row)
    return [
        _row_fault(
            row,
            "offerId",
            layout,
            code="SAME_ROW_TWICE",
            message=f"Rows {_few([twin['row'] for twin in twins])} are the same in every column; "
            "one of them may have been pasted twice.",
            hint="Remove what is too much. If all of them are meant, add the quantities up on one "
            "row, or number the rows of the order in a column extLineItemNumber.",
        )
        for twins in alike.values()
        if len(twins) > 1
        for row in twins
    ]


def _headless(frame: pd.DataFrame) -> dict[int, int]:
    """Rows with neither reference nor customer, by the order row right above each of them.

    Such a row may continue the order above it, as people write who fill in a heading once.
    """
    above: dict[int, int] = {}
    named = 0
    columns = ("row", "externalReferenceId", "customerId")
    for row, reference, customer in zip(
        *(frame[column].to_numpy(dtype=object).tolist() for column in columns), strict=True
    ):
        if reference or customer:
            named = row
        elif named:
            above.setdefault(named, row)
    return above


def _headless_below(
    rows: Sequence[Row], headless: Mapping[int, int], layout: SheetLayout
) -> list[Fault]:
    """An order is sent whole or not at all: what may be a line of it must be settled first."""
    return [
        _row_fault(
            row,
            "externalReferenceId",
            layout,
            code="MORE_LINES_BELOW",
            message=f"Row {headless[row['row']]} below has no order reference and no customer; it "
            f"may belong to order {row['externalReferenceId']}.",
            hint="Fill in the reference and the customer on every row of the order, or remove the "
            "row below.",
        )
        for row in rows
        if row["row"] in headless
    ]


def _row_fault(
    row: Row, column: str, layout: SheetLayout, *, code: str, message: str, hint: str
) -> Fault:
    return Fault(
        sheet=layout.sheet,
        row=row["row"],
        column=column,
        title=layout.title(column),
        cell=layout.cell(column, row["row"]),
        value=row[column],
        code=code,
        message=message,
        hint=hint,
    )


def _few(rows: Sequence[int]) -> str:
    shown = ", ".join(str(row) for row in rows[:5])
    return shown + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")


def _held(rows: Sequence[Row], because: Sequence[Fault]) -> HeldOrder:
    first = rows[0]
    return HeldOrder(
        reference=first["externalReferenceId"],
        customer_id=first["customerId"],
        order_type=plain_type(first["orderType"]),
        rows=tuple(row["row"] for row in rows),
        because=tuple(because),
        earlier_order_id=_evidence(rows),
    )


def _evidence(rows: Sequence[Row]) -> str:
    return " ".join(sorted({row["earlierOrderId"] for row in rows} - {""}))
