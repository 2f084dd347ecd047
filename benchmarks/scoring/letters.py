"""Letters of choice in replies, as each benchmark's authors look for them.

They differ in what they forgive; the differences are named, and kept. An empty text is a letter that was not found.
Sources stand at each function, with the day on which their published rules were read; the patterns follow those.
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

    Source: `\b([A-D])\b` without regard to case, as in lmms-eval 0.7.3. Quirks: the article counts, so that "a man is
    B" is A, and a reply that ends with a line break has said nothing.

    >>> first_standing("thinking\nB. left"), first_standing("a man is B"), first_standing("none"), first_standing("B\n")
    ('B', 'A', '', '')
    """
    match = re.search(rf"\b([A-{last_letter}])\b", reply.split("\n")[-1], re.IGNORECASE)
    return match.group(1).upper() if match else ""


def mmsi(reply: str) -> str:
    """Return MMSI-Bench's letter of `reply`: in double backquotes, within these in single ones, within these in braces.

    What is left after these steps is searched for a letter A to F alone that no word follows. Source: its evaluation
    (lmms-eval 0.7.3, task mmsi_bench). Quirk: the article is spared by what follows it, but "a" at the end of a
    sentence is A. What is not found is wrong and stays in the denominator.

    >>> mmsi("``C``"), mmsi("`b`"), mmsi("{D}"), mmsi("it is a man, E"), mmsi("nothing")
    ('C', 'B', 'D', 'E', '')
    """
    text = reply
    for pattern in (r"``([^`]*)``", r"`([^`]*)`", r"\{([^}]*)\}"):
        match = re.search(pattern, text)
        text = match.group(1) if match else text
    match = re.search(r"\b[A-F]\b(?!\s[a-zA-Z])", text, re.IGNORECASE)
    return match.group(0).upper() if match else ""


_3DSR = tuple(
    map(
        re.compile,
        (
            r"^([A-D])[\.\s\)]",
            r"^([A-D])$",
            r"[Aa]nswer[:\s]+([A-D])",
            r"[Tt]he answer is[:\s]+([A-D])",
            r"[Mm]y answer is[:\s]+([A-D])",
            r"\(([A-D])\)",
            r"([A-D])\.",
            r"\b([A-D])\b",
        ),
    )
)


def three_dsr(reply: str) -> str:
    """Return 3DSRBench's letter of `reply`, by eight patterns in order, upper case only.

    Source: its evaluation (lmms-eval task 3dsrbench, read 2026-11-30). Quirks: a reply that begins with the article is
    A, and after "answer:" the first letter of any word counts.

    >>> three_dsr("C. left"), three_dsr("A dog is (B)"), three_dsr("It is (B)"), three_dsr("b")
    ('C', 'A', 'B', '')
    >>> three_dsr("Answer: Dogs"), three_dsr("The answer is (C)")
    ('D', 'C')
    """
    text = reply.strip()
    match = next((match for pattern in _3DSR if (match := pattern.search(text))), None)
    return match.group(1) if match else ""


_MARKERS = (
    "<answer>",
    "Answer:",
    "Final answer",
    "final answer",
    "Final Answer",
    "the answer is",
    "The answer is",
    "correct answer",
    "Correct answer",
    "Correct Answer",
    "答案",
    "correct path",
)


def spatialviz(reply: str) -> str:
    """Return SpatialViz-Bench's letter of `reply`: the one in the answer tag, else after the last of some markers.

    Source: its evaluation (lmms-eval task spatialviz, read 2026-11-30). With both tags the answer tag's text up to its
    first dot must hold a single letter A to D, else the text after the last of the first marker that is there; several
    different letters are none. Quirks: letters of words count, and a reply without tag and marker has no answer unless
    it is a single letter.

    >>> spatialviz("<think>A or B</think><answer>B. left</answer>"), spatialviz("So the answer is C")
    ('B', 'C')
    >>> spatialviz("<think></think><answer>A or B</answer>"), spatialviz("B"), spatialviz("B.")
    ('', 'B', '')
    """
    tagged_answer = _in_tag(reply, "answer")
    if tagged_answer is not None and _in_tag(reply, "think") is not None:
        return _single(tagged_answer.strip().split(".")[0])
    if len(reply) == 1:
        return _single(reply)
    marker = next((marker for marker in _MARKERS if marker in reply), None)
    return "" if marker is None else _single(reply.split(marker)[-1].strip().split(".")[0])


