"""What `orderdrop check` writes of orders that it does not send."""

from __future__ import annotations

from pathlib import Path

from openpyxl import load_workbook

from flows.desk import check
from flows.settings import Settings

SAMPLES = Path(__file__).parents[2] / "sample_data"


def test_orders_that_are_ready_are_listed_as_such(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state")
    result = check(SAMPLES / "with-mistakes.xlsx", settings, tmp_path / "checked.xlsx")
    book = load_workbook(result.output)
    results = [row[3] for row in book["Orders (2)"].iter_rows(min_row=2, values_only=True)]
    assert len(results) == sum(result.orders.values()) == 57
    assert results.count("Practice: Ready to be sent") == result.orders["ready"] == 8
    assert results.count("Practice: Held") == result.orders["held"] == 49
    summary = [row[:4] for row in book["Summary"].iter_rows(values_only=True)]
    assert (
        "Ready to be sent",
        8,
        10,
        "Nothing is wrong with these orders. They were only checked, not sent.",
    ) in summary
    assert ("In all", 57, 65, None) in summary
