"""The query language: small typed programs over a scene.

A program is JSON: `["colour", ["leftmost", ["select", "circle"]]]`. The first element of a list names an operator or
a literal, the rest are its arguments: programs for an operator, words or numbers for a literal. Programs are
type-checked before anything runs. The tradition is CLEVR's (Johnson et al. 2017, section 3); margins, well-posedness
and the English that cannot be misread are ours.

A `Language` is a set of literals and operators. Each world has its own, and all that is done with programs is done here
for every one of them: reading, checking, JSON schema, running (`execute`), English (`grammar`), counting and
sampling (`enumeration`).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...render import Rejected
from .literals import Invalid, LiteralKind, closest_or_all

MAX_DEPTH = 6
MAX_QUERY_CHARS = 2_000

ANSWER_KINDS = {
    "Number": "number",
    "Bool": "yesno",
    "Value": "decimal",
    "Choice": "choice",
    "Order": "order",
    "Name": "name",
}
"""How an answer of a type is given in most worlds; every other type is given in words."""


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator: its signature, its rule, and its English."""

    name: str
    inputs: tuple[str, ...]
    output: str
    about: str
    rule: Callable[..., Any]
    """From the run (see `execute.Execution`) and the arguments' values to the value."""
    phrases: tuple[str, ...] = ()
    """How it is named within a question; see `grammar`."""
    questions: tuple[str, ...] = ()
    """How it is asked for, as a whole question; see `grammar`."""


def operator(
    name: str,
    inputs: str,
    output: str,
    about: str,
    rule: Callable[..., Any],
    *,
    phrases: Sequence[str] = (),
    questions: Sequence[str] = (),
) -> Operator:
    """Make an operator; `inputs` are types separated by spaces."""
    return Operator(name, tuple(inputs.split()), output, about, rule, tuple(phrases), tuple(questions))


def operator_table(*operators: Operator) -> Mapping[str, Operator]:
    """Return `operators` by name."""
    return {declaration.name: declaration for declaration in operators}


