"""Curricula of other systems, each a small class over the same arms, chosen by `curriculum.kind`.

Where their sources draw from fixed data, these draw arms: a form at a difficulty of an environment. All of a
curriculum's numbers go into the checkpoint, those of an unfinished step too, so that a resumed run draws the same.
A checkpoint that another curriculum wrote is taken too: what it lacks stays at its start.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ...envs import Environment, SeededRng
from ...envs.language.query import Call, dump
from ...envs.parts import load_part
from ...errors import did_you_mean
from ...roles.reward import bernoulli_variance, rarity
from ..config import ConfigError, CurriculumConfig
from .base import SHRINK, Arm, Curriculum

Key = tuple[str, str, int]


def _key(arm: Arm) -> Key:
    return arm.env, arm.task, arm.difficulty


class WithColumns(Curriculum):
    """A curriculum that keeps more numbers of each arm than its solve rate, signal and count."""

    columns: ClassVar[Mapping[str, float]] = {}
    """Names of those numbers and where they start."""

    def __init__(self, config: CurriculumConfig, envs: Sequence[Environment]) -> None:
        super().__init__(config, envs)
        self.arm_values: dict[Key, dict[str, float]] = {_key(arm): dict(self.columns) for arm in self.arms}

    def state(self) -> list[dict[str, Any]]:
        """Return what a checkpoint keeps: an entry for each arm."""
        return [entry | self.arm_values[_key(arm)] for entry, arm in zip(super().state(), self.arms, strict=True)]

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Take back a `state` that this curriculum or another one gave."""
        super().restore(state)
        for entry in state:
            arm_values = self.arm_values[entry["env"], entry["task"], entry["difficulty"]]
            arm_values.update({name: float(entry[name]) for name in self.columns if name in entry})

    def doubted(self, arm: Arm, known_weight: float) -> float:
        """Return `known_weight`, from 0 to 1, as a weight: 1 while the `arm` is unseen, never under the floor."""
        doubt = SHRINK / (SHRINK + arm.answer_weight)
        return max(self._config.min_weight, (1.0 - doubt) * known_weight + doubt)


class Goldilocks(WithColumns):
    """Arms whose solve rate lies in a band weigh 1, the others the floor.

    Source: the filters of R-Zero (0.3 to 0.8) and MM-Zero (0.25 to 0.75, the default band), taken from items to arms.
    Theirs go by majority share; this one goes by accuracy against the oracle.
    """

    def weight(self, arm: Arm) -> float:
        """Return 1 for an `arm` in the band and the floor beside it; unseen arms count as in it."""
        return self.doubted(arm, float(self._config.band_low <= arm.solve_rate <= self._config.band_high))


class SpatialEvoCurriculum(WithColumns):
    """SpatialEvo's scheduler: acc~ = (S + 0.35 * 2)/(c + 2), weight = max(0.05, 1 - acc~).

    Source: arXiv 2604.14144 and its trainer (commit 465546a7). S sums the accuracy of an arm's c groups, a remapped
    task's as min(acc/0.5, 1). Deviations: its numbers are checkpointed; a question that could not be asked is not
    counted as accuracy 0, so arms are not drawn for being invalid; a task's difficulties are separate arms.
    """

    columns: ClassVar[Mapping[str, float]] = {"total": 0.0, "groups": 0.0}
    PRIOR, PRIOR_GROUPS, FLOOR, REMAP = 0.35, 2.0, 0.05, 0.5

    def weight(self, arm: Arm) -> float:
        """Return the weight of an `arm` by the formula above; the configured floor has no part in it."""
        arm_values = self.arm_values[_key(arm)]
        accuracy = (arm_values["total"] + self.PRIOR * self.PRIOR_GROUPS) / (arm_values["groups"] + self.PRIOR_GROUPS)
        return max(self.FLOOR, 1.0 - accuracy)

    def observe(self, env: str, task: str, difficulty: int, solve_rate: float, answer_count: int) -> None:
        """Count the `solve_rate` of one group of `answers`."""
        super().observe(env, task, difficulty, solve_rate, answer_count)
        arm_values = self.arm_values[env, task, difficulty]
        arm_values["total"] += min(solve_rate / self.REMAP, 1.0) if task in self._config.remapped_tasks else solve_rate
        arm_values["groups"] += 1.0


