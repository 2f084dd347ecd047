"""The vocabulary of drawings: which elements, attributes and properties are read, ignored or refused.

`docs/svg.md` is the same as a table for people.
"""

from collections.abc import Iterable

from ...errors import did_you_mean

PRESENTATION = (
    *("fill", "stroke", "stroke-width", "stroke-linejoin", "stroke-linecap", "stroke-miterlimit", "color"),
    *("opacity", "fill-opacity", "stroke-opacity", "fill-rule", "clip-rule", "clip-path", "display", "visibility"),
    *("stroke-dasharray", "stroke-dashoffset", "paint-order", "mask", "filter", "mix-blend-mode", "isolation"),
    *("font-family", "font-size", "font-style", "font-weight", "text-anchor", "dominant-baseline", "xml:space"),
    *("letter-spacing", "word-spacing", "text-decoration", "font", "white-space"),
    *("stop-color", "stop-opacity", "marker", "marker-start", "marker-mid", "marker-end", "overflow"),
    *("vector-effect", "transform-origin", "transform-box", "background"),
)
"""Properties that are understood, as attributes and in style sheets alike."""
UNINHERITED = frozenset(
    (
        *("opacity", "clip-path", "display", "mask", "filter", "mix-blend-mode", "isolation", "text-decoration"),
        *("stop-color", "stop-opacity", "overflow", "transform", "transform-origin", "transform-box", "background"),
        "vector-effect",
    )
)
"""Those that hold for the element alone."""
GEOMETRY = frozenset(("x", "y", "width", "height", "cx", "cy", "r", "rx", "ry"))
"""Attributes that style sheets set as well (SVG 2, 7.3)."""
CORE = ("id", "class", "style", "transform")

_GRADIENT = ("gradientUnits", "gradientTransform", "spreadMethod", "href")
_LETTERS = ("x", "y", "dx", "dy")
_VIEW = ("viewBox", "preserveAspectRatio")
ELEMENTS: dict[str, tuple[str, ...]] = {
    "svg": ("x", "y", "width", "height", "version", *_VIEW),
    "g": (),
    "a": ("href",),
    "switch": (),
    "defs": (),
    "symbol": ("x", "y", "width", "height", "refX", "refY", *_VIEW),
    "use": ("href", "x", "y", "width", "height"),
    "clipPath": ("clipPathUnits",),
    "mask": ("maskUnits", "maskContentUnits", "mask-type", "x", "y", "width", "height"),
    "pattern": (
        *("patternUnits", "patternContentUnits", "patternTransform", "href"),
        *("x", "y", "width", "height", *_VIEW),
    ),
    "circle": ("cx", "cy", "r"),
    "ellipse": ("cx", "cy", "rx", "ry"),
    "rect": ("x", "y", "width", "height", "rx", "ry"),
    "line": ("x1", "y1", "x2", "y2"),
    "polyline": ("points",),
    "polygon": ("points",),
    "path": ("d",),
    "text": _LETTERS,
    "tspan": _LETTERS,
    "textPath": ("href", "startOffset", "method", "spacing", "side"),
    "linearGradient": ("x1", "y1", "x2", "y2", *_GRADIENT),
    "radialGradient": ("cx", "cy", "r", "fx", "fy", *_GRADIENT),
    "stop": ("offset",),
    "marker": ("refX", "refY", "markerWidth", "markerHeight", "markerUnits", "orient", *_VIEW),
    "style": ("type", "media"),
    "title": (),
    "desc": (),
    "metadata": (),
    "filter": (),
}
"""Elements that are read, with the attributes of their own; every element also takes `CORE` and `PRESENTATION`."""
NOTES = ("title", "desc", "metadata", "style", "filter")
"""Elements that draw nothing; what is in them is not read as a drawing."""
GRADIENTS = ("linearGradient", "radialGradient")
UNPAINTED = ("defs", "clipPath", "mask", "pattern", "marker", "symbol", *GRADIENTS, *NOTES)
"""Elements that paint nothing where they stand."""
GROUPS = ("g", "a", "switch")
"""Elements that only hold others."""
TEXTS = ("text", "tspan")

_SHAPES = ("circle", "ellipse", "rect", "line", "polyline", "polygon", "path")
HOLDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("use", "stop", *_SHAPES), NOTES),
    **dict.fromkeys(TEXTS, ("tspan", "textPath", "a", *NOTES)),
    **dict.fromkeys(GRADIENTS, ("stop", *NOTES)),
}
"""For elements that cannot hold all others: those they can."""
WITHIN = {"tspan": (*TEXTS, "textPath", "a"), "textPath": ("text", "a"), "stop": GRADIENTS}
"""For elements that mean something in some others only: those."""

