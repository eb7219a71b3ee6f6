"""The client over real HTTP: the embedded marketplace, and servers that misbehave."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from flows.marketplace.client import Marketplace
from flows.marketplace.errors import (
    RUN_STOPPED,
    SILENT,
    TOO_LATE,
    UNREACHABLE,
    UNREADABLE,
    AccessRefused,
    CallRefused,
    ClockApart,
    NotReachable,
    SignInRefused,
    TryLater,
    seconds_to_wait,
)
from flows.marketplace.exchange import Address
from flows.marketplace.pace import Pace
from flows.ordering.life import Kind, kind_of
from schemas.orders import CallFailed, MarketplaceStop, Order, OrderLine
from tests.connections import address, connected, control, embedded, placed
from tests.intents import ORDER, intent_for

BIG = "P1005059000"
"""A customer with so many licences that its price level stays the same all through."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """An embedded marketplace; its address."""
    with embedded() as url:
        licences = [{"product": "65310542CA", "quantity": 500, "currencyCode": "USD"}]
        httpx.post(
            f"{url}/control/seed-customer", json={"customerId": BIG, "licences": licences}
        ).raise_for_status()
        yield url


def unlike(reference: str) -> Order:
    return Order(reference, BIG, "NEW", "", (OrderLine(5, 1, "65310542CA04A12", 1, "USD"),))


async def test_an_order_is_placed_found_in_the_history_and_finishes(server: str) -> None:
    intent = intent_for(unlike("C-1"))
    async with connected(server) as marketplace:
        await marketplace.check()
        await marketplace.ready()
        reply = await placed(marketplace, intent)
        assert (reply.http_status, kind_of(reply)) == (201, Kind.ACCEPTED)
        assert reply.order is not None
        assert (reply.order.status, reply.order.reference) == ("1002", "C-1")
        await control("POST", f"{server}/control/finish")
        since = datetime.now(UTC) - timedelta(days=1)
        history = await marketplace.history(intent.customer_id, since, ["NEW"])
        (found,) = [o for o in history if o.order_id == reply.order.order_id]
        assert found.status == "1000"
        assert found.lines[0].subscription_id
        assert found.lines[0].pricing is not None
        one = await marketplace.order(intent.customer_id, found.order_id)
        assert one.price_sums[0].amount == found.lines[0].pricing.line_price


async def test_a_repeat_with_the_same_id_brings_the_same_order(server: str) -> None:
    intent = intent_for(unlike("C-2"))
    async with connected(server) as marketplace:
        first = await placed(marketplace, intent)
        second = await placed(marketplace, intent)
    assert first.order == second.order
    assert first.request_id != second.request_id


async def test_all_pages_of_a_long_history_are_read_once(server: str) -> None:
    async with connected(server) as marketplace:
        for number in range(105):
            await placed(marketplace, intent_for(unlike(f"L-{number}")))
        before = marketplace.pace.calls
        since = datetime.now(UTC) - timedelta(days=1)
        history = await marketplace.history(BIG, since, ["NEW"])
    mine = [order.reference for order in history if order.reference.startswith("L-")]
    assert sorted(mine) == sorted(f"L-{number}" for number in range(105))
    assert marketplace.pace.calls - before == 2


async def test_a_refusal_carries_code_message_and_lines(server: str) -> None:
    bad = Order(
        "C-3", ORDER.customer_id, "NEW", "", (OrderLine(5, 4, "65308888CA02A12", 1, "USD"),)
    )
    async with connected(server) as marketplace:
        reply = await placed(marketplace, intent_for(bad))
    assert kind_of(reply) is Kind.REFUSED
    assert (reply.http_status, reply.code) == (400, "2122")
    assert "Line Item: 4" in reply.details[0]


async def test_a_token_that_expired_in_mid_run_is_renewed(server: str) -> None:
    async with connected(server) as marketplace:
        await marketplace.check()
        await control("PUT", f"{server}/control/clock", {"advanceSeconds": 90000})
        reply = await placed(marketplace, intent_for(unlike("C-4")))
        assert kind_of(reply) is Kind.TOKEN
        await marketplace.ready()
        assert kind_of(await placed(marketplace, intent_for(unlike("C-5")))) is Kind.ACCEPTED
    await control("PUT", f"{server}/control/clock", {"advanceSeconds": -90000})


async def test_many_tasks_share_one_sign_in(server: str) -> None:
    calls = len((await control("GET", f"{server}/control/journal"))["calls"])
    async with connected(server) as marketplace:
        await asyncio.gather(*(marketplace.check() for _ in range(20)))
    journal = (await control("GET", f"{server}/control/journal?after={calls}"))["calls"]
    assert len([call for call in journal if call["path"] == "/ims/token/v3"]) == 1


async def test_a_wrong_secret_is_a_designed_error_without_the_secret(server: str) -> None:
    async with connected(server, "my-wrong-secret") as marketplace:
        with pytest.raises(SignInRefused, match="ORDERDROP_CLIENT_SECRET") as caught:
            await marketplace.check()
    assert "my-wrong-secret" not in str(caught.value) + repr(address(server, "my-wrong-secret"))


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"items": []}',
        '{"totalCount": 0}',
        '{"totalCount": null, "items": null}',
        '{"totalCount": 3, "count": 0, "items": []}',
    ],
)
async def test_what_is_no_page_of_a_history_is_no_customer_without_orders(body: str) -> None:
    """What is not found may be sent again, so nothing but a page may say that it is not there."""
    async with misbehaving(http(200, body)) as url, connected(url) as marketplace:
        with pytest.raises(CallFailed):
            await marketplace.history("c", datetime.now(UTC), ["NEW"])


async def test_an_unknown_customer_is_refused_in_reading_too(server: str) -> None:
    async with connected(server) as marketplace:
        with pytest.raises(CallRefused) as caught:
            await marketplace.history("P1005059999", datetime.now(UTC), ["NEW"])
    assert caught.value.reply.code == "1116"


# --- servers that misbehave, byte by byte ---

Talk = Callable[[str, asyncio.StreamWriter], Awaitable[None]]

TOKEN = json.dumps({"access_token": "t", "token_type": "bearer", "expires_in": 86399})


def http(status: int, body: str, *headers: str, length: int | None = None) -> bytes:
    size = len(body.encode()) if length is None else length
    head = (f"HTTP/1.1 {status} X", f"Content-Length: {size}", "Connection: close", *headers)
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


@asynccontextmanager
async def misbehaving(answer: bytes, token: bytes | None = None) -> AsyncIterator[str]:
    """Signs in well and then answers every other call with the given bytes, and closes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.write((token or http(200, TOKEN)) if "/ims/" in head else answer)
        await writer.drain()
        writer.close()

    served = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = served.sockets[0].getsockname()[1]
    async with served:
        yield f"http://127.0.0.1:{port}"


