"""The checks that all placed types share, in their order (reference, section 8.7).

Each step looks at all lines and refuses with all that fail in it. What only one family of
types needs stands in `buying`, `returning`, `renewing` and `switching`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from flows.sandbox.book import Book
from flows.sandbox.catalog import LARGEST_QUANTITY, Catalog, Product
from flows.sandbox.errors import ServiceRefusal, line_reason
from flows.sandbox.records import Customer, Order, Subscription
from flows.sandbox.wire_requests import LineRequest, OrderRequest

MOST_LINES = 499
LARGEST_LINE_NUMBER = 999_999

_STATUS_ON_ORDERS = {"3115": 400}
"""3115 has another status on the paths of subscriptions (C8)."""


@dataclass(frozen=True, slots=True)
class OrderCase:
    """An order request with what is needed to judge it; `original` is the order it names."""

    customer: Customer
    order: OrderRequest
    original: Order | None
    book: Book
    catalog: Catalog
    worldwide_sales: bool
    programmes: frozenset[str]
    partial_returns: bool
    now: datetime
    today: date

    @property
    def is_preview(self) -> bool:
        """Whether nothing will be placed."""
        return self.order.is_preview

    @property
    def is_purchase(self) -> bool:
        """Whether something is bought (or would be), not renewed, exchanged or given back."""
        return self.order.order_type in ("NEW", "PREVIEW")

    @property
    def utc_day(self) -> date:
        """The day that renewals go by: they run after midnight UTC (section 11.2)."""
        return self.now.date()

    def product(self, line: LineRequest) -> Product:
        """The product of a line whose offer is known."""
        return self.catalog.products[line.offer_id[:10]]

    def subscription(self, subscription_id: str | None) -> Subscription | None:
        """A subscription of this customer."""
        return self.book.subscription(self.customer.customer_id, subscription_id or "")


LineFailure = tuple[LineRequest, str]
"""A line and the reason word it fails with."""


def refuse_lines(code: str, failures: Iterable[LineFailure]) -> None:
    """Refuse when any line fails; one entry of additionalDetails for each."""
    details = [line_reason(line.ext_line_item_number, reason) for line, reason in failures]
    if details:
        raise ServiceRefusal(code, dict.fromkeys(details), status=_STATUS_ON_ORDERS.get(code))


def check_lines(case: OrderCase) -> None:
    """What every order is checked for first: count, numbers, quantities, currencies."""
    _check_number_of_lines(case)
    _check_line_numbers(case)
    _check_quantities(case)
    _check_currencies(case)


def _check_number_of_lines(case: OrderCase) -> None:
    """2119: one to 499 lines, none in a PREVIEW_RENEWAL; 2152: a switch has one of each."""
    order = case.order
    if order.is_switch:
        if len(order.lines) != 1 or len(order.cancelled) != 1:
            raise ServiceRefusal("2152")
        return
    fewest = 0 if order.order_type == "PREVIEW_RENEWAL" else 1
    if not fewest <= len(order.lines) <= MOST_LINES:
        raise ServiceRefusal("2119")


def _check_line_numbers(case: OrderCase) -> None:
    """2123 out of range (0 is accepted, C7), then 2121 used twice."""
    lines = case.order.lines
    refuse_lines(
        "2123",
        (
            (line, "LINE_NUMBER_OUT_OF_RANGE")
            for line in lines
            if not 0 <= line.ext_line_item_number <= LARGEST_LINE_NUMBER
        ),
    )
    uses = Counter(line.ext_line_item_number for line in lines)
    refuse_lines(
        "2121",
        ((line, "DUPLICATE_LINE_NUMBER") for line in lines if uses[line.ext_line_item_number] > 1),
    )


def _check_quantities(case: OrderCase) -> None:
    """2120: at least one, at most the product's maximum."""
    refuse_lines(
        "2120",
        (
            (line, "QUANTITY_OUT_OF_RANGE")
            for line in case.order.lines
            if not 1 <= line.quantity <= _most(case, line)
        ),
    )


def _check_currencies(case: OrderCase) -> None:
    """2140 the levels clash, 2125 not sold in this country, 2137 lines disagree (section 8.2)."""
    order_level = case.order.currency_code
    lines = case.order.lines
    refuse_lines(
        "2140",
        (
            (line, "CURRENCY_CLASH")
            for line in lines
            if order_level and line.currency_code and line.currency_code != order_level
        ),
    )
    home = case.catalog.country_currencies.get(case.customer.address.country, frozenset())
    refuse_lines(
        "2125",
        (
            (line, "CURRENCY_NOT_ALLOWED")
            for line in lines
            if not line.deployment_id and case.order.currency_of(line) not in home
        ),
    )
    refuse_lines(
        "2137",
        (
            (line, "CURRENCY_MISMATCH")
            for line in lines
            if _expected_currency(case, line) not in (None, case.order.currency_of(line))
        ),
    )


