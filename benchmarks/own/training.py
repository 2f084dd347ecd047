"""`make bench-train`: a whole GRPO step and its parts beside TRL's GRPOTrainer, in one process, turn by turn.

Both take the embedded model in float32 on the CPU, the same prompts with the same pictures, group size, longest
completion, temperature, learning rate and reward (a digest of the text: no model learns it, so that both go on with
completions of like lengths), AdamW, no KL, one update a step, GRPO's loss. TRL's steps are timed from its own callbacks
(`on_step_begin` to `on_step_end`); between two of them one of ours is made, so that whatever else the machine does
falls on both. Two loads: `answers`, the Solver's, with pictures and few tokens; `programs`, the Coder's, in words with
many. What we save exactly is left on, as it is in a run: equal completions of a group are computed once, groups
without signal not at all, and a prompt once for its whole group.
"""

import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Annotated, Any, NamedTuple

import torch
import typer
from PIL import Image

from ...envs import Score, SeededRng, item_rng, make
from ...render import Picture
from ...roles import coder, solver
from ...roles.messages import Messages
from ...train.config import LearningConfig
from ...train.generators.hf import HFGenerator
from ...train.learning.learner import Learner
from ...train.models.architecture import load_model, load_processor
from ...train.models.completions import Prompt, Sampling
from ...train.models.load import EMBEDDED_SEED
from ...train.models.policy import Policy
from ...train.rollouts import Trajectory
from ...train.seed.lessons import requirements_of
from .results_file import write_results

RATE = 1e-4


class Load(NamedTuple):
    """The work of each step, the same for both."""

    name: str
    role: str
    prompts: Sequence[tuple[Messages, Picture | None]]
    group: int
    tokens: int


def reward(text: str) -> float:
    """Return 0 or 1 by a digest of `text`: the same for the same text, learnt by nobody."""
    return float(hashlib.sha256(text.encode()).digest()[0] % 2)


def loads() -> list[Load]:
    """Return the Solver's questions and the Coder's orders about items of `shapes/Canvas-v1`."""
    from ...envs.shapes.canvas import parse_scene

    env = make("shapes/Canvas-v1")
    answers: list[tuple[Messages, Picture | None]] = []
    programs: list[tuple[Messages, Picture | None]] = []
    for item_number in range(32):
        rng = item_rng(env.id, "dev", 0, item_number)
        item = env.sample(rng, rng.choice(tuple(env.tasks)), rng.choice(env.difficulties))
        answers.append((solver.prompt(item.question), env.render_item(item, env.size)))
        scene: Any = item.scene
        things: Any = parse_scene(scene)
        programs.append((coder.prompt(env, requirements_of(rng, item, things)), None))
    return [Load("answers", "solver", answers, 16, 4), Load("programs", "coder", programs[:8], 8, 96)]


class Timer:
    """Seconds of named stretches, one entry for each step."""

    def __init__(self) -> None:
        self.steps: list[dict[str, float]] = []

    @contextmanager
    def stretch(self, name: str) -> Iterator[None]:
        """Add the time inside to the current step's."""
        began = time.perf_counter()
        yield
        self.steps[-1][name] = self.steps[-1].get(name, 0.0) + time.perf_counter() - began


def our_steps(load: Load, timer: Timer) -> Callable[[], None]:
    """Return a function that makes one step of ours on `load` and adds its times to `timer`."""
    policy = Policy.load(EMBEDDED_SEED)
    learning = LearningConfig(learning_rate=RATE, warmup_steps=0, final_rate=1.0, loss="grpo", entropy_weight={})
    learner = Learner(policy, learning, 1_000_000)
    generator = HFGenerator(policy)
    sampling = Sampling(max_new_tokens=load.tokens, n=load.group)

    def step() -> None:
        timer.steps.append({})
        number = len(timer.steps)
        with timer.stretch("step"):
            with timer.stretch("prompts"):
                prompts: list[Prompt] = [policy.prompt(messages, picture) for messages, picture in load.prompts]
            with timer.stretch("generation"):
                groups = generator.generate(load.role, prompts, sampling, number)
            trajectories = [
                Trajectory(
                    load.role, (str(prompt_index),), prompt, completion, Score(reward(completion.text)), learner.version
                )
                for prompt_index, (prompt, group) in enumerate(zip(prompts, groups, strict=True))
                for completion in group
            ]
            with timer.stretch("learning"):
                learner.step(trajectories, SeededRng(("bench", number)))
        timer.steps[-1]["tokens"] = float(sum(len(completion.ids) for group in groups for completion in group))

    return step


