"""Options that do nothing in a run, each with the reason: who sets one is told so, instead of being ignored.

Begin at `refuse_ineffective`. A rule names options and says when they act; an option without a rule always acts.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ..algorithm import Algorithm
from ..config import ConfigError, RunConfig
from . import algorithm_names, find_recipe


class Rule(NamedTuple):
    """The condition under which some options act."""

    options: tuple[str, ...]
    """Dotted names; one that ends in a dot stands for all of a section."""
    acts: Callable[[RunConfig], bool]
    """Whether they act in a run with this configuration."""
    reason: str
    """Why they do not, otherwise; formatted with `config`."""


def _model_proposes(config: RunConfig) -> bool:
    return config.rollout.source != "environment" and config.rollout.proposer == "model"


def _coder_acts(config: RunConfig) -> bool:
    return config.rollout.source == "programs"


def _is_paid(role: str) -> Callable[[RunConfig], bool]:
    """Return whether `role` learns by reinforcement in any phase of a run: an imitating role is not paid."""

    def is_paid(config: RunConfig) -> bool:
        if not config.learning.role_weights.get(role):  # type: ignore[call-overload]
            return False
        return not config.phases or any(role in phase.roles and phase.method == "grpo" for phase in config.phases)

    return is_paid


def _own_weights_pay(config: RunConfig) -> bool:
    """Tell whether some step has the run's own algorithm: a phase's other one pays by its recipe's weights."""
    return not config.phases or any(phase.algorithm in ("", config.algorithm) for phase in config.phases)


def _asks_env_questions(config: RunConfig) -> bool:
    algorithms = [find_recipe(name).algorithm for name in algorithm_names(config)]
    return _coder_acts(config) and any(algorithm.questions is Algorithm.questions for algorithm in algorithms)


def _curriculum_is(*kinds: str) -> Callable[[RunConfig], bool]:
    return lambda config: config.curriculum.kind in kinds


def _generator_is(*kinds: str) -> Callable[[RunConfig], bool]:
    return lambda config: config.generator.kind in kinds


def _curriculum_rule(kind: str, *options: str) -> Rule:
    names = tuple(f"curriculum.{option}" for option in options)
    return Rule(
        names, _curriculum_is(kind), f"they belong to curriculum.kind={kind}, and it is {{config.curriculum.kind}}"
    )


def _generator_rule(kinds: tuple[str, ...], *options: str) -> Rule:
    names = tuple(f"generator.{option}" for option in options)
    reason = f"they belong to generator.kind={' or '.join(kinds)}, and it is {{config.generator.kind}}"
    return Rule(names, _generator_is(*kinds), reason)


_NO_PROPOSER = "no model proposes (rollout.source={config.rollout.source}, rollout.proposer={config.rollout.proposer})"
_NO_CODER = "no Coder writes programs (rollout.source={config.rollout.source})"
_OTHER_WEIGHTS = "every phase has another algorithm, which pays by its own recipe's weights (phases)"

