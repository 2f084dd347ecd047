"""What questions about a room are asked of: its things by name, its cameras by number, what each camera sees."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from shapely import Polygon, contains_xy, unary_union

from ...geometry import Camera, RoomScene
from ...geometry.boxes import BoxIndex, OrientedBox
from ...geometry.visibility import ObjectVisibility
from ..language.execute import IllPosed
from ..language.literals import did_you_mean

MIN_PART = 0.12
"""Per cent of a picture that a thing must fill to be seen."""
LINKS = 2
"""Things that two frames must both show, so that it can be told from them how their cameras stand to each other."""
MIN_SHARE = 0.3
"""Of what a thing would fill if nothing stood before it."""
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


class Surroundings:
    """A room, ready to be asked about.

    Args:
        scene: the room.
    """

    def __init__(self, scene: RoomScene) -> None:
        self.scene = scene
        self.boxes: tuple[OrientedBox, ...] = tuple(obj.box for obj in scene.objects)
        self.labels: tuple[str, ...] = tuple(obj.label for obj in scene.objects)
        self._of: dict[str, tuple[int, ...]] = {}
        for index, label in enumerate(self.labels):
            self._of[label] = (*self._of.get(label, ()), index)

    @property
    def counts(self) -> Counter[str]:
        """How often each category is there."""
        return Counter(self.labels)

    @cached_property
    def single(self) -> tuple[int, ...]:
        """Things that are the only one of their category: those that a name means."""
        return tuple(places[0] for places in self._of.values() if len(places) == 1)

    @cached_property
    def index(self) -> BoxIndex:
        """The boxes, to be asked for gaps."""
        return BoxIndex(self.boxes)

    @cached_property
    def _parts(self) -> np.ndarray:
        """[cameras, things]: per cent of each picture that each thing fills."""
        areas = np.array([camera.width * camera.height for camera in self.scene.cameras], float)
        pixels = np.array([[sight.pixels for sight in row] for row in self.scene.visibility], float)
        return 100 * pixels.reshape(len(areas), -1) / areas[:, None]

    @cached_property
    def _seen(self) -> np.ndarray:
        """[cameras, things] bool."""
        shares = np.array([[sight.share for sight in row] for row in self.scene.visibility], float)
        return (self._parts >= MIN_PART) & (shares.reshape(self._parts.shape) >= MIN_SHARE)

    @cached_property
    def cover(self) -> float:
        """Share of the floor that lies in some frame, whatever stands before it: from a grid of some hundred places."""
        floor = unary_union([Polygon(ring) for ring in self.scene.floors])
        step = (floor.area / _COVER_POINTS) ** 0.5
        left, bottom, right, top = floor.bounds
        across, up = np.meshgrid(np.arange(left + step / 2, right, step), np.arange(bottom + step / 2, top, step))
        x, y = across.ravel(), up.ravel()
        on = contains_xy(floor, x, y)
        points = np.stack([x[on], y[on], np.full(np.count_nonzero(on), self.scene.ground)], axis=1)
        shown = np.any([camera.in_frame(points) for camera in self.scene.cameras], axis=0)
        return float(np.mean(shown)) if len(points) else 0.0

    # --- names -----------------------------------------------------------------------------------------------------

    def all_of(self, category: str) -> tuple[int, ...]:
        """The things of a category.

        Raises:
            IllPosed: there are none.
        """
        if category not in self._of:
            raise IllPosed("empty", f"there is no {category} in this room", did_you_mean(category, tuple(self._of)))
        return self._of[category]

    def thing(self, label: str) -> int:
        """The thing of that name.

        Raises:
            IllPosed: there is none, or several.
        """
        places = self.all_of(label)
        if len(places) > 1:
            raise IllPosed("not_unique", f"there are {len(places)} things called {label}", "name one that is alone")
        return places[0]

    def region(self, name: str) -> tuple[int, ...]:
        """The things that make a region.

        Raises:
            IllPosed: there are not two of them.
        """
        places = tuple(i for i, label in enumerate(self.labels) if label in REGIONS[name])
        if len(places) < 2:
            hint = f"a {name} has two or more of: {', '.join(sorted(REGIONS[name]))}"
            raise IllPosed("empty", f"there is no {name} in this room", hint)
        return places

    # --- cameras ---------------------------------------------------------------------------------------------------

    def camera(self, view: int) -> Camera:
        """The camera of a frame; frames are numbered from 1.

        Raises:
            IllPosed: there are not so many frames.
        """
        if view > len(self.scene.cameras):
            raise IllPosed("view", f"there is no frame {view}", f"frames are numbered 1 to {len(self.scene.cameras)}")
        return self.scene.cameras[view - 1]

    def sight(self, view: int, index: int) -> ObjectVisibility:
        """What a frame shows of a thing.

        Raises:
            IllPosed: as `camera`.
        """
        self.camera(view)
        return self.scene.visibility[view - 1][index]

    def part(self, view: int, index: int) -> float:
        """Per cent of a frame that a thing fills."""
        self.camera(view)
        return float(self._parts[view - 1, index])

    def seen(self, view: int, index: int) -> bool:
        """Whether a frame shows enough of a thing to tell what it is."""
        self.camera(view)
        return bool(self._seen[view - 1, index])

    # --- what must be seen to be asked about -----------------------------------------------------------------------

    def must_see(self, indices: Sequence[int], views: Sequence[int] = ()) -> None:
        """Each thing must be seen in one of the frames; in any frame by default.

        Raises:
            IllPosed: one is not.
        """
        for index in indices:
            if not any(self.seen(view, index) for view in views or range(1, len(self.scene.cameras) + 1)):
                where = " or ".join(f"frame {view}" for view in views) if views else "any frame"
                hint = "ask about things that are large enough in a frame and not hidden"
                raise IllPosed("unseen", f"the {self.labels[index]} is not to be seen well in {where}", hint)

    def must_see_whole(self, indices: Sequence[int], views: Sequence[int] = ()) -> None:
        """Each thing must be seen nearly whole in one of the frames, so that its size can be judged.

        Raises:
            IllPosed: one is not.
        """
        self.must_see(indices, views)
        chosen = views or range(1, len(self.scene.cameras) + 1)
        for index in indices:
            visibility = [self.sight(view, index) for view in chosen]
            if not any(each.share >= WHOLE_SHARE and each.inside >= WHOLE_INSIDE for each in visibility):
                hint = "ask for the size of things that a frame shows whole"
                raise IllPosed("truncated", f"no frame shows the {self.labels[index]} whole", hint)

    def must_link(self, first: int, second: int) -> None:
        """Two frames must show some of the same things.

        Raises:
            IllPosed: they do not.
        """
        self.camera(first), self.camera(second)
        shared = int((np.minimum(self._parts[first - 1], self._parts[second - 1]) >= MIN_PART).sum())
        if shared < LINKS:
            reason = f"frames {first} and {second} share {shared} things: nothing tells how they lie to each other"
            raise IllPosed("unlinked", reason, f"choose frames that both show {LINKS} things or more")