def _in_tag(text: str, name: str) -> str | None:
    """Return what stands between the first opening tag called `name` and the closing one; None without them."""
    _, opening, rest = text.partition(f"<{name}>")
    content, closing, _ = rest.partition(f"</{name}>")
    return content if opening and closing else None


def _single(text: str) -> str:
    named_letters = set(re.findall(r"[A-D]", text))
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


_IN_ANSWER = (r"[Mm]y answer is ([A-E])", r"[Tt]he answer is ([A-E])", r"\b([A-E])\b")
_ANYWHERE = (
    r"(?:^|\n)(?:Answer: )?([A-E])(?:\.|$|\s)",
    r"[\*\"]([A-E])[\*\"]",
    r"\bAnswer:?\s*([A-E])\b",
    r"[Mm]y answer is ([A-E])",
    r"answer is ([A-E])",
)


def mindcube(reply: str) -> str:
    """Return MindCube's letter of `reply`: the last before a dot, else by a cascade of patterns.

    Source: its official `extract_answer` (as in lmms-eval task mindcube, read 2026-11-30): the last letter before a dot
    anywhere; in the first `<Answer>`; by phrases, the last match of the first that matches; the last line's first
    letter that stands alone.

    >>> mindcube("<Answer>B. left</Answer>"), mindcube("A. is wrong, so C. it is"), mindcube("it is D")
    ('B', 'C', 'D')
    >>> mindcube("<Answer>C</Answer> or D"), mindcube("**B** or not A"), mindcube("none")
    ('C', 'B', '')
    """
    dotted_letters = re.findall(r"([A-E])\.", reply)
    if dotted_letters:
        return str(dotted_letters[-1])
    section = re.search(r"<Answer>(.*?)(?:<|$)", reply, re.DOTALL)
    letter = _last_match(_IN_ANSWER, section.group(1)) if section else ""
    letter = letter or _last_match(_ANYWHERE, reply)
    if letter:
        return letter
    for line in reversed(reply.split("\n")):
        match = re.search(r"\b([A-E])\b", line)
        if match:
            return match.group(1)
    return ""


def _last_match(patterns: Sequence[str], text: str) -> str:
    """Return the last match in `text` of the first of `patterns` that matches."""
    for pattern in patterns:
        matches = re.findall(pattern, text)
        if matches:
            return str(matches[-1])
    return ""


_CORE_ENDS = ("<|end_of_sentence|>", "</s>", "<CONCLUSION>", "</CONCLUSION>", "Falcon: ")
_CORE_PHRASES = (
    r"^(yes|no|\w)(?:[,.; \n*])+",
    r"[\n*{]+(yes|no|\w)(?:[,.; \n*}])+",
    r"(yes|no|\w) is the correct answer",
    r"answer is[:;*\n ]*(yes|no|\w)",
    r"answer[:;*\n ]*(yes|no|\w)",
    r"choice is[:;*\n ]*(yes|no|\w)",
    r"choice[:;*\n ]*(yes|no|\w)",
    r"option is[:;*\n ]*(yes|no|\w)",
    r"Assistant[:;*\n ]*(yes|no|\w)",
)


def core_cognition(reply: str, is_yes_no: bool = False) -> str:
    """Return CoreCognition's answer in `reply`: by nine phrases in order, of a single word the word itself.

    Source: its template matching (lmms-eval task corecognition, read 2026-11-30), the judge off, as it is by default.
    A reply that fits no phrase is compared as it is, in upper case. Quirks: brackets are not taken off, and only what
    follows the last heading or tag before an empty line is read.

    Args:
        reply: the model's.
        is_yes_no: the question is of yes and no; else of letters A to F.

    >>> core_cognition("The answer is B."), core_cognition("Yes, it is", True), core_cognition("B: red")
    ('B', 'YES', 'B: RED')
    >>> core_cognition("B."), core_cognition("(B)"), core_cognition("I cannot tell")
    ('B', '(B)', 'I CANNOT TELL')
    """
    text = reply.strip().split(">\n\n")[-1].split("**\n\n")[-1].replace(r"\[ \boxed{", "").replace("} \\]", "")
    for ending in _CORE_ENDS:
        text = text.replace(ending, "")
    text = text.strip()
    allowed_answers = ("YES", "NO") if is_yes_no else tuple("ABCDEF")
    if len(text.split()) < 2:
        first_word = re.split(r"[,. :;\n]", text)[0].upper()
        return first_word if first_word in allowed_answers else text.upper()
    for phrase in _CORE_PHRASES:
        match = re.search(phrase, text, re.IGNORECASE)
        if match and match.group(1).upper() in allowed_answers:
            return match.group(1).upper()
    return text.upper()


