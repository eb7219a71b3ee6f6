"""What RENEWAL and PREVIEW_RENEWAL are checked for, and what they come to (section 11).

A line is one of four things: licences renewed before their renewal date (early), the same for
a subscription that has lapsed (late), a product the customer does not have yet, or licences
beyond the present ones (extra, C41). Renewal dates go by UTC days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from flows.sandbox.buying import (
    check_discount_codes,
    check_eligibility,
    entitled_offer,
    licences_owned,
)
from flows.sandbox.clock import one_year_after
from flows.sandbox.deals import Deal, SoldLine, Term
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.flex_discounts import FORGIVEN_AT_RENEWAL, discounts
from flows.sandbox.levels import (
    Levels,
    entitled_discount_code,
    entitled_levels,
    is_committed,
)
from flows.sandbox.order_checks import (
    LineFailure,
    OrderCase,
    check_offers,
    deployments,
    refuse_lines,
)
from flows.sandbox.records import DONE, LAPSED_SUBSCRIPTION, LineItem, Subscription
from flows.sandbox.renewable import is_supported
from flows.sandbox.renewal_outlook import automatic_renewal
from flows.sandbox.wire_requests import LineRequest

EARLY_FROM = timedelta(days=30)
LATE_UNTIL = timedelta(days=30)
"""Day 31 is refused with 3122 (C9)."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line and the subscription it names."""

    request: LineRequest
    owned: Subscription | None

    @property
    def is_late(self) -> bool:
        """Whether it renews what has lapsed."""
        return self.owned is not None and self.owned.status == LAPSED_SUBSCRIPTION

    @property
    def adds(self) -> bool:
        """Whether it adds licences to the next term instead of renewing present ones."""
        return self.owned is None or (not self.is_late and self.owned.left_to_renew == 0)

    @property
    def is_part(self) -> bool:
        """Whether it renews some of the present licences early and leaves others."""
        return (
            self.owned is not None
            and not self.is_late
            and 0 < self.request.quantity < self.owned.left_to_renew
        )


def renew(case: OrderCase) -> Deal:
    """What a renewal comes to that passes every check that is left, else a refusal."""
    if not case.order.lines:
        return automatic_renewal(
            case.book, case.catalog, case.customer, case.now, case.order.currency_code
        )
    check_offers(case)
    lines = [_Line(line, case.subscription(line.subscription_id)) for line in case.order.lines]
    _check_same_product(lines)
    deployments(case)
    _check_subscriptions(lines)
    _check_previous_is_finished(case)
    _check_commitment(case, lines)
    _check_products(case, lines)
    _check_windows(case, lines)
    _check_combination(case, lines)
    levels = _levels(case, lines)
    check_eligibility(case, levels)
    granted = discounts(case, FORGIVEN_AT_RENEWAL if case.is_preview else frozenset())
    hvd_code = entitled_discount_code(case.customer)
    check_discount_codes(case, hvd_code)
    start = _renewal_date(case, lines[0])
    return Deal(
        lines=tuple(
            SoldLine(
                LineItem(
                    ext_line_item_number=line.request.ext_line_item_number,
                    offer_id=entitled_offer(case, levels, line.request),
                    quantity=line.request.quantity,
                    currency_code=case.order.currency_of(line.request),
                    status=DONE,
                    subscription_id=line.owned.subscription_id if line.owned else "",
                    deployment_id=_deployment(line),
                    discount_code=hvd_code,
                    flex_discounts=given.uses,
                ),
                given.discount,
            )
            for line, given in zip(lines, granted, strict=True)
        ),
        term=Term(start, one_year_after(start)),
    )


def _deployment(line: _Line) -> str | None:
    return line.owned.deployment_id if line.owned else line.request.deployment_id or None


def _check_same_product(lines: Iterable[_Line]) -> None:
    """2122: a subscription is renewed as the product it is (section 11.5)."""
    refuse_lines(
        "2122",
        (
            (line.request, "OFFER_NOT_OF_SUBSCRIPTION")
            for line in lines
            if line.owned and line.owned.product != line.request.offer_id[:10]
        ),
    )


def _check_subscriptions(lines: Iterable[_Line]) -> None:
    """3115: unknown, or ended without a right to be renewed late."""
    refuse_lines("3115", ((line.request, "NOT_FOUND") for line in lines if _is_gone(line)))


def _is_gone(line: _Line) -> bool:
    if not line.request.subscription_id:
        return False
    if line.owned is None:
        return True
    return not line.owned.is_active and not line.owned.can_be_renewed_late


def _check_previous_is_finished(case: OrderCase) -> None:
    """4122: one renewal order after the other (section 11.4)."""
    if not case.is_preview and case.book.open_orders_of(case.customer.customer_id, "RENEWAL"):
        raise ServiceRefusal("4122")


def _check_commitment(case: OrderCase, lines: Iterable[_Line]) -> None:
    """3133: the last year of a commitment, and no new one."""
    commitment = case.customer.commitment
    if commitment is None or not is_committed(case.customer) or case.customer.recommitment:
        return
    refuse_lines(
        "3133",
        (
            (line.request, "COMMITMENT_ENDS")
            for line in lines
            if not line.is_late and one_year_after(_renewal_date(case, line)) > commitment.end_date
        ),
    )


