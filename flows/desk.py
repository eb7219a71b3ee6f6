"""The stages of the main job as plain functions, usable without Prefect.

    read and plan  ─▶  price  ─▶  decide  ─▶  place  ─▶  follow  ─▶  reconcile

Between stages only ids travel: what a stage learned stands in the ledger. Orders that wait for
their price are kept as they were read until they are decided; a run that ends before has placed
none of them, and the next one reads them again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from flows.answers_for_machines import Format, beside
from flows.connection import connected
from flows.ledger import Ledger
from flows.ledger.planning import Asked, submitted
from flows.marketplace.exchange import connect_seconds
from flows.ordering import answers as answering
from flows.ordering.approval import Limits
from flows.ordering.follow import follow
from flows.ordering.group import Grouping, group
from flows.ordering.hands import Hands
from flows.ordering.life import CLOCK_MAY_LAG
from flows.ordering.order_outcomes import order_outcomes
from flows.ordering.plan import Run, evidence_of, keys_of, plan
from flows.ordering.states import NOTHING_LEFT
from flows.ordering.submit import Submitter, price
from flows.outputs import Terms, check_place, check_writable, default_output, write_output
from flows.priced_first import PRICED, Waiting, asked_now
from flows.reading_ahead import Examined, examined_ahead
from flows.reconciled import Figures, Reconciled, attention, counts, write_reconciled
from flows.settings import Settings
from flows.workbook.fresh import as_xlsx
from flows.workbook.parts import read_bytes
from flows.workbook.read import read_content
from flows.workbook.reconcile import reconcile
from schemas.entries import Decision, Entry, Submission
from schemas.faults import Fault, Stop
from schemas.order_sheet import SheetLimits, check_rows
from schemas.orders import Intent, MarketplaceStop
from schemas.outcomes import RowAnswer, WorkbookSummary

Progress = Callable[[str, int, int], None]
"""Told (stage, done, total) while a stage works."""


def no_progress(_stage: str, _done: int, _total: int) -> None:
    """For callers that do not watch."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a workbook amounts to, after reading and planning.

    `previews` counts the orders whose price is asked, `waiting` those of them that are decided
    by it, `answered` those that an earlier run has placed: they may not be finished yet.
    """

    submission_id: str
    intent_ids: tuple[str, ...]
    previews: int
    waiting: int
    answered: int
    orders: int
    rows: int


@dataclass
class Desk:
    """One account in one environment, with the ledger open and the marketplace signed in to."""

    settings: Settings
    progress: Progress = no_progress
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.environment = self.settings.effective_environment
        self._stack = AsyncExitStack()
        self._waiting: dict[str, Waiting] = {}
        self._ended = 0
        self.calls_elsewhere = 0
        """Calls that workers of other processes have made for this run."""
        self.stopped = ""

    async def __aenter__(self) -> Self:
        """Open the ledger, sign in, ping.

        Where the secret stands in a Prefect block, Prefect's server must be ready. Raises
        LedgerFault, MarketplaceStop, CompanionFault, SettingsFault.
        """
        settings = self.settings
        async with AsyncExitStack() as stack:
            self.ledger = open_ledger(settings)
            stack.callback(self.ledger.close)
            self.marketplace = await stack.enter_async_context(
                connected(settings, self.ledger.pace)
            )
            self._stack = stack.pop_all()
        self.hands = Hands(
            book=self.ledger,
            api=self.marketplace,
            key_fingerprint=settings.key_fingerprint,
            in_flight=settings.in_flight,
            patience=settings.effective_patience,
            call_seconds=settings.read_seconds + connect_seconds(settings.read_seconds),
            settle=timedelta(seconds=settings.settle),
            resend=settings.resend,
            clock_back=is_behind(self.ledger),
        )
        self._submitter = Submitter(self.hands)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def calls(self) -> int:
        """How many calls were made so far, sign-in aside; those of its workers with them."""
        return self.marketplace.pace.calls + self.calls_elsewhere

    def read_and_plan(
        self,
        path: Path,
        out: Path | None = None,
        also: Sequence[Format] = (),
        *,
        only_prices: bool = False,
        price_first: bool = False,
    ) -> Planned:
        """Read, check, group and compare with the ledger; the intents are committed.

        `only_prices`: no intent is made; whatever is new is to be priced. `price_first`: every
        new order is priced before it is decided.

        Raises WorkbookError when there is nothing to read, OutputFault when the answers would
        have no place to go.
        """
        content = read_bytes(path)
        target = out or default_output(self.settings.output, path.name, content)
        check_place(target, path.name, content)
        for kind in also:
            check_writable(beside(target, kind))
        ahead = examined_ahead(content, path.name)
        read, faults, grouping = ahead or examine(content, path.name, self.settings)
        digest = self.ledger.keep_workbook(content, path.name, self.started_at)
        run = Run(
            self.settings.account,
            self.environment,
            self.settings.key_fingerprint,
            digest,
            datetime.now(UTC),
            path.name,
            only_prices,
            Limits(self.settings.approve_above, price_first),
        )
        submission = Submission(
            submission_id=str(uuid4()),
            workbook_hash=digest,
            name=path.name,
            account=run.account,
            environment=run.environment,
            started_at=self.started_at,
            layout=read.layout,
            notes=read.notes,
            came_from=read.came_from[:36],
        )
        keys = keys_of(grouping.orders)
        shown = self.ledger.shown_prices(read.came_from, run.account, run.environment)
        run = replace(run, shown=shown)
        decided = self.ledger.plan(
            run.account,
            run.environment,
            asked_of(grouping, keys),
            lambda known: plan(grouping, known, keys, run, self.ledger.workbook_names(known)),
            lambda planned: submitted(submission, faults, planned.intents, planned.entries),
        )
        waiting = {e.reference for e in decided.entries if e.decision is Decision.PRICE_FIRST}
        if waiting:
            orders = tuple(order for order in grouping.orders if order.reference in waiting)
            self._waiting[submission.submission_id] = Waiting(
                orders, keys, run, read.came_from, shown, read.last_author
            )
        sending = [e.intent_id for e in decided.entries if e.decision is Decision.SEND]
        return Planned(
            submission_id=submission.submission_id,
            intent_ids=tuple(sending),
            previews=sum(e.decision in PRICED for e in decided.entries),
            waiting=len(waiting),
            answered=sum(e.decision is Decision.ANSWERED for e in decided.entries),
            orders=len(decided.entries),
            rows=len(read.frame),
        )

    async def room_for(self, more: int) -> None:
        """Wait until nearly all intents handed to `place` have begun; so many more will come."""
        await self._submitter.room_for(more)

    def ended_elsewhere(self, count: int, total: int) -> None:
        """So many intents came to their end by workers of other processes."""
        self._ended += count
        self.progress("Ordering", self._ended, total)

    async def place(self, intent_ids: Sequence[str], total: int) -> None:
        """Send a batch of intents as far as this run can bring them; batches may overlap.

        When the run must stop (credentials, rights), the rest stays unsent and `stopped`
        says why: what was placed is still reconciled.
        """
        intents: dict[str, Intent] = await asyncio.to_thread(self.ledger.intents, intent_ids)
        self.progress("Ordering", self._ended, total)

        def one_more(count: int) -> None:
            self._ended += count
            self.progress("Ordering", self._ended, total)

        try:
            await self._submitter.submit([intents[i] for i in intent_ids], one_more)
        except MarketplaceStop as stop:
            self.stopped = str(stop)

    async def price(self, submission_id: str) -> int:
        """Ask prices of a submission that were not asked yet, those of `asked_now`; how many."""
        previews = asked_now(self.ledger, submission_id)
        ended = [0]

        def one_more(count: int) -> None:
            ended[0] += count
            self.progress("Pricing", ended[0], len(previews))

        try:
            await price(self.hands, submission_id, previews, one_more)
        except MarketplaceStop as stop:
            self.stopped = str(stop)
        return len(previews)

    def decide(self, submission_id: str) -> tuple[tuple[str, ...], int]:
        """Decide the orders that waited for their price, as far as it is known.

        Gives all intents of the submission that may be sent now, those of earlier calls first,
        else in the order of the sheet, and how many orders still wait.
        """
        waiting = self._waiting[submission_id]
        left = waiting.decide(self.ledger, submission_id)
        return tuple(waiting.ready), left

    async def follow(self, submission_id: str, seconds: float) -> int:
        """Follow the accepted orders of a submission; returns how many are still open."""
        if self.stopped:
            return 0
        intent_ids = await asyncio.to_thread(self.ledger.placing(submission_id).to_follow)
        try:
            return await follow(self.hands, intent_ids, seconds)
        except MarketplaceStop as stop:
            self.stopped = str(stop)
            return 0

    def reconcile(
        self, submission_id: str, out: Path | None, also: Sequence[Format] = ()
    ) -> Reconciled:
        """Write the reconciled workbook: a view of the ledger beside the user's rows."""
        run = Figures(self.started_at, self.calls, self.stopped)
        return write_reconciled(self.ledger, self.settings, submission_id, out, run, also)


