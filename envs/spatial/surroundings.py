"""A room as questions see it: its objects by name, its cameras by number, and what each camera sees."""

import math
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from shapely import Polygon, contains_xy, unary_union

from ...geometry import Camera, RoomScene
from ...geometry.boxes import BoxIndex, OrientedBox
from ...geometry.visibility import ObjectVisibility
from ..language.execute import IllPosed
from ..language.literals import closest_or_all
from .demands import LENIENT, TALL, THIN, Demands

LINKS = 2
"""Things that two frames must both show, so that it can be told from them how their cameras stand to each other."""
WHOLE_SHARE, WHOLE_INSIDE = 0.6, 0.95
"""What must be seen of a thing whose size is asked for: of its pixels, and of its silhouette within the frame."""
_COVER_POINTS = 400
REGIONS: dict[str, frozenset[str]] = {
    "sleeping area": frozenset({"bed", "nightstand", "cot", "pillow"}),
    "sitting area": frozenset({"sofa", "couch", "armchair", "coffee table", "television", "tv", "footstool"}),
    "dining area": frozenset({"table", "dining table", "round table", "chair", "bench"}),
    "working area": frozenset({"desk", "office chair", "monitor", "laptop", "desk lamp"}),
    "cooking area": frozenset({"stove", "oven", "fridge", "refrigerator", "sink", "kitchen cabinet", "microwave"}),
    "washing area": frozenset({"bathtub", "toilet", "washing machine", "washbasin", "shower"}),
}
"""Parts of a home by the things that make them: a region is where at least two of these stand together."""


def broad_angle(camera: Camera, box: OrientedBox) -> float:
    """Return the angle in the plan, degrees, between the view from `camera` and the broad face of a thin, tall `box`.

    0 where its edge is seen, 90 where its face is seen straight on, and for all other boxes.
    """
    width, depth, height = box.size
    if min(width, depth) > THIN * max(width, depth) or height < TALL * min(width, depth):
        return 90.0
    x, y, _ = camera.position - box.centre
    bearing = math.degrees(math.atan2(y, x)) - box.yaw
    across = abs(math.sin(math.radians(bearing)))
    # The broad face of what is wider than deep looks along its own y.
    return math.degrees(math.asin(across if width >= depth else math.sqrt(max(0.0, 1 - across * across))))