def packed(body: bytes) -> bytes:
    """An answer that came through a proxy which packs bodies."""
    head = ("HTTP/1.1 201 X", f"Content-Length: {len(body)}", "Content-Encoding: gzip")
    return "\r\n".join((*head, "Connection: close", "", "")).encode() + body


async def test_a_packed_answer_is_unpacked_and_a_broken_one_is_no_answer() -> None:
    whole = gzip.compress(b'{"orderId": "9206417733", "status": "1002"}')
    async with misbehaving(packed(whole)) as url, connected(url) as marketplace:
        reply = await placed(marketplace, intent_for())
    assert reply.order is not None
    assert reply.order.order_id == "9206417733"
    async with misbehaving(packed(whole[10:])) as url, connected(url) as marketplace:
        reply = await placed(marketplace, intent_for())
    assert (reply.http_status, reply.order, reply.code) == (201, None, "NET/BAD_ANSWER")


@pytest.mark.parametrize(
    ("answer", "code", "kind"),
    [
        (b"", SILENT, Kind.SILENT),
        (http(201, '{"orderId": "1"', length=500), UNREADABLE, Kind.UNREADABLE),
        (http(201, "<html>hello</html>"), UNREADABLE, Kind.UNREADABLE),
        (http(201, '["not an order"]'), UNREADABLE, Kind.UNREADABLE),
        (http(504, '{"error_code": "504001", "message": "Gateway"}'), "504001", Kind.SILENT),
        (http(502, "<html>Bad gateway</html>"), "HTTP/502", Kind.SILENT),
        (http(500, '{"code": "1124", "message": "x"}'), "1124", Kind.SPOKEN_FAULT),
        (http(500, ""), "HTTP/500", Kind.SILENT),
        (http(400, "<html>proxy</html>"), "HTTP/400", Kind.SILENT),
        (http(403, '{"code": "4115", "message": "x"}'), "4115", Kind.ACCESS),
        (http(403, '{"error_code": "403000"}'), "403000", Kind.ACCESS),
        (http(404, '{"code": 1116, "message": "x"}'), "1116", Kind.REFUSED),
    ],
)
async def test_whatever_comes_back_becomes_a_reply_of_the_right_kind(
    answer: bytes, code: str, kind: Kind
) -> None:
    async with misbehaving(answer) as url, connected(url) as marketplace:
        reply = await placed(marketplace, intent_for())
    assert (reply.code, kind_of(reply)) == (code, kind)


