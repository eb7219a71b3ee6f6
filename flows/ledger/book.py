"""The ledger: opening it, planning a workbook in one transaction, and every step of an intent.

A commit is on disk when a method returns (SQLite: WAL, full sync). Methods are synchronous
and may be called from any thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from flows.ledger import tables
from flows.ledger.database import LedgerFault, open_engine, said_plainly
from flows.ledger.rows import (
    entry_of,
    entry_row,
    fault_of,
    fault_row,
    intent_of,
    intent_row,
    moment,
    submission_of,
    submission_row,
)
from schemas.entries import Entry, Submission
from schemas.faults import Fault
from schemas.orders import UNSETTLED, Intent, IntentState, OrderAnswer, Reply
from schemas.outcomes import Environment

_CHUNK: Final = 500
"""Values in one IN list; SQLite has a limit on variables."""


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
            for start in range(0, len(values), _CHUNK):
                rows = self._connection.execute(
                    select(table)
                    .where(
                        table.c.account == self.account,
                        table.c.environment == self.environment,
                        column.in_(values[start : start + _CHUNK]),
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
            (tables.intents, [intent_row(intent) for intent in intents]),
            (tables.entries, [entry_row(run, entry) for entry in entries]),
        ):
            if rows:
                self._connection.execute(insert(table), rows)


class Ledger:
    """The durable memory. Raises LedgerFault when the disk or the database fails."""

    def __init__(self, url: str, keep: Path) -> None:
        """`url` is a SQLAlchemy address; source workbooks are kept in the folder `keep`."""
        self._keep = keep
        with said_plainly("opened"):
            self._engine = open_engine(url)
            tables.metadata.create_all(self._engine)
            self._check_version()

    @classmethod
    def in_folder(cls, state: Path) -> Ledger:
        """The default: SQLite in the state directory."""
        try:
            (state / "workbooks").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerFault(
                f"The folder for Orderdrop's memory, {state}, cannot be used "
                f"({error.strerror}); nothing was ordered."
            ) from None
        return cls(f"sqlite:///{state / 'ledger.sqlite'}", state / "workbooks")

    @staticmethod
    def is_in_folder(state: Path) -> bool:
        """Whether the default ledger of that state directory has been made."""
        return (state / "ledger.sqlite").exists()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _check_version(self) -> None:
        with self._engine.begin() as connection:
            version = connection.execute(select(func.max(tables.versions.c.version))).scalar()
            if version is None:
                connection.execute(insert(tables.versions), {"version": tables.SCHEMA_VERSION})
            elif version > tables.SCHEMA_VERSION:
                raise LedgerFault(
                    "The ledger was written by a newer Orderdrop; use that one. "
                    "Nothing was ordered."
                )

    # --- workbooks and plans ---

    def keep_workbook(self, content: bytes, name: str, at: datetime) -> str:
        """Keep the workbook's bytes by their hash, and return the hash."""
        digest = sha256(content).hexdigest()
        place = self._keep / digest
        try:
            if not place.exists():
                unfinished = place.with_suffix(f".{id(content)}")
                unfinished.write_bytes(content)
                unfinished.replace(place)
        except OSError as error:
            raise LedgerFault(
                f"The workbook cannot be kept in {self._keep} ({error.strerror}); "
                "nothing was ordered."
            ) from None
        with self._write() as connection:
            known = select(tables.workbooks.c.hash).where(tables.workbooks.c.hash == digest)
            if connection.execute(known).first() is None:
                connection.execute(
                    insert(tables.workbooks),
                    {
                        "hash": digest,
                        "name": name,
                        "size": len(content),
                        "first_seen_at": moment(at),
                    },
                )
        return digest

    def workbook_names(self) -> dict[str, str]:
        """The name under which each workbook was first seen, by hash."""
        with self._read() as connection:
            rows = connection.execute(select(tables.workbooks.c.hash, tables.workbooks.c.name))
            return {row.hash: row.name for row in rows}

    def workbook(self, digest: str) -> bytes:
        """The bytes of a workbook that was kept."""
        try:
            return (self._keep / digest).read_bytes()
        except OSError as error:
            raise LedgerFault(f"A kept workbook cannot be read ({error.strerror}).") from None

    @contextmanager
    def planning(self, account: str, environment: Environment) -> Iterator[Planning]:
        """One write transaction around comparing and writing: two runs cannot both decide."""
        with self._write() as connection:
            yield Planning(connection, account, environment)

    def submission(self, submission_id: str) -> Submission:
        """One run over a workbook."""
        table = tables.submissions
        with self._read() as connection:
            row = connection.execute(select(table).where(table.c.submission_id == submission_id))
            return submission_of(row.mappings().one())

    def entries(self, submission_id: str) -> tuple[Entry, ...]:
        """The orders of a run, in the order of the sheet."""
        table = tables.entries
        with self._read() as connection:
            rows = connection.execute(
                select(table)
                .where(table.c.submission_id == submission_id)
                .order_by(table.c.position)
            )
            return tuple(entry_of(row) for row in rows.mappings())

    def faults(self, submission_id: str) -> tuple[Fault, ...]:
        """The faults found in the rows of a run."""
        table = tables.sheet_faults
        with self._read() as connection:
            rows = connection.execute(
                select(table)
                .where(table.c.submission_id == submission_id)
                .order_by(table.c.position)
            )
            return tuple(fault_of(row) for row in rows.mappings())

    def finish(self, submission_id: str, output: str, output_hash: str, at: datetime) -> None:
        """The reconciled workbook of a run was written."""
        with self._write() as connection:
            connection.execute(
                update(tables.submissions)
                .where(tables.submissions.c.submission_id == submission_id)
                .values(output=output, output_hash=output_hash, finished_at=moment(at))
            )

    def wrote(self, output: str, output_hash: str) -> bool:
        """Whether a file with this name and content was written by us."""
        table = tables.submissions
        with self._read() as connection:
            found = connection.execute(
                select(table.c.submission_id).where(
                    table.c.output == output, table.c.output_hash == output_hash
                )
            )
            return found.first() is not None

    def answer_preview(
        self, submission_id: str, position: int, reply: Reply, body: str, at: datetime
    ) -> None:
        """What the marketplace said to a preview."""
        table = tables.entries
        with self._write() as connection:
            connection.execute(
                update(table)
                .where(table.c.submission_id == submission_id, table.c.position == position)
                .values(
                    answer=body,
                    code=reply.code,
                    what_happened=json.dumps([reply.message, *reply.details]),
                    refused=reply.spoken_by_service,
                    answered_at=moment(at),
                )
            )

    # --- intents ---

    def intents(self, intent_ids: Iterable[str]) -> dict[str, Intent]:
        """Intents by id."""
        ids = list(intent_ids)
        found: dict[str, Intent] = {}
        table = tables.intents
        with self._read() as connection:
            for start in range(0, len(ids), _CHUNK):
                rows = connection.execute(
                    select(table).where(table.c.intent_id.in_(ids[start : start + _CHUNK]))
                )
                found.update((row["intent_id"], intent_of(row)) for row in rows.mappings())
        return found

    def find(
        self,
        account: str,
        environment: Environment,
        reference: str | None = None,
        states: frozenset[IntentState] | None = None,
    ) -> tuple[Intent, ...]:
        """Intents of an account and environment, newest first."""
        table = tables.intents
        question = select(table).where(
            table.c.account == account, table.c.environment == environment
        )
        if reference is not None:
            question = question.where(table.c.reference == reference)
        if states is not None:
            question = question.where(table.c.state.in_(sorted(states)))
        with self._read() as connection:
            rows = connection.execute(question.order_by(table.c.written_at.desc()))
            return tuple(intent_of(row) for row in rows.mappings())

    def count_send(self, intent_id: str, owner: str, at: datetime, lease: timedelta) -> bool:
        """Take the intent's lease and count the send that is about to happen.

        False when another holds the lease, or the intent is past sending: then nothing may
        be sent.
        """
        table = tables.intents
        with self._write() as connection:
            taken = connection.execute(
                update(table)
                .where(
                    table.c.intent_id == intent_id,
                    table.c.state.in_([IntentState.WRITTEN, IntentState.SENT]),
                    (table.c.lease_owner == owner) | (table.c.lease_until < moment(at)),
                )
                .values(
                    state=str(IntentState.SENT),
                    sends=table.c.sends + 1,
                    first_sent_at=func.coalesce(table.c.first_sent_at, moment(at)),
                    last_sent_at=moment(at),
                    lease_owner=owner,
                    lease_until=moment(at + lease),
                )
            )
            return taken.rowcount == 1

    def record_attempt(self, intent_id: str, reply: Reply, sent_at: datetime, at: datetime) -> None:
        """One call that was made for an intent, whatever it brought."""
        with self._write() as connection:
            _insert_attempt(connection, intent_id, reply, sent_at, at)

    def settle(
        self,
        intent_id: str,
        state: IntentState,
        reply: Reply,
        sent_at: datetime,
        at: datetime,
    ) -> IntentState:
        """Commit the answer of a send and the state it leads to, in one transaction.

        Returns the state reached: an order id that belongs to another intent already makes
        the intent stuck, whatever `state` said.
        """
        order_id = reply.order.order_id if reply.order and state is IntentState.ACCEPTED else None
        values: dict[str, Any] = {
            "state": str(state),
            "error_code": reply.code,
            "error_message": reply.message,
            "error_details": json.dumps(reply.details),
            "answered_at": moment(at),
            "lease_owner": "",
            "lease_until": "",
        }
        try:
            with self._write() as connection:
                _insert_attempt(connection, intent_id, reply, sent_at, at)
                _change(connection, intent_id, {**values, "order_id": order_id})
                if order_id and reply.order:
                    _insert_outcome(connection, intent_id, reply.order, at)
        except IntegrityError:
            with self._write() as connection:
                _insert_attempt(connection, intent_id, reply, sent_at, at)
                _change(connection, intent_id, {**values, "state": str(IntentState.STUCK)})
            return IntentState.STUCK
        return state

    def bind(self, intent_id: str, order: OrderAnswer, at: datetime) -> bool:
        """An order found by looking up is this intent's; False when it is another's."""
        try:
            with self._write() as connection:
                _change(
                    connection,
                    intent_id,
                    {
                        "state": str(IntentState.ACCEPTED),
                        "order_id": order.order_id,
                        "error_code": "",
                        "error_message": "",
                        "error_details": "[]",
                        "answered_at": moment(at),
                        "lease_owner": "",
                        "lease_until": "",
                    },
                )
                _insert_outcome(connection, intent_id, order, at)
        except IntegrityError:
            return False
        return True

    def mark_stuck(self, intent_id: str, at: datetime) -> None:
        """Only a person can tell what became of the intent."""
        with self._write() as connection:
            _change(
                connection,
                intent_id,
                {"state": str(IntentState.STUCK), "answered_at": moment(at)},
            )

    def order_ids(self, environment: Environment, customer_id: str) -> frozenset[str]:
        """Order ids of a customer that are bound to intents."""
        table = tables.intents
        with self._read() as connection:
            rows = connection.execute(
                select(table.c.order_id).where(
                    table.c.environment == environment,
                    table.c.customer_id == customer_id,
                    table.c.order_id.is_not(None),
                )
            )
            return frozenset(row.order_id for row in rows)

    def record_outcome(self, intent_id: str, order: OrderAnswer, at: datetime) -> None:
        """What the marketplace says of an accepted order now; history is kept."""
        with self._write() as connection:
            _insert_outcome(connection, intent_id, order, at)

    def latest_outcomes(self, intent_ids: Iterable[str]) -> dict[str, tuple[OrderAnswer, datetime]]:
        """The newest answer about each accepted intent's order, and when it was seen."""
        ids = list(intent_ids)
        found: dict[str, tuple[OrderAnswer, datetime]] = {}
        table = tables.outcomes
        with self._read() as connection:
            for start in range(0, len(ids), _CHUNK):
                newest = (
                    select(func.max(table.c.position))
                    .where(table.c.intent_id.in_(ids[start : start + _CHUNK]))
                    .group_by(table.c.intent_id)
                )
                rows = connection.execute(select(table).where(table.c.position.in_(newest)))
                for row in rows:
                    found[row.intent_id] = (
                        OrderAnswer.model_validate_json(row.body),
                        datetime.fromisoformat(row.seen_at),
                    )
        return found

    def unsettled(self, account: str, environment: Environment) -> tuple[Intent, ...]:
        """Intents in doubt."""
        return self.find(account, environment, states=UNSETTLED)

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with said_plainly("written"), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with said_plainly("read"), self._engine.connect() as connection:
            yield connection.execution_options(reads=True)


def _change(connection: Connection, intent_id: str, values: dict[str, Any]) -> None:
    connection.execute(
        update(tables.intents).where(tables.intents.c.intent_id == intent_id).values(**values)
    )


def _insert_attempt(
    connection: Connection, intent_id: str, reply: Reply, sent_at: datetime, at: datetime
) -> None:
    sends = select(tables.intents.c.sends).where(tables.intents.c.intent_id == intent_id)
    connection.execute(
        insert(tables.attempts),
        {
            "request_id": reply.request_id,
            "intent_id": intent_id,
            "send": connection.execute(sends).scalar_one(),
            "sent_at": moment(sent_at),
            "answered_at": moment(at),
            "http_status": reply.http_status,
            "code": reply.code,
            "message": reply.message,
        },
    )


def _insert_outcome(
    connection: Connection, intent_id: str, order: OrderAnswer, at: datetime
) -> None:
    connection.execute(
        insert(tables.outcomes),
        {
            "intent_id": intent_id,
            "seen_at": moment(at),
            "status": order.status,
            "body": order.model_dump_json(by_alias=True),
        },
    )
