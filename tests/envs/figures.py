"""Plane figures by a second method: from the program's text and the question's JSON, without the oracle's code.

Points are complex numbers, what lies on what is found by distances in the text's numbers, the figure from
several starts: a question is settled where all of them lead to one answer.
"""

import cmath
import math
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import combinations

import numpy as np

Named = dict[str, complex]


class Picture:
    """What the program's text draws."""

    def __init__(self, program: str) -> None:
        elements = list(ET.fromstring(program))
        number = lambda each, name: float(each.attrib[name])  # noqa: E731
        dots, rings = [], []
        for each in (each for each in elements if each.tag == "circle"):
            middle = complex(number(each, "cx"), -number(each, "cy"))
            (dots if number(each, "r") <= 3 else rings).append((middle, number(each, "r")))
        self.points: Named = {}
        for each in (each for each in elements if each.tag == "text"):
            place = complex(number(each, "x"), -number(each, "y") + 5)
            self.points[each.text] = min((abs(dot - place), i, dot) for i, (dot, _) in enumerate(dots))[2]
        self.segments = [
            tuple(complex(number(each, f"x{i}"), -number(each, f"y{i}")) for i in (1, 2))
            for each in elements
            if each.tag == "line"
        ]
        self.circles = {self.at(middle): radius for middle, radius in rings}
        self.on = {
            middle: [n for n, p in self.points.items() if abs(abs(p - self.points[middle]) - radius) < 0.5]
            for middle, radius in self.circles.items()
        }
        self.marks = [
            [complex(*map(float, pair.split(","))).conjugate() for pair in each.attrib["points"].split()]
            for each in elements
            if each.tag == "polyline"
        ]

    def at(self, place: complex) -> str:
        return next(name for name, each in self.points.items() if abs(each - place) < 1)

    def residuals(self) -> list[Callable[[Named, dict[str, float]], float]]:
        """What the picture says, as functions that are zero."""
        found = []
        for a, b in self.segments:
            names = [n for n, p in self.points.items() if abs(abs(p - a) + abs(p - b) - abs(a - b)) < 0.05]
            for p, q, r in combinations(names, 3):
                found.append(lambda at, radii, p=p, q=q, r=r: ((at[q] - at[p]) / (at[r] - at[p])).imag)
        for (a, b), (c, d) in combinations(self.segments, 2):
            # Two segments that continue each other.
            shared = [x for x in (a, b) if min(abs(x - c), abs(x - d)) < 0.05]
            if shared and abs(cmath.sin(cmath.phase((b - a) / (d - c)))) < 0.005:
                p, q, r = self.at(a), self.at(b), self.at(c if abs(shared[0] - c) > 1 else d)
                found.append(lambda at, radii, p=p, q=q, r=r: ((at[q] - at[p]) / (at[r] - at[p])).imag)
        for middle, names in self.on.items():
            for name in names:
                found.append(lambda at, radii, n=name, m=middle: abs(at[n] - at[m]) - radii[m])
        for first, corner, last in self.marks:
            vertex = self.at(first + last - corner)
            ends = [self.beside(vertex, end) for end in (first, last)]
            found.append(lambda at, radii, v=vertex, e=ends: ((at[e[0]] - at[v]) / (at[e[1]] - at[v])).real)
        return found

    def beside(self, vertex: str, end: complex) -> str:
        """A point in the direction of a mark's end."""
        way = end - self.points[vertex]
        aims = {n: abs(cmath.phase((p - self.points[vertex]) / way)) for n, p in self.points.items() if n != vertex}
        return min(aims, key=aims.get)


def measure(kind: str, names: list[str], at: Named, radii: dict[str, float]) -> float:
    """A length, angle (degrees), area, perimeter or radius."""
    places = [at[name] for name in names]
    if kind == "length":
        return abs(places[0] - places[1])
    if kind == "angle":
        return abs(math.degrees(cmath.phase((places[0] - places[1]) / (places[2] - places[1]))))
    if kind == "area":
        return abs(sum((p.conjugate() * q).imag for p, q in zip(places, [*places[1:], places[0]], strict=True))) / 2
    if kind == "perimeter":
        return sum(abs(p - q) for p, q in zip(places, [*places[1:], places[0]], strict=True))
    return radii[names[0]]


