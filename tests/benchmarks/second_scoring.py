"""The official metrics a second time, from their descriptions: by walking over letters instead of patterns."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from zerosight.benchmarks.samples import Sample

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


# --- more replies ----------------------------------------------------------------------------------------------------


def spatialviz(reply: str) -> str:
    opened = reply.find("<answer>")
    closed = reply.find("</answer>", opened + 8) if opened >= 0 else -1
    inner = reply[opened + 8 : closed] if closed >= 0 else None
    if inner is not None and "<think>" in reply:
        return only(inner.split(".")[0])
    text = reply if inner is None else inner
    for marker in ("Answer:", "Answer is", "answer is", "option is", "Final Answer", "final answer"):
        place = text.rfind(marker)
        if place >= 0:
            return only(text[place + len(marker) :].strip(" :*\n").split(".")[0])
    return only(text.strip().split(".")[0])


def only(text: str) -> str:
    found = {text[p] for p in places(text, "ABCD") if alone(text, p)}
    return min(found) if len(found) == 1 else ""


def v_star(reply: str) -> str:
    text = reply.strip()
    bare = text.removeprefix("(")
    bare = bare[:-1] if bare[-1:] in (".", ":") and len(bare) > 1 else bare
    bare = bare.removesuffix(")")
    if len(bare) == 1 and bare in "ABCD" and len(text) <= 4:
        return bare
    for p in places(text, "ABCD"):
        if text[p - 1 : p] == "(" and text[p + 1 : p + 2] == ")" and p:
            return text[p]
    for start in (p for p in range(len(text)) if text[p : p + 6] in ("answer", "Answer")):
        tail = text[start + 6 :]
        for rest in (tail[3:], tail) if tail.startswith(" is") else (tail,):
            rest = rest.removeprefix(":").lstrip()
            if rest[:1] and rest[0] in "ABCD" and not is_word(rest, 1):
                return rest[0]
    for p in places(text, "ABCD"):
        if not is_word(text, p - 1) and text[p + 1 : p + 2] and text[p + 1] in ".:)":
            return text[p]
    return next((text[p] for p in places(text, "ABCD") if alone(text, p)), "")


def letter_set(reply: str) -> tuple[str, ...]:
    low, cut = reply, 0
    for start in (p for p in range(len(low)) if low[p : p + 6] in ("answer", "Answer")):
        end = start + 6 + (low[start + 6 : start + 7] == "s")
        for word in (" is", " are"):
            if low.startswith(word, end):
                end += len(word)
                break
        end += low[end : end + 1] == ":"
        cut = max(cut, end)
    said, found = reply[cut:], set()
    for p in places(said, "ABCDE"):
        after = said[p + 1 : p + 3]
        word = len(after) == 2 and after[0].isspace() and after[1] in "abcdefghijklmnopqrstuvwxyz"
        rest = said[p + 2 :]
        joins = any(rest.startswith(each) and not is_word(rest, len(each)) for each in ("and", "or"))
        if alone(said, p) and (not word or joins):
            found.add(said[p])
    return tuple(sorted(found))


def moves(text: str) -> dict[str, float]:
    signs = {"move_right": ("x", 1), "move_left": ("x", -1), "move_up": ("y", 1), "move_down": ("y", -1)}
    signs |= {
        "move_forward": ("z", 1),
        "move_backward": ("z", -1),
        "rotate_right": ("yaw", 1),
        "rotate_left": ("yaw", -1),
    }
    signs |= {"rotate_up": ("pitch", 1), "rotate_down": ("pitch", -1)}
    found = dict.fromkeys(("x", "y", "z", "yaw", "pitch"), 0.0)
    for name, (axis, sign) in signs.items():
        start = 0
        while (start := text.find(name, start)) >= 0:
            start += len(name)
            rest = text[start:].lstrip()
            if not is_word(text, start) and rest[:1] in (":", "="):
                value = rest[1:].lstrip()
                if value[:1].isdigit() or (value[:1] == "-" and value[1:2].isdigit()):
                    # `numbers` takes the sign with the digits.
                    found[axis] += sign * numbers(value)[0]
    return found


def view_change(reply: str, right: str) -> float:
    said, wanted = moves(reply), moves(right)
    scores = []
    for axis in wanted:
        if said[axis] == 0:
            scores.append(1.0 if wanted[axis] == 0 else 0.0)
        else:
            error = abs(wanted[axis] - said[axis]) / abs(said[axis])
            scores.append(sum(error <= 1 - (0.5 + 0.05 * n) + 1e-12 for n in range(10)) / 10)
    return sum(scores) / len(scores)


def stare(reply: str, right: str) -> float:
    inner = boxed(reply)
    text = (reply if inner is None else inner).strip()
    while text[:1] and text[0] in "$. ":
        text = text[1:]
    while text[-1:] and text[-1] in "$. ":
        text = text[:-1]
    text, wanted = text.lower(), right.strip().lower()
    if text == wanted:
        return 1.0
    bare = text[1:] if text.startswith("(") else text
    if bare[:1] and bare[0] in "abcde":
        rest = bare[1:].removeprefix(")")
        ends = bare[1:] == "" or bare[1:2] in (".", ":", ")") or rest == ""
        return 1.0 if ends and bare[0] == wanted else 0.0
    return 0.0


def mathvista(reply: str, choices: Sequence[str], kind: str) -> str | None:
    if reply == "" or reply in choices:
        return reply
    if kind == "integer":
        digits = reply.strip().replace("_", "")
        body = digits[1:] if digits[:1] in ("-", "+") else digits
        if body.isdecimal() and "__" not in reply and not reply.strip().endswith("_"):
            return str(int(digits))
    if kind == "float" and number(reply) is not None:
        return str(float(reply))
    for line in reply.split("\n"):
        start, end = line.find('The answer is "'), line.rfind('".')
        if start >= 0 and end >= start + 15:
            return line[start + 15 : end]
    return None


def nearest(text: str, choices: Sequence[str]) -> str:
    ranked = sorted(range(len(choices)), key=lambda n: (levenshtein(text, choices[n]), n))
    return choices[ranked[0]]
