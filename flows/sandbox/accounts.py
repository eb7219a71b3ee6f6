"""Reading customers and subscriptions (reference, sections 7.1, 16.1 and 16.2)."""

from __future__ import annotations

from dataclasses import dataclass

from flows.sandbox.answers import answer_of
from flows.sandbox.book import Book
from flows.sandbox.buying import licences_owned
from flows.sandbox.calls import Call
from flows.sandbox.catalog import Catalog
from flows.sandbox.clock import wire_moment
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.levels import Levels, entitled_levels
from flows.sandbox.records import Answer, Customer, Subscription
from flows.sandbox.wire import (
    AddressAnswer,
    AutoRenewal,
    Benefit,
    CommitmentAnswer,
    CompanyProfile,
    Contact,
    CustomerAnswer,
    LevelAnswer,
    MinimumQuantity,
    SubscriptionAnswer,
    SubscriptionListAnswer,
    self_link,
)


@dataclass(frozen=True, slots=True)
class AccountDesk:
    """Where customers and subscriptions are looked up."""

    book: Book
    catalog: Catalog

    def customer(self, _call: Call, customer_id: str) -> Answer:
        """Customer get; 404 1116 when unknown."""
        customer = self._customer(customer_id)
        return answer_of(200, self.customer_answer(customer))

    def subscriptions(self, call: Call, customer_id: str) -> Answer:
        """All subscriptions, lapsed and scheduled ones too; 404 1116 when unknown."""
        self._customer(customer_id)
        items = [self.subscription_answer(s) for s in self.book.subscriptions_of(customer_id)]
        return answer_of(
            200,
            SubscriptionListAnswer(total_count=len(items), items=items, links=self_link(call.path)),
        )

    def subscription(self, _call: Call, customer_id: str, subscription_id: str) -> Answer:
        """Subscription get; 404 3115 when unknown."""
        subscription = self.book.subscription(customer_id, subscription_id)
        if subscription is None:
            raise ServiceRefusal("3115", status=404)
        return answer_of(200, self.subscription_answer(subscription))

    def customer_answer(self, customer: Customer) -> CustomerAnswer:
        """A customer as it goes out."""
        return CustomerAnswer(
            external_reference_id=customer.external_reference_id,
            customer_id=customer.customer_id,
            reseller_id=customer.reseller_id,
            global_sales_enabled=customer.global_sales_enabled,
            tags=list(customer.tags),
            company_profile=_company_profile(customer),
            discounts=_level_answers(customer, self._levels(customer)),
            benefits=_benefits(customer),
            coterm_date=customer.coterm_date.isoformat() if customer.coterm_date else "",
            creation_date=wire_moment(customer.created_at),
            status=customer.status,
            links=self_link(f"/v3/customers/{customer.customer_id}"),
        )

    def subscription_answer(self, subscription: Subscription) -> SubscriptionAnswer:
        """A subscription; its renewal quantity follows the licences until one is set."""
        renewal_quantity = subscription.renewal_quantity
        return SubscriptionAnswer(
            subscription_id=subscription.subscription_id,
            offer_id=subscription.offer_id,
            current_quantity=subscription.current_quantity,
            used_quantity=subscription.used_quantity,
            auto_renewal=AutoRenewal(
                enabled=subscription.auto_renewal,
                renewal_quantity=(
                    subscription.current_quantity if renewal_quantity is None else renewal_quantity
                ),
            ),
            creation_date=wire_moment(subscription.created_at),
            renewal_date=subscription.renewal_date.isoformat(),
            status=subscription.status,
            deployment_id=subscription.deployment_id,
            currency_code=subscription.currency_code,
            links=self_link(
                f"/v3/customers/{subscription.customer_id}"
                f"/subscriptions/{subscription.subscription_id}"
            ),
        )

    def _customer(self, customer_id: str) -> Customer:
        customer = self.book.customers.get(customer_id)
        if customer is None:
            raise ServiceRefusal("1116")
        return customer

    def _levels(self, customer: Customer) -> Levels:
        """By what is owned; the lowest level counts one licence."""
        book, catalog, customer_id = self.book, self.catalog, customer.customer_id
        licences = licences_owned(book, catalog, customer_id, consumables=False)
        consumables = licences_owned(book, catalog, customer_id, consumables=True)
        return entitled_levels(
            catalog, customer, licences=max(licences, 1), consumables=max(consumables, 1)
        )


def _company_profile(customer: Customer) -> CompanyProfile:
    address = customer.address
    return CompanyProfile(
        company_name=customer.company_name,
        preferred_language=customer.preferred_language,
        market_segment=customer.market_segment,
        address=AddressAnswer(
            country=address.country,
            region=address.region,
            city=address.city,
            address_line1=address.address_line_1,
            postal_code=address.postal_code,
        ),
        contacts=[
            Contact(first_name="Licence", last_name="Desk", email="licences@customer.example")
        ],
    )


def _level_answers(customer: Customer, levels: Levels) -> list[LevelAnswer]:
    answers = []
    if levels.licences:
        answers.append(
            LevelAnswer(
                offer_type="LICENSE", level=levels.licences, discount_code=customer.discount_code
            )
        )
    if levels.consumables:
        answers.append(LevelAnswer(offer_type="CONSUMABLES", level=levels.consumables))
    return answers


def _benefits(customer: Customer) -> list[Benefit]:
    benefits = []
    commitment = customer.commitment
    if commitment:
        answer = CommitmentAnswer(
            start_date=commitment.start_date.isoformat(),
            end_date=commitment.end_date.isoformat(),
            status=commitment.status,
            minimum_quantities=[
                MinimumQuantity(offer_type="LICENSE", quantity=commitment.minimum_licences)
            ],
        )
        benefits.append(Benefit(type="THREE_YEAR_COMMIT", commitment=answer))
    if customer.large_government_agency:
        benefits.append(Benefit(type="LARGE_GOVERNMENT_AGENCY", status="ACTIVE"))
    return benefits
