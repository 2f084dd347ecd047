"""ARKitScenes (Baruch et al., NeurIPS 2021 Datasets and Benchmarks) in its published layout.

`3dod/Training/<video>/` (or `Validation`) holds (https://github.com/apple/ARKitScenes, DATA.md, threedod/README.md and
threedod/benchmark_scripts/utils/, read 2026-11-23)

- `<video>_3dod_mesh.ply`: ARKit's mesh, z up; it has no labels;
- `<video>_3dod_annotation.json`: `data`, each with a `label` and `segments.obbAligned`: `centroid`, `axesLengths`
  (whole lengths) and `normalizedAxes` (nine numbers; each three in a row are one axis);
- `<video>_frames/lowres_wide/<video>_<seconds>.png` (256 x 192), `lowres_wide_intrinsics/<video>_<seconds>.pincam` (one
  line: width, height, fx, fy, cx, cy; its time can differ from the picture's by a millisecond), `lowres_wide.traj`
  (lines of seconds, a rotation as axis times angle in radians, a translation: from the world to the camera, in OpenCV's
  axes), `lowres_depth/<video>_<seconds>.png` (millimetres).

In the `raw` layout the folders of frames are directly in the video's own. Poses count for a picture within 5 ms, as in
the data set's own loader; a picture without one is a broken frame. (Pictures of `raw` come at 60 a second and poses at
10, so that most have none: use `skip_broken`, or name frames.) Phones were held in any way: pictures and their cameras
are turned by quarters so that up is up, as the data set's `rectify_im.py` does.

As the mesh has no labels, the triangles within a thing's box are its own (`surfaces.of_boxes`): also what of a wall or
another thing reaches into the box. Walls and floor are not annotated; the floor is what lies near the lowest large
horizontal surface.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from .files import ScanError, field, from_axis_angle, numbers, read_json, read_mesh, read_text, rigid
from .scan import Options, Scan, ScanFrame, check_size, make_scan, pinhole_of, read_frames
from .surfaces import of_boxes

_FETCH = "fetch it with the data set's download_data.py"
_POSE_REACH, _INNER_REACH = 0.005, 0.0015
"""Seconds by which a pose and intrinsics may differ from their picture."""
_AXES_SLACK = 1e-2
_MESH, _LABELS = "3dod_mesh.ply", "3dod_annotation.json"
Thing = tuple[str, np.ndarray, np.ndarray, np.ndarray]


def is_arkitscenes(folder: Path) -> bool:
    """Whether a folder looks like a video of ARKitScenes, whole or not."""
    video = folder.name
    files = (folder / f"{video}_{name}" for name in (_MESH, _LABELS))
    frames = (folder / f"{video}_frames", folder / "lowres_wide", folder / "lowres_wide_intrinsics")
    return any(path.is_file() for path in files) or any(path.is_dir() for path in frames)


def open_arkitscenes(folder: Path, options: Options) -> Scan:
    """A video of ARKitScenes.

    Args:
        folder: the video's, named as the video.
        options: what of it.

    Raises:
        ScanError: a file is missing or malformed.
    """
    video = folder.name
    mesh = read_mesh(folder / f"{video}_{_MESH}", _FETCH)
    things = _things(folder / f"{video}_{_LABELS}")
    place = folder / f"{video}_frames"
    place = place if place.is_dir() or not (folder / "lowres_wide").is_dir() else folder
    traj = place / "lowres_wide.traj"
    times, poses = _poses(traj)
    inner_folder, pictures = place / "lowres_wide_intrinsics", place / "lowres_wide"
    for needed in (inner_folder, pictures):
        if not needed.is_dir():
            raise ScanError(needed, "is missing", _FETCH)
    inner_paths = {seconds: path for path in inner_folder.glob("*.pincam") if (seconds := _seconds(path)) is not None}

    def read(name: str) -> ScanFrame:
        picture = pictures / name
        seconds = _seconds(picture)
        if seconds is None:
            raise ScanError(picture, "has no name of the form <video>_<seconds>.png", _FETCH)
        nearest = int(np.abs(times - seconds).argmin())
        if abs(times[nearest] - seconds) > _POSE_REACH:
            raise ScanError(traj, f"has no pose within {_POSE_REACH * 1000:g} ms of {name}", _FETCH)
        pose = rigid(poses[nearest], f"the pose of {name}", traj, _FETCH)
        path = inner_paths.get(min(inner_paths, key=lambda each: abs(each - seconds), default=0.0))
        if path is None or abs((_seconds(path) or 0.0) - seconds) > _INNER_REACH:
            raise ScanError(inner_folder / f"{picture.stem}.pincam", "is missing", _FETCH)
        width, height, fx, fy, cx, cy = numbers(read_text(path, _FETCH).split(), 6, "the line", path, _FETCH)
        check_size(picture, width, height, path)
        try:
            camera = pinhole_of((int(width), int(height)), (fx, fy), (cx, cy), pose)
        except ValueError as error:
            raise ScanError(path, str(error), _FETCH) from None
        depth = place / "lowres_depth" / name
        return ScanFrame(picture, camera, None, depth if depth.is_file() else None)

    listed = sorted(
        (path.name for path in pictures.glob("*.png")), key=lambda name: (_seconds(Path(name)) or 0.0, name)
    )
    frames = read_frames(listed, read, mesh, pictures, options)
    return make_scan("arkitscenes", video, of_boxes(mesh, things), frames, options)


def _seconds(path: Path) -> float | None:
    found = re.fullmatch(r".*_(\d+\.\d+)", path.stem)
    return float(found[1]) if found else None


def _things(path: Path) -> list[Thing]:
    """Label, centre, lengths and axes, a row each, of the annotated things."""
    body = read_json(path, _FETCH)
    if isinstance(body, dict) and body.get("skipped"):
        raise ScanError(path, "says that annotators skipped this video", "use another one")
    found = []
    for entry in field(body, "data", list, path, _FETCH):
        label = field(entry, "label", str, path, _FETCH)
        box: Any = field(field(entry, "segments", dict, path, _FETCH), "obbAligned", dict, path, _FETCH)
        centre, lengths, axes = (
            numbers(field(box, name, list, path, _FETCH), count, f"{name} of {label!r}", path, _FETCH)
            for name, count in (("centroid", 3), ("axesLengths", 3), ("normalizedAxes", 9))
        )
        axes = axes.reshape(3, 3)
        if not np.isfinite(np.concatenate([centre, lengths])).all() or lengths.min() <= 0:
            raise ScanError(path, f"the box of {label!r} has the lengths {lengths.tolist()}", _FETCH)
        # Not > slack: a nan is not above it either.
        if not np.abs(axes @ axes.T - np.eye(3)).max() <= _AXES_SLACK:
            raise ScanError(path, f"the normalizedAxes of {label!r} are not at right angles, of length 1", _FETCH)
        found.append((label, centre, lengths, axes))
    if not found:
        raise ScanError(path, "labels nothing", _FETCH)
    return found


def _poses(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Seconds [n], and `world_from_camera` [n, 4, 4]: nan where a line's numbers are not finite."""
    lines = [line for line in read_text(path, _FETCH).splitlines() if line.strip()]
    if not lines:
        raise ScanError(path, "has no poses", _FETCH)
    rows = [numbers(line.split(), 7, f"line {i}", path, _FETCH) for i, line in enumerate(lines, 1)]
    values = np.array(rows)
    if not np.isfinite(values[:, 0]).all():
        raise ScanError(path, "has a time that is not finite", _FETCH)
    poses = np.full((len(values), 4, 4), np.nan)
    for i in np.flatnonzero(np.isfinite(values).all(axis=1)):
        turn = from_axis_angle(values[i, 1:4])
        poses[i] = np.eye(4)
        poses[i, :3, :3], poses[i, :3, 3] = turn.T, -turn.T @ values[i, 4:]
    return values[:, 0], poses
