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
from .scan import Options, Scan, ScanFrame, SkippedFrame, check_size, make_scan, pinhole_of, read_frames
from .segments import read_things
from .surfaces import of_vertices

Stream = Literal["dslr", "iphone"]
_FETCH = "fetch it with the data set's download script"
_UNDISTORT = "make it with `python -m dslr.undistort` of the data set's toolkit"
_EXTRACT = "extract the frames with `python -m iphone.prepare_iphone_data` of the data set's toolkit"
_MESH = "mesh_aligned_0.05.ply"
_BENDS = ("k1", "k2", "k3", "k4", "p1", "p2")


def is_scannetpp(folder: Path) -> bool:
    """Tell whether a `folder` looks like a scene of ScanNet++, whole or not."""
    scans_folder = folder / "scans"
    landmark_files = (_MESH, "segments.json", "segments_anno.json")
    return any((scans_folder / mark).is_file() for mark in landmark_files) or (
        scans_folder.is_dir() and any((folder / name).is_dir() for name in ("dslr", "iphone"))
    )


def open_scannetpp(folder: Path, options: Options, stream: Stream = "dslr") -> Scan:
    """Open a scene of ScanNet++.

    Args:
        folder: the scene's, named as the scene.
        options: what of it.
        stream: whose pictures: the camera's or the phone's.

    Raises:
        ScanError: a file is missing or malformed, or a lens's distortion cannot be taken out.
        ValueError: there is no such stream.
    """
    if stream not in ("dslr", "iphone"):
        raise ValueError(f"stream must be dslr or iphone, got {stream!r}")
    mesh = read_mesh(folder / "scans" / _MESH, _FETCH)
    instances = read_things(mesh, folder / "scans" / "segments.json", folder / "scans" / "segments_anno.json", _FETCH)
    if stream == "dslr":
        frames = _dslr_frames(folder / "dslr", mesh, options)
    elif (folder / "iphone" / "colmap").is_dir():
        frames = _colmap_frames(folder / "iphone", "rgb", _EXTRACT, mesh, options)
    else:
        frames = _phone_frames(folder / "iphone", mesh, options)
    return make_scan("scannetpp", folder.name, of_vertices(mesh, instances), frames, options)


Frames = tuple[tuple[ScanFrame, ...], tuple[SkippedFrame, ...]]


def _dslr_frames(folder: Path, mesh: Mesh, options: Options) -> Frames:
    transforms_path = folder / "nerfstudio" / "transforms_undistorted.json"
    if not transforms_path.is_file():
        return _colmap_frames(folder, "resized_images", _FETCH, mesh, options)
    pinhole_camera = _plain_camera(transforms_path)
    folder_names = ("undistorted_images", "resized_undistorted_images")
    picture_folder = next((folder / place for place in folder_names if (folder / place).is_dir()), None)
    if picture_folder is None:
        raise ScanError(
            folder / folder_names[0], f"is missing, although {transforms_path.name} describes it", _UNDISTORT
        )
    return _posed_frames(folder, picture_folder, pinhole_camera, _UNDISTORT, mesh, options)


def _colmap_frames(folder: Path, picture_folder: str, hint: str, mesh: Mesh, options: Options) -> Frames:
    """Return frames of COLMAP's cameras; pictures of other lenses than pinholes are undistorted when they are read.

    Args:
        folder: of the stream.
        picture_folder: name of the folder of its pictures.
        hint: how to mend it.
        mesh: the surface.
        options: which frames.
    """
    if not (folder / picture_folder).is_dir():
        raise ScanError(folder / picture_folder, "is missing", hint)
    return _posed_frames(folder, folder / picture_folder, None, hint, mesh, options)


def _posed_frames(
    folder: Path, picture_folder: Path, shared_camera: ColmapCamera | None, hint: str, mesh: Mesh, options: Options
) -> Frames:
    """Return frames with COLMAP's poses, and its cameras unless there is a `shared_camera`."""
    images_path, cameras_path = (folder / "colmap" / name for name in ("images.txt", "cameras.txt"))
    images = read_images(images_path, _FETCH)
    cameras = {} if shared_camera else read_cameras(cameras_path, _FETCH)

    def read(name: str) -> ScanFrame:
        pose = rigid(images[name].pose, f"the pose of {name}", images_path, _FETCH)
        colmap_camera = shared_camera or cameras.get(images[name].camera)
        if colmap_camera is None:
            raise ScanError(cameras_path, f"has no camera {images[name].camera}, which {name} is of", _FETCH)
        picture_path = picture_folder / name
        described_by = (
            images_path.parent if shared_camera is None else folder / "nerfstudio" / "transforms_undistorted.json"
        )
        check_size(picture_path, *colmap_camera.size, described_by)
        depth_path = folder / "depth" / f"{picture_path.stem}.png"
        return _frame(picture_path, colmap_camera, pose, depth_path, cameras_path)

    present_names = {path.name for path in picture_folder.iterdir()}
    # Of some scenes the test split's pictures are kept back by the data set: they are left out as `no picture`.
    described_names = sorted(images)
    if not present_names & set(described_names):
        raise ScanError(picture_folder, f"holds none of the pictures that {images_path.name} names", hint)
    return read_frames(described_names, read, mesh, picture_folder, options)


