from zerosight.envs import Question
from zerosight.envs.answers import KINDS
from zerosight.roles import solver

QUESTION = Question(["count", ["select", "red"]], "how many red shapes are there?", "number", ("0", "1", "2", "3"))


def test_prompt_shows_the_picture_the_question_and_the_kind_of_answer_and_nothing_else():
    system, user = solver.prompt(QUESTION)
    asked = {"type": "text", "text": f"{QUESTION.text} (a number)"}
    assert user == {"role": "user", "content": [{"type": "image"}, asked]}
    assert system["role"] == "system"
    # The same for every item: it cannot tell anything about this one.
    other = Question(["exists", ["select"]], "is there a shape?", "yesno", ("no", "yes"))
    assert solver.prompt(other)[0] == system


def test_every_kind_of_answer_is_asked_for():
    assert set(solver.HINTS) == set(KINDS)
