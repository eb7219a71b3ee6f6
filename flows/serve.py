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
from datetime import UTC, datetime
from typing import Final

from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.runner import Runner
from prefect.states import Crashed

from flows.deployment_names import deployment_name
from flows.deployments import KINDS, NIGHTLY, Kind, deployments
from flows.listener import Listener
from flows.missed_nights import is_owed
from flows.one_at_a_time import Work, is_going_on
from flows.settings import Settings
from flows.watch_inbox import watch

RUNNER: Final = "orderdrop"

LOOK_FOR_NIGHTS: Final = 300.0
"""Seconds between two looks for a night that is owed."""

_FIRST_WAIT: Final = 5.0
_LONGEST_WAIT: Final = 300.0
_WELL_AFTER: Final = 600.0
"""Seconds of work after which a part counts as well again, and its next fault as its first."""

_GRACE: Final = 20.0
"""Seconds that scheduled runs which are going on get to end in when the service is stopped."""

_SOON_BEGINS: Final = 600.0
"""Seconds: a run that was to begin longer ago and has not is not waited for."""

_log = logging.getLogger("orderdrop.serve")


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
    registered = asyncio.Event()

    async def watching() -> None:
        await watch(settings, names, stop, listener, revive)

    async def schedules() -> None:
        await asyncio.to_thread(revive)
        runner = await with_deployments(settings, names)
        for account in accounts:
            await end_cut_off_schedules(account)
        registered.set()
        await runner.start()

    async def nights() -> None:
        await registered.wait()
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
        # Their Prefect server may end with this process.
        with suppress(TimeoutError):
            await asyncio.wait_for(_until_none_goes_on(accounts), _GRACE)


async def with_deployments(settings: Settings, accounts: Sequence[str]) -> Runner:
    """Register the deployments; the runner runs what is scheduled, each run as a process."""
    # Schedules stay as they are when this process ends: what falls due meanwhile is run late.
    runner = Runner(name=RUNNER, pause_on_shutdown=False, query_seconds=5)
    for deployment in deployments(settings, accounts):
        await runner.aadd_deployment(deployment)
    return runner


async def end_cut_off_schedules(settings: Settings) -> None:
    """Tell Prefect of scheduled runs that died with the service: it would show them for ever."""
    async with get_client() as client:
        for kind in KINDS:
            if kind.work is None or is_going_on(settings, kind.work):
                continue
            for run in await _runs(client, kind, settings, [StateType.PENDING, StateType.RUNNING]):
                why = "It was cut off. What it had to do is done by the next one."
                ended: State[None] = Crashed(message=why)
                await client.set_flow_run_state(run.id, ended, force=True)


async def _until_none_goes_on(accounts: Sequence[Settings]) -> None:
    # Locks of other processes tell nobody when they are let go.
    while any(is_going_on(one, work) for one in accounts for work in Work):  # noqa: ASYNC110
        await asyncio.sleep(0.2)


async def _runs(
    client: PrefectClient, kind: Kind, settings: Settings, states: list[StateType]
) -> list[FlowRun]:
    name = f"{kind.flow.name}/{deployment_name(kind.name, settings, settings.account)}"
    deployment = await client.read_deployment_by_name(name)
    return await client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=states))
        ),
    )


async def begin_night(settings: Settings) -> bool:
    """Have an account's nightly run begin now, unless one is going on or about to begin."""
    if is_going_on(settings, Work.RENEWALS):
        return False
    name = f"{NIGHTLY.flow.name}/{deployment_name(NIGHTLY.name, settings, settings.account)}"
    now = datetime.now(UTC).timestamp()
    async with get_client() as client:
        planned = [StateType.SCHEDULED, StateType.PENDING]
        for run in await _runs(client, NIGHTLY, settings, planned):
            begins = run.next_scheduled_start_time or run.expected_start_time
            if begins is None or abs(begins.timestamp() - now) < _SOON_BEGINS:
                return False
        deployment = await client.read_deployment_by_name(name)
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
