"""A real embedded marketplace as a child process, and a plain HTTP caller for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

PRACTICE_SECRET = "practice-secret"
SCOPE = "openid,AdobeID,read_organizations"
Json = dict[str, Any]
ROOT = Path(__file__).parents[2]

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # a checkout that is not installed can be tested as well


class Sandbox:
    """One server process; `call` is signed and carries fresh ids unless told otherwise."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flows.sandbox", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline().strip()
        self.url = self.first_line.rpartition(" ")[2]
        self.http = httpx.Client(base_url=self.url, timeout=30) if self.url else None
        self._numbers = count(1)
        self._tokens: dict[str, str] = {}

    def sign_in(self, client_id: str = "practice", secret: str = PRACTICE_SECRET) -> str:
        answer = self.http.post(
            "/ims/token/v3",
            data={
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": secret,
                "scope": SCOPE,
            },
        )
        self._tokens[client_id] = answer.json()["access_token"]
        return self._tokens[client_id]

    def headers(self, key: str = "practice", **others: str | None) -> dict[str, str]:
        token = self._tokens.get(key) or self.sign_in(key, f"{key}-secret")
        headers = {
            "X-Api-Key": key,
            "Authorization": f"Bearer {token}",
            "X-Correlation-Id": str(uuid.uuid4()),
            "X-Request-Id": str(uuid.uuid4()),
        }
        headers |= {name.replace("_", "-"): value for name, value in others.items()}
        return {name: value for name, value in headers.items() if value is not None}

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str = "practice",
        **headers: object,
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body) if body is not None else b""
        named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        all_headers = {k.lower(): v for k, v in self.headers(key).items()} | named
        sent = {name: value for name, value in all_headers.items() if value is not None}
        return self.http.request(method, path, content=content, headers=sent)

    def order(
        self, customer_id: str, body: object, query: str = "", **headers: object
    ) -> httpx.Response:
        return self.call("POST", f"/v3/customers/{customer_id}/orders{query}", body, **headers)

    def get(self, path: str, **headers: object) -> httpx.Response:
        return self.call("GET", path, **headers)

    def history(self, customer_id: str, query: str = "") -> httpx.Response:
        return self.get(f"/v3/customers/{customer_id}/orders{query}")

    def control(self, method: str, path: str, body: object = None) -> Json:
        answer = self.http.request(method, f"/control/{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def customer(self, **fields: object) -> str:
        """Seed a customer of its own for a test; its anniversary is 200 days away."""
        customer_id = f"T{next(self._numbers):06d}"
        anniversary = (self.now().date() + timedelta(days=200)).isoformat()
        self.control(
            "POST",
            "seed-customer",
            {"customerId": customer_id, "cotermDate": anniversary, **fields},
        )
        return customer_id

    def past_order(self, customer_id: str, lines: list[Json], **fields: object) -> str:
        order_id = f"S{next(self._numbers):09d}"
        self.control(
            "POST",
            "seed-order",
            {"orderId": order_id, "customerId": customer_id, "lineItems": lines, **fields},
        )
        return order_id

    def now(self) -> datetime:
        return datetime.fromisoformat(self.control("GET", "clock")["now"])

    def set_clock(self, moment: str) -> None:
        self.control("PUT", "clock", {"now": moment})
        self._tokens.clear()  # they live a day by the server's clock

    def advance(self, **duration: float) -> None:
        seconds = timedelta(**duration).total_seconds()
        self.control("PUT", "clock", {"advanceSeconds": seconds})
        self._tokens.clear()

    def finish(self) -> list[str]:
        return self.control("POST", "finish")["finished"]

    def journal(self, after: int = 0) -> list[dict[str, Any]]:
        return self.control("GET", f"journal?after={after}")["calls"]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)
        if self.http:
            self.http.close()
        return self.process.returncode


def _line(
    number: int = 1, offer_id: str = "65310542CA01A12", quantity: int = 1, **fields: object
) -> Json:
    line = {
        "extLineItemNumber": number,
        "offerId": offer_id,
        "quantity": quantity,
        "currencyCode": "USD",
        **fields,
    }
    return {name: value for name, value in line.items() if value is not ...}


def _new(*lines: Json, order_type: str = "NEW", **fields: object) -> Json:
    order = {
        "externalReferenceId": "PO-1",
        "orderType": order_type,
        "lineItems": list(lines) or [_line()],
        **fields,
    }
    return {name: value for name, value in order.items() if value is not ...}


@pytest.fixture(scope="session")
def line() -> Callable[..., Any]:
    """Makes a line item; `...` leaves a field out."""
    return _line


@pytest.fixture(scope="session")
def new() -> Callable[..., Any]:
    """Makes an order body; `...` leaves a field out."""
    return _new


@pytest.fixture
def start() -> Iterator[Callable[..., Sandbox]]:
    """Starts servers with the given arguments and stops them all afterwards."""
    started: list[Sandbox] = []

    def start_one(*arguments: str) -> Sandbox:
        started.append(Sandbox(*arguments))
        return started[-1]

    yield start_one
    for sandbox in started:
        sandbox.stop()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A server for a whole module; orders finish when told to."""
    started = Sandbox("--finish-after", "1000000000", "--no-throttle")
    yield started
    started.stop()


@pytest.fixture
def today() -> date:
    """The day by UTC."""
    return datetime.now(UTC).date()
