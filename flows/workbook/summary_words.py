"""What the Summary says: the headline, the meanings of the states, what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from schemas.outcomes import NEEDS_PERSON, PRACTICE, RESULT, RowAnswer, State, WorkbookSummary

BANNERS: Final[Mapping[str, str]] = {
    "practice": "Practice: nothing was ordered for real.",
    "sandbox": "Adobe's test system: nothing was bought.",
}
"""By environment; production needs none."""

MEANING: Final[Mapping[State, str]] = {
    State.DONE: "Adobe has finished these orders.",
    State.OPEN: "Adobe took these orders and is still working on them.",
    State.PREVIEWED: "These orders were priced. Nothing was ordered.",
    State.IN_DOUBT: "It is not known yet whether Adobe placed these orders.",
    State.NEEDS_APPROVAL: "Not sent. A person must approve these orders first.",
    State.PLACED_BEFORE: "Not sent, because these orders had been placed before.",
    State.HELD: "Not sent, because something in the rows is missing or wrong.",
    State.REFUSED: "Adobe said no. Nothing was placed.",
    State.FAILED: "Adobe took these orders, and they failed afterwards.",
}
"""In the order in which the Summary lists the states."""

NEXT_STEPS: Final[Mapping[State, str]] = {
    State.HELD: "Mend the red rows and drop this workbook back into the folder: "
    "what was ordered is never ordered again.",
    State.REFUSED: "Rows refused by Adobe: do what stands under What to do, then drop this "
    "workbook back into the folder.",
    State.FAILED: "Rows that failed later: once the cause is mended, order them again in a new "
    "row with a new reference.",
    State.NEEDS_APPROVAL: "Rows that need approval: check the price, write yes in the column "
    "approve and drop this workbook back into the folder.",
    State.PLACED_BEFORE: "Rows ordered before: nothing to do, unless you want them a second "
    "time; then write yes in the column repeat and drop this workbook back into the folder.",
    State.IN_DOUBT: "Rows in doubt: do not order them in another way. They are looked up at "
    "Adobe, and the answer is written here.",
    State.OPEN: "Rows not finished yet: nothing to do. The answers are brought up to date when "
    "Adobe has finished.",
}
"""In the order of urgency."""

READY_MEANING: Final = "Nothing is wrong with these orders. They were only checked, not sent."


def tasks_words(count: int) -> str:
    """What the To do sheet holds."""
    if not count:
        return "nothing"
    return f"{count:,} thing{'' if count == 1 else 's'}, with links to the cells"


def headline(summary: WorkbookSummary, answers: Sequence[RowAnswer]) -> str:
    """One sentence: "11 of 14 orders were placed; 3 need you."."""
    orders = summary.orders
    if summary.ready is not None:
        return _checked_words(summary.ready, sum(orders.values()))
    total = sum(orders.values())
    placed = orders.get(State.DONE, 0) + orders.get(State.OPEN, 0)
    priced = orders.get(State.PREVIEWED, 0)
    needing = sum(count for state, count in orders.items() if state in NEEDS_PERSON)
    doubtful = orders.get(State.IN_DOUBT, 0)
    parts = [_placed_words(placed, priced, total)]
    if needing:
        parts.append(f"{needing} need{'s' if needing == 1 else ''} you")
    elif rows := sum(1 for answer in answers if answer.state in NEEDS_PERSON):
        parts.append(f"{rows} row{'s need' if rows > 1 else ' needs'} you")
    if doubtful:
        parts.append(f"{doubtful} {'is' if doubtful == 1 else 'are'} in doubt")
    return "; ".join(parts) + "."


def _checked_words(ready: int, held: int) -> str:
    words = f"Checked only, nothing was sent: {ready} order{'' if ready == 1 else 's'} can be sent"
    return f"{words}; {held} need{'s' if held == 1 else ''} you." if held else f"{words}."


def _placed_words(placed: int, priced: int, total: int) -> str:
    if not total:
        return "No order was found"
    if priced and not placed:
        return _share(priced, total, "priced")
    words = _share(placed, total, "placed")
    return f"{words} and {priced} priced" if priced else words


def _share(count: int, total: int, deed: str) -> str:
    if count == total:
        every = "The one order was" if total == 1 else f"All {total} orders were"
        return f"{every} {deed}"
    if not count:
        none = "The one order was not" if total == 1 else f"None of {total} orders was"
        return f"{none} {deed}"
    return f"{count} of {total} orders {'was' if count == 1 else 'were'} {deed}"


def state_words(state: State, answers: Sequence[RowAnswer]) -> str:
    """The words the rows of a state carry: a finished order was Ordered, Returned, Renewed ..."""
    if state is not State.DONE:
        return RESULT[state]
    seen = dict.fromkeys(
        answer.result.removeprefix(PRACTICE).partition(",")[0]
        for answer in answers
        if answer.state is state
    )
    return ", ".join(word for word in seen if word) or "Ordered"


def next_steps(summary: WorkbookSummary) -> tuple[str, ...]:
    """What to do, one sentence for each kind of row that asks for it."""
    present = {
        state
        for counts in (summary.orders, summary.rows)
        for state, count in counts.items()
        if count
    }
    return tuple(step for state, step in NEXT_STEPS.items() if state in present) or (
        "Nothing to do.",
    )
