"""Answers: from the text that a model wrote to a score, by rules and nothing else."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()
DIRECTION_WORDS = {
    "front": ("ahead", "forward", "forwards", "front"),
    "back": ("behind", "backward", "backwards", "back", "rear"),
    "left": ("left", "leftward", "leftwards"),
    "right": ("right", "rightward", "rightwards"),
    "nearer": ("nearer", "closer"),
    "farther": ("farther", "further"),
    "above": ("above", "up", "upward", "upwards", "higher"),
    "below": ("below", "down", "downward", "downwards", "lower"),
    "turn": ("turn", "turned", "turns", "turning"),
}
"""The parts of a direction, and other ways to say each."""
OPPOSITES = (("front", "back"), ("left", "right"), ("nearer", "farther"), ("above", "below"))
COUNT_CREDIT = {0: 1.0, 1: 0.3, 2: 0.1}
"""By how far a count is off: SpatialEvo's `count_reward`."""
DIRECTION_CREDIT = {(2, 3): 0.5, (1, 2): 0.1}
"""By how many parts of how many are right. SpatialEvo gives 1 for two of three, so that up and down never count."""
MRA_THRESHOLDS = tuple(float(1 - confidence) for confidence in np.linspace(0.5, 0.95, 10))
"""Relative errors of mean relative accuracy: VSI-Bench (Yang et al. 2024, arXiv 2412.14171, section 3.2), with the
float arithmetic of its code: 8 for 10 is no better than 0.6, as 1 - 0.8 is less than 0.2 there."""
GRADED = ("tally", "mra", "direction")
"""Kinds of which a wrong answer may score something."""
MAX_ANSWER_CHARS = 4_000
MAX_DIGITS = 40
YES_NO = {"yes": "yes", "no": "no", "true": "yes", "false": "no"}
SCALES = {"thousand": 3, "k": 3, "million": 6, "m": 6, "mn": 6, "billion": 9, "b": 9, "bn": 9}
UNITS = {
    "%": ("percent", "per cent", r"\%"),
    "°": ("degree", "degrees", "deg", r"^\circ", r"^{\circ}"),
    "cm": ("centimetre", "centimetres", "centimeter", "centimeters"),
    "m": ("metre", "metres", "meter", "meters"),
    "cm²": ("cm^2", "cm2", "square centimetres", "square centimeters", "sq cm"),
    "m²": ("m^2", "m2", "square metres", "square meters", "sq m"),
}
"""Other ways to write a unit; any other unit is read as it is written."""

_TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL | re.IGNORECASE)
_LEAD = re.compile(
    r"^(?:so\s+|therefore,?\s+)?(?:the\s+)?(?:final\s+|correct\s+)?(?:answer|option|choice)\s*(?:is|:|=)\s*:?\s*",
    re.IGNORECASE,
)
_DIGITS = r"\d{1,3}(?:,\d{3})+|\d+"
_INTEGER = re.compile(rf"[+-]?(?:{_DIGITS})(?:\.0+)?", re.ASCII)
_DECIMAL = re.compile(rf"[+-]?(?:(?:{_DIGITS})(?:\.\d*)?|\.\d+)(?:e[+-]?\d{{1,3}})?", re.ASCII)
_FRACTION = re.compile(r"([+-]?)(?:(\d+)\s+)?(\d+)\s*/\s*(\d+)", re.ASCII)
_TEX_FRACTION = re.compile(r"([+-]?)\\[dt]?frac\{(\d+)\}\{(\d+)\}", re.ASCII)
_LETTER = re.compile(
    r"(?:option|choice|picture|image)?\s*(?:\(([a-z])\)[\s.:]*|([a-z])(?:\s*[.:)]\s*|$))(\S.*)?$", re.DOTALL
)
_LETTERS = re.compile(r"[a-z]+|[a-z](?:\s*,\s*[a-z])+|[a-z](?:\s+[a-z])+|[a-z](?:\s*-\s*[a-z])+")
_PLACED = re.compile(r"(\d)\s*(?:-|:|=|->|\.|→)?\s*([a-z])", re.ASCII)
_PLACES = re.compile(rf"{_PLACED.pattern}(?:\s*[,;]?\s*{_PLACED.pattern})*", re.ASCII)
_SECOND = re.compile(r"(?:^|\W)(?:or|and|nor|not|but)\s+\(?[a-z]\)?(?:\W|$)")


