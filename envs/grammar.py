"""Queries in English: every operator has its phrasings, composed by noun phrases."""

from collections.abc import Callable

from .query import Call, Query, Vocabulary
from .streams import Stream

_RELATIONS = {"left_of": "left of", "right_of": "right of", "above": "above", "below": "below"}
_DISTANCES = {"nearest": "nearest to", "farthest": "farthest from"}


class Grammar:
    """English for the queries over one vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def noun(self, query: Query, plural: bool) -> str:
        """A set as a noun phrase without an article: `red circles`, `circles left of the red square`."""
        if isinstance(query, Call):
            # "and also" keeps a second relation from being read as one of the first one's anchor.
            joint = " and also" if isinstance(query.args[0], Call) else ""
            return f"{self.noun(query.args[0], plural)}{joint} {_RELATIONS[query.op]} {self.the(query.args[1])}"
        words = list(query.words)
        if not words or self.vocabulary.attribute(words[-1]) != "shape":
            words.append("shape")
        return " ".join(words) + ("s" if plural else "")

    def the(self, query: Query) -> str:
        """An object as a noun phrase: `the red circle`, `the leftmost circle`, `the shape nearest to the square`."""
        if not isinstance(query, Call):
            raise TypeError(f"a set is not an object: {query}")
        if query.op == "unique" and isinstance(query.args[0], Call):
            inner, anchor = query.args[0].args
            return f"the {self.noun(inner, plural=False)} that is {_RELATIONS[query.args[0].op]} {self.the(anchor)}"
        if query.op == "unique":
            return f"the {self.noun(query.args[0], plural=False)}"
        if query.op in _DISTANCES:
            return f"the {self.noun(query.args[0], plural=False)} {_DISTANCES[query.op]} {self.the(query.args[1])}"
        return f"the {query.op} {self.noun(query.args[0], plural=False)}"

    def phrasings(self, query: Call) -> tuple[str, ...]:
        """Every way this grammar asks the query."""
        return _QUESTIONS[query.op](self, query)

    def ask(self, query: Call, stream: Stream) -> str:
        """One phrasing, drawn from the stream."""
        return stream.choice(self.phrasings(query))


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _about_object(*patterns: str) -> Callable[[Grammar, Call], tuple[str, ...]]:
    return lambda grammar, query: tuple(pattern.format(*map(grammar.the, query.args)) for pattern in patterns)


def _about_plural(*patterns: str) -> Callable[[Grammar, Call], tuple[str, ...]]:
    return lambda grammar, query: tuple(
        pattern.format(*(grammar.noun(argument, plural=True) for argument in query.args)) for pattern in patterns
    )


def _exists(grammar: Grammar, query: Call) -> tuple[str, ...]:
    noun = _article(grammar.noun(query.args[0], plural=False))
    return (f"is there {noun}?", f"can you see {noun}?")


_QUESTIONS: dict[str, Callable[[Grammar, Call], tuple[str, ...]]] = {
    "count": _about_plural("how many {} are there?", "what is the number of {}?"),
    "exists": _exists,
    "colour": _about_object("what colour is {}?", "what is the colour of {}?"),
    "shape": _about_object("what shape is {}?", "what is the form of {}?"),
    "size": _about_object("is {} small or large?", "what size is {}?"),
    "side": _about_object("is {0} left or right of {1}?", "on which side of {1} is {0}, left or right?"),
    "level": _about_object("is {0} above or below {1}?", "where is {0}, above or below {1}?"),
    "more": _about_plural("are there more {} than {}?", "do {} outnumber {}?"),
    "fewer": _about_plural("are there fewer {} than {}?", "do {1} outnumber {0}?"),
    "same": _about_plural("are there as many {} as {}?", "are {} and {} equally many?"),
}
