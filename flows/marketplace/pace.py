"""The rolling-window budget of calls (reference, section 22)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import MutableMapping
from time import monotonic
from typing import Final
from weakref import WeakKeyDictionary

WINDOW: Final = 5.0
"""Seconds over which the vendor counts calls."""

_PARTS: Final = 16
"""A 429 cuts the budget down to one part in so many at least; each window gives one part back."""


class Budget:
    """At most `calls` calls in any rolling five seconds, for every kind of call of one key.

    Starts are spread a little, so that a full window is not spent in its first instant. A 429
    halves the budget, and it comes back little by little. It lives as long as its process: were
    it halved without end, a few 429 in an hour would leave a watch with hardly a call.
    """

    def __init__(self, calls: int) -> None:
        self._full = calls
        self._allowed = calls
        self._starts: deque[float] = deque()
        self._lock = asyncio.Lock()
        self._part = max(1, calls // _PARTS)
        self._slowed_at = 0.0
        self._grown_at = 0.0

    async def take(self) -> None:
        """Wait until one more call fits into the window."""
        async with self._lock:
            while True:
                now = monotonic()
                self._recover(now)
                while self._starts and now - self._starts[0] >= WINDOW:
                    self._starts.popleft()
                if len(self._starts) < self._allowed:
                    self._starts.append(now)
                    return
                await asyncio.sleep(self._starts[0] + WINDOW - now)

    def slow_down(self) -> None:
        """The marketplace answered 429: halve the budget, once per window."""
        now = monotonic()
        if now - self._slowed_at >= WINDOW:
            self._allowed = max(self._part, self._allowed // 2)
            self._slowed_at = self._grown_at = now

    def _recover(self, now: float) -> None:
        windows = int((now - self._grown_at) / WINDOW)
        if self._allowed < self._full and windows:
            self._allowed = min(self._full, self._allowed + windows * self._part)
            self._grown_at = now


class Pace:
    """One run's part in the budget of its key: waits with all others, counts its own calls."""

    def __init__(self, budget: Budget | int) -> None:
        """A number of calls stands for a budget that nobody else draws on."""
        self._budget = Budget(budget) if isinstance(budget, int) else budget
        self.calls = 0

    async def take(self) -> None:
        """Wait until one more call fits into the window, and count it."""
        await self._budget.take()
        self.calls += 1

    def slow_down(self) -> None:
        """The marketplace answered 429: every run of this key slows down."""
        self._budget.slow_down()


_budgets: MutableMapping[asyncio.AbstractEventLoop, dict[tuple[str, int], Budget]] = (
    WeakKeyDictionary()
)


def shared_budget(key_fingerprint: str, calls: int) -> Budget:
    """The budget of one key that all runs of this process share (those of one event loop)."""
    budgets = _budgets.setdefault(asyncio.get_running_loop(), {})
    return budgets.setdefault((key_fingerprint, calls), Budget(calls))
