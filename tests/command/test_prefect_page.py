"""What a person sees in Prefect of one run."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.command.conftest import SAMPLES, Bench, marketplace, wait_for


@pytest.fixture(scope="module")
def prefect_api(prefect_of_its_own: str) -> str:
    return prefect_of_its_own


def of_run(api: str, what: str, run_id: str) -> list[dict[str, Any]]:
    """Artifacts or task runs of one flow run."""
    query = {"flow_runs": {"id": {"any_": [run_id]}}}
    found: list[dict[str, Any]] = httpx.post(f"{api}/{what}/filter", json=query).json()
    return found


def test_a_run_is_named_after_its_workbook_and_says_in_its_state_that_rows_need_a_person(
    bench: Bench, prefect_api: str
) -> None:
    secret = "hush-hush-secret"
    with marketplace() as book:
        httpx.post(
            f"{book.url}/control/seed-client",
            json={"clientId": "key-of-ours", "clientSecret": secret},
        ).raise_for_status()
        ran = bench.run(
            "submit",
            SAMPLES / "order-types.xlsx",
            "--json",
            ORDERDROP_MARKETPLACE_URL=book.url,
            ORDERDROP_CLIENT_ID="key-of-ours",
            ORDERDROP_CLIENT_SECRET=secret,
            ORDERDROP_PATIENCE="0.02",
        )
    assert ran.code == 4, ran.err
    (run,) = httpx.post(f"{prefect_api}/flow_runs/filter", json={}).json()
    assert run["name"] == "order-types.xlsx (sandbox)"
    assert (run["state"]["type"], run["state"]["name"]) == ("COMPLETED", "Needs attention")
    assert run["state"]["message"] == "2 previewed, 2 done, 1 failed, 5 refused"
    assert set(run["parameters"]) == {
        "workbook",
        "environment",
        "account",
        "out",
        "follow_seconds",
        "also",
        "only_prices",
        "price_first",
    }

    wait_for(lambda: len(of_run(prefect_api, "task_runs", run["id"])) >= 5)
    tasks = [
        task["name"].rpartition("-")[0] or task["name"]
        for task in of_run(prefect_api, "task_runs", run["id"])
    ]
    assert sorted(tasks) == ["follow", "order 1 to 7", "price", "read and plan", "reconcile"]

    artifacts = {a["key"]: a for a in of_run(prefect_api, "artifacts", run["id"])}
    assert artifacts["progress"]["data"] == 100
    page = artifacts["summary"]["data"]
    assert "order-types.reconciled.xlsx" in page
    assert "MTH-2188-R1" in page
    assert "5 |" in page

    time.sleep(0.5)
    logs = httpx.post(f"{prefect_api}/logs/filter", json={}).text
    everything = f"{run}{artifacts}{logs}{ran.out}{ran.err}"
    assert secret not in everything
    for path in bench.folder.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
