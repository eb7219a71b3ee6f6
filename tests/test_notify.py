"""Notifications: what is said, that it arrives, and that nothing waits or leaks because of it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from flows.companion import free_port
from flows.follow_up import FollowedUp
from flows.inbox_runs import FinishedWorkbook, What
from flows.notices import (
    about_follow,
    about_lasting,
    about_renewals,
    about_trouble,
    about_workbook,
)
from flows.notify import BIGGEST_ATTACHMENT, Notifier, Weight
from flows.reconciled import Reconciled, counts
from flows.renew_subscriptions import Renewals
from flows.renewing import NightRun
from flows.settings import Settings, SettingsFault
from schemas.outcomes import State
from tests.postbox import PASSWORD, Postbox, attachments, mail_server, text_of

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")

CLIENT_SECRET = "client-hush"


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    """A mail server at work."""
    with mail_server() as box:
        yield box


@pytest.fixture(autouse=True)
def nothing_else_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings but those of the test."""
    for name in ("ENVIRONMENT", "NOTIFY", "NOTIFY_ABOUT", "STATE_DIR", "CLIENT_SECRET"):
        monkeypatch.delenv(f"ORDERDROP_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def settings_with(*addresses: str, **more: Any) -> Settings:
    return Settings.checked(
        **{"environment": "practice", "client_secret": CLIENT_SECRET, "notify": addresses, **more}
    )


def run_over(tmp_path: Path, *states: State, stopped: str = "") -> Reconciled:
    output = tmp_path / "orders.reconciled.xlsx"
    output.write_bytes(b"PK\x03\x04 the answers \x00\xff" * 50)
    return Reconciled(
        workbook="orders.xlsx",
        output=str(output),
        environment="practice",
        account="default",
        sheet="Orders",
        rows=len(states),
        orders=counts(states),
        calls=1,
        seconds=1.0,
        stopped=stopped,
    )


def finished(tmp_path: Path, *states: State) -> FinishedWorkbook:
    figures = run_over(tmp_path, *states)
    what = What.ATTENTION if figures.exit_code else What.DONE
    return FinishedWorkbook(
        "orders.xlsx", "default", what, "…", figures.output, "archive/orders.xlsx", figures
    )


# --- that it arrives ---


def test_the_mail_arrives_with_the_reconciled_workbook(postbox: Postbox, tmp_path: Path) -> None:
    workbook = finished(tmp_path, *[State.DONE] * 11, State.HELD, State.REFUSED)
    with Notifier(settings_with(postbox.address)) as notifier:
        notifier.send(about_workbook(workbook))
    (mail,) = {
        mail["Message-ID"]: mail for mail in postbox.mails if "finance" in mail["To"]
    }.values()
    assert mail["Subject"] == "Practice: orders.xlsx: 11 done, 2 need you"
    assert "Open the workbook and see the sheet To do." in text_of(mail)
    assert "The workbook is attached." in text_of(mail)
    assert attachments(mail) == {
        "orders.reconciled.xlsx": Path(workbook.output).read_bytes(),
    }
    assert set(postbox.logins) == {(b"clerk", PASSWORD.encode())}


def test_for_real_nothing_says_practice(postbox: Postbox) -> None:
    real = settings_with(postbox.address, environment="production", client_id="key")
    with Notifier(real) as notifier:
        notifier.send(about_trouble("The inbox cannot be read."))
    assert {mail["Subject"] for mail in postbox.mails} == {"Orderdrop says"}
    assert "The inbox cannot be read." in text_of(postbox.mails[0])


def test_a_failure_is_tried_once_more(postbox: Postbox, tmp_path: Path) -> None:
    postbox.turns_away = 1
    with Notifier(settings_with(postbox.address)) as notifier:
        notifier.send(about_workbook(finished(tmp_path, State.DONE)))
        assert notifier.close(60)
    assert any(attachments(mail) for mail in postbox.mails)


def test_what_is_not_taken_with_its_workbook_is_sent_without(
    postbox: Postbox, tmp_path: Path
) -> None:
    postbox.takes_up_to = 2500
    workbook = finished(tmp_path, State.DONE)
    with Notifier(settings_with(postbox.address)) as notifier:
        notifier.send(about_workbook(workbook))
        assert notifier.close(60)  # Apprise waits some seconds between two mails
    assert postbox.mails
    assert not any(attachments(mail) for mail in postbox.mails)
    assert "attached" not in text_of(postbox.mails[0])
    assert workbook.output in text_of(postbox.mails[0])


def test_a_big_workbook_is_told_by_its_place(postbox: Postbox, tmp_path: Path) -> None:
    workbook = finished(tmp_path, State.DONE)
    with Path(workbook.output).open("r+b") as file:
        file.truncate(BIGGEST_ATTACHMENT + 1)
    with Notifier(settings_with(postbox.address)) as notifier:
        notifier.send(about_workbook(workbook))
    assert postbox.mails
    assert not any(attachments(mail) for mail in postbox.mails)
    assert workbook.output in text_of(postbox.mails[0])


def test_what_is_plainly_done_can_be_left_out(postbox: Postbox, tmp_path: Path) -> None:
    with Notifier(settings_with(postbox.address, notify_about="attention")) as notifier:
        notifier.send(about_workbook(finished(tmp_path, State.DONE)))
        notifier.send(about_workbook(finished(tmp_path, State.IN_DOUBT)))
    assert {mail["Subject"] for mail in postbox.mails} == {"Practice: orders.xlsx: 1 in doubt"}


def test_line_ends_and_odd_signs_of_a_name_do_no_harm(postbox: Postbox) -> None:
    odd = FinishedWorkbook("a\nBcc: x@y.z\udcff.xlsx", "default", What.REJECTED, "No sheet.")
    with Notifier(settings_with(postbox.address)) as notifier:
        notifier.send(about_workbook(odd))
    (subject,) = {mail["Subject"] for mail in postbox.mails}
    assert subject == "Practice: a Bcc: x@y.z?.xlsx was not worked through"
    assert not any(mail["Bcc"] for mail in postbox.mails)


# --- that nothing waits for it ---


@pytest.fixture
def hanging() -> Iterator[int]:
    """A port where somebody listens and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def address_at(port: int) -> str:
    return f"mailto://clerk:{PASSWORD}@127.0.0.1:{port}?from=a@example.com&mode=insecure"


def test_a_dead_server_is_logged_in_words(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Notifier(settings_with(address_at(free_port()))) as notifier:
        notifier.send(about_trouble("Something."))
        assert not notifier.close()
    (said,) = (r.getMessage() for r in caplog.records if r.name == "orderdrop.notify")
    assert said == (
        "A notification could not be sent to address 1 (mailto): it did not take it. "
        "Everything else goes on."
    )
    assert PASSWORD not in caplog.text


def test_a_hanging_server_holds_nothing_up(
    postbox: Postbox, hanging: int, caplog: pytest.LogCaptureFixture
) -> None:
    notifier = Notifier(settings_with(address_at(hanging), postbox.address))
    began = monotonic()
    for _ in range(300):
        notifier.send(about_trouble("Something."))
    assert monotonic() - began < 2
    assert not notifier.close(3)
    assert monotonic() - began < 10
    assert postbox.mails
    assert "address 1 (mailto): it did not answer in time" in caplog.text


# --- that nothing leaks ---


def test_no_secret_is_in_a_message_a_log_or_a_repr(
    postbox: Postbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = settings_with(postbox.address, address_at(free_port()))
    notifier = Notifier(settings)
    message = about_workbook(finished(tmp_path, State.DONE))
    notifier.send(message)
    notifier.close()
    shown = [caplog.text, repr(settings), str(settings), repr(notifier), repr(message)]
    shown += [mail.as_string() for mail in postbox.mails]
    for secret in (PASSWORD, CLIENT_SECRET):
        assert not any(secret in text for text in shown)


@pytest.mark.parametrize(
    ("addresses", "says"),
    [
        (f"json://localhost nosuch://u:{PASSWORD}@h", "address 2 (nosuch) is none"),
        (f"{PASSWORD},json://localhost", "address 1 is none"),
        (f"mailto://:{PASSWORD}@", "address 1 (mailto) is none"),
    ],
)
def test_a_wrong_address_is_told_by_its_number(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    addresses: str,
    says: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("ORDERDROP_NOTIFY", addresses)
    with pytest.raises(SettingsFault) as caught:
        Notifier(Settings.checked(environment="practice"))
    assert says in str(caught.value)
    assert PASSWORD not in str(caught.value) + caplog.text


def test_addresses_are_parted_by_blanks_line_ends_and_commas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(
        "ORDERDROP_NOTIFY", "json://a/?x=1,2\n mailto://u:p@h?to=a@b.de,c@d.de,ntfy://t , json://z"
    )
    assert [a.get_secret_value() for a in Settings.checked().notify] == [
        "json://a/?x=1,2",
        "mailto://u:p@h?to=a@b.de,c@d.de",
        "ntfy://t",
        "json://z",
    ]


def test_addresses_can_be_a_list_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "orderdrop.toml").write_text('notify = ["json://a", "json://b/?x=1,2"]\n')
    assert len(Settings.checked().notify) == 2
    (tmp_path / "orderdrop.toml").write_text(f'notify = ["json://a", {{ to = "{PASSWORD}" }}]\n')
    with pytest.raises(SettingsFault, match="ORDERDROP_NOTIFY") as caught:
        Settings.checked()
    assert PASSWORD not in str(caught.value)


# --- the words ---


def test_in_doubt_says_that_nothing_needs_to_be_done(tmp_path: Path) -> None:
    message = about_workbook(finished(tmp_path, State.DONE, State.IN_DOUBT, State.PLACED_BEFORE))
    assert message.title == "orders.xlsx: 1 done, 1 ordered before, not sent, 1 in doubt"
    assert "never orders it twice. Nothing needs to be done now" in message.body
    assert message.weight is Weight.ATTENTION


def test_a_rejected_workbook_says_why_and_where_it_is() -> None:
    why = "notes.xlsx has no order sheet."
    rejected = FinishedWorkbook(
        "notes.xlsx", "default", What.REJECTED, why, kept="/in/rejected/notes.xlsx"
    )
    message = about_workbook(rejected)
    assert message.title == "notes.xlsx was not worked through"
    assert message.body == f"{why}\n\nThe workbook lies in /in/rejected/notes.xlsx"
    assert message.attachment is None


def test_a_waiting_workbook_says_that_it_goes_on_by_itself() -> None:
    waiting = FinishedWorkbook("a.xlsx", "emea", What.WAITING, "The marketplace is away.")
    message = about_workbook(waiting)
    assert message.title == "a.xlsx waits"
    assert message.body.startswith("The marketplace is away.\n\nNothing is lost, and nothing is")
    assert message.body.endswith("Account: emea")


def a_night(tmp_path: Path, **figures: Any) -> NightRun:
    given = {
        "workbook": "book.xlsx",
        "output": str(tmp_path / "book.2026-03-01.xlsx"),
        "environment": "practice",
        "account": "default",
        "night": "2026-03-01",
        "tonight": "renews",
        "dry_run": False,
        "missed": 0,
    }
    return NightRun(**given | figures)


def test_a_night_is_told_with_its_workbook(tmp_path: Path) -> None:
    night = a_night(tmp_path, subscriptions={"renewed": 3, "held": 1, "nothing": 20})
    message = about_renewals(Renewals((night, a_night(tmp_path, output=""))))
    assert message is not None
    assert message.title == "Renewals, night of 2026-03-01: 3 renewed, 1 needs you"
    assert message.attachment == Path(night.output)
    assert message.weight is Weight.ATTENTION


def test_a_dry_run_says_that_nothing_was_ordered(tmp_path: Path) -> None:
    night = a_night(tmp_path, dry_run=True, subscriptions={"would_renew": 3})
    message = about_renewals(Renewals((night,)))
    assert message is not None
    assert "It was a dry run: nothing was ordered." in message.body
    assert message.weight is Weight.DONE


def test_a_night_that_was_stopped_says_so(tmp_path: Path) -> None:
    night = a_night(tmp_path, output="", stopped="The marketplace does not let us in.")
    message = about_renewals(Renewals((night,)))
    assert message is not None
    assert message.title == "Renewals stopped"
    assert "does not let us in." in message.body


def test_nothing_new_says_nothing(tmp_path: Path) -> None:
    done_before = a_night(tmp_path, output="")
    nothing_due = a_night(tmp_path, subscriptions={"nothing": 20, "renewed": 0})
    assert about_renewals(Renewals((done_before, nothing_due))) is None
    quiet = FollowedUp(3, 0, 3, 0, 0, ())
    assert about_follow(quiet) is None
    assert about_lasting(quiet) == {}


def test_what_following_found_is_told() -> None:
    found = FollowedUp(5, 3, 2, 0, 1, ("/out/a.xlsx",), newly_done=2, newly_failed=1)
    message = about_follow(found)
    assert message is not None
    assert message.title == "Open orders: 2 done, 1 failed later"
    assert message.attachment == Path("/out/a.xlsx")
    assert message.weight is Weight.ATTENTION
    assert about_lasting(found) == {}


def test_a_long_doubt_says_who_can_settle_it() -> None:
    told = about_lasting(FollowedUp(2, 0, 0, 2, 0, (), long_in_doubt=("PO-1", "PO-2")))
    (message,) = told.values()
    assert message.title == "2 orders in doubt for more than a day"
    assert "PO-1, PO-2" in message.body
    assert "Ask whoever looks after Orderdrop" in message.body
