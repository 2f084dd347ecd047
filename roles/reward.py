"""Reward terms as values, and the formulas of the reference systems that they are computed by.

A `RewardTerm` has a name, a default weight and a function of one context (an answer, a program or a proposal); a
`TermTable` holds the terms of a role and sums them by weight. `terms.py` declares every term; nothing else pays a role.

Two kinds of rate go into the formulas, and they are not the same: an accuracy `p` against a trusted answer, and a
majority share `s` of answers that agree with one another whether or not they are correct. The parameter names keep
them apart. The constants are those of the published code, which may differ from the papers'; commits stand at each
function.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from ..envs import Score
from ..errors import did_you_mean

Context = TypeVar("Context")


@dataclass(frozen=True, slots=True)
class RewardTerm(Generic[Context]):
    """One thing that a role is paid for."""

    name: str
    about: str
    """A sentence that says what it measures."""
    default_weight: float
    """Its weight in the default recipe; a term of weight 0 is not computed."""
    compute: Callable[[Context], float]
    requires: str = ""
    """What an algorithm must provide for it, such as `utilities`."""


class TermTable(Generic[Context]):
    """The reward terms of one role, in the order in which they are summed.

    >>> table = TermTable("solver")
    >>> @table.term("short", "The reply is one word.", weight=0.5)
    ... def short(text: str) -> float:
    ...     return float(" " not in text)
    >>> table.score("blue", table.default_weights())
    Score(value=0.5, terms={'short': 1.0})
    """

    def __init__(self, role: str) -> None:
        self.role = role
        self.terms: dict[str, RewardTerm[Context]] = {}

    def term(
        self, name: str, about: str, *, weight: float = 0.0, requires: str = ""
    ) -> Callable[[Callable[[Context], float]], Callable[[Context], float]]:
        """Declare the decorated function as a term.

        Args:
            name: as in the option `rewards.<role>.<name>`.
            about: a sentence that says what it measures.
            weight: in the default recipe.
            requires: what an algorithm must provide for it.
        """

        def declare(compute: Callable[[Context], float]) -> Callable[[Context], float]:
            self.terms[name] = RewardTerm(name, about, weight, compute, requires)
            return compute

        return declare

    def default_weights(self) -> dict[str, float]:
        """Return each term's weight in the default recipe."""
        return {name: term.default_weight for name, term in self.terms.items()}

    def only(self, **weights: float) -> dict[str, float]:
        """Return `weights` with 0 for every other term: what a recipe pays that does not pay by default."""
        return dict.fromkeys(self.terms, 0.0) | self.known(weights)

    def known(self, weights: Mapping[str, float]) -> dict[str, float]:
        """Return `weights`.

        Raises:
            ValueError: no term has one of the names; the message suggests the closest.
        """
        for name in weights:
            if name not in self.terms:
                hint = did_you_mean(name, self.terms) or f"terms: {', '.join(self.terms)}"
                raise ValueError(f"the {self.role} has no reward term {name!r}; {hint}")
        return dict(weights)

    def score(self, context: Context, weights: Mapping[str, float]) -> Score:
        """Return the weighted sum of the terms, with the value of each; terms of weight 0 are left out.

        Args:
            context: what is paid for.
            weights: by term; 0 for a term that is left out.
        """
        values = {name: term.compute(context) for name, term in self.terms.items() if weights.get(name, 0.0)}
        return Score(sum((weights[name] * value for name, value in values.items()), 0.0), values)


# --- of one rate ---------------------------------------------------------------------------------------------------


def _share(name: str, value: float) -> float:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} is a share from 0 to 1, got {value!r}")
    return value


def smaller_side(p: float) -> float:
    """Return min(p, 1 - p): 1/2 at p = 1/2, and 0 where all or none succeed.

    Source: R-Zero (questioner reward; github Chengsong-Huang/R-Zero at 5699329) and MM-Zero's difficulty term.

    >>> smaller_side(0.25), smaller_side(0.9) == 1 - 0.9
    (0.25, True)
    """
    _share("p", p)
    return min(p, 1.0 - p)


def bernoulli_variance(p: float) -> float:
    """Return 4p(1 - p): the variance of a reward that is 1 with probability `p`, scaled to 1 at p = 1/2.

    Source: Foster and Foerster 2025 (https://arxiv.org/abs/2502.12272), "learnability".

    >>> bernoulli_variance(0.25)
    0.75
    """
    _share("p", p)
    return 4.0 * p * (1.0 - p)


