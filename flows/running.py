"""Runs what a command is for in this process: starts the servers it needs, then its flow.

Imported after the command has said its first line; what is heavy is imported while servers start.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flows.listener import Listener
from flows.terminal import progress_line

if TYPE_CHECKING:
    from flows.answers_for_machines import Format
    from flows.companion import Companion
    from flows.follow_up import FollowedUp, Resolved
    from flows.notify import Notifier
    from flows.prefect_server import PrefectServer
    from flows.reconciled import Reconciled
    from flows.renew_subscriptions import Renewals
    from flows.settings import Settings

# Imports stand inside the functions on purpose: they take longer than the servers to start.
# ruff: noqa: PLC0415


@dataclass(frozen=True, slots=True)
class Servers:
    """What a command needs to be there: Prefect's API, and in practice the embedded marketplace."""

    prefect: PrefectServer
    marketplace: Companion | None

    def ready(self) -> None:
        """Wait until they answer. Raises CompanionFault."""
        if self.marketplace is not None:
            self.marketplace.wait()
        self.prefect.ready()


@contextmanager
def starting(settings: Settings, port: int | None = None) -> Iterator[Servers]:
    """Start them, to be shared with other commands; import meanwhile, then wait for `ready`."""
    from flows.prefect_server import PrefectServer

    prefect = PrefectServer(settings.state_dir, port)
    prefect.begin()
    with ExitStack() as stack:
        marketplace = None
        if settings.effective_environment == "practice":
            from flows.practice import practice_marketplace

            marketplace = stack.enter_context(practice_marketplace(settings.state_dir).start())
        yield Servers(prefect, marketplace)


def calm_the_collector() -> None:
    """What is not needed any more is looked for seldom. Hardly anything of one run is in circles,
    and with Python's own figures imports take a fifth longer, and a run's own work as well.
    """
    gc.set_threshold(500_000, 20, 50)


def tidy_for_days() -> None:
    """For what does not end with its workbook: what is in circles after all (Prefect's runs, four
    megabytes for each workbook) is looked for now and then.
    """
    gc.freeze()  # what was imported stays
    gc.set_threshold(50_000, 10, 5)


def run_flow(
    workbook: Path,
    out: Path | None,
    follow: float,
    settings: Settings,
    also: Sequence[Format] = (),
    *,
    only_prices: bool = False,
    price_first: bool = False,
) -> Reconciled:
    """Run the flow in this process; the workbook is read while servers are still starting."""
    with progress_line() as progress, starting(settings) as servers:
        from flows.desk import examine
        from flows.reading_ahead import reading_ahead

        gc.freeze()  # what was imported stays

        with reading_ahead(workbook, lambda content, name: examine(content, name, settings)):
            from flows.submit_orders import run_submit_orders, watched_by

            servers.ready()
            with watched_by(progress):
                return asyncio.run(
                    run_submit_orders(
                        workbook=str(workbook),
                        environment=settings.effective_environment,
                        account=settings.account,
                        out=str(out) if out else None,
                        follow_seconds=follow,
                        also=[str(kind) for kind in also],
                        only_prices=only_prices,
                        price_first=price_first,
                    )
                )


def run_follow(settings: Settings) -> FollowedUp:
    """What became of open orders and those in doubt."""
    with starting(settings) as servers:
        from flows.follow_orders import run_follow_orders

        servers.ready()
        return asyncio.run(run_follow_orders(settings.effective_environment, settings.account))


def run_watch(settings: Settings, accounts: Sequence[str], listener: Listener) -> None:
    """Watch the inbox until the process is told to stop (SIGTERM or Ctrl-C)."""
    with _unattended(settings, accounts) as (servers, notifier):
        from flows.unattended import told_of_notes, told_of_workbooks
        from flows.watch_inbox import watch

        servers.ready()
        listener.note(f"Ready. Drop workbooks into {settings.inbox.absolute()}")
        heard = Listener(
            listener.taken,
            told_of_workbooks(notifier, listener.finished),
            told_of_notes(notifier, listener.note),
        )
        until_stopped(lambda stop: watch(settings, accounts, stop, heard, servers.prefect.revive))


