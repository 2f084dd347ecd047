"""Letters of choice in replies, as each benchmark's authors look for them.

They differ in what they forgive; the differences are named, and kept. An empty text is a letter that was not found.
Sources stand at each function; the regular expressions are ours from their descriptions.
"""

import re
from collections.abc import Sequence


def at_start(reply: str) -> str:
    r"""The letter that a reply begins with, in or out of brackets; BLINK, CV-Bench and EmbSpatial-Bench.

    Source: `re.match` of brackets or spaces, a letter, and a bracket, dot or space, without regard to case. Quirks: any
    reply's first letter counts, so that "The answer is B" is T; bold and boxed letters are not found.

    >>> at_start("(B) red"), at_start("b"), at_start("The answer is B"), at_start("**B**")
    ('B', 'B', 'T', '')
    """
    found = re.match(r"[\(\s]*([A-Z])[\)\.\s]*", reply, re.IGNORECASE)
    return found.group(1).upper() if found else ""


def first_standing(reply: str, last: str = "D") -> str:
    r"""The first letter up to `last` that stands alone in the last line; ViewSpatial-Bench.

    Source: `\b([A-D])\b` without regard to case. Quirk: the article counts, so that "a man is B" is A.

    >>> first_standing("thinking\nB. left"), first_standing("a man is B"), first_standing("none")
    ('B', 'A', '')
    """
    lines = [line for line in reply.strip().splitlines() if line.strip()]
    found = re.search(rf"\b([A-{last}])\b", lines[-1] if lines else "", re.IGNORECASE)
    return found.group(1).upper() if found else ""


def mmsi(reply: str) -> str:
    """MMSI-Bench: in double backquotes, else in single ones, else in braces, else standing alone before no word.

    Source: its evaluation (lmms-eval task mmsi_bench). Quirk: the article is spared by what follows it, but "a" at the
    end of a sentence is A. What is not found is wrong and stays in the denominator.

    >>> mmsi("``C``"), mmsi("`b`"), mmsi("{D}"), mmsi("it is a man, E"), mmsi("nothing")
    ('C', 'B', 'D', 'E', '')
    """
    for pattern in (r"``([^`]*)``", r"`([^`]*)`", r"\{([^}]*)\}"):
        found = re.search(pattern, reply)
        if found:
            inner = re.search(r"\b[A-F]\b", found.group(1), re.IGNORECASE)
            return inner.group(0).upper() if inner else ""
    found = re.search(r"\b[A-F]\b(?!\s[a-zA-Z])", reply, re.IGNORECASE)
    return found.group(0).upper() if found else ""


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
    """3DSRBench: eight patterns in order, upper case only.

    Source: its evaluation (lmms-eval task 3dsrbench). Quirk: a reply that begins with the article is A.

    >>> three_dsr("C. left"), three_dsr("A dog is (B)"), three_dsr("It is (B)"), three_dsr("b")
    ('C', 'A', 'B', '')
    """
    text = reply.strip()
    for pattern in _3DSR:
        found = re.search(pattern, text)
        if found:
            return found.group(1)
    return ""


_MARKERS = ("Answer:", "Answer is", "answer is", "option is", "Final Answer", "final answer")


def spatialviz(reply: str) -> str:
    """SpatialViz-Bench: the one letter in the answer tag, else after the last of some markers.

    Source: its evaluation. With both tags the tag's text up to its first dot must hold a single letter A to D; several
    different ones are none.

    >>> spatialviz("<think>A or B</think><answer>B. left</answer>"), spatialviz("So the answer is C")
    ('B', 'C')
    >>> spatialviz("<think></think><answer>A or B</answer>"), spatialviz("B")
    ('', 'B')
    """
    tag = re.search(r"<answer>(.*?)</answer>", reply, re.DOTALL)
    if tag and "<think>" in reply:
        return _single(tag.group(1).split(".")[0])
    text = tag.group(1) if tag else reply
    for marker in _MARKERS:
        if marker in text:
            return _single(text.rsplit(marker, 1)[1].strip(" :*\n").split(".")[0])
    return _single(text.strip().split(".")[0])


def _single(text: str) -> str:
    found = set(re.findall(r"\b[A-D]\b", text))
    return found.pop() if len(found) == 1 else ""


def multiple_choice(reply: str, last: str = "E") -> str:
    """A letter, by the usual order of hope: alone, in brackets, with a dot, after "answer", standing alone at the end.

    Source: the shared extraction of lmms-eval's tasks of choice (RealWorldQA, MMStar), recalled and not checked.

    >>> multiple_choice("B"), multiple_choice("(c) red"), multiple_choice("The answer is D."), multiple_choice("a cat")
    ('B', 'C', 'D', '')
    """
    text = reply.strip()
    letters = f"[A-{last}]"
    bare = re.fullmatch(rf"\(?({letters})\)?[.:]?", text, re.IGNORECASE)
    if bare:
        return bare.group(1).upper()
    for pattern in (rf"[Aa]nswer(?: is)?:?\s*\**\(?({letters})\b", rf"\(({letters})\)", rf"\b({letters})[.:)]"):
        found = re.findall(pattern, text)
        if found:
            return str(found[-1]).upper()
    lower = re.match(rf"\(({letters})\)", text, re.IGNORECASE)
    if lower:
        return lower.group(1).upper()
    found = re.findall(rf"\b({letters})\b(?!\s[a-z])", text)
    return str(found[-1]) if found else ""


