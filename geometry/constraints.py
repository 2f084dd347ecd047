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
        """Return the difference from `other`."""
        if isinstance(other, Expression):
            return Expression(self.value - other.value, self.gradient - other.gradient)
        return Expression(self.value - other, self.gradient)

    def plus(self, other: "Expression") -> "Expression":
        """Return the sum with `other`."""
        return Expression(self.value + other.value, self.gradient + other.gradient)

    def times(self, factor: float) -> "Expression":
        """Return the multiple by a `factor`."""
        return Expression(self.value * factor, self.gradient * factor)

    def over(self, other: "Expression") -> "Expression":
        """Return the quotient by `other`."""
        value = self.value / other.value
        return Expression(value, (self.gradient - value * other.gradient) / other.value)

    def size(self) -> "Expression":
        """Return the absolute value."""
        return self if self.value >= 0 else self.times(-1.0)


class Figure:
    """Unknowns with the expressions that conditions are made of; points and circles go by their index.

    Args:
        unknowns: x and y of each point, then a radius for each circle, [2 * points + circles].
        points: how many points there are.
        centres: the point in the middle of each circle.
    """

    def __init__(self, unknowns: np.ndarray, points: int, centres: Sequence[int] = ()) -> None:
        self.unknowns, self.points, self.centres = unknowns, points, tuple(centres)

    def moved(self, unknowns: np.ndarray) -> "Figure":
        """Return the same figure with other `unknowns`."""
        return Figure(unknowns, self.points, self.centres)

    @property
    def places(self) -> np.ndarray:
        """Return the points, [points, 2]."""
        return self.unknowns[: 2 * self.points].reshape(-1, 2)

    @property
    def extent(self) -> float:
        """Return the longer side of the points' box."""
        return float(np.ptp(self.places, axis=0).max())

    def _product(self, a: int, b: int, c: int, d: int, is_rotated: bool) -> Expression:
        """Return the scalar product of the vectors `a` to `b` and `c` to `d`; where `is_rotated`, the cross product."""
        values = self.unknowns
        u = values[2 * b] - values[2 * a], values[2 * b + 1] - values[2 * a + 1]
        v = values[2 * d] - values[2 * c], values[2 * d + 1] - values[2 * c + 1]
        # The cross product u x v is the scalar product of u with (v_y, -v_x), and that of v with (-u_y, u_x).
        by_u, by_v = ((v[1], -v[0]), (-u[1], u[0])) if is_rotated else (v, u)
        gradient = np.zeros_like(values)
        for axis in (0, 1):
            gradient[2 * b + axis] += by_u[axis]
            gradient[2 * a + axis] -= by_u[axis]
            gradient[2 * d + axis] += by_v[axis]
            gradient[2 * c + axis] -= by_v[axis]
        return Expression(float(u[0] * by_u[0] + u[1] * by_u[1]), gradient)

    def length(self, a: int, b: int) -> Expression:
        """Return the distance from `a` to `b`."""
        squared_length = self._product(a, b, a, b, False)
        # The figure's points are apart; should a step bring two together, any direction leads out.
        value = max(math.sqrt(squared_length.value), 1e-12)
        return Expression(value, squared_length.gradient / (2 * value))

    def turn(self, a: int, b: int, c: int, d: int) -> Expression:
        """Return the sine of the angle from the vector `a` to `b` to `c` to `d`; zero where they are parallel."""
        return self._product(a, b, c, d, True).over(self.length(a, b)).over(self.length(c, d))

    def slope(self, a: int, b: int, c: int, d: int) -> Expression:
        """Return the cosine of the angle between the vectors `a` to `b` and `c` to `d`; zero at right angles."""
        return self._product(a, b, c, d, False).over(self.length(a, b)).over(self.length(c, d))

    def angle(self, a: int, vertex: int, b: int) -> Expression:
        """Return the angle at the `vertex` between the directions to `a` and `b`, 0 to pi."""
        dot_product = self._product(vertex, a, vertex, b, False)
        cross_product = self._product(vertex, a, vertex, b, True).size()
        squared_norm = dot_product.value**2 + cross_product.value**2
        gradient = (dot_product.value * cross_product.gradient - cross_product.value * dot_product.gradient) / max(
            squared_norm, 1e-24
        )
        return Expression(math.atan2(cross_product.value, dot_product.value), gradient)

    def area(self, corners: Sequence[int]) -> Expression:
        """Return the area of the polygon of these `corners` (the shoelace formula, by triangles from the first)."""
        first_corner = corners[0]
        triangle_areas = [self._product(first_corner, b, first_corner, c, True) for b, c in pairwise(corners[1:])]
        total = triangle_areas[0]
        for triangle_area in triangle_areas[1:]:
            total = total.plus(triangle_area)
        return total.times(0.5).size()

    def perimeter(self, corners: Sequence[int]) -> Expression:
        """Return the perimeter of the polygon of these `corners`."""
        side_lengths = [self.length(a, b) for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)]
        total = side_lengths[0]
        for side_length in side_lengths[1:]:
            total = total.plus(side_length)
        return total

    def radius(self, circle: int) -> Expression:
        """Return the radius of a `circle`."""
        gradient = np.zeros_like(self.unknowns)
        gradient[2 * self.points + circle] = 1.0
        return Expression(float(self.unknowns[2 * self.points + circle]), gradient)

    def from_line(self, point: int, a: int, b: int) -> Expression:
        """Return the distance of a `point` from the line through `a` and `b`."""
        return self._product(a, b, a, point, True).over(self.length(a, b)).size()

    def offset(self, middle_point: int, a: int, b: int, axis: int) -> Expression:
        """Return how far a point is from the midpoint of `a` and `b` along one `axis`."""
        gradient = np.zeros_like(self.unknowns)
        gradient[2 * middle_point + axis], gradient[2 * a + axis], gradient[2 * b + axis] = 1.0, -0.5, -0.5
        return Expression(float(gradient @ self.unknowns), gradient)