class Sec(WithColumns):
    """SEC's bandit: Q <- (1 - a) Q + a gain after each step, drawn by softmax(Q/tau).

    Source: Self-Evolving Curriculum (arXiv 2505.14970), TD(0) with defaults a = 0.1, tau = 1. The gain is the mean
    absolute advantage of an arm's answers in a step, their items weighing alike; of right-or-wrong rewards divided by
    their deviation it is 2 sqrt(p(1 - p)) for an item. Deviation: it is taken from the accuracy, not from whatever
    advantage the learner uses. Arms not drawn keep their value; `decay_absent` brings back the published code's quirk
    of giving them gain 0.
    """

    columns: ClassVar[Mapping[str, float]] = {"value": 0.0, "gain": 0.0, "items": 0.0}

    def weight(self, arm: Arm) -> float:
        """Return exp(Q/tau) of an `arm`; the floor has no part in it."""
        return math.exp(self.arm_values[_key(arm)]["value"] / self._config.temperature)

    def observe(self, env: str, task: str, difficulty: int, solve_rate: float, answer_count: int) -> None:
        """Add the gain of one item, from its `solve_rate`, to the step's."""
        super().observe(env, task, difficulty, solve_rate, answer_count)
        arm_values = self.arm_values[env, task, difficulty]
        arm_values["gain"] += 2.0 * math.sqrt(solve_rate * (1.0 - solve_rate))
        arm_values["items"] += 1.0

    def finish_step(self) -> None:
        """Move the values towards the step's mean gains."""
        learning_rate = self._config.bandit_rate
        for arm_values in self.arm_values.values():
            if arm_values["items"] or self._config.decay_absent:
                mean_gain = arm_values["gain"] / arm_values["items"] if arm_values["items"] else 0.0
                arm_values["value"] = (1.0 - learning_rate) * arm_values["value"] + learning_rate * mean_gain
            arm_values["gain"] = arm_values["items"] = 0.0


class Progress(WithColumns):
    """Learning progress: the distance of a fast from a slow running mean of the solve rate, rising or falling.

    Source: absolute learning progress as in Matiisen et al. 2017 (arXiv 1707.00183) and Kanitscheider et al. 2021
    (arXiv 2106.14876); the two means and the doubled distance, capped at 1, are ours.
    """

    columns: ClassVar[Mapping[str, float]] = {"fast": -1.0, "slow": -1.0}
    """Both stand at -1 until the first item sets them."""

    def weight(self, arm: Arm) -> float:
        """Return twice the distance of the means of an `arm`, at most 1; unseen arms weigh 1."""
        arm_values = self.arm_values[_key(arm)]
        return self.doubted(arm, min(1.0, 2.0 * abs(arm_values["fast"] - arm_values["slow"])))

    def observe(self, env: str, task: str, difficulty: int, solve_rate: float, answer_count: int) -> None:
        """Move both means of an arm towards the `solve_rate` of one item."""
        super().observe(env, task, difficulty, solve_rate, answer_count)
        arm_values = self.arm_values[env, task, difficulty]
        for name, kept_share in (("fast", self._config.memory), ("slow", self._config.slow_memory)):
            arm_values[name] = (
                solve_rate
                if arm_values[name] < 0.0
                else kept_share * arm_values[name] + (1.0 - kept_share) * solve_rate
            )


class Regret(WithColumns):
    """Regret in the manner of eva: the best answer's reward less the mean one, averaged over an arm's items.

    Source: eva (arXiv 2411.00062); its exact proxy was not at hand, best less mean is our reading. With right or wrong
    answers it is 1 - p where any was right, else 0: the shape of Absolute Zero's proposer.
    """

    columns: ClassVar[Mapping[str, float]] = {"regret": 0.0, "answers": 0.0}

    def weight(self, arm: Arm) -> float:
        """Return the mean regret of an `arm`; unseen arms weigh 1."""
        return self.doubted(arm, self.arm_values[_key(arm)]["regret"])

    def observe(self, env: str, task: str, difficulty: int, solve_rate: float, answer_count: int) -> None:
        """Take the regret of one item, from its `solve_rate`, into the mean."""
        super().observe(env, task, difficulty, solve_rate, answer_count)
        arm_values = self.arm_values[env, task, difficulty]
        kept_weight = arm_values["answers"] * self._config.memory
        arm_values["regret"] = (arm_values["regret"] * kept_weight + rarity(solve_rate) * answer_count) / (
            kept_weight + answer_count
        )
        arm_values["answers"] = kept_weight + answer_count


