"""Who is told of what goes on where nobody looks, and how often."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows import follow_orders
from flows.follow_up import FollowedUp, _long_in_doubt
from flows.inbox.heartbeat import Heartbeat, beat
from flows.notices import about_trouble
from flows.notify import Notifier
from flows.renewal_books import NoRenewalBook
from flows.settings import Settings
from flows.unattended import DAY, Memory, heartbeat_looked_at, telling, told_of_notes
from schemas.orders import IntentState, MarketplaceStop
from tests.intents import intent_for
from tests.postbox import Postbox, mail_server, text_of


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    """A mail server at work."""
    with mail_server() as box:
        yield box


@pytest.fixture
def settings(postbox: Postbox, tmp_path: Path) -> Settings:
    """Practice, with an address to tell."""
    return Settings.checked(
        environment="practice", notify=[postbox.address], state_dir=tmp_path / "state"
    )


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the process of a scheduled run."""
    monkeypatch.setattr("prefect.runtime.deployment.id", "a-deployment", raising=False)


async def test_a_run_that_a_person_started_tells_nobody(
    settings: Settings, postbox: Postbox
) -> None:
    async with telling(settings, "The nightly renewals") as teller:
        teller.tell(about_trouble("Something."))
    assert not postbox.mails


async def test_a_scheduled_run_waits_until_its_message_is_out(
    settings: Settings, postbox: Postbox, deployed: None
) -> None:
    async with telling(settings, "The nightly renewals") as teller:
        teller.tell(about_trouble("Something."))
    assert postbox.mails


async def test_what_ends_a_run_is_told_once_a_day(
    settings: Settings, postbox: Postbox, deployed: None
) -> None:
    async def night() -> None:
        async with telling(settings, "The nightly renewals"):
            raise MarketplaceStop("The marketplace does not let us in.")

    for _ in range(2):
        with pytest.raises(MarketplaceStop):
            await night()
    assert len(postbox.mails) == MAILS_OF_ONE_MESSAGE
    said = "The nightly renewals: The marketplace does not let us in."
    assert said in text_of(postbox.mails[0])
    a_day_ago = time.time() - DAY - 1
    for mark in (settings.state_dir / "told").iterdir():
        os.utime(mark, (a_day_ago, a_day_ago))
    with pytest.raises(MarketplaceStop):
        await night()
    assert len(postbox.mails) == 2 * MAILS_OF_ONE_MESSAGE


MAILS_OF_ONE_MESSAGE = 2
"""One to each of the two who are named in the address."""


async def test_what_did_not_go_out_is_told_at_the_next_run(
    settings: Settings, postbox: Postbox, deployed: None
) -> None:
    postbox.turns_away = 4
    for _ in range(2):
        async with telling(settings, "Looking after open orders") as teller:
            teller.tell_daily("stopped", about_trouble("The marketplace is away."))
    assert len(postbox.mails) == MAILS_OF_ONE_MESSAGE


async def test_nobody_is_told_where_no_renewals_are_wanted(
    settings: Settings, postbox: Postbox, deployed: None
) -> None:
    with pytest.raises(NoRenewalBook):
        async with telling(settings, "The nightly renewals"):
            raise NoRenewalBook("There is no renewal book.")
    assert not postbox.mails


async def test_a_fault_of_the_program_is_told_without_its_text(
    settings: Settings, postbox: Postbox, deployed: None
) -> None:
    with pytest.raises(KeyError):
        async with telling(settings, "The nightly renewals"):
            raise KeyError("hush-hush")
    assert "Orderdrop itself failed (KeyError)" in text_of(postbox.mails[0])
    assert "hush" not in postbox.mails[0].as_string()


def test_notes_that_differ_in_figures_alone_are_sent_once(
    settings: Settings, postbox: Postbox
) -> None:
    said: list[str] = []
    with Notifier(settings) as notifier:
        note = told_of_notes(notifier, said.append)
        for seconds in (5, 10, 20):
            note(f"The schedules failed (OSError); it begins again in {seconds} s.")
    assert len(said) == 3
    assert len(postbox.mails) == MAILS_OF_ONE_MESSAGE


def test_marks_are_forgotten_after_a_day(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    assert not memory.knows("a")
    memory.keep("a")
    assert memory.knows("a")
    assert not memory.knows("b")
    (mark,) = (tmp_path / "told").iterdir()
    os.utime(mark, (time.time() - DAY - 1,) * 2)
    assert not memory.knows("a")
    assert not list((tmp_path / "told").iterdir())


def lives(state_dir: Path, ago: float) -> None:
    at = datetime.now(UTC) - timedelta(seconds=ago)
    beat(state_dir, Heartbeat(1, "inbox", at, 0, 0))


def test_a_heartbeat_that_stays_away_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    lives(tmp_path, 90)
    with heartbeat_looked_at(tmp_path, said.append, every=0.05):
        time.sleep(1)
        assert len(said) == 1
        assert said[0].startswith("The folder is not watched at the moment")
        lives(tmp_path, 1)
        time.sleep(0.5)
        lives(tmp_path, 90)
        time.sleep(1)
    assert len(said) == 2


def test_a_heartbeat_that_comes_is_no_news(tmp_path: Path) -> None:
    said: list[str] = []
    lives(tmp_path, 1)
    with heartbeat_looked_at(tmp_path, said.append, every=0.05):
        time.sleep(0.5)
    assert not said


async def test_following_tells_its_news_at_once_and_what_lasts_once_a_day(
    settings: Settings,
    postbox: Postbox,
    deployed: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    found = FollowedUp(2, 1, 0, 1, 0, (), newly_done=1, long_in_doubt=("PO-7",))

    async def look(*_: str) -> FollowedUp:
        return found

    async def nothing(*_: object, **__: object) -> None: ...

    monkeypatch.setenv("ORDERDROP_NOTIFY", postbox.address)
    monkeypatch.setenv("ORDERDROP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(follow_orders, "look_and_write", look)
    monkeypatch.setattr(follow_orders, "acreate_markdown_artifact", nothing)
    monkeypatch.setattr(follow_orders, "tag_run", nothing)
    await follow_orders.follow_orders.fn("practice", "default")
    found = replace(found, changed=0, newly_done=0)
    await follow_orders.follow_orders.fn("practice", "default")
    assert [mail["Subject"] for mail in postbox.mails][::MAILS_OF_ONE_MESSAGE] == [
        "Practice: Open orders: 1 done",
        "Practice: 1 order in doubt for more than a day",
    ]
    assert "PO-7" in text_of(postbox.mails[-1])


def test_an_order_is_long_in_doubt_a_day_after_its_first_send() -> None:
    now = datetime.now(UTC)
    intents = [
        intent_for(reference=name, state=state, first_sent_at=now - timedelta(hours=hours))
        for name, state, hours in (
            ("long", IntentState.LOOKING, 25),
            ("stuck", IntentState.STUCK, 100),
            ("new", IntentState.SENT, 23),
            ("open", IntentState.ACCEPTED, 100),
        )
    ]
    assert _long_in_doubt([*intents, intent_for(reference="never sent")]) == ("long", "stuck")
