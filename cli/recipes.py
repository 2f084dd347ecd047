"""The commands about recipes: `zerosight recipe list`, `recipe show`, `compare`."""

import json
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.table import Column, Table

from .console import console

recipe_app = typer.Typer(no_args_is_help=True, help="Every system that can be run, each as a recipe of the one loop.")


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@recipe_app.command("list")
def recipe_list(as_json: Json = False) -> None:
    """All recipes, each in a line."""
    from ..train.recipes import RECIPES

    if as_json:
        found = [{"name": r.name, "title": r.title, "quirks": dict(r.algorithm.all_quirks())} for r in RECIPES.values()]
        print(json.dumps(found, indent=1))  # noqa: T201
        return
    table = Table(Column("recipe", no_wrap=True), "about")
    for recipe in RECIPES.values():
        table.add_row(recipe.name, recipe.title)
    console.print(table)


@recipe_app.command("show")
def recipe_show(name: str, as_json: Json = False) -> None:
    """A recipe's source, its deviations, and what it sets."""
    from ..train.recipes import find_recipe

    recipe = find_recipe(name)
    quirks = dict(recipe.algorithm.all_quirks())
    if as_json:
        body = {"name": recipe.name, "about": recipe.about, "changes": recipe.changes(), "quirks": quirks}
        print(json.dumps(body | {"config": recipe.config().model_dump(mode="json")}, indent=1))  # noqa: T201
        return
    console.print(recipe.about, highlight=False, markup=False, soft_wrap=True)
    changes = {key: value for key, value in recipe.changes().items() if key not in ("recipe", "algorithm")}
    if changes:
        console.print("\n[bold]What it sets[/] (everything else as by default):")
        console.print(yaml.safe_dump(changes, sort_keys=False).rstrip(), highlight=False, markup=False, soft_wrap=True)
    if quirks:
        console.print("\n[bold]Quirks[/], off unless named: --set 'quirks=[NAME]'")
        for quirk, about in quirks.items():
            console.print(f"  {quirk}: {about}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"\nRun it: zerosight evolve {recipe.name}", highlight=False)


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run directories, 2 to 6.")],
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("comparison.html"),
) -> None:
    """Put runs side by side on one page: results, curves, label error, forgetting, settings."""
    from ..train.runs.compare import write_comparison

    console.print(f"comparison: [bold]{write_comparison(runs, out)}[/]")
