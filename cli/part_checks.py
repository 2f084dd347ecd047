"""Checks of installed parts, by kind: that they load, and keep what their kind promises. Loads torch."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..envs import SeededRng, make
from ..envs.checker import CheckResult
from ..envs.parts import installed_parts, load_part
from ..errors import UserError

WORLD = "shapes/Canvas-v1"


def check_part(kind: str, name: str) -> list[CheckResult]:
    """Return the checks of the installed part of a `kind` called `name`; what does not load fails the only one.

    Raises:
        PluginError: there is no such kind, or no such part of it.
    """
    if name not in installed_parts(kind):
        load_part(kind, name)
    try:
        part = load_part(kind, name)
    except UserError as error:
        return [CheckResult("loads", False, str(error))]
    return [CheckResult("loads", True, f"{type(part).__name__}"), *_CHECKS[kind](name, part)]


def _recipe(name: str, part: Any) -> Iterator[CheckResult]:
    from ..train.algorithm import Algorithm
    from ..train.recipes import make_algorithm
    from ..train.recipes.base import Recipe
    from ..train.recipes.effects import ineffective

    yield CheckResult("is a Recipe", isinstance(part, Recipe), type(part).__name__)
    if not isinstance(part, Recipe):
        return
    yield CheckResult("has its entry point's name", part.name == name, part.name)
    yield CheckResult("says what it is", bool(part.title), part.title)
    config = part.config()
    yield CheckResult("is recorded under its name", config.recipe == name, f"recipe={config.recipe}")
    idle_options = ineffective(config, [option for option in part.changes() if option not in ("recipe", "algorithm")])
    detail = "; ".join(f"{option}: {reason}" for option, reason in idle_options.items()) or "all act"
    yield CheckResult("sets no option without effect", not idle_options, detail)
    algorithm = make_algorithm(config.algorithm, config)
    yield CheckResult("makes its algorithm", isinstance(algorithm, Algorithm), type(algorithm).__name__)


def _reward(name: str, part: Any) -> Iterator[CheckResult]:
    from ..roles.terms import TABLES

    module_name = getattr(part, "__module__", None) or getattr(part, "__name__", "")
    terms = [
        f"rewards.{role}.{term.name}"
        for role, table in TABLES.items()
        for term in table.terms.values()
        if term.compute.__module__ == module_name
    ]
    yield CheckResult("declares terms", bool(terms), ", ".join(terms) or "none")
    weighed = [term for term in terms if TABLES[term.split(".")[1]].terms[term.split(".")[2]].default_weight]
    yield CheckResult("weighs nothing by default", not weighed, ", ".join(weighed) or "all weigh 0")


def _curriculum(name: str, part: Any) -> Iterator[CheckResult]:
    from ..train.config import CurriculumConfig
    from ..train.curriculum.base import Curriculum

    is_curriculum = isinstance(part, type) and issubclass(part, Curriculum)
    yield CheckResult("is a Curriculum class", is_curriculum, repr(part))
    if not is_curriculum:
        return

    def made() -> Any:
        return part(CurriculumConfig(), [make(WORLD)])

    curriculum = made()
    for number, arm in enumerate(curriculum.draw(SeededRng(("check",)), 60)):
        curriculum.observe(arm.env, arm.task, arm.difficulty, number % 5 / 4, 8)
        curriculum.note_share(arm.env, arm.task, arm.difficulty, 0.5)
    curriculum.finish_step()
    weights = [curriculum.weight(arm) for arm in curriculum.arms]
    are_weights = all(math.isfinite(weight) and weight >= 0 for weight in weights) and sum(weights) > 0
    yield CheckResult("weights are finite and not negative", are_weights, f"{min(weights):.3g} to {max(weights):.3g}")
    restored = made()
    restored.restore(json.loads(json.dumps(curriculum.state())))
    is_same = [restored.weight(arm) for arm in restored.arms] == weights
    yield CheckResult("a checkpoint brings its weights back", is_same, f"{len(weights)} arms")


def _loss(name: str, part: Any) -> Iterator[CheckResult]:
    import torch

    from ..train.learning.losses import LossKind, policy_loss

    yield CheckResult("is a LossKind", isinstance(part, LossKind), type(part).__name__)
    if not isinstance(part, LossKind):
        return
    generator = torch.Generator().manual_seed(0)
    old, sequence = -torch.rand(12, generator=generator), torch.arange(4).repeat_interleave(3)
    gradients = []
    for advantages in (torch.zeros(12), torch.tensor([1.0, -1.0, 0.5, -0.5]).repeat_interleave(3)):
        logprobs = (old + 0.01).requires_grad_()
        loss = policy_loss(name, logprobs, old, advantages, sequence).loss
        loss.backward()
        assert logprobs.grad is not None
        gradients.append(logprobs.grad)
    yield CheckResult("teaches nothing without advantages", not gradients[0].any().item(), "zero gradient")
    follows = torch.equal(torch.sign(-gradients[1]), torch.sign(advantages))
    yield CheckResult("follows the advantages", follows, "the gradient has their signs")


def _benchmark(name: str, part: Any) -> Iterator[CheckResult]:
    from ..benchmarks.adapters.base import Adapter

    yield CheckResult("is an Adapter", isinstance(part, Adapter), type(part).__name__)
    if not isinstance(part, Adapter):
        return
    yield CheckResult("has its entry point's name", part.name == name, part.name)
    missing = [field for field in ("title", "dataset", "split", "metric", "citation") if not getattr(part, field)]
    yield CheckResult("names its source", not missing, f"missing: {', '.join(missing)}" if missing else part.citation)
    yield CheckResult("knows its columns", bool(part.columns), ", ".join(part.columns))


_CHECKS: Mapping[str, Callable[[str, Any], Iterator[CheckResult]]] = {
    "recipe": _recipe,
    "reward": _reward,
    "curriculum": _curriculum,
    "loss": _loss,
    "benchmark": _benchmark,
}
