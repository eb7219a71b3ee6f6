"""The pace of each API key, shared by every process and machine that uses this ledger.

One row for a key, apart from the orders: nothing here is missed when it is lost between two runs,
and nobody who places orders may have to wait for a plan to be written. So in PostgreSQL its commits
do not wait for the disk, and beside a SQLite ledger it has a file of its own, since SQLite has one
writer to a file.
"""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from flows.ledger.database import on_a_server, say
from flows.ledger.faults import said_plainly
from schemas.pace import Change, PaceStanding

_BUSY_MILLISECONDS: Final = 10_000

_GONE_MILLISECONDS: Final = 3_000
"""As for the ledger: what a program that was cut off holds is free before others have given up."""

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS standings (key_fingerprint TEXT PRIMARY KEY, "
    "next_at DOUBLE PRECISION NOT NULL, share DOUBLE PRECISION NOT NULL, "
    "lowered_at DOUBLE PRECISION NOT NULL, grown_at DOUBLE PRECISION NOT NULL, "
    "changed_at DOUBLE PRECISION NOT NULL)"
)
"""Made here and not by the ledger's migrations: it holds nothing that would have to be carried
on."""

_FIRST: Final = text(
    "INSERT INTO standings VALUES (:key, 0, 1, 0, 0, 0) ON CONFLICT (key_fingerprint) DO NOTHING"
)
_COLUMNS: Final = "next_at, share, lowered_at, grown_at, changed_at"
_WRITE: Final = text(
    "UPDATE standings SET next_at = :next_at, share = :share, lowered_at = :lowered_at, "
    "grown_at = :grown_at, changed_at = :changed_at WHERE key_fingerprint = :key"
)


class SharedPace:
    """The standings of keys, one change at a time. Raises LedgerFault."""

    def __init__(self, ledger: URL) -> None:
        """`ledger` is the address of the ledger's database."""
        self._is_sqlite = ledger.get_backend_name() == "sqlite"
        self._engine = _beside(ledger) if self._is_sqlite else _in_server(ledger)
        of_postgres = ", extract(epoch FROM clock_timestamp())::double precision"
        more = "" if self._is_sqlite else of_postgres
        lock = "" if self._is_sqlite else " FOR UPDATE"
        self._read = text(
            f"SELECT {_COLUMNS}{more} FROM standings WHERE key_fingerprint = :key{lock}"  # noqa: S608
        )
        self._known: set[str] = set()
        self._one_at_a_time = threading.Lock()

    def change(self, key: str, change: Change) -> tuple[PaceStanding, PaceStanding, float]:
        """Change the standing of a key; gives it before and after, and the moment.

        The clock is the database's; beside SQLite, where all are on one machine, the machine's.
        """
        with self._one_at_a_time, said_plainly("written"):
            if key not in self._known:
                self._begin_with(key)
            with self._engine.begin() as connection:
                row = connection.execute(self._read, {"key": key}).one()
                before = PaceStanding(*row[:5])
                now = _awake_clock() if self._is_sqlite else row[5]
                after = change(before, now)
                connection.execute(_WRITE, {"key": key, **asdict(after)})
                return before, after, now

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _begin_with(self, key: str) -> None:
        try:
            with self._engine.begin() as connection:
                connection.execute(text(_TABLE))
        except DBAPIError:
            # Two that make the same table at one moment get in each other's way in PostgreSQL.
            with self._engine.begin() as connection:
                connection.execute(text(_TABLE))
        with self._engine.begin() as connection:
            connection.execute(_FIRST, {"key": key})
        self._known.add(key)


def _awake_clock() -> float:
    """One clock for all processes of a machine; it goes on while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(clock) if clock is not None else time.monotonic()


def _beside(ledger: URL) -> Engine:
    path = Path(ledger.database or "")
    place = ledger.set(database=str(path.with_suffix(".pace.sqlite"))) if path.name else ledger
    engine = create_engine(place)

    @event.listens_for(engine, "connect")
    def _quick(connection: Any, _record: Any) -> None:  # noqa: ANN401  # the driver's own
        connection.isolation_level = None  # BEGIN is ours, see below
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _in_server(ledger: URL) -> Engine:
    engine = on_a_server(ledger)

    @event.listens_for(engine, "connect")
    def _quick(connection: Any, _record: Any) -> None:  # noqa: ANN401
        say(
            connection,
            synchronous_commit="off",
            lock_timeout=_BUSY_MILLISECONDS,
            idle_in_transaction_session_timeout=_GONE_MILLISECONDS,
        )

    return engine