Condition = Callable[[Figure], Expression]
"""What is zero where the condition holds."""


def rows(figure: Figure, conditions: Sequence[Condition]) -> np.ndarray:
    """Return the gradients of the `conditions` at a `figure`, each of unit length, [conditions, unknowns]."""
    gradients = [condition(figure).gradient for condition in conditions]
    return np.array([gradient / max(float(np.linalg.norm(gradient)), 1e-12) for gradient in gradients]).reshape(
        -1, figure.unknowns.size
    )


def satisfied(figure: Figure, conditions: Sequence[Condition]) -> Figure | None:
    """Return the figure near `figure` at which all `conditions` hold, or None where steps lead to none."""
    step_limit = MAX_MOVE * figure.extent
    for _ in range(MAX_STEPS):
        expressions = [condition(figure) for condition in conditions]
        residuals = np.array([expression.value for expression in expressions])
        if not np.isfinite(residuals).all():
            return None
        if np.abs(residuals).max(initial=0.0) <= TOLERANCE * max(1.0, figure.extent):
            return figure
        jacobian = np.array([expression.gradient for expression in expressions])
        damping = DAMPING * float(np.abs(residuals).max()) * np.eye(len(residuals))
        step = -jacobian.T @ np.linalg.lstsq(jacobian @ jacobian.T + damping, residuals, rcond=None)[0]
        longest_step = float(np.abs(step).max())
        figure = figure.moved(figure.unknowns + step * min(1.0, step_limit / max(longest_step, 1e-12)))
    return None


class RowSpace:
    """The quantities that some conditions settle at a figure, as a space of gradients."""

    def __init__(self, condition_rows: np.ndarray) -> None:
        """Span the space by `condition_rows`, as `rows` gives them."""
        self.basis, self.steady = np.zeros((0, condition_rows.shape[1])), True
        if len(condition_rows):
            _, singular_values, singular_vectors = np.linalg.svd(condition_rows, full_matrices=False)
            self.basis = singular_vectors[singular_values > DEPENDENT * 10]
            self.steady = not ((singular_values > DEPENDENT) & (singular_values < STEADY)).any()

    def outside(self, gradient: np.ndarray) -> float:
        """Return how much of a `gradient`, scaled to unit length, the conditions leave free."""
        unit_gradient = gradient / max(float(np.linalg.norm(gradient)), 1e-12)
        return float(np.linalg.norm(unit_gradient - self.basis.T @ (self.basis @ unit_gradient)))

    def settles(self, gradient: np.ndarray) -> bool:
        """Tell whether no motion that keeps the conditions changes a quantity of this `gradient`."""
        return self.outside(gradient) <= DEPENDENT * 10


def drifted(figure: Figure, conditions: Sequence[Condition], row_space: RowSpace) -> Figure | None:
    """Return another figure near one at which all conditions hold, or None where steps lead to none.

    Every motion that the conditions leave free has a part in it, at random but the same each time.

    Args:
        figure: where the conditions hold.
        conditions: all of them.
        row_space: of their rows there.
    """
    drift_direction = np.cos(np.arange(1, figure.unknowns.size + 1) ** 2.0)
    free_direction = drift_direction - row_space.basis.T @ (row_space.basis @ drift_direction)
    longest_motion = float(np.abs(free_direction).max())
    return satisfied(
        figure.moved(figure.unknowns + free_direction * DRIFT * figure.extent / max(longest_motion, 1e-12)), conditions
    )
