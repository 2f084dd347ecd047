"""Reading a figure from a flat scene: named points, lines, circles and marks of right angles.

A point is a dot with a capital letter beside it. A line is drawn with <line> from dot to dot; lines that continue each
other are one. A circle is the stroke around a dot. A mark of a right angle is a small open corner at a dot. Whatever is
nearly on a line or circle is unclear: the least such distance is the figure's clearance, in px.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from shapely import MultiPolygon, Polygon

from ...geometry import FlatObject, FlatScene, classify_outline
from ...geometry.constraints import Condition, Figure
from ...render import Rejected

CANVAS = 336
LETTERS = tuple("ABCDEFGHJKLMNOPQRST")
MAX_POINTS, MAX_LINES, MAX_CIRCLES = 14, 24, 4
ON, OFF = 1.5, 7.0
"""A dot nearer to a line or circle than the first, px, is on it; one nearer than the second is unclear."""
MAX_DOT, MIN_LINE, MAX_MARK = 10.0, 16.0, 24.0
STRAIGHT, BENT = 0.6, 5.0
"""Lines that meet at less than the first, degrees, are one; at less than the second, unclear."""
MAX_LABEL, LABEL_LEAD = 24.0, 4.0
"""How far a letter may be from its dot, px, and how much nearer than to any other."""
MIN_LABEL = 7.0
MAX_LUMINANCE = 0.55

Place = tuple[float, float]


@dataclass(frozen=True)
class Part:
    """A thing that requirements count."""

    kind: str

    def described_by(self, words: Sequence[str]) -> bool:
        """Whether every word is true of it."""
        return set(words) <= {self.kind}


@dataclass(frozen=True)
class Drawing:
    """What a picture of a figure shows; letters stand for points."""

    points: Mapping[str, Place]
    """Places in px."""
    lines: tuple[tuple[str, ...], ...]
    """Each with its points from end to end."""
    circles: Mapping[str, tuple[float, tuple[str, ...]]]
    """By the letter in the middle: radius, px, and the points on it."""
    rights: tuple[tuple[str, str, str], ...]
    """Marked right angles, the vertex in the middle."""
    clearance: float

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Positions of the points."""
        return {letter: i for i, letter in enumerate(self.points)}

    @cached_property
    def order(self) -> Mapping[str, int]:
        """Positions of the circles."""
        return {letter: i for i, letter in enumerate(self.circles)}

    def joined(self, a: str, b: str) -> bool:
        """Whether a drawn line runs through both points."""
        return any(a in line and b in line for line in self.lines)

    def between(self, middle: str, a: str, b: str) -> bool:
        """Whether a point is drawn on a line between two others."""
        return any(
            {middle, a, b} <= set(line)
            and min(line.index(a), line.index(b)) < line.index(middle) < max(line.index(a), line.index(b))
            for line in self.lines
        )

    @cached_property
    def facts(self) -> tuple[Condition, ...]:
        """What the picture says: points on lines and circles, right angles."""
        found: list[Condition] = []
        for line in self.lines:
            first, *inner, last = (self.index[letter] for letter in line)
            found += [_straight(first, each, last) for each in inner]
        for middle, (_, on) in self.circles.items():
            found += [_on_circle(self.index[middle], self.order[middle], self.index[each]) for each in on]
        for names in self.rights:
            a, vertex, b = (self.index[letter] for letter in names)
            found.append(_right(a, vertex, b))
        return tuple(found)

    def without(self, letter: str) -> "Drawing":
        """The drawing without what a point adds to it; the point keeps its place among the unknowns."""
        lines = [tuple(each for each in line if each != letter) for line in self.lines]
        circles = {
            middle: (radius, tuple(each for each in on if each != letter))
            for middle, (radius, on) in self.circles.items()
        }
        if letter in circles:
            circles[letter] = circles[letter][0], ()
        rights = []
        for a, vertex, b in self.rights:
            arms = [self._instead(vertex, each, letter) for each in (a, b)]
            if vertex != letter and None not in arms:
                rights.append((str(arms[0]), vertex, str(arms[1])))
        kept = tuple(line for line in lines if len(line) > 1)
        return replace(self, lines=kept, circles=circles, rights=tuple(rights))

    def _instead(self, vertex: str, arm: str, letter: str) -> str | None:
        """A point that stands for an arm of an angle when a letter is left out, or None."""
        if arm != letter:
            return arm
        others = (each for line in self.lines if {vertex, arm} <= set(line) for each in line)
        return next((each for each in others if each not in (vertex, arm)), None)

    def figure(self, scale: float) -> Figure:
        """As it is drawn, y up, `scale` units to a px."""
        places = [(x * scale, -y * scale) for x, y in self.points.values()]
        radii = [radius * scale for radius, _ in self.circles.values()]
        unknowns = np.array([*(each for place in places for each in place), *radii])
        return Figure(unknowns, len(places), [self.index[middle] for middle in self.circles])

    @property
    def parts(self) -> list[Part]:
        """What requirements count."""
        counts = {"point": self.points, "line": self.lines, "circle": self.circles, "right-angle": self.rights}
        return [Part(kind) for kind, each in counts.items() for _ in each]


