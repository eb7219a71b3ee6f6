"""Which night it is, and whether it is done: decided by local dates, never by hours that passed.

A night bears the local date on which its hour came. Hours that a clock change skips or repeats
change nothing in it: a skipped hour has come as soon as the clock shows a later one, and one that
comes twice finds its date done.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Tonight(StrEnum):
    """What this night is for a renewal book."""

    DRY_RUN = "dry run"
    RENEWS = "renews"
    DONE = "done"
    DONE_AS_DRY_RUN = "done as a dry run"


@dataclass(frozen=True, slots=True)
class Night:
    """One night that was done: its local date, and whether nothing was placed in it."""

    date: date
    was_dry_run: bool


@dataclass(frozen=True, slots=True)
class Course:
    """What tonight is, and how many nights before it nobody did: one run catches up with all."""

    night: date
    tonight: Tonight
    missed: int = 0


def night_of(now: datetime, zone: ZoneInfo, begins: time) -> date:
    """The newest night whose hour (`begins`, wall clock) has come at `now` in `zone`."""
    local = now.astimezone(zone)
    has_come = local.time() >= begins
    return local.date() if has_come else local.date() - timedelta(days=1)


def course_of(night: date, done: Collection[Night]) -> Course:
    """What `night` is, by the nights that the ledger knows of the book.

    The first night is a dry run. A night is done when it or a later one is (a clock that was set
    back, a machine that changed its time zone).
    """
    if not done:
        return Course(night, Tonight.DRY_RUN)
    newest = max(done, key=lambda known: known.date)
    if newest.date >= night:
        only_dry = all(known.was_dry_run for known in done)
        return Course(night, Tonight.DONE_AS_DRY_RUN if only_dry else Tonight.DONE)
    return Course(night, Tonight.RENEWS, (night - newest.date).days - 1)