def _frame(
    picture_path: Path, colmap_camera: ColmapCamera, pose: np.ndarray, depth_path: Path, cameras_path: Path
) -> ScanFrame:
    """Return a frame; with a depth only where the picture is not undistorted, as the depth would not be.

    Args:
        picture_path: the picture's.
        colmap_camera: what it was taken with.
        pose: [4, 4].
        depth_path: the depth's, which may be missing.
        cameras_path: the file of the camera, for errors.
    """
    zoom = 1.0 if colmap_camera.lens is None else least_zoom(colmap_camera.lens, colmap_camera.size)
    if zoom is None:
        raise ScanError(
            cameras_path,
            f"a lens as {colmap_camera.lens} shows too little for a pinhole of its focal length",
            _UNDISTORT,
        )
    try:
        camera = pinhole_of(
            colmap_camera.size,
            (colmap_camera.focal[0] * zoom, colmap_camera.focal[1] * zoom),
            colmap_camera.middle,
            pose,
        )
    except ValueError as error:
        raise ScanError(cameras_path, str(error), _FETCH) from None
    return ScanFrame(
        picture_path,
        camera,
        colmap_camera.lens,
        depth_path if colmap_camera.lens is None and depth_path.is_file() else None,
    )


def _plain_camera(path: Path) -> ColmapCamera:
    """Read the camera of nerfstudio's file at `path`, which has to be a pinhole."""
    fields = read_json(path, _UNDISTORT)
    camera_model = field(fields, "camera_model", str, path, _UNDISTORT)
    distortion = {name: field(fields, name, float, path, _UNDISTORT) for name in _BENDS if name in fields}
    if camera_model not in ("PINHOLE", "SIMPLE_PINHOLE") or any(distortion.values()):
        raise ScanError(path, f"its camera is distorted ({camera_model}, {distortion})", _UNDISTORT)
    names = ("w", "h", "fl_x", "fl_y", "cx", "cy")
    width, height, fx, fy, cx, cy = (field(fields, name, float, path, _UNDISTORT) for name in names)
    if not (width >= 1 and height >= 1 and width == np.rint(width) and height == np.rint(height)):
        raise ScanError(path, f"its pictures are of {width} x {height} pixels", _UNDISTORT)
    return ColmapCamera((int(width), int(height)), (fx, fy), (cx, cy), None)


def _phone_frames(folder: Path, mesh: Mesh, options: Options) -> Frames:
    """Return the frames in `folder` as the phone itself gave them."""
    poses_path = folder / "pose_intrinsic_imu.json"
    entries = read_json(poses_path, _FETCH)
    if not isinstance(entries, dict) or not entries:
        raise ScanError(poses_path, "must be an object of frames", _FETCH)
    if not (folder / "rgb").is_dir():
        raise ScanError(folder / "rgb", "is missing", _EXTRACT)

    def read(name: str) -> ScanFrame:
        entry, picture_path = entries[Path(name).stem], folder / "rgb" / name
        pose = _matrix(entry, "aligned_pose", 4, poses_path, name)
        intrinsics = _matrix(entry, "intrinsic", 3, poses_path, name)
        size = picture_size(picture_path, _EXTRACT)
        if not (np.isfinite(intrinsics).all() and intrinsics[:2, 2].min() > 0 and (intrinsics[:2, 2] < size).all()):
            raise ScanError(
                poses_path, f"the intrinsic of {name} does not fit its {size[0]} x {size[1]} pixels", _EXTRACT
            )
        pose = rigid(pose, f"the aligned_pose of {name}", poses_path, _FETCH)
        focal_lengths, principal_point = (
            (float(intrinsics[0, 0]), float(intrinsics[1, 1])),
            (float(intrinsics[0, 2]), float(intrinsics[1, 2])),
        )
        depth_path = folder / "depth" / f"{picture_path.stem}.png"
        camera = ColmapCamera(size, focal_lengths, principal_point, None)
        return _frame(picture_path, camera, pose, depth_path, poses_path)

    described_names = [f"{name}.jpg" for name in sorted(entries) if re.fullmatch(r"frame_\d+", name)]
    present_names = {file.name for file in (folder / "rgb").iterdir()}
    # The toolkit extracts every so many frames of a video all of whose frames are described.
    return read_frames([name for name in described_names if name in present_names], read, mesh, folder / "rgb", options)


def _matrix(entry: Any, key: str, side: int, path: Path, frame_name: str) -> np.ndarray:
    rows = field(entry, key, list, path, f"{_FETCH} (frame {frame_name})")
    values = [value for row in rows for value in (row if isinstance(row, list) else [row])]
    return numbers(values, side * side, f"the {key} of {frame_name}", path, _FETCH).reshape(side, side)
