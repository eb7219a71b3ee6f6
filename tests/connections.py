"""The client over real HTTP: an embedded marketplace to talk to, and the client's side of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from pydantic import SecretStr

from flows.marketplace.client import Marketplace
from flows.marketplace.exchange import Address
from flows.marketplace.pace import Pace
from flows.settings import PRACTICE_CLIENT_ID, PRACTICE_CLIENT_SECRET
from schemas.orders import Intent, Reply

ROOT = Path(__file__).parents[1]


@contextmanager
def embedded(*arguments: str) -> Iterator[str]:
    """An embedded marketplace as a process of its own; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.sandbox", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.communicate(timeout=10)


def address(
    url: str, secret: str = PRACTICE_CLIENT_SECRET, client_id: str = PRACTICE_CLIENT_ID
) -> Address:
    """Where a marketplace is, and who we are there."""
    return Address(url, url, client_id, SecretStr(secret))


@asynccontextmanager
async def connected(
    url: str, secret: str = PRACTICE_CLIENT_SECRET, client_id: str = PRACTICE_CLIENT_ID
) -> AsyncIterator[Marketplace]:
    """The client, with little patience."""
    to = address(url, secret, client_id)
    async with Marketplace(to, Pace(985), patience=0.01) as marketplace:
        yield marketplace


async def placed(marketplace: Marketplace, intent: Intent) -> Reply:
    """One send of an intent, in good time."""
    return await marketplace.place(intent, str(uuid4()), lambda: True)


async def control(method: str, url: str, body: object = None) -> Any:
    """One call of the control interface; its answer."""
    async with httpx.AsyncClient() as client:
        answer = await client.request(method, url, json=body)
    assert answer.is_success, answer.text
    return answer.json()
