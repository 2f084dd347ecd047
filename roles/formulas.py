"""Reward formulas and filters of the reference systems, as pure functions.

Two kinds of rate go in, and they are not the same: an accuracy `p` against a trusted answer, and a majority share `s`
of answers that agree with one another whether or not they are right. The parameter names keep them apart. The
constants are those of the published code, which may differ from the papers'; commits stand at each function.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple


def _share(name: str, value: float) -> float:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} is a share from 0 to 1, got {value!r}")
    return value


def smaller_side(p: float) -> float:
    """min(p, 1 - p): 1/2 at p = 1/2 and 0 where all or none succeed.

    Source: R-Zero (questioner reward; github Chengsong-Huang/R-Zero at 5699329) and MM-Zero's difficulty term.

    >>> smaller_side(0.25), smaller_side(0.9) == 1 - 0.9
    (0.25, True)
    """
    _share("p", p)
    return min(p, 1.0 - p)


def variance(p: float) -> float:
    """4p(1 - p): the variance of a Bernoulli reward, scaled to 1. `edge` in roles/reward.py, with a check.

    Source: Foster and Foerster 2025 (https://arxiv.org/abs/2502.12272), "learnability".

    >>> variance(0.25)
    0.75
    """
    _share("p", p)
    return 4.0 * p * (1.0 - p)


def tent(p: float) -> float:
    """1 - 2|p - 1/2|, exactly twice `smaller_side`.

    Source: EVE's difficulty reward (arXiv 2604.18320; recipe/EVE/CS.py, commit fc7d6a04), over 6 answers.

    >>> tent(0.25), tent(0.5)
    (0.5, 1.0)
    """
    _share("p", p)
    return 1.0 - 2.0 * abs(p - 0.5)


def absolute_zero(p: float) -> float:
    """1 - p where any answer was right, else 0: highest at the lowest accuracy that is not 0.

    Source: Absolute Zero Reasoner's proposer (github LeapLabTHU/Absolute-Zero-Reasoner, commit a82124e).

    >>> absolute_zero(0.25), absolute_zero(0.0)
    (0.75, 0.0)
    """
    _share("p", p)
    return 1.0 - p if p > 0.0 else 0.0


def dr_zero(correct: int, answers: int) -> float:
    """(n - k)/(n - 1) where some but not all of n answers are right, else 0: 1 at a single right answer.

    Source: Dr. Zero (arXiv 2601.07055; github facebookresearch/drzero, commit 0591d53), n = 5.

    Raises:
        ValueError: there are no answers, or more right ones than answers.

    >>> dr_zero(1, 5), dr_zero(3, 5), dr_zero(5, 5), dr_zero(0, 5)
    (1.0, 0.5, 0.0, 0.0)
    """
    if not (answers >= 1 and 0 <= correct <= answers):
        raise ValueError(f"right answers are 0 to the number of answers (1 or more), got {correct} of {answers}")
    return (answers - correct) / (answers - 1) if 0 < correct < answers else 0.0


def dr_zero_total(difficulty: float, form: float) -> float:
    """Dr. Zero's whole reward: its difficulty and half its mean of format terms (same source).

    >>> dr_zero_total(0.5, 1.0)
    1.0
    """
    return _share("difficulty", difficulty) + 0.5 * _share("form", form)


def entropy(counts: Sequence[int]) -> float:
    """Entropy of the answers to one item, in nats.

    Raises:
        ValueError: a count is negative, or all are 0.

    >>> round(entropy([2, 2]), 4), entropy([5])
    (0.6931, 0.0)
    """
    total = sum(counts)
    if total <= 0 or min(counts) < 0:
        raise ValueError(f"counts are 0 or more and not all 0, got {list(counts)}")
    return sum(-count / total * math.log(count / total) for count in counts if count)


def evolmm(counts: Sequence[int]) -> float:
    """EvoLMM's entropy band: exp(-(H - 0.9)^2 / (2 * 0.35^2)) of the answers' entropy H in nats.

    Source: EvoLMM (arXiv 2511.16672; github mbzuai-oryx/EvoLMM, commit de5b0f8), 5 answers for each question.

    >>> round(evolmm([5]), 4), round(evolmm([3, 1, 1]), 4)
    (0.0367, 0.9897)
    """
    return math.exp(-((entropy(counts) - 0.9) ** 2) / (2.0 * 0.35**2))


def r_zero(s: float, cluster_share: float, *, well_formed: bool = True) -> float:
    """R-Zero's questioner: min(s, 1 - s) less the share of its cluster; -1 in the first's place if malformed.

    Source: R-Zero (commit 5699329), also VisPlay's (arXiv 2511.15661); s over 10 answers. `cluster_share` is
    roles/novelty.py's with cut 0.5.

    >>> r_zero(0.5, 0.25), r_zero(0.5, 0.25, well_formed=False)
    (0.25, -1.25)
    """
    return (smaller_side(s) if well_formed else -1.0) - _share("cluster_share", cluster_share)


def ttcs(s: float, cluster_share: float, likeness: float = 0.0) -> float:
    """TTCS's synthesizer: max(0, (4s(1 - s))^1.2 * (1 - likeness) - cluster share).

    Source: TTCS (arXiv 2601.22628; github XMUDeepLIT/TTCS, commit c0a38fd).

    Args:
        s: majority share.
        cluster_share: of the question's cluster in its batch.
        likeness: to the source question; 0 where it stays under the published thresholds.

    >>> ttcs(0.5, 0.25), ttcs(0.5, 0.25, likeness=0.5), ttcs(1.0, 0.25)
    (0.75, 0.25, 0.0)
    """
    shaped = variance(s) ** 1.2 * (1.0 - _share("likeness", likeness))
    return max(0.0, shaped - _share("cluster_share", cluster_share))


def v_zero(s: float | None, *, agrees: bool, well_formed: bool = True) -> float:
    """V-Zero's questioner: min(s, 1 - s) where the majority is its own guess, s/2 where not; 0 without a majority.

    Source: V-Zero (arXiv 2601.10094; github SatonoDia/V-Zero, commit ee40c88), s over 10 answers, malformed -1.

    >>> v_zero(0.75, agrees=True), v_zero(1.0, agrees=False), v_zero(None, agrees=False)
    (0.25, 0.5, 0.0)
    """
    if not well_formed:
        return -1.0
    if s is None:
        return 0.0
    return smaller_side(s) if agrees else 0.5 * _share("s", s)


class Rendered(NamedTuple):
    """What the Solver made of one program that drew."""

    solvability: float
    """Share of answers to the easy question that match the Proposer's own answer."""
    consistency: float
    """Majority share of the answers to the hard question."""


SOLVABILITY_CAP = 0.5
"""MM-Zero's cap of the Proposer's solvability term."""


def mm_zero_proposer(samples: Sequence[Rendered | None], *, cap: float | None = SOLVABILITY_CAP) -> float:
    """MM-Zero's Proposer: mean over programs of min(solvability, cap) + min(c, 1 - c), 0 for one that failed to draw.

    0.3 is taken off where the mean difficulty of the drawn programs is under 0.15. The facts do not say which programs
    that mean is over; here it is the drawn ones, and without any nothing is taken off. A proposal that lacks a part is
    worth -1 there (`MALFORMED`), and the penalties over a batch are `type_penalty` and `text_penalty`.

    Source: MM-Zero (arXiv 2603.09206; reward_function/proposer_reward.py, commit 70592bcc).

    Args:
        samples: one for each program; None where it failed to draw.
        cap: of the solvability; None for no cap.

    Raises:
        ValueError: no samples.

    >>> mm_zero_proposer([Rendered(1.0, 0.5), None])
    0.5
    >>> round(mm_zero_proposer([Rendered(1.0, 1.0)]), 4)
    0.2
    """
    if not samples:
        raise ValueError("a proposal is judged by one program or more, got none")
    drawn = [sample for sample in samples if sample is not None]
    hard = [smaller_side(sample.consistency) for sample in drawn]
    easy = [min(_share("solvability", sample.solvability), 1.0 if cap is None else cap) for sample in drawn]
    too_easy = bool(hard) and sum(hard) / len(hard) < 0.15
    return (sum(easy) + sum(hard)) / len(samples) - 0.3 * too_easy


MALFORMED = -1.0
"""What MM-Zero and SpatialEvo pay for an output without its parts."""


def type_penalty(kind: str, kinds: Sequence[str]) -> float:
    """MM-Zero's penalty of a content type over half of the batch: -0.15 (f - 0.5)/0.5; none if there is one type.

    Source: as `mm_zero_proposer`. The exemption of a batch of one type is a published quirk.

    >>> type_penalty("map", ["map", "map", "map", "table"]), type_penalty("map", ["map", "map"])
    (-0.075, 0.0)
    """
    if kind not in kinds:
        raise ValueError(f"{kind!r} is not among the batch's types {sorted(set(kinds))}")
    frac = sum(each == kind for each in kinds) / len(kinds)
    return -0.15 * (frac - 0.5) / 0.5 if frac > 0.5 and len(set(kinds)) > 1 else 0.0


TEXT_WEIGHTS: Mapping[str, float] = {"caption": 0.45, "easy": 0.20, "hard": 0.35}
"""Weights of the three texts of a proposal in MM-Zero's diversity term."""


def text_penalty(excess: Mapping[str, float], valid: int) -> float:
    """MM-Zero's diversity term: minus weighted excess cluster share times valid proposals / 2, within +-0.5.

    A cluster smaller than expected has a negative excess and so earns a bonus. Source: as `mm_zero_proposer`; what
    "excess" is taken over is not in our facts, so the caller gives it.

    >>> round(text_penalty({"caption": 0.1, "easy": 0.0, "hard": 0.0}, 10), 4)
    -0.225
    >>> text_penalty({"caption": 0.9, "easy": 0.9, "hard": 0.9}, 10)
    -0.5
    """
    if excess.keys() != TEXT_WEIGHTS.keys():
        raise ValueError(f"excess is given for {sorted(TEXT_WEIGHTS)}, got {sorted(excess)}")
    penalty = sum(TEXT_WEIGHTS[name] * value for name, value in excess.items()) * valid * 0.5
    return -max(-0.5, min(0.5, penalty))


def mm_zero_coder(sample: Rendered | None, *, empty: bool = False, svg: bool = True, right_type: bool = True) -> float:
    """MM-Zero's Coder: 1 + solvability + min(c, 1 - c) if drawn, less 0.5 for a wrong type; else a penalty to -0.5.

    Source: MM-Zero (reward_function/codegen_reward.py, commit 70592bcc). Not drawn: -(0.1, 0.05 more for an empty
    program, 0.5 more where it is no SVG), no lower than -0.5. The solvability has no cap here.

    >>> mm_zero_coder(Rendered(0.75, 0.75)), mm_zero_coder(None), mm_zero_coder(None, svg=False)
    (2.0, -0.1, -0.5)
    """
    if sample is None:
        return max(-0.5, -(0.1 + 0.05 * empty + 0.5 * (not svg)))
    score = 1.0 + _share("solvability", sample.solvability) + smaller_side(sample.consistency)
    return score - 0.5 * (not right_type)


def mm_zero_solver(accuracy: float, form: float) -> float:
    """MM-Zero's Solver: 0.9 accuracy against its label and 0.1 format (reward_function/cot_val_solver.py).

    >>> mm_zero_solver(1.0, 0.0)
    0.9
    """
    return 0.9 * _share("accuracy", accuracy) + 0.1 * _share("form", form)


def mm_zero_keeps_for_coder(render_rate: float) -> bool:
    """MM-Zero trains its Coder on proposals whose render rate lies in [0.25, 0.75] (over 4 programs).

    As the Coder improves this starves it: published counts of kept samples fall from 1196 to 47 (and back to 127).

    >>> [mm_zero_keeps_for_coder(rate / 4) for rate in range(5)]
    [False, True, True, True, False]
    """
    return 0.25 <= _share("render_rate", render_rate) <= 0.75


def mm_zero_keeps_for_solver(easy_consistency: float, hard_consistency: float) -> bool:
    """MM-Zero trains its Solver where the easy share is 0.5 or more and the hard share lies in [0.25, 0.75].

    >>> mm_zero_keeps_for_solver(0.5, 0.75), mm_zero_keeps_for_solver(0.4, 0.5), mm_zero_keeps_for_solver(1.0, 0.8)
    (True, False, False)
    """
    return _share("easy_consistency", easy_consistency) >= 0.5 and 0.25 <= _share("hard", hard_consistency) <= 0.75


def r_zero_keeps(score: float) -> bool:
    """R-Zero and VisPlay train the Solver on questions whose majority share lies in [0.3, 0.8].

    >>> r_zero_keeps(0.3), r_zero_keeps(0.9)
    (True, False)
    """
    return 0.3 <= _share("score", score) <= 0.8


def eve_challenger(form: float, accuracies: Sequence[float], *, valid: bool, last_only: bool = False) -> float:
    """EVE's Challenger: 0.2 format + 0.4 validity + 0.4 difficulty, difficulty the mean of `tent` over question types.

    Source: EVE (arXiv 2604.18320; recipe/EVE/CS.py, commit fc7d6a04). An invalid program has validity and difficulty 0.

    Args:
        form: the format term.
        accuracies: the frozen Solver's, for each question type.
        valid: whether the program passed every gate.
        last_only: the published quirk: once an item was kept, the last type's difficulty alone counts.

    >>> eve_challenger(1.0, [0.5, 1.0], valid=True), eve_challenger(1.0, [], valid=False)
    (0.8, 0.2)
    >>> round(eve_challenger(1.0, [0.5, 1.0], valid=True, last_only=True), 4)
    0.6
    """
    if not valid:
        return 0.2 * _share("form", form)
    if not accuracies:
        raise ValueError("a valid program is judged by one accuracy or more, got none")
    shaped = [tent(p) for p in accuracies]
    difficulty = shaped[-1] if last_only else sum(shaped) / len(shaped)
    return 0.2 * _share("form", form) + 0.4 + 0.4 * difficulty


def eve_solver(accuracy: float, form: float) -> float:
    """EVE's Solver: 0.8 accuracy and 0.2 format (same source).

    >>> eve_solver(0.5, 1.0)
    0.6000000000000001
    """
    return 0.8 * _share("accuracy", accuracy) + 0.2 * _share("form", form)


def eve_keeps(accuracy: float) -> bool:
    """EVE keeps an item for the Solver where 0.25 <= accuracy < 1 (same source).

    >>> eve_keeps(0.25), eve_keeps(1.0)
    (True, False)
    """
    return 0.25 <= _share("accuracy", accuracy) < 1.0


def spatialevo_round1(form: float, validity: float, observation: float, *, malformed: bool = False) -> float:
    """SpatialEvo's Questioner: 0.1 format + 0.9 validity * observation; -1 if malformed. It has no difficulty term.

    Source: SpatialEvo (arXiv 2604.14144; question_quality_reward, commit 465546a7).

    Args:
        form: the format term.
        validity: 0 for an invalid question, else its factor, such as `spatialevo_factor`.
        observation: how well the scene was observed, by a judge; no lower than 0.1 for a valid question.
        malformed: more than one question, or stray tags.

    >>> round(spatialevo_round1(1.0, 1.0, 0.0), 4), round(spatialevo_round1(1.0, 0.5, 0.6), 4)
    (0.19, 0.37)
    """
    if malformed:
        return MALFORMED
    content = _share("validity", validity) * max(0.1, _share("observation", observation))
    return 0.1 * _share("form", form) + 0.9 * content


def spatialevo_factor(task: str, answer: str) -> float:
    """SpatialEvo's factor of a valid question whose answer says little (same source); 1 for every other.

    >>> spatialevo_factor("object_counting", "1"), spatialevo_factor("depth_order_obj_obj", "same")
    (0.5, 0.5)
    """
    low = {
        "object_counting": {"0": 0.0, "1": 0.5},
        "depth_order_obj_obj": {"same": 0.5},
        "elevation_cam_cam": {"same_level": 0.0},
        "visibility_compare": {"same": 0.5, "neither": 0.5},
    }
    return low.get(task, {}).get(answer, 1.0)


def spatialevo_round2(form: float, content: float, *, malformed: bool = False) -> float:
    """SpatialEvo's Solver: 0.1 format + 0.9 content; -1 if malformed. Despite its file's name there is no vote.

    Source: SpatialEvo (majority_correctness_reward, commit 465546a7).

    Args:
        form: 1 for exactly one answer tag, 0 for none.
        content: accuracy on a valid question, the explanation's score on an invalid one.
        malformed: several answer tags, or others.

    >>> spatialevo_round2(1.0, 1.0), spatialevo_round2(1.0, 1.0, malformed=True)
    (1.0, -1.0)
    """
    return MALFORMED if malformed else 0.1 * _share("form", form) + 0.9 * _share("content", content)
