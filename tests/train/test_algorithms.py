"""Algorithms: every recipe's rewards, filters and labels on scripted trees, worked out by hand."""

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest
from test_episodes import BAD, CIRCLE_LEFT, CIRCLE_RIGHT, GOOD, UNCLEAR, WRONG, draw

from zerosight.envs import Environment, InfrastructureError, SeededRng, make
from zerosight.envs.transforms.library import Library
from zerosight.render.drawing import Pools
from zerosight.roles.labels import Label, Vote
from zerosight.train.config import override
from zerosight.train.curriculum.variants import make_curriculum
from zerosight.train.diagnostics import diagnose, forgetting, label_is_wrong, skill_matrix
from zerosight.train.episodes import Episodes
from zerosight.train.generators import ScriptedGenerator
from zerosight.train.models.completions import Completion
from zerosight.train.models.policy import Policy
from zerosight.train.recipes import make_algorithm, recipe_config
from zerosight.train.recipes.m_star import FEATURES, TEMPERATURES, MStar, StepScorer, step_features
from zerosight.train.rollouts import EXPLAIN, Draw, ProposalRollout, drawn_by
from zerosight.train.trajectories import taught
from zerosight.train.validation import validation

TREE = (
    "rollout.num_briefings=1",
    "rollout.num_proposals=2",
    "rollout.num_programs=4",
    "rollout.num_answers=4",
    "rollout.items_per_step=16",
)
CANVAS = "envs=[shapes/Canvas-v1]"
ONE = '{"concept":"a circle","draw":[[1,"red","circle"]],"ask":["colour",["leftmost",["select"]]]}'


def rolled(
    policy: Policy, recipe: str, *settings: str, by: Draw = draw, **scripts: Sequence[str]
) -> tuple[Episodes, list[ProposalRollout]]:
    """A step's rollouts of a recipe with scripted roles, without companions."""
    config = override(recipe_config(recipe), [*TREE, CANVAS, "rollout.env_questions=0", *settings])
    curriculum = make_curriculum(config.curriculum, [make(env) for env in config.envs])
    generator = ScriptedGenerator(**{role: scripts.get(role, ["nothing"]) for role in ("proposer", "coder", "solver")})
    episodes = Episodes(config, policy, generator, curriculum, by, make_algorithm(recipe, config))
    return episodes, episodes.roll_out(SeededRng(("test",)))


def values(found: Sequence[object]) -> list[float | None]:
    return [getattr(score, "value", None) for score in found]


# --- labels ----------------------------------------------------------------------------------------------------


def test_majority_labels_pay_what_most_said_and_the_oracle_knows_better(tiny: Policy, env: Environment) -> None:
    answers = ["blue", "blue", "Blue", "red"]
    episodes, rollouts = rolled(tiny, "majority", proposer=[ONE], coder=[WRONG], solver=answers)
    asked = rollouts[0].answered_items[0]
    assert asked.item.truth.value == "red" and asked.solve_rate == 0.25
    assert asked.vote == Vote("blue", 0.75)
    scores = episodes.algorithm.solver_scores(asked)
    assert scores is not None
    assert [score.terms["correct"] for score in scores] == [1.0, 1.0, 1.0, 0.0]
    trajectories = [t for t in episodes.trajectories(rollouts, 0, episodes.algorithm) if t.role == "solver"]
    assert [t.correct for t in trajectories[:4]] == [False, False, False, True]
    found = diagnose(rollouts, trajectories, episodes.algorithm)
    assert (found["label/error"], found["label/coverage"]) == (1.0, 1.0)
    assert (found["hacking/rewarded_incorrect"], found["hacking/unrewarded_correct"]) == (0.75, 0.25)
    oracle, same = rolled(tiny, "zerosight", proposer=[ONE], coder=[WRONG], solver=answers)
    assert diagnose(same, oracle.trajectories(same, 0, oracle.algorithm), oracle.algorithm)["label/error"] == 0.0


