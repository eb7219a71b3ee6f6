"""What sending and looking up need, and how patient they are."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from flows.ordering.interfaces import OrderBook, OrdersApi


@dataclass(frozen=True, slots=True)
class Hands:
    """The ledger and the marketplace, and the terms on which they are used.

    `patience` multiplies every wait; `key_fingerprint` is that of the key in use. A call takes
    `call_seconds` at most (connect and read time-outs together). `settle` is how long an order
    may take to show up in the history. `clock_back`: the ledger knows a later time than this
    computer's clock, so nothing that was sent before is sent again.
    """

    book: OrderBook
    api: OrdersApi
    key_fingerprint: str
    in_flight: int
    patience: float = 1.0
    call_seconds: float = 70.0
    settle: timedelta = timedelta(minutes=15)
    resend: Literal["auto", "ask"] = "auto"
    clock_back: bool = False

    @property
    def lease(self) -> timedelta:
        """Longer than a call can take, with a margin."""
        return timedelta(seconds=self.call_seconds * 1.4)

    @property
    def may_go_for(self) -> float:
        """Seconds of a lease that may pass before the request is written."""
        return self.call_seconds * 0.35

    def scaled(self, span: timedelta) -> timedelta:
        """A wait of the protocol, as patient as we are."""
        return span * self.patience


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


def awake_clock() -> float:
    """Seconds that go on while the machine sleeps, where the system has such a clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(clock) if clock is not None else time.monotonic()
