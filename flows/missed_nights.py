"""Nights that are owed: their hour has come, and the ledger does not know them as done.

The scheduler may have been asleep, away, or may have lost what it had planned; the ledger and the
renewal books say what is owed all the same.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flows.desk import ledger_exists, open_ledger
from flows.renewal_books import NoRenewalBook, RenewalBook, books_of, read_book
from flows.renewals.nights import Night, Tonight, course_of, night_of
from flows.settings import Settings
from schemas.faults import Stop


def is_owed(settings: Settings, now: datetime) -> bool:
    """Whether a night is owed to one of the account's renewal books at `now` (with a zone).

    A book that nobody has gone through yet is owed its dry run from the first night whose hour it
    has seen; one that cannot be read is owed nothing: the next night says so. Raises LedgerFault.
    """
    books = _books(settings)
    if not books:
        return False
    zone = ZoneInfo(settings.timezone)
    night = night_of(now, zone, settings.night)
    began = datetime.combine(night, settings.night, zone)
    known = _nights(settings, books)
    for book, done in zip(books, known, strict=True):
        course = course_of(night, done)
        if course.tonight is Tonight.RENEWS:
            return True
        if course.tonight is Tonight.DRY_RUN and _lay_there(book, began):
            return True
    return False


def _lay_there(book: RenewalBook, moment: datetime) -> bool:
    try:
        return datetime.fromtimestamp(book.path.stat().st_mtime, UTC) < moment
    except OSError:
        return False


def _books(settings: Settings) -> list[RenewalBook]:
    try:
        paths = books_of(settings, None)
    except NoRenewalBook:
        return []
    found = []
    for path in paths:
        try:
            found.append(read_book(path, settings))
        except Stop:
            continue
    return found


def _nights(settings: Settings, books: list[RenewalBook]) -> list[list[Night]]:
    if not ledger_exists(settings):
        return [[] for _ in books]
    ledger = open_ledger(settings)
    try:
        memory = ledger.renewals(settings.account, settings.effective_environment)
        return [
            [Night(done.date, done.was_dry_run) for done in memory.nights(book.key)]
            for book in books
        ]
    finally:
        ledger.close()
