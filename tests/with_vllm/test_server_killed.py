"""A real vLLM server is killed in the middle of a batch and started again: the batch ends as if nothing had been."""

import threading
import time
from pathlib import Path

from tiny_vllm import adapters, free_port, kill, serving

from zerosight.train.generators import Checks, Endpoint, Fingerprint, VLLMServerGenerator, trainer_logprobs
from zerosight.train.generators.checkpoints import engine_checkpoint
from zerosight.train.models.completions import Completion, Prompt, Sampling
from zerosight.train.models.policy import Policy


def test_batch_outlives_its_server(checkpoint: Path, lora: Policy, prompts: list[Prompt], tmp_path: Path) -> None:
    port, base = free_port(), Path(engine_checkpoint(checkpoint, tmp_path / "base"))
    endpoint = Endpoint(url=f"http://127.0.0.1:{port}", timeout=60, retries=9, backoff=0.2)
    probe = Fingerprint(trainer_logprobs(lora), prompts[0], tolerance=1e-2)
    made = VLLMServerGenerator(endpoint, Checks.of(lora), "base", concurrency=2, fingerprint=probe)
    batch, sampling = prompts * 20, Sampling(max_new_tokens=24, n=2)
    found: list[list[list[Completion]]] = []
    with serving(base, tmp_path / "first.txt", port) as process:
        made.sync(adapters(lora, tmp_path / "adapters"), 1)
        expected = made.generate("solver", batch, sampling, 7)
        done = []
        ask = made._ask
        made._ask = lambda *args: done.append(1) or ask(*args)  # type: ignore[method-assign, func-returns-value]
        thread = threading.Thread(target=lambda: found.append(made.generate("solver", batch, sampling, 7)))
        thread.start()
        while len(done) < 10:
            time.sleep(0.005)
        kill(process)
        assert not found
    with serving(base, tmp_path / "second.txt", port):
        thread.join(120)
    # Two under way when it died, and a probe for each adapter that was loaded again.
    assert 60 + 3 <= len(done) <= 60 + 2 + 3, "what was finished before the kill is not sampled again"
    [again] = found
    assert [[c.ids for c in group] for group in again] == [[c.ids for c in group] for group in expected]
