"""Triangle meshes: areas, enclosed volume, and vertices that a picture cannot show. Metres.

Vertices are [n, 3] and triangles [m, 3] integers, rows of the vertices, counter-clockwise seen from outside.
"""

import numpy as np

MIN_ALTITUDE = 1e-4
"""Metres: thinner triangles do not stretch a box. No picture shows them, so that they could only mislead."""


def triangle_areas(corners: np.ndarray) -> np.ndarray:
    """Return the areas [m] of triangles by their `corners` [m, 3, 3], in the square of their unit."""
    return np.asarray(
        np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    )


def closed_volume(vertices: np.ndarray, triangles: np.ndarray) -> float | None:
    """Return the volume within a surface, cubic metres; None where it is not closed or not oriented.

    By the divergence theorem, as the sum of the signed tetrahedra from a point to the `triangles`. Closed means: every
    edge is run along as often one way as the other. `vertices` at the same position count as one.
    """
    if not _is_closed(triangles):
        vertices, new_indices = _merged(vertices)
        triangles = new_indices[triangles]
        if not _is_closed(triangles):
            return None
    corners = vertices[triangles] - vertices.mean(axis=0)
    signed_volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    # Nine decimals are cubic millimetres.
    return round(abs(float(signed_volume)), 9)


def _is_closed(triangles: np.ndarray) -> bool:
    """Tell whether every edge of the `triangles` is run along as often one way as the other."""
    proper = triangles[
        (triangles[:, 0] != triangles[:, 1])
        & (triangles[:, 1] != triangles[:, 2])
        & (triangles[:, 2] != triangles[:, 0])
    ].astype(np.int64)
    if not len(proper):
        return False
    start, end = proper.ravel(), np.roll(proper, -1, axis=1).ravel()
    edge_ids = np.minimum(start, end) * (int(proper.max()) + 1) + np.maximum(start, end)
    order = np.argsort(edge_ids, kind="stable")
    group_starts = np.flatnonzero(np.diff(edge_ids[order], prepend=-1))
    return not np.add.reduceat(np.where(start < end, 1, -1)[order], group_starts).any()


def _merged(vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct points among `vertices` [n, 3], and the index [n] of each vertex among them."""
    order = np.lexsort(vertices.T)
    is_new = np.append(True, (np.diff(vertices[order], axis=0) != 0).any(axis=1))
    new_indices = np.empty(len(vertices), np.int64)
    new_indices[order] = np.cumsum(is_new) - 1
    return vertices[order][is_new], new_indices


def without_unused(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave out the `vertices` that no triangle has, and renumber the `triangles`.

    Unused vertices would stretch a box, and no picture shows them.
    """
    is_used = np.zeros(len(vertices), bool)
    is_used[triangles] = True
    new_indices = np.cumsum(is_used, dtype=np.int32) - 1
    return vertices[is_used], new_indices[triangles].astype(np.int32)


def thick_vertices(vertices: np.ndarray, triangles: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Return the `vertices` of triangles that are not too thin to be seen; all of them where every triangle is.

    Args:
        vertices: [n, 3].
        triangles: [m, 3].
        areas: [m], square metres, of the triangles.
    """
    corners = vertices[triangles]
    longest_edges = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    is_thick = (2 * areas >= MIN_ALTITUDE * longest_edges) & (areas > 0)
    is_visible = np.zeros(len(vertices), bool)
    is_visible[triangles[is_thick]] = True
    return vertices[is_visible] if is_thick.any() else vertices
