"""Parsers of model-written replies take time linear in the text: from 1 kB to 1 MB, on texts made to hurt.

SVG's parsers have texts of their own in render/test_svg_growth.py.
"""

import time
from collections.abc import Callable

import pytest

from zerosight.benchmarks.own.fuzz_targets import SCORERS
from zerosight.envs import make
from zerosight.envs.answers.kinds import KINDS
from zerosight.envs.answers.scoring import read_answer
from zerosight.render.drawing import kind_of
from zerosight.render.sandbox.claims import printable
from zerosight.roles import coder, proposer
from zerosight.train.generators.transport import decode

SIZES = (1_000, 32_000, 1_000_000)
STEEPEST = 100.0
"""How much longer 32 times the text may take: a quadratic parser takes a thousand times as long."""
UNMEASURED_S = 0.05
"""Shorter times are mostly noise."""
OPTIONS = {"choice": ("A", "B"), "order": ("BADC", "ABCD"), "word": ("red", "blue"), "phrase": ("red box", "ball")}

TEXTS = {
    # What is repeated stands between bars.
    "digits": "|1|",
    "words": "|red |",
    "lines": "|4\n|",
    "spaces": "4| |5",
    "line ends": "4|\n|5",
    "pairs of an order": "|1-A 2-B 3-C 4-D |1-",
    "numbers and signs": "|2 + |2",
    "units": "|3 m |",
    "brackets": "|(|",
    "square brackets": "|[|",
    "braces": '|{"a":|',
    "objects": '|{"a": 1} |',
    "quotes": '|"|',
    "backslashes": '"|\\|',
    "fences": "|```\n|",
    "fences with a label": "|```svg\n<svg/>\n|",
    "tildes": "|~~~|",
    "thoughts": "|<think>|",
    "ends of thoughts": "|</think>|",
    "boxes": "|\\boxed{|",
    "boxes one after the other": "|\\boxed{4} |",
    "fractions": "|\\frac{|",
    "dollars": "|$|",
    "stars": "|*|",
    "tags": "|<answer>|",
    "answers": "|Answer: 4. |",
    "sentences": "|The answer is red. |",
    "options": "|(A) |",
    "letters with dots": "|A.|",
    "denials": "|not |4",
    "surrogates": "|\ud800|",
    "combining marks": "a|\u0301|",
    "channels": "|<|channel|>final<|message|>|".replace("<|", "<\x7f").replace("|>", "\x7f>"),
}

CANVAS, CHART = make("shapes/Canvas-v2"), make("charts/Chart-v1")


def decoded(text: str) -> object:
    try:
        return decode(text.encode("utf-8", "surrogatepass"))
    except ValueError:
        return None


PARSERS: dict[str, Callable[[str], object]] = {
    **{
        f"answers of kind {kind}": lambda text, kind=kind: read_answer(text, kind, OPTIONS.get(kind, ()), "cm")  # type: ignore[misc]
        for kind in KINDS
    },
    "proposals": lambda text: (proposer.parse(CANVAS, text), proposer.parse(CHART, text)),
    "queries": lambda text: (CANVAS.parse(text), CHART.parse(text)),
    "programs": lambda text: kind_of(coder.parse(text)),
    "replies of servers": decoded,
    "reasons": printable,
    "replies to benchmarks": lambda text: [scorer(text) for scorer in SCORERS],
}


def grown(pattern: str, size: int) -> str:
    before, repeated, after = (part.replace("\x7f", "|") for part in pattern.split("|"))
    return before + repeated * (size // len(repeated)) + after


@pytest.mark.slow
@pytest.mark.parametrize("name", PARSERS)
def test_time_grows_with_the_text_and_no_faster(name: str) -> None:
    slow = {}
    for text_name, pattern in TEXTS.items():
        before = UNMEASURED_S
        for size in SIZES:
            text = grown(pattern, size)
            begun = time.process_time()
            PARSERS[name](text)
            spent = time.process_time() - begun
            if spent > STEEPEST * max(before, UNMEASURED_S):
                slow[text_name] = f"{size} bytes took {spent:.2f} s, after {before:.3f} s"
                break
            before = spent
    assert slow == {}
