"""From a scan's labelled mesh to a room: owners of triangles, boxes, the floor's outline, and visibility.

Labels come with the mesh's vertices (`of_vertices`), or as boxes around objects (`of_boxes`), in which case the
triangles within a box are the object's own. Every triangle hides what is behind it, whosever it is.
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
STANDING_HEIGHT = 0.15
"""Metres above the floor under which the lowest point of an object lies that stands on it."""
_LEAST_PART = 0.25
"""Square metres: smaller parts of the floor are noise."""
_GREY = np.full(3, 128, np.uint8)
_FLAT, _BED = 0.9, 0.03
"""Cosine to the vertical and metres from the floor of triangles that are floor although a box reaches around them."""
_SLOPED_COSINE = 0.7
"""Cosine to the vertical under which what is near the floor is a wall's or a thing's foot."""
_MANY_TRIANGLES, _COARSE_GRID = 20_000, 0.03
"""Of more triangles of the floor the corners are put on a grid of so many metres, so that fewer are left to unite."""
_BOX_TRIANGLES = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4],
     [1, 5, 7], [1, 7, 3]]
)  # fmt: skip
"""Rows of `Box.corners`."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """A mesh whose triangles belong to labelled objects."""

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
    """Return a `label` in lower case, without spaces at its ends or twice."""
    return " ".join(label.lower().replace("_", " ").split())


def of_vertices(mesh: Mesh, instances: Sequence[tuple[str, np.ndarray]]) -> Labelled:
    """Label a mesh by its vertices.

    A box is that of the object's vertices, of those that a triangle has where there are such. A triangle belongs to
    the object of most of its vertices (two at least).
    A vertex that several objects have (ScanNet++ has such) goes to the one of fewest vertices, for the triangles'
    owners only.

    Args:
        mesh: the surface.
        instances: label, and indices [k] of its vertices, at least one.
    """
    vertex_owners = np.full(len(mesh.vertices), NOBODY)
    for instance_index in sorted(range(len(instances)), key=lambda i: -len(instances[i][1])):
        vertex_owners[instances[instance_index][1]] = instance_index
    first_owners, second_owners, third_owners = vertex_owners[mesh.triangles].T
    owners = np.where(
        (first_owners == second_owners) | (first_owners == third_owners),
        first_owners,
        np.where(second_owners == third_owners, second_owners, NOBODY),
    )
    labels = tuple(clean_label(label) for label, _ in instances)
    is_used = np.zeros(len(mesh.vertices), bool)
    is_used[mesh.triangles] = True
    box_vertices = [
        vertex_indices[is_used[vertex_indices]] if is_used[vertex_indices].any() else vertex_indices
        for _, vertex_indices in instances
    ]
    boxes = tuple(bounding_box(mesh.vertices[vertex_indices]) for vertex_indices in box_vertices)
    floors = []
    for i in range(len(instances)):
        if labels[i] == "floor":
            is_floor = np.zeros(len(mesh.vertices), bool)
            is_floor[instances[i][1]] = True
            floors.append(mesh.triangles[is_floor[mesh.triangles].all(axis=1)])
    return Labelled(mesh, labels, boxes, owners, tuple(floors))


def of_boxes(mesh: Mesh, annotated_boxes: Sequence[tuple[str, np.ndarray, np.ndarray, np.ndarray]]) -> Labelled:
    """Label a mesh by boxes around objects.

    A triangle belongs to the smallest box that holds its middle. Flat ones at the height of the floor are floor, also
    within a box. An object's upright box is the one around the eight corners of its own, which is the same for one that
    stands upright.

    Args:
        mesh: the surface.
        annotated_boxes: label, centre [3], lengths [3] along the box's axes, and these axes [3, 3], a row each.
    """
    corners = mesh.vertices[mesh.triangles]
    triangle_centres = corners.mean(axis=1)
    owners = np.full(len(triangle_centres), NOBODY)
    for box_index in sorted(range(len(annotated_boxes)), key=lambda i: -float(annotated_boxes[i][2].prod())):
        _, centre, side_lengths, axes = annotated_boxes[box_index]
        is_inside = (np.abs((triangle_centres - centre) @ axes.T) <= side_lengths / 2 + BOX_SLACK).all(axis=1)
        owners[is_inside] = box_index
    ground = floor_height(corners)
    is_flat = np.abs(_up(corners)) > _FLAT
    owners[is_flat & (np.abs(triangle_centres[:, 2] - ground) < _BED)] = NOBODY
    corner_signs = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
    boxes = tuple(
        bounding_box(centre + (corner_signs * side_lengths) @ axes) for _, centre, side_lengths, axes in annotated_boxes
    )
    return Labelled(mesh, tuple(clean_label(annotated_box[0]) for annotated_box in annotated_boxes), boxes, owners)


def room(
    labelled_mesh: Labelled,
    cameras: Sequence[Camera],
    frames: Sequence[str],
    source: str,
    structure_labels: Collection[str] = STRUCTURE,
) -> RoomScene:
    """Return the room that a labelled mesh and cameras make.

    Visibility is found by casting rays against the whole mesh. An annotated object without a triangle of its own (the
    scanner missed it) is seen as its box would be. Objects have no colour: a scan's colours are lit and blurred.

    Args:
        labelled_mesh: the mesh.
        cameras: at least one.
        frames: names of their pictures.
        source: as in `RoomScene`.
        structure_labels: labels of what hides things but is not an object; neither are `NAMELESS` ones.

    Raises:
        ValueError: the mesh has no area.
    """
    object_labels = [
        i for i, label in enumerate(labelled_mesh.labels) if label not in structure_labels and label not in NAMELESS
    ]
    objects = tuple(
        RoomObject(index, labelled_mesh.labels[i], labelled_mesh.boxes[i]) for index, i in enumerate(object_labels)
    )
    floors, ground = outline(labelled_mesh, [labelled_mesh.boxes[i] for i in object_labels])
    world = World(_solids(labelled_mesh, object_labels))
    new_indices = {index: index for index in range(len(object_labels))}
    visibility: list[tuple[ObjectVisibility, ...]] = []
    for camera in cameras:
        camera_visibility = world.visibility(camera, world.owners(camera))
        visibility.append(
            tuple(entry.renumbered(new_indices, HIDING) for entry in camera_visibility[: len(object_labels)])
        )
    return RoomScene(objects, tuple(cameras), tuple(visibility), tuple(frames), floors, ground, source)


def _solids(labelled_mesh: Labelled, object_labels: Sequence[int]) -> list[SpatialObject]:
    """Return a surface for each object of `object_labels`, by their place in `labelled_mesh`, and one of all else."""
    vertices, triangles = labelled_mesh.mesh.vertices, labelled_mesh.mesh.triangles
    order = np.argsort(labelled_mesh.owners, kind="stable")
    owner_starts = np.searchsorted(
        labelled_mesh.owners[order], [*range(len(labelled_mesh.labels)), len(labelled_mesh.labels)]
    )
    solids = []
    for n, i in enumerate(object_labels):
        object_triangles = triangles[order[owner_starts[i] : owner_starts[i + 1]]]
        if _area(vertices[object_triangles]) > 0:
            solids.append(_solid(n, labelled_mesh.labels[i], vertices, object_triangles))
        else:
            solids.append(
                _solid(n, labelled_mesh.labels[i], _thickened(labelled_mesh.boxes[i]).corners, _BOX_TRIANGLES)
            )
    other_triangles = triangles[~np.isin(labelled_mesh.owners, object_labels)]
    if _area(vertices[other_triangles]) > 0:
        solids.append(_solid(len(object_labels), "", vertices, other_triangles))
    return solids


def _solid(index: int, name: str, vertices: np.ndarray, triangles: np.ndarray) -> SpatialObject:
    used_vertices, new_indices = np.unique(triangles, return_inverse=True)
    colours = np.broadcast_to(_GREY, triangles.shape)
    return spatial_object(
        index, name, vertices[used_vertices], new_indices.reshape(triangles.shape).astype(np.int32), colours
    )


def _thickened(box: OrientedBox) -> OrientedBox:
    """Return a `box` that has a surface, also where the one given is a point or a line: a millimetre at least."""
    x, y, z = (max(length, 1e-3) for length in box.size)
    return OrientedBox(box.centre, (x, y, z), box.yaw)


def _area(corners: np.ndarray) -> float:
    """Return the area of triangles by their `corners` [m, 3, 3], m²; under a square millimetre in all is 0."""
    cross_products = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total_area = float(np.linalg.norm(cross_products, axis=1).sum()) / 2
    return total_area if total_area > 1e-6 else 0.0


# --- the floor


def outline(labelled_mesh: Labelled, boxes: Sequence[OrientedBox]) -> tuple[tuple[Ring, ...], float]:
    """Return the floor's outline and height.

    The floor is what is labelled `floor`, of the lowest storey; where nothing is, what lies flat within `NEAR_FLOOR` of
    the lowest large horizontal surface. To it come the footprints of the objects that stand on it, as scanners miss
    what is under furniture, and gaps that are enclosed or narrower than twice `CLOSING` (the closing of mathematical
    morphology, of which the alpha shape is the case of points).

    Args:
        labelled_mesh: the mesh.
        boxes: of the objects.

    Returns:
        Rings of the parts, none where nothing of the floor was scanned; and the height, metres.
    """
    vertices = labelled_mesh.mesh.vertices
    floor_parts = [vertices[triangles] for triangles in labelled_mesh.floors if len(triangles)]
    if floor_parts:
        heights = [float(np.median(floor_part[:, :, 2])) for floor_part in floor_parts]
        storey_parts = [
            floor_part
            for floor_part, height in zip(floor_parts, heights, strict=True)
            if height <= min(heights) + FLOOR_LEVEL
        ]
        corners = np.concatenate(storey_parts)
        ground = float(np.median(corners[:, :, 2]))
    else:
        corners = vertices[labelled_mesh.mesh.triangles]
        ground = floor_height(corners)
        is_near = (np.abs(corners[:, :, 2] - ground) <= NEAR_FLOOR).all(axis=1)
        corners = corners[is_near & (np.abs(_up(corners)) > _SLOPED_COSINE)]
    plan_triangles = corners[:, :, :2]
    if len(plan_triangles) > _MANY_TRIANGLES:
        plan_triangles = np.rint(plan_triangles / _COARSE_GRID) * _COARSE_GRID
        plan_triangles = np.unique(plan_triangles.reshape(-1, 6), axis=0).reshape(-1, 3, 2)
    floor_triangles = plan_triangles[np.abs(_doubled(plan_triangles)) > 1e-7]
    if not len(floor_triangles):
        return (), round(ground, 6)
    standing_footprints = [
        box.corners[[0, 2, 6, 4], :2] for box in boxes if box.corners[0, 2] < ground + STANDING_HEIGHT
    ]
    floor_region = shapely.union_all(shapely.polygons(floor_triangles), grid_size=1e-4)
    reachable_region = shapely.buffer(floor_region, CLOSING)
    # What stands elsewhere (behind a window, in the next room) is not on this floor.
    floor_footprints = [
        footprint
        for footprint in map(shapely.polygons, standing_footprints)
        if shapely.area(footprint) and shapely.intersects(footprint, reachable_region)
    ]
    floor_region = shapely.union_all([floor_region, *floor_footprints])
    closed_region = shapely.buffer(shapely.buffer(floor_region, CLOSING, quad_segs=32), -CLOSING, quad_segs=32)
    return _rings(closed_region), round(ground, 6)


def floor_height(corners: np.ndarray) -> float:
    """Return the height of the lowest large horizontal surface, metres.

    Of the horizontal triangles' area by height, in steps of 5 cm, the lowest step that has a third of the largest one.

    Args:
        corners: [m, 3 corners, 3], metres, of all triangles.
    """
    weights = np.abs(_doubled(corners[:, :, :2]))
    is_flat = (np.abs(_up(corners)) > _FLAT) & (weights > 0)
    if not is_flat.any():
        return float(corners[:, :, 2].min())
    heights, weights = corners[is_flat].mean(axis=1)[:, 2], weights[is_flat]
    height_steps = np.round((heights - heights.min()) / 0.05).astype(int)
    step_areas = np.bincount(height_steps, weights)
    # Neighbours too: a surface can lie across two steps.
    smoothed_areas = np.convolve(step_areas, np.ones(3), "same")
    lowest_step = int(np.flatnonzero(smoothed_areas >= smoothed_areas.max() / 3)[0])
    is_near = np.abs(height_steps - lowest_step) <= 1
    order = np.argsort(heights[is_near])
    middle_index = np.searchsorted(np.cumsum(weights[is_near][order]), weights[is_near].sum() / 2)
    return float(heights[is_near][order][min(int(middle_index), len(order) - 1)])


def _rings(region: shapely.Geometry) -> tuple[Ring, ...]:
    """Return outer rings of the parts of a `region` that are not noise, the largest first, accurate to a centimetre."""
    outer_polygons: list[shapely.Polygon] = []
    for region_part in sorted(shapely.get_parts(region), key=lambda polygon: -float(shapely.area(polygon))):
        outer_polygon = shapely.simplify(shapely.polygons(shapely.get_exterior_ring(region_part)), 0.01)
        # A part within a hole of another is floor already.
        if shapely.area(outer_polygon) < _LEAST_PART or any(
            shapely.covers(larger_polygon, outer_polygon) for larger_polygon in outer_polygons
        ):
            continue
        outer_polygons.append(outer_polygon)
    return tuple(
        tuple((round(float(x), 4), round(float(y), 4)) for x, y in shapely.get_coordinates(orient(outer_polygon))[:-1])
        for outer_polygon in outer_polygons
    )


def _up(corners: np.ndarray) -> np.ndarray:
    """Return the vertical part [m] of the unit normals of triangles by their `corners`; 0 for those without area."""
    cross_products = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.asarray(cross_products[:, 2] / np.maximum(np.linalg.norm(cross_products, axis=1), 1e-12))


def _doubled(plan_triangles: np.ndarray) -> np.ndarray:
    """Return twice the signed areas [m] of `plan_triangles` [m, 3, 2]."""
    (ax, ay), (bx, by) = (
        (plan_triangles[:, 1] - plan_triangles[:, 0]).T,
        (plan_triangles[:, 2] - plan_triangles[:, 0]).T,
    )
    return np.asarray(ax * by - ay * bx)
