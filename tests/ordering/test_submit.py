"""Sending: the real ledger, and a marketplace whose every answer the test decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import flows.ordering.look_up
import flows.ordering.submit
from flows.ledger import Ledger, LedgerFault
from flows.ordering.follow import follow, follow_once
from flows.ordering.hands import Hands
from flows.ordering.life import Doubt, Kind, Step
from flows.ordering.look_up import settle
from flows.ordering.states import final_statuses
from flows.ordering.submit import submit
from schemas.orders import (
    CallFailed,
    Intent,
    IntentState,
    MarketplaceStop,
    Order,
    OrderAnswer,
    OrderLine,
    Reply,
)
from tests.intents import ORDER, accepted, answered, entry_for, intent_for, order_answer, submission
from tests.turns import NoTurn


@dataclass
class ScriptedApi:
    """Answers order calls from a script, the last one again and again."""

    script: list[Reply | Exception]
    orders: list[OrderAnswer] = field(default_factory=list)
    sent: list[Intent] = field(default_factory=list)
    looked: int = 0
    before_answer: Callable[[Intent], None] = lambda _: None

    async def ready(self) -> NoTurn:
        return NoTurn()

    async def place(self, intent: Intent, request_id: str, may_go: Callable[[], bool]) -> Reply:
        assert may_go()
        self.sent.append(intent)
        self.before_answer(intent)
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(answer, Exception):
            raise answer
        return replace(answer, request_id=request_id)

    async def preview(self, customer_id: str, body: bytes) -> Reply:
        raise AssertionError((customer_id, body))

    async def history(
        self, customer_id: str, since: datetime, order_types: list[str]
    ) -> list[OrderAnswer]:
        self.looked += 1
        assert (customer_id, order_types) == (ORDER.customer_id, ["NEW"])
        assert since <= datetime.now(UTC) - timedelta(hours=23)
        return self.orders


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.in_folder(tmp_path)
    yield opened
    opened.close()


def written(ledger: Ledger, *intents: Intent) -> None:
    digest = ledger.keep_workbook(b"w", "november.xlsx", datetime.now(UTC))
    with ledger.planning("default", "practice") as planning:
        planning.write(
            submission(workbook_hash=digest),
            [],
            intents,
            [entry_for(intent, place) for place, intent in enumerate(intents, start=1)],
        )


def hands_for(ledger: Ledger, api: ScriptedApi, **terms: Any) -> Hands:
    return Hands(
        **({"key_fingerprint": "key-1", "in_flight": 4, "patience": 0.0} | terms),
        book=ledger,
        api=api,
    )


async def sent(ledger: Ledger, api: ScriptedApi, *intents: Intent, **terms: Any) -> None:
    known = ledger.intents([intent.intent_id for intent in intents])
    hands = hands_for(ledger, api, **terms)
    await submit(hands, [known[intent.intent_id] for intent in intents], lambda _: None)


async def unanswered(ledger: Ledger, intent: Intent) -> None:
    """Sent once, without an answer, by a process that is done with it."""
    lease = timedelta(seconds=-1)
    assert await ledger.begin_send(intent.intent_id, str(uuid4()), datetime.now(UTC), lease)


def state_of(ledger: Ledger, intent: Intent) -> Intent:
    return ledger.intents([intent.intent_id])[intent.intent_id]


async def test_the_send_stands_in_the_ledger_before_the_call_and_the_answer_after(
    ledger: Ledger,
) -> None:
    intent = intent_for()
    written(ledger, intent)
    seen: list[Intent] = []
    api = ScriptedApi([accepted("1")], before_answer=lambda i: seen.append(state_of(ledger, i)))
    await sent(ledger, api, intent)
    assert [(i.state, i.sends) for i in seen] == [(IntentState.SENT, 1)]
    after = state_of(ledger, intent)
    assert (after.state, after.order_id) == (IntentState.ACCEPTED, "1")


async def test_a_repeat_that_is_answered_is_accepted(ledger: Ledger) -> None:
    intent = intent_for()
    written(ledger, intent)
    await sent(ledger, ScriptedApi([answered(504, "504001"), accepted("7")]), intent)
    assert state_of(ledger, intent).order_id == "7"


async def test_looking_up_binds_the_one_order_that_agrees(ledger: Ledger) -> None:
    intent = intent_for()
    written(ledger, intent)
    other = order_answer("8", order=Order("PO-2", ORDER.customer_id, "NEW", "", ORDER.lines))
    longer = Order(
        "PO-1",
        ORDER.customer_id,
        "NEW",
        "",
        (*ORDER.lines, OrderLine(6, 2, "65310542CA02A12", 1, "USD")),
    )
    orders = [other, order_answer("9"), order_answer("10", order=longer)]
    api = ScriptedApi([answered(500, "1124", service=True)], orders)
    await sent(ledger, api, intent)
    assert state_of(ledger, intent).order_id == "9"


async def test_an_order_told_without_line_numbers_is_still_found(ledger: Ledger) -> None:
    """Not to find ours would be to send it again."""
    intent = intent_for()
    written(ledger, intent)
    body = order_answer("9").model_dump(by_alias=True, mode="json")
    for line in body["lineItems"]:
        del line["extLineItemNumber"]
    other = {**body, "orderId": "8", "lineItems": [{**body["lineItems"][0], "quantity": 99}]}
    orders = [OrderAnswer.model_validate(one) for one in (other, body)]
    await sent(ledger, ScriptedApi([answered(500, "1124", service=True)], orders), intent)
    assert state_of(ledger, intent).order_id == "9"


async def test_looking_up_two_that_agree_makes_it_stuck(ledger: Ledger) -> None:
    intent = intent_for()
    written(ledger, intent)
    orders = [order_answer("8"), order_answer("9")]
    await sent(ledger, ScriptedApi([answered(500, "1124", service=True)], orders), intent)
    assert state_of(ledger, intent).state is IntentState.STUCK


async def test_looking_up_passes_over_an_order_that_belongs_to_another_intent(
    ledger: Ledger,
) -> None:
    first, second = intent_for(), intent_for()
    written(ledger, first, second)
    await sent(ledger, ScriptedApi([accepted("8")]), first)
    api = ScriptedApi([answered(500, "1124", service=True)], [order_answer("8")])
    await sent(ledger, api, second)
    assert state_of(ledger, second).state is IntentState.LOOKING


async def test_a_look_up_that_fails_changes_nothing(ledger: Ledger) -> None:
    class Silent(ScriptedApi):
        async def history(self, *_: object) -> list[OrderAnswer]:  # type: ignore[override]
            raise CallFailed("no answer", answered(None, "NET/NO_ANSWER"))

    intent = intent_for()
    written(ledger, intent)
    await sent(ledger, Silent([answered(500, "1124", service=True)]), intent)
    assert state_of(ledger, intent).state is IntentState.LOOKING


async def test_an_intent_first_sent_under_another_key_is_looked_up_and_not_sent(
    ledger: Ledger,
) -> None:
    intent = intent_for()
    written(ledger, intent)
    await unanswered(ledger, intent)
    api = ScriptedApi([accepted("1")])
    await sent(ledger, api, intent, key_fingerprint="key-2")
    assert (api.sent, api.looked) == ([], 1)
    assert state_of(ledger, intent).doubt == Doubt.OTHER_KEY


async def test_an_intent_of_ten_days_ago_is_looked_up_and_not_sent(ledger: Ledger) -> None:
    intent = intent_for(written_at=datetime.now(UTC) - timedelta(days=10))
    written(ledger, intent)
    await unanswered(ledger, intent)
    api = ScriptedApi([accepted("1")])
    await sent(ledger, api, intent)
    assert (api.sent, api.looked) == ([], 1)
    assert state_of(ledger, intent).state is IntentState.STUCK


async def test_a_computer_that_slept_for_days_between_two_sends_looks_up_first(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vendor forgets an id after ten days; the same id would place the order once more."""
    intent = intent_for()
    written(ledger, intent)

    later = datetime.now(UTC) + timedelta(days=11)

    def sleeps(_: Intent) -> None:
        for module in (flows.ordering.submit, flows.ordering.look_up):
            monkeypatch.setattr(module, "utc_now", lambda: later)

    api = ScriptedApi([answered(504, "504001")], before_answer=sleeps)
    await sent(ledger, api, intent)
    assert (len(api.sent), api.looked) == (1, 1)
    assert state_of(ledger, intent).doubt == "not found, and too old to be sent again"


