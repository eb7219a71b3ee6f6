"""Which worker places whose orders: each order once, a customer's together, alike everywhere."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from flows.ordering.sharding import orders_of, shard_of, shards_for


@dataclass(frozen=True)
class Order:
    number: int
    customer_id: str


@given(st.lists(st.text(max_size=8), max_size=40), st.integers(1, 9))
def test_every_order_is_of_one_shard_and_a_customers_orders_are_of_the_same(
    customers: list[str], of: int
) -> None:
    orders = [Order(number, customer) for number, customer in enumerate(customers)]
    parts = [orders_of(orders, shard, of) for shard in range(1, of + 1)]
    assert sorted((order for part in parts for order in part), key=lambda o: o.number) == orders
    for part in parts:
        assert part == sorted(part, key=lambda order: order.number), "in the order of the sheet"
    held = [{order.customer_id for order in part} for part in parts]
    assert sum(map(len, held)) == len(set(customers))


def test_the_rule_is_the_same_on_every_machine_and_in_every_version() -> None:
    """Runs of an older version may still be at work: a customer must not change its shard."""
    customers = ("P1005053401", "T000001", "", "Å")
    assert [shard_of(customer, 4) for customer in customers] == [3, 4, 1, 3]


def test_the_customers_of_a_large_workbook_are_spread_evenly() -> None:
    counts = [0] * 5
    for number in range(5000):
        counts[shard_of(f"P10{number:08d}", 5) - 1] += 1
    assert min(counts) > 900, counts


def test_how_many_shards_so_many_orders_make() -> None:
    assert [shards_for(n, 5000) for n in (0, 1, 5000, 5001, 25_000)] == [1, 1, 1, 2, 5]
