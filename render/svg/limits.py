"""Limits: how much a program may ask for, and the budget that is spent while it is resolved.

Most limits are in work and not in size: a long text of plain shapes is drawn, a short one that copies, crosses or
overlays without end is not.
"""

from dataclasses import dataclass

from .document import Element


@dataclass(frozen=True, kw_only=True, slots=True)
class SvgLimits:
    """The limits of one program, in text, work and size."""

    max_bytes: int = 200_000
    """UTF-8 bytes of the text."""
    max_elements: int = 4_000
    """Elements in the text; four times as many are met when copies are made."""
    max_depth: int = 24
    """Nesting, `use` included."""
    max_points: int = 40_000
    """Vertices of all outlines together, curves flattened."""
    max_painted: int = 2_000
    """Painted things after `use` is expanded."""
    max_canvas: float = 4096.0
    """Width and height, px."""
    max_crossings: int = 500
    """How often the lines of one shape may cross."""
    max_overlay_crossings: int = 20_000
    """How often the outlines of two things may cross, one of which clips or hides the other."""
    max_overlay_points: int = 1_500_000
    """Vertices of all regions that are laid over others, counted each time."""
    max_dashes: int = 500
    """Dashes of all outlines together."""
    max_glyph_points: int = 30_000
    """Vertices of all letters together, each letter at least one: some 800 letters of plain text."""
    max_number: float = 100_000.0
    """Magnitude of any number."""
    max_selector_checks: int = 150_000
    """Comparisons of selectors with elements, declarations that apply included."""


class Budget:
    """Counts what resolving one drawing takes, and refuses at the first limit that is passed."""

    def __init__(self, svg_limits: SvgLimits) -> None:
        """Begin at nothing, under `svg_limits`."""
        self.limits = svg_limits
        self._visits = 0
        self._points = 0
        self._glyph_points = 0
        self._dashes = 0.0
        self._painted = 0

    def visit(self, element: Element, depth: int) -> None:
        """Count `element` each time that it is met at a `depth`, so that copies of copies stay few."""
        self._visits += 1
        if self._visits > 4 * self.limits.max_elements:
            raise element.error("size", "<use> and clip-path make too many copies", "draw less")
        if depth > self.limits.max_depth:
            problem_text = f"nested deeper than {self.limits.max_depth}, <use> and clip-path included"
            raise element.error("depth", problem_text, "flatten it")

    def spend_points(self, element: Element, added_count: int) -> None:
        """Count the vertices of an outline of `element`."""
        self._points += added_count
        if self._points > self.limits.max_points:
            raise element.error("size", f"more than {self.limits.max_points} points in all", "draw less")

    def spend_glyph_points(self, element: Element, added_count: int) -> None:
        """Count the vertices of letters of `element`, which have a limit of their own."""
        self._glyph_points += added_count
        if self._glyph_points > self.limits.max_glyph_points:
            problem_text = f"the letters of all text have more than {self.limits.max_glyph_points} points"
            raise element.error("size", problem_text, "write less")

    def spend_dashes(self, element: Element, added_count: float) -> None:
        """Count the dashes of a line of `element`."""
        self._dashes += added_count
        if self._dashes > self.limits.max_dashes:
            problem_text = f"more than {self.limits.max_dashes} dashes in all"
            raise element.error("size", problem_text, "write larger numbers in stroke-dasharray")

    def spend_painted(self, element: Element) -> None:
        """Count one painted thing of `element`."""
        self._painted += 1
        if self._painted > self.limits.max_painted:
            raise element.error("size", f"more than {self.limits.max_painted} things are painted", "draw less")
