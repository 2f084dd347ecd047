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


def mmsi(reply: str) -> str:
    for opening, closing in (("``", "``"), ("`", "`"), ("{", "}")):
        start = reply.find(opening)
        while start >= 0:
            end = reply.find(closing, start + len(opening))
            inner = reply[start + len(opening) : end] if end >= 0 else None
            if inner is not None and not (opening == "``" and "`" in inner):
                reply = inner
                break
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
        if start and text[start - 1] in first:
            rest = text[start + len(phrase) :]
            place = 0
            while place < len(rest) and (rest[place] == ":" or rest[place].isspace()):
                place += 1
            if place and rest[place : place + 1] and rest[place] in "ABCD":
                return rest[place]
        start = text.find(phrase, start + 1)
    return ""


def mindcube(reply: str) -> str:
    dotted = [reply[p] for p in places(reply, "ABCDE") if reply[p + 1 : p + 2] == "."]
    if dotted:
        return dotted[-1]
    opened = reply.find("<Answer>")
    if opened >= 0:
        inner = reply[opened + 8 :].split("<")[0]
        said = [_behind(inner, words) for words in (("y answer is ", "Mm"), ("he answer is ", "Tt"))]
        lonely = [inner[p] for p in places(inner, "ABCDE") if alone(inner, p)]
        found = next((each[-1] for each in (*said, lonely) if each), "")
        if found:
            return found
    lines = [line.removeprefix("Answer: ") for line in reply.split("\n")]
    begun = [line[0] for line in lines if line[:1] and line[0] in "ABCDE" and (len(line) == 1 or line[1].isspace())]
    quoted = []
    place = 0
    while place < len(reply):
        if (
            reply[place] in '*"'
            and reply[place + 1 : place + 2] in tuple("ABCDE")
            and reply[place + 2 : place + 3] in ("*", '"')
        ):
            quoted.append(reply[place + 1])
            place += 2
        place += 1
    answered = []
    for start in (p for p in range(len(reply)) if reply.startswith("Answer", p) and not is_word(reply, p - 1)):
        tail = reply[start + 6 :].removeprefix(":").lstrip()
        if tail[:1] and tail[0] in "ABCDE" and not is_word(tail, 1):
            answered.append(tail[0])
    phrases = [_behind(reply, ("y answer is ", "Mm")), _behind(reply, ("answer is ", ""))]
    for found in (begun, quoted, answered, *phrases):
        if found:
            return found[-1]
    for line in reversed(reply.split("\n")):
        lonely = [line[p] for p in places(line, "ABCDE") if alone(line, p)]
        if lonely:
            return lonely[0]
    return ""


def _behind(text: str, words: tuple[str, str]) -> list[str]:
    """The letters A to E right after some words, which begin with one of some letters."""
    phrase, first = words
    starts = [
        p for p in range(len(text)) if text.startswith(phrase, p) and (not first or text[p - 1 : p] in tuple(first))
    ]
    return [text[p + len(phrase)] for p in starts if text[p + len(phrase) : p + len(phrase) + 1] in tuple("ABCDE")]


def omni_spatial(reply: str) -> str:
    marked = []
    for start in (place for place in range(len(reply)) if reply[place : place + 6].lower() == "answer"):
        tail = reply[start + 6 :].lstrip()
        letter = tail[1:].lstrip() if tail.startswith(":") else ""
        if letter[:1] in tuple("ABCDabcd") and not is_word(letter, 1):
            marked.append(letter[0])
    return (marked or ["A"])[-1]


def mmmu_choice(reply: str, options: Sequence[str], pick: int) -> str:
    text = reply
    for mark in ",.!?;:'":
        while text.startswith(mark):
            text = text[1:]
        while text.endswith(mark):
            text = text[:-1]
    text, letters = f" {text} ", [chr(65 + n) for n in range(len(options))]
    for before, after, wide in (("(", ")", False), ("", " ", True), ("", ".", True)):
        found = [letter for letter in letters if before + letter + after in text]
        if found:
            sought = {letter: f" {letter} " if wide else f"({letter})" for letter in found}
            ranked = sorted(found, key=lambda letter: -text.rfind(sought[letter]))
            return ranked[0]
    if len(text.split()) > 5:
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
    """Without signs; a number right behind `^` begins a digit later, if there is one."""
    found, place = [], 0
    while place < len(text):
        if text[place] in "0123456789" and text[place - 1 : place] != "^":
            start = place
            while place < len(text) and text[place] in "0123456789":
                place += 1
            if text[place : place + 1] == "." and text[place + 1 : place + 2] and text[place + 1] in "0123456789":
                place += 1
                while place < len(text) and text[place] in "0123456789":
                    place += 1
            found.append(float(text[start:place]))
        else:
            place += 1
    return found


def spar_number(reply: str, right: str, last: bool) -> float:
    found = numbers(reply) or ([-1.0] if last else [])
    return mra(found[-1 if last else 0], float(right)) if found else 0.0


