"""The scorer as a library: the same score from an item, a truth, a row; bounded, and without torch."""

import subprocess
import sys
import time

import pytest

import zerosight
from zerosight.benchmarks.own.data_sets import HOSTILE_PIECES
from zerosight.envs import Truth, item_rng, make
from zerosight.envs.scorer import MAX_REPLY_CHARS, TruthError, truth_dict, truth_json

WORLD = "shapes/Canvas-v2"
HOSTILE = [*HOSTILE_PIECES, "\ud800", "["]


@pytest.mark.parametrize("number", range(12))
def test_item_truth_and_row_score_alike(number: int) -> None:
    env = make(WORLD)
    item = env.sample(item_rng(WORLD, "dev", 3, number), list(env.tasks)[number % len(env.tasks)], 2)
    for reply in (item.truth.value, f"<answer>{item.truth.value}</answer>", "none", ""):
        expected = env.score(item.truth, item.question.options, reply)
        row = {"id": "x", "truth": truth_json(item)}
        assert [zerosight.score(truth, reply) for truth in (item, truth_dict(item), truth_json(item), row)] == [
            expected
        ] * 4


def test_a_truth_alone_is_enough_for_amounts() -> None:
    assert zerosight.score(Truth("10", "decimal", 1.0, tolerance=0.05), "10.4").value == 1.0


@pytest.mark.parametrize(
    ("truth", "message"),
    [("{", "JSON text"), ({"value": "3"}, "value and kind"), ({"value": "3", "kind": "colour"}, "allowed: ")],
)
def test_what_is_no_truth_is_refused(truth: object, message: str) -> None:
    with pytest.raises(TruthError, match=message):
        zerosight.score(truth, "3")  # type: ignore[arg-type]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_million_characters_cost_little_more_than_the_end_of_them(piece: str) -> None:
    truth = {"value": "3", "kind": "number"}

    def seconds(reply: str) -> float:
        began = time.thread_time()
        zerosight.score(truth, reply)
        return time.thread_time() - began

    # Loose, for a busy machine: unbounded, they take half a second.
    assert min(seconds(piece * (1_000_000 // len(piece))) for _ in range(3)) < 0.2


def test_a_long_reply_is_read_from_its_end() -> None:
    truth = {"value": "3", "kind": "number"}
    prose = "I look at the picture. " * (MAX_REPLY_CHARS // 10)
    assert zerosight.score(truth, f"<think>{prose}</think> 3").value == 1.0
    assert zerosight.score(truth, f"{prose}<answer>3</answer>").value == 1.0
    assert zerosight.score(truth, f"<think>{prose} 3").value == 0.0


def test_neither_torch_nor_a_model_library_is_loaded() -> None:
    code = "import sys, zerosight; zerosight.score({'value': '3', 'kind': 'number'}, '3'); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "transformers", "matplotlib", "pickle5"} & set(modules)
