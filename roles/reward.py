"""Reward terms: small functions whose weighted sum is a role's score."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..envs import Score


def weigh(terms: Mapping[str, float], weights: Any) -> Score:
    """The weighted sum of the terms.

    Args:
        terms: value by name.
        weights: a dataclass with one float field for each term.

    Raises:
        KeyError: a term has no weight or a weight no term; both are programming errors.
    """
    named = dataclasses.asdict(weights)
    if named.keys() != terms.keys():
        raise KeyError(f"terms {sorted(terms)} do not match weights {sorted(named)}")
    return Score(sum(named[name] * value for name, value in terms.items()), dict(terms))


def edge(solve_rate: float) -> float:
    """How near a task is to the edge of ability: 4p(1 - p), 1 at p = 0.5 and 0 where all or none succeed.

    Source: the variance of a Bernoulli reward, scaled to 1; as a sampling weight "learnability" in Foster and
    Foerster 2025 (https://arxiv.org/abs/2502.12272).
    """
    return 4.0 * solve_rate * (1.0 - solve_rate)


def novelty(count: int, total: int) -> float:
    """Rarity of a structure within a batch: 1 where no other member shares it, towards 0 where all do.

    Args:
        count: members of the batch with this structure, itself included.
        total: size of the batch.
    """
    return 1.0 if total <= 1 else 1.0 - (count - 1) / (total - 1)
