"""Which part of a large workbook a customer's orders belong to, when several workers share it.

A customer's orders stay together: some of them depend on each other and go one after the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Protocol, TypeVar


class OfCustomer(Protocol):
    """An order, as far as sharing out goes."""

    @property
    def customer_id(self) -> str: ...


Order = TypeVar("Order", bound=OfCustomer)


def shards_for(orders: int, most: int) -> int:
    """How many shards of about `most` orders each so many orders make; at least one."""
    return max(1, -(-orders // most))


def shard_of(customer_id: str, of: int) -> int:
    """The shard, 1 to `of`, of a customer: the same on every machine and in every run."""
    digest = hashlib.sha256(customer_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") % of + 1


def orders_of(orders: Iterable[Order], shard: int, of: int) -> list[Order]:
    """The orders of one shard, in the order given."""
    return [order for order in orders if shard_of(order.customer_id, of) == shard]
