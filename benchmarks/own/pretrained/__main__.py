"""`make bench-pretrained`: what Gemma 3 270M writes in each world, and what GRPO of Proposer and Coder changes.

Each part is kept in `WORK/parts` as soon as it is measured, so that a stopped benchmark goes on where it was; remove
the folder to measure anew.
"""

import json
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from ....envs import Environment, list_environments, make
from ....render.drawing import Pools
from ....roles import proposer
from ....train.config import override
from ....train.generators.hf import HFGenerator
from ....train.models.policy import Policy
from ....train.presets import config_from
from ....train.rollouts import Draw, drawn_by
from ....train.runs.store import Run, write_atomically
from ....train.session import run_session
from ..results_file import write_results
from .fits import fit_rate
from .measure import ReplySample, programs, proposals
from .vlm_folder import build_folder

CACHE = Path.home() / ".cache" / "zerosight"
PROPOSER_TOKENS, CODER_TOKENS = 128, 320
FIT_QUESTIONS = 150
LEARNED_ENV = "shapes/Canvas-v1"
EVOLVE_SETTINGS = (
    "sharing=lora", "lora_rank=16", "learning.learning_rate=2e-4", "learning.max_logprob_gap=0.2",
    "precision=bfloat16", "evaluation.heldout_items=4", "evaluation.coding_briefings=0",
    "rollout.num_briefings=1", "rollout.num_proposals=3", "rollout.num_programs=2", "rollout.num_answers=4",
    "rollout.items_per_step=4", "learning.entropy_weight={}", "learning.mask_truncated=masked",
    f"rollout.proposer_tokens={PROPOSER_TOKENS}", f"rollout.coder_tokens={CODER_TOKENS}", "rollout.solver_tokens=24",
    "generator.constrained_decoding=true",
)  # fmt: skip
"""A run of minutes on a CPU; proposals are constrained, so that every role has its turn."""
LEARN_SETTINGS = (
    "learning.role_weights={proposer: 1.0, coder: 1.0}", "rollout.num_proposals=8", "rollout.num_answers=2",
    "rollout.items_per_step=2", "rollout.env_questions=0", "learning.advantage_scale=group",
    "generator.constrained_decoding=false",
)  # fmt: skip
"""Proposer and Coder alone learn; the Solver is asked just enough to pay them."""


