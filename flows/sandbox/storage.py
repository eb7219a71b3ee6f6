"""The book's file: SQLite with group commit.

Every unit of work is a list of statements that stand or fall together. The keeper gathers
what comes in within two milliseconds, at most 64 units, into one commit, and only then tells
those who wait: an answered order is on disk before its answer leaves. Statements run on the
event loop (they are short, and two threads would fight over the interpreter at each of them);
the commit, which waits for the disk, runs in a thread of its own.
"""

from __future__ import annotations

import asyncio
import fcntl
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from flows.sandbox.settings import CannotStartError

Statement = tuple[str, tuple[Any, ...]]
Result = TypeVar("Result")

_GATHER_SECONDS = 0.002
_GATHER_UNITS = 64

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clients (client_id TEXT PRIMARY KEY, client_secret TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS reading_clients (client_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tokens (digest TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS customers (customer_id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS subscriptions (subscription_id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (order_id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS catalog_changes (
    kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key)
);
CREATE TABLE IF NOT EXISTS answers (
    api_key TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    correlation_id TEXT NOT NULL, request_id TEXT, status INTEGER NOT NULL,
    content_type TEXT NOT NULL, body BLOB NOT NULL, stored_at TEXT NOT NULL,
    PRIMARY KEY (api_key, method, path, correlation_id)
);
CREATE TABLE IF NOT EXISTS calls (
    number INTEGER PRIMARY KEY, server_time TEXT NOT NULL, api_key TEXT, method TEXT NOT NULL,
    path TEXT NOT NULL, query TEXT NOT NULL, correlation_id TEXT, request_id TEXT,
    request_body TEXT NOT NULL, status INTEGER, answer_body BLOB, executed INTEGER NOT NULL,
    replayed INTEGER NOT NULL, fault TEXT, order_id TEXT
);
CREATE INDEX IF NOT EXISTS calls_that_placed ON calls (order_id) WHERE order_id IS NOT NULL;
"""


class StorageFailedError(Exception):
    """The book's file could not be written; nothing may be answered any more."""


@dataclass(slots=True)
class _Unit:
    work: Callable[[sqlite3.Connection], Any]
    done: asyncio.Future[Any]


class Storage:
    """The file (or, without a path, memory), its keeper and the thread that commits."""

    def __init__(self, path: Path | None) -> None:
        self._lock = _exclusive_lock(path) if path else None
        self._connection = _open(path)
        self._committer = ThreadPoolExecutor(1, "book")
        self._units: deque[_Unit] = deque()
        self._work_came = asyncio.Event()
        self._closing = False
        self._failure: StorageFailedError | None = None
        self.on_failure: Callable[[], object] = lambda: None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query; only before `keep`."""
        return self._connection.execute(query).fetchall()

    async def keep(self) -> None:
        """Carry out what comes in, until `close`; then write the rest and let go of the file."""
        while self._units or not self._closing:
            await self._work_came.wait()
            if len(self._units) < _GATHER_UNITS and not self._closing:
                await asyncio.sleep(_GATHER_SECONDS)
            await self._commit_some()
        self._committer.shutdown()
        self._connection.close()
        if self._lock:
            self._lock.close()

    def write(self, statements: Sequence[Statement]) -> asyncio.Future[None]:
        """Carry the statements out as one; the future is done when they are on disk."""

        def work(connection: sqlite3.Connection) -> None:
            for sql, values in statements:
                connection.execute(sql, values)

        return self._submit(work)

    def read(self, query: str, values: tuple[Any, ...] = ()) -> asyncio.Future[list[Any]]:
        """Rows of a query, after everything that was written before."""
        return self._submit(lambda connection: connection.execute(query, values).fetchall())

    def close(self) -> None:
        """Let `keep` end."""
        self._closing = True
        self._work_came.set()

    def _submit(self, work: Callable[[sqlite3.Connection], Result]) -> asyncio.Future[Result]:
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        if self._failure:
            done.set_exception(self._failure)
        else:
            self._units.append(_Unit(work, done))
            self._work_came.set()
        return done

    async def _commit_some(self) -> None:
        units = [self._units.popleft() for _ in range(min(len(self._units), _GATHER_UNITS))]
        if not self._units and not self._closing:
            self._work_came.clear()
        if not units:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            results = [unit.work(self._connection) for unit in units]
            await asyncio.get_running_loop().run_in_executor(
                self._committer, self._connection.execute, "COMMIT"
            )
        except Exception as error:  # noqa: BLE001  # whatever it is, nobody may wait for ever
            self._fail([*units, *self._units], error)
        else:
            _settle_all(units, results)

    def _fail(self, units: list[_Unit], error: Exception) -> None:
        """Nothing more is answered: what is in memory is no longer what is on disk."""
        self._failure = StorageFailedError(f"The book cannot be written: {error}")
        self._units.clear()
        for unit in units:
            if not unit.done.done():
                unit.done.set_exception(self._failure)
        self.on_failure()


def _settle_all(units: list[_Unit], results: list[Any]) -> None:
    for unit, result in zip(units, results, strict=True):
        if not unit.done.done():
            unit.done.set_result(result)


def _open(path: Path | None) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(_SCHEMA)
    except sqlite3.Error as error:
        raise CannotStartError(f"The state file {path} cannot be used: {error}.") from error
    return connection


def _exclusive_lock(path: Path) -> IO[bytes]:
    """Hold `FILE.lock` for as long as this process lives (flock: also gone after kill -9)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        raise CannotStartError(f"The state file {path} cannot be used: {error}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise CannotStartError(
            f"The state file {path} is in use by another embedded marketplace. "
            "Stop that one first, or name another file."
        ) from None
    return lock
