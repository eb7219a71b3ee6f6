"""A ledger that fails: no order leaves without its intent on disk, and the next run completes.

The plain stages against a real embedded marketplace; the ledger's troubles are real ones of
SQLite and PostgreSQL (full, locked, read-only, gone), brought about in the middle of a run.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import openpyxl
import pytest
from pydantic import SecretStr
from sqlalchemy import event

from flows.desk import Desk
from flows.ledger import Ledger, LedgerFault
from flows.ledger import database as ledger_database
from flows.settings import Settings
from schemas.orders import Intent, Reply
from tests.connections import control, embedded
from tests.databases import database

ORDERS = 12
CUSTOMER, OFFER = "T000001", "65310542CA04A12"
TITLES = ("externalReferenceId", "customerId", "orderType", "offerId", "quantity", "currencyCode")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A marketplace with a customer so large that no order changes its price level."""
    licences = [{"product": OFFER[:10], "quantity": 9000, "currencyCode": "USD"}]
    customer = {"customerId": CUSTOMER, "cotermDate": "2027-06-30", "licences": licences}
    with embedded("--finish-after", "0.05", "--no-throttle") as url:
        httpx.post(f"{url}/control/seed-customer", json=customer).raise_for_status()
        yield url


class Run:
    """One workbook of orders that are new to the marketplace, and a state folder."""

    def __init__(self, server: str, folder: Path, ledger_url: str | None = None) -> None:
        self.server = server
        self.folder = folder
        self.prefix = folder.name[-20:]
        self.sheet = folder / "orders.xlsx"
        book = openpyxl.Workbook()
        page = book.active
        assert page is not None
        page.append(TITLES)
        for number in range(ORDERS):
            page.append((f"{self.prefix}-{number}", CUSTOMER, "NEW", OFFER, 1, "USD"))
        book.save(self.sheet)
        self.settings = Settings(
            environment="sandbox",
            marketplace_url=server,
            client_id="practice",
            client_secret=SecretStr("practice-secret"),
            state_dir=folder / "state",
            ledger_url=ledger_url,
            output=folder / "output",
            patience=0.001,
            approve_above={},
            in_flight=2,
        )

    async def go(self, after_third: Callable[[Ledger], None] = lambda _: None) -> Counter[str]:
        """All stages; `after_third` happens when the third order has been answered."""
        async with Desk(self.settings) as desk:
            planned = desk.read_and_plan(self.sheet)
            answered = 0
            original = desk.marketplace.place

            async def place(intent: Intent, request_id: str, may_go: Callable[[], bool]) -> Reply:
                nonlocal answered
                reply = await original(intent, request_id, may_go)
                answered += 1
                if answered == 3:
                    after_third(desk.ledger)
                return reply

            desk.marketplace.place = place  # type: ignore[method-assign]
            await desk.place(planned.intent_ids, len(planned.intent_ids))
            result = desk.reconcile(planned.submission_id, None)
            return Counter({state: n for state, n in result.orders.items() if n})

    async def placed(self) -> Counter[str]:
        """How often the marketplace's own book has each of our references."""
        orders = (await control("GET", f"{self.server}/control/book"))["orders"]
        names = [order.get("externalReferenceId") or "" for order in orders]
        return Counter(name for name in names if name.startswith(self.prefix))

    async def sent(self) -> set[str]:
        """The correlation ids under which the marketplace has seen our orders."""
        calls = (await control("GET", f"{self.server}/control/journal"))["calls"]
        return {
            call["correlationId"]
            for call in calls
            if call["method"] == "POST" and self.prefix in call["requestBody"]
        }


async def check(run: Run, fail: Callable[[Ledger], None], mend: Callable[[], None]) -> str:
    """Fail in mid-run, see that nothing left unwritten, mend, go again; the sentence."""
    with pytest.raises(LedgerFault) as caught:
        await run.go(fail)
    mend()
    before = await run.placed()
    assert 0 < sum(before.values()) < ORDERS, caught.value
    with closing(_opened(run)) as ledger:
        written = {i.correlation_id for i in ledger.find("default", "sandbox") if i.sends}
    assert await run.sent() <= written
    ended = await run.go()
    assert ended["open"] + ended["done"] == ORDERS
    assert await run.placed() == Counter({f"{run.prefix}-{n}": 1 for n in range(ORDERS)})
    return str(caught.value)


