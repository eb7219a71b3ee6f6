"""The longest tests begin first, so that nobody waits for them at the end."""

from __future__ import annotations

from typing import Final

import pytest

LONGEST: Final = (
    "tests/machines/test_two_workers.py",
    "tests/command/test_workers.py",
    "tests/torture/",
    "tests/soak/",
    "tests/machines/",
    "tests/command/",
)
"""By the names that modules begin with, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    for place, name in enumerate(LONGEST):
        if item.nodeid.startswith(name):
            return place
    return len(LONGEST)