def said(condition: list, at: Named, radii: dict[str, float], on: dict[str, list[str]]) -> list[float]:
    """How far a condition in JSON is from being true."""
    op, first, second = condition
    if op == "and":
        return said(first, at, radii, on) + said(second, at, radii, on)
    if op in ("is_length", "is_angle", "is_area", "is_radius"):
        off = measure(op.removeprefix("is_"), first[1:], at, radii) - second[1]
        return [math.radians(off) if op == "is_angle" else off]
    if op in ("equal", "equal_angles"):
        kind = "length" if op == "equal" else "angle"
        return [measure(kind, first[1:], at, radii) - measure(kind, second[1:], at, radii)]
    if op in ("parallel", "perpendicular"):
        u, v = (at[each[2]] - at[each[1]] for each in (first, second))
        return [(u / v).imag if op == "parallel" else (u / v).real]
    if op == "midpoint":
        off = at[first[1]] - (at[second[1]] + at[second[2]]) / 2
        return [off.real, off.imag]
    if op == "bisects":
        a, v, b = second[1:]
        (inner,) = set(first[1:]) - {v}
        return [measure("angle", [a, v, inner], at, radii) - measure("angle", [inner, v, b], at, radii)]
    touching = [each for each in first[1:] if each in on.get(second[1], ())]
    if touching:
        return [((at[first[2]] - at[first[1]]) / (at[touching[0]] - at[second[1]])).real]
    u = (at[first[2]] - at[first[1]]) / abs(at[first[2]] - at[first[1]])
    return [abs(((at[second[1]] - at[first[1]]) * u.conjugate()).imag) - radii[second[1]]]


def second_answer(query: list, program: str, starts: int = 3) -> float | None:
    """The answer, or None where starts lead to different ones."""
    _, given, (kind, named) = query
    picture = Picture(program)
    names, middles = list(picture.points), list(picture.circles)
    seen = picture.residuals()

    def split(z: np.ndarray) -> tuple[Named, dict[str, float]]:
        at = dict(zip(names, z[: 2 * len(names)].view(complex).tolist(), strict=True))
        return at, dict(zip(middles, z[2 * len(names) :], strict=True))

    def off(z: np.ndarray) -> np.ndarray:
        at, radii = split(z)
        return np.array([each(at, radii) for each in seen] + said(given, at, radii, picture.on))

    def alike(z: np.ndarray) -> bool:
        """Whether all distances are in the ratios in which they are drawn."""
        at, _ = split(z)
        ratios = [abs(at[a] - at[b]) / abs(picture.points[a] - picture.points[b]) for a, b in combinations(names, 2)]
        return max(ratios) < 1.25 * min(ratios)

    start = np.array([*np.array(list(picture.points.values())).view(float), *picture.circles.values()])
    scales = sorted(amounts(given, picture)) or [0.1]
    random, answers = np.random.default_rng(7), []
    for number in range(starts):
        z = start + random.normal(size=start.shape) * (0.0 if number == 0 else 0.3)
        for scale in (scales[len(scales) // 2], *scales):
            found = nearest(off, z * scale)
            if np.abs(off(found)).max() < 1e-8 and alike(found):
                answers.append(measure(kind, named[1:], *split(found)))
                break
        else:
            return None
    return answers[0] if max(answers) - min(answers) < 1e-5 * max(answers) else None


def nearest(off: Callable[[np.ndarray], np.ndarray], z: np.ndarray) -> np.ndarray:
    """A zero of the residuals by damped least-norm steps (Levenberg-Marquardt), derivatives by differences.

    The damping goes with the residual: off the solution, conditions that say one thing twice seem to say two.
    """
    for _ in range(100):
        residual = off(z)
        if np.abs(residual).max() < 1e-11:
            break
        h = 1e-6 * np.eye(len(z))
        slopes = np.array([(off(z + each) - off(z - each)) / 2e-6 for each in h]).T
        damping = 0.01 * np.abs(residual).max() * np.eye(len(residual))
        z = z - slopes.T @ np.linalg.lstsq(slopes @ slopes.T + damping, residual, rcond=1e-13)[0]
    return z


def amounts(condition: list, picture: Picture) -> list[float]:
    """Centimetres to a px, by each amount that is stated."""
    op, first, second = condition
    if op == "and":
        return amounts(first, picture) + amounts(second, picture)
    drawn = {"is_length": "length", "is_radius": "radius", "is_area": "area"}.get(op)
    if drawn is None:
        return []
    ratio = second[1] / measure(drawn, first[1:], picture.points, picture.circles)
    return [math.sqrt(ratio) if op == "is_area" else ratio]
