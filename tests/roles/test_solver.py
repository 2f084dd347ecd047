import pytest

from zerosight.envs import Environment, Question, Truth
from zerosight.envs.answers import KINDS
from zerosight.roles import solver
from zerosight.roles.solver import SolverWeights

QUESTION = Question(["count", ["select", "red"]], "how many red shapes are there?", "number", ("0", "1", "2", "3"))
TRUTH = Truth("2", "number", 64.0)


def test_prompt_shows_the_picture_the_question_and_the_kind_of_answer_and_nothing_else():
    system, user = solver.prompt(QUESTION)
    asked = {"type": "text", "text": f"{QUESTION.text} (a number)"}
    assert user == {"role": "user", "content": [{"type": "image"}, asked]}
    assert system["role"] == "system"
    # The same for every item: it cannot tell anything about this one.
    other = Question(["exists", ["select"]], "is there a shape?", "yesno", ("no", "yes"))
    assert solver.prompt(other)[0] == system


@pytest.mark.parametrize(
    ("text", "value", "terms"),
    [
        ("2", 1.1, {"correct": 1, "format": 1}),
        ("two", 1.1, {"correct": 1, "format": 1}),
        ("3", 0.1, {"correct": 0, "format": 1}),
        ("17", 0.1, {"correct": 0, "format": 1}),
        ("I think 2", 1.1, {"correct": 1, "format": 1}),
        ("I cannot tell", 0, {"correct": 0, "format": 0}),
        ("2 or 3", 0, {"correct": 0, "format": 0}),
        ("", 0, {"correct": 0, "format": 0}),
    ],
)
def test_reward_is_for_the_right_answer_in_its_form(env: Environment, text, value, terms):
    score = solver.reward(SolverWeights(), env, TRUTH, QUESTION, text)
    assert score.value == pytest.approx(value) and score.terms == terms


def test_word_is_right_only_among_its_options(env):
    question = Question(["side"], "is a left or right of b?", "word", ("left", "right"))
    truth = Truth("left", "word", 8.0)
    scores = [
        solver.reward(SolverWeights(format=0), env, truth, question, text).value for text in ("left", "right", "above")
    ]
    assert scores == [1, 0, 0]


def test_every_kind_of_answer_is_asked_for():
    assert set(solver.HINTS) == set(KINDS)
