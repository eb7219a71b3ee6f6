"""The scan of a sheet: right values at the right rows, however the XML is written."""

from __future__ import annotations

import io
import re
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from python_calamine import CalamineWorkbook

from flows.workbook.books import opened
from flows.workbook.cells import cell_text
from flows.workbook.read import ReadSheet, read_content
from flows.workbook.table import Wanted
from tests.workbook.raw import (
    HEADER,
    MAIN,
    ORDER,
    orders_xml,
    package,
    row_xml,
    sheet_xml,
    styles_xml,
    text_cell,
)


def read(sheet: str | bytes, parts: dict[str, str | bytes] | None = None, **how: Any) -> ReadSheet:
    return read_content(package(sheet, parts, **how), "orders.xlsx")


def with_cell(cell: str, styles: str = "", **how: Any) -> ReadSheet:
    """An order whose customerId (B2) is this cell."""
    cells = "".join(
        text_cell(t, f"{c}2") for c, t in zip("ACDEF", (*ORDER[:1], *ORDER[2:]), strict=True)
    )
    before, after = cells[: cells.index('<c r="C2"')], cells[cells.index('<c r="C2"') :]
    sheet = orders_xml(f'<row r="2">{before}{cell}{after}</row>')
    return read(sheet, {"xl/styles.xml": styles} if styles else None, **how)


PLAIN = orders_xml(row_xml(2, ORDER) + '<row r="3"/>' + row_xml(5, ORDER))


def prefixed(sheet: str) -> str:
    return re.sub(r"<(/?)(?=[a-z])", r"<\1x:", sheet).replace("xmlns=", "xmlns:x=")


@pytest.mark.parametrize(
    "sheet",
    [
        PLAIN,
        prefixed(PLAIN),
        PLAIN.replace(' ref="A1:F2"', ' ref="A1"'),
        PLAIN.replace(' ref="A1:F2"', ' ref="A1:XFD1048576"'),
        re.sub(r'<c r="[A-Z]+[0-9]+"', "<c", PLAIN),
        re.sub(r'<c r="([A-Z]+[0-9]+)" t="inlineStr"', r'<c t="inlineStr" r="\1"', PLAIN),
        re.sub(r'<c r="([A-Z]+[0-9]+)" t="inlineStr"', r"<c r='\1' t='inlineStr'", PLAIN),
        PLAIN.replace("<c r", "<c\n  r").replace("<row r", "<row\tr"),
        PLAIN.replace('<row r="3"/>', '<row r="3" s="1" customFormat="1"></row><!-- 4 -->'),
        PLAIN.replace('<row r="3"/>', '<row r="3"><c r="A3" s="1"/><c r="XFD3"/></row>'),
        PLAIN.replace('<row r="2">', "<row>").replace('<row r="3"/>', "<row/><row/>"),
        PLAIN.replace("<t>PO-1</t>", "<t><![CDATA[PO-1]]></t>"),
        PLAIN.replace("<t>PO-1</t>", "<t>PO</t><rPh><t>read so</t></rPh><t>-1</t>"),
        PLAIN.replace("<t>PO-1</t>", "<t>PO</t></is><is><t>-1</t>"),
        PLAIN.replace("<t>PO-1</t>", "<t>P&#79;&#x2D;1</t>"),
        PLAIN.replace("</row><row", "</row>\n  <row").replace("<c ", "\n<c "),
        PLAIN.replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
        PLAIN.replace('encoding="UTF-8"', 'encoding="ISO-8859-1"').encode("latin-1"),
        PLAIN + "\n",
        PLAIN.replace(f'<worksheet xmlns="{MAIN}"', f'<worksheet xmlns="{MAIN}" xmlns:y="{MAIN}"')
        .replace('<c r="A5" ', '<y:c r="A5" ')
        .replace("PO-1</t></is></c>", "PO-1</t></is></y:c>")
        .replace("PO-1</t></is></y:c>", "PO-1</t></is></c>", 1),
    ],
)
def test_the_same_sheet_however_it_is_written(sheet: str | bytes) -> None:
    got = read(sheet)
    assert got.frame["row"].tolist() == [2, 5]
    assert got.frame["externalReferenceId"].tolist() == ["PO-1", "PO-1"]
    assert got.frame["currencyCode"].tolist() == ["USD", "USD"]
    assert got.layout.last_column == 6
    assert got.faults == ()


def test_rows_out_of_order_are_a_damaged_file() -> None:
    with pytest.raises(Exception, match="The workbook is damaged"):
        read(orders_xml(row_xml(5, ORDER) + row_xml(2, ORDER)))


