import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.envs import Answer, read_answer, score_answer
from zerosight.envs.answers import final_claims, mean_relative_accuracy

COLOURS = ("red", "green", "blue", "yellow", "black", "purple")
KINDS = {
    "number": ("0", "1", "2", "3"), "yesno": ("no", "yes"), "word": COLOURS, "decimal": ("0.5", "1.5", "-2", "3000000"),
    "choice": ("A", "B", "C", "D"), "order": ("ABCD", "BADC", "DCBA"), "name": ("north", "south east", "2019"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", "12"), (" 12 ", "12"), ("12.", "12"), ("12!", "12"), ("12.0", "12"), ("12.000", "12"), ("+12", "12"),
        ("012", "12"), ("-12", "-12"), ("twelve", "12"), ("Twelve.", "12"), ("TWELVE", "12"), ("**12**", "12"),
        ("$12$", "12"), ("`12`", "12"), ('"12"', "12"), ("the answer is 12", "12"), ("The final answer is: 12.", "12"),
        ("Answer: 12", "12"), ("answer = 12", "12"), ("<answer>12</answer>", "12"), ("<ANSWER> 12\n</ANSWER>", "12"),
        (r"\boxed{12}", "12"), (r"So it is $\boxed{12}$.", "12"), ("Two and ten. <answer>12</answer> Done.", "12"),
        ("not 13 <answer>12</answer>", "12"), ("<answer>12</answer> again <answer>12</answer>", "12"),
        ("1,200", "1200"), ("12,345,678", "12345678"), ("1,200.0", "1200"), ("0", "0"), ("-0", "0"), ("zero", "0"),
        ("3.0", "3"), ("three", "3"), ("twenty", "20"),
    ],
)  # fmt: skip
def test_number_is_read(text, value):
    assert read_answer(text, "number") == value


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ".", "not 12", "12 or 13", "12, 13", "12 13", "12 12", "12.5", "12.05", "12%", "12?", "<12",
        "> 12", "12-13",
        "1,2000", "..12", "0x12", "1_2", "twelve thirteen", "twelveth", "dozen", "half", "NaN", "inf",
        "١٢", "１２", "Ⅻ",
        "<answer>12</answer><answer>13</answer>", r"\boxed{12} \boxed{13}", r"\boxed{}", r"\boxed{not 12}",
        "<answer>12 or 13</answer>", "<answer>not 12</answer>", "the answer is not 12", "between 2 and 12",
        "at least 12", "more than 12", "12 red and 3 blue", "I cannot tell", "maybe 12", "twelve dozen", "12x",
        "12th", "12apples", "no, 12",
        "<think>12</think>", "<think>it is 12", "<answer>12</answer> \\boxed{13}",
    ],
)  # fmt: skip
def test_number_is_not_read_from_a_near_miss(text):
    assert read_answer(text, "number") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("yes", "yes"), ("Yes.", "yes"), ("NO!", "no"), ("true", "yes"), ("False", "no"), ("the answer is no", "no"),
     ("<answer>yes</answer>", "yes"), (r"\boxed{No}", "no"), ("No? <answer>yes</answer>", "yes")],
)  # fmt: skip
def test_yesno_is_read(text, value):
    assert read_answer(text, "yesno") == value


@pytest.mark.parametrize(
    "text",
    ["", "yes no", "yes or no", "yes, no", "not yes", "no, yes", "yess", "1", "0", "yes?", "maybe",
     "No... actually yes.", "Yes. Wait, no.", "the red one", "it could be", "not sure",
     "<answer>yes</answer><answer>no</answer>", "<answer>yes and no</answer>",
     r"\boxed{yes} \boxed{no}"],
)  # fmt: skip
def test_yesno_is_not_read_from_a_near_miss(text):
    assert read_answer(text, "yesno") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("red", "red"), ("RED.", "red"), ("The answer is Red.", "red"), ("**red**", "red"),
    ("<answer>red</answer>", "red"),
     ("green? no: <answer>red</answer>", "red"), (r"\boxed{red}", "red")],
)  # fmt: skip
def test_word_is_read(text, value):
    assert read_answer(text, "word", COLOURS) == value


