"""Letters of choice in replies, as each benchmark's authors look for them.

They differ in what they forgive; the differences are named, and kept. An empty text is a letter that was not found.
Sources stand at each function; the regular expressions are ours from their descriptions.
"""

import re
from collections.abc import Sequence


def at_start(reply: str) -> str:
    """Return the letter that `reply` begins with, in or out of brackets; BLINK, CV-Bench and EmbSpatial-Bench.

    Source: `re.match` of brackets or spaces, a letter, and a bracket, dot or space, without regard to case. Quirks: any
    reply's first letter counts, so that "The answer is B" is T; bold and boxed letters are not found.

    >>> at_start("(B) red"), at_start("b"), at_start("The answer is B"), at_start("**B**")
    ('B', 'B', 'T', '')
    """
    match = re.match(r"[\(\s]*([A-Z])[\)\.\s]*", reply, re.IGNORECASE)
    return match.group(1).upper() if match else ""


def first_standing(reply: str, last_letter: str = "D") -> str:
    r"""Return the first letter up to `last_letter` that stands alone in the last line of `reply`; ViewSpatial-Bench.

    Source: `\b([A-D])\b` without regard to case. Quirk: the article counts, so that "a man is B" is A.

    >>> first_standing("thinking\nB. left"), first_standing("a man is B"), first_standing("none")
    ('B', 'A', '')
    """
    lines = [line for line in reply.strip().splitlines() if line.strip()]
    match = re.search(rf"\b([A-{last_letter}])\b", lines[-1] if lines else "", re.IGNORECASE)
    return match.group(1).upper() if match else ""


def mmsi(reply: str) -> str:
    """Return MMSI-Bench's letter of `reply`: in double backquotes, in single ones, in braces, or alone before no word.

    Source: its evaluation (lmms-eval task mmsi_bench). Quirk: the article is spared by what follows it, but "a" at the
    end of a sentence is A. What is not found is wrong and stays in the denominator.

    >>> mmsi("``C``"), mmsi("`b`"), mmsi("{D}"), mmsi("it is a man, E"), mmsi("nothing")
    ('C', 'B', 'D', 'E', '')
    """
    for pattern in (r"``([^`]*)``", r"`([^`]*)`", r"\{([^}]*)\}"):
        match = re.search(pattern, reply)
        if match:
            inner_letter = re.search(r"\b[A-F]\b", match.group(1), re.IGNORECASE)
            return inner_letter.group(0).upper() if inner_letter else ""
    match = re.search(r"\b[A-F]\b(?!\s[a-zA-Z])", reply, re.IGNORECASE)
    return match.group(0).upper() if match else ""


_3DSR = (
    r"^([A-D])[\.\s\)]",
    r"^([A-D])$",
    r"[Aa]nswer[:\s]+\(?([A-D])\b",
    r"[Tt]he answer is:?\s*\(?([A-D])\b",
    r"[Mm]y answer is:?\s*\(?([A-D])\b",
    r"\(([A-D])\)",
    r"([A-D])\.",
    r"\b([A-D])\b",
)


def three_dsr(reply: str) -> str:
    """Return 3DSRBench's letter of `reply`, by eight patterns in order, upper case only.

    Source: its evaluation (lmms-eval task 3dsrbench). Quirk: a reply that begins with the article is A.

    >>> three_dsr("C. left"), three_dsr("A dog is (B)"), three_dsr("It is (B)"), three_dsr("b")
    ('C', 'A', 'B', '')
    """
    text = reply.strip()
    for pattern in _3DSR:
        match = re.search(pattern, text)
        if match:
            return match.group(1)
    return ""


_MARKERS = ("Answer:", "Answer is", "answer is", "option is", "Final Answer", "final answer")


