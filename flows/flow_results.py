"""What a flow that was run in this process has ended with, and how its run is told apart."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, TypeVar
from uuid import UUID

from prefect import get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.runtime import flow_run
from prefect.states import Completed, Crashed

_UNDER_WAY: Final = [StateType.PENDING, StateType.RUNNING]

Figures = TypeVar("Figures")

SUBMITTING: Final = "submit-orders"
"""The name of the flow that goes through one workbook."""

PLACING: Final = "place-orders"
"""The name of the flow that places a part of a large workbook's orders."""

NEEDS_A_PERSON: Final = "needs a person"
"""The tag of a run after which somebody has something to do."""

CALLS: Final = "orderdrop.calls"
"""The label of a run with the calls that it made, for the run that waits for it."""


async def figures_of(state: State[Any], kind: type[Figures]) -> Figures:
    """The figures that the final state carries, also of a flow that was stopped.

    Raises what the flow raised: a `Stop` of one of the packages, or a fault of the program.
    """
    result = await state.aresult(raise_on_failure=False)
    if isinstance(result, BaseException):
        raise result
    if not isinstance(result, kind):
        raise TypeError(f"The flow ended with {type(result).__name__}, not {kind.__name__}.")
    return result


def runs_already() -> State[Any]:
    """How a scheduled run ends that finds another one at its work."""
    message = "Another run is at it; this one had nothing to do."
    return Completed(name="Runs already", message=message)


async def end_cut_off_runs(workbook: str) -> None:
    """Tell Prefect of runs over a workbook, to it still pending or running, that they were cut off.

    For whoever alone works on that path and begins anew: whatever ran over it before is dead, and
    would be shown as running for ever.
    """
    running = FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNDER_WAY))
    flows = FlowFilter(name=FlowFilterName(any_=[SUBMITTING]))
    async with get_client() as client:
        runs = await client.read_flow_runs(
            flow_filter=flows, flow_run_filter=FlowRunFilter(state=running)
        )
        for run in runs:
            if run.parameters.get("workbook") == workbook:
                why = "It was cut off. A later run goes through the workbook."
                ended: State[None] = Crashed(message=why)
                await client.set_flow_run_state(run.id, ended, force=True)


async def tag_run(tags: Collection[str]) -> None:
    """Put tags on the run that is going on, beside those that it has."""
    run_id = UUID(str(flow_run.id))
    known = set(flow_run.tags or ())
    async with get_client() as client:
        await client.update_flow_run(run_id, tags=sorted({*known, *tags}))
