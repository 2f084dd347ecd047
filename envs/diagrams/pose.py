"""Problems on constructed figures: which conditions to state, what to ask, and the program that draws it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from ...geometry.constraints import INDEPENDENT, Condition, Figure, RowSpace, rows, satisfied
from ..language.execute import IllPosed, Run
from ..language.query import Call
from ..rng import Stream
from .figure import CANVAS, LETTERS, OFF, Drawing, Place, UnclearError, assembled
from .operators import CLEARANCE, LANGUAGE, MAX_AWAY, Stated
from .sketch import Sketch, constructed

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
    drawing: Drawing


def posed(stream: Stream, task: str, difficulty: int) -> Problem:
    """A problem whose answer hangs on every point of its figure, on the picture and on every condition."""
    number = 0
    while True:
        own = stream.child(number)
        number += 1
        sketch = constructed(own, *POINTS[difficulty])
        if task == "radius" and not sketch.radii:
            continue
        # The letters run on from any one of them, in the order of construction.
        first = own.integer(0, len(LETTERS) - 1)
        letters = [LETTERS[(first + i) % len(LETTERS)] for i in range(len(sketch.places))]
        drawing = _placed(own, sketch, letters)
        if drawing is None:
            continue
        if (problem := _asked(own, task, drawing, _relations(sketch, letters))) is not None:
            return problem


# --- from a sketch to a drawing --------------------------------------------------------------------------------


def _placed(stream: Stream, sketch: Sketch, letters: Sequence[str]) -> Drawing | None:
    """The sketch turned at random and scaled to the canvas, or None where things come too close."""
    turn = stream.uniform(0, 2 * math.pi)
    places = [place * complex(math.cos(turn), math.sin(turn)) for place in sketch.places]
    corners = [(place.real, -place.imag) for place in places]
    radii = {letters[middle]: radius for middle, radius in sketch.radii.items()}
    named = dict(zip(letters, corners, strict=True))
    pieces = [(letters[i], letters[j]) for i, j in sketch.segments]
    rights = [(letters[a], letters[v], letters[b]) for a, v, b in sketch.rights]
    drawing = _fitted(named, pieces, radii, rights)
    tangents = [{letters[each] for each in segment} for op, segment, _ in sketch.said if op == "tangent"]
    return None if drawing is None or _seems_tangent(drawing, tangents) else drawing


def _fitted(
    named: Mapping[str, Place],
    pieces: Sequence[tuple[str, str]],
    radii: Mapping[str, float],
    rights: Sequence[tuple[str, str, str]],
) -> Drawing | None:
    """The drawing in px, moved and scaled to the middle of the canvas."""
    reach = [(x, y, radii.get(name, 0.0)) for name, (x, y) in named.items()]
    low = [min(each[axis] - each[2] for each in reach) for axis in (0, 1)]
    high = [max(each[axis] + each[2] for each in reach) for axis in (0, 1)]
    scale = (CANVAS - 2 * MARGIN) / max(high[0] - low[0], high[1] - low[1])
    move = [CANVAS / 2 - scale * (low[axis] + high[axis]) / 2 for axis in (0, 1)]
    points = {name: (round(x * scale + move[0], 2), round(y * scale + move[1], 2)) for name, (x, y) in named.items()}
    try:
        drawing = assembled(
            dict(sorted(points.items())),
            [(points[a], points[b]) for a, b in pieces],
            {name: round(radius * scale, 2) for name, radius in radii.items()},
        )
    except UnclearError:
        return None
    drawing = Drawing(drawing.points, drawing.lines, drawing.circles, tuple(_ordered(each) for each in rights),
                      drawing.clearance)  # fmt: skip
    return drawing if _roomy(drawing) else None


def _ordered(right: tuple[str, str, str]) -> tuple[str, str, str]:
    a, vertex, b = right
    return (a, vertex, b) if a < b else (b, vertex, a)


def _roomy(drawing: Drawing) -> bool:
    """Whether dots keep apart and lines meet at clear angles."""
    places = drawing.points
    if drawing.clearance < CLEAR or any(math.dist(places[a], places[b]) < APART for a, b in combinations(places, 2)):
        return False
    return all(
        angle >= math.radians(SHARP)
        for vertex in places
        for angle in _angles(places[vertex], [places[each] for each in _neighbours(drawing, vertex)])
    )


def _seems_tangent(drawing: Drawing, tangents: Sequence[set[str]]) -> bool:
    """Whether a line would be taken for a tangent that is not called one."""
    for line in (line for line in drawing.lines if not any(each <= set(line) for each in tangents)):
        for middle, (radius, _) in drawing.circles.items():
            (ax, ay), (bx, by), (x, y) = (drawing.points[each] for each in (line[0], line[-1], middle))
            gap = abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / math.dist((ax, ay), (bx, by)) - radius
            if abs(gap) < NEARLY_TANGENT:
                return True
    return False


def _neighbours(drawing: Drawing, vertex: str) -> list[str]:
    """The next points on all lines through a point."""
    found = []
    for line in drawing.lines:
        if vertex in line:
            at = line.index(vertex)
            found += [*line[max(0, at - 1) : at], *line[at + 1 : at + 2]]
    return sorted(set(found))


def _angles(vertex: Place, ends: Sequence[Place]) -> Iterator[float]:
    turns = sorted(math.atan2(y - vertex[1], x - vertex[0]) for x, y in ends)
    for first, second in zip(turns, [*turns[1:], turns[0] + 2 * math.pi] if turns else [], strict=True):
        yield second - first


# --- what can be stated and asked ------------------------------------------------------------------------------


def _relations(sketch: Sketch, letters: Sequence[str]) -> list[Word]:
    """What the construction says in words; `letters` in the order of the sketch's points."""
    kinds = {
        "equal": ("segment", "segment"), "parallel": ("segment", "segment"), "midpoint": ("point", "segment"),
        "bisects": ("segment", "corner"), "tangent": ("segment", "circle"),
    }  # fmt: skip
    return [
        [op, *([kind, *(letters[each] for each in points)] for kind, points in zip(kinds[op], both, strict=True))]
        for op, *both in sketch.said
    ]


