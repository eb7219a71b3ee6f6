"""Workbooks that LibreOffice saved; they lie in `files`, whose README says how they were made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.workbook.made_by_others.book import Made, shown

FILES = Path(__file__).parent / "files"


def _saved(
    name: str, first_row: int = 2, left_alone: tuple[int, ...] = (), bears: tuple[str, ...] = ()
) -> Made:
    path = FILES / f"lo-{name}.xlsx"
    return Made(
        path.name, path.read_bytes(), rows=shown(first_row), left_alone=left_alone, bears=bears
    )


BOOKS: dict[str, Callable[[], Made]] = {
    "charts": partial(
        _saved, "charts", bears=("xl/charts/chart3.xml", "xl/media/image2.png", "docProps/app.xml")
    ),
    "conditions": partial(_saved, "conditions", bears=("xl/worksheets/sheet2.xml",)),
    "looks": partial(_saved, "looks", first_row=5),
    "notes": partial(_saved, "notes", bears=("xl/comments2.xml", "xl/drawings/vmlDrawing2.vml")),
    "pivot": partial(
        _saved,
        "pivot",
        bears=("xl/pivotTables/pivotTable1.xml", "xl/pivotCache/pivotCacheDefinition1.xml"),
    ),
    "table": partial(_saved, "table", left_alone=(5,)),
}
