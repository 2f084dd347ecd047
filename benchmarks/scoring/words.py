"""Texts in replies: boxed answers, mathematics, names of choices."""

import math
import re
from collections.abc import Sequence


def boxed(reply: str) -> str | None:
    r"""What stands in the last `\boxed{}`, inner braces and all; None where there is none.

    >>> boxed(r"so \boxed{1} or \boxed{\frac{1}{2}}"), boxed(r"\boxed{open"), boxed("none")
    ('\\frac{1}{2}', None, None)
    """
    start = reply.rfind(r"\boxed{")
    if start < 0:
        return None
    depth, first = 0, start + len(r"\boxed{")
    for place in range(first - 1, len(reply)):
        depth += {"{": 1, "}": -1}.get(reply[place], 0)
        if depth == 0:
            return reply[first:place]
    return None


def stare(reply: str, right: str) -> float:
    r"""STARE: the last boxed answer, or the whole reply, is the right letter or text without regard to case.

    >>> stare(r"\boxed{B}", "B"), stare(r"\boxed{(b). left}", "B"), stare("Yes", "yes"), stare("C", "B")
    (1.0, 1.0, 1.0, 0.0)
    """
    said, wanted = boxed(reply), right.strip().lower()
    text = (reply if said is None else said).strip().strip("$. ").lower()
    named = re.match(r"\(?([a-e])\)?(?:[.:)]|$)", text)
    return float(text == wanted or (named is not None and named.group(1) == wanted))


def plain(reply: str, right: str) -> float:
    """RealWorldQA's short answers: the same text in lower case, without spaces at the ends and dots at the end.

    >>> plain(" Two. ", "two"), plain("2", "two")
    (1.0, 0.0)
    """
    return float(reply.lower().strip().rstrip(".") == right.lower().strip().rstrip("."))


def distance(first: str, second: str) -> int:
    """Levenshtein's: the least insertions, deletions and substitutions of letters.

    >>> distance("kitten", "sitting"), distance("", "abc")
    (3, 3)
    """
    row = list(range(len(second) + 1))
    for a, letter in enumerate(first, start=1):
        before, row[0] = row[0], a
        for b, other in enumerate(second, start=1):
            before, row[b] = row[b], min(row[b] + 1, row[b - 1] + 1, before + (letter != other))
    return row[-1]


