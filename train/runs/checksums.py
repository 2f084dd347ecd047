"""Checksums of a checkpoint's files, so that one damaged on disk is told from one that can be gone on with."""

import hashlib
import json
from pathlib import Path

NAME = "checksums.json"


class DamagedError(ValueError):
    """A checkpoint's file is missing or not as it was written; the message names it."""


def file_digest(path: Path) -> str:
    """Return the SHA-256 of the file at `path`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_checksums(folder: Path) -> None:
    """Write the size and digest of every file below `folder` to `checksums.json` in it."""
    file_paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    file_sums = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": file_digest(path)}
        for path in file_paths
    }
    (folder / NAME).write_text(json.dumps(file_sums, indent=1) + "\n")


def check_files(folder: Path) -> None:
    """Compare the files below `folder` with its checksums; nothing where an earlier version wrote none.

    Raises:
        DamagedError: a file is missing, cut, or holds other bytes; or the checksums cannot be read.
        OSError: a file cannot be read.
    """
    sums_path = folder / NAME
    if not sums_path.exists():
        return
    try:
        written_sums = json.loads(sums_path.read_bytes())
        expected_files = {name: (int(entry["bytes"]), str(entry["sha256"])) for name, entry in written_sums.items()}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DamagedError(f"{NAME} cannot be read") from error
    # Sizes first: a cut file is found without reading the others.
    for name, (size, _) in expected_files.items():
        if not (folder / name).is_file():
            raise DamagedError(f"{name} is missing")
        if (folder / name).stat().st_size != size:
            raise DamagedError(f"{name} has {(folder / name).stat().st_size} bytes of {size}")
    for name, (_, digest) in expected_files.items():
        if file_digest(folder / name) != digest:
            raise DamagedError(f"{name} does not have the bytes that were written")
