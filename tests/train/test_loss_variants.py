"""Every loss against loops over sequences and tokens, hand-worked cases, gradients and invariances."""

import math
import random
from typing import Any, NamedTuple

import pytest
import torch

from zerosight.train.learning.losses import (
    LOSSES,
    UnknownLossError,
    divisor,
    importance_weights,
    kl_estimate,
    loss_kind,
    policy_loss,
)

LOW, HIGH, CONSTANT = 0.2, 0.28, 7.0


class Batch(NamedTuple):
    """Plain lists of one value for each token, and the tokens of each sequence."""

    logprobs: list[float]
    sampled: list[float]
    reference: list[float]
    advantages: list[float]
    sequence: list[int]

    def tensors(self, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, ...]:
        one, two, three, four = (torch.tensor(values, dtype=dtype) for values in self[:4])
        return one, two, three, four, torch.tensor(self.sequence)


def drawn(seed: int, sequences: int = 5) -> Batch:
    rng = random.Random(seed)
    sequence = [number for number in range(sequences) for _ in range(rng.randrange(1, 7))]
    logprobs = [rng.uniform(-3, 0) for _ in sequence]
    sampled = [value + rng.gauss(0, 0.3) for value in logprobs]
    reference = [value + rng.gauss(0, 0.5) for value in logprobs]
    own = [rng.uniform(-2, 2) for _ in range(sequences)]
    return Batch(logprobs, sampled, reference, [own[number] for number in sequence], sequence)


def surrogate(name: str, batch: Batch, i: int) -> float:
    """What one token brings, in the words of the papers."""
    tokens = [j for j, number in enumerate(batch.sequence) if number == batch.sequence[i]]
    gaps = [batch.logprobs[j] - batch.sampled[j] for j in tokens]
    if name == "gspo":
        ratio = math.exp(sum(gaps) / len(gaps))
    elif name == "rloo":
        ratio = math.prod(math.exp(gap) for gap in gaps)
    else:
        ratio = math.exp(batch.logprobs[i] - batch.sampled[i])
    if name == "cispo":
        return min(ratio, 1 + HIGH) * batch.advantages[i] * batch.logprobs[i]
    return min(ratio * batch.advantages[i], min(max(ratio, 1 - LOW), 1 + HIGH) * batch.advantages[i])


def loops(name: str, batch: Batch, kl_weight: float, kl: str) -> float:
    """The loss of a whole batch, divided."""
    by_sequence: dict[int, list[float]] = {}
    for i, number in enumerate(batch.sequence):
        p, q = math.exp(batch.logprobs[i]), math.exp(batch.reference[i])
        estimate = {"k1": math.log(p / q), "k2": math.log(p / q) ** 2 / 2, "k3": q / p - 1 - math.log(q / p)}[kl]
        by_sequence.setdefault(number, []).append(kl_weight * estimate - surrogate(name, batch, i))
    own = list(by_sequence.values())
    if name in ("grpo", "gspo", "rloo"):
        return sum(sum(values) / len(values) for values in own) / len(own)
    total = sum(map(sum, own))
    return total / (len(own) * CONSTANT) if name == "dr_grpo" else total / sum(map(len, own))


def divided(name: str, batch: Batch, **options: Any) -> torch.Tensor:
    logprobs, sampled, reference, advantages, sequence = batch.tensors()
    return whole(name, logprobs, sampled, advantages, sequence, reference=reference, **options)


def whole(name: str, logprobs: Any, sampled: Any, advantages: Any, sequence: Any, **options: Any) -> torch.Tensor:
    found = policy_loss(name, logprobs, sampled, advantages, sequence, clip_low=LOW, clip_high=HIGH, **options)
    count = len(set(sequence.tolist()))
    return found.loss / divisor(LOSSES[name].aggregation, count, len(sequence), CONSTANT)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("kl", ["k1", "k2", "k3"])
def test_loss_equals_the_loops(name: str, kl: Any) -> None:
    for seed in range(10):
        batch = drawn(seed)
        found = divided(name, batch, kl_weight=0.3, kl=kl)
        assert float(found) == pytest.approx(loops(name, batch, 0.3, kl), abs=1e-12)


# Two sequences: A of two tokens, ratios 2 and 1/2, advantage 1; B of one token, ratio 1/2, advantage -2.
# log-probs: A: log 0.5, log 0.25; B: log 0.25. Clip 0.8 to 1.28.
# Clipped, by token: A: min(2, 1.28) = 1.28; min(.5, .8) = .5. B: min(-1, -1.6) = -1.6.
#   grpo: -((1.28 + .5) / 2 - 1.6) / 2 = .355          dapo, bnpo, reinforce_pp: -(1.78 - 1.6) / 3 = -.06
#   dr_grpo: over 2 sequences x 7: -.18 / 14
# gspo: A's geometric mean is 1, B's .5: -(1 - 1.6) / 2 = .3; rloo: A's product is 1 too, B's .5: the same.
# cispo: weights 1.28, .5, .5: -(1.28 log .5 + .5 log .25 - 2 * .5 log .25) / 3 = -(1.28 - 1) log .5 / 3.
WORKED = {
    "grpo": 0.355, "dr_grpo": -0.18 / 14, "dapo": -0.06, "bnpo": -0.06, "reinforce_pp": -0.06,
    "gspo": 0.3, "rloo": 0.3, "cispo": 0.28 * math.log(2) / 3,
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_loss_of_the_worked_example(name: str) -> None:
    logprobs = torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64).log()
    sampled = torch.tensor([0.25, 0.5, 0.5], dtype=torch.float64).log()
    advantages, sequence = torch.tensor([1.0, 1.0, -2.0], dtype=torch.float64), torch.tensor([0, 0, 1])
    assert float(whole(name, logprobs, sampled, advantages, sequence)) == pytest.approx(WORKED[name], abs=1e-12)


