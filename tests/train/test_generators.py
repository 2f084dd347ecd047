"""The choice of a generator, and the small ones: scripted, by role, chat endpoints, weights that are pushed."""

import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from protocol_server import ProtocolServer
from safetensors.torch import load_file

from zerosight.envs import Environment, InfrastructureError, SeededRng
from zerosight.render import Picture
from zerosight.roles.messages import chat
from zerosight.train.config import ConfigError, RunConfig, override
from zerosight.train.curriculum.base import Curriculum
from zerosight.train.episodes import Episodes
from zerosight.train.generators import (
    ByRole,
    CountError,
    Endpoint,
    Fingerprint,
    FingerprintError,
    OpenAICompatibleGenerator,
    RefusedError,
    ReplyError,
    ScriptedGenerator,
    TrainedRoleError,
    UnreachableError,
    VLLMMissingError,
    VLLMServerGenerator,
    make_generator,
    push_weights,
    trainer_logprobs,
)
from zerosight.train.generators import endpoint as endpoint_module
from zerosight.train.generators.checkpoints import engine_checkpoint
from zerosight.train.generators.hf import HFGenerator
from zerosight.train.generators.vllm_engine import room_for, watched
from zerosight.train.models.completions import Completion, Prompt, Sampling
from zerosight.train.models.policy import ROLES, Policy
from zerosight.train.recipes import make_algorithm

SAMPLING = Sampling(max_new_tokens=8, n=3)


@pytest.fixture
def server() -> Iterator[ProtocolServer]:
    made = ProtocolServer()
    yield made
    made.close()


def frozen(server: ProtocolServer, **options: Any) -> OpenAICompatibleGenerator:
    endpoint = Endpoint(url=server.url, timeout=5, retries=2, backoff=0.01, headers={"Authorization": "Bearer k"})
    return OpenAICompatibleGenerator(endpoint, "big", ["coder"], concurrency=1, **options)


# --- chat endpoints -------------------------------------------------------------------------------------------


def test_chat_replies_are_not_trainable(server: ProtocolServer, tiny: Policy) -> None:
    picture = Picture(np.zeros((64, 64, 3), np.uint8))
    prompts = [tiny.prompt(chat("Be brief.", "what?", image=True), picture), tiny.prompt(chat("Be brief.", "why?"))]
    schemas = {"coder": {"type": "object"}}
    found = frozen(server, schemas=schemas).generate("coder", prompts, SAMPLING, 1)
    assert [[c.text for c in group] for group in found] == [["text 0", "text 1", "text 2"]] * 2
    assert all(c.finished and not c.trainable and c.ids == c.logprobs == () for group in found for c in group)
    first, second = server.completions()
    assert first["authorization"] == "Bearer k"
    assert first["messages"][0] == {"role": "system", "content": "Be brief."}
    assert [part["type"] for part in first["messages"][1]["content"]] == ["image_url", "text"]
    assert second["messages"][1] == {"role": "user", "content": "why?"}
    assert second["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert first["seed"] != second["seed"]


def test_chat_that_gives_one_of_three_is_asked_again(server: ProtocolServer, tiny: Policy) -> None:
    server.plan.extend(["fewer", "ok"])
    [group] = frozen(server).generate("coder", [tiny.prompt(chat("a", "b"))], SAMPLING, 1)
    assert len(group) == 3
    assert [body["n"] for body in server.completions()] == [3, 1]


def test_rate_limit_is_waited_for(server: ProtocolServer, tiny: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(endpoint_module.time, "sleep", waits.append)
    server.plan.extend(["429", "429"])
    server.retry_after = "30"
    [group] = frozen(server).generate("coder", [tiny.prompt(chat("a", "b"))], SAMPLING, 1)
    assert len(group) == 3
    assert len(waits) == 2
    assert all(30.0 <= wait <= 45.0 for wait in waits)
    server.always = "429"
    with pytest.raises(UnreachableError, match=r"after 3 tries .*HTTP 429: busy"):
        frozen(server).generate("coder", [tiny.prompt(chat("a", "b"))], SAMPLING, 1)


def test_retry_after_is_seconds_or_a_date() -> None:
    assert endpoint_module._retry_after({"Retry-After": "7"}) == 7
    assert endpoint_module._retry_after({"Retry-After": "Mon, 23 Nov 2020 00:00:00 GMT"}) == 0
    later = endpoint_module._retry_after({"Retry-After": "Mon, 23 Nov 2099 00:00:00 GMT"})
    assert later is not None and later > 1e9
    assert endpoint_module._retry_after({"Retry-After": "soon"}) is None
    assert endpoint_module._retry_after({}) is None


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ("more", CountError, "gave 4 completions where 3"),
        ("no text", ReplyError, "gave None as a completion's text"),
        ("empty", ReplyError, "without 'choices'"),
        ("400", RefusedError, "prompt too long"),
    ],
)
def test_wrong_chat_replies(
    server: ProtocolServer, tiny: Policy, fault: str, error: type[Exception], message: str
) -> None:
    server.always = fault
    with pytest.raises(error, match=message):
        frozen(server).generate("coder", [tiny.prompt(chat("a", "b"))], SAMPLING, 1)


