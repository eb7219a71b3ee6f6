"""An event loop whose time goes on only when everybody sleeps: hours of waiting in no time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Jumps to the next moment at which somebody wakes."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 1000.0

    def time(self) -> float:
        return self._now

    def pass_by(self, seconds: float) -> None:
        """The processor was busy for so long."""
        self._now += seconds

    def _run_once(self) -> None:
        scheduled = self._scheduled  # type: ignore[attr-defined]
        if not self._ready and scheduled:  # type: ignore[attr-defined]
            self._now = max(self._now, scheduled[0]._when)
        super()._run_once()  # type: ignore[misc]


def in_virtual_time(work: Coroutine[Any, Any, Result], loop: VirtualLoop | None = None) -> Result:
    """Run it to its end."""
    made = loop or VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: made) as runner:  # it ends what is still under way
        return runner.run(work)
