"""A plot of lines as SVG: small enough to be read, and no library to keep."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 340, 260, 50, 40, 90
_LEGEND_LINE = 18
_COLORS = (
    "#4477aa",
    "#ee6677",
    "#228833",
    "#b8a000",
    "#33a0c0",
    "#aa3377",
    "#777777",
    "#cc6600",
    "#004488",
    "#994455",
    "#44aa99",
    "#222222",
)


class Line(NamedTuple):
    """Points from the left to the right, and what they show."""

    title: str
    points: list[tuple[float, float]]


class Panel(NamedTuple):
    """Lines over one pair of axes; lines of the same position have one color in all panels."""

    title: str
    lines: list[Line]


def draw(panels: Sequence[Panel], limit: float) -> str:
    """Panels side by side over one legend; x is logarithmic, y begins at 0.

    Args:
        panels: what is drawn; every line has the same x.
        limit: a y at which a dashed line is drawn.
    """
    highest = max(y for panel in panels for line in panel.lines for _, y in line.points)
    top = math.ceil(max(highest, limit) * 5) / 5
    titles = [line.title for line in panels[0].lines]
    width = _LEFT + len(panels) * (_WIDTH + _GAP)
    height = _TOP + _HEIGHT + 60 + math.ceil(len(titles) / 2) * _LEGEND_LINE
    box = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
    parts = [
        f'<svg {box} font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, _LEFT + number * (_WIDTH + _GAP), top, limit)
    parts += _legend(titles, width)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel, left: float, top: float, limit: float) -> Iterator[str]:
    xs = [x for x, _ in panel.lines[0].points]
    low, span = math.log(xs[0]), math.log(xs[-1]) - math.log(xs[0]) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log(x) - low) / span
        return left + across * _WIDTH, _TOP + _HEIGHT * (1 - y / top)

    yield _text(left, _TOP - 14, panel.title, "start", ' font-weight="bold"')
    for tenth in range(0, round(top * 10) + 1, 2):
        _, y = place(xs[0], tenth / 10)
        yield _stroke([(left, y), (left + _WIDTH, y)], "#dddddd")
        yield _text(left - 6, y + 4, f"{tenth / 10:.1f}x", "end")
    for x in xs:
        across, y = place(x, 0)
        yield _text(across, y + 18, f"{x:,.0f}".replace(",", " "), "middle")
    yield _text(left + _WIDTH / 2, _TOP + _HEIGHT + 36, "twins", "middle")
    yield _stroke([place(xs[0], limit), place(xs[-1], limit)], "#cc0000", ' stroke-dasharray="6 4"')
    for color, line in zip(_COLORS, panel.lines, strict=False):
        yield _stroke([place(x, y) for x, y in line.points], color, ' stroke-width="2"')


def _legend(titles: Sequence[str], width: float) -> Iterator[str]:
    for number, (color, title) in enumerate(zip(_COLORS, titles, strict=False)):
        x = _LEFT + number % 2 * (width - _LEFT) / 2
        y = _TOP + _HEIGHT + 60 + number // 2 * _LEGEND_LINE
        yield _stroke([(x, y - 4), (x + 20, y - 4)], color, ' stroke-width="2"')
        yield _text(x + 26, y, title, "start")


def _stroke(points: Sequence[tuple[float, float]], color: str, more: str = "") -> str:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{color}"{more}/>'


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(text)}</text>'