@pytest.mark.parametrize(
    ("answers", "learned"),
    [(["red"] * 4, 0), (["red", "red", "red", "blue"], 4), (["red", "blue", "green", "pink"], 0)],
    ids=["too sure", "in the band", "too split"],
)
def test_a_share_outside_the_band_is_not_learned_from(answers: list[str], learned: int, tiny: Policy) -> None:
    episodes, rollouts = rolled(
        tiny, "r-zero", "rollout.num_proposals=2", proposer=[ONE, BAD], coder=[WRONG], solver=answers
    )
    trajectories = episodes.trajectories(rollouts, 0, episodes.algorithm)
    assert sum(t.role == "solver" for t in trajectories) == learned
    wrong = label_is_wrong(rollouts[0].answered_items[0], episodes.algorithm)
    assert wrong is (False if learned else None)


def test_a_label_in_another_form_is_still_right_by_the_oracle(tiny: Policy) -> None:
    episodes, rollouts = rolled(
        tiny, "majority", proposer=[ONE.replace('["colour",["leftmost",["select"]]]', '["count",["select"]]')],
        coder=[WRONG], solver=["one"],
    )  # fmt: skip
    asked = rollouts[0].answered_items[0]
    assert asked.item.truth.value == "1"
    assert episodes.algorithm.label(asked) == Label("one", False)
    assert label_is_wrong(asked, episodes.algorithm) is False


# --- rewards ----------------------------------------------------------------------------------------------------


def test_r_zero_pays_split_votes_less_the_share_of_the_cluster(tiny: Policy) -> None:
    episodes, rollouts = rolled(
        tiny, "r-zero", proposer=[ONE, "no proposal at all"], coder=[WRONG], solver=["red", "red", "red", "blue"]
    )
    # Two texts that share no word are clusters of one, half of the batch each.
    assert values(episodes.algorithm.proposer_scores(rollouts)) == [0.25 - 0.5, -1.5]


def test_absolute_zero_pays_hard_but_solvable(tiny: Policy) -> None:
    episodes, rollouts = rolled(
        tiny, "absolute-zero", proposer=[GOOD, "no json"], coder=[CIRCLE_LEFT, CIRCLE_RIGHT, UNCLEAR, "<svg"],
        solver=["red", "red", "red", "blue"],
    )  # fmt: skip
    # The circle is leftmost once, the square once: accuracies 3/4 and 1/4, so worth 1/4 and 3/4.
    assert values(episodes.algorithm.proposer_scores(rollouts)) == [pytest.approx(0.5), -1.0]
    good = rollouts[0]
    assert values([episodes.algorithm.coder_score(good, drawing) for drawing in good.program_rollouts]) == [
        0.25,
        0.75,
        0.0,
        -1.0,
    ]
    typed = BAD.replace('["colour",["select"]]', '["colour",["count"]]')
    _, others = rolled(tiny, "absolute-zero", proposer=[typed], coder=[WRONG], solver=["red"])
    assert values(episodes.algorithm.proposer_scores(others)) == [-0.5, -0.5]


def test_mm_zero_pays_the_published_sum(tiny: Policy) -> None:
    episodes, rollouts = rolled(
        tiny, "mm-zero", proposer=[GOOD, "no json"], coder=[CIRCLE_LEFT, CIRCLE_RIGHT, UNCLEAR, "<svg"],
        solver=["red", "red", "red", "blue"],
    )  # fmt: skip
    first, second = episodes.algorithm.proposer_scores(rollouts)
    assert first is not None and second is not None
    # Both clear drawings: solvable (no easy question: as drawn) up to 0.5, and split 1/4. The unclear one is drawn and
    # its question refused: 0.5 and split 0. The fourth does not draw. Difficulty 1/6 is not under 0.15.
    assert first.terms["solvable_and_split"] == pytest.approx((0.75 + 0.75 + 0.5 + 0.0) / 4)
    assert first.terms["task_balance"] == 0.0 and second.value == -1.0
    # One proposal is one cluster, no larger than an even one.
    assert first.terms["text_balance"] == 0.0 and first.value == first.terms["solvable_and_split"]
    good = rollouts[0]
    scores = values([episodes.algorithm.coder_score(good, drawing) for drawing in good.program_rollouts])
    assert scores == [2.25, 2.25, 2.0, pytest.approx(-0.1)]
    uncapped = make_algorithm("mm-zero", override(episodes.config, ["paper_compat=[uncapped]"]))
    free = uncapped.proposer_scores(rollouts)[0]
    assert free is not None and free.terms["solvable_and_split"] == pytest.approx((1.25 + 1.25 + 1.0) / 4)