class Replay(WithColumns):
    """The default curriculum, with arms that were once mastered kept in play against forgetting.

    An arm weighs no less than `replay` times the best skill it ever had, and more by what it has lost since. The idea
    of replay across time is Ctx2Skill's; the formula is ours.
    """

    columns: ClassVar[Mapping[str, float]] = {"best": 0.0}

    def weight(self, arm: Arm) -> float:
        """Return the default's weight of an `arm`, or the replay's where that is more."""
        best_skill = self.arm_values[_key(arm)]["best"]
        return max(super().weight(arm), self._config.replay_weight * best_skill + max(0.0, best_skill - arm.skill))

    def observe(self, env: str, task: str, difficulty: int, solve_rate: float, answer_count: int) -> None:
        """Remember the best skill of the arm of one item, with its `solve_rate`."""
        super().observe(env, task, difficulty, solve_rate, answer_count)
        arm_values = self.arm_values[env, task, difficulty]
        arm_values["best"] = max(arm_values["best"], self._by_key[env, task, difficulty].skill)


class Confidence(WithColumns):
    """Ouroboros-Spatial's steering: arms weigh what the Solver is unsure of, 1 less the mean majority share.

    Source: arXiv 2606.11719, which gives the Solver's confidence to its proposer; the formula is ours.
    """

    columns: ClassVar[Mapping[str, float]] = {"share": 0.0, "items": 0.0}

    def weight(self, arm: Arm) -> float:
        """Return the doubt about an `arm`, never under the floor; unseen arms weigh 1."""
        arm_values = self.arm_values[_key(arm)]
        return max(self._config.min_weight, 1.0 - arm_values["share"]) if arm_values["items"] else 1.0

    def note_share(self, env: str, task: str, difficulty: int, share: float) -> None:
        """Take the majority `share` of one item into the mean of its arm."""
        arm_values = self.arm_values[env, task, difficulty]
        kept_weight = arm_values["items"] * self._config.memory
        arm_values["share"] = (arm_values["share"] * kept_weight + share) / (kept_weight + 1.0)
        arm_values["items"] = kept_weight + 1.0


class Ttcs(Confidence):
    """A test-time curriculum in the manner of TTCS: variants of the test questions' forms, where votes are split.

    Source: TTCS (arXiv 2601.22628, commit c0a38fd): (4s(1 - s))^1.2 of the majority share s, no label needed. A
    deviation: a variant is an item of a test question's form (`targets`), no rewording, so that likeness has no part.
    It trains for known test questions: its gain on those forms is no claim about others.

    Raises:
        ConfigError: a target is no form of the run's worlds.
    """

    def __init__(self, config: CurriculumConfig, envs: Sequence[Environment]) -> None:
        super().__init__(config, envs)
        forms = dict.fromkeys(arm.task for arm in self.arms)
        for target in config.target_tasks:
            if target not in forms:
                hint = did_you_mean(target, forms, 0.6)
                hint += " " if hint else ""
                raise ConfigError(
                    f"curriculum.target_tasks: no form {target!r} here; {hint}(forms: {', '.join(forms)})"
                )

    def weight(self, arm: Arm) -> float:
        """Return the weight of an `arm` by the formula above, 0 where it is not a target and there are targets."""
        if self._config.target_tasks and arm.task not in self._config.target_tasks:
            return 0.0
        arm_values = self.arm_values[_key(arm)]
        return (
            max(self._config.min_weight, bernoulli_variance(min(1.0, arm_values["share"])) ** 1.2)
            if arm_values["items"]
            else 1.0
        )


class Failures(WithColumns):
    """Failure-seeded briefings: a share of them is of forms and difficulties that the Solver lately failed on.

    The idea is WebRL's and Socratic-SWE's, new tasks from failed ones; the formula is ours. Each item adds its share
    of wrong answers to its arm's debt, which fades as debts are drawn for; the other briefings are the default's. The
    failed questions themselves stand in the Proposer's system turn (`Algorithm.note`).
    """

    columns: ClassVar[Mapping[str, float]] = {"debt": 0.0}

    def draw(self, rng: SeededRng, count: int) -> list[Arm]:
        """Draw `count` arms: from the debts with the configured probability, else as the default."""
        drawn_arms = []
        for _ in range(count):
            debts = [self.arm_values[_key(arm)]["debt"] for arm in self.arms]
            from_debts = rng.integer(0, 999) < 1000 * self._config.failure_share and sum(debts) > 0.0
            drawn_arms.append(rng.weighted(self.arms, debts if from_debts else [self.weight(arm) for arm in self.arms]))
        return drawn_arms

    def observe(self, env: str, task: str, difficulty: int, solve_rate: float, answer_count: int) -> None:
        """Let the arm's debt fade, and add the share of wrong answers of one item, from its `solve_rate`."""
        super().observe(env, task, difficulty, solve_rate, answer_count)
        arm_values = self.arm_values[env, task, difficulty]
        arm_values["debt"] = self._config.memory * arm_values["debt"] + (1.0 - solve_rate)


