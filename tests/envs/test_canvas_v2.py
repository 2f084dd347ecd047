"""The crowded canvas: answers by a second method, what is refused, how it balances, and that its English is one."""

import hashlib
import math
import re
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict

import numpy as np
import pytest
from second_method import second_answer
from shapely import Point, Polygon, box

from zerosight.envs import Environment, Item, Rejected, Truth, item_rng, make
from zerosight.envs.checker import highest_by_chance
from zerosight.envs.language.enumeration import Enumeration
from zerosight.envs.language.query import dump
from zerosight.envs.rng import SeededRng
from zerosight.envs.shapes.canvas_v2 import COLOURS, LANGUAGE, PROGRAMS, SHAPES, THRESHOLDS
from zerosight.envs.shapes.drawing import CANVAS, PALETTE

NAMES = {value: name for name, value in PALETTE.items()}
CLOSED = [name for name in make("shapes/Canvas-v2").tasks if not name.startswith("compose")]


@pytest.fixture(scope="module")
def env() -> Environment:
    return make("shapes/Canvas-v2")


def rows_of(program: str) -> dict[int, dict]:
    """What the program says of each shape, in paint order, by no code of the renderer's."""
    rows: dict[int, dict] = {}
    for element in ET.fromstring(program):
        a, tag = element.attrib, element.tag
        if tag == "text":
            rows[len(rows) - 1]["label"] = element.text
            continue
        if tag == "circle":
            centre, radius = (float(a["cx"]), float(a["cy"])), float(a["r"])
            region, shape = Point(centre).buffer(radius, quad_segs=64), "circle"
        elif tag == "rect":
            x, y, w, h = (float(a[name]) for name in ("x", "y", "width", "height"))
            region, shape = box(x, y, x + w, y + h), "square" if w == h else "rectangle"
        else:
            corners = [tuple(map(float, pair.split(","))) for pair in a["points"].split()]
            region = Polygon(corners)
            shape = {3: "triangle", 5: "pentagon", 6: "hexagon", 10: "star"}[len(corners)]
        left, top, right, bottom = region.bounds
        extent = max(right - left, bottom - top)
        rows[len(rows)] = {
            "colour": NAMES[a["fill"]], "shape": shape, "size": "small" if extent < 33 else "large", "extent": extent,
            "x": region.centroid.x, "y": region.centroid.y, "region": region, "label": None,
        }  # fmt: skip
    return rows


def items(env: Environment, task: str, count: int, seed: int, split: str = "train") -> list[Item]:
    return [env.sample(item_rng(env.id, split, seed, i), task, env.difficulties[i % 5]) for i in range(count)]


@pytest.mark.parametrize("task", make("shapes/Canvas-v2").tasks)
def test_second_method_agrees_on_the_programs_text(env, task, fresh_seed):
    for item in items(env, task, 12, fresh_seed):
        assert second_answer(item.question.query, rows_of(item.program)) == item.truth.value, item.id


def test_every_colour_that_is_drawn_is_seen(env, fresh_seed):
    for item in items(env, "count", 10, fresh_seed):
        pixels = Counter(map(tuple, env.picture(item.scene, CANVAS).array.reshape(-1, 3).tolist()))
        for name, value in PALETTE.items():
            rgb = tuple(bytes.fromhex(value[1:]))
            drawn = any(row["colour"] == name for row in rows_of(item.program).values())
            assert (pixels[rgb] >= 40) == drawn, (item.id, name)


def test_items_have_their_golden_digest(env):
    digests = [item.digest for task in env.tasks for item in items(env, task, 2, 0)]
    assert hashlib.sha256("".join(digests).encode()).hexdigest() == GOLDEN


GOLDEN = "3413af3c91170899abaa466129a4c03f03b27f372a4600d3aa4656d537d92b21"


def shape(tag: str, colour: str = "red", **attributes: float) -> str:
    own = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f'<{tag} {own} fill="{PALETTE.get(colour, colour)}"/>'


def circle(x: float, y: float, r: float, colour: str = "red") -> str:
    return shape("circle", colour, cx=x, cy=y, r=r)