async def test_an_intent_planned_under_another_key_and_never_sent_is_written_anew(
    ledger: Ledger,
) -> None:
    """The ledger must know under which key an id was first sent."""
    intent = intent_for()
    written(ledger, intent)
    api = ScriptedApi([accepted("1")])
    await sent(ledger, api, intent, key_fingerprint="key-2")
    (gone,) = api.sent
    assert (gone.key_fingerprint, gone.replaces) == ("key-2", intent.intent_id)
    assert gone.correlation_id != intent.correlation_id
    assert state_of(ledger, intent).state is IntentState.RETIRED
    assert state_of(ledger, gone).order_id == "1"


async def test_what_was_not_found_is_judged_by_the_moment_of_the_question(ledger: Ledger) -> None:
    """An order may appear while others of the same page are sent, which can take minutes."""
    intent = intent_for()
    written(ledger, intent)
    sent_at = datetime.now(UTC) - timedelta(minutes=20)
    await ledger.begin_send(intent.intent_id, "r-0", sent_at, timedelta(seconds=-1))
    await ledger.doubt(intent.intent_id, Kind.SPOKEN_FAULT, sent_at)
    await ledger.looked(intent.intent_id, sent_at)
    hands = hands_for(ledger, ScriptedApi([accepted("1")]), patience=1.0)
    asked_before_the_settle_time = sent_at + timedelta(minutes=14)
    looked = await settle(hands, state_of(ledger, intent), [], asked_before_the_settle_time)
    assert looked.step is Step.LOOK_AGAIN
    looked = await settle(hands, state_of(ledger, intent), [], datetime.now(UTC))
    assert looked.step is Step.REPLACE


