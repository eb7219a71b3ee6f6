"""`orderdrop serve` on a fresh machine: no setting but the environment, no server, no folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from flows.companion import answers
from tests.command.conftest import (
    ROOT,
    SAMPLES,
    Bench,
    clean_environment,
    is_unlocked,
    wait_for,
)
from tests.command.test_submit import answers_in
from tests.command.test_watch import orders
from tests.workbook.programs import page_in_chromium

SAYS_WHERE = "The runs are shown at "


@dataclass
class Serving:
    """`serve` at work in a folder that is a newcomer's home as well."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def inbox(self) -> Path:
        """Where workbooks are dropped."""
        return self.folder / "inbox"

    @property
    def state(self) -> Path:
        """Where it keeps its ledger when nobody says where."""
        return self.folder / ".local/share/orderdrop"

    def said(self) -> str:
        """What it has said so far."""
        return (self.folder / "said.txt").read_text()

    @property
    def page(self) -> str:
        """The address that it has named."""
        (line,) = (line for line in self.said().splitlines() if line.startswith(SAYS_WHERE))
        return line.removeprefix(SAYS_WHERE)

    def asked(self, what: str, **query: Any) -> list[dict[str, Any]]:
        """What Prefect knows."""
        found: list[dict[str, Any]] = httpx.post(
            f"{self.page}/api/{what}/filter", json=query
        ).json()
        return found

    def run_of(self, name: str) -> dict[str, Any]:
        """The run of this name that has ended."""

        def ended() -> list[dict[str, Any]]:
            runs = self.asked("flow_runs", sort="START_TIME_DESC")
            return [r for r in runs if r["name"] == name and r["state"]["type"] == "COMPLETED"]

        wait_for(lambda: bool(ended()))
        return ended()[0]

    def begin(self, deployment: str) -> str:
        """Have a run of a deployment begin; its id."""
        wait_for(lambda: deployment in {d["name"] for d in self.asked("deployments")})
        (found,) = (d for d in self.asked("deployments") if d["name"] == deployment)
        address = f"{self.page}/api/deployments/{found['id']}/create_flow_run"
        created: list[str] = []

        def is_created() -> bool:
            # A Prefect server that has just started may be too busy to take it.
            answer = httpx.post(address, json={}, timeout=60)
            if answer.status_code == 201:
                created.append(answer.json()["id"])
            return bool(created)

        wait_for(is_created)
        return created[0]

    def state_of(self, run_id: str) -> str:
        """The type of a run's state."""
        return str(
            self.asked("flow_runs", flow_runs={"id": {"any_": [run_id]}})[0]["state"]["type"]
        )

    def drop(self, name: str, reference: str) -> Path:
        """A workbook of one order in the inbox; where its answers will be."""
        orders(self.folder / name, reference)
        (self.folder / name).rename(self.inbox / name)
        return self.folder / "output" / f"{Path(name).stem}.reconciled.xlsx"


def begun(folder: Path, **settings: str) -> Serving:
    environment = {n: v for n, v in clean_environment().items() if not n.startswith("XDG_")}
    environment |= {"PYTHONPATH": str(ROOT), "HOME": str(folder), **settings}
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.cli", "serve", "--environment", "practice"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
    serving = Serving(folder, process)
    wait_for(lambda: SAYS_WHERE in serving.said() or process.poll() is not None)
    assert process.poll() is None, serving.said()
    return serving


def ended(serving: Serving) -> int:
    serving.process.send_signal(signal.SIGTERM)
    try:
        return serving.process.wait(60)
    finally:
        serving.process.kill()


