"""Flat scenes as a few JSON values and binary polygons, by which one process tells another.

Packing takes a tenth of the time of JSON there and back. Scenes are stored as JSON (`FlatScene.to_json`), and a scene
that went through here has the same.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from shapely import GEOSException, Polygon, from_wkb, get_parts, is_empty, multipolygons, to_wkb

from .scene import FlatObject, FlatScene, Gradient, Patch, Region

_FIELDS = ("index", "kind", "kind_margin", "fill", "stroke", "stroke_width", "text")
_PLANE_POLYGON = bytes((1, 3, 0, 0, 0))
"""How little-endian well-known binary begins."""


def pack_regions(regions: Sequence[Region]) -> tuple[list[list[int]], bytes]:
    """Pack `regions` as how many polygons each one has, how many bytes each polygon has, and these bytes."""
    region_parts, region_indices = get_parts(np.array(regions, dtype=object), return_index=True)
    # An empty region is one without polygons, not one with a polygon without points.
    has_area = ~is_empty(region_parts)
    part_bytes = to_wkb(region_parts[has_area], output_dimension=2, byte_order=1).tolist()
    counts = np.bincount(region_indices[has_area], minlength=len(regions)).tolist()
    return [counts, [len(part) for part in part_bytes]], b"".join(part_bytes)


def unpack_regions(counts: Sequence[Sequence[int]], binary: bytes) -> list[Region]:
    """Return the regions that `pack_regions` took apart into `counts` and `binary`.

    Raises:
        TypeError, ValueError: the numbers do not belong together or the bytes are not polygons.
    """
    polygon_counts, byte_counts = counts
    if sum(polygon_counts) != len(byte_counts) or min(polygon_counts, default=0) < 0:
        raise ValueError(f"{len(byte_counts)} polygons cannot be shared out as {polygon_counts[:9]}")
    if sum(byte_counts) != len(binary) or min(byte_counts, default=0) < 0:
        raise ValueError(f"{len(binary)} bytes cannot be shared out as {byte_counts[:9]}")
    region_parts = _polygons(byte_counts, binary)
    regions: list[Region] = []
    start = 0
    for count in polygon_counts:
        polygons = region_parts[start : start + count]
        regions.append(polygons[0] if count == 1 else multipolygons(polygons) if count else Polygon())
        start += count
    return regions


def _polygons(byte_counts: Sequence[int], binary: bytes) -> Any:
    slices, start = np.empty(len(byte_counts), dtype=object), 0
    for polygon_index, byte_count in enumerate(byte_counts):
        slices[polygon_index] = polygon_bytes = binary[start : start + byte_count]
        # Plain polygons only: collections nest, and reading them would recurse as deeply as the bytes say.
        if polygon_bytes[:5] != _PLANE_POLYGON:
            raise ValueError(f"polygon {polygon_index} is none")
        start += byte_count
    try:
        return from_wkb(slices)
    except GEOSException as error:
        raise ValueError(str(error)) from error


def pack_scene(scene: FlatScene) -> tuple[dict[str, Any], bytes]:
    """Pack a `scene` as a few JSON values and the bytes of its polygons."""
    regions = [obj.outline for obj in scene.objects]
    # Most objects are seen whole.
    visible_indices = [index if obj.visible is obj.outline else -1 for index, obj in enumerate(scene.objects)]
    for index, obj in enumerate(scene.objects):
        if visible_indices[index] < 0:
            visible_indices[index] = len(regions)
            regions.append(obj.visible)
    patches: dict[int, list[list[Any]]] = {}
    for obj in scene.objects:
        for patch in obj.patches:
            patches.setdefault(obj.index, []).append([len(regions), patch.paint_values()])
            regions.append(patch.region)
    counts, binary = pack_regions(regions)
    fields = {
        "canvas": [scene.width, scene.height, scene.background],
        "objects": [[getattr(obj, name) for name in _FIELDS] for obj in scene.objects],
        "gradients": {obj.index: asdict(obj.gradient) for obj in scene.objects if obj.gradient is not None},
        "visible": visible_indices,
        "patches": patches,
        "counts": counts,
    }
    return fields, binary


def unpack_scene(fields: dict[str, Any], binary: bytes) -> FlatScene:
    """Return the scene that `pack_scene` took apart into `fields` and `binary`.

    Raises:
        KeyError, TypeError, ValueError: they do not come from there.
    """
    regions = unpack_regions(fields["counts"], binary)
    patched = {int(index): patches for index, patches in fields.get("patches", {}).items()}
    indices = [*fields["visible"], *(place for patches in patched.values() for place, _ in patches)]
    if not all(0 <= index < len(regions) for index in indices):
        raise ValueError("a visible region or a patch of an object is not there")
    gradients = {int(index): Gradient.from_dict(gradient) for index, gradient in fields["gradients"].items()}

    def patches_of(index: int) -> tuple[Patch, ...]:
        return tuple(Patch.of(regions[place], values) for place, values in patched.get(index, ()))

    objects = tuple(
        FlatObject(
            *(index, kind, kind_margin, fill, stroke, stroke_width),
            *(regions[outline_index], regions[visible_index], text, gradients.get(index), patches_of(index)),
        )
        for outline_index, ((index, kind, kind_margin, fill, stroke, stroke_width, text), visible_index) in enumerate(
            zip(fields["objects"], fields["visible"], strict=True)
        )
    )
    width, height, background = fields["canvas"]
    return FlatScene(width, height, background, objects)
