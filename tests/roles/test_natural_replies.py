"""None of the replies that instruct models usually write is lost, and none is misread."""

import json
import time

import pytest
from natural_replies import PROGRAM_WRAPPERS, RIGHT_ANSWERS, WRAPPERS, WRONG_ANSWERS

from zerosight.envs import Rejected, make
from zerosight.envs.answers import Answer, score_answer
from zerosight.envs.answers import replies as reader
from zerosight.roles import coder, proposer

ENV = make("shapes/Canvas-v1")
PROPOSALS = {
    "plain": {"concept": "two dots", "draw": [[2, "red", "circle"], [1, "blue"]], "ask": ["count", ["select", "red"]]},
    "more keys": {
        "reasoning": "a } brace and a { brace", "concept": 'a "crowd"', "draw": [[3, "square"]],
        "ask": ["exists", ["select", "red"]], "answer": "no", "difficulty": 2,
    },
    "query in a string": {"concept": "one", "draw": [[1, "red"]], "ask": '["count", ["select", "square"]]'},
}  # fmt: skip
PROGRAMS = {
    "svg": '<svg width="64" viewBox="0 0 64 64"><circle cx="20" cy="20" r="5" fill="red"/></svg>',
    "python": "import matplotlib.pyplot as plt\nplt.bar(['a', 'b'], [1, 2])\nplt.savefig('x.png')",
    "py": "import trimesh\nscene = trimesh.Scene()\nscene.add_geometry(trimesh.creation.box())",
}


@pytest.mark.parametrize("proposal", PROPOSALS.values(), ids=PROPOSALS)
@pytest.mark.parametrize("wrapper", WRAPPERS.values(), ids=WRAPPERS)
def test_proposal_is_found(wrapper, proposal):
    parsed = proposer.parse(ENV, wrapper.format(json.dumps(proposal, indent=1)))
    assert not isinstance(parsed, Rejected), parsed
    assert parsed.concept == proposal["concept"]


@pytest.mark.parametrize("label", PROGRAMS)
@pytest.mark.parametrize("wrapper", PROGRAM_WRAPPERS.values(), ids=PROGRAM_WRAPPERS)
def test_program_is_found(wrapper, label):
    reply = wrapper.replace("ULABEL", label.upper()).replace("LABEL", label).replace("{}", PROGRAMS[label])
    assert coder.parse(reply).replace("\r", "").strip() == PROGRAMS[label]


@pytest.mark.parametrize("before", ["Here is the drawing: ", "", "Sure.\n"])
@pytest.mark.parametrize("after", ["\nIt shows a circle.", " <- the circle", ""])
def test_svg_is_found_between_sentences(before, after):
    assert coder.parse(before + PROGRAMS["svg"] + after) == PROGRAMS["svg"]


def rows(table):
    return [(*answer, reply) for *answer, replies in table for reply in replies]


@pytest.mark.parametrize(("kind", "options", "measure", "value", "reply"), rows(RIGHT_ANSWERS))
def test_right_answer_is_read(kind, options, measure, value, reply):
    assert score_answer(Answer(value, kind, options, 0.01, measure), reply).value == 1


@pytest.mark.parametrize(("kind", "options", "measure", "value", "reply"), rows(WRONG_ANSWERS))
def test_wrong_answer_is_not_taken_for_right(kind, options, measure, value, reply):
    assert score_answer(Answer(value, kind, options, 0.01, measure), reply).value < 1


HOSTILE = [
    "{", '{"', '{"a":', "}", "[", "\\boxed{", "<answer>", "<think>", "</think>", "```\n", "1 ", "1,", "A, ", "1-A, ",
    "yes ", "no, ", "red ", "not ", "(", "-", "\\frac{", "√", "and ", ". ", "answer is ", "twenty ", "9^", "{}", '""',
    "a\n", "is ",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seed", HOSTILE, ids=repr)
def test_time_grows_no_faster_than_the_text(seed):
    """From 16 kB to 256 kB, 16 times the text, no reader takes more than about 16 times as long."""

    def seconds(size: int) -> float:
        text = seed * (size // len(seed))
        began = time.perf_counter()
        for kind in ("number", "decimal", "yesno", "word", "name", "choice", "order", "direction"):
            options = ("red", "upper left") if kind == "word" else ("A", "B") if kind == "choice" else ()
            score_answer(Answer("1", kind, options, 0.1, "cm") if kind != "direction" else Answer("left", kind), text)
        reader.last_object(text)
        reader.program_text(text)
        return time.perf_counter() - began

    small = min(seconds(16_000) for _ in range(2))
    assert seconds(256_000) < 48 * small + 0.3
