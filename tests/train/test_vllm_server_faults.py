"""A vLLM server that dies, lies or dawdles: nothing finished is lost, nothing wrong is taken for an answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from protocol_server import ProtocolServer, sampled

from zerosight.envs import InfrastructureError
from zerosight.render import Picture
from zerosight.roles.messages import chat
from zerosight.train.generators import (
    AdapterError,
    Checks,
    CountError,
    Endpoint,
    Fingerprint,
    FingerprintError,
    GeneratorError,
    MissingLogprobsError,
    OtherIdsError,
    RefusedError,
    ReplyError,
    UnreachableError,
    VLLMServerGenerator,
)
from zerosight.train.generators.seeds import request_seed
from zerosight.train.models.completions import Prompt, Sampling
from zerosight.train.models.policy import Policy

PROMPTS = [Prompt((20, 21, 30 + n)) for n in range(6)]
SAMPLING = Sampling(max_new_tokens=8, n=2)


@pytest.fixture
def server() -> Iterator[ProtocolServer]:
    made = ProtocolServer()
    yield made
    made.close()


def generator(server: ProtocolServer, policy: Policy, timeout: float = 5.0, **options: Any) -> VLLMServerGenerator:
    endpoint = Endpoint(url=server.url, timeout=timeout, retries=2, backoff=0.01)
    return VLLMServerGenerator(endpoint, Checks.of(policy), "base", **{"adapters": False, "concurrency": 1, **options})


def ids_of(found: Any) -> list[list[tuple[int, ...]]]:
    return [[completion.ids for completion in group] for group in found]


def expected_ids(seed: int, places: range = range(6)) -> list[list[tuple[int, ...]]]:
    return [[tuple(sampled(request_seed(seed, place), k)) for k in range(2)] for place in places]


def test_completions_are_as_sampled(server: ProtocolServer, tiny: Policy) -> None:
    found = generator(server, tiny, concurrency=4).generate("solver", PROMPTS, SAMPLING, 3)
    assert ids_of(found) == expected_ids(3)
    assert all(c.logprobs == (-1.0,) * 3 and c.finished and c.trainable for group in found for c in group)
    [body] = [body for body in server.completions() if body["prompt"] == [20, 21, 30]]
    said = {key: body[key] for key in ("n", "top_p", "top_k", "ignore_eos", "stop_token_ids", "bad_words",
                                      "model")}  # fmt: skip
    assert said == {"n": 2, "top_p": 1.0, "top_k": -1, "ignore_eos": True, "stop_token_ids": [2],
                    "bad_words": ["<pad>", "<image>"], "model": "base"}  # fmt: skip


def test_server_that_dies_mid_batch_loses_nothing_finished(server: ProtocolServer, tiny: Policy) -> None:
    made = generator(server, tiny)
    server.plan.extend(["ok", "ok", "ok"])
    server.always = "die"
    with pytest.raises(UnreachableError, match=r"no answer from .* after 3 tries .* is the server running") as caught:
        made.generate("solver", PROMPTS, SAMPLING, 3)
    assert isinstance(caught.value, InfrastructureError)
    server.always, asked = "ok", len(server.requests)
    assert ids_of(made.generate("solver", PROMPTS, SAMPLING, 3)) == expected_ids(3)
    assert [body["prompt"][2] for body in server.completions()[asked:]] == [33, 34, 35]


def test_what_was_kept_is_not_given_to_another_batch(server: ProtocolServer, tiny: Policy) -> None:
    made = generator(server, tiny)
    server.plan.extend(["ok", "ok"])
    server.always = "die"
    with pytest.raises(UnreachableError):
        made.generate("solver", PROMPTS, SAMPLING, 3)
    server.always = "ok"
    assert ids_of(made.generate("solver", PROMPTS, SAMPLING, 4)) == expected_ids(4)
    # A batch that is whole is not kept: a later equal one is another draw's business, and is sampled anew.
    asked = len(server.requests)
    made.generate("solver", PROMPTS, SAMPLING, 4)
    assert len(server.requests) == asked + 6


@pytest.mark.parametrize("fault", ["die", "cut", "429", "500"])
def test_what_passes_is_retried(server: ProtocolServer, tiny: Policy, fault: str) -> None:
    server.plan.extend([fault, fault])
    assert ids_of(generator(server, tiny).generate("solver", PROMPTS, SAMPLING, 3)) == expected_ids(3)
    assert len(server.completions()) == 6 + 2


def test_no_server_at_all(tiny: Policy) -> None:
    gone = ProtocolServer()
    gone.close()
    made = generator(gone, tiny)
    with pytest.raises(UnreachableError, match=f"no answer from {gone.url}/.*Connection refused"):
        made.generate("solver", PROMPTS, SAMPLING, 3)


def test_slow_server_is_given_up(server: ProtocolServer, tiny: Policy) -> None:
    server.always = "slow"
    with pytest.raises(UnreachableError, match=r"timed out.*longer generator.timeout \(now 0.2 s\)"):
        generator(server, tiny, timeout=0.2).generate("solver", PROMPTS[:1], SAMPLING, 3)


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ("html", ReplyError, "replied with no JSON: b\"<html>a proxy's page"),
        ("empty", ReplyError, "replied without 'choices'"),
        ("list", ReplyError, "replied without 'choices'"),
        ("fewer", CountError, "gave 1 completions where 2 were asked for"),
        ("more", CountError, "gave 3 completions where 2 were asked for"),
        ("other prompt", OtherIdsError, "read a prompt of 2 tokens, the trainer one of 3; they differ from token 0"),
        ("suppressed", OtherIdsError, "sampled '<image>' \\(id 1\\), which it was told never to sample"),
        ("unknown", OtherIdsError, "sampled 1000000, which is not an id of this tokenizer"),
        ("after the end", OtherIdsError, "went on sampling after the end token, at token 0 of 3"),
        ("long", OtherIdsError, "sampled 99 tokens where 8 were allowed"),
        ("text", OtherIdsError, "gave 'red' as sampled token ids"),
        ("no ids", OtherIdsError, "gave None as sampled token ids"),
        ("early", ReplyError, "stopped after 1 of 8 tokens without an end token"),
        ("no logprobs", MissingLogprobsError, "gave no log-probs for 3 tokens"),
        ("few logprobs", MissingLogprobsError, "gave 2 log-probs for 3 tokens"),
        ("nan", MissingLogprobsError, "gave None as a log-prob"),
        ("positive", MissingLogprobsError, "gave 0.5 as a log-prob"),
        ("400", RefusedError, "refused: HTTP 400: prompt too long"),
    ],
)
def test_a_wrong_reply_is_an_error_and_the_rest_is_kept(
    server: ProtocolServer, tiny: Policy, fault: str, error: type[GeneratorError], message: str
) -> None:
    made = generator(server, tiny)
    server.plan.extend(["ok", "ok", fault])
    with pytest.raises(error, match=message):
        made.generate("solver", PROMPTS, SAMPLING, 3)
    assert len(server.requests) == 3
    assert ids_of(made.generate("solver", PROMPTS, SAMPLING, 3)) == expected_ids(3)
    assert len(server.requests) == 3 + 4


def test_a_picture_goes_by_chat_and_must_be_read_as_the_trainer_does(server: ProtocolServer, tiny: Policy) -> None:
    picture = Picture(np.zeros((64, 64, 3), np.uint8))
    prompt = tiny.prompt(chat("Answer.", "what is red?", image=True), picture)
    made = generator(server, tiny)
    server.prompt_ids = list(prompt.ids)
    assert ids_of(made.generate("solver", [prompt], SAMPLING, 3)) == expected_ids(3, range(1))
    [(path, body)] = server.requests
    assert path == "/v1/chat/completions"
    image, text = body["messages"][0]["content"]
    assert image["image_url"]["url"].startswith("data:image/png;base64,")
    assert text["text"] == prompt.text
    for other in ([*prompt.ids, 5], None):
        server.prompt_ids = other
        with pytest.raises(OtherIdsError, match="read"):
            made.generate("solver", [prompt], SAMPLING, 3)
    with pytest.raises(ValueError, match=r"needs Prompt.text and Prompt.picture"):
        made.generate("solver", [prompt._replace(picture=None)], SAMPLING, 3)


# --- adapters -------------------------------------------------------------------------------------------------


def probe(logprob: float) -> Fingerprint:
    return Fingerprint(lambda role, prompt, ids: [logprob] * len(ids), Prompt((30, 31)), tolerance=0.05)


def test_adapters_are_loaded_checked_and_replaced(server: ProtocolServer, tiny: Policy, tmp_path: Path) -> None:
    made = generator(server, tiny, adapters=True, fingerprint=probe(-1.0))
    with pytest.raises(AdapterError, match=r"solver has no adapter on .* \(loaded: none\); call sync first"):
        made.generate("solver", PROMPTS, SAMPLING, 3)
    made.sync({"solver": tmp_path / "a", "coder": tmp_path / "b"}, 1)
    assert server.adapters == {"solver-1": str(tmp_path / "a"), "coder-1": str(tmp_path / "b")}
    made.sync({"solver": tmp_path / "c", "coder": tmp_path / "d"}, 2)
    assert server.adapters == {"solver-2": str(tmp_path / "c"), "coder-2": str(tmp_path / "d")}
    assert made.version == 2
    made.generate("solver", PROMPTS[:1], SAMPLING, 3)
    assert server.completions()[-1]["model"] == "solver-2"
    # A run that was resumed finds the name taken, by weights that may be others.
    resumed = generator(server, tiny, adapters=True, fingerprint=probe(-1.0))
    resumed.sync({"solver": tmp_path / "e"}, 2)
    assert server.adapters["solver-2"] == str(tmp_path / "e")


def test_refused_adapter_leaves_the_old_one(server: ProtocolServer, tiny: Policy, tmp_path: Path) -> None:
    made = generator(server, tiny, adapters=True)
    made.sync({"solver": tmp_path / "a"}, 1)
    server.refuse_adapters = True
    with pytest.raises(AdapterError, match=r"does not take solver's adapter .*No adapter found.*VLLM_ALLOW_RUNTIME"):
        made.sync({"solver": tmp_path / "b"}, 2)
    assert made.version == 1
    made.generate("solver", PROMPTS[:1], SAMPLING, 3)
    assert server.completions()[-1]["model"] == "solver-1"


def test_adapter_that_is_not_the_trainers_is_dropped(server: ProtocolServer, tiny: Policy, tmp_path: Path) -> None:
    made = generator(server, tiny, adapters=True, fingerprint=probe(-1.0))
    made.sync({"solver": tmp_path / "a"}, 1)
    server.logprob = -1.2
    with pytest.raises(FingerprintError, match=r"solver: backend and trainer differ by 0.200 nats a token"):
        made.sync({"solver": tmp_path / "b"}, 2)
    assert server.adapters == {"solver-1": str(tmp_path / "a")}
    assert made.version == 1
    server.logprob, server.always = -1.0, "die"
    with pytest.raises(UnreachableError):
        made.sync({"solver": tmp_path / "b"}, 3)
    server.always = "ok"
    made.generate("solver", PROMPTS[:1], SAMPLING, 3)
    assert server.completions()[-1]["model"] == "solver-1"


def test_server_that_was_started_anew_gets_its_adapters_again(
    server: ProtocolServer, tiny: Policy, tmp_path: Path
) -> None:
    made = generator(server, tiny, adapters=True, fingerprint=probe(-1.0))
    made.sync({"solver": tmp_path / "a", "coder": tmp_path / "b"}, 5)
    asked = len(server.completions())
    ask, made._ask = made._ask, lambda body, prompt, sampling: forgetful(body, prompt, sampling)  # type: ignore[method-assign]

    def forgetful(body: Any, prompt: Prompt, sampling: Sampling) -> Any:
        if prompt is PROMPTS[4] and not forgot:
            forgot.append(True)
            server.adapters.clear()
        return ask(body, prompt, sampling)

    forgot: list[bool] = []
    assert ids_of(made.generate("solver", PROMPTS, SAMPLING, 3)) == expected_ids(3)
    # Four before it, the one that was refused, a probe for each role, and the two that were missing.
    assert len(server.completions()) - asked == 4 + 1 + 2 + 2
    assert server.adapters == {"solver-5": str(tmp_path / "a"), "coder-5": str(tmp_path / "b")}
    server.adapters.clear()
    server.refuse_adapters = True
    with pytest.raises(AdapterError, match="does not take solver's adapter"):
        made.generate("solver", PROMPTS, SAMPLING, 3)


def test_schema_is_sent_but_not_with_the_probe(server: ProtocolServer, tiny: Policy, tmp_path: Path) -> None:
    made = generator(server, tiny, adapters=True, fingerprint=probe(-1.0), schemas={"proposer": {"type": "object"}})
    made.sync({"proposer": tmp_path / "a"}, 1)
    assert "structured_outputs" not in server.completions()[-1]
    made.generate("proposer", PROMPTS[:1], SAMPLING, 3)
    assert server.completions()[-1]["structured_outputs"] == {"json": {"type": "object"}}
