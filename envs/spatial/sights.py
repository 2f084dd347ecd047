"""What frames must show so that a question can rest on it: needs that a Coder is told, and their check on a room.

They follow from the operator alone, as the rules demand them (`rules.py`): things seen well in a frame or in any, seen
whole where their size is asked for, counted where they are counted, and two frames that share things where one
camera's place is told from the other's picture.
"""

from collections.abc import Iterator, Mapping
from typing import Literal as Choice
from typing import NamedTuple

from ..language.execute import IllPosed
from ..language.query import Call, Literal
from .operators import views
from .surroundings import LINKS, Surroundings

SightKind = Choice["seen", "whole", "counted", "region"]
_KINDS: Mapping[str, SightKind] = {
    "object_size": "whole",
    "fit": "whole",
    "attribute_measurement": "whole",
    "count_across": "counted",
    "position_cam_reg": "region",
}
"""How things must be seen, by operator; `seen` elsewhere."""
_IN_THE_FIRST = frozenset({"position_cam_obj", "position_cam_reg"})
"""Operators of two frames, the second of which is a camera alone."""
_LINKED = frozenset(
    {"position_cam_cam", "elevation_cam_cam", "motion_camera", "position_cam_obj", "position_cam_reg", "count_across"}
)
"""Operators that tell one camera's place from another's picture."""


class Sight(NamedTuple):
    """Things that frames must show."""

    kind: SightKind
    name: str
    """Of the thing, the category or the region."""
    frames: tuple[int, ...]
    """One of which must show it; empty where any frame will do."""

    @property
    def text(self) -> str:
        """Say it for who places the things and cameras."""
        where = f"camera {' or '.join(map(str, self.frames))}" if self.frames else "one of the cameras"
        if self.kind == "counted":
            return f"each {self.name} either large and unhidden for {where}, or seen by neither"
        if self.kind == "region":
            return f"two things or more of the {self.name} large and unhidden for {where}"
        return f"the {self.name} {'whole' if self.kind == 'whole' else 'large'} and unhidden for {where}"

    def is_met(self, room: Surroundings) -> bool:
        """Tell whether the frames of `room` show it."""
        try:
            if self.kind == "counted":
                return self._is_counted(room)
            if self.kind == "region":
                return self._is_region_seen(room)
            look = room.must_see_whole if self.kind == "whole" else room.must_see
            look(room.all_of(self.name), self.frames)
        except IllPosed:
            return False
        return True

    def _is_counted(self, room: Surroundings) -> bool:
        shown_members = [
            member for member in room.all_of(self.name) if any(room.part(frame, member) for frame in self.frames)
        ]
        return bool(shown_members) and all(
            any(room.countable(frame, member) for frame in self.frames) for member in shown_members
        )

    def _is_region_seen(self, room: Surroundings) -> bool:
        (frame,) = self.frames
        shown_members = [member for member in room.region(self.name) if room.part(frame, member)]
        room.must_see(shown_members, self.frames)
        return len(shown_members) > 1


class Link(NamedTuple):
    """Two frames that share things."""

    first_frame: int
    second_frame: int

    @property
    def text(self) -> str:
        """Say it for who places the cameras."""
        return f"{LINKS} things or more that camera {self.first_frame} and camera {self.second_frame} both see well"

    def is_met(self, room: Surroundings) -> bool:
        """Tell whether the frames of `room` share enough."""
        try:
            room.must_link(self.first_frame, self.second_frame)
        except IllPosed:
            return False
        return True


def sights(query: Call) -> Iterator[Sight | Link]:
    """Yield what frames must show so that `query` can be asked."""
    frames = views(query)
    kind = _KINDS.get(query.op, "seen")
    shown_in = frames[:1] if query.op in _IN_THE_FIRST else frames
    for literal in query.args:
        if isinstance(literal, Literal) and literal.op in ("thing", "things", "category", "region"):
            for word in literal.words:
                yield Sight(kind, str(word), shown_in)
    if query.op in _LINKED:
        yield Link(*frames)
