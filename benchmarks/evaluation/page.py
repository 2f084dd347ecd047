"""The page of an evaluation: every question with its pictures, replies and scores, in one file that needs no network.

What models and benchmarks wrote is data: it is in the page as JSON and is shown as text, never as markup, and the
page's content policy allows no script but the template's own.
"""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ...train.runs.store import write_atomically
from ...train.runs.templates import template
from .benchmark import chance_of
from .pictures import Thumbnails
from .results import EvaluationResult
from .runner import Answers
from .table import interval, remarks

FOLDER = Path(__file__).parent
PICTURE_BYTES = 96_000_000
"""Of pictures in a page, at most; questions beyond are shown without theirs, and the page says so."""
MAX_SHOWN_CHARS = 6_000


def write_page(evaluation: EvaluationResult, out: Path) -> Path:
    """Write `page.html` into the output folder and return its path.

    Args:
        evaluation: what was found.
        out: where the thumbnails of its pictures are.
    """
    pictures, left_out_count = _pictures(evaluation, Thumbnails(out / "thumbnails"))
    data = {
        "models": list(evaluation.models),
        "rows": [row for models in evaluation.scores.values() for row in _rows([scores.answers for scores in models])],
        "pictures": pictures,
        "leftOut": left_out_count,
    }
    page = template("page.html.j2", FOLDER).render(
        models=evaluation.models,
        benchmarks=_summaries(evaluation),
        remarks=remarks(evaluation),
        # Inside a script element only `<` could end it.
        data=Markup(json.dumps(data).replace("<", "\\u003c")),
        script=(FOLDER / "page.js").read_text(encoding="utf-8"),
    )
    path = out / "page.html"
    write_atomically(path, page.encode("utf-8", "replace"))
    return path


def _summaries(evaluation: EvaluationResult) -> list[dict[str, Any]]:
    """Return the figures of each benchmark of `evaluation` as text."""
    summaries = []
    for name, models in evaluation.scores.items():
        keys = list(dict.fromkeys(key for scores in models for key in scores.figures))
        benchmark, samples = models[0].answers.benchmark, [sample for sample, _ in models[0].answers.scored]
        chances = {key: chance_of(benchmark, key, samples) for key in keys}
        rows = [
            {
                "key": key,
                "chance": "–" if (chance := chances[key]) is None else f"{100 * chance:.1f}",
                "scores": [interval(scores.figures.get(key)) for scores in models],
            }
            for key in keys
        ]
        counts = [scores.counts for scores in models]
        published_scores = [f"{value:g} {source}" for source, value in benchmark.published.items()]
        summary = {
            "name": name,
            "title": benchmark.title,
            "rows": rows,
            "counts": counts,
            "published": published_scores,
        }
        summaries.append(summary)
    return summaries


def _rows(answers: Sequence[Answers]) -> list[dict[str, Any]]:
    """Return a benchmark's questions with the outcome of every model in `answers`."""
    page_rows = []
    for question_rows in zip(*(answers_of_model.rows for answers_of_model in answers), strict=True):
        row_body = question_rows[0].to_dict()
        page_rows.append(
            {
                "benchmark": answers[0].benchmark.name,
                "id": row_body["id"],
                "prompt": _clip(row_body["prompt"] or row_body.get("question", "")),
                "answer": _clip(str(row_body.get("answer", ""))),
                "category": list(row_body.get("category", {}).values()),
                "images": row_body.get("images", []),
                "models": [
                    {"outcome": row.outcome, "reply": _clip(row.reply), "score": row.score, "cut": not row.finished}
                    | ({"reason": row.reason} if row.reason else {})
                    for row in question_rows
                ],
            }
        )
    return page_rows


def _pictures(evaluation: EvaluationResult, thumbnails: Thumbnails) -> tuple[dict[str, str], int]:
    """Return each picture of `evaluation` once, as base64 JPEG by digest, and how many did not fit."""
    pictures_by_digest: dict[str, str] = {}
    seen_digests, total_size, left_out = set(), 0, 0
    rows = [row for models in evaluation.scores.values() for row in models[0].answers.rows if row.sample is not None]
    for digest in (image.digest for row in rows if row.sample is not None for image in row.sample.images):
        path = thumbnails.path(digest)
        if digest in seen_digests or not path.exists():
            continue
        seen_digests.add(digest)
        if total_size + path.stat().st_size > PICTURE_BYTES:
            left_out += 1
            continue
        total_size += path.stat().st_size
        pictures_by_digest[digest] = base64.b64encode(path.read_bytes()).decode()
    return pictures_by_digest, left_out


def _clip(text: str) -> str:
    chars_over = len(text) - MAX_SHOWN_CHARS
    return text if chars_over <= 0 else f"{text[:MAX_SHOWN_CHARS]} … ({chars_over} more characters)"
