"""Read a figure from a flat scene: named points, lines, circles and marks of right angles.

A point is a dot with a capital letter beside it. A line is drawn with <line> from dot to dot; lines that continue each
other are one. A circle is the stroke around a dot. A mark of a right angle is a small open corner at a dot. Whatever is
nearly on a line or circle is unclear: the least such distance is the figure's clearance, in px.

May import `geometry` and `render`. Begin with `read_figure`, which gives a `FigureDrawing`.
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

PixelPoint = tuple[float, float]


@dataclass(frozen=True)
class FigurePart:
    """One point, line, circle or right angle, as requirements count them."""

    kind: str

    def described_by(self, words: Sequence[str]) -> bool:
        """Tell whether every one of `words` is true of it."""
        return set(words) <= {self.kind}


@dataclass(frozen=True)
class FigureDrawing:
    """The content of a figure's picture; letters stand for points."""

    points: Mapping[str, PixelPoint]
    """Places in px."""
    lines: tuple[tuple[str, ...], ...]
    """Each with its points from end to end."""
    circles: Mapping[str, tuple[float, tuple[str, ...]]]
    """By the letter in the middle: radius, px, and the points on it."""
    right_angles: tuple[tuple[str, str, str], ...]
    """Marked right angles, the vertex in the middle."""
    clearance: float

    @cached_property
    def point_index(self) -> Mapping[str, int]:
        """Position of each point in `points`, by letter."""
        return {letter: i for i, letter in enumerate(self.points)}

    @cached_property
    def circle_index(self) -> Mapping[str, int]:
        """Position of each circle in `circles`, by the letter of its centre."""
        return {letter: i for i, letter in enumerate(self.circles)}

    def joined(self, start: str, end: str) -> bool:
        """Tell whether a drawn line runs through both `start` and `end`."""
        return any(start in line_points and end in line_points for line_points in self.lines)

    def between(self, middle: str, start: str, end: str) -> bool:
        """Tell whether the point `middle` is drawn on a line between `start` and `end`."""
        return any(
            {middle, start, end} <= set(line_points)
            and min(line_points.index(start), line_points.index(end))
            < line_points.index(middle)
            < max(line_points.index(start), line_points.index(end))
            for line_points in self.lines
        )

    @cached_property
    def facts(self) -> tuple[Condition, ...]:
        """Conditions that the picture states: points on lines and circles, right angles."""
        conditions: list[Condition] = []
        for line_points in self.lines:
            start_index, *inner, end_index = (self.point_index[letter] for letter in line_points)
            conditions += [_straight(start_index, letter_index, end_index) for letter_index in inner]
        for centre, (_, rim_letters) in self.circles.items():
            conditions += [
                _on_circle(self.point_index[centre], self.circle_index[centre], self.point_index[rim])
                for rim in rim_letters
            ]
        for right_angle in self.right_angles:
            left_arm, vertex, right_arm = (self.point_index[letter] for letter in right_angle)
            conditions.append(_right(left_arm, vertex, right_arm))
        return tuple(conditions)

    def without(self, letter: str) -> "FigureDrawing":
        """Return the drawing without what the point `letter` adds; the point keeps its place among the unknowns."""
        shorter_lines = [tuple(member for member in line_points if member != letter) for line_points in self.lines]
        circles = {
            centre: (radius, tuple(member for member in rim_letters if member != letter))
            for centre, (radius, rim_letters) in self.circles.items()
        }
        if letter in circles:
            circles[letter] = circles[letter][0], ()
        right_angles = []
        for left_arm, vertex, right_arm in self.right_angles:
            arms = [self._instead(vertex, member, letter) for member in (left_arm, right_arm)]
            if vertex != letter and None not in arms:
                right_angles.append((str(arms[0]), vertex, str(arms[1])))
        remaining_lines = tuple(line_points for line_points in shorter_lines if len(line_points) > 1)
        return replace(self, lines=remaining_lines, circles=circles, right_angles=tuple(right_angles))

    def _instead(self, vertex: str, arm: str, letter: str) -> str | None:
        """Return a point that stands for `arm` of an angle at `vertex` when `letter` is left out, or None."""
        if arm != letter:
            return arm
        line_neighbours = (
            neighbour for line_points in self.lines if {vertex, arm} <= set(line_points) for neighbour in line_points
        )
        return next((neighbour for neighbour in line_neighbours if neighbour not in (vertex, arm)), None)

    def figure(self, units_per_px: float) -> Figure:
        """Return the figure as it is drawn, y up, with `units_per_px` units to a px."""
        point_places = [(x * units_per_px, -y * units_per_px) for x, y in self.points.values()]
        radii = [radius * units_per_px for radius, _ in self.circles.values()]
        unknowns = np.array([*(coordinate for place in point_places for coordinate in place), *radii])
        return Figure(unknowns, len(point_places), [self.point_index[middle] for middle in self.circles])

    @property
    def parts(self) -> list[FigurePart]:
        """Every point, line, circle and right angle, for requirements to count."""
        members_by_kind = {
            "point": self.points,
            "line": self.lines,
            "circle": self.circles,
            "right-angle": self.right_angles,
        }
        return [FigurePart(kind) for kind, members in members_by_kind.items() for _ in members]


