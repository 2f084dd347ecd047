"""A library of edit programs that grows, with rules for what enters and leaves, and its file on disk.

A program enters where it is valid (its four results were accepted as a scene), new in words and in effect, and at the
Solver's edge. New in words: no kept program is more alike than `MAX_ALIKE` by the n-grams of its tokens. New in effect:
on the same probe pictures no kept program makes the same of them. At the edge: the difficulty reward
1 - 2 |accuracy - 0.5| is over `MIN_REWARD`. The rules follow EVE's queue (arXiv 2604.18320), whose entries need be new
in words only. The best `CAPACITY` stay; programs that the library began with are never put out.

Nothing here runs a program or asks a model: the caller of `Library.admit` brings scene, effect and accuracy.
"""

import io
import json
import math
import os
import tokenize
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...geometry import EditScene
from ...geometry.edit import SETS, Step
from ...render import Rejected
from ..rng import SeededRng
from .difference import SIDE, THRESHOLD, difference, seen
from .program import run_built_in, written
from .seeds import SEEDS

CAPACITY = 50
MAX_ALIKE = 0.25
MIN_REWARD = 0.5
ORDER = 4
"""Longest n-grams that are compared."""
PROBES = ("shapes 1", "noise 2", "scene 3")
"""The sources on which effects are compared."""
EFFECT_SIDE = 8
"""An effect is kept as results so wide, px."""


@dataclass(frozen=True)
class Entry:
    """A kept program."""

    program: str
    reward: float
    """Its difficulty reward, 0 to 1; seeds have 1."""
    number: int
    """How many were offered before it: newer ones come first among equals."""
    seed: bool
    effect: str
    """Its results on the probe pictures, small, in hex."""


@dataclass(frozen=True)
class Offer:
    """A program offered to the library, with what was measured of it."""

    program: str
    scene: EditScene | Rejected
    """What the program came to in the sandbox."""
    effect: tuple[np.ndarray, ...]
    """Its four results on each of `PROBES`, in order, [H, W, 3] uint8 (`program.run_programs` with that source)."""
    accuracy: float
    """The share of the Solver's answers to the program's questions that were right."""


def reward_of(accuracy: float) -> float:
    """Return the difficulty reward of `accuracy`: 1 where the Solver is right half the time, 0 where always or never.

    >>> reward_of(0.5), reward_of(1.0), reward_of(0.75)
    (1.0, 0.0, 0.5)

    Raises:
        ValueError: the accuracy is not between 0 and 1.
    """
    if not 0 <= accuracy <= 1:
        raise ValueError(f"an accuracy must be between 0 and 1, got {accuracy}")
    return 1 - 2 * abs(accuracy - 0.5)


# --- alike in words ------------------------------------------------------------------------------------------------


def tokens(program: str) -> list[str]:
    """Return the tokens of `program` without comments, layout and what stands before its first function.

    Text that Python cannot split is split at spaces.
    """
    start = program.find("def ")
    function_text = program[max(start, 0) :]
    layout_types = (
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    )
    try:
        return [
            token.string
            for token in tokenize.generate_tokens(io.StringIO(function_text).readline)
            if token.type not in layout_types
        ]
    except (tokenize.TokenError, SyntaxError):
        return function_text.split()


def _grams(words: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + size]) for start in range(len(words) - size + 1))


def alike(program: str, kept_program: str) -> float:
    """Return the share of the tokens of `program` that is in `kept_program`, 0 to 1.

    The geometric mean of the precisions of n-grams up to `ORDER`, times the brevity penalty: BLEU (Papineni et al.
    2002, section 2) of the program against the one reference, one added above and below from bigrams on, so that one
    missing 4-gram is not zero.
    """
    program_tokens, kept_tokens = tokens(program), tokens(kept_program)
    if not program_tokens or not kept_tokens:
        return float(program_tokens == kept_tokens)
    log_precision = 0.0
    for size in range(1, ORDER + 1):
        program_grams, kept_grams = _grams(program_tokens, size), _grams(kept_tokens, size)
        common_count, smoothing = sum((program_grams & kept_grams).values()), int(size > 1)
        if not common_count + smoothing:
            return 0.0
        log_precision += math.log((common_count + smoothing) / (sum(program_grams.values()) + smoothing)) / ORDER
    return math.exp(log_precision + min(0.0, 1 - len(kept_tokens) / len(program_tokens)))


# --- alike in effect -----------------------------------------------------------------------------------------------


def _small(pixels: np.ndarray) -> np.ndarray:
    rows = np.arange(EFFECT_SIDE) * pixels.shape[0] // EFFECT_SIDE
    columns = np.arange(EFFECT_SIDE) * pixels.shape[1] // EFFECT_SIDE
    return pixels[rows][:, columns]


def _hex(effect: Sequence[np.ndarray]) -> str:
    return b"".join(_small(pixels).tobytes() for pixels in effect).hex()


