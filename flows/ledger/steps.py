"""The steps of an intent, each inside a transaction that somebody else commits.

Every step that changes an intent's state is written into `changes` as well: what happened can
be told in order, and nothing is ever updated away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from flows.ledger import tables
from flows.ledger.bulk import Cells, Writes, insert_many, rows_with, update_many, write
from flows.ledger.rows import INTENT, moment
from schemas.code_tables import final_order_statuses
from schemas.orders import Intent, IntentState, OrderAnswer, Reply

SENDABLE: Final = (IntentState.WRITTEN, IntentState.SENT)
MAY_BE_ACCEPTED: Final = (*SENDABLE, IntentState.LOOKING, IntentState.STUCK)
NEVER_AGAIN: Final = frozenset({IntentState.REFUSED, IntentState.RETIRED})
"""States of an intent that nobody follows."""

POSTGRES_MOMENT: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'

_TABLE: Final = tables.intents


@dataclass(frozen=True, slots=True)
class Lease:
    """Who takes an intent into his hands, from when, for how long.

    `at` is this machine's clock; PostgreSQL goes by its own.
    """

    owner: str
    at: datetime
    lasts: timedelta
    is_gone: Callable[[str], bool]


def same_failure(connection: Connection, intent_id: str, digest: str) -> tuple[int, datetime]:
    """How often attempts of an intent brought these bytes, and when the first was sent."""
    table = tables.attempts
    count, first = connection.execute(
        select(func.count(), func.min(table.c.sent_at)).where(
            table.c.intent_id == intent_id, table.c.digest == digest
        )
    ).one()
    return count, datetime.fromisoformat(first)


def doubt(connection: Connection, intent_id: str, why: str, at: datetime) -> bool:
    """An intent that was sent must be looked up before anything else."""
    values = {"state": str(IntentState.LOOKING), "doubt": why}
    done = _update(connection, intent_id, values, _in((IntentState.SENT,)))
    if done:
        _change(connection, intent_id, at, IntentState.LOOKING, why)
    return done


def looked(connection: Connection, intent_id: str, at: datetime) -> None:
    """A look-up found nothing."""
    values = {"looks": _TABLE.c.looks + 1, "looked_at": moment(at)}
    _update(connection, intent_id, values, _in((IntentState.LOOKING,)))


def bind(
    connection: Connection, intent_id: str, order: OrderAnswer, at: datetime, who: str
) -> IntentState:
    """An order that was found is this intent's: accepted when it is.

    Stuck when the order is another's already, or when the intent has another order already,
    which stands.
    """
    return _accept(connection, intent_id, order, at, "found by looking up", who)


def stick(connection: Connection, intent_id: str, why: str, at: datetime) -> None:
    """Only a person can tell what became of the intent."""
    values = {"state": str(IntentState.STUCK), "doubt": why, "answered_at": moment(at), **_FREE}
    if _update(connection, intent_id, values, _in((IntentState.SENT, IntentState.LOOKING))):
        _change(connection, intent_id, at, IntentState.STUCK, why)


def send_again(connection: Connection, intent_id: str, at: datetime) -> bool:
    """A look-up found nothing and the same id may be sent once more."""
    values = {"state": str(IntentState.SENT), "looks": 0, "doubt": ""}
    done = _update(connection, intent_id, values, _in((IntentState.LOOKING,)))
    if done:
        _change(connection, intent_id, at, IntentState.SENT, "not found, the same id again")
    return done


def replace(connection: Connection, new: Intent, lease: Lease) -> bool:
    """Retire the intent that `new` replaces and write `new`, as one; entries follow.

    False when the old one is neither looked up nor still unsent, or is in somebody's hands who
    may send it.
    """
    now, _ = _lease_times(connection, lease)
    old_id = new.replaces
    values = {**_RETIRED, "answered_at": moment(lease.at)}
    free = (_TABLE.c.lease_owner.in_(["", lease.owner])) | (_TABLE.c.lease_until < now)
    may_be = _in((IntentState.LOOKING,)) | (_in((IntentState.WRITTEN,)) & (_TABLE.c.sends == 0))
    if not _update(connection, old_id, values, may_be, free):
        held = _held_by_the_dead(connection, old_id, lease)
        if held is None or not _update(connection, old_id, values, may_be, held):
            return False
    _change(connection, old_id, lease.at, IntentState.RETIRED, f"replaced by {new.intent_id}")
    write_intents(connection, [new])
    connection.execute(
        update(tables.entries)
        .where(tables.entries.c.intent_id == old_id)
        .values(intent_id=new.intent_id)
    )
    return True


def retire_by_hand(connection: Connection, intent_id: str, lease: Lease, who: str) -> bool:
    """A person says that nothing was placed.

    False when the intent is not in doubt any more, or when somebody who lives holds it: a send
    may be under way, and nobody can know yet what it brings.
    """
    now, _ = _lease_times(connection, lease)
    values = {**_RETIRED, "answered_at": moment(lease.at)}
    in_doubt = _in((IntentState.SENT, IntentState.LOOKING, IntentState.STUCK))
    free = (_TABLE.c.lease_owner == "") | (_TABLE.c.lease_until < now)
    if not _update(connection, intent_id, values, in_doubt, free):
        held = _held_by_the_dead(connection, intent_id, lease)
        if held is None or not _update(connection, intent_id, values, in_doubt, held):
            return False
    _change(connection, intent_id, lease.at, IntentState.RETIRED, "not placed", who)
    return True


def write_intents(connection: Connection, intents: Sequence[Intent]) -> None:
    """New intents, each with the first line of its history."""
    write(connection, *new_intents(intents))


def new_intents(intents: Sequence[Intent], approved_by: Mapping[str, str] | None = None) -> Writes:
    """The rows of new intents, each with the first line of its history.

    `approved_by` names, by intent, who approved its price ("" when nobody can tell).
    """
    approvals = approved_by or {}
    changes: list[Cells] = [
        (
            intent.intent_id,
            moment(intent.written_at),
            str(intent.state),
            _why_written(intent, approved=intent.intent_id in approvals),
            approvals.get(intent.intent_id, ""),
        )
        for intent in intents
    ]
    rows = [(*INTENT.row(intent), "", "") for intent in intents]
    return ((_NEW_INTENTS, rows), (NEW_CHANGES, changes))


def _why_written(intent: Intent, *, approved: bool) -> str:
    if intent.replaces:
        return f"in place of {intent.replaces}"
    return "planned, its price was approved" if approved else "planned"


def note_outcome(connection: Connection, intent_id: str, order: OrderAnswer, at: datetime) -> None:
    """What the marketplace says of an accepted order now."""
    note_outcomes(connection, [Noted({intent_id: order}, at)])


@dataclass(frozen=True, slots=True)
class Noted:
    """What the marketplace says of accepted orders now, by intent."""

    seen: Mapping[str, OrderAnswer]
    at: datetime


def note_outcomes(connection: Connection, noted: Sequence[Noted]) -> None:
    """Write down all of it at once."""
    final = final_order_statuses()
    rows: list[Cells] = []
    ended: list[Cells] = []
    for one in noted:
        at = moment(one.at)
        for intent_id, order in one.seen.items():
            rows.append((intent_id, at, order.status, order.as_text()))
            if order.status in final:
                ended.append((False, intent_id))
    write(connection, (NEW_OUTCOMES, rows), (_END, ended))


def latest_outcomes(
    connection: Connection, intent_ids: Iterable[str], *columns: str
) -> list[tuple[Any, ...]]:
    """The intent's id and these columns of the newest outcome of each intent that has one."""
    table = tables.outcomes
    places = rows_with(connection, table, "intent_id", intent_ids, "intent_id", "position")
    newest = dict(sorted(places, key=itemgetter(1)))
    return rows_with(connection, table, "position", newest.values(), "intent_id", *columns)


