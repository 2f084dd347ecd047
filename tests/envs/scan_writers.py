"""Small scanned scenes, written in the true formats of ScanNet, ScanNet++ and ARKitScenes.

The room is an L of 25 square metres with furniture that is all boxes, so that its pictures, and who sees what, follow
from where rays meet boxes: another method than the meshes and the ray casting of the loaders.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

from zerosight.geometry.boxes import OrientedBox
from zerosight.geometry.camera import Camera, look_at

OUTLINE = ((0, 0), (6, 0), (6, 3), (3.5, 3), (3.5, 5), (0, 5))
AREA = 6 * 3 + 3.5 * 2
FURNITURE = (
    ("table", OrientedBox((1.5, 1.2, 0.375), (1.4, 0.8, 0.75), 0.0)),
    ("chair", OrientedBox((1.5, 2.2, 0.45), (0.5, 0.5, 0.9), 20.0)),
    ("chair", OrientedBox((2.9, 1.1, 0.45), (0.52, 0.48, 0.9), -35.0)),
    ("sofa", OrientedBox((4.6, 0.55, 0.4), (2.0, 0.9, 0.8), 0.0)),
    ("bed", OrientedBox((1.3, 4.0, 0.25), (2.0, 1.5, 0.5), 10.0)),
    ("cabinet", OrientedBox((5.7, 2.2, 0.9), (0.4, 1.2, 1.8), 0.0)),
    ("lamp", OrientedBox((1.2, 1.2, 0.95), (0.2, 0.25, 0.4), 30.0)),
)
PILLAR = OrientedBox((3.6, 1.9, 1.2), (0.2, 0.2, 2.4), 45.0)
"""Is not labelled, and stands before things."""
WALLS = (
    OrientedBox((3, -0.05, 1.2), (6.2, 0.1, 2.4), 0.0),
    OrientedBox((6.05, 1.5, 1.2), (0.1, 3.2, 2.4), 0.0),
    OrientedBox((4.8, 3.05, 1.2), (2.4, 0.1, 2.4), 0.0),
    OrientedBox((3.55, 4.05, 1.2), (0.1, 2.0, 2.4), 0.0),
    OrientedBox((1.75, 5.05, 1.2), (3.7, 0.1, 2.4), 0.0),
    OrientedBox((-0.05, 2.5, 1.2), (0.1, 5.2, 2.4), 0.0),
)
BOXES = (*(box for _, box in FURNITURE), PILLAR, *WALLS)
INTRINSICS = np.array([[110.0, 0, 82], [0, 108, 57.5], [0, 0, 1]])
CAMERAS = tuple(
    Camera(look_at(eye, target, 60, 160, 120).world_from_camera, INTRINSICS, 160, 120)
    for eye, target in (
        ((0.5, 0.4, 1.6), (3, 2, 0.6)),
        ((5.4, 2.6, 1.5), (2, 1, 0.5)),
        ((3.2, 4.6, 1.7), (1.5, 2, 0.4)),
        ((2.3, 2.9, 1.4), (5.5, 1.2, 0.7)),
    )
)
COLOURS = np.array(
    [[200, 40, 40], [40, 160, 40], [60, 60, 200], [200, 180, 40], [150, 60, 170], [40, 170, 170], [240, 140, 60]]
    + [[90, 90, 90]] + [[225 - 8 * i] * 3 for i in range(len(WALLS))] + [[180, 150, 120]], np.uint8
)  # fmt: skip
NONE = len(BOXES)


def nearest(origin: np.ndarray, along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of `BOXES` rays [..., 3] from a point meet first (`NONE`: the floor or nothing), and how far along them."""
    owners, best = np.full(along.shape[:-1], NONE), np.full(along.shape[:-1], np.inf)
    for i, box in enumerate(BOXES):
        angle = math.radians(box.yaw)
        turn = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
        start, way = (origin - box.centre) @ turn, along @ turn
        with np.errstate(divide="ignore"):
            ends = np.stack([(sign * np.array(box.size) / 2 - start) / way for sign in (-1, 1)])
        enter, leave = ends.min(axis=0).max(axis=-1), ends.max(axis=0).min(axis=-1)
        closer = (enter <= leave) & (enter > 0) & (enter < best)
        owners[closer], best[closer] = i, enter[closer]
    return owners, best


