"""Steps that share a transaction: what is wrong with one is its own, a lost server is not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import OperationalError

from flows.ledger import Ledger, LedgerFault, group, steps
from schemas.orders import Intent, IntentState, Reply
from tests.databases import KINDS, POSTGRES, database
from tests.intents import accepted, answered, intent_for

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE = timedelta(seconds=100)


@pytest.fixture(params=KINDS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    with database(request.param, tmp_path) as url:
        opened = Ledger(url, tmp_path / "workbooks")
        yield opened
        opened.close()


def written(ledger: Ledger, number: int) -> list[Intent]:
    intents = [intent_for(reference=f"PO-{n}", body_key=str(n)) for n in range(number)]
    with ledger.planning("default", "practice") as planning:
        steps.write_intents(planning._connection, intents)
    return intents


async def begun(ledger: Ledger, intent: Intent, request_id: str = "") -> bool:
    return await ledger.begin_send(intent.intent_id, request_id or intent.intent_id, NOW, LEASE)


def state(ledger: Ledger, intent: Intent) -> IntentState:
    return ledger.intents([intent.intent_id])[intent.intent_id].state


def kept_by_no_database(ledger: Ledger) -> str:
    """SQLite takes NUL and not half a surrogate pair; PostgreSQL takes neither."""
    return "a\ud800b" if ledger._engine.dialect.name == "sqlite" else "a\0b"


@pytest.mark.filterwarnings("error")
async def test_an_answer_that_cannot_be_kept_leaves_the_others_of_its_group_alone(
    ledger: Ledger,
) -> None:
    intents = written(ledger, 5)
    assert await asyncio.gather(*(begun(ledger, intent) for intent in intents)) == [True] * 5
    replies = [replace(accepted(f"{n}"), request_id=i.intent_id) for n, i in enumerate(intents)]
    replies[2] = Reply(intents[2].intent_id, 400, "1117", kept_by_no_database(ledger))
    states = [IntentState.ACCEPTED] * 5
    states[2] = IntentState.REFUSED
    came = await asyncio.gather(
        *(
            ledger.answer(intent.intent_id, reply, then, "", NOW)
            for intent, reply, then in zip(intents, replies, states, strict=True)
        ),
        return_exceptions=True,
    )
    failure = came.pop(2)
    assert isinstance(failure, LedgerFault)
    assert "cannot be written" in str(failure)
    assert came == [IntentState.ACCEPTED] * 4
    assert [state(ledger, intent) for intent in intents] == [
        *[IntentState.ACCEPTED] * 2,
        IntentState.SENT,
        *[IntentState.ACCEPTED] * 2,
    ]


@pytest.mark.filterwarnings("error")
async def test_a_send_that_cannot_be_kept_leaves_the_others_of_its_group_alone(
    ledger: Ledger,
) -> None:
    good, bad, twice = written(ledger, 3)
    came = await asyncio.gather(
        begun(ledger, good),
        begun(ledger, bad, kept_by_no_database(ledger)),
        begun(ledger, twice, good.intent_id),
        return_exceptions=True,
    )
    assert came[0] is True
    assert [isinstance(failure, Exception) for failure in came[1:]] == [True, True]
    assert isinstance(came[1], LedgerFault)
    assert [state(ledger, intent) for intent in (good, bad, twice)] == [
        IntentState.SENT,
        IntentState.WRITTEN,
        IntentState.WRITTEN,
    ]


async def test_an_answer_for_an_intent_that_is_not_there_fails_alone(ledger: Ledger) -> None:
    (good,) = written(ledger, 1)
    assert await begun(ledger, good)
    came = await asyncio.gather(
        ledger.answer(good.intent_id, accepted("1"), IntentState.ACCEPTED, "", NOW),
        ledger.answer("nobody", accepted("2"), IntentState.ACCEPTED, "", NOW),
        return_exceptions=True,
    )
    assert (came[0], type(came[1])) == (IntentState.ACCEPTED, KeyError)


@pytest.mark.filterwarnings("error")
async def test_a_step_of_another_kind_that_cannot_be_kept_fails_alone(ledger: Ledger) -> None:
    stuck, good = written(ledger, 2)
    assert await begun(ledger, stuck)
    came = await asyncio.gather(
        ledger.stick(stuck.intent_id, kept_by_no_database(ledger), NOW),
        begun(ledger, good),
        return_exceptions=True,
    )
    assert isinstance(came[0], LedgerFault)
    assert came[1] is True
    assert state(ledger, stuck) is IntentState.SENT


class Torn:
    """A connection whose server has gone: not even letting go of it works."""

    def close(self) -> None:
        raise OperationalError("ROLLBACK", None, ConnectionResetError())


async def test_a_connection_that_cannot_be_let_go_of_ends_nothing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group, "_IDLE_SECONDS", 0.5)
    first, second = written(ledger, 2)
    assert await begun(ledger, first)
    kept, ledger._group._connection = ledger._group._connection, Torn()  # type: ignore[assignment]
    await asyncio.sleep(1)  # nothing comes, and the writing thread lets go
    assert ledger._group._connection is None
    async with asyncio.timeout(20):
        assert await begun(ledger, second)
    assert kept is not None
    kept.close()


@pytest.mark.parametrize("ledger", ["postgresql"], indirect=True)
async def test_a_server_started_anew_between_two_groups_is_not_noticed(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = written(ledger, 2)
    assert await begun(ledger, first)
    kept = ledger._group._connection
    assert kept is not None
    driver = kept.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with psycopg.connect(POSTGRES, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", [driver.info.backend_pid])
    assert await begun(ledger, second)
    assert ledger._group._connection is not kept
    assert state(ledger, second) is IntentState.SENT
    assert caplog.records == []


@pytest.mark.parametrize("ledger", ["postgresql"], indirect=True)
async def test_a_server_lost_in_the_middle_of_a_group_fails_all_of_it_and_the_next_is_written(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = written(ledger, 2)

    def lose(connection: Connection) -> None:
        connection.execute(select(func.pg_terminate_backend(func.pg_backend_pid())))

    came = await asyncio.gather(
        begun(ledger, first), ledger._step(lose), begun(ledger, second), return_exceptions=True
    )
    assert [type(one) for one in came] == [LedgerFault] * 3
    assert [state(ledger, intent) for intent in (first, second)] == [IntentState.WRITTEN] * 2
    assert await begun(ledger, first)
    reply = replace(answered(400, "1117", service=True), request_id=first.intent_id)
    await ledger.answer(first.intent_id, reply, IntentState.REFUSED, "", NOW)
    assert state(ledger, first) is IntentState.REFUSED
    assert caplog.records == []


@pytest.mark.parametrize("level", ["repeatable read", "serializable", "read uncommitted"])
def test_postgresql_is_used_at_the_isolation_that_the_plan_needs(
    level: str, tmp_path: Path
) -> None:
    with database("postgresql", tmp_path) as url:
        default = level.replace(" ", "%5C%20")
        strict = f"{url}%20-cdefault_transaction_isolation%3D{default}"
        ledger = Ledger(strict, tmp_path / "workbooks")
        with ledger._read() as connection:
            assert (
                connection.exec_driver_sql("show default_transaction_isolation").scalar() == level
            )
            assert connection.exec_driver_sql("show transaction_isolation").scalar() == (
                "read committed"
            )
        with ledger.planning("default", "practice") as planning:
            used = planning._connection.exec_driver_sql("show transaction_isolation").scalar()
        assert used == "read committed"
        ledger.close()
