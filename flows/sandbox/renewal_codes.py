"""Coming to a high-growth offer at the renewal (reference, sections 7.4, 8.5 and 16.3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from flows.sandbox.catalog import Catalog
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.levels import is_committed
from flows.sandbox.records import Customer, Subscription
from flows.sandbox.renewal_outlook import RENEWAL_CODES
from flows.sandbox.wire_requests import AutoRenewalRequest

WINDOW_FROM = timedelta(days=7)
WINDOW_UNTIL = timedelta(days=3)
"""AD-7 to AD-3, as it was before the vendor widened it (section 20)."""

_PATH = "autoRenewal.renewalCode"


def check_renewal_code(
    catalog: Catalog,
    customer: Customer,
    owned: Subscription,
    asked: AutoRenewalRequest,
    today: date,
) -> None:
    """5123 to 5132 for a code that does not fit, the first that applies; 5134 switching off."""
    if asked.enabled is False and catalog.high_growth_minimum(owned.offer_id):
        raise ServiceRefusal("5134", ["autoRenewal.enabled"])
    if asked.renewal_code:
        for code in _failures(catalog, customer, owned, asked, today):
            raise ServiceRefusal(code, [_PATH])


def _failures(
    catalog: Catalog,
    customer: Customer,
    owned: Subscription,
    asked: AutoRenewalRequest,
    today: date,
) -> Iterator[str]:
    product = catalog.products[owned.product]
    level = RENEWAL_CODES.get(asked.renewal_code or "")
    if level is None:
        yield "5123"
        return
    if asked.enabled is False or not product.has_high_growth_offers:
        yield "5125"
    if not owned.renewal_date - WINDOW_FROM <= today <= owned.renewal_date - WINDOW_UNTIL:
        yield "5127"
    commitment = customer.commitment
    if commitment is None or not is_committed(customer):
        yield "5128"
        return
    offer_id = product.high_growth_offer_id(level)
    minimum = catalog.high_growth_minimum(offer_id) or 0
    if commitment.minimum_licences < minimum:
        yield "5129"
    if owned.offer_id == offer_id:
        yield "5132"
    if (asked.renewal_quantity or owned.to_renew) < minimum:
        yield "5124"
