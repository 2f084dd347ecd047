"""Reading of a run's files, any of which may have been cut or edited: what can be read is, what is lost is said once.

Files of a run are for looking at, but for its checkpoints and configuration, so a damaged one costs a warning of one
line and never a traceback. Begin at `read_lines` and `read_object`.
"""

import json
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

LOG = logging.getLogger(__name__)

_WARNINGS: set[str] = set()
"""What was said already: a run reads its metrics at every checkpoint."""

Shape = Callable[[Any], bool]
"""Tells whether a decoded value is of the shape that its readers take for granted."""


def warn_once(text: str) -> None:
    """Log `text` as a warning, unless this process has before."""
    if text not in _WARNINGS:
        _WARNINGS.add(text)
        LOG.warning("%s", text)


def decoded(text: bytes) -> Any:
    """Decode JSON; None where `text` is not JSON, or nested too deeply to be read."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def read_lines(path: Path, is_valid: Shape, what_is_lost: str) -> list[dict[str, Any]]:
    """Read a file of one JSON object a line; lines that cannot be read are left out, with a warning.

    Args:
        path: of the file; without one there are no lines.
        is_valid: tells the lines that can be used.
        what_is_lost: ends the warning's sentence.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    values: list[Any] = [decoded(line) if line.strip() else None for line in lines]
    damaged_lines = [
        number
        for number, (line, value) in enumerate(zip(lines, values, strict=True), start=1)
        if line.strip() and not is_valid(value)
    ]
    # A last line without an end was cut short by a kill, as kills do; a resumed run makes its step again.
    if damaged_lines and damaged_lines[-1] == len(lines):
        damaged_lines.pop()
    if damaged_lines:
        line_numbers = ", ".join(map(str, damaged_lines[:5])) + (", ..." if len(damaged_lines) > 5 else "")
        warn_once(
            f"{path}: {len(damaged_lines)} of {len(lines)} lines cannot be read (line {line_numbers}); {what_is_lost}"
        )
    return [value for value in values if is_valid(value)]


def read_object(path: Path, is_valid: Shape, what_is_lost: str) -> dict[str, Any] | None:
    """Read a file of one JSON object; None without one, or with a warning where it cannot be read.

    Args:
        path: of the file.
        is_valid: tells an object that can be used.
        what_is_lost: ends the warning's sentence.
    """
    try:
        value = decoded(path.read_bytes())
    except FileNotFoundError:
        return None
    if not is_valid(value):
        warn_once(f"{path} was cut or is of another shape; {what_is_lost}")
        return None
    return dict(value)


# --- shapes ---------------------------------------------------------------------------------------------------


def is_object(value: Any) -> bool:
    """Tell whether `value` is a JSON object."""
    return isinstance(value, dict)


def is_number(value: Any) -> bool:
    """Tell whether `value` is a number that is finite, and no integer beyond what a float holds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _numbers(value: Any) -> bool:
    return isinstance(value, Mapping) and all(is_number(number) for number in value.values())


def is_metrics(value: Any) -> bool:
    """Tell whether `value` is a step's metrics: a step's number, and mappings of numbers where mappings are due."""
    if not isinstance(value, dict) or not isinstance(value.get("step"), int) or isinstance(value["step"], bool):
        return False
    if not all(_numbers(value.get(name, {})) for name in ("rejected", "arms")):
        return False
    # An arm is a form and its difficulty.
    arms_valid = all(arm.rpartition("/")[2].isdecimal() for arm in value.get("arms", {}))
    return arms_valid and all(is_number(value.get(name, 0)) for name in ("items", "time/rollout", "time/learn"))


_RECORD_TEXTS = ("env", "briefing", "proposal")
_ITEM_TEXTS = ("task", "scene", "question", "truth")


def is_rollout(value: Any) -> bool:
    """Tell whether `value` is the record of a rollout, as `records.proposal_record` makes it."""
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in _RECORD_TEXTS):
        return False
    programs, items = value.get("programs"), value.get("items")
    if not (isinstance(programs, list) and isinstance(items, list)) or not _is_rejection(value.get("rejected", "")):
        return False
    return all(map(_is_program, programs)) and all(map(_is_item, items))


def _is_rejection(value: Any) -> bool:
    return value is None or (isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) for v in value))


def _is_program(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("program"), str):
        return False
    spec_check = value.get("spec_check", "")
    check_valid = spec_check is None or (isinstance(spec_check, dict) and "spec_satisfied" in spec_check)
    rejection_valid = "rejected" not in value or (value["rejected"] is not None and _is_rejection(value["rejected"]))
    return check_valid and rejection_valid and isinstance(value.get("scene", ""), str)


def _is_item(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    texts_valid = all(isinstance(value.get(name), str) for name in _ITEM_TEXTS)
    others_valid = isinstance(value.get("program") or "", str) and {"query", "difficulty"} <= value.keys()
    marks_valid = isinstance(value.get("from_proposer"), bool) and isinstance(value.get("margin"), int | float)
    counts_valid = _numbers(value.get("answers")) and is_number(value.get("solve_rate"))
    return texts_valid and others_valid and marks_valid and counts_valid


def is_evaluation(value: Any) -> bool:
    """Tell whether `value` is an evaluation: at least an overall accuracy, sighted and blind."""
    overall = value.get("overall") if isinstance(value, dict) else None
    return isinstance(overall, dict) and all(is_number(overall.get(name)) for name in ("accuracy", "blind"))


def is_full_evaluation(value: Any) -> bool:
    """Tell whether `value` is an evaluation with all that the report shows: rows of numbers by form and kind."""
    sections = [value.get(name, {}) for name in ("kinds", "tasks", "writing")]
    if not all(is_object(section) and all(map(is_object, section.values())) for section in sections):
        return False
    kinds, tasks, writing = sections
    accuracy_rows = [value["overall"], *kinds.values(), *tasks.values()]
    sighted_valid = all(_has_numbers(row, ("items", "accuracy", "blind", "low", "high")) for row in accuracy_rows)
    blind_valid = _has_numbers(value["overall"], ("blind_low", "blind_high"))
    writing_valid = all(_has_numbers(row, ("low", "high")) or row.get("value") is None for row in writing.values())
    answers = value.get("answers", [])
    answers_valid = isinstance(answers, list) and all(
        is_object(answer) and {"id", "right"} <= answer.keys() for answer in answers
    )
    return sighted_valid and blind_valid and writing_valid and answers_valid


def _has_numbers(row: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    return all(is_number(row.get(name)) for name in names)
