"""Documents that every test of the renderer shares, each with what makes it hard, and a second renderer."""

import io
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

_FONTS = Path(__file__).parents[2] / "render" / "fonts"
_FAMILIES = ("font_family", "sans_serif_family", "serif_family", "monospace_family")


def drawn_by_resvg(text: str, width: int, height: int) -> np.ndarray:
    """Return the picture [height, width, 3] that resvg draws of a document over white, with our font."""
    data = resvg_py.svg_to_bytes(
        **{"svg_string": text, "width": width, "height": height, "dpi": 96},
        **{"font_dirs": [str(_FONTS)], "skip_system_fonts": True, **dict.fromkeys(_FAMILIES, "DejaVu Sans")},
    )
    drawn = Image.open(io.BytesIO(bytes(data))).convert("RGBA")
    page = Image.new("RGBA", drawn.size, "white")
    page.alpha_composite(drawn)
    return np.asarray(page.convert("RGB"))


def svg(body: str, box: str = "0 0 64 64") -> str:
    return f'<svg viewBox="{box}" xmlns="http://www.w3.org/2000/svg">{body}</svg>'


ZOO = {
    "shapes": svg(
        '<rect width="64" height="64" fill="#eeeeee"/><circle cx="16" cy="16" r="9" fill="red"/>'
        '<ellipse cx="46" cy="16" rx="12" ry="6" fill="rgb(0, 120, 60)"/>'
        '<rect x="8" y="36" width="14" height="20" fill="#00f"/>'
        '<polygon points="34,56 58,56 46,34" fill="orange"/>'
    ),
    "stacking": svg(
        '<circle cx="26" cy="30" r="16" fill="navy"/><rect x="24" y="22" width="26" height="26" fill="gold"/>'
        '<circle cx="36" cy="36" r="6" fill="teal"/>'
    ),
    "covered": svg(
        '<circle cx="32" cy="32" r="8" fill="red"/><rect x="12" y="12" width="40" height="40" fill="green"/>'
    ),
    "transforms": svg(
        '<g transform="translate(32 32) rotate(30)"><g transform="scale(2, 0.5) skewX(20)">'
        '<rect x="-8" y="-16" width="16" height="32" fill="purple"/></g></g>'
        '<rect x="4" y="4" width="10" height="10" fill="black" transform="rotate(45, 9, 9)"/>'
        '<circle r="5" fill="maroon" transform="matrix(1 0.3 -0.2 1.4 50 52)"/>'
        '<rect width="6" height="6" transform="translate(52,6)skewY(-30)" fill="lime"/>'
    ),
    "use": svg(
        '<defs><g id="pair"><circle cx="6" cy="6" r="5"/><rect x="12" y="1" width="10" height="10"/></g></defs>'
        '<use href="#pair" x="2" y="2" fill="crimson"/>'
        '<use href="#pair" transform="translate(4 50) scale(1 -1)" fill="blue"/>'
        '<g transform="translate(40 40)"><use href="#pair" fill="green"/></g>'
    ),
    "clip": svg(
        '<defs><clipPath id="c"><circle cx="32" cy="32" r="16"/><rect x="2" y="2" width="12" height="12"/>'
        "</clipPath></defs>"
        '<g clip-path="url(#c)"><rect width="34" height="64" fill="teal"/>'
        '<rect x="34" width="30" height="64" fill="coral"/></g>'
    ),
    "clip_moved": svg(
        '<clipPath id="c"><rect x="0" y="0" width="10" height="10" transform="rotate(45)"/></clipPath>'
        '<circle r="12" transform="translate(30 20) scale(1.5)" clip-path="url(#c)" fill="red"/>'
    ),
    "evenodd": svg('<path fill-rule="evenodd" fill="#933" d="M32 4 L50 58 L4 24 H60 L14 58 Z"/>'),
    "nonzero": svg('<path fill="#339" d="M32 4 L50 58 L4 24 H60 L14 58 Z"/>'),
    "holes": svg(
        '<path fill="black" d="M4 4H36V36H4ZM12 12V28H28V12Z"/><path fill="green" d="M30 40h30v20h-30zm8 6h14v8h-14z"/>'
    ),
    "curves": svg(
        '<path fill="indigo" d="M4 30 C4 4, 28 4, 28 30 S52 56 52 30 L52 60 H4 Z"/>'
        '<path fill="tomato" d="M34 12 q6 -12 12 0 t12 0 v8 h-24 z"/>'
    ),
    "arcs": svg(
        '<path fill="olive" d="M10 20 A14 14 0 0 1 38 20 A14 14 0 0 1 10 20Z"/>'
        '<path fill="red" d="M40 40a10 16 30 1110 10z"/>'
        '<path fill="blue" d="M8 44a6 6 0 0112 0l-1.5.5-2-.5z"/>'
    ),
    "strokes": svg(
        '<circle cx="20" cy="20" r="10" fill="white" stroke="black" stroke-width="4"/>'
        '<line x1="6" y1="56" x2="58" y2="44" stroke="red" stroke-width="5"/>'
        '<polyline points="36,6 58,10 40,28" fill="none" stroke="blue" stroke-width="3" stroke-linejoin="round" '
        'stroke-linecap="round"/><rect x="8" y="36" width="10" height="8" fill="none" stroke="green" stroke-width="2"/>'
    ),
    "styles": svg(
        '<g style="fill: #f80; stroke: none" color="teal"><circle cx="14" cy="14" r="8"/>'
        '<rect x="30" y="6" width="16" height="16" style="fill:currentColor"/>'
        '<rect x="30" y="30" width="8" height="8" fill="none"/>'
        '<circle cx="14" cy="44" r="8" style="fill:black" fill="red"/><circle cx="50" cy="50" r="9" display="none"/>'
        '<circle cx="50" cy="50" r="7" visibility="hidden"/><circle cx="34" cy="50" r="6" opacity="0"/></g>'
    ),
    "rounded": svg(
        '<rect x="6" y="8" width="50" height="24" rx="8" fill="sienna"/>'
        '<rect x="6" y="40" width="20" height="18" ry="4"/>'
    ),
    "offset_box": svg(
        '<rect x="-40" y="90" width="80" height="80" fill="#def"/><circle cx="0" cy="130" r="20" fill="#a0f"/>',
        "-40 90 80 80",
    ),
    "outside": svg('<circle cx="2" cy="60" r="14" fill="red"/><rect x="80" y="80" width="9" height="9" fill="blue"/>'),
    "text": svg(
        '<text x="3" y="20" font-size="20" fill="navy">Hello</text>'
        '<text x="9" y="38" font-size="14" font-weight="bold" fill="red">42 kg</text>'
        '<g font-size="12" font-style="italic"><text x="30" y="56">end</text></g>'
    ),
    "text_turned": svg(
        '<text font-size="20" transform="translate(14 60) rotate(-60)" fill="teal">gold<tspan fill="red">i</tspan>'
        "</text>"
    ),
    "linear_gradients": svg(
        '<linearGradient id="a"><stop offset="0" stop-color="red"/><stop offset="50%" stop-color="yellow"/>'
        '<stop offset="1" stop-color="blue"/></linearGradient>'
        '<linearGradient id="b" href="#a" x1="0" y1="0" x2="30%" y2=".3" spreadMethod="reflect"/>'
        '<linearGradient id="c" href="#a" gradientUnits="userSpaceOnUse" x1="0" x2="20" spreadMethod="repeat" '
        'gradientTransform="rotate(30)"/><rect x="2" y="2" width="28" height="20" fill="url(#a)"/>'
        '<circle cx="48" cy="16" r="12" fill="url(#b)"/>'
        '<rect x="4" y="34" width="60" height="26" fill="url(#c)" stroke="black" transform="skewX(-5)"/>'
    ),
    "radial_gradients": svg(
        '<radialGradient id="a"><stop stop-color="white"/><stop offset="1" style="stop-color:navy"/></radialGradient>'
        '<radialGradient id="b" href="#a" fx="20%" fy="30%"/><radialGradient id="c" href="#a" r="20%" '
        'spreadMethod="repeat"/><rect x="2" y="2" width="40" height="20" fill="url(#a)"/>'
        '<circle cx="50" cy="40" r="12" fill="url(#b)"/>'
        '<rect x="2" y="30" width="30" height="26" fill="url(#c)" transform="rotate(20 16 44)"/>'
    ),
    "markers": svg(
        '<defs><marker id="arrow" viewBox="0 0 10 10" refX="5" refY="5" markerWidth="6" markerHeight="6" '
        'orient="auto"><path d="M0 0L10 5L0 10z"/></marker><marker id="dot" markerUnits="userSpaceOnUse" refX="3" '
        'refY="3" markerWidth="6" markerHeight="6"><circle cx="3" cy="3" r="3" fill="red"/></marker></defs>'
        '<polyline points="6,6 30,6 30,30 58,30" fill="none" stroke="black" marker-start="url(#arrow)" '
        'marker-mid="url(#dot)" marker-end="url(#arrow)"/>'
        '<path d="M10 40h14v14h-14" fill="none" stroke="green" marker-end="url(#arrow)"/>'
        '<line x1="34" y1="58" x2="50" y2="42" stroke="blue" stroke-width="2" marker-end="url(#arrow)"/>'
    ),
    "wide": '<svg width="96" height="48"><rect x="10" y="10" width="30" height="30" fill="#123456"/></svg>',
    "empty": svg(""),
}
"""Accepted documents by name."""