IGNORED_ATTRIBUTES = frozenset(
    (
        *("role", "lang", "tabindex", "focusable", "target", "rel", "download", "hreflang", "ping", "slot", "part"),
        *("baseProfile", "zoomAndPan", "contentScriptType", "contentStyleType", "enable-background", "title", "name"),
        *("requiredFeatures", "requiredExtensions", "systemLanguage", "externalResourcesRequired", "type", "media"),
        *("filterUnits", "primitiveUnits", "color-interpolation-filters", "alt", "xmlns", "version", "is"),
    )
)
"""Attributes that do not change a still picture."""
IGNORED_PROPERTIES = frozenset(
    (
        *("cursor", "pointer-events", "user-select", "outline", "will-change", "touch-action", "content", "src"),
        *("shape-rendering", "text-rendering", "image-rendering", "color-rendering", "color-interpolation"),
        *("color-interpolation-filters", "enable-background", "transition", "font-variant", "font-stretch"),
        *("margin", "max-width", "max-height", "min-width", "min-height", "position", "top", "left", "line-height"),
        *("vertical-align", "box-sizing", "padding", "direction", "unicode-bidi", "font-kerning"),
        *("font-feature-settings", "solid-color", "text-align", "backface-visibility", "border"),
        *("-inkscape-font-specification", "font-variant-ligatures", "font-size-adjust", "color-profile", "z-index"),
        *("flood-color", "flood-opacity", "lighting-color", "shape-padding", "shape-margin", "inline-size", "kerning"),
        *("text-indent", "text-orientation", "font-synthesis", "glyph-orientation-vertical"),
        *("marker-offset", "solid-opacity", "clip", "right", "bottom", "border-radius", "float", "contain"),
        *("margin-top", "margin-left", "margin-right", "margin-bottom", "overflow-x", "overflow-y", "color-scheme"),
        *("text-decoration-line", "text-decoration-style", "text-decoration-color", "text-align-last", "aspect-ratio"),
    )
)
"""Properties of style sheets that do not change a still picture of ours."""

_SPACED = "write one <text> for each part, with its own x"
_STILL = "draw the still picture"
_EFFECT = (
    "leave it out; a shadow is the same shape once more before it, moved, with fill='#000' opacity='0.3', and a glow"
    " a larger one"
)
INSTEAD = {
    **dict.fromkeys(("tref", "rotate", "textLength", "lengthAdjust"), _SPACED),
    **dict.fromkeys(("animate", "animateTransform", "animateMotion", "animateColor", "set", "mpath"), _STILL),
    **dict.fromkeys(("animation", "animation-name", "animation-duration"), _STILL),
    "baseline-shift": "write dy",
    "alignment-baseline": "write dominant-baseline on the <text>",
    "filter": _EFFECT,
    **dict.fromkeys(("backdrop-filter", "box-shadow", "text-shadow"), _EFFECT),
    "mix-blend-mode": "write the mixed colour itself",
    "script": "draw without scripts",
    "image": "draw with shapes",
    "foreignObject": "write <text> and shapes",
    "meshgradient": "fill with a linearGradient or radialGradient",
    **dict.fromkeys(("stroke-color", "stroke-colour"), "write stroke"),
    **dict.fromkeys(("fill-color", "fill-colour"), "write fill"),
    "font-color": "write fill",
    "text-color": "write fill",
    "text-transform": "write the letters as they are to be seen",
    "background-color": "write it in the style of the <svg>, or draw a <rect> of the canvas's size first",
    "radius": "write r",
    "line-width": "write stroke-width",
    "border-color": "write stroke",
    "border-width": "write stroke-width",
    "angle": 'write transform="rotate(...)"',
    "rotation": 'write transform="rotate(...)"',
    "points": "write points on a <polygon> or <polyline>",
    "pathLength": "write the lengths of dashes in units of the drawing",
    "vector-effect": "write the stroke-width that is to be seen",
    "fr": "leave it out",
    "d": "write d on a <path>",
}
"""For elements, attributes and properties that models often write: what to write in their place."""
_LIKENESS = 0.75
"""Names less alike than this are not suggested: a wrong suggestion is worse than none."""
_CHARACTERS = 40


def _guess(written_name: str, allowed_names: Iterable[str]) -> str:
    """Return the name of `allowed_names` that a misspelt `written_name` stands for; "" where that is not clear."""
    similar_names = [known_name for known_name in allowed_names if known_name[:2].lower() == written_name[:2].lower()]
    return did_you_mean(written_name[:_CHARACTERS], similar_names, _LIKENESS)


def element_hint(written_name: str) -> str:
    """Return what to write in place of the element `written_name`."""
    return INSTEAD.get(written_name) or _guess(written_name, ELEMENTS) or f"allowed: {', '.join(ELEMENTS)}"


def attribute_hint(element_name: str, written_name: str) -> str:
    """Return what to write in place of the attribute `written_name` of an element `element_name`."""
    if written_name.lower().startswith("on"):
        return INSTEAD["script"]
    allowed_names = (*ELEMENTS.get(element_name, ()), *CORE, *PRESENTATION)
    return INSTEAD.get(written_name) or _guess(written_name, allowed_names) or "remove it"


def property_hint(written_name: str) -> str:
    """Return what to write in place of the property `written_name` of a style."""
    return INSTEAD.get(written_name) or _guess(written_name, PRESENTATION) or "use attributes"


def is_ignored_attribute(written_name: str) -> bool:
    """Tell whether an attribute `written_name` does not change a still picture."""
    return (
        written_name in IGNORED_ATTRIBUTES
        or written_name in IGNORED_PROPERTIES
        or written_name.startswith(("aria-", "data-"))
    )