def _straight(a: int, middle: int, b: int) -> Condition:
    return lambda figure: figure.turn(a, middle, a, b)


def _on_circle(middle: int, circle: int, point: int) -> Condition:
    return lambda figure: figure.length(middle, point) - figure.radius(circle)


def _right(a: int, vertex: int, b: int) -> Condition:
    return lambda figure: figure.slope(vertex, a, vertex, b)


# --- from a scene ----------------------------------------------------------------------------------------------


class UnclearError(Exception):
    """A figure that cannot be read, with the reason for its author."""

    def __init__(self, code: str, reason: str, hint: str) -> None:
        """Carry the rejection."""
        super().__init__(reason)
        self.rejected = Rejected(code, reason, hint)


def read_figure(scene: FlatScene) -> Drawing | Rejected:
    """The figure that a scene shows, or why it is not clear."""
    try:
        return _read(scene)
    except UnclearError as unclear:
        return unclear.rejected


def _read(scene: FlatScene) -> Drawing:
    if (scene.width, scene.height, scene.background) != (CANVAS, CANVAS, "#ffffff"):
        hint = f'begin with <svg viewBox="0 0 {CANVAS} {CANVAS}"> and leave the background white'
        raise UnclearError("canvas", f"{scene.width:g} x {scene.height:g} on {scene.background}", hint)
    sorted_out: dict[str, list[FlatObject]] = {"dot": [], "line": [], "circle": [], "mark": [], "text": []}
    for obj in scene.objects:
        sorted_out[_kind(obj)].append(obj)
    dots = [_middle(obj) for obj in sorted_out["dot"]]
    if not 3 <= len(dots) <= MAX_POINTS or len(sorted_out["line"]) > MAX_LINES:
        what = f"{len(dots)} dots and {len(sorted_out['line'])} lines"
        raise UnclearError("points", what, f"draw 3 to {MAX_POINTS} dots and at most {MAX_LINES} lines")
    names = _names(dots, sorted_out["text"], [*sorted_out["line"], *sorted_out["circle"]])
    points = {name: place for name, place in sorted(zip(names, dots, strict=True))}
    bare = assembled(points, [_ends(obj.outline) for obj in sorted_out["line"]], _circles(points, sorted_out["circle"]))
    rights = tuple(sorted(_right_angle(bare, obj.outline) for obj in sorted_out["mark"]))
    return replace(bare, rights=rights)


def assembled(
    points: Mapping[str, Place], pieces: Iterable[tuple[Place, Place]], radii: Mapping[str, float]
) -> Drawing:
    """The drawing of lines between places and of circles around points, without marks.

    Raises:
        UnclearError: what touches what cannot be told.
    """
    lines = _lines(points, pieces)
    circles = {}
    for middle, radius in sorted(radii.items()):
        on = [each for each, place in points.items() if abs(math.dist(place, points[middle]) - radius) <= ON]
        circles[middle] = radius, tuple(sorted(on))
    return Drawing(points, lines, circles, (), _clearance(points, lines, circles))


def _luminance(colour: str) -> float:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def _kind(obj: FlatObject) -> str:
    """Which part of a figure an object is."""
    name = f"object {obj.index + 1}"
    left, top, right, bottom = obj.outline.bounds
    paint = obj.stroke or obj.fill
    if paint is None or obj.gradient or _luminance(paint) > MAX_LUMINANCE:
        raise UnclearError("pale", f"{name} is hardly seen", "draw in black")
    if min(left, top) < -0.01 or max(right, bottom) > CANVAS + 0.01:
        raise UnclearError("cropped", f"{name} leaves the canvas", "keep the figure inside")
    if obj.text is not None:
        return "text"
    extent = max(right - left, bottom - top)
    if obj.kind == "circle" and not obj.stroke and extent <= MAX_DOT:
        return "dot"
    if obj.stroke and isinstance(obj.outline, Polygon):
        corners = len(obj.outline.exterior.coords) - 1
        if obj.outline.interiors:
            rings = [Polygon(ring) for ring in (obj.outline.exterior, *obj.outline.interiors)]
            if len(rings) == 2 and obj.fill is None and all(classify_outline(ring)[0] == "circle" for ring in rings):
                return "circle"
        elif corners == 4 and obj.kind in ("rectangle", "square") and extent >= MIN_LINE / 2:
            return "line"
        elif corners == 6 and extent <= MAX_MARK:
            return "mark"
    hint = "draw <line>, unfilled <circle>, small filled <circle> for points, <polyline> of two sides for right angles"
    raise UnclearError("part", f"{name} is no part of a figure", hint)


