"""What lies in one inbox: since when each file has been quiet, and which may be taken."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

from flows.inbox.complete import SHORTEST, Look, Seen, completes_at, seen
from flows.inbox.ends import End
from flows.inbox.places import Inbox

_log = logging.getLogger("orderdrop.watch")


@dataclass(slots=True)
class LyingFile:
    """A file that was not taken yet; `is_told`: why it is not was said already."""

    name: str
    seen: Seen
    end: End | None = None
    is_ready: bool = False
    is_told: bool = False


class Lying:
    """The files of one inbox, as they were at the last look; nothing of those that are gone."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._files: dict[str, LyingFile] = {}

    def __len__(self) -> int:
        return len(self._files)

    def look(self) -> list[str]:
        """Look at every file; sentences on those that cannot be taken, each told once.

        Raises OSError when the folder cannot be read.
        """
        glance = self._inbox.look()
        for gone in self._files.keys() - glance.files.keys():
            del self._files[gone]
        now = monotonic()
        told = [
            self._look_at(name, look, now, is_open=name in glance.open_elsewhere)
            for name, look in glance.files.items()
        ]
        return [sentence for sentence in told if sentence]

    def ready(self) -> list[LyingFile]:
        """The complete ones, the one that has been quiet the longest first."""
        return sorted(
            (file for file in self._files.values() if file.is_ready),
            key=lambda file: file.seen.since,
        )

    def next_looks(self) -> Iterator[float]:
        """When to look again, by the monotonic clock, at each file that is not ready."""
        now = monotonic()
        for file in self._files.values():
            if not file.is_ready:
                yield file.seen.since + SHORTEST if file.end is None else now + SHORTEST

    def forget(self, file: LyingFile) -> None:
        """It was taken, or is to be looked at as if it were new."""
        self._files.pop(file.name, None)

    def cannot_be_taken(self, file: LyingFile, error: OSError) -> str:
        """It is looked at again; a sentence, unless one was told of it before."""
        file.is_ready = False
        if file.is_told:
            return ""
        file.is_told = True
        return f"{file.name} cannot be taken ({error.strerror or error}); it is tried again."

    def _look_at(self, name: str, look: Look, now: float, *, is_open: bool) -> str:
        file = self._files.get(name)
        newly = seen(file.seen if file else None, look, now)
        if file is None or newly is not file.seen:
            self._files[name] = LyingFile(name, newly, is_told=file.is_told if file else False)
            return ""
        if now - file.seen.since < SHORTEST:
            return ""
        # A file that is whole stays so; any other may have grown without being dated anew.
        if file.end is not End.WHOLE:
            try:
                file.end = self._end_of(name)
            except FileNotFoundError:
                return ""
            except OSError as error:
                return self.cannot_be_taken(file, error)
        file.is_ready = now >= completes_at(name, file.seen, file.end)
        if file.is_ready and is_open:
            file.is_ready = False
            if not file.is_told:
                file.is_told = True
                return f"{name} is open in Excel or LibreOffice; it is taken when it is closed."
        return ""

    def _end_of(self, name: str) -> End:
        try:
            return self._inbox.end_of(name)
        except OSError:
            raise
        except Exception:  # noqa: BLE001
            # No file, however odd, may hold up the others; whoever reads it says what it is.
            _log.exception("The end of %s cannot be understood", name)
            return End.MISSING
