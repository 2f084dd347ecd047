"""A plugin package to begin an environment of one's own with: `zerosight env new NAME`."""

import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from jinja2 import Environment as Templates
from jinja2 import StrictUndefined

from ..errors import UserError

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


class ScaffoldError(UserError, ValueError):
    """The package cannot be written; the message says how to mend it."""


def env_id_of(package_name: str) -> str:
    """Return the id of the environment in a package called `package_name`.

    >>> env_id_of("my-world"), env_id_of("clocks"), env_id_of("my-big-world")
    ('my/World-v1', 'clocks/Clocks-v1', 'my/BigWorld-v1')
    """
    family, *name_parts = package_name.split("-")
    return f"{family}/{''.join(part.capitalize() for part in name_parts or [family])}-v1"


def checked_name(package_name: str) -> str:
    """Return `package_name` where it is one.

    Raises:
        ScaffoldError: it is not; the message suggests one.
    """
    if not _NAME.fullmatch(package_name):
        suggestion = re.sub(r"[^a-z0-9]+", "-", package_name.lower()).strip("-0123456789") or "my-world"
        raise ScaffoldError(f"{package_name!r} is no package name: lower case, digits and hyphens; try {suggestion!r}")
    return package_name


def write_plugin(package_name: str, parent_folder: Path) -> Path:
    """Write a package that installs with pip and holds one small, complete environment.

    Args:
        package_name: such as `my-world`.
        parent_folder: the folder in which the package's own folder is made.

    Returns:
        The package's folder.

    Raises:
        ScaffoldError: the name is not a package name, or the folder exists already.
    """
    checked_name(package_name)
    package_folder = parent_folder / package_name
    if package_folder.exists():
        raise ScaffoldError(f"{package_folder} is there already; choose another name or --into another folder")
    env_id, module_name = env_id_of(package_name), package_name.replace("-", "_")
    template_values = {
        "package": package_name,
        "module": module_name,
        "env_id": env_id,
        "name": env_id.split("/")[1].removesuffix("-v1"),
    }
    target_names = {
        "pyproject.toml.j2": "pyproject.toml",
        "README.md.j2": "README.md",
        "init.py.j2": f"src/{module_name}/__init__.py",
        "world.py.j2": f"src/{module_name}/world.py",
        "test_world.py.j2": "tests/test_world.py",
    }
    write_templates(files(__package__) / "plugin_template", target_names, template_values, package_folder)
    return package_folder


def write_templates(
    template_folder: Traversable, target_names: Mapping[str, str], template_values: Mapping[str, str], folder: Path
) -> None:
    """Write files of a package from templates.

    Args:
        template_folder: of the templates.
        target_names: path of each file in `folder`, by its template's name.
        template_values: what the templates name.
        folder: of the package.
    """
    templates = Templates(undefined=StrictUndefined, keep_trailing_newline=True)
    for template_name, target_name in target_names.items():
        template_text = (template_folder / template_name).read_text(encoding="utf-8")
        target_path = folder / target_name
        target_path.parent.mkdir(parents=True, exist_ok=True)
        target_path.write_text(templates.from_string(template_text).render(template_values), encoding="utf-8")