def _middle(obj: FlatObject) -> Place:
    x, y = obj.outline.centroid.coords[0]
    return x, y


def _names(dots: Sequence[Place], texts: Sequence[FlatObject], strokes: Sequence[FlatObject]) -> list[str]:
    """The letter of each dot."""
    found: dict[int, str] = {}
    for obj in texts:
        left, top, right, bottom = obj.outline.bounds
        middle = (left + right) / 2, (top + bottom) / 2
        if obj.text not in LETTERS or obj.text in found.values():
            raise UnclearError(
                "label", f"{obj.text!r:.20} is no letter of its own", f"use {''.join(LETTERS)}, each once"
            )
        gaps = sorted((math.dist(middle, dot), i) for i, dot in enumerate(dots))
        lead = gaps[1][0] - gaps[0][0]
        if gaps[0][0] > MAX_LABEL or lead < LABEL_LEAD or gaps[0][1] in found:
            raise UnclearError(
                "label", f"the letter {obj.text} is not beside one dot", "write it within 20 px of its dot"
            )
        crossed = any(obj.outline.intersects(stroke.outline) for stroke in strokes)
        if bottom - top < MIN_LABEL or crossed or obj.visible_share < 0.98:
            raise UnclearError(
                "label", f"the letter {obj.text} is hard to read", "keep it off lines, font size 12 or more"
            )
        found[gaps[0][1]] = obj.text
    if missing := [dot for i, dot in enumerate(dots) if i not in found]:
        x, y = missing[0]
        raise UnclearError("label", f"the dot at ({x:.0f}, {y:.0f}) has no letter", "name every dot")
    return [found[i] for i in range(len(dots))]


def _ends(outline: Polygon | MultiPolygon) -> tuple[Place, Place]:
    """The middles of a thin rectangle's short sides."""
    assert isinstance(outline, Polygon)
    corners = list(outline.exterior.coords)
    sides = sorted(pairwise(corners), key=lambda side: math.dist(*side))
    (a, b), (c, d) = sides[:2]
    return ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2), ((c[0] + d[0]) / 2, (c[1] + d[1]) / 2)


def _from_segment(point: Place, a: Place, b: Place) -> float:
    """Distance of a point from the segment between two others."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    share = ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / max(dx * dx + dy * dy, 1e-12)
    share = min(1.0, max(0.0, share))
    return math.dist(point, (a[0] + share * dx, a[1] + share * dy))


def _lines(points: Mapping[str, Place], pieces: Iterable[tuple[Place, Place]]) -> tuple[tuple[str, ...], ...]:
    """Pieces with the points on them, those that continue each other put together."""
    lines: list[set[str]] = []
    for a, b in pieces:
        ends = [name for end in (a, b) for name, place in points.items() if math.dist(place, end) <= ON]
        if len(set(ends)) != 2:
            what = f"the line from ({a[0]:.0f}, {a[1]:.0f}) to ({b[0]:.0f}, {b[1]:.0f}) does not join two dots"
            raise UnclearError("line", what, "begin and end every line on a dot")
        first, last = points[ends[0]], points[ends[1]]
        line = {name for name, place in points.items() if _from_segment(place, first, last) <= ON}
        while (other := next((each for each in lines if _continues(points, each, line)), None)) is not None:
            lines.remove(other)
            line |= other
        lines.append(line)
    return tuple(sorted(_along(points, line) for line in lines))


def _along(points: Mapping[str, Place], line: Iterable[str]) -> tuple[str, ...]:
    """The points of a line from end to end, the end with the lesser letter first."""
    names = sorted(line)
    start = max(names, key=lambda name: max(math.dist(points[name], points[each]) for each in names))
    found = sorted(names, key=lambda name: math.dist(points[start], points[name]))
    return tuple(found if found[0] < found[-1] else found[::-1])


def _continues(points: Mapping[str, Place], line: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two lines that share a point have one direction."""
    shared = set(line) & set(other)
    if not shared:
        return False
    first, second = _along(points, line), _along(points, other)
    angle = _between_lines(*(points[name] for name in (first[0], first[-1], second[0], second[-1])))
    if STRAIGHT < angle < BENT:
        what = f"{first[0]}{first[-1]} and {second[0]}{second[-1]} are almost one line"
        raise UnclearError("touching", what, "let lines meet at clear angles")
    return angle <= STRAIGHT


