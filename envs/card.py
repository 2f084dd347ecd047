"""Language cards: what a model is told of an environment, generated from its declarations.

Nobody writes a prompt for one environment by hand. `proposer_card` says which queries there are: every literal and
operator with its signature, its meaning and a query with its English, every task with an example, whole proposals.
`coder_card` says how to draw: the environment's guide and one complete program. Two styles: `short` is what the
embedded model was warmed up on, `full` is for every other model. It imports the siblings `core`, `queried` and
`language`; the roles put cards into prompts.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import islice, product
from typing import Literal as Choice
from typing import NamedTuple

from .core import Briefing, Environment, Item, Requirement, Task
from .language.query import Call, Language, Operator, Query, dump, walk
from .queried import QueriedEnvironment
from .rng import SeededRng

Style = Choice["short", "full"]

MAX_CARD_TOKENS = 2_000
"""A longer card gives the operators of the task in full and the others by name."""
QUERIES_PER_TASK = 6
"""Queries drawn of each task to find examples among; more of them find shorter ones."""
MAX_COMBINATIONS = 400
"""Combinations of known arguments that are tried for an operator that no task's query has."""
MAX_OPTIONS = 12
"""Of tasks with more answers, only the first are listed."""


class ExampleQuery(NamedTuple):
    """A query with the English that asks it."""

    query: Call
    question: str

    def __str__(self) -> str:
        """Return one line: the query as JSON and its question in quotes."""
        return f'{json.dumps(dump(self.query))} asks "{self.question}"'


class ExampleProposal(NamedTuple):
    """A proposal that the environment made itself, with the program that draws it and the answer."""

    briefing: Briefing
    requirements: tuple[Requirement, ...]
    item: Item

    def to_json(self) -> str:
        """Return the reply of a Proposer that would have proposed this."""
        requirement_lists = [[requirement.count, *requirement.words] for requirement in self.requirements]
        return json.dumps({"concept": self.briefing.text, "draw": requirement_lists, "ask": self.item.question.query})


class CardContent(NamedTuple):
    """Everything in a card that does not change from step to step."""

    operator_examples: Mapping[str, ExampleQuery]
    """By operator; one that fits into no accepted query is left out."""
    task_examples: Mapping[str, ExampleQuery]
    task_operators: Mapping[str, frozenset[str]]
    """By task, the operators that its queries have."""


