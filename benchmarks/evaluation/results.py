"""Files of an evaluation: our own figures, and for each model the files that users of lmms-eval know.

`results.json` holds every figure. `MODEL/zerosight_results.json` and `MODEL/zerosight_samples_BENCHMARK.jsonl` are laid
out as lmms-eval writes its results and logged samples (EvolvingLMMs-Lab/lmms-eval, `loggers/evaluation_tracker.py`),
so that what reads those reads these; their names begin with a date there. Nothing in them depends on when they were
written: a resumed evaluation writes the same bytes.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ... import __version__
from ...train.runs.store import write_atomically
from ..adapters.base import Adapter
from .benchmark import NOTHING_ASKED, PARTLY_FAILED, Benchmark, Judged, chance_of, jsonable
from .cache import digest_of
from .figures import Difference, Estimate, cluster_of, estimates, paired
from .heldout import HeldoutSuite, run_summary
from .own import OwnSuite, describe, foreign
from .pictures import SHEET_NOTE
from .runner import Answers
from .settings import Settings

METRIC = "score"


@dataclass(frozen=True, kw_only=True)
class Scores:
    """A model's figures on one benchmark."""

    answers: Answers
    figures: Mapping[str, Estimate]

    @property
    def counts(self) -> dict[str, int]:
        """The number of questions by their outcome."""
        names = ("answered", "unreadable", "failed", "missing")
        counts = {name: self.answers.count(name) for name in names}  # type: ignore[arg-type]
        return {
            "questions": len(self.answers.rows),
            **counts,
            "cut": self.answers.cut,
            "sheets": self.answers.sheets,
            "refused": self.answers.refusals,
        }


@dataclass(frozen=True, kw_only=True)
class EvaluationResult:
    """One or two models on some benchmarks."""

    models: Sequence[str]
    digests: Sequence[str]
    scores: Mapping[str, Sequence[Scores]]
    """By benchmark, in the order of the models."""
    differences: Mapping[str, Difference] = field(default_factory=dict)
    """By benchmark, the first model minus the second."""
    memorised: Mapping[str, Sequence[Difference]] = field(default_factory=dict)
    """By suite of ours, for each model: fixed items minus fresh ones."""

    def exit_status(self) -> int:
        """Return the command line's status: 0, or that nothing could be asked, or that a part failed."""
        models = [scores for models in self.scores.values() for scores in models]
        failures = sum(scores.counts["failed"] for scores in models)
        if not any(scores.counts["answered"] for scores in models):
            return NOTHING_ASKED if failures or any(scores.counts["unreadable"] for scores in models) else 0
        return PARTLY_FAILED if failures else 0


def score_all(answers_by_benchmark: Mapping[str, Sequence[Answers]]) -> dict[str, list[Scores]]:
    """Return the scores of each benchmark, for each model, of what `answers_by_benchmark` holds."""
    return {
        name: [Scores(answers=answers, figures=estimates(answers.benchmark, answers.scored)) for answers in models]
        for name, models in answers_by_benchmark.items()
    }


def differences_of(answers_by_benchmark: Mapping[str, Sequence[Answers]]) -> dict[str, Difference]:
    """Return the overall difference of the first two models on each benchmark; nothing of one model."""
    differences = {}
    for name, models in answers_by_benchmark.items():
        if len(models) > 1:
            first_scores, second_scores = (
                {sample.id: (sample, score) for sample, score in answers.scored} for answers in models[:2]
            )
            differences[name] = paired(models[0].benchmark, first_scores, second_scores)
    return differences


def notes_of(scores: Scores) -> list[str]:
    """Return what a reader must know to compare `scores` with others'."""
    answers, benchmark = scores.answers, scores.answers.benchmark
    notes = []
    if isinstance(benchmark, Adapter):
        notes = [
            "; ".join([f"protocol {benchmark.protocols[0]}", *([benchmark.compared] if benchmark.compared else [])])
        ]
    notes += [str(note) for note in getattr(benchmark, "notes", ()) or ()]
    if isinstance(benchmark, OwnSuite):
        samples = [row.sample for row in answers.rows if row.sample is not None]
        notes += [note] if (note := foreign(benchmark, samples)) else []
    if answers.judge is not None:
        notes.append(f"replies were read by the judge {answers.judge}, which need not be the authors'")
    elif isinstance(benchmark, Judged):
        notes.append("rule-based, not comparable: the authors have a model read the replies; add --judge URL#NAME")
    if answers.sheets:
        notes.append(f"{answers.sheets} questions: {SHEET_NOTE}")
    if answers.cut:
        notes.append(f"{answers.cut} replies were cut off at {answers.max_new_tokens} tokens and scored as they stand")
    if answers.refusals:
        notes.append(f"{answers.refusals} questions were refused by the model or its server; that is scored as a reply")
    clusters = len({cluster_of(sample) for sample, _ in answers.scored})
    if 0 < clusters < len(answers.scored):
        notes.append(
            f"{len(answers.scored)} questions share {clusters} pictures, films or scenes: intervals are by these"
        )
    for outcome, text in (("unreadable", "rows or pictures could not be read"), ("failed", "questions failed")):
        if count := answers.count(outcome):  # type: ignore[arg-type]
            reason = next(row.reason for row in answers.rows if row.outcome == outcome)
            notes.append(f"{count} {text} and are not scored, the first: {reason}")
    if answers.count("missing"):
        notes.append(f"{answers.count('missing')} questions are in other shares; run without --shard when all are done")
    return [*notes, *answers.settings.notes(), *_counts(answers)]


