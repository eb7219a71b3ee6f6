"""What other programs write, and what exactly stands there afterwards."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import load_workbook

from flows.workbook.areas import Area
from flows.workbook.markup import Part, utf8
from flows.workbook.reconcile import reconcile
from flows.workbook.relations import TRANSITIONAL
from flows.workbook.style_book import StyleBook
from schemas.outcomes import RowAnswer, State
from tests.workbook.hand_made import MAIN, SHEET, STYLES, Features, layout_of, made, packed
from tests.workbook.taking_out import parts_of
from tests.workbook.test_lossless import assert_whole, faults_for, settled
from tests.workbook.test_reconcile import summary

DONE = RowAnswer(2, State.DONE, "Ordered", order_id="007")


def done(
    features: Features, *cells: str, answers: tuple[RowAnswer, ...] = (DONE,)
) -> dict[str, bytes]:
    source = made(features)
    output = reconcile(source, layout_of(features), answers, faults_for([*cells]), summary())
    assert_whole(source, output)
    return parts_of(output)


def edited(features: Features, part: str, before: str, after: str) -> bytes:
    parts = parts_of(made(features))
    assert before.encode() in parts[part]
    parts[part] = parts[part].replace(before.encode(), after.encode())
    return packed(parts)


def answered(source: bytes, features: Features, *answers: RowAnswer) -> dict[str, bytes]:
    return parts_of(reconcile(source, layout_of(features), answers or (DONE,), [], summary()))


def test_a_prefix_is_taken_over() -> None:
    sheet = done(Features(prefix="x:"))[SHEET]
    assert re.search(
        rb'<x:c  r="F2" s="\d+" t="inlineStr"><x:is><x:t>Ordered</x:t></x:is></x:c>', sheet
    )
    assert b"<c " not in sheet


def test_rows_and_cells_without_addresses_are_counted() -> None:
    sheet = done(Features(addresses=False), "D2")[SHEET]
    assert re.search(rb'<c\ts="\d+"><v>2</v></c>', sheet)
    assert re.search(rb'</c><c  r="F2" s="\d+" t="inlineStr"><is><t>Ordered</t></is></c>', sheet)


def test_a_row_without_cells_is_opened() -> None:
    features = Features(rows=2)
    source = edited(features, SHEET, "</sheetData>", '<row r="5"/></sheetData>')
    layout = layout_of(features)
    output = reconcile(source, layout, [replace(DONE, row=5)], [], summary())
    sheet = parts_of(output)[SHEET]
    assert re.search(rb'<row r="5"><c  r="F5" .*</c><c  r="G5" .*</row ></sheetData>', sheet)
    assert_whole(source, output)


def test_a_row_that_is_missing_is_put_in_where_it_belongs() -> None:
    features = Features(rows=2)
    source = edited(features, SHEET, "</sheetData>", '<row r="9"/></sheetData>')
    output = reconcile(source, layout_of(features), [replace(DONE, row=6)], [], summary())
    sheet = parts_of(output)[SHEET]
    assert re.search(rb'</row><row  r="6"><c  r="F6" .*</row><row r="9"/></sheetData>', sheet)
    assert_whole(source, output)


def test_a_wrong_dimension_is_mended_and_kept_beside() -> None:
    sheet = done(Features(dimension="A1", seed=3))[SHEET]
    found = re.search(rb"<!--Orderdrop: (<dimension [^>]*>)--><dimension  ref=.A1:R4./>", sheet)
    assert found
    assert b"A1" in found[1]


def test_an_error_to_the_right_of_the_orders_is_never_written_over() -> None:
    features = Features()
    error = '<c r="H3" t="e"><v>#N/A</v></c></row>'
    sheet = parts_of(made(features))[SHEET].decode()
    third = sheet.index("</row>", sheet.index("PO-3"))
    parts = parts_of(made(features))
    parts[SHEET] = (sheet[:third] + error + sheet[third + len("</row>") :]).encode()
    output = answered(packed(parts), features)[SHEET]
    assert b'<c r="H3" t="e"><v>#N/A</v></c></row>' in output
    assert b'<c  r="I1" ' in output
    assert b'<c  r="F1" ' not in output


def test_empty_cells_in_the_way_are_kept_beside() -> None:
    sheet = done(Features(blanks_beyond=True))[SHEET]
    assert re.search(rb"<!--Orderdrop: <c [^>]*F2[^>]*/>--><c  r=\"F2\" ", sheet)


def test_a_fault_marks_a_cell_in_place_and_a_missing_one_in_order() -> None:
    parts = done(Features(quantities=False), "A2", "D2")
    sheet = parts[SHEET]
    assert re.search(rb'65310542CA02A12</t></is></c><c  r="D2" s="\d+"/><c ', sheet)
    assert b'name="Orderdrop fault 1, was Normal"' in parts["xl/styles.xml"]
    assert b'name="Orderdrop fault 0, was Normal"' in parts["xl/styles.xml"]


def test_a_low_row_is_raised_and_its_height_kept_beside() -> None:
    features = Features(rows=2)
    parts = parts_of(made(features))
    parts[SHEET] = re.sub(rb"<row([^>]*2[^>]*)>(?=<c[^>]*A2)", rb'<row\1 ht="9">', parts[SHEET])
    assert b' ht="9">' in parts[SHEET]
    long = replace(DONE, what_happened="word " * 30)
    output = reconcile(packed(parts), layout_of(features), [long], [], summary())
    sheet = parts_of(output)[SHEET]
    assert re.search(rb'<!--Orderdrop: <row [^>]* ht="9">--><row  [^>]* ht="\d+(\.\d)?"', sheet)
    assert_whole(packed(parts), output)


def test_a_row_that_is_high_enough_stays() -> None:
    features = Features(heights=True, seed=5, rows=5)
    assert b"400" in parts_of(made(features))[SHEET]
    long = tuple(replace(DONE, row=row, what_happened="word " * 30) for row in range(2, 7))
    output = done(features, answers=long)[SHEET]
    assert output.count(b"400") == parts_of(made(features))[SHEET].count(b"400")


def test_columns_hidden_to_the_far_right_are_split() -> None:
    sheet = done(Features(cols='<col min="2" max="16384" width="9" hidden="1"/>'))[SHEET]
    assert b'--><col  min="2" max="5" width="9" hidden="1"/><col  min="6" max="6" ' in sheet
    assert b'<col  min="19" max="16384" width="9" hidden="1"/></cols>' in sheet


def test_a_table_with_totals_grows_and_the_totals_row_gets_no_answer() -> None:
    features = Features(table=True, totals=True)
    parts = done(features)
    table = parts["xl/tables/table1.xml"].decode()
    assert 'ref="A1:R5" totalsRowCount="1"><autoFilter ref="A1:R4"/>' in table
    assert '<tableColumns count="18">' in table
    assert '<tableColumn  id="16" name="Result"/>' in table
    assert '<tableColumn  id="28" name="Answered at"/></tableColumns>' in table
    assert b'r="F5"' not in parts[SHEET]


def test_the_filter_and_the_print_area_reach_to_our_columns() -> None:
    parts = done(Features(filtered=True, print_area=True))
    assert re.search(rb"--><autoFilter  ref=.A1:R4./>", parts[SHEET])
    assert b"'My orders'!$A$1:$R$4</definedName>" in parts["xl/workbook.xml"]
    assert b"<!--Orderdrop: <definedName" in parts["xl/workbook.xml"]


def test_a_users_note_keeps_its_runs_and_ours_stands_below() -> None:
    parts = done(Features(notes=True), "D2")
    comments = parts["xl/comments1.xml"].decode()
    assert "<r><rPr><b/></rPr><t>Sam:</t></r>" in comments
    assert " check &quot;this&quot;\n\n――― Orderdrop ―――\nIt is wrong.\nMend it.\n" in comments
    assert parts["xl/drawings/vmlDrawing1.vml"].count(b"<v:shape ") == 1 + 13


def test_a_conversation_stays_as_it_is_and_gets_no_note() -> None:
    parts = done(Features(threaded=True), "B2")
    assert b"<text><t>[Threaded comment]</t></text>" in parts["xl/comments1.xml"]
    assert parts["xl/comments1.xml"].count(b'ref="B2"') == 1
    assert b"It is wrong." not in parts["xl/comments1.xml"]


def test_a_new_drawing_for_notes_stands_before_tables_and_extensions() -> None:
    sheet = done(Features(table=True, extras=True))[SHEET]
    assert re.search(rb'<legacyDrawing  r:id="rId\d+"/><tableParts', sheet)


def test_only_the_order_sheet_is_selected() -> None:
    parts = done(Features(second_open=True))
    assert b'<workbookView  activeTab="0"/>' in parts["xl/workbook.xml"]
    assert b' tabSelected="0"/></sheetViews>' in parts["xl/worksheets/sheet2.xml"]
    assert b'tabSelected="1"' in parts[SHEET]


def test_days_count_from_1904_where_the_workbook_says_so() -> None:
    features = Features()
    source = edited(
        features, "xl/workbook.xml", "<bookViews>", '<workbookPr date1904="1"/><bookViews>'
    )
    when = replace(DONE, answered_at=summary().finished_at)
    sheet = answered(source, features, when)[SHEET]
    assert re.search(rb'<c  r="R2" s="\d+"><v>44742\.583333\d*</v></c>', sheet)


def test_text_that_looks_like_excels_escapes_stays() -> None:
    answer = replace(DONE, error_code="PO_x0041_1")
    sheet = done(Features(), answers=(answer,))[SHEET]
    assert b"<t>PO_x005F_x0041_1</t>" in sheet


def test_a_sheet_in_utf_16_is_answered_in_utf_8() -> None:
    features = Features()
    parts = parts_of(made(features))
    text = parts[SHEET].decode().replace("UTF-8", "UTF-16")
    sheet = answered(packed(parts | {SHEET: text.encode("utf-16")}), features)[SHEET]
    assert sheet.startswith(b'<?xml version="1.0" encoding="UTF-8"')
    assert b"<t>Ordered</t>" in sheet


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "iso-8859-1"])
def test_other_encodings_become_utf_8(encoding: str) -> None:
    name = "UTF-16" if "16" in encoding else encoding
    text = f'<?xml version="1.0" encoding="{name}"?><a>Zürich</a>'
    raw = text.encode(encoding)
    pieces = [raw[:101], raw[101:]] if "16" in encoding else [raw]
    assert b"".join(utf8(pieces)) == text.replace(name, "UTF-8").encode()


def test_columns_that_the_user_moved_are_written_where_they_are() -> None:
    features = Features()
    first = reconcile(made(features), layout_of(features), [DONE], [], summary())
    ours = settled(layout_of(features)).result_columns
    moved = {**ours, "Result": ours["Order ID"], "Order ID": ours["Result"]}
    layout = settled(layout_of(features)).model_copy(update={"result_columns": moved})
    sheet = load_workbook(BytesIO(reconcile(first, layout, [DONE], [], summary())))["My orders"]
    assert (sheet["F2"].value, sheet["G2"].value) == ("007", "Ordered")


def test_formulas_in_our_columns_take_the_calculation_order_with_them() -> None:
    features = Features()
    first = parts_of(reconcile(made(features), layout_of(features), [DONE], [], summary()))
    first[SHEET] = re.sub(rb'<c  r="F3"[^>]*/>|(?=<c  r="F2")', b"", first[SHEET]).replace(
        b'<c  r="F2"', b'<c r="F2"><f>1+1</f><v>2</v></c><!-- --><c  r="F2x"', 1
    )
    first[SHEET] = re.sub(rb'<!-- --><c  r="F2x".*?</c>', b"", first[SHEET])
    chain = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain"
    first["xl/calcChain.xml"] = f'<calcChain xmlns="{MAIN}"><c r="F2" i="4"/></calcChain>'.encode()
    links = "xl/_rels/workbook.xml.rels"
    relation = f'<Relationship Id="rId99" Type="{chain}" Target="calcChain.xml"/></Relationships>'
    first[links] = first[links].replace(b"</Relationships>", relation.encode())
    layout = settled(layout_of(features))
    again = parts_of(reconcile(packed(first), layout, [DONE], [], summary()))
    assert "xl/calcChain.xml" not in again
    assert b"calcChain" not in again[links]


def test_untouched_parts_are_copied_still_compressed() -> None:
    features = Features()
    source = made(features)
    output = reconcile(source, layout_of(features), [DONE], [], summary())
    with ZipFile(BytesIO(source)) as before, ZipFile(BytesIO(output)) as after:
        assert after.testzip() is None
        old, new = before.getinfo("xl/media/kept.bin"), after.getinfo("xl/media/kept.bin")
        assert (new.compress_type, new.compress_size, new.CRC, new.date_time) == (
            ZIP_DEFLATED,
            old.compress_size,
            old.CRC,
            old.date_time,
        )


def test_macros_and_signatures_stay() -> None:
    features = Features()
    kept = {"xl/vbaProject.bin": b"\x00macro", "_xmlsignatures/sig1.xml": b"<Signature  a='1'/>"}
    output = answered(packed(parts_of(made(features)) | kept), features)
    assert {name: output[name] for name in kept} == kept


def test_a_mark_is_taken_off_also_when_excel_has_numbered_the_formats_anew() -> None:
    book = StyleBook(STYLES.format(main=MAIN).encode(), TRANSITIONAL)
    mark = book.mark(1, warning=False)
    content = book.done()
    part = Part(content)
    formats = part.root.child("cellXfs")
    assert formats is not None
    xfs = [part.raw(xf) for xf in formats.children]
    turned = b"".join([xfs[0], *reversed(xfs[1:])])
    renumbered = content.replace(b"".join(xfs), turned)
    again = StyleBook(renumbered, TRANSITIONAL)
    place = len(xfs) - mark
    assert again.marked == {place}
    assert again.unmarked(place) == len(xfs) - 1


def test_areas_are_read_and_written() -> None:
    assert Area.parse("$A$2:$AA$9") == Area(2, 1, 9, 27)
    assert str(Area(2, 1, 9, 27)) == "A2:AA9"
    assert Area.parse("A:E") is None
