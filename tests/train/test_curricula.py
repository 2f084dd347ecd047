"""Every curriculum: its formula on numbers worked out by hand, and the same draws after a checkpoint at any moment."""

import itertools
import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zerosight.envs import Environment, SeededRng
from zerosight.train.config import ConfigError, CurriculumConfig, build
from zerosight.train.curriculum.base import Arm, Curriculum
from zerosight.train.curriculum.variants import CURRICULA, Regret, Replay, Sec, SpatialEvoCurriculum, make_curriculum

KINDS = sorted(CURRICULA)
ANSWERS = 16


def made(env: Environment, kind: str, **options) -> Curriculum:
    return make_curriculum(CurriculumConfig(kind=kind, **options), [env])


def see(curriculum: Curriculum, arm: Arm, *rates: float) -> None:
    for rate in rates:
        curriculum.observe(arm.env, arm.task, arm.difficulty, rate, ANSWERS)


def drawn(curriculum: Curriculum, key: str) -> list[tuple[str, int]]:
    return [(arm.task, arm.difficulty) for arm in curriculum.draw(SeededRng((key,)), 30)]


event = st.tuples(st.integers(0, 99), st.integers(0, ANSWERS), st.booleans())


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(event, max_size=30), cut=st.integers(0, 30))
def test_a_run_cut_anywhere_draws_as_one_that_was_not(env, kind, events, cut):
    whole, cutted = made(env, kind), made(env, kind)
    for number, (place, right, last) in enumerate(events):
        if number == cut:
            kept = json.loads(json.dumps(cutted.state()))
            cutted = made(env, kind)
            cutted.restore(kept)
        for one in (whole, cutted):
            see(one, one.arms[place % len(one.arms)], right / ANSWERS)
            if last:
                one.finish_step()
    assert cutted.state() == whole.state()
    assert drawn(cutted, "after") == drawn(whole, "after")
    for arm in whole.arms:
        assert (0.0 <= whole.weight(arm) if kind == "coevolve" else 0.0 < whole.weight(arm)) and whole.weight(arm) < 9e9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", KINDS)
def test_a_phase_goes_on_from_another_curriculums_checkpoint(env, kind, before):
    first, second = made(env, before), made(env, kind)
    see(first, first.arms[0], 0.5, 0.75)
    first.finish_step()
    second.restore(json.loads(json.dumps(first.state())))
    assert second.arms[0].solve_rate == first.arms[0].solve_rate
    assert len(drawn(second, "phase")) == 30


@pytest.mark.parametrize("kind", KINDS)
def test_an_outcome_changes_no_other_arm(env, kind):
    curriculum = made(env, kind)
    before = [curriculum.weight(arm) for arm in curriculum.arms]
    see(curriculum, curriculum.arms[3], 1.0, 0.9375)
    arm = curriculum.arms[3]
    curriculum.note_share(arm.env, arm.task, arm.difficulty, 0.75)
    if kind != "coevolve":
        curriculum.finish_step()
    after = [curriculum.weight(arm) for arm in curriculum.arms]
    assert after[:3] + after[4:] == before[:3] + before[4:]
    # `coevolve` has not opened this arm's rung, whatever is known of it.
    assert (after[3] != before[3]) == (kind not in ("uniform", "coevolve"))


def test_goldilocks_weighs_the_band_and_its_ends(env):
    curriculum = made(env, "goldilocks", memory=0.0)
    arm = curriculum.arms[0]
    for rate, inside in [(0.0, False), (0.25, True), (0.5, True), (0.75, True), (0.875, False)]:
        # The first estimate holds some of the prior; from the second on memory 0 leaves the last alone.
        see(curriculum, arm, rate, rate)
        doubt = 8 / (8 + ANSWERS)
        assert curriculum.weight(arm) == pytest.approx(1.0 if inside else doubt)


