"""Orders that are decided by their price: who is asked when, and what follows from the answers.

docs/protocol.md, "Priced before it is placed". The rules are those of `flows.ordering.approval`;
here they meet the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from flows.ledger import Ledger
from flows.ledger.bulk import Writes
from flows.ledger.planning import Asked, settled
from flows.ordering.approval import Approval, Ruling, approval_of, ruling
from flows.ordering.group import Grouping
from flows.ordering.plan import GOES_ON, Plan, Run, evidence_of, plan
from flows.ordering.prices import read_answer
from flows.ordering.states import placed_state
from schemas.entries import Decision, Entry, ShownPrices
from schemas.order_types import OrderType
from schemas.orders import Order
from schemas.outcomes import State

PRICED: Final = frozenset({Decision.PREVIEW, Decision.PRICE_FIRST})
"""Decisions after which a price is asked."""


@dataclass(slots=True)
class Waiting:
    """Orders of a workbook that wait for their price, and the intents that are ready to be sent.

    `keys` are body keys by reference. `came_from` names the run that the workbook came back from
    ("" for none), `shown` the prices that it shows, `last_author` who saved it.
    """

    orders: tuple[Order, ...]
    keys: Mapping[str, str]
    run: Run
    came_from: str
    shown: ShownPrices
    last_author: str
    ready: list[str] = field(default_factory=list)

    def decide(self, ledger: Ledger, submission_id: str) -> int:
        """Decide the orders whose price is known by now; how many still wait to be asked.

        They are compared with the ledger once more, in the transaction that writes the intents:
        another run may have placed them meanwhile.
        """
        entries = {
            entry.reference: entry
            for entry in ledger.entries(submission_id)
            if entry.decision is Decision.PRICE_FIRST
        }
        priced = [o for o in self.orders if o.reference in entries and entries[o.reference].answer]
        rulings = {
            order.reference: self._ruling(order, entries[order.reference]) for order in priced
        }
        run = replace(self.run, now=datetime.now(UTC), rulings=rulings)
        keys = {order.reference: self.keys[order.reference] for order in priced}
        approved = {
            order.reference
            for order in priced
            if self._approval(order, entries[order.reference]) is Approval.SEEN
        }

        def rows(decided: Plan) -> Writes:
            return settled(
                submission_id,
                decided.intents,
                [replace(e, position=entries[e.reference].position) for e in decided.entries],
                {
                    intent.intent_id: self.last_author
                    for intent in decided.intents
                    if intent.reference in approved
                },
            )

        ledger.plan(
            run.account,
            run.environment,
            Asked(keys.values(), keys.keys(), evidence_of(priced)),
            lambda known: plan(
                Grouping(tuple(priced), (), ()), known, keys, run, ledger.workbook_names(known)
            ),
            rows,
        )
        ready = may_be_sent(ledger.entries(submission_id))
        self.ready = list(dict.fromkeys([*self.ready, *ready]))
        return sum(not entry.answered_at for entry in entries.values())

    def _approval(self, order: Order, entry: Entry) -> Approval:
        return approval_of(order, entry.body_key, self.shown, shows_prices=bool(self.came_from))

    def _ruling(self, order: Order, entry: Entry) -> Ruling:
        shown = self.shown.by_reference.get(order.reference)
        now = read_answer(entry.answer)
        return ruling(self._approval(order, entry), now, shown, self.run.limits)


def asked_now(ledger: Ledger, submission_id: str) -> list[Entry]:
    """Orders of a submission whose price is asked now.

    A customer's renewals and upgrades one by one, each when all that go before it in the sheet
    are finished: what it costs, and whether it is possible, depends on them.
    """
    entries = ledger.entries(submission_id)
    unfinished = _unfinished(ledger, entries)
    found: list[Entry] = []
    busy: set[str] = set()
    for entry in entries:
        in_turn = entry.order_type != OrderType.NEW
        waits = entry.decision is Decision.PRICE_FIRST and in_turn and entry.customer_id in busy
        is_unasked = entry.decision in PRICED and entry.answered_at is None
        if is_unasked and not waits:
            found.append(entry)
        will_be_placed = is_unasked and entry.decision is Decision.PRICE_FIRST
        if in_turn and (will_be_placed or entry.intent_id in unfinished):
            busy.add(entry.customer_id)
    return found


def _unfinished(ledger: Ledger, entries: Sequence[Entry]) -> frozenset[str]:
    """Intents of these orders, among those that go in turn, that are unsent, in doubt or open."""
    if all(entry.decision is not Decision.PRICE_FIRST for entry in entries):
        return frozenset()
    ids = [
        entry.intent_id
        for entry in entries
        if entry.decision in {Decision.SEND, Decision.ANSWERED}
        and entry.order_type != OrderType.NEW
    ]
    outcomes = ledger.latest_outcomes(ids)
    return frozenset(
        intent_id
        for intent_id, intent in ledger.intents(ids).items()
        if intent.state in GOES_ON
        or (intent_id in outcomes and placed_state(outcomes[intent_id][0]) is State.OPEN)
    )


def may_be_sent(entries: Sequence[Entry]) -> list[str]:
    """Intents that need not wait: of a customer's orders that go one after the other, those
    behind one that is still to be priced keep their place in the row.
    """
    found: list[str] = []
    busy: set[str] = set()
    for entry in entries:
        in_turn = entry.order_type != OrderType.NEW
        if entry.decision is Decision.PRICE_FIRST and in_turn and not entry.answered_at:
            busy.add(entry.customer_id)
        if entry.decision is Decision.SEND and not (in_turn and entry.customer_id in busy):
            found.append(entry.intent_id)
    return found
