"""Which reconciled workbooks tell of an intent, and which tell less than the ledger knows.

A workbook that was written for a submission stands for it until a later submission of the same
order sheet takes the same place: one of the same bytes, or with at least one order in common.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final, NamedTuple, Self

from sqlalchemy import Connection, exists, func, or_, select

from flows.ledger import tables
from flows.ledger.bulk import rows_with
from flows.ledger.rows import SUBMISSION
from schemas.entries import Submission
from schemas.outcomes import Environment

_RUN: Final = tables.submissions
_COLUMNS: Final = tuple(_RUN.c[name] for name in SUBMISSION.columns)
_ENTRY: Final = tables.entries
_INTENT: Final = tables.intents
_SEEN: Final = tables.outcomes

_MOMENTS: Final = (
    _INTENT.c.written_at,
    _INTENT.c.last_sent_at,
    _INTENT.c.looked_at,
    _INTENT.c.answered_at,
)
"""When an intent last came to stand as it stands; its order has `outcomes.seen_at`."""


class Untold(NamedTuple):
    """An intent of which a reconciled workbook does not tell the newest, and its source's hash."""

    intent_id: str
    workbook_hash: str


def submissions_with(connection: Connection, intent_ids: Sequence[str]) -> list[Submission]:
    """The submissions whose reconciled workbooks tell of one of the intents."""
    theirs = select(_ENTRY.c.submission_id).where(_ENTRY.c.intent_id.in_(intent_ids))
    rows = connection.execute(
        select(*_COLUMNS).where(_RUN.c.output != "", _RUN.c.submission_id.in_(theirs))
    )
    found = list(map(SUBMISSION.value, rows))
    places = _Places(connection).read(run.output for run in found)
    return [run for run in found if places.holds(run.submission_id)]


def untold(connection: Connection, account: str, environment: Environment) -> list[Untold]:
    """Intents of which something was learned after their workbook was last written.

    A submission whose workbook was never written is left out: its run was killed, and the
    workbook's next drop tells of it.
    """
    seen_since = (
        exists()
        .where(_SEEN.c.intent_id == _INTENT.c.intent_id, _SEEN.c.seen_at > _RUN.c.finished_at)
        .correlate(_INTENT, _RUN)
    )
    learned = or_(*(moment > _RUN.c.finished_at for moment in _MOMENTS), seen_since)
    rows = connection.execute(
        select(_RUN.c.submission_id, _RUN.c.workbook_hash, _INTENT.c.intent_id, _RUN.c.output)
        .select_from(_RUN)
        .join(_ENTRY, _ENTRY.c.submission_id == _RUN.c.submission_id)
        .join(_INTENT, _INTENT.c.intent_id == _ENTRY.c.intent_id)
        .where(
            _RUN.c.account == account,
            _RUN.c.environment == environment,
            _RUN.c.output != "",
            learned,
        )
    ).all()
    places = _Places(connection).read(row.output for row in rows)
    standing = {run for run in {row.submission_id for row in rows} if places.holds(run)}
    return [
        Untold(row.intent_id, row.workbook_hash) for row in rows if row.submission_id in standing
    ]


class _Places:
    """Which submissions still have the place that their workbook was written to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._orders: dict[str, frozenset[tuple[str, str]]] = {}
        self._hashes: dict[str, str] = {}
        self._place: dict[str, list[str]] = {}

    def read(self, outputs: Iterable[str]) -> Self:
        """Read the submissions that were written to these places."""
        columns = ("submission_id", "workbook_hash", "output", "started_at")
        rows = rows_with(self._connection, _RUN, "output", set(outputs), *columns)
        by_output: dict[str, list[str]] = defaultdict(list)
        for run, digest, output, _ in sorted(rows, key=itemgetter(3)):
            self._hashes[run] = digest
            by_output[output].append(run)
            self._place[run] = by_output[output]
        return self

    def holds(self, run: str) -> bool:
        """Whether no later submission of the same order sheet was written to the same place."""
        runs = self._place[run]
        return not any(self._is_same_sheet(run, later) for later in runs[runs.index(run) + 1 :])

    def _is_same_sheet(self, one: str, other: str) -> bool:
        if self._hashes[one] == self._hashes[other]:
            return True
        return not self._orders_of(one).isdisjoint(self._orders_of(other))

    def _orders_of(self, run: str) -> frozenset[tuple[str, str]]:
        if run not in self._orders:
            self._orders[run] = orders_of(self._connection, run)
        return self._orders[run]


def orders_of(connection: Connection, submission_id: str) -> frozenset[tuple[str, str]]:
    """(reference, customer) of the orders of a submission; rows without a reference are none."""
    rows = connection.execute(
        select(_ENTRY.c.reference, _ENTRY.c.customer_id).where(
            _ENTRY.c.submission_id == submission_id, _ENTRY.c.reference != ""
        )
    )
    return frozenset((row.reference, row.customer_id) for row in rows)


def newest_known(connection: Connection, submission_id: str) -> datetime | None:
    """The newest moment at which something was learned of a submission's intents."""
    theirs = select(_ENTRY.c.intent_id).where(_ENTRY.c.submission_id == submission_id)
    steps = select(*map(func.max, _MOMENTS)).where(_INTENT.c.intent_id.in_(theirs))
    seen = select(func.max(_SEEN.c.seen_at)).where(_SEEN.c.intent_id.in_(theirs))
    found = [*connection.execute(steps).one(), connection.execute(seen).scalar()]
    known = [moment for moment in found if moment]
    return datetime.fromisoformat(max(known)) if known else None


def written_for(connection: Connection, path: str, output_hash: str) -> list[Submission]:
    """The submissions for which a file with this name and content was written."""
    written = tables.outputs
    by_name = select(written.c.submission_id).where(
        written.c.path == path, written.c.hash == output_hash
    )
    theirs = select(_RUN.c.submission_id).where(
        _RUN.c.output == path, _RUN.c.output_hash == output_hash
    )
    rows = connection.execute(
        select(*_COLUMNS).where(_RUN.c.submission_id.in_(by_name.union(theirs)))
    )
    return list(map(SUBMISSION.value, rows))
