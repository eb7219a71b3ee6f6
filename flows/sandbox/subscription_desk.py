"""Subscriptions: list, get, patch and create (reference, section 16)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from flows.sandbox.answers import answer_of
from flows.sandbox.book import Book
from flows.sandbox.buying import licences_owned
from flows.sandbox.calls import Call
from flows.sandbox.catalog import Catalog, Product
from flows.sandbox.clock import Clock, wire_moment
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.levels import is_committed
from flows.sandbox.lifecycle import Lifecycle
from flows.sandbox.numbering import Numbering
from flows.sandbox.order_checks import against_worldwide
from flows.sandbox.partner import Partner
from flows.sandbox.recommending import recommendations
from flows.sandbox.records import (
    LAPSED_SUBSCRIPTION,
    SCHEDULED_SUBSCRIPTION,
    Answer,
    Customer,
    Subscription,
)
from flows.sandbox.renewable import is_supported
from flows.sandbox.renewal_codes import check_renewal_code
from flows.sandbox.renewal_run import is_being_renewed
from flows.sandbox.request_reading import read_subscription, read_subscription_patch
from flows.sandbox.rights import check_may_change
from flows.sandbox.wire_answers import Links, self_link
from flows.sandbox.wire_lists import AutoRenewal, SubscriptionAnswer, SubscriptionListAnswer
from flows.sandbox.wire_requests import AutoRenewalRequest, SubscriptionRequest

SCHEDULED_FROM = timedelta(days=30)
SCHEDULED_UNTIL = timedelta(days=3)
"""A subscription is scheduled from AD-30 to AD-3 (section 16.4)."""


@dataclass(frozen=True, slots=True)
class SubscriptionDesk:
    """Where subscriptions are looked up, and told what to do at the renewal."""

    book: Book
    catalog: Catalog
    partner: Partner
    clock: Clock
    numbering: Numbering
    lifecycle: Lifecycle

    def list(self, call: Call, customer_id: str) -> Answer:
        """All subscriptions, lapsed and scheduled ones too; 404 1116 when unknown."""
        self._customer(customer_id)
        items = [subscription_answer(s) for s in self.book.subscriptions_of(customer_id)]
        return answer_of(
            200,
            SubscriptionListAnswer(
                total_count=len(items),
                items=items,
                links=self_link(call.path),
                recommendations=recommendations(self.catalog, call),
            ),
        )

    def get(self, _call: Call, customer_id: str, subscription_id: str) -> Answer:
        """Subscription get; 404 3115 when unknown."""
        return answer_of(200, subscription_answer(self._known(customer_id, subscription_id)))

    def patch(self, call: Call, customer_id: str, subscription_id: str) -> Answer:
        """What the automatic renewal will do (section 16.3).

        3115 unknown, 3119 not active or being renewed, 3123 no longer sold, 3116 quantity, 2147
        codes, 5123 to 5134 high growth, 3120 the renewal as a whole would break.
        """
        owned = self._known(customer_id, subscription_id)
        resets = call.asks_for("reset-flex-discount-codes") or call.asks_for("reset-renewal-code")
        asked = read_subscription_patch(call.body, may_be_empty=resets).auto_renewal
        check_may_change(self.book, call)
        if not owned.is_active or is_being_renewed(self.book, owned):
            raise ServiceRefusal("3119")
        customer = self.book.customers[customer_id]
        if call.asks_for("reset-flex-discount-codes"):
            owned = replace(owned, flex_discount_codes=())
        if call.asks_for("reset-renewal-code"):
            owned = replace(owned, renewal_code=None)
        if asked is not None:
            product = self.catalog.products[owned.product]
            _check_supported(asked, product, customer)
            _check_quantity(asked, product)
            _check_codes(asked)
            check_renewal_code(self.catalog, customer, owned, asked, self.clock.now().date())
            owned = _changed(owned, asked)
            self._check_whole(customer, owned)
        self.book.put_subscription(owned)
        return answer_of(200, _short_answer(owned))

    def create(self, call: Call, customer_id: str) -> Answer:
        """A subscription scheduled for the next automatic renewal (section 16.4)."""
        customer = self._customer(customer_id)
        asked = read_subscription(call.body)
        check_may_change(self.book, call)
        product = self._product(asked)
        if not asked.auto_renewal.enabled:
            raise ServiceRefusal("1117", ["autoRenewal.enabled"])
        _check_quantity(asked.auto_renewal, product)
        currency = self._currency(customer, asked, product)
        self._check_deployment(customer, asked)
        _check_codes(asked.auto_renewal)
        if product.is_consumable or product.stage != "sold":
            raise ServiceRefusal("3132")
        self._check_window(customer)
        self._check_eligible(customer, asked, product)
        scheduled = self._scheduled(customer, asked, product, currency)
        check_renewal_code(
            self.catalog, customer, scheduled, asked.auto_renewal, self.clock.now().date()
        )
        scheduled = _changed(scheduled, asked.auto_renewal)
        self.book.put_subscription(scheduled)
        self.lifecycle.look_again()
        return answer_of(200, subscription_answer(scheduled))

    def _customer(self, customer_id: str) -> Customer:
        customer = self.book.customers.get(customer_id)
        if customer is None:
            raise ServiceRefusal("1116")
        return customer

    def _known(self, customer_id: str, subscription_id: str) -> Subscription:
        subscription = self.book.subscription(customer_id, subscription_id)
        if subscription is None:
            raise ServiceRefusal("3115", status=404)
        return subscription

    def _product(self, asked: SubscriptionRequest) -> Product:
        if not self.catalog.is_known(asked.offer_id):
            raise ServiceRefusal("2122", ["offerId"])
        return self.catalog.products[asked.offer_id[:10]]

    def _check_window(self, customer: Customer) -> None:
        """3122 outside AD-30 to AD-3."""
        anniversary = customer.early_renewal_until or customer.coterm_date
        today = self.clock.now().date()
        if (
            anniversary is None
            or not anniversary - SCHEDULED_FROM <= today <= anniversary - SCHEDULED_UNTIL
        ):
            raise ServiceRefusal("3122")

    def _check_eligible(
        self, customer: Customer, asked: SubscriptionRequest, product: Product
    ) -> None:
        """2129: no active subscription, the product is there already, or not for this customer."""
        owned = list(self.book.subscriptions_of(customer.customer_id))
        if not any(s.is_active for s in owned):
            raise ServiceRefusal("2129", ["NO_ACTIVE_SUBSCRIPTION"])
        wanted = (product.product, asked.deployment_id or None)
        if any(
            (s.product, s.deployment_id) == wanted and s.status != LAPSED_SUBSCRIPTION
            for s in owned
        ):
            raise ServiceRefusal("2129", ["SUBSCRIBED_ALREADY"])
        if customer.market_segment not in product.segments:
            raise ServiceRefusal("2129", ["INELIGIBLE_MARKET_SEGMENT"])
        if product.needs and not product.needs & {s.product for s in owned if s.is_active}:
            raise ServiceRefusal("2129", ["INELIGIBLE_ADD_ON"])

    def _scheduled(
        self, customer: Customer, asked: SubscriptionRequest, product: Product, currency: str
    ) -> Subscription:
        anniversary = customer.early_renewal_until or customer.coterm_date
        if anniversary is None:
            raise ServiceRefusal("3122")
        return Subscription(
            subscription_id=self.numbering.subscription_id(),
            customer_id=customer.customer_id,
            offer_id=product.base_offer_id,
            current_quantity=0,
            currency_code=currency,
            created_at=self.clock.now().replace(microsecond=0),
            renewal_date=anniversary,
            status=SCHEDULED_SUBSCRIPTION,
            deployment_id=asked.deployment_id or None,
        )

    def _currency(self, customer: Customer, asked: SubscriptionRequest, product: Product) -> str:
        """What it will be in, by the rules of orders (section 8.2); at home, when nothing is
        said, what the running subscriptions are in. 1122 nothing tells, 2125 not sold in this
        country, 2137 not the deployment's, 2128 not for this offer.
        """
        deployment = customer.deployment(asked.deployment_id or "")
        currency = asked.currency_code
        if not currency and not asked.deployment_id:
            currency = self._home_currency(customer)
        if not currency:
            raise ServiceRefusal("1122", ["currencyCode"])
        at_home = self.catalog.country_currencies.get(customer.address.country, frozenset())
        if not asked.deployment_id and currency not in at_home:
            raise ServiceRefusal("2125", ["currencyCode"])
        if deployment and currency != deployment.currency_code:
            raise ServiceRefusal("2137", ["currencyCode"])
        if product.currencies and currency not in product.currencies:
            raise ServiceRefusal("2128", ["currencyCode"])
        return currency

    def _home_currency(self, customer: Customer) -> str | None:
        """What the customer's running subscriptions outside deployments are in; without any,
        the one that its country has.
        """
        owned = self.book.subscriptions_of(customer.customer_id)
        running = (s.currency_code for s in owned if s.is_active and not s.deployment_id)
        at_home = self.catalog.country_currencies.get(customer.address.country, frozenset())
        return next(running, next(iter(at_home)) if len(at_home) == 1 else None)

    def _check_deployment(self, customer: Customer, asked: SubscriptionRequest) -> None:
        """2138 unknown, then what speaks against worldwide sales, as in orders (section 8.1)."""
        if not asked.deployment_id:
            return
        if customer.deployment(asked.deployment_id) is None:
            raise ServiceRefusal("2138", ["deploymentId"])
        against = against_worldwide(customer, worldwide_sales=self.partner.worldwide_sales)
        if against:
            raise ServiceRefusal(against[0], ["deploymentId"])

    def _check_whole(self, customer: Customer, changed: Subscription) -> None:
        """3120: an add-on would lose its product, or the commitment would not be kept."""
        renewing = {
            s.subscription_id: s
            for s in (*self.book.subscriptions_of(customer.customer_id), changed)
            if s.is_active or s.subscription_id == changed.subscription_id
        }
        going_on = [s for s in renewing.values() if s.auto_renewal and s.to_renew]
        products = {s.product for s in going_on}
        for subscription in going_on:
            needs = self.catalog.products[subscription.product].needs
            if needs and not needs & products:
                raise ServiceRefusal("3120", ["ADD_ON_WITHOUT_PRODUCT"])
        if customer.commitment and is_committed(customer):
            licences = sum(
                s.to_renew for s in going_on if not self.catalog.products[s.product].is_consumable
            )
            before = licences_owned(
                self.book, self.catalog, customer.customer_id, consumables=False
            )
            minimum = customer.commitment.minimum_licences
            if licences < min(minimum, before):
                raise ServiceRefusal("3120", ["BELOW_COMMITTED_MINIMUM"])


def _check_supported(asked: AutoRenewalRequest, product: Product, customer: Customer) -> None:
    """3123: a product that is no longer sold takes no preferences; it can be switched off."""
    if asked.enabled is not False and not is_supported(product, customer):
        raise ServiceRefusal("3123")


def _check_quantity(asked: AutoRenewalRequest, product: Product) -> None:
    """3116: one to the product's maximum; while switched off nobody looks at it."""
    quantity = asked.renewal_quantity
    if asked.enabled is False or quantity is None:
        return
    if not 1 <= quantity <= product.max_quantity:
        raise ServiceRefusal("3116", ["autoRenewal.renewalQuantity"])


