"""Figures of curves over steps, and how numbers are written on pages."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

MAX_POINTS = 300
"""Points of a curve, at most; more could not be told apart."""
WIDTH, HEIGHT = 320, 150
LEFT, RIGHT, TOP, BOTTOM = 38, 8, 8, 20

Points = list[tuple[float, float]]
"""Steps with values, NaN where a step has none."""
Line = tuple[str, str]
"""A line's style and its SVG path."""
Metrics = Sequence[Mapping[str, Any]]


def is_known(value: Any) -> bool:
    """Whether it is a number that can be shown."""
    return isinstance(value, int | float) and math.isfinite(value)


def percent(value: Any, digits: int = 1) -> str:
    """A share in per cent; a dash where it is unknown."""
    return f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%" if is_known(value) else "–"


def gain(value: Any) -> str:
    """A difference of shares in points, with its sign."""
    return f"{100 * value:+.1f}".replace("-", "−") if is_known(value) else "–"


def short(value: float, share: bool) -> str:
    """A value as briefly as a chart's label wants it."""
    return percent(value, 0) if share else f"{value:.3g}"


def points_of(metrics: Metrics, value: Callable[[Mapping[str, Any]], Any]) -> Points:
    """A value of each logged step."""
    found = ((float(entry["step"]), value(entry)) for entry in metrics)
    return [(step, float(number) if is_known(number) else math.nan) for step, number in found]


def smooth(points: Points) -> Points:
    """The mean over the neighbouring steps, about a tenth of the run."""
    half = max(1, len(points) // 20)
    sums = [0.0, *accumulate(value for _, value in points)]
    result = []
    for i, (step, _) in enumerate(points):
        first, last = max(0, i - half), min(len(points), i + half + 1)
        result.append((step, (sums[last] - sums[first]) / (last - first)))
    return result


def ceiling(value: float) -> float:
    """The least of 1, 2, 2.5, 5 and 10 times a power of ten that is no less.

    >>> ceiling(0.0), ceiling(1.3), ceiling(70.0)
    (1.0, 2.0, 100.0)
    """
    if value <= 0:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(value))
    return next((power * digit for digit in (1, 2, 2.5, 5) if power * digit >= value * (1 - 1e-9)), power * 10)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a step and a value lie on a chart."""

    first: float
    last: float
    low: float
    high: float

    def place(self, step: float, value: float) -> tuple[float, float]:
        """Across and down, in the chart's units."""
        along = (step - self.first) / (self.last - self.first) if self.last > self.first else 0.5
        up = (value - self.low) / (self.high - self.low)
        return LEFT + along * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    def path(self, points: Points) -> str:
        """A line through the points, as an SVG path; a single point is a stroke of its own."""
        stride = -(-len(points) // MAX_POINTS)
        places = [self.place(*point) for point in (*points[:-1:stride], points[-1])]
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places) + ("h.1" if len(places) == 1 else "")


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure of curves over steps; the template draws it."""

    title: str
    frame: Frame
    share: bool
    lines: Sequence[Line]
    keys: Sequence[tuple[str, str, str, str]]
    """Style, label, first and last value of each curve."""

    @property
    def levels(self) -> list[tuple[float, str]]:
        """Height and label of the lines across."""
        values = (self.frame.low, (self.frame.low + self.frame.high) / 2, self.frame.high)
        return [(self.frame.place(self.frame.first, value)[1], short(value, self.share)) for value in values]


def chart(
    title: str, curves: Mapping[str, Points], *, share: bool = True, level: float | None = None, raw: bool = True
) -> Chart | None:
    """A figure of curves: smoothed, with the raw values faint behind; None where there are no values.

    Args:
        title: of the figure.
        curves: points by label, at most six.
        share: the values are shares, drawn from 0 to 100 %.
        level: a dashed line, such as chance.
        raw: False for values that are running means already and drawn as they are.
    """
    steps = [step for points in curves.values() for step, _ in points]
    known = {label: [point for point in points if is_known(point[1])] for label, points in curves.items()}
    curves = {label: points for label, points in known.items() if points}
    if not curves:
        return None
    values = [value for points in curves.values() for _, value in points]
    low = 0.0 if share or min(values) >= 0 else -ceiling(-min(values))
    frame = Frame(min(steps), max(steps), low, 1.0 if share else ceiling(max(values)))
    lines = [] if level is None else [("level", frame.path([(frame.first, level), (frame.last, level)]))]
    if raw:
        lines += [(f"line raw c{i}", frame.path(points)) for i, points in enumerate(curves.values())]
    keys = []
    for i, (label, points) in enumerate(curves.items()):
        shown = smooth(points) if raw else points
        lines.append((f"line c{i}", frame.path(shown)))
        keys.append((f"c{i}", label, short(shown[0][1], share), short(shown[-1][1], share)))
    return Chart(title, frame, share, lines, keys)