def put_renewal_book(folder: Path) -> None:
    """A book that lay there for two days: its first night is owed."""
    books = folder / "inbox/renewals"
    books.mkdir(parents=True)
    shutil.copy(SAMPLES / "renewal-book.xlsx", books)
    before = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    os.utime(books / "renewal-book.xlsx", (before, before))


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One `serve` for all tests that leave it alive; a renewal book lay there for two days."""
    folder = tmp_path_factory.mktemp("serve")
    put_renewal_book(folder)
    serving = begun(folder)
    try:
        yield serving
    finally:
        ended(serving)


def test_it_does_not_start_without_an_environment(bench: Bench) -> None:
    ran = bench.run("serve")
    assert ran.code == 3
    assert ran.err == (
        "What runs unattended needs an environment: set ORDERDROP_ENVIRONMENT or use "
        "--environment practice, sandbox or production. Nothing was ordered.\n"
    )
    assert not (bench.folder / "inbox").exists()


def test_what_is_dropped_is_answered_and_shown_on_the_page(serving: Serving) -> None:
    output = serving.drop("monday.xlsx", "PO-serve-1")
    wait_for(output.exists)
    assert {row["Result"] for row in answers_in(output).values()} == {"Practice: Ordered"}
    run = serving.run_of("monday.xlsx (practice)")
    assert (run["state"]["name"], run["state"]["message"]) == ("Completed", "1 done")
    assert {"practice", "default", "orders"} <= set(run["tags"])

    shown = page_in_chromium(f"{serving.page}/runs/flow-run/{run['id']}")
    assert "monday.xlsx (practice)" in shown
    query = {"flow_runs": {"id": {"any_": [run["id"]]}}}
    (summary,) = (a for a in serving.asked("artifacts", **query) if a["key"] == "summary")
    shown = page_in_chromium(f"{serving.page}/artifacts/artifact/{summary['id']}")
    assert "Practice: nothing was ordered for real." in shown
    assert f'href="{output.as_uri()}"' in shown


def test_the_schedules_are_those_of_the_settings(serving: Serving) -> None:
    wait_for(lambda: len(serving.asked("deployments")) == 3)
    found = {deployment["name"]: deployment for deployment in serving.asked("deployments")}
    (nightly,) = found["practice-nightly"]["schedules"]
    assert nightly["schedule"] == {"cron": "0 2,3 * * *", "timezone": "UTC", "day_or": True}
    (following,) = found["practice-following"]["schedules"]
    assert following["schedule"]["interval"] == 600
    assert found["practice-by-hand"]["schedules"] == []


def test_a_night_that_was_missed_is_caught_up_once(serving: Serving) -> None:
    run = serving.run_of("all renewal books (practice)")
    assert "catches up" in run["tags"]
    (output,) = (serving.folder / "output").glob("renewal-book.*.xlsx")
    assert output.name.endswith(".dry-run.xlsx")
    assert "Renewals" in openpyxl.load_workbook(output).sheetnames
    runs = serving.asked("flow_runs")
    assert sum("catches up" in run["tags"] for run in runs) == 1


def test_it_goes_on_where_it_was_after_kill_9_and_stops_when_told(tmp_path: Path) -> None:
    serving = begun(tmp_path)
    first = serving.drop("tuesday.xlsx", "PO-serve-2")
    wait_for(first.exists)
    cut_off = serving.begin("practice-following")
    wait_for(lambda: serving.state_of(cut_off) in {"PENDING", "RUNNING"})
    serving.process.kill()
    serving.process.wait()
    wait_for(lambda: is_unlocked(serving.state / "prefect/users.lock"))
    missed = serving.drop("wednesday.xlsx", "PO-serve-3")
    again = begun(tmp_path)
    wait_for(missed.exists)
    page = again.page
    following = again.begin("practice-following")
    wait_for(lambda: again.state_of(following) == "COMPLETED")
    assert again.state_of(cut_off) in {"COMPLETED", "CRASHED", "FAILED"}
    assert answers(f"{page}/api/health")
    assert ended(again) == 0
    assert again.said().endswith("not finished is taken up again at the next start.\n")
    wait_for(lambda: not answers(f"{page}/api/health"))
    wait_for(lambda: is_unlocked(again.state / "practice/users.lock"))
    assert [path.name for path in again.inbox.iterdir() if path.is_file()] == []
