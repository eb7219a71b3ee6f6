"""The steps of an intent, each inside a transaction that somebody else commits.

Every step that changes an intent's state is written into `changes` as well: what happened can
be told in order, and nothing is ever updated away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Update,
    bindparam,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from flows.ledger import tables
from flows.ledger.rows import intent_row, moment
from schemas.orders import Intent, IntentState, OrderAnswer, Reply

_SENDABLE: Final = (IntentState.WRITTEN, IntentState.SENT)
_MAY_BE_ACCEPTED: Final = (*_SENDABLE, IntentState.LOOKING, IntentState.STUCK)
_POSTGRES_MOMENT: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'

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


@dataclass(frozen=True, slots=True)
class Begun:
    """A send that is about to be made."""

    intent_id: str
    request_id: str
    lease: Lease


@dataclass(frozen=True, slots=True)
class Answered:
    """What a send came to: the reply, the state it leads to, and why it is in doubt."""

    intent_id: str
    reply: Reply
    then: IntentState
    doubt: str
    at: datetime


def begin_sends(connection: Connection, begun: Sequence[Begun]) -> list[bool]:
    """Take each lease, count the send and write the attempt down, before it is made.

    False when another holds the lease, or the intent is past sending: nothing may be sent. No
    intent may be named twice.
    """
    now, _ = _lease_times(connection, begun[0].lease)
    columns = (_TABLE.c.intent_id, _TABLE.c.state, _TABLE.c.sends, _TABLE.c.first_sent_at)
    free = (_TABLE.c.lease_until < now).label("free")
    question = select(*columns, _TABLE.c.lease_owner, free).where(
        _TABLE.c.intent_id.in_([one.intent_id for one in begun])
    )
    rows = {row.intent_id: row for row in connection.execute(question.with_for_update())}
    taken = [_may_begin(rows.get(one.intent_id), one.lease) for one in begun]
    going = [one for one, may in zip(begun, taken, strict=True) if may]
    if going:
        connection.execute(
            _begin_statement(connection, going[0].lease),
            [
                {
                    "its_id": one.intent_id,
                    "sends": rows[one.intent_id].sends + 1,
                    "first_sent_at": rows[one.intent_id].first_sent_at or moment(one.lease.at),
                    "last_sent_at": moment(one.lease.at),
                    "lease_owner": one.lease.owner,
                    "until": moment(one.lease.at + one.lease.lasts),
                }
                for one in going
            ],
        )
        connection.execute(
            _INSERT_ATTEMPT,
            [
                {
                    "request_id": one.request_id,
                    "intent_id": one.intent_id,
                    "send": rows[one.intent_id].sends + 1,
                    "sent_at": moment(one.lease.at),
                    "code": "",
                    "message": "",
                    "digest": "",
                }
                for one in going
            ],
        )
    return taken


def answers(connection: Connection, answered: Sequence[Answered]) -> list[IntentState]:
    """Note what sends brought; returns the states reached.

    An intent that is settled meanwhile (looked up, or told by a person) keeps its state. No
    intent may be named twice. Raises IntegrityError when an order id belongs to another intent
    already: `answer` takes them one by one.
    """
    connection.execute(_NOTE_ATTEMPT, [_attempt(one.reply, one.at) for one in answered])
    question = select(_TABLE.c.intent_id, _TABLE.c.state).where(
        _TABLE.c.intent_id.in_([one.intent_id for one in answered])
    )
    rows = connection.execute(question.with_for_update())
    stood = {row.intent_id: IntentState(row.state) for row in rows}
    accepted = [one for one in answered if one.then is IntentState.ACCEPTED]
    bound = [one for one in accepted if stood[one.intent_id] in _MAY_BE_ACCEPTED]
    others = [
        one
        for one in answered
        if one.then is not IntentState.ACCEPTED and stood[one.intent_id] in _SENDABLE
    ]
    for one in accepted:
        if stood[one.intent_id] is IntentState.RETIRED:
            _late_order(connection, one.intent_id, _order_of(one.reply), one.at)
    if settled := [*bound, *others]:
        connection.execute(_SETTLE, [_settled(one) for one in settled])
        connection.execute(insert(tables.changes), [_told(one) for one in settled])
    if bound:
        connection.execute(
            insert(tables.outcomes),
            [_outcome(one.intent_id, _order_of(one.reply), one.at) for one in bound],
        )
    changed = {one.intent_id: one.then for one in settled}
    return [changed.get(one.intent_id, stood[one.intent_id]) for one in answered]


def answer(connection: Connection, answered: Answered) -> IntentState:
    """`answers` for one; an order id that is another's already makes the intent stuck."""
    savepoint = connection.begin_nested()
    try:
        (reached,) = answers(connection, [answered])
    except IntegrityError:
        savepoint.rollback()
        connection.execute(_NOTE_ATTEMPT, [_attempt(answered.reply, answered.at)])
        _is_anothers(connection, answered.intent_id, _order_of(answered.reply), answered.at)
        return _state(connection, answered.intent_id)
    savepoint.commit()
    return reached


