"""The empty order sheet: what it says of itself holds for the rules, and what is typed is read."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from flows.desk import check, examine
from flows.settings import Settings
from flows.workbook.errors import EmptyOrderSheet
from flows.workbook.read import read_content, read_order_sheet
from flows.workbook.template import EXAMPLES_TAB, ORDERS, template
from flows.workbook.template_columns import COLUMNS, EVERY
from flows.workbook.template_examples import EXAMPLES, Cells
from schemas.columns import ORDER_COLUMNS
from schemas.order_sheet import SheetLimits, check_rows
from schemas.order_types import OrderType
from tests.sheets import frame, layout, row

ROOT = Path(__file__).parents[2]
FORMS = {
    "extLineItemNumber": "1",
    "quantity": "3",
    "cancellingQuantity": "3",
    "offerId": "65310542CA02A12",
    "currencyCode": "USD",
    "discountCode": "HVD_L17_PRE",
    "reassignUsers": "yes",
    "approve": "yes",
    "repeat": "yes",
}
"""Something well-formed for each column; "P9206417701" is a good id."""


@pytest.fixture(scope="module")
def book() -> Workbook:
    return load_workbook(BytesIO(template()))


def orders_of(book: Workbook) -> Worksheet:
    sheet = book[ORDERS]
    assert isinstance(sheet, Worksheet)
    return sheet


def rule_of(sheet: Worksheet, column: str) -> DataValidation:
    letter = sheet.cell(1, ORDER_COLUMNS.index(column) + 1).column_letter
    (rule,) = [
        rule
        for rule in sheet.data_validations.dataValidation
        if str(rule.sqref) == f"{letter}2:{letter}1048576"
    ]
    return rule


def filled(*rows: Mapping[str, str | int]) -> bytes:
    """The template with rows typed into it, below its header."""
    book = load_workbook(BytesIO(template()))
    sheet = orders_of(book)
    for number, cells in enumerate(rows, start=2):
        for column, value in cells.items():
            place = ORDER_COLUMNS.index(column) + 1
            cell = sheet.cell(number, place, value)
            cell.number_format = sheet.column_dimensions[cell.column_letter].number_format
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def codes_of(kind: OrderType, column: str, value: str) -> set[str]:
    """What the rules say to a column of one otherwise plain row of a type."""
    cells = row(orderType=str(kind)) | {column: value}
    return {f.code for f in check_rows(frame(cells), layout(), SheetLimits()) if f.column == column}


# --- what it is when nobody has typed anything ---


def test_an_untouched_template_is_an_empty_order_sheet(tmp_path: Path) -> None:
    path = tmp_path / "order-sheet.xlsx"
    path.write_bytes(template())
    with pytest.raises(EmptyOrderSheet) as caught:
        read_order_sheet(path)
    assert str(caught.value) == (
        "The sheet Orders of order-sheet.xlsx has a header (row 1) but no orders below it; "
        "nothing to do."
    )


def test_it_has_the_same_bytes_in_every_process() -> None:
    program = (
        "import hashlib; from flows.workbook.template import template; "
        "print(hashlib.sha256(template()).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


def test_the_header_names_every_column_in_order_and_says_what_goes_there(book: Workbook) -> None:
    sheet = orders_of(book)
    assert book.sheetnames == [ORDERS, EXAMPLES_TAB]
    assert [cell.value for cell in sheet[1]] == list(ORDER_COLUMNS)
    notes = {cell.value: cell.comment.text for cell in sheet[1] if cell.comment}
    assert set(notes) == set(ORDER_COLUMNS)
    assert notes["customerId"] == (
        "Adobe's id of the customer, for example P1005053401. The same on all rows of an order."
        "\n\nEvery row needs it."
    )
    assert notes["referenceOrderId"].endswith(
        "\n\nNeeded for RETURN, REVERT_SWITCH and PREVIEW_REVERT_SWITCH; leave it empty on all "
        "other rows."
    )
    assert notes["subscriptionId"].endswith(
        "\n\nOnly for PREVIEW_RENEWAL and RENEWAL; leave it empty on all other rows."
    )
    assert notes["discountCode"].endswith("\n\nMay stay empty. Not for RETURN.")
    assert notes["approve"].endswith("\n\nMay stay empty.")
    assert all(kind in notes["orderType"] for kind in OrderType)


def test_header_stays_in_sight_on_screen_and_on_paper(book: Workbook) -> None:
    sheet = orders_of(book)
    assert sheet.freeze_panes == "B2"
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.page_setup.orientation == "landscape"
    assert all(
        sheet.column_dimensions[cell.column_letter].width > len(str(cell.value))
        for cell in sheet[1]
    )


def test_formats_are_those_of_whole_columns_and_no_cell_is_made_for_them(book: Workbook) -> None:
    sheet = orders_of(book)
    assert sheet.max_row == 1
    formats = {
        str(cell.value): sheet.column_dimensions[cell.column_letter].number_format
        for cell in sheet[1]
    }
    numbers = {"extLineItemNumber", "quantity", "cancellingQuantity"}
    assert {column for column, known in formats.items() if known == "0"} == numbers
    assert {formats[column] for column in set(ORDER_COLUMNS) - numbers} == {"@"}
    with zipfile.ZipFile(BytesIO(template())) as package:
        assert package.read("xl/worksheets/sheet1.xml").count(b"<row ") == 1


# --- what it lets people type ---


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (
            "orderType",
            (
                '"NEW,RETURN,PREVIEW,PREVIEW_RENEWAL,RENEWAL,SWITCH,PREVIEW_SWITCH,REVERT_SWITCH,'
                'PREVIEW_REVERT_SWITCH"'
            ),
        ),
        ("currencyCode", '"USD,EUR,GBP,JPY,AUD"'),
        ("reassignUsers", '"yes,no"'),
        ("approve", '"yes,no"'),
        ("repeat", '"yes,no"'),
    ],
)
def test_drop_downs_offer_what_the_rules_take(book: Workbook, column: str, words: str) -> None:
    rule = rule_of(orders_of(book), column)
    assert (rule.type, rule.formula1) == ("list", words)
    assert rule.allow_blank
    assert rule.showErrorMessage
    assert not rule.showDropDown, "in the file this hides the arrow"
    for word in words.strip('"').split(","):
        faults = check_rows(frame(row(**{column: word})), layout(), SheetLimits())
        assert {f.code for f in faults if f.column == column} <= {"NOT_FOR_THIS_TYPE"}


@pytest.mark.parametrize(
    ("column", "lowest", "highest", "kind"),
    [
        ("quantity", "1", "200000", "NEW"),
        ("cancellingQuantity", "1", "200000", "SWITCH"),
        ("extLineItemNumber", "0", "999999", "NEW"),
    ],
)
def test_numbers_are_whole_and_within_the_rules(
    book: Workbook, column: str, lowest: str, highest: str, kind: str
) -> None:
    rule = rule_of(orders_of(book), column)
    assert (rule.type, rule.operator) == ("whole", "between")
    assert (rule.formula1, rule.formula2) == (lowest, highest)
    enterprise = row(orderType=kind, offerId="65310542EA02A12")

    def refused(number: int) -> bool:
        cells = enterprise | {column: str(number)}
        if column == "cancellingQuantity":
            cells |= {"quantity": str(number)}
        found = check_rows(frame(cells), layout(), SheetLimits())
        return bool({f.code for f in found} & {"QUANTITY_BELOW_ONE", "QUANTITY_TOO_LARGE"}) or any(
            f.code == "LINE_NUMBER_RANGE" for f in found
        )

    assert [refused(int(lowest) - 1), refused(int(lowest))] == [True, False]
    assert [refused(int(highest)), refused(int(highest) + 1)] == [False, True]


def test_what_is_said_against_a_wrong_entry_fits_into_excels_box(book: Workbook) -> None:
    rules = orders_of(book).data_validations.dataValidation
    assert len(rules) == 8
    for rule in rules:
        assert rule.error
        assert len(rule.error) <= 255
        assert rule.errorTitle in ORDER_COLUMNS
        assert len(rule.errorTitle) <= 32
    assert rule_of(orders_of(book), "quantity").error == "Type a whole number from 1 to 200,000."
    assert rule_of(orders_of(book), "approve").error == (
        "Type yes or no, or leave it empty (which means no)."
    )


# --- the notes agree with the rules ---


@pytest.mark.parametrize("column", [column.name for column in COLUMNS])
def test_what_a_note_calls_needed_or_not_for_a_type_is_what_the_rules_say(column: str) -> None:
    (told,) = [known for known in COLUMNS if known.name == column]
    value = FORMS.get(column, "P9206417701")
    # A renewal without product, quantity and subscription would ask for all that renews.
    needed = {kind for kind in OrderType if "MISSING" in codes_of(kind, column, "")}
    refused = {kind for kind in OrderType if "NOT_FOR_THIS_TYPE" in codes_of(kind, column, value)}
    assert needed == told.needed_for
    assert refused == told.not_for


def test_dark_headers_are_those_that_every_row_needs(book: Workbook) -> None:
    fills = {str(cell.value): cell.fill.start_color.rgb for cell in orders_of(book)[1]}
    dark = {column for column, fill in fills.items() if fill == fills["customerId"]}
    assert dark == {column.name for column in COLUMNS if column.needed_for == EVERY}
    assert len(dark) == 6


# --- the examples ---


def test_there_is_an_example_of_every_order_type() -> None:
    kinds = {cells["orderType"] for example in EXAMPLES for cells in example.rows}
    assert kinds == set(OrderType)
    for example in EXAMPLES:
        assert example.words.startswith(str(example.rows[0]["orderType"]))


def test_every_example_row_typed_into_the_template_is_a_good_order() -> None:
    rows = [cells for example in EXAMPLES for cells in example.rows]
    read, faults, grouping = examine(filled(*rows), "filled.xlsx", Settings())
    assert faults == ()
    assert len(read.frame) == len(rows) == 13
    assert len(grouping.orders) == len(EXAMPLES)
    assert grouping.held == ()


def test_the_examples_tab_shows_these_rows_in_the_columns_of_the_order_sheet(
    book: Workbook,
) -> None:
    sheet = book[EXAMPLES_TAB]
    assert isinstance(sheet, Worksheet)
    shown: list[Cells] = []
    for number in range(5, sheet.max_row + 1):
        cells = {
            column: value
            for place, column in enumerate(ORDER_COLUMNS, start=1)
            if (value := sheet.cell(number, place).value) is not None
        }
        if len(cells) > 1:
            shown.append(cells)
        else:
            assert cells["externalReferenceId"] in {example.words for example in EXAMPLES}
    assert shown == [dict(cells) for example in EXAMPLES for cells in example.rows]
    titles = [cell.value for cell in sheet[4]]
    assert titles[:2] == ["A: externalReferenceId", "B: customerId"]
    assert titles[-1] == "Q: repeat"


# --- filled in ---


def test_what_is_typed_is_read_exactly() -> None:
    typed = {
        "externalReferenceId": "000123",
        "customerId": "0012345678901234567890",
        "orderType": "RENEWAL",
        "extLineItemNumber": 7,
        "offerId": "65310542CA02A12",
        "quantity": 12,
        "currencyCode": "EUR",
        "subscriptionId": "00000000000000000000000000000001",
        "deploymentId": "0050043516",
    }
    frame_read = read_content(filled(typed), "filled.xlsx").frame
    (record,) = frame_read.to_dict("records")
    for column in ORDER_COLUMNS:
        assert record[column] == str(typed.get(column, ""))
    assert record["row"] == 2


def test_a_filled_template_keeps_its_notes_and_gets_its_answers_to_the_right(
    tmp_path: Path,
) -> None:
    source = tmp_path / "may.xlsx"
    source.write_bytes(filled(*EXAMPLES[0].rows, row(quantity="none")))
    result = check(source, Settings(state_dir=tmp_path / "state"), tmp_path / "answers.xlsx")
    assert dict(result.orders)["ready"] == 1
    assert dict(result.orders)["held"] == 1
    sheet = orders_of(load_workbook(tmp_path / "answers.xlsx"))
    assert sheet["R1"].value == "Result"
    assert sheet["R4"].value == "Practice: Held"
    for column in COLUMNS:
        header = sheet.cell(1, ORDER_COLUMNS.index(column.name) + 1)
        assert header.comment is not None
        assert header.comment.text == column.note
