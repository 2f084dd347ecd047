"""Edit scenes: a source picture and its results under four sets of parameters, as data.

The pixels are not held, only their digests and how different they are: they follow from the program, and whoever shows
a scene runs it again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .codec import CanonicalScene

SETS = 4
"""Parameter sets of a scene."""
PAIRS = tuple((i, j) for i in range(SETS) for j in range(i + 1, SETS))
"""The pairs of sets, in the order in which their differences are held."""


@dataclass(frozen=True)
class Step:
    """One edit with its parameters."""

    name: str
    """Of a built-in program, or of a function of the scene's own program."""
    params: Mapping[str, Any]
    """JSON values by name."""


@dataclass(frozen=True)
class EditScene(CanonicalScene):
    """One source, four results."""

    source: str
    """Kind and number of the source picture: `shapes 12`."""
    built_in: bool
    """Whether every edit is one of the world's own, whose English is known."""
    about: Mapping[str, str]
    """What a program says of its functions, by name; empty for built-in edits."""
    sets: tuple[tuple[Step, ...], ...]
    """Four lists of edits that follow each other; mostly of one edit each."""
    digests: tuple[str, ...]
    """sha256 of the source's and the four results' pixels, in hex."""
    pairs: tuple[float, ...]
    """How different two results are, per cent of the picture, in the order of `PAIRS`."""
    changes: tuple[float, ...]
    """How different each result is from the source, per cent of the picture."""
    plain: tuple[float, ...]
    """How much of each result is near its middle colour, per cent of the picture."""

    def gaps(self, number: int) -> tuple[float, ...]:
        """Return how different the result of a `number` (0 to 3) is from each of the others, per cent."""
        return tuple(gap for pair, gap in zip(PAIRS, self.pairs, strict=True) if number in pair)

    @property
    def sequences(self) -> bool:
        """Tell whether some set has several edits."""
        return any(len(steps) > 1 for steps in self.sets)

    def to_dict(self) -> dict[str, Any]:
        """Return the scene as JSON values."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        fields["sets"] = [[[step.name, dict(step.params)] for step in steps] for steps in self.sets]
        fields["about"] = dict(self.about)
        return fields

    @classmethod
    def from_json(cls, text: str) -> "EditScene":
        """Read the `text` that `to_json` gave."""
        fields: dict[str, Any] = json.loads(text)
        fields["sets"] = tuple(tuple(Step(name, params) for name, params in steps) for steps in fields["sets"])
        values_by_name: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
        }
        return cls(**values_by_name)
