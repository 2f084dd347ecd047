"""Pose problems on constructed figures: conditions to state, quantity to ask for, and the program that draws it.

May import `geometry`, `render`, the query language and this folder. Begin with `posed`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from ...geometry.constraints import INDEPENDENT, Condition, Figure, RowSpace, rows, satisfied
from ..language.execute import Execution, IllPosed
from ..language.query import Call
from ..rng import SeededRng
from .figure import CANVAS, LETTERS, OFF, FigureDrawing, PixelPoint, UnclearError, assembled
from .operators import CLEARANCE, LANGUAGE, MAX_AWAY, Premise
from .sketch import FigureSketch, constructed

POINTS: Mapping[int, tuple[int, int]] = {1: (3, 4), 2: (5, 5), 3: (6, 6), 4: (7, 7), 5: (8, 9)}
"""By difficulty, the fewest and the most points of a figure."""
MARGIN = 34
"""Around the figure, px."""
APART, CLEAR = 30.0, 10.0
"""Least distance between dots, and of a dot from a line or circle that it is not on, px."""
SHARP = 14.0
"""Least angle between lines that meet at a point, degrees."""
NEARLY_TANGENT = 6.0
"""By how little, px, a line that is no tangent must not miss or cut a circle."""
MAX_CONDITIONS = 8
EXTENTS = (12, 30)
"""Of figures, cm."""
TARGETS, DROPS = 5, 3
"""Quantities that are tried on a figure, and choices of conditions for each."""
DOT, MARK, LABEL = 3, 9, 14
LABEL_AWAY = 15.0

Word = list[Any]
"""A condition or quantity as JSON."""


class Problem(NamedTuple):
    """A question with the figure that it is about."""

    query: Call
    drawing: FigureDrawing


def posed(rng: SeededRng, task: str, difficulty: int) -> Problem:
    """Return a problem of `task` that needs every point of its figure, the picture and every condition."""
    attempt_number = 0
    while True:
        attempt_rng = rng.child(attempt_number)
        attempt_number += 1
        sketch = constructed(attempt_rng, *POINTS[difficulty])
        if task == "radius" and not sketch.radii:
            continue
        # The letters run on from any one of them, in the order of construction.
        first_letter = attempt_rng.integer(0, len(LETTERS) - 1)
        letters = [LETTERS[(first_letter + i) % len(LETTERS)] for i in range(len(sketch.places))]
        drawing = _placed(attempt_rng, sketch, letters)
        if drawing is None:
            continue
        if (problem := _asked(attempt_rng, task, drawing, _relations(sketch, letters))) is not None:
            return problem


# --- from a sketch to a drawing --------------------------------------------------------------------------------


def _placed(rng: SeededRng, sketch: FigureSketch, letters: Sequence[str]) -> FigureDrawing | None:
    """Return `sketch` turned at random and scaled to the canvas, or None where things come too close."""
    turn_angle = rng.uniform(0, 2 * math.pi)
    places = [place * complex(math.cos(turn_angle), math.sin(turn_angle)) for place in sketch.places]
    plane_points = [(place.real, -place.imag) for place in places]
    circle_radii = {letters[middle]: radius for middle, radius in sketch.radii.items()}
    place_by_letter = dict(zip(letters, plane_points, strict=True))
    line_pieces = [(letters[i], letters[j]) for i, j in sketch.segments]
    right_angles = [
        (letters[left_arm], letters[v], letters[right_arm]) for left_arm, v, right_arm in sketch.right_angles
    ]
    drawing = _fitted(place_by_letter, line_pieces, circle_radii, right_angles)
    tangent_ends = [{letters[index] for index in segment} for op, segment, _ in sketch.relations if op == "tangent"]
    return None if drawing is None or _seems_tangent(drawing, tangent_ends) else drawing


def _fitted(
    place_by_letter: Mapping[str, PixelPoint],
    line_pieces: Sequence[tuple[str, str]],
    circle_radii: Mapping[str, float],
    right_angles: Sequence[tuple[str, str, str]],
) -> FigureDrawing | None:
    """Return the drawing in px in the middle of the canvas, or None; `place_by_letter` may be in any unit."""
    extents = [(x, y, circle_radii.get(name, 0.0)) for name, (x, y) in place_by_letter.items()]
    least_corner = [min(extent[axis] - extent[2] for extent in extents) for axis in (0, 1)]
    greatest_corner = [max(extent[axis] + extent[2] for extent in extents) for axis in (0, 1)]
    px_per_unit = (CANVAS - 2 * MARGIN) / max(
        greatest_corner[0] - least_corner[0], greatest_corner[1] - least_corner[1]
    )
    offset = [CANVAS / 2 - px_per_unit * (least_corner[axis] + greatest_corner[axis]) / 2 for axis in (0, 1)]
    pixel_points = {
        name: (round(x * px_per_unit + offset[0], 2), round(y * px_per_unit + offset[1], 2))
        for name, (x, y) in place_by_letter.items()
    }
    try:
        drawing = assembled(
            dict(sorted(pixel_points.items())),
            [(pixel_points[start], pixel_points[end]) for start, end in line_pieces],
            {name: round(radius * px_per_unit, 2) for name, radius in circle_radii.items()},
        )
    except UnclearError:
        return None
    drawing = replace(drawing, right_angles=tuple(_ordered(right_angle) for right_angle in right_angles))
    return drawing if _roomy(drawing) else None


def _ordered(right_angle: tuple[str, str, str]) -> tuple[str, str, str]:
    left_arm, vertex, right_arm = right_angle
    return (left_arm, vertex, right_arm) if left_arm < right_arm else (right_arm, vertex, left_arm)


def _roomy(drawing: FigureDrawing) -> bool:
    """Tell whether the dots of `drawing` keep apart and its lines meet at clear angles."""
    point_places = drawing.points
    if drawing.clearance < CLEAR or any(
        math.dist(point_places[letter], point_places[other_letter]) < APART
        for letter, other_letter in combinations(point_places, 2)
    ):
        return False
    return all(
        angle >= math.radians(SHARP)
        for vertex in point_places
        for angle in _angles(
            point_places[vertex], [point_places[neighbour] for neighbour in _neighbours(drawing, vertex)]
        )
    )


def _seems_tangent(drawing: FigureDrawing, tangent_ends: Sequence[set[str]]) -> bool:
    """Tell whether a line would be taken for a tangent that is not one of `tangent_ends`."""
    for line_letters in (
        line_letters
        for line_letters in drawing.lines
        if not any(letters <= set(line_letters) for letters in tangent_ends)
    ):
        for centre, (radius, _) in drawing.circles.items():
            (ax, ay), (bx, by), (x, y) = (
                drawing.points[letters] for letters in (line_letters[0], line_letters[-1], centre)
            )
            gap_px = abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / math.dist((ax, ay), (bx, by)) - radius
            if abs(gap_px) < NEARLY_TANGENT:
                return True
    return False


def _neighbours(drawing: FigureDrawing, vertex: str) -> list[str]:
    """Return the points next to `vertex` on all lines through it."""
    neighbours = []
    for line_letters in drawing.lines:
        if vertex in line_letters:
            vertex_position = line_letters.index(vertex)
            neighbours += [
                *line_letters[max(0, vertex_position - 1) : vertex_position],
                *line_letters[vertex_position + 1 : vertex_position + 2],
            ]
    return sorted(set(neighbours))


def _angles(vertex: PixelPoint, end_places: Sequence[PixelPoint]) -> Iterator[float]:
    turns = sorted(math.atan2(y - vertex[1], x - vertex[0]) for x, y in end_places)
    for start_turn, end_turn in zip(turns, [*turns[1:], turns[0] + 2 * math.pi] if turns else [], strict=True):
        yield end_turn - start_turn


# --- what can be stated and asked ------------------------------------------------------------------------------


def _relations(sketch: FigureSketch, letters: Sequence[str]) -> list[Word]:
    """State in words what the construction fixes; `letters` are in the order of the sketch's points."""
    argument_kinds = {
        "equal": ("segment", "segment"), "parallel": ("segment", "segment"), "midpoint": ("point", "segment"),
        "bisects": ("segment", "corner"), "tangent": ("segment", "circle"),
    }  # fmt: skip
    return [
        [
            op,
            *(
                [kind, *(letters[index] for index in points)]
                for kind, points in zip(argument_kinds[op], arguments, strict=True)
            ),
        ]
        for op, *arguments in sketch.relations
    ]


