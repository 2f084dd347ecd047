"""How often a world's own question fits a drawing that meets what the Coder is told the question needs.

The question is drawn from the world's tasks, the drawing apart from it: the Coder knows the needs and not the
question. Where scenes of the world can meet the needs by chance, they are filtered by them; a chart is planned with the
names it must have, and a figure is drawn with the conditions that are stated, turned as any hand may turn it.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from ....envs import Environment, Scene, SeededRng, make
from ....envs.charts.chart import TEMPLATES, ChartEnvironment
from ....envs.charts.plan import plans
from ....envs.diagrams.figure import FigureDrawing
from ....envs.diagrams.geometry import Geometry
from ....envs.diagrams.pose import CANVAS, posed, svg_program
from ....envs.language.execute import Result, ambiguity_of
from ....render import Rejected

SCENES = 40
"""Drawings of a world among which one that meets a question's needs is looked for."""
SHRINK = 0.7
"""Factor by which a figure is drawn smaller, so that it stays inside at any turn."""


class FitRate(NamedTuple):
    """Questions and the drawings that met their needs."""

    question_count: int
    drawn_count: int
    """Of them, those for which there was a drawing that met the needs."""
    fit_count: int
    """Of those, the ones whose question had one clear answer on it."""

    def as_dict(self) -> dict[str, float]:
        """Return the counts with `fits_drawing`, the share of fits among drawings."""
        return self._asdict() | {"fits_drawing": round(self.fit_count / max(1, self.drawn_count), 3)}


def fit_rate(env_id: str, question_count: int) -> FitRate:
    """Measure how often one of `question_count` questions of `env_id` fits a drawing made for its needs."""
    env = make(env_id)
    rng = SeededRng(("fits", env_id))
    if isinstance(env, ChartEnvironment):
        outcomes = _on_planned_charts(env, rng, question_count)
    elif isinstance(env, Geometry):
        outcomes = _on_drawn_figures(env, rng, question_count)
    else:
        outcomes = _on_met_scenes(env, rng, question_count)
    fits = list(outcomes)
    return FitRate(question_count, len(fits), sum(fits))


def _on_met_scenes(env: Environment, rng: SeededRng, question_count: int) -> Iterator[bool]:
    tasks, difficulties = list(env.tasks), env.difficulties[:3]
    scenes: list[Scene] = [
        env.sample(rng.child("scene", number), rng.choice(tasks), rng.choice(difficulties)).scene
        for number in range(SCENES)
    ]
    for number in range(question_count):
        query = env.query(rng.child("question", number), rng.choice(tasks))
        for scene in rng.shuffled(scenes):
            if env.missing_needs(scene, query) == ():
                yield not isinstance(env.solve(scene, query), Rejected)
                break


def _on_planned_charts(env: ChartEnvironment, rng: SeededRng, question_count: int) -> Iterator[bool]:
    for number in range(question_count):
        task, difficulty = rng.choice(list(env.tasks)), env.difficulties[0]
        query, layout = env.query_with_layout(rng.child("question", number), TEMPLATES[task], difficulty)
        plan = next(plans(rng.child("plan", number), layout, query, difficulty))
        result = env.result_on(plan.reading(), query)
        yield isinstance(result, Result) and ambiguity_of(result, env.thresholds) is None


def _on_drawn_figures(env: Geometry, rng: SeededRng, question_count: int) -> Iterator[bool]:
    for number in range(question_count):
        problem_rng = rng.child("question", number)
        problem = posed(problem_rng, problem_rng.choice(list(env.tasks)), problem_rng.choice(env.difficulties))
        angle = rng.uniform(0, 2 * math.pi)
        program = svg_program(rng.child("drawing", number), _turned(problem.drawing, angle))
        scene = env.render(program) if program is not None else None
        if scene is None or isinstance(scene, Rejected) or env.missing_needs(scene, problem.query):
            continue
        yield not isinstance(env.solve(scene, problem.query), Rejected)


def _turned(drawing: FigureDrawing, angle: float) -> FigureDrawing:
    """Return `drawing` turned by `angle`, rad, around the canvas' middle and drawn smaller."""
    middle, cosine, sine = CANVAS / 2, SHRINK * math.cos(angle), SHRINK * math.sin(angle)

    def moved(x: float, y: float) -> tuple[float, float]:
        u, v = x - middle, y - middle
        return round(middle + cosine * u - sine * v, 1), round(middle + sine * u + cosine * v, 1)

    points = {letter: moved(*point) for letter, point in drawing.points.items()}
    circles = {centre: (round(SHRINK * radius, 1), rim) for centre, (radius, rim) in drawing.circles.items()}
    return replace(drawing, points=points, circles=circles)
