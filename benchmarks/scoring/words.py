"""Texts in replies: boxed answers, mathematics, names of choices."""

import math
import re
from collections.abc import Sequence


def boxed(reply: str) -> str | None:
    r"""Return the content of the last `\boxed{}` of `reply`, inner braces and all; None where there is none.

    >>> boxed(r"so \boxed{1} or \boxed{\frac{1}{2}}"), boxed(r"\boxed{open"), boxed("none")
    ('\\frac{1}{2}', None, None)
    """
    start = reply.rfind(r"\boxed{")
    if start < 0:
        return None
    depth, content_start = 0, start + len(r"\boxed{")
    for index in range(content_start - 1, len(reply)):
        depth += {"{": 1, "}": -1}.get(reply[index], 0)
        if depth == 0:
            return reply[content_start:index]
    return None


_STARE_FLAGS = ("final answer is", "correct answer is", "answer should be", "answer is", "answer:")


def stare_answer(reply: str) -> str:
    r"""Return STARE's answer in `reply`: a letter that it begins with, a number, the last box, or after a phrase.

    Source: the authors' `fast_extract_answer` (as in lmms-eval task stare, read 2026-11-30).

    >>> stare_answer("B. left"), stare_answer(r"so \boxed{\text{yes}}"), stare_answer("Thus the answer is C. Done")
    ('B', 'yes', 'c')
    >>> stare_answer("3.5"), stare_answer("(b)")
    ('3.5', '')
    """
    text = reply.strip()
    for letter in "ABCDEFGH":
        if text.upper() == letter or text.startswith((f"{letter}:", f"{letter}.")):
            return letter
    try:
        float(text)
    except ValueError:
        pass
    else:
        return text
    boxed_answer = last_closed_box(text)
    if boxed_answer is not None:
        inner_texts = re.findall(r"\\text\{(.*?)\}", boxed_answer)
        return (inner_texts[-1] if inner_texts else boxed_answer).strip()
    flag = next((flag for flag in _STARE_FLAGS if flag in text.lower()), None)
    return "" if flag is None else text.lower().split(flag)[-1].strip().split("\n")[0].split(".")[0]


def last_closed_box(reply: str) -> str | None:
    r"""Return the content of the last `\boxed{}` of `reply` that closes, outermost boxes alone; None of none.

    >>> last_closed_box(r"\boxed{1} and \boxed{open"), last_closed_box(r"\boxed{\frac{1}{2}}")
    ('1', '\\frac{1}{2}')
    """
    content, depth, content_start, index = None, 0, 0, 0
    while index < len(reply):
        if depth == 0:
            opening = reply.find(r"\boxed{", index)
            if opening < 0:
                break
            index = content_start = opening + len(r"\boxed{")
            depth = 1
            continue
        depth += {"{": 1, "}": -1}.get(reply[index], 0)
        if depth == 0:
            content = reply[content_start:index]
        index += 1
    return content


def stare(reply: str, right_answer: str) -> float:
    r"""Score `reply` as STARE: its answer is the right one in lower case, or the same number to two digits.

    Source: the authors' `is_equal` (as in lmms-eval task stare, read 2026-11-30), whose latex2sympy is `latex_value`
    here and whose word2number reads the words for 0 to 20 here.

    >>> stare(r"\boxed{B}", "B"), stare("Yes", "yes"), stare(r"\boxed{Yes}", "yes"), stare("C", "B")
    (1.0, 0.0, 1.0, 0.0)
    >>> stare(r"\boxed{\frac{1}{2}}", "0.5"), stare(r"\boxed{three}", "3")
    (1.0, 1.0)
    """
    answer, right_text = stare_answer(reply).lower().strip(), right_answer.lower().strip()
    if answer == right_text or (answer in NUMBER_WORDS and str(NUMBER_WORDS.index(answer)) == right_text):
        return 1.0
    answer_value, right_value = latex_value(answer), latex_value(right_text)
    return float(
        answer_value is not None and right_value is not None and round(answer_value, 2) == round(right_value, 2)
    )


NUMBER_WORDS = tuple(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty".split()
)


