"""Many rows by one statement, for the steps that every order takes.

SQLAlchemy's own way to many rows takes more processor time than SQLite itself, and psycopg sends
a message for each of them. The texts here are made from the tables, once for each database, and
go to its driver: SQLite runs one statement over all rows, PostgreSQL gets the rows as one JSON
text and all statements in one message. Errors come as SQLAlchemy's all the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import Boolean, Connection, Integer, LargeBinary, Table
from sqlalchemy.exc import DBAPIError

MOST_VALUES: Final = 500
"""Values in one IN list; SQLite has a limit on variables."""

MOST_ROWS: Final = 5_000
"""Rows in one JSON text: what a statement takes into memory has an end."""

Cell = str | int | bytes | None
Cells = Sequence[Cell]
"""The values of one row, in the order in which the statement names its columns."""


@dataclass(frozen=True, slots=True)
class Many:
    """A statement that writes rows; the text for each database."""

    sqlite: str
    postgresql: str
    columns: tuple[str, ...]

    def as_json(self, rows: Sequence[Cells]) -> str:
        """The rows as PostgreSQL's JSON functions take them."""
        named = [dict(zip(self.columns, row, strict=True)) for row in rows]
        return json.dumps(named, default=bytes.decode)


Writes = Sequence[tuple[Many, Sequence[Cells]]]
"""Rows to be written, in this order."""


def write(connection: Connection, *writes: tuple[Many, Sequence[Cells]]) -> None:
    """Write all of these, in this order; where there are no rows, nothing is done."""
    with driver_cursor(connection) as cursor:
        if connection.dialect.name == "sqlite":
            for many, rows in writes:
                if rows:
                    cursor.executemany(many.sqlite, rows)
            return
        parts = [(many, part) for many, rows in writes for part in _parts(rows)]
        if sum(len(rows) for _, rows in parts) > MOST_ROWS:
            for many, rows in parts:
                cursor.execute(many.postgresql, [many.as_json(rows)])
        elif parts:
            cursor.execute(
                "; ".join(many.postgresql for many, _ in parts),
                [many.as_json(rows) for many, rows in parts],
            )


def _parts(rows: Sequence[Cells]) -> Iterator[Sequence[Cells]]:
    for start in range(0, len(rows), MOST_ROWS):
        yield rows[start : start + MOST_ROWS]


def insert_many(table: Table, *columns: str) -> Many:
    """New rows with these columns."""
    # Names of tables and columns are the program's own; values never stand in a text.
    names = ", ".join(map(_quoted, columns))
    marks = ", ".join("?" * len(columns))
    its_values = ", ".join(_its_value(table, name) for name in columns)
    return Many(
        f"INSERT INTO {table.name} ({names}) VALUES ({marks})",  # noqa: S608
        f"INSERT INTO {table.name} ({names}) SELECT {its_values} FROM {_rows(table, columns)}",  # noqa: S608
        columns,
    )


def update_many(
    table: Table,
    key: str | tuple[str, ...],
    *columns: str,
    in_postgresql: Mapping[str, str] | None = None,
) -> Many:
    """Set these columns of the rows with that key, whose values come last in each row.

    `in_postgresql`: columns that PostgreSQL sets to an expression of its own instead.
    """
    computed = in_postgresql or {}
    keys = (key,) if isinstance(key, str) else key
    settings = ", ".join(f"{name} = ?" for name in columns)
    its_settings = ", ".join(f"{name} = {computed.get(name, f'r.{name}')}" for name in columns)
    where = " AND ".join(f"{name} = ?" for name in keys)
    its_where = " AND ".join(f"{table.name}.{name} = r.{name}" for name in keys)
    rows = _rows(table, (*columns, *keys))
    return Many(
        f"UPDATE {table.name} SET {settings} WHERE {where}",  # noqa: S608
        f"UPDATE {table.name} SET {its_settings} FROM {rows} WHERE {its_where}",  # noqa: S608
        (*columns, *keys),
    )


def rows_with(
    connection: Connection,
    table: Table,
    key: str,
    keys: Iterable[Cell],
    *columns: str,
    where: Mapping[str, str] | None = None,
) -> list[tuple[Any, ...]]:
    """The rows with one of these keys: these columns, which may be expressions.

    `where`: what other columns must be equal to.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    fixed = where or {}
    mark = "?" if is_sqlite else "%s"
    conditions = [f"{name} = {mark}" for name in fixed]
    conditions.append(f"{key} {_AMONG[connection.dialect.name]}")
    question = (
        f"SELECT {', '.join(columns)} FROM {table.name}"  # noqa: S608
        f" WHERE {' AND '.join(conditions)}"
    )
    asked = list(keys)
    with driver_cursor(connection) as cursor:
        cursor.execute(question, (*fixed.values(), json.dumps(asked) if is_sqlite else asked))
        return cast("list[tuple[Any, ...]]", cursor.fetchall())


class driver_cursor:  # noqa: N801  # used as a function; a generator would cost more than the statement
    """The driver's cursor in the open transaction; psycopg's takes several statements at once
    when it puts the values into the text itself.
    """

    __slots__ = ("_connection", "_cursor")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor: Any
        driver: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            self._cursor = driver.cursor()
        else:
            # From the driver that is loaded: importing it would delay every start with SQLite.
            self._cursor = connection.dialect.loaded_dbapi.ClientCursor(driver)

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


_AMONG: Final = {
    "sqlite": "IN (SELECT value FROM json_each(?))",
    "postgresql": "= ANY(%s)",
}


def _quoted(name: str) -> str:
    return f'"{name}"'  # some are words of SQL


def _rows(table: Table, columns: Iterable[str]) -> str:
    shape = ", ".join(f"{_quoted(name)} {_type(table, name)}" for name in columns)
    return f"json_to_recordset(%s) AS r({shape})"


def _its_value(table: Table, column: str) -> str:
    is_bytes = isinstance(table.c[column].type, LargeBinary)
    return f"convert_to(r.{_quoted(column)}, 'UTF8')" if is_bytes else f"r.{_quoted(column)}"


def _type(table: Table, column: str) -> str:
    kind = table.c[column].type
    if isinstance(kind, Boolean):
        return "boolean"
    return "integer" if isinstance(kind, Integer) else "text"