def run_serve(settings: Settings, accounts: Sequence[Settings], listener: Listener) -> None:
    """All that goes on unattended, until the process is told to stop (SIGTERM or Ctrl-C)."""
    from flows.prefect_server import PAGE_PORT

    names = [account.account for account in accounts]
    with _unattended(settings, names, PAGE_PORT) as (servers, notifier), ExitStack() as stack:
        from flows.serve import serve
        from flows.unattended import heartbeat_looked_at, told_of_notes, told_of_workbooks

        servers.ready()
        listener.note(f"The runs are shown at {servers.prefect.page}")
        notes = told_of_notes(notifier, listener.note)
        stack.enter_context(heartbeat_looked_at(settings.state_dir, notes))
        finished = told_of_workbooks(notifier, listener.finished)
        heard = Listener(listener.taken, finished, notes)
        until_stopped(lambda stop: serve(settings, accounts, stop, heard, servers.prefect.revive))


@contextmanager
def _unattended(
    settings: Settings, accounts: Sequence[str], port: int | None = None
) -> Iterator[tuple[Servers, Notifier]]:
    """What runs for days: its folders are made and told before any server is started."""
    from flows.inbox.places import inboxes
    from flows.notify import Notifier
    from flows.prefect_server import bound_waits

    inboxes(settings.inbox, accounts, settings.state_dir)
    bound_waits()
    with Notifier(settings) as notifier, starting(settings, port) as servers:
        tidy_for_days()
        yield servers, notifier


def until_stopped(work: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> None:
    """Run what is to go on until SIGTERM or Ctrl-C; a second one of them ends it at once.

    It runs in a thread of its own: in the main one Prefect would take over SIGTERM. Raises what
    it raises.
    """
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            loop.run_until_complete(work(stop))
        except BaseException as error:  # noqa: BLE001  # raised again below
            raised.append(error)

    def told(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        loop.call_soon_threadsafe(stop.set)

    thread = threading.Thread(target=run, name="watch", daemon=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    thread.start()
    while thread.is_alive():
        thread.join(0.5)
    if raised:
        raise raised[0]


def run_renew(
    workbook: Path | None, settings: Settings, dry_run: bool, is_watched: bool
) -> Renewals:
    """The night of one renewal book, or of all in their folder; `is_watched`: by a person."""
    with progress_line() as progress, starting(settings) as servers:
        from flows.renew_subscriptions import run_renew_subscriptions
        from flows.submit_orders import watched_by

        servers.ready()
        with watched_by(progress):
            return asyncio.run(
                run_renew_subscriptions(
                    str(workbook) if workbook else None,
                    settings.effective_environment,
                    settings.account,
                    dry_run=dry_run,
                    again=is_watched,
                )
            )


def settle(
    settings: Settings, reference: str, customer: str | None, placed: str | None
) -> Resolved:
    """Settle an order in doubt: `placed` is its order id, None when it was not placed."""
    from flows.desk import Desk, open_ledger
    from flows.follow_up import in_doubt, resolve_not_placed, resolve_placed

    async def with_the_marketplace(order_id: str) -> Resolved:
        async with Desk(settings) as desk:
            intent = in_doubt(desk.ledger, settings, reference, customer)
            return await resolve_placed(desk, intent, order_id)

    if placed:
        if settings.needs_block:
            from flows.prefect_server import PrefectServer

            server = PrefectServer(settings.state_dir)
            server.begin()
            server.ready()
        return asyncio.run(with_the_marketplace(placed))
    ledger = open_ledger(settings)
    try:
        intent = in_doubt(ledger, settings, reference, customer)
        return asyncio.run(resolve_not_placed(ledger, settings, intent))
    finally:
        ledger.close()
