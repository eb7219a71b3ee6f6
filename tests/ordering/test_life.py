"""The table of answers: docs/protocol.md, "What an answer does", row by row."""

from __future__ import annotations

import pytest

from flows.ordering.life import RULES, Kind, kind_of
from schemas.code_tables import error_codes
from schemas.orders import IntentState, OrderAnswer, Reply

PLACED = OrderAnswer.model_validate({"orderId": "9206417733", "status": "1002"})
NO_ID = OrderAnswer.model_validate({"status": "1002"})


def reply(status: int | None, code: str = "", *, service: bool = False, **more: object) -> Reply:
    return Reply("r", status, code=code, spoken_by_service=service, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        *((reply(status, order=PLACED), Kind.ACCEPTED) for status in (200, 201, 202)),
        (reply(201, order=NO_ID), Kind.UNREADABLE),
        (reply(201, "NET/BAD_ANSWER"), Kind.UNREADABLE),
        (reply(400, "1117", service=True), Kind.REFUSED),
        (reply(400, "4119", service=True), Kind.REFUSED),
        (reply(403, "4121", service=True), Kind.REFUSED),
        (reply(404, "1116", service=True), Kind.REFUSED),
        (reply(422, "RETURN_QTY_EXCEEDS_REMAINING", service=True), Kind.REFUSED),
        (reply(400, "4122", service=True), Kind.WORKED_ON),
        (reply(400, "4120", service=True), Kind.DOUBLED),
        (reply(401, "401013"), Kind.TOKEN),
        (reply(401, "4116", service=True), Kind.TOKEN),
        (reply(403, "4117", service=True), Kind.TOKEN),
        (reply(403, "4115", service=True), Kind.ACCESS),
        (reply(403, "403000"), Kind.ACCESS),
        (reply(403, "403003"), Kind.ACCESS),
        (reply(429, "4118", service=True), Kind.THROTTLED),
        (reply(429, "429050"), Kind.THROTTLED),
        (reply(500, "1124", service=True), Kind.SPOKEN_FAULT),
        (reply(500, "HTTP/500"), Kind.SILENT),
        (reply(502, "HTTP/502"), Kind.SILENT),
        (reply(503, "HTTP/503"), Kind.SILENT),
        (reply(504, "504001"), Kind.SILENT),
        (reply(400, "HTTP/400"), Kind.SILENT),
        (reply(302, "HTTP/302"), Kind.SILENT),
        (reply(None, "NET/NO_ANSWER"), Kind.SILENT),
        (reply(None, "NET/NOT_SENT"), Kind.NOT_SENT),
    ],
)
def test_each_answer_is_of_its_kind(answer: Reply, kind: Kind) -> None:
    assert kind_of(answer) is kind


@pytest.mark.parametrize(
    ("kind", "waits", "then"),
    [
        (Kind.ACCEPTED, (), IntentState.ACCEPTED),
        (Kind.UNREADABLE, (1, 2, 4, 8, 15), IntentState.LOOKING),
        (Kind.REFUSED, (), IntentState.REFUSED),
        (Kind.WORKED_ON, (30, 60, 120), IntentState.LOOKING),
        (Kind.DOUBLED, (0, 0), IntentState.LOOKING),
        (Kind.TOKEN, (0,), IntentState.SENT),
        (Kind.ACCESS, (), IntentState.SENT),
        (Kind.SPOKEN_FAULT, (), IntentState.LOOKING),
    ],
)
def test_each_kind_is_followed_as_the_protocol_says(
    kind: Kind, waits: tuple[float, ...], then: IntentState
) -> None:
    rule = RULES[kind]
    assert (rule.waits, rule.then) == (waits, then)
    assert rule.stops_run == (kind in {Kind.TOKEN, Kind.ACCESS})


def test_silence_is_asked_again_ten_times_growing_to_a_minute_and_stays_in_doubt() -> None:
    for kind in (Kind.SILENT, Kind.NOT_SENT):
        rule = RULES[kind]
        assert len(rule.waits) == 10
        assert list(rule.waits) == sorted(rule.waits)
        assert max(rule.waits) == 60
        assert rule.then is IntentState.SENT


def test_every_kind_has_a_rule() -> None:
    assert set(RULES) == set(Kind)


def test_nothing_but_a_spoken_refusal_counts_as_one() -> None:
    """Of all codes of the table, only those with status 400, 403, 404 or 422 can refuse."""
    for code in error_codes().values():
        for status in code.http_statuses:
            answer = reply(status, code.code, service=True)
            if kind_of(answer) is Kind.REFUSED:
                assert status in {400, 403, 404, 422}, code
