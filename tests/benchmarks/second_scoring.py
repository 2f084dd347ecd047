"""The official metrics a second time, from their descriptions: by walking over letters instead of patterns."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from zerosight.benchmarks.adapters.base import Sample

Scored = Sequence[tuple[Sample, float]]


def is_word(text: str, place: int) -> bool:
    return 0 <= place < len(text) and (text[place].isalnum() or text[place] == "_")


def alone(text: str, place: int) -> bool:
    """Whether the letter at a place has no other letter or digit beside it."""
    return not is_word(text, place - 1) and not is_word(text, place + 1)


def places(text: str, letters: str) -> Iterable[int]:
    return (place for place, letter in enumerate(text) if letter in letters)


def at_start(reply: str) -> str:
    place = 0
    while place < len(reply) and (reply[place] == "(" or reply[place].isspace()):
        place += 1
    letter = reply[place : place + 1]
    return letter.upper() if letter.isascii() and letter.isalpha() else ""


def first_standing(reply: str) -> str:
    rows = [row for row in reply.strip().splitlines() if row.strip()]
    text = rows[-1] if rows else ""
    return next((text[p].upper() for p in places(text, "ABCDabcd") if alone(text, p)), "")


def mmsi(reply: str) -> str:
    for opening, closing in (("``", "``"), ("`", "`"), ("{", "}")):
        start = reply.find(opening)
        while start >= 0:
            end = reply.find(closing, start + len(opening))
            inner = reply[start + len(opening) : end] if end >= 0 else None
            if inner is not None and not (opening == "``" and "`" in inner):
                return next((inner[p].upper() for p in places(inner, "ABCDEFabcdef") if alone(inner, p)), "")
            start = reply.find(opening, start + 1)
    for p in places(reply, "ABCDEFabcdef"):
        after = reply[p + 1 : p + 3]
        word = len(after) == 2 and after[0].isspace() and after[1].isascii() and after[1].isalpha()
        if alone(reply, p) and not word:
            return reply[p].upper()
    return ""


def three_dsr(reply: str) -> str:
    text = reply.strip()
    if text[:1] and text[0] in "ABCD" and (len(text) == 1 or text[1] in ".)" or text[1].isspace()):
        return text[0]
    for phrase in ("nswer", "he answer is", "y answer is"):
        found = _after_phrase(text, phrase)
        if found:
            return found
    for p in places(text, "ABCD"):
        if text[p - 1 : p] == "(" and text[p + 1 : p + 2] == ")":
            return text[p]
    for p in places(text, "ABCD"):
        if text[p + 1 : p + 2] == ".":
            return text[p]
    return next((text[p] for p in places(text, "ABCD") if alone(text, p)), "")


def _after_phrase(text: str, phrase: str) -> str:
    first = {"nswer": "Aa", "he answer is": "Tt", "y answer is": "Mm"}[phrase]
    start = text.find(phrase)
    while start >= 0:
        place = start + len(phrase)
        if start and text[start - 1] in first:
            rest = text[place:]
            if phrase == "nswer":
                tail = rest.lstrip(": \n\t")
                fits = len(tail) < len(rest)
            else:
                tail = (rest[1:] if rest.startswith(":") else rest).lstrip()
                fits = True
            tail = tail[1:] if tail.startswith("(") else tail
            if fits and tail[:1] and tail[0] in "ABCD" and not is_word(tail, 1):
                return tail[0]
        start = text.find(phrase, start + 1)
    return ""


def mindcube(reply: str) -> str:
    low, text, start = reply.lower(), reply, 0
    while (opened := low.find("<answer>", start)) >= 0 and (closed := low.find("</answer>", opened)) >= 0:
        text, start = reply[opened + 8 : closed], closed + 9
    dotted = [text[p] for p in places(text, "ABCDE") if text[p + 1 : p + 2] == "."]
    lonely = [text[p] for p in places(text, "ABCDE") if alone(text, p)]
    return (dotted or lonely or [""])[-1]


def omni_spatial(reply: str) -> str:
    marked = []
    for start in (place for place in range(len(reply)) if reply[place : place + 6] in ("answer", "Answer")):
        tail = reply[start + 6 :].lstrip()
        tail = (tail[1:] if tail.startswith(":") else tail).lstrip().lstrip("*")
        tail = tail[1:] if tail.startswith("(") else tail
        if tail[:1] and tail[0] in "ABCD" and not is_word(tail, 1):
            marked.append(tail[0])
    return marked[-1] if marked else next((reply[p] for p in places(reply, "ABCD") if alone(reply, p)), "")


def mmmu_choice(reply: str, options: Sequence[str], pick: int) -> str:
    text = reply.strip()
    for mark in ",.!?;:'":
        while text.startswith(mark):
            text = text[1:]
        while text.endswith(mark):
            text = text[:-1]
    text, letters = f" {text} ", [chr(65 + n) for n in range(len(options))]
    for before, after in (("(", ")"), ("", " "), ("", ".")):
        last = ""
        for p in range(len(text)):
            for letter in letters:
                if text.startswith(before + letter + after, p):
                    last = letter
        if last:
            return last
    if len(text.split()) > 3:
        best, at = "", -1
        for letter, option in zip(letters, options, strict=True):
            place = text.lower().rfind(option.lower())
            if place > at:
                best, at = letter, place
        if best:
            return best
    return letters[pick % len(letters)]


def mra(said: float, right: float) -> float:
    if right == 0:
        return 1.0 if said == 0 else 0.0
    step = (0.95 - 0.5) / 9
    thresholds = [0.5 + step * n if n < 9 else 0.95 for n in range(10)]
    return sum(abs(said - right) / right <= 1 - threshold for threshold in thresholds) / 10


def number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None


def vsi_number(reply: str, right: float) -> float:
    word = reply.split(" ")[0]
    while word.endswith("."):
        word = word[:-1]
    said = number(word.strip().lower())
    return 0.0 if said is None else mra(said, right)


def relaxed(reply: str, right: str) -> float:
    def read(text: str) -> float | None:
        try:
            return float(text.rstrip("%")) / 100 if text[-1:] == "%" else float(text)
        except ValueError:
            return None

    said, wanted = read(reply), read(right)
    if said is None or wanted is None or wanted == 0:
        return 1.0 if reply.lower() == right.lower() else 0.0
    return 1.0 if abs(said - wanted) / abs(wanted) <= 0.05 else 0.0


def numbers(text: str) -> list[float]:
    found, place = [], 0
    while place < len(text):
        if text[place] in "0123456789":
            start = place
            while place < len(text) and text[place] in "0123456789":
                place += 1
            if text[place : place + 1] == "." and text[place + 1 : place + 2] and text[place + 1] in "0123456789":
                place += 1
                while place < len(text) and text[place] in "0123456789":
                    place += 1
            sign = -1 if text[start - 1 : start] == "-" else 1
            found.append(sign * float(text[start:place]))
        else:
            place += 1
    return found


def spar_number(reply: str, right: str, last: bool) -> float:
    found = numbers(reply)
    return mra(found[-1 if last else 0], float(right)) if found else 0.0


def spar_match(reply: str, right: str) -> float:
    said, wanted = reply.strip().lower(), right.strip().lower()
    return 1.0 if said == wanted or wanted.find(said) >= 0 or (said != "" and said[0] == wanted) else 0.0


def boxed(reply: str) -> str | None:
    """By a stack, from the left: the last opening box, if it closes."""
    mark = "\\boxed{"
    parts = reply.split(mark)
    if len(parts) < 2:
        return None
    depth = 1
    for place, letter in enumerate(parts[-1]):
        depth += (letter == "{") - (letter == "}")
        if depth == 0:
            return parts[-1][:place]
    return None


def mm_zero(reply: str, right: str) -> float:
    last, start, mark = None, 0, "\\boxed{"
    while (start := reply.find(mark, start)) >= 0:
        end = reply.find("}", start)
        if end < 0:
            break
        # What lies within a box that is open is part of it.
        last, start = reply[start + len(mark) : end], end
    clean: Callable[[str], str] = lambda text: text.lower().strip().rstrip(".")  # noqa: E731
    return float(last is not None and clean(last) == clean(right))


def levenshtein(first: str, second: str) -> int:
    table = {(a, 0): a for a in range(len(first) + 1)} | {(0, b): b for b in range(len(second) + 1)}
    for a in range(1, len(first) + 1):
        for b in range(1, len(second) + 1):
            swap = table[a - 1, b - 1] + (first[a - 1] != second[b - 1])
            table[a, b] = min(table[a - 1, b] + 1, table[a, b - 1] + 1, swap)
    return table[len(first), len(second)]


def yes_no(reply: str) -> str:
    low = reply.lower()
    found = [p for p in range(len(low)) if low.startswith("yes", p)]
    return "yes" if any(not is_word(low, p - 1) and not is_word(low, p + 3) for p in found) else "no"


# --- averages --------------------------------------------------------------------------------------------------------


def mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


def by(scored: Scored, key: Callable[[Sample], Any]) -> dict[Any, list[float]]:
    found: dict[Any, list[float]] = defaultdict(list)
    for sample, score in scored:
        found[key(sample)].append(score)
    return found


def vsi_overall(scored: Scored) -> float:
    merged: dict[str, list[float]] = defaultdict(list)
    for task, scores in by(scored, lambda s: s.category["task"]).items():
        merged["direction" if "rel_direction" in task else task].append(mean(scores))
    return mean(mean(each) for each in merged.values())


def cv_overall(scored: Scored) -> float:
    found = {source: mean(scores) for source, scores in by(scored, lambda s: s.category["source"]).items()}
    return 0.5 * ((found["ADE20K"] + found["COCO"]) / 2 + found["Omni3D"])


def star_overall(scored: Scored) -> float:
    inner: dict[str, list[float]] = defaultdict(list)
    for (kind, _), scores in by(scored, lambda s: (s.category["category"], s.category["subcategory"])).items():
        inner[kind].append(mean(scores))
    return mean(mean(each) for each in inner.values())


def together(scored: Scored, key: Callable[[Sample], Any]) -> float:
    return mean(float(all(score == 1.0 for score in scores)) for scores in by(scored, key).values())
