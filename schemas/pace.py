"""How one API key's calls are spread over time: what all who use the key know together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PaceStanding:
    """Where the calls of one key stand. Moments are seconds by one clock that all who share it see.

    `next_at` is the moment of the next call that nobody has taken yet; `share` how much of the
    allowed calls is used at present, up to 1; `lowered_at` and `grown_at` when it last went down
    and up; `changed_at` when moments were last taken.
    """

    next_at: float
    share: float = 1.0
    lowered_at: float = 0.0
    grown_at: float = 0.0
    changed_at: float = 0.0


Change = Callable[[PaceStanding, float], PaceStanding]
"""What becomes of a standing at a moment."""


class PaceMemory(Protocol):
    """Where the standing of each key is kept. Called from threads.

    `change` gives the standing before and after, and the moment by its clock; nobody else's
    change comes between. Raises a `Stop` when it cannot.
    """

    def change(self, key: str, change: Change) -> tuple[PaceStanding, PaceStanding, float]: ...