async def test_an_order_whose_currency_is_told_only_once_is_found(ledger: Ledger) -> None:
    """The switch family shows it beside the lines only (reference, section 8.2)."""
    intent = intent_for()
    written(ledger, intent)
    body = order_answer("9").model_dump(by_alias=True, mode="json")
    for line in body["lineItems"]:
        body["currencyCode"] = line.pop("currencyCode")
    orders = [OrderAnswer.model_validate(body)]
    await sent(ledger, ScriptedApi([answered(500, "1124", service=True)], orders), intent)
    assert state_of(ledger, intent).order_id == "9"


async def test_where_a_person_is_to_decide_the_intent_says_so(ledger: Ledger) -> None:
    intent = intent_for()
    written(ledger, intent)
    await unanswered(ledger, intent)
    await ledger.doubt(intent.intent_id, Kind.SPOKEN_FAULT, datetime.now(UTC))
    await ledger.looked(intent.intent_id, datetime.now(UTC))
    hands = hands_for(ledger, ScriptedApi([accepted("1")]), resend="ask")
    await settle(hands, state_of(ledger, intent), [], datetime.now(UTC) + timedelta(hours=1))
    left = state_of(ledger, intent)
    assert left.state is IntentState.STUCK
    assert left.doubt == "not found, and a person is to decide (ORDERDROP_RESEND=ask)"


async def test_a_clock_behind_the_ledger_sends_nothing_again_but_what_was_never_sent(
    ledger: Ledger,
) -> None:
    before, fresh = intent_for(), intent_for(Order("PO-2", "c", "NEW", "", ORDER.lines))
    written(ledger, before, fresh)
    await unanswered(ledger, before)

    class Anyone(ScriptedApi):
        async def history(self, *_: object) -> list[OrderAnswer]:  # type: ignore[override]
            return []

    api = Anyone([accepted("1")])
    await sent(ledger, api, before, fresh, clock_back=True)
    assert [intent.reference for intent in api.sent] == ["PO-2"]
    left = state_of(ledger, before)
    assert (left.state, left.doubt) == (IntentState.LOOKING, Doubt.CLOCK_BACK)


async def test_an_intent_sent_in_the_future_is_looked_up_and_not_sent(ledger: Ledger) -> None:
    intent = intent_for()
    written(ledger, intent)
    ahead = datetime.now(UTC) + timedelta(days=3)
    await ledger.begin_send(intent.intent_id, "r-0", ahead, timedelta(days=-3))
    api = ScriptedApi([accepted("1")])
    await sent(ledger, api, intent)
    assert (api.sent, api.looked) == ([], 1)


async def test_an_intent_that_another_process_holds_is_left_alone(
    ledger: Ledger, tmp_path: Path
) -> None:
    intent = intent_for()
    written(ledger, intent)
    someone_else = Ledger.in_folder(tmp_path)
    lease = timedelta(minutes=10)
    await someone_else.begin_send(intent.intent_id, "r-0", datetime.now(UTC), lease)
    api = ScriptedApi([accepted("1")])
    await sent(ledger, api, intent, call_seconds=0.01, patience=0.001)
    assert api.sent == []
    someone_else.close()


async def test_a_request_that_is_too_late_for_its_lease_is_given_up_and_sent_anew(
    ledger: Ledger,
) -> None:
    intent = intent_for()
    written(ledger, intent)
    api = ScriptedApi([answered(None, "NET/TOO_LATE"), accepted("1")])
    await sent(ledger, api, intent)
    assert len(api.sent) == 2
    assert state_of(ledger, intent).order_id == "1"


async def test_a_lease_is_still_good_only_for_a_part_of_it(ledger: Ledger) -> None:
    """What is left of a lease must be enough for the call itself."""
    hands = hands_for(ledger, ScriptedApi([accepted()]), call_seconds=70.0)
    assert hands.may_go_for + hands.call_seconds < hands.lease.total_seconds()


