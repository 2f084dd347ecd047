"""The operators of edits: rules over the four results of a program, and their English.

The order in which pictures and parameter sets are offered follows from the scene alone (`shown`), so that no author of
a program or of a query can choose the letter of an answer.

May import `geometry` and `envs/language`. Begin with `LANGUAGE`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...geometry import EditScene
from ...geometry.edit import SETS
from ..language.execute import Execution, IllPosed
from ..language.literals import Description, Quantity, Vocabulary
from ..language.query import Language, Literal, Operator
from ..rng import SeededRng
from .difference import THRESHOLD, UNIT
from .seeds import SEEDS

LETTERS = "ABCD"
BANDS = {"distinct": (40.0, 101.0), "similar": (20.0, 40.0), "close": (THRESHOLD, 20.0)}
"""How near the nearest of the other results is, per cent of the picture: from, and up to but without."""
DESCRIPTION = Description(Vocabulary(likeness=tuple(BANDS), form=("edit", "sequence")), about="results")


@dataclass(frozen=True, slots=True)
class EditResult:
    """One of the four results."""

    number: int
    """0 to 3."""
    nearest: float
    """Its difference to the nearest of the others, per cent."""
    steps: int

    def described_by(self, words: Sequence[str]) -> bool:
        """Tell whether every one of `words` is true of it."""
        edit_form = "sequence" if self.steps > 1 else "edit"
        return all(word == edit_form or (word in BANDS and _within(self.nearest, word)) for word in words)


def _within(gap: float, likeness: str) -> bool:
    least_gap, gap_limit = BANDS[likeness]
    return least_gap <= gap < gap_limit


class Results(list[EditResult]):
    """The world that edit programs' queries are run over."""

    def __init__(self, scene: EditScene) -> None:
        """Collect the results of `scene`."""
        super().__init__(EditResult(n, min(scene.gaps(n)), len(steps)) for n, steps in enumerate(scene.sets))
        self.scene = scene


def shown(scene: EditScene, question_op: str) -> tuple[list[int], list[int]]:
    """Return the results in the order in which pictures are offered for `question_op`, and in that of the edits."""
    rng = SeededRng(("transforms/shown", scene.digest, question_op))
    return rng.shuffled(range(SETS)), rng.shuffled(range(SETS))


# --- rules ---------------------------------------------------------------------------------------------------------


def _picked(run: Execution, number: int, offered_order: Sequence[int]) -> str:
    """Return the letter of result `number` in `offered_order`.

    Its least distance beyond the sameness of pictures from the others decides.
    """
    run.decided_by(*(gap - THRESHOLD for gap in run.world.scene.gaps(number - 1)), unit=UNIT)
    return LETTERS[list(offered_order).index(number - 1)]


def _which_image(run: Execution, number: int) -> str:
    return _picked(run, number, shown(run.world.scene, run.op)[0])


def _which_params(run: Execution, number: int) -> str:
    if run.world.scene.sequences:
        raise IllPosed("sequence", "the edits are sequences", "ask which_sequence")
    return _picked(run, number, shown(run.world.scene, run.op)[1])


def _which_sequence(run: Execution, number: int) -> str:
    if any(len(steps) < 2 for steps in run.world.scene.sets):
        raise IllPosed("single", "not every set is a sequence of edits", "ask which_params, or give each set 2 steps")
    return _picked(run, number, shown(run.world.scene, run.op)[1])


def _match(run: Execution, results: Sequence[int]) -> str:
    scene = run.world.scene
    run.decided_by(*(gap - THRESHOLD for gap in scene.pairs), unit=UNIT)
    picture_order, edit_order = shown(scene, run.op)
    return "".join(LETTERS[edit_order.index(number)] for number in picture_order)


# --- language ------------------------------------------------------------------------------------------------------

