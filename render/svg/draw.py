"""SVG as a reader's front end: the text is the payload, and is drawn from the scene that it resolves to."""

from collections.abc import Mapping
from typing import Any

from ...geometry import pack_scene
from ..outcome import Rejected
from ..raster import rasterise
from .limits import SvgLimits
from .resolve import resolve_svg


def warm() -> None:
    """Draw once, before the limits hold."""
    style_sheet = "<style>.a{fill:hsl(9 9% 9%)}</style>"
    _drawn(f'<svg viewBox="0 0 8 8">{style_sheet}<circle class="a" r="3" opacity=".5"/></svg>', 8, SvgLimits())


def draw(request: Mapping[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """The scene and picture of an SVG program."""
    return _drawn(payload.decode(), request["size"], SvgLimits(**request["limits"]))


def _drawn(program: str, size: int, svg_limits: SvgLimits) -> tuple[dict[str, Any], bytes]:
    scene = resolve_svg(program, svg_limits)
    if isinstance(scene, Rejected):
        return scene.as_message(), b""
    picture = rasterise(scene, size)
    fields, binary = pack_scene(scene)
    return fields | {"shape": picture.array.shape}, binary + picture.array.tobytes()
