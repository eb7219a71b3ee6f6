"""The answers of a workbook for machines: one record to an order row, as CSV or as JSON lines.

A record holds `row` (Excel's number), the order columns as they were read, `state` (as the
ledger and `--json` spell it) and our result columns by the names that the workbook shows.
Amounts are decimal numbers with a point, times ISO 8601 in UTC ("2026-11-25T19:22:40Z").

JSON lines keep every value exactly: amounts are text, an amount or a time that is not known is
null, a column that the sheet does not have is "". In the CSV (RFC 4180, UTF-8, with a header)
text that a spreadsheet could take for a formula, because it begins with = + - @ a tab or a
carriage return, has an apostrophe before it; amounts are ours and have none.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from schemas.columns import ORDER_COLUMNS, RESULT_COLUMNS
from schemas.faults import Stop
from schemas.outcomes import RowAnswer

if TYPE_CHECKING:
    import pandas as pd

_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")


class Format(StrEnum):
    """What `--also` knows; the value is the ending of the file."""

    CSV = "csv"
    JSONL = "jsonl"


class UnknownFormat(Stop):
    """`--also` names a format that there is not (exit code 2)."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Record:
    """One order row: what was read, by order column, and what became of it."""

    read: Mapping[str, str]
    answer: RowAnswer


def formats_of(names: Iterable[str]) -> tuple[Format, ...]:
    """The formats that are named, each once. Raises UnknownFormat."""
    named = {name.strip().lower() for name in names}
    for name in sorted(named - set(Format)):
        raise UnknownFormat(
            f'--also knows csv and jsonl (or both: csv,jsonl), and not "{name}". Nothing was '
            "ordered."
        )
    return tuple(known for known in Format if known in named)


def beside(workbook: Path, kind: Format) -> Path:
    """Where the answers for machines go: the reconciled workbook's name with another ending."""
    return workbook.with_suffix(f".{kind}")


def records(frame: pd.DataFrame, answers: Sequence[RowAnswer]) -> tuple[Record, ...]:
    """One record for each answer; `frame` is the order sheet as `workbook.read` gives it."""
    texts = frame[list(ORDER_COLUMNS)].to_dict("records")
    by_row = dict(zip(frame["row"].tolist(), texts, strict=True))
    return tuple(
        Record({str(column): text for column, text in by_row[answer.row].items()}, answer)
        for answer in answers
    )


def content(kind: Format, told: Sequence[Record]) -> bytes:
    """The file as bytes: the same records, the same bytes."""
    text = _as_csv(told) if kind is Format.CSV else _as_json_lines(told)
    # Half a surrogate pair, which a JSON answer can hold, has no place in UTF-8: its escape does.
    return text.encode("utf-8", errors="backslashreplace")


def _results(answer: RowAnswer) -> dict[str, str | Decimal | datetime | None]:
    """The result columns by name: "Order ID" is the answer's `order_id`, and so on."""
    fields = asdict(answer)
    return {column: fields[column.lower().replace(" ", "_")] for column in RESULT_COLUMNS}


def _as_csv(told: Sequence[Record]) -> str:
    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("row", *ORDER_COLUMNS, "state", *RESULT_COLUMNS))
    for record in told:
        read = (_inert(record.read[column]) for column in ORDER_COLUMNS)
        results = (
            _inert(value) if isinstance(value, str) else _plain(value) or ""
            for value in _results(record.answer).values()
        )
        writer.writerow((record.answer.row, *read, str(record.answer.state), *results))
    return out.getvalue()


def _as_json_lines(told: Sequence[Record]) -> str:
    lines = (
        {
            "row": record.answer.row,
            **{column: record.read[column] for column in ORDER_COLUMNS},
            "state": str(record.answer.state),
            **{column: _plain(value) for column, value in _results(record.answer).items()},
        }
        for record in told
    )
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)


def _plain(value: str | Decimal | datetime | None) -> str | None:
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case _:
            return value


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text