def same_effect(first_effect: str, second_effect: str) -> bool:
    """Tell whether `first_effect` and `second_effect`, in hex, are the same pictures to the eye."""
    if len(first_effect) != len(second_effect):
        return False
    effect_pixels = [
        np.frombuffer(bytes.fromhex(effect), np.uint8).reshape(-1, EFFECT_SIDE, EFFECT_SIDE, 3)
        for effect in (first_effect, second_effect)
    ]
    return all(
        difference(_view(first_pixels), _view(second_pixels)) < THRESHOLD
        for first_pixels, second_pixels in zip(*effect_pixels, strict=True)
    )


def _view(small_pixels: np.ndarray) -> np.ndarray:
    return seen(small_pixels.repeat(SIDE // EFFECT_SIDE, 0).repeat(SIDE // EFFECT_SIDE, 1))


# --- the library ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Library:
    """Kept programs, best first; offering one gives a new library."""

    entries: tuple[Entry, ...] = ()
    offered: int = 0
    """How many programs were ever offered."""

    @classmethod
    def of_seeds(cls) -> "Library":
        """Return a library of the built-in edits, each with four parameter sets."""
        entries = []
        for number, (name, seed) in enumerate(SEEDS.items()):
            rng, parameter_sets = SeededRng(("transforms/library", name)), list[tuple[Step, ...]]()
            while len(parameter_sets) < SETS:
                steps = (Step(name, seed.draw(rng)),)
                parameter_sets += [steps] if steps not in parameter_sets else []
            effect = [pixels for probe in PROBES for pixels in run_built_in(probe, tuple(parameter_sets))[1:]]
            entries.append(Entry(written(PROBES[0], tuple(parameter_sets)), 1.0, number, True, _hex(effect)))
        return cls(_ordered(entries), len(entries))

    def admit(self, offer: Offer) -> "Library | Rejected":
        """Return the library with the program of `offer` in it, or why it is not let in."""
        if isinstance(offer.scene, Rejected):
            return Rejected("invalid", f"the program is not valid: {offer.scene.reason}", offer.scene.hint)
        reward = reward_of(offer.accuracy)
        if not reward > MIN_REWARD:
            easy = "easy" if offer.accuracy > 0.5 else "hard"
            return Rejected(
                "edge", f"the questions are too {easy}: {offer.accuracy:.0%} are answered", "vary the parameters"
            )
        likeness, nearest = max(((alike(offer.program, entry.program), entry) for entry in self.entries),
                                key=lambda pair: pair[0], default=(0.0, None))  # fmt: skip
        if nearest is not None and likeness > MAX_ALIKE:
            return Rejected("words", f"{likeness:.2f} alike to a kept program", "write another kind of edit")
        effect = _hex(offer.effect)
        if any(same_effect(effect, entry.effect) for entry in self.entries):
            return Rejected(
                "effect", "a kept program makes the same of the probe pictures", "write another kind of edit"
            )
        return self._with(Entry(offer.program, reward, self.offered, False, effect))

    def _with(self, entry: Entry) -> "Library | Rejected":
        seed_count = sum(other_entry.seed for other_entry in self.entries)
        ranked_entries = _ordered([*self.entries, entry])
        learned_entries = [other_entry for other_entry in ranked_entries if not other_entry.seed][
            : max(0, CAPACITY - seed_count)
        ]
        if entry not in learned_entries:
            return Rejected("full", f"{CAPACITY} better programs are kept", "")
        return Library(
            _ordered([*learned_entries, *(other_entry for other_entry in ranked_entries if other_entry.seed)]),
            self.offered + 1,
        )

    # --- on disk ------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Canonical JSON: equal libraries give equal bytes."""
        body = {"version": 1, "offered": self.offered, "entries": [asdict(entry) for entry in self.entries]}
        return json.dumps(body, sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Library":
        """Read the `text` that `to_json` gave.

        Raises:
            ValueError: it is not a library, or one of another version.
        """
        body: Any = json.loads(text)
        if not isinstance(body, dict) or body.get("version") != 1:
            raise ValueError("no library of version 1; start a new one with Library.of_seeds()")
        return cls(tuple(Entry(**entry) for entry in body["entries"]), body["offered"])

    def save(self, path: Path) -> None:
        """Write the library to `path`; a reader, even after a kill in between, finds the old one or the new one."""
        draft_path = path.with_name(f".{path.name}.{os.getpid()}.draft")
        with draft_path.open("w", encoding="utf-8") as file:
            file.write(self.to_json())
            file.flush()
            os.fsync(file.fileno())
        draft_path.replace(path)
        folder_descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            # The renaming itself is on disk only when the folder is.
            os.fsync(folder_descriptor)
        finally:
            os.close(folder_descriptor)

    @classmethod
    def load(cls, path: Path) -> "Library":
        """Read the library that was saved last under `path`, or the seeds where none was."""
        return cls.from_json(path.read_text("utf-8")) if path.exists() else cls.of_seeds()


def _ordered(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Sort `entries`: seeds first, then the highest reward, and among equals the newest."""
    return tuple(sorted(entries, key=lambda entry: (not entry.seed, -entry.reward, -entry.number)))
