"""A model of a few thousand parameters, written and loaded the way every model is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from zerosight.train.models.policy import Policy
from zerosight.train.models.tiny import ModelShape, build_model, build_processor, build_tokenizer, save

TINY = ModelShape(width=32, layers=1, tower_width=48, tower_layers=1)
CORPUS = [
    "what colour is the leftmost circle?\nred",
    '<svg viewBox="0 0 64 64"><circle cx="12" cy="40" r="8" fill="red"/></svg>',
    '{"concept":"two shapes","draw":[[2,"red","circle"]],"ask":["count",["select","red"]]}',
    " ".join(map(str, range(65))),
] * 20


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = build_tokenizer(CORPUS)
    save(folder, build_model(tokenizer, 0, TINY).eval(), build_processor(tokenizer))
    return folder


@pytest.fixture
def tiny(tiny_folder: Path) -> Policy:
    return Policy.load(tiny_folder)


@pytest.fixture
def tiny_lora(tiny_folder: Path) -> Policy:
    return Policy.load(tiny_folder, sharing="lora", lora_rank=4, seed=3)
