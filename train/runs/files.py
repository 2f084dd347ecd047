"""Files written whole or not at all; needs nothing but the standard library."""

import os
from pathlib import Path


def write_atomically(path: Path, file_bytes: bytes) -> None:
    """Write `file_bytes` to `path` so that a reader, or a restart after a kill, sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part_path = path.with_name(f".{path.name}.part")
    with part_path.open("wb") as file:
        file.write(file_bytes)
        file.flush()
        os.fsync(file.fileno())
    part_path.replace(path)
