"""Demands on what frames show before a question may rest on it: those of version 1 of the rooms, and stricter ones."""

from dataclasses import dataclass

REGION_KEYS = frozenset(
    {"bed", "cot", "sofa", "couch", "armchair", "table", "dining table", "round table", "desk", "stove", "oven"}
    | {"fridge", "refrigerator", "sink", "bathtub", "toilet", "washing machine", "washbasin", "shower"}
)
"""Categories that make a part of a home what it is: chairs alone are not a dining area."""


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What must be seen of an object, and how far a category may decide an answer."""

    min_part: float = 0.12
    """Per cent of a picture that an object must fill to be seen."""
    min_share: float = 0.3
    """Share of the pixels it would fill if nothing stood before it."""
    count_part: float = 0.12
    """Per cent of a picture that each object must fill in some frame where objects are counted."""
    count_share: float = 0.3
    """Share of its pixels that must be seen where objects are counted."""
    min_extent: float = 0.0
    """Share of the picture's shorter side that both sides of its pixels' bounds must reach: less is a sliver."""
    edge_on: float = 0.0
    """Degrees: an object that stands thin and tall is not seen under a smaller angle to its broad face."""
    region_keys: bool = False
    """Whether a region must show one of `REGION_KEYS`."""
    close_sizes: bool = False
    """Whether sizes that are compared must be so close that categories alone do not tell the answer."""


LENIENT = Demands()
"""Of `spatial/Rooms-v1`."""
STRICT = Demands(
    min_part=0.3,
    min_share=0.4,
    count_part=0.5,
    count_share=0.5,
    min_extent=0.035,
    edge_on=15.0,
    region_keys=True,
    close_sizes=True,
)
"""Of `spatial/Rooms-v2`."""
THIN, TALL = 0.5, 1.5
"""A thin and tall object: depth over width at most, and height over depth at least."""
MAX_RATIO = 1.5
"""Of compared longest sides, where they must be close."""
MAX_GROWTH = 0.5
"""Margin of what fits or does not, over the mean side of what is put in, where sizes must be close."""
