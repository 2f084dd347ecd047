"""Plane geometry: a figure with lettered points, conditions in words, and a quantity that both together settle.

Task:
    A figure of 3 to 9 named points, lines and circles; the words state lengths, angles and relations. The question asks
    for a length, an angle, an area, a perimeter or a radius. Drawn by SVG programs.

Item fields:
    The picture says which points lie on which lines and circles, and which angles are marked as right; nothing else is
    read from it but which of several possible figures is meant. Lengths are in cm, angles in degrees.

Answer:
    A number within 1 %, with or without its unit.

Scoring:
    1 or 0, by `envs.answers`.

Difficulty knobs:
    The number of points: up to 4, 5, 6, 7, 8 or more (difficulties 1 to 5). Every step of the construction adds points
    to the picture and conditions to the words, and the answer hangs on all of them.

Degenerate cases excluded:
    Questions that the words alone or the picture alone settle; that both together leave open; contradictions; figures
    that are not drawn as the words have them (a point is off by 6 % of the figure or more), that are nearly
    degenerate, or in which a point is nearly on a line or circle (7 px).

State space:
    9 bases and 9 steps, of which up to 6 follow each other, with 10**2 to 10**3 shapes for each and amounts in half
    centimetres and degrees: more than 10**12 problems. 18 operators.

Source:
    Problems whose picture and text grow together after C2-Evo (https://arxiv.org/abs/2507.16518); the oracle is ours:
    Newton's method from the drawn figure and the rank of the conditions' Jacobian, as in the theory of rigid
    frameworks (Asimow and Roth 1978).

History:
    v1: first version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...geometry import FlatScene
from ...render import Picture, Rejected, rasterise, resolve_svg
from ..core import Briefing, Item, Question, Requirement, Task, Truth
from ..language.grammar import Grammar
from ..language.literals import Description, Vocabulary
from ..language.query import Call, Query
from ..queried import QueriedEnvironment
from ..registry import register
from ..requirements import missing_requirements, read_requirements, requirements_of, requirements_schema
from ..rng import SeededRng
from .figure import CANVAS, MAX_CIRCLES, MAX_LINES, MAX_POINTS, OFF, FigureDrawing, read_figure
from .operators import CLEARANCE, LANGUAGE, UNITS, noun
from .pose import POINTS, posed, svg_program

# --- constants -------------------------------------------------------------------------------------------------

ENV_ID = "diagrams/Geometry-v1"
TOLERANCE = 0.01
DIGITS = 5
"""Significant ones of a stored answer."""
TRIES = 200
THRESHOLDS = {CLEARANCE: OFF}
DESCRIPTION = Description(Vocabulary(part=("point", "line", "circle", "right-angle")), about="parts of the figure")
GUIDE = f"""You draw plane geometry figures as SVG programs. Reply with one <svg viewBox="0 0 {CANVAS} {CANVAS}">
element and nothing else. Draw each segment as a <line> with a black stroke of width 2 from point to point, each
circle as a <circle> with fill="none" around a point, each point as a filled black <circle> of radius 3, and a capital
letter as <text> within 20 px of each point, off the lines, font-size 14. Mark a right angle with a <polyline> of three
corners, a 9 px square with the point. Draw to scale. Draw exactly what is asked for."""

# --- config: the question forms --------------------------------------------------------------------------------

_ABOUT = {
    "length": "how long a segment is",
    "angle": "how large an angle is",
    "area": "how large a triangle or quadrilateral is",
    "perimeter": "how long the boundary of a triangle or quadrilateral is",
    "radius": "how large a circle is",
}
TASKS: Mapping[str, Task] = {name: Task(name, "decimal", (), about, 0.03) for name, about in _ABOUT.items()}

# --- the environment -------------------------------------------------------------------------------------------


class Geometry(QueriedEnvironment[FlatScene]):  # noqa: D101 - the module's docstring is the environment's
    __doc__ = __doc__

    id = ENV_ID
    tasks = TASKS
    difficulties = tuple(POINTS)
    words = DESCRIPTION.vocabulary.words
    example = '["find", ["is_length", ["segment", "A", "B"], ["cm", 12]], ["length", ["segment", "C", "D"]]]'
    guide = GUIDE
    size = CANVAS
    language = LANGUAGE
    grammar = Grammar(LANGUAGE, noun)
    thresholds = THRESHOLDS
    largest_margin = float(CANVAS)
    forms: Mapping[str, str] = {}
    stated_types = frozenset(("Given",))

    def task_of(self, query: Query) -> str | None:
        """Return the quantity that `query` asks for."""
        return query.args[1].op if isinstance(query, Call) and query.op == "find" else None

    def briefing(self, rng: SeededRng, task: str, difficulty: int) -> Briefing:
        """Return a briefing for `task` with a number of points within the range of `difficulty`."""
        return Briefing(task, difficulty, rng.integer(*POINTS[difficulty]))

    def query(self, rng: SeededRng, task: str) -> Call:
        """Return the query of a problem of `task`; its words name the points of some figure."""
        return posed(rng, task, rng.choice(self.difficulties)).query

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        """Construct a figure, state just enough for what `task` asks, and read the drawing back."""
        last_truth: Truth | Rejected = Rejected("none", "no letter found a place")
        for attempt_number in range(TRIES):
            attempt_rng = rng.child(attempt_number)
            problem = posed(attempt_rng, task, difficulty)
            program = svg_program(attempt_rng, problem.drawing)
            if program is None:
                continue
            scene = self.render(program)
            last_truth = scene if isinstance(scene, Rejected) else self.solve(scene, problem.query)
            if isinstance(scene, FlatScene) and isinstance(last_truth, Truth):
                key = "/".join(map(str, rng.key))
                question = self.ask(problem.query, rng, scene)
                return Item(key, self.id, task, difficulty, program, scene, question, last_truth)
        raise RuntimeError(f"no figure of {rng.key} can be asked about; the last one: {last_truth}")

    def parse_scene(self, scene: FlatScene) -> FigureDrawing | Rejected:
        """Return the points, lines, circles and right angles that `scene` shows."""
        return read_figure(scene)

    def wording(self, value: Any) -> str:
        """Write `value` with five significant digits."""
        return f"{value:.{DIGITS}g}"

    def tolerance(self, query: Call) -> float:
        """Return 1 % for every `query`: three digits are asked for."""
        return TOLERANCE

    def solve(self, scene: FlatScene, query: Call) -> Truth | Rejected:
        """Return the quantity that `query` asks for, with its unit."""
        truth = super().solve(scene, query)
        return truth if isinstance(truth, Rejected) else replace(truth, measure=UNITS[query.args[1].op])

    def ask(self, query: Call, rng: SeededRng, scene: FlatScene) -> Question:
        """Word `query` in one of its phrasings, with the unit and the digits that are wanted."""
        question = super().ask(query, rng, scene)
        unit = {"°": "degrees", "cm²": "square cm"}.get(UNITS[query.args[1].op], "cm")
        return replace(question, text=f"{question.text} answer in {unit}, to three significant digits or more.")

    def difficulty_of(self, scene: FlatScene) -> int:
        """Return the level of `scene` by the number of its letters, of which each point has one."""
        point_count = sum(obj.text is not None for obj in scene.objects)
        return next((level for level, (_, most_points) in POINTS.items() if point_count <= most_points), max(POINTS))

    def requirements(self, value: Any) -> tuple[Requirement, ...] | Rejected:
        """Read a list of `[count, part]` from `value`."""
        return read_requirements(value, DESCRIPTION, MAX_POINTS + MAX_LINES + MAX_CIRCLES)

    def requirements_schema(self) -> dict[str, Any]:
        """Return the JSON schema of lists of `[count, word, ...]` for constrained decoding."""
        return requirements_schema(DESCRIPTION, MAX_POINTS + MAX_LINES + MAX_CIRCLES)

    def describe(self, requirement: Requirement) -> str:
        """Word `requirement` in English: `4 points`, `1 right angle`."""
        part_word = (*requirement.words, "part")[0].replace("-", " ")
        return f"{requirement.count} {part_word}{'s' * (requirement.count > 1)}"

    def missing_requirements(self, scene: FlatScene, requirements: Sequence[Requirement]) -> tuple[str, ...] | Rejected:
        """Return the parts of `scene` that `requirements` do not ask for, and those that are asked for and absent."""
        drawing = self.world_of(scene)
        return drawing if isinstance(drawing, Rejected) else missing_requirements(drawing.parts, requirements)

    def requirements_of(self, scene: FlatScene) -> tuple[Requirement, ...]:
        """Count the parts of each kind in `scene`."""
        drawing = self.world_of(scene)
        return () if isinstance(drawing, Rejected) else requirements_of(drawing.parts, DESCRIPTION)

    def render(self, program: str) -> FlatScene | Rejected:
        """Return the scene of the SVG `program`, which runs no code."""
        return resolve_svg(program)

    def render_item(self, item: Item, size: int) -> Picture:
        """Return the item's figure in pixels, `size` px wide."""
        assert isinstance(item.scene, FlatScene)
        return rasterise(item.scene, size)


register(ENV_ID, Geometry)