def letter(x: float, y: float, text: str, fill: str = "black") -> str:
    return f'<text x="{x}" y="{y}" font-size="14" text-anchor="middle" fill="{fill}">{text}</text>'


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("", "objects"), (circle(20, 20, 10, "#808000"), "colour"), (circle(20, 20, 16), "size"),
        (circle(5, 20, 10), "cropped"), ('<ellipse cx="40" cy="40" rx="12" ry="8" fill="#e6194b"/>', "shape"),
        ('<polygon points="60,20 90,40 80,80 40,80" fill="#e6194b"/>', "shape"),
        (circle(60, 60, 30) + circle(150, 60, 30, "blue") + circle(105, 60, 14, "green"), "touching"),
        (circle(60, 60, 30) + circle(70, 60, 30, "blue"), "hidden"),
        (circle(60, 60, 30) + circle(100, 60, 30), "touching"), (circle(60, 60, 30) + circle(60, 60, 10), "touching"),
        (circle(60, 60, 30, "yellow") + letter(60, 65, "Z"), "text"), (letter(60, 65, "A"), "objects"),
        (circle(60, 60, 30, "yellow") + letter(60, 65, "AB"), "text"),
        (circle(60, 60, 30, "yellow") + letter(150, 65, "A"), "text"),
        (circle(60, 60, 30, "yellow") + letter(60, 65, "A").replace("14", "7"), "text"),
        (circle(60, 60, 30, "black") + letter(60, 65, "A"), "text"),
        (circle(60, 60, 30, "yellow") + letter(50, 65, "A") + letter(70, 65, "B"), "text"),
        ('<circle cx="60" cy="60" r="30" fill="none" stroke="red"/>', "fill"),
        ('<rect width="224" height="224" fill="#e6194b"/>' + circle(60, 60, 30, "blue"), "background"),
    ],
)  # fmt: skip
def test_unclear_picture_is_refused_for_its_first_flaw(env, inside, code):
    found = env.parse_scene(env.render(f'<svg viewBox="0 0 {CANVAS} {CANVAS}">{inside}</svg>'))
    assert isinstance(found, Rejected) and found.code == code and found.reason, found


@pytest.mark.parametrize(
    ("query", "inside", "answer"),
    [
        (["within", "blue", "red"], circle(60, 60, 40) + circle(60, 60, 10, "blue"), "yes"),
        (["within", "red", "blue"], circle(60, 60, 40) + circle(60, 60, 10, "blue"), "no"),
        (["overlaps", "red", "blue"], circle(60, 60, 40) + circle(60, 60, 10, "blue"), "no"),
        (["overlaps", "red", "blue"], circle(60, 60, 30) + circle(100, 60, 30, "blue"), "yes"),
        (["in_front", "red", "blue"], circle(60, 60, 30) + circle(100, 60, 30, "blue"), "no"),
        (["in_front", "blue", "red"], circle(60, 60, 30) + circle(100, 60, 30, "blue"), "yes"),
        (["in_front", "blue", "red"], circle(40, 60, 30) + circle(140, 60, 30, "blue"), "apart"),
        (["direction", "blue", "red"], circle(60, 60, 10) + circle(120, 64, 10, "blue"), "right"),
        (["direction", "blue", "red"], circle(60, 60, 10) + circle(120, 120, 10, "blue"), "lower right"),
        (["direction", "blue", "red"], circle(60, 60, 10) + circle(120, 90, 10, "blue"), "ambiguous"),
        (["larger", "blue", "red"], circle(60, 60, 9) + circle(120, 90, 13, "blue"), "yes"),
        (["larger", "blue", "red"], circle(60, 60, 9) + circle(120, 90, 11, "blue"), "ambiguous"),
        (["nearer", "blue", "red", "green"],
         circle(60, 60, 9) + circle(90, 60, 9, "blue") + circle(140, 60, 9, "green"), "yes"),
        (["angle", "blue", "red", "green"],
         circle(60, 60, 9) + circle(90, 60, 9, "blue") + circle(110, 90, 9, "green"), "acute"),
        (["angle", "blue", "red", "green"],
         circle(60, 60, 9) + circle(90, 60, 9, "blue") + circle(62, 120, 9, "green"), "ambiguous"),
    ],
)  # fmt: skip
def test_relation_of_coloured_circles(env, query, inside, answer):
    op, *colours = query
    call = env.parse_value([op, *(["unique", ["select", colour]] for colour in colours)])
    found = env.solve(env.render(f'<svg viewBox="0 0 {CANVAS} {CANVAS}">{inside}</svg>'), call)
    assert (found.value if isinstance(found, Truth) else found.code) == answer, found


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (["colours", ["select", "red"]], "trivial"), (["kinds", ["select", "star"]], "trivial"),
        (["every", ["select", "red", "star"], ["select", "red"]], "trivial"),
        (["same_colour", ["unique", ["select", "red", "star"]], ["unique", ["select", "blue"]]], "trivial"),
        (["larger", ["unique", ["select", "small", "star"]], ["unique", ["select", "large", "star"]]], "trivial"),
        (["colour", ["leftmost", ["select", "A"]]], "trivial"),
        (["label", ["unique", ["select", "A"]]], "leaks"), (["count", ["select", "A", "red"]], "word"),
        (["colour", ["container", ["unique", ["select", "red"]]]], None),
        (["angle", ["unique", ["select", "A"]], ["unique", ["select", "A"]], ["unique", ["select", "B"]]], "trivial"),
    ],
)  # fmt: skip
def test_words_alone_decide_nothing(env, value, code):
    found = env.parse_value(value)
    assert (found.code if isinstance(found, Rejected) else None) == code


