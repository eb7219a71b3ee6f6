"""Our columns beside an order sheet: what each means, how wide it is, what it looks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Final, Literal

from flows.workbook.cell_values import MONEY_FORMAT, TEXT_FORMAT, TIME_FORMAT
from flows.workbook.our_marks import APPROVE
from schemas.code_tables import Resource, status_codes
from schemas.columns import RESULT_COLUMNS
from schemas.outcomes import RowAnswer

Kind = Literal["word", "code", "money", "prose", "time", "input"]

FORMATS: Final[Mapping[Kind, str]] = {
    "word": "General",
    "code": TEXT_FORMAT,
    "money": MONEY_FORMAT,
    "prose": "General",
    "time": TIME_FORMAT,
    "input": "General",
}


WRAPPED: Final[frozenset[Kind]] = frozenset({"word", "prose"})


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """One of our columns; `width` in Excel's units, `meaning` is the note on its header."""

    name: str
    kind: Kind
    width: float
    meaning: str


def status_words(resource: Resource) -> str:
    """One line for each status code of a resource, "1002: Accepted and still being processed."."""
    return "\n".join(
        f"{status.code}: {status.meaning.partition('. ')[0].rstrip('.')}."
        for (of, _), status in sorted(status_codes().items())
        if of == resource
    )


COLUMNS: Final = (
    AnswerColumn(
        "Result",
        "word",
        27,
        "What became of the order this row belongs to.\n"
        "Red: mend it. Amber: decide. Blue: under way or only priced. Green: done.",
    ),
    AnswerColumn(
        "Order ID", "code", 14, "Adobe's number of the order. Quote it when you ask Adobe."
    ),
    AnswerColumn(
        "Order status",
        "code",
        13,
        "Adobe's code for the whole order:\n" + status_words("Order"),
    ),
    AnswerColumn(
        "Line status",
        "code",
        12,
        "Adobe's code for this row of the order:\n" + status_words("OrderLine"),
    ),
    AnswerColumn(
        "Line subscription ID",
        "code",
        36,
        "The subscription that holds the licences of this row. Renewals and upgrades name it.",
    ),
    AnswerColumn(
        "Offer sold",
        "code",
        19,
        "The product code with the price level that Adobe used. It may differ from the one you "
        "asked for in its price level.",
    ),
    AnswerColumn(
        "Line price", "money", 13, "What this row costs until the customer's anniversary, net."
    ),
    AnswerColumn("Order total", "money", 13, "What all rows of the order cost together, net."),
    AnswerColumn("Price currency", "code", 15, "The currency of the two prices."),
    AnswerColumn(
        "Error code",
        "code",
        26,
        "The code of what went wrong, for a question to support. The next two columns say it "
        "in words.",
    ),
    AnswerColumn("What happened", "prose", 56, "The answer in words."),
    AnswerColumn(
        "What to do",
        "prose",
        52,
        "Your next step. Empty when there is none.",
    ),
    AnswerColumn("Answered at", "time", 17, "When this answer was given"),
)
"""In the order of `schemas.columns.RESULT_COLUMNS`, from left to right."""

APPROVE_COLUMN: Final = AnswerColumn(
    APPROVE,
    "input",
    11,
    "Write yes on all rows of an order to order it at no more than the price shown here, no to "
    "leave it. Then drop this workbook again.",
)
"""Put in beside ours where there is something to approve and the sheet has no such column; from
then on it is a column of the order sheet like any other.
"""

assert tuple(column.name for column in COLUMNS) == RESULT_COLUMNS  # noqa: S101 - one truth

TEXTS: Final[Mapping[str, Callable[[RowAnswer], str]]] = {
    "Result": attrgetter("result"),
    "Order ID": attrgetter("order_id"),
    "Order status": attrgetter("order_status"),
    "Line status": attrgetter("line_status"),
    "Line subscription ID": attrgetter("line_subscription_id"),
    "Offer sold": attrgetter("offer_sold"),
    "Price currency": attrgetter("price_currency"),
    "Error code": attrgetter("error_code"),
    "What happened": attrgetter("what_happened"),
    "What to do": attrgetter("what_to_do"),
    APPROVE: lambda _answer: "",
}
"""Where the text of a column comes from."""

AMOUNTS: Final[Mapping[str, Callable[[RowAnswer], Decimal | None]]] = {
    "Line price": attrgetter("line_price"),
    "Order total": attrgetter("order_total"),
}
"""Where the amount of a column comes from."""


def header_note(column: AnswerColumn, timezone: str) -> str:
    """What the note on a header says; times name their zone."""
    if column.kind == "time":
        return f"{column.meaning}, as the clock stood in {timezone}."
    return column.meaning
