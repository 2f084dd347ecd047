"""Reward formulas: numbers worked out by hand, and second ways to say the same."""

import math
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.roles import formulas as shapes
from zerosight.roles.formulas import Rendered
from zerosight.roles.reward import edge

share = st.floats(0.0, 1.0)
SYMMETRIC = [shapes.smaller_side, shapes.variance, shapes.tent]


@pytest.mark.parametrize("shape", SYMMETRIC)
@given(p=share, q=share)
def test_symmetric_shapes_peak_at_half_and_fall_to_zero(shape, p, q):
    assert shape(p) == pytest.approx(shape(1 - p), abs=1e-12)
    assert shape(0.0) == shape(1.0) == 0.0
    assert 0.0 <= shape(p) <= shape(0.5) <= 1.0
    if abs(p - 0.5) < abs(q - 0.5):
        assert shape(p) >= shape(q) - 1e-12


@given(p=share)
def test_two_shapes_are_twice_and_the_same_as_others(p):
    assert shapes.tent(p) == pytest.approx(2 * shapes.smaller_side(p))
    assert shapes.variance(p) == edge(p)


@pytest.mark.parametrize("n", [2, 5, 8])
def test_dr_zero_falls_by_equal_steps_from_one_right_answer(n):
    found = [shapes.dr_zero(k, n) for k in range(n + 1)]
    wanted = [0.0, *[1 - step / (n - 1) for step in range(n - 1)], 0.0]
    assert found == pytest.approx(wanted)


def test_absolute_zero_prefers_the_lowest_accuracy_that_is_not_zero():
    found = [shapes.absolute_zero(k / 8) for k in range(9)]
    assert max(range(9), key=found.__getitem__) == 1
    assert found[0] == found[8] == 0.0


@given(counts=st.lists(st.integers(0, 6), min_size=1, max_size=6).filter(any))
def test_entropy_band_is_a_bell_over_the_entropy(counts):
    answers = [number for number, count in enumerate(counts) for _ in range(count)]
    surprise = fmean(-math.log(answers.count(a) / len(answers)) for a in answers)
    assert shapes.entropy(counts) == pytest.approx(surprise, abs=1e-12)
    assert shapes.evolmm(counts) == pytest.approx(math.exp(-0.5 * ((surprise - 0.9) / 0.35) ** 2))
    assert 0.0 < shapes.evolmm(counts) <= 1.0


rendered = st.builds(Rendered, share, share)


@given(samples=st.lists(st.none() | rendered, min_size=1, max_size=8))
def test_mm_zero_proposer_by_a_plain_loop(samples):
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
    assert shapes.mm_zero_proposer(samples) == pytest.approx(wanted)
    assert -0.3 <= shapes.mm_zero_proposer(samples) <= 1.0


def test_mm_zero_proposer_worked_examples():
    samples = [Rendered(0.8, 0.6), Rendered(0.2, 0.8), None, None]
    assert shapes.mm_zero_proposer(samples) == pytest.approx((0.5 + 0.4 + 0.2 + 0.2) / 4)
    assert shapes.mm_zero_proposer(samples, cap=None) == pytest.approx((0.8 + 0.4 + 0.2 + 0.2) / 4)
    assert shapes.mm_zero_proposer([Rendered(1.0, 0.9)]) == pytest.approx(0.5 + 0.1 - 0.3)
    assert shapes.mm_zero_proposer([None]) == 0.0


@pytest.mark.parametrize(
    ("options", "worth"),
    [({}, -0.1), ({"empty": True}, -0.15), ({"svg": False}, -0.5), ({"empty": True, "svg": False}, -0.5)],
)
def test_mm_zero_coder_that_draws_nothing(options, worth):
    assert shapes.mm_zero_coder(None, **options) == pytest.approx(worth)


