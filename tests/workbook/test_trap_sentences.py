"""The exact words for the traps that order sheets hold: what happened, and what to do."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from flows.desk import examine
from flows.settings import Settings
from flows.workbook.errors import WorkbookError
from flows.workbook.read import ReadSheet, read_content, read_order_sheet
from flows.workbook.reconcile import reconcile
from tests.workbook.raw import HEADER, ORDER, orders_xml, package, row_xml, styles_xml, text_cell
from tests.workbook.test_csv_text import text_of
from tests.workbook.test_read import saved, sheet_of
from tests.workbook.test_reconcile import summary
from tests.workbook.test_sheet_xml import LOST


def refused(content: bytes, own_headers: dict[str, str] | None = None) -> str:
    """What is said of a workbook from which no orders are taken."""
    with pytest.raises(WorkbookError) as caught:
        read_content(content, "orders.xlsx", own_headers)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_two_columns_of_one_name() -> None:
    assert refused(saved(sheet_of([*HEADER[:4], "Qty", "Seats"], ORDER))) == (
        "On the sheet Orders, two headers both mean quantity: E1 (Qty) and F1 (Seats). Rename the "
        "one that does not."
    )
    assert refused(saved(sheet_of([*HEADER, "offerId"], [*ORDER, "x"]))) == (
        "On the sheet Orders, two headers both mean offerId: D1 (offerId) and G1 (offerId). "
        "Rename the one that does not."
    )


def test_two_columns_that_the_settings_give_one_meaning() -> None:
    header = [*HEADER[:3], "Artikel", "Ware", *HEADER[4:]]
    own = {"Artikel": "offerId", "Ware": "offerId"}
    assert refused(saved(sheet_of(header, [*ORDER, "x"])), own) == (
        "On the sheet Orders, two headers both mean offerId: D1 (Artikel) and E1 (Ware). Rename "
        "the one that does not."
    )


def test_headers_that_the_settings_map_reach_the_reading() -> None:
    content = saved(sheet_of(["Bestellung", "Kunde", "SKU", "Qty"], ["PO-1", "P1005", "x", 1]))
    settings = Settings(headers={"Bestellung": "externalReferenceId", "Kunde": "customerId"})
    read, _, _ = examine(content, "orders.xlsx", settings)
    assert read.frame.loc[0, ["externalReferenceId", "customerId"]].tolist() == ["PO-1", "P1005"]
    assert read.layout.titles["customerId"] == "Kunde"


def test_two_sheets_that_both_look_like_orders() -> None:
    book = sheet_of(HEADER, ORDER)
    june = book.create_sheet("June")
    june.append(HEADER)
    june.append(ORDER)
    assert refused(saved(book)) == (
        "orders.xlsx has more than one order sheet: Orders and June. Keep one of them in the "
        "workbook and drop the other as a workbook of its own."
    )


def test_a_sheet_with_a_header_and_nothing_below() -> None:
    assert refused(saved(sheet_of([], HEADER))) == (
        "The sheet Orders of orders.xlsx has a header (row 2) but no orders below it; nothing to "
        "do."
    )


def test_a_sheet_without_room_for_the_answers() -> None:
    book = sheet_of(HEADER, ORDER)
    book["Orders"].cell(2, 16_380, "far out")
    assert refused(saved(book)) == (
        "The sheet Orders of orders.xlsx holds something in column XEZ, so there is no room for "
        "the answers to the right of it. Empty or delete the columns far to the right and drop it "
        "again."
    )


def test_text_under_a_false_name_that_is_no_order_sheet() -> None:
    assert refused(b"a;b;c\n1;2;3\n") == (
        "No sheet of orders.xlsx looks like an order sheet: no row names columns such as "
        "externalReferenceId, customerId and offerId. Put these names above the orders."
    )


def test_text_under_a_false_name_that_is_an_order_sheet() -> None:
    got = read_content(text_of(HEADER, ORDER).encode(), "orders.xlsx")
    assert got.frame.loc[0, list(HEADER)].tolist() == list(ORDER)


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    said = []
    for path in (tmp_path / "nothing.xlsx", tmp_path):
        with pytest.raises(WorkbookError) as caught:
            read_order_sheet(path)
        said.append(str(caught.value))
    assert said == [
        f"There is no file {tmp_path / 'nothing.xlsx'}; check its name and folder.",
        f"{tmp_path} is a folder; name one workbook in it.",
    ]


def cell(xml: str, address: str = "B2") -> ReadSheet:
    """An order with a cell written otherwise; style 1 is a date."""
    before = text_cell(ORDER["ABCDEF".index(address[0])], address)
    sheet = orders_xml(row_xml(2, ORDER))
    assert before in sheet
    parts = {"xl/styles.xml": styles_xml("dd/mm/yyyy")}
    return read_content(package(sheet.replace(before, xml), parts), "orders.xlsx")


AS_TEXT = "Format the cell as Text, then type it again."


@pytest.mark.parametrize(
    ("xml", "message", "hint"),
    [
        (
            '<c r="B2" t="e"><v>#REF!</v></c>',
            "customerId shows the error #REF!.",
            "Mend the formula in B2 or type the value itself.",
        ),
        (
            '<c r="B2"><f>A1</f></c>',
            "customerId holds a formula whose result is not stored in the file.",
            "Open the workbook in Excel, save it and drop it again.",
        ),
        (
            '<c r="B2"><v>1234567890123456</v></c>',
            LOST,
            "Format the cell as Text, then type the whole number again.",
        ),
        (
            '<c r="B2"><v>80004567.5</v></c>',
            "customerId is the number 80004567.5, which is not whole; an id has no decimals.",
            AS_TEXT,
        ),
        (
            '<c r="B2" s="1"><v>46085</v></c>',
            "customerId is the date 2026-03-04: Excel has made a date of what was typed.",
            AS_TEXT,
        ),
    ],
)
def test_an_id_that_cannot_be_known(xml: str, message: str, hint: str) -> None:
    (fault,) = cell(xml).faults
    assert (fault.cell, fault.message, fault.hint) == ("B2", message, hint)


@pytest.mark.parametrize("text", ["80004567E01", "1E5", "NA", "#N/A", "null", "-", "0012", "TRUE"])
def test_text_is_the_text_that_stands_there(text: str) -> None:
    got = cell(text_cell(text, "B2"))
    assert (got.frame["customerId"].tolist(), got.faults) == ([text], ())


def test_merged_cells_that_can_mean_two_things() -> None:
    book = sheet_of(HEADER, ORDER, [*ORDER[:4], None, "USD"])
    book["Orders"].merge_cells("E2:E3")
    said = [(f.cell, f.message, f.hint) for f in read_content(saved(book), "x.xlsx").faults]
    message = "quantity lies in the merged cells E2:E3; it cannot be told what each row is to have."
    hint = "Unmerge E2:E3 and fill in quantity on every row."
    assert said == [("E2", message, hint), ("E3", message, hint)]


def test_hidden_and_filtered_rows_are_counted_and_named_in_the_workbook() -> None:
    book = sheet_of(HEADER, *[[f"PO-{n}", *ORDER[1:]] for n in range(2, 16)])
    sheet = book["Orders"]
    sheet.auto_filter.ref = "A1:F15"
    for number in range(3, 15):
        sheet.row_dimensions[number].hidden = True
    sheet.append([None, None, None, "Total"])
    content = saved(book)
    read = read_content(content, "orders.xlsx")
    assert read.frame["row"].tolist() == list(range(2, 16))
    notes = (
        "Row 16 below the orders of orders.xlsx holds no order and was left alone.",
        "Rows 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 more are hidden and were read like any other.",
    )
    assert read.notes == notes
    output = reconcile(content, read.layout, [], [], summary(notes=read.notes))
    shown = {
        str(found.value)
        for page in load_workbook(BytesIO(output)).worksheets
        if page.title != "Orders"
        for row in page.iter_rows()
        for found in row
    }
    assert [note for note in notes if not any(note in text for text in shown)] == []


def test_macros_do_not_keep_a_workbook_from_being_read_under_either_name() -> None:
    content = package(orders_xml(row_xml(2, ORDER)), {"xl/vbaProject.bin": b"\0macros"})
    for name in ("orders.xlsm", "orders.xlsx"):
        got = read_content(content, name)
        assert got.frame.loc[0, list(HEADER)].tolist() == list(ORDER)


def test_formatted_rows_below_the_orders_are_no_orders_and_not_named() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    sheet.append(ORDER)
    for number in range(3, 400):
        sheet.cell(number, 1).number_format = "@"
        sheet.cell(number, 2, " \u00a0 ")
    read = read_content(saved(book), "orders.xlsx")
    assert (read.frame["row"].tolist(), read.layout.last_row, read.notes) == ([2], 2, ())