def tent(p: float) -> float:
    """Return 1 - 2|p - 1/2|, exactly twice `smaller_side`.

    Source: EVE's difficulty reward (arXiv 2604.18320; recipe/EVE/CS.py, commit fc7d6a04), over 6 answers.

    >>> tent(0.25), tent(0.5)
    (0.5, 1.0)
    """
    _share("p", p)
    return 1.0 - 2.0 * abs(p - 0.5)


def rarity(p: float) -> float:
    """Return 1 - p where any answer was correct, else 0: highest at the lowest accuracy that is not 0.

    Source: Absolute Zero Reasoner's proposer (github LeapLabTHU/Absolute-Zero-Reasoner, commit a82124e).

    >>> rarity(0.25), rarity(0.0)
    (0.75, 0.0)
    """
    _share("p", p)
    return 1.0 - p if p > 0.0 else 0.0


# --- MM-Zero -------------------------------------------------------------------------------------------------------


class SolverView(NamedTuple):
    """The Solver's answers about one program that drew, in two numbers."""

    solvability: float
    """Accuracy on the easy questions about the drawing."""
    consistency: float
    """Majority share of the answers to the hard question."""


SOLVABILITY_CAP = 0.5
"""MM-Zero's cap of the Proposer's solvability term."""


def mm_zero_programs(samples: Sequence[SolverView | None], *, cap: float | None = SOLVABILITY_CAP) -> float:
    """Return MM-Zero's mean over programs of min(solvability, cap) + min(c, 1 - c), 0 for one that failed to draw.

    0.3 is taken off where the mean difficulty of the drawn programs is under 0.15. The facts do not say which programs
    that mean is over; here it is the drawn ones, and without any nothing is taken off.

    Source: MM-Zero (arXiv 2603.09206; reward_function/proposer_reward.py, commit 70592bcc).

    Args:
        samples: one for each program; None where it failed to draw.
        cap: of the solvability; None for no cap.

    Raises:
        ValueError: no samples.

    >>> mm_zero_programs([SolverView(1.0, 0.5), None])
    0.5
    >>> round(mm_zero_programs([SolverView(1.0, 1.0)]), 4)
    0.2
    """
    if not samples:
        raise ValueError("a proposal is judged by one program or more, got none")
    drawn_samples = [sample for sample in samples if sample is not None]
    hard_shares = [smaller_side(sample.consistency) for sample in drawn_samples]
    easy_shares = [
        min(_share("solvability", sample.solvability), 1.0 if cap is None else cap) for sample in drawn_samples
    ]
    too_easy = bool(hard_shares) and sum(hard_shares) / len(hard_shares) < 0.15
    return (sum(easy_shares) + sum(hard_shares)) / len(samples) - 0.3 * too_easy


def type_penalty(kind: str, kinds: Sequence[str]) -> float:
    """Return MM-Zero's penalty of a content type over half of the batch, -0.15 (f - 0.5)/0.5; 0 if there is one type.

    Source: as `mm_zero_programs`. The exemption of a batch of one type is published behaviour.

    Args:
        kind: the proposal's type.
        kinds: the types of all valid proposals, with this one.

    >>> type_penalty("map", ["map", "map", "map", "table"]), type_penalty("map", ["map", "map"])
    (-0.075, 0.0)
    """
    if kind not in kinds:
        raise ValueError(f"{kind!r} is not among the batch's types {sorted(set(kinds))}")
    frequency = kinds.count(kind) / len(kinds)
    return -0.15 * (frequency - 0.5) / 0.5 if frequency > 0.5 and len(set(kinds)) > 1 else 0.0


TEXT_WEIGHTS: Mapping[str, float] = {"caption": 0.45, "easy": 0.20, "hard": 0.35}
"""Weights of the three texts of a proposal in MM-Zero's diversity term."""


def text_penalty(excess: Mapping[str, float], valid_count: int) -> float:
    """Return MM-Zero's diversity term: minus weighted excess cluster share times `valid_count` / 2, within +-0.5.

    A cluster smaller than expected has a negative excess and so earns a bonus. Source: as `mm_zero_programs`; what
    "excess" is taken over is not in our facts, so the caller gives it.

    Args:
        excess: of the cluster share of each text in `TEXT_WEIGHTS`.
        valid_count: number of valid proposals.

    >>> round(text_penalty({"caption": 0.1, "easy": 0.0, "hard": 0.0}, 10), 4)
    -0.225
    >>> text_penalty({"caption": 0.9, "easy": 0.9, "hard": 0.9}, 10)
    -0.5
    """
    if excess.keys() != TEXT_WEIGHTS.keys():
        raise ValueError(f"excess is given for {sorted(TEXT_WEIGHTS)}, got {sorted(excess)}")
    penalty = sum(TEXT_WEIGHTS[name] * value for name, value in excess.items()) * valid_count * 0.5
    return -max(-0.5, min(0.5, penalty))


