"""The ledger's schema brought up to date when it is opened; one that is newer is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

from flows.ledger.faults import LedgerFault

HEAD: Final = "0008"
"""The newest step of `migrations`; a test compares."""

KNOWN: Final = frozenset({"0001", "0002", "0003", "0004", "0005", "0006", "0007", HEAD})

_BEFORE_ALEMBIC: Final = "ledger_version"
"""The table that ledgers had before their schema was kept by Alembic; their schema is 0001."""


def bring_up_to_date(engine: Engine) -> None:
    """Make or extend the tables; nothing is done when they are as they should be.

    Two processes that open a new ledger at the same moment wait for each other. Raises
    LedgerFault when a newer program has written it.
    """
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(72067001)"))
        found = _revision(connection)
        if found != HEAD:
            _upgrade(connection, found)


def _revision(connection: Connection) -> str | None:
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        return "0001" if _BEFORE_ALEMBIC in tables else None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found not in KNOWN:
        raise LedgerFault(
            "The ledger was written by a newer Orderdrop; use that one. Nothing was ordered."
        )
    return found


def _upgrade(connection: Connection, found: str | None) -> None:
    # Alembic takes a while to import, and most openings find nothing to do.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    if found is not None and _BEFORE_ALEMBIC in inspect(connection).get_table_names():
        command.stamp(config, found)
        connection.execute(text(f"DROP TABLE {_BEFORE_ALEMBIC}"))
    command.upgrade(config, HEAD)