RULES: tuple[Rule, ...] = (
    Rule(("rewards.",), _own_weights_pay, _OTHER_WEIGHTS),
    Rule(("rewards.proposer.",), _model_proposes, _NO_PROPOSER),
    Rule(("rewards.coder.",), _coder_acts, _NO_CODER),
    *(
        Rule(
            (f"rewards.{role}.",),
            _is_paid(role),
            f"its {role.title()} is not paid: it is frozen or imitates (learning.role_weights, phases)",
        )
        for role in ("proposer", "coder", "solver")
    ),
    Rule(("shuffle_rewards",), _is_paid("solver"), "its Solver is not paid: it is frozen or imitates"),
    Rule(
        (
            "rollout.num_proposals",
            "rollout.proposer_tokens",
            "rollout.proposer_temperature",
            "learning.proposer_groups",
            "generator.constrained_decoding",
        ),
        _model_proposes,
        _NO_PROPOSER,
    ),
    Rule(("rollout.num_programs", "rollout.coder_tokens", "rollout.coder_temperature"), _coder_acts, _NO_CODER),
    Rule(
        ("rollout.env_questions",),
        _asks_env_questions,
        "its algorithm {config.algorithm} chooses the questions itself, or there are no drawings "
        "(rollout.source={config.rollout.source})",
    ),
    Rule(
        ("rollout.proposer", "rollout.num_briefings"),
        lambda config: config.rollout.source != "environment",
        "the environment makes whole items (rollout.source=environment)",
    ),
    Rule(
        ("rollout.proposer_sees_scene", "rollout.explain_unanswerable"),
        lambda config: config.rollout.source == "scenes",
        "no scene is shown to a Proposer (rollout.source={config.rollout.source})",
    ),
    Rule(
        ("labels.min_vote_share", "labels.max_vote_share", "labels.tie"),
        lambda config: config.labels.source == "majority",
        "labels are the oracle's (labels.source=oracle)",
    ),
    Rule(
        ("lora_rank", "lora_targets"),
        lambda config: config.sharing == "lora",
        "no adapters are trained (sharing={config.sharing})",
    ),
    Rule(("keep_best_window",), lambda config: bool(config.keep_best), "no best checkpoint is kept (keep_best)"),
    Rule(("project",), lambda config: bool(config.trackers), "nothing is sent to a tracker (trackers)"),
    Rule(
        ("learning.length_constant",),
        lambda config: config.learning.loss == "dr_grpo",
        "it belongs to learning.loss=dr_grpo, and it is {config.learning.loss}",
    ),
    Rule(
        ("learning.clip_low",),
        lambda config: config.learning.loss != "cispo",
        "learning.loss=cispo bounds ratios from above alone",
    ),
    Rule(
        ("learning.advantage_scale",),
        lambda config: config.learning.advantage_method == "group",
        "it belongs to group advantages, and they are {config.learning.advantage_method}",
    ),
    Rule(("learning.kl",), lambda config: config.learning.kl_weight > 0, "no KL is paid for (learning.kl_weight=0)"),
    Rule(
        ("learning.correction_low", "learning.correction_high"),
        lambda config: config.learning.correction != "none",
        "nothing is corrected (learning.correction=none)",
    ),
    _curriculum_rule("goldilocks", "band_low", "band_high"),
    _curriculum_rule("spatialevo", "remapped_tasks"),
    _curriculum_rule("sec", "bandit_rate", "temperature", "decay_absent"),
    _curriculum_rule("progress", "slow_memory"),
    _curriculum_rule("replay", "replay_weight"),
    _curriculum_rule("ttcs", "target_tasks"),
    _curriculum_rule("failures", "failure_share"),
    _curriculum_rule("coevolve", "mastery_threshold"),
    Rule(
        ("curriculum.min_weight",),
        lambda config: config.curriculum.kind not in ("uniform", "spatialevo", "sec"),
        "curriculum.kind={config.curriculum.kind} has no least weight",
    ),
    _generator_rule(("hf", "openai"), "batch_size", "cache"),
    _generator_rule(
        ("vllm-server", "openai"), "url", "model", "key_file", "timeout", "retries", "backoff", "max_concurrency"
    ),
    _generator_rule(("vllm",), "dtype", "gpu_memory_fraction", "max_length", "enforce_eager"),
    _generator_rule(("vllm", "vllm-server"), "max_fingerprint_gap"),
)


def ineffective(config: RunConfig, options: Iterable[str]) -> dict[str, str]:
    """Return the options that do nothing in a run with `config`, each with the reason.

    Args:
        config: of the run.
        options: dotted names.
    """
    reasons: dict[str, str] = {}
    for option in options:
        for rule in RULES:
            is_named = any(option == name or (name.endswith(".") and option.startswith(name)) for name in rule.options)
            if is_named and not rule.acts(config):
                reasons.setdefault(option, rule.reason.format(config=config))
    return reasons


def refuse_ineffective(config: RunConfig, settings: Sequence[str]) -> None:
    """Refuse settings that would be ignored.

    Args:
        config: with the settings applied.
        settings: as `a.b=c`, those that the user gave.

    Raises:
        ConfigError: an option has no effect in this run; the message says why.
    """
    options = [setting.partition("=")[0].strip() for setting in settings]
    for option, reason in ineffective(config, options).items():
        raise ConfigError(f"option {option} has no effect in recipe {config.recipe}: {reason}")