def test_spatialevo_starts_at_its_prior_and_ends_at_its_floor(env):
    curriculum = made(env, "spatialevo")
    arm = curriculum.arms[0]
    assert curriculum.weight(arm) == pytest.approx(0.65)
    see(curriculum, arm, 0.5)
    assert curriculum.weight(arm) == pytest.approx(1 - (0.5 + 0.7) / 3)
    see(curriculum, arm, *[1.0] * 200)
    assert curriculum.weight(arm) == SpatialEvoCurriculum.FLOOR == 0.05


def test_spatialevo_remaps_named_tasks_alone(env):
    plain = made(env, "spatialevo")
    arm = plain.arms[0]
    mapped = made(env, "spatialevo", remapped_tasks=(arm.task,))
    for curriculum in (plain, mapped):
        see(curriculum, curriculum.arms[0], 0.25, 0.75)
    assert plain.weight(plain.arms[0]) == pytest.approx(1 - (1.0 + 0.7) / 4)
    assert mapped.weight(mapped.arms[0]) == pytest.approx(1 - (0.5 + 1.0 + 0.7) / 4)


@pytest.mark.parametrize(("quirk", "factor"), [(False, 1.0), (True, 0.5)])
def test_sec_moves_drawn_arms_and_keeps_or_by_the_quirk_decays_the_others(env, quirk, factor):
    curriculum = made(env, "sec", bandit_rate=0.5, temperature=0.25, decay_absent=quirk)
    assert isinstance(curriculum, Sec)
    arm = curriculum.arms[0]
    see(curriculum, arm, 0.5, 1.0)
    assert curriculum.weight(arm) == 1.0  # nothing moves within a step
    curriculum.finish_step()
    value = 0.5 * (1.0 + 0.0) / 2
    assert curriculum.weight(arm) == pytest.approx(math.exp(value / 0.25))
    see(curriculum, curriculum.arms[1], 0.5)
    curriculum.finish_step()
    assert curriculum.weight(arm) == pytest.approx(math.exp(factor * value / 0.25))


@given(right=st.integers(0, ANSWERS))
def test_sec_gain_is_the_mean_absolute_advantage(right):
    rewards = [1.0] * right + [0.0] * (ANSWERS - right)
    mean = sum(rewards) / ANSWERS
    deviation = math.sqrt(sum((r - mean) ** 2 for r in rewards) / ANSWERS)
    wanted = sum(abs(r - mean) / deviation for r in rewards) / ANSWERS if deviation else 0.0
    assert 2 * math.sqrt(mean * (1 - mean)) == pytest.approx(wanted)


def test_progress_follows_change_in_either_direction_and_not_level(env):
    curriculum = made(env, "progress", min_weight=0.0)
    level, rising, falling = curriculum.arms[:3]
    see(curriculum, level, *[0.5] * 60)
    see(curriculum, rising, *[0.25] * 50, *[0.75] * 10)
    see(curriculum, falling, *[0.75] * 50, *[0.25] * 10)
    assert curriculum.weight(rising) == pytest.approx(curriculum.weight(falling))
    assert curriculum.weight(rising) > 3 * curriculum.weight(level)
    fast = slow = 0.25
    for _ in range(10):
        fast, slow = 0.9 * fast + 0.1 * 0.75, 0.98 * slow + 0.02 * 0.75
    doubt = 8 / (8 + rising.answer_weight)
    assert curriculum.weight(rising) == pytest.approx((1 - doubt) * 2 * (fast - slow) + doubt)


def test_regret_is_best_less_mean(env):
    curriculum = made(env, "regret", memory=0.0)
    assert isinstance(curriculum, Regret)
    arm = curriculum.arms[0]
    for right in range(ANSWERS + 1):
        answers = [1.0] * right + [0.0] * (ANSWERS - right)
        see(curriculum, arm, right / ANSWERS)
        wanted = max(answers) - sum(answers) / ANSWERS
        assert curriculum.arm_values[arm.env, arm.task, arm.difficulty]["regret"] == pytest.approx(wanted)


