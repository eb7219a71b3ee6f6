"""What the doctor says of ledger, folders, orders and renewal books, and of checks that fail."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from flows import checks
from flows.checks import Finding, How
from flows.companion import free_port
from flows.doctor import looked_at
from flows.ledger import Ledger
from flows.settings import Settings
from schemas.faults import Stop
from schemas.orders import Intent, IntentState
from tests.intents import accepted, intent_for
from tests.ledger.test_ledger import write

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=2)
LEASE = timedelta(seconds=100)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Practice in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("ENVIRONMENT", "LEDGER_URL", "INBOX", "OUTPUT", "RENEWALS"):
        monkeypatch.delenv(f"ORDERDROP_{name}", raising=False)
    return Settings.checked(state_dir=tmp_path / "state", connects=False)


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    """The ledger of the settings."""
    settings.state_dir.mkdir()
    ledger = Ledger.in_folder(settings.state_dir)
    yield ledger
    ledger.close()


def told(findings: Iterator[Finding] | list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def sent(ledger: Ledger, intent: Intent, at: datetime) -> None:
    """An intent that was sent and not answered."""
    write(ledger, intent, run=intent.reference)
    assert asyncio.run(ledger.begin_send(intent.intent_id, intent.reference, at, LEASE))


def placed(ledger: Ledger, intent: Intent, at: datetime) -> None:
    """An intent that was sent and accepted, and is not finished."""
    sent(ledger, intent, at)
    reply = replace(accepted(f"9{uuid4().int}"[:10]), request_id=intent.reference)
    asyncio.run(ledger.answer(intent.intent_id, reply, IntentState.ACCEPTED, "", at))


# --- the ledger ---


def test_a_ledger_says_where_it_is(settings: Settings, ledger: Ledger) -> None:
    finding = checks.ledger(settings)
    assert finding.how is How.OK
    assert str(settings.state_dir / "ledger.sqlite") in finding.sentence


def test_a_ledger_of_a_newer_program_is_wrong(settings: Settings, ledger: Ledger) -> None:
    with sqlite3.connect(settings.state_dir / "ledger.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    (finding,) = looked_at("ledger", lambda: checks.ledger(settings))
    assert finding.how is How.WRONG
    assert "newer Orderdrop" in finding.sentence


def test_a_ledger_that_is_ahead_of_the_clock_is_wrong(settings: Settings, ledger: Ledger) -> None:
    sent(ledger, intent_for(), NOW + timedelta(hours=3))
    finding = checks.ledger(settings)
    assert finding.how is How.WRONG
    assert "clock is behind" in finding.sentence


def test_a_database_that_is_away_is_wrong_and_its_password_stays_unsaid(tmp_path: Path) -> None:
    address = f"postgresql://orders:hush-hush@127.0.0.1:{free_port()}/ledger"
    away = Settings.checked(state_dir=tmp_path, ledger_url=address, connects=False)
    for check in (checks.ledger, checks.orders):
        (finding,) = looked_at("ledger", lambda check=check: check(away))
        assert finding.how is How.WRONG
        assert "hush-hush" not in repr(finding)


# --- orders ---


def test_orders_that_are_open_for_long_are_a_warning(settings: Settings, ledger: Ledger) -> None:
    assert checks.orders(settings).sentence == "Nothing is open or in doubt."
    placed(ledger, intent_for(reference="PO-young"), NOW)
    assert checks.orders(settings) == Finding("orders", How.OK, "1 under way.")
    placed(ledger, intent_for(reference="PO-old"), LONG_AGO)
    finding = checks.orders(settings)
    assert finding.how is How.WARNING
    assert finding.sentence == "1 open for more than a day, for example PO-old."
    assert "--open" in finding.to_do


def test_a_doubt_of_more_than_a_day_is_a_warning(settings: Settings, ledger: Ledger) -> None:
    sent(ledger, intent_for(reference="PO-young"), NOW)
    assert checks.orders(settings).how is How.OK
    sent(ledger, intent_for(reference="PO-old"), LONG_AGO)
    finding = checks.orders(settings)
    assert finding.how is How.WARNING
    assert finding.sentence == "1 in doubt, for example PO-old."


def test_an_order_that_only_a_person_can_settle_is_a_warning_at_once(
    settings: Settings, ledger: Ledger
) -> None:
    intent = intent_for(reference="PO-stuck")
    sent(ledger, intent, NOW)
    assert checks.orders(settings).how is How.OK
    asyncio.run(ledger.stick(intent.intent_id, "nobody knows", NOW))
    finding = checks.orders(settings)
    assert finding.how is How.WARNING
    assert finding.sentence == "1 in doubt, for example PO-stuck."
    assert "orderdrop resolve" in finding.to_do


# --- folders ---


def test_folders_that_are_not_there_yet_are_well(settings: Settings) -> None:
    found = told(checks.folders(settings, [settings]))
    assert list(found) == ["state folder", "inbox", "output folder", "renewals folder"]
    assert {finding.how for finding in found.values()} == {How.OK}
    assert not settings.state_dir.exists()


def test_a_file_in_a_folders_place_is_wrong(settings: Settings) -> None:
    Path("output").write_text("")
    finding = told(checks.folders(settings, [settings]))["output folder"]
    assert finding.how is How.WRONG
    assert "is a file, where a folder should be" in finding.sentence


def test_answers_must_not_come_into_the_inbox(settings: Settings) -> None:
    one = settings.model_copy(update={"output": Path("inbox")})
    finding = told(checks.folders(one, [one]))["output folder"]
    assert finding.how is How.WRONG
    assert finding.sentence.endswith("inbox is also inbox.")


def test_little_room_is_a_warning_and_none_is_wrong(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for free, how in ((1 << 40, How.OK), (1 << 29, How.WARNING), (1 << 20, How.WRONG)):
        usage = type("Usage", (), {"free": free})
        monkeypatch.setattr("shutil.disk_usage", lambda _, usage=usage: usage)
        assert checks.disk(settings, [settings]).how is how


# --- renewal books ---


def test_a_renewal_book_with_mistakes_is_a_warning_and_one_that_is_none_is_wrong(
    settings: Settings,
) -> None:
    settings.renewals.mkdir(parents=True)
    header = "customerId,subscriptionId,renew,quantity,ceilingPrice,currencyCode\n"
    book = settings.renewals / "book.csv"
    book.write_text(f"{header}P1005053401,,yes,,,\nP1005053402,,perhaps,,,\n")
    (finding,) = checks.renewal_books(settings)
    assert (finding.how, finding.sentence) == (
        How.WARNING,
        "book.csv has 1 row with a mistake; nothing is renewed there.",
    )
    book.write_text("just,some,table\n1,2,3\n")
    (finding,) = looked_at("renewal books", lambda: checks.renewal_books(settings))
    assert finding.how is How.WRONG
    assert "book.csv" in finding.sentence


# --- checks that fail ---


def raises(error: Exception) -> Finding:
    raise error


def test_what_a_check_raises_is_a_finding() -> None:
    (finding,) = looked_at("it", lambda: raises(Stop("It is broken.")))
    assert finding == Finding("it", How.WRONG, "It is broken.", checks.MEND)
    (finding,) = looked_at("it", lambda: raises(RuntimeError("hush-hush")))
    assert finding.how is How.WRONG
    assert finding.sentence == "It could not be looked at (RuntimeError)."


def test_what_was_found_before_a_fault_stands() -> None:
    well = Finding("it", How.OK, "Well.")

    def check() -> Iterator[Finding]:
        yield well
        raises(RuntimeError())

    assert [finding.how for finding in looked_at("it", check)] == [How.OK, How.WRONG]


def test_a_check_that_hangs_is_left_behind() -> None:
    def check() -> Finding:
        time.sleep(5)
        return Finding("it", How.OK, "Late.")

    began = time.monotonic()
    (finding,) = looked_at("it", check, within=0.2)
    assert time.monotonic() - began < 3
    assert finding.how is How.WRONG