def _measures(drawing: FigureDrawing) -> dict[str, list[Word]]:
    """List the measures of `drawing`, by quantity."""
    segments = [["segment", start, end] for line in drawing.lines for start, end in combinations(line, 2)]
    corners = []
    for vertex in drawing.points:
        for start, end in combinations(_neighbours(drawing, vertex), 2):
            if not any({start, vertex, end} <= set(line) for line in drawing.lines):
                corners.append(["corner", start, vertex, end])
    marked_corners = [["corner", *right_angle] for right_angle in drawing.right_angles]
    polygons = [["polygon", *item] for item in _polygons(drawing)]
    return {
        "length": [["length", item] for item in segments],
        "angle": [["angle", item] for item in corners if item not in marked_corners],
        "area": [["area", item] for item in polygons],
        "perimeter": [["perimeter", item] for item in polygons],
        "radius": [["radius", ["circle", item]] for item in drawing.circles],
    }


def _polygons(drawing: FigureDrawing) -> Iterator[tuple[str, ...]]:
    """Yield the triangles and quadrilaterals of `drawing` whose sides are drawn."""
    joined_letters = {
        letter: {other for other in drawing.points if drawing.joined(letter, other)} for letter in drawing.points
    }
    line_sets = [set(line) for line in drawing.lines]
    for a, b, c in combinations(drawing.points, 3):
        if (
            b in joined_letters[a]
            and c in joined_letters[a]
            and c in joined_letters[b]
            and not any({a, b, c} <= line for line in line_sets)
        ):
            yield a, b, c
    for four_letters in combinations(drawing.points, 4):
        a, b, c, d = four_letters
        for p, q, r, s in ((a, b, c, d), (a, b, d, c), (a, c, b, d)):
            sides = ((p, q), (q, r), (r, s), (s, p))
            bends = ((p, q, r), (q, r, s), (r, s, p), (s, p, q))
            if all(y in joined_letters[x] for x, y in sides) and not any(
                set(t) <= line for t in bends for line in line_sets
            ):
                yield p, q, r, s


