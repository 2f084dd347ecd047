"""Kinds of answers: how a claim is read as a count, an amount, yes or no, an option, a letter, an order or a place."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from .amounts import NUMBER_WORDS, read_amount
from .latex import without_latex
from .mentions import complement_of, is_denied, mentions_of
from .words import AFFIXES, COPULAS, DENIALS, DOUBTS, NO_WORDS, TOKEN, YES_WORDS, Form, is_refusal, words_of

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


def _number(claim_text: str, answer_form: Form) -> str | None:
    """Read a count from `claim_text`: digits or words, alone or in a sentence with no other number; `none` is 0."""
    words = words_of(claim_text)
    if is_refusal(words):
        return None
    has_number_word = any(word[0] in "0123456789" or (word in NUMBER_WORDS and word != "one") for word in words)
    if not has_number_word and "one" not in words:
        is_none = "none" in words or "zero" in words or words[:1] == ["no"] or {"are", "no"} <= set(words)
        return "0" if is_none and not set(words) & (DENIALS - {"nothing"} | DOUBTS) else None
    if set(words) & (DENIALS | DOUBTS) or "no" in words or "%" in claim_text:
        return None
    value = read_amount(claim_text)
    if value is None or value % 1:
        return None
    return str(int(value))


def _decimal(claim_text: str, answer_form: Form) -> str | None:
    """Read the amount that `claim_text` says in the unit of `answer_form`, as digits."""
    amount_value = read_amount(claim_text, answer_form.measure)
    return None if amount_value is None else f"{amount_value:.12g}"


def _yesno(claim_text: str, answer_form: Form) -> str | None:
    """Read yes or no from `claim_text`: alone, at the head of a sentence, or as "there is (not) one"."""
    tokens = [token.lower().replace("’", "'") for token in TOKEN.findall(claim_text)]
    words = [token for token in tokens if token[0].isalnum()]
    if not words or set(words) & DOUBTS - {"if"} or "?" in tokens or is_refusal(words):
        return None
    answer_words = {
        _polarity(token) for token, follows in _with_next(tokens) if not follows or not follows[0].isalnum()
    }
    answer_words |= {_polarity(words[0])}
    polarities = answer_words - {None}
    if len(polarities) > 1:
        return None
    is_denied = bool(set(words) & DENIALS) or any(word.endswith("n't") for word in words)
    if polarities:
        value = polarities.pop()
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
    """Return `yes` or `no` where `token` is a word for it, else None."""
    return "yes" if token in YES_WORDS - {"right"} else "no" if token in NO_WORDS else None


def _with_next(tokens: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pair each of `tokens` with the one behind it, "" at the end."""
    return zip(tokens, [*tokens[1:], ""], strict=True)


def _word(claim_text: str, answer_form: Form) -> str | None:
    """Read one of the options of `answer_form`: alone, or the only one that the sentence names and does not deny."""
    exact_text = " ".join(claim_text.lower().split())
    for option in answer_form.options:
        if option.lower() == exact_text:
            return option
    if answer_form.options and all(len(option) == 1 for option in answer_form.options):
        return _choice(claim_text, answer_form)
    tokens = words_of(without_latex(claim_text))
    option_mentions = mentions_of(tokens, answer_form.options)
    plain_mentions = [mention for mention in option_mentions if not is_denied(tokens, mention.start)]
    if set(tokens) & DOUBTS or "neither" in tokens or "both" in tokens:
        return None
    option_names = {mention.option for mention in plain_mentions}
    if len(option_names) > 1:
        option_names = complement_of(tokens, plain_mentions)
    return option_names.pop() if len(option_names) == 1 else None


def _choice(claim_text: str, answer_form: Form) -> str | None:
    """Read a letter from `claim_text`: alone, in brackets, before the option's text, or the only one named."""
    claim_text = without_latex(claim_text).strip(AFFIXES)
    by_letter = {option.upper(): option for option in answer_form.options}
    if claim_text.upper() in by_letter:
        return by_letter[claim_text.upper()]
    tokens = TOKEN.findall(claim_text)
    words = [token.lower() for token in tokens]
    letter_indices = [
        number for number, token in enumerate(tokens) if token in by_letter and not _is_article(tokens, number)
    ]
    if not letter_indices or set(words) & _CHOICE_DENIALS or "?" in tokens:
        return None
    if (
        letter_indices[0] == 0
        and len(tokens) > 2
        and tokens[1] in ".:)-"
        and not _offers_another(tokens, letter_indices)
    ):
        # The option's text follows, in which single letters mean other things.
        return by_letter[tokens[0]]
    letter_set = {tokens[number] for number in letter_indices}
    return by_letter[letter_set.pop()] if len(letter_set) == 1 else None


