"""The chart on the Summary: orders by result as bars, drawn by Excel from the cells beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flows.workbook.areas import letters_of, quoted
from flows.workbook.look import HEADER, QUIET
from flows.workbook.markup import escaped
from flows.workbook.new_sheet import DECLARATION

_MAIN: Final = "http://schemas.openxmlformats.org/drawingml/2006/main"
_CHART: Final = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_SHEET_DRAWING: Final = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
_LINKS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

_PIXEL: Final = 9525
"""Units of a drawing (EMU) in a pixel."""

_WIDTH: Final = 390
_GAP: Final = 12
_ABOVE_BARS: Final = 54
_FOR_A_BAR: Final = 34


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: the words beside it, its length, its colour (six hexadecimal digits)."""

    words: str
    count: int
    colour: str


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of what stands in two columns of a sheet, words and counts, below a header row.

    Its upper left corner is that of the cell at `row` and `place`. All count from 1.
    """

    title: str
    bars: Sequence[Bar]
    header_row: int
    word_column: int
    count_column: int
    row: int
    place: int

    @property
    def last_row(self) -> int:
        """The row of the last bar; the first one stands right below the header."""
        return self.header_row + len(self.bars)

    @property
    def told(self) -> str:
        """The chart in words, for those who cannot see it."""
        return f"{self.title}: " + ", ".join(f"{bar.words} {bar.count:,}" for bar in self.bars)


def drawing_part(bars: Bars, relation: str) -> bytes:
    """The drawing that holds the chart, to which `relation` leads."""
    height = _ABOVE_BARS + _FOR_A_BAR * len(bars.bars)
    return (
        f'{DECLARATION}<xdr:wsDr xmlns:xdr="{_SHEET_DRAWING}" xmlns:a="{_MAIN}">'
        f"<xdr:oneCellAnchor><xdr:from><xdr:col>{bars.place - 1}</xdr:col>"
        f"<xdr:colOff>{_GAP * _PIXEL}</xdr:colOff><xdr:row>{bars.row - 1}</xdr:row>"
        "<xdr:rowOff>0</xdr:rowOff></xdr:from>"
        f'<xdr:ext cx="{_WIDTH * _PIXEL}" cy="{height * _PIXEL}"/>'
        '<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr>'
        f'<xdr:cNvPr id="2" name="{escaped(bars.title)}" descr="{escaped(bars.told)}"/>'
        "<xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr>"
        '<xdr:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/></xdr:xfrm>'
        f'<a:graphic><a:graphicData uri="{_CHART}"><c:chart xmlns:c="{_CHART}" '
        f'xmlns:r="{_LINKS}" r:id="{relation}"/></a:graphicData></a:graphic>'
        "</xdr:graphicFrame><xdr:clientData/></xdr:oneCellAnchor></xdr:wsDr>"
    ).encode()


def chart_part(bars: Bars, sheet: str) -> bytes:
    """The chart; it names the cells of `sheet` and holds what stands in them, for previews."""
    title = (
        f"<c:title><c:tx><c:rich><a:bodyPr/><a:p><a:pPr>{_letters(1100, bold=True)}</a:pPr>"
        f'<a:r><a:rPr lang="en" sz="1100" b="1">{_fill(HEADER.strong)}</a:rPr>'
        f"<a:t>{escaped(bars.title)}</a:t></a:r></a:p></c:rich></c:tx>"
        '<c:overlay val="0"/></c:title>'
    )
    return (
        f'{DECLARATION}<c:chartSpace xmlns:c="{_CHART}" xmlns:a="{_MAIN}" xmlns:r="{_LINKS}">'
        f'<c:roundedCorners val="0"/><c:chart>{title}<c:autoTitleDeleted val="0"/>'
        '<c:plotArea><c:layout/><c:barChart><c:barDir val="bar"/><c:grouping val="clustered"/>'
        f'<c:varyColors val="0"/>{_series(bars, sheet)}<c:gapWidth val="45"/>'
        '<c:axId val="701"/><c:axId val="702"/></c:barChart>'
        '<c:catAx><c:axId val="701"/><c:scaling><c:orientation val="maxMin"/></c:scaling>'
        '<c:delete val="0"/><c:axPos val="l"/><c:numFmt formatCode="General" sourceLinked="0"/>'
        '<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/>'
        f'<c:spPr><a:ln w="9525">{_fill("B8C0C8")}</a:ln></c:spPr>{_text(1000)}'
        '<c:crossAx val="702"/><c:crosses val="autoZero"/><c:auto val="0"/>'
        '<c:lblAlgn val="ctr"/><c:lblOffset val="100"/><c:noMultiLvlLbl val="1"/></c:catAx>'
        '<c:valAx><c:axId val="702"/><c:scaling><c:orientation val="minMax"/><c:min val="0"/>'
        '</c:scaling><c:delete val="1"/><c:axPos val="t"/>'
        '<c:numFmt formatCode="#,##0" sourceLinked="0"/><c:majorTickMark val="none"/>'
        '<c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/><c:crossAx val="701"/>'
        '<c:crosses val="autoZero"/><c:crossBetween val="between"/></c:valAx>'
        "<c:spPr><a:noFill/></c:spPr></c:plotArea>"
        '<c:plotVisOnly val="0"/><c:dispBlanksAs val="gap"/></c:chart>'
        f"<c:spPr>{_fill('FFFFFF')}<a:ln><a:noFill/></a:ln></c:spPr></c:chartSpace>"
    ).encode()


def _series(bars: Bars, sheet: str) -> str:
    first, last = bars.header_row + 1, bars.last_row
    points = "".join(
        f'<c:dPt><c:idx val="{place}"/><c:invertIfNegative val="0"/><c:bubble3D val="0"/>'
        f'<c:spPr>{_fill(bar.colour)}<a:ln w="9525">{_fill(QUIET)}</a:ln></c:spPr></c:dPt>'
        for place, bar in enumerate(bars.bars)
    )
    words, counts = letters_of(bars.word_column), letters_of(bars.count_column)
    at = escaped(quoted(sheet))
    name = f"{at}!${counts}${bars.header_row}"
    return (
        f'<c:ser><c:idx val="0"/><c:order val="0"/><c:tx><c:strRef><c:f>{name}</c:f>'
        f'<c:strCache><c:ptCount val="1"/>{_point(0, "Orders")}</c:strCache></c:strRef></c:tx>'
        f"<c:spPr>{_fill(QUIET)}</c:spPr>"
        f'<c:invertIfNegative val="0"/>{points}'
        '<c:dLbls><c:numFmt formatCode="#,##0" sourceLinked="0"/><c:spPr><a:noFill/></c:spPr>'
        f'{_text(1000, bold=True)}<c:dLblPos val="outEnd"/><c:showLegendKey val="0"/>'
        '<c:showVal val="1"/><c:showCatName val="0"/><c:showSerName val="0"/>'
        '<c:showPercent val="0"/><c:showBubbleSize val="0"/></c:dLbls>'
        f"<c:cat><c:strRef><c:f>{at}!${words}${first}:${words}${last}</c:f><c:strCache>"
        f'<c:ptCount val="{len(bars.bars)}"/>'
        f"{''.join(_point(n, bar.words) for n, bar in enumerate(bars.bars))}"
        "</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:f>{at}!${counts}${first}:${counts}${last}</c:f><c:numCache>"
        f'<c:formatCode>#,##0</c:formatCode><c:ptCount val="{len(bars.bars)}"/>'
        f"{''.join(_point(n, str(bar.count)) for n, bar in enumerate(bars.bars))}"
        "</c:numCache></c:numRef></c:val></c:ser>"
    )


def _point(place: int, value: str) -> str:
    return f'<c:pt idx="{place}"><c:v>{escaped(value)}</c:v></c:pt>'


def _fill(colour: str) -> str:
    return f'<a:solidFill><a:srgbClr val="{colour}"/></a:solidFill>'


def _letters(size: int, *, bold: bool = False) -> str:
    return f'<a:defRPr sz="{size}" b="{int(bold)}">{_fill(HEADER.strong)}</a:defRPr>'


def _text(size: int, *, bold: bool = False) -> str:
    return (
        f"<c:txPr><a:bodyPr/><a:p><a:pPr>{_letters(size, bold=bold)}</a:pPr>"
        '<a:endParaRPr lang="en"/></a:p></c:txPr>'
    )
