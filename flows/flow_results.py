"""What a flow that was run in this process has ended with, and how its run is told apart."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, TypeVar
from uuid import UUID

from prefect import get_client
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

Figures = TypeVar("Figures")

NEEDS_A_PERSON: Final = "needs a person"
"""The tag of a run after which somebody has something to do."""


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


async def tag_run(tags: Collection[str]) -> None:
    """Put tags on the run that is going on, beside those that it has."""
    run_id = UUID(str(flow_run.id))
    known = set(flow_run.tags or ())
    async with get_client() as client:
        await client.update_flow_run(run_id, tags=sorted({*known, *tags}))
