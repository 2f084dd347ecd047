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
the data set's own loader; a picture without one is a broken frame, as are those before the first pose. Pictures of
`raw` come at 60 a second and poses at 10, so that most have none and are left out. Phones were held in any way:
pictures and their cameras are turned by quarters so that up is up, as the data set's `rectify_im.py` does.

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
    """Tell whether a `folder` looks like a video of ARKitScenes, whole or not."""
    video = folder.name
    landmark_files = (folder / f"{video}_{name}" for name in (_MESH, _LABELS))
    frame_folders = (folder / f"{video}_frames", folder / "lowres_wide", folder / "lowres_wide_intrinsics")
    return any(path.is_file() for path in landmark_files) or any(path.is_dir() for path in frame_folders)


def open_arkitscenes(folder: Path, options: Options) -> Scan:
    """Open a video of ARKitScenes.

    Args:
        folder: the video's, named as the video.
        options: what of it.

    Raises:
        ScanError: a file is missing or malformed.
    """
    video = folder.name
    mesh = read_mesh(folder / f"{video}_{_MESH}", _FETCH)
    annotated_boxes = _things(folder / f"{video}_{_LABELS}")
    frames_folder = folder / f"{video}_frames"
    frames_folder = frames_folder if frames_folder.is_dir() or not (folder / "lowres_wide").is_dir() else folder
    trajectory_path = frames_folder / "lowres_wide.traj"
    pose_times, poses = _poses(trajectory_path)
    intrinsics_folder, picture_folder = frames_folder / "lowres_wide_intrinsics", frames_folder / "lowres_wide"
    for needed_folder in (intrinsics_folder, picture_folder):
        if not needed_folder.is_dir():
            raise ScanError(needed_folder, "is missing", _FETCH)
    intrinsics_paths = {
        seconds: path for path in intrinsics_folder.glob("*.pincam") if (seconds := _seconds(path)) is not None
    }

    def read(name: str) -> ScanFrame:
        picture_path = picture_folder / name
        seconds = _seconds(picture_path)
        if seconds is None:
            raise ScanError(picture_path, "has no name of the form <video>_<seconds>.png", _FETCH, "bad name")
        nearest_pose = int(np.abs(pose_times - seconds).argmin())
        if abs(pose_times[nearest_pose] - seconds) > _POSE_REACH:
            raise ScanError(
                trajectory_path, f"has no pose within {_POSE_REACH * 1000:g} ms of {name}", _FETCH, "no pose"
            )
        pose = rigid(poses[nearest_pose], f"the pose of {name}", trajectory_path, _FETCH)
        intrinsics_path = intrinsics_paths.get(min(intrinsics_paths, key=lambda time: abs(time - seconds), default=0.0))
        if intrinsics_path is None or abs((_seconds(intrinsics_path) or 0.0) - seconds) > _INNER_REACH:
            raise ScanError(intrinsics_folder / f"{picture_path.stem}.pincam", "is missing", _FETCH, "no intrinsics")
        width, height, fx, fy, cx, cy = numbers(
            read_text(intrinsics_path, _FETCH).split(), 6, "the line", intrinsics_path, _FETCH
        )
        check_size(picture_path, width, height, intrinsics_path)
        try:
            camera = pinhole_of((int(width), int(height)), (fx, fy), (cx, cy), pose)
        except ValueError as error:
            raise ScanError(intrinsics_path, str(error), _FETCH) from None
        depth_path = frames_folder / "lowres_depth" / name
        return ScanFrame(picture_path, camera, None, depth_path if depth_path.is_file() else None)

    picture_names = sorted(
        (path.name for path in picture_folder.glob("*.png")), key=lambda name: (_seconds(Path(name)) or 0.0, name)
    )
    frames = read_frames(picture_names, read, mesh, picture_folder, options)
    return make_scan("arkitscenes", video, of_boxes(mesh, annotated_boxes), frames, options)


def _seconds(path: Path) -> float | None:
    name_match = re.fullmatch(r".*_(\d+\.\d+)", path.stem)
    return float(name_match[1]) if name_match else None


def _things(path: Path) -> list[Thing]:
    """Return label, centre, lengths and axes, a row each, of the annotated objects in the file at `path`."""
    document = read_json(path, _FETCH)
    if isinstance(document, dict) and document.get("skipped"):
        raise ScanError(path, "says that annotators skipped this video", "use another one")
    annotated_boxes = []
    for entry in field(document, "data", list, path, _FETCH):
        label = field(entry, "label", str, path, _FETCH)
        box: Any = field(field(entry, "segments", dict, path, _FETCH), "obbAligned", dict, path, _FETCH)
        centre, side_lengths, axes = (
            numbers(field(box, name, list, path, _FETCH), count, f"{name} of {label!r}", path, _FETCH)
            for name, count in (("centroid", 3), ("axesLengths", 3), ("normalizedAxes", 9))
        )
        axes = axes.reshape(3, 3)
        if not np.isfinite(np.concatenate([centre, side_lengths])).all() or side_lengths.min() <= 0:
            raise ScanError(path, f"the box of {label!r} has the lengths {side_lengths.tolist()}", _FETCH)
        # Not > slack: a nan is not above it either.
        if not np.abs(axes @ axes.T - np.eye(3)).max() <= _AXES_SLACK:
            raise ScanError(path, f"the normalizedAxes of {label!r} are not at right angles, of length 1", _FETCH)
        annotated_boxes.append((label, centre, side_lengths, axes))
    if not annotated_boxes:
        raise ScanError(path, "labels nothing", _FETCH)
    return annotated_boxes


def _poses(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return seconds [n] and `world_from_camera` [n, 4, 4] from `path`: nan where a line's numbers are not finite."""
    lines = [line for line in read_text(path, _FETCH).splitlines() if line.strip()]
    if not lines:
        raise ScanError(path, "has no poses", _FETCH)
    rows = [numbers(line.split(), 7, f"line {i}", path, _FETCH) for i, line in enumerate(lines, 1)]
    pose_rows = np.array(rows)
    if not np.isfinite(pose_rows[:, 0]).all():
        raise ScanError(path, "has a time that is not finite", _FETCH)
    poses = np.full((len(pose_rows), 4, 4), np.nan)
    for i in np.flatnonzero(np.isfinite(pose_rows).all(axis=1)):
        rotation = from_axis_angle(pose_rows[i, 1:4])
        poses[i] = np.eye(4)
        poses[i, :3, :3], poses[i, :3, 3] = rotation.T, -rotation.T @ pose_rows[i, 4:]
    return pose_rows[:, 0], poses