def _straight(start: int, inner: int, b: int) -> Condition:
    return lambda figure: figure.turn(start, inner, start, b)


def _on_circle(centre: int, circle: int, point: int) -> Condition:
    return lambda figure: figure.length(centre, point) - figure.radius(circle)


def _right(left_arm: int, vertex: int, right_arm: int) -> Condition:
    return lambda figure: figure.slope(vertex, left_arm, vertex, right_arm)


# --- from a scene ----------------------------------------------------------------------------------------------


class UnclearError(Exception):
    """A figure that cannot be read, with the reason for its author."""

    def __init__(self, code: str, reason: str, hint: str) -> None:
        """Carry a rejection of `code`, `reason` and `hint`."""
        super().__init__(reason)
        self.rejected = Rejected(code, reason, hint)


def read_figure(scene: FlatScene) -> FigureDrawing | Rejected:
    """Return the figure that `scene` shows, or the reason why it is not clear."""
    try:
        return _read(scene)
    except UnclearError as unclear:
        return unclear.rejected


def _read(scene: FlatScene) -> FigureDrawing:
    if (scene.width, scene.height, scene.background) != (CANVAS, CANVAS, "#ffffff"):
        hint = f'begin with <svg viewBox="0 0 {CANVAS} {CANVAS}"> and leave the background white'
        raise UnclearError("canvas", f"{scene.width:g} x {scene.height:g} on {scene.background}", hint)
    objects_by_kind: dict[str, list[FlatObject]] = {"dot": [], "line": [], "circle": [], "mark": [], "text": []}
    for obj in scene.objects:
        objects_by_kind[_kind(obj)].append(obj)
    dot_places = [_middle(obj) for obj in objects_by_kind["dot"]]
    if not 3 <= len(dot_places) <= MAX_POINTS or len(objects_by_kind["line"]) > MAX_LINES:
        counts_text = f"{len(dot_places)} dots and {len(objects_by_kind['line'])} lines"
        raise UnclearError("points", counts_text, f"draw 3 to {MAX_POINTS} dots and at most {MAX_LINES} lines")
    dot_letters = _names(dot_places, objects_by_kind["text"], [*objects_by_kind["line"], *objects_by_kind["circle"]])
    point_places = {name: place for name, place in sorted(zip(dot_letters, dot_places, strict=True))}
    bare_drawing = assembled(
        point_places,
        [_ends(obj.outline) for obj in objects_by_kind["line"]],
        _circles(point_places, objects_by_kind["circle"]),
    )
    right_angles = tuple(sorted(_right_angle(bare_drawing, obj.outline) for obj in objects_by_kind["mark"]))
    return replace(bare_drawing, right_angles=right_angles)


def assembled(
    point_places: Mapping[str, PixelPoint],
    line_pieces: Iterable[tuple[PixelPoint, PixelPoint]],
    circle_radii: Mapping[str, float],
) -> FigureDrawing:
    """Return the drawing of lines between places and of circles around points, without marks.

    Args:
        point_places: places in px, by letter.
        line_pieces: both ends of each drawn piece of a line, px.
        circle_radii: radii in px, by the letter of the centre.

    Raises:
        UnclearError: it cannot be told what touches what.
    """
    lines = _lines(point_places, line_pieces)
    circles = {}
    for centre, radius in sorted(circle_radii.items()):
        rim_letters = [
            letter
            for letter, place in point_places.items()
            if abs(math.dist(place, point_places[centre]) - radius) <= ON
        ]
        circles[centre] = radius, tuple(sorted(rim_letters))
    return FigureDrawing(point_places, lines, circles, (), _clearance(point_places, lines, circles))


