"""Everything unattended, in one process: the folder, the nights, and what is still open.

Three things go on side by side and are kept up: the watcher, the runner of the schedules (each
scheduled run is a process of its own), and a look every few minutes for nights that are owed. One
that fails is said and begun again after a growing wait; the others go on. Nothing here remembers
anything: after kill -9 the next start finds all of it in the ledger and in the folders.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from prefect import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.runner import Runner

from flows.deployments import NIGHTLY, deployments, name_of
from flows.inbox_runs import FinishedWorkbook
from flows.missed_nights import is_owed
from flows.settings import Settings
from flows.watch_inbox import watch

RUNNER: Final = "orderdrop"

LOOK_FOR_NIGHTS: Final = 300.0
"""Seconds between two looks for a night that is owed."""

_FIRST_WAIT: Final = 5.0
_LONGEST_WAIT: Final = 300.0
_WELL_AFTER: Final = 600.0
"""Seconds of work after which a part counts as well again, and its next fault as its first."""

_UNDER_WAY: Final = [
    StateType.SCHEDULED,
    StateType.PENDING,
    StateType.RUNNING,
]

_log = logging.getLogger("orderdrop.serve")


@dataclass(frozen=True, slots=True)
class Listener:
    """Who wants to hear: of a workbook that is taken, of one that ended, of all else in a line."""

    taken: Callable[[str], None]
    finished: Callable[[FinishedWorkbook], None]
    note: Callable[[str], None]


async def serve(
    settings: Settings,
    accounts: Sequence[Settings],
    stop: asyncio.Event,
    listener: Listener,
    revive: Callable[[], None],
) -> None:
    """Watch, run the schedules and catch up with nights until `stop` is set.

    `accounts` are the settings of each account. `revive` starts servers of our own again that are
    gone (called in a thread; may raise a `Stop`). Prefect's address must stand in the environment
    before this module is imported.
    """
    names = [account.account for account in accounts]

    async def watching() -> None:
        await watch(
            settings,
            names,
            stop,
            listener.finished,
            on_taken=listener.taken,
            on_note=listener.note,
            revive=revive,
        )

    async def schedules() -> None:
        await asyncio.to_thread(revive)
        await run_schedules(settings, names)

    async def nights() -> None:
        while True:
            for account in accounts:
                if await asyncio.to_thread(is_owed, account, datetime.now(UTC)):
                    await begin_night(account)
            await asyncio.sleep(LOOK_FOR_NIGHTS)

    beside = [
        asyncio.create_task(_kept_up(what, work, listener.note))
        for what, work in (("The schedules", schedules), ("The look for missed nights", nights))
    ]
    try:
        await _kept_up("The watch over the folder", watching, listener.note, until=stop)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.wait(beside, timeout=_FIRST_WAIT)


async def run_schedules(settings: Settings, accounts: Sequence[str]) -> None:
    """Register the deployments and run what is scheduled, each run as a process, without end."""
    # Schedules stay as they are when this process ends: what falls due meanwhile is run late.
    runner = Runner(name=RUNNER, pause_on_shutdown=False, query_seconds=5)
    for deployment in deployments(settings, accounts):
        await runner.aadd_deployment(deployment)
    await runner.start()


async def begin_night(settings: Settings) -> bool:
    """Have an account's nightly run begin now, unless one is under way or about to begin."""
    name = f"{NIGHTLY.flow.name}/{name_of(NIGHTLY, settings, settings.account)}"
    async with get_client() as client:
        deployment = await client.read_deployment_by_name(name)
        runs = await client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id])),
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNDER_WAY))
            ),
        )
        soon = datetime.now(UTC).timestamp() + LOOK_FOR_NIGHTS
        for run in runs:
            planned = run.next_scheduled_start_time or run.expected_start_time
            if planned is None or planned.timestamp() <= soon:
                return False
        await client.create_flow_run_from_deployment(
            deployment.id, name="a night that was missed", tags=["catches up"]
        )
        return True


async def _kept_up(
    what: str,
    work: Callable[[], Awaitable[None]],
    note: Callable[[str], None],
    until: asyncio.Event | None = None,
) -> None:
    """Run a part; when it fails, say so, wait, and begin it again."""
    faults = 0
    while until is None or not until.is_set():
        began = asyncio.get_running_loop().time()
        try:
            await work()
        except Exception as error:  # noqa: BLE001  # whatever it is, the other parts go on
            if asyncio.get_running_loop().time() - began > _WELL_AFTER:
                faults = 0
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(faults, 10))
            faults += 1
            _log.error("%s failed", what, exc_info=error)
            note(f"{what} failed ({type(error).__name__}); it begins again in {wait:.0f} s.")
        else:
            if until is None:
                note(f"{what} ended; it begins again.")
            wait = _FIRST_WAIT
        if until is None:
            await asyncio.sleep(wait)
        else:
            with suppress(TimeoutError):
                await asyncio.wait_for(until.wait(), wait)
