"""Flat scenes: what a 2D drawing shows, as data. Units are px; x points right, y down."""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from shapely import (
    MultiPolygon,
    Polygon,
    get_coordinates,
    get_parts,
    linearrings,
    make_valid,
    remove_repeated_points,
    set_precision,
    transform,
)
from shapely import polygons as make_polygons
from shapely.geometry.base import BaseGeometry

from .codec import CanonicalScene

Region: TypeAlias = Polygon | MultiPolygon
DECIMALS = 3
"""Coordinates are kept to this many decimals, so that a scene equals itself after a round trip through JSON."""


@dataclass(frozen=True)
class Gradient:
    """A fill that runs through several colours, in units of its own (SVG 1.1, 13.2)."""

    kind: str
    """`linear` or `radial`."""
    points: tuple[float, ...]
    """x1, y1, x2, y2 of a linear one; cx, cy, r, fx, fy of a radial one."""
    stops: tuple[tuple[float, str], ...]
    """Offsets, which never fall, with `#rrggbb`, or `#rrggbbaa` in patches that can be seen through."""
    spread: str
    """What lies beyond the ends: `pad`, `reflect` or `repeat`."""
    matrix: tuple[float, float, float, float, float, float]
    """From its units to the canvas, a b c d e f as SVG writes them."""

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Gradient":
        """Read the `fields` that `dataclasses.asdict` gave, also after a round trip through JSON."""
        a, b, c, d, e, f = fields["matrix"]
        stops = tuple((offset, colour) for offset, colour in fields["stops"])
        return cls(fields["kind"], tuple(fields["points"]), stops, fields["spread"], (a, b, c, d, e, f))


@dataclass(frozen=True)
class Patch:
    """A part of an object that looks otherwise than the rest, since one can see through it to different colours."""

    region: Region
    paints: tuple[str | Gradient, ...]
    """Colours `#rrggbb` and gradients that are painted there, the lowest first."""

    def to_dict(self) -> dict[str, Any]:
        """Return the patch as JSON values."""
        return {"region": rings(self.region), "paints": self.paint_values()}

    def paint_values(self) -> list[Any]:
        """Return the paints as JSON values."""
        return [paint if isinstance(paint, str) else asdict(paint) for paint in self.paints]

    @classmethod
    def of(cls, patch_region: Region, values: list[Any]) -> "Patch":
        """Return the patch of a `patch_region` whose `paint_values` were `values`."""
        return cls(patch_region, tuple(one if isinstance(one, str) else Gradient.from_dict(one) for one in values))


