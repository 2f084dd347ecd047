"""The query language: small typed programs over the objects of a scene.

A program is JSON: `["colour", ["leftmost", ["select", "circle"]]]`. The first element of a list names an
operator, the rest are its arguments. Programs are type-checked before anything runs. The tradition is
CLEVR's (Johnson et al. 2017, section 3); margins and well-posedness are ours.

Types: `Set` (objects), `Object`, and the answer types `Number`, `Bool`, `Colour`, `Shape`, `Size`,
`Side` (left, right), `Level` (above, below).
"""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..render import Rejected

MAX_DEPTH = 6
MAX_QUERY_CHARS = 2_000

ANSWER_KINDS = {
    "Number": "number",
    "Bool": "yesno",
    "Colour": "word",
    "Shape": "word",
    "Size": "word",
    "Side": "word",
    "Level": "word",
}


@dataclass(frozen=True, slots=True)
class Operator:
    """The signature of an operator and what it says."""

    name: str
    inputs: tuple[str, ...]
    output: str
    about: str


def _table(*rows: tuple[str, str, str, str]) -> Mapping[str, Operator]:
    return {name: Operator(name, tuple(inputs.split()), output, about) for name, inputs, output, about in rows}


OPERATORS: Mapping[str, Operator] = _table(
    ("unique", "Set", "Object", "the only member of a set"),
    ("count", "Set", "Number", "how many members a set has"),
    ("exists", "Set", "Bool", "whether a set has a member"),
    ("colour", "Object", "Colour", "an object's colour"),
    ("shape", "Object", "Shape", "an object's shape"),
    ("size", "Object", "Size", "an object's size"),
    ("leftmost", "Set", "Object", "the member with the smallest x"),
    ("rightmost", "Set", "Object", "the member with the largest x"),
    ("topmost", "Set", "Object", "the member with the smallest y"),
    ("bottommost", "Set", "Object", "the member with the largest y"),
    ("largest", "Set", "Object", "the member with the largest extent"),
    ("smallest", "Set", "Object", "the member with the smallest extent"),
    ("nearest", "Set Object", "Object", "the member nearest to an object, centre to centre"),
    ("farthest", "Set Object", "Object", "the member farthest from an object, centre to centre"),
    ("left_of", "Set Object", "Set", "the members left of an object"),
    ("right_of", "Set Object", "Set", "the members right of an object"),
    ("above", "Set Object", "Set", "the members above an object"),
    ("below", "Set Object", "Set", "the members below an object"),
    ("side", "Object Object", "Side", "whether the first is left or right of the second"),
    ("level", "Object Object", "Level", "whether the first is above or below the second"),
    ("more", "Set Set", "Bool", "whether the first set has more members"),
    ("fewer", "Set Set", "Bool", "whether the first set has fewer members"),
    ("same", "Set Set", "Bool", "whether two sets have equally many members"),
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a world, by attribute; `select` takes at most one of each."""

    size: tuple[str, ...]
    colour: tuple[str, ...]
    shape: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """All words."""
        return (*self.size, *self.colour, *self.shape)

    def attribute(self, word: str) -> str | None:
        """Which attribute a word is of."""
        return next((name for name in ("size", "colour", "shape") if word in getattr(self, name)), None)


@dataclass(frozen=True, slots=True)
class Select:
    """All objects that every word describes; no word selects all objects."""

    words: tuple[str, ...]
    output = "Set"


@dataclass(frozen=True, slots=True)
class Call:
    """An operator with its arguments."""

    op: str
    args: tuple["Query", ...]

    @property
    def output(self) -> str:
        """The type of the result."""
        return OPERATORS[self.op].output


Query = Select | Call


class _Invalid(Exception):
    def __init__(self, code: str, reason: str, hint: str = "") -> None:
        self.rejected = Rejected(code, reason, hint)


def _did_you_mean(name: str, allowed: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, allowed, n=1)
    return f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(allowed)}"


def _select(words: list[Any], vocabulary: Vocabulary) -> Select:
    used: dict[str, str] = {}
    for word in words:
        attribute = vocabulary.attribute(word) if isinstance(word, str) else None
        if attribute is None:
            raise _Invalid("word", f"{word!r:.40} describes no object", _did_you_mean(str(word)[:40], vocabulary.words))
        if attribute in used:
            raise _Invalid("word", f"{used[attribute]!r} and {word!r} are both a {attribute}", "keep one of them")
        used[attribute] = word
    return Select(tuple(used[name] for name in ("size", "colour", "shape") if name in used))


def _build(value: Any, vocabulary: Vocabulary, depth: int) -> Query:
    if not isinstance(value, list) or not value or not isinstance(value[0], str):
        raise _Invalid(
            "syntax", f"expected a list that begins with an operator, got {value!r:.60}", 'such as ["select"]'
        )
    if depth > MAX_DEPTH:
        raise _Invalid("depth", f"the query nests deeper than {MAX_DEPTH} operators")
    name, *arguments = value
    if name == "select":
        return _select(arguments, vocabulary)
    operator = OPERATORS.get(name)
    if operator is None:
        raise _Invalid("operator", f"unknown operator {name!r:.40}", _did_you_mean(name[:40], ("select", *OPERATORS)))
    if len(arguments) != len(operator.inputs):
        raise _Invalid("arity", f"{name} takes {len(operator.inputs)} arguments, got {len(arguments)}")
    built = tuple(_build(argument, vocabulary, depth + 1) for argument in arguments)
    for position, (wanted, argument) in enumerate(zip(operator.inputs, built, strict=True), start=1):
        if argument.output != wanted:
            hint = "use unique to make a Set an Object" if (wanted, argument.output) == ("Object", "Set") else ""
            raise _Invalid("type", f"argument {position} of {name} must be {wanted}, got {argument.output}", hint)
    return Call(name, built)


def parse_query(value: Any, vocabulary: Vocabulary) -> Call | Rejected:
    """Build and check a query from decoded JSON.

    Returns:
        The query, or Rejected with code `syntax`, `operator`, `arity`, `type`, `word`, `depth`,
        `answer` (the result is no answer), `trivial` or `leaks`.
    """
    try:
        query = _build(value, vocabulary, 1)
    except _Invalid as invalid:
        return invalid.rejected
    if isinstance(query, Select) or query.output not in ANSWER_KINDS:
        return Rejected("answer", f"the query gives a {query.output}, which is no answer", "wrap it in count or colour")
    return _ill_formed(query, vocabulary) or query


def loads(text: str) -> Any | Rejected:
    """Decoded JSON of model-written text, or Rejected; no text makes it raise."""
    if len(text) > MAX_QUERY_CHARS:
        return Rejected("syntax", f"{len(text)} characters, at most {MAX_QUERY_CHARS} are read")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        return Rejected("syntax", f"line {error.lineno}, column {error.colno}: {error.msg}", "write one JSON value")
    except (RecursionError, ValueError) as error:
        # ValueError: an integer of more digits than Python converts.
        return Rejected("syntax", f"not readable JSON: {type(error).__name__}", "write one JSON value")


def dump(query: Query) -> list[Any]:
    """The query as JSON lists; `parse_query` reads it back."""
    if isinstance(query, Select):
        return ["select", *query.words]
    return [query.op, *(dump(argument) for argument in query.args)]


def walk(query: Query) -> Iterator[Query]:
    """The query and everything inside it, outermost first."""
    yield query
    if isinstance(query, Call):
        for argument in query.args:
            yield from walk(argument)


def depth(query: Query) -> int:
    """Nesting depth; `select` alone has depth 1."""
    return 1 + max((depth(argument) for argument in query.args), default=0) if isinstance(query, Call) else 1


def structure(query: Query, vocabulary: Vocabulary) -> str:
    """The query with each word replaced by its attribute: what novelty and coverage count.

    For example `colour(leftmost(select(shape)))`.
    """
    if isinstance(query, Select):
        return f"select({','.join(str(vocabulary.attribute(word)) for word in query.words)})"
    return f"{query.op}({','.join(structure(argument, vocabulary) for argument in query.args)})"


def skeleton(query: Query) -> str:
    """The operators alone, for example `colour(leftmost(select))`: the form of a question."""
    return "select" if isinstance(query, Select) else f"{query.op}({','.join(map(skeleton, query.args))})"


def _ill_formed(query: Call, vocabulary: Vocabulary) -> Rejected | None:
    """Rules that need no scene: nothing is compared with itself, no question holds its answer."""
    for call in walk(query):
        if isinstance(call, Call) and len(call.args) == 2 and call.args[0] == call.args[1]:
            return Rejected("trivial", f"{call.op} is given the same thing twice", "compare two different things")
        if isinstance(call, Call) and _one_object_twice(call):
            return Rejected(
                "trivial", "one description implies the other, so both fit the same object", "tell them apart"
            )
        if isinstance(call, Call) and _foregone(call):
            return Rejected("trivial", f"{call.op} has the same answer on every picture", "ask what a picture decides")
        if isinstance(call, Call) and _only_itself(call):
            return Rejected("trivial", "the object is the only member of the set it is related to", "ask about others")
    asked = query.op
    if asked in ("colour", "shape", "size"):
        told = {vocabulary.attribute(word) for word in _words_about(query.args[0])}
        if asked in told:
            return Rejected(
                "leaks", f"the question names the {asked} it asks for", f"describe the object without its {asked}"
            )
    return None


def _one_object_twice(call: Call) -> bool:
    """Whether both arguments are the only object of their kind and one kind includes the other."""
    if len(call.args) != 2 or any(not isinstance(a, Call) or a.op != "unique" for a in call.args):
        return False
    first, second = (set(_words_about(argument)) for argument in call.args)
    return first <= second or second <= first


_ENDS = {"side": ("leftmost", "rightmost"), "level": ("topmost", "bottommost")}
_BEYOND = {"left_of": "leftmost", "right_of": "rightmost", "above": "topmost", "below": "bottommost"}


def _foregone(call: Call) -> bool:
    """Whether the answer follows from the words: an end is beyond all others, a whole is no smaller than its part."""
    first, *rest = call.args
    if call.op == "exists":
        return first == Select(())
    if call.op in ("more", "fewer", "same"):
        return _includes(first, rest[0]) or _includes(rest[0], first)
    if call.op == "size":
        return isinstance(first, Call) and first.op in ("largest", "smallest")
    if call.op in _ENDS:
        pairs = ((first, rest[0]), (rest[0], first))
        return any(
            isinstance(end, Call) and end.op in _ENDS[call.op] and _includes(end.args[0], other) for end, other in pairs
        )
    if call.op in _BEYOND:
        end = rest[0]
        return isinstance(end, Call) and end.op == _BEYOND[call.op] and _includes(end.args[0], first)
    return False


def _includes(whole: Query, part: Query) -> bool:
    """Whether every object of the part, a set or an object, is in the whole, a plain selection, by their words."""
    return isinstance(whole, Select) and set(whole.words) <= set(_words_about(part))


def _only_itself(call: Call) -> bool:
    """Whether a set is related to an object that is its only member: `["nearest", S, ["unique", S]]`."""
    if OPERATORS[call.op].inputs != ("Set", "Object"):
        return False
    members, anchor = call.args
    if not isinstance(members, Select) or not isinstance(anchor, Call) or anchor.op != "unique":
        return False
    return set(_words_about(anchor)) <= set(members.words)


def _words_about(query: Query) -> tuple[str, ...]:
    """The words that describe the object or set itself, not those of an object it is related to."""
    return query.words if isinstance(query, Select) else _words_about(query.args[0])
