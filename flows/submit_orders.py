"""The main job as a Prefect flow: one workbook in, one reconciled workbook out.

The stages are plain functions of `flows.desk`; here they become tasks, one for a stage and
one for a batch of orders. Parameters are paths, ids and settings, never rows. What makes an
order happen once is the ledger, not Prefect's state: no task is retried by Prefect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import (
    acreate_markdown_artifact,
    acreate_progress_artifact,
    aupdate_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.answers_for_machines import formats_of
from flows.desk import Desk, Planned, Progress, no_progress
from flows.flow_results import NEEDS_A_PERSON, SUBMITTING, figures_of, tag_run
from flows.reconciled import Reconciled
from flows.settings import Settings
from flows.shard_runs import PrefectWorkers
from flows.shards import Here, place_shared
from schemas.faults import Stop
from schemas.outcomes import State as OrderState

BATCH: Final = 1000
"""Orders in one task: small enough to show progress, large enough to cost nothing."""

_SHOWN_WITHIN: Final = 5.0
"""Seconds that a run waits for its page in Prefect; Prefect itself tries for much longer."""

_desk: ContextVar[Desk] = ContextVar("desk")
_watcher: ContextVar[Progress] = ContextVar("watcher", default=no_progress)


@contextmanager
def watched_by(progress: Progress) -> Iterator[None]:
    """While this is open, flows of this process tell `progress` how far they are."""
    before = _watcher.set(progress)
    try:
        yield
    finally:
        _watcher.reset(before)


def watcher() -> Progress:
    """Who wants to know how far the flows of this process are."""
    return _watcher.get()


@task(name="read and plan", cache_policy=NO_CACHE, persist_result=False)
async def read_and_plan(
    workbook: str, out: str | None, also: list[str], only_prices: bool, price_first: bool
) -> Planned:
    """Read, check and group the rows; write what is to be sent into the ledger."""
    # In a thread: other workbooks of this process go on while a large one is read.
    return await asyncio.to_thread(
        _desk.get().read_and_plan,
        Path(workbook),
        Path(out) if out else None,
        formats_of(also),
        only_prices=only_prices,
        price_first=price_first,
    )


@task(name="order", task_run_name="order {first} to {last}", cache_policy=NO_CACHE)
async def place_batch(intent_ids: list[str], first: int, last: int, total: int) -> None:
    """Send one batch of orders, the `first` to the `last` of `total`."""
    await _desk.get().place(intent_ids, total)
    del first, last  # they only name the run


@task(name="price", cache_policy=NO_CACHE)
async def price_previews(submission_id: str) -> int:
    """Ask the prices of previews, and of orders that are decided by their price; how many."""
    return await _desk.get().price(submission_id)


@task(name="approve", cache_policy=NO_CACHE)
async def decide_by_price(submission_id: str) -> tuple[tuple[str, ...], int]:
    """Decide the orders whose price is known now; what is to be sent goes into the ledger."""
    return await asyncio.to_thread(_desk.get().decide, submission_id)


@task(name="follow", cache_policy=NO_CACHE)
async def follow_orders(submission_id: str, seconds: float) -> int:
    """Ask what became of the accepted orders, until they are finished or time is over."""
    return await _desk.get().follow(submission_id, seconds)


@task(name="reconcile", cache_policy=NO_CACHE, persist_result=False)
async def write_workbook(submission_id: str, out: str | None, also: list[str]) -> Reconciled:
    """Write the reconciled workbook, and the answers for machines if they are wanted."""
    place = Path(out) if out else None
    return await asyncio.to_thread(_desk.get().reconcile, submission_id, place, formats_of(also))


def _run_name() -> str:
    parameters: dict[str, Any] = flow_run.parameters
    return f"{Path(parameters['workbook']).name} ({parameters['environment'] or 'as set'})"


@flow(name=SUBMITTING, flow_run_name=_run_name, persist_result=False, validate_parameters=False)
async def submit_orders(
    workbook: str,
    environment: str | None = None,
    account: str | None = None,
    out: str | None = None,
    follow_seconds: float = 120,
    also: list[str] | None = None,
    only_prices: bool = False,
    price_first: bool = False,
) -> State[Any]:
    """Submit the orders of one workbook and write the reconciled workbook.

    `also` names formats of the answers for machines ("csv", "jsonl"). `only_prices`: every order
    is priced and none is placed. `price_first`: every order is priced before it is placed.
    The environment must be given here or in the settings.

    The final state is named after what people must do with it: Completed, Needs attention
    or In doubt; Stopped (failed) when the marketplace refused to go on.
    """
    settings = Settings.checked(environment=environment, account=account)
    settings.check_unattended()
    async with Desk(settings, _watcher.get()) as desk:
        token = _desk.set(desk)
        try:
            result = await _run_stages(
                desk,
                workbook,
                out,
                follow_seconds,
                also or [],
                only_prices=only_prices,
                price_first=price_first,
            )
        finally:
            _desk.reset(token)
    await acreate_markdown_artifact(summary_markdown(result), key="summary", description="Answers")
    marks = [NEEDS_A_PERSON] if result.exit_code else []
    await tag_run(["orders", result.environment, result.account, *marks])
    return _final_state(result)


async def run_submit_orders(
    workbook: str,
    environment: str,
    account: str,
    out: str | None,
    follow_seconds: float,
    also: list[str],
    *,
    only_prices: bool = False,
    price_first: bool = False,
) -> Reconciled:
    """Run the flow in this process and give back its figures, also when it was stopped.

    Raises what the flow raised: a `Stop` of one of the packages, or a fault of the program.
    """
    state: State[Any] = await submit_orders(
        workbook=workbook,
        environment=environment,
        account=account,
        out=out,
        follow_seconds=follow_seconds,
        also=also,
        only_prices=only_prices,
        price_first=price_first,
        return_state=True,
    )
    return await figures_of(state, Reconciled)


async def _run_stages(
    desk: Desk,
    workbook: str,
    out: str | None,
    follow_seconds: float,
    also: list[str],
    *,
    only_prices: bool,
    price_first: bool,
) -> Reconciled:
    desk.progress("Reading", 0, 0)
    name = Path(workbook).name
    bar = _Bar(await acreate_progress_artifact(0, key="progress", description=name))
    planned = await read_and_plan(workbook, out, also, only_prices, price_first)
    await bar.show(0.1)
    placed = await _price_and_place(desk, planned, bar, follow_seconds)
    if (placed or planned.answered) and not desk.stopped:
        desk.progress("Waiting for Adobe to finish", 0, 0)
        await follow_orders(planned.submission_id, follow_seconds)
    await bar.show(0.9)
    desk.progress("Writing the answers", 0, 0)
    result = await write_workbook(planned.submission_id, out, also)
    await bar.show(1)
    return result


async def _price_and_place(desk: Desk, planned: Planned, bar: _Bar, follow_seconds: float) -> int:
    """Ask prices, decide by them and place, until nothing waits; how many orders were sent.

    One round is enough, but where a customer's renewals or upgrades build on each other: those
    before are followed to their end, and what cannot be asked then waits for the next run.
    """
    ready, left, placed = planned.intent_ids, planned.waiting, 0
    total = len(ready) + left
    asks = bool(planned.previews)
    while not desk.stopped:
        asked = await price_previews(planned.submission_id) if asks else 0
        if left and not desk.stopped:
            ready, left = await decide_by_price(planned.submission_id)
        await _place(desk, planned.submission_id, ready, placed, total, bar)
        was_placed = placed < len(ready)
        placed = len(ready)
        if not left or not (asked or was_placed):
            break
        await follow_orders(planned.submission_id, follow_seconds)
    return placed


async def _place(
    desk: Desk, submission_id: str, ready: Sequence[str], begin: int, total: int, bar: _Bar
) -> None:
    """Place what is ready from `begin` on: here or, where it is much, by workers."""
    ended = begin

    async def went_on(count: int) -> None:
        nonlocal ended
        ended += count
        await bar.show(0.1 + 0.7 * ended / total)

    async def went_on_elsewhere(count: int) -> None:
        desk.ended_elsewhere(count, total)
        await went_on(count)

    halted: list[Stop] = []

    async def one(batch: list[str], first: int) -> None:
        try:
            await place_batch(batch, first, first + len(batch) - 1, total)
        except Stop as stop:
            halted.append(stop)  # what other batches have under way is still answered
        else:
            await went_on(len(batch))

    async def place_here(intent_ids: Sequence[str]) -> None:
        """In batches that overlap: while the last answers of one are to come, the next goes out."""
        first = ended + 1
        async with asyncio.TaskGroup() as batches:
            for start in range(0, len(intent_ids), BATCH):
                batch = list(intent_ids[start : start + BATCH])
                await desk.room_for(len(batch))
                if desk.stopped or halted:
                    break
                batches.create_task(one(batch, first + start))
        if halted:
            raise halted[0]

    here = Here(place_here, went_on_elsewhere)
    workers = PrefectWorkers(desk.settings)
    await place_shared(desk, submission_id, ready[begin:], here, workers)


class _Bar:
    """How far the run is, as its page in Prefect shows it."""

    def __init__(self, artifact: UUID) -> None:
        self._artifact = artifact
        self._is_shown = True

    async def show(self, share: float) -> None:
        """That it cannot be shown stops no order under way; it is not tried again, nor for long."""
        if not self._is_shown:
            return
        try:
            async with asyncio.timeout(_SHOWN_WITHIN):
                await aupdate_progress_artifact(self._artifact, round(100 * share, 1))
        except Exception as error:  # noqa: BLE001  # whatever it is, the ledger goes by itself
            self._is_shown = False
            why = type(error).__name__
            get_run_logger().warning("Prefect cannot be told how far the run is (%s).", why)


def _final_state(result: Reconciled) -> State[Any]:
    if result.stopped:
        return Failed(name="Stopped", message=result.stopped, data=result)
    code = result.exit_code
    name = {0: "Completed", 4: "Needs attention", 5: "In doubt"}[code]
    return Completed(name=name, message=counted(result), data=result)


def counted(result: Reconciled) -> str:
    """The orders by what became of them, in words: "11 done, 2 held"."""
    told = [f"{count} {state.replace('_', ' ')}" for state, count in result.orders.items() if count]
    return ", ".join(told) or "no orders"


def summary_markdown(result: Reconciled) -> str:
    """The run on one page: totals, where the workbook is, and the rows that need a person."""
    practice = (
        "**Practice: nothing was ordered for real.**\n\n"
        if (result.environment == "practice")
        else ""
    )
    figures = (
        f"Account {result.account}, {result.environment}; {result.rows} rows, "
        f"{result.calls} calls, {result.seconds:.1f} s.\n\n"
    )
    lines = [
        f"# {result.workbook}\n\n{practice}",
        figures,
        f"Reconciled workbook: {link_to(result.output)}\n\n",
        "| Orders | |\n|---|---:|\n",
        *(f"| {OrderState(s).replace('_', ' ')} | {n} |\n" for s, n in result.orders.items() if n),
    ]
    if result.attention:
        lines.append(
            "\n| Row | Reference | Result | What happened | What to do |\n|---|---|---|---|---|\n"
        )
        lines += [
            f"| {row} | {' | '.join(map(markdown_cell, (reference, *texts)))} |\n"
            for reference, row, *texts in result.attention[:200]
        ]
        if len(result.attention) > 200:
            lines.append(f"\nand {len(result.attention) - 200} more\n")
    return "".join(lines)


def link_to(path: str) -> str:
    """A file as a link, and its path to copy where a browser does not follow links to files."""
    place = Path(path).absolute()
    return f"[{markdown_cell(place.name)}]({place.as_uri()}) (`{place}`)"


def markdown_cell(text: str) -> str:
    """Text of a sheet inside a markdown table: no bars, no line ends, nothing live."""
    for sign in "\\`*_[]<>|":
        text = text.replace(sign, "\\" + sign)
    return " ".join(text.split())
