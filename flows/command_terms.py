"""What every command does alike: its options, its settings, its faults in plain words, consent."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from flows.terminal import print_json, say

if TYPE_CHECKING:
    from flows.answers_for_machines import Format
    from flows.settings import Settings

# Imports stand inside the functions on purpose: the first line must not wait for them.
# ruff: noqa: PLC0415

FAULT: Final = 1
WRONG_USE: Final = 2
NOT_READY: Final = 3

Workbook = Annotated[Path, typer.Argument(help="The workbook with the order sheet.")]
Out = Annotated[Path | None, typer.Option("--out", help="Where the workbook with answers goes.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Account = Annotated[str | None, typer.Option("--account", help="The account to order with.")]
Environment = Annotated[
    str | None, typer.Option("--environment", help="practice, sandbox or production.")
]

PRACTICE_LINE: Final = "Practice: nothing is ordered for real."


def stop(text: str, code: int) -> NoReturn:
    """End with one plain sentence."""
    say(text)
    raise typer.Exit(code)


@contextmanager
def faults_said_plainly(as_json: bool) -> Iterator[None]:
    """Every designed error becomes one sentence and its exit code (and one object, if asked)."""
    from schemas.faults import Stop

    try:
        yield
    except Stop as error:
        if as_json:
            print_json({"error": str(error), "exit_code": error.exit_code})
        stop(str(error), error.exit_code)
    except KeyboardInterrupt:
        stop("Stopped. What was ordered stands in the ledger; run the same command again.", FAULT)


def settings_for(
    account: str | None,
    environment: str | None,
    *,
    connects: bool = True,
) -> Settings:
    """The settings of the account that is chosen. Raises SettingsFault."""
    from flows.settings import Settings

    return Settings.checked(account=account, environment=environment, connects=connects)


def accounts_for(
    account: str | None, environment: str | None, inbox: Path | None = None
) -> Sequence[Settings]:
    """All accounts, or the one that is chosen.

    One alone has the folder itself for its inbox: the one of its name among several, or the one
    that is named on the command line.
    """
    from flows.settings import Settings

    found = Settings.of_each_account(account=account, environment=environment, inbox=inbox)
    if len(found) == 1 and inbox is None:
        return [found[0].model_copy(update={"inbox": found[0].account_inbox})]
    return found


def folders_of(accounts: Sequence[Settings]) -> str:
    """That each account has a folder of its own, where there are several."""
    names = [one.account for one in accounts]
    return f" (a folder for each account: {', '.join(names)})" if len(names) > 1 else ""


def opening(settings: Settings) -> str:
    """What the first line begins with: in practice, that nothing is ordered for real."""
    return f"{PRACTICE_LINE} " if settings.effective_environment == "practice" else ""


def look_first(
    workbook: Path, out: Path | None, settings: Settings, also: Sequence[Format] = ()
) -> None:
    """What can be told in an instant is told before any server is started."""
    from flows.answers_for_machines import beside
    from flows.outputs import check_place, check_writable, default_output
    from flows.workbook.parts import check_kind, read_bytes

    content = read_bytes(workbook)
    check_kind(content, workbook.name)
    target = out or default_output(settings.output, workbook.name, content)
    check_place(target, workbook.name, content)
    for kind in also:
        check_writable(beside(target, kind))


def ask_consent(environment: str | None, yes: bool) -> None:
    """Production set in the settings is consent; given as a flag only, a person says yes."""
    if environment != "production" or yes:
        return
    from flows.settings import Settings

    if Settings().environment == "production":
        return
    if not sys.stdin.isatty():
        stop("To order for real from here, add --yes. Nothing was ordered.", WRONG_USE)
    if not typer.confirm("This orders for real, with real money. Go on?", err=True):
        stop("Nothing was ordered.", WRONG_USE)
