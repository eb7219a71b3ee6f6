"""What a flow that was run in this process has ended with."""

from __future__ import annotations

from typing import Any, TypeVar

from prefect.client.schemas.objects import State

Figures = TypeVar("Figures")


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
