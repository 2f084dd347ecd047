"""The commands about recipes: `zerosight recipe list`, `recipe show`."""

from typing import Annotated

import typer
import yaml
from rich.table import Column
from rich.text import Text

from .console import Json, console, print_json, table_of

recipe_app = typer.Typer(no_args_is_help=True, help="Every system that can be run, each as a recipe of the one loop.")


@recipe_app.command("list")
def recipe_list(as_json: Json = False) -> None:
    """List all recipes, each in a line."""
    from ..train.recipes import all_recipes

    if as_json:
        summaries = [
            {"name": recipe.name, "title": recipe.title, "paper_compat": dict(recipe.algorithm.all_paper_compat())}
            for recipe in all_recipes()
        ]
        print_json(summaries)
        return
    table = table_of(Column("recipe", no_wrap=True), "about")
    for recipe in all_recipes():
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
        print_json(body | {"config": recipe.config().model_dump(mode="json")})
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
