"""Edits: answers by a second method, what no blind reader may find, which programs are refused, and how they run."""

import ast
import hashlib
import json
import re
from collections import Counter
from difflib import SequenceMatcher

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from second_edits import applied, panels, second_answer

from zerosight.envs import Item, Rejected, SeededRng, Truth, item_rng, make
from zerosight.envs.checker import highest_by_chance
from zerosight.envs.language.query import dump, walk
from zerosight.envs.transforms.difference import THRESHOLD
from zerosight.envs.transforms.operators import BANDS, LETTERS, OPERATORS, said, shown
from zerosight.envs.transforms.plan import CLEAR
from zerosight.envs.transforms.program import Program, read_program, run_built_in, run_programs, scene_of, written
from zerosight.envs.transforms.seeds import PHRASINGS, SEEDS
from zerosight.geometry import EditScene
from zerosight.geometry.edit import SETS, Step
from zerosight.render.drawing import Pools, shared

EDIT = "def edit(image, size):\n    return image.crop((0, 0, size, size)).resize((64, 64))\n"
PARAMS = 'params = [{"size": 16}, {"size": 26}, {"size": 40}, {"size": 50}]\n'


@pytest.fixture(scope="module")
def env():
    return make("transforms/Edit-v1")


@pytest.fixture(scope="module")
def pools():
    with Pools() as found:
        yield found
    shared().close()


