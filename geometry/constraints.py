"""Plane figures under conditions: where their points must be, and what the conditions settle.

A figure is a vector of unknowns: x and y of each point, then the radius of each circle. A condition is an expression
of the unknowns that is zero; expressions carry their gradients. The figure that the conditions describe is found from
one nearby by Gauss-Newton steps of least norm. A quantity is settled, at a figure, where every motion of the unknowns
that keeps all conditions keeps it too: where its gradient lies in the row space of the conditions' Jacobian. Figures
whose Jacobian is nearly of lower rank are called unsteady, as nothing is settled there with certainty. A quantity that
is free may still stand at its least or greatest value, where its gradient does not tell: `drifted` gives a second
figure under the same conditions to look at.

Angles are in radians, lengths in the unit of the coordinates.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

TOLERANCE = 1e-10
"""Residual, in the unit of the coordinates or radians, up to which a condition holds."""
MAX_STEPS = 60
DAMPING = 0.01
"""Times the largest residual: off the solution, conditions that say one thing twice seem to say two, and steps that
obeyed both would lead far away."""
DRIFT = 0.03
"""How far `drifted` moves a figure, as a share of its extent."""
MAX_MOVE = 0.25
"""The longest Gauss-Newton step as a share of the figure's extent: farther steps leave the branch that is drawn."""
INDEPENDENT, DEPENDENT = 1e-4, 1e-7
"""A unit gradient that keeps more of itself than the first outside a row space is free of it; less than the second,
settled by it."""
STEADY = 3e-3
"""Singular values of the rows, scaled to unit length, between this and `DEPENDENT` make a figure unsteady."""


class Expression(NamedTuple):
    """A value with its gradient over all unknowns."""

    value: float
    gradient: np.ndarray

    def __sub__(self, other: "Expression | float") -> "Expression":
        """The difference."""
        if isinstance(other, Expression):
            return Expression(self.value - other.value, self.gradient - other.gradient)
        return Expression(self.value - other, self.gradient)

    def plus(self, other: "Expression") -> "Expression":
        """The sum."""
        return Expression(self.value + other.value, self.gradient + other.gradient)

    def times(self, factor: float) -> "Expression":
        """A multiple."""
        return Expression(self.value * factor, self.gradient * factor)

    def over(self, other: "Expression") -> "Expression":
        """The quotient."""
        value = self.value / other.value
        return Expression(value, (self.gradient - value * other.gradient) / other.value)

    def size(self) -> "Expression":
        """The absolute value."""
        return self if self.value >= 0 else self.times(-1.0)


class Figure:
    """Unknowns with the expressions that conditions are made of; points and circles go by position.

    Args:
        unknowns: x and y of each point, then a radius for each circle, [2 * points + circles].
        points: how many points there are.
        centres: the point in the middle of each circle.
    """

    def __init__(self, unknowns: np.ndarray, points: int, centres: Sequence[int] = ()) -> None:
        self.unknowns, self.points, self.centres = unknowns, points, tuple(centres)

    def moved(self, unknowns: np.ndarray) -> "Figure":
        """The same figure elsewhere."""
        return Figure(unknowns, self.points, self.centres)

    @property
    def places(self) -> np.ndarray:
        """The points, [points, 2]."""
        return self.unknowns[: 2 * self.points].reshape(-1, 2)

    @property
    def extent(self) -> float:
        """The longer side of the points' box."""
        return float(np.ptp(self.places, axis=0).max())

    def _product(self, a: int, b: int, c: int, d: int, turned: bool) -> Expression:
        """Scalar product of the vectors a to b and c to d, or with the second one turned: their cross product."""
        z = self.unknowns
        u = z[2 * b] - z[2 * a], z[2 * b + 1] - z[2 * a + 1]
        v = z[2 * d] - z[2 * c], z[2 * d + 1] - z[2 * c + 1]
        # The cross product u x v is the scalar product of u with (v_y, -v_x), and that of v with (-u_y, u_x).
        by_u, by_v = ((v[1], -v[0]), (-u[1], u[0])) if turned else (v, u)
        gradient = np.zeros_like(z)
        for axis in (0, 1):
            gradient[2 * b + axis] += by_u[axis]
            gradient[2 * a + axis] -= by_u[axis]
            gradient[2 * d + axis] += by_v[axis]
            gradient[2 * c + axis] -= by_v[axis]
        return Expression(float(u[0] * by_u[0] + u[1] * by_u[1]), gradient)

    def length(self, a: int, b: int) -> Expression:
        """From a to b."""
        square = self._product(a, b, a, b, False)
        # The figure's points are apart; should a step bring two together, any direction leads out.
        value = max(math.sqrt(square.value), 1e-12)
        return Expression(value, square.gradient / (2 * value))

    def turn(self, a: int, b: int, c: int, d: int) -> Expression:
        """Sine of the angle from the vector a to b to the vector c to d; zero where they are parallel."""
        return self._product(a, b, c, d, True).over(self.length(a, b)).over(self.length(c, d))

    def slope(self, a: int, b: int, c: int, d: int) -> Expression:
        """Cosine of that angle; zero where the vectors are perpendicular."""
        return self._product(a, b, c, d, False).over(self.length(a, b)).over(self.length(c, d))

    def angle(self, a: int, vertex: int, b: int) -> Expression:
        """At the vertex between the directions to a and b, 0 to pi."""
        along = self._product(vertex, a, vertex, b, False)
        across = self._product(vertex, a, vertex, b, True).size()
        square = along.value**2 + across.value**2
        gradient = (along.value * across.gradient - across.value * along.gradient) / max(square, 1e-24)
        return Expression(math.atan2(across.value, along.value), gradient)

    def area(self, corners: Sequence[int]) -> Expression:
        """Of a polygon (the shoelace formula, by triangles from the first corner)."""
        first = corners[0]
        parts = [self._product(first, b, first, c, True) for b, c in pairwise(corners[1:])]
        total = parts[0]
        for part in parts[1:]:
            total = total.plus(part)
        return total.times(0.5).size()

    def perimeter(self, corners: Sequence[int]) -> Expression:
        """Of a polygon."""
        sides = [self.length(a, b) for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)]
        total = sides[0]
        for side in sides[1:]:
            total = total.plus(side)
        return total

    def radius(self, circle: int) -> Expression:
        """Of a circle."""
        gradient = np.zeros_like(self.unknowns)
        gradient[2 * self.points + circle] = 1.0
        return Expression(float(self.unknowns[2 * self.points + circle]), gradient)

    def from_line(self, point: int, a: int, b: int) -> Expression:
        """Distance of a point from the line through a and b."""
        return self._product(a, b, a, point, True).over(self.length(a, b)).size()

    def offset(self, middle: int, a: int, b: int, axis: int) -> Expression:
        """How far a point is from the midpoint of a and b along one axis."""
        gradient = np.zeros_like(self.unknowns)
        gradient[2 * middle + axis], gradient[2 * a + axis], gradient[2 * b + axis] = 1.0, -0.5, -0.5
        return Expression(float(gradient @ self.unknowns), gradient)