NEW_CHANGES: Final = insert_many(tables.changes, "intent_id", "at", "state", "why", "who")
NEW_OUTCOMES: Final = insert_many(tables.outcomes, "intent_id", "seen_at", "status", "body")
_END: Final = update_many(tables.intents, "intent_id", "is_open")
_NEW_INTENTS: Final = insert_many(_TABLE, *INTENT.columns, "lease_owner", "lease_until")

_FREE: Final[Mapping[str, str]] = {"lease_owner": "", "lease_until": ""}

_RETIRED: Final[Mapping[str, Any]] = {
    "state": str(IntentState.RETIRED),
    "is_open": False,
    **_FREE,
}


def _said(reply: Reply) -> dict[str, str]:
    return {
        "error_code": reply.code,
        "error_message": reply.message,
        "error_details": json.dumps(reply.details),
    }


def _in(states: tuple[IntentState, ...]) -> ColumnElement[bool]:
    return _TABLE.c.state.in_([str(state) for state in states])


def _update(
    connection: Connection,
    intent_id: str,
    values: Mapping[str, Any],
    *conditions: ColumnElement[bool],
) -> bool:
    done = connection.execute(
        update(_TABLE).where(_TABLE.c.intent_id == intent_id, *conditions).values(**values)
    )
    return done.rowcount == 1


