"""Group commit: steps that come within a few milliseconds go to disk in one transaction.

Safety costs one wait for the disk; shared by all orders under way it costs each little.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from sqlalchemy import Connection, Engine, RootTransaction
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from flows.ledger.faults import LedgerFault, fault
from flows.ledger.sends import Answered, Begun, Send, write_answer, write_sends
from flows.ledger.steps import Noted, note_outcomes

GATHER_SECONDS: Final = 0.08
"""How long the first step of a group waits for others: at 200 orders a second, which is what the
vendor allows, for sixteen sends and sixteen answers. A call takes three times as long.
"""

MOST: Final = 256

_IDLE_SECONDS: Final = 1.0

AnyStep = Callable[[Connection], object] | Send | Noted
"""A step as a function over the open transaction, or one of the three that every order takes."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    step: AnyStep
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Any]


class GroupCommit:
    """One writing thread; `carry_out` comes back when the step is on disk.

    The three steps that every order takes are written for the whole group at once. A step that
    raises, or holds what the database does not take, is undone alone. When the database itself
    is in trouble or the commit fails, every step of the group fails with a LedgerFault and
    nothing of it stands in the ledger; but when a server is gone in the middle of a commit, nobody
    can tell, and all of it may stand.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None

    async def carry_out(self, step: AnyStep) -> Any:  # noqa: ANN401  # what the step gives
        """Carry out the step in the next group."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(step, loop, loop.create_future())
        with self._changed:
            if self._closing:
                raise LedgerFault("The ledger is closed.")
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="ledger", daemon=True)
                self._thread.start()
            self._queue.append(waiting)
            # The thread sleeps while a group gathers: waking it for each step costs more
            # processor time than the step.
            if len(self._queue) in (1, MOST):
                self._changed.notify()
        # A run that is stopped stops waiting; what it learned is written all the same.
        return await waiting.done

    def close(self) -> None:
        """Write what is waiting, then end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _write(self) -> None:
        while group := self._next_group():
            self._commit(group)
        self._let_go()

    def _next_group(self) -> list[_Waiting]:
        with self._changed:
            while not self._queue and not self._closing:
                if not self._changed.wait(_IDLE_SECONDS if self._connection else None):
                    self._let_go()
            ends = monotonic() + GATHER_SECONDS
            while len(self._queue) < MOST and not self._closing:
                left = ends - monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return [self._queue.popleft() for _ in range(min(len(self._queue), MOST))]

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            try:
                ended = self._written(group, _many)
            except Exception as error:
                if not _is_of_one_step(error):
                    raise
                ended = self._written(group, _each)
        except Exception as error:  # noqa: BLE001  # whoever waits must hear of it, whatever it is
            said = fault("written", error) if isinstance(error, SQLAlchemyError) else error
            ended = [(waiting, None, said) for waiting in group]
        for loop in {waiting.loop for waiting in group}:
            # The loop is gone when whoever waited has given up; what was written stands.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_tell, [e for e in ended if e[0].loop is loop])

    def _written(self, group: list[_Waiting], way: _Way) -> list[_Ended]:
        """One transaction. The connection is kept for the groups that follow at once; taking one
        from the pool asks a server each time whether it is still there.
        """
        try:
            with self._begin() as transaction:
                return way(transaction.connection, group)
        except BaseException:
            self._let_go()
            raise

    def _begin(self) -> RootTransaction:
        """A server may have been started anew since the last group. Where nothing could begin,
        nothing was written: a fresh connection tries once more.
        """
        if self._connection is not None:
            try:
                return self._connection.begin()
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                self._let_go()
        self._connection = self._engine.connect()
        return self._connection.begin()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        # What was committed stands, and the thread must live on for those who wait.
        with suppress(SQLAlchemyError):
            if connection is not None:
                connection.close()


_Ended = tuple[_Waiting, Any, BaseException | None]
_Way = Callable[[Connection, list[_Waiting]], list[_Ended]]


def _many(connection: Connection, group: list[_Waiting]) -> list[_Ended]:
    """What every order takes all at once; raises when one step is wrong or they get into each
    other's way.
    """
    sends = [(waiting, waiting.step) for waiting in group if isinstance(waiting.step, Send)]
    noted = [(waiting, waiting.step) for waiting in group if isinstance(waiting.step, Noted)]
    others = [waiting for waiting in group if not isinstance(waiting.step, Send | Noted)]
    came_to = write_sends(connection, [step for _, step in sends]) if sends else []
    ended: list[_Ended] = [(w, came, None) for (w, _), came in zip(sends, came_to, strict=True)]
    if noted:
        note_outcomes(connection, [step for _, step in noted])
        ended += [(waiting, None, None) for waiting, _ in noted]
    return [*ended, *(_one(connection, waiting) for waiting in others)]


def _each(connection: Connection, group: list[_Waiting]) -> list[_Ended]:
    return [_one(connection, waiting) for waiting in group]


def _carry_out(connection: Connection, step: AnyStep) -> Any:  # noqa: ANN401
    if isinstance(step, Begun):
        return write_sends(connection, [step])[0]
    if isinstance(step, Answered):
        return write_answer(connection, step)
    if isinstance(step, Noted):
        return note_outcomes(connection, [step])
    return step(connection)


def _tell(ended: Sequence[_Ended]) -> None:
    """Wake whoever waits, all of a group at once."""
    for waiting, result, failure in ended:
        if waiting.done.done():
            continue
        if failure is None:
            waiting.done.set_result(result)
        else:
            waiting.done.set_exception(failure)


def _one(connection: Connection, waiting: _Waiting) -> tuple[_Waiting, Any, BaseException | None]:
    """One step inside a savepoint: what a failed one did is undone, the others stand."""
    savepoint = connection.begin_nested()
    try:
        result = _carry_out(connection, waiting.step)
    except Exception as error:
        if not _is_of_one_step(error):
            raise  # the database itself is in trouble: nothing of the group can be believed
        savepoint.rollback()
        return waiting, None, _said(error)
    savepoint.commit()
    return waiting, result, None


def _is_of_one_step(error: Exception) -> bool:
    """Whether a failure is one step's own, and not the database's."""
    return isinstance(error, IntegrityError | DataError) or not isinstance(error, SQLAlchemyError)


def _said(error: Exception) -> Exception:
    """What whoever waits hears: a sentence, where a value cannot be kept."""
    # A text that is none: SQLite's driver says so itself, PostgreSQL calls it a DataError.
    return fault("written", error) if isinstance(error, DataError | UnicodeError) else error
