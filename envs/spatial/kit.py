"""Furniture kit: a `Room` of boxes and prisms. Metres, degrees; an unturned thing faces -y.

Self-contained, because its text stands before every room program that is run.
"""

import difflib
import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

# category | its place | + if things may stand on it | least and most width, depth and height in cm | colours | parts
# A part: its shape; x, y, z from:to in per cent of the thing's box (36 is -36:36); per cent of the colour, or a colour.
# Shapes: b box; m that and its mirror image in x; q in x and y; c upright prism; d prism along y; after these the top's
# width in per cent of the bottom's, or after a minus the bottom's of the top's.
_TABLE = """
chair|floor||40 50 42 52 80 100|b9783f 3f5f7a|q 38:50 38:50 0:45 70;b 50 50 45:52;b 50 38:50 52:100 88
armchair|floor||75 95 74 90 75 95|4f7d6b b5654a|q 38:48 38:48 0:9 35;b 30 -50:30 9:46;b 50 30:50 9:100 88;m 30:50 -50:30 9:66 80
sofa|wall||150 220 80 95 75 90|56708f a34f45|q 43:48 38:46 0:10 35;b -40:-1 -50:28 10:48;b 1:40 -50:28 10:48;b 40 -48:28 10:40 75;b 50 28:50 10:100 88;m 40:50 -50:28 10:68 80
table|floor|+|110 180 70 100 70 78|a9743d d8c3a0|q 42:49 38:47 0:93 75;b 50 50 93:100
round table|floor|+|80 120 80 120 70 78|c08a52 e6e2d8|c70 30 30 0:6 70;c 7 7 6:94 75;c 50 50 94:100
desk|wall|+|110 160 60 80 70 78|cfae80 7f5a3a|b 50 50 95:100;b -48:-44 45 0:95 80;b 16:48 -44:45 4:95 84;b -44:16 40:45 40:95 72;b 18:46 -47:-44 52:91 96;b 18:46 -47:-44 8:48 96
bed|wall||95 180 195 210 80 110|5b7fa8 b56576|q 42:48 38:45 0:8 40;b 50 -50:46 8:28 #863;b 48 -49:46 28:48 #fee;b 49 -49.5:18 34:51;b 50 46:50 0:100 #863;m 5:42 24:44 48:57 #fff
wardrobe|wall||90 180 55 65 180 210|d9c7a5 7a5232|b 49 -42:50 0:4 55;b 50 -46:50 4:100;m 1:49 -49:-46 6:98 90;m 3:5 -50:-49 45:58 40
bookshelf|wall||70 110 28 38 160 205|a87945 e5e0d5|m 46:50 50 0:100;b 46 42:50 0:100 70;b 46 -48:42 3:6 95;b 46 -48:42 27:30 95;b 46 -48:42 51:54 95;b 46 -48:42 75:78 95;b 46 -48:42 96:99 95;b -44:8 -36:42 6:22 #a43;b 12:40 -36:42 6:20 #368;b -30:42 -36:42 30:46 #475;b -44:-10 -36:42 54:71 #ca3;b 0:44 -36:42 54:69 #548
dresser|wall|+|90 140 45 55 75 95|e8e3d6 9b6b3f|q 40:48 34:46 0:8 60;b 50 -46:50 8:100;m 2:47 -50:-46 70:95 88;m 2:47 -50:-46 41:66 88;m 2:47 -50:-46 12:37 88
nightstand|wall|+|40 55 35 45 45 60|b07c48 ece7da|q 40:50 40:50 0:24 65;b 49 -45:49 24:94 92;b 50 50 94:100;b 42 -48:-45 62:88 80;b 42 -48:-45 30:56 80
cabinet|wall|+|90 150 38 50 65 90|8c6a45 d5dbd8|b 48 -40:50 0:6 55;b 50 -45:50 6:95 94;b 50 50 95:100;b -48:-17 -48:-45 10:92 84;b 15 -48:-45 10:92 84;b 17:48 -48:-45 10:92 84
bench|floor|+|100 150 35 45 42 50|b98d5a 7d8a90|m 36:42 44 0:86 72;b 50 -50:-19 86:100;b 50 15 86:100 96;b 50 19:50 86:100
stool|floor||32 42 32 42 42 65|d2a86e a8443f|q 20:30 20:30 0:86 70;c 30:-25 25:-25 25:28 34;c 50 50 86:100
lamp|floor||32 50 32 50 140 175|f2d9a0 e6e6e0|c 34 34 0:2 #444;c 4 4 2:76 #444;c60 50 50 76:100
desk lamp|top||15 20 28 36 40 50|c8413b 3b6ea5|c 50 0:50 0:5 80;b 6 20:27 5:100 70;b 6 -32:20 90:96 70;c50 44 -50:-6 72:90
television|top||80 120 18 26 50 75|2b2d31 4a4c50|b 28 50 0:3 90;b 8 -6:26 3:12 80;b 50 -12:22 10:100;b 48 -15:-12 14:98 #123
monitor|top||45 65 16 22 38 50|34363b c9cbce|c 24 50 0:4 90;b 5 0:20 4:40 80;b 50 -20:10 26:100;b 47 -23:-20 31:97 #257
plant|floor||35 60 35 60 70 150|3f8a45 5f9a3a|c-70 30 30 0:28 #b63;c 5 5 28:40 #642;c50 50 50 36:66;c45 40 40 58:84 88;c20 28 28 78:100 110
bin|floor||24 34 24 34 30 45|6f7680 3c6e8f|c-72 46 46 0:90;c 50 50 90:100 75
box|any|+|25 50 24 45 18 40|c79a62 b58a58|b 49 49 0:78;b 50 50 78:100 86
suitcase|floor||38 50 24 32 55 75|b0413e 2f5f8a|q 34:44 20:32 0:6 30;b 50 -42:50 6:84;m 14:24 -50:-42 10:80 82;m 18:23 0:8 84:97 40;b 23 0:8 97:100 40
fridge|wall||55 75 58 70 150 195|e9ebec b9bfc4|b 50 -42:50 0:100;b 50 -47:-42 4:60 94;b 50 -47:-42 62:99 94;b 36:41 -50:-47 32:57 35;b 36:41 -50:-47 66:84 35
stove|wall||50 62 56 65 84 94|e6e6e3 55585c|b 50 -44:50 0:97;b 50 -48:50 97:99 #333;c -40:-8 -42:-4 99:100 #111;c 8:40 -42:-4 99:100 #111;c -40:-8 6:44 99:100 #111;c 8:40 6:44 99:100 #111;b 40 -46:-44 22:64 #222;b 40 -50:-46 68:72 60;m 10:38 -48:-44 82:90 45
sink|wall||50 65 42 52 90 105|f1f2f2 dfe6ea|c70 18 -14:34 0:74 92;b 44 44 72:78 95;m 40:50 50 76:92;b 40 -50:-40 76:92;b 40 30:50 76:92;b 4 34:42 92:100 #899;b 4 6:34 97:100 #899
bathtub|wall||150 180 70 85 50 62|f3f4f3 cfe0e4|b 46 44 0:30 92;m 44:50 50 0:90;b 44 -50:-38 4:90 98;b 44 38:50 4:90 98;b 45:49 4 90:100 #899;b 36:45 4 96:100 #899
toilet|wall||36 44 62 72 74 86|f4f4f2 e3ddd0|b 24 0:34 0:42 92;c-55 38 -50:12 0:44 96;c 40 -50:14 44:50;b 48 24:50 40:94 97;b 50 22:50 94:100
piano|wall||140 155 55 65 110 130|2a2624 6e3f28|b 50 2:50 0:96;b 50 0:50 96:100 120;m 43:49 -48:-40 0:52 90;b 50 -50:2 52:58;b 45 -46:-4 58:61 #ffe;b 45 -24:-4 61:63 #111
clock|wall||42 55 26 34 180 210|7a4a2c 5b3a29|b 50 50 0:14;b 38 -36:40 14:72 94;b 28 -40:-36 20:66 #222;b 48 -44:46 72:96;d 38 -48:-44 75.5:93 #fed;b 2 -50:-48 84:92 #222;b65 50 48 96:100 90
book pile|top||18 28 22 30 8 22|a8443f 3f6f8f|b 50 50 0:30;b -44:42 -46:40 30:56 #ec7;b -36:48 -40:46 56:78 #567;b -42:34 -42:36 78:100 #ddc
vase|top||14 24 14 24 25 45|3f7fa0 c96f4a|c-55 50 50 0:50;c45 50 50 50:82 92;c-75 28 28 82:100 84
cushion|any||36 50 36 50 12 20|d98e4a 7a5c99|b-60 50 50 0:50 92;b60 50 50 50:100
laptop|top||30 38 22 28 18 24|b4b8bc 45484d|b 50 -50:44 0:8;b 50 40:50 8:100 92;b 45 37:40 14:95 #37a;b 42 -12:30 8:10 45
mug|top||11 14 9 11 9 13|f0efe9 b5443c|b 50 50 0:6 #b85;c -46:26 42 6:97;c -40:20 36 95:100 #432;b 22:47 8 70:83 90;b 22:47 8 20:33 90;b 38:47 8 33:70 90
"""  # noqa: E501
PLURALS = {"bookshelf": "bookshelves", "bench": "benches", "box": "boxes"}


