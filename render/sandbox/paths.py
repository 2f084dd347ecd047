"""The files that a worker has to read, and the way to each: links and folders that stand on it.

Imports nothing of the package. Begin with `readable`.
"""

import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[2]
SYSTEM_PATHS = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/fonts")
"""Libraries and fonts of the system."""
MAX_LINKS = 40
"""Links on the way to one file, as in the kernel."""


class Readable(NamedTuple):
    """The part of the file system that a worker is shown."""

    contents: tuple[str, ...]
    """Folders and files to be read, by their real paths; none lies within another."""
    links: tuple[tuple[str, str], ...]
    """Symbolic links on the way to them: where each stands, and what it holds."""
    folders: tuple[str, ...]
    """Folders that are only passed through."""


def interpreter() -> str:
    """Return the path of this Python without any `..` in it.

    Its folder is taken as it really is. The file itself may be a link, and stays one: beside it an environment's
    settings are looked for.
    """
    folder, name = os.path.split(sys.executable)
    return os.path.join(os.path.realpath(folder), name)


def readable() -> Readable:
    """Return what a worker has to read: system libraries, Python, its packages, and two folders of this package."""
    needed_paths = [*SYSTEM_PATHS, interpreter(), sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
    needed_paths += [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    needed_paths += [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    needed_paths += [str(PACKAGE / name) for name in ("__init__.py", "errors.py", "geometry", "render")]
    present_paths = list(dict.fromkeys(path for path in needed_paths if os.path.exists(path)))
    real_paths = sorted({os.path.realpath(path) for path in present_paths})
    contents = [
        path
        for path in real_paths
        if not any(_within(path, other_path) for other_path in real_paths if other_path != path)
    ]
    links: dict[str, str] = {}
    folders: dict[str, None] = {}
    for step, target in (step for path in present_paths for step in _way(path)):
        if any(_within(step, content) for content in contents):
            continue
        if target is None:
            folders[step] = None
        else:
            links[step] = target
    return Readable(tuple(contents), tuple(links.items()), tuple(folders))


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _way(path: str) -> Iterator[tuple[str, str | None]]:
    """Yield each folder on the way to `path`, by its real path, with None; and each link, with what it holds."""
    folder, rest_names, link_count = "/", _names(path), 0
    while rest_names:
        name = rest_names.pop(0)
        if name == "..":
            folder = os.path.dirname(folder)
            continue
        step = os.path.join(folder, name)
        if not os.path.islink(step):
            if rest_names:
                yield step, None
            folder = step
            continue
        link_target = os.readlink(step)
        yield step, link_target
        link_count += 1
        if link_count > MAX_LINKS:
            return
        folder = "/" if link_target.startswith("/") else folder
        rest_names = _names(link_target) + rest_names


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in ("", ".")]
