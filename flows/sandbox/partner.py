"""The partner whose marketplace this is: resellers, programmes, where and what it may sell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from flows.sandbox.catalog import seed_text


@dataclass(frozen=True, slots=True)
class Reseller:
    """A reseller of the partner, and the market segments it may sell to."""

    reseller_id: str
    is_active: bool
    segments: frozenset[str]


@dataclass(slots=True)
class Partner:
    """The partner account; `clients` are its keys and secrets, `regions` the currencies of
    each price region. What the contract allows can be changed by hand.
    """

    resellers: Mapping[str, Reseller]
    programmes: frozenset[str]
    segments: frozenset[str]
    regions: Mapping[str, frozenset[str]]
    clients: tuple[tuple[str, str], ...]
    worldwide_sales: bool
    contract_is_active: bool

    @property
    def reseller_id(self) -> str:
        """The reseller of the seeded customers."""
        return next(iter(self.resellers))


def seeded_partner() -> Partner:
    """The partner of the seed file."""
    facts = json.loads(seed_text("partner.json"))
    return Partner(
        resellers={
            row["resellerId"]: Reseller(
                row["resellerId"], row["active"], frozenset(row["segments"])
            )
            for row in facts["resellers"]
        },
        programmes=frozenset(facts["programmes"]),
        segments=frozenset(facts["segments"]),
        regions={region: frozenset(found) for region, found in facts["regions"].items()},
        clients=tuple((c["clientId"], c["clientSecret"]) for c in facts["clients"]),
        worldwide_sales=facts["worldwideSales"],
        contract_is_active=facts["contractActive"],
    )
