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
`depth/<n>.png` (millimetres). Colour and depth are aligned already, no extrinsics apply (the authors, ScanNet issues 2
and 92). Colour pictures count as undistorted, as the data set gives no distortion. Principal points are taken as they
are: whether they count from a pixel's centre or its corner, half a pixel, the data set does not say.
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
from .segments import read_things
from .surfaces import of_vertices

_FETCH = "fetch it with the data set's download script"
_EXPORT = "export the frames of the .sens file with the data set's SensReader"


def is_scannet(folder: Path) -> bool:
    """Whether a folder looks like a scene of ScanNet, whole or not."""
    scene = folder.name
    marks = (f"{scene}.aggregation.json", f"{scene}_vh_clean_2.ply", f"{scene}_vh_clean.ply", f"{scene}.sens")
    exported = (folder / f"{scene}.txt").is_file() and (folder / "pose").is_dir()
    return exported or any((folder / mark).is_file() for mark in marks)


def open_scannet(folder: Path, options: Options) -> Scan:
    """A scene of ScanNet.

    Args:
        folder: the scene's, named as the scene.
        options: what of it.

    Raises:
        ScanError: a file is missing or malformed.
    """
    scene = folder.name
    meta = folder / f"{scene}.txt"
    lines = _lines(meta)
    alignment = _alignment(lines, meta)
    width, height = (_number(lines, name, meta) for name in ("colorWidth", "colorHeight"))
    coarse = (f"{scene}_vh_clean_2.ply", f"{scene}_vh_clean_2.0.010000.segs.json", f"{scene}.aggregation.json")
    fine = (f"{scene}_vh_clean.ply", f"{scene}_vh_clean.segs.json", f"{scene}_vh_clean.aggregation.json")
    has = {name: (folder / name).is_file() for name in (*coarse, *fine)}
    use_fine = not has[coarse[2]] and (has[fine[2]] or (not has[coarse[0]] and has[fine[0]]))
    surface, segments, groups = (folder / name for name in (fine if use_fine else coarse))
    mesh = read_mesh(surface, _FETCH)
    things = read_things(mesh, segments, groups, _FETCH)
    mesh = mesh._replace(vertices=translated(alignment, mesh.vertices))

    inner_path = folder / "intrinsic" / "intrinsic_color.txt"
    inner = _intrinsics(inner_path)

    def read(name: str) -> ScanFrame:
        picture = folder / "color" / name
        path = folder / "pose" / f"{picture.stem}.txt"
        pose = rigid(read_matrix(path, _EXPORT), "the pose", path, _EXPORT)
        check_size(picture, width, height, meta)
        try:
            camera = pinhole_of((int(width), int(height)), np.diag(inner)[:2], inner[:2, 2], alignment @ pose)
        except ValueError as error:
            raise ScanError(inner_path, str(error), _EXPORT) from None
        depth = folder / "depth" / f"{picture.stem}.png"
        return ScanFrame(picture, camera, None, depth if depth.is_file() else None)

    frames = read_frames(_pictures(folder / "color"), read, mesh, folder / "color", options)
    return make_scan("scannet", scene, of_vertices(mesh, things), frames, options)


def _pictures(folder: Path) -> list[str]:
    """Names of the pictures, by their numbers."""
    if not folder.is_dir():
        raise ScanError(folder, "is missing", _EXPORT)
    names = [path.name for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
    return sorted(names, key=lambda name: (not Path(name).stem.isdigit(), Path(name).stem.zfill(12)))


def _lines(meta: Path) -> dict[str, str]:
    pairs = [line.partition("=") for line in read_text(meta, _FETCH).splitlines()]
    return {name.strip(): value for name, equals, value in pairs if equals}


def _alignment(lines: dict[str, str], meta: Path) -> np.ndarray:
    hint = f"{_FETCH}; scenes of the test split have none and cannot be used"
    if "axisAlignment" not in lines:
        raise ScanError(meta, "has no line `axisAlignment = ` with 16 numbers", hint)
    matrix = numbers(lines["axisAlignment"].split(), 16, "axisAlignment", meta, hint).reshape(4, 4)
    return rigid(matrix, "axisAlignment", meta, hint)


def _number(lines: dict[str, str], name: str, meta: Path) -> float:
    if name not in lines:
        raise ScanError(meta, f"has no line `{name} = ` with a number", _FETCH)
    (found,) = numbers(lines[name].split(), 1, name, meta, _FETCH)
    if not (np.isfinite(found) and found >= 1 and found == int(found)):
        raise ScanError(meta, f"{name} must be a number of pixels, got {found:g}", _FETCH)
    return float(found)


def _intrinsics(path: Path) -> np.ndarray:
    inner = read_matrix(path, _EXPORT)
    plain = np.diag([inner[0, 0], inner[1, 1], 1.0, 1.0])
    plain[:2, 2] = inner[:2, 2]
    if not np.isfinite(inner).all() or not np.array_equal(inner, plain) or np.diag(inner).min() <= 0:
        raise ScanError(path, f"is no pinhole's matrix without skew: {inner.tolist()}", _EXPORT)
    return inner