def plain(reply: str, right: str) -> float:
    """Score `reply` as RealWorldQA's short answers: the same text in lower case, without outer spaces and final dots.

    >>> plain(" Two. ", "two"), plain("2", "two")
    (1.0, 0.0)
    """
    return float(reply.lower().strip().rstrip(".") == right.lower().strip().rstrip("."))


def distance(first_text: str, second_text: str) -> int:
    """Return Levenshtein's distance of two texts: the least insertions, deletions and substitutions of letters.

    >>> distance("kitten", "sitting"), distance("", "abc")
    (3, 3)
    """
    costs = list(range(len(second_text) + 1))
    for a, letter in enumerate(first_text, start=1):
        diagonal, costs[0] = costs[0], a
        for b, other_letter in enumerate(second_text, start=1):
            diagonal, costs[b] = costs[b], min(costs[b] + 1, costs[b - 1] + 1, diagonal + (letter != other_letter))
    return costs[-1]


def mathvista_extract(reply: str, choices: Sequence[str], answer_type: str) -> str | None:
    """Return MathVista's final answer in `reply` by rules: a choice, a number, or `The answer is "..."`; else None.

    Source: its official `extract_answer` before the model is asked.

    >>> mathvista_extract("red", ["red", "blue"], "text"), mathvista_extract("12", [], "integer")
    ('red', '12')
    >>> mathvista_extract('The answer is "1.5".', [], "float"), mathvista_extract("It is 3 cm", [], "integer") is None
    ('1.5', True)
    """
    if reply == "":
        return ""
    if choices and reply in choices:
        return reply
    for number_type, parse in (("integer", int), ("float", float)):
        if answer_type == number_type:
            try:
                return str(parse(reply))
            except ValueError:
                continue
    quoted_answer = re.search(r'The answer is "(.*)"\.', reply)
    return quoted_answer.group(1) if quoted_answer else None


def mathvista_normalised(final_answer: str, choices: Sequence[str], answer_type: str, precision: int) -> str | None:
    """Return MathVista's normal form of `final_answer`; None where it has none.

    Source: its official `normalize_extracted_answer`: a letter is its choice, another text of a question with choices
    the nearest choice by Levenshtein's distance; numbers are rounded. Quirk: any text comes to some choice.

    >>> mathvista_normalised("(B)", ["red", "blue"], "text", 0), mathvista_normalised("blu", ["red", "blue"], "text", 0)
    ('blue', 'blue')
    >>> mathvista_normalised("1.26", [], "float", 1), mathvista_normalised("3.9", [], "integer", 0)
    ('1.3', '3')
    """
    text = final_answer.strip()
    if choices:
        bracketed_letters = re.findall(r"\(([a-zA-Z])\)", text)
        letter = (bracketed_letters[0] if bracketed_letters else text).upper()
        letters = [chr(ord("A") + option_number) for option_number in range(len(choices))]
        if letter in letters:
            return choices[letters.index(letter)]
        return min(choices, key=lambda choice: distance(text, choice))
    try:
        if answer_type == "integer":
            return str(int(float(text)))
        if answer_type == "float":
            return str(round(float(text), precision))
    except (ValueError, OverflowError):
        return None
    return text


def latex_value(text: str) -> float | None:
    r"""Return the number that `text` is, written plainly or in simple LaTeX; None where it is not one.

    Fractions, roots of numbers, pi, per cent and degrees; what is more is compared as text. The official scoring of
    MathVision takes latex2sympy, which reads more: a reply in rarer LaTeX may be wrong here and right there.

    >>> latex_value(r"\frac{1}{2}"), latex_value(r"2\sqrt{4}"), latex_value("3/4"), latex_value("50%"), latex_value("x")
    (0.5, 4.0, 0.75, 0.5, None)
    """
    expression = text.strip().strip("$").replace(" ", "").replace("\\left", "").replace("\\right", "").replace(",", "")
    expression = re.sub(r"\\(?:text|mathrm)\{[^}]*\}|\^\{?\\circ\}?|°", "", expression)
    expression = re.sub(r"\\[dt]?frac\{([^{}]+)\}\{([^{}]+)\}", r"((\1)/(\2))", expression)
    expression = re.sub(r"\\sqrt\{([^{}]+)\}", r"((\1)**0.5)", expression)
    expression = expression.replace("\\pi", "(3.141592653589793)").replace("\\cdot", "*").replace("\\times", "*")
    is_percent = expression.endswith(("%", "\\%"))
    expression = expression.rstrip("%").rstrip("\\")
    expression = re.sub(r"(?<=[\d)])(?=\()", "*", expression)
    value = arithmetic(expression)
    return None if value is None else value / 100 if is_percent else value