class Surroundings:
    """A room, ready to be asked about.

    Args:
        scene: the room.
        demands: what must be seen of an object before a question may rest on it.
    """

    def __init__(self, scene: RoomScene, demands: Demands = LENIENT) -> None:
        self.scene, self.demands = scene, demands
        self.boxes: tuple[OrientedBox, ...] = tuple(obj.box for obj in scene.objects)
        self.labels: tuple[str, ...] = tuple(obj.label for obj in scene.objects)
        self._of: dict[str, tuple[int, ...]] = {}
        for index, label in enumerate(self.labels):
            self._of[label] = (*self._of.get(label, ()), index)

    @property
    def counts(self) -> Counter[str]:
        """Return how often each category is there."""
        return Counter(self.labels)

    @cached_property
    def single(self) -> tuple[int, ...]:
        """Return the objects that are the only one of their category: those that a name means."""
        return tuple(members[0] for members in self._of.values() if len(members) == 1)

    @cached_property
    def index(self) -> BoxIndex:
        """Return an index of the boxes, to be asked for gaps."""
        return BoxIndex(self.boxes)

    @cached_property
    def _parts(self) -> np.ndarray:
        """Return the per cent of each picture that each object fills, [cameras, objects]."""
        areas = np.array([camera.width * camera.height for camera in self.scene.cameras], float)
        pixels = np.array([[entry.pixels for entry in row] for row in self.scene.visibility], float)
        return 100 * pixels.reshape(len(areas), -1) / areas[:, None]

    @cached_property
    def _shares(self) -> np.ndarray:
        """Return the shares of objects that nothing hides, [cameras, objects]."""
        shares = np.array([[entry.share for entry in row] for row in self.scene.visibility], float)
        return shares.reshape(self._parts.shape)

    @cached_property
    def _seen(self) -> np.ndarray:
        """Return which camera sees which object well, [cameras, objects] bool."""
        is_enough = (self._parts >= self.demands.min_part) & (self._shares >= self.demands.min_share)
        return is_enough & self._is_recognisable

    @cached_property
    def _countable(self) -> np.ndarray:
        """Return which camera sees which object so well that it can be counted, [cameras, objects] bool."""
        is_enough = (self._parts >= self.demands.count_part) & (self._shares >= self.demands.count_share)
        return self._seen & is_enough

    @cached_property
    def _is_recognisable(self) -> np.ndarray:
        """Return which camera sees of which object neither a sliver nor an edge, [cameras, objects] bool."""
        is_recognisable = np.ones(self._parts.shape, bool)
        if not self.demands.min_extent and not self.demands.edge_on:
            return is_recognisable
        for i, (camera, row) in enumerate(zip(self.scene.cameras, self.scene.visibility, strict=True)):
            for j, (entry, box) in enumerate(zip(row, self.boxes, strict=True)):
                left, top, right, bottom = entry.bounds or (0, 0, 0, 0)
                is_sliver = min(right - left, bottom - top) < self.demands.min_extent * min(camera.width, camera.height)
                is_recognisable[i, j] = not is_sliver and broad_angle(camera, box) >= self.demands.edge_on
        return is_recognisable

    @cached_property
    def cover(self) -> float:
        """Return the share of the floor that lies in some frame, whatever stands before it.

        Computed on a grid of some hundred places.
        """
        floor = unary_union([Polygon(ring) for ring in self.scene.floors])
        grid_step = (floor.area / _COVER_POINTS) ** 0.5
        left, bottom, right, top = floor.bounds
        across, up = np.meshgrid(
            np.arange(left + grid_step / 2, right, grid_step), np.arange(bottom + grid_step / 2, top, grid_step)
        )
        x, y = across.ravel(), up.ravel()
        is_on_floor = contains_xy(floor, x, y)
        points = np.stack(
            [x[is_on_floor], y[is_on_floor], np.full(np.count_nonzero(is_on_floor), self.scene.ground)], axis=1
        )
        is_in_frame = np.any([camera.in_frame(points) for camera in self.scene.cameras], axis=0)
        return float(np.mean(is_in_frame)) if len(points) else 0.0

    # --- names -----------------------------------------------------------------------------------------------------

    def all_of(self, category: str) -> tuple[int, ...]:
        """Return the objects of a `category`.

        Raises:
            IllPosed: there are none.
        """
        if category not in self._of:
            raise IllPosed("empty", f"there is no {category} in this room", closest_or_all(category, tuple(self._of)))
        return self._of[category]

    def object_named(self, label: str) -> int:
        """Return the object called by the `label`.

        Raises:
            IllPosed: there is none, or several.
        """
        members = self.all_of(label)
        if len(members) > 1:
            raise IllPosed("not_unique", f"there are {len(members)} things called {label}", "name one that is alone")
        return members[0]

    def region(self, name: str) -> tuple[int, ...]:
        """Return the objects that make the region of that `name`.

        Raises:
            IllPosed: there are not two of them.
        """
        members = tuple(i for i, label in enumerate(self.labels) if label in REGIONS[name])
        if len(members) < 2:
            hint = f"a {name} has two or more of: {', '.join(sorted(REGIONS[name]))}"
            raise IllPosed("empty", f"there is no {name} in this room", hint)
        return members

    # --- cameras ---------------------------------------------------------------------------------------------------

    def camera(self, view: int) -> Camera:
        """Return the camera of a frame by its number, the `view`; frames are numbered from 1.

        Raises:
            IllPosed: there are not so many frames.
        """
        if view > len(self.scene.cameras):
            raise IllPosed("view", f"there is no frame {view}", f"frames are numbered 1 to {len(self.scene.cameras)}")
        return self.scene.cameras[view - 1]

    def visibility_of(self, view: int, index: int) -> ObjectVisibility:
        """Return the visibility of the object at `index` in the frame `view`.

        Raises:
            IllPosed: as `camera`.
        """
        self.camera(view)
        return self.scene.visibility[view - 1][index]

    def part(self, view: int, index: int) -> float:
        """Return the per cent of the frame `view` that the object at `index` fills."""
        self.camera(view)
        return float(self._parts[view - 1, index])

    def seen(self, view: int, index: int) -> bool:
        """Tell whether the frame `view` shows enough of the object at `index` to tell what it is."""
        self.camera(view)
        return bool(self._seen[view - 1, index])

    def countable(self, view: int, index: int) -> bool:
        """Tell whether the frame `view` shows so much of the object at `index` that it counts beyond doubt."""
        self.camera(view)
        return bool(self._countable[view - 1, index])

    # --- what must be seen to be asked about -----------------------------------------------------------------------

    def must_see(self, indices: Sequence[int], views: Sequence[int] = ()) -> None:
        """Require each of the objects at `indices` to be seen in one of the frames `views`; in any frame by default.

        Raises:
            IllPosed: one is not.
        """
        for index in indices:
            if not any(self.seen(view, index) for view in views or range(1, len(self.scene.cameras) + 1)):
                where = " or ".join(f"frame {view}" for view in views) if views else "any frame"
                hint = "ask about things that are large enough in a frame and not hidden"
                raise IllPosed("unseen", f"the {self.labels[index]} is not to be seen well in {where}", hint)

    def must_see_whole(self, indices: Sequence[int], views: Sequence[int] = ()) -> None:
        """Require each of the objects at `indices` to be nearly whole in one of the `views`, so that its size shows.

        Raises:
            IllPosed: one is not.
        """
        self.must_see(indices, views)
        chosen_views = views or range(1, len(self.scene.cameras) + 1)
        for index in indices:
            entries = [self.visibility_of(view, index) for view in chosen_views]
            if not any(entry.share >= WHOLE_SHARE and entry.inside >= WHOLE_INSIDE for entry in entries):
                hint = "ask for the size of things that a frame shows whole"
                raise IllPosed("truncated", f"no frame shows the {self.labels[index]} whole", hint)

    def must_link(self, first_view: int, second_view: int) -> None:
        """Require the frames `first_view` and `second_view` to show some of the same objects.

        Raises:
            IllPosed: they do not.
        """
        self.camera(first_view), self.camera(second_view)
        shared_count = int(
            (np.minimum(self._parts[first_view - 1], self._parts[second_view - 1]) >= self.demands.min_part).sum()
        )
        if shared_count < LINKS:
            frames = f"frames {first_view} and {second_view}"
            reason = f"{frames} share {shared_count} things: nothing tells how they lie to each other"
            raise IllPosed("unlinked", reason, f"choose frames that both show {LINKS} things or more")
