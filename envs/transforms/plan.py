"""Programs of built-in edits whose four results are as far apart as wanted."""

from collections.abc import Sequence
from itertools import combinations, permutations

import numpy as np
from PIL import Image

from ...geometry.edit import SETS, Step
from ..rng import Stream
from .difference import MAX_PLAIN, THRESHOLD, difference, plainness, seen
from .operators import BANDS
from .program import applied, written
from .seeds import SEEDS
from .source import KINDS, MAX_NUMBER, source_picture

CLEAR = 2.0
"""Per cent of the picture beyond sameness that a difference must have for a question to rest on it."""
LEVELS = dict(enumerate(BANDS, start=1))
LENGTHS = {1: (2, 2), 2: (2, 3), 3: (2, 3)}
"""Edits of a sequence, by difficulty."""
CANDIDATES, SOURCES = 9, 4
Steps = tuple[Step, ...]


def planned(stream: Stream, difficulty: int, sequences: bool) -> str:
    """A program whose least different results differ as the difficulty's band says.

    Edits are drawn evenly, then sources: an edit is given up only after `SOURCES` pictures, so that edits whose
    results are far apart are not all that easy items have. Which four of the candidates are taken is drawn evenly from
    all fours that fit, without regard to which of them will be asked for.
    """
    while True:
        names = stream.sample(tuple(SEEDS), stream.integer(*LENGTHS[difficulty]) if sequences else 1)
        for _ in range(SOURCES):
            source = f"{stream.choice(KINDS)} {stream.integer(0, MAX_NUMBER - 1)}"
            candidates = _sequences(stream, names) if sequences else _singles(stream, names[0])
            fours = _fours(source, candidates, difficulty, sequences)
            if fours:
                return written(source, tuple(stream.shuffled(stream.choice(fours))))


def _singles(stream: Stream, name: str) -> list[Steps]:
    found: list[Steps] = []
    # Some edits have fewer parameter sets than are wanted.
    for _ in range(3 * CANDIDATES):
        steps = (Step(name, SEEDS[name].draw(stream)),)
        if steps not in found and len(found) < CANDIDATES:
            found.append(steps)
    return found


def _sequences(stream: Stream, names: Sequence[str]) -> list[Steps]:
    """Orders of the same edits, with one of two parameter sets for each."""
    either = [(Step(name, SEEDS[name].draw(stream)), Step(name, SEEDS[name].draw(stream))) for name in names]
    rows: list[Steps] = [()]
    for pair in either:
        rows = [(*row, step) for row in rows for step in pair]
    found: list[Steps] = []
    for row in rows:
        found += [order for order in permutations(row) if order not in found]
    return stream.shuffled(found)[:CANDIDATES]


def _fours(source: str, candidates: Sequence[Steps], difficulty: int, sequences: bool) -> list[list[Steps]]:
    """Every four of the candidates whose results are valid and as far apart as wanted."""
    low, beyond = BANDS[LEVELS[difficulty]]
    low = max(low, THRESHOLD + CLEAR)
    pixels = source_picture(source)
    image, ground = Image.fromarray(pixels), seen(pixels)
    views = [seen(np.asarray(applied(image, steps))) for steps in candidates]
    gaps = {(i, j): difference(views[i], views[j], low) for i, j in combinations(range(len(views)), 2)}
    fours = [
        four
        for four in combinations(range(len(views)), SETS)
        if low <= min(gaps[pair] for pair in combinations(four, 2)) < beyond
    ]
    valid = {
        number: plainness(views[number]) < MAX_PLAIN and difference(ground, views[number]) >= THRESHOLD
        for number in sorted({number for four in fours for number in four})
    }
    found = [[candidates[number] for number in four] for four in fours if all(valid[number] for number in four)]
    return [four for four in found if not sequences or _varied(four)]


def _varied(four: Sequence[Steps]) -> bool:
    """Whether two of them differ in the order alone, and two in a parameter alone."""
    pairs = list(combinations(four, 2))
    reordered = any(_same(a, b) for a, b in pairs)
    changed = any(
        [step.name for step in a] == [step.name for step in b] and sum(x != y for x, y in zip(a, b, strict=True)) == 1
        for a, b in pairs
    )
    return reordered and changed


def _same(a: Steps, b: Steps) -> bool:
    return sorted((step.name, str(step.params)) for step in a) == sorted((step.name, str(step.params)) for step in b)
