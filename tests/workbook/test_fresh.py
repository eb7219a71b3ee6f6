"""A workbook made of a file that cannot be extended: the same values at the same places."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from flows.workbook.fresh import as_xlsx
from flows.workbook.read import read_content
from tests.workbook.raw import ORDER, orders_xml, package, row_xml
from tests.workbook.test_csv_text import HEADER, text_of

FILES = Path(__file__).parent / "files"


def opened(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


@pytest.mark.parametrize("name", ["orders.xls", "orders.ods"])
def test_values_keep_their_place_and_type(name: str) -> None:
    book = opened(as_xlsx((FILES / name).read_bytes(), name))
    assert book.sheetnames == ["Orders", "Notes"]
    sheet = book["Orders"]
    assert [cell.value for cell in sheet[3]][:3] == [
        "externalReferenceId",
        "customerId",
        "orderType",
    ]
    assert (sheet["E4"].value, sheet["H4"].value) == (3, datetime(2026, 5, 4))  # noqa: DTZ001
    assert sheet["H4"].is_date
    assert sheet["H8"].value == datetime(2026, 5, 4, 9, 30)  # noqa: DTZ001
    assert (sheet["A7"].value, sheet["A7"].data_type) == ("=not a formula", "s")
    assert sheet["E7"].value == 2.5
    assert (sheet["A10"].value, sheet["A10"].number_format) == (123456789012, "0")
    assert book["Notes"]["B2"].value == "nothing here"


@pytest.mark.parametrize("name", ["orders.xls", "orders.ods"])
def test_rows_and_columns_of_the_layout_are_those_of_the_fresh_workbook(name: str) -> None:
    content = (FILES / name).read_bytes()
    before, after = read_content(content, name), read_content(as_xlsx(content, name), name)
    assert after.layout == before.layout
    assert after.frame["row"].tolist() == before.frame["row"].tolist()
    assert after.frame["customerId"].tolist() == before.frame["customerId"].tolist()


def test_text_stays_text_and_the_bytes_the_same() -> None:
    row = ("007", "=1+1", "NEW", "1E5", "3", "\u0001 ctrl")
    content = text_of(("Title",), (), HEADER, row).encode()
    made = as_xlsx(content, "orders.csv")
    sheet = opened(made)["Orders"]
    assert [c.value for c in sheet[4]] == [*row[:5], "\ufffd ctrl"]
    assert {c.data_type for c in sheet[4]} == {"s"}
    assert as_xlsx(content, "orders.csv") == made


def test_what_can_be_extended_comes_back_unchanged() -> None:
    content = package(orders_xml(row_xml(2, ORDER)))
    assert as_xlsx(content, "x.xlsx") is content


def test_a_date_of_the_source_is_a_date(tmp_path: Path) -> None:
    sheet = opened(as_xlsx((FILES / "orders.xls").read_bytes(), "orders.xls"))["Orders"]
    assert sheet["A9"].value.date() == date(2026, 3, 4)
