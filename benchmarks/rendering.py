"""`make bench-render`: programs a second, contained and not, side by side in one run.

For each front end: a fresh interpreter for each program, execution in this process without isolation (the limit that
isolation can reach), and the pool with every layer of the sandbox that this machine offers, on one worker and on two.
Rounds of all conditions alternate, so that the machine's moods meet all of them; the median ratio is reported.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import typer

from ..envs import make, stream
from ..render import Rejected, RenderPool, rasterise, resolve_svg
from ..render.edit import Edit, EditPool, run
from ..render.sandbox import layers, offered
from .results_file import write_results

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
rasterise(resolve_svg(sys.stdin.read()), 64)
"""
FRESH_EDIT = """
import sys
from zerosight.render import edit
namespace = {}
exec(sys.stdin.read(), namespace)
edit.run(namespace, {"shape": (256, 256, 3), "params": {"angle": 9, "order": [1, 0, 3, 2]}}, bytes(3 * 256 * 256))
"""
"""Each in an interpreter of its own, which imports what the program needs and no more."""

Work = Callable[[Sequence[Any]], Any]


def svg_programs(count: int) -> list[str]:
    """SVG programs of every form and difficulty in turn."""
    env = make(ENV_ID)
    tasks, levels = list(env.tasks), env.difficulties
    made = []
    for index in range(count):
        task, level = tasks[index % len(tasks)], levels[index // len(tasks) % len(levels)]
        made.append(env.sample(stream(env.id, "train", 0, index), task, level).program)
    return made


def svg_here(texts: Sequence[str], size: int) -> None:
    """Resolve and draw in this process, without any isolation."""
    for text in texts:
        scene = resolve_svg(text)
        if isinstance(scene, Rejected):
            raise RuntimeError(f"a sampled program must be accepted: {scene}")
        rasterise(scene, size)


def edits(count: int) -> list[Edit]:
    """Edits of a picture of noise, each with other parameters."""
    image = np.random.default_rng(0).integers(0, 256, (EDIT_SIZE, EDIT_SIZE, 3), dtype=np.uint8)
    return [Edit(EDIT, image, {"angle": i, "order": [(i + k) % 4 for k in range(4)]}) for i in range(count)]


def edit_here(jobs: Sequence[Edit]) -> None:
    """Run edits in this process, without any isolation."""
    for job in jobs:
        namespace: dict[str, Any] = {}
        exec(job.program, namespace)  # noqa: S102 - our own text, to compare with
        run(namespace, {"shape": job.image.shape, "params": job.params}, job.image.tobytes())


def _fresh(code: str) -> Work:
    def each(jobs: Sequence[Any]) -> None:
        for job in jobs:
            program = job.program if isinstance(job, Edit) else job
            subprocess.run([sys.executable, "-c", code], input=program, text=True, check=True)

    return each


def _rate(work: Work, jobs: Sequence[Any]) -> float:
    began = time.perf_counter()
    work(jobs)
    return len(jobs) / (time.perf_counter() - began)


def _ratio(above: Sequence[float], below: Sequence[float]) -> dict[str, float]:
    each = [a / b for a, b in zip(above, below, strict=True)]
    return {"median": round(statistics.median(each), 3), "low": round(min(each), 3), "high": round(max(each), 3)}


def compare(jobs: Sequence[Any], rounds: int, conditions: Mapping[str, Work]) -> dict[str, list[float]]:
    """Jobs a second under each condition, in rounds of all; a fresh interpreter gets three jobs only."""
    rates: dict[str, list[float]] = {name: [] for name in conditions}
    for work in conditions.values():
        work(jobs[:32] if work is not conditions["fresh"] else [])
    for _ in range(rounds):
        for name, work in conditions.items():
            rates[name].append(_rate(work, jobs[:3] if name == "fresh" else jobs))
    return rates


def measure(count: int, rounds: int, size: int) -> dict[str, Any]:
    """The ratios for each front end, and the rates behind them."""
    figures: dict[str, Any] = {}
    with RenderPool(1) as one, RenderPool(2) as two, EditPool(1) as alone, EditPool(2) as both:
        svg: dict[str, Work] = {
            "inprocess": lambda texts: svg_here(texts, size),
            "one_worker": lambda texts: one.render(texts, size),
            "two_workers": lambda texts: two.render(texts, size),
            "fresh": _fresh(FRESH_SVG),
        }
        edit: dict[str, Work] = {
            "inprocess": edit_here,
            "one_worker": alone.run,
            "two_workers": both.run,
            "fresh": _fresh(FRESH_EDIT),
        }
        for name, jobs, conditions in (("svg", svg_programs(count), svg), ("transforms", edits(count // 10), edit)):
            rates = compare(jobs, rounds, conditions)
            figures[f"{name}_vs_inprocess"] = _ratio(rates["one_worker"], rates["inprocess"])
            figures[f"{name}_vs_fresh"] = _ratio(rates["one_worker"], rates["fresh"])
            figures[f"{name}_two_worker_scaling"] = _ratio(rates["two_workers"], rates["one_worker"])
            figures[f"{name}_per_second"] = {key: round(statistics.median(found), 1) for key, found in rates.items()}
    held = {layer.name: layer.detail for layer in layers() if layer.name in offered()}
    return figures | {"programs": count, "rounds": rounds, "svg_size": size, "edit_size": EDIT_SIZE, "layers": held}


def main(
    count: Annotated[int, typer.Option(min=64, help="SVG programs in a round; a tenth as many edits.")] = 2000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of all conditions.")] = 7,
    size: Annotated[int, typer.Option(min=8, help="Width of the SVG pictures, px.")] = 64,
) -> None:
    """Measure, and write the results."""
    command = f"make bench-render ARGS='--count {count} --rounds {rounds} --size {size}'"
    found = measure(count, rounds, size)
    typer.echo(f"{write_results('render', command, found)}\n{found}")


if __name__ == "__main__":
    typer.run(main)
