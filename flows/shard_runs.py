"""Runs of shards on a Prefect work pool: begun, asked how they stand, given up."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, State, WorkerStatus
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Cancelling, Crashed

from flows.deployment_names import SHARD, deployment_name
from flows.flow_results import CALLS, PLACING
from flows.settings import Settings
from flows.shards import RunSeen, Shard

_AT_ONCE: Final = 100
"""Runs that are asked for at a time; Prefect tells 200 of them at the most."""


@dataclass(frozen=True, slots=True)
class PrefectWorkers:
    """The workers of the pool that the settings name, for one account."""

    settings: Settings

    async def ready(self) -> bool:
        """Whether the pool has the deployment and a worker that is heard of."""
        pool, name = self.settings.work_pool or "", self._deployment
        try:
            async with get_client() as client:
                deployment = await client.read_deployment_by_name(name)
                workers = await client.read_workers_for_work_pool(pool)
        except ObjectNotFound:
            self._note(f"Prefect knows no work pool {pool} or no deployment {name}")
            return False
        except Exception as error:  # noqa: BLE001  # whatever it is, this process can do it alone
            self._note(f"Prefect cannot be asked for workers ({type(error).__name__})")
            return False
        if deployment.work_pool_name != pool:
            self._note(f"The deployment {name} is not in the work pool {pool}")
            return False
        if not any(worker.status is WorkerStatus.ONLINE for worker in workers):
            self._note(f"The work pool {pool} has no worker that is heard of")
            return False
        return True

    async def begin(self, shard: Shard) -> UUID | None:
        """Have the deployment run for a shard; None when Prefect does not."""
        parameters = {
            "submission_id": shard.submission_id,
            "shard": shard.number,
            "of": shard.of,
            "environment": self.settings.effective_environment,
            "account": self.settings.account,
        }
        try:
            run = await arun_deployment(self._deployment, parameters=parameters, timeout=0)
        except Exception as error:  # noqa: BLE001  # as above
            self._note(f"Prefect does not begin part {shard.number} ({type(error).__name__})")
            return None
        return run.id

    async def look(self, runs: Collection[UUID]) -> Mapping[UUID, RunSeen]:
        """The runs as Prefect knows them; none while it does not answer."""
        seen: dict[UUID, RunSeen] = {}
        asked = list(runs)
        try:
            async with get_client() as client:
                for start in range(0, len(asked), _AT_ONCE):
                    some = FlowRunFilterId(any_=asked[start : start + _AT_ONCE])
                    found = await client.read_flow_runs(flow_run_filter=FlowRunFilter(id=some))
                    seen |= {run.id: _seen(run) for run in found}
        except Exception:  # noqa: BLE001  # the ledger tells whether they go on
            return seen
        return seen

    async def give_up(self, run: UUID, why: str) -> None:
        """A run that has not begun is cancelled; one that has is shown as cut off."""
        await self._end(run, Crashed(message=why), why)

    async def stop(self, run: UUID) -> None:
        """A run that has not begun is cancelled; one that has is ended by its worker."""
        why = "The run that shared its orders out has stopped."
        await self._end(run, Cancelling(message=why), why)

    async def _end(self, run: UUID, once_begun: State[Any], why: str) -> None:
        try:
            async with get_client() as client:
                state = (await client.read_flow_run(run)).state
                if state is None or state.is_final():
                    return
                is_waiting = state.is_scheduled() or state.is_pending()
                ended: State[Any] = Cancelled(message=why) if is_waiting else once_begun
                await client.set_flow_run_state(run, ended, force=True)
        except Exception as error:  # noqa: BLE001  # it only would be shown as running for ever
            _say(f"The run {run} cannot be ended ({type(error).__name__}).")
            return
        _say(f"The run {run} was ended. {why}")

    @property
    def _deployment(self) -> str:
        return f"{PLACING}/{deployment_name(SHARD, self.settings, self.settings.account)}"

    def _note(self, why: str) -> None:
        _say(f"{why}: the orders are placed by this process.")


def _seen(run: FlowRun) -> RunSeen:
    state = run.state
    calls = run.labels.get(CALLS)
    return RunSeen(
        has_begun=run.start_time is not None,
        has_ended=state is not None and state.is_final(),
        is_completed=state is not None and state.is_completed(),
        calls=calls if isinstance(calls, int) else None,
    )


def _say(what: str) -> None:
    """Into the log of the run, which its page shows."""
    logger: logging.Logger | logging.LoggerAdapter[logging.Logger] = get_run_logger()
    logger.warning(what)
