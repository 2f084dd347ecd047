r"""Amounts as people and models write them: digits, words, units, percentages, fractions, LaTeX and closed expressions.

`read_amount` turns a phrase such as `about 16.7 cm`, `forty-eight degrees`, `1.3 thousand` or
`\frac{225\sqrt{3}}{2}` into a number in the unit that was asked for, or into None where it says no single amount.
Everything takes time linear in the text.
"""

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from .latex import plain_math
from .units import CURRENCIES, LENGTHS, Amount, canonical_unit, converted, is_unit

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
NUMBER_WORDS: Mapping[str, int] = {
    **{word: value for value, word in enumerate(ONES)},
    **{word: 10 * value for value, word in enumerate(TENS, 2)},
}
SCALES: Mapping[str, int] = {
    "hundred": 10**2, "thousand": 10**3, "k": 10**3, "million": 10**6, "mn": 10**6, "mio": 10**6,
    "billion": 10**9, "bn": 10**9, "trillion": 10**12,
}  # fmt: skip
MAX_DIGITS = 40
"""Digits of a number at most: a longer one is no measurement."""
MAX_TOKENS = 80
"""Parts of an expression at most."""
MAX_VALUE = 1e15

BOUNDS = frozenset(
    "between over under above below than least most up more less fewer or either maybe perhaps possibly not isn't "
    "never neither nor unsure from range if".split()
)
"""Words that make an amount no single one."""

_TOKEN = re.compile(
    r"(?P<number>[0-9]+(?:[.,][0-9]+)*\.?|\.[0-9]+)(?:e(?P<power>[+-]?[0-9]{1,3})(?![A-Za-z0-9]))?"
    r"|(?P<word>\\?[A-Za-zµ]+[0-9]*)|(?P<sign>[^\sA-Za-z0-9])"
)
_FUNCTIONS = {"sin": math.sin, "cos": math.cos, "tan": math.tan}


_FRACTION_WORDS = frozenset("half halves third thirds quarter quarters fifth fifths dozen dozens twice".split())


def read_amount(text: str, measure: str = "") -> float | None:
    r"""Return the single amount that a phrase or sentence says, in the unit `measure`; None where it says none.

    What stands behind the last `=`, `≈` or "is" is taken where several numbers stand in the sentence.

    >>> read_amount("about 16.7 cm", "cm"), read_amount("180 - 132 = 48", "°"), read_amount("520 or 640")
    (16.7, 48.0, None)
    >>> round(read_amount(r"\frac{225\sqrt{3}}{2}", "cm²"), 2), read_amount("five hundred and twenty points", "points")
    (194.86, 520.0)
    """
    for phrase in phrases_to_read(plain_math(text)):
        parsed_amount = _phrase_amount(phrase, measure)
        if parsed_amount is not None:
            return converted(parsed_amount, measure)
    return None


def phrases_to_read(text: str) -> list[str]:
    """List the parts of `text` to read: behind its last equality, its conclusion, its last verb, and all of it."""
    candidate_phrases = []
    for mark in ("=", "≈"):
        if mark in text:
            text = text.rpartition(mark)[2]
            candidate_phrases = [text]
    for mark in _CONCLUDING:
        if mark in text:
            text = text.rpartition(mark)[2]
            candidate_phrases.append(text)
    words = text.split()
    verb_indices = [
        word_index for word_index, word in enumerate(words) if word.lower().strip(",:") in _VERBS or word.endswith(":")
    ]
    if verb_indices:
        candidate_phrases.append(" ".join(words[verb_indices[-1] + 1 :]))
    return [*candidate_phrases, text] if text not in candidate_phrases else candidate_phrases


_CONCLUDING = (" so ", " therefore ", " thus ", " hence ", " a total of ", " making ")
_VERBS = frozenset("is are was be equals equal measures has shows reads gives makes reaches totals".split())


def _phrase_amount(phrase: str, measure: str) -> Amount | None:
    """Read one amount with its unit; any other number, a bound or an alternative in the phrase makes it None."""
    words = [word.strip(",;:!?\"'*`$()[]") for word in phrase.lower().split()]
    if any(word in BOUNDS for word in words) or any(mark in phrase for mark in "<>≤≥±?"):
        return None
    matches = list(_TOKEN.finditer(_without_aside(phrase)))
    if len(matches) > MAX_TOKENS or _has_glued_word(matches, measure):
        return None
    return _Parser([_token(match) for match in matches]).amount(measure)


