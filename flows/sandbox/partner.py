"""The partner whose marketplace this is: reseller, programmes, whether it sells worldwide."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from flows.sandbox.catalog import seed_text


@dataclass(frozen=True, slots=True)
class Partner:
    """The partner account; `clients` are its keys and secrets."""

    reseller_id: str
    programmes: frozenset[str]
    worldwide_sales: bool
    clients: tuple[tuple[str, str], ...]


@cache
def partner() -> Partner:
    """The partner of the seed file."""
    facts = json.loads(seed_text("partner.json"))
    return Partner(
        reseller_id=facts["resellerId"],
        programmes=frozenset(facts["programmes"]),
        worldwide_sales=facts["worldwideSales"],
        clients=tuple((c["clientId"], c["clientSecret"]) for c in facts["clients"]),
    )
