"""End to end on a GPU, in pieces: a model of some 100 million parameters is made, warmed up, and evolves.

    python -m zerosight.benchmarks.gpu.evolve --out runs/gpu --seconds 500      # again and again, until it says done

The model has Qwen2.5-VL's shape and random weights. Its warm-up is the embedded model's: captions, proposals, programs
and easy answers, made by the oracle. It then evolves in worlds of up to 16 shapes, which the model for CPUs does not
reach. Each call goes on where the one before was stopped, however it was; a call ends by itself after `--seconds`.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from ...envs import Score, SeededRng
from ...render import Picture
from ...roles.messages import chat
from ...train.config import EvaluationConfig, LearningConfig, RolloutConfig, RunConfig
from ...train.learning.learner import Learner
from ...train.loop import Terminated
from ...train.models.completions import Completion, Prompt
from ...train.models.policy import Policy
from ...train.rollouts import Trajectory
from ...train.runs.report import write_report
from ...train.runs.store import Run, write_atomically
from ...train.seed.lessons import Lesson, Page, Syllabus, page
from ...train.seed.make import SeedRecipe
from ...train.session import run_session
from ..own.results_file import write_results
from .shapes import Size, model_of, tokenizer_of, write_processor

KEEP_EVERY = 50
"""Warm-up steps between checkpoints."""
WORLDS = ("shapes/Canvas-v1", "shapes/Canvas-v2")


class Clock:
    """How long this call may go on."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._reserve = 0.06 * seconds

    @property
    def left(self) -> float:
        """Seconds until what is done must be on its way to disk."""
        return self._end - time.monotonic() - self._reserve


class Quiet:
    """Lines instead of bars."""

    def phase(self, name: str) -> None:
        """A phase begins."""
        typer.echo(f"-- {name}")

    def answered(self, name: str, done: int, total: int) -> None:
        """Held-out answers come in."""

    def stepped(self, metrics: Any, total: int) -> None:
        """A training step is done."""
        typer.echo(f"step {metrics['step']}/{total} solve {metrics['solve_rate']}")


def lessons_of(policy: Policy, made: Page) -> Iterator[tuple[Prompt, Lesson]]:
    """Each lesson of a page with its prompt; those about its picture share it."""
    picture = Picture(made.picture)
    for lesson in made.picture_lessons:
        yield policy.prompt(chat("", lesson.prompt, image=True), picture), lesson
    for lesson in made.text_lessons:
        yield policy.prompt(chat("", lesson.prompt)), lesson


def taught(policy: Policy, made: Page, number: int) -> list[Trajectory]:
    """A page's lessons as what is imitated, a lesson of more weight more often."""
    end, found = int(policy.ends[0]), []
    for place, (prompt, lesson) in enumerate(lessons_of(policy, made)):
        ids = (*policy.tokenizer(lesson.reply, add_special_tokens=False)["input_ids"], end)
        completion = Completion(ids, (0.0,) * len(ids), lesson.reply, True)
        trajectory = Trajectory("solver", (str(number), str(place)), prompt, completion, Score(1.0, {}), 0, True)
        found += [trajectory] * max(1, round(lesson.weight))
    return found


