"""Whether answers have become slower because of our pace.

Past its soft limit the vendor says nothing: it only answers more slowly (reference, section 22).
Others may use our key unseen, so the time that answers take is all there is to go by. But a
marketplace may be slow for reasons of its own. So it is tried out: a little slower for a window.
If that helps, it was the pace; if it does not, the new time is how long answers take now.
"""

from __future__ import annotations

from statistics import median
from typing import Final

_LEAST: Final = 20
"""Answers in a window from which its middle says something."""

_LONGER: Final = 1.25
_LONGER_BY: Final = 0.04
"""Seconds; with less, a busy computer would look like a slow marketplace."""

_DRIFT: Final = 0.2


class Margin:
    """Told of every answer; says when the pace should go down a little."""

    def __init__(self, window: float) -> None:
        """`window`: seconds over which answers are taken together."""
        self._window = window
        self._since: float | None = None
        self._taken: list[float] = []
        self._usual: float | None = None
        self._slow: float | None = None
        """The middle time that the pace was lowered for, while it is tried whether that helps."""

    def is_too_fast(self, now: float, seconds: float) -> bool:
        """An answer came at `now` after so many seconds: whether to go more slowly from here on."""
        if self._since is None or now - self._since >= 2 * self._window:
            self._since, self._taken = now, []
        self._taken.append(seconds)
        if now - self._since < self._window:
            return False
        taken, self._since, self._taken = self._taken, now, []
        return len(taken) >= _LEAST and self._judged(median(taken))

    def _judged(self, middle: float) -> bool:
        if self._usual is None:
            self._usual = middle
            return False
        if self._slow is not None:
            has_helped = middle < (self._usual + self._slow) / 2
            self._slow = None
            if has_helped:
                return True  # it was the pace, and it stays a little lower
            self._usual = middle
            return False
        if middle > self._usual * _LONGER + _LONGER_BY:
            self._slow = middle
            return True
        self._usual = min(middle, self._usual + _DRIFT * (middle - self._usual))
        return False
