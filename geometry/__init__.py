"""Geometry: scenes as data and what can be measured of them, with margins."""

from .classify import classify_outline
from .measures import (
    Measured,
    centre_distance,
    contains,
    direction_degrees,
    extreme,
    gap_distance,
    horizontal_relation,
    nearest,
    overlap_area,
    vertical_relation,
)
from .packed import pack_regions, pack_scene, unpack_regions, unpack_scene
from .scene import FlatObject, FlatScene, Gradient, Region, region, rings, rounded

__all__ = [
    "FlatObject",
    "FlatScene",
    "Gradient",
    "Measured",
    "Region",
    "centre_distance",
    "classify_outline",
    "contains",
    "direction_degrees",
    "extreme",
    "gap_distance",
    "horizontal_relation",
    "nearest",
    "overlap_area",
    "pack_regions",
    "pack_scene",
    "region",
    "rings",
    "rounded",
    "unpack_regions",
    "unpack_scene",
    "vertical_relation",
]
