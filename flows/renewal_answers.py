"""What the renewal workbook says of each subscription, from decisions and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from flows.ordering.refusals import Refusal, told_of_refusal
from flows.renewal_facts import Unknown
from flows.renewals.decide import Decision
from flows.renewals.outlook import Coming
from flows.renewals.prices import Automatic, Judgement, Priced
from flows.renewals.queue import Step
from flows.renewals.reasons import REASONS, Reason, Verdict
from flows.renewals.windows import Phase
from schemas.orders import Intent
from schemas.outcomes import Environment
from schemas.renewal_answers import ComingAnswer, RenewalAnswer, RenewalState, renewal_result
from schemas.renewals import BookRow, Wish

_WORST_FIRST: Final = (
    RenewalState.IN_DOUBT,
    RenewalState.FAILED,
    RenewalState.REFUSED,
    RenewalState.HELD,
    RenewalState.OPEN,
    RenewalState.WOULD_RENEW,
    RenewalState.NOTHING,
    RenewalState.RENEWED,
)
"""A subscription of two orders shows the state of the one that needs more looking after."""

_BY_VERDICT: Final[Mapping[Verdict, RenewalState]] = {
    Verdict.HOLD: RenewalState.HELD,
    Verdict.NOTHING: RenewalState.NOTHING,
    Verdict.TOO_LATE: RenewalState.TOO_LATE,
    Verdict.RENEW: RenewalState.NOTHING,
}
_BY_REASON: Final[Mapping[Reason, RenewalState]] = {
    Reason.OURS_IN_DOUBT: RenewalState.IN_DOUBT,
    Reason.OURS_FAILED: RenewalState.FAILED,
    Reason.OURS_OPEN: RenewalState.OPEN,
}
_STOPPED: Final = "The run was stopped before it was its turn. Nothing was ordered for it."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one step: its price, its intent, or that it waits for the one before it."""

    step: Step
    state: RenewalState
    priced: Priced | None = None
    intent: Intent | None = None
    waits: bool = False


def answers_of(
    decisions: Sequence[Decision],
    unknown: Sequence[Unknown],
    outcomes: Mapping[str, Sequence[Outcome]],
    by_itself: Mapping[str, Automatic],
    environment: Environment,
) -> list[RenewalAnswer]:
    """One answer for each subscription, and one for each row without any, in the book's order.

    `outcomes` and `by_itself` are by subscription.
    """
    answers = []
    for decision in decisions:
        owned = decision.case.subscription.subscription_id
        answer = _answer(decision, outcomes.get(owned, ()), environment)
        automatic = by_itself.get(owned)
        if automatic is not None and automatic.total is not None:
            answer = replace(answer, price=automatic.total, currency=automatic.currency)
        answers.append(answer)
    answers += [_not_found(nothing, environment) for nothing in unknown]
    return sorted(answers, key=lambda answer: (answer.row, answer.subscription_id))


def _answer(
    decision: Decision, outcomes: Sequence[Outcome], environment: Environment
) -> RenewalAnswer:
    case, owned = decision.case, decision.case.subscription
    state, happened, advice = _told(decision, outcomes)
    placed = [o for o in outcomes if o.state in _COUNTED]
    prices = [o.priced.total for o in placed if o.priced and o.priced.total is not None]
    orders = [o.intent.order_id for o in outcomes if o.intent and o.intent.order_id]
    priced = [o.priced for o in outcomes if o.priced is not None]
    asked = priced[0].total if priced and not placed else None
    return RenewalAnswer(
        row=case.row.row,
        customer_id=case.row.customer_id,
        company=case.customer.profile.company_name,
        subscription_id=owned.subscription_id,
        offer_id=owned.offer_id,
        licences=case.current,
        renewed=case.renewed or None,
        automatic="off" if case.auto is None else f"on, {case.auto}",
        renewal_date=case.term,
        wanted=_wanted(case.row),
        ceiling=str(case.row.ceiling or ""),
        state=state,
        result=renewal_result(state, environment),
        what_happened=happened,
        what_to_do=advice,
        place=", ".join(f"{o.step.place} of {o.step.of}" for o in outcomes),
        quantity=sum(o.step.quantity for o in placed) or None,
        price=sum(prices, Decimal(0)) if prices else asked,
        currency=next((p.currency for p in priced if p.currency), ""),
        order_id=", ".join(orders),
    )


_COUNTED: Final = (RenewalState.RENEWED, RenewalState.OPEN, RenewalState.WOULD_RENEW)