@lru_cache
def seen(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """What each pixel of a camera shows [h, w], and its depth."""
    return nearest(camera.position, camera.directions(camera.centres()))


def picture(camera: Camera) -> np.ndarray:
    return COLOURS[seen(camera)[0]]


@dataclass
class Mesh:
    """The room's surface, and whose each vertex is: of `FURNITURE`, then the pillar, the walls, the floor."""

    vertices: np.ndarray
    triangles: np.ndarray
    owners: np.ndarray
    labels: list[str] = field(default_factory=list)


def room_mesh() -> Mesh:
    """All boxes, each with vertices of its own, and the floor as a grid with a hole under the bed."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    block = np.array([part for a, b, c, d in faces for part in ((a, b, c), (a, c, d))])
    vertices, triangles, owners, count = [], [], [], 0
    for i, box in enumerate(BOXES):
        turn = Rotation.from_euler("z", box.yaw, degrees=True).as_matrix()
        vertices.append(corners * np.array(box.size) / 2 @ turn.T + box.centre)
        # What walls stand on no scanner sees.
        triangles.append((np.delete(block, [8, 9], axis=0) if box in WALLS else block) + count)
        owners.append(np.full(8, i))
        count += 8
    places: dict[tuple[int, int], int] = {}
    squares = [(i, j) for i in range(24) for j in range(20) if i < 14 or j < 12]
    squares = [(i, j) for i, j in squares if not (2 <= i <= 7 and 14 <= j <= 17)]
    for i, j in squares:
        ring = [places.setdefault(at, count + len(places)) for at in ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1))]
        triangles.append(np.array([ring[:3], [ring[0], ring[2], ring[3]]]))
    vertices.append(np.array([[i / 4, j / 4, 0.0] for i, j in places]))
    owners.append(np.full(len(places), NONE))
    labels = [label for label, _ in FURNITURE] + [""] + ["wall"] * len(WALLS) + ["floor"]
    return Mesh(np.concatenate(vertices), np.concatenate(triangles), np.concatenate(owners), labels)


def write_ply(path: Path, vertices: np.ndarray, triangles: np.ndarray | None) -> None:
    """Binary, with colours, as the data sets' own are."""
    head = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(vertices)}\n"
    head += "".join(f"property float {axis}\n" for axis in "xyz")
    head += "".join(f"property uchar {colour}\n" for colour in ("red", "green", "blue", "alpha"))
    points = np.zeros(len(vertices), [("at", "<f4", 3), ("colour", "u1", 4)])
    points["at"], points["colour"] = vertices, 200
    body = points.tobytes()
    if triangles is not None:
        head += f"element face {len(triangles)}\nproperty list uchar int vertex_indices\n"
        faces = np.zeros(len(triangles), [("count", "u1"), ("corners", "<i4", 3)])
        faces["count"], faces["corners"] = 3, triangles
        body += faces.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((head + "end_header\n").encode() + body)


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_picture(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **({} if path.suffix == ".png" else {"quality": 95}))


def write_depth(path: Path, camera: Camera) -> None:
    depths = seen(camera)[1]
    write_picture(path, np.where(np.isfinite(depths), np.rint(depths * 1000), 0).astype(np.uint16))


def rows(matrix: np.ndarray) -> str:
    return "".join(" ".join(f"{value:f}" for value in row) + "\n" for row in matrix)


# --- ScanNet

ALIGNMENT = np.eye(4)
ALIGNMENT[:3, :3] = Rotation.from_euler("z", 25, degrees=True).as_matrix()
ALIGNMENT[:3, 3] = (-2.5, 1.25, -0.75)