def test_chat_refuses_what_it_cannot_do(server: ProtocolServer, tiny: Policy) -> None:
    with pytest.raises(TrainedRoleError, match=r"solver is trained.*leave solver out of learning.role_weights"):
        frozen(server).generate("solver", [tiny.prompt(chat("a", "b"))], SAMPLING, 1)
    with pytest.raises(ValueError, match=r"needs Prompt.messages"):
        frozen(server).generate("coder", [Prompt((5,))], SAMPLING, 1)
    with pytest.raises(ValueError, match="the messages show a picture, but the prompt has none"):
        frozen(server).generate("coder", [Prompt((5,), messages=chat("a", "b", image=True))], SAMPLING, 1)
    assert server.requests == []


# --- scripted and by role -------------------------------------------------------------------------------------


def test_scripted_texts_in_turn_or_by_a_function(tiny: Policy) -> None:
    made = ScriptedGenerator(solver=["a", "b"], coder=lambda prompt, number: f"{prompt.text} {number}")
    assert [[c.text for c in g] for g in made.generate("solver", [Prompt((1,))] * 2, SAMPLING, 0)] == [
        ["a", "b", "a"],
        ["b", "a", "b"],
    ]
    [group] = made.generate("coder", [Prompt((1,), text="p")], SAMPLING, 0)
    assert [c.text for c in group] == ["p 0", "p 1", "p 2"]
    [[cut]] = ScriptedGenerator(solver=["cut off"]).generate("solver", [Prompt((1,))], Sampling(max_new_tokens=8), 0)
    assert not cut.finished
    with pytest.raises(KeyError, match="no script for 'proposer'; there are 'solver', 'coder'"):
        made.generate("proposer", [Prompt((1,))], SAMPLING, 0)
    [[real]] = ScriptedGenerator(tiny.tokenizer, solver=["red"]).generate(
        "solver", [Prompt((1,))], Sampling(max_new_tokens=8), 0
    )
    assert tiny.tokenizer.decode(real.ids, skip_special_tokens=True) == "red"
    assert real.ids[-1] == tiny.tokenizer.eos_token_id


def test_each_role_by_its_own() -> None:
    made = ByRole({"solver": ScriptedGenerator(solver=["s"]), "coder": ScriptedGenerator(coder=["c"])})
    [[one]] = made.generate("coder", [Prompt((1,))], Sampling(max_new_tokens=8), 0)
    assert one.text == "c"
    with pytest.raises(KeyError, match="no generator plays 'proposer'"):
        made.generate("proposer", [Prompt((1,))], SAMPLING, 0)


# --- the choice -----------------------------------------------------------------------------------------------


def test_the_default_is_hugging_face(tiny: Policy, tmp_path: Path) -> None:
    assert isinstance(make_generator(RunConfig(), tiny, tmp_path), HFGenerator)


