"""Figures that are constructed step by step: a base, then points, lines and circles that build on what is there.

Points are complex numbers in no unit yet, y up. A step gives up, with False, where the figure has no place for it.
"""

import cmath
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..rng import SeededRng

Segment = tuple[int, int]
Corner = tuple[int, int, int]
Relation = tuple[str, tuple[int, ...], tuple[int, ...]]
"""A condition in words: the operator and the points of its two arguments."""


@dataclass
class FigureSketch:
    """A figure under construction; points go by number."""

    places: list[complex] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    radii: dict[int, float] = field(default_factory=dict)
    """Of circles, by the point in the middle."""
    right_angles: list[Corner] = field(default_factory=list)
    """Marked right angles, the vertex in the middle."""
    relations: list[Relation] = field(default_factory=list)

    def point(self, place: complex, *joined_to: int) -> int:
        """Add a point at `place`, with segments to the points `joined_to`; return its number."""
        self.places.append(place)
        point_index = len(self.places) - 1
        self.segments += [(other, point_index) for other in joined_to]
        return point_index

    def on_one_line(self, start: int, middle: int, end: int) -> bool:
        """Tell whether the points `start`, `middle` and `end` lie on one line."""
        u, v = self.places[middle] - self.places[start], self.places[end] - self.places[start]
        return abs((u.conjugate() * v).imag) < 1e-6 * abs(u) * abs(v)

    def triangles(self) -> Iterator[Corner]:
        """Yield three points joined by two segments at least, the common point first."""
        joined_pairs = {frozenset(segment) for segment in self.segments}
        for vertex in range(len(self.places)):
            neighbours = sorted(other for pair in joined_pairs if vertex in pair for other in pair if other != vertex)
            for i in neighbours:
                for j in neighbours:
                    if i < j and not self.on_one_line(vertex, i, j):
                        yield vertex, i, j

    def closed(self) -> list[Corner]:
        """Return those of the triangles whose third side is drawn too."""
        joined_pairs = {frozenset(segment) for segment in self.segments}
        return [corner for corner in self.triangles() if frozenset(corner[1:]) in joined_pairs]


Step = Callable[[SeededRng, FigureSketch], bool]


# --- bases -----------------------------------------------------------------------------------------------------


def _third(rng: SeededRng, least_angle: int = 35, largest_angle: int = 100) -> complex:
    """Return the apex of a triangle over the side from 0 to 1, both angles between the given ones, degrees."""
    while True:
        alpha, beta = rng.integer(least_angle, largest_angle), rng.integer(least_angle, largest_angle)
        if 30 <= 180 - alpha - beta <= 110:
            left_radians, right_radians = math.radians(alpha), math.radians(beta)
            return cmath.rect(math.sin(right_radians) / math.sin(left_radians + right_radians), left_radians)


def _outline(sketch: FigureSketch, corner_places: list[complex]) -> bool:
    for place in corner_places:
        sketch.point(place)
    sketch.segments += [(i, (i + 1) % len(corner_places)) for i in range(len(corner_places))]
    return True


def _triangle(rng: SeededRng, sketch: FigureSketch) -> bool:
    return _outline(sketch, [0, 1, _third(rng)])


def _right_triangle(rng: SeededRng, sketch: FigureSketch) -> bool:
    sketch.right_angles.append((1, 0, 2))
    return _outline(sketch, [0, 1, 1j * rng.uniform(0.5, 1.6)])


def _isosceles(rng: SeededRng, sketch: FigureSketch) -> bool:
    sketch.relations.append(("equal", (0, 2), (1, 2)))
    return _outline(sketch, [0, 1, 0.5 + 1j * rng.uniform(0.6, 1.5)])


def _parallelogram(rng: SeededRng, sketch: FigureSketch) -> bool:
    side = cmath.rect(rng.uniform(0.5, 0.9), math.radians(rng.integer(50, 75)))
    sketch.relations += [("parallel", (0, 1), (2, 3)), ("parallel", (1, 2), (0, 3))]
    return _outline(sketch, [0, 1, 1 + side, side])


def _trapezium(rng: SeededRng, sketch: FigureSketch) -> bool:
    left_inset, height, top_width = rng.uniform(0.12, 0.3), rng.uniform(0.45, 0.7), rng.uniform(0.35, 0.55)
    sketch.relations.append(("parallel", (0, 1), (2, 3)))
    return _outline(sketch, [0, 1, complex(left_inset + top_width, height), complex(left_inset, height)])


