"""One transaction in which a workbook's orders are compared with what was placed, and planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from flows.ledger import steps, tables
from flows.ledger.bulk import MOST_VALUES
from flows.ledger.rows import entry_row, fault_row, intent_of, submission_row
from schemas.entries import Entry, Submission
from schemas.faults import Fault
from schemas.orders import Intent
from schemas.outcomes import Environment


@dataclass(frozen=True, slots=True)
class Planning:
    """One open transaction in which a workbook's orders are compared with what was placed."""

    _connection: Connection
    account: str
    environment: Environment

    def intents_with(
        self, body_keys: Iterable[str], references: Iterable[str], order_ids: Iterable[str]
    ) -> tuple[Intent, ...]:
        """Every intent of the account and environment with one of the keys, references or ids."""
        found: dict[str, Intent] = {}
        table = tables.intents
        for column, values in (
            (table.c.body_key, sorted(set(body_keys))),
            (table.c.reference, sorted(set(references))),
            (table.c.order_id, sorted(set(order_ids) - {""})),
        ):
            for start in range(0, len(values), MOST_VALUES):
                rows = self._connection.execute(
                    select(table)
                    .where(
                        table.c.account == self.account,
                        table.c.environment == self.environment,
                        column.in_(values[start : start + MOST_VALUES]),
                    )
                    .order_by(table.c.written_at)
                )
                for row in rows.mappings():
                    found[row["intent_id"]] = intent_of(row)
        return tuple(found.values())

    def write(
        self,
        submission: Submission,
        faults: Sequence[Fault],
        intents: Sequence[Intent],
        entries: Sequence[Entry],
    ) -> None:
        """Write the plan; it is committed when the transaction ends."""
        run = submission.submission_id
        self._connection.execute(insert(tables.submissions), submission_row(submission))
        for table, rows in (
            (
                tables.sheet_faults,
                [fault_row(run, place, fault) for place, fault in enumerate(faults)],
            ),
        ):
            if rows:
                self._connection.execute(insert(table), rows)
        steps.write_intents(self._connection, list(intents))
        if entries:
            self._connection.execute(
                insert(tables.entries), [entry_row(run, entry) for entry in entries]
            )

    def settle(
        self,
        submission_id: str,
        intents: Sequence[Intent],
        entries: Sequence[Entry],
        approved_by: Mapping[str, str],
    ) -> None:
        """Write what was decided of orders whose price was asked first.

        `approved_by` names, by intent, who approved its price.
        """
        steps.write_intents(self._connection, list(intents), approved_by)
        table = tables.entries
        for entry in entries:
            row = entry_row(submission_id, entry)
            decided = ("decision", "intent_id", "lines", "code", "what_happened", "what_to_do")
            self._connection.execute(
                update(table)
                .where(table.c.submission_id == submission_id, table.c.position == entry.position)
                .values({name: row[name] for name in decided})
            )