def write_scannet(root: Path, fine: bool = False) -> Path:
    scene = "scene0042_01"
    folder, mesh = root / "scans" / scene, room_mesh()
    back = np.linalg.inv(ALIGNMENT)
    kind = "_vh_clean" if fine else "_vh_clean_2"
    write_ply(folder / f"{scene}{kind}.ply", mesh.vertices @ back[:3, :3].T + back[:3, 3], mesh.triangles)
    # Two segments for each thing, with names in no order.
    segments = (mesh.owners * 37 + 11) % 101 * 10 + np.arange(len(mesh.owners)) % 2
    write_json(folder / f"{scene}{kind}{'' if fine else '.0.010000'}.segs.json", {"segIndices": segments.tolist()})
    groups = [
        {"id": i, "objectId": i, "segments": np.unique(segments[mesh.owners == i]).tolist(), "label": label}
        for i, label in enumerate(mesh.labels)
        if label
    ]
    body = {"sceneId": f"scannet.{scene}", "appId": "Aggregator.v2", "segGroups": groups}
    write_json(folder / f"{scene}{'_vh_clean' if fine else ''}.aggregation.json", body)
    numbers = " ".join(f"{value:.6f}" for value in ALIGNMENT.ravel())
    meta = f"axisAlignment = {numbers} \ncolorHeight = 120\ncolorWidth = 160\ndepthHeight = 120\nsceneType = Bedroom\n"
    write_text(folder / f"{scene}.txt", meta)
    inner = np.eye(4)
    inner[:3, :3] = INTRINSICS
    for i, camera in enumerate(CAMERAS):
        name = str(20 * i)
        write_picture(folder / "color" / f"{name}.jpg", picture(camera))
        write_depth(folder / "depth" / f"{name}.png", camera)
        write_text(folder / "pose" / f"{name}.txt", rows(back @ camera.world_from_camera))
    write_text(folder / "intrinsic" / "intrinsic_color.txt", rows(inner))
    return folder


# --- ScanNet++

FISHEYE = (60.0, 60.0, 80.5, 59.0, 0.03, -0.01, 0.002, -0.0005)
RADIAL = (95.0, 95.0, 80.0, 60.0, 0.08, -0.05, 0.001, -0.0005)


def fisheye_directions() -> np.ndarray:
    """Directions in the camera's frame of a fisheye's pixels, by a table of its angles."""
    fx, fy, cx, cy, *bend = FISHEYE
    angles = np.linspace(0, 1.7, 20_000)
    radii = angles + sum(k * angles ** (3 + 2 * i) for i, k in enumerate(bend))
    columns, lines = np.meshgrid((np.arange(160) + 0.5 - cx) / fx, (np.arange(120) + 0.5 - cy) / fy)
    radius = np.hypot(columns, lines)
    angle = np.interp(radius, radii, angles)
    return np.stack([np.sin(angle) * columns / radius, np.sin(angle) * lines / radius, np.cos(angle)], axis=-1)


def radial_directions() -> np.ndarray:
    """The same of a lens with radial and tangential distortion, by iterating towards the undistorted point."""
    fx, fy, cx, cy, k1, k2, p1, p2 = RADIAL
    columns, lines = np.meshgrid((np.arange(160) + 0.5 - cx) / fx, (np.arange(120) + 0.5 - cy) / fy)
    x, y = columns, lines
    for _ in range(60):
        square = x * x + y * y
        grown = 1 + k1 * square + k2 * square * square
        x = (columns - 2 * p1 * x * y - p2 * (square + 2 * x * x)) / grown
        y = (lines - p1 * (square + 2 * y * y) - 2 * p2 * x * y) / grown
    return np.stack([x, y, np.ones_like(x)], axis=-1)


@lru_cache
def distorted(camera: Camera, directions: Callable[[], np.ndarray]) -> np.ndarray:
    return COLOURS[nearest(camera.position, directions() @ camera.rotation.T)[0]]


