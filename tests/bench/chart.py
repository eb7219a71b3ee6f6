"""The chart of docs/performance.md as SVG: orders a second, and calls a second over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_WIDTH: Final = 860
_LEFT: Final = 190
_RIGHT: Final = 70
_BAR: Final = 26
_GAP: Final = 12
_LINE_HEIGHT: Final = 150
_TITLE: Final = 40
_FOOT: Final = 46
_INK, _GREY, _LIGHT = "#1f2933", "#6b7785", "#d9dee4"
_BLUE, _RED = "#1f6fb2", "#c0392b"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; ours stand out."""

    name: str
    value: float
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """What happened in each second, with a limit and, if there was one, an event in a second."""

    title: str
    values: Sequence[int]
    limit: int
    event: str = ""
    event_at: float = 0.0


def chart(title: str, bars: Sequence[Bar], courses: Sequence[Course]) -> str:
    """Bars above, courses below."""
    parts: list[str] = []
    top = 10
    parts += _bars(top, title, bars)
    top += _TITLE + len(bars) * (_BAR + _GAP) + 10
    for course in courses:
        parts += _course(top, course)
        top += _TITLE + _LINE_HEIGHT + _FOOT
    inside = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" '
        f'width="{_WIDTH}" height="{top}" role="img" '
        'font-family="Segoe UI, Helvetica, Arial, sans-serif" font-size="13">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="{_WIDTH}" height="{top}" fill="#ffffff"/>\n{inside}\n</svg>\n'
    )


def _text(x: float, y: float, words: str, *, anchor: str = "start", more: str = "") -> str:
    fill = "" if "fill=" in more else f' fill="{_INK}"'
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{fill} {more}>{escape(words)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, stroke: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {stroke}/>'


def _heading(top: float, words: str) -> str:
    return _text(16, top + 20, words, more='font-weight="600" font-size="15"')


def _bars(top: float, title: str, bars: Sequence[Bar]) -> list[str]:
    most = max(bar.value for bar in bars)
    room = _WIDTH - _LEFT - _RIGHT
    parts = [_heading(top, title)]
    for number, bar in enumerate(bars):
        y = top + _TITLE + number * (_BAR + _GAP)
        length = max(room * bar.value / most, 1)
        colour = _BLUE if bar.is_ours else _LIGHT
        parts += [
            _text(_LEFT - 10, y + _BAR * 0.68, bar.name, anchor="end"),
            f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_BAR}" fill="{colour}"/>',
            _text(_LEFT + length + 8, y + _BAR * 0.68, f"{bar.value:.1f}"),
        ]
    return parts


def _course(top: float, course: Course) -> list[str]:
    """A line over seconds, its limit dashed."""
    left, base = 60, top + _TITLE + _LINE_HEIGHT
    most = 1.15 * max(*course.values, course.limit)
    across = (_WIDTH - left - _RIGHT) / max(len(course.values), 1)

    def x(second: float) -> float:
        return left + second * across

    def y(value: float) -> float:
        return base - _LINE_HEIGHT * value / most

    points = " ".join(f"{x(n + 0.5):.1f},{y(value):.1f}" for n, value in enumerate(course.values))
    end = x(len(course.values))
    limit, step = y(course.limit), _step(len(course.values))
    parts = [
        _heading(top, course.title),
        _line(left, base, end, base, f'stroke="{_GREY}"'),
        _line(left, limit, end, limit, f'stroke="{_RED}" stroke-dasharray="6 4"'),
        _text(end + 6, limit + 4, f"{course.limit}", more=f'fill="{_RED}"'),
        _text(left - 8, base + 4, "0", anchor="end", more=f'fill="{_GREY}"'),
        f'<polyline fill="none" stroke="{_BLUE}" stroke-width="1.8" points="{points}"/>',
    ]
    parts += [
        _text(x(second), base + 18, f"{second} s", anchor="middle", more=f'fill="{_GREY}"')
        for second in range(0, len(course.values) + 1, step)
    ]
    if course.event:
        at = x(course.event_at)
        parts += [
            _line(at, base, at, base - _LINE_HEIGHT, f'stroke="{_GREY}" stroke-dasharray="2 3"'),
            _text(at + 6, base - _LINE_HEIGHT + 8, course.event, more=f'fill="{_GREY}"'),
        ]
    return parts


def _step(seconds: int) -> int:
    """Between the marks of an axis of time: ten marks at most."""
    return next(step for step in (1, 5, 10, 20, 50, 100, 500, 1000, 10**6) if seconds <= 10 * step)
