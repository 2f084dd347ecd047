"""The official metrics against a second implementation, on more than a thousand fuzzed replies each."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import second_choices as choices
import second_scoring as second

from zerosight.benchmarks.adapters import ADAPTERS
from zerosight.benchmarks.samples import Sample
from zerosight.benchmarks.scoring import groups, letters, numbers, words
from zerosight.benchmarks.scoring.open_answers import mmmu_open

COUNT = 1000
PIECES = [
    "A",
    "B",
    "C",
    "D",
    "E",
    "a",
    "b",
    "d",
    "(A)",
    "(b)",
    "(C)",
    "B.",
    "C)",
    "D:",
    "**B**",
    "`C`",
    "``D``",
    "{A}",
    "``a b``",
    "answer",
    "Answer",
    "Answer:",
    "answer is",
    "The answer is",
    "the answer is:",
    "My answer is",
    "option",
    "a man",
    "A dog",
    "Abc",
    "xB",
    "yes",
    "Yes",
    "no",
    "eyes",
    "red",
    "blue",
    "not",
    "3",
    "-2.5",
    "10.",
    "12%",
    "1,000",
    "0",
    "7.5",
    "\\boxed{",
    "}",
    "\\boxed{B}",
    "\\boxed{3}",
    "\\boxed{\\frac{1}{2}}",
    "<answer>",
    "</answer>",
    "<Answer>B. x</Answer>",
    "<think>",
    "</think>",
    ".",
    ",",
    ":",
    "\n",
    "move_right: 1.5",
    "rotate_up=20",
    "move_left: 2",
    "two hundred and",
    "Three",
    "thousand",
    "i pick",
    "the best option is",
    "choice",
    "the correct answer",
    "is the correct answer",
    "Assistant",
    "**\n\n",
    "'",
    "!",
    "",
]


def fuzzed(seed: int, count: int = COUNT) -> list[str]:
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        chosen = random.choice(PIECES, random.integers(0, 7))
        found.append("".join(f"{piece}{random.choice(['', ' ', ' ', chr(10)])}" for piece in chosen))
    return found


OPTIONS = ["red", "blue", "a large dog"]

PAIRS: dict[str, tuple[Callable[[str], Any], Callable[[str], Any]]] = {
    "start": (letters.at_start, second.at_start),
    "viewspatial": (letters.first_standing, choices.first_standing),
    "mmsi": (letters.mmsi, second.mmsi),
    "ranked choice": (letters.ranked_choice, choices.ranked_choice),
    "blink": (lambda r: letters.blink(r, 4), lambda r: choices.blink(r, 4)),
    "vsi anywhere": (numbers.first_number, choices.first_number),
    "corecognition": (letters.core_cognition, lambda r: choices.core_cognition(r, False)),
    "corecognition yes or no": (lambda r: letters.core_cognition(r, True), lambda r: choices.core_cognition(r, True)),
    "mmstar of its authors": (lambda r: letters.mm_star(r, "B"), lambda r: choices.mm_star(r, "B")),
    "3dsr": (letters.three_dsr, second.three_dsr),
    "mindcube": (letters.mindcube, second.mindcube),
    "omnispatial": (letters.omni_spatial, second.omni_spatial),
    "mmmu": (lambda r: letters.mmmu_choice(r, OPTIONS, len(r)), lambda r: second.mmmu_choice(r, OPTIONS, len(r))),
    "vsi": (lambda r: numbers.vsi_number(r, 3.0), lambda r: second.vsi_number(r, 3.0)),
    "relaxed": (lambda r: numbers.relaxed(r.strip(), "3"), lambda r: second.relaxed(r.strip(), "3")),
    "relaxed share": (lambda r: numbers.relaxed(r.strip(), "12%"), lambda r: second.relaxed(r.strip(), "12%")),
    "spar number": (lambda r: numbers.spar_number(r, "3", of_last=True), lambda r: second.spar_number(r, "3", True)),
    "spar first": (lambda r: numbers.spar_number(r, "7", of_last=False), lambda r: second.spar_number(r, "7", False)),
    "spar match": (lambda r: numbers.spar_match(r, "b"), lambda r: second.spar_match(r, "b")),
    "boxed": (words.boxed, second.boxed),
    "mm-zero": (lambda r: words.mm_zero(r, "b"), lambda r: second.mm_zero(r, "b")),
    "yes or no": (words.yes_no, second.yes_no),
    "spatialviz": (letters.spatialviz, second.spatialviz),
    "v-star": (letters.v_star, second.v_star),
    "logicvista": (letters.letter_set, second.letter_set),
    "spar moves": (
        lambda r: numbers.spar_view_change(_motion(r), "move_right:1.5,rotate_up:20"),
        lambda r: pytest.approx(second.view_change(_motion(r), "move_right:1.5,rotate_up:20")),
    ),
    "stare": (lambda r: words.stare(r, "b"), lambda r: second.stare(r, "b")),
    "stare answer": (words.stare_answer, second.stare_answer),
    "plain": (lambda r: words.plain(r, "B"), lambda r: float(_plain(r) == "b")),
    "mathvista": (
        lambda r: words.mathvista_extract(r.strip(), ["red", "B"], "integer"),
        lambda r: second.mathvista(r.strip(), ["red", "B"], "integer"),
    ),
    "mathvista choices": (
        lambda r: words.mathvista_normalised(_worded(r), OPTIONS, "text", 0),
        lambda r: second.nearest(_worded(r), OPTIONS),
    ),
    "distance": (lambda r: words.distance(r, "the answer"), lambda r: second.levenshtein(r, "the answer")),
}


def _motion(reply: str) -> str:
    """The reply's motions as SPAR-Bench has them, or the reply where it names none."""
    parts = [part.replace(": ", ":").replace("=", ":") for part in reply.split("\n") if "_" in part]
    return ",".join(part.strip() for part in parts) if parts else reply