def _check_codes(asked: AutoRenewalRequest) -> None:
    """2147: the number of codes is all that is checked here (C22)."""
    if len(asked.flex_discount_codes or ()) > 1:
        raise ServiceRefusal("2147", ["autoRenewal.flexDiscountCodes"])


def _changed(owned: Subscription, asked: AutoRenewalRequest) -> Subscription:
    """3120: a discount code needs automatic renewal. Switched off, the quantity is ignored."""
    enabled = owned.auto_renewal if asked.enabled is None else asked.enabled
    codes = owned.flex_discount_codes
    if asked.flex_discount_codes is not None:
        if asked.flex_discount_codes and not enabled:
            raise ServiceRefusal("3120", ["autoRenewal.flexDiscountCodes"])
        codes = tuple(asked.flex_discount_codes)
    follows = asked.enabled is not None or "renewal_quantity" in asked.model_fields_set
    quantity = owned.renewal_quantity
    if enabled and follows:
        quantity = asked.renewal_quantity
    return replace(
        owned,
        auto_renewal=enabled,
        renewal_quantity=quantity,
        flex_discount_codes=codes,
        renewal_code=asked.renewal_code or owned.renewal_code,
    )


def subscription_answer(subscription: Subscription) -> SubscriptionAnswer:
    """A subscription as it goes out (section 16.1)."""
    scheduled = subscription.status == SCHEDULED_SUBSCRIPTION
    return SubscriptionAnswer(
        subscription_id=subscription.subscription_id,
        offer_id=subscription.offer_id,
        current_quantity=subscription.current_quantity,
        used_quantity=None if scheduled else subscription.used_quantity,
        auto_renewal=_auto_renewal(subscription),
        renewed_quantity=subscription.renewed_quantity,
        creation_date=wire_moment(subscription.created_at),
        renewal_date=subscription.renewal_date.isoformat(),
        status=subscription.status,
        deployment_id=subscription.deployment_id,
        currency_code=subscription.currency_code,
        allowed_actions=["MANUAL_RENEWAL"] if subscription.can_be_renewed_late else None,
        links=_links(subscription),
    )


def _short_answer(subscription: Subscription) -> SubscriptionAnswer:
    """The answer to a patch lacks offer and used quantity [live] (section 16.3)."""
    return subscription_answer(subscription).model_copy(
        update={"offer_id": None, "used_quantity": None, "currency_code": None}
    )


def _auto_renewal(subscription: Subscription) -> AutoRenewal:
    """The quantity follows the licences until one is set."""
    return AutoRenewal(
        enabled=subscription.auto_renewal,
        renewal_quantity=subscription.to_renew,
        renewal_code=subscription.renewal_code,
        flex_discount_codes=list(subscription.flex_discount_codes) or None,
    )


def _links(subscription: Subscription) -> Links:
    return self_link(
        f"/v3/customers/{subscription.customer_id}/subscriptions/{subscription.subscription_id}"
    )
