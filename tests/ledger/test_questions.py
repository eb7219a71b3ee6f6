"""Every question that the ledger asks of its big tables is answered by an index.

All methods are called on a ledger of some thousand orders, and whatever they say to the database
is explained by it: a new question without an index fails here, and so does a new method that is
not called. A ledger keeps the orders of years; none of them is looked through.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from inspect import isawaitable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from flows.ledger import Ledger
from flows.ledger.planning import Asked, submitted
from flows.ledger.renewals import NightDone, RenewalMemory
from flows.ledger.shards import Placing
from schemas.orders import Intent, IntentState, Order
from tests.databases import KINDS, database
from tests.intents import ORDER, accepted, answered, entry_for, intent_for, order_answer, submission

NOW = datetime.now(UTC)
LEASE = timedelta(seconds=60)
WORKBOOKS, ORDERS = 40, 60
BIG = {"intents", "entries", "attempts", "changes", "outcomes", "submissions", "outputs"}
BIG |= {"workbooks", "sheet_faults", "renewal_nights", "renewal_announcements", "renewal_outputs"}
NO_QUESTIONS = {"close", "in_folder", "is_in_folder", "place", "workbook", "pace"}


@pytest.mark.parametrize("kind", KINDS)
async def test_every_question_is_answered_by_an_index(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path) as url:
        ledger = Ledger(url, tmp_path / "workbooks")
        intents = await _filled(ledger)
        ledger._engine.dispose()
        with _heard(ledger, kind) as said:
            await _everything(ledger, intents)
        ledger.close()
        asked = [statement for statement in dict.fromkeys(said) if _is_a_question(statement)]
        assert len(asked) > 40
        explain = _by_sqlite if kind == "sqlite" else _by_postgresql
        slow = list(explain(url, asked))
    assert not slow, "\n\n".join(slow)


def test_every_method_is_called() -> None:
    nobody: Any = SimpleNamespace(newest_moment=None, unplaced=None, to_follow=None)
    intents = [intent_for()] * 9
    assert _methods(Ledger) - NO_QUESTIONS == _calls(nobody, intents).keys()
    assert _methods(RenewalMemory) == _calls_of_renewals(nobody, intents[0]).keys()
    assert _methods(Placing) == _calls_of_placing(nobody, []).keys()


def _methods(of: type) -> set[str]:
    """Its own, of which some are fields where it is a dataclass."""
    return {name for name in dir(of) if not name.startswith("_")} - set(
        getattr(of, "__dataclass_fields__", ())
    )


async def _filled(ledger: Ledger) -> list[Intent]:
    """Workbooks of many orders, each answered; the last one's are not sent yet."""
    found: list[Intent] = []
    for number in range(WORKBOOKS):
        name = f"{number}.xlsx"
        digest = ledger.keep_workbook(name.encode(), name, NOW)
        orders = [_order(number, place) for place in range(ORDERS)]
        intents = [intent_for(order, workbook_hash=digest) for order in orders]
        run = submission(f"s-{number}", digest)
        entries = [entry_for(intent, place) for place, intent in enumerate(intents)]
        ledger.plan("default", "practice", Asked(), _nothing, _rows(run, intents, entries))
        ledger.finish(run.submission_id, f"/out/{name}", "0" * 64, NOW)
        ledger.will_write(run.submission_id, f"/out/{name}", "0" * 64)
        if number < WORKBOOKS - 1:
            await _sent(ledger, intents)
        found = intents
    return found


def _order(workbook: int, place: int) -> Order:
    return replace(ORDER, reference=f"PO-{workbook}-{place}", customer_id=f"P{place}-{workbook}")


def _nothing(_known: object) -> None:
    return None


def _rows(run: Any, intents: list[Intent], entries: list[Any]) -> Callable[[None], Any]:
    return lambda _: submitted(run, [], intents, entries)


async def _sent(ledger: Ledger, intents: list[Intent]) -> None:
    for intent in intents[:2]:
        reply = accepted(f"9{intent.intent_id[:20]}")
        await ledger.begin_send(intent.intent_id, reply.request_id, NOW, LEASE)
        await ledger.answer(intent.intent_id, reply, IntentState.ACCEPTED, "", NOW)