@pytest.mark.parametrize(
    ("format_code", "number", "shown"),
    [
        ("00000", "123", "00123"),
        ("00000", "1234567", "1234567"),
        ("000-000", "1234", "001-234"),
        ("000-000", "12345678", "12345-678"),
        ('"P"0000', "12", "P0012"),
        ("\\A000\\-00", "1234", "A012-34"),
        ("0000;[Red]-0000", "7", "0007"),
        ("0", "7", "7"),
        ("#,##0", "1234", "1234"),
        ("0.00", "7", "7"),
        ("0.00E+00", "123456", "123456"),
        ("General", "0", "0"),
    ],
)
def test_an_id_that_is_a_number_is_what_its_format_shows(
    format_code: str, number: str, shown: str
) -> None:
    got = with_cell(f'<c r="B2" s="1"><v>{number}</v></c>', styles_xml(format_code))
    assert got.frame["customerId"].tolist() == [shown]
    assert got.faults == ()


def test_zeros_are_for_ids_and_not_for_quantities() -> None:
    sheet = orders_xml(row_xml(2, ORDER)).replace(
        text_cell("3", "E2"), '<c r="E2" s="1"><v>3</v></c>'
    )
    got = read(sheet, {"xl/styles.xml": styles_xml("000")})
    assert got.frame["quantity"].tolist() == ["3"]


LOST = (
    "customerId was typed as a number of more than 15 digits; Excel keeps only the first 15 and "
    "has replaced the rest by zeros."
)


@pytest.mark.parametrize(
    ("cell", "code", "message"),
    [
        (
            '<c r="B2"><v>1.5</v></c>',
            "ID_NOT_WHOLE",
            "customerId is the number 1.5, which is not whole; an id has no decimals.",
        ),
        (
            '<c r="B2" s="1"><v>46085</v></c>',
            "ID_IS_DATE",
            "customerId is the date 2026-03-04: Excel has made a date of what was typed.",
        ),
        (
            '<c r="B2" t="d"><v>2026-03-04T00:00:00</v></c>',
            "ID_IS_DATE",
            "customerId is the date 2026-03-04: Excel has made a date of what was typed.",
        ),
        (
            '<c r="B2"><v>1.2345678901234567E+18</v></c>',
            "DIGITS_LOST",
            LOST,
        ),
        (
            '<c r="B2" t="e"><v>#N/A</v></c>',
            "CELL_SHOWS_ERROR",
            "customerId shows the error #N/A.",
        ),
        (
            '<c r="B2"><f>A1*2</f></c>',
            "FORMULA_NOT_CALCULATED",
            "customerId holds a formula whose result is not stored in the file.",
        ),
    ],
)
def test_an_id_that_cannot_be_taken_is_said(cell: str, code: str, message: str) -> None:
    (fault,) = with_cell(cell, styles_xml("d\\-mmm")).faults
    assert (fault.code, fault.cell, fault.message) == (code, "B2", message)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="B2"><v>80004567</v></c>', "80004567"),
        ('<c r="B2"><v>8.0004567E7</v></c>', "80004567"),
        ('<c r="B2"><v>999999999999999</v></c>', "999999999999999"),
        ('<c r="B2" t="str"><f>"a"</f><v>80004567E01</v></c>', "80004567E01"),
        ('<c r="B2" t="str"><f>""</f><v></v></c>', ""),
        ('<c r="B2"><f>1+2</f><v>3</v></c>', "3"),
        ('<c r="B2" t="b"><v>1</v></c>', "TRUE"),
        ('<c r="B2" t="b"><f>A1=A1</f><v>0</v></c>', "FALSE"),
        ('<c r="B2" t="inlineStr"><is><r><t>P1</t></r><r><t>005</t></r></is></c>', "P1005"),
        ('<c r="B2" t="str"><v>a_x000D_b &amp; c</v></c>', "a\rb & c"),
        ('<c r="B2" t="str"><v xml:space="preserve"> P1 </v></c>', "P1"),
    ],
)
def test_a_cell_is_what_it_shows(cell: str, text: str) -> None:
    got = with_cell(cell)
    assert (got.frame["customerId"].tolist(), got.faults) == ([text], ())


@pytest.mark.parametrize(
    ("properties", "serial", "text"),
    [
        ("", "46085", "2026-03-04"),
        ('<workbookPr date1904="1"/>', "44623", "2026-03-04"),
        ('<workbookPr date1904="true"/>', "44623.5", "2026-03-04 12:00:00"),
        ("", "59", "1900-02-28"),
        ("", "61", "1900-03-01"),
        ("", "0.5", "12:00:00"),
        ("", "-1", "-1"),
    ],
)
def test_dates_of_both_calendars_are_iso_dates(properties: str, serial: str, text: str) -> None:
    sheet = orders_xml(row_xml(2, ORDER)).replace(
        text_cell("3", "E2"), f'<c r="E2" s="1"><v>{serial}</v></c>'
    )
    parts = {"xl/styles.xml": styles_xml("dd/mm/yyyy")}
    assert read(sheet, parts, properties=properties).frame["quantity"].tolist() == [text]


