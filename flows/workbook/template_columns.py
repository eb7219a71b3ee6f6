"""The columns of an empty order sheet: what the note on each header says, and what a cell takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from schemas.columns import ORDER_COLUMNS
from schemas.order_sheet import CURRENCIES, LONGEST_REFERENCE
from schemas.order_types import (
    NEEDS_REFERENCE_ORDER,
    PREVIEWS,
    RENEWALS,
    SWITCH_FAMILY,
    OrderType,
)

Kind = Literal["text", "order type", "currency", "quantity", "line number", "yes or no"]

EVERY: Final = frozenset(OrderType)
NONE: Final[frozenset[OrderType]] = frozenset()


@dataclass(frozen=True, slots=True)
class TemplateColumn:
    """One column to fill in; `width` in Excel's units.

    `needed_for` are the order types whose rows cannot do without it, `not_for` those whose rows
    must leave it empty; `but` says which rows of a needed type go without it all the same.
    """

    name: str
    kind: Kind
    width: float
    meaning: str
    needed_for: frozenset[OrderType] = NONE
    not_for: frozenset[OrderType] = NONE
    but: str = ""

    @property
    def note(self) -> str:
        """What goes there, and when."""
        return f"{self.meaning}\n\n{_when(self)}"


def listed(words: Iterable[str], between: str = "and") -> str:
    """Words as people list them: "NEW, RETURN and PREVIEW"."""
    *others, last = words
    return f"{', '.join(others)} {between} {last}" if others else last


def _types(kinds: frozenset[OrderType]) -> str:
    return listed(kind for kind in OrderType if kind in kinds)


def _when(column: TemplateColumn) -> str:
    takes_it = EVERY - column.not_for
    if column.needed_for == EVERY:
        return f"Every row needs it, {column.but}." if column.but else "Every row needs it."
    if column.needed_for and column.needed_for == takes_it:
        return f"Needed for {_types(takes_it)}; leave it empty on all other rows."
    if len(takes_it) < len(column.not_for):
        return f"Only for {_types(takes_it)}; leave it empty on all other rows."
    if column.not_for:
        return f"May stay empty. Not for {_types(column.not_for)}."
    return "May stay empty."


_ASKS_ALL: Final = (
    "all but a PREVIEW_RENEWAL row that asks what would renew by itself: it has no product, "
    "quantity, currency or subscription"
)

_TYPES: Final = """What is to be done; choose it from the list.
NEW: buy licences.
RETURN: give back what an earlier order bought.
RENEWAL: renew by hand, before the anniversary or after it.
SWITCH: move licences to a better product.
REVERT_SWITCH: take such a move back.
PREVIEW, PREVIEW_RENEWAL, PREVIEW_SWITCH, PREVIEW_REVERT_SWITCH: only ask what it would cost.
The same on all rows of an order."""

COLUMNS: Final = (
    TemplateColumn(
        "externalReferenceId",
        "text",
        24,
        "Your own name for the order, for example its purchase order number. Rows that share it "
        f'are one order. At most {LONGEST_REFERENCE} signs, without < > " [ ] and line breaks.',
        needed_for=EVERY,
    ),
    TemplateColumn(
        "customerId",
        "text",
        16,
        "Adobe's id of the customer, for example P1005053401. The same on all rows of an order.",
        needed_for=EVERY,
    ),
    TemplateColumn("orderType", "order type", 25, _TYPES, needed_for=EVERY),
    TemplateColumn(
        "referenceOrderId",
        "text",
        18,
        "Adobe's id of the earlier order that is given back or taken back. The same on all rows "
        "of an order.",
        needed_for=NEEDS_REFERENCE_ORDER,
        not_for=EVERY - NEEDS_REFERENCE_ORDER,
    ),
    TemplateColumn(
        "extLineItemNumber",
        "line number",
        19,
        "The number of the row within its order. Number all rows of an order or none; without "
        "numbers they count 1, 2, 3 as they stand. A RETURN names the line of the original "
        "order here.",
    ),
    TemplateColumn(
        "offerId",
        "text",
        20,
        "The product code of 15 signs from the price list, for example 65310542CA02A12. For "
        "SWITCH it is the product to get.",
        needed_for=EVERY,
        but=_ASKS_ALL,
    ),
    TemplateColumn(
        "quantity",
        "quantity",
        11,
        "The number of licences, a whole number. A RETURN repeats the number of the original line.",
        needed_for=EVERY,
        but=_ASKS_ALL,
    ),
    TemplateColumn(
        "currencyCode",
        "currency",
        14,
        f"The currency of the price list: {listed(CURRENCIES, 'or')}. The same on all rows of an "
        "order, unless they name deployments.",
        needed_for=EVERY,
        but=_ASKS_ALL,
    ),
    TemplateColumn(
        "subscriptionId",
        "text",
        36,
        "The subscription to renew. A renewal row without it buys a product that the customer "
        "does not have yet.",
        not_for=EVERY - RENEWALS,
    ),
    TemplateColumn(
        "deploymentId",
        "text",
        15,
        "Adobe's id of the country deployment that gets the licences. Only customers with "
        "worldwide sales have one.",
        not_for=SWITCH_FAMILY,
    ),
    TemplateColumn(
        "discountCode",
        "text",
        16,
        "The high-volume discount of a customer who was moved over with one, for example "
        "HVD_L18_PRE. Not together with flexDiscountCodes.",
        not_for=frozenset({OrderType.RETURN}),
    ),
    TemplateColumn(
        "flexDiscountCodes",
        "text",
        19,
        "The code of a promotion, one to a row. Not together with discountCode.",
        not_for=SWITCH_FAMILY | {OrderType.RETURN},
    ),
    TemplateColumn(
        "cancellingSubscriptionId",
        "text",
        36,
        "The subscription whose licences are given up for the other product.",
        needed_for=SWITCH_FAMILY,
        not_for=EVERY - SWITCH_FAMILY,
    ),
    TemplateColumn(
        "cancellingQuantity",
        "quantity",
        19,
        "How many licences are given up: the same number as quantity, or empty, which means the "
        "same.",
        not_for=EVERY - SWITCH_FAMILY,
    ),
    TemplateColumn(
        "reassignUsers",
        "yes or no",
        15,
        "yes moves the people along to the other product. With no, or empty, people beyond the "
        "licences that are left lose access.",
        not_for=EVERY - SWITCH_FAMILY,
    ),
    TemplateColumn(
        "approve",
        "yes or no",
        11,
        "no keeps an order from being sent, and so does yes on some of its rows only: it comes "
        "back with the answer Needs approval. Empty on all of its rows lets it go.",
    ),
    TemplateColumn(
        "repeat",
        "yes or no",
        10,
        "yes, on all rows of the order, orders once more what came back with the answer Ordered "
        "before, not sent.",
        not_for=PREVIEWS,
    ),
)
"""In the order of `schemas.columns.ORDER_COLUMNS`, from left to right."""

assert tuple(column.name for column in COLUMNS) == ORDER_COLUMNS  # noqa: S101 - one truth
