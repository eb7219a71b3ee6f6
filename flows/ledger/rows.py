"""Between the ledger's rows and the values of `schemas`: times, lists and states as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from schemas.entries import Decision, Entry, Submission
from schemas.faults import Fault
from schemas.orders import Intent, IntentState
from schemas.sheet_layout import SheetLayout

Row = Mapping[Any, Any]


_SAME_IN_AN_INTENT: Final = (
    "intent_id",
    "account",
    "environment",
    "key_fingerprint",
    "customer_id",
    "order_type",
    "reference",
    "body",
    "body_key",
    "correlation_id",
    "workbook_hash",
    "reassign_users",
    "sends",
    "error_code",
    "error_message",
    "doubt",
    "looks",
    "under_repeat",
)
_SAME_IN_A_SUBMISSION: Final = (
    "submission_id",
    "workbook_hash",
    "name",
    "account",
    "environment",
    "output",
    "output_hash",
    "came_from",
)


def moment(at: datetime) -> str:
    """UTC in one fixed width, so that text order is time order."""
    return f"{at.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


def _maybe(at: datetime | None) -> str | None:
    return moment(at) if at else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def intent_row(intent: Intent) -> dict[str, Any]:
    """The row of a new intent; it has no lease and no order yet."""
    return {
        **{name: getattr(intent, name) for name in _SAME_IN_AN_INTENT},
        "written_at": moment(intent.written_at),
        "state": str(intent.state),
        "first_sent_at": _maybe(intent.first_sent_at),
        "last_sent_at": _maybe(intent.last_sent_at),
        "order_id": intent.order_id or None,
        "error_details": json.dumps(intent.error_details),
        "answered_at": _maybe(intent.answered_at),
        "lease_owner": "",
        "lease_until": "",
        "looked_at": _maybe(intent.looked_at),
        "replaces": intent.replaces or None,
    }


def intent_of(row: Row) -> Intent:
    """An intent from its row."""
    return Intent(
        intent_id=row["intent_id"],
        account=row["account"],
        environment=row["environment"],
        key_fingerprint=row["key_fingerprint"],
        customer_id=row["customer_id"],
        order_type=row["order_type"],
        reference=row["reference"],
        body=row["body"],
        body_key=row["body_key"],
        correlation_id=row["correlation_id"],
        written_at=datetime.fromisoformat(row["written_at"]),
        workbook_hash=row["workbook_hash"],
        reassign_users=row["reassign_users"],
        state=IntentState(row["state"]),
        sends=row["sends"],
        first_sent_at=_time(row["first_sent_at"]),
        last_sent_at=_time(row["last_sent_at"]),
        order_id=row["order_id"] or "",
        error_code=row["error_code"],
        error_message=row["error_message"],
        error_details=tuple(json.loads(row["error_details"])),
        answered_at=_time(row["answered_at"]),
        doubt=row["doubt"],
        looks=row["looks"],
        looked_at=_time(row["looked_at"]),
        replaces=row["replaces"] or "",
        under_repeat=row["under_repeat"],
    )


def entry_row(submission_id: str, entry: Entry) -> dict[str, Any]:
    """The row of one order of a submission."""
    return {
        **asdict(entry),
        "submission_id": submission_id,
        "lines": json.dumps(entry.lines),
        "decision": str(entry.decision),
        "intent_id": entry.intent_id or None,
        "answered_at": _maybe(entry.answered_at),
    }


def entry_of(row: Row) -> Entry:
    """One order of a submission from its row."""
    return Entry(
        position=row["position"],
        reference=row["reference"],
        customer_id=row["customer_id"],
        order_type=row["order_type"],
        lines=tuple((line[0], line[1]) for line in json.loads(row["lines"])),
        decision=Decision(row["decision"]),
        intent_id=row["intent_id"] or "",
        code=row["code"],
        what_happened=row["what_happened"],
        what_to_do=row["what_to_do"],
        request=row["request"],
        answer=row["answer"],
        refused=row["refused"],
        answered_at=_time(row["answered_at"]),
        body_key=row["body_key"],
    )


def submission_row(submission: Submission) -> dict[str, Any]:
    """The row of a submission."""
    return {
        **{name: getattr(submission, name) for name in _SAME_IN_A_SUBMISSION},
        "started_at": moment(submission.started_at),
        "finished_at": _maybe(submission.finished_at),
        "layout": submission.layout.model_dump_json(),
        "notes": json.dumps(submission.notes),
    }


def submission_of(row: Row) -> Submission:
    """A submission from its row."""
    return Submission(
        submission_id=row["submission_id"],
        workbook_hash=row["workbook_hash"],
        name=row["name"],
        account=row["account"],
        environment=row["environment"],
        started_at=datetime.fromisoformat(row["started_at"]),
        layout=SheetLayout.model_validate_json(row["layout"]),
        notes=tuple(json.loads(row["notes"])),
        finished_at=_time(row["finished_at"]),
        output=row["output"],
        output_hash=row["output_hash"],
        came_from=row["came_from"],
    )


def fault_row(submission_id: str, position: int, fault: Fault) -> dict[str, Any]:
    """The row of one fault of a submission."""
    return {**asdict(fault), "submission_id": submission_id, "position": position}


def fault_of(row: Row) -> Fault:
    """A fault from its row."""
    names = ("sheet", "row", "column", "title", "cell", "value", "code", "message", "hint")
    return Fault(**{name: row[name] for name in names}, severity=row["severity"])
