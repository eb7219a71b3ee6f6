"""Prefect's server away, for a short while, with every test run."""

from __future__ import annotations

from pathlib import Path

from tests.soak.away import BESIDE, ORDERS, away


def test_with_prefect_away_in_mid_run_orders_are_placed_once_and_a_run_completes_each_workbook(
    tmp_path: Path,
) -> None:
    outcome = away(tmp_path, 12)
    assert outcome.wrong == []
    assert sum(outcome.placed.values()) == ORDERS + 2 * BESIDE