def test_mm_zero_filters_by_render_rate_and_split(tiny: Policy) -> None:
    mixed = rolled(tiny, "mm-zero", proposer=[GOOD], coder=[CIRCLE_LEFT, CIRCLE_RIGHT, "<svg", "<svg"],
                   solver=["red", "red", "red", "blue"])  # fmt: skip
    every = rolled(tiny, "mm-zero", proposer=[GOOD], coder=[CIRCLE_LEFT], solver=["red"])
    for (episodes, rollouts), coder, solver in ((mixed, 4, 8), (every, 0, 0)):
        trajectories = episodes.trajectories(rollouts[:1], 0, episodes.algorithm)
        assert sum(t.role == "coder" for t in trajectories) == coder
        assert sum(t.role == "solver" for t in trajectories) == solver
    unfiltered = make_algorithm(
        "mm-zero", override(every[0].config, ["paper_compat=[unfiltered]", "labels.max_vote_share=1.0"])
    )
    trajectories = every[0].trajectories(every[1][:1], 0, unfiltered)
    assert [sum(t.role == role for t in trajectories) for role in ("coder", "solver")] == [4, 4]


def test_mm_zero_scores_nobody_where_our_machinery_failed(tiny: Policy) -> None:
    episodes, rollouts = rolled(tiny, "mm-zero", proposer=[GOOD], coder=["dead"], solver=["red"])
    assert episodes.algorithm.proposer_scores(rollouts) == [None, None]
    assert not any(
        trajectory.role in ("proposer", "coder")
        for trajectory in episodes.trajectories(rollouts, 0, episodes.algorithm)
    )


def test_ouroboros_tells_confidence_and_teaches_the_truth(tiny: Policy, env: Environment) -> None:
    answers = ["blue", "blue", "blue", "red"]
    episodes, rollouts = rolled(tiny, "ouroboros", proposer=[ONE], coder=[WRONG], solver=answers)
    algorithm = episodes.algorithm
    assert algorithm.note(env) == ""
    algorithm.observe(rollouts, episodes)
    # `colour` of the leftmost is the form `extreme_colour`; three of four answers agree.
    assert "extreme colour 75%" in algorithm.note(env)
    lessons = algorithm.sft_examples(rollouts, episodes.trajectories(rollouts, 0, algorithm), tiny)
    assert {lesson.completion.text for lesson in lessons} == {"red"}, "nobody sampled enough of it; it is taught"
    assert len(lessons) == sum(len(rollout.answered_items) for rollout in rollouts)
    again = make_algorithm("ouroboros", episodes.config)
    again.restore(json.loads(json.dumps(algorithm.state())))
    assert again.note(env) == algorithm.note(env)


def test_an_answer_that_is_taught_ends_as_a_sampled_one(tiny: Policy) -> None:
    _, rollouts = rolled(tiny, "ouroboros", proposer=[ONE], coder=[WRONG], solver=["red"])
    lesson = taught(tiny, ("item",), rollouts[0].answered_items[0])
    assert lesson.completion.ids[-1] in set(tiny.ends.tolist())
    assert tiny.tokenizer.decode(lesson.completion.ids, skip_special_tokens=True) == "red"
    assert len(lesson.completion.ids) == len(lesson.completion.logprobs)


