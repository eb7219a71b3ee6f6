"""Every kind of workbook tells the same facts, each by its own reader."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from flows.workbook.books import StreamBook, opened
from flows.workbook.cell_stream import SheetRow, Unknown
from flows.workbook.cells import cell_text
from flows.workbook.fresh import as_xlsx
from flows.workbook.read import read_content
from schemas.columns import RESULT_COLUMNS
from tests.workbook.facts import HEADER, OFFER
from tests.workbook.raw import HEADER as SHORT_HEADER
from tests.workbook.raw import ORDER, orders_xml, package, row_xml
from tests.workbook.test_csv_text import text_of
from tests.workbook.xlsb_made import Made, MadeRow, xlsb

FILES = Path(__file__).parent / "files"


def order(
    number: int,
    reference: Made | str,
    changed: Mapping[int, Made] | None = None,
    *,
    hidden: bool = False,
) -> MadeRow:
    texts = (reference, "P1005053401", "NEW", OFFER, 3, "USD")
    cells = {n: t if isinstance(t, Made) else Made(t) for n, t in enumerate(texts, start=1)}
    return MadeRow(number, dict(sorted({**cells, **(changed or {})}.items())), hidden)


def facts_xlsb() -> bytes:
    """The workbook of `facts.py`, as Excel would save it."""
    rows = [
        MadeRow(1, {1: Made("Orders of May")}),
        MadeRow(3, {n: Made(title) for n, title in enumerate(HEADER, start=1)}),
        order(4, "0012"),
        order(5, Made(42, 1)),
        order(6, Made(123456, 2)),
        order(7, Made(2.5)),
        order(8, Made(46085.0, 3)),
        order(9, Made(1234567890123456)),
        order(10, Made("1E5", inline=True), {7: Made("#N/A", is_error=True, is_formula=True)}),
        order(11, "PO-11", hidden=True),
        order(12, "PO-12", {7: Made("NA")}),
        order(13, "PO-13"),
        order(14, "PO-14", {2: Made(None)}),
        order(15, Made("PO  15"), {5: Made(3, is_formula=True), 8: Made(46146.0, 3)}),
        order(16, "PO-16", {4: Made("#DIV/0!", is_error=True)}),
        order(17, "PO-17", {3: Made("NEW", is_formula=True)}),
        order(18, Made(True, is_formula=True), {8: Made(0.125, 4)}),
        *(MadeRow(number, {1: Made(None, 5)}) for number in (19, 20, 500)),
    ]
    codes = ("00000", "000\\-000", "yyyy-mm-dd", "0.0%", "0.00")
    notes = [MadeRow(2, {2: Made("nothing here")})]
    sheets = {"My orders": rows, "Prices": notes}
    return xlsb(sheets, codes=codes, merged=[(13, 2, 14, 2)])


def content_of(name: str) -> bytes:
    return facts_xlsb() if name.endswith("xlsb") else (FILES / name).read_bytes()


FACTS = ["facts.xls", "facts.xlsb", "facts.ods"]


@pytest.mark.parametrize("name", FACTS)
def test_ids_are_what_a_person_sees(name: str) -> None:
    got = read_content(content_of(name), name)
    assert got.frame["row"].tolist() == list(range(4, 19))
    references = got.frame["externalReferenceId"].tolist()
    assert references[:14] == [
        "0012",
        "00042",
        "123-456",
        "2.5",
        "2026-03-04",
        "1234567890123456",
        "1E5",
        "PO-11",
        "PO-12",
        "PO-13",
        "PO-14",
        "PO  15",
        "PO-16",
        "PO-17",
    ]
    assert got.frame["quantity"].tolist() == ["3"] * 15
    assert got.frame["orderType"].tolist() == ["NEW"] * 15


@pytest.mark.parametrize("name", FACTS)
def test_what_cannot_be_known_is_held(name: str) -> None:
    faults = read_content(content_of(name), name).faults
    assert [(fault.cell, fault.code, fault.value) for fault in faults] == [
        ("A7", "ID_NOT_WHOLE", "2.5"),
        ("A8", "ID_IS_DATE", "2026-03-04"),
        ("A9", "DIGITS_LOST", "1234567890123456"),
        ("G10", "CELL_SHOWS_ERROR", "#N/A"),
        ("D16", "CELL_SHOWS_ERROR", "#DIV/0!"),
    ]
    assert faults[3].message == "discountCode shows the error #N/A."


@pytest.mark.parametrize("name", FACTS)
def test_layout_hidden_rows_and_merged_cells(name: str) -> None:
    got = read_content(content_of(name), name)
    assert (got.layout.sheet, got.layout.header_row, got.layout.last_row) == ("My orders", 3, 18)
    assert got.layout.last_column == 8
    assert got.notes == ("Row 11 is hidden and was read like any other.",)
    # B13:B14 are merged, and a text NA is a text.
    assert got.frame["customerId"].tolist() == ["P1005053401"] * 15
    assert got.frame["discountCode"].tolist()[8] == "NA"


@pytest.mark.parametrize("name", FACTS)
def test_a_fresh_workbook_says_the_same(name: str) -> None:
    content = content_of(name)
    before, after = read_content(content, name), read_content(as_xlsx(content, name), "x.xlsx")
    assert after.layout == before.layout
    assert after.frame.to_dict("list") == before.frame.to_dict("list")
    assert after.notes == before.notes
    assert [(f.cell, f.code) for f in after.faults] == [(f.cell, f.code) for f in before.faults]
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(content, name)))["My orders"]
    assert (sheet["G10"].value, sheet["G10"].data_type) == ("#N/A", "e")
    assert (sheet["A5"].value, sheet["A5"].number_format) == (42, "00000")


@pytest.mark.parametrize("name", FACTS)
def test_calamine_reads_the_same_values(name: str) -> None:
    """Errors it gives as empty, ids without their zeros; all else is the same."""
    content = content_of(name)
    theirs = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("My orders")
    start = theirs.start
    assert start is not None
    seen: dict[tuple[int, int], str] = {
        (row, start[1] + place): text
        for row, values in enumerate(theirs.iter_rows(), start=1)
        for place, value in enumerate(values, start=1)
        if (text := cell_text(value))
    }
    ours: dict[tuple[int, int], str] = {}
    with opened(content, name) as book:
        assert isinstance(book, StreamBook)
        for item in book.stream("My orders"):
            if isinstance(item, SheetRow):
                for cell in item.cells:
                    value: Any = cell.value
                    if not isinstance(value, Unknown) and cell_text(value):
                        ours[item.number, cell.place] = cell_text(value)
    assert ours == seen


def test_cells_without_a_place_of_their_own_stand_right_of_the_one_before() -> None:
    rows = [
        MadeRow(1, {n: Made(title, short=n > 1) for n, title in enumerate(SHORT_HEADER, 1)}),
        MadeRow(2, {n: Made(text, short=n > 1) for n, text in enumerate(ORDER, start=1)}),
    ]
    got = read_content(xlsb({"Orders": rows}), "x.xlsb")
    assert got.frame.loc[0, list(SHORT_HEADER)].tolist() == list(ORDER)


def test_empty_texts_of_an_xls_that_was_calculated_stay_empty() -> None:
    got = read_content((FILES / "empty-texts.xls").read_bytes(), "x.xls")
    assert got.frame["discountCode"].tolist() == ["", "", "ABC"]
    assert got.faults == ()


def test_empty_texts_of_an_xls_that_nothing_ever_calculated_are_held() -> None:
    # The record that names the Excel that calculated becomes one that says nothing.
    content = (FILES / "empty-texts.xls").read_bytes()
    never = content.replace(b"\xc1\x01\x08\x00", b"\xff\x0f\x08\x00")
    got = read_content(never, "x.xls")
    assert [(f.cell, f.code, f.message) for f in got.faults] == [
        (
            cell,
            "FORMULA_NOT_CALCULATED",
            "discountCode holds a formula whose result is not stored in the file.",
        )
        for cell in ("G2", "G3")
    ]


def test_dates_of_1904_in_xlsb() -> None:
    rows = [
        MadeRow(1, {n: Made(title) for n, title in enumerate(SHORT_HEADER, start=1)}),
        MadeRow(2, {n: Made(text) for n, text in enumerate(ORDER, 1)} | {1: Made(44623, 1)}),
    ]
    content = xlsb({"Orders": rows}, codes=["yyyy\\-mm\\-dd"], since_1904=True)
    assert read_content(content, "x.xlsb").faults[0].value == "2026-03-04"


def test_our_own_columns_are_known_again_in_xlsb() -> None:
    rows = [
        MadeRow(1, {n: Made(t) for n, t in enumerate((*SHORT_HEADER, "Order ID"), start=1)}),
        MadeRow(2, {n: Made(text) for n, text in enumerate((*ORDER, "9120100"), start=1)}),
    ]
    content = xlsb({"Orders": rows}, names={"_orderdrop.Order_ID": (0, 7)})
    for source, name in ((content, "x.xlsb"), (as_xlsx(content, "x.xlsb"), "x.xlsx")):
        got = read_content(source, name)
        assert got.layout.result_columns == {"Order ID": 7}
        assert got.frame["earlierOrderId"].tolist() == ["9120100"]


def test_text_in_many_fonts_in_the_cell_itself() -> None:
    rows = [
        MadeRow(1, {n: Made(title, rich=True) for n, title in enumerate(SHORT_HEADER, start=1)}),
        MadeRow(2, {n: Made(text, rich=True) for n, text in enumerate(ORDER, start=1)}),
    ]
    got = read_content(xlsb({"Orders": rows}), "x.xlsb")
    assert got.frame.loc[0, list(SHORT_HEADER)].tolist() == list(ORDER)


def xlsx_with(reference: str) -> bytes:
    return package(orders_xml(row_xml(2, (reference, *ORDER[1:])) + row_xml(3, ORDER)))


def xlsb_with(reference: str) -> bytes:
    rows = [
        MadeRow(n, {place: Made(text) for place, text in enumerate(texts, start=1)})
        for n, texts in enumerate((SHORT_HEADER, (reference, *ORDER[1:]), ORDER), start=1)
    ]
    return xlsb({"Orders": rows})


@pytest.mark.parametrize(
    ("content", "name", "shown"),
    [
        (xlsx_with("PO-_x0000_1"), "x.xlsx", "PO-\ufffd1"),
        (xlsx_with("PO-_x001F_1"), "x.xlsx", "PO-\ufffd1"),
        (xlsx_with("PO-_xD800_1"), "x.xlsx", "PO-\ufffd1"),
        (xlsx_with("PO-_xFFFF_1"), "x.xlsx", "PO-\ufffd1"),
        (xlsb_with("PO-\0001"), "x.xlsb", "PO-\ufffd1"),
        (text_of(SHORT_HEADER, ("PO-\u00011", *ORDER[1:]), ORDER).encode(), "x.csv", "PO-\ufffd1"),
    ],
)
def test_text_that_no_ledger_can_keep_is_held(content: bytes, name: str, shown: str) -> None:
    got = read_content(content, name)
    assert got.frame["externalReferenceId"].tolist() == [shown, "PO-1"]
    (fault,) = got.faults
    assert (fault.cell, fault.code, fault.value) == ("A2", "TEXT_NOT_STORABLE", shown)
    assert fault.message == (
        "externalReferenceId holds an invisible control character (shown as \ufffd), which no id "
        "or code has."
    )
    assert fault.hint == "Empty A2, then type the value again."


def test_line_breaks_and_tabs_in_a_text_are_kept() -> None:
    got = read_content(xlsx_with("PO-_x000D__x000A_1"), "x.xlsx")
    assert got.frame["externalReferenceId"].tolist() == ["PO-\r\n1", "PO-1"]
    assert got.faults == ()


def test_no_title_holds_what_no_ledger_can_keep() -> None:
    content = text_of(("externalReferenceId\u0001", *SHORT_HEADER[1:]), ORDER).encode()
    got = read_content(content, "x.csv")
    assert "\u0001" not in "".join(got.layout.titles.values())


@pytest.mark.parametrize("comment", ["", "<!-- as a reconciled sheet has them -->"])
def test_the_last_merged_cells_of_a_sheet_are_seen_in_every_shape(comment: str) -> None:
    rows = row_xml(2, ORDER) + comment + row_xml(3, ("PO-2", "", *ORDER[2:]))
    merged = '<mergeCells count="1"><mergeCell ref="B2:B3"/></mergeCells>'
    got = read_content(package(orders_xml(rows, merged)), "x.xlsx")
    assert got.frame["customerId"].tolist() == ["P1005053401"] * 2


@pytest.mark.parametrize("name", ["again.xls", "again.ods"])
def test_answers_that_were_saved_in_another_format_are_known_again(name: str) -> None:
    content = (FILES / name).read_bytes()
    for source in (content, as_xlsx(content, name)):
        got = read_content(source, name)
        assert got.layout.result_columns == {
            column: place for place, column in enumerate(RESULT_COLUMNS, start=9)
        }
        assert got.frame["earlierOrderId"].tolist()[0] == "P9120100"
