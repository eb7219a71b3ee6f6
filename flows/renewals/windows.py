"""Where a subscription stands between two terms (reference, sections 11.1 to 11.5, C9).

Windows are counted in days from the subscription's own renewal date. The customer's anniversary
normally is the same day; the first early renewal moves it one year ahead and leaves the renewal
date where it was, so it only tells whether the two fit together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from schemas.customers import Customer
from schemas.subscriptions import Subscription, SubscriptionStatus

EARLY_DAYS: Final = 30
LATE_DAYS: Final = 14
"""What the vendor speaks of on two pages: as long a late renewal is simply offered."""
LATE_WITH_WARNING_DAYS: Final = 30
"""What the vendor's error table speaks of: until then it is tried, with a warning."""
SETTINGS_DAYS: Final = 3
"""How long before the renewal date the automatic renewal's settings are to stand (11.2)."""


class Phase(StrEnum):
    """Where a subscription stands today."""

    NOT_YET = "not yet"
    EARLY = "early"
    DAY_HAS_COME = "day has come"
    LATE = "late"
    LATE_WITH_WARNING = "late, with a warning"
    TOO_LATE = "too late"
    ENDED = "ended"
    SCHEDULED = "scheduled"
    CHANGING = "changing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Span:
    """The phase of one status from `first` to `last` days after the renewal date (None: no end).

    `late` tells whether the subscription may be renewed late; None: that does not matter.
    """

    status: SubscriptionStatus
    late: bool | None
    first: int | None
    last: int | None
    phase: Phase

    def holds(self, status: str, late: bool, days: int) -> bool:
        """Whether this is the span of a subscription, `days` after its renewal date."""
        return (
            status == self.status
            and self.late in (None, late)
            and (self.first is None or days >= self.first)
            and (self.last is None or days <= self.last)
        )


SPANS: Final = (
    Span(SubscriptionStatus.ACTIVE, None, None, -EARLY_DAYS - 1, Phase.NOT_YET),
    Span(SubscriptionStatus.ACTIVE, None, -EARLY_DAYS, -1, Phase.EARLY),
    Span(SubscriptionStatus.ACTIVE, None, 0, None, Phase.DAY_HAS_COME),
    Span(SubscriptionStatus.INACTIVE, True, None, -1, Phase.ENDED),
    Span(SubscriptionStatus.INACTIVE, True, 0, LATE_DAYS, Phase.LATE),
    Span(
        SubscriptionStatus.INACTIVE,
        True,
        LATE_DAYS + 1,
        LATE_WITH_WARNING_DAYS,
        Phase.LATE_WITH_WARNING,
    ),
    Span(SubscriptionStatus.INACTIVE, True, LATE_WITH_WARNING_DAYS + 1, None, Phase.TOO_LATE),
    Span(SubscriptionStatus.INACTIVE, False, None, None, Phase.ENDED),
    Span(SubscriptionStatus.PENDING, None, None, None, Phase.CHANGING),
    Span(SubscriptionStatus.SCHEDULED, None, None, None, Phase.SCHEDULED),
)
"""Every status on every day, once."""


class Dates(StrEnum):
    """How anniversary and renewal date stand to each other."""

    TOGETHER = "together"
    RENEWED_EARLY = "renewed early"
    APART = "apart"


def term_of(subscription: Subscription, customer: Customer) -> date | None:
    """The renewal date that ends the present term, which a renewal's intent is keyed by."""
    return subscription.renewal_date or customer.anniversary


def phase_of(subscription: Subscription, term: date | None, today: date) -> Phase:
    """The phase of a subscription on a UTC day; UNKNOWN without a date or with a new status."""
    if term is None:
        return Phase.UNKNOWN
    days = (today - term).days
    late = subscription.can_be_renewed_late
    found = (span.phase for span in SPANS if span.holds(subscription.status, late, days))
    return next(found, Phase.UNKNOWN)


def dates_of(term: date, customer: Customer) -> Dates:
    """Whether the anniversary is the renewal date, a year ahead of it, or neither."""
    if customer.anniversary in (None, term):
        return Dates.TOGETHER
    return Dates.RENEWED_EARLY if customer.anniversary == next_year(term) else Dates.APART


def opens_on(term: date) -> date:
    """The first day on which an early renewal may be placed."""
    return term - timedelta(days=EARLY_DAYS)


def next_year(day: date) -> date:
    """The same day next year; 29 February becomes 28 February (reference, C35)."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)
