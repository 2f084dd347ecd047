"""Instances as ScanNet and ScanNet++ write them: segments of vertices, and groups of segments that make up objects."""

from pathlib import Path
from typing import Any

import numpy as np

from .files import Mesh, ScanError, field, read_json


def read_things(mesh: Mesh, segments_path: Path, groups_path: Path, hint: str) -> list[tuple[str, np.ndarray]]:
    """Read the labelled objects of a mesh.

    Args:
        mesh: the surface.
        segments_path: file with `segIndices`, the segment of each vertex.
        groups_path: file with `segGroups`, each with a `label` and the `segments` that make it up.
        hint: how to mend either.

    Returns:
        For each group its label, and the indices [k] of its vertices, at least one.

    Raises:
        ScanError: a file is missing or malformed, does not fit the mesh, or names segments that do not exist.
    """
    segment_values = field(read_json(segments_path, hint), "segIndices", list, segments_path, hint)
    vertex_segments = _whole(segment_values, "segIndices", segments_path, hint)
    if len(vertex_segments) != len(mesh.vertices):
        problem = f"has {len(vertex_segments)} segIndices for the {len(mesh.vertices)} vertices of {mesh.path.name}"
        raise ScanError(segments_path, problem, hint)
    order = np.argsort(vertex_segments, kind="stable")
    segment_ids, starts = np.unique(vertex_segments[order], return_index=True)
    ends = np.append(starts[1:], len(order))
    instances = []
    for group in field(read_json(groups_path, hint), "segGroups", list, groups_path, hint):
        label = field(group, "label", str, groups_path, hint)
        group_segments = np.unique(
            _whole(field(group, "segments", list, groups_path, hint), f"{label!r}", groups_path, hint)
        )
        positions = np.searchsorted(segment_ids, group_segments)
        unknown_segments = group_segments[
            (positions >= len(segment_ids))
            | (segment_ids[np.minimum(positions, len(segment_ids) - 1)] != group_segments)
        ]
        if len(unknown_segments) or not len(group_segments):
            problem = f"{label!r} has segments {unknown_segments[:3].tolist()} that {segments_path.name} does not have"
            raise ScanError(groups_path, problem if len(unknown_segments) else f"{label!r} has no segments", hint)
        instances.append((label, np.concatenate([order[starts[i] : ends[i]] for i in positions])))
    if not instances:
        raise ScanError(groups_path, "labels nothing", hint)
    return instances


def _whole(values: list[Any], description: str, path: Path, hint: str) -> np.ndarray:
    if not all(type(value) is int and abs(value) < 2**62 for value in values):
        raise ScanError(path, f"{description} holds something that is no whole number", hint)
    return np.array(values, np.int64)
