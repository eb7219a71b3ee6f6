"""The two steps that every order takes, for all orders of a group at once: a send is about to be
made, and what it brought.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from flows.ledger import tables
from flows.ledger.bulk import Cells, insert_many, rows_with, update_many, write
from flows.ledger.rows import moment
from flows.ledger.steps import (
    MAY_BE_ACCEPTED,
    NEVER_AGAIN,
    NEW_CHANGES,
    NEW_OUTCOMES,
    POSTGRES_MOMENT,
    SENDABLE,
    Lease,
    is_anothers,
    late_order,
    state_of,
)
from schemas.code_tables import final_order_statuses
from schemas.orders import ALSO, IntentState, OrderAnswer, Reply


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


Send = Begun | Answered


def write_sends(connection: Connection, steps: Sequence[Send]) -> list[bool | IntentState]:
    """Carry out steps of sends, of different intents; what each came to.

    A send that begins: its lease is taken, it is counted and its attempt written down. False
    when another holds the lease or the intent is past sending: nothing may be sent.

    An answer: what it brought is noted, and the state reached. An intent that is settled
    meanwhile (looked up, or told by a person) keeps its state, but for a retired one that gets an
    order all the same. Raises IntegrityError when an
    order id belongs to another intent already: `write_answer` takes answers one by one.
    """
    rows = _standing(connection, [step.intent_id for step in steps])
    new = _Rows()
    came_to = [
        _begin(connection, step, rows.get(step.intent_id), new)
        if isinstance(step, Begun)
        else _answer(connection, step, rows[step.intent_id], new)
        for step in steps
    ]
    write(
        connection,
        (_BEGIN, new.sends),
        (_NEW_ATTEMPTS, new.attempts),
        (_NOTE_ATTEMPTS, new.answered_attempts),
        (_SETTLE, new.settled),
        (NEW_CHANGES, new.told),
        (NEW_OUTCOMES, new.outcomes),
    )
    return came_to


def write_answer(connection: Connection, answered: Answered) -> IntentState:
    """One answer; an order id that is another's already makes the intent stuck."""
    try:
        with connection.begin_nested():
            write_sends(connection, [answered])
    except IntegrityError:
        note_attempt(connection, answered.reply, answered.at)
        is_anothers(connection, answered.intent_id, _order_of(answered.reply), answered.at)
    return state_of(connection, answered.intent_id)


@dataclass(slots=True)
class _Rows:
    """What is to be written, in this order; the columns are those of the statements below."""

    sends: list[Cells] = field(default_factory=list)
    attempts: list[Cells] = field(default_factory=list)
    answered_attempts: list[Cells] = field(default_factory=list)
    settled: list[Cells] = field(default_factory=list)
    told: list[Cells] = field(default_factory=list)
    outcomes: list[Cells] = field(default_factory=list)


class _Standing(NamedTuple):
    """An intent as it stands in the ledger; `now` by the database's clock, where it has one."""

    intent_id: str
    state: str
    sends: int
    first_sent_at: str | None
    lease_owner: str
    lease_until: str
    order_id: str | None
    now: str


def _standing(connection: Connection, intent_ids: Sequence[str]) -> dict[str, _Standing]:
    now = _POSTGRES_NOW if connection.dialect.name == "postgresql" else "''"
    columns = (*_Standing._fields[:-1], now)
    rows = rows_with(connection, tables.intents, "intent_id", intent_ids, *columns)
    return {row[0]: _Standing._make(row) for row in rows}


def _begin(connection: Connection, begun: Begun, row: _Standing | None, new: _Rows) -> bool:
    lease, now = begun.lease, moment(begun.lease.at)
    if row is None or not _may_begin(row, lease, row.now or now):
        return False
    if connection.dialect.name == "postgresql":
        until = str(lease.lasts.total_seconds())
    else:
        until = moment(lease.at + lease.lasts)
    count, first = row.sends + 1, row.first_sent_at or now
    new.sends.append((_SENT, count, first, now, 0, "", lease.owner, until, begun.intent_id))
    new.attempts.append((begun.request_id, begun.intent_id, count, now, "", "", ""))
    return True


