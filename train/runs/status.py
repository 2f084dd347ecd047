"""The state of a running session, written beside the run for whoever looks on: phase, progress, warnings.

Nothing of the run depends on it. A run that was made without it, or whose file was damaged, is looked at all the same.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .reading import decoded

NAME = "status.json"
MAX_WARNINGS = 20
"""The newest warnings that are kept."""
MIN_SECONDS = 1.0
"""Between two writings within one phase."""


class StatusFile:
    """Writes the state of the session in a run directory.

    Args:
        folder: of the run.
        clock: seconds since the epoch.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = folder / NAME
        self._clock = clock
        self._written_at = 0.0
        self._phases: list[dict[str, Any]] = []
        self._progress: dict[str, Any] = {}
        self._warnings: list[dict[str, Any]] = []

    def phase(self, name: str) -> None:
        """Begin the phase called `name`."""
        self._phases.append({"name": name, "since": self._clock()})
        self._progress = {}
        self._write(at_once=True)

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Record that `done` of `total` steps or answers of the phase are there; `note` says of what kind."""
        self._progress = {"done": done, "total": total, "note": note}
        self._write(at_once=done >= total)

    def warn(self, text: str) -> None:
        """Record a warning."""
        self._warnings = [*self._warnings, {"at": self._clock(), "text": text}][-MAX_WARNINGS:]
        self._write(at_once=True)

    def _write(self, at_once: bool) -> None:
        now = self._clock()
        if not at_once and now - self._written_at < MIN_SECONDS:
            return
        self._written_at = now
        state = {"updated": now, "phases": self._phases, "progress": self._progress, "warnings": self._warnings}
        part_path = self._path.with_name(f".{NAME}.part")
        try:
            part_path.write_text(json.dumps(state))
            part_path.replace(self._path)
        except OSError:
            # For looking on alone: a full disk stops the run where it matters, with its own message.
            part_path.unlink(missing_ok=True)


def read_status(folder: Path) -> dict[str, Any]:
    """Return what `StatusFile` wrote into the run `folder`, of the right shape; {} where there is nothing to read."""
    try:
        state = decoded((folder / NAME).read_bytes())
    except OSError:
        return {}
    if not isinstance(state, dict):
        return {}
    phases = [entry for entry in _objects(state.get("phases")) if isinstance(entry.get("name"), str)]
    warnings = [entry for entry in _objects(state.get("warnings")) if isinstance(entry.get("text"), str)]
    progress = state.get("progress")
    return {
        "updated": _number(state.get("updated")),
        "phases": [{"name": entry["name"], "since": _number(entry.get("since"))} for entry in phases],
        "progress": {
            "done": _number(progress.get("done")),
            "total": _number(progress.get("total")),
            "note": str(progress.get("note", "")),
        }
        if isinstance(progress, dict) and progress
        else {},
        "warnings": [{"at": _number(entry.get("at")), "text": entry["text"]} for entry in warnings],
    }


def _objects(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
