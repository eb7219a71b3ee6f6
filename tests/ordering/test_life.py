"""The two tables of an intent's life, walked row by row: docs/protocol.md.

The cases are made from the tables, so a row that nobody walks cannot be added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from uuid import uuid4

import pytest

from flows.ledger import Ledger
from flows.ordering.hands import Hands
from flows.ordering.life import (
    ANSWERS,
    LOOKS,
    Doubt,
    Found,
    Kind,
    Look,
    LookRule,
    Step,
    after_look,
    kind_of,
)
from flows.ordering.look_up import settle
from flows.ordering.submit import submit
from schemas.code_tables import error_codes
from schemas.orders import Intent, IntentState, MarketplaceStop, OrderAnswer, Reply
from tests.intents import entry_for, intent_for, order_answer, submission
from tests.turns import NoTurn

PLACED = OrderAnswer.model_validate({"orderId": "9206417733", "status": "1002"})
NO_ID = OrderAnswer.model_validate({"status": "1002"})


def reply(status: int | None, code: str = "", *, service: bool = False, **more: object) -> Reply:
    return Reply("r", status, code=code, spoken_by_service=service, **more)  # type: ignore[arg-type]


EXAMPLES: dict[Kind, list[Reply]] = {
    Kind.ACCEPTED: [reply(status, order=PLACED) for status in (200, 201, 202)],
    Kind.UNREADABLE: [reply(201, order=NO_ID), reply(201, "NET/BAD_ANSWER")],
    Kind.REFUSED: [
        reply(400, "1117", service=True),
        reply(400, "4119", service=True),
        reply(403, "4121", service=True),
        reply(404, "1116", service=True),
        reply(422, "RETURN_QTY_EXCEEDS_REMAINING", service=True),
    ],
    Kind.WORKED_ON: [reply(400, "4122", service=True)],
    Kind.DOUBLED: [reply(400, "4120", service=True)],
    Kind.TOKEN: [
        reply(401, "401013"),
        reply(401, "4116", service=True),
        reply(403, "4117", service=True),
    ],
    Kind.ACCESS: [reply(403, "4115", service=True), reply(403, "403000"), reply(403, "403003")],
    Kind.THROTTLED: [reply(429, "4118", service=True), reply(429, "429050")],
    Kind.SPOKEN_FAULT: [reply(500, "1124", service=True)],
    Kind.SILENT: [
        reply(500, "HTTP/500"),
        reply(502, "HTTP/502"),
        reply(503, "HTTP/503"),
        reply(504, "504001"),
        reply(400, "HTTP/400"),
        reply(302, "HTTP/302"),
        reply(None, "NET/NO_ANSWER"),
    ],
    Kind.REPEATED_FAULT: [reply(503, "HTTP/503", digest="the same bytes")],
    Kind.NOT_SENT: [reply(None, "NET/NOT_SENT")],
}
"""Every kind of answer, in each of its forms."""

CASES = [(kind, answer) for kind, answers in EXAMPLES.items() for answer in answers]


@dataclass
class OneAnswer:
    """A marketplace that always answers the same; its history holds nothing."""

    answer: Reply
    sent: list[Intent] = field(default_factory=list)
    looked: int = 0

    async def ready(self) -> NoTurn:
        return NoTurn()

    async def place(self, intent: Intent, request_id: str, may_go: Callable[[], bool]) -> Reply:
        assert may_go()
        self.sent.append(intent)
        return replace(self.answer, request_id=request_id)

    async def preview(self, customer_id: str, body: bytes) -> Reply:
        raise AssertionError((customer_id, body))

    async def history(self, *_: object) -> list[OrderAnswer]:
        self.looked += 1
        return []


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.in_folder(tmp_path)
    yield opened
    opened.close()


def written(ledger: Ledger, intent: Intent) -> None:
    digest = ledger.keep_workbook(b"w", "november.xlsx", datetime.now(UTC))
    with ledger.planning("default", "practice") as planning:
        planning.write(submission(workbook_hash=digest), [], [intent], [entry_for(intent)])


def now(ledger: Ledger, intent: Intent) -> Intent:
    return ledger.intents([intent.intent_id])[intent.intent_id]


def test_every_kind_of_answer_has_a_row_and_an_example() -> None:
    assert set(ANSWERS) == set(Kind) == set(EXAMPLES)


@pytest.mark.parametrize(
    ("kind", "answer"), [case for case in CASES if case[0] is not Kind.REPEATED_FAULT]
)
def test_each_answer_is_of_its_kind(kind: Kind, answer: Reply) -> None:
    assert kind_of(answer) is kind


@pytest.mark.parametrize(("kind", "answer"), CASES)
async def test_an_answer_that_stays_the_same_ends_as_its_row_says(
    ledger: Ledger, kind: Kind, answer: Reply
) -> None:
    """Sent once and once for each wait, always the same id and bytes; then the row's state."""
    rule = ANSWERS[kind]
    intent = intent_for()
    written(ledger, intent)
    api = OneAnswer(answer)
    hands = Hands(ledger, api, "key-1", in_flight=4, patience=0.0)
    if rule.stops_run:
        with pytest.raises(MarketplaceStop):
            await submit(hands, [intent], lambda _: None)
    else:
        await submit(hands, [intent], lambda _: None)
    calls = 3 if kind is Kind.REPEATED_FAULT else len(rule.waits) + 1
    assert len(api.sent) == calls
    assert {(i.correlation_id, i.body) for i in api.sent} == {(intent.correlation_id, intent.body)}
    after = now(ledger, intent)
    assert (after.state, after.sends) == (rule.then, calls)
    assert api.looked == (rule.then is IntentState.LOOKING)
    assert after.doubt == (kind if rule.then in {IntentState.LOOKING, IntentState.SENT} else "")
    assert after.order_id == (PLACED.order_id if kind is Kind.ACCEPTED else "")


