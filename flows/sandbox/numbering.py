"""Ids of new orders and subscriptions: never the same twice, and settable for tests."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable

from flows.sandbox.book import Book

_FIRST_ORDER_NUMBER = 9_206_500_000
_FIRST_CUSTOMER_NUMBER = 1_005_060_000


class Numbering:
    """Gives out ids; those asked for through the control interface come first."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._order_ids: deque[str] = deque()
        self._subscription_ids: deque[str] = deque()

    def give_out(self, order_ids: Iterable[str], subscription_ids: Iterable[str]) -> None:
        """Use these for the next orders and subscriptions, in this order."""
        self._order_ids.extend(order_ids)
        self._subscription_ids.extend(subscription_ids)

    def order_id(self, sequence: int) -> str:
        """An order id with the letter of the vendor's sandbox in front (section 21)."""
        while self._order_ids:
            asked_for = self._order_ids.popleft()
            if asked_for not in self._book.orders:
                return asked_for
        number = _FIRST_ORDER_NUMBER + sequence
        while (order_id := f"P{number}") in self._book.orders:
            number += 1
        return order_id

    def customer_id(self) -> str:
        """A customer id with the letter of the vendor's sandbox in front (section 21)."""
        number = _FIRST_CUSTOMER_NUMBER + len(self._book.customers)
        while (customer_id := f"P{number}") in self._book.customers:
            number += 1
        return customer_id

    def subscription_id(self) -> str:
        """Thirty lower-case hex digits and `NA` (reference, section 1)."""
        if self._subscription_ids:
            return self._subscription_ids.popleft()
        return f"{secrets.token_hex(15)}NA"
