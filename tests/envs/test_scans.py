"""Loaders of scanned scenes: what was written in a data set's format is what is read; what is broken is named."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image
from scan_writers import (
    AREA,
    CAMERAS,
    FURNITURE,
    OUTLINE,
    WRITERS,
    picture,
    rows,
    seen,
    write_scannet,
)

from zerosight.envs.scans import STRUCTURE, Options, Scan, ScanError, layout_of, list_scans, open_scan
from zerosight.geometry.room import RoomScene

formats = pytest.mark.parametrize("kind", WRITERS)
DISTORTED = ("scannetpp_fisheye", "scannetpp_colmap")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A scene of each kind, for tests that only read."""
    return {kind: write(tmp_path_factory.mktemp(kind)) for kind, (write, _) in WRITERS.items()}


@pytest.fixture(scope="module")
def scans(written: dict[str, Path]) -> dict[str, Scan]:
    return {kind: open_scan(folder, **WRITERS[kind][1]) for kind, folder in written.items()}


def make(kind: str, root: Path) -> Path:
    return WRITERS[kind][0](root)


def load(kind: str, folder: Path, **options: object) -> Scan:
    return open_scan(folder, **WRITERS[kind][1], **options)


# --- round trips


@formats
def test_objects_are_read_back(kind: str, scans: dict[str, Scan]) -> None:
    found = scans[kind].room.objects
    assert [obj.label for obj in found] == [label for label, _ in FURNITURE]
    for obj, (_, box) in zip(found, FURNITURE, strict=True):
        # A box may be told with its sides swapped and a quarter turn more: its corners are the same.
        got = obj.box.corners[np.lexsort(np.round(obj.box.corners, 3).T)]
        assert np.abs(got - box.corners[np.lexsort(np.round(box.corners, 3).T)]).max() < 0.01


@formats
def test_cameras_are_read_back(kind: str, scans: dict[str, Scan]) -> None:
    scan = scans[kind]
    assert len(scan.room.cameras) == len(CAMERAS)
    for got, camera in zip(scan.room.cameras, CAMERAS, strict=True):
        assert np.abs(got.world_from_camera - camera.world_from_camera).max() < 1e-4
        assert (got.width, got.height) == (160, 120)
        if kind not in DISTORTED:
            assert np.abs(got.intrinsics - camera.intrinsics).max() < 1e-4


@formats
def test_sights_are_those_of_rays_and_boxes(kind: str, scans: dict[str, Scan]) -> None:
    scene = scans[kind].room
    for camera, row in zip(scene.cameras, scene.visibility, strict=True):
        owners = seen(camera)[0]
        for i, sight in enumerate(row):
            pixels = np.count_nonzero(owners == i)
            assert abs(sight.pixels - pixels) <= 2 + 0.02 * pixels, (i, sight, pixels)
    # Not empty, and the pillar that nobody labelled hides things.
    assert sum(sight.pixels > 0 for row in scene.visibility for sight in row) >= 12
    assert any(0 < sight.share < 0.9 for row in scene.visibility for sight in row)


@formats
def test_outline_is_the_rooms(kind: str, scans: dict[str, Scan]) -> None:
    scene = scans[kind].room
    assert len(scene.floors) == 1
    (ring,) = scene.floors
    found, true = shapely.Polygon(ring), shapely.Polygon(OUTLINE)
    assert found.area == pytest.approx(AREA, rel=0.02)
    assert found.symmetric_difference(true).area < 0.02 * AREA
    assert found.exterior.is_ccw
    assert scene.ground == pytest.approx(0, abs=0.01)


@formats
def test_pictures_are_what_the_cameras_see(kind: str, scans: dict[str, Scan]) -> None:
    scan = scans[kind]
    for i, camera in enumerate(scan.room.cameras):
        got, true = scan.picture(i).array.astype(int), picture(camera).astype(int)
        assert got.shape == true.shape
        # At the edges of things JPEG and interpolation blur.
        assert np.median(np.abs(got - true)) <= 4
        assert np.mean(np.abs(got - true).max(axis=2) > 40) < (0.09 if kind in DISTORTED else 0.04)


