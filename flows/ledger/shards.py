"""How far the orders of one submission are, whoever places them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, select

from flows.ledger import tables
from flows.ledger.bulk import rows_with
from flows.ledger.faults import said_plainly
from schemas.entries import Decision
from schemas.orders import IntentState

UNPLACED: Final = (IntentState.WRITTEN, IntentState.SENT, IntentState.LOOKING)
"""States in which a run may still bring an intent further."""


@dataclass(frozen=True, slots=True)
class Unplaced:
    """An intent that a run may still bring further, and the signs by which it moves."""

    intent_id: str
    customer_id: str
    state: IntentState
    sends: int
    looks: int


@dataclass(frozen=True, slots=True)
class Placing:
    """The placing of one submission's orders, read from the ledger. Raises LedgerFault."""

    engine: Engine
    submission_id: str

    def to_follow(self) -> list[str]:
        """All intents of orders that it places, or that an earlier run has placed."""
        with said_plainly("read"), self.engine.connect() as connection:
            rows = rows_with(
                connection.execution_options(reads=True),
                tables.entries,
                "submission_id",
                [self.submission_id],
                "intent_id",
                "decision",
            )
        followed = {str(Decision.SEND), str(Decision.ANSWERED)}
        return [intent_id for intent_id, decision in rows if intent_id and decision in followed]

    def unplaced(self) -> list[Unplaced]:
        """Its intents that a run may still bring further, in the order of the sheet."""
        entry, intent = tables.entries, tables.intents
        question = (
            select(
                intent.c.intent_id,
                intent.c.customer_id,
                intent.c.state,
                intent.c.sends,
                intent.c.looks,
            )
            .join(entry, entry.c.intent_id == intent.c.intent_id)
            .where(
                entry.c.submission_id == self.submission_id,
                entry.c.decision == str(Decision.SEND),
                intent.c.state.in_([str(state) for state in UNPLACED]),
            )
            .order_by(entry.c.position)
        )
        with said_plainly("read"), self.engine.connect() as connection:
            rows = connection.execution_options(reads=True).execute(question)
            return [
                Unplaced(r.intent_id, r.customer_id, IntentState(r.state), r.sends, r.looks)
                for r in rows
            ]

    def sends_of(self, intent_ids: Collection[str]) -> int:
        """How many sends were begun for these intents, by whomever."""
        with said_plainly("read"), self.engine.connect() as connection:
            reading = connection.execution_options(reads=True)
            rows = rows_with(reading, tables.intents, "intent_id", intent_ids, "sends")
        return sum(sends for (sends,) in rows)
