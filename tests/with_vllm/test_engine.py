"""vLLM's own engine in this process: pictures, log-probs, adapters, whole weights, schemas."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from jsonschema import Draft202012Validator
from tiny_vllm import ENGINE, RANK, adapters, ask, masked_logprobs, randomised

from zerosight.envs import SeededRng, make
from zerosight.roles import proposer
from zerosight.train.generators import (
    AdapterError,
    Checks,
    Fingerprint,
    FingerprintError,
    RefusedError,
    UnreachableError,
    VLLMEngineGenerator,
    trainer_logprobs,
)
from zerosight.train.models.completions import Prompt, Sampling
from zerosight.train.models.load import EMBEDDED_SEED
from zerosight.train.models.policy import ROLES, Policy

SCHEMA = {"type": "string", "enum": ["red", "blue"]}


@pytest.fixture(scope="module")
def engine(checkpoint: Path, lora: Policy, tmp_path_factory: pytest.TempPathFactory) -> VLLMEngineGenerator:
    work = tmp_path_factory.mktemp("engine")
    probe = Fingerprint(trainer_logprobs(lora), ask(lora, "?"))
    made = VLLMEngineGenerator(
        checkpoint,
        Checks.of(lora),
        work / "work",
        lora_rank=RANK,
        fingerprint=probe,
        schemas={"coder": SCHEMA},
        options=ENGINE,
    )
    with pytest.raises(AdapterError, match="solver has no adapter yet"):
        made.generate("solver", [Prompt((5, 6))], Sampling(max_new_tokens=2), 0)
    made.sync(adapters(lora, work / "adapters"), 1)
    return made


def assert_equal_to_trainer(policy: Policy, made: Any, role: str, prompts: list[Prompt], temperature: float) -> None:
    sampling = Sampling(max_new_tokens=6, temperature=temperature, n=3)
    found = made.generate(role, prompts, sampling, 5)
    for prompt, group in zip(prompts, found, strict=True):
        assert len(group) == 3
        for completion in group:
            assert completion.temperature == temperature
            assert completion.text == policy.tokenizer.decode(completion.ids, skip_special_tokens=True)
            expected = masked_logprobs(policy, role, prompt, completion.ids, temperature or 1.0)
            assert completion.logprobs == pytest.approx(expected, abs=1e-4)


# The coder's completions fit a schema here, so their log-probs are others by design.
@pytest.mark.parametrize("role", ["proposer", "solver"])
@pytest.mark.parametrize("temperature", [0.0, 1.0, 1.4])
def test_logprobs_equal_the_trainers(
    engine: VLLMEngineGenerator, lora: Policy, prompts: list[Prompt], role: str, temperature: float
) -> None:
    assert_equal_to_trainer(lora, engine, role, prompts, temperature)


def test_the_picture_is_seen(engine: VLLMEngineGenerator, prompts: list[Prompt]) -> None:
    [[one], [other]] = engine.generate("solver", prompts[:2], Sampling(max_new_tokens=8, temperature=0.0), 0)
    assert one.logprobs != other.logprobs


def test_another_seed_or_place_draws_other_ids(engine: VLLMEngineGenerator, prompts: list[Prompt]) -> None:
    sampling = Sampling(max_new_tokens=6, n=2)
    same = [prompts[2], prompts[2]]
    first, second, third = (
        [[c.ids for c in g] for g in engine.generate("solver", same, sampling, s)] for s in (1, 1, 2)
    )
    assert first == second
    assert len({ids for group in (*first, *third) for ids in group}) == 8


def test_the_placeholder_is_never_sampled(checkpoint: Path, engine: VLLMEngineGenerator, lora: Policy) -> None:
    found = engine.generate(
        "solver", [ask(lora, "?")] * 8,
        Sampling(max_new_tokens=40, temperature=2.0, n=8), 0,
    )  # fmt: skip
    drawn = {token for group in found for completion in group for token in completion.ids}
    assert len(drawn) > 200
    assert not drawn & engine.checks.suppressed_ids


def test_a_new_version_is_sampled_from_at_once(
    engine: VLLMEngineGenerator, lora: Policy, prompts: list[Prompt], tmp_path: Path
) -> None:
    sampling = Sampling(max_new_tokens=6, temperature=0.0)
    before = engine.generate("solver", prompts, sampling, 0)
    kept = {name: value.clone() for name, value in lora.model.state_dict().items()}
    randomised(lora, 1)
    try:
        engine.sync(adapters(lora, tmp_path / "two"), 2)
        assert engine.version == 2
        assert engine.generate("solver", prompts, sampling, 0) != before
        assert_equal_to_trainer(lora, engine, "solver", prompts, 1.0)
    finally:
        lora.model.load_state_dict(kept)
    engine.sync(adapters(lora, tmp_path / "one"), 3)
    assert engine.generate("solver", prompts, sampling, 0)[0][0].logprobs == pytest.approx(
        before[0][0].logprobs, abs=1e-4
    )


def test_other_weights_than_the_trainers_are_refused_and_the_old_stay(
    engine: VLLMEngineGenerator, lora: Policy, prompts: list[Prompt], tmp_path: Path
) -> None:
    folders = adapters(lora, tmp_path)
    mixed = {**folders, "solver": folders["proposer"]}
    with pytest.raises(FingerprintError, match=r"solver: backend and trainer differ by .* nats a token"):
        engine.sync(mixed, 9)
    assert engine.version != 9
    assert_equal_to_trainer(lora, engine, "solver", prompts, 1.0)
    with pytest.raises(AdapterError, match=r"does not take solver's adapter .*missing"):
        engine.sync({"solver": tmp_path / "missing"}, 10)
    assert_equal_to_trainer(lora, engine, "solver", prompts, 1.0)


def test_completions_fit_a_schema(engine: VLLMEngineGenerator, prompts: list[Prompt]) -> None:
    found = engine.generate("coder", prompts, Sampling(max_new_tokens=24, n=4), 0)
    texts = [completion.text for group in found for completion in group]
    assert {json.loads(text) for text in texts} == {"red", "blue"}


def test_proposals_of_the_embedded_model_fit_the_worlds_schema(tmp_path: Path) -> None:
    policy, world = Policy.load(EMBEDDED_SEED), make("shapes/Canvas-v2")
    schemas = {"proposer": proposer.schema([make("shapes/Canvas-v1"), world])}
    options = {**ENGINE, "max_model_len": 768}
    made = VLLMEngineGenerator(
        EMBEDDED_SEED, Checks.of(policy), tmp_path, lora_rank=0, schemas=schemas, options=options
    )
    briefing = world.briefing(SeededRng(("constrained",)), next(iter(world.tasks)), 1)
    prompt = policy.prompt(proposer.prompt(world, briefing))
    # Hot enough that next to none would be JSON without the schema.
    [group] = made.generate("proposer", [prompt], Sampling(max_new_tokens=400, temperature=1.8, n=16), 0)
    whole = [json.loads(completion.text) for completion in group if completion.finished]
    assert len(whole) >= 4
    validator = Draft202012Validator(schemas["proposer"])
    assert all(validator.is_valid(proposal) for proposal in whole)
    free = made._unconstrained("proposer", [prompt], Sampling(max_new_tokens=400, temperature=1.8, n=16), 0)[0]
    assert sum(_is_json(completion.text) for completion in free) < len(whole)


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


@pytest.fixture(scope="module")
def whole(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[VLLMEngineGenerator, Policy]]:
    policy = Policy.load(checkpoint)
    work = tmp_path_factory.mktemp("whole")
    yield VLLMEngineGenerator(checkpoint, Checks.of(policy), work, lora_rank=0, options=ENGINE), policy


def test_whole_weights_are_reloaded(
    whole: tuple[VLLMEngineGenerator, Policy], prompts: list[Prompt], tmp_path: Path
) -> None:
    made, policy = whole
    assert_equal_to_trainer(policy, made, "solver", prompts, 1.0)
    changed = copy.deepcopy(policy)
    with torch.no_grad():
        for parameter in changed.model.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    changed.save(tmp_path)
    made.sync(dict.fromkeys(ROLES, tmp_path), 1)
    assert_equal_to_trainer(changed, made, "solver", prompts, 1.0)
    with pytest.raises(AdapterError, match="got 2 folders"):
        made.sync({"solver": tmp_path, "coder": tmp_path / "other"}, 2)


def test_an_engine_that_died_is_a_failure_and_no_answer(
    engine: VLLMEngineGenerator, prompts: list[Prompt], monkeypatch: pytest.MonkeyPatch
) -> None:
    from vllm.v1.engine.exceptions import EngineDeadError

    def dead(*args: Any, **kwargs: Any) -> None:
        raise EngineDeadError()

    monkeypatch.setattr(engine._llm, "generate", dead)
    with pytest.raises(UnreachableError, match="vLLM's engine died"):
        engine.generate("solver", prompts, Sampling(max_new_tokens=2), 0)


def test_a_prompt_that_is_too_long_is_refused_in_vllms_words(engine: VLLMEngineGenerator) -> None:
    with pytest.raises(RefusedError, match=r"vLLM refused a prompt: .*maximum context length is 256"):
        engine.generate("solver", [Prompt((5,) * 300)], Sampling(max_new_tokens=4), 0)
