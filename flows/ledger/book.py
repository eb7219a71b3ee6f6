"""The ledger: opening it, planning a workbook in one transaction, and every step of an intent.

A commit is on disk when a method returns (SQLite: WAL, full sync). Methods are synchronous
and may be called from any thread.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

from sqlalchemy import Connection, insert, select, update

from flows.ledger import intents, prices, sends, steps, tables, workbooks
from flows.ledger.bulk import MOST_VALUES, Writes, rows_with
from flows.ledger.database import open_engine
from flows.ledger.faults import KeptElsewhere, KeptFault, LedgerFault, said_plainly
from flows.ledger.group import GroupCommit
from flows.ledger.kept import keep_bytes
from flows.ledger.owners import Owner
from flows.ledger.pace import SharedPace
from flows.ledger.planning import Asked, Planning
from flows.ledger.renewals import RenewalMemory
from flows.ledger.rows import (
    ENTRY,
    FAULT,
    SUBMISSION,
    moment,
)
from flows.ledger.schema import bring_up_to_date
from flows.ledger.shards import Placing
from flows.ledger.telling import history_of
from schemas.entries import Entry, ShownPrices, Submission
from schemas.faults import Fault
from schemas.history import Event
from schemas.orders import Intent, IntentState, OrderAnswer, Reply
from schemas.outcomes import Environment

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Repeated:
    """How often attempts of one intent failed with the same bytes, and since when."""

    times: int
    since: datetime


class Ledger:
    """The durable memory. Raises LedgerFault when the disk or the database fails."""

    def __init__(self, url: str, keep: Path) -> None:
        """`url` is a SQLAlchemy address; source workbooks are kept in the folder `keep`."""
        self._keep = keep
        try:
            keep.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerFault(
                f"The folder for Orderdrop's memory, {keep.parent}, cannot be used "
                f"({error.strerror}); nothing was ordered."
            ) from None
        with said_plainly("opened"):
            self._engine = open_engine(url)
            bring_up_to_date(self._engine)
        self._group = GroupCommit(self._engine)
        self.pace = SharedPace(self._engine.url)
        self._owner = Owner(keep.parent / "owners")

    @classmethod
    def in_folder(cls, state: Path) -> Ledger:
        """The default: SQLite in the state directory."""
        return cls(f"sqlite:///{state / 'ledger.sqlite'}", state / "workbooks")

    @staticmethod
    def is_in_folder(state: Path) -> bool:
        """Whether the default ledger of that state directory has been made."""
        return (state / "ledger.sqlite").exists()

    @property
    def place(self) -> str:
        """Where it is, for people: the file, or the server's host and database; no password."""
        url = self._engine.url
        if self._engine.dialect.name == "sqlite":
            return f"the SQLite file {url.database}"
        return f"PostgreSQL at {url.host or 'this computer'}, database {url.database}"

    def close(self) -> None:
        """Write what is waiting and let go of the database."""
        self._group.close()
        self._owner.close()
        self.pace.close()
        self._engine.dispose()

    # --- workbooks and plans ---

    def keep_workbook(self, content: bytes, name: str, at: datetime) -> str:
        """Keep the workbook's bytes by their hash, on the disk, and return the hash."""
        try:
            digest = keep_bytes(self._keep, content)
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

    def workbook_names(self, of: Iterable[Intent]) -> dict[str, str]:
        """The name under which the workbook of each intent was first seen, by hash."""
        hashes = {intent.workbook_hash for intent in of}
        with self._read() as connection:
            return dict(rows_with(connection, tables.workbooks, "hash", hashes, "hash", "name"))

    def workbook(self, digest: str) -> bytes:
        """The bytes of a workbook that was kept. Raises KeptElsewhere and KeptFault."""
        try:
            return (self._keep / digest).read_bytes()
        except FileNotFoundError:
            raise KeptElsewhere(f"The workbook is not kept in {self._keep}.") from None
        except OSError as error:
            raise KeptFault(f"A kept workbook cannot be read ({error.strerror}).") from None

    def plan(
        self,
        account: str,
        environment: Environment,
        asked: Asked,
        decide: Callable[[Sequence[Intent]], Result],
        ready: Callable[[Result], Writes],
    ) -> Result:
        """Compare orders with what was placed, and write what is decided of them: what counts.

        `decide` makes a plan of the intents that are known, oldest first, `ready` its rows. A plan
        is made before the transaction, and once more inside it should the ledger know by then
        what it did not know before.
        """
        with self._read() as connection:
            before = Planning(connection, account, environment).known(asked)
        decided = decide(before.intents())
        rows = ready(decided)
        with self.planning(account, environment) as planning:
            now = planning.known(asked)
            if now != before:
                decided = decide(now.intents())
                rows = ready(decided)
            planning.put(rows)
        return decided

    def known(self, account: str, environment: Environment, asked: Asked) -> tuple[Intent, ...]:
        """The intents that a plan depends on, as they stand now; oldest first."""
        with self._read() as connection:
            return Planning(connection, account, environment).known(asked).intents()

    @contextmanager
    def planning(self, account: str, environment: Environment) -> Iterator[Planning]:
        """One write transaction around comparing and writing: two runs cannot both decide."""
        with self._write() as connection:
            yield Planning(connection, account, environment)

    def submission(self, submission_id: str) -> Submission:
        """One run over a workbook."""
        with self._read() as connection:
            return SUBMISSION.value(
                *rows_with(
                    connection,
                    tables.submissions,
                    "submission_id",
                    [submission_id],
                    *SUBMISSION.columns,
                )
            )

    def entries(self, submission_id: str) -> tuple[Entry, ...]:
        """The orders of a run, in the order of the sheet."""
        with self._read() as connection:
            rows = rows_with(
                connection, tables.entries, "submission_id", [submission_id], *ENTRY.columns
            )
        return ENTRY.values(sorted(rows))

    def shown_prices(self, came_from: str, account: str, environment: Environment) -> ShownPrices:
        """The prices that a workbook shows which came back from a run, and whether it asks for all.

        A run shows what it priced; where it did not (no answer, mistakes), what stood there before.
        """
        with self._read() as connection:
            return prices.shown_by(connection, came_from, account, environment)

    def faults(self, submission_id: str) -> tuple[Fault, ...]:
        """The faults found in the rows of a run."""
        table = tables.sheet_faults
        question = select(*(table.c[name] for name in FAULT.columns))
        with self._read() as connection:
            rows = connection.execute(
                question.where(table.c.submission_id == submission_id).order_by(table.c.position)
            )
            return FAULT.values(rows)

    def finish(self, submission_id: str, output: str, output_hash: str, at: datetime) -> None:
        """The reconciled workbook of a run was written; it tells what was learned until `at`."""
        with self._write() as connection:
            connection.execute(
                update(tables.submissions)
                .where(tables.submissions.c.submission_id == submission_id)
                .values(output=output, output_hash=output_hash, finished_at=moment(at))
            )

    def will_write(self, submission_id: str, path: str, output_hash: str) -> None:
        """A file with this name and content is about to be written for a submission."""
        with self._write() as connection:
            connection.execute(
                insert(tables.outputs),
                {
                    "submission_id": submission_id,
                    "path": path,
                    "hash": output_hash,
                    "at": moment(datetime.now(UTC)),
                },
            )

    def written_for(self, path: str, output_hash: str) -> list[Submission]:
        """The submissions for which a file with this name and content was written by us."""
        with self._read() as connection:
            return workbooks.written_for(connection, path, output_hash)

    def have_orders_in_common(self, submission_id: str, other_id: str) -> bool:
        """Whether two submissions speak of one order: the same reference and customer."""
        with self._read() as connection:
            mine = workbooks.orders_of(connection, submission_id)
            return not mine.isdisjoint(workbooks.orders_of(connection, other_id))

    async def answer_preview(
        self, submission_id: str, position: int, reply: Reply, body: str, at: datetime
    ) -> None:
        """What the marketplace said to a preview."""
        table = tables.entries

        def step(connection: Connection) -> None:
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

        await self._step(step)

    def renewals(self, account: str, environment: Environment) -> RenewalMemory:
        """What is known of an account's renewal books and of its nightly renewals."""
        return RenewalMemory(self._engine, account, environment)

    def placing(self, submission_id: str) -> Placing:
        """How far the orders of a submission are, whoever places them."""
        return Placing(self._engine, submission_id)

    # --- intents ---

    def intents(self, intent_ids: Iterable[str]) -> dict[str, Intent]:
        """Intents by id."""
        with self._read() as connection:
            return intents.by_id(connection, intent_ids)

    def find(
        self,
        account: str,
        environment: Environment,
        reference: str | None = None,
        states: frozenset[IntentState] | None = None,
    ) -> tuple[Intent, ...]:
        """Intents of an account and environment, newest first."""
        with self._read() as connection:
            return intents.find(connection, account, environment, reference, states)

    # --- the steps of an intent; each is on disk when it is awaited ---

    async def begin_send(
        self, intent_id: str, request_id: str, at: datetime, lease: timedelta
    ) -> bool:
        """Take the intent's lease and write down the attempt that is about to be made.

        False when another holds the lease, or the intent is past sending: then nothing may
        be sent.
        """
        begun = sends.Begun(intent_id, request_id, self._lease(at, lease))
        return cast("bool", await self._group.carry_out(begun))

    async def note_attempt(self, intent_id: str, reply: Reply, at: datetime) -> Repeated:
        """What an attempt brought that may be repeated; how often it brought just this."""

        def step(connection: Connection) -> Repeated:
            sends.note_attempt(connection, reply, at)
            if not reply.digest:
                return Repeated(0, at)
            return Repeated(*steps.same_failure(connection, intent_id, reply.digest))

        return await self._step(step)

    async def answer(
        self, intent_id: str, reply: Reply, then: IntentState, doubt: str, at: datetime
    ) -> IntentState:
        """Commit what a send brought and the state it leads to; returns the state reached."""
        answered = sends.Answered(intent_id, reply, then, doubt, at)
        return cast("IntentState", await self._group.carry_out(answered))

    async def doubt(self, intent_id: str, why: str, at: datetime) -> bool:
        """A sent intent must be looked up before anything else."""
        return await self._step(lambda c: steps.doubt(c, intent_id, why, at))

    async def looked(self, intent_id: str, at: datetime) -> None:
        """A look-up found nothing."""
        await self._step(lambda c: steps.looked(c, intent_id, at))

    async def bind(
        self, intent_id: str, order: OrderAnswer, at: datetime, who: str = ""
    ) -> IntentState:
        """An order that was found is this intent's: accepted when it is.

        Stuck when the order is another's already, or the intent has another order, which stands.
        """
        return await self._step(lambda c: steps.bind(c, intent_id, order, at, who))

    async def stick(self, intent_id: str, why: str, at: datetime) -> None:
        """Only a person can tell what became of the intent."""
        await self._step(lambda c: steps.stick(c, intent_id, why, at))

    async def send_again(self, intent_id: str, at: datetime) -> bool:
        """Nothing was found: the same id may be sent once more."""
        return await self._step(lambda c: steps.send_again(c, intent_id, at))

    async def replace(self, new: Intent, at: datetime, lease: timedelta) -> bool:
        """Retire what `new` replaces and write `new`, in one transaction."""
        taken = self._lease(at, lease)
        return await self._step(lambda c: steps.replace(c, new, taken))

    async def retire_by_hand(self, intent_id: str, at: datetime, who: str) -> bool:
        """A person says that nothing was placed.

        False when the intent is not in doubt, or is in the hands of somebody who may be sending.
        """
        now = self._lease(at, timedelta(0))
        return await self._step(lambda c: steps.retire_by_hand(c, intent_id, now, who))

    async def note_outcomes(self, seen: Mapping[str, OrderAnswer], at: datetime) -> None:
        """What the marketplace says of accepted orders now, by intent; history is kept."""
        await self._group.carry_out(steps.Noted(seen, at))

    def _lease(self, at: datetime, lasts: timedelta) -> steps.Lease:
        return steps.Lease(self._owner.owner_id, at, lasts, self._owner.is_gone)

    async def _step(self, step: Callable[[Connection], Result]) -> Result:
        return cast("Result", await self._group.carry_out(step))

    def newest_moment(self) -> datetime | None:
        """The newest time in the ledger: a clock far behind it cannot be trusted.

        Answers are left out: each comes within one call's time-outs after its send, far less
        than the minutes by which a clock may be behind.
        """
        with self._read() as connection:
            return intents.newest_moment(connection)

    def order_ids(self, environment: Environment, customer_id: str) -> frozenset[str]:
        """Order ids of a customer that are bound to intents."""
        with self._read() as connection:
            return intents.order_ids(connection, environment, customer_id)

    def latest_outcomes(self, intent_ids: Iterable[str]) -> dict[str, tuple[OrderAnswer, datetime]]:
        """The newest answer about each accepted intent's order, and when it was seen."""
        with self._read() as connection:
            rows = steps.latest_outcomes(connection, intent_ids, "seen_at", "body")
        return {
            intent_id: (OrderAnswer.model_validate_json(body), datetime.fromisoformat(seen_at))
            for intent_id, seen_at, body in rows
        }

    def latest_statuses(self, intent_ids: Iterable[str]) -> dict[str, str]:
        """The newest known status of each accepted intent's order."""
        with self._read() as connection:
            return dict(steps.latest_outcomes(connection, intent_ids, "status"))

    def never_left(self, intent_ids: Iterable[str], codes: Iterable[str]) -> frozenset[str]:
        """Those intents of which each send is known to have ended with one of the codes."""
        with self._read() as connection:
            return intents.never_left(connection, intent_ids, codes)

    def unfinished(
        self, account: str, environment: Environment, final_statuses: Iterable[str]
    ) -> tuple[Intent, ...]:
        """Intents in doubt, and accepted ones whose order was never seen in a final status.

        Those too that took another's place and were not sent yet: nobody else sees them.
        """
        with self._read() as connection:
            return intents.unfinished(connection, account, environment, final_statuses)

    def replaced_by(self, intent_ids: Iterable[str]) -> list[str]:
        """The intents that took the place of these, and of those, and so on."""
        with self._read() as connection:
            return intents.replaced_by(connection, intent_ids)

    def history(self, intent_id: str) -> list[Event]:
        """What happened to an intent, in order."""
        with self._read() as connection:
            return history_of(connection, intent_id)

    def submissions_with(self, intent_ids: Iterable[str]) -> tuple[Submission, ...]:
        """The submissions whose reconciled workbooks tell of one of the intents."""
        ids = sorted(set(intent_ids))
        found: dict[str, Submission] = {}
        with self._read() as connection:
            for start in range(0, len(ids), MOST_VALUES):
                for run in workbooks.submissions_with(connection, ids[start : start + MOST_VALUES]):
                    found[run.submission_id] = run
        return tuple(sorted(found.values(), key=lambda run: run.started_at))

    def untold(self, account: str, environment: Environment) -> frozenset[str]:
        """Intents of which a reconciled workbook of ours does not tell the newest.

        A workbook whose kept bytes are not here is left to the computer that has them.
        """
        with self._read() as connection:
            found = workbooks.untold(connection, account, environment)
        here = {digest: (self._keep / digest).exists() for digest in {of for _, of in found}}
        return frozenset(intent_id for intent_id, digest in found if here[digest])

    def newest_known(self, submission_id: str) -> datetime | None:
        """The newest moment at which something was learned of a submission's intents."""
        with self._read() as connection:
            return workbooks.newest_known(connection, submission_id)

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with said_plainly("written"), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with said_plainly("read"), self._engine.connect() as connection:
            yield connection.execution_options(reads=True)
