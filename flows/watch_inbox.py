"""The folder, turned into flow runs: what is dropped is taken, worked through and put away.

One loop looks, decides and starts; workbooks run side by side in this process, which has
everything imported. The file system tells of changes where it can; a look every second finds what
it does not tell, and is all there is on a share. Nothing is remembered of a workbook once it is put
away: what must be known for longer stands in the ledger and in the folders.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final
from zoneinfo import ZoneInfo

from flows.inbox import heartbeat
from flows.inbox.events import changes
from flows.inbox.lying import Lying, LyingFile
from flows.inbox.places import Claim, Inbox, inboxes, strays_in
from flows.inbox_runs import (
    FinishedWorkbook,
    Trouble,
    What,
    fault_words,
    program_fault,
    reject,
    work_through,
)
from flows.listener import Listener
from flows.outputs import as_text
from flows.settings import Settings
from schemas.faults import Stop

AT_ONCE: Final = 4
"""Workbooks that are worked on side by side."""

BIG: Final = 1 << 20
"""Bytes from which a workbook counts as big: one place is always left for the others."""

POLL: Final = 1.0
"""Seconds between two looks when nothing tells of changes."""

_GRACE: Final = 20.0
"""Seconds that running workbooks get to end in when the watch is stopped."""

_LAST_WORDS: Final = 3.0
"""Seconds that they get to tell Prefect that they did not."""

_ORPHANS_EVERY: Final = 30.0
_FIRST_WAIT: Final = 5.0
_LONGEST_WAIT: Final = 60.0
_FAULTS_BEFORE_REJECTED: Final = 3

_LIVES_BEFORE_REJECTED: Final = 10
"""Watchers that have died over a workbook before it is suspected to be what they die of."""


_log = logging.getLogger("orderdrop.watch")


@dataclass(slots=True)
class _Held:
    """A claimed workbook: how often it was tried, how often the program failed, when to go on."""

    claim: Claim
    size: int
    tries: int = 0
    faults: int = 0
    due: float = 0.0
    told: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Account:
    """One account's inbox and what is under way in it. In trouble, one workbook tries the way."""

    inbox: Inbox
    lying: Lying
    held: list[_Held] = field(default_factory=list)
    running: int = 0
    troubles: int = 0
    paused_until: float = 0.0
    told: set[str] = field(default_factory=set)
    is_away: bool = False

    def may_start(self, now: float) -> bool:
        return now >= self.paused_until and not (self.troubles and self.running)


async def watch(
    settings: Settings,
    accounts: Sequence[str],
    stop: asyncio.Event,
    listener: Listener,
    revive: Callable[[], None],
) -> None:
    """Watch the inbox of each account until `stop` is set.

    With one account its inbox is the folder of the settings itself, with several there is a folder
    of each account's name in it. `revive` is called (in a thread) before every run, so that servers
    of our own which are gone are started again; it may raise a `Stop`.

    Run it in a thread that is not the main one: there, Prefect takes over SIGTERM during each flow
    and ends the whole process by it. Prefect's address must stand in the environment before this
    module is imported. Raises InboxFault when the folders cannot be made.
    """
    watched = inboxes(settings.inbox, accounts, settings.state_dir)
    await _Watcher(settings, watched, listener, revive).run(stop)


