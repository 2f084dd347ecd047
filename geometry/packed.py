"""Flat scenes as a few JSON values and binary polygons, for what one process tells another.

It takes a tenth of the time of JSON there and back. What is kept is JSON (`FlatScene.to_json`), and a scene that went
through here has the same.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from shapely import GEOSException, Polygon, from_wkb, get_parts, is_empty, multipolygons, to_wkb

from .scene import FlatObject, FlatScene, Gradient, Region

_FIELDS = ("index", "kind", "kind_margin", "fill", "stroke", "stroke_width", "text")
_PLANE_POLYGON = bytes((1, 3, 0, 0, 0))
"""How little-endian well-known binary begins."""


def pack_regions(regions: Sequence[Region]) -> tuple[list[list[int]], bytes]:
    """Regions as how many polygons each one has, how many bytes each polygon has, and these bytes."""
    parts, region_of = get_parts(np.array(regions, dtype=object), return_index=True)
    # An empty region is one without polygons, not one with a polygon without points.
    full = ~is_empty(parts)
    binary = to_wkb(parts[full], output_dimension=2, byte_order=1).tolist()
    counts = np.bincount(region_of[full], minlength=len(regions)).tolist()
    return [counts, [len(one) for one in binary]], b"".join(binary)


def unpack_regions(counts: Sequence[Sequence[int]], binary: bytes) -> list[Region]:
    """What `pack_regions` took apart.

    Raises:
        TypeError, ValueError: the numbers do not belong together or the bytes are no polygons.
    """
    per_region, sizes = counts
    if sum(per_region) != len(sizes) or min(per_region, default=0) < 0:
        raise ValueError(f"{len(sizes)} polygons cannot be shared out as {per_region[:9]}")
    if sum(sizes) != len(binary) or min(sizes, default=0) < 0:
        raise ValueError(f"{len(binary)} bytes cannot be shared out as {sizes[:9]}")
    parts = _polygons(sizes, binary)
    found: list[Region] = []
    start = 0
    for count in per_region:
        found.append(
            parts[start] if count == 1 else multipolygons(parts[start : start + count]) if count else Polygon()
        )
        start += count
    return found


def _polygons(sizes: Sequence[int], binary: bytes) -> Any:
    slices, start = np.empty(len(sizes), dtype=object), 0
    for place, size in enumerate(sizes):
        slices[place] = one = binary[start : start + size]
        # Plain polygons only: collections nest, and reading them would recurse as deeply as the bytes say.
        if one[:5] != _PLANE_POLYGON:
            raise ValueError(f"polygon {place} is none")
        start += size
    try:
        return from_wkb(slices)
    except GEOSException as error:
        raise ValueError(str(error)) from error


def pack_scene(scene: FlatScene) -> tuple[dict[str, Any], bytes]:
    """A scene as a few JSON values and its polygons."""
    regions = [obj.outline for obj in scene.objects]
    # Most objects are seen whole.
    seen = [index if obj.visible is obj.outline else -1 for index, obj in enumerate(scene.objects)]
    for index, obj in enumerate(scene.objects):
        if seen[index] < 0:
            seen[index] = len(regions)
            regions.append(obj.visible)
    counts, binary = pack_regions(regions)
    fields = {
        "canvas": [scene.width, scene.height, scene.background],
        "objects": [[getattr(obj, name) for name in _FIELDS] for obj in scene.objects],
        "gradients": {obj.index: asdict(obj.gradient) for obj in scene.objects if obj.gradient is not None},
        "visible": seen,
        "counts": counts,
    }
    return fields, binary


def unpack_scene(fields: dict[str, Any], binary: bytes) -> FlatScene:
    """What `pack_scene` gave.

    Raises:
        KeyError, TypeError, ValueError: it did not give that.
    """
    regions = unpack_regions(fields["counts"], binary)
    if not all(0 <= index < len(regions) for index in fields["visible"]):
        raise ValueError("an object's visible region is not there")
    gradients = {int(index): Gradient.from_dict(gradient) for index, gradient in fields["gradients"].items()}
    objects = tuple(
        FlatObject(
            index, kind, margin, fill, stroke, width, regions[place], regions[visible], text, gradients.get(index)
        )
        for place, ((index, kind, margin, fill, stroke, width, text), visible) in enumerate(
            zip(fields["objects"], fields["visible"], strict=True)
        )
    )
    width, height, background = fields["canvas"]
    return FlatScene(width, height, background, objects)