class Parts:
    """Results by name, each written as soon as it is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, part_name: str, measure: Callable[[], Any]) -> Any:
        """Return the stored result called `part_name`, or that of `measure`."""
        path = self._folder / f"{part_name.replace('/', '_')}.json"
        if not path.exists():
            write_atomically(path, json.dumps(measure(), indent=1).encode())
            logging.info("measured %s", part_name)
        return json.loads(path.read_text())


def writing(env: Environment, policy: Policy, draw: Draw, sample: tuple[int, int], parts: Parts, when: str) -> Any:
    """Measure proposals and programs in `env`: plain, with examples, and proposals under the grammar as well.

    Args:
        env: the environment.
        policy: that writes.
        draw: runs programs in the sandbox.
        sample: prompts, and replies to each.
        parts: where results are kept.
        when: before or after learning.
    """
    free_generator = HFGenerator(policy)
    proposal_sample, program_sample = ReplySample(*sample, PROPOSER_TOKENS), ReplySample(*sample, CODER_TOKENS)

    def constrained() -> Any:
        generator = HFGenerator(policy, schemas={"proposer": proposer.schema([env])})
        return proposals(env, policy, generator, proposal_sample, 2).as_dict()

    conditions: dict[str, Callable[[], Any]] = {
        "proposals_zero_shot": lambda: proposals(env, policy, free_generator, proposal_sample, 0).as_dict(),
        "proposals_with_examples": lambda: proposals(env, policy, free_generator, proposal_sample, 2).as_dict(),
        "proposals_constrained": constrained,
        "programs_guide_alone": lambda: programs(
            env, policy, free_generator, draw, program_sample, with_example=False
        ).as_dict(),
        "programs_with_example": lambda: programs(
            env, policy, free_generator, draw, program_sample, with_example=True
        ).as_dict(),
    }
    return {name: parts(f"{when}_{env.id}_{name}", condition) for name, condition in conditions.items()}


class LoggingWatcher:
    """Tells a log how a run goes."""

    def phase(self, name: str) -> None:
        """Log that the phase called `name` begins."""
        logging.info("%s", name)

    def answered(self, name: str, done_answers: int, total_answers: int) -> None:
        """Held-out answers are few here."""

    def stepped(self, metrics: Any, total_steps: int) -> None:
        """Log the `metrics` of a step."""
        shown = {name: metrics.get(name) for name in ("proposals_valid", "proposals", "programs_rendered", "programs")}
        logging.info("step %s of %s: %s", metrics["step"], total_steps, shown)


def evolved(folder: Path, model_folder: Path, env_id: str, steps: int, settings: tuple[str, ...] = ()) -> Run:
    """Evolve the model in `env_id` for `steps`, or go on with the run in `folder`."""
    if (folder / "config.yaml").exists():
        run = Run.open(folder)
    else:
        chosen = (f"model={model_folder}", f"envs=[{env_id}]", f"steps={steps}", *EVOLVE_SETTINGS, *settings)
        run = Run.create(folder, override(config_from("zerosight"), list(chosen)))
    run_session(run, LoggingWatcher())
    return run


def step_rows(run: Run) -> list[dict[str, Any]]:
    """Return what is reported of each step of `run`: shares of valid proposals and of programs drawn and faithful."""
    names = (
        "step", "proposals", "proposals_valid", "programs", "programs_rendered", "programs_spec_satisfied", "items",
        "proposer/reward", "coder/reward", "rejected", "time/rollout", "time/learn",
    )  # fmt: skip
    return [{name: metrics.get(name) for name in names} for metrics in run.metrics()]


def _fits(env_id: str) -> dict[str, float]:
    return fit_rate(env_id, FIT_QUESTIONS).as_dict()


def main(
    work: Annotated[Path, typer.Option(help="Folder of the model, the runs and the parts.")] = CACHE / "pretrained",
    prompts: Annotated[int, typer.Option(min=1, help="Prompts for each world and condition.")] = 6,
    replies: Annotated[int, typer.Option(min=1, help="Replies to each prompt.")] = 4,
    steps: Annotated[int, typer.Option(min=0, help="GRPO steps of Proposer and Coder.")] = 40,
    world_steps: Annotated[int, typer.Option(min=0, help="Steps of the short run in each world.")] = 2,
) -> None:
    """Build the model, measure it in each world, evolve it, and write `benchmarks/results/pretrained.json`."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    model_folder = build_folder(CACHE / "gemma3-270m-vlm")
    parts = Parts(work / "parts")
    env_ids = list_environments()
    policy = Policy.load(model_folder, dtype=torch.bfloat16)
    figures: dict[str, Any] = {"worlds": {}, "evolve": {}}
    with Pools(2) as pools:
        draw = drawn_by(pools)
        for env_id in env_ids:
            figures["worlds"][env_id] = {
                "fits": parts(f"fits_{env_id}", partial(_fits, env_id)),
                **writing(make(env_id), policy, draw, (prompts, replies), parts, "before"),
            }
    del policy
    for env_id in env_ids if world_steps else ():
        run = evolved(work / f"evolve_{env_id.replace('/', '_')}", model_folder, env_id, world_steps)
        figures["evolve"][env_id] = step_rows(run)
    if steps:
        run = evolved(work / "learned", model_folder, LEARNED_ENV, steps, LEARN_SETTINGS)
        learned_policy = Policy.load(model_folder, "lora", 16, dtype=torch.bfloat16)
        learned_policy.restore(run.newest_checkpoint())
        with Pools(2) as pools:
            after = writing(make(LEARNED_ENV), learned_policy, drawn_by(pools), (prompts, replies), parts, "after")
        figures["grpo"] = {"env": LEARNED_ENV, "steps": step_rows(run), "after": after}
    command = f"make bench-pretrained ARGS='--prompts {prompts} --replies {replies} --steps {steps}'"
    typer.echo(write_results("pretrained", command, figures))


if __name__ == "__main__":
    typer.run(main)
