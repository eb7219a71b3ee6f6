"""What the ledger tells of an intent, in order: written, sent, answered, looked up, settled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from flows.ledger import tables
from schemas.history import Event


def history_of(connection: Connection, intent_id: str) -> list[Event]:
    """Every event of one intent, the oldest first."""
    events = [*_changes(connection, intent_id), *_attempts(connection, intent_id)]
    events += _outcomes(connection, intent_id)
    return sorted(events, key=lambda event: event.at)


def _changes(connection: Connection, intent_id: str) -> Iterator[Event]:
    table = tables.changes
    rows = connection.execute(
        select(table).where(table.c.intent_id == intent_id).order_by(table.c.position)
    )
    for row in rows:
        why = f" ({row.why})" if row.why else ""
        yield Event(datetime.fromisoformat(row.at), f"{row.state}{why}", row.who)


def _attempts(connection: Connection, intent_id: str) -> Iterator[Event]:
    table = tables.attempts
    rows = connection.execute(select(table).where(table.c.intent_id == intent_id))
    for row in rows:
        sent = f"send {row.send} begins (request id {row.request_id})"
        yield Event(datetime.fromisoformat(row.sent_at), sent)
        if row.answered_at:
            yield Event(
                datetime.fromisoformat(row.answered_at), f"send {row.send}: {_answer_of(row)}"
            )


def _answer_of(row: Any) -> str:  # noqa: ANN401  # a row of SQLAlchemy's
    status = f"HTTP {row.http_status}" if row.http_status else "no answer"
    said = " ".join(part for part in (row.code, row.message) if part)
    return f"{status} {said}".strip()


def _outcomes(connection: Connection, intent_id: str) -> Iterator[Event]:
    table = tables.outcomes
    rows = connection.execute(
        select(table).where(table.c.intent_id == intent_id).order_by(table.c.position)
    )
    for row in rows:
        yield Event(datetime.fromisoformat(row.seen_at), f"the order's status is {row.status}")
