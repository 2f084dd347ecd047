"""Programs of built-in edits whose four results are as far apart as wanted."""

from collections.abc import Sequence
from itertools import combinations, permutations

import numpy as np
from PIL import Image

from ...geometry.edit import SETS, Step
from ..rng import SeededRng
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


def planned(rng: SeededRng, difficulty: int, sequences: bool) -> str:
    """Return a program whose least different results differ as the band of `difficulty` says.

    Edits are drawn evenly, then sources: an edit is given up only after `SOURCES` pictures, so that edits whose
    results are far apart are not all that easy items have. Which four of the candidates are taken is drawn evenly from
    all fours that fit, without regard to which of them will be asked for.

    Args:
        rng: random numbers.
        difficulty: a key of `LEVELS`.
        sequences: whether each parameter set is a sequence of edits.
    """
    while True:
        edit_names = rng.sample(tuple(SEEDS), rng.integer(*LENGTHS[difficulty]) if sequences else 1)
        for _ in range(SOURCES):
            source_name = f"{rng.choice(KINDS)} {rng.integer(0, MAX_NUMBER - 1)}"
            candidates = _sequences(rng, edit_names) if sequences else _singles(rng, edit_names[0])
            valid_fours = _fours(source_name, candidates, difficulty, sequences)
            if valid_fours:
                return written(source_name, tuple(rng.shuffled(rng.choice(valid_fours))))


def _singles(rng: SeededRng, name: str) -> list[Steps]:
    candidates: list[Steps] = []
    # Some edits have fewer parameter sets than are wanted.
    for _ in range(3 * CANDIDATES):
        steps = (Step(name, SEEDS[name].draw(rng)),)
        if steps not in candidates and len(candidates) < CANDIDATES:
            candidates.append(steps)
    return candidates


def _sequences(rng: SeededRng, edit_names: Sequence[str]) -> list[Steps]:
    """Return orders of the edits `edit_names`, with one of two parameter sets for each."""
    step_pairs = [(Step(name, SEEDS[name].draw(rng)), Step(name, SEEDS[name].draw(rng))) for name in edit_names]
    step_rows: list[Steps] = [()]
    for step_pair in step_pairs:
        step_rows = [(*step_row, step) for step_row in step_rows for step in step_pair]
    sequences: list[Steps] = []
    for step_row in step_rows:
        sequences += [order for order in permutations(step_row) if order not in sequences]
    return rng.shuffled(sequences)[:CANDIDATES]


def _fours(source_name: str, candidates: Sequence[Steps], difficulty: int, sequences: bool) -> list[list[Steps]]:
    """Return every four of `candidates` whose results are valid and as far apart as wanted."""
    least_gap, gap_limit = BANDS[LEVELS[difficulty]]
    least_gap = max(least_gap, THRESHOLD + CLEAR)
    pixels = source_picture(source_name)
    image, source_view = Image.fromarray(pixels), seen(pixels)
    result_views = [seen(np.asarray(applied(image, steps))) for steps in candidates]
    pair_gaps = {
        (i, j): difference(result_views[i], result_views[j], least_gap)
        for i, j in combinations(range(len(result_views)), 2)
    }
    fours = [
        numbers
        for numbers in combinations(range(len(result_views)), SETS)
        if least_gap <= min(pair_gaps[pair] for pair in combinations(numbers, 2)) < gap_limit
    ]
    valid_results = {
        number: plainness(result_views[number]) < MAX_PLAIN
        and difference(source_view, result_views[number]) >= THRESHOLD
        for number in sorted({number for numbers in fours for number in numbers})
    }
    chosen_fours = [
        [candidates[number] for number in numbers]
        for numbers in fours
        if all(valid_results[number] for number in numbers)
    ]
    return [numbers for numbers in chosen_fours if not sequences or _varied(numbers)]


def _varied(four: Sequence[Steps]) -> bool:
    """Tell whether two of `four` differ in the order alone, and two in a parameter alone."""
    step_pairs = list(combinations(four, 2))
    order_differs = any(_same(first_steps, second_steps) for first_steps, second_steps in step_pairs)
    parameter_differs = any(
        [step.name for step in first_steps] == [step.name for step in second_steps]
        and sum(x != y for x, y in zip(first_steps, second_steps, strict=True)) == 1
        for first_steps, second_steps in step_pairs
    )
    return order_differs and parameter_differs


def _same(first_steps: Steps, second_steps: Steps) -> bool:
    return sorted((step.name, str(step.params)) for step in first_steps) == sorted(
        (step.name, str(step.params)) for step in second_steps
    )
