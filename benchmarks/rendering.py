"""`make bench-render`: programs a second, contained and not, side by side in one run.

For each front end: a fresh interpreter for each program, execution in this process without isolation (the limit that
isolation can reach), and the pool with every layer of the sandbox that this machine offers, on one worker and on two.
Rounds of all conditions alternate, so that the machine's moods meet all of them; the median ratio is reported.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from ..envs import make, stream
from ..render import Rejected, RenderPool, rasterise, resolve_svg
from ..render.sandbox import layers, offered
from .results_file import write_results

ENV_ID = "shapes/Canvas-v1"
FRESH = (
    "import sys; from zerosight.render import rasterise, resolve_svg; rasterise(resolve_svg(sys.stdin.read()), {size})"
)


def programs(count: int) -> list[str]:
    """SVG programs of every form and difficulty in turn."""
    env = make(ENV_ID)
    tasks, levels = list(env.tasks), env.difficulties
    made = []
    for index in range(count):
        task, level = tasks[index % len(tasks)], levels[index // len(tasks) % len(levels)]
        made.append(env.sample(stream(env.id, "train", 0, index), task, level).program)
    return made


def in_process(texts: Sequence[str], size: int) -> None:
    """Resolve and draw here, without any isolation."""
    for text in texts:
        scene = resolve_svg(text)
        if isinstance(scene, Rejected):
            raise RuntimeError(f"a sampled program must be accepted: {scene}")
        rasterise(scene, size)


def fresh(texts: Sequence[str], size: int) -> None:
    """An interpreter for each program."""
    for text in texts:
        subprocess.run([sys.executable, "-I", "-c", FRESH.format(size=size)], input=text, text=True, check=True)


def _rate(work: Callable[[Sequence[str], int], Any], texts: Sequence[str], size: int) -> float:
    began = time.perf_counter()
    work(texts, size)
    return len(texts) / (time.perf_counter() - began)


def measure(count: int, rounds: int, size: int) -> dict[str, Any]:
    """Programs a second under each condition, and the ratios between them."""
    texts = programs(count)
    rates: dict[str, list[float]] = {name: [] for name in ("fresh", "in_process", "one_worker", "two_workers")}
    with RenderPool(1) as one, RenderPool(2) as two:
        for warm in (one.render, two.render, in_process):
            warm(texts[:64], size)
        for _ in range(rounds):
            rates["in_process"].append(_rate(in_process, texts, size))
            rates["one_worker"].append(_rate(one.render, texts, size))
            rates["two_workers"].append(_rate(two.render, texts, size))
            rates["fresh"].append(_rate(fresh, texts[:4], size))

    def ratio(above: str, below: str) -> dict[str, float]:
        each = [a / b for a, b in zip(rates[above], rates[below], strict=True)]
        return {"median": round(statistics.median(each), 3), "low": round(min(each), 3), "high": round(max(each), 3)}

    return {
        "svg_vs_inprocess": ratio("one_worker", "in_process"),
        "svg_vs_fresh": ratio("one_worker", "fresh"),
        "two_worker_scaling": ratio("two_workers", "one_worker"),
        "programs_per_second": {name: round(statistics.median(found), 1) for name, found in rates.items()},
        "programs": count,
        "rounds": rounds,
        "size": size,
        "layers": {layer.name: layer.detail for layer in layers() if layer.name in offered()},
    }


def main(
    count: Annotated[int, typer.Option(min=64, help="Programs in a round.")] = 2000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of all conditions.")] = 7,
    size: Annotated[int, typer.Option(min=8, help="Width of the pictures, px.")] = 64,
) -> None:
    """Measure, and write the results."""
    found = measure(count, rounds, size)
    typer.echo(f"{write_results('render', 'make bench-render', found)}\n{found}")


if __name__ == "__main__":
    typer.run(main)
