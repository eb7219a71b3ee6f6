"""The ledger on a real SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.ledger import Ledger, LedgerFault
from schemas.entries import Decision
from schemas.faults import Fault
from schemas.orders import Intent, IntentState
from tests.intents import accepted, answered, entry_for, intent_for, order_answer, submission

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE = timedelta(seconds=100)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.in_folder(tmp_path)
    yield opened
    opened.close()


def write(ledger: Ledger, *intents: Intent, run: str = "s-1") -> None:
    digest = ledger.keep_workbook(b"workbook", "november.xlsx", NOW)
    with ledger.planning("default", "practice") as planning:
        planning.write(
            replace(submission(run), workbook_hash=digest),
            [],
            intents,
            [entry_for(intent, place) for place, intent in enumerate(intents, start=1)],
        )


def test_what_is_written_is_read_back_the_same(ledger: Ledger) -> None:
    intent = intent_for()
    fault = Fault("Orders", 5, "quantity", "Qty", "E5", "x", "CODE", "said", "hint", "warning")
    digest = ledger.keep_workbook(b"workbook", "november.xlsx", NOW)
    run = replace(submission(), workbook_hash=digest)
    held = entry_for(intent, 2, decision=Decision.HELD, intent_id="", code="C", lines=((6, 0),))
    with ledger.planning("default", "practice") as planning:
        planning.write(run, [fault], [intent], [entry_for(intent), held])
    assert ledger.submission("s-1") == run
    assert ledger.faults("s-1") == (fault,)
    assert ledger.entries("s-1") == (entry_for(intent), held)
    assert ledger.intents([intent.intent_id]) == {intent.intent_id: intent}
    assert ledger.workbook(digest) == b"workbook"


def test_a_plan_that_fails_leaves_nothing_behind(ledger: Ledger) -> None:
    intent = intent_for()
    digest = ledger.keep_workbook(b"workbook", "november.xlsx", NOW)
    run = replace(submission(), workbook_hash=digest)
    with pytest.raises(RuntimeError), ledger.planning("default", "practice") as planning:
        planning.write(run, [], [intent], [entry_for(intent)])
        raise RuntimeError
    assert ledger.intents([intent.intent_id]) == {}


def test_it_survives_being_opened_again(ledger: Ledger, tmp_path: Path) -> None:
    intent = intent_for()
    write(ledger, intent)
    again = Ledger.in_folder(tmp_path)
    assert again.intents([intent.intent_id]) == {intent.intent_id: intent}
    again.close()


def test_planning_sees_intents_by_body_and_by_reference_of_its_account_only(
    ledger: Ledger,
) -> None:
    mine, other_body = intent_for(), intent_for(body_key="another")
    stranger = intent_for(account="other")
    write(ledger, mine, other_body, stranger)
    with ledger.planning("default", "practice") as planning:
        by_both = planning.intents_with([mine.body_key], [mine.reference], [])
        by_body = planning.intents_with([mine.body_key], [], [])
        elsewhere = planning.intents_with([], ["PO-2"], ["9206417799", ""])
    assert {intent.intent_id for intent in by_both} == {mine.intent_id, other_body.intent_id}
    assert [intent.intent_id for intent in by_body] == [mine.intent_id]
    assert elsewhere == ()


def test_a_send_is_counted_before_it_happens(ledger: Ledger) -> None:
    intent = intent_for()
    write(ledger, intent)
    assert ledger.count_send(intent.intent_id, "me", NOW, LEASE)
    sent = ledger.intents([intent.intent_id])[intent.intent_id]
    assert (sent.state, sent.sends, sent.first_sent_at) == (IntentState.SENT, 1, NOW)
    later = NOW + timedelta(seconds=5)
    assert ledger.count_send(intent.intent_id, "me", later, LEASE)
    sent = ledger.intents([intent.intent_id])[intent.intent_id]
    assert (sent.sends, sent.first_sent_at, sent.last_sent_at) == (2, NOW, later)


def test_while_one_holds_the_lease_no_other_may_send(ledger: Ledger) -> None:
    intent = intent_for()
    write(ledger, intent)
    assert ledger.count_send(intent.intent_id, "me", NOW, LEASE)
    assert not ledger.count_send(intent.intent_id, "you", NOW + timedelta(seconds=99), LEASE)
    assert ledger.count_send(intent.intent_id, "you", NOW + timedelta(seconds=101), LEASE)


@pytest.mark.parametrize(
    "state",
    [IntentState.ACCEPTED, IntentState.REFUSED, IntentState.LOOKING, IntentState.STUCK],
)
def test_a_settled_intent_is_never_sent_again(ledger: Ledger, state: IntentState) -> None:
    intent = intent_for()
    write(ledger, intent)
    ledger.count_send(intent.intent_id, "me", NOW, LEASE)
    reply = accepted() if state is IntentState.ACCEPTED else answered(500, "1124", service=True)
    ledger.settle(intent.intent_id, state, reply, NOW, NOW)
    assert not ledger.count_send(intent.intent_id, "me", NOW + timedelta(days=1), LEASE)


def test_an_accepted_answer_binds_the_order_and_keeps_what_was_said(ledger: Ledger) -> None:
    intent = intent_for()
    write(ledger, intent)
    ledger.count_send(intent.intent_id, "me", NOW, LEASE)
    reached = ledger.settle(
        intent.intent_id, IntentState.ACCEPTED, accepted("9206417733"), NOW, NOW
    )
    assert reached is IntentState.ACCEPTED
    assert ledger.intents([intent.intent_id])[intent.intent_id].order_id == "9206417733"
    order, seen_at = ledger.latest_outcomes([intent.intent_id])[intent.intent_id]
    assert (order.order_id, order.status, seen_at) == ("9206417733", "1002", NOW)


def test_an_order_id_that_is_anothers_already_makes_the_intent_stuck(ledger: Ledger) -> None:
    first, second = intent_for(), intent_for()
    write(ledger, first, second)
    for intent in (first, second):
        ledger.count_send(intent.intent_id, "me", NOW, LEASE)
    ledger.settle(first.intent_id, IntentState.ACCEPTED, accepted("1"), NOW, NOW)
    reached = ledger.settle(second.intent_id, IntentState.ACCEPTED, accepted("1"), NOW, NOW)
    assert reached is IntentState.STUCK
    stuck = ledger.intents([second.intent_id])[second.intent_id]
    assert (stuck.state, stuck.order_id) == (IntentState.STUCK, "")


def test_the_newest_outcome_is_told_and_the_older_ones_are_kept(
    ledger: Ledger, tmp_path: Path
) -> None:
    intent = intent_for()
    write(ledger, intent)
    ledger.count_send(intent.intent_id, "me", NOW, LEASE)
    ledger.settle(intent.intent_id, IntentState.ACCEPTED, accepted("1"), NOW, NOW)
    ledger.record_outcome(intent.intent_id, order_answer("1", "1000"), NOW)
    assert ledger.latest_outcomes([intent.intent_id])[intent.intent_id][0].status == "1000"
    kept = sqlite3.connect(tmp_path / "ledger.sqlite")
    statuses = [row[0] for row in kept.execute("select status from outcomes order by position")]
    kept.close()
    assert statuses == ["1002", "1000"]


def test_every_attempt_is_kept(ledger: Ledger, tmp_path: Path) -> None:
    intent = intent_for()
    write(ledger, intent)
    for _ in range(2):
        ledger.count_send(intent.intent_id, "me", NOW, LEASE)
        ledger.record_attempt(intent.intent_id, answered(504, "504001"), NOW, NOW)
    kept = sqlite3.connect(tmp_path / "ledger.sqlite")
    rows = list(kept.execute("select send, http_status, code from attempts order by send"))
    kept.close()
    assert rows == [(1, 504, "504001"), (2, 504, "504001")]


def test_it_is_written_through_to_the_disk(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.planning("default", "practice") as planning:
        connection = planning._connection
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_a_ledger_of_a_newer_program_is_refused_with_a_sentence(
    ledger: Ledger, tmp_path: Path
) -> None:
    raw = sqlite3.connect(tmp_path / "ledger.sqlite")
    raw.execute("insert into ledger_version values (99)")
    raw.commit()
    raw.close()
    with pytest.raises(LedgerFault, match="newer Orderdrop"):
        Ledger.in_folder(tmp_path)


def test_a_folder_that_cannot_be_used_is_told_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LedgerFault, match="nothing was ordered"):
        Ledger.in_folder(tmp_path / "file")


def test_a_file_that_is_no_ledger_is_told_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"something else entirely, long enough" * 40)
    with pytest.raises(LedgerFault, match="cannot be opened"):
        Ledger.in_folder(tmp_path)


def test_outputs_of_ours_are_known_by_name_and_content(ledger: Ledger) -> None:
    write(ledger, intent_for())
    ledger.finish("s-1", "/out/a.xlsx", "hash", NOW)
    assert ledger.wrote("/out/a.xlsx", "hash")
    assert not ledger.wrote("/out/a.xlsx", "changed")
    assert not ledger.wrote("/out/b.xlsx", "hash")
