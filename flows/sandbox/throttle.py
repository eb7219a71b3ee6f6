"""Calls per API key in a rolling window of five seconds (reference, section 22)."""

from __future__ import annotations

import math
import random
import time
from collections import defaultdict, deque
from collections.abc import Callable

from flows.sandbox.errors import ServiceRefusal

WINDOW_SECONDS = 5.0
_SOFT_DELAY_SECONDS = (0.05, 0.5)
"""The vendor publishes no length; this is ours."""


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
        if len(calls) > self._hard_limit:
            frees_up = calls[len(calls) - self._hard_limit] + WINDOW_SECONDS - now
            wait = max(math.ceil(frees_up), 1)
            raise ServiceRefusal("4118", headers={"Retry-After": str(wait)})
        if len(calls) > self._soft_limit:
            return self._chance.uniform(*_SOFT_DELAY_SECONDS)
        return 0.0
