"""One shard of a large workbook as a Prefect flow: what a worker does (`flows.shards`)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from prefect import flow, get_client
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.desk import Desk
from flows.flow_results import CALLS, PLACING
from flows.ledger import Ledger
from flows.ordering.sharding import orders_of
from flows.priced_first import may_be_sent
from flows.settings import Settings
from schemas.faults import Stop

_AWAITED_FOR: Final = timedelta(days=1)
"""A run that was killed says nothing; the next one of its workbook has parts of its own."""

_TOO_LATE: Final = (
    "The run that shared these orders out has ended. Nothing was ordered here; what is left of "
    "them is ordered when the workbook is dropped again."
)


class NoSuchSubmission(Stop):
    """The ledger of this worker is not that of the run which shares the orders out."""

    exit_code = 3


def _run_name() -> str:
    parameters: dict[str, Any] = flow_run.parameters
    return f"part {parameters['shard']} of {parameters['of']} ({parameters['environment']})"


@flow(name=PLACING, flow_run_name=_run_name, persist_result=False, validate_parameters=False)
async def place_orders(
    submission_id: str, shard: int, of: int, environment: str, account: str
) -> State[Any]:
    """Place the orders of one part of a submission, and tell how many calls that took.

    The submission stands in the ledger: this machine must have the same one as the run that has
    shared it out. What is left, that run places itself. A part that is begun when that run has
    ended, or a day later, places nothing: its workbook has told people what was not ordered.
    """
    settings = Settings.checked(environment=environment, account=account)
    async with Desk(settings) as desk:
        intent_ids = await asyncio.to_thread(its_orders, desk.ledger, submission_id, shard, of)
        if not await asyncio.to_thread(is_awaited, desk.ledger, submission_id):
            return Completed(name="Too late", message=_TOO_LATE)
        try:
            await desk.place(intent_ids, len(intent_ids))
        finally:
            await _tell_calls(desk.calls)
    if desk.stopped:
        return Failed(name="Stopped", message=desk.stopped)
    return Completed(message=f"{len(intent_ids)} orders, {desk.calls} calls")


def is_awaited(ledger: Ledger, submission_id: str) -> bool:
    """Whether the run that has shared these orders out still waits for them. Raises LedgerFault."""
    run = ledger.submission(submission_id)
    return run.finished_at is None and datetime.now(UTC) - run.started_at < _AWAITED_FOR


def its_orders(ledger: Ledger, submission_id: str, shard: int, of: int) -> list[str]:
    """The intents of one shard that a run may bring further and whose turn has come.

    Raises NoSuchSubmission and LedgerFault.
    """
    entries = ledger.entries(submission_id)
    if not entries:
        raise NoSuchSubmission(
            "This worker's ledger does not know the workbook whose orders it was to place; all "
            "workers need the same ORDERDROP_LEDGER_URL. Nothing was ordered here."
        )
    ready = frozenset(may_be_sent(entries))
    unplaced = ledger.placing(submission_id).unplaced()
    return [i.intent_id for i in orders_of(unplaced, shard, of) if i.intent_id in ready]


async def _tell_calls(calls: int) -> None:
    run_id = UUID(str(flow_run.id))
    async with get_client() as client:
        await client.update_flow_run_labels(run_id, {CALLS: calls})
