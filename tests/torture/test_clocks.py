"""Clocks that jump, keys that change, processes that freeze: nothing is ordered twice.

Every test begins with an order whose answer was lost; executed or not is the marketplace's
secret.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

import pytest

from tests.torture import reading
from tests.torture.books import Called, Noted
from tests.torture.inquest import noted
from tests.torture.market import Market
from tests.torture.points import Point
from tests.torture.terms import Terms
from tests.torture.workbooks import Author
from tests.torture.worker import KILLED, STOPPED, Life, Nursery

DAY: Final = 86_400.0
TERMS: Final = Terms(settle=1_100)


@dataclass(frozen=True, slots=True)
class Stage:
    """A marketplace without faults and a workbook with one order."""

    market: Market
    nursery: Nursery
    life: Life

    def lose_the_answer(self, *, executed: bool) -> None:
        """A run sends the order and is killed when the connection is closed in its face."""
        self.market.rage("closed-after@1" if executed else "closed-before@1")
        code = self.nursery.live_out(replace(self.life, point=Point.ANSWERED))
        assert code == KILLED
        self.market.rage("")
        assert self.intent.state == "sent"
        assert len(self.orders) == executed

    @property
    def intents(self) -> list[Noted]:
        return noted(self.life.environment)

    @property
    def intent(self) -> Noted:
        (only,) = self.intents
        return only

    @property
    def orders(self) -> list[str]:
        return [order.order_id for order in reading.placed(self.market.orders())]

    @property
    def sent(self) -> list[Called]:
        return reading.order_calls(self.market.calls())


@pytest.fixture(scope="module")
def nursery() -> Nursery:
    return Nursery()


@pytest.fixture
def stage(tmp_path: Path, nursery: Nursery) -> Iterator[Stage]:
    sheet = Author(1, tmp_path / "sheets", (1, 1), only_new=True).next_sheet()
    with Market(tmp_path, TERMS, "", 1) as market:
        for path, body in sheet.seeds:
            market.control("POST", path, body)
        settings = TERMS.environment(market.url, tmp_path)
        life = Life(settings, workbook=str(sheet.path), log=str(tmp_path / "runs.log"))
        yield Stage(market, nursery, life)


@pytest.mark.parametrize("executed", [True, False])
def test_after_eleven_days_an_intent_is_looked_up_and_never_sent(
    stage: Stage, executed: bool
) -> None:
    stage.lose_the_answer(executed=executed)
    # The marketplace has forgotten the correlation id by now: sent again, it would order again.
    stage.market.control("PUT", "clock", {"advanceSeconds": 11 * DAY})
    stage.nursery.live_out(replace(stage.life, clock=11 * DAY, follows=1))
    assert stage.intent.state == ("accepted" if executed else "stuck")
    assert len(stage.orders) == executed
    assert len(stage.sent) == 1


@pytest.mark.parametrize("executed", [True, False])
def test_with_the_clock_three_days_back_what_was_sent_is_only_looked_up(
    stage: Stage, executed: bool
) -> None:
    stage.lose_the_answer(executed=executed)
    stage.nursery.live_out(replace(stage.life, clock=-3 * DAY, follows=TERMS.settles_after + 1))
    assert stage.intent.state == ("accepted" if executed else "looking")
    assert len(stage.sent) == 1
    # Set right, it finds the way.
    stage.nursery.live_out(replace(stage.life, follows=2 * TERMS.settles_after))
    assert stage.intent.state == "accepted"
    assert len(stage.orders) == 1


@pytest.mark.parametrize("executed", [True, False])
def test_another_key_is_never_used_for_what_was_sent_under_the_first(
    stage: Stage, executed: bool
) -> None:
    stage.lose_the_answer(executed=executed)
    key = {"clientId": "second-key", "clientSecret": "second-secret"}
    stage.market.control("POST", "seed-client", key)
    settings = {
        **stage.life.environment,
        "ORDERDROP_CLIENT_ID": "second-key",
        "ORDERDROP_CLIENT_SECRET": "second-secret",
    }
    follows = 2 * TERMS.settles_after
    stage.nursery.live_out(replace(stage.life, environment=settings, follows=follows))
    assert len(stage.orders) == 1
    states = sorted(intent.state for intent in stage.intents)
    assert states == (["accepted"] if executed else ["accepted", "retired"])
    ids = [call.correlation_id for call in stage.sent]
    assert len(ids) == len(set(ids)), "an id of the first key was sent under the second"


@pytest.mark.parametrize(
    ("where", "sends"),
    [
        pytest.param(Point.COUNTED, 1, id="before the lease is checked"),
        pytest.param(Point.CHECKED, 2, id="between the check and the first byte"),
    ],
)
def test_a_process_that_wakes_after_another_took_over_orders_nothing_twice(
    stage: Stage, where: Point, sends: int
) -> None:
    sleeper = stage.nursery.begin(replace(stage.life, point=where, act="freeze"))
    _wait_until_frozen(sleeper)
    assert not stage.orders
    stage.nursery.live_out(replace(stage.life, follows=1))
    assert stage.intent.state == "accepted"
    _wake(sleeper)
    sleeper.join(30)
    assert sleeper.exitcode not in {None, STOPPED}
    assert len(stage.orders) == 1
    assert stage.intent.order_id == stage.orders[0]
    assert len(stage.sent) == sends
    assert sum(call.executed for call in stage.sent) == 1


def _wait_until_frozen(process: BaseProcess) -> None:
    for _ in range(300):
        stat = Path(f"/proc/{process.pid}/stat").read_text()
        if stat.rpartition(")")[2].split()[0] == "T":
            return
        time.sleep(0.1)
    pytest.fail("the process was to freeze")


def _wake(process: BaseProcess) -> None:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGCONT)