def spar_match(reply: str, right: str) -> float:
    said, wanted = reply.lower(), right.lower()
    return 1.0 if wanted.find(said) >= 0 or (said != "" and said[0] == wanted) else 0.0


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
    thousands = any(low[p - 1 : p].isdecimal() and low[p + 1 : p + 2].isdecimal() for p in places(low, ","))
    text = low
    for mark in ';/[]"{}()=+\\_-><@`,?!':
        spaced = any((low[p - 1 : p] == " " and p) or low[p + 1 : p + 2] == " " for p in places(low, mark))
        text = "".join(("" if spaced or thousands else " ") if letter == mark else letter for letter in text)
    kept, dropped = [], 0
    for p, letter in enumerate(text):
        if letter == "." and not text[p + 1 : p + 2].isdecimal() and dropped < 32:
            dropped += 1
        else:
            kept.append(letter)
    said = {word for word in "".join(kept).split() if word in ("yes", "no")}
    return said.pop() if len(said) == 1 else ""


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
    return mean(mean(scores) for scores in by(scored, lambda s: s.category["subcategory"]).values())


def together(scored: Scored, key: Callable[[Sample], Any]) -> float:
    return mean(float(all(score == 1.0 for score in scores)) for scores in by(scored, key).values())


# --- more replies ----------------------------------------------------------------------------------------------------


def spatialviz(reply: str) -> str:
    def between(name: str) -> str | None:
        opened = reply.find(f"<{name}>")
        closed = reply.find(f"</{name}>", opened + len(name) + 2) if opened >= 0 else -1
        return reply[opened + len(name) + 2 : closed] if closed >= 0 else None

    inner = between("answer")
    if inner is not None and between("think") is not None:
        return only(inner.strip().split(".")[0])
    if len(reply) == 1:
        return only(reply)
    markers = ["<answer>", "Answer:", "Final answer", "final answer", "Final Answer", "the answer is", "The answer is"]
    markers += ["correct answer", "Correct answer", "Correct Answer", "答案", "correct path"]
    for marker in markers:
        place = reply.rfind(marker)
        if place >= 0:
            return only(reply[place + len(marker) :].strip().split(".")[0])
    return ""


def only(text: str) -> str:
    found = {text[p] for p in places(text, "ABCD")}
    return min(found) if len(found) == 1 else ""


def v_star(reply: str) -> str:
    text = reply.strip().upper()
    if text[:1] and text[0] in "ABCD":
        return text[0]
    for p in range(len(text)):
        word = next((word for word in ("ANSWER", "CHOICE", "OPTION") if text.startswith(word, p)), None)
        if word:
            tail = text[p + len(word) :]
            after_is = tail.lstrip()[2:] if tail[:1].isspace() and tail.lstrip().startswith("IS") else None
            for rest in (after_is, tail):
                if rest is not None:
                    bare = rest.lstrip(": \n\t")
                    if len(bare) < len(rest) and bare[:1] and bare[0] in "ABCD":
                        return bare[0]
    for p in places(text, "ABCD"):
        if p and text[p - 1] == "(" and text[p + 1 : p + 2] == ")":
            return text[p]
    for p in places(text, "ABCD"):
        if text[p + 1 :].lstrip()[:1] in (".", ")", "]"):
            return text[p]
    for p in places(text, "ABCD"):
        if (p == 0 or text[p - 1].isspace()) and (p + 1 == len(text) or text[p + 1].isspace()):
            return text[p]
    found = [text[p] for p in places(text, "ABCD")]
    return found[0] if len(found) == 1 else ""


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


def moves(text: str) -> dict[str, float] | None:
    found: dict[str, float] = {}
    for part in text.split(","):
        if part.count(":") != 1:
            return None
        value = number(part[part.index(":") + 1 :])
        if value is None:
            return None
        found[part[: part.index(":")]] = value
    return found


def view_change(reply: str, right: str) -> float:
    said, wanted = moves(reply), moves(right)
    if said is None or wanted is None:
        return 0.0
    scores = []
    for pair in ("move right left", "move up down", "move forward backward", "rotate right left", "rotate up down"):
        kind, forth, back = pair.split()
        ours, theirs = (side.get(f"{kind}_{forth}", 0.0) - side.get(f"{kind}_{back}", 0.0) for side in (said, wanted))
        error = abs(theirs - ours) / abs(ours) if ours else abs(theirs)
        scores.append(sum(error <= 1 - (0.5 + 0.05 * n) + 1e-12 for n in range(10)) / 10)
    return sum(scores) / len(scores)


def stare_answer(reply: str) -> str:
    text = reply.strip()
    if text[:1] and text[0] in "ABCDEFGH" and text[1:2] in ("", ":", "."):
        return text[0]
    if len(text) == 1 and text in "abcdefgh":
        return text.upper()
    if number(text) is not None:
        return text
    boxes, place, mark = [], 0, "\\boxed{"
    while (place := text.find(mark, place)) >= 0:
        place += len(mark)
        depth, start = 1, place
        while place < len(text) and depth:
            depth += (text[place] == "{") - (text[place] == "}")
            place += 1
        if depth == 0:
            boxes.append(text[start : place - 1])
    if boxes:
        return boxes[-1].strip()
    low = text.lower()
    for flag in ("final answer is", "correct answer is", "answer should be", "answer is", "answer:"):
        if flag in low:
            return low[low.rindex(flag) + len(flag) :].strip().split("\n")[0].split(".")[0]
    return ""


def stare(reply: str, right: str) -> float:
    return 1.0 if stare_answer(reply).lower().strip() == right.lower().strip() else 0.0


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
