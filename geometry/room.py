"""Rooms: furnished places that cameras look at, as the little that questions about them need.

Metres; right-handed; z points up. A room comes from a drawn `SpatialScene` or from a scan. Objects are known by their
upright boxes; what the cameras see of them was measured from the surfaces, which are not kept.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from .camera import Camera
from .spatial import Box, Sight

STRUCTURE = -1
"""In place of an object's number, for what hides things and is none: walls and the like."""
Ring = tuple[tuple[float, float], ...]
"""Corners of a polygon in the plan, metres, counter-clockwise, the first one not repeated."""


@dataclass(frozen=True)
class RoomObject:
    """One thing in a room."""

    index: int
    """Its place in the room."""
    label: str
    """Its category in lower case, such as `chair`: by an annotator, or by the program's author."""
    box: Box
    colour: str = ""
    """`#rrggbb` of the largest part of its surface; empty where that is not known."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"index": self.index, "label": self.label, "box": self.box.to_dict(), "colour": self.colour}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "RoomObject":
        """What `to_dict` gave."""
        return cls(int(fields["index"]), str(fields["label"]), Box.from_dict(fields["box"]), str(fields["colour"]))


@dataclass(frozen=True, eq=False)
class RoomScene:
    """Objects, the floor's outline, and the cameras with what each of them sees.

    Raises:
        ValueError: on making one: there is not one sight for each object and camera, or one name for each camera.
    """

    objects: tuple[RoomObject, ...]
    cameras: tuple[Camera, ...]
    """In the order in which they follow each other along a path, where there is one."""
    sights: tuple[tuple[Sight, ...], ...]
    """For each camera, one for each object; what hides it by number, or as `STRUCTURE`."""
    frames: tuple[str, ...]
    """A name for each camera's picture: of a scan, the file's."""
    floors: tuple[Ring, ...] = ()
    """Outlines of the floor's parts, which do not overlap; none where the floor is not known."""
    ground: float = 0.0
    """Height of the floor."""
    source: str = ""
    """Where it comes from: `rooms`, or a data set and its scene such as `scannet/scene0000_00`."""

    def __post_init__(self) -> None:
        got = [len(row) for row in self.sights]
        if got != [len(self.objects)] * len(self.cameras):
            raise ValueError(f"{len(self.cameras)} cameras and {len(self.objects)} objects cannot have {got} sights")
        if len(self.frames) != len(self.cameras):
            raise ValueError(f"{len(self.frames)} frames are none for {len(self.cameras)} cameras")
        if [obj.index for obj in self.objects] != list(range(len(self.objects))):
            raise ValueError("objects are numbered from 0 in their order")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RoomScene) and self._json == other._json

    def __hash__(self) -> int:
        return hash(self._json)

    def through(self, views: Sequence[int]) -> "RoomScene":
        """The same room through some of its cameras, by their places, in this order."""
        return replace(
            self,
            cameras=tuple(self.cameras[view] for view in views),
            sights=tuple(self.sights[view] for view in views),
            frames=tuple(self.frames[view] for view in views),
        )

    @cached_property
    def _json(self) -> str:
        body = {
            "objects": [obj.to_dict() for obj in self.objects],
            "cameras": [camera.to_dict() for camera in self.cameras],
            "sights": [[sight.to_dict() for sight in row] for row in self.sights],
            "frames": list(self.frames),
            "floors": [[list(corner) for corner in ring] for ring in self.floors],
            "ground": self.ground,
            "source": self.source,
        }
        return json.dumps(body, sort_keys=True, separators=(",", ":"))

    def to_json(self) -> str:
        """Canonical JSON: equal rooms give equal bytes."""
        return self._json

    @classmethod
    def from_json(cls, text: str) -> "RoomScene":
        """What `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: it gave nothing of the sort.
        """
        body = json.loads(text)
        return cls(
            tuple(RoomObject.from_dict(fields) for fields in body["objects"]),
            tuple(Camera.from_dict(fields) for fields in body["cameras"]),
            tuple(tuple(Sight.from_dict(fields) for fields in row) for row in body["sights"]),
            tuple(map(str, body["frames"])),
            tuple(tuple((float(x), float(y)) for x, y in ring) for ring in body["floors"]),
            float(body["ground"]),
            str(body["source"]),
        )

    @cached_property
    def digest(self) -> str:
        """sha256 of the canonical JSON, in hex."""
        return hashlib.sha256(self._json.encode()).hexdigest()
