"""What the command says at the terminal: lines, tables, a bar that moves, or one JSON object.

Light to import: what draws is imported when there is something to draw.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from flows.checks import Finding
    from flows.follow_up import FollowedUp
    from flows.inbox_runs import FinishedWorkbook
    from flows.reconciled import Reconciled
    from flows.renew_subscriptions import Renewals
    from flows.settings import Settings
    from schemas.orders import Intent

# Imports stand inside the functions on purpose: the first line must not wait for them.
# ruff: noqa: PLC0415


def say(text: str) -> None:
    """One line for the person at the terminal, on standard error."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def tell_followed(result: FollowedUp, as_json: bool) -> None:
    """What following brought, as a short page or as one JSON object."""
    if as_json:
        print_json(asdict(result))
        return
    from rich.console import Console

    from flows.follow_orders import told

    console = Console(highlight=False)
    console.print(told(result).replace("\n\n", "\n"), soft_wrap=True, markup=False)
    if result.stopped:
        say(result.stopped)


def tell_renewals(result: Renewals, as_json: bool) -> None:
    """What a night brought, one line or two for each renewal book, or as one JSON object."""
    if as_json:
        nights = [asdict(night) for night in result.nights]
        print_json({"books": nights, "unreadable": list(result.unreadable)})
        return
    from flows.renew_subscriptions import sentence

    for why in result.unreadable:
        say(why)
    for night in result.nights:
        print(sentence(night))  # noqa: T201
        if night.attention:
            rows = sorted({row for row, *_ in night.attention})
            shown = ", ".join(str(row) for row in rows[:12])
            more = f" and {len(rows) - 12} more" if len(rows) > 12 else ""
            print(f"Rows that need you: {shown}{more}.")  # noqa: T201
        if night.output:
            print(f"The answers are in {night.output}")  # noqa: T201
        if night.stopped:
            say(night.stopped)


def tell_watched(workbook: FinishedWorkbook, as_json: bool) -> None:
    """What became of a workbook that was dropped: one line, and one JSON object if asked."""
    if as_json:
        print(json.dumps(_watched(workbook), ensure_ascii=False), flush=True)  # noqa: T201
    where = ""
    if workbook.output:
        where = f" The answers are in {workbook.output}"
    elif workbook.kept:
        where = f" The file is in {workbook.kept}, with the reason beside it."
    say(f"{workbook.sentence}{where}")


def _watched(workbook: FinishedWorkbook) -> dict[str, Any]:
    told: dict[str, Any] = {
        "workbook": workbook.name,
        "account": workbook.account,
        "what": str(workbook.what),
        "sentence": workbook.sentence,
        "output": workbook.output,
        "kept": workbook.kept,
    }
    if workbook.figures is not None:
        told["orders"] = dict(workbook.figures.orders)
        told["rows"] = workbook.figures.rows
        told["calls"] = workbook.figures.calls
        told["seconds"] = workbook.figures.seconds
    return told


