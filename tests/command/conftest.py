"""The command as a process, a Prefect server to share, and marketplaces to send it to."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from flows.settings import PRACTICE_CLIENT_ID, PRACTICE_CLIENT_SECRET
from tests.torture.prefect_api import prefect_server

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_data"

_OURS = ("ORDERDROP_", "PREFECT_")


def clean_environment() -> dict[str, str]:
    """This process's environment without any setting of ours or of Prefect's."""
    return {name: v for name, v in os.environ.items() if not name.startswith(_OURS)}


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server that modules share; one that asks for all it knows has its own."""
    with prefect_server(tmp_path_factory.mktemp("prefect")) as there:
        yield there["PREFECT_API_URL"]


@pytest.fixture(scope="module")
def prefect_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server on which nothing runs but what this module begins."""
    with prefect_server(tmp_path_factory.mktemp("prefect")) as there:
        yield there["PREFECT_API_URL"]


def wait_for(holds: Callable[[], bool]) -> None:
    """Until it holds; gives up after two minutes."""
    for _ in range(1200):
        if holds():
            return
        time.sleep(0.1)
    pytest.fail("what was waited for did not come")


def is_unlocked(path: Path) -> bool:
    """Whether no process holds a lock on this file."""
    with path.open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@dataclass(frozen=True)
class Ran:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def figures(self) -> dict[str, Any]:
        """What `--json` printed."""
        figures: dict[str, Any] = json.loads(self.out)
        return figures


@dataclass(frozen=True)
class Bench:
    """A place to run the command in: its own folder and state, a shared Prefect server."""

    folder: Path
    environment: dict[str, str]

    @property
    def state(self) -> Path:
        """Where the command keeps its ledger."""
        return self.folder / "state"

    def run(self, *arguments: str | Path, **settings: str) -> Ran:
        """Run `orderdrop` with settings in the environment."""
        ended = subprocess.run(
            [sys.executable, "-m", "flows.cli", *map(str, arguments)],
            cwd=self.folder,
            env={**self.environment, **settings},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Ran(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def bench(tmp_path: Path, prefect_api: str) -> Bench:
    """A fresh folder; the command finds a Prefect server running."""
    environment = {
        **clean_environment(),
        "PYTHONPATH": str(ROOT),
        "ORDERDROP_STATE_DIR": str(tmp_path / "state"),
        # Calls are counted in many tests; where prices are asked first, the test says so.
        "ORDERDROP_APPROVE_ABOVE": "none",
        "PREFECT_API_URL": prefect_api,
        "PREFECT_HOME": str(tmp_path / "prefect"),
    }
    return Bench(tmp_path, environment)


class Book:
    """The marketplace's own book, read through its API with plain httpx."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._key = PRACTICE_CLIENT_ID
        form = {
            "grant_type": "client_credentials",
            "client_id": PRACTICE_CLIENT_ID,
            "client_secret": PRACTICE_CLIENT_SECRET,
            "scope": "openid,AdobeID,read_organizations",
        }
        self._token = httpx.post(f"{url}/ims/token/v3", data=form).json()["access_token"]

    def get(self, path: str) -> dict[str, Any]:
        """One answer of the API."""
        headers = {
            "X-Api-Key": self._key,
            "Authorization": f"Bearer {self._token}",
            "X-Correlation-Id": str(uuid4()),
            "X-Request-Id": str(uuid4()),
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        answer = httpx.get(self.url + path, headers=headers)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def order(self, customer: str, order_id: str) -> dict[str, Any]:
        """An order as the marketplace knows it, with its prices."""
        return self.get(f"/v3/customers/{customer}/orders/{order_id}?fetch-price=true")

    def orders(self) -> list[dict[str, Any]]:
        """Every order in the book."""
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/control/book").json()["orders"]
        return found

    def calls(self) -> list[dict[str, Any]]:
        """Every call that the server has seen, in order."""
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/control/journal").json()["calls"]
        return found


@contextmanager
def marketplace(*arguments: str | Path) -> Iterator[Book]:
    """An embedded marketplace of the test's own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.sandbox", *map(str, arguments)],
        env={**clean_environment(), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with _ended(process):
        assert process.stdout is not None
        yield Book(process.stdout.readline().split()[-1])
