"""A marketplace with a customer so large that no order changes its price level."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.connections import embedded
from tests.desk.test_follow_up import CUSTOMER, FINISHED_AFTER, OFFER


@contextmanager
def marketplace_of_a_large_customer() -> Iterator[str]:
    """Its address, while it runs."""
    with embedded("--finish-after", str(FINISHED_AFTER), "--no-throttle") as url:
        seed_large_customer(url)
        yield url


def seed_large_customer(url: str) -> None:
    """The customer, at a marketplace that runs."""
    licences = [{"product": OFFER[:10], "quantity": 9000, "currencyCode": "USD"}]
    customer = {"customerId": CUSTOMER, "cotermDate": "2027-06-30", "licences": licences}
    httpx.post(f"{url}/control/seed-customer", json=customer).raise_for_status()
