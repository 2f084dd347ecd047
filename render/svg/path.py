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


def path_segments(element: Element, svg_limits: SvgLimits) -> list[Segment]:
    """Return the steps of the <path> `element`.

    Raises:
        SvgError: as for `flatten_path`.
    """
    walker = _Walker(element, svg_limits)
    for command_letter, command_values in _commands(element, svg_limits):
        walker.run(command_letter, command_values)
    return walker.segments


def flatten_path(element: Element, svg_limits: SvgLimits) -> list[tuple[list[Point], bool]]:
    """Return the subpaths of the <path> `element` as points, each with whether it is closed.

    Single points are kept only where they are closed.

    Raises:
        SvgError: the data does not follow the grammar or has too many points.
    """
    walker = _Walker(element, svg_limits)
    for command_letter, command_values in _commands(element, svg_limits):
        walker.run(command_letter, command_values)
    return [(path_points, closed) for path_points, closed in walker.subpaths if len(path_points) > 1 or closed]


def _commands(element: Element, svg_limits: SvgLimits) -> list[PathCommand]:
    """Return the commands in the `d` of `element` with their numbers, repeated ones written out."""
    path_commands: list[PathCommand] = []
    command_letter = ""
    command_values: list[float] = []
    for token in _TOKEN.finditer(element.attributes.get("d", "")):
        new_letter, token_text, _, other = token.groups()
        if other:
            raise element.error("path", f"unexpected {other!r} in path data", "write letters of commands and numbers")
        if new_letter:
            path_commands += _written_out(element, command_letter, command_values)
            command_letter, command_values = new_letter, []
        elif token_text:
            if not command_letter:
                raise element.error("path", "path data must begin with M", 'write d="M x y ..."')
            # The two flags of an arc may be written without a space between them and what follows.
            for number_text in (
                _split_flags(token_text, len(command_values) % 7) if command_letter in "Aa" else (token_text,)
            ):
                command_values.append(parse_number(element, "d", number_text, svg_limits))
        if len(path_commands) + len(command_values) > 8 * svg_limits.max_points:
            raise element.error("size", "the path is too long", "draw less")
    path_commands += _written_out(element, command_letter, command_values)
    if path_commands and path_commands[0].letter not in "Mm":
        raise element.error("path", "path data must begin with M", 'write d="M x y ..."')
    return path_commands


def _written_out(element: Element, command_letter: str, command_values: list[float]) -> list[PathCommand]:
    """Return the commands that one `command_letter` before some `command_values` stands for."""
    if not command_letter:
        return []
    number_count = _TAKES[command_letter.upper()]
    if (number_count == 0 and command_values) or (
        number_count and (not command_values or len(command_values) % number_count)
    ):
        problem_text = f"{command_letter} takes {number_count} numbers, got {len(command_values)}"
        raise element.error(
            "path", problem_text, f"write {number_count} numbers after each {command_letter}, or a multiple of it"
        )
    path_commands: list[PathCommand] = []
    for value_index in range(0, max(len(command_values), 1), number_count or 1):
        # Pairs after the first of a moveto are lines (section 8.3.2).
        command_name = {"M": "L", "m": "l"}.get(command_letter, command_letter) if value_index else command_letter
        path_commands.append(PathCommand(command_name, command_values[value_index : value_index + number_count]))
    return path_commands


def _split_flags(flag_text: str, number_place: int) -> list[str]:
    """Split a number of an arc, whose 4th and 5th are single digits, by its `number_place` among the seven."""
    digits = []
    while number_place in (3, 4) and len(flag_text) > 1 and flag_text[0] in "01":
        digits.append(flag_text[0])
        flag_text, number_place = flag_text[1:], number_place + 1
    return [*digits, flag_text]