def colmap(folder: Path, names: list[str], model: str, parameters: list[float]) -> None:
    values = " ".join(map(repr, map(float, parameters)))
    write_text(folder / "cameras.txt", f"# Camera list\n# Number of cameras: 1\n1 {model} 160 120 {values}\n")
    text = "# Image list with two lines of data per image:\n#   POINTS2D[] as (X, Y, POINT3D_ID)\n"
    for i, (name, camera) in enumerate(zip(names, CAMERAS, strict=True)):
        inverse = np.linalg.inv(camera.world_from_camera)
        x, y, z, w = Rotation.from_matrix(inverse[:3, :3]).as_quat()
        numbers = " ".join(f"{value:.10f}" for value in (w, x, y, z, *inverse[:3, 3]))
        text += f"{i + 1} {numbers} 1 {name}\n" + ("" if i % 2 else "10.5 20.25 -1 3.0 4.0 17") + "\n"
    write_text(folder / "images.txt", text)


def write_scannetpp(root: Path, kind: str = "undistorted") -> Path:
    """`kind`: undistorted or fisheye (the DSLR), colmap or phone (the iPhone)."""
    folder, mesh = root / "data" / "0a1b2c3d4e", room_mesh()
    write_ply(folder / "scans" / "mesh_aligned_0.05.ply", mesh.vertices, mesh.triangles)
    # Each vertex is a segment, as in the data set.
    write_json(folder / "scans" / "segments.json", {"segIndices": list(range(len(mesh.vertices)))})
    groups = [
        {"id": i + 1, "objectId": i + 1, "segments": np.flatnonzero(mesh.owners == i).tolist(), "label": label.title()}
        for i, label in enumerate(mesh.labels)
        if label
    ]
    write_json(folder / "scans" / "segments_anno.json", {"sceneId": "x", "segGroups": groups})
    inner = INTRINSICS
    if kind in ("undistorted", "fisheye"):
        names = [f"DSC0{1000 + 7 * i}.JPG" for i in range(len(CAMERAS))]
        colmap(folder / "dslr" / "colmap", names, "OPENCV_FISHEYE", list(FISHEYE))
        for name, camera in zip(names, CAMERAS, strict=True):
            if kind == "fisheye":
                write_picture(folder / "dslr" / "resized_images" / name, distorted(camera, fisheye_directions))
            else:
                write_picture(folder / "dslr" / "resized_undistorted_images" / name, picture(camera))
        fields = {"w": 160, "h": 120, "fl_x": inner[0, 0], "fl_y": inner[1, 1], "cx": inner[0, 2], "cy": inner[1, 2]}
        body = {**fields, "k1": 0.0, "k2": 0.0, "k3": 0.0, "k4": 0.0, "camera_model": "PINHOLE", "frames": []}
        if kind == "undistorted":
            write_json(folder / "dslr" / "nerfstudio" / "transforms_undistorted.json", body)
        return folder
    names = [f"frame_{60 * i:06d}.jpg" for i in range(len(CAMERAS))]
    entries = {}
    for name, camera in zip(names, CAMERAS, strict=True):
        pixels = distorted(camera, radial_directions) if kind == "colmap" else picture(camera)
        write_picture(folder / "iphone" / "rgb" / name, pixels)
        write_depth(folder / "iphone" / "depth" / f"{name[:-4]}.png", camera)
        entries[name[:-4]] = {
            "timestamp": 1.5,
            "pose": np.eye(4).tolist(),
            "intrinsic": inner.tolist(),
            "aligned_pose": camera.world_from_camera.tolist(),
        }
    # All of a video's frames are described, some are extracted.
    entries["frame_000030"] = entries["frame_000000"]
    write_json(folder / "iphone" / "pose_intrinsic_imu.json", entries)
    if kind == "colmap":
        colmap(folder / "iphone" / "colmap", names, "OPENCV", list(RADIAL))
    return folder