NO_HTTP = {
    "no status line": b"\0\1garbage\r\n\r\n",
    "a status that is no number": b"HTTP/1.1 abc OK\r\n\r\n",
    "an endless header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    "a chunk without a size": b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    "a length below zero": b"HTTP/1.1 201 X\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"HTTP/1.1 201 X\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
}


@pytest.mark.parametrize("answer", NO_HTTP.values(), ids=NO_HTTP.keys())
async def test_an_answer_that_is_no_http_is_silence_and_never_counts_as_not_sent(
    answer: bytes,
) -> None:
    async with misbehaving(answer) as url, connected(url) as marketplace:
        reply = await placed(marketplace, intent_for())
        assert (reply.http_status, reply.code, kind_of(reply)) == (None, SILENT, Kind.SILENT)
        with pytest.raises(TryLater) as caught:
            await marketplace.history("P1", datetime.now(UTC), ["NEW"])
    assert caught.value.reply.code == SILENT


NESTED = "[" * 100_000
"""Deeper than JSON can be read."""


@pytest.mark.parametrize(
    ("status", "body", "code", "kind"),
    [
        (201, NESTED, UNREADABLE, Kind.UNREADABLE),
        (500, f'{{"code": {NESTED}', "HTTP/500", Kind.SILENT),
        (400, f'{{"code": "1117", "message": {"[" * 400}{"]" * 400}}}', "1117", Kind.REFUSED),
    ],
)
async def test_an_answer_nested_without_end_cannot_be_read(
    status: int, body: str, code: str, kind: Kind
) -> None:
    async with misbehaving(http(status, body)) as url, connected(url) as marketplace:
        reply = await placed(marketplace, intent_for())
        assert (reply.http_status, reply.code, kind_of(reply)) == (status, code, kind)


async def test_a_history_nested_without_end_cannot_be_read() -> None:
    async with misbehaving(http(200, NESTED)) as url, connected(url) as marketplace:
        with pytest.raises(CallFailed, match="cannot be read"):
            await marketplace.history("P1", datetime.now(UTC), ["NEW"])


async def test_a_sign_in_nested_without_end_is_something_else() -> None:
    async with misbehaving(b"", http(200, NESTED)) as url, connected(url) as marketplace:
        with pytest.raises(NotReachable, match="ORDERDROP_SIGN_IN_URL"):
            await marketplace.ready()


Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def impatient(handle: Handle) -> AsyncIterator[Marketplace]:
    """A client of a server like this, which waits half a second for an answer."""
    served = await asyncio.start_server(handle, "127.0.0.1", 0)
    to = address(f"http://127.0.0.1:{served.sockets[0].getsockname()[1]}")
    async with (
        served,
        Marketplace(to, Pace(985), patience=0.01, read_seconds=0.5) as marketplace,
        asyncio.timeout(20),
    ):
        yield marketplace


