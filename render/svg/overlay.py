"""Overlays of regions, counted so that no drawing makes them take long."""

import numpy as np
from shapely import get_coordinates, get_num_coordinates, get_parts, unary_union
from shapely.geometry.base import BaseGeometry

from .document import SvgError
from .fill import crossings
from .limits import SvgLimits

_SMALL = 40_000
"""Regions whose numbers of points multiply to no more cannot cross more often than an overlay bears."""
_FEW = 20
"""Nor can those of which one has so few points: the time grows with the other's alone."""
_LOOKED_AT = 4
"""How much more time counting crossings takes for each point than the overlay itself."""
_NEW = 10
"""How much more time a new point takes, where boundaries cross, than one that is there already."""


class Overlays:
    """Overlays of regions, made until `svg_limits` say that their points are too many."""

    def __init__(self, svg_limits: SvgLimits) -> None:
        """Begin counting towards the `svg_limits`."""
        self._limits = svg_limits
        self._spent = 0

    def overlap(self, first_region: BaseGeometry, second_region: BaseGeometry) -> BaseGeometry:
        """Return the areas that `first_region` and `second_region` share, without edges along which they only touch.

        Raises:
            SvgError: there were too many overlays, or too large ones.
        """
        self._check(first_region, second_region)
        shared_region = first_region.intersection(second_region)
        self._count(first_region, second_region, shared_region)
        if shared_region.geom_type != "GeometryCollection":
            return shared_region
        return unary_union([shared_part for shared_part in shared_region.geoms if shared_part.area > 0])

    def difference(self, first_region: BaseGeometry, second_region: BaseGeometry) -> BaseGeometry:
        """Return the part of `first_region` outside `second_region`.

        Raises:
            SvgError: as for `overlap`.
        """
        self._check(first_region, second_region)
        rest_region = first_region.difference(second_region)
        self._count(first_region, second_region, rest_region)
        return rest_region

    def _check(self, first_region: BaseGeometry, second_region: BaseGeometry) -> None:
        """Refuse `first_region` and `second_region` if their boundaries cross so often that one overlay takes long."""
        first_count, second_count = int(get_num_coordinates(first_region)), int(get_num_coordinates(second_region))
        if first_count * second_count <= _SMALL or min(first_count, second_count) <= _FEW:
            return
        self.spend(_LOOKED_AT * (first_count + second_count))
        max_crossings = self._limits.max_overlay_crossings
        crossing_count = crossings(
            np.concatenate([_segments(first_region), _segments(second_region)]), max_crossings, 100 * max_crossings
        )
        if crossing_count is None or crossing_count > max_crossings:
            raise self._error(f"two things cross more than {max_crossings} times")

    def _count(self, first_region: BaseGeometry, second_region: BaseGeometry, result_region: BaseGeometry) -> None:
        points_before = int(get_num_coordinates(first_region)) + int(get_num_coordinates(second_region))
        points_after = int(get_num_coordinates(result_region))
        self.spend(points_before + points_after + _NEW * max(0, points_after - points_before))

    def spend(self, point_count: int) -> None:
        """Count `point_count` vertices that are laid over others.

        Raises:
            SvgError: they are too many.
        """
        self._spent += point_count
        if self._spent > self._limits.max_overlay_points:
            raise self._error("too many things with too many points lie over each other")

    def _error(self, reason_text: str) -> SvgError:
        return SvgError("size", f"in the drawing, {reason_text}", "draw less, or plainer outlines")


def _segments(region: BaseGeometry) -> np.ndarray:
    """Return the sides [n, 2, 2] of all rings of a `region`."""
    ring_list = [ring for part in get_parts(region) if part.area > 0 for ring in (part.exterior, *part.interiors)]
    ring_points = [get_coordinates(ring) for ring in ring_list]
    return np.concatenate([np.zeros((0, 2, 2)), *(np.stack([ring[:-1], ring[1:]], axis=1) for ring in ring_points)])