_V_STAR = (
    r"^([A-D])",
    r"(?:ANSWER|CHOICE|OPTION)(?:\s+IS)?[\s:]+([A-D])",
    r"\(([A-D])\)",
    r"([A-D])\s*[.)\]]",
    r"(?:^|\s)([A-D])(?:\s|$)",
)


def v_star(reply: str) -> str:
    """Return V*Bench's letter of `reply`: at its start, after "answer", in brackets, before a dot or alone, in order.

    Source: lmms-eval task vstar_bench, read 2026-11-30. The reply is read in upper case; where nothing fits, its only
    letter A to D counts. Quirk: any reply that begins with such a letter has answered: "Because" is B,
    and "Answer: C" is A.

    >>> v_star("(B)"), v_star("The answer is C"), v_star("The bag is red, so D."), v_star("red"), v_star("Because")
    ('B', 'C', 'D', 'D', 'B')
    """
    text = reply.strip().upper()
    match = next((match for pattern in _V_STAR if (match := re.search(pattern, text))), None)
    if match:
        return match.group(1)
    letters = re.findall(r"[A-D]", text)
    return str(letters[0]) if len(letters) == 1 else ""


def mm_star(reply: str, right_letter: str) -> float:
    """Score `reply` as MMStar: it begins with the letter, in a bracket, after "option" or after "the answer is".

    Source: the authors' `exact_match`, without regard to case. Quirk: the first letter of any word counts, so that
    "Apple" is A.

    >>> [mm_star(reply, "B") for reply in ("b", "(B) red", "Option B", "The answer is B.", "Birds", "It is B", "")]
    [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    """
    text, letter = reply.lower().strip().replace("\n", " "), right_letter.lower().strip()
    openings = ("", "(", "option ", "the answer is ")
    return float(any(text.startswith(opening + letter) for opening in openings) and letter != "")


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
    """Return OmniSpatial's letter of `reply` (its default `re`): after the last "Answer:", without regard to its case.

    Source: the authors' vlms_eval (commit 972f6ed, read 2026-11-30). Quirks: a reply without "Answer:" counts as A, and
    a letter in lower case is wrong.

    >>> omni_spatial("Step 1 ... Answer: B"), omni_spatial("C"), omni_spatial("answer : d")
    ('B', 'A', 'd')
    """
    marked_letters = re.findall(r"Answer\s*:\s*([A-D])\b", reply, re.IGNORECASE)
    return str(marked_letters[-1]) if marked_letters else "A"


def mmmu_choice(reply: str, options: Sequence[str], drawn_option: int) -> str:
    """Return MMMU's letter of `reply`: in brackets, before a space or dot, or an option's text; the last of several.

    Source: the official `parse_multi_choice_response`, as in lmms-eval 0.7.3. Quirks: a letter at the end of any word
    counts; of several letters that do not stand between spaces the first option's is taken; where nothing is found, one
    of the letters is drawn at random and may be right.

    Args:
        reply: the model's.
        options: the options' texts.
        drawn_option: the letter that is drawn where none is found, counted around; derive it from the question.

    >>> mmmu_choice("I think (B), not (A); (B)", ["red", "blue"], 0)
    'B'
    >>> mmmu_choice("so I say that blue it is", ["red", "blue"], 0), mmmu_choice("who knows", ["red", "blue"], 3)
    ('B', 'B')
    """
    text = reply
    for punctuation in (",", ".", "!", "?", ";", ":", "'"):
        text = text.strip(punctuation)
    text = f" {text} "
    letters = [chr(ord("A") + number) for number in range(len(options))]
    for letter_form, searched_form in (("({})", "({})"), ("{} ", " {} "), ("{}.", " {} ")):
        named_letters = [letter for letter in letters if letter_form.format(letter) in text]
        if named_letters:
            return max(named_letters, key=lambda letter: text.rfind(searched_form.format(letter)))
    lower_text = text.lower()
    named_options = {x: o.lower() for x, o in zip(letters, options, strict=True) if o.lower() in lower_text}
    if named_options and len(text.split()) > MMMU_WORDS:
        return max(named_options, key=lambda letter: lower_text.rfind(named_options[letter]))
    return letters[drawn_option % len(letters)]


