"""The automatic renewal, as a job of the server's clock (reference, section 11.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from flows.sandbox.book import Book
from flows.sandbox.catalog import Catalog
from flows.sandbox.clock import Clock, one_year_after
from flows.sandbox.effects import BY_THE_SYSTEM, Effects
from flows.sandbox.numbering import Numbering
from flows.sandbox.records import (
    LAPSED_SUBSCRIPTION,
    OPEN,
    Customer,
    LineItem,
    Order,
    Subscription,
)
from flows.sandbox.renewal_outlook import Renewal, outlook, renewal_line


@dataclass(frozen=True, slots=True)
class RenewalRun:
    """Runs soon after midnight UTC on each renewal date."""

    book: Book
    catalog: Catalog
    clock: Clock
    numbering: Numbering
    effects: Effects
    finish_after: timedelta

    def next_run(self) -> datetime | None:
        """The midnight at which the next renewal date begins."""
        due = self.book.next_renewal()
        return datetime.combine(due[0], time(), UTC) if due else None

    def renew_due(self) -> list[Order]:
        """Renew, end or begin anew what is due; returns the orders that were made, open."""
        orders: list[Order] = []
        today = self.clock.now().date()
        while (due := self.book.next_renewal()) and due[0] <= today:
            self.book.take_renewal()
            orders += self._renew(self.book.customers[due[1]], due[0])
        return orders

    def _renew(self, customer: Customer, renewal_date: date) -> list[Order]:
        # What was placed in time counts, however slowly it is carried out.
        for order in self.book.open_orders_of(customer.customer_id, "RENEWAL"):
            if order.source != BY_THE_SYSTEM:
                self.effects.carry_out(order)
        due = [
            s
            for s in self.book.subscriptions_of(customer.customer_id)
            if s.renewal_date == renewal_date and s.status != LAPSED_SUBSCRIPTION
        ]
        renewals = outlook(self.book, self.catalog, customer, due, self.clock.now())
        going_on = [r for r in renewals if _goes_on(r) and r.quantity > 0]
        for renewal in renewals:
            if renewal not in going_on:
                self.effects.lapse(renewal.subscription)
        self._end_early_renewal(customer.customer_id, renewal_date)
        return self._orders(customer, renewal_date, going_on)

    def _end_early_renewal(self, customer_id: str, renewal_date: date) -> None:
        customer = self.book.customers[customer_id]
        until = customer.early_renewal_until
        if until and until <= renewal_date:
            self.book.put_customer(replace(customer, early_renewal_until=None))

    def _orders(
        self, customer: Customer, renewal_date: date, renewals: list[Renewal]
    ) -> list[Order]:
        """One order for each currency: an order has only one (section 8.2)."""
        orders = []
        for currency in sorted({r.subscription.currency_code for r in renewals}):
            items = [
                renewal_line(customer, number, renewal, OPEN)
                for number, renewal in enumerate(
                    (r for r in renewals if r.subscription.currency_code == currency), 1
                )
            ]
            orders.append(self._order(customer, renewal_date, items))
        return orders

    def _order(self, customer: Customer, renewal_date: date, items: list[LineItem]) -> Order:
        sequence = self.book.next_sequence()
        now = self.clock.now()
        order = Order(
            order_id=self.numbering.order_id(sequence),
            sequence=sequence,
            customer_id=customer.customer_id,
            order_type="RENEWAL",
            created_at=now.replace(microsecond=0),
            finishes_at=now + self.finish_after,
            term_start=renewal_date,
            term_end=one_year_after(renewal_date),
            status=OPEN,
            line_items=tuple(items),
            source=BY_THE_SYSTEM,
        )
        self.book.put_order(order)
        return order


def _goes_on(renewal: Renewal) -> bool:
    return renewal.subscription.auto_renewal and renewal.will_renew


def is_being_renewed(book: Book, subscription: Subscription) -> bool:
    """Whether the automatic renewal of this subscription is being carried out (3119)."""
    return any(
        item.subscription_id == subscription.subscription_id
        for order in book.open_orders_of(subscription.customer_id, "RENEWAL")
        if order.source == BY_THE_SYSTEM
        for item in order.line_items
    )