@dataclass(frozen=True, slots=True)
class Score:
    """A reward in [0, 1] (penalties may go below) with the terms that make it up."""

    value: float
    terms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is right: the value, its kind (one of `KINDS`) and what an answer may be."""

    value: str
    kind: str
    options: tuple[str, ...] = ()
    tolerance: float = 0.0
    """How far an amount may be off, as a share of the value; an amount of 0 must be hit."""
    measure: str = ""
    """The unit that an amount may be given with."""


def final_answer(text: str) -> str | None:
    r"""The part of a reply that is the answer, in lower case; None where two parts claim to be it.

    What stands in `<answer>` tags or `\boxed{}` counts; without either the whole reply does. Texts over
    `MAX_ANSWER_CHARS` are no answers.

    >>> final_answer("I count them. <answer> 3 </answer>")
    '3'
    >>> final_answer("The answer is Red.")
    'red'
    >>> final_answer(r"so it is \boxed{\frac{3}{4}}")
    '\\frac{3}{4}'
    """
    if len(text) > MAX_ANSWER_CHARS:
        return None
    claims = [*_TAGGED.findall(text), *_boxed(text)]
    # A box within tags says the same thing twice.
    claims = [inner[0] if (inner := _boxed(claim)) else claim for claim in claims]
    if len({claim.strip().lower() for claim in claims}) > 1:
        return None
    body = claims[-1] if claims else text
    body = _LEAD.sub("", _bare(body)).strip()
    return _bare(body).rstrip(".!").rstrip().lower()


def _bare(text: str) -> str:
    return text.strip().strip("*$`\"'").strip()


def _boxed(text: str) -> list[str]:
    r"""What stands in each `\boxed{}`, braces within it matched."""
    found = []
    for start in (match.end() for match in re.finditer(r"\\boxed\{", text)):
        open_braces = 1
        for end in range(start, len(text)):
            open_braces += {"{": 1, "}": -1}.get(text[end], 0)
            if not open_braces:
                found.append(text[start:end])
                break
    return found


def read_answer(text: str, kind: str, options: tuple[str, ...] = (), measure: str = "") -> str | None:
    """The reply as a value of its kind in canonical form, or None where it is not one.

    >>> read_answer("three", "number"), read_answer("not 3", "number"), read_answer("3 or 4", "number")
    ('3', None, None)
    >>> read_answer("1,200.50 cm", "decimal", measure="cm"), read_answer("(B)", "choice", ("A", "B"))
    ('1200.5', 'B')

    Raises:
        ValueError: no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown answer kind {kind!r}; allowed: {', '.join(KINDS)}")
    body = final_answer(text)
    return KINDS[kind](body, options, measure) if body else None


def _number(body: str, options: tuple[str, ...], measure: str) -> str | None:
    if body in NUMBER_WORDS:
        return str(NUMBER_WORDS.index(body))
    if not _INTEGER.fullmatch(body) or len(body) > MAX_DIGITS:
        return None
    return str(int(body.replace(",", "").split(".")[0]))


def _yesno(body: str, options: tuple[str, ...], measure: str) -> str | None:
    return YES_NO.get(body)


def _word(body: str, options: tuple[str, ...], measure: str) -> str | None:
    """One of the options, whatever its case."""
    said = " ".join(body.split())
    return next((option for option in options if option.lower() == said), None)


def _name(body: str, options: tuple[str, ...], measure: str) -> str | None:
    """Any text, or one of the options where there are some, but for its case, its spaces and a leading article."""
    said = " ".join(body.lower().removeprefix("the ").split())
    return said if not options or any(said == _name(option, (), "") for option in options) else None


def _choice(body: str, options: tuple[str, ...], measure: str) -> str | None:
    """A letter alone, in brackets, or before the option's text."""
    found = _LETTER.match(body)
    if found is None or _SECOND.search(found[3] or ""):
        return None
    return next((option for option in options if option.lower() == (found[1] or found[2])), None)


def _order(body: str, options: tuple[str, ...], measure: str) -> str | None:
    """The letters of places 1, 2, ... in this order, alone, spaced, or each behind its number; each letter once.

    >>> read_answer("B, A, D, C", "order"), read_answer("2-A, 1-B, 3-D, 4-C", "order"), read_answer("B, A", "order")
    ('BADC', 'BADC', 'BA')
    """
    said = body.strip("()[] ")
    pairs = sorted((int(number), letter) for number, letter in _PLACED.findall(said))
    if pairs and _PLACES.fullmatch(said):
        if [number for number, _ in pairs] != list(range(1, len(pairs) + 1)):
            return None
        letters = "".join(letter for _, letter in pairs)
    elif _LETTERS.fullmatch(said):
        letters = "".join(char for char in said if char.isalpha())
    else:
        return None
    read = letters.upper()
    return read if len(set(read)) == len(read) > 1 and (not options or read in options) else None


def _decimal(body: str, options: tuple[str, ...], measure: str) -> str | None:
    amount = _amount(_without_unit(body, measure))
    return None if amount is None else f"{amount:.12g}"


def _without_unit(body: str, measure: str) -> str:
    """The text without its unit, where it is the one that is asked for."""
    if not measure:
        return body
    for unit in sorted((measure.lower(), *UNITS.get(measure, ())), key=len, reverse=True):
        if body.endswith(unit):
            return body.removesuffix(unit).strip().removesuffix("\\text{").strip()
    return body.removeprefix(measure.lower()).strip() if measure in "$€£" else body


