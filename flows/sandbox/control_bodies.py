"""The bodies of the control interface."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from flows.sandbox.catalog import FlexDiscount, Kind, Product, Stage
from flows.sandbox.clock import wire_moment
from flows.sandbox.json_text import JsonValue
from flows.sandbox.records import (
    Address,
    Commitment,
    Customer,
    Deployment,
    JournalEntry,
    Subscription,
)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("this moment is in no year of UTC") from None


Moment = Annotated[datetime, AfterValidator(_in_utc)]
CustomerStatus = Literal["1000", "1002", "1004", "1010", "1012", "1014"]
OrderStatus = Literal["1000", "1004", "1008", "1020", "1022", "1024", "1026"]
LineStatus = Literal["1000", "1004", "1008"]
CallNumber = Annotated[int, Field(ge=0, lt=2**63)]
"""What the book's file can count to."""
Currency = Literal["USD", "EUR", "GBP", "JPY", "AUD"]


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class ClockSetting(_Body):
    """Either an absolute time or seconds to jump by."""

    now: Moment | None = None
    advance_seconds: float | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> ClockSetting:
        if (self.now is None) == (self.advance_seconds is None):
            raise ValueError("give either now or advanceSeconds")
        return self


class FaultSetting(_Body):
    """A fault specification; counting starts anew."""

    spec: str
    seed: int | None = None
    slow_seconds: Annotated[float, Field(ge=0)] | None = None


class LatencySetting(_Body):
    """Seconds that every call takes from now on."""

    seconds: Annotated[float, Field(ge=0)]


class OrderChange(_Body):
    """What may be changed on an order by hand (reference, section 21)."""

    status: OrderStatus | None = None
    creation_date: Moment | None = None


class SubscriptionChange(_Body):
    """What may be changed on a subscription by hand."""

    used_quantity: Annotated[int, Field(ge=0)] | None = None
    current_quantity: Annotated[int, Field(ge=0)] | None = None
    renewal_date: date | None = None

    def applied_to(self, subscription: Subscription) -> Subscription:
        """The subscription with what is given here."""
        return replace(subscription, **self.model_dump(exclude_none=True))


class CustomerChange(_Body):
    """What may be changed on a customer by hand (reference, section 21)."""

    status: CustomerStatus | None = None
    coterm_date: date | None = None


class PartnerChange(_Body):
    """What may be changed on the partner's contract by hand."""

    worldwide_sales: bool | None = None
    contract_is_active: bool | None = None


class ProductSeed(_Body):
    """A product to enter, or to replace with all its fields."""

    product: Annotated[str, Field(pattern=r"^[0-9]{8}[A-Z]{2}$")]
    name: str = "Seeded Product"
    kind: Kind = "team"
    segments: list[Literal["COM", "EDU", "GOV"]] = ["COM"]
    price_usd: Annotated[Decimal, Field(ge=0)]
    currencies: list[Currency] = []
    max_quantity: Annotated[int, Field(ge=1)] = 10_000
    needs: list[str] = []
    stage: Stage = "sold"
    programme: str = "VIPMP"
    has_high_growth_offers: bool = False
    excludes: list[str] = []
    once_per_term: bool = False
    sold_to_agencies: bool = True

    def product_fact(self) -> Product:
        """The product of the catalog."""
        facts = self.model_dump()
        names = ("segments", "currencies", "needs", "excludes")
        sets = {name: frozenset(facts[name]) for name in names}
        return Product(**(facts | sets))


class PriceSeed(_Body):
    """A list price that holds from a day on."""

    product: str
    start: date
    price_usd: Annotated[Decimal, Field(ge=0)]


class DiscountSeed(_Body):
    """A flexible discount to enter or replace."""

    id: Annotated[str, Field(min_length=1)]
    code: Annotated[str, Field(min_length=1, max_length=40)]
    category: Literal["STANDARD", "INTRO"] = "STANDARD"
    type: Literal["PERCENTAGE_DISCOUNT", "FIXED_DISCOUNT", "FIXED_PRICE"] = "PERCENTAGE_DISCOUNT"
    value: Annotated[Decimal, Field(ge=0)]
    currency: Currency | None = None
    products: list[str] = []
    start: Moment
    end: Moment | None = None
    one_use: bool = False
    three_year_only: bool = False
    name: str = "Seeded discount"
    lock_end: Moment | None = None
    closed: bool = False

    def discount(self) -> FlexDiscount:
        """The discount of the catalog."""
        facts = self.model_dump()
        return FlexDiscount(**(facts | {"products": frozenset(self.products)}))


