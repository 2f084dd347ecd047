"""ScanNet++ (Yeshwanth et al., ICCV 2023) in its published layout.

`data/<scene>/` holds (https://github.com/scannetpp/scannetpp, common/scene_release.py, read 2026-11-23)

- `scans/mesh_aligned_0.05.ply`: the annotated mesh, z up, turned to the walls;
- `scans/segments.json`: `segIndices`; `scans/segments_anno.json`: `segGroups` with `label` and `segments`. A vertex can
  be of several things;
- `dslr/colmap/images.txt`: poses in the mesh's world; `dslr/colmap/cameras.txt`: a fisheye lens (`OPENCV_FISHEYE`);
  `dslr/resized_images/`: its pictures;
- `dslr/nerfstudio/transforms_undistorted.json` and `dslr/undistorted_images/` or `dslr/resized_undistorted_images/`:
  the same ones without distortion, as the toolkit's `dslr.undistort` makes them;
- `iphone/rgb/frame_<n>.jpg` as the toolkit's `iphone.prepare_iphone_data` extracts them, `iphone/colmap/`,
  `iphone/pose_intrinsic_imu.json` with `aligned_pose` (4 x 4, camera to the mesh's world, OpenCV's axes) and
  `intrinsic` (3 x 3) of each frame, `iphone/depth/frame_<n>.png` (millimetres).

Poses of the DSLR are always those of `images.txt`: the ones in nerfstudio's files are in that program's permuted world,
not in the mesh's (scannetpp issue 160). Undistorted pictures are used where they are. Else the distorted ones
are, and are undistorted when they are read, for a pinhole of the lens's own focal length (or a little more, so that the
picture is full), which shows the middle part of what a fisheye shows. Other lenses than `OPENCV_FISHEYE` and `OPENCV`
are refused. Of the iPhone `colmap/` is used where it is, and else `pose_intrinsic_imu.json`, whose cameras Apple gives
as pinholes.
"""

import re
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .colmap import ColmapCamera, read_cameras, read_images
from .files import Mesh, ScanError, field, numbers, picture_size, read_json, read_mesh, rigid
from .lenses import least_zoom
from .scan import Options, Scan, ScanFrame, check_size, make_scan, pinhole_of, read_frames
from .segments import read_things
from .surfaces import of_vertices

Stream = Literal["dslr", "iphone"]
_FETCH = "fetch it with the data set's download script"
_UNDISTORT = "make it with `python -m dslr.undistort` of the data set's toolkit"
_EXTRACT = "extract the frames with `python -m iphone.prepare_iphone_data` of the data set's toolkit"
_MESH = "mesh_aligned_0.05.ply"
_BENDS = ("k1", "k2", "k3", "k4", "p1", "p2")


def is_scannetpp(folder: Path) -> bool:
    """Whether a folder looks like a scene of ScanNet++, whole or not."""
    scans = folder / "scans"
    marks = (_MESH, "segments.json", "segments_anno.json")
    return any((scans / mark).is_file() for mark in marks) or (
        scans.is_dir() and any((folder / name).is_dir() for name in ("dslr", "iphone"))
    )


def open_scannetpp(folder: Path, options: Options, stream: Stream = "dslr") -> Scan:
    """A scene of ScanNet++.

    Args:
        folder: the scene's, named as the scene.
        options: what of it.
        stream: whose pictures: the camera's or the phone's.

    Raises:
        ScanError: a file is missing or malformed, or a lens's distortion cannot be taken out.
        ValueError: the stream is none.
    """
    if stream not in ("dslr", "iphone"):
        raise ValueError(f"stream must be dslr or iphone, got {stream!r}")
    mesh = read_mesh(folder / "scans" / _MESH, _FETCH)
    things = read_things(mesh, folder / "scans" / "segments.json", folder / "scans" / "segments_anno.json", _FETCH)
    if stream == "dslr":
        frames = _dslr_frames(folder / "dslr", mesh, options)
    elif (folder / "iphone" / "colmap").is_dir():
        frames = _colmap_frames(folder / "iphone", "rgb", _EXTRACT, mesh, options)
    else:
        frames = _phone_frames(folder / "iphone", mesh, options)
    return make_scan("scannetpp", folder.name, of_vertices(mesh, things), frames, options)


Frames = tuple[tuple[ScanFrame, ...], tuple[str, ...]]


def _dslr_frames(folder: Path, mesh: Mesh, options: Options) -> Frames:
    plain = folder / "nerfstudio" / "transforms_undistorted.json"
    if not plain.is_file():
        return _colmap_frames(folder, "resized_images", _FETCH, mesh, options)
    camera = _plain_camera(plain)
    places = ("undistorted_images", "resized_undistorted_images")
    pictures = next((folder / place for place in places if (folder / place).is_dir()), None)
    if pictures is None:
        raise ScanError(folder / places[0], f"is missing, although {plain.name} describes it", _UNDISTORT)
    return _posed_frames(folder, pictures, camera, _UNDISTORT, mesh, options)


def _colmap_frames(folder: Path, place: str, hint: str, mesh: Mesh, options: Options) -> Frames:
    """Frames of COLMAP's cameras, undistorted when they are read where these are no pinholes."""
    if not (folder / place).is_dir():
        raise ScanError(folder / place, "is missing", hint)
    return _posed_frames(folder, folder / place, None, hint, mesh, options)


