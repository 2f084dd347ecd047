"""Edits: which parameters of an image transform made which picture.

Task:
    A source picture and four results of an edit program with four sets of parameters. `which_image`: the edit in words,
    four pictures; which one comes out? `which_params`: one picture, four edits in words; which one made it?
    `which_sequence`: the same with sequences of 2 or 3 edits, which differ in order or in parameters. `match`: four
    pictures, four edits; which made which?

Item fields:
    `program` is Python text: a source's name, four parameter sets, the functions (see `program.py`). The scene holds
    what was read of it, the digests of the pixels that it really gave, and their differences in per cent of the
    picture that has clearly changed (see `difference.py`). `show` lays out the sheet of the question, 448 px wide:
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

import numpy as np

from ...geometry import EditScene
from ...geometry.edit import SETS
from ...render import InfrastructureError, Picture, Rejected
from ...render.drawing import Drawn, Pools, shared
from ..core import Briefing, Item, Question, Requirement, Task
from ..language.grammar import Grammar
from ..language.query import Call, dump
from ..queried import QueriedEnvironment
from ..registry import register
from ..requirements import read_requirements, unmet
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

TASKS: Mapping[str, Task] = {each.name: each for each in (
    Task("which_image", "choice", tuple(LETTERS), "which of four pictures an edit gives"),
    Task("which_params", "choice", tuple(LETTERS), "which of four edits gave a picture"),
    Task("which_sequence", "choice", tuple(LETTERS), "which of four sequences of edits gave a picture"),
    Task("match", "order", ORDERS, "which edit gave which picture"),
)}  # fmt: skip
_OVERVIEW = ("1", "2", "3", "4")


@lru_cache(maxsize=64)
def _own_pixels(program: str) -> tuple[np.ndarray, ...]:
    """The source and the results of a program.

    Raises:
        InfrastructureError: our machinery failed.
        ValueError: the program is rejected.
    """
    read = read_program(program)
    (found,) = run_programs([read], shared()) if isinstance(read, Program) else [read]
    if isinstance(found, InfrastructureError):
        raise found
    if isinstance(found, Rejected):
        raise ValueError(f"the item's program is rejected: {found}")
    return tuple(found)


# --- the environment -----------------------------------------------------------------------------------------------


class EditWorld(QueriedEnvironment[EditScene]):  # noqa: D101 - the module's docstring is the environment's
    __doc__ = __doc__

    id = ENV_ID
    tasks: Mapping[str, Task] = TASKS
    difficulties = tuple(LEVELS)
    words = DESCRIPTION.vocabulary.words
    example = '["which_params", ["set", 2]]'
    guide = GUIDE
    front = "edit"
    size = WIDTH
    language = LANGUAGE
    grammar = Grammar(LANGUAGE, lambda leaf, plural: " ".join(map(str, (leaf.op, *leaf.words))))
    thresholds: Mapping[str, float] = {UNIT: CLEAR}
    largest_margin = 100.0
    forms: Mapping[str, str] = {f"{name}({'sets' if name == 'match' else 'set'})": name for name in TASKS}

    def briefing(self, rng: SeededRng, task: str, difficulty: int) -> Briefing:
        """A form and a difficulty; there are always four results."""
        return Briefing(task, difficulty, SETS)

    def query(self, rng: SeededRng, task: str) -> Call:
        """A query of the task's form; which set is asked for is drawn without regard to any picture."""
        leaf = LANGUAGE.leaf("sets") if task == "match" else LANGUAGE.leaf("set", rng.integer(1, SETS))
        return LANGUAGE.call(task, leaf)

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        """A query, then a program of built-in edits whose results are as far apart as the difficulty says."""
        query = self.query(rng, task)
        program = planned(rng, difficulty, task == "which_sequence")
        scene = self.render(program)
        truth = scene if isinstance(scene, Rejected) else self.solve(scene, query)
        if isinstance(truth, Rejected) or isinstance(scene, Rejected):
            raise RuntimeError(f"the sampled program of {rng.key} is no good: {truth}")
        key = "/".join(map(str, rng.key))
        return Item(key, self.id, task, difficulty, program, scene, self.ask(query, rng, scene), truth)

    def difficulty_of(self, scene: EditScene) -> int:
        """By the least difference among the results."""
        gap = min(scene.pairs)
        return next(level for level, name in LEVELS.items() if gap >= BANDS[name][0] or level == max(LEVELS))

    def perceive(self, scene: EditScene) -> Results:
        """The four results; that they are valid was seen when the scene was made."""
        return Results(scene)

    def allowed(self, query: Call) -> tuple[str, ...]:
        """By type."""
        return ORDERS if query.output == "Order" else tuple(LETTERS)

    def ask(self, query: Call, rng: SeededRng, scene: EditScene) -> Question:
        """The query in one of its phrasings, with the edits that are offered."""
        phrasing = rng.integer(0, PHRASINGS - 1)
        grammar = Grammar(LANGUAGE, lambda leaf, plural: partial(noun, scene, phrasing)(leaf))
        text = grammar.ask(query, rng)
        options = "" if query.op == "which_image" else listed(scene, query.op, phrasing)
        text = f"{text}{remarks(scene, text + options)}{options}"
        return Question(dump(query), text, LANGUAGE.kind(query.output), self.allowed(query))

    def requirements(self, value: object) -> tuple[Requirement, ...] | Rejected:
        """A list such as `[[4, "close", "edit"]]`: how near the results' nearest are, and of how many edits.

        Every program has four results; `[4]` asks for no more than that.
        """
        return read_requirements(value, DESCRIPTION, SETS)

    def describe(self, requirement: Requirement) -> str:
        """`4 close edits`, `2 distinct sequences of edits`, `1 result`."""
        said = described(requirement.words)
        if requirement.count > 1:
            said = said.replace("sequence of", "sequences of") if "sequence" in said else f"{said}s"
        return f"{requirement.count} {said}"

    def unmet(self, scene: EditScene, requirements: Sequence[Requirement]) -> tuple[str, ...] | Rejected:
        """Each of the four results must stand for one requirement that it fits."""
        return unmet(Results(scene), requirements)

    def render(self, program: str) -> EditScene | Rejected:
        """What the program gives; in the sandbox, unless it is of our own edits.

        Raises:
            InfrastructureError: our machinery failed.
        """
        (found,) = self._made([program], shared())
        if isinstance(found, InfrastructureError):
            raise found
        return found if isinstance(found, Rejected) else found[0]

    def draw(
        self, pools: Pools, programs: Sequence[str], size: int | None = None
    ) -> list[Drawn | Rejected | InfrastructureError]:
        """What programs come to: a sheet with all results, then the source and each result alone."""
        return [
            each
            if isinstance(each, Rejected | InfrastructureError)
            else Drawn(
                each[0],
                (sheet(each[1][0], each[1][1:], _OVERVIEW, size or self.size), *map(Picture, each[1])),
            )
            for each in self._made(programs, pools)
        ]

    def _made(
        self, programs: Sequence[str], pools: Pools
    ) -> list[tuple[EditScene, list[np.ndarray]] | Rejected | InfrastructureError]:
        read = [read_program(program) for program in programs]
        done = iter(run_programs([each for each in read if isinstance(each, Program)], pools))
        found: list[tuple[EditScene, list[np.ndarray]] | Rejected | InfrastructureError] = []
        for each in read:
            pixels = each if isinstance(each, Rejected) else next(done)
            if isinstance(pixels, Rejected | InfrastructureError) or isinstance(each, Rejected):
                found.append(pixels)  # type: ignore[arg-type]
                continue
            scene = scene_of(each, pixels)
            found.append(scene if isinstance(scene, Rejected) else (scene, pixels))
        return found

    def show(self, item: Item, size: int) -> Picture:
        """The sheet of the item's question: the program is run again, as a scene holds no pixels.

        Raises:
            InfrastructureError: our machinery failed.
        """
        return self._sheet(item, _own_pixels(item.program), size)

    def shown(self, item: Item, drawn: Drawn) -> Picture:
        """The sheet of the item's question, from pictures that are already drawn."""
        return self._sheet(item, [picture.array for picture in drawn.pictures[1:]], self.size)

    def _sheet(self, item: Item, pixels: Sequence[np.ndarray], size: int) -> Picture:
        op, (_, *words) = item.question.query
        source, *results = pixels
        if op in ("which_params", "which_sequence"):
            return sheet(source, [results[words[0] - 1]], ("result",), size)
        labels = tuple(LETTERS) if op == "which_image" else _OVERVIEW
        order = shown(item.scene, op)[0]  # type: ignore[arg-type]
        return sheet(source, [results[number] for number in order], labels, size)


register(ENV_ID, EditWorld)
