"""The episode tree with scripted roles: every reward worked out by hand."""

from collections.abc import Sequence

import pytest

from zerosight.envs import Environment, InfrastructureError, Rejected, SeededRng
from zerosight.render import rasterise, resolve_svg
from zerosight.render.drawing import Drawn, RenderOutcome
from zerosight.train.config import RolloutConfig, RunConfig, override
from zerosight.train.curriculum.base import Curriculum
from zerosight.train.episodes import Episodes, items_with_signal
from zerosight.train.generators import ScriptedGenerator
from zerosight.train.learning.advantages import group_advantages
from zerosight.train.learning.batches import with_advantages
from zerosight.train.loop import shuffled_rewards
from zerosight.train.models.policy import Policy
from zerosight.train.recipes import make_algorithm
from zerosight.train.rollouts import ProposalRollout
from zerosight.train.runs.records import step_metrics

GOOD = (
    '{"concept":"two shapes","draw":[[1,"red","circle"],[1,"blue","square"]],"ask":["colour",["leftmost",["select"]]]}'
)
BAD = '{"concept":"two shapes","draw":[[1,"red","circle"]],"ask":["colour",["select"]]}'


def svg(*shapes: str) -> str:
    return f'<svg viewBox="0 0 64 64">{"".join(shapes)}</svg>'


def circle(x: int) -> str:
    return f'<circle cx="{x}" cy="30" r="8" fill="red"/>'


def square(x: int, y: int) -> str:
    return f'<rect x="{x}" y="{y}" width="10" height="10" fill="blue"/>'


CIRCLE_LEFT = svg(circle(12), square(40, 20))
CIRCLE_RIGHT = svg(square(4, 20), circle(42))
UNCLEAR = svg(circle(30), square(27, 50))
WRONG = svg(circle(12))


def draw(env: Environment, programs: Sequence[str]) -> list[RenderOutcome]:
    found: list[RenderOutcome] = []
    for program in programs:
        scene = InfrastructureError("worker died") if program == "dead" else resolve_svg(program)
        found.append(
            scene if isinstance(scene, Rejected | InfrastructureError) else Drawn(scene, (rasterise(scene, env.size),))
        )
    return found


def rolled(
    policy: Policy, env: Environment, settings: Sequence[str] = (), **scripts: Sequence[str]
) -> tuple[Episodes, list[ProposalRollout]]:
    tree = RolloutConfig(
        num_briefings=1, num_proposals=2, num_programs=4, num_answers=4, items_per_step=16, env_questions=0
    )
    config = override(RunConfig(rollout=tree), settings)
    curriculum, algorithm = Curriculum(config.curriculum, [env]), make_algorithm(config.algorithm, config)
    episodes = Episodes(config, policy, ScriptedGenerator(**scripts), curriculum, draw, algorithm)
    return episodes, episodes.roll_out(SeededRng(("test",)))


def test_rewards_of_a_whole_tree(tiny: Policy, env: Environment) -> None:
    programs = [CIRCLE_LEFT, CIRCLE_RIGHT, UNCLEAR, WRONG]
    episodes, rollouts = rolled(tiny, env, proposer=[GOOD, BAD], coder=programs, solver=["red", "red", "red", "blue"])
    good, bad = rollouts
    assert isinstance(bad.proposal, Rejected)
    assert bad.proposal.code == "type"
    assert [d.spec_check.spec_satisfied for d in good.program_rollouts if d.spec_check] == [True, True, True, False]
    assert [r.code for r in good.question_rejections] == ["ambiguous"]
    rates = {asked.item.truth.value: asked.solve_rate for asked in good.answered_items}
    assert rates == {"red": 0.75, "blue": 0.25}
    first, second = episodes.algorithm.proposer_scores(rollouts)
    assert first is not None
    assert second is not None
    assert first.terms["render_success_rate"] == 0.75
    assert first.terms["answerable"] == pytest.approx(2 / 3)
    assert first.terms["learnability"] == pytest.approx(0.75)
    assert first.terms["query_novelty"] == 1.0
    assert second.value == 0.0
    trajectories = episodes.trajectories(rollouts, 4, episodes.algorithm)
    assert {role: sum(t.role == role for t in trajectories) for role in ("proposer", "coder", "solver")} == {
        "proposer": 2,
        "coder": 4,
        "solver": 8,
    }
    assert {t.policy_version for t in trajectories} == {4}


