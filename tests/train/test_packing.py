"""Packed log-probs against plain sequences computed one by one."""

import random

import pytest
import torch

from zerosight.train.models.packing import Branch, PackedRow, pack, scored_logprobs, token_batches, vision_kind
from zerosight.train.models.policy import Policy
from zerosight.train.models.row_cost import RowCost, split_branches


def random_rows(policy: Policy, seed: int, pictures: bool) -> list[PackedRow]:
    """Rows of unlike lengths, so that padding of one must not touch another."""
    rng = random.Random(seed)
    image = policy.tokenizer.convert_tokens_to_ids("<image>")
    rows = []
    for _ in range(3):
        prefix = ([image] * 16 if pictures else []) + [rng.randrange(3, 300) for _ in range(rng.randrange(1, 6))]
        branches = []
        for _ in range(rng.randrange(1, 4)):
            ids = [rng.randrange(3, 300) for _ in range(rng.randrange(1, 7))]
            branches.append(Branch(ids, rng.randrange(len(ids))))
        drawn = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(seed))
        rows.append(PackedRow(prefix, branches, {"pixel_values": drawn} if pictures else None))
    return rows


def plain_logprobs(policy: Policy, rows: list[PackedRow], temperature: float) -> torch.Tensor:
    found = []
    with policy.acting("solver") as model:
        for row in rows:
            for branch in row.branches:
                ids = torch.tensor([[*row.prefix, *branch.ids]])
                logits = (
                    model(input_ids=ids, attention_mask=torch.ones_like(ids), **(row.vision or {})).logits[0]
                    / temperature
                )
                for j in range(branch.scored_from, len(branch.ids)):
                    found.append(logits[len(row.prefix) + j - 1].log_softmax(-1)[branch.ids[j]])
    return torch.stack(found)


@pytest.mark.parametrize("pictures", [False, True], ids=["text", "pictures"])
@pytest.mark.parametrize("seed", range(4))
def test_packed_logprobs_equal_plain_ones(tiny: Policy, seed: int, pictures: bool) -> None:
    rows = random_rows(tiny, seed, pictures)
    packed, _ = scored_logprobs(tiny.model, pack(rows, 0), temperature=1.3)
    assert torch.allclose(packed, plain_logprobs(tiny, rows, 1.3), atol=1e-5)


