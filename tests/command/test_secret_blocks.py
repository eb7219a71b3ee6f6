"""The client secret in a Prefect Secret block: read where it is needed, and written nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from flows.companion import free_port
from tests.command.conftest import ROOT, Bench, Book, marketplace
from tests.command.test_watch import orders, ours

SECRET = "hush-hush-in-a-block"
_SAVE = """
import sys
from prefect.blocks.system import Secret
Secret(value=sys.argv[2]).save(sys.argv[1], overwrite=True)
"""


@pytest.fixture(scope="module")
def prefect_api(prefect_of_its_own: str) -> str:
    return prefect_of_its_own


def saved(bench: Bench, name: str, value: str) -> None:
    """A Secret block, made as an operator makes one."""
    subprocess.run(
        [sys.executable, "-c", _SAVE, name, value],
        env={**os.environ, **bench.environment},
        cwd=ROOT,
        check=True,
        timeout=120,
    )


@pytest.fixture
def book() -> Iterator[Book]:
    """A marketplace that knows a client with the secret of the block."""
    with marketplace() as book:
        client = {"clientId": "block-key", "clientSecret": SECRET}
        httpx.post(f"{book.url}/control/seed-client", json=client).raise_for_status()
        yield book


@pytest.fixture
def settings(book: Book) -> dict[str, str]:
    """Settings in which the block is the only secret."""
    return {
        "ORDERDROP_MARKETPLACE_URL": book.url,
        "ORDERDROP_CLIENT_ID": "block-key",
        "ORDERDROP_CLIENT_SECRET_BLOCK": "orderdrop-secret",
        "ORDERDROP_PATIENCE": "0.02",
    }


def test_a_workbook_is_ordered_with_the_secret_of_a_block_which_shows_nowhere(
    bench: Bench, prefect_api: str, book: Book, settings: dict[str, str]
) -> None:
    saved(bench, "orderdrop-secret", SECRET)
    orders(bench.folder / "orders.xlsx", "PO-block")
    ran = bench.run("submit", "orders.xlsx", "--json", **settings)
    assert ran.code == 0, ran.err
    assert len(ours(book, "PO-block")) == 1

    time.sleep(2)  # logs come a moment later
    told = [
        httpx.post(f"{prefect_api}/{what}/filter", json={}).text
        for what in ("flow_runs", "task_runs", "artifacts", "logs", "events")
    ]
    assert "orders.xlsx" in told[0]
    assert SECRET not in "".join([*told, ran.out, ran.err])
    for path in bench.folder.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def test_an_account_of_the_settings_file_has_a_block_of_its_own(
    bench: Bench, book: Book, settings: dict[str, str]
) -> None:
    saved(bench, "north-secret", SECRET)
    (bench.folder / "orderdrop.toml").write_text(
        '[accounts.north]\nclient_id = "block-key"\nclient_secret_block = "north-secret"\n'
    )
    orders(bench.folder / "orders.xlsx", "PO-north")
    ours_alone = {n: v for n, v in settings.items() if "CLIENT" not in n}
    ran = bench.run("submit", "orders.xlsx", "--account", "north", **ours_alone)
    assert ran.code == 0, ran.err
    assert len(ours(book, "PO-north")) == 1


@pytest.mark.parametrize("command", ["submit", "follow"])
def test_a_block_that_is_missing_is_told(
    bench: Bench, book: Book, settings: dict[str, str], command: str
) -> None:
    orders(bench.folder / "orders.xlsx", "PO-missing")
    given = ["orders.xlsx"] if command == "submit" else []
    missing = {**settings, "ORDERDROP_CLIENT_SECRET_BLOCK": "no-such-block"}
    ran = bench.run(command, *given, **missing)
    assert ran.code == 3
    assert "Traceback" not in ran.err
    assert ran.err.splitlines()[-1] == (
        "The client secret is to come from the Prefect block no-such-block, and Prefect has no "
        "Secret block of that name; make one there, or correct the name. Nothing was ordered."
    )
    assert not ours(book, "PO-missing")


def test_settling_by_hand_reads_the_block_too(bench: Bench, settings: dict[str, str]) -> None:
    away = {"PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api"}
    ran = bench.run("resolve", "PO-1", "--placed", "P1", **settings, **away)
    assert ran.code == 3
    (sentence,) = ran.err.splitlines()
    assert sentence.startswith("The Prefect server at ")
    saved(bench, "orderdrop-secret", SECRET)
    ran = bench.run("resolve", "PO-1", "--placed", "P1", **settings)
    assert "PO-1" in ran.err
    assert "Prefect" not in ran.err
