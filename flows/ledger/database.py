"""The ledger's database: how it is opened so that a commit is on disk."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url

from flows.ledger.bulk import driver_cursor

BUSY_MILLISECONDS: Final = 30_000
"""How long a ledger waits for another program that writes it."""

_GONE_MILLISECONDS: Final = 20_000
"""After so long without a word in the middle of a transaction a program counts as cut off: the
server ends its session, and what it held is free before others have given up.
"""

_NOTICED: Final = {
    # A server that is gone is noticed after half a minute and not after hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}

_CACHE_KILOBYTES: Final = 32_768

_ONE_WRITER: Final = (
    "SELECT pg_advisory_xact_lock(hashtextextended('orderdrop/' || current_schema(), 0))"
)


def open_engine(url: str) -> Engine:
    """A database whose commits are durable; SQLite in WAL with full sync."""
    address = make_url(url)
    is_sqlite = address.get_backend_name() == "sqlite"
    engine = create_engine(address) if is_sqlite else on_a_server(address)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _durable(connection: Any, _record: Any) -> None:  # noqa: ANN401  # the driver's own
            connection.isolation_level = None  # BEGIN is ours, see below
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
            connection.execute("PRAGMA foreign_keys=ON")
            # Ids are random: each order touches pages all over the indexes, and a page that is
            # not at hand is read, or written out in the middle of a transaction.
            connection.execute(f"PRAGMA cache_size=-{_CACHE_KILOBYTES}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            # Taking the write lock at the start keeps a plan from deciding on stale rows.
            reads = connection.get_execution_options().get("reads", False)
            with driver_cursor(connection) as cursor:
                cursor.execute("BEGIN" if reads else "BEGIN IMMEDIATE")

    if engine.dialect.name == "postgresql":

        @event.listens_for(engine, "connect")
        def _waits_for_the_disk(connection: Any, _record: Any) -> None:  # noqa: ANN401
            say(
                connection,
                synchronous_commit="on",
                lock_timeout=BUSY_MILLISECONDS,
                idle_in_transaction_session_timeout=_GONE_MILLISECONDS,
            )

        @event.listens_for(engine, "begin")
        def _alone(connection: Connection) -> None:
            # One writer at a time, as in SQLite: a plan and a group of steps touch the same
            # intents in orders of their own, and two of them would lock each other out.
            if not connection.get_execution_options().get("reads", False):
                with driver_cursor(connection) as cursor:
                    cursor.execute(_ONE_WRITER)

    return engine


def on_a_server(address: URL) -> Engine:
    """PostgreSQL, over a network that may break."""
    if "+" not in address.drivername:
        address = address.set(drivername="postgresql+psycopg")
    return create_engine(
        address,
        pool_pre_ping=True,
        # What a plan reads after it has waited for its turn must be what stands then, whatever
        # the server, the role or the address says of isolation.
        isolation_level="READ COMMITTED",
        connect_args={name: v for name, v in _NOTICED.items() if name not in address.query},
    )


def say(connection: Any, **settings: str | int) -> None:  # noqa: ANN401  # the driver's own
    """Settings of a session with PostgreSQL."""
    with connection.cursor() as cursor:
        for name, value in settings.items():
            cursor.execute(f"SET {name} TO {value}")
    connection.commit()