class _Choice(NamedTuple):
    """A condition that may be stated."""

    word: Word
    rows: np.ndarray
    """What it adds to the picture."""
    alone: np.ndarray
    """What it says without it."""


def _asked(rng: SeededRng, task: str, drawing: FigureDrawing, relations: Sequence[Word]) -> Problem | None:
    """Return a question about `drawing` for which `relations` and some amounts are just enough."""
    run = Execution(LANGUAGE, drawing, {CLEARANCE: OFF})
    drawn_figure = drawing.figure(1.0)
    drawn_figure = drawn_figure.moved(drawn_figure.unknowns * rng.uniform(*EXTENTS) / drawn_figure.extent)
    # Places in px are rounded: what is said is true of the figure once more when they are put right.
    figure = satisfied(
        drawn_figure, [*drawing.facts, *(option for statement in relations for option in _conditions(run, statement))]
    )
    if figure is None:
        return None
    measures = _measures(drawing)
    relation_options = [_choice(run, figure, statement) for statement in relations]
    amount_options = [_choice(run, figure, statement) for statement in _amounts(rng, run, figure, measures)]
    picture_rows = rows(figure, drawing.facts)
    for target in rng.shuffled(measures[task])[:TARGETS]:
        try:
            gradient = run.evaluate(LANGUAGE.build(target))(figure).gradient
        except IllPosed:
            continue
        other_amounts = [option for option in amount_options if option.word[1] != target[1]]
        for _ in range(DROPS):
            chosen_options = _enough(rng, picture_rows, relation_options, other_amounts, gradient)
            if chosen_options is not None and _needs_all(drawing, figure, chosen_options, target, gradient):
                return _exact(drawing, run, figure, [option.word for option in chosen_options], target)
    return None


def _choice(run: Execution, figure: Figure, statement: Word) -> _Choice:
    conditions_stated: tuple[Premise, ...] = run.evaluate(LANGUAGE.build(statement))
    text_conditions = [condition for premise in conditions_stated for condition in premise.words]
    return _Choice(statement, rows(figure, _conditions(run, statement)), rows(figure, text_conditions))


def _conditions(run: Execution, statement: Word) -> list[Condition]:
    conditions_stated: tuple[Premise, ...] = run.evaluate(LANGUAGE.build(statement))
    return [condition for premise in conditions_stated for condition in premise.conditions]


