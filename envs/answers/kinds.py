"""Kinds of answers: how a claim is read as a count, an amount, yes or no, an option, a letter, an order or a place."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from .amounts import NUMBER_WORDS, read_amount
from .latex import without_latex
from .mentions import complement_of, is_denied, mentions_of
from .words import AFFIXES, COPULAS, DENIALS, DOUBTS, NO_WORDS, TOKEN, YES_WORDS, Form, words_of

DIRECTION_WORDS = {
    "front": ("ahead", "forward", "forwards", "front"),
    "back": ("behind", "backward", "backwards", "back", "rear"),
    "left": ("left", "leftward", "leftwards"),
    "right": ("right", "rightward", "rightwards"),
    "nearer": ("nearer", "closer"),
    "farther": ("farther", "further"),
    "above": ("above", "up", "upward", "upwards", "higher"),
    "below": ("below", "down", "downward", "downwards", "lower"),
    "turn": ("turn", "turned", "turns", "turning"),
}
"""The parts of a direction, and other ways to say each."""
OPPOSITES = (("front", "back"), ("left", "right"), ("nearer", "farther"), ("above", "below"))


def _number(body: str, form: Form) -> str | None:
    """Read a count: digits or words, alone or in a sentence with no other number; `none` is 0."""
    words = words_of(body)
    has_number = any(word[0] in "0123456789" or (word in NUMBER_WORDS and word != "one") for word in words)
    if not has_number and "one" not in words:
        is_none = "none" in words or "zero" in words or words[:1] == ["no"] or {"are", "no"} <= set(words)
        return "0" if is_none and not set(words) & (DENIALS - {"nothing"} | DOUBTS) else None
    if set(words) & (DENIALS | DOUBTS) or "no" in words or "%" in body:
        return None
    value = read_amount(body)
    if value is None or value % 1:
        return None
    return str(int(value))


def _decimal(body: str, form: Form) -> str | None:
    value = read_amount(body, form.measure)
    return None if value is None else f"{value:.12g}"


def _yesno(body: str, form: Form) -> str | None:
    """Read yes or no: the word alone or at the head of a sentence, or a sentence that says that there is (not) one."""
    tokens = [token.lower().replace("’", "'") for token in TOKEN.findall(body)]
    words = [token for token in tokens if token[0].isalnum()]
    if not words or set(words) & DOUBTS - {"if"} or "?" in tokens:
        return None
    standing = {_polarity(token) for token, follows in _with_next(tokens) if not follows or not follows[0].isalnum()}
    standing |= {_polarity(words[0])}
    said = standing - {None}
    if len(said) > 1:
        return None
    is_denied = bool(set(words) & DENIALS) or any(word.endswith("n't") for word in words)
    if said:
        value = said.pop()
        # "No, it is not" says no twice; "not yes" and "the statement is not true" say nothing plain.
        return value if words[0] in YES_WORDS | NO_WORDS or not is_denied else None
    if (
        words[0] in ("there", "it", "they", "this", "that")
        and len(words) > 1
        and words[1] in ("is", "are", "does", "do")
    ):
        if words[0] != "there" and len(words) > 3:
            return None
        return "no" if is_denied or "no" in words[:3] else "yes"
    return "no" if words[0] == "there" and is_denied else None


def _polarity(token: str) -> str | None:
    return "yes" if token in YES_WORDS - {"right"} else "no" if token in NO_WORDS else None


def _with_next(tokens: Sequence[str]) -> Iterator[tuple[str, str]]:
    return zip(tokens, [*tokens[1:], ""], strict=True)


def _word(body: str, form: Form) -> str | None:
    """Read one of the options: alone, or the only one that a sentence names and does not deny."""
    exact = " ".join(body.lower().split())
    for option in form.options:
        if option.lower() == exact:
            return option
    if form.options and all(len(option) == 1 for option in form.options):
        return _choice(body, form)
    tokens = words_of(without_latex(body))
    mentions = mentions_of(tokens, form.options)
    alive = [mention for mention in mentions if not is_denied(tokens, mention.start)]
    if set(tokens) & DOUBTS or "neither" in tokens or "both" in tokens:
        return None
    names = {mention.option for mention in alive}
    if len(names) > 1:
        names = complement_of(tokens, alive)
    return names.pop() if len(names) == 1 else None


def _choice(body: str, form: Form) -> str | None:
    """Read a letter: alone, in brackets, before the option's text, or the only one that a sentence names."""
    body = without_latex(body).strip(AFFIXES)
    by_letter = {option.upper(): option for option in form.options}
    if body.upper() in by_letter:
        return by_letter[body.upper()]
    tokens = TOKEN.findall(body)
    words = [token.lower() for token in tokens]
    named = [number for number, token in enumerate(tokens) if token in by_letter and not _is_article(tokens, number)]
    if not named or set(words) & _CHOICE_DENIALS or "?" in tokens:
        return None
    if named[0] == 0 and len(tokens) > 2 and tokens[1] in ".:)-" and not _offers_another(tokens, named):
        # The option's text follows, in which single letters mean other things.
        return by_letter[tokens[0]]
    letters = {tokens[number] for number in named}
    return by_letter[letters.pop()] if len(letters) == 1 else None


_CHOICE_DENIALS = frozenset("not neither nor none isn't except aside besides than".split())


def _offers_another(tokens: Sequence[str], named: Sequence[int]) -> bool:
    """Tell whether a second letter stands behind "or", "and" and the like: `(B) or (C)`."""
    for number in named[1:]:
        before = [token.lower() for token in tokens[:number] if token not in "([)].*"]
        if set(before[-2:]) & {"or", "and", "nor", "option", "/", ","} and tokens[number] != tokens[0]:
            return True
    return False