class SubscriptionSeed(_Body):
    """A subscription to enter, or to replace with all its fields."""

    subscription_id: Annotated[str, Field(min_length=1, max_length=40)]
    customer_id: str
    offer_id: str
    current_quantity: Annotated[int, Field(ge=0)]
    currency_code: Currency
    used_quantity: Annotated[int, Field(ge=0)] = 0
    creation_date: Moment | None = None
    renewal_date: date
    status: Literal["1000", "1004", "1009"] = "1000"
    auto_renewal: bool = True
    renewal_quantity: Annotated[int, Field(ge=1)] | None = None
    renewed_quantity: Annotated[int, Field(ge=0)] | None = None
    can_be_renewed_late: bool = False
    deployment_id: str | None = None
    flex_discount_codes: list[str] = []

    def subscription(self, customer: Customer, now: datetime) -> Subscription:
        """The subscription of the book."""
        facts = self.model_dump(exclude={"customer_id", "creation_date", "flex_discount_codes"})
        return Subscription(
            customer_id=customer.customer_id,
            created_at=(self.creation_date or now).replace(microsecond=0),
            flex_discount_codes=tuple(self.flex_discount_codes),
            **facts,
        )


class NextIds(_Body):
    """Ids for the next orders and subscriptions."""

    order_ids: list[str] = []
    subscription_ids: list[str] = []


class ClientSeed(_Body):
    """A key and its secret; a client that may only read gets 4121 when it changes something."""

    client_id: Annotated[str, Field(min_length=1)]
    client_secret: Annotated[str, Field(min_length=1)]
    reads_only: bool = False


class LicenceSeed(_Body):
    """Licences that a seeded customer owns."""

    product: Annotated[str, Field(min_length=10, max_length=10)]
    quantity: Annotated[int, Field(ge=0)]
    currency_code: Currency
    used_quantity: Annotated[int, Field(ge=0)] = 0


class DeploymentSeed(_Body):
    """A deployment of a seeded customer."""

    deployment_id: str
    country: str
    currency_code: Currency


class CommitmentSeed(_Body):
    """A three-year commitment of a seeded customer."""

    start_date: date
    end_date: date
    status: str = "COMMITTED"
    minimum_licences: Annotated[int, Field(ge=1)]


class CustomerSeed(_Body):
    """A customer to enter, or to replace with all its fields; licences are set as given."""

    customer_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{4,40}$")]
    company_name: str = "Seeded Company"
    country: str = "US"
    market_segment: Literal["COM", "EDU", "GOV"] = "COM"
    status: CustomerStatus = "1000"
    coterm_date: date | None = None
    creation_date: Moment | None = None
    external_reference_id: str = ""
    reseller_id: str | None = None
    global_sales_enabled: bool = False
    deployments_in_contract: bool = True
    deployments: list[DeploymentSeed] = []
    tags: list[str] = []
    discount_code: str | None = None
    commitment: CommitmentSeed | None = None
    recommitment: CommitmentSeed | None = None
    large_government_agency: bool = False
    licences: list[LicenceSeed] = []

    def customer(self, reseller_id: str, now: datetime) -> Customer:
        """The customer of the book."""
        return Customer(
            customer_id=self.customer_id,
            reseller_id=self.reseller_id or reseller_id,
            company_name=self.company_name,
            address=Address(self.country),
            market_segment=self.market_segment,
            status=self.status,
            created_at=(self.creation_date or now).replace(microsecond=0),
            coterm_date=self.coterm_date,
            external_reference_id=self.external_reference_id,
            global_sales_enabled=self.global_sales_enabled,
            deployments_in_contract=self.deployments_in_contract,
            deployments=tuple(
                Deployment(d.deployment_id, d.country, d.currency_code) for d in self.deployments
            ),
            tags=tuple(self.tags),
            discount_code=self.discount_code,
            commitment=_commitment(self.commitment),
            recommitment=_commitment(self.recommitment),
            large_government_agency=self.large_government_agency,
        )


def _commitment(seed: CommitmentSeed | None) -> Commitment | None:
    return Commitment(**seed.model_dump()) if seed else None


class LineSeed(_Body):
    """A line of a seeded order."""

    ext_line_item_number: int
    offer_id: str
    quantity: int
    currency_code: Currency
    status: LineStatus | None = None
    subscription_id: str | None = None


class OrderSeed(_Body):
    """An order of the past; licences of its finished lines are added to the customer's."""

    order_id: str
    customer_id: str
    order_type: Literal["NEW", "RETURN", "RENEWAL", "SWITCH", "REVERT_SWITCH", "TRANSFER"] = "NEW"
    external_reference_id: str | None = None
    reference_order_id: str = ""
    creation_date: Moment | None = None
    status: OrderStatus = "1000"
    line_items: Annotated[list[LineSeed], Field(min_length=1)]

    def facts(self) -> dict[str, Any]:
        """The order in the form of `seed/orders.json`."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude={"creation_date"})


def journal_entry(entry: JournalEntry) -> JsonValue:
    """One call of the journal as JSON."""
    answer = entry.answer_body
    return {
        "number": entry.number,
        "serverTime": wire_moment(entry.server_time),
        "apiKey": entry.api_key,
        "method": entry.method,
        "path": entry.path,
        "query": entry.query,
        "correlationId": entry.correlation_id,
        "requestId": entry.request_id,
        "requestBody": entry.request_body,
        "status": entry.status,
        "answerBody": None if answer is None else answer.decode("utf-8", "replace"),
        "executed": entry.executed,
        "replayed": entry.replayed,
        "fault": entry.fault,
        "orderId": entry.order_id,
    }
