"""Every fault a sheet's rows can have: its code, its words, and what to do. They exist here once.

In the words, {title} is the header as the user wrote it, {value} what stands in the cell,
{kind} the order type, {length} the number of signs, {limit} a limit that applies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.faults import Severity


@dataclass(frozen=True, slots=True)
class FaultWords:
    """How one kind of fault is told."""

    message: str
    hint: str
    severity: Severity = "fault"


CATALOGUE: Final[Mapping[str, FaultWords]] = {
    "MISSING": FaultWords(
        "{title} is empty; {kind} orders need it.",
        "Fill in {title}.",
    ),
    "REFERENCE_TOO_LONG": FaultWords(
        "{title} has {length} signs; at most 35 are allowed.",
        "Shorten it to 35 signs, the same on all rows of the order.",
    ),
    "REFERENCE_INVISIBLE": FaultWords(
        '{title} "{value}" holds a sign that cannot be seen, perhaps copied from a web page.',
        "Type it again by hand, the same on all rows of the order.",
    ),
    "REFERENCE_SIGNS": FaultWords(
        '{title} "{value}" holds a sign that is not allowed: < > " [ ] or a line break.',
        'Take the signs < > " [ ] and line breaks out of it.',
    ),
    "ID_IN_E_NOTATION": FaultWords(
        "{title} reads {value}: Excel has turned the number into scientific notation.",
        "Format the cell as Text, then type the whole number again.",
    ),
    "ID_HAS_BLANKS": FaultWords(
        '{title} "{value}" has a blank inside.',
        "Take the blank out; ids are one word.",
    ),
    "ID_FORM": FaultWords(
        '{title} "{value}" cannot be right: {rule}.',
        "Copy the id again from where it comes from.",
    ),
    "ORDER_TYPE_UNKNOWN": FaultWords(
        '{title} "{value}" is no order type.',
        "Use NEW, RETURN, PREVIEW, RENEWAL, PREVIEW_RENEWAL, SWITCH, PREVIEW_SWITCH, "
        "REVERT_SWITCH or PREVIEW_REVERT_SWITCH.",
    ),
    "ORDER_TYPE_TRANSFER": FaultWords(
        "{title} is TRANSFER; a transfer cannot be ordered from a sheet.",
        "Remove the row, or use NEW if licences are to be bought.",
    ),
    "OFFER_LENGTH": FaultWords(
        '{title} "{value}" has {length} signs; a product code has 15.',
        "Copy the whole product code from the price list.",
    ),
    "OFFER_LETTER_O": FaultWords(
        '{title} "{value}" has the letter O where a zero belongs.',
        "Type a zero (0) in its place, or copy the code from the price list.",
    ),
    "OFFER_LOWER_CASE": FaultWords(
        '{title} "{value}" has small letters; product codes are in capitals.',
        "Type it in capitals, as in the price list.",
    ),
    "OFFER_FORM": FaultWords(
        '{title} "{value}" is not built like a product code (for example 65310542CA02A12).',
        "Copy the product code from the price list.",
    ),
    "QUANTITY_NOT_A_NUMBER": FaultWords(
        '{title} is "{value}"; a whole number is needed.',
        "Type the number alone, without words, signs or blanks.",
    ),
    "QUANTITY_AMBIGUOUS": FaultWords(
        "{title} reads {value}: one thing with a decimal point, another with a thousands mark.",
        "Type the number without any dot, for example 1000.",
    ),
    "QUANTITY_NOT_WHOLE": FaultWords(
        "{title} is {value}; licences come whole.",
        "Type a whole number.",
    ),
    "QUANTITY_BELOW_ONE": FaultWords(
        "{title} is {value}; at least 1 is needed.",
        "Type the number of licences, or remove the row. To give licences back, use RETURN.",
    ),
    "QUANTITY_TOO_LARGE": FaultWords(
        "{title} is {value}; more than the {limit} allowed on one row.",
        "Check the number; if it is right, split it over several rows or have the limit raised.",
    ),
    "CURRENCY_LOWER_CASE": FaultWords(
        '{title} "{value}" is in small letters.',
        "Type {upper}.",
    ),
    "CURRENCY_UNKNOWN": FaultWords(
        '{title} "{value}" is not a currency of the price lists.',
        "Use USD, EUR, GBP, JPY or AUD.",
    ),
    "LINE_NUMBER_NOT_WHOLE": FaultWords(
        '{title} "{value}" is not a whole number.',
        "Number the rows of the order 1, 2, 3, or leave the column empty.",
    ),
    "LINE_NUMBER_RANGE": FaultWords(
        "{title} {value} is out of range.",
        "Use a number between 0 and 999999.",
    ),
    "LINE_NUMBER_TWICE": FaultWords(
        "{title} {value} stands on more than one row of this order.",
        "Give every row of the order a number of its own.",
    ),
    "LINE_NUMBER_SOME_MISSING": FaultWords(
        "{title} is empty here, but other rows of this order have one.",
        "Number all rows of the order, or none.",
    ),
    "TOO_MANY_ROWS": FaultWords(
        "This order has more than 499 rows.",
        "Split it into orders of at most 499 rows, each with a reference of its own.",
    ),
    "ONE_ROW_ONLY": FaultWords(
        "A {kind} order has exactly one row; this one has more.",
        "Give each of the rows a reference of its own.",
    ),
    "SUBSCRIPTION_NEW_PRODUCT": FaultWords(
        "{title} is empty, so this row renews nothing: it buys a new product with the renewal.",
        "Fill in the subscription if an existing one is to be renewed.",
        "warning",
    ),
    "USERS_NOT_SPOKEN_OF": FaultWords(
        "{title} is empty: people beyond the licences that are left lose access with the switch.",
        "Write yes in {title} to move them along to the new product.",
        "warning",
    ),
    "LINE_OF_THE_ORIGINAL": FaultWords(
        "{title} is empty; the rows of this return were taken for line 1, 2, 3 … of the original "
        "order, as they stand.",
        "Fill in the line numbers of the original order if other lines are meant.",
        "warning",
    ),
    "NOT_USED_HERE": FaultWords(
        "{title} ({value}) was not used: this row asks what would renew by itself.",
        "To price a renewal of your own, fill in offer, quantity and subscription as well.",
        "warning",
    ),
    "NOT_FOR_THIS_TYPE": FaultWords(
        "{title} is filled in ({value}), but {kind} orders do not take it.",
        "Empty the cell, or change the order type.",
    ),
    "CANCELLING_QUANTITY_DIFFERS": FaultWords(
        "{title} is {value}, but the quantity of this row differs; an upgrade swaps one for one.",
        "Enter the same number in both, or leave {title} empty.",
    ),
    "DISCOUNT_FORM": FaultWords(
        '{title} "{value}" is not a high-volume discount code.',
        "Use a code like HVD_L17_PRE (level 17 to 22, PRE or POST), or empty the cell. Other "
        "discount codes belong in the column flexDiscountCodes.",
    ),
    "FLEX_TOO_MANY": FaultWords(
        "{title} names more than one discount ({value}); a row takes one.",
        "Keep one code.",
    ),
    "FLEX_WITH_DISCOUNT": FaultWords(
        "{title} is filled in ({value}) beside another discount code; they cannot be combined.",
        "Keep one of the two.",
    ),
    "YES_OR_NO": FaultWords(
        '{title} is "{value}"; it takes yes or no.',
        "Type yes or no, or leave it empty (which means no).",
    ),
}