def _luminance(colour: str) -> float:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def _kind(obj: FlatObject) -> str:
    """Name the role that `obj` has in a figure: dot, line, circle, mark or text."""
    object_name = f"object {obj.index + 1}"
    left, top, right, bottom = obj.outline.bounds
    visible_paint = obj.stroke or obj.fill
    if visible_paint is None or obj.gradient or _luminance(visible_paint) > MAX_LUMINANCE:
        raise UnclearError("pale", f"{object_name} is hardly seen", "draw in black")
    if min(left, top) < -0.01 or max(right, bottom) > CANVAS + 0.01:
        raise UnclearError("cropped", f"{object_name} leaves the canvas", "keep the figure inside")
    if obj.text is not None:
        return "text"
    extent = max(right - left, bottom - top)
    if obj.kind == "circle" and not obj.stroke and extent <= MAX_DOT:
        return "dot"
    if obj.stroke and isinstance(obj.outline, Polygon):
        corner_count = len(obj.outline.exterior.coords) - 1
        if obj.outline.interiors:
            rings = [Polygon(ring) for ring in (obj.outline.exterior, *obj.outline.interiors)]
            if len(rings) == 2 and obj.fill is None and all(classify_outline(ring)[0] == "circle" for ring in rings):
                return "circle"
        elif corner_count == 4 and obj.kind in ("rectangle", "square") and extent >= MIN_LINE / 2:
            return "line"
        elif corner_count == 6 and extent <= MAX_MARK:
            return "mark"
    hint = "draw <line>, unfilled <circle>, small filled <circle> for points, <polyline> of two sides for right angles"
    raise UnclearError("part", f"{object_name} is no part of a figure", hint)


def _middle(obj: FlatObject) -> PixelPoint:
    x, y = obj.outline.centroid.coords[0]
    return x, y


def _names(
    dot_places: Sequence[PixelPoint], text_objects: Sequence[FlatObject], stroked_objects: Sequence[FlatObject]
) -> list[str]:
    """Return the letter of each of `dot_places`, px, from the letters beside them."""
    letter_by_dot: dict[int, str] = {}
    for obj in text_objects:
        left, top, right, bottom = obj.outline.bounds
        text_middle = (left + right) / 2, (top + bottom) / 2
        if obj.text not in LETTERS or obj.text in letter_by_dot.values():
            raise UnclearError(
                "label", f"{obj.text!r:.20} is no letter of its own", f"use {''.join(LETTERS)}, each once"
            )
        dot_distances = sorted((math.dist(text_middle, dot), i) for i, dot in enumerate(dot_places))
        nearest_lead = dot_distances[1][0] - dot_distances[0][0]
        if dot_distances[0][0] > MAX_LABEL or nearest_lead < LABEL_LEAD or dot_distances[0][1] in letter_by_dot:
            raise UnclearError(
                "label", f"the letter {obj.text} is not beside one dot", "write it within 20 px of its dot"
            )
        crosses_stroke = any(obj.outline.intersects(stroke.outline) for stroke in stroked_objects)
        if bottom - top < MIN_LABEL or crosses_stroke or obj.visible_share < 0.98:
            raise UnclearError(
                "label", f"the letter {obj.text} is hard to read", "keep it off lines, font size 12 or more"
            )
        letter_by_dot[dot_distances[0][1]] = obj.text
    if nameless_dots := [dot for i, dot in enumerate(dot_places) if i not in letter_by_dot]:
        x, y = nameless_dots[0]
        raise UnclearError("label", f"the dot at ({x:.0f}, {y:.0f}) has no letter", "name every dot")
    return [letter_by_dot[i] for i in range(len(dot_places))]