def _amounts(rng: SeededRng, run: Execution, figure: Figure, measures: Mapping[str, Sequence[Word]]) -> list[Word]:
    """Return rounded lengths, angles and radii among `measures`, in random order."""
    statements = []
    for quantity, op, unit_leaf, rounding_step in (
        ("length", "is_length", "cm", 0.5), ("angle", "is_angle", "degrees", 1), ("radius", "is_radius", "cm", 0.5),
    ):  # fmt: skip
        for _, measured_item in measures[quantity]:
            value = run.evaluate(LANGUAGE.build([quantity, measured_item]))(figure).value
            rounded_value = rounding_step * round(value / rounding_step)
            if rounded_value > 0 and not (quantity == "angle" and not 10 <= rounded_value <= 170):
                statements.append(
                    [
                        op,
                        measured_item,
                        [unit_leaf, int(rounded_value) if rounded_value == int(rounded_value) else rounded_value],
                    ]
                )
    return rng.shuffled(statements)


def _enough(
    rng: SeededRng,
    picture_rows: np.ndarray,
    relation_options: Sequence[_Choice],
    amount_options: Sequence[_Choice],
    gradient: np.ndarray,
) -> list[_Choice] | None:
    """Choose conditions that settle a quantity together with the picture, none of which can be left out.

    Args:
        rng: random numbers.
        picture_rows: gradients [n, unknowns] of what the picture says.
        relation_options: the construction's own relations.
        amount_options: amounts to choose from.
        gradient: of the quantity, [unknowns].

    Returns:
        The conditions, or None where these cannot settle it.
    """
    chosen_options = list(relation_options)
    for candidate in rng.shuffled(amount_options):
        row_space = RowSpace(np.vstack([picture_rows, *(option.rows for option in chosen_options)]))
        if row_space.settles(gradient):
            break
        if row_space.outside(candidate.rows[0]) > 10 * INDEPENDENT and len(chosen_options) < MAX_CONDITIONS + len(
            relation_options
        ):
            chosen_options.append(candidate)
    for candidate in rng.shuffled(chosen_options):
        remaining_options = [option for option in chosen_options if option is not candidate]
        if RowSpace(np.vstack([picture_rows, *(option.rows for option in remaining_options)])).settles(gradient):
            chosen_options = remaining_options
    row_space = RowSpace(np.vstack([picture_rows, *(option.rows for option in chosen_options)]))
    if (
        not chosen_options
        or len(chosen_options) > MAX_CONDITIONS
        or not row_space.steady
        or not row_space.settles(gradient)
    ):
        return None
    return chosen_options


def _needs_all(
    drawing: FigureDrawing, figure: Figure, chosen_options: Sequence[_Choice], target: Word, gradient: np.ndarray
) -> bool:
    """Tell whether picture and words are both needed for `target`, and every point of `drawing` is."""
    text_rows = np.vstack([option.alone for option in chosen_options])
    if RowSpace(text_rows).settles(gradient) or RowSpace(rows(figure, drawing.facts)).settles(gradient):
        return False
    for letter in set(drawing.points) - set(target[1][1:]):
        other_rows = [
            option.rows for option in chosen_options if not any(letter in part[1:] for part in option.word[1:])
        ]
        picture_rows = rows(figure, drawing.without(letter).facts)
        if RowSpace(np.vstack([picture_rows, *other_rows])).settles(gradient):
            return False
    return True


def _exact(
    drawing: FigureDrawing, run: Execution, figure: Figure, statements: Sequence[Word], target: Word
) -> Problem | None:
    """Return the problem of `target`, drawn again as its rounded amounts have it."""
    conditions = [condition for statement in statements for condition in _conditions(run, statement)]
    solved_figure = satisfied(figure, [*drawing.facts, *conditions])
    if solved_figure is None or np.abs(solved_figure.unknowns - figure.unknowns).max() > MAX_AWAY * figure.extent:
        return None
    condition_chain = statements[-1]
    for statement in statements[-2::-1]:
        condition_chain = ["and", statement, condition_chain]
    query = LANGUAGE.read(["find", condition_chain, target])
    if not isinstance(query, Call):
        return None
    point_places = {
        name: (float(x), -float(y)) for name, (x, y) in zip(drawing.points, solved_figure.places, strict=True)
    }
    circle_radii = dict(
        zip(drawing.circles, map(float, solved_figure.unknowns[2 * solved_figure.points :]), strict=True)
    )
    line_pieces = [(line[0], line[-1]) for line in drawing.lines]
    exact_drawing = _fitted(point_places, line_pieces, circle_radii, drawing.right_angles)
    return None if exact_drawing is None or exact_drawing.lines != drawing.lines else Problem(query, exact_drawing)


# --- the program that draws it ---------------------------------------------------------------------------------