def mindcube(reply: str) -> str:
    """MindCube: in the last answer tag, else the last letter before a dot, else the last that stands alone.

    Source: its evaluation's cascade, in part recalled.

    >>> mindcube("<Answer>B. left</Answer>"), mindcube("A. is wrong, so C. it is"), mindcube("it is D")
    ('B', 'C', 'D')
    """
    tags = re.findall(r"<answer>(.*?)</answer>", reply, re.DOTALL | re.IGNORECASE)
    text = tags[-1] if tags else reply
    for pattern in (r"([A-E])\.", r"\b([A-E])\b"):
        found = re.findall(pattern, text)
        if found:
            return str(found[-1])
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
    """CoreCognition: nine templates in order, for a letter A to F or yes or no; else the only word there is.

    Source: its hybrid matching, of which the templates are recalled and not checked. What fits none is a failure and
    counts as wrong.

    >>> core_cognition("The answer is (B)."), core_cognition("Yes, it is"), core_cognition("I cannot tell")
    ('B', 'YES', '')
    """
    for template in _TEMPLATES:
        found = re.search(template, reply.strip(), re.IGNORECASE)
        if found:
            return found.group(1).upper()
    return ""


def v_star(reply: str) -> str:
    """V*Bench: a letter alone, in brackets, with a dot or after "answer", in that order, the first that is found.

    Source: lmms-eval task vstar_bench, recalled and not checked.

    >>> v_star("(B)"), v_star("Answer: C"), v_star("The bag is red, so D."), v_star("red")
    ('B', 'C', 'D', '')
    """
    text = reply.strip()
    for pattern in (r"^\(?([A-D])\)?[.:]?$", r"\(([A-D])\)", r"[Aa]nswer(?: is)?:?\s*([A-D])\b", r"\b([A-D])[.:)]",
                    r"\b([A-D])\b"):  # fmt: skip
        found = re.search(pattern, text)
        if found:
            return found.group(1)
    return ""


def letter_set(reply: str) -> tuple[str, ...]:
    """LogicVista: all letters A to E that a reply names as its answer, in order, each once; rule-based.

    Officially a language model extracts them. After "answer" where the word is there, else those that stand alone.

    >>> letter_set("The answer is B and D."), letter_set("A, C"), letter_set("It depends.")
    (('B', 'D'), ('A', 'C'), ())
    """
    said = re.split(r"[Aa]nswer(?:s)?(?: is| are)?:?", reply)[-1]
    # The article is told from the letter by the word after it.
    return tuple(sorted(set(re.findall(r"\b([A-E])\b(?!\s(?!and\b|or\b)[a-z])", said))))


def omni_spatial(reply: str) -> str:
    """OmniSpatial with its default `re` evaluation: the letter after the last "Answer:", else the first standing alone.

    Source: its evaluation, in part recalled.

    >>> omni_spatial("Step 1 ... Answer: B"), omni_spatial("C"), omni_spatial("left")
    ('B', 'C', '')
    """
    marked = re.findall(r"[Aa]nswer\s*:?\s*\**\(?([A-D])\b", reply)
    if marked:
        return str(marked[-1])
    found = re.search(r"\b([A-D])\b", reply)
    return found.group(1) if found else ""


def mmmu_choice(reply: str, options: Sequence[str], pick: int) -> str:
    """MMMU and MMMU-Pro: a letter in brackets, before a space or dot, or an option's text; the last of several.

    Source: the official `parse_multi_choice_response`. Quirk: where nothing is found, one of the letters is drawn at
    random and may be right.

    Args:
        reply: what was said.
        options: the options' texts.
        pick: which letter is drawn where none is found, counted around; derive it from the question.

    >>> mmmu_choice("I think (B), not (A); (B)", ["red", "blue"], 0), mmmu_choice("so blue it is", ["red", "blue"], 0)
    ('B', 'B')
    >>> mmmu_choice("who knows", ["red", "blue"], 3)
    'B'
    """
    text = reply.strip()
    for mark in (",", ".", "!", "?", ";", ":", "'"):
        text = text.strip(mark)
    text = f" {text} "
    letters = [chr(ord("A") + number) for number in range(len(options))]
    for form in ("({})", "{} ", "{}."):
        places = {each: text.rfind(form.format(each)) for each in letters if form.format(each) in text}
        if places:
            return max(places, key=lambda each: places[each])
    if len(text.split()) > 3:
        low = text.lower()
        spots = {x: low.rfind(o.lower()) for x, o in zip(letters, options, strict=True) if o.lower() in low}
        if spots:
            return max(spots, key=lambda each: spots[each])
    return letters[pick % len(letters)]
