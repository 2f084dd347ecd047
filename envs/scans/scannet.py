"""ScanNet (Dai et al., CVPR 2017) in its published layout.

`<scene>/`, as `scans/scene0000_00/`, holds (https://github.com/ScanNet/ScanNet, README.md, read 2026-11-23)

- `<scene>_vh_clean_2.ply`: the mesh that is annotated, z up, not yet turned to the walls;
- `<scene>_vh_clean_2.0.010000.segs.json`: `segIndices`, each vertex's segment;
- `<scene>.aggregation.json`: `segGroups`, each with `label` and `segments`. Where only the annotation of the fine mesh
  is there (`_vh_clean.aggregation.json`), that one, `_vh_clean.segs.json` and `_vh_clean.ply` count instead;
- `<scene>.txt`: lines `name = value`, of which `axisAlignment` (16 numbers by rows, takes the mesh's and the poses'
  world to one turned to the walls, floor at about 0), `colorWidth` and `colorHeight` are used. Scenes of the test split
  have no alignment and no annotation, and are refused;

and what the data set's `SensReader` exports of `<scene>.sens` into it: `color/<n>.jpg`, `pose/<n>.txt` (4 x 4, by rows,
camera to world in OpenCV's axes; `-inf` where tracking was lost), `intrinsic/intrinsic_color.txt` (4 x 4), and
`depth/<n>.png` (millimetres); or the frames in another layout of `scannet_frames.py`. Colour and depth are aligned
already, no extrinsics apply (the authors, ScanNet issues 2 and 92). Colour pictures count as undistorted, as the data
set gives no distortion. Principal points are taken as they are: whether they count from a pixel's centre or its corner,
half a pixel, the data set does not say.
"""

from pathlib import Path

import numpy as np

from .files import (
    ScanError,
    numbers,
    read_matrix,
    read_mesh,
    read_text,
    rigid,
    translated,
)
from .scan import Options, Scan, ScanFrame, check_size, make_scan, pinhole_of, read_frames
from .scannet_frames import EXPORT, find_frames
from .segments import read_things
from .surfaces import of_vertices

_FETCH = "fetch it with the data set's download script"


def is_scannet(folder: Path) -> bool:
    """Tell whether a `folder` looks like a scene of ScanNet, whole or not."""
    scene = folder.name
    landmark_files = (f"{scene}.aggregation.json", f"{scene}_vh_clean_2.ply", f"{scene}_vh_clean.ply", f"{scene}.sens")
    is_exported = (folder / f"{scene}.txt").is_file() and (folder / "pose").is_dir()
    return is_exported or any((folder / mark).is_file() for mark in landmark_files)


def open_scannet(folder: Path, options: Options) -> Scan:
    """Open a scene of ScanNet.

    Args:
        folder: the scene's, named as the scene.
        options: what of it.

    Raises:
        ScanError: a file is missing or malformed.
    """
    scene = folder.name
    meta_path = folder / f"{scene}.txt"
    meta_lines = _lines(meta_path)
    alignment = _alignment(meta_lines, meta_path)
    width, height = (_number(meta_lines, name, meta_path) for name in ("colorWidth", "colorHeight"))
    coarse_names = (f"{scene}_vh_clean_2.ply", f"{scene}_vh_clean_2.0.010000.segs.json", f"{scene}.aggregation.json")
    fine_names = (f"{scene}_vh_clean.ply", f"{scene}_vh_clean.segs.json", f"{scene}_vh_clean.aggregation.json")
    is_present = {name: (folder / name).is_file() for name in (*coarse_names, *fine_names)}
    use_fine = not is_present[coarse_names[2]] and (
        is_present[fine_names[2]] or (not is_present[coarse_names[0]] and is_present[fine_names[0]])
    )
    mesh_path, segments_path, groups_path = (folder / name for name in (fine_names if use_fine else coarse_names))
    mesh = read_mesh(mesh_path, _FETCH)
    instances = read_things(mesh, segments_path, groups_path, _FETCH)
    mesh = mesh._replace(vertices=translated(alignment, mesh.vertices))

    files = find_frames(folder)
    focal_lengths, principal_point = np.diag(files.intrinsics)[:2], files.intrinsics[:2, 2]

    def read(name: str) -> ScanFrame:
        picture_path, pose_path = files.folder / name, files.pose_path(name)
        if not pose_path.is_file():
            raise ScanError(pose_path, "is missing", EXPORT, "no pose")
        pose = rigid(read_matrix(pose_path, EXPORT), "the pose", pose_path, EXPORT)
        check_size(picture_path, width, height, meta_path)
        try:
            camera = pinhole_of((int(width), int(height)), focal_lengths, principal_point, alignment @ pose)
        except ValueError as error:
            raise ScanError(files.intrinsics_path, str(error), EXPORT) from None
        depth_path = files.depth_path(name)
        return ScanFrame(picture_path, camera, None, depth_path if depth_path.is_file() else None)

    frames = read_frames(files.names, read, mesh, files.folder, options)
    return make_scan("scannet", scene, of_vertices(mesh, instances), frames, options)


def _lines(meta_path: Path) -> dict[str, str]:
    pairs = [line.partition("=") for line in read_text(meta_path, _FETCH).splitlines()]
    return {name.strip(): value for name, separator, value in pairs if separator}


def _alignment(meta_lines: dict[str, str], meta_path: Path) -> np.ndarray:
    hint = f"{_FETCH}; scenes of the test split have none and cannot be used"
    if "axisAlignment" not in meta_lines:
        raise ScanError(meta_path, "has no line `axisAlignment = ` with 16 numbers", hint)
    matrix = numbers(meta_lines["axisAlignment"].split(), 16, "axisAlignment", meta_path, hint).reshape(4, 4)
    return rigid(matrix, "axisAlignment", meta_path, hint)


def _number(meta_lines: dict[str, str], key: str, meta_path: Path) -> float:
    if key not in meta_lines:
        raise ScanError(meta_path, f"has no line `{key} = ` with a number", _FETCH)
    (pixel_count,) = numbers(meta_lines[key].split(), 1, key, meta_path, _FETCH)
    if not (np.isfinite(pixel_count) and pixel_count >= 1 and pixel_count == int(pixel_count)):
        raise ScanError(meta_path, f"{key} must be a number of pixels, got {pixel_count:g}", _FETCH)
    return float(pixel_count)
