"""The reconciled workbook, written from the ledger: when a run ends and when more is known.

The answers for machines beside it are written with it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Final

from flows.answers_for_machines import Format, beside, content, records
from flows.ledger import Ledger
from flows.ordering import answers as answering
from flows.ordering.order_outcomes import order_outcomes
from flows.ordering.states import NOTHING_LEFT
from flows.outputs import Terms, default_output, keep_replaced, stands, write_output
from flows.settings import Settings
from flows.workbook.fresh import as_xlsx
from flows.workbook.read import read_content
from flows.workbook.reconcile import reconcile
from schemas.entries import Entry, Submission, stem_of
from schemas.faults import Fault
from schemas.orders import Intent, IntentState
from schemas.outcomes import NEEDS_PERSON, Environment, RowAnswer, State, WorkbookSummary


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One run over one workbook, ended: the figures of `submit --json`."""

    workbook: str
    output: str
    environment: str
    account: str
    sheet: str
    rows: int
    orders: Mapping[str, int]
    calls: int
    seconds: float
    attention: tuple[tuple[str, int, str, str, str], ...] = ()
    stopped: str = ""
    also: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """docs/design.md, Outer interfaces."""
        if self.stopped:
            return 3
        if self.orders[State.IN_DOUBT]:
            return 5
        return 4 if any(self.orders[state] for state in NEEDS_PERSON) else 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run knows beside the ledger: when it began, how many calls it made, why it ended."""

    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    calls: int = 0
    stopped: str = ""


def write_reconciled(
    ledger: Ledger,
    settings: Settings,
    submission_id: str,
    out: Path | None,
    run: Figures,
    also: Sequence[Format] = (),
) -> Reconciled:
    """Write the reconciled workbook of a submission; the same ledger gives the same workbook.

    It is made from the source's kept bytes, never from a file that somebody may have sorted
    meanwhile. The answers for machines are written beside it in the formats `also`, and in
    those that stand there from an earlier time. Raises OutputFault and LedgerFault.
    """
    submission = ledger.submission(submission_id)
    # Asked before the answers are read: what is learned meanwhile counts as not told yet.
    newest = ledger.newest_known(submission_id)
    told_until = max(newest or submission.started_at, submission.started_at)
    faults = ledger.faults(submission_id)
    entries, rows = rows_told(ledger, submission_id, faults, submission.environment)
    states = answering.order_states(rows, entries)
    now = datetime.now(UTC)
    summary = _summary(submission, rows, entries, states, settings.timezone, now)
    if run.stopped:
        summary = _with_note(summary, f"The run was stopped: {run.stopped}")
    source = ledger.workbook(submission.workbook_hash)
    reconciled = reconcile(
        as_xlsx(source, submission.name),
        submission.layout,
        rows,
        faults,
        summary,
        order_outcomes(entries, rows, submission.environment),
    )
    terms = Terms(
        wrote=partial(_is_its_own, ledger, submission),
        will_write=partial(ledger.will_write, submission_id),
        keep=partial(keep_replaced, settings.state_dir / "replaced"),
    )
    wanted = out or default_output(settings.output, submission.name, source)
    target = write_output(wanted, reconciled, terms)
    digest = hashlib.sha256(reconciled).hexdigest()
    ledger.finish(submission_id, str(target.absolute()), digest, told_until)
    formats = [kind for kind in Format if kind in also or stands(beside(target, kind), terms.wrote)]
    written = _write_for_machines(source, submission, rows, target, formats, terms)
    return Reconciled(
        workbook=submission.name,
        output=str(target),
        environment=submission.environment,
        account=submission.account,
        sheet=submission.layout.sheet,
        rows=len(rows),
        orders=counts(states.values()),
        calls=run.calls,
        seconds=round((now - run.started_at).total_seconds(), 3),
        attention=attention(rows, entries),
        stopped=run.stopped,
        also=tuple(str(path) for path in written),
    )


def rows_told(
    ledger: Ledger, submission_id: str, faults: Sequence[Fault], environment: Environment
) -> tuple[tuple[Entry, ...], tuple[RowAnswer, ...]]:
    """The orders of a submission, and what the ledger tells of them: one answer for every row, in
    the order of the sheet.

    It is read some orders at a time: an order's answer takes fifty times the room of what is told.
    """
    entries = ledger.entries(submission_id)
    rows: list[RowAnswer] = []
    for start in range(0, len(entries), _AT_ONCE):
        intents = _intents(ledger, entries[start : start + _AT_ONCE])
        if any(intent.state is IntentState.RETIRED for intent in intents.values()):
            # Another may have taken its place since the orders were read.
            entries = ledger.entries(submission_id)
            intents = _intents(ledger, entries[start : start + _AT_ONCE])
        some, intent_ids = entries[start : start + _AT_ONCE], list(intents)
        sent = [found.intent_id for found in intents.values() if found.state is IntentState.SENT]
        rows += answering.row_answers(
            some,
            _of_rows(faults, some) if faults else (),
            intents,
            ledger.latest_outcomes(intent_ids),
            environment,
            ledger.never_left(sent, NOTHING_LEFT),
        )
    return entries, tuple(sorted(rows, key=attrgetter("row")))


def _intents(ledger: Ledger, entries: Sequence[Entry]) -> dict[str, Intent]:
    return ledger.intents([entry.intent_id for entry in entries if entry.intent_id])


_AT_ONCE: Final = 5_000
"""Orders whose answers are read at a time."""


def _of_rows(faults: Sequence[Fault], entries: Sequence[Entry]) -> list[Fault]:
    rows = {row for entry in entries for row, _ in entry.lines}
    return [fault for fault in faults if fault.row in rows]


def _write_for_machines(
    source: bytes,
    submission: Submission,
    rows: Sequence[RowAnswer],
    workbook: Path,
    formats: Sequence[Format],
    terms: Terms,
) -> list[Path]:
    if not formats:
        return []
    # By the headers it was read with: the settings may name others by now.
    headers = {title: column for column, title in submission.layout.titles.items()}
    frame = read_content(source, submission.name, headers).frame
    told = records(frame, rows)
    return [write_output(beside(workbook, kind), content(kind, told), terms) for kind in formats]


def _is_its_own(ledger: Ledger, submission: Submission, path: str, output_hash: str) -> bool:
    """Whether a file is just as we wrote it for the order sheet of this submission.

    The same order sheet: a workbook of the same name with the same bytes, or with an order in
    common (mended, or dropped again with its answers). Two months' `orders.xlsx` are two.
    """
    return any(
        earlier.submission_id == submission.submission_id
        or (
            stem_of(earlier.name) == stem_of(submission.name)
            and (
                earlier.workbook_hash == submission.workbook_hash
                or ledger.have_orders_in_common(earlier.submission_id, submission.submission_id)
            )
        )
        for earlier in ledger.written_for(path, output_hash)
    )


_ONLY_PRICED: Final = frozenset({State.PREVIEWED, State.NEEDS_APPROVAL})


def _summary(
    submission: Submission,
    rows: Sequence[RowAnswer],
    entries: Sequence[Entry],
    states: Mapping[int, State],
    timezone: str,
    now: datetime,
) -> WorkbookSummary:
    placed = frozenset({State.DONE, State.OPEN})
    return WorkbookSummary(
        workbook=submission.name,
        sheet=submission.layout.sheet,
        environment=submission.environment,
        account=submission.account,
        started_at=submission.started_at,
        finished_at=submission.finished_at or now,
        timezone=timezone,
        rows=dict(Counter(row.state for row in rows)),
        orders=dict(Counter(states.values())),
        placed_totals=answering.totals(rows, entries, placed),
        priced_totals=answering.totals(rows, entries, _ONLY_PRICED),
        notes=submission.notes,
        submission_id=submission.submission_id,
    )


def _with_note(summary: WorkbookSummary, note: str) -> WorkbookSummary:
    return replace(summary, notes=(note, *summary.notes))


def counts(states: Iterable[State]) -> dict[str, int]:
    """Orders by state, none left out."""
    counted = Counter(states)
    return {str(state): counted.get(state, 0) for state in State}


def attention(
    rows: Sequence[RowAnswer], entries: Sequence[Entry]
) -> tuple[tuple[str, int, str, str, str], ...]:
    """(reference, row, result, what happened, what to do) of the rows a person must look at."""
    told = [r for r in rows if r.state in NEEDS_PERSON or r.state is State.IN_DOUBT]
    if not told:
        return ()
    reference = {row: entry.reference for entry in entries for row, _ in entry.lines}
    return tuple((reference[r.row], r.row, r.result, r.what_happened, r.what_to_do) for r in told)