def test_a_server_by_configuration(tiny: Policy, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret\n")
    settings = ["generator.kind=vllm-server", "generator.url=http://there:8000/v1", "sharing=lora", "model=base-model"]
    config = override(RunConfig(), [*settings, f"generator.key_file={tmp_path / 'key'}", "generator.retries=1"])
    made = make_generator(config, tiny, tmp_path)
    assert isinstance(made, VLLMServerGenerator)
    assert (made.endpoint.url, made.endpoint.retries, made.model) == ("http://there:8000", 1, "base-model")
    assert made.endpoint.headers == {"Authorization": "Bearer secret"}
    assert "secret" not in config.to_yaml()


def test_a_chat_endpoint_plays_the_frozen_roles(tiny: Policy, tmp_path: Path) -> None:
    settings = ["generator.kind=openai", "generator.url=https://there", "generator.model=big"]
    made = make_generator(override(RunConfig(), [*settings, "learning.role_weights={solver: 1.0}"]), tiny, tmp_path)
    assert isinstance(made, ByRole)
    kinds = {role: type(each) for role, each in made.generators.items()}
    assert kinds == {
        "proposer": OpenAICompatibleGenerator,
        "coder": OpenAICompatibleGenerator,
        "solver": HFGenerator,
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["generator.kind=vlm"], "got 'vlm'; did you mean 'vllm'"),
        (["generator.kind=vllm-sever"], "did you mean 'vllm-server'"),
        (["generator.url=x", "generator.timeuot=3"], r"did you mean 'generator.timeout'"),
        (["generator.kind=vllm-server", "sharing=lora"], "needs the server's address: --set generator.url=http"),
        (["generator.kind=vllm-server", "generator.url=http://there"], "adapters only, got sharing=shared"),
        (["generator.kind=vllm-server", "generator.url=there:1", "sharing=lora"], "begins with http://"),
        (
            ["generator.kind=vllm-server", "generator.url=http://a", "sharing=lora", "generator.key_file=/no/key"],
            "key_file /no/key cannot be read",
        ),
        (["generator.kind=openai", "generator.url=http://a", "generator.model=m"], "all are; leave one out"),
        (
            ["generator.kind=openai", "generator.url=http://a", "learning.role_weights={coder: 1}"],
            "needs generator.model",
        ),
    ],
)
def test_options_that_cannot_be(tiny: Policy, tmp_path: Path, settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_generator(override(RunConfig(), settings), tiny, tmp_path)


def test_constrained_proposals_by_configuration(tiny: Policy, tmp_path: Path) -> None:
    server = ["generator.kind=vllm-server", "generator.url=http://there:8000", "sharing=lora"]
    made = make_generator(override(RunConfig(), [*server, "generator.constrained_decoding=true"]), tiny, tmp_path)
    assert isinstance(made, VLLMServerGenerator)
    assert made._schemas["proposer"]["required"] == ["concept", "draw", "ask"]


def test_an_unknown_kind_that_passed_the_configuration(tiny: Policy, tmp_path: Path) -> None:
    config = RunConfig()
    config = config.model_copy(update={"generator": config.generator.model_copy(update={"kind": "vllm_server"})})
    with pytest.raises(ConfigError, match=r"unknown generator.kind 'vllm_server'; did you mean 'vllm-server'"):
        make_generator(config, tiny, tmp_path)


def test_vllm_that_is_missing_says_how_to_install_it(tiny: Policy, tiny_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    config = override(RunConfig(), ["generator.kind=vllm", f"model={tiny_folder}", "sharing=lora"])
    try:
        from vllm import LLM  # noqa: F401 - this test is about its absence
    except ImportError:
        with pytest.raises(VLLMMissingError, match=r"pip install 'zerosight\[vllm\]'.*generator.kind=hf"):
            make_generator(config, tiny, tmp_path)
    else:
        pytest.skip("vLLM is installed here")


# --- weights --------------------------------------------------------------------------------------------------


class Synced(ScriptedGenerator):
    """Remembers which folders it was given and that they were there."""

    def __init__(self) -> None:
        super().__init__(solver=["x"])
        self.version: int | None = None
        self.given: list[dict[str, Path]] = []

    def sync(self, role_folders: Mapping[str, Path], version: int) -> None:
        assert all((folder / self.holds).is_file() for folder in role_folders.values())
        self.version = version
        self.given.append(dict(role_folders))

    holds = "adapter_model.safetensors"


def test_pushed_weights_lie_in_a_folder_for_each_role(tiny_lora: Policy, tmp_path: Path) -> None:
    made = Synced()
    for version in (1, 2):
        push_weights(made, tiny_lora, tmp_path, version)
    assert made.version == 2
    assert made.given[1] == {role: tmp_path / "version_2" / role for role in ROLES}
    assert [path.name for path in tmp_path.iterdir()] == ["version_2"]


def test_pushed_shared_weights_are_one_model(tiny: Policy, tmp_path: Path) -> None:
    made = Synced()
    made.holds = "model.safetensors"
    push_weights(made, tiny, tmp_path, 4)
    assert made.given == [dict.fromkeys(ROLES, tmp_path / "version_4")]
    push_weights(HFGenerator(tiny), tiny, tmp_path / "none", 5)
    assert not (tmp_path / "none").exists()


def test_weights_are_named_as_vllm_knows_them(tiny_folder: Path, tmp_path: Path) -> None:
    made = Path(engine_checkpoint(tiny_folder, tmp_path / "copy"))
    before, after = load_file(tiny_folder / "model.safetensors"), load_file(made / "model.safetensors")
    assert len(after) == len(before)
    tower = {name for name in after if name.startswith("vision_tower")}
    assert tower and all(name.startswith("vision_tower.vision_model.") for name in tower)
    for name, value in before.items():
        assert torch.equal(after[name.replace("vision_tower.", "vision_tower.vision_model.")], value)
    assert json.loads((made / "config.json").read_text()) == json.loads((tiny_folder / "config.json").read_text())
    # What has these names already, or is another architecture or a name on the hub, stays what it is.
    assert engine_checkpoint(made, tmp_path / "again") == made
    assert engine_checkpoint("org/model", tmp_path / "again") == "org/model"
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"config.json cannot be read"):
        engine_checkpoint(tmp_path / "empty", tmp_path / "again")


def test_adapters_take_the_room_of_the_next_rank() -> None:
    assert [room_for(rank) for rank in (1, 4, 16, 17, 512)] == [1, 8, 16, 32, 512]
    with pytest.raises(ValueError, match="up to rank 512, got lora_rank=513"):
        room_for(513)


@pytest.mark.parametrize("pictured", [False, True])
def test_fingerprint_passes_equal_weights_and_no_others(tiny_lora: Policy, pictured: bool) -> None:
    with torch.no_grad():
        for name, parameter in tiny_lora.model.named_parameters():
            if "lora_B" in name:
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(len(name))))
    picture = Picture(np.full((64, 64, 3), 90, np.uint8)) if pictured else None
    prompt = tiny_lora.prompt(chat("a", "which?", image=pictured), picture)
    sampler = HFGenerator(tiny_lora)
    probe = Fingerprint(trainer_logprobs(tiny_lora), prompt, tolerance=1e-3)
    assert probe.check("solver", sampler.generate) < 1e-4

    def other(role: str, *args: Any) -> list[list[Completion]]:
        return sampler.generate("coder", *args)

    with pytest.raises(FingerprintError, match=r"solver: backend and trainer differ"):
        probe.check("solver", other)
    nan = Fingerprint(lambda role, prompt, ids: [float("nan")] * len(ids), prompt)
    with pytest.raises(FingerprintError, match="differ by nan"):
        nan.check("solver", sampler.generate)