@pytest.mark.parametrize(
    "text",
    ["", "reddish", "re", "not red", "red or blue", "red, blue", "dark red", "infrared", "it is not red", "neither red",
     "rouge", "scarlet", "orange", "it isn't red", "both red", "maybe red", "the red and the blue one",
     "<answer>red</answer><answer>blue</answer>", "<answer>red blue</answer>"],
)  # fmt: skip
def test_word_is_not_read_from_a_near_miss(text):
    assert read_answer(text, "word", COLOURS) is None


@pytest.mark.parametrize(
    "text",
    ["BADC", "badc", "B, A, D, C", "B,A,D,C", "B A D C", "B-A-D-C", "(B, A, D, C)", "[B, A, D, C]", "BADC.",
     "1-B, 2-A, 3-D, 4-C", "1: B, 2: A, 3: D, 4: C", "1=B; 2=A; 3=D; 4=C", "1B 2A 3D 4C", "1. B 2. A 3. D 4. C",
     "4-C, 3-D, 2-A, 1-B", "1 -> B, 2 -> A, 3 -> D, 4 -> C", "1→B, 2→A, 3→D, 4→C", "1-B\n2-A\n3-D\n4-C",
     "The answer is BADC.", "**BADC**", "<answer>B, A, D, C</answer>", r"\boxed{BADC}",
     "not ABCD: <answer>BADC</answer>"],
)  # fmt: skip
def test_order_is_read(text):
    assert read_answer(text, "order", ("ABCD", "BADC")) == "BADC"


@pytest.mark.parametrize(
    "text",
    ["", "BAD", "BADCA", "BADB", "BBAD", "BADE", "ABDC", "not BADC", "BADC or ABCD", "BADC, ABCD", "ABCD, BADC",
     "BADC BADC", "aBADC", "BADCx", "maybe BADC", "BA DC", "B A DC", "B, A, D", "B", "1",
     "1234", "2143",
     "1-B, 2-A, 3-D", "1-B, 2-A, 3-D, 3-C", "1-B, 1-A, 3-D, 4-C", "0-B, 1-A, 2-D, 3-C", "1-B, 2-A, 3-D, 4-C, 5-E",
     "1-B, 2-A, 3-D, 4-", "1-B, 2-A, 3-D, 4-C or D", "1-BA, 2-A, 3-D, 4-C", "BADC?",
     "<answer>BADC</answer><answer>ABCD</answer>", "B, A, D, C, B", "ВADC"],
)  # fmt: skip
def test_order_is_not_read_from_a_near_miss(text):
    assert read_answer(text, "order", ("ABCD", "BADC")) is None


def test_order_needs_no_options_and_scores_all_or_nothing():
    assert read_answer("cab", "order") == "CAB" and read_answer("c", "order") is None
    assert score_answer(Answer("BADC", "order", ("BADC", "BACD")), "BACD").value == 0


def test_word_outside_the_options_is_none():
    assert read_answer("left", "word", ("left", "right")) == "left"
    assert read_answer("above", "word", ("left", "right")) is None
    assert read_answer("left", "word", ()) is None


