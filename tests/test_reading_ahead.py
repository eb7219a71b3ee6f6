"""What was read while servers started is used for just that workbook, once, and never trusted."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from flows.reading_ahead import Examined, examined_ahead, reading_ahead
from flows.workbook.errors import WorkbookError

FOUND = cast("Examined", ("sheet", (), "orders"))


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "november.xlsx"
    path.write_bytes(b"a workbook")
    return path


def test_it_is_read_once_and_given_once(workbook: Path) -> None:
    read: list[tuple[bytes, str]] = []

    def examine(content: bytes, name: str) -> Examined:
        read.append((content, name))
        return FOUND

    with reading_ahead(workbook, examine):
        assert examined_ahead(b"a workbook", "november.xlsx") is FOUND
        assert examined_ahead(b"a workbook", "november.xlsx") is None
    assert read == [(b"a workbook", "november.xlsx")]


@pytest.mark.parametrize(
    ("content", "name"), [(b"changed meanwhile", "november.xlsx"), (b"a workbook", "other.xlsx")]
)
def test_another_workbook_is_read_for_itself(workbook: Path, content: bytes, name: str) -> None:
    with reading_ahead(workbook, lambda *_: FOUND):
        assert examined_ahead(content, name) is None


def test_what_cannot_be_read_is_left_to_be_found_again(workbook: Path) -> None:
    def examine(content: bytes, name: str) -> Examined:
        raise WorkbookError("It is no workbook.")

    with reading_ahead(workbook, examine):
        assert examined_ahead(b"a workbook", "november.xlsx") is None
    workbook.unlink()
    with reading_ahead(workbook, lambda *_: FOUND):
        assert examined_ahead(b"a workbook", "november.xlsx") is None


def test_without_a_reading_ahead_there_is_nothing(workbook: Path) -> None:
    assert examined_ahead(b"a workbook", "november.xlsx") is None
