"""Every status on every day has one phase, and the days of the windows are those of section 11."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.renewals.windows import SPANS, Dates, Phase, Span, dates_of, next_year, phase_of
from schemas.subscriptions import SubscriptionStatus
from tests.renewals.cases import TODAY, customer, subscription

FAR = 4000


def days_of(span: Span) -> set[int]:
    """The two ends of a span, or far days where it has none."""
    first = -FAR if span.first is None else span.first
    last = FAR if span.last is None else span.last
    return {first, last}


@pytest.mark.parametrize("span", SPANS, ids=lambda span: f"{span.status} {span.first} {span.late}")
def test_each_span_holds_at_both_its_ends(span: Span) -> None:
    for late in (False, True) if span.late is None else (span.late,):
        for days in days_of(span):
            owned = subscription(-days, status=span.status, late=late)
            assert phase_of(owned, owned.renewal_date, TODAY) is span.phase


@given(
    st.sampled_from(SubscriptionStatus), st.booleans(), st.integers(min_value=-FAR, max_value=FAR)
)
def test_every_status_on_every_day_is_in_just_one_span(
    status: SubscriptionStatus, late: bool, days: int
) -> None:
    assert sum(span.holds(status, late, days) for span in SPANS) == 1


@pytest.mark.parametrize(
    ("days_to_go", "phase"),
    [
        (31, Phase.NOT_YET),
        (30, Phase.EARLY),
        (1, Phase.EARLY),
        (0, Phase.DAY_HAS_COME),
        (-1, Phase.DAY_HAS_COME),
    ],
)
def test_an_active_subscription_can_be_renewed_from_thirty_days_to_the_day_before(
    days_to_go: int, phase: Phase
) -> None:
    owned = subscription(days_to_go)
    assert phase_of(owned, owned.renewal_date, TODAY) is phase


@pytest.mark.parametrize(
    ("days_ago", "phase"),
    [
        (0, Phase.LATE),
        (14, Phase.LATE),
        (15, Phase.LATE_WITH_WARNING),
        (30, Phase.LATE_WITH_WARNING),
        (31, Phase.TOO_LATE),
    ],
)
def test_a_lapsed_one_is_offered_for_fourteen_days_and_tried_for_thirty(
    days_ago: int, phase: Phase
) -> None:
    owned = subscription(-days_ago, status=SubscriptionStatus.INACTIVE, late=True)
    assert phase_of(owned, owned.renewal_date, TODAY) is phase


def test_without_a_date_or_with_an_unknown_status_nobody_can_tell() -> None:
    owned = subscription(20)
    assert phase_of(owned, None, TODAY) is Phase.UNKNOWN
    strange = owned.model_copy(update={"status": "1999"})
    assert phase_of(strange, strange.renewal_date, TODAY) is Phase.UNKNOWN


@pytest.mark.parametrize(
    ("anniversary", "dates"),
    [
        (date(2026, 12, 15), Dates.TOGETHER),
        (None, Dates.TOGETHER),
        (date(2027, 12, 15), Dates.RENEWED_EARLY),
        (date(2026, 12, 16), Dates.APART),
        (date(2028, 12, 15), Dates.APART),
    ],
)
def test_the_first_early_renewal_puts_the_anniversary_a_year_ahead(
    anniversary: date | None, dates: Dates
) -> None:
    assert dates_of(date(2026, 12, 15), customer(anniversary)) is dates


def test_a_leap_day_is_followed_by_the_28th() -> None:
    assert next_year(date(2028, 2, 29)) == date(2029, 2, 28)
    assert next_year(TODAY) == TODAY + timedelta(days=365)
