"""Plane geometry: theorems, a second method, what is refused, and what picture and words each carry."""

import hashlib
import json
import math
import re
from collections import Counter

import pytest
from figures import Picture, second_answer

from zerosight.envs import Environment, Item, Rejected, Truth, item_rng, make
from zerosight.envs.checker import best_constant
from zerosight.envs.diagrams.figure import CANVAS, OFF, FigureDrawing
from zerosight.envs.diagrams.operators import LANGUAGE
from zerosight.envs.rng import SeededRng

GOLDEN = "c17b1db7c0d3107bbbed72bfb347562aea5e14a5262c89a6c999b1c357b3f498"


@pytest.fixture(scope="module")
def env() -> Environment:
    return make("diagrams/Geometry-v1")


def items(env: Environment, task: str, count: int, seed: int, split: str = "train") -> list[Item]:
    return [env.sample(item_rng(env.id, split, seed, i), task, env.difficulties[i % 5]) for i in range(count)]


# --- figures by hand -------------------------------------------------------------------------------------------


def svg(
    points: dict,
    lines: str = "",
    circles: str = "",
    right_angles: str = "",
    more: str = "",
    labels: bool = True,
    beside: tuple[float, float] = (0.0, -1.0),
) -> str:
    """A figure from places, lines as `AB BC`, circles as `O:50`, right angles as `ACB`, the vertex in the middle.

    Letters are written away from the middle of all points, or beside one that is there.
    """
    parts = []
    for name, radius in (each.split(":") for each in circles.split()):
        x, y = points[name]
        parts.append(f'<circle cx="{x}" cy="{y}" r="{radius}" fill="none" stroke="#000000" stroke-width="2"/>')
    for a, b in lines.split():
        (p, q), (r, s) = points[a], points[b]
        parts.append(f'<line x1="{p}" y1="{q}" x2="{r}" y2="{s}" stroke="#000000" stroke-width="2"/>')
    for a, v, b in right_angles.split():
        (px, py), (qx, qy) = ([9 * (u - w) / math.dist(points[end], points[v]) for u, w in
                               zip(points[end], points[v], strict=True)] for end in (a, b))  # fmt: skip
        x, y = points[v]
        corners = f"{x + px},{y + py} {x + px + qx},{y + py + qy} {x + qx},{y + qy}"
        parts.append(f'<polyline points="{corners}" fill="none" stroke="#000000" stroke-width="1.5"/>')
    middle = [sum(place[axis] for place in points.values()) / len(points) for axis in (0, 1)]
    for x, y in points.values():
        parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="#000000"/>')
    for name, (x, y) in points.items():
        away = math.dist((x, y), middle)
        dx, dy = ((x - middle[0]) / away, (y - middle[1]) / away) if away > 25 else beside
        at = f'x="{x + 16 * dx:.1f}" y="{y + 16 * dy + 5:.1f}"'
        parts.append(f'<text {at} font-size="14" text-anchor="middle" fill="#000000">{name}</text>' if labels else "")
    return f'<svg viewBox="0 0 {CANVAS} {CANVAS}">{"".join(parts)}{more}</svg>'


def segment(name: str) -> list:
    return ["segment", *name]


def is_length(name: str, amount: float) -> list:
    return ["is_length", segment(name), ["cm", amount]]


def is_angle(name: str, amount: float) -> list:
    return ["is_angle", ["corner", *name], ["degrees", amount]]


def ask(kind: str, name: str, *given: list) -> list:
    literal = {"length": "segment", "angle": "corner", "radius": "circle"}.get(kind, "polygon")
    chain = given[-1]
    for each in given[-2::-1]:
        chain = ["and", each, chain]
    return ["find", chain, [kind, [literal, *name]]]


def turned(*degrees: float, radius: float = 100, middle: float = 168) -> list:
    turns = [math.radians(each) for each in degrees]
    return [(round(middle + radius * math.cos(t), 2), round(middle - radius * math.sin(t), 2)) for t in turns]


