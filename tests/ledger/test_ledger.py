"""The ledger on a real SQLite file."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from flows.ledger import Ledger, LedgerFault
from flows.ledger.database import open_engine
from flows.ledger.kept import keep_bytes
from flows.ledger.planning import Asked
from flows.marketplace.errors import error_parts
from flows.ordering.life import Doubt, Kind
from schemas.entries import Decision
from schemas.faults import Fault
from schemas.orders import Intent, IntentState, OrderAnswer, Reply
from schemas.wire import read_json
from tests.databases import KINDS, database
from tests.intents import accepted, answered, entry_for, intent_for, order_answer, submission

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE = timedelta(seconds=100)
SHORT = timedelta(seconds=1)
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Place:
    """Where a ledger lives; it can be opened by several, as by several processes."""

    url: str
    folder: Path

    def open(self) -> Ledger:
        return Ledger(self.url, self.folder / "workbooks")

    def rows(self, question: str) -> list[tuple[object, ...]]:
        engine = open_engine(self.url)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(question))]
        engine.dispose()
        return found


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "workbooks").mkdir()
    with database(request.param, tmp_path) as url:
        yield Place(url, tmp_path)


@pytest.fixture
def ledger(place: Place) -> Iterator[Ledger]:
    opened = place.open()
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


@pytest.mark.parametrize("damaged", [b"", b"work", b"WORKBOOK", b"workbook and more"])
def test_a_kept_workbook_that_was_damaged_is_mended_when_it_is_dropped_again(
    ledger: Ledger, place: Place, damaged: bytes
) -> None:
    digest = ledger.keep_workbook(b"workbook", "november.xlsx", NOW)
    (place.folder / "workbooks" / digest).write_bytes(damaged)
    assert ledger.keep_workbook(b"workbook", "again.xlsx", NOW) == digest
    assert ledger.workbook(digest) == b"workbook"
    assert [path.name for path in (place.folder / "workbooks").iterdir()] == [digest]
    of_it = [intent_for(workbook_hash=digest)]
    assert ledger.workbook_names(of_it) == {digest: "november.xlsx"}


def test_a_kept_workbook_is_on_the_disk_before_it_has_its_name_and_so_is_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, bool]] = []
    digest = sha256(b"workbook").hexdigest()

    def fsync(descriptor: int) -> None:
        held = os.fstat(descriptor)
        synced.append((held.st_ino, (tmp_path / digest).exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    assert keep_bytes(tmp_path, b"workbook") == digest
    file, folder = (tmp_path / digest).stat().st_ino, tmp_path.stat().st_ino
    assert synced == [(file, False), (folder, True)]
    keep_bytes(tmp_path, b"workbook")
    assert len(synced) == 2


def test_a_plan_that_fails_leaves_nothing_behind(ledger: Ledger) -> None:
    intent = intent_for()
    digest = ledger.keep_workbook(b"workbook", "november.xlsx", NOW)
    run = replace(submission(), workbook_hash=digest)
    with pytest.raises(RuntimeError), ledger.planning("default", "practice") as planning:
        planning.write(run, [], [intent], [entry_for(intent)])
        raise RuntimeError
    assert ledger.intents([intent.intent_id]) == {}


def test_it_says_where_it_is(ledger: Ledger, place: Place) -> None:
    if place.url.startswith("sqlite"):
        assert ledger.place == f"the SQLite file {place.folder / 'ledger.sqlite'}"
    else:
        server = urlsplit(place.url)
        assert ledger.place == f"PostgreSQL at {server.hostname}, database {server.path[1:]}"


def test_it_survives_being_opened_again(ledger: Ledger, place: Place) -> None:
    intent = intent_for()
    write(ledger, intent)
    again = place.open()
    assert again.intents([intent.intent_id]) == {intent.intent_id: intent}
    again.close()


def test_planning_sees_intents_by_body_and_by_reference_of_its_account_only(
    ledger: Ledger,
) -> None:
    mine, other_body = intent_for(), intent_for(body_key="another")
    stranger = intent_for(account="other")
    write(ledger, mine, other_body, stranger)
    with ledger.planning("default", "practice") as planning:
        by_both = planning.known(Asked([mine.body_key], [mine.reference])).intents()
        by_body = planning.known(Asked([mine.body_key])).intents()
        elsewhere = planning.known(Asked([], ["PO-2"], ["9206417799", ""])).intents()
    assert {intent.intent_id for intent in by_both} == {mine.intent_id, other_body.intent_id}
    assert [intent.intent_id for intent in by_body] == [mine.intent_id]
    assert elsewhere == ()


async def sent(ledger: Ledger, intent: Intent, request_id: str = "r-1") -> None:
    assert await ledger.begin_send(intent.intent_id, request_id, NOW, LEASE)


def now(ledger: Ledger, intent: Intent) -> Intent:
    return ledger.intents([intent.intent_id])[intent.intent_id]


async def test_a_send_is_counted_and_its_attempt_written_before_it_happens(
    ledger: Ledger, place: Place
) -> None:
    intent = intent_for()
    write(ledger, intent)
    await sent(ledger, intent)
    first = now(ledger, intent)
    assert (first.state, first.sends, first.first_sent_at) == (IntentState.SENT, 1, NOW)
    assert place.rows("select request_id, send, answered_at from attempts") == [("r-1", 1, None)]
    later = NOW + timedelta(seconds=5)
    assert await ledger.begin_send(intent.intent_id, "r-2", later, LEASE)
    second = now(ledger, intent)
    assert (second.sends, second.first_sent_at, second.last_sent_at) == (2, NOW, later)


async def test_while_one_holds_the_lease_no_other_may_send(ledger: Ledger, place: Place) -> None:
    intent = intent_for()
    write(ledger, intent)
    other = place.open()
    assert await ledger.begin_send(intent.intent_id, "r-1", datetime.now(UTC), SHORT)
    assert not await other.begin_send(intent.intent_id, "r-2", datetime.now(UTC), LEASE)
    await asyncio.sleep(SHORT.total_seconds() + 0.1)
    assert await other.begin_send(intent.intent_id, "r-3", datetime.now(UTC), LEASE)
    other.close()


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
async def test_a_clock_that_runs_ahead_takes_no_lease_from_others_of_the_database(
    ledger: Ledger, place: Place
) -> None:
    intent = intent_for()
    write(ledger, intent)
    other = place.open()
    assert await ledger.begin_send(intent.intent_id, "r-1", datetime.now(UTC), LEASE)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert not await other.begin_send(intent.intent_id, "r-2", tomorrow, LEASE)
    other.close()


async def test_a_plan_and_a_group_of_sends_wait_for_each_other_and_never_for_ever(
    ledger: Ledger, place: Place
) -> None:
    first, second = intent_for(), intent_for()
    write(ledger, first, second)
    other = place.open()
    kept = ledger.keep_workbook(b"workbook", "november.xlsx", NOW)
    again = [entry_for(second), entry_for(first, 2)]
    with other.planning("default", "practice") as planning:
        planning.write(replace(submission("s-2"), workbook_hash=kept), [], [], again[:1])
        sends = [
            asyncio.create_task(ledger.begin_send(intent.intent_id, f"r-{number}", NOW, LEASE))
            for number, intent in enumerate((first, second))
        ]
        await asyncio.sleep(0.3)
        planning.write(replace(submission("s-3"), workbook_hash=kept), [], [], again[1:])
    assert await asyncio.gather(*sends) == [True, True]
    other.close()


async def test_nobody_waits_for_the_lease_of_a_process_that_was_killed(
    ledger: Ledger, place: Place
) -> None:
    intent = intent_for()
    write(ledger, intent)
    code = (
        "import asyncio, os, sys; from datetime import datetime, timedelta, UTC;"
        "from pathlib import Path; from flows.ledger import Ledger;"
        "ledger = Ledger(sys.argv[1], Path(sys.argv[3]));"
        "lease = timedelta(hours=1);"
        "print(asyncio.run(ledger.begin_send(sys.argv[2], 'r-1', datetime.now(UTC), lease)));"
        "sys.stdout.flush(); os.kill(os.getpid(), 9)"
    )
    command = [
        sys.executable,
        "-c",
        code,
        place.url,
        intent.intent_id,
        str(place.folder / "workbooks"),
    ]
    died = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (died.returncode, died.stdout.strip()) == (-9, "True")
    assert await ledger.begin_send(intent.intent_id, "r-2", datetime.now(UTC), LEASE)


@pytest.mark.parametrize(
    "state",
    [IntentState.ACCEPTED, IntentState.REFUSED, IntentState.LOOKING, IntentState.STUCK],
)
async def test_a_settled_intent_is_never_sent_again(ledger: Ledger, state: IntentState) -> None:
    intent = intent_for()
    write(ledger, intent)
    await sent(ledger, intent)
    if state is IntentState.STUCK:
        await ledger.stick(intent.intent_id, "several", NOW)
    else:
        reply = accepted() if state is IntentState.ACCEPTED else answered(500, "1124", service=True)
        await ledger.answer(intent.intent_id, replace(reply, request_id="r-1"), state, "", NOW)
    assert now(ledger, intent).state is state
    assert not await ledger.begin_send(intent.intent_id, "r-2", NOW + timedelta(days=1), LEASE)


async def test_an_accepted_answer_binds_the_order_and_keeps_what_was_said(ledger: Ledger) -> None:
    intent = intent_for()
    write(ledger, intent)
    await sent(ledger, intent)
    reply = accepted("9206417733")
    reached = await ledger.answer(intent.intent_id, reply, IntentState.ACCEPTED, "", NOW)
    assert reached is IntentState.ACCEPTED
    assert now(ledger, intent).order_id == "9206417733"
    order, seen_at = ledger.latest_outcomes([intent.intent_id])[intent.intent_id]
    assert (order.order_id, order.status, seen_at) == ("9206417733", "1002", NOW)


async def test_whatever_stands_in_an_answer_can_be_kept(ledger: Ledger) -> None:
    """NUL and half a surrogate pair come through JSON; neither database takes them."""
    refused, placed = intent_for(), intent_for()
    write(ledger, refused, placed)
    for intent in (refused, placed):
        assert await ledger.begin_send(intent.intent_id, intent.intent_id, NOW, LEASE)
    body = rb'{"code": "2131", "message": "a\u0000b\ud800", "additionalDetails": ["\u0000"]}'
    code, message, details, _ = error_parts(400, body)
    reply = Reply(refused.intent_id, 400, code, message, details)
    await ledger.answer(refused.intent_id, reply, IntentState.REFUSED, "", NOW)
    odd = OrderAnswer.model_validate(
        read_json(b'{"orderId": "9\\u0000\xed\xa0\x80", "status": "10\\u000002"}')
    )
    reply = Reply(placed.intent_id, 201, order=odd)
    await ledger.answer(placed.intent_id, reply, IntentState.ACCEPTED, "", NOW)
    known = ledger.intents([refused.intent_id, placed.intent_id])
    assert known[refused.intent_id].error_message == "ab?"
    assert known[placed.intent_id].order_id == "9?"
    kept, _ = ledger.latest_outcomes([placed.intent_id])[placed.intent_id]
    assert (kept.order_id, kept.status) == ("9?", "1002")


async def test_what_somebody_may_be_sending_is_not_retired_by_hand(place: Place) -> None:
    """Its answer would come to an intent that a person had declared not placed."""
    sending, settling = place.open(), place.open()
    intent = intent_for()
    write(sending, intent)
    at = datetime.now(UTC)
    assert await sending.begin_send(intent.intent_id, "r-1", at, timedelta(minutes=5))
    assert not await settling.retire_by_hand(intent.intent_id, at, "Kim")
    assert now(settling, intent).state is IntentState.SENT
    sending.close()  # a lease dies with its process
    assert await settling.retire_by_hand(intent.intent_id, at, "Kim")
    assert now(settling, intent).state is IntentState.RETIRED
    settling.close()


async def test_one_answer_that_cannot_be_kept_does_not_take_the_others_with_it(
    ledger: Ledger,
) -> None:
    intents = [intent_for() for _ in range(3)]
    write(ledger, *intents)
    for intent in intents:
        assert await ledger.begin_send(intent.intent_id, intent.intent_id, NOW, LEASE)
    texts = ("a", "\ud800\0", "c")  # what comes by wire is cleaned before
    replies = [
        Reply(i.intent_id, 400, "2131", text) for i, text in zip(intents, texts, strict=True)
    ]
    ended = await asyncio.gather(
        *(
            ledger.answer(i.intent_id, reply, IntentState.REFUSED, "", NOW)
            for i, reply in zip(intents, replies, strict=True)
        ),
        return_exceptions=True,
    )
    assert [ended[0], ended[2]] == [IntentState.REFUSED, IntentState.REFUSED]
    assert isinstance(ended[1], Exception)
    states = [now(ledger, intent).state for intent in intents]
    assert states == [IntentState.REFUSED, IntentState.SENT, IntentState.REFUSED]


async def test_an_order_id_that_is_anothers_already_makes_the_intent_stuck(
    ledger: Ledger,
) -> None:
    first, second = intent_for(), intent_for()
    write(ledger, first, second)
    await sent(ledger, first)
    await sent(ledger, second, "r-2")
    await ledger.answer(first.intent_id, accepted("1"), IntentState.ACCEPTED, "", NOW)
    reached = await ledger.answer(second.intent_id, accepted("1"), IntentState.ACCEPTED, "", NOW)
    assert reached is IntentState.STUCK
    assert (now(ledger, second).state, now(ledger, second).order_id) == (IntentState.STUCK, "")


@pytest.mark.parametrize("doubt", [*Kind, *Doubt], ids=lambda doubt: doubt.name)
@pytest.mark.parametrize("then", [IntentState.SENT, IntentState.LOOKING])
async def test_whatever_an_intent_is_in_doubt_for_is_kept_word_for_word(
    ledger: Ledger, then: IntentState, doubt: str
) -> None:
    intent = intent_for()
    write(ledger, intent)
    await sent(ledger, intent)
    fault = replace(answered(500, "1124", service=True), request_id="r-1")
    assert await ledger.answer(intent.intent_id, fault, then, doubt, NOW) is then
    assert (now(ledger, intent).state, now(ledger, intent).doubt) == (then, doubt)
    if then is IntentState.SENT:
        assert await ledger.doubt(intent.intent_id, doubt, NOW)
        assert (now(ledger, intent).state, now(ledger, intent).doubt) == (
            IntentState.LOOKING,
            doubt,
        )


@pytest.mark.parametrize(
    "why",
    [
        "not found, and too old to be sent again",
        "could be any of 9206417733, 9206417734",
        f"could be any of {', '.join(str(9206417733 + n) for n in range(500))}",
    ],
)
async def test_why_an_intent_is_stuck_is_kept_word_for_word(
    ledger: Ledger, place: Place, why: str
) -> None:
    intent = intent_for()
    write(ledger, intent)
    await sent(ledger, intent)
    await ledger.stick(intent.intent_id, why, NOW)
    assert (now(ledger, intent).state, now(ledger, intent).doubt) == (IntentState.STUCK, why)
    assert place.rows("select state, why from changes order by position")[-1] == ("stuck", why)


@pytest.mark.parametrize("way", ["answered", "found by looking up"])
async def test_an_order_that_is_anothers_is_named_in_full(ledger: Ledger, way: str) -> None:
    first, second = intent_for(), intent_for()
    write(ledger, first, second)
    await sent(ledger, first)
    await sent(ledger, second, "r-2")
    reply = replace(accepted("9206417733"), request_id="r-1")
    await ledger.answer(first.intent_id, reply, IntentState.ACCEPTED, "", NOW)
    if way == "answered":
        reply = replace(reply, request_id="r-2")
        await ledger.answer(second.intent_id, reply, IntentState.ACCEPTED, "", NOW)
    else:
        await ledger.bind(second.intent_id, order_answer("9206417733"), NOW)
    known = now(ledger, second)
    assert (known.state, known.doubt) == (
        IntentState.STUCK,
        "order 9206417733 is another's already",
    )


async def test_an_answer_that_comes_after_the_intent_was_settled_changes_nothing(
    ledger: Ledger,
) -> None:
    """A process that woke up late tells what it got; what was learned meanwhile stands."""
    intent = intent_for()
    write(ledger, intent)
    await sent(ledger, intent)
    await ledger.answer(intent.intent_id, accepted("1"), IntentState.ACCEPTED, "", NOW)
    late = answered(400, "1117", service=True)
    reached = await ledger.answer(intent.intent_id, late, IntentState.REFUSED, "", NOW)
    assert reached is IntentState.ACCEPTED
    assert now(ledger, intent).order_id == "1"


async def test_retiring_and_replacing_is_one_step_and_entries_follow(ledger: Ledger) -> None:
    old = intent_for()
    write(ledger, old)
    await sent(ledger, old)
    fault = answered(500, "1124", service=True)
    await ledger.answer(old.intent_id, fault, IntentState.LOOKING, "fault", NOW)
    new = replace(intent_for(), replaces=old.intent_id)
    assert await ledger.replace(new, NOW, LEASE)
    assert now(ledger, old).state is IntentState.RETIRED
    assert now(ledger, new) == new
    assert [entry.intent_id for entry in ledger.entries("s-1")] == [new.intent_id]
    again = replace(intent_for(), replaces=old.intent_id)
    assert not await ledger.replace(again, NOW, LEASE)
    assert ledger.intents([again.intent_id]) == {}


async def test_an_intent_in_somebodys_hands_is_not_retired(ledger: Ledger, place: Place) -> None:
    """Its holder may be frozen between counting the send and writing it."""
    old = intent_for()
    write(ledger, old)
    assert await ledger.begin_send(old.intent_id, "r-1", datetime.now(UTC), SHORT)
    await ledger.doubt(old.intent_id, "another key", NOW)
    other = place.open()
    new = replace(intent_for(), replaces=old.intent_id)
    assert not await other.replace(new, datetime.now(UTC), LEASE)
    await asyncio.sleep(SHORT.total_seconds() + 0.1)
    assert await other.replace(new, datetime.now(UTC), LEASE)
    other.close()


@pytest.mark.parametrize("by_its_holder", [False, True])
async def test_while_somebody_may_be_sending_nobody_says_that_nothing_was_placed(
    ledger: Ledger, place: Place, *, by_its_holder: bool
) -> None:
    intent = intent_for()
    write(ledger, intent)
    assert await ledger.begin_send(intent.intent_id, "r-1", datetime.now(UTC), SHORT)
    other = place.open()
    person = ledger if by_its_holder else other
    assert not await person.retire_by_hand(intent.intent_id, datetime.now(UTC), "Ada")
    assert now(ledger, intent).state is IntentState.SENT
    assert place.rows("select who from changes") == [("",)]
    await asyncio.sleep(SHORT.total_seconds() + 0.1)
    assert await person.retire_by_hand(intent.intent_id, datetime.now(UTC), "Ada")
    assert now(ledger, intent).state is IntentState.RETIRED
    assert place.rows("select state, why, who from changes order by position")[-1] == (
        "retired",
        "not placed",
        "Ada",
    )
    other.close()


async def test_a_person_need_not_wait_for_a_process_that_is_gone(
    ledger: Ledger, place: Place
) -> None:
    intent = intent_for()
    write(ledger, intent)
    gone = place.open()
    assert await gone.begin_send(intent.intent_id, "r-1", datetime.now(UTC), LEASE)
    gone.close()
    assert await ledger.retire_by_hand(intent.intent_id, datetime.now(UTC), "Ada")
    assert not await ledger.retire_by_hand(intent.intent_id, datetime.now(UTC), "Ada")


@pytest.mark.parametrize("retired", ["by a person", "for another intent"])
async def test_an_order_that_comes_for_a_retired_intent_is_put_before_a_person(
    ledger: Ledger, place: Place, retired: str
) -> None:
    intent = intent_for()
    write(ledger, intent)
    assert await ledger.begin_send(intent.intent_id, "r-1", datetime.now(UTC), SHORT)
    await ledger.doubt(intent.intent_id, "fault of the service", NOW)
    await asyncio.sleep(SHORT.total_seconds() + 0.1)
    if retired == "by a person":
        assert await ledger.retire_by_hand(intent.intent_id, datetime.now(UTC), "Ada")
    else:
        new = replace(intent_for(), replaces=intent.intent_id)
        assert await ledger.replace(new, datetime.now(UTC), LEASE)
    refused = replace(answered(400, "1117", service=True), request_id="r-1")
    reached = await ledger.answer(intent.intent_id, refused, IntentState.REFUSED, "", NOW)
    assert reached is IntentState.RETIRED
    reply = replace(accepted("9206417733"), request_id="r-1")
    reached = await ledger.answer(intent.intent_id, reply, IntentState.ACCEPTED, "", NOW)
    assert reached is IntentState.STUCK
    assert intent.intent_id in {
        one.intent_id for one in ledger.unfinished("default", "practice", ["1000"])
    }
    stands = now(ledger, intent)
    assert (stands.state, stands.doubt, stands.order_id) == (
        IntentState.STUCK,
        "order 9206417733 came all the same",
        "",
    )
    assert place.rows("select state, why from changes order by position")[-1] == (
        "stuck",
        "order 9206417733 came all the same",
    )
    assert intent.intent_id in {i.intent_id for i in ledger.unfinished("default", "practice", [])}
    assert not await ledger.begin_send(intent.intent_id, "r-2", datetime.now(UTC), LEASE)
    bound = await ledger.bind(intent.intent_id, order_answer("9206417733"), NOW, "Ada")
    assert (bound, now(ledger, intent).order_id) == (IntentState.ACCEPTED, "9206417733")


async def test_a_second_order_for_an_accepted_intent_is_told_beside_the_first(
    ledger: Ledger, place: Place
) -> None:
    intent = intent_for()
    write(ledger, intent)
    assert await ledger.begin_send(intent.intent_id, "r-1", datetime.now(UTC), LEASE)
    first = replace(accepted("9206417733"), request_id="r-1")
    await ledger.answer(intent.intent_id, first, IntentState.ACCEPTED, "", NOW)
    again = await ledger.answer(intent.intent_id, first, IntentState.ACCEPTED, "", NOW)
    assert (again, now(ledger, intent).doubt) == (IntentState.ACCEPTED, "")
    second = replace(accepted("9206417734"), request_id="r-1")
    reached = await ledger.answer(intent.intent_id, second, IntentState.ACCEPTED, "", NOW)
    stands = now(ledger, intent)
    assert (reached, stands.order_id) == (IntentState.ACCEPTED, "9206417733")
    assert stands.doubt == "answered also with order 9206417734"
    assert place.rows("select state, why from changes order by position")[-1] == (
        "accepted",
        "answered also with order 9206417734",
    )


async def test_an_intent_that_has_its_order_is_not_accepted_with_another(
    ledger: Ledger, place: Place
) -> None:
    intent = intent_for()
    write(ledger, intent)
    await sent(ledger, intent)
    assert await ledger.bind(intent.intent_id, order_answer("1"), NOW) is IntentState.ACCEPTED
    before = place.rows("select state, why from changes")
    assert await ledger.bind(intent.intent_id, order_answer("1"), NOW) is IntentState.ACCEPTED
    assert await ledger.bind(intent.intent_id, order_answer("2"), NOW) is IntentState.STUCK
    stands = now(ledger, intent)
    assert (stands.state, stands.order_id, stands.doubt) == (IntentState.ACCEPTED, "1", "")
    assert place.rows("select state, why from changes") == before


async def test_every_step_is_kept_in_order(ledger: Ledger, place: Place) -> None:
    intent = intent_for()
    write(ledger, intent)
    await sent(ledger, intent)
    fault = answered(500, "1124", service=True)
    await ledger.answer(intent.intent_id, fault, IntentState.LOOKING, "fault", NOW)
    await ledger.looked(intent.intent_id, NOW)
    await ledger.send_again(intent.intent_id, NOW)
    assert now(ledger, intent).looks == 0
    await ledger.doubt(intent.intent_id, "another key", NOW)
    await ledger.bind(intent.intent_id, order_answer("7"), NOW, "Ada")
    rows = place.rows("select state, why, who from changes order by position")
    assert rows == [
        ("written", "planned", ""),
        ("looking", "fault", ""),
        ("sent", "not found, the same id again", ""),
        ("looking", "another key", ""),
        ("accepted", "found by looking up: 7", "Ada"),
    ]


async def test_the_newest_outcome_is_told_and_the_older_ones_are_kept(
    ledger: Ledger, place: Place
) -> None:
    intent = intent_for()
    write(ledger, intent)
    await sent(ledger, intent)
    await ledger.answer(intent.intent_id, accepted("1"), IntentState.ACCEPTED, "", NOW)
    await ledger.note_outcomes({intent.intent_id: order_answer("1", "1000")}, NOW)
    assert ledger.latest_outcomes([intent.intent_id])[intent.intent_id][0].status == "1000"
    statuses = place.rows("select status from outcomes order by position")
    assert statuses == [("1002",), ("1000",)]


async def test_every_attempt_is_kept_and_the_same_bytes_are_counted(
    ledger: Ledger, place: Place
) -> None:
    intent = intent_for(written_at=NOW)
    write(ledger, intent)
    for number in (1, 2):
        at = NOW + timedelta(minutes=number)
        assert await ledger.begin_send(intent.intent_id, f"r-{number}", at, LEASE)
        reply = Reply(f"r-{number}", 504, code="504001", digest="same")
        repeated = await ledger.note_attempt(intent.intent_id, reply, at)
    assert (repeated.times, repeated.since) == (2, NOW + timedelta(minutes=1))
    rows = place.rows("select send, http_status, code from attempts order by send")
    assert rows == [(1, 504, "504001"), (2, 504, "504001")]
    assert ledger.newest_moment() == NOW + timedelta(minutes=2)


async def test_an_intent_has_not_left_when_each_of_its_attempts_says_so(ledger: Ledger) -> None:
    """One that was never answered, because its process was killed, may have left."""
    here, left, killed, unsent = (intent_for() for _ in range(4))
    write(ledger, here, left, killed, unsent)
    came = {here: ("NET/NOT_SENT", "NET/TOO_LATE"), left: ("NET/NOT_SENT", "NET/NO_ANSWER")}
    for intent, codes in {**came, killed: ("NET/NOT_SENT", "")}.items():
        for code in codes:
            request_id = f"{intent.intent_id[:8]}{code}"
            assert await ledger.begin_send(intent.intent_id, request_id, NOW, LEASE)
            if code:
                await ledger.note_attempt(intent.intent_id, Reply(request_id, None, code), NOW)
    ids = [intent.intent_id for intent in (here, left, killed, unsent)]
    assert ledger.never_left(ids, {"NET/NOT_SENT", "NET/TOO_LATE"}) == {here.intent_id}


def test_it_is_written_through_to_the_disk(ledger: Ledger, place: Place) -> None:
    with ledger.planning("default", "practice") as planning:
        connection = planning._connection
        if connection.dialect.name == "postgresql":
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        else:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_a_ledger_of_a_newer_program_is_refused_with_a_sentence(
    ledger: Ledger, place: Place
) -> None:
    ledger.close()
    engine = open_engine(place.url)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    engine.dispose()
    with pytest.raises(LedgerFault, match="newer Orderdrop"):
        place.open()


def test_a_folder_that_cannot_be_used_is_told_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LedgerFault, match="nothing was ordered"):
        Ledger.in_folder(tmp_path / "file")


def test_a_file_that_is_no_ledger_is_told_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"something else entirely, long enough" * 40)
    with pytest.raises(LedgerFault, match="cannot be opened"):
        Ledger.in_folder(tmp_path)


def test_outputs_of_ours_are_known_by_name_and_content(ledger: Ledger) -> None:
    """From the moment before they take their name: a run may die just after."""
    write(ledger, intent_for())
    ledger.will_write("s-1", "/out/a.xlsx", "hash")
    written = ledger.written_for("/out/a.xlsx", "hash")
    assert [submission.submission_id for submission in written] == ["s-1"]
    assert ledger.written_for("/out/a.xlsx", "changed") == []
    assert ledger.written_for("/out/b.xlsx", "hash") == []