def test_mm_zero_coder_is_not_capped_and_pays_for_its_type():
    assert shapes.mm_zero_coder(Rendered(1.0, 0.5)) == 2.5
    assert shapes.mm_zero_coder(Rendered(1.0, 0.5), right_type=False) == 2.0


def test_a_type_over_half_of_the_batch_pays_up_to_the_whole_penalty():
    batch = ["map"] * 9 + ["table"]
    assert shapes.type_penalty("map", batch) == pytest.approx(-0.15 * 0.8)
    assert shapes.type_penalty("table", batch) == 0.0
    assert shapes.type_penalty("map", ["map", "table"]) == 0.0


def test_a_small_cluster_earns_a_bonus_up_to_half():
    assert shapes.text_penalty({"caption": -0.1, "easy": 0.0, "hard": 0.0}, 4) == pytest.approx(0.09)
    assert shapes.text_penalty(dict.fromkeys(shapes.TEXT_WEIGHTS, -1.0), 100) == 0.5


def test_eve_takes_the_mean_or_by_the_quirk_the_last_type():
    assert shapes.eve_challenger(1.0, [0.5, 0.0], valid=True) == pytest.approx(0.2 + 0.4 + 0.4 * 0.5)
    assert shapes.eve_challenger(1.0, [0.0, 0.5], valid=True, last_only=True) == pytest.approx(1.0)
    assert [shapes.eve_keeps(k / 6) for k in range(7)] == [False, False, True, True, True, True, False]


def test_spatialevo_pays_a_valid_question_at_least_the_floor():
    assert shapes.spatialevo_round1(0.0, 1.0, 0.05) == pytest.approx(0.09)
    assert shapes.spatialevo_round1(1.0, 0.0, 1.0) == pytest.approx(0.1)
    assert shapes.spatialevo_round1(1.0, 1.0, 1.0, malformed=True) == -1.0
    assert shapes.spatialevo_round2(1.0, 0.3) == pytest.approx(0.37)
    assert shapes.spatialevo_factor("object_counting", "0") == 0.0
    assert shapes.spatialevo_factor("object_counting", "7") == shapes.spatialevo_factor("room_size", "1") == 1.0


@given(s=share, cluster=share, likeness=share)
def test_cluster_share_never_pays(s, cluster, likeness):
    assert shapes.r_zero(s, cluster) <= shapes.r_zero(s, 0.0) <= 0.5
    assert shapes.r_zero(s, cluster, well_formed=False) <= -1.0
    assert 0.0 <= shapes.ttcs(s, cluster, likeness) <= shapes.ttcs(s, 0.0) <= 1.0


def test_v_zero_pays_disagreement_most_when_the_vote_is_unanimous():
    assert shapes.v_zero(1.0, agrees=False) == 0.5 == shapes.v_zero(0.5, agrees=True)
    assert shapes.v_zero(1.0, agrees=True) == 0.0
    assert shapes.v_zero(0.7, agrees=True, well_formed=False) == -1.0


@pytest.mark.parametrize("shape", [*SYMMETRIC, shapes.absolute_zero, shapes.r_zero_keeps, shapes.eve_keeps])
@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan])
def test_a_rate_that_is_none_is_refused(shape, wrong):
    with pytest.raises(ValueError, match="from 0 to 1, got"):
        shape(wrong)


def test_wrong_input_says_what_is_allowed():
    with pytest.raises(ValueError, match="got 6 of 5"):
        shapes.dr_zero(6, 5)
    with pytest.raises(ValueError, match="not all 0"):
        shapes.entropy([0, 0])
    with pytest.raises(ValueError, match="got none"):
        shapes.mm_zero_proposer([])
    with pytest.raises(ValueError, match="given for"):
        shapes.text_penalty({"capton": 0.1}, 3)
    with pytest.raises(ValueError, match="not among"):
        shapes.type_penalty("map", ["table"])
    with pytest.raises(ValueError, match="got none"):
        shapes.eve_challenger(1.0, [], valid=True)
