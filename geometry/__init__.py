"""Geometry: scenes as data and what can be measured of them, with margins."""

from .camera import Camera, look_at, pinhole
from .chart import ChartScene
from .classify import classify_outline, polygon_kind
from .edit import EditScene
from .kinds import Scene, read_scene, register_scene, scene_kind, statistics
from .measures import (
    Measurement,
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
from .room import RoomObject, RoomScene
from .scene import FlatObject, FlatScene, Gradient, Patch, Region, region, rings, rounded
from .spatial import SpatialScene

__all__ = [
    "Camera",
    "ChartScene",
    "EditScene",
    "FlatObject",
    "FlatScene",
    "Gradient",
    "Measurement",
    "Patch",
    "Region",
    "RoomObject",
    "RoomScene",
    "Scene",
    "SpatialScene",
    "centre_distance",
    "classify_outline",
    "contains",
    "direction_degrees",
    "extreme",
    "gap_distance",
    "horizontal_relation",
    "look_at",
    "nearest",
    "overlap_area",
    "pack_regions",
    "pack_scene",
    "pinhole",
    "polygon_kind",
    "read_scene",
    "region",
    "register_scene",
    "rings",
    "rounded",
    "scene_kind",
    "statistics",
    "unpack_regions",
    "unpack_scene",
    "vertical_relation",
]
