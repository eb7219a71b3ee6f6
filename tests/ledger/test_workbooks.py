"""Which reconciled workbooks tell of an intent, and which tell less than the ledger knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.ledger import Ledger
from schemas.orders import Intent, IntentState, Order
from tests.databases import KINDS, database
from tests.intents import ORDER, accepted, entry_for, intent_for, order_answer, submission

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE = timedelta(seconds=100)


@pytest.fixture(params=KINDS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    with database(request.param, tmp_path) as url:
        opened = Ledger(url, tmp_path / "workbooks")
        yield opened
        opened.close()


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def order(reference: str) -> Intent:
    order = Order(reference, ORDER.customer_id, "NEW", "", ORDER.lines)
    return intent_for(order, written_at=NOW)


def planned(ledger: Ledger, run: str, *intents: Intent, content: bytes = b"w", **terms: Any) -> str:
    """A submission of these bytes; its hash."""
    digest = ledger.keep_workbook(content, "orders.xlsx", NOW)
    terms = {"started_at": NOW, **terms}
    known = ledger.intents([intent.intent_id for intent in intents])
    with ledger.planning("default", "practice") as planning:
        planning.write(
            replace(submission(run, digest), **terms),
            [],
            [intent for intent in intents if intent.intent_id not in known],
            [entry_for(intent, place) for place, intent in enumerate(intents, start=1)],
        )
    return digest


async def placed(ledger: Ledger, intent: Intent, when: datetime, order_id: str = "1") -> None:
    assert await ledger.begin_send(intent.intent_id, f"r-{order_id}", when, LEASE)
    await ledger.answer(intent.intent_id, accepted(order_id), IntentState.ACCEPTED, "", when)


async def test_what_is_learned_after_the_writing_is_untold_until_it_is_written_again(
    ledger: Ledger,
) -> None:
    one, other = order("A"), order("B")
    planned(ledger, "s-1", one, other)
    await placed(ledger, one, at(1))
    assert ledger.newest_known("s-1") == at(1)
    ledger.finish("s-1", "/out/a.xlsx", "hash", at(1))
    assert ledger.untold("default", "practice") == frozenset()
    await ledger.note_outcomes({one.intent_id: order_answer("1", "1000")}, at(2))
    assert ledger.untold("default", "practice") == {one.intent_id}
    assert ledger.untold("other", "practice") == frozenset()
    assert ledger.untold("default", "sandbox") == frozenset()
    assert ledger.newest_known("s-1") == at(2)
    ledger.finish("s-1", "/out/a.xlsx", "hash", at(2))
    assert ledger.untold("default", "practice") == frozenset()


async def test_each_step_that_a_workbook_tells_of_makes_it_untold(ledger: Ledger) -> None:
    intent = order("A")
    planned(ledger, "s-1", intent)

    def told(when: datetime) -> None:
        assert ledger.untold("default", "practice") == {intent.intent_id}
        ledger.finish("s-1", "/out/a.xlsx", "hash", when)
        assert ledger.untold("default", "practice") == frozenset()

    ledger.finish("s-1", "/out/a.xlsx", "hash", NOW)
    assert await ledger.begin_send(intent.intent_id, "r-1", at(1), LEASE)
    told(at(1))
    assert await ledger.doubt(intent.intent_id, "a fault", at(2))
    await ledger.looked(intent.intent_id, at(3))
    told(at(3))
    await ledger.stick(intent.intent_id, "too old", at(4))
    told(at(4))
    assert await ledger.retire_by_hand(intent.intent_id, at(5), "mia")
    told(at(5))


async def test_what_took_anothers_place_is_untold(ledger: Ledger) -> None:
    old = order("A")
    planned(ledger, "s-1", old)
    assert await ledger.begin_send(old.intent_id, "r-1", at(1), timedelta(seconds=-1))
    assert await ledger.doubt(old.intent_id, "a fault", at(1))
    ledger.finish("s-1", "/out/a.xlsx", "hash", at(1))
    new = replace(order("A"), replaces=old.intent_id, written_at=at(2))
    assert await ledger.replace(new, at(2), LEASE)
    assert ledger.untold("default", "practice") == {new.intent_id}


async def test_a_workbook_that_was_never_written_or_is_kept_elsewhere_is_left_out(
    ledger: Ledger, tmp_path: Path
) -> None:
    killed, elsewhere = order("A"), order("B")
    planned(ledger, "s-1", killed, content=b"one")
    digest = planned(ledger, "s-2", elsewhere, content=b"two")
    ledger.finish("s-2", "/out/b.xlsx", "hash", NOW)
    await placed(ledger, killed, at(1), "1")
    await placed(ledger, elsewhere, at(1), "2")
    assert ledger.untold("default", "practice") == {elsewhere.intent_id}
    (tmp_path / "workbooks" / digest).unlink()
    assert ledger.untold("default", "practice") == frozenset()


async def test_a_later_run_of_the_same_sheet_takes_the_place_of_the_earlier(
    ledger: Ledger,
) -> None:
    """The same bytes, or an order in common; another month's sheet of the same name does not."""
    one, other = order("A"), order("B")
    planned(ledger, "nov", one, other, content=b"nov")
    planned(ledger, "mended", other, order("C"), content=b"mended", started_at=at(1))
    planned(ledger, "dec", order("D"), content=b"dec", started_at=at(2))
    for run in ("nov", "mended", "dec"):
        ledger.finish(run, "/out/orders.xlsx", "hash", at(3))
    await placed(ledger, one, at(4), "1")
    assert ledger.untold("default", "practice") == frozenset()
    assert ledger.submissions_with([one.intent_id]) == ()
    await placed(ledger, other, at(4), "2")
    assert ledger.untold("default", "practice") == {other.intent_id}
    assert [s.submission_id for s in ledger.submissions_with([other.intent_id])] == ["mended"]
    planned(ledger, "again", content=b"mended", started_at=at(5))
    ledger.finish("again", "/out/orders.xlsx", "hash", at(6))
    assert ledger.submissions_with([other.intent_id]) == ()
    ledger.finish("again", "/out/elsewhere.xlsx", "hash", at(6))
    assert [s.submission_id for s in ledger.submissions_with([other.intent_id])] == ["mended"]
