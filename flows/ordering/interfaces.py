"""What the rules of ordering ask of a ledger and of a marketplace."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from schemas.entries import Entry
from schemas.orders import Intent, IntentState, OrderAnswer, Reply
from schemas.outcomes import Environment


class OrderBook(Protocol):
    """The part of the ledger that sending and following need; each call is a durable commit."""

    def intents(self, intent_ids: Iterable[str]) -> dict[str, Intent]: ...
    def entries(self, submission_id: str) -> tuple[Entry, ...]: ...
    def count_send(self, intent_id: str, owner: str, at: datetime, lease: timedelta) -> bool: ...
    def record_attempt(
        self, intent_id: str, reply: Reply, sent_at: datetime, at: datetime
    ) -> None: ...
    def settle(
        self,
        intent_id: str,
        state: IntentState,
        reply: Reply,
        sent_at: datetime,
        at: datetime,
    ) -> IntentState: ...
    def bind(self, intent_id: str, order: OrderAnswer, at: datetime) -> bool: ...
    def mark_stuck(self, intent_id: str, at: datetime) -> None: ...
    def order_ids(self, environment: Environment, customer_id: str) -> frozenset[str]: ...
    def record_outcome(self, intent_id: str, order: OrderAnswer, at: datetime) -> None: ...
    def latest_outcomes(
        self, intent_ids: Iterable[str]
    ) -> dict[str, tuple[OrderAnswer, datetime]]: ...
    def answer_preview(
        self, submission_id: str, position: int, reply: Reply, body: str, at: datetime
    ) -> None: ...


class OrdersApi(Protocol):
    """The part of the marketplace that places, prices and tells orders."""

    async def ready(self) -> None: ...
    async def place(self, intent: Intent) -> Reply: ...
    async def preview(self, customer_id: str, body: bytes) -> Reply: ...
    async def history(
        self, customer_id: str, since: datetime, order_types: list[str]
    ) -> list[OrderAnswer]: ...
