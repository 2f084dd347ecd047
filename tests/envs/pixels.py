"""Objects read from pixels alone: what a picture shows, by no geometry of ours.

Areas and centroids come from coverage: a pixel on an edge counts by how far its colour is from white.
"""

import numpy as np

PALETTE = {
    "red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255),
    "yellow": (255, 255, 0), "black": (0, 0, 0), "purple": (128, 0, 128),
}  # fmt: skip


def rows_of_picture(picture: np.ndarray, canvas: int = 64) -> dict[int, dict[str, object]]:
    """Rows as the second method takes them, in px of the canvas.

    Args:
        picture: pixels [height, width, 3] uint8 of coloured shapes, apart from each other, on white.
        canvas: width of the canvas in its own px.
    """
    away = 255.0 - picture.astype(np.float64)  # [h, w, 3], 0 on white
    labels = components(away.sum(2) > 0)
    scale = canvas / picture.shape[1]
    return {n: _row(away, np.nonzero(labels == n), scale) for n in range(1, int(labels.max()) + 1)}


def components(mask: np.ndarray) -> np.ndarray:
    """Connected components (8 neighbours) of a mask [h, w], numbered from 1, by merging runs of rows."""
    parent = [0]

    def root(n: int) -> int:
        while parent[n] != n:
            n = parent[n]
        return n

    runs: list[tuple[int, int, int, int]] = []  # row, first column, column after the last, label
    above: list[tuple[int, int, int, int]] = []
    last_row = -2
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    here: list[tuple[int, int, int, int]] = []
    for (row, start), (_, end) in zip(starts.tolist(), ends.tolist(), strict=True):
        if row != last_row:
            above, here, last_row = (here if row == last_row + 1 else []), [], row
        touching = {root(label) for _, a, b, label in above if a <= end and start <= b}
        label = min(touching) if touching else len(parent)
        if not touching:
            parent.append(label)
        for other in touching:
            parent[other] = label
        here.append((row, start, end, label))
        runs.append(here[-1])
    number = {each: n for n, each in enumerate(sorted({root(label) for *_, label in runs}), start=1)}
    labels = np.zeros(mask.shape, np.int32)
    for row, start, end, label in runs:
        labels[row, start:end] = number[root(label)]
    return labels


def _row(away: np.ndarray, where: tuple[np.ndarray, np.ndarray], scale: float) -> dict[str, object]:
    ys, xs = where
    seen = away[ys, xs]  # [pixels, 3]
    full = seen[seen.sum(1) >= seen.sum(1).max() - 1].mean(0)
    colour = min(PALETTE, key=lambda name: float(np.abs(255.0 - np.array(PALETTE[name]) - full).sum()))
    cover = np.clip(seen @ full / (full @ full), 0, 1)
    width, height = _length(cover, xs), _length(cover, ys)
    fill = float(cover.sum()) / (width * height)
    extent = max(width, height) * scale
    return {
        "colour": colour,
        "shape": "triangle" if fill < 0.64 else "circle" if fill < 0.89 else "square",
        "size": "small" if extent < 13 else "large",
        "x": float((xs + 0.5) @ cover / cover.sum()) * scale,
        "y": float((ys + 0.5) @ cover / cover.sum()) * scale,
        "extent": extent,
        "fill": fill,
    }


def _length(cover: np.ndarray, places: np.ndarray) -> float:
    """Pixels from the first to the last row or column that has one at least half covered."""
    most = np.zeros(int(places.max()) + 1)
    np.maximum.at(most, places, cover)
    solid = np.nonzero(most >= 0.5)[0]
    return float(solid[-1] - solid[0] + 1)
