"""What runs unattended tells people by mail: the watch, and the runs of serve's schedules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.command.conftest import Bench, wait_for
from tests.command.test_serve import begun, ended, put_renewal_book
from tests.command.test_watch import orders, watching
from tests.postbox import PASSWORD, Postbox, attachments, mail_server, text_of


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    """A mail server at work."""
    with mail_server() as box:
        yield box


def arrived(postbox: Postbox, subject: str) -> EmailMessage:
    """The first mail of this subject, when it is there."""
    wait_for(lambda: any(mail["Subject"] == subject for mail in postbox.mails))
    return next(mail for mail in postbox.mails if mail["Subject"] == subject)


def test_a_dropped_workbook_comes_back_by_mail(bench: Bench, postbox: Postbox) -> None:
    with watching(bench, ORDERDROP_NOTIFY=postbox.address) as watch:
        orders(watch.inbox / "monday.xlsx", "PO-mail-1")
        mail = arrived(postbox, "Practice: monday.xlsx: 1 done")
        assert attachments(mail) == {
            "monday.reconciled.xlsx": watch.reconciled("monday.xlsx").read_bytes()
        }
        (watch.inbox / "notes.xlsx").write_text("no workbook at all")
        mail = arrived(postbox, "Practice: notes.xlsx was not worked through")
        told = watch.ended("notes.xlsx")["notes.xlsx"]
        assert told["kept"] in text_of(mail)
        assert not attachments(mail)
    said = watch.said() + json.dumps(watch.told()) + "".join(m.as_string() for m in postbox.mails)
    assert PASSWORD not in said


def test_a_wrong_address_is_told_before_anything_starts(bench: Bench) -> None:
    ran = bench.run("watch", "--environment", "practice", ORDERDROP_NOTIFY=f"nosuch://{PASSWORD}@h")
    assert ran.code == 3
    assert ran.err.splitlines()[-1].startswith(
        "ORDERDROP_NOTIFY: address 1 (nosuch) is none that can be sent to"
    )
    assert PASSWORD not in ran.err + ran.out


def test_a_night_that_nobody_started_is_told_by_mail(tmp_path: Path, postbox: Postbox) -> None:
    put_renewal_book(tmp_path)
    serving = begun(tmp_path, ORDERDROP_NOTIFY=postbox.address)
    try:
        wait_for(lambda: any("Renewals, night of" in str(m["Subject"]) for m in postbox.mails))
        mail = next(m for m in postbox.mails if "Renewals, night of" in str(m["Subject"]))
        assert "It was a dry run: nothing was ordered." in text_of(mail)
        (output,) = (tmp_path / "output").glob("renewal-book.*.xlsx")
        assert attachments(mail) == {output.name: output.read_bytes()}
    finally:
        ended(serving)
    assert PASSWORD not in serving.said()
