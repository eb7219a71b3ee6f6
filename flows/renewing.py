"""One night over one renewal book, as plain functions usable without Prefect.

read and decide  ─▶  price and place, one order of a customer after the other  ─▶  write
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from flows.desk import Desk
from flows.ledger.renewals import Announcement, NightDone, RenewalMemory
from flows.ordering.side_by_side import some_at_once
from flows.outputs import Terms, check_writable, keep_replaced, write_output
from flows.renewal_answers import answers_of, coming_answers
from flows.renewal_books import RenewalBook, spoken_of_elsewhere
from flows.renewal_facts import (
    IN_A_WINDOW,
    Unknown,
    cases_of,
    keys_of_terms,
    read_customers,
    rows_for,
)
from flows.renewal_orders import RenewalOrders
from flows.renewals.decide import Decision, Part, decide
from flows.renewals.nights import Course, Night, Tonight, course_of, night_of
from flows.renewals.outlook import Coming, coming_due
from flows.renewals.queue import Step, steps_of
from flows.workbook.renewal_report import renewal_report
from schemas.entries import stem_of
from schemas.orders import MarketplaceStop
from schemas.renewal_answers import (
    NEEDS_PERSON,
    NightSummary,
    RenewalAnswer,
    RenewalState,
)

FINISH_SECONDS: Final = 600.0
"""How long a customer's next order waits for the one before it to be finished."""


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
    without that it is left alone. `now` is the moment that decides which night it is, by the hour
    of the settings.
    """

    desk: Desk
    book: RenewalBook
    others: Sequence[RenewalBook] = ()
    dry_run: bool = False
    again: bool = True
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    finish_seconds: float = FINISH_SECONDS

    def __post_init__(self) -> None:
        settings = self.desk.settings
        self.memory: RenewalMemory = self.desk.ledger.renewals(
            settings.account, self.desk.environment
        )
        night = night_of(self.now, ZoneInfo(settings.timezone), settings.night)
        known = [Night(n.date, n.was_dry_run) for n in self.memory.nights(self.book.key)]
        self.course: Course = course_of(night, known)
        self.today: date = self.now.astimezone(UTC).date()
        self.decisions: list[Decision] = []
        self.unknown: list[Unknown] = []
        self.orders = RenewalOrders(self.desk, self.memory, self.finish_seconds)

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
        return self.desk.settings.output / f"{stem_of(self.book.name)}.{word}.xlsx"

    async def read_and_decide(self) -> None:
        """Read the customers, go on with what is unsettled, and decide every subscription.

        Raises OutputFault when the answers would have no place to go, and MarketplaceStop.
        """
        check_writable(self.target)
        if not self.places_nothing:
            ledger = self.desk.ledger
            self.orders.workbook_hash = ledger.keep_workbook(
                self.book.content, self.book.name, self.now
            )
        facts = await read_customers(
            self.desk, (row.customer_id for row in self.book.rows), self.today
        )
        spoken, self.unknown = rows_for(self.book.rows, facts)
        if not self.places_nothing:
            await self.orders.go_on(list(keys_of_terms(spoken).values()))
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
            self.decisions = await self.orders.ask_what_renews_by_itself(self.decisions)
        except MarketplaceStop as stop:
            self.desk.stopped = str(stop)
            return
        by_customer = steps_of(self.decisions)
        handle = self.orders.only_price if self.places_nothing else self.orders.place
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
            self.decisions,
            self.unknown,
            self.orders.outcomes,
            self.orders.by_itself,
            desk.environment,
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
        due = coming_answers(coming, answers)
        content = renewal_report(answers, due, self.book.faults, summary)
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
            coming=len(due),
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
        for outcome in self.orders.outcomes.get(decision.case.subscription.subscription_id, ()):
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


def _totals(answers: Sequence[RenewalAnswer]) -> dict[str, Decimal]:
    counted = (RenewalState.RENEWED, RenewalState.OPEN, RenewalState.WOULD_RENEW)
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for answer in answers:
        if answer.state in counted and answer.price is not None:
            totals[answer.currency] += answer.price
    return dict(totals)