A, B, C, D = turned(90, 210, 330, 20)
THEOREMS = {
    "Pythagoras": (
        svg({"A": (60, 60), "B": (240, 300), "C": (60, 300)}, "AB BC CA", right_angles="ACB"),
        ask("length", "AB", is_length("AC", 12), is_length("BC", 9)), 15),
    "Thales": (
        svg({"A": (68, 168), "B": (268, 168), "O": (168, 168), "C": turned(60)[0]}, "AB AC BC", "O:100"),
        ask("angle", "BAC", is_angle("ABC", 60)), 30),
    "inscribed angle": (
        svg({"O": (168, 168), "A": A, "B": B, "C": C}, "AB BC CA OB OC", "O:100"),
        ask("angle", "BAC", is_angle("BOC", 120)), 60),
    "cyclic quadrilateral": (
        svg(dict(zip("ABCDO", [*turned(80, 170, 260, 10), (168, 168)], strict=True)), "AB BC CD DA", "O:100"),
        ask("angle", "BCD", is_angle("BAD", 95)), 85),
    "midline": (
        svg({"A": (150, 40), "B": (40, 280), "C": (290, 280), "M": (95, 160), "N": (220, 160)}, "AB BC CA MN"),
        ask("length", "MN", ["midpoint", ["point", "M"], segment("AB")], ["parallel", segment("MN"), segment("BC")],
            is_length("BC", 10)), 5),
    "tangent": (
        svg({"O": (110, 220), "T": (110, 120), "P": (310, 120)}, "OT TP OP", "O:100"),
        ask("length", "OP", ["tangent", segment("TP"), ["circle", "O"]], is_length("OT", 6),
            is_length("TP", 12)), math.sqrt(180)),
    "bisector": (
        svg({"A": (112, 70), "B": (40, 250), "C": (280, 250), "D": (138.78, 250)}, "AB BC CA AD"),
        ask("length", "BD", ["bisects", segment("AD"), ["corner", *"BAC"]], is_length("AB", 6), is_length("AC", 7.5),
            is_length("BC", 8)), 8 * 6 / 13.5),
    "rays": (
        svg({"A": (150, 40), "B": (40, 280), "C": (290, 280), "D": (106, 136), "E": (206, 136)}, "AB BC CA DE"),
        ask("length", "BC", ["parallel", segment("DE"), segment("BC")], is_length("AD", 2), is_length("DB", 3),
            is_length("DE", 1.9)), 4.75),
    "isosceles": (
        svg({"A": (168, 40), "B": (80, 280), "C": (256, 280), "D": (310, 280)}, "AB BD CA"),
        ask("angle", "ACD", ["equal", segment("AB"), segment("AC")], is_angle("BAC", 40)), 110),
    "Heron by the altitude": (
        svg({"A": (130, 60), "B": (50, 252), "C": (274, 252), "H": (130, 252)}, "AB BC CA AH", right_angles="AHB"),
        ask("area", "ABC", is_length("AB", 13), is_length("BH", 5), is_length("HC", 9)), 84),
    "median": (
        svg({"A": (40, 280), "B": (290, 280), "C": (130, 160), "M": (165, 280)}, "AB AC BC CM", right_angles="ACB"),
        ask("length", "CM", ["midpoint", ["point", "M"], segment("AB")], is_length("AB", 25)), 12.5),
}  # fmt: skip


@pytest.mark.parametrize("name", THEOREMS)
def test_theorem(env, name):
    program, query, value = THEOREMS[name]
    truth = env.solve(env.render(program), env.parse_value(query))
    assert isinstance(truth, Truth), truth
    assert float(truth.value) == pytest.approx(value, rel=1e-4)
    assert second_answer(query, program) == pytest.approx(value, rel=1e-6)


