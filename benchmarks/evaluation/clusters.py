"""Clusters: questions of a benchmark that share a picture, a film or a scene."""

from collections.abc import Sequence
from dataclasses import replace

from ..samples import BadRow, Sample
from .figures import group_of


def with_clusters(loaded_rows: Sequence[Sample | BadRow], *, by_pictures: bool) -> list[Sample | BadRow]:
    """Return the questions, each with the name of its cluster; "" where it shares nothing with another.

    Questions are in one cluster that share a picture, are counted together, or have the same cluster already; so are
    those that are linked by others.

    Args:
        loaded_rows: questions, and rows that cannot be read.
        by_pictures: whether a shared picture makes a cluster.
    """
    parents: dict[str, str] = {}

    def root_of(key: str) -> str:
        parents.setdefault(key, key)
        while parents[key] != key:
            parents[key] = parents[parents[key]]
            key = parents[key]
        return key

    keys = [_keys(sample, by_pictures) if isinstance(sample, Sample) else [] for sample in loaded_rows]
    for own_keys in keys:
        for key in own_keys[1:]:
            parents[root_of(key)] = root_of(own_keys[0])
    roots = [root_of(own_keys[0]) if own_keys else "" for own_keys in keys]
    sizes: dict[str, int] = {}
    for root in roots:
        sizes[root] = sizes.get(root, 0) + 1
    return [
        replace(sample, cluster=root if sizes[root] > 1 else "") if isinstance(sample, Sample) else sample
        for sample, root in zip(loaded_rows, roots, strict=True)
    ]


def _keys(sample: Sample, by_pictures: bool) -> list[str]:
    keys = [f"group {group_of(sample)}", *([f"cluster {sample.cluster}"] if sample.cluster else [])]
    return keys + ([f"picture {image.digest}" for image in sample.images] if by_pictures else [])
