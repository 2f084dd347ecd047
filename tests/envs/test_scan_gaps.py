"""Scans with the gaps and in the layouts that users have: frames are left out and counted, or an error where strict."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scan_writers import CAMERAS, INTRINSICS, WRITERS, rows, write_scannet

from zerosight.envs import item_rng, make
from zerosight.envs.core import FolderError
from zerosight.envs.scans import Scan, ScanError, list_scans, open_scan
from zerosight.envs.spatial.scanned import read_scan

LOST = rows(np.full((4, 4), -np.inf))


@pytest.fixture
def scannet(tmp_path: Path) -> Path:
    return write_scannet(tmp_path)


def test_of_every_so_many_frames_the_first_usable_one_is_taken(scannet: Path) -> None:
    (scannet / "pose" / "0.txt").write_text(LOST)
    (scannet / "pose" / "60.txt").write_text(LOST)
    scan = open_scan(scannet, frames=2)
    assert scan.room.frames == ("20.jpg", "40.jpg") and scan.skip_counts == {"lost pose": 1}
    with pytest.raises(ScanError, match=r"0\.txt: the pose is not finite"):
        open_scan(scannet, frames=2, strict=True)


def test_side_files_of_macos_are_not_frames(scannet: Path) -> None:
    (scannet / "color" / "._0.jpg").write_bytes(b"\x00\x05\x16\x07")
    scan = open_scan(scannet)
    assert scan.room.frames == ("0.jpg", "20.jpg", "40.jpg", "60.jpg") and scan.skip_counts == {"side file": 1}
    with pytest.raises(ScanError, match=r"\._0\.jpg: is not a picture"):
        open_scan(scannet, strict=True)


def test_only_side_files_are_no_pictures(scannet: Path) -> None:
    for path in (scannet / "color").iterdir():
        path.rename(path.with_name(f"._{path.name}"))
    with pytest.raises(ScanError, match="holds no pictures"):
        open_scan(scannet)


def test_pictures_of_another_size_are_counted(scannet: Path) -> None:
    Image.new("RGB", (64, 48)).save(scannet / "color" / "20.jpg")
    assert open_scan(scannet).skip_counts == {"picture size": 1}


@pytest.mark.parametrize(
    ("kind", "picture"),
    [("scannetpp", "dslr/undistorted_images/DSC01007.JPG"), ("scannetpp_fisheye", "dslr/resized_images/DSC01007.JPG")],
)
def test_pictures_that_a_data_set_keeps_back_are_counted(kind: str, picture: str, tmp_path: Path) -> None:
    write, options = WRITERS[kind]
    folder = write(tmp_path)
    candidates = list(folder.rglob(Path(picture).name))
    assert candidates
    for path in candidates:
        path.unlink()
    scan = open_scan(folder, **options)
    assert len(scan.room.frames) == len(CAMERAS) - 1 and scan.skip_counts == {"no picture": 1}
    with pytest.raises(ScanError, match="DSC01007"):
        open_scan(folder, strict=True, **options)


def test_frames_before_the_first_pose_are_counted(tmp_path: Path) -> None:
    write, options = WRITERS["arkitscenes"]
    folder = write(tmp_path)
    trajectory = next(folder.rglob("lowres_wide.traj"))
    trajectory.write_text("".join(trajectory.read_text().splitlines(keepends=True)[2:]))
    unbroken = open_scan(write(tmp_path / "whole"), **options)
    scan = open_scan(folder, **options)
    assert scan.room.frames == unbroken.room.frames[2:] and scan.skip_counts == {"no pose": 2}


# --- layouts


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    """The scene as the Python reader exports it."""
    return open_scan(write_scannet(tmp_path_factory.mktemp("whole")))


def same(scan: Scan, other: Scan) -> bool:
    """Tell whether two scans have the same room, apart from the names of their pictures."""
    rooms = [one.room.to_dict() | {"frames": None} for one in (scan, other)]
    return rooms[0] == rooms[1] and scan.picture(1).digest == other.picture(1).digest


def test_selected_frames_of_spatialevo(scannet: Path, whole: Scan) -> None:
    (scannet / "color").rename(scannet / "frame_processed")
    (scannet / "intrinsic" / "intrinsic_color.txt").rename(scannet / "intrinsic_color.txt")
    assert same(open_scan(scannet), whole)


@pytest.mark.parametrize("place", ["scannet_frames_25k", "tasks/scannet_frames_25k", "scans/scannet_frames_25k"])
def test_frames_25k_lie_beside_the_meshes(place: str, scannet: Path, whole: Scan) -> None:
    root = scannet.parent.parent
    subset = root / place / scannet.name
    subset.mkdir(parents=True)
    for name in ("color", "pose", "depth"):
        shutil.move(scannet / name, subset / name)
    for number, path in enumerate(sorted((subset / "color").iterdir(), key=lambda path: int(path.stem))):
        for folder, suffix in (("color", "jpg"), ("pose", "txt"), ("depth", "png")):
            (subset / folder / f"{path.stem}.{suffix}").rename(subset / folder / f"{number * 100:06d}.{suffix}")
    (scannet / "intrinsic" / "intrinsic_color.txt").rename(subset / "intrinsics_color.txt")
    shutil.rmtree(scannet / "intrinsic")
    scan = open_scan(scannet)
    assert same(scan, whole) and scan.room.frames == ("000000.jpg", "000100.jpg", "000200.jpg", "000300.jpg")
    assert scan.depth(0) is not None and list_scans(root) == [scannet]


@pytest.mark.parametrize("place", ["", "frames"])
def test_frames_of_the_cpp_reader(place: str, scannet: Path, whole: Scan) -> None:
    folder = scannet / place
    folder.mkdir(exist_ok=True)
    for number, path in enumerate(sorted((scannet / "color").iterdir(), key=lambda path: int(path.stem))):
        path.rename(folder / f"frame-{number:06d}.color.jpg")
        (scannet / "pose" / f"{path.stem}.txt").rename(folder / f"frame-{number:06d}.pose.txt")
        depths = np.asarray(Image.open(scannet / "depth" / f"{path.stem}.png")).astype(">u2")
        header = f"P5\n{depths.shape[1]} {depths.shape[0]}\n65535\n".encode()
        (folder / f"frame-{number:06d}.depth.pgm").write_bytes(header + depths.tobytes())
    for name in ("color", "pose", "depth", "intrinsic"):
        shutil.rmtree(scannet / name)
    intrinsics = np.eye(4)
    intrinsics[:3, :3] = INTRINSICS
    numbers = " ".join(f"{value:g}" for value in intrinsics.ravel())
    (folder / "_info.txt").write_text(f"m_colorWidth = 160\nm_calibrationColorIntrinsic = {numbers}\n")
    scan = open_scan(scannet)
    assert same(scan, whole) and scan.room.frames[1] == "frame-000001.color.jpg"
    assert np.array_equal(scan.depth(1), whole.depth(1), equal_nan=True)
    (folder / "_info.txt").write_text("m_versionNumber = 4\n")
    with pytest.raises(ScanError, match="m_calibrationColorIntrinsic"):
        open_scan(scannet)


# --- as an environment


def test_a_relative_folder_is_an_environment(scannet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scannet.parent.parent)
    env = make("spatial/Rooms-v1@scans")
    item = env.sample(item_rng(env.id, "dev", 0, 0), "distance_cam_obj", 1)
    assert item.program.startswith(f"scan {scannet.name} ") and env.render(item.program) == item.scene


def test_a_scene_that_cannot_be_read_does_not_end_the_others(scannet: Path) -> None:
    root = scannet.parent
    (root / "scene0001_00").mkdir()
    (root / "scene0001_00" / "scene0001_00_vh_clean_2.ply").write_bytes(b"ply")
    env = make(f"spatial/Rooms-v1@{root}")
    # Not by its id, which holds this run's folder: other draws might never come upon the broken scene.
    items = [env.sample(item_rng("spatial/Rooms-v1", "dev", 0, number), "distance_cam_obj", 1) for number in range(4)]
    assert {item.program.split()[1] for item in items} == {scannet.name} and list(env.unusable) == ["scene0001_00"]
    (scannet / f"{scannet.name}_vh_clean_2.ply").unlink()
    read_scan.cache_clear()
    with pytest.raises(FolderError, match=r"no scan under .* can be read, first .*scene"):
        env = make(f"spatial/Rooms-v1@{root}")
        env.sample(item_rng(env.id, "dev", 0, 0), "distance_cam_obj", 1)
