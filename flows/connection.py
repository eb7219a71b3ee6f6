"""The connection of one account to its marketplace: where it is, who we are there, and the pace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from flows.marketplace.client import Marketplace
from flows.marketplace.exchange import Address
from flows.marketplace.pace import Pace, shared_budget
from flows.practice import practice_marketplace
from flows.secret_blocks import client_secret
from flows.settings import Settings
from schemas.pace import PaceMemory


@asynccontextmanager
async def connected(
    settings: Settings, memory: PaceMemory | None = None
) -> AsyncIterator[Marketplace]:
    """The marketplace of an account, signed in to and found well.

    `memory` is where all who use the key agree on the pace; without it the pace is our own.
    In practice the embedded one, which is started if it does not run. Where the secret stands in a
    Prefect block, Prefect's server must be ready. Raises MarketplaceStop, CompanionFault and
    SettingsFault.
    """
    with ExitStack() as stack:
        api_url, ims_url = settings.api_url, settings.ims_url
        if settings.effective_environment == "practice":
            companion = stack.enter_context(practice_marketplace(settings.state_dir).start())
            api_url = ims_url = companion.wait()
        address = Address(api_url, ims_url, settings.api_key, await client_secret(settings))
        pace = Pace(shared_budget(settings.key_fingerprint, settings.calls_per_5s, memory))
        async with Marketplace(
            address, pace, settings.effective_patience, settings.read_seconds
        ) as marketplace:
            await marketplace.check()
            yield marketplace
