"""`make bench-render`: programs a second, contained and not, side by side in one run.

For each front end: a fresh interpreter for each program, execution in this process without isolation (the limit that
isolation can reach), and the pool with every layer of the sandbox that this machine offers, on one worker and on two.
For SVG also a peer: bare cairosvg in as many processes, which draws and reads nothing.
Rounds of all conditions alternate, so that the machine's moods meet all of them; the median ratio is reported.
"""

import io
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from typing import Annotated, Any, NamedTuple

import cairosvg
import numpy as np
import typer
from matplotlib import pyplot
from PIL import Image

from ...envs import item_rng, make
from ...geometry import FlatScene
from ...geometry.chart import ChartScene
from ...render import FigurePool, Rejected, RenderedSvg, RenderPool, rasterise, resolve_svg
from ...render.chart import program as figure
from ...render.chart.draw import DrawnChart, draw_figure
from ...render.edit import Edit, EditPool, run
from ...render.raster import Picture
from ...render.sandbox.layers import layers, offered
from ...render.sandbox.pool import WorkerPool
from ...render.solid import program as solid
from ...render.solid.draw import Solids, draw_solids
from ...render.solid.pool import SolidPool
from .results_file import report_results

ENV_ID = "shapes/Canvas-v1"
EDIT = """
from PIL import Image, ImageEnhance, ImageFilter
import numpy as np
def edit(image, angle, order):
    image = image.rotate(angle, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(3))
    image = ImageEnhance.Color(image.resize((512, 512))).enhance(1.5)
    tiles = np.split(np.asarray(image), len(order), axis=1)
    return Image.fromarray(np.concatenate([tiles[i] for i in order], axis=1)).resize((256, 256))
"""
EDIT_SIZE = 256
FRESH_SVG = """
import sys
from zerosight.render import rasterise, resolve_svg
scene = resolve_svg(sys.stdin.read())
sum(obj.area for obj in scene.objects)
rasterise(scene, 64)
"""
FRESH_EDIT = """
import sys
from zerosight.render import edit
namespace = {}
exec(sys.stdin.read(), namespace)
edit.run(namespace, {"shape": (256, 256, 3), "params": {"angle": 9, "order": [1, 0, 3, 2]}}, bytes(3 * 256 * 256))
"""
FRESH_CHART = """
import sys
import matplotlib
matplotlib.use("agg")
from zerosight.render.chart import program as figure
from zerosight.render.chart.draw import draw_figure
namespace = {}
exec(sys.stdin.read(), namespace)
draw_figure(*figure.run(namespace, {}, b""), 448)
"""
FRESH_SOLID = """
import sys
from zerosight.render.solid import program as solid
from zerosight.render.solid.draw import draw_solids
namespace = {}
exec(sys.stdin.read(), namespace)
draw_solids(*solid.run(namespace, {}, b""), 256)
"""
"""Each in an interpreter of its own, which imports what the program needs and no more."""
CHART_SIZE, SOLID_SIZE = 448, 256
FRESH_JOBS = 3
"""Fresh interpreters take so long that a few tell enough."""

Work = Callable[[Sequence[Any]], Any]


class FrontEnd(NamedTuple):
    """One kind of program, and the ways to draw it."""

    jobs: Callable[[int], Sequence[Any]]
    """So many of them."""
    share: float
    """Of the SVG programs in a round, how many of these."""
    here: Work
    """Draw in this process, without any isolation."""
    pool: Callable[[int], WorkerPool[Any, Any]]
    """Workers, so many of them."""
    pooled: Callable[[Any, Sequence[Any]], Any]
    """Draw by a pool."""
    program: Callable[[Any], str]
    """A job's text."""
    fresh: str
    """What an interpreter that reads the text from its input runs."""
    peer: Callable[[ProcessPoolExecutor, Sequence[Any]], Any] | None = None
    """Draw by another library in processes without a sandbox, where there is one to compare with."""


# --- SVG -----------------------------------------------------------------------------------------------------------