def test_gspo_and_rloo_part_where_ratios_do_not_cancel() -> None:
    # One sequence of two tokens of ratio 1.1: the geometric mean is 1.1, the product 1.21.
    args = (torch.full((2,), math.log(1.1)), torch.zeros(2), torch.ones(2), torch.zeros(2, dtype=torch.int64))
    assert float(policy_loss("gspo", *args).loss) == pytest.approx(-1.1)
    assert float(policy_loss("rloo", *args, clip_high=0.3).loss) == pytest.approx(-1.21)


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "cispo"])
def test_gradient_is_that_of_the_loss(name: str) -> None:
    logprobs, sampled, reference, advantages, sequence = drawn(3).tensors()

    def total(values: torch.Tensor) -> torch.Tensor:
        return whole(name, values, sampled, advantages, sequence, reference=reference, kl_weight=0.2)

    assert torch.autograd.gradcheck(total, logprobs.requires_grad_())


def test_gradient_of_cispo_holds_its_weights_constant() -> None:
    # Its value is no integral of its gradient: the gradient is -min(ratio, cap) A / tokens, clipped tokens included.
    logprobs, sampled, _, advantages, sequence = drawn(3).tensors()
    logprobs.requires_grad_()
    whole("cispo", logprobs, sampled, advantages, sequence).backward()
    assert logprobs.grad is not None
    pairs = zip(logprobs.tolist(), sampled.tolist(), advantages.tolist(), strict=True)
    expected = [-min(math.exp(p - q), 1 + HIGH) * a / len(sequence) for p, q, a in pairs]
    assert logprobs.grad.tolist() == pytest.approx(expected, abs=1e-12)
    assert all(logprobs.grad != 0)


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "cispo"])
@pytest.mark.parametrize(
    ("gap", "advantage", "moves"), [(0.5, 1.0, False), (0.5, -1.0, True), (-0.5, -1.0, False), (-0.5, 1.0, True)]
)
def test_clipped_sequences_have_no_gradient(name: str, gap: float, advantage: float, moves: bool) -> None:
    logprobs = torch.full((3,), -1.0 + gap, requires_grad=True)
    advantages, sequence = torch.full((3,), advantage), torch.zeros(3, dtype=torch.int64)
    found = policy_loss(name, logprobs, torch.full((3,), -1.0), advantages, sequence)
    found.loss.backward()
    assert logprobs.grad is not None
    assert bool((logprobs.grad != 0).all()) is moves
    assert bool((logprobs.grad == 0).all()) is not moves
    assert float(found.clip_share) == (0.0 if moves else 1.0)


@pytest.mark.parametrize("name", LOSSES)
def test_on_policy_the_gradient_is_the_policy_gradient(name: str) -> None:
    # Each token's is -advantage, over: its sequence's length; a constant; all tokens; or (rloo: one action) nothing.
    logprobs, _, _, advantages, sequence = drawn(5).tensors()
    logprobs.requires_grad_()
    found = policy_loss(name, logprobs, logprobs.detach(), advantages, sequence)
    found.loss.backward()
    lengths = torch.bincount(sequence)[sequence] if name in ("grpo", "gspo") else torch.ones(len(sequence))
    assert logprobs.grad is not None
    assert torch.allclose(logprobs.grad, -advantages / lengths)
    assert float(found.mean_ratio) == 1.0


@pytest.mark.parametrize("name", LOSSES)
def test_order_of_sequences_does_not_matter(name: str) -> None:
    batch = drawn(11)
    order = [3, 0, 4, 1, 2]
    moved = [i for number in order for i, own in enumerate(batch.sequence) if own == number]
    other = Batch(*([values[i] for i in moved] for values in batch))
    assert float(divided(name, other, kl_weight=0.1)) == pytest.approx(float(divided(name, batch, kl_weight=0.1)))


