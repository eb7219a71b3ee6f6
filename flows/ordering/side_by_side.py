"""Jobs that go on together, and one plain error when the run must stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from schemas.faults import Stop


async def side_by_side(jobs: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Await all jobs. A designed `Stop` of one of them comes out as itself, not in a group."""
    try:
        async with asyncio.TaskGroup() as tasks:
            for job in jobs:
                tasks.create_task(job)
    except BaseExceptionGroup as group:
        stops = group.subgroup(Stop)
        if stops is None:
            raise
        raise _first(stops) from None


async def some_at_once(at_once: int, jobs: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Await all jobs, so many at once; each is made when its turn comes. After a `Stop` none
    begins; it comes out at the end.

    Jobs that are under way then go on: their calls are still answered and committed.
    """
    waiting = iter(jobs)
    halted: list[Stop] = []

    async def one_after_the_other() -> None:
        while not halted and (job := next(waiting, None)) is not None:
            try:
                await job
            except Stop as stop:
                halted.append(stop)

    await side_by_side(one_after_the_other() for _ in range(at_once))
    if halted:
        raise halted[0]


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