def same_failure(connection: Connection, intent_id: str, digest: str) -> tuple[int, datetime]:
    """How often attempts of an intent brought these bytes, and when the first was sent."""
    table = tables.attempts
    count, first = connection.execute(
        select(func.count(), func.min(table.c.sent_at)).where(
            table.c.intent_id == intent_id, table.c.digest == digest
        )
    ).one()
    return count, datetime.fromisoformat(first)


def note_attempt(connection: Connection, reply: Reply, at: datetime) -> None:
    """What one attempt brought that is to be repeated at once; the lease is kept."""
    connection.execute(_NOTE_ATTEMPT, [_attempt(reply, at)])


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
    """An order that was found is this intent's; stuck when it is another's already."""
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
    values = {"state": str(IntentState.RETIRED), "answered_at": moment(lease.at), **_FREE}
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


def retire_by_hand(connection: Connection, intent_id: str, at: datetime, who: str) -> bool:
    """A person says that nothing was placed."""
    values = {"state": str(IntentState.RETIRED), "answered_at": moment(at), **_FREE}
    in_doubt = (IntentState.SENT, IntentState.LOOKING, IntentState.STUCK)
    done = _update(connection, intent_id, values, _in(in_doubt))
    if done:
        _change(connection, intent_id, at, IntentState.RETIRED, "not placed", who)
    return done


def write_intents(connection: Connection, intents: list[Intent]) -> None:
    """New intents, each with the first line of its history."""
    if not intents:
        return
    connection.execute(insert(_TABLE), [intent_row(intent) for intent in intents])
    connection.execute(
        insert(tables.changes),
        [
            {
                "intent_id": intent.intent_id,
                "at": moment(intent.written_at),
                "state": str(intent.state),
                "why": f"in place of {intent.replaces}" if intent.replaces else "planned",
                "who": "",
            }
            for intent in intents
        ],
    )


def note_outcome(connection: Connection, intent_id: str, order: OrderAnswer, at: datetime) -> None:
    """What the marketplace says of an accepted order now."""
    connection.execute(insert(tables.outcomes), _outcome(intent_id, order, at))


_FREE: Final[Mapping[str, str]] = {"lease_owner": "", "lease_until": ""}


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


def _state(connection: Connection, intent_id: str) -> IntentState:
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
    savepoint = connection.begin_nested()
    try:
        done = _update(connection, intent_id, values, _in(_MAY_BE_ACCEPTED))
    except IntegrityError:
        savepoint.rollback()
        _is_anothers(connection, intent_id, order, at)
        return _state(connection, intent_id)
    savepoint.commit()
    if done:
        _change(connection, intent_id, at, IntentState.ACCEPTED, f"{why}: {order.order_id}", who)
        note_outcome(connection, intent_id, order, at)
        return IntentState.ACCEPTED
    return _state(connection, intent_id)