def begin(folder: Path, size: Size, device: torch.device) -> None:
    """Write the model with random weights, once."""
    if (folder / "config.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    pages = [page(SeedRecipe().seed + 1, index, Syllabus()) for index in range(128)]
    texts = [
        text
        for made in pages
        for one in (*made.picture_lessons, *made.text_lessons)
        for text in (one.prompt + "\n", one.reply)
    ]
    tokenizer = tokenizer_of([*texts, " ".join(map(str, range(65)))])
    write_processor(folder, tokenizer, size)
    model_of(tokenizer, size, 0, device, torch.float32).save_pretrained(folder)


def warm_up(folder: Path, steps: int, batch: int, clock: Clock, device: torch.device) -> bool:
    """Imitation of the warm-up's lessons, from where it was; True when all steps are done."""
    state_path = folder / "warm.json"
    done = json.loads(state_path.read_text())["done"] if state_path.exists() else 0
    if done >= steps:
        return True
    source = folder / f"warm_{done}" if done else folder / "seed"
    policy = Policy.load(source, device=device)
    policy.autocast = torch.bfloat16 if device.type == "cuda" else None
    rates = LearningConfig(learning_rate=3e-4, warmup_steps=100, role_weights={"solver": 1.0}, token_budget=32768)
    learner = Learner(policy, rates, steps)
    if done:
        saved = torch.load(source / "learner.pt", weights_only=True)
        learner.optimizer.load_state_dict(saved)
        learner.version = done
    while done < steps and clock.left > 0:
        made = [page(SeedRecipe().seed, done * batch + index, Syllabus(relations=True)) for index in range(batch)]
        trajectories = [trajectory for number, each in enumerate(made) for trajectory in taught(policy, each, number)]
        metrics = learner.step(trajectories, SeededRng(("gpu warm-up", done)), "sft")
        done += 1
        if done % KEEP_EVERY == 0 or done == steps or clock.left <= 0:
            typer.echo(f"warm-up {done}/{steps} gap {metrics['solver/logprob_gap']:.3f} nats a token")
            _keep(folder, policy, learner, done)
    return done >= steps


def _keep(folder: Path, policy: Policy, learner: Learner, done: int) -> None:
    own = folder / f"warm_{done}"
    policy.save(own)
    torch.save(learner.optimizer.state_dict(), own / "learner.pt")
    # Only now it counts: a kill before this line goes on from the one before.
    write_atomically(folder / "warm.json", json.dumps({"done": done}).encode())


def config_of(model: Path, steps: int, items: int, measured: int) -> RunConfig:
    """The run that the warmed-up model makes."""
    return RunConfig(
        model=str(model),
        envs=WORLDS,
        steps=steps,
        checkpoint_every=5,
        rollout=RolloutConfig(num_briefings=8, items_per_step=items, num_answers=16),
        learning=LearningConfig(learning_rate=5e-5, token_budget=32768),
        evaluation=EvaluationConfig(heldout_items=measured, coding_briefings=measured // 10),
    )


def evolve(folder: Path, warm: int, wanted: Callable[[Path], RunConfig], clock: Clock) -> bool:
    """The run, from where it was; True when it is done and measured."""
    where = folder / "run"
    begun = (where / "config.yaml").exists()
    run = Run.open(where) if begun else Run.create(where, wanted((folder / f"warm_{warm}").resolve()))
    # As any run it ends by SIGTERM with a checkpoint; here the signal is our own clock's.
    timer = threading.Timer(max(1.0, clock.left), lambda: os.kill(os.getpid(), signal.SIGTERM))
    timer.daemon = True
    timer.start()
    try:
        start, end = run_session(run, Quiet())
    except Terminated:
        return False
    finally:
        timer.cancel()
    write_report(run)
    figures = {
        "start": start["overall"],
        "end": end["overall"],
        "tasks": {name: {"start": row, "end": end["tasks"][name]} for name, row in start["tasks"].items()},
        "solve_rate": [entry["solve_rate"] for entry in run.metrics()],
        "seconds": sum(entry["time/rollout"] + entry["time/learn"] for entry in run.metrics()),
        "warm_up_steps": warm,
    }
    write_atomically(folder / "figures.json", (json.dumps(figures, indent=1) + "\n").encode())
    if torch.cuda.is_available():
        typer.echo(write_results("gpu_evolve", "python -m zerosight.benchmarks.gpu.evolve --out runs/gpu", figures))
    return True


def main(
    out: Annotated[Path, typer.Option(help="Where everything is kept between calls.")] = Path("runs/gpu"),
    seconds: Annotated[float, typer.Option(help="Of this call.")] = 500.0,
    size: Annotated[str, typer.Option(help="tiny or small.")] = "small",
    warm: Annotated[int, typer.Option(min=1, help="Steps of the warm-up.")] = 6000,
    batch: Annotated[int, typer.Option(min=1, help="Pages of a warm-up step.")] = 32,
    steps: Annotated[int, typer.Option(min=1, help="Steps of the run.")] = 200,
    items: Annotated[int, typer.Option(min=1, help="Items of a step at most.")] = 256,
    measured: Annotated[int, typer.Option(min=1, help="Held-out items, before and after.")] = 600,
) -> None:
    """Go on until the time is over; exit code 3 where there is more to do."""
    clock, device = Clock(seconds), torch.device("cuda" if torch.cuda.is_available() else "cpu")
    begin(out / "seed", size, device)  # type: ignore[arg-type]
    warmed = warm_up(out, warm, batch, clock, device)
    if warmed and clock.left > 0 and evolve(out, warm, lambda model: config_of(model, steps, items, measured), clock):
        typer.echo("done")
        return
    typer.echo("not done: call again")
    raise typer.Exit(3)


if __name__ == "__main__":
    typer.run(main)
