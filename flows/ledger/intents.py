"""What is asked about intents: reading alone, in a connection that is open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, exists, func, select

from flows.ledger import tables
from flows.ledger.bulk import MOST_VALUES, rows_with
from flows.ledger.rows import INTENT
from schemas.orders import UNSETTLED, Intent, IntentState
from schemas.outcomes import Environment

_TABLE: Final = tables.intents
_COLUMNS: Final = tuple(_TABLE.c[name] for name in INTENT.columns)


def by_id(connection: Connection, intent_ids: Iterable[str]) -> dict[str, Intent]:
    """Intents by id."""
    rows = rows_with(connection, _TABLE, "intent_id", intent_ids, *INTENT.columns)
    return {intent.intent_id: intent for intent in INTENT.values(rows)}


def find(
    connection: Connection,
    account: str,
    environment: Environment,
    reference: str | None,
    states: frozenset[IntentState] | None,
) -> tuple[Intent, ...]:
    """Intents of an account and environment, newest first."""
    question = select(*_COLUMNS).where(
        _TABLE.c.account == account, _TABLE.c.environment == environment
    )
    if reference is not None:
        question = question.where(_TABLE.c.reference == reference)
    if states is not None:
        question = question.where(_TABLE.c.state.in_(sorted(states)))
    rows = connection.execute(question.order_by(_TABLE.c.written_at.desc()))
    return INTENT.values(rows)


def newest_moment(connection: Connection) -> datetime | None:
    """The newest time at which anything was sent, changed or seen."""
    columns = (tables.attempts.c.sent_at, tables.changes.c.at, tables.outcomes.c.seen_at)
    newest = [connection.execute(select(func.max(column))).scalar() for column in columns]
    known = [text for text in newest if text]
    return datetime.fromisoformat(max(known)) if known else None


def order_ids(connection: Connection, environment: Environment, customer_id: str) -> frozenset[str]:
    """Order ids of a customer that are bound to intents."""
    rows = connection.execute(
        select(_TABLE.c.order_id).where(
            _TABLE.c.environment == environment,
            _TABLE.c.customer_id == customer_id,
            _TABLE.c.order_id.is_not(None),
        )
    )
    return frozenset(row.order_id for row in rows)


def never_left(
    connection: Connection, intent_ids: Iterable[str], codes: Iterable[str]
) -> frozenset[str]:
    """Those intents of which each send is known to have ended with one of the codes."""
    ids, known = list(intent_ids), sorted(codes)
    found: set[str] = set()
    attempts = tables.attempts
    ended = func.count().filter(attempts.c.code.in_(known))
    for start in range(0, len(ids), MOST_VALUES):
        rows = connection.execute(
            select(_TABLE.c.intent_id)
            .join(attempts, attempts.c.intent_id == _TABLE.c.intent_id)
            .where(_TABLE.c.intent_id.in_(ids[start : start + MOST_VALUES]))
            .group_by(_TABLE.c.intent_id, _TABLE.c.sends)
            .having(ended == _TABLE.c.sends)
        )
        found.update(row.intent_id for row in rows)
    return frozenset(found)


def unfinished(
    connection: Connection, account: str, environment: Environment, final_statuses: Iterable[str]
) -> tuple[Intent, ...]:
    """Intents in doubt, accepted ones whose order was never seen in a final status, and those
    that took another's place and were not sent yet; the oldest first.
    """
    seen = tables.outcomes
    is_final = exists().where(
        seen.c.intent_id == _TABLE.c.intent_id, seen.c.status.in_(sorted(final_statuses))
    )
    in_doubt = _TABLE.c.state.in_([str(state) for state in UNSETTLED])
    is_open = (_TABLE.c.state == str(IntentState.ACCEPTED)) & ~is_final
    in_its_place = (_TABLE.c.state == str(IntentState.WRITTEN)) & _TABLE.c.replaces.is_not(None)
    rows = connection.execute(
        select(*_COLUMNS)
        .where(
            _TABLE.c.account == account,
            _TABLE.c.environment == environment,
            _TABLE.c.is_open,
            in_doubt | is_open | in_its_place,
        )
        .order_by(_TABLE.c.written_at)
    )
    return INTENT.values(rows)


def replaced_by(connection: Connection, intent_ids: Iterable[str]) -> list[str]:
    """The intents that took the place of these, and of those, and so on."""
    found: list[str] = []
    asked = list(intent_ids)
    while asked:
        newer = rows_with(connection, _TABLE, "replaces", asked, "intent_id")
        asked = [intent_id for (intent_id,) in newer]
        found += asked
    return found
