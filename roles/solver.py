"""The Solver: sees a picture and a question, answers from the pixels alone."""

from dataclasses import dataclass

from ..envs import Environment, Question, Score, Truth
from .messages import Messages, chat
from .reward import weigh

SYSTEM = """Look at the picture and answer the question about it. Reply with the answer alone: a number, yes or no,
or one word."""


HINTS = {
    "number": "(a number)",
    "decimal": "(a number)",
    "yesno": "(yes or no)",
    "word": "(one word)",
    "name": "(a name)",
    "choice": "(one letter)",
    "order": "(the letters in order)",
    "phrase": "(a few words)",
    "tally": "(a number)",
    "mra": "(a number)",
    "direction": "(a direction)",
}
"""What kind of answer is asked for, said after the question."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SolverWeights:
    """Weights of the Solver's terms."""

    correct: float = 1.0
    """The oracle's answer was given."""
    format: float = 0.1
    """The reply is an answer of the right kind."""


def prompt(question: Question) -> Messages:
    """What the Solver is shown, beside the picture: the question and the kind of its answer, nothing else."""
    return chat(SYSTEM, f"{question.text} {HINTS[question.kind]}", image=True)


def reward(weights: SolverWeights, env: Environment, truth: Truth, question: Question, text: str) -> Score:
    """The Solver's score against the oracle's answer."""
    return weigh(env.score(truth, question.options, text).terms, weights)
