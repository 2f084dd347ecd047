"""Words for what questions about rooms name, and back: a question in English as the query that it asks."""

import re
import string
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from ...render import Rejected
from ..language.grammar import Grammar
from ..language.literals import Invalid, did_you_mean
from ..language.query import Call, Leaf, dump
from .operators import LANGUAGE, OPERATORS, TURNED

LETTERS = "ABCDEFGH"
_IRREGULAR = {"shelf": "shelves", "knife": "knives", "loaf": "loaves", "mouse": "mice", "person": "people"}
_formatter = string.Formatter()


def plural(noun: str) -> str:
    """A category of several.

    >>> plural("bookshelf"), plural("bench"), plural("toy"), plural("nursery lamp"), plural("dresser")
    ('bookshelves', 'benches', 'toys', 'nursery lamps', 'dressers')
    """
    for ending, many in _IRREGULAR.items():
        if noun.endswith(ending):
            return noun.removesuffix(ending) + many
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def noun(query: Call, leaf: Leaf, many: bool) -> str:
    """A leaf of a query as it is said in its question."""
    words = leaf.words
    if leaf.op in ("thing", "region"):
        return f"the {words[0]}"
    if leaf.op == "things" and query.output == "Order":
        return ", ".join(f"{letter} the {word}" for letter, word in zip(LETTERS, words, strict=False))
    if leaf.op == "things":
        return f"{', '.join(f'the {word}' for word in words[:-1])} or the {words[-1]}"
    if leaf.op == "view":
        return f"frame {words[0]}"
    if leaf.op == "turned":
        return TURNED[words[0]]
    return plural(words[0]) if many else str(words[0])


def grammar(query: Call) -> Grammar:
    """The grammar by which a query is asked."""
    return Grammar(LANGUAGE, lambda leaf, many: noun(query, leaf, many))


def sentence(text: str) -> str:
    """With a capital letter."""
    return text[:1].upper() + text[1:]


# --- and back ------------------------------------------------------------------------------------------------------

_FORMS: Mapping[str, tuple[str, Callable[[str], tuple[Any, ...]]]] = {
    "Thing": (r"the [^,.:;?()]+?", lambda said: ("thing", said[4:])),
    "Things": (r"[^.;?()]+?", lambda said: ("things", *_listed(said))),
    "Category": (r"[^,.:;?()]+?", lambda said: ("category", singular(said))),
    "Region": (r"the [a-z ]+ area", lambda said: ("region", said[4:])),
    "View": (r"frame [0-9]{1,3}", lambda said: ("view", int(said[6:]))),
    "Side": (r"left|right", lambda said: ("side", said)),
    "Quarter": ("|".join(TURNED.values()), lambda said: ("turned", next(w for w, t in TURNED.items() if t == said))),
}
"""By type: what its words look like, and the leaf that they are."""


def _listed(said: str) -> list[str]:
    """The names in `the chair, the bed or the desk`, or in `A the chair, B the bed`."""
    parts = re.split(r", | or ", said)
    return [re.sub(r"^(?:[A-H] )?the ", "", part) for part in parts]


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Every way to ask, with its operator."""
    return tuple((name, _pattern(each.inputs, ask)) for name, each in OPERATORS.items() for ask in each.asks)


def _pattern(inputs: tuple[str, ...], ask: str) -> re.Pattern[str]:
    parts, met = [], set()
    for text, position, _, _ in _formatter.parse(ask):
        parts.append(re.escape(text))
        if position is not None:
            parts.append(
                f"(?P=a{position})" if position in met else f"(?P<a{position}>{_FORMS[inputs[int(position)]][0]})"
            )
            met.add(position)
    return re.compile("".join(parts), re.IGNORECASE)


def _queries(text: str) -> Iterator[Call]:
    """The queries that a phrasing asks in just these words."""
    for name, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found is None:
            continue
        inputs = OPERATORS[name].inputs
        leaves = [list(_FORMS[wanted][1](found[f"a{place}"])) for place, wanted in enumerate(inputs)]
        try:
            query = LANGUAGE.build([name, *leaves])
        except Invalid:
            continue
        # A pattern may take more for a name than was meant; what is said again is the same, or it was not meant.
        if isinstance(query, Call) and text.lower() in (said.lower() for said in grammar(query).phrasings(query)):
            yield query


def singular(nouns: str) -> str:
    """The category that a plural is most likely of.

    >>> singular("bookshelves"), singular("benches"), singular("libraries"), singular("mice"), singular("tables")
    ('bookshelf', 'bench', 'library', 'mouse', 'table')
    """
    for one, many in _IRREGULAR.items():
        if nouns.endswith(many):
            return nouns.removesuffix(many) + one
    guesses = [f"{nouns.removesuffix('ies')}y", nouns.removesuffix("es"), nouns.removesuffix("s")]
    return next((guess for guess in guesses if plural(guess) == nouns), nouns)


def read_question(text: str) -> Call | Rejected:
    """The query that an English question asks, where it is one of this world's phrasings, word for word.

    Returns:
        The query, or Rejected with code `syntax`, with the nearest way to ask.
    """
    said = " ".join(text.split())
    found = {str(dump(query)): query for query in _queries(said)}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        return Rejected("syntax", "this question can be read in several ways", "write it as JSON")
    ways = [ask for each in OPERATORS.values() for ask in each.asks]
    reason = "this is neither JSON nor one of the questions of this world"
    return Rejected("syntax", reason, did_you_mean(said[:200], ways) if _near(said, ways) else "write a query as JSON")


def _near(said: str, ways: list[str]) -> bool:
    return did_you_mean(said[:200], ways).startswith("did you mean")
