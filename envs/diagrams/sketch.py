"""Figures that are constructed step by step: a base, then points, lines and circles that build on what is there.

Points are complex numbers in no unit yet, y up. A step gives up, with False, where the figure has no place for it.
"""

import cmath
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..rng import Stream

Segment = tuple[int, int]
Corner = tuple[int, int, int]
Said = tuple[str, tuple[int, ...], tuple[int, ...]]
"""A condition in words: the operator and the points of its two arguments."""


@dataclass
class Sketch:
    """A figure under construction; points go by number."""

    places: list[complex] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    radii: dict[int, float] = field(default_factory=dict)
    """Of circles, by the point in the middle."""
    rights: list[Corner] = field(default_factory=list)
    """Marked right angles, the vertex in the middle."""
    said: list[Said] = field(default_factory=list)

    def point(self, place: complex, *joined: int) -> int:
        """A new point, with segments to others."""
        self.places.append(place)
        new = len(self.places) - 1
        self.segments += [(other, new) for other in joined]
        return new

    def on_one_line(self, a: int, b: int, c: int) -> bool:
        """Whether three points lie on a line."""
        u, v = self.places[b] - self.places[a], self.places[c] - self.places[a]
        return abs((u.conjugate() * v).imag) < 1e-6 * abs(u) * abs(v)

    def triangles(self) -> Iterator[Corner]:
        """Three points joined by two segments at least, the common point first."""
        joined = {frozenset(segment) for segment in self.segments}
        for v in range(len(self.places)):
            ends = sorted(other for pair in joined if v in pair for other in pair if other != v)
            for i in ends:
                for j in ends:
                    if i < j and not self.on_one_line(v, i, j):
                        yield v, i, j

    def closed(self) -> list[Corner]:
        """Those of the triangles of which the third side is drawn too."""
        joined = {frozenset(segment) for segment in self.segments}
        return [corner for corner in self.triangles() if frozenset(corner[1:]) in joined]


Step = Callable[[Stream, Sketch], bool]


# --- bases -----------------------------------------------------------------------------------------------------


def _third(stream: Stream, low: int = 35, high: int = 100) -> complex:
    """The apex of a triangle over the side from 0 to 1, by its two angles there."""
    while True:
        alpha, beta = stream.integer(low, high), stream.integer(low, high)
        if 30 <= 180 - alpha - beta <= 110:
            a, b = math.radians(alpha), math.radians(beta)
            return cmath.rect(math.sin(b) / math.sin(a + b), a)


def _outline(sketch: Sketch, corners: list[complex]) -> bool:
    for place in corners:
        sketch.point(place)
    sketch.segments += [(i, (i + 1) % len(corners)) for i in range(len(corners))]
    return True


def _triangle(stream: Stream, sketch: Sketch) -> bool:
    return _outline(sketch, [0, 1, _third(stream)])


def _right_triangle(stream: Stream, sketch: Sketch) -> bool:
    sketch.rights.append((1, 0, 2))
    return _outline(sketch, [0, 1, 1j * stream.uniform(0.5, 1.6)])


def _isosceles(stream: Stream, sketch: Sketch) -> bool:
    sketch.said.append(("equal", (0, 2), (1, 2)))
    return _outline(sketch, [0, 1, 0.5 + 1j * stream.uniform(0.6, 1.5)])


def _parallelogram(stream: Stream, sketch: Sketch) -> bool:
    side = cmath.rect(stream.uniform(0.5, 0.9), math.radians(stream.integer(50, 75)))
    sketch.said += [("parallel", (0, 1), (2, 3)), ("parallel", (1, 2), (0, 3))]
    return _outline(sketch, [0, 1, 1 + side, side])


def _trapezium(stream: Stream, sketch: Sketch) -> bool:
    left, height, top = stream.uniform(0.12, 0.3), stream.uniform(0.45, 0.7), stream.uniform(0.35, 0.55)
    sketch.said.append(("parallel", (0, 1), (2, 3)))
    return _outline(sketch, [0, 1, complex(left + top, height), complex(left, height)])


def _rectangle(stream: Stream, sketch: Sketch) -> bool:
    height = stream.uniform(0.45, 0.8)
    sketch.rights += [(3, 0, 1), (0, 1, 2), (1, 2, 3)]
    return _outline(sketch, [0, 1, 1 + 1j * height, 1j * height])


def _inscribed(stream: Stream, sketch: Sketch) -> bool:
    """A triangle in a circle, with a radius or two drawn."""
    first = stream.integer(80, 140)
    turns = [0, first, first + stream.integer(90, 130)]
    middle = sketch.point(0j)
    corners = [sketch.point(cmath.rect(1, math.radians(turn))) for turn in turns]
    sketch.segments += [(corners[0], corners[1]), (corners[1], corners[2]), (corners[0], corners[2])]
    sketch.segments += [(middle, corner) for corner in corners[: stream.integer(1, 2)]]
    sketch.radii[middle] = 1.0
    return True


def _on_diameter(stream: Stream, sketch: Sketch) -> bool:
    """A triangle over a diameter."""
    middle = sketch.point(0j)
    left, right = sketch.point(-1 + 0j), sketch.point(1 + 0j)
    top = sketch.point(cmath.rect(1, math.radians(stream.choice((50, 60, 70, 105, 115, 125)))), left, right)
    sketch.segments += [(left, right)]
    if stream.integer(0, 1):
        sketch.segments.append((middle, top))
    sketch.radii[middle] = 1.0
    return True


def _touching(stream: Stream, sketch: Sketch) -> bool:
    """A tangent from a point outside, with the radius and the line to the middle."""
    middle = sketch.point(0j)
    touch = sketch.point(1 + 0j, middle)
    outside = sketch.point(1 + 1j * stream.uniform(1.1, 1.9), touch, middle)
    sketch.radii[middle] = 1.0
    sketch.said.append(("tangent", (touch, outside), (middle,)))
    return True


