"""The loss against a hand-worked case and a second implementation written as loops."""

import math
import random

import pytest
import torch

from zerosight.train.learning.losses import policy_loss, sequence_means


def loops(logprobs: list[float], sampled: list[float], advantages: list[float], sequence: list[int],
          low: float, high: float, reference: list[float] | None, weight: float) -> float:  # fmt: skip
    """Equation 3 of DeepSeekMath, sequence by sequence and token by token."""
    total = 0.0
    for number in sorted(set(sequence)):
        tokens = [i for i, own in enumerate(sequence) if own == number]
        inner = 0.0
        for i in tokens:
            ratio = math.exp(logprobs[i] - sampled[i])
            clipped = min(max(ratio, 1 - low), 1 + high)
            inner += min(ratio * advantages[i], clipped * advantages[i])
            if reference is not None:
                gap = reference[i] - logprobs[i]
                inner -= weight * (math.exp(gap) - gap - 1)
        total -= inner / len(tokens)
    return total


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kl", [False, True], ids=["no-kl", "kl"])
def test_loss_equals_the_loops(seed: int, kl: bool) -> None:
    rng = random.Random(seed)
    sequence = [number for number in range(4) for _ in range(rng.randrange(1, 6))]
    logprobs, sampled, reference = ([rng.uniform(-3, 0) for _ in sequence] for _ in range(3))
    by_sequence = [rng.uniform(-2, 2) for _ in range(4)]
    advantages = [by_sequence[number] for number in sequence]
    found = policy_loss(
        "grpo", torch.tensor(logprobs), torch.tensor(sampled), torch.tensor(advantages), torch.tensor(sequence),
        clip_low=0.2, clip_high=0.28, reference=torch.tensor(reference) if kl else None, kl_weight=0.1 if kl else 0.0,
    )  # fmt: skip
    expected = loops(logprobs, sampled, advantages, sequence, 0.2, 0.28, reference if kl else None, 0.1)
    assert float(found.loss) == pytest.approx(expected, abs=1e-5)


def test_on_policy_the_gradient_is_the_policy_gradient() -> None:
    logprobs = torch.tensor([-1.0, -2.0, -0.5], requires_grad=True)
    advantages = torch.tensor([1.0, 1.0, -2.0])
    policy_loss("grpo", logprobs, logprobs.detach(), advantages, torch.tensor([0, 0, 1])).loss.backward()
    assert logprobs.grad is not None
    assert logprobs.grad.tolist() == pytest.approx([-0.5, -0.5, 2.0])


@pytest.mark.parametrize(
    ("gap", "advantage", "moves"), [(0.5, 1.0, False), (0.5, -1.0, True), (-0.5, -1.0, False), (-0.5, 1.0, True)]
)
def test_clipping_stops_only_moves_further_out(gap: float, advantage: float, moves: bool) -> None:
    logprobs = torch.tensor([-1.0 + gap], requires_grad=True)
    result = policy_loss("grpo", logprobs, torch.tensor([-1.0]), torch.tensor([advantage]), torch.tensor([0]))
    result.loss.backward()
    assert logprobs.grad is not None
    assert bool(logprobs.grad.abs() > 0) is moves
    assert float(result.clip_share) == (0.0 if moves else 1.0)


def test_sequence_means_of_unequal_lengths() -> None:
    found = sequence_means(torch.tensor([1.0, 3.0, 10.0, 2.0]), torch.tensor([0, 0, 4, 9]))
    assert found.tolist() == [2.0, 10.0, 2.0]