def svg_program(rng: SeededRng, drawing: FigureDrawing) -> str | None:
    """Return `drawing` as SVG, with a letter beside every dot; None where a letter finds no place."""
    point_places = drawing.points
    svg_lines = [f'<svg viewBox="0 0 {CANVAS} {CANVAS}" stroke="#000000" stroke-width="2" fill="none">']
    for centre, (radius, _) in drawing.circles.items():
        x, y = point_places[centre]
        svg_lines.append(f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}"/>')
    for line_letters in drawing.lines:
        (ax, ay), (bx, by) = point_places[line_letters[0]], point_places[line_letters[-1]]
        svg_lines.append(f'<line x1="{ax:g}" y1="{ay:g}" x2="{bx:g}" y2="{by:g}"/>')
    for left_arm, vertex, right_arm in drawing.right_angles:
        mark_points = _mark(point_places[left_arm], point_places[vertex], point_places[right_arm])
        svg_lines.append(f'<polyline points="{mark_points}" stroke-width="1.5"/>')
    for x, y in point_places.values():
        svg_lines.append(f'<circle cx="{x:g}" cy="{y:g}" r="{DOT}" fill="#000000" stroke="none"/>')
    label_places: list[PixelPoint] = []
    for name in point_places:
        label_place = _label_place(rng, drawing, name, label_places)
        if label_place is None:
            return None
        label_places.append(label_place)
        x, y = label_place
        svg_lines.append(
            f'<text x="{x:g}" y="{y + 5:g}" font-size="{LABEL}" text-anchor="middle" fill="#000000" stroke="none">'
            f"{name}</text>"
        )
    return "\n".join([*svg_lines, "</svg>"])


def _mark(left_arm: PixelPoint, vertex: PixelPoint, right_arm: PixelPoint) -> str:
    """Return the corners of the mark of the right angle at `vertex`, as SVG points."""
    arm_vectors = []
    for x, y in (left_arm, right_arm):
        length = math.dist((x, y), vertex)
        arm_vectors.append(((x - vertex[0]) * MARK / length, (y - vertex[1]) * MARK / length))
    (ux, uy), (vx, vy) = arm_vectors
    mark_corners = [(ux, uy), (ux + vx, uy + vy), (vx, vy)]
    return " ".join(f"{vertex[0] + x:.2f},{vertex[1] + y:.2f}" for x, y in mark_corners)


def _label_place(
    rng: SeededRng, drawing: FigureDrawing, name: str, label_places: Sequence[PixelPoint]
) -> PixelPoint | None:
    """Return the place, px, where the letter `name` is farthest from everything else."""
    x, y = drawing.points[name]
    start_angle = rng.uniform(0, 2 * math.pi)
    best_place, best_room = None, 9.0
    for number in range(16):
        turn_angle = start_angle + number * math.pi / 8
        candidate_place = (
            round(x + LABEL_AWAY * math.cos(turn_angle), 1),
            round(y + LABEL_AWAY * math.sin(turn_angle), 1),
        )
        room = _room(drawing, name, candidate_place, label_places)
        if room > best_room:
            best_place, best_room = candidate_place, room
    return best_place


def _room(drawing: FigureDrawing, name: str, place: PixelPoint, label_places: Sequence[PixelPoint]) -> float:
    """Return the distance, px, from `place` to lines, circles, other dots and `label_places`; at most 14."""
    point_places = drawing.points
    gap_widths = [14.0, place[0], place[1], CANVAS - place[0], CANVAS - place[1]]
    gap_widths += [math.dist(place, other) - 8 for letter, other in point_places.items() if letter != name]
    gap_widths += [math.dist(place, other) - 4 for other in label_places]
    gap_widths += [
        abs(math.dist(place, point_places[centre]) - radius) for centre, (radius, _) in drawing.circles.items()
    ]
    for line_letters in drawing.lines:
        (ax, ay), (bx, by) = point_places[line_letters[0]], point_places[line_letters[-1]]
        dx, dy = bx - ax, by - ay
        along_share = min(1.0, max(0.0, ((place[0] - ax) * dx + (place[1] - ay) * dy) / (dx * dx + dy * dy)))
        gap_widths.append(math.dist(place, (ax + along_share * dx, ay + along_share * dy)))
    gap_widths += [
        math.dist(place, point_places[vertex]) - 6 for _, vertex, _ in drawing.right_angles if vertex != name
    ]
    return min(gap_widths)
