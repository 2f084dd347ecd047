"""`zerosight part`: recipes, reward terms, curricula, losses and benchmarks of one's own, as installed packages."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column
from rich.text import Text

from ..envs.parts import GROUPS, installed_parts
from ..envs.scaffold import checked_name, write_templates
from .console import Json, Usage, console, need_training, one_of, print_json, report_checks, table_of

part_app = typer.Typer(
    no_args_is_help=True, help="Recipes, reward terms, curricula, losses and benchmarks of your own."
)
Kind = Annotated[str, typer.Argument(help=f"{', '.join(GROUPS)}.")]


@part_app.command("list")
def part_list(as_json: Json = False) -> None:
    """List the installed parts of every kind."""
    parts = [(kind, name, point.value) for kind in GROUPS for name, point in sorted(installed_parts(kind).items())]
    if as_json:
        print_json([{"kind": kind, "name": name, "value": value} for kind, name, value in parts])
        return
    if not parts:
        console.print("none is installed; `zerosight part new KIND NAME` writes one")
        return
    table = table_of(Column("kind", no_wrap=True), Column("name", no_wrap=True), "where")
    for row in parts:
        table.add_row(*row)
    console.print(table)


@part_app.command("new")
def part_new(
    kind: Kind,
    name: Annotated[str, typer.Argument(help="The package's name, such as my-recipe; the part is called so too.")],
    into: Annotated[Path, typer.Option(help="The folder in which the package's folder is made.")] = Path(),
) -> None:
    """Write a package with a part of one kind, as a starting point."""
    one_of("kind", kind, GROUPS)
    checked_name(name)
    folder = into / name
    if folder.exists():
        raise Usage(f"{folder} is there already; choose another name or --into another folder")
    module = name.replace("-", "_")
    values = {
        "package": name,
        "name": name,
        "module": module,
        "kind": kind,
        "group": GROUPS[kind],
        "title": name.replace("-", " ").capitalize(),
        # Of a reward the module itself: its import declares the terms.
        "attribute": "" if kind == "reward" else ":PART",
    }
    target_names = {
        "pyproject.toml.j2": "pyproject.toml",
        f"{kind}.py.j2": f"src/{module}/__init__.py",
        "test_part.py.j2": "tests/test_part.py",
    }
    write_templates(files(__package__) / "part_template", target_names, values, folder)
    console.print(Text.assemble(f"{folder}: the {kind} ", (name, "bold"), "; next:"), soft_wrap=True)
    for step in (f"pip install -e {folder}", f"zerosight part check {kind} {name}"):
        console.print(f"  {step}", soft_wrap=True)


@part_app.command("check")
def part_check(
    kind: Kind, name: Annotated[str, typer.Argument(help="See `part list`.")], as_json: Json = False
) -> None:
    """Check that an installed part keeps what its kind promises; exit with 1 where it does not."""
    one_of("kind", kind, GROUPS)
    need_training()
    from .part_checks import check_part

    results = check_part(kind, name)
    report_checks(results, as_json)
