"""Weights sharded over two processes while they learn: the update, the checkpoint and the failure of whole ones."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_processes import PROMPTS, together

from zerosight.envs import Score, SeededRng
from zerosight.render import Picture
from zerosight.roles.messages import chat
from zerosight.train.config import LearningConfig
from zerosight.train.generators.hf import HFGenerator
from zerosight.train.learning.guards import TrainingError
from zerosight.train.learning.learner import Learner
from zerosight.train.learning.processes import Alone, Processes, Sharding, Together
from zerosight.train.models.completions import Prompt, Sampling
from zerosight.train.models.policy import Policy
from zerosight.train.rollouts import Trajectory

CONFIG: dict[str, Any] = {
    "learning_rate": 1e-3, "warmup_steps": 0, "minibatches": 2, "correction": "token_truncate", "kl_weight": 0.1,
    "token_budget": 256,
}  # fmt: skip
NOISE = Picture(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))


def sharding(kind: str) -> Sharding:
    from accelerate.utils import DeepSpeedPlugin, FullyShardedDataParallelPlugin

    if kind == "fsdp":
        return Sharding("fsdp", FullyShardedDataParallelPlugin(fsdp_version=2, reshard_after_forward=True))
    return Sharding("deepspeed", DeepSpeedPlugin(zero_stage=1))


def sharded(processes: Together, kind: str) -> Together:
    processes.sharding = sharding(kind)
    return processes


def trajectories(policy: Policy) -> list[Trajectory]:
    """All roles' answers, rewarded by chance; the Solver's first is about a picture, so that batches are unlike."""
    seen = policy.prompt(chat("", "what is it?", image=True), NOISE)
    found = []
    for number, role in enumerate(("proposer", "coder", "solver")):
        prompts: list[Prompt] = [*PROMPTS[number:5], *([seen] if role == "solver" else [])]
        groups = HFGenerator(policy).generate(role, prompts, Sampling(max_new_tokens=6, n=4), seed=number)
        for place, (prompt, group) in enumerate(zip(prompts, groups, strict=True)):
            found += [Trajectory(role, (f"g{place}",), prompt, c, Score(float(c.ids[0] % 3)), 0) for c in group]
    return found


def learner_of(folder: Path, sharing: Any, processes: Processes, **changes: Any) -> Learner:
    return Learner(Policy.load(folder, sharing, 4, 0), LearningConfig(**{**CONFIG, **changes}), 4, processes)


def weights(learner: Learner) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in learner.policy.trainable().items()}


def stepped(learner: Learner, rollouts: list[Trajectory], steps: range) -> dict[str, torch.Tensor]:
    for step in steps:
        # As if sampled by an older policy, so that the second step may differ from it.
        own = [Trajectory(t.role, t.group, t.prompt, t.completion, t.score, learner.version - 1) for t in rollouts]
        assert learner.step(own, SeededRng(("step", step)))["grad_norm"] > 0
    return weights(learner)


def step_sharded(processes: Together, kind: str, folder: Path, sharing: str, changes: dict[str, Any]) -> Any:
    learner = learner_of(folder, sharing, sharded(processes, kind), **changes)
    return stepped(learner, trajectories(learner.policy), range(2))


DEEPSPEED = pytest.param(
    "zero", marks=pytest.mark.skipif(not find_spec("deepspeed"), reason="pip install deepspeed==0.19.8")
)


@pytest.mark.parametrize(
    ("sharing", "changes"),
    [
        ("shared", {}),
        ("lora", {"loss": "dapo", "gradient_checkpointing": True}),
        ("two", {"role_weights": {"solver": 1.0, "coder": 0.5}}),
    ],
)
@pytest.mark.parametrize("kind", ["fsdp", DEEPSPEED])
def test_sharded_weights_make_the_update_of_whole_ones(
    kind: str, sharing: str, changes: dict[str, Any], tiny_folder: Path, tmp_path: Path
) -> None:
    if kind == "zero":
        # It steps weights without a gradient by their momentum; in one update a step every role has one.
        changes = changes | {"minibatches": 1}
    alone = learner_of(tiny_folder, sharing, Alone(), **changes)
    before = weights(alone)
    expected = stepped(alone, trajectories(alone.policy), range(2))
    assert any(not torch.equal(expected[name], before[name]) for name in before)
    first, second = together(tmp_path, "step_sharded", kind, tiny_folder, sharing, changes, module=__name__)
    for name in expected:
        assert torch.equal(first[name], second[name]), name
        assert torch.allclose(first[name], expected[name], atol=1e-5), name


def write_sharded(processes: Together, kind: str, folder: Path, out: Path) -> Any:
    learner = learner_of(folder, "shared", sharded(processes, kind))
    rollouts = trajectories(learner.policy)
    stepped(learner, rollouts, range(1))
    if processes.rank == 0:
        learner.policy.save(out)
    learner.write_own_state(out)
    torch.distributed.barrier()
    again = learner_of(folder, "shared", processes)
    again.policy.restore(out)
    again.read(out)
    assert again.version == 1
    resumed = stepped(again, rollouts, range(1, 2))
    return stepped(learner, rollouts, range(1, 2)), resumed


@pytest.mark.parametrize("kind", ["fsdp", DEEPSPEED])
def test_a_sharded_checkpoint_goes_on_and_is_that_of_any_run(kind: str, tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "kept"
    [(whole, resumed), _] = together(tmp_path, "write_sharded", kind, tiny_folder, out, module=__name__)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    if kind == "zero":
        with pytest.raises(ValueError, match=r"written by DeepSpeed.*configuration that the run began with"):
            learner_of(tiny_folder, "shared", Alone()).read(out)
        return
    alone = learner_of(tiny_folder, "shared", Alone())
    rollouts = trajectories(alone.policy)
    alone.policy.restore(out)
    alone.read(out)
    expected = stepped(alone, rollouts, range(1, 2))
    for name in expected:
        assert torch.allclose(expected[name], whole[name], atol=1e-5), name


def fail_sharded(processes: Together, kind: str, folder: Path) -> str:
    learner = learner_of(folder, "shared", sharded(processes, kind), kl_weight=0.0)
    rollouts = trajectories(learner.policy)
    if processes.rank == 1:
        # What one process alone meets, such as a broken card: its share of the scores is broken.
        broken = [t.completion for t in rollouts]
        for completion in broken:
            object.__setattr__(completion, "logprobs", tuple(float("nan") for _ in completion.logprobs))
    try:
        for _ in range(3):
            learner.step(rollouts, SeededRng(("step",)))
    except TrainingError as error:
        return str(error)
    return "went on"


def test_a_failure_of_one_process_stops_all_that_share_the_weights(tiny_folder: Path, tmp_path: Path) -> None:
    first, second = together(tmp_path, "fail_sharded", "fsdp", tiny_folder, module=__name__)
    assert "not finite" in first and first == second


def skip_sharded(processes: Together, kind: str, folder: Path) -> Any:
    learner = learner_of(folder, "shared", sharded(processes, kind), kl_weight=0.0, minibatches=1)
    rollouts, before = trajectories(learner.policy), weights(learner)
    layer = learner._strategy._train_policy.model.model.language_model.layers[0]

    def spoil(_module: Any, _inputs: Any, output: Any) -> None:
        tensor = output[0] if isinstance(output, tuple) else output
        if tensor.requires_grad:
            tensor.register_hook(lambda gradient: gradient * float("nan"))

    handle = layer.register_forward_hook(spoil) if processes.rank == 1 else None
    skipped = learner.step(rollouts, SeededRng(("step", 0)))["skipped_updates"]
    unchanged = all(torch.equal(before[name], p) for name, p in weights(learner).items())
    if handle:
        handle.remove()
    skipped_after = learner.step(rollouts, SeededRng(("step", 1)))["skipped_updates"]
    return (skipped, unchanged, skipped_after), weights(learner)


def test_a_gradient_that_is_not_finite_in_one_shard_is_skipped_in_all(tiny_folder: Path, tmp_path: Path) -> None:
    first, second = together(tmp_path, "skip_sharded", "fsdp", tiny_folder, module=__name__)
    assert first[0] == second[0] == (1.0, True, 0.0)
    assert all(torch.equal(first[1][name], second[1][name]) for name in first[1])
    assert all(torch.isfinite(p).all() for p in first[1].values())