def _told(decision: Decision, outcomes: Sequence[Outcome]) -> tuple[RenewalState, str, str]:
    """State, what happened, what to do."""
    if decision.verdict is not Verdict.RENEW:
        state = _BY_REASON.get(decision.reason, _BY_VERDICT[decision.verdict])
        if state is RenewalState.TOO_LATE and not decision.case.row.subscription_id:
            # Nobody asked for it by name: it belongs to the customer's past.
            return RenewalState.NOTHING, decision.what_happened, ""
        return state, decision.what_happened, decision.what_to_do
    if not outcomes:
        return RenewalState.NOTHING, _STOPPED, ""
    state = min((o.state for o in outcomes), key=_WORST_FIRST.index)
    sentences = [_sentence(decision, outcome) for outcome in outcomes]
    advice = [words for o in outcomes if (words := _advice(o))]
    return state, " ".join(sentences), " ".join(dict.fromkeys(advice))


def _sentence(decision: Decision, outcome: Outcome) -> str:
    step, priced, intent = outcome.step, outcome.priced, outcome.intent
    number = f"{step.quantity} {'licence' if step.quantity == 1 else 'licences'}"
    if outcome.waits:
        return REASONS[Reason.WAITS].what_happened
    if priced is not None and priced.judgement is not Judgement.FINE:
        return priced.what_happened
    cost = ""
    if priced is not None and priced.total is not None:
        cost = f" for {priced.total:,.2f} {priced.currency} before tax"
    note = priced.note if priced is not None else ""
    if outcome.state is RenewalState.REFUSED and intent is not None:
        return told_of_refusal(_refusal(intent))[0]
    if outcome.state is RenewalState.WOULD_RENEW and priced is None:
        return (
            f"{number} more would be ordered after that; they are priced when the present ones are "
            "renewed."
        )
    words = _WORDS.get(outcome.state, _NOT_ORDERED)
    return words.format(number=number, term=decision.case.term, cost=cost, note=note)


_NOT_ORDERED: Final = "{number} were not ordered; the next night tries it again."
_WORDS: Final[Mapping[RenewalState, str]] = {
    RenewalState.WOULD_RENEW: "{number} would be renewed for the term from {term}{cost}.{note}",
    RenewalState.RENEWED: "{number} were renewed for the term from {term}{cost}.{note}",
    RenewalState.OPEN: "{number} were ordered{cost}; Adobe is still working on it.{note}",
    RenewalState.FAILED: "{number} were ordered, and the order failed at Adobe afterwards.",
    RenewalState.IN_DOUBT: "{number} were ordered, and it is not known yet what became of it.",
}


def _advice(outcome: Outcome) -> str:
    intent = outcome.intent
    if outcome.priced is not None and outcome.priced.judgement is not Judgement.FINE:
        return outcome.priced.what_to_do
    if intent is None:
        return ""
    match outcome.state:
        case RenewalState.REFUSED:
            return told_of_refusal(_refusal(intent))[1]
        case RenewalState.FAILED:
            return REASONS[Reason.OURS_FAILED].what_to_do
        case RenewalState.IN_DOUBT:
            return f"Wait for the next run, or see orderdrop orders {intent.reference}."
        case _:
            return ""


def _refusal(intent: Intent) -> Refusal:
    return Refusal(
        intent.error_code, intent.error_message, intent.error_details, intent.answered_at
    )


def _wanted(row: BookRow) -> str:
    return f"{row.quantity} licences" if row.wish is Wish.QUANTITY else str(row.wish)


def _not_found(nothing: Unknown, environment: Environment) -> RenewalAnswer:
    row, state = nothing.row, RenewalState.HELD
    return RenewalAnswer(
        row=row.row,
        customer_id=row.customer_id,
        company="",
        subscription_id=row.subscription_id,
        offer_id="",
        licences=None,
        renewed=None,
        automatic="",
        renewal_date=None,
        wanted=_wanted(row),
        ceiling=str(row.ceiling or ""),
        state=state,
        result=renewal_result(state, environment),
        what_happened=nothing.why.what_happened,
        what_to_do=nothing.why.what_to_do,
    )


def coming_answers(
    coming: Sequence[Coming], answers: Sequence[RenewalAnswer]
) -> list[ComingAnswer]:
    """What is coming, as the workbook tells it; of what is due now, what the night brought it.

    What was renewed late is past.
    """
    told = {answer.subscription_id: answer for answer in answers}
    found = []
    for due in coming:
        case = due.decision.case
        answer = told[case.subscription.subscription_id]
        if answer.state in _PLACED and case.phase in (Phase.LATE, Phase.LATE_WITH_WARNING):
            continue
        found.append(
            ComingAnswer(
                on=due.on,
                by=due.by,
                row=case.row.row,
                customer_id=case.row.customer_id,
                company=case.customer.profile.company_name,
                subscription_id=case.subscription.subscription_id,
                offer_id=case.subscription.offer_id,
                licences=case.current,
                what_happens=due.what_happens or answer.what_happened,
            )
        )
    return found


_PLACED: Final = (RenewalState.RENEWED, RenewalState.OPEN)