def test_equal_drawings_are_asked_about_once(tiny: Policy, env: Environment) -> None:
    _, rollouts = rolled(tiny, env, proposer=[GOOD], coder=[CIRCLE_LEFT], solver=["red"])
    assert [len(rollout.answered_items) for rollout in rollouts] == [1, 1]


def test_an_infrastructure_failure_scores_nobody(tiny: Policy, env: Environment) -> None:
    episodes, rollouts = rolled(tiny, env, proposer=[GOOD], coder=["dead"], solver=["red"])
    # The Solver learns on, from items that the world makes itself; of what failed nothing is learnt.
    assert {trajectory.role for trajectory in episodes.trajectories(rollouts, 0, episodes.algorithm)} == {"solver"}
    assert all(asked.item.provenance["made"] for rollout in rollouts for asked in rollout.answered_items)
    assert step_metrics(rollouts, [])["infrastructure_errors"] == 8


def test_a_barren_step_is_filled_with_the_worlds_own_items(tiny: Policy, env: Environment) -> None:
    episodes, rollouts = rolled(tiny, env, proposer=[BAD], coder=[CIRCLE_LEFT], solver=["red"])
    asked = [asked for rollout in rollouts for asked in rollout.answered_items]
    assert len(asked) == len(rollouts) and len({one.item.digest for one in asked}) == len(asked)
    for rollout, one in zip(rollouts, asked, strict=True):
        assert (one.item.task, one.item.difficulty) == (rollout.briefing.task, rollout.briefing.difficulty)
        assert env.solve(one.item.scene, env.parse_value(one.item.question.query)) == one.item.truth
    assert {score.value for score in episodes.algorithm.proposer_scores(rollouts) if score} == {0.0}
    _, fruitful = rolled(tiny, env, proposer=[GOOD, BAD], coder=[CIRCLE_LEFT], solver=["red"])
    assert all("made" not in one.item.provenance for rollout in fruitful for one in rollout.answered_items)


def test_a_world_that_fails_to_make_an_item_is_counted(tiny: Policy, env: Environment, monkeypatch) -> None:
    def fails(*arguments: object) -> None:
        raise InfrastructureError("worker died")

    monkeypatch.setattr(type(env), "sample", fails)
    _, rollouts = rolled(tiny, env, proposer=[BAD], coder=[CIRCLE_LEFT], solver=["red"])
    assert step_metrics(rollouts, [])["infrastructure_errors"] == len(rollouts)
    assert not any(rollout.answered_items for rollout in rollouts)


def test_what_was_cut_off_is_rejected_whatever_it_says(tiny: Policy, env: Environment) -> None:
    _, rollouts = rolled(tiny, env, proposer=["cut off"], coder=[CIRCLE_LEFT], solver=["red"])
    assert all(isinstance(a.proposal, Rejected) and a.proposal.code == "unfinished" for a in rollouts)


def test_companions_are_the_environments_questions(tiny: Policy, env: Environment) -> None:
    _, rollouts = rolled(tiny, env, ["rollout.env_questions=40"], proposer=[GOOD], coder=[CIRCLE_LEFT], solver=["red"])
    asked = [asked for rollout in rollouts for asked in rollout.answered_items]
    assert any(asked_one.from_proposer for asked_one in asked) or len(asked) == 16
    assert any(not asked_one.from_proposer for asked_one in asked)
    for one in asked:
        assert env.score(one.item.truth, one.item.question.options, one.item.truth.value).value == 1.0


def test_answers_are_balanced_where_there_is_a_choice(tiny: Policy, env: Environment) -> None:
    episodes, rollouts = rolled(
        tiny, env, ["rollout.items_per_step=2"], proposer=[GOOD], coder=[CIRCLE_LEFT, CIRCLE_RIGHT], solver=["red"]
    )
    assert sorted(asked.item.truth.value for rollout in rollouts for asked in rollout.answered_items) == ["blue", "red"]
    assert set(episodes.answer_counts.values()) == {1}


