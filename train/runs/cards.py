"""Cards of a run: items with picture, answers and verdicts, and what was refused; for the report and the live page.

Read from the run directory without loading any model. Begin at `item_cards` and `refusals`.
"""

import base64
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ...envs import Answer, PluginError, Rejected, UnknownEnvironmentError, make, score_answer
from ...roles import proposer
from .reading import is_object, is_rollout, read_lines, warn_once

PictureSource = Callable[[str], str | None]
"""Returns the address of the picture with a digest, for a page; None where it was not kept."""


class AnswerBar(NamedTuple):
    """One of the Solver's answers to an item and how often it was given."""

    text: str
    frequency: int
    share: float
    is_correct: bool | None
    """None where it cannot be told from the record."""


@dataclass(frozen=True, slots=True)
class ItemCard:
    """An item to look at."""

    period: str
    step: int
    item: Mapping[str, Any]
    picture: str
    concept: str | None
    proposal: str
    answers: tuple[AnswerBar, ...]
    margin: str
    """How far the scene is from one with another answer, with its unit; "" where no other answer is near."""

    @property
    def solved(self) -> str:
        """The band of its solve rate: never, sometimes or always."""
        rate = self.item["solve_rate"]
        return "never" if rate == 0 else "always" if rate == 1 else "sometimes"


class Refusal(NamedTuple):
    """A text of a model that was not accepted, or a picture that is not what was asked for."""

    period: str
    step: int
    kind: str
    code: str
    reason: str
    text: str
    asked_for: str
    picture: str | None = None


def rollout_steps(folder: Path) -> list[int]:
    """Return the steps whose rollouts the run in `folder` has on disk, in order."""
    return sorted(int(path.stem.removeprefix("step_")) for path in (folder / "rollouts").glob("step_*.jsonl"))


def read_rollouts(folder: Path, step: int) -> list[dict[str, Any]]:
    """Read a `step`'s rollouts of the run in `folder`; those of another shape are left out, with a warning."""
    path = folder / "rollouts" / f"step_{step:06d}.jsonl"
    records = read_lines(path, is_object, "those rollouts are missing from the report's gallery, and nowhere else")
    readable = [record for record in records if is_rollout(record)]
    if len(readable) < len(records):
        warn_once(f"{folder}: {len(records) - len(readable)} rollouts of step {step} are of another shape; not shown")
    return readable


def picture_path(folder: Path, digest: str) -> Path | None:
    """Return the file of the picture with this `digest` in the run `folder`; None where it was not kept.

    A digest is a bare name: nothing outside the folder of pictures is ever named.
    """
    path = folder / "pictures" / f"{digest}.png"
    return path if path.name == f"{digest}.png" and path.is_file() else None


def embedded_picture(folder: Path, digest: str) -> str | None:
    """Return the picture with this `digest` in the run `folder` as a data URL."""
    path = picture_path(folder, digest)
    return None if path is None else "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def varied(candidates: Iterable[Any], max_count: int, traits: Callable[[Any], list[Any]]) -> list[Any]:
    """Choose at most `max_count` of `candidates`, in order: those whose first two traits are the least seen.

    The last trait settles ties.
    """
    trait_counts: Counter[Any] = Counter()
    ranking = []
    for place, candidate in enumerate(candidates):
        numbered_traits = [(i, trait) for i, trait in enumerate(traits(candidate))]
        ranking.append(
            (max(trait_counts[key] for key in numbered_traits[:2]), trait_counts[numbered_traits[-1]], place, candidate)
        )
        trait_counts.update(numbered_traits)
    best_ranked = sorted(ranking, key=lambda entry: entry[:3])[:max_count]
    return [candidate for *_, candidate in sorted(best_ranked, key=lambda entry: entry[2])]


def item_cards(when: str, step: int, record: Mapping[str, Any], picture_of: PictureSource) -> Iterable[ItemCard]:
    """Yield a card of each item in `record` whose picture was kept.

    Args:
        when: the period of the run that the card is shown under.
        step: of the rollout.
        record: of the rollout, as `records.proposal_record` makes it.
        picture_of: finds pictures.
    """
    concept, _ = _read(record)
    for item in record["items"]:
        picture = picture_of(item["scene"])
        if picture is not None:
            margin = margin_text(record["env"], float(item["margin"]))
            yield ItemCard(when, step, item, picture, concept, record["proposal"], answer_bars(item), margin)


def margin_text(env_id: str, margin: float) -> str:
    """Write a `margin` of the environment `env_id`, with the unit where it has but one.

    "" where it is the largest that the environment states, which stands for "nothing decides it".
    """
    try:
        env = make(env_id)
    except (UnknownEnvironmentError, PluginError):
        return f"{margin:.2g}" if math.isfinite(margin) else ""
    if not math.isfinite(margin) or margin >= getattr(env, "largest_margin", math.inf):
        return ""
    units = list(getattr(env, "thresholds", {}))
    return f"{margin:.3g}{f' {units[0]}' if len(units) == 1 else ''}"


def answer_bars(item: Mapping[str, Any]) -> tuple[AnswerBar, ...]:
    """Return the Solver's answers to an `item`'s record, the most frequent first, with the oracle's verdicts."""
    answer_count = sum(item["answers"].values()) or 1
    truth = item["truth"]
    kind = "yesno" if truth in ("yes", "no") else "number" if truth.isdecimal() else "word"
    answer = Answer(truth, kind, (truth,))
    is_correct = {text: score_answer(answer, text).terms["correct"] == 1.0 for text in item["answers"]}
    # The record keeps the oracle's verdict as a rate; marks that do not add up to it are not shown.
    marks_agree = math.isclose(
        sum(n for text, n in item["answers"].items() if is_correct[text]) / answer_count, item["solve_rate"]
    )
    by_frequency = sorted(item["answers"].items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(
        AnswerBar(text, n, n / answer_count, is_correct[text] if marks_agree else None) for text, n in by_frequency
    )


def _read(record: Mapping[str, Any]) -> tuple[str | None, str]:
    """Read a proposal's concept, and what it asked the Coder to draw, from `record`; else None and its briefing."""
    try:
        proposal = proposer.parse(make(record["env"]), record["proposal"])
    except (UnknownEnvironmentError, PluginError):
        return None, record["briefing"]
    if isinstance(proposal, Rejected):
        return None, record["briefing"]
    return proposal.concept, ", ".join(map(make(record["env"]).describe, proposal.requirements))


def refusals(when: str, step: int, record: Mapping[str, Any], picture_of: PictureSource) -> Iterable[Refusal]:
    """Yield what was refused in `record`, and pictures that are not what was asked for.

    Args:
        when: the period of the run that it is shown under.
        step: of the rollout.
        record: of the rollout, as `records.proposal_record` makes it.
        picture_of: finds pictures.
    """
    if record["rejected"]:
        code, reason = record["rejected"]
        yield Refusal(when, step, "proposal", code, reason, record["proposal"], record["briefing"])
    _, asked_for = _read(record)
    for drawing in record["programs"]:
        if "rejected" in drawing:
            code, reason = drawing["rejected"]
            yield Refusal(when, step, "program", code, reason, drawing["program"], asked_for)
        elif "scene" in drawing and drawing["spec_check"] and not drawing["spec_check"]["spec_satisfied"]:
            code, reason = "spec_not_satisfied", "the program draws something, but not what was asked"
            picture = picture_of(drawing["scene"])
            if picture is not None:
                yield Refusal(when, step, "picture", code, reason, drawing["program"], asked_for, picture)