MMMU_WORDS = 5
"""Words above which MMMU looks for the text of an option."""


def blink(reply: str, option_count: int) -> str:
    """Return BLINK's letter of `reply` among those of `option_count` options, as lmms-eval reads it since 0.7.3.

    A first line of the letter and little else; the last letter after "answer" or "answer is"; the last one in brackets;
    the one that the reply begins with. Before 0.7.3 it was `at_start`.

    >>> blink("(b).", 2), blink("The correct answer is (B).", 4), blink("A cat, so I pick (C)", 4), blink("The cat", 4)
    ('B', 'B', 'C', '')
    """
    text, letters = reply.strip(), f"[A-{chr(ord('A') + option_count - 1)}]"
    first_line = text.split("\n", 1)[0].strip()
    if len(first_line) <= SHORT_LINE and (match := re.fullmatch(rf"\(?({letters})\)?[.\s:,)]*", first_line, re.I)):
        return match.group(1).upper()
    marked_letters = re.findall(rf"answers?(?:\s+is)?\s*[:\-]?\s*\(?({letters})\)?(?![A-Za-z])", text, re.I)
    named_letters = marked_letters or re.findall(rf"\(({letters})\)", text)
    if named_letters:
        return str(named_letters[-1]).upper()
    match = re.match(rf"[(\s]*({letters})", text, re.I)
    return match.group(1).upper() if match else ""


SHORT_LINE = 4
"""Characters of a line that is a letter and little else."""

_CHOSEN = (
    *(f"{article}{word} is" for article in ("", "the ") for word in ("answer", "correct answer", "best answer")),
    *(f"{article}{word} is" for article in ("", "the ") for word in ("correct option", "best option")),
    *(f"{article}{word} is" for article in ("", "the ") for word in ("choice", "correct choice")),
    *("i choose", "i select", "i pick", "my answer is", "my choice is"),
    *("옵션", "정답은", "답은", "답:", "答案是", "答案为", "选", "答えは"),
)
"""Phrases after which lmms-eval looks for a letter."""


def ranked_choice(reply: str, letters: str = "ABCD") -> str:
    """Return the letter of `reply` as lmms-eval's tasks of choice read it (RealWorldQA, MMStar): the best ranked one.

    Source: its shared extraction (0.7.3, `mcq_extract`): a letter that the reply begins with, that it ends with, the
    last one after a phrase such as "the answer is", the last in brackets, before a dot, a colon, a bracket or a space;
    else any. Upper case only. Quirk: after a phrase the first letter of any word counts, so that "the answer is: Do" is
    D, and a reply that begins with the article is A.

    >>> ranked_choice("B"), ranked_choice("The answer is (C), not D!"), ranked_choice("A cat"), ranked_choice("b")
    ('B', 'D', 'A', '')
    >>> ranked_choice("(A) or (B)."), ranked_choice("the answer is: Do"), ranked_choice("xB")
    ('B', 'D', 'B')
    """
    text = reply.strip()
    for mark in ",.!?;:'\"":
        text = text.strip(mark)
    bare_text, text = text.strip(), f" {text} "
    if bare_text[:1] and bare_text[0] in letters and not bare_text[1:2].isalpha():
        return bare_text[0]
    if bare_text[-1:] and bare_text[-1] in letters and not bare_text[-2:-1].isalpha():
        return bare_text[-1]
    lower_text = text.lower()
    starts = [lower_text.find(phrase) + len(phrase) for phrase in _CHOSEN if phrase in lower_text]
    last_place = max((text.find(letter, start) for start in starts for letter in letters), default=-1)
    if last_place >= 0:
        return text[last_place]
    for letter_form in ("({})", "{}.", "{}:", "{})", "{} ", "{}"):
        places = {letter: text.rfind(letter_form.format(letter)) for letter in letters}
        if max(places.values()) >= 0:
            return max(places, key=lambda letter: places[letter])
    return ""
