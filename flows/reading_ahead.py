"""A workbook that is read, checked and grouped while servers start: none of it needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from flows.ordering.group import Grouping
from flows.workbook.parts import read_bytes
from flows.workbook.read import ReadSheet
from schemas.faults import Fault

Examined = tuple[ReadSheet, tuple[Fault, ...], Grouping]
"""The sheet, the faults of its rows, and its orders."""

Examine = Callable[[bytes, str], Examined]


class _Ahead:
    """A reading under way; what it finds is given once and not kept longer than it is needed."""

    def __init__(self, reading: Future[tuple[bytes, str, Examined]]) -> None:
        self._reading: Future[tuple[bytes, str, Examined]] | None = reading

    def take(self, content: bytes, name: str) -> Examined | None:
        reading, self._reading = self._reading, None
        if reading is None or reading.exception() is not None:
            return None
        found, found_name, examined = reading.result()
        return examined if (found, found_name) == (content, name) else None


_ahead: ContextVar[_Ahead | None] = ContextVar("read ahead", default=None)


@contextmanager
def reading_ahead(workbook: Path, examine: Examine) -> Iterator[None]:
    """While this is open, the workbook is read beside what goes on, for `examined_ahead`.

    What cannot be read is found again, and said, by whoever needs it.
    """

    def read() -> tuple[bytes, str, Examined]:
        content = read_bytes(workbook)
        return content, workbook.name, examine(content, workbook.name)

    with ThreadPoolExecutor(1, "reading ahead") as thread:
        before = _ahead.set(_Ahead(thread.submit(read)))
        try:
            yield
        finally:
            _ahead.reset(before)


def examined_ahead(content: bytes, name: str) -> Examined | None:
    """What was found ahead in a workbook of just these bytes and this name, if it was."""
    ahead = _ahead.get()
    return ahead.take(content, name) if ahead is not None else None