class Kind(NamedTuple):
    """A category; sizes in metres; `place` is `floor`, `wall`, `top` or `any`."""

    place: str
    top: bool
    low: tuple[float, ...]
    high: tuple[float, ...]
    colours: list[str]
    parts: list[list[str]]

    @property
    def even(self) -> bool:
        """Tell whether it is as wide as deep."""
        return self.low[0] == self.low[1]


def _kind(row: str) -> tuple[str, Kind]:
    name, place, top, sizes, colours, parts = row.split("|")
    cm = [int(side) / 100 for side in sizes.split()]
    shown = ["#" + colour for colour in colours.split()]
    return name, Kind(place, top > "", tuple(cm[::2]), tuple(cm[1::2]), shown, [p.split() for p in parts.split(";")])


CATALOGUE = dict(map(_kind, _TABLE.strip().splitlines()))


def _prism(shape: str, low: Any, high: Any) -> tuple[Any, Any]:
    k, taper = 16 if shape[0] in "cd" else 4, float(shape[1:] or 100) / 100
    i = np.arange(k)
    angle = (2 * i + 1) * math.pi / k
    ring = np.stack([np.cos(angle), np.sin(angle), 0 * i], 1) / 2 / math.cos(math.pi / k)
    points = np.concatenate([ring * min(1, -taper if taper < 0 else 1), ring * max(taper, taper < 0) + (0, 0, 1)])
    if shape[0] == "d":
        points = points[:, [0, 2, 1]] * (1, -1, 1) + (0, 0.5, 0.5)
    j, m = (i + 1) % k, i[1:-1]
    o = 0 * m
    faces = [[i, j, j + k], [i, j + k, i + k], [o, m + 1, m], [o + k, m + k, m + k + 1]]
    return np.add(points, (0.5, 0.5, 0)) * (high - low) + low, np.concatenate([np.stack(f, 1) for f in faces])


