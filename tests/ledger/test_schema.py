"""The ledger's schema: made, brought up to date, compared with the tables, refused when newer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from flows.ledger import Ledger, migrations
from flows.ledger.database import open_engine
from flows.ledger.schema import HEAD, KNOWN
from flows.ledger.tables import metadata


def test_the_steps_known_are_those_that_are_there() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [HEAD]
    assert {script.revision for script in scripts.walk_revisions()} == KNOWN


def test_a_new_ledger_has_just_the_tables_that_the_code_speaks_of(tmp_path: Path) -> None:
    Ledger.in_folder(tmp_path).close()
    engine = create_engine(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_ledger_from_before_is_brought_up_to_date_and_keeps_what_it_held(
    tmp_path: Path,
) -> None:
    """Made at the first step, with an order in it, and marked as ledgers were marked then."""
    path = tmp_path / "ledger.sqlite"
    (tmp_path / "workbooks").mkdir()
    _at_the_first_step(path)
    ledger = Ledger.in_folder(tmp_path)
    (intent,) = ledger.find("default", "practice")
    ledger.close()
    assert (intent.intent_id, intent.doubt, intent.looks, intent.replaces) == ("i-1", "", 0, "")
    with closing(sqlite3.connect(path)) as raw:
        tables = {row[0] for row in raw.execute("select name from sqlite_master")}
        assert raw.execute("select version_num from alembic_version").fetchall() == [(HEAD,)]
        assert raw.execute("pragma foreign_key_check").fetchall() == []
    assert "ledger_version" not in tables


def _at_the_first_step(path: Path) -> None:
    engine = open_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("drop table alembic_version"))
        connection.execute(text("create table ledger_version (version integer primary key)"))
        connection.execute(text("insert into ledger_version values (1)"))
        connection.execute(text("insert into workbooks values ('h', 'w.xlsx', 1, 't')"))
        connection.execute(
            text(
                "insert into intents values ('i-1', 'default', 'practice', 'k', 'c', 'NEW', 'PO',"
                " x'7b7d', 'b', 'cid', '2026-11-23T12:00:00.000000Z', 'h', 0, 'written', 0, null,"
                " null, null, '', '', '[]', null, '', '')"
            )
        )
    engine.dispose()
