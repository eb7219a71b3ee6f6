"""One night over one renewal book, as plain functions usable without Prefect.

read and decide  ─▶  price and place, one order of a customer after the other  ─▶  write
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from flows.desk import Desk
from flows.ledger.renewals import Announcement, NightDone, RenewalMemory
from flows.ordering.bodies import request_body
from flows.ordering.follow import follow, look_at
from flows.ordering.side_by_side import some_at_once
from flows.ordering.states import intent_state, is_finished
from flows.ordering.submit import ask_price, submit
from flows.outputs import Terms, check_writable, default_output, keep_replaced, write_output
from flows.renewal_answers import Outcome, answers_of, coming_answers
from flows.renewal_books import RenewalBook, spoken_of_elsewhere
from flows.renewal_facts import (
    IN_A_WINDOW,
    Unknown,
    cases_of,
    keys_of_terms,
    read_customers,
    rows_for,
)
from flows.renewals.decide import Decision, Part, decide
from flows.renewals.nights import Course, Night, Tonight, course_of, night_of
from flows.renewals.outlook import Coming, coming_due
from flows.renewals.prices import (
    Automatic,
    Judgement,
    Priced,
    judge,
    judge_automatic,
    line_of,
    order_of,
)
from flows.renewals.queue import Step, steps_of
from flows.renewals.reasons import Reason
from flows.renewals.windows import Phase
from flows.workbook.renewal_report import renewal_report
from schemas.orders import Intent, IntentState, MarketplaceStop, Order, OrderAnswer
from schemas.outcomes import State
from schemas.renewal_answers import (
    NEEDS_PERSON,
    NightSummary,
    RenewalAnswer,
    RenewalState,
)

FINISH_SECONDS: Final = 600.0
"""How long a customer's next order waits for the one before it to be finished."""

_GOES_ON: Final = frozenset({IntentState.SENT, IntentState.LOOKING})


@dataclass(frozen=True, slots=True)
class NightRun:
    """One night over one renewal book, ended: the figures of `renew --json`."""

    workbook: str
    output: str
    environment: str
    account: str
    night: str
    tonight: str
    dry_run: bool
    missed: int
    subscriptions: Mapping[str, int] = field(default_factory=dict)
    coming: int = 0
    mistakes: int = 0
    calls: int = 0
    seconds: float = 0
    attention: tuple[tuple[int, str, str, str, str], ...] = ()
    stopped: str = ""

    @property
    def exit_code(self) -> int:
        """docs/design.md, Outer interfaces."""
        if self.stopped:
            return 3
        if self.subscriptions.get(RenewalState.IN_DOUBT, 0):
            return 5
        return 4 if self.mistakes or any(self.subscriptions.get(s, 0) for s in NEEDS_PERSON) else 0


