"""The curriculum: what is at the edge is drawn, what is mastered or blind is not."""

from collections import Counter

import pytest

from zerosight.envs import Environment, SeededRng
from zerosight.train.config import CurriculumConfig
from zerosight.train.curriculum.base import Curriculum


def taught(env: Environment, rates: dict[str, float]) -> Curriculum:
    curriculum = Curriculum(CurriculumConfig(), [env])
    for task in env.tasks:
        for difficulty in env.difficulties:
            for _ in range(50):
                curriculum.observe(env.id, task, difficulty, rates.get(task, 1.0), 16)
    return curriculum


def test_half_known_forms_are_drawn_most(env: Environment) -> None:
    chance = env.tasks["exists"].chance
    curriculum = taught(env, {"exists": chance + (1 - chance) / 2, "compare": env.tasks["compare"].chance})
    drawn = Counter(arm.task for arm in curriculum.draw(SeededRng(("test",)), 3000))
    assert drawn["exists"] > 5 * drawn["compare"]
    assert drawn["exists"] > 5 * drawn["colour"]
    assert drawn["compare"] > 0


def test_an_accuracy_at_chance_is_no_skill(env: Environment) -> None:
    curriculum = taught(env, {"exists": 0.5})
    arm = next(arm for arm in curriculum.arms if arm.task == "exists")
    assert arm.skill == pytest.approx(0.0, abs=1e-6)
    assert curriculum.weight(arm) == pytest.approx(CurriculumConfig().min_weight, abs=0.12)


def test_a_form_comes_in_when_it_leaves_the_blind_level(env: Environment) -> None:
    curriculum = taught(env, {"compare": 0.5})
    arm = next(arm for arm in curriculum.arms if arm.task == "compare")
    before = curriculum.weight(arm)
    for _ in range(30):
        curriculum.observe(env.id, "compare", arm.difficulty, 0.75, 16)
    assert curriculum.weight(arm) > 4 * before


def test_uniform_draws_everything_alike(env: Environment) -> None:
    curriculum = Curriculum(CurriculumConfig(kind="uniform"), [env])
    curriculum.observe(env.id, "exists", 1, 1.0, 500)
    assert len({curriculum.weight(arm) for arm in curriculum.arms}) == 1


def test_state_comes_back_exactly(env: Environment) -> None:
    curriculum = taught(env, {"exists": 0.7, "count": 0.3})
    fresh = Curriculum(CurriculumConfig(), [env])
    fresh.restore(curriculum.state())
    assert fresh.state() == curriculum.state()
    draws = ([arm.task for arm in one.draw(SeededRng(("test", 1)), 50)] for one in (curriculum, fresh))
    assert next(draws) == next(draws)


def test_arms_not_drawn_keep_their_value(env: Environment) -> None:
    curriculum = taught(env, {})
    before = {(a.task, a.difficulty): a.solve_rate for a in curriculum.arms}
    curriculum.observe(env.id, "side", 2, 0.0, 16)
    changed = [(a.task, a.difficulty) for a in curriculum.arms if a.solve_rate != before[a.task, a.difficulty]]
    assert changed == [("side", 2)]


def test_a_form_answered_surely_item_by_item_gives_way_to_one_in_doubt(env: Environment) -> None:
    curriculum = Curriculum(CurriculumConfig(), [env])
    sure, doubted = (next(arm for arm in curriculum.arms if arm.task == task) for task in ("side", "level"))
    for turn in range(60):
        # Both are right three times in four: one always or never on an item, the other on each item now and then.
        curriculum.observe(env.id, "side", sure.difficulty, float(turn % 4 != 0), 16)
        curriculum.observe(env.id, "level", doubted.difficulty, 0.75, 16)
    assert sure.solve_rate == pytest.approx(doubted.solve_rate, abs=0.1)
    assert curriculum.weight(doubted) > 5 * curriculum.weight(sure)
