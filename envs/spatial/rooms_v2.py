"""Rooms, version 2: the tasks of `spatial/Rooms-v1`, of which the picture is needed and shows enough.

Task:
    The 24 tasks of `spatial/Rooms-v1` (see there), with the same rooms, answers and scoring.

Item fields:
    As in version 1.

Answer:
    As in version 1.

Scoring:
    As in version 1.

Difficulty knobs:
    As in version 1.

Degenerate cases excluded:
    As in version 1, and:

    - slivers: an object is seen where it fills 0.3 % of a picture (0.12 % there), 3.5 % of its side both ways, and 40 %
      of it are not hidden (30 % there); what two frames show is counted where each object fills 0.5 % of one and half
      of it is not hidden, and the question is refused where one is seen worse;
    - edges: an object that is thin and tall (a wardrobe, a television) is not seen from within 15 degrees of its edge;
    - regions without what makes them: a dining area whose table the frame does not show;
    - answers by category alone: what fits or does not is close (by half the object's mean side), lengths that are
      compared differ by a factor of 1.5 at most, and sampled questions are thinned by the odds that categories give,
      so that both answers are equally likely whatever the names (`priors.py`); sizes are asked of categories that vary,
      and not of the usual ones among them.

State space:
    As in version 1.

Source:
    As in version 1; the doubtful items were found by looking at 300 of version 1.

History:
    v2: stricter demands on what frames show, and on what categories tell; one phrasing of
    `single_image_relative_direction` said another rule for above and below than the oracle's. Version 1 is in
    `rooms.py`.
"""

from dataclasses import replace
from pathlib import Path

from ..core import Truth
from ..language.query import Call
from ..registry import register
from ..rng import SeededRng
from .demands import STRICT
from .operators import LANGUAGE
from .priors import is_kept
from .rooms import Rooms
from .rules import THRESHOLDS
from .scanned import ScannedRooms
from .surroundings import Surroundings

ENV_ID = "spatial/Rooms-v2"
_MENDED = "single_image_relative_direction"
_OLD, _NEW = "at least half as far up or down as to the side", "more than half as far up or down as away in the plan"
_OPERATOR = LANGUAGE.operators[_MENDED]
LANGUAGE_V2 = replace(
    LANGUAGE,
    operators={
        **LANGUAGE.operators,
        _MENDED: replace(_OPERATOR, questions=tuple(text.replace(_OLD, _NEW) for text in _OPERATOR.questions)),
    },
)
THRESHOLDS_V2 = {**THRESHOLDS, "%": STRICT.min_part}


class ScannedRoomsV2(ScannedRooms):
    """A folder of scans as an environment, with the demands of version 2.

    Args:
        env_id: its id, which ends in the folder.
        root: the folder, of one scene or of many.

    Raises:
        FolderError: there is no scan in it.
    """

    demands = STRICT
    language = LANGUAGE_V2
    thresholds = THRESHOLDS_V2


class RoomsV2(Rooms):  # noqa: D101 - the module's docstring is the environment's
    __doc__ = __doc__

    id = ENV_ID
    demands = STRICT
    language = LANGUAGE_V2
    thresholds = THRESHOLDS_V2

    def with_data(self, folder: Path) -> ScannedRoomsV2:
        """Return the environment that asks the same questions about the scanned rooms in a `folder`.

        Raises:
            FolderError: the folder holds no scan.
        """
        return ScannedRoomsV2(f"{self.id}@{folder}", folder)

    def is_informative(self, room: Surroundings, query: Call, truth: Truth, rng: SeededRng) -> bool:
        """Tell whether a `query` about a `room` may be sampled: categories must not tell the answer."""
        return is_kept(room, query, truth.value, rng)


register(ENV_ID, RoomsV2)