@pytest.mark.parametrize(
    ("kind", "waits"),
    [
        (Kind.UNREADABLE, (1, 2, 4, 8, 15)),
        (Kind.WORKED_ON, (30, 60, 120)),
        (Kind.DOUBLED, (0, 0)),
        (Kind.SILENT, (1, 2, 4, 8, 16, 32, 60, 60, 60, 60)),
        (Kind.NOT_SENT, (1, 2, 4, 8, 16, 32, 60, 60, 60, 60)),
    ],
)
def test_the_waits_are_those_of_the_protocol(kind: Kind, waits: tuple[float, ...]) -> None:
    assert ANSWERS[kind].waits == waits


def test_nothing_but_a_spoken_refusal_counts_as_one() -> None:
    """Of all codes of the table, only those with status 400, 403, 404 or 422 can refuse."""
    for code in error_codes().values():
        for status in code.http_statuses:
            answer = reply(status, code.code, service=True)
            if kind_of(answer) is Kind.REFUSED:
                assert status in {400, 403, 404, 422}, code


# --- looking up ---

EVERY_LOOK = [Look(found, *rest) for found in Found for rest in product((False, True), repeat=6)]


def test_every_look_fits_exactly_one_row() -> None:
    for look in EVERY_LOOK:
        assert sum(rule.fits(look) for rule in LOOKS) == 1, look


def test_every_row_is_reached_by_some_look() -> None:
    for rule in LOOKS:
        assert any(rule.fits(look) for look in EVERY_LOOK), rule


def test_nothing_is_sent_or_replaced_while_an_order_was_found_or_all_is_too_old() -> None:
    for look in EVERY_LOOK:
        if look.found is not Found.NONE or look.old or look.clock_back or not look.settled:
            assert after_look(look) not in {Step.SEND_AGAIN, Step.REPLACE}, look


LOOK_CASES = [(rule, look) for rule in LOOKS for look in EVERY_LOOK if rule.fits(look)]


@pytest.mark.parametrize(
    ("rule", "look"),
    LOOK_CASES,
    ids=[
        f"{look.found}-"
        + "".join(
            "01"[getattr(look, n)]
            for n in ("old", "clock_back", "settled", "faulted", "same_key", "asks")
        )
        for _, look in LOOK_CASES
    ],
)
async def test_a_look_up_does_in_the_ledger_what_its_row_says(
    ledger: Ledger, rule: LookRule, look: Look
) -> None:
    """Every combination of what a look-up can see, set up for real and taken through."""
    settle_time = timedelta(minutes=15)
    sent_at = datetime.now(UTC) - (settle_time * 2 if look.settled else timedelta(0))
    age = timedelta(days=10) if look.old else timedelta(hours=1)
    intent = intent_for(written_at=datetime.now(UTC) - age)
    written(ledger, intent)
    assert await ledger.begin_send(intent.intent_id, str(uuid4()), sent_at, timedelta(0))
    why = Kind.SPOKEN_FAULT if look.faulted else Doubt.OTHER_KEY
    assert await ledger.doubt(intent.intent_id, why, sent_at)
    await ledger.looked(intent.intent_id, sent_at)
    orders = [order_answer(str(n)) for n in range(list(Found).index(look.found))]
    hands = Hands(
        ledger,
        OneAnswer(reply(500, "1124")),
        "key-1" if look.same_key else "key-2",
        in_flight=1,
        settle=settle_time,
        resend="ask" if look.asks else "auto",
        clock_back=look.clock_back,
    )
    looked = await settle(hands, now(ledger, intent), orders, datetime.now(UTC))
    assert looked.step is rule.then
    after = now(ledger, intent)
    assert (
        after.state
        is {
            Step.BIND: IntentState.ACCEPTED,
            Step.STICK: IntentState.STUCK,
            Step.LOOK_AGAIN: IntentState.LOOKING,
            Step.SEND_AGAIN: IntentState.SENT,
            Step.REPLACE: IntentState.RETIRED,
        }[rule.then]
    )
    if rule.then is Step.REPLACE:
        new = now(ledger, looked.intent)
        assert (new.state, new.sends, new.body) == (IntentState.WRITTEN, 0, intent.body)
        assert new.correlation_id != intent.correlation_id
        assert (new.replaces, new.key_fingerprint) == (intent.intent_id, hands.key_fingerprint)
    else:
        assert looked.intent.intent_id == intent.intent_id
    if rule.then is Step.LOOK_AGAIN:
        assert after.looks == 2