def no_drawing_penalty(*, empty: bool, is_svg: bool) -> float:
    """Return what MM-Zero takes off for a program that does not draw: 0.1, 0.05 more if empty, 0.5 more if no SVG.

    Source: MM-Zero (reward_function/codegen_reward.py, commit 70592bcc); no more than 0.5 in all.

    >>> no_drawing_penalty(empty=False, is_svg=True), no_drawing_penalty(empty=True, is_svg=False)
    (0.1, 0.5)
    """
    return min(0.5, 0.1 + 0.05 * empty + 0.5 * (not is_svg))


def mm_zero_keeps_for_coder(render_rate: float) -> bool:
    """Tell whether MM-Zero trains its Coder on a proposal: a `render_rate` in [0.25, 0.75] (over 4 programs).

    As the Coder improves this starves it: published counts of kept samples fall from 1196 to 47 (and back to 127).

    >>> [mm_zero_keeps_for_coder(rate / 4) for rate in range(5)]
    [False, True, True, True, False]
    """
    return 0.25 <= _share("render_rate", render_rate) <= 0.75


def mm_zero_keeps_for_solver(easy_consistency: float, hard_consistency: float) -> bool:
    """Tell whether MM-Zero trains its Solver on an item: `easy_consistency` >= 0.5, `hard_consistency` in [0.25, 0.75].

    >>> mm_zero_keeps_for_solver(0.5, 0.75), mm_zero_keeps_for_solver(0.4, 0.5), mm_zero_keeps_for_solver(1.0, 0.8)
    (True, False, False)
    """
    return _share("easy_consistency", easy_consistency) >= 0.5 and 0.25 <= _share("hard", hard_consistency) <= 0.75


# --- EVE, SpatialEvo -----------------------------------------------------------------------------------------------


def eve_keeps(accuracy: float) -> bool:
    """Tell whether EVE keeps an item for the Solver: 0.25 <= `accuracy` < 1.

    Source: EVE (arXiv 2604.18320; recipe/EVE/CS.py, commit fc7d6a04).

    >>> eve_keeps(0.25), eve_keeps(1.0)
    (True, False)
    """
    return 0.25 <= _share("accuracy", accuracy) < 1.0


def eve_difficulty(accuracies: Sequence[float], *, last_only: bool = False) -> float:
    """Return EVE's difficulty of a valid program: the mean of `tent` over its question types.

    Source: as `eve_keeps`.

    Args:
        accuracies: the frozen Solver's, for each question type; 0 where none was asked.
        last_only: published behaviour: once an item was kept, the difficulty of the last type alone counts.

    >>> eve_difficulty([0.5, 1.0]), eve_difficulty([0.5, 1.0], last_only=True)
    (0.5, 0.0)
    """
    if not accuracies:
        return 0.0
    difficulties = [tent(accuracy) for accuracy in accuracies]
    counts_last = last_only and any(map(eve_keeps, accuracies))
    return difficulties[-1] if counts_last else sum(difficulties) / len(difficulties)


LEAST_OBSERVATION = 0.1
"""SpatialEvo's least factor for how well the scene was observed."""


def spatialevo_factor(task: str, answer: str) -> float:
    """Return SpatialEvo's factor of a valid question whose answer says little; 1 for every other.

    Source: SpatialEvo (arXiv 2604.14144; question_quality_reward, commit 465546a7).

    Args:
        task: of the question.
        answer: the true one.

    >>> spatialevo_factor("object_counting", "1"), spatialevo_factor("depth_order_obj_obj", "same")
    (0.5, 0.5)
    """
    low_factors = {
        "object_counting": {"0": 0.0, "1": 0.5},
        "depth_order_obj_obj": {"same": 0.5},
        "elevation_cam_cam": {"same_level": 0.0},
        "visibility_compare": {"same": 0.5, "neither": 0.5},
    }
    return low_factors.get(task, {}).get(answer, 1.0)
