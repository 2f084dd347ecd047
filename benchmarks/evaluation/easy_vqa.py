"""easy-VQA as a suite: pictures of one shape and questions that a stranger made, from the package `easy-vqa`.

Four lines: sighted, with another question's picture, without a picture, and what needs no model at all: always the same
answer, and the answer that the training questions give most often to the very same words. Only where sighted is above
all of these has a model looked.
"""

import importlib.util
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Literal

from ...envs import Question, answers
from ...train.heldout import blind_partner
from ..samples import FileImage, Sample
from .benchmark import EvaluationError
from .items import SHORT_ASKING, AskingStyle, category_means

NAME = "easy-vqa"
Picture = Literal["sighted", "shuffled", "text"]
PICTURES: tuple[Picture, ...] = ("sighted", "shuffled", "text")
TITLES: Mapping[Picture, str] = {
    "sighted": "easy-VQA",
    "shuffled": "easy-VQA, each question with another's picture",
    "text": "easy-VQA, the questions without pictures",
}
COLOURS = ("black", "blue", "brown", "gray", "green", "red", "teal", "yellow")
SHAPES = ("circle", "rectangle", "triangle")
YES_NO = ("yes", "no")
_TOKENS = 8


@dataclass(frozen=True, slots=True)
class VqaEntry:
    """A question of the package: its words, its answer, and the number of its picture."""

    text: str
    answer: str
    image: int

    @property
    def form(self) -> str:
        """Its kind: yes or no, the colour, or the shape."""
        return {YES_NO: "yes or no", COLOURS: "colour", SHAPES: "shape"}[self.options]

    @property
    def options(self) -> tuple[str, ...]:
        """The answers of its kind."""
        return next(answer_set for answer_set in (YES_NO, COLOURS, SHAPES) if self.answer in answer_set)


@dataclass(frozen=True, kw_only=True)
class EasyVqaSuite:
    """The test questions of easy-VQA, shown as `picture` says."""

    picture: Picture = "sighted"
    asking: AskingStyle = SHORT_ASKING
    """The way the model is asked."""
    max_new_tokens: int = _TOKENS

    @property
    def name(self) -> str:
        """`easy-vqa`, `easy-vqa+shuffled` or `easy-vqa+text`."""
        return NAME if self.picture == "sighted" else f"{NAME}+{self.picture}"

    @property
    def title(self) -> str:
        """The heading of tables."""
        return TITLES[self.picture]

    @property
    def system(self) -> str:
        """The words of the system turn."""
        return self.asking.system

    @property
    def published(self) -> Mapping[str, float]:
        """What needs no model, per cent of the test questions."""
        test, training = entries("test"), entries("train")
        return {
            "always the same answer": round(100 * constant_share(test, training), 1),
            "commonest training answer to the same words": round(100 * reader_share(test, training), 1),
        }

    @property
    def chance(self) -> Mapping[str, float]:
        """The score of guessing, by kind."""
        return {"yes or no": 1 / len(YES_NO), "colour": 1 / len(COLOURS), "shape": 1 / len(SHAPES)}

    def load(self, root: object = None, limit: int | None = None) -> Iterator[Sample]:
        """Yield the questions.

        Args:
            root: not used: the package has its own data.
            limit: yield so many at most.
        """
        test, folder = entries("test"), data_folder() / "test" / "images"
        for number, entry in islice(enumerate(test), limit):
            pictured_entry = test[blind_partner(number, len(test))] if self.picture == "shuffled" else entry
            yield Sample(
                id=str(number),
                question=entry.text,
                options=entry.options,
                answer=entry.answer,
                images=() if self.picture == "text" else (FileImage(folder / f"{pictured_entry.image}.png"),),
                category={"form": entry.form},
                cluster=f"picture {entry.image}",
            )

    def prompt(self, sample: Sample) -> str:
        """Return the words of `sample`'s question and the form of its answer."""
        return self.asking.words(Question(None, sample.question, answer_kind(sample), sample.options))

    def score(self, sample: Sample, reply: str) -> float:
        """Return 1 where `reply` says the answer of `sample` and nothing else, read as runs read replies."""
        right = answers.Answer(str(sample.answer), answer_kind(sample), sample.options)
        return float(answers.score_answer(right, reply).terms["correct"])

    def aggregate(self, scored_samples: Sequence[tuple[Sample, float]]) -> Mapping[str, float]:
        """Return the mean of `scored_samples` overall and by kind of question."""
        return category_means(scored_samples, ("form",))

    def asked_in(self, asking: AskingStyle) -> "EasyVqaSuite":
        """Return the same suite, asked in the style `asking`."""
        return EasyVqaSuite(picture=self.picture, asking=asking, max_new_tokens=asking.tokens(_TOKENS))


def answer_kind(sample: Sample) -> str:
    """Return the kind of answer that `sample` asks for, in the words of `envs.answers`."""
    return "yesno" if sample.options == YES_NO else "word"


def data_folder() -> Path:
    """Return the folder of the package's data.

    Raises:
        EvaluationError: it is not installed.
    """
    spec = importlib.util.find_spec("easy_vqa")
    if spec is None or spec.origin is None:
        raise EvaluationError("easy-VQA's data is in a package of its own: run `pip install easy-vqa`")
    return Path(spec.origin).parent / "data"


@lru_cache(maxsize=4)
def entries(part: str) -> tuple[VqaEntry, ...]:
    """Return the questions of a `part`, `train` or `test`."""
    rows = json.loads((data_folder() / part / "questions.json").read_text(encoding="utf-8"))
    return tuple(VqaEntry(text, answer, image) for text, answer, image in rows)


def constant_share(test: Sequence[VqaEntry], training: Sequence[VqaEntry]) -> float:
    """Return the share of `test` questions that the commonest answer of `training` is right for."""
    ((answer, _),) = Counter(entry.answer for entry in training).most_common(1)
    return sum(entry.answer == answer for entry in test) / len(test)


def reader_share(test: Sequence[VqaEntry], training: Sequence[VqaEntry]) -> float:
    """Return the share of `test` questions that a reader without eyes is right about.

    It gives the commonest answer that the same words have in `training`; to words that are not there, the commonest of
    all.
    """
    by_text: dict[str, Counter[str]] = {}
    for entry in training:
        by_text.setdefault(entry.text, Counter())[entry.answer] += 1
    ((usual, _),) = Counter(entry.answer for entry in training).most_common(1)
    reader_answers = [by_text[entry.text].most_common(1)[0][0] if entry.text in by_text else usual for entry in test]
    return sum(answer == entry.answer for answer, entry in zip(reader_answers, test, strict=True)) / len(test)
