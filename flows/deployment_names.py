"""How deployments are called: by those that make them and those that have them run."""

from __future__ import annotations

from typing import Final

from flows.settings import Settings

SHARD: Final = "shard"
"""The deployment of `place-orders` in a work pool, before it is told apart."""


def deployment_name(kind: str, settings: Settings, account: str) -> str:
    """A deployment's name.

    One account alone is not named, there is nothing to tell apart; among several each is, also
    where this process serves one of them. Practice and sandbox are named: they may share a Prefect
    server with production, and must not take over its nights.
    """
    environment = settings.effective_environment
    before = "" if environment == "production" else f"{environment}-"
    behind = f"-{account}" if len(settings.account_names) > 1 else ""
    return f"{before}{kind}{behind}"