def _plain(reply: str) -> str:
    text = reply.lower().strip()
    while text.endswith("."):
        text = text[:-1]
    return text


def _worded(reply: str) -> str:
    """The reply without what could be the letter of a choice."""
    return f"it is {''.join(each for each in reply if each not in '()')}".strip()


@pytest.mark.parametrize("name", PAIRS)
def test_a_metric_equals_its_second_implementation(name: str) -> None:
    first, other = PAIRS[name]
    replies = fuzzed(sum(map(ord, name)))
    found = [first(reply) for reply in replies]
    differing = [(reply, a, other(reply)) for reply, a in zip(replies, found, strict=True) if a != other(reply)]
    assert not differing, differing[:3]
    assert len(replies) >= 1000 and len(set(map(str, found))) > 1, "the replies tell scores apart"


def test_mean_relative_accuracy_on_numbers_near_and_far() -> None:
    random = np.random.default_rng(1)
    for right in (0.0, 0.3, 2.0, 10.0, 137.0):
        said = np.concatenate([right * random.uniform(0, 2.2, 300), np.round(right * random.uniform(0, 2, 100), 1)])
        for value in said:
            ours = numbers.mean_relative_accuracy(float(value), right)
            assert ours == pytest.approx(second.mra(float(value), right), abs=0.1 + 1e-9)
            # On a border the two roundings of a threshold may differ; off it they agree.
            error = abs(value - right) / right if right else 1.0
            if right and min(abs(error - (1 - t)) for t in numbers.THRESHOLDS) > 1e-9:
                assert ours == pytest.approx(second.mra(float(value), right))


@pytest.mark.parametrize(
    ("said", "right", "score"),
    [(8, 10, 0.6), (9, 10, 0.9), (10, 10, 1.0), (15, 10, 0.1), (5, 10, 0.1), (16, 10, 0.0), (0, 0, 1.0)],
)
def test_the_borders_of_the_thresholds(said: float, right: float, score: float) -> None:
    assert numbers.mean_relative_accuracy(said, right) == pytest.approx(score)


