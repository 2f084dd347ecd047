"""Path data to points: the whole grammar of SVG 1.1 (section 8.3), curves flattened to fixed numbers of pieces."""

import math
import re
from typing import NamedTuple

from .parse import Element, SvgLimits, parse_number

Point = tuple[float, float]
CURVE_PIECES = 16
CIRCLE_PIECES = 64
TINY = 1e-9
"""px; lengths below it count as none, since their squares would not be numbers."""

_TOKEN = re.compile(r"([MmLlHhVvCcSsQqTtAaZz])|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([\s,]+)|(.)", re.DOTALL)
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


def path_segments(element: Element, limits: SvgLimits) -> list[Segment]:
    """The steps of a <path>.

    Raises:
        SvgError: as for `flatten_path`.
    """
    walker = _Walker(element, limits)
    for command, values in _commands(element, limits):
        walker.run(command, values)
    return walker.segments


def flatten_path(element: Element, limits: SvgLimits) -> list[tuple[list[Point], bool]]:
    """The subpaths of a <path> as points, each with whether it is closed; single points only where closed.

    Raises:
        SvgError: the data does not follow the grammar or has too many points.
    """
    walker = _Walker(element, limits)
    for command, values in _commands(element, limits):
        walker.run(command, values)
    return [(points, closed) for points, closed in walker.subpaths if len(points) > 1 or closed]


def _commands(element: Element, limits: SvgLimits) -> list[tuple[str, list[float]]]:
    """The commands with their numbers, repeated ones written out."""
    found: list[tuple[str, list[float]]] = []
    command = ""
    values: list[float] = []

    def finish() -> None:
        if not command:
            return
        size = _TAKES[command.upper()]
        if (size == 0 and values) or (size and (not values or len(values) % size)):
            raise element.error("path", f"{command} takes {size} numbers, got {len(values)}")
        for start in range(0, max(len(values), 1), size or 1):
            # Pairs after the first of a moveto are lines (section 8.3.2).
            name = {"M": "L", "m": "l"}.get(command, command) if start else command
            found.append((name, values[start : start + size]))

    for letter, text, _, other in _TOKEN.findall(element.attributes.get("d", "")):
        if other:
            raise element.error("path", f"unexpected {other!r} in path data")
        if letter:
            finish()
            command, values = letter, []
        elif text:
            if not command:
                raise element.error("path", "path data must begin with M")
            # The two flags of an arc may be written without a space between them and what follows.
            for part in _split_flags(text, len(values) % 7) if command in "Aa" else (text,):
                values.append(parse_number(element, "d", part, limits))
        if len(found) + len(values) > 8 * limits.max_points:
            raise element.error("size", "the path is too long", "draw less")
    finish()
    if found and found[0][0] not in "Mm":
        raise element.error("path", "path data must begin with M")
    return found


def _split_flags(text: str, place: int) -> list[str]:
    """A number of an arc, whose 4th and 5th are single digits, by its place among the seven."""
    found = []
    while place in (3, 4) and len(text) > 1 and text[0] in "01":
        found.append(text[0])
        text, place = text[1:], place + 1
    return [*found, text]