def _ends(outline: Polygon | MultiPolygon) -> tuple[PixelPoint, PixelPoint]:
    """Return the middles of the short sides of a thin rectangle's `outline`."""
    assert isinstance(outline, Polygon)
    ring_corners = list(outline.exterior.coords)
    sides_by_length = sorted(pairwise(ring_corners), key=lambda side: math.dist(*side))
    (first_start, first_end), (second_start, second_end) = sides_by_length[:2]
    return ((first_start[0] + first_end[0]) / 2, (first_start[1] + first_end[1]) / 2), (
        (second_start[0] + second_end[0]) / 2,
        (second_start[1] + second_end[1]) / 2,
    )


def _from_segment(point: PixelPoint, start: PixelPoint, end: PixelPoint) -> float:
    """Return the distance of `point` from the segment between `start` and `end`."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    along_share = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / max(dx * dx + dy * dy, 1e-12)
    along_share = min(1.0, max(0.0, along_share))
    return math.dist(point, (start[0] + along_share * dx, start[1] + along_share * dy))


def _lines(
    point_places: Mapping[str, PixelPoint], line_pieces: Iterable[tuple[PixelPoint, PixelPoint]]
) -> tuple[tuple[str, ...], ...]:
    """Join `line_pieces` that continue each other; return the letters on each line, in order."""
    point_sets: list[set[str]] = []
    for piece in line_pieces:
        end_letters = [name for end in piece for name, place in point_places.items() if math.dist(place, end) <= ON]
        if len(set(end_letters)) != 2:
            (left, top), (right, bottom) = piece
            piece_text = f"the line from ({left:.0f}, {top:.0f}) to ({right:.0f}, {bottom:.0f}) does not join two dots"
            raise UnclearError("line", piece_text, "begin and end every line on a dot")
        ends = point_places[end_letters[0]], point_places[end_letters[1]]
        line_letters = {name for name, place in point_places.items() if _from_segment(place, *ends) <= ON}
        while continued_lines := [letters for letters in point_sets if _continues(point_places, letters, line_letters)]:
            point_sets.remove(continued_lines[0])
            line_letters |= continued_lines[0]
        point_sets.append(line_letters)
    return tuple(sorted(_along(point_places, line_letters) for line_letters in point_sets))


def _along(point_places: Mapping[str, PixelPoint], line_letters: Iterable[str]) -> tuple[str, ...]:
    """Return the letters of a line from end to end; the end with the lesser of `line_letters` comes first."""
    sorted_letters = sorted(line_letters)
    start = max(
        sorted_letters,
        key=lambda name: max(math.dist(point_places[name], point_places[other_name]) for other_name in sorted_letters),
    )
    ordered_letters = sorted(sorted_letters, key=lambda name: math.dist(point_places[start], point_places[name]))
    return tuple(ordered_letters if ordered_letters[0] < ordered_letters[-1] else ordered_letters[::-1])


def _continues(
    point_places: Mapping[str, PixelPoint], line_letters: Iterable[str], other_letters: Iterable[str]
) -> bool:
    """Tell whether the lines of `line_letters` and `other_letters` share a point and have one direction."""
    common_letters = set(line_letters) & set(other_letters)
    if not common_letters:
        return False
    line_order, other_order = _along(point_places, line_letters), _along(point_places, other_letters)
    angle = _between_lines(
        *(point_places[name] for name in (line_order[0], line_order[-1], other_order[0], other_order[-1]))
    )
    if STRAIGHT < angle < BENT:
        lines_text = f"{line_order[0]}{line_order[-1]} and {other_order[0]}{other_order[-1]} are almost one line"
        raise UnclearError("touching", lines_text, "let lines meet at clear angles")
    return angle <= STRAIGHT


def _between_lines(
    first_start: PixelPoint, first_end: PixelPoint, second_start: PixelPoint, second_end: PixelPoint
) -> float:
    """Return the angle in degrees, 0 to 90, between the line from `first_start` to `first_end` and the other one."""
    u, v = (
        (first_end[0] - first_start[0], first_end[1] - first_start[1]),
        (second_end[0] - second_start[0], second_end[1] - second_start[1]),
    )
    angle = math.degrees(math.atan2(abs(u[0] * v[1] - u[1] * v[0]), u[0] * v[0] + u[1] * v[1]))
    return min(angle, 180 - angle)


def _circles(point_places: Mapping[str, PixelPoint], circle_objects: Sequence[FlatObject]) -> dict[str, float]:
    """Return the radii of `circle_objects`, px, by the letter of the centre."""
    radius_by_letter: dict[str, float] = {}
    if len(circle_objects) > MAX_CIRCLES:
        raise UnclearError("circle", f"{len(circle_objects)} circles", f"draw at most {MAX_CIRCLES}")
    for obj in circle_objects:
        assert isinstance(obj.outline, Polygon)
        middle = _middle(obj)
        name = next((name for name, place in point_places.items() if math.dist(place, middle) <= ON), None)
        if name is None or name in radius_by_letter:
            circle_text = f"a circle around ({middle[0]:.0f}, {middle[1]:.0f}) has no dot of its own in the middle"
            raise UnclearError("circle", circle_text, "draw one circle around a named dot")
        left, top, right, bottom = obj.outline.bounds
        inner_bounds = Polygon(obj.outline.interiors[0]).bounds
        radius_by_letter[name] = (
            right - left + bottom - top + inner_bounds[2] - inner_bounds[0] + inner_bounds[3] - inner_bounds[1]
        ) / 8
    return radius_by_letter


def _clearance(
    point_places: Mapping[str, PixelPoint],
    lines: Sequence[Sequence[str]],
    circles: Mapping[str, tuple[float, tuple[str, ...]]],
) -> float:
    """Return the least distance, px, between dots, and of a dot from any of `lines` or `circles` that it is not on."""
    gap_widths = [
        math.dist(dot_place, other_place)
        for dot_letter, dot_place in point_places.items()
        for other_letter, other_place in point_places.items()
        if dot_letter < other_letter
    ]
    for line_letters in lines:
        ends = point_places[line_letters[0]], point_places[line_letters[-1]]
        gap_widths += [_from_segment(place, *ends) for name, place in point_places.items() if name not in line_letters]
    for centre, (radius, rim_letters) in circles.items():
        gap_widths += [
            abs(math.dist(place, point_places[centre]) - radius)
            for name, place in point_places.items()
            if name not in rim_letters
        ]
    return min(gap_widths)


def _right_angle(drawing: FigureDrawing, outline: Polygon | MultiPolygon) -> tuple[str, str, str]:
    """Return the angle in which the mark `outline` stands: three letters, the vertex in the middle."""
    assert isinstance(outline, Polygon)
    ring = np.asarray(outline.exterior.coords)[:-1]
    side_lengths = np.linalg.norm(np.roll(ring, -1, axis=0) - ring, axis=1)
    # An open corner has two short sides, its ends, opposite each other.
    first_end, second_end = sorted(np.argsort(side_lengths)[:2].tolist())
    if second_end - first_end != 3:
        raise UnclearError(
            "part", "a shape of six corners is no mark of a right angle", "draw a corner of two equal sides"
        )
    end_middles = [(ring[i] + ring[(i + 1) % 6]) / 2 for i in (first_end, second_end)]
    before, after = (ring[(i + 2) % 6] for i in (first_end, second_end))
    mark_corner = (before + after) / 2
    vertex_place = end_middles[0] + end_middles[1] - mark_corner
    vertex_letter = next(
        (letter for letter, place in drawing.points.items() if math.dist(place, vertex_place) <= 2 * ON), None
    )
    arm_letters = [None if vertex_letter is None else _toward(drawing, vertex_letter, end) for end in end_middles]
    if vertex_letter is None or None in arm_letters or len(set(arm_letters)) != 2:
        mark_text = f"the corner at ({mark_corner[0]:.0f}, {mark_corner[1]:.0f}) marks no right angle of two lines"
        raise UnclearError("mark", mark_text, "draw a square of two sides at the dot where two lines meet")
    low, high = sorted(str(arm) for arm in arm_letters)
    return low, vertex_letter, high


def _toward(drawing: FigureDrawing, vertex: str, mark_end: np.ndarray) -> str | None:
    """Return the point next to `vertex` on the line on which `mark_end` lies, or None."""
    vertex_place = drawing.points[vertex]
    for line_letters in (line_letters for line_letters in drawing.lines if vertex in line_letters):
        vertex_position = line_letters.index(vertex)
        for neighbour in (
            *line_letters[max(0, vertex_position - 1) : vertex_position],
            *line_letters[vertex_position + 1 : vertex_position + 2],
        ):
            if _from_segment((float(mark_end[0]), float(mark_end[1])), vertex_place, drawing.points[neighbour]) <= ON:
                return neighbour
    return None