# --- near misses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "wanted", "score"),
    [
        (r"\boxed{\frac{3}{4}}", "0.75", 1),
        (r"\boxed{0.754}", "0.75", 1),
        (r"\boxed{0.76}", "0.75", 0),
        ("$7$", "7", 1),
        (r"\boxed{7 km}", "7", 1),
        (r"\boxed{7\text{ cm}}", "7", 0),
        (r"\boxed{2\pi}", r"2\pi", 1),
        (r"\boxed{6.283}", r"2\pi", 0),
        (r"\boxed{x+1}", "x+1", 1),
        (r"\boxed{(2, 1)}", "(1,2)", 0),
        (r"\boxed{(1, 2.0)}", "(1,2)", 1),
        ("the answer is 7.", "7", 1),
        ("77", "7", 0),
        (r"\boxed{-\sqrt{9}}", "-3", 0),
        (r"\boxed{50\%}", "0.5", 0),
        (r"\boxed{\$50\%}", "50", 1),
        ("It is (B).", "B", 1),
        ("The final answer is 7. So 8", "7", 1),
        (r"\boxed{1,200}", "1200", 1),
        ("", "7", 0),
    ],
)
def test_mathvision_values(reply: str, wanted: str, score: int) -> None:
    assert words.mathvision(reply, wanted, []) == score


@pytest.mark.parametrize(
    ("reply", "right", "score"),
    [
        ("So x = 12.", "12", 1),
        ("x is 12.00", "12", 1),
        ("It is 1,234 units", "1234", 1),
        ("the answer is Paris", "paris", 1),
        ("the answer is not here", "paris", 0),
        ("12 or so. Therefore it is 13.", "12", 0),
        ("$5", "5", 1),
        ("", "5", 0),
    ],
)
def test_mmmu_open_answers(reply: str, right: str, score: int) -> None:
    assert mmmu_open(reply, right) == score


@pytest.mark.parametrize(
    ("extracted", "choices", "kind", "precision", "wanted"),
    [
        ("(B)", ["1", "2"], "text", 0, "2"),
        ("b", ["1", "2"], "text", 0, "2"),
        ("yess", ["Yes", "No"], "text", 0, "Yes"),
        ("3.0", [], "integer", 0, "3"),
        ("3 cm", [], "integer", 0, None),
        ("1.25", [], "float", 1, "1.2"),
        ("x", [], "text", 0, "x"),
    ],
)
def test_mathvista_normal_forms(
    extracted: str, choices: Sequence[str], kind: str, precision: int, wanted: str | None
) -> None:
    assert words.mathvista_normalised(extracted, choices, kind, precision) == wanted


@pytest.mark.parametrize(
    ("reply", "is_yes_no", "answer"),
    [
        ("The answer is B.", False, "B"),
        ("Yes, it is", True, "YES"),
        ("yes", True, "YES"),
        ("B", True, "B"),
        ("E. red", False, "E"),
        ("G. red", False, "G. RED"),
        ("**Answer**\n\nC", False, "C"),
        ("So:\n*D* because", False, "D"),
        ("choice is: no", True, "NO"),
        ("I cannot tell", False, "I CANNOT TELL"),
        ("", False, ""),
    ],
)
def test_core_cognitions_templates(reply: str, is_yes_no: bool, answer: str) -> None:
    assert letters.core_cognition(reply, is_yes_no) == answer


QUIET_REPLIES = ["", " ", "I'm sorry, I cannot help with that.", "I cannot tell.", "It is not clear.", "?"]


@pytest.mark.parametrize("reply", QUIET_REPLIES)
def test_a_refusal_answers_neither_yes_nor_no(reply: str) -> None:
    hallusion = ADAPTERS["hallusionbench"]
    for answer in ("yes", "no"):
        assert hallusion.score(Sample(id="1", question="q", answer=answer), reply) == 0.0


