"""A mail server that keeps what it gets: plain SMTP, with a user and a password."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from flows.companion import free_port

PASSWORD = "geheim-4711"


@dataclass
class Postbox:
    """A mail server of the tests' own that keeps what it gets; `turns_away` counts refusals."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    turns_away: int = 0
    takes_up_to: int = 1 << 30

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        """Called by the server for each mail."""
        if self.turns_away or len(envelope.content) > self.takes_up_to:
            self.turns_away = max(0, self.turns_away - 1)
            return "452 not now"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"

    def knows(self, *given: Any) -> AuthResult:
        """Called by the server for each sign-in."""
        login = given[-1]
        assert isinstance(login, LoginPassword)
        self.logins.append((login.login, login.password))
        return AuthResult(success=login.password == PASSWORD.encode())

    @property
    def address(self) -> str:
        """This server as an Apprise address: plain SMTP, with a user and a password."""
        return (
            f"mailto://clerk:{PASSWORD}@127.0.0.1:{self.port}"
            "?from=orderdrop@example.com&to=finance@example.com,boss@example.com&mode=insecure"
        )


@contextmanager
def mail_server() -> Iterator[Postbox]:
    """One at work."""
    box = Postbox(free_port())
    warnings.filterwarnings("ignore", "Requiring AUTH", UserWarning)
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=box.port,
        authenticator=box.knows,
        auth_required=True,
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def text_of(mail: EmailMessage) -> str:
    """The words of a mail."""
    body = mail.get_body(("plain", "html"))
    assert body is not None
    return str(body.get_content())


def attachments(mail: EmailMessage) -> dict[str, bytes]:
    """Its attached files by their names."""
    return {str(p.get_filename()): p.get_payload(decode=True) for p in mail.iter_attachments()}
