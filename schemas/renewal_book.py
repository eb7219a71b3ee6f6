"""The renewal book as a pandera model over text columns: every fault of every row in one pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

import pandas as pd
import pandera.pandas as pa

from schemas.columns import plain
from schemas.fault_catalogue import CATALOGUE, FaultWords
from schemas.faults import Fault
from schemas.order_sheet import CURRENCIES, ENTERPRISE_MAXIMUM, SheetLimits
from schemas.order_types import whole_number
from schemas.renewals import YES, BookRow, Ceiling, Wish, plain_wish, wish_of
from schemas.sheet_layout import SheetLayout

RENEWAL_COLUMNS: Final = (
    "customerId",
    "subscriptionId",
    "renew",
    "quantity",
    "ceilingPrice",
    "currencyCode",
)
"""What a user may fill in; every other column of a renewal book is the user's own."""

SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "customerId": ("customer id", "customer number", "customer no", "vip customer id"),
    "subscriptionId": ("subscription id", "subscription"),
    "renew": ("renewal", "renew it"),
    "quantity": ("qty", "licences", "licenses", "seats", "renewal quantity"),
    "ceilingPrice": ("ceiling price", "ceiling", "highest price", "maximum price", "limit"),
    "currencyCode": ("currency code", "currency", "ccy"),
}

_BY_SPELLING: Final[Mapping[str, str]] = {
    plain(word): column for column in RENEWAL_COLUMNS for word in (column, *SYNONYMS[column])
}

_WORDS: Final[Mapping[str, FaultWords]] = {
    "RENEWAL_MISSING": FaultWords("{title} is empty.", "Fill in {title}."),
    "RENEW_UNKNOWN": FaultWords(
        '{title} says "{value}", which is none of the words known here.',
        "Write yes, no or ask; with yes, the column quantity may say how many.",
    ),
    "QUANTITY_MISSING": FaultWords(
        "This row is to be renewed with a quantity, and {title} is empty.",
        "Fill in how many licences are wanted, or write yes to renew them as they are.",
    ),
    "QUANTITY_NOT_WANTED": FaultWords(
        "{title} is {value}, and the row does not say that it is to be renewed with a quantity.",
        "Empty {title}, or write yes in the column renew.",
    ),
    "QUANTITY_OF_A_CUSTOMER": FaultWords(
        "{title} is {value}, but the row names no subscription to have that many licences.",
        "Name the subscription, or empty {title} to renew all of this customer's as they are.",
    ),
    "QUANTITY_BELOW_ONE": FaultWords(
        "{title} is {value}; at least 1 is needed.",
        "Type the number of licences, or write no in the column renew.",
    ),
    "QUANTITY_TOO_LARGE": FaultWords(
        "{title} is {value}; at most {limit} are allowed.",
        "Check the number; if it is right, have the limit raised (ORDERDROP_MAX_QUANTITY).",
    ),
    "CEILING_FORM": FaultWords(
        '{title} is "{value}", which cannot be read as an amount.',
        "Type the amount with a point and at most two decimals, for example 1200.50.",
    ),
    "CEILING_WITHOUT_CURRENCY": FaultWords(
        "The row has a ceiling price and {title} is empty.",
        "Fill in the currency of the ceiling price, for example USD.",
    ),
    "ROW_TWICE": FaultWords(
        "More than one row speaks of this {value}; nobody can say which of them counts.",
        "Keep one of the rows.",
    ),
    **{
        code: CATALOGUE[code]
        for code in (
            "ID_IN_E_NOTATION",
            "ID_HAS_BLANKS",
            "ID_FORM",
            "QUANTITY_NOT_WHOLE",
            "QUANTITY_NOT_A_NUMBER",
            "QUANTITY_AMBIGUOUS",
            "CURRENCY_UNKNOWN",
        )
    },
}

_ID_RULE: Final[Mapping[str, tuple[str, str]]] = {
    "customerId": (r"[A-Za-z0-9-]{4,40}", "it has 4 to 40 letters, digits and hyphens"),
    "subscriptionId": (r"\S{1,40}", "it has at most 40 signs"),
}
_E_NOTATION: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+[0-9]+")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_THOUSANDS: Final = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+")
_AMOUNT: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,2})?")

