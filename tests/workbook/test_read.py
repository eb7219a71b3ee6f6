"""Reading: what a person sees in the sheet, with Excel's own row numbers, or a sentence."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.workbook.defined_name import DefinedName

from flows.workbook.errors import (
    AmbiguousOrderSheet,
    EmptyOrderSheet,
    NoOrderSheet,
    NoRoomForAnswers,
    NotAWorkbook,
    WorkbookError,
    WorkbookMissing,
)
from flows.workbook.our_marks import defined_name
from flows.workbook.read import ReadSheet, read_content, read_order_sheet

HEADER = ["externalReferenceId", "customerId", "orderType", "offerId", "quantity", "currencyCode"]
ROW: list[Any] = ["PO-1", "P1005053401", "NEW", "65310542CA02A12", 3, "USD"]


def saved(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def sheet_of(*rows: Sequence[Any], name: str = "Orders") -> Workbook:
    book = Workbook()
    assert book.active is not None
    book.active.title = name
    for row in rows:
        book.active.append(list(row))
    return book


def read(*rows: Sequence[Any]) -> ReadSheet:
    return read_content(saved(sheet_of(*rows)), "orders.xlsx")


def edited(content: bytes, part: str, *changes: tuple[bytes, bytes]) -> bytes:
    """The workbook with bytes of one part replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            if item.filename == part:
                for before, after in changes:
                    assert before in data
                    data = data.replace(before, after)
            new.writestr(item, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("00123", "00123"),
        (123.0, "123"),
        (80004567, "80004567"),
        ("80004567E01", "80004567E01"),
        ("NA", "NA"),
        ("null", "null"),
        ("  P1 \u00a0", "P1"),
        (True, "TRUE"),
        (123456789012345, "123456789012345"),
    ],
)
def test_a_cell_is_read_as_a_person_sees_it(cell: Any, text: str) -> None:
    got = read(HEADER, [*ROW[:1], cell, *ROW[2:]])
    assert got.frame["customerId"].tolist() == [text]
    assert got.faults == ()


def test_row_numbers_are_excels_over_titles_blanks_and_gaps() -> None:
    got = read(["Orders for May"], [], HEADER, ROW, [], [None, None], [*ROW[:4], 5, "USD"])
    assert got.frame["row"].tolist() == [4, 7]
    assert got.frame["quantity"].tolist() == ["3", "5"]
    assert (got.layout.header_row, got.layout.last_row) == (3, 7)


def test_a_table_that_begins_at_c5_keeps_its_addresses() -> None:
    rows = [[], [], [], [], [None, None, *HEADER], [None, None, *ROW]]
    got = read(*rows)
    assert got.frame["row"].tolist() == [6]
    assert got.layout.cell("customerId", 6) == "D6"


def test_usual_spellings_are_understood_and_own_columns_left_alone() -> None:
    got = read(
        ["Cost centre", "PO number", "Customer ID", "Type", "SKU", "Qty", "Currency", "quantity?!"],
        ["44", *ROW, "mine"],
    )
    assert got.frame["externalReferenceId"].tolist() == ["PO-1"]
    assert got.layout.titles["offerId"] == "SKU"
    assert set(got.layout.columns) == set(HEADER)


def test_the_apis_own_name_outranks_another_spelling() -> None:
    got = read([*HEADER, "PO number"], [*ROW, "4711"])
    assert got.frame["externalReferenceId"].tolist() == ["PO-1"]


def test_a_companys_own_headers_are_mapped() -> None:
    content = saved(sheet_of(["Bestellung", "Kunde", "SKU", "Qty"], ["PO-1", "P1005", "x", 1]))
    own = {"Bestellung": "externalReferenceId", "Kunde": "customerId"}
    assert read_content(content, "b.xlsx", own).frame["customerId"].tolist() == ["P1005"]