def svg_programs(count: int) -> list[str]:
    """Return `count` SVG programs of every form and difficulty in turn."""
    env = make(ENV_ID)
    tasks, levels = list(env.tasks), env.difficulties
    programs = []
    for item_index in range(count):
        task, level = tasks[item_index % len(tasks)], levels[item_index // len(tasks) % len(levels)]
        programs.append(env.sample(item_rng(env.id, "train", 0, item_index), task, level).program)
    return programs


def looked_at(scene: FlatScene) -> float:
    """Look at every object's region of `scene`, so that no condition leaves a scene unmade; return their area, px²."""
    return sum(obj.area for obj in scene.objects)


def svg_here(texts: Sequence[str], picture_width: int) -> None:
    """Resolve, look at and draw `texts` in this process, `picture_width` px wide."""
    for text in texts:
        scene = resolve_svg(text)
        if isinstance(scene, Rejected):
            raise RuntimeError(f"a sampled program must be accepted: {scene}")
        looked_at(scene)
        rasterise(scene, picture_width)


def svg_pooled(pool: RenderPool, texts: Sequence[str], picture_width: int) -> None:
    """Draw `texts` by `pool`, `picture_width` px wide, and look at the scenes."""
    for outcome in pool.render(texts, picture_width):
        if not isinstance(outcome, RenderedSvg):
            raise RuntimeError(f"a sampled program must be accepted: {outcome}")
        looked_at(outcome.scene)


def cairosvg_picture(text: str, picture_width: int) -> np.ndarray:
    """Return the picture [height, width, 3] of `text` by bare cairosvg, `picture_width` px wide."""
    png = cairosvg.svg2png(bytestring=text.encode(), output_width=picture_width)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def svg_peer(processes: ProcessPoolExecutor, texts: Sequence[str], picture_width: int) -> None:
    """Draw `texts` by bare cairosvg in `processes`, `picture_width` px wide."""
    draw = partial(cairosvg_picture, picture_width=picture_width)
    for picture in processes.map(draw, texts, chunksize=16):
        if picture.shape[1] != picture_width:
            raise RuntimeError(f"a picture of {picture.shape[1]} px is not what was asked for")


# --- image transforms ----------------------------------------------------------------------------------------------


def edits(count: int) -> list[Edit]:
    """Return `count` edits of a picture of noise, each with other parameters."""
    image = np.random.default_rng(0).integers(0, 256, (EDIT_SIZE, EDIT_SIZE, 3), dtype=np.uint8)
    return [Edit(EDIT, image, {"angle": i, "order": [(i + k) % 4 for k in range(4)]}) for i in range(count)]


def edit_here(jobs: Sequence[Edit]) -> None:
    """Run the edits `jobs` in this process."""
    for job in jobs:
        namespace: dict[str, Any] = {}
        exec(job.program, namespace)  # noqa: S102 - our own text, to compare with
        run(namespace, {"shape": job.image.shape, "params": job.params}, job.image.tobytes())


def edit_pooled(pool: EditPool, jobs: Sequence[Edit]) -> None:
    """Run the edits `jobs` by `pool`."""
    for outcome in pool.run(jobs):
        if not isinstance(outcome, Picture):
            raise RuntimeError(f"an edit of ours must be accepted: {outcome}")


# --- charts --------------------------------------------------------------------------------------------------------

CHARTS = (
    "ax.bar(['oak', 'elm', 'ash', 'fir'], v[:4], label='one'); ax.legend(); ax.set_ylabel('m')",
    "ax.plot(v, 'o-', label='a'); ax.plot([2 * x for x in v], '--', label='b'); ax.legend(); ax.grid(True)",
    "ax.scatter(v, v[::-1], c='teal'); ax.set_title('Points'); ax.set_xlabel('x')",
    "ax.pie(v[:4], labels=['oak', 'elm', 'ash', 'fir'], autopct='%1.0f%%')",
    "ax.hist(v * 5, bins=6, edgecolor='white'); ax.set_title('Counts')",
    "ax.barh(['p', 'q', 'r'], v[:3], xerr=[0.5] * 3, capsize=3)",
)


def charts(count: int) -> list[str]:
    """Return `count` charts of usual kinds, each with other values."""
    head = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nv = {}\n{}"
    values = np.random.default_rng(0).uniform(1, 20, (count, 8)).round(2).tolist()
    return [head.format(row, CHARTS[i % len(CHARTS)]) for i, row in enumerate(values)]


def chart_looked_at(scene: ChartScene) -> int:
    """Look at every mark of `scene`; return the number of their values."""
    return sum(len(mark.values) for panel in scene.panels for series in panel.series for mark in series.marks)


def charts_here(programs: Sequence[str]) -> None:
    """Run, read and draw `programs` in this process."""
    for program in programs:
        namespace: dict[str, Any] = {}
        exec(program, namespace)  # noqa: S102 - our own text, to compare with
        outcome = draw_figure(*figure.run(namespace, {}, b""), CHART_SIZE)
        pyplot.close("all")
        if isinstance(outcome, Rejected):
            raise RuntimeError(f"a chart of ours must be accepted: {outcome}")
        chart_looked_at(outcome.scene)


def charts_pooled(pool: FigurePool, programs: Sequence[str]) -> None:
    """Run, read and draw `programs` by `pool`."""
    for outcome in pool.run(programs, CHART_SIZE):
        if not isinstance(outcome, DrawnChart):
            raise RuntimeError(f"a chart of ours must be accepted: {outcome}")
        chart_looked_at(outcome.scene)


# --- solids --------------------------------------------------------------------------------------------------------

SOLID = """
import trimesh
scene = trimesh.Scene()
def add(name, mesh, place, colour):
    mesh.apply_translation(place)
    mesh.visual.face_colors = [*colour, 255]
    scene.add_geometry(mesh, node_name=name)
v = {}
add("table", trimesh.creation.box([1.4, 0.9, 0.05]), [0, 0, 0.7], (150, 100, 60))
for i, (x, y) in enumerate([(-0.6, -0.4), (0.6, -0.4), (-0.6, 0.4), (0.6, 0.4)]):
    add(f"leg {{i}}", trimesh.creation.box([0.06, 0.06, 0.7]), [x, y, 0.35], (90, 60, 40))
add("ball", trimesh.creation.icosphere(radius=0.1), [v[0] - 0.5, v[1] - 0.5, 0.825], (200, 30, 30))
cup = trimesh.creation.cylinder(0.07, 0.15).difference(trimesh.creation.cylinder(0.06, 0.3))
add("cup", cup, [v[2] - 0.5, v[3] - 0.5, 0.8], (30, 60, 200))
add("cone", trimesh.creation.cone(0.1, 0.3), [v[4] - 0.5, v[5] - 0.5, 0.725], (240, 200, 40))
add("ring", trimesh.creation.torus(0.12, 0.03), [v[6] - 0.5, v[7] - 0.5, 0.76], (40, 160, 80))
cameras = [{{"eye": [1.8, -2, 1.7], "target": [0, 0, 0.6], "fov": 45}}]
"""


def solids(count: int) -> list[str]:
    """Return `count` programs of a table with things on it, each time at other places."""
    return [SOLID.format(row) for row in np.random.default_rng(0).uniform(0.1, 0.9, (count, 8)).round(3).tolist()]


def solids_here(programs: Sequence[str]) -> None:
    """Run, measure and draw `programs` in this process."""
    for program in programs:
        namespace: dict[str, Any] = {}
        exec(program, namespace)  # noqa: S102 - our own text, to compare with
        outcome = draw_solids(*solid.run(namespace, {}, b""), SOLID_SIZE)
        if isinstance(outcome, Rejected):
            raise RuntimeError(f"a scene of ours must be accepted: {outcome}")


def solids_pooled(pool: SolidPool, programs: Sequence[str]) -> None:
    """Run, measure and draw `programs` by `pool`."""
    for outcome in pool.run(programs, SOLID_SIZE):
        if not isinstance(outcome, Solids):
            raise RuntimeError(f"a scene of ours must be accepted: {outcome}")


# --- side by side --------------------------------------------------------------------------------------------------


def front_ends(picture_width: int) -> dict[str, FrontEnd]:
    """Return every kind of program by the name of its figures; SVG pictures are `picture_width` px wide."""
    return {
        "svg": FrontEnd(
            jobs=svg_programs,
            share=1.0,
            here=lambda jobs: svg_here(jobs, picture_width),
            pool=RenderPool,
            pooled=lambda pool, jobs: svg_pooled(pool, jobs, picture_width),
            program=str,
            fresh=FRESH_SVG,
            peer=lambda processes, jobs: svg_peer(processes, jobs, picture_width),
        ),
        "matplotlib": FrontEnd(
            jobs=charts,
            share=0.05,
            here=charts_here,
            pool=FigurePool,
            pooled=charts_pooled,
            program=str,
            fresh=FRESH_CHART,
        ),
        "spatial": FrontEnd(
            jobs=solids,
            share=0.05,
            here=solids_here,
            pool=SolidPool,
            pooled=solids_pooled,
            program=str,
            fresh=FRESH_SOLID,
        ),
        "transforms": FrontEnd(
            jobs=edits,
            share=0.1,
            here=edit_here,
            pool=EditPool,
            pooled=edit_pooled,
            program=lambda job: job.program,
            fresh=FRESH_EDIT,
        ),
    }


def _fresh(front: FrontEnd) -> Work:
    def run_each(jobs: Sequence[Any]) -> None:
        for job in jobs:
            subprocess.run([sys.executable, "-c", front.fresh], input=front.program(job), text=True, check=True)

    return run_each


def _rate(draw_jobs: Work, jobs: Sequence[Any]) -> float:
    began_at = time.perf_counter()
    draw_jobs(jobs)
    return len(jobs) / (time.perf_counter() - began_at)


def _ratio(rates_above: Sequence[float], rates_below: Sequence[float]) -> dict[str, float]:
    ratios = [rate_above / rate_below for rate_above, rate_below in zip(rates_above, rates_below, strict=True)]
    return {"median": round(statistics.median(ratios), 3), "low": round(min(ratios), 3), "high": round(max(ratios), 3)}


def compare(jobs: Sequence[Any], rounds: int, conditions: Mapping[str, Work]) -> dict[str, list[float]]:
    """Return jobs a second under each condition, in rounds of all.

    Args:
        jobs: are drawn in each round.
        rounds: of all conditions.
        conditions: what draws the jobs, by name.
    """
    rates_by_condition: dict[str, list[float]] = {name: [] for name in conditions}
    for draw_jobs in conditions.values():
        draw_jobs(jobs[:32] if draw_jobs is not conditions["fresh"] else [])
    for _ in range(rounds):
        for name, draw_jobs in conditions.items():
            rates_by_condition[name].append(_rate(draw_jobs, jobs[:FRESH_JOBS] if name == "fresh" else jobs))
    return rates_by_condition


def measured(front: FrontEnd, count: int, rounds: int) -> dict[str, list[float]]:
    """Return jobs a second of one front end, `front`, under every condition, in `rounds` rounds of `count` jobs."""
    with ExitStack() as stack:
        one_worker, two_workers = (stack.enter_context(front.pool(workers)) for workers in (1, 2))
        conditions: dict[str, Work] = {
            "inprocess": front.here,
            "one_worker": lambda jobs: front.pooled(one_worker, jobs),
            "two_workers": lambda jobs: front.pooled(two_workers, jobs),
            "fresh": _fresh(front),
        }
        if front.peer is not None:
            for name, process_count in (("peer_one_worker", 1), ("peer_two_workers", 2)):
                processes = stack.enter_context(ProcessPoolExecutor(process_count, get_context("spawn")))
                conditions[name] = partial(front.peer, processes)
        return compare(front.jobs(max(FRESH_JOBS, round(count * front.share))), rounds, conditions)


def measure(program_count: int, rounds: int, picture_width: int) -> dict[str, Any]:
    """Return the ratios for each front end, and the rates behind them, from `rounds` rounds."""
    figures: dict[str, Any] = {}
    scaling: list[float] = []
    for name, front in front_ends(picture_width).items():
        rates_by_condition = measured(front, program_count, rounds)
        figures[f"{name}_vs_inprocess"] = _ratio(rates_by_condition["one_worker"], rates_by_condition["inprocess"])
        figures[f"{name}_vs_fresh"] = _ratio(rates_by_condition["one_worker"], rates_by_condition["fresh"])
        figures[f"{name}_two_worker_scaling"] = _ratio(
            rates_by_condition["two_workers"], rates_by_condition["one_worker"]
        )
        if front.peer is not None:
            for workers in ("one_worker", "two_workers"):
                figures[f"{name}_vs_peer_{workers}"] = _ratio(
                    rates_by_condition[workers], rates_by_condition[f"peer_{workers}"]
                )
        figures[f"{name}_per_second"] = {
            key: round(statistics.median(condition_rates), 1) for key, condition_rates in rates_by_condition.items()
        }
        scaling.append(figures[f"{name}_two_worker_scaling"]["median"])
    held_layers = {layer.name: layer.detail for layer in layers() if layer.name in offered()}
    # A promise about all front ends is as good as the worst of them.
    figures["two_worker_scaling"] = min(scaling)
    sizes = {"svg_size": picture_width, "edit_size": EDIT_SIZE, "chart_size": CHART_SIZE, "solid_size": SOLID_SIZE}
    return figures | sizes | {"programs": program_count, "rounds": rounds, "layers": held_layers}


def main(
    count: Annotated[int, typer.Option(min=64, help="SVG programs in a round; of others a share.")] = 2000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of all conditions.")] = 7,
    size: Annotated[int, typer.Option(min=8, help="Width of the SVG pictures, px.")] = 64,
) -> None:
    """Measure, and write the results."""
    command = f"make bench-render ARGS='--count {count} --rounds {rounds} --size {size}'"
    report_results("render", command, measure(count, rounds, size))


if __name__ == "__main__":
    typer.run(main)
