"""A program that was cut off from PostgreSQL in the middle of a write: the others go on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from flows.ledger import Ledger, database, pace
from flows.marketplace.pace import next_calls
from tests.databases import database as fresh_database
from tests.intents import entry_for, intent_for, submission


async def test_what_it_held_of_the_ledger_is_free_before_others_give_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_GONE_MILLISECONDS", 500)
    with fresh_database("postgresql", tmp_path) as url:
        ledger = Ledger(url, tmp_path / "kept")
        digest = ledger.keep_workbook(b"a workbook", "a.xlsx", intent_for().written_at)
        intent = intent_for(workbook_hash=digest)
        with ledger.planning(intent.account, intent.environment) as planning:
            planning.write(submission("s", digest), (), [intent], [entry_for(intent)])
        gone = database.open_engine(url)
        with gone.connect() as connection:
            connection.begin()  # it holds the ledger now, and is not heard of any more
            at, lease = intent.written_at, timedelta(minutes=1)
            assert await ledger.begin_send(intent.intent_id, str(uuid4()), at, lease)
            with pytest.raises(DBAPIError):
                connection.execute(text("SELECT 1"))
        gone.dispose()
        ledger.close()


def test_what_it_held_of_the_pace_is_free_before_others_give_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "_GONE_MILLISECONDS", 500)
    with fresh_database("postgresql", tmp_path) as url:
        ours, gone = (pace.SharedPace(make_url(url)) for _ in range(2))
        ours.change("key", next_calls(1, 985))
        with gone._engine.connect() as connection:
            connection.execute(text("SELECT * FROM standings FOR UPDATE"))
            before, after, _ = ours.change("key", next_calls(1, 985))
            assert after.next_at > before.next_at
            with pytest.raises(DBAPIError):
                connection.execute(text("SELECT 1"))
        gone.close()
        ours.close()