def is_behind(ledger: Ledger) -> bool:
    """Whether this computer's clock is behind the newest time in the ledger."""
    newest = ledger.newest_moment()
    return newest is not None and newest - datetime.now(UTC) > CLOCK_MAY_LAG


def open_ledger(settings: Settings) -> Ledger:
    """The ledger that the settings name. Raises LedgerFault."""
    if settings.ledger_url:
        return Ledger(settings.ledger_url, settings.state_dir / "workbooks")
    return Ledger.in_folder(settings.state_dir)


def ledger_exists(settings: Settings) -> bool:
    """Whether there is a ledger to look into; a check makes none."""
    return bool(settings.ledger_url) or Ledger.is_in_folder(settings.state_dir)


def examine(content: bytes, name: str, settings: Settings) -> Examined:
    """Read, check and group a workbook; nobody is called. Raises WorkbookError."""
    read = read_content(content, name, settings.headers)
    unknown = {(fault.row, fault.column) for fault in read.faults}
    found = check_rows(read.frame, read.layout, SheetLimits(settings.max_quantity))
    # A cell that cannot be read says so, and not that its value is missing as well.
    told = [fault for fault in found if (fault.row, fault.column) not in unknown]
    faults = (*read.faults, *told)
    grouping = group(read.frame, faults, read.layout)
    if len(grouping.orders) > settings.max_orders:
        raise TooManyOrders(
            f"{name} holds {len(grouping.orders)} orders; the settings allow "
            f"{settings.max_orders} in one workbook (ORDERDROP_MAX_ORDERS). Nothing was ordered."
        )
    return read, (*faults, *grouping.disagreements), grouping


