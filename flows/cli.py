"""The command `orderdrop`.

Says its first line before anything heavy is imported; a command imports what it needs.
"""

from __future__ import annotations

import atexit
import os
import shlex
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.command_terms import (
    FAULT,
    NOT_READY,
    WRONG_USE,
    Account,
    AsJson,
    Environment,
    Out,
    Workbook,
    accounts_for,
    ask_consent,
    faults_said_plainly,
    folders_of,
    look_first,
    opening,
    settings_for,
    stop,
)
from flows.listener import Listener
from flows.running import (
    calm_the_collector,
    run_flow,
    run_follow,
    run_renew,
    run_serve,
    run_watch,
    settle,
)
from flows.terminal import (
    order_history,
    order_row,
    order_table,
    print_json,
    say,
    tell_findings,
    tell_followed,
    tell_renewals,
    tell_run,
    tell_watched,
)

# Imports stand inside the functions on purpose: the first line must not wait for them.
# ruff: noqa: PLC0415

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Place orders from an Excel order sheet and get the workbook back with the answers.",
    pretty_exceptions_enable=False,
)


def main() -> None:
    """The entry point of the command.

    Ends without taking the interpreter apart: with Prefect and pandas loaded that alone takes
    half a second, and all that matters is on disk by then. Registered first, it runs after
    everybody else's last words.
    """
    calm_the_collector()
    code = [FAULT]
    atexit.register(_leave, code)
    try:
        app(standalone_mode=True)
    except SystemExit as ended:
        code[0] = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
        raise


def _leave(code: list[int]) -> None:
    for stream in (sys.stdout, sys.stderr):
        # Nobody may be reading any more, or the disk behind it may be full.
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code[0])


@app.callback()
def orderdrop() -> None:
    """Order from spreadsheets: never twice, never lost, and answered in plain words."""