def template(category: str) -> tuple[Any, Any, list[str]]:
    """Vertices in the unit box, triangles, and each triangle's shade."""
    points: Any = np.zeros((0, 3))
    faces: Any = np.zeros((0, 3), int)
    shades: list[str] = []
    for shape, *rest in CATALOGUE[category].parts:
        ends = [(t if ":" in t else f"-{t}:{t}").split(":") for t in rest[:3]]
        low, high = np.array(ends, float).T / 100
        for sign in [(1, 1), (-1, 1), (1, -1), (-1, -1)][: {"m": 2, "q": 4}.get(shape[0], 1)]:
            a, b = low * [*sign, 1], high * [*sign, 1]
            p, f = _prism(shape, np.minimum(a, b), np.maximum(a, b))
            faces, points = np.concatenate([faces, f + len(points)]), np.concatenate([points, p])
            shades += [[*rest, "100"][3]] * len(f)
    return points, faces, shades


def _rgb(colour: str) -> Any:
    digits = str(colour)[1:]
    if str(colour)[:1] != "#" or len(digits) not in (3, 6) or set(digits.lower()) - set("0123456789abcdef"):
        raise ValueError(f"a colour is like '#8a6239', not {colour!r}")
    return np.array([int(d * 2, 16) for d in digits] if len(digits) == 3 else list(bytes.fromhex(digits)))


