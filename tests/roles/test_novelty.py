"""Novelty terms: worked examples, SciPy's clusters, and bounds."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerosight.roles.novelty import (
    bleu,
    cluster_shares,
    clusters,
    coverage,
    scene_novelty,
    structure,
    structure_entropy,
)

words = st.lists(st.sampled_from(["how", "many", "red", "dots", "where", "is"]), min_size=1, max_size=8).map(" ".join)
program = st.builds("{}({}, {})".format, st.sampled_from("fgh"), st.integers(-9, 9), st.floats(-9, 9))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("f(-1.5e-3, 'a b')", "f(#,#)"),
        ('<circle r="3"/>', "<circler=#/>"),
        ("x1 = 2\ny2 = .5", "x1=#y2=#"),
    ],
)
def test_structure_forgets_numbers_and_quoted_text_alone(text, left):
    assert structure(text) == left


@given(programs=st.lists(program, min_size=1, max_size=12))
def test_coverage_and_entropy_count_the_names(programs):
    names = [text[0] for text in programs]
    assert coverage(programs) == len(set(names)) / len(names)
    assert coverage(programs, earlier_structures=[structure(text) for text in programs]) == 0.0
    counted = sum(-math.log(names.count(name) / len(names)) for name in names) / len(names)
    assert structure_entropy(programs) == pytest.approx(counted, abs=1e-12)


def test_bleu_worked_by_hand():
    # Orders 1 to 4 match 4/5, 3/4, 2/3 and 1/2; both have 5 words.
    assert bleu("a b c d x", "a b c d y") == pytest.approx((4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)
    # Two words: orders 1 and 2, and a penalty for 2 words against 4.
    assert bleu("a b", "a b c d") == pytest.approx(math.exp(1 - 4 / 2))
    # A repeated word counts no more often than the other text has it; no pair matches.
    assert bleu("a a", "a c") == pytest.approx(math.sqrt(1 / 2 * 0.1))


@given(one=words, two=words)
def test_bleu_lies_from_nothing_to_all(one, two):
    assert bleu(one, one) == 1.0
    assert 0.0 <= bleu(one, two) <= 1.0


@given(numbers=st.lists(st.integers(0, 1000), min_size=2, max_size=9, unique=True), cut=st.floats(0.01, 0.99))
@settings(deadline=None)
def test_clusters_are_scipys(numbers, cut):
    hierarchy = pytest.importorskip("scipy.cluster.hierarchy")
    # Irrational places leave no ties for the order of merging to settle.
    places = np.sqrt(np.array(numbers, dtype=float)) / 40
    away = np.abs(places[:, None] - places[None, :])
    tree = hierarchy.linkage(away[np.triu_indices(len(numbers), 1)], "average")
    if min(abs(tree[:, 2] - cut)) < 1e-9 or (len(tree) > 1 and min(np.diff(tree[:, 2])) < 1e-9):
        return
    wanted = hierarchy.fcluster(tree, cut, "distance")
    found = clusters(away.tolist(), cut)
    assert [[a == b for b in found] for a in found] == [[a == b for b in wanted] for a in wanted]


@given(texts=st.lists(words, min_size=1, max_size=8))
@settings(deadline=None)
def test_shares_are_bounded_and_sum_to_the_number_of_clusters(texts):
    shares = cluster_shares(texts)
    assert all(1 / len(texts) <= share <= 1 for share in shares)
    assert sum(1 / (share * len(texts)) for share in shares) == pytest.approx(
        round(sum(1 / (s * len(texts)) for s in shares))
    )
    for text, share in zip(texts, shares, strict=True):
        assert share >= texts.count(text) / len(texts) - 1e-12


def test_no_texts_have_no_shares():
    assert cluster_shares([]) == [] and coverage([]) == 0.0 and structure_entropy([]) == 0.0


def test_scene_novelty_worked_by_hand():
    before = [{"n": 0.0, "still": 5.0}, {"n": 2.0, "still": 5.0}]
    # n is 4, 0, 2: deviation sqrt(8/3); the nearest is 2 away; `still` adds nothing to the mean over two.
    far = math.sqrt((2 / math.sqrt(8 / 3)) ** 2 / 2)
    assert scene_novelty({"n": 4.0, "still": 5.0}, before) == pytest.approx(far / (1 + far))
    assert scene_novelty({"n": 2.0, "still": 5.0}, before) == 0.0


def test_scenes_of_other_statistics_are_refused():
    with pytest.raises(ValueError, match="same statistics"):
        scene_novelty({"n": 1.0}, [{"m": 1.0}])
    with pytest.raises(ValueError, match="got none"):
        scene_novelty({}, [])