class _Watcher:
    def __init__(
        self,
        settings: Settings,
        watched: Sequence[Inbox],
        listener: Listener,
        revive: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._revive = revive
        self._accounts = [_Account(inbox, Lying(inbox)) for inbox in watched]
        self._zone = ZoneInfo(settings.timezone)
        self._wake = asyncio.Event()
        self._reviving = asyncio.Lock()
        self._runs: dict[asyncio.Task[None], int] = {}
        self._strays: set[str] = set()
        self._next_beat = 0.0
        self._next_orphans = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        helpers = [
            asyncio.create_task(self._listen()),
            asyncio.create_task(self._wake_when(stop)),
        ]
        try:
            while not stop.is_set():
                await self._round()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._until_next_look())
        finally:
            for helper in helpers:
                helper.cancel()
            await self._end()

    async def _listen(self) -> None:
        async for _ in changes([account.inbox.folder for account in self._accounts]):
            self._wake.set()

    async def _wake_when(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _round(self) -> None:
        self._wake.clear()
        now = monotonic()
        for account in self._accounts:
            try:
                if now >= self._next_orphans:
                    found = await asyncio.to_thread(_orphans, account.inbox)
                    account.held.extend(found)
                for sentence in await asyncio.to_thread(account.lying.look):
                    self._note(sentence)
                account.is_away = False
            except OSError as error:
                if not account.is_away:
                    account.is_away = True
                    why = f"({error.strerror}); it is looked at again and again."
                    self._note(f"The inbox {account.inbox.folder} cannot be read {why}")
        if now >= self._next_orphans:
            self._next_orphans = now + _ORPHANS_EVERY
            await self._tell_strays()
        await self._start()
        if now >= self._next_beat:
            self._next_beat = now + heartbeat.EVERY
            await asyncio.to_thread(self._beat)

    async def _tell_strays(self) -> None:
        """With several accounts, what lies in the folder above theirs is nobody's."""
        if len(self._accounts) > 1:
            above = self._settings.inbox.absolute()
            with suppress(OSError):
                lying = await asyncio.to_thread(strays_in, above)
                for name in sorted(lying - self._strays):
                    self._note(
                        f"{name} lies in {above} and is not taken: move it into the folder of an "
                        "account."
                    )
                self._strays = lying

    def _until_next_look(self) -> float:
        """Seconds until something may be ready, at most until the next look of all."""
        now = monotonic()
        soon = [at for account in self._accounts for at in account.lying.next_looks()]
        due = [held.due for account in self._accounts for held in account.held if held.due > now]
        return max(0.02, min([now + POLL, *soon, *due]) - now)

    # --- starting ---

    async def _start(self) -> None:
        now = monotonic()
        for account in self._accounts:
            for held in [held for held in account.held if held.due <= now]:
                if self._has_room(held.size) and account.may_start(now):
                    account.held.remove(held)
                    self._begin(account, held)
        ready = [(file, account) for account in self._accounts for file in account.lying.ready()]
        for file, account in sorted(ready, key=lambda one: one[0].seen.since):
            if self._has_room(file.seen.look.size) and account.may_start(now):
                claim = await self._claim(account, file)
                if claim is not None:
                    _tell(self._listener.taken, as_text(claim.name))
                    self._begin(account, _Held(claim, file.seen.look.size))

    def _has_room(self, size: int) -> bool:
        if size >= BIG:
            return len(self._runs) < AT_ONCE and sum(
                other >= BIG for other in self._runs.values()
            ) < (AT_ONCE - 1)
        return len(self._runs) < AT_ONCE

    async def _claim(self, account: _Account, file: LyingFile) -> Claim | None:
        now = datetime.now(self._zone)
        try:
            claim = await asyncio.to_thread(account.inbox.claim, file.name, file.seen.look, now)
        except OSError as error:
            self._note(account.lying.cannot_be_taken(file, error))
            return None
        account.lying.forget(file)
        return claim

    def _begin(self, account: _Account, held: _Held) -> None:
        account.running += 1
        task = asyncio.create_task(self._work(account, held))
        self._runs[task] = held.size
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._runs[task]
        self._wake.set()

    # --- working ---

    async def _work(self, account: _Account, held: _Held) -> None:
        try:
            ended = await self._worked_through(held)
            if isinstance(ended, Trouble):
                self._wait(account, held, ended)
            else:
                self._is_well(account)
                _tell(self._listener.finished, ended)
        except asyncio.CancelledError:
            held.claim.let_go()
            raise
        except Exception as error:  # noqa: BLE001  # else it would be held, and worked on by nobody
            self._wait(account, held, program_fault(error, as_text(held.claim.name)))
        finally:
            account.running -= 1

    async def _worked_through(self, held: _Held) -> FinishedWorkbook | Trouble:
        claim = held.claim
        if claim.lives > _LIVES_BEFORE_REJECTED:
            return await asyncio.to_thread(reject, claim, fault_words(as_text(claim.name)))
        ended = await self._revived() or await work_through(claim, self._settings)
        if isinstance(ended, Trouble) and ended.is_fault:
            held.faults += 1
            if held.faults >= _FAULTS_BEFORE_REJECTED:
                return await asyncio.to_thread(reject, claim, fault_words(as_text(claim.name)))
        return ended

    async def _revived(self) -> Trouble | None:
        async with self._reviving:
            try:
                await asyncio.to_thread(self._revive)
            except Stop as stop:
                return Trouble(type(stop).__name__, str(stop))
        return None

    def _wait(self, account: _Account, held: _Held, trouble: Trouble) -> None:
        now = monotonic()
        if trouble.concerns_all:
            account.paused_until = held.due = now + _wait_after(account.troubles)
            account.troubles += 1
        else:
            held.due = now + _wait_after(held.tries)
            held.tries += 1
        account.held.append(held)
        told = account.told if trouble.concerns_all else held.told
        if trouble.kind not in told:
            told.add(trouble.kind)
            name = as_text(held.claim.name)
            sentence = f"{trouble.sentence} {name} waits and is tried again."
            waits = FinishedWorkbook(name, account.inbox.account, What.WAITING, sentence)
            _tell(self._listener.finished, waits)

    def _is_well(self, account: _Account) -> None:
        if account.troubles:
            account.troubles, account.paused_until = 0, 0.0
            for held in account.held:
                held.due = min(held.due, monotonic())
        account.told.clear()

    def _note(self, sentence: str) -> None:
        if sentence:
            _tell(self._listener.note, as_text(sentence))

    def _beat(self) -> None:
        waiting = sum(len(a.lying) + len(a.held) for a in self._accounts)
        inbox = str(self._settings.inbox.absolute())
        beat = heartbeat.Heartbeat(os.getpid(), inbox, datetime.now(UTC), waiting, len(self._runs))
        with suppress(OSError):  # a full disk is told by the runs themselves
            self._settings.state_dir.mkdir(parents=True, exist_ok=True)
            heartbeat.beat(self._settings.state_dir, beat)

    async def _end(self) -> None:
        """Give what is running its time; what does not end stays claimed for the next start."""
        if self._runs:
            await asyncio.wait(self._runs, timeout=_GRACE)
        for task in self._runs:
            task.cancel()
        if self._runs:
            await asyncio.wait(self._runs, timeout=_LAST_WORDS)
        for account in self._accounts:
            for held in account.held:
                held.claim.let_go()
        with suppress(OSError):
            heartbeat.end(self._settings.state_dir)


def _orphans(inbox: Inbox) -> list[_Held]:
    """What a watcher that is gone has left in working."""
    return [_Held(claim, claim.size) for claim in inbox.unheld()]


def _tell(hears: Callable[[Any], None], what: object) -> None:
    """Whoever hears of it may fail; the watch goes on."""
    try:
        hears(what)
    except Exception:  # noqa: BLE001  # whatever it is
        _log.exception("What was to be told of a workbook could not be told")


def _wait_after(tries: int) -> float:
    """Growing waits: 5, 10, 20, 40, 60 seconds and so on."""
    return float(min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(tries, 10)))
