"""The commands about recipes: `zerosight recipe list`, `recipe show`, `compare`."""

import json
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.table import Column
from rich.text import Text

from .console import console, output_file, table_of

recipe_app = typer.Typer(no_args_is_help=True, help="Every system that can be run, each as a recipe of the one loop.")


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@recipe_app.command("list")
def recipe_list(as_json: Json = False) -> None:
    """List all recipes, each in a line."""
    from ..train.recipes import RECIPES

    if as_json:
        summaries = [
            {"name": recipe.name, "title": recipe.title, "paper_compat": dict(recipe.algorithm.all_paper_compat())}
            for recipe in RECIPES.values()
        ]
        print(json.dumps(summaries, indent=1))  # noqa: T201
        return
    table = table_of(Column("recipe", no_wrap=True), "about")
    for recipe in RECIPES.values():
        table.add_row(recipe.name, recipe.title)
    console.print(table)


@recipe_app.command("show")
def recipe_show(
    name: Annotated[str, typer.Argument(help="A recipe's name: see `recipe list`.")], as_json: Json = False
) -> None:
    """Print a recipe's source, its deviations from that, and the options that it sets."""
    from ..train.recipes import find_recipe

    recipe = find_recipe(name)
    switches = dict(recipe.algorithm.all_paper_compat())
    if as_json:
        body = {"name": recipe.name, "about": recipe.about, "changes": recipe.changes(), "paper_compat": switches}
        print(json.dumps(body | {"config": recipe.config().model_dump(mode="json")}, indent=1))  # noqa: T201
        return
    console.print(recipe.about, soft_wrap=True)
    changes = {key: value for key, value in recipe.changes().items() if key not in ("recipe", "algorithm")}
    if changes:
        console.print(Text.assemble("\n", ("What it sets", "bold"), " (everything else as by default):"))
        console.print(yaml.safe_dump(changes, sort_keys=False).rstrip(), soft_wrap=True)
    if switches:
        console.print(
            Text.assemble("\n", ("Published behaviour", "bold"), ", off unless named: --set 'paper_compat=[NAME]'")
        )
        for switch, about in switches.items():
            console.print(f"  {switch}: {about}", soft_wrap=True)
    console.print(f"\nRun it: zerosight evolve {recipe.name}", soft_wrap=True)


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run directories, 2 to 6.")],
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("comparison.html"),
) -> None:
    """Put runs side by side on one page: results, curves, label error, forgetting, settings."""
    from ..train.runs.compare import write_comparison

    output_file(out)
    console.print(Text.assemble("comparison: ", (str(write_comparison(runs, out)), "bold")), soft_wrap=True)