def mathvista_extract(reply: str, choices: Sequence[str], kind: str) -> str | None:
    """MathVista's extraction without a language model: a choice, a number, or `The answer is "..."`; None otherwise.

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
    for number, read in (("integer", int), ("float", float)):
        if kind == number:
            try:
                return str(read(reply))
            except ValueError:
                continue
    found = re.search(r'The answer is "(.*)"\.', reply)
    return found.group(1) if found else None


def mathvista_normalised(extracted: str, choices: Sequence[str], kind: str, precision: int) -> str | None:
    """MathVista's normal form of an extracted answer; None where it has none.

    Source: its official `normalize_extracted_answer`: a letter is its choice, another text of a question with choices
    the nearest choice by Levenshtein's distance; numbers are rounded. Quirk: any text comes to some choice.

    >>> mathvista_normalised("(B)", ["red", "blue"], "text", 0), mathvista_normalised("blu", ["red", "blue"], "text", 0)
    ('blue', 'blue')
    >>> mathvista_normalised("1.26", [], "float", 1), mathvista_normalised("3.9", [], "integer", 0)
    ('1.3', '3')
    """
    text = extracted.strip()
    if choices:
        named = re.findall(r"\(([a-zA-Z])\)", text)
        letter = (named[0] if named else text).upper()
        letters = [chr(ord("A") + number) for number in range(len(choices))]
        if letter in letters:
            return choices[letters.index(letter)]
        return min(choices, key=lambda choice: distance(text, choice))
    try:
        if kind == "integer":
            return str(int(float(text)))
        if kind == "float":
            return str(round(float(text), precision))
    except (ValueError, OverflowError):
        return None
    return text


def latex_value(text: str) -> float | None:
    r"""A number written plainly or in simple LaTeX; None where it is none.

    Fractions, roots of numbers, pi, per cent and degrees; what is more is compared as text. The official scoring of
    MathVision takes latex2sympy, which reads more: a reply in rarer LaTeX may be wrong here and right there.

    >>> latex_value(r"\frac{1}{2}"), latex_value(r"2\sqrt{4}"), latex_value("3/4"), latex_value("50%"), latex_value("x")
    (0.5, 4.0, 0.75, 0.5, None)
    """
    body = text.strip().strip("$").replace(" ", "").replace("\\left", "").replace("\\right", "").replace(",", "")
    body = re.sub(r"\\(?:text|mathrm)\{[^}]*\}|\^\{?\\circ\}?|°", "", body)
    body = re.sub(r"\\[dt]?frac\{([^{}]+)\}\{([^{}]+)\}", r"((\1)/(\2))", body)
    body = re.sub(r"\\sqrt\{([^{}]+)\}", r"((\1)**0.5)", body)
    body = body.replace("\\pi", "(3.141592653589793)").replace("\\cdot", "*").replace("\\times", "*")
    share = body.endswith(("%", "\\%"))
    body = body.rstrip("%").rstrip("\\")
    body = re.sub(r"(?<=[\d)])(?=\()", "*", body)
    value = arithmetic(body)
    return None if value is None else value / 100 if share else value


def arithmetic(text: str) -> float | None:
    """The value of an expression of numbers, + - * / ** and brackets, read by hand; None where it is none.

    >>> arithmetic("2*(3+4)/7"), arithmetic("-2**2"), arithmetic("1/0"), arithmetic("__import__('os')")
    (2.0, -4.0, None, None)
    """
    tokens = re.findall(r"\d+\.?\d*|\.\d+|\*\*|[-+*/()]", text)
    if not tokens or "".join(tokens) != text or len(tokens) > 200:
        return None
    try:
        value, rest = _sum(tokens)
    except (ValueError, IndexError, ZeroDivisionError, OverflowError):
        return None
    return value if not rest and isinstance(value, float) and math.isfinite(value) else None


def _sum(tokens: list[str]) -> tuple[float, list[str]]:
    value, tokens = _product(tokens)
    while tokens and tokens[0] in "+-":
        sign = 1 if tokens[0] == "+" else -1
        other, tokens = _product(tokens[1:])
        value += sign * other
    return value, tokens


def _product(tokens: list[str]) -> tuple[float, list[str]]:
    value, tokens = _signed(tokens)
    while tokens and tokens[0] in ("*", "/"):
        divide = tokens[0] == "/"
        other, tokens = _signed(tokens[1:])
        value = value / other if divide else value * other
    return value, tokens


def _signed(tokens: list[str]) -> tuple[float, list[str]]:
    if tokens[0] in "+-":
        value, rest = _signed(tokens[1:])
        return (value if tokens[0] == "+" else -value), rest
    if tokens[0] == "(":
        base, rest = _sum(tokens[1:])
        if rest[0] != ")":
            raise ValueError("a bracket stays open")
        rest = rest[1:]
    else:
        base, rest = float(tokens[0]), tokens[1:]
    if rest and rest[0] == "**":
        power, rest = _signed(rest[1:])
        if abs(power) > 64:
            raise ValueError("too large a power")
        base = base**power
    return base, rest


def mathvision(reply: str, right: str, options: Sequence[str]) -> float:
    r"""MathVision's rules: the boxed answer, or what follows "answer is", by letter, text, tuple or value to 0.01.

    Source: lmms-eval's `mathvision_standard_eval`, whose latex2sympy is `latex_value` here.

    >>> mathvision(r"\boxed{\frac{1}{2}}", "0.5", []), mathvision("the answer is (B).", "B", ["1", "2"])
    (1.0, 1.0)
    >>> mathvision(r"\boxed{2}", "B", ["1", "2"]), mathvision(r"\boxed{(1, 2)}", "(1,2)", []), mathvision("3", "4", [])
    (1.0, 1.0, 0.0)
    """
    inner = boxed(reply)
    said = (inner if inner is not None else re.split(r"[Aa]nswer is:?", reply)[-1]).strip().strip("$").rstrip(".")
    return float(_same(said, right.strip(), options))


def _same(said: str, right: str, options: Sequence[str]) -> bool:
    if said.lower() == right.lower():
        return True
    letters = [chr(ord("A") + number) for number in range(len(options))]
    if right in letters:
        named = re.fullmatch(r"\(?([A-Z])\)?[.:]?.{0,80}", said, re.DOTALL)
        if named and named.group(1) in letters and (len(said) <= 4 or said[1:2] in ".:)"):
            return named.group(1) == right
        return _same(said, options[letters.index(right)], [])
    if said[:1] in "([" and right[:1] in "([" and "," in right:
        ours, theirs = (each.strip("()[] ").split(",") for each in (said, right))
        pairs = zip(ours, theirs, strict=False)
        return len(ours) == len(theirs) and all(_same(a.strip(), b.strip(), []) for a, b in pairs)
    first, second = latex_value(said), latex_value(right)
    return first is not None and second is not None and round(first, 2) == round(second, 2)


def mm_zero(reply: str, right: str) -> float:
    r"""MM-Zero's rule for VisNumBench: the last box without inner braces, in lower case, without a dot at its end.

    Source: its evaluation (commit 70592bcc).

    >>> mm_zero(r"\boxed{Four.}", "four"), mm_zero("four", "four")
    (1.0, 0.0)
    """
    found = re.findall(r"\\boxed\{([^}]*)\}", reply)
    return float(bool(found) and found[-1].lower().strip().rstrip(".") == right.lower().strip().rstrip("."))


_UNITS = re.compile(r"^[$]|(?:\s*(?:cm|mm|km|m|kg|g|degrees?|units?|dollars?))$", re.IGNORECASE)


def mmmu_open(reply: str, right: str | Sequence[str]) -> float:
    """MMMU's open answers: some part of the reply that looks like an answer is, or holds, a right one.

    Source: the official `parse_open_response` and `eval_open`: after words such as "is" and "=", numbers compared to
    two digits, texts by containment. Quirk: a right word anywhere in the last clause is enough.

    >>> mmmu_open("So the total is 1,200.", "1200"), mmmu_open("the answer is a red fox", "Fox"), mmmu_open("12", "13")
    (1.0, 1.0, 0.0)
    """
    parts = {part for clause in _clauses(reply) for part in (_normal(clause), *_numbers(clause))}
    wanted = [_normal(each) for each in ([right] if isinstance(right, str) else right)]
    for each in wanted:
        for part in parts:
            if part == each or (isinstance(each, str) and isinstance(part, str) and each and each in part):
                return 1.0
    return 0.0


def _clauses(reply: str) -> list[str]:
    """The ends of the reply's sentences that conclude something, shortest first; the last sentence where none does."""
    text = reply.strip().strip(".")
    found = []
    for sentence in re.split(r"\.\s+(?=[A-Z])|\n", text):
        for word in ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ", "= "):
            if word in sentence.lower():
                found.append(sentence[sentence.lower().rfind(word) + len(word) :])
    return found or [re.split(r"\.\s+(?=[A-Z])|\n", text)[-1]]


def _normal(text: str) -> str | float:
    bare = _UNITS.sub("", text.strip().replace(",", "").strip(".:; ")).strip()
    try:
        return round(float(bare), 2)
    except ValueError:
        return bare.lower()


def _numbers(text: str) -> list[float]:
    return [round(float(each.replace(",", "")), 2) for each in re.findall(r"-?\d[\d,]*(?:\.\d+)?", text)]


def yes_no(reply: str) -> str:
    """Rule for yes or no: yes where the word is in the reply, else no; HallusionBench's rule-based form.

    Source: lmms-eval's rule variant. Quirk: "not yes" is yes.

    >>> yes_no("Yes, it is."), yes_no("It is not."), yes_no("eyes")
    ('yes', 'no', 'no')
    """
    return "yes" if re.search(r"\byes\b", reply, re.IGNORECASE) else "no"