def test_mirrored_pictures_swap_left_and_right_and_nothing_else(env):
    swapped = {"left_of": "right_of", "leftmost": "rightmost"}
    swapped |= {right: left for left, right in swapped.items()}

    def turned(query):
        return [turned(part) if isinstance(part, list) else swapped.get(part, part) for part in query]

    words = {"left": "right", "right": "left"}
    for task in ("side", "level", "direction", "extreme", "count_beside", "nearest", "compose_number", "angle"):
        for item in items(env, task, 8, 5):
            flipped = f'<g transform="translate({CANVAS} 0) scale(-1 1)">'
            shapes = re.sub(r"<text.*?</text>", "", item.program[item.program.index(">") + 1 : -6])
            if '"label"' in str(item.question.query) or re.search(r"'[A-F]'", str(item.question.query)):
                continue
            scene = env.render(f'<svg viewBox="0 0 {CANVAS} {CANVAS}">{flipped}{shapes}</g></svg>')
            truth = env.solve(scene, env.parse_value(turned(item.question.query)))
            expected = item.truth.value
            if task in ("side", "direction"):
                expected = " ".join(words.get(word, word) for word in expected.split())
            assert isinstance(truth, Truth) and truth.value == expected, (item.id, truth)


@pytest.mark.parametrize("task", CLOSED)
def test_words_of_the_question_tell_nothing(env, task, blind):
    """What a reader of the question alone could learn: for no word is an answer likelier than chance allows."""
    by_word: dict[str, Counter] = defaultdict(Counter)
    for item in blind[task]:
        for word in set(re.findall(r"\w+", item.question.text)):
            by_word[word][item.truth.value] += 1
    tests = sum(len(counts) for counts in by_word.values())
    for word, counts in by_word.items():
        most = highest_by_chance(sum(counts.values()), env.tasks[task].chance, 1 - 1e-3 / tests)
        assert max(counts.values()) <= most, (task, word, counts)


@pytest.fixture(scope="module")
def blind(env, fresh_seed) -> dict[str, list[Item]]:
    return {task: items(env, task, 40, fresh_seed, "dev") for task in CLOSED}


def test_no_word_answer_is_named_by_its_question(env, blind):
    for task in ("colour", "shape", "label", "container"):
        for item in blind[task]:
            if task != "container":
                assert item.truth.value.lower() not in item.question.text.split()[3:], item.question.text


# --- the language ----------------------------------------------------------------------------------------------


def test_every_operator_has_five_phrasings():
    for operator in LANGUAGE.operators.values():
        assert len(set(operator.phrases)) >= 5 or len(set(operator.questions)) >= 5, operator.name
        assert all(pattern.endswith((")", "?")) for pattern in operator.questions)


def test_no_text_means_two_programs(env):
    meant: dict[str, object] = {}
    same = {"fewer": "more", "smaller_than": "smaller_than"}
    for n in range(3_000):
        own = SeededRng(("english", n))
        query = PROGRAMS.draw(own, 2 + n % 5) if n % 5 else env.query(own, own.choice(list(env.tasks)))
        if LANGUAGE.rejection_of(query) is not None:
            continue
        value = dump(query)
        if query.op in ("fewer", "more"):
            value = ["more", *(value[1:] if query.op == "more" else value[:0:-1])]
        if query.op in ("same", "same_colour", "same_shape", "overlaps", "difference", "together"):
            value = [query.op, *sorted(value[1:], key=str)]
        if query.op == "angle":
            value = [query.op, value[2], *sorted((value[1], value[3]), key=str)]
        text = env.grammar.ask(query, own)
        assert meant.setdefault(text, value) == value or same.get(query.op) == query.op, text


