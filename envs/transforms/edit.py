"""Edits: which parameters of an image transform made which picture.

Task:
    A source picture and four results of an edit program with four sets of parameters. `which_image`: the edit in words,
    four pictures; which one comes out? `which_params`: one picture, four edits in words; which one made it?
    `which_sequence`: the same with sequences of 2 or 3 edits, which differ in order or in parameters. `match`: four
    pictures, four edits; which made which?

Item fields:
    `program` is Python text: a source's name, four parameter sets, the functions (see `program.py`). The scene holds
    what was read of it, the digests of the pixels that it really gave, and their differences in per cent of the
    picture that has clearly changed (see `difference.py`). `render_item` lays out the question's sheet, 448 px wide:
    the source on the left, the pictures with their labels; each picture is 64 px wide and shown at 128 or 192 px.

Answer:
    The letter A to D; for `match` four letters, for pictures 1 to 4 in this order. The order in which pictures and
    edits are offered follows from the scene by a hash, so that no author chooses the letter.

Scoring:
    1 or 0, by `envs.answers`; a matching that is right in part scores 0, unlike EVE's.

Difficulty knobs:
    How different the two results are that differ least, per cent of the picture: 40 and more, 20 to 40, under 20
    (difficulties 1 to 3); sequences have 2 edits, from difficulty 2 on 2 or 3.

Degenerate cases excluded:
    Results of nearly one colour, results like the source, results like each other (under 6 % of the picture clearly
    changed), programs that give another picture each time; questions that rest on less than 2 % beyond that.

State space:
    4 x 10**9 sources, 18 edits with 3,907 parameter sets in all (4 to 1,800 each): 1.5 x 10**13 single edits of a
    source.

Source:
    The questions are those of EVE (arXiv 2604.18320); no code, program or wording of it is used. There, pictures count
    as different by a perceptual hash; here they must be so by measured colour, which proves that one option fits.

History:
    v1: first version.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ...geometry import EditScene
from ...geometry.edit import SETS
from ...render import InfrastructureError, Picture, Rejected
from ...render.drawing import Drawn, Pools, shared
from ..core import Briefing, Item, Need, Question, Requirement, Task
from ..language.grammar import Grammar
from ..language.query import Call, dump
from ..queried import QueriedEnvironment
from ..registry import register
from ..requirements import missing_requirements, read_requirements, requirements_of, requirements_schema
from ..rng import SeededRng
from .difference import UNIT
from .operators import BANDS, DESCRIPTION, LANGUAGE, LETTERS, Results, described, listed, noun, remarks, shown
from .plan import CLEAR, LEVELS, planned
from .program import Program, read_program, run_programs, scene_of
from .seeds import PHRASINGS
from .sheet import WIDTH, sheet

# --- constants -----------------------------------------------------------------------------------------------------

ENV_ID = "transforms/Edit-v1"
ORDERS = tuple(
    f"{a}{b}{c}{d}" for a in LETTERS for b in LETTERS for c in LETTERS for d in LETTERS if len({a, b, c, d}) == SETS
)
GUIDE = """You write image edits as Python programs with Pillow and numpy. Reply with the program and nothing else:

params = [{"angle": 30}, {"angle": 90}, {"angle": 150}, {"angle": 210}]

def edit(image, angle):
    return image.rotate(-angle)

