"""The order sheet as a pandera model over text columns: every fault of every row in one pass.

Limits and forms come from the reference, sections 1, 8.1, 8.2, 8.6 and 9 to 12. Text is
checked as text; numbers are made of it only where it is good.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from unicodedata import category

import pandas as pd
import pandera.pandas as pa

from schemas.columns import ORDER_COLUMNS
from schemas.fault_catalogue import CATALOGUE
from schemas.faults import Fault
from schemas.order_types import (
    NEEDS_REFERENCE_ORDER,
    PREVIEWS,
    RENEWALS,
    SWITCH_FAMILY,
    OrderType,
    discount_codes,
    order_type,
    plain_type,
    whole_number,
    yes_or_no,
)
from schemas.sheet_layout import SheetLayout

LONGEST_REFERENCE: Final = 35
MOST_ROWS: Final = 499
HIGHEST_LINE_NUMBER: Final = 999_999
TEAM_MAXIMUM: Final = 10_000
ENTERPRISE_MAXIMUM: Final = 200_000
CURRENCIES: Final = ("USD", "EUR", "GBP", "JPY", "AUD")

_KIND: Final = "kind"
"""A column of our own while checking: the order type, "" when the cell names none."""

_LINE: Final = "line"
"""Another: whether the row names a line."""

_ID_FORM: Final[Mapping[str, tuple[str, str]]] = {
    "customerId": (r"[A-Za-z0-9-]{4,40}", "it has 4 to 40 letters, digits and hyphens"),
    "referenceOrderId": (r"[A-Za-z0-9-]{1,40}", "it has up to 40 letters, digits and hyphens"),
    "subscriptionId": (r"\S{1,40}", "it has at most 40 signs"),
    "cancellingSubscriptionId": (r"\S{1,40}", "it has at most 40 signs"),
    "deploymentId": (r"[A-Za-z0-9-]{1,40}", "it has up to 40 letters, digits and hyphens"),
}
_OF_A_LINE: Final = (
    "extLineItemNumber",
    "currencyCode",
    "deploymentId",
    "discountCode",
    "flexDiscountCodes",
)
_E_NOTATION: Final = r"[0-9]+(?:[.,][0-9]+)?[eE]\+[0-9]+"
_OFFER: Final = r"[0-9]{8}[A-Z]{2}(?:0[1-9]|1[0-4]|T[1-7A-G])[A0XYZ][0-9]{2}"
_SOME_NUMBER: Final = r"[+-]?[0-9]+(?:\.[0-9]+)?"
_FORBIDDEN_IN_REFERENCE: Final = r'[<>"\[\]\x00-\x1f\x7f]'


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """The operator's own guard rails; None leaves the marketplace's limits."""

    max_quantity: int | None = None


def check_rows(frame: pd.DataFrame, layout: SheetLayout, limits: SheetLimits) -> tuple[Fault, ...]:
    """Every fault and warning of every row, sorted by row and by the order of the columns.

    `frame` has one row per order row on a plain index: `row` (int, Excel's number) and one text
    column for each of ORDER_COLUMNS, "" when empty. Rows of one externalReferenceId are
    compared where a rule speaks of the order; whether they agree on customer, type, reference
    order and currency is grouping's to find.
    """
    checked = frame.reset_index(drop=True)
    kind_of = {text: order_type(text) or "" for text in checked["orderType"].unique()}
    checked[_KIND] = checked["orderType"].map(kind_of).astype("str")
    checked[_LINE] = _names_line(checked)
    try:
        _model(limits).validate(checked, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return _faults(errors.failure_cases, checked, layout, limits)
    return ()


def _faults(
    cases: pd.DataFrame, frame: pd.DataFrame, layout: SheetLayout, limits: SheetLimits
) -> tuple[Fault, ...]:
    # A check over several columns reports each of them; the code names the column it means.
    marks = {
        (int(index), str(check))
        for index, check in zip(cases["index"], cases["check"], strict=True)
    }
    place = {column: number for number, column in enumerate(ORDER_COLUMNS)}
    found = [
        _fault(code, column, frame.iloc[index], layout, limits)
        for index, check in marks
        for code, _, column in [check.partition("|")]
    ]
    return tuple(sorted(found, key=lambda fault: (fault.row, place[fault.column], fault.code)))


def _fault(
    code: str, column: str, row: pd.Series[str], layout: SheetLayout, limits: SheetLimits
) -> Fault:
    words = CATALOGUE[code]
    value, number = str(row[column]), int(row["row"])
    title = layout.title(column)
    known = {
        "title": title,
        "value": value,
        "kind": row[_KIND] or "all",
        "length": len(value),
        "limit": f"{_maximum(row['offerId'], limits):,}",
        "upper": value.upper(),
        "rule": _ID_FORM.get(column, ("", ""))[1],
    }
    message = words.message.format_map(known)
    if code == "MISSING" and column not in layout.columns:
        message = f"The sheet has no column {column}; {known['kind']} orders need it."
    return Fault(
        sheet=layout.sheet,
        row=number,
        column=column,
        title=title,
        cell=layout.cell(column, number),
        value=value,
        code=code,
        message=message,
        hint=words.hint.format_map(known),
        severity=words.severity,
    )


# --- the model ---

Good = Callable[[pd.DataFrame], "pd.Series[bool]"]


def _model(limits: SheetLimits) -> pa.DataFrameSchema:
    """The pandera schema: forms as checks of their column, rules between columns over the frame."""
    return pa.DataFrameSchema(
        columns={column: pa.Column(checks=_forms(column)) for column in ORDER_COLUMNS},
        checks=[_check(code, column, good) for code, column, good in _rules(limits)],
        strict=False,
        name="order sheet",
    )


def _check(code: str, column: str, good: Good) -> pa.Check:
    # Text columns hold no missing values; looking for them would take most of the time.
    mark = f"{code}|{column}"
    return pa.Check(good, error=mark, name=mark, ignore_na=False)


def _form(code: str, column: str, good: Callable[[pd.Series[str]], pd.Series[bool]]) -> pa.Check:
    """A check of one column's filled cells; an empty cell is another rule's matter.

    Each text is looked at once, however many rows hold it.
    """

    def good_or_empty(cells: pd.Series[str]) -> pd.Series[bool]:
        places, texts = pd.factorize(cells.to_numpy(dtype=object))
        different = pd.Series(texts, dtype="str")
        passed = (different == "") | good(different)
        return pd.Series(passed.to_numpy(dtype=bool)[places], index=cells.index)

    mark = f"{code}|{column}"
    return pa.Check(good_or_empty, error=mark, name=mark, ignore_na=False)


def _matches(pattern: str) -> Callable[[pd.Series[str]], pd.Series[bool]]:
    compiled = re.compile(pattern)
    return lambda cells: cells.map(lambda text: compiled.fullmatch(text) is not None).astype(bool)


def _lacks(pattern: str) -> Callable[[pd.Series[str]], pd.Series[bool]]:
    compiled = re.compile(pattern)
    return lambda cells: cells.map(lambda text: compiled.search(text) is None).astype(bool)


def _forms(column: str) -> list[pa.Check]:  # noqa: PLR0911  # one return to a column
    match column:
        case "externalReferenceId":
            return [
                _form("REFERENCE_TOO_LONG", column, lambda s: s.str.len() <= LONGEST_REFERENCE),
                _form("REFERENCE_SIGNS", column, _lacks(_FORBIDDEN_IN_REFERENCE)),
                _form("REFERENCE_INVISIBLE", column, _shows_all_signs),
            ]
        case "orderType":
            return _type_forms(column)
        case "offerId":
            return _offer_forms(column)
        case "currencyCode":
            return _currency_forms(column)
        case "quantity" | "cancellingQuantity":
            return _quantity_forms(column)
        case "extLineItemNumber":
            return _line_number_forms(column)
        case "discountCode":
            return [
                _form("DISCOUNT_FORM", column, _matches(r"HVD_L(?:1[7-9]|2[0-2])_(?:PRE|POST)"))
            ]
        case "flexDiscountCodes":
            return [_form("FLEX_TOO_MANY", column, _one_code)]
        case "reassignUsers" | "approve" | "repeat":
            return [_form("YES_OR_NO", column, _says_yes_or_no)]
        case _:
            return _id_forms(column)


def _id_forms(column: str) -> list[pa.Check]:
    """Near misses are told as what they are; each bad id gets one of the three."""
    in_e, blank = re.compile(_E_NOTATION), re.compile(r"\s")
    form = re.compile(_ID_FORM[column][0])

    def well_formed(text: str) -> bool:
        return bool(in_e.fullmatch(text) or blank.search(text) or form.fullmatch(text))

    return [
        _form("ID_IN_E_NOTATION", column, lambda s: ~_matches(_E_NOTATION)(s)),
        _form("ID_HAS_BLANKS", column, _lacks(r"\s")),
        _form("ID_FORM", column, lambda s: s.map(well_formed).astype(bool)),
    ]


def _type_forms(column: str) -> list[pa.Check]:
    def known(text: str) -> bool:
        return order_type(text) is not None or plain_type(text) == "TRANSFER"

    return [
        _form(
            "ORDER_TYPE_TRANSFER",
            column,
            lambda s: s.map(lambda text: plain_type(text) != "TRANSFER").astype(bool),
        ),
        _form("ORDER_TYPE_UNKNOWN", column, lambda s: s.map(known).astype(bool)),
    ]


def _offer_forms(column: str) -> list[pa.Check]:
    offer = re.compile(_OFFER)

    def fault_of(text: str) -> str:
        if offer.fullmatch(text):
            return ""
        if len(text) != 15:
            return "OFFER_LENGTH"
        if offer.fullmatch(text.upper()):
            return "OFFER_LOWER_CASE"
        digits = text[:8] + text[13:]
        mended = text[:8].upper().replace("O", "0") + text[8:10] + text[10:].replace("O", "0")
        if offer.fullmatch(mended) and ("O" in digits.upper() or "O" in text[10:]):
            return "OFFER_LETTER_O"
        return "OFFER_FORM"

    def check(code: str) -> pa.Check:
        return _form(code, column, lambda s: s.map(lambda t: fault_of(t) != code).astype(bool))

    return [
        check(code) for code in ("OFFER_LENGTH", "OFFER_LOWER_CASE", "OFFER_LETTER_O", "OFFER_FORM")
    ]


def _currency_forms(column: str) -> list[pa.Check]:
    def small(cells: pd.Series[str]) -> pd.Series[bool]:
        return cells.str.upper().isin(CURRENCIES) & (cells != cells.str.upper())

    return [
        _form("CURRENCY_LOWER_CASE", column, lambda s: ~small(s)),
        _form("CURRENCY_UNKNOWN", column, lambda s: s.isin(CURRENCIES) | small(s)),
    ]


def _quantity_forms(column: str) -> list[pa.Check]:
    number = _matches(_SOME_NUMBER)
    return [
        _form("QUANTITY_NOT_A_NUMBER", column, lambda s: number(s) | _groups_thousands(s)),
        _form("QUANTITY_AMBIGUOUS", column, lambda s: ~_groups_thousands(s)),
        _form(
            "QUANTITY_NOT_WHOLE",
            column,
            lambda s: _is_whole(s) | ~number(s) | _groups_thousands(s),
        ),
        _form("QUANTITY_BELOW_ONE", column, lambda s: ~_is_whole(s) | (_numbers(s) >= 1)),
    ]


def _groups_thousands(cells: pd.Series[str]) -> pd.Series[bool]:
    """A dot before three digits: a decimal point to some, a thousands mark to others."""
    return cells.str.fullmatch(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+").astype(bool)


def _line_number_forms(column: str) -> list[pa.Check]:
    return [
        _form("LINE_NUMBER_NOT_WHOLE", column, _is_whole),
        _form(
            "LINE_NUMBER_RANGE",
            column,
            lambda s: ~_is_whole(s) | _numbers(s).between(0, HIGHEST_LINE_NUMBER),
        ),
    ]


def _shows_all_signs(cells: pd.Series[str]) -> pd.Series[bool]:
    """No sign that takes no room (a zero-width space): two references would look the same."""
    return cells.map(lambda text: not any(category(sign) == "Cf" for sign in text)).astype(bool)


def _one_code(cells: pd.Series[str]) -> pd.Series[bool]:
    return cells.map(lambda text: len(discount_codes(text)) <= 1).astype(bool)


def _says_yes_or_no(cells: pd.Series[str]) -> pd.Series[bool]:
    return cells.map(lambda text: yes_or_no(text) is not None).astype(bool)


def _is_whole(cells: pd.Series[str]) -> pd.Series[bool]:
    return cells.map(lambda text: whole_number(text) is not None).astype(bool)


def _numbers(cells: pd.Series[str]) -> pd.Series[float]:
    """Numbers where the text is one, NaN elsewhere (comparisons with NaN are false)."""
    return pd.to_numeric(cells, errors="coerce").astype("float64")


# --- rules between columns ---


def _kind_in(frame: pd.DataFrame, kinds: frozenset[OrderType]) -> pd.Series[bool]:
    return frame[_KIND].isin([str(kind) for kind in kinds])


def _names_line(frame: pd.DataFrame) -> pd.Series[bool]:
    """Rows that name a line; a PREVIEW_RENEWAL row may stand for "what would renew by itself"."""
    bare = (frame["offerId"] == "") & (frame["quantity"] == "") & (frame["subscriptionId"] == "")
    return ~(bare & _kind_in(frame, frozenset({OrderType.PREVIEW_RENEWAL})))


def _has_line(frame: pd.DataFrame) -> pd.Series[bool]:
    return frame[_LINE]


def _rules(limits: SheetLimits) -> list[tuple[str, str, Good]]:
    every = frozenset(OrderType)
    needed: list[tuple[str, Good]] = [
        ("externalReferenceId", lambda f: pd.Series(True, index=f.index)),
        ("customerId", lambda f: pd.Series(True, index=f.index)),
        ("orderType", lambda f: pd.Series(True, index=f.index)),
        ("offerId", _has_line),
        ("quantity", _has_line),
        ("currencyCode", _has_line),
        ("referenceOrderId", lambda f: _kind_in(f, NEEDS_REFERENCE_ORDER)),
        ("cancellingSubscriptionId", lambda f: _kind_in(f, SWITCH_FAMILY)),
    ]
    not_for: list[tuple[str, frozenset[OrderType]]] = [
        ("referenceOrderId", every - NEEDS_REFERENCE_ORDER),
        ("subscriptionId", every - RENEWALS),
        ("cancellingSubscriptionId", every - SWITCH_FAMILY),
        ("cancellingQuantity", every - SWITCH_FAMILY),
        ("reassignUsers", every - SWITCH_FAMILY),
        ("deploymentId", SWITCH_FAMILY),
        ("flexDiscountCodes", SWITCH_FAMILY | {OrderType.RETURN}),
        ("discountCode", frozenset({OrderType.RETURN})),
        ("repeat", PREVIEWS),
    ]
    return [
        *(("MISSING", column, _filled_where(column, where)) for column, where in needed),
        *(("NOT_FOR_THIS_TYPE", column, _empty_for(column, kinds)) for column, kinds in not_for),
        ("QUANTITY_TOO_LARGE", "quantity", _within(limits)),
        ("LINE_NUMBER_TWICE", "extLineItemNumber", _line_numbers_differ),
        ("LINE_NUMBER_SOME_MISSING", "extLineItemNumber", _all_numbered_or_none),
        ("TOO_MANY_ROWS", "externalReferenceId", lambda f: _rows_of_order(f) <= MOST_ROWS),
        ("ONE_ROW_ONLY", "externalReferenceId", _alone_where_it_must),
        ("SUBSCRIPTION_NEW_PRODUCT", "subscriptionId", _names_a_subscription),
        ("CANCELLING_QUANTITY_DIFFERS", "cancellingQuantity", _swaps_one_for_one),
        ("USERS_NOT_SPOKEN_OF", "reassignUsers", _says_what_becomes_of_users),
        ("FLEX_WITH_DISCOUNT", "flexDiscountCodes", _one_discount),
        ("LINE_OF_THE_ORIGINAL", "extLineItemNumber", _names_the_original_line),
        *(("NOT_USED_HERE", column, _used_only_in_lines(column)) for column in _OF_A_LINE),
    ]


def _filled_where(column: str, where: Good) -> Good:
    return lambda frame: (frame[column] != "") | ~where(frame)


def _empty_for(column: str, kinds: frozenset[OrderType]) -> Good:
    return lambda frame: (frame[column] == "") | ~_kind_in(frame, kinds)


def _maximum(offer: str, limits: SheetLimits) -> int:
    """Enterprise products (E in place nine) allow more than team ones (reference, C6)."""
    by_vendor = ENTERPRISE_MAXIMUM if offer[8:9] == "E" else TEAM_MAXIMUM
    return min(by_vendor, limits.max_quantity or by_vendor)


def _within(limits: SheetLimits) -> Good:
    def good(frame: pd.DataFrame) -> pd.Series[bool]:
        most = frame["offerId"].map(lambda offer: _maximum(offer, limits)).astype("float64")
        return ~(_numbers(frame["quantity"]) > most)

    return good


def _referenced(frame: pd.DataFrame) -> pd.Series[bool]:
    return frame["externalReferenceId"] != ""


def _rows_of_order(frame: pd.DataFrame) -> pd.Series[int]:
    """How many rows share the row's reference; 1 for a row without one."""
    sizes = frame.groupby("externalReferenceId")["row"].transform("size")
    return sizes.where(_referenced(frame), 1)


def _line_numbers_differ(frame: pd.DataFrame) -> pd.Series[bool]:
    numbers = _numbers(frame["extLineItemNumber"])
    keys = pd.DataFrame({"reference": frame["externalReferenceId"], "number": numbers})
    return ~keys.duplicated(keep=False) | numbers.isna() | ~_referenced(frame)


def _all_numbered_or_none(frame: pd.DataFrame) -> pd.Series[bool]:
    filled = frame["extLineItemNumber"] != ""
    any_filled = filled.groupby(frame["externalReferenceId"]).transform("any")
    return filled | ~any_filled | ~_referenced(frame)


def _alone_where_it_must(frame: pd.DataFrame) -> pd.Series[bool]:
    """Switches have one line; "what would renew by itself" stands alone (reference, 11.3, 12.2)."""
    alone = _kind_in(frame, SWITCH_FAMILY) | ~_has_line(frame)
    return ~alone | (_rows_of_order(frame) == 1)


def _names_a_subscription(frame: pd.DataFrame) -> pd.Series[bool]:
    return (frame["subscriptionId"] != "") | ~(_kind_in(frame, RENEWALS) & _has_line(frame))


def _says_what_becomes_of_users(frame: pd.DataFrame) -> pd.Series[bool]:
    moving = frozenset({OrderType.SWITCH, OrderType.REVERT_SWITCH})
    return (frame["reassignUsers"] != "") | ~_kind_in(frame, moving)


def _swaps_one_for_one(frame: pd.DataFrame) -> pd.Series[bool]:
    bought, given_up = _numbers(frame["quantity"]), _numbers(frame["cancellingQuantity"])
    return (bought == given_up) | bought.isna() | given_up.isna()


def _names_the_original_line(frame: pd.DataFrame) -> pd.Series[bool]:
    """Lines of a RETURN carry the numbers of the original order (reference, section 8.1)."""
    return (frame["extLineItemNumber"] != "") | ~_kind_in(frame, frozenset({OrderType.RETURN}))


def _used_only_in_lines(column: str) -> Good:
    """A row that asks what would renew by itself has no line to put this into."""
    return lambda frame: (frame[column] == "") | _has_line(frame)


def _one_discount(frame: pd.DataFrame) -> pd.Series[bool]:
    return (frame["flexDiscountCodes"] == "") | (frame["discountCode"] == "")
