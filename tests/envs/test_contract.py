"""The contract on every registered environment, and the contract's own check on environments that break it."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from zerosight.envs import Item, Rejected, SeededRng, Truth, checker, list_environments, make
from zerosight.envs.checker import (
    CheckResult,
    best_constant,
    check_environment,
    hedged_replies,
    highest_by_chance,
    neighbouring_answers,
)
from zerosight.envs.gallery import gallery_page
from zerosight.envs.shapes.canvas import CanvasV1

NAMES = {
    "same key, same item", "same item in another process", "no item twice", "splits share no item",
    "seeds share no item",
    "fields fit the task", "truth scores 1", "near misses score 0", "JSON round trip", "drawn and solved again",
    "query read again", "same picture again", "second method agrees", "guessing stays at chance",
    "words do not name the answer", "quick",
}  # fmt: skip


@pytest.mark.parametrize("env_id", list_environments(), ids=lambda env_id: env_id.replace("/", "-"))
def test_contract_holds(env_id):
    # Worlds whose programs run code take a hundred times as long, and one of them has 24 forms.
    results = check_environment(env_id, {"svg": 6, "solid": 1}.get(make(env_id).renderer, 3))
    assert {result.name for result in results} == NAMES
    broken = [f"{result.name}: {result.detail}" for result in results if not result.holds]
    assert not broken, "\n".join(broken)


class Toy(CanvasV1):
    """A sound environment of one task, to be broken in one place by each test below."""

    id = "toy/Toy-v1"
    tasks = MappingProxyType({"shape": CanvasV1.tasks["shape"]})


class Forgetful(Toy):
    """Gives another item the second time: it has a state."""

    calls = 0

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        type(self).calls += 1
        return super().sample(rng.child(type(self).calls), task, difficulty)


class SeedPlusIndex(Toy):
    """Neighbouring seeds share items."""

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        env_id, split, seed, index = rng.key
        return super().sample(SeededRng((env_id, split, seed + index)), task, difficulty)


class SplitBlind(Toy):
    """The held-out items are the training items."""

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        return super().sample(SeededRng((rng.key[0], *rng.key[2:])), task, difficulty)


class WrongTruth(Toy):
    """Stores an answer that its own scene does not give."""

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        item = super().sample(rng, task, difficulty)
        return replace(
            item, truth=replace(item.truth, value=next(o for o in item.question.options if o != item.truth.value))
        )


class Generous(Toy):
    """Takes any reply that has the answer in it."""

    def score(self, truth, options, answer_text):
        score = super().score(truth, options, answer_text)
        return replace(score, value=float(truth.value in answer_text.lower()))


class Lopsided(Toy):
    """Nearly always a circle."""

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        tries = (super(Lopsided, self).sample(rng.child(n), task, difficulty) for n in range(100))
        return next(item for item in tries if item.truth.value == "circle")


class Telling(Toy):
    """Its questions name their answers."""

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        item = super().sample(rng, task, difficulty)
        return replace(item, question=replace(item.question, text=f"which shape is the {item.truth.value}?"))


class Disagreeing(Toy):
    """Its two methods differ now and then."""

    def second_method(self, scene, query) -> str | None:
        truth = self.solve(scene, query)
        return truth.value if isinstance(truth, Truth) and len(scene.objects) < 5 else "circle"


class Agreeing(Toy):
    """A second method that answers where it can."""

    def second_method(self, scene, query) -> str | None:
        truth = self.solve(scene, query)
        return None if isinstance(truth, Rejected) or len(scene.objects) > 4 else truth.value


@pytest.fixture
def check(monkeypatch):
    """Checks a class without registering it; a class of this file cannot be made in another process."""
    monkeypatch.setattr(checker, "_fresh_process", lambda env, items, n: CheckResult("another process", True, ""))

    def run(cls: type[CanvasV1], n: int = 12) -> set[str]:
        monkeypatch.setattr(checker, "make", lambda env_id: cls())
        return {result.name for result in check_environment(cls.id, n) if not result.holds}

    return run


@pytest.mark.parametrize("cls", [Toy, Agreeing], ids=lambda cls: cls.__name__)
def test_sound_environment_passes(check, cls):
    assert check(cls) == set()


@pytest.mark.parametrize(
    ("cls", "broken"),
    [
        (Forgetful, {"same key, same item"}),
        (SeedPlusIndex, {"seeds share no item"}),
        (SplitBlind, {"splits share no item"}),
        (WrongTruth, {"drawn and solved again"}),
        (Generous, {"near misses score 0"}),
        (Lopsided, {"guessing stays at chance"}),
        (Telling, {"words do not name the answer"}),
        (Disagreeing, {"second method agrees"}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_broken_environment_is_found_out(check, cls, broken):
    found = check(cls)
    assert found == broken


def test_environment_that_another_process_cannot_make_is_reported(monkeypatch):
    monkeypatch.setattr(checker, "make", lambda env_id: Toy())
    [result] = [each for each in check_environment("toy/Toy-v1", 1) if each.name == "same item in another process"]
    assert not result.holds and "toy/Toy-v1" in result.detail


def test_near_misses_are_not_the_answer(env):
    for task in env.tasks.values():
        for value in task.options:
            assert value not in hedged_replies(value, task.kind, task.options)
            assert value not in neighbouring_answers(value, task.kind, task.options, 0.0)


@pytest.mark.parametrize(("n", "chance"), [(20, 0.5), (600, 1 / 6), (6, 0.25), (1, 0.5), (0, 0.5)])
def test_bound_is_the_tail_of_the_binomial(n, chance):
    import math

    bound = highest_by_chance(n, chance)
    above = sum(math.comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(bound + 1, n + 1))
    assert above <= 0.001 + 1e-9
    assert bound == 0 or above + math.comb(n, bound) * chance**bound * (1 - chance) ** (n - bound) > 0.001


def test_best_constant_of_nothing_is_zero():
    assert best_constant([]) == 0


def test_gallery_is_one_page_that_loads_nothing(env):
    items = checker.sample_items(env, 1)
    page = gallery_page(env, items)
    assert page.count("<article>") == len(items) == page.count("data:image/png;base64,iVBOR")
    assert "http" not in page.replace("http-equiv", "") and "<script" not in page and "<link" not in page
    assert "prefers-color-scheme: dark" in page
    for item in items:
        assert f"difficulty {item.difficulty}, margin {item.truth.margin:g} px" in page
        assert item.question.text in page and item.id in page


def test_gallery_escapes_what_it_shows(env):
    item = make(env.id).sample(SeededRng(("gallery",)), "count", 1)
    hostile = replace(item, question=replace(item.question, text="<script>alert('x')</script>"), task="<b>")
    page = gallery_page(env, [hostile])
    assert "<script" not in page and "<b>" not in page
    assert "&lt;script&gt;" in page and "&lt;svg viewBox=&quot;0 0 64 64&quot;&gt;" in page
    assert item.program not in page
