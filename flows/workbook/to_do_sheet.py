"""The To do sheet: one row for each thing to mend, with a link to its first cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from flows.workbook import look
from flows.workbook.areas import address, quoted
from flows.workbook.list_sheet import ListColumn, ListRow
from flows.workbook.to_do import Task, told
from schemas.outcomes import RESULT, OrderOutcome
from schemas.sheet_layout import SheetLayout

COLUMNS: Final = (
    ListColumn("No.", 6, "place"),
    ListColumn("Result", 24, "quiet state"),
    ListColumn("What is wrong", 48, "prose"),
    ListColumn("What to do", 48, "prose"),
    ListColumn("Where", 20, "link"),
    ListColumn("Rows", 9, "count"),
    ListColumn("Orders", 10, "count"),
    ListColumn("References", 22, "id"),
    ListColumn("Value", 22, "id"),
)

NONE: Final = "Nothing to do."

MOST_TASKS: Final = 10_000
"""Different things that are listed; the marks on the order sheet tell of all."""

_WATCH: Final = "Worth a look"


def count_of_rows(tasks: Sequence[Task]) -> int:
    """How many rows the sheet has below its header."""
    return min(len(tasks), MOST_TASKS + 1)


def task_rows(
    tasks: Sequence[Task], orders: Sequence[OrderOutcome], layout: SheetLayout
) -> Iterator[ListRow]:
    """The rows of the sheet, the most urgent first."""
    sheet = quoted(layout.sheet)
    first_column = min(layout.columns.values(), default=1)
    listed = tasks[:MOST_TASKS]
    wanted = {row for task in listed for row in task.rows}
    order_of = {row: order for order in orders for row in order.rows if row in wanted}
    for number, task in enumerate(listed, start=1):
        references = {
            order.rows[0]: order.reference for row in task.rows if (order := order_of.get(row))
        }
        row, column = task.first
        yield ListRow(
            (
                str(number),
                _WATCH if task.state is None else RESULT[task.state],
                task.wrong,
                task.hint,
                task.where,
                str(len(task.rows)),
                str(len(references)),
                told(dict.fromkeys(text for text in references.values() if text)),
                told(task.values),
            ),
            look.WATCH if task.state is None else look.TONES[task.state],
            f"{sheet}!{address(row, column or first_column)}",
        )
    if len(tasks) > MOST_TASKS:
        more = f"and {len(tasks) - MOST_TASKS:,} more, told beside the rows themselves."
        yield ListRow(("", "", more, *[""] * (len(COLUMNS) - 3)), look.WATCH)
