"""The marketplace put together: book, clock, gateway and the desks behind it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

from flows.sandbox import seed
from flows.sandbox.account_entry import AccountEntryDesk
from flows.sandbox.accounts import AccountDesk
from flows.sandbox.book import Book
from flows.sandbox.catalog import Catalog, seeded_catalog
from flows.sandbox.catalog_changes import apply_changes
from flows.sandbox.clock import Clock
from flows.sandbox.discount_desk import DiscountDesk
from flows.sandbox.effects import Effects
from flows.sandbox.faults import FaultInjector, FaultSpecError, read_faults
from flows.sandbox.gateway import Gateway
from flows.sandbox.history import HistoryDesk
from flows.sandbox.lifecycle import Lifecycle
from flows.sandbox.numbering import Numbering
from flows.sandbox.orders import OrderDesk
from flows.sandbox.partner import Partner, seeded_partner
from flows.sandbox.price_list import PriceListDesk
from flows.sandbox.renewal_run import RenewalRun
from flows.sandbox.settings import CannotStartError, SandboxSettings
from flows.sandbox.sign_in import SignIn
from flows.sandbox.storage import Storage
from flows.sandbox.subscription_desk import SubscriptionDesk
from flows.sandbox.throttle import Throttle
from flows.sandbox.upgrade_desk import UpgradeDesk


@dataclass(frozen=True, slots=True)
class Marketplace:
    """All parts of one running marketplace."""

    storage: Storage
    clock: Clock
    book: Book
    catalog: Catalog
    partner: Partner
    numbering: Numbering
    lifecycle: Lifecycle
    gateway: Gateway
    orders: OrderDesk
    history: HistoryDesk
    accounts: AccountDesk
    account_entry: AccountEntryDesk
    discounts: DiscountDesk
    upgrades: UpgradeDesk
    price_list: PriceListDesk
    subscriptions: SubscriptionDesk

    async def prepare(self) -> None:
        """Fill a fresh book from the seeds; the storage must be kept already."""
        if self.book.is_fresh:
            seed.fill(self.book, self.catalog, self.partner, self.clock)
        await self.book.commit()

    async def clock_was_moved(self) -> None:
        """Keep where the clock stands, and look what has fallen due by it."""
        self.book.keep_clock()
        await self.book.commit()
        self.lifecycle.look_again()


def open_marketplace(settings: SandboxSettings) -> Marketplace:
    """The marketplace over the settings' state file, or in memory without one."""
    try:
        faults = FaultInjector(read_faults(settings.faults), settings.seed)
    except FaultSpecError as error:
        raise CannotStartError(str(error)) from None
    storage = Storage(settings.state)
    clock = Clock()
    book = Book(storage, clock)
    catalog = seeded_catalog()
    partner = seeded_partner()
    apply_changes(book, catalog, partner)
    numbering = Numbering(book)
    finish_after = timedelta(seconds=settings.finish_after)
    effects = Effects(book, catalog, clock, numbering)
    run = RenewalRun(book, catalog, clock, numbering, effects, finish_after)
    lifecycle = Lifecycle(book, clock, effects, run)
    gateway = Gateway(
        book=book,
        clock=clock,
        sign_in=SignIn(book, clock),
        throttle=_throttle(settings),
        faults=faults,
        replay_reads=settings.replay_reads,
        latency=settings.latency,
        slow_seconds=settings.slow_seconds,
    )
    orders = OrderDesk(
        book=book,
        catalog=catalog,
        clock=clock,
        partner=partner,
        lifecycle=lifecycle,
        numbering=numbering,
        finish_after=finish_after,
        placed_status=202 if settings.placed_is_202 else 201,
        partial_returns=settings.partial_returns,
    )
    accounts = AccountDesk(book, catalog, partner)
    return Marketplace(
        storage=storage,
        clock=clock,
        book=book,
        catalog=catalog,
        partner=partner,
        numbering=numbering,
        lifecycle=lifecycle,
        gateway=gateway,
        orders=orders,
        history=HistoryDesk(book, catalog, clock, settings.partial_returns),
        accounts=accounts,
        account_entry=AccountEntryDesk(
            book=book,
            catalog=catalog,
            clock=clock,
            partner=partner,
            numbering=numbering,
            lifecycle=lifecycle,
            accounts=accounts,
            check_takes=finish_after,
        ),
        discounts=DiscountDesk(book, catalog, clock),
        upgrades=UpgradeDesk(book, catalog),
        price_list=PriceListDesk(catalog, partner),
        subscriptions=SubscriptionDesk(book, catalog, partner, clock, numbering, lifecycle),
    )


def _throttle(settings: SandboxSettings) -> Throttle:
    return Throttle(
        enabled=settings.throttle,
        soft_limit=settings.soft_limit,
        hard_limit=settings.hard_limit,
        chance=random.Random(settings.seed),  # noqa: S311  # reproducible, not secret
    )
