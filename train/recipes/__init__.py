"""Recipes: every run that can be named, each a file with its source and how it differs from it.

A recipe is a configuration, with the reward weights that it pays by, and an algorithm (`train/algorithm.py`). To add
one, write a module beside these and name its `RECIPE` in `RECIPES`. May import everything in train but the loop.
"""

import contextlib
from collections.abc import Mapping

from ...envs import PluginError
from ...envs.parts import installed_parts, load_part
from ...errors import UserError, did_you_mean
from ..algorithm import Algorithm
from ..config import RunConfig
from . import absolute_zero, c2_evo, eve, infuser, m_star, mm_zero, ouroboros, r_zero, soar, spatialevo, visplay
from .base import Recipe
from .controls import frozen_proposer, majority, sampled, shuffled, uniform, zerosight

RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("zerosight", zerosight),
        mm_zero.RECIPE,
        eve.RECIPE,
        spatialevo.RECIPE,
        ouroboros.RECIPE,
        c2_evo.RECIPE,
        m_star.RECIPE,
        r_zero.RECIPE,
        visplay.RECIPE,
        absolute_zero.RECIPE,
        infuser.RECIPE,
        soar.RECIPE,
        Recipe("frozen-proposer", frozen_proposer),
        Recipe("sampled", sampled),
        Recipe("uniform", uniform),
        Recipe("majority", majority),
        Recipe("shuffled", shuffled),
    )
}


class UnknownRecipeError(UserError, ValueError):
    """No recipe has this name."""


def find_recipe(name: str) -> Recipe:
    """Return the recipe called `name`.

    Raises:
        UnknownRecipeError: no such recipe; the message suggests the closest.
        PluginError: an installed one does not load.
    """
    if name not in RECIPES and name in installed_parts("recipe"):
        return load_part("recipe", name)
    if name not in RECIPES:
        hint = did_you_mean(name, [*RECIPES, *installed_parts("recipe")], 0.4)
        raise UnknownRecipeError(f"unknown recipe {name!r}; {hint}{' ' if hint else ''}(known: {', '.join(RECIPES)})")
    return RECIPES[name]


def all_recipes() -> list[Recipe]:
    """Return every recipe, built in and installed; installed ones that do not load are left out."""
    recipes = list(RECIPES.values())
    for name in installed_parts("recipe"):
        with contextlib.suppress(PluginError):
            recipes.append(find_recipe(name))
    return recipes


def recipe_config(name: str) -> RunConfig:
    """Return the configuration of the recipe called `name`.

    Raises:
        UnknownRecipeError: no such recipe; the message suggests the closest.
    """
    return find_recipe(name).config()


def make_algorithm(name: str, config: RunConfig) -> Algorithm:
    """Return the algorithm of a recipe, for a run with this configuration.

    It pays by the run's reward weights; another algorithm than the run's own, in a phase, by those of its recipe.

    Args:
        name: of the recipe.
        config: of the run.

    Raises:
        UnknownRecipeError: no such recipe.
        ConfigError: the configuration asks for a quirk that the algorithm does not have.
    """
    recipe = find_recipe(name)
    if name != config.algorithm:
        config = config.model_copy(update={"rewards": recipe.config().rewards})
    return recipe.algorithm(config)


def algorithm_names(config: RunConfig) -> list[str]:
    """Return the algorithms that a run with `config` has in any of its phases."""
    return list(dict.fromkeys([config.algorithm, *(phase.algorithm for phase in config.phases if phase.algorithm)]))