@pytest.fixture(scope="module")
def items(env, fresh_seed) -> list[Item]:
    tasks = list(env.tasks)
    return [env.sample(item_rng(env.id, "dev", fresh_seed, i), tasks[i % 4], 1 + i // 4 % 3) for i in range(180)]


def test_second_method_agrees_on_pixels_and_words(env, items):
    for item in items:
        found = second_answer(item.task, item.question.text, env.render_item(item, env.size).array)
        assert found == item.truth.value, (item.id, item.question.text)


def test_items_have_their_golden_digest(env):
    digests = [env.sample(item_rng(env.id, "train", 0, i), task, 1 + i).digest for task in env.tasks for i in range(3)]
    assert hashlib.sha256("".join(digests).encode()).hexdigest() == GOLDEN


def test_sheets_have_their_golden_digest(env):
    made = [env.sample(item_rng(env.id, "train", 0, i), task, 1 + i) for task in env.tasks for i in range(3)]
    shown_ones = [env.render_item(item, env.size).digest for item in made]
    assert hashlib.sha256("".join(shown_ones).encode()).hexdigest() == GOLDEN_SHEETS


GOLDEN = "c45f941d4c4e63461e68335fe5a018d381ead74184a4d436a27fbcdbf791f6e1"
GOLDEN_SHEETS = "c8ab55fb8d5f85951d9b37fb1b9bd4ac260a0024b02f5eab471722cd5ecaee15"

# --- nothing is told to who does not look ------------------------------------------------------------------------


def offered(item: Item) -> list[str]:
    return [line[3:] for line in item.question.text.split("\n")[1:]]


def unlike(texts: list[str], farthest: bool) -> int:
    sums = [sum(SequenceMatcher(None, a, b).ratio() for b in texts) for a in texts]
    return sums.index(min(sums) if farthest else max(sums))


def amount(text: str) -> float:
    return sum(map(float, re.findall(r"\d+(?:\.\d+)?", text)))


def middle(texts: list[str]) -> int:
    return texts.index(sorted(texts, key=amount)[1])


def unlike_pictures(env, item: Item, farthest: bool) -> int:
    _, *pictures = panels(env.render_item(item, env.size).array.astype(int))
    sums = [sum(np.abs(a - b).mean() for b in pictures) for a in pictures]
    return sums.index(max(sums) if farthest else min(sums))


BLIND = {
    "first": lambda texts: 0,
    "last": lambda texts: 3,
    "odd words": lambda texts: unlike(texts, True),
    "usual words": lambda texts: unlike(texts, False),
    "least amount": lambda texts: texts.index(min(texts, key=amount)),
    "middle amount": middle,
    "greatest amount": lambda texts: texts.index(max(texts, key=amount)),
    "longest": lambda texts: texts.index(max(texts, key=len)),
}


@pytest.mark.parametrize("strategy", BLIND)
def test_words_alone_do_not_help(items, strategy):
    asked = [item for item in items if item.task in ("which_params", "which_sequence")]
    right = sum(LETTERS[BLIND[strategy](offered(item))] == item.truth.value for item in asked)
    assert right <= highest_by_chance(len(asked), 0.25, 0.9999)


@pytest.mark.parametrize("farthest", [True, False])
def test_pictures_alone_do_not_help(env, items, farthest):
    asked = [item for item in items if item.task == "which_image"]
    right = sum(LETTERS[unlike_pictures(env, item, farthest)] == item.truth.value for item in asked)
    assert right <= highest_by_chance(len(asked), 0.25, 0.9999)


@pytest.mark.parametrize("op", OPERATORS)
def test_order_of_options_follows_from_the_scene_and_is_even(items, op):
    orders = Counter(tuple(shown(item.scene, op)[1]) for item in items for _ in range(2))
    assert max(orders.values()) / 2 <= highest_by_chance(len(items), 1 / 24, 1 - 1e-5) and len(orders) > 16


# --- what an item holds --------------------------------------------------------------------------------------------


def test_options_differ_and_none_is_the_source(items):
    for item in items:
        scene = item.scene
        assert min(scene.pairs) >= THRESHOLD + CLEAR and min(scene.changes) >= THRESHOLD
        assert len(set(scene.digests)) == 1 + SETS
        assert min(scene.pairs) - THRESHOLD <= item.truth.margin + 1e-6
        texts = offered(item)
        assert len(set(texts)) == len(texts) and "{" not in item.question.text


def test_sequences_differ_in_order_and_in_parameters(items):
    for item in (each for each in items if each.task == "which_sequence"):
        bags = Counter(str(sorted((s.name, str(s.params)) for s in steps)) for steps in item.scene.sets)
        assert max(bags.values()) > 1 and len(bags) > 1, item.id
        assert {len(steps) for steps in item.scene.sets} <= ({2} if item.difficulty == 1 else {2, 3})


def test_every_query_of_a_scene_has_one_answer_or_a_reason(env, items):
    for item in items[:60]:
        for op in OPERATORS:
            for number in range(1, SETS + 1):
                query = env.parse_value([op, ["sets"]] if op == "match" else [op, ["set", number]])
                found = env.solve(item.scene, query)
                sequence = item.task == "which_sequence"
                if op == ("which_params" if sequence else "which_sequence"):
                    assert isinstance(found, Rejected) and found.code == ("sequence" if sequence else "single")
                else:
                    assert isinstance(found, Truth) and found.value in env.answer_options(query)


def test_a_set_is_another_letter_than_the_next(env, items):
    for item in items[:40]:
        values = {env.solve(item.scene, env.parse_value(["which_image", ["set", n]])).value for n in range(1, 5)}
        assert values == set(LETTERS)


def test_close_results_are_ambiguous_only_for_what_rests_on_them(env, items):
    item = next(item for item in items if item.task == "match")
    body = json.loads(item.scene.to_json())
    body["pairs"] = [THRESHOLD + CLEAR / 2, 50, 50, 50, 50, 50]
    scene = EditScene.from_json(json.dumps(body))
    codes = [getattr(env.solve(scene, env.parse_value(["which_image", ["set", n]])), "code", "") for n in (1, 2, 3, 4)]
    assert codes == ["ambiguous", "ambiguous", "", ""]
    assert env.solve(scene, env.parse_value(["match", ["sets"]])).code == "ambiguous"


def test_pictures_that_were_drawn_make_the_same_sheet(env, items, pools):
    for item, (drawn) in zip(items[:8], env.draw(pools, [item.program for item in items[:8]]), strict=True):
        assert drawn.scene == item.scene
        assert env.observation(item, drawn).array.tobytes() == env.render_item(item, env.size).array.tobytes()
        assert drawn.picture.array.shape[1] == env.size and len(drawn.pictures) == 2 + SETS


# --- the built-in edits ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SEEDS)
def test_built_in_edit_runs_alike_in_the_sandbox_and_says_what_it_does(name, pools):
    seed, sets = SEEDS[name], []
    own = SeededRng(("test", name))
    while len(sets) < SETS:
        params = seed.draw(own)
        assert seed.fits(json.loads(json.dumps(params)))
        sets += [(Step(name, params),)] if (Step(name, params),) not in sets else []
    text = written("noise 3", tuple(sets))
    here, there = read_program(text), read_program(text + "\n# a stranger's\npass\n")
    assert here.built_in and not there.built_in and here.sets == tuple(sets)
    ours, (theirs,) = run_built_in("noise 3", here.sets), run_programs([there], pools)
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert len(seed.says) == PHRASINGS == len({seed.say(sets[0][0].params, n) for n in range(PHRASINGS)})
    for phrasing in range(PHRASINGS):
        for steps, pixels in zip(sets, ours[1:], strict=True):
            words = seed.say(steps[0].params, phrasing)
            assert len({seed.say(each[0].params, phrasing) for each in sets}) == SETS
            gaps = np.abs(applied(ours[0], words).astype(int) - pixels).mean(axis=2)
            assert np.mean(gaps > 12) < 0.06, words
            assert not re.search(r"\b1 (columns|rows|copies|px wides)\b|\b[24] (column|row)\b", words)


@pytest.mark.parametrize("name", SEEDS)
@given(value=st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
       lambda inner: st.lists(inner, max_size=4), max_leaves=6), more=st.booleans())  # fmt: skip
@settings(max_examples=20)
def test_parameters_of_others_do_not_fit(name, value, more):
    params = SEEDS[name].draw(SeededRng(("fits", name)))
    for key in params:
        changed = params | {key: value} | ({"more": 1} if more else {})
        if SEEDS[name].fits(changed):
            assert not more and type(value) is type(params[key])
    assert not SEEDS[name].fits({})


def test_our_text_with_parameters_that_are_not_ours_runs_confined():
    text = written("noise 3", tuple((Step("tile", {"columns": n, "rows": 1}),) for n in (2, 4, 1, 10**6)))
    assert not read_program(text).built_in
    twice = written("noise 3", tuple((Step("blur", {"radius": n}),) for n in (1, 4, 10, 24)))
    assert read_program(twice).built_in and not read_program(twice + "\nimport os\n").built_in


# --- programs of others ------------------------------------------------------------


def draw(env, pools, text: str):
    return env.draw(pools, [text])[0]


def test_program_of_a_stranger_is_asked_about_in_its_own_words(env, pools):
    text = PARAMS + EDIT.replace(":\n", ':\n    """Enlarges the corner.\n\n    More.\n    """\n', 1)
    drawn = draw(env, pools, 'source = "noise 12"\n' + text)
    assert drawn.scene.about == {"edit": "Enlarges the corner."} and not drawn.scene.built_in
    query = env.parse(env.example)
    question, truth = env.ask(query, SeededRng(("words",)), drawn.scene), env.solve(drawn.scene, query)
    assert 'The edit: "Enlarges the corner."' in question.text
    lines = question.text.split("\n")[1:]
    assert sorted(line[3:] for line in lines) == [f"edit it with size = {n}" for n in (16, 26, 40, 50)]
    assert lines[LETTERS.index(truth.value)].endswith("size = 26")
    item = Item("x", env.id, "which_params", 3, 'source = "noise 12"\n' + text, drawn.scene, question, truth)
    assert Item.from_json(item.to_json()) == item
    assert env.render_item(item, 448).array.tobytes() == env.observation(item, drawn).array.tobytes()
    assert env.render(item.program) == drawn.scene


def test_sequence_of_a_stranger(env, pools):
    text = """source = "noise 8"
params = [
    [["cut", {"size": 40}], ["turn", {}]], [["turn", {}], ["cut", {"size": 40}]],
    [["cut", {"size": 24}], ["turn", {}]], [["turn", {}], ["cut", {"size": 24}]]]
import numpy as np
def cut(image, size):
    return image.crop((0, 0, size, size))
def turn(image):
    return np.rot90(np.asarray(image)).copy()
"""
    scene = draw(env, pools, text).scene
    assert scene.sequences and said(scene, 0, 0) == "apply cut to it with size = 40, then apply turn to it"
    assert isinstance(env.solve(scene, env.parse_value(["which_sequence", ["set", 1]])), Truth)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "params"), (EDIT, "params"), (PARAMS, "no_edit"), ("def edit(", "syntax"), ("\0", "syntax"),
        ("(" * 500, "syntax"), ("-" * 7_000 + "1", "syntax"), ("x" * 8_001, "size"),
        (PARAMS.replace(', {"size": 50}', "") + EDIT, "params"), (PARAMS.replace("50", "40") + EDIT, "same_params"),
        (PARAMS.replace("50", "5 * 10") + EDIT, "params"), (PARAMS.replace("50", "open('x')") + EDIT, "params"),
        (PARAMS.replace("50", "1e999") + EDIT, "params"), (PARAMS.replace("50", "10 ** 99") + EDIT, "params"),
        (PARAMS.replace("50", "9" * 30) + EDIT, "params"), (PARAMS.replace("50", "None") + EDIT, "params"),
        (PARAMS.replace("50", "[[1]]") + EDIT, "params"), (PARAMS.replace("50", "b'x'") + EDIT, "params"),
        (PARAMS.replace('"size": 50', '"a b": 50') + EDIT, "params"),
        (PARAMS.replace("{", "(").replace("}", ")"), "syntax"),
        (PARAMS + PARAMS + EDIT, "params"), ("source = 3\n" + PARAMS + EDIT, "source"),
        ('source = "moon 1"\n' + PARAMS + EDIT, "source"), ('source = "noise 1234567890"\n' + PARAMS + EDIT, "source"),
        ('params = [[["edit", {}]], [["x", {}]], [], []]\n' + EDIT, "params"),
        ("params = {1: 2, {}: 3}\n" + EDIT, "params"), ("params = 'abcd'\n" + EDIT, "params"),
    ],
)  # fmt: skip
def test_program_is_refused_before_it_runs(text, code):
    found = read_program(text)
    assert isinstance(found, Rejected) and found.code == code and found.reason, found


