"""Two processes over gloo step as one does."""

import importlib
import os
import sys
import types
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.multiprocessing

from zerosight.envs import Score, SeededRng
from zerosight.train.config import LearningConfig
from zerosight.train.generators.hf import HFGenerator
from zerosight.train.learning.guards import TrainingError
from zerosight.train.learning.learner import Learner
from zerosight.train.learning.processes import (
    Alone,
    ProcessError,
    Processes,
    SharedGenerator,
    Together,
    configured_sharding,
    launched,
)
from zerosight.train.models.completions import Prompt, Sampling
from zerosight.train.models.policy import Policy
from zerosight.train.rollouts import Trajectory

PROMPTS = [Prompt((100 + n, 106, 107)[: 2 + n % 2]) for n in range(7)]
CONFIG = {"learning_rate": 1e-3, "warmup_steps": 0, "minibatches": 2, "correction": "token_truncate", "kl_weight": 0.1}


def trajectories(policy: Policy) -> list[Trajectory]:
    """All three roles', of unlike lengths; rewarded by chance."""
    found = []
    for number, role in enumerate(("proposer", "coder", "solver")):
        groups = HFGenerator(policy).generate(role, PROMPTS[number:], Sampling(max_new_tokens=6, n=4), seed=number)
        for place, (prompt, group) in enumerate(zip(PROMPTS[number:], groups, strict=True)):
            for c in group:
                found.append(Trajectory(role, (f"g{place}",), prompt, c, Score(float(c.ids[0] % 3)), 0))
    return found


def two_steps(folder: Path, sharing: Any, loss: str, processes: Processes) -> dict[str, torch.Tensor]:
    policy = Policy.load(folder, sharing, 4, 0)
    learner = Learner(policy, LearningConfig(loss=loss, **CONFIG), 4, processes)  # type: ignore[arg-type]
    rollouts = trajectories(policy)
    for step in range(2):
        metrics = learner.step(rollouts if step == 0 else trajectories_of(rollouts, step), SeededRng(("step", step)))
        assert metrics["grad_norm"] > 0
    return {name: p.detach().clone() for name, p in policy.trainable().items()}


def trajectories_of(rollouts: list[Trajectory], version: int) -> list[Trajectory]:
    """The same as if sampled by an older policy, so that the second step may differ from it."""
    return [Trajectory(t.role, t.group, t.prompt, t.completion, t.score, version - 1) for t in rollouts]


def in_process(
    rank: int, size: int, meeting: str, module: str, work: str, arguments: tuple[Any, ...], out: str
) -> None:
    torch.set_num_threads(1)
    # As launchers set it; DeepSpeed asks.
    os.environ["LOCAL_RANK"] = str(rank)
    torch.distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=size)
    try:
        found = getattr(importlib.import_module(module), work)(Together(torch.device("cpu")), *arguments)
        torch.save(found, f"{out}.{rank}")
    finally:
        torch.distributed.destroy_process_group()


def together(tmp_path: Path, work: str, *arguments: Any, module: str = __name__) -> list[Any]:
    """What two processes return of a module's function."""
    meeting, out = tmp_path / "meeting", tmp_path / "out"
    torch.multiprocessing.spawn(in_process, (2, str(meeting), module, work, arguments, str(out)), nprocs=2)  # type: ignore[no-untyped-call]
    return [torch.load(f"{out}.{rank}", weights_only=False) for rank in range(2)]


def step_together(processes: Together, folder: Path, sharing: str, loss: str) -> dict[str, torch.Tensor]:
    return two_steps(folder, sharing, loss, processes)


@pytest.mark.parametrize(("sharing", "loss"), [("shared", "grpo"), ("lora", "dapo")])
def test_two_processes_make_the_update_of_one(tiny_folder: Path, tmp_path: Path, sharing: str, loss: str) -> None:
    alone = two_steps(tiny_folder, sharing, loss, Alone())
    first, second = together(tmp_path, "step_together", tiny_folder, sharing, loss)
    start = Policy.load(tiny_folder, sharing, 4, 0).trainable()  # type: ignore[arg-type]
    assert any(not torch.equal(alone[name], start[name]) for name in start)
    for name in start:
        assert torch.equal(first[name], second[name]), name
        assert torch.allclose(first[name], alone[name], atol=1e-5), name


