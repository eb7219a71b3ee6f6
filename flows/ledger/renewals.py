"""What the ledger remembers of renewal books, and one intent for a subscription and term."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Engine, insert, select

from flows.ledger import steps, tables
from flows.ledger.faults import said_plainly
from flows.ledger.planning import Asked, Planning
from flows.ledger.rows import INTENT, moment
from schemas.orders import Intent, IntentState
from schemas.outcomes import Environment

STANDS: Final = (
    IntentState.WRITTEN,
    IntentState.SENT,
    IntentState.LOOKING,
    IntentState.STUCK,
    IntentState.ACCEPTED,
)
"""States of an intent that leaves no room for another of its key."""


@dataclass(frozen=True, slots=True)
class NightDone:
    """One night of a renewal book: its local date, and whether nothing was placed in it."""

    date: date
    was_dry_run: bool


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a renewal book's workbook told of a subscription that was to come due.

    `product` is the first ten signs of the offer; `price` that of renewing the present licences.
    """

    customer_id: str
    subscription_id: str
    term: date
    night: date
    quantity: int
    product: str
    currency: str
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class RenewalMemory:
    """The renewals of one account and environment. Raises LedgerFault."""

    engine: Engine
    account: str
    environment: Environment

    def claim(self, intent: Intent) -> Intent:
        """Write the intent, unless its key has one already; the one that counts comes back.

        One transaction: two runs cannot both write one.
        """
        with said_plainly("written"), self.engine.begin() as connection:
            table = tables.intents
            found = connection.execute(
                select(*(table.c[name] for name in INTENT.columns))
                .where(
                    table.c.account == self.account,
                    table.c.environment == self.environment,
                    table.c.body_key == intent.body_key,
                    table.c.state.in_([str(state) for state in STANDS]),
                )
                .order_by(table.c.written_at.desc())
            )
            standing = found.first()
            if standing is not None:
                return INTENT.value(standing)
            steps.write_intents(connection, [intent])
            return intent

    def intents_of(self, keys: Iterable[str]) -> dict[str, Intent]:
        """By key, the intent that counts: one that stands, else the newest that was tried."""
        asked = Asked(body_keys=set(keys))
        found: dict[str, Intent] = {}
        with said_plainly("read"), self.engine.connect() as opened:
            connection = opened.execution_options(reads=True)
            known = Planning(connection, self.account, self.environment).known(asked)
        for intent in known.intents():
            before = found.get(intent.body_key)
            if before is None or before.state not in STANDS or intent.state in STANDS:
                found[intent.body_key] = intent
        return found

    def nights(self, book_key: str) -> list[NightDone]:
        """The nights of a renewal book that were done, oldest first."""
        table = tables.renewal_nights
        with said_plainly("read"), self.engine.connect() as connection:
            rows = connection.execution_options(reads=True).execute(
                select(table.c.night, table.c.was_dry_run)
                .where(*self._mine(table), table.c.book_key == book_key)
                .order_by(table.c.night)
            )
            return [NightDone(date.fromisoformat(row.night), row.was_dry_run) for row in rows]

    def announced(self, book_key: str) -> dict[tuple[str, str, date], Announcement]:
        """What was announced, by customer, subscription and term."""
        table = tables.renewal_announcements
        with said_plainly("read"), self.engine.connect() as connection:
            rows = connection.execution_options(reads=True).execute(
                select(table).where(*self._mine(table), table.c.book_key == book_key)
            )
            told = [
                Announcement(
                    customer_id=row.customer_id,
                    subscription_id=row.subscription_id,
                    term=date.fromisoformat(row.term),
                    night=date.fromisoformat(row.night),
                    quantity=row.quantity,
                    product=row.product,
                    currency=row.currency,
                    price=Decimal(row.price) if row.price else None,
                )
                for row in rows
            ]
        return {(a.customer_id, a.subscription_id, a.term): a for a in told}

    def end_night(
        self,
        book_key: str,
        name: str,
        night: NightDone,
        missed: int,
        announcements: Sequence[Announcement],
        at: datetime,
    ) -> None:
        """The night is done: it and what it announced for the first time, as one.

        A night that is done once more keeps what was written first.
        """
        nights, told = tables.renewal_nights, tables.renewal_announcements
        mine = {"account": self.account, "environment": self.environment, "book_key": book_key}
        with said_plainly("written"), self.engine.begin() as connection:
            known = select(nights.c.night).where(
                *self._mine(nights),
                nights.c.book_key == book_key,
                nights.c.night == night.date.isoformat(),
            )
            if connection.execute(known).first() is None:
                connection.execute(
                    insert(nights),
                    {
                        **mine,
                        "night": night.date.isoformat(),
                        "was_dry_run": night.was_dry_run,
                        "name": name,
                        "missed": missed,
                        "done_at": moment(at),
                    },
                )
            before = {
                tuple(row)
                for row in connection.execute(
                    select(told.c.customer_id, told.c.subscription_id, told.c.term).where(
                        *self._mine(told), told.c.book_key == book_key
                    )
                )
            }
            new = [
                {
                    **mine,
                    "customer_id": a.customer_id,
                    "subscription_id": a.subscription_id,
                    "term": a.term.isoformat(),
                    "night": a.night.isoformat(),
                    "quantity": a.quantity,
                    "product": a.product,
                    "currency": a.currency,
                    "price": "" if a.price is None else str(a.price),
                }
                for a in announcements
                if (a.customer_id, a.subscription_id, a.term.isoformat()) not in before
            ]
            if new:
                connection.execute(insert(told), new)

    def will_write(self, path: str, output_hash: str) -> None:
        """A renewal workbook with this name and content is about to be written."""
        with said_plainly("written"), self.engine.begin() as connection:
            connection.execute(insert(tables.renewal_outputs), {"path": path, "hash": output_hash})

    def wrote(self, path: str, output_hash: str) -> bool:
        """Whether a file is a renewal workbook just as we wrote it."""
        table = tables.renewal_outputs
        with said_plainly("read"), self.engine.connect() as connection:
            found = connection.execution_options(reads=True).execute(
                select(table.c.position).where(table.c.path == path, table.c.hash == output_hash)
            )
            return found.first() is not None

    def _mine(self, table: Any) -> tuple[Any, Any]:  # noqa: ANN401  # any of the tables
        return table.c.account == self.account, table.c.environment == self.environment
