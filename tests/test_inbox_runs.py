"""What becomes of a claimed workbook, by how its run ended."""

from __future__ import annotations

import asyncio
import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from prefect.exceptions import PrefectException

from flows import inbox_runs
from flows.companion import CompanionFault
from flows.desk import TooManyOrders
from flows.inbox.places import Claim, inboxes
from flows.inbox_runs import FinishedWorkbook, Trouble, What, work_through
from flows.ledger.faults import LedgerFault
from flows.outputs import OutputFault
from flows.reconciled import Reconciled, counts
from flows.settings import Settings, SettingsFault
from flows.workbook.errors import NoOrderSheet
from schemas.orders import MarketplaceStop
from schemas.outcomes import State


@pytest.fixture
def claim(tmp_path: Path) -> Claim:
    return claimed(tmp_path, "orders.xlsx")


def claimed(folder: Path, name: str) -> Claim:
    (inbox,) = inboxes(folder / "inbox", ["emea"], folder / "state")
    (inbox.folder / name).write_text("orders")
    claim = inbox.claim(name, inbox.look().files[name], datetime.now(UTC))
    assert claim is not None
    return claim


def text_of(path: str) -> str:
    return Path(path).read_text()


def ended(states: list[State], stopped: str = "") -> Reconciled:
    return Reconciled(
        workbook="orders.xlsx",
        output="output/orders.reconciled.xlsx",
        environment="sandbox",
        account="emea",
        sheet="Orders",
        rows=3,
        orders=counts(states),
        calls=3,
        seconds=1.0,
        stopped=stopped,
    )


async def nothing_to_end(_workbook: str) -> None:
    """As with a Prefect server that knows no run that was cut off."""


async def run(
    claim: Claim, monkeypatch: pytest.MonkeyPatch, result: Reconciled | BaseException
) -> FinishedWorkbook | Trouble:
    async def played(**parameters: object) -> Reconciled:
        assert parameters["account"] == "emea"
        assert parameters["workbook"] == str(claim.path)
        if isinstance(result, BaseException):
            raise result
        return result

    monkeypatch.setattr(inbox_runs, "run_submit_orders", played)
    monkeypatch.setattr(inbox_runs, "end_cut_off_runs", nothing_to_end)
    return await work_through(claim, Settings(environment="sandbox"))


@pytest.mark.parametrize(
    ("states", "what"),
    [
        ([State.DONE], What.DONE),
        ([State.DONE, State.OPEN], What.DONE),
        ([State.DONE, State.HELD], What.ATTENTION),
        ([State.IN_DOUBT], What.ATTENTION),
    ],
)
async def test_what_was_worked_through_is_archived(
    claim: Claim, monkeypatch: pytest.MonkeyPatch, states: list[State], what: What
) -> None:
    told = await run(claim, monkeypatch, ended(states))
    assert isinstance(told, FinishedWorkbook)
    assert (told.what, told.name, told.account) == (what, "orders.xlsx", "emea")
    assert told.figures is not None
    assert told.output == told.figures.output
    assert text_of(told.kept) == "orders"
    assert not claim.path.exists()


@pytest.mark.parametrize("error", [NoOrderSheet("No orders in it."), TooManyOrders("Too many.")])
async def test_what_cannot_be_taken_is_rejected_with_its_words(
    claim: Claim, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    told = await run(claim, monkeypatch, error)
    assert isinstance(told, FinishedWorkbook)
    assert (told.what, told.sentence) == (What.REJECTED, str(error))
    assert text_of(f"{told.kept}.why.txt") == f"{error}\n"


async def test_a_name_that_is_no_text_is_rejected_without_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await run(claimed(tmp_path, "m\udce4rz.csv"), monkeypatch, AssertionError())
    assert isinstance(told, FinishedWorkbook)
    assert told.what is What.REJECTED
    assert told.name == "m?rz.csv"
    assert "no text" in told.sentence


@pytest.mark.parametrize(
    ("error", "concerns_all"),
    [
        (SettingsFault("No secret."), True),
        (LedgerFault("The ledger is full."), True),
        (CompanionFault("It does not start."), True),
        (MarketplaceStop("Signed out."), True),
        (OutputFault("The disk is full."), False),
        (httpx.ConnectError("refused"), True),
        (httpx.ReadTimeout("late"), True),
        (PrefectException("API"), True),
        (ConnectionResetError("gone"), True),
    ],
)
async def test_trouble_around_it_leaves_it_claimed(
    claim: Claim, monkeypatch: pytest.MonkeyPatch, error: Exception, concerns_all: bool
) -> None:
    told = await run(claim, monkeypatch, error)
    assert isinstance(told, Trouble)
    assert told.concerns_all is concerns_all
    assert not told.is_fault
    assert claim.path.exists()


async def test_a_run_that_the_marketplace_stopped_is_no_end(
    claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await run(claim, monkeypatch, ended([State.IN_DOUBT], stopped="Signed out."))
    assert told == Trouble("MarketplaceStop", "Signed out.")
    assert claim.path.exists()


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("a secret")])
async def test_a_fault_of_the_program_is_told_as_one_without_its_text(
    claim: Claim, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    told = await run(claim, monkeypatch, error)
    assert isinstance(told, Trouble)
    assert told.is_fault
    assert not told.concerns_all
    assert type(error).__name__ in told.sentence
    assert "secret" not in told.sentence


async def test_a_run_that_is_stopped_is_no_trouble(
    claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(asyncio.CancelledError):
        await run(claim, monkeypatch, asyncio.CancelledError())


async def test_an_archive_that_is_full_is_trouble_of_this_workbook(
    claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: Claim) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Claim, "archive", full)
    told = await run(claim, monkeypatch, ended([State.DONE]))
    assert isinstance(told, Trouble)
    assert not told.concerns_all


async def test_a_workbook_that_somebody_took_away_meanwhile_is_told(
    claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim.path.unlink()
    told = await run(claim, monkeypatch, NoOrderSheet("It is not there."))
    assert isinstance(told, FinishedWorkbook)
    assert told.what is What.REJECTED
    assert "somebody else" in told.sentence