@dataclass
class NightDesk:
    """One renewal book on a desk, in one night.

    `again`: a night that is done is gone through once more (what was ordered stays ordered);
    without that it is left alone. `now` is the moment that decides which night it is.
    """

    desk: Desk
    book: RenewalBook
    others: Sequence[RenewalBook] = ()
    dry_run: bool = False
    again: bool = True
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    begins: time = time()
    finish_seconds: float = FINISH_SECONDS

    def __post_init__(self) -> None:
        settings = self.desk.settings
        self.memory: RenewalMemory = self.desk.ledger.renewals(
            settings.account, self.desk.environment
        )
        night = night_of(self.now, ZoneInfo(settings.timezone), self.begins)
        known = [Night(n.date, n.was_dry_run) for n in self.memory.nights(self.book.key)]
        self.course: Course = course_of(night, known)
        self.today: date = self.now.astimezone(UTC).date()
        self.decisions: list[Decision] = []
        self.unknown: list[Unknown] = []
        self.outcomes: dict[str, list[Outcome]] = defaultdict(list)
        self.by_itself: dict[str, Automatic] = {}
        self._digest = ""

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to do tonight."""
        return not self.again and self.course.tonight in (Tonight.DONE, Tonight.DONE_AS_DRY_RUN)

    @property
    def is_first(self) -> bool:
        """Whether this is the book's first night, in which nothing is placed."""
        return self.course.tonight in (Tonight.DRY_RUN, Tonight.DONE_AS_DRY_RUN)

    @property
    def places_nothing(self) -> bool:
        """Whether tonight is a dry run, for whichever reason."""
        return self.dry_run or self.is_first

    @property
    def target(self) -> Path:
        """Where the renewal workbook goes."""
        word = f"{self.course.night}.dry-run" if self.places_nothing else f"{self.course.night}"
        return default_output(self.desk.settings.output, self.book.name, word)

    async def read_and_decide(self) -> None:
        """Read the customers, go on with what is unsettled, and decide every subscription.

        Raises OutputFault when the answers would have no place to go, and MarketplaceStop.
        """
        check_writable(self.target)
        if not self.places_nothing:
            ledger = self.desk.ledger
            self._digest = ledger.keep_workbook(self.book.content, self.book.name, self.now)
        facts = await read_customers(
            self.desk, (row.customer_id for row in self.book.rows), self.today
        )
        spoken, self.unknown = rows_for(self.book.rows, facts)
        if not self.places_nothing:
            await self._go_on(list(keys_of_terms(spoken).values()))
        cases = cases_of(
            spoken,
            self.memory,
            self.desk,
            self.memory.announced(self.book.key),
            self.today,
            self.book.faulty,
            spoken_of_elsewhere(self.book, self.others),
        )
        self.decisions = [decide(case) for case in cases]

    async def price_and_place(self) -> None:
        """Price what is to be renewed, and place it unless tonight is a dry run."""
        try:
            await self._ask_what_renews_by_itself()
        except MarketplaceStop as stop:
            self.desk.stopped = str(stop)
            return
        by_customer = steps_of(self.decisions)
        handle = self._only_price if self.places_nothing else self._place
        done, total = 0, sum(len(steps) for steps in by_customer.values())

        async def one(steps: Sequence[Step]) -> None:
            nonlocal done
            await handle(steps)
            done += len(steps)
            self.desk.progress("Renewing", done, total)

        try:
            await some_at_once(
                self.desk.hands.in_flight, (one(steps) for steps in by_customer.values())
            )
        except MarketplaceStop as stop:
            self.desk.stopped = str(stop)

    def write(self) -> NightRun:
        """Write the renewal workbook; the night is done when it stands.

        A run that was stopped, or that a person wanted dry, leaves the night as it was.
        """
        desk, settings = self.desk, self.desk.settings
        coming = coming_due(self.decisions, self.today)
        answers = answers_of(
            self.decisions, self.unknown, self.outcomes, self.by_itself, desk.environment
        )
        counts = dict(Counter(answer.state for answer in answers))
        finished = datetime.now(UTC)
        summary = NightSummary(
            book=self.book.name,
            environment=desk.environment,
            account=settings.account,
            night=self.course.night,
            started_at=desk.started_at,
            finished_at=finished,
            timezone=settings.timezone,
            is_dry_run=self.places_nothing,
            is_first=self.is_first and not self.dry_run,
            missed=self.course.missed,
            counts=counts,
            totals=_totals(answers),
            notes=self._notes(),
        )
        content = renewal_report(answers, coming_answers(coming), self.book.faults, summary)
        terms = Terms(
            wrote=self.memory.wrote,
            will_write=self.memory.will_write,
            keep=partial(keep_replaced, settings.state_dir / "replaced"),
        )
        output = write_output(self.target, content, terms)
        if not desk.stopped and not self.dry_run:
            self._end_night(coming)
        return NightRun(
            workbook=self.book.name,
            output=str(output),
            environment=desk.environment,
            account=settings.account,
            night=self.course.night.isoformat(),
            tonight=str(self.course.tonight),
            dry_run=self.places_nothing,
            missed=self.course.missed,
            subscriptions={str(state): counts.get(state, 0) for state in RenewalState},
            coming=len(coming),
            mistakes=len(self.book.faults),
            calls=desk.calls,
            seconds=round((finished - desk.started_at).total_seconds(), 3),
            attention=tuple(
                (a.row, a.subscription_id, a.result, a.what_happened, a.what_to_do)
                for a in answers
                if a.state in NEEDS_PERSON or a.state is RenewalState.IN_DOUBT
            ),
            stopped=desk.stopped,
        )

    def not_run(self) -> NightRun:
        """The figures of a night that was done before."""
        settings = self.desk.settings
        return NightRun(
            workbook=self.book.name,
            output="",
            environment=self.desk.environment,
            account=settings.account,
            night=self.course.night.isoformat(),
            tonight=str(self.course.tonight),
            dry_run=self.places_nothing,
            missed=0,
        )

    # --- one customer ---

    async def _go_on(self, keys: Sequence[str]) -> None:
        """What earlier nights have sent without an end is brought to one, or nearer to it."""
        hands = self.desk.hands
        intents = list(self.memory.intents_of(keys).values())
        await submit(hands, [i for i in intents if i.state in _GOES_ON], lambda _: None)
        ids = [i.intent_id for i in intents if i.state is IntentState.ACCEPTED]
        seen = self.desk.ledger.latest_outcomes(ids)
        known = self.desk.ledger.intents(ids)
        is_open = [i for i in ids if i not in seen or not is_finished(seen[i][0])]
        await look_at(hands, [known[i] for i in is_open])

    async def _ask_what_renews_by_itself(self) -> None:
        """One preview for each customer of whom something is left to the automatic renewal."""
        told: dict[str, OrderAnswer] = {}

        async def one(customer_id: str) -> None:
            body = request_body(Order("", customer_id, "PREVIEW_RENEWAL", "", ()))
            reply = await ask_price(self.desk.hands, customer_id, body)
            if reply.order is not None:
                told[customer_id] = reply.order

        left = [d for d in self.decisions if d.reason is Reason.ADOBE_RENEWS]
        ids = sorted({decision.case.row.customer_id for decision in left})
        await some_at_once(self.desk.hands.in_flight, (one(customer_id) for customer_id in ids))
        for place, decision in enumerate(self.decisions):
            order = told.get(decision.case.row.customer_id)
            if decision.reason is Reason.ADOBE_RENEWS and order is not None:
                automatic = judge_automatic(decision, order)
                self.decisions[place] = automatic.decision
                self.by_itself[decision.case.subscription.subscription_id] = automatic

    async def _price(self, step: Step) -> Priced:
        hands = self.desk.hands
        asked = order_of(step, line_of(step), "PREVIEW_RENEWAL")
        reply = await ask_price(hands, asked.customer_id, request_body(asked))
        is_late = step.decision.case.phase in (Phase.LATE, Phase.LATE_WITH_WARNING)
        return judge(step, reply, is_late=is_late)

    async def _only_price(self, steps: Sequence[Step]) -> None:
        """What the steps of one customer would come to, as far as it can be asked now."""
        held: set[str] = set()
        for step in steps:
            owned = step.decision.case.subscription.subscription_id
            if owned in held:
                continue
            if step.part is Part.EXTRA and step.decision.present:
                self._note(Outcome(step, RenewalState.WOULD_RENEW))
                continue
            priced = await self._price(step)
            if priced.judgement is Judgement.FINE:
                self._note(Outcome(step, RenewalState.WOULD_RENEW, priced))
            else:
                held.add(owned)
                self._note(Outcome(step, _held_as(priced.judgement), priced))

    async def _place(self, steps: Sequence[Step]) -> None:
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
            priced = await self._price(step)
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
        new = self._intent(step, priced)
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

    def _intent(self, step: Step, priced: Priced) -> Intent:
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
            workbook_hash=self._digest,
            reassign_users=False,
            state=IntentState.WRITTEN,
        )

    def _state_of(self, intent: Intent) -> RenewalState:
        seen = self.desk.ledger.latest_outcomes([intent.intent_id]).get(intent.intent_id)
        return _STATES[intent_state(intent, seen[0] if seen else None)]

    def _note(self, outcome: Outcome) -> None:
        case = outcome.step.decision.case
        self.outcomes[case.subscription.subscription_id].append(outcome)

    # --- the end of the night ---

    def _end_night(self, coming: Sequence[Coming]) -> None:
        ours = {id(due.decision): due.decision for due in coming}
        ours.update((id(d), d) for d in self.decisions if d.case.phase in IN_A_WINDOW)
        announcements = [
            Announcement(
                customer_id=decision.case.row.customer_id,
                subscription_id=decision.case.subscription.subscription_id,
                term=decision.case.term,
                night=self.course.night,
                quantity=decision.case.current,
                product=decision.case.subscription.offer_id[:10],
                currency=decision.case.subscription.currency,
                price=self._price_told(decision),
            )
            for decision in ours.values()
            if decision.case.term is not None
        ]
        night = NightDone(self.course.night, self.places_nothing)
        self.memory.end_night(
            self.book.key,
            self.book.name,
            night,
            self.course.missed,
            announcements,
            datetime.now(UTC),
        )

    def _price_told(self, decision: Decision) -> Decimal | None:
        for outcome in self.outcomes.get(decision.case.subscription.subscription_id, ()):
            if outcome.step.part is Part.PRESENT and outcome.priced is not None:
                return outcome.priced.total
        return None

    def _notes(self) -> tuple[str, ...]:
        notes = []
        if self.desk.stopped:
            notes.append(f"The run was stopped: {self.desk.stopped}")
        if self.course.missed:
            nights = "night" if self.course.missed == 1 else "nights"
            notes.append(
                f"The {self.course.missed} {nights} before this one were missed; this run has "
                "caught up with them."
            )
        return tuple(notes)


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


def _totals(answers: Sequence[RenewalAnswer]) -> dict[str, Decimal]:
    counted = (RenewalState.RENEWED, RenewalState.OPEN, RenewalState.WOULD_RENEW)
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for answer in answers:
        if answer.state in counted and answer.price is not None:
            totals[answer.currency] += answer.price
    return dict(totals)