# --- in the loop ----------------------------------------------------------------------------------------------


def test_a_dead_generator_ends_the_step_and_scores_nothing(
    server: ProtocolServer, tiny: Policy, env: Environment
) -> None:
    class Dying(ScriptedGenerator):
        def generate(self, role: str, prompts: Sequence[Prompt], *args: Any) -> list[list[Completion]]:
            if role == "solver":
                return frozen(server).generate("coder", prompts, *args)
            return super().generate(role, prompts, *args)

    config = RunConfig()
    made = Dying(proposer=["not a proposal"])
    curriculum, algorithm = Curriculum(config.curriculum, [env]), make_algorithm(config.algorithm, config)
    episodes = Episodes(config, tiny, made, curriculum, lambda env, programs: [], algorithm)
    server.always = "die"
    rng = SeededRng(("test",))
    rollouts = episodes.propose(rng)
    episodes.pose(rollouts, rng)
    with pytest.raises(InfrastructureError, match="no answer from"):
        episodes.answer(rollouts, rng)
    asked = [each for rollout in rollouts for each in rollout.answered_items]
    assert asked and all(not each.scores and not each.answers for each in asked)


def sleeper() -> psutil.Popen:
    return psutil.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def test_work_that_waits_for_a_killed_process_is_given_up_and_says_so() -> None:
    living, dying = sleeper(), sleeper()
    never = threading.Event()
    began = time.monotonic()
    killer = threading.Timer(0.3, dying.kill)
    killer.start()
    try:
        with pytest.raises(UnreachableError, match=rf"process {dying.pid} was killed.*resumed"):
            watched(never.wait, [living, dying], poll_seconds=0.05)
        assert time.monotonic() - began < 20
    finally:
        never.set()
        living.kill()
        living.wait(), dying.wait()


def test_work_that_ends_gives_its_result_or_its_error() -> None:
    process = sleeper()
    try:
        assert watched(lambda: 7, [process]) == watched(lambda: 7, []) == 7
        for processes in ([process], []):
            with pytest.raises(ZeroDivisionError):
                watched(lambda: 1 / 0, processes)
    finally:
        process.kill()
        process.wait()
