"""The loop over the inbox with runs that are played: trouble, faults, fairness, stopping."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows import watch_inbox
from flows.companion import CompanionFault
from flows.inbox import complete, lying
from flows.inbox.ends import End
from flows.inbox.places import Claim, Inbox, inboxes
from flows.inbox_runs import FinishedWorkbook, Trouble, What
from flows.listener import Listener
from flows.settings import Settings
from flows.watch_inbox import AT_ONCE, BIG, watch

Run = Callable[[Claim], Awaitable[FinishedWorkbook | Trouble]]
AWAY = Trouble("MarketplaceStop", "The marketplace is away.")
FULL = Trouble("OutputFault", "The disk is full.", concerns_all=False)
FAULT = Trouble("KeyError", "Orderdrop failed.", concerns_all=False, is_fault=True)


def done(claim: Claim) -> FinishedWorkbook:
    kept = str(claim.archive())
    return FinishedWorkbook(claim.name, claim.inbox.account, What.DONE, "done", kept=kept)


async def until(holds: Callable[[], bool]) -> None:
    """Until it holds; gives up after twenty seconds."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110  # what is waited for knows of no events
            await asyncio.sleep(0.01)


class Heard(list[FinishedWorkbook]):
    """What was told, and how to wait for it."""

    async def of(self, *names: str, what: What = What.DONE) -> None:
        """Until these workbooks have ended so."""
        await until(lambda: set(names) <= {one.name for one in self if one.what is what})


