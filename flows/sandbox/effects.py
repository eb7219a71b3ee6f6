"""What a finished order does to subscriptions and dates (reference, sections 9 to 12 and 14)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date

from flows.sandbox.book import Book
from flows.sandbox.catalog import Catalog
from flows.sandbox.clock import Clock, one_year_after, pacific_day
from flows.sandbox.numbering import Numbering
from flows.sandbox.order_checks import renews_early, takes_back_an_early_renewal
from flows.sandbox.part_returns import quantity_kept
from flows.sandbox.records import (
    ACTIVE_SUBSCRIPTION,
    DONE,
    FAILED,
    LAPSED_SUBSCRIPTION,
    RETURNED,
    SCHEDULED_SUBSCRIPTION,
    Customer,
    LineItem,
    Order,
    Subscription,
)

BY_THE_SYSTEM = "System"
"""Source of the orders that the automatic renewal makes (section 11.2)."""

_CUSTOMER_INACTIVE = "1024"


@dataclass(frozen=True, slots=True)
class Effects:
    """Carries orders out, or lets them fail."""

    book: Book
    catalog: Catalog
    clock: Clock
    numbering: Numbering

    def carry_out(self, order: Order) -> None:
        """Finish an open order, well or badly (section 14)."""
        if self.book.customers[order.customer_id].is_inactive:
            self.fail(order, _CUSTOMER_INACTIVE)
            return
        finish = {
            "RETURN": self._finish_return,
            "RENEWAL": self._finish_renewal,
            "SWITCH": self._finish_switch,
            "REVERT_SWITCH": self._finish_revert,
        }.get(order.order_type, self._finish_new)
        finish(order)

    def fail(self, order: Order, status: str) -> None:
        """The order and its lines fail; what it was to renew by itself lapses."""
        self.put(order, status, [replace(item, status=FAILED) for item in order.line_items])
        if order.source != BY_THE_SYSTEM:
            return
        for item in order.line_items:
            owned = self.book.subscription(order.customer_id, item.subscription_id)
            if owned:
                self.lapse(owned)

    def put(self, order: Order, status: str, items: list[LineItem]) -> None:
        """Enter the order's new state."""
        self.book.put_order(replace(order, status=status, line_items=tuple(items)))

    def lapse(self, subscription: Subscription) -> None:
        """Nothing renewed it: what was renewed early goes on, else it ends (section 11.2)."""
        if subscription.renewed_quantity:
            self.begin_term(subscription, subscription.renewed_quantity)
            return
        self.book.put_subscription(
            replace(
                subscription,
                status=LAPSED_SUBSCRIPTION,
                renewal_quantity=None,
                renewed_quantity=None,
                can_be_renewed_late=subscription.is_active,
            )
        )

    def begin_term(self, subscription: Subscription, quantity: int, offer_id: str = "") -> None:
        """The next term of a subscription, with that many licences."""
        self.book.put_subscription(
            replace(
                subscription,
                offer_id=offer_id or subscription.offer_id,
                status=ACTIVE_SUBSCRIPTION,
                current_quantity=quantity,
                renewed_quantity=None,
                renewed_on=subscription.renewal_date,
                renewal_date=one_year_after(subscription.renewal_date),
                renewal_code=None,
                can_be_renewed_late=False,
                auto_renewal=subscription.auto_renewal or subscription.can_be_renewed_late,
            )
        )

    def _finish_new(self, order: Order) -> None:
        """Subscriptions are made or raised; the first order sets the anniversary date."""
        customer = self._with_anniversary(order)
        items = [self._provision(customer, order, item) for item in order.line_items]
        self.put(order, DONE, items)

    def _with_anniversary(self, order: Order) -> Customer:
        """The customer, the anniversary moved on where the order brings a later one."""
        customer = self.book.customers[order.customer_id]
        if customer.coterm_date is None or customer.coterm_date < order.term_end:
            customer = replace(customer, coterm_date=order.term_end)
            self.book.put_customer(customer)
        return customer

    def _provision(self, customer: Customer, order: Order, item: LineItem) -> LineItem:
        subscription = self._subscription_for(order.customer_id, item)
        if subscription is None:
            subscription = self._new_subscription(
                order, item, _renewal_date(customer, order, self._is_consumable(item))
            )
        else:
            quantity = subscription.current_quantity + item.quantity
            subscription = replace(subscription, current_quantity=quantity)
        self.book.put_subscription(subscription)
        return replace(item, status=DONE, subscription_id=subscription.subscription_id)

    def _is_consumable(self, item: LineItem) -> bool:
        return self.catalog.products[item.product].is_consumable

    def _subscription_for(self, customer_id: str, item: LineItem) -> Subscription | None:
        """The active subscription that the line adds to (section 9).

        Stock credit packs run a year from their own order, so each has its own.
        """
        if self._is_consumable(item):
            return None
        wanted = (item.product, item.deployment_id, item.currency_code, ACTIVE_SUBSCRIPTION)
        return next(
            (
                s
                for s in self.book.subscriptions_of(customer_id)
                if (s.product, s.deployment_id, s.currency_code, s.status) == wanted
            ),
            None,
        )

    def _new_subscription(self, order: Order, item: LineItem, renewal_date: date) -> Subscription:
        product = self.catalog.products[item.product]
        is_high_growth = self.catalog.high_growth_minimum(item.offer_id)
        return Subscription(
            subscription_id=self.numbering.subscription_id(),
            customer_id=order.customer_id,
            offer_id=item.offer_id if is_high_growth else product.base_offer_id,
            current_quantity=item.quantity,
            currency_code=item.currency_code,
            created_at=self.clock.now().replace(microsecond=0),
            renewal_date=renewal_date,
            auto_renewal=not product.is_consumable,
            deployment_id=item.deployment_id,
        )

    def _finish_return(self, order: Order) -> None:
        """Original lines of which nothing is left become 1008, the subscriptions lose the
        licences (sections 10 and 20).
        """
        original = self.book.orders[order.reference_order_id]
        returned = {item.ext_line_item_number: item.quantity for item in order.line_items}
        bought = {
            item.ext_line_item_number: item
            for item in original.line_items
            if item.ext_line_item_number in returned
        }
        left = {
            number: quantity_kept(self.book, original, item) - returned[number]
            for number, item in bought.items()
        }
        if any(item.status != DONE or left[number] < 0 for number, item in bought.items()):
            self.fail(order, FAILED)
            return
        if not self._are_there(original, bought, returned):
            self.fail(order, FAILED)
            return
        for number, item in bought.items():
            self._take_back(original, item, returned[number])
        self._mark_returned(original, {number for number in bought if not left[number]})
        ids = {number: item.subscription_id for number, item in bought.items()}
        self.put(
            order,
            DONE,
            [
                replace(item, status=DONE, subscription_id=ids[item.ext_line_item_number])
                for item in order.line_items
            ],
        )

    def _are_there(
        self, original: Order, bought: dict[int, LineItem], returned: dict[int, int]
    ) -> bool:
        """Whether the subscriptions still hold what is given back: an upgrade may have taken
        it, and its revert would bring it again (section 12.3).
        """
        taken: Counter[str] = Counter()
        for number, item in bought.items():
            taken[item.subscription_id] += returned[number]
        for subscription_id, quantity in taken.items():
            owned = self.book.subscription(original.customer_id, subscription_id)
            if owned is None:
                continue
            is_early = takes_back_an_early_renewal(original, owned)
            held = (owned.renewed_quantity or 0) if is_early else owned.current_quantity
            if held < quantity:
                return False
        return True

    def _take_back(self, original: Order, item: LineItem, quantity: int) -> None:
        """Of an early renewal whose term has not begun, the renewal; else licences."""
        owned = self.book.subscription(original.customer_id, item.subscription_id)
        if owned is None:
            return
        if takes_back_an_early_renewal(original, owned):
            left = max((owned.renewed_quantity or 0) - quantity, 0)
            is_over = owned.status == SCHEDULED_SUBSCRIPTION and not left
            status = LAPSED_SUBSCRIPTION if is_over else owned.status
            self.book.put_subscription(replace(owned, renewed_quantity=left, status=status))
        else:
            self._give_up(owned, quantity)

    def _give_up(self, owned: Subscription, quantity: int) -> None:
        """Licences less; at none the subscription ends."""
        left = max(owned.current_quantity - quantity, 0)
        status = owned.status if left else LAPSED_SUBSCRIPTION
        self.book.put_subscription(replace(owned, current_quantity=left, status=status))

    def _mark_returned(self, original: Order, numbers: set[int]) -> None:
        items = [
            replace(item, status=RETURNED) if item.ext_line_item_number in numbers else item
            for item in original.line_items
        ]
        all_back = all(item.status == RETURNED for item in items)
        self.put(original, RETURNED if all_back else original.status, items)

    def _finish_renewal(self, order: Order) -> None:
        """Early: the anniversary moves once, the renewal date stays. Late and by itself: the
        next term begins (sections 11.2 to 11.5).
        """
        is_early = renews_early(order)
        items = [self._renew(order, item, is_early=is_early) for item in order.line_items]
        customer = self._with_anniversary(order)
        if is_early and customer.early_renewal_until is None:
            self.book.put_customer(replace(customer, early_renewal_until=order.term_start))
        self.put(order, DONE, items)

    def _renew(self, order: Order, item: LineItem, *, is_early: bool) -> LineItem:
        owned = self.book.subscription(order.customer_id, item.subscription_id)
        if owned is None:
            owned = replace(
                self._new_subscription(order, item, order.term_start or order.term_end),
                status=SCHEDULED_SUBSCRIPTION,
                current_quantity=0,
            )
        if is_early:
            renewed = (owned.renewed_quantity or 0) + item.quantity
            self.book.put_subscription(replace(owned, renewed_quantity=renewed))
        else:
            high_growth = self.catalog.high_growth_minimum(item.offer_id)
            self.begin_term(
                owned,
                item.quantity + (owned.renewed_quantity or 0),
                item.offer_id if high_growth else "",
            )
        return replace(item, status=DONE, subscription_id=owned.subscription_id)

    def _finish_switch(self, order: Order) -> None:
        """Licences move to a subscription of their own, so that they can be moved back."""
        given_up = order.cancelling_items[0]
        source = self.book.subscription(order.customer_id, given_up.subscription_id)
        if order.will_fail or source is None or source.current_quantity < given_up.quantity:
            self.fail(order, FAILED)
            return
        self._give_up(source, given_up.quantity)
        item = order.line_items[0]
        created = self._new_subscription(order, item, source.renewal_date)
        self.book.put_subscription(created)
        done = replace(item, status=DONE, subscription_id=created.subscription_id)
        self.put(order, DONE, [done])

    def _finish_revert(self, order: Order) -> None:
        """The licences go back to where they came from (section 12.3)."""
        created = self.book.subscription(
            order.customer_id, order.cancelling_items[0].subscription_id
        )
        old = self.book.subscription(order.customer_id, order.line_items[0].subscription_id)
        quantity = order.cancelling_items[0].quantity
        if created is None or old is None or created.current_quantity < quantity:
            self.fail(order, FAILED)
            return
        self._give_up(created, quantity)
        had = old.current_quantity if old.is_active else 0
        self.book.put_subscription(
            replace(old, status=ACTIVE_SUBSCRIPTION, current_quantity=had + quantity)
        )
        self.put(order, DONE, [replace(order.line_items[0], status=DONE)])


def _renewal_date(customer: Customer, order: Order, own_term: bool) -> date:
    if own_term or customer.coterm_date is None:
        return one_year_after(pacific_day(order.created_at))
    return customer.coterm_date
