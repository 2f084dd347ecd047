"""Label sources: votes by a plain loop, their filters, and their true error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.roles.labels import BANDS, Vote, label_error, majority_labels, oracle_labels, vote

group = st.lists(st.sampled_from(["", "a", "b", "c", "no x", "is no y"]), max_size=12)


@given(answers=group, merge=st.booleans())
def test_vote_by_a_plain_loop(answers, merge):
    said = [a for a in answers if a]
    same = lambda a, b: a == b or (merge and "no " in a and "no " in b)  # noqa: E731
    best, count = None, 0
    for one in said:
        found = sum(same(one, other) for other in said)
        if found > count:
            best, count = one, found
    assert vote(answers, merge_no=merge) == Vote(best, count / len(said) if said else 0.0)


@given(answers=group)
def test_refused_ties_are_the_only_difference(answers):
    first, refused = vote(answers), vote(answers, tie="refuse")
    top = sum(a == first.label for a in answers)
    tied = sum(answers.count(a) == top for a in set(answers) - {""}) > 1
    assert refused == (Vote(None, first.share) if tied else first)


def test_bands_keep_their_ends():
    shares = [["a"] * k + [f"b{n}" for n in range(20 - k)] for k in (4, 5, 6, 15, 16, 17)]
    kept = {name: [label is not None for label in majority_labels(shares, band=band)] for name, band in BANDS.items()}
    assert kept["mm-zero"] == [False, True, True, True, False, False]
    assert kept["r-zero"] == kept["visplay"] == [False, False, True, True, True, False]
    assert all(kept["none"])


truths = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=10)


@given(truths=truths, data=st.data())
def test_error_counts_wrong_labels_among_the_labelled(truths, data):
    labels = [data.draw(st.sampled_from(["a", "b", "c", None])) for _ in truths]
    error = label_error(labels, truths)
    wrong = labelled = 0
    for label, truth in zip(labels, truths, strict=True):
        if label is not None:
            labelled += 1
            wrong += label != truth
    assert error == (wrong, labelled, len(truths))
    assert error.rate == (wrong / labelled if labelled else None)


@given(truths=truths)
def test_an_oracle_is_never_wrong(truths):
    assert label_error(oracle_labels(truths), truths) == (0, len(truths), len(truths))


def test_a_sure_and_wrong_model_labels_wrongly_until_a_filter_drops_it():
    groups = [["b"] * 10, ["a"] * 6 + ["b"] * 4]
    assert label_error(majority_labels(groups), ["a", "a"]).rate == 0.5
    assert label_error(majority_labels(groups, band=BANDS["r-zero"]), ["a", "a"]) == (0, 1, 2)


def test_wrong_input_says_what_is_allowed():
    with pytest.raises(ValueError, match="'first' or 'refuse'"):
        vote(["a"], tie="last")
    with pytest.raises(ValueError, match="1 labels and 2 truths"):
        label_error(["a"], ["a", "b"])