def test_totals_below_are_left_alone_and_named() -> None:
    got = read(HEADER, ROW, [], [None, None, None, "Total", 3], ["Signed: M. Okafor"])
    assert got.frame["row"].tolist() == [2]
    assert got.layout.left_alone == (4, 5)
    assert got.notes == (
        "Rows 4, 5 below the orders of orders.xlsx hold no order and were left alone.",
    )


def test_an_error_cell_is_a_fault_and_never_empty() -> None:
    book = sheet_of([*HEADER, "discountCode"], [*ROW, "x"])
    cell = book.active["G2"]
    cell.value, cell.data_type = "#N/A", "e"
    got = read_content(saved(book), "orders.xlsx")
    (fault,) = got.faults
    assert (fault.code, fault.cell, fault.value) == ("CELL_SHOWS_ERROR", "G2", "#N/A")
    assert fault.message == "discountCode shows the error #N/A."


def test_a_formula_without_a_stored_value_is_a_fault_and_never_empty() -> None:
    got = read([*HEADER, "discountCode"], [*ROW, "=A1"])
    (fault,) = got.faults
    assert (fault.code, fault.cell) == ("FORMULA_NOT_CALCULATED", "G2")


def test_a_formula_with_a_stored_value_is_its_value() -> None:
    content = edited(
        saved(sheet_of(HEADER, [*ROW[:4], "=1+2", "USD"])),
        "xl/worksheets/sheet1.xml",
        (b"<f>1+2</f><v />", b"<f>1+2</f><v>3</v>"),
    )
    got = read_content(content, "orders.xlsx")
    assert (got.frame["quantity"].tolist(), got.faults) == (["3"], ())


def test_an_id_of_which_excel_has_lost_digits_is_a_fault() -> None:
    (fault,) = read(HEADER, ["PO-1", 1234567890123456, *ROW[2:]]).faults
    assert (fault.code, fault.cell) == ("DIGITS_LOST", "B2")


def test_our_own_columns_are_known_by_their_defined_names_and_not_by_their_words() -> None:
    book = sheet_of([*HEADER, "Order ID", "Renamed"], [*ROW, "the user's", "9206417733"])
    name = defined_name("Order ID")
    book.defined_names[name] = DefinedName(name, attr_text="'Orders'!$H:$H")
    got = read_content(saved(book), "orders.xlsx")
    assert got.layout.result_columns == {"Order ID": 8}
    assert got.frame["earlierOrderId"].tolist() == ["9206417733"]


def test_a_used_range_to_the_last_row_of_excel_reads_the_same() -> None:
    book = sheet_of(HEADER, ROW)
    book.active.cell(1_048_576, 1).number_format = "@"
    content = edited(
        saved(book), "xl/worksheets/sheet1.xml", (b'ref="A1:F1048576"', b'ref="A1:XFD1048576"')
    )
    assert read_content(content, "orders.xlsx").frame["row"].tolist() == [2]


def test_the_tab_with_the_orders_is_found_wherever_it_stands() -> None:
    book = sheet_of(["Only notes"], name="Notes")
    orders = book.create_sheet("Order list")
    orders.append(HEADER)
    orders.append(ROW)
    empty = book.create_sheet("Template")
    empty.append(HEADER)
    assert read_content(saved(book), "x.xlsx").layout.sheet == "Order list"


def test_two_headers_for_one_column_are_asked_about() -> None:
    with pytest.raises(AmbiguousOrderSheet, match=r"G1 \(Qty\)|E1 \(Qty\)"):
        read([*HEADER[:4], "Qty", "currencyCode", "Seats"], [*ROW, 3])


def test_two_sheets_of_orders_are_asked_about() -> None:
    book = sheet_of(HEADER, ROW)
    second = book.create_sheet("Also orders")
    second.append(HEADER)
    second.append(ROW)
    with pytest.raises(AmbiguousOrderSheet, match="Orders and Also orders"):
        read_content(saved(book), "x.xlsx")


DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>'


