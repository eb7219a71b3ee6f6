"""What became of an order: the states, the words people read, and the answer beside each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal

Environment = Literal["practice", "sandbox", "production"]


class State(StrEnum):
    """An order's state, as the ledger and `--json` spell it (docs/design.md, States)."""

    HELD = "held"
    NEEDS_APPROVAL = "needs_approval"
    PREVIEWED = "previewed"
    IN_DOUBT = "in_doubt"
    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    PLACED_BEFORE = "placed_before"


NEEDS_PERSON: Final = frozenset(
    {State.HELD, State.REFUSED, State.FAILED, State.NEEDS_APPROVAL, State.PLACED_BEFORE}
)
"""States that make the exit code 4: some rows need a person."""

RESULT: Final[Mapping[State, str]] = {
    State.HELD: "Held",
    State.NEEDS_APPROVAL: "Needs approval",
    State.PREVIEWED: "Priced",
    State.IN_DOUBT: "In doubt",
    State.OPEN: "Accepted, not finished yet",
    State.FAILED: "Accepted, failed later",
    State.REFUSED: "Refused by Adobe",
    State.PLACED_BEFORE: "Ordered before, not sent",
}

DONE_RESULT: Final[Mapping[str, str]] = {
    "NEW": "Ordered",
    "RENEWAL": "Renewed",
    "RETURN": "Returned",
    "SWITCH": "Upgraded",
    "REVERT_SWITCH": "Reverted",
}

READY: Final = "Ready to be sent"
"""What is said of an order that was only checked and has nothing wrong with it."""

PRACTICE: Final = "Practice: "
"""Before every Result of a practice run, so that nobody takes it for real."""


def result_words(
    state: State, order_type: str, environment: Environment, *, discount_missed: bool = False
) -> str:
    """What stands in the Result column, for example "Practice: Ordered, discount not applied"."""
    words = DONE_RESULT.get(order_type, "Ordered") if state is State.DONE else RESULT[state]
    if discount_missed and state is not State.FAILED:
        words += ", discount not applied"
    return (PRACTICE if environment == "practice" else "") + words


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What is written beside one order row: one field per result column.

    Money is Decimal in `price_currency`; `answered_at` is UTC; statuses are the marketplace's
    own codes. Empty text and None leave the cell empty. `points_at_others` says that the words
    only point at other rows of the same order, which say what is wrong; `approvable` that a yes
    in the column approve would order it, `asks_anew` that a yes standing there approved something
    else and is taken out.
    """

    row: int
    state: State
    result: str
    order_id: str = ""
    order_status: str = ""
    line_status: str = ""
    line_subscription_id: str = ""
    offer_sold: str = ""
    line_price: Decimal | None = None
    order_total: Decimal | None = None
    price_currency: str = ""
    error_code: str = ""
    what_happened: str = ""
    what_to_do: str = ""
    answered_at: datetime | None = None
    approvable: bool = False
    asks_anew: bool = False
    points_at_others: bool = False


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """What became of one order as a whole, told in one row.

    `rows` are its rows on the order sheet, ascending. `state` is None for an order that was only
    checked and can be sent. Money is Decimal in `price_currency`; `answered_at` is UTC.
    """

    reference: str
    customer_id: str
    order_type: str
    rows: tuple[int, ...]
    state: State | None
    result: str
    order_id: str = ""
    order_status: str = ""
    order_total: Decimal | None = None
    price_currency: str = ""
    what_happened: str = ""
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WorkbookSummary:
    """What the Summary sheet tells of one workbook.

    orders counts orders by state, rows counts order rows by state; totals are the known
    order totals by currency (Decimal), of orders placed and of orders only priced apart.
    Times are UTC; `timezone` (IANA name) is the one people read. `notes` are sentences about
    the workbook as a whole, for example rows below the table that were left alone.
    `ready` is set when the workbook was only checked: the orders without a fault.
    `submission_id` names the run whose prices the workbook shows, "" where it shows none.
    """

    workbook: str
    sheet: str
    environment: Environment
    account: str
    started_at: datetime
    finished_at: datetime
    timezone: str
    rows: Mapping[State, int]
    orders: Mapping[State, int]
    placed_totals: Mapping[str, Decimal] = field(default_factory=dict)
    priced_totals: Mapping[str, Decimal] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    ready: int | None = None
    submission_id: str = ""