def _has_glued_word(matches: Sequence[re.Match[str]], measure: str) -> bool:
    """Tell whether a word hangs on a number of `matches` that is neither a unit nor a scale: `2x`, `3rd`, `a0.5`."""
    for number, word in pairwise(matches):
        text = word["word"]
        if number["word"] and word["number"] and number.end() == word.start():
            return True
        if number["number"] and text and text[0] != "\\" and number.end() == word.start():
            unit_name = canonical_unit(text)
            is_scale = text.lower() in SCALES or text in ("M", "B")
            if not (is_unit(unit_name) or is_scale or unit_name == canonical_unit(measure)):
                return True
    return False


def _without_aside(phrase: str) -> str:
    """Drop a bracket of words at the end of `phrase`, such as "(approximately)"."""
    phrase_body = phrase.strip().rstrip(".!")
    if phrase_body.endswith(")") and "(" in phrase_body:
        head, _, aside_text = phrase_body.rpartition("(")
        if head.strip() and not any(char.isdigit() for char in aside_text):
            return head
    return phrase


def _token(match: re.Match[str]) -> tuple[str, str]:
    if match["number"]:
        return "number", match["number"] + (f"e{match['power']}" if match["power"] else "")
    return ("word", match["word"]) if match["word"] else ("sign", match["sign"])


def number_value(text: str) -> float | None:
    """Return the value of digits with separators in `text`: `1,320.5`, `0,82` (a decimal comma), `1.2e3`; else None.

    >>> number_value("1,320"), number_value("0,82"), number_value("1,2,3"), number_value("12.")
    (1320.0, 0.82, None, 12.0)
    """
    digits, _, power = text.partition("e")
    digits = digits.removesuffix(".")
    if len(digits) > MAX_DIGITS:
        return None
    whole_part, *digit_groups = digits.split(",")
    if digit_groups:
        last_group, point, decimals = digit_groups[-1].partition(".")
        if (
            all(len(group) == 3 for group in [*digit_groups[:-1], last_group])
            and 1 <= len(whole_part) <= 3
            and "." not in whole_part
        ):
            digits = whole_part + "".join(digit_groups[:-1]) + last_group + point + decimals
        elif len(digit_groups) == 1 and "." not in digits and len(last_group) <= 2:
            digits = f"{whole_part}.{last_group}"
        else:
            return None
    if digits.count(".") > 1:
        return None
    if abs(int(power or 0)) > MAX_DIGITS:
        return None
    value = float(digits) * 10.0 ** int(power or 0)
    return value if abs(value) <= MAX_VALUE else None


