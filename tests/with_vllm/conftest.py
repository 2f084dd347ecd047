"""Only where vLLM is installed (`make test-vllm`): tiny checkpoints, an engine in this process, and a server."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tiny_vllm import RANK, WORDS, free_port, randomised, serving

from zerosight.render import Picture
from zerosight.roles.messages import chat
from zerosight.train.generators.checkpoints import engine_checkpoint
from zerosight.train.models.completions import Prompt
from zerosight.train.models.policy import Policy
from zerosight.train.models.tiny import ModelShape, build_model, build_processor, build_tokenizer, save

if importlib.util.find_spec("vllm") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LLaVA of random weights in the layout that `make evolve` writes."""
    folder = tmp_path_factory.mktemp("checkpoint")
    tokenizer = build_tokenizer(WORDS * 20)
    model = build_model(tokenizer, 0, ModelShape(width=32, layers=1, tower_width=48, tower_layers=1)).eval()
    save(folder, model, build_processor(tokenizer))
    return folder


@pytest.fixture(scope="session")
def lora(checkpoint: Path) -> Policy:
    policy = Policy.load(checkpoint, sharing="lora", lora_rank=RANK, seed=3)
    randomised(policy, 0)
    return policy


@pytest.fixture(scope="session")
def prompts(lora: Policy) -> list[Prompt]:
    """With a picture, another one, and none."""
    random = np.random.default_rng(0)
    messages = chat("Answer.", "what colour is the leftmost circle?", image=True)
    pictures = [Picture(random.integers(0, 256, (64, 64, 3), dtype=np.uint8)) for _ in range(2)]
    return [*(lora.prompt(messages, p) for p in pictures), lora.prompt(chat("Answer.", "what is red?"))]


@pytest.fixture(scope="session")
def server(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real vLLM server that serves the checkpoint as `base`."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    with serving(Path(engine_checkpoint(checkpoint, folder / "base")), folder / "log.txt", port):
        yield f"http://127.0.0.1:{port}"