def test_packed_gradients_equal_plain_ones(tiny: Policy) -> None:
    rows = random_rows(tiny, 9, True)
    gradients = []
    for logprobs in (scored_logprobs(tiny.model, pack(rows, 0))[0], plain_logprobs(tiny, rows, 1.0)):
        tiny.model.zero_grad()
        logprobs.sum().backward()
        gradients.append({name: p.grad.clone() for name, p in tiny.model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert torch.allclose(gradient, gradients[1][name], atol=1e-4), name


def test_entropy_is_that_of_the_distribution(tiny: Policy) -> None:
    rows = [PackedRow([5, 6, 7], [Branch([8])])]
    _, entropy = scored_logprobs(tiny.model, pack(rows, 0), entropy=True)
    logits = tiny.model(input_ids=torch.tensor([[5, 6, 7]])).logits[0, -1]
    expected = torch.distributions.Categorical(logits=logits).entropy()
    assert entropy is not None
    assert torch.allclose(entropy[0], expected, atol=1e-5)


def test_rows_with_and_without_pictures_do_not_mix() -> None:
    rows = [PackedRow([1], [Branch([2])]), PackedRow([1], [Branch([2])], {"pixel_values": torch.zeros(1, 3, 64, 64)})]
    with pytest.raises(ValueError, match="1 of 2 rows have a picture"):
        pack(rows, 0)


def test_batches_keep_the_budget_and_lose_no_row() -> None:
    rows = [
        PackedRow([1] * n, [Branch([2] * (n % 7 + 1))], {"pixel_values": torch.zeros(1, n % 3)} if n % 3 else None)
        for n in range(1, 60)
    ]
    found = token_batches(rows, token_budget=100)
    assert sorted(i for batch in found for i in batch) == list(range(len(rows)))
    for batch in found:
        assert len({vision_kind(rows[i].vision) for i in batch}) == 1
        assert len(batch) == 1 or max(rows[i].tokens for i in batch) * len(batch) <= 100


def test_a_long_row_does_not_pad_the_short_ones() -> None:
    lengths = (2000, 1800, 200, 190, 180, 30)
    rows = [PackedRow([1], [Branch([2] * (length - 1))]) for length in lengths]
    assert token_batches(rows, token_budget=16384) == [[0, 1], [2, 3, 4, 5]]
    # Few tokens of padding are not worth a pass.
    assert token_batches(rows[2:], token_budget=16384) == [[0, 1, 2, 3]]


@pytest.mark.parametrize("entropy", [False, True])
def test_logits_in_pieces_give_the_same_values_and_gradients(tiny: Policy, entropy: bool) -> None:
    packed = pack(random_rows(tiny, 5, True), 0)
    found = []
    for held in (1 << 30, 3 * tiny.model.lm_head.weight.shape[0]):
        tiny.model.zero_grad()
        logprobs, entropies = scored_logprobs(tiny.model, packed, 1.2, entropy=entropy, max_logits=held)
        (logprobs.sum() + (entropies.sum() if entropies is not None else 0)).backward()
        found.append((logprobs.detach(), [p.grad.clone() for p in tiny.model.parameters() if p.grad is not None]))
    assert len(packed.targets) > 6
    assert torch.allclose(found[0][0], found[1][0], atol=1e-6)
    for whole, pieces in zip(found[0][1], found[1][1], strict=True):
        assert torch.allclose(whole, pieces, atol=1e-5)


CHEAP_PREFIX = RowCost(token=100.0, pair=1.0, patch=0.0, patch_area=1.0)


@pytest.mark.parametrize("pictures", [False, True], ids=["text", "pictures"])
def test_split_rows_keep_order_values_and_gradients(tiny: Policy, pictures: bool) -> None:
    rows = random_rows(tiny, 9, pictures)
    splits = [[[i] for i in reversed(range(len(row.branches)))] for row in rows]
    found = []
    for batch in (pack(rows, 0), pack(rows, 0, splits=splits)):
        tiny.model.zero_grad()
        logprobs, entropies = scored_logprobs(tiny.model, batch, entropy=True)
        assert entropies is not None
        (logprobs.mean() + entropies.mean()).backward()
        found.append((batch, logprobs, [p.grad.clone() for p in tiny.model.parameters() if p.grad is not None]))
    (whole, expected, wanted), (split, logprobs, gradients) = found
    assert split.branch.tolist() == whole.branch.tolist()
    assert split.targets.tolist() == whole.targets.tolist()
    assert split.input_ids.shape[0] == sum(len(row.branches) for row in rows)
    assert torch.allclose(logprobs, expected, atol=1e-5)
    assert all(torch.allclose(g, w, atol=1e-5) for g, w in zip(gradients, wanted, strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_a_split_loses_no_branch_keeps_the_budget_and_costs_no_more_than_either_extreme(seed: int) -> None:
    rng = random.Random(seed)
    prefix, budget = rng.randrange(1, 300), rng.choice([None, 200, 1000])
    lengths = [rng.randrange(1, rng.choice([8, 80, 800])) for _ in range(rng.randrange(1, 20))]
    rows = split_branches(prefix, lengths, CHEAP_PREFIX, 0.0, budget)
    assert sorted(i for row in rows for i in row) == list(range(len(lengths)))

    def cost(split: list[list[int]]) -> float:
        return sum(CHEAP_PREFIX.row(prefix + sum(lengths[i] for i in row), len(row), 0.0) for row in split)

    assert cost(rows) <= cost([[i] for i in range(len(lengths))]) + 1e-6
    if budget is None:
        assert cost(rows) <= cost([list(range(len(lengths)))]) + 1e-6
    else:
        assert all(len(row) == 1 or prefix + sum(lengths[i] for i in row) <= budget for row in rows)


def test_short_completions_share_a_row_and_long_ones_do_not(tiny: Policy) -> None:
    def rows(count: int, length: int, prompt: int) -> int:
        return len(tiny.split(PackedRow([5] * prompt, [Branch([6] * length) for _ in range(count)])))

    assert rows(16, 4, 60) == 1
    assert rows(8, 256, 60) == 8
    assert rows(16, 1024, 60) == 16
    assert rows(8, 8, 2000) == 1
    # A picture is worth sharing: what its tower costs is paid for each row.
    vision = {"pixel_values": torch.zeros(1, 3, 64, 64)}
    branches = [Branch([6] * 64) for _ in range(8)]
    assert len(tiny.split(PackedRow([5] * 60, branches, vision))) <= len(tiny.split(PackedRow([5] * 60, branches)))


def test_plain_rows_need_no_mask_of_their_own(tiny: Policy) -> None:
    rows = [PackedRow([5, 6, 7], [Branch([8] * length)]) for length in (2, 5)]
    batch = pack(rows, 0)
    assert isinstance(batch.mask, torch.Tensor)
    assert batch.mask.shape == batch.input_ids.shape
    assert torch.allclose(scored_logprobs(tiny.model, batch)[0], plain_logprobs(tiny, rows, 1.0), atol=1e-5)