@pytest.mark.parametrize("name", LOSSES)
def test_weights_equal_repeated_sequences(name: str) -> None:
    batch, weights = drawn(12, sequences=3), [2, 1, 3]
    moved = [(number, k) for number in range(3) for k in range(weights[number])]
    rows = [[i for i, own in enumerate(batch.sequence) if own == number] for number, _ in moved]
    repeated = Batch(*([values[i] for row in rows for i in row] for values in batch[:4]),
                     [copy for copy, row in enumerate(rows) for _ in row])  # fmt: skip
    sums = []
    for own, counts in ((batch, torch.tensor(weights)), (repeated, None)):
        logprobs, sampled, reference, advantages, sequence = own.tensors()
        sums.append(policy_loss(name, logprobs, sampled, advantages, sequence, weights=counts,
                                reference=reference, kl_weight=0.1).loss)  # fmt: skip
    assert float(sums[0]) == pytest.approx(float(sums[1]))


@pytest.mark.parametrize("name", LOSSES)
def test_micro_batches_add_up(name: str) -> None:
    logprobs, sampled, _, advantages, sequence = drawn(13).tensors()
    parts = [sequence < 2, sequence >= 2]
    summed = sum(float(policy_loss(name, logprobs[p], sampled[p], advantages[p], sequence[p]).loss) for p in parts)
    assert summed == pytest.approx(float(policy_loss(name, logprobs, sampled, advantages, sequence).loss))


def test_metrics_of_a_worked_case() -> None:
    # Ratios 2 (clipped: advantage above 0), 1/2 (not), 1/2 with advantage below 0 (clipped): 2 of 3; mean ratio 1.
    # k3 against a reference twice as likely: 2 - 1 - log 2.
    logprobs = torch.tensor([2.0, 0.5, 0.5]).log()
    found = policy_loss(
        "grpo", logprobs, torch.zeros(3), torch.tensor([1.0, 1.0, -1.0]), torch.tensor([0, 0, 1]),
        reference=logprobs + math.log(2),
    )  # fmt: skip
    assert float(found.clip_share) == pytest.approx(2 / 3)
    assert float(found.mean_ratio) == pytest.approx(1.0)
    assert float(found.mean_kl) == pytest.approx(1 - math.log(2))


def test_kl_estimates_are_right_on_average() -> None:
    # p = (.5, .5), q = (.25, .75): KL = .5 log 2 + .5 log(2/3), which k1 and k3 give exactly in expectation.
    p, q = torch.tensor([0.5, 0.5]).double(), torch.tensor([0.25, 0.75]).double()
    true = 0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    for kind in ("k1", "k3"):
        assert float((p * kl_estimate(p.log(), q.log(), kind)).sum()) == pytest.approx(true)
    assert (kl_estimate(p.log(), q.log(), "k3") >= 0).all()
    # k2's expected gradient is that of the KL; k1's is zero.
    logits = torch.tensor([0.0, 0.0], dtype=torch.float64, requires_grad=True)
    logp = logits.log_softmax(0)
    (true_grad,) = torch.autograd.grad((logp.exp() * (logp - q.log())).sum(), logits, retain_graph=True)
    found = [torch.autograd.grad((p * kl_estimate(logp, q.log(), kind)).sum(), logits, retain_graph=True)[0]
             for kind in ("k1", "k2")]  # fmt: skip
    assert torch.allclose(found[0], torch.zeros(2).double(), atol=1e-12)
    assert torch.allclose(found[1], true_grad)


# Token ratios 4, 1/2 | 1/8: sequence products 2 | 1/8. Bounds 0.25 to 3.
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("token_truncate", [3.0, 0.5, 0.25]),
        ("token_mask", [0.0, 0.5, 0.0]),
        ("sequence_truncate", [2.0, 2.0, 0.25]),
        ("sequence_mask", [2.0, 2.0, 0.0]),
    ],
)
def test_correction_of_the_worked_example(mode: Any, expected: list[float]) -> None:
    trained = torch.tensor([4.0, 0.5, 0.125]).log().requires_grad_()
    found = importance_weights(trained, torch.zeros(3), torch.tensor([0, 0, 1]), mode, min_ratio=0.25, max_ratio=3.0)
    assert found.tolist() == pytest.approx(expected)
    assert not found.requires_grad
    same = importance_weights(trained, trained.detach(), torch.tensor([0, 0, 1]), mode, min_ratio=0.25, max_ratio=3.0)
    assert same.tolist() == [1.0, 1.0, 1.0]


def test_correction_weighs_the_surrogate_and_not_the_kl() -> None:
    logprobs, sampled, reference, advantages, sequence = drawn(1).tensors()
    nothing = torch.zeros(len(sequence), dtype=torch.float64)
    left = policy_loss("dapo", logprobs, sampled, advantages, sequence, reference=reference, kl_weight=0.5,
                       correction=nothing).loss  # fmt: skip
    assert float(left) == pytest.approx(float(0.5 * kl_estimate(logprobs, reference).sum()))


@pytest.mark.parametrize(
    ("wrong", "close"), [("drgrpo", "dr_grpo"), ("dappo", "dapo"), ("reinforce++", "reinforce_pp")]
)
def test_a_wrong_name_gives_the_close_one(wrong: str, close: str) -> None:
    with pytest.raises(UnknownLossError, match=f"no loss is called .*did you mean '{close}'"):
        loss_kind(wrong)