def _measures(drawing: Drawing) -> dict[str, list[Word]]:
    """What the figure has of each quantity."""
    segments = [["segment", a, b] for line in drawing.lines for a, b in combinations(line, 2)]
    corners = []
    for vertex in drawing.points:
        for a, b in combinations(_neighbours(drawing, vertex), 2):
            if not any({a, vertex, b} <= set(line) for line in drawing.lines):
                corners.append(["corner", a, vertex, b])
    marked = [["corner", *right] for right in drawing.rights]
    polygons = [["polygon", *each] for each in _polygons(drawing)]
    return {
        "length": [["length", each] for each in segments],
        "angle": [["angle", each] for each in corners if each not in marked],
        "area": [["area", each] for each in polygons],
        "perimeter": [["perimeter", each] for each in polygons],
        "radius": [["radius", ["circle", each]] for each in drawing.circles],
    }


def _polygons(drawing: Drawing) -> Iterator[tuple[str, ...]]:
    """Triangles and quadrilaterals with drawn sides."""
    joined = {each: {other for other in drawing.points if drawing.joined(each, other)} for each in drawing.points}
    straight = [set(line) for line in drawing.lines]
    for a, b, c in combinations(drawing.points, 3):
        if b in joined[a] and c in joined[a] and c in joined[b] and not any({a, b, c} <= line for line in straight):
            yield a, b, c
    for four in combinations(drawing.points, 4):
        a, b, c, d = four
        for p, q, r, s in ((a, b, c, d), (a, b, d, c), (a, c, b, d)):
            sides = ((p, q), (q, r), (r, s), (s, p))
            bends = ((p, q, r), (q, r, s), (r, s, p), (s, p, q))
            if all(y in joined[x] for x, y in sides) and not any(set(t) <= line for t in bends for line in straight):
                yield p, q, r, s


class _Choice(NamedTuple):
    """A condition that may be stated."""

    word: Word
    rows: np.ndarray
    """What it adds to the picture."""
    alone: np.ndarray
    """What it says without it."""


