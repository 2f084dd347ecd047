import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import queries

from zerosight.envs import Rejected
from zerosight.envs.language.query import MAX_DEPTH, MAX_QUERY_CHARS, Call, depth, dump, loads, skeleton, walk
from zerosight.envs.shapes.canvas import LANGUAGE

RED, BLUE = ["unique", ["select", "red"]], ["unique", ["select", "blue"]]


def nested(levels: int) -> list[Any]:
    """A count whose set is nested so many operators deep."""
    query: list[Any] = ["select"]
    for _ in range(levels):
        query = ["left_of", query, ["unique", ["select", "red"]]]
    return ["count", query]


@pytest.mark.parametrize(
    ("value", "code", "says", "hint"),
    [
        (None, "syntax", "got None", "select"),
        (3, "syntax", "got 3", "select"),
        ("count", "syntax", "got 'count'", "select"),
        ({}, "syntax", "got {}", "select"),
        ([], "syntax", "got []", "select"),
        ([["count"]], "syntax", "begins with an operator", "select"),
        (["count", 3], "syntax", "got 3", "select"),
        (["cuont", ["select"]], "operator", "'cuont'", "did you mean 'count'?"),
        (["left of", ["select"], RED], "operator", "'left of'", "did you mean 'left_of'?"),
        (["xyzzy"], "operator", "'xyzzy'", "allowed: select, unique"),
        (["count"], "arity", "count takes 1 arguments, got 0", ""),
        (["count", ["select"], ["select"]], "arity", "got 2", ""),
        (["side", RED], "arity", "side takes 2 arguments, got 1", ""),
        (["count", RED], "type", "argument 1 of count must be Set, got Object", ""),
        (["colour", ["select", "circle"]], "type", "argument 1 of colour must be Object, got Set", "use unique"),
        (["side", RED, ["select"]], "type", "argument 2 of side must be Object, got Set", "use unique"),
        (["count", ["count", ["select"]]], "type", "must be Set, got Number", ""),
        (["more", ["exists", ["select"]], ["select"]], "type", "must be Set, got Bool", ""),
        (["count", ["select", "rde"]], "word", "'rde'", "did you mean 'red'?"),
        (["count", ["select", "Red"]], "word", "'Red'", "did you mean 'red'?"),
        (["count", ["select", 3]], "word", "3", "allowed: small"),
        (["count", ["select", ["red"]]], "word", "['red']", ""),
        (["count", ["select", "red", "blue"]], "word", "'red' and 'blue' are both a colour", "keep one"),
        (["count", ["select", "red", "red"]], "word", "both a colour", "keep one"),
        (["select"], "answer", "gives a Set", "wrap it"),
        (RED, "answer", "gives a Object", "wrap it"),
        (["left_of", ["select"], RED], "answer", "gives a Set", "wrap it"),
        (nested(MAX_DEPTH), "depth", f"deeper than {MAX_DEPTH}", ""),
        (["more", ["select", "red"], ["select", "red"]], "trivial", "same thing twice", "two different"),
        (["more", ["select", "red", "circle"], ["select", "circle", "red"]], "trivial", "same thing twice",
        "two different"),
        (["side", RED, RED], "trivial", "same thing twice", "two different"),
        (["side", RED, ["unique", ["select", "red", "circle"]]], "trivial", "implies", "apart"),
        (["level", ["unique", ["select"]], BLUE], "trivial", "implies", "apart"),
        (["count", ["left_of", ["select", "red"], ["unique", ["select", "red", "circle"]]]], None, "", ""),
        (["exists", ["left_of", ["select", "red"], RED]], "trivial", "only member", "others"),
        (["shape", ["nearest", ["select", "red"], RED]], "trivial", "only member", "others"),
        (["colour", RED], "leaks", "names the colour", "without its colour"),
        (["shape", ["leftmost", ["select", "circle"]]], "leaks", "names the shape", "without its shape"),
        (["size", ["topmost", ["left_of", ["select", "small"], RED]]], "leaks", "names the size", "without its size"),
        (["colour", ["nearest", ["select", "red"], BLUE]], "leaks", "names the colour", "without its colour"),
        (["colour", ["nearest", ["select", "circle"], BLUE]], None, "", ""),
    ],
)  # fmt: skip
def test_query_is_accepted_or_rejected_with_code_reason_and_hint(value, code, says, hint):
    parsed = LANGUAGE.read(value)
    if code is None:
        # `red circle` is one of the reds: related to the others, it is well posed.
        assert isinstance(parsed, Call), parsed
        return
    assert isinstance(parsed, Rejected)
    assert parsed.code == code
    assert says in parsed.reason
    assert hint in parsed.hint and (bool(parsed.hint) or not hint)