def _may_begin(row: _Standing, lease: Lease, now: str) -> bool:
    if IntentState(row.state) not in SENDABLE:
        return False
    owner = row.lease_owner
    return owner in {"", lease.owner} or row.lease_until < now or lease.is_gone(owner)


def _answer(connection: Connection, answered: Answered, row: _Standing, new: _Rows) -> IntentState:
    intent_id, reply, then = answered.intent_id, answered.reply, answered.then
    at = moment(answered.at)
    new.answered_attempts.append(_came(reply, at))
    stood, is_accepted = IntentState(row.state), then is IntentState.ACCEPTED
    if stood not in (MAY_BE_ACCEPTED if is_accepted else SENDABLE):
        if is_accepted and stood is IntentState.RETIRED:
            return late_order(connection, intent_id, _order_of(reply), answered.at)
        if is_accepted and stood is IntentState.ACCEPTED:
            _note_a_second(row, _order_of(reply).order_id, at, new)
        return stood
    order_id, why = None, answered.doubt or reply.code
    is_open = then not in NEVER_AGAIN
    if is_accepted:
        order = _order_of(reply)
        is_open = order.status not in final_order_statuses()
        order_id, why = order.order_id, f"answered: {order.order_id}"
        new.outcomes.append((intent_id, at, order.status, order.as_text()))
    said = (reply.code, reply.message, json.dumps(reply.details))
    new.settled.append((str(then), order_id, answered.doubt, *said, at, "", "", is_open, intent_id))
    new.told.append((intent_id, at, str(then), why, ""))
    return then


def _note_a_second(row: _Standing, order_id: str, at: str, new: _Rows) -> None:
    """An accepted intent's own send has brought another order: both are told.

    Never to happen, since one correlation id makes one order; if it does, it is not forgotten.
    """
    if order_id == row.order_id:
        return
    doubt = f"{ALSO}{order_id}"
    lease = (row.lease_owner, row.lease_until)
    said = ("", "", "[]", at)
    new.settled.append((row.state, row.order_id, doubt, *said, *lease, True, row.intent_id))
    new.told.append((row.intent_id, at, row.state, doubt, ""))


def note_attempt(connection: Connection, reply: Reply, at: datetime) -> None:
    """What an attempt brought, and when; lease and state stay as they are."""
    write(connection, (_NOTE_ATTEMPTS, [_came(reply, moment(at))]))


def _came(reply: Reply, at: str) -> Cells:
    return (at, reply.http_status, reply.code, reply.message, reply.digest, reply.request_id)


def _order_of(reply: Reply) -> OrderAnswer:
    assert reply.order is not None  # noqa: S101  # only an answer with an order is accepted
    return reply.order


_SENT: Final = str(IntentState.SENT)

_POSTGRES_NOW: Final = f"to_char(timezone('UTC', clock_timestamp()), '{POSTGRES_MOMENT}')"
_POSTGRES_UNTIL: Final = (
    "to_char(timezone('UTC', clock_timestamp())"
    f" + make_interval(secs => r.lease_until::double precision), '{POSTGRES_MOMENT}')"
)
"""The lease's end by PostgreSQL's own clock; the row gives its length in seconds."""

_BEGIN: Final = update_many(
    tables.intents, "intent_id",
    "state", "sends", "first_sent_at", "last_sent_at", "looks", "doubt", "lease_owner",
    "lease_until", in_postgresql={"lease_until": _POSTGRES_UNTIL},
)  # fmt: skip
_NEW_ATTEMPTS: Final = insert_many(
    tables.attempts, "request_id", "intent_id", "send", "sent_at", "code", "message", "digest"
)
_NOTE_ATTEMPTS: Final = update_many(
    tables.attempts, "request_id", "answered_at", "http_status", "code", "message", "digest"
)
_SETTLE: Final = update_many(
    tables.intents, "intent_id",
    "state", "order_id", "doubt", "error_code", "error_message", "error_details", "answered_at",
    "lease_owner", "lease_until", "is_open",
)  # fmt: skip