@pytest.mark.parametrize(
    ("text", "measure", "value"),
    [
        ("12", "", "12"), ("12.5", "", "12.5"), ("-3.25", "", "-3.25"), (".5", "", "0.5"), ("5.", "", "5"),
        ("1,200", "", "1200"), ("1,234,567.5", "", "1234567.5"), ("3/4", "", "0.75"), ("1 1/2", "", "1.5"),
        ("-3/4", "", "-0.75"), (r"\frac{3}{4}", "", "0.75"), (r"\boxed{\frac{3}{4}}", "", "0.75"),
        (r"$\boxed{12.5}$", "", "12.5"), ("<answer>12.5</answer>", "", "12.5"), ("1.2e3", "", "1200"),
        (r"<answer>\boxed{12.5}</answer>", "", "12.5"),
        ("2.5 million", "", "2500000"), ("3 thousand", "", "3000"), ("4k", "", "4000"), ("seven", "", "7"),
        ("12.5 cm", "cm", "12.5"), ("12.5cm", "cm", "12.5"), ("12.5", "cm", "12.5"), ("12.5 centimetres", "cm", "12.5"),
        ("45°", "°", "45"), ("45 degrees", "°", "45"), (r"45^\circ", "°", "45"), ("45%", "%", "45"),
        (r"45\%", "%", "45"), ("45 percent", "%", "45"), ("$1,200", "$", "1200"), ("12 cm^2", "cm²", "12"),
        ("12 square centimetres", "cm²", "12"), ("The answer is 12.5 cm.", "cm", "12.5"), ("\u221212", "", "-12"),
        (r"12\text{cm}", "cm", "12"), ("5 m", "m", "5"), ("3 minutes", "minutes", "3"),
    ],
)  # fmt: skip
def test_decimal_is_read(text, measure, value):
    assert read_answer(text, "decimal", measure=measure) == value


@pytest.mark.parametrize(
    "text",
    [
        "", "not 12.5", "12.5 or 13", "12.5, 13", "12.5 13", "12-13", "12..5", "1.2.3", "12.5 cm", "3/0", "3/4/5",
        "1/2 1/2", "NaN", "inf", "1e999", "-", ".", "e5", "١٢", "1" * 60, "12.5?", "between 12 and 13", "0x12",
        "<answer>12.5</answer><answer>13</answer>", r"\boxed{12.5} \boxed{13}", r"\frac{1}{0}", "million",
        "12 million million", "1160 - 640", "12 +- 3", "12 ± 3", "< 12", "up to 12", "9^9^9^9", "sqrt(-1)",
        "the 3 bars sum to 7 and 8",
    ],
)  # fmt: skip
def test_decimal_is_not_read_from_a_near_miss(text):
    assert read_answer(text, "decimal") is None


@pytest.mark.parametrize(
    ("said", "right"),
    [("100", True), ("105", True), ("95", True), ("105.01", False), ("94.99", False), ("-100", False),
     ("1000%", False),
     ("1e2", True), ("10000%", True), ("100.0", True), ("200", False), ("0", False)],
)  # fmt: skip
def test_amount_may_be_off_by_its_tolerance_and_no_more(said, right):
    assert score_answer(Answer("100", "decimal", tolerance=0.05), said).value == float(right)


def test_amount_of_nothing_must_be_hit():
    answer = Answer("0", "decimal", tolerance=0.05)
    assert [score_answer(answer, said).value for said in ("0", "0.0", "0.01", "-0.01")] == [1, 1, 0, 0]


LETTERS = ("A", "B", "C", "D")


@pytest.mark.parametrize(
    ("text", "value"),
    [("B", "B"), ("b", "B"), ("(B)", "B"), ("B.", "B"), ("B)", "B"), ("Option B", "B"), ("The answer is B.", "B"),
     ("The correct option is (B).", "B"), ("<answer>B</answer>", "B"), (r"\boxed{B}", "B"), ("**B**", "B"),
     ("B. the red circle", "B"), ("B: rotate by 90", "B"), ("(B) a square", "B"), ("image C", "C"),
     ("So the answer is (D)", "D")],
)  # fmt: skip
def test_option_letter_is_read(text, value):
    assert read_answer(text, "choice", LETTERS) == value


@pytest.mark.parametrize(
    "text",
    ["", "E", "A or B", "(A) or (B)", "A. or B.", "A and B", "AB", "A, B", "not B", "a red circle", "about",
     "neither", "ABCD", "<answer>A</answer><answer>B</answer>", "A B", "It is not A", "option", "1", "(A) not (B)",
     "Aside from B", "A. or maybe B", "A square"],
)  # fmt: skip
def test_option_letter_is_not_read_from_a_near_miss(text):
    assert read_answer(text, "choice", LETTERS) is None


