"""The crash points that docs/protocol.md names, as traps: the n-th to come by one is struck.

The product knows nothing of them: its methods are wrapped here, in the process that is to die.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Any, Final, Literal

from flows.ledger import Ledger, group, steps
from flows.ledger.book import Planning
from flows.ledger.sends import Answered, Begun
from flows.marketplace.client import Marketplace
from flows.marketplace.transport import InTime

Act = Literal["kill", "freeze"]


class Point(StrEnum):
    """Where a process can be struck."""

    PLANNING = "before the intent's commit"
    PLANNED = "after the intent's commit, before the send"
    SIGNED_IN = "between token and order"
    COUNTED = "after the send is counted, before it begins"
    CHECKED = "after the lease's check, before the first byte"
    WRITING = "while the request is being written"
    WRITTEN = "after the request, before the answer"
    ANSWERED = "after the answer, before its commit"
    ANSWERING = "inside the commit of the answer"
    TOLD = "after the answer's commit, before it is reported"
    LOOKING = "in the middle of a look-up"
    FOUND = "after a look-up, before its commit"
    REPLACING = "between retiring and the new intent"
    LEASING = "while the lease is being taken"
    RENEWING = "while the lease is being renewed"
    FILLING = "while the workbook is being written"
    NAMING = "before the rename"
    NAMED = "after the rename"


PASSAGES: Final[Mapping[Point, int]] = {
    Point.PLANNING: 1,
    Point.PLANNED: 1,
    Point.FOUND: 2,
    Point.REPLACING: 2,
    Point.RENEWING: 3,
    Point.FILLING: 2,
    Point.NAMING: 2,
    Point.NAMED: 2,
}
"""How often a run passes a point, as a rule; the others once for each order."""

_UNFINISHED: Final = ".part"


class Trap:
    """Strikes this process the `passage`-th time that it passes `point`."""

    def __init__(self, point: Point, passage: int, act: Act = "kill") -> None:
        self.point = point
        self._left = passage
        self._signal = signal.SIGKILL if act == "kill" else signal.SIGSTOP

    def at(self, point: Point) -> None:
        """The process is at this point."""
        if point is self.point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), self._signal)


def lay(trap: Trap) -> None:
    """Wrap what passes the points, for the rest of this process's life."""
    _around_planning(trap)
    _around_steps(trap)
    _around_calls(trap)
    _around_files(trap)


def _around_planning(trap: Trap) -> None:
    _wrap(Planning, "put", after=lambda *_: trap.at(Point.PLANNING))
    planning = Ledger.planning

    @contextmanager
    def planned(self: Ledger, *arguments: Any) -> Iterator[Planning]:
        with planning(self, *arguments) as opened:
            yield opened
        trap.at(Point.PLANNED)

    _put(Ledger, "planning", planned)


def _around_steps(trap: Trap) -> None:
    leased: set[str] = set()

    def sends_are_written(_connection: object, steps: Sequence[object]) -> None:
        for step in steps:
            if isinstance(step, Answered):
                trap.at(Point.ANSWERING)
            elif isinstance(step, Begun):
                trap.at(Point.RENEWING if step.intent_id in leased else Point.LEASING)
                leased.add(step.intent_id)

    def is_replacing(_connection: object, intents: Sequence[Any]) -> None:
        if any(intent.replaces for intent in intents):
            trap.at(Point.REPLACING)

    _wrap(group, "write_sends", after=sends_are_written)
    _wrap(steps, "write_intents", before=is_replacing)
    for step in ("bind", "looked", "send_again", "stick", "replace"):
        _wrap_call(Ledger, step, before=lambda: trap.at(Point.FOUND))
    _wrap_call(Ledger, "answer", after=lambda: trap.at(Point.TOLD))


def _around_calls(trap: Trap) -> None:
    _wrap_call(Marketplace, "ready", after=lambda: trap.at(Point.SIGNED_IN))
    _wrap_call(
        Marketplace,
        "place",
        before=lambda: trap.at(Point.COUNTED),
        after=lambda: trap.at(Point.ANSWERED),
    )
    _wrap_call(Marketplace, "history", after=lambda: trap.at(Point.LOOKING))
    whole = InTime.__aiter__

    async def in_halves(self: InTime) -> AsyncIterator[bytes]:
        async for body in whole(self):
            trap.at(Point.CHECKED)
            half = len(body) // 2 if trap.point is Point.WRITING else 0
            if half:
                yield body[:half]
                trap.at(Point.WRITING)
            yield body[half:]
            trap.at(Point.WRITTEN)  # asked for more: all of it is with the socket

    _put(InTime, "__aiter__", in_halves)


def _around_files(trap: Trap) -> None:
    write, rename = Path.write_bytes, Path.replace

    def write_bytes(self: Path, data: bytes) -> int:
        if self.name.endswith(_UNFINISHED) and trap.point is Point.FILLING:
            write(self, data[: len(data) // 2])
            trap.at(Point.FILLING)
        return write(self, data)

    def replace(self: Path, target: Path) -> Path:
        if not self.name.endswith(_UNFINISHED):
            return rename(self, target)
        trap.at(Point.NAMING)
        renamed = rename(self, target)
        trap.at(Point.NAMED)
        return renamed

    _put(Path, "write_bytes", write_bytes)
    _put(Path, "replace", replace)


def _nothing(*_: Any) -> None: ...


def _put(owner: object, name: str, what: object) -> None:
    setattr(owner, name, what)


def _wrap(
    owner: Any,
    name: str,
    before: Callable[..., None] = _nothing,
    after: Callable[..., None] = _nothing,
) -> None:
    """Call something before or after a plain function, with its arguments."""
    original = getattr(owner, name)

    @wraps(original)
    def wrapped(*arguments: Any) -> Any:
        before(*arguments)
        result = original(*arguments)
        after(*arguments)
        return result

    _put(owner, name, wrapped)


def _wrap_call(
    owner: Any,
    name: str,
    before: Callable[[], None] = _nothing,
    after: Callable[[], None] = _nothing,
) -> None:
    """Call something before or after an awaited method."""
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    @wraps(original)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        before()
        result = await original(*arguments, **named)
        after()
        return result

    _put(owner, name, wrapped)
