"""Path data to points: the whole grammar of SVG 1.1 (section 8.3), curves flattened to fixed numbers of pieces."""

import math
import re
from typing import NamedTuple

from .document import Element
from .limits import SvgLimits
from .scan import NUMBER, parse_number

Point = tuple[float, float]
CURVE_PIECES = 16
CIRCLE_PIECES = 64
TINY = 1e-9
"""px; lengths below it count as none, since their squares would not be numbers."""

_TOKEN = re.compile(rf"([MmLlHhVvCcSsQqTtAaZz])|({NUMBER})|([\s,]++)|(.)", re.DOTALL)
_TAKES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}


class Segment(NamedTuple):
    """A step of a path, for what is drawn at its vertices."""

    end: Point
    leaves: Point | None = None
    """The direction in which it begins, of any length; None where it has no length."""
    arrives: Point | None = None
    """The direction in which it ends."""
    kind: str = "draw"
    """`move` where it only begins a subpath, `close` where it ends a closed one, else `draw`."""


class PathCommand(NamedTuple):
    """A command of path data."""

    letter: str
    values: list[float]
    """As many numbers as the command takes."""


def path_segments(element: Element, limits: SvgLimits) -> list[Segment]:
    """Return the steps of the <path> `element`.

    Raises:
        SvgError: as for `flatten_path`.
    """
    walker = _Walker(element, limits)
    for letter, values in _commands(element, limits):
        walker.run(letter, values)
    return walker.segments


def flatten_path(element: Element, limits: SvgLimits) -> list[tuple[list[Point], bool]]:
    """Return the subpaths of the <path> `element` as points, each with whether it is closed.

    Single points are kept only where they are closed.

    Raises:
        SvgError: the data does not follow the grammar or has too many points.
    """
    walker = _Walker(element, limits)
    for letter, values in _commands(element, limits):
        walker.run(letter, values)
    return [(points, closed) for points, closed in walker.subpaths if len(points) > 1 or closed]


def _commands(element: Element, limits: SvgLimits) -> list[PathCommand]:
    """Return the commands in the `d` of `element` with their numbers, repeated ones written out."""
    commands: list[PathCommand] = []
    letter = ""
    values: list[float] = []
    for token in _TOKEN.finditer(element.attributes.get("d", "")):
        new_letter, text, _, other = token.groups()
        if other:
            raise element.error("path", f"unexpected {other!r} in path data", "write letters of commands and numbers")
        if new_letter:
            commands += _written_out(element, letter, values)
            letter, values = new_letter, []
        elif text:
            if not letter:
                raise element.error("path", "path data must begin with M", 'write d="M x y ..."')
            # The two flags of an arc may be written without a space between them and what follows.
            for number_text in _split_flags(text, len(values) % 7) if letter in "Aa" else (text,):
                values.append(parse_number(element, "d", number_text, limits))
        if len(commands) + len(values) > 8 * limits.max_points:
            raise element.error("size", "the path is too long", "draw less")
    commands += _written_out(element, letter, values)
    if commands and commands[0].letter not in "Mm":
        raise element.error("path", "path data must begin with M", 'write d="M x y ..."')
    return commands


def _written_out(element: Element, letter: str, values: list[float]) -> list[PathCommand]:
    """Return the commands that one `letter` before some `values` stands for."""
    if not letter:
        return []
    size = _TAKES[letter.upper()]
    if (size == 0 and values) or (size and (not values or len(values) % size)):
        problem = f"{letter} takes {size} numbers, got {len(values)}"
        raise element.error("path", problem, f"write {size} numbers after each {letter}, or a multiple of it")
    commands: list[PathCommand] = []
    for start in range(0, max(len(values), 1), size or 1):
        # Pairs after the first of a moveto are lines (section 8.3.2).
        name = {"M": "L", "m": "l"}.get(letter, letter) if start else letter
        commands.append(PathCommand(name, values[start : start + size]))
    return commands


def _split_flags(text: str, place: int) -> list[str]:
    """Split a number of an arc, whose 4th and 5th are single digits, by its `place` among the seven."""
    digits = []
    while place in (3, 4) and len(text) > 1 and text[0] in "01":
        digits.append(text[0])
        text, place = text[1:], place + 1
    return [*digits, text]


