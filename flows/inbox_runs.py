"""One claimed workbook: the flow over it, then the archive, or back with words that say why.

Three endings. The workbook was worked through: archived. It cannot be taken: put into rejected/
with a text beside it. Something around it is in trouble (settings, marketplace, Prefect, disk):
it stays claimed and is tried again; the ledger makes that harmless.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from flows.flow_results import end_cut_off_runs
from flows.inbox.places import Claim
from flows.outputs import OutputFault, as_text, check_name
from flows.reconciled import Reconciled
from flows.settings import Settings
from flows.submit_orders import counted, run_submit_orders
from schemas.faults import Stop

FOLLOW_SECONDS: Final = 30.0
"""How long a workbook waits for its orders to be finished before it makes room for others."""

_WRONG_USE: Final = 2
"""The exit code of everything that only whoever dropped the workbook can mend."""

_SERVER_PACKAGES: Final = frozenset({"prefect", "httpx", "httpcore", "websockets", "anyio"})

_log = logging.getLogger("orderdrop.watch")


class What(StrEnum):
    """What became of a dropped workbook."""

    DONE = "done"
    ATTENTION = "attention"
    REJECTED = "rejected"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class FinishedWorkbook:
    """A workbook that was dropped, and what became of it.

    `output` is its reconciled workbook, `kept` where the dropped file is now, both as paths;
    `figures` are None when it was rejected. A waiting one is told once for each kind of trouble,
    and again when it is worked through.
    """

    name: str
    account: str
    what: What
    sentence: str
    output: str = ""
    kept: str = ""
    figures: Reconciled | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a workbook could not be worked through now.

    `kind` tells troubles apart that are said once; `concerns_all`: other workbooks of the account
    would meet it as well; `is_fault`: the program itself failed.
    """

    kind: str
    sentence: str
    concerns_all: bool = True
    is_fault: bool = False


async def work_through(claim: Claim, settings: Settings) -> FinishedWorkbook | Trouble:
    """Run the flow over a claimed workbook and put the file where it belongs."""
    try:
        check_name(claim.name)
        await end_cut_off_runs(str(claim.path))
        figures = await run_submit_orders(
            workbook=str(claim.path),
            environment=settings.effective_environment,
            account=claim.inbox.account,
            out=None,
            follow_seconds=FOLLOW_SECONDS,
            also=[],
        )
        if figures.stopped:
            return Trouble("MarketplaceStop", figures.stopped)
        return await asyncio.to_thread(_archived, claim, figures)
    except Stop as stop:
        if stop.exit_code == _WRONG_USE:
            return await asyncio.to_thread(reject, claim, str(stop))
        return Trouble(type(stop).__name__, str(stop), not isinstance(stop, OutputFault))
    except Exception as error:  # noqa: BLE001  # the watcher outlives every fault of a run
        return _trouble(error, as_text(claim.name))


def reject(claim: Claim, why: str) -> FinishedWorkbook | Trouble:
    """Put a workbook into rejected/, with the reason beside it."""
    try:
        place = claim.reject(why)
    except FileNotFoundError:
        claim.let_go()
        gone = f"{as_text(claim.name)} was taken out of the folder working by somebody else."
        return FinishedWorkbook(as_text(claim.name), claim.inbox.account, What.REJECTED, gone)
    except OSError as error:
        return _disk_trouble(error, as_text(claim.name))
    return FinishedWorkbook(
        name=as_text(claim.name),
        account=claim.inbox.account,
        what=What.REJECTED,
        sentence=why,
        kept=as_text(str(place)),
    )


def fault_words(name: str) -> str:
    """Why a workbook is rejected on which the program itself has failed again and again."""
    return (
        f"Orderdrop itself failed while it worked on {name}, several times. Orders of it may have "
        "been placed: `orderdrop orders` shows what the ledger knows. Nothing is lost, and nothing "
        "is ordered twice when the workbook is dropped again; show this to whoever looks after "
        "Orderdrop first."
    )


def _archived(claim: Claim, figures: Reconciled) -> FinishedWorkbook | Trouble:
    try:
        place = str(claim.archive())
    except FileNotFoundError:
        # Somebody took it out of the folder meanwhile: its orders are answered all the same.
        claim.let_go()
        place = ""
    except OSError as error:
        return _disk_trouble(error, claim.name)
    return FinishedWorkbook(
        name=claim.name,
        account=claim.inbox.account,
        what=What.ATTENTION if figures.exit_code else What.DONE,
        sentence=f"{claim.name}: {counted(figures)}.",
        output=figures.output,
        kept=place,
        figures=figures,
    )


def _disk_trouble(error: OSError, name: str) -> Trouble:
    sentence = f"{name} cannot be put away ({error.strerror})."
    return Trouble("disk", sentence, concerns_all=False)


def _trouble(error: Exception, name: str) -> Trouble:
    if _is_of_a_server(error):
        return Trouble("Prefect", f"The Prefect server is in trouble ({type(error).__name__}).")
    return program_fault(error, name)


def program_fault(error: Exception, name: str) -> Trouble:
    """Anything that nobody has foreseen; its text, which may hold anything, goes into the log."""
    _log.error("A fault of the program over %s", name, exc_info=error)
    sentence = f"Orderdrop itself failed over {name} ({type(error).__name__})."
    return Trouble(type(error).__name__, sentence, concerns_all=False, is_fault=True)


def _is_of_a_server(error: BaseException | None) -> bool:
    """Whether it was raised because of Prefect or the way to its server."""
    while error is not None:
        packages = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
        if packages & _SERVER_PACKAGES or isinstance(error, ConnectionError | TimeoutError):
            return True
        error = error.__cause__ or error.__context__
    return False