def test_replay_brings_back_what_was_mastered_and_lost(env):
    plain, replay = made(env, "learnability"), made(env, "replay")
    assert isinstance(replay, Replay)
    for one in (plain, replay):
        see(one, one.arms[0], *[1.0] * 200)
    assert plain.weight(plain.arms[0]) < 0.1
    mastered = replay.weight(replay.arms[0])
    assert mastered == pytest.approx(0.2, abs=0.01)
    see(replay, replay.arms[0], *[replay.arms[0].chance] * 200)
    assert replay.weight(replay.arms[0]) > 0.9


def test_the_default_is_as_it_was(env):
    assert type(make_curriculum(CurriculumConfig(), [env])) is Curriculum


def test_a_wrong_name_or_band_says_what_to_do():
    with pytest.raises(ConfigError, match="did you mean 'goldilocks'"):
        build({"curriculum": {"kind": "goldilock"}})
    with pytest.raises(ConfigError, match="swap them"):
        build({"curriculum": {"band_low": 0.9}})


def test_confidence_weighs_doubt(env):
    curriculum = made(env, "confidence", memory=0.5, min_weight=0.1)
    arm = curriculum.arms[0]
    assert curriculum.weight(arm) == 1.0
    for share in (0.5, 1.0):
        curriculum.note_share(arm.env, arm.task, arm.difficulty, share)
    # One item of 0.5 at half its weight, and one of 1.
    assert curriculum.weight(arm) == pytest.approx(1 - (0.5 * 0.5 + 1.0) / 1.5)
    for _ in range(50):
        curriculum.note_share(arm.env, arm.task, arm.difficulty, 1.0)
    assert curriculum.weight(arm) == 0.1


def test_ttcs_draws_the_test_questions_forms_where_votes_are_split(env):
    curriculum = made(env, "ttcs", target_tasks=("count", "nearest"))
    assert {arm.task for arm in curriculum.draw(SeededRng(("t",)), 200)} == {"count", "nearest"}
    arm = next(arm for arm in curriculum.arms if arm.task == "count")
    curriculum.note_share(arm.env, arm.task, arm.difficulty, 0.75)
    assert curriculum.weight(arm) == pytest.approx(0.75**1.2)
    with pytest.raises(ConfigError, match=r"no form 'nearst' here; did you mean 'nearest'\?"):
        made(env, "ttcs", target_tasks=("nearst",))


def test_failures_come_back_until_they_are_paid(env):
    curriculum = made(env, "failures", failure_share=1.0, memory=0.5)
    failed, solved = curriculum.arms[4], curriculum.arms[5]
    see(curriculum, failed, 0.25)
    see(curriculum, solved, 1.0)
    assert {id(arm) for arm in curriculum.draw(SeededRng(("f",)), 50)} == {id(failed)}
    see(curriculum, failed, *[1.0] * 60)
    assert curriculum.arm_values[failed.env, failed.task, failed.difficulty]["debt"] < 1e-9
    assert made(env, "failures", failure_share=0.0).draw(SeededRng(("f",)), 9)


def test_coevolve_opens_one_rung_at_a_time_and_in_turn(env):
    curriculum = made(env, "coevolve", mastery_threshold=0.6)
    first = [arm for arm in curriculum.arms if curriculum.weight(arm) > 0]
    assert {arm.difficulty for arm in first} == {1} and {arm.task for arm in first} < set(env.tasks)
    sizes = []
    for _ in range(30):
        opened = [arm for arm in curriculum.arms if curriculum.weight(arm) > 0]
        sizes.append((max(arm.difficulty for arm in opened), len({arm.task for arm in opened})))
        for arm in opened:
            see(curriculum, arm, *[1.0] * 9)
        curriculum.finish_step()
    grown = [(b[0] > a[0], b[1] > a[1]) for a, b in itertools.pairwise(sizes) if a != b]
    assert grown[:2] == [(True, False), (False, True)], "pictures first, then texts"
    assert sizes[-1] == (max(env.difficulties), len(env.tasks)), "in the end every arm is open"
    stuck = made(env, "coevolve", mastery_threshold=0.6)
    for arm in first:
        see(stuck, arm, *[0.25] * 9)
    stuck.finish_step()
    assert sum(stuck.weight(arm) > 0 for arm in stuck.arms) == len(first) > 0
