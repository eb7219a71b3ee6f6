"""The Orders sheet: one row for each order, and what a finance person does with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from flows.workbook.list_sheet import MOST_LINKS, ListRow, ListSheet
from flows.workbook.look import TONES
from flows.workbook.orders_sheet import COLUMNS, order_rows
from flows.workbook.read import read_content
from flows.workbook.reconcile import reconcile
from flows.workbook.relations import TRANSITIONAL
from flows.workbook.row_words import row_words
from flows.workbook.style_book import StyleBook
from schemas.columns import claim_of
from schemas.outcomes import OrderOutcome, State
from schemas.sheet_layout import SheetLayout
from tests.workbook.test_reconcile import DONE, content_of, source, summary

WHEN = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
FILES = Path(__file__).parent / "files"

ORDERED = OrderOutcome(
    reference="PO-1",
    customer_id="P1005053401",
    order_type="NEW",
    rows=(3, 4, 7, 8, 9),
    state=State.DONE,
    result="Practice: Ordered",
    order_id="0206417733",
    order_status="1000",
    order_total=Decimal("352.04"),
    price_currency="USD",
    what_happened="The order is complete.",
    answered_at=WHEN,
)
HELD = OrderOutcome(
    reference="PO-2",
    customer_id="P1005053401",
    order_type="NEW",
    rows=(10,),
    state=State.HELD,
    result="Practice: Held",
    what_happened="quantity is empty; NEW orders need it.",
)


def orders_sheet(*orders: OrderOutcome, content: bytes | None = None, title: str = "Orders") -> Any:
    content = content or content_of(source())
    layout = read_content(content, "orders.xlsx").layout
    output = reconcile(content, layout, [DONE], [], summary(), orders)
    return load_workbook(BytesIO(output))[title]


def test_each_order_stands_in_one_row() -> None:
    sheet = orders_sheet(ORDERED, HELD)
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        [
            "Reference",
            "Customer",
            "Type",
            "Result",
            "Order ID",
            "Order status",
            "Rows",
            "Lines",
            "Order total",
            "Price currency",
            "What happened",
            "Answered at",
        ],
        [
            "PO-1",
            "P1005053401",
            "NEW",
            "Practice: Ordered",
            "0206417733",
            "1000",
            "3, 4, 7\N{EN DASH}9",
            5,
            352.04,
            "USD",
            "The order is complete.",
            datetime(2026, 7, 1, 14, 0),  # noqa: DTZ001 - Berlin
        ],
        [
            "PO-2",
            "P1005053401",
            "NEW",
            "Practice: Held",
            None,
            None,
            "10",
            1,
            None,
            None,
            "quantity is empty; NEW orders need it.",
            None,
        ],
    ]


def test_numbers_are_numbers_dates_are_dates_and_ids_are_text() -> None:
    (row,) = orders_sheet(ORDERED).iter_rows(min_row=2)
    formats = {title.title: cell for title, cell in zip(COLUMNS, row, strict=True)}
    assert (formats["Order total"].data_type, formats["Order total"].number_format) == (
        "n",
        "#,##0.00",
    )
    assert formats["Answered at"].is_date
    assert formats["Answered at"].number_format == "yyyy-mm-dd hh:mm"
    for name in ("Reference", "Customer", "Order ID", "Order status", "Rows"):
        assert (formats[name].data_type, formats[name].number_format) == ("s", "@"), name


def test_the_rows_lead_to_the_order_sheet() -> None:
    sheet = orders_sheet(ORDERED, HELD)
    assert [sheet[cell].hyperlink.location for cell in ("G2", "G3")] == [
        "'My orders'!A3",
        "'My orders'!A10",
    ]


def test_the_header_stays_can_be_filtered_and_is_printed_on_every_page() -> None:
    sheet = orders_sheet(ORDERED, HELD)
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:L3"
    assert sheet.print_title_rows == "$1:$1"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth) == ("landscape", 1)
    assert sheet.page_setup.fitToHeight == 0
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert not sheet.sheet_view.showGridLines


def test_the_result_has_the_colour_of_the_order_sheet_and_its_word() -> None:
    content = content_of(source())
    layout = read_content(content, "orders.xlsx").layout
    book = load_workbook(BytesIO(reconcile(content, layout, [DONE], [], summary(), [ORDERED])))
    ours, theirs = book["Orders"]["D2"], book["My orders"]["F3"]
    assert ours.value == theirs.value == "Practice: Ordered"
    assert ours.fill.fgColor.rgb == theirs.fill.fgColor.rgb == "FFD3EED6"


def test_an_order_that_is_ready_to_be_sent_has_no_colour_of_a_state() -> None:
    ready = replace(HELD, state=None, result="Practice: Ready to be sent")
    cell = orders_sheet(ready)["D2"]
    assert (cell.value, cell.fill.fgColor.rgb) == ("Practice: Ready to be sent", "FFE9EDF1")


def test_days_count_from_1904_where_the_workbook_says_so() -> None:
    book = source()
    book.epoch = datetime(1904, 1, 1)  # noqa: DTZ001
    sheet = orders_sheet(ORDERED, content=content_of(book))
    assert sheet["L2"].value == datetime(2026, 7, 1, 14, 0)  # noqa: DTZ001
    assert sheet.parent.epoch == datetime(1904, 1, 1)  # noqa: DTZ001


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("x")'])
def test_text_from_outside_is_no_formula(text: str) -> None:
    told = replace(HELD, reference=text, customer_id=text, what_happened=text)
    sheet = orders_sheet(told)
    for cell in (sheet["A2"], sheet["B2"], sheet["K2"]):
        assert (cell.data_type, cell.value) == ("s", text)
        assert cell.quotePrefix


def test_a_sheet_of_the_users_called_orders_stays_and_ours_gets_another_title() -> None:
    book = source()
    book.create_sheet("Orders")["A1"] = "the user's own"
    content = content_of(book)
    sheet = orders_sheet(ORDERED, content=content, title="Orders (2)")
    assert sheet["A2"].value == "PO-1"
    assert sheet.parent["Orders"]["A1"].value == "the user's own"
    assert sheet.parent.sheetnames == ["My orders", "Orders", "Summary", "Orders (2)", "To do"]


def test_our_sheet_is_never_taken_for_an_order_sheet() -> None:
    """Neither by the words in its header alone, nor where a company maps one more of them."""
    claimed = [column.title for column in COLUMNS if claim_of(column.title, {})]
    assert claimed == ["Reference", "Type"]
    book = source()
    book["My orders"]["B2"] = "Customer"
    book["My orders"].title = "Orders"
    own = {"Customer": "customerId"}
    content = content_of(book)
    layout = read_content(content, "orders.xlsx", own).layout
    output = reconcile(content, layout, [DONE], [], summary(), [ORDERED])
    read = read_content(output, "orders.reconciled.xlsx", own)
    assert read.layout.sheet == "Orders"
    assert read.layout.columns == layout.columns
    assert len(read.frame) == 1


def test_a_copy_that_libreoffice_saved_is_still_known_and_brought_up_to_date() -> None:
    content = (FILES / "saved-by-libreoffice.xlsx").read_bytes()
    read = read_content(content, "may.reconciled.xlsx", {"Customer": "customerId"})
    assert (read.layout.sheet, list(read.frame["externalReferenceId"])) == (
        "Orders",
        ["PO-1", "PO-2"],
    )
    answer = replace(DONE, row=2)
    output = reconcile(content, read.layout, [answer], [], summary(), [ORDERED])
    book = load_workbook(BytesIO(output))
    assert book.sheetnames == ["Orders", "Summary", "Orders (2)", "To do"]
    assert [cell.value for cell in book["Orders (2)"]["A"]] == ["Reference", "PO-1"]
    assert book["To do"]["A2"].value == "Nothing to do."
    assert len(book["Summary"]._charts) == 1


def test_without_orders_the_sheet_says_so() -> None:
    sheet = orders_sheet()
    assert sheet["A2"].value == "There are no orders."
    assert sheet.auto_filter.ref is None


def test_rows_are_told_in_few_words() -> None:
    dash = "\N{EN DASH}"
    assert row_words([5]) == "5"
    assert row_words([5, 6]) == "5, 6"
    assert row_words([5, 6, 9, 10, 11, 12]) == f"5, 6, 9{dash}12"
    assert row_words([5, 6, 9, 10, 11], "C") == f"C5, C6, C9{dash}C11"
    assert row_words(range(2, 3000, 2)) == "2, 4, 6, 8, 10, 12, 14, 16 and 1,491 more"


def test_a_list_is_written_row_by_row() -> None:
    """Of a list as long as an order sheet nothing is kept but its links."""
    asked: list[int] = []

    def orders() -> list[OrderOutcome]:
        return [replace(ORDERED, rows=(row,)) for row in range(2, 5)]

    layout = SheetLayout(
        sheet="A", header_row=1, last_row=9, last_column=1, columns={"offerId": 1}, titles={}
    )

    def rows() -> Any:
        listed = order_rows(orders(), layout, ZoneInfo("UTC"), since_1904=False)
        for number, row in enumerate(listed):
            asked.append(number)
            yield row

    pieces = ListSheet(StyleBook(None, TRANSITIONAL), COLUMNS).written(
        TRANSITIONAL, 3, rows(), "none"
    )
    next(pieces)
    next(pieces)
    assert asked == []
    assert next(pieces).startswith(b'<row r="2" ')
    assert asked == [0]


def test_excel_takes_so_many_links_and_no_more() -> None:
    row = ListRow([""] * len(COLUMNS), TONES[State.DONE], "'A'!A1")
    count = MOST_LINKS + 3
    sheet = ListSheet(StyleBook(None, TRANSITIONAL), COLUMNS)
    written = b"".join(sheet.written(TRANSITIONAL, count, [row] * count, "none"))
    assert written.count(b"<hyperlink ") == 65_530
    assert written.count(b"<row ") == count + 1
