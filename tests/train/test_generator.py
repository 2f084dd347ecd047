"""Sampling: what every generator promises."""

import torch

from zerosight.train.generators.hf import HFGenerator
from zerosight.train.models.completions import Prompt, Sampling
from zerosight.train.models.packing import Branch, PackedRow, pack
from zerosight.train.models.policy import Policy


def prompts(policy: Policy) -> list[Prompt]:
    image = policy.tokenizer.convert_tokens_to_ids("<image>")
    pixels = {"pixel_values": torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))}
    return [
        Prompt((*[image] * 16, 40, 41, 42), pixels),
        Prompt((50, 51)),
        Prompt((60, 61, 62, 63)),
        Prompt((*[image] * 16, 9), pixels),
    ]


def test_sampled_logprobs_equal_the_trainers(tiny: Policy) -> None:
    found = HFGenerator(tiny).generate(
        "solver", prompts(tiny), Sampling(max_new_tokens=6, temperature=1.2, n=3), seed=5
    )
    for prompt, group in zip(prompts(tiny), found, strict=True):
        assert len(group) == 3
        for completion in group:
            packed = pack([PackedRow(prompt.ids, [Branch(completion.ids)], prompt.vision)], 0)
            trained, _ = tiny.logprobs("solver", packed, temperature=1.2)
            assert torch.allclose(trained, torch.tensor(completion.logprobs), atol=1e-4)


def test_same_seed_same_ids_and_another_seed_others(tiny: Policy) -> None:
    sampling = Sampling(max_new_tokens=8, n=4)
    first, second, third = (
        [[c.ids for c in group] for group in HFGenerator(tiny).generate("coder", prompts(tiny), sampling, seed)]
        for seed in (1, 1, 2)
    )
    assert first == second
    assert first != third


def test_batch_size_does_not_change_greedy_ids(tiny: Policy) -> None:
    sampling = Sampling(max_new_tokens=5, temperature=0.0)
    one, many = (
        [group[0].ids for group in HFGenerator(tiny, size).generate("solver", prompts(tiny), sampling, 0)]
        for size in (1, 64)
    )
    assert one == many


def test_the_picture_placeholder_is_never_sampled(tiny: Policy) -> None:
    image = tiny.tokenizer.convert_tokens_to_ids("<image>")
    with torch.no_grad():
        # Make the placeholder by far the likeliest token, whatever came before.
        tiny.model.lm_head.weight[image] = 0
        tiny.model.lm_head.weight[image] += 10 * tiny.model.lm_head.weight.abs().max()
    found = HFGenerator(tiny).generate(
        "solver", prompts(tiny), Sampling(max_new_tokens=8, temperature=3.0, n=8), seed=0
    )
    assert all(image not in completion.ids for group in found for completion in group)


def test_a_completion_that_is_cut_off_says_so(tiny: Policy) -> None:
    found = HFGenerator(tiny).generate("coder", [Prompt((5, 6))], Sampling(max_new_tokens=2, n=16), seed=0)[0]
    eos = tiny.tokenizer.eos_token_id
    assert all(completion.finished == (completion.ids[-1] == eos) for completion in found)
    assert any(not completion.finished for completion in found)