Condition = Callable[[Figure], Expression]
"""What is zero where the condition holds."""


def rows(figure: Figure, conditions: Sequence[Condition]) -> np.ndarray:
    """The conditions' gradients, each of unit length, [conditions, unknowns]."""
    found = [condition(figure).gradient for condition in conditions]
    return np.array([row / max(float(np.linalg.norm(row)), 1e-12) for row in found]).reshape(-1, figure.unknowns.size)


def satisfied(figure: Figure, conditions: Sequence[Condition]) -> Figure | None:
    """The figure nearby at which all conditions hold, or None where steps lead to none."""
    limit = MAX_MOVE * figure.extent
    for _ in range(MAX_STEPS):
        found = [condition(figure) for condition in conditions]
        residual = np.array([each.value for each in found])
        if not np.isfinite(residual).all():
            return None
        if np.abs(residual).max(initial=0.0) <= TOLERANCE * max(1.0, figure.extent):
            return figure
        jacobian = np.array([each.gradient for each in found])
        damping = DAMPING * float(np.abs(residual).max()) * np.eye(len(residual))
        step = -jacobian.T @ np.linalg.lstsq(jacobian @ jacobian.T + damping, residual, rcond=None)[0]
        length = float(np.abs(step).max())
        figure = figure.moved(figure.unknowns + step * min(1.0, limit / max(length, 1e-12)))
    return None


class RowSpace:
    """What some conditions settle at a figure."""

    def __init__(self, conditions: np.ndarray) -> None:
        """From their rows, as `rows` gives them."""
        self.basis, self.steady = np.zeros((0, conditions.shape[1])), True
        if len(conditions):
            _, values, vectors = np.linalg.svd(conditions, full_matrices=False)
            self.basis = vectors[values > DEPENDENT * 10]
            self.steady = not ((values > DEPENDENT) & (values < STEADY)).any()

    def outside(self, gradient: np.ndarray) -> float:
        """How much of a gradient, scaled to unit length, the conditions leave free."""
        unit = gradient / max(float(np.linalg.norm(gradient)), 1e-12)
        return float(np.linalg.norm(unit - self.basis.T @ (self.basis @ unit)))

    def settles(self, gradient: np.ndarray) -> bool:
        """Whether no motion that keeps the conditions changes a quantity of this gradient."""
        return self.outside(gradient) <= DEPENDENT * 10


def drifted(figure: Figure, conditions: Sequence[Condition], space: RowSpace) -> Figure | None:
    """Another figure near one at which all conditions hold, or None where steps lead to none.

    Every motion that the conditions leave free has a part in it, at random but the same each time.

    Args:
        figure: where the conditions hold.
        conditions: all of them.
        space: of their rows there.
    """
    way = np.cos(np.arange(1, figure.unknowns.size + 1) ** 2.0)
    free = way - space.basis.T @ (space.basis @ way)
    length = float(np.abs(free).max())
    return satisfied(figure.moved(figure.unknowns + free * DRIFT * figure.extent / max(length, 1e-12)), conditions)
