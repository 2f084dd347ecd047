"""Our own suites: procedural items of every world, in three bands of difficulty, fixed by version or drawn afresh.

A fixed suite is the same for everybody, so a model may have met its items. A fresh variant has the same worlds, forms
and bands under a secret seed; how much better a model is on the fixed items than on fresh ones measures memorisation.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ...envs import Environment, Item, item_rng, make
from ..samples import BadRow, Sample
from .benchmark import EvaluationError
from .items import SHORT_ASKING, AskingStyle, ItemPicture, category_means

BANDS = ("easy", "middle", "hard")
WORLDS_V1 = (
    "shapes/Canvas-v1",
    "shapes/Canvas-v2",
    "charts/Chart-v1",
    "diagrams/Geometry-v1",
    "transforms/Edit-v1",
    "spatial/Rooms-v1",
)
"""The worlds of version 1; a world that is added later makes a new version."""
ROUNDS_V1 = 4
"""Items of each form and band."""
SUITE_SEED = 1
"""Of fixed items; the held-out items of runs have seed 0."""
MAX_REDRAWS = 100


@dataclass(frozen=True, kw_only=True)
class OwnSuite:
    """A suite of ours, which runs as public benchmarks do."""

    name: str
    title: str
    worlds: tuple[str, ...]
    rounds: int
    seed: int = SUITE_SEED
    split: str = "heldout"
    """`heldout` of fixed items; `fresh` of the others."""
    published: Mapping[str, float] = field(default_factory=dict)
    asking: AskingStyle = SHORT_ASKING
    """The way the model is asked."""
    max_new_tokens: int | None = None
    digest: str = ""
    """Of all its items, where it is fixed and whole: what another machine must draw too."""
    store: Path | None = None
    """A folder where items are kept once they are drawn: some worlds take a second for each."""

    @cached_property
    def chance(self) -> Mapping[str, float]:
        """The score of the best constant answer, by form."""
        return {_form(env.id, name): task.chance for env in map(make, self.worlds) for name, task in env.tasks.items()}

    def load(self, root: Path | None = None, limit: int | None = None) -> Iterator[Sample | BadRow]:
        """Yield the questions: all worlds, forms and bands in turn, so that the first `limit` of them are a fair share.

        Args:
            root: not used: items are made, not read.
            limit: how many at most.
        """
        stored_items = self._stored()
        for number, place in enumerate(self._places()):
            if limit is not None and number >= limit:
                return
            name = "/".join(map(str, place))
            if name in stored_items:
                yield _sample(name, place, Item.from_json(stored_items[name]))
                continue
            item = self._drawn(*place)
            self._keep(name, item)
            yield _sample(name, place, item)

    def _stored(self) -> dict[str, str]:
        """Items in JSON by their places; a line that a kill cut short is none."""
        if self.store is None or not self._file(self.store).exists():
            return {}
        lines = (line.partition(" ") for line in self._file(self.store).read_text().splitlines())
        return {name: body for name, _, body in lines if body.endswith("}") and _is_json(body)}

    def _keep(self, name: str, item: Item) -> None:
        if self.store is not None:
            self.store.mkdir(parents=True, exist_ok=True)
            with self._file(self.store).open("a+b") as file:
                if file.tell() and (file.seek(-1, 2), file.read(1))[1] != b"\n":
                    file.write(b"\n")
                file.write(f"{name} {item.to_json()}\n".encode())

    def _file(self, folder: Path) -> Path:
        return folder / f"{self.split}-{self.seed}.txt"

    def _places(self) -> Iterator[tuple[str, str, str, int]]:
        """World, form, band and round of each item, in order."""
        forms = {world: list(make(world).tasks) for world in self.worlds}
        for turn in range(self.rounds):
            for place in range(max(map(len, forms.values()))):
                for band in BANDS:
                    for world in self.worlds:
                        if place < len(forms[world]):
                            yield world, forms[world][place], band, turn

    def _item(self, world: str, task: str, band: str, turn: int) -> Item:
        env = make(world)
        level = difficulty_of_band(env, band)
        rng = item_rng(world, self.split, self.seed, turn).child(task, band)
        return env.sample(rng, task, level)

    def _drawn(self, world: str, task: str, band: str, turn: int) -> Item:
        item = self._item(world, task, band, turn)
        return self._unknown(item, world, task, band, turn) if self.split == "fresh" else item

    def _unknown(self, item: Item, world: str, task: str, band: str, turn: int) -> Item:
        """The item, or another in its place where a fixed suite holds the same one.

        Raises:
            EvaluationError: the form has too few items for that.
        """
        fixed_digests = _fixed_digests(world, task, band, self.rounds)
        env, tries = make(world), 0
        while item.digest in fixed_digests:
            tries += 1
            if tries > MAX_REDRAWS:
                raise EvaluationError(f"{world}: {task} at {band} has hardly more items than the fixed suite shows")
            rng = item_rng(world, self.split, self.seed, turn).child(task, band, tries)
            item = env.sample(rng, task, difficulty_of_band(env, band))
        return item

    @property
    def system(self) -> str:
        """The words that the Solver is trained under."""
        return self.asking.system

    def prompt(self, sample: Sample) -> str:
        """Return the question of `sample` and the form of its answer, as the Solver reads them in training."""
        return self.asking.prompt(sample.fields["item"])

    def score(self, sample: Sample, reply: str) -> float:
        """Return the world's own judgement of `reply` to `sample`, between 0 and 1; graded kinds give part of 1."""
        item: Item = sample.fields["item"]
        return float(make(item.env).score(item.truth, item.question.options, reply).terms["correct"])

    def aggregate(self, scored_samples: Sequence[tuple[Sample, float]]) -> Mapping[str, float]:
        """Return the means of `scored_samples`: overall, by band, by world, by form."""
        return category_means(scored_samples, ("band", "world", "form"))

    def fresh(self, seed: int) -> "OwnSuite":
        """Return the same suite under a secret `seed`, none of its items among the fixed ones."""
        title = f"{self.title}, drawn afresh"
        return replace(self, name=f"{self.name}+fresh", title=title, seed=seed, split="fresh", digest="")

    def asked_in(self, asking: AskingStyle) -> "OwnSuite":
        """Return the same suite, asked in the style `asking`."""
        limit = self.max_new_tokens and asking.tokens(self.max_new_tokens)
        return replace(self, asking=asking, max_new_tokens=limit)

    def kept_in(self, folder: Path) -> "OwnSuite":
        """Return the same suite, whose items are drawn once and then read from `folder`."""
        return replace(self, store=folder)

    def only(self, worlds: Sequence[str]) -> "OwnSuite":
        """Return the part of some `worlds`; its items are the same.

        Raises:
            EvaluationError: the suite has no such world.
        """
        for world in worlds:
            if world not in self.worlds:
                raise EvaluationError(f"{self.name} has no world {world!r}; it has {', '.join(self.worlds)}")
        return replace(self, worlds=tuple(world for world in self.worlds if world in worlds), digest="")


