"""Chart scenes: the content of a chart as data: panels with axes, series of marks, legends and words.

Places are px of the canvas, x right and y down. Values are those that a reader gets by holding drawn marks against
drawn axes: numbers in the unit of the tick labels, dates in days since 1970-01-01, categories by their label.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from .codec import CanonicalScene
from .scales import Scale, Tick

Value: TypeAlias = float | str
Bounds: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom."""

DIGITS = 9
"""Significant digits of values, so that a scene is the same on every machine."""


def significant(value: float, digits: int = DIGITS) -> float:
    """Round a `value` to so many significant `digits`.

    >>> significant(1234.5678, 6), significant(0.0), significant(-0.000123456, 3)
    (1234.57, 0.0, -0.000123)
    """
    # Adding 0 turns -0.0, which JSON would keep apart, into 0.0.
    return float(f"{value:.{digits}g}") + 0.0


@dataclass(frozen=True)
class ChartText:
    """A text that can be seen."""

    text: str
    role: str
    """`title`, `axis`, `legend`, `wedge`, `mark` (at a place among the marks) or `figure`."""
    bounds: Bounds
    colour: str
    """`#rrggbb`."""
    size: float
    """px."""


@dataclass(frozen=True)
class Axis:
    """One axis of a panel."""

    name: str
    """`x`, `y`, `angle`, `radius` or `colour`."""
    label: str
    """What is written along it, or nothing."""
    ticks: tuple[Tick, ...]
    """In order of place: px along x or y or the radius, degrees anticlockwise from the right for angles."""
    scale: Scale | None
    reason: str
    """Why there is no scale; empty where there is one."""
    ends: tuple[float, float]
    """Where it begins and ends: the panel's edges, in the ticks' unit of place."""

    @property
    def range(self) -> tuple[float, float] | None:
        """Return the values at its ends, the smaller one first; None for categories and without a scale."""
        if self.scale is None or self.scale.kind == "category":
            return None
        low, high = sorted(self.scale.value(end) for end in self.ends)
        return low, high


@dataclass(frozen=True)
class Mark:
    """One bar, point, vertex, wedge, box or cell."""

    values: Mapping[str, Value]
    """By name, which the series' kind tells (see `Series.kind`); those without a readable axis are left out."""
    bounds: Bounds
    visible: float
    """The share of it that later things leave to be seen."""


@dataclass(frozen=True)
class Series:
    """Marks that belong together, by look."""

    kind: str
    """What its marks are, and their values:

    `bar`           at, low, high: where it stands on the other axis, and its ends along the bar (low <= high);
                    `start` is the end that it grows from
    `histogram`     left, right, low, high
    `line`, `step`  x, y of each vertex in order of drawing
    `points`        x, y
    `area`          x, low, high at each vertex
    `error`         at, low, high
    `box`           at, low, q1, median, q3, high
    `wedge`         share, start, end (degrees anticlockwise from the right), and the label beside it
    `cell`          x, y, value
    `rule`          x or y: a straight line across the whole panel
    """
    upright: bool
    """Bars, boxes, errors: whether they run along y."""
    colour: str
    """`#rrggbb`, of the fill or else of the line, as painted."""
    alpha: float
    """1 where it hides what is under it."""
    label: str
    """Its name in the legend, or nothing."""
    contrast: float
    """Of its colour to what is under it, 0 to 1: the least of its marks."""
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class LegendEntry:
    """A row of a legend."""

    label: str
    colour: str


@dataclass(frozen=True)
class Panel:
    """One pair of axes with what is drawn in it."""

    bounds: Bounds
    title: str
    polar: bool
    axes: tuple[Axis, ...]
    series: tuple[Series, ...]
    legend: tuple[LegendEntry, ...]
    words: tuple[ChartText, ...]
    others: int
    """How many seen things are none of these: arrows, contours, spans. Questions on what all things are would be
    wrong where there are any."""
    unread: tuple[str, ...] = ()
    """The kinds of these others, each once: `arrow`, `contour`, `covered line`, `span` (see docs/matplotlib.md)."""

    def axis(self, name: str) -> Axis | None:
        """Return the axis of that `name`, or None."""
        return next((axis for axis in self.axes if axis.name == name), None)


@dataclass(frozen=True)
class ChartScene(CanonicalScene):
    """A figure."""

    width: float
    height: float
    background: str
    """`#rrggbb`."""
    panels: tuple[Panel, ...]
    words: tuple[ChartText, ...]
    """Those of no panel, such as the figure's title."""
    others: int
    """Seen things that are in no panel."""
    unread: tuple[str, ...] = ()
    """The kinds of these others, each once."""

    def to_dict(self) -> dict[str, Any]:
        """Return the scene as JSON values."""
        fields = asdict(self)
        for part in (fields, *fields["panels"]):
            # Left out where there are none: scenes without them are as they were before there was this field.
            if not part["unread"]:
                del part["unread"]
        for panel_fields, panel in zip(fields["panels"], self.panels, strict=True):
            for axis_fields, axis in zip(panel_fields["axes"], panel.axes, strict=True):
                axis_fields["scale"] = None if axis.scale is None else axis.scale.to_dict()
                axis_fields["ticks"] = [[tick.position, tick.label] for tick in axis.ticks]
        return fields

    @classmethod
    def from_json(cls, text: str) -> "ChartScene":
        """Read the `text` that `to_json` gave."""
        fields = json.loads(text)
        return cls(
            fields["width"],
            fields["height"],
            fields["background"],
            tuple(_panel(panel) for panel in fields["panels"]),
            tuple(_words(words) for words in fields["words"]),
            fields["others"],
            tuple(fields.get("unread", ())),
        )


def _panel(fields: dict[str, Any]) -> Panel:
    return Panel(
        **(
            fields
            | {
                "bounds": tuple(fields["bounds"]),
                "axes": tuple(_axis(axis) for axis in fields["axes"]),
                "series": tuple(_series(series) for series in fields["series"]),
                "legend": tuple(LegendEntry(**entry) for entry in fields["legend"]),
                "words": tuple(_words(words) for words in fields["words"]),
                "unread": tuple(fields.get("unread", ())),
            }
        )
    )


def _axis(fields: dict[str, Any]) -> Axis:
    scale = None if fields["scale"] is None else Scale.from_dict(fields["scale"])
    ticks = tuple(Tick(position, label) for position, label in fields["ticks"])
    return Axis(**(fields | {"scale": scale, "ticks": ticks, "ends": tuple(fields["ends"])}))


def _series(fields: dict[str, Any]) -> Series:
    marks = tuple(Mark(mark["values"], tuple(mark["bounds"]), mark["visible"]) for mark in fields["marks"])
    return Series(**(fields | {"marks": marks}))


def _words(fields: dict[str, Any]) -> ChartText:
    return ChartText(**(fields | {"bounds": tuple(fields["bounds"])}))
