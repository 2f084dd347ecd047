"""Our own suites: fixed by version, balanced over worlds, forms and bands; fresh variants share no item with them."""

from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from zerosight.benchmarks.evaluation.benchmark import EvaluationError
from zerosight.benchmarks.evaluation.items import AskingStyle
from zerosight.benchmarks.evaluation.own import BANDS, OWN, OwnSuite, difficulty_of_band, foreign, suite_digest
from zerosight.benchmarks.samples import Sample
from zerosight.envs import list_environments, make
from zerosight.roles import solver

SUITE = OWN["zerosight/heldout-v1"]
CANVAS = SUITE.only(["shapes/Canvas-v1"])
PINNED = {
    "shapes/Canvas-v1": (180, "812ab5092ca0aaf1555d13c01e5c24ac0c9628fb6f859dfbe62b2a9037e42d07"),
    "shapes/Canvas-v2": (24, "334c89f68cce72ad39fef0ac75907a7d54d8d2eae781ee203952c529f03c3a7e"),
    "charts/Chart-v1": (6, "fdfd96bac697879f8ec2fbecefb6247dc1abab9c0a5ac4964f59f2e47aa51e7c"),
    "diagrams/Geometry-v1": (15, "088f5fe273bf6f81cd291de114518be15316236c4a6fee22fbde77e00bdb123f"),
    "transforms/Edit-v1": (12, "4a26439d9ed3102167cc6e75d79cdc9814b4567b23be8fcb4e384a86832143f4"),
    "spatial/Rooms-v1": (6, "91f68eb8b71c6fccd6c25c810c2228b27688f7795d35d3fabfb09997ca4b0630"),
}
"""How many items of each world are looked at, and their digest: a change of any is another suite, not this version."""


def samples_of(suite: OwnSuite, limit: int | None = None) -> list[Sample]:
    return [sample for sample in suite.load(None, limit) if isinstance(sample, Sample)]


@pytest.mark.parametrize("world", PINNED)
def test_items_are_those_of_this_version(world: str) -> None:
    count, digest = PINNED[world]
    samples = samples_of(SUITE.only([world]), count)
    assert len({sample.id for sample in samples}) == count
    assert suite_digest(samples) == digest


def test_a_whole_suite_of_other_items_is_called_so() -> None:
    small = replace(CANVAS, rounds=1)
    samples = samples_of(small)
    due = suite_digest(samples)
    assert foreign(replace(small, digest=due), samples) == ""
    assert "not comparable" in foreign(replace(small, digest="0" * 64), samples)
    assert foreign(replace(small, digest="0" * 64), samples[:-1]) == "", "of a part nothing is known"
    assert SUITE.digest and not CANVAS.digest and not SUITE.fresh(1).digest


LATER = {"spatial/Rooms-v2"}
"""Worlds that came after this version of the suite."""


def test_every_built_in_world_is_in_the_suite() -> None:
    assert set(SUITE.worlds) | LATER == set(list_environments())


def test_forms_and_bands_are_equally_many() -> None:
    samples = samples_of(CANVAS)
    assert set(Counter(sample.category["form"] for sample in samples).values()) == {12}
    assert Counter(sample.category["band"] for sample in samples) == dict.fromkeys(BANDS, 60)


@pytest.mark.parametrize("world", SUITE.worlds)
def test_bands_are_three_difficulties_in_order(world: str) -> None:
    env = make(world)
    levels = [difficulty_of_band(env, band) for band in BANDS]
    assert levels == sorted(set(levels))
    assert (levels[0], levels[2]) == (min(env.difficulties), max(env.difficulties))


def test_the_first_items_are_a_fair_share_of_the_worlds() -> None:
    assert Counter(world for world, *_ in islice(SUITE._places(), 36)) == dict.fromkeys(SUITE.worlds, 6)


def test_right_answers_score_1_and_others_0() -> None:
    for sample in samples_of(CANVAS, 45):
        assert CANVAS.score(sample, str(sample.answer)) == 1.0
        assert CANVAS.score(sample, "I would rather not say") == 0.0
        wrong = [option for option in sample.options if option != sample.answer]
        assert all(CANVAS.score(sample, option) == 0.0 for option in wrong)