@dataclass(frozen=True, slots=True)
class Literal:
    """A program without programs in it: a description, a name, a number."""

    op: str
    words: tuple[Any, ...]
    output: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operator with its arguments."""

    op: str
    args: tuple["Query", ...]
    output: str


Query = Literal | Call
Check = Callable[["Language", Call], Rejected | None]
"""A rule that needs no scene; it sees one call at a time, inner ones too, and says what is wrong with it."""


@dataclass(frozen=True)
class Language:
    """The programs of one world."""

    literals: Mapping[str, LiteralKind]
    operators: Mapping[str, Operator]
    answers: frozenset[str]
    """The types that a whole program may give."""
    checks: tuple[Check, ...] = ()
    """Rules of well-posedness that the words alone decide."""
    max_depth: int = MAX_DEPTH
    aliases: Mapping[str, str] = field(default_factory=dict)
    """What a hint says to do where a type was given in place of another, by `given>wanted`."""
    kinds: Mapping[str, str] = field(default_factory=lambda: ANSWER_KINDS)
    """The answer kind of each type; answers of other types are words."""

    def __post_init__(self) -> None:
        """Refuse a name that is both a literal's and an operator's."""
        if shared_names := self.literals.keys() & self.operators.keys():
            raise ValueError(f"{', '.join(sorted(shared_names))}: the name of a literal and of an operator; rename one")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of literals and operators, literals first."""
        return (*self.literals, *self.operators)

    def kind(self, output: str) -> str:
        """Return the answer kind of the type `output`."""
        return self.kinds.get(output, "word")

    # --- making -----------------------------------------------------------------------------------------------

    def literal(self, op: str, *words: Any) -> Literal:
        """Make the literal `op` of these `words`, unchecked."""
        return Literal(op, words, self.literals[op].output)

    def call(self, op: str, *args: Query) -> Call:
        """Make a call of the operator `op` with these `args`, unchecked."""
        return Call(op, args, self.operators[op].output)

    def read(self, value: Any) -> Call | Rejected:
        """Build and check a program from `value`, decoded JSON.

        Returns:
            The program, or Rejected with code `syntax`, `operator`, `arity`, `type`, `word`, `depth`,
            `answer` (its result is not an answer), or that of a check: `trivial`, `leaks` …
        """
        try:
            query = self.build(value)
        except Invalid as invalid:
            return invalid.rejected
        if isinstance(query, Literal) or query.output not in self.answers:
            wrapping_operators = [
                name for name, operator in self.operators.items() if operator.inputs == (query.output,)
            ]
            hint = f"wrap it in {' or '.join(wrapping_operators[:2])}" if wrapping_operators else ""
            return Rejected("answer", f"the query gives a {query.output}, which is no answer", hint)
        return self.rejection_of(query) or query

    def rejection_of(self, query: Query) -> Rejected | None:
        """Return the first thing that a check finds wrong in the program `query`, outermost call first, or None."""
        for check in self.checks:
            for call in walk(query):
                if isinstance(call, Call) and (rejection := check(self, call)) is not None:
                    return rejection
        return None

    def build(self, value: Any, nesting_level: int = 1) -> Query:
        """Build a program from `value`, decoded JSON, its types checked; unlike `read`, also a part of one.

        Raises:
            Invalid: it is not a program.
        """
        if not isinstance(value, list) or not value or not isinstance(value[0], str):
            example = json.dumps([next(iter(self.literals))])
            raise Invalid(
                "syntax", f"expected a list that begins with an operator, got {value!r:.60}", f"such as {example}"
            )
        if nesting_level > self.max_depth:
            raise Invalid("depth", f"the query nests deeper than {self.max_depth} operators")
        name, *arguments = value
        if name in self.literals:
            literal = self.literals[name]
            return Literal(name, literal.read(arguments), literal.output)
        operator = self.operators.get(name)
        if operator is None:
            raise Invalid("operator", f"unknown operator {name!r:.40}", closest_or_all(name[:40], self.names))
        if len(arguments) != len(operator.inputs):
            raise Invalid("arity", f"{name} takes {len(operator.inputs)} arguments, got {len(arguments)}")
        argument_queries = tuple(self.build(argument, nesting_level + 1) for argument in arguments)
        for position, (input_type, argument) in enumerate(zip(operator.inputs, argument_queries, strict=True), start=1):
            if argument.output != input_type:
                hint = self.aliases.get(f"{argument.output}>{input_type}", "")
                raise Invalid(
                    "type", f"argument {position} of {name} must be {input_type}, got {argument.output}", hint
                )
        return Call(name, argument_queries, operator.output)

    # --- looking ----------------------------------------------------------------------------------------------

    def structure(self, query: Query) -> str:
        """Return `query` with each word replaced by its attribute: what novelty and coverage count.

        For example `colour(leftmost(select(shape)))`.
        """
        if isinstance(query, Literal):
            return f"{query.op}({','.join(self.literals[query.op].pattern(query.words))})"
        return f"{query.op}({','.join(map(self.structure, query.args))})"

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema (draft 2020-12) of the programs, for decoding under constraint.

        Depth is unrolled, so that no program of it nests deeper than is read. Every program that is read is valid
        under it; a valid one may still fail a check (`trivial`, `leaks`) or, on a scene, be ill posed.
        """
        definitions: dict[str, Any] = {}
        for level in range(1, self.max_depth + 1):
            for output in self._types:
                if type_forms := self._forms(output, level):
                    definitions[f"{output}{level}"] = {"anyOf": type_forms}
        answer_forms = [
            {"$ref": f"#/$defs/{output}{self.max_depth}"}
            for output in sorted(self.answers)
            if f"{output}{self.max_depth}" in definitions
        ]
        schema_head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "query"}
        return schema_head | {"anyOf": answer_forms, "$defs": definitions}

    @cached_property
    def _types(self) -> tuple[str, ...]:
        literals, operators = self.literals.values(), self.operators.values()
        return tuple(
            dict.fromkeys(
                [declaration.output for declaration in literals] + [declaration.output for declaration in operators]
            )
        )

    def _forms(self, output: str, level: int) -> list[dict[str, Any]]:
        array_forms = [literal.schema(name) for name, literal in self.literals.items() if literal.output == output]
        for name, operator in self.operators.items():
            if operator.output == output and all(
                self._reachable(input_type, level - 1) for input_type in operator.inputs
            ):
                parts = [
                    {"const": name},
                    *({"$ref": f"#/$defs/{input_type}{level - 1}"} for input_type in operator.inputs),
                ]
                array_forms.append(array_of(parts))
        return array_forms

    def _reachable(self, output: str, level: int) -> bool:
        """Tell whether a program of the type `output` fits into `level` levels."""
        if level < 1:
            return False
        if any(literal.output == output for literal in self.literals.values()):
            return True
        makers = [operator for operator in self.operators.values() if operator.output == output]
        return any(all(self._reachable(input_type, level - 1) for input_type in operator.inputs) for operator in makers)


def array_of(parts: Sequence[Any]) -> dict[str, Any]:
    """Return the JSON schema of an array with exactly these `parts`."""
    return {"type": "array", "prefixItems": list(parts), "items": False, "minItems": len(parts)}


def loads(json_text: str) -> Any | Rejected:
    """Decode the JSON of a model-written `json_text`, or reject it; no text makes this raise."""
    if len(json_text) > MAX_QUERY_CHARS:
        return Rejected("syntax", f"{len(json_text)} characters, at most {MAX_QUERY_CHARS} are read")
    try:
        return json.loads(json_text)
    except json.JSONDecodeError as error:
        return Rejected("syntax", f"line {error.lineno}, column {error.colno}: {error.msg}", "write one JSON value")
    except (RecursionError, ValueError) as error:
        # ValueError: an integer of more digits than Python converts.
        return Rejected("syntax", f"not readable JSON: {type(error).__name__}", "write one JSON value")


def dump(query: Query) -> list[Any]:
    """Return `query` as JSON lists; `Language.read` reads it back."""
    if isinstance(query, Literal):
        return [query.op, *query.words]
    return [query.op, *(dump(argument) for argument in query.args)]


def walk(query: Query) -> Iterator[Query]:
    """Yield `query` and everything inside it, outermost first."""
    yield query
    if isinstance(query, Call):
        for argument in query.args:
            yield from walk(argument)


def depth(query: Query) -> int:
    """Return the nesting depth of `query`; a literal alone has depth 1."""
    return 1 + max((depth(argument) for argument in query.args), default=0) if isinstance(query, Call) else 1


def skeleton(query: Query) -> str:
    """Return the operators of `query` alone, for example `colour(leftmost(select))`: the form of a question."""
    return query.op if isinstance(query, Literal) else f"{query.op}({','.join(map(skeleton, query.args))})"
