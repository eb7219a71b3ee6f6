"""The book survives anything; starting, stopping, and what may not be started."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from flows.sandbox.storage import Storage, StorageFailedError

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

Make = Callable[..., Any]


def test_what_was_answered_survives_a_kill(
    start: Callable[..., Sandbox], line: Make, new: Make, tmp_path: Path
) -> None:
    """SIGKILL in the middle of many orders: each answered one is there, and answers again."""
    state = tmp_path / "book.db"
    first = start("--state", str(state), "--no-throttle", "--finish-after", "1000000")
    licences = [{"product": "65310542CA", "quantity": 100, "currencyCode": "USD"}]
    customer_id = first.customer(licences=licences)
    body = new(*(line(number, "65310542CA04A12", 2) for number in range(1, 5)))
    answered: dict[str, bytes] = {}
    enough = threading.Event()
    senders = [
        threading.Thread(
            target=_send_until_killed, args=(first, customer_id, body, answered, enough)
        )
        for _ in range(8)
    ]
    for sender in senders:
        sender.start()
    assert enough.wait(30)
    first.kill()
    for sender in senders:
        sender.join()

    second = start("--state", str(state), "--no-throttle", "--finish-after", "1000000")
    orders = {order["orderId"]: order for order in second.control("GET", "book")["orders"]}
    for correlation_id, answer in answered.items():
        assert orders[json.loads(answer)["orderId"]] == json.loads(answer)
        again = second.order(customer_id, b"", x_correlation_id=correlation_id)
        assert (again.status_code, again.content) == (201, answer)
    placed = second.order(customer_id, body).json()["orderId"]
    assert placed not in orders


def _send_until_killed(
    sandbox: Sandbox,
    customer_id: str,
    body: dict[str, Any],
    answered: dict[str, bytes],
    enough: threading.Event,
) -> None:
    while True:
        correlation_id = str(uuid.uuid4())
        try:
            answer = sandbox.order(customer_id, body, x_correlation_id=correlation_id)
        except httpx.TransportError:
            return
        answered[correlation_id] = answer.content
        if len(answered) >= 100:
            enough.set()


def test_all_kinds_of_memory_survive_a_stop(
    start: Callable[..., Sandbox], line: Make, new: Make, tmp_path: Path
) -> None:
    """Token, stored answers, request ids, clock, open orders, subscriptions, journal, clients."""
    state = str(tmp_path / "deep" / "book.db")
    first = start("--state", state, "--finish-after", "3600")
    first.control("POST", "seed-client", {"clientId": "second", "clientSecret": "second-secret"})
    first.advance(days=20)
    customer_id = first.customer()
    done = first.order(customer_id, new(line(1, quantity=2))).json()
    first.finish()
    open_order = first.order(customer_id, new(), x_correlation_id="c-9", x_request_id="r-9")
    headers = first.headers()
    before = first.control("GET", "book")
    journal = first.journal()
    assert first.stop() == 0

    second = start("--state", state, "--finish-after", "3600")
    assert second.control("GET", "book") == before
    assert second.journal() == journal
    created = datetime.fromisoformat(open_order.json()["creationDate"])
    assert created <= second.now() < created + timedelta(hours=1)
    path = f"/v3/customers/{customer_id}"
    fresh = headers | {"X-Correlation-Id": "fresh", "X-Request-Id": "fresh"}
    assert second.http.get(path, headers=fresh).status_code == 200
    again = second.order(customer_id, b"", x_correlation_id="c-9", x_request_id=None)
    assert again.content == open_order.content
    assert second.order(customer_id, new(), x_request_id="r-9").json()["code"] == "4120"
    assert second.sign_in("second", "second-secret")
    assert second.finish() == [open_order.json()["orderId"]]
    (owned,) = second.get(f"{path}/subscriptions").json()["items"]
    assert owned["currentQuantity"] == 3
    assert done["orderId"] != open_order.json()["orderId"]


def test_a_second_server_on_the_same_state_is_refused(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    state = tmp_path / "book.db"
    first = start("--state", str(state))
    refused = _run("--state", str(state))
    assert refused.returncode == 3
    assert refused.stdout == ""
    assert f"The state file {state} is in use by another embedded marketplace." in refused.stderr
    assert "Traceback" not in refused.stderr
    first.kill()
    assert start("--state", str(state)).first_line.startswith("Embedded marketplace ready")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "not a loopback address"),  # noqa: S104  # must be refused
        (["--host", "192.168.1.5"], "not a loopback address"),
        (["--host", "example.com"], "not a loopback address"),
        (["--faults", "nonsense=1"], "is no fault"),
        (["--soft", "10", "--hard", "5"], "soft limit"),
        (["--latency", "-1"], "negative"),
    ],
)
def test_it_does_not_start_with(arguments: list[str], words: str) -> None:
    refused = _run(*arguments)
    assert refused.returncode == 3
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_port_in_use_and_a_file_that_is_no_book(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        refused = _run("--port", str(other.getsockname()[1]))
    assert (refused.returncode, "cannot be used" in refused.stderr) == (3, True)
    no_book = tmp_path / "notes.db"
    no_book.write_text("These are notes and no book at all. " * 100)
    refused = _run("--state", str(no_book))
    assert (refused.returncode, "cannot be used" in refused.stderr) == (3, True)
    assert "Traceback" not in refused.stderr


def test_it_says_one_line_and_announces_itself(
    start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    announcement, state = tmp_path / "where.json", tmp_path / "book.db"
    sandbox = start("--announce", str(announcement), "--state", str(state))
    assert sandbox.first_line == f"Embedded marketplace ready on {sandbox.url}"
    assert sandbox.http.get("/ping", headers={"X-Api-Key": "practice"}).text == "pong"
    while not announcement.exists():
        pass
    assert json.loads(announcement.read_text()) == {
        "url": sandbox.url,
        "pid": sandbox.process.pid,
        "state": str(state),
    }
    assert sandbox.stop() == 0
    with sqlite3.connect(state) as book:
        assert book.execute("SELECT count(*) FROM calls").fetchone() == (1,)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flows.sandbox", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )


async def test_a_file_that_fails_in_any_way_is_told_to_all_and_ends_the_server() -> None:
    """Nobody waits for ever: what was asked fails, what is asked later too, and it is told."""
    storage = Storage(None)
    ended = asyncio.Event()
    storage.on_failure = ended.set
    keeping = asyncio.create_task(storage.keep())
    with pytest.raises(StorageFailedError):
        await asyncio.wait_for(storage.read("SELECT ?", (2**70,)), 5)
    await asyncio.wait_for(ended.wait(), 5)
    with pytest.raises(StorageFailedError):
        await storage.write([])
    storage.close()
    await asyncio.wait_for(keeping, 5)
