"""The Coder is told what a question needs of its picture, and nothing of the answer."""

from itertools import product

import pytest

from zerosight.envs import item_rng, list_environments, make

ITEMS = 8


@pytest.fixture(scope="module", params=list_environments(), ids=lambda env_id: env_id.replace("/", "-"))
def asked(request):
    """An environment with items of its first tasks and their queries."""
    env = make(request.param)
    tasks = list(env.tasks)
    items = [env.sample(item_rng(env.id, "train", 0, n), tasks[n % len(tasks)], 1) for n in range(ITEMS)]
    return env, [(item, env.parse_value(item.question.query)) for item in items]


def test_own_picture_has_all_that_its_question_needs(asked):
    env, pairs = asked
    for item, query in pairs:
        assert env.missing_needs(item.scene, query) == (), item.question.text


def test_picture_that_lacks_a_need_cannot_be_asked_about(asked):
    env, pairs = asked
    for (item, _), (_, query) in product(pairs, pairs):
        if env.missing_needs(item.scene, query):
            assert env.check(item.scene, query) is not None


def test_needs_do_not_name_the_answer(asked):
    env, pairs = asked
    for item, query in pairs:
        # An answer that the question does not name is not named by what it needs either.
        texts = [need.text for need in env.needs(query)]
        assert len(set(texts)) == len(texts)
        question_words = item.question.text.lower()
        if not item.truth.value.replace(".", "").isdigit() and item.truth.value.lower() not in question_words:
            assert all(item.truth.value.lower() not in text.lower().split() for text in texts)


@pytest.mark.parametrize(
    ("env_id", "query", "needs"),
    [
        ("shapes/Canvas-v1", ["count", ["select", "red"]], ()),
        ("shapes/Canvas-v1", ["side", ["unique", ["select", "red"]], ["unique", ["select", "circle"]]],
         ("exactly one red shape", "exactly one circle")),
        ("charts/Chart-v1", ["amount", ["unique", ["at", ["of", ["points"], ["series", "Up"]], ["category", "A"]]]],
         ("exactly one value of Up at A", "a series called Up", "a category called A")),
        ("charts/Chart-v1", ["drawn_in", ["colour", "red"]], ("exactly one series drawn in red, named in a legend",)),
        ("charts/Chart-v1", ["panel_of", ["highest", ["points"]]], ("two panels, each with a title",)),
        ("diagrams/Geometry-v1",
         ["find", ["is_length", ["segment", "A", "B"], ["cm", 3]], ["angle", ["corner", "A", "B", "C"]]],
         ("AB is 3 cm long", "segment AB", "angle ABC")),
        ("spatial/Rooms-v1", ["absolute_distance", ["thing", "sofa"], ["thing", "mug"]],
         ("exactly one sofa", "exactly one mug", "the sofa large and unhidden for one of the cameras",
          "the mug large and unhidden for one of the cameras")),
        ("spatial/Rooms-v1", ["position_cam_obj", ["view", 1], ["view", 3], ["thing", "bed"]],
         ("exactly one bed", "the bed large and unhidden for camera 1",
          "2 things or more that camera 1 and camera 3 both see well")),
        ("transforms/Edit-v1", ["which_sequence", ["set", 2]], ("a sequence of two or three edits in each set",)),
        ("transforms/Edit-v1", ["match", ["sets"]], ()),
    ],
)  # fmt: skip
def test_needs_are_said_in_english(env_id, query, needs):
    env = make(env_id)
    assert tuple(need.text for need in env.needs(env.parse_value(query))) == needs


def test_missing_names_are_named():
    env = make("charts/Chart-v1")
    scene = env.sample(item_rng(env.id, "train", 0, 0), "read", 1).scene
    query = env.parse_value(["amount", ["unique", ["at", ["points"], ["category", "Nowhere"]]]])
    assert env.missing_needs(scene, query) == ("exactly one value at Nowhere", "a category called Nowhere")


def test_needs_of_an_unclear_picture_are_its_rejection():
    env = make("shapes/Canvas-v1")
    scene = env.render('<svg viewBox="0 0 32 32"><circle cx="9" cy="9" r="4" fill="red"/></svg>')
    assert env.missing_needs(scene, env.parse_value(["count", ["select", "red"]])).code == "canvas"