def _is_anothers(connection: Connection, intent_id: str, order: OrderAnswer, at: datetime) -> None:
    stick(connection, intent_id, f"order {order.order_id} is another's already", at)


def _late_order(connection: Connection, intent_id: str, order: OrderAnswer, at: datetime) -> None:
    """Never to happen (lease and deadline stand before it); if it does, it is not forgotten."""
    why = f"order {order.order_id} came all the same"
    _change(connection, intent_id, at, IntentState.RETIRED, why)


def _may_begin(row: Any, lease: Lease) -> bool:  # noqa: ANN401  # a row or none
    if row is None or IntentState(row.state) not in _SENDABLE:
        return False
    owner = row.lease_owner
    return owner in {"", lease.owner} or bool(row.free) or lease.is_gone(owner)


def _begin_statement(connection: Connection, lease: Lease) -> Update:
    if connection.dialect.name != "postgresql":
        return _BEGIN
    _, until = _lease_times(connection, lease)
    return _BEGIN.values(lease_until=until)


_BEGIN: Final = (
    update(_TABLE)
    .where(_TABLE.c.intent_id == bindparam("its_id"))
    .values(
        state=str(IntentState.SENT),
        sends=bindparam("sends"),
        first_sent_at=bindparam("first_sent_at"),
        last_sent_at=bindparam("last_sent_at"),
        looks=0,
        doubt="",
        lease_owner=bindparam("lease_owner"),
        lease_until=bindparam("until"),
    )
)

_INSERT_ATTEMPT: Final = insert(tables.attempts)

_NOTE_ATTEMPT: Final = (
    update(tables.attempts)
    .where(tables.attempts.c.request_id == bindparam("its_id"))
    .values(
        answered_at=bindparam("at"),
        http_status=bindparam("status"),
        code=bindparam("said_code"),
        message=bindparam("said"),
        digest=bindparam("its_digest"),
    )
)

_SETTLE: Final = (
    update(_TABLE)
    .where(_TABLE.c.intent_id == bindparam("its_id"))
    .values(
        state=bindparam("its_state"),
        order_id=bindparam("its_order"),
        doubt=bindparam("its_doubt"),
        error_code=bindparam("its_code"),
        error_message=bindparam("its_message"),
        error_details=bindparam("its_details"),
        answered_at=bindparam("at"),
        lease_owner="",
        lease_until="",
    )
)


def _attempt(reply: Reply, at: datetime) -> dict[str, Any]:
    return {
        "its_id": reply.request_id,
        "at": moment(at),
        "status": reply.http_status,
        "said_code": reply.code,
        "said": reply.message,
        "its_digest": reply.digest,
    }


def _settled(one: Answered) -> dict[str, Any]:
    is_accepted = one.then is IntentState.ACCEPTED
    return {
        "its_id": one.intent_id,
        "its_state": str(one.then),
        "its_order": _order_of(one.reply).order_id if is_accepted else None,
        "its_doubt": one.doubt,
        "its_code": one.reply.code,
        "its_message": one.reply.message,
        "its_details": json.dumps(one.reply.details),
        "at": moment(one.at),
    }


def _told(one: Answered) -> dict[str, Any]:
    why = one.doubt or one.reply.code
    if one.then is IntentState.ACCEPTED:
        why = f"answered: {_order_of(one.reply).order_id}"
    return _change_row(one.intent_id, one.at, one.then, why)


def _outcome(intent_id: str, order: OrderAnswer, at: datetime) -> dict[str, Any]:
    return {
        "intent_id": intent_id,
        "seen_at": moment(at),
        "status": order.status,
        "body": order.model_dump_json(by_alias=True),
    }


def _order_of(reply: Reply) -> OrderAnswer:
    assert reply.order is not None  # noqa: S101  # only an answer with an order is accepted
    return reply.order


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
        func.to_char(now, _POSTGRES_MOMENT),
        func.to_char(now + lease.lasts, _POSTGRES_MOMENT),
    )
