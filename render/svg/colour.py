"""Colours as CSS writes them (CSS Color 4), and what paint a property names."""

from functools import lru_cache
from typing import Any, NamedTuple

from tinycss2.color4 import parse_color

from .document import Element
from .scan import url_fragment

_MAX_LENGTH = 100
"""Characters of a colour; tinycss2 reads no longer ones, nor whole numbers of thousands of digits."""
_WORDS = 40


class Colour(NamedTuple):
    """A colour with its opacity."""

    red: float
    """0 to 255, as are the others; whole numbers where nothing is mixed."""
    green: float
    blue: float
    alpha: float = 1.0

    @property
    def code(self) -> str:
        """The colour as `#rrggbb`, its opacity left out.

        >>> Colour(255.0, 127.6, 0.0).code
        '#ff8000'
        """
        return "#" + "".join(f"{min(255, max(0, int(channel_part + 0.5))):02x}" for channel_part in self[:3])

    def faded(self, opacity: float) -> "Colour":
        """Return the colour with its alpha times `opacity`."""
        return self if opacity == 1 else self._replace(alpha=self.alpha * opacity)

    def over(self, below: "Colour") -> "Colour":
        """Return what is seen of this colour before another one, `below` (simple alpha compositing)."""
        if self.alpha >= 1 or below.alpha <= 0:
            return self
        rest_alpha = below.alpha * (1 - self.alpha)
        alpha = self.alpha + rest_alpha
        if alpha <= 0:
            return Colour(0.0, 0.0, 0.0, 0.0)
        mixed_channels = [
            (mine * self.alpha + lower_channel * rest_alpha) / alpha
            for mine, lower_channel in zip(self[:3], below[:3], strict=True)
        ]
        return Colour(mixed_channels[0], mixed_channels[1], mixed_channels[2], alpha)


BLACK = Colour(0.0, 0.0, 0.0)
WHITE = Colour(255.0, 255.0, 255.0)


class Server(NamedTuple):
    """A gradient or pattern of the drawing."""

    name: str
    fallback: "Colour | Current | None"
    """What paints where there is none of that name, if anything was written for it."""
    has_fallback: bool


class Current(NamedTuple):
    """`currentColor`: the colour of the element that is painted, wherever the word was inherited from."""


CURRENT = Current()
Paint = Colour | Current | Server | None
"""What fills or strokes; None paints nothing."""


@lru_cache(maxsize=1024)
def _colour_of(colour_text: str) -> Any:
    """Return a colour `colour_text` as a `Colour` or `CURRENT`; None where it is not one."""
    try:
        parsed_colour = parse_color(colour_text)
        if parsed_colour is None:
            return None
        if isinstance(parsed_colour, str):
            return CURRENT
        red, green, blue = (parsed_colour if parsed_colour.space == "srgb" else parsed_colour.to("srgb"))[:3]
    except (NotImplementedError, ValueError):
        # Colours of wider spaces, which no picture of ours can show; or numbers of thousands of digits.
        return None
    channels = [min(255, max(0, int((channel_part or 0.0) * 255 + 0.5))) for channel_part in (red, green, blue)]
    alpha = 1.0 if parsed_colour.alpha is None else min(1.0, max(0.0, float(parsed_colour.alpha)))
    return Colour(float(channels[0]), float(channels[1]), float(channels[2]), alpha)


def read_colour(element: Element, property_name: str, colour_text: str) -> Colour | Current:
    """Return the colour that `colour_text` names, the value of the property `property_name`.

    Raises:
        SvgError: it is not a colour.
    """
    colour = _colour_of(colour_text.strip()) if len(colour_text) <= _MAX_LENGTH else None
    if colour is None:
        problem_text = f"{property_name} is {colour_text[:_WORDS]!r}, which is not a colour"
        raise element.error("colour", problem_text, 'use a CSS name or "#rrggbb"')
    return colour


def read_paint(element: Element, property_name: str, colour_text: str) -> Paint:
    """Return what a property `property_name` paints with: a colour, a gradient or pattern, or None for nothing.

    Raises:
        SvgError: `colour_text` is not understood.
    """
    colour_word = colour_text.strip()
    if colour_word.lower() in ("none", "transparent"):
        return None
    if colour_word.lower() in ("context-fill", "context-stroke"):
        problem_text = f"{property_name} is {colour_word!r}, which is not understood"
        raise element.error("paint", problem_text, "write the colour itself")
    if not colour_word.lower().startswith("url"):
        return read_colour(element, property_name, colour_word)
    url_address, bracket, after = colour_word.partition(")")
    reference = url_fragment(url_address + bracket)
    if reference is None:
        problem_text = f"{property_name} is {colour_text[:_WORDS]!r}, which is no id of this drawing"
        raise element.error("paint", problem_text, f'write {property_name}="url(#name)"')
    after = after.strip()
    fallback = None if after in ("", "none") else read_colour(element, property_name, after)
    return Server(reference, fallback, bool(after))