def spatialviz(reply: str) -> str:
    """Return SpatialViz-Bench's letter of `reply`: the one in the answer tag, else after the last of some markers.

    Source: its evaluation. With both tags the tag's text up to its first dot must hold a single letter A to D; several
    different ones are none.

    >>> spatialviz("<think>A or B</think><answer>B. left</answer>"), spatialviz("So the answer is C")
    ('B', 'C')
    >>> spatialviz("<think></think><answer>A or B</answer>"), spatialviz("B")
    ('', 'B')
    """
    answer_tag = re.search(r"<answer>(.*?)</answer>", reply, re.DOTALL)
    if answer_tag and "<think>" in reply:
        return _single(answer_tag.group(1).split(".")[0])
    text = answer_tag.group(1) if answer_tag else reply
    for marker in _MARKERS:
        if marker in text:
            return _single(text.rsplit(marker, 1)[1].strip(" :*\n").split(".")[0])
    return _single(text.strip().split(".")[0])


def _single(text: str) -> str:
    named_letters = set(re.findall(r"\b[A-D]\b", text))
    return named_letters.pop() if len(named_letters) == 1 else ""


def multiple_choice(reply: str, last_letter: str = "E") -> str:
    """Return a letter of `reply`: alone, in brackets, with a dot, after "answer", or standing alone at the end.

    Source: the shared extraction of lmms-eval's tasks of choice (RealWorldQA, MMStar), recalled and not checked.

    >>> multiple_choice("B"), multiple_choice("(c) red"), multiple_choice("The answer is D."), multiple_choice("a cat")
    ('B', 'C', 'D', '')
    """
    text = reply.strip()
    letters = f"[A-{last_letter}]"
    bare_letter = re.fullmatch(rf"\(?({letters})\)?[.:]?", text, re.IGNORECASE)
    if bare_letter:
        return bare_letter.group(1).upper()
    for pattern in (rf"[Aa]nswer(?: is)?:?\s*\**\(?({letters})\b", rf"\(({letters})\)", rf"\b({letters})[.:)]"):
        named_letters = re.findall(pattern, text)
        if named_letters:
            return str(named_letters[-1]).upper()
    bracketed_letter = re.match(rf"\(({letters})\)", text, re.IGNORECASE)
    if bracketed_letter:
        return bracketed_letter.group(1).upper()
    named_letters = re.findall(rf"\b({letters})\b(?!\s[a-z])", text)
    return str(named_letters[-1]) if named_letters else ""


def mindcube(reply: str) -> str:
    """Return MindCube's letter of `reply`: in the last answer tag, else the last before a dot, else the last alone.

    Source: its evaluation's cascade, in part recalled.

    >>> mindcube("<Answer>B. left</Answer>"), mindcube("A. is wrong, so C. it is"), mindcube("it is D")
    ('B', 'C', 'D')
    """
    answer_tags = re.findall(r"<answer>(.*?)</answer>", reply, re.DOTALL | re.IGNORECASE)
    text = answer_tags[-1] if answer_tags else reply
    for pattern in (r"([A-E])\.", r"\b([A-E])\b"):
        named_letters = re.findall(pattern, text)
        if named_letters:
            return str(named_letters[-1])
    return ""


_TEMPLATES = (
    r"^\s*\(?([A-F]|yes|no)\)?[.:,]?\s*$",
    r"^\s*\(?([A-F])[).:,]",
    r"answer\s+is\s*:?\s*\(?([A-F]|yes|no)\b",
    r"answer\s*:\s*\(?([A-F]|yes|no)\b",
    r"option\s+\(?([A-F])\b",
    r"choice\s+\(?([A-F])\b",
    r"\\boxed\{\s*([A-F]|yes|no)\s*\}",
    r"\(([A-F])\)",
    r"^\s*(yes|no)\b",
)


def core_cognition(reply: str) -> str:
    """Return CoreCognition's answer in `reply` by nine templates in order: a letter A to F, or yes or no.

    Source: its hybrid matching, of which the templates are recalled and not checked. What fits none is a failure and
    counts as wrong.

    >>> core_cognition("The answer is (B)."), core_cognition("Yes, it is"), core_cognition("I cannot tell")
    ('B', 'YES', '')
    """
    for template in _TEMPLATES:
        match = re.search(template, reply.strip(), re.IGNORECASE)
        if match:
            return match.group(1).upper()
    return ""


