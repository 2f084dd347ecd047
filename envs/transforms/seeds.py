"""The built-in edit programs, in the form a model would write, with parameters and English for each.

A program's text is the source of its function here: the text that an item holds is the code that runs, so that no
letter of these functions may change. Pictures are squares of `SIDE` px; places are px from the left and top.

Imports `envs/rng` alone. Begin with `Seed` and `SEEDS`, at the end.
"""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ..rng import SeededRng

if TYPE_CHECKING:
    from PIL import Image

Params = dict[str, Any]


# --- programs ------------------------------------------------------------------------------------------------------
# Each must run alone in the sandbox: it imports what it uses.


def _rotate(image: "Image.Image", angle: int) -> "Image.Image":
    return image.rotate(-angle)


def _flip(image: "Image.Image", how: str) -> "Image.Image":
    names = ("left to right", "top to bottom", "falling diagonal", "rising diagonal")
    from PIL import Image

    ways = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM)
    return image.transpose((*ways, Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE)[names.index(how)])


def _crop(image: "Image.Image", left: int, top: int, side: int) -> "Image.Image":
    from PIL import Image

    return image.crop((left, top, left + side, top + side)).resize(image.size, Image.Resampling.NEAREST)


def _jigsaw(image: "Image.Image", order: list[int]) -> "Image.Image":
    per_row = round(len(order) ** 0.5)
    made, side = image.copy(), image.width // per_row
    for place, piece in enumerate(order):
        top, left = (piece - 1) // per_row * side, (piece - 1) % per_row * side
        made.paste(image.crop((left, top, left + side, top + side)), (place % per_row * side, place // per_row * side))
    return made


def _channels(image: "Image.Image", order: str) -> "Image.Image":
    from PIL import Image

    bands = dict(zip("RGB", image.split(), strict=True))
    return Image.merge("RGB", [bands[name] for name in order])


def _brighten(image: "Image.Image", factor: float) -> "Image.Image":
    return image.point(lambda value: min(255, round(value * factor)))


def _contrast(image: "Image.Image", factor: float) -> "Image.Image":
    return image.point(lambda value: max(0, min(255, round(128 + (value - 128) * factor))))


def _blur(image: "Image.Image", radius: int) -> "Image.Image":
    from PIL import ImageFilter

    return image.filter(ImageFilter.BoxBlur(radius))


def _cover(image: "Image.Image", left: int, top: int, width: int, height: int, colour: str) -> "Image.Image":
    made = image.copy()
    made.paste(colour, (left, top, left + width, top + height))
    return made


def _outline(image: "Image.Image", left: int, top: int, width: int, height: int, colour: str) -> "Image.Image":
    from PIL import ImageDraw

    made = image.copy()
    ImageDraw.Draw(made).rectangle((left, top, left + width - 1, top + height - 1), outline=colour, width=4)
    return made


def _shear(image: "Image.Image", amount: float, along: str) -> "Image.Image":
    from PIL import Image

    middle = image.width / 2
    rows = (1, amount, -amount * middle, 0, 1, 0)
    columns = (1, 0, 0, amount, 1, -amount * middle)
    return image.transform(image.size, Image.Transform.AFFINE, rows if along == "rows" else columns)


def _tile(image: "Image.Image", columns: int, rows: int) -> "Image.Image":
    from PIL import Image

    made = Image.new("RGB", image.size)
    width, height = image.width // columns, image.height // rows
    small = image.resize((width, height), Image.Resampling.NEAREST)
    for place in range(columns * rows):
        made.paste(small, (place % columns * width, place // columns * height))
    return made


def _posterise(image: "Image.Image", levels: int) -> "Image.Image":
    return image.point(lambda value: round(value * levels // 256 * 255 / (levels - 1)))


def _echo(image: "Image.Image", right: int, down: int) -> "Image.Image":
    from PIL import Image, ImageChops

    return Image.blend(image, ImageChops.offset(image, right, down), 0.5)


def _roll(image: "Image.Image", right: int, down: int) -> "Image.Image":
    from PIL import ImageChops

    return ImageChops.offset(image, right, down)


def _pixelate(image: "Image.Image", block: int) -> "Image.Image":
    from PIL import Image

    small = image.resize((image.width // block, image.height // block), Image.Resampling.BOX)
    return small.resize(image.size, Image.Resampling.NEAREST)


def _invert(image: "Image.Image", half: str) -> "Image.Image":
    from PIL import ImageOps

    side = image.width
    across = {"left": (0, side // 2), "right": (side // 2, side)}.get(half, (0, side))
    along = {"top": (0, side // 2), "bottom": (side // 2, side)}.get(half, (0, side))
    made, box = image.copy(), (across[0], along[0], across[1], along[1])
    made.paste(ImageOps.invert(image.crop(box)), box)
    return made


def _mirror(image: "Image.Image", half: str) -> "Image.Image":
    from PIL import ImageOps

    made, middle = image.copy(), image.width // 2
    turned = ImageOps.mirror(image) if half in ("left", "right") else ImageOps.flip(image)
    boxes = {"left": (middle, 0, 2 * middle, 2 * middle), "right": (0, 0, middle, 2 * middle)}
    boxes |= {"top": (0, middle, 2 * middle, 2 * middle), "bottom": (0, 0, 2 * middle, middle)}
    made.paste(turned.crop(boxes[half]), boxes[half])
    return made


# --- parameters ----------------------------------------------------------------------------------------------------

_BOX_COLOURS = ("red", "lime", "blue", "yellow", "black", "white", "magenta", "cyan")
_BANDS = {"R": "red", "G": "green", "B": "blue"}


class Domain(NamedTuple):
    """The parameters that a program takes."""

    draw: Callable[[SeededRng], Params]
    """One set."""
    fits: Callable[[Params], bool]
    """Whether a set is one that could be drawn; no JSON values make it raise."""


def _one_of(parameter_name: str, *values: Any) -> Domain:
    allowed_texts = {json.dumps({parameter_name: value}) for value in values}
    return Domain(lambda rng: {parameter_name: rng.choice(values)}, lambda params: json.dumps(params) in allowed_texts)


def _whole(value: Any, least: int, largest: int, multiple_of: int = 1) -> bool:
    return type(value) is int and least <= value <= largest and value % multiple_of == 0


def _draw_box(rng: SeededRng) -> Params:
    width, height = (8 * rng.integer(3, 5) for _ in range(2))
    left, top = (8 * rng.integer(0, 8 - length // 8) for length in (width, height))
    return {"left": left, "top": top, "width": width, "height": height, "colour": rng.choice(_BOX_COLOURS)}


def _is_box(params: Params) -> bool:
    if params.keys() != {"left", "top", "width", "height", "colour"} or params["colour"] not in list(_BOX_COLOURS):
        return False
    ends = (("left", "width"), ("top", "height"))
    return all(
        _whole(params[b], 24, 40, 8) and _whole(params[a], 0, 64 - params[b], 8) and isinstance(params["colour"], str)
        for a, b in ends
    )


def _draw_cut(rng: SeededRng) -> Params:
    side = 8 * rng.integer(3, 5)
    left, top = (8 * rng.integer(0, 8 - side // 8) for _ in range(2))
    return {"left": left, "top": top, "side": side}


def _is_cut(params: Params) -> bool:
    if params.keys() != {"left", "top", "side"} or not _whole(params["side"], 24, 40, 8):
        return False
    return all(_whole(params[name], 0, 64 - params["side"], 8) for name in ("left", "top"))


def _draw_pieces(rng: SeededRng) -> Params:
    # Of 4 x 4 pieces the order would be a list of 16 numbers that a reader tells apart without the pictures.
    while (order := rng.shuffled(range(1, 5))) == sorted(order):
        continue
    return {"order": order}


def _is_order(params: Params) -> bool:
    order = params.get("order")
    return (
        len(params) == 1
        and isinstance(order, list)
        and all(type(piece) is int for piece in order)
        and (sorted(order) == [1, 2, 3, 4] != order)
    )


_SHIFTS = [{"right": r, "down": d} for r in range(0, 64, 8) for d in range(0, 64, 8) if (r, d) != (0, 0)]
_GRIDS = [{"columns": c, "rows": r} for c in (1, 2, 4) for r in (1, 2, 4) if (c, r) != (1, 1)]
_LEANS = [{"amount": a, "along": w} for a in (-0.8, -0.5, -0.3, 0.3, 0.5, 0.8) for w in ("rows", "columns")]


def _listed_sets(parameter_sets: list[Params]) -> Domain:
    allowed_texts = {json.dumps(parameter_set, sort_keys=True) for parameter_set in parameter_sets}
    return Domain(
        lambda rng: dict(rng.choice(parameter_sets)), lambda params: json.dumps(params, sort_keys=True) in allowed_texts
    )


_box, _cut, _pieces = Domain(_draw_box, _is_box), Domain(_draw_cut, _is_cut), Domain(_draw_pieces, _is_order)
_shift, _grid, _lean = (_listed_sets(each) for each in (_SHIFTS, _GRIDS, _LEANS))


# --- English -------------------------------------------------------------------------------------------------------


def _plain(params: Params) -> Params:
    return params


def _listed(params: Params) -> Params:
    return {"order": ", ".join(map(str, params["order"])), "n": round(len(params["order"]) ** 0.5)}


def _named_bands(params: Params) -> Params:
    names = [_BANDS[name] for name in params["order"]]
    return {"order": f"the new red from the old {names[0]}, green from {names[1]} and blue from {names[2]}"}


def _leaning(params: Params) -> Params:
    amount, along = params["amount"], params["along"]
    # The picture is read at x + amount * (y - middle): what is below the middle moves to the left.
    lean_way = {"rows": ("left", "right"), "columns": ("up", "down")}[along][amount < 0]
    return {
        "line": along[:-1],
        "way": lean_way,
        "amount": abs(amount),
        "from": {"rows": "below", "columns": "right of"}[along],
    }


def _moved(params: Params) -> Params:
    step_texts = [
        f"{params[name]} px {way_text}"
        for name, way_text in (("right", "to the right"), ("down", "down"))
        if params[name]
    ]
    return {"steps": " and ".join(step_texts)}


def _spread(params: Params) -> Params:
    columns, rows = params["columns"], params["rows"]
    return {
        "columns": f"{columns} column{'s' * (columns > 1)}",
        "rows": f"{rows} row{'s' * (rows > 1)}",
        "count": columns * rows,
    }


_WAYS = {
    "left to right": ("swap left and right", "a vertical line"),
    "top to bottom": ("swap top and bottom", "a horizontal line"),
    "falling diagonal": ("swap top right and bottom left", "the diagonal from top left to bottom right"),
    "rising diagonal": ("swap top left and bottom right", "the diagonal from bottom left to top right"),
}


def _mirrored(params: Params) -> Params:
    swap, line = _WAYS[params["how"]]
    return {"swap": swap, "line": line}


def _faced(params: Params) -> Params:
    opposite_half = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}.get(params["half"], "")
    return {"half": params["half"], "other": opposite_half}


PHRASINGS = 5
"""Ways to say each edit."""


@dataclass(frozen=True)
class Seed:
    """A built-in program: its function, its parameters, its English."""

    function: Callable[..., Any]
    domain: Domain
    says: tuple[str, ...]
    """The edit as an order, with the parameters' words in braces."""
    words: Callable[[Params], Params] = _plain
    """From parameters to the words that `says` holds."""

    @property
    def name(self) -> str:
        """Name by which sequences call it."""
        return self.function.__name__.removeprefix("_")

    @cached_property
    def _source(self) -> str:
        return inspect.getsource(self.function).rstrip()

    def text(self, function_name: str) -> str:
        """Return the program's text as a function called `function_name`."""
        return self._source.replace(f"def {self.function.__name__}(", f"def {function_name}(", 1)

    def draw(self, rng: SeededRng) -> Params:
        """Draw one parameter set from `stream`."""
        return self.domain.draw(rng)

    def fits(self, params: Mapping[str, Any]) -> bool:
        """Tell whether `draw` could give `params`."""
        return self.domain.fits(dict(params))

    def say(self, params: Params, phrasing: int) -> str:
        """Word the edit with `params` in English; equal phrasings for equal numbers."""
        return self.says[phrasing % len(self.says)].format(**self.words(params))


_ALL_SEEDS = (
    Seed(_rotate, _one_of("angle", 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 330), (
        "rotate it by {angle} degrees clockwise", "turn it clockwise by {angle} degrees",
        "rotate it about its middle, {angle} degrees clockwise", "spin it {angle} degrees in the clockwise direction",
        "apply a clockwise rotation of {angle} degrees")),
    Seed(_flip, _one_of("how", *_WAYS), (
        "mirror it about {line} through the middle", "flip it over {line} through its middle",
        "reflect it in {line} through the middle", "{swap} by mirroring it", "{swap} by a reflection"), _mirrored),
    Seed(_crop, _cut, (
        "cut out the square of {side} px whose top left corner is at ({left}, {top}) and enlarge it",
        "crop it to the {side} x {side} px square that begins at ({left}, {top}) and scale that up",
        "enlarge to full size the part, {side} px wide and high, that begins at x = {left} and y = {top}",
        "zoom into the square of {side} px that begins at ({left}, {top})",
        "keep only the square of {side} px from x = {left} and y = {top}, blown up to full size")),
    Seed(_jigsaw, _pieces, (
        "cut it into {n} x {n} pieces, numbered row by row, and lay them, row by row, in the order {order}",
        "number its {n} x {n} pieces row by row and put them back so that they read {order}",
        "shuffle its {n} x {n} pieces so that, row by row, they read {order}",
        "rearrange its {n} x {n} tiles, numbered row by row, to read {order}",
        "lay its {n} x {n} pieces, numbered from the top left row by row, so that they read {order}"), _listed),
    Seed(_channels, _one_of("order", "RBG", "GRB", "GBR", "BRG", "BGR"), (
        "take {order}", "exchange its colour channels: {order}", "rearrange its channels, {order}",
        "permute red, green and blue: {order}", "build its channels anew: {order}"), _named_bands),
    Seed(_brighten, _one_of("factor", 0.2, 0.4, 0.6, 0.75, 1.4, 1.8, 2.5, 4), (
        "multiply every channel's value by {factor}", "make it {factor} times as bright",
        "scale its brightness by {factor}", "change its brightness by a factor of {factor}",
        "make its brightness {factor} times what it was")),
    Seed(_contrast, _one_of("factor", 0.1, 0.2, 0.4, 0.6, 1.8, 3, 6), (
        "multiply every channel's distance from 128 by {factor}", "scale its contrast about mid-grey by {factor}",
        "change its contrast by a factor of {factor}", "scale its values about 128 by a factor of {factor}",
        "make its contrast about mid-grey {factor} times what it was")),
    Seed(_blur, _one_of("radius", 1, 2, 4, 6, 10, 16, 24), (
        "blur it by {radius} px", "average every pixel with those up to {radius} px away",
        "blur it, radius {radius} px",
        "smooth it with a box blur of radius {radius} px", "apply a box blur that reaches {radius} px")),
    Seed(_cover, _box, (
        "cover the {width} x {height} px box at ({left}, {top}) with {colour}",
        "paint a filled {colour} box, {width} px wide and {height} px high, from ({left}, {top})",
        "hide {width} x {height} px from ({left}, {top}) under {colour}",
        "put a solid {colour} rectangle of {width} x {height} px with its top left corner at ({left}, {top})",
        "fill the box that begins at ({left}, {top}), {width} px wide and {height} px high, with {colour}")),
    Seed(_outline, _box, (
        "draw the outline of a {width} x {height} px box at ({left}, {top}) in {colour}",
        "frame the box of {width} x {height} px from ({left}, {top}) in {colour}",
        "outline {width} x {height} px from ({left}, {top}) with a {colour} line",
        "put an empty {colour} rectangle of {width} x {height} px with its top left corner at ({left}, {top})",
        "draw a {colour} frame that begins at ({left}, {top}), {width} px wide and {height} px high")),
    Seed(_shear, _lean, (
        "shear it: shift each {line} {way} by {amount} px for every px that it lies {from} the middle",
        "slant it so that each {line} moves {way} by {amount} px per px {from} the middle",
        "skew it, moving each {line} {way} {amount} px for each px {from} the middle",
        "lean it: every {line} goes {way} by {amount} of how far it is {from} the middle",
        "shear it by {amount} so that what is {from} the middle moves {way}"), _leaning),
    Seed(_tile, _grid, (
        "squeeze it and repeat it in {columns} and {rows}",
        "fill the picture with copies of it in {columns} and {rows}",
        "tile it: {columns}, {rows}", "repeat it, made smaller, in {rows} and {columns}",
        "lay {count} small copies of it in {rows} and {columns}"), _spread),
    Seed(_posterise, _one_of("levels", 2, 3, 4, 5, 6, 8), (
        "reduce every channel to {levels} levels", "posterise it to {levels} levels for each channel",
        "keep only {levels} values each of red, green and blue", "round each channel to one of {levels} values",
        "quantise its channels to {levels} steps each")),
    Seed(_echo, _shift, (
        "mix it half and half with a copy of itself moved {steps}, wrapping round",
        "blend it equally with itself moved {steps}, what leaves coming back on the other side",
        "average it with a copy that is moved {steps} and wraps round",
        "lay a half transparent copy of it over it, moved {steps} with wrapping",
        "overlay it at half strength with itself moved {steps}, wrapped round the borders"), _moved),
    Seed(_roll, _shift, (
        "move it {steps}, what leaves coming back on the other side", "shift it {steps} and wrap it round",
        "roll it {steps}, wrapping round",
        "push it {steps} with wrapping at the borders", "slide it {steps}, wrapped round"), _moved),
    Seed(_pixelate, _one_of("block", 2, 4, 8, 16, 32), (
        "pixelate it in blocks of {block} px", "replace every block of {block} x {block} px by its average colour",
        "make it coarse: squares of {block} px of one colour each", "reduce it to squares {block} px wide",
        "turn it into a mosaic of {block} px squares")),
    Seed(_invert, _one_of("half", "left", "right", "top", "bottom"), (
        "invert the colours of its {half} half", "turn its {half} half into a negative",
        "replace the colours of the {half} half by their complements", "negate its {half} half",
        "swap light and dark in the {half} half, each channel v to 255 - v"), _faced),
    Seed(_mirror, _one_of("half", "left", "right", "top", "bottom"), (
        "replace its {other} half by the mirror image of its {half} half",
        "make it symmetric: its {half} half stays, the {other} half becomes its reflection",
        "reflect its {half} half onto the {other} half", "copy the {half} half, mirrored, over the {other} half",
        "keep the {half} half and mirror it into the {other} half"), _faced),
)  # fmt: skip
SEEDS: Mapping[str, Seed] = {seed.name: seed for seed in _ALL_SEEDS}
BY_TEXT: Mapping[str, Seed] = {seed.text(name): seed for seed in _ALL_SEEDS for name in ("edit", seed.name)}
"""Built-in programs by their text, alone or within a sequence: such code is ours and need not be confined."""
