"""Per-camera visibility: how much of each object a picture shows, and what hides the rest.

`ViewedScene` is what scenes of meshes (`spatial.py`) and of furnished rooms (`room.py`) have in common.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from .camera import Camera
from .codec import CanonicalScene

MAX_OCCLUDERS = 4
"""Of one object in one picture, those that hide most of it are kept."""


class _Recorded(Protocol):
    def to_dict(self) -> dict[str, Any]: ...


ObjectT = TypeVar("ObjectT", bound=_Recorded)


@dataclass(frozen=True)
class ObjectVisibility:
    """The visibility of one object to one camera.

    A pixel belongs to the first object that the ray through its centre meets. `pixels` and `bounds` are exact in that
    sense.
    """

    pixels: int
    """Pixels of the picture that belong to the object."""
    share: float
    """`pixels` over the pixels that would belong to the object if it were alone, in the same frame; 0 where there are
    none. Of large hidden objects only every fourth pixel is looked at."""
    inside: float
    """Share of the object's silhouette that falls on the picture, hidden or not, by solid angle from the camera: it has
    a meaning also for what reaches behind the camera. Exactly 1 for objects wholly in the frame and 0 for those wholly
    on one side of it; else from some hundred rays, to a few hundredths."""
    bounds: tuple[int, int, int, int] | None
    """Left, top, right and bottom of its pixels, the last two one past them; None where it has no pixels."""
    occluders: tuple[tuple[int, int], ...] = ()
    """Objects before it: index, and how many of the pixels that would show this object show that one instead; most
    pixels first, at most `MAX_OCCLUDERS`."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; the occluders are recorded as `hiders`."""
        return {
            "pixels": self.pixels,
            "share": self.share,
            "inside": self.inside,
            "bounds": None if self.bounds is None else list(self.bounds),
            "hiders": [list(pair) for pair in self.occluders],
        }

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "ObjectVisibility":
        """Read the `fields` that `to_dict` gave."""
        bounds = fields["bounds"]
        if bounds is not None:
            left, top, right, bottom = map(int, bounds)
            bounds = (left, top, right, bottom)
        occluders = tuple((int(index), int(pixels)) for index, pixels in fields["hiders"])
        return cls(int(fields["pixels"]), float(fields["share"]), float(fields["inside"]), bounds, occluders)

    def renumbered(self, new_indices: Mapping[int, int], structure_index: int) -> "ObjectVisibility":
        """Return the same visibility with the occluders counted by other indices.

        Args:
            new_indices: of objects that are kept, new indices by old ones.
            structure_index: the index that all other occluders get together.
        """
        pixels: dict[int, int] = {}
        for index, count in self.occluders:
            new_index = new_indices.get(index, structure_index)
            pixels[new_index] = pixels.get(new_index, 0) + count
        ranking = sorted(pixels.items(), key=lambda pair: (-pair[1], pair[0]))
        return replace(self, occluders=tuple(ranking))


VisibilityRows = tuple[tuple[ObjectVisibility, ...], ...]
"""For each camera, the visibility of each object."""


@dataclass(frozen=True, eq=False)
class ViewedScene(CanonicalScene, Generic[ObjectT]):
    """Objects, the cameras that look at them, and how each camera sees each object.

    Raises:
        ValueError: on making one: there is not one visibility for each object and camera.
    """

    objects: tuple[ObjectT, ...]
    cameras: tuple[Camera, ...]
    """In the order in which they follow each other along a path, where there is one."""
    visibility: VisibilityRows
    """For each camera, one entry for each object."""

    def __post_init__(self) -> None:
        lengths = [len(row) for row in self.visibility]
        if lengths != [len(self.objects)] * len(self.cameras):
            raise ValueError(
                f"{len(self.cameras)} cameras and {len(self.objects)} objects cannot have visibility rows of {lengths}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; the visibility is recorded as `sights`."""
        return {
            "objects": [obj.to_dict() for obj in self.objects],
            "cameras": [camera.to_dict() for camera in self.cameras],
            "sights": [[visibility.to_dict() for visibility in row] for row in self.visibility],
        }


def read_views(
    fields: dict[str, Any], read_object: Callable[[dict[str, Any]], ObjectT]
) -> tuple[tuple[ObjectT, ...], tuple[Camera, ...], VisibilityRows]:
    """Read objects, cameras and visibility from the `fields` that `ViewedScene.to_dict` gave.

    Args:
        fields: JSON values.
        read_object: reads one object from its record.

    Raises:
        KeyError, TypeError, ValueError: `fields` do not come from there.
    """
    return (
        tuple(read_object(record) for record in fields["objects"]),
        tuple(Camera.from_dict(record) for record in fields["cameras"]),
        tuple(tuple(ObjectVisibility.from_dict(record) for record in row) for row in fields["sights"]),
    )
