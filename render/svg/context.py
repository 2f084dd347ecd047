"""The context that all parts of resolving share: document, styles, regions, budget, and elements being copied."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from shapely import box
from shapely.geometry.base import BaseGeometry

from .document import Document, Element
from .limits import Budget, SvgLimits
from .overlay import Overlays
from .regions import Regions, transformed
from .scan import Units
from .style import SvgStyle, read_style
from .transform import Matrix, multiply, read_transform, shift
from .viewport import Inner
from .vocabulary import UNPAINTED


@dataclass(frozen=True, slots=True)
class Placement:
    """The style, matrix, clip and units that hold where an element stands."""

    style: SvgStyle
    matrix: Matrix
    """From the units there to the scene."""
    clip: BaseGeometry | None
    """What of the scene may be painted there; None for all."""
    units: Units
    depth: int

    @property
    def own_units(self) -> Units:
        """The units in the element itself, whose font size is that of its style."""
        return self.units._replace(font_size=self.style.letters.size)


class Context:
    """One drawing while it is resolved."""

    def __init__(self, document: Document, length_units: Units) -> None:
        """Begin with nothing spent; `length_units` are those of the root."""
        self.document = document
        self.units = length_units
        self.budget = Budget(length_units.limits)
        self.overlays = Overlays(length_units.limits)
        self.regions = Regions(document, self.budget)
        self._copying: list[Element] = []
        """The targets of <use>, the clipPaths, masks, patterns and markers that are being resolved."""

    @property
    def limits(self) -> SvgLimits:
        """The limits that the drawing is held to."""
        return self.units.limits

    @contextmanager
    def copying(self, element: Element) -> Iterator[None]:
        """Remember that `element` is being copied, while the block lasts."""
        self._copying.append(element)
        try:
            yield
        finally:
            self._copying.pop()

    def is_copying(self, element: Element) -> bool:
        """Tell whether `element` is being copied, so that another copy would go on without end."""
        return any(element is copied_element for copied_element in self._copying)

    def copies_a(self, element_name: str) -> bool:
        """Tell whether an element of this `element_name` is being copied."""
        return any(copied_element.name == element_name for copied_element in self._copying)

    def style_around(self, element: Element) -> SvgStyle:
        """Return the style around `element` where it is written: what a clipPath inherits, whoever refers to it."""
        ancestors: list[Element] = []
        while (parent := self.document.parent(ancestors[-1] if ancestors else element)) is not None:
            ancestors.append(parent)
        style = SvgStyle()
        for ancestor in reversed(ancestors):
            style = read_style(ancestor, style, self.units._replace(font_size=style.letters.size))
        return style

    def style_of(self, element: Element, placement: Placement) -> SvgStyle:
        """Return the style of `element` at a `placement`, whose style is that around it."""
        return read_style(element, placement.style, placement.own_units)

    def moved(self, element: Element, matrix: Matrix, length_units: Units) -> Matrix:
        """Return the matrix from the units in `element` to the scene; `matrix` is that around it."""
        matrix = multiply(matrix, read_transform(element, length_units))
        if element.name != "use":
            return matrix
        # x and y of <use> move what its own clip-path refers to as well (SVG 1.1, 5.6).
        return multiply(matrix, shift(length_units.attribute(element, "x"), length_units.attribute(element, "y")))

    def target(self, element: Element) -> Element:
        """Return what the <use> `element` points to; only places in this document are reached."""
        target_element = self.document.fragment(element, element.attributes.get("href", ""))
        if target_element.name != "symbol" and target_element.name in ("tspan", "stop", *UNPAINTED):
            problem_text = f"<use> cannot copy a <{target_element.name}>"
            raise element.error("reference", problem_text, "copy a shape or a <g>")
        if target_element is self.document.root:
            raise element.error("reference", "<use> cannot copy the whole drawing", "copy a shape or a <g>")
        return target_element

    def inside(self, placement: Placement, inner: Inner) -> Placement:
        """Return what holds inside a viewport that stands at a `placement`."""
        clip = placement.clip
        if inner.clips:
            left, top, width, height = inner.frame
            frame_region = transformed(box(left, top, left + width, top + height), placement.matrix)
            clip = self.both(clip, frame_region)
        matrix = multiply(placement.matrix, inner.matrix)
        return replace(placement, matrix=matrix, clip=clip, units=placement.units._replace(extent=inner.extent))

    def both(self, clip: BaseGeometry | None, region: BaseGeometry) -> BaseGeometry:
        """Return what a `clip` leaves of a `region`."""
        return region if clip is None else self.overlays.overlap(clip, region)

    def box_matrix(self, element: Element, placement: Placement, user: str) -> Matrix:
        """Return the matrix from the unit square to the bounding box of a shape or text, in its own units.

        Raises:
            SvgError: `element` is a group, whose box is not known; the error names the `user` of the box.
        """
        shape_bounds = None
        if element.name == "text":
            runs = self.regions.runs(element, placement.style, placement.own_units)
            if runs:
                sides = list(zip(*(run.bounds for run in runs), strict=True))
                shape_bounds = (min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3]))
        elif element.name in ("g", "use", "svg", "a", "switch"):
            problem_text = f"{user} of <{element.name}> is measured in its bounding box"
            raise element.error("reference", problem_text, "write userSpaceOnUse as the units, and px of the drawing")
        else:
            shape_bounds = self.regions.bounds(element, placement.own_units)
        if shape_bounds is None:
            return (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        left, top, right, bottom = shape_bounds
        return (right - left, 0.0, 0.0, bottom - top, left, top)
