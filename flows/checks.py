"""What `orderdrop doctor` looks at: one function for each thing, which says how it stands.

A check may raise; `flows.doctor` makes an answer of it. No sentence holds a secret, or an address
in which one may stand.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from flows.companion import speaks
from flows.connection import connected
from flows.desk import is_behind, ledger_exists, open_ledger
from flows.inbox.heartbeat import is_stale, read_heartbeat
from flows.notify import Notifier
from flows.ordering.states import final_statuses
from flows.prefect_server import PrefectServer, configured_api_url, shown
from flows.renewal_books import NoRenewalBook, books_of, read_book
from flows.settings import Settings
from schemas.faults import Stop
from schemas.orders import UNSETTLED, IntentState

LITTLE_ROOM: Final = 1 << 30
"""Bytes: with less on the disk a person is warned."""

NO_ROOM: Final = 200 << 20
"""Bytes: with less, a workbook of the largest size could not be answered."""

LONG: Final = timedelta(days=1)
"""Orders that are open or in doubt for longer are for a person to look at."""


MEND: Final = "Mend this, and look again."
"""What to do where the sentence itself says it."""


class How(StrEnum):
    """How something stands."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing stands; `to_do` is empty where there is nothing to do."""

    name: str
    how: How
    sentence: str
    to_do: str = ""


def environment(settings: Settings) -> Finding:
    """Where orders go, and whether anything says so."""
    where = settings.effective_environment
    if settings.environment is None and not settings.marketplace_url:
        return Finding(
            "settings",
            How.OK,
            "No environment is set, so everything is practice: nothing is ordered for real. "
            "Commands that run unattended (watch, serve, renew on a schedule) need "
            "ORDERDROP_ENVIRONMENT.",
        )
    real = {"practice": "nothing is ordered for real", "production": "orders are real"}
    said = real.get(where, "orders go to Adobe's sandbox or the address that is set")
    accounts = f" Accounts: {', '.join(settings.account_names)}."
    return Finding("settings", How.OK, f"The environment is {where}: {said}.{accounts}")


async def credentials(settings: Settings) -> Finding:
    """Sign in with an account's credentials, whichever way they are kept; compare the clocks."""
    name = of_account(settings, "credentials")
    try:
        settings.check_real_marketplace()
        if settings.needs_block:
            server = PrefectServer(settings.state_dir)
            server.begin()
            server.ready()
        async with connected(settings):
            pass
    except Stop as stop:
        table = f"[accounts.{settings.account}] of orderdrop.toml"
        is_table = settings.account in settings.accounts.tables
        mend = f"The account's settings stand in {table}." if is_table else MEND
        return Finding(name, How.WRONG, str(stop), mend)
    where = "the embedded marketplace" if settings.effective_environment == "practice" else "Adobe"
    return Finding(
        name,
        How.OK,
        f"Signed in at {where}; the clocks agree.",
    )


def ledger(settings: Settings) -> Finding:
    """Whether the ledger opens, is as this program needs it, and is not ahead of the clock."""
    name = "ledger"
    if not ledger_exists(settings):
        return Finding(
            name, How.OK, f"There is none yet; the first run makes it in {settings.state_dir}."
        )
    opened = open_ledger(settings)
    try:
        place, newest = opened.place, opened.newest_moment()
        is_ahead = is_behind(opened)
    finally:
        opened.close()
    if is_ahead and newest is not None:
        return Finding(
            name,
            How.WRONG,
            f"The newest entry is of {newest.astimezone(UTC):%Y-%m-%d %H:%M} UTC, which is yet to "
            "come: this computer's clock is behind.",
            "Set the clock right; until then nothing that is unanswered is sent again.",
        )
    return Finding(name, How.OK, f"It opens and is up to date: {place}.")


def disk(settings: Settings, accounts: Sequence[Settings]) -> Finding:
    """Whether there is room where Orderdrop writes."""
    places = dict(_folders(settings, accounts))
    free = {what: shutil.disk_usage(_nearest(place)).free for what, place in places.items()}
    what, least = min(free.items(), key=lambda found: found[1])
    sentence = f"{least / (1 << 30):.1f} GB are free for {what}."
    if least >= LITTLE_ROOM:
        return Finding("disk", How.OK, sentence)
    how = How.WRONG if least < NO_ROOM else How.WARNING
    return Finding("disk", how, sentence, f"Make room on the disk of {places[what]}.")


def folders(settings: Settings, accounts: Sequence[Settings]) -> Iterator[Finding]:
    """Whether each folder can be written, and is none of the others."""
    seen: dict[Path, str] = {}
    for what, place in _folders(settings, accounts):
        resolved = place.absolute().resolve()
        if resolved in seen:
            yield Finding(
                what,
                How.WRONG,
                f"{place.absolute()} is also {seen[resolved]}.",
                "Give each of them a folder of its own.",
            )
            continue
        seen[resolved] = what
        yield _folder(what, place.absolute())


def _folder(what: str, place: Path) -> Finding:
    if what.startswith("renewals folder") and place.is_file():
        return Finding(what, How.OK, f"{place} is one renewal book.")
    mend = f"Make it a folder that {_user()} may write, or name another one in the settings."
    near = _nearest(place)
    if not near.is_dir():
        return Finding(what, How.WRONG, f"{near} is a file, where a folder should be.", mend)
    try:
        with tempfile.TemporaryFile(dir=near):
            pass
    except OSError as error:
        return Finding(what, How.WRONG, f"{near} cannot be written ({error.strerror}).", mend)
    made = "" if near == place else "; it is made when it is needed"
    return Finding(what, How.OK, f"{place} can be written{made}.")


