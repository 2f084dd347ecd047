"""Explanations: near misses of a reason, and replies that try to name every reason at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.envs import Rejected
from zerosight.roles.explain import content, mark, overlap, score, truth

HIDDEN = Rejected("not_unique", "several chairs are in the room, so the chair is not one", "ask about one")
EVERY = "hidden not unique ambiguous empty trivial close missing none several unseen overlap size shape colour text"


@pytest.mark.parametrize(
    ("reply", "worth"),
    [
        ("not unique", 1.0),
        ("Not_Unique", 1.0),
        ("there are several chairs in the room", 1.0),
        ("several chairs", 0.6),
        ("because the chair is hidden in the room", 0.6),
        ("the chair", 0.3),
        ("a table and a chair and a lamp", 0.3),
        ("unique", 0.0),
        ("blue", 0.0),
        ("", 0.0),
        ("the", 0.0),
        (EVERY, 0.0),
    ],
)
def test_replies_are_marked_by_what_they_share_with_the_reason(reply: str, worth: float) -> None:
    assert mark(reply, HIDDEN) == worth


@given(st.text(max_size=60), st.text(max_size=60))
def test_overlap_is_symmetric_and_a_share(first: str, second: str) -> None:
    assert overlap(first, second) == overlap(second, first)
    assert 0.0 <= overlap(first, second) <= 1.0
    assert overlap(first, first) == (1.0 if content(first) else 0.0)


def test_a_score_has_an_answers_terms() -> None:
    assert score(HIDDEN, "not unique").terms == {"correct": 1.0, "format": 1.0}
    assert score(HIDDEN, " ").terms == {"correct": 0.0, "format": 0.0}
    assert truth(HIDDEN).value == "not unique"
