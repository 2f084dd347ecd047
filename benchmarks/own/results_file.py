"""Benchmark results: one JSON form for all, with the command that made them."""

import json
import subprocess
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typer

from ...train.runs.store import machine, write_atomically

RESULTS = Path(__file__).parent.parent / "results"
PACKAGES = ("torch", "transformers", "numpy", "shapely", "cairosvg", "matplotlib")


def write_results(results_name: str, command: str, figures: Mapping[str, Any]) -> Path:
    """Write `benchmarks/results/NAME.json`, NAME being `results_name`, and return its path.

    Args:
        results_name: of the benchmark.
        command: that made the figures.
        figures: the results.
    """
    git = subprocess.run(["git", "rev-parse", "HEAD"], cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    content = {
        "command": command,
        "commit": git.stdout.strip() or None,
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "versions": {package: version(package) for package in PACKAGES},
        "figures": figures,
    }
    path = RESULTS / f"{results_name}.json"
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())
    return path


def report_results(results_name: str, command: str, figures: Mapping[str, Any]) -> None:
    """Write `figures` as `write_results` does, and print them with the file's path."""
    typer.echo(f"{write_results(results_name, command, figures)}\n{figures}")
