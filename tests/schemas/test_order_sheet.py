"""The order sheet's rules: each fault on its row and cell, and no good row accused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.columns import ORDER_COLUMNS
from schemas.fault_catalogue import CATALOGUE
from schemas.faults import Fault
from schemas.order_sheet import SheetLimits, check_rows
from schemas.order_types import OrderType, order_type
from tests.sheets import FIRST_ROW, frame, layout, row

NO_LIMITS = SheetLimits()
SWITCH = {
    "orderType": "SWITCH",
    "cancellingSubscriptionId": "00a4f93c910fc3417f479aa1851aebNA",
    "reassignUsers": "no",
}


def found(*rows: Mapping[str, str], limits: SheetLimits = NO_LIMITS) -> tuple[Fault, ...]:
    return check_rows(frame(*rows), layout(), limits)


BY_ITSELF = {
    "orderType": "PREVIEW_RENEWAL",
    "offerId": "",
    "quantity": "",
    "currencyCode": "",
}
"""A row that asks what would renew by itself."""

ONE_ROW_FAULTS: list[tuple[str, str, dict[str, str]]] = [
    *(
        ("MISSING", column, row(**{column: ""}))
        for column in (
            "externalReferenceId",
            "customerId",
            "orderType",
            "offerId",
            "quantity",
            "currencyCode",
        )
    ),
    ("MISSING", "referenceOrderId", row(orderType="RETURN", extLineItemNumber="1")),
    ("MISSING", "cancellingSubscriptionId", row(orderType="SWITCH", reassignUsers="yes")),
    ("MISSING", "quantity", row(orderType="PREVIEW_RENEWAL", subscriptionId="s", quantity="")),
    ("REFERENCE_TOO_LONG", "externalReferenceId", row(externalReferenceId="x" * 36)),
    *(
        ("REFERENCE_SIGNS", "externalReferenceId", row(externalReferenceId=f"PO{sign}1"))
        for sign in '<>"[]\n\x07'
    ),
    ("ID_IN_E_NOTATION", "customerId", row(customerId="1.00505E+09")),
    ("ID_HAS_BLANKS", "customerId", row(customerId="P1005 053401")),
    ("ID_FORM", "customerId", row(customerId="P1")),
    ("ID_FORM", "customerId", row(customerId="1" * 41)),
    ("ID_FORM", "subscriptionId", row(orderType="RENEWAL", subscriptionId="x" * 41)),
    ("ID_FORM", "deploymentId", row(deploymentId="1" * 41)),
    (
        "ID_FORM",
        "referenceOrderId",
        row(orderType="RETURN", referenceOrderId="9/1", extLineItemNumber="1"),
    ),
    ("ORDER_TYPE_UNKNOWN", "orderType", row(orderType="BUY")),
    ("ORDER_TYPE_TRANSFER", "orderType", row(orderType="Transfer")),
    ("OFFER_LENGTH", "offerId", row(offerId="65310542CA02A1")),
    ("OFFER_LENGTH", "offerId", row(offerId="65310542CA02A123")),
    ("OFFER_LETTER_O", "offerId", row(offerId="6531O542CA02A12")),
    ("OFFER_LETTER_O", "offerId", row(offerId="65310542CAO2A12")),
    ("OFFER_LOWER_CASE", "offerId", row(offerId="65310542ca02a12")),
    ("OFFER_FORM", "offerId", row(offerId="65310542CA99A12")),
    ("QUANTITY_NOT_A_NUMBER", "quantity", row(quantity="12 pcs")),
    ("QUANTITY_NOT_A_NUMBER", "quantity", row(quantity="1e3")),
    ("QUANTITY_NOT_WHOLE", "quantity", row(quantity="1.5")),
    ("QUANTITY_AMBIGUOUS", "quantity", row(quantity="1.000")),
    ("QUANTITY_AMBIGUOUS", "quantity", row(quantity="12.000.000")),
    ("REFERENCE_INVISIBLE", "externalReferenceId", row(externalReferenceId="PO-1\u200b")),
    ("QUANTITY_BELOW_ONE", "quantity", row(quantity="0")),
    ("QUANTITY_BELOW_ONE", "quantity", row(quantity="-4")),
    ("QUANTITY_TOO_LARGE", "quantity", row(quantity="10001")),
    ("QUANTITY_TOO_LARGE", "quantity", row(quantity="200001", offerId="65304990EA02A12")),
    ("CURRENCY_LOWER_CASE", "currencyCode", row(currencyCode="usd")),
    ("CURRENCY_UNKNOWN", "currencyCode", row(currencyCode="CHF")),
    ("CURRENCY_UNKNOWN", "currencyCode", row(currencyCode="$")),
    ("LINE_NUMBER_NOT_WHOLE", "extLineItemNumber", row(extLineItemNumber="a")),
    ("LINE_NUMBER_RANGE", "extLineItemNumber", row(extLineItemNumber="1000000")),
    ("NOT_FOR_THIS_TYPE", "subscriptionId", row(subscriptionId="s")),
    ("NOT_FOR_THIS_TYPE", "referenceOrderId", row(referenceOrderId="9206417733")),
    ("NOT_FOR_THIS_TYPE", "cancellingQuantity", row(cancellingQuantity="3")),
    ("NOT_FOR_THIS_TYPE", "reassignUsers", row(reassignUsers="yes")),
    ("NOT_FOR_THIS_TYPE", "flexDiscountCodes", row(**SWITCH, flexDiscountCodes="A")),
    ("NOT_FOR_THIS_TYPE", "repeat", row(orderType="PREVIEW", repeat="yes")),
    ("SUBSCRIPTION_NEW_PRODUCT", "subscriptionId", row(orderType="RENEWAL")),
    ("USERS_NOT_SPOKEN_OF", "reassignUsers", row(**(SWITCH | {"reassignUsers": ""}))),
    ("CANCELLING_QUANTITY_DIFFERS", "cancellingQuantity", row(**SWITCH, cancellingQuantity="2")),
    ("DISCOUNT_FORM", "discountCode", row(discountCode="HVD_L16_PRE")),
    ("FLEX_TOO_MANY", "flexDiscountCodes", row(flexDiscountCodes="A_10, B_20")),
    (
        "FLEX_WITH_DISCOUNT",
        "flexDiscountCodes",
        row(flexDiscountCodes="A_10", discountCode="HVD_L17_PRE"),
    ),
    (
        "LINE_OF_THE_ORIGINAL",
        "extLineItemNumber",
        row(orderType="RETURN", referenceOrderId="9206417733"),
    ),
    *(
        ("NOT_USED_HERE", column, row(**{**BY_ITSELF, column: value}))
        for column, value in {
            "currencyCode": "EUR",
            "deploymentId": "D1400",
            "discountCode": "HVD_L17_PRE",
            "flexDiscountCodes": "A_10",
            "extLineItemNumber": "1",
        }.items()
    ),
    ("YES_OR_NO", "approve", row(approve="maybe")),
    ("YES_OR_NO", "repeat", row(repeat="perhaps")),
]

ORDER_FAULTS: list[tuple[str, str, list[dict[str, str]], list[int]]] = [
    (
        "LINE_NUMBER_TWICE",
        "extLineItemNumber",
        [row(extLineItemNumber="4"), row(extLineItemNumber="04"), row(extLineItemNumber="5")],
        [0, 1],
    ),
    (
        "LINE_NUMBER_SOME_MISSING",
        "extLineItemNumber",
        [row(extLineItemNumber="1"), row()],
        [1],
    ),
    ("TOO_MANY_ROWS", "externalReferenceId", [row()] * 500, list(range(500))),
    ("ONE_ROW_ONLY", "externalReferenceId", [row(**SWITCH), row(**SWITCH)], [0, 1]),
]


@pytest.mark.parametrize(("code", "column", "cells"), ONE_ROW_FAULTS)
def test_a_faulty_cell_is_the_only_thing_accused(
    code: str, column: str, cells: dict[str, str]
) -> None:
    faults = found(row(externalReferenceId="PO-0"), cells, row(externalReferenceId="PO-9"))
    assert [(fault.code, fault.column) for fault in faults] == [(code, column)]
    fault = faults[0]
    assert (fault.row, fault.cell) == (FIRST_ROW + 1, layout().cell(column, FIRST_ROW + 1))
    assert fault.value == cells.get(column, "")
    assert fault.severity == CATALOGUE[code].severity
    assert "{" not in fault.message + fault.hint


@pytest.mark.parametrize(("code", "column", "rows", "accused"), ORDER_FAULTS)
def test_a_rule_between_rows_accuses_the_rows_that_break_it(
    code: str, column: str, rows: list[dict[str, str]], accused: list[int]
) -> None:
    faults = found(*rows, row(externalReferenceId="PO-other"))
    assert {(fault.code, fault.column) for fault in faults} == {(code, column)}
    assert [fault.row for fault in faults] == [FIRST_ROW + place for place in accused]


def test_every_code_of_the_catalogue_is_reached() -> None:
    reached = {code for code, _, _ in ONE_ROW_FAULTS} | {code for code, *_ in ORDER_FAULTS}
    assert reached == set(CATALOGUE)


def test_all_faults_of_a_row_are_found_in_one_pass() -> None:
    faults = found(
        row(
            customerId="P1005 05",
            offerId="DESIGN",
            quantity="ten",
            currencyCode="",
            discountCode="x",
            approve="?",
        )
    )
    assert {(fault.code, fault.column) for fault in faults} == {
        ("ID_HAS_BLANKS", "customerId"),
        ("OFFER_LENGTH", "offerId"),
        ("QUANTITY_NOT_A_NUMBER", "quantity"),
        ("MISSING", "currencyCode"),
        ("DISCOUNT_FORM", "discountCode"),
        ("YES_OR_NO", "approve"),
    }


GOOD_ROWS: list[dict[str, str]] = [
    row(flexDiscountCodes="AUTUMN_TEAM_15", deploymentId="1450043516", repeat="Yes"),
    row(orderType="preview", discountCode="HVD_L22_POST", quantity="10000"),
    row(offerId="65304990EA02A12", quantity="200000"),
    row(orderType="RETURN", referenceOrderId="9206417733", extLineItemNumber="0"),
    row(orderType="RENEWAL", subscriptionId="00a4f93c910fc3417f479aa1851aebNA"),
    {k: v for k, v in row(orderType="preview renewal").items() if k in list(row())[:3]},
    row(orderType="Preview-Renewal", subscriptionId="s" * 40),
    row(**SWITCH, cancellingQuantity="3"),
    row(**{**SWITCH, "orderType": "PREVIEW_SWITCH"}),
    row(**{**SWITCH, "orderType": "REVERT_SWITCH"}, referenceOrderId="9206417733"),
    row(**{**SWITCH, "orderType": "PREVIEW_REVERT_SWITCH"}, referenceOrderId="9206417733"),
    row(externalReferenceId="Ä" * 35, customerId="P1-2", offerId="65322651CAT1A12"),
]


def test_good_rows_of_every_type_are_accused_of_nothing() -> None:
    rows = [{**cells, "externalReferenceId": f"PO-{n}"} for n, cells in enumerate(GOOD_ROWS)]
    assert found(*rows) == ()
    assert {order_type(cells["orderType"]) for cells in GOOD_ROWS} == set(OrderType)


def test_the_operators_own_limit_is_stricter_than_the_vendors() -> None:
    (fault,) = found(row(quantity="51"), limits=SheetLimits(max_quantity=50))
    assert fault.code == "QUANTITY_TOO_LARGE"
    assert "50" in fault.message


def test_a_column_that_the_sheet_does_not_have_is_named() -> None:
    columns = tuple(column for column in ORDER_COLUMNS if column != "customerId")
    (fault,) = check_rows(frame(row(customerId="")), layout(columns), NO_LIMITS)
    assert fault.message == "The sheet has no column customerId; NEW orders need it."
    assert fault.cell == ""


cells = st.sampled_from(["", "1", "2", "x", "NEW", "RETURN", "usd", "USD", "65310542CA02A12"])
any_row = st.fixed_dictionaries(dict.fromkeys(ORDER_COLUMNS, cells))


@settings(max_examples=40, deadline=None)
@given(st.lists(any_row, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_fault(rows: list[dict[str, str]], random: object) -> None:
    """Whatever stands in the cells; line numbers and counts go by the reference alone."""
    numbered = [{**cells, "Own": str(place)} for place, cells in enumerate(rows)]
    shuffled = sorted(numbered, key=lambda cells: hash((repr(random), cells["Own"])))

    def by_own(some: list[dict[str, str]]) -> set[tuple[str, str, str]]:
        own = {FIRST_ROW + place: cells["Own"] for place, cells in enumerate(some)}
        return {(own[fault.row], fault.column, fault.code) for fault in found(*some)}

    assert by_own(numbered) == by_own(shuffled)
