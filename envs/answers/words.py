"""Words and sentences of replies, and what marks them as denials, doubts or conclusions."""

import re
from collections.abc import Sequence
from typing import NamedTuple

YES_WORDS = frozenset("yes y yeah yep true correct right affirmative oui sí si ja да 是 はい".split())
NO_WORDS = frozenset("no n nope false incorrect wrong negative non nein нет 不是 否 いいえ".split())
DENIALS = frozenset("not n't neither nor never cannot can't isn't aren't doesn't wasn't don't nothing without".split())
DOUBTS = frozenset("or either maybe perhaps possibly probably unsure unclear unknown uncertain if unless".split())
REFUSALS = frozenset(
    "no idea|no clue|no guess|no opinion|no comment|no answer|no response|no reply|no information|no data|no way to"
    "|not sure|can't tell|cannot tell|can't say|cannot say|don't know".split("|")
)
"""Phrases of two words or three by which a reply says that it has no answer."""
CONCLUSIONS = frozenset("so thus therefore hence overall altogether finally total conclusion makes answer".split())
"""Words that open or mark a sentence which concludes."""

COPULAS = frozenset("is are was be called named looks appears equals reads".split())
"""Verbs behind which a sentence says its answer."""
AFFIXES = "*_$`\"'“”‘’()[]{} \t\r\n"
"""Marks that wrap a claim and mean nothing."""
TOKEN = re.compile(r"[A-Za-zÀ-ÿ]+(?:['’][a-z]+)?|[0-9]+|[^\sA-Za-zÀ-ÿ0-9]")
"""A word, a run of digits, or a mark."""

_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]*_]*\s+|[。！？]\s*|\n+")


class Form(NamedTuple):
    """The form that an answer is read in: its kind, its options, and the unit that it may be given with."""

    kind: str
    options: tuple[str, ...] = ()
    measure: str = ""


def sentences_of(text: str) -> list[str]:
    """Split a text into its sentences, without the marks that end them."""
    pieces = [piece.strip() for piece in _SENTENCE_END.split(text)]
    return [piece for piece in pieces if piece.strip(AFFIXES + ".!,;:")] or [text]


def bare_claim(text: str) -> str:
    """Return `text` without what wraps a claim: spaces, quotes, emphasis, and a full stop."""
    text = text.strip().strip("*`\"'“”‘’_").strip()
    return text.rstrip(".!").strip().strip("*`\"'“”").strip()


def words_of(text: str) -> list[str]:
    """List the words and numbers of `text` in lower case, without marks."""
    return [token.lower().replace("’", "'") for token in TOKEN.findall(text) if token[0].isalnum()]


def is_refusal(words: Sequence[str]) -> bool:
    """Tell whether `words`, in lower case, say that there is no answer: `i have no idea`."""
    return any(" ".join(words[place : place + length]) in REFUSALS for place in range(len(words)) for length in (2, 3))