Call = Callable[[], Any]


def _calls(ledger: Ledger, intents: list[Intent]) -> dict[str, Call]:
    """Every method, in an order in which each has something to do."""
    ids = [intent.intent_id for intent in intents]
    first, second, third, fourth, fifth, *_ = ids
    asked = Asked([intents[0].body_key], [intents[0].reference], ["9206417733"])
    reply = accepted("9206417733")
    failed = replace(answered(500, "HTTP/500"), digest="d", request_id=reply.request_id)
    new = replace(intent_for(_order(9999, 1)), replaces=fourth)
    digest = intents[0].workbook_hash
    where = ("default", "practice")

    def planning() -> None:
        with ledger.planning("default", "practice") as open_one:
            open_one.known(asked)

    def plan() -> None:
        run = submission("s-new", digest)
        ledger.plan("default", "practice", asked, _nothing, _rows(run, [], []))

    return {
        "keep_workbook": lambda: ledger.keep_workbook(b"new", "new.xlsx", NOW),
        "workbook_names": lambda: ledger.workbook_names(intents),
        "plan": plan,
        "planning": planning,
        "known": lambda: ledger.known("default", "practice", asked),
        "submission": lambda: ledger.submission("s-1"),
        "entries": lambda: ledger.entries("s-1"),
        "shown_prices": lambda: ledger.shown_prices("s-1", "default", "practice"),
        "faults": lambda: ledger.faults("s-1"),
        "finish": lambda: ledger.finish("s-1", "/out/1.xlsx", "1" * 64, NOW),
        "will_write": lambda: ledger.will_write("s-1", "/out/1.xlsx", "1" * 64),
        "written_for": lambda: ledger.written_for("/out/1.xlsx", "1" * 64),
        "have_orders_in_common": lambda: ledger.have_orders_in_common("s-1", "s-2"),
        "answer_preview": lambda: ledger.answer_preview("s-1", 1, reply, "{}", NOW),
        "renewals": lambda: ledger.renewals("default", "practice"),
        "placing": lambda: ledger.placing("s-1"),
        "intents": lambda: ledger.intents(ids),
        "find": lambda: ledger.find(*where, "PO-1-1", frozenset({IntentState.WRITTEN})),  # type: ignore[arg-type]
        "begin_send": lambda: ledger.begin_send(first, reply.request_id, NOW, LEASE),
        "note_attempt": lambda: ledger.note_attempt(first, failed, NOW),
        "answer": lambda: ledger.answer(first, reply, IntentState.ACCEPTED, "", NOW),
        "doubt": lambda: ledger.doubt(second, "why", NOW),
        "looked": lambda: ledger.looked(second, NOW),
        "bind": lambda: ledger.bind(second, order_answer("9206417799"), NOW),
        "stick": lambda: ledger.stick(third, "why", NOW),
        "send_again": lambda: ledger.send_again(third, NOW),
        "replace": lambda: ledger.replace(new, NOW, LEASE),
        "retire_by_hand": lambda: ledger.retire_by_hand(fifth, NOW, "somebody"),
        "note_outcomes": lambda: ledger.note_outcomes(
            {first: order_answer("9206417733", "1000")}, NOW
        ),
        "newest_moment": ledger.newest_moment,
        "order_ids": lambda: ledger.order_ids("practice", intents[0].customer_id),
        "latest_outcomes": lambda: ledger.latest_outcomes(ids),
        "latest_statuses": lambda: ledger.latest_statuses(ids),
        "never_left": lambda: ledger.never_left(ids, ["NET/NOT_SENT"]),
        "unfinished": lambda: ledger.unfinished("default", "practice", ["1000"]),
        "replaced_by": lambda: ledger.replaced_by(ids),
        "history": lambda: ledger.history(first),
        "submissions_with": lambda: ledger.submissions_with(ids),
        "untold": lambda: ledger.untold("default", "practice"),
        "newest_known": lambda: ledger.newest_known("s-1"),
    }


