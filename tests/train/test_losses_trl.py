"""Losses against TRL 1.16.0: its values on fixed tensors, and TRL itself where it is installed.

The golden values were written by `live` below, run by TRL 1.16.0's own `_compute_loss` on the batch of `padded`.
"""

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from zerosight.train.learning.losses import LOSSES, divisor, policy_loss

LOW, HIGH, LONGEST = 0.2, 0.28, 12

GOLDEN: dict[tuple[str, float], float] = {
    ("grpo", 0.0): -0.9821899289461776,
    ("grpo", 0.3): -0.9523484035825209,
    ("dr_grpo", 0.0): -0.33994843713930917,
    ("dr_grpo", 0.3): -0.32776178768615344,
    ("dapo", 0.0): -0.9598544107462847,
    ("dapo", 0.3): -0.9254450475844332,
    ("bnpo", 0.0): -0.9598544107462847,
    ("bnpo", 0.3): -0.9254450475844332,
    ("cispo", 0.0): 1.5640842299997442,
    ("cispo", 0.3): 1.5984935931615956,
    ("gspo", 0.0): -1.03199432643792,
    ("gspo", 0.3): -1.002152801074263,
    ("rloo", 0.0): -0.8106436050447351,
}

CASES = [(name, kl) for name in LOSSES if name != "reinforce_pp" for kl in (0.0, 0.3) if (name, kl) != ("rloo", 0.3)]
"""TRL has no REINFORCE++, and takes RLOO's KL off the reward."""


def padded(seed: int) -> dict[str, torch.Tensor]:
    """Sequences of 7, 1, 4 and 5 tokens in rows of 7: values from a congruence, alike in every torch version."""
    state = seed

    def draws(count: int, low: float, high: float) -> torch.Tensor:
        nonlocal state
        found = []
        for _ in range(count):
            state = (1103515245 * state + 12345) % 2**31
            found.append(low + (high - low) * state / 2**31)
        return torch.tensor(found, dtype=torch.float64)

    logprobs = draws(28, -3.0, 0.0).view(4, 7)
    mask = (torch.arange(7) < torch.tensor([[7], [1], [4], [5]])).long()
    return {
        "logprobs": logprobs,
        "sampled": logprobs + draws(28, -0.6, 0.6).view(4, 7),
        "reference": logprobs + draws(28, -0.8, 0.8).view(4, 7),
        "advantages": draws(4, -2.0, 2.0),
        "correction": draws(28, 0.0, 2.0).view(4, 7),
        "mask": mask,
    }


def ours(name: str, kl: float, batch: dict[str, torch.Tensor], corrected: bool = False) -> tuple[float, torch.Tensor]:
    """The divided loss, and its gradient by token in the padded form."""
    logprobs = batch["logprobs"].clone().requires_grad_()
    mask = batch["mask"].bool()
    flat = {key: values[mask] for key, values in batch.items() if values.shape == mask.shape}
    rows = torch.arange(4)[:, None].expand(4, 7)[mask]
    loss = policy_loss(
        name, logprobs[mask], flat["sampled"], batch["advantages"][rows], rows, clip_low=LOW, clip_high=HIGH,
        reference=flat["reference"], kl_weight=kl, correction=flat["correction"] if corrected else None,
    ).loss / divisor(LOSSES[name].aggregation, 4, int(mask.sum()), LONGEST)  # fmt: skip
    loss.backward()
    assert logprobs.grad is not None
    return float(loss.detach()), logprobs.grad


def trainer(name: str, kl: float, logprobs: torch.Tensor, corrected: bool) -> SimpleNamespace:
    """What `_compute_loss` of TRL asks of its trainer: settings, and a model that gives these log-probs."""
    accelerator = SimpleNamespace(
        num_processes=1, gather=lambda x: x, gather_for_metrics=lambda x: x, reduce=lambda x, **_: x
    )
    cap = 1 + HIGH if name == "cispo" else HIGH
    return SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *_, **__: (logprobs, torch.zeros_like(logprobs), None),
        loss_type="grpo" if name == "gspo" else name, beta=kl, epsilon_low=LOW, epsilon_high=cap,
        importance_sampling_level="sequence" if name == "gspo" else "token", max_completion_length=LONGEST,
        args=SimpleNamespace(delta=None, use_bias_correction_kl=False, steps_per_generation=1),
        top_entropy_quantile=1.0, off_policy_mask_threshold=None, use_vllm=corrected,
        vllm_importance_sampling_correction=corrected, aux_loss_enabled=False, _entropy_bonus_enabled=False,
        current_gradient_accumulation_steps=1, model=SimpleNamespace(training=True), accelerator=accelerator,
        _metrics=defaultdict(lambda: defaultdict(list)), temperature=1.0,
    )  # fmt: skip


def live(name: str, kl: float, batch: dict[str, torch.Tensor], corrected: bool = False) -> tuple[float, torch.Tensor]:
    """TRL's own loss and gradient."""
    trl = pytest.importorskip("trl", reason="TRL is not installed")
    logprobs = batch["logprobs"].clone().requires_grad_()
    ids = torch.zeros(4, 7, dtype=torch.int64)
    inputs: dict[str, Any] = {
        "prompt_ids": ids[:, :1], "prompt_mask": ids[:, :1] + 1, "completion_ids": ids,
        "completion_mask": batch["mask"], "advantages": batch["advantages"],
        "old_per_token_logps": batch["sampled"], "ref_per_token_logps": batch["reference"],
        "old_logps": (batch["sampled"] * batch["mask"]).sum(1), "num_items_in_batch": batch["mask"].sum(),
        "importance_sampling_ratio": batch["correction"],
    }  # fmt: skip
    kind = trl.RLOOTrainer if name == "rloo" else trl.GRPOTrainer
    loss = kind._compute_loss(trainer(name, kl, logprobs, corrected), None, inputs)
    loss.backward()
    assert logprobs.grad is not None
    return float(loss.detach()), logprobs.grad


@pytest.mark.parametrize(("name", "kl"), CASES)
def test_loss_is_the_one_that_trl_gave(name: str, kl: float) -> None:
    assert ours(name, kl, padded(7))[0] == pytest.approx(GOLDEN[name, kl], abs=1e-9)


@pytest.mark.parametrize(("name", "kl"), CASES)
def test_padding_is_never_read(name: str, kl: float) -> None:
    batch = padded(7)
    other = dict(batch)
    for key in ("logprobs", "sampled", "reference"):
        other[key] = torch.where(batch["mask"].bool(), batch[key], torch.full_like(batch[key], float("nan")))
    assert ours(name, kl, other)[0] == ours(name, kl, batch)[0]


@pytest.mark.parametrize(("name", "kl"), CASES)
@pytest.mark.parametrize("corrected", [False, True], ids=["plain", "corrected"])
def test_loss_and_gradient_equal_trl_live(name: str, kl: float, corrected: bool) -> None:
    if name == "rloo" and corrected:
        corrected = False  # TRL's RLOOTrainer has no correction.
    for seed in range(1, 21):
        batch = padded(seed)
        found, expected = ours(name, kl, batch, corrected), live(name, kl, batch, corrected)
        assert found[0] == pytest.approx(expected[0], abs=1e-9)
        assert torch.allclose(found[1], expected[1], atol=1e-9)
