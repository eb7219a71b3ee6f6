"""The To do sheet: one row for each thing to mend."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from flows.workbook.read import read_content
from flows.workbook.reconcile import reconcile
from flows.workbook.to_do import tasks
from flows.workbook.to_do_sheet import count_of_rows, task_rows
from schemas.faults import Fault
from schemas.outcomes import OrderOutcome, RowAnswer, State
from tests.workbook.test_reconcile import DONE, content_of, source, summary

DASH = "\N{EN DASH}"
HEADER = [
    "No.",
    "Result",
    "What is wrong",
    "What to do",
    "Where",
    "Rows",
    "Orders",
    "References",
    "Value",
]


def fault(row: int, value: str = "", cell: str = "C{}", **changes: Any) -> Fault:
    told: dict[str, Any] = {
        "sheet": "My orders",
        "row": row,
        "column": "offerId",
        "title": "SKU",
        "cell": cell.format(row),
        "value": value,
        "code": "OFFER_LOWER_CASE",
        "message": f'SKU "{value}" has small letters.',
        "hint": "Type it in capitals.",
    }
    return Fault(**(told | changes))


def answer(row: int, state: State, code: str = "", **changes: Any) -> RowAnswer:
    return RowAnswer(row, state, str(state), error_code=code, **changes)


def order(reference: str, *rows: int) -> OrderOutcome:
    return OrderOutcome(reference, "P1005053401", "NEW", rows, State.HELD, "Held")


def sheet_of(
    answers: list[RowAnswer], faults: list[Fault], *orders: OrderOutcome, content: bytes = b""
) -> Any:
    content = content or content_of(source())
    layout = read_content(content, "orders.xlsx").layout
    output = reconcile(content, layout, answers, faults, summary(), orders)
    return load_workbook(BytesIO(output))["To do"]


def rows_of(sheet: Any) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_twenty_rows_with_the_same_fault_are_one_thing() -> None:
    bad = [5, 6, *range(9, 27)]
    held = [answer(row, State.HELD, "OFFER_LOWER_CASE") for row in bad]
    orders = [order("PO-1", 5, 6), *(order(f"PO-{row}", row) for row in range(9, 27))]
    sheet = sheet_of(held, [fault(row, f"sku{row % 5}") for row in bad], *orders)
    assert rows_of(sheet) == [
        HEADER,
        [
            1,
            "Held",
            'For example: SKU "sku0" has small letters.',
            "Type it in capitals.",
            f"C5, C6, C9{DASH}C26",
            20,
            19,
            "PO-1, PO-9, PO-10 and 16 more",
            "sku0, sku1, sku4 and 2 more",
        ],
    ]
    assert sheet["E2"].hyperlink.location == "'My orders'!C5"


def test_where_all_rows_have_the_same_value_no_example_is_needed() -> None:
    sheet = sheet_of([], [fault(5, "abc"), fault(6, "abc")])
    assert (sheet["C2"].value, sheet["I2"].value) == ('SKU "abc" has small letters.', "abc")


def test_different_faults_of_one_cell_are_two_things() -> None:
    both = [fault(5, "a"), fault(5, "a", code="OFFER_LENGTH", message="SKU is short.", hint="Copy")]
    assert [row[2] for row in rows_of(sheet_of([], both))[1:]] == [
        'SKU "a" has small letters.',
        "SKU is short.",
    ]


def test_the_most_urgent_stands_first_and_what_mends_most_rows_before_the_rest() -> None:
    answers = [
        answer(3, State.PLACED_BEFORE, what_happened="before", what_to_do="b"),
        answer(4, State.NEEDS_APPROVAL, what_happened="approve", what_to_do="a"),
        answer(5, State.HELD, "NOT_SENT", what_happened="ended", what_to_do="again"),
        answer(6, State.REFUSED, "1", what_happened="no", what_to_do="r"),
        answer(7, State.FAILED, "2", what_happened="later", what_to_do="f"),
        answer(8, State.IN_DOUBT, what_happened="unknown", what_to_do="wait"),
        answer(11, State.DONE, what_happened="done"),
    ]
    faults = [fault(9, "x"), fault(10, "x"), fault(11, "w", severity="warning")]
    sheet = sheet_of(answers, faults)
    assert [[row[0], row[1], row[4], row[5]] for row in rows_of(sheet)[1:]] == [
        [1, "In doubt", "Row 8", 1],
        [2, "Accepted, failed later", "Row 7", 1],
        [3, "Refused by Adobe", "Row 6", 1],
        [4, "Held", "C9, C10", 2],
        [5, "Held", "Row 5", 1],
        [6, "Needs approval", "Row 4", 1],
        [7, "Ordered before, not sent", "Row 3", 1],
        [8, "Worth a look", "C11", 1],
    ]


def test_answers_are_put_together_by_what_is_to_be_done() -> None:
    def refused(row: int, words: str) -> RowAnswer:
        return answer(row, State.REFUSED, "1116", what_happened=words, what_to_do="Correct it.")

    found = tasks([refused(3, "No: a."), refused(4, "No: b."), refused(9, "No: a.")], [])
    assert [(task.wrong, task.where) for task in found] == [("For example: No: a.", "Rows 3, 4, 9")]


def test_rows_that_only_point_at_others_and_faults_told_already_are_not_told_again() -> None:
    answers = [
        answer(5, State.HELD, "OFFER_LOWER_CASE", what_happened="small letters"),
        answer(6, State.HELD, "ORDER_HELD", what_happened="row 5", points_at_others=True),
    ]
    assert [task.where for task in tasks(answers, [fault(5, "a")])] == ["C5"]


def test_a_fault_in_a_column_that_is_missing_leads_to_the_row() -> None:
    sheet = sheet_of([], [fault(5, cell=""), fault(6, cell="")])
    assert (sheet["E2"].value, sheet["E2"].hyperlink.location) == ("Rows 5, 6", "'My orders'!A5")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("x")'])
def test_text_from_outside_is_no_formula(text: str) -> None:
    found = fault(5, text, message=text, hint=text)
    sheet = sheet_of([answer(5, State.HELD)], [found], order(text, 5))
    for place in ("C2", "D2", "H2", "I2"):
        assert (sheet[place].data_type, sheet[place].value) == ("s", text)


def test_with_nothing_to_do_the_sheet_says_so_also_in_place_of_an_earlier_one() -> None:
    assert rows_of(sheet_of([DONE], []))[1][0] == "Nothing to do."
    content = content_of(source())
    layout = read_content(content, "orders.xlsx").layout
    first = reconcile(content, layout, [answer(3, State.HELD)], [fault(3, "x")], summary())
    book = load_workbook(BytesIO(first))
    assert book["To do"].auto_filter.ref == "A1:I2"
    again = sheet_of([DONE], [], content=first)
    assert rows_of(again)[1] == ["Nothing to do.", *[None] * 8]
    assert again.auto_filter.ref is None
    assert again.parent.sheetnames == ["My orders", "Summary", "Orders", "To do"]


def test_of_very_many_things_the_first_are_listed_and_the_rest_counted() -> None:
    layout = read_content(content_of(source()), "orders.xlsx").layout
    many = tasks([], [fault(row, code=str(row)) for row in range(3, 10_006)])
    rows = list(task_rows(many, [], layout))
    assert count_of_rows(many) == len(rows) == 10_001
    assert rows[-1].values[2] == "and 3 more, told beside the rows themselves."
    assert count_of_rows(many[:10_000]) == len(list(task_rows(many[:10_000], [], layout))) == 10_000


def test_the_header_stays_and_can_be_filtered() -> None:
    sheet = sheet_of([], [fault(5), fault(6, code="B", message="b")])
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:I3")
    assert sheet.print_title_rows == "$1:$1"


def test_the_summary_leads_to_it() -> None:
    sheet = sheet_of([], [fault(5), fault(6, code="B", message="b")])
    links = {
        cell.value: cell.hyperlink.location
        for (cell,) in sheet.parent["Summary"].iter_rows(max_col=1)
        if cell.hyperlink
    }
    assert links == {
        "To do: 2 things, with links to the cells": "'To do'!A1",
        "Orders: all 0 one by one": "'Orders'!A1",
    }