class _Parser:
    """Reads tokens as one amount: hedges, a sign, a closed expression, a scale, a unit, and harmless words."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.position = 0
        self.is_symbolic = False
        """A root, π or a function was read: then a sum is a value and not a calculation left undone."""
        self.has_sum = False
        self.is_in_degrees = False
        """A degree sign stood in the brackets that were just read."""

    def amount(self, measure: str) -> Amount | None:
        """Read all tokens as one amount, in the unit `measure` where its name stands there."""
        currency = self._lead_in()
        value = self._value()
        if value is None or (self.has_sum and not self.is_symbolic):
            return None
        unit_name = currency or self._unit(measure)
        other_tokens = self.tokens[self.position :]
        if any(self._is_numeric(kind, text) or text == "=" or text[1:].isdigit() for kind, text in other_tokens):
            # "4 (four)" says one amount twice; "4 4" does not.
            if other_tokens[0][1] != "(":
                return None
            other_values = [
                number_value(text) if kind == "number" else NUMBER_WORDS.get(text.lower())
                for kind, text in other_tokens
            ]
            if any(other_value not in (None, value) for other_value in other_values) or value not in other_values:
                return None
        return Amount(value, unit_name)

    # --- tokens ---------------------------------------------------------------------------------------------------

    def _peek(self, offset: int = 0) -> tuple[str, str]:
        at = self.position + offset
        return self.tokens[at] if at < len(self.tokens) else ("end", "")

    def _take(self, text: str) -> bool:
        if self._peek()[1] == text:
            self.position += 1
            return True
        return False

    def _is_numeric(self, kind: str, text: str) -> bool:
        word = text.lower()
        return kind == "number" or (
            kind == "word"
            and word != "one"
            and (word in NUMBER_WORDS or (word in SCALES and len(word) > 2) or word in _FRACTION_WORDS)
        )

    def _lead_in(self) -> str:
        """Skip words and marks before the amount; return a currency's sign among them, or ""."""
        currency = ""
        while self.position < len(self.tokens):
            kind, text = self._peek()
            if self._starts_value(kind, text):
                break
            if text in CURRENCIES and self._peek(1)[0] == "number":
                currency = text
            self.position += 1
        return currency

    def _starts_value(self, kind: str, text: str) -> bool:
        if kind == "number" or text in ("√", "π"):
            return True
        if kind == "word":
            lower_text = text.lower().lstrip("\\")
            return (lower_text in NUMBER_WORDS and (lower_text != "one" or self._one_is_number())) or lower_text in (
                "sqrt",
                *_FUNCTIONS,
            )
        return text in "(-+" and self._opens_value(1)

    def _opens_value(self, offset: int) -> bool:
        """Tell whether a value follows the signs and brackets from `offset` tokens ahead."""
        while self._peek(offset)[1] in ("(", "-", "+") and self._peek(offset)[0] == "sign":
            offset += 1
        kind, text = self._peek(offset)
        return kind == "number" or text in ("√", "π") or (kind == "word" and text.lower() in NUMBER_WORDS)

    def _one_is_number(self) -> bool:
        """Tell "one" the number from "one" the pronoun: no other number may stand in the phrase."""
        return not any(self._is_numeric(kind, text) for kind, text in self.tokens)

    # --- values ---------------------------------------------------------------------------------------------------

    def _value(self) -> float | None:
        sum_value = self._term()
        while sum_value is not None and self._peek()[1] in ("+", "-") and self._opens_value(1):
            term_sign = 1.0 if self._peek()[1] == "+" else -1.0
            self.position += 1
            self.has_sum = True
            next_term = self._term()
            sum_value = None if next_term is None else sum_value + term_sign * next_term
        return sum_value if sum_value is not None and abs(sum_value) <= MAX_VALUE and math.isfinite(sum_value) else None

    def _term(self) -> float | None:
        product_value = self._factor()
        while product_value is not None:
            if self._take("*"):
                next_factor = self._factor()
                product_value = None if next_factor is None else product_value * next_factor
            elif self._peek()[1] == "/" and self._opens_value(1):
                self.position += 1
                next_factor = self._factor(is_divisor=True)
                product_value = product_value / next_factor if next_factor and self._peek()[1] != "/" else None
            elif self._peek()[1] in ("√", "π", "(") or self._is_function():
                if self._peek()[1] == "(" and (self._peek(1)[1].lower() in NUMBER_WORDS or not self._opens_value(0)):
                    break
                next_factor = self._factor()
                product_value = None if next_factor is None else product_value * next_factor
            else:
                break
            if product_value is not None and not abs(product_value) <= MAX_VALUE:
                return None
        return product_value

    def _is_function(self) -> bool:
        kind, text = self._peek()
        return kind == "word" and text.lower().lstrip("\\") in ("sqrt", *_FUNCTIONS)

    def _factor(self, is_divisor: bool = False) -> float | None:
        if self._take("-"):
            value = self._factor()
            return None if value is None else -value
        if self._take("+"):
            return self._factor()
        base_value = self._atom(is_divisor)
        if base_value is not None and self._take("^"):
            exponent = self._factor()
            if (
                exponent is None
                or abs(exponent) > 30
                or (base_value < 0 and exponent % 1)
                or (not base_value and exponent < 0)
            ):
                return None
            return base_value**exponent if abs(base_value) < 1e6 else None
        if base_value is not None and self._peek()[1] in ("²", "³"):
            base_value **= 2 if self._peek()[1] == "²" else 3
            self.position += 1
        return base_value

    def _atom(self, is_divisor: bool = False) -> float | None:
        kind, text = self._peek()
        if kind == "number":
            return self._number(is_divisor)
        self.position += 1
        if text == "(":
            value = self._value()
            self.is_in_degrees = self._take("°")
            return value if value is not None and self._take(")") else None
        lower_text = text.lower().lstrip("\\")
        if text == "π" or lower_text == "pi":
            self.is_symbolic = True
            return math.pi
        if text == "√" or lower_text == "sqrt":
            self.is_symbolic = True
            radicand = self._factor()
            return None if radicand is None or radicand < 0 else math.sqrt(radicand)
        if lower_text in _FUNCTIONS:
            self.is_symbolic = True
            self.is_in_degrees = False
            angle_value = self._factor()
            if angle_value is None:
                return None
            return _FUNCTIONS[lower_text](
                math.radians(angle_value) if self.is_in_degrees or self._take("°") else angle_value
            )
        if lower_text in NUMBER_WORDS:
            self.position -= 1
            return self._spelt()
        return None

    def _number(self, is_divisor: bool = False) -> float | None:
        """Read digits: groups apart (`1 320`), a scale (`1.3 thousand`), a mixed fraction unless `is_divisor`."""
        digit_text = self._peek()[1]
        self.position += 1
        while self._peek()[0] == "number" and digit_text.isdigit() and self._is_group(digit_text, self._peek()[1]):
            digit_text += self._peek()[1].removesuffix(".")
            self.position += 1
        value = number_value(digit_text)
        if value is None:
            return None
        is_mixed = self._peek()[0] == "number" and self._peek(1)[1] == "/" and self._peek(2)[0] == "number"
        if is_mixed and value % 1 == 0 and not is_divisor:
            numerator_value, denominator_value = number_value(self._peek()[1]), number_value(self._peek(2)[1])
            if numerator_value is None or not denominator_value:
                return None
            self.position += 3
            return value + numerator_value / denominator_value
        return value * self._scale() + self._half()

    @staticmethod
    def _is_group(text: str, following: str) -> bool:
        return (
            len(following.removesuffix(".")) == 3
            and following.removesuffix(".").isdigit()
            and (len(text) <= 3 or (len(text) % 3 <= 3 and len(text) > 3))
        )

    def _scale(self) -> float:
        kind, text = self._peek()
        scale_factor = SCALES.get(text.lower(), 1) if kind == "word" else 1
        if kind == "word" and text == "M":
            scale_factor = 10**6
        elif kind == "word" and text == "B":
            scale_factor = 10**9
        if scale_factor != 1:
            self.position += 1
        return float(scale_factor)

    def _spelt(self) -> float | None:
        """Read a number in words: `five hundred and twenty`, `forty-eight`, `two thirds` is not read."""
        total_value, group_value, previous_kind = 0, 0, ""
        while True:
            kind, text = self._peek()
            word = text.lower()
            if kind == "word" and word in NUMBER_WORDS:
                word_value = NUMBER_WORDS[word]
                if previous_kind == "ones" or (previous_kind == "tens" and word_value >= 10):
                    return None
                group_value += word_value
                previous_kind = "tens" if word_value >= 20 else "ones"
            elif kind == "word" and word in SCALES and len(word) > 2 and previous_kind:
                if word == "hundred":
                    group_value *= 100
                else:
                    total_value, group_value = total_value + group_value * SCALES[word], 0
                previous_kind = "scale"
            elif (
                word in ("and", "-") and self._peek(1)[1].lower() in NUMBER_WORDS and previous_kind in ("scale", "tens")
            ):
                pass
            else:
                return float(total_value + group_value) + self._half()
            self.position += 1

    def _half(self) -> float:
        """Read "and a half" behind a number."""
        if [text.lower() for _, text in self.tokens[self.position : self.position + 3]] != ["and", "a", "half"]:
            return 0.0
        self.position += 3
        return 0.5

    # --- units ----------------------------------------------------------------------------------------------------

    def _unit(self, measure: str) -> str:
        """Read the unit behind the value: a known one, or the `measure` that was asked for; another noun is none."""
        next_texts = [text for _, text in self.tokens[self.position : self.position + 3]]
        for part_count in (3, 2, 1):
            if len(next_texts) < part_count:
                continue
            name_parts = next_texts[:part_count]
            name = name_parts[0] + "".join(
                part if part in "²³" or part.isdigit() else f" {part}" for part in name_parts[1:]
            )
            unit_name = canonical_unit(name)
            if unit_name == "in" and canonical_unit(measure) not in LENGTHS:
                # "4 in total"
                continue
            if is_unit(unit_name) or (unit_name and unit_name == canonical_unit(measure)):
                self.position += part_count
                return unit_name
        return ""
