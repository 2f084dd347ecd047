"""A plugin package to begin a world of one's own with: `zerosight env new NAME`."""

import re
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment as Templates
from jinja2 import StrictUndefined

from ..errors import UserError

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


class ScaffoldError(UserError, ValueError):
    """The package cannot be written, with the way to mend it."""


def env_id_of(package: str) -> str:
    """The id of the world in a package of this name.

    >>> env_id_of("my-world"), env_id_of("clocks"), env_id_of("my-big-world")
    ('my/World-v1', 'clocks/Clocks-v1', 'my/BigWorld-v1')
    """
    family, *rest = package.split("-")
    return f"{family}/{''.join(part.capitalize() for part in rest or [family])}-v1"


def write_plugin(package: str, into: Path) -> Path:
    """Write a package that installs with pip and holds one small, complete world.

    Args:
        package: its name, such as `my-world`.
        into: the folder in which its own folder is made.

    Returns:
        Its folder.

    Raises:
        ScaffoldError: the name is no package name, or the folder is there already.
    """
    if not _NAME.fullmatch(package):
        tame = re.sub(r"[^a-z0-9]+", "-", package.lower()).strip("-0123456789") or "my-world"
        raise ScaffoldError(f"{package!r} is no package name: lower case, digits and hyphens; try {tame!r}")
    folder = into / package
    if folder.exists():
        raise ScaffoldError(f"{folder} is there already; choose another name or --into another folder")
    env_id, module = env_id_of(package), package.replace("-", "_")
    words = {"package": package, "module": module, "env_id": env_id, "name": env_id.split("/")[1].removesuffix("-v1")}
    templates = Templates(undefined=StrictUndefined, keep_trailing_newline=True)
    for template, target in {
        "pyproject.toml.j2": "pyproject.toml",
        "README.md.j2": "README.md",
        "init.py.j2": f"src/{module}/__init__.py",
        "world.py.j2": f"src/{module}/world.py",
        "test_world.py.j2": "tests/test_world.py",
    }.items():
        text = (files(__package__) / "plugin_template" / template).read_text(encoding="utf-8")
        path = folder / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(templates.from_string(text).render(words), encoding="utf-8")
    return folder
