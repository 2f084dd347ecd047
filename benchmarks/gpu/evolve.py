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
    """The time that this call may take, `seconds` in all."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._reserve = 0.06 * seconds

    @property
    def left(self) -> float:
        """Seconds until what is done must be on its way to disk."""
        return self._end - time.monotonic() - self._reserve


class Quiet:
    """A watcher of a session that prints lines instead of bars."""

    def phase(self, name: str) -> None:
        """Print that the phase `name` begins."""
        typer.echo(f"-- {name}")

    def answered(self, name: str, done_answers: int, total_answers: int) -> None:
        """Print nothing while held-out answers come in."""

    def stepped(self, metrics: Any, total_steps: int) -> None:
        """Print the `metrics` of a training step."""
        typer.echo(f"step {metrics['step']}/{total_steps} solve {metrics['solve_rate']}")


def lessons_of(policy: Policy, lesson_page: Page) -> Iterator[tuple[Prompt, Lesson]]:
    """Yield each lesson of `lesson_page` with its prompt for `policy`; those about its picture share it."""
    picture = Picture(lesson_page.picture)
    for lesson in lesson_page.picture_lessons:
        yield policy.prompt(chat("", lesson.prompt, image=True), picture), lesson
    for lesson in lesson_page.text_lessons:
        yield policy.prompt(chat("", lesson.prompt)), lesson


def taught(policy: Policy, lesson_page: Page, page_number: int) -> list[Trajectory]:
    """Return the lessons of `lesson_page` as trajectories to imitate, a lesson of more weight more often.

    Args:
        policy: tokenizes them.
        lesson_page: the lessons.
        page_number: tells the trajectories of two pages apart.
    """
    end, trajectories = int(policy.ends[0]), []
    for lesson_index, (prompt, lesson) in enumerate(lessons_of(policy, lesson_page)):
        ids = (*policy.tokenizer(lesson.reply, add_special_tokens=False)["input_ids"], end)
        completion = Completion(ids, (0.0,) * len(ids), lesson.reply, True)
        trajectory = Trajectory(
            "solver", (str(page_number), str(lesson_index)), prompt, completion, Score(1.0, {}), 0, True
        )
        trajectories += [trajectory] * max(1, round(lesson.weight))
    return trajectories


def begin(folder: Path, size: Size, device: torch.device) -> None:
    """Write the model of this `size` with random weights into `folder`, unless it is there."""
    if (folder / "config.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    pages = [page(SeedRecipe().seed + 1, index, Syllabus()) for index in range(128)]
    texts = [
        text
        for lesson_page in pages
        for lesson in (*lesson_page.picture_lessons, *lesson_page.text_lessons)
        for text in (lesson.prompt + "\n", lesson.reply)
    ]
    tokenizer = tokenizer_of([*texts, " ".join(map(str, range(65)))])
    write_processor(folder, tokenizer, size)
    model_of(tokenizer, size, 0, device, torch.float32).save_pretrained(folder)


def warm_up(folder: Path, steps: int, batch: int, clock: Clock, device: torch.device) -> bool:
    """Imitate the warm-up's lessons, from where it was; return whether all `steps` are done.

    Args:
        folder: holds the checkpoints.
        steps: of the whole warm-up.
        batch: pages of a step.
        clock: says when to stop.
        device: where the model learns.
    """
    state_path = folder / "warm.json"
    done_steps = json.loads(state_path.read_text())["done"] if state_path.exists() else 0
    if done_steps >= steps:
        return True
    source_folder = folder / f"warm_{done_steps}" if done_steps else folder / "seed"
    policy = Policy.load(source_folder, device=device)
    policy.autocast = torch.bfloat16 if device.type == "cuda" else None
    learning_config = LearningConfig(
        learning_rate=3e-4, warmup_steps=100, role_weights={"solver": 1.0}, token_budget=32768
    )
    learner = Learner(policy, learning_config, steps)
    if done_steps:
        optimizer_state = torch.load(source_folder / "learner.pt", weights_only=True)
        learner.optimizer.load_state_dict(optimizer_state)
        learner.version = done_steps
    while done_steps < steps and clock.left > 0:
        lesson_pages = [
            page(SeedRecipe().seed, done_steps * batch + index, Syllabus(relations=True)) for index in range(batch)
        ]
        trajectories = [
            trajectory
            for page_number, lesson_page in enumerate(lesson_pages)
            for trajectory in taught(policy, lesson_page, page_number)
        ]
        metrics = learner.step(trajectories, SeededRng(("gpu warm-up", done_steps)), "sft")
        done_steps += 1
        if done_steps % KEEP_EVERY == 0 or done_steps == steps or clock.left <= 0:
            typer.echo(f"warm-up {done_steps}/{steps} gap {metrics['solver/logprob_gap']:.3f} nats a token")
            _keep(folder, policy, learner, done_steps)
    return done_steps >= steps


def _keep(folder: Path, policy: Policy, learner: Learner, done_steps: int) -> None:
    checkpoint_folder = folder / f"warm_{done_steps}"
    policy.save(checkpoint_folder)
    torch.save(learner.optimizer.state_dict(), checkpoint_folder / "learner.pt")
    # Only now it counts: a kill before this line goes on from the one before.
    write_atomically(folder / "warm.json", json.dumps({"done": done_steps}).encode())


def config_of(model: Path, steps: int, items_per_step: int, heldout_count: int) -> RunConfig:
    """Return the configuration of the run of `model`, with `steps` steps and `heldout_count` held-out items."""
    return RunConfig(
        model=str(model),
        envs=WORLDS,
        steps=steps,
        checkpoint_every=5,
        rollout=RolloutConfig(num_briefings=8, items_per_step=items_per_step, num_answers=16),
        learning=LearningConfig(learning_rate=5e-5, token_budget=32768),
        evaluation=EvaluationConfig(heldout_items=heldout_count, coding_briefings=heldout_count // 10),
    )


def _end(*_: object) -> None:
    raise Terminated("the time is over")


def evolve(folder: Path, warmup_steps: int, make_config: Callable[[Path], RunConfig], clock: Clock) -> bool:
    """Go on with the run in `folder`; return whether it is done and measured.

    Args:
        folder: holds the warm-up's checkpoints and the run.
        warmup_steps: of the checkpoint to begin with.
        make_config: from a model's folder to the run's configuration.
        clock: says when to stop.
    """
    run_folder = folder / "run"
    is_resumed = (run_folder / "config.yaml").exists()
    run = (
        Run.open(run_folder)
        if is_resumed
        else Run.create(run_folder, make_config((folder / f"warm_{warmup_steps}").resolve()))
    )
    # As any run it ends by SIGTERM with a checkpoint; here the signal is our own clock's, and may come while the
    # session does not listen yet, or no longer.
    previous_handler = signal.signal(signal.SIGTERM, _end)
    timer = threading.Timer(max(1.0, clock.left), lambda: os.kill(os.getpid(), signal.SIGTERM))
    timer.daemon = True
    timer.start()
    try:
        start, end = run_session(run, Quiet())
    except Terminated:
        return False
    finally:
        timer.cancel()
        signal.signal(signal.SIGTERM, previous_handler)
    write_report(run)
    figures = {
        "start": start["overall"],
        "end": end["overall"],
        "tasks": {name: {"start": row, "end": end["tasks"][name]} for name, row in start["tasks"].items()},
        "solve_rate": [entry["solve_rate"] for entry in run.metrics()],
        "seconds": sum(entry["time/rollout"] + entry["time/learn"] for entry in run.metrics()),
        "warm_up_steps": warmup_steps,
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
    """Go on until the time is over; exit with 3 where there is more to do."""
    clock, device = Clock(seconds), torch.device("cuda" if torch.cuda.is_available() else "cpu")
    begin(out / "seed", size, device)  # type: ignore[arg-type]
    is_warm = warm_up(out, warm, batch, clock, device)
    if is_warm and clock.left > 0 and evolve(out, warm, lambda model: config_of(model, steps, items, measured), clock):
        typer.echo("done")
        return
    typer.echo("not done: call again")
    raise typer.Exit(3)


if __name__ == "__main__":
    typer.run(main)