def _counts(answers: Answers) -> list[str]:
    """Return the tokens of questions and replies, their price, and of a server the time that replies took."""
    usage = usage_of(answers)
    if not usage["prompt_tokens"] and not usage["new_tokens"]:
        return []
    text = f"{usage['prompt_tokens']:,} tokens of questions and {usage['new_tokens']:,} of replies"
    if "median_seconds" in usage:
        text = f"the server counted {text}; a reply took {usage['median_seconds']:.1f} s (median), "
        text += f"{usage['longest_seconds']:.1f} s at most"
    if "cost" in usage:
        text += f"; at the given price {usage['cost']:.4f}"
    return [text]


def usage_of(answers: Answers) -> dict[str, float]:
    """Return the tokens of `answers`, the seconds that a server took for a reply, and what they cost."""
    replies = [reply for row in answers.rows if row.answer is not None for reply in (row.answer, *row.more_replies)]
    prompt_tokens, new_tokens = (
        sum(getattr(reply, name) or 0 for reply in replies) for name in ("prompt_tokens", "new_tokens")
    )
    usage: dict[str, float] = {"prompt_tokens": prompt_tokens, "new_tokens": new_tokens}
    seconds = sorted(reply.seconds for reply in replies if reply.seconds is not None)
    if seconds:
        usage |= {"median_seconds": seconds[len(seconds) // 2], "longest_seconds": seconds[-1]}
    if answers.settings.price is not None:
        prompt_price, reply_price = answers.settings.price
        usage["cost"] = (prompt_tokens * prompt_price + new_tokens * reply_price) / 1_000_000
    return usage


def body_of(evaluation: EvaluationResult, settings: Settings) -> dict[str, Any]:
    """Return all figures of `evaluation`, made with `settings`, as JSON values."""
    benchmarks = {}
    for name, models in evaluation.scores.items():
        benchmark = models[0].answers.benchmark
        samples = [row.sample for row in models[0].answers.rows if row.sample is not None]
        benchmarks[name] = {
            "title": benchmark.title,
            "chance": chance_of(benchmark, "overall", [sample for sample, _ in models[0].answers.scored]),
            "published": dict(benchmark.published),
            "protocol": getattr(benchmark, "protocols", ("zerosight",))[0],
            "suite": describe(benchmark, samples) if isinstance(benchmark, OwnSuite) else None,
            "models": [
                {
                    "model": scores.answers.model,
                    **scores.counts,
                    "usage": usage_of(scores.answers),
                    "figures": {
                        key: figure.to_dict() | {"exploratory": key != "overall"}
                        for key, figure in scores.figures.items()
                    },
                    "notes": notes_of(scores),
                }
                for scores in models
            ],
            "difference": evaluation.differences[name].to_dict() if name in evaluation.differences else None,
            "memorised": [gap.to_dict() for gap in evaluation.memorised.get(name, ())],
        }
    return _runs_own(evaluation) | {
        "zerosight": __version__,
        "models": [{"name": n, "digest": d} for n, d in zip(evaluation.models, evaluation.digests, strict=True)],
        "limit": settings.limit,
        "benchmarks": benchmarks,
    }


def _runs_own(evaluation: EvaluationResult) -> dict[str, Any]:
    """Return the held-out figures of `evaluation` as a run's evaluations have them; else nothing."""
    pair = list(evaluation.scores.values())[:2]
    if len(evaluation.models) != 1 or len(pair) != 2:
        return {}
    sighted_answers, blind_answers = (models[0].answers for models in pair)
    return (
        run_summary(sighted_answers.benchmark, sighted_answers, blind_answers)
        if isinstance(sighted_answers.benchmark, HeldoutSuite)
        else {}
    )


def write_evaluation(evaluation: EvaluationResult, settings: Settings, out: Path) -> dict[str, Any]:
    """Write every file of `evaluation`, made with `settings`, into `out`; return the body of `results.json`."""
    body = body_of(evaluation, settings)
    _write_json(out / "results.json", body)
    for place, model in enumerate(evaluation.models):
        folder = out / slug(model)
        mine = {name: models[place] for name, models in evaluation.scores.items()}
        _write_json(folder / "zerosight_results.json", _as_lmms_eval(model, mine, settings))
        for name, scores in mine.items():
            lines = [json.dumps(sample) + "\n" for sample in _samples(scores.answers)]
            write_atomically(folder / f"zerosight_samples_{slug(name)}.jsonl", "".join(lines).encode())
            if settings.submission:
                predictions = {row.id: row.reply for row in scores.answers.rows if row.outcome == "answered"}
                _write_json(folder / f"submission_{slug(name)}.json", predictions)
    return body


def slug(name: str) -> str:
    """Return `name` as part of a path, as lmms-eval writes model names: `Qwen/Qwen2.5-VL` is `Qwen__Qwen2.5-VL`."""
    return re.sub(r"[\"<>:|\\?*\[\]#\s]+", "_", name.strip("/").replace("/", "__"))


def _write_json(path: Path, body: Any) -> None:
    write_atomically(path, (json.dumps(body, indent=1) + "\n").encode())


def _as_lmms_eval(model: str, scores: Mapping[str, Scores], settings: Settings) -> dict[str, Any]:
    """Return `scores` as lmms-eval's results: metrics under `NAME,none`, beside versions, shots and counts."""
    tasks = {slug(name): task_scores for name, task_scores in scores.items()}
    return {
        "results": {task: {"alias": task, **_metrics(task_scores)} for task, task_scores in tasks.items()},
        "group_subtasks": {task: [] for task in tasks},
        "configs": {task: _config(task_scores) for task, task_scores in tasks.items()},
        "versions": {task: _version(task_scores.answers.benchmark) for task, task_scores in tasks.items()},
        "n-shot": dict.fromkeys(tasks, settings.shots),
        "higher_is_better": {
            task: {_flat(key): True for key in task_scores.figures} for task, task_scores in tasks.items()
        },
        "n-samples": {
            task: {"original": len(task_scores.answers.rows), "effective": task_scores.answers.count("answered")}
            for task, task_scores in tasks.items()
        },
        "config": {
            "model": "zerosight",
            "model_args": f"pretrained={model}",
            "batch_size": settings.batch,
            "limit": settings.limit,
            "gen_kwargs": _generation(settings),
        },
        "model_source": "zerosight",
        "model_name": model,
        "model_name_sanitized": slug(model),
        "system_instruction": None,
        "task_hashes": {
            task: digest_of([row.id for row in task_scores.answers.rows]) for task, task_scores in tasks.items()
        },
    }


def _metrics(scores: Scores) -> dict[str, float | str]:
    """Return the metrics of `scores`: `score,none` overall, a category's name in its place in the others."""
    metrics: dict[str, float | str] = {}
    for key, figure in scores.figures.items():
        name = _flat(key)
        metrics[f"{name},none"] = "N/A" if math.isnan(figure.value) else figure.value
        half_width = (figure.high - figure.low) / 2 / 1.96
        metrics[f"{name}_stderr,none"] = "N/A" if math.isnan(half_width) else half_width
    return metrics


def _flat(key: str) -> str:
    return METRIC if key == "overall" else key.replace(",", " ")


def _config(scores: Scores) -> dict[str, Any]:
    benchmark = scores.answers.benchmark
    return {
        "task": slug(benchmark.name),
        "dataset_path": getattr(benchmark, "dataset", benchmark.name),
        "dataset_name": getattr(benchmark, "config", None),
        "test_split": getattr(benchmark, "split", "test"),
        "num_fewshot": scores.answers.settings.shots,
        "output_type": "generate_until",
        "generation_kwargs": {
            "max_new_tokens": scores.answers.max_new_tokens,
            **_generation(scores.answers.settings),
        },
        "metadata": {"version": _version(benchmark)},
    }


def _generation(settings: Settings) -> dict[str, Any]:
    temperature = settings.decoding.temperature or 0
    return {"temperature": temperature, "do_sample": temperature > 0} | (
        {"top_p": settings.decoding.top_p, "n": settings.samples} if temperature > 0 else {}
    )


def _version(benchmark: Benchmark) -> str:
    return str(getattr(benchmark, "revision", None) or __version__)


def _samples(answers: Answers) -> list[dict[str, Any]]:
    """Return a line for each question of `answers`; one that was not answered has no metric, and says why."""
    lines = []
    for number, row in enumerate(answers.rows):
        row_body = row.to_dict()
        sample: dict[str, Any] = {
            "doc_id": number,
            "doc": {name: row_body.get(name) for name in ("id", "question", "options", "answer", "category", "images")},
            "target": str(row_body.get("answer", "")),
            "input": row.prompt,
            "arguments": [row.prompt],
            "resps": [[row.reply]],
            "filtered_resps": [row.reply],
            "doc_hash": digest_of(row.id, row_body.get("question"), row_body.get("images")),
            "prompt_hash": digest_of(row.prompt),
            "target_hash": digest_of(jsonable(row_body.get("answer"))),
            "outcome": row.outcome,
        }
        sample |= {METRIC: row.score} if row.score is not None else {"reason": row.reason}
        lines.append(sample)
    return lines
