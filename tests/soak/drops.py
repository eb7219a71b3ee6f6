"""The ways in which files come into a folder: at once, slowly, in halves, renamed, twice."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_PIECES: Final = 6


def at_once(place: Path, content: bytes, _draw: random.Random) -> None:
    """As a local program writes."""
    place.write_bytes(content)


def slowly(place: Path, content: bytes, draw: random.Random) -> None:
    """As over a bad line: piece by piece."""
    size = len(content) // _PIECES + 1
    with place.open("wb") as file:
        for start in range(0, len(content), size):
            file.write(content[start : start + size])
            file.flush()
            time.sleep(draw.uniform(0.1, 0.9))


def half_copied(place: Path, content: bytes, draw: random.Random) -> None:
    """A copy that hangs in the middle for some seconds."""
    with place.open("wb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        time.sleep(draw.uniform(2.0, 6.0))
        file.write(content[len(content) // 2 :])


def renamed_over(place: Path, content: bytes, draw: random.Random) -> None:
    """A broken copy, then the whole file in its place."""
    place.write_bytes(content[: len(content) * 2 // 3])
    time.sleep(draw.uniform(0.2, 2.0))
    beside = place.with_name(f"~{place.name}.tmp")
    beside.write_bytes(content)
    beside.replace(place)


def as_part(place: Path, content: bytes, draw: random.Random) -> None:
    """As browsers and transfer programs do."""
    part = place.with_name(f"{place.name}.part")
    part.write_bytes(content[: len(content) // 2])
    time.sleep(draw.uniform(0.2, 2.0))
    part.write_bytes(content)
    os.rename(part, place)  # noqa: PTH104  # what such programs call


def size_first(place: Path, content: bytes, draw: random.Random) -> None:
    """As Windows copies to a share: the whole size at once, the bytes later."""
    with place.open("wb") as file:
        file.truncate(len(content))
        time.sleep(draw.uniform(0.5, 3.0))
        file.write(content)


WAYS: Final[tuple[Callable[[Path, bytes, random.Random], None], ...]] = (
    at_once,
    slowly,
    half_copied,
    renamed_over,
    as_part,
    size_first,
)


class Dropper:
    """Drops files side by side, each in its own way, and knows when all are down."""

    def __init__(self, inbox: Path, seed: int) -> None:
        self._inbox = inbox
        self._random = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._threads: list[threading.Thread] = []

    def drop(self, name: str, content: bytes) -> None:
        """Begin to drop a file in a way that is drawn."""
        way = self._random.choice((at_once, *WAYS))
        draw = random.Random(self._random.random())  # noqa: S311
        thread = threading.Thread(target=way, args=(self._inbox / name, content, draw))
        thread.start()
        self._threads.append(thread)

    def join(self) -> None:
        """Until every file is down."""
        for thread in self._threads:
            thread.join()
        self._threads.clear()
