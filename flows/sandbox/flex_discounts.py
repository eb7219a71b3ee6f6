"""Flexible discounts on the lines of an order (reference, section 17.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from flows.sandbox.book import Book
from flows.sandbox.catalog import Catalog, FlexDiscount, Product
from flows.sandbox.errors import ServiceRefusal, line_reason
from flows.sandbox.levels import entitled_discount_code, is_committed
from flows.sandbox.order_checks import OrderCase
from flows.sandbox.records import FAILED_STATUSES, Customer, FlexDiscountUse

_ALWAYS_FAILS = "FAILURE"
"""Codes containing this always fail in the vendor's sandbox, and so here."""

_BASE_PRODUCT_KINDS = frozenset({"team", "enterprise"})

FORGIVEN_AT_RENEWAL = frozenset({"2141", "2142", "2146"})
"""A preview of a renewal shows these on the line instead of refusing (section 11.3)."""

ALL_FORGIVEN = FORGIVEN_AT_RENEWAL | {"2144", "2145", "2166"}
"""What would renew by itself is shown whatever became of its discount."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A line that is to have a flexible discount, or none."""

    ext_line_item_number: int
    product: Product
    currency_code: str
    codes: tuple[str, ...]
    has_other_discount: bool = False


Known = dict[int, FlexDiscount]
"""The discounts of the lines that nothing speaks against so far, by line number."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What came of a wish: the discount to calculate with, and how it stands on the line."""

    discount: FlexDiscount | None = None
    uses: tuple[FlexDiscountUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who asks for discounts, and when."""

    book: Book
    catalog: Catalog
    customer: Customer
    now: datetime


def discounts(case: OrderCase, forgiven: frozenset[str] = frozenset()) -> list[Granted]:
    """What is granted on each line of an order (see `grant`). The high-volume code that a
    PREVIEW puts on a line is another discount as well, so that NEW takes what it gives back.
    """
    entitled = entitled_discount_code(case.customer)
    wishes = [
        Wish(
            ext_line_item_number=line.ext_line_item_number,
            product=case.product(line),
            currency_code=case.order.currency_of(line),
            codes=tuple(code for code in line.flex_discount_codes or () if code),
            has_other_discount=bool(line.discount_code)
            or (entitled is not None and not case.product(line).is_consumable),
        )
        for line in case.order.lines
    ]
    return grant(Buyer(case.book, case.catalog, case.customer, case.now), wishes, forgiven)


def grant(buyer: Buyer, wishes: list[Wish], forgiven: frozenset[str]) -> list[Granted]:
    """What is granted on each line, after the checks in their order (reference, section 8.7).

    2147 more than one code, 2146 unknown or not valid now, 2145 not for this product, 2144
    together with another discount, 2141 the customer does not qualify, 2142 used up, 2166 for
    three-year customers only. A forgiven code leaves the line with FAILURE and no discount.
    """
    _refuse("2147", "TOO_MANY_DISCOUNT_CODES", (w for w in wishes if len(w.codes) > 1))
    asked = [wish for wish in wishes if wish.codes]
    known: Known = {}
    for wish in asked:
        discount = _discount(buyer, wish.codes[0])
        if discount:
            known[wish.ext_line_item_number] = discount
    unknown = [wish for wish in asked if wish.ext_line_item_number not in known]
    if "2146" not in forgiven:
        _refuse("2146", "INVALID_DISCOUNT_CODE", (w for w in unknown if not _fails_always(w)))
    if "2141" not in forgiven:
        _refuse("2141", "CUSTOMER_NOT_QUALIFIED", filter(_fails_always, unknown))
    for code, reason, fails in _RULES:
        failed = [
            wish
            for wish in asked
            if (discount := known.get(wish.ext_line_item_number))
            and fails(buyer, wish, discount, known)
        ]
        if code not in forgiven:
            _refuse(code, reason, failed)
        for wish in failed:
            del known[wish.ext_line_item_number]
    return [_granted(buyer, wish, known.get(wish.ext_line_item_number)) for wish in wishes]


def _discount(buyer: Buyer, code: str) -> FlexDiscount | None:
    """What the code names now, or the reusable discount that the customer may go on with."""
    valid = buyer.catalog.flex_discount(code, buyer.now)
    if valid is not None:
        return valid
    customer_id = buyer.customer.customer_id
    return next(
        (
            discount
            for discount in buyer.catalog.flex_discounts
            if discount.code == code
            and discount.lock_end is not None
            and discount.start <= buyer.now < discount.lock_end
            and has_used(buyer.book, customer_id, discount)
        ),
        None,
    )


def reusable_codes(buyer: Buyer, product: str) -> tuple[str, ...]:
    """The reusable discount that a renewal of the product takes by itself: the one last used."""
    lasting = {
        discount.id: discount.code
        for discount in buyer.catalog.flex_discounts
        if discount.lock_end is not None and buyer.now < discount.lock_end
    }
    if not lasting:
        return ()
    for order in reversed(buyer.book.orders_of(buyer.customer.customer_id)):
        if order.status in FAILED_STATUSES:
            continue
        for item in order.line_items:
            for use in item.flex_discounts:
                if item.product == product and use.result == "SUCCESS" and use.id in lasting:
                    return (lasting[use.id],)
    return ()


def has_used(book: Book, customer_id: str, discount: FlexDiscount) -> bool:
    """Whether an order of the customer that did not fail carries the discount."""
    return any(
        use.id == discount.id and use.result == "SUCCESS"
        for order in book.orders_of(customer_id)
        if order.status not in FAILED_STATUSES
        for item in order.line_items
        for use in item.flex_discounts
    )


def _refuse(code: str, reason: str, wishes: Iterable[Wish]) -> None:
    details = [line_reason(wish.ext_line_item_number, reason) for wish in wishes]
    if details:
        raise ServiceRefusal(code, details)


def _fails_always(wish: Wish) -> bool:
    return _ALWAYS_FAILS in wish.codes[0]


def _granted(buyer: Buyer, wish: Wish, discount: FlexDiscount | None) -> Granted:
    """A known code with FAILURE in it is taken, and does nothing but stand on the line."""
    if not wish.codes:
        return Granted()
    code = wish.codes[0]
    if discount and not _fails_always(wish):
        return Granted(discount, (FlexDiscountUse(discount.id, code),))
    named = next((d for d in buyer.catalog.flex_discounts if d.code == code), None)
    return Granted(None, (FlexDiscountUse(named.id if named else "", code, "FAILURE"),))


def _is_for_another_product(
    _buyer: Buyer, wish: Wish, discount: FlexDiscount, _known: Known
) -> bool:
    if wish.product.kind not in _BASE_PRODUCT_KINDS:
        return True
    return bool(discount.products) and wish.product.product not in discount.products


def _is_combined(_buyer: Buyer, wish: Wish, _discount: FlexDiscount, _known: Known) -> bool:
    return wish.has_other_discount


def _does_not_qualify(buyer: Buyer, wish: Wish, discount: FlexDiscount, _known: Known) -> bool:
    if discount.currency and wish.currency_code != discount.currency:
        return True
    return discount.category == "INTRO" and any(
        subscription.product == wish.product.product
        for subscription in buyer.book.subscriptions_of(buyer.customer.customer_id)
    )


def _is_used_up(buyer: Buyer, wish: Wish, discount: FlexDiscount, known: Known) -> bool:
    """By an order of before, or by a line above in this one."""
    if not discount.one_use:
        return False
    first = next(number for number, one in known.items() if one.id == discount.id)
    is_taken_above = first != wish.ext_line_item_number and not _fails_always(wish)
    return is_taken_above or has_used(buyer.book, buyer.customer.customer_id, discount)


def _needs_commitment(buyer: Buyer, _wish: Wish, discount: FlexDiscount, _known: Known) -> bool:
    return discount.three_year_only and not is_committed(buyer.customer)


_RULES: tuple[tuple[str, str, Callable[[Buyer, Wish, FlexDiscount, Known], bool]], ...] = (
    ("2145", "OFFER_NOT_ELIGIBLE_FOR_DISCOUNT", _is_for_another_product),
    ("2144", "DISCOUNT_NOT_COMBINABLE", _is_combined),
    ("2141", "CUSTOMER_NOT_QUALIFIED", _does_not_qualify),
    ("2142", "DISCOUNT_USED_UP", _is_used_up),
    ("2166", "THREE_YEAR_CUSTOMERS_ONLY", _needs_commitment),
)
