"""English of questions about rooms, in both directions: a query's words, and a question as the query that it asks."""

import re
import string
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from ...render import Rejected
from ..language.grammar import Grammar
from ..language.literals import Invalid, closest_or_all
from ..language.query import Call, Language, Literal, dump
from .operators import LANGUAGE, OPERATORS, TURN_PHRASES

LETTERS = "ABCDEFGH"
_IRREGULAR = {"shelf": "shelves", "knife": "knives", "loaf": "loaves", "mouse": "mice", "person": "people"}
_formatter = string.Formatter()


def plural(noun: str) -> str:
    """Return the plural of a `noun`.

    >>> plural("bookshelf"), plural("bench"), plural("toy"), plural("nursery lamp"), plural("dresser")
    ('bookshelves', 'benches', 'toys', 'nursery lamps', 'dressers')
    """
    for ending, plural_ending in _IRREGULAR.items():
        if noun.endswith(ending):
            return noun.removesuffix(ending) + plural_ending
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def noun(query: Call, literal: Literal, is_plural: bool) -> str:
    """Return the words of a `literal` in the question that its `query` asks."""
    literal_words = literal.words
    if literal.op in ("thing", "region"):
        return f"the {literal_words[0]}"
    if literal.op == "things" and query.output == "Order":
        return ", ".join(f"{letter} the {word}" for letter, word in zip(LETTERS, literal_words, strict=False))
    if literal.op == "things":
        return f"{', '.join(f'the {word}' for word in literal_words[:-1])} or the {literal_words[-1]}"
    if literal.op == "view":
        return f"frame {literal_words[0]}"
    if literal.op == "turned":
        return TURN_PHRASES[literal_words[0]]
    return plural(literal_words[0]) if is_plural else str(literal_words[0])


def grammar(query: Call, language: Language = LANGUAGE) -> Grammar:
    """Return the grammar by which a `query` of a `language` is asked."""
    return Grammar(language, lambda literal, is_plural: noun(query, literal, is_plural))


def sentence(text: str) -> str:
    """Return the `text` with a capital letter."""
    return text[:1].upper() + text[1:]


# --- and back ------------------------------------------------------------------------------------------------------

_FORMS: Mapping[str, tuple[str, Callable[[str], tuple[Any, ...]]]] = {
    "Thing": (r"the [^,.:;?()]+?", lambda phrase: ("thing", phrase[4:])),
    "Things": (r"[^.;?()]+?", lambda phrase: ("things", *_listed(phrase))),
    "Category": (r"[^,.:;?()]+?", lambda phrase: ("category", singular(phrase))),
    "Region": (r"the [a-z ]+ area", lambda phrase: ("region", phrase[4:])),
    "View": (r"frame [0-9]{1,3}", lambda phrase: ("view", int(phrase[6:]))),
    "Side": (r"left|right", lambda phrase: ("side", phrase)),
    "Quarter": (
        "|".join(TURN_PHRASES.values()),
        lambda phrase: ("turned", next(w for w, t in TURN_PHRASES.items() if t == phrase)),
    ),
}
"""By type: what its words look like, and the leaf that they are."""


def _listed(phrase: str) -> list[str]:
    """Return the names in a `phrase` such as `the chair, the bed or the desk`, or `A the chair, B the bed`."""
    name_phrases = re.split(r", | or ", phrase)
    return [re.sub(r"^(?:[A-H] )?the ", "", name_phrase) for name_phrase in name_phrases]


@cache
def _patterns(questions: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return every way to ask, with its operator's name; `questions` are the templates by operator."""
    return tuple((name, _pattern(OPERATORS[name].inputs, template)) for name, group in questions for template in group)


def _pattern(inputs: tuple[str, ...], template: str) -> re.Pattern[str]:
    pattern_parts, met_positions = [], set()
    for text, position, _, _ in _formatter.parse(template):
        pattern_parts.append(re.escape(text))
        if position is not None:
            pattern_parts.append(
                f"(?P=a{position})"
                if position in met_positions
                else f"(?P<a{position}>{_FORMS[inputs[int(position)]][0]})"
            )
            met_positions.add(position)
    return re.compile("".join(pattern_parts), re.IGNORECASE)


def _queries(text: str, language: Language) -> Iterator[Call]:
    """Yield the queries that a phrasing of a `language` asks in just the words of `text`."""
    questions = tuple((name, operator.questions) for name, operator in language.operators.items())
    for name, pattern in _patterns(questions):
        text_match = pattern.fullmatch(text)
        if text_match is None:
            continue
        inputs = OPERATORS[name].inputs
        literals = [
            list(_FORMS[literal_type][1](text_match[f"a{position}"])) for position, literal_type in enumerate(inputs)
        ]
        try:
            query = language.build([name, *literals])
        except Invalid:
            continue
        # A pattern may take more for a name than was meant; what is said again is the same, or it was not meant.
        if isinstance(query, Call) and text.lower() in (
            phrasing.lower() for phrasing in grammar(query, language).phrasings(query)
        ):
            yield query


def singular(nouns: str) -> str:
    """Return the category that a plural, `nouns`, is most likely of.

    >>> singular("bookshelves"), singular("benches"), singular("libraries"), singular("mice"), singular("tables")
    ('bookshelf', 'bench', 'library', 'mouse', 'table')
    """
    for singular_ending, plural_ending in _IRREGULAR.items():
        if nouns.endswith(plural_ending):
            return nouns.removesuffix(plural_ending) + singular_ending
    guesses = [f"{nouns.removesuffix('ies')}y", nouns.removesuffix("es"), nouns.removesuffix("s")]
    return next((guess for guess in guesses if plural(guess) == nouns), nouns)


def read_question(text: str, language: Language = LANGUAGE) -> Call | Rejected:
    """Read the query that an English question asks, where its `text` is one of the phrasings of a `language`.

    Returns:
        The query, or Rejected with code `syntax`, with the nearest way to ask.
    """
    question = " ".join(text.split())
    matching_queries = {str(dump(query)): query for query in _queries(question, language)}
    if len(matching_queries) == 1:
        return next(iter(matching_queries.values()))
    if matching_queries:
        return Rejected("syntax", "this question can be read in several ways", "write it as JSON")
    templates = [template for operator in OPERATORS.values() for template in operator.questions]
    reason = "this is neither JSON nor one of the questions of this world"
    return Rejected(
        "syntax",
        reason,
        closest_or_all(question[:200], templates) if _near(question, templates) else "write a query as JSON",
    )


def _near(question: str, templates: list[str]) -> bool:
    return closest_or_all(question[:200], templates).startswith("did you mean")