def estimated_tokens(text: str) -> int:
    """Estimate the number of tokens of `text`: nested lists and English have some 3.1 characters a token."""
    return -(-len(text) // 3)


def proposer_card(
    env: Environment,
    style: Style = "full",
    *,
    task: str | None = None,
    rng: SeededRng | None = None,
    example_count: int = 2,
    max_tokens: int = MAX_CARD_TOKENS,
    count_tokens: Callable[[str], int] = estimated_tokens,
) -> str:
    """Return what the Proposer is told of the queries of `env`.

    Args:
        env: the environment.
        style: `short` names the words of requirements and one query; `full` explains the whole language.
        task: the task of the briefing, whose operators are explained in any case.
        rng: what whole proposals are drawn with, so that they vary from step to step; by default they are fixed.
        example_count: how many whole proposals are shown, at most; those of `task` where one is given.
        max_tokens: how long the explanation of the language may be; the operators of `task` are explained in any case,
            then as many others as fit, and the rest are named.
        count_tokens: the model's own count; by default an estimate.
    """
    words_line = f"Words describe objects: {', '.join(env.words)}.\n"
    if style == "short" or not isinstance(env, QueriedEnvironment):
        return f"{words_line}A query such as {env.example} must have exactly one clear answer on the picture."
    content = card_content(env)
    explained_operators = _explained_operators(
        env, content, task, lambda text: count_tokens(words_line + text) <= max_tokens
    )
    language_text = "\n".join(_language_lines(env, content, explained_operators))
    proposals = [
        f"Asked for: {example.briefing.text}\nReply: {example.to_json()}"
        for example in example_proposals(env, rng or SeededRng(("card", env.id)), example_count, task)
    ]
    return "\n\n".join([words_line + language_text, *proposals])


def coder_card(env: Environment, style: Style = "full", *, rng: SeededRng | None = None) -> str:
    """Return what the Coder is told of the programs of `env`: its guide and, in `full` style, a complete program.

    Args:
        env: the environment.
        style: `short` is the guide alone.
        rng: what the example is drawn with; by default it is fixed.
    """
    if style == "short":
        return env.guide
    (example,) = example_proposals(env, rng or SeededRng(("card", env.id)), 1) or (None,)
    if example is None:
        return env.guide
    wanted_text = ", ".join(env.describe(requirement) for requirement in example.requirements)
    return f"{env.guide}\n\nFor example, asked to draw {wanted_text}, you could reply:\n{example.item.program}"


def example_proposals(
    env: Environment, rng: SeededRng, max_proposals: int, task: str | None = None
) -> tuple[ExampleProposal, ...]:
    """Draw up to `max_proposals` whole proposals with `rng`, each with a picture on which it has a clear answer.

    Empty where the environment does not say what a drawing of its own meets (`requirements_of`).

    Args:
        env: the environment.
        rng: the generator that draws.
        max_proposals: how many, at most.
        task: their task; different tasks by default.
    """
    # A function of the key alone, so that prompts of one step which share a key share its pictures too.
    return _example_proposals(env, rng.key, max_proposals, task)


@lru_cache(maxsize=64)
def _example_proposals(
    env: Environment, key: tuple[str | int, ...], max_proposals: int, task: str | None
) -> tuple[ExampleProposal, ...]:
    rng = SeededRng(key)
    task_names = [task] * max_proposals if task else rng.sample(list(env.tasks), min(max_proposals, len(env.tasks)))
    proposals = []
    for number, task_name in enumerate(task_names):
        item_rng = rng.child("example", number)
        item = env.sample(item_rng, task_name, item_rng.choice(env.difficulties[:2]))
        if requirements := env.requirements_of(item.scene):
            object_count = sum(requirement.count for requirement in requirements)
            proposals.append(ExampleProposal(Briefing(task_name, item.difficulty, object_count), requirements, item))
    return tuple(proposals)


# --- examples of the language ---------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def card_content(env: QueriedEnvironment) -> CardContent:
    """Find an example for every operator and task of `env`: short queries that its language accepts."""
    rng = SeededRng(("card", env.id))
    queries_by_task = {
        task: [env.query(rng.child(task, number), task) for number in range(QUERIES_PER_TASK)] for task in env.tasks
    }
    queries = sorted((query for task_queries in queries_by_task.values() for query in task_queries), key=_length)
    # English may depend on the scene, such as the number of frames; any scene of the environment will do.
    scene = env.sample(rng.child("scene"), next(iter(env.tasks)), env.difficulties[0]).scene

    def phrased(query: Call) -> ExampleQuery:
        return ExampleQuery(query, env.ask(query, SeededRng(("card", env.id, "phrasing")), scene).text)

    operator_examples = {}
    for operator_name in env.language.operators:
        query = next((query for query in queries if operator_name in _operators(query)), None)
        query = query or _composed_query(env.language, operator_name, queries)
        if query is not None:
            operator_examples[operator_name] = phrased(query)
    return CardContent(
        operator_examples,
        {task: phrased(min(task_queries, key=_length)) for task, task_queries in queries_by_task.items()},
        {task: frozenset().union(*map(_operators, task_queries)) for task, task_queries in queries_by_task.items()},
    )


def _length(query: Query) -> int:
    return len(json.dumps(dump(query)))


def _operators(query: Query) -> frozenset[str]:
    return frozenset(part.op for part in walk(query) if isinstance(part, Call))


def _composed_query(language: Language, operator_name: str, queries: list[Call]) -> Call | None:
    """Compose a query with the operator `operator_name` of parts of known `queries`; None where none is accepted."""
    parts_by_type: dict[str, list[Query]] = {}
    for query in (*queries, *_literal_examples(language)):
        for part in walk(query):
            if part not in (known_parts := parts_by_type.setdefault(part.output, [])) and len(known_parts) < 20:
                known_parts.append(part)
    operator = language.operators[operator_name]
    for call in _calls(language, operator, parts_by_type):
        whole_queries = [call] if call.output in language.answers else []
        if not whole_queries:
            whole_queries = [
                outer_call
                for outer_operator in language.operators.values()
                if outer_operator.output in language.answers and call.output in outer_operator.inputs
                for outer_call in islice(_calls(language, outer_operator, parts_by_type | {call.output: [call]}), 4)
            ]
        for candidate in whole_queries:
            if language.rejection_of(candidate) is None:
                return candidate
    return None


def _calls(language: Language, operator: Operator, parts_by_type: Mapping[str, list[Query]]) -> Iterator[Call]:
    """Yield calls of `operator` with arguments among the known `parts_by_type` of each type."""
    arguments = product(*(parts_by_type.get(input_type, []) for input_type in operator.inputs))
    for chosen_arguments in islice(arguments, MAX_COMBINATIONS):
        if len(set(chosen_arguments)) == len(chosen_arguments):
            yield language.call(operator.name, *chosen_arguments)


def _literal_examples(language: Language) -> Iterator[Query]:
    """Yield a literal of each kind; a name that only a scene knows is called after its type, `Panel A`."""
    for name, literal_kind in language.literals.items():
        pattern = next(iter(literal_kind.patterns()))
        words = literal_kind.draw(pattern, SeededRng(("card", name)))
        yield language.literal(name, *(f"{literal_kind.output} A" if word == "?" else word for word in words))


# --- text -----------------------------------------------------------------------------------------------------


def _language_lines(
    env: QueriedEnvironment, content: CardContent, explained_operators: frozenset[str]
) -> Iterator[str]:
    """Yield the lines that explain the language; operators that are not `explained_operators` are named only."""
    language = env.language
    yield "A query is a nested list: an operator, then its arguments, which are queries of the types it takes."
    yield f"A whole query gives one of {', '.join(sorted(language.answers))}."
    yield "Literals, the queries without queries in them:"
    for declared_name, literal_kind in language.literals.items():
        yield f"- {literal_kind.usage(declared_name)} gives {literal_kind.output}: {literal_kind.about}."
    yield "Operators:"
    for declared_name, operator in language.operators.items():
        if declared_name in explained_operators:
            operator_example = content.operator_examples.get(declared_name)
            suffix = f" {operator_example}" if operator_example else ""
            yield f"- {signature(operator)}: {operator.about}.{suffix}"
    if other_signatures := [
        signature(operator)
        for declared_name, operator in language.operators.items()
        if declared_name not in explained_operators
    ]:
        yield f"Further operators: {'; '.join(other_signatures)}."
    yield "Tasks:"
    for declared_name, task in env.tasks.items():
        if content.task_operators[declared_name] <= explained_operators:
            example = content.task_examples[declared_name]
            yield f"- {declared_name.replace('_', ' ')}: {task.about}.{_answers(task)} {example}"
    if other_signatures := [
        declared_name.replace("_", " ")
        for declared_name, operators in content.task_operators.items()
        if not operators <= explained_operators
    ]:
        yield f"Further tasks: {', '.join(other_signatures)}."


def _answers(task: Task) -> str:
    """Say which answers `task` has, where they are closed."""
    if not task.options:
        return ""
    remainder = f" and {len(task.options) - MAX_OPTIONS} more" if len(task.options) > MAX_OPTIONS else ""
    return f" Answers: {', '.join(task.options[:MAX_OPTIONS])}{remainder}."


def _explained_operators(
    env: QueriedEnvironment, content: CardContent, task: str | None, fits: Callable[[str], bool]
) -> frozenset[str]:
    """Choose the operators to explain: those of `task`, then others in order while the text still fits."""
    operators = list(env.language.operators)
    explained_operators = frozenset(operators)
    if fits("\n".join(_language_lines(env, content, explained_operators))):
        return explained_operators
    explained_operators = content.task_operators.get(task or "", frozenset())
    for operator_name in operators:
        if fits("\n".join(_language_lines(env, content, explained_operators | {operator_name}))):
            explained_operators |= {operator_name}
    return explained_operators


def signature(operator: Operator) -> str:
    """Return the signature of `operator`: `["nearest", Set, Object] gives Object`."""
    return f"[{', '.join([json.dumps(operator.name), *operator.inputs])}] gives {operator.output}"
