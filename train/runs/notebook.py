"""Notebooks: how a run shows itself in Jupyter, by what it is, how far it came and its solve rate over the steps."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 320, 60
"""Of the curve, px."""


def run_html(
    folder: Path,
    config: Any,
    metrics: Sequence[Mapping[str, Any]],
    start: Mapping[str, Any] | None,
    end: Mapping[str, Any] | None,
) -> str:
    """Return a run as a notebook shows it.

    Args:
        folder: of the run.
        config: of the run.
        metrics: of its steps.
        start: the evaluation before it, if there is one.
        end: the evaluation after it, if there is one.
    """
    rows = [
        ("run", str(folder)),
        ("recipe", f"{config.recipe} on {', '.join(config.envs)}, model {config.model}"),
        ("steps", f"{len(metrics)} of {config.steps}"),
    ]
    for name, evaluation in (("held-out before", start), ("held-out after", end)):
        if evaluation is not None:
            overall = evaluation["overall"]
            interval = f"{overall['low']:.1%} to {overall['high']:.1%}"
            rows.append((name, f"{overall['accuracy']:.1%} ({interval}, {overall['items']} items)"))
    cells = "".join(f"<tr><th style='text-align:left'>{name}</th><td>{escape(text)}</td></tr>" for name, text in rows)
    rates = [float(entry["solve_rate"]) for entry in metrics if entry.get("solve_rate") is not None]
    return f"<div><table>{cells}</table>{_curve(rates)}</div>"


def _curve(rates: Sequence[float]) -> str:
    """Return the solve `rates` over the steps as a line from 0 at the bottom to 1 at the top; "" of fewer than two."""
    if len(rates) < 2:
        return ""
    points = " ".join(
        f"{WIDTH * number / (len(rates) - 1):.1f},{HEIGHT * (1.0 - rate):.1f}" for number, rate in enumerate(rates)
    )
    label = f"solve rate, {rates[0]:.0%} in the first step, {rates[-1]:.0%} in the last"
    line = f'<polyline points="{points}" fill="none" stroke="#3366cc" stroke-width="1.5"/>'
    return f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{label}">{line}</svg><br>{label}'