class TooManyOrders(Stop):
    """More orders than the guard rail allows in one workbook."""

    exit_code = 2


def asked_of(grouping: Grouping, keys: Mapping[str, str]) -> Asked:
    """What the ledger may know of the orders of a sheet; `keys` are their body keys."""
    evidence = evidence_of((*grouping.orders, *grouping.held))
    return Asked(keys.values(), keys.keys(), evidence)


def check(path: Path, settings: Settings, out: Path | None) -> Reconciled:
    """Read and validate only, and write what was found into a copy; no call to anyone.

    Rows that could be sent stay without an answer. What the ledger knows of the orders (placed
    by an earlier run, in doubt) stands beside them as `submit` would say it now.
    """
    started_at = datetime.now(UTC)
    content = read_bytes(path)
    target = out or default_output(settings.output, path.name, content, "checked")
    check_place(target, path.name, content)
    read, faults, grouping = examine(content, path.name, settings)
    environment = settings.effective_environment
    run = Run(
        settings.account,
        environment,
        settings.key_fingerprint,
        hashlib.sha256(content).hexdigest(),
        started_at,
        path.name,
    )
    planned, entries, rows = _as_it_stands(grouping, faults, run, settings)
    ready = len(planned) - len(entries)
    states = answering.order_states(rows, entries)
    summary = WorkbookSummary(
        workbook=path.name,
        sheet=read.layout.sheet,
        environment=environment,
        account=settings.account,
        started_at=started_at,
        finished_at=datetime.now(UTC),
        timezone=settings.timezone,
        rows=dict(Counter(row.state for row in rows)),
        orders=dict(Counter(states.values())),
        notes=read.notes,
        ready=ready,
    )
    source = as_xlsx(content, path.name)
    orders = order_outcomes(planned, rows, environment)
    reconciled = reconcile(source, read.layout, rows, faults, summary, orders)
    target = write_output(target, reconciled, Terms())
    return Reconciled(
        workbook=path.name,
        output=str(target),
        environment=environment,
        account=settings.account,
        sheet=read.layout.sheet,
        rows=len(read.frame),
        orders={"ready": ready, **counts(states.values())},
        calls=0,
        seconds=round((datetime.now(UTC) - started_at).total_seconds(), 3),
        attention=attention(rows, entries),
    )


def _as_it_stands(
    grouping: Grouping, faults: Sequence[Fault], run: Run, settings: Settings
) -> tuple[tuple[Entry, ...], tuple[Entry, ...], tuple[RowAnswer, ...]]:
    """What a run would begin with: all entries, and those not ready to be sent with their answers.

    Nothing is written into the ledger.
    """
    keys = keys_of(grouping.orders)
    ledger = open_ledger(settings) if ledger_exists(settings) else None
    if ledger is None:
        decided = plan(grouping, (), keys, run, {})
    else:
        known = ledger.known(run.account, run.environment, asked_of(grouping, keys))
        decided = plan(grouping, known, keys, run, ledger.workbook_names(known))
    new = {intent.intent_id for intent in decided.intents}
    entries = tuple(
        entry
        for entry in decided.entries
        if entry.decision not in PRICED and entry.intent_id not in new
    )
    ids = [entry.intent_id for entry in entries if entry.intent_id]
    rows = answering.row_answers(
        entries,
        faults,
        ledger.intents(ids) if ledger else {},
        ledger.latest_outcomes(ids) if ledger else {},
        run.environment,
        ledger.never_left(ids, NOTHING_LEFT) if ledger else (),
    )
    if ledger:
        ledger.close()
    return decided.entries, entries, rows
