"""Rows into orders: all rows of one externalReferenceId, wherever they stand, are one order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from schemas.columns import ORDER_COLUMNS
from schemas.faults import Fault
from schemas.order_types import (
    SWITCH_FAMILY,
    discount_codes,
    plain_type,
    whole_number,
    yes_or_no,
)
from schemas.orders import Order, OrderLine
from schemas.sheet_layout import SheetLayout

MUST_AGREE: Final = ("customerId", "orderType", "referenceOrderId")
"""All rows of one order must say the same here; the currency too unless they name deployments."""

Row = Mapping[str, Any]


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
    rows_of: dict[str, list[Row]] = defaultdict(list)
    names = [str(name) for name in frame.columns]
    columns = [frame[name].to_numpy(dtype=object).tolist() for name in names]
    for values in zip(*columns, strict=True):
        row: Row = dict(zip(names, values, strict=True))
        # A row without a reference stands for itself: it can be neither grouped nor joined.
        rows_of[row["externalReferenceId"] or f"\0{row['row']}"].append(row)

    headless = _headless(frame)
    orders: list[Order] = []
    held: list[HeldOrder] = []
    disagreements: list[Fault] = []
    for reference, rows in rows_of.items():
        differing = []
        if not reference.startswith("\0"):
            differing = [
                *_disagreements(rows, layout),
                *_twins(rows, layout),
                *_headless_below(rows, headless, layout),
            ]
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


def _order(rows: Sequence[Row]) -> Order:
    first = rows[0]
    # A switch has one line, numbered 1 whatever the sheet says (reference, section 12.2).
    is_switch = plain_type(first["orderType"]) in SWITCH_FAMILY
    lines = tuple(
        _line(row, 1 if is_switch else _number(row, place))
        for place, row in enumerate(rows, start=1)
    )
    return Order(
        reference=first["externalReferenceId"],
        customer_id=first["customerId"],
        order_type=plain_type(first["orderType"]),
        reference_order_id=first["referenceOrderId"],
        lines=lines,
        reassign_users=any(yes_or_no(row["reassignUsers"]) for row in rows),
        repeat=all(yes_or_no(row["repeat"]) for row in rows),
        earlier_order_id=_evidence(rows),
        numbered=is_switch or any(row["extLineItemNumber"] for row in rows),
        approve=_approval(rows),
    )


def _approval(rows: Sequence[Row]) -> bool | None:
    said = {yes_or_no(row["approve"]) for row in rows}
    return None if said == {None} else said == {True}


def _evidence(rows: Sequence[Row]) -> str:
    return " ".join(sorted({row["earlierOrderId"] for row in rows} - {""}))


def _number(row: Row, place: int) -> int:
    number = whole_number(row["extLineItemNumber"])
    return place if number is None else number


def _line(row: Row, number: int) -> OrderLine:
    return OrderLine(
        row=row["row"],
        number=number,
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
