"""What tonight brings one subscription: a reason, the figures it speaks of, what is ordered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from flows.renewals.reasons import REASONS, Reason, Verdict
from flows.renewals.tables import (
    AUTO_SIDES,
    BY_FIGURES,
    BY_PHASE,
    OWN_REASONS,
    RENEWED_SIDES,
    Auto,
    Own,
    side_of,
)
from flows.renewals.windows import (
    SETTINGS_DAYS,
    Dates,
    Phase,
    dates_of,
    opens_on,
    phase_of,
    term_of,
)
from schemas.customers import Customer
from schemas.renewals import BookRow, Wish
from schemas.subscriptions import Subscription


class Part(StrEnum):
    """The two orders that a subscription and term may need (reference, section 11.4)."""

    PRESENT = "present"
    EXTRA = "extra"


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """Our own intent for one part of a term, as the ledger knows it."""

    standing: Own = Own.NONE
    order_id: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Announced:
    """What an earlier workbook told of a subscription that was to come due.

    `price` is what the renewal would have cost then, where it was known.
    """

    on: date
    quantity: int
    product: str
    currency: str
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of one subscription tonight.

    `row` is the row that speaks of it, `faulty` says that this row has a mistake. `ordered` are
    licences in renewal orders of this term, whoever placed them; `by` names these orders.
    `runs`: an order of this customer is not finished. `today` is a UTC day.
    """

    row: BookRow
    customer: Customer
    subscription: Subscription
    today: date
    ordered: int = 0
    by: str = ""
    runs: bool = False
    present: OwnOrder = OwnOrder()
    extra: OwnOrder = OwnOrder()
    announced: Announced | None = None
    faulty: bool = False
    other_book: str = ""

    @property
    def term(self) -> date | None:
        """The renewal date that the intent is keyed by."""
        return term_of(self.subscription, self.customer)

    @property
    def phase(self) -> Phase:
        """Where the subscription stands today."""
        return phase_of(self.subscription, self.term, self.today)

    @property
    def current(self) -> int:
        """The present licences, or those of the term that ended."""
        return self.subscription.current_quantity

    @property
    def renewed(self) -> int:
        """Licences renewed already for the next term: the list may lag behind the orders."""
        return max(self.subscription.renewed_quantity or 0, self.ordered)

    @property
    def wanted(self) -> int:
        """The licences of the next term, if it goes by the row."""
        return self.current if self.row.quantity is None else self.row.quantity

    @property
    def auto(self) -> int | None:
        """How many licences the automatic renewal goes on with; None where it is off."""
        settings = self.subscription.auto_renewal
        if not settings.enabled:
            return None
        shown = settings.renewal_quantity
        return self.current if shown is None else shown


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided for one subscription; `present` and `extra` are licences to be ordered.

    `change` says what has changed, or for what the vendor would renew it.
    """

    case: Case
    reason: Reason
    present: int = 0
    extra: int = 0
    change: str = ""

    @property
    def verdict(self) -> Verdict:
        """What tonight brings it."""
        return REASONS[self.reason].verdict

    @property
    def what_happened(self) -> str:
        """The reason in a sentence."""
        sentence = REASONS[self.reason].what_happened.format(**self._figures())
        if self.extra and self.verdict is Verdict.RENEW:
            sentence += f" {self.extra} licences more are ordered after that, in an order of their "
            sentence += "own."
        return sentence

    @property
    def what_to_do(self) -> str:
        """What a person can do about it, "" where there is nothing."""
        return REASONS[self.reason].what_to_do.format(**self._figures())

    def _figures(self) -> dict[str, object]:
        case, term = self.case, self.case.term
        ours = case.present if case.present.standing is not Own.NONE else case.extra
        return {
            "current": case.current,
            "present": self.present or self.extra,
            "wanted": case.wanted,
            "renewed": case.renewed,
            "auto": case.auto if case.auto is not None else 0,
            "term": term or "",
            "opens": opens_on(term) if term else "",
            "settings_by": term - timedelta(days=SETTINGS_DAYS) if term else "",
            "anniversary": case.customer.anniversary or "",
            "announced": case.announced.on if case.announced else "",
            "by": f" ({case.by})" if case.by else "",
            "change": self.change,
            "ceiling": case.row.ceiling or "",
            "other_book": case.other_book,
            "order_id": ours.order_id,
            "reference": ours.reference,
        }


def decide(case: Case) -> Decision:
    """Decide one subscription: what stands against it first, then the tables, then what waits."""
    if case.faulty or case.other_book:
        return Decision(case, Reason.ROW_FAULTY if case.faulty else Reason.TWO_BOOKS)
    for own in (case.present, case.extra):
        reason = OWN_REASONS[own.standing]
        if reason is not None:
            return Decision(case, reason)
    reason = BY_PHASE[case.phase, case.row.wish, case.auto is not None]
    if reason is not None:
        return Decision(case, reason)
    if not case.current:
        return Decision(case, Reason.NO_LICENCES)
    return _early(case) if case.phase is Phase.EARLY else _late(case)


def _early(case: Case) -> Decision:
    auto = Auto.OFF if case.auto is None else AUTO_SIDES[side_of(case.auto, case.wanted)]
    renewed = RENEWED_SIDES[side_of(case.renewed, case.wanted)]
    reason = BY_FIGURES[case.row.wish, auto, renewed]
    if reason is not None:
        return Decision(case, reason)
    present = max(min(case.wanted, case.current) - case.renewed, 0)
    extra = case.wanted - max(case.current, case.renewed)
    decision = Decision(case, Reason.RENEW_EARLY, present, max(extra, 0))
    ours = (case.present if present else OwnOrder(), case.extra if extra > 0 else OwnOrder())
    if any(own.standing is Own.DONE for own in ours):
        return Decision(case, Reason.OURS_OF_ANOTHER_QUANTITY)
    term = case.term
    assert term is not None  # noqa: S101  # an early phase has a date
    if dates_of(term, case.customer) is Dates.APART:
        return Decision(case, Reason.DATES_APART)
    return _unless_changed(decision)


def _late(case: Case) -> Decision:
    if case.present.standing is Own.DONE:
        return Decision(case, Reason.OURS_DONE)
    if case.ordered:
        return Decision(case, Reason.RENEWED_LATE_ALREADY)
    if case.wanted > case.current:
        return Decision(case, Reason.MORE_THAN_LAST_TERM)
    warns = case.phase is Phase.LATE_WITH_WARNING
    reason = Reason.RENEW_LATE_WITH_WARNING if warns else Reason.RENEW_LATE
    return _unless_changed(Decision(case, reason, case.wanted))


def _unless_changed(decision: Decision) -> Decision:
    """A renewal that is not what was announced is held; one at a time for each customer."""
    case = decision.case
    change = _change(case)
    if change:
        return Decision(case, Reason.CHANGED, change=change)
    if case.runs:
        return Decision(case, Reason.WAITS)
    if case.present.standing is Own.UNSENT or case.extra.standing is Own.UNSENT:
        return replace(decision, reason=Reason.GOES_ON)
    return decision


def _change(case: Case) -> str:
    then, now = case.announced, case.subscription
    if then is None:
        return ""
    if then.product != now.offer_id[:10]:
        return f"the product was {then.product} and is {now.offer_id[:10]} now"
    if then.currency != now.currency:
        return f"the currency was {then.currency} and is {now.currency} now"
    if case.row.wish is Wish.AS_IS and then.quantity != case.current:
        return f"there were {then.quantity} licences and are {case.current} now"
    return ""
