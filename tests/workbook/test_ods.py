"""What an .ods can hold beyond what LibreOffice makes of an .xlsx, in either way of reading it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.workbook.errors import NotAWorkbook
from flows.workbook.read import ReadSheet, read_content
from tests.workbook.ods_made import SPACES, cell, ods, row, table
from tests.workbook.raw import HEADER, ORDER

TITLES = row(*HEADER, "discountCode")
INSTRUCTION = "<?any program may write this?>"
"""Makes the file one of the shape that is read element by element."""

WAYS = pytest.mark.parametrize("opening", ["", INSTRUCTION], ids=["by rows", "by elements"])


def read(*rows: str, opening: str = "", styles: str = "", behind: str = "") -> ReadSheet:
    body = table([TITLES, *rows]) + behind
    return read_content(ods(body, opening=opening, styles=styles), "x.ods")


def order(discount: str = "", **changed: str) -> str:
    texts = {**dict(zip(HEADER, ORDER, strict=True)), **changed}
    return row(*texts.values(), discount or cell(attributes=""))


@WAYS
@pytest.mark.parametrize(
    ("discount", "code", "shown"),
    [
        (
            cell(
                "#N/A",
                'table:formula="of:=NA()" office:value-type="string" '
                'office:string-value="" calcext:value-type="error"',
            ),
            "CELL_SHOWS_ERROR",
            "#N/A",
        ),
        (
            cell("#N/A", 'table:formula="of:=NA()" office:value-type="string"'),
            "CELL_SHOWS_ERROR",
            "#N/A",
        ),
        (cell("#DIV/0!"), "CELL_SHOWS_ERROR", "#DIV/0!"),
        (
            cell("Err:502", 'table:formula="of:=X" office:value-type="string"'),
            "CELL_SHOWS_ERROR",
            "Err:502",
        ),
        (cell("", 'table:formula="of:=A1"'), "FORMULA_NOT_CALCULATED", ""),
        (
            cell("", 'table:formula="of:=A1" office:value-type="float"'),
            "FORMULA_NOT_CALCULATED",
            "",
        ),
        (
            cell("", 'table:formula="of:=A1" office:value-type="string"'),
            "FORMULA_NOT_CALCULATED",
            "",
        ),
    ],
)
def test_errors_and_formulas_without_a_value_are_held(
    opening: str, discount: str, code: str, shown: str
) -> None:
    got = read(order(discount), opening=opening)
    assert [(f.cell, f.code, f.value) for f in got.faults] == [("G2", code, shown)]


@WAYS
def test_texts_are_what_is_shown(opening: str) -> None:
    several = (
        '<table:table-cell office:value-type="string"><text:p>one</text:p><text:p>two'
        "</text:p></table:table-cell>"
    )
    noted = (
        '<table:table-cell office:value-type="string"><office:annotation><text:p>my note</text:p>'
        '</office:annotation><text:p>PO<text:s text:c="2"/>7 <text:span>&amp;</text:span>\n  8'
        "</text:p></table:table-cell>"
    )
    formula = 'table:formula="of:=&quot;&quot;"'
    empty_texts = (
        f"<table:table-cell {formula}><text:p/></table:table-cell>",
        f'<table:table-cell {formula} office:value-type="string"><text:p/></table:table-cell>',
        cell("", f'{formula} office:value-type="string" office:string-value=""'),
    )
    got = read(
        order(several),
        row(noted, *ORDER[1:], "Err:502"),
        *(row("NA", *ORDER[1:], empty_text) for empty_text in empty_texts),
        opening=opening,
    )
    assert got.frame["discountCode"].tolist() == ["one\ntwo", "Err:502", "", "", ""]
    assert got.frame["externalReferenceId"].tolist() == ["PO-1", "PO  7 & 8", "NA", "NA", "NA"]
    assert got.faults == ()


@WAYS
def test_a_text_formula_that_was_never_calculated_is_held_with_a_sentence(opening: str) -> None:
    never = cell("", 'table:formula="of:=A1" office:value-type="string"')
    got = read(order(never), opening=opening)
    assert [(f.message, f.hint) for f in got.faults] == [
        (
            "discountCode holds a formula whose result is not stored in the file.",
            "Open the workbook in Excel, save it and drop it again.",
        )
    ]


def test_the_empty_texts_that_libreoffice_calculated_stay_empty() -> None:
    file = Path(__file__).parent / "files" / "empty-texts.ods"
    got = read_content(file.read_bytes(), "x.ods")
    assert got.frame["discountCode"].tolist() == ["", "", "ABC"]
    assert got.faults == ()


@WAYS
def test_a_million_empty_rows_cost_nothing_and_are_counted(opening: str) -> None:
    empty = row(
        cell(attributes='table:number-columns-repeated="16384"'),
        attributes='table:number-rows-repeated="1000000"',
    )
    got = read(empty, order(), opening=opening)
    assert got.frame["row"].tolist() == [1_000_002]


@WAYS
def test_rows_that_say_the_same_again_and_hidden_ones(opening: str) -> None:
    again = row(*ORDER, attributes='table:number-rows-repeated="2"')
    filtered = row(*ORDER, attributes='table:visibility="filter"')
    collapsed = row(*ORDER, attributes='table:visibility="collapse"')
    got = read(again, filtered, collapsed, opening=opening)
    assert got.frame["row"].tolist() == [2, 3, 4, 5]
    assert got.notes == ("Rows 4 and 5 are hidden and were read like any other.",)


@WAYS
def test_what_repeats_without_end_is_refused(opening: str) -> None:
    wide = cell("x", 'office:value-type="string" table:number-columns-repeated="16384"')
    with pytest.raises(NotAWorkbook) as refused:
        read(order(), row(wide, attributes='table:number-rows-repeated="1000"'), opening=opening)
    assert str(refused.value) == (
        "A sheet repeats the same cells more than 1,500,000 times; keep only the orders in it and "
        "drop it again."
    )


@WAYS
def test_merged_cells_and_what_they_cover(opening: str) -> None:
    first = cell("P1005053401", 'office:value-type="string" table:number-rows-spanned="2"')
    covered = (
        '<table:covered-table-cell office:value-type="string"><text:p>old</text:p>'
        "</table:covered-table-cell>"
    )
    got = read(
        order(customerId=first),
        order(externalReferenceId="PO-2", customerId=covered),
        opening=opening,
    )
    assert got.frame["customerId"].tolist() == ["P1005053401"] * 2
    assert got.faults == ()


@WAYS
def test_zeros_of_the_style_of_a_column(opening: str) -> None:
    styles = (
        '<number:number-style style:name="N1"><number:number number:decimal-places="0" '
        'number:min-integer-digits="6"><number:embedded-text number:position="3">-'
        "</number:embedded-text></number:number></number:number-style>"
        '<style:style style:name="parent" style:family="table-cell" style:data-style-name="N1"/>'
        '<style:style style:name="ce1" style:family="table-cell" style:parent-style-name="parent"'
        "/>"
    )
    columns = '<table:table-column table:default-cell-style-name="ce1"/><table:table-column/>'
    number = cell("012-345", 'office:value-type="float" office:value="12345"')
    body = table([columns, TITLES, order(externalReferenceId=number)])
    got = read_content(ods(body, styles=styles, opening=opening), "x.ods")
    assert got.frame["externalReferenceId"].tolist() == ["012-345"]


@WAYS
@pytest.mark.parametrize("column", ["$G$1:.$G$1048576", "$G:.$G"])
def test_our_own_columns_are_known_again(opening: str, column: str) -> None:
    titles = row(*HEADER, "Order ID")
    behind = (
        '<table:named-expressions><table:named-range table:name="_orderdrop.Order_ID" '
        f"table:cell-range-address=\"$'My orders'.{column}\"/></table:named-expressions>"
    )
    body = table([titles, row(*ORDER, "9120100")], "My orders") + behind
    got = read_content(ods(body, opening=opening), "x.ods")
    assert got.layout.result_columns == {"Order ID": 7}
    assert got.frame["earlierOrderId"].tolist() == ["9120100"]


@WAYS
def test_comments_and_rows_without_cells_change_nothing(opening: str) -> None:
    comment = "<!-- <table:table-row> -->"
    got = read(
        "<table:table-row/>" * 3 + comment,
        order(externalReferenceId=cell(f"PO-{comment}9")),
        '<table:table-row table:number-rows-repeated="2"/>',
        order(),
        opening=opening + comment,
    )
    assert got.frame["externalReferenceId"].tolist() == ["PO-9", "PO-1"]
    assert got.frame["row"].tolist() == [5, 8]


@WAYS
def test_what_a_sheet_of_another_file_held_is_no_sheet(opening: str) -> None:
    kept = table([TITLES, order(externalReferenceId="PO-9")], "'file:///tmp/a.ods'#Orders")
    got = read(order(), opening=opening, behind=kept)
    assert got.frame["externalReferenceId"].tolist() == ["PO-1"]


def test_other_prefixes_mean_the_same() -> None:
    body = table([TITLES, order()]).replace("table:", "t:").replace("text:", "x:")
    spaces = SPACES.replace("xmlns:table", "xmlns:t").replace("xmlns:text", "xmlns:x")
    got = read_content(ods(body, spaces=spaces), "x.ods")
    assert got.frame.loc[0, list(HEADER)].tolist() == list(ORDER)