BASES: tuple[Step, ...] = (
    _triangle, _right_triangle, _isosceles, _parallelogram, _trapezium, _rectangle, _inscribed, _on_diameter, _touching,
)  # fmt: skip


# --- steps -----------------------------------------------------------------------------------------------------


def _corner(stream: Stream, sketch: Sketch) -> Corner | None:
    """A triangle with drawn sides, the vertex that is built from first."""
    found = sketch.closed()
    if not found:
        return None
    v, i, j = stream.choice(found)
    return v, i, j


def _altitude(stream: Stream, sketch: Sketch) -> bool:
    if (corner := _corner(stream, sketch)) is None:
        return False
    v, i, j = corner
    p, a, b = (sketch.places[each] for each in corner)
    share = ((p - a) * (b - a).conjugate()).real / abs(b - a) ** 2
    if not 0.2 <= share <= 0.8 or abs(share - 0.5) < 0.04:
        return False
    foot = sketch.point(a + share * (b - a), v)
    sketch.rights.append((v, foot, i if share > 0.5 else j))
    return True


def _midpoint(stream: Stream, sketch: Sketch) -> bool:
    if (corner := _corner(stream, sketch)) is None:
        return False
    v, i, j = corner
    middle = sketch.point((sketch.places[i] + sketch.places[j]) / 2, v)
    sketch.said.append(("midpoint", (middle,), (i, j)))
    return True


def _bisector(stream: Stream, sketch: Sketch) -> bool:
    if (corner := _corner(stream, sketch)) is None:
        return False
    v, i, j = corner
    p, a, b = (sketch.places[each] for each in corner)
    # The bisector of an angle divides the opposite side in the ratio of the sides beside it.
    share = abs(a - p) / (abs(a - p) + abs(b - p))
    if abs(share - 0.5) < 0.04:
        return False
    foot = sketch.point(a + share * (b - a), v)
    sketch.said.append(("bisects", (v, foot), (i, v, j)))
    return True


def _cevian(stream: Stream, sketch: Sketch) -> bool:
    if (corner := _corner(stream, sketch)) is None:
        return False
    v, i, j = corner
    sketch.point(sketch.places[i] + stream.uniform(0.3, 0.7) * (sketch.places[j] - sketch.places[i]), v)
    return True


def _parallel(stream: Stream, sketch: Sketch) -> bool:
    if (corner := _corner(stream, sketch)) is None:
        return False
    v, i, j = corner
    share = stream.uniform(0.35, 0.65)
    first, second = (sketch.places[v] + share * (sketch.places[each] - sketch.places[v]) for each in (i, j))
    start = sketch.point(first)
    end = sketch.point(second, start)
    sketch.said.append(("parallel", (start, end), (i, j)))
    return True


def _extended(stream: Stream, sketch: Sketch) -> bool:
    if (corner := _corner(stream, sketch)) is None:
        return False
    v, i, j = corner
    a, b = sketch.places[i], sketch.places[j]
    sketch.point(b + stream.uniform(0.35, 0.8) * (b - a), j, v)
    return True


def _attached(stream: Stream, sketch: Sketch) -> bool:
    """A triangle on the outside of a side: any, isosceles or right-angled."""
    if (corner := _corner(stream, sketch)) is None:
        return False
    _, i, j = corner
    p, a, b = (sketch.places[each] for each in corner)
    outward = -1 if ((b - a).conjugate() * (p - a)).imag > 0 else 1
    kind = stream.integer(0, 2)
    if kind == 0:
        apex = _third(stream)
    elif kind == 1:
        apex = 0.5 + 1j * stream.uniform(0.4, 0.9)
    else:
        apex = 0.5 + 0.5 * cmath.rect(1, math.radians(stream.choice((55, 65, 115, 125))))
    apex = complex(apex.real, outward * abs(apex.imag))
    new = sketch.point(a + apex * (b - a), i, j)
    if kind == 1:
        sketch.said.append(("equal", (new, i), (new, j)))
    elif kind == 2:
        sketch.rights.append((i, new, j))
    return True


def _around(stream: Stream, sketch: Sketch) -> bool:
    """A circle around a corner through another; it cuts the longer side."""
    if (corner := _corner(stream, sketch)) is None or sketch.radii:
        return False
    v, i, _ = corner
    p, a, b = (sketch.places[each] for each in corner)
    if not abs(a - p) < 0.85 * abs(b - p):
        return False
    sketch.radii[v] = abs(a - p)
    sketch.point(p + (b - p) * abs(a - p) / abs(b - p), i)
    return True


def _completed(stream: Stream, sketch: Sketch) -> bool:
    """The fourth corner of a parallelogram."""
    if (corner := _corner(stream, sketch)) is None:
        return False
    v, i, j = corner
    p, a, b = (sketch.places[each] for each in corner)
    new = sketch.point(a + b - p, i, j)
    sketch.said += [("parallel", (i, new), (v, j)), ("parallel", (j, new), (v, i))]
    return True


STEPS: tuple[Step, ...] = (
    _altitude, _midpoint, _bisector, _cevian, _parallel, _extended, _attached, _around, _completed,
)  # fmt: skip


def constructed(stream: Stream, least: int, most: int) -> Sketch:
    """A base with as many steps as give it so many points."""
    while True:
        sketch = Sketch()
        stream.choice(BASES)(stream, sketch)
        for _ in range(12):
            # One point more or two: the number wanted is drawn anew, so that no step is left out at the end.
            if len(sketch.places) >= stream.integer(least, most):
                break
            stream.choice(STEPS)(stream, sketch)
        if least <= len(sketch.places) <= most:
            return sketch
