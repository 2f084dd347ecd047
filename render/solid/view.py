"""Views of meshes by ray casting: pictures, which pixel shows what, and how much of each object is seen.

Trusted code, run on meshes of untrusted origin in a confined process. Everything is computed from a scene's own
objects, so that pictures and facts cannot disagree. open3d's ray casting (Embree) does the work, on one thread: one
hierarchy for what all see, and small ones of single objects for what is hidden. No ray costs more for what lies behind
its first hit, so that a program cannot make views dear by piling up surfaces.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...geometry.camera import Camera
from ...geometry.spatial import SpatialObject
from ...geometry.visibility import MAX_OCCLUDERS, ObjectVisibility
from ..raster import Picture

GROUND, NOTHING = -1, -2
"""What a pixel shows besides objects: the plain ground under the lowest point, and the sky."""

SUN = np.array([-0.36, -0.48, 0.8], np.float32)
"""Unit vector to the sun: from the left, the front and above, for one who looks along +y."""
_SUN, _AMBIENT, _TILT = 0.36, 0.54, np.array([0.07, -0.05, 0.13], np.float32)
"""Shares of a surface's colour: by the sun, from everywhere, and more or less of that by where it faces, so that faces
in the shade differ. In display values and not in light: a fully lit face shows its very colour, others darker tones."""
_GROUND_COLOUR, _SKY = np.array([206, 204, 198], np.float32), np.array([232, 238, 244], np.float32)
_FADE = 4.0, 16.0
"""The ground fades into the sky between these distances from the middle, in radii of the scene."""
_EDGE = 10.0
"""Neighbouring pixels that differ by more in a channel are drawn again from several rays."""
_SUBPIXELS = np.array([[-0.125, -0.375], [0.375, -0.125], [0.125, 0.375], [-0.375, 0.125]])
"""A turned grid: four different columns and rows, so that edges of any direction get their steps."""
_MANY = 16_384
"""Pixels of one object that may be hidden; of more, every fourth is looked at."""
_CAP_RAYS = 1024
"""Directions in which the silhouette of an object on the frame's edge is looked for."""
_FEW_HITS = 160
"""With fewer of them met, points on the surface say it better: what is thin has little depth to overlap in."""
_SURFACE_POINTS = 4096
"""At least one for each triangle."""
_GOLDEN = math.pi * (3 - math.sqrt(5))
_NO_TRIANGLE = 0xFFFFFFFF


class View(NamedTuple):
    """The picture of one camera, with the object and the depth that each pixel shows."""

    picture: Picture
    owners: np.ndarray
    """[height, width] int32: the object that each pixel's centre shows, by its index, or `GROUND` or `NOTHING`."""
    depths: np.ndarray
    """[height, width] float64: metres along the camera's z, inf for nothing."""


class _Hits(NamedTuple):
    """The first surfaces that rays meet."""

    depths: np.ndarray
    """[r], in lengths of the rays' directions; inf for nothing."""
    owners: np.ndarray
    """[r] int32, as in `View`."""
    normals: np.ndarray
    """[r, 3], unit, towards the ray's origin; up for the ground."""
    colours: np.ndarray
    """[r, 3], display values from 0 to 255."""