_ALL_OPERATORS = (
    Operator("which_image", ("Edit",), "Choice", "which of four pictures an edit gives", _which_image, (), (
        "Take the source and {0}. Which picture comes out: A, B, C or D?",
        "If you take the source and {0}, which of the pictures A to D do you get?",
        "Which of the pictures A, B, C and D results when you take the source and {0}?",
        "You are given the source and told: {0}. Which picture, A to D, is the result?",
        "One of the pictures A to D was made by this order for the source: {0}. Which one?",
    )),
    Operator("which_params", ("Edit",), "Choice", "which of four edits gave the picture", _which_params, (), (
        "Which edit turned the source into the result?",
        "The result was made from the source by one of these edits. Which one?",
        "What was done to the source to get the result?",
        "Which of these orders, carried out on the source, gives the result?",
        "One of the edits A to D leads from the source to the result. Which?",
    )),
    Operator("which_sequence", ("Edit",), "Choice", "which of four sequences gave the picture", _which_sequence, (), (
        "Which sequence of edits turned the source into the result?",
        "The result was made from the source by one of these sequences of edits. Which one?",
        "What was done to the source, and in which order, to get the result?",
        "Which of these sequences, carried out on the source step by step, gives the result?",
        "One of the sequences A to D leads from the source to the result. Which?",
    )),
    Operator("match", ("Edits",), "Order", "which edit gave which picture", _match, (), (
        "Which edit gave each picture? Name the edits of pictures 1, 2, 3 and 4 in this order.",
        "Each of the pictures 1 to 4 was made from the source by one of these edits. Match them, picture 1 first.",
        "Match pictures 1, 2, 3 and 4, in this order, with the edits that made them.",
        "For pictures 1 to 4 in turn: which of these edits made it from the source?",
        "Give, for pictures 1, 2, 3 and 4 one after the other, the edit that made it.",
    )),
)  # fmt: skip
OPERATORS: Mapping[str, Operator] = {operator.name: operator for operator in _ALL_OPERATORS}
LANGUAGE = Language(
    literals={
        "set": Quantity("Edit", "one of the program's four parameter sets, by its number", 1, SETS, is_whole=True),
        "sets": Description(Vocabulary(), "Edits", "all four parameter sets"),
    },
    operators=OPERATORS,
    answers=frozenset({"Choice", "Order"}),
    aliases={"Edits>Edit": 'name one: ["set", 2]', "Edit>Edits": 'match takes all four: ["sets"]'},
)


# --- English -------------------------------------------------------------------------------------------------------


def said(scene: EditScene, number: int, phrasing: int) -> str:
    """Word a parameter set (0 to 3) as an order: `rotate it by 30 degrees clockwise`; equal `phrasing`, equal words."""
    step_texts = [_step(scene, step_index, number, phrasing) for step_index in range(len(scene.sets[number]))]
    return ", then ".join(step_texts) if len(step_texts) < 3 else f"first {', then '.join(step_texts)}"


def _step(scene: EditScene, step_index: int, number: int, phrasing: int) -> str:
    step = scene.sets[number][step_index]
    if scene.built_in:
        return SEEDS[step.name].say(dict(step.params), phrasing)
    params_text = ", ".join(f"{name} = {value!r}" for name, value in sorted(step.params.items()))
    # The names of a program's functions are said only where they tell its steps apart.
    apply_text = (
        f"apply {step.name} to it"
        if any(other_step.name != "edit" for steps in scene.sets for other_step in steps)
        else "edit it"
    )
    return f"{apply_text} with {params_text}" if params_text else apply_text


def remarks(scene: EditScene, question_text: str) -> str:
    """Return the hints that a reader of `question_text` needs: a program's own words, and how places are counted."""
    remark_texts = []
    for name, words in scene.about.items():
        remark_texts.append(f' ({"The edit" if name == "edit" else name}: "{words}")')
    if " px" in question_text or "(" in question_text:
        remark_texts.append(
            " (Lengths are in px of a source that is 64 px wide and high; (x, y) counts from its top left corner.)"
        )
    return "".join(remark_texts)


def noun(scene: EditScene, phrasing: int, literal: Literal) -> str:
    """Word `literal` about `scene` in English."""
    return "the edits" if literal.op == "sets" else said(scene, int(literal.words[0]) - 1, phrasing)


def listed(scene: EditScene, question_op: str, phrasing: int) -> str:
    """List the edits offered for `question_op` with their letters, one a line."""
    edit_order = shown(scene, question_op)[1]
    return "".join(
        f"\n{letter}: {said(scene, number, phrasing)}" for letter, number in zip(LETTERS, edit_order, strict=True)
    )


def described(words: Any) -> str:
    """Return the `words` of a requirement as a singular noun: `close edit`, `distinct sequence of edits`, `result`."""
    form_words = {"edit": "edit", "sequence": "sequence of edits"}
    return " ".join(
        form_words.get(word, word) for word in (*words, *(() if set(words) & set(form_words) else ("result",)))
    )
