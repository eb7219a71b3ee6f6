"""From the drop of a ten-row workbook to its answers: `python -m tests.bench.dropping`.

A watcher over the practice marketplace, everything warm; what a person waits after the copy.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
from openpyxl import Workbook

from tests.soak.watcher import Watcher
from tests.torture.prefect_api import prefect_server

ROWS = 10
_HEADER = ("externalReferenceId", "customerId", "orderType", "offerId", "quantity", "currencyCode")
_OFFERS = ("65310542CA04A12", "65318877CA04A12")
_CUSTOMER = {
    "customerId": "P1009900001",
    "companyName": "Dropping",
    "cotermDate": (datetime.now(UTC).date() + timedelta(days=200)).isoformat(),
    # So many that the price level holds whatever is ordered.
    "licences": [{"product": "65310542CA", "quantity": 50_000, "currencyCode": "USD"}],
}
_GIVES_UP_AFTER = 60.0

_say = partial(print, flush=True)


def main() -> None:
    """Drop one workbook after the other and say how long each took."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.dropping", description=__doc__)
    parser.add_argument("--drops", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orderdrop-dropping-") as name:
        folder = Path(name)
        with prefect_server(folder / "prefect") as prefect:
            seconds = _measured(folder, prefect, options.drops)
    _say(
        f"{len(seconds)} workbooks of {ROWS} rows, from the drop to the answers: median "
        f"{statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s"
    )


def _measured(folder: Path, prefect: dict[str, str], drops: int) -> list[float]:
    state, output = folder / "state", folder / "output"
    settings = {
        "ORDERDROP_ENVIRONMENT": "practice",
        "ORDERDROP_STATE_DIR": str(state),
        "ORDERDROP_OUTPUT": str(output),
        "ORDERDROP_APPROVE_ABOVE": "none",
    }
    watcher = Watcher(folder, folder / "inbox", settings | prefect)
    watcher.start()
    try:
        watcher.wait_until_ready(state)
        marketplace = json.loads((state / "practice" / "server.json").read_text())["url"]
        httpx.post(f"{marketplace}/control/seed-customer", json=_CUSTOMER).raise_for_status()
        return [_one(folder, number) for number in range(drops)]
    finally:
        watcher.stop()


def _one(folder: Path, number: int) -> float:
    """Seconds from the rename into the inbox until the reconciled workbook is there."""
    source = folder / f"drop-{number:03d}.xlsx"
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(_HEADER)
    for row in range(ROWS):
        reference = f"DROP-{number:03d}-{row // 2}"
        sheet.append([reference, _CUSTOMER["customerId"], "NEW", _OFFERS[row % 2], row + 1, "USD"])
    book.save(source)
    target = folder / "output" / f"drop-{number:03d}.reconciled.xlsx"
    began = time.monotonic()
    source.rename(folder / "inbox" / source.name)
    while not target.exists():
        if time.monotonic() - began > _GIVES_UP_AFTER:
            raise TimeoutError(f"{source.name} was not answered")
        time.sleep(0.01)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
