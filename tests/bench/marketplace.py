"""`python -m tests.bench.marketplace`: how many orders a second the embedded marketplace takes.

Orders of four lines over many customers, from a load tool outside (wrk where it is installed),
throttling off, every order on disk before it is answered. Beside it, in the same minute, the
same load against a static endpoint: the ratio travels between machines, the figure does not.
Afterwards the book must hold exactly what was answered, and kill -9 under load must lose
nothing of it. The speed itself is only shown; SIZE=small makes all of it short.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.bench.load import Listing, Plan, Result, run_load, started

ROOT = Path(__file__).parents[2]
IS_SMALL = os.environ.get("SIZE") == "small"
ORDERS = 1_500 if IS_SMALL else 15_000
SECONDS = 3 if IS_SMALL else 10
KILLED_AFTER_SECONDS = 1.5 if IS_SMALL else 4
CONNECTIONS = 64
CUSTOMERS = [f"BENCH{number:04d}" for number in range(200)]
KEY, SECRET = "practice", "practice-secret"

OFFERS = ("65310542CA04A12", "65318877CA04A12", "65316613CA04A12", "65319006CA04A12")
ORDER = {
    "externalReferenceId": "BENCH",
    "orderType": "NEW",
    "lineItems": [
        {"extLineItemNumber": number, "offerId": offer_id, "quantity": 1, "currencyCode": "USD"}
        for number, offer_id in enumerate(OFFERS, 1)
    ],
}


class Server:
    """A server process of one module; ready when it has said so, stopped at the end."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().rpartition(" ")[2].strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(30)

    def kill(self) -> None:
        """SIGKILL: it gets no chance to write anything more."""
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True, slots=True)
class Marketplace:
    """The embedded marketplace as the bench sees it: its API and its control interface."""

    server: Server

    def seed(self) -> None:
        """Customers with so many licences that their price level stays what it is."""
        anniversary = datetime.now(UTC).date() + timedelta(days=200)
        licences = [{"product": OFFERS[0][:10], "quantity": 100, "currencyCode": "USD"}]
        for customer_id in CUSTOMERS:
            self._ask(
                "POST",
                "/control/seed-customer",
                json={
                    "customerId": customer_id,
                    "cotermDate": anniversary.isoformat(),
                    "licences": licences,
                },
            )

    def token(self) -> str:
        """A sign-in."""
        form = {
            "grant_type": "client_credentials",
            "client_id": KEY,
            "client_secret": SECRET,
            "scope": "openid,AdobeID,read_organizations",
        }
        token: str = self._ask("POST", "/ims/token/v3", data=form)["access_token"]
        return token

    def order_ids(self) -> set[str]:
        """Every order in the book."""
        return {order["orderId"] for order in self._ask("GET", "/control/book")["orders"]}

    def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        answer = httpx.request(method, self.server.url + path, timeout=120, **content)
        answer.raise_for_status()
        found: dict[str, Any] = json.loads(answer.content)
        return found


@dataclass(frozen=True, slots=True)
class Killed:
    """What was answered before the kill, and what of it the book does not hold after it."""

    listing: Listing
    lost: set[str]


def main() -> int:
    """Measure, check and print; 1 when an order was refused or lost, or the book is another."""
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as folder:
        state = Path(folder) / "book.db"
        with Server("tests.bench.static_endpoint") as static:
            baseline = run_load(_plan(static.url, "no token"))
        with _opened(state) as server:
            marketplace = Marketplace(server)
            marketplace.seed()
            before = marketplace.order_ids()
            loaded = run_load(_plan(server.url, marketplace.token()))
            new_orders = len(marketplace.order_ids() - before)
            listing = _killed_under_load(server, marketplace.token())
        with _opened(state) as server:
            killed = Killed(listing, set(listing.order_ids) - Marketplace(server).order_ids())
    _show(baseline, loaded, new_orders, killed)
    is_good = (
        loaded.refused == loaded.broken == killed.listing.result.refused == 0
        and new_orders == loaded.placed
        and killed.listing.order_ids
        and not killed.lost
    )
    return 0 if is_good else 1


def bare_load() -> tuple[Result, Result]:
    """The load on a static endpoint and on the marketplace, one after the other.

    Raises RuntimeError when an order was refused.
    """
    with Server("tests.bench.static_endpoint") as static:
        baseline = run_load(_plan(static.url, "no token"))
    with (
        tempfile.TemporaryDirectory(prefix="marketplace-bench-") as folder,
        _opened(Path(folder) / "book.db") as server,
    ):
        marketplace = Marketplace(server)
        marketplace.seed()
        loaded = run_load(_plan(server.url, marketplace.token()))
    if loaded.refused or loaded.broken:
        raise RuntimeError(f"{loaded.refused + loaded.broken} orders of a bare load failed.")
    return baseline, loaded


def _opened(state: Path) -> Server:
    return Server("flows.sandbox", "--no-throttle", "--state", str(state))


def _plan(url: str, token: str) -> Plan:
    return Plan(
        url=url,
        api_key=KEY,
        token=token,
        run=uuid.uuid4().hex[:12],
        customers=CUSTOMERS,
        body=json.dumps(ORDER),
        orders=ORDERS,
        seconds=SECONDS,
        connections=CONNECTIONS,
    )


def _killed_under_load(server: Server, token: str) -> Listing:
    """Kill the server while the generator, which lists what was answered, is at work."""
    plan = replace(_plan(server.url, token), orders=sys.maxsize, seconds=60)
    generator = started(plan)
    time.sleep(KILLED_AFTER_SECONDS)
    server.kill()
    return generator.listing()


def _show(baseline: Result, loaded: Result, new_orders: int, killed: Killed) -> None:
    tool = "wrk" if shutil.which("wrk") else "own generator"
    print(f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, Python", end=" ")
    print(f"{platform.python_version()}; {tool}, {CONNECTIONS} connections, ", end="")
    print(f"orders of {len(OFFERS)} lines, {len(CUSTOMERS)} customers")
    print(f"{'':24}{'orders/s':>10}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}")
    for what, result in (("static endpoint", baseline), ("embedded marketplace", loaded)):
        ratio = result.per_second / baseline.per_second
        print(f"{what:24}{result.per_second:10,.0f}{ratio:8.2f}", end="")
        print(f"{result.p50:9.1f}{result.p99:9.1f}{result.refused + result.broken:8}")
    print(f"answered {loaded.placed:,}, new in the book {new_orders:,}")
    print(f"kill -9 under load: answered {len(killed.listing.order_ids):,}", end=", ")
    print(f"lost {len(killed.lost)}, refused {killed.listing.result.refused}")


if __name__ == "__main__":
    sys.exit(main())