def test_c2_evo_chooses_what_the_solver_errs_on_and_not_always(tiny: Policy) -> None:
    config = recipe_config("c2-evo")
    algorithm = make_algorithm("c2-evo", config)
    for answers, chosen in ((["red"] * 4, False), (["red", "red", "red", "blue"], True), (["blue"] * 4, False)):
        _, rollouts = rolled(tiny, "ouroboros", proposer=[ONE], coder=[WRONG], solver=answers)
        assert algorithm.teaches_solver(rollouts[0], rollouts[0].answered_items[0]) is chosen
        assert bool(algorithm.sft_examples(rollouts, [], tiny)) is chosen


# --- given scenes: SpatialEvo ------------------------------------------------------------------------------------


def test_spatialevo_pays_valid_questions_by_what_was_seen(tiny: Policy, env: Environment) -> None:
    count = '{"concept":"all","draw":%s,"ask":["count",["select"]]}'
    episodes, rollouts = rolled(
        tiny,
        "spatialevo",
        "rollout.num_proposals=3",
        proposer=[count % '[[1,"red","circle"]]', "no json", BAD],
        solver=["3"],
    )
    valid = rollouts[0]
    given = valid.conditioning_scene
    assert given is not None and all(rollout.conditioning_scene is given for rollout in rollouts), (
        "one scene for the group"
    )
    assert valid.answered_items[0].item.truth.value == str(len(given.item.scene.objects))  # type: ignore[attr-defined]
    missing_requirements = env.missing_requirements(given.item.scene, valid.proposal.requirements)  # type: ignore[union-attr]
    seen = 1 - len(missing_requirements) / 2
    first, second, third = episodes.algorithm.proposer_scores(rollouts)
    assert first is not None and first.value == pytest.approx(0.1 + 0.9 * max(0.1, seen))
    assert values([second, third]) == [-1.0, pytest.approx(0.1)]
    right = next(iter(valid.answered_items))
    scores = episodes.algorithm.solver_scores(right)
    assert scores is not None
    assert {score.value for score in scores} == {1.0 if right.solve_rate == 1.0 else 0.1}


def test_a_question_without_an_answer_is_to_be_explained(tiny: Policy) -> None:
    ask = '{"concept":"all","draw":[[1,"red","circle"]],"ask":["colour",["unique",["select"]]]}'
    episodes, rollouts = rolled(tiny, "spatialevo", proposer=[ask], solver=["not unique", "red", "", "not unique"])
    asked = rollouts[0].answered_items[0]
    assert asked.item.task == EXPLAIN and asked.rejection is not None and asked.rejection.code == "not_unique"
    assert asked.item.question.text.startswith("Why has this question no clear answer: ")
    assert [score.terms["correct"] for score in asked.scores] == [1.0, 0.0, 0.0, 1.0]
    assert [score.value for score in episodes.algorithm.solver_scores(asked) or ()] == [1.0, 0.1, 0.0, 1.0]
    proposals = episodes.algorithm.proposer_scores(rollouts)
    assert proposals[0] is not None and proposals[0].value == pytest.approx(0.1), "an invalid question: format alone"
    arms = [arm.answer_weight for arm in episodes.curriculum.arms]
    episodes.observe(rollouts)
    assert [arm.answer_weight for arm in episodes.curriculum.arms] == arms, "an explanation says nothing of a form"


def test_rooms_are_asked_about_by_queries(tiny: Policy) -> None:
    ask = '{"concept":"room","draw":[[1,"bed"]],"ask":["room_size"]}'
    other = ask.replace('"room_size"', '"object_size",["thing","lamp"]')
    episodes, rollouts = rolled(
        tiny, "spatialevo", "envs=[spatial/Rooms-v1]", proposer=[ask, other], solver=["20 square metres"]
    )
    assert rollouts[0].answered_items[0].item.task == "room_size"
    assert rollouts[0].answered_items[0].picture.array.shape[1] == make("spatial/Rooms-v1").size
    scores = episodes.algorithm.proposer_scores(rollouts)
    assert scores[0] is not None and scores[0].terms["observed_validity"] > 0.0


# --- EVE ---------------------------------------------------------------------------------------------------------

EDIT = """params = [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 5}]

def edit(image, n):
    import numpy as np
    from PIL import Image

    found = np.asarray(image).copy()
    found[: 8 * n] = 255 - found[: 8 * n]
    return Image.fromarray(found)
"""