@formats
def test_names_and_source(kind: str, scans: dict[str, Scan], written: dict[str, Path]) -> None:
    scan = scans[kind]
    assert scan.room.source == f"{kind.partition('_')[0]}/{written[kind].name}" and scan.scene_id == written[kind].name
    assert scan.skipped == () and scan.skip_counts == {} and len(set(scan.room.frames)) == len(CAMERAS)
    assert all(list(written[kind].rglob(name)) for name in scan.room.frames)
    assert RoomScene.from_json(scan.room.to_json()) == scan.room


def test_formats_agree(scans: dict[str, Scan]) -> None:
    """Where a thing begins in the mesh is all that they may differ in."""
    first = scans["scannetpp"].room
    for kind in ("scannet", "scannetpp_phone", "arkitscenes"):
        for row, other in zip(first.visibility, scans[kind].room.visibility, strict=True):
            assert [abs(a.pixels - b.pixels) <= 3 for a, b in zip(row, other, strict=True)] == [True] * len(row)


@pytest.mark.parametrize("kind", ["scannet", "scannetpp_phone", "arkitscenes", "arkitscenes_turned"])
def test_depths_are_those_of_the_boxes(kind: str, scans: dict[str, Scan]) -> None:
    for i in range(len(CAMERAS)):
        depth, true = scans[kind].depth(i), seen(CAMERAS[i])[1]
        assert depth is not None and depth.shape == true.shape
        met = np.isfinite(true)
        # A turned camera's edge pixels may fall to either side.
        assert np.mean(np.abs(depth[met] - true[met]) < 0.002) > 0.999 and np.isnan(depth[~met]).mean() > 0.999
    assert scans["scannetpp"].depth(0) is None and scans["scannetpp_colmap"].depth(0) is None


def test_turned_phones_are_turned_back(scans: dict[str, Scan]) -> None:
    assert scans["arkitscenes_turned"].turns == (0, 1, 2, 3)
    assert scans["arkitscenes_turned"].frames[1].camera.width == 120
    for got, level in zip(scans["arkitscenes_turned"].room.cameras, scans["arkitscenes"].room.cameras, strict=True):
        assert np.abs(got.world_from_camera - level.world_from_camera).max() < 1e-6


# --- broken files

UNREAD = re.compile(r"(depth|lowres_depth)/|DSC.*transforms\.json")
"""Files without which a scene is whole."""
UNUSED = {"scannetpp": "colmap/cameras.txt", "scannetpp_colmap": "pose_intrinsic_imu.json"}
"""Files that the way of reading does not need."""


def needed_files(kind: str, folder: Path) -> list[Path]:
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and not UNREAD.search(path.as_posix())]
    return [path for path in found if kind not in UNUSED or UNUSED[kind] not in path.as_posix()]


@formats
def test_every_file_that_is_missing_is_named(kind: str, tmp_path: Path) -> None:
    folder = make(kind, tmp_path)
    for path in needed_files(kind, folder):
        kept = path.read_bytes()
        path.unlink()
        if path.parent.name in ("color", "lowres_wide") or (kind == "scannetpp_phone" and path.parent.name == "rgb"):
            # A picture that is not there is no frame.
            assert path.name not in load(kind, folder, max_side=16).room.frames
        else:
            with pytest.raises(ScanError) as caught:
                load(kind, folder, strict=True)
            # Without the undistorted pictures' description, the distorted ones count.
            named = "resized_images" if path.name == "transforms_undistorted.json" else path.name
            if path.suffix == ".pincam":
                # Its name can be a millisecond off.
                named = f"{path.stem[:-1]}"
            assert named in str(caught.value) and str(folder) in str(caught.value)
        path.write_bytes(kept)


