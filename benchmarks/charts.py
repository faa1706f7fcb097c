"""Charts as plain SVG: no library, readable in light and dark, named for those who do not see them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 170, 56, 56
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; }
  .small { font-size: 12px; fill: #57606a; }
  .grid { stroke: #d0d7de; }
  .goal { stroke: #a40e26; stroke-dasharray: 2 4; stroke-width: 1.5; }
  .goal-text { fill: #a40e26; font-size: 12px; }
  .line { fill: none; stroke-width: 2; }
  .before { stroke-dasharray: 6 4; opacity: .65; }
  .c0 { stroke: #0550ae; } .c1 { stroke: #9a5b00; } .c2 { stroke: #116329; } .c3 { stroke: #8250df; }
  .f0 { fill: #0550ae; } .f1 { fill: #9a5b00; } .f2 { fill: #116329; } .f3 { fill: #8250df; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .small { fill: #9198a1; } .grid { stroke: #3d444d; }
    .goal { stroke: #ff7b72; } .goal-text { fill: #ff7b72; }
    .c0 { stroke: #79c0ff; } .c1 { stroke: #e3b341; } .c2 { stroke: #7ee787; } .c3 { stroke: #d2a8ff; }
    .f0 { fill: #79c0ff; } .f1 { fill: #e3b341; } .f2 { fill: #7ee787; } .f3 { fill: #d2a8ff; }
  }
"""
COLOURS = 4
LABEL_GAP = 16


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of one thing that grows: ``x`` and ``y`` are above zero. ``before`` is dashed, ``dots`` marks them."""

    name: str
    points: tuple[tuple[float, float], ...]
    before: bool = False
    dots: bool = True


@dataclass(frozen=True, slots=True)
class Axis:
    """A logarithmic axis over whole decades, from values to pixels."""

    low: float
    high: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        share = (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        return round(self.begin + share * (self.end - self.begin), 1)

    def marks(self) -> list[float]:
        return [10.0**power for power in range(round(math.log10(self.low)), round(math.log10(self.high)) + 1)]


@dataclass(frozen=True, slots=True)
class Shares:
    """A straight axis of shares, from 0 to ``high``."""

    high: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        return round(self.begin + value / self.high * (self.end - self.begin), 1)

    def marks(self) -> list[float]:
        return [self.high * step / 5 for step in range(6)]


class Scale(Protocol):
    """What says where a value is drawn."""

    def at(self, value: float) -> float: ...


def over(values: Sequence[float], *, begin: float, end: float) -> Axis:
    """Return an axis whose decades hold all the values."""
    # A little over a decade (1,000,036 runs) does not open another one.
    low, high = math.floor(math.log10(min(values)) + 0.01), math.ceil(math.log10(max(values)) - 0.01)
    return Axis(10.0**low, 10.0 ** max(high, low + 1), begin, end)


def curves(title: str, shown: Sequence[Curve], *, x: str, y: str, goal: float, says: str) -> str:
    """Return curves over logarithmic axes with a line for the goal.

    Args:
        says: the same in a sentence, for those who hear it.
    """
    points = [point for curve in shown for point in curve.points]
    across = over([at for at, _ in points], begin=LEFT, end=WIDTH - RIGHT)
    up = over([*(value for _, value in points), goal], begin=HEIGHT - BOTTOM, end=TOP)
    order = {name: number for number, name in enumerate(dict.fromkeys(curve.name for curve in shown))}
    parts = [
        *grid(across, up, x=x, y=y),
        goal_line(up, goal),
        *(drawn(curve, across, up, colour=order[curve.name] % COLOURS) for curve in shown),
        *labels(shown, up, order),
    ]
    return document(title, says, parts)


def grid(
    across: "Axis | Shares", up: "Axis | Shares", *, x: str, y: str, tell: tuple[str, str] = (",.0f", ",g")
) -> list[str]:
    """Return a line and a number for each mark of both axes; ``tell`` is how their numbers are written."""
    columns = [
        f'<line class="grid" x1="{across.at(at)}" x2="{across.at(at)}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        f'<text class="small" x="{across.at(at)}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{at:{tell[0]}}</text>'
        for at in across.marks()
    ]
    rows = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up.at(at)}" y2="{up.at(at)}"/>'
        f'<text class="small" x="{LEFT - 8}" y="{up.at(at) + 4}" text-anchor="end">{at:{tell[1]}}</text>'
        for at in up.marks()
    ]
    middle = (LEFT + WIDTH - RIGHT) / 2
    names = [
        f'<text class="small" x="{middle}" y="{HEIGHT - 14}" text-anchor="middle">{escape(x)}</text>',
        f'<text class="small" x="{LEFT - 8}" y="{TOP - 12}" text-anchor="end">{escape(y)}</text>',
    ]
    return columns + rows + names


def goal_line(up: Axis, goal: float) -> str:
    y = up.at(goal)
    return (
        f'<line class="goal" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        f'<text class="goal-text" x="{WIDTH - RIGHT - 6}" y="{y - 5}" text-anchor="end">goal: under {goal:g}</text>'
    )


def drawn(curve: Curve, across: Scale, up: Scale, *, colour: int) -> str:
    places = [(across.at(x), up.at(y)) for x, y in curve.points]
    line = " ".join(f"{x},{y}" for x, y in places)
    style = f"line c{colour}" + (" before" if curve.before else "")
    dots = (
        ""
        if curve.before or not curve.dots
        else "".join(f'<circle class="f{colour}" cx="{x}" cy="{y}" r="3.5"/>' for x, y in places)
    )
    return f'<polyline class="{style}" points="{line}"/>{dots}'


def labels(shown: Sequence[Curve], up: Axis, order: Mapping[str, int]) -> list[str]:
    """Name each curve at its end, none over another."""
    ends = sorted(((up.at(curve.points[-1][1]), curve) for curve in shown), key=lambda end: end[0])
    placed: list[str] = []
    lowest = 0.0
    for y, curve in ends:
        lowest = max(y + 4, lowest + LABEL_GAP)
        value = f"{curve.points[-1][1]:,.0f}" if curve.points[-1][1] >= 10 else f"{curve.points[-1][1]:.1f}"
        text = escape(f"{curve.name}{' before' if curve.before else ''} {value}")
        place = f'x="{WIDTH - RIGHT + 10}" y="{round(lowest, 1)}"'
        placed.append(f'<text class="f{order[curve.name] % COLOURS}" {place}>{text}</text>')
    return placed


def shares(title: str, shown: Sequence[Curve], *, x: str, y: str, goal: tuple[float, float], says: str) -> str:
    """Return curves of shares over shares, with a cross where the goal is; the goal is at most half of the width."""
    across = Shares(min(1.0, 4 * goal[0]), LEFT, WIDTH - RIGHT)
    up = Shares(1.0, HEIGHT - BOTTOM, TOP)
    inside = [
        Curve(curve.name, tuple(point for point in curve.points if point[0] <= across.high), dots=False)
        for curve in shown
    ]
    parts = [*grid(across, up, x=x, y=y, tell=(".0%", ".0%"))]
    parts += [drawn(curve, across, up, colour=number % COLOURS) for number, curve in enumerate(inside)]
    parts += [named(curve, number) for number, curve in enumerate(inside)]
    at = across.at(goal[0]), up.at(goal[1])
    parts.append(f'<path class="goal" d="M{at[0] - 8} {at[1]}h16M{at[0]} {at[1] - 8}v16"/>')
    parts.append(f'<text class="goal-text" x="{at[0] + 12}" y="{at[1] + 4}">goal</text>')
    return document(title, says, parts)


def named(curve: Curve, number: int) -> str:
    place = f'x="{WIDTH - RIGHT + 10}" y="{TOP + 12 + number * LABEL_GAP}"'
    return f'<text class="f{number % COLOURS}" {place}>{escape(curve.name)}</text>'


BAR, BAR_LEFT = 30, 300


def bars(
    title: str, values: Sequence[tuple[str, float]], *, unit: str, says: str, goals: Mapping[str, float] | None = None
) -> str:
    """Return horizontal bars with their values, and a line at 1, or at each bar's own goal where there are goals."""
    longest = max(1.0, *(value for _, value in values))  # so that the line at 1 is in the picture
    scale = (WIDTH - BAR_LEFT - 90) / longest
    parts = []
    for number, (name, value) in enumerate(values):
        y = TOP + number * BAR
        parts.append(f'<text x="{BAR_LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect class="f0" x="{BAR_LEFT}" y="{y}" width="{value * scale:.1f}" height="20" rx="3"/>')
        parts.append(f'<text x="{BAR_LEFT + value * scale + 8:.1f}" y="{y + 15}">{value:g} {escape(unit)}</text>')
    height = TOP + len(values) * BAR + 16
    marks = [(1.0, TOP - 8, height - 16)]
    if goals is not None:
        tops = [(name, TOP + number * BAR) for number, (name, _) in enumerate(values) if name in goals]
        marks = [(goals[name], top - 4, top + 24) for name, top in tops]
    parts += [
        f'<line class="goal" x1="{at:.1f}" x2="{at:.1f}" y1="{begin}" y2="{end}"/>'
        for at, begin, end in ((BAR_LEFT + value * scale, begin, end) for value, begin, end in marks)
    ]
    return document(title, says, parts, height=height)


def document(title: str, says: str, parts: Sequence[str], *, height: int = HEIGHT) -> str:
    body = "\n".join(f"  {part}" for part in parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d">\n'
        f'  <title id="t">{escape(title)}</title>\n  <desc id="d">{escape(says)}</desc>\n  <style>{STYLE}  </style>\n'
        f'  <text class="title" x="16" y="26">{escape(title)}</text>\n{body}\n</svg>\n'
    )