BODY = "def edit(image, size):\n    "


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("return image", "unchanged"), ("return image.point(lambda value: value + size // 20)", "unchanged"),
        ("return image.point(lambda value: 3)", "plain"), ("return image.rotate(90)", "same"),
        ("return image.rotate(90).resize((size * 4, size * 4))", "same"), ("return None", "result"),
        ("return image.resize((2000, 9))", "size"), ("return image.rotate(angle)", "error"),
        # Python's chance and clocks are the same in every run; the C library's are not.
        ("import random\n    return image.rotate(random.randint(30, 330))", "same"),
        ("import time\n    return image.rotate(time.time_ns() // 10**6 % 7)", "same"),
        ("import ctypes\n    now = (ctypes.c_long * 2)()\n    ctypes.CDLL(None).clock_gettime(0, now)\n"
         "    return image.rotate(now[1] // 1000 % 360)", "random"),
        ("raise SystemExit", "error"), ("while True: pass", "resources"), ("open('/etc/passwd').read()", "error"),
        ("return image.resize((99999, 99999))", "resources"),
    ],
)  # fmt: skip
def test_program_is_refused_for_what_it_gives(env, pools, body, code):
    found = draw(env, pools, 'source = "noise 12"\n' + PARAMS + BODY + body)
    assert isinstance(found, Rejected) and found.code == code and re.search("sets? [1-4]", found.reason), found


