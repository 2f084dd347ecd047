"""Phases of a run: which roles learn in a step, and by which algorithm. May import the configuration alone."""

from ..roles.terms import TABLES
from .config import Phase, RunConfig

ROLES = tuple(TABLES)

EVERY_ROLE = Phase(roles=ROLES, steps=1)
"""What a run without phases does in each step."""


def phase_at(config: RunConfig, step: int) -> Phase:
    """Return the phase of a `step`, counted from 0: the phases follow one another over and over."""
    if not config.phases:
        return EVERY_ROLE
    step_in_cycle = step % sum(phase.steps for phase in config.phases)
    for phase in config.phases:
        if step_in_cycle < phase.steps:
            return phase
        step_in_cycle -= phase.steps
    raise AssertionError("a place within the sum of the phases lies in one of them")


def algorithm_at(config: RunConfig, step: int) -> str:
    """Return the name of the algorithm of a `step`, counted from 0."""
    return phase_at(config, step).algorithm or config.algorithm


def learning_roles(config: RunConfig, step: int) -> tuple[str, ...]:
    """Return the roles whose weights are changed in a `step`, counted from 0."""
    return tuple(role for role in phase_at(config, step).roles if config.learning.role_weights.get(role))