def _is_article(tokens: Sequence[str], number: int) -> bool:
    """Tell whether a single letter is the article "A" or the pronoun "I": a lower-case word follows it."""
    following = tokens[number + 1] if number + 1 < len(tokens) else ""
    return tokens[number] in ("A", "I") and following[:1].islower() and following not in ("is", "and", "or")


_ORDER_WORDS = frozenset(
    "the correct right order sequence is are and then picture pictures image images frame frames step steps place "
    "position number shows at it first second third fourth fifth to of should be in".split()
)


def _order(body: str, form: Form) -> str | None:
    """Read the letters of places 1, 2, ... in this order, alone, spaced, or each behind its number; each once.

    >>> _order("B, A, D, C", Form("order")), _order("2-A, 1-B, 3-D, 4-C", Form("order"))
    ('BADC', 'BADC')
    """
    if "?" in body:
        return None
    letters: list[str] = []
    numbers: list[int] = []
    tokens = [token for token in TOKEN.findall(without_latex(body)) if token[0].isalnum()]
    single_case = body.islower() or not any(len(token) == 1 for token in tokens)
    for token in tokens:
        if token[0] in "0123456789" and len(token) <= 2:
            if len(numbers) > len(letters):
                return None
            numbers.append(int(token))
        elif len(token) == 1 and (token.isupper() or single_case or numbers):
            letters.append(token.upper())
        elif token.lower() in _ORDER_WORDS:
            continue
        elif len(token) > 1 and not letters and (token.isupper() or (len(tokens) == 1 and token.islower())):
            letters += list(token.upper())
        else:
            return None
    if numbers:
        if len(numbers) != len(letters) or sorted(numbers) != list(range(1, len(numbers) + 1)):
            return None
        letters = [letter for _, letter in sorted(zip(numbers, letters, strict=True))]
    order = "".join(letters)
    return order if len(set(order)) == len(order) > 1 and (not form.options or order in form.options) else None


def _name(body: str, form: Form) -> str | None:
    """Read any text, or one of the options where there are some, but for case, spaces and a leading article."""
    if form.options:
        return _word(body, form)
    claim = " ".join(without_latex(body).strip(AFFIXES).lower().split())
    return claim or None


def names_same(claim: str, value: str) -> bool:
    """Tell whether a `claim` that `read_answer` gave names `value`: alone, or as a sentence's subject or complement.

    >>> names_same("the category is oak", "Oak"), names_same("oak (about 75)", "Oak"), names_same("not oak", "Oak")
    (True, True, False)
    """
    claim_words, name_words = words_of(claim.removeprefix("the ")), words_of(value.lower().removeprefix("the "))
    if "".join(claim.split()) == "".join(value.lower().split()) or (claim_words == name_words and name_words):
        return True
    if not name_words or (set(claim_words) - set(name_words)) & (DENIALS | DOUBTS | {"than", "and", "but", "both"}):
        return False
    count = len(name_words)
    lead = [word for word in claim_words if word not in _NAME_FILLERS or word in name_words]
    if lead == name_words:
        return True
    is_subject = claim_words[:count] == name_words and (
        len(claim_words) == count
        or claim_words[count] in COPULAS | {"has", "had", "shows", "with", "at", "about"}
        or claim[len(value) : len(value) + 2].strip()[:1] in ("(", ":")
    )
    is_complement = claim_words[-count:] == name_words and bool(set(claim_words[-count - 3 : -count]) & COPULAS)
    return is_subject or is_complement


_NAME_FILLERS = frozenset(
    "the a an is it its are called named labelled labeled category series bar line point group label name item slice "
    "wedge panel answer year month that this one".split()
)


_WAYS = {way: part for part, ways in DIRECTION_WORDS.items() for way in ways}
_DIRECTION_FILLERS = frozenset(
    "to the and in of straight towards toward moved on it is its at side direction hand located you your would be "
    "i me a relative object slightly a bit from".split()
)


def _direction(body: str, form: Form) -> str | None:
    """Read parts of a direction in any order, as one of the options, or else in the order of `DIRECTION_WORDS`.

    >>> _direction("to the left and in front", Form("direction")), _direction("not left", Form("direction"))
    ('front-left', None)
    """
    words = [word for word in words_of(without_latex(body)) if word not in _DIRECTION_FILLERS]
    if not words or any(word not in _WAYS for word in words):
        return None
    parts = {_WAYS[word] for word in words}
    if len(parts) < len(words) or any(side in parts and opposite in parts for side, opposite in OPPOSITES):
        return None
    if form.options:
        return next((option for option in form.options if set(option.split("-")) == parts), None)
    return "-".join(part for part in DIRECTION_WORDS if part in parts)


KINDS: Mapping[str, Callable[[str, Form], str | None]] = {
    "number": _number,
    "decimal": _decimal,
    "yesno": _yesno,
    "word": _word,
    "name": _name,
    "choice": _choice,
    "order": _order,
    "phrase": _word,
    "tally": _number,
    "mra": _decimal,
    "direction": _direction,
}
"""`number`: a count; `decimal`: an amount, within a tolerance; `yesno`; `word`: one of a closed list; `phrase`: the
same in several words; `name`: a text that the scene shows; `choice`: the letter of an option; `order`: the letters of
several places in turn. Graded ones: `tally`, a count; `mra`, an amount, by mean relative accuracy; `direction`, by its
parts."""
