"""Writing: never over a file that is not just as we wrote it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from stat import S_ISDIR
from threading import Barrier, Thread

import pytest

from flows import outputs
from flows.outputs import (
    OutputFault,
    Terms,
    WrongEnding,
    check_place,
    default_output,
    keep_replaced,
    write_output,
)
from tests.workbook.raw import orders_xml, package

ROOT = Path(__file__).parents[1]


def by_us(*contents: tuple[Path, bytes]) -> set[tuple[str, str]]:
    return {(str(path.absolute()), hashlib.sha256(c).hexdigest()) for path, c in contents}


def test_a_reconciled_workbook_keeps_its_name_when_it_is_dropped_again(tmp_path: Path) -> None:
    expected = tmp_path / "may.reconciled.xlsx"
    assert default_output(tmp_path, "may.xlsx", b"") == expected
    assert default_output(tmp_path, "may.reconciled.xlsx", b"") == expected
    assert default_output(tmp_path, "may.priced.reconciled (3).xlsx", b"") == expected
    assert default_output(tmp_path, "may.checked.reconciled (12).xlsx", b"") == expected
    assert default_output(tmp_path, "may (3).xlsx", b"") == tmp_path / "may (3).reconciled.xlsx"
    assert default_output(tmp_path, "may.xlsm", b"", "checked") == tmp_path / "may.checked.xlsx"


def test_macros_keep_their_ending_whatever_the_name_says(tmp_path: Path) -> None:
    types = {"[Content_Types].xml": "application/vnd.ms-excel.sheet.macroEnabled.main+xml"}
    content = package(orders_xml(""), types)
    for name in ("may.xlsm", "may.xlsx", "may.csv"):
        assert default_output(tmp_path, name, content) == tmp_path / "may.reconciled.xlsm"
    ordinary = package(orders_xml(""))
    assert default_output(tmp_path, "may.xlsm", ordinary) == tmp_path / "may.reconciled.xlsx"
    check_place(tmp_path / "a.xlsm", "may.xlsx", content)
    with pytest.raises(WrongEnding) as caught:
        check_place(tmp_path / "a.xlsx", "may.xlsx", content)
    assert str(caught.value) == (
        "The answers to may.xlsx come as .xlsm: name a file that ends in .xlsm. Nothing was "
        "ordered."
    )


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
    source = ("may.xlsx", b"")
    check_place(tmp_path / "new folder" / "may.reconciled.xlsx", *source)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(WrongEnding, match=r"ends in \.xlsx"):
        check_place(tmp_path / "may.csv", *source)
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(OutputFault, match="Nothing was ordered"):
        check_place(tmp_path / "folder.xlsx", *source)
    (tmp_path / "file").touch()
    with pytest.raises(OutputFault, match="Nothing was ordered"):
        check_place(tmp_path / "file" / "may.xlsx", *source)


def _write_many(folder: Path, who: str, times: int) -> None:
    for number in range(times):
        write_output(folder / "a.xlsx", f"{who} {number}".encode(), Terms())


@pytest.mark.parametrize("knows_locks", [True, False], ids=["a disk", "folders have no locks"])
def test_writers_of_one_name_take_a_name_each(tmp_path: Path, knows_locks: bool) -> None:
    """Threads of one process and processes of their own, all for a name that was free."""
    program = (
        "import sys, fcntl, os, stat; from pathlib import Path;"
        "import flows.outputs as outputs; import tests.test_outputs as tests;"
        "lock = fcntl.flock;"
        "folders = lambda h, how: (_ for _ in ()).throw(OSError(9, 'no')) "
        "if stat.S_ISDIR(os.fstat(h).st_mode) else lock(h, how);"
        f"fcntl.flock = lock if {knows_locks} else folders;"
        f"tests._write_many(Path({str(tmp_path)!r}), sys.argv[1], 15)"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, who], cwd=ROOT) for who in ("b", "c")
    ]
    if knows_locks:
        threads = [Thread(target=_write_many, args=(tmp_path, who, 15)) for who in ("d", "e")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [process.wait() for process in processes] == [0, 0]
    written = sorted(path.read_bytes() for path in tmp_path.glob("*.xlsx"))
    writers = "bcde" if knows_locks else "bc"
    assert written == sorted(f"{who} {n}".encode() for who in writers for n in range(15))


def test_writers_who_know_of_no_locks_get_into_no_others_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two containers whose processes have the same number, over a share without locks."""
    monkeypatch.setattr(outputs, "alone_in", nullcontext)
    target, reached = tmp_path / "a.xlsx", Barrier(2)
    places: list[Path] = []

    def write(content: bytes) -> None:
        def both_are_here(*_: str) -> None:
            reached.wait(10)

        terms = Terms(wrote=lambda *_: True, will_write=both_are_here)
        places.append(write_output(target, content, terms))

    threads = [Thread(target=write, args=(content,)) for content in (b"first", b"second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert places == [target, target]
    assert target.read_bytes() in {b"first", b"second"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]


def test_a_workbook_is_on_the_disk_before_it_takes_its_name_and_its_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut must not leave an empty file under a name that the ledger has."""
    target = tmp_path / "a.xlsx"
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        steps.append("folder" if S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def renamed(source: Path, place: Path) -> Path:
        steps.append("rename")
        return replace(source, place)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    write_output(target, b"answers", Terms())
    assert steps == ["file", "rename", "folder"]


def test_what_could_not_be_written_leaves_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputFault, match="No space left"):
        write_output(tmp_path / "a.xlsx", b"answers", Terms())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_synced_fails_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shares of other systems do not know it; the workbook stands there all the same."""
    fsync = os.fsync

    def of_a_share(handle: int) -> None:
        if S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(22, "Invalid argument")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", of_a_share)
    assert write_output(tmp_path / "a.xlsx", b"answers", Terms()).read_bytes() == b"answers"


def test_what_was_replaced_is_kept_for_thirty_days_also_when_two_prune_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_replaced(tmp_path, b"old")
    keep_replaced(tmp_path, b"gone meanwhile")
    keep_replaced(tmp_path, b"fresh")
    for content in (b"old", b"gone meanwhile"):
        os.utime(tmp_path / hashlib.sha256(content).hexdigest(), (0, 0))
    listed = list(tmp_path.iterdir())
    (tmp_path / hashlib.sha256(b"gone meanwhile").hexdigest()).unlink()
    monkeypatch.setattr(Path, "iterdir", lambda _: iter(listed))
    keep_replaced(tmp_path, b"newest")
    monkeypatch.undo()
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"fresh", b"newest"}