@asynccontextmanager
async def going_wrong(status: int, *, in_sign_in: bool = False) -> AsyncIterator[Marketplace]:
    """A body in chunks that begins well and then is none; the client waits a second at most."""
    begun = f"HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n"

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if "/ims/" in head and not in_sign_in:
            writer.write(http(200, TOKEN))
        else:
            writer.write(begun.encode())
            await writer.drain()
            await asyncio.sleep(0.1)  # the head is read before the rest comes
            writer.write(b"zz\r\nabc\r\n")
        await writer.drain()
        writer.close()

    async with impatient(handle) as marketplace:
        yield marketplace


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(201, UNREADABLE, Kind.UNREADABLE), (502, "HTTP/502", Kind.SILENT)],
)
async def test_a_body_that_stops_being_http_is_not_waited_for_without_end(
    status: int, code: str, kind: Kind
) -> None:
    async with going_wrong(status) as marketplace:
        reply = await placed(marketplace, intent_for())
        assert (reply.http_status, reply.code, kind_of(reply)) == (status, code, kind)
        with pytest.raises(CallFailed):
            await marketplace.history("P1", datetime.now(UTC), ["NEW"])


DRIPPING = {
    "headers": (b"HTTP/1.1 201 Created\r\nX-More: ", b"1", SILENT),
    "body": (
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", UNREADABLE
    ),
}  # fmt: skip


@pytest.mark.parametrize(("begins", "drips", "code"), DRIPPING.values(), ids=DRIPPING.keys())
async def test_an_answer_that_drips_is_not_waited_for_longer_than_a_call_may_take(
    begins: bytes, drips: bytes, code: str
) -> None:
    """There is always a next byte in time, and never a last one."""
    took = asyncio.get_running_loop().create_future()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if "/ims/" in head:
            writer.write(http(200, TOKEN))
        else:
            began = asyncio.get_running_loop().time()
            writer.write(begins)
            with suppress(ConnectionError):
                while not writer.is_closing():
                    writer.write(drips)
                    await writer.drain()
                    await asyncio.sleep(0.05)
            took.set_result(asyncio.get_running_loop().time() - began)
        writer.close()

    async with impatient(handle) as marketplace:
        reply = await placed(marketplace, intent_for())
        assert reply.code == code
        assert await took >= 0.5


async def test_a_sign_in_that_stops_being_http_is_not_waited_for_without_end() -> None:
    async with going_wrong(200, in_sign_in=True) as marketplace:
        with pytest.raises(NotReachable, match="cannot be reached"):
            await marketplace.ready()


@pytest.mark.parametrize("answer", NO_HTTP.values(), ids=NO_HTTP.keys())
async def test_a_sign_in_that_is_no_http_cannot_be_reached(answer: bytes) -> None:
    async with misbehaving(b"", answer) as url, connected(url) as marketplace:
        with pytest.raises(NotReachable, match="cannot be reached; check the internet"):
            await marketplace.ready()


async def test_a_request_that_is_too_late_writes_no_body_and_executes_nothing(
    server: str,
) -> None:
    """The lease is asked for at the socket, after everything else was done."""
    calls = len((await control("GET", f"{server}/control/journal"))["calls"])
    intent = intent_for(unlike("LATE-1"))
    asked: list[bool] = []

    def may_go() -> bool:
        asked.append(True)
        return False

    async with connected(server) as marketplace:
        reply = await marketplace.place(intent, "r-late", may_go)
        assert (reply.code, reply.http_status, len(asked)) == (TOO_LATE, None, 1)
        again = await placed(marketplace, intent)
    assert kind_of(again) is Kind.ACCEPTED
    journal = (await control("GET", f"{server}/control/journal?after={calls}"))["calls"]
    executed = [call for call in journal if call["executed"]]
    assert [call["correlationId"] for call in executed] == [intent.correlation_id]