def _rectangle(rng: SeededRng, sketch: FigureSketch) -> bool:
    height = rng.uniform(0.45, 0.8)
    sketch.right_angles += [(3, 0, 1), (0, 1, 2), (1, 2, 3)]
    return _outline(sketch, [0, 1, 1 + 1j * height, 1j * height])


def _inscribed(rng: SeededRng, sketch: FigureSketch) -> bool:
    """Draw a triangle in a circle, with a radius or two."""
    first_turn = rng.integer(80, 140)
    turns = [0, first_turn, first_turn + rng.integer(90, 130)]
    centre = sketch.point(0j)
    corners = [sketch.point(cmath.rect(1, math.radians(turn))) for turn in turns]
    sketch.segments += [(corners[0], corners[1]), (corners[1], corners[2]), (corners[0], corners[2])]
    sketch.segments += [(centre, corner) for corner in corners[: rng.integer(1, 2)]]
    sketch.radii[centre] = 1.0
    return True


def _on_diameter(rng: SeededRng, sketch: FigureSketch) -> bool:
    """Draw a triangle over a diameter."""
    centre = sketch.point(0j)
    left_end, right_end = sketch.point(-1 + 0j), sketch.point(1 + 0j)
    rim_point = sketch.point(cmath.rect(1, math.radians(rng.choice((50, 60, 70, 105, 115, 125)))), left_end, right_end)
    sketch.segments += [(left_end, right_end)]
    if rng.integer(0, 1):
        sketch.segments.append((centre, rim_point))
    sketch.radii[centre] = 1.0
    return True


def _touching(rng: SeededRng, sketch: FigureSketch) -> bool:
    """Draw a tangent from a point outside, with the radius and the line to the centre."""
    centre = sketch.point(0j)
    touch_point = sketch.point(1 + 0j, centre)
    outer_point = sketch.point(1 + 1j * rng.uniform(1.1, 1.9), touch_point, centre)
    sketch.radii[centre] = 1.0
    sketch.relations.append(("tangent", (touch_point, outer_point), (centre,)))
    return True


BASES: tuple[Step, ...] = (
    _triangle, _right_triangle, _isosceles, _parallelogram, _trapezium, _rectangle, _inscribed, _on_diameter, _touching,
)  # fmt: skip


# --- steps -----------------------------------------------------------------------------------------------------


def _corner(rng: SeededRng, sketch: FigureSketch) -> Corner | None:
    """Draw a triangle with drawn sides from `rng`; the vertex that is built from comes first."""
    closed_triangles = sketch.closed()
    if not closed_triangles:
        return None
    vertex, first_end, second_end = rng.choice(closed_triangles)
    return vertex, first_end, second_end


def _altitude(rng: SeededRng, sketch: FigureSketch) -> bool:
    if (corner := _corner(rng, sketch)) is None:
        return False
    vertex, first_end, second_end = corner
    vertex_place, start_place, end_place = (sketch.places[index] for index in corner)
    foot_share = ((vertex_place - start_place) * (end_place - start_place).conjugate()).real / abs(
        end_place - start_place
    ) ** 2
    if not 0.2 <= foot_share <= 0.8 or abs(foot_share - 0.5) < 0.04:
        return False
    foot = sketch.point(start_place + foot_share * (end_place - start_place), vertex)
    sketch.right_angles.append((vertex, foot, first_end if foot_share > 0.5 else second_end))
    return True


def _midpoint(rng: SeededRng, sketch: FigureSketch) -> bool:
    if (corner := _corner(rng, sketch)) is None:
        return False
    vertex, first_end, second_end = corner
    middle = sketch.point((sketch.places[first_end] + sketch.places[second_end]) / 2, vertex)
    sketch.relations.append(("midpoint", (middle,), (first_end, second_end)))
    return True


def _bisector(rng: SeededRng, sketch: FigureSketch) -> bool:
    if (corner := _corner(rng, sketch)) is None:
        return False
    vertex, first_end, second_end = corner
    vertex_place, start_place, end_place = (sketch.places[index] for index in corner)
    # The bisector of an angle divides the opposite side in the ratio of the sides beside it.
    foot_share = abs(start_place - vertex_place) / (abs(start_place - vertex_place) + abs(end_place - vertex_place))
    if abs(foot_share - 0.5) < 0.04:
        return False
    foot = sketch.point(start_place + foot_share * (end_place - start_place), vertex)
    sketch.relations.append(("bisects", (vertex, foot), (first_end, vertex, second_end)))
    return True


