"""The server's clock: it ticks like the real one and can be set (reference, section 21)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Between these the clock can be set: terms and stored answers reach beyond it both ways."""

_PACIFIC = ZoneInfo("America/Los_Angeles")
_WIRE_SIGNS = len("2026-10-03T15:20:41")


class ClockRangeError(Exception):
    """The clock was to be set to a moment that it does not go to."""

    def __init__(self) -> None:
        super().__init__(f"The clock goes from the year {EARLIEST.year} to {LATEST.year} only.")


class Clock:
    """Server time, UTC: the real time plus an offset."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """The present moment by the server."""
        return datetime.now(UTC) + self.offset

    def set_to(self, moment: datetime) -> None:
        """Jump to `moment`, or `ClockRangeError`; time goes on from there."""
        self._jump_to(moment - datetime.now(UTC))

    def advance(self, seconds: float) -> None:
        """Jump by `seconds`, backwards when negative, or `ClockRangeError`."""
        try:
            self._jump_to(self.offset + timedelta(seconds=seconds))
        except (OverflowError, ValueError):
            raise ClockRangeError from None

    def _jump_to(self, offset: timedelta) -> None:
        if not EARLIEST <= datetime.now(UTC) + offset <= LATEST:
            raise ClockRangeError
        self.offset = offset


def pacific_day(moment: datetime) -> date:
    """The calendar day of `moment` in America/Los_Angeles, which prices go by (section 15.1)."""
    return moment.astimezone(_PACIFIC).date()


def one_year_after(day: date) -> date:
    """The same day next year; 29 February becomes 28 February (reference, C35)."""
    return _in_year(day, day.year + 1)


def one_year_before(day: date) -> date:
    """The same day a year earlier; 29 February becomes 28 February."""
    return _in_year(day, day.year - 1)


def wire_moment(moment: datetime) -> str:
    """`2026-10-03T15:20:41Z`: UTC, whole seconds (reference, section 1)."""
    return f"{moment.isoformat(timespec='seconds')[:_WIRE_SIGNS]}Z"  # strftime is 20 times slower


def _in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)
