"""A GRPO step of a Qwen2.5-VL-3B-shaped model: tokens a second, memory, and how far from the card's limits.

    python -m zerosight.benchmarks.gpu.step --size 3b --sharing lora
    python -m zerosight.benchmarks.gpu.step --size 3b --sharing shared
    python -m zerosight.benchmarks.gpu.step --size 3b --sharing lora --trl     # beside TRL, where it can be imported

Weights are random, so that nothing is downloaded: the work is the same, the answers mean nothing. Generation is bound
by reading the weights for each token of a batch, learning by arithmetic; both bounds are counted from the model's
shapes and compared with the card's published figures.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
import typer

from ...envs import Score, SeededRng
from ...render import Picture
from ...roles.messages import Messages, chat
from ...train.config import LearningConfig, RunConfig
from ...train.generators.hf import HFGenerator
from ...train.learning.learner import Learner
from ...train.models.architecture import lora_targets
from ...train.models.completions import Prompt, Sampling
from ...train.models.policy import Policy
from ...train.rollouts import Trajectory
from ..own.results_file import write_results
from ..own.training import Load, Timer, trl_steps
from .shapes import PIXELS, Size, model_of, tokenizer_of, write_processor


class GpuCard(NamedTuple):
    """The limits of a GPU, by its maker's data sheet."""

    bytes_per_s: float
    """Memory bandwidth."""
    flops: float
    """Dense bfloat16 operations a second."""


CARDS = {
    "H200": GpuCard(4.8e12, 989e12),
    "H100": GpuCard(3.35e12, 989e12),
    "A100": GpuCard(2.039e12, 312e12),
    "L40S": GpuCard(0.864e12, 362e12),
}
"""By a part of the name that CUDA gives. Sources: NVIDIA's data sheets (SXM forms, no sparsity)."""


class Work(NamedTuple):
    """The work of one step, counted from shapes."""

    weights: int
    """Parameters that every token passes, the vision tower's left out."""
    trained: int
    """Parameters that have gradients."""
    prompt_tokens: int
    new_tokens: int
    decode_steps: int

    @property
    def generation_bytes(self) -> float:
        """At least: all weights in bfloat16 for each decoding step of the whole batch."""
        return 2.0 * self.weights * self.decode_steps

    @property
    def learning_flops(self) -> float:
        """At least: 2 operations a weight and token forward, 2 backward for activations, 2 more for trained weights."""
        tokens = self.prompt_tokens + self.new_tokens
        return tokens * (4.0 * self.weights + 2.0 * min(self.trained, self.weights))


def work_of(policy: Policy, prompts: list[Prompt], completions: int, new_tokens: int) -> Work:
    """Return the work of a step in which each of `prompts` is read once and its completions share it.

    Args:
        policy: the model.
        prompts: of the step.
        completions: of each prompt.
        new_tokens: of each completion.
    """
    named_parameters = list(policy.model.named_parameters())
    tower_weights = sum(p.numel() for name, p in named_parameters if "visual" in name)
    adapter_weights = sum(p.numel() for name, p in named_parameters if "lora_" in name)
    weights = sum(p.numel() for _, p in named_parameters) - tower_weights - adapter_weights
    trained_weights = sum(p.numel() for _, p in named_parameters if p.requires_grad)
    return Work(
        weights, trained_weights, sum(len(p.ids) for p in prompts), len(prompts) * completions * new_tokens, new_tokens
    )


def limits(work: Work, median_seconds: dict[str, float], card_name: str) -> dict[str, Any]:
    """Return the shares of the card's limits that were reached; nothing for a card that is not in `CARDS`.

    Args:
        work: of a step.
        median_seconds: of its parts.
        card_name: as CUDA gives it.
    """
    card_limits = next((limits_of_card for name, limits_of_card in CARDS.items() if name in card_name), None)
    if card_limits is None:
        return {"card": card_name, "known": sorted(CARDS)}
    return {
        "card": card_name,
        "generation_share_of_bandwidth": work.generation_bytes / card_limits.bytes_per_s / median_seconds["generation"],
        "learning_share_of_flops": work.learning_flops / card_limits.flops / median_seconds["learning"],
    }


def seen(count: int, size: Size) -> list[tuple[Messages, Picture]]:
    """Return `count` noise pictures of this `size` with a short question each."""
    noise = np.random.default_rng(0)
    picture_width = PIXELS[size]
    pictures = [
        Picture(noise.integers(0, 256, (picture_width, picture_width, 3), dtype=np.uint8)) for _ in range(count)
    ]
    return [(chat("", f"what is at {n}?", image=True), picture) for n, picture in enumerate(pictures)]


def prompts_of(policy: Policy, count: int, size: Size) -> list[Prompt]:
    """Return the prompts for `policy` of `count` noise pictures of this `size`."""
    return [policy.prompt(messages, picture) for messages, picture in seen(count, size)]


def clock(device: torch.device) -> Callable[[], float]:
    """Return a clock in seconds that waits until the work given to `device` is done."""

    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    return now