@pytest.mark.parametrize(
    ("content", "error", "word"),
    [
        (b"", NotAWorkbook, "0 bytes"),
        (b"<html><table></table></html>", NotAWorkbook, "whatever its name says"),
        (b"a;b;c\n1;2;3\n", NoOrderSheet, "looks like an order sheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, NotAWorkbook, "damaged"),
        (saved(sheet_of(HEADER, ROW))[:2000], NotAWorkbook, "damaged"),
        (saved(sheet_of(["Holiday plan"])), NoOrderSheet, "looks like an order sheet"),
        (saved(sheet_of(HEADER)), EmptyOrderSheet, "no orders below"),
        (
            edited(
                saved(sheet_of(HEADER, ROW)),
                "xl/workbook.xml",
                (b"<workbook", DOCTYPE + b"<workbook"),
            ),
            NotAWorkbook,
            "DOCTYPE",
        ),
    ],
)
def test_what_cannot_be_read_is_told_in_one_sentence(
    content: bytes, error: type[WorkbookError], word: str
) -> None:
    with pytest.raises(error, match=word) as caught:
        read_content(content, "orders.xlsx")
    assert caught.value.exit_code == 2


def test_a_zip_that_is_no_workbook_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("readme.txt", "hello")
    with pytest.raises(NotAWorkbook, match="not an Excel workbook"):
        read_order_sheet(path)


def test_a_zip_that_says_it_unpacks_to_gigabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("xl/workbook.xml", "<x/>")
    raw = bytearray(path.read_bytes())
    directory = raw.index(b"PK\x01\x02")
    raw[directory + 24 : directory + 28] = (0xF0000000).to_bytes(4, "little")
    with pytest.raises(NotAWorkbook, match="2 GB"):
        read_content(bytes(raw), "bomb.xlsx")


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(WorkbookMissing, match="There is no file"):
        read_order_sheet(tmp_path / "nothing.xlsx")
    with pytest.raises(WorkbookMissing, match="is a folder"):
        read_order_sheet(tmp_path)


def test_a_merged_reference_is_the_reference_of_every_row_it_spans() -> None:
    book = sheet_of(HEADER, ROW, [None, None, None, *ROW[3:]], ROW)
    for letter in "ABC":
        book["Orders"].merge_cells(f"{letter}2:{letter}3")
    found = read_content(saved(book), "orders.xlsx")
    assert list(found.frame["externalReferenceId"]) == ["PO-1"] * 3
    assert list(found.frame["customerId"]) == ["P1005053401"] * 3
    assert found.faults == ()


def test_a_merged_quantity_is_held_on_every_row_it_spans() -> None:
    book = sheet_of(HEADER, ROW, [*ROW[:4], None, "USD"], ROW)
    book["Orders"].merge_cells("E2:E3")
    found = read_content(saved(book), "orders.xlsx")
    assert [(f.row, f.cell, f.code) for f in found.faults] == [
        (2, "E2", "MERGED_CELL"),
        (3, "E3", "MERGED_CELL"),
    ]
    assert "E2:E3" in found.faults[0].hint


def test_a_last_row_with_a_product_and_no_heading_is_an_order_row() -> None:
    found = read(HEADER, ROW, [None, None, None, "65316613CA02A12", 5, "USD"])
    assert list(found.frame["row"]) == [2, 3]


def test_a_total_is_still_no_order_row() -> None:
    found = read(HEADER, ROW, [None, None, None, "Total", 3, None])
    assert list(found.frame["row"]) == [2]
    (note,) = found.notes
    assert note == "Row 3 below the orders of orders.xlsx holds no order and was left alone."


def test_a_sheet_without_room_for_the_answers_is_turned_away() -> None:
    book = sheet_of(HEADER, ROW)
    book["Orders"].cell(2, 16_380, "far out")
    with pytest.raises(NoRoomForAnswers, match="column XEZ"):
        read_content(saved(book), "orders.xlsx")
