"""A benchmark of a few questions and models that say what they are told, for tests of the runner."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image as Images

from zerosight.benchmarks.evaluation.models import Answerer, plain_prompt
from zerosight.benchmarks.samples import BadRow, Sample
from zerosight.train.generators import UnreachableError
from zerosight.train.models.completions import Completion, Prompt, Sampling


@dataclass(frozen=True)
class ToyImage:
    colour: str
    missing: bool = False

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.colour.encode()).hexdigest()

    def open(self) -> Images.Image:
        if self.missing:
            raise FileNotFoundError(f"no file {self.colour}.png")
        return Images.new("RGB", (40, 30), self.colour)


@dataclass(frozen=True, kw_only=True)
class Toy:
    """Questions `q0`, `q1` ... whose right answers are their numbers."""

    rows: Sequence[Sample | BadRow]
    name: str = "toy"
    title: str = "Toy benchmark"
    chance: float | Mapping[str, float] = 0.25
    published: Mapping[str, float] = field(default_factory=dict)
    max_new_tokens: int | None = 8
    pairs: bool = False
    """Counted by groups: a group is right where all of it is."""

    def load(self, root: Path | None, limit: int | None = None) -> Iterator[Sample | BadRow]:
        return iter(self.rows[:limit])

    def prompt(self, sample: Sample) -> str:
        return f"{sample.question} Answer with a number."

    def score(self, sample: Sample, reply: str) -> float:
        return float(reply.strip() == str(sample.answer))

    def aggregate(self, scored_samples: Sequence[tuple[Sample, float]]) -> Mapping[str, float]:
        if self.pairs:
            groups: dict[str, list[float]] = {}
            for sample, score in scored_samples:
                groups.setdefault(sample.fields["group"], []).append(score)
            return {"overall": sum(min(scores) for scores in groups.values()) / len(groups)}
        found = {"overall": sum(score for _, score in scored_samples) / len(scored_samples)}
        for kind in dict.fromkeys(sample.category["kind"] for sample, _ in scored_samples):
            part = [score for sample, score in scored_samples if sample.category["kind"] == kind]
            found[kind] = sum(part) / len(part)
        return found


def question(number: int, *colours: str, kind: str = "a", **fields: str) -> Sample:
    images = tuple(ToyImage(colour.removeprefix("missing "), "missing" in colour) for colour in colours or ("red",))
    return Sample(
        id=f"q{number}", question=f"Question {number}?", answer=number, images=images, category={"kind": kind},
        fields=fields,
    )  # fmt: skip


def toy(count: int, **options: object) -> Toy:
    return Toy(rows=[question(n, kind="ab"[n % 2]) for n in range(count)], **options)  # type: ignore[arg-type]


@dataclass
class Talker:
    """A generator that is told what to say to a prompt, and keeps what it was asked; it can die."""

    say: Callable[[str], str]
    dies_at: Callable[[str], bool] = lambda text: False
    asked: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    pictures: list[tuple[int, ...]] = field(default_factory=list)

    def generate(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        assert sampling.temperature == 0 and sampling.n == 1
        self.batches.append(len(prompts))
        found = []
        for prompt in prompts:
            assert prompt.messages is not None
            text = prompt.messages[-1]["content"][-1]["text"]
            if self.dies_at(text):
                raise UnreachableError("the server is gone")
            self.asked.append(text)
            self.pictures.append(tuple(picture.array.shape[0] for picture in prompt.pictures))
            said = self.say(text)
            found.append([Completion((), (), said, "cut" not in said, 0.0, trainable=False)])
        return found


def answerer(talker: Talker, name: str = "scripted", several: bool = True) -> Answerer:
    return Answerer(name=name, digest=name, generator=talker, make_prompt=plain_prompt, several=several)


def number_in(text: str) -> int:
    return int(text.split("Question ")[1].split("?")[0])


def right_below(limit: int) -> Callable[[str], str]:
    """Says the right number where it is below a limit."""
    return lambda text: str(number_in(text)) if number_in(text) < limit else "no idea"
