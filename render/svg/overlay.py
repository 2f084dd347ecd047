"""Overlays of regions, counted so that no drawing makes them take long."""

import numpy as np
from shapely import get_coordinates, get_num_coordinates, get_parts, unary_union
from shapely.geometry.base import BaseGeometry

from .fill import crossings
from .parse import SvgError, SvgLimits

_SMALL = 40_000
"""Regions whose numbers of points multiply to no more cannot cross more often than an overlay bears."""
_FEW = 20
"""Nor can those of which one has so few points: the time grows with the other's alone."""
_LOOKED_AT = 4
"""How much more time counting crossings takes for each point than the overlay itself."""
_NEW = 10
"""How much more time a new point takes, where boundaries cross, than one that is there already."""


class Overlays:
    """Makes overlays until their points are too many."""

    def __init__(self, limits: SvgLimits) -> None:
        """Begin counting."""
        self._limits = limits
        self._spent = 0

    def overlap(self, first: BaseGeometry, second: BaseGeometry) -> BaseGeometry:
        """The areas that two regions share; edges along which they only touch would be refused by later overlays.

        Raises:
            SvgError: there were too many overlays, or too large ones.
        """
        self._check(first, second)
        found = first.intersection(second)
        self._count(first, second, found)
        if found.geom_type != "GeometryCollection":
            return found
        return unary_union([part for part in found.geoms if part.area > 0])

    def difference(self, first: BaseGeometry, second: BaseGeometry) -> BaseGeometry:
        """What of one region another leaves.

        Raises:
            SvgError: as for `overlap`.
        """
        self._check(first, second)
        found = first.difference(second)
        self._count(first, second, found)
        return found

    def _check(self, first: BaseGeometry, second: BaseGeometry) -> None:
        """Refuse two regions whose boundaries cross so often that one overlay alone takes long."""
        some, others = int(get_num_coordinates(first)), int(get_num_coordinates(second))
        if some * others <= _SMALL or min(some, others) <= _FEW:
            return
        self._spend(_LOOKED_AT * (some + others))
        most = self._limits.max_overlay_crossings
        found = crossings(np.concatenate([_segments(first), _segments(second)]), most, 100 * most)
        if found is None or found > most:
            raise self._error(f"two things cross more than {most} times")

    def _count(self, first: BaseGeometry, second: BaseGeometry, found: BaseGeometry) -> None:
        given = int(get_num_coordinates(first)) + int(get_num_coordinates(second))
        made = int(get_num_coordinates(found))
        self._spend(given + made + _NEW * max(0, made - given))

    def _spend(self, points: int) -> None:
        self._spent += points
        if self._spent > self._limits.max_overlay_points:
            raise self._error("too many things with too many points lie over each other")

    def _error(self, what: str) -> SvgError:
        return SvgError("size", f"in the drawing, {what}", "draw less, or plainer outlines")


def _segments(region: BaseGeometry) -> np.ndarray:
    """The sides [n, 2, 2] of a region's parts and holes."""
    rings = [ring for part in get_parts(region) if part.area > 0 for ring in (part.exterior, *part.interiors)]
    points = [get_coordinates(ring) for ring in rings]
    return np.concatenate([np.zeros((0, 2, 2)), *(np.stack([ring[:-1], ring[1:]], axis=1) for ring in points)])
