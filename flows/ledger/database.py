"""The ledger's database: how it is opened so that a commit is on disk, and how it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from schemas.faults import Stop


class LedgerFault(Stop):
    """The ledger cannot be opened or written; nothing may be ordered (exit code 3)."""


@contextmanager
def said_plainly(what: str) -> Iterator[None]:
    """Turn what the database raises into a LedgerFault; broken uniqueness is the caller's."""
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise LedgerFault(
            f"Orderdrop's memory (the ledger) cannot be {what}: {cause}. Nothing is ordered "
            "without it; mend the cause and start again."
        ) from None


def open_engine(url: str) -> Engine:
    """A database whose commits are durable; SQLite in WAL with full sync."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _durable(connection: Any, _record: Any) -> None:  # noqa: ANN401  # the driver's own
            connection.isolation_level = None  # BEGIN is ours, see below
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA busy_timeout=30000")
            connection.execute("PRAGMA foreign_keys=ON")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            # Taking the write lock at the start keeps a plan from deciding on stale rows.
            reads = connection.get_execution_options().get("reads", False)
            connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
