"""The script that users write today, under the same faults and kills: how often it orders twice.

It reads with pandas, posts in a loop with three retries on any error (a new correlation id each
time), and writes the result when it is through. Whoever finds it dead starts it again.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pandas as pd

from tests.torture import books, reading
from tests.torture.market import Market
from tests.torture.terms import Terms, mix
from tests.torture.workbooks import Author, Sheet
from tests.torture.worker import Life, Nursery

_TRIES = 4
_LONGEST_RUN = 3.0
_FEWEST_WORKBOOKS = 20


def order_all(life: Life) -> None:
    """The naive script: one workbook, from its first row to its last."""
    settings = life.environment
    url, key = settings["ORDERDROP_MARKETPLACE_URL"], settings["ORDERDROP_CLIENT_ID"]
    rows = pd.read_excel(life.workbook, dtype=str, keep_default_na=False)
    form = {
        "grant_type": "client_credentials",
        "client_id": key,
        "client_secret": settings["ORDERDROP_CLIENT_SECRET"],
        "scope": "openid,AdobeID,read_organizations",
    }
    with httpx.Client(timeout=float(settings["ORDERDROP_READ_SECONDS"])) as client:
        token = client.post(f"{url}/ims/token/v3", data=form).json()["access_token"]
        signed = {"X-Api-Key": key, "Authorization": f"Bearer {token}"}
        for reference, lines in rows.groupby("externalReferenceId", sort=False):
            rows.loc[lines.index, "orderId"] = _ordered(client, url, signed, reference, lines)
    rows.to_excel(Path(life.workbook).with_suffix(".result.xlsx"))
    sys.exit(0)


def _ordered(
    client: httpx.Client, url: str, signed: dict[str, str], reference: Any, lines: pd.DataFrame
) -> str:
    first = lines.iloc[0]
    body = {
        "externalReferenceId": reference,
        "orderType": first["orderType"],
        "currencyCode": first["currencyCode"],
        "lineItems": [
            {
                "extLineItemNumber": number,
                "offerId": line["offerId"],
                "quantity": int(line["quantity"]),
            }
            for number, line in enumerate(lines.to_dict("records"), start=1)
        ],
    }
    for _ in range(_TRIES):
        fresh = {"X-Correlation-Id": str(uuid4()), "X-Request-Id": str(uuid4())}
        try:
            path = f"{url}/v3/customers/{first['customerId']}/orders"
            answer = client.post(path, json=body, headers=signed | fresh)
            answer.raise_for_status()
            return str(answer.json()["orderId"])
        except (httpx.HTTPError, ValueError, KeyError):
            continue
    return "failed"


@dataclass(frozen=True, slots=True)
class Harm:
    """What the naive script did."""

    wanted: int
    too_many: int
    lost: int
    kills: int


def measure(
    seed: int, kills: int, terms: Terms, folder: Path, say: Callable[[str], None] = print
) -> Harm:
    """Run it over workbooks of plain orders until it was killed as often as was asked."""
    draw = random.Random(seed)  # noqa: S311  # reproducible, not secret
    author = Author(seed, folder / "sheets", only_new=True)
    nursery = Nursery()
    killed = 0
    sheets: list[Sheet] = []
    with Market(folder, terms, mix(0.015, 0.002), seed) as market:
        plain = Life(terms.environment(market.url, folder), log=str(folder / "runs.log"))
        while killed < kills or len(sheets) < _FEWEST_WORKBOOKS:
            sheet = author.next_sheet()
            sheets.append(sheet)
            for path, body in sheet.seeds:
                market.control("POST", path, body)
            life = replace(plain, workbook=str(sheet.path))
            killed += _started_until_it_ends(nursery, life, draw, kills - killed)
            if len(sheets) % 10 == 0:
                say(f"{killed} kills, {len(sheets)} workbooks")
        book = reading.placed(market.orders())
    expected = [one for sheet in sheets for one in sheet.expected]
    return Harm(
        wanted=len(expected),
        too_many=len(book) - len({order.key for order in book}),
        lost=len([*books.lost(expected, book)]),
        kills=killed,
    )


def _started_until_it_ends(nursery: Nursery, life: Life, draw: random.Random, most: int) -> int:
    """Start it, kill it at a random instant, start it again; how often it was killed."""
    for killed in range(most):
        process = nursery.begin(life, order_all)
        process.join(draw.uniform(0.0, _LONGEST_RUN))
        if process.exitcode is not None:
            return killed
        process.kill()
        process.join()
    nursery.live_out(life, does=order_all)
    return max(most, 0)
