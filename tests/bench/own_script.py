"""The script that a user writes: `python own_script.py WORKBOOK URL KEY SECRET [--threads 32]`.

pandas.read_excel, a loop of posts with httpx, order ids and statuses written beside the rows with
to_excel; with threads, a pool of them instead of the loop. It remembers nothing between two runs,
looks nothing up, follows no order to its end, and writes a workbook of values alone. It imports
nothing of ours, whose imports take longer than its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import pandas as pd

_LONGEST_ANSWER: Final = 30.0


def main() -> None:
    """Order everything in the workbook."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workbook", type=Path)
    parser.add_argument("url")
    parser.add_argument("key")
    parser.add_argument("secret")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    rows = pd.read_excel(options.workbook, dtype=str, keep_default_na=False, engine="openpyxl")
    orders = rows.groupby("externalReferenceId", sort=False)
    groups = [(lines.index, lines.to_dict("records")) for _, lines in orders]
    limits = httpx.Limits(max_connections=options.threads)
    with httpx.Client(base_url=options.url, timeout=_LONGEST_ANSWER, limits=limits) as client:
        client.headers.update(_signed_in(client, options.key, options.secret))
        bodies = (lines for _, lines in groups)
        answers = _all_placed(client, bodies, options.threads)
    for (index, _), answer in zip(groups, answers, strict=True):
        rows.loc[index, "Order ID"] = answer["orderId"]
        rows.loc[index, "Order status"] = answer["status"]
    rows.to_excel(options.workbook.with_suffix(".answers.xlsx"), index=False)


def _all_placed(
    client: httpx.Client, bodies: Iterable[list[dict[Any, Any]]], threads: int
) -> list[dict[str, Any]]:
    if threads == 1:
        return [_placed(client, lines) for lines in bodies]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda lines: _placed(client, lines), bodies))


def _signed_in(client: httpx.Client, key: str, secret: str) -> dict[str, str]:
    form = {
        "grant_type": "client_credentials",
        "client_id": key,
        "client_secret": secret,
        "scope": "openid,AdobeID,read_organizations",
    }
    answer = client.post("/ims/token/v3", data=form).raise_for_status()
    return {"X-Api-Key": key, "Authorization": f"Bearer {answer.json()['access_token']}"}


def _placed(client: httpx.Client, lines: list[dict[Any, Any]]) -> dict[str, Any]:
    first = lines[0]
    body = {
        "externalReferenceId": first["externalReferenceId"],
        "orderType": first["orderType"],
        "currencyCode": first["currencyCode"],
        "lineItems": [
            {
                "extLineItemNumber": int(line["extLineItemNumber"]),
                "offerId": line["offerId"],
                "quantity": int(line["quantity"]),
            }
            for line in lines
        ],
    }
    ids = {"X-Correlation-Id": str(uuid4()), "X-Request-Id": str(uuid4())}
    path = f"/v3/customers/{first['customerId']}/orders"
    answer = client.post(path, json=body, headers=ids).raise_for_status()
    placed: dict[str, Any] = answer.json()
    return placed


if __name__ == "__main__":
    main()