Good = Callable[[str], bool]
GoodRows = Callable[[pd.DataFrame], "pd.Series[bool]"]


def column_of(header: str) -> str | None:
    """The column of a renewal book that a header means, or None when it is the user's own."""
    return _BY_SPELLING.get(plain(header)) or _BY_SPELLING.get(plain(header).replace(" ", ""))


def check_renewal_rows(
    frame: pd.DataFrame, layout: SheetLayout, limits: SheetLimits
) -> tuple[Fault, ...]:
    """Every fault of every row, sorted by row and by the order of the columns.

    `frame` has one row per row of the book on a plain index: `row` (int, Excel's number) and one
    text column for each of RENEWAL_COLUMNS, "" when empty.
    """
    checked = frame.reset_index(drop=True)
    try:
        _model(limits).validate(checked, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        marks = {(int(i), str(c)) for i, c in zip(cases["index"], cases["check"], strict=True)}
        found = [
            _fault(code, column, checked.iloc[index], layout, limits)
            for index, check in marks
            for code, _, column in [check.partition("|")]
        ]
        place = {column: number for number, column in enumerate(RENEWAL_COLUMNS)}
        return tuple(sorted(found, key=lambda f: (f.row, place[f.column], f.code)))
    return ()


def book_rows(frame: pd.DataFrame, faulty: frozenset[int]) -> tuple[BookRow, ...]:
    """The rows without a fault, as values; `faulty` are the numbers of the others."""
    rows = []
    for cells in frame.to_dict("records"):
        if cells["row"] in faulty:
            continue
        wish = wish_of(cells["renew"], has_quantity=bool(cells["quantity"]))
        assert wish is not None  # noqa: S101  # checked before
        ceiling = None
        if cells["ceilingPrice"]:
            ceiling = Ceiling(Decimal(cells["ceilingPrice"]), cells["currencyCode"])
        rows.append(
            BookRow(
                row=int(cells["row"]),
                customer_id=cells["customerId"],
                subscription_id=cells["subscriptionId"],
                wish=wish,
                quantity=whole_number(cells["quantity"]) if wish is Wish.QUANTITY else None,
                ceiling=ceiling,
            )
        )
    return tuple(rows)


def _model(limits: SheetLimits) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(
        columns={column: pa.Column(checks=_forms(column, limits)) for column in RENEWAL_COLUMNS},
        checks=[_rule(code, column, good) for code, column, good in _RULES],
        strict=False,
        name="renewal book",
    )


def _rule(code: str, column: str, good: GoodRows) -> pa.Check:
    mark = f"{code}|{column}"
    return pa.Check(good, error=mark, name=mark, ignore_na=False)


def _form(code: str, column: str, good: Good) -> pa.Check:
    """A check of one column's filled cells; an empty cell is another rule's matter."""
    mark = f"{code}|{column}"

    def cells_are_good(cells: pd.Series[str]) -> pd.Series[bool]:
        return cells.map(lambda text: not text or good(text)).astype(bool)

    return pa.Check(cells_are_good, error=mark, name=mark, ignore_na=False)


def _forms(column: str, limits: SheetLimits) -> list[pa.Check]:
    match column:
        case "renew":
            return [
                _form("RENEW_UNKNOWN", column, lambda t: wish_of(t, has_quantity=False) is not None)
            ]
        case "quantity":
            return [_form(code, column, good) for code, good in _quantity_forms(limits)]
        case "ceilingPrice":
            return [_form("CEILING_FORM", column, lambda t: _AMOUNT.fullmatch(t) is not None)]
        case "currencyCode":
            return [_form("CURRENCY_UNKNOWN", column, lambda t: t in CURRENCIES)]
        case _:
            return _id_forms(column)


def _id_forms(column: str) -> list[pa.Check]:
    form = re.compile(_ID_RULE[column][0])

    def well_formed(text: str) -> bool:
        return bool(_E_NOTATION.fullmatch(text) or re.search(r"\s", text) or form.fullmatch(text))

    return [
        _form("ID_IN_E_NOTATION", column, lambda t: not _E_NOTATION.fullmatch(t)),
        _form("ID_HAS_BLANKS", column, lambda t: not re.search(r"\s", t)),
        _form("ID_FORM", column, well_formed),
    ]


def _quantity_forms(limits: SheetLimits) -> list[tuple[str, Good]]:
    def is_number(text: str) -> bool:
        return bool(_NUMBER.fullmatch(text))

    def is_thousands(text: str) -> bool:
        return bool(_THOUSANDS.fullmatch(text))

    def is_whole(text: str) -> bool:
        return whole_number(text) is not None or not is_number(text) or is_thousands(text)

    return [
        ("QUANTITY_NOT_A_NUMBER", lambda t: is_number(t) or is_thousands(t)),
        ("QUANTITY_AMBIGUOUS", lambda t: not is_thousands(t)),
        ("QUANTITY_NOT_WHOLE", is_whole),
        ("QUANTITY_BELOW_ONE", lambda t: (number := whole_number(t)) is None or number >= 1),
        ("QUANTITY_TOO_LARGE", lambda t: (whole_number(t) or 0) <= _most(limits)),
    ]


def _most(limits: SheetLimits) -> int:
    return min(ENTERPRISE_MAXIMUM, limits.max_quantity or ENTERPRISE_MAXIMUM)


def _filled(column: str) -> GoodRows:
    return lambda frame: frame[column] != ""


def _wishes(frame: pd.DataFrame) -> pd.Series[str]:
    return frame["renew"].map(plain_wish)


def _quantity_named(frame: pd.DataFrame) -> pd.Series[bool]:
    wants_one = frame["renew"].map(lambda t: wish_of(t, has_quantity=False) is Wish.QUANTITY)
    return (frame["quantity"] != "") | ~wants_one.astype(bool)


def _quantity_asked_for(frame: pd.DataFrame) -> pd.Series[bool]:
    takes_one = frame["renew"].map(lambda t: wish_of(t, has_quantity=True) is Wish.QUANTITY)
    return (frame["quantity"] == "") | takes_one.astype(bool) | (frame["renew"] == "")


def _quantity_of_a_subscription(frame: pd.DataFrame) -> pd.Series[bool]:
    takes_one = _wishes(frame).isin([YES, "quantity", "with quantity", "with a quantity"])
    return (frame["quantity"] == "") | (frame["subscriptionId"] != "") | ~takes_one


def _spoken_of_once(frame: pd.DataFrame) -> pd.Series[bool]:
    twice = frame.duplicated(["customerId", "subscriptionId"], keep=False)
    return ~twice | (frame["customerId"] == "")


_RULES: Final[tuple[tuple[str, str, GoodRows], ...]] = (
    ("RENEWAL_MISSING", "customerId", _filled("customerId")),
    ("RENEWAL_MISSING", "renew", _filled("renew")),
    ("QUANTITY_MISSING", "quantity", _quantity_named),
    ("QUANTITY_NOT_WANTED", "quantity", _quantity_asked_for),
    ("QUANTITY_OF_A_CUSTOMER", "quantity", _quantity_of_a_subscription),
    (
        "CEILING_WITHOUT_CURRENCY",
        "currencyCode",
        lambda f: (f["ceilingPrice"] == "") | (f["currencyCode"] != ""),
    ),
    ("ROW_TWICE", "customerId", _spoken_of_once),
)


def _fault(
    code: str, column: str, row: pd.Series[str], layout: SheetLayout, limits: SheetLimits
) -> Fault:
    words, value, number = _WORDS[code], str(row[column]), int(row["row"])
    title = layout.title(column)
    known = {
        "title": title,
        "value": value,
        "length": len(value),
        "limit": f"{_most(limits):,}",
        "upper": value.upper(),
        "kind": "renewal",
        "rule": _ID_RULE.get(column, ("", ""))[1],
    }
    if code == "ROW_TWICE":
        known["value"] = "subscription" if row["subscriptionId"] else "customer"
    return Fault(
        sheet=layout.sheet,
        row=number,
        column=column,
        title=title,
        cell=layout.cell(column, number),
        value=value,
        code=code,
        message=words.message.format_map(known),
        hint=words.hint.format_map(known),
        severity=words.severity,
    )
