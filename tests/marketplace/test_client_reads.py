"""Every call of the client against the embedded marketplace: what it asks, and what it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from flows.marketplace.client import Marketplace
from flows.marketplace.errors import CallRefused
from flows.ordering.bodies import request_body
from schemas.customers import Commitment, Level, MinimumQuantity
from schemas.order_types import OrderType
from schemas.orders import Order, OrderAnswer, OrderLine
from schemas.subscriptions import AutoRenewalChange, Subscription, SubscriptionStatus
from tests.connections import connected, control, embedded, placed
from tests.intents import intent_for

DESIGN, PHOTO, PRO, SKETCH = "65310542CA", "65318877CA", "65327114CA", "65319006CA"
NUMBERS = count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A marketplace whose orders finish when told to."""
    with embedded("--finish-after", "1000000000") as url:
        yield url


@pytest.fixture
async def api(server: str) -> AsyncIterator[Marketplace]:
    """The client."""
    async with connected(server) as marketplace:
        yield marketplace


async def customer(server: str, days_to_anniversary: int = 200, **fields: object) -> str:
    """A customer of its own with twelve licences of one product."""
    customer_id = f"R{next(NUMBERS):06d}"
    anniversary = datetime.now(UTC).date() + timedelta(days=days_to_anniversary)
    body = {
        "customerId": customer_id,
        "cotermDate": anniversary.isoformat(),
        "licences": [{"product": DESIGN, "quantity": 12, "currencyCode": "USD", "usedQuantity": 9}],
    }
    await control("POST", f"{server}/control/seed-customer", body | fields)
    return customer_id


def order(customer_id: str, order_type: OrderType, *lines: OrderLine, original: str = "") -> Order:
    return Order(f"{order_type}-{next(NUMBERS)}", customer_id, order_type, original, lines)


def line(product: str, quantity: int, **fields: Any) -> OrderLine:
    return OrderLine(5, 1, f"{product}02A12", quantity, "USD", **fields)


async def place(api: Marketplace, asked: Order) -> OrderAnswer:
    reply = await placed(api, intent_for(asked))
    assert reply.order is not None, reply
    return reply.order


async def placed_and_done(server: str, api: Marketplace, asked: Order) -> OrderAnswer:
    """Place an order, let it finish, and read it again."""
    accepted = await place(api, asked)
    assert (accepted.status, accepted.reference) == ("1002", asked.reference)
    await control("POST", f"{server}/control/finish")
    done = await api.order(asked.customer_id, accepted.order_id)
    assert (done.status, done.order_type) == ("1000", asked.order_type)
    return done


async def preview(api: Marketplace, asked: Order) -> OrderAnswer:
    reply = await api.preview(asked.customer_id, request_body(asked))
    assert reply.order is not None, reply
    assert (reply.order.order_id, reply.order.order_type) == ("", asked.order_type)
    return reply.order


async def the_subscription(api: Marketplace, customer_id: str, product: str) -> Subscription:
    """The customer's only subscription of a product."""
    found = await api.subscriptions(customer_id)
    (owned,) = [s for s in found if s.offer_id.startswith(product)]
    return owned


# --- customers, subscriptions, discounts ---


async def test_a_customer_is_told_with_levels_commitment_and_country(
    server: str, api: Marketplace
) -> None:
    commitment = {
        "startDate": "2026-02-14",
        "endDate": "2099-02-14",
        "minimumLicences": 10,
    }
    customer_id = await customer(
        server,
        companyName="Reading Room Ltd",
        country="DE",
        externalReferenceId="OUR-7",
        creationDate="2026-02-14T09:00:00Z",
        cotermDate="2099-02-14",
        commitment=commitment,
        tags=["HVD_MIGRATED_CUSTOMER"],
        globalSalesEnabled=True,
    )
    told = await api.customer(customer_id)
    assert (told.customer_id, told.reference, told.status) == (customer_id, "OUR-7", "1000")
    assert told.profile.company_name == "Reading Room Ltd"
    assert (told.profile.market_segment, told.profile.address.country) == ("COM", "DE")
    assert told.anniversary == date(2099, 2, 14)
    assert told.created_at == datetime(2026, 2, 14, 9, tzinfo=UTC)
    assert Level(offer_type="LICENSE", level="12", discount_code="") in told.levels
    assert told.commitment == Commitment(
        start_date=date(2026, 2, 14),
        end_date=date(2099, 2, 14),
        status="COMMITTED",
        minimum_quantities=(MinimumQuantity(offer_type="LICENSE", quantity=10),),
    )
    assert (told.tags, told.global_sales_enabled) == (("HVD_MIGRATED_CUSTOMER",), True)


async def test_a_customer_that_has_not_ordered_has_no_anniversary(
    server: str, api: Marketplace
) -> None:
    told = await api.customer(await customer(server, cotermDate=None, licences=[]))
    assert (told.anniversary, told.commitment) == (None, None)


