"""Placing, previewing, reading and patching orders (reference, sections 8 to 13)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from flows.sandbox.answers import answer_of
from flows.sandbox.book import Book
from flows.sandbox.buying import sell
from flows.sandbox.calls import Call
from flows.sandbox.catalog import Catalog
from flows.sandbox.clock import Clock, pacific_day
from flows.sandbox.deals import Deal
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.lifecycle import Lifecycle
from flows.sandbox.numbering import Numbering
from flows.sandbox.order_answers import order_answer, preview_answer
from flows.sandbox.order_checks import OrderCase, check_lines
from flows.sandbox.partner import Partner
from flows.sandbox.recommending import recommendations
from flows.sandbox.records import OPEN, Answer, Customer, Order
from flows.sandbox.renewing import renew
from flows.sandbox.request_reading import read_order, read_order_patch
from flows.sandbox.returning import give_back
from flows.sandbox.rights import check_may_change
from flows.sandbox.switching import revert, switch
from flows.sandbox.wire_requests import OrderRequest


@dataclass(frozen=True, slots=True)
class OrderDesk:
    """Where orders are handed in and looked up."""

    book: Book
    catalog: Catalog
    clock: Clock
    partner: Partner
    lifecycle: Lifecycle
    numbering: Numbering
    finish_after: timedelta
    placed_status: int
    partial_returns: bool

    def place(self, call: Call, customer_id: str) -> Answer:
        """Order create, previews included (sections 8 to 12)."""
        customer = self.book.customers.get(customer_id)
        if customer is None:
            raise ServiceRefusal("1116")
        case = self._case(customer, read_order(call.body))
        if not case.is_preview:
            check_may_change(self.book, call)
        check_lines(case)
        deal = _DESKS[case.order.order_type](case)
        if case.is_preview:
            return self._previewed(call, case, deal)
        return self._accept(case, deal, reassigns_users=call.asks_for("reassign-users"))

    def get(self, call: Call, customer_id: str, order_id: str) -> Answer:
        """Order get (section 13.1)."""
        order = self._order(customer_id, order_id)
        answer = order_answer(
            self.book,
            self.catalog,
            order,
            priced=call.asks_for("fetch-price"),
            with_remaining=self.partial_returns,
        ).model_copy(update={"recommendations": recommendations(self.catalog, call)})
        return answer_of(200, answer)

    def patch(self, call: Call, customer_id: str, order_id: str) -> Answer:
        """Order patch: another external reference (section 13.3)."""
        order = self._order(customer_id, order_id)
        patch = read_order_patch(call.body)
        check_may_change(self.book, call)
        order = replace(order, external_reference_id=patch.external_reference_id)
        self.book.put_order(order)
        return self._answer(200, order)

    def _case(self, customer: Customer, order: OrderRequest) -> OrderCase:
        now = self.clock.now()
        return OrderCase(
            customer=customer,
            order=order,
            original=self._named_original(customer, order),
            book=self.book,
            catalog=self.catalog,
            worldwide_sales=self.partner.worldwide_sales,
            programmes=self.partner.programmes,
            partial_returns=self.partial_returns,
            now=now,
            today=pacific_day(now),
        )

    def _named_original(self, customer: Customer, order: OrderRequest) -> Order | None:
        original = self.book.orders.get(order.reference_order_id or "")
        return original if original and original.customer_id == customer.customer_id else None

    def _previewed(self, call: Call, case: OrderCase, deal: Deal) -> Answer:
        answer = preview_answer(case, deal, priced=call.asks_for("fetch-price"))
        added = {"recommendations": recommendations(self.catalog, call)}
        return answer_of(200, answer.model_copy(update=added))

    def _accept(self, case: OrderCase, deal: Deal, *, reassigns_users: bool) -> Answer:
        sequence = self.book.next_sequence()
        order = Order(
            order_id=self.numbering.order_id(sequence),
            sequence=sequence,
            customer_id=case.customer.customer_id,
            order_type=case.order.order_type,
            created_at=case.now.replace(microsecond=0),
            finishes_at=case.now + self.finish_after,
            term_start=deal.term.start,
            term_end=deal.term.end,
            status=OPEN,
            line_items=tuple(replace(line.item, status=OPEN) for line in deal.lines),
            cancelling_items=deal.cancelled,
            external_reference_id=case.order.external_reference_id or None,
            reference_order_id=case.order.reference_order_id or "",
            reassigns_users=reassigns_users,
            will_fail=deal.will_fail,
        )
        self.book.put_order(order)
        self.lifecycle.expect(order)
        status = 202 if case.order.is_switch else self.placed_status
        return replace(self._answer(status, order), order_id=order.order_id)

    def _order(self, customer_id: str, order_id: str) -> Order:
        order = self.book.orders.get(order_id)
        if order is None or order.customer_id != customer_id:
            raise ServiceRefusal("2115")
        return order

    def _answer(self, status: int, order: Order) -> Answer:
        return answer_of(status, order_answer(self.book, self.catalog, order, priced=False))


_DESKS: dict[str, Callable[[OrderCase], Deal]] = {
    "NEW": sell,
    "PREVIEW": sell,
    "RETURN": give_back,
    "RENEWAL": renew,
    "PREVIEW_RENEWAL": renew,
    "SWITCH": switch,
    "PREVIEW_SWITCH": switch,
    "REVERT_SWITCH": revert,
    "PREVIEW_REVERT_SWITCH": revert,
}
"""Who judges which type of order."""
