"""The held-out suite and its figures."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.benchmarks.own.learning import half_known
from zerosight.envs import item_rng, make
from zerosight.train.heldout import EASY, HARDER, NEW, evaluate, heldout_suite, kind_of
from zerosight.train.intervals import wilson
from zerosight.train.models.load import EMBEDDED_SEED
from zerosight.train.models.policy import Policy

ENV = "shapes/Canvas-v1"


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_ends_solve_the_score_equation(case: tuple[int, int]) -> None:
    right, count = case
    share = wilson(right, count)
    assert 0.0 <= share.low <= share.value <= share.high <= 1.0
    for end in (share.low, share.high):
        if 0.0 < end < 1.0:
            # Wilson's ends are where the score test is just at its 95 % point.
            score = (share.value - end) ** 2 / (end * (1 - end) / count)
            assert score == pytest.approx(1.959963984540054**2, rel=1e-6)


def test_wilson_refuses_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="got 5 of 4"):
        wilson(5, 4)


def test_the_suite_takes_forms_and_difficulties_in_turn() -> None:
    suite = heldout_suite([ENV], 150)
    forms = Counter(item.task for item in suite.items)
    assert set(forms) == set(make(ENV).tasks)
    assert set(forms.values()) == {10}
    assert Counter(item.difficulty for item in suite.items) == {1: 30, 2: 60, 3: 60}
    assert [p.digest for p in suite.pictures[:20]] == [p.digest for p in heldout_suite([ENV], 20).pictures]


def test_no_suite_item_is_in_another_split() -> None:
    env = make(ENV)
    held = {item.digest for item in heldout_suite([ENV], 150).items}
    for split in ("train", "dev"):
        other = {env.sample(item_rng(ENV, split, 0, i), item, 2).digest for i, item in enumerate(list(env.tasks) * 10)}
        assert not held & other


def test_kinds() -> None:
    items = heldout_suite([ENV], 75).items
    taught = ("count", "exists")
    assert {kind_of(item, taught) for item in items if item.task not in taught} == {NEW}
    assert {kind_of(item, taught) for item in items if item.task in taught and item.difficulty == 1} == {EASY}
    assert {kind_of(item, taught) for item in items if item.task in taught and item.difficulty > 1} == {HARDER}


def test_figures_add_up_and_sight_beats_blindness_in_the_seed() -> None:
    suite = heldout_suite([ENV], 150)
    result = evaluate(Policy.load(EMBEDDED_SEED), suite, ("count", "exists"))
    rows = result["answers"]
    assert [row["id"] for row in rows] == [item.id for item in suite.items]
    assert result["overall"]["accuracy"] == pytest.approx(sum(row["right"] for row in rows) / 150)
    for part in ("tasks", "kinds"):
        assert sum(summary["items"] for summary in result[part].values()) == 150
    assert result["overall"]["accuracy"] > result["overall"]["blind"]
    right = {item.id: item.truth.value for item in suite.items}
    assert all(row["right"] == (row["answer"].strip() == right[row["id"]]) for row in rows)


def test_half_known_is_above_blind_and_below_full() -> None:
    row = {"low": 0.5, "blind": 0.4, "accuracy": 0.6}
    tasks = {"yes": row, "blind": row | {"blind": 0.55}, "full": row | {"accuracy": 0.9}}
    assert half_known({"tasks": tasks}) == ["yes"]
