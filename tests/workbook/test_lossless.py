"""Nothing of the user's is lost: what we put in can be taken out, and the source is left."""

from __future__ import annotations

import dataclasses
import posixpath
import re
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from xml.parsers import expat

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from flows.workbook.reconcile import reconcile
from schemas.columns import RESULT_COLUMNS
from schemas.faults import Fault
from schemas.outcomes import OrderOutcome, RowAnswer, State
from schemas.sheet_layout import SheetLayout
from tests.workbook.hand_made import SHEET, Features, layout_of, made
from tests.workbook.taking_out import parts_of, taken_out
from tests.workbook.test_reconcile import summary

WHEN = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
COLS = (
    "",
    '<col min="1" max="3" width="20" customWidth="1"/>',
    '<col min="2" max="16384" width="9" hidden="1"/>',
    '<col min="1" max="5" width="9"/><col min="7" max="8" width="3"/><col min="30" max="40"/>',
)

FEATURES = st.builds(
    Features,
    seed=st.integers(0, 1000),
    rows=st.integers(2, 5),
    prefix=st.sampled_from(["", "x:"]),
    addresses=st.booleans(),
    blank_rows=st.booleans(),
    heights=st.booleans(),
    styles=st.booleans(),
    bom=st.booleans(),
    remarks_cdata=st.booleans(),
    blanks_beyond=st.booleans(),
    dimension=st.sampled_from(["", "A1", "A1:E4", "A1:XFD9"]),
    cols=st.sampled_from(COLS),
    table=st.booleans(),
    totals=st.booleans(),
    filtered=st.booleans(),
    print_area=st.booleans(),
    notes=st.booleans(),
    threaded=st.booleans(),
    merged=st.booleans(),
    second_open=st.booleans(),
    quantities=st.booleans(),
    extras=st.booleans(),
    charts=st.booleans(),
)


def answers_for(features: Features, states: list[State]) -> list[RowAnswer]:
    return [
        RowAnswer(
            row=row,
            state=state,
            result=f"Practice: {state}",
            order_id="0206417733",
            line_price=Decimal("1E+2"),
            what_happened="=1+1 <&> " + "word " * (row * 12),
            answered_at=WHEN,
            asks_anew=state is State.NEEDS_APPROVAL,
        )
        for row, state in zip(range(2, features.rows + 2), states, strict=False)
    ]


def faults_for(cells: list[str]) -> list[Fault]:
    return [
        Fault("My orders", 2, "x", "x", cell, "", "CODE", "It is wrong.", "Mend it.")
        for cell in cells
    ]


def orders_for(answers: list[RowAnswer]) -> list[OrderOutcome]:
    """An order for each row, some with the same reference as a formula has."""
    return [
        OrderOutcome("=1+1", "P1005053401", "NEW", (answer.row,), answer.state, answer.result)
        for answer in answers
    ]


def settled(layout: SheetLayout) -> SheetLayout:
    """The layout of the reconciled workbook."""
    ours = dict(zip(RESULT_COLUMNS, range(6, 19), strict=True))
    return layout.model_copy(update={"result_columns": ours, "last_column": 18})


def assert_whole(source: bytes, output: bytes) -> None:
    before, after = parts_of(source), parts_of(taken_out(output))
    assert list(before) == list(after)
    for name, content in before.items():
        assert after[name] == content, name


def targets_of(parts: dict[str, bytes], relations: str) -> set[str]:
    """The parts that a part of relations leads to."""
    folder = posixpath.dirname(posixpath.dirname(relations))
    found = re.findall(rb"Target=[\"']([^\"']+)", parts[relations])
    return {
        posixpath.normpath(posixpath.join("/", folder, target.decode())).lstrip("/")
        for target in found
    }


def assert_sound(output: bytes) -> None:
    """Each part is well-formed and listed once, and every relation leads to a part."""
    parts = parts_of(output)
    listed = re.findall(rb"PartName=[\"']/([^\"']+)", parts["[Content_Types].xml"])
    assert len(listed) == len(set(listed))
    assert {name.decode() for name in listed} <= set(parts)
    for name in parts:
        if name.endswith(".rels"):
            assert targets_of(parts, name) <= set(parts), name
    for name, content in parts.items():
        if name.endswith((".xml", ".rels")):
            expat.ParserCreate().Parse(content, True)
    book = load_workbook(BytesIO(output))
    assert book.sheetnames == ["My orders", "Other", "Summary", "Orders", "To do"]
    assert book.active is not None
    assert book.active.title == "My orders"


@given(
    features=FEATURES,
    states=st.lists(st.sampled_from(list(State)), min_size=5, max_size=5),
    cells=st.lists(st.sampled_from(["A2", "B2", "C3", "D2", "D3", "E2"]), unique=True),
    approve=st.sampled_from([0, 4, 5]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(Features(second_open=True, print_area=True), [State.DONE] * 5, ["D2"], 0)
@example(Features(), [State.NEEDS_APPROVAL] * 5, [], 4)
@example(Features(prefix="x:"), [State.NEEDS_APPROVAL] * 5, ["D2", "E2"], 5)
def test_taken_out_again_the_source_is_left(
    features: Features, states: list[State], cells: list[str], approve: int
) -> None:
    source, layout = made(features), layout_of(features)
    if approve:
        columns = {**layout.columns, "approve": approve}
        layout = layout.model_copy(update={"columns": columns})
    answers, faults = answers_for(features, states), faults_for(cells)
    output = reconcile(source, layout, answers, faults, summary(), orders_for(answers))
    assert_whole(source, output)
    assert_sound(output)
    sheet = load_workbook(BytesIO(output))["My orders"]
    assert [cell.value for cell in sheet[1]][5:18] == list(RESULT_COLUMNS)
    for answer in answers:
        assert sheet.cell(answer.row, 6).value == answer.result
        assert sheet.cell(answer.row, 16).value == answer.what_happened
        if answer.asks_anew and approve and not features.merged:
            assert sheet.cell(answer.row, approve).value is None

    orders = orders_for(answers[:1])
    again = reconcile(output, settled(layout), answers[:1], faults[1:], summary(), orders)
    assert_whole(source, again)
    assert_sound(again)
    sheet = load_workbook(BytesIO(again))["My orders"]
    assert [sheet.cell(answer.row, 6).value for answer in answers[:2]] == [answers[0].result, None]


def test_the_test_would_tell_if_a_byte_of_the_sheet_changed() -> None:
    features = Features()
    source, layout = made(features), layout_of(features)
    output = reconcile(source, layout, answers_for(features, [State.DONE] * 3), [], summary())
    parts = parts_of(taken_out(output))
    assert parts[SHEET] == parts_of(source)[SHEET]
    changed = made(dataclasses.replace(features, seed=1))
    assert parts[SHEET] != parts_of(changed)[SHEET]