def _opened(run: Run) -> Ledger:
    if run.settings.ledger_url:
        return Ledger(run.settings.ledger_url, run.settings.state_dir / "workbooks")
    return Ledger.in_folder(run.settings.state_dir)


async def test_a_full_disk_stops_the_run_and_the_next_completes(
    server: str, tmp_path: Path
) -> None:
    """SQLite's own SQLITE_FULL: the file may not grow any further."""
    run = Run(server, tmp_path)

    def fill_up(ledger: Ledger) -> None:
        def no_more_pages(connection: Any, *_: object) -> None:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")

        event.listen(ledger._engine, "begin", no_more_pages)

    said = await check(run, fill_up, lambda: None)
    assert "database or disk is full" in said
    assert "Nothing is ordered without it" in said


async def test_a_ledger_locked_by_another_program_stops_the_run_and_the_next_completes(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_database, "BUSY_MILLISECONDS", 200)
    run = Run(server, tmp_path)
    path = run.settings.state_dir / "ledger.sqlite"
    others: list[sqlite3.Connection] = []

    def lock(_: Ledger) -> None:
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        others.append(other)
        other.execute("PRAGMA busy_timeout=5000")
        other.execute("BEGIN IMMEDIATE")

    def let_go() -> None:
        others[0].execute("ROLLBACK")
        others[0].close()

    said = await check(run, lock, let_go)
    assert "database is locked" in said


async def test_a_ledger_that_becomes_read_only_stops_the_run_and_the_next_completes(
    server: str, tmp_path: Path
) -> None:
    run = Run(server, tmp_path)

    def forbid(ledger: Ledger) -> None:
        def read_only(connection: Any, *_: object) -> None:
            connection.exec_driver_sql("PRAGMA query_only = ON")

        event.listen(ledger._engine, "begin", read_only)

    said = await check(run, forbid, lambda: None)
    assert "readonly database" in said


async def test_postgresql_gone_in_mid_run_stops_it_and_the_next_completes(
    server: str, tmp_path: Path
) -> None:
    with database("postgresql", tmp_path) as url:
        async with _relay(url) as (through, relay):
            run = Run(server, tmp_path, through)
            said = await check(run, lambda _: relay.cut(), relay.mend)
    assert "cannot be written" in said or "cannot be read" in said
    assert "Nothing is ordered without it" in said


async def test_a_file_in_the_place_of_the_state_folder_is_said_before_any_call(
    server: str, tmp_path: Path
) -> None:
    run = Run(server, tmp_path)
    run.settings.state_dir.write_text("in the way")
    with pytest.raises(LedgerFault, match="nothing was ordered"):
        await run.go()
    assert await run.placed() == Counter()


class Relay:
    """A way to the database that can be cut and mended."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._open = True
        self._writers: list[asyncio.StreamWriter] = []
        self._loop = asyncio.new_event_loop()
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._ready.wait(10)

    def cut(self) -> None:
        self._open = False
        self._loop.call_soon_threadsafe(self._drop)

    def mend(self) -> None:
        self._open = True

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._pass_on, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._drop()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(*self._to)
        self._writers += [writer, back]
        await asyncio.gather(_pump(reader, back), _pump(there, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while block := await reader.read(65_536):
            writer.write(block)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def _relay(url: str) -> AsyncIterator[tuple[str, Relay]]:
    parts = urlsplit(url)
    relay = Relay(parts.hostname or "127.0.0.1", parts.port or 5432)
    user = f"{parts.username}@" if parts.username else ""
    separator = f"?{parts.query}" if parts.query else ""
    yield f"postgresql://{user}127.0.0.1:{relay.port}{parts.path}{separator}", relay
    relay.close()