OWN: Mapping[str, OwnSuite] = {
    "zerosight/heldout-v1": OwnSuite(
        name="zerosight/heldout-v1",
        title="Zerosight held-out items, version 1",
        worlds=WORLDS_V1,
        rounds=ROUNDS_V1,
        max_new_tokens=64,
        digest="d9632f657fe95fe267d90a36957549c49ca4e0e83b93dcbdbdc9104e3291bc04",
    )
}
"""Every suite of ours by its id."""


def difficulty_of_band(env: Environment, band: str) -> int:
    """Return the lowest difficulty of `env` for the `band` easy, its middle one, or its highest."""
    levels = sorted(env.difficulties)
    return {"easy": levels[0], "middle": levels[len(levels) // 2], "hard": levels[-1]}[band]


def suite_digest(samples: Sequence[Sample | BadRow]) -> str:
    """Return the sha256 over the digests of `samples` in order: equal suites, equal digest."""
    digest = hashlib.sha256()
    for sample in samples:
        if isinstance(sample, Sample):
            digest.update(f"{sample.id} {sample.fields['item'].digest}\n".encode())
    return digest.hexdigest()


@cache
def _fixed_digests(world: str, task: str, band: str, rounds: int) -> set[str]:
    fixed_suite = OwnSuite(name="", title="", worlds=(world,), rounds=rounds)
    return {fixed_suite._item(world, task, band, turn).digest for turn in range(rounds)}


def _sample(name: str, place: tuple[str, str, str, int], item: Item) -> Sample:
    world, task, band, _ = place
    return Sample(
        id=name,
        question=item.question.text,
        options=tuple(item.question.options),
        answer=item.truth.value,
        images=(ItemPicture(item),),
        category={"world": world, "band": band, "form": _form(world, task)},
        fields={"item": item},
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _form(world: str, task: str) -> str:
    return f"{world} {task}"


def foreign(suite: OwnSuite, samples: Sequence[Sample]) -> str:
    """Return a note where the `samples` of a whole fixed `suite` are not everybody's items; "" where they are."""
    is_whole = suite.digest and len(samples) == sum(1 for _ in suite._places())
    if not is_whole or suite_digest(samples) == suite.digest:
        return ""
    return (
        f"these are not the items of {suite.name} (digest {suite_digest(samples)[:12]}, due {suite.digest[:12]}): not "
        "comparable; was a world changed without a new version, or is a library of drawing another one?"
    )


def describe(suite: OwnSuite, samples: Sequence[Sample]) -> dict[str, Any]:
    """Return a result file's description of `suite` and its `samples`.

    The seed of a fresh suite is in it, so the file is as secret as the seed.
    """
    description = {"worlds": list(suite.worlds), "rounds": suite.rounds, "seed": suite.seed, "split": suite.split}
    return {**description, "items": len(samples), "digest": suite_digest(samples)}
