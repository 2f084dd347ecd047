"""Growth of time with the text, for every parser of model-written replies, on texts made to hurt.

SVG's parsers have texts of their own in tests/render/test_svg_growth.py. Begin at `growth`.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...envs import make
from ...envs.answers.kinds import KINDS
from ...envs.answers.scoring import read_answer
from ...render.drawing import kind_of
from ...render.sandbox.claims import printable
from ...roles import coder, proposer
from ...train.generators.transport import decode
from .fuzz_targets import SCORERS

SIZES = (1_000, 32_000, 1_000_000)
STEEPEST = 100.0
"""How much longer 32 times the text may take: a quadratic parser takes a thousand times as long."""
UNMEASURED_S = 0.05
"""Shorter times are mostly noise."""
OPTIONS = {"choice": ("A", "B"), "order": ("BADC", "ABCD"), "word": ("red", "blue"), "phrase": ("red box", "ball")}

TEXTS = {
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
"""Texts made to hurt; what is repeated stands between bars."""

CANVAS, CHART = make("shapes/Canvas-v2"), make("charts/Chart-v1")


def _decoded(text: str) -> object:
    """Decode `text` as a server's reply; None where it is not JSON."""
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
    "replies of servers": _decoded,
    "reasons": printable,
    "replies to benchmarks": lambda text: [scorer(text) for scorer in SCORERS],
}


def grown(pattern: str, size: int) -> str:
    """Return the text of `size` characters that repeats what stands between the bars of `pattern`."""
    text_before, text_unit, text_after = (part.replace("\x7f", "|") for part in pattern.split("|"))
    return text_before + text_unit * (size // len(text_unit)) + text_after


class Growth(NamedTuple):
    """Times of one parser on one text, grown."""

    text_name: str
    seconds: tuple[float, ...]
    """Processor time for each size."""

    @property
    def is_linear(self) -> bool:
        """No size takes disproportionately longer than the one before."""
        steps = zip(self.seconds, self.seconds[1:], strict=False)
        return all(later <= STEEPEST * max(earlier, UNMEASURED_S) for earlier, later in steps)


def growth(parser_name: str, sizes: Sequence[int] = SIZES) -> list[Growth]:
    """Measure a parser, one of `PARSERS`, on every text at each of `sizes`, characters; steep ones are not grown on."""
    parse, results = PARSERS[parser_name], []
    for text_name, pattern in TEXTS.items():
        seconds: list[float] = []
        for size in sizes:
            text, start_s = grown(pattern, size), time.process_time()
            parse(text)
            seconds.append(time.process_time() - start_s)
            if not Growth(text_name, tuple(seconds)).is_linear:
                break
        results.append(Growth(text_name, tuple(seconds)))
    return results
