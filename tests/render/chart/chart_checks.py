"""Compares chart scenes with what the authors of their programs meant."""

from collections.abc import Mapping, Sequence
from typing import Any

from chart_cases import Values

from zerosight.geometry.chart import Axis, ChartScene, Panel

SHARE_OF_RANGE = 0.005
AXES = {"x": ("x", "angle"), "y": ("y", "radius"), "left": ("x",), "right": ("x",), "value": ("colour",)}


def axis_of(panel: Panel, name: str, upright: bool) -> Axis | None:
    along = ("y", "radius") if upright else ("x",)
    across = ("x", "angle") if upright else ("y",)
    names = AXES.get(name) or (across if name == "at" else along)
    return next((axis for axis in panel.axes if axis.name in names), None)


def agree(panel: Panel, upright: bool, got: Values, want: Values) -> bool:
    for name, expected in want.items():
        value = got.get(name)
        if isinstance(expected, str):
            if value != expected:
                return False
            continue
        if not isinstance(value, float):
            return False
        if name == "share":
            slack = 0.002
        else:
            axis = axis_of(panel, name, upright)
            span = axis.range if axis is not None else None
            if span is None:
                return False
            slack = SHARE_OF_RANGE * (span[1] - span[0])
            if axis is not None and axis.scale is not None and axis.scale.kind == "log":
                slack = expected * ((span[1] / span[0]) ** SHARE_OF_RANGE - 1)
        if abs(value - expected) > slack:
            return False
    return True


def problems(scene: ChartScene, expected_panels: Sequence[Mapping[str, Any]]) -> list[str]:
    """List where a scene differs from the panels that a corpus expects; see its files for their form."""
    if len(scene.panels) != len(expected_panels):
        return [f"{len(scene.panels)} panels for {len(expected_panels)}"]
    said = [f"the figure leaves out {scene.unread}"] if scene.others else []
    for panel, expected in zip(scene.panels, expected_panels, strict=True):
        said += _panel_problems(panel, expected)
    return said


def _panel_problems(panel: Panel, expected: Mapping[str, Any]) -> list[str]:
    said = []
    if panel.unread != tuple(sorted(expected.get("unread", ()))) or bool(panel.others) != bool(panel.unread):
        said.append(f"{panel.others} unread: {panel.unread}")
    if panel.title != expected.get("title", panel.title):
        said.append(f"the title {panel.title!r}")
    labels = list(dict.fromkeys(series.label for series in panel.series if series.label))
    if labels != expected.get("labels", labels):
        said.append(f"the labels {labels}")
    columns = {kind: wanted for kind, wanted in expected.items() if kind not in ("unread", "title", "labels")}
    if extra := {series.kind for series in panel.series} - set(columns):
        said.append(f"marks of kinds {sorted(extra)}")
    for kind, wanted in columns.items():
        marks = [(s.upright, mark.values) for s in panel.series if s.kind == kind for mark in s.marks]
        rows = [] if isinstance(wanted, int) else _rows(panel, wanted)
        count = wanted if isinstance(wanted, int) else len(rows)
        if len(marks) != count:
            said.append(f"{len(marks)} marks of kind {kind} for {count}")
        missing = [row for row in rows if not any(agree(panel, upright, got, row) for upright, got in marks)]
        said += [f"no {kind} with {row}" for row in missing]
    return said


def _rows(panel: Panel, columns: Mapping[str, Any]) -> list[dict[str, float | str]]:
    """One row for each mark; a single value stands for all, and names of categories are text."""
    count = max(len(column) for column in columns.values() if isinstance(column, list))
    filled = {name: column if isinstance(column, list) else [column] * count for name, column in columns.items()}
    categories = {
        tick.label for axis in panel.axes if axis.scale and axis.scale.kind == "category" for tick in axis.ticks
    }
    rows = [dict(zip(filled, values, strict=True)) for values in zip(*filled.values(), strict=True)]
    return [{name: _text(value, name, categories) for name, value in row.items()} for row in rows]


def _text(value: Any, name: str, categories: set[str]) -> float | str:
    is_category = isinstance(value, str) or (name in ("at", "x", "y") and str(value) in categories)
    return str(value) if is_category else float(value)
