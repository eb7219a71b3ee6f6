"""A workbook's orders are compared with what was placed, and planned, in one transaction.

While it is open nobody else can write, so it is short: a plan is made, and its rows are made ready,
before it begins. Where the ledger knows the same in it as before, they are written as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from flows.ledger import steps, tables
from flows.ledger.bulk import Cells, Writes, insert_many, rows_with, update_many, write
from flows.ledger.rows import (
    ENTRY,
    FAULT,
    INTENT,
    SUBMISSION,
)
from schemas.entries import Entry, Submission
from schemas.faults import Fault
from schemas.orders import Intent
from schemas.outcomes import Environment


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan depends on: intents with one of these body keys, references or order ids."""

    body_keys: Collection[str] = ()
    references: Collection[str] = ()
    order_ids: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """Intents as the ledger holds them, oldest first: equal when nothing of them has changed."""

    rows: tuple[tuple[Any, ...], ...]

    def intents(self) -> tuple[Intent, ...]:
        """The intents."""
        return INTENT.values(self.rows)


@dataclass(frozen=True, slots=True)
class Planning:
    """One open transaction in which a workbook's orders are compared with what was placed."""

    _connection: Connection
    account: str
    environment: Environment

    def known(self, asked: Asked) -> Known:
        """Every intent of the account and environment that is asked for."""
        found: dict[str, tuple[Any, ...]] = {}
        for column, values in (
            ("body_key", asked.body_keys),
            ("reference", asked.references),
            ("order_id", asked.order_ids),
        ):
            if values:
                rows = rows_with(
                    self._connection,
                    tables.intents,
                    column,
                    set(values),
                    *INTENT.columns,
                    where={"account": self.account, "environment": self.environment},
                )
                found.update((row[0], row) for row in rows)
        return Known(tuple(sorted(found.values(), key=_age)))

    def put(self, ready: Writes) -> None:
        """Write what was made ready; it is committed when the transaction ends."""
        write(self._connection, *ready)

    def write(
        self,
        submission: Submission,
        faults: Sequence[Fault],
        intents: Sequence[Intent],
        entries: Sequence[Entry],
    ) -> None:
        """Write a plan."""
        self.put(submitted(submission, faults, intents, entries))


_WRITTEN_AT: Final = INTENT.columns.index("written_at")


def _age(row: tuple[Any, ...]) -> tuple[str, str]:
    return row[_WRITTEN_AT], row[0]


def submitted(
    submission: Submission,
    faults: Sequence[Fault],
    intents: Sequence[Intent],
    entries: Sequence[Entry],
) -> Writes:
    """The rows of a plan."""
    run = submission.submission_id
    found: list[Cells] = [(*FAULT.row(fault), run, place) for place, fault in enumerate(faults)]
    return (
        (_NEW_SUBMISSIONS, [SUBMISSION.row(submission)]),
        (_NEW_FAULTS, found),
        *steps.new_intents(intents),
        (_NEW_ENTRIES, [(*ENTRY.row(entry), run) for entry in entries]),
    )


def settled(
    submission_id: str,
    intents: Sequence[Intent],
    entries: Sequence[Entry],
    approved_by: Mapping[str, str],
) -> Writes:
    """The rows of what was decided of orders whose price was asked first.

    `approved_by` names, by intent, who approved its price.
    """
    decided: list[Cells] = []
    for entry in entries:
        row = dict(zip(ENTRY.columns, ENTRY.row(entry), strict=True))
        decided.append((*(row[name] for name in _DECIDED), submission_id, entry.position))
    return (*steps.new_intents(intents, approved_by), (_DECIDE, decided))


_DECIDED: Final = ("decision", "intent_id", "lines", "code", "what_happened", "what_to_do")

_NEW_SUBMISSIONS: Final = insert_many(tables.submissions, *SUBMISSION.columns)
_NEW_FAULTS: Final = insert_many(tables.sheet_faults, *FAULT.columns, "submission_id", "position")
_NEW_ENTRIES: Final = insert_many(tables.entries, *ENTRY.columns, "submission_id")
_DECIDE: Final = update_many(tables.entries, ("submission_id", "position"), *_DECIDED)