params holds exactly four different sets of literals. edit gets an RGB picture, 64 px wide and high, and returns a
picture. All four results must look clearly different from the source and from each other, and none may be nearly of
one colour. Nothing may be random. For sequences of edits each set is a list of up to 3 steps, such as
[["turn", {"angle": 90}], ["soften", {"radius": 3}]], each naming a function of the program."""

# --- config: the question forms ------------------------------------------------------------------------------------

TASKS: Mapping[str, Task] = {task.name: task for task in (
    Task("which_image", "choice", tuple(LETTERS), "which of four pictures an edit gives"),
    Task("which_params", "choice", tuple(LETTERS), "which of four edits gave a picture"),
    Task("which_sequence", "choice", tuple(LETTERS), "which of four sequences of edits gave a picture"),
    Task("match", "order", ORDERS, "which edit gave which picture"),
)}  # fmt: skip
_OVERVIEW = ("1", "2", "3", "4")


@lru_cache(maxsize=64)
def _own_pixels(program: str) -> tuple[np.ndarray, ...]:
    """Return the source and the results of `program`.

    Raises:
        InfrastructureError: the sandbox failed.
        ValueError: the program is rejected.
    """
    parsed_program = read_program(program)
    (outcome,) = run_programs([parsed_program], shared()) if isinstance(parsed_program, Program) else [parsed_program]
    if isinstance(outcome, InfrastructureError):
        raise outcome
    if isinstance(outcome, Rejected):
        raise ValueError(f"the item's program is rejected: {outcome}")
    return tuple(outcome)


# --- the environment -----------------------------------------------------------------------------------------------


class EditWorld(QueriedEnvironment[EditScene]):  # noqa: D101 - the module's docstring is the environment's
    __doc__ = __doc__

    id = ENV_ID
    tasks: Mapping[str, Task] = TASKS
    difficulties = tuple(LEVELS)
    words = DESCRIPTION.vocabulary.words
    example = '["which_params", ["set", 2]]'
    guide = GUIDE
    renderer = "edit"
    size = WIDTH
    language = LANGUAGE
    grammar = Grammar(LANGUAGE, lambda literal, plural: " ".join(map(str, (literal.op, *literal.words))))
    thresholds: Mapping[str, float] = {UNIT: CLEAR}
    largest_margin = 100.0
    forms: Mapping[str, str] = {f"{name}({'sets' if name == 'match' else 'set'})": name for name in TASKS}

    def briefing(self, rng: SeededRng, task: str, difficulty: int) -> Briefing:
        """Return a briefing for `task` and `difficulty`; there are always four results."""
        return Briefing(task, difficulty, SETS)

    def query(self, rng: SeededRng, task: str) -> Call:
        """Draw a query of the form of `task`; the set that is asked for is drawn without regard to any picture."""
        set_leaf = LANGUAGE.literal("sets") if task == "match" else LANGUAGE.literal("set", rng.integer(1, SETS))
        return LANGUAGE.call(task, set_leaf)

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        """Draw a query, then a program of built-in edits whose results are as far apart as `difficulty` says."""
        query = self.query(rng, task)
        program = planned(rng, difficulty, task == "which_sequence")
        scene = self.render(program)
        truth = scene if isinstance(scene, Rejected) else self.solve(scene, query)
        if isinstance(truth, Rejected) or isinstance(scene, Rejected):
            raise RuntimeError(f"the sampled program of {rng.key} is no good: {truth}")
        key = "/".join(map(str, rng.key))
        return Item(key, self.id, task, difficulty, program, scene, self.ask(query, rng, scene), truth)

    def difficulty_of(self, scene: EditScene) -> int:
        """Return the level of the least difference among the results of `scene`."""
        least_gap = min(scene.pairs)
        return next(
            level for level, band_name in LEVELS.items() if least_gap >= BANDS[band_name][0] or level == max(LEVELS)
        )

    def parse_scene(self, scene: EditScene) -> Results:
        """Return the four results of `scene`, which was validated when it was made."""
        return Results(scene)

    def answer_options(self, query: Call) -> tuple[str, ...]:
        """Return the answers that the type of `query` allows."""
        return ORDERS if query.output == "Order" else tuple(LETTERS)

    def ask(self, query: Call, rng: SeededRng, scene: EditScene) -> Question:
        """Word `query` in one of its phrasings, with the edits that are offered."""
        phrasing = rng.integer(0, PHRASINGS - 1)
        grammar = Grammar(LANGUAGE, lambda literal, plural: partial(noun, scene, phrasing)(literal))
        question_text = grammar.ask(query, rng)
        options_text = "" if query.op == "which_image" else listed(scene, query.op, phrasing)
        question_text = f"{question_text}{remarks(scene, question_text + options_text)}{options_text}"
        return Question(dump(query), question_text, LANGUAGE.kind(query.output), self.answer_options(query))

    def requirements(self, value: object) -> tuple[Requirement, ...] | Rejected:
        """Read a list such as `[[4, "close", "edit"]]` from `value`: likeness to the nearest result, and kind of edit.

        Every program has four results; `[4]` asks for no more than that.
        """
        return read_requirements(value, DESCRIPTION, SETS)

    def requirements_schema(self) -> dict[str, Any]:
        """Return the JSON schema of lists of `[count, word, ...]` for constrained decoding."""
        return requirements_schema(DESCRIPTION, SETS)

    def describe(self, requirement: Requirement) -> str:
        """Word `requirement`: `4 close edits`, `2 distinct sequences of edits`, `1 result`."""
        noun_text = described(requirement.words)
        if requirement.count > 1:
            noun_text = noun_text.replace("sequence of", "sequences of") if "sequence" in noun_text else f"{noun_text}s"
        return f"{requirement.count} {noun_text}"

    def missing_requirements(self, scene: EditScene, requirements: Sequence[Requirement]) -> tuple[str, ...] | Rejected:
        """Match each of the four results of `scene` with one of `requirements`; return what is left over."""
        return missing_requirements(Results(scene), requirements)

    def needs(self, query: Call) -> tuple[Need, ...]:
        """Say whether `query` is about single edits or sequences of them."""
        texts = {"which_params": "single edits", "which_sequence": "a sequence of two or three edits in each set"}
        return (Need(texts[query.op], query),) if query.op in texts else ()

    def requirements_of(self, scene: EditScene) -> tuple[Requirement, ...]:
        """Count the results of each likeness and form in `scene`."""
        return requirements_of(Results(scene), DESCRIPTION)

    def render(self, program: str) -> EditScene | Rejected:
        """Run `program` and return its scene; in the sandbox, unless it is of built-in edits.

        Raises:
            InfrastructureError: the sandbox failed.
        """
        (outcome,) = self._made([program], shared())
        if isinstance(outcome, InfrastructureError):
            raise outcome
        return outcome if isinstance(outcome, Rejected) else outcome[0]

    def draw(
        self, pools: Pools, programs: Sequence[str], size: int | None = None
    ) -> list[Drawn | Rejected | InfrastructureError]:
        """Run `programs` and return, for each, a sheet with all results, then the source and each result alone."""
        return [
            outcome
            if isinstance(outcome, Rejected | InfrastructureError)
            else Drawn(
                outcome[0],
                (sheet(outcome[1][0], outcome[1][1:], _OVERVIEW, size or self.size), *map(Picture, outcome[1])),
            )
            for outcome in self._made(programs, pools)
        ]

    def _made(
        self, programs: Sequence[str], pools: Pools
    ) -> list[tuple[EditScene, list[np.ndarray]] | Rejected | InfrastructureError]:
        parsed_programs = [read_program(program) for program in programs]
        pixel_outcomes = iter(
            run_programs(
                [parsed_program for parsed_program in parsed_programs if isinstance(parsed_program, Program)], pools
            )
        )
        outcomes: list[tuple[EditScene, list[np.ndarray]] | Rejected | InfrastructureError] = []
        for parsed_program in parsed_programs:
            pixels = parsed_program if isinstance(parsed_program, Rejected) else next(pixel_outcomes)
            if isinstance(pixels, Rejected | InfrastructureError) or isinstance(parsed_program, Rejected):
                outcomes.append(pixels)  # type: ignore[arg-type]
                continue
            scene = scene_of(parsed_program, pixels)
            outcomes.append(scene if isinstance(scene, Rejected) else (scene, pixels))
        return outcomes

    def render_item(self, item: Item, size: int) -> Picture:
        """Return the sheet of the item's question, `size` px wide; the program runs again, as a scene holds no pixels.

        Raises:
            InfrastructureError: the sandbox failed.
        """
        return self._sheet(item, _own_pixels(item.program), size)

    def observation(self, item: Item, drawn: Drawn) -> Picture:
        """Return the sheet of the question of `item`, from pictures that are already `drawn`."""
        return self._sheet(item, [picture.array for picture in drawn.pictures[1:]], self.size)

    def _sheet(self, item: Item, pixels: Sequence[np.ndarray], size: int) -> Picture:
        question_op, (_, *words) = item.question.query
        source, *result_pixels = pixels
        if question_op in ("which_params", "which_sequence"):
            return sheet(source, [result_pixels[words[0] - 1]], ("result",), size)
        panel_labels = tuple(LETTERS) if question_op == "which_image" else _OVERVIEW
        picture_order = shown(item.scene, question_op)[0]  # type: ignore[arg-type]
        return sheet(source, [result_pixels[number] for number in picture_order], panel_labels, size)


register(ENV_ID, EditWorld)
