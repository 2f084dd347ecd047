"""Objects for geometry tests, made without any renderer."""

from hypothesis import strategies as st
from shapely import Polygon, box
from shapely.affinity import translate

from zerosight.geometry import FlatObject, Region, classify_outline, rounded


def thing(outline: Region, visible: Region | None = None, index: int = 0) -> FlatObject:
    outline = rounded(outline)
    seen = outline if visible is None else rounded(visible)
    return FlatObject(index, *classify_outline(outline), "#ff0000", None, 0.0, outline, seen)


def square(x: float, y: float, side: float = 4.0) -> FlatObject:
    return thing(box(x, y, x + side, y + side))


def moved(obj: FlatObject, dx: float, dy: float) -> FlatObject:
    return thing(translate(obj.outline, dx, dy))


def mirrored(obj: FlatObject) -> FlatObject:
    """Left and right exchanged."""
    return thing(Polygon([(-x, y) for x, y in obj.outline.exterior.coords]))


whole = st.integers(-200, 200).map(float)
things = st.builds(
    lambda x, y, width, height: thing(box(x, y, x + width, y + height)),
    whole,
    whole,
    st.integers(1, 60),
    st.integers(1, 60),
)
"""Rectangles on whole pixels, so that moving and mirroring them is exact."""