@formats
def test_every_file_that_is_garbage_is_named(kind: str, tmp_path: Path) -> None:
    folder = make(kind, tmp_path)
    for path in needed_files(kind, folder):
        kept = path.read_bytes()
        for garbage in (b"", b"\x00\xff\xfe garbage", b"[1, 2", b"nonsense 1 2 3\n"):
            path.write_bytes(garbage)
            with pytest.raises(ScanError) as caught:
                load(kind, folder, strict=True)
            assert caught.value.path == path and str(path) in str(caught.value)
        path.write_bytes(kept)
    assert load(kind, folder).skipped == ()


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert re.search(old, text)
    path.write_text(re.sub(old, new, text, count=1))


AGGREGATION, ANNOTATION = "scene0042_01.aggregation.json", "41254925_3dod_annotation.json"
BREAKS = {
    "no alignment": ("scannet", "scene0042_01.txt", r"axisAlignment.*\n", "", "axisAlignment"),
    "short alignment": ("scannet", "scene0042_01.txt", r"axisAlignment = \S+", "axisAlignment =", "15 numbers"),
    "mirroring alignment": ("scannet", "scene0042_01.txt", r"= 0.9", "= -0.9", "axisAlignment"),
    "no width": ("scannet", "scene0042_01.txt", "colorWidth", "width", "colorWidth"),
    "infinite width": ("scannet", "scene0042_01.txt", "colorWidth = 160", "colorWidth = inf", "colorWidth"),
    "other size": ("scannet", "scene0042_01.txt", "colorWidth = 160", "colorWidth = 1296", "0.jpg"),
    "skewed intrinsics": ("scannet", "intrinsic/intrinsic_color.txt", " 0.000000", " 3.000000", "intrinsic_color.txt"),
    "unknown segment": ("scannet", AGGREGATION, r'"segments": \[', '"segments": [424242,', "424242"),
    "no label": ("scannet", AGGREGATION, '"label": "chair"', '"label": null', "label"),
    "no groups": ("scannet", AGGREGATION, "segGroups", "groups", "segGroups"),
    "short segments": ("scannet", "scene0042_01_vh_clean_2.0.010000.segs.json", r"\[\d+, ", "[", "vertices"),
    "fractional segment": ("scannet", "scene0042_01_vh_clean_2.0.010000.segs.json", r"\[\d+,", "[1.5,", "whole number"),
    "distorted nerfstudio": (
        "scannetpp",
        "dslr/nerfstudio/transforms_undistorted.json",
        "PINHOLE",
        "OPENCV_FISHEYE",
        "distorted",
    ),
    "hidden distortion": ("scannetpp", "dslr/nerfstudio/transforms_undistorted.json", '"k1": 0.0', '"k1": 0.1', "0.1"),
    "nan focal": ("scannetpp", "dslr/nerfstudio/transforms_undistorted.json", '"fl_x": 110.0', '"fl_x": NaN', "finite"),
    "unknown lens": ("scannetpp_fisheye", "dslr/colmap/cameras.txt", "OPENCV_FISHEYE", "FOV", "FOV"),
    "too few numbers": ("scannetpp_fisheye", "dslr/colmap/cameras.txt", r" \S+\n$", "\n", "7 numbers"),
    "narrow lens": ("scannetpp_fisheye", "dslr/colmap/cameras.txt", " 0.03 ", " 5.0 ", "too little"),
    "other camera": ("scannetpp_fisheye", "dslr/colmap/images.txt", r" 1 DSC", " 5 DSC", "camera 5"),
    "no quaternion": ("scannetpp", "dslr/colmap/images.txt", r"\n1 \S+", "\n1 7.5", "images.txt"),
    "no aligned pose": ("scannetpp_phone", "iphone/pose_intrinsic_imu.json", "aligned_pose", "other", "aligned_pose"),
    "no intrinsic": ("scannetpp_phone", "iphone/pose_intrinsic_imu.json", "110.0", "-110.0", "pose_intrinsic_imu"),
    "no box": ("arkitscenes", ANNOTATION, "obbAligned", "obbOther", "obbAligned"),
    "flat box": ("arkitscenes", ANNOTATION, '"axesLengths": \\[1.4', '"axesLengths": [-1.4', "-1.4"),
    "bent axes": ("arkitscenes", ANNOTATION, '"normalizedAxes": \\[1.0', '"normalizedAxes": [2.0', "normalizedAxes"),
    "skipped": ("arkitscenes", ANNOTATION, '"skipped": false', '"skipped": true', "skipped"),
    "short line": ("arkitscenes", "41254925_frames/lowres_wide.traj", r" \S+\n", "\n", "line 1 has 6 numbers"),
    "late pose": ("arkitscenes", "41254925_frames/lowres_wide.traj", r"^6845.706", "6845.726", "6845.706.png"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_malformed_is_an_error(name: str, tmp_path: Path) -> None:
    kind, file, old, new, said = BREAKS[name]
    folder = make(kind, tmp_path)
    edited(folder / file, old, new)
    with pytest.raises(ScanError, match=re.escape(said)):
        load(kind, folder, strict=True)


def test_a_thing_without_segments_is_an_error(tmp_path: Path) -> None:
    folder = make("scannetpp", tmp_path)
    path = folder / "scans" / "segments_anno.json"
    body = json.loads(path.read_text())
    body["segGroups"][2]["segments"] = []
    path.write_text(json.dumps(body))
    with pytest.raises(ScanError, match="'Chair' has no segments"):
        open_scan(folder)


def test_depths_that_are_none_are_an_error(tmp_path: Path) -> None:
    folder = write_scannet(tmp_path)
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(folder / "depth" / "0.png")
    scan = open_scan(folder, frames=4)
    with pytest.raises(ScanError, match="16-bit depths"):
        scan.depth(0)
    (folder / "color" / "0.jpg").write_bytes((folder / "color" / "0.jpg").read_bytes()[:700])
    with pytest.raises(ScanError, match=r"0\.jpg"):
        scan.picture(0)


# --- broken frames

LOST = {
    "scannet": ("pose/20.txt", r"(?s).*", rows(np.full((4, 4), -np.inf))),
    "scannetpp": ("dslr/colmap/images.txt", r"\n2 \S+", "\n2 nan"),
    "scannetpp_colmap": ("iphone/colmap/images.txt", r"\n2 \S+", "\n2 nan"),
    "scannetpp_phone": ("iphone/pose_intrinsic_imu.json", r'("frame_000060".*?"aligned_pose": \[\[)[^,]+', r"\1NaN"),
    "arkitscenes": ("41254925_frames/lowres_wide.traj", r"\n6845.8\S+ \S+", "\n6845.8064 inf"),
}


@pytest.mark.parametrize("kind", LOST)
def test_lost_tracking_is_an_error_or_counted(kind: str, tmp_path: Path) -> None:
    folder = make(kind, tmp_path)
    whole = load(kind, folder)
    file, old, new = LOST[kind]
    edited(folder / file, old, new)
    with pytest.raises(ScanError, match="finite") as caught:
        load(kind, folder, strict=True)
    assert caught.value.path == folder / file
    scan = load(kind, folder)
    assert scan.skip_counts == {"lost pose": 1} and str(folder / file) in scan.skipped[0].error
    assert scan.skipped[0].name == whole.room.frames[1]
    assert scan.room.frames == tuple(name for i, name in enumerate(whole.room.frames) if i != 1)
    assert scan.room.cameras == tuple(camera for i, camera in enumerate(whole.room.cameras) if i != 1)
    assert scan.picture(1).digest == whole.picture(2).digest


def test_missing_pose_and_cut_picture_are_counted(tmp_path: Path) -> None:
    folder = make("scannet", tmp_path)
    (folder / "pose" / "0.txt").unlink()
    (folder / "color" / "40.jpg").write_bytes(b"\xff\xd8\xff")
    scan = open_scan(folder)
    assert scan.room.frames == ("20.jpg", "60.jpg")
    assert scan.skip_counts == {"broken picture": 1, "no pose": 1}
    assert [frame.name for frame in scan.skipped] == ["0.jpg", "40.jpg"]


def test_what_all_frames_share_is_never_left_out(tmp_path: Path) -> None:
    folder = make("scannet", tmp_path)
    (folder / "intrinsic" / "intrinsic_color.txt").unlink()
    with pytest.raises(ScanError, match="intrinsic_color"):
        open_scan(folder)


def test_all_frames_broken_is_an_error(tmp_path: Path) -> None:
    folder = make("scannet", tmp_path)
    for path in (folder / "pose").iterdir():
        path.unlink()
    with pytest.raises(ScanError, match="all of the 4 chosen frames"):
        open_scan(folder)


def test_pose_of_another_frame_of_reference_is_an_error(tmp_path: Path) -> None:
    folder = make("scannetpp_phone", tmp_path)
    path = folder / "iphone" / "pose_intrinsic_imu.json"
    body = json.loads(path.read_text())
    body["frame_000120"]["aligned_pose"][1][3] += 40
    path.write_text(json.dumps(body))
    with pytest.raises(ScanError, match=r"frame_000120.jpg: .* outside the mesh"):
        load("scannetpp_phone", folder, strict=True)
    assert load("scannetpp_phone", folder).skip_counts == {"bad pose": 1}


# --- options


def test_every_other_frame(written: dict[str, Path]) -> None:
    assert open_scan(written["scannet"], frames=2).room.frames == ("0.jpg", "40.jpg")
    assert open_scan(written["scannet"], frames=99).room.frames == ("0.jpg",)


def test_named_frames_in_their_order(written: dict[str, Path], scans: dict[str, Scan]) -> None:
    scan = open_scan(written["scannet"], frames=["60.jpg", 20])
    assert scan.room.frames == ("60.jpg", "20.jpg")
    assert scan.room.visibility == tuple(scans["scannet"].room.visibility[i] for i in (3, 1))
    with pytest.raises(ScanError, match="no frame '30'"):
        open_scan(written["scannet"], frames=[30])
    with pytest.raises(ScanError, match="twice"):
        open_scan(written["scannet"], frames=[20, "20.jpg"])


@pytest.mark.parametrize("wrong", [{"frames": 0}, {"frames": True}, {"frames": ()}, {"max_side": 3}])
def test_options_that_are_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Options(**wrong)


def test_stream_that_is_none(written: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="stream"):
        open_scan(written["scannetpp"], stream="webcam")


def test_smaller_pictures_show_the_same(written: dict[str, Path], scans: dict[str, Scan]) -> None:
    small = open_scan(written["arkitscenes_turned"], max_side=80)
    for i, (camera, whole) in enumerate(zip(small.room.cameras, CAMERAS, strict=True)):
        assert (camera.width, camera.height) == (80, 60) and small.picture(i).array.shape == (60, 80, 3)
        assert camera.fov_degrees == pytest.approx(whole.fov_degrees, abs=1e-3)
        assert np.mean(np.abs(small.picture(i).array.astype(int) - picture(camera)).max(axis=2) > 40) < 0.12
        for sight, full in zip(small.room.visibility[i], scans["arkitscenes"].room.visibility[i], strict=True):
            assert abs(4 * sight.pixels - full.pixels) <= 40 + 0.1 * full.pixels


def test_structure_can_be_chosen(written: dict[str, Path]) -> None:
    scene = open_scan(written["scannetpp"], structure=STRUCTURE - {"wall"}, frames=4).room
    assert [obj.label for obj in scene.objects].count("wall") == 6
    assert {"wall", "floor", "ceiling", "door frame", "window"} <= STRUCTURE


# --- layouts


@formats
def test_layouts_are_recognised(kind: str, written: dict[str, Path]) -> None:
    assert layout_of(written[kind]) == kind.partition("_")[0]
    root = written[kind].parents[1] if not kind.startswith("arkit") else written[kind].parents[2]
    assert list_scans(root) == [written[kind]] == list_scans(written[kind])


def test_other_folders_are_none(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    assert layout_of(tmp_path) is None and list_scans(tmp_path) == []
    with pytest.raises(ScanError, match="is no scene"):
        open_scan(tmp_path)
    with pytest.raises(ScanError, match="is no folder"):
        open_scan(tmp_path / "nowhere")
    with pytest.raises(ScanError, match="is no folder"):
        list_scans(tmp_path / "nowhere")
