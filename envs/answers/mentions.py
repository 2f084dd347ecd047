"""Options that a sentence names: found as words, as plurals, or as directions made of sides."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .words import COPULAS, DENIALS, words_of


class Mention(NamedTuple):
    """The place at which a sentence names an option: word `start` up to `end`."""

    start: int
    end: int
    option: str


_SHADES = frozenset("dark light pale bright deep ish reddish greenish bluish yellowish".split())
_COMPASS: Mapping[str, str] = {
    **dict.fromkeys("upper top north above up northern".split(), "upper"),
    **dict.fromkeys("lower bottom south below down beneath under southern".split(), "lower"),
    **dict.fromkeys("left west western".split(), "left"),
    **dict.fromkeys("right east eastern".split(), "right"),
}
_COMPOUND = {f"{ns}{ew}": (ns, ew) for ns in ("north", "south") for ew in ("east", "west")}
_JOINTS = frozenset("and to the hand side".split())


def mentions_of(tokens: Sequence[str], options: Sequence[str]) -> list[Mention]:
    """Find the options that `tokens` name, the longest first, without overlap; a plural names its singular."""
    by_words = {tuple(words_of(option)): option for option in options}
    longest_option = max(map(len, by_words), default=0)
    directions = {_components(words): option for words, option in by_words.items() if _components(words)}
    mentions: list[Mention] = []
    position = 0
    while position < len(tokens):
        option_mention = _direction_mention(tokens, position, directions) if directions else None
        for count in range(longest_option, 0, -1) if option_mention is None else ():
            words = tuple(tokens[position : position + count])
            singular_words = (*words[:-1], words[-1].removesuffix("s")) if words else ()
            option = by_words.get(words) or by_words.get(singular_words)
            if option is not None and not (position and tokens[position - 1] in _SHADES):
                option_mention = Mention(position, position + count, option)
                break
        if option_mention is not None:
            mentions.append(option_mention)
        position = option_mention.end if option_mention is not None else position + 1
    return mentions


def _components(words: Sequence[str]) -> frozenset[str]:
    """Return the sides that a direction is made of: `top right` of upper and right; nothing for other words."""
    sides: set[str] = set()
    for word in words:
        for part in _COMPOUND.get(word, (word,)):
            if part not in _COMPASS:
                return frozenset()
            sides.add(_COMPASS[part])
    return frozenset(sides)


def _direction_mention(tokens: Sequence[str], start: int, directions: Mapping[frozenset[str], str]) -> Mention | None:
    """Read the run of direction words at `start` as the option that has the same sides."""
    end, run_words = start, list[str]()
    while end < len(tokens) and (_components([tokens[end]]) or (run_words and tokens[end] in _JOINTS)):
        run_words.append(tokens[end])
        end += 1
    while run_words and run_words[-1] in _JOINTS:
        run_words.pop()
        end -= 1
    side_words = [word for word in run_words if word not in _JOINTS]
    named_sides = _components(side_words)
    # "right, upper right" names a side twice: two answers, and not one.
    if not named_sides or sum(len(_components([word])) for word in side_words) > len(named_sides):
        return None
    option = directions.get(named_sides)
    return None if option is None else Mention(start, end, option)


def is_denied(tokens: Sequence[str], start: int) -> bool:
    """Tell whether a denial stands shortly before word `start` of `tokens`, with no "but" between."""
    words_before = list(tokens[max(0, start - 5) : start])
    while "but" in words_before:
        words_before = words_before[words_before.index("but") + 1 :]
    return any(word in DENIALS or word.endswith("n't") for word in words_before)


_FILLERS = frozenset(
    "a an the to on in at of colour color colored coloured shape shaped it its side toward towards "
    "just clearly definitely simply".split()
)


def complement_of(tokens: Sequence[str], mentions: Sequence[Mention]) -> set[str]:
    """Return the option of `mentions` that stands directly behind the last copula of `tokens`, as a set of one."""
    copula_indices = [number for number, token in enumerate(tokens) if token in COPULAS]
    if not copula_indices:
        return set()
    complement_start = copula_indices[-1] + 1
    while (
        complement_start < len(tokens)
        and tokens[complement_start] in _FILLERS
        and not any(mention.start == complement_start for mention in mentions)
    ):
        complement_start += 1
    later_mentions = [mention for mention in mentions if mention.start > copula_indices[-1]]
    complement_options = {mention.option for mention in later_mentions if mention.start == complement_start}
    return complement_options if len({mention.option for mention in later_mentions}) == 1 else set()