def generate_together(processes: Together, folder: Path) -> Any:
    shared = SharedGenerator(HFGenerator(Policy.load(folder)), processes)
    if processes.rank:
        processes.obey({"generate": shared.take_part})
        return None
    found = shared.generate("solver", PROMPTS, Sampling(max_new_tokens=3, temperature=0.0, n=2), 5)
    few = shared.generate("solver", PROMPTS[:1], Sampling(max_new_tokens=3, n=2), 5)
    processes.order("stop")
    return [[c.ids for c in group] for group in found], len(few), len(few[0])


def test_prompts_are_shared_out_and_come_back_in_order(tiny_folder: Path, tmp_path: Path) -> None:
    (found, few, group), nothing = together(tmp_path, "generate_together", tiny_folder)
    sampling = Sampling(max_new_tokens=3, temperature=0.0, n=2)
    alone = HFGenerator(Policy.load(tiny_folder)).generate("solver", PROMPTS, sampling, 5)
    assert found == [[c.ids for c in group] for group in alone]
    assert (few, group) == (1, 2)
    assert nothing is None


def fail_together(processes: Together, folder: Path) -> str:
    policy = Policy.load(folder)
    learner = Learner(policy, LearningConfig(**CONFIG), 4, processes)  # type: ignore[arg-type]
    rollouts = trajectories(policy)
    if processes.rank == 1:
        # What one process alone meets, such as a broken card.
        with torch.no_grad():
            policy.model.lm_head.weight[5] = torch.nan
    try:
        for _ in range(3):
            learner.step(rollouts, SeededRng(("step",)))
    except TrainingError as error:
        return str(error)
    return "went on"


def test_a_failure_of_one_process_stops_all(tiny_folder: Path, tmp_path: Path) -> None:
    first, second = together(tmp_path, "fail_together", tiny_folder)
    assert "not finite" in first
    assert first == second


def configured(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    """As `accelerate launch` tells a process of its configuration."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ACCELERATE_USE_MEGATRON_LM": "true"}, r"Megatron-LM; choose FSDP2"),
        ({"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "1"}, r"FSDP 1; choose version 2"),
        ({"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", "FSDP_OFFLOAD_PARAMS": "true"}, r"fsdp_offload_params"),
    ],
)
def test_what_is_not_supported_is_refused_with_what_to_choose(
    variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(monkeypatch, **variables)
    with pytest.raises(ProcessError, match=said):
        launched()


def test_processes_that_do_not_know_of_one_another_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    state = types.SimpleNamespace(num_processes=1, device=torch.device("cpu"))
    monkeypatch.setattr("accelerate.PartialState", lambda **_: state)
    configured(monkeypatch, WORLD_SIZE="2")
    with pytest.raises(ProcessError, match=r"2 processes were launched.*torchrun"):
        launched()


def test_accelerates_configuration_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured_sharding() is None
    configured(monkeypatch, ACCELERATE_USE_FSDP="true", FSDP_VERSION="2", FSDP_RESHARD_AFTER_FORWARD="false")
    found = configured_sharding()
    assert found is not None and found.kind == "fsdp" and found.options.reshard_after_forward is False


@pytest.mark.skipif(not find_spec("deepspeed"), reason="pip install deepspeed==0.19.8")
@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_deepspeeds_stages(stage: int, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(monkeypatch, ACCELERATE_USE_DEEPSPEED="true", ACCELERATE_DEEPSPEED_ZERO_STAGE=str(stage))
    if stage > 1:
        with pytest.raises(ProcessError, match=rf"stage {stage}; .*stage 1 is supported, and FSDP2"):
            configured_sharding()
    else:
        found = configured_sharding()
        assert (found.kind if found else None) == {0: None, 1: "deepspeed"}[stage]


def test_one_process_is_alone() -> None:
    processes, _ = launched()
    assert (processes.rank, processes.size) == (0, 1)
    assert processes.all_gather(3) == [3]
    assert "accelerate" in sys.modules
