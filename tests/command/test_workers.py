"""A large workbook placed by a worker of a Prefect pool, with the commands that operators use."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.bench.books import customers_of, make_book
from tests.bench.market import Market, market, seeded_book
from tests.command.conftest import ROOT, Bench, wait_for

ORDERS = 30


@pytest.fixture(scope="module")
def prefect_api(prefect_of_its_own: str) -> str:
    return prefect_of_its_own


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    folder = tmp_path_factory.mktemp("market")
    seeded = seeded_book(folder / "book.sqlite", customers_of(ORDERS))
    with market(seeded, folder / "market", 0.1) as opened:
        yield opened


@pytest.fixture
def settings(server: Market) -> dict[str, str]:
    return {
        **server.settings(),
        "ORDERDROP_ENVIRONMENT": "production",
        "ORDERDROP_PATIENCE": "0.05",
        "ORDERDROP_WORK_POOL": "orderdrop",
        "ORDERDROP_SHARD_ORDERS": "10",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
    }


def prefect(bench: Bench, settings: Mapping[str, str], *arguments: str) -> None:
    """A command of Prefect's, in the checkout."""
    subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
        cwd=ROOT,
        env={**bench.environment, **settings},
        capture_output=True,
        timeout=120,
        check=True,
    )


@contextmanager
def worker(bench: Bench, settings: Mapping[str, str]) -> Iterator[None]:
    """A worker of the pool that Prefect has heard of."""
    command = ["worker", "start", "--pool", "orderdrop", "--type", "process", "--name", "one"]
    with (bench.folder / "worker.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", *command],
            cwd=bench.folder,
            env={**bench.environment, **settings},
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(lambda: bool(asked(bench, "work_pools/orderdrop/workers/filter")))
        yield
    finally:
        process.terminate()
        process.wait(60)


def asked(bench: Bench, what: str) -> list[dict[str, Any]]:
    """What the Prefect server knows."""
    url = f"{bench.environment['PREFECT_API_URL']}/{what}"
    found: list[dict[str, Any]] = httpx.post(url, json={}, timeout=30).raise_for_status().json()
    return found


def of_parts(bench: Bench, of: int) -> list[dict[str, Any]]:
    """The runs of a workbook's parts, told apart by how many there are."""
    runs = asked(bench, "flow_runs/filter")
    return [run for run in runs if run["parameters"].get("of") == of]


def placed(server: Market, name: str) -> list[str]:
    """The references of a workbook's orders in the marketplace's book."""
    return sorted(known for _, known, _ in server.placed() if known.startswith(name))


def test_a_worker_places_a_large_workbook(
    bench: Bench, server: Market, settings: dict[str, str]
) -> None:
    workbook = make_book(bench.folder / "alone.xlsx", ORDERS, name="alone")
    ran = bench.run("submit", workbook, "--json", "--yes", **settings)
    assert (ran.code, ran.figures["orders"]["done"]) == (0, ORDERS), ran.err
    assert len(placed(server, "alone")) == ORDERS, "without a pool the command does it alone"

    prefect(bench, settings, "work-pool", "create", "orderdrop", "--type", "process", "--overwrite")
    prefect(bench, settings, "deploy", "--name", "shard")
    workbook = make_book(bench.folder / "shared.xlsx", ORDERS, name="shared")
    before = server.pace().calls
    with worker(bench, settings):
        ran = bench.run("submit", workbook, "--json", "--yes", **settings)
    assert (ran.code, ran.figures["orders"]["done"]) == (0, ORDERS), ran.err
    assert placed(server, "shared") == [f"shared-{number:06d}" for number in range(ORDERS)]
    assert ran.figures["calls"] == server.pace().calls - before
    parts = of_parts(bench, 3)
    assert {run["state"]["name"] for run in parts} == {"Completed"}
    assert all(run["parent_task_run_id"] for run in parts), "shown within the workbook's run"


def test_ctrl_c_stops_the_workers_too(
    bench: Bench, server: Market, settings: dict[str, str]
) -> None:
    prefect(bench, settings, "work-pool", "create", "orderdrop", "--type", "process", "--overwrite")
    prefect(bench, settings, "deploy", "--name", "shard")
    # So slow that it would go on for minutes.
    slow = {**settings, "ORDERDROP_CALLS_PER_5S": "2", "ORDERDROP_SHARD_ORDERS": "15"}
    workbook = make_book(bench.folder / "stopped.xlsx", ORDERS, name="stopped")
    with worker(bench, slow):
        command = [sys.executable, "-m", "flows.cli", "submit", str(workbook), "--yes"]
        submitting = subprocess.Popen(
            command, cwd=bench.folder, env={**bench.environment, **slow}, stderr=subprocess.DEVNULL
        )
        wait_for(lambda: bool(placed(server, "stopped")))
        submitting.send_signal(signal.SIGINT)
        submitting.wait(60)
        wait_for(lambda: {run["state"]["type"] for run in of_parts(bench, 2)} == {"CANCELLED"})
    assert len(placed(server, "stopped")) < ORDERS / 2

    # Nothing is lost with it: dropped again, the rest is ordered.
    alone = {**settings, "ORDERDROP_WORK_POOL": ""}
    ran = bench.run("submit", workbook, "--json", "--yes", **alone)
    assert (ran.code, ran.figures["orders"]["done"]) == (0, ORDERS), ran.err
    assert placed(server, "stopped") == [f"stopped-{number:06d}" for number in range(ORDERS)]