TRIANGLE = {"A": (60, 60), "B": (240, 300), "C": (60, 300)}
RIGHT = svg(TRIANGLE, "AB BC CA", right_angles="ACB")
LEGS = is_length("AC", 12), is_length("BC", 9)
CONDITION_FLAWS = [
    ("undetermined", RIGHT, ask("length", "AB", is_length("AC", 12))),
    # Drawn with equal legs, where the area is greatest and no small motion changes it.
    ("undetermined", svg({"A": (60, 60), "B": (260, 260), "C": (60, 260)}, "AB BC CA", right_angles="ACB"),
        ask("area", "ABC", is_length("AB", 10))),
    ("contradiction", RIGHT, ask("length", "AB", *LEGS, is_length("AB", 16))),
    ("inconsistent", RIGHT, ask("length", "AB", is_length("AC", 9), is_length("BC", 12))),
    ("leaks", RIGHT, ask("length", "AB", *LEGS, is_length("AB", 15))),
    ("leaks", svg(TRIANGLE, "AB BC CA"), ask("area", "ABC", *LEGS, is_length("AB", 15))),
    ("trivial", RIGHT, ask("angle", "ACB", *LEGS)),
    ("missing", RIGHT, ask("length", "AD", *LEGS)),
    ("missing", RIGHT, ask("radius", "A", *LEGS)),
    ("missing", svg(TRIANGLE, "AB BC"), ask("length", "AC", *LEGS)),
    ("trivial", svg(TRIANGLE | {"D": (60, 180)}, "AB BC CA"), ask("angle", "ADC", *LEGS)),
    ("polygon", svg({"A": (60, 60), "B": (240, 60), "C": (240, 240), "D": (60, 240)}, "AB BC CD DA AC BD"),
     ask("area", "ABDC", *LEGS)),
    ("inconsistent", RIGHT, ask("length", "AB", ["midpoint", ["point", "C"], segment("AB")], *LEGS)),
    ("polygon", RIGHT, ask("length", "AB", ["bisects", segment("AB"), ["corner", *"ABC"]], *LEGS)),
    ("ambiguous", svg(TRIANGLE | {"D": (64, 180)}, "AB BC CA BD", right_angles="ACB"), ask("length", "AB", *LEGS)),
]  # fmt: skip


@pytest.mark.parametrize(("code", "program", "query"), CONDITION_FLAWS)
def test_question_that_is_not_settled_by_picture_and_words_together_is_refused(env, code, program, query):
    call = env.parse_value(query)
    assert not isinstance(call, Rejected), call
    found = env.solve(env.render(program), call)
    assert isinstance(found, Rejected) and found.code == code and found.reason, found


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (["find", ["and", ["and", *LEGS], is_length("AB", 3)], ["length", segment("CD")]], "syntax"),
        (ask("length", "CD", is_length("AB", 3), is_length("AC", 3), is_length("BA", 3)), "trivial"),
        (ask("length", "CD", is_length("AB", 3), is_length("AB", 3)), "trivial"),
        (ask("length", "AA", is_length("AB", 3)), "word"), (ask("length", "AZ", is_length("AB", 3)), "word"),
        (ask("length", "ABC", is_length("AB", 3)), "arity"), (ask("length", "AB", is_length("AB", 0)), "number"),
        (ask("angle", "ABC", is_angle("ABD", 180)), "number"), (["length", segment("AB")], "answer"),
        (["find", ["length", segment("AB")], is_length("AB", 3)], "type"), (["find", *LEGS], "type"),
        (["find", [], []], "syntax"), (["fnid", *LEGS], "operator"),
    ],
)  # fmt: skip
def test_ill_formed_program_is_refused_with_its_reason(env, query, code):
    found = env.parse_value(query)
    assert isinstance(found, Rejected) and found.code == code, found


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ('<svg viewBox="0 0 100 100"/>', "canvas"), (svg({"A": (60, 60), "B": (240, 300)}, "AB"), "points"),
        (svg(TRIANGLE, "AB BC CA", labels=False), "label"),
        (RIGHT.replace(">A<", ">b<"), "label"), (RIGHT.replace(">A<", ">B<"), "label"),
        (RIGHT.replace('font-size="14"', 'font-size="8"'), "label"),
        (svg(TRIANGLE, "AB BC CA").replace('y2="300" stroke="#000000"', 'y2="300" stroke="#dddddd"'), "pale"),
        (svg(TRIANGLE, "AB BC", more='<line x1="60" y1="60" x2="60" y2="200" stroke="#000"/>'), "line"),
        (svg(TRIANGLE, "AB", more='<rect x="100" y="100" width="40" height="30"/>'), "part"),
        (svg(TRIANGLE, "AB", more='<circle cx="200" cy="100" r="40" fill="none" stroke="#000"/>'), "circle"),
        (svg(TRIANGLE, "AB", more='<polyline points="150,20 160,20 160,30" fill="none" stroke="#000"/>'), "mark"),
        (svg(TRIANGLE | {"D": (330, 30)}, "AB"), "cropped"),
        (svg({"A": (40, 60), "B": (160, 60), "C": (300, 70)}, "AB BC"), "touching"),
        (svg(TRIANGLE, "AB BC CA", more='<line x1="40" y1="40" x2="60" y2="60" stroke="#000"/>'), "label"),
    ],
)  # fmt: skip
def test_unclear_figure_is_refused_for_its_first_flaw(env, program, code):
    scene = env.render(program)
    found = env.parse_scene(scene)
    assert isinstance(found, Rejected) and found.code == code and found.reason and found.hint, found


