"""Pay follows its weights under every recipe, or the option is refused; a new term is one edit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from test_recipes import toy

from zerosight.render.drawing import Pools
from zerosight.roles.context import AnswerContext, ProgramContext, ProposalContext
from zerosight.roles.terms import CODER, PROPOSER, SOLVER, TABLES
from zerosight.train.config import ConfigError, RunConfig, known_keys, override
from zerosight.train.loop import Evolution
from zerosight.train.presets import config_from
from zerosight.train.recipes import RECIPES, make_algorithm, recipe_config
from zerosight.train.recipes.effects import RULES, ineffective
from zerosight.train.rollouts import Draw, drawn_by
from zerosight.train.runs.store import Run


@pytest.fixture(scope="module")
def draw() -> Iterator[Draw]:
    with Pools(1) as pools:
        yield drawn_by(pools)


@pytest.fixture
def new_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare one more term of each role: what somebody adds to roles/terms.py."""
    for table in TABLES.values():
        monkeypatch.setattr(table, "terms", dict(table.terms))

    @PROPOSER.term("short_reply", "The reply is short.")
    def short_reply(context: ProposalContext) -> float:
        assert context.rollout.completion is not None
        return 1.0 / (1 + len(context.rollout.completion.text))

    @CODER.term("short_program", "The program is short.")
    def short_program(context: ProgramContext) -> float:
        return 1.0 / (1 + len(context.program.program))

    @SOLVER.term("short_answer", "The answer is short.")
    def short_answer(context: AnswerContext) -> float:
        return 1.0 / (1 + len(context.reply.text))


NEW = {"proposer": "short_reply", "coder": "short_program", "solver": "short_answer"}


@pytest.mark.parametrize("name", RECIPES)
def test_a_new_term_of_each_role_is_paid_under_every_recipe(
    name: str, new_terms: None, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each role that acts is paid by it: the rewards move by what the term is worth."""
    weights = [f"rewards.{role}.{term}=100.0" for role, term in NEW.items()]
    # Filters would leave a small step without trajectories of some role.
    config = toy(name, *weights, "labels.min_vote_share=0.0", "labels.max_vote_share=1.0", "steps=1")
    evolution = Evolution(Run.create(tmp_path / "run", config), draw)
    for algorithm in evolution.algorithms.values():
        for filter_name in ("teaches_coder", "teaches_solver"):
            monkeypatch.setattr(algorithm, filter_name, lambda *_: True)
    metrics = evolution.one_step()
    paid_roles = [role for role in NEW if f"{role}/reward" in metrics]
    assert "solver" in paid_roles
    assert ("coder" in paid_roles) is (config.rollout.source == "programs")
    for role in paid_roles:
        terms = {key.rpartition("/")[2]: value for key, value in metrics.items() if key.startswith(f"{role}/term/")}
        assert NEW[role] in terms and terms[NEW[role]] > 0
        weighted = sum(config.rewards.of(role)[term] * value for term, value in terms.items())
        assert metrics[f"{role}/reward"] == pytest.approx(weighted, abs=1e-6)


@pytest.mark.parametrize("name", RECIPES)
def test_every_weight_acts_or_is_refused(name: str) -> None:
    """A weight that is neither refused nor in the algorithm's hands would be ignored."""
    for role, table in TABLES.items():
        for term in table.terms:
            key = f"rewards.{role}.{term}"
            try:
                config = config_from(name, settings=[f"{key}=7.0"])
                algorithm = make_algorithm(config.algorithm, config)
            except ConfigError as error:
                assert "has no effect in recipe" in str(error) or "does not measure it" in str(error)
            else:
                assert algorithm._weights(role)[term] == 7.0


@pytest.mark.parametrize(
    ("recipe", "setting", "reason"),
    [
        (
            "sampled",
            "rewards.coder.rendered=1",
            r"in recipe sampled: no Coder writes programs \(rollout.source=environ",
        ),
        ("sampled", "rollout.num_proposals=8", "no model proposes"),
        ("frozen-proposer", "rewards.proposer.learnability=1", "its Proposer is not paid"),
        ("ouroboros", "rewards.solver.correct=2", "its Solver is not paid"),
        ("eve", "rollout.env_questions=3", "its algorithm eve chooses the questions itself"),
        ("zerosight", "curriculum.band_low=0.1", "curriculum.kind=goldilocks, and it is learnability"),
        ("zerosight", "labels.min_vote_share=0.1", "labels are the oracle's"),
        ("zerosight", "lora_rank=4", "no adapters are trained"),
        ("zerosight", "generator.url=http://localhost", "generator.kind=vllm-server or openai, and it is hf"),
    ],
)
def test_an_option_without_effect_is_refused_with_the_reason(recipe: str, setting: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=f"option {setting.partition('=')[0]} has no effect.*{reason}"):
        config_from(recipe, settings=[setting])


def test_an_option_that_another_setting_makes_effective_is_taken() -> None:
    assert config_from("zerosight", settings=["lora_rank=4", "sharing=lora"]).lora_rank == 4
    assert config_from("majority", settings=["labels.min_vote_share=0.5"]).labels.min_vote_share == 0.5
    assert config_from("mm-zero", settings=["rewards.solver.correct=5.0"]).rewards.solver["correct"] == 5.0


def test_rules_name_options_that_exist() -> None:
    known = known_keys()
    for rule in RULES:
        for name in rule.options:
            assert name in known or any(key.startswith(name) for key in known if name.endswith("."))


def test_a_utility_that_nobody_measures_is_refused() -> None:
    config = override(RunConfig(), ["rewards.proposer.utility=1.0"])
    assert ineffective(config, ["rewards.proposer.utility"]) == {}
    with pytest.raises(ConfigError, match=r"zerosight does not measure it.*infuser, soar"):
        make_algorithm("zerosight", config)


def test_a_phase_with_another_algorithm_pays_by_its_recipes_weights() -> None:
    phases = '[{"roles": ["solver"], "steps": 1, "algorithm": "mm-zero"}]'
    config = override(RunConfig(), [f"phases={phases}", "rewards.solver.correct=3.0"])
    assert make_algorithm("mm-zero", config)._weights("solver") == recipe_config("mm-zero").rewards.solver
    assert (
        "every phase has another algorithm" in ineffective(config, ["rewards.solver.correct"])["rewards.solver.correct"]
    )
