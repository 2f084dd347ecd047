"""The Solver: sees a picture and a question, answers from the pixels alone."""

from ..envs import Question
from .messages import Messages, chat

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


def prompt(question: Question) -> Messages:
    """Return the Solver's prompt, beside the picture: the `question` and the kind of its answer, nothing else."""
    return chat(SYSTEM, f"{question.text} {HINTS[question.kind]}", image=True)
