"""The ledger's database: how it is opened so that a commit is on disk."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from flows.ledger.bulk import driver_cursor

BUSY_MILLISECONDS: Final = 30_000
"""How long a ledger waits for another program that writes it."""

_ONE_WRITER: Final = (
    "SELECT pg_advisory_xact_lock(hashtextextended('orderdrop/' || current_schema(), 0))"
)


def open_engine(url: str) -> Engine:
    """A database whose commits are durable; SQLite in WAL with full sync."""
    address = make_url(url)
    if address.get_backend_name() == "postgresql" and "+" not in address.drivername:
        address = address.set(drivername="postgresql+psycopg")
    # What a plan reads after it has waited for its turn must be what stands then, whatever the
    # server, the role or the address says of isolation.
    for_a_server = {"pool_pre_ping": True, "isolation_level": "READ COMMITTED"}
    is_sqlite = address.get_backend_name() == "sqlite"
    engine = create_engine(address, **({} if is_sqlite else for_a_server))
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _durable(connection: Any, _record: Any) -> None:  # noqa: ANN401  # the driver's own
            connection.isolation_level = None  # BEGIN is ours, see below
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
            connection.execute("PRAGMA foreign_keys=ON")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            # Taking the write lock at the start keeps a plan from deciding on stale rows.
            reads = connection.get_execution_options().get("reads", False)
            with driver_cursor(connection) as cursor:
                cursor.execute("BEGIN" if reads else "BEGIN IMMEDIATE")

    if engine.dialect.name == "postgresql":

        @event.listens_for(engine, "connect")
        def _waits_for_the_disk(connection: Any, _record: Any) -> None:  # noqa: ANN401
            with connection.cursor() as cursor:
                cursor.execute("SET synchronous_commit TO on")
                cursor.execute(f"SET lock_timeout TO {BUSY_MILLISECONDS}")
            connection.commit()

        @event.listens_for(engine, "begin")
        def _alone(connection: Connection) -> None:
            # One writer at a time, as in SQLite: a plan and a group of steps touch the same
            # intents in orders of their own, and two of them would lock each other out.
            if not connection.get_execution_options().get("reads", False):
                with driver_cursor(connection) as cursor:
                    cursor.execute(_ONE_WRITER)

    return engine
