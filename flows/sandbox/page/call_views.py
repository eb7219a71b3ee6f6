"""What the page shows of the journal's calls."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate

from flows.sandbox.json_text import AsWritten, json_lines
from flows.sandbox.page.views import shown_moment
from flows.sandbox.records import JournalEntry
from schemas.code_tables import error_codes

LONGEST_BODY = 40_000
"""Signs of a request or answer that are shown; an order of 499 lines has more."""

_LONGEST_SET_OUT = 1_000_000
_DEEPEST_SET_OUT = 20
"""Setting out adds an indentation to every line: within these it stays small."""

_BRACKETS = re.compile(r"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call in the journal; `tone` colours its answer."""

    number: int
    at: str
    method: str
    path: str
    answer: str
    tone: str
    code: str
    meaning: str
    how: str
    order_id: str


@dataclass(frozen=True, slots=True)
class CallPage:
    """One call in full."""

    row: CallRow
    api_key: str
    query: str
    correlation_id: str
    request_id: str
    request_body: str
    answer_body: str


def call_row(entry: JournalEntry) -> CallRow:
    """A call as the journal's list shows it."""
    code = _code_in(entry.answer_body)
    known = error_codes().get(code)
    return CallRow(
        number=entry.number,
        at=shown_moment(entry.server_time),
        method=entry.method,
        path=entry.path,
        answer="closed" if entry.status is None else str(entry.status),
        tone=_tone(entry),
        code=code,
        meaning=known.meaning if known else "",
        how=_how(entry),
        order_id=entry.order_id or "",
    )


def call_page(entry: JournalEntry) -> CallPage:
    """A call with both bodies, JSON set out in lines."""
    answer = entry.answer_body
    return CallPage(
        row=call_row(entry),
        api_key=entry.api_key or "",
        query=entry.query,
        correlation_id=entry.correlation_id or "",
        request_id=entry.request_id or "",
        request_body=_set_out(entry.request_body),
        answer_body="" if answer is None else _set_out(answer.decode("utf-8", "replace")),
    )


def _tone(entry: JournalEntry) -> str:
    if entry.fault or entry.status is None:
        return "going"
    return "good" if entry.status < 300 else "bad"


def _how(entry: JournalEntry) -> str:
    """How the answer came about, where it was not simply given."""
    words = []
    if entry.fault:
        words.append(f"fault: {entry.fault}")
    if entry.replayed:
        words.append("repeated from memory")
    if entry.fault and entry.executed:
        words.append("executed all the same")
    return ", ".join(words)


def _code_in(body: bytes | None) -> str:
    """The code of an error body in any of its forms (section 5)."""
    try:
        answer = json.loads(body or b"")
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    return str(answer.get("code") or answer.get("error_code") or answer.get("error") or "")


def _depth(text: str) -> int:
    """How deep brackets are nested; those inside texts count too."""
    steps = (1 if bracket in "[{" else -1 for bracket in _BRACKETS.findall(text))
    return max(accumulate(steps), default=0)


def _set_out(text: str) -> str:
    # What is no JSON, or too long or too deep for any order, is shown as it came.
    if len(text) <= _LONGEST_SET_OUT and _depth(text) <= _DEEPEST_SET_OUT:
        with suppress(ValueError):
            text = json_lines(json.loads(text, parse_float=AsWritten, parse_int=AsWritten))
    if len(text) > LONGEST_BODY:
        return f"{text[:LONGEST_BODY]}\n… {len(text) - LONGEST_BODY:,} more signs"
    return text
