"""Prompts for a language model as judge, for benchmarks whose official score asks one.

The model that judges changes the score: results name it, and are comparable with others of the same judge alone.
"""

from collections.abc import Callable

Ask = Callable[[str], str]
"""From a prompt to what the judge says."""

EXTRACT = """Read the question and the reply to it, and write down the final answer that the reply gives: {form}.
Write nothing else. If the reply gives no answer, write "none".

Question: {question}
Reply: {reply}
Final answer:"""

COMPARE = """Does the reply give the right answer to the question? Compare its final answer with the right one in
meaning: other wording, units written out and equal numbers are the same. Write "yes" or "no", and nothing else.

Question: {question}
Right answer: {answer}
Reply: {reply}
Judgement:"""


def extract(ask: Ask, question: str, reply: str, form: str) -> str:
    """Return the final answer that `reply` gives to `question`, in a `form` such as `a letter`, or "".

    >>> extract(lambda prompt: "**B**", "Which?", "I say B", "a letter"), extract(lambda prompt: "none", "", "", "")
    ('B', '')
    """
    judge_reply = ask(EXTRACT.format(question=question, reply=reply, form=form)).strip().strip("\"'`.*")
    return "" if judge_reply.lower() == "none" else judge_reply


def agrees(ask: Ask, question: str, answer: str, reply: str) -> bool:
    """Tell whether `reply` gives the right `answer`; anything but a yes at the beginning of the judgement is a no.

    >>> agrees(lambda prompt: "Yes.", "", "", ""), agrees(lambda prompt: "It does: yes", "", "", "")
    (True, False)
    """
    return ask(COMPARE.format(question=question, answer=answer, reply=reply)).strip().lower().startswith("yes")