def state_of(connection: Connection, intent_id: str) -> IntentState:
    found = connection.execute(select(_TABLE.c.state).where(_TABLE.c.intent_id == intent_id))
    return IntentState(found.scalar_one())


def _accept(
    connection: Connection,
    intent_id: str,
    order: OrderAnswer,
    at: datetime,
    why: str,
    who: str = "",
) -> IntentState:
    """Bind the order id; no two intents of an environment can have the same one."""
    values = {
        "state": str(IntentState.ACCEPTED),
        "order_id": order.order_id,
        "doubt": "",
        **_said(Reply("", None)),
        "answered_at": moment(at),
        **_FREE,
    }
    try:
        with connection.begin_nested():
            done = _update(connection, intent_id, values, _in(MAY_BE_ACCEPTED))
    except IntegrityError:
        is_anothers(connection, intent_id, order, at)
        return state_of(connection, intent_id)
    if done:
        _change(connection, intent_id, at, IntentState.ACCEPTED, f"{why}: {order.order_id}", who)
        note_outcome(connection, intent_id, order, at)
        return IntentState.ACCEPTED
    reached = state_of(connection, intent_id)
    if reached is IntentState.ACCEPTED and not _has(connection, intent_id, order.order_id):
        return IntentState.STUCK
    return reached


def _has(connection: Connection, intent_id: str, order_id: str) -> bool:
    found = connection.execute(select(_TABLE.c.order_id).where(_TABLE.c.intent_id == intent_id))
    return bool(found.scalar_one() == order_id)


def is_anothers(connection: Connection, intent_id: str, order: OrderAnswer, at: datetime) -> None:
    stick(connection, intent_id, f"order {order.order_id} is another's already", at)


def late_order(
    connection: Connection, intent_id: str, order: OrderAnswer, at: datetime
) -> IntentState:
    """A retired intent's own send brought an order: only a person can tell what becomes of it.

    Never to happen (lease and deadline stand before it); if it does, it is not forgotten.
    """
    why = f"order {order.order_id} came all the same"
    said = {**_said(Reply("", None)), "answered_at": moment(at)}
    values = {"state": str(IntentState.STUCK), "doubt": why, "is_open": True, **said}
    if _update(connection, intent_id, values, _in((IntentState.RETIRED,))):
        _change(connection, intent_id, at, IntentState.STUCK, why)
    return state_of(connection, intent_id)


def _change(
    connection: Connection,
    intent_id: str,
    at: datetime,
    state: IntentState,
    why: str,
    who: str = "",
) -> None:
    connection.execute(insert(tables.changes), _change_row(intent_id, at, state, why, who))


def _change_row(
    intent_id: str, at: datetime, state: IntentState, why: str, who: str = ""
) -> dict[str, Any]:
    return {"intent_id": intent_id, "at": moment(at), "state": str(state), "why": why, "who": who}


def _held_by_the_dead(
    connection: Connection, intent_id: str, lease: Lease
) -> ColumnElement[bool] | None:
    """A condition that lets the lease of a process be taken that lives no more."""
    row = connection.execute(
        select(_TABLE.c.lease_owner).where(_TABLE.c.intent_id == intent_id)
    ).first()
    if row is None or not row.lease_owner or not lease.is_gone(row.lease_owner):
        return None
    held: ColumnElement[bool] = _TABLE.c.lease_owner == row.lease_owner
    return held


def _lease_times(connection: Connection, lease: Lease) -> tuple[Any, Any]:
    """Now and the lease's end, as the text that the columns hold (see `rows.moment`)."""
    if connection.dialect.name != "postgresql":
        return literal(moment(lease.at)), literal(moment(lease.at + lease.lasts))
    now = func.timezone("UTC", func.clock_timestamp())
    return (
        func.to_char(now, POSTGRES_MOMENT),
        func.to_char(now + lease.lasts, POSTGRES_MOMENT),
    )
