"""What the ledger remembers of renewals, in either database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from flows.ledger import Ledger
from flows.ledger.renewals import Announcement, NightDone, RenewalMemory
from schemas.orders import Intent, IntentState, Reply
from tests.databases import KINDS, database
from tests.intents import order_answer

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
TERM = date(2026, 12, 15)
INTENT = Intent(
    intent_id="i-1",
    account="default",
    environment="practice",
    key_fingerprint="f" * 16,
    customer_id="P1005053401",
    order_type="RENEWAL",
    reference="R-1",
    body=b"{}",
    body_key="k" * 64,
    correlation_id="c-1",
    written_at=NOW,
    workbook_hash="",
    reassign_users=False,
    state=IntentState.WRITTEN,
)
LATER = replace(
    INTENT, intent_id="i-2", correlation_id="c-2", written_at=NOW + timedelta(days=1), body=b"[]"
)


@pytest.fixture(params=KINDS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    with database(request.param, tmp_path) as url:
        opened = Ledger(url, tmp_path / "workbooks")
        yield opened
        opened.close()


@pytest.fixture
def memory(ledger: Ledger) -> RenewalMemory:
    return ledger.renewals("default", "practice")


def test_a_key_has_one_intent_whatever_its_body(ledger: Ledger, memory: RenewalMemory) -> None:
    assert memory.claim(INTENT) == INTENT
    assert memory.claim(LATER) == INTENT
    assert memory.intents_of([INTENT.body_key, "other"]) == {INTENT.body_key: INTENT}
    assert ledger.renewals("other", "practice").intents_of([INTENT.body_key]) == {}


async def test_what_was_accepted_stays_the_one_and_what_was_refused_makes_room(
    ledger: Ledger, memory: RenewalMemory
) -> None:
    memory.claim(INTENT)
    assert await ledger.begin_send("i-1", "r-1", NOW, timedelta(seconds=60))
    refusal = Reply("r-1", 400, code="3121", spoken_by_service=True)
    await ledger.answer("i-1", refusal, IntentState.REFUSED, "", NOW)
    assert memory.claim(LATER) == LATER
    assert await ledger.begin_send("i-2", "r-2", NOW, timedelta(seconds=60))
    placed = Reply("r-2", 201, order=order_answer("9206417733"))
    await ledger.answer("i-2", placed, IntentState.ACCEPTED, "", NOW)
    third = replace(LATER, intent_id="i-3", correlation_id="c-3")
    assert memory.claim(third).intent_id == "i-2"
    assert memory.intents_of([INTENT.body_key])[INTENT.body_key].order_id == "9206417733"


def test_a_night_that_is_done_once_more_keeps_what_was_written_first(
    memory: RenewalMemory,
) -> None:
    first = Announcement(
        "P1", "s-1", TERM, date(2026, 11, 25), 10, "65310542CA", "USD", Decimal("4128.00")
    )
    second = replace(first, night=date(2026, 11, 26), quantity=12)
    other = replace(first, subscription_id="s-2", price=None)
    dry = NightDone(date(2026, 11, 25), was_dry_run=True)
    memory.end_night("b-1", "renewals.xlsx", dry, 0, [first], NOW)
    memory.end_night("b-1", "renewals.xlsx", NightDone(dry.date, False), 0, [second, other], NOW)
    assert memory.nights("b-1") == [dry]
    assert memory.announced("b-1") == {
        ("P1", "s-1", TERM): first,
        ("P1", "s-2", TERM): other,
    }
    assert (memory.nights("b-2"), memory.announced("b-2")) == ([], {})


def test_a_file_is_ours_by_its_name_and_content(memory: RenewalMemory) -> None:
    memory.will_write("/out/renewals.xlsx", "h" * 64)
    assert memory.wrote("/out/renewals.xlsx", "h" * 64)
    assert not memory.wrote("/out/renewals.xlsx", "g" * 64)
    assert not memory.wrote("/out/other.xlsx", "h" * 64)
