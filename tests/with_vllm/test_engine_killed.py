"""An engine in processes of its own is killed while it samples: the run is told, and does not wait for ever."""

import threading
import time
from pathlib import Path

import pytest
from tiny_vllm import ENGINE, RANK, adapters

from zerosight.train.generators import Checks, UnreachableError, VLLMEngineGenerator
from zerosight.train.models.completions import Prompt, Sampling
from zerosight.train.models.policy import Policy


def test_a_killed_engine_is_noticed(
    checkpoint: Path, lora: Policy, prompts: list[Prompt], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "1")
    made = VLLMEngineGenerator(checkpoint, Checks.of(lora), tmp_path / "work", lora_rank=RANK, options=ENGINE)
    assert made._processes, "the engine has processes of its own"
    made.sync(adapters(lora, tmp_path / "adapters"), 1)
    [[first]] = made.generate("solver", prompts[:1], Sampling(max_new_tokens=4), 7)
    assert len(first.ids) <= 4

    def kill() -> None:
        for process in made._processes:
            if process.is_running():
                process.kill()

    threading.Timer(1.0, kill).start()
    began = time.monotonic()
    with pytest.raises(UnreachableError, match=r"was killed|engine died"):
        for seed in range(200):
            made.generate("solver", prompts * 20, Sampling(max_new_tokens=200, n=4), seed)
    assert time.monotonic() - began < 60
