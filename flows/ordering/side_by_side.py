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


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
