"""Workbooks that other programs made: read right, answered, and nothing of theirs is harmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from flows.workbook.read import ReadSheet, read_content
from flows.workbook.reconcile import reconcile
from schemas.columns import RESULT_COLUMNS
from schemas.faults import Fault
from schemas.outcomes import RowAnswer, State
from tests.workbook.hand_made import LINKS, packed
from tests.workbook.made_by_others import by_hand, with_libreoffice, with_openpyxl, with_xlsxwriter
from tests.workbook.made_by_others.book import Made
from tests.workbook.programs import Finding, saved_by_libreoffice, validated
from tests.workbook.taking_out import parts_of
from tests.workbook.test_lossless import assert_whole
from tests.workbook.test_reconcile import WHEN, summary

MAKERS = {
    f"{maker}: {what}": make
    for maker, books in (
        ("XlsxWriter", with_xlsxwriter.BOOKS),
        ("openpyxl", with_openpyxl.BOOKS),
        ("LibreOffice", with_libreoffice.BOOKS),
        ("by hand", by_hand.BOOKS),
    )
    for what, make in books.items()
}


pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")


@dataclass(frozen=True, slots=True)
class Answered:
    """A workbook made by others and its reconciled workbook."""

    made: Made
    read: ReadSheet
    output: bytes


def _answers(read: ReadSheet) -> list[RowAnswer]:
    """The last row is held, the others ordered."""
    rows = read.frame["row"].tolist()
    done = [
        RowAnswer(row, State.DONE, "Ordered", order_id=f"0{row}", answered_at=WHEN)
        for row in rows[:-1]
    ]
    what = "The quantity is wrong. " * 6
    return [*done, RowAnswer(rows[-1], State.HELD, "Held", what_happened=what)]


def _faults(read: ReadSheet) -> list[Fault]:
    """Three wrong cells: in the first row's quantity, in the last one's quantity and customer."""
    rows = read.frame["row"].tolist()
    return [
        Fault(
            sheet=read.layout.sheet,
            row=row,
            column=column,
            title=column,
            cell=read.layout.cell(column, row),
            value="",
            code="CODE",
            message="It is wrong.",
            hint="Mend it.",
        )
        for row, column in (
            (rows[0], "quantity"),
            (rows[-1], "quantity"),
            (rows[-1], "customerId"),
        )
    ]


@cache
def answered(maker: str) -> Answered:
    """The workbook with answers and marks in it."""
    made = MAKERS[maker]()
    read = read_content(made.content, made.name)
    output = reconcile(made.content, read.layout, _answers(read), _faults(read), summary())
    return Answered(made, read, output)


def texts(read: ReadSheet, columns: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """What was read, by Excel's row numbers."""
    frame = read.frame
    values = zip(*(frame[column] for column in columns), strict=True)
    return dict(zip(frame["row"].tolist(), values, strict=True))


@pytest.mark.parametrize("maker", MAKERS)
def test_it_is_read_right(maker: str) -> None:
    it = answered(maker)
    assert texts(it.read, it.made.columns) == it.made.rows
    assert it.read.faults == ()
    assert it.read.layout.sheet == it.made.sheet
    assert it.read.layout.left_alone == it.made.left_alone
    assert it.read.layout.result_columns == {}


@pytest.mark.parametrize("maker", MAKERS)
def test_what_we_put_in_can_be_taken_out_and_the_rest_is_as_it_was(maker: str) -> None:
    it = answered(maker)
    assert_whole(it.made.content, it.output)
    before, after = parts_of(it.made.content), parts_of(it.output)
    for part in it.made.bears:
        assert after[part] == before[part], part


@pytest.mark.parametrize("maker", MAKERS)
def test_dropped_in_again_it_is_read_the_same_and_answered_again(maker: str) -> None:
    it = answered(maker)
    read = read_content(it.output, it.made.name)
    assert texts(read, it.made.columns) == it.made.rows
    assert read.layout.left_alone == it.made.left_alone
    assert set(read.layout.result_columns) == set(RESULT_COLUMNS)
    ids = [answer.order_id or "" for answer in _answers(read)]
    assert read.frame["earlierOrderId"].tolist() == ids
    again = reconcile(it.output, read.layout, _answers(read)[:1], _faults(read)[1:], summary())
    assert_whole(it.made.content, again)
    assert texts(read_content(again, it.made.name), it.made.columns) == it.made.rows


@pytest.mark.parametrize("maker", MAKERS)
def test_openpyxl_opens_it_with_the_answers_beside_the_rows(maker: str) -> None:
    it = answered(maker)
    before = load_workbook(BytesIO(it.made.content), keep_vba=it.made.macros)
    after = load_workbook(BytesIO(it.output), keep_vba=it.made.macros)
    assert after.sheetnames[: len(before.sheetnames)] == before.sheetnames
    assert_answered(it, it.output)
    for place in read_content(it.output, it.made.name).layout.result_columns.values():
        dimensions = after[it.made.sheet].column_dimensions
        assert not dimensions[get_column_letter(place)].hidden
    for theirs in before.worksheets:
        again = after[theirs.title]
        held = (cell for row in theirs.iter_rows() for cell in row if cell.value is not None)
        for cell in held:
            assert _value(again[cell.coordinate]) == _value(cell)
        assert str(again.data_validations.dataValidation) == str(
            theirs.data_validations.dataValidation
        )
        assert len(again.conditional_formatting) == len(theirs.conditional_formatting)
        assert len(again._charts) == len(theirs._charts)
        assert again.protection.sheet == theirs.protection.sheet
    assert bool(after.security and after.security.lockStructure) == bool(
        before.security and before.security.lockStructure
    )


