"""Rows into orders: all rows of one externalReferenceId, wherever they stand, are one order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from schemas.faults import Fault
from schemas.order_types import discount_codes, plain_type, whole_number, yes_or_no
from schemas.orders import Order, OrderLine
from schemas.sheet_layout import SheetLayout

MUST_AGREE: Final = ("customerId", "orderType", "referenceOrderId")
"""All rows of one order must say the same here; the currency too unless they name deployments."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """An order with at least one faulty row: none of it is sent.

    `because` are the faults of its rows (warnings left out), in the order of the sheet.
    """

    reference: str
    customer_id: str
    order_type: str
    rows: tuple[int, ...]
    because: tuple[Fault, ...]


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
    rows_of: dict[str, list[Row]] = defaultdict(list)
    for record in frame.to_dict("records"):
        row: Row = {str(name): value for name, value in record.items()}
        # A row without a reference stands for itself: it can be neither grouped nor joined.
        rows_of[row["externalReferenceId"] or f"\0{row['row']}"].append(row)

    orders: list[Order] = []
    held: list[HeldOrder] = []
    disagreements: list[Fault] = []
    for reference, rows in rows_of.items():
        differing = [] if reference.startswith("\0") else _disagreements(rows, layout)
        disagreements += differing
        because = [fault for row in rows for fault in by_row.get(row["row"], ())] + differing
        if because:
            held.append(_held(rows, sorted(because, key=lambda fault: fault.row)))
        else:
            orders.append(_order(rows))
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
    return Fault(
        sheet=layout.sheet,
        row=row["row"],
        column=column,
        title=title,
        cell=layout.cell(column, row["row"]),
        value=row[column],
        code="ROWS_DISAGREE",
        message=f"The rows of order {row['externalReferenceId']} do not agree on {title}: {told}.",
        hint=f"Enter the same {title} on all rows of this order, or give the rows that belong "
        "to another order a reference of their own.",
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
    )


def _order(rows: Sequence[Row]) -> Order:
    first = rows[0]
    lines = tuple(_line(row, place) for place, row in enumerate(rows, start=1))
    evidence = {row["earlierOrderId"] for row in rows} - {""}
    return Order(
        reference=first["externalReferenceId"],
        customer_id=first["customerId"],
        order_type=plain_type(first["orderType"]),
        reference_order_id=first["referenceOrderId"],
        lines=lines,
        reassign_users=any(yes_or_no(row["reassignUsers"]) for row in rows),
        repeat=all(yes_or_no(row["repeat"]) for row in rows),
        earlier_order_id=" ".join(sorted(evidence)),
    )


def _line(row: Row, place: int) -> OrderLine:
    number = whole_number(row["extLineItemNumber"])
    return OrderLine(
        row=row["row"],
        number=place if number is None else number,
        offer_id=row["offerId"],
        quantity=whole_number(row["quantity"]),
        currency=row["currencyCode"],
        subscription_id=row["subscriptionId"],
        deployment_id=row["deploymentId"],
        discount_code=row["discountCode"],
        flex_discount_codes=discount_codes(row["flexDiscountCodes"]),
        cancelling_subscription_id=row["cancellingSubscriptionId"],
        cancelling_quantity=whole_number(row["cancellingQuantity"]),
    )
