"""Where ledgers of tests live: a SQLite file, or a schema of its own in a PostgreSQL database.

Without PostgreSQL on this machine its tests are skipped, in one line that says how to get it; in
CI that is a failure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

POSTGRES = os.environ.get(
    "ORDERDROP_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres"
)
KINDS = ("sqlite", "postgresql")


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database of that kind; it is gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'ledger.sqlite'}"
        return
    name = f"orderdrop_{uuid4().hex}"
    with _postgres() as connection:
        connection.execute(f'CREATE SCHEMA "{name}"')  # type: ignore[arg-type]  # a name of ours
    separator = "&" if "?" in POSTGRES else "?"
    try:
        yield f"{POSTGRES}{separator}options=-csearch_path%3D{name}"
    finally:
        with _postgres() as connection:
            connection.execute(f'DROP SCHEMA "{name}" CASCADE')  # type: ignore[arg-type]


@contextmanager
def _postgres() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    try:
        connection = psycopg.connect(POSTGRES, connect_timeout=5, autocommit=True)
    except psycopg.OperationalError as error:
        why = (
            "needs PostgreSQL: start one on 127.0.0.1:5432, or name one in "
            f"ORDERDROP_TEST_POSTGRES ({str(error).strip().splitlines()[0]})"
        )
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    with connection:
        yield connection
