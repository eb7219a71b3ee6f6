"""Writing: never over a file that is not just as we wrote it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from flows.outputs import (
    OutputFault,
    Terms,
    WrongEnding,
    check_place,
    default_output,
    write_output,
)


def by_us(*contents: tuple[Path, bytes]) -> set[tuple[str, str]]:
    return {(str(path.absolute()), hashlib.sha256(c).hexdigest()) for path, c in contents}


def test_a_reconciled_workbook_keeps_its_name_when_it_is_dropped_again(tmp_path: Path) -> None:
    expected = tmp_path / "may.reconciled.xlsx"
    assert default_output(tmp_path, "may.xlsx") == expected
    assert default_output(tmp_path, "may.reconciled.xlsx") == expected
    assert default_output(tmp_path, "may.reconciled (2).xlsx") == expected
    assert default_output(tmp_path, "may.checked.reconciled (12).xlsx") == expected
    assert default_output(tmp_path, "may (2).xlsx") == tmp_path / "may (2).reconciled.xlsx"
    assert default_output(tmp_path, "may.xlsm", "checked") == tmp_path / "may.checked.xlsm"


def test_our_own_unchanged_file_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.xlsx"
    ours = by_us((target, b"first"))
    assert write_output(target, b"first", Terms()) == target
    assert write_output(target, b"second", Terms(wrote=lambda p, h: (p, h) in ours)) == target
    assert target.read_bytes() == b"second"
    assert [path.name for path in target.parent.iterdir()] == ["a.xlsx"]


def test_a_file_that_somebody_changed_is_left_and_the_next_name_taken(tmp_path: Path) -> None:
    target = tmp_path / "a.xlsx"
    target.write_bytes(b"edited by Mia")
    ours = by_us((target, b"as we wrote it"))
    place = write_output(target, b"new", Terms(wrote=lambda p, h: (p, h) in ours))
    assert place.name == "a (2).xlsx"
    assert target.read_bytes() == b"edited by Mia"
    assert write_output(target, b"new", Terms()).name == "a (3).xlsx"


def test_a_place_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputFault, match="drop the workbook again") as caught:
        write_output(tmp_path / "file" / "a.xlsx", b"new", Terms())
    assert caught.value.exit_code == 3


def test_a_place_is_tried_before_anything_is_ordered(tmp_path: Path) -> None:
    source = tmp_path / "may.xlsx"
    check_place(tmp_path / "new folder" / "may.reconciled.xlsx", source)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(WrongEnding, match=r"ends in \.xlsx"):
        check_place(tmp_path / "may.csv", source)
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(OutputFault, match="Nothing was ordered"):
        check_place(tmp_path / "folder.xlsx", source)
    (tmp_path / "file").touch()
    with pytest.raises(OutputFault, match="Nothing was ordered"):
        check_place(tmp_path / "file" / "may.xlsx", source)
