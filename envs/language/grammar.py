"""Programs in English.

An operator's English is a list of patterns in which `{0:form}` stands for an argument:

    `{0:one}`    a set as a noun without article, singular: `red circle`
    `{0:many}`   the same, plural: `red circles`
    `{0:a}`      with its article: `a red circle`, `an orange circle`
    `{0:that}`   singular, its relation as a clause: `red circle`, `red circle that is left of the square`
    `{0}`        anything else that has one form: an object with its article, `the red circle`; a number; a name

A pattern of `phrases` for an operator that gives a set is what is said after the set's noun: `left of {1}` of
`circles left of the square`; its first argument is the set. Every such pattern also makes sense after "that is".
Patterns for other types are whole noun phrases. Patterns of `questions` are whole questions.

Nested relations could be read in two ways: "circles left of the square above the triangle". A second relation of one
set is joined by "and also", one of an anchor follows "that is"; tests hold that no text means two programs.
"""

import re
import string
from collections.abc import Sequence
from typing import Protocol

from ..rng import SeededRng
from .query import Call, Language, Literal, Query

_FORMS = ("one", "many", "a", "that")
_formatter = string.Formatter()


class Nouns(Protocol):
    """The English of a world's literals."""

    def __call__(self, literal: Literal, plural: bool) -> str:
        """Return `literal` as a noun phrase without article, in the `plural` or the singular."""


class Grammar:
    """English for the programs of one language.

    Args:
        language: the language whose operators are said.
        nouns: the English of its literals.
        max_questions: how many of each operator's questions are used; all by default.
        max_phrases: how many of each operator's phrases are used; all by default.
    """

    def __init__(
        self, language: Language, nouns: Nouns, max_questions: int | None = None, max_phrases: int | None = None
    ) -> None:
        self.language = language
        self._nouns = nouns
        self._asks, self._says = max_questions, max_phrases

    def phrasings(self, query: Call) -> tuple[str, ...]:
        """Return every question that asks the program `query`, each with the first phrase of everything in it."""
        patterns = _clear(self.language.operators[query.op].questions[: self._asks], query)
        return tuple(self._filled(pattern, query, _First()) for pattern in patterns)

    def ask(self, query: Call, rng: SeededRng) -> str:
        """Ask for the value of `query` in one phrasing, drawn with `rng`."""
        pick = _Drawn(rng)
        patterns = _clear(self.language.operators[query.op].questions[: self._asks], query)
        return self._filled(pick(patterns), query, pick)

    def say(self, query: Query, plural: bool = False) -> str:
        """Say a set as a noun phrase without article, anything else as it is named within a question.

        Args:
            query: the program that is said.
            plural: whether a set is said in the plural.
        """
        return self._phrase(query, plural, _First())

    def _phrase(self, query: Query, plural: bool, pick: "_Pick", clause: bool = False) -> str:
        if isinstance(query, Literal):
            return self._nouns(query, plural)
        operator = self.language.operators[query.op]
        phrase = self._filled(pick(_clear(operator.phrases[: self._says], query)), query, pick)
        if operator.output != "Set":
            return phrase
        related_set = query.args[0]
        # "and also" keeps a second relation from being read as one of the first one's anchor; a name has none.
        has_relation = isinstance(related_set, Call) and isinstance(related_set.args[-1], Call)
        joint = " that is" if clause else " and also" if has_relation else ""
        return f"{self._phrase(related_set, plural, pick)}{joint} {phrase}"

    def _filled(self, pattern: str, query: Call, pick: "_Pick") -> str:
        text_parts = []
        # What a pattern names twice is said in the same words.
        argument_phrases: dict[tuple[str, str], str] = {}
        for text, position, form, _ in _formatter.parse(pattern):
            text_parts.append(text)
            if position is not None:
                placeholder = position, form or ""
                if placeholder not in argument_phrases:
                    argument_phrases[placeholder] = self._argument(query.args[int(position)], form or "", pick)
                text_parts.append(argument_phrases[placeholder])
        return "".join(text_parts)

    def _argument(self, query: Query, form: str, pick: "_Pick") -> str:
        if query.output == "Set" and form not in _FORMS:
            raise TypeError(f"a set is said as one of {', '.join(_FORMS)}, not {form!r}: {query}")
        noun_phrase = self._phrase(query, form == "many", pick, form == "that")
        return f"{article(noun_phrase)} {noun_phrase}" if form == "a" else noun_phrase


_ATTACHING = re.compile(r"\s*(that|among|nearest|closest|farthest|most|and|with|is one|also)\b")
"""Words that, said after a relation, could be read as a part of it."""


def _clear(patterns: Sequence[str], query: Call) -> Sequence[str]:
    """Return the `patterns` that say nothing after a set of `query` which could be read as a part of its relation.

    All patterns where none is so, as where the language has but one.
    """
    if not any(isinstance(argument, Call) and argument.output == "Set" for argument in query.args):
        return patterns
    return [pattern for pattern in patterns if not _attaches(pattern, query)] or patterns


def _attaches(pattern: str, query: Call) -> bool:
    """Tell whether `pattern` says something after a related set of `query` that could be read as a part of it."""
    pattern_parts = list(_formatter.parse(pattern))
    return any(
        position is not None
        and query.args[int(position)].output == "Set"
        and isinstance(query.args[int(position)], Call)
        and (_ATTACHING.match(following_part[0]) or (following_part[1] is not None and not following_part[0].strip()))
        for (_, position, _, _), following_part in zip(
            pattern_parts, [*pattern_parts[1:], ("", None, None, None)], strict=True
        )
    )


def article(noun: str) -> str:
    """Return the indefinite article of a `noun`.

    >>> article("orange circle"), article("red circle"), article("hexagon")
    ('an', 'a', 'a')
    """
    return "an" if noun[0] in "aeiou" else "a"


class _First:
    """Takes the first of all choices."""

    def __call__(self, patterns: Sequence[str]) -> str:
        return patterns[0]


class _Drawn:
    """Draws choices with a generator."""

    def __init__(self, rng: SeededRng) -> None:
        self._rng = rng

    def __call__(self, patterns: Sequence[str]) -> str:
        # Where there is no choice nothing is drawn: a language's English may then stay what it was, byte for byte.
        return self._rng.choice(patterns) if len(patterns) > 1 else patterns[0]


_Pick = _First | _Drawn
