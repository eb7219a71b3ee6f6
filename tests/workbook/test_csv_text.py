"""Text with separators: encodings, separators, quotes; every cell exactly as it stands."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.workbook.csv_text import csv_rows
from flows.workbook.errors import NotAWorkbook
from flows.workbook.read import read_content
from tests.workbook.raw import HEADER, ORDER


def text_of(*rows: tuple[str, ...], separator: str = ",", end: str = "\r\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end).writerows(rows)
    return out.getvalue()


NAMES = ("Müller € GmbH", *ORDER[1:])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_every_encoding_and_separator(encoding: str, separator: str) -> None:
    marks = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    text = text_of(HEADER, NAMES, separator=separator)
    content = marks.get(encoding, b"") + text.encode(encoding)
    got = read_content(content, "orders.csv")
    assert got.frame.loc[0, list(HEADER)].tolist() == list(NAMES)
    assert (got.layout.sheet, got.layout.header_row) == ("Orders", 1)


def test_row_numbers_are_excels_over_blank_lines_and_line_breaks_in_fields() -> None:
    content = text_of(("Orders\nfor May",), (), HEADER, ORDER, (), (), ORDER)
    got = read_content(content.encode(), "orders.csv")
    assert got.frame["row"].tolist() == [4, 7]


def test_everything_is_text_as_it_stands() -> None:
    row = ("007", "8E5", "NEW", "=1+1", "1.0", "NA")
    got = read_content(text_of(HEADER, row).encode(), "orders.csv")
    assert got.frame.loc[0, list(HEADER)].tolist() == list(row)
    assert got.faults == ()


def test_commas_in_the_fields_of_a_file_with_semicolons() -> None:
    row = ("PO 1, 2, 3", *ORDER[1:])
    got = read_content(text_of(HEADER, row, separator=";").encode(), "orders.csv")
    assert got.frame["externalReferenceId"].tolist() == ["PO 1, 2, 3"]


def test_a_first_line_that_names_the_separator_is_no_row_as_in_excel() -> None:
    content = "sep=;\r\n" + text_of(HEADER, ORDER, separator=";")
    got = read_content(content.encode(), "orders.csv")
    assert (got.layout.header_row, got.frame["row"].tolist()) == (1, [2])


def test_text_under_the_name_of_a_workbook_is_read_as_text() -> None:
    assert len(read_content(text_of(HEADER, ORDER).encode(), "orders.xlsx").frame) == 1


def test_a_field_without_end_is_said() -> None:
    content = text_of(HEADER, ORDER) + '"' + "x" * (1 << 20) + ",y"
    with pytest.raises(NotAWorkbook, match="perhaps a quotation mark is missing"):
        read_content(content.encode(), "orders.csv")


fields = st.text(st.sampled_from('ab,;\t"\n ='), max_size=5)


@given(st.lists(st.lists(fields, min_size=3, max_size=3), min_size=1, max_size=5))
def test_fields_come_back_as_they_were_written(rows: list[list[str]]) -> None:
    heading = ("one", "two", "three")
    content = text_of(*[heading] * 20, *map(tuple, rows)).encode()
    assert [fields for _, fields in csv_rows(content)][20:] == rows