class _Walker:
    """Follows the commands of `element` and collects points."""

    def __init__(self, element: Element, svg_limits: SvgLimits) -> None:
        self._element, self._limits = element, svg_limits
        self.subpaths: list[tuple[list[Point], bool]] = []
        self.segments: list[Segment] = []
        self._pen: Point = (0.0, 0.0)
        self._start: Point = (0.0, 0.0)
        self._control: Point | None = None
        self._last = ""
        self._count = 0

    def run(self, command_letter: str, v: list[float]) -> None:
        is_relative, command_name = command_letter.islower(), command_letter.upper()
        dx, dy = self._pen if is_relative else (0.0, 0.0)
        pairs = [(v[i] + dx, v[i + 1] + dy) for i in range(0, len(v) - 1, 2)] if command_name in "MLCSQT" else []
        if command_name == "M":
            self._pen = self._start = pairs[0]
            self.subpaths.append(([self._pen], False))
            self.segments.append(Segment(self._pen, kind="move"))
        elif command_name == "Z":
            self._close()
        elif command_name == "H":
            self._line((v[0] + dx, self._pen[1]))
        elif command_name == "V":
            self._line((self._pen[0], v[0] + dy))
        elif command_name == "L":
            self._line(pairs[0])
        elif command_name == "A":
            path_points, leaves, arrives = _arc(
                self._pen, (v[5] + dx, v[6] + dy), v[0], v[1], v[2], bool(v[3]), bool(v[4])
            )
            self._to(path_points, leaves, arrives)
        else:
            self._curve(command_name, pairs)
        if command_name not in "CSQT":
            self._control = None
        self._last = command_name

    def _line(self, end_point: Point) -> None:
        heading = _towards(self._pen, [end_point])
        self._to([end_point], heading, heading)

    def _to(self, path_points: list[Point], leaves: Point | None, arrives: Point | None) -> None:
        if self._last == "Z":
            # Drawing on after a close begins a new subpath where the closed one began.
            self.subpaths.append(([self._pen], False))
        self._count += len(path_points)
        if self._count > self._limits.max_points:
            raise self._element.error("size", f"more than {self._limits.max_points} points", "draw less")
        self.subpaths[-1][0].extend(path_points)
        if path_points:
            self._pen = path_points[-1]
            self.segments.append(Segment(self._pen, leaves, arrives))

    def _close(self) -> None:
        if self._last != "Z":
            path_points, _ = self.subpaths[-1]
            self.subpaths[-1] = (path_points, True)
            heading = _towards(self._pen, [self._start])
            self.segments.append(Segment(self._start, heading, heading, "close"))
        self._pen = self._start

    def _curve(self, command_name: str, pairs: list[Point]) -> None:
        smooth = {"S": "CS", "T": "QT"}.get(command_name)
        if smooth:
            known_control = self._control if self._control is not None and self._last in smooth else self._pen
            pairs = [(2 * self._pen[0] - known_control[0], 2 * self._pen[1] - known_control[1]), *pairs]
        curve_start, curve_end = self._pen, pairs[-1]
        # Seen from the end, the last control point that lies apart from it shows whence the curve comes.
        back = _towards(curve_end, [*pairs[-2::-1], curve_start])
        self._to(_bezier([curve_start, *pairs]), _towards(curve_start, pairs), (-back[0], -back[1]) if back else None)
        self._control = pairs[-2]


def _towards(start_point: Point, path_points: list[Point]) -> Point | None:
    """Return the way from `start_point` to the first of `path_points` that lies apart from it."""
    return next(
        ((x - start_point[0], y - start_point[1]) for x, y in path_points if math.dist(start_point, (x, y)) > TINY),
        None,
    )


def _bezier(path_points: list[Point]) -> list[Point]:
    """Return the points after the first on the curve with the control points `path_points`, by its Bernstein form."""
    degree, curve_points = len(path_points) - 1, list[Point]()
    for step in range(1, CURVE_PIECES + 1):
        t = step / CURVE_PIECES
        weights = [math.comb(degree, k) * (1 - t) ** (degree - k) * t**k for k in range(degree + 1)]
        x, y = (sum(w * p[axis] for w, p in zip(weights, path_points, strict=True)) for axis in (0, 1))
        curve_points.append((x, y))
    return [*curve_points[:-1], path_points[-1]]


def _arc(
    start_point: Point, end_point: Point, rx: float, ry: float, rotation: float, large: bool, sweep: bool
) -> tuple[list[Point], Point | None, Point | None]:
    """Return the points after `start_point` on an elliptical arc, and where it heads at both ends (SVG 1.1, F.6)."""
    rx, ry = abs(rx), abs(ry)
    if math.dist(start_point, end_point) < TINY:
        return [], None, None
    if min(rx, ry) < TINY:
        way = _towards(start_point, [end_point])
        return [end_point], way, way
    cos, sin = math.cos(math.radians(rotation)), math.sin(math.radians(rotation))
    half_step = ((start_point[0] - end_point[0]) / 2, (start_point[1] - end_point[1]) / 2)
    x1, y1 = cos * half_step[0] + sin * half_step[1], -sin * half_step[0] + cos * half_step[1]
    excess = (x1 / rx) ** 2 + (y1 / ry) ** 2
    if excess > 1:
        rx, ry = rx * math.sqrt(excess), ry * math.sqrt(excess)
    under = (rx * ry) ** 2 / ((rx * y1) ** 2 + (ry * x1) ** 2) - 1
    factor = math.sqrt(max(0.0, under)) * (-1 if large == sweep else 1)
    cx1, cy1 = factor * rx * y1 / ry, -factor * ry * x1 / rx
    cx = cos * cx1 - sin * cy1 + (start_point[0] + end_point[0]) / 2
    cy = sin * cx1 + cos * cy1 + (start_point[1] + end_point[1]) / 2
    first_angle = math.atan2((y1 - cy1) / ry, (x1 - cx1) / rx)
    turn = math.atan2((-y1 - cy1) / ry, (-x1 - cx1) / rx) - first_angle
    if sweep and turn < 0:
        turn += 2 * math.pi
    elif not sweep and turn > 0:
        turn -= 2 * math.pi
    pieces = max(2, math.ceil(abs(turn) / (2 * math.pi) * CIRCLE_PIECES))
    arc_points = []
    for step in range(1, pieces):
        angle = first_angle + turn * step / pieces
        x, y = rx * math.cos(angle), ry * math.sin(angle)
        arc_points.append((cx + cos * x - sin * y, cy + sin * x + cos * y))

    def heading(angle: float) -> Point:
        x, y = (1 if turn > 0 else -1) * -rx * math.sin(angle), (1 if turn > 0 else -1) * ry * math.cos(angle)
        return (cos * x - sin * y, sin * x + cos * y)

    return [*arc_points, end_point], heading(first_angle), heading(first_angle + turn)