def test_depth_is_allowed_up_to_its_limit():
    query = LANGUAGE.read(nested(MAX_DEPTH - 3))
    assert isinstance(query, Call) and depth(query) == MAX_DEPTH
    assert LANGUAGE.read(nested(MAX_DEPTH - 2)).code == "depth"


def test_word_order_does_not_matter():
    assert LANGUAGE.read(["count", ["select", "circle", "red", "small"]]) == LANGUAGE.read(
        ["count", ["select", "small", "red", "circle"]]
    )


def test_structure_and_skeleton_of_a_query():
    query = LANGUAGE.read(["colour", ["nearest", ["select", "circle"], ["unique", ["select", "small", "square"]]]])
    assert LANGUAGE.structure(query) == "colour(nearest(select(shape),unique(select(size,shape))))"
    assert skeleton(query) == "colour(nearest(select,unique(select)))"
    assert depth(query) == 4
    assert [getattr(each, "op", "select") for each in walk(query)] == [
        "colour",
        "nearest",
        "select",
        "unique",
        "select",
    ]


def test_every_operator_has_a_signature_of_known_types():
    types = {"Set", "Object", *LANGUAGE.answers}
    for name, operator in LANGUAGE.operators.items():
        assert operator.name == name and operator.about
        assert {operator.output, *operator.inputs} <= types


@settings(max_examples=250)
@given(queries())
def test_parsed_query_is_dumped_and_read_back(value):
    parsed = LANGUAGE.read(value)
    if isinstance(parsed, Call):
        assert LANGUAGE.read(dump(parsed)) == parsed
        assert LANGUAGE.read(json.loads(json.dumps(dump(parsed)))) == parsed
    else:
        # Random queries are well typed by construction: only these rules can refuse them.
        assert parsed.code in ("trivial", "leaks")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(sorted(LANGUAGE.operators)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
queryish = st.recursive(
    st.lists(st.sampled_from(["select", "red", "circle", "small", 1, None]), max_size=4).map(
        lambda words: ["select", *words]
    ),
    lambda inner: st.tuples(st.sampled_from(sorted(LANGUAGE.operators)), st.lists(inner, max_size=3)).map(
        lambda pair: [pair[0], *pair[1]]
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(json_values | queryish)
def test_no_json_value_makes_parsing_raise(value):
    parsed = LANGUAGE.read(value)
    assert isinstance(parsed, (Call, Rejected))
    if isinstance(parsed, Rejected):
        assert parsed.code and parsed.reason and len(parsed.reason) < 300


@given(st.text())
def test_no_text_makes_reading_raise(text):
    value = loads(text)
    assert value is None or isinstance(value, (Rejected, str, int, float, list, dict))


@settings(max_examples=200)
@given(
    queries(),
    st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from('[]",x{}0:\\\x00é'), st.booleans()), max_size=4),
)
def test_mutated_query_is_read_or_rejected(value, edits):
    text = json.dumps(value)
    for place, character, replace in edits:
        place %= len(text) + 1
        text = text[:place] + character + text[place + replace :]
    read = loads(text)
    if not isinstance(read, Rejected):
        assert isinstance(LANGUAGE.read(read), (Call, Rejected))


@pytest.mark.parametrize(
    "text",
    ["[" * 1_000 + "]" * 1_000, '["count",' * 200 + "1" + "]" * 200, "9" * 1_900, "[" + "9" * 1_900 + "]", "1e999",
    "NaN",
     '["count",["select","\\ud800"]]', "\ufeff[]", "[" * 900, '{"a":' * 300 + "1" + "}" * 300],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_hostile_text_is_rejected(text):
    read = loads(text)
    assert isinstance(read if isinstance(read, Rejected) else LANGUAGE.read(read), Rejected)


def test_long_text_is_rejected_before_it_is_read():
    rejected = loads(" " * (MAX_QUERY_CHARS + 1))
    assert rejected.code == "syntax" and f"{MAX_QUERY_CHARS + 1} characters" in rejected.reason


@pytest.mark.parametrize(
    "value",
    [
        ["side", ["leftmost", ["select"]], ["rightmost", ["select"]]],
        ["side", ["leftmost", ["select"]], RED],
        ["exists", ["left_of", ["select"], ["leftmost", ["select"]]]],
        ["count", ["above", ["select", "red"], ["topmost", ["select", "red"]]]],
        ["fewer", ["select"], ["select", "red"]],
        ["exists", ["select"]],
    ],
    ids=lambda value: json.dumps(value).replace(" ", ""),
)
def test_question_with_the_same_answer_on_every_drawing_is_trivial(value):
    parsed = LANGUAGE.read(value)
    assert isinstance(parsed, Rejected) and parsed.code == "trivial"
