"""Upkeep of run directories: what they hold, how large it is, and what can be deleted. Loads no model.

Begin at `find_runs`, `sizes` and `leftovers`.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ...errors import UserError
from .lock import running_owner

PARTS = ("checkpoints", "pictures", "rollouts", "evaluations", "tensorboard", "engine")
"""Folders of a run; all else is `other`."""


class NoRunError(UserError, ValueError):
    """A folder that is not a run directory; the message says where runs are."""


def find_runs(folder: Path) -> list[Path]:
    """Return the run directories in `folder`, or `folder` itself where it is one, the newest last.

    Raises:
        NoRunError: there is no such folder.
    """
    if not folder.is_dir():
        raise NoRunError(f"there is no folder {folder}; name the one that your runs are in")
    if is_run(folder):
        return [folder]
    return sorted(
        filter(is_run, folder.iterdir()), key=lambda path: ((path / "config.yaml").stat().st_mtime, path.name)
    )


def is_run(folder: Path) -> bool:
    """Tell whether `folder` is a run directory."""
    return (folder / "config.yaml").is_file()


def require_run(folder: Path) -> Path:
    """Return `folder` where it is a run directory.

    Raises:
        NoRunError: it is not.
    """
    if not is_run(folder):
        raise NoRunError(f"{folder} is not a run directory (it has no config.yaml); see `zerosight runs list`")
    return folder


def sizes(folder: Path) -> dict[str, int]:
    """Return the bytes of each part of the run in `folder`, and of all as `total`."""
    part_bytes = dict.fromkeys((*PARTS, "other"), 0)
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            top = path.relative_to(folder).parts[0]
            part_bytes[top if top in PARTS else "other"] += path.stat().st_size
    return part_bytes | {"total": sum(part_bytes.values())}


class Leftover(NamedTuple):
    """Something in a run directory that nothing will read again."""

    path: Path
    description: str
    bytes: int


def leftovers(folder: Path, keep: Sequence[Path] = (), with_checkpoints: bool = False) -> list[Leftover]:
    """Return what can be deleted in the run in `folder`: half-written files, damaged checkpoints, the engine's copies.

    Args:
        folder: of the run, which must not be running.
        keep: checkpoints that are not deleted, beside the newest.
        with_checkpoints: also list the older checkpoints, from which nothing is resumed.

    Raises:
        NoRunError: the run is running.
    """
    if (owner := running_owner(folder)) is not None:
        raise NoRunError(f"{folder} is being run by {owner}; clean it when it has ended")
    patterns: Mapping[str, str] = {
        "checkpoints/.*.part": "a checkpoint that was not finished",
        "checkpoints/.*.damaged": "a damaged checkpoint that was put aside",
        "**/.*.part": "a file that was not finished",
        "engine": "weights written for the sampling engine",
    }
    paths = {path: description for pattern, description in patterns.items() for path in folder.glob(pattern)}
    if with_checkpoints:
        older = sorted((folder / "checkpoints").glob("step_*"))[:-1]
        paths |= {path: "an older checkpoint" for path in older if path not in keep}
    return [Leftover(path, description, _bytes_of(path)) for path, description in sorted(paths.items())]


def _bytes_of(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def delete(entries: Sequence[Leftover]) -> int:
    """Delete `entries`; return how many bytes that freed."""
    for leftover in entries:
        if leftover.path.is_dir():
            shutil.rmtree(leftover.path)
        else:
            leftover.path.unlink(missing_ok=True)
    return sum(leftover.bytes for leftover in entries)