def _check_products(case: OrderCase, lines: Iterable[_Line]) -> None:
    """3132: not supported, or discontinued without a commitment; 1122: one-time and late."""
    refuse_lines("3132", _unrenewable(case, lines))
    one_time = [
        line.request.ext_line_item_number
        for line in lines
        if case.product(line.request).is_consumable
    ]
    if one_time:
        raise ServiceRefusal("1122", [f"Line Item: {number}" for number in one_time])


def _unrenewable(case: OrderCase, lines: Iterable[_Line]) -> Iterable[LineFailure]:
    for line in lines:
        product = case.product(line.request)
        if not is_supported(product, case.customer):
            yield line.request, "PRODUCT_NOT_RENEWABLE"
        elif product.is_consumable and not line.is_late:
            yield line.request, "ONE_TIME_PRODUCT"


def _check_windows(case: OrderCase, lines: list[_Line]) -> None:
    """1122 no subscription named in a late renewal, 3122 outside the window, 2164 and 3121 for
    what is active and not in a window of its own.
    """
    late_possible = any(
        s.can_be_renewed_late and case.utc_day <= s.renewal_date + LATE_UNTIL
        for s in case.book.subscriptions_of(case.customer.customer_id)
    )
    if late_possible:
        unnamed = [place for place, line in enumerate(lines) if line.owned is None]
        if unnamed:
            paths = [f"lineItems[{place}].subscriptionId" for place in unnamed]
            raise ServiceRefusal("1122", paths)
    outside = [line for line in lines if not _is_in_window(case, line)]
    if not outside:
        return
    if all(_was_just_renewed(case, line) for line in lines):
        raise ServiceRefusal("2164")
    active = [line for line in outside if line.owned and line.owned.is_active]
    if late_possible or any(case.utc_day >= _renewal_date(case, line) for line in active):
        refuse_lines("3121", ((line.request, "SUBSCRIPTION_ACTIVE") for line in active))
    refuse_lines("3122", ((line.request, "OUTSIDE_RENEWAL_WINDOW") for line in outside))


def _is_in_window(case: OrderCase, line: _Line) -> bool:
    renewal_date = _renewal_date(case, line)
    if line.is_late:
        return case.utc_day <= renewal_date + LATE_UNTIL
    return renewal_date - EARLY_FROM <= case.utc_day < renewal_date


def _was_just_renewed(case: OrderCase, line: _Line) -> bool:
    renewed_on = line.owned.renewed_on if line.owned else None
    return renewed_on is not None and renewed_on <= case.utc_day <= renewed_on + LATE_UNTIL


def _renewal_date(case: OrderCase, line: _Line) -> date:
    """The subscription's own; for a new product the customer's next one (3122 without any)."""
    if line.owned:
        return line.owned.renewal_date
    anniversary = case.customer.early_renewal_until or case.customer.coterm_date
    if anniversary is None:
        raise ServiceRefusal("3122")
    return anniversary


def _check_combination(case: OrderCase, lines: list[_Line]) -> None:
    """3121: what may not stand together in one order; 2120: more than the last term had."""
    refuse_lines(
        "2120",
        (
            (line.request, "MORE_THAN_LAST_TERM")
            for line in lines
            if line.is_late and line.owned and line.request.quantity > line.owned.current_quantity
        ),
    )
    named = Counter(line.owned.subscription_id for line in lines if line.owned)
    refuse_lines(
        "3121",
        (
            (line.request, "SUBSCRIPTION_NAMED_TWICE")
            for line in lines
            if line.owned and named[line.owned.subscription_id] > 1
        ),
    )
    refuse_lines("3121", _subscribed_already(case, lines))
    refuse_lines(
        "3121",
        (
            (line.request, "MORE_THAN_LEFT_TO_RENEW")
            for line in lines
            if line.owned
            and not line.is_late
            and not line.adds
            and line.request.quantity > line.owned.left_to_renew
        ),
    )
    if len(lines) > 1:
        refuse_lines(
            "3121", ((line.request, "PARTIAL_RENEWAL_NOT_ALONE") for line in lines if line.is_part)
        )
    if not all(line.adds for line in lines):
        refuse_lines("3121", ((line.request, "ADDS_TO_A_RENEWAL") for line in lines if line.adds))


def _subscribed_already(case: OrderCase, lines: Iterable[_Line]) -> Iterable[LineFailure]:
    """A line without subscription for a product that the customer has (C2)."""
    running = {
        (s.product, s.deployment_id, s.currency_code)
        for s in case.book.subscriptions_of(case.customer.customer_id)
        if s.status != LAPSED_SUBSCRIPTION
    }
    for line in lines:
        request = line.request
        wanted = (
            request.offer_id[:10],
            request.deployment_id or None,
            case.order.currency_of(request),
        )
        if line.owned is None and wanted in running:
            yield request, "SUBSCRIBED_ALREADY"


def _levels(case: OrderCase, lines: Iterable[_Line]) -> Levels:
    """By what is owned, what comes back and what is added."""
    more = sum(line.request.quantity for line in lines if line.is_late or line.adds)
    owned = licences_owned(case.book, case.catalog, case.customer.customer_id, consumables=False)
    return entitled_levels(case.catalog, case.customer, licences=owned + more, consumables=1)
