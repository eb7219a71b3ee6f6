"""Zips as other programs pack them: stored, streamed, with folders, with parts at odd places."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from openpyxl import load_workbook

from flows.workbook.read import read_content
from flows.workbook.reconcile import reconcile
from schemas.columns import RESULT_COLUMNS
from schemas.outcomes import RowAnswer, State
from tests.workbook.made_by_others.with_xlsxwriter import plain
from tests.workbook.taking_out import parts_of
from tests.workbook.test_lossless import assert_whole
from tests.workbook.test_reconcile import summary

PARTS = parts_of(plain().content)


class _NoWayBack(BytesIO):
    """A stream that only goes forward, as a web service writes one: sizes come behind the parts."""

    def tell(self) -> int:
        raise OSError

    def seek(self, *_: int) -> int:
        raise OSError


def zipped(
    parts: dict[str, bytes],
    out: BytesIO,
    kind: int = zipfile.ZIP_DEFLATED,
    folders: tuple[str, ...] = (),
    comment: bytes = b"",
) -> bytes:
    with zipfile.ZipFile(out, "w", kind) as package:
        for folder in folders:
            package.writestr(folder, b"")
        for name, content in parts.items():
            package.writestr(name, content)
        package.comment = comment
    return out.getvalue()


def with_targets(before: bytes, after: bytes) -> dict[str, bytes]:
    links = "xl/_rels/workbook.xml.rels"
    return PARTS | {links: PARTS[links].replace(b'Target="' + before, b'Target="' + after)}


def at_the_top() -> dict[str, bytes]:
    """The workbook's part outside any folder."""
    parts = with_targets(b"", b"xl/")
    for name in ("_rels/.rels", "[Content_Types].xml"):
        parts[name] = parts[name].replace(b"xl/workbook.xml", b"workbook.xml")
    moved = {name: name.removeprefix("xl/") for name in parts if "/workbook.xml" in name}
    return {moved.get(name, name): content for name, content in parts.items()}


ZIPS = {
    "stored": zipped(PARTS, BytesIO(), zipfile.ZIP_STORED),
    "streamed": zipped(PARTS, _NoWayBack()),
    "with folders": zipped(PARTS, BytesIO(), folders=("xl/", "xl/worksheets/", "_rels/")),
    "with a comment": zipped(PARTS, BytesIO(), comment=b"made by others"),
    "with a stray part": zipped({**PARTS, "__MACOSX/._x": b"\0"}, BytesIO()),
    "backwards": zipped(dict(reversed(PARTS.items())), BytesIO()),
    "absolute targets": zipped(with_targets(b"", b"/xl/"), BytesIO()),
    "targets with a dot": zipped(with_targets(b"", b"./"), BytesIO()),
    "the workbook at the top": zipped(at_the_top(), BytesIO()),
}


@pytest.mark.parametrize("name", ZIPS)
def test_it_is_read_answered_and_left_whole(name: str) -> None:
    source = ZIPS[name]
    read = read_content(source, "orders.xlsx")
    assert read.frame["row"].tolist() == [2, 3, 4]
    answers = [RowAnswer(row, State.DONE, "Ordered", order_id=f"0{row}") for row in (2, 3, 4)]
    output = reconcile(source, read.layout, answers, [], summary())
    with zipfile.ZipFile(BytesIO(output)) as package:
        assert package.testzip() is None
    assert_whole(source, output)
    sheet = load_workbook(BytesIO(output))["My orders"]
    assert [sheet.cell(row, 8).value for row in range(1, 5)] == ["Result", *["Ordered"] * 3]
    again = read_content(output, "orders.xlsx")
    assert set(again.layout.result_columns) == set(RESULT_COLUMNS)
    assert again.frame["earlierOrderId"].tolist() == ["02", "03", "04"]
