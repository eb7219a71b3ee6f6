"""Every published example: its request over HTTP, its answer to the letter."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from tests.examples import EXAMPLES, Example, Json, values

if TYPE_CHECKING:
    import httpx

    from tests.sandbox.conftest import Sandbox

CUSTOMER = "1007315862"
CLIENT = EXAMPLES["01"].body["client_id"]
SECRET = EXAMPLES["01"].body["client_secret"]
DESIGN, SKETCH, LATER = EXAMPLES["13"].answer["items"]
"""The subscriptions that the examples speak of, as the list shows them in the end."""

A_WHILE = timedelta(seconds=30)


def _subscription(shown: Json, **changes: object) -> tuple[str, Json]:
    """The seed of a subscription that the list shows."""
    body = {
        "customerId": CUSTOMER,
        **{
            name: shown[name]
            for name in (
                "subscriptionId",
                "offerId",
                "currentQuantity",
                "currencyCode",
                "creationDate",
                "renewalDate",
                "status",
            )
        },
        "usedQuantity": shown.get("usedQuantity", 0),
        "autoRenewal": shown["autoRenewal"]["enabled"],
        "renewalQuantity": shown["autoRenewal"]["renewalQuantity"],
        "renewedQuantity": shown.get("renewedQuantity"),
        "canBeRenewedLate": "allowedActions" in shown,
    }
    return "seed-subscription", body | changes


OWNED = _subscription(DESIGN, renewedQuantity=None)
"""Design Suite before anything of it was renewed early."""


def _past_order(order_id: str, moment: str) -> tuple[str, Json]:
    line = EXAMPLES["03"].body["lineItems"][0] | {"quantity": 1}
    body = {"orderId": order_id, "customerId": CUSTOMER, "creationDate": moment}
    return "seed-order", body | {"lineItems": [line]}


@dataclass(frozen=True, slots=True)
class Situation:
    """What is so when an example's call comes.

    `at` is the server's time, `seeds` what goes to the control interface (path, body),
    `earlier` the examples that were carried out and finished before, `created` the ids of the
    subscriptions that come of this one, `fault` what hits the call.
    """

    at: str
    seeds: tuple[tuple[str, Json], ...] = ()
    earlier: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    fault: str = ""

    @property
    def needs_nothing(self) -> bool:
        """Whether the customer may have bought nothing yet."""
        return not self.seeds and not self.earlier


SITUATIONS = {
    "01": Situation("2026-10-03T15:20:00Z"),
    "02": Situation("2026-10-03T15:20:41Z"),
    "03": Situation(
        "2026-10-03T15:27:08Z",
        created=tuple(line["subscriptionId"] for line in EXAMPLES["04"].answer["lineItems"]),
    ),
    "04": Situation("2026-10-03T15:40:00Z", earlier=("03",)),
    "05": Situation("2026-10-09T09:02:55Z", earlier=("03",)),
    "06": Situation(
        "2026-12-30T11:41:19Z",
        seeds=(
            ("seed-price", {"product": "65310542CA", "start": "2026-12-01", "priceUsd": "436.35"}),
            (
                "seed-product",
                {"product": "65319006CA", "priceUsd": "155.62", "stage": "discontinued"},
            ),
            (
                "seed-discount",
                {
                    "id": "0e4d8a1b-77c3-4f19-8b0e-5a9cd2f3e671",
                    "code": "LOYAL_SEAT_10",
                    "value": 10,
                    "start": "2026-01-01T00:00:00Z",
                    "end": "2026-12-01T00:00:00Z",
                },
            ),
            _subscription(DESIGN, renewedQuantity=None, flexDiscountCodes=["LOYAL_SEAT_10"]),
            _subscription(
                SKETCH,
                status="1000",
                autoRenewal=True,
                canBeRenewedLate=False,
                renewalDate="2027-02-14",
            ),
        ),
    ),
    "07": Situation("2027-01-20T18:05:33Z", seeds=(OWNED,)),
    "08": Situation("2026-10-06T13:11:02Z", seeds=(OWNED,)),
    "09": Situation(
        "2026-10-06T13:14:47Z",
        seeds=(OWNED,),
        created=(EXAMPLES["10"].answer["cancellingItems"][0]["subscriptionId"],),
    ),
    "10": Situation("2026-10-12T08:30:16Z", earlier=("09",)),
    "11": Situation("2026-10-12T08:33:59Z", earlier=("09",)),
    "12": Situation(
        "2026-10-12T10:00:00Z",
        earlier=("05",),
        seeds=(
            _past_order("9206400000", "2026-03-01T08:00:00Z"),
            _past_order("9206400001", "2026-10-10T08:00:00Z"),
            _past_order("9206400002", "2026-10-11T08:00:00Z"),
        ),
    ),
    "13": Situation(
        "2027-01-23T09:00:00Z",
        seeds=(
            ("seed-product", {"product": "65321490CA", "priceUsd": "90.00"}),
            *map(_subscription, (DESIGN, SKETCH, LATER)),
        ),
    ),
    "14": Situation("2026-11-02T09:00:00Z", seeds=(OWNED,)),
    "15": Situation("2026-10-13T09:00:00Z"),
    "16": Situation("2026-10-13T09:00:00Z"),
    "17": Situation("2026-10-13T09:00:00Z"),
    "18": Situation("2026-10-13T09:00:00Z", fault="unexecuted-500-1124@1"),
    "19": Situation("2026-10-13T09:00:00Z", fault="get:429@1"),
    "20": Situation("2026-10-13T09:00:00Z", fault="unexecuted-504@1"),
}


@pytest.fixture
def vendor(request: pytest.FixtureRequest, start: Callable[..., Sandbox], number: str) -> Sandbox:
    """A marketplace with the client and the customer of the examples.

    Those that need nothing and leave nothing behind share one.
    """
    if SITUATIONS[number].needs_nothing and not EXAMPLES[number].places_order:
        sandbox: Sandbox = request.getfixturevalue("sandbox")
    else:
        sandbox = start("--finish-after", "1000000000", "--no-throttle")
    sandbox.control("POST", "seed-client", {"clientId": CLIENT, "clientSecret": SECRET})
    customer = {
        "customerId": CUSTOMER,
        "cotermDate": "2027-02-14",
        "creationDate": "2026-02-14T09:00:00Z",
    }
    sandbox.control("POST", "seed-customer", customer)
    return sandbox


def _send(sandbox: Sandbox, example: Example) -> httpx.Response:
    """The request as published, with a token that is good at this hour."""
    headers = dict(example.headers)
    if "Authorization" in headers:
        headers["Authorization"] = f"Bearer {sandbox.sign_in(CLIENT, SECRET)}"
    is_form = headers["Content-Type"] == "application/x-www-form-urlencoded"
    content = (urlencode if is_form else json.dumps)(example.body) if example.body else ""
    return sandbox.http.request(example.method, example.path, content=content, headers=headers)


def _call(sandbox: Sandbox, number: str) -> httpx.Response:
    """Bring the situation of an example about and send its request."""
    example, situation = EXAMPLES[number], SITUATIONS[number]
    for earlier in situation.earlier:
        _carry_out(sandbox, earlier)
    sandbox.set_clock(situation.at)
    for path, body in situation.seeds:
        sandbox.control("POST", path, body)
    if example.places_order:
        sandbox.control("POST", "renew")  # other customers' renewals take ids as well
        sandbox.control("PUT", "next-ids", {"orderIds": [example.answer["orderId"]]})
    sandbox.control("PUT", "faults", {"spec": situation.fault})
    return _send(sandbox, example)


def _carry_out(sandbox: Sandbox, number: str) -> None:
    """An example that is over: its order was placed at the published second, and finished."""
    answer = EXAMPLES[number].answer
    assert _call(sandbox, number).json()["orderId"] == answer["orderId"]
    moment = {"creationDate": answer["creationDate"]}
    sandbox.control("POST", f"orders/{answer['orderId']}", moment)
    sandbox.control("PUT", "next-ids", {"subscriptionIds": SITUATIONS[number].created})
    sandbox.finish()


def _as_published(answer: Json, example: Example) -> Json:
    """The answer with what no two calls have in common as the example has it.

    The token, and the seconds for which the clock ticked while the call was on its way.
    """
    if "access_token" in answer:
        return answer | {"access_token": example.answer["access_token"]}
    if example.method == "POST" and "creationDate" in answer:
        published = example.answer["creationDate"]
        waited = datetime.fromisoformat(answer["creationDate"]) - datetime.fromisoformat(published)
        assert timedelta() <= waited < A_WHILE
        return answer | {"creationDate": published}
    return answer


def _told(body: Json) -> list[tuple[str, str]]:
    """Every value as it is written: 418.900 is not 418.9, and "1" is not 1."""
    return [(path, repr(value)) for path, value in values(body)]


@pytest.mark.parametrize("number", EXAMPLES, ids=[e.name for e in EXAMPLES.values()])
def test_the_published_answer_comes_to_the_published_request(vendor: Sandbox, number: str) -> None:
    example = EXAMPLES[number]
    answer = _call(vendor, number)
    assert answer.status_code == example.status
    body: Any = json.loads(answer.text, parse_float=Decimal)
    assert _told(_as_published(body, example)) == _told(example.answer)


def test_all_twenty_examples_are_here() -> None:
    assert list(EXAMPLES) == list(SITUATIONS) == [f"{n:02d}" for n in range(1, 21)]