def time_zone(settings: Settings) -> Finding:
    """What hour it is where nights and days are counted."""
    now = datetime.now(ZoneInfo(settings.timezone))
    return Finding(
        "time zone",
        How.OK,
        f"{settings.timezone}, where it is {now:%H:%M} now. Nights begin at "
        f"{settings.night:%H:%M}.",
    )


def messages(settings: Settings) -> Finding:
    """Whether those of `ORDERDROP_NOTIFY` are addresses; nothing is sent. Raises SettingsFault."""
    Notifier(settings).close(0)
    count = len(settings.notify)
    told = f"They go to {count} address{'es' if count > 1 else ''}."
    return Finding("messages", How.OK, told if count else "Nobody is told of anything.")


def prefect_server() -> Finding:
    """Whether the Prefect server that is configured answers."""
    name, url = "Prefect server", configured_api_url()
    if not url:
        return Finding(
            name, How.OK, "None is configured: a local one starts with each command and ends after."
        )
    if speaks(f"{url.rstrip('/')}/health"):
        return Finding(name, How.OK, f"The one at {shown(url)} answers.")
    return Finding(
        name,
        How.WRONG,
        f"The one at {shown(url)} does not answer.",
        "Start it, or take PREFECT_API_URL out of the environment to work without it.",
    )


def renewal_books(settings: Settings) -> Iterator[Finding]:
    """Whether an account's renewal books can be read. Raises WorkbookError."""
    name = of_account(settings, "renewal books")
    try:
        paths = books_of(settings, None)
    except NoRenewalBook:
        yield Finding(name, How.OK, "There are none, so nothing is renewed by night.")
        return
    for path in paths:
        book = read_book(path, settings)
        if count := len(book.faulty):
            mistakes = "1 row with a mistake" if count == 1 else f"{count} rows with mistakes"
            yield Finding(
                name,
                How.WARNING,
                f"{book.name} has {mistakes}; nothing is renewed there.",
                f"`orderdrop renew {path} --dry-run` says what is wrong in each.",
            )
        else:
            yield Finding(name, How.OK, f"{book.name}: {len(book.rows)} rows.")


def watcher(settings: Settings) -> Finding:
    """Whether anybody watches the inbox."""
    name, beat = "watcher", read_heartbeat(settings.state_dir)
    if beat is None:
        return Finding(name, How.OK, "Not running; `orderdrop watch` or `serve` starts one.")
    if is_stale(beat):
        return Finding(
            name,
            How.WRONG,
            f"Nobody watches {beat.inbox}: the last sign of life is of "
            f"{beat.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, and it was not told to stop.",
            "Start `orderdrop watch` or `serve` again.",
        )
    return Finding(
        name,
        How.OK,
        f"Watches {beat.inbox}; {beat.running} under way, {beat.waiting} waiting.",
    )


def orders(settings: Settings) -> Finding:
    """Whether orders of an account are open or in doubt for long. Raises LedgerFault."""
    name = of_account(settings, "orders")
    if not ledger_exists(settings):
        return Finding(name, How.OK, "None yet.")
    opened = open_ledger(settings)
    try:
        found = opened.unfinished(
            settings.account, settings.effective_environment, final_statuses()
        )
    finally:
        opened.close()
    before = datetime.now(UTC) - LONG
    old = [i for i in found if (i.last_sent_at or i.written_at) < before]
    # What only a person can settle does not get better by waiting.
    doubts = [
        i for i in found if i.state is IntentState.STUCK or (i.state in UNSETTLED and i in old)
    ]
    others = [i for i in old if i not in doubts]
    if not doubts and not others:
        under_way = f"{len(found)} under way" if found else "Nothing is open or in doubt"
        return Finding(name, How.OK, f"{under_way}.")
    told = [f"{len(doubts)} in doubt"] if doubts else []
    told += [f"{len(others)} open for more than a day"] if others else []
    return Finding(
        name,
        How.WARNING,
        f"{' and '.join(told)}, for example {(doubts or others)[0].reference}.",
        "`orderdrop follow` asks again; `orderdrop orders --in-doubt` lists what a person settles "
        "with `orderdrop resolve`."
        if doubts
        else "`orderdrop follow` asks what became of them; `orderdrop orders --open` lists them.",
    )


def _folders(settings: Settings, accounts: Sequence[Settings]) -> Iterator[tuple[str, Path]]:
    yield "state folder", settings.state_dir
    for one in accounts:
        yield of_account(one, "inbox"), one.account_inbox
    yield "output folder", settings.output
    for one in accounts:
        yield of_account(one, "renewals folder"), one.renewals


def of_account(settings: Settings, what: str) -> str:
    """The name of a finding: with the account's among several."""
    return f"{what} of {settings.account}" if len(settings.account_names) > 1 else what


def _nearest(place: Path) -> Path:
    """The place itself, or the nearest above it that is there."""
    return next((p for p in (place, *place.absolute().parents) if os.path.lexists(p)), place)


def _user() -> str:
    return f"user {os.getuid()}" if hasattr(os, "getuid") else "this user"