def _calls_of_renewals(memory: RenewalMemory, intent: Intent) -> dict[str, Call]:
    night = NightDone(date(2026, 11, 26), was_dry_run=False)
    return {
        "claim": lambda: memory.claim(intent),
        "intents_of": lambda: memory.intents_of([intent.body_key]),
        "nights": lambda: memory.nights("k"),
        "announced": lambda: memory.announced("k"),
        "end_night": lambda: memory.end_night("k", "r.xlsx", night, 0, [], NOW),
        "will_write": lambda: memory.will_write("/out/r.xlsx", "2" * 64),
        "wrote": lambda: memory.wrote("/out/r.xlsx", "2" * 64),
    }


def _calls_of_placing(placing: Placing, ids: list[str]) -> dict[str, Call]:
    return {
        "unplaced": placing.unplaced,
        "to_follow": placing.to_follow,
        "sends_of": lambda: placing.sends_of(ids),
    }


async def _everything(ledger: Ledger, intents: list[Intent]) -> None:
    memory = ledger.renewals("default", "practice")
    calls = [*_calls(ledger, intents).values()]
    calls += _calls_of_renewals(memory, intent_for(_order(9999, 2))).values()
    ids = [intent.intent_id for intent in intents]
    calls += _calls_of_placing(ledger.placing("s-1"), ids).values()
    for call in calls:
        came = call()
        if isawaitable(came):
            await came


# --- what is said to the database ---


def _is_a_question(statement: str) -> bool:
    return statement.split(maxsplit=1)[0].upper() in {"SELECT", "INSERT", "UPDATE", "DELETE"}


@contextmanager
def _heard(ledger: Ledger, kind: str) -> Iterator[list[str]]:
    """Every statement that goes to the driver meanwhile, with its values in it."""
    said: list[str] = []
    if kind == "sqlite":

        @event.listens_for(ledger._engine, "connect")
        def _trace(connection: sqlite3.Connection, _record: object) -> None:
            connection.set_trace_callback(said.append)

        yield said
        return
    execute = psycopg.Cursor.execute

    def heard(self: Any, query: Any, params: Any = None, **more: Any) -> Any:
        whole = psycopg.ClientCursor(self.connection).mogrify(query, params)
        said.extend(part for part in whole.split("; ") if part)
        return execute(self, query, params, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", heard)
        yield said


def _by_sqlite(url: str, asked: list[str]) -> Iterator[str]:
    """Questions for which a big table would be looked through."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    for statement in asked:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        scans = [line for line in plan if line.split()[0] == "SCAN" and line.split()[1] in BIG]
        if scans:
            yield f"{statement[:600]}\n  {scans}"
    connection.close()


def _by_postgresql(url: str, asked: list[str]) -> Iterator[str]:
    """Questions for which no index can be used, however much the server would like to.

    The tables of a test are so small that to read them whole is the quickest; of the ways that are
    forbidden here each does.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        for way in (b"seqscan", b"hashjoin", b"mergejoin"):
            connection.execute(b"SET enable_" + way + b" TO off")
        for statement in asked:
            (explained,) = connection.execute(
                f"EXPLAIN (FORMAT JSON) {statement}".encode()
            ).fetchone() or ([],)
            scans = [scan for plan in explained for scan in _scans(plan["Plan"], is_first=False)]
            if scans:
                yield f"{statement[:600]}\n  {scans}"


def _scans(node: dict[str, Any], *, is_first: bool) -> Iterator[str]:
    """Nodes that go through a whole table, or a whole index but for its first or last entry."""
    is_big = node.get("Relation Name") in BIG and "Scan" in node["Node Type"]
    if is_big and node["Node Type"] != "Bitmap Heap Scan":
        is_whole = "Index Cond" not in node
        if is_whole and not is_first:
            yield f"{node['Node Type']} on {node['Relation Name']}"
    for below in node.get("Plans", []):
        yield from _scans(below, is_first=node["Node Type"] == "Limit")
