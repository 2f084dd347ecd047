import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.envs import Environment, FlatScene, Rejected, Requirement, make
from zerosight.roles import coder
from zerosight.roles.coder import SpecCheck

CIRCLE, SQUARE = '<circle cx="12" cy="12" r="5" fill="red"/>', '<rect x="40" y="40" width="8" height="8" fill="blue"/>'
WANTED = [[1, "red", "circle"], [1, "blue", "square"]]


def checked(env: Environment, inside: str) -> SpecCheck:
    scene = env.render(f'<svg viewBox="0 0 64 64">{inside}</svg>')
    return coder.check_spec(env, scene, env.requirements(WANTED))


@pytest.mark.parametrize(
    ("requirement", "text"),
    [
        (Requirement(1, ("red", "circle")), "1 red circle"), (Requirement(2, ("red", "circle")), "2 red circles"),
        (Requirement(1, ()), "1 shape"), (Requirement(3, ()), "3 shapes"),
        (Requirement(2, ("small",)), "2 small shapes"),
        (Requirement(1, ("large", "blue")), "1 large blue shape"),
        (Requirement(8, ("small", "blue", "triangle")), "8 small blue triangles"),
    ],
)  # fmt: skip
def test_requirement_in_english(env, requirement, text):
    assert env.describe(requirement) == text


def test_prompt_says_what_to_draw_and_not_what_is_asked(env):
    system, user = coder.prompt(env, env.requirements([[2, "red", "circle"], [1]]))
    assert user["content"] == [{"type": "text", "text": "draw: 2 red circles, 1 shape"}]
    assert "question" not in system["content"][0]["text"]


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("<svg/>", "<svg/>"), ("  <svg/>\n", "<svg/>"), ("```svg\n<svg/>\n```", "<svg/>"),
        ("```xml\n<svg/>\n```", "<svg/>"),
        ("```\n<svg>\n</svg>\n```", "<svg>\n</svg>"), ("", ""), ("```svg\n```", ""),
        ("```python\nprint()\n```", "print()"), ("```rust\nfn\n```", "fn"),
    ],
)  # fmt: skip
def test_fence_is_taken_off(text, program):
    assert coder.parse(text) == program


@given(st.text() | st.lists(st.sampled_from(["```", "svg", "\n", "<svg/>", " "])).map("".join))
def test_any_reply_is_a_program_that_draws_or_is_rejected(text):
    assert isinstance(make("shapes/Canvas-v1").render(coder.parse(text)), (FlatScene, Rejected))


def test_a_program_that_draws_nothing(env):
    assert checked(env, "<oops/>") == SpecCheck(False, False, 0.0, False)


def test_a_drawing_that_cannot_be_named(env):
    assert checked(env, CIRCLE.replace("red", "pink") + SQUARE) == SpecCheck(True, False, 0.0, False)


def test_a_drawing_that_satisfies_its_spec(env):
    assert checked(env, CIRCLE + SQUARE) == SpecCheck(True, True, 1.0, True)


@pytest.mark.parametrize(
    ("inside", "flaws"),
    [(CIRCLE, 2), (CIRCLE + SQUARE.replace("blue", "green"), 1),
    (CIRCLE.replace("red", "green") + SQUARE.replace("blue", "green"), 2),
     (CIRCLE + SQUARE + CIRCLE.replace("12", "32"), 1), (CIRCLE.replace("red", "green"), 3)],
    ids=["one missing", "one of another colour", "both of another colour", "one too many", "nothing right"],
)  # fmt: skip
def test_a_drawing_that_is_partly_right(env, inside, flaws):
    assert checked(env, inside) == SpecCheck(True, True, pytest.approx(1 - flaws / 3), False)


def test_more_flaws_are_never_a_better_check(env):
    worse = [checked(env, inside) for inside in (CIRCLE + SQUARE, CIRCLE, CIRCLE.replace("red", "green"), "<oops/>")]
    totals = [sum(check) for check in worse]
    assert totals == sorted(totals, reverse=True) and len(set(totals)) == len(totals)