@pytest.mark.parametrize(
    ("right", "said", "score"),
    [("New York", "New York", 1), ("New York", "new york.", 1), ("New York", "the New  York", 1),
     ("New York", "<answer>New York</answer>", 1), ("New York", "York", 0), ("New York", "not New York", 0),
     ("New York", "New York, Rome", 0), ("New York", "NewYork", 1), ("Oak", "Oak, not Elm", 0),
     ("Oak", "Oak is less than Elm", 0),
     ("Sales", "sale", 0), ("2019", "2019", 1),
     ("2019", "2,019", 0), ("The Hague", "Hague", 1)],
)  # fmt: skip
def test_name_is_the_name_and_nothing_else(right, said, score):
    assert score_answer(Answer(right, "name"), said).value == score


def test_two_different_claims_are_no_answer():
    assert read_answer("<answer>3</answer> no, <answer>4</answer>", "number") is None
    assert read_answer("<answer>Red</answer> I repeat <answer> red </answer>", "word", COLOURS) == "red"
    assert read_answer(r"<answer>3</answer> so \boxed{three}", "number") == "3"
    assert read_answer("Answer: 3\n\nAnswer: 4", "number") is None


def test_tag_and_box_that_disagree_are_no_answer():
    assert read_answer(r"<answer>3</answer> \boxed{4}", "number") is None


def test_claims_come_by_strength():
    assert final_claims("The answer is 2. <answer>3</answer>") == ["3"]
    assert final_claims('{"reasoning": "2 and 1", "answer": "3"}') == ["3"]
    assert final_claims("I see 2, then 1.\n\n**Answer:**\n3") == ["3"]


def test_unknown_kind_is_an_error_of_ours():
    with pytest.raises(ValueError, match="unknown answer kind 'float'; allowed: number, decimal, yesno, word"):
        read_answer("3", "float")


@pytest.mark.parametrize(("kind", "options"), KINDS.items())
def test_each_answer_scores_only_where_it_is_right(kind, options):
    for right in options:
        for said in options:
            score = score_answer(Answer(right, kind, options), said)
            assert score.value == score.terms["correct"] == float(said == right)
            assert score.terms["format"] == 1


@pytest.mark.parametrize(("kind", "options"), KINDS.items())
def test_unreadable_reply_scores_nothing(kind, options):
    score = score_answer(Answer(options[0], kind, options), "I cannot tell")
    assert score.value == 0
    assert score.terms == {"correct": 0, "format": 0}


replies = st.text() | st.lists(
    st.sampled_from(
        [
            "<answer>",
            "</answer>",
            r"\boxed{",
            "}",
            "3",
            "three",
            "yes",
            "no",
            "red",
            "(B)",
            r"\frac{1}{",
            "/2",
            "1e",
            "%",
            ",",
            ".",
            "-",
            " ",
            "the answer is",
            "\x00",
        ]
    )
).map("".join)


@given(replies, st.sampled_from(sorted(KINDS)))
def test_no_text_makes_scoring_raise(text, kind):
    options = KINDS[kind]
    scores = [score_answer(Answer(option, kind, options), text) for option in options]
    assert sum(score.value for score in scores) <= 1  # no text is right twice
    assert all(score.value in (0, 1) for score in scores)


@given(replies, st.sampled_from(sorted(KINDS)))
def test_what_is_read_is_read_again(text, kind):
    if (read := read_answer(text, kind, KINDS[kind])) is not None:
        assert read_answer(read, kind, KINDS[kind]) == read


@given(st.integers(-(10**12), 10**12))
def test_number_in_any_form_is_its_value(number):
    forms = (f"{number}", f"{number:,}", f"{number}.0", f"<answer>{number}</answer>", rf"\boxed{{{number}}}")
    assert {read_answer(form, "number") for form in forms} == {str(number)}


# --- graded kinds


