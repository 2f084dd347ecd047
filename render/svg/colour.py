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
        return "#" + "".join(f"{min(255, max(0, int(part + 0.5))):02x}" for part in self[:3])

    def faded(self, opacity: float) -> "Colour":
        """Return the colour with its alpha times `opacity`."""
        return self if opacity == 1 else self._replace(alpha=self.alpha * opacity)

    def over(self, below: "Colour") -> "Colour":
        """Return what is seen of this colour before another one, `below` (simple alpha compositing)."""
        if self.alpha >= 1 or below.alpha <= 0:
            return self
        rest = below.alpha * (1 - self.alpha)
        alpha = self.alpha + rest
        if alpha <= 0:
            return Colour(0.0, 0.0, 0.0, 0.0)
        mixed = [(mine * self.alpha + other * rest) / alpha for mine, other in zip(self[:3], below[:3], strict=True)]
        return Colour(mixed[0], mixed[1], mixed[2], alpha)


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
def _colour_of(text: str) -> Any:
    """Return a colour `text` as a `Colour` or `CURRENT`; None where it is not one."""
    try:
        parsed = parse_color(text)
        if parsed is None:
            return None
        if isinstance(parsed, str):
            return CURRENT
        red, green, blue = (parsed if parsed.space == "srgb" else parsed.to("srgb"))[:3]
    except (NotImplementedError, ValueError):
        # Colours of wider spaces, which no picture of ours can show; or numbers of thousands of digits.
        return None
    channels = [min(255, max(0, int((part or 0.0) * 255 + 0.5))) for part in (red, green, blue)]
    alpha = 1.0 if parsed.alpha is None else min(1.0, max(0.0, float(parsed.alpha)))
    return Colour(float(channels[0]), float(channels[1]), float(channels[2]), alpha)


def read_colour(element: Element, name: str, text: str) -> Colour | Current:
    """Return the colour that `text` names, the value of the property `name`.

    Raises:
        SvgError: it is not a colour.
    """
    colour = _colour_of(text.strip()) if len(text) <= _MAX_LENGTH else None
    if colour is None:
        problem = f"{name} is {text[:_WORDS]!r}, which is not a colour"
        raise element.error("colour", problem, 'use a CSS name or "#rrggbb"')
    return colour


def read_paint(element: Element, name: str, text: str) -> Paint:
    """Return what a property `name` paints with: a colour, a gradient or pattern, or None for nothing.

    Raises:
        SvgError: `text` is not understood.
    """
    word = text.strip()
    if word.lower() in ("none", "transparent"):
        return None
    if word.lower() in ("context-fill", "context-stroke"):
        problem = f"{name} is {word!r}, which is not understood"
        raise element.error("paint", problem, "write the colour itself")
    if not word.lower().startswith("url"):
        return read_colour(element, name, word)
    address, bracket, after = word.partition(")")
    reference = url_fragment(address + bracket)
    if reference is None:
        problem = f"{name} is {text[:_WORDS]!r}, which is no id of this drawing"
        raise element.error("paint", problem, f'write {name}="url(#name)"')
    after = after.strip()
    fallback = None if after in ("", "none") else read_colour(element, name, after)
    return Server(reference, fallback, bool(after))