def _posed_frames(
    folder: Path, pictures: Path, camera: ColmapCamera | None, hint: str, mesh: Mesh, options: Options
) -> Frames:
    """Frames with COLMAP's poses, and its cameras unless one is given."""
    images_path, cameras_path = (folder / "colmap" / name for name in ("images.txt", "cameras.txt"))
    images = read_images(images_path, _FETCH)
    cameras = {} if camera else read_cameras(cameras_path, _FETCH)

    def read(name: str) -> ScanFrame:
        pose = rigid(images[name].pose, f"the pose of {name}", images_path, _FETCH)
        found = camera or cameras.get(images[name].camera)
        if found is None:
            raise ScanError(cameras_path, f"has no camera {images[name].camera}, which {name} is of", _FETCH)
        picture = pictures / name
        described_by = images_path.parent if camera is None else folder / "nerfstudio" / "transforms_undistorted.json"
        check_size(picture, *found.size, described_by)
        depth = folder / "depth" / f"{picture.stem}.png"
        return _frame(picture, found, pose, depth, cameras_path)

    present = {path.name for path in pictures.iterdir()}
    # Of some scenes the test split's pictures are kept back by the data set; a listed one that is missing is an error.
    listed = sorted(images)
    if not present & set(listed):
        raise ScanError(pictures, f"holds none of the pictures that {images_path.name} names", hint)
    return read_frames(listed, read, mesh, pictures, options)


def _frame(picture: Path, of: ColmapCamera, pose: np.ndarray, depth: Path, path: Path) -> ScanFrame:
    """A frame; with a depth only where the picture is not undistorted, as the depth would not be."""
    zoom = 1.0 if of.lens is None else least_zoom(of.lens, of.size)
    if zoom is None:
        raise ScanError(path, f"a lens as {of.lens} shows too little for a pinhole of its focal length", _UNDISTORT)
    try:
        camera = pinhole_of(of.size, (of.focal[0] * zoom, of.focal[1] * zoom), of.middle, pose)
    except ValueError as error:
        raise ScanError(path, str(error), _FETCH) from None
    return ScanFrame(picture, camera, of.lens, depth if of.lens is None and depth.is_file() else None)


def _plain_camera(path: Path) -> ColmapCamera:
    """The camera of nerfstudio's file, which has to be a pinhole."""
    body = read_json(path, _UNDISTORT)
    model = field(body, "camera_model", str, path, _UNDISTORT)
    bends = {name: field(body, name, float, path, _UNDISTORT) for name in _BENDS if name in body}
    if model not in ("PINHOLE", "SIMPLE_PINHOLE") or any(bends.values()):
        raise ScanError(path, f"its camera is distorted ({model}, {bends})", _UNDISTORT)
    names = ("w", "h", "fl_x", "fl_y", "cx", "cy")
    width, height, fx, fy, cx, cy = (field(body, name, float, path, _UNDISTORT) for name in names)
    if not (width >= 1 and height >= 1 and width == np.rint(width) and height == np.rint(height)):
        raise ScanError(path, f"its pictures are of {width} x {height} pixels", _UNDISTORT)
    return ColmapCamera((int(width), int(height)), (fx, fy), (cx, cy), None)


def _phone_frames(folder: Path, mesh: Mesh, options: Options) -> Frames:
    """Frames as the phone itself gave them."""
    path = folder / "pose_intrinsic_imu.json"
    entries = read_json(path, _FETCH)
    if not isinstance(entries, dict) or not entries:
        raise ScanError(path, "must be an object of frames", _FETCH)
    if not (folder / "rgb").is_dir():
        raise ScanError(folder / "rgb", "is missing", _EXTRACT)

    def read(name: str) -> ScanFrame:
        entry, picture = entries[Path(name).stem], folder / "rgb" / name
        pose = _matrix(entry, "aligned_pose", 4, path, name)
        inner = _matrix(entry, "intrinsic", 3, path, name)
        size = picture_size(picture, _EXTRACT)
        if not (np.isfinite(inner).all() and inner[:2, 2].min() > 0 and (inner[:2, 2] < size).all()):
            raise ScanError(path, f"the intrinsic of {name} does not fit its {size[0]} x {size[1]} pixels", _EXTRACT)
        pose = rigid(pose, f"the aligned_pose of {name}", path, _FETCH)
        focal, middle = (float(inner[0, 0]), float(inner[1, 1])), (float(inner[0, 2]), float(inner[1, 2]))
        depth = folder / "depth" / f"{picture.stem}.png"
        camera = ColmapCamera(size, focal, middle, None)
        return _frame(picture, camera, pose, depth, path)

    listed = [f"{name}.jpg" for name in sorted(entries) if re.fullmatch(r"frame_\d+", name)]
    present = {each.name for each in (folder / "rgb").iterdir()}
    # The toolkit extracts every so many frames of a video all of whose frames are described.
    return read_frames([name for name in listed if name in present], read, mesh, folder / "rgb", options)


def _matrix(entry: Any, name: str, side: int, path: Path, frame: str) -> np.ndarray:
    rows = field(entry, name, list, path, f"{_FETCH} (frame {frame})")
    flat = [value for row in rows for value in (row if isinstance(row, list) else [row])]
    return numbers(flat, side * side, f"the {name} of {frame}", path, _FETCH).reshape(side, side)