# --- ARKitScenes


def write_arkitscenes(root: Path, raw: bool = False, turns: tuple[int, ...] = (0, 0, 0, 0)) -> Path:
    """`turns`: quarter turns clockwise that each frame's picture has been given, as by a phone that was turned."""
    video = "41254925"
    folder, mesh = root / ("raw" if raw else "3dod") / "Training" / video, room_mesh()
    write_ply(folder / f"{video}_3dod_mesh.ply", mesh.vertices, mesh.triangles)
    entries = []
    for i, (label, box) in enumerate(FURNITURE):
        axes = Rotation.from_euler("z", box.yaw, degrees=True).as_matrix().T
        aligned = {"centroid": list(box.centre), "axesLengths": list(box.size), "normalizedAxes": axes.ravel().tolist()}
        entries.append({"uid": str(i), "label": label, "segments": {"obbAligned": aligned, "obb": {}}})
    write_json(folder / f"{video}_3dod_annotation.json", {"data": entries, "skipped": False, "stats": {}})
    place = folder if raw else folder / f"{video}_frames"
    lines = []
    for i, (camera, turn) in enumerate(zip(CAMERAS, turns, strict=True)):
        seconds, given = 6845.706 + 0.1 * i, rolled(camera, turn)
        name = f"{video}_{seconds:.3f}"
        write_picture(place / "lowres_wide" / f"{name}.png", np.ascontiguousarray(np.rot90(picture(camera), -turn)))
        write_depth(place / "lowres_depth" / f"{name}.png", given)
        inner = given.intrinsics
        values = (given.width, given.height, inner[0, 0], inner[1, 1], inner[0, 2], inner[1, 2])
        # Every other one is a millisecond off, as in the data set.
        shown = seconds + 0.001 * (i % 2)
        text = " ".join(f"{value:.9g}" for value in values)
        write_text(place / "lowres_wide_intrinsics" / f"{video}_{shown:.3f}.pincam", text)
        inverse = np.linalg.inv(given.world_from_camera)
        vector = Rotation.from_matrix(inverse[:3, :3]).as_rotvec()
        lines.append(" ".join(f"{value:.9f}" for value in (seconds + 0.0004, *vector, *inverse[:3, 3])))
    write_text(place / "lowres_wide.traj", "\n".join(lines) + "\n")
    return folder


def rolled(camera: Camera, turns: int) -> Camera:
    """The camera whose picture is this one's after quarter turns clockwise."""
    for _ in range(turns):
        turn = np.eye(4)
        turn[:3, :3] = Rotation.from_euler("z", -90, degrees=True).as_matrix()
        inner, height = camera.intrinsics, camera.height
        middle = height - inner[1, 2], inner[0, 2]
        swapped = np.array([[inner[1, 1], 0, middle[0]], [0, inner[0, 0], middle[1]], [0, 0, 1]])
        camera = Camera(camera.world_from_camera @ turn, swapped, height, camera.width)
    return camera


WRITERS: dict[str, tuple[Callable[[Path], Path], dict[str, str]]] = {
    "scannet": (write_scannet, {}),
    "scannet_fine": (lambda root: write_scannet(root, fine=True), {}),
    "scannetpp": (write_scannetpp, {}),
    "scannetpp_fisheye": (lambda root: write_scannetpp(root, "fisheye"), {}),
    "scannetpp_colmap": (lambda root: write_scannetpp(root, "colmap"), {"stream": "iphone"}),
    "scannetpp_phone": (lambda root: write_scannetpp(root, "phone"), {"stream": "iphone"}),
    "arkitscenes": (write_arkitscenes, {}),
    "arkitscenes_raw": (lambda root: write_arkitscenes(root, raw=True), {}),
    "arkitscenes_turned": (lambda root: write_arkitscenes(root, turns=(0, 1, 2, 3)), {}),
}
"""By name: what writes a scene under a folder and gives its own folder, and what `open_scan` needs to be told."""
