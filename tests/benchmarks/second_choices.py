"""Readers of letters and numbers a second time, from their descriptions: by walking over the text, not by patterns."""

import string
from collections.abc import Sequence

from second_scoring import alone, is_word, places

PHRASES = [
    f"{article}{said} is"
    for article in ("", "the ")
    for said in (
        "answer", "correct answer", "best answer", "correct option", "best option", "choice", "correct choice",
    )
] + ["i choose", "i select", "i pick", "my answer is", "my choice is"]  # fmt: skip


def ranked_choice(reply: str, letters: str = "ABCD") -> str:
    text = reply.strip()
    for mark in [",", ".", "!", "?", ";", ":", "'", '"']:
        while text.startswith(mark):
            text = text[1:]
        while text.endswith(mark):
            text = text[:-1]
    core, text = text.strip(), f" {text} "
    ranked: list[tuple[int, int, str]] = []
    for letter in letters:
        if core.startswith(letter) and not core[1:2].isalpha():
            ranked.append((9, 0, letter))
        if core.endswith(letter) and not core[:-1][-1:].isalpha():
            ranked.append((8, 0, letter))
        for phrase in PHRASES:
            start = text.lower().find(phrase)
            after = [p for p in places(text, letter) if start >= 0 and p >= start + len(phrase)]
            if after:
                ranked.append((7, after[0], letter))
        for rank, (before, behind) in enumerate([("", ""), ("", " "), ("", ")"), ("", ":"), ("", "."), ("(", ")")]):
            ranked += [
                (rank, p - len(before), letter)
                for p in places(text, letter)
                if text[:p].endswith(before) and text[p + 1 :].startswith(behind)
            ]
    return max(ranked, key=lambda entry: entry[:2])[2] if ranked else ""


def blink(reply: str, option_count: int) -> str:
    both = string.ascii_uppercase[:option_count] + string.ascii_lowercase[:option_count]
    text = reply.strip()
    first = text.split("\n")[0].strip()
    rest = first[1:] if first.startswith("(") else first
    if len(first) <= 4 and rest[:1] and rest[0] in both:
        end = rest[1:]
        end = end[1:] if end.startswith(")") else end
        if all(mark in ".:,)" or mark.isspace() for mark in end):
            return rest[0].upper()
    said, place = "", 0
    while place < len(text):
        place += 1
        letter, end = _after_answer(text, place - 1, both)
        if letter:
            said, place = letter, end
    if said:
        return said
    bracketed = [p for p in places(text, both[:option_count]) if text[p - 1 : p] == "(" and text[p + 1 : p + 2] == ")"]
    if bracketed:
        return text[bracketed[-1]]
    bare = text.lstrip("( \n\t\r\f\v")
    return bare[0].upper() if bare[:1] and bare[0] in both else ""


def _after_answer(text: str, place: int, letters: str) -> tuple[str, int]:
    """The letter after "answer" at a place, however it goes on, and where it ends."""
    if text[place : place + 6].lower() != "answer":
        return "", place
    for plural in (1, 0):
        after = place + 6 + plural
        if plural and text[after - 1 : after].lower() != "s":
            continue
        spaces = after
        while spaces < len(text) and text[spaces].isspace():
            spaces += 1
        starts = [spaces + 2] if spaces > after and text[spaces : spaces + 2].lower() == "is" else []
        for start in (*starts, after):
            here = start
            while here < len(text) and text[here].isspace():
                here += 1
            here += text[here : here + 1] in (":", "-")
            while here < len(text) and text[here].isspace():
                here += 1
            here += text[here : here + 1] == "("
            if here < len(text) and text[here] in letters:
                end = here + 1 + (text[here + 1 : here + 2] == ")")
                for stop in dict.fromkeys((end, here + 1)):
                    if not (text[stop : stop + 1].isascii() and text[stop : stop + 1].isalpha()):
                        return text[here].upper(), stop
    return "", place


UNITS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
UNITS += ["seventeen", "eighteen", "nineteen"]
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def value_of(word: str) -> int | None:
    if word in UNITS:
        return UNITS.index(word) + 1
    if word in TENS:
        return 10 * TENS.index(word) + 20
    return {"hundred": 100, "thousand": 1000}.get(word)