def test_english_is_tidy(env):
    for n in range(2_000):
        own = SeededRng(("tidy", n))
        query = PROGRAMS.draw(own, 2 + n % 4) if n % 2 else env.query(own, own.choice(list(env.tasks)))
        text = env.grammar.ask(query, own)
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]|  | ,|\b(the|a|an) (the|a|an)\b|\{|\}", text), text
        assert text[0].islower() and re.search(r"[?)]$", text), text
        assert not re.search(r"\b(every|each|the only|the sole) (\w+ ){0,3}(circles|squares|shapes|stars)\b", text), (
            text
        )


def test_programs_are_counted_as_they_are_listed():
    small = Enumeration(LANGUAGE, side=1)
    listed = [str(dump(query)) for query in Enumeration(LANGUAGE).programs("Object", 2)]
    assert len(listed) == len(set(listed)) == Enumeration(LANGUAGE).of("Object", 2).structures
    assert small.count(4).structures < Enumeration(LANGUAGE).count(4).structures


def test_structures_are_drawn_evenly():
    programs = Enumeration(LANGUAGE)
    total = programs.of("Object", 2).structures
    drawn = Counter(LANGUAGE.structure(programs.draw(SeededRng(("even", n)), 2, "Object")) for n in range(40 * total))
    assert len(drawn) == total
    chi2 = sum((count - 40) ** 2 / 40 for count in drawn.values())
    assert abs(chi2 - (total - 1)) < 5 * math.sqrt(2 * total)


def test_schema_accepts_what_is_read_and_refuses_what_is_not(env):
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(env.schema())
    for n in range(24):
        own = SeededRng(("schema", n))
        query = PROGRAMS.draw(own, 2 + n % 4)
        assert validator.is_valid(dump(query)), dump(query)
    for wrong in ([], ["count"], ["count", ["select", "blurple"]], ["unique", ["select"]], ["count", ["select"], []], 3,
                  ["count", ["select", "red", "blue"]], ["count", ["select", "A", "red"]]):  # fmt: skip
        assert not validator.is_valid(wrong), wrong


def mutated(own: SeededRng, value):
    """A program with one thing wrong, or nothing."""
    if not isinstance(value, list) or own.uniform() < 0.15:
        return own.choice([None, 3, "red", [], {}, ["select", "red"], ["count", ["select"]], 1e9, "count", True, [[]]])
    copy = list(value)
    place = own.integer(0, max(0, len(copy) - 1))
    kind = own.integer(0, 4)
    if kind == 0 and copy:
        del copy[place]
    elif kind == 1:
        copy.insert(place, own.choice([*LANGUAGE.names, "red", "A", 7, ["select"]]))
    elif kind == 2 and copy:
        copy[place] = own.choice([*LANGUAGE.names, "stra", "", None])
    elif copy:
        copy[place] = mutated(own, copy[place])
    return copy


@pytest.mark.slow
def test_any_program_is_answered_or_refused_with_a_code(env, fresh_seed):
    scenes = [item.scene for task in ("count", "inside", "in_front", "symmetric") for item in items(env, task, 3, 1)]
    outcomes: Counter[str] = Counter()
    for n in range(10_000):
        own = SeededRng(("fuzz", fresh_seed, n))
        value = dump(PROGRAMS.draw(own, 2 + n % 5) if n % 2 else Enumeration(LANGUAGE, 3).draw(own, 2 + n % 3))
        if n % 3:
            value = mutated(own, value)
        query = env.parse_value(value)
        found = query if isinstance(query, Rejected) else env.solve(own.choice(scenes), query)
        assert isinstance(found, Truth) or (found.code and found.reason), value
        outcomes[found.code if isinstance(found, Rejected) else "answered"] += 1
    assert outcomes["answered"] > 200 and len(outcomes) > 8, outcomes


def test_margins_say_in_which_unit(env):
    units = {item.truth.unit for task in ("side", "sizes", "direction") for item in items(env, task, 6, 2)}
    assert units == set(THRESHOLDS)


def test_documented_state_space_and_vocabulary(env):
    assert f"{len(LANGUAGE.operators)} operators" in env.__doc__
    assert f"{len(COLOURS)} colours x {len(SHAPES)} shapes" in env.__doc__
    assert np.all([len(name) for name in env.words])