def arithmetic(text: str) -> float | None:
    """Return the value of `text`, an expression of numbers, + - * / ** and brackets, read by hand; else None.

    >>> arithmetic("2*(3+4)/7"), arithmetic("-2**2"), arithmetic("1/0"), arithmetic("__import__('os')")
    (2.0, -4.0, None, None)
    """
    tokens = re.findall(r"\d+\.?\d*|\.\d+|\*\*|[-+*/()]", text)
    if not tokens or "".join(tokens) != text or len(tokens) > 200:
        return None
    try:
        value, rest_tokens = _sum(tokens)
    except (ValueError, IndexError, ZeroDivisionError, OverflowError):
        return None
    return value if not rest_tokens and isinstance(value, float) and math.isfinite(value) else None


def _sum(tokens: list[str]) -> tuple[float, list[str]]:
    value, tokens = _product(tokens)
    while tokens and tokens[0] in "+-":
        sign = 1 if tokens[0] == "+" else -1
        other_value, tokens = _product(tokens[1:])
        value += sign * other_value
    return value, tokens


def _product(tokens: list[str]) -> tuple[float, list[str]]:
    value, tokens = _signed(tokens)
    while tokens and tokens[0] in ("*", "/"):
        is_division = tokens[0] == "/"
        other_value, tokens = _signed(tokens[1:])
        value = value / other_value if is_division else value * other_value
    return value, tokens


def _signed(tokens: list[str]) -> tuple[float, list[str]]:
    if tokens[0] in "+-":
        value, rest_tokens = _signed(tokens[1:])
        return (value if tokens[0] == "+" else -value), rest_tokens
    if tokens[0] == "(":
        base, rest_tokens = _sum(tokens[1:])
        if rest_tokens[0] != ")":
            raise ValueError("a bracket stays open")
        rest_tokens = rest_tokens[1:]
    else:
        base, rest_tokens = float(tokens[0]), tokens[1:]
    if rest_tokens and rest_tokens[0] == "**":
        power, rest_tokens = _signed(rest_tokens[1:])
        if abs(power) > 64:
            raise ValueError("too large a power")
        base = base**power
    return base, rest_tokens


_VISION_FLAGS = tuple(
    f"{article}{rest}"
    for rest in ("he final answer is", "he answer is", "he correct answer is", "he answer should be")
    for article in "tT"
)
_VISION_UNITS = re.compile(r"\\(?:[,!%$]|text|mbox|left|right)|\$|\^\{?\\circ\}?|\{?m\}?\^3|\{units\}|units|\{km\}|km")
_VISION_UNREAD = ("\\sqrt", "\\pi", "\\mathrm")
"""What its authors' evaluation leaves as a name, so that only the same text is equal."""


def mathvision(reply: str, right_answer: str, options: Sequence[str]) -> float:
    r"""Score `reply` as MathVision: its box, or what follows "the answer is", by letter, text, tuple or value to 0.01.

    Source: lmms-eval's `mathvision_standard_eval` (0.7.3), whose latex2sympy is `latex_value` here.
    Quirks: per cent is no hundredth, and roots and pi are equal as texts alone.

    >>> mathvision(r"\boxed{\frac{1}{2}}", "0.5", []), mathvision("the answer is (B).", "B", ["1", "2"])
    (1.0, 1.0)
    >>> mathvision(r"\boxed{2}", "B", ["1", "2"]), mathvision(r"\boxed{(1, 2)}", "(1,2)", []), mathvision("3", "4", [])
    (1.0, 1.0, 0.0)
    """
    final_answer = _mathvision_final(reply.strip())
    letters = [chr(ord("A") + option_number) for option_number in range(len(options))]
    right_answers = [right_answer, *([options[letters.index(right_answer)]] if right_answer in letters else [])]
    return float(any(_same(final_answer, right_text.lower().strip()) for right_text in right_answers))