@pytest.fixture(scope="module")
def sandbox() -> Draw:
    pools = Pools(1)
    yield drawn_by(pools)  # type: ignore[misc]
    pools.close()


def test_eve_pays_the_edge_and_keeps_what_is_new(tiny: Policy, sandbox: Draw) -> None:
    answers = ["A", "B", "C", "D"]
    settings = ("envs=[transforms/Edit-v1]", "rollout.num_programs=2", "rollout.num_briefings=1")
    episodes, rollouts = rolled(tiny, "eve", *settings, by=sandbox, coder=[EDIT, "no program"], solver=answers)
    (rollout,) = rollouts
    valid, invalid = rollout.program_rollouts
    assert {asked.item.task for asked in rollout.items_about(valid)} == {"which_image", "which_params"}
    assert {asked.solve_rate for asked in rollout.answered_items} == {0.25}
    # One of four letters is right: 1 - 2 |1/4 - 1/2| is 1/2 for both types.
    scores = [episodes.algorithm.coder_score(rollout, drawing) for drawing in (valid, invalid)]
    assert values(scores) == [pytest.approx(0.2 + 0.4 + 0.4 * 0.5), pytest.approx(0.2)]
    assert all(episodes.algorithm.teaches_solver(rollout, asked) for asked in rollout.answered_items), (
        "1/4 is the border"
    )
    before = episodes.algorithm.metrics()["library"]
    episodes.algorithm.observe(rollouts, episodes)
    assert episodes.algorithm.metrics()["library"] == before, "one right answer of four is not yet the edge"
    for asked in rollout.answered_items:
        ranked = sorted(asked.scores, key=lambda score: -score.terms["correct"])
        asked.scores = [ranked[0], ranked[0], ranked[1], ranked[2]]
    episodes.algorithm.observe(rollouts, episodes)
    assert episodes.algorithm.metrics()["library"] == before + 1, "at the edge and like no other"
    episodes.algorithm.observe(rollouts, episodes)
    assert episodes.algorithm.metrics()["library"] == before + 1, "it is known now"
    kept = make_algorithm("eve", episodes.config)
    kept.restore(json.loads(json.dumps(episodes.algorithm.state())))
    assert kept.state() == episodes.algorithm.state()


def test_eve_shows_one_example_or_two(tiny: Policy) -> None:
    config = recipe_config("eve")
    algorithm, env = make_algorithm("eve", config), make("transforms/Edit-v1")
    _, rollouts = rolled(tiny, "eve", "envs=[transforms/Edit-v1]", coder=["no program"], by=lambda e, p: [
        InfrastructureError("none") for _ in p])  # fmt: skip
    proposal = rollouts[0].proposal
    systems = [
        algorithm.coder_messages(env, proposal, SeededRng(("example", n)))[0]["content"][0]["text"]  # type: ignore[arg-type]
        for n in range(40)
    ]
    counts = [text.count("An example:") for text in systems]
    assert set(counts) == {1, 2} and 10 <= counts.count(1) <= 30
    assert all(any(entry.program in text for entry in Library.of_seeds().entries) for text in systems)


# --- M-STaR ------------------------------------------------------------------------------------------------------


def completion(ids: Sequence[int], *logprobs: float) -> Completion:
    return Completion(tuple(ids), logprobs, "", True)


def test_steps_are_told_by_confidence_place_and_company() -> None:
    group = [completion([1, 2], -1.0, -3.0), completion([1, 3], -1.0, -0.5)]
    rows = step_features(group[0], group)
    assert rows.shape == (2, FEATURES)
    assert rows[0].tolist() == [1.0, -1.0, -1.0, -1.0, 0.5, 1.0]
    assert rows[1].tolist() == [1.0, -3.0, -3.0, -2.0, 1.0, 0.5]
    long = completion(range(100), *[-0.1] * 100)
    assert step_features(long, [long]).shape == (8, FEATURES)