@dataclass(frozen=True)
class FlatObject:
    """One painted object."""

    index: int
    """Paint order, 0 first and so lowest."""
    kind: str
    """`circle`, `ellipse`, `square`, `rectangle`, `triangle`, `polygon` or `path`, judged by the outline's geometry; or
    `text`."""
    kind_margin: float
    """How clearly it is of that kind: 0 on the border to another, at most 1."""
    fill: str | None
    """`#rrggbb`, or None where nothing is filled, or with more than one colour."""
    stroke: str | None
    """`#rrggbb`, or None."""
    stroke_width: float
    outline: Region
    """The whole painted region, before occlusion."""
    visible: Region
    """What is left of it after clipping, the canvas's edge and the objects painted later."""
    text: str | None = None
    """What is written, of a `text`."""
    gradient: Gradient | None = None
    """What fills it where no one colour does: such an object has no colour that could be asked for."""
    patches: tuple[Patch, ...] = ()
    """Parts that look otherwise, painted over the rest in this order. Where `fill`, `stroke` and `gradient` are None,
    no one colour is seen of it, and the patches are all that is painted."""

    @cached_property
    def area(self) -> float:
        """Return the area of the visible region, px squared."""
        return float(self.visible.area)

    @cached_property
    def centroid(self) -> tuple[float, float]:
        """Return the centroid of the visible region; (nan, nan) where nothing is visible."""
        point = self.visible.centroid
        return (float("nan"), float("nan")) if point.is_empty else (float(point.x), float(point.y))

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom of the visible region; all nan where nothing is visible."""
        left, top, right, bottom = self.visible.bounds
        return float(left), float(top), float(right), float(bottom)

    @cached_property
    def visible_share(self) -> float:
        """Return the visible area over the outline's."""
        return self.area / float(self.outline.area) if self.outline.area else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON values."""
        outline = rings(self.outline)
        # Left out where there are none, so that the bytes of plain scenes stay what they were.
        optional_fields: dict[str, Any] = {} if self.text is None else {"text": self.text}
        if self.gradient is not None:
            optional_fields["gradient"] = asdict(self.gradient)
        if self.patches:
            optional_fields["patches"] = [patch.to_dict() for patch in self.patches]
        return {
            "index": self.index,
            "kind": self.kind,
            "kind_margin": self.kind_margin,
            "fill": self.fill,
            "stroke": self.stroke,
            "stroke_width": self.stroke_width,
            "outline": outline,
            # Most objects are seen whole.
            "visible": outline if self.visible is self.outline else rings(self.visible),
            **optional_fields,
        }

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "FlatObject":
        """Read the `fields` that `to_dict` gave."""
        outline = region(fields["outline"])
        visible = outline if fields["visible"] == fields["outline"] else region(fields["visible"])
        geometry_fields: dict[str, Any] = {"outline": outline, "visible": visible}
        if "gradient" in fields:
            geometry_fields["gradient"] = Gradient.from_dict(fields["gradient"])
        if "patches" in fields:
            patches = [Patch.of(region(values["region"]), values["paints"]) for values in fields["patches"]]
            geometry_fields["patches"] = tuple(patches)
        return cls(**(fields | geometry_fields))


@dataclass(frozen=True)
class FlatScene(CanonicalScene):
    """A canvas with its objects in paint order."""

    width: float
    height: float
    background: str
    """`#rrggbb`."""
    objects: tuple[FlatObject, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the scene as JSON values."""
        return {
            "width": self.width,
            "height": self.height,
            "background": self.background,
            "objects": [obj.to_dict() for obj in self.objects],
        }

    @classmethod
    def from_json(cls, text: str) -> "FlatScene":
        """Read the `text` that `to_json` gave."""
        body = json.loads(text)
        objects = tuple(FlatObject.from_dict(record) for record in body["objects"])
        return cls(body["width"], body["height"], body["background"], objects)


def rings(shape: Region) -> list[list[list[list[float]]]]:
    """Return the polygons of a `shape` as lists of rings (the outer one first) of [x, y], each ring closed."""
    shape_parts = [shape] if isinstance(shape, Polygon) else list(shape.geoms)
    return [
        [get_coordinates(ring).tolist() for ring in (part.exterior, *part.interiors)]
        for part in shape_parts
        if not part.is_empty
    ]


def region(polygons: list[list[list[list[float]]]]) -> Region:
    """Return the region that `rings` took apart into `polygons`; an empty polygon for no rings."""
    ring_groups = [[linearrings(ring) for ring in polygon] for polygon in polygons]
    region_parts = [make_polygons(outer_ring, holes or None) for outer_ring, *holes in ring_groups]
    return region_parts[0] if len(region_parts) == 1 else MultiPolygon(region_parts) if region_parts else Polygon()


def rounded(shape: BaseGeometry) -> Region:
    """Return the polygonal part of a `shape` on the grid of `DECIMALS`, in a canonical form.

    Points and lines, which have no area, are dropped. Rings start at their least vertex and run the same way
    round, and polygons are in order, so that equal regions give equal bytes whatever produced them.
    """
    grid_region = _on_grid(shape)
    if grid_region.is_valid:
        return grid_region
    # Rounding can make thin parts touch or cross, which overlays refuse. GEOS mends that by snapping, but divides by
    # the coordinates: those next to 0 have to become 0 first.
    rounded_shape = transform(shape, lambda xy: np.round(xy, 3 * DECIMALS))
    return _on_grid(set_precision(make_valid(rounded_shape), 10.0**-DECIMALS))


def _on_grid(shape: BaseGeometry) -> Region:
    # Adding 0 turns -0.0, which JSON would keep apart, into 0.0.
    grid_shape = transform(shape, lambda xy: np.round(xy, DECIMALS) + 0.0)
    # Parts of parts: a repaired region can be a collection with a multipolygon in it.
    grid_parts = [
        remove_repeated_points(part).normalize()
        for part in ([grid_shape] if isinstance(grid_shape, Polygon) else get_parts(get_parts(grid_shape)))
        if isinstance(part, Polygon) and part.area > 10.0**-DECIMALS
    ]
    if not grid_parts:
        return Polygon()
    return grid_parts[0] if len(grid_parts) == 1 else MultiPolygon(grid_parts).normalize()
