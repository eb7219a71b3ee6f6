"""When a file is complete, told from looks at it and the time, without waiting."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.inbox.complete import Look, Seen, completes_at, is_candidate, marks_of, seen
from flows.inbox.ends import End

A_LOOK = Look(size=100, changed=1, identity=7)


@pytest.mark.parametrize(
    "name",
    [
        "~$orders.xlsx",
        ".~lock.orders.xlsx#",
        ".hidden.xlsx",
        "~orders.xlsx",
        "orders.xlsx.part",
        "orders.TMP",
        "orders.xlsx.crdownload",
        "orders.xlsx.partial",
        "orders.xlsx.filepart",
        ".DS_Store",
    ],
)
def test_locks_hidden_and_unfinished_files_are_no_candidates(name: str) -> None:
    assert not is_candidate(name)


@pytest.mark.parametrize("name", ["orders.xlsx", "März.CSV", "orders", "a.pdf", "orders~.xls"])
def test_whatever_else_lies_there_is_one(name: str) -> None:
    assert is_candidate(name)


def test_the_marks_of_an_open_workbook_are_no_candidates_themselves() -> None:
    assert not any(map(is_candidate, marks_of("orders.xlsx")))


def test_only_regular_files_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("a")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    assert Look.at((tmp_path / "file").lstat())
    for other in ("folder", "link", "pipe"):
        assert Look.at((tmp_path / other).lstat()) is None


@pytest.mark.parametrize(
    "other",
    [Look(101, 1, 7), Look(100, 2, 7), Look(100, 1, 8)],
    ids=["grown", "dated anew", "renamed over"],
)
def test_a_file_that_changes_is_quiet_from_then_on(other: Look) -> None:
    first = seen(None, A_LOOK, 10.0)
    assert seen(first, other, 14.0) == Seen(other, 14.0)
    assert completes_at("a.xlsx", seen(first, other, 14.0), End.WHOLE) == 14.5


def test_a_file_that_stays_as_it_is_is_quiet_since_the_first_look() -> None:
    file = seen(None, A_LOOK, 10.0)
    for now in (10.2, 10.4, 30.0):
        file = seen(file, A_LOOK, now)
    assert file.since == 10.0


@pytest.mark.parametrize(
    ("end", "seconds"),
    [
        (End.WHOLE, 0.5),
        (End.LINE_ENDED, 2),
        (End.LINE_OPEN, 10),
        (End.EMPTY, 10),
        (End.MISSING, 30),
    ],
)
def test_the_less_the_end_tells_the_longer_it_must_be_quiet(end: End, seconds: float) -> None:
    assert completes_at("orders.xlsx", Seen(A_LOOK, 100.0), end) == 100 + seconds


def test_a_name_without_an_ending_may_be_a_file_that_excel_saves_just_now() -> None:
    assert completes_at("1A2B3C4D", Seen(A_LOOK, 100.0), End.WHOLE) == 110
    assert completes_at("1A2B3C4D", Seen(A_LOOK, 100.0), End.MISSING) == 130
