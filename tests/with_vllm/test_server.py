"""A real vLLM server over HTTP: pictures, log-probs, adapters, schemas, and what happens when it is killed."""

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_vllm import RANK, adapters, ask, masked_logprobs, randomised

from zerosight.train.config import RunConfig, override
from zerosight.train.generators import (
    AdapterError,
    Endpoint,
    FingerprintError,
    OpenAICompatibleGenerator,
    RefusedError,
    VLLMServerGenerator,
    make_generator,
    push_weights,
)
from zerosight.train.models.completions import Prompt, Sampling
from zerosight.train.models.policy import Policy

SCHEMA = {"type": "string", "enum": ["red", "blue"]}


@pytest.fixture(scope="module")
def made(server: str, checkpoint: Path, lora: Policy, tmp_path_factory: pytest.TempPathFactory) -> VLLMServerGenerator:
    """As a run makes it: from a configuration, its weights pushed."""
    settings = [f"generator.url={server}", "generator.kind=vllm-server", "generator.model=base", "sharing=lora"]
    config = override(RunConfig(), [*settings, f"model={checkpoint}", f"lora_rank={RANK}"])
    work = tmp_path_factory.mktemp("run")
    generator = make_generator(config, lora, work, {"coder": SCHEMA})
    assert isinstance(generator, VLLMServerGenerator)
    push_weights(generator, lora, work / "weights", 1)
    return generator


def assert_equal_to_trainer(policy: Policy, made: Any, role: str, prompts: list[Prompt], temperature: float) -> None:
    found = made.generate(role, prompts, Sampling(max_new_tokens=6, temperature=temperature, n=3), 5)
    for prompt, group in zip(prompts, found, strict=True):
        assert len(group) == 3
        for completion in group:
            assert completion.text == policy.tokenizer.decode(completion.ids, skip_special_tokens=True)
            expected = masked_logprobs(policy, role, prompt, completion.ids, temperature or 1.0)
            assert completion.logprobs == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("role", ["proposer", "solver"])
@pytest.mark.parametrize("temperature", [0.0, 1.0, 1.4])
def test_logprobs_equal_the_trainers(
    made: VLLMServerGenerator, lora: Policy, prompts: list[Prompt], role: str, temperature: float
) -> None:
    assert_equal_to_trainer(lora, made, role, prompts, temperature)


def test_another_seed_or_place_draws_other_ids(made: VLLMServerGenerator, prompts: list[Prompt]) -> None:
    sampling = Sampling(max_new_tokens=6, n=2)
    drawn = [made.generate("solver", [prompts[2], prompts[2]], sampling, seed) for seed in (1, 1, 2)]
    first, second, third = ([[c.ids for c in group] for group in groups] for groups in drawn)
    assert first == second
    assert len({ids for group in (*first, *third) for ids in group}) == 8


def test_the_placeholder_is_never_sampled(made: VLLMServerGenerator, lora: Policy) -> None:
    found = made.generate("solver", [ask(lora, "?")] * 8, Sampling(max_new_tokens=40, temperature=2.0, n=8), 0)
    drawn = {token for group in found for completion in group for token in completion.ids}
    assert len(drawn) > 200
    assert not drawn & made.checks.suppressed_ids


def test_a_new_version_is_sampled_from_at_once(
    made: VLLMServerGenerator, lora: Policy, prompts: list[Prompt], tmp_path: Path
) -> None:
    sampling = Sampling(max_new_tokens=6, temperature=0.0)
    before = made.generate("solver", prompts, sampling, 0)
    kept = {name: value.clone() for name, value in lora.model.state_dict().items()}
    randomised(lora, 1)
    try:
        push_weights(made, lora, tmp_path, 2)
        assert made.version == 2
        assert made.generate("solver", prompts, sampling, 0) != before
        assert_equal_to_trainer(lora, made, "solver", prompts, 1.0)
        # Version 2 once more, as after a resume: the name is taken on the server.
        made.sync(adapters(lora, tmp_path / "again"), 2)
        with pytest.raises(RefusedError, match="solver-1"):
            made.endpoint.post("/v1/completions", {"model": "solver-1", "prompt": [5]})
    finally:
        lora.model.load_state_dict(kept)
    push_weights(made, lora, tmp_path, 3)
    assert_equal_to_trainer(lora, made, "solver", prompts, 1.0)


def test_other_weights_than_the_trainers_are_refused_and_the_old_stay(
    made: VLLMServerGenerator, lora: Policy, prompts: list[Prompt], tmp_path: Path
) -> None:
    folders = adapters(lora, tmp_path)
    with pytest.raises(FingerprintError, match=r"solver: backend and trainer differ by .* nats a token"):
        made.sync({**folders, "solver": folders["proposer"]}, 9)
    assert made.version != 9
    assert_equal_to_trainer(lora, made, "solver", prompts, 1.0)
    with pytest.raises(AdapterError, match="does not take solver's adapter"):
        made.sync({"solver": tmp_path / "missing"}, 10)
    assert_equal_to_trainer(lora, made, "solver", prompts, 1.0)


def test_completions_fit_a_schema(made: VLLMServerGenerator, prompts: list[Prompt]) -> None:
    found = made.generate("coder", prompts, Sampling(max_new_tokens=24, n=4), 0)
    assert {json.loads(c.text) for group in found for c in group} == {"red", "blue"}


def test_a_prompt_that_is_too_long_is_refused_in_the_servers_words(made: VLLMServerGenerator) -> None:
    with pytest.raises(RefusedError, match="context length"):
        made.generate("solver", [Prompt((5,) * 300)], Sampling(max_new_tokens=4), 0)


def test_a_frozen_role_by_the_chat_endpoint(server: str, prompts: list[Prompt]) -> None:
    frozen = OpenAICompatibleGenerator(Endpoint(url=server), "base", ["coder"])
    found = frozen.generate("coder", prompts, Sampling(max_new_tokens=6, n=3), 0)
    assert [len(group) for group in found] == [3, 3, 3]
    assert all(completion.text and not completion.trainable for group in found for completion in group)