def trl_steps(
    load: Load,
    steps: int,
    timer: Timer,
    between: Callable[[], None],
    model: Any,
    processor: Any,
    adapters: Any = None,
    **options: Any,
) -> None:
    """Make so many steps of TRL's trainer.

    Args:
        load: what is sampled in each.
        steps: how many.
        timer: gets their times.
        between: called after each.
        model: that learns.
        processor: the model's.
        adapters: peft's configuration, or None where all weights learn.
        options: of `GRPOConfig`, beside those that are the same for all.
    """
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import GRPOTrainer

    class StepWatch(TrainerCallback):
        def on_step_begin(self, *arguments: Any, **options: Any) -> None:
            timer.steps.append({})
            self.began = time.perf_counter()

        def on_step_end(self, *arguments: Any, **options: Any) -> None:
            timer.steps[-1]["step"] = time.perf_counter() - self.began
            between()

    rows = [{"prompt": messages} | ({"image": _pil(picture)} if picture else {}) for messages, picture in load.prompts]
    with tempfile.TemporaryDirectory() as folder:
        config = _trl_config(folder, load, steps, options)
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=lambda completions, **_: [reward(_text(c)) for c in completions],
            args=config,
            train_dataset=Dataset.from_list(rows),
            processing_class=processor,
            callbacks=[StepWatch()],
            peft_config=adapters,
        )
        for name, stretch_name in (("_generate", "generation"), ("compute_loss", "forward")):
            setattr(trainer, name, _timed(getattr(trainer, name), timer, stretch_name))
        trainer.train()


def _trl_config(output_folder: str, load: Load, steps: int, options: Mapping[str, Any]) -> Any:
    """TRL's settings for the work of a load."""
    from trl import GRPOConfig

    return GRPOConfig(
        output_dir=output_folder,
        per_device_train_batch_size=len(load.prompts) * load.group,
        gradient_accumulation_steps=1,
        steps_per_generation=1,
        num_generations=load.group,
        max_completion_length=load.tokens,
        max_steps=steps,
        learning_rate=RATE,
        lr_scheduler_type="constant",
        beta=0.0,
        loss_type="grpo",
        scale_rewards="none",
        temperature=1.0,
        gradient_checkpointing=False,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        shuffle_dataset=False,
        **options,
    )


def _pil(picture: Picture) -> Image.Image:
    return Image.fromarray(picture.array)


def _text(completion: Any) -> str:
    if isinstance(completion, str):
        return completion
    content = completion[-1]["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _timed(function: Callable[..., Any], timer: Timer, stretch_name: str) -> Callable[..., Any]:
    def with_timer(*arguments: Any, **options: Any) -> Any:
        with timer.stretch(stretch_name):
            return function(*arguments, **options)

    return with_timer


def compare(load: Load, steps: int) -> dict[str, Any]:
    """Return medians of both on `load` over the `steps` after the first two, and their ratio."""
    our_timer, trl_timer = Timer(), Timer()
    model, processor = load_model(EMBEDDED_SEED, torch.float32), load_processor(EMBEDDED_SEED)
    trl_steps(load, steps, trl_timer, our_steps(load, our_timer), model, processor, use_cpu=True, bf16=False)
    kept_steps = [timer.steps[2:] for timer in (our_timer, trl_timer)]
    medians = [
        {name: statistics.median(step[name] for step in steps_of_trainer) for name in steps_of_trainer[0]}
        for steps_of_trainer in kept_steps
    ]
    ratios = sorted(trl_step["step"] / our_step["step"] for our_step, trl_step in zip(*kept_steps, strict=True))
    return {
        "prompts": len(load.prompts),
        "group": load.group,
        "max_new_tokens": load.tokens,
        "steps": len(ratios),
        "ours_s": medians[0],
        "trl_s": medians[1],
        "step_speedup": statistics.median(ratios),
        "step_speedup_range": [ratios[0], ratios[-1]],
        "generation_speedup": medians[1]["generation"] / medians[0]["generation"],
    }


def main(steps: Annotated[int, typer.Option(min=4, help="Steps of each.")] = 14) -> None:
    """Compare, and write `benchmarks/results/train.json`."""
    figures: dict[str, Any] = {"trl": version("trl"), "threads": torch.get_num_threads()}
    for load in loads():
        figures[load.name] = compare(load, steps)
        print(load.name, figures[load.name])  # noqa: T201
    # A run's step has both loads in it.
    total_seconds = [sum(figures[load.name][trainer]["step"] for load in loads()) for trainer in ("trl_s", "ours_s")]
    figures["step_speedup_vs_trl"] = total_seconds[0] / total_seconds[1]
    print(write_results("train", f"make bench-train ARGS='--steps {steps}'", figures))  # noqa: T201


if __name__ == "__main__":
    typer.run(main)