def first_number(reply: str) -> float | None:
    low, place, parts = reply.lower(), 0, []
    while place < len(low):
        if low[place].isdecimal():
            if parts:
                break
            end = place
            while end < len(low) and low[end].isdecimal():
                end += 1
            if low[end : end + 1] == "." and low[end + 1 : end + 2].isdecimal():
                end += 1
                while end < len(low) and low[end].isdecimal():
                    end += 1
            return float(low[place:end]) * (-1 if low[place - 1 : place] == "-" else 1)
        if not (low[place].isascii() and low[place].isalpha()):
            place += 1
            continue
        end = place
        while end < len(low) and low[end].isascii() and low[end].isalpha():
            end += 1
        word, place = low[place:end], end
        if value_of(word) is not None:
            parts.append(word)
        elif parts and word != "and":
            break
    return _number_of(_words_through(low)) if parts else None


def _words_through(low: str) -> list[str]:
    """The words of the first number, digits between them left out, as they are in "two 5 hundred"."""
    words = "".join(letter if letter.isascii() and letter.isalpha() else " " for letter in low).split()
    start = next(n for n, word in enumerate(words) if value_of(word) is not None)
    end = start
    while end < len(words) and (words[end] == "and" or value_of(words[end]) is not None):
        end += 1
    return [word for word in words[start:end] if word != "and"]


def _number_of(words: Sequence[str]) -> float:
    thousands, rest = 0, 0
    for word in words:
        value = value_of(word)
        assert value is not None
        if word == "thousand":
            thousands, rest = thousands + 1000 * (rest or 1), 0
        elif word == "hundred":
            rest = 100 * (rest or 1)
        else:
            rest += value
    return float(thousands + rest)


def core_cognition(reply: str, is_yes_no: bool) -> str:
    text = reply.strip()
    for ending in (">\n\n", "**\n\n"):
        text = text[text.rfind(ending) + len(ending) :] if ending in text else text
    for gone in ("\\[ \\boxed{", "} \\]", "<|end_of_sentence|>", "</s>", "<CONCLUSION>", "</CONCLUSION>", "Falcon: "):
        text = "".join(text.split(gone))
    text, allowed = text.strip(), ("yes", "no") if is_yes_no else tuple("abcdef")
    if len(text.split()) < 2:
        end = next((p for p in range(len(text)) if text[p] in ",. :;\n"), len(text))
        return text[:end].upper() if text[:end].lower() in allowed else text.upper()
    low = text.lower()
    for way in range(9):
        said = _core_way(low, way)
        if said in allowed:
            return said.upper()
    return text.upper()


CORE_WORDS = ("answer is", "answer", "choice is", "choice", "option is", "assistant")


def _core_way(low: str, way: int) -> str:
    """The first answer that one of the nine ways finds, allowed or not."""
    for place in range(len(low)):
        if way == 0 and place:
            return ""
        if way == 0:
            said, stops = _core_said(low, 0), ",.; \n*"
        elif way == 1:
            if low[place] not in "\n*{":
                continue
            said, stops = _core_said(low, place + 1), ",.; \n*}"
        elif way == 2:
            said, stops = "", ""
            for candidate in ("yes", "no", low[place]):
                if low.startswith(f"{candidate} is the correct answer", place) and is_word(candidate, 0):
                    return candidate
            continue
        else:
            word = CORE_WORDS[way - 3]
            if not low.startswith(word, place):
                continue
            start = place + len(word)
            while start < len(low) and low[start] in ":;*\n ":
                start += 1
            said, stops = _core_said(low, start), ""
            if said:
                return said[0]
            continue
        for candidate in said:
            end = (0 if way == 0 else place + 1) + len(candidate)
            if low[end : end + 1] and low[end] in stops:
                return candidate
    return ""


def _core_said(low: str, start: int) -> list[str]:
    said = [word for word in ("yes", "no") if low.startswith(word, start)]
    return said + ([low[start]] if is_word(low, start) else [])


def mm_star(reply: str, letter: str) -> float:
    low = reply.lower().strip().replace("\n", " ")
    for opening in ("", "(", "option ", "the answer is "):
        if low[: len(opening)] == opening and low[len(opening) : len(opening) + 1] == letter.lower():
            return 1.0
    return 0.0


def first_standing(reply: str) -> str:
    line = reply[reply.rfind("\n") + 1 :]
    return next((line[p].upper() for p in places(line, "ABCDabcd") if alone(line, p)), "")
