"""What can be evaluated: the shipped model, a run and its roles, an adapter, an endpoint."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from toy_benchmark import Toy, question
from toy_server import ToyServer

from zerosight.benchmarks.evaluation.benchmark import EvaluationError
from zerosight.benchmarks.evaluation.cache import Cache
from zerosight.benchmarks.evaluation.models import Answerer, folder_digest, open_model
from zerosight.benchmarks.evaluation.own import OWN
from zerosight.benchmarks.evaluation.runner import ask
from zerosight.benchmarks.evaluation.settings import Settings
from zerosight.train.config import build
from zerosight.train.learning.learner import Learner
from zerosight.train.models.load import EMBEDDED_SEED, load_policy
from zerosight.train.models.policy import ModelNotFoundError
from zerosight.train.runs.export import export
from zerosight.train.runs.store import Run

SUITE = OWN["zerosight/heldout-v1"].only(["shapes/Canvas-v1"])


@pytest.fixture
def server() -> Iterator[ToyServer]:
    made = ToyServer()
    yield made
    made.close()


def answers(model: Answerer, folder: Path) -> list[str]:
    return [row.reply for row in ask(SUITE, model, Cache(folder), Settings(limit=24, max_new_tokens=4)).rows]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Of the embedded model with an adapter for each role; the Coder's was moved."""
    made = Run.create(tmp_path_factory.mktemp("runs") / "lora", build({"sharing": "lora", "lora_rank": 2, "steps": 1}))
    policy = load_policy(made.config, torch.device("cpu"))
    with torch.no_grad():
        for parameter in policy.parameters("coder"):
            parameter += 0.2
    made.checkpoint(1, policy, Learner(policy, made.config.learning, 1), {})
    return made


def test_the_embedded_model_takes_one_picture(tmp_path: Path) -> None:
    model = open_model("embedded", work=tmp_path)
    assert not model.several and model.asking.style == "short"
    assert len(set(answers(model, tmp_path / "cache"))) > 3


def test_a_runs_roles_are_its_adapters_and_have_digests_of_their_own(run: Run, tmp_path: Path) -> None:
    solver = open_model(str(run.folder), work=tmp_path)
    coder = open_model(f"{run.folder}:coder", work=tmp_path)
    embedded = open_model("embedded", work=tmp_path)
    assert (solver.role, coder.role) == ("solver", "coder")
    same = answers(embedded, tmp_path / "cache")
    # One folder for all: were a key the same, another's replies would be found.
    assert answers(solver, tmp_path / "cache") == same, "an adapter that was not trained changes nothing"
    moved = answers(coder, tmp_path / "cache")
    assert moved != same
    export(run.folder, tmp_path / "adapter", "coder", "adapter")
    settings = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = str(EMBEDDED_SEED)
    (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps(settings))
    assert answers(open_model(str(tmp_path / "adapter"), work=tmp_path), tmp_path / "cache") == moved
    settings["base_model_name_or_path"] = None
    (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps(settings))
    with pytest.raises(EvaluationError, match=r"names no base_model_name_or_path; write the base model's folder"):
        open_model(str(tmp_path / "adapter"), work=tmp_path)


def test_other_weights_have_another_digest(tmp_path: Path) -> None:
    for name in ("a.safetensors", "config.json"):
        (tmp_path / name).write_bytes(b"1")
    before = folder_digest(tmp_path)
    (tmp_path / "training.log").write_bytes(b"not the model's")
    assert folder_digest(tmp_path) == before
    (tmp_path / "a.safetensors").write_bytes(b"2")
    assert folder_digest(tmp_path) != before


def test_an_endpoint_gets_every_picture_and_the_key(server: ToyServer, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret\n")
    model = open_model(f"{server.url}/v1#small", work=tmp_path, key_file=tmp_path / "key")
    benchmark = Toy(rows=[question(1, "red"), question(3, "red", "green", "blue")])
    found = ask(benchmark, model, Cache(tmp_path / "cache"), Settings())
    assert [row.score for row in found.rows] == [1.0, 1.0], "the server counts the pictures"
    assert {body["model"] for body in server.bodies} == {"small"}
    assert {body["temperature"] for body in server.bodies} == {0.0}
    assert set(server.keys) == {"Bearer secret"}


def test_one_refused_question_costs_no_other(server: ToyServer, tmp_path: Path) -> None:
    server.refused = ("Question 2?",)
    model = open_model(f"{server.url}#small", work=tmp_path)
    found = ask(Toy(rows=[question(n) for n in range(4)]), model, Cache(tmp_path / "cache"), Settings())
    assert [row.outcome for row in found.rows] == ["answered", "answered", "failed", "answered"]
    assert "I will not" in found.rows[2].reason


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("http://127.0.0.1:9", EvaluationError, "does not say which model; write http://127.0.0.1:9#NAME"),
        ("no/where/at/all", ModelNotFoundError, "no model at 'no/where/at/all'"),
    ],
)
def test_a_name_that_is_no_model_says_so(name: str, error: type[Exception], message: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=message):
        open_model(name, work=tmp_path)


def test_vllm_takes_plain_models_and_says_where_it_is_missing(run: Run, tmp_path: Path) -> None:
    for name in (str(run.folder), f"{run.folder}:coder", "http://127.0.0.1:9#m"):
        with pytest.raises(EvaluationError, match=r"the backend vllm takes a model's id or folder.*export a role"):
            open_model(name, backend="vllm", work=tmp_path)
    with pytest.raises(EvaluationError, match="vLLM is not installed"):
        open_model("embedded", backend="vllm", work=tmp_path)


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"the key file .* cannot be read: No such file"):
        open_model("http://127.0.0.1:9#m", work=tmp_path, key_file=tmp_path / "none")
