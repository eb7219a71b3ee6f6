"""One token for all calls, renewed before it ends and without holding them up."""

from __future__ import annotations

import asyncio
import itertools

import httpx
import pytest
from pydantic import SecretStr

from flows.marketplace import sign_in as signing_in
from flows.marketplace.sign_in import RENEW_BEFORE_END, SignIn

LASTS = 86_400.0


class Clock:
    """One that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(signing_in, "monotonic", clock)
    return clock


class Vendor:
    """Gives out token-1, token-2, …, each once `may_answer` is set."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self._numbers = itertools.count(1)

    async def answer(self, _: httpx.Request) -> httpx.Response:
        await self.may_answer.wait()
        token = f"token-{next(self._numbers)}"
        return httpx.Response(200, json={"access_token": token, "expires_in": LASTS})

    def signing_in(self) -> SignIn:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        return SignIn(client, "http://127.0.0.1", "key", SecretStr("secret"), 0.01, 20)


async def test_calls_go_on_with_the_old_token_while_one_renews_it(clock: Clock) -> None:
    vendor = Vendor()
    sign_in = vendor.signing_in()
    assert await sign_in.token() == "token-1"
    clock.now += LASTS - RENEW_BEFORE_END + 1
    vendor.may_answer.clear()
    renewing = asyncio.create_task(sign_in.token())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        others = await asyncio.gather(*(sign_in.token() for _ in range(10)))
    assert others == ["token-1"] * 10
    vendor.may_answer.set()
    assert await renewing == "token-2"
    assert await sign_in.token() == "token-2"


async def test_a_token_that_is_about_to_end_is_waited_for_by_all(clock: Clock) -> None:
    vendor = Vendor()
    sign_in = vendor.signing_in()
    assert await sign_in.token() == "token-1"
    clock.now += LASTS - 1
    found = await asyncio.gather(*(sign_in.token() for _ in range(10)))
    assert found == ["token-2"] * 10


async def test_a_token_that_was_refused_is_used_by_nobody(clock: Clock) -> None:
    vendor = Vendor()
    sign_in = vendor.signing_in()
    clock.now += 100
    assert await sign_in.refused(await sign_in.token())
    found = await asyncio.gather(*(sign_in.token() for _ in range(10)))
    assert found == ["token-2"] * 10
