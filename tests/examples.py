"""The vendor's published examples: twenty pairs of a request and its answer.

They lie in `tests/sandbox/examples`, one file a pair, as the reference has them. What stands
there in angle brackets (`<access token>`) is a secret that the vendor left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """One call and what came back; figures with decimals are Decimal, digit by digit.

    `body` is empty where the request has none.
    """

    name: str
    method: str
    path: str
    headers: dict[str, str]
    body: Json
    status: int
    answer: Json

    @property
    def customer_id(self) -> str:
        """The customer in the path."""
        return self.path.split("/")[3].partition("?")[0]

    @property
    def places_order(self) -> bool:
        """Whether an order came of it."""
        return self.method == "POST" and bool(self.answer.get("orderId"))


def _read(file: Path) -> Example:
    pair = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    request, response = pair["request"], pair["response"]
    return Example(
        name=file.stem,
        method=request["method"],
        path=request["path"],
        headers=request["headers"],
        body=request["body"] or {},
        status=response["status"],
        answer=response["body"],
    )


EXAMPLES = {
    file.name[:2]: _read(file)
    for file in sorted((Path(__file__).parent / "sandbox" / "examples").glob("*.json"))
}
"""All of them, by number: `EXAMPLES["03"]`."""


def values(body: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every single value of a JSON body with its path (`lineItems[0].quantity`), in its order.

    Lists may be tuples, as models write them; empty ones are values of their own. Two bodies
    with the same values here agree in the order of their fields as well, at every depth.
    """
    if isinstance(body, dict) and body:
        for name, value in body.items():
            yield from values(value, f"{path}.{name}".removeprefix("."))
    elif isinstance(body, list | tuple) and body:
        for place, value in enumerate(body):
            yield from values(value, f"{path}[{place}]")
    else:
        yield path, body
