"""Prompts of several pictures, of every family: sampled as plain transformers would, and sent whole to endpoints."""

from pathlib import Path

import numpy as np
import pytest
import tiny_models
import torch

from zerosight.render import Picture
from zerosight.roles.messages import Messages
from zerosight.train.generators.hf import HFGenerator
from zerosight.train.generators.openai_compatible import chat_message
from zerosight.train.generators.vllm_server import identity
from zerosight.train.models.architecture import image_id
from zerosight.train.models.completions import Prompt, Sampling
from zerosight.train.models.policy import Policy

pytestmark = pytest.mark.filterwarnings("ignore:.*torchvision")

NOISE = np.random.default_rng(4)
PICTURES = [Picture(NOISE.integers(0, 256, (64, 64, 3), dtype=np.uint8)) for _ in range(3)]


def asking(text: str, pictures: int) -> Messages:
    return [
        {"role": "user", "content": [*({"type": "image"} for _ in range(pictures)), {"type": "text", "text": text}]}
    ]


def plain_logprobs(policy: Policy, prompt: Prompt, ids: tuple[int, ...]) -> torch.Tensor:
    """As any user of transformers would compute them: one sequence, the model's own masks and positions."""
    whole = torch.tensor([[*prompt.ids, *ids]])
    kinds = (whole == image_id(policy.model)).long()
    extra = {"mm_token_type_ids": kinds} if policy.layout.axes > 1 else {}
    extra |= {"token_type_ids": kinds} if policy.layout.seen_whole is not None else {}
    with torch.no_grad(), policy.acting("solver") as model:
        logits = model(input_ids=whole, attention_mask=torch.ones_like(whole), **extra, **(prompt.vision or {})).logits
    found = logits[0].index_fill(1, policy.suppressed_ids, -torch.inf).log_softmax(-1)[len(prompt.ids) - 1 : -1]
    return found.gather(1, torch.tensor(ids)[:, None])[:, 0]


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_prompts_of_one_two_and_three_pictures_in_one_batch(family: str, tmp_path: Path) -> None:
    policy = Policy.load(tiny_models.write(family, tmp_path))
    prompts = [
        policy.prompt(asking("what?", 2), PICTURES[0], PICTURES[1:2]),
        policy.prompt(asking("what?", 1), PICTURES[0]),
        policy.prompt(asking("what colour?", 3), PICTURES[0], PICTURES[1:]),
        policy.prompt(asking("what?", 2), PICTURES[0], PICTURES[2:]),
    ]
    assert [len(prompt.pictures) for prompt in prompts] == [2, 1, 3, 2]
    groups = HFGenerator(policy).generate("solver", prompts, Sampling(max_new_tokens=4, temperature=0.0), 0)
    for prompt, (completion,) in zip(prompts, groups, strict=True):
        expected = plain_logprobs(policy, prompt, completion.ids)
        assert torch.allclose(torch.tensor(completion.logprobs), expected, atol=1e-4)
    # The second picture is seen: prompts that differ in it alone have other log-probs.
    first, other = (plain_logprobs(policy, prompts[n], (40, 41)) for n in (0, 3))
    assert not torch.allclose(first, other, atol=1e-4)


def test_endpoints_get_every_picture_in_its_place() -> None:
    prompt = Prompt((), text="t", picture=PICTURES[0], more_pictures=tuple(PICTURES[1:]), messages=asking("what?", 3))
    sent = chat_message(asking("what?", 3)[0], prompt)["content"]
    assert [part["type"] for part in sent] == ["image_url"] * 3 + ["text"]
    assert len({part["image_url"]["url"] for part in sent[:3]}) == 3
    with pytest.raises(ValueError, match="the messages show 2 pictures, but the prompt has 3"):
        chat_message(asking("what?", 2)[0], prompt)
    assert identity(prompt) != identity(prompt._replace(more_pictures=(PICTURES[2], PICTURES[1])))
