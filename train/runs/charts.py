"""Line plots over steps, and how numbers are written on pages."""

import json
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
    """Tell whether `value` is a number that can be shown."""
    return isinstance(value, int | float) and math.isfinite(value)


def percent(share: Any, digits: int = 1) -> str:
    """Write a `share` in per cent, with so many `digits`; a dash where it is unknown."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%" if is_known(share) else "–"


def gain(value: Any) -> str:
    """Write a difference of shares, `value`, in points with its sign."""
    return f"{100 * value:+.1f}".replace("-", "−") if is_known(value) else "–"


def short(value: float, is_share: bool) -> str:
    """Write a `value` as briefly as a chart's label wants it; `is_share` in per cent."""
    return percent(value, 0) if is_share else f"{value:.3g}"


def logged(metric_key: str) -> Callable[[Mapping[str, Any]], Any]:
    """Return the function that takes the metric called `metric_key` of a logged step, or None."""
    return lambda entry: entry.get(metric_key)


def points_of(metrics: Metrics, value_of: Callable[[Mapping[str, Any]], Any]) -> Points:
    """Take one value from each logged step of `metrics`, by `value_of`."""
    logged_values = ((float(entry["step"]), value_of(entry)) for entry in metrics)
    return [(step, float(logged_value) if is_known(logged_value) else math.nan) for step, logged_value in logged_values]


def smooth(points: Points) -> Points:
    """Return the mean of `points` over the neighbouring steps, about a tenth of the run."""
    half_window = max(1, len(points) // 20)
    running_sums = [0.0, *accumulate(value for _, value in points)]
    smoothed_points = []
    for i, (step, _) in enumerate(points):
        window_start, window_end = max(0, i - half_window), min(len(points), i + half_window + 1)
        smoothed_points.append(
            (step, (running_sums[window_end] - running_sums[window_start]) / (window_end - window_start))
        )
    return smoothed_points


def ceiling(value: float) -> float:
    """Return the least of 1, 2, 2.5, 5 and 10 times a power of ten that is not below `value`.

    >>> ceiling(0.0), ceiling(1.3), ceiling(70.0)
    (1.0, 2.0, 100.0)
    """
    if value <= 0:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(value))
    return next((power * digit for digit in (1, 2, 2.5, 5) if power * digit >= value * (1 - 1e-9)), power * 10)


@dataclass(frozen=True, slots=True)
class PlotFrame:
    """The range of steps and values that a plot shows."""

    first_step: float
    last_step: float
    low: float
    high: float

    def place(self, step: float, value: float) -> tuple[float, float]:
        """Return the place of a `step` and a `value`: across and down, in the plot's units."""
        along_share = (
            (step - self.first_step) / (self.last_step - self.first_step) if self.last_step > self.first_step else 0.5
        )
        up_share = (value - self.low) / (self.high - self.low)
        return LEFT + along_share * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up_share * (HEIGHT - TOP - BOTTOM)

    def path(self, points: Points) -> str:
        """Draw a line through `points`, as an SVG path; a single point is a stroke of its own."""
        stride = -(-len(points) // MAX_POINTS)
        pixel_places = [self.place(*point) for point in (*points[:-1:stride], points[-1])]
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in pixel_places) + ("h.1" if len(pixel_places) == 1 else "")


@dataclass(frozen=True, slots=True)
class LinePlot:
    """A plot of curves over steps; the template draws it."""

    title: str
    frame: PlotFrame
    share: bool
    lines: Sequence[Line]
    legend_keys: Sequence[tuple[str, str, str, str]]
    """Style, label, first and last value of each curve."""
    about: str = ""
    """What it says, in a sentence or two."""
    curve_points: Sequence[Points] = ()
    """Of each curve in the order of the legend, thinned out: the values that are shown when one points at it."""

    @property
    def readout(self) -> str:
        """The steps and values of each curve as JSON, for the page's script."""
        thinned = [points[:: -(-len(points) // MAX_POINTS)] for points in self.curve_points]
        curves = [[[int(step), float(f"{value:.4g}")] for step, value in points] for points in thinned]
        frame = [self.frame.first_step, self.frame.last_step]
        return json.dumps({"share": self.share, "steps": frame, "curves": curves}, separators=(",", ":"))

    @property
    def levels(self) -> list[tuple[float, str]]:
        """Height and label of the lines across."""
        values = (self.frame.low, (self.frame.low + self.frame.high) / 2, self.frame.high)
        return [(self.frame.place(self.frame.first_step, value)[1], short(value, self.share)) for value in values]


def chart(
    title: str,
    curves: Mapping[str, Points],
    *,
    is_share: bool = True,
    dashed_level: float | None = None,
    with_raw: bool = True,
    about: str = "",
) -> LinePlot | None:
    """Make a plot of `curves`: smoothed, with the raw values faint behind; None where there are no values.

    Args:
        title: of the plot.
        curves: points by label, at most six.
        is_share: the values are shares, drawn from 0 to 100 %.
        dashed_level: of a line across, such as chance.
        about: what it says.
        with_raw: False for values that are running means already and drawn as they are.
    """
    steps = [step for points in curves.values() for step, _ in points]
    known_points = {label: [point for point in points if is_known(point[1])] for label, points in curves.items()}
    curves = {label: points for label, points in known_points.items() if points}
    if not curves:
        return None
    values = [value for points in curves.values() for _, value in points]
    lowest = 0.0 if is_share or min(values) >= 0 else -ceiling(-min(values))
    frame = PlotFrame(min(steps), max(steps), lowest, 1.0 if is_share else ceiling(max(values)))
    lines = (
        []
        if dashed_level is None
        else [("level", frame.path([(frame.first_step, dashed_level), (frame.last_step, dashed_level)]))]
    )
    if with_raw:
        lines += [(f"line raw c{i}", frame.path(points)) for i, points in enumerate(curves.values())]
    legend_keys = []
    for i, (label, points) in enumerate(curves.items()):
        shown_points = smooth(points) if with_raw else points
        lines.append((f"line c{i}", frame.path(shown_points)))
        legend_keys.append((f"c{i}", label, short(shown_points[0][1], is_share), short(shown_points[-1][1], is_share)))
    return LinePlot(title, frame, is_share, lines, legend_keys, about, list(curves.values()))
