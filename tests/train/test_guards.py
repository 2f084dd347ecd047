"""Losses and gradients that are not finite: the update is skipped, named and counted, and the third ends the run."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from test_learner import CONFIG, trajectories
from test_processes import together
from test_processes import trajectories as all_trajectories

from zerosight.envs import SeededRng
from zerosight.train.config import LearningConfig
from zerosight.train.learning.guards import (
    NonFiniteError,
    TrainingError,
    UpdateGuard,
    first_nonfinite_module,
    last_nonfinite_gradient,
)
from zerosight.train.learning.learner import Learner
from zerosight.train.learning.processes import Processes, Together
from zerosight.train.models.policy import Policy

NAN = float("nan")


def weights(policy: Policy) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in policy.trainable().items()}


def spoil_gradients(policy: Policy, layer: int) -> Any:
    """Make the gradient at a text layer's output NaN in every backward pass, whatever the loss."""

    def hook(_module: Any, _inputs: Any, output: Any) -> Any:
        tensor = output[0] if isinstance(output, tuple) else output
        if tensor.requires_grad:
            tensor.register_hook(lambda gradient: gradient * NAN)

    return policy.model.model.language_model.layers[layer].register_forward_hook(hook)


def test_a_gradient_that_is_not_finite_changes_nothing_and_is_named_and_counted(
    tiny: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    learner = Learner(tiny, CONFIG, 8)
    learner.step(trajectories(tiny, "solver", 100, 0), SeededRng(("test", 0)))
    before, states = weights(tiny), [s["exp_avg"].clone() for s in learner.optimizer.state.values()]
    handle = spoil_gradients(tiny, 0)
    with caplog.at_level(logging.WARNING):
        metrics = learner.step(trajectories(tiny, "solver", 100, 1), SeededRng(("test", 1)))
    assert metrics["skipped_updates"] == 1.0
    assert "grad_norm" not in metrics
    assert "the gradient of solver is not finite at group g" in caplog.text
    # The layer whose output's gradient was spoiled, and not the embeddings that it reached.
    assert "language_model.layers.0" in caplog.text
    assert all(torch.equal(before[name], p) for name, p in weights(tiny).items())
    assert all(torch.equal(a, s["exp_avg"]) for a, s in zip(states, learner.optimizer.state.values(), strict=True))
    handle.remove()
    metrics = learner.step(trajectories(tiny, "solver", 100, 2), SeededRng(("test", 2)))
    assert metrics["skipped_updates"] == 0.0
    assert any(not torch.equal(before[name], p) for name, p in weights(tiny).items())


def test_the_third_skipped_update_in_a_row_ends_the_run(tiny: Policy) -> None:
    learner = Learner(tiny, CONFIG, 8)
    before, samples = weights(tiny), trajectories(tiny, "solver", 100, 0)
    handle = spoil_gradients(tiny, 0)
    for step in range(2):
        learner.step(samples, SeededRng(("test", step)))
    handle.remove()
    learner.step([], SeededRng(("test", 2)))
    spoil_gradients(tiny, 0)
    with pytest.raises(TrainingError, match=r"group g.*in 3 updates in a row.*resume from the last checkpoint"):
        learner.step(samples, SeededRng(("test", 3)))
    assert all(torch.equal(before[name], p) for name, p in weights(tiny).items())


def test_an_update_that_was_made_ends_the_row(tiny: Policy) -> None:
    learner, samples = Learner(tiny, CONFIG, 8), trajectories(tiny, "solver", 100, 0)
    for step in range(6):
        handle = spoil_gradients(tiny, 0) if step % 3 else None
        assert learner.step(samples, SeededRng(("test", step)))["skipped_updates"] == float(step % 3 > 0)
        if handle:
            handle.remove()


def test_a_loss_that_is_not_finite_names_group_and_layer(tiny: Policy, caplog: pytest.LogCaptureFixture) -> None:
    samples = trajectories(tiny, "solver", 100, 0)
    with torch.no_grad():
        tiny.model.model.language_model.layers[0].mlp.down_proj.weight[0, 0] = NAN
    learner = Learner(tiny, CONFIG, 4)
    learner.step(samples, SeededRng(("test",)))
    assert (
        "the loss of solver is not finite at group g, first in model.language_model.layers.0.mlp.down_proj"
        in caplog.text
    )


def test_the_other_role_of_the_update_is_skipped_with_it(tiny_lora: Policy) -> None:
    both = [*trajectories(tiny_lora, "solver", 100, 0), *trajectories(tiny_lora, "coder", 100, 1)]
    learner, before = Learner(tiny_lora, CONFIG, 4), weights(tiny_lora)
    for name, p in tiny_lora.trainable().items():
        if ".coder." in name and "lora_B" in name:
            p.register_hook(lambda gradient: gradient * NAN)
    assert learner.step(both, SeededRng(("test",)))["skipped_updates"] == 1.0
    assert all(torch.equal(before[name], p) for name, p in weights(tiny_lora).items())


def nonfinite_together(processes: Processes, folder: Path) -> Any:
    assert isinstance(processes, Together)
    policy = Policy.load(folder)
    learner = Learner(policy, LearningConfig(learning_rate=1e-3, warmup_steps=0), 4, processes)
    rollouts, before = all_trajectories(policy), weights(policy)
    handle = spoil_gradients(policy, 0) if processes.rank == 1 else None
    counts = [learner.step(rollouts, SeededRng(("step", 0)))["skipped_updates"]]
    same = all(torch.equal(before[name], p) for name, p in weights(policy).items())
    if handle:
        handle.remove()
    counts.append(learner.step(rollouts, SeededRng(("step", 1)))["skipped_updates"])
    return counts, same, weights(policy)


def test_every_process_skips_what_one_of_them_cannot_compute(tiny_folder: Path, tmp_path: Path) -> None:
    first, second = together(tmp_path, "nonfinite_together", tiny_folder, module=__name__)
    assert first[:2] == second[:2] == ([1.0, 0.0], True)
    assert all(torch.equal(first[2][name], second[2][name]) for name in first[2])


def test_a_fatal_error_ends_the_run_at_once() -> None:
    guard = UpdateGuard()
    with pytest.raises(TrainingError, match=r"^the gradient is not finite; no checkpoint"):
        guard.skipped(NonFiniteError("the gradient is not finite", None, fatal=True))


def test_the_layers_of_a_chain() -> None:
    chain = torch.nn.Sequential(*[torch.nn.Linear(2, 2) for _ in range(3)])
    inputs = torch.ones(1, 2)
    assert first_nonfinite_module(chain, lambda: chain(inputs)) is None
    chain(inputs).sum().backward()
    assert last_nonfinite_gradient(chain.named_parameters()) is None
    chain[1].weight.grad[0, 0] = float("inf")
    assert last_nonfinite_gradient(chain.named_parameters()) == "1.weight"
    with torch.no_grad():
        chain[1].weight[0, 0] = NAN
    assert first_nonfinite_module(chain, lambda: chain(inputs)) == "1"
