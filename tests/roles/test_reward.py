"""Reward formulas and the sum of terms: numbers worked out by hand, and second ways to say the same."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.envs import Score
from zerosight.roles import reward
from zerosight.roles.reward import SolverView, TermTable

share = st.floats(0.0, 1.0)
SYMMETRIC = [reward.smaller_side, reward.bernoulli_variance, reward.tent]


@pytest.mark.parametrize("shape", SYMMETRIC)
@given(p=share, q=share)
def test_symmetric_shapes_peak_at_half_and_fall_to_zero(shape, p, q):
    assert shape(p) == pytest.approx(shape(1 - p), abs=1e-12)
    assert shape(0.0) == shape(1.0) == 0.0
    assert 0.0 <= shape(p) <= shape(0.5) <= 1.0
    if abs(p - 0.5) < abs(q - 0.5):
        assert shape(p) >= shape(q) - 1e-12


@given(p=share)
def test_the_tent_is_twice_the_smaller_side(p):
    assert reward.tent(p) == pytest.approx(2 * reward.smaller_side(p))


@pytest.mark.parametrize(("rate", "value"), [(0, 0), (0.25, 0.75), (0.5, 1), (0.75, 0.75), (1, 0)])
def test_learnability_is_highest_where_half_succeed(rate, value):
    assert reward.bernoulli_variance(rate) == value


def test_rarity_prefers_the_lowest_accuracy_that_is_not_zero():
    found = [reward.rarity(k / 8) for k in range(9)]
    assert max(range(9), key=found.__getitem__) == 1
    assert found[0] == found[8] == 0.0


rendered = st.builds(SolverView, share, share)


@given(samples=st.lists(st.none() | rendered, min_size=1, max_size=8))
def test_mm_zero_programs_by_a_plain_loop(samples):
    total, hard, drawn = 0.0, 0.0, 0
    for sample in samples:
        if sample is None:
            continue
        c = sample.consistency
        worth = c if c < 0.5 else 1 - c
        hard += worth
        drawn += 1
        total += worth + (sample.solvability if sample.solvability < 0.5 else 0.5)
    wanted = total / len(samples)
    if drawn and hard / drawn < 0.15:
        wanted -= 0.3
    assert reward.mm_zero_programs(samples) == pytest.approx(wanted)
    assert -0.3 <= reward.mm_zero_programs(samples) <= 1.0


def test_mm_zero_programs_worked_examples():
    samples = [SolverView(0.8, 0.6), SolverView(0.2, 0.8), None, None]
    assert reward.mm_zero_programs(samples) == pytest.approx((0.5 + 0.4 + 0.2 + 0.2) / 4)
    assert reward.mm_zero_programs(samples, cap=None) == pytest.approx((0.8 + 0.4 + 0.2 + 0.2) / 4)
    assert reward.mm_zero_programs([SolverView(1.0, 0.9)]) == pytest.approx(0.5 + 0.1 - 0.3)
    assert reward.mm_zero_programs([None]) == 0.0


@pytest.mark.parametrize(
    ("empty", "is_svg", "penalty"), [(False, True, 0.1), (True, True, 0.15), (False, False, 0.5), (True, False, 0.5)]
)
def test_mm_zero_takes_off_for_a_program_that_draws_nothing(empty, is_svg, penalty):
    assert reward.no_drawing_penalty(empty=empty, is_svg=is_svg) == pytest.approx(penalty)


def test_a_type_over_half_of_the_batch_pays_up_to_the_whole_penalty():
    batch = ["map"] * 9 + ["table"]
    assert reward.type_penalty("map", batch) == pytest.approx(-0.15 * 0.8)
    assert reward.type_penalty("table", batch) == 0.0
    assert reward.type_penalty("map", ["map", "table"]) == 0.0


def test_a_small_cluster_earns_a_bonus_up_to_half():
    assert reward.text_penalty({"caption": -0.1, "easy": 0.0, "hard": 0.0}, 4) == pytest.approx(0.09)
    assert reward.text_penalty(dict.fromkeys(reward.TEXT_WEIGHTS, -1.0), 100) == 0.5


def test_eve_takes_the_mean_or_by_published_behaviour_the_last_type():
    assert reward.eve_difficulty([0.5, 0.0]) == 0.5 and reward.eve_difficulty([]) == 0.0
    assert reward.eve_difficulty([0.0, 0.5], last_only=True) == 1.0
    assert reward.eve_difficulty([0.5, 1.0], last_only=True) == 0.0
    assert reward.eve_difficulty([0.0, 1.0], last_only=True) == 0.0, "no item was kept: the mean of 0 and 0"
    assert [reward.eve_keeps(k / 6) for k in range(7)] == [False, False, True, True, True, True, False]


def test_spatialevo_halves_what_an_answer_that_says_little_earns():
    assert reward.spatialevo_factor("object_counting", "0") == 0.0
    assert reward.spatialevo_factor("object_counting", "7") == reward.spatialevo_factor("room_size", "1") == 1.0


@pytest.mark.parametrize("shape", [*SYMMETRIC, reward.rarity, reward.eve_keeps])
@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan])
def test_a_rate_that_is_none_is_refused(shape, wrong):
    with pytest.raises(ValueError, match="from 0 to 1, got"):
        shape(wrong)


def test_wrong_input_says_what_is_allowed():
    with pytest.raises(ValueError, match="got none"):
        reward.mm_zero_programs([])
    with pytest.raises(ValueError, match="given for"):
        reward.text_penalty({"capton": 0.1}, 3)
    with pytest.raises(ValueError, match="not among"):
        reward.type_penalty("map", ["table"])


# --- the sum of terms ----------------------------------------------------------------------------------------------


def counted() -> tuple[TermTable[float], list[str]]:
    """Return a table of two terms, and the names of those that were computed."""
    table: TermTable[float] = TermTable("solver")
    computed: list[str] = []

    @table.term("double", "Twice the context.", weight=2.0)
    def double(context: float) -> float:
        computed.append("double")
        return 2.0 * context

    @table.term("square", "The context's square.")
    def square(context: float) -> float:
        computed.append("square")
        return context * context

    return table, computed


def test_a_score_is_the_weighted_sum_and_keeps_its_terms():
    table, computed = counted()
    assert table.score(3.0, {"double": 0.5, "square": -1.0}) == Score(3.0 - 9.0, {"double": 6.0, "square": 9.0})
    assert computed == ["double", "square"]


def test_a_term_of_weight_0_is_not_computed():
    table, computed = counted()
    assert table.score(3.0, table.default_weights()) == Score(12.0, {"double": 6.0})
    assert table.score(3.0, table.only(square=1.0)) == Score(9.0, {"square": 9.0})
    assert table.score(3.0, {}) == Score(0.0, {})
    assert computed == ["double", "square"]
    assert table.terms["square"].about == "The context's square."


def test_a_weight_of_no_term_is_refused_with_the_close_one():
    table, _ = counted()
    with pytest.raises(ValueError, match=r"the solver has no reward term 'squares'; did you mean 'square'\?"):
        table.only(squares=1.0)
