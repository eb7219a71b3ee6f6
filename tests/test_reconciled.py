"""What a workbook tells while others go on with its orders."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.ledger import Ledger
from flows.reconciled import rows_told
from schemas.orders import Intent, IntentState
from schemas.outcomes import State
from tests.intents import accepted, entry_for, intent_for, submission

NOW = datetime.now(UTC)
LEASE = timedelta(seconds=100)


async def replaced_and_placed(ledger: Ledger, old: Intent) -> None:
    """A look-up has found nothing, and another intent has taken its place and was accepted."""
    new = replace(intent_for(), replaces=old.intent_id)
    assert await ledger.replace(new, NOW, LEASE)
    assert await ledger.begin_send(new.intent_id, "r-2", NOW, LEASE)
    reply = replace(accepted("9206417733"), request_id="r-2")
    await ledger.answer(new.intent_id, reply, IntentState.ACCEPTED, "", NOW)


def test_an_order_whose_intent_is_replaced_meanwhile_is_not_told_as_not_placed(
    tmp_path: Path,
) -> None:
    """The entries are read; then an intent is replaced; then the intents are read."""
    ledger = Ledger.in_folder(tmp_path)
    digest = ledger.keep_workbook(b"workbook", "november.xlsx", NOW)
    old = intent_for()
    with ledger.planning("default", "practice") as planning:
        run = replace(submission(), workbook_hash=digest)
        planning.write(run, [], [old], [entry_for(old)])
    asyncio.run(brought_into_doubt(ledger, old))
    read = ledger.entries

    def entries_of_a_moment_ago(submission_id: str) -> object:
        found = read(submission_id)
        if found[0].intent_id == old.intent_id:
            asyncio.run(replaced_and_placed(ledger, old))
        return found

    ledger.entries = entries_of_a_moment_ago  # type: ignore[assignment,method-assign]
    entries, rows = rows_told(ledger, "s-1", [], "practice")
    assert [row.state for row in rows] == [State.OPEN]
    assert [row.order_id for row in rows] == ["9206417733"]
    assert entries == read("s-1")
    ledger.close()


async def brought_into_doubt(ledger: Ledger, intent: Intent) -> None:
    assert await ledger.begin_send(intent.intent_id, "r-1", NOW, LEASE)
    assert await ledger.doubt(intent.intent_id, "no answer came", NOW)