def test_lines_that_continue_each_other_are_one(env):
    drawing = env.parse_scene(env.render(svg({"A": (40, 60), "B": (140, 60), "C": (300, 60)}, "AB BC")))
    assert isinstance(drawing, FigureDrawing) and drawing.lines == (("A", "B", "C"),)


# --- sampled items ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", make("diagrams/Geometry-v1").tasks)
def test_second_method_agrees(env, task, fresh_seed):
    for item in items(env, task, 10, fresh_seed):
        found = second_answer(item.question.query, item.program)
        assert found is not None and found == pytest.approx(float(item.truth.value), rel=1e-4), item.id


def conditions(query: list) -> list[list]:
    """The rows of a chain of conditions."""
    return [query[1], *conditions(query[2])] if query[0] == "and" else [query]


def test_every_condition_and_the_picture_are_needed(env, fresh_seed):
    for task in env.tasks:
        for item in items(env, task, 5, fresh_seed, "dev"):
            _, given, asked = item.question.query
            every = conditions(given)
            for left_out in every if len(every) > 1 else ():
                rest = [each for each in every if each is not left_out]
                query = ask(asked[0], asked[1][1:], *rest)
                found = env.solve(item.scene, env.parse_value(query))
                # Rarely what is left settles the answer, but so nearly not that it is not asked.
                refused = isinstance(found, Rejected) and found.code in ("undetermined", "unsteady")
                assert refused, (item.id, left_out, found)
            shown = Picture(item.program)
            assert shown.residuals() or len(every) > 1


def test_answer_does_not_hang_on_how_the_figure_is_turned_or_mirrored(env, fresh_seed):
    for item in items(env, "length", 8, fresh_seed, "dev") + items(env, "angle", 8, fresh_seed, "dev"):
        body = re.sub(r"<text.*?</text>", "", item.program[item.program.index(">") + 1 : -6])
        letters = "".join(
            f'<text x="{CANVAS - float(x)}" y="{y}" font-size="14" text-anchor="middle">{name}</text>'
            for x, y, name in re.findall(r'<text x="([\d.]+)" y="([\d.]+)".*?>(\w)</text>', item.program)
        )
        style = 'stroke="#000000" stroke-width="2" fill="none"'
        flipped = f'<g {style} transform="translate({CANVAS} 0) scale(-1 1)">{body}</g>{letters}'
        scene = env.render(f'<svg viewBox="0 0 {CANVAS} {CANVAS}">{flipped}</svg>')
        truth = env.solve(scene, env.parse_value(item.question.query))
        assert isinstance(truth, Truth) and truth.value == item.truth.value, truth


def test_items_have_their_golden_digest(env):
    digests = [item.digest for task in env.tasks for item in items(env, task, 3, 0)]
    assert hashlib.sha256("".join(digests).encode()).hexdigest() == GOLDEN


def test_no_answer_is_common(env, fresh_seed):
    for task in env.tasks:
        found = items(env, task, 60, fresh_seed, "heldout")
        assert best_constant(found) <= 8, task


def test_letters_and_marks_keep_clear(env, fresh_seed):
    for item in items(env, "perimeter", 15, fresh_seed):
        drawing = env.parse_scene(item.scene)
        assert isinstance(drawing, FigureDrawing) and drawing.clearance > OFF
        assert len(drawing.points) == sum(obj.text is not None for obj in item.scene.objects)