class _Walker:
    """Follows the commands of `element` and collects points."""

    def __init__(self, element: Element, limits: SvgLimits) -> None:
        self._element, self._limits = element, limits
        self.subpaths: list[tuple[list[Point], bool]] = []
        self.segments: list[Segment] = []
        self._pen: Point = (0.0, 0.0)
        self._start: Point = (0.0, 0.0)
        self._control: Point | None = None
        self._last = ""
        self._count = 0

    def run(self, letter: str, v: list[float]) -> None:
        is_relative, name = letter.islower(), letter.upper()
        dx, dy = self._pen if is_relative else (0.0, 0.0)
        pairs = [(v[i] + dx, v[i + 1] + dy) for i in range(0, len(v) - 1, 2)] if name in "MLCSQT" else []
        if name == "M":
            self._pen = self._start = pairs[0]
            self.subpaths.append(([self._pen], False))
            self.segments.append(Segment(self._pen, kind="move"))
        elif name == "Z":
            self._close()
        elif name == "H":
            self._line((v[0] + dx, self._pen[1]))
        elif name == "V":
            self._line((self._pen[0], v[0] + dy))
        elif name == "L":
            self._line(pairs[0])
        elif name == "A":
            points, leaves, arrives = _arc(self._pen, (v[5] + dx, v[6] + dy), v[0], v[1], v[2], bool(v[3]), bool(v[4]))
            self._to(points, leaves, arrives)
        else:
            self._curve(name, pairs)
        if name not in "CSQT":
            self._control = None
        self._last = name

    def _line(self, end: Point) -> None:
        heading = _towards(self._pen, [end])
        self._to([end], heading, heading)

    def _to(self, points: list[Point], leaves: Point | None, arrives: Point | None) -> None:
        if self._last == "Z":
            # Drawing on after a close begins a new subpath where the closed one began.
            self.subpaths.append(([self._pen], False))
        self._count += len(points)
        if self._count > self._limits.max_points:
            raise self._element.error("size", f"more than {self._limits.max_points} points", "draw less")
        self.subpaths[-1][0].extend(points)
        if points:
            self._pen = points[-1]
            self.segments.append(Segment(self._pen, leaves, arrives))

    def _close(self) -> None:
        if self._last != "Z":
            points, _ = self.subpaths[-1]
            self.subpaths[-1] = (points, True)
            heading = _towards(self._pen, [self._start])
            self.segments.append(Segment(self._start, heading, heading, "close"))
        self._pen = self._start

    def _curve(self, name: str, pairs: list[Point]) -> None:
        smooth = {"S": "CS", "T": "QT"}.get(name)
        if smooth:
            known = self._control if self._control is not None and self._last in smooth else self._pen
            pairs = [(2 * self._pen[0] - known[0], 2 * self._pen[1] - known[1]), *pairs]
        first, last = self._pen, pairs[-1]
        # Seen from the end, the last control point that lies apart from it shows whence the curve comes.
        back = _towards(last, [*pairs[-2::-1], first])
        self._to(_bezier([first, *pairs]), _towards(first, pairs), (-back[0], -back[1]) if back else None)
        self._control = pairs[-2]


def _towards(start: Point, points: list[Point]) -> Point | None:
    """Return the way from `start` to the first of `points` that lies apart from it."""
    return next(((x - start[0], y - start[1]) for x, y in points if math.dist(start, (x, y)) > TINY), None)


def _bezier(points: list[Point]) -> list[Point]:
    """Return the points after the first on the curve with the control points `points`, by its Bernstein form."""
    degree, curve_points = len(points) - 1, list[Point]()
    for step in range(1, CURVE_PIECES + 1):
        t = step / CURVE_PIECES
        weights = [math.comb(degree, k) * (1 - t) ** (degree - k) * t**k for k in range(degree + 1)]
        x, y = (sum(w * p[axis] for w, p in zip(weights, points, strict=True)) for axis in (0, 1))
        curve_points.append((x, y))
    return [*curve_points[:-1], points[-1]]


def _arc(
    start: Point, end: Point, rx: float, ry: float, rotation: float, large: bool, sweep: bool
) -> tuple[list[Point], Point | None, Point | None]:
    """Return the points after `start` on an elliptical arc, and where it heads at both ends (SVG 1.1, F.6)."""
    rx, ry = abs(rx), abs(ry)
    if math.dist(start, end) < TINY:
        return [], None, None
    if min(rx, ry) < TINY:
        way = _towards(start, [end])
        return [end], way, way
    cos, sin = math.cos(math.radians(rotation)), math.sin(math.radians(rotation))
    half = ((start[0] - end[0]) / 2, (start[1] - end[1]) / 2)
    x1, y1 = cos * half[0] + sin * half[1], -sin * half[0] + cos * half[1]
    excess = (x1 / rx) ** 2 + (y1 / ry) ** 2
    if excess > 1:
        rx, ry = rx * math.sqrt(excess), ry * math.sqrt(excess)
    under = (rx * ry) ** 2 / ((rx * y1) ** 2 + (ry * x1) ** 2) - 1
    factor = math.sqrt(max(0.0, under)) * (-1 if large == sweep else 1)
    cx1, cy1 = factor * rx * y1 / ry, -factor * ry * x1 / rx
    cx = cos * cx1 - sin * cy1 + (start[0] + end[0]) / 2
    cy = sin * cx1 + cos * cy1 + (start[1] + end[1]) / 2
    first = math.atan2((y1 - cy1) / ry, (x1 - cx1) / rx)
    turn = math.atan2((-y1 - cy1) / ry, (-x1 - cx1) / rx) - first
    if sweep and turn < 0:
        turn += 2 * math.pi
    elif not sweep and turn > 0:
        turn -= 2 * math.pi
    pieces = max(2, math.ceil(abs(turn) / (2 * math.pi) * CIRCLE_PIECES))
    arc_points = []
    for step in range(1, pieces):
        angle = first + turn * step / pieces
        x, y = rx * math.cos(angle), ry * math.sin(angle)
        arc_points.append((cx + cos * x - sin * y, cy + sin * x + cos * y))

    def heading(angle: float) -> Point:
        x, y = (1 if turn > 0 else -1) * -rx * math.sin(angle), (1 if turn > 0 else -1) * ry * math.cos(angle)
        return (cos * x - sin * y, sin * x + cos * y)

    return [*arc_points, end], heading(first), heading(first + turn)