def _cevian(rng: SeededRng, sketch: FigureSketch) -> bool:
    if (corner := _corner(rng, sketch)) is None:
        return False
    vertex, first_end, second_end = corner
    sketch.point(
        sketch.places[first_end] + rng.uniform(0.3, 0.7) * (sketch.places[second_end] - sketch.places[first_end]),
        vertex,
    )
    return True


def _parallel(rng: SeededRng, sketch: FigureSketch) -> bool:
    if (corner := _corner(rng, sketch)) is None:
        return False
    vertex, first_end, second_end = corner
    side_share = rng.uniform(0.35, 0.65)
    start_place, end_place = (
        sketch.places[vertex] + side_share * (sketch.places[index] - sketch.places[vertex])
        for index in (first_end, second_end)
    )
    start = sketch.point(start_place)
    end = sketch.point(end_place, start)
    sketch.relations.append(("parallel", (start, end), (first_end, second_end)))
    return True


def _extended(rng: SeededRng, sketch: FigureSketch) -> bool:
    if (corner := _corner(rng, sketch)) is None:
        return False
    vertex, first_end, second_end = corner
    start_place, end_place = sketch.places[first_end], sketch.places[second_end]
    sketch.point(end_place + rng.uniform(0.35, 0.8) * (end_place - start_place), second_end, vertex)
    return True


def _attached(rng: SeededRng, sketch: FigureSketch) -> bool:
    """Attach a triangle to the outside of a side: any, isosceles or right-angled."""
    if (corner := _corner(rng, sketch)) is None:
        return False
    _, first_end, second_end = corner
    vertex_place, start_place, end_place = (sketch.places[index] for index in corner)
    outward_sign = -1 if ((end_place - start_place).conjugate() * (vertex_place - start_place)).imag > 0 else 1
    kind = rng.integer(0, 2)
    if kind == 0:
        apex = _third(rng)
    elif kind == 1:
        apex = 0.5 + 1j * rng.uniform(0.4, 0.9)
    else:
        apex = 0.5 + 0.5 * cmath.rect(1, math.radians(rng.choice((55, 65, 115, 125))))
    apex = complex(apex.real, outward_sign * abs(apex.imag))
    apex_index = sketch.point(start_place + apex * (end_place - start_place), first_end, second_end)
    if kind == 1:
        sketch.relations.append(("equal", (apex_index, first_end), (apex_index, second_end)))
    elif kind == 2:
        sketch.right_angles.append((first_end, apex_index, second_end))
    return True


def _around(rng: SeededRng, sketch: FigureSketch) -> bool:
    """Draw a circle around a corner through another; it cuts the longer side."""
    if (corner := _corner(rng, sketch)) is None or sketch.radii:
        return False
    centre, rim_point, _ = corner
    centre_place, rim_place, far_place = (sketch.places[index] for index in corner)
    if not abs(rim_place - centre_place) < 0.85 * abs(far_place - centre_place):
        return False
    sketch.radii[centre] = abs(rim_place - centre_place)
    sketch.point(
        centre_place + (far_place - centre_place) * abs(rim_place - centre_place) / abs(far_place - centre_place),
        rim_point,
    )
    return True


def _completed(rng: SeededRng, sketch: FigureSketch) -> bool:
    """Add the fourth corner of a parallelogram."""
    if (corner := _corner(rng, sketch)) is None:
        return False
    vertex, first_end, second_end = corner
    vertex_place, first_place, second_place = (sketch.places[index] for index in corner)
    fourth_corner = sketch.point(first_place + second_place - vertex_place, first_end, second_end)
    sketch.relations += [
        ("parallel", (first_end, fourth_corner), (vertex, second_end)),
        ("parallel", (second_end, fourth_corner), (vertex, first_end)),
    ]
    return True


STEPS: tuple[Step, ...] = (
    _altitude, _midpoint, _bisector, _cevian, _parallel, _extended, _attached, _around, _completed,
)  # fmt: skip


def constructed(rng: SeededRng, least_points: int, most_points: int) -> FigureSketch:
    """Return a base with as many steps as give it `least_points` to `most_points` points."""
    while True:
        sketch = FigureSketch()
        rng.choice(BASES)(rng, sketch)
        for _ in range(12):
            # One point more or two: the number wanted is drawn anew, so that no step is left out at the end.
            if len(sketch.places) >= rng.integer(least_points, most_points):
                break
            rng.choice(STEPS)(rng, sketch)
        if least_points <= len(sketch.places) <= most_points:
            return sketch
