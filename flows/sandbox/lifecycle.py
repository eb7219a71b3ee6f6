"""The life of an order after it was accepted (reference, sections 10 and 14)."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import replace
from datetime import date, datetime

from flows.sandbox.book import Book
from flows.sandbox.catalog import Catalog
from flows.sandbox.clock import Clock, one_year_after, pacific_day
from flows.sandbox.numbering import Numbering
from flows.sandbox.records import (
    ACTIVE_SUBSCRIPTION,
    DONE,
    FAILED,
    FAILED_STATUSES,
    LAPSED_SUBSCRIPTION,
    OPEN,
    RETURNED,
    Customer,
    LineItem,
    Order,
    Subscription,
)

_CUSTOMER_INACTIVE = "1024"
_MOST_AT_ONCE = 100
"""Orders finished before others get their turn again."""


class Lifecycle:
    """Finishes open orders when their time has come, by the server's clock."""

    def __init__(self, book: Book, catalog: Catalog, clock: Clock, numbering: Numbering) -> None:
        self._book = book
        self._catalog = catalog
        self._clock = clock
        self._numbering = numbering
        self._due: list[tuple[datetime, int, str]] = []
        self._wake = asyncio.Event()
        for order in book.open_orders.values():
            self.expect(order)

    def expect(self, order: Order) -> None:
        """Look at this open order when it is due."""
        heapq.heappush(self._due, (order.finishes_at, order.sequence, order.order_id))
        self.look_again()

    def look_again(self) -> None:
        """Something changed: the clock, or what is due next."""
        self._wake.set()

    async def run(self) -> None:
        """Finish orders as they fall due, until cancelled."""
        while True:
            self._wake.clear()
            if self._finish_due():
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
            self.finish(order)
        return [order.order_id for order in finished]

    def finish(self, order: Order) -> None:
        """Carry an order out, or let it fail (section 14)."""
        if self._book.customers[order.customer_id].is_inactive:
            self.fail(order, _CUSTOMER_INACTIVE)
        elif order.order_type == "RETURN":
            self._finish_return(order)
        else:
            self._finish_new(order)

    def fail(self, order: Order, status: str) -> None:
        """The order and its lines fail; no subscription changes."""
        self._put(order, status, [replace(item, status=FAILED) for item in order.line_items])

    def set_status(self, order: Order, status: str) -> None:
        """Set a status by hand (section 21): 1000 carries an open order out."""
        if status == DONE and order.status == OPEN:
            self.finish(order)
        elif status in FAILED_STATUSES:
            self.fail(order, status)
        else:
            self._put(order, status, [replace(item, status=status) for item in order.line_items])

    def _finish_due(self) -> bool:
        now = self._clock.now()
        finished = 0
        while self._due and self._due[0][0] <= now and finished < _MOST_AT_ONCE:
            *_, order_id = heapq.heappop(self._due)
            order = self._book.open_orders.get(order_id)
            if order:
                self.finish(order)
                finished += 1
        return finished > 0

    def _seconds_to_next(self) -> float | None:
        if not self._due:
            return None
        return max((self._due[0][0] - self._clock.now()).total_seconds(), 0)

    def _put(self, order: Order, status: str, items: list[LineItem]) -> None:
        self._book.put_order(replace(order, status=status, line_items=tuple(items)))

    def _finish_new(self, order: Order) -> None:
        """Subscriptions are made or raised; the first order sets the anniversary date."""
        customer = self._book.customers[order.customer_id]
        if customer.coterm_date is None:
            customer = replace(customer, coterm_date=order.term_end)
            self._book.put_customer(customer)
        items = [self._provision(customer, order, item) for item in order.line_items]
        self._put(order, DONE, items)

    def _provision(self, customer: Customer, order: Order, item: LineItem) -> LineItem:
        subscription = self._subscription_for(order.customer_id, item)
        if subscription is None:
            subscription = self._new_subscription(customer, order, item)
        else:
            quantity = subscription.current_quantity + item.quantity
            subscription = replace(subscription, current_quantity=quantity)
        self._book.put_subscription(subscription)
        return replace(item, status=DONE, subscription_id=subscription.subscription_id)

    def _subscription_for(self, customer_id: str, item: LineItem) -> Subscription | None:
        """The active subscription that the line adds to (section 9).

        Stock credit packs run a year from their own order, so each has its own.
        """
        if self._catalog.products[item.product].is_consumable:
            return None
        wanted = (item.product, item.deployment_id, item.currency_code, ACTIVE_SUBSCRIPTION)
        return next(
            (
                s
                for s in self._book.subscriptions_of(customer_id)
                if (s.product, s.deployment_id, s.currency_code, s.status) == wanted
            ),
            None,
        )

    def _new_subscription(self, customer: Customer, order: Order, item: LineItem) -> Subscription:
        product = self._catalog.products[item.product]
        return Subscription(
            subscription_id=self._numbering.subscription_id(),
            customer_id=order.customer_id,
            offer_id=product.base_offer_id,
            current_quantity=item.quantity,
            currency_code=item.currency_code,
            created_at=self._clock.now().replace(microsecond=0),
            renewal_date=_renewal_date(customer, order, own_term=product.is_consumable),
            deployment_id=item.deployment_id,
        )

    def _finish_return(self, order: Order) -> None:
        """The original lines become 1008, the subscriptions lose the licences (section 10)."""
        original = self._book.orders[order.reference_order_id]
        numbers = {item.ext_line_item_number for item in order.line_items}
        returned = [item for item in original.line_items if item.ext_line_item_number in numbers]
        if any(item.status != DONE for item in returned):
            self.fail(order, FAILED)
            return
        for item in returned:
            self._take_back(original.customer_id, item)
        self._mark_returned(original, numbers)
        ids = {item.ext_line_item_number: item.subscription_id for item in returned}
        self._put(
            order,
            DONE,
            [
                replace(item, status=DONE, subscription_id=ids[item.ext_line_item_number])
                for item in order.line_items
            ],
        )

    def _take_back(self, customer_id: str, item: LineItem) -> None:
        subscription = self._book.subscription(customer_id, item.subscription_id)
        if subscription is None:
            return
        left = max(subscription.current_quantity - item.quantity, 0)
        status = subscription.status if left else LAPSED_SUBSCRIPTION
        self._book.put_subscription(replace(subscription, current_quantity=left, status=status))

    def _mark_returned(self, original: Order, numbers: set[int]) -> None:
        items = [
            replace(item, status=RETURNED) if item.ext_line_item_number in numbers else item
            for item in original.line_items
        ]
        all_back = all(item.status == RETURNED for item in items)
        self._put(original, RETURNED if all_back else original.status, items)


def _renewal_date(customer: Customer, order: Order, *, own_term: bool) -> date:
    if own_term or customer.coterm_date is None:
        return one_year_after(pacific_day(order.created_at))
    return customer.coterm_date
