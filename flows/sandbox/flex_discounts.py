"""Flexible discounts on the lines of an order (reference, section 17.1)."""

from __future__ import annotations

from collections.abc import Callable

from flows.sandbox.catalog import FlexDiscount
from flows.sandbox.levels import is_committed
from flows.sandbox.order_checks import OrderCase, refuse_lines
from flows.sandbox.records import FAILED_STATUSES
from flows.sandbox.wire import LineRequest

_ALWAYS_FAILS = "FAILURE"
"""Codes containing this always fail in the vendor's sandbox, and so here."""

_BASE_PRODUCT_KINDS = frozenset({"team", "enterprise"})

_Fails = Callable[[OrderCase, LineRequest, FlexDiscount], bool]


def discounts(case: OrderCase) -> list[FlexDiscount | None]:
    """The discount of each line, after the checks in their order (reference, section 8.7).

    2147 more than one code, 2146 unknown or not valid now, 2145 not for this product, 2144
    together with another discount, 2141 the customer does not qualify, 2142 used up, 2166
    for three-year customers only.
    """
    lines = case.order.lines
    refuse_lines(
        "2147",
        ((line, "TOO_MANY_DISCOUNT_CODES") for line in lines if len(_codes(line)) > 1),
    )
    found = [_discount(case, line) for line in lines]
    named = list(zip(lines, found, strict=True))
    refuse_lines(
        "2146",
        (
            (line, "INVALID_DISCOUNT_CODE")
            for line, discount in named
            if _codes(line) and discount is None
        ),
    )
    for code, reason, fails in _RULES:
        refuse_lines(
            code,
            (
                (line, reason)
                for line, discount in named
                if discount is not None and fails(case, line, discount)
            ),
        )
    return found


def _codes(line: LineRequest) -> list[str]:
    return [code for code in line.flex_discount_codes or () if code]


def _discount(case: OrderCase, line: LineRequest) -> FlexDiscount | None:
    codes = _codes(line)
    if not codes or _ALWAYS_FAILS in codes[0]:
        return None
    return case.catalog.flex_discount(codes[0], case.now)


def _is_for_another_product(case: OrderCase, line: LineRequest, discount: FlexDiscount) -> bool:
    product = case.catalog.products[line.offer_id[:10]]
    if product.kind not in _BASE_PRODUCT_KINDS:
        return True
    return bool(discount.products) and product.product not in discount.products


def _is_combined(_case: OrderCase, line: LineRequest, _discount: FlexDiscount) -> bool:
    return bool(line.discount_code)


def _does_not_qualify(case: OrderCase, line: LineRequest, discount: FlexDiscount) -> bool:
    if discount.currency and case.order.currency_of(line) != discount.currency:
        return True
    return discount.category == "INTRO" and any(
        subscription.product == line.offer_id[:10]
        for subscription in case.book.subscriptions_of(case.customer.customer_id)
    )


def _is_used_up(case: OrderCase, _line: LineRequest, discount: FlexDiscount) -> bool:
    return discount.one_use and any(
        use.id == discount.id
        for order in case.book.orders.values()
        if order.customer_id == case.customer.customer_id and order.status not in FAILED_STATUSES
        for item in order.line_items
        for use in item.flex_discounts
    )


def _needs_commitment(case: OrderCase, _line: LineRequest, discount: FlexDiscount) -> bool:
    return discount.three_year_only and not is_committed(case.customer)


_RULES: tuple[tuple[str, str, _Fails], ...] = (
    ("2145", "OFFER_NOT_ELIGIBLE_FOR_DISCOUNT", _is_for_another_product),
    ("2144", "DISCOUNT_NOT_COMBINABLE", _is_combined),
    ("2141", "CUSTOMER_NOT_QUALIFIED", _does_not_qualify),
    ("2142", "DISCOUNT_USED_UP", _is_used_up),
    ("2166", "THREE_YEAR_CUSTOMERS_ONLY", _needs_commitment),
)
