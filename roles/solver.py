"""The Solver: sees a picture and a question, answers from the pixels alone."""

from typing import Literal

from ..envs import Question
from ..envs.card import Style
from .messages import Messages, chat

SHORT_SYSTEM = """\
Look at the picture and answer the question about it. Reply with the answer alone: a number, yes or no,
or one word."""
"""The embedded model's; its chat template drops it."""

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


Mode = Literal["answer", "reason"]
"""How a Solver replies: with the answer alone, or after thinking."""

MODE_SYSTEMS: dict[Mode, str] = {
    "answer": "Look at the picture and answer the question about it. Reply with the answer alone, without a sentence.",
    "reason": "Look at the picture and answer the question about it. Think step by step about what you see, then give "
    "the final answer between <answer> and </answer>.",
}
"""The system turn of every model but the embedded one."""
ANSWER_FORMS = {
    "number": "Answer with a whole number.",
    "decimal": "Answer with a number, in the unit that is asked for.",
    "yesno": "Answer yes or no.",
    "word": "Answer with one word.",
    "name": "Answer with the name as it stands in the picture.",
    "choice": "Answer with the letter of one option.",
    "order": "Answer with the letters in their order, such as B, A, D, C.",
    "phrase": "Answer with a few words.",
    "tally": "Answer with a whole number.",
    "mra": "Answer with a number, in the unit that is asked for.",
    "direction": "Answer with a direction.",
}
"""The form of an answer by its kind, said after the question."""
MAX_LISTED_OPTIONS = 16


def prompt(question: Question, *, style: Style = "short", mode: Mode = "answer") -> Messages:
    """Return the Solver's prompt, beside the picture: the `question` and the kind of its answer, nothing else.

    Args:
        question: what is asked.
        style: `full` says the form of the answer in a sentence, and names what it may be; `short` is the embedded
            model's.
        mode: in full style, whether the Solver may think before it answers.
    """
    if style == "short":
        return chat(SHORT_SYSTEM, f"{question.text} {HINTS[question.kind]}", image=True)
    form = ANSWER_FORMS[question.kind]
    if question.kind in ("word", "phrase", "direction") and 0 < len(question.options) <= MAX_LISTED_OPTIONS:
        form = f"Answer with one of: {', '.join(question.options)}."
    return chat(MODE_SYSTEMS[mode], f"{question.text}\n{form}", image=True)
