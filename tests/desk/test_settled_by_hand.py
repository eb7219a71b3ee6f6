"""What a person may settle, and what he is told when he may not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from flows.desk import Desk
from flows.follow_up import CannotResolve, resolve_not_placed, resolve_placed
from flows.ledger import Ledger, steps
from flows.settings import Settings
from schemas.orders import Intent, IntentState, OrderAnswer
from tests.intents import accepted, intent_for, order_answer

LEASE = timedelta(seconds=100)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(environment="practice", state_dir=tmp_path, output=tmp_path / "output")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger.in_folder(tmp_path)) as opened:
        yield opened


async def under_way(ledger: Ledger) -> Intent:
    """An intent whose send has begun and is not answered."""
    intent = intent_for()
    with ledger.planning("default", "practice") as planning:
        steps.write_intents(planning._connection, [intent])
    assert await ledger.begin_send(intent.intent_id, "r-1", datetime.now(UTC), LEASE)
    return intent


async def test_an_order_that_another_run_is_sending_is_not_settled_by_hand(
    ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    intent = await under_way(ledger)
    with closing(Ledger.in_folder(tmp_path)) as mine:
        with pytest.raises(CannotResolve) as caught:
            await resolve_not_placed(mine, settings, intent)
        assert str(caught.value) == (
            "PO-1 is being sent right now by another run; try again when it has ended. Nothing "
            "was changed."
        )
        reached = await ledger.answer(
            intent.intent_id, accepted("7"), IntentState.ACCEPTED, "", datetime.now(UTC)
        )
        assert reached is IntentState.ACCEPTED
        with pytest.raises(CannotResolve) as caught:
            await resolve_not_placed(mine, settings, intent)
        assert str(caught.value) == "PO-1 was settled meanwhile. Nothing was changed."


async def test_an_order_that_was_settled_meanwhile_is_not_bound_to_another(
    ledger: Ledger, settings: Settings
) -> None:
    intent = await under_way(ledger)

    async def order(_customer_id: str, order_id: str) -> OrderAnswer:
        await ledger.bind(intent.intent_id, order_answer("1"), datetime.now(UTC))
        return order_answer(order_id)

    desk: Any = SimpleNamespace(
        ledger=ledger, settings=settings, marketplace=SimpleNamespace(order=order)
    )
    with pytest.raises(CannotResolve) as caught:
        await resolve_placed(cast("Desk", desk), intent, "2")
    assert str(caught.value) == ("PO-1 was settled meanwhile: it is order 1. Nothing was changed.")
    assert ledger.intents([intent.intent_id])[intent.intent_id].order_id == "1"