@pytest.mark.parametrize("reply", [*QUIET_REPLIES, "A", "move_right", "move_right:", "move_right: a lot", "0.5"])
def test_a_reply_without_any_motion_changes_no_view(reply: str) -> None:
    for right in ("move_forward:0.5", "move_right:1,rotate_up:20", "rotate_left:90"):
        assert numbers.spar_view_change(reply, right) == 0.0


def test_one_wrong_order_of_four_is_no_right_question_by_published_ids() -> None:
    samples = [
        (Sample(id=f"{qid}{flip}{order}", question="", category={"category": "c", "main_category": "m"},
                fields={"qid": f"{qid}{flip}{order}"}), float(order != "-3"))
        for qid in ("VIN6MS3J", "AB3DEF6H") for flip in ("", "-flip") for order in ("", "-1", "-2", "-3")
    ]  # fmt: skip
    found = groups.three_dsr(samples)
    assert found["overall"] == found["circular"] == found["flip and circular"] == 0.0
    assert found["vanilla"] == found["flip"] == found["m"] == 0.75
    # The same questions in one order only: nothing is circular about them.
    plain = [(sample, score) for sample, score in samples if "-" not in sample.id.replace("-flip", "")]
    assert groups.three_dsr(plain)["overall"] == 1.0


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("B", "B"),
        ("(B)", "B"),
        ("b.", "B"),
        ("The answer is C.", "C"),
        ("I think (A), no: (D)", "D"),
        ("a cat", ""),
        ("A cat", ""),
        ("Answer: **B**", "B"),
        ("", ""),
        ("It could be E", "E"),
    ],
)
def test_usual_choices(reply: str, found: str) -> None:
    assert letters.multiple_choice(reply) == found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1+2*3", 7.0),
        ("(1+2)*3", 9.0),
        ("2**3**2", 512.0),
        ("-2**2", -4.0),
        ("1/3", 1 / 3),
        ("--2", 2.0),
        ("2**9999", None),
        ("1/0", None),
        ("(1", None),
        ("1)", None),
        ("", None),
        ("1 + 2", None),
        ("().__class__", None),
        ("9" * 400, None),
    ],
)
def test_arithmetic_is_read_and_never_run(text: str, value: float | None) -> None:
    assert words.arithmetic(text) == (None if value is None else pytest.approx(value))


def test_values_in_any_notation_are_right_to_a_hundredth_and_no_further() -> None:
    """Numbers are made first and then written down, so that what is right is known without reading."""
    random = np.random.default_rng(8)
    right = wrong = 0
    for _ in range(1500):
        top, bottom = int(random.integers(1, 40)), int(random.integers(1, 12))
        value = top / bottom
        ways = [rf"\frac{{{top}}}{{{bottom}}}", f"{top}/{bottom}", f"{value:.4f}", rf"\dfrac{{{top}}}{{{bottom}}}",
                f"{value:.4f}\\%", f"${top}/{bottom}$", rf"{bottom}\cdot{top}/{bottom * bottom}",
                f"{value:.4f}^\\circ", f"{value:.4f} km"]  # fmt: skip
        written = ways[random.integers(len(ways))]
        off = float(random.choice([0.0, 0.02, 0.5, 1.0]))
        said = rf"so it is \boxed{{{written}}}" if random.random() < 0.5 else f"The answer is {written}."
        score = words.mathvision(said, f"{value + off:.4f}", [])
        assert score == (1.0 if off == 0.0 else 0.0), (said, value + off)
        right, wrong = right + (off == 0.0), wrong + (off != 0.0)
    assert right > 300 and wrong > 300


def test_open_answers_are_found_in_what_is_concluded() -> None:
    random = np.random.default_rng(9)
    nouns = ["paris", "red fox", "mitosis", "gdp"]
    for _ in range(1200):
        number, other = int(random.integers(0, 5000)), int(random.integers(5001, 9999))
        word = nouns[random.integers(4)]
        written = [f"{number}", f"{number:,}", f"{number}.00", f"${number}"][random.integers(4)]
        opening = ["So the total is ", "Therefore it is ", "The final answer is ", "x = "][random.integers(4)]
        assert mmmu_open(f"We know much. {opening}{written}.", str(number)) == 1.0
        assert mmmu_open(f"We know {number}. Then {opening.lower()}{other}.", str(number)) == 0.0
        assert mmmu_open(f"{opening}the {word.title()}", word) == 1.0
        assert mmmu_open(f"{opening}something else", word) == 0.0


