"""The English of rooms: every phrasing says one query, and is read back as it."""

import json

import pytest

from zerosight.envs import Rejected, SeededRng
from zerosight.envs.spatial.asking import blind_query
from zerosight.envs.spatial.english import grammar, noun, plural, read_question, sentence
from zerosight.envs.spatial.operators import LANGUAGE, OPERATORS, PLAN, candidates, options
from zerosight.envs.spatial.world import TASKS

NAMES = ("sofa", "round table", "bookshelf", "desk lamp", "box", "bench", "plant", "washing machine", "piano")


def queries(task, count=25):
    return [blind_query(SeededRng(("words", task, n)), task, NAMES, 6) for n in range(count)]


def test_every_task_is_an_operator_and_has_a_form():
    assert set(TASKS) == set(OPERATORS) and len(TASKS) == 24


@pytest.mark.parametrize("task", TASKS)
def test_every_phrasing_is_read_back(task):
    met = {}
    for query in queries(task):
        said = grammar(query).phrasings(query)
        assert len(said) == len(set(said)) >= 5
        for text in said:
            # What the plan's arrow stands for is not said.
            assert task in PLAN or read_question(sentence(text)) == query, text
            assert task in PLAN or met.setdefault(text, query) == query, f"two queries: {text}"
            assert "{" not in text and "  " not in text and text[-1] in ".?"


@pytest.mark.parametrize("task", TASKS)
def test_questions_say_what_they_name_and_no_more(task):
    for query in queries(task, 5):
        for text in grammar(query).phrasings(query):
            for literal in () if task in PLAN else query.args:
                assert noun(query, literal, literal.op == "category") in text


def test_what_is_measured_is_said():
    """A distance between things always says from where to where."""
    for query in queries("absolute_distance", 2) + queries("relative_distance", 2):
        assert all("nearest point" in text or "shortest distance" in text for text in grammar(query).phrasings(query))
    for task in ("distance_cam_obj", "depth_order_obj_obj"):
        for query in queries(task, 2):
            assert all("nearest point" in text for text in grammar(query).phrasings(query))
    for query in queries("relative_direction_hard", 2):
        assert all("middle of each thing" in text for text in grammar(query).phrasings(query))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "syntax"),
        ("Where is the sofa?", "syntax"),
        ("How many chairs are there in this room?", "syntax"),  # the words that say how they are counted are left out
        ("How far apart are the sofa and the bed in metres?", "syntax"),  # nor is it said from where to where
        ("In frame 0, which is nearer to the camera by its nearest point, the sofa or the bed?", "syntax"),
        ("how many " * 500, "syntax"),
        ("(.*)", "syntax"),
    ],
)
def test_other_questions_are_refused_with_a_reason(text, code):
    found = read_question(text)
    assert isinstance(found, Rejected) and found.code == code and found.reason


def test_refusal_suggests_the_nearest_way_to_ask():
    found = read_question("Is the camera of frame 2 higher or lower than the one of frame 1?")
    assert isinstance(found, Rejected) and "higher or lower" in found.hint


def test_question_is_read_whatever_its_case_and_spaces():
    text = "how MANY square metres  of floor are there in all, covered by furniture or not?"
    query = read_question(text)
    assert not isinstance(query, Rejected) and query.op == "room_size"


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("chair", "chairs"), ("bookshelf", "bookshelves"), ("bench", "benches"), ("box", "boxes"), ("toy", "toys"),
        ("library", "libraries"), ("glass", "glasses"), ("washing machine", "washing machines"), ("mouse", "mice"),
    ],
)  # fmt: skip
def test_plurals(one, many):
    assert plural(one) == many


def test_names_that_sound_like_the_sentence_are_read_back_or_refused():
    """A scan's labels can be anything; a question that can be read in two ways is not taken for one of them."""
    hostile = ("bed and the sofa", "chair, the table", "x or the y", "frame 2", "left", "sofa (the first)")
    for first in hostile:
        for second in hostile:
            if first != second:
                query = LANGUAGE.call(
                    "absolute_distance", LANGUAGE.literal("thing", first), LANGUAGE.literal("thing", second)
                )
                for text in grammar(query).phrasings(query):
                    found = read_question(text)
                    assert isinstance(found, Rejected) or text in grammar(found).phrasings(found)


@pytest.mark.parametrize("task", TASKS)
def test_options_have_what_the_words_name(task):
    for query in queries(task, 3):
        found = options(query)
        assert len(set(found)) == len(found)
        if query.output == "Label":
            assert set(found) == set(candidates(query)) and len(found) in (2, 3)
        elif task == "position_cam_reg":
            assert len(found) == 8
        elif TASKS[task].options and query.output != "Number":
            assert found == TASKS[task].options


VALUES = [
    [], ["object_counting"], ["object_counting", ["category", 3]], ["object_counting", ["thing", "sofa"]],
    ["relative_distance", ["things", "a"], ["thing", "b"]], ["relative_distance", ["things", "a", "a"], ["thing", "b"]],
    ["view_match", ["view", 0]], ["view_match", ["view", 1.5]], ["view_match", ["view", True]], ["room_size", []],
    ["motion_camera", ["view", 1]], ["position_cam_reg", ["view", 1], ["view", 2], ["region", "moon"]],
    ["perspective_order", ["thing", "a"], ["thing", "b"], ["things", "c", "d"], ["side", "up"]], ["thing", "sofa"],
    ["fit", ["thing", ["thing", "a"]], ["thing", "b"]], ["object_size", ["thing", ""]], {"op": "fit"}, None, 7, "fit",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_malformed_programs_are_refused(value):
    found = LANGUAGE.read(value)
    assert isinstance(found, Rejected) and found.code and found.reason, json.dumps(value)
