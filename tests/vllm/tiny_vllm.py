"""Helpers of the tests that need vLLM."""

import urllib.request
from pathlib import Path

import torch

from zerosight.roles.messages import chat
from zerosight.train.generator import Prompt
from zerosight.train.policy import ROLES, Policy

RANK = 4
WORDS = [
    "what colour is the leftmost circle?\nred",
    '{"ask":["count",["select","red"]]}',
    " ".join(map(str, range(65))),
]
ENGINE = {
    "dtype": "float32",
    "enforce_eager": True,
    "max_model_len": 256,
    "max_num_seqs": 16,
    "kv_cache_memory_bytes": 1 << 27,
    "seed": 0,
}


def randomised(policy: Policy, seed: int) -> None:
    """Adapters that differ from each other and from none: peft begins each at zero."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in policy.model.named_parameters():
            if "lora_B" in name:
                parameter.copy_(0.2 * torch.randn(parameter.shape, generator=random))


def ask(policy: Policy, text: str) -> Prompt:
    return policy.prompt(chat("Answer.", text))


def adapters(policy: Policy, folder: Path) -> dict[str, Path]:
    policy.save(folder)
    return {role: folder / role for role in ROLES}


def alive(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as reply:
            return reply.status == 200
    except OSError:
        return False


def masked_logprobs(policy: Policy, role: str, prompt: Prompt, ids: tuple[int, ...], temperature: float) -> list[float]:
    """By a plain forward pass: what a sampler that never draws the suppressed ids should give."""
    inputs = {"input_ids": torch.tensor([[*prompt.ids, *ids]])}
    if prompt.pixels is not None:
        inputs["pixel_values"] = prompt.pixels[None]
    with torch.no_grad(), policy.acting(role) as model:
        logits = model(**inputs).logits[0, len(prompt.ids) - 1 : -1] / temperature
    logits[:, policy.suppressed] = -torch.inf
    return torch.log_softmax(logits, -1).gather(1, torch.tensor(ids)[:, None]).squeeze(1).tolist()
