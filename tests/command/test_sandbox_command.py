"""`orderdrop sandbox` as a product of its own: it serves, shows its page, and stops cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command; whatever still runs at the end is stopped."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "flows.cli", "sandbox", *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_it_serves_the_api_and_a_page_until_it_is_stopped(
    run: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = run("--state", str(tmp_path / "book.db"), "--faults", "executed-504@1", "--seed", "3")
    assert process.stdout is not None
    url = process.stdout.readline().strip().rpartition(" ")[2]
    page = httpx.get(url)
    assert "What this marketplace holds" in page.text
    assert "executed-504@1" in page.text
    token = httpx.post(
        f"{url}/ims/token/v3",
        data={
            "grant_type": "client_credentials",
            "client_id": "practice",
            "client_secret": "practice-secret",
            "scope": "openid,AdobeID,read_organizations",
        },
    )
    assert token.json()["token_type"] == "bearer"
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")


def test_what_keeps_it_from_starting_is_said_in_a_sentence(
    run: Callable[..., subprocess.Popen[str]],
) -> None:
    process = run("--faults", "nonsense=1")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "'nonsense' is no fault" in err
    assert "Traceback" not in err