class Play:
    """A watched folder in which runs do what a test says."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = Settings(inbox=folder / "inbox", state_dir=folder / "state")
        self.inbox = folder / "inbox"
        self.runs: Counter[str] = Counter()
        self.heard = Heard()
        self.notes: list[str] = []
        self._patch = monkeypatch
        # Quick, so that nothing here waits for long.
        monkeypatch.setitem(complete.QUIET, End.LINE_ENDED, 0.1)
        monkeypatch.setattr(lying, "SHORTEST", 0.05)
        monkeypatch.setattr(watch_inbox, "_FIRST_WAIT", 0.2)
        monkeypatch.setattr(watch_inbox, "_LONGEST_WAIT", 0.4)

    def drop(self, *names: str, size: int = 2, folder: str = "") -> None:
        """Workbooks of so many bytes."""
        for name in names:
            (self.inbox / folder / name).write_bytes(b"a" * (size - 1) + b"\n")

    @asynccontextmanager
    async def watched(self, run: Run, accounts: tuple[str, ...] = ("default",), **more: Any) -> Any:
        """A watcher whose runs are played by `run`."""

        async def played(claim: Claim, _settings: Settings) -> FinishedWorkbook | Trouble:
            self.runs[claim.name] += 1
            return await run(claim)

        self._patch.setattr(watch_inbox, "work_through", played)
        inboxes(self.inbox, accounts, self.settings.state_dir)
        stop = asyncio.Event()
        hears = {"finished": self.heard.append, "note": self.notes.append} | more
        revive = hears.pop("revive", lambda: None)
        listener = Listener(**hears)
        task = asyncio.create_task(watch(self.settings, accounts, stop, listener, revive))
        try:
            yield self
            assert not task.done()
        finally:
            stop.set()
            await task


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    return Play(tmp_path, monkeypatch)


async def test_trouble_is_told_once_and_tried_again_until_it_is_over(play: Play) -> None:
    answers = [AWAY, AWAY, AWAY]

    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        return answers.pop() if answers else done(claim)

    async with play.watched(run):
        play.drop("a.csv", "b.csv", "c.csv", "d.csv", "e.csv")
        await play.heard.of("a.csv", "b.csv", "c.csv", "d.csv", "e.csv")
    assert sum(one.what is What.WAITING for one in play.heard) == 1
    assert sum(play.runs.values()) == 8


async def test_in_trouble_one_workbook_tries_the_way_for_all(play: Play) -> None:
    running, most = 0, 0
    is_away = True

    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        nonlocal running, most
        running += 1
        most = max(most, running) if play.heard else 0
        await asyncio.sleep(0.02)
        running -= 1
        return AWAY if is_away else done(claim)

    async with play.watched(run):
        play.drop(*(f"{number}.csv" for number in range(12)))
        await asyncio.sleep(2)
        assert most == 1
        assert len(list((play.inbox / "rejected").iterdir())) == 0
        assert sum(play.runs.values()) < 15
        is_away = False
        await play.heard.of(*(f"{number}.csv" for number in range(12)))


async def test_one_account_in_trouble_is_no_trouble_to_another(play: Play) -> None:
    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        return AWAY if claim.inbox.account == "apac" else done(claim)

    async with play.watched(run, ("emea", "apac")):
        play.drop("a.csv", folder="apac")
        await play.heard.of("a.csv", what=What.WAITING)
        play.drop("b.csv", "c.csv", folder="emea")
        await play.heard.of("b.csv", "c.csv")


async def test_a_workbook_that_cannot_be_answered_holds_up_no_other(play: Play) -> None:
    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        return FULL if claim.name == "full.csv" else done(claim)

    async with play.watched(run):
        play.drop("full.csv")
        await play.heard.of("full.csv", what=What.WAITING)
        for number in range(5):
            play.drop(f"{number}.csv")
            await play.heard.of(f"{number}.csv")
    assert sum(one.name == "full.csv" for one in play.heard) == 1
    assert play.runs["full.csv"] > 1


async def test_a_workbook_that_breaks_the_program_is_rejected_in_the_end(play: Play) -> None:
    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        return FAULT if claim.name == "odd.csv" else done(claim)

    async with play.watched(run):
        play.drop("odd.csv", "even.csv")
        await play.heard.of("odd.csv", what=What.REJECTED)
        await play.heard.of("even.csv")
    assert play.runs["odd.csv"] == 3
    why = (play.inbox / "rejected" / "odd.csv.why.txt").read_text()
    assert "may have been placed" in why


async def test_a_server_that_cannot_be_revived_is_trouble(play: Play) -> None:
    faults = [CompanionFault("It does not start."), CompanionFault("It does not start.")]

    def revive() -> None:
        if faults:
            raise faults.pop()

    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        return done(claim)

    async with play.watched(run, revive=revive):
        play.drop("a.csv")
        await play.heard.of("a.csv")
    assert [one.what for one in play.heard] == [What.WAITING, What.DONE]
    assert play.runs["a.csv"] == 1


async def test_big_workbooks_leave_room_for_a_small_one(play: Play) -> None:
    let_go = asyncio.Event()

    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        if claim.name.startswith("big"):
            await let_go.wait()
        return done(claim)

    async with play.watched(run):
        big = [f"big-{number}.csv" for number in range(6)]
        play.drop(*big, size=BIG)
        await until(lambda: sum(play.runs.values()) >= AT_ONCE - 1)
        play.drop("small.csv", "little.csv")
        await play.heard.of("small.csv", "little.csv")
        let_go.set()
        await play.heard.of(*big)


async def test_no_more_than_so_many_run_side_by_side_the_oldest_first(play: Play) -> None:
    running, most, order = 0, 0, []

    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        nonlocal running, most
        running += 1
        most = max(most, running)
        order.append(claim.name)
        await asyncio.sleep(0.1)
        running -= 1
        return done(claim)

    async with play.watched(run):
        names = [f"{number}.csv" for number in range(12)]
        for name in names:
            play.drop(name)
            await asyncio.sleep(0.06)
        await play.heard.of(*names)
    assert most <= AT_ONCE
    assert max(abs(order.index(name) - names.index(name)) for name in names) < AT_ONCE


async def test_listeners_that_fail_end_nothing(play: Play) -> None:
    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        return done(claim)

    def fails(_told: object) -> None:
        raise RuntimeError("nobody reads any more")

    async with play.watched(run, taken=fails, finished=fails):
        play.drop("a.csv", "b.csv")
        await until(lambda: len(list((play.inbox / "archive").rglob("*.csv"))) == 2)


async def test_what_does_not_end_in_time_stays_for_the_next_start(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_inbox, "_GRACE", 0.3)

    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        if claim.name == "slow.csv":
            await asyncio.sleep(60)
        await asyncio.sleep(0.1)
        return done(claim)

    async with play.watched(run):
        play.drop("slow.csv", "quick.csv")
        await until(lambda: sum(play.runs.values()) >= 2)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert [one.name for one in play.heard] == ["quick.csv"]

    async def quick(claim: Claim) -> FinishedWorkbook | Trouble:
        return done(claim)

    async with play.watched(quick):
        await play.heard.of("slow.csv")


async def test_nothing_is_remembered_of_what_was_put_away(play: Play) -> None:
    watchers = []
    make = watch_inbox._Watcher.__init__

    def seen(self: Any, *arguments: Any) -> None:
        watchers.append(self)
        make(self, *arguments)

    play._patch.setattr(watch_inbox._Watcher, "__init__", seen)

    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        return done(claim)

    async with play.watched(run):
        play.drop(*(f"{number}.csv" for number in range(20)))
        await play.heard.of(*(f"{number}.csv" for number in range(20)))
        (account,) = watchers[0]._accounts
        await asyncio.sleep(0.2)
        assert not account.lying
        assert not account.held
        assert not watchers[0]._runs


async def test_a_folder_that_goes_away_and_comes_back_is_told_once(play: Play) -> None:
    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        return done(claim)

    async with play.watched(run):
        await asyncio.sleep(0.2)
        away = play.inbox.with_name("away")
        play.inbox.rename(away)
        await until(lambda: bool(play.notes))
        await asyncio.sleep(1.5)
        away.rename(play.inbox)
        play.drop("a.csv")
        await play.heard.of("a.csv")
    assert len(play.notes) == 1
    assert "cannot be read" in play.notes[0]


async def test_a_name_that_is_no_text_is_told_so(play: Play, tmp_path: Path) -> None:
    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        return done(claim)

    taken: list[str] = []
    async with play.watched(run, taken=taken.append):
        (play.inbox / "m\udce4rz.csv").write_text("a\n")
        await until(lambda: bool(play.heard))
    assert taken == ["m?rz.csv"]


async def test_with_several_accounts_what_lies_above_their_folders_is_told_and_left(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_inbox, "_ORPHANS_EVERY", 0.1)

    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        return done(claim)

    async with play.watched(run, ("emea", "apac")):
        play.drop("lost.csv")
        play.drop("found.csv", folder="apac")
        await play.heard.of("found.csv")
        await until(lambda: bool(play.notes))
        await asyncio.sleep(1.5)
        play.drop("more.csv")
        await until(lambda: len(play.notes) == 2)
    assert "lost.csv lies in" in play.notes[0]
    assert "more.csv lies in" in play.notes[1]
    assert not play.runs["lost.csv"]
    assert [one.account for one in play.heard] == ["apac"]


async def test_a_file_that_cannot_be_opened_holds_up_no_other(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_of = Inbox.end_of

    def locked(self: Inbox, name: str) -> End:
        if name == "locked.csv":
            raise PermissionError(13, "Permission denied")
        if name == "odd.csv":
            raise RuntimeError("never seen such a file")
        return end_of(self, name)

    monkeypatch.setattr(Inbox, "end_of", locked)
    monkeypatch.setitem(complete.QUIET, End.MISSING, 0.3)

    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        return done(claim)

    async with play.watched(run):
        play.drop("locked.csv", "odd.csv", "a.csv")
        await play.heard.of("a.csv", "odd.csv")
        await asyncio.sleep(1)
    assert play.notes == ["locked.csv cannot be taken (Permission denied); it is tried again."]


async def test_a_workbook_over_which_watchers_die_is_rejected_in_the_end(play: Play) -> None:
    async def run(claim: Claim) -> FinishedWorkbook | Trouble:
        return done(claim)

    (inbox,) = inboxes(play.inbox, ["default"], play.settings.state_dir)
    play.drop("deadly.csv", "innocent.csv")
    for name, look in inbox.look().files.items():
        claim = inbox.claim(name, look, datetime.now(UTC))
        assert claim is not None
        # As if nine watchers more had died, or been stopped.
        held = claim.path.with_name(".held")
        claim.lock._file.close()
        held.write_bytes(b"." * (10 if name == "deadly.csv" else 9))
    async with play.watched(run):
        await play.heard.of("deadly.csv", what=What.REJECTED)
        await play.heard.of("innocent.csv")
    assert play.runs == {"innocent.csv": 1}


async def test_a_watcher_that_was_stopped_has_not_died(play: Play) -> None:
    async def run(_claim: Claim) -> FinishedWorkbook | Trouble:
        return AWAY

    for _ in range(12):
        async with play.watched(run):
            if not play.runs:
                play.drop("a.csv")
            before = play.runs.total()
            await until(lambda: play.runs.total() > before)  # noqa: B023

    assert not list((play.inbox / "rejected").iterdir())