def v_star(reply: str) -> str:
    """Return V*Bench's letter of `reply`: alone, in brackets, with a dot or after "answer", in this order.

    Source: lmms-eval task vstar_bench, recalled and not checked.

    >>> v_star("(B)"), v_star("Answer: C"), v_star("The bag is red, so D."), v_star("red")
    ('B', 'C', 'D', '')
    """
    text = reply.strip()
    for pattern in (r"^\(?([A-D])\)?[.:]?$", r"\(([A-D])\)", r"[Aa]nswer(?: is)?:?\s*([A-D])\b", r"\b([A-D])[.:)]",
                    r"\b([A-D])\b"):  # fmt: skip
        match = re.search(pattern, text)
        if match:
            return match.group(1)
    return ""


def letter_set(reply: str) -> tuple[str, ...]:
    """Return LogicVista's letters of `reply`: all from A to E that it names as its answer, in order; rule-based.

    Officially a language model extracts them. After "answer" where the word is there, else those that stand alone.

    >>> letter_set("The answer is B and D."), letter_set("A, C"), letter_set("It depends.")
    (('B', 'D'), ('A', 'C'), ())
    """
    answer_text = re.split(r"[Aa]nswer(?:s)?(?: is| are)?:?", reply)[-1]
    # The article is told from the letter by the word after it.
    return tuple(sorted(set(re.findall(r"\b([A-E])\b(?!\s(?!and\b|or\b)[a-z])", answer_text))))


def omni_spatial(reply: str) -> str:
    """Return OmniSpatial's letter of `reply` (its default `re`): after the last "Answer:", else the first alone.

    Source: its evaluation, in part recalled.

    >>> omni_spatial("Step 1 ... Answer: B"), omni_spatial("C"), omni_spatial("left")
    ('B', 'C', '')
    """
    marked_letters = re.findall(r"[Aa]nswer\s*:?\s*\**\(?([A-D])\b", reply)
    if marked_letters:
        return str(marked_letters[-1])
    match = re.search(r"\b([A-D])\b", reply)
    return match.group(1) if match else ""


def mmmu_choice(reply: str, options: Sequence[str], drawn_option: int) -> str:
    """Return MMMU's letter of `reply`: in brackets, before a space or dot, or an option's text; the last of several.

    Source: the official `parse_multi_choice_response`. Quirk: where nothing is found, one of the letters is drawn at
    random and may be right.

    Args:
        reply: the model's.
        options: the options' texts.
        drawn_option: the letter that is drawn where none is found, counted around; derive it from the question.

    >>> mmmu_choice("I think (B), not (A); (B)", ["red", "blue"], 0), mmmu_choice("so blue it is", ["red", "blue"], 0)
    ('B', 'B')
    >>> mmmu_choice("who knows", ["red", "blue"], 3)
    'B'
    """
    text = reply.strip()
    for punctuation in (",", ".", "!", "?", ";", ":", "'"):
        text = text.strip(punctuation)
    text = f" {text} "
    letters = [chr(ord("A") + number) for number in range(len(options))]
    for letter_form in ("({})", "{} ", "{}."):
        letter_positions = {
            letter: text.rfind(letter_form.format(letter)) for letter in letters if letter_form.format(letter) in text
        }
        if letter_positions:
            return max(letter_positions, key=lambda letter: letter_positions[letter])
    if len(text.split()) > 3:
        lower_text = text.lower()
        option_positions = {
            x: lower_text.rfind(o.lower()) for x, o in zip(letters, options, strict=True) if o.lower() in lower_text
        }
        if option_positions:
            return max(option_positions, key=lambda letter: option_positions[letter])
    return letters[drawn_option % len(letters)]
