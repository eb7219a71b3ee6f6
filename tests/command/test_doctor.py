"""`orderdrop doctor` as a command: what is well, what is not, and that no secret is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from flows.companion import free_port
from flows.inbox.heartbeat import Heartbeat, beat
from tests.command.conftest import Bench, Ran, marketplace
from tests.command.test_secret_blocks import SECRET, saved

ALL = [
    "settings",
    "credentials",
    "ledger",
    "disk",
    "state folder",
    "inbox",
    "output folder",
    "renewals folder",
    "time zone",
    "messages",
    "Prefect server",
    "renewal books",
    "watcher",
    "orders",
]


def checked(ran: Ran) -> dict[str, dict[str, Any]]:
    """The findings by name."""
    assert "Traceback" not in ran.err
    return {check["name"]: check for check in ran.figures["checks"]}


def wrong(ran: Ran) -> list[str]:
    return [name for name, check in checked(ran).items() if check["how"] == "wrong"]


def test_everything_is_well_in_practice(bench: Bench) -> None:
    ran = bench.run("doctor", "--json")
    assert ran.code == 0, ran.out
    assert list(checked(ran)) == ALL
    assert ran.figures["ok"] is True
    assert {check["how"] for check in ran.figures["checks"]} == {"ok"}
    assert "need ORDERDROP_ENVIRONMENT" in checked(ran)["settings"]["sentence"]

    coloured = bench.run("doctor", FORCE_COLOR="1")
    assert "\x1b[32m" in coloured.out
    assert "Nothing wrong." in coloured.out
    plain = bench.run("doctor", FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b[" not in plain.out
    assert "Signed in at the embedded marketplace" in plain.out


def test_a_secret_that_is_missing_is_wrong_and_all_else_is_looked_at(bench: Bench) -> None:
    ran = bench.run(
        "doctor", "--json", ORDERDROP_ENVIRONMENT="sandbox", ORDERDROP_CLIENT_ID="some-key"
    )
    assert ran.code == 3
    assert list(checked(ran)) == ALL
    assert wrong(ran) == ["credentials"]
    assert "needs ORDERDROP_CLIENT_SECRET;" in checked(ran)["credentials"]["sentence"]


def test_a_file_in_the_place_of_the_state_folder_is_wrong(bench: Bench) -> None:
    bench.state.write_text("")
    ran = bench.run("doctor", "--json")
    assert ran.code == 3
    assert list(checked(ran)) == ALL
    assert {"credentials", "state folder"} <= set(wrong(ran))
    assert "is a file" in checked(ran)["state folder"]["sentence"]
    assert checked(ran)["inbox"]["how"] == "ok"


def test_a_prefect_server_that_is_away_is_wrong(bench: Bench) -> None:
    away = f"http://orders:hush-hush@127.0.0.1:{free_port()}/api"
    ran = bench.run("doctor", "--json", PREFECT_API_URL=away)
    assert (ran.code, wrong(ran)) == (3, ["Prefect server"])
    assert "hush-hush" not in ran.out + ran.err


def test_of_two_accounts_the_one_with_a_wrong_secret_is_named(bench: Bench) -> None:
    with marketplace() as book:
        tables = ""
        for name in ("north", "south"):
            client = {"clientId": f"{name}-key", "clientSecret": f"{name}-hush-hush"}
            httpx.post(f"{book.url}/control/seed-client", json=client).raise_for_status()
            secret = f"{name}-hush-hush" if name == "north" else "wrong-hush-hush"
            tables += f'[accounts.{name}]\nclient_id = "{name}-key"\nclient_secret = "{secret}"\n'
        (bench.folder / "orderdrop.toml").write_text(f'marketplace_url = "{book.url}"\n{tables}')
        ran = bench.run("doctor", "--json", ORDERDROP_ENVIRONMENT="sandbox")
        assert (ran.code, wrong(ran)) == (3, ["credentials of south"])
        found = checked(ran)
        assert found["credentials of north"]["how"] == "ok"
        assert "[accounts.south]" in found["credentials of south"]["to_do"]
        assert {"inbox of north", "inbox of south", "orders of south"} <= set(found)
        for more in ([], ["--json"], ["--account", "south"]):
            ran = bench.run("doctor", *more, ORDERDROP_ENVIRONMENT="sandbox")
            assert ran.code == 3
            assert "hush-hush" not in ran.out + ran.err
        ran = bench.run("doctor", "--account", "north", ORDERDROP_ENVIRONMENT="sandbox")
        assert ran.code == 0, ran.out


def test_a_secret_in_a_block_is_read_as_a_run_reads_it(bench: Bench) -> None:
    settings = {"ORDERDROP_CLIENT_ID": "block-key", "ORDERDROP_CLIENT_SECRET_BLOCK": "doctors"}
    with marketplace() as book:
        client = {"clientId": "block-key", "clientSecret": SECRET}
        httpx.post(f"{book.url}/control/seed-client", json=client).raise_for_status()
        settings["ORDERDROP_MARKETPLACE_URL"] = book.url
        ran = bench.run("doctor", "--json", **settings)
        assert wrong(ran) == ["credentials"]
        assert "no Secret block of that name" in checked(ran)["credentials"]["sentence"]
        saved(bench, "doctors", SECRET)
        ran = bench.run("doctor", "--json", **settings)
        assert ran.code == 0, ran.out
        assert SECRET not in ran.out + ran.err


def test_a_watcher_that_has_died_is_wrong(bench: Bench) -> None:
    bench.state.mkdir()
    for age, how, code in ((0, "ok", 0), (300, "wrong", 3)):
        at = datetime.now(UTC) - timedelta(seconds=age)
        beat(bench.state, Heartbeat(1, "/somewhere/inbox", at, 2, 1))
        ran = bench.run("doctor", "--json")
        assert ran.code == code, ran.out
        assert checked(ran)["watcher"]["how"] == how
    assert "Nobody watches /somewhere/inbox" in checked(ran)["watcher"]["sentence"]


def test_settings_that_cannot_be_read_are_told_and_nothing_is_made_up(bench: Bench) -> None:
    (bench.folder / "orderdrop.toml").write_text(
        '[accounts.north]\nclient_sceret = "hush-hush"\ncalls_per_5s = 5000\n'
    )
    ran = bench.run("doctor", "--json")
    assert ran.code == 3
    assert list(checked(ran)) == ["settings", "Prefect server"]
    assert "Is client_secret meant?" in checked(ran)["settings"]["sentence"]
    assert "hush-hush" not in json.dumps(ran.figures) + ran.err


def test_an_address_that_is_none_is_wrong_and_not_shown(bench: Bench) -> None:
    ran = bench.run("doctor", "--json", ORDERDROP_NOTIFY="mailtoo://me:hush-hush@example.com")
    assert ran.code == 3
    assert checked(ran)["messages"]["how"] == "wrong"
    assert "hush" not in ran.out + ran.err