async def test_an_unknown_customer_is_refused(api: Marketplace) -> None:
    for asked in (api.customer("nobody"), api.subscriptions("nobody")):
        with pytest.raises(CallRefused) as caught:
            await asked
        assert (caught.value.reply.http_status, caught.value.reply.code) == (404, "1116")


async def test_all_subscriptions_are_listed_lapsed_and_scheduled_ones_too(
    server: str, api: Marketplace
) -> None:
    customer_id = await customer(server)
    for name, status, fields in (
        ("a", SubscriptionStatus.INACTIVE, {"autoRenewal": False, "canBeRenewedLate": True}),
        ("b", SubscriptionStatus.SCHEDULED, {"renewalQuantity": 20, "currentQuantity": 0}),
    ):
        seed = {
            "subscriptionId": f"{customer_id}-{name}",
            "customerId": customer_id,
            "offerId": f"{SKETCH}01A12",
            "currentQuantity": 3,
            "currencyCode": "EUR",
            "renewalDate": "2099-02-14",
            "status": status,
        }
        await control("POST", f"{server}/control/seed-subscription", seed | fields)
    active, lapsed, scheduled = await api.subscriptions(customer_id)
    assert (active.status, active.current_quantity, active.used_quantity) == ("1000", 12, 9)
    assert (active.auto_renewal.enabled, active.auto_renewal.renewal_quantity) == (True, 12)
    assert (lapsed.status, lapsed.currency, lapsed.can_be_renewed_late) == ("1004", "EUR", True)
    assert (scheduled.status, scheduled.auto_renewal.renewal_quantity) == ("1009", 20)
    assert scheduled.used_quantity is None
    assert await api.subscription(customer_id, lapsed.subscription_id) == lapsed


async def test_a_subscription_that_is_unknown_is_refused(server: str, api: Marketplace) -> None:
    with pytest.raises(CallRefused) as caught:
        await api.subscription(await customer(server), "no such?one")
    assert (caught.value.reply.http_status, caught.value.reply.code) == (404, "3115")


async def test_a_changed_renewal_is_read_again_whole(server: str, api: Marketplace) -> None:
    customer_id = await customer(server)
    before = await the_subscription(api, customer_id, DESIGN)
    fixed = await api.change_renewal(
        customer_id,
        before.subscription_id,
        AutoRenewalChange(enabled=True, renewal_quantity=10, flex_discount_codes=("TEAM_TEN_OFF",)),
    )
    assert fixed.auto_renewal.renewal_quantity == 10
    assert fixed.auto_renewal.flex_discount_codes == ("TEAM_TEN_OFF",)
    assert (fixed.offer_id, fixed.used_quantity) == (before.offer_id, 9)  # a patch tells neither
    follows = await api.change_renewal(
        customer_id, before.subscription_id, AutoRenewalChange(enabled=True, follows=True)
    )
    assert follows.auto_renewal.renewal_quantity == 12
    off = await api.change_renewal(
        customer_id, before.subscription_id, AutoRenewalChange(enabled=False)
    )
    assert not off.auto_renewal.enabled


async def test_a_change_that_is_refused_is_told(server: str, api: Marketplace) -> None:
    customer_id = await customer(server)
    owned = await the_subscription(api, customer_id, DESIGN)
    with pytest.raises(CallRefused) as caught:
        await api.change_renewal(
            customer_id, owned.subscription_id, AutoRenewalChange(enabled=True, renewal_quantity=0)
        )
    assert caught.value.reply.code == "3116"


async def test_all_pages_of_the_discounts_are_read(server: str, api: Marketplace) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    for number in range(60):
        seed = {
            "id": f"many-{number}",
            "code": f"MANY_{number}",
            "value": "12.5",
            "products": [SKETCH],
            "start": start.isoformat(),
            "end": "2099-01-01T00:00:00Z",
        }
        await control("POST", f"{server}/control/seed-discount", seed)
    before = api.pace.calls
    listed = await api.flex_discounts("COM", "US")
    assert api.pace.calls - before == 2
    many = [discount for discount in listed if discount.code.startswith("MANY_")]
    assert sorted(d.discount_id for d in many) == sorted(f"many-{n}" for n in range(60))
    discount = many[0]
    assert (discount.category, discount.status, discount.starts_at) == ("STANDARD", "ACTIVE", start)
    (outcome,) = discount.outcomes
    assert (outcome.kind, outcome.values[0].value) == ("PERCENTAGE_DISCOUNT", Decimal("12.5"))
    assert discount.is_for(f"{SKETCH}02A12")
    assert not discount.is_for(f"{DESIGN}02A12")
    assert discount.is_usable_at(datetime.now(UTC))
    assert not discount.is_usable_at(start - timedelta(seconds=1))


async def test_discounts_are_asked_for_by_product_too(api: Marketplace) -> None:
    codes = {d.code for d in await api.flex_discounts("COM", "US", [f"{PHOTO}01A12"])}
    assert "AUTUMN_TEAM_15" in codes
    assert "SKETCH_99" not in codes


