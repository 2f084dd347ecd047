"""Policies: sharing, adapters, saving, loading."""

from pathlib import Path

import numpy as np
import pytest
import torch

from zerosight.render import Picture
from zerosight.roles.messages import chat
from zerosight.train.models.packing import Branch, PackedRow, pack
from zerosight.train.models.policy import ROLES, ModelNotFoundError, Policy

PACKED = pack([PackedRow([5, 6, 7], [Branch([8, 9]), Branch([10])])], 0)


def logprobs(policy: Policy, role: str) -> torch.Tensor:
    return policy.logprobs(role, PACKED)[0].detach()


def disturb(policy: Policy, role: str) -> None:
    with torch.no_grad():
        for parameter in policy.parameters(role):
            parameter += 0.05


def test_shared_weights_are_the_same_for_every_role(tiny: Policy) -> None:
    disturb(tiny, "coder")
    assert torch.equal(logprobs(tiny, "solver"), logprobs(tiny, "proposer"))


def test_an_adapter_changes_its_own_role_only(tiny_lora: Policy, tiny: Policy) -> None:
    for role in ROLES:
        # A fresh adapter is the base: its second matrix is zero.
        assert torch.allclose(logprobs(tiny_lora, role), logprobs(tiny, role), atol=1e-6)
    disturb(tiny_lora, "coder")
    assert torch.allclose(logprobs(tiny_lora, "solver"), logprobs(tiny, "solver"), atol=1e-6)
    assert not torch.allclose(logprobs(tiny_lora, "coder"), logprobs(tiny, "coder"), atol=1e-3)


def test_adapters_are_drawn_from_the_seed(tiny_folder: Path) -> None:
    first, same, other = (Policy.load(tiny_folder, "lora", 4, seed).trainable() for seed in (3, 3, 4))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("sharing", ["shared", "lora"])
def test_saved_weights_come_back_exactly(sharing: str, tiny_folder: Path, tmp_path: Path) -> None:
    policy, fresh = (Policy.load(tiny_folder, sharing, 4, 0) for _ in range(2))  # type: ignore[arg-type]
    for role in ROLES:
        disturb(policy, role)
    policy.save(tmp_path)
    fresh.restore(tmp_path)
    for role in ROLES:
        assert torch.equal(logprobs(policy, role), logprobs(fresh, role))


@pytest.mark.parametrize("sharing", ["shared", "lora"])
def test_the_reference_stays_where_the_run_began(sharing: str, tiny_folder: Path) -> None:
    policy = Policy.load(tiny_folder, sharing, 4, 0)  # type: ignore[arg-type]
    before = logprobs(policy, "coder")
    reference = policy.frozen_copy()
    disturb(policy, "coder")
    assert torch.allclose(logprobs(reference, "coder"), before, atol=1e-6)
    assert not torch.allclose(logprobs(policy, "coder"), before, atol=1e-3)


def test_a_prompt_holds_its_picture_once(tiny: Policy) -> None:
    picture = Picture(np.zeros((64, 64, 3), np.uint8))
    prompt = tiny.prompt(chat("be brief", "what colour is it?", image=True), picture)
    image = tiny.tokenizer.convert_tokens_to_ids("<image>")
    assert prompt.ids.count(image) == 16
    assert prompt.vision is not None
    assert torch.allclose(prompt.vision["pixel_values"], torch.full((1, 3, 64, 64), (0 - 0.8) / 0.3))
    assert tiny.tokenizer.decode(prompt.ids[16:]) == "what colour is it?\n"


def test_a_missing_model_is_named_with_what_to_give() -> None:
    with pytest.raises(ModelNotFoundError, match=r"no model at 'nowhere/at-all'.*save_pretrained"):
        Policy.load(Path("nowhere/at-all"))
