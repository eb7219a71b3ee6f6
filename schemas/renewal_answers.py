"""What a renewal workbook tells: of every subscription, of what is coming, of the night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from schemas.outcomes import PRACTICE, Environment


class RenewalState(StrEnum):
    """What a night brought one subscription."""

    RENEWED = "renewed"
    OPEN = "open"
    WOULD_RENEW = "would_renew"
    NOTHING = "nothing"
    HELD = "held"
    TOO_LATE = "too_late"
    REFUSED = "refused"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"


NEEDS_PERSON: Final = frozenset(
    {RenewalState.HELD, RenewalState.TOO_LATE, RenewalState.REFUSED, RenewalState.FAILED}
)

RESULT: Final[Mapping[RenewalState, str]] = {
    RenewalState.RENEWED: "Renewed",
    RenewalState.OPEN: "Accepted, not finished yet",
    RenewalState.WOULD_RENEW: "Would be renewed",
    RenewalState.NOTHING: "Nothing to do",
    RenewalState.HELD: "Held",
    RenewalState.TOO_LATE: "Too late",
    RenewalState.REFUSED: "Refused by Adobe",
    RenewalState.FAILED: "Accepted, failed later",
    RenewalState.IN_DOUBT: "In doubt",
}


def renewal_result(state: RenewalState, environment: Environment) -> str:
    """What stands in the column Result, for example "Practice: Renewed"."""
    return (PRACTICE if environment == "practice" else "") + RESULT[state]


@dataclass(frozen=True, slots=True)
class RenewalAnswer:
    """One subscription. `row` is the row of the renewal book that speaks of it.

    `place` is its order's place among the customer's ("2 of 5"); prices are Decimal in `currency`,
    None where they are not known.
    """

    row: int
    customer_id: str
    company: str
    subscription_id: str
    offer_id: str
    licences: int | None
    renewed: int | None
    automatic: str
    renewal_date: date | None
    wanted: str
    ceiling: str
    state: RenewalState
    result: str
    what_happened: str
    what_to_do: str = ""
    place: str = ""
    quantity: int | None = None
    price: Decimal | None = None
    currency: str = ""
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class ComingAnswer:
    """One subscription whose next date lies within 30 days; `by` says what the date is."""

    on: date
    by: str
    row: int
    customer_id: str
    company: str
    subscription_id: str
    offer_id: str
    licences: int
    what_happens: str


@dataclass(frozen=True, slots=True)
class NightSummary:
    """One night over one renewal book; `night` is its local date, times are UTC.

    `is_dry_run`: nothing was placed; `is_first`: because it was the book's first night. `missed`
    counts nights before it that nobody did. Totals are by currency: what was ordered, or in a dry
    run what would have been.
    """

    book: str
    environment: Environment
    account: str
    night: date
    started_at: datetime
    finished_at: datetime
    timezone: str
    is_dry_run: bool
    is_first: bool
    missed: int = 0
    counts: Mapping[RenewalState, int] = field(default_factory=dict)
    totals: Mapping[str, Decimal] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