def test_the_step_scorer_learns_which_answers_end_right() -> None:
    random = np.random.default_rng(0)
    scorer = StepScorer()

    def drawn() -> tuple[Completion, bool]:
        right = bool(random.integers(0, 2))
        values = random.normal(-0.3 if right else -2.0, 0.2, 3)
        return completion(random.integers(0, 9, 3).tolist(), *np.minimum(values, -1e-3)), right

    for _ in range(600):
        one, right = drawn()
        scorer.learn(one, [one], right)
    judged = [(scorer.score(one, [one]) > 0.5) == right for one, right in (drawn() for _ in range(200))]
    assert np.mean(judged) > 0.9
    group = [completion([1], -3.0), completion([2], -0.1), completion([2], -0.1)]
    assert scorer.ranked(group) == [1, 2, 0], "best first, equals in order"


def test_m_star_learns_from_the_best_two_right_answers(tiny: Policy) -> None:
    episodes, rollouts = rolled(
        tiny, "m-star", "rollout.source=programs", proposer=[ONE], coder=[WRONG], solver=["red", "blue", "red", "red"]
    )
    trajectories = [t for t in episodes.trajectories(rollouts[:1], 0, episodes.algorithm) if t.role == "solver"]
    lessons = episodes.algorithm.sft_examples(rollouts, trajectories, tiny)
    assert len(lessons) == 2 and all(lesson.correct for lesson in lessons)


def test_m_star_tunes_its_temperature_on_validation(tiny: Policy, env: Environment) -> None:
    config = override(recipe_config("m-star"), [CANVAS])
    algorithm = make_algorithm("m-star", config)
    assert isinstance(algorithm, MStar)

    class Warm(ScriptedGenerator):
        """Right at 0.7 and 0.8 alone."""

        def generate(self, role, prompts, sampling, seed):  # type: ignore[no-untyped-def]
            good = sampling.temperature in (0.7, 0.8)
            self.truths = [asked.item.truth.value if good else "?" for asked in items]
            groups = super().generate(role, prompts, sampling, seed)
            return [
                [Completion(c.ids, c.logprobs, truth, True) for c in group]
                for group, truth in zip(groups, self.truths, strict=True)
            ]

    items = validation(config)
    assert [a.item.digest for a in items] == [a.item.digest for a in validation(config)], "the same ones each time"
    curriculum = make_curriculum(config.curriculum, [env])
    episodes = Episodes(config, tiny, Warm(solver=["x"]), curriculum, draw, algorithm)
    algorithm.prepare(episodes, 19, SeededRng(("tune",)))
    assert algorithm.temperature("solver") == 1.0
    algorithm.prepare(episodes, 20, SeededRng(("tune",)))
    assert algorithm.temperature("solver") == 0.8, "of two that are as good the nearer to 1"
    assert len(TEMPERATURES) == 14 and math.isclose(TEMPERATURES[-1], 1.6)


# --- diagnostics ---------------------------------------------------------------------------------------------------


def test_forgetting_is_the_fall_from_the_best() -> None:
    rates = [(0.2, 0.5), (0.9, 0.6), (0.4, 0.6)]
    metrics = [{"arms": {"a/1": first, "b/1": second}} for first, second in rates]
    assert forgetting(metrics) == {"a/1": 0.5, "b/1": 0.0}
    assert forgetting([]) == {} and skill_matrix([]) == {}
    assert skill_matrix(metrics) == {"a": {1: 0.4}, "b": {1: 0.6}}


def test_collapse_is_seen(tiny: Policy) -> None:
    episodes, alike = rolled(tiny, "zerosight", proposer=[ONE], coder=[WRONG], solver=["red"])
    assert diagnose(alike, [], episodes.algorithm)["collapse/query_entropy"] == 0.0
    other = GOOD.replace("leftmost", "topmost")
    episodes, unlike = rolled(tiny, "zerosight", proposer=[ONE, other], coder=[WRONG], solver=["red"])
    assert diagnose(unlike, [], episodes.algorithm)["collapse/query_entropy"] == pytest.approx(math.log(2))
