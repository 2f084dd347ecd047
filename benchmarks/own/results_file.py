"""Benchmark results: one JSON form for all, with the command that made them."""

import json
import subprocess
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ...train.runs.store import machine, write_atomically

RESULTS = Path(__file__).parent.parent / "results"
PACKAGES = ("torch", "transformers", "numpy", "shapely", "cairosvg", "matplotlib")


def write_results(name: str, command: str, figures: Mapping[str, Any]) -> Path:
    """Write `benchmarks/results/NAME.json`."""
    git = subprocess.run(["git", "rev-parse", "HEAD"], cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    body = {
        "command": command,
        "commit": git.stdout.strip() or None,
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "versions": {package: version(package) for package in PACKAGES},
        "figures": figures,
    }
    path = RESULTS / f"{name}.json"
    write_atomically(path, (json.dumps(body, indent=1) + "\n").encode())
    return path