def test_shuffled_rewards_are_the_same_rewards_elsewhere(tiny: Policy, env: Environment) -> None:
    episodes, rollouts = rolled(tiny, env, proposer=[GOOD], coder=[CIRCLE_LEFT, CIRCLE_RIGHT], solver=["red"])
    trajectories = episodes.trajectories(rollouts, 0, episodes.algorithm)
    dealt = shuffled_rewards(trajectories, SeededRng(("shuffle",)))
    own, other = ([t.score.value for t in part if t.role == "solver"] for part in (trajectories, dealt))
    assert sorted(own) == sorted(other)
    assert own != other
    assert [t.score for t in trajectories if t.role != "solver"] == [t.score for t in dealt if t.role != "solver"]


def test_a_step_is_refilled_until_enough_items_have_signal(tiny: Policy, env: Environment) -> None:
    scripts = {"proposer": [GOOD], "coder": [CIRCLE_LEFT, CIRCLE_RIGHT], "solver": ["red", "red", "red", "blue"]}
    _, once = rolled(tiny, env, ["rollout.items_per_step=6"], **scripts)
    assert items_with_signal(once) == 4 == sum(len(rollout.answered_items) for rollout in once)
    episodes, more = rolled(tiny, env, ["rollout.items_per_step=6", "learning.dynamic_sampling_rounds=5"], **scripts)
    # After three times red and three times blue neither may lead the other colours further.
    assert items_with_signal(more) == 6 and len(more) == 2 * 2, "two rounds are enough, and there is no third"
    trajectories = episodes.trajectories(more, 0, episodes.algorithm)
    solvers = [trajectory.group for trajectory in trajectories if trajectory.role == "solver"]
    assert len(set(solvers)) == 6 and len(solvers) == 6 * 4
    assert len({trajectory.group for trajectory in trajectories if trajectory.role == "proposer"}) == 2, (
        "each round's briefing is its own"
    )
    # What everybody knows has no signal, however often it is asked; the rounds are bounded.
    _, sure = rolled(
        tiny, env, ["learning.dynamic_sampling_rounds=3"], proposer=[GOOD], coder=[CIRCLE_LEFT], solver=["red"]
    )
    assert items_with_signal(sure) == 0 and len(sure) == 2 * 4


def test_proposals_are_compared_as_configured(tiny: Policy, env: Environment) -> None:
    count = GOOD.replace('["colour",["leftmost",["select"]]]', '["count",["select"]]')
    scripts = {"proposer": [GOOD, count, GOOD, BAD], "coder": [CIRCLE_LEFT], "solver": ["red"]}
    settings = ["rollout.num_briefings=2", "rollout.num_proposals=4"]
    groups = {}
    for by in ("briefing", "structure", "step"):
        episodes, rollouts = rolled(tiny, env, [*settings, f"learning.proposer_groups={by}"], **scripts)
        trajectories = episodes.trajectories(rollouts, 0, episodes.algorithm)
        groups[by] = [trajectory.group for trajectory in trajectories if trajectory.role == "proposer"]
    assert groups["briefing"] == [("briefing0",)] * 4 + [("briefing1",)] * 4
    forms = ("extreme_colour", "count", "extreme_colour", "refused")
    assert groups["structure"] == [("own", form) for form in forms] * 2
    assert groups["step"] == [("step",)] * 8


def test_the_learners_groups_are_those_of_the_tree(tiny: Policy, env: Environment) -> None:
    answers = ["red", "red", "red", "blue"]
    episodes, rollouts = rolled(tiny, env, proposer=[GOOD, BAD], coder=[CIRCLE_LEFT, WRONG, "dead"], solver=answers)
    trajectories = episodes.trajectories(rollouts, 0, episodes.algorithm)
    tree = group_advantages([t.score.value for t in trajectories], [(t.role, *t.group) for t in trajectories], "none")
    for role in ("proposer", "coder", "solver"):
        own = [number for number, trajectory in enumerate(trajectories) if trajectory.role == role]
        kept, counts = with_advantages([trajectories[number] for number in own], "none")
        lively = [number for number in own if tree.signal[number]]
        assert [trajectory.advantage for trajectory in kept] == pytest.approx(
            [tree.values[number] for number in lively]
        )
        assert counts["groups"] >= counts["flat_groups"]
