"""What comes due in the next 30 days, with what happens then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from flows.renewals.decide import Decision
from flows.renewals.windows import (
    LATE_DAYS,
    LATE_WITH_WARNING_DAYS,
    Phase,
    opens_on,
)
from schemas.renewals import Wish

DAYS: Final = 30

_LAST_DAYS: Final[Mapping[Phase, int]] = {
    Phase.LATE: LATE_DAYS,
    Phase.LATE_WITH_WARNING: LATE_WITH_WARNING_DAYS,
}

_COMING: Final[Mapping[tuple[Wish, bool], str]] = {
    (Wish.AS_IS, False): "It will be renewed: {wanted} licences.",
    (Wish.QUANTITY, False): "It will be renewed: {wanted} licences.",
    (Wish.AS_IS, True): "Its automatic renewal is on: Adobe renews {auto} licences on {term}.",
    (Wish.QUANTITY, True): "{wanted} licences are wanted; its automatic renewal is on, for {auto} "
    "licences on {term}.",
    (Wish.ASK, False): "You will be asked; it ends on {term} if nobody renews it.",
    (Wish.ASK, True): "You will be asked; Adobe renews {auto} licences on {term} unless its "
    "automatic renewal is switched off.",
    (Wish.NOT, False): "It ends on {term}, as wanted.",
    (Wish.NOT, True): "It is not wanted, yet Adobe renews {auto} licences on {term} unless its "
    "automatic renewal is switched off.",
}


@dataclass(frozen=True, slots=True)
class Coming:
    """A subscription's next date, `by` what it is the date of, and what happens then.

    `what_happens` is "" for what is due now: what the night brings it is told instead.
    """

    decision: Decision
    on: date
    by: str
    what_happens: str = ""


def coming_due(decisions: Iterable[Decision], today: date) -> list[Coming]:
    """Everything whose next date lies within 30 days from `today` (a UTC day), by that date."""
    found = [coming for d in decisions if (coming := _coming(d)) is not None]
    until = today + timedelta(days=DAYS)
    within = [coming for coming in found if today <= coming.on <= until]
    return sorted(within, key=lambda c: (c.on, c.decision.case.row.row))


def _coming(decision: Decision) -> Coming | None:
    case, term = decision.case, decision.case.term
    if term is None:
        return None
    match case.phase:
        case Phase.NOT_YET:
            on = opens_on(term)
            words = _COMING[case.row.wish, case.auto is not None].format(
                wanted=case.wanted, auto=case.auto, term=term
            )
            return Coming(decision, on, "can be renewed from", words)
        case Phase.EARLY | Phase.DAY_HAS_COME | Phase.SCHEDULED:
            return Coming(decision, term, "renewal date")
        case Phase.LATE | Phase.LATE_WITH_WARNING:
            last = term + timedelta(days=_LAST_DAYS[case.phase])
            return Coming(decision, last, "can be renewed until")
        case _:
            return None