def test_letters_said_plainly_are_found_and_sentences_without_one_are_not() -> None:
    find = letters.multiple_choice
    random = np.random.default_rng(10)
    frames = ["{}", "({})", "{}.", "({}).", "The answer is {}.", "The answer is ({})", "Answer: {}", "answer is: {}"]
    empty = ["I cannot tell", "there is nothing here", "perhaps the left one", "it is hard to say", "see the picture"]
    for _ in range(1200):
        letter = "ABCD"[random.integers(4)]
        assert find(frames[random.integers(len(frames))].format(letter)) == letter
        assert find(empty[random.integers(len(empty))]) == ""


# --- averages, on random outcomes against the second implementation --------------------------------------------------


def scored(seed: int, count: int = 1200) -> list[tuple[Sample, float]]:
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        pick = {
            name: str(random.choice(values))
            for name, values in {
                "task": ["object_counting", "object_rel_direction_easy", "object_rel_direction_hard", "route_planning"],
                "source": ["ADE20K", "COCO", "Omni3D"],
                "category": ["x", "y"],
                "subcategory": ["s", "t", "u"],
                "type": ["2D", "3D"],
            }.items()
        }
        place = {name: str(random.integers(0, 12)) for name in ("set_id", "figure_id", "question_id")}
        order = random.choice(["", "-1", "-2", "-3"])
        qid = f"{random.integers(0, 300):08d}{'-flip' if random.random() < 0.5 else ''}{order}"
        fields = pick | place | {"qid": qid}
        sample = Sample(id=str(number), question="", answer="A", category=pick, fields=fields)
        found.append((sample, float(random.random() < 0.8)))
    return found


def test_official_averages() -> None:
    for seed in range(3):
        own = scored(seed)
        assert groups.vsi_bench(own)["overall"] == pytest.approx(second.vsi_overall(own))
        assert groups.cv_bench(own)["overall"] == pytest.approx(second.cv_overall(own))
        assert groups.mm_star(own)["overall"] == pytest.approx(second.star_overall(own))
        found = groups.three_dsr(own)
        circular = second.together(
            own, lambda s: s.fields["qid"].split("-flip")[0][:8] + str("flip" in s.fields["qid"])
        )
        assert found["circular"] == found["overall"] == pytest.approx(circular)
        assert found["flip"] == pytest.approx(second.together(own, lambda s: s.fields["qid"].replace("-flip", "")))
        assert found["flip and circular"] == pytest.approx(second.together(own, lambda s: s.fields["qid"][:8]))
        place = ("category", "subcategory", "set_id")
        for name, key in (("qAcc", "question_id"), ("fAcc", "figure_id")):
            names = (*place, key)
            wanted = second.together(own, lambda s, names=names: tuple(s.fields[k] for k in names))  # type: ignore[misc]
            assert groups.hallusion(own)[name] == pytest.approx(wanted)
            assert 0.0 < wanted < 1.0


def test_pairs_and_sets_of_whats_up() -> None:
    relations = ("left", "right", "on", "under")
    random = np.random.default_rng(5)
    own, pairs, sets = [], 0, 0
    for number in range(300):
        right = {relation: bool(random.random() < 0.7) for relation in relations}
        pairs += (right["left"] and right["right"]) + (right["on"] and right["under"])
        sets += all(right.values())
        for relation in relations:
            fields = {"set": str(number), "relation": relation}
            sample = Sample(id=f"{number}{relation}", question="", category={"subset": "A"}, fields=fields)
            own.append((sample, float(right[relation])))
    found = groups.whats_up(own)
    assert found["pairs"] == pytest.approx(pairs / 600) and found["sets"] == pytest.approx(sets / 300)