def test_constant_answers_are_near_chance_by_form() -> None:
    suite = OwnSuite(name="t", title="t", worlds=("shapes/Canvas-v1",), rounds=12)
    samples = samples_of(suite)
    form = "shapes/Canvas-v1 exists"
    part = [sample for sample in samples if sample.category["form"] == form]
    rate = sum(suite.score(sample, "yes") for sample in part) / len(part)
    assert suite.chance[form] == 0.5
    assert abs(rate - 0.5) < 0.34, "four deviations of 36 fair coins"


def test_fresh_items_are_others_of_the_same_kinds() -> None:
    fixed, fresh = samples_of(CANVAS), samples_of(CANVAS.fresh(77))
    assert [sample.id for sample in fresh] == [sample.id for sample in fixed]
    assert [sample.category for sample in fresh] == [sample.category for sample in fixed]
    known = {sample.fields["item"].digest for sample in fixed}
    drawn = {sample.fields["item"].digest for sample in fresh}
    assert not known & drawn
    assert suite_digest(samples_of(CANVAS.fresh(77))) == suite_digest(fresh)
    assert not drawn & {sample.fields["item"].digest for sample in samples_of(CANVAS.fresh(78))}


def test_a_fresh_item_that_the_fixed_suite_has_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    import zerosight.benchmarks.evaluation.own as module

    fresh = CANVAS.fresh(77)
    (first,) = samples_of(fresh, 1)
    monkeypatch.setattr(module, "_fixed_digests", lambda *_: {first.fields["item"].digest})
    (other,) = samples_of(fresh, 1)
    assert other.fields["item"].digest != first.fields["item"].digest

    class All:
        def __contains__(self, digest: str) -> bool:
            return True

    monkeypatch.setattr(module, "_fixed_digests", lambda *_: All())
    with pytest.raises(EvaluationError, match="hardly more items than the fixed suite shows"):
        samples_of(fresh, 1)


@pytest.mark.parametrize("world", SUITE.worlds)
def test_stored_items_are_the_drawn_ones(world: str, tmp_path: Path) -> None:
    suite = SUITE.only([world]).kept_in(tmp_path / "items")
    drawn = samples_of(suite, 2)
    (path,) = (tmp_path / "items").iterdir()
    # A kill in the middle of a line: it is drawn again, and what follows is not joined to it.
    path.write_bytes(path.read_bytes()[:-40])
    again = samples_of(suite, 2)
    assert suite_digest(again) == suite_digest(drawn)
    before = path.read_bytes()
    read = samples_of(suite, 2)
    assert path.read_bytes() == before, "nothing was drawn"
    assert suite_digest(read) == suite_digest(drawn)
    for one, other in zip(drawn, read, strict=True):
        assert other.images[0].open().tobytes() == one.images[0].open().tobytes()
        assert suite.score(other, str(other.answer)) == 1.0
        assert suite.prompt(other) == suite.prompt(one)


def test_a_world_that_is_not_in_it_is_named() -> None:
    with pytest.raises(EvaluationError, match=r"has no world 'shapes/Canvas'; it has shapes/Canvas-v1"):
        SUITE.only(["shapes/Canvas"])


def test_averages_are_plain_means() -> None:
    samples = samples_of(CANVAS, 6)
    scores = [1.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    found = CANVAS.aggregate(list(zip(samples, scores, strict=True)))
    assert found["overall"] == 0.5
    assert (found["easy"], found["middle"], found["hard"]) == (1.0, 0.0, 0.5)
    assert found["shapes/Canvas-v1 count"] == pytest.approx(2 / 3)


def test_a_suite_is_asked_as_a_run_asks_its_solver() -> None:
    item = samples_of(CANVAS, 1)[0]
    assert CANVAS.prompt(item).endswith(("(a number)", "(yes or no)", "(one word)"))
    full = CANVAS.asked_in(AskingStyle(style="full"))
    turns = solver.prompt(item.fields["item"].question, style="full")
    assert [full.system, full.prompt(item)] == [turns[0]["content"][0]["text"], turns[1]["content"][-1]["text"]]
    assert full.max_new_tokens is not None and CANVAS.max_new_tokens is not None
    assert full.max_new_tokens > CANVAS.max_new_tokens, "there is room for a sentence"
    assert "Think step by step" in CANVAS.asked_in(AskingStyle("full", "reason")).system
    assert full.digest == CANVAS.digest and full.name == CANVAS.name