class CoEvolve(WithColumns):
    """C2-Evo's two ladders: pictures by difficulty and texts by how long their queries are, climbed turn by turn.

    Only arms on open rungs are drawn. When every open rung has been seen and their mean solve rate reaches `mastery`,
    the next rung opens: of the pictures' ladder, then of the texts', and so on. Source: arXiv 2507.16518 for the idea;
    the ladders and the rule are ours.
    """

    columns: ClassVar[Mapping[str, float]] = {"pictures": 1.0, "texts": 1.0}
    """How many rungs are open; alike in every arm, so that a checkpoint keeps them."""

    def __init__(self, config: CurriculumConfig, envs: Sequence[Environment]) -> None:
        super().__init__(config, envs)
        self._length = {(env.id, task): text_length(env, task) for env in envs for task in env.tasks}
        self._lengths = sorted(set(self._length.values()))
        self._levels = sorted({arm.difficulty for arm in self.arms})

    def _rungs(self) -> tuple[int, int]:
        arm_values = next(iter(self.arm_values.values()))
        return int(arm_values["pictures"]), int(arm_values["texts"])

    def is_open(self, arm: Arm) -> bool:
        """Tell whether the picture's and the text's rung of an `arm` are open."""
        pictures, texts = self._rungs()
        easy = self._levels.index(arm.difficulty) < pictures
        return easy and self._lengths.index(self._length[arm.env, arm.task]) < texts

    def weight(self, arm: Arm) -> float:
        """Return the default's weight of an `arm` on open rungs, 0 on others."""
        return super().weight(arm) if self.is_open(arm) else 0.0

    def finish_step(self) -> None:
        """Open the next rung, where the open ones are mastered."""
        open_arms = [arm for arm in self.arms if self.is_open(arm)]
        if any(not arm.answer_weight for arm in open_arms) or sum(
            open_arm.solve_rate for open_arm in open_arms
        ) < self._config.mastery_threshold * len(open_arms):
            return
        pictures, texts = self._rungs()
        grow_pictures = pictures < len(self._levels) and (pictures <= texts or texts == len(self._lengths))
        name, open_count, all_rungs = (
            ("pictures", pictures, self._levels) if grow_pictures else ("texts", texts, self._lengths)
        )
        for arm_values in self.arm_values.values():
            arm_values[name] = float(min(len(all_rungs), open_count + 1))


def text_length(env: Environment, task: str) -> int:
    """Return the mean number of words in a query of `task` in `env`, over a few sampled ones; the same at each call."""
    sampled_queries = [env.query(SeededRng(("coevolve", env.id, task, number)), task) for number in range(8)]
    texts = [json.dumps(dump(query)) if isinstance(query, Call) else repr(query) for query in sampled_queries]
    return round(sum(len(re.findall(r"\w+", text)) for text in texts) / len(texts))


CURRICULA: Mapping[str, type[Curriculum]] = {
    "learnability": Curriculum,
    "uniform": Curriculum,
    "goldilocks": Goldilocks,
    "spatialevo": SpatialEvoCurriculum,
    "sec": Sec,
    "progress": Progress,
    "regret": Regret,
    "replay": Replay,
    "confidence": Confidence,
    "ttcs": Ttcs,
    "failures": Failures,
    "coevolve": CoEvolve,
}
"""Every `curriculum.kind`; the configuration refuses other names and suggests the closest."""


def make_curriculum(config: CurriculumConfig, envs: Sequence[Environment]) -> Curriculum:
    """Return the curriculum that `config` names, built in or installed, over the arms of `envs`.

    Raises:
        PluginError: the installed one does not load.
    """
    curriculum = CURRICULA[config.kind] if config.kind in CURRICULA else load_part("curriculum", config.kind)
    return curriculum(config, envs)
