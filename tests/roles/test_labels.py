"""Labels: votes by a plain loop, and their filters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.roles.labels import BANDS, Label, Vote, vote

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
    shares = [vote(["a"] * count + [f"b{n}" for n in range(20 - count)]).share for count in (4, 5, 6, 15, 16, 17)]
    kept = {name: [band.low <= share <= band.high for share in shares] for name, band in BANDS.items()}
    assert kept["mm-zero"] == [False, True, True, True, False, False]
    assert kept["r-zero"] == kept["visplay"] == [False, False, True, True, True, False]


def test_wrong_input_says_what_is_allowed():
    with pytest.raises(ValueError, match="'first' or 'refuse'"):
        vote(["a"], tie="last")


def test_a_label_tells_answers_apart_by_their_text():
    assert Label("red", False).matches(" Red") and not Label("red", False).matches("dark red")
