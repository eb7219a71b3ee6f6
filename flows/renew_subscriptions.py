"""The nightly renewals as a Prefect flow: one run goes through all renewal books.

The stages are plain functions of `flows.renewing`. What makes a renewal happen once is the
ledger, not Prefect's state: no task is retried by Prefect, and whether a night is done is asked
of the ledger by its local date.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.desk import Desk
from flows.flow_results import NEEDS_A_PERSON, figures_of, runs_already, tag_run
from flows.notices import about_renewals, about_trouble
from flows.one_at_a_time import Work, alone
from flows.renewal_books import RenewalBook, books_of, read_book
from flows.renewing import NightDesk, NightRun
from flows.settings import Settings
from flows.submit_orders import link_to, markdown_cell, watcher
from flows.unattended import Teller, telling
from schemas.faults import Stop
from schemas.renewal_answers import RESULT, RenewalState


@dataclass(frozen=True, slots=True)
class Renewals:
    """One run over all renewal books, ended.

    `unreadable` says in a sentence for each why a book could not be read; the others went on.
    """

    nights: tuple[NightRun, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """The weightiest of the books': stopped, in doubt, needs a person, none of these."""
        codes = {night.exit_code for night in self.nights} | ({4} if self.unreadable else set())
        return next((code for code in (3, 5, 4) if code in codes), 0)


@task(name="read and decide", cache_policy=NO_CACHE, persist_result=False)
async def read_and_decide(workbook: str) -> None:
    """Read the customers of a book and decide what tonight brings each subscription."""
    await _nights[workbook].read_and_decide()


@task(name="price and place", cache_policy=NO_CACHE, persist_result=False)
async def price_and_place(workbook: str) -> None:
    """Price what is due, and place it unless tonight is a dry run."""
    await _nights[workbook].price_and_place()


@task(name="write the renewal workbook", cache_policy=NO_CACHE, persist_result=False)
async def write_workbook(workbook: str) -> NightRun:
    """Write what became of every subscription and what is coming; the night is done then."""
    return _nights[workbook].write()


_nights: Final[dict[str, NightDesk]] = {}
"""What goes on in this process, by the workbook's path: tasks are handed paths, never rows."""


def _run_name() -> str:
    parameters: dict[str, Any] = flow_run.parameters
    book = parameters["workbook"]
    what = Path(book).name if book else "all renewal books"
    return f"{what} ({parameters['environment'] or 'as set'})"


@flow(
    name="renew-subscriptions",
    flow_run_name=_run_name,
    persist_result=False,
    validate_parameters=False,
)
async def renew_subscriptions(
    workbook: str | None = None,
    environment: str | None = None,
    account: str | None = None,
    dry_run: bool = False,
    again: bool = False,
) -> State[Any]:
    """Renew what is due tonight by the renewal books: the one named, or those in their folder.

    Without `again` a night that is done is left alone. The environment must be given here or in
    the settings: nothing is renewed unattended by default.
    """
    settings = Settings.checked(environment=environment, account=account)
    settings.check_unattended()
    with alone(settings, Work.RENEWALS) as is_alone:
        if not is_alone:
            return runs_already()
        return await _renewed(settings, _path(workbook), dry_run=dry_run, again=again)


async def _renewed(
    settings: Settings, workbook: Path | None, *, dry_run: bool, again: bool
) -> State[Any]:
    async with telling(settings, "The nightly renewals") as teller:
        books, unreadable = which_can_be_read(settings, workbook)
        nights = []
        for book in books:
            async with Desk(settings, watcher()) as desk:
                nights.append(await _one_night(NightDesk(desk, book, books, dry_run, again)))
            if nights[-1].stopped:
                break
        result = Renewals(tuple(nights), unreadable)
        _tell(teller, result)
    await acreate_markdown_artifact(told(result), key="renewals", description="Renewals")
    marks = [NEEDS_A_PERSON] if result.exit_code else []
    await tag_run(["renewals", settings.effective_environment, settings.account, *marks])
    return _final_state(result)


def which_can_be_read(
    settings: Settings, workbook: Path | None
) -> tuple[list[RenewalBook], tuple[str, ...]]:
    """The books that can be read, and why others cannot. Raises Stop when none can."""
    books: list[RenewalBook] = []
    faults: list[Stop] = []
    for path in books_of(settings, workbook):
        try:
            books.append(read_book(path, settings))
        except Stop as fault:
            faults.append(fault)
    if faults and not books:
        raise faults[0]
    return books, tuple(str(fault) for fault in faults)


def _tell(teller: Teller, result: Renewals) -> None:
    for unreadable in result.unreadable:
        teller.tell_daily(unreadable, about_trouble(f"The nightly renewals: {unreadable}"))
    message = about_renewals(result)
    if message and any(night.stopped for night in result.nights):
        # It is tried again every few minutes; what is new about it is told again.
        teller.tell_daily(message.body, message)
    else:
        teller.tell(message)


async def _one_night(night: NightDesk) -> NightRun:
    if night.is_done:
        return night.not_run()
    place = str(night.book.path)
    _nights[place] = night
    try:
        await read_and_decide(place)
        await price_and_place(place)
        return await write_workbook(place)
    finally:
        del _nights[place]


async def run_renew_subscriptions(
    workbook: str | None, environment: str, account: str, *, dry_run: bool, again: bool
) -> Renewals:
    """Run the flow in this process and give back its figures, also when it was stopped."""
    state: State[Any] = await renew_subscriptions(
        workbook=workbook,
        environment=environment,
        account=account,
        dry_run=dry_run,
        again=again,
        return_state=True,
    )
    return await figures_of(state, Renewals)


def _path(workbook: str | None) -> Path | None:
    return Path(workbook) if workbook else None


def _final_state(result: Renewals) -> State[Any]:
    stopped = [night.stopped for night in result.nights if night.stopped]
    if stopped:
        return Failed(name="Stopped", message=stopped[0], data=result)
    name = {0: "Completed", 4: "Needs attention", 5: "In doubt"}[result.exit_code]
    message = "; ".join([*map(sentence, result.nights), *result.unreadable])
    return Completed(name=name, message=message, data=result)


def sentence(night: NightRun) -> str:
    """A night in one sentence."""
    if not night.output:
        return f"{night.workbook}: the night of {night.night} was done before."
    counted = [
        f"{count} {RESULT[RenewalState(state)].lower()}"
        for state, count in night.subscriptions.items()
        if count
    ]
    dry = " (dry run, nothing was ordered)" if night.dry_run else ""
    return f"{night.workbook}, night of {night.night}{dry}: {', '.join(counted) or 'nothing'}."


def told(result: Renewals) -> str:
    """The run on one page: each book's figures, its workbook, and what needs a person."""
    lines = ["# Renewals\n\n", *(f"{markdown_cell(said)}\n\n" for said in result.unreadable)]
    for night in result.nights:
        if night.environment == "practice":
            lines.append("**Practice: nothing was ordered for real.**\n\n")
        lines.append(f"{markdown_cell(sentence(night))}\n\n")
        if night.output:
            lines.append(f"Renewal workbook: {link_to(night.output)}\n\n")
        if night.attention:
            lines.append("| Row | Subscription | Result | What happened | What to do |\n")
            lines.append("|---|---|---|---|---|\n")
            for row, *texts in night.attention[:200]:
                cells = " | ".join(markdown_cell(text) for text in texts)
                lines.append(f"| {row} | {cells} |\n")
            lines.append("\n")
    return "".join(lines)
