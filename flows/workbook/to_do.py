"""What there is to mend: faults and answers put together where many rows have the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from flows.workbook.areas import Area, letters_of
from flows.workbook.row_words import row_words
from schemas.faults import Fault
from schemas.outcomes import NEEDS_PERSON, RowAnswer, State

URGENCY: Final[tuple[State | None, ...]] = (
    State.IN_DOUBT,
    State.FAILED,
    State.REFUSED,
    State.HELD,
    State.NEEDS_APPROVAL,
    State.PLACED_BEFORE,
    None,
)
"""The most urgent first; None is what holds no order."""

_EXAMPLE: Final = "For example: "
_VALUES: Final = 3
"""Values that are told one by one."""


@dataclass(slots=True)
class Task:
    """One thing to mend.

    `state` is that of its orders, None for a warning. `column` is where its cells stand, None
    when it concerns whole rows. `rows` ascend. `values` are what stood in the cells.
    """

    state: State | None
    column: int | None
    message: str
    hint: str
    rows: list[int] = field(default_factory=list)
    values: dict[str, None] = field(default_factory=dict)
    differs: bool = False

    @property
    def wrong(self) -> str:
        """What is wrong; an example where the words differ from row to row."""
        return _EXAMPLE + self.message if self.differs else self.message

    @property
    def where(self) -> str:
        """The cells or rows, in few words."""
        if self.column is not None:
            return row_words(self.rows, letters_of(self.column))
        return f"Row{'s' if len(self.rows) > 1 else ''} {row_words(self.rows)}"

    @property
    def first(self) -> tuple[int, int | None]:
        """Row and column of the first place."""
        return self.rows[0], self.column


def tasks(answers: Sequence[RowAnswer], faults: Sequence[Fault]) -> list[Task]:
    """All there is to mend, the most urgent first, and of equal urgency what mends most rows.

    Rows whose answer only points at other rows of their order, or only repeats their faults,
    are not told again.
    """
    found: dict[tuple[object, ...], Task] = {}
    held_by_fault: set[int] = set()
    for fault in sorted(faults, key=lambda fault: fault.row):
        is_warning = fault.severity == "warning"
        if not is_warning:
            held_by_fault.add(fault.row)
        area = Area.parse(fault.cell)
        column = area.first_column if area else None
        state = None if is_warning else State.HELD
        words = fault.message.replace(f'"{fault.value}"', "") if fault.value else fault.message
        key = (state, column, fault.code, words, fault.hint)
        task = found.setdefault(key, Task(state, column, fault.message, fault.hint))
        _add(task, fault.row, fault.message)
        if fault.value:
            task.values.setdefault(fault.value)
    needing = NEEDS_PERSON | {State.IN_DOUBT}
    for answer in sorted(answers, key=lambda answer: answer.row):
        if answer.state not in needing or answer.points_at_others:
            continue
        if answer.state is State.HELD and answer.row in held_by_fault:
            continue
        same = (answer.state, answer.error_code, answer.what_to_do)
        task = found.setdefault(
            same, Task(answer.state, None, answer.what_happened, answer.what_to_do)
        )
        _add(task, answer.row, answer.what_happened)
    place = {state: number for number, state in enumerate(URGENCY)}
    return sorted(found.values(), key=lambda t: (place[t.state], -len(t.rows), t.rows[0]))


def _add(task: Task, row: int, message: str) -> None:
    if not task.rows or task.rows[-1] != row:
        task.rows.append(row)
    task.differs |= message != task.message


def told(values: Iterable[str]) -> str:
    """Values one after the other; of many the first few, and how many more there are."""
    known = list(values)
    more = len(known) - _VALUES
    words = ", ".join(known[:_VALUES])
    return f"{words} and {more:,} more" if more > 0 else words
