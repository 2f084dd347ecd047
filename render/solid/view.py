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
    """What one camera sees."""

    picture: Picture
    owners: np.ndarray
    """[height, width] int32: the object that each pixel's centre shows, by its index, or `GROUND` or `NOTHING`."""
    depths: np.ndarray
    """[height, width] float64: metres along the camera's z, inf for nothing."""


class _Hits(NamedTuple):
    """What rays meet first."""

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
        counts = [len(obj.triangles) for obj in objects]
        corners = self._corners = np.concatenate([obj.vertices for obj in objects])
        low, high = corners.min(axis=0), corners.max(axis=0)
        # Rays are cast in single precision, which is best around 0.
        self._middle = (low + high) / 2
        self._low, self._high = low, high
        self._radius = max(float(np.linalg.norm(high - low)) / 2, 1e-3)
        self._step = 2e-5 * self._radius
        self._owners = np.repeat(np.arange(len(objects), dtype=np.int32), counts)
        self._colours = np.concatenate([obj.face_colours for obj in objects]).astype(np.float32)
        starts = self._starts = np.cumsum([0, *(len(obj.vertices) for obj in objects[:-1])])
        triangles = [obj.triangles + start for obj, start in zip(objects, starts, strict=True)]
        self._all = _hierarchy(corners - self._middle, np.concatenate(triangles))
        self._alone: dict[int, Any] = {}
        """By index, hierarchies of single objects, made when they are needed."""

    # --- pictures ----------------------------------------------------------------------------------------------

    def view(self, camera: Camera) -> View:
        """What a camera sees."""
        height, width = camera.height, camera.width
        centres = camera.centres().reshape(-1, 2)
        hits, colours = self._look(camera, centres)
        ragged = np.flatnonzero(_edges(colours.reshape(height, width, 3)))
        if len(ragged):
            around = (centres[ragged, None] + _SUBPIXELS).reshape(-1, 2)
            colours[ragged] = self._look(camera, around)[1].reshape(-1, len(_SUBPIXELS), 3).mean(axis=1)
        pixels = (colours + 0.5).astype(np.uint8).reshape(height, width, 3)
        shape = (height, width)
        return View(Picture(pixels), hits.owners.reshape(shape), hits.depths.reshape(shape))

    def owners(self, camera: Camera) -> np.ndarray:
        """Which object each pixel of a view shows, [height, width] int32, for who needs no picture."""
        along = camera.directions(camera.centres().reshape(-1, 2)).astype(np.float32)
        return self._meet(camera.position, along).owners.reshape(camera.height, camera.width)

    def _look(self, camera: Camera, pixels: np.ndarray) -> tuple[_Hits, np.ndarray]:
        """What is met at pixel coordinates [r, 2], and its shaded colour [r, 3]."""
        along = camera.directions(pixels).astype(np.float32)
        hits = self._meet(camera.position, along)
        colours = np.empty_like(hits.colours)
        colours[:] = _SKY
        met = np.flatnonzero(hits.owners != NOTHING)
        if not len(met):
            return hits, colours
        # Relative to the middle, as all that goes to the rays.
        points = along[met] * hits.depths[met, None].astype(np.float32)
        points += (camera.position - self._middle).astype(np.float32)
        normals = hits.normals[met]
        ground = hits.owners[met] == GROUND
        sun = np.maximum(normals @ SUN, 0)
        lit = np.flatnonzero((sun > 0) & (~ground | self._may_be_shaded(points)))
        sun[lit[self._shaded(points[lit], normals[lit])]] = 0
        light = np.minimum(_AMBIENT + normals @ _TILT + _SUN * sun, 1)
        shaded = hits.colours[met] * light[:, None]
        x, y = points[ground, :2].T
        start, end = _FADE
        clear = np.clip((end - np.sqrt(x * x + y * y) / np.float32(self._radius)) / (end - start), 0, 1)[:, None]
        shaded[ground] = _SKY + (shaded[ground] - _SKY) * clear
        colours[met] = shaded
        return hits, colours

    def _meet(self, origin: np.ndarray, along: np.ndarray) -> _Hits:
        found = self._all.cast_rays(_rays(origin - self._middle, along), nthreads=1)
        triangles = found["primitive_ids"].numpy()
        hit = np.flatnonzero(triangles != _NO_TRIANGLE)
        met = triangles[hit]
        # Metres lose nothing that single precision had.
        depths = found["t_hit"].numpy().astype(float)
        owners = np.full(len(along), NOTHING, np.int32)
        owners[hit] = self._owners[met]
        normals, colours = np.empty_like(along), np.empty_like(along)
        faced = found["primitive_normals"].numpy()[hit]
        away = (faced * along[hit]).sum(axis=1) > 0
        faced[away] *= -1
        normals[hit], colours[hit] = faced, self._colours[met]
        ground = self._ground_depths(origin, along)
        # Where something lies flat on the ground, it is what is seen.
        under = np.flatnonzero(ground < depths - self._step * 10)
        depths[under], owners[under] = ground[under], GROUND
        normals[under], colours[under] = (0, 0, 1), _GROUND_COLOUR
        return _Hits(depths, owners, normals, colours)

    def _ground_depths(self, origin: np.ndarray, along: np.ndarray) -> np.ndarray:
        """Where rays meet the ground from above, in lengths of their directions; inf where they do not."""
        above = origin[2] - self._low[2]
        depths = np.full(len(along), np.inf)
        if above <= 0:
            return depths
        x, y, down = along.T
        # Past the fading it is sky, and so far that single precision has little to say.
        reach = float(np.linalg.norm((origin - self._middle)[:2])) + _FADE[1] * self._radius
        near = np.flatnonzero((down < 0) & ((x * x + y * y) * (above / reach) ** 2 < down * down))
        depths[near] = -above / down[near].astype(float)
        return depths

    def _may_be_shaded(self, points: np.ndarray) -> np.ndarray:
        """Whether points of the ground lie where the shadow of the objects' bounds can fall; [n] bool."""
        shift = SUN[:2] / SUN[2] * (self._high[2] - self._low[2])
        low = (self._low - self._middle)[:2] - np.maximum(shift, 0)
        high = (self._high - self._middle)[:2] - np.minimum(shift, 0)
        x, y = points[:, 0], points[:, 1]
        return np.asarray((x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1]))

    def _shaded(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Whether something stands between points and the sun; [n] bool."""
        rays = np.empty((len(points), 6), np.float32)
        rays[:, :3] = points + np.float32(self._step * 10) * normals
        rays[:, 3:] = SUN
        return np.asarray(self._all.test_occlusions(rays, nthreads=1).numpy())

    # --- sights ------------------------------------------------------------------------------------------------

    def visibility(self, camera: Camera, owners: np.ndarray) -> tuple[ObjectVisibility, ...]:
        """How a camera sees each object; `owners` as in its `View`."""
        local = camera.to_camera(self._corners)
        whole, out = _framed(camera, local, self._starts)
        low, high = _octagons(camera, local, self._starts)
        found = []
        for index, (pixels, bounds) in enumerate(_pixel_bounds(owners, len(self._objects))):
            inside = 1.0 if whole[index] else 0.0 if out[index] else self._inside(camera, index)
            occluders = self._hiders(camera, owners, index, low[index], high[index]) if inside else {}
            share = round(pixels / (pixels + sum(occluders.values())), 6) if pixels else 0.0
            most = sorted(occluders.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_OCCLUDERS]
            found.append(ObjectVisibility(pixels, share, inside, bounds, tuple(most)))
        return tuple(found)

    def _hiders(
        self, camera: Camera, owners: np.ndarray, index: int, low: np.ndarray, high: np.ndarray
    ) -> dict[int, int]:
        """Pixels that would show an object, seen within an octagon, if nothing stood before it: by what they show."""
        height, width = owners.shape
        left, top = (max(0, math.floor(least)) for least in np.maximum(low[:2], -1))
        right, bottom = (max(0, math.ceil(most) + 1) for most in np.minimum(high[:2], (width, height)))
        part = owners[top:bottom, left:right]
        maybe = (part >= 0) & (part != index)
        down, across = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
        for i, line in ((2, across + down), (3, across - down)):
            # Lines of whole numbers and not of centres, which differ by at most 1.
            maybe &= (line >= low[i] - 2) & (line <= high[i] + 2)
        stride = 1 if np.count_nonzero(maybe) <= _MANY else 2
        rows, columns = np.nonzero(maybe[::stride, ::stride])
        if not len(rows):
            return {}
        centres = np.stack([columns * stride + left, rows * stride + top], axis=1) + 0.5
        met = self._met_alone(index, camera.position, camera.directions(centres))
        found = np.bincount(part[rows * stride, columns * stride][met], minlength=1)
        return {int(other): stride**2 * int(found[other]) for other in np.flatnonzero(found)}

    def _inside(self, camera: Camera, index: int) -> float:
        """Share of the silhouette in the frame, by solid angle, of an object that may be on its edge."""
        obj = self._objects[index]
        along = _cap(camera.to_camera(obj.vertices)) @ camera.rotation.T
        met = along[self._met_alone(index, camera.position, along)]
        if len(met) >= _FEW_HITS:
            return round(float(camera.in_frame(camera.position + met).mean()), 6)
        points, weights = _spread(obj, camera.position)
        return round(float(np.average(camera.in_frame(points), weights=weights)), 6)

    def _met_alone(self, index: int, origin: np.ndarray, along: np.ndarray) -> np.ndarray:
        """Whether rays [r, 3] meet an object if it were alone; [r] bool."""
        if index not in self._alone:
            obj = self._objects[index]
            self._alone[index] = _hierarchy(obj.vertices - self._middle, obj.triangles)
        return np.asarray(self._alone[index].test_occlusions(_rays(origin - self._middle, along), nthreads=1).numpy())


def _hierarchy(vertices: np.ndarray, triangles: np.ndarray) -> Any:
    import open3d

    scene = open3d.t.geometry.RaycastingScene(nthreads=1)
    tensor = open3d.core.Tensor.from_numpy
    scene.add_triangles(
        tensor(np.ascontiguousarray(vertices, np.float32)), tensor(np.ascontiguousarray(triangles, np.uint32))
    )
    return scene


def _rays(origin: np.ndarray, along: np.ndarray) -> np.ndarray:
    rays = np.empty((len(along), 6), np.float32)
    rays[:, :3], rays[:, 3:] = origin, along
    return rays


def _edges(colours: np.ndarray) -> np.ndarray:
    """Pixels of [h, w, 3] that differ from one beside, above or below; [h, w] bool.

    A picture's colours differ where objects, faces' directions, paint or shadows do, as far as it shows.
    """
    found = np.zeros(colours.shape[:2], bool)
    across = (np.abs(np.diff(colours, axis=1)) > _EDGE).any(axis=2)
    down = (np.abs(np.diff(colours, axis=0)) > _EDGE).any(axis=2)
    found[:, 1:] |= across
    found[:, :-1] |= across
    found[1:] |= down
    found[:-1] |= down
    return found


def _pixel_bounds(owners: np.ndarray, count: int) -> list[tuple[int, tuple[int, int, int, int] | None]]:
    """Number of pixels and their bounds for each object."""
    rows, columns = np.nonzero(owners >= 0)
    owner = owners[rows, columns]
    order = np.argsort(owner, kind="stable")
    rows, columns = rows[order], columns[order]
    pixels = np.bincount(owner, minlength=count)
    found: list[tuple[int, tuple[int, int, int, int] | None]] = []
    for end, many in zip(np.cumsum(pixels), pixels, strict=True):
        mine = slice(end - many, end)
        # Rows stay in order, as the sort is stable.
        bounds = (
            (int(columns[mine].min()), int(rows[mine][0]), int(columns[mine].max()) + 1, int(rows[mine][-1]) + 1)
            if many
            else None
        )
        found.append((int(many), bounds))
    return found


def _framed(camera: Camera, local: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which objects lie wholly in the frame, and which wholly on one side of it; each [objects] bool.

    Args:
        camera: whose frame it is.
        local: [n, 3], all objects' vertices in the camera's frame.
        starts: [objects], each one's first vertex.
    """
    depth = local[:, 2:]
    flat, middle = local[:, :2] * np.diag(camera.intrinsics)[:2], camera.intrinsics[:2, 2] * depth
    # Distances to the planes through the camera and the frame's sides, positive inside; and to the camera's own plane.
    size = np.array([camera.width, camera.height])
    sides = np.hstack([flat + middle, size * depth - middle - flat, depth])
    whole = np.logical_and.reduceat((sides > 0).all(axis=1), starts)
    out = np.logical_and.reduceat(sides <= 0, starts, axis=0)
    return whole, np.asarray(out.any(axis=1))


def _octagons(camera: Camera, local: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and most of x, y, x + y and x - y, pixels, that objects cover, each [objects, 4].

    Infinite where an object has vertices that are not before the camera. Arguments as for `_framed`.
    """
    behind = np.logical_or.reduceat(local[:, 2] <= 0, starts)
    depth = np.where(local[:, 2:] > 0, local[:, 2:], 1.0)
    x, y = (local[:, :2] / depth * np.diag(camera.intrinsics)[:2] + camera.intrinsics[:2, 2]).T
    lines = np.stack([x, y, x + y, x - y], axis=1)
    low, high = np.minimum.reduceat(lines, starts), np.maximum.reduceat(lines, starts)
    low[behind], high[behind] = -np.inf, np.inf
    return low, high


def _cap(local: np.ndarray) -> np.ndarray:
    """Directions [r, 3] spread evenly over the cone around points [n, 3], both seen from 0; all round where 0 is among.

    A Fibonacci lattice: equal steps in the cosine and the golden angle around the axis (Swinbank and Purser, Q. J. R.
    Meteorol. Soc. 132, 2006), so that every direction stands for the same solid angle.
    """
    middle = (local.min(axis=0) + local.max(axis=0)) / 2
    distance, radius = float(np.linalg.norm(middle)), float(np.linalg.norm(local - middle, axis=1).max())
    least = math.sqrt(1 - (radius / distance) ** 2) if distance > radius else -1.0
    axis = middle / distance if distance > 0 else np.array([0.0, 0.0, 1.0])
    i = np.arange(_CAP_RAYS)
    cosine = 1 - (1 - least) * (i + 0.5) / _CAP_RAYS
    sine, angle = np.sqrt(1 - cosine**2), i * _GOLDEN
    first = np.cross(axis, np.eye(3)[np.abs(axis).argmin()])
    first /= np.linalg.norm(first)
    second = np.cross(axis, first)
    around = np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * second
    return np.asarray(cosine[:, None] * axis + sine[:, None] * around)


def _spread(obj: SpatialObject, eye: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points [n, 3] all over a surface, and the solid angles [n] that their surroundings have, seen from `eye`.

    Equal where the surface is seen edge-on. The points of a triangle are a plastic-number lattice folded into it
    (Roberts, The unreasonable effectiveness of quasirandom sequences, 2018).
    """
    corners = obj.vertices[obj.triangles]
    edges = corners[:, 1:] - corners[:, :1]
    each = max(1, _SURFACE_POINTS // len(corners))
    u, v = np.modf(0.5 + np.arange(1, each + 1)[:, None] * [0.7548776662466927, 0.5698402909980532])[0].T
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    points = corners[:, None, 0] + u[:, None] * edges[:, None, 0] + v[:, None] * edges[:, None, 1]
    away = points - eye
    # Half of a normal times twice the area; a closed surface shows each direction twice, which cancels.
    facing = np.abs((away * np.cross(edges[:, 0], edges[:, 1])[:, None]).sum(axis=2))
    weights = (facing / np.maximum(np.linalg.norm(away, axis=2), 1e-9) ** 3).ravel()
    return points.reshape(-1, 3), weights if weights.sum() > 1e-12 else np.ones(len(weights))
