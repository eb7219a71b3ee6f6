"""Claims and places: one claimer, nothing overwritten, nothing lost whenever a process dies."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.inbox.faults import InboxFault
from flows.inbox.places import Claim, Inbox, inboxes, strays_in

NOW = datetime(2026, 11, 26, 13, 5, 1, tzinfo=UTC)


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    (made,) = inboxes(tmp_path / "inbox", ["default"], tmp_path / "state")
    return made


def drop(inbox: Inbox, name: str, content: str = "orders") -> None:
    (inbox.folder / name).write_text(content)


def claim(inbox: Inbox, name: str) -> Claim:
    found = inbox.claim(name, inbox.look().files[name], NOW)
    assert found is not None
    return found


def contents(folder: Path) -> list[str]:
    """The contents of all files below a folder but the locks."""
    return sorted(p.read_text() for p in folder.rglob("*") if p.is_file() and p.name != ".held")


# --- places ---


def test_a_workbook_goes_from_the_inbox_through_working_into_the_archive(inbox: Inbox) -> None:
    drop(inbox, "orders.xlsx")
    taken = claim(inbox, "orders.xlsx")
    assert taken.name == "orders.xlsx"
    assert taken.path.is_relative_to(inbox.folder / "working")
    assert not inbox.look().files
    place = taken.archive()
    assert place.parent == inbox.folder / "archive" / "2026-11-26"
    assert place.name.startswith("130501-")
    assert place.name.endswith(" orders.xlsx")
    assert place.read_text() == "orders"
    assert not list((inbox.folder / "working").iterdir())


def test_a_rejected_workbook_has_the_reason_beside_it(inbox: Inbox) -> None:
    drop(inbox, "orders.xlsx")
    place = claim(inbox, "orders.xlsx").reject("It is empty; save it again.")
    assert place == inbox.folder / "rejected" / "orders.xlsx"
    why = place.with_name("orders.xlsx.why.txt")
    assert why.read_text() == "It is empty; save it again.\n"
    assert not list((inbox.folder / "working").iterdir())


@pytest.mark.parametrize("ending", ["archive", "reject"])
def test_many_of_one_name_are_all_kept(inbox: Inbox, ending: str) -> None:
    for number in range(5):
        drop(inbox, "orders.xlsx", f"orders {number}")
        taken = claim(inbox, "orders.xlsx")
        _ = taken.archive() if ending == "archive" else taken.reject("why")
    folder = inbox.folder / ("archive" if ending == "archive" else "rejected")
    kept = [text for text in contents(folder) if text != "why\n"]
    assert kept == [f"orders {number}" for number in range(5)]


def test_a_file_that_a_person_put_into_rejected_is_not_overwritten(inbox: Inbox) -> None:
    (inbox.folder / "rejected" / "orders.xlsx").write_text("a person's")
    drop(inbox, "orders.xlsx")
    assert claim(inbox, "orders.xlsx").reject("why").name == "orders (2).xlsx"
    assert (inbox.folder / "rejected" / "orders.xlsx").read_text() == "a person's"


@pytest.mark.parametrize("ending", ["archive", "reject"])
def test_the_longest_name_finds_a_place(inbox: Inbox, ending: str) -> None:
    name = "ü" * 125 + ".xlsx"
    assert len(name.encode()) == 255
    drop(inbox, name)
    taken = claim(inbox, name)
    place = taken.archive() if ending == "archive" else taken.reject("why")
    assert place.read_text() == "orders"
    assert place.suffix == ".xlsx"


@pytest.mark.parametrize("ending", ["archive", "reject"])
def test_another_disk_is_copied_to_before_anything_is_removed(
    inbox: Inbox, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(inbox, "orders.xlsx")
    taken = claim(inbox, "orders.xlsx")
    rename = Path.rename

    def on_one_disk(self: Path, target: Path) -> Path:
        if self.parent != Path(target).parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", on_one_disk)
    place = taken.archive() if ending == "archive" else taken.reject("why")
    assert place.read_text() == "orders"
    assert not list((inbox.folder / "working").iterdir())
    assert not list(place.parent.glob(".*"))


def test_a_disk_that_is_full_leaves_the_workbook_claimed(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(inbox, "orders.xlsx")
    taken = claim(inbox, "orders.xlsx")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", full)
        with pytest.raises(OSError, match="No space"):
            taken.archive()
    assert taken.path.read_text() == "orders"
    assert not list(inbox.unheld())
    assert taken.archive().read_text() == "orders"


# --- claims ---


def test_a_file_that_has_changed_since_the_look_is_not_taken(inbox: Inbox) -> None:
    drop(inbox, "orders.xlsx")
    look = inbox.look().files["orders.xlsx"]
    drop(inbox, "orders.xlsx", "more orders")
    assert inbox.claim("orders.xlsx", look, NOW) is None
    assert inbox.look().files


def test_a_claim_that_is_held_is_not_found_by_another_and_one_let_go_is(inbox: Inbox) -> None:
    drop(inbox, "orders.xlsx")
    taken = claim(inbox, "orders.xlsx")
    assert not list(inbox.unheld())
    taken.let_go()
    (again,) = inbox.unheld()
    assert again.path == taken.path
    assert not list(inbox.unheld())
    again.archive()


def test_where_the_inbox_knows_no_locks_they_are_kept_elsewhere(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock

    def not_on_the_share(file: Any, how: int) -> None:
        if Path(file.name).name == ".held":
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", not_on_the_share)
    drop(inbox, "orders.xlsx")
    taken = claim(inbox, "orders.xlsx")
    assert not list(inbox.unheld())
    taken.let_go()
    (again,) = inbox.unheld()
    again.archive()
    assert not list(inbox.locks.iterdir())
    assert not list((inbox.folder / "working").iterdir())


def _claim_all(folder: Path, state: Path, told: Any) -> None:
    (inbox,) = inboxes(folder, ["default"], state)
    taken = []
    ends = time.monotonic() + 20
    while time.monotonic() < ends and (files := inbox.look().files):
        for name, look in files.items():
            found = inbox.claim(name, look, NOW)
            if found is not None:
                taken.append(name)
                found.archive()
    told.put(taken)


def test_of_several_watchers_one_takes_each_file(inbox: Inbox, tmp_path: Path) -> None:
    names = [f"orders-{number:03}.xlsx" for number in range(150)]
    for name in names:
        drop(inbox, name, name)
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    crowd = [
        context.Process(target=_claim_all, args=(inbox.folder, tmp_path / "state", told))
        for _ in range(3)
    ]
    for one in crowd:
        one.start()
    taken = [told.get(timeout=60) for _ in crowd]
    for one in crowd:
        one.join()
    assert sorted(name for names in taken for name in names) == names
    assert contents(inbox.folder) == names


def _dies_at(call: int, folder: Path, state: Path, ending: str) -> None:
    """Take and put away a workbook; die like in a power cut before the so-many-th step on disk."""
    steps = 0

    def counted(does: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == call:
                os._exit(9)
            return does(*arguments, **named)

        return step

    for name in ("mkdir", "rename", "unlink", "rmdir", "open"):
        setattr(Path, name, counted(getattr(Path, name)))
    (inbox,) = inboxes(folder, ["default"], state)
    for found in [*inbox.unheld()]:
        _ = found.archive() if ending == "archive" else found.reject("why")
    for name, look in inbox.look().files.items():
        taken = inbox.claim(name, look, NOW)
        assert taken is not None
        _ = taken.archive() if ending == "archive" else taken.reject("why")
    os._exit(0)


@pytest.mark.parametrize("ending", ["archive", "reject"])
def test_a_death_at_any_step_loses_nothing_and_the_next_one_goes_on(
    inbox: Inbox, tmp_path: Path, ending: str
) -> None:
    context = multiprocessing.get_context("fork")
    deaths = 0
    for call in range(1, 60):
        drop(inbox, "orders.xlsx", f"orders {call}")
        code = 9
        at = call
        while code == 9:
            process = context.Process(
                target=_dies_at, args=(at, inbox.folder, tmp_path / "state", ending)
            )
            process.start()
            process.join()
            code, at = process.exitcode or 0, 0
            deaths += code == 9
        assert code == 0
    assert deaths >= 10
    kept = [text for text in contents(inbox.folder) if text != "why\n"]
    assert kept == sorted(f"orders {call}" for call in range(1, 60))
    folder = inbox.folder / ("archive" if ending == "archive" else "rejected")
    assert [text for text in contents(folder) if text != "why\n"] == kept


def test_a_folder_that_a_dead_watcher_left_empty_goes_in_time(inbox: Inbox) -> None:
    left = inbox.folder / "working" / "2026-11-26 13.05.01-00000000"
    left.mkdir()
    assert not list(inbox.unheld())
    assert left.exists(), "another watcher may be just about to claim into it"
    os.utime(left, (0, 0))
    assert not list(inbox.unheld())
    assert not left.exists()


# --- several accounts ---


def test_each_of_several_accounts_has_an_inbox_in_the_inbox(tmp_path: Path) -> None:
    found = inboxes(tmp_path, ["emea", "apac"], tmp_path / "state")
    assert [(one.account, one.folder) for one in found] == [
        ("emea", tmp_path / "emea"),
        ("apac", tmp_path / "apac"),
    ]
    assert (tmp_path / "emea" / "working").is_dir()
    assert not (tmp_path / "working").exists()


def test_no_account_among_several_has_the_name_of_one_of_our_folders(tmp_path: Path) -> None:
    with pytest.raises(InboxFault, match="renewals"):
        inboxes(tmp_path, ["emea", "renewals"], tmp_path / "state")


def test_the_folder_of_renewal_books_is_left_alone(inbox: Inbox) -> None:
    renewals = inbox.folder / "renewals"
    renewals.mkdir()
    shutil.copy(__file__, renewals / "book.xlsx")
    assert not inbox.look().files


def test_an_inbox_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "inbox").write_text("a file")
    with pytest.raises(InboxFault, match="cannot be used"):
        inboxes(tmp_path / "inbox", ["default"], tmp_path / "state")


def test_an_open_workbook_is_known_by_the_mark_beside_it(inbox: Inbox) -> None:
    for name in ("a.xlsx", "b.ods", "c.xlsx", "~$a.xlsx", ".~lock.b.ods#"):
        drop(inbox, name)
    glance = inbox.look()
    assert set(glance.files) == {"a.xlsx", "b.ods", "c.xlsx"}
    assert glance.open_elsewhere == {"a.xlsx", "b.ods"}


def test_what_is_left_of_the_time_of_one_account_is_named(tmp_path: Path) -> None:
    for place in ("lost.xlsx", "renewals/book.xlsx", "renewals/.hidden.xlsx", "working/c1/in.xlsx"):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert strays_in(tmp_path) == {"lost.xlsx", "renewals/book.xlsx", "working/c1/in.xlsx"}
