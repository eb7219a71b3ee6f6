"""Many rows by one statement, for the steps that every order takes.

SQLAlchemy's own way to many rows takes more processor time than SQLite itself, and psycopg sends
a message for each of them. The texts here are made from the tables, once for each database, and
go to its driver: SQLite runs one statement over all rows, PostgreSQL gets the rows as one JSON
text and all statements in one message. Errors come as SQLAlchemy's all the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from psycopg import ClientCursor
from sqlalchemy import Boolean, Connection, Integer, Table
from sqlalchemy.exc import DBAPIError

MOST_VALUES: Final = 500
"""Values in one IN list; SQLite has a limit on variables."""

Cells = Sequence[str | int | None]
"""The values of one row, in the order in which the statement names its columns."""


@dataclass(frozen=True, slots=True)
class Many:
    """A statement that writes rows; the text for each database."""

    sqlite: str
    postgresql: str
    columns: tuple[str, ...]

    def named(self, rows: Sequence[Cells]) -> list[dict[str, str | int | None]]:
        """The rows as PostgreSQL's JSON functions take them."""
        return [dict(zip(self.columns, row, strict=True)) for row in rows]


def write(connection: Connection, *writes: tuple[Many, Sequence[Cells]]) -> None:
    """Write all of these, in this order; where there are no rows, nothing is done."""
    some = [(many, rows) for many, rows in writes if rows]
    with driver_cursor(connection) as cursor:
        if connection.dialect.name == "sqlite":
            for many, rows in some:
                cursor.executemany(many.sqlite, rows)
        elif some:
            cursor.execute(
                "; ".join(many.postgresql for many, _ in some),
                [json.dumps(many.named(rows)) for many, rows in some],
            )


def insert_many(table: Table, *columns: str) -> Many:
    """New rows with these columns."""
    # Names of tables and columns are the program's own; values never stand in a text.
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    return Many(
        f"INSERT INTO {table.name} ({names}) VALUES ({marks})",  # noqa: S608
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {_rows(table, columns)}",  # noqa: S608
        columns,
    )


def update_many(
    table: Table, key: str, *columns: str, in_postgresql: Mapping[str, str] | None = None
) -> Many:
    """Set these columns of the rows with that key, whose value comes last in each row.

    `in_postgresql`: columns that PostgreSQL sets to an expression of its own instead.
    """
    computed = in_postgresql or {}
    settings = ", ".join(f"{name} = ?" for name in columns)
    its_settings = ", ".join(f"{name} = {computed.get(name, f'r.{name}')}" for name in columns)
    rows = _rows(table, (*columns, key))
    return Many(
        f"UPDATE {table.name} SET {settings} WHERE {key} = ?",  # noqa: S608
        f"UPDATE {table.name} SET {its_settings} FROM {rows}"  # noqa: S608
        f" WHERE {table.name}.{key} = r.{key}",
        (*columns, key),
    )


def rows_with(
    connection: Connection, table: Table, key: str, keys: Iterable[str], *columns: str
) -> list[tuple[Any, ...]]:
    """The rows with one of these keys: these columns, which may be expressions."""
    question = (
        f"SELECT {', '.join(columns)} FROM {table.name}"  # noqa: S608
        f" WHERE {key} IN ({_KEYS[connection.dialect.name]})"
    )
    with driver_cursor(connection) as cursor:
        cursor.execute(question, (json.dumps(list(keys)),))
        return cast("list[tuple[Any, ...]]", cursor.fetchall())


class driver_cursor:  # noqa: N801  # used as a function; a generator would cost more than the statement
    """The driver's cursor in the open transaction; psycopg's takes several statements at once
    when it puts the values into the text itself.
    """

    __slots__ = ("_connection", "_cursor")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor: sqlite3.Cursor | ClientCursor[Any]
        driver: Any = connection.connection.driver_connection
        is_sqlite = connection.dialect.name == "sqlite"
        self._cursor = driver.cursor() if is_sqlite else ClientCursor(driver)

    def __enter__(self) -> Any:  # noqa: ANN401  # one of two drivers' own
        return self._cursor

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _where: object
    ) -> None:
        self._cursor.close()
        connection, dialect = self._connection, self._connection.dialect
        driver = dialect.loaded_dbapi
        if isinstance(error, driver.Error):
            is_lost = dialect.is_disconnect(error, connection.connection.driver_connection, None)
            if is_lost:
                connection.invalidate(error)
            raise DBAPIError.instance(
                None, None, error, driver.Error, connection_invalidated=is_lost, dialect=dialect
            ) from error


_KEYS: Final = {
    "sqlite": "SELECT value FROM json_each(?)",
    "postgresql": "SELECT value FROM json_array_elements_text(%s)",
}


def _rows(table: Table, columns: Iterable[str]) -> str:
    shape = ", ".join(f"{name} {_type(table, name)}" for name in columns)
    return f"json_to_recordset(%s) AS r({shape})"


def _type(table: Table, column: str) -> str:
    kind = table.c[column].type
    if isinstance(kind, Boolean):
        return "boolean"
    return "integer" if isinstance(kind, Integer) else "text"
