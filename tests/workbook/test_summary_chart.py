"""The chart on the Summary, and the parts it is made of."""

from __future__ import annotations

import re
from datetime import datetime
from io import BytesIO
from typing import Any

from openpyxl import load_workbook

from flows.workbook.read import read_content
from flows.workbook.reconcile import reconcile
from schemas.outcomes import OrderOutcome, State
from tests.workbook.hand_made import Features, layout_of, made, packed
from tests.workbook.taking_out import parts_of
from tests.workbook.test_lossless import settled
from tests.workbook.test_reconcile import DONE, HELD, content_of, reconciled, source, summary

FIGURES = summary(
    orders={State.DONE: 11, State.HELD: 3, State.OPEN: 2},
    rows={State.DONE: 20, State.HELD: 5, State.OPEN: 2},
)


def summary_of(content: bytes) -> Any:
    return load_workbook(BytesIO(content))["Summary"]


def values_at(sheet: Any, reference: str) -> list[Any]:
    """What stands in the cells that a chart names."""
    title, _, area = reference.rpartition("!")
    assert title == f"'{sheet.title}'"
    found = sheet[area.replace("$", "")]
    return [row[0].value for row in found] if isinstance(found, tuple) else [found.value]


def test_the_bars_show_the_orders_by_result_from_the_cells_beside_them() -> None:
    sheet = summary_of(reconciled(content_of(source()), [DONE], [], FIGURES))
    (chart,) = sheet._charts
    (series,) = chart.series
    words = ["Ordered", "Accepted, not finished yet", "Held"]
    assert chart.barDir == "bar"
    assert values_at(sheet, series.cat.strRef.f) == words
    assert values_at(sheet, series.val.numRef.f) == [11, 2, 3]
    assert values_at(sheet, series.tx.strRef.f) == ["Orders"]
    assert [point.v for point in series.cat.strRef.strCache.pt] == words
    assert [point.v for point in series.val.numRef.numCache.pt] == [11, 2, 3]
    assert [point.spPr.solidFill.srgbClr for point in series.dPt] == [
        "D3EED6",
        "6FA3D8",
        "B3261E",
    ]
    assert series.dLbls.showVal
    assert chart.anchor._from.col == 4


def test_the_chart_is_told_in_words_as_well() -> None:
    parts = parts_of(reconciled(content_of(source()), [DONE], [], FIGURES))
    (drawing,) = (parts[name] for name in parts if name.startswith("xl/drawings/drawing"))
    assert b'descr="Orders by result: Ordered 11, Accepted, not finished yet 2, Held 3"' in drawing


def test_orders_that_are_ready_have_a_bar_of_their_own() -> None:
    ready = [
        OrderOutcome(f"PO-{row}", "P1", "NEW", (row, row + 1), None, "Ready to be sent")
        for row in (3, 5)
    ]
    content = content_of(source())
    figures = summary(orders={State.HELD: 1}, rows={State.HELD: 1}, ready=2)
    layout = read_content(content, "orders.xlsx").layout
    output = reconcile(content, layout, [HELD], [], figures, ready)
    (series,) = summary_of(output)._charts[0].series
    assert [point.v for point in series.cat.strRef.strCache.pt] == ["Ready to be sent", "Held"]
    assert [point.v for point in series.val.numRef.numCache.pt] == [2, 1]


def test_without_orders_there_is_no_chart() -> None:
    figures = summary(orders={}, rows={})
    output = reconciled(content_of(source()), [], [], figures)
    assert summary_of(output)._charts == []
    assert not [name for name in parts_of(output) if re.search(r"/(drawing|chart)\d", name)]


def test_started_and_finished_are_dates() -> None:
    sheet = summary_of(reconciled(content_of(source()), [DONE]))
    told = {row[0].value: row[1] for row in sheet.iter_rows(max_col=2)}
    for name in ("Started", "Finished"):
        assert told[name].value == datetime(2026, 7, 1, 14, 0)  # noqa: DTZ001
        assert told[name].number_format == "yyyy-mm-dd hh:mm"


def test_the_summary_is_one_page() -> None:
    setup = summary_of(reconciled(content_of(source()), [DONE])).page_setup
    assert (setup.orientation, setup.fitToWidth, setup.fitToHeight) == ("landscape", 1, 1)


def test_the_users_own_drawing_and_chart_stay_and_ours_get_other_names() -> None:
    features = Features(charts=True)
    source_bytes = made(features)
    output = reconcile(source_bytes, layout_of(features), [DONE], [], summary())
    before, after = parts_of(source_bytes), parts_of(output)
    for name in ("xl/drawings/drawing1.xml", "xl/charts/chart1.xml"):
        assert after[name] == before[name]
    assert {"xl/drawings/drawing2.xml", "xl/charts/chart2.xml"} <= set(after)
    book = load_workbook(BytesIO(output))
    assert len(book["Other"]._charts) == len(book["Summary"]._charts) == 1


def test_done_again_the_earlier_chart_is_gone_with_all_that_belongs_to_it() -> None:
    features = Features(charts=True)
    first = reconcile(made(features), layout_of(features), [DONE], [], summary())
    again = parts_of(reconcile(first, settled(layout_of(features)), [DONE], [], summary()))
    drawn = sorted(name for name in again if re.search(r"/(drawing|chart)\d", name))
    assert drawn == [
        "xl/charts/chart1.xml",
        "xl/charts/chart3.xml",
        "xl/drawings/_rels/drawing1.xml.rels",
        "xl/drawings/_rels/drawing3.xml.rels",
        "xl/drawings/drawing1.xml",
        "xl/drawings/drawing3.xml",
    ]
    types = again["[Content_Types].xml"].decode()
    assert re.findall(r'PartName="/xl/(?:drawings|charts)/(\w+)', types) == [
        "drawing1",
        "chart1",
        "drawing3",
        "chart3",
    ]


def test_what_a_sheet_of_the_users_shows_too_is_not_taken_away_with_ours() -> None:
    """The user puts a picture on our Summary that stands on a sheet of the user's as well."""
    features = Features(charts=True)
    parts = parts_of(reconcile(made(features), layout_of(features), [DONE], [], summary()))
    links = "xl/drawings/_rels/drawing{}.xml.rels"
    image = (
        '<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/image" Target="../media/{}"/></Relationships>'
    )
    for number, name in ((1, "both.png"), (2, "both.png"), (2, "ours.png")):
        part = links.format(number)
        new = image.format(name).replace("rId9", f"rId{name}")
        parts[part] = parts[part].replace(b"</Relationships>", new.encode())
    parts |= {"xl/media/both.png": b"1", "xl/media/ours.png": b"2"}
    layout = settled(layout_of(features))
    again = parts_of(reconcile(packed(parts), layout, [DONE], [], summary()))
    assert again["xl/media/both.png"] == b"1"
    assert "xl/media/ours.png" not in again
