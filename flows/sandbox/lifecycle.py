"""When orders are carried out and renewals run, by the server's clock (sections 11 and 14)."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import replace
from datetime import datetime, timedelta

from flows.sandbox.book import Book
from flows.sandbox.clock import Clock
from flows.sandbox.effects import Effects
from flows.sandbox.records import (
    ACTIVE_CUSTOMER,
    DONE,
    FAILED_STATUSES,
    NEW_CUSTOMER,
    OPEN,
    Customer,
    Order,
)
from flows.sandbox.renewal_run import RenewalRun

_LONGEST_SLEEP = 3600.0
_MOST_AT_ONCE = 100
"""Orders finished before others get their turn again."""


BETWEEN_RENEWALS = timedelta(seconds=120)


class RenewedJustNowError(Exception):
    """The renewal job was started by hand less than two minutes ago."""


class Lifecycle:
    """Finishes open orders and checks of accounts when their time has come, by its clock."""

    def __init__(self, book: Book, clock: Clock, effects: Effects, run: RenewalRun) -> None:
        self._book = book
        self._clock = clock
        self._effects = effects
        self._run = run
        self._due: list[tuple[datetime, int, str]] = []
        self._checks: list[tuple[datetime, str]] = []
        self._wake = asyncio.Event()
        self._renewed_by_hand_at: datetime | None = None
        for customer in book.customers.values():
            if customer.status == NEW_CUSTOMER:
                self.expect_check(customer)
        for order in book.open_orders.values():
            self.expect(order)

    def expect(self, order: Order) -> None:
        """Look at this open order when it is due."""
        heapq.heappush(self._due, (order.finishes_at, order.sequence, order.order_id))
        self.look_again()

    def expect_check(self, customer: Customer) -> None:
        """The check of this new account ends when its time has come (section 7.3)."""
        if customer.checked_at is not None:
            heapq.heappush(self._checks, (customer.checked_at, customer.customer_id))
            self.look_again()

    def look_again(self) -> None:
        """Something changed: the clock, or what is due next."""
        self._wake.set()

    async def run(self) -> None:
        """Finish orders as they fall due, until cancelled."""
        while True:
            self._wake.clear()
            self._finish_checks()
            self._finish_due()
            self.renew_due()
            if self._book.has_changes:
                await self._book.commit()
                continue
            try:
                await asyncio.wait_for(self._wake.wait(), self._seconds_to_next())
            except TimeoutError:
                continue

    def finish_all(self) -> list[str]:
        """Finish every open order now; returns their ids."""
        finished = sorted(self._book.open_orders.values(), key=lambda order: order.sequence)
        for order in finished:
            self._effects.carry_out(order)
        return [order.order_id for order in finished]

    def renew_due(self) -> list[Order]:
        """Let the automatic renewal run for every renewal date that has come (section 11.2)."""
        orders = self._run.renew_due()
        for order in orders:
            self.expect(order)
        return orders

    def renew_by_hand(self) -> list[Order]:
        """The renewal job started by a person: at most every two minutes (section 21)."""
        now = self._clock.now()
        if self._renewed_by_hand_at and abs(now - self._renewed_by_hand_at) < BETWEEN_RENEWALS:
            raise RenewedJustNowError
        self._renewed_by_hand_at = now
        return self.renew_due()

    def set_status(self, order: Order, status: str) -> None:
        """Set a status by hand (section 21): 1000 carries an open order out."""
        if status == DONE and order.status == OPEN:
            self._effects.carry_out(order)
        elif status in FAILED_STATUSES:
            self._effects.fail(order, status)
        else:
            items = [replace(item, status=status) for item in order.line_items]
            self._effects.put(order, status, items)

    def _finish_checks(self) -> None:
        while self._checks and self._checks[0][0] <= self._clock.now():
            _, customer_id = heapq.heappop(self._checks)
            customer = self._book.customers[customer_id]
            if customer.status == NEW_CUSTOMER:
                self._book.put_customer(replace(customer, status=ACTIVE_CUSTOMER))

    def _finish_due(self) -> None:
        now = self._clock.now()
        finished = 0
        while self._due and self._due[0][0] <= now and finished < _MOST_AT_ONCE:
            *_, order_id = heapq.heappop(self._due)
            order = self._book.open_orders.get(order_id)
            if order:
                self._effects.carry_out(order)
                finished += 1

    def _seconds_to_next(self) -> float | None:
        moments = [self._due[0][0]] if self._due else []
        moments += [self._checks[0][0]] if self._checks else []
        next_run = self._run.next_run()
        if next_run:
            moments.append(next_run)
        if not moments:
            return None
        seconds = (min(moments) - self._clock.now()).total_seconds()
        return min(max(seconds, 0), _LONGEST_SLEEP)
