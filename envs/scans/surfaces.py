"""From a scan's labelled mesh to a room: whose each triangle is, boxes, the floor's outline, and who sees what.

Labels come with the mesh's vertices (`of_vertices`), or as boxes around things (`of_boxes`), in which case the
triangles within a box are the thing's own. Every triangle hides what is behind it, whosever it is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.polygon import orient

from ...geometry.boxes import OrientedBox, bounding_box
from ...geometry.camera import Camera
from ...geometry.room import STRUCTURE as HIDING
from ...geometry.room import Ring, RoomObject, RoomScene
from ...geometry.spatial import SpatialObject, spatial_object
from ...geometry.visibility import ObjectVisibility
from ...render.solid.view import World
from .files import Mesh

STRUCTURE = frozenset(
    {
        "wall", "floor", "ceiling", "door frame", "doorframe", "window", "window frame", "windowframe", "window sill",
        "windowsill", "roof", "beam", "pillar", "column", "baseboard", "skirting", "structure",
    }
)  # fmt: skip
"""Labels of what a room is made of: it hides things, but is no object of the room."""
NAMELESS = frozenset(
    {
        "",
        "object",
        "objects",
        "other",
        "otherfurniture",
        "unknown",
        "unlabeled",
        "unlabelled",
        "remove",
        "split",
        "void",
    }
)
"""Labels that say nothing of what a thing is (annotators of the data sets left them): these hide things too."""
NOBODY = -1
"""Owner of the triangles that are no object's."""
BOX_SLACK = 0.01
"""Metres by which a triangle's middle may lie outside an annotated box and still be of the thing in it."""
FLOOR_LEVEL = 0.3
"""Metres above the lowest floor within which other parts labelled `floor` are of the same storey."""
NEAR_FLOOR = 0.1
"""Metres from the floor's height within which a surface is taken for floor where nothing is labelled so."""
CLOSING = 0.5
"""Metres: gaps of the scanned floor that are narrower than twice this, or enclosed, are floor."""
STANDING = 0.15
"""Metres above the floor under which the lowest point of an object lies that stands on it."""
_LEAST_PART = 0.25
"""Square metres: smaller parts of the floor are noise."""
_GREY = np.full(3, 128, np.uint8)
_FLAT, _BED = 0.9, 0.03
"""Cosine to the vertical and metres from the floor of triangles that are floor although a box reaches around them."""
_SLOPED = 0.7
"""Cosine to the vertical under which what is near the floor is a wall's or a thing's foot."""
_MANY, _COARSE = 20_000, 0.03
"""Of more triangles of the floor the corners are put on a grid of so many metres, so that fewer are left to unite."""
_BOX_TRIANGLES = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4],
     [1, 5, 7], [1, 7, 3]]
)  # fmt: skip
"""Rows of `Box.corners`."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """A mesh whose triangles belong to labelled things."""

    mesh: Mesh
    labels: tuple[str, ...]
    """Of each thing; in lower case."""
    boxes: tuple[OrientedBox, ...]
    """Of each thing."""
    owners: np.ndarray
    """[m]: the thing that each triangle belongs to, or `NOBODY`."""
    floors: tuple[np.ndarray, ...] = ()
    """Triangles [k, 3] of each thing that is labelled `floor`."""


def clean_label(label: str) -> str:
    """A label in lower case, without spaces at its ends or twice."""
    return " ".join(label.lower().replace("_", " ").split())


def of_vertices(mesh: Mesh, things: Sequence[tuple[str, np.ndarray]]) -> Labelled:
    """A mesh labelled by its vertices.

    A box is that of the thing's vertices, of those that a triangle has where there are such. A triangle belongs to
    the thing of most of its vertices (two at least).
    A vertex that several things have (ScanNet++ has such) goes to the one of fewest vertices, for the triangles'
    owners only.

    Args:
        mesh: the surface.
        things: label, and indices [k] of its vertices, at least one.
    """
    of_vertex = np.full(len(mesh.vertices), NOBODY)
    for place in sorted(range(len(things)), key=lambda i: -len(things[i][1])):
        of_vertex[things[place][1]] = place
    first, second, third = of_vertex[mesh.triangles].T
    owners = np.where((first == second) | (first == third), first, np.where(second == third, second, NOBODY))
    labels = tuple(clean_label(label) for label, _ in things)
    used = np.zeros(len(mesh.vertices), bool)
    used[mesh.triangles] = True
    shown = [which[used[which]] if used[which].any() else which for _, which in things]
    boxes = tuple(bounding_box(mesh.vertices[which]) for which in shown)
    floors = []
    for i in range(len(things)):
        if labels[i] == "floor":
            whole = np.zeros(len(mesh.vertices), bool)
            whole[things[i][1]] = True
            floors.append(mesh.triangles[whole[mesh.triangles].all(axis=1)])
    return Labelled(mesh, labels, boxes, owners, tuple(floors))


def of_boxes(mesh: Mesh, things: Sequence[tuple[str, np.ndarray, np.ndarray, np.ndarray]]) -> Labelled:
    """A mesh that came with boxes around things.

    A triangle belongs to the smallest box that holds its middle. Flat ones at the height of the floor are floor, also
    within a box. A thing's upright box is the one around the eight corners of its own, which is the same for one that
    stands upright.

    Args:
        mesh: the surface.
        things: label, centre [3], lengths [3] along the box's axes, and these axes [3, 3], a row each.
    """
    corners = mesh.vertices[mesh.triangles]
    middles = corners.mean(axis=1)
    owners = np.full(len(middles), NOBODY)
    for place in sorted(range(len(things)), key=lambda i: -float(things[i][2].prod())):
        _, centre, lengths, axes = things[place]
        inside = (np.abs((middles - centre) @ axes.T) <= lengths / 2 + BOX_SLACK).all(axis=1)
        owners[inside] = place
    ground = floor_height(corners)
    flat = np.abs(_up(corners)) > _FLAT
    owners[flat & (np.abs(middles[:, 2] - ground) < _BED)] = NOBODY
    signs = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
    boxes = tuple(bounding_box(centre + (signs * lengths) @ axes) for _, centre, lengths, axes in things)
    return Labelled(mesh, tuple(clean_label(thing[0]) for thing in things), boxes, owners)


def room(
    labelled: Labelled,
    cameras: Sequence[Camera],
    frames: Sequence[str],
    source: str,
    structure: Collection[str] = STRUCTURE,
) -> RoomScene:
    """The room that a labelled mesh and cameras make.

    Sights are found by casting rays against the whole mesh. An annotated thing without a triangle of its own (the
    scanner missed it) is seen as its box would be. Objects have no colour: a scan's colours are lit and blurred.

    Args:
        labelled: the mesh.
        cameras: at least one.
        frames: names of their pictures.
        source: as in `RoomScene`.
        structure: labels of what hides things but is no object; `NAMELESS` ones are none either.

    Raises:
        ValueError: the mesh has no area.
    """
    kept = [i for i, label in enumerate(labelled.labels) if label not in structure and label not in NAMELESS]
    objects = tuple(RoomObject(n, labelled.labels[i], labelled.boxes[i]) for n, i in enumerate(kept))
    floors, ground = outline(labelled, [labelled.boxes[i] for i in kept])
    world = World(_solids(labelled, kept))
    places = {n: n for n in range(len(kept))}
    visibility: list[tuple[ObjectVisibility, ...]] = []
    for camera in cameras:
        seen = world.visibility(camera, world.owners(camera))
        visibility.append(tuple(each.renumbered(places, HIDING) for each in seen[: len(kept)]))
    return RoomScene(objects, tuple(cameras), tuple(visibility), tuple(frames), floors, ground, source)


def _solids(labelled: Labelled, kept: Sequence[int]) -> list[SpatialObject]:
    """A surface for each object kept, and one of all else."""
    vertices, triangles = labelled.mesh.vertices, labelled.mesh.triangles
    order = np.argsort(labelled.owners, kind="stable")
    edges = np.searchsorted(labelled.owners[order], [*range(len(labelled.labels)), len(labelled.labels)])
    found = []
    for n, i in enumerate(kept):
        own = triangles[order[edges[i] : edges[i + 1]]]
        if _area(vertices[own]) > 0:
            found.append(_solid(n, labelled.labels[i], vertices, own))
        else:
            found.append(_solid(n, labelled.labels[i], _thickened(labelled.boxes[i]).corners, _BOX_TRIANGLES))
    rest = triangles[~np.isin(labelled.owners, kept)]
    if _area(vertices[rest]) > 0:
        found.append(_solid(len(kept), "", vertices, rest))
    return found


def _solid(index: int, name: str, vertices: np.ndarray, triangles: np.ndarray) -> SpatialObject:
    used, place = np.unique(triangles, return_inverse=True)
    colours = np.broadcast_to(_GREY, triangles.shape)
    return spatial_object(index, name, vertices[used], place.reshape(triangles.shape).astype(np.int32), colours)


def _thickened(box: OrientedBox) -> OrientedBox:
    """A box that has a surface, also where the one given is a point or a line: a millimetre at least."""
    x, y, z = (max(length, 1e-3) for length in box.size)
    return OrientedBox(box.centre, (x, y, z), box.yaw)


def _area(corners: np.ndarray) -> float:
    """Of triangles [m, 3, 3], square metres, those under a square millimetre in all as 0."""
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = float(np.linalg.norm(across, axis=1).sum()) / 2
    return area if area > 1e-6 else 0.0


# --- the floor


def outline(labelled: Labelled, boxes: Sequence[OrientedBox]) -> tuple[tuple[Ring, ...], float]:
    """The floor's outline and height.

    What is labelled `floor`, of the lowest storey; where nothing is, what lies flat within `NEAR_FLOOR` of the lowest
    large horizontal surface. To it come the footprints of the objects that stand on it, as scanners miss what is under
    furniture, and gaps that are enclosed or narrower than twice `CLOSING` (the closing of mathematical morphology, of
    which the alpha shape is the case of points).

    Args:
        labelled: the mesh.
        boxes: of the objects.

    Returns:
        Rings of the parts, none where nothing of the floor was scanned; and the height, metres.
    """
    vertices = labelled.mesh.vertices
    parts = [vertices[triangles] for triangles in labelled.floors if len(triangles)]
    if parts:
        heights = [float(np.median(part[:, :, 2])) for part in parts]
        storey = [part for part, height in zip(parts, heights, strict=True) if height <= min(heights) + FLOOR_LEVEL]
        corners = np.concatenate(storey)
        ground = float(np.median(corners[:, :, 2]))
    else:
        corners = vertices[labelled.mesh.triangles]
        ground = floor_height(corners)
        near = (np.abs(corners[:, :, 2] - ground) <= NEAR_FLOOR).all(axis=1)
        corners = corners[near & (np.abs(_up(corners)) > _SLOPED)]
    plan = corners[:, :, :2]
    if len(plan) > _MANY:
        plan = np.rint(plan / _COARSE) * _COARSE
        plan = np.unique(plan.reshape(-1, 6), axis=0).reshape(-1, 3, 2)
    level = plan[np.abs(_doubled(plan)) > 1e-7]
    if not len(level):
        return (), round(ground, 6)
    standing = [box.corners[[0, 2, 6, 4], :2] for box in boxes if box.corners[0, 2] < ground + STANDING]
    region = shapely.union_all(shapely.polygons(level), grid_size=1e-4)
    reach = shapely.buffer(region, CLOSING)
    # What stands elsewhere (behind a window, in the next room) is not on this floor.
    feet = [foot for foot in map(shapely.polygons, standing) if shapely.area(foot) and shapely.intersects(foot, reach)]
    region = shapely.union_all([region, *feet])
    closed = shapely.buffer(shapely.buffer(region, CLOSING, quad_segs=32), -CLOSING, quad_segs=32)
    return _rings(closed), round(ground, 6)


def floor_height(corners: np.ndarray) -> float:
    """Height of the lowest large horizontal surface, metres.

    Of the horizontal triangles' area by height, in steps of 5 cm, the lowest step that has a third of the largest one.

    Args:
        corners: [m, 3 corners, 3], metres, of all triangles.
    """
    weights = np.abs(_doubled(corners[:, :, :2]))
    flat = (np.abs(_up(corners)) > _FLAT) & (weights > 0)
    if not flat.any():
        return float(corners[:, :, 2].min())
    heights, weights = corners[flat].mean(axis=1)[:, 2], weights[flat]
    steps = np.round((heights - heights.min()) / 0.05).astype(int)
    areas = np.bincount(steps, weights)
    # Neighbours too: a surface can lie across two steps.
    around = np.convolve(areas, np.ones(3), "same")
    low = int(np.flatnonzero(around >= around.max() / 3)[0])
    near = np.abs(steps - low) <= 1
    order = np.argsort(heights[near])
    middle = np.searchsorted(np.cumsum(weights[near][order]), weights[near].sum() / 2)
    return float(heights[near][order][min(int(middle), len(order) - 1)])


def _rings(region: shapely.Geometry) -> tuple[Ring, ...]:
    """Outer rings of a region's parts that are no noise, the largest first, in whole centimetres' accuracy."""
    found: list[shapely.Polygon] = []
    for part in sorted(shapely.get_parts(region), key=lambda each: -float(shapely.area(each))):
        whole = shapely.simplify(shapely.polygons(shapely.get_exterior_ring(part)), 0.01)
        # A part within a hole of another is floor already.
        if shapely.area(whole) < _LEAST_PART or any(shapely.covers(other, whole) for other in found):
            continue
        found.append(whole)
    return tuple(
        tuple((round(float(x), 4), round(float(y), 4)) for x, y in shapely.get_coordinates(orient(whole))[:-1])
        for whole in found
    )


def _up(corners: np.ndarray) -> np.ndarray:
    """The vertical part [m] of triangles' unit normals; 0 for those without area."""
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.asarray(across[:, 2] / np.maximum(np.linalg.norm(across, axis=1), 1e-12))


def _doubled(plan: np.ndarray) -> np.ndarray:
    """Twice the signed areas [m] of triangles [m, 3, 2]."""
    (ax, ay), (bx, by) = (plan[:, 1] - plan[:, 0]).T, (plan[:, 2] - plan[:, 0]).T
    return np.asarray(ax * by - ay * bx)