@contextmanager
def progress_line() -> Iterator[Any]:
    """A line that moves, on a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TaskID,
        TextColumn,
    )

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        bars: dict[str, TaskID] = {"Starting": shown.add_task("Starting", total=None)}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                for bar in bars.values():
                    shown.remove_task(bar)
                bars.clear()
                bars[stage] = shown.add_task(stage, total=total or None)
            shown.update(bars[stage], completed=done)

        yield progress


def tell_run(result: Reconciled, as_json: bool, out: Path | None) -> None:
    """What became of a workbook, and where its answers are; `out` is where they were wanted."""
    if out and Path(result.output) != out:
        say(f"{out} holds something else than our answers to this workbook, so it was left alone.")
    if as_json:
        fields = asdict(result)
        del fields["attention"]
        if not fields["stopped"]:
            del fields["stopped"]
        print_json(fields)
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for state, count in result.orders.items():
        if count:
            table.add_row(str(count), _STATE_WORDS.get(state, state))
    console.print(f"{result.rows} row{'s' if result.rows != 1 else ''} of {escape(result.sheet)}:")
    console.print(table)
    if result.attention:
        shown = ", ".join(str(row) for _, row, _, _, _ in result.attention[:12])
        more = f" and {len(result.attention) - 12} more" if len(result.attention) > 12 else ""
        console.print(f"Rows that need you: {shown}{more}. What to do stands beside each of them.")
    console.print(f"The answers are in {escape(result.output)}", soft_wrap=True)
    if result.also:
        console.print(f"For machines: {escape(', '.join(result.also))}", soft_wrap=True)


_STATE_WORDS: Final = {
    "ready": "can be sent",
    "done": "done",
    "open": "accepted, not finished yet",
    "held": "held, not sent",
    "needs_approval": "need approval",
    "refused": "refused by Adobe",
    "failed": "accepted, failed later",
    "placed_before": "ordered before, not sent",
    "in_doubt": "in doubt",
    "previewed": "priced",
}


def tell_findings(found: Sequence[Finding], as_json: bool) -> bool:
    """What the doctor found, one line or two for each thing; whether nothing is wrong."""
    counted = Counter(str(finding.how) for finding in found)
    is_well = not counted["wrong"]
    if as_json:
        print_json({"ok": is_well, "checks": [asdict(finding) for finding in found]})
        return is_well
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for finding in found:
        # Text, because a path may hold what would be taken for markup.
        told = Text(finding.sentence)
        if finding.to_do:
            told.append(f"\n{finding.to_do}")
        table.add_row(Text(finding.how, style=_HOW_STYLES[finding.how]), Text(finding.name), told)
    console.print(table)
    warnings = counted["warning"]
    others = f"; {warnings} warning{'s' if warnings != 1 else ''}" if warnings else ""
    console.print(f"{'Nothing' if is_well else counted['wrong']} wrong{others}.")
    return is_well


_HOW_STYLES: Final = {"ok": "green", "warning": "yellow", "wrong": "red"}


def order_row(intent: Intent, state: str, status: str) -> dict[str, Any]:
    """An intent as `orders --json` gives it."""
    return {
        "reference": intent.reference,
        "customer": intent.customer_id,
        "type": intent.order_type,
        "state": str(state),
        "order_id": intent.order_id,
        "order_status": status,
        "written_at": intent.written_at.isoformat(),
        "sends": intent.sends,
        "error_code": intent.error_code,
    }


def order_table(rows: list[dict[str, Any]], settings: Settings) -> None:
    """Orders as a table, one to a row (see `order_row`)."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not rows:
        console.print(
            f"The ledger knows no such order (account {settings.account}, "
            f"{settings.effective_environment})."
        )
        return
    from rich.markup import escape

    table = Table(box=None, pad_edge=False)
    for title in ("Reference", "Customer", "Type", "State", "Order ID", "Status", "Written"):
        table.add_column(title)
    for row in rows:
        table.add_row(
            escape(row["reference"]),
            escape(row["customer"]),
            row["type"],
            _STATE_WORDS.get(row["state"], row["state"]),
            row["order_id"],
            row["order_status"],
            row["written_at"][:16],
        )
    console.print(table)


def order_history(row: dict[str, Any], timezone: str) -> None:
    """Everything that happened to one order, in order, in the zone that people read."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    console.print(
        f"\n{escape(row['reference'])} of customer {escape(row['customer'])}, from "
        f"{escape(row['workbook'])} (times in {timezone}):",
        soft_wrap=True,
    )
    table = Table(box=None, show_header=False, pad_edge=False)
    zone = ZoneInfo(timezone)
    for event in row["history"]:
        at = datetime.fromisoformat(event["at"]).astimezone(zone)
        by = f", by {event['who']}" if event["who"] else ""
        table.add_row(at.strftime("%Y-%m-%d %H:%M:%S"), escape(event["what"] + by))
    console.print(table)


def print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False))  # noqa: T201