def _between_lines(a: Place, b: Place, c: Place, d: Place) -> float:
    """The angle between two lines in degrees, 0 to 90."""
    u, v = (b[0] - a[0], b[1] - a[1]), (d[0] - c[0], d[1] - c[1])
    angle = math.degrees(math.atan2(abs(u[0] * v[1] - u[1] * v[0]), u[0] * v[0] + u[1] * v[1]))
    return min(angle, 180 - angle)


def _circles(points: Mapping[str, Place], drawn: Sequence[FlatObject]) -> dict[str, float]:
    """Radii by the letter in the middle."""
    found: dict[str, float] = {}
    if len(drawn) > MAX_CIRCLES:
        raise UnclearError("circle", f"{len(drawn)} circles", f"draw at most {MAX_CIRCLES}")
    for obj in drawn:
        assert isinstance(obj.outline, Polygon)
        middle = _middle(obj)
        name = next((name for name, place in points.items() if math.dist(place, middle) <= ON), None)
        if name is None or name in found:
            what = f"a circle around ({middle[0]:.0f}, {middle[1]:.0f}) has no dot of its own in the middle"
            raise UnclearError("circle", what, "draw one circle around a named dot")
        left, top, right, bottom = obj.outline.bounds
        inner = Polygon(obj.outline.interiors[0]).bounds
        found[name] = (right - left + bottom - top + inner[2] - inner[0] + inner[3] - inner[1]) / 8
    return found


def _clearance(
    points: Mapping[str, Place],
    lines: Sequence[Sequence[str]],
    circles: Mapping[str, tuple[float, tuple[str, ...]]],
) -> float:
    """The least distance between dots, and of a dot from a line or circle that it is not on."""
    gaps = [math.dist(a, b) for x, a in points.items() for y, b in points.items() if x < y]
    for line in lines:
        ends = points[line[0]], points[line[-1]]
        gaps += [_from_segment(place, *ends) for name, place in points.items() if name not in line]
    for middle, (radius, on) in circles.items():
        gaps += [abs(math.dist(place, points[middle]) - radius) for name, place in points.items() if name not in on]
    return min(gaps)


def _right_angle(drawing: Drawing, outline: Polygon | MultiPolygon) -> tuple[str, str, str]:
    """The angle that a mark stands in: three letters, the vertex in the middle."""
    assert isinstance(outline, Polygon)
    ring = np.asarray(outline.exterior.coords)[:-1]
    sides = np.linalg.norm(np.roll(ring, -1, axis=0) - ring, axis=1)
    # An open corner has two short sides, its ends, opposite each other.
    first, second = sorted(np.argsort(sides)[:2].tolist())
    if second - first != 3:
        raise UnclearError(
            "part", "a shape of six corners is no mark of a right angle", "draw a corner of two equal sides"
        )
    ends = [(ring[i] + ring[(i + 1) % 6]) / 2 for i in (first, second)]
    before, after = (ring[(i + 2) % 6] for i in (first, second))
    corner = (before + after) / 2
    vertex = ends[0] + ends[1] - corner
    name = next((each for each, place in drawing.points.items() if math.dist(place, vertex) <= 2 * ON), None)
    arms = [None if name is None else _toward(drawing, name, end) for end in ends]
    if name is None or None in arms or len(set(arms)) != 2:
        what = f"the corner at ({corner[0]:.0f}, {corner[1]:.0f}) marks no right angle of two lines"
        raise UnclearError("mark", what, "draw a square of two sides at the dot where two lines meet")
    low, high = sorted(str(arm) for arm in arms)
    return low, name, high


def _toward(drawing: Drawing, vertex: str, end: np.ndarray) -> str | None:
    """The next point from the vertex on the line on which an end of a mark lies."""
    start = drawing.points[vertex]
    for line in (line for line in drawing.lines if vertex in line):
        at = line.index(vertex)
        for neighbour in (*line[max(0, at - 1) : at], *line[at + 1 : at + 2]):
            if _from_segment((float(end[0]), float(end[1])), start, drawing.points[neighbour]) <= ON:
                return neighbour
    return None