def _asked(stream: Stream, task: str, drawing: Drawing, relations: Sequence[Word]) -> Problem | None:
    """A question about the drawing for which its relations and some amounts are just enough."""
    run = Run(LANGUAGE, drawing, {CLEARANCE: OFF})
    drawn = drawing.figure(1.0)
    drawn = drawn.moved(drawn.unknowns * stream.uniform(*EXTENTS) / drawn.extent)
    # Places in px are rounded: what is said is true of the figure once more when they are put right.
    figure = satisfied(drawn, [*drawing.facts, *(each for word in relations for each in _conditions(run, word))])
    if figure is None:
        return None
    measures = _measures(drawing)
    said = [_choice(run, figure, word) for word in relations]
    amounts = [_choice(run, figure, word) for word in _amounts(stream, run, figure, measures)]
    seen = rows(figure, drawing.facts)
    for target in stream.shuffled(measures[task])[:TARGETS]:
        try:
            gradient = run.evaluate(LANGUAGE.build(target))(figure).gradient
        except IllPosed:
            continue
        others = [each for each in amounts if each.word[1] != target[1]]
        for _ in range(DROPS):
            given = _enough(stream, seen, said, others, gradient)
            if given is not None and _needs_all(drawing, figure, given, target, gradient):
                return _exact(drawing, run, figure, [each.word for each in given], target)
    return None


def _choice(run: Run, figure: Figure, word: Word) -> _Choice:
    stated: tuple[Stated, ...] = run.evaluate(LANGUAGE.build(word))
    alone = [condition for each in stated for condition in each.words]
    return _Choice(word, rows(figure, _conditions(run, word)), rows(figure, alone))


def _conditions(run: Run, word: Word) -> list[Condition]:
    stated: tuple[Stated, ...] = run.evaluate(LANGUAGE.build(word))
    return [condition for each in stated for condition in each.conditions]


def _amounts(stream: Stream, run: Run, figure: Figure, measures: Mapping[str, Sequence[Word]]) -> list[Word]:
    """Rounded lengths, angles and radii, in random order."""
    found = []
    for kind, op, leaf, step in (
        ("length", "is_length", "cm", 0.5), ("angle", "is_angle", "degrees", 1), ("radius", "is_radius", "cm", 0.5),
    ):  # fmt: skip
        for _, named in measures[kind]:
            value = run.evaluate(LANGUAGE.build([kind, named]))(figure).value
            rounded = step * round(value / step)
            if rounded > 0 and not (kind == "angle" and not 10 <= rounded <= 170):
                found.append([op, named, [leaf, int(rounded) if rounded == int(rounded) else rounded]])
    return stream.shuffled(found)


def _enough(
    stream: Stream, seen: np.ndarray, said: Sequence[_Choice], amounts: Sequence[_Choice], gradient: np.ndarray
) -> list[_Choice] | None:
    """Conditions that settle the gradient together with what is seen, none of which can be left out."""
    given = list(said)
    for choice in stream.shuffled(amounts):
        space = RowSpace(np.vstack([seen, *(each.rows for each in given)]))
        if space.settles(gradient):
            break
        if space.outside(choice.rows[0]) > 10 * INDEPENDENT and len(given) < MAX_CONDITIONS + len(said):
            given.append(choice)
    for choice in stream.shuffled(given):
        rest = [each for each in given if each is not choice]
        if RowSpace(np.vstack([seen, *(each.rows for each in rest)])).settles(gradient):
            given = rest
    space = RowSpace(np.vstack([seen, *(each.rows for each in given)]))
    if not given or len(given) > MAX_CONDITIONS or not space.steady or not space.settles(gradient):
        return None
    return given


def _needs_all(drawing: Drawing, figure: Figure, given: Sequence[_Choice], target: Word, gradient: np.ndarray) -> bool:
    """Whether picture and words each are needed, and every point is."""
    told = np.vstack([each.alone for each in given])
    if RowSpace(told).settles(gradient) or RowSpace(rows(figure, drawing.facts)).settles(gradient):
        return False
    for letter in set(drawing.points) - set(target[1][1:]):
        words = [each.rows for each in given if not any(letter in part[1:] for part in each.word[1:])]
        seen = rows(figure, drawing.without(letter).facts)
        if RowSpace(np.vstack([seen, *words])).settles(gradient):
            return False
    return True


