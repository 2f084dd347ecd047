"""Reading of a run directory again and again as it grows: metrics, evaluations, status, warnings, pictures."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from ..config import RunConfig
from ..runs.cards import ItemCard, Refusal, item_cards, picture_path, read_rollouts, refusals, rollout_steps, varied
from ..runs.lock import running_owner
from ..runs.reading import decoded, is_evaluation, is_metrics, read_object
from ..runs.status import read_status
from ..stalls import WARN_AFTER, likely_cause, stalled_steps

MAX_ROWS = 1_500
"""Steps that a page is sent of a run; of a longer one every second, third, ..."""
MAX_CARDS = 24
MAX_REFUSALS = 8
MAX_TEXT = 4_000
"""Characters of a program or reply that a page is sent."""
RECENT = 10
"""Steps that warnings and rates are taken over."""
CUT_SHARE = 0.2
"""Share of cut-off replies from which on a page warns."""


class RunFeed:
    """One run directory, for looking at.

    Args:
        folder: of the run; need not be finished, nor running.
        name: that the page calls it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.config = RunConfig.load(folder / "config.yaml")
        self.generation = 0
        """Rises when logged steps are taken back, as a resumed run does."""
        self.metrics: list[dict[str, Any]] = []
        self._offset = 0
        self._gallery_step = 0
        self._evaluations: dict[str, tuple[int, dict[str, Any] | None]] = {}
        """By name, each with the time at which its file was written."""

    # --- metrics --------------------------------------------------------------------------------------------------

    def poll(self) -> None:
        """Read the steps that were logged since the last time."""
        path = self.folder / "metrics.jsonl"
        try:
            size = path.stat().st_size
            if size < self._offset:
                self._offset, self.metrics, self.generation = 0, [], self.generation + 1
            with path.open("rb") as file:
                file.seek(self._offset)
                # A line that is being written has no end yet.
                whole_lines, _, _ = file.read().rpartition(b"\n")
        except OSError:
            return
        if not whole_lines:
            return
        self._offset += len(whole_lines) + 1
        new_entries = [entry for line in whole_lines.split(b"\n") if is_metrics(entry := decoded(line))]
        if new_entries and self.metrics and new_entries[0]["step"] <= self.metrics[-1]["step"]:
            self.generation += 1
            self.metrics = [entry for entry in self.metrics if entry["step"] < new_entries[0]["step"]]
        self.metrics += new_entries

    def rows(self, begin: int) -> list[dict[str, Any]]:
        """Return the logged steps from number `begin` on as flat numbers, thinned out where there are many."""
        entries = self.metrics[begin:]
        stride = max(1, -(-len(entries) // MAX_ROWS))
        thinned_entries = entries[::stride]
        if entries and thinned_entries[-1] is not entries[-1]:
            thinned_entries.append(entries[-1])
        return [_row(entry) for entry in thinned_entries]

    # --- state ----------------------------------------------------------------------------------------------------

    def about(self) -> dict[str, Any]:
        """Return what does not change about the run."""
        config = self.config
        return {
            "name": self.name,
            "folder": str(self.folder),
            "recipe": config.recipe,
            "model": config.model,
            "envs": list(config.envs),
            "seed": config.seed,
            "steps": config.steps,
        }

    def evaluation(self, name: str) -> dict[str, Any] | None:
        """Return the evaluation called `name`, `start` or `end`, read anew where it was written anew; None without."""
        path = self.folder / "evaluations" / f"{name}.json"
        try:
            written_at = path.stat().st_mtime_ns
        except OSError:
            return None
        if self._evaluations.get(name, (0, None))[0] != written_at:
            self._evaluations[name] = written_at, read_object(path, is_evaluation, "it is shown as not measured")
        return self._evaluations[name][1]

    def state(self, now: float) -> dict[str, Any]:
        """Return where the run stands at `now`, in seconds since the epoch."""
        status, owner = read_status(self.folder), running_owner(self.folder)
        start, end = self.evaluation("start"), self.evaluation("end")
        step = self.metrics[-1]["step"] if self.metrics else 0
        phases = status.get("phases", [])
        phase = phases[-1]["name"] if phases and owner else _phase_on_disk(start, end, step, self.config.steps)
        return {
            "step": step,
            "owner": str(owner) if owner else "",
            "phase": phase,
            "progress": status.get("progress", {}) if owner else {},
            "seconds_left": self._seconds_left(phases, end, now) if owner else None,
            "warnings": self.warnings(status),
            "arms": dict(self.metrics[-1].get("arms", {})) if self.metrics else {},
            "rejected": self._rejected(),
            "heldout": {name: _summary(result) for name, result in (("start", start), ("end", end))},
        }

    def _seconds_left(self, phases: Sequence[Mapping[str, Any]], end: Any, now: float) -> float | None:
        """Return the seconds until the end, the evaluation after the run taken to be as long as the one before."""
        if end is not None:
            return 0.0
        since = {phase["name"]: phase["since"] for phase in phases}
        evaluation_seconds = since["evolve"] - since["before"] if {"before", "evolve"} <= since.keys() else 0.0
        if "after" in since:
            return max(0.0, evaluation_seconds - (now - since["after"]))
        durations = [entry.get("time/rollout", 0.0) + entry.get("time/learn", 0.0) for entry in self.metrics[-RECENT:]]
        if not durations:
            return None
        return (self.config.steps - self.metrics[-1]["step"]) * median(durations) + evaluation_seconds

    def _rejected(self) -> list[dict[str, Any]]:
        """Return every reason for a rejection with its counts: in all, and a step lately."""
        totals: Counter[str] = Counter()
        recent: Counter[str] = Counter()
        for entry in self.metrics:
            totals.update(entry.get("rejected", {}))
        for entry in self.metrics[-RECENT:]:
            recent.update(entry.get("rejected", {}))
        steps = max(1, len(self.metrics[-RECENT:]))
        return [
            {"reason": reason, "total": total, "recent": recent[reason] / steps}
            for reason, total in totals.most_common()
        ]

    def warnings(self, status: Mapping[str, Any]) -> list[str]:
        """Return what a person should know of: nothing learned, cut replies, failures, and what the session said.

        Args:
            status: of the session.
        """
        recent_entries = self.metrics[-RECENT:]
        texts = []
        if (count := stalled_steps(self.config, self.metrics)) >= WARN_AFTER:
            texts.append(f"{count} steps in a row taught nothing: {likely_cause(self.metrics[-1])}")
        for role in ("proposer", "coder", "solver"):
            cut = sum(entry.get(f"{role}/truncated", 0.0) for entry in recent_entries)
            completion_count = sum(self._completions(role, entry) for entry in recent_entries)
            if completion_count and cut / completion_count >= CUT_SHARE:
                limit = getattr(self.config.rollout, f"{role}_tokens")
                now = f" (now {limit})" if limit is not None else ""
                cut_share = f"{cut / completion_count:.0%} of the {role}'s replies"
                texts.append(f"{cut_share} are cut off: raise rollout.{role}_tokens{now}")
        if failures := sum(entry.get("infrastructure_errors", 0) for entry in recent_entries):
            texts.append(f"{failures} drawings failed in the last {len(recent_entries)} steps: see `zerosight doctor`")
        if skipped_updates := sum(entry.get("skipped_updates", 0) for entry in recent_entries):
            texts.append(
                f"{skipped_updates:.0f} updates were skipped lately, because losses or gradients were not finite"
            )
        session_warnings = [entry["text"] for entry in status.get("warnings", ())]
        return [*texts, *(text for text in dict.fromkeys(session_warnings) if "taught nothing" not in text)]

    def _completions(self, role: str, entry: Mapping[str, Any]) -> float:
        if role == "solver":
            return float(entry.get("items", 0) * self.config.rollout.num_answers)
        return float(entry.get("proposals" if role == "proposer" else "programs", 0))

    # --- pictures -------------------------------------------------------------------------------------------------

    def gallery(self, number: int) -> dict[str, Any] | None:
        """Return the newest pictures and refusals, where there are newer ones than last time; else None.

        Args:
            number: of the run on the page, by which its pictures are asked for.
        """
        steps = rollout_steps(self.folder)
        if not steps or (steps[-1] == self._gallery_step):
            return None
        self._gallery_step = steps[-1]
        return self.newest_cards(number, steps)

    def newest_cards(self, number: int, steps: Sequence[int]) -> dict[str, Any]:
        """Return cards of the newest of `steps` that has pictures, and refusals of the newest of all.

        Args:
            number: of the run on the page.
            steps: that have rollouts.
        """

        def address_of(digest: str) -> str | None:
            return f"picture/{number}/{digest}.png" if picture_path(self.folder, digest) is not None else None

        cards: list[ItemCard] = []
        for step in reversed(steps[-RECENT - 3 :]):
            cards = [
                card for record in read_rollouts(self.folder, step) for card in item_cards("", step, record, address_of)
            ]
            if cards:
                break
        newest_refusals = [
            refusal
            for record in read_rollouts(self.folder, steps[-1])
            for refusal in refusals("", steps[-1], record, address_of)
        ]
        chosen_cards = varied(cards, MAX_CARDS, lambda card: [card.item["task"], card.solved, card.item["scene"]])
        chosen_refusals = varied(newest_refusals, MAX_REFUSALS, lambda refusal: [refusal.code, refusal.kind])
        return {
            "cards": [_card_values(card) for card in chosen_cards],
            "refusals": [_refusal_values(refusal) for refusal in chosen_refusals],
        }


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the finite numbers of a logged step."""
    return {
        name: round(value, 5) if isinstance(value, float) else value
        for name, value in entry.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def _phase_on_disk(start: Any, end: Any, step: int, steps: int) -> str:
    """Return the phase that a run stands in by its files."""
    if end is not None:
        return "finished"
    if start is None:
        return "not measured yet"
    return "evolved, not measured after" if step >= steps else "stopped"


def _summary(evaluation: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what a page shows of an evaluation: accuracy and blind accuracy with intervals, tasks."""
    if evaluation is None:
        return None
    names = ("accuracy", "low", "high", "blind", "blind_low", "blind_high", "chance", "items")
    overall = {name: value for name in names if isinstance(value := evaluation["overall"].get(name), int | float)}
    tasks = evaluation.get("tasks")
    by_task = tasks if isinstance(tasks, dict) else {}
    return overall | {"tasks": {name: row.get("accuracy") for name, row in by_task.items() if isinstance(row, dict)}}


def _card_values(card: ItemCard) -> dict[str, Any]:
    item = card.item
    return {
        "step": card.step,
        "task": item["task"],
        "difficulty": item["difficulty"],
        "whose": "proposer" if item["from_proposer"] else "environment",
        "solved": card.solved,
        "solve_rate": item["solve_rate"],
        "picture": card.picture,
        "concept": (card.concept or "")[:MAX_TEXT],
        "question": item["question"][:MAX_TEXT],
        "truth": item["truth"][:MAX_TEXT],
        "margin": card.margin,
        "program": (item["program"] or "")[:MAX_TEXT],
        "answers": [
            {"text": bar.text[:200], "count": bar.frequency, "share": bar.share, "correct": bar.is_correct}
            for bar in card.answers[:6]
        ],
    }


def _refusal_values(refusal: Refusal) -> dict[str, Any]:
    return {
        "step": refusal.step,
        "kind": refusal.kind,
        "code": refusal.code,
        "reason": refusal.reason[:MAX_TEXT],
        "asked_for": refusal.asked_for[:MAX_TEXT],
        "text": refusal.text[:MAX_TEXT],
        "picture": refusal.picture or "",
    }