@pytest.mark.parametrize(
    ("value", "text", "score"),
    [
        ("4", "4", 1), ("4", "four", 1), ("4", "I count them. <answer>4</answer>", 1), ("4", "5", 0.3), ("4", "3", 0.3),
        ("4", "6", 0.1), ("4", "2", 0.1), ("4", "7", 0), ("4", "1", 0), ("4", "4.5", 0), ("4", "3 or 4", 0),
        ("4", "not 4", 0), ("4", "", 0), ("1", "-1", 0.1), ("4", "44", 0), ("4", "4 chairs", 1),
    ],
)  # fmt: skip
def test_tallies(value, text, score):
    assert score_answer(Answer(value, "tally"), text).value == score


@pytest.mark.parametrize(
    ("value", "text", "score"),
    [
        ("2", "2", 1), ("2", "2 m", 1), ("2", "2.0 metres", 1), ("2", "2.1", 1), ("2", "1.9", 1), ("2", "2.11", 0.9),
        ("2", "1", 0.1), ("2", "0.99", 0), ("2", "3.01", 0), ("2", "200 cm", 1), ("2", "-2", 0), ("2", "", 0),
        ("2", "2 or 3", 0), ("2", "about 2", 1), ("10", "8", 0.6), ("10", "9", 0.9), ("10", "11", 0.9),
    ],
)  # fmt: skip
def test_amounts_by_mean_relative_accuracy(value, text, score):
    """8 for 10 gives 0.6 and not 0.7: the float arithmetic of VSI-Bench's code."""
    assert score_answer(Answer(value, "mra", (), 0.0, "m"), text).value == pytest.approx(score)


@given(st.floats(0.01, 1e4), st.floats(0.0, 3.0))
def test_mean_relative_accuracy_is_the_published_formula(right, factor):
    """Against numpy's arithmetic as VSI-Bench writes it."""
    said = right * factor
    confidences = np.linspace(0.5, 0.95, int((0.95 - 0.5) / 0.05 + 2))
    expected = float((abs(said - right) / right <= 1 - confidences).mean())
    assert mean_relative_accuracy(said, right) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("value", "text", "score"),
    [
        ("front-left", "front-left", 1), ("front-left", "left front", 1), ("front-left", "to the front and left", 1),
        ("front-left", "ahead-left", 1), ("front-left", "forward left", 1), ("front-left", "Front Left.", 1),
        ("front-left", "front", 0.1), ("front-left", "left", 0.1), ("front-left", "right", 0),
        ("front-left", "back", 0),
        ("front-left", "front-right", 0), ("front-left", "back-left", 0), ("front-left", "not front-left", 0),
        ("front-left", "front or left", 0), ("front-left", "left, front", 0), ("front-left", "front front", 0),
        ("front", "straight ahead", 1), ("front", "front-left", 0.1), ("front", "back", 0), ("front", "", 0),
        ("nearer-left-above", "above left nearer", 1), ("nearer-left-above", "nearer-left", 0.5),
        ("nearer-left-above", "nearer-left-below", 0), ("nearer-left-above", "left", 0),
        ("nearer-left", "nearer-left-above", 0.5), ("turn-left", "turned to the left", 1), ("turn-left", "left", 0.1),
        ("turn-left", "turn right", 0), ("above", "up", 1), ("below", "downwards", 1),
    ],
)  # fmt: skip
def test_directions(value, text, score):
    assert score_answer(Answer(value, "direction"), text).value == score


def test_directions_outside_of_the_options_are_no_answers():
    assert read_answer("front-above", "direction", ("front", "left")) is None
    assert score_answer(Answer("front", "direction", ("front", "left")), "front-left").value == 0


@given(st.sampled_from(["tally", "mra", "direction"]), st.text(max_size=60))
def test_no_answer_makes_a_graded_scorer_raise(kind, text):
    value = {"tally": "3", "mra": "2.5", "direction": "front-left"}[kind]
    score = score_answer(Answer(value, kind), text)
    assert 0 <= score.value <= 1 and score.terms["correct"] == score.value
