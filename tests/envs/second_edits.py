"""Edit items answered from what a person has: the sheet's pixels and the question's words, by no code of the world's.

Words are read by keywords, edits are numpy of our own, and of the offered answers the one is taken whose picture is
nearest to the shown one, by the mean difference of the channels.
"""

import re

import numpy as np

SIDE, SMALL, LARGE = 64, 128, 192
COLOURS = {
    "red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0), "black": (0, 0, 0),
    "white": (255, 255, 255), "magenta": (255, 0, 255), "cyan": (0, 255, 255),
}  # fmt: skip


def panels(pixels: np.ndarray) -> list[np.ndarray]:
    """The source and the offered pictures of a sheet of 448 px."""
    if pixels.shape[0] < 300:
        places = [(24, 21, LARGE), (24, 234, LARGE)]
    else:
        places = [(108, 16, SMALL), *((top, left, SMALL) for top in (24, 176) for left in (160, 304))]
    return [pixels[top : top + side : side // SIDE, left : left + side : side // SIDE] for top, left, side in places]


def numbers(words: str) -> list[float]:
    return [float(found) for found in re.findall(r"\d+(?:\.\d+)?", words)]


def place(words: str) -> tuple[int, int]:
    x, y = re.search(r"\((\d+), (\d+)\)", words).groups()
    return int(x), int(y)


def box(words: str) -> tuple[slice, slice]:
    width, height = map(int, re.search(r"(\d+) (?:x|px wide and) (\d+) px", words).groups())
    left, top = place(words)
    return slice(top, top + height), slice(left, left + width)


def sampled(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The picture at real places, black outside."""
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    inside = (column >= 0) & (column < SIDE) & (row >= 0) & (row < SIDE)
    return np.where(inside[..., None], picture[row % SIDE, column % SIDE], 0)


ACROSS, DOWN = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5)


def rotated(p, words):
    turn = np.deg2rad(numbers(words)[0])
    x, y = ACROSS - 32, DOWN - 32
    return sampled(p, x * np.cos(turn) + y * np.sin(turn) + 32, y * np.cos(turn) - x * np.sin(turn) + 32)


def flipped(p, words):
    if "vertical" in words or "left and right" in words:
        return p[:, ::-1]
    if "horizontal" in words or "top and bottom" in words:
        return p[::-1]
    if "from top left" in words or "top right and bottom left" in words:
        return p.swapaxes(0, 1)
    return p[::-1, ::-1].swapaxes(0, 1)


def cropped(p, words):
    found = re.search(r"x = (\d+) and y = (\d+)", words)
    left, top = map(int, found.groups()) if found else place(words)
    side = int(re.search(r"square of (\d+) px|(\d+) x \d+ px square|(\d+) px wide and high", words)[0].split()[
        2 if "square of" in words else 0])  # fmt: skip
    rows = top + np.arange(SIDE) * side // SIDE
    return p[rows][:, left + np.arange(SIDE) * side // SIDE]


def pieced(p, words):
    order = [int(each) for each in re.search(r"\d(?:, \d){3}", words)[0].split(", ")]
    parts = [p[32 * (n // 2) : 32 * (n // 2) + 32, 32 * (n % 2) : 32 * (n % 2) + 32] for n in range(4)]
    a, b, c, d = (parts[each - 1] for each in order)
    return np.vstack((np.hstack((a, b)), np.hstack((c, d))))


def rearranged(p, words):
    names = re.search(r"new red from the old (\w+), green from (\w+) and blue from (\w+)", words).groups()
    return p[..., [("red", "green", "blue").index(name) for name in names]]


def covered(p, words):
    made = p.copy()
    made[box(words)] = next(rgb for name, rgb in COLOURS.items() if re.search(rf"\b{name}\b", words))
    return made


def framed(p, words):
    rows, columns = box(words)
    made = covered(p, words)
    inner = slice(rows.start + 4, rows.stop - 4), slice(columns.start + 4, columns.stop - 4)
    made[inner] = p[inner]
    return made


def blurred(p, words):
    radius = int(numbers(words)[-1])
    made = p.astype(float)
    for axis in (0, 1):
        ends = [(radius, radius) if each == axis else (0, 0) for each in range(3)]
        padded = np.pad(made, ends, "edge")
        made = sum(np.take(padded, range(i, i + SIDE), axis) for i in range(2 * radius + 1)) / (2 * radius + 1)
    return made


def sheared(p, words):
    amount = numbers(words)[0]
    if "below" in words:
        sign = 1 if "left" in words else -1
        return sampled(p, ACROSS + sign * amount * (DOWN - 32), DOWN)
    sign = 1 if re.search(r"\bup\b", words) else -1
    return sampled(p, ACROSS, DOWN + sign * amount * (ACROSS - 32))


def tiled(p, words):
    columns = int(re.search(r"(\d) columns?", words)[1])
    rows = int(re.search(r"(\d) rows?", words)[1])
    small = p[rows // 2 :: rows][:, columns // 2 :: columns]
    return np.tile(small, (rows, columns, 1))


def posterised(p, words):
    levels = int(numbers(words)[0])
    return np.round(p.astype(int) * levels // 256 * 255 / (levels - 1))


def rolled(p, words):
    right, down = (re.search(rf"(\d+) px {way}", words) for way in ("to the right", "down"))
    return np.roll(p, (int(down[1]) if down else 0, int(right[1]) if right else 0), (0, 1))


def pixelated(p, words):
    block = int(numbers(words)[0])
    means = p.reshape(SIDE // block, block, SIDE // block, block, 3).mean((1, 3))
    return means.repeat(block, 0).repeat(block, 1)


def half(words, name):
    start, stop = (0, 32) if name in ("left", "top") else (32, 64)
    part = slice(start, stop)
    return (slice(None), part) if name in ("left", "right") else (part, slice(None))


def inverted(p, words):
    made = p.copy()
    part = half(words, re.search(r"(left|right|top|bottom) half", words)[1])
    made[part] = 255 - made[part]
    return made


def mirrored(p, words):
    halves = re.findall(r"(left|right|top|bottom) half", words)
    name = halves[1] if words.startswith("replace") or "replace its" in words else halves[0]
    made = p[:, ::-1].copy() if name in ("left", "right") else p[::-1].copy()
    made[half(words, name)] = p[half(words, name)]
    return made


RULES = (
    ("degrees", rotated), ("shear|slant|skew|lean it", sheared), ("new red from", rearranged),
    ("bright|channel's value by", lambda p, words: np.clip(p * numbers(words)[-1], 0, 255)),
    ("contrast|distance from 128|values about 128",
     lambda p, words: np.clip(128 + (p - 128.0) * numbers(words)[-1], 0, 255)),
    ("levels|values each of|round each|quantise", posterised), ("blur|average every pixel", blurred),
    ("pieces|tiles, numbered", pieced), ("outline|frame|empty", framed),
    ("cover the|filled|hide|solid|fill the box", covered),
    ("half and half|equally|average it|half transparent|half strength",
     lambda p, words: (p.astype(int) + rolled(p, words)) // 2),
    ("invert|negative|complements|negate|swap light", inverted),
    ("mirror image of|symmetric|onto|mirrored, over|and mirror it into", mirrored),
    ("swap|mirror|flip|reflect", flipped), ("repeat|tile|copies of it", tiled),
    ("pixelate|every block|squares|mosaic", pixelated), ("wrap|coming back", rolled),
    ("cut out|crop|enlarge|zoom|keep only the square", cropped),
)  # fmt: skip


def applied(picture: np.ndarray, words: str) -> np.ndarray:
    for step in words.split(", then "):
        rule = next(rule for pattern, rule in RULES if re.search(pattern, step))
        picture = np.round(rule(picture, step)).astype(np.uint8)
    return picture


def family(words: str) -> str:
    return next(pattern for pattern, _ in RULES if re.search(pattern, words))


def second_answer(task: str, text: str, pixels: np.ndarray) -> str:
    source, *shown = panels(pixels)
    text = re.sub(r" \(Lengths are .*?corner\.\)", "", text)
    first, *options = text.split("\n")
    edits = [option[3:] for option in options] or [first]
    made = [applied(source, words).astype(float) for words in edits]
    gaps = np.array([[np.abs(one - picture).mean() for one in made] for picture in shown])
    if task == "which_image":
        return "ABCD"[int(gaps[:, 0].argmin())]
    return "".join("ABCD"[row.argmin()] for row in gaps)
