"""`orderdrop doctor`: everything a run needs, looked at one after the other, with what to do.

Each check is alone: one that fails, hangs or finds a fault of the program stops no other.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from functools import partial
from typing import Final

from flows import checks
from flows.checks import Finding, How, of_account
from flows.settings import Settings, SettingsFault
from schemas.faults import Stop

WITHIN: Final = 120.0
"""Seconds that a check may take; a server that is asked again and again needs a while."""

_MEND_SETTINGS: Final = "Mend it; the other checks need settings that can be read."

Said = Finding | Iterable[Finding] | Coroutine[None, None, Finding]

_log = logging.getLogger("orderdrop.doctor")


def examine(account: str | None, environment: str | None) -> Iterator[Finding]:
    """How everything stands, for one account if it is named and else for all; in order."""
    try:
        accounts = Settings.of_each_account(
            account=account, environment=environment, connects=False
        )
    except SettingsFault as fault:
        yield Finding("settings", How.WRONG, str(fault), _MEND_SETTINGS)
        yield from looked_at("Prefect server", checks.prefect_server)
        return
    settings = accounts[0]
    every: list[tuple[str, Callable[[], Said]]] = [
        ("settings", partial(checks.environment, settings)),
        *((of_account(one, "credentials"), partial(checks.credentials, one)) for one in accounts),
        ("ledger", partial(checks.ledger, settings)),
        ("disk", partial(checks.disk, settings, accounts)),
        ("folders", partial(checks.folders, settings, accounts)),
        ("time zone", partial(checks.time_zone, settings)),
        ("messages", partial(checks.messages, settings)),
        ("Prefect server", checks.prefect_server),
        *(
            (of_account(one, "renewal books"), partial(checks.renewal_books, one))
            for one in accounts
        ),
        ("watcher", partial(checks.watcher, settings)),
        *((of_account(one, "orders"), partial(checks.orders, one)) for one in accounts),
    ]
    for name, check in every:
        yield from looked_at(name, check)


def looked_at(name: str, check: Callable[[], Said], within: float = WITHIN) -> list[Finding]:
    """What a check says; what it raises, or that it says nothing within the time, is said too."""
    found: list[Finding] = []

    def look() -> None:
        try:
            said = check()
            if isinstance(said, Coroutine):
                said = asyncio.run(said)
            # One by one: what was said before a fault stands.
            for one in [said] if isinstance(said, Finding) else said:
                found.append(one)  # noqa: PERF402
        except Stop as stop:
            found.append(Finding(name, How.WRONG, str(stop), checks.MEND))
        except Exception as error:  # noqa: BLE001  # whatever it is, the other checks go on
            _log.debug("The check %s failed", name, exc_info=error)
            found.append(
                Finding(
                    name,
                    How.WRONG,
                    f"It could not be looked at ({type(error).__name__}).",
                    "Show this to whoever looks after Orderdrop.",
                )
            )

    # A daemon: what hangs in the system must not keep the command from ending.
    thread = threading.Thread(target=look, name=f"check {name}", daemon=True)
    thread.start()
    thread.join(within)
    if thread.is_alive():
        late = f"There was no answer within {within:.0f} seconds."
        return [*found, Finding(name, How.WRONG, late, "See that what it asks can be reached.")]
    return found
