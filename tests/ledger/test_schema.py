"""The ledger's schema: made, brought up to date, compared with the tables, refused when newer."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from flows.ledger import Ledger, migrations
from flows.ledger.database import open_engine
from flows.ledger.schema import HEAD, KNOWN
from flows.ledger.tables import metadata
from tests.databases import KINDS, database


def test_the_steps_known_are_those_that_are_there() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [HEAD]
    assert {script.revision for script in scripts.walk_revisions()} == KNOWN


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_ledger_has_just_the_tables_that_the_code_speaks_of(
    kind: str, tmp_path: Path
) -> None:
    with database(kind, tmp_path) as url:
        Ledger(url, tmp_path / "workbooks").close()
        engine = open_engine(url)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
        engine.dispose()


@pytest.mark.parametrize("kind", KINDS)
def test_a_ledger_from_before_is_brought_up_to_date_and_keeps_what_it_held(
    kind: str, tmp_path: Path
) -> None:
    """Made at the first step, with an order in it, and marked as ledgers were marked then."""
    with database(kind, tmp_path) as url:
        engine = open_engine(url)
        _at_the_first_step(engine)
        ledger = Ledger(url, tmp_path / "workbooks")
        (intent,) = ledger.find("default", "practice")
        ledger.close()
        assert (intent.intent_id, intent.doubt, intent.looks, intent.replaces) == ("i-1", "", 0, "")
        with engine.connect() as raw:
            assert raw.execute(text("select version_num from alembic_version")).all() == [(HEAD,)]
            assert "ledger_version" not in inspect(raw).get_table_names()
            if kind == "sqlite":
                assert raw.execute(text("pragma foreign_key_check")).all() == []
        engine.dispose()


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_open_before_is_followed_on_and_what_had_ended_is_not(
    kind: str, tmp_path: Path
) -> None:
    with database(kind, tmp_path) as url:
        engine = open_engine(url)
        _at_the_first_step(engine)
        with engine.begin() as connection:
            connection.execute(text("update intents set state = 'accepted'"))
            _like_the_first(connection, "ended", "accepted")
            for state in ("sent", "looking", "stuck", "refused", "retired"):
                _like_the_first(connection, state, state)
            for number, (intent_id, status) in enumerate((("i-1", "1002"), ("ended", "1000"))):
                values = f"{number}, '{intent_id}', 't', '{status}', '{{}}'"
                connection.execute(text(f"insert into outcomes values ({values})"))
        ledger = Ledger(url, tmp_path / "workbooks")
        followed = {i.intent_id for i in ledger.unfinished("default", "practice", ["1000"])}
        ledger.close()
        with engine.connect() as raw:
            still_open = raw.execute(text("select intent_id from intents where is_open")).scalars()
            assert set(still_open) == followed == {"i-1", "sent", "looking", "stuck"}
        engine.dispose()


def _like_the_first(connection: Connection, name: str, state: str) -> None:
    connection.execute(
        text(
            f"insert into intents select '{name}', account, environment, key_fingerprint,"
            " customer_id, order_type, reference, body, body_key,"
            f" '{name}', written_at, workbook_hash, reassign_users, '{state}', sends,"
            " first_sent_at, last_sent_at, order_id, error_code, error_message,"
            " error_details, answered_at, lease_owner, lease_until"
            " from intents where intent_id = 'i-1'"
        )
    )


def _at_the_first_step(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("drop table alembic_version"))
        connection.execute(text("create table ledger_version (version integer primary key)"))
        connection.execute(text("insert into ledger_version values (1)"))
        body = "x'7b7d'" if connection.dialect.name == "sqlite" else r"'\x7b7d'"
        connection.execute(text("insert into workbooks values ('h', 'w.xlsx', 1, 't')"))
        connection.execute(
            text(
                "insert into intents values ('i-1', 'default', 'practice', 'k', 'c', 'NEW', 'PO',"
                f" {body}, 'b', 'cid', '2026-11-23T12:00:00.000000Z', 'h', false, 'written', 0,"
                " null, null, null, '', '', '[]', null, '', '')"
            )
        )