def test_refusals_keep_their_places_among_many(env, pools):
    good, bad = PARAMS + EDIT, PARAMS + BODY + "return image"
    found = env.draw(pools, [bad, good, "", good, bad])
    assert [getattr(each, "code", "drawn") for each in found] == ["unchanged", "drawn", "params", "drawn", "unchanged"]


@given(st.data())
@settings(max_examples=1_000)
def test_no_text_makes_reading_raise(data):
    """Letters of real programs taken out, doubled and exchanged."""
    text = data.draw(st.sampled_from(_TEXTS))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        put = data.draw(
            st.sampled_from(["", text[start:end] * 2, "[", "}", "9" * 9, '"', "\\d", "None", "\n", "é", "\ud800"])
        )
        text = text[:start] + put + text[end:]
    found = read_program(text)
    assert isinstance(found, Program | Rejected)
    if isinstance(found, Program):
        assert len(found.sets) == SETS and json.dumps(
            [[dict(s.params) for s in row] for row in found.sets], allow_nan=False
        )
        if found.built_in:
            ast.parse(text)
            assert isinstance(scene_of(found, run_built_in(found.source, found.sets)), EditScene | Rejected)


_TEXTS = [
    written("shapes 5", tuple((Step(name, params),) for params in sets))
    for name, sets in {
        "rotate": [{"angle": n} for n in (30, 60, 90, 120)],
        "blur": [{"radius": n} for n in (1, 2, 4, 6)],
        "flip": [{"how": n} for n in ("left to right", "top to bottom", "falling diagonal", "rising diagonal")],
    }.items()
] + [PARAMS + EDIT]

