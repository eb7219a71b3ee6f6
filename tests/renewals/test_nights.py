"""Which night it is: clocks that change, machines that sleep, clocks set back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.renewals.nights import Course, Night, Tonight, course_of, night_of

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
TWO = time(2)
SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)


def ticks(first: datetime, hours: int, minutes: int = 10) -> list[datetime]:
    """Moments at which somebody looks at the clock."""
    return [first + timedelta(minutes=m) for m in range(0, hours * 60, minutes)]


def nights_done(moments: list[datetime], zone: ZoneInfo, begins: time) -> list[date]:
    """The nights in which something was done, by somebody who looks at each moment."""
    done = [Night(night_of(moments[0], zone, begins) - timedelta(days=1), was_dry_run=False)]
    for now in moments:
        course = course_of(night_of(now, zone, begins), done)
        if course.tonight is Tonight.RENEWS:
            done.append(Night(course.night, was_dry_run=False))
    return [night.date for night in done[1:]]


@pytest.mark.parametrize("begins", [time(0), time(1, 30), TWO, time(2, 30), time(3)])
@pytest.mark.parametrize(
    ("zone", "change"),
    [
        (BERLIN, date(2026, 3, 29)),
        (BERLIN, date(2026, 10, 25)),
        (NEW_YORK, date(2026, 3, 8)),
        (NEW_YORK, date(2026, 11, 1)),
    ],
    ids=["Europe, forward", "Europe, back", "America, forward", "America, back"],
)
def test_the_night_of_a_clock_change_is_done_once(
    zone: ZoneInfo, change: date, begins: time
) -> None:
    noon = datetime.combine(change - timedelta(days=1), time(12), zone).astimezone(UTC)
    done = nights_done(ticks(noon, hours=48), zone, begins)
    assert done == [change + timedelta(days=n) for n in (-1, 0, 1)]


@pytest.mark.parametrize(
    ("now", "night"),
    [
        # Berlin, 29 March: 02:00 never comes, the clock goes from 01:59 to 03:00.
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), date(2026, 3, 29)),
        # Berlin, 25 October: 02:00 comes twice.
        (datetime(2026, 10, 24, 23, 59, tzinfo=UTC), date(2026, 10, 24)),
        (datetime(2026, 10, 25, 0, 0, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 10, 25, 1, 0, tzinfo=UTC), date(2026, 10, 25)),
    ],
)
def test_a_night_begins_when_the_wall_clock_has_passed_its_hour(now: datetime, night: date) -> None:
    assert night_of(now, BERLIN, TWO) == night


def test_a_machine_asleep_at_two_does_the_night_when_it_wakes() -> None:
    wakes = datetime(2026, 11, 25, 9, 30, tzinfo=BERLIN)
    done = [Night(date(2026, 11, 24), was_dry_run=False)]
    assert course_of(night_of(wakes, BERLIN, TWO), done) == Course(
        date(2026, 11, 25), Tonight.RENEWS
    )


def test_missed_nights_are_caught_up_with_once() -> None:
    done = [Night(date(2026, 11, 20), was_dry_run=False)]
    course = course_of(date(2026, 11, 25), done)
    assert course == Course(date(2026, 11, 25), Tonight.RENEWS, missed=4)
    done.append(Night(course.night, was_dry_run=False))
    assert course_of(date(2026, 11, 25), done).tonight is Tonight.DONE


def test_the_first_night_of_a_book_is_a_dry_run_and_the_second_renews() -> None:
    first = date(2026, 11, 25)
    assert course_of(first, []) == Course(first, Tonight.DRY_RUN)
    dry = [Night(first, was_dry_run=True)]
    assert course_of(first, dry) == Course(first, Tonight.DONE_AS_DRY_RUN)
    assert course_of(first + timedelta(days=1), dry).tonight is Tonight.RENEWS


def test_a_clock_that_was_set_back_repeats_no_night() -> None:
    done = [Night(date(2026, 11, 25), was_dry_run=False)]
    assert course_of(date(2026, 11, 24), done) == Course(date(2026, 11, 24), Tonight.DONE)


@given(
    st.sampled_from([BERLIN, NEW_YORK, ZoneInfo("America/Havana"), ZoneInfo("Asia/Tokyo")]),
    st.times(),
    st.integers(0, 2 * 365 * 24 * 60).map(lambda m: SOME_TIME + timedelta(minutes=m)),
    st.lists(st.integers(1, 4 * 24 * 60), min_size=1, max_size=60),
)
def test_whenever_somebody_looks_no_night_is_done_twice_and_none_after_a_later_one(
    zone: ZoneInfo, begins: time, first: datetime, minutes: list[int]
) -> None:
    moments = [first]
    for pause in minutes:
        moments.append(moments[-1] + timedelta(minutes=pause))
    done = nights_done(moments, zone, begins.replace(tzinfo=None))
    assert done == sorted(set(done))
