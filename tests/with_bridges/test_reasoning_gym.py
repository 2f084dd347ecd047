"""reasoning-gym's data sets as worlds: typeset, solved, scored, and made into data sets as any other."""

import json
from pathlib import Path

import pytest
from zerosight_reasoning import DATASETS, ReasoningWorld, UnwrappableError

import zerosight
from zerosight.envs import Rejected, SeededRng, make
from zerosight.train.data.make import make_data
from zerosight.train.data.plan import DataPlan
from zerosight.train.data.scoring import read_rows

NAMES = ("leg_counting", "basic_arithmetic", "number_sequence")
WRAPPABLE = [name for name, (kind, _) in DATASETS.items() if "score_answer" not in vars(kind)]


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_becomes_an_item_that_its_answer_solves(name: str) -> None:
    env = ReasoningWorld(name)
    item = env.sample(SeededRng(("test", name)), name, 1)
    again = env.sample(SeededRng(("test", name)), name, 1)
    assert item.to_json() == again.to_json()
    assert env.solve(item.scene, item.question.query) == item.truth
    assert zerosight.score(item, f"The answer is {item.truth.value}.").value == 1.0
    assert zerosight.score(item, f"{item.truth.value}7").value == 0.0
    other = env.sample(SeededRng(("other", name)), name, 1)
    assert isinstance(env.solve(other.scene, item.question.query), Rejected)
    assert env.render_item(item, 448).array.min() < 100


def test_worlds_are_found_by_their_ids_and_make_data_sets(tmp_path: Path) -> None:
    world = "reasoning/LegCounting-v1"
    assert make(world).id == world
    make_data(tmp_path / "data", DataPlan(worlds=(world,), count=4), "jsonl")
    for row in read_rows(tmp_path / "data"):
        assert zerosight.score(row["truth"], row["answer"]).value == 1.0
        assert json.loads(row["truth"])["world"] == world


def test_data_sets_of_one_right_answer_can_be_wrapped_and_the_others_say_why() -> None:
    assert len(WRAPPABLE) > 30
    for name in WRAPPABLE[:12]:
        ReasoningWorld(name)
    other = next(name for name in DATASETS if name not in WRAPPABLE)
    with pytest.raises(UnwrappableError, match="a program of its own"):
        ReasoningWorld(other)
    with pytest.raises(UnwrappableError, match="has no data set"):
        ReasoningWorld("no_such")
