"""The connection of one account to its marketplace: where it is, who we are there, and the pace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from flows.marketplace.client import Address, Marketplace
from flows.marketplace.pace import Pace, shared_budget
from flows.practice import practice_marketplace
from flows.secret_blocks import client_secret
from flows.settings import Settings


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Marketplace]:
    """The marketplace of an account, signed in to and found well.

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
        pace = Pace(shared_budget(settings.key_fingerprint, settings.calls_per_5s))
        async with Marketplace(
            address, pace, settings.effective_patience, settings.read_seconds
        ) as marketplace:
            await marketplace.check()
            yield marketplace