def check_offers(case: OrderCase) -> None:
    """2122 never on the price list, then 2128 not sold in this currency."""
    refuse_lines(
        "2122",
        (
            (line, "INVALID_OFFER_ID")
            for line in case.order.lines
            if not case.catalog.is_known(line.offer_id)
        ),
    )
    refuse_lines(
        "2128",
        (
            (line, "CURRENCY_NOT_FOR_OFFER")
            for line in case.order.lines
            if (sold_in := case.product(line).currencies)
            and case.order.currency_of(line) not in sold_in
        ),
    )


def check_programmes(case: OrderCase) -> None:
    """2124: the partner's contract does not cover the programme."""
    refuse_lines(
        "2124",
        (
            (line, "PROGRAMME_NOT_ALLOWED")
            for line in case.order.lines
            if case.product(line).programme not in case.programmes
        ),
    )


def check_not_renewing_early(case: OrderCase) -> None:
    """3131: nothing else is taken while an early renewal is in progress (C33)."""
    customer = case.customer
    under_way = case.book.open_orders_of(customer.customer_id, "RENEWAL")
    if customer.early_renewal_until or any(renews_early(order) for order in under_way):
        raise ServiceRefusal("3131")


def renews_early(order: Order) -> bool:
    """Whether a RENEWAL was placed before its term begins."""
    return order.term_start is not None and order.created_at.date() < order.term_start


def takes_back_an_early_renewal(original: Order, owned: Subscription) -> bool:
    """Whether a return gives a renewal back whose term has not begun, and no licences."""
    return original.order_type == "RENEWAL" and owned.renewal_date == original.term_start


def deployments(case: OrderCase) -> None:
    """2138 unknown, 2139 not in the contract, then 1139, 1140 and 1142 for worldwide sales."""
    lines = [line for line in case.order.lines if line.deployment_id]
    if not lines:
        return
    refuse_lines(
        "2138",
        (
            (line, "DEPLOYMENT_NOT_FOUND")
            for line in lines
            if case.customer.deployment(line.deployment_id or "") is None
        ),
    )
    against = against_worldwide(case.customer, worldwide_sales=case.worldwide_sales)
    if against:
        code, reason = against
        refuse_lines(code, ((line, reason) for line in lines))


def against_worldwide(customer: Customer, *, worldwide_sales: bool) -> tuple[str, str] | None:
    """What speaks against naming any deployment, code and reason word: 2139 not in the
    contract, 1139 the partner, 1140 the customer, 1142 its segment (section 8.1).
    """
    rules = (
        (customer.deployments_in_contract, "2139", "DEPLOYMENT_NOT_IN_CONTRACT"),
        (worldwide_sales, "1139", "PARTNER_NOT_WORLDWIDE"),
        (customer.global_sales_enabled, "1140", "CUSTOMER_NOT_WORLDWIDE"),
        (customer.market_segment == "COM", "1142", "SEGMENT_NOT_WORLDWIDE"),
    )
    return next(((code, reason) for allowed, code, reason in rules if not allowed), None)


def _most(case: OrderCase, line: LineRequest) -> int:
    product = case.catalog.products.get(line.offer_id[:10])
    return product.max_quantity if product else LARGEST_QUANTITY


def _expected_currency(case: OrderCase, line: LineRequest) -> str | None:
    """What the line's currency must be; None where nothing fixes it."""
    if case.original is not None:
        original_line = case.original.line(line.ext_line_item_number)
        return original_line.currency_code if original_line else case.original.currency_code
    owned = case.subscription(_named_subscription(case, line))
    if owned is not None:
        return owned.currency_code
    if line.deployment_id:
        deployment = case.customer.deployment(line.deployment_id)
        return deployment.currency_code if deployment else None
    first = next(item for item in case.order.lines if not item.deployment_id)
    return case.order.currency_of(first)


def _named_subscription(case: OrderCase, line: LineRequest) -> str | None:
    """The subscription whose currency the line must have (section 8.2)."""
    if case.order.is_renewal:
        return line.subscription_id
    return case.order.cancelled[0].subscription_id if case.order.is_switch else None
