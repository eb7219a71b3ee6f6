"""From the ledger to what stands beside each row: the words finance reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Final

from flows.ordering.line_answers import exchange, missed_discounts, moved, same_on_all, with_lines
from flows.ordering.plan import stands
from flows.ordering.priced_answers import BY_PRICE
from flows.ordering.refusals import Refusal, refused_rows
from flows.ordering.states import placed_state
from schemas.code_tables import explain, status_codes
from schemas.entries import Decision, Entry
from schemas.faults import Fault
from schemas.orders import ALSO, Intent, IntentState, OrderAnswer
from schemas.outcomes import Environment, RowAnswer, State, result_words

_NOT_SENT: Final[Mapping[Decision, State]] = {
    Decision.HELD: State.HELD,
    Decision.PLACED_BEFORE: State.PLACED_BEFORE,
}

Outcomes = Mapping[str, tuple[OrderAnswer, datetime]]


def row_answers(
    entries: Sequence[Entry],
    faults: Sequence[Fault],
    intents: Mapping[str, Intent],
    outcomes: Outcomes,
    environment: Environment,
    never_left: Collection[str] = (),
) -> tuple[RowAnswer, ...]:
    """One answer for every order row, in the order of the sheet.

    `intents` by id, `outcomes` the newest known of each accepted intent's order; `never_left`
    the ids of intents that were tried to send, and of which nothing has left.
    """
    by_row: dict[int, list[Fault]] = defaultdict(list)
    for fault in faults:
        by_row[fault.row].append(fault)
    answers = [
        answer
        for entry in entries
        for answer in _of_entry(entry, by_row, intents, outcomes, environment, never_left)
    ]
    if faults:
        answers = [_with_warnings(answer, by_row) for answer in answers]
    return tuple(sorted(answers, key=attrgetter("row")))


def order_states(answers: Sequence[RowAnswer], entries: Sequence[Entry]) -> dict[int, State]:
    """The state of each order by its position; all rows of an order share it."""
    state_of = {answer.row: answer.state for answer in answers}
    return {entry.position: state_of[entry.lines[0][0]] for entry in entries}


def totals(
    answers: Sequence[RowAnswer], entries: Sequence[Entry], states: frozenset[State]
) -> dict[str, Decimal]:
    """Known order totals by currency, of the orders in one of the states."""
    answer_of = {answer.row: answer for answer in answers}
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        answer = answer_of[entry.lines[0][0]]
        if answer.state in states and answer.order_total is not None:
            sums[answer.price_currency] += answer.order_total
    return dict(sorted(sums.items()))


def _of_entry(
    entry: Entry,
    by_row: Mapping[int, Sequence[Fault]],
    intents: Mapping[str, Intent],
    outcomes: Outcomes,
    environment: Environment,
    never_left: Collection[str],
) -> list[RowAnswer]:
    if entry.decision in BY_PRICE:
        return BY_PRICE[entry.decision](entry, environment)
    if entry.decision is Decision.HELD and not entry.code:
        return _of_faulty(entry, by_row, intents.get(entry.intent_id), environment)
    if entry.decision in _NOT_SENT:
        state = _NOT_SENT[entry.decision]
        before = intents.get(entry.intent_id)
        return same_on_all(
            entry,
            RowAnswer(
                row=0,
                state=state,
                result=result_words(state, entry.order_type, environment),
                order_id=before.order_id if before else "",
                error_code=entry.code,
                what_happened=entry.what_happened,
                what_to_do=entry.what_to_do,
            ),
        )
    intent = intents[entry.intent_id]
    if intent.state is IntentState.ACCEPTED:
        order, seen_at = outcomes[intent.intent_id]
        return _of_accepted(entry, intent, order, seen_at, environment)
    if intent.state is IntentState.REFUSED:
        refusal = Refusal(
            intent.error_code, intent.error_message, intent.error_details, intent.answered_at
        )
        return refused_rows(entry, refusal, environment)
    # Looked up or stuck, what the look found says more.
    has_left = intent.state is not IntentState.SENT or intent.intent_id not in never_left
    return same_on_all(entry, _of_unsettled(entry, intent, environment, has_left=has_left))


def _with_warnings(answer: RowAnswer, by_row: Mapping[int, Sequence[Fault]]) -> RowAnswer:
    of_row = by_row.get(answer.row)
    warnings = [f for f in of_row if f.severity == "warning"] if of_row else []
    if not warnings:
        return answer
    told = " ".join([answer.what_happened, *(f"Note: {fault.message}" for fault in warnings)])
    return replace(answer, what_happened=told.strip())


# --- held ---


def _of_faulty(
    entry: Entry,
    by_row: Mapping[int, Sequence[Fault]],
    placed: Intent | None,
    environment: Environment,
) -> list[RowAnswer]:
    """Held rows; `placed` is the order that stands beside them from an earlier run."""
    faulty = {
        row: [fault for fault in by_row.get(row, ()) if fault.severity == "fault"]
        for row, _ in entry.lines
    }
    bad = [row for row, found in faulty.items() if found]
    answers = [_held_row(entry, row, faulty[row], bad, environment) for row, _ in entry.lines]
    if placed is None:
        return answers
    return [
        replace(
            answer,
            order_id=placed.order_id,
            what_happened=f"{stands(placed)} {answer.what_happened}",
        )
        for answer in answers
    ]


def _held_row(
    entry: Entry,
    row: int,
    faults: Sequence[Fault],
    bad: Sequence[int],
    environment: Environment,
) -> RowAnswer:
    answer = RowAnswer(
        row=row,
        state=State.HELD,
        result=result_words(State.HELD, entry.order_type, environment),
    )
    if faults:
        return replace(
            answer,
            error_code=", ".join(dict.fromkeys(fault.code for fault in faults)),
            what_happened=" ".join(dict.fromkeys(fault.message for fault in faults)),
            what_to_do=" ".join(dict.fromkeys(fault.hint for fault in faults)),
        )
    others = ", ".join(str(other) for other in bad[:5]) + (
        f" and {len(bad) - 5} more" if len(bad) > 5 else ""
    )
    rows = f"row{'s' if len(bad) > 1 else ''} {others}"
    return replace(
        answer,
        error_code="ORDER_HELD",
        what_happened=f"Nothing is wrong with this row, but {rows} of the same order "
        f"({entry.reference}) must be mended first. An order is sent whole or not at all.",
        what_to_do=f"Mend {rows} and drop the workbook again.",
        points_at_others=True,
    )


# --- not settled ---


def _of_unsettled(
    entry: Entry, intent: Intent, environment: Environment, *, has_left: bool
) -> RowAnswer:
    if intent.state is IntentState.WRITTEN and not intent.sends:
        return RowAnswer(
            row=0,
            state=State.HELD,
            result=result_words(State.HELD, entry.order_type, environment),
            error_code="NOT_SENT",
            what_happened="The run ended before it was this order's turn; nothing of it was sent.",
            what_to_do="Drop the workbook again; what was ordered already is not ordered twice.",
        )
    if intent.state is IntentState.RETIRED:
        return RowAnswer(
            row=0,
            state=State.HELD,
            result=result_words(State.HELD, entry.order_type, environment),
            error_code="NOT_PLACED",
            what_happened="It was in doubt whether Adobe had placed this order; somebody looked "
            "into it, and it was not placed.",
            what_to_do="Drop the workbook again to order it.",
            answered_at=intent.answered_at,
        )
    return RowAnswer(
        row=0,
        state=State.IN_DOUBT,
        result=result_words(State.IN_DOUBT, entry.order_type, environment),
        error_code=intent.error_code,
        what_happened=_known_of(intent) if has_left else _tried(intent),
        what_to_do=_next_for(intent),
        answered_at=intent.answered_at,
    )


def _tried(intent: Intent) -> str:
    return (
        f"Orderdrop tried {_times(intent)} to send the order, but nothing of it has left: Adobe "
        "could not be reached, or the computer was held up."
    )


def _times(intent: Intent) -> str:
    return "once" if intent.sends == 1 else f"{intent.sends} times"


def _known_of(intent: Intent) -> str:
    """What is known of an order in doubt."""
    known = explain(intent.error_code)
    said = f" The last answer was: {known.meaning} ({intent.error_code})." if known else ""
    if intent.doubt.endswith(_CAME_LATE):
        order = intent.doubt.removesuffix(_CAME_LATE)
        return (
            f"The order was sent {_times(intent)} and settled as not placed, but then Adobe's "
            f"answer came all the same: {order}."
        )
    sent = f"The order was sent {_times(intent)}, but no clear answer came.{said}"
    if intent.state is IntentState.STUCK:
        return f"{sent} {_why_stuck(intent.doubt)}"
    if intent.state is IntentState.LOOKING and intent.looks:
        return f"{sent} It was looked for in Adobe's list of orders and not found so far."
    return f"{sent} Whether Adobe has placed it is not known yet."


_CAME_LATE: Final = " came all the same"
_COULD_BE: Final = "could be any of "


def _why_stuck(doubt: str) -> str:
    if doubt.startswith(_COULD_BE):
        return f"Adobe has more than one order that could be it: {doubt.removeprefix(_COULD_BE)}."
    if "another's" in doubt:
        return f"What Adobe answered belongs to another order: {doubt}."
    if "a person is to decide" in doubt:
        return "It was not found at Adobe; the settings leave what follows to a person."
    return "It was not found at Adobe, and it is too old to be sent again."


def _next_for(intent: Intent) -> str:
    """What happens next with an order in doubt, and what a person should do."""
    if intent.state is IntentState.STUCK:
        return (
            "Do not order it again. Ask whoever looks after Orderdrop to settle it with Adobe "
            f"(reference {intent.reference}, customer {intent.customer_id})."
        )
    return (
        "Do not order it again. Drop this workbook again in half an hour: Orderdrop asks Adobe "
        "first and never orders twice. Where it runs unattended, it asks by itself."
    )


# --- placed ---


def _of_accepted(
    entry: Entry,
    intent: Intent,
    order: OrderAnswer,
    seen_at: datetime,
    environment: Environment,
) -> list[RowAnswer]:
    state = placed_state(order)
    missed = missed_discounts(order)
    happened, advice = _told(state, order, intent, missed)
    again = (
        f"Placed by an earlier run as order {order.order_id}; not sent again. "
        if entry.decision is Decision.ANSWERED
        else ""
    )
    base = RowAnswer(
        row=0,
        state=state,
        result=result_words(state, entry.order_type, environment, discount_missed=bool(missed)),
        order_id=intent.order_id,
        order_status=order.status or "1002",
        error_code=order.status if state is State.FAILED else "",
        what_happened=again + happened,
        what_to_do=advice,
        answered_at=seen_at,
    )
    return with_lines(entry, _with_a_second(base, intent), order)


def _with_a_second(answer: RowAnswer, intent: Intent) -> RowAnswer:
    """The answer, with the other order that Adobe has named for the very same intent."""
    if not intent.doubt.startswith(ALSO):
        return answer
    other = intent.doubt.removeprefix(ALSO)
    return replace(
        answer,
        what_happened=f"{answer.what_happened} Adobe has named a second order for it as well: "
        f"{other}.",
        what_to_do=f"Ask Adobe whether order {other} stands too; if so, return one of the two.",
    )


def _told(
    state: State, order: OrderAnswer, intent: Intent, missed: Sequence[str]
) -> tuple[str, str]:
    """What happened and what to do, of an order with an order id."""
    if state is State.OPEN:
        codes = f" The discount code {', '.join(missed)} was not honoured." if missed else ""
        return (
            f"Adobe has accepted the order and is still working on it.{codes}",
            "Nothing now; it usually finishes within minutes. Do not order it again.",
        )
    if state is State.FAILED:
        meaning = status_codes()["Order", order.status].meaning
        return (
            f"Adobe accepted the order and failed it afterwards: {meaning}",
            "Settle the cause with Adobe; then order it again as a new order with a new reference.",
        )
    done = {
        "RETURN": f"The return of order {order.reference_order_id} is complete.",
        "RENEWAL": "The renewal is complete.",
        "SWITCH": f"The upgrade is complete.{moved(order)}{exchange(order)}",
        "REVERT_SWITCH": f"The upgrade was taken back.{moved(order)}{exchange(order)}",
    }.get(intent.order_type, "The order is complete.")
    if order.status == "1008":
        done = "The order was placed and has been returned since."
    if missed:
        return (
            f"{done} The discount code {', '.join(missed)} was not honoured: full price.",
            "Check the discount code with Adobe; the order itself stands.",
        )
    return done, ""
