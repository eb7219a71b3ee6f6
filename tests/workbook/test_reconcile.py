"""The reconciled workbook, read back with openpyxl."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.worksheet.table import Table

from flows.workbook.read import read_content
from flows.workbook.reconcile import reconcile
from schemas.columns import RESULT_COLUMNS
from schemas.faults import Fault
from schemas.outcomes import RowAnswer, State, WorkbookSummary

HEADER = ["externalReferenceId", "customerId", "offerId", "quantity", "Remarks"]
WHEN = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def source(*rows: list[Any], header: list[str] = HEADER) -> Workbook:
    book = Workbook()
    assert book.active is not None
    book.active.title = "My orders"
    for row in ([], header, *(rows or (["PO-1", "P1005", "65310542CA02A12", 3, "mine"],))):
        book.active.append(row)
    return book


def content_of(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def summary(**changes: Any) -> WorkbookSummary:
    figures: dict[str, Any] = {
        "workbook": "orders.xlsx",
        "sheet": "My orders",
        "environment": "practice",
        "account": "default",
        "started_at": WHEN,
        "finished_at": WHEN,
        "timezone": "Europe/Berlin",
        "rows": {State.DONE: 1},
        "orders": {State.DONE: 1},
        "placed_totals": {"USD": Decimal("352.04")},
    }
    return WorkbookSummary(**(figures | changes))


DONE = RowAnswer(
    row=3,
    state=State.DONE,
    result="Practice: Ordered",
    order_id="0206417733",
    order_status="1000",
    line_status="1000",
    line_subscription_id="00a4f93c910fc3417f479aa1851aebNA",
    offer_sold="65310542CA02A12",
    line_price=Decimal("253.58"),
    order_total=Decimal("352.04"),
    price_currency="USD",
    what_happened="The order is complete.",
    answered_at=WHEN,
)
FAULT = Fault("My orders", 3, "quantity", "quantity", "D3", "x", "CODE", "It is wrong.", "Mend it.")
HELD = RowAnswer(3, State.HELD, "Practice: Held", error_code="CODE", what_happened="It is wrong.")


def reconciled(
    content: bytes,
    answers: list[RowAnswer],
    faults: list[Fault] | None = None,
    figures: WorkbookSummary | None = None,
) -> bytes:
    layout = read_content(content, "orders.xlsx").layout
    return reconcile(content, layout, answers, faults or [], figures or summary())


def opened(content: bytes) -> Workbook:
    return load_workbook(io.BytesIO(content))


def titles(sheet: Any, row: int = 2) -> list[Any]:
    return [cell.value for cell in sheet[row]]


def test_each_answer_stands_in_its_column_with_its_type() -> None:
    sheet = opened(reconciled(content_of(source()), [DONE]))["My orders"]
    assert titles(sheet) == [*HEADER, *RESULT_COLUMNS]
    row = dict(zip(RESULT_COLUMNS, sheet[3][5:], strict=True))
    assert row["Result"].value == "Practice: Ordered"
    assert (row["Order ID"].value, row["Order ID"].number_format) == ("0206417733", "@")
    assert row["Order status"].value == "1000"
    assert (row["Line price"].value, row["Order total"].value) == (253.58, 352.04)
    assert row["Line price"].number_format == "#,##0.00"
    assert row["Error code"].value is None
    assert row["Answered at"].value == datetime(2026, 7, 1, 14, 0)  # noqa: DTZ001  # Berlin
    assert row["Answered at"].is_date


def test_what_the_user_wrote_stays() -> None:
    sheet = opened(reconciled(content_of(source()), [DONE]))["My orders"]
    assert [c.value for c in sheet[3][:5]] == ["PO-1", "P1005", "65310542CA02A12", 3, "mine"]


def test_answers_stand_right_of_the_true_last_column() -> None:
    book = source()
    book["My orders"]["H9"] = "a note far out"
    sheet = opened(reconciled(content_of(book), [DONE]))["My orders"]
    assert titles(sheet).index("Result") == 8
    assert sheet["H9"].value == "a note far out"


def test_done_again_there_is_one_set_of_columns_and_one_summary() -> None:
    once = reconciled(content_of(source()), [HELD], [FAULT])
    twice = reconciled(once, [DONE])
    book = opened(twice)
    sheet = book["My orders"]
    assert titles(sheet) == [*HEADER, *RESULT_COLUMNS]
    assert book.sheetnames == ["My orders", "Summary", "Orders", "To do"]
    assert sheet["F3"].value == "Practice: Ordered"
    assert sheet["O3"].value is None, "the old error code is gone"


def test_a_faulty_cell_is_marked_and_unmarked_when_it_is_mended() -> None:
    book = source()
    book["My orders"]["D3"].fill = PatternFill("solid", fgColor="FF00FF00")
    book["My orders"]["D3"].comment = Comment("check with Mia", "Sam")
    content = content_of(book)
    marked = reconciled(content, [HELD], [FAULT])
    cell = opened(marked)["My orders"]["D3"]
    assert cell.fill.fgColor.rgb != "FF00FF00"
    assert cell.comment.text.startswith("check with Mia")
    assert "It is wrong." in cell.comment.text
    mended = opened(reconciled(marked, [DONE]))["My orders"]["D3"]
    assert mended.fill.fgColor.rgb == "FF00FF00"
    assert mended.comment.text.strip() == "check with Mia"


def test_a_users_own_columns_and_summary_of_our_names_are_theirs() -> None:
    book = source(["PO-1", "P1005", "x", 3, "my id"], header=[*HEADER[:4], "Order ID"])
    book.create_sheet("Summary")["A1"] = "the user's own"
    done = opened(reconciled(content_of(book), [DONE]))
    assert done["Summary"]["A1"].value == "the user's own"
    assert done.sheetnames == ["My orders", "Summary", "Summary (2)", "Orders", "To do"]
    assert done["My orders"]["E3"].value == "my id"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(0)"])
def test_text_from_outside_stays_text(text: str) -> None:
    answer = RowAnswer(3, State.REFUSED, "Refused by Adobe", what_happened=text, error_code=text)
    sheet = opened(reconciled(content_of(source()), [answer]))["My orders"]
    for cell in (sheet["O3"], sheet["P3"]):
        assert cell.data_type == "s"
        assert cell.value == text


def test_signs_that_xml_forbids_do_not_break_the_file() -> None:
    answer = RowAnswer(3, State.REFUSED, "Refused by Adobe", what_happened="a\x07b")
    sheet = opened(reconciled(content_of(source()), [answer]))["My orders"]
    assert sheet["P3"].value.startswith("a")
    assert sheet["P3"].value.endswith("b")


def test_a_table_grows_with_our_columns() -> None:
    book = source()
    book["My orders"].add_table(Table(displayName="Orders", ref="A2:E3"))
    sheet = opened(reconciled(content_of(book), [DONE]))["My orders"]
    table = sheet.tables["Orders"]
    assert table.ref == "A2:R3"
    assert table.column_names[-13:] == list(RESULT_COLUMNS)


def test_frozen_panes_and_the_open_tab_stay() -> None:
    book = source()
    book["My orders"].freeze_panes = "B3"
    done = opened(reconciled(content_of(book), [DONE]))
    assert done["My orders"].freeze_panes == "B3"
    assert done.active.title == "My orders"


def test_the_same_input_gives_the_same_bytes() -> None:
    content = content_of(source())
    assert reconciled(content, [DONE], [FAULT]) == reconciled(content, [DONE], [FAULT])


def test_the_states_can_be_told_apart_by_colour_and_always_by_word() -> None:
    fills = {}
    for state in State:
        answer = RowAnswer(3, state, str(state))
        sheet = opened(reconciled(content_of(source()), [answer]))["My orders"]
        fills[state] = sheet["F3"].fill.fgColor.rgb
        assert sheet["F3"].value == str(state)
    families = ["held refused failed", "needs_approval in_doubt placed_before"]
    families += ["previewed open", "done"]
    colours = [{fills[State(word)] for word in family.split()} for family in families]
    assert all(len(family) == 1 for family in colours)
    assert len(set.union(*colours)) == 4


def test_the_summary_tells_what_happened_and_what_to_do() -> None:
    figures = summary(orders={State.DONE: 11, State.HELD: 3}, rows={State.DONE: 20, State.HELD: 5})
    sheet = opened(reconciled(content_of(source()), [HELD], [FAULT], figures))["Summary"]
    words = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert "11 of 14 orders were placed; 3 need you." in words
    assert "Practice: nothing was ordered for real." in words
    assert any(word.startswith("• Mend the red rows") for word in words)
    assert "USD" in words


def test_a_long_answer_gets_a_row_high_enough() -> None:
    answer = RowAnswer(3, State.HELD, "Held", what_happened="word " * 60)
    sheet = opened(reconciled(content_of(source()), [answer]))["My orders"]
    assert (sheet.row_dimensions[3].height or 0) > 60


def _calculated(content: bytes) -> bytes:
    """As Excel saves it: each formula with its result."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            data = old.read(item).decode("utf-8", "surrogateescape")
            if item.filename == "xl/worksheets/sheet1.xml":
                data = re.sub(r"(<f>1\+2</f>)<v\s*/?>(</v>)?", r"\1<v>3</v>", data)
                data = re.sub(
                    r'<c r="A3"([^>]*)>(<f>[^<]*</f>)<v\s*/?>(</v>)?',
                    r'<c r="A3"\1 t="str">\2<v>PO-1 &amp; more</v>',
                    data,
                )
            new.writestr(item, data.encode("utf-8", "surrogateescape"))
    return out.getvalue()


def test_the_results_of_formulas_are_kept() -> None:
    """Dropped in again, or looked at by somebody who does not calculate, they are needed."""
    book = source(['="PO-"&"1 & more"', "P1005", "65310542CA02A12", "=1+2", "mine"])
    content = _calculated(content_of(book))
    assert list(read_content(content, "a.xlsx").frame["quantity"]) == ["3"]
    again = reconciled(content, [DONE])
    read = read_content(again, "a.xlsx")
    assert read.faults == ()
    assert list(read.frame["quantity"]) == ["3"]
    assert list(read.frame["externalReferenceId"]) == ["PO-1 & more"]
    assert opened(again)["My orders"]["D3"].value == "=1+2"


def test_an_order_id_beside_a_held_row_is_never_taken_away() -> None:
    first = reconciled(content_of(source()), [DONE])
    again = opened(reconciled(first, [HELD]))["My orders"]
    row = dict(zip(RESULT_COLUMNS, again[3][5:], strict=True))
    assert (row["Result"].value, row["Order ID"].value) == ("Practice: Held", "0206417733")
    assert row["Order status"].value is None