async def test_a_country_that_is_not_allowed_is_refused(api: Marketplace) -> None:
    with pytest.raises(CallRefused) as caught:
        await api.flex_discounts("COM", "XX")
    assert caught.value.reply.code == "1178"


# --- orders of every type ---


async def test_an_order_is_previewed_placed_and_returned(server: str, api: Marketplace) -> None:
    customer_id = await customer(server)
    bought = line(PHOTO, 4, flex_discount_codes=("AUTUMN_TEAM_15",))
    priced = await preview(api, order(customer_id, OrderType.PREVIEW, bought))
    done = await placed_and_done(server, api, order(customer_id, OrderType.NEW, bought))
    assert done.price_sums == priced.price_sums
    assert done.lines[0].pricing == priced.lines[0].pricing
    assert done.lines[0].flex_discounts[0].result == "SUCCESS"
    back = order(customer_id, OrderType.RETURN, line(PHOTO, 4), original=done.order_id)
    returned = await placed_and_done(server, api, back)
    assert returned.reference_order_id == done.order_id
    original = await api.order(customer_id, done.order_id)
    assert (original.status, original.lines[0].status) == ("1008", "1008")


async def test_a_renewal_is_previewed_with_and_without_lines_and_placed(
    server: str, api: Marketplace
) -> None:
    customer_id = await customer(server, days_to_anniversary=20)
    owned = await the_subscription(api, customer_id, DESIGN)
    by_itself = OrderLine(5, 1, "", None, "")
    shown = await preview(api, order(customer_id, OrderType.PREVIEW_RENEWAL, by_itself))
    renewed = line(DESIGN, 12, subscription_id=owned.subscription_id)
    priced = await preview(api, order(customer_id, OrderType.PREVIEW_RENEWAL, renewed))
    assert shown.lines == priced.lines
    done = await placed_and_done(server, api, order(customer_id, OrderType.RENEWAL, renewed))
    assert done.lines[0].subscription_id == owned.subscription_id
    assert (await the_subscription(api, customer_id, DESIGN)).renewed_quantity == 12


async def test_an_upgrade_is_previewed_placed_and_taken_back(server: str, api: Marketplace) -> None:
    customer_id = await customer(server)
    source = (await the_subscription(api, customer_id, DESIGN)).subscription_id
    target = line(PRO, 5, cancelling_subscription_id=source)
    priced = await preview(api, order(customer_id, OrderType.PREVIEW_SWITCH, target))
    assert priced.cancelled[0].pricing is not None
    switched = await placed_and_done(server, api, order(customer_id, OrderType.SWITCH, target))
    assert switched.cancelled[0].subscription_id == source
    assert (await api.subscription(customer_id, source)).current_quantity == 7

    created = switched.lines[0].subscription_id
    back = line(DESIGN, 5, cancelling_subscription_id=created)
    original = switched.order_id
    refund = await preview(
        api, order(customer_id, OrderType.PREVIEW_REVERT_SWITCH, back, original=original)
    )
    assert refund.price_sums[0].amount == -(priced.price_sums[0].amount or 0)
    reverted = await placed_and_done(
        server, api, order(customer_id, OrderType.REVERT_SWITCH, back, original=original)
    )
    assert (reverted.reference_order_id, reverted.lines[0].subscription_id) == (original, source)
    assert (await api.subscription(customer_id, source)).current_quantity == 12


async def test_the_history_tells_orders_of_every_placed_type(server: str, api: Marketplace) -> None:
    customer_id = await customer(server)
    kinds = ("NEW", "RETURN", "RENEWAL", "SWITCH", "REVERT_SWITCH", "TRANSFER")
    now = datetime.now(UTC)
    for days, kind in enumerate(kinds, 1):
        seed = {
            "orderId": f"{customer_id}-{kind}",
            "customerId": customer_id,
            "orderType": kind,
            "creationDate": (now - timedelta(days=days)).isoformat(),
            "lineItems": [
                {
                    "extLineItemNumber": 1,
                    "offerId": f"{DESIGN}02A12",
                    "quantity": 1,
                    "currencyCode": "USD",
                }
            ],
        }
        if kind == "RETURN":
            seed["referenceOrderId"] = f"{customer_id}-NEW"
        await control("POST", f"{server}/control/seed-order", seed)
    since = now - timedelta(days=len(kinds), minutes=1)
    found = await api.history(customer_id, since, list(kinds))
    assert [o.order_type for o in found] == list(kinds)
    assert [o.order_type for o in await api.history(customer_id, since, ["SWITCH"])] == ["SWITCH"]
    lately = await api.history(customer_id, now - timedelta(days=2, minutes=1), list(kinds))
    assert [o.order_type for o in lately] == ["NEW", "RETURN"]


async def test_an_order_that_is_unknown_is_refused(server: str, api: Marketplace) -> None:
    with pytest.raises(CallRefused) as caught:
        await api.order(await customer(server), "9206417733")
    assert (caught.value.reply.http_status, caught.value.reply.code) == (404, "2115")