def _value(cell: Any) -> object:
    """The value, or the formula of an array."""
    return getattr(cell.value, "text", cell.value)


def assert_answered(it: Answered, content: bytes) -> None:
    """Each answer stands beside its row, under the header of its column."""
    book = load_workbook(BytesIO(content))
    sheet = book[it.made.sheet]
    titles = [cell.value for cell in sheet[it.read.layout.header_row]]
    for answer in _answers(it.read):
        row = dict(zip(titles, (cell.value for cell in sheet[answer.row]), strict=False))
        found = tuple(row[name] or "" for name in ("Result", "Order ID", "What happened"))
        assert found == (answer.result, answer.order_id or "", answer.what_happened)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Path, Path]]:
    """Each workbook and its reconciled workbook as files."""
    folder = tmp_path_factory.mktemp("books")
    places: dict[str, tuple[Path, Path]] = {}
    for kind in ("source", "reconciled"):
        (folder / kind).mkdir()
    for maker in MAKERS:
        it = answered(maker)
        places[maker] = (folder / "source" / it.made.name, folder / "reconciled" / it.made.name)
        for place, content in zip(places[maker], (it.made.content, it.output), strict=True):
            place.write_bytes(content)
    return places


@pytest.fixture(scope="module")
def by_libreoffice(
    files: Mapping[str, tuple[Path, Path]], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[Path, Path]:
    """The reconciled workbooks as LibreOffice saves them."""
    outputs = [output for _, output in files.values()]
    return saved_by_libreoffice(outputs, tmp_path_factory.mktemp("libreoffice"))


@pytest.mark.parametrize("maker", MAKERS)
def test_libreoffice_opens_it_and_what_it_saves_can_be_dropped_in_again(
    maker: str, files: Mapping[str, tuple[Path, Path]], by_libreoffice: Mapping[Path, Path]
) -> None:
    it = answered(maker)
    saved = by_libreoffice[files[maker][1]].read_bytes()
    assert_answered(it, saved)
    read = read_content(saved, it.made.name)
    assert texts(read, it.made.columns) == it.made.rows
    assert read.layout.result_columns == read_content(it.output, "x").layout.result_columns
    ids = [answer.order_id or "" for answer in _answers(read)]
    assert read.frame["earlierOrderId"].tolist() == ids
    again = reconcile(saved, read.layout, _answers(read), [], summary())
    assert_answered(it, again)
    assert load_workbook(BytesIO(again)).sheetnames == load_workbook(BytesIO(saved)).sheetnames


@pytest.fixture(scope="module")
def findings(files: Mapping[str, tuple[Path, Path]]) -> Mapping[Path, Mapping[Finding, int]]:
    """What the validator says of reconciled workbooks, and of their sources where it matters."""
    after = validated([output for _, output in files.values()])
    before = validated([source for source, output in files.values() if after[output]])
    return {**after, **before}


@pytest.mark.parametrize("maker", MAKERS)
def test_the_validator_finds_no_error_that_the_source_did_not_have(
    maker: str,
    files: Mapping[str, tuple[Path, Path]],
    findings: Mapping[Path, Mapping[Finding, int]],
) -> None:
    source, output = files[maker]
    before = findings.get(source, {})
    new = {f: often for f, often in findings[output].items() if often > before.get(f, 0)}
    assert new == {}


BREAKS = {
    "an attribute nobody knows": ("xl/worksheets/sheet1.xml", b'<c  r="H2"', b'<c  odd="1" r="H2"'),
    "a part of a sheet out of its order": (
        "xl/worksheets/sheet1.xml",
        b"<sheetData>",
        b"<legacyDrawing/><sheetData>",
    ),
    "a relation that leads nowhere": (
        "xl/_rels/workbook.xml.rels",
        b"</Relationships>",
        f'<Relationship Id="rId77" Type="{LINKS}/worksheet" Target="none.xml"/>'.encode()
        + b"</Relationships>",
    ),
}


def test_the_validator_would_tell_of_a_broken_workbook(tmp_path: Path) -> None:
    good = answered("XlsxWriter: plain").output
    places = {name: tmp_path / f"{place}.xlsx" for place, name in enumerate((*BREAKS, ""))}
    for name, place in places.items():
        parts = parts_of(good)
        if name:
            part, before, after = BREAKS[name]
            assert before in parts[part]
            parts[part] = parts[part].replace(before, after, 1)
        place.write_bytes(packed(parts))
    found = validated(list(places.values()))
    assert [bool(found[place]) for place in places.values()] == [True, True, True, False]