class _Walker:
    """Follows the commands and collects points."""

    def __init__(self, element: Element, limits: SvgLimits) -> None:
        self._element, self._limits = element, limits
        self.subpaths: list[tuple[list[Point], bool]] = []
        self.segments: list[Segment] = []
        self._at: Point = (0.0, 0.0)
        self._start: Point = (0.0, 0.0)
        self._control: Point | None = None
        self._last = ""
        self._count = 0

    def run(self, command: str, v: list[float]) -> None:
        relative, name = command.islower(), command.upper()
        dx, dy = self._at if relative else (0.0, 0.0)
        pairs = [(v[i] + dx, v[i + 1] + dy) for i in range(0, len(v) - 1, 2)] if name in "MLCSQT" else []
        if name == "M":
            self._at = self._start = pairs[0]
            self.subpaths.append(([self._at], False))
            self.segments.append(Segment(self._at, kind="move"))
        elif name == "Z":
            self._close()
        elif name == "H":
            self._line((v[0] + dx, self._at[1]))
        elif name == "V":
            self._line((self._at[0], v[0] + dy))
        elif name == "L":
            self._line(pairs[0])
        elif name == "A":
            points, leaves, arrives = _arc(self._at, (v[5] + dx, v[6] + dy), v[0], v[1], v[2], bool(v[3]), bool(v[4]))
            self._to(points, leaves, arrives)
        else:
            self._curve(name, pairs)
        if name not in "CSQT":
            self._control = None
        self._last = name

    def _line(self, end: Point) -> None:
        heading = _towards(self._at, [end])
        self._to([end], heading, heading)

    def _to(self, points: list[Point], leaves: Point | None, arrives: Point | None) -> None:
        if self._last == "Z":
            # Drawing on after a close begins a new subpath where the closed one began.
            self.subpaths.append(([self._at], False))
        self._count += len(points)
        if self._count > self._limits.max_points:
            raise self._element.error("size", f"more than {self._limits.max_points} points", "draw less")
        self.subpaths[-1][0].extend(points)
        if points:
            self._at = points[-1]
            self.segments.append(Segment(self._at, leaves, arrives))

    def _close(self) -> None:
        if self._last != "Z":
            points, _ = self.subpaths[-1]
            self.subpaths[-1] = (points, True)
            heading = _towards(self._at, [self._start])
            self.segments.append(Segment(self._start, heading, heading, "close"))
        self._at = self._start

    def _curve(self, name: str, pairs: list[Point]) -> None:
        smooth = {"S": "CS", "T": "QT"}.get(name)
        if smooth:
            known = self._control if self._control is not None and self._last in smooth else self._at
            pairs = [(2 * self._at[0] - known[0], 2 * self._at[1] - known[1]), *pairs]
        first, last = self._at, pairs[-1]
        # Seen from the end, the last control point that lies apart from it shows whence the curve comes.
        back = _towards(last, [*pairs[-2::-1], first])
        self._to(_bezier([first, *pairs]), _towards(first, pairs), (-back[0], -back[1]) if back else None)
        self._control = pairs[-2]


def _towards(start: Point, points: list[Point]) -> Point | None:
    """The way to the first of some points that lies apart from where it begins."""
    return next(((x - start[0], y - start[1]) for x, y in points if math.dist(start, (x, y)) > TINY), None)


def _bezier(points: list[Point]) -> list[Point]:
    """Points after the first on a quadratic or cubic curve, by its Bernstein form."""
    degree, found = len(points) - 1, []
    for step in range(1, CURVE_PIECES + 1):
        t = step / CURVE_PIECES
        weights = [math.comb(degree, k) * (1 - t) ** (degree - k) * t**k for k in range(degree + 1)]
        found.append((sum(w * p[0] for w, p in zip(weights, points, strict=True)),
                      sum(w * p[1] for w, p in zip(weights, points, strict=True))))  # fmt: skip
    return [*found[:-1], points[-1]]


def _arc(
    start: Point, end: Point, rx: float, ry: float, rotation: float, large: bool, sweep: bool
) -> tuple[list[Point], Point | None, Point | None]:
    """Points after the start on an elliptical arc, and where it heads at both ends (SVG 1.1, appendix F.6)."""
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
    found = []
    for step in range(1, pieces):
        angle = first + turn * step / pieces
        x, y = rx * math.cos(angle), ry * math.sin(angle)
        found.append((cx + cos * x - sin * y, cy + sin * x + cos * y))

    def heading(angle: float) -> Point:
        x, y = (1 if turn > 0 else -1) * -rx * math.sin(angle), (1 if turn > 0 else -1) * ry * math.cos(angle)
        return (cos * x - sin * y, sin * x + cos * y)

    return [*found, end], heading(first), heading(first + turn)
