from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.roles.messages import chat
from zerosight.roles.reward import edge, novelty, weigh


@dataclass(frozen=True)
class Weights:
    a: float = 2.0
    b: float = -0.5


def test_weigh_is_a_weighted_sum_that_keeps_its_terms():
    terms = {"a": 0.5, "b": 1.0}
    score = weigh(terms, Weights())
    assert score.value == 0.5 and score.terms == terms
    terms["a"] = 9.0
    assert score.terms["a"] == 0.5  # what was logged stays


@pytest.mark.parametrize("terms", [{"a": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}, {}, {"a": 1.0, "c": 1.0}])
def test_term_without_weight_or_weight_without_term_is_our_error(terms):
    with pytest.raises(KeyError, match=r"do not match weights \['a', 'b'\]"):
        weigh(terms, Weights())


@pytest.mark.parametrize(("rate", "value"), [(0, 0), (0.25, 0.75), (0.5, 1), (0.75, 0.75), (1, 0)])
def test_edge_is_highest_where_half_succeed(rate, value):
    assert edge(rate) == value


@given(st.floats(0, 1))
def test_edge_is_symmetric_and_bounded(rate):
    assert 0 <= edge(rate) <= 1
    assert edge(rate) == pytest.approx(edge(1 - rate))


@pytest.mark.parametrize(
    ("count", "total", "value"), [(1, 1, 1), (1, 0, 1), (1, 5, 1), (5, 5, 0), (2, 5, 0.75), (3, 5, 0.5)]
)
def test_novelty_falls_with_company(count, total, value):
    assert novelty(count, total) == value


def test_chat_is_what_chat_templates_take():
    assert chat("be brief", "hello") == [
        {"role": "system", "content": [{"type": "text", "text": "be brief"}]},
        {"role": "user", "content": [{"type": "text", "text": "hello"}]},
    ]


def test_picture_comes_before_the_words():
    assert [part["type"] for part in chat("s", "t", image=True)[1]["content"]] == ["image", "text"]