def _amount(text: str) -> float | None:
    """A decimal, a fraction, or a number with `thousand`, `million`, `billion`."""
    text = text.replace("\u2212", "-")
    if len(text) > MAX_DIGITS:
        return None
    if text in NUMBER_WORDS:
        return float(NUMBER_WORDS.index(text))
    if found := _FRACTION.fullmatch(text):
        sign, whole, above, below = found.groups()
    elif found := _TEX_FRACTION.fullmatch(text):
        (sign, above, below), whole = found.groups(), None
    else:
        return _scaled(text)
    if not int(below):
        return None
    value = int(whole or 0) + Fraction(int(above), int(below))
    return _finite(-value if sign == "-" else value)


def _scaled(text: str) -> float | None:
    scale = 0
    for name, power in sorted(SCALES.items(), key=lambda pair: -len(pair[0])):
        if text.endswith(name):
            text, scale = text.removesuffix(name).strip(), power
            break
    return _finite(Fraction(text.replace(",", "")) * 10**scale) if _DECIMAL.fullmatch(text) else None


def _finite(value: Fraction) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


_WAYS = {way: part for part, ways in DIRECTION_WORDS.items() for way in ways}
_FILLERS = frozenset("to the and in of straight towards moved".split())


def _direction(body: str, options: tuple[str, ...], measure: str) -> str | None:
    """Parts of a direction in any order, as one of the options, or else in the order of `DIRECTION_WORDS`.

    >>> read_answer("to the left and in front", "direction"), read_answer("not left", "direction")
    ('front-left', None)
    >>> read_answer("right-front", "direction", ("front", "front-right")), read_answer("left-right", "direction")
    ('front-right', None)
    """
    words = [word for word in re.split(r"[\s/_-]+", body) if word and word not in _FILLERS]
    if not words or any(word not in _WAYS for word in words):
        return None
    parts = {_WAYS[word] for word in words}
    if len(parts) < len(words) or any(one in parts and other in parts for one, other in OPPOSITES):
        return None
    if options:
        return next((option for option in options if set(option.split("-")) == parts), None)
    return "-".join(part for part in DIRECTION_WORDS if part in parts)


KINDS: Mapping[str, Callable[[str, tuple[str, ...], str], str | None]] = {
    "number": _number,
    "decimal": _decimal,
    "yesno": _yesno,
    "word": _word,
    "name": _name,
    "choice": _choice,
    "order": _order,
    "phrase": _word,
    "tally": _number,
    "mra": _decimal,
    "direction": _direction,
}
"""`number`: a count; `decimal`: an amount, within a tolerance; `yesno`; `word`: one of a closed list; `phrase`: the
same in several words; `name`: a text that the scene shows; `choice`: the letter of an option; `order`: the letters of
several places in turn. Graded ones: `tally`, a count; `mra`, an amount, by mean relative accuracy; `direction`, by its
parts."""


def score_answer(answer: Answer, text: str) -> Score:
    """1 where the reply says the answer and nothing that contradicts it, else 0.

    An amount may be off by its tolerance, as a share of the right one: ChartQA's relaxed accuracy (Masry et al. 2022,
    section 5.1, https://arxiv.org/abs/2203.10244) at 0.05; unlike there, units and separators are read, not failed.

    A graded kind gives part of 1 for an answer that is nearly right.

    Terms: `correct` (the score itself), and `format` (the reply could be read as an answer of its kind).
    """
    read = read_answer(text, answer.kind, answer.options, answer.measure)
    if read is None:
        return Score(0.0, {"correct": 0.0, "format": 0.0})
    if answer.kind in GRADED:
        value = _graded(answer, read)
        return Score(value, {"correct": value, "format": 1.0})
    if answer.kind == "decimal":
        right = float(answer.value)
        # A hair more, so that a value on the border does not hang on its last bit.
        correct = float(abs(float(read) - right) <= abs(right) * answer.tolerance * (1 + 1e-9))
    elif answer.kind == "name":
        correct = float(read == _name(answer.value, (), ""))
    else:
        correct = float(read == answer.value)
    return Score(correct, {"correct": correct, "format": 1.0})


def _graded(answer: Answer, read: str) -> float:
    """Between 0 and 1."""
    if answer.kind == "tally":
        return COUNT_CREDIT.get(abs(int(read) - int(answer.value)), 0.0)
    if answer.kind == "mra":
        return mean_relative_accuracy(float(read), float(answer.value))
    said, right = set(read.split("-")), set(answer.value.split("-"))
    if said == right:
        return 1.0
    if any({one, other} <= said | right for one, other in OPPOSITES):
        return 0.0
    return DIRECTION_CREDIT.get((len(said & right), max(len(said), len(right))), 0.0)


def mean_relative_accuracy(said: float, right: float) -> float:
    """The share of `MRA_THRESHOLDS` that the relative error does not exceed.

    >>> mean_relative_accuracy(10, 10), mean_relative_accuracy(8, 10), mean_relative_accuracy(30, 10)
    (1.0, 0.6, 0.0)

    Raises:
        ZeroDivisionError: the right amount is 0.
    """
    error = abs(said - right) / right
    return sum(error <= threshold for threshold in MRA_THRESHOLDS) / len(MRA_THRESHOLDS)
