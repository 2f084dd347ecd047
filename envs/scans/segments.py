"""Instances as ScanNet and ScanNet++ write them: segments of vertices, and groups of segments that make up things."""

from pathlib import Path
from typing import Any

import numpy as np

from .files import Mesh, ScanError, field, read_json


def read_things(mesh: Mesh, segments: Path, groups: Path, hint: str) -> list[tuple[str, np.ndarray]]:
    """The labelled things of a mesh.

    Args:
        mesh: the surface.
        segments: file with `segIndices`, the segment of each vertex.
        groups: file with `segGroups`, each with a `label` and the `segments` that make it up.
        hint: how to mend either.

    Returns:
        For each group its label, and the indices [k] of its vertices, at least one.

    Raises:
        ScanError: a file is missing or malformed, does not fit the mesh, or names segments that are none.
    """
    listed = field(read_json(segments, hint), "segIndices", list, segments, hint)
    of_vertex = _whole(listed, "segIndices", segments, hint)
    if len(of_vertex) != len(mesh.vertices):
        problem = f"has {len(of_vertex)} segIndices for the {len(mesh.vertices)} vertices of {mesh.path.name}"
        raise ScanError(segments, problem, hint)
    order = np.argsort(of_vertex, kind="stable")
    names, starts = np.unique(of_vertex[order], return_index=True)
    ends = np.append(starts[1:], len(order))
    found = []
    for group in field(read_json(groups, hint), "segGroups", list, groups, hint):
        label = field(group, "label", str, groups, hint)
        own = np.unique(_whole(field(group, "segments", list, groups, hint), f"{label!r}", groups, hint))
        place = np.searchsorted(names, own)
        unknown = own[(place >= len(names)) | (names[np.minimum(place, len(names) - 1)] != own)]
        if len(unknown) or not len(own):
            problem = f"{label!r} has segments {unknown[:3].tolist()} that {segments.name} does not have"
            raise ScanError(groups, problem if len(unknown) else f"{label!r} has no segments", hint)
        found.append((label, np.concatenate([order[starts[i] : ends[i]] for i in place])))
    if not found:
        raise ScanError(groups, "labels nothing", hint)
    return found


def _whole(listed: list[Any], what: str, path: Path, hint: str) -> np.ndarray:
    if not all(type(value) is int and abs(value) < 2**62 for value in listed):
        raise ScanError(path, f"{what} holds something that is no whole number", hint)
    return np.array(listed, np.int64)