class World:
    """Objects made ready for rays.

    Args:
        objects: at least one.
    """

    def __init__(self, objects: Sequence[SpatialObject]) -> None:
        self._objects = objects
        triangle_counts = [len(obj.triangles) for obj in objects]
        all_vertices = self._corners = np.concatenate([obj.vertices for obj in objects])
        least_corner, greatest_corner = all_vertices.min(axis=0), all_vertices.max(axis=0)
        # Rays are cast in single precision, which is best around 0.
        self._middle = (least_corner + greatest_corner) / 2
        self._low, self._high = least_corner, greatest_corner
        self._radius = max(float(np.linalg.norm(greatest_corner - least_corner)) / 2, 1e-3)
        self._step = 2e-5 * self._radius
        self._owners = np.repeat(np.arange(len(objects), dtype=np.int32), triangle_counts)
        self._colours = np.concatenate([obj.face_colours for obj in objects]).astype(np.float32)
        first_vertices = self._starts = np.cumsum([0, *(len(obj.vertices) for obj in objects[:-1])])
        all_triangles = [
            obj.triangles + first_vertex for obj, first_vertex in zip(objects, first_vertices, strict=True)
        ]
        self._all = _hierarchy(all_vertices - self._middle, np.concatenate(all_triangles))
        self._alone: dict[int, Any] = {}
        """By index, hierarchies of single objects, made when they are needed."""

    # --- pictures ----------------------------------------------------------------------------------------------

    def view(self, camera: Camera) -> View:
        """Draw the view of `camera`."""
        height, width = camera.height, camera.width
        pixel_centres = camera.centres().reshape(-1, 2)
        hits, colours = self._look(camera, pixel_centres)
        edge_pixels = np.flatnonzero(_edges(colours.reshape(height, width, 3)))
        if len(edge_pixels):
            subpixel_centres = (pixel_centres[edge_pixels, None] + _SUBPIXELS).reshape(-1, 2)
            colours[edge_pixels] = self._look(camera, subpixel_centres)[1].reshape(-1, len(_SUBPIXELS), 3).mean(axis=1)
        pixels = (colours + 0.5).astype(np.uint8).reshape(height, width, 3)
        shape = (height, width)
        return View(Picture(pixels), hits.owners.reshape(shape), hits.depths.reshape(shape))

    def owners(self, camera: Camera) -> np.ndarray:
        """Return the object that each pixel of the view of `camera` shows, [height, width] int32, without a picture."""
        ray_directions = camera.directions(camera.centres().reshape(-1, 2)).astype(np.float32)
        return self._meet(camera.position, ray_directions).owners.reshape(camera.height, camera.width)

    def _look(self, camera: Camera, pixels: np.ndarray) -> tuple[_Hits, np.ndarray]:
        """Return the hits at `pixels` [r, 2], in pixel coordinates of `camera`, and their shaded colours [r, 3]."""
        ray_directions = camera.directions(pixels).astype(np.float32)
        hits = self._meet(camera.position, ray_directions)
        colours = np.empty_like(hits.colours)
        colours[:] = _SKY
        hit_rays = np.flatnonzero(hits.owners != NOTHING)
        if not len(hit_rays):
            return hits, colours
        # Relative to the middle, as all that goes to the rays.
        hit_points = ray_directions[hit_rays] * hits.depths[hit_rays, None].astype(np.float32)
        hit_points += (camera.position - self._middle).astype(np.float32)
        normals = hits.normals[hit_rays]
        is_ground = hits.owners[hit_rays] == GROUND
        sunlight = np.maximum(normals @ SUN, 0)
        lit_points = np.flatnonzero((sunlight > 0) & (~is_ground | self._may_be_shaded(hit_points)))
        sunlight[lit_points[self._shaded(hit_points[lit_points], normals[lit_points])]] = 0
        light_shares = np.minimum(_AMBIENT + normals @ _TILT + _SUN * sunlight, 1)
        shaded_colours = hits.colours[hit_rays] * light_shares[:, None]
        x, y = hit_points[is_ground, :2].T
        fade_start, fade_end = _FADE
        clearness = np.clip(
            (fade_end - np.sqrt(x * x + y * y) / np.float32(self._radius)) / (fade_end - fade_start), 0, 1
        )[:, None]
        shaded_colours[is_ground] = _SKY + (shaded_colours[is_ground] - _SKY) * clearness
        colours[hit_rays] = shaded_colours
        return hits, colours

    def _meet(self, origin: np.ndarray, ray_directions: np.ndarray) -> _Hits:
        cast_results = self._all.cast_rays(_rays(origin - self._middle, ray_directions), nthreads=1)
        ray_triangles = cast_results["primitive_ids"].numpy()
        hit_rays = np.flatnonzero(ray_triangles != _NO_TRIANGLE)
        hit_triangles = ray_triangles[hit_rays]
        # Metres lose nothing that single precision had.
        depths = cast_results["t_hit"].numpy().astype(float)
        owners = np.full(len(ray_directions), NOTHING, np.int32)
        owners[hit_rays] = self._owners[hit_triangles]
        normals, colours = np.empty_like(ray_directions), np.empty_like(ray_directions)
        hit_normals = cast_results["primitive_normals"].numpy()[hit_rays]
        faces_away = (hit_normals * ray_directions[hit_rays]).sum(axis=1) > 0
        hit_normals[faces_away] *= -1
        normals[hit_rays], colours[hit_rays] = hit_normals, self._colours[hit_triangles]
        ground_depths = self._ground_depths(origin, ray_directions)
        # Where something lies flat on the ground, it is what is seen.
        ground_first = np.flatnonzero(ground_depths < depths - self._step * 10)
        depths[ground_first], owners[ground_first] = ground_depths[ground_first], GROUND
        normals[ground_first], colours[ground_first] = (0, 0, 1), _GROUND_COLOUR
        return _Hits(depths, owners, normals, colours)

    def _ground_depths(self, origin: np.ndarray, ray_directions: np.ndarray) -> np.ndarray:
        """Return the depths at which rays from `origin` meet the ground from above; inf where they do not.

        Depths are in lengths of `ray_directions` [r, 3].
        """
        height_above = origin[2] - self._low[2]
        depths = np.full(len(ray_directions), np.inf)
        if height_above <= 0:
            return depths
        x, y, down = ray_directions.T
        # Past the fading it is sky, and so far that single precision has little to say.
        reach = float(np.linalg.norm((origin - self._middle)[:2])) + _FADE[1] * self._radius
        near_rays = np.flatnonzero((down < 0) & ((x * x + y * y) * (height_above / reach) ** 2 < down * down))
        depths[near_rays] = -height_above / down[near_rays].astype(float)
        return depths

    def _may_be_shaded(self, points: np.ndarray) -> np.ndarray:
        """Tell which `points` of the ground lie where the shadow of the objects' bounds can fall; [n] bool."""
        shadow_shift = SUN[:2] / SUN[2] * (self._high[2] - self._low[2])
        least_corner = (self._low - self._middle)[:2] - np.maximum(shadow_shift, 0)
        greatest_corner = (self._high - self._middle)[:2] - np.minimum(shadow_shift, 0)
        x, y = points[:, 0], points[:, 1]
        return np.asarray(
            (x >= least_corner[0]) & (x <= greatest_corner[0]) & (y >= least_corner[1]) & (y <= greatest_corner[1])
        )

    def _shaded(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Tell for which `points` something stands between them and the sun; [n] bool."""
        sun_rays = np.empty((len(points), 6), np.float32)
        sun_rays[:, :3] = points + np.float32(self._step * 10) * normals
        sun_rays[:, 3:] = SUN
        return np.asarray(self._all.test_occlusions(sun_rays, nthreads=1).numpy())

    # --- sights ------------------------------------------------------------------------------------------------

    def visibility(self, camera: Camera, owners: np.ndarray) -> tuple[ObjectVisibility, ...]:
        """Measure how `camera` sees each object; `owners` as in its `View`."""
        camera_points = camera.to_camera(self._corners)
        fully_inside, fully_outside = _framed(camera, camera_points, self._starts)
        least_lines, greatest_lines = _octagons(camera, camera_points, self._starts)
        sights = []
        for index, (pixel_count, bounds) in enumerate(_pixel_bounds(owners, len(self._objects))):
            inside_share = 1.0 if fully_inside[index] else 0.0 if fully_outside[index] else self._inside(camera, index)
            occluders = (
                self._hiders(camera, owners, index, least_lines[index], greatest_lines[index]) if inside_share else {}
            )
            visible_share = round(pixel_count / (pixel_count + sum(occluders.values())), 6) if pixel_count else 0.0
            main_hiders = sorted(occluders.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_OCCLUDERS]
            sights.append(ObjectVisibility(pixel_count, visible_share, inside_share, bounds, tuple(main_hiders)))
        return tuple(sights)

    def _hiders(
        self, camera: Camera, owners: np.ndarray, index: int, least_lines: np.ndarray, greatest_lines: np.ndarray
    ) -> dict[int, int]:
        """Count the pixels that would show an object if nothing stood before it, by the object that they show.

        Args:
            camera: the view's camera.
            owners: as in its `View`.
            index: of the object.
            least_lines: [4], one side of the octagon within which the object is seen (see `_octagons`).
            greatest_lines: [4], the other side.
        """
        height, width = owners.shape
        left, top = (max(0, math.floor(limits_low)) for limits_low in np.maximum(least_lines[:2], -1))
        right, bottom = (
            max(0, math.ceil(limits_high) + 1) for limits_high in np.minimum(greatest_lines[:2], (width, height))
        )
        owner_part = owners[top:bottom, left:right]
        candidates = (owner_part >= 0) & (owner_part != index)
        row_numbers, column_numbers = np.ogrid[top : top + owner_part.shape[0], left : left + owner_part.shape[1]]
        for i, line in ((2, column_numbers + row_numbers), (3, column_numbers - row_numbers)):
            # Lines of whole numbers and not of centres, which differ by at most 1.
            candidates &= (line >= least_lines[i] - 2) & (line <= greatest_lines[i] + 2)
        pixel_stride = 1 if np.count_nonzero(candidates) <= _MANY else 2
        rows, columns = np.nonzero(candidates[::pixel_stride, ::pixel_stride])
        if not len(rows):
            return {}
        centres = np.stack([columns * pixel_stride + left, rows * pixel_stride + top], axis=1) + 0.5
        is_met = self._met_alone(index, camera.position, camera.directions(centres))
        owner_counts = np.bincount(owner_part[rows * pixel_stride, columns * pixel_stride][is_met], minlength=1)
        return {int(hider): pixel_stride**2 * int(owner_counts[hider]) for hider in np.flatnonzero(owner_counts)}

    def _inside(self, camera: Camera, index: int) -> float:
        """Return the share, by solid angle, of the silhouette of object `index` that lies in the frame."""
        obj = self._objects[index]
        ray_directions = _cap(camera.to_camera(obj.vertices)) @ camera.rotation.T
        hit_directions = ray_directions[self._met_alone(index, camera.position, ray_directions)]
        if len(hit_directions) >= _FEW_HITS:
            return round(float(camera.in_frame(camera.position + hit_directions).mean()), 6)
        surface_points, solid_angles = _spread(obj, camera.position)
        return round(float(np.average(camera.in_frame(surface_points), weights=solid_angles)), 6)

    def _met_alone(self, index: int, origin: np.ndarray, ray_directions: np.ndarray) -> np.ndarray:
        """Tell which `ray_directions` [r, 3] from `origin` meet the object `index` if it were alone; [r] bool."""
        if index not in self._alone:
            obj = self._objects[index]
            self._alone[index] = _hierarchy(obj.vertices - self._middle, obj.triangles)
        return np.asarray(
            self._alone[index].test_occlusions(_rays(origin - self._middle, ray_directions), nthreads=1).numpy()
        )


def _hierarchy(vertices: np.ndarray, triangles: np.ndarray) -> Any:
    import open3d

    scene = open3d.t.geometry.RaycastingScene(nthreads=1)
    tensor = open3d.core.Tensor.from_numpy
    scene.add_triangles(
        tensor(np.ascontiguousarray(vertices, np.float32)), tensor(np.ascontiguousarray(triangles, np.uint32))
    )
    return scene


def _rays(origin: np.ndarray, ray_directions: np.ndarray) -> np.ndarray:
    rays = np.empty((len(ray_directions), 6), np.float32)
    rays[:, :3], rays[:, 3:] = origin, ray_directions
    return rays


def _edges(colours: np.ndarray) -> np.ndarray:
    """Mark the pixels of `colours` [h, w, 3] that differ from one beside, above or below; [h, w] bool.

    A picture's colours differ where objects, faces' directions, paint or shadows do, as far as it shows.
    """
    edge_mask = np.zeros(colours.shape[:2], bool)
    differs_across = (np.abs(np.diff(colours, axis=1)) > _EDGE).any(axis=2)
    differs_down = (np.abs(np.diff(colours, axis=0)) > _EDGE).any(axis=2)
    edge_mask[:, 1:] |= differs_across
    edge_mask[:, :-1] |= differs_across
    edge_mask[1:] |= differs_down
    edge_mask[:-1] |= differs_down
    return edge_mask


def _pixel_bounds(owners: np.ndarray, object_count: int) -> list[tuple[int, tuple[int, int, int, int] | None]]:
    """Return the number of pixels of `owners` and their bounds for each of `object_count` objects."""
    rows, columns = np.nonzero(owners >= 0)
    pixel_owners = owners[rows, columns]
    owner_order = np.argsort(pixel_owners, kind="stable")
    rows, columns = rows[owner_order], columns[owner_order]
    pixel_counts = np.bincount(pixel_owners, minlength=object_count)
    pixel_bounds: list[tuple[int, tuple[int, int, int, int] | None]] = []
    for end, pixel_count in zip(np.cumsum(pixel_counts), pixel_counts, strict=True):
        object_slice = slice(end - pixel_count, end)
        # Rows stay in order, as the sort is stable.
        bounds = (
            (
                int(columns[object_slice].min()),
                int(rows[object_slice][0]),
                int(columns[object_slice].max()) + 1,
                int(rows[object_slice][-1]) + 1,
            )
            if pixel_count
            else None
        )
        pixel_bounds.append((int(pixel_count), bounds))
    return pixel_bounds


def _framed(camera: Camera, camera_points: np.ndarray, first_vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell which objects lie wholly in the frame, and which wholly on one side of it; each [objects] bool.

    Args:
        camera: the one whose frame it is.
        camera_points: [n, 3], all objects' vertices in the camera's frame.
        first_vertices: [objects], each one's first vertex.
    """
    depth = camera_points[:, 2:]
    plane_points, plane_middles = (
        camera_points[:, :2] * np.diag(camera.intrinsics)[:2],
        camera.intrinsics[:2, 2] * depth,
    )
    # Distances to the planes through the camera and the frame's sides, positive inside; and to the camera's own plane.
    frame_size = np.array([camera.width, camera.height])
    side_distances = np.hstack([plane_points + plane_middles, frame_size * depth - plane_middles - plane_points, depth])
    fully_inside = np.logical_and.reduceat((side_distances > 0).all(axis=1), first_vertices)
    outside_sides = np.logical_and.reduceat(side_distances <= 0, first_vertices, axis=0)
    return fully_inside, np.asarray(outside_sides.any(axis=1))


def _octagons(camera: Camera, camera_points: np.ndarray, first_vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return least and greatest of x, y, x + y and x - y, pixels, that objects cover, each [objects, 4].

    Infinite where an object has vertices that are not before the camera. `camera_points` and the rest as for `_framed`.
    """
    is_behind = np.logical_or.reduceat(camera_points[:, 2] <= 0, first_vertices)
    depth = np.where(camera_points[:, 2:] > 0, camera_points[:, 2:], 1.0)
    x, y = (camera_points[:, :2] / depth * np.diag(camera.intrinsics)[:2] + camera.intrinsics[:2, 2]).T
    lines = np.stack([x, y, x + y, x - y], axis=1)
    least_lines, greatest_lines = np.minimum.reduceat(lines, first_vertices), np.maximum.reduceat(lines, first_vertices)
    least_lines[is_behind], greatest_lines[is_behind] = -np.inf, np.inf
    return least_lines, greatest_lines


def _cap(camera_points: np.ndarray) -> np.ndarray:
    """Spread directions [r, 3] evenly over the cone around `camera_points` [n, 3], seen from 0.

    They go all round where 0 is among the points. A Fibonacci lattice: equal steps in the cosine and the golden
    angle around the axis (Swinbank and Purser, Q. J. R. Meteorol. Soc. 132, 2006), so that every direction stands
    for the same solid angle.
    """
    box_middle = (camera_points.min(axis=0) + camera_points.max(axis=0)) / 2
    distance, radius = (
        float(np.linalg.norm(box_middle)),
        float(np.linalg.norm(camera_points - box_middle, axis=1).max()),
    )
    least_cosine = math.sqrt(1 - (radius / distance) ** 2) if distance > radius else -1.0
    axis = box_middle / distance if distance > 0 else np.array([0.0, 0.0, 1.0])
    ray_numbers = np.arange(_CAP_RAYS)
    cosine = 1 - (1 - least_cosine) * (ray_numbers + 0.5) / _CAP_RAYS
    sine, angle = np.sqrt(1 - cosine**2), ray_numbers * _GOLDEN
    first_axis = np.cross(axis, np.eye(3)[np.abs(axis).argmin()])
    first_axis /= np.linalg.norm(first_axis)
    second_axis = np.cross(axis, first_axis)
    circle_directions = np.cos(angle)[:, None] * first_axis + np.sin(angle)[:, None] * second_axis
    return np.asarray(cosine[:, None] * axis + sine[:, None] * circle_directions)


def _spread(obj: SpatialObject, eye: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return points [n, 3] all over the surface of `obj`, and the solid angles [n] around them from `eye`.

    Equal where the surface is seen edge-on. The points of a triangle are a plastic-number lattice folded into it
    (Roberts, The unreasonable effectiveness of quasirandom sequences, 2018).
    """
    triangle_corners = obj.vertices[obj.triangles]
    triangle_edges = triangle_corners[:, 1:] - triangle_corners[:, :1]
    points_each = max(1, _SURFACE_POINTS // len(triangle_corners))
    u, v = np.modf(0.5 + np.arange(1, points_each + 1)[:, None] * [0.7548776662466927, 0.5698402909980532])[0].T
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    surface_points = (
        triangle_corners[:, None, 0] + u[:, None] * triangle_edges[:, None, 0] + v[:, None] * triangle_edges[:, None, 1]
    )
    eye_offsets = surface_points - eye
    # Half of a normal times twice the area; a closed surface shows each direction twice, which cancels.
    facing_areas = np.abs((eye_offsets * np.cross(triangle_edges[:, 0], triangle_edges[:, 1])[:, None]).sum(axis=2))
    solid_angles = (facing_areas / np.maximum(np.linalg.norm(eye_offsets, axis=2), 1e-9) ** 3).ravel()
    return surface_points.reshape(-1, 3), solid_angles if solid_angles.sum() > 1e-12 else np.ones(len(solid_angles))
