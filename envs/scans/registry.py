"""The scans' data sets by the layout of a folder, and where their scenes lie."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from .arkitscenes import is_arkitscenes, open_arkitscenes
from .files import ScanError
from .scan import Options, Scan
from .scannet import is_scannet, open_scannet
from .scannetpp import Stream, is_scannetpp, open_scannetpp
from .surfaces import STRUCTURE

MAX_DEPTH = 5
"""Folders between a data set's root and a scene: `ARKitScenes/3dod/Training/<video>` has three."""
_LAYOUTS = {"scannet": is_scannet, "scannetpp": is_scannetpp, "arkitscenes": is_arkitscenes}


def layout_of(folder: Path) -> str | None:
    """Return `scannet`, `scannetpp` or `arkitscenes` for the `folder` of a scene, whole or not; None for others."""
    return next((name for name, fits in _LAYOUTS.items() if fits(folder)), None)


def open_scan(
    folder: str | Path,
    *,
    frames: int | Sequence[str | int] = 1,
    strict: bool = False,
    max_side: int | None = None,
    structure: Collection[str] = STRUCTURE,
    stream: Stream = "dslr",
) -> Scan:
    """Open a scanned scene of ScanNet, ScanNet++ or ARKitScenes, whichever the folder is of.

    Args:
        folder: the scene's own, as published.
        frames: every so many, or names; as in `Options`.
        strict: make a broken frame an error instead of leaving it out; as in `Options`.
        max_side: scale larger pictures down to so many pixels.
        structure: labels that are not objects; as in `Options`.
        stream: of ScanNet++: whose pictures, `dslr` or `iphone`.

    Raises:
        ScanError: the folder is of none of them, or a file is missing or malformed; it names the file.
        ValueError: an option has no such value.
    """
    scene_folder = Path(os.path.abspath(folder))
    chosen_frames = frames if isinstance(frames, int) else tuple(frames)
    options = Options(frames=chosen_frames, strict=strict, max_side=max_side, structure=structure)
    layout = layout_of(scene_folder)
    if layout == "scannet":
        return open_scannet(scene_folder, options)
    if layout == "scannetpp":
        return open_scannetpp(scene_folder, options, stream)
    if layout == "arkitscenes":
        return open_arkitscenes(scene_folder, options)
    landmark_files = (
        "<scene>_vh_clean_2.ply (ScanNet), scans/mesh_aligned_0.05.ply (ScanNet++), <video>_3dod_mesh.ply (ARKitScenes)"
    )
    problem = "is no scene" if scene_folder.is_dir() else "is no folder"
    raise ScanError(scene_folder, problem, f"give the folder of one scene, which holds {landmark_files}")


def list_scans(root: str | Path) -> list[Path]:
    """Return the folders of the scenes under `root`, or itself, sorted.

    Raises:
        ScanError: it is not a folder.
    """
    root_folder = Path(os.path.abspath(root))
    if not root_folder.is_dir():
        raise ScanError(root_folder, "is no folder", "give the folder that a data set was downloaded to")
    return sorted(_scenes(root_folder, MAX_DEPTH))


def _scenes(folder: Path, depth: int) -> list[Path]:
    if layout_of(folder):
        return [folder]
    if not depth:
        return []
    subfolders = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return [scene for path in subfolders for scene in _scenes(path, depth - 1)]