_CHOICE_DENIALS = frozenset(
    "not neither nor none isn't all maybe perhaps possibly probably unsure except aside besides than".split()
)


def _offers_another(tokens: Sequence[str], letter_indices: Sequence[int]) -> bool:
    """Tell whether one of `letter_indices` stands behind "or", "and" and the like in `tokens`: `(B) or (C)`."""
    for token_index in letter_indices[1:]:
        words_before = [token.lower() for token in tokens[:token_index] if token not in "([)].*"]
        if set(words_before[-2:]) & {"or", "and", "nor", "option", "/", ","} and tokens[token_index] != tokens[0]:
            return True
    return False


def _is_article(tokens: Sequence[str], token_index: int) -> bool:
    """Tell whether the token at `token_index` is the article "A" or the pronoun "I": a lower-case word follows it."""
    next_token = tokens[token_index + 1] if token_index + 1 < len(tokens) else ""
    return tokens[token_index] in ("A", "I") and next_token[:1].islower() and next_token not in ("is", "and", "or")


_ORDER_WORDS = frozenset(
    "the correct right order sequence is are and then picture pictures image images frame frames step steps place "
    "position number shows at it first second third fourth fifth to of should be in".split()
)


def _order(claim_text: str, answer_form: Form) -> str | None:
    """Read the letters of places 1, 2, ... from `claim_text`: alone, spaced, or behind their numbers; each letter once.

    >>> _order("B, A, D, C", Form("order")), _order("2-A, 1-B, 3-D, 4-C", Form("order"))
    ('BADC', 'BADC')
    """
    if "?" in claim_text:
        return None
    place_letters: list[str] = []
    place_numbers: list[int] = []
    tokens = [token for token in TOKEN.findall(without_latex(claim_text)) if token[0].isalnum()]
    single_case = claim_text.islower() or not any(len(token) == 1 for token in tokens)
    for token in tokens:
        if token[0] in "0123456789" and len(token) <= 2:
            if len(place_numbers) > len(place_letters):
                return None
            place_numbers.append(int(token))
        elif len(token) == 1 and (token.isupper() or single_case or place_numbers):
            place_letters.append(token.upper())
        elif token.lower() in _ORDER_WORDS:
            continue
        elif len(token) > 1 and not place_letters and (token.isupper() or (len(tokens) == 1 and token.islower())):
            place_letters += list(token.upper())
        else:
            return None
    if place_numbers:
        if len(place_numbers) != len(place_letters) or sorted(place_numbers) != list(range(1, len(place_numbers) + 1)):
            return None
        place_letters = [letter for _, letter in sorted(zip(place_numbers, place_letters, strict=True))]
    order = "".join(place_letters)
    return (
        order
        if len(set(order)) == len(order) > 1 and (not answer_form.options or order in answer_form.options)
        else None
    )


def _name(claim_text: str, answer_form: Form) -> str | None:
    """Read `claim_text` as a name, or as one of the options where there are some; case and spaces do not count."""
    if answer_form.options:
        return _word(claim_text, answer_form)
    plain_claim = " ".join(without_latex(claim_text).strip(AFFIXES).lower().split())
    return plain_claim or None


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
    name_length = len(name_words)
    own_words = [word for word in claim_words if word not in _NAME_FILLERS or word in name_words]
    if own_words == name_words:
        return True
    is_subject = claim_words[:name_length] == name_words and (
        len(claim_words) == name_length
        or claim_words[name_length] in COPULAS | {"has", "had", "shows", "with", "at", "about"}
        or claim[len(value) : len(value) + 2].strip()[:1] in ("(", ":")
    )
    is_complement = claim_words[-name_length:] == name_words and bool(
        set(claim_words[-name_length - 3 : -name_length]) & COPULAS
    )
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


def _direction(claim_text: str, answer_form: Form) -> str | None:
    """Read the parts of a direction in `claim_text`, in any order, as one of the options where there are some.

    >>> _direction("to the left and in front", Form("direction")), _direction("not left", Form("direction"))
    ('front-left', None)
    """
    all_words = words_of(without_latex(claim_text))
    words = [word for word in all_words if word not in _DIRECTION_FILLERS]
    # "front, left" may be two answers; "in front, to the left" is one.
    is_list = "," in claim_text and len(words) == len(all_words)
    if not words or is_list or any(word not in _WAYS for word in words):
        return None
    direction_parts = {_WAYS[word] for word in words}
    if len(direction_parts) < len(words) or any(
        side in direction_parts and opposite in direction_parts for side, opposite in OPPOSITES
    ):
        return None
    if answer_form.options:
        return next((option for option in answer_form.options if set(option.split("-")) == direction_parts), None)
    return "-".join(part for part in DIRECTION_WORDS if part in direction_parts)


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
