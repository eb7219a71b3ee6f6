"""Two accounts in one folder: whose workbook it is decides with whose key it is ordered."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tests.command.conftest import SAMPLES, Bench, Book, marketplace, wait_for
from tests.command.test_serve import begun, ended
from tests.command.test_submit import answers_in
from tests.command.test_watch import orders, ours, watching

NAMES = ("north", "south")


def _table(name: str, book: Book) -> str:
    """An account with a client of its own."""
    client = {"clientId": f"{name}-key", "clientSecret": f"{name}-hush-hush"}
    httpx.post(f"{book.url}/control/seed-client", json=client).raise_for_status()
    return f'[accounts.{name}]\nclient_id = "{name}-key"\nclient_secret = "{name}-hush-hush"\n'


def _keys(book: Book, reference: str) -> set[str]:
    """The keys with which an order of this reference was sent."""
    return {call["apiKey"] for call in book.calls() if reference in str(call["requestBody"])}


def test_what_is_dropped_for_an_account_is_ordered_with_its_key(
    bench: Bench, tmp_path: Path
) -> None:
    with marketplace() as book:
        tables = "".join(_table(name, book) for name in NAMES)
        (bench.folder / "orderdrop.toml").write_text(f'marketplace_url = "{book.url}"\n{tables}')
        settings = {"ORDERDROP_ENVIRONMENT": "sandbox", "ORDERDROP_PATIENCE": "0.02"}
        left = bench.folder / "inbox/working/of one account/left.xlsx"
        left.parent.mkdir(parents=True)
        orders(left, "PO-left")
        with watching(bench, **settings) as watch:
            for name in NAMES:
                content = orders(tmp_path / "source.xlsx", f"PO-{name}")
                (watch.inbox / name / f"{name}.xlsx").write_bytes(content)
            (watch.inbox / "nobody.xlsx").write_bytes(content)
            told = watch.ended("north.xlsx", "south.xlsx")
            for name in ("nobody.xlsx", "working/of one account/left.xlsx"):
                wait_for(lambda name=name: f"{name} lies in" in watch.said())
        for name in NAMES:
            assert told[f"{name}.xlsx"]["what"] == "done"
            assert told[f"{name}.xlsx"]["account"] == name
            assert len(ours(book, f"PO-{name}")) == 1
            assert _keys(book, f"PO-{name}") == {f"{name}-key"}
            listed = bench.run("orders", "--json", "--account", name, **settings).figures["orders"]
            assert [row["reference"] for row in listed] == [f"PO-{name}"]
            assert list((watch.inbox / name / "archive").rglob("*.xlsx"))

        # By command, one of them.
        orders(bench.folder / "again.xlsx", "PO-again")
        ran = bench.run("submit", "again.xlsx", "--json", "--account", "south", **settings)
        assert (ran.code, ran.figures["account"]) == (0, "south"), ran.err
        assert _keys(book, "PO-again") == {"south-key"}
        ran = bench.run("submit", "again.xlsx", "--account", "souht", **settings)
        assert ran.code == 3
        assert "There is no account souht. The settings know north, south" in ran.err
    for path in (bench.folder / "output", bench.state):
        for file in path.rglob("*"):
            assert not file.is_file() or b"-hush-hush" not in file.read_bytes(), file
    assert "-hush-hush" not in watch.said() + ran.err


def test_serve_has_the_schedules_the_nights_and_the_folder_of_each_account(tmp_path: Path) -> None:
    (tmp_path / "orderdrop.toml").write_text("[accounts.north]\n[accounts.south]\n")
    books = tmp_path / "inbox/south/renewals"
    books.mkdir(parents=True)
    shutil.copy(SAMPLES / "renewal-book.xlsx", books)
    before = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    os.utime(books / "renewal-book.xlsx", (before, before))
    serving = begun(tmp_path)
    try:
        wait_for(lambda: len(serving.asked("deployments")) == 6)
        accounts = {d["name"]: d["parameters"]["account"] for d in serving.asked("deployments")}
        assert accounts == {
            f"practice-{kind}-{name}": name
            for kind in ("nightly", "following", "by-hand")
            for name in NAMES
        }
        for name in NAMES:
            orders(tmp_path / f"{name}.xlsx", f"PO-serve-{name}")
            (tmp_path / f"{name}.xlsx").rename(serving.inbox / name / f"{name}.xlsx")
            output = tmp_path / "output" / f"{name}.reconciled.xlsx"
            wait_for(output.exists)
            results = {row["Result"] for row in answers_in(output).values()}
            assert results == {"Practice: Ordered"}
            run = serving.run_of(f"{name}.xlsx (practice)")
            assert run["parameters"]["account"] == name
        night = serving.run_of("all renewal books (practice)")
        assert night["parameters"]["account"] == "south"
        assert sum("catches up" in run["tags"] for run in serving.asked("flow_runs")) == 1
    finally:
        assert ended(serving) == 0
