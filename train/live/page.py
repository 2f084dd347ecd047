"""The live page's parts: one HTML text with its script and style embedded, whose hashes the content policy names."""

import json
from functools import lru_cache
from typing import Any

from ..phases import ROLES
from ..runs.glossary import about, explain
from ..runs.templates import PAGES, template

Series = tuple[str, str, str]
"""A label, a logged key, and the key that it is divided by, or ""."""

CHARTS: dict[str, dict[str, tuple[Series, ...]]] = {
    "Answers and what they are about": {
        "right answers while training": (("share", "solve_rate", ""),),
        "accuracy on the dev split": (("share", "dev/accuracy", ""),),
        "valid proposals": (("share", "proposals_valid", "proposals"),),
        "programs that draw": (("share", "programs_rendered", "programs"),),
        "programs that draw what was asked": (("share", "programs_spec_satisfied", "programs"),),
        "the Proposer's questions": (("share", "items_from_proposer", "items"),),
    },
    "Rewards": {f"reward of the {role.capitalize()}": (("reward", f"{role}/reward", ""),) for role in ROLES},
    "Learning": {
        "groups without signal": tuple((role, f"{role}/flat_groups", f"{role}/groups") for role in ROLES),
        "entropy": tuple((role, f"{role}/entropy", "") for role in ROLES),
        "cut-off replies": tuple((role, f"{role}/truncated", "") for role in ROLES),
        "gradient norm": (("norm", "grad_norm", ""),),
        "clipped tokens": tuple((role, f"{role}/clip_frac", "") for role in ROLES),
        "sampler against trainer": tuple((role, f"{role}/logprob_gap", "") for role in ROLES),
    },
    "Labels, variety and time": {
        "wrong labels": (("share", "label/error", ""),),
        "paid though wrong": (("share", "hacking/rewarded_incorrect", ""),),
        "variety": (
            ("questions", "collapse/query_entropy", ""),
            ("programs", "collapse/program_entropy", ""),
        ),
        "seconds a step": (("roll out", "time/rollout", ""), ("learn", "time/learn", "")),
        "infrastructure failures": (("drawings", "infrastructure_errors", ""),),
    },
}
"""Groups of plots, each with its curves."""
COMPARED_CHARTS = (
    "right answers while training",
    "valid proposals",
    "programs that draw what was asked",
    "seconds a step",
)
"""Plots whose runs are compared step by step."""


def chart_specs() -> list[dict[str, Any]]:
    """Return the groups of plots for the page, each plot explained as the glossary does."""
    return [
        {"title": group, "charts": [_spec(title, series) for title, series in charts.items()]}
        for group, charts in CHARTS.items()
    ]


def _spec(title: str, series: tuple[Series, ...]) -> dict[str, Any]:
    explained_metrics = [metric for _, key, _ in series if (metric := explain(key)) is not None]
    is_share = all(
        over or metric.unit == "share" for metric, (_, _, over) in zip(explained_metrics, series, strict=True)
    )
    return {
        "title": title,
        "unit": "share" if is_share else explained_metrics[0].unit,
        "about": about(*(key for _, key, _ in series)),
        "compared": title in COMPARED_CHARTS,
        "series": [{"label": label, "key": key, "over": over} for label, key, over in series],
    }


@lru_cache(maxsize=1)
def page_parts() -> tuple[str, str, str]:
    """Return the page, its script and its style."""
    script = (PAGES / "live.js").read_text(encoding="utf-8")
    shared_style = template("_style.html.j2").render().strip().removeprefix("<style>").removesuffix("</style>")
    style = shared_style + (PAGES / "live.css").read_text(encoding="utf-8")
    charts = json.dumps(chart_specs()).replace("<", "\\u003c")
    return template("live.html.j2").render(script=script, style=style, charts=charts), script, style
