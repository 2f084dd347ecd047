"""Recipes: a run is a named function that gives a full configuration."""

import difflib
from collections.abc import Callable, Mapping

from ..config import CurriculumConfig, RunConfig


class UnknownRecipeError(ValueError):
    """No recipe has this name."""


def zerosight() -> RunConfig:
    """The default: all three roles, oracle answers, curriculum at the edge."""
    return RunConfig(recipe="zerosight")


def uniform() -> RunConfig:
    """Control: the default with forms and difficulties drawn evenly."""
    return RunConfig(recipe="uniform", curriculum=CurriculumConfig(kind="uniform"))


def shuffled() -> RunConfig:
    """Control: the default with the Solver's rewards shuffled, which must teach nothing."""
    return RunConfig(recipe="shuffled", shuffle_rewards=True)


RECIPES: Mapping[str, Callable[[], RunConfig]] = {recipe.__name__: recipe for recipe in (zerosight, uniform, shuffled)}


def recipe_config(name: str) -> RunConfig:
    """The configuration of a recipe.

    Raises:
        UnknownRecipeError: no such recipe; the message suggests the closest.
    """
    if name not in RECIPES:
        close = difflib.get_close_matches(name, RECIPES, n=1, cutoff=0.4)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise UnknownRecipeError(f"unknown recipe {name!r}; {hint}(known: {', '.join(RECIPES)})")
    return RECIPES[name]()