async def test_refused_rights_stop_the_run_and_the_rest_stays_written(ledger: Ledger) -> None:
    intents = [intent_for(Order(f"PO-{n}", "c", "NEW", "", ORDER.lines)) for n in range(20)]
    written(ledger, *intents)
    api = ScriptedApi([answered(403, "4115", service=True)])
    hands = hands_for(ledger, api, in_flight=1)
    with pytest.raises(MarketplaceStop):
        await submit(hands, intents, lambda _: None)
    states = [state_of(ledger, intent).state for intent in intents]
    assert len(api.sent) == 1
    assert states.count(IntentState.WRITTEN) == 19
    assert states.count(IntentState.SENT) == 1


async def test_returns_of_one_customer_go_one_after_the_other(ledger: Ledger) -> None:
    orders = [Order(f"R-{n}", "c", "RETURN", "9", ORDER.lines) for n in range(5)]
    intents = [intent_for(order) for order in orders]
    written(ledger, *intents)
    under_way: list[int] = []

    class Counting(ScriptedApi):
        async def place(self, intent: Intent, request_id: str, may_go: Callable[[], bool]) -> Reply:
            assert may_go()
            unanswered = [i for i in intents if state_of(ledger, i).state is IntentState.SENT]
            under_way.append(len(unanswered))
            self.sent.append(intent)
            return replace(accepted(f"{len(self.sent)}"), request_id=request_id)

    api = Counting([accepted()])
    await sent(ledger, api, *intents)
    assert [intent.reference for intent in api.sent] == [f"R-{n}" for n in range(5)]
    assert under_way == [1] * 5


async def test_following_asks_one_page_for_all_orders_of_a_customer(ledger: Ledger) -> None:
    intents = [
        intent_for(Order(f"PO-{n}", ORDER.customer_id, "NEW", "", ORDER.lines)) for n in range(5)
    ]
    written(ledger, *intents)
    for number, intent in enumerate(intents):
        await sent(ledger, ScriptedApi([accepted(str(number))]), intent)
    api = ScriptedApi([accepted()], [order_answer(str(n), "1000") for n in range(4)])
    hands = hands_for(ledger, api, patience=0.001)
    open_ones = await follow(hands, [intent.intent_id for intent in intents], seconds=1)
    assert open_ones == 1
    outcomes = ledger.latest_outcomes([intent.intent_id for intent in intents])
    assert sorted(order.status for order, _ in outcomes.values()) == ["1000"] * 4 + ["1002"]


async def test_following_sends_what_took_anothers_place_and_was_never_sent(
    ledger: Ledger,
) -> None:
    """A run that died between retiring and sending leaves the new intent to be followed."""
    old = intent_for()
    written(ledger, old)
    await unanswered(ledger, old)
    assert await ledger.doubt(old.intent_id, "a fault", datetime.now(UTC))
    new = intent_for(replaces=old.intent_id)
    assert await ledger.replace(new, datetime.now(UTC), timedelta(seconds=1))
    left = ledger.unfinished("default", "practice", final_statuses())
    assert [intent.intent_id for intent in left] == [new.intent_id]
    api = ScriptedApi([accepted("1")], [order_answer("1")])
    await follow_once(hands_for(ledger, api), left)
    assert [intent.correlation_id for intent in api.sent] == [new.correlation_id]
    assert state_of(ledger, new).order_id == "1"


async def test_a_stop_while_following_comes_out_as_itself(ledger: Ledger) -> None:
    class SignedOut(ScriptedApi):
        async def history(self, *_: object) -> list[OrderAnswer]:  # type: ignore[override]
            raise MarketplaceStop("signed out")

    intent = intent_for()
    written(ledger, intent)
    await sent(ledger, ScriptedApi([accepted("1")]), intent)
    hands = hands_for(ledger, SignedOut([accepted()]), patience=0.001)
    with pytest.raises(MarketplaceStop, match="signed out"):
        await follow(hands, [intent.intent_id], seconds=1)


async def test_a_ledger_that_fails_stops_the_run_with_its_own_sentence(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no order leaves whose send is not on disk."""
    intents = [intent_for(Order(f"PO-{n}", "c", "NEW", "", ORDER.lines)) for n in range(9)]
    written(ledger, *intents)

    async def full(*_: object) -> bool:
        raise LedgerFault("the disk is full")

    monkeypatch.setattr(ledger, "begin_send", full)
    api = ScriptedApi([accepted("1")])
    with pytest.raises(LedgerFault, match="disk is full"):
        await sent(ledger, api, *intents)
    assert api.sent == []
