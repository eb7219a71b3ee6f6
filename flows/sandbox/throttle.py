"""Calls per API key in a rolling window of five seconds (reference, section 22)."""

from __future__ import annotations

import math
import random
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from flows.sandbox.errors import ServiceRefusal

WINDOW_SECONDS = 5.0
_SOFT_DELAY_SECONDS = (0.05, 0.5)
"""The vendor publishes no length; this is ours."""


@dataclass(slots=True)
class Counted:
    """What came of one key's calls: how many, the most in one window, and over the limits."""

    calls: int = 0
    most_in_window: int = 0
    delayed: int = 0
    refused: int = 0


class Throttle:
    """The window slides by the wall's clock, whatever the server's clock is set to."""

    def __init__(
        self,
        *,
        enabled: bool,
        soft_limit: int,
        hard_limit: int,
        chance: random.Random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._enabled = enabled
        self._soft_limit = soft_limit
        self._hard_limit = hard_limit
        self._chance = chance
        self._monotonic = monotonic
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)
        self.counted: defaultdict[str, Counted] = defaultdict(Counted)
        """By API key, since the start."""

    def count(self, api_key: str) -> float:
        """Count a call; returns the seconds its answer is delayed by.

        Above the hard limit the call is refused: 429, 4118, with Retry-After. Refused calls
        count as well.
        """
        if not self._enabled:
            return 0.0
        now = self._monotonic()
        calls = self._calls[api_key]
        while calls and calls[0] <= now - WINDOW_SECONDS:
            calls.popleft()
        calls.append(now)
        counted = self.counted[api_key]
        counted.calls += 1
        counted.most_in_window = max(counted.most_in_window, len(calls))
        if len(calls) > self._hard_limit:
            counted.refused += 1
            frees_up = calls[len(calls) - self._hard_limit] + WINDOW_SECONDS - now
            wait = max(math.ceil(frees_up), 1)
            raise ServiceRefusal("4118", headers={"Retry-After": str(wait)})
        if len(calls) > self._soft_limit:
            counted.delayed += 1
            return self._chance.uniform(*_SOFT_DELAY_SECONDS)
        return 0.0
