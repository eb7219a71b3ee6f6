"""A load of orders on loopback, from a process that is not the server's.

`run_wrk` uses wrk where it is installed; `python -m tests.bench.load` is the same in Python,
on raw sockets: every connection keeps one order under way and is kept alive. It reads a plan
as JSON from standard input and prints what came of it as JSON, with every answered order id.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Plan:
    """What to order: `body` for each of `customers` in turn, until `orders` were sent or
    `seconds` have passed. `run` begins all ids, so that no two runs share one.
    """

    url: str
    api_key: str
    token: str
    run: str
    customers: list[str]
    body: str
    orders: int
    seconds: float
    connections: int


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a load: answers with 201 and others, connections that broke, and the
    median and 99th percentile of the time to an answer, in milliseconds.
    """

    seconds: float
    placed: int
    refused: int
    broken: int
    p50: float
    p99: float

    @property
    def per_second(self) -> float:
        """Orders placed in a second."""
        return self.placed / self.seconds


@dataclass(frozen=True, slots=True)
class Listing:
    """A result with the ids of the orders that were answered."""

    result: Result
    order_ids: list[str]


def run_load(plan: Plan) -> Result:
    """Order with wrk, or with our own generator where there is none."""
    return run_wrk(plan) if shutil.which("wrk") else started(plan).listing().result


def run_wrk(plan: Plan) -> Result:
    """The plan carried out by wrk; two seconds more than the plan's are for the last answers."""
    command = ["wrk", "-t1", f"-c{plan.connections}", f"-d{plan.seconds + 2:.0f}s"]
    arguments = [
        plan.api_key,
        plan.token,
        plan.run,
        ",".join(plan.customers),
        plan.body,
        str(plan.orders),
        str(plan.seconds),
    ]
    finished = subprocess.run(
        [*command, "-s", str(HERE / "orders.lua"), plan.url, "--", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return Result(**json.loads(finished.stdout.splitlines()[-1]))


@dataclass(frozen=True, slots=True)
class Generator:
    """Our own generator at work in a process of its own."""

    process: subprocess.Popen[str]

    def listing(self) -> Listing:
        """What came of it; waits until it has ended."""
        output, _ = self.process.communicate()
        found = json.loads(output)
        return Listing(Result(**found["result"]), found["order_ids"])


def started(plan: Plan) -> Generator:
    """Our own generator, on its way with the plan."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE.parents[1],
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(plan)))
    process.stdin.close()
    process.stdin = None
    return Generator(process)


class _Load:
    """The orders still to send and the answers that came."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._numbers = count(1)
        self._ends = time.perf_counter() + plan.seconds
        self._head = (
            f"Host: {urlsplit(plan.url).netloc}\r\nX-Api-Key: {plan.api_key}\r\n"
            f"Authorization: Bearer {plan.token}\r\nAccept: application/json\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(plan.body.encode())}\r\n"
        )
        self.order_ids: list[str] = []
        self.latencies: list[float] = []
        self.refused = 0
        self.broken = 0

    def next_call(self) -> bytes | None:
        """The next order as it goes over the wire; None when enough were sent."""
        number = next(self._numbers)
        if number > self._plan.orders or time.perf_counter() >= self._ends:
            return None
        customer = self._plan.customers[number % len(self._plan.customers)]
        ids = f"{self._plan.run}-{{}}-{number}"
        return (
            f"POST /v3/customers/{customer}/orders HTTP/1.1\r\n{self._head}"
            f"X-Correlation-Id: {ids.format('c')}\r\nX-Request-Id: {ids.format('r')}\r\n\r\n"
            f"{self._plan.body}"
        ).encode()

    def note(self, status: int, body: bytes, latency: float) -> None:
        """Count an answer."""
        self.latencies.append(latency)
        if status == 201:
            self.order_ids.append(json.loads(body)["orderId"])
        else:
            self.refused += 1


class _Connection(asyncio.Protocol):
    """One order under way at a time, until there are no more or the connection breaks."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._received = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < _content_length(head):
            return
        self._load.note(int(head[9:12]), body, time.perf_counter() - self._sent_at)
        self._received = b""
        self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self._load.broken += 1
            self.done.set_result(None)

    def _send(self) -> None:
        assert self._transport is not None
        call = self._load.next_call()
        if call is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(call)


def _content_length(head: bytes) -> int:
    fields = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return next(int(value) for name, _, value in fields if name == b"content-length")


async def _carried_out(plan: Plan) -> Listing:
    load = _Load(plan)
    host, _, port = urlsplit(plan.url).netloc.partition(":")
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    opened = await asyncio.gather(
        *(
            loop.create_connection(lambda: _Connection(load), host, int(port))
            for _ in range(plan.connections)
        )
    )
    await asyncio.gather(*(connection.done for _, connection in opened))
    seconds = time.perf_counter() - begun
    percents = statistics.quantiles(load.latencies, n=100) if len(load.latencies) > 1 else [0] * 99
    result = Result(
        seconds=seconds,
        placed=len(load.order_ids),
        refused=load.refused,
        broken=load.broken,
        p50=percents[49] * 1e3,
        p99=percents[98] * 1e3,
    )
    return Listing(result, load.order_ids)


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_carried_out(Plan(**json.load(sys.stdin)))))))
