"""Imported by the process that lives are forked from: what costs only the first time is done here.

A workbook is checked, and a ledger is made and closed: no thread, no socket and no open file is
left behind.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import tests.torture.worker as _worker
from flows.desk import check, open_ledger
from flows.settings import Settings
from tests.torture.workbooks import Author

__all__ = ["_worker"]


def _warm_up() -> None:
    """Check a workbook of one order without calling anybody."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(environment="practice", state_dir=folder, output=folder / "output")
        open_ledger(settings).close()
        check(Author(0, folder, (1, 1), only_new=True).next_sheet().path, settings, None)


_warm_up()