def test_hidden_rows_are_orders_and_named() -> None:
    rows = "".join(
        row_xml(n, (f"PO-{n}", *ORDER[1:]), ' hidden="1"' if n in {3, 5, 6} else "")
        for n in range(2, 8)
    )
    got = read(orders_xml(rows))
    assert got.frame["row"].tolist() == [2, 3, 4, 5, 6, 7]
    assert got.notes == ("Rows 3, 5 and 6 are hidden and were read like any other.",)


def test_one_hidden_row_and_many_are_named() -> None:
    one = read(orders_xml(row_xml(2, ORDER, ' hidden="true"')))
    assert one.notes == ("Row 2 is hidden and was read like any other.",)
    many = read(orders_xml("".join(row_xml(n, ORDER, ' hidden="1"') for n in range(2, 14))))
    assert many.notes == (
        "Rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more are hidden and were read like any other.",
    )


def test_a_hidden_row_that_is_no_order_is_not_named() -> None:
    got = read(orders_xml(row_xml(2, ORDER) + row_xml(4, ("Total",), ' hidden="1"')))
    assert got.notes == (
        "Row 4 below the orders of orders.xlsx holds no order and was left alone.",
    )


def test_something_far_out_costs_nothing_but_its_own_room() -> None:
    far = '<row r="1048576"><c r="XEA1048576"><v>1</v></c></row>'
    got = read(orders_xml(row_xml(2, ORDER) + far))
    assert (got.layout.last_column, got.layout.left_alone) == (16_355, (1_048_576,))


def test_shared_texts_simple_and_rich() -> None:
    cells = "".join(f'<c r="{c}2" t="s"><v>{i}</v></c>' for i, c in enumerate("ABCDEF"))
    rich = [*(f"<si><t>{t}</t></si>" for t in ORDER[1:])]
    for first in (
        "<si><t>PO-1</t></si>",
        '<si><t xml:space="preserve"> PO-1\u00a0</t></si>',
        "<si><r><rPr><b/></rPr><t>PO</t></r><r><t>-1</t></r><rPh sb='0' eb='1'><t>x</t></rPh></si>",
        "<si><!-- a comment --><t>PO-1</t></si>",
    ):
        strings = f'<sst xmlns="{MAIN}">{first}{"".join(rich)}</sst>'
        got = read(orders_xml(f'<row r="2">{cells}</row>'), {"xl/sharedStrings.xml": strings})
        assert got.frame.loc[0, list(HEADER)].tolist() == list(ORDER)


def test_a_shared_text_that_is_not_there_is_a_damaged_file() -> None:
    with pytest.raises(Exception, match="The workbook is damaged"):
        with_cell('<c r="B2" t="s"><v>7</v></c>')


def test_a_header_with_line_breaks_and_blanks_is_understood() -> None:
    header = ("PO\nnumber", "Customer  ID", "order\u00a0type", " SKU ", "Qty", "Currency\u202fcode")
    got = read(sheet_xml(row_xml(1, ("Title",)) + row_xml(3, header) + row_xml(4, ORDER)))
    assert got.layout.header_row == 3
    assert got.frame.loc[0, list(HEADER)].tolist() == list(ORDER)


values = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=8),
    st.integers(-(10**14), 10**14),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    st.datetimes(datetime(1901, 1, 1), datetime(2099, 1, 1)).map(  # noqa: DTZ001
        lambda moment: moment.replace(microsecond=0)
    ),
    st.dates(date(1901, 1, 1), date(2099, 1, 1)),
)


@given(st.lists(st.lists(values, min_size=1, max_size=5), min_size=1, max_size=6))
def test_the_scan_agrees_with_calamine(rows: list[list[Any]]) -> None:
    book = Workbook()
    assert book.active is not None
    for row, cells in enumerate(rows, start=1):
        for column, value in enumerate(cells, start=1):
            cell = book.active.cell(row, column, value)
            if isinstance(value, str):
                cell.data_type = "s"
    stream = io.BytesIO()
    book.save(stream)
    theirs = CalamineWorkbook.from_filelike(io.BytesIO(stream.getvalue())).get_sheet_by_index(0)
    expected = {
        (row, column): cell_text(value)
        for row, cells in enumerate(theirs.to_python(skip_empty_area=False), start=1)
        for column, value in enumerate(cells, start=1)
        if cell_text(value)
    }
    with opened(stream.getvalue(), "b.xlsx") as ours:
        table = ours.table(ours.sheets[0], Wanted((1, 2, 3, 4, 5)))
    found = {
        (row, column): texts[place]
        for column, texts in table.texts.items()
        for place, row in enumerate(table.rows)
        if texts[place]
    }
    assert found == expected