def _mathvision_final(text: str) -> str:
    """Return what `text` says in the end, in lower case, without spaces, units and the box around it."""
    for letter in "ABCDE":
        if text.endswith((f" {letter}.", f" ({letter}).")) or text.startswith((f"{letter}\n", f"({letter})\n")):
            text = letter
    last_word = text.split("is ")[-1].rstrip(".")
    text = last_word if _is_number(last_word) else text
    if "oxed{" not in text:
        for flag in _VISION_FLAGS:
            if flag in text:
                text = text.split(flag)[-1].strip().split("\n")[0].split(". ")[0]
    answer = re.sub(r".*oxed\{(.*)\}.*", r"\1", text[max(0, text.rfind("oxed{")) :].lower(), flags=re.DOTALL)
    if "}" in answer and not -1 < answer.find("{") < answer.find("}"):
        answer = answer.split("}")[0]
    answer = _VISION_UNITS.sub("", answer.split("=")[-1].split("\\approx")[-1].replace(" ", "").replace("\n", ""))
    return re.sub(r"\(([a-e])\)|\{([a-e])\}", r"\1\2", answer).rstrip(".").lstrip(":").strip()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _same(final_answer: str, right_answer: str) -> bool:
    """Tell whether two texts in lower case are the same, or the same numbers one by one."""
    if not final_answer or not right_answer:
        return False
    if final_answer == right_answer:
        return True
    if final_answer[:1] in "([" and right_answer[:1] in "([" and "," in right_answer:
        answer_parts, right_parts = (
            tuple_text.strip("()[] ").split(",") for tuple_text in (final_answer, right_answer)
        )
        pairs = zip(answer_parts, right_parts, strict=False)
        return len(answer_parts) == len(right_parts) and all(
            _same(answer_part.strip(), right_part.strip()) for answer_part, right_part in pairs
        )
    if any(name in final_answer + right_answer for name in _VISION_UNREAD):
        return False
    answer_value, right_value = latex_value(final_answer), latex_value(right_answer)
    return answer_value is not None and right_value is not None and round(answer_value, 2) == round(right_value, 2)


def mm_zero(reply: str, right_answer: str) -> float:
    r"""Score `reply` by MM-Zero's rule for VisNumBench: the last box without inner braces, in lower case, no final dot.

    Source: its evaluation (commit 70592bcc).

    >>> mm_zero(r"\boxed{Four.}", "four"), mm_zero("four", "four")
    (1.0, 0.0)
    """
    boxed_answers = re.findall(r"\\boxed\{([^}]*)\}", reply)
    return float(
        bool(boxed_answers)
        and boxed_answers[-1].lower().strip().rstrip(".") == right_answer.lower().strip().rstrip(".")
    )


_PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
_DOTS_AT_MOST = 32


def yes_no(reply: str) -> str:
    """Return the one of yes and no that is a word of `reply`; "" where neither is, or both are.

    Source: VLMEvalKit's `YOrN_Extraction`, read 2026-11-30: what is neither is unknown, and wrong. Quirks of its
    punctuation: a mark beside a space goes, another becomes a space, and the first 32 dots before no digit go.

    >>> yes_no("Yes, it is."), yes_no("No."), yes_no("eyes"), yes_no(""), yes_no("Yes and no"), yes_no("It is not.")
    ('yes', 'no', '', '', '', '')
    """
    text = lower_text = reply.lower()
    has_thousands = re.search(r"\d,\d", lower_text) is not None
    for mark in _PUNCTUATION:
        is_beside_space = f"{mark} " in lower_text or f" {mark}" in lower_text
        text = text.replace(mark, "" if is_beside_space or has_thousands else " ")
    reply_words = re.sub(r"\.(?!\d)", "", text, count=_DOTS_AT_MOST).split()
    answers = [word for word in ("yes", "no") if word in reply_words]
    return answers[0] if len(answers) == 1 else ""
