"""The ledger under any sequence of steps, from two processes: what must never change never does."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from flows.ledger import Ledger
from flows.ledger import group as grouping
from schemas.history import Event
from schemas.orders import UNSETTLED, Intent, IntentState, Order
from tests.intents import ORDER, accepted, answered, entry_for, intent_for, order_answer, submission

FOREVER, ENDED = timedelta(hours=1), timedelta(seconds=-1)
FINAL = {IntentState.ACCEPTED, IntentState.REFUSED, IntentState.RETIRED}
Result = TypeVar("Result")


class LedgerMachine(RuleBasedStateMachine):
    """Two open ledgers on one file, any steps in any order, and a model of what was promised."""

    intents = Bundle("intents")

    @initialize()
    def open(self) -> None:
        self.gathered = grouping.GATHER_SECONDS
        grouping.GATHER_SECONDS = 0.0  # type: ignore[misc]  # one step at a time needs no group
        self.folder = tempfile.TemporaryDirectory(prefix="orderdrop-ledger-")
        self.path = Path(self.folder.name)
        self.ledgers = [Ledger.in_folder(self.path) for _ in range(2)]
        self.written: dict[str, Intent] = {}
        self.told: dict[str, list[Event]] = {}
        self.settled: dict[str, tuple[IntentState, str]] = {}
        self.runs = 0

    def teardown(self) -> None:
        for ledger in self.ledgers:
            ledger.close()
        self.folder.cleanup()
        grouping.GATHER_SECONDS = self.gathered  # type: ignore[misc]

    def do(self, step: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run(step)

    def now(self, intent_id: str) -> Intent:
        return self.ledgers[0].intents([intent_id])[intent_id]

    @rule(target=intents, which=st.integers(0, 1), number=st.integers(1, 5))
    def plan(self, which: int, number: int) -> str:
        self.runs += 1
        order = Order(f"PO-{number}", ORDER.customer_id, "NEW", "", ORDER.lines)
        intent = intent_for(order)
        ledger = self.ledgers[which]
        digest = ledger.keep_workbook(b"w", "w.xlsx", datetime.now(UTC))
        with ledger.planning("default", "practice") as planning:
            run = submission(f"s-{self.runs}", workbook_hash=digest)
            planning.write(run, [], [intent], [entry_for(intent)])
        self.written[intent.intent_id] = intent
        return intent.intent_id

    @rule(intent_id=intents, which=st.integers(0, 1), held=st.booleans())
    def begin_send(self, intent_id: str, which: int, *, held: bool) -> None:
        before = self.now(intent_id)
        lease = FOREVER if held else ENDED
        taken = self.do(
            self.ledgers[which].begin_send(intent_id, str(uuid4()), datetime.now(UTC), lease)
        )
        after = self.now(intent_id)
        assert after.sends == before.sends + taken
        if taken:
            assert before.state in {IntentState.WRITTEN, IntentState.SENT}
            assert after.state is IntentState.SENT
        else:
            assert after == before

    @rule(
        intent_id=intents,
        which=st.integers(0, 1),
        order=st.integers(1, 4),
        kind=st.sampled_from(["accepted", "refused", "fault"]),
    )
    def answer(self, intent_id: str, which: int, order: int, kind: str) -> None:
        """Also late, twice, or of a send that another made: the first word that settles stands,
        but for an order that comes for a retired intent.
        """
        reply, then = {
            "accepted": (accepted(f"O-{order}"), IntentState.ACCEPTED),
            "refused": (answered(400, "1117", service=True), IntentState.REFUSED),
            "fault": (answered(500, "1124", service=True), IntentState.LOOKING),
        }[kind]
        before = self.now(intent_id).state
        reached = self.do(
            self.ledgers[which].answer(intent_id, reply, then, "why", datetime.now(UTC))
        )
        assert reached is self.now(intent_id).state
        if before is IntentState.RETIRED and kind == "accepted":
            assert reached is IntentState.STUCK
            del self.settled[intent_id]

    @rule(intent_id=intents, which=st.integers(0, 1))
    def doubt(self, intent_id: str, which: int) -> None:
        self.do(self.ledgers[which].doubt(intent_id, "another key", datetime.now(UTC)))

    @rule(intent_id=intents, which=st.integers(0, 1), order=st.integers(1, 4))
    def bind(self, intent_id: str, which: int, order: int) -> None:
        found = order_answer(f"O-{order}")
        reached = self.do(self.ledgers[which].bind(intent_id, found, datetime.now(UTC)))
        is_its_own = self.now(intent_id).order_id == found.order_id
        assert (reached is IntentState.ACCEPTED) == is_its_own

    @rule(intent_id=intents, which=st.integers(0, 1))
    def looked(self, intent_id: str, which: int) -> None:
        self.do(self.ledgers[which].looked(intent_id, datetime.now(UTC)))

    @rule(intent_id=intents, which=st.integers(0, 1))
    def send_again(self, intent_id: str, which: int) -> None:
        self.do(self.ledgers[which].send_again(intent_id, datetime.now(UTC)))

    @rule(intent_id=intents, which=st.integers(0, 1))
    def stick(self, intent_id: str, which: int) -> None:
        self.do(self.ledgers[which].stick(intent_id, "several", datetime.now(UTC)))

    @rule(intent_id=intents, which=st.integers(0, 1))
    def retire_by_hand(self, intent_id: str, which: int) -> None:
        before = self.now(intent_id)
        done = self.do(self.ledgers[which].retire_by_hand(intent_id, datetime.now(UTC), "Ada"))
        if done:
            assert before.state in UNSETTLED
            assert self.now(intent_id).state is IntentState.RETIRED
        else:
            assert self.now(intent_id) == before

    @rule(target=intents, intent_id=intents, which=st.integers(0, 1))
    def put_another_in_its_place(self, intent_id: str, which: int) -> str:
        old = self.now(intent_id)
        new = replace(intent_for(), body=old.body, body_key=old.body_key, replaces=old.intent_id)
        ledger = self.ledgers[which]
        if not self.do(ledger.replace(new, datetime.now(UTC), FOREVER)):
            assert self.now(intent_id) == old
            return intent_id
        assert self.now(intent_id).state is IntentState.RETIRED
        self.written[new.intent_id] = new
        return new.intent_id

    @rule(which=st.integers(0, 1))
    def open_again(self, which: int) -> None:
        self.ledgers[which].close()
        self.ledgers[which] = Ledger.in_folder(self.path)

    @invariant()
    def nothing_of_an_intent_ever_changes_but_its_fate(self) -> None:
        found = self.ledgers[0].intents(self.written)
        assert found.keys() == self.written.keys()
        for intent_id, intent in found.items():
            first = self.written[intent_id]
            for name in ("body", "body_key", "correlation_id", "written_at", "replaces"):
                assert getattr(intent, name) == getattr(first, name)
            if intent_id in self.settled:
                assert (intent.state, intent.order_id) == self.settled[intent_id]
            if intent.state in FINAL:
                self.settled[intent_id] = (intent.state, intent.order_id)
            assert bool(intent.order_id) == (intent.state is IntentState.ACCEPTED)

    @invariant()
    def no_order_belongs_to_two(self) -> None:
        ids = [i.order_id for i in self.ledgers[0].intents(self.written).values() if i.order_id]
        assert len(ids) == len(set(ids))

    @invariant()
    def what_was_told_once_is_told_again(self) -> None:
        for intent_id in self.written:
            told = self.ledgers[1].history(intent_id)
            before = self.told.get(intent_id, [])
            assert all(event in told for event in before)
            assert len(told) >= len(before)
            self.told[intent_id] = told

    @invariant()
    def entries_tell_of_an_intent_that_is_not_replaced(self) -> None:
        replaced = {i.replaces for i in self.ledgers[0].intents(self.written).values()}
        for number in range(1, self.runs + 1):
            for entry in self.ledgers[0].entries(f"s-{number}"):
                assert entry.intent_id not in replaced


LedgerMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
test_the_ledger_under_any_sequence_of_steps = LedgerMachine.TestCase