def measure(policy: Policy, prompts: list[Prompt], completions: int, new_tokens: int, steps: int) -> dict[str, Any]:
    """Return medians over the steps after the first.

    Args:
        policy: the model.
        prompts: of each step.
        completions: of each prompt.
        new_tokens: of each completion.
        steps: in all.
    """
    learner = Learner(
        policy,
        LearningConfig(warmup_steps=0, learning_rate=1e-5, role_weights={"solver": 1.0}, max_logprob_gap=9.0),
        steps,
    )
    generator, now = HFGenerator(policy), clock(policy.device)
    timings: list[dict[str, float]] = []
    for step_number in range(steps):
        began_at = now()
        groups = generator.generate("solver", prompts, Sampling(max_new_tokens=new_tokens, n=completions), step_number)
        generated_at = now()
        trajectories = [
            Trajectory("solver", (str(prompt_index),), prompt, completion, Score(float(index % 2)), learner.version)
            for prompt_index, (prompt, group) in enumerate(zip(prompts, groups, strict=True))
            for index, completion in enumerate(group)
        ]
        metrics = learner.step(trajectories, SeededRng(("gpu", step_number)))
        ended_at = now()
        sampled_tokens = sum(len(completion.ids) for group in groups for completion in group)
        entry = {
            "generation": generated_at - began_at,
            "learning": ended_at - generated_at,
            "step": ended_at - began_at,
        }
        timings.append(entry | {"sampled": float(sampled_tokens), "gap": metrics["solver/logprob_gap"]})
    timings_after_first = timings[1:] or timings
    return {name: statistics.median(entry[name] for entry in timings_after_first) for name in timings_after_first[0]}


class RandomModel(NamedTuple):
    """A model of random weights with its processor."""

    model: Any
    processor: Any


def made_of(size: Size, sharing: str, device: torch.device) -> RandomModel:
    """Return a random model of this `size` on `device`: trained weights in float32, a frozen base in bfloat16."""
    weight_dtype = torch.bfloat16 if device.type == "cuda" and sharing == "lora" else torch.float32
    tokenizer = tokenizer_of([f"what is at {n}?" for n in range(99)], 400)
    with tempfile.TemporaryDirectory() as folder:
        return RandomModel(
            model_of(tokenizer, size, 0, device, weight_dtype), write_processor(Path(folder), tokenizer, size)
        )


def beside_trl(random_model: RandomModel, load: Load, steps: int, sharing: str) -> dict[str, Any]:
    """Return medians over the steps after the first of TRL's trainer on the same work, with adapters like ours.

    Args:
        random_model: learns.
        load: what is sampled in each step.
        steps: in all.
        sharing: `lora`, or `shared` for all weights.
    """
    from peft import LoraConfig

    timer, gpu = Timer(), random_model.model.device.type == "cuda"
    rank = RunConfig().lora_rank
    adapters = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=lora_targets(random_model.model, "text"))
    trl_steps(
        load,
        steps,
        timer,
        lambda: None,
        random_model.model,
        random_model.processor,
        adapters if sharing == "lora" else None,
        use_cpu=not gpu,
        bf16=gpu,
    )
    timings_after_first = timer.steps[1:] or timer.steps
    return {name: statistics.median(entry[name] for entry in timings_after_first) for name in timings_after_first[0]}


def main(
    size: Annotated[str, typer.Option(help="tiny, small or 3b.")] = "3b",
    sharing: Annotated[str, typer.Option(help="lora, or shared for all weights.")] = "lora",
    prompts: Annotated[int, typer.Option(min=1)] = 16,
    completions: Annotated[int, typer.Option(min=2)] = 8,
    tokens: Annotated[int, typer.Option(min=2)] = 256,
    steps: Annotated[int, typer.Option(min=1)] = 4,
    trl: Annotated[bool, typer.Option("--trl", help="Then the same by TRL's trainer.")] = False,
    write: Annotated[bool, typer.Option(help="Write benchmarks/results/gpu_step_SHARING.json.")] = True,
) -> None:
    """Measure, print, and write the results."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    random_model = made_of(size, sharing, device)  # type: ignore[arg-type]
    policy = Policy(random_model.model, random_model.processor, sharing)  # type: ignore[arg-type]
    policy.autocast = torch.bfloat16 if device.type == "cuda" else None
    model_prompts = prompts_of(policy, prompts, size)  # type: ignore[arg-type]
    seconds = measure(policy, model_prompts, completions, tokens, steps)
    work = work_of(policy, model_prompts, completions, tokens)
    card = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    figures = {
        "size": size,
        "sharing": sharing,
        "parameters": sum(p.numel() for p in policy.model.parameters()),
        "trained_parameters": work.trained,
        "prompts": prompts,
        "completions": completions,
        "prompt_tokens": work.prompt_tokens,
        "seconds": seconds,
        "generated_tokens_per_s": seconds["sampled"] / seconds["generation"],
        "trained_tokens_per_s": (work.prompt_tokens + seconds["sampled"]) / seconds["learning"],
        "peak_memory_bytes": torch.cuda.max_memory_allocated() if device.type == "cuda" else None,
        "limits": limits(work, seconds, card),
    }
    if trl:
        del policy, random_model, model_prompts
        load = Load("gpu", "solver", seen(prompts, size), completions, tokens)  # type: ignore[arg-type]
        figures["trl"] = beside_trl(made_of(size, sharing, device), load, steps, sharing)  # type: ignore[arg-type]
        figures["step_speedup_vs_trl"] = figures["trl"]["step"] / seconds["step"]
    typer.echo(figures)
    if write:
        command = f"python -m zerosight.benchmarks.gpu.step --size {size} --sharing {sharing}{' --trl' * trl}"
        typer.echo(write_results(f"gpu_step_{sharing}", command, figures))


if __name__ == "__main__":
    typer.run(main)
