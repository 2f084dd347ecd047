"""The scorer as a library: a reply against an item, its truth, or a row of a data set that holds its truth.

`score` is `zerosight.score`. It loads no torch and unpickles nothing, takes text of any length in bounded time, and
keeps nothing between calls, so that it can run in any trainer's worker.
"""

import json
from collections.abc import Mapping
from typing import Any

from ..errors import UserError
from .answers import KINDS, Answer, Score, score_answer
from .answers.replies import THINK_TAGS
from .core import Environment, Item, Truth
from .registry import make

MAX_REPLY_CHARS = 16_000
"""Of a longer reply only the end is read: about 10 ms at the most, and a final answer stands at the end."""


class TruthError(UserError, ValueError):
    """What a reply is to be scored against is not a truth; the message says what is missing."""


def truth_dict(item: Item) -> dict[str, Any]:
    """Return all that the score of a reply to `item` depends on, as JSON values."""
    truth = {"world": item.env, "options": list(item.question.options)}
    return truth | {name: value for name, value in item.truth.to_dict().items() if name not in ("margin", "unit")}


def truth_json(item: Item) -> str:
    """Return `truth_dict` of `item` as canonical JSON text, the form that data sets keep."""
    return json.dumps(truth_dict(item), sort_keys=True, separators=(",", ":"))


def score(truth: Item | Truth | Mapping[str, Any] | str, reply: str) -> Score:
    """Score `reply` by the oracle's rules: 1 where it says the answer and nothing that contradicts it, else 0.

    Graded kinds give part of 1 for an answer that is nearly right. The terms are `correct` and `format` (the reply
    could be read as an answer of its kind). A reply longer than `MAX_REPLY_CHARS` is read from its end.

    Args:
        truth: an item; a truth; or the truth of a data set's row, decoded or as JSON text, or the whole row.
        reply: what the model wrote.

    Raises:
        TruthError: `truth` is none of these.
        UnknownEnvironmentError: the truth names a world with rules of its own that is not installed.

    >>> score('{"value": "3", "kind": "number"}', "I count three.").value
    1.0
    >>> score({"value": "red", "kind": "word", "options": ["red", "blue"]}, "blue").terms
    {'correct': 0.0, 'format': 1.0}
    """
    if not isinstance(reply, str):
        raise TruthError(f"a reply is text, got {type(reply).__name__}")
    text = _end_of(reply)
    if isinstance(truth, Item):
        return make(truth.env).score(truth.truth, truth.question.options, text)
    if isinstance(truth, Truth):
        return score_answer(Answer(truth.value, truth.kind, (), truth.tolerance, truth.measure), text)
    fields = _fields_of(truth)
    options = tuple(map(str, fields.get("options") or ()))
    tolerance, measure = float(fields.get("tolerance") or 0.0), str(fields.get("measure") or "")
    answer = Answer(str(fields["value"]), str(fields["kind"]), options, tolerance, measure)
    world = fields.get("world")
    if not world or str(world).partition("@")[0] in _PLAIN_WORLDS:
        return score_answer(answer, text)
    env = make(str(world))
    if type(env).score is Environment.score:
        _PLAIN_WORLDS.add(env.id)
    return env.score(Truth(answer.value, answer.kind, 0.0, "px", tolerance, measure), options, text)


_PLAIN_WORLDS: set[str] = set()
"""Worlds that are known to score as all do: their replies need no look at the registry."""


def _fields_of(truth: Mapping[str, Any] | str) -> Mapping[str, Any]:
    """Return the fields of a truth, decoded.

    Raises:
        TruthError: it is not JSON, or has no value or no known kind.
    """
    fields: Any = truth
    # A row holds its truth as text, which is decoded in turn.
    for _ in range(2):
        if isinstance(fields, str):
            try:
                fields = json.loads(fields)
            except (ValueError, RecursionError) as error:
                raise TruthError(f"a truth is JSON text, got {truth!r:.80}") from error
        if isinstance(fields, Mapping) and "truth" in fields:
            fields = fields["truth"]
    if not isinstance(fields, Mapping) or "value" not in fields or "kind" not in fields:
        raise TruthError(f"a truth has the fields value and kind, got {truth!r:.80}")
    if fields["kind"] not in KINDS:
        raise TruthError(f"unknown kind of answer {fields['kind']!r}; allowed: {', '.join(KINDS)}")
    return fields


def _end_of(reply: str) -> str:
    """Return the part of `reply` that is read: all of it, or its end; "" where it is still thinking there."""
    if len(reply) <= MAX_REPLY_CHARS:
        return reply
    # The end may lie within thinking that began before it; lower case, since tags are written in either.
    end, lowered = reply[-MAX_REPLY_CHARS:], reply.lower()
    last_opening, last_closing = (max(lowered.rfind(f"{mark}{tag}>") for tag in THINK_TAGS) for mark in ("<", "</"))
    return "" if last_opening > last_closing and last_opening < len(reply) - len(end) else end