# --- queries ------------------------------------------------------------

WORDS = st.sampled_from(["which_image", "which_params", "which_sequence", "match", "set", "sets", "A", ""])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 6) | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=2) |
    st.tuples(WORDS, inner).map(list), max_leaves=8,
)  # fmt: skip


@given(value=JSON)
@settings(max_examples=1_500)
def test_no_query_makes_reading_or_solving_raise(value):
    env = make("transforms/Edit-v1")
    for each in (value, ["which_image", value], ["match", value], ["which_params", ["set", value]]):
        query = env.parse_value(each)
        if not isinstance(query, Rejected):
            assert dump(query) == each and env.task_of(query) in env.tasks
            assert isinstance(env.solve(SCENE, query), Truth | Rejected)
            assert isinstance(env.ask(query, SeededRng(("fuzz",)), SCENE).text, str)


SCENE = scene_of(read := read_program(_TEXTS[0]), run_built_in(read.source, read.sets))


@pytest.mark.parametrize(
    ("value", "code", "hint"),
    [
        (["which_imag", ["set", 1]], "operator", "which_image"), (["which_image", ["set", 5]], "number", "1 to 4"),
        (["which_image", ["set", 1.5]], "number", "whole"), (["which_image"], "arity", ""),
        (["set", 1], "answer", "which"),
        (["which_image", ["sets"]], "type", '["set", 2]'), (["match", ["set", 1]], "type", '["sets"]'),
        (["match", ["sets", "red"]], "word", ""), (["which_image", ["set", True]], "number", ""),
        ("match", "syntax", ""),
    ],
)  # fmt: skip
def test_query_is_refused_with_a_hint(env, value, code, hint):
    found = env.parse_value(value)
    assert found.code == code and hint in found.reason + found.hint, found


def test_every_question_has_five_phrasings(env):
    for op, operator in OPERATORS.items():
        assert len(set(operator.questions)) >= 5
        query = env.query(SeededRng((op,)), op)
        assert len({env.ask(query, SeededRng((op, n)), SCENE).text for n in range(60)}) >= 20
        assert sum(1 for _ in walk(query)) == 2 and env.task_of(query) == op


# --- requirements ------------------------------------------------------------


def test_requirements_are_told_and_held_to(env):
    found = env.requirements([[1, "close", "edit"], [2, "distinct", "sequence"], [1]])
    assert [env.describe(each) for each in found] == ["1 close edit", "2 distinct sequences of edits", "1 result"]
    assert env.requirements([[5]]).code == env.requirements([[1, "red"]]).code.replace("word", "requirements")
    least = [min(SCENE.gaps(n)) for n in range(SETS)]
    word = {n: next(w for w, (low, top) in BANDS.items() if low <= gap < top) for n, gap in enumerate(least)}
    own = [[1, word[n], "edit"] for n in range(SETS)]
    assert env.missing_requirements(SCENE, env.requirements(own)) == ()
    assert env.missing_requirements(SCENE, env.requirements([[4, "edit"]])) == ()
    assert env.missing_requirements(SCENE, env.requirements([[4, "sequence"]])) == ("0 of 4 sequence objects",)
    assert env.missing_requirements(SCENE, env.requirements([[3, "edit"]])) == ("4 objects drawn, 3 wanted",)
