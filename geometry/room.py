"""Rooms: furnished places that cameras look at, with what questions about them need. Metres; right-handed; z up.

A room comes from a drawn `SpatialScene` or from a scan. Objects are known by their upright boxes; how the cameras see
them was measured from the surfaces, which are not kept.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .boxes import OrientedBox
from .visibility import ViewedScene, read_views

STRUCTURE = -1
"""Index of an occluder that is not one of the objects: walls and the like."""
Ring = tuple[tuple[float, float], ...]
"""Corners of a polygon in the plan, metres, counter-clockwise, the first one not repeated."""


@dataclass(frozen=True)
class RoomObject:
    """One object of a room."""

    index: int
    """Its place in the room."""
    label: str
    """Its category in lower case, such as `chair`: by an annotator, or by the program's author."""
    box: OrientedBox
    colour: str = ""
    """`#rrggbb` of the largest part of its surface; empty where that is not known."""

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON values."""
        return {"index": self.index, "label": self.label, "box": self.box.to_dict(), "colour": self.colour}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "RoomObject":
        """Read the `fields` that `to_dict` gave."""
        box = OrientedBox.from_dict(fields["box"])
        return cls(int(fields["index"]), str(fields["label"]), box, str(fields["colour"]))


@dataclass(frozen=True, eq=False)
class RoomScene(ViewedScene[RoomObject]):
    """Objects, the cameras with how they see each object, and the floor's outline; occluders may be `STRUCTURE`.

    Raises:
        ValueError: on making one: there is not one visibility for each object and camera, or one name for each camera.
    """

    frames: tuple[str, ...]
    """A name for each camera's picture: of a scan, the file's."""
    floors: tuple[Ring, ...] = ()
    """Outlines of the floor's parts, which do not overlap; none where the floor is not known."""
    ground: float = 0.0
    """Height of the floor."""
    source: str = ""
    """Where it comes from: `rooms`, or a data set and its scene such as `scannet/scene0000_00`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.frames) != len(self.cameras):
            raise ValueError(f"{len(self.frames)} frame names do not fit {len(self.cameras)} cameras")
        if [obj.index for obj in self.objects] != list(range(len(self.objects))):
            raise ValueError("objects are numbered from 0 in their order")

    def through(self, views: Sequence[int]) -> "RoomScene":
        """Return the same room through some of its cameras: by their indices, the `views`, in this order."""
        return replace(
            self,
            cameras=tuple(self.cameras[view] for view in views),
            visibility=tuple(self.visibility[view] for view in views),
            frames=tuple(self.frames[view] for view in views),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the room as JSON values."""
        return super().to_dict() | {
            "frames": list(self.frames),
            "floors": [[list(corner) for corner in ring] for ring in self.floors],
            "ground": self.ground,
            "source": self.source,
        }

    @classmethod
    def from_json(cls, text: str) -> "RoomScene":
        """Read the `text` that `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: `text` does not come from there.
        """
        fields = json.loads(text)
        return cls(
            *read_views(fields, RoomObject.from_dict),
            tuple(map(str, fields["frames"])),
            tuple(tuple((float(x), float(y)) for x, y in ring) for ring in fields["floors"]),
            float(fields["ground"]),
            str(fields["source"]),
        )