def _exact(drawing: Drawing, run: Run, figure: Figure, given: Sequence[Word], target: Word) -> Problem | None:
    """The problem, drawn again as its rounded amounts have it."""
    conditions = [each for word in given for each in _conditions(run, word)]
    solved = satisfied(figure, [*drawing.facts, *conditions])
    if solved is None or np.abs(solved.unknowns - figure.unknowns).max() > MAX_AWAY * figure.extent:
        return None
    chain = given[-1]
    for word in given[-2::-1]:
        chain = ["and", word, chain]
    query = LANGUAGE.read(["find", chain, target])
    if not isinstance(query, Call):
        return None
    places = {name: (float(x), -float(y)) for name, (x, y) in zip(drawing.points, solved.places, strict=True)}
    radii = dict(zip(drawing.circles, map(float, solved.unknowns[2 * solved.points :]), strict=True))
    pieces = [(line[0], line[-1]) for line in drawing.lines]
    redrawn = _fitted(places, pieces, radii, drawing.rights)
    return None if redrawn is None or redrawn.lines != drawing.lines else Problem(query, redrawn)


# --- the program that draws it ---------------------------------------------------------------------------------


def svg_program(stream: Stream, drawing: Drawing) -> str | None:
    """The figure as SVG, with a letter beside every dot; None where a letter finds no place."""
    places = drawing.points
    parts = [f'<svg viewBox="0 0 {CANVAS} {CANVAS}" stroke="#000000" stroke-width="2" fill="none">']
    for middle, (radius, _) in drawing.circles.items():
        x, y = places[middle]
        parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}"/>')
    for line in drawing.lines:
        (ax, ay), (bx, by) = places[line[0]], places[line[-1]]
        parts.append(f'<line x1="{ax:g}" y1="{ay:g}" x2="{bx:g}" y2="{by:g}"/>')
    for a, vertex, b in drawing.rights:
        parts.append(f'<polyline points="{_mark(places[a], places[vertex], places[b])}" stroke-width="1.5"/>')
    for x, y in places.values():
        parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="{DOT}" fill="#000000" stroke="none"/>')
    labels: list[Place] = []
    for name in places:
        place = _label_place(stream, drawing, name, labels)
        if place is None:
            return None
        labels.append(place)
        x, y = place
        parts.append(
            f'<text x="{x:g}" y="{y + 5:g}" font-size="{LABEL}" text-anchor="middle" fill="#000000" stroke="none">'
            f"{name}</text>"
        )
    return "\n".join([*parts, "</svg>"])


def _mark(a: Place, vertex: Place, b: Place) -> str:
    """Corners of the mark of a right angle."""
    arms = []
    for x, y in (a, b):
        length = math.dist((x, y), vertex)
        arms.append(((x - vertex[0]) * MARK / length, (y - vertex[1]) * MARK / length))
    (ux, uy), (vx, vy) = arms
    corners = [(ux, uy), (ux + vx, uy + vy), (vx, vy)]
    return " ".join(f"{vertex[0] + x:.2f},{vertex[1] + y:.2f}" for x, y in corners)


def _label_place(stream: Stream, drawing: Drawing, name: str, labels: Sequence[Place]) -> Place | None:
    """Where the letter of a point is farthest from everything else."""
    x, y = drawing.points[name]
    start = stream.uniform(0, 2 * math.pi)
    best, clear = None, 9.0
    for number in range(16):
        turn = start + number * math.pi / 8
        place = round(x + LABEL_AWAY * math.cos(turn), 1), round(y + LABEL_AWAY * math.sin(turn), 1)
        room = _room(drawing, name, place, labels)
        if room > clear:
            best, clear = place, room
    return best


def _room(drawing: Drawing, name: str, place: Place, labels: Sequence[Place]) -> float:
    """How far the middle of a letter would be from lines, circles, other dots and letters, px; at most 14."""
    places = drawing.points
    gaps = [14.0, place[0], place[1], CANVAS - place[0], CANVAS - place[1]]
    gaps += [math.dist(place, other) - 8 for each, other in places.items() if each != name]
    gaps += [math.dist(place, other) - 4 for other in labels]
    gaps += [abs(math.dist(place, places[middle]) - radius) for middle, (radius, _) in drawing.circles.items()]
    for line in drawing.lines:
        (ax, ay), (bx, by) = places[line[0]], places[line[-1]]
        dx, dy = bx - ax, by - ay
        share = min(1.0, max(0.0, ((place[0] - ax) * dx + (place[1] - ay) * dy) / (dx * dx + dy * dy)))
        gaps.append(math.dist(place, (ax + share * dx, ay + share * dy)))
    gaps += [math.dist(place, places[vertex]) - 6 for _, vertex, _ in drawing.rights if vertex != name]
    return min(gaps)
