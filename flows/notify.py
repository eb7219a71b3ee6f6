"""Messages to people through Apprise: beside the work, never in its way.

Each address has a thread of its own, and one that is away or hangs costs nothing but a line in
the log. Addresses hold passwords, so they are named by their number and kind alone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from queue import Empty, Full, Queue
from time import monotonic
from typing import Final, Self

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType
from apprise.attachment.file import AttachFile
from apprise.plugins import NotifyBase

from flows.outputs import as_text
from flows.settings import Settings, SettingsFault
from schemas.outcomes import PRACTICE

BIGGEST_ATTACHMENT: Final = 10_000_000
"""Bytes; of a bigger workbook only its place is told."""

LAST_CALL: Final = 10.0
"""Seconds that messages under way get when their process is told to stop."""

WAIT_BEFORE_AGAIN: Final = 2.0
"""Seconds from a failure to the next try."""

_MOST_WAITING: Final = 200

_log = logging.getLogger("orderdrop.notify")


class Weight(StrEnum):
    """Whether somebody should look; `ORDERDROP_NOTIFY_ABOUT` goes by it."""

    DONE = "done"
    ATTENTION = "attention"


@dataclass(frozen=True, slots=True)
class Message:
    """What people are told: a line, a few sentences, perhaps a workbook; plain text."""

    title: str
    body: str
    attachment: Path | None
    weight: Weight


class Notifier:
    """Sends messages to the addresses of the settings, beside whatever else goes on.

    Raises SettingsFault when an address is none that Apprise knows. Nothing else is raised.
    """

    def __init__(self, settings: Settings) -> None:
        self._only_attention = settings.notify_about == "attention"
        self._before_title = PRACTICE if settings.effective_environment == "practice" else ""
        secrets = [address.get_secret_value() for address in settings.notify]
        self._channels = [_channel(number, text) for number, text in enumerate(secrets, 1)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, message: Message | None) -> None:
        """Have it sent, if it is one and is wanted; returns at once."""
        if message is None or (self._only_attention and message.weight is Weight.DONE):
            return
        title = " ".join(as_text(f"{self._before_title}{message.title}").split())
        told = replace(message, title=title, body=as_text(message.body))
        for channel in self._channels:
            channel.put(told)

    def close(self, seconds: float = LAST_CALL) -> bool:
        """Wait that long for what is under way; whether every address took all it was given."""
        until = monotonic() + seconds
        for channel in self._channels:
            channel.last_call()
        took_all = [channel.ended(until) for channel in self._channels]
        return all(took_all)


class _Channel:
    """One address and the thread that sends to it."""

    def __init__(self, name: str, deliver: Callable[[Message, bool], bool]) -> None:
        self._name = name
        self._deliver = deliver
        self._waiting: Queue[Message | None] = Queue(_MOST_WAITING)
        self._closing = threading.Event()
        self._took_all = True
        self._is_given_up = False
        self._thread = threading.Thread(target=self._work, name="notify", daemon=True)
        self._thread.start()

    def put(self, message: Message) -> None:
        try:
            self._waiting.put_nowait(message)
        except Full:
            self._failed("it has not answered for long, and no more can wait for it")

    def last_call(self) -> None:
        self._closing.set()
        try:
            self._waiting.put_nowait(None)
        except Full:  # the thread looks at the event as well
            return

    def ended(self, until: float) -> bool:
        """Whether all was taken; what is not by `until` (monotonic seconds) is given up."""
        self._thread.join(max(0.0, until - monotonic()))
        if self._thread.is_alive():
            self._is_given_up = True
            self._failed("it did not answer in time")
        return self._took_all

    def _work(self) -> None:
        while True:
            message = self._next()
            if message is None:
                return
            if not self._is_taken(message) and not self._is_given_up:
                self._failed("it did not take it")

    def _next(self) -> Message | None:
        if self._closing.is_set():
            try:
                return self._waiting.get_nowait()
            except Empty:
                return None
        return self._waiting.get()

    def _is_taken(self, message: Message) -> bool:
        """With its workbook, once more after a wait, and at last without the workbook."""
        attached = message.attachment is not None and _fits(message.attachment)
        for again, with_workbook in enumerate((True, True, False) if attached else (False,) * 2):
            if again == 1:
                self._closing.wait(WAIT_BEFORE_AGAIN)
            if self._deliver(message, with_workbook):
                return True
        return False

    def _failed(self, why: str) -> None:
        self._took_all = False
        _log.error(
            "A notification could not be sent to %s: %s. Everything else goes on.", self._name, why
        )


def _channel(number: int, address: str) -> _Channel:
    # What Apprise and its carrier say may hold an address, and with it a password.
    for says in ("apprise", "urllib3"):
        logging.getLogger(says).setLevel(logging.CRITICAL + 1)
    scheme, mark, _ = address.partition("://")
    kind = f" ({scheme.lower()})" if mark and scheme.isalnum() else ""
    asset = AppriseAsset(app_id="Orderdrop", app_desc="Orderdrop", storage_mode="memory")
    asset.async_mode = False
    plugin = Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
    if not isinstance(plugin, NotifyBase):
        raise SettingsFault(
            f"ORDERDROP_NOTIFY: address {number}{kind} is none that can be sent to; see "
            "https://appriseit.com for how addresses are written."
        )
    apprise = Apprise(asset=asset)
    apprise.add(plugin)
    has_room = bool(plugin.attachment_support)

    def deliver(message: Message, with_workbook: bool) -> bool:
        attach = None
        if with_workbook and has_room:
            attach = AttachFile(str(message.attachment))  # type: ignore[no-untyped-call]
        note = "\n\nThe workbook is attached." if attach else ""
        try:
            return bool(
                apprise.notify(
                    body=message.body + note,
                    title=message.title,
                    notify_type=_TYPES[message.weight],
                    body_format=NotifyFormat.TEXT,
                    attach=[attach] if attach else None,
                )
            )
        except Exception:  # noqa: BLE001  # its text may hold the address
            return False

    return _Channel(f"address {number}{kind}", deliver)


_TYPES: Final = {Weight.DONE: NotifyType.SUCCESS, Weight.ATTENTION: NotifyType.WARNING}


def _fits(workbook: Path) -> bool:
    try:
        return workbook.stat().st_size <= BIGGEST_ATTACHMENT
    except OSError:
        return False