@pytest.mark.parametrize(
    ("text", "score"),
    [("15", 1), ("15 cm", 1), ("15.1", 1), ("15.16", 0), ("14.9 centimetres", 1), ("14.84", 0), ("15 m", 0), ("15°", 0),
     ("150", 0), ("1,5", 0), ("\\boxed{15}", 1), ("<answer>15 cm</answer>", 1), ("15 or 16", 0), ("not 15", 0),
     ("30/2", 1), ("about 15", 1), ("between 14 and 15", 0)],
)  # fmt: skip
def test_near_misses(env, text, score):
    truth = env.solve(env.render(RIGHT), env.parse_value(ask("length", "AB", *LEGS)))
    assert isinstance(truth, Truth) and env.score(truth, (), text).value == score


# --- the language ----------------------------------------------------------------------------------------------


def test_every_operator_has_five_phrasings():
    for operator in LANGUAGE.operators.values():
        assert len(set(operator.phrases)) >= 5 or len(set(operator.questions)) >= 5, operator.name


def test_no_text_means_two_programs(env):
    meant: dict[str, str] = {}
    for n in range(400):
        own = SeededRng(("english", n))
        query = env.query(own, own.choice(list(env.tasks)))
        for _ in range(4):
            text = env.grammar.ask(query, own)
            assert meant.setdefault(text, str(query)) == str(query), text
            assert not re.search(r"  | ,|\{|\}|\b(\w+) \1\b", text), text


def test_schema_accepts_what_is_read_and_refuses_what_is_not(env):
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(env.schema())
    for item in [*items(env, "area", 10, 1), *items(env, "radius", 5, 1)]:
        assert validator.is_valid(item.question.query)
    assert validator.is_valid(json.loads(env.example)) and not isinstance(env.parse(env.example), Rejected)
    for wrong in ([], ["find"], ["length", segment("AB")], ask("length", "Ab", *LEGS), ask("length", "ABC", *LEGS)):
        assert not validator.is_valid(wrong), wrong


def mutated(own: SeededRng, value):
    """A program with one thing wrong, or nothing."""
    if not isinstance(value, list) or own.uniform() < 0.07:
        return own.choice(
            [
                None,
                3,
                "A",
                [],
                ["and", is_length("AB", 2), is_length("BC", 7)],
                {},
                segment("AB"),
                ["and"],
                is_length("AB", 4),
                1e9,
                "find",
                True,
                [[]],
            ]
        )
    copy = list(value)
    place = own.integer(0, max(0, len(copy) - 1))
    kind = own.integer(0, 9)
    if kind > 5 and isinstance(copy[-1], str | int | float):
        copy[-1] = own.choice("ABCDEFGH") if isinstance(copy[-1], str) else own.integer(1, 90)
    elif kind == 0 and copy:
        del copy[place]
    elif kind == 1:
        copy.insert(place, own.choice([*LANGUAGE.names, "A", 7, segment("CD")]))
    elif kind == 2 and copy:
        copy[place] = own.choice([*LANGUAGE.names, "B", "C", "", None])
    elif copy:
        copy[place] = mutated(own, copy[place])
    return copy


@pytest.mark.slow
def test_any_program_is_answered_or_refused_with_a_code(env, fresh_seed):
    found = [item for task in env.tasks for item in items(env, task, 5, 1)]
    outcomes: Counter[str] = Counter()
    for n in range(4_000):
        own = SeededRng(("fuzz", fresh_seed, n))
        item = own.choice(found)
        query = env.parse_value(mutated(own, item.question.query))
        outcome = query if isinstance(query, Rejected) else env.solve(item.scene, query)
        assert isinstance(outcome, Truth) or (outcome.code and outcome.reason)
        outcomes[outcome.code if isinstance(outcome, Rejected) else "answered"] += 1
    assert outcomes["answered"] > 20 and len(outcomes) > 10, outcomes


def test_documented_state_space(env):
    assert f"{len(LANGUAGE.operators)} operators" in env.__doc__


def test_requirements_count_parts(env):
    wanted = env.requirements([[3, "point"], [3, "line"], [1, "right-angle"]])
    assert not isinstance(wanted, Rejected) and [env.describe(each) for each in wanted] == [
        "3 points", "3 lines", "1 right angle",
    ]  # fmt: skip
    assert env.missing_requirements(env.render(RIGHT), wanted) == ()
    assert env.missing_requirements(env.render(svg(TRIANGLE, "AB BC CA")), wanted)
    assert isinstance(env.requirements([[1, "star"]]), Rejected)