@app.command()
def submit(
    workbook: Workbook,
    out: Out = None,
    follow: Annotated[
        float, typer.Option("--follow", min=0, help="Seconds to wait for orders to finish.")
    ] = 120,
    also: Annotated[
        str | None,
        typer.Option("--also", help="csv, jsonl or csv,jsonl: the answers for machines as well."),
    ] = None,
    price_first: Annotated[
        bool,
        typer.Option("--price-first", help="Ask every price first; see ORDERDROP_APPROVE_ABOVE."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Order for real without asking.")] = False,
    account: Account = None,
    environment: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Place the orders of one workbook and write it again with the answers."""
    with faults_said_plainly(as_json):
        from flows.answers_for_machines import formats_of

        formats = () if also is None else formats_of(also.split(","))
        settings = settings_for(account, environment)
        say(f"{opening(settings)}Submitting {workbook.name} …")
        look_first(workbook, out, settings, formats)
        ask_consent(environment, yes)
        result = run_flow(workbook, out, follow, settings, formats, price_first=price_first)
    tell_run(result, as_json, out)
    if result.stopped:
        say(result.stopped)
    raise typer.Exit(result.exit_code)


@app.command()
def check(
    workbook: Workbook,
    out: Out = None,
    account: Account = None,
    environment: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Read and validate a workbook and write what was found; nobody is called."""
    with faults_said_plainly(as_json):
        settings = settings_for(account, environment, connects=False)
        say(f"Checking {workbook.name}; nothing is sent.")
        look_first(workbook, out, settings)
        from flows.desk import check as check_workbook

        result = check_workbook(workbook, settings, out)
    tell_run(result, as_json, out)
    raise typer.Exit(result.exit_code)


@app.command()
def preview(
    workbook: Workbook,
    out: Out = None,
    account: Account = None,
    environment: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Ask Adobe for the price of every order of a workbook and place none."""
    with faults_said_plainly(as_json):
        settings = settings_for(account, environment)
        say(f"{opening(settings)}Pricing {workbook.name}; nothing is ordered …")
        from flows.outputs import default_output
        from flows.workbook.parts import read_bytes

        name, content = workbook.name, read_bytes(workbook)
        place = out or default_output(settings.output, name, content, "priced")
        look_first(workbook, place, settings)
        result = run_flow(workbook, place, 0, settings, only_prices=True)
    tell_run(result, as_json, out)
    if result.stopped:
        say(result.stopped)
    raise typer.Exit(result.exit_code)


@app.command()
def sandbox(
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.")] = 0,
    state: Annotated[
        Path | None, typer.Option("--state", help="Durable book; in memory without it.")
    ] = None,
    latency: Annotated[
        float, typer.Option("--latency", min=0, help="Seconds before each answer.")
    ] = 0,
    faults: Annotated[
        str, typer.Option("--faults", help="For example timeout=0.05,executed-504@7.")
    ] = "",
    seed: Annotated[
        int | None, typer.Option("--seed", help="Hits the same calls with faults again.")
    ] = None,
    finish_after: Annotated[
        float, typer.Option("--finish-after", min=0, help="Seconds until orders are finished.")
    ] = 0.5,
    throttle: Annotated[
        bool, typer.Option("--throttle/--no-throttle", help="The vendor's limits on calls.")
    ] = True,
) -> None:
    """Run the embedded marketplace alone, on loopback, until stopped.

    Its address shows a page in the browser: orders, customers, subscriptions, calls and clock.
    """
    from flows.sandbox import CannotStartError, SandboxSettings, run

    try:
        run(
            SandboxSettings(
                port=port,
                state=state,
                latency=latency,
                faults=faults,
                seed=seed,
                finish_after=finish_after,
                throttle=throttle,
            )
        )
    except CannotStartError as error:
        stop(str(error), NOT_READY)


@app.command()
def follow(
    account: Account = None,
    environment: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Ask once what became of open orders and of those in doubt; write their workbooks again."""
    with faults_said_plainly(as_json):
        settings = settings_for(account, environment)
        say(f"{opening(settings)}Asking what became of open orders …")
        result = run_follow(settings)
    tell_followed(result, as_json)
    raise typer.Exit(result.exit_code)


@app.command()
def watch(
    inbox: Annotated[
        Path | None, typer.Argument(help="The folder; else that of the settings.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Order for real without asking.")] = False,
    account: Account = None,
    environment: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Watch a folder: place the orders of every workbook that is dropped there, until stopped."""
    with faults_said_plainly(as_json):
        accounts = accounts_for(account, environment, inbox)
        settings = accounts[0]
        settings.check_unattended()
        say(f"{opening(settings)}Watching {settings.inbox}{folders_of(accounts)} …")
        ask_consent(environment, yes)
        run_watch(settings, [one.account for one in accounts], _terminal(as_json))
    say("Stopped. What was not finished is taken up again at the next start.")


@app.command()
def serve(
    yes: Annotated[bool, typer.Option("--yes", help="Order for real without asking.")] = False,
    account: Account = None,
    environment: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Run all that needs nobody: the folder, the nightly renewals, following, and Prefect's page.

    Goes on until it is stopped; started again, it takes up what was left.
    """
    with faults_said_plainly(as_json):
        accounts = accounts_for(account, environment)
        settings = accounts[0]
        settings.check_unattended()
        say(f"{opening(settings)}Starting …")
        ask_consent(environment, yes)
        say(
            f"Drop workbooks into {settings.inbox.absolute()}{folders_of(accounts)}; the answers "
            f"come to {settings.output.absolute()}."
        )
        books = ", ".join(str(one.renewals.absolute()) for one in accounts)
        say(
            f"Renewal books lie in {books}; the night begins at "
            f"{settings.night:%H:%M} ({settings.timezone}). What is open is looked at every "
            f"{settings.follow_every} minutes."
        )
        run_serve(settings, accounts, _terminal(as_json))
    say("Stopped. What was not finished is taken up again at the next start.")


def _terminal(as_json: bool) -> Listener:
    """Whoever looks at the terminal hears everything."""
    return Listener(
        taken=lambda name: say(f"Taking {name} …"),
        finished=lambda workbook: tell_watched(workbook, as_json),
        note=say,
    )


@app.command()
def renew(
    workbook: Annotated[
        Path | None, typer.Argument(help="The renewal book; else those in their folder.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be renewed; order nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Order for real without asking.")] = False,
    account: Account = None,
    environment: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Renew the subscriptions of a renewal book that are due now; once in a night off a terminal.

    The first night of a new renewal book only says what the second would do.
    """
    with faults_said_plainly(as_json):
        settings = settings_for(account, environment)
        is_watched = sys.stdin.isatty()
        if not is_watched:
            settings.check_unattended()
        what = workbook.name if workbook else "the renewal books"
        say(f"{opening(settings)}Looking through {what} …")
        from flows.renewal_books import books_of, read_book

        for path in books_of(settings, workbook):
            if is_watched or workbook:  # else one book is no reason to keep the others waiting
                read_book(path, settings)
        if not dry_run:
            ask_consent(environment, yes)
        result = run_renew(workbook, settings, dry_run, is_watched)
    tell_renewals(result, as_json)
    raise typer.Exit(result.exit_code)


@app.command()
def resolve(
    reference: Annotated[str, typer.Argument(help="The externalReferenceId that is in doubt.")],
    placed: Annotated[
        str | None, typer.Option("--placed", help="It was placed, under this order id.")
    ] = None,
    not_placed: Annotated[
        bool, typer.Option("--not-placed", help="It was not placed; the rows may go again.")
    ] = False,
    customer: Annotated[
        str | None, typer.Option("--customer", help="Which one, if several share the reference.")
    ] = None,
    account: Account = None,
    environment: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Settle an order in doubt by what a person has found out from Adobe."""
    if bool(placed) == not_placed:
        stop("Say one of the two: --placed ORDERID or --not-placed.", WRONG_USE)
    with faults_said_plainly(as_json):
        settings = settings_for(account, environment, connects=bool(placed))
        result = settle(settings, reference, customer, placed)
    if as_json:
        print_json(asdict(result))
    else:
        what = f"is order {result.order_id}" if result.order_id else "was not placed"
        say(f"{result.reference} {what}; settled by {result.who}.")
        for path in result.workbooks:
            say(f"Written again: {path}")
        for sentence in (*result.not_written, *result.elsewhere):
            say(sentence)
    raise typer.Exit(NOT_READY if result.not_written else 0)


@app.command()
def orders(
    reference: Annotated[str | None, typer.Argument(help="One externalReferenceId.")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Accepted, not finished.")] = False,
    in_doubt: Annotated[bool, typer.Option("--in-doubt", help="Only those in doubt.")] = False,
    account: Account = None,
    environment: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Show what the ledger knows of orders; of one reference, everything that happened."""
    with faults_said_plainly(as_json):
        settings = settings_for(account, environment, connects=False)
        from flows.desk import open_ledger
        from flows.ordering.states import intent_state
        from schemas.outcomes import State

        ledger = open_ledger(settings)
        known = ledger.find(settings.account, settings.effective_environment, reference)
        outcomes = ledger.latest_outcomes([intent.intent_id for intent in known])
        names = ledger.workbook_names(known)
        histories = {i.intent_id: ledger.history(i.intent_id) for i in known if reference}
        ledger.close()
    rows: list[dict[str, Any]] = []
    for intent in known:
        seen = outcomes.get(intent.intent_id)
        state = intent_state(intent, seen[0] if seen else None)
        if (only_open and state is not State.OPEN) or (in_doubt and state is not State.IN_DOUBT):
            continue
        row = order_row(intent, state, seen[0].status if seen else "")
        row["workbook"] = names.get(intent.workbook_hash, "")
        if reference:
            row["history"] = [
                {"at": event.at.isoformat(), "what": event.what, "who": event.who}
                for event in histories[intent.intent_id]
            ]
        rows.append(row)
    if as_json:
        print_json({"environment": settings.effective_environment, "orders": rows})
        return
    order_table(rows, settings)
    for row in rows if reference else ():
        order_history(row, settings.timezone)


@app.command()
def doctor(
    account: Account = None,
    environment: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Look at settings, credentials, ledger, folders and servers, and say what to do."""
    with faults_said_plainly(as_json):
        say("Looking at everything a run needs; nothing is ordered …")
        from flows.doctor import examine

        found = list(examine(account, environment))
    is_well = tell_findings(found, as_json)
    raise typer.Exit(0 if is_well else NOT_READY)


@app.command()
def template(
    path: Annotated[Path, typer.Argument(help="The workbook to make.")] = Path("order-sheet.xlsx"),
    as_json: AsJson = False,
) -> None:
    """Make an empty order sheet with notes, drop-downs and a tab of examples."""
    with faults_said_plainly(as_json):
        from flows.outputs import WrongEnding, write_new
        from flows.workbook.template import template as empty_order_sheet

        if path.suffix.lower() != ".xlsx":
            raise WrongEnding("The order sheet is a workbook: name a file that ends in .xlsx.")
        write_new(path, empty_order_sheet())
    if as_json:
        print_json({"template": str(path)})
        return
    print(  # noqa: T201
        f"{path} is an empty order sheet: the notes on its headers say what goes where, the tab "
        f"Examples shows it.\nWhen it is filled in: orderdrop check {shlex.quote(str(path))}"
    )


if __name__ == "__main__":
    main()
