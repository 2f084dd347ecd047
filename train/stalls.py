"""Stalls: steps that teach nothing, each with its likely cause and the option to change.

A step teaches nothing where no role has a group whose rewards differ. `StallWatch` warns after `WARN_AFTER` such steps
in a row, and stops the run after as many as `stop_after_stalled_steps` says. May import nothing of the loop.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import UserError
from .config import RunConfig
from .phases import learning_roles

LOG = logging.getLogger(__name__)

WARN_AFTER = 3
"""Stalled steps in a row after which the cause is said."""
MOST = 0.9
"""Share from which on "nearly all" are meant."""


class StalledRunError(UserError, RuntimeError):
    """A run that has taught nothing for too many steps; the message names the likely cause and the option to change."""


def teaches_nothing(metrics: Mapping[str, Any], roles: tuple[str, ...]) -> bool:
    """Tell whether no role of `roles` had a group with signal, or anything to imitate, in a step with these `metrics`.

    >>> teaches_nothing({"solver/groups": 4.0, "solver/flat_groups": 4.0}, ("solver",))
    True
    >>> teaches_nothing({"solver/imitated": 2.0}, ("solver",))
    False
    """
    return not any(
        metrics.get(f"{role}/imitated", 0.0) > 0
        or metrics.get(f"{role}/groups", 0.0) > metrics.get(f"{role}/flat_groups", 0.0)
        for role in roles
    )


def likely_cause(metrics: Mapping[str, Any]) -> str:
    """Return the likely cause why a step with these `metrics` taught nothing, and the option to change.

    >>> likely_cause({"proposals": 4, "proposals_valid": 0, "rejected": {"proposal/unfinished": 4}})
    'all proposals were cut off before their end: raise rollout.proposer_tokens'
    """
    rejected = metrics.get("rejected", {})
    for name, kind, option in (("proposals", "proposal", "proposer_tokens"), ("programs", "program", "coder_tokens")):
        total = metrics.get(name) or 0
        if total and rejected.get(f"{kind}/unfinished", 0) >= MOST * total:
            return f"all {name} were cut off before their end: raise rollout.{option}"
    if metrics.get("proposals") and not metrics.get("proposals_valid"):
        code = _most_frequent(rejected, "proposal/")
        return (
            f"no proposal was valid (most often {code}): set generator.constrained_decoding=true, warm the model up, "
            "or take the recipe sampled, where no model proposes"
        )
    if metrics.get("programs") and not metrics.get("programs_spec_satisfied"):
        code = _most_frequent(rejected, "program/") if not metrics.get("programs_rendered") else "drawn otherwise"
        return (
            f"no program drew what was asked (most often {code}): raise rollout.num_programs, warm the model up, or "
            "take the recipe sampled, where no model draws"
        )
    if not metrics.get("items"):
        code = _most_frequent(rejected, "question/")
        return f"no question could be asked of any drawing (most often {code}): raise rollout.num_proposals"
    solve_rate = metrics.get("solve_rate")
    if metrics.get("solver/term/format") == 0.0:
        return (
            "no answer was of the kind that was asked for: raise rollout.solver_tokens, or set "
            "rollout.solver_mode=answer"
        )
    if solve_rate is not None and solve_rate >= MOST:
        return "the Solver answers nearly everything correctly: take harder environments (envs)"
    if solve_rate is not None and solve_rate <= 1.0 - MOST:
        return "the Solver answers nearly nothing correctly: take easier environments (envs), or warm the model up"
    return "all answers of each group were paid alike: raise rollout.num_answers or rollout.solver_temperature"


def _most_frequent(rejected: Mapping[str, int], prefix: str) -> str:
    counts = {code.removeprefix(prefix): count for code, count in rejected.items() if code.startswith(prefix)}
    return max(counts, key=lambda code: counts[code]) if counts else "no reason given"


def stalled_steps(config: RunConfig, metrics: Sequence[Mapping[str, Any]]) -> int:
    """Return how many of a run's last logged steps in a row taught nothing.

    Args:
        config: of the run.
        metrics: its logged steps.
    """
    count = 0
    for entry in reversed(metrics):
        if not teaches_nothing(entry, learning_roles(config, entry["step"] - 1)):
            break
        count += 1
    return count


class StallWatch:
    """Counts the steps in a row that taught nothing.

    Args:
        config: of the run.
    """

    def __init__(self, config: RunConfig) -> None:
        self._config = config
        self._stop_after = config.stop_after_stalled_steps
        self.stalled_steps = 0

    def recall(self, metrics: Sequence[Mapping[str, Any]]) -> None:
        """Count on from the logged `metrics` of a resumed run."""
        self.stalled_steps = stalled_steps(self._config, metrics)

    def note(self, metrics: Mapping[str, Any], roles: tuple[str, ...]) -> str | None:
        """Take in a step; returns what to tell the user, once in a row of stalled steps.

        Args:
            metrics: of the step.
            roles: that were to learn in it.

        Raises:
            StalledRunError: as many steps in a row taught nothing as the configuration allows.
        """
        self.stalled_steps = self.stalled_steps + 1 if teaches_nothing(metrics, roles) else 0
        if self._stop_after and self.stalled_steps >= self._stop_after:
            raise StalledRunError(
                f"{self.stalled_steps} steps in a row taught nothing: {likely_cause(metrics)} "
                "(stop_after_stalled_steps says how many are allowed, 0 for any number)"
            )
        if self.stalled_steps != WARN_AFTER:
            return None
        warning = f"{WARN_AFTER} steps in a row taught nothing: {likely_cause(metrics)}"
        LOG.warning(warning)
        return warning