class Room:
    """A floor with walls around it, furniture and cameras; a program hands over its `scene` and its `cameras`."""

    def __init__(self, floor: Any, height: float = 2.6, floor_colour: str = "#c8b08a", wall_colour: str = "#e9e4d8"):
        """`floor`: corners [(x, y), ...] of a room, or a list of such outlines of adjoining rooms."""
        import trimesh

        self.scene: Any = trimesh.Scene()
        self._mesh: Any = trimesh.Trimesh
        self.cameras: list[dict[str, Any]] = []
        self._height, self._colour, self._names = height, wall_colour, dict[str, int]()
        rooms = [list(pairwise([*o, o[0]])) for o in (floor if np.ndim(floor[0][0]) else [floor])]
        if any((a[0] == b[0]) == (a[1] == b[1]) for sides in rooms for a, b in sides):
            raise ValueError("floor sides run along x or y: [(0, 0), (5, 0), (5, 4), (0, 4)]")

        def inside(x: float, y: float) -> bool:
            return any(sum(a[0] > x and (a[1] > y) != (b[1] > y) for a, b in sides) % 2 for sides in rooms)

        xs, ys = (np.unique([float(a[i]) for sides in rooms for a, _ in sides]).tolist() for i in (0, 1))
        walls, slabs = {}, []
        for x, X in pairwise(xs):
            for y, Y in pairwise(ys):
                if not inside((x + X) / 2, (y + Y) / 2):
                    continue
                slabs.append(_prism("b", np.array([x, y, -0.05]), np.array([X, Y, 0])))
                ring = [(x, y), (X, y), (X, Y), (x, Y), (x, y)]
                for a, b in pairwise(ring):
                    u, v = float(np.sign(b[0] - a[0])), float(np.sign(b[1] - a[1]))
                    if not inside((a[0] + b[0]) / 2 + v * 1e-4, (a[1] + b[1]) / 2 - u * 1e-4):
                        walls[a, u, v] = b
        faces = np.concatenate([f + 8 * i for i, (_, f) in enumerate(slabs)])
        self._put("floor", np.concatenate([p for p, _ in slabs]), faces, floor_colour)
        for (a, u, v), b in walls.items():
            if (a, u, v) in {(end, *key[1:]) for key, end in walls.items()}:
                continue
            while (b, u, v) in walls:
                b = walls[b, u, v]
            s = -0.1 if inside(b[0] + (u - v) * 1e-4, b[1] + (u + v) * 1e-4) else 0.1
            self.wall((a[0] + v / 20, a[1] - u / 20), (b[0] + u * s + v / 20, b[1] + v * s - u / 20))

    def wall(self, start: Any, end: Any) -> None:
        """An inner wall, 0.1 m thick, between two points; doors are gaps between walls."""
        (x, y), (X, Y) = start, end
        length, turn = math.dist(start, end), math.degrees(math.atan2(Y - y, X - x))
        points, faces = _prism("b", np.array([0, -0.05, 0]), np.array([length, 0.05, self._height]))
        self._put("wall", _moved(points, turn, x, y, 0), faces, self._colour)

    def add(
        self, category: str, x: float, y: float, z: float = 0, turn: float = 0, size: Any = None, colour: str = ""
    ) -> None:
        """A thing with its middle at x, y and its bottom at z; `size` is width, depth and height."""
        kind = CATALOGUE.get(category)
        if not kind:
            near = difflib.get_close_matches(str(category), CATALOGUE, 3, 0.5)
            raise ValueError(f"no {category!r} in the catalogue; near: {near}; all: {', '.join(CATALOGUE)}")
        size = np.add(kind.low, kind.high) / 2 if size is None else np.array(size, float)
        if size.shape != (3,) or (size < np.subtract(kind.low, 1e-6)).any() or (size > np.add(kind.high, 1e-6)).any():
            raise ValueError(f"width, depth, height of a {category} are from {kind.low} to {kind.high}, not {size}")
        if kind.even and size[0] != size[1]:
            raise ValueError(f"a {category} is as wide as deep, not {size}")
        points, faces, shades = template(category)
        self._put(category, _moved(points * size, turn, x, y, z), faces, colour or kind.colours[0], shades)

    def look(self, eye: Any, target: Any, fov: float = 70) -> None:
        """A camera at `eye` that looks at `target`, both (x, y, z)."""
        self.cameras.append({"eye": list(eye), "target": list(target), "fov": fov})

    def _put(self, name: str, points: Any, faces: Any, colour: str, shades: Any = ("100",)) -> None:
        self._names[name] = n = self._names.get(name, 0) + 1
        own = {s: _rgb(s) if s[0] == "#" else np.minimum(_rgb(colour) * float(s) / 100, 255) for s in shades}
        paint = np.array([[*own[s], 255] for s in shades] * (len(faces) // len(shades)), np.uint8)
        mesh = self._mesh(points, faces, face_colors=paint, process=False)
        self.scene.add_geometry(mesh, node_name=f"{name} {n}" if n > 1 or name == "wall" else name)


def _moved(points: Any, turn: float, *place: float) -> Any:
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    return points @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + place
