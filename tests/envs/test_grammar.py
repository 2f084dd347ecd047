import re
from collections import Counter

import pytest
from hypothesis import assume, given, settings
from strategies import queries

from zerosight.envs import Environment, item_rng
from zerosight.envs.language.query import Call, dump
from zerosight.envs.shapes.canvas import GRAMMAR, LANGUAGE, VOCABULARY
from zerosight.envs.shapes.operators import OPERATORS

RED, BLUE = ["unique", ["select", "red"]], ["unique", ["select", "blue"]]
WITHIN = {
    "Object": lambda op, args: ["level", [op, *args], BLUE],
    "Set": lambda op, args: ["count", [op, *args]],
}
"""How a question is made of an operator that gives no answer."""


def phrasings(value: list) -> tuple[str, ...]:
    query = LANGUAGE.read(value)
    assert isinstance(query, Call), query
    return GRAMMAR.phrasings(query)


def question_with(op: str) -> list:
    """A question that has this operator."""
    filled = {"Set": [["select", "circle"], ["select", "square"]], "Object": [RED, BLUE]}
    inputs = OPERATORS[op].inputs
    args = [filled[kind][i] for i, kind in enumerate(inputs)]
    if op in ("shape", "size", "colour"):
        args = [["leftmost", ["select"]]]
    made = WITHIN.get(OPERATORS[op].output)
    return made(op, args) if made else [op, *args]


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        (["count", ["select"]], ("how many shapes are there?", "what is the number of shapes?")),
        (
            ["count", ["select", "small", "red", "circle"]],
            ("how many small red circles are there?", "what is the number of small red circles?"),
        ),
        (["count", ["select", "red"]], ("how many red shapes are there?", "what is the number of red shapes?")),
        (["exists", ["select", "yellow", "square"]], ("is there a yellow square?", "can you see a yellow square?")),
        (
            ["exists", ["above", ["select"], RED]],
            ("is there a shape above the red shape?", "can you see a shape above the red shape?"),
        ),
        (
            ["colour", ["leftmost", ["select", "circle"]]],
            ("what colour is the leftmost circle?", "what is the colour of the leftmost circle?"),
        ),
        (
            ["colour", ["unique", ["select", "small", "square"]]],
            ("what colour is the small square?", "what is the colour of the small square?"),
        ),
        (
            ["shape", ["farthest", ["select"], RED]],
            (
                "what shape is the shape farthest from the red shape?",
                "what is the form of the shape farthest from the red shape?",
            ),
        ),
        (
            ["size", ["topmost", ["select"]]],
            ("is the topmost shape small or large?", "what size is the topmost shape?"),
        ),
        (
            ["side", RED, BLUE],
            (
                "is the red shape left or right of the blue shape?",
                "on which side of the blue shape is the red shape, left or right?",
            ),
        ),
        (
            ["level", RED, BLUE],
            (
                "is the red shape above or below the blue shape?",
                "where is the red shape, above or below the blue shape?",
            ),
        ),
        (
            ["more", ["select", "red"], ["select", "blue"]],
            ("are there more red shapes than blue shapes?", "do red shapes outnumber blue shapes?"),
        ),
        (
            ["fewer", ["select", "red"], ["select", "blue"]],
            ("are there fewer red shapes than blue shapes?", "do blue shapes outnumber red shapes?"),
        ),
        (
            ["same", ["select", "circle"], ["select", "square"]],
            ("are there as many circles as squares?", "are circles and squares equally many?"),
        ),
        (
            ["count", ["left_of", ["select", "circle"], RED]],
            (
                "how many circles left of the red shape are there?",
                "what is the number of circles left of the red shape?",
            ),
        ),
        (
            ["colour", ["nearest", ["select"], ["unique", ["select", "circle"]]]],
            (
                "what colour is the shape nearest to the circle?",
                "what is the colour of the shape nearest to the circle?",
            ),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_question_in_english(query, texts):
    assert phrasings(query) == texts


@pytest.mark.parametrize("op", OPERATORS)
def test_every_operator_has_its_phrasings(op):
    made = phrasings(question_with(op))
    assert len(made) >= 2 and len(set(made)) == len(made)
    assert all(
        set(VOCABULARY["shape"]) & set(re.findall(r"circle|square|triangle", text)) or "shape" in text for text in made
    )


def test_every_answer_type_is_asked_by_some_operator():
    assert {each.output for each in OPERATORS.values()} - {"Set", "Object"} == LANGUAGE.answers


@settings(max_examples=250)
@given(queries())
def test_every_question_is_tidy(value):
    query = LANGUAGE.read(value)
    assume(isinstance(query, Call))
    for text in GRAMMAR.phrasings(query):
        assert re.fullmatch(r"[a-z ,]+\?", text), text
        assert "  " not in text and " ," not in text and not text.startswith(" ")
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", text), text
        assert not re.search(r"\b(the|a|an) (the|a|an)\b", text), text
        # A determiner is followed by one thing, `how many` and comparisons by several.
        for phrase in re.findall(r"\b(?:the|a|an) ((?:\w+ )*?)(circles?|squares?|triangles?|shapes?)\b", text):
            assert "number of" in " ".join(phrase) or not phrase[1].endswith("s"), text


@settings(max_examples=200)
@given(queries())
def test_words_of_a_query_are_said_in_every_phrasing(value):
    query = LANGUAGE.read(value)
    assume(isinstance(query, Call))
    wanted = Counter(word for word in re.findall(r"[a-z]+", str(value)) if word in VOCABULARY.words)
    asked = {"size": Counter(VOCABULARY["size"])}.get(query.op, Counter())
    for text in GRAMMAR.phrasings(query):
        said = Counter(word.removesuffix("s") for word in re.findall(r"[a-z]+", text))
        said = Counter({word: n for word, n in said.items() if word in VOCABULARY.words})
        assert said in (wanted, wanted + asked), text


def test_phrasing_is_drawn_evenly_and_repeatably():
    query = LANGUAGE.read(["count", ["select", "red"]])
    drawn = [GRAMMAR.ask(query, item_rng("e/E-v1", "train", 0, i)) for i in range(400)]
    assert drawn == [GRAMMAR.ask(query, item_rng("e/E-v1", "train", 0, i)) for i in range(400)]
    assert all(abs(n - 200) < 50 for n in Counter(drawn).values())


def test_set_has_no_article():
    with pytest.raises(TypeError, match="a set is said as one of"):
        GRAMMAR.phrasings(LANGUAGE.call("colour", LANGUAGE.literal("select")))


def test_questions_of_every_form_are_different_where_the_query_is(env: Environment):
    meant: dict[str, list] = {}
    for task in env.tasks:
        for i in range(60):
            drawn = item_rng(env.id, "dev", 3, i)
            query = env.query(drawn, task)
            meaning = dump(query)
            if query.op == "fewer":  # fewer a than b says what more b than a says
                meaning = ["more", meaning[2], meaning[1]]
            for text in GRAMMAR.phrasings(query):
                assert meant.setdefault(text, meaning) == meaning, text


def test_nested_relations_are_not_ambiguous():
    square = ["unique", ["select", "square"]]
    inner = ["count", ["above", ["select", "red"], ["unique", ["left_of", ["select", "blue"], square]]]]
    outer = ["count", ["left_of", ["above", ["select", "red"], BLUE], square]]
    assert set(phrasings(inner)).isdisjoint(phrasings(outer))
