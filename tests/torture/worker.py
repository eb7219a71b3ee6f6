"""One life of the plain stages, in a process of its own: until the end, or until it is struck.

Processes are forked from one that has imported everything, so that a life costs milliseconds
to begin; files, sockets and threads are opened in the child alone.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

import flows.desk
import flows.ordering.follow
import flows.ordering.look_up
import flows.ordering.submit
from flows.desk import Desk
from flows.follow_up import follow_up
from flows.settings import Settings
from schemas.orders import MarketplaceStop
from tests.torture.points import Act, Point, Trap, lay

ENDED: Final = frozenset({0, 4, 5})
"""Exit codes of a run that came to its end (docs/design.md, Outer interfaces)."""

STOPPED: Final = 3
"""The marketplace would not go on (a key or token refused, nobody there): run it again."""

KILLED: Final = -9


@dataclass(frozen=True, slots=True)
class Life:
    """What a process is to do, and where it is struck.

    `follows` is how many seconds it follows its orders; without a workbook it follows up what
    is open. `clock` moves its wall clock by so many seconds.
    """

    environment: Mapping[str, str]
    workbook: str = ""
    follows: float = 0.5
    point: Point | None = None
    passage: int = 1
    act: Act = "kill"
    clock: float = 0.0
    log: str = ""
    batch: int = 100


class Nursery:
    """Starts lives; the first costs the imports, all others next to nothing."""

    def __init__(self) -> None:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads do not survive a fork
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.torture.warm"])

    def begin(self, life: Life, does: Callable[[Life], None] | None = None) -> BaseProcess:
        """A process that lives this life."""
        process = self._context.Process(target=does or live, args=(life,))
        process.start()
        return process

    def live_out(
        self, life: Life, within: float = 120.0, does: Callable[[Life], None] | None = None
    ) -> int:
        """Live to the end; the exit code (negative: the signal that ended it)."""
        process = self.begin(life, does)
        process.join(within)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"A run took more than {within:.0f} s.")
        return process.exitcode


def live(life: Life) -> None:
    """The whole life, in the child."""
    for name in [name for name in os.environ if name.startswith("ORDERDROP_")]:
        del os.environ[name]
    os.environ.update(life.environment)
    if life.log:
        _log_to(Path(life.log))
    if life.clock:
        _move_clock(timedelta(seconds=life.clock))
    if life.point is not None:
        lay(Trap(life.point, life.passage, life.act))
    try:
        code = asyncio.run(_submitted(life) if life.workbook else _followed_up())
    except MarketplaceStop as stop:
        print(f"stopped: {stop}", file=sys.stderr)
        code = STOPPED
    sys.exit(code)


async def _submitted(life: Life) -> int:
    async with Desk(Settings.checked()) as desk:
        planned = desk.read_and_plan(Path(life.workbook))
        ids = planned.intent_ids
        for done in range(0, len(ids), life.batch):
            if not desk.stopped:
                await desk.place(ids[done : done + life.batch], len(ids))
        await desk.follow(planned.submission_id, life.follows)
        return desk.reconcile(planned.submission_id, None).exit_code


async def _followed_up() -> int:
    async with Desk(Settings.checked()) as desk:
        return (await follow_up(desk)).exit_code


def _log_to(path: Path) -> None:
    with path.open("ab") as log:
        os.dup2(log.fileno(), sys.stderr.fileno())


def _move_clock(by: timedelta) -> None:
    """What the rules take for the time of day, moved; the sign-in compares no clocks then."""

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + by

    def utc_now() -> datetime:
        return datetime.now(UTC) + by

    setattr(flows.desk, "datetime", Moved)  # noqa: B010  # no attribute that it exports
    for module in (flows.ordering.submit, flows.ordering.look_up, flows.ordering.follow):
        setattr(module, "utc_now", utc_now)  # noqa: B010
