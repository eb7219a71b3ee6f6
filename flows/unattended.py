"""What goes on where nobody looks, told to people: the watch, serve, and the runs of deployments.

What is found again at every look (an order that stays in doubt, a marketplace that is away) is told
once a day. All that is remembered for it is an empty file in the state folder, dated when people
were told; one that is lost means a message too many.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

from prefect.runtime import deployment

from flows.inbox.heartbeat import is_stale, read_heartbeat
from flows.inbox_runs import FinishedWorkbook
from flows.notices import about_trouble, about_workbook
from flows.notify import Message, Notifier
from flows.renewal_books import NoRenewalBook
from flows.settings import Settings, SettingsFault
from schemas.faults import Stop

_log = logging.getLogger("orderdrop.unattended")

LOOK_AT_HEARTBEAT: Final = 60.0
"""Seconds between two looks whether the folder is still watched."""

WAIT_FOR_RUN: Final = 30.0
"""Seconds that the process of a scheduled run waits for its messages to go out."""

DAY: Final = 86_400.0
_HOUR: Final = 3600.0


class Memory:
    """What people were told within the last day, by a key of any text."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / "told"

    def knows(self, key: str) -> bool:
        """Whether they were; what is older is forgotten."""
        with suppress(OSError):
            for mark in self._folder.iterdir():
                if time.time() - mark.stat().st_mtime > DAY:
                    mark.unlink(missing_ok=True)
        return self._mark(key).exists()

    def keep(self, key: str) -> None:
        """They are told now."""
        with suppress(OSError):  # then they are told once more
            self._folder.mkdir(parents=True, exist_ok=True)
            self._mark(key).touch()

    def _mark(self, key: str) -> Path:
        return self._folder / hashlib.sha256(key.encode(errors="replace")).hexdigest()[:32]


class Teller:
    """Collects what one run has to tell, and sends it at its end."""

    def __init__(self, settings: Settings) -> None:
        self._notifier = Notifier(settings)
        self._has_addresses = bool(settings.notify)
        self._whose = f"{settings.account} {settings.effective_environment}"
        self._memory = Memory(settings.state_dir)
        self._daily: set[str] = set()

    def tell(self, message: Message | None) -> None:
        """To be told now."""
        self._notifier.send(message)

    def tell_daily(self, what: str, message: Message | None) -> None:
        """To be told unless people were told of the same `what` within the last day."""
        key = f"{self._whose} {what}"
        if message is None or not self._has_addresses or self._memory.knows(key):
            return
        self._daily.add(key)
        self._notifier.send(message)

    def end(self) -> None:
        """Wait, at most WAIT_FOR_RUN, until it is sent; what was not is told at the next run."""
        if self._notifier.close(WAIT_FOR_RUN):
            for key in self._daily:
                self._memory.keep(key)


class _Nobody(Teller):
    """A run that a person has started and looks at."""

    def __init__(self) -> None:
        """Without settings: nothing is sent."""

    def tell(self, message: Message | None) -> None: ...

    def tell_daily(self, what: str, message: Message | None) -> None: ...

    def end(self) -> None: ...


@asynccontextmanager
async def telling(settings: Settings, work: str) -> AsyncIterator[Teller]:
    """Who tells of this run: somebody, when it belongs to a deployment; else nobody.

    What ends the run with an error is told as well, once a day. `work` names it in words.
    """
    teller = _teller(settings) if deployment.id else _Nobody()
    try:
        yield teller
    except NoRenewalBook:  # nobody wants renewals
        raise
    except Stop as stop:
        teller.tell_daily(type(stop).__name__, about_trouble(f"{work}: {stop}"))
        raise
    except Exception as error:
        kind = type(error).__name__
        sentence = f"{work}: Orderdrop itself failed ({kind}). It is tried again by itself."
        teller.tell_daily(kind, about_trouble(sentence))
        raise
    finally:
        await asyncio.to_thread(teller.end)


def _teller(settings: Settings) -> Teller:
    """A slip in an address must not keep renewals and orders from being looked after."""
    try:
        return Teller(settings)
    except SettingsFault as fault:
        _log.error("Nobody is told of this run: %s", fault)
        return _Nobody()


def told_of_workbooks(
    notifier: Notifier, finished: Callable[[FinishedWorkbook], None]
) -> Callable[[FinishedWorkbook], None]:
    """A listener of the watch that sends what it hears, too."""

    def hears(workbook: FinishedWorkbook) -> None:
        notifier.send(about_workbook(workbook))
        finished(workbook)

    return hears


def told_of_notes(notifier: Notifier, note: Callable[[str], None]) -> Callable[[str], None]:
    """The same for all else that is said; what differs in figures alone is sent once an hour."""
    told: dict[str, float] = {}
    lock = threading.Lock()

    def hears(sentence: str) -> None:
        now, key = time.monotonic(), re.sub(r"\d+", "", sentence)
        with lock:
            for old in [k for k, when in told.items() if now - when > _HOUR]:
                del told[old]
            is_new = key not in told
            told.setdefault(key, now)
        if is_new:
            notifier.send(about_trouble(sentence))
        note(sentence)

    return hears


@contextmanager
def heartbeat_looked_at(
    state_dir: Path, note: Callable[[str], None], every: float = LOOK_AT_HEARTBEAT
) -> Iterator[None]:
    """Say so when the watcher's heartbeat stays away, once for each time it does.

    From a thread: what holds the watcher up may hold its whole event loop up. It must be stale at
    two looks, since a computer that was asleep wakes up with an old one.
    """
    ended = threading.Event()

    def look() -> None:
        stale = 0
        while not ended.wait(every):
            beat = read_heartbeat(state_dir)
            stale = stale + 1 if beat is None or is_stale(beat) else 0
            if stale == 2:
                note(
                    "The folder is not watched at the moment: the watcher has not given a sign of "
                    "life for more than a minute. Workbooks stay where they are. If this lasts, "
                    "whoever looks after Orderdrop should start it again; nothing is lost by that."
                )

    thread = threading.Thread(target=look, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