async def test_retry_after_is_read_in_both_forms() -> None:
    body = '{"code": "4118"}'
    async with misbehaving(http(429, body, "Retry-After: 7")) as url, connected(url) as api:
        assert (await placed(api, intent_for())).retry_after == 7
    later = (datetime.now(UTC) + timedelta(seconds=60)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    async with misbehaving(http(429, body, f"Retry-After: {later}")) as url, connected(url) as api:
        waited = (await placed(api, intent_for())).retry_after
    assert waited is not None
    assert 50 < waited <= 60


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("7.5", 7.5),
        ("60", 60.0),
        ("61", 60.0),
        ("864000", 60.0),
        ("inf", 60.0),
        ("-5", 0.0),
        ("-inf", 0.0),
        ("nan", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2026 12:00:00 GMT", 60.0),
        ("Mon, 01 Jan 0001 00:00:00 +2300", 0.0),
        ("Mon, 32 Jan 2026 00:00:00 GMT", None),
    ],
)
def test_no_retry_after_is_waited_for_longer_than_a_minute(
    header: str | None, seconds: float | None
) -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
    assert seconds_to_wait(header, noon) == seconds


async def test_a_port_that_nobody_listens_on_means_nothing_was_sent() -> None:
    async with misbehaving(b"") as url, connected(url) as marketplace:
        await marketplace.ready()
        gone = Marketplace(
            Address("http://127.0.0.1:9", url, "k", SecretStr("s")), Pace(985), patience=0.01
        )
        reply = await placed(gone, intent_for())
        await gone.__aexit__(None, None, None)
    assert (reply.code, kind_of(reply)) == (UNREACHABLE, Kind.NOT_SENT)


async def test_a_clock_that_is_an_hour_off_stops_the_run() -> None:
    theirs = (datetime.now(UTC) - timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    token = http(200, TOKEN, f"Date: {theirs}")
    async with misbehaving(b"", token) as url, connected(url) as marketplace:
        with pytest.raises(ClockApart, match="60 minutes apart"):
            await marketplace.ready()


@pytest.mark.parametrize("token", [http(200, "<html>"), http(200, '{"other": 1}')])
async def test_a_sign_in_that_is_something_else_is_told(token: bytes) -> None:
    async with misbehaving(b"", token) as url, connected(url) as marketplace:
        with pytest.raises(NotReachable, match="ORDERDROP_SIGN_IN_URL"):
            await marketplace.ready()


HOUR_AGO = (datetime.now(UTC) - timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize(
    ("refusal", "stop"),
    [
        (http(400, '{"error": "invalid_client"}'), SignInRefused),
        (http(503, "later"), NotReachable),
        (http(200, "<html>"), NotReachable),
        (http(200, TOKEN, f"Date: {HOUR_AGO}"), ClockApart),
    ],
)
async def test_nothing_was_ordered_is_only_said_before_the_first_order(
    refusal: bytes, stop: type[MarketplaceStop]
) -> None:
    async with misbehaving(b"", refusal) as url, connected(url) as marketplace:
        with pytest.raises(stop, match=r"\. Nothing was ordered\.$"):
            await marketplace.check()
        for call in (
            marketplace.ready(),
            placed(marketplace, intent_for()),
            marketplace.history("P1", datetime.now(UTC), ["NEW"]),
        ):
            with pytest.raises(stop, match=f"\\. {RUN_STOPPED}$") as caught:
                await call
            assert "Nothing was ordered" not in str(caught.value)


async def test_a_token_refused_twice_within_a_minute_stops_the_run() -> None:
    answer = http(401, '{"error_code": "401013"}')
    async with misbehaving(answer) as url, connected(url) as marketplace:
        assert kind_of(await placed(marketplace, intent_for())) is Kind.TOKEN
        with pytest.raises(AccessRefused, match="The run has stopped"):
            await placed(marketplace, intent_for())


async def test_no_request_goes_over_a_redirect() -> None:
    answer = http(302, "", "Location: http://127.0.0.1:9/elsewhere")
    async with misbehaving(answer) as url, connected(url) as marketplace:
        assert (await placed(marketplace, intent_for())).http_status == 302
