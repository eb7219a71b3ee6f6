"""Pricing and placing renewals: each customer's orders one after the other, once each."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from flows.desk import Desk
from flows.ledger.renewals import RenewalMemory
from flows.marketplace.errors import raise_for
from flows.ordering.bodies import request_body
from flows.ordering.follow import follow, look_once
from flows.ordering.side_by_side import some_at_once
from flows.ordering.states import intent_state
from flows.ordering.submit import ask_price, submit
from flows.renewal_answers import Outcome
from flows.renewals.decide import Decision, Part
from flows.renewals.prices import (
    Automatic,
    Judgement,
    Priced,
    judge,
    judge_automatic,
    line_of,
    order_of,
)
from flows.renewals.queue import Step
from flows.renewals.reasons import Reason
from flows.renewals.windows import Phase
from schemas.orders import CallFailed, Intent, IntentState, Order, OrderAnswer
from schemas.outcomes import State
from schemas.renewal_answers import RenewalState

_GOES_ON: Final = frozenset({IntentState.SENT, IntentState.LOOKING})


@dataclass
class RenewalOrders:
    """The orders of one night; what came of them is gathered by subscription.

    `workbook_hash` is that of the renewal book they come from; `finish_seconds` is how long a
    customer's next order waits for the one before it.
    """

    desk: Desk
    memory: RenewalMemory
    finish_seconds: float
    workbook_hash: str = ""
    outcomes: dict[str, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    by_itself: dict[str, Automatic] = field(default_factory=dict)

    async def go_on(self, keys: Sequence[str]) -> None:
        """What earlier nights have sent without an end is brought to one, or nearer to it."""
        hands = self.desk.hands
        intents = list(self.memory.intents_of(keys).values())
        await submit(hands, [i for i in intents if i.state in _GOES_ON], lambda _: None)
        accepted = [i.intent_id for i in intents if i.state is IntentState.ACCEPTED]
        await look_once(hands, accepted)

    async def ask_what_renews_by_itself(self, decisions: Sequence[Decision]) -> list[Decision]:
        """The decisions, those that leave it to the automatic renewal held against its preview.

        One preview for each customer of whom something is left to it. Raises MarketplaceStop.
        """
        told: dict[str, OrderAnswer] = {}

        async def one(customer_id: str) -> None:
            body = request_body(Order("", customer_id, "PREVIEW_RENEWAL", "", ()))
            reply = await ask_price(self.desk.hands, customer_id, body)
            if reply.order is not None:
                told[customer_id] = reply.order

        left = [d for d in decisions if d.reason is Reason.ADOBE_RENEWS]
        ids = sorted({decision.case.row.customer_id for decision in left})
        await some_at_once(self.desk.hands.in_flight, (one(customer_id) for customer_id in ids))
        looked_at = []
        for decision in decisions:
            order = told.get(decision.case.row.customer_id)
            if decision.reason is Reason.ADOBE_RENEWS and order is not None:
                automatic = judge_automatic(decision, order)
                self.by_itself[decision.case.subscription.subscription_id] = automatic
                looked_at.append(automatic.decision)
            else:
                looked_at.append(decision)
        return looked_at

    async def price(self, step: Step) -> Priced:
        hands = self.desk.hands
        asked = order_of(step, line_of(step), "PREVIEW_RENEWAL")
        reply = await ask_price(hands, asked.customer_id, request_body(asked))
        with suppress(CallFailed):
            raise_for(reply)  # a key that is not accepted stops the run; the rest is judged
        is_late = step.decision.case.phase in (Phase.LATE, Phase.LATE_WITH_WARNING)
        amounts = self.desk.settings.approve_above
        return judge(step, reply, is_late=is_late, amounts=amounts)

    async def only_price(self, steps: Sequence[Step]) -> None:
        """What the steps of one customer would come to, as far as it can be asked now."""
        held: set[str] = set()
        for step in steps:
            owned = step.decision.case.subscription.subscription_id
            if owned in held:
                continue
            if step.part is Part.EXTRA and step.decision.present:
                self._note(Outcome(step, RenewalState.WOULD_RENEW))
                continue
            priced = await self.price(step)
            if priced.judgement is Judgement.FINE:
                self._note(Outcome(step, RenewalState.WOULD_RENEW, priced))
            else:
                held.add(owned)
                self._note(Outcome(step, _held_as(priced.judgement), priced))

    async def place(self, steps: Sequence[Step]) -> None:
        """Place the orders of one customer, each when the one before it is finished."""
        held: set[str] = set()
        waits = False
        for step in steps:
            owned = step.decision.case.subscription.subscription_id
            if owned in held:
                continue
            if self.desk.stopped:
                return
            if waits:
                self._note(Outcome(step, RenewalState.NOTHING, waits=True))
                continue
            priced = await self.price(step)
            if priced.judgement is not Judgement.FINE:
                held.add(owned)
                waits = priced.judgement is Judgement.WAITS
                self._note(Outcome(step, _held_as(priced.judgement), priced))
                continue
            intent = await self._send(step, priced)
            state = self._state_of(intent)
            if state not in (RenewalState.RENEWED, RenewalState.OPEN):
                held.add(owned)
            waits = state in (RenewalState.OPEN, RenewalState.IN_DOUBT)
            self._note(Outcome(step, state, priced, intent))

    async def _send(self, step: Step, priced: Priced) -> Intent:
        """Write the intent (one for a subscription, term and part), send it, see it finished."""
        hands = self.desk.hands
        new = self.intent_of(step, priced)
        intent = await asyncio.to_thread(self.memory.claim, new)
        if intent.state is IntentState.WRITTEN and not intent.sends and intent.body != new.body:
            # Nothing of it ever left; what is sent is what was priced just now.
            newer = replace(new, intent_id=str(uuid4()), replaces=intent.intent_id)
            if await hands.book.replace(newer, datetime.now(UTC), hands.lease):
                intent = newer
        await submit(hands, [intent], lambda _: None)
        await follow(hands, [intent.intent_id], self.finish_seconds)
        known = await asyncio.to_thread(self.memory.intents_of, [step.key])
        return known[step.key]

    def intent_of(self, step: Step, priced: Priced) -> Intent:
        settings = self.desk.settings
        order = order_of(step, priced.line, "RENEWAL")
        return Intent(
            intent_id=str(uuid4()),
            account=settings.account,
            environment=self.desk.environment,
            key_fingerprint=settings.key_fingerprint,
            customer_id=order.customer_id,
            order_type=order.order_type,
            reference=order.reference,
            body=request_body(order),
            body_key=step.key,
            correlation_id=str(uuid4()),
            written_at=datetime.now(UTC),
            workbook_hash=self.workbook_hash,
            reassign_users=False,
            state=IntentState.WRITTEN,
        )

    def _state_of(self, intent: Intent) -> RenewalState:
        seen = self.desk.ledger.latest_outcomes([intent.intent_id]).get(intent.intent_id)
        return _STATES[intent_state(intent, seen[0] if seen else None)]

    def _note(self, outcome: Outcome) -> None:
        case = outcome.step.decision.case
        self.outcomes[case.subscription.subscription_id].append(outcome)


_STATES: Final[Mapping[State, RenewalState]] = {
    State.DONE: RenewalState.RENEWED,
    State.OPEN: RenewalState.OPEN,
    State.FAILED: RenewalState.FAILED,
    State.REFUSED: RenewalState.REFUSED,
    State.IN_DOUBT: RenewalState.IN_DOUBT,
    State.HELD: RenewalState.HELD,
}


def _held_as(judgement: Judgement) -> RenewalState:
    if judgement in (Judgement.RENEWED_MEANWHILE, Judgement.WAITS, Judgement.NO_ANSWER):
        return RenewalState.NOTHING
    return RenewalState.HELD
